"""Serves a converter process: files become text, facts and chunks, sent as messages of JSON.

["ready"]                                         once, when the process has loaded what it needs
["page", number, pages]                           the file was opened (number 0), or one page read
["image", height, width]                          an image to be recognised, whose pixels follow; the answer comes back
["text", {…}]                                     as `document_json.to_json` gives it
["facts", {…}]                                    as `facts.to_json` gives them
["chunks", [[start, end, words, found_by], …]]    some of them, in order
["member", [folder, …, name], reason]             a file in a container; its bytes follow as a message of their own,
                                                  none where there is a reason why it is not read
["done"]
["refused", class, values]                        an error of the UnreadableFile family
["memory"]                                        the limit of memory was met
["fault", line, …]                                anything else, as `errors.trace` gives it
"""

import json
from dataclasses import dataclass
from multiprocessing.connection import Connection

from retrieval.core import document_json
from retrieval.core.cache import clear_caches
from retrieval.core.documents import Document
from retrieval.core.errors import TooManyLines, UnreadableFile, UnsupportedFormat, trace
from retrieval.core.limits import Limits
from retrieval.reading.formats import FORMATS
from retrieval.reading.recogniser_process import AskedRecogniser
from retrieval.structure.chunks import cut
from retrieval.structure.facts import find_facts, to_json
from retrieval.structure.layout import lines

CHUNKS_AT_ONCE = 1_000  # in one message
MOST_LINES = 1_500_000  # a line takes 300 bytes in the server, as does a clause; 10,000 pages of 60 lines have 600,000


@dataclass(frozen=True, slots=True)
class FileRequest:
    """Asks for a file to be converted, whose bytes follow; see `formats.Converter`."""

    format: str  # its row in the table of formats
    name: str
    document_id: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class MembersRequest:
    """Asks for the files within a container, whose bytes follow; see `formats.Format.members`."""

    format: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class TextRequest:
    """Asks for what is made of a text that is known: its facts, and its chunks where `chunks` are wanted."""

    document: Document
    chunks: bool = True


def serve(pipe: Connection) -> None:
    """Convert one file, or take apart one text, after another until the pipe ends."""
    _send(pipe, "ready")
    while True:
        request: FileRequest | MembersRequest | TextRequest = pipe.recv()
        try:
            if isinstance(request, MembersRequest):
                _unpack(pipe, request, pipe.recv_bytes())
            elif isinstance(request, FileRequest):
                _take_apart(pipe, TextRequest(_convert(pipe, request, pipe.recv_bytes())))
            else:
                _take_apart(pipe, request)
            _send(pipe, "done")
        except UnreadableFile as error:
            _send(pipe, "refused", type(error).__name__, error.values)
        except ConnectionError:
            return
        except MemoryError:
            _send(pipe, "memory")
        except Exception as error:  # noqa: BLE001 (whatever a file provokes is sent, and the next one is read)
            _send(pipe, "fault", *trace(error))
        finally:
            clear_caches()  # the next document may need the memory


def _convert(pipe: Connection, request: FileRequest, data: bytes) -> Document:
    convert = FORMATS[request.format].convert
    if convert is None:
        raise UnsupportedFormat(name=request.name, formats="document", way_out="")
    document = convert(
        data,
        name=request.name,
        document_id=request.document_id,
        limits=request.limits,
        on_page=lambda page, pages: _send(pipe, "page", page, pages),
        recognise=AskedRecogniser(pipe) if request.limits.ocr else None,
    )
    _send(pipe, "text", document_json.to_json(document))
    return document


def _unpack(pipe: Connection, request: MembersRequest, data: bytes) -> None:
    members = FORMATS[request.format].members
    for member in members(data, request.limits) if members else ():
        _send(pipe, "member", member.path, member.reason)
        pipe.send_bytes(member.data or b"")


def _take_apart(pipe: Connection, request: TextRequest) -> None:
    _check_lines(request.document)
    _send(pipe, "facts", to_json(find_facts(request.document)))
    if request.chunks:
        _cut(pipe, request.document)


def _check_lines(document: Document) -> None:
    if len(lines(document)) > MOST_LINES:
        raise TooManyLines(name=document.name, limit=MOST_LINES)


def _cut(pipe: Connection, document: Document) -> None:
    batch: list[tuple[int, int, str, str]] = []
    for chunk, text in cut(document):
        batch.append((chunk.span.start, chunk.span.end, chunk.words, text))
        if len(batch) == CHUNKS_AT_ONCE:
            _send(pipe, "chunks", batch)
            batch = []
    _send(pipe, "chunks", batch)


def _send(pipe: Connection, *message: object) -> None:
    pipe.send_bytes(json.dumps(message, ensure_ascii=False).encode())
