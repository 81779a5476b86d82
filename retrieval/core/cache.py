"""Caches what is derived from documents: of those used last, and of no more text than a limit.

An outline takes as much memory as its text many times over, so that a number of documents alone is no limit.
"""

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from functools import update_wrapper
from threading import Lock
from typing import Any, Generic, TypeVar

from retrieval.core.documents import Document

# Of each cache: all documents of a matter of some hundred contracts, in which a search otherwise takes apart again
# what the last one did. All caches together take about 7 bytes a character.
CACHED_DOCUMENTS, CACHED_CHARACTERS = 512, 20_000_000

Of = TypeVar("Of", bound=Document | str)
T = TypeVar("T")


class DocumentCache(Generic[Of, T]):
    """Caches the values of a function of a document, or of a text. Safe to use from several threads."""

    def __init__(self, make: Callable[[Of], T], most: int, characters: int) -> None:
        self._make, self._most, self._most_characters = make, most, characters
        self._values: OrderedDict[Of, T] = OrderedDict()
        self._characters = 0
        self._lock = Lock()
        update_wrapper(self, make)
        _caches.append(self)

    def __call__(self, document: Of) -> T:
        """The function's value, computed now or before."""
        with self._lock, suppress(KeyError):
            value = self._values.pop(document)
            # Under this object from now on: of one that was loaded anew the whole text would be compared each time.
            self._values[document] = value
            return value
        value = self._make(document)  # two threads may both make it; neither waits for the other's document
        with self._lock:
            if document not in self._values:
                self._characters += _length(document)
            self._values[document] = value
            while len(self._values) > 1 and (
                len(self._values) > self._most or self._characters > self._most_characters
            ):
                self._characters -= _length(self._values.popitem(last=False)[0])
        return value

    def cache_clear(self) -> None:
        """Empty the cache."""
        with self._lock:
            self._values.clear()
            self._characters = 0


def _length(of: Document | str) -> int:
    return len(of if isinstance(of, str) else of.text)


_caches: "list[DocumentCache[Any, Any]]" = []


def clear_caches() -> None:
    """Empty all caches of this process."""
    for cache in _caches:
        cache.cache_clear()


def document_cache(
    most: int = CACHED_DOCUMENTS, characters: int = CACHED_CHARACTERS
) -> Callable[[Callable[[Of], T]], DocumentCache[Of, T]]:
    """Decorator: cache a function's values for the last `most` documents,
    while their texts have no more than `characters`.
    """
    return lambda make: DocumentCache(make, most, characters)
