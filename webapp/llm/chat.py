"""What goes to an engine, turns that every chat template accepts, and where the text that comes back ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


def fold(messages: Sequence[Message]) -> list[Message]:
    """Make turns that every chat template accepts: no system role, no two turns of one role in a row.

    System messages go in front of the first user turn; neighbours of one role are joined. Nothing is left out.
    """
    system = [Message("user", message.content) for message in messages if message.role == "system"]
    turns = [message for message in messages if message.role != "system"]
    first_user = next((i for i, turn in enumerate(turns) if turn.role == "user"), 0)
    folded: list[Message] = []
    for turn in (*turns[:first_user], *system, *turns[first_user:]):
        if folded and folded[-1].role == turn.role:
            folded[-1] = Message(turn.role, f"{folded[-1].content}\n\n{turn.content}")
        else:
            folded.append(turn)
    return folded


class Ending:
    """Cuts a text at the first stop string, which may come in pieces: holds back what may be the start of one."""

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = [text for text in stop if text]
        self._held = ""
        self.reached = False

    def push(self, piece: str) -> str:
        """Return what is certain not to belong to a stop string."""
        text = self._held + piece
        cuts = [at for stop in self._stop if (at := text.find(stop)) >= 0]
        if cuts:
            self.reached, self._held = True, ""
            return text[: min(cuts)]
        sure = len(text) - max((_overlap(text, stop) for stop in self._stop), default=0)
        self._held = text[sure:]
        return text[:sure]

    def rest(self) -> str:
        """Return what was held back: no stop string came of it."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of `text` begin `stop`."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0)
