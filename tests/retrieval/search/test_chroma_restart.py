"""A Chroma server that is killed in the middle of an ingest and comes back:
nothing is lost, and nothing is there twice.
"""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from retrieval import ingest_workers as workers
from retrieval.ingest import Ingest
from retrieval.library.database import open_database
from retrieval.library.files import Files
from retrieval.library.library import Library
from retrieval.search.lexical import Lexical
from retrieval.search.vectors import Vectors
from retrieval.structure.chunks import chunk
from tests.pdfs import make_pdf
from tests.retrieval.chroma_server import ChromaServer
from tests.retrieval.stores import HashingEmbedder, contract

pytestmark = pytest.mark.database


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_vector_store_that_is_killed_while_documents_come_in_loses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "RETRY_S", 1)  # half a minute is too long for a test to wait
    library = Library(open_database(f"sqlite:///{tmp_path}/pincite.db"), Files(tmp_path / "files"))
    with ChromaServer(tmp_path) as server:
        vectors, lexical = Vectors(server.url), Lexical(tmp_path / "words")
        ingest = Ingest(library, vectors, lexical, HashingEmbedder())
        matter = library.create_matter("Twenty").id
        ids = {library.accept(matter, f"{n}.pdf", make_pdf(contract(n))).id for n in range(20)}

        def states() -> list[str]:
            return [record.state for record in library.documents(matter)]

        ingest.repair()
        ingest.start()
        try:
            until(lambda: states().count("ready") >= 5)
            server.kill()
            before = states().count("ready")
            assert before < 20
            time.sleep(1.5)  # the workers meet a store that is away
            assert "failed" not in states()
            server.start()
            until(lambda: set(states()) == {"ready"})
            assert vectors.document_ids(matter) == lexical.document_ids(matter) == ids
            expected = sum(len(chunk(library.document(matter, id_))) for id_ in ids)
            assert vectors._collection(matter).count() == expected
        finally:
            ingest.stop()
            lexical.close()
            vectors.close()
            library.close()
