"""How much one user may have: settings, each with a default of its own for guests of a demo.

Counted where it grows, in the transaction that writes it (`access`, `conversations`): two requests at once cannot pass
together, and what is deleted is free again at once.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from webapp.core.errors import GuestLimit, QuotaReached

if TYPE_CHECKING:
    from webapp.core.settings import Settings

Kind = Literal["documents", "mib", "matters", "conversations", "turns"]
SETTINGS: dict[Kind, str] = {
    "documents": "documents_per_user",
    "mib": "mib_per_user",
    "matters": "matters_per_user",
    "conversations": "conversations_per_user",
    "turns": "turns_per_conversation",
}
_TOLD: dict[Kind, str] = {"mib": "MiB of documents", "turns": "questions in a conversation"}
MIB = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Quota:
    """What one user may have over all their matters; `mib` of documents, `turns` in each conversation."""

    documents: int
    mib: int
    matters: int
    conversations: int
    turns: int
    of_guests: bool = False

    def check(self, kind: Kind, have: int) -> None:
        """Raise QuotaReached, for a guest GuestLimit, where `have` is more than there may be."""
        most: int = getattr(self, kind)
        if have > most:
            error = GuestLimit if self.of_guests else QuotaReached
            setting = f"PINCITE_{SETTINGS[kind].upper()}"
            raise error(most=most, what=_TOLD.get(kind, kind), setting=setting)

    def check_documents(self, documents: int, size: int) -> None:
        """`check` for so many documents of `size` bytes together."""
        self.check("documents", documents)
        self.check("mib", -(-size // MIB))


# Nobody in a team of fifty meets these; the settings' descriptions say how far they reach.
TEAM = Quota(documents=20_000, mib=100_000, matters=1_000, conversations=20_000, turns=500)
# An hour's visit. 100 guests with all of it are 5 GiB of documents, and 3 GB of answers of 50 kB.
GUEST = Quota(documents=20, mib=50, matters=5, conversations=20, turns=30, of_guests=True)


def quota_of(settings: "Settings") -> Quota:
    """What each user but the local one may have under these settings."""
    default = GUEST if settings.access == "demo" else TEAM
    named = {kind: getattr(settings, name) for kind, name in SETTINGS.items()}
    told = {kind: getattr(default, kind) if most is None else most for kind, most in named.items()}
    return Quota(**told, of_guests=default.of_guests)
