"""What a reading process does: files become text and chunks, told in messages of JSON.

["page", number, pages]                           the file was opened (number 0), or one page read
["text", text, [[number, label, start, end, readable], …]]
["chunks", [[start, end, words, found_by], …]]    some of them, in order
["done"]
["refused", class, values]                        an error of the UnreadableFile family
["memory"]                                        the limit of memory was met
["fault", line, …]                                anything else, as `errors.trace` tells it
"""

import json
from dataclasses import dataclass
from multiprocessing.connection import Connection

from retrieval.core.documents import Document
from retrieval.core.errors import TooManyLines, UnreadableFile, trace
from retrieval.reading.pdf import read_pdf
from retrieval.structure.chunks import cut
from retrieval.structure.clauses import outline
from retrieval.structure.layout import lines

CHUNKS_AT_ONCE = 1_000  # in one message
MOST_LINES = 1_500_000  # a line takes 300 bytes in the server, as does a clause; 10,000 pages of 60 lines have 600,000


@dataclass(frozen=True, slots=True)
class File:
    """What is asked for with the bytes of a file, which follow: see `pdf.read_pdf`."""

    name: str
    document_id: str
    max_pages: int
    max_characters: int
    labels: bool


def serve(pipe: Connection) -> None:
    """Read, or cut, one document after another until the pipe ends."""
    while True:
        asked: File | Document = pipe.recv()
        try:
            document = asked if isinstance(asked, Document) else _read(pipe, asked, pipe.recv_bytes())
            _cut(pipe, document)
            _tell(pipe, "done")
        except UnreadableFile as error:
            _tell(pipe, "refused", type(error).__name__, error.values)
        except ConnectionError:
            return
        except MemoryError:
            _tell(pipe, "memory")
        except Exception as error:  # noqa: BLE001 (whatever a file provokes is told, and the next one is read)
            _tell(pipe, "fault", *trace(error))
        finally:
            for made in (lines, outline):  # kept of the last documents, and the next one may need the memory
                made.cache_clear()


def _read(pipe: Connection, asked: File, data: bytes) -> Document:
    document = read_pdf(
        data,
        name=asked.name,
        document_id=asked.document_id,
        max_pages=asked.max_pages,
        max_characters=asked.max_characters,
        labels=asked.labels,
        on_page=lambda page, pages: _tell(pipe, "page", page, pages),
    )
    rows = [[page.number, page.label, page.start, page.end, page.readable] for page in document.pages]
    _tell(pipe, "text", document.text, rows)
    return document


def _cut(pipe: Connection, document: Document) -> None:
    if len(lines(document)) > MOST_LINES:
        raise TooManyLines(name=document.name, limit=MOST_LINES)
    some: list[tuple[int, int, str, str]] = []
    for chunk, text in cut(document):
        some.append((chunk.span.start, chunk.span.end, chunk.words, text))
        if len(some) == CHUNKS_AT_ONCE:
            _tell(pipe, "chunks", some)
            some = []
    _tell(pipe, "chunks", some)


def _tell(pipe: Connection, *message: object) -> None:
    pipe.send_bytes(json.dumps(message, ensure_ascii=False).encode())
