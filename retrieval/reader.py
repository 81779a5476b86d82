"""Reads PDFs in a process of its own: a file that brings the reader down takes nothing else with it.

One `Reader` is one process, started when first needed and kept until `stop`; a document goes in as bytes through a pipe
and comes back as a `Document`, with its pages counted on the way. pdfium runs nowhere else during an ingest.
"""

import logging
from collections.abc import Callable
from multiprocessing.connection import Connection

from retrieval.child import Child
from retrieval.documents import Document
from retrieval.errors import PinciteError, UnreadableFile, trace

STALLED_S = 300  # without a page: it will not come. The slowest of the 2,772 pages of cuad-dev took 0.12 s

_log = logging.getLogger(__name__)


class ReaderDied(Exception):
    """The process ended, or stood still, in the middle of a document."""


class Reader:
    """One reading process, used from one thread; only `interrupt` may come from another."""

    def __init__(self) -> None:
        self._child = Child(_serve, "pincite-reader")

    def read(
        self, data: bytes, *, name: str, document_id: str, max_pages: int, on_page: Callable[[int, int], None]
    ) -> Document:
        """`pdf.read_pdf` in the process; `on_page(page, pages)` is called here.

        Raises the UnreadableFile family, and ReaderDied; what `on_page` raises ends the reading.
        """
        whole = False
        try:
            pipe = self._child.pipe()
            pipe.send((name, document_id, max_pages))
            pipe.send_bytes(data)
            while pipe.poll(STALLED_S):
                message = pipe.recv()
                if isinstance(message, tuple):
                    on_page(*message)
                    continue
                whole = True
                return self._outcome(message, name, document_id)
            raise ReaderDied(f"no page in {STALLED_S} s")
        except (EOFError, OSError) as error:  # OSError: it ended in the middle of a message
            raise ReaderDied("its process ended") from error
        finally:
            if not whole:
                self.stop()

    def interrupt(self) -> None:
        """End the process under a `read` in another thread, which then raises ReaderDied."""
        self._child.kill()

    def stop(self) -> None:
        """End the process. The next `read` starts another."""
        self._child.stop()

    def _outcome(self, message: object, name: str, document_id: str) -> Document:
        if isinstance(message, Document):
            return message
        if isinstance(message, PinciteError):
            raise message
        _log.error("reading %s failed: %s", document_id, message)
        raise UnreadableFile(name=name)


def _serve(pipe: Connection) -> None:
    from retrieval.pdf import read_pdf

    while True:
        name, document_id, max_pages = pipe.recv()
        data = pipe.recv_bytes()
        outcome: object
        try:
            outcome = read_pdf(
                data,
                name=name,
                document_id=document_id,
                max_pages=max_pages,
                on_page=lambda page, pages: pipe.send((page, pages)),
            )
        except PinciteError as error:
            outcome = error
        except ConnectionError:
            return
        except Exception as error:
            outcome = "\n".join(trace(error))
        pipe.send(outcome)
