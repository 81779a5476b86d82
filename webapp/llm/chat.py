"""Chat messages in the form that every chat template accepts; characters and stop strings in a stream of text."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat-completions request."""

    role: Literal["system", "user", "assistant"]
    content: str


class Cut(str):
    """In a stream of text, an empty piece, the last one: the text breaks off, as there was no room for more."""

    __slots__ = ()


def merge_roles(messages: Sequence[Message]) -> list[Message]:
    """Rewrite messages for any chat template: no system role, and no two messages of one role in a row.

    System messages become user messages in front of the first one,
    and neighbours of one role are joined by a blank line. No text is lost.
    """
    system = [Message("user", message.content) for message in messages if message.role == "system"]
    others = [message for message in messages if message.role != "system"]
    first_user = next((i for i, message in enumerate(others) if message.role == "user"), 0)
    merged: list[Message] = []
    for message in (*others[:first_user], *system, *others[first_user:]):
        if merged and merged[-1].role == message.role:
            merged[-1] = Message(message.role, f"{merged[-1].content}\n\n{message.content}")
        else:
            merged.append(message)
    return merged


def digest(messages: Sequence[Message]) -> str:
    """SHA-256 of messages as they are sent: of the JSON list of their roles and contents, without spaces, in UTF-8."""
    turns = [{"role": message.role, "content": message.content} for message in messages]
    text = json.dumps(turns, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# A high surrogate at the end of a piece: the other half of its pair may begin the next.
_HALF = re.compile("[\ud800-\udbff]\\Z")
# Control characters, and those that turn the direction of a line: no answer needs them, and a terminal obeys them.
_UNSEEN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class TextFilter:
    """Makes text of what a server streams: joins the halves of surrogate pairs, replaces lone ones, and drops control
    characters.
    """

    def __init__(self) -> None:
        self._half = ""

    def push(self, piece: str) -> str:
        """Return the text of a piece; half a surrogate pair at its end is held back."""
        piece = self._half + piece
        self._half = piece[-1:] if _HALF.search(piece) else ""
        return storable(piece[: len(piece) - len(self._half)])

    def flush(self) -> str:
        """Return what was held back, at the end of the stream."""
        half, self._half = self._half, ""
        return storable(half)


def storable(text: str) -> str:
    """The text with surrogate pairs joined, lone surrogates replaced, and without control characters."""
    return _UNSEEN.sub("", text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))


class StopFilter:
    """Cuts a streamed text at the first stop string, also where the stop string arrives in several pieces."""

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = [text for text in stop if text]
        self._buffer = ""
        self.stopped = False

    def push(self, piece: str) -> str:
        """Return the text that is certainly not part of a stop string; what may begin one is held back."""
        text = self._buffer + piece
        cuts = [at for stop in self._stop if (at := text.find(stop)) >= 0]
        if cuts:
            self.stopped, self._buffer = True, ""
            return text[: min(cuts)]
        end = len(text) - max((_overlap(text, stop) for stop in self._stop), default=0)
        self._buffer = text[end:]
        return text[:end]

    def flush(self) -> str:
        """Return the text held back, at the end of the stream."""
        text, self._buffer = self._buffer, ""
        return text


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` that is a proper prefix of `stop`."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0)
