"""Converts files in a process of its own: a file that brings the converter down takes nothing else with it.

One `ConverterProcess` is one process, started when first needed and kept until `stop`. A file goes in as bytes through
a pipe and comes back as a `Document`, its facts and its chunks, with its pages counted on the way; a text that is known
goes in for its facts and chunks. No converter runs anywhere else during an ingest, and nothing that takes longer the
more a document says runs in the process that answers questions. What comes back is JSON of a limited size
(`protocol`): a converter that a file has taken over can send no object of its own making.
"""

import json
import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from time import monotonic
from typing import Any, Protocol

from retrieval.core import document_json, errors
from retrieval.core.documents import Document
from retrieval.core.errors import DocumentTooSlow, PageTooSlow, TooMuchMemory, UnreadableFile
from retrieval.core.limits import MIB, Limits
from retrieval.reading import protocol
from retrieval.reading.child_process import Child, how_it_ended
from retrieval.reading.containers import Member
from retrieval.reading.formats import format_of
from retrieval.reading.recogniser_process import MOST_PIXELS, RecogniserProcess
from retrieval.structure.chunks import Chunk
from retrieval.structure.facts import Facts, from_json

POLL_S = 0.5  # how often whoever waits for a page looks whether the work is to end
_CHARACTER_BYTES = 16  # of JSON at most: 6 as \u0000, and its share in the box and the mark of its word
_LEAST_BYTES = 4 << 20  # of a message: the labels of 10,000 pages, or a thousand chunks, and as much again

OnPage = Callable[[int, int], None]
OnMember = Callable[[Member], None]

_log = logging.getLogger(__name__)


class ConverterDied(Exception):
    """The process ended in the middle of a document."""


@dataclass(frozen=True, slots=True)
class Converted:
    """What is made of a file before it is embedded: its text and facts, its chunks in order, and the words each is
    found by.
    """

    document: Document
    facts: Facts
    chunks: tuple[Chunk, ...]
    texts: tuple[str, ...]


class ConverterProcess:
    """One converter process, used from one thread; only `interrupt` may come from another."""

    def __init__(self, limits: Limits | None = None, go_on: Callable[[], None] = lambda: None) -> None:
        """`go_on` is called every half second while the process works; what it raises ends the conversion."""
        self._limits = limits or Limits()
        self._go_on = go_on
        self._child = Child(protocol.serve, "pincite-converter", memory_mib=self._limits.memory_mib)
        self._ready: Connection | None = None  # the pipe of a process that has started
        self._recogniser = RecogniserProcess(self._limits, go_on)

    def convert(
        self,
        data: bytes,
        *,
        name: str,
        document_id: str,
        on_page: OnPage,
        max_characters: int | None = None,
        labels: bool = True,
    ) -> Converted:
        """The converter of the file's format, `find_facts` and `chunks.cut`, in the process.

        `on_page(page, pages)` is called here.

        `max_characters`: less than the limit of a document. Raises the UnreadableFile family, and ConverterDied; what
        `on_page` raises ends the conversion.
        """
        row = format_of(data, name)
        characters = self._limits.characters if max_characters is None else max_characters
        limits = replace(self._limits, characters=characters, labels=labels)
        request = protocol.FileRequest(row.name, name, document_id, limits)
        conversion = _Conversion(document_id, name, self._limits, on_page, version=row.version)
        self._work(request, data, conversion)
        return conversion.converted()

    def unpack(self, data: bytes, *, name: str, document_id: str, on_member: OnMember) -> None:
        """Take the files out of a container; `on_member` is called here with each, and what it raises ends the work.

        Raises the UnreadableFile family, and ConverterDied.
        """
        request = protocol.MembersRequest(format_of(data, name).name, self._limits)
        self._work(request, data, _Unpacking(document_id, name, self._limits, on_member))

    def cut(self, document: Document, *, chunks: bool = True) -> Converted:
        """Find the facts of a text that is known, and cut it into its chunks where those are wanted.

        Raises DocumentTooSlow, TooMuchMemory and ConverterDied.
        """
        conversion = _Conversion(document.id, document.name, self._limits, lambda _page, _pages: None, document)
        self._work(protocol.TextRequest(document, chunks), None, conversion)
        return conversion.converted()

    def interrupt(self) -> None:
        """End the process under a `convert` in another thread, which then raises ConverterDied."""
        self._child.kill()
        self._recogniser.interrupt()

    def stop(self) -> None:
        """End the process, and the one that recognises. The next `convert` starts another."""
        self._child.stop()
        self._recogniser.stop()

    def _work(self, request: object, data: bytes | None, work: "_Work") -> None:
        reusable = False
        try:
            pipe = self._started()
            work.clock.begin()
            pipe.send(request)
            if data is not None:
                pipe.send_bytes(data)
            longest = _LEAST_BYTES + _CHARACTER_BYTES * self._limits.characters
            while True:
                kind, *fields = json.loads(self._message(pipe, work.clock, longest))
                match kind:
                    case "done":
                        reusable = True
                        return
                    case "refused" | "memory" | "fault":
                        reusable = kind != "memory"
                        raise self._failure(kind, fields, work)
                    case "image":
                        self._recognise(pipe, work.clock, *map(int, fields))
                    case "member":
                        work.take(kind, [*fields, self._message(pipe, work.clock, self._limits.file_mib * MIB)])
                    case _:
                        work.take(kind, fields)
        except (EOFError, OSError) as error:  # OSError: it ended in the middle of a message, or sends too long a one
            code = self._child.exit_code()
            _log.warning("the converter ended on %s: %s", work.document_id, how_it_ended(code))
            if code == -signal.SIGABRT:  # how pdfium ends where it gets no memory
                raise TooMuchMemory(name=work.name, limit_mib=self._limits.memory_mib) from error
            raise ConverterDied(how_it_ended(code)) from error
        finally:
            if not reusable:
                self.stop()

    def _started(self) -> Connection:
        """The pipe to the process, once it has loaded what it needs: that time is no document's."""
        pipe = self._child.pipe()
        if pipe is not self._ready:
            while not pipe.poll(POLL_S):
                self._go_on()
            pipe.recv_bytes(_LEAST_BYTES)
            self._ready = pipe
        return pipe

    def _recognise(self, pipe: Connection, clock: "_Clock", height: int, width: int) -> None:
        """Broker an image of the converter to the process that recognises; the clock stands still meanwhile."""
        pixels = self._message(pipe, clock, MOST_PIXELS)
        started_at = monotonic()
        answer = self._recogniser.read(height, width, pixels)
        clock.pause(monotonic() - started_at)
        pipe.send_bytes(answer)

    def _failure(self, kind: str, fields: list[Any], work: "_Work") -> UnreadableFile:
        """The error that a last message stands for."""
        if kind == "memory":
            return TooMuchMemory(name=work.name, limit_mib=self._limits.memory_mib)
        if kind == "refused":
            return _refusal(work.name, *fields)
        _log.error("converting %s failed: %s", work.document_id, "\n".join(map(str, fields)))
        return UnreadableFile(name=work.name)

    def _message(self, pipe: Connection, clock: "_Clock", longest: int) -> bytes:
        clock.check()
        while not pipe.poll(min(POLL_S, clock.left())):
            self._go_on()
            clock.check()
        return pipe.recv_bytes(longest)


