"""What is made of a document's text, kept for the next question: of the documents used last, and not of too much text.

An outline takes as much memory as its text many times over, so that a number of documents alone is no limit.
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import update_wrapper
from threading import Lock
from typing import Generic, TypeVar

from retrieval.core.documents import Document

KEPT_CHARACTERS = 50_000_000  # of the documents together: one of the longest, or a thousand contracts

Of = TypeVar("Of", bound=Document | str)
T = TypeVar("T")


class Kept(Generic[Of, T]):
    """A function of a document, or of a text, that remembers what it gave. Safe to use from several threads."""

    def __init__(self, make: Callable[[Of], T], most: int, characters: int) -> None:
        self._make, self._most, self._most_characters = make, most, characters
        self._made: OrderedDict[Of, T] = OrderedDict()
        self._characters = 0
        self._lock = Lock()
        update_wrapper(self, make)

    def __call__(self, document: Of) -> T:
        """What the function gives, made now or before."""
        with self._lock:
            if document in self._made:
                self._made.move_to_end(document)
                return self._made[document]
        made = self._make(document)  # two threads may both make it; neither waits for the other's document
        with self._lock:
            if document not in self._made:
                self._characters += _length(document)
            self._made[document] = made
            while len(self._made) > 1 and (len(self._made) > self._most or self._characters > self._most_characters):
                self._characters -= _length(self._made.popitem(last=False)[0])
        return made

    def cache_clear(self) -> None:
        """Forget all of it."""
        with self._lock:
            self._made.clear()
            self._characters = 0


def _length(of: Document | str) -> int:
    return len(of if isinstance(of, str) else of.text)


def kept(most: int, characters: int = KEPT_CHARACTERS) -> Callable[[Callable[[Of], T]], Kept[Of, T]]:
    """Keep what a function makes of the last `most` documents, while their texts have no more than `characters`."""
    return lambda make: Kept(make, most, characters)
