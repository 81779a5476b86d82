"""Stores the canonical text of each document beside its bytes, so that offsets mean the same for ever.

A newer converter may give another text for the same bytes. Each version's is kept beside the others: citations that
were checked on it point into it. Stored as compressed JSON, with the version as "reader": see `document_json`.
"""

import gzip
import io
import json
import logging
import zlib
from collections import OrderedDict
from threading import Lock

from retrieval.core import document_json
from retrieval.core.documents import Document
from retrieval.library.files import Files

CACHED_CHARACTERS = 50_000_000  # 200 MB where a text needs four bytes a character, 50 MB where it is plain ASCII

_DAMAGED = (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError)  # it was cut short, or is another's

_log = logging.getLogger(__name__)


class Texts:
    """Store of canonical texts, with a cache of the ones used last. Safe to use from several threads."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._cache: OrderedDict[tuple[str, str, int], Document] = OrderedDict()
        self._lock = Lock()

    def read(self, document_id: str, name: str, version: int) -> Document | None:
        """Read the document under the name it has in a matter; None if it was not read by that version, or was lost."""
        key = document_id, name, version
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        data = self._files.read(text_key(document_id, version))
        if data is None:
            return None
        try:
            stored = json.loads(gzip.decompress(data))
            document = document_json.from_json(stored, document_id=document_id, name=name, version=version)
        except _DAMAGED as error:
            _log.error("the text of %s is damaged: %s", document_id, type(error).__name__)
            return None
        return self._cached(document)

    def write(self, document: Document) -> None:
        """Store a document's text, durably, beside those that other versions of its converter made."""
        body = {"reader": document.version} | document_json.to_json(document)
        encoded = json.dumps(body, ensure_ascii=False)
        # Level 6 takes 3.5 times less room; more effort gains 1 % here. No time stamp: equal texts are equal files.
        with self._files.receive(io.BytesIO(gzip.compress(encoded.encode(), 6, mtime=0))) as arrival:
            self._files.keep(arrival, text_key(document.id, document.version))
        self._cached(document)

    def delete(self, document_id: str, version: int) -> None:
        """Delete a document's text of a version from the store and from memory."""
        self._files.delete(text_key(document_id, version))
        with self._lock:
            for key in [key for key in self._cache if (key[0], key[2]) == (document_id, version)]:
                del self._cache[key]

    def _cached(self, document: Document) -> Document:
        with self._lock:
            self._cache[document.id, document.name, document.version] = document
            total = sum(len(d.text) for d in self._cache.values())
            while total > CACHED_CHARACTERS and len(self._cache) > 1:
                total -= len(self._cache.popitem(last=False)[1].text)
        return document


def text_key(document_id: str, version: int) -> str:
    """Key of a text in the file store."""
    numbered = f".{version}" if version > 1 else ""  # there was one version when the first texts were kept
    return f"{document_id[:2]}/{document_id}{numbered}.text.json.gz"
