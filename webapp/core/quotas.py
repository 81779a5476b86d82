"""Quotas of one user: settings, with smaller defaults for guests of the demo.

A quota is checked in the transaction that adds to it (`webapp.store`), so that two concurrent requests cannot both pass
and deleted items count no more.
"""

from dataclasses import dataclass
from typing import Literal

from webapp.core.errors import GuestLimit, QuotaReached
from webapp.core.limits import MIB

Kind = Literal["documents", "mib", "matters", "conversations", "turns"]
SETTINGS: dict[Kind, str] = {
    "documents": "documents_per_user",
    "mib": "mib_per_user",
    "matters": "matters_per_user",
    "conversations": "conversations_per_user",
    "turns": "turns_per_conversation",
}
_NOUNS: dict[Kind, str] = {"mib": "MiB of documents", "turns": "questions in a conversation"}


@dataclass(frozen=True, slots=True)
class Quota:
    """Limits of one user over all their matters: `mib` is MiB of documents, `turns` counts in each conversation."""

    documents: int
    mib: int
    matters: int
    conversations: int
    turns: int
    of_guests: bool = False

    def check(self, kind: Kind, have: int) -> None:
        """Raise QuotaReached, or GuestLimit for a guest, if `have` exceeds the limit."""
        most: int = getattr(self, kind)
        if have > most:
            what = _NOUNS.get(kind, kind)
            if self.of_guests:
                raise GuestLimit(most=most, what=what)
            raise QuotaReached(most=most, what=what, setting=f"PINCITE_{SETTINGS[kind].upper()}")

    def check_documents(self, documents: int, size: int) -> None:
        """Check the number of documents and their total `size` in bytes. Raises QuotaReached or GuestLimit."""
        self.check("documents", documents)
        self.check("mib", -(-size // MIB))


# Out of reach for a team of fifty; the descriptions of the settings give the reasoning.
TEAM = Quota(documents=20_000, mib=100_000, matters=1_000, conversations=20_000, turns=500)
# For a visit of an hour. 100 guests at their limits have 5 GiB of documents, and 3 GB of answers of 50 kB.
GUEST = Quota(documents=20, mib=50, matters=5, conversations=20, turns=30, of_guests=True)