class _Work(Protocol):
    """What the process is asked to do to one file, or one text: it takes the messages of its results."""

    document_id: str
    name: str
    clock: "_Clock"

    def take(self, kind: str, fields: list[Any]) -> None:
        """Take one message. Raises ValueError for one that does not belong there."""


class _Unpacking:
    """A container on its way: each of its files is handed on as it comes."""

    def __init__(self, document_id: str, name: str, limits: Limits, on_member: OnMember) -> None:
        self.document_id, self.name = document_id, name
        self.clock = _Clock(limits, name, reading=False)
        self._on_member = on_member

    def take(self, kind: str, fields: list[Any]) -> None:
        """Hand on a member."""
        if kind != "member":
            raise ValueError(f"no such message: {kind}")
        path, reason, data = fields
        self._on_member(Member(tuple(map(str, path)), None if reason else data, str(reason)))


class _Conversion:
    """One file, or one text, on its way: what the process has sent of it so far."""

    def __init__(
        self,
        document_id: str,
        name: str,
        limits: Limits,
        on_page: OnPage,
        document: Document | None = None,
        *,
        version: int = 1,
    ) -> None:
        """`document`: its text where that is known, and only what is made of it is to come; else the converter's
        `version`.
        """
        self.document_id, self.name = document_id, name
        self.clock = _Clock(limits, name, reading=document is None)
        self._on_page = on_page
        self._document = document
        self._version = version
        self._facts = Facts()
        self._chunks: list[Chunk] = []
        self._texts: list[str] = []

    def take(self, kind: str, fields: list[Any]) -> None:
        """Take one message of the process."""
        match kind:
            case "page":
                page, pages = map(int, fields)
                self._take_page(page, pages)
            case "text":
                self._take_text(fields[0])
            case "facts" if self._document is not None:
                self._facts = from_json(self.document_id, fields[0])
            case "chunks" if self._document is not None:
                self._take_chunks(self._document, fields[0])
            case _:
                raise ValueError(f"no such message: {kind}")

    def converted(self) -> Converted:
        """What the work came to."""
        if self._document is None:
            raise UnreadableFile(name=self.name)
        return Converted(self._document, self._facts, tuple(self._chunks), tuple(self._texts))

    def _take_page(self, page: int, pages: int) -> None:
        self.clock.turn(page, pages)
        if page:
            self._on_page(page, pages)

    def _take_text(self, body: dict[str, Any]) -> None:
        self.clock.reading = False
        self._document = document_json.from_json(
            body, document_id=self.document_id, name=self.name, version=self._version
        )

    def _take_chunks(self, document: Document, rows: list[list[Any]]) -> None:
        if len(self._chunks) > len(document.text):  # each holds a character at least
            raise ValueError("more chunks than the text has characters")
        for start, end, words, found_by in rows:
            self._chunks.append(Chunk(document.span(int(start), int(end)), str(words)))
            self._texts.append(str(found_by))


class _Clock:
    """How long a document may still take: each page its seconds, and all of it together its own."""

    def __init__(self, limits: Limits, name: str, *, reading: bool) -> None:
        self._limits, self._name = limits, name
        self.reading = reading  # page after page; else what follows is cut into chunks
        self._page = 1
        self.begin()

    def begin(self) -> None:
        """The time of the document, and that of its first page, begins."""
        self._page_ends = monotonic() + self._limits.page_seconds
        self._ends = monotonic() + self._limits.document_seconds

    def turn(self, page: int, pages: int) -> None:
        """A page has been read, or the file opened (page 0): the next one's time begins."""
        self._page, self.reading = page + 1, page < pages
        self._page_ends = monotonic() + self._limits.page_seconds

    def pause(self, seconds: float) -> None:
        """Leave out seconds that recognition took, which has a limit of its own."""
        self._ends += seconds
        self._page_ends += seconds

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


def _refusal(name: str, cls: object, values: dict[str, Any]) -> UnreadableFile:
    """The error of our tree that the process names."""
    found = getattr(errors, str(cls), None)
    if isinstance(found, type) and issubclass(found, UnreadableFile):
        return found(**{**values, "name": name})
    return UnreadableFile(name=name)
