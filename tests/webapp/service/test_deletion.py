"""Deletion: what was deleted is in no byte of the data folder, while the stores go on being used."""

import gzip
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import tantivy

from retrieval import database
from retrieval.search.lexical import _analyzer, _schema
from tests.pdfs import make_pdf
from tests.webapp.commands import accept
from tests.webapp.fake_engine import FakeEngine
from webapp.core.settings import Settings, load_settings
from webapp.core.stream import Result
from webapp.service.caller import Caller
from webapp.service.commands import Ask, DeleteMatter, FindMentions, Follow, Remove, Search
from webapp.service.compaction import DUE
from webapp.service.workspace import Workspace
from webapp.store.users import LOCAL_USER

WORD, FILE, MATTER, ASKED = "zanzibarq", "quagmirez", "Mxyzptlk", "xylophonek"  # canaries
CANARIES = (WORD, FILE, MATTER, ASKED)
SECRETS = (WORD, FILE, ASKED)  # the audit log keeps the name and the ids of a matter that is deleted, nothing else does
PAGES = [f"1. Rent. The {WORD} rent is $4,200.", f"2. Law. The laws of Ireland govern the {WORD} lease."]
SECONDS = 60


@pytest.fixture
def settings(tmp_path: Path, embeddings_url: str, engine: FakeEngine) -> Settings:
    (tmp_path / "data").mkdir()
    return load_settings(
        data_dir=tmp_path / "data", embeddings_url=embeddings_url, llm_url=engine.url, reader_processes=1
    )


@contextmanager
def _running(settings: Settings) -> Iterator[Caller]:
    """A workspace that works in the background, as a server's does."""
    with Workspace(settings, background=True) as workspace:
        workspace.work_in_background()
        yield Caller(workspace, LOCAL_USER)


def found(folder: Path, words: tuple[str, ...] = SECRETS) -> dict[str, set[str]]:
    """The words that are in the bytes of a folder's files, by the kind of file, in UTF-8 and UTF-16 and any case.

    Compressed texts are opened; of a word index the list of terms is read, which tantivy packs, deleted ones too.
    """
    places: dict[str, set[str]] = {}
    for path in folder.rglob("*"):
        try:
            data = path.read_bytes() if path.is_file() else b""
        except FileNotFoundError:  # a store deleted it meanwhile
            continue
        data = (gzip.decompress(data) if path.suffix == ".gz" else data).lower()
        for word in words:
            if any(word.lower().encode(code) in data for code in ("utf-8", "utf-16-le", "utf-16-be")):
                places.setdefault(path.relative_to(folder).parts[0], set()).add(word)
    for meta in (folder / "lexical").glob("*/*/meta.json"):
        index = tantivy.Index(_schema(), path=str(meta.parent), reuse=True)
        index.register_tokenizer("stems", _analyzer())
        for word in words:
            if index.searcher().terms_with_prefix("body", word.lower(), limit=1):
                places.setdefault("terms", set()).add(word)
    return places


def _only_audited(folder: Path) -> bool:
    """Whether the name of the deleted matter is in the rows of the audit log alone."""
    database, name = folder / "pincite.db", MATTER.encode()
    with closing(sqlite3.connect(f"file:{database}?immutable=1", uri=True)) as connection:
        query = "SELECT count(*) FROM audit WHERE matter_name = ?"
        [audited] = connection.execute(query, (MATTER,)).fetchone()
    others = [path for path in folder.rglob("*") if path.is_file() and path != database]
    return database.read_bytes().count(name) == audited > 0 and not any(name in path.read_bytes() for path in others)


def _compacted(settings: Settings) -> None:
    end = time.monotonic() + SECONDS
    while (settings.data_dir / DUE).exists():
        assert time.monotonic() < end, "it was not compacted"
        time.sleep(0.05)


def _add(caller: Caller, matter: str, folder: Path, name: str, pages: list[str]) -> str:
    path = folder / f"{name}.pdf"
    path.write_bytes(make_pdf(pages))
    return accept(caller, matter, path)


def _rows(events: Any) -> list[Any]:
    return [event.row for event in events if isinstance(event, Result)]


def _vectors_of(folder: Path, document_id: str) -> list[bytes]:
    """Vectors of a document as Chroma has stored them, or what is left of them."""
    at = f"file:{folder / 'vectors' / 'chroma.sqlite3'}?immutable=1"
    with closing(sqlite3.connect(at, uri=True)) as connection:
        query = "SELECT vector FROM embeddings_queue WHERE vector IS NOT NULL AND id LIKE ?"
        return [vector[-64:] for (vector,) in connection.execute(query, (f"{document_id}%",))]


def _graphs(folder: Path) -> set[Path]:
    return {path for path in (folder / "vectors").iterdir() if path.is_dir()}


