"""Reads PDFs in a process of its own: a file that brings the reader down takes nothing else with it.

One `Reader` is one process, started when first needed and kept until `stop`. A document goes in as bytes through a pipe
and comes back as a `Document` and its chunks, with its pages counted on the way; a text that is known goes in to be cut
into chunks. pdfium runs nowhere else during an ingest, and nothing that takes longer the more a document says runs in the
process that answers questions. What comes back is JSON of a limited size (`reading`): a reader that a file has taken over
can send no object of its own making.
"""

import json
import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from time import monotonic
from typing import Any

from retrieval.core import errors
from retrieval.core.documents import Document, Page
from retrieval.core.errors import DocumentTooSlow, PageTooSlow, TooMuchMemory, UnreadableFile
from retrieval.core.limits import Limits
from retrieval.reading import protocol as reading
from retrieval.reading.child_process import Child, how_it_ended
from retrieval.structure.chunks import Chunk

LOOKS_S = 0.5  # how often whoever waits for a page looks whether the work is to end
_CHARACTER_BYTES = 6  # of JSON at most, a control character as \u0000
_LEAST_BYTES = 4 << 20  # of a message: the labels of 10,000 pages, or a thousand chunks, and as much again

OnPage = Callable[[int, int], None]

_log = logging.getLogger(__name__)


class ReaderDied(Exception):
    """The process ended in the middle of a document."""


@dataclass(frozen=True, slots=True)
class Read:
    """What is made of a file before it is embedded: its text, its chunks in order, and the words each is found by."""

    document: Document
    chunks: tuple[Chunk, ...]
    texts: tuple[str, ...]


class Reader:
    """One reading process, used from one thread; only `interrupt` may come from another."""

    def __init__(self, limits: Limits | None = None, go_on: Callable[[], None] = lambda: None) -> None:
        """`go_on` is called every half second while the process works; what it raises ends the reading."""
        self._limits = limits or Limits()
        self._go_on = go_on
        self._child = Child(reading.serve, "pincite-reader", memory_mib=self._limits.memory_mib)

    def read(
        self,
        data: bytes,
        *,
        name: str,
        document_id: str,
        on_page: OnPage,
        max_characters: int | None = None,
        labels: bool = True,
    ) -> Read:
        """`pdf.read_pdf` and `chunks.cut` in the process; `on_page(page, pages)` is called here.

        `max_characters`: less than the limit of a document. Raises the UnreadableFile family, and ReaderDied; what
        `on_page` raises ends the reading.
        """
        most = self._limits.characters if max_characters is None else max_characters
        asked = reading.File(name, document_id, self._limits.pages, most, labels)
        return self._work(asked, data, name, document_id, on_page)

    def cut(self, document: Document) -> Read:
        """Cut a text that has been read before into its chunks. Raises DocumentTooSlow, TooMuchMemory and ReaderDied."""
        return self._work(document, None, document.name, document.id, lambda _page, _pages: None, document)

    def interrupt(self) -> None:
        """End the process under a `read` in another thread, which then raises ReaderDied."""
        self._child.kill()

    def stop(self) -> None:
        """End the process. The next `read` starts another."""
        self._child.stop()

    def _work(
        self,
        asked: object,
        data: bytes | None,
        name: str,
        document_id: str,
        on_page: OnPage,
        document: Document | None = None,
    ) -> Read:
        whole = False
        try:
            pipe = self._child.pipe()
            pipe.send(asked)
            if data is not None:
                pipe.send_bytes(data)
            outcome = self._follow(pipe, name, document_id, on_page, document)
            whole = isinstance(outcome, Read) or not isinstance(outcome, TooMuchMemory)
        except (EOFError, OSError) as error:  # OSError: it ended in the middle of a message, or sends too long a one
            code = self._child.exit_code()
            _log.warning("the reader ended on %s: %s", document_id, how_it_ended(code))
            if code == -signal.SIGABRT:  # how pdfium ends where it gets no memory
                raise TooMuchMemory(name=name, limit_mib=self._limits.memory_mib) from error
            raise ReaderDied(how_it_ended(code)) from error
        finally:
            if not whole:
                self.stop()
        if isinstance(outcome, Read):
            return outcome
        raise outcome

    def _follow(
        self, pipe: Connection, name: str, document_id: str, on_page: OnPage, document: Document | None
    ) -> Read | UnreadableFile:
        """What the process comes to, told message by message."""
        chunks: list[Chunk] = []
        texts: list[str] = []
        clock = _Clock(self._limits, name, reading=document is None)
        while True:
            kind, *told = self._message(pipe, clock)
            match kind:
                case "page":
                    page, pages = map(int, told)
                    clock.turn(page, pages)
                    if page:
                        on_page(page, pages)
                case "text":
                    clock.reading = False
                    text, rows = told
                    document = Document(document_id, name, str(text), tuple(_page(row) for row in rows))
                case "chunks" if document is not None:
                    if len(chunks) > len(document.text):  # each holds a character at least
                        raise ValueError("more chunks than the text has characters")
                    for start, end, words, found_by in told[0]:
                        chunks.append(Chunk(document.span(int(start), int(end)), str(words)))
                        texts.append(str(found_by))
                case "done" if document is not None:
                    return Read(document, tuple(chunks), tuple(texts))
                case "memory":
                    return TooMuchMemory(name=name, limit_mib=self._limits.memory_mib)
                case "refused":
                    return _refusal(name, *told)
                case _:
                    _log.error("reading %s failed: %s", document_id, "\n".join(map(str, told)))
                    return UnreadableFile(name=name)

    def _message(self, pipe: Connection, clock: "_Clock") -> list[Any]:
        clock.check()
        while not pipe.poll(min(LOOKS_S, clock.left())):
            self._go_on()
            clock.check()
        longest = _LEAST_BYTES + _CHARACTER_BYTES * self._limits.characters
        message: list[Any] = json.loads(pipe.recv_bytes(longest))
        return message


class _Clock:
    """How long a document may still take: each page its seconds, and all of it together its own."""

    def __init__(self, limits: Limits, name: str, *, reading: bool) -> None:
        self._limits, self._name = limits, name
        self.reading = reading  # page after page; else what follows is cut into chunks
        self._page = 1
        self._page_ends = monotonic() + limits.page_seconds
        self._ends = monotonic() + limits.document_seconds

    def turn(self, page: int, pages: int) -> None:
        """A page has been read, or the file opened (page 0): the next one's time begins."""
        self._page, self.reading = page + 1, page < pages
        self._page_ends = monotonic() + self._limits.page_seconds

    def left(self) -> float:
        """Seconds until the next limit; none below zero."""
        ends = min(self._ends, self._page_ends) if self.reading else self._ends
        return max(0.0, ends - monotonic())

    def check(self) -> None:
        """Raise DocumentTooSlow or PageTooSlow where a limit is over."""
        now = monotonic()
        if now >= self._ends:
            raise DocumentTooSlow(name=self._name, seconds=self._limits.document_seconds)
        if self.reading and now >= self._page_ends:
            raise PageTooSlow(name=self._name, page=self._page, seconds=self._limits.page_seconds)


def _page(row: list[Any]) -> Page:
    number, label, start, end, readable = row
    return Page(int(number), str(label), int(start), int(end), bool(readable))


def _refusal(name: str, cls: object, values: dict[str, Any]) -> UnreadableFile:
    """The error of our tree that the process names."""
    found = getattr(errors, str(cls), None)
    if isinstance(found, type) and issubclass(found, UnreadableFile):
        return found(**{**values, "name": name})
    return UnreadableFile(name=name)