def _held(folder: Path, vectors: list[bytes]) -> set[str]:
    """The files in which one of the vectors stands."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.name for path in files if any(vector in path.read_bytes() for vector in vectors)}


@pytest.mark.long
def test_nothing_of_a_deleted_matter_is_in_any_file(settings: Settings, tmp_path: Path) -> None:
    with _running(settings) as caller:
        kept = _add(caller, "Kept", tmp_path, "kept", ["1. Fees. The fees are due in May."])
        id_ = _add(caller, MATTER, tmp_path, FILE, PAGES)
        list(caller.run(Follow("Kept", [kept])))
        list(caller.run(Follow(MATTER, [id_])))
        list(caller.run(Ask(MATTER, f"Which law governs, {ASKED}?")))
        list(caller.run(FindMentions(MATTER, WORD)))
        matter = caller.matter(MATTER)
        vectors = _vectors_of(settings.data_dir, id_)
        before = found(settings.data_dir, CANARIES)
        assert {"files", "terms"} < before.keys()
        assert set.union(*before.values()) == set(CANARIES)
        assert "chroma.sqlite3" in _held(settings.data_dir, vectors)
        graphs = _graphs(settings.data_dir)
        list(caller.run(DeleteMatter(MATTER)))
        assert _rows(caller.run(Search("Kept", "When are the fees due?")))
        _compacted(settings)
        assert found(settings.data_dir) == {}
        assert _only_audited(settings.data_dir)
        assert found(settings.data_dir, (id_, matter.id)).keys() <= {"pincite.db"}  # the audit log has ids
        assert _held(settings.data_dir, vectors) == set()
        assert len(_graphs(settings.data_dir)) == len(graphs) - 1
        [row, *_] = _rows(caller.run(Search("Kept", "When are the fees due?")))
        assert row.document_id == kept
    assert found(settings.data_dir) == {}
    with _running(settings) as caller:
        assert _rows(caller.run(Search("Kept", "When are the fees due?")))


def test_nothing_of_a_removed_document_or_conversation_is_in_any_file_and_the_others_are_found_as_before(
    settings: Settings, tmp_path: Path
) -> None:
    with _running(settings) as caller:
        ids = [
            _add(caller, "Acme", tmp_path, f"lot{n}", [f"1. Rent. The rent of lot {n} is ${n}00, due in May."])
            for n in range(9)
        ]
        id_ = _add(caller, "Acme", tmp_path, FILE, PAGES)
        list(caller.run(Follow("Acme", [*ids, id_])))
        # One more each, so that nothing but the compaction writes the segment of the removed one anew.
        list(caller.run(Follow("Acme", [_add(caller, "Acme", tmp_path, "last", ["1. End. It ends in June."])])))
        asked = "What is the rent of lot 3?"
        hits = [
            (row.document_id, row.start) for row in _rows(caller.run(Search("Acme", asked))) if row.document_id != id_
        ]
        vectors = _vectors_of(settings.data_dir, id_)
        assert {"files", "terms"} < found(settings.data_dir, (WORD, FILE)).keys()
        assert "chroma.sqlite3" in _held(settings.data_dir, vectors)
        list(caller.run(Ask("Acme", f"What is the rent, {ASKED}?", ids[0])))
        assert found(settings.data_dir, (ASKED,)) != {}
        [conversation] = caller.workspace.conversations.all(LOCAL_USER, caller.matter("Acme"))
        caller.workspace.order_deletion(LOCAL_USER, conversation.id)
        caller.workspace.delete_removed(LOCAL_USER)
        [_] = caller.run(Remove("Acme", FILE))
        _compacted(settings)
        assert found(settings.data_dir) == {}
        assert _held(settings.data_dir, vectors) == set()
        assert _hits(caller, asked) == hits
        lexical = caller.workspace.lexical
        assert lexical.document_ids(caller.matter("Acme").id) == caller.workspace.vectors.document_ids(
            caller.matter("Acme").id
        )
    with _running(settings) as caller:
        assert set(_hits(caller, asked)) == set(hits)


def _hits(caller: Caller, question: str) -> list[tuple[str, int]]:
    return [(row.document_id, row.start) for row in _rows(caller.run(Search("Acme", question)))]


def test_what_a_command_without_a_server_deletes_is_gone_when_it_ends(settings: Settings, tmp_path: Path) -> None:
    with Workspace(settings) as workspace:
        caller = Caller(workspace, LOCAL_USER)
        list(caller.run(Follow(MATTER, [_add(caller, MATTER, tmp_path, FILE, PAGES)])))
    with Workspace(settings) as workspace:
        list(Caller(workspace, LOCAL_USER).run(DeleteMatter(MATTER)))
    assert found(settings.data_dir) == {}
    assert _only_audited(settings.data_dir)
    assert not (settings.data_dir / DUE).exists()


@pytest.mark.long
def test_what_a_stop_left_is_compacted_after_the_next_start(settings: Settings, tmp_path: Path) -> None:
    with Workspace(settings) as workspace:
        caller = Caller(workspace, LOCAL_USER)
        list(caller.run(Follow(MATTER, [_add(caller, MATTER, tmp_path, FILE, PAGES)])))
    workspace = Workspace(settings)
    reader = workspace._database.execution_options(reads_only=True).connect()  # keeps the log from being cut
    reader.exec_driver_sql("SELECT * FROM matters").all()
    list(Caller(workspace, LOCAL_USER).run(DeleteMatter(MATTER)))
    assert not database.compact(workspace._database)
    workspace.close()
    assert (settings.data_dir / DUE).exists()
    reader.close()
    with _running(settings):
        _compacted(settings)
        assert found(settings.data_dir) == {}
