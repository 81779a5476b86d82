"""The verbs in this process, on real stores, with vectors from a small server and an engine that says what it is told."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from retrieval.core.errors import EmptyFile, NoSuchDocument, NoSuchMatter, StoreUnavailable
from retrieval.library import database
from tests.pdfs import make_pdf
from tests.webapp.embeddings import embeddings
from tests.webapp.fake_engine import FakeEngine, Reply
from webapp.core.errors import AmbiguousDocument, EmptyQuestion, NoSuchFile
from webapp.core.results import DeletedRow, DocumentRow, NowhereRow, read_turn
from webapp.core.settings import Settings, load_settings
from webapp.core.stream import Event, Progress, Result, T, Text
from webapp.page.controller import Controller
from webapp.page.html import summary
from webapp.page.state import PageState
from webapp.page.uploads import Arriving
from webapp.service.commands import Verbs
from webapp.service.running import Askings
from webapp.service.workspace import SAMPLE_MATTER, Workspace, packaged_sample
from webapp.store.schema import conversations, memberships
from webapp.store.users import LOCAL_USER, User

STRANGER = User("stranger", "Stranger")
LEASE = ["1. Rent. The monthly rent is $4,200.", "2. Governing law. The laws of Ireland govern this Lease."]
NDA = ["1. Secrets. Each party keeps the other's secrets for five (5) years."]


@pytest.fixture(scope="module")
def engine() -> Iterator[FakeEngine]:
    with FakeEngine("tgi") as engine:
        yield engine


@pytest.fixture(scope="module")
def embeddings_url() -> Iterator[str]:
    with embeddings() as url:
        yield url


@pytest.fixture
def settings(tmp_path: Path, embeddings_url: str, engine: FakeEngine) -> Settings:
    (tmp_path / "data").mkdir()
    return load_settings(
        data_dir=tmp_path / "data", embeddings_url=embeddings_url, llm_url=engine.url, reader_processes=1
    )


@pytest.fixture
def lease(tmp_path: Path) -> Path:
    return _file(tmp_path / "lease.pdf", LEASE)


def _file(path: Path, pages: list[str]) -> Path:
    path.write_bytes(make_pdf(pages))
    return path


@contextmanager
def _verbs(settings: Settings, user: User = LOCAL_USER) -> Iterator[Verbs]:
    with Workspace(settings) as workspace:
        yield Verbs(workspace, user)


def _results(events: Iterator[Event[T]]) -> list[T]:
    return [event.row for event in events if isinstance(event, Result)]


def test_a_file_is_accepted_followed_found_and_removed(settings: Settings, lease: Path) -> None:
    with _verbs(settings) as verbs:
        id_ = verbs.accept("Acme", lease)
        *_, last = verbs.follow("Acme", [id_])
        assert last == Result(
            DocumentRow(document_id=id_, document="lease.pdf", state="ready", pages=2, unreadable_pages=(), reason=None)
        )
        hit = _results(verbs.search("Acme", "Which law governs this lease?", None))[0]
        assert (hit.rank, hit.document_id, hit.document) == (1, id_, "lease.pdf")
        assert "laws of Ireland" in hit.text
        assert _results(verbs.remove("Acme", "lease"))[0].document_id == id_
        assert _results(verbs.search("Acme", "Which law governs this lease?", None)) == []


OPTIMISED = """
import sys
from pathlib import Path
from webapp.core.settings import load_settings
from webapp.service.workspace import Workspace

assert False, "python -O leaves assertions out"
with Workspace(load_settings(data_dir=Path(sys.argv[1]))) as workspace:
    workspace.searcher
    print("ingest" in workspace.opened)
"""


def test_a_search_has_the_indexes_put_right_under_python_O_too(settings: Settings) -> None:
    command = [sys.executable, "-O", "-c", OPTIMISED, str(settings.data_dir)]
    here = os.environ | {"PINCITE_EMBEDDINGS_URL": settings.embeddings_url or ""}
    told = subprocess.run(command, env=here, capture_output=True, text=True, check=True)
    assert told.stdout == "True\n"


def test_a_search_waits_for_what_was_accepted_and_not_yet_taken_in(settings: Settings, lease: Path) -> None:
    with _verbs(settings) as verbs:
        verbs.accept("Acme", lease)
    with _verbs(settings) as verbs:
        rows = list(verbs.search("Acme", "rent", None))
    assert isinstance(rows[0], Progress)
    assert isinstance(rows[-1], Result)


def test_only_the_asked_document_is_searched(settings: Settings, lease: Path, tmp_path: Path) -> None:
    nda = _file(tmp_path / "nda.pdf", NDA)
    with _verbs(settings) as verbs:
        for file in (lease, nda):
            verbs.accept("Acme", file)
        assert {hit.document for hit in _results(verbs.search("Acme", "rent secrets", None))} == {
            "lease.pdf", "nda.pdf",
        }  # fmt: skip
        assert {hit.document for hit in _results(verbs.search("Acme", "rent secrets", "nda"))} == {"nda.pdf"}
        with pytest.raises(AmbiguousDocument):
            list(verbs.search("Acme", "rent", ".pdf"))
        with pytest.raises(NoSuchDocument):
            list(verbs.search("Acme", "rent", "charter"))


def test_every_mention_is_listed_without_index_or_model(settings: Settings, lease: Path, tmp_path: Path) -> None:
    nda = _file(tmp_path / "nda.pdf", NDA)
    with _verbs(settings) as verbs:
        for file in (lease, nda):
            verbs.accept("Acme", file)
        list(verbs.mentions("Acme", "rent", None))  # what was accepted is read first
    with Workspace(settings) as workspace:
        verbs = Verbs(workspace, LOCAL_USER)
        rows = _results(verbs.mentions("Acme", "rent", None))
        assert [(row.document, row.page, row.section) for row in rows] == [
            ("lease.pdf", 1, "Section 1 (Rent)"), ("lease.pdf", 1, "Section 1 (Rent)"),
        ]  # fmt: skip
        assert (
            rows[1].text
            == "1. Rent. The monthly rent is $4,200. 2. Governing law. The laws of Ireland govern this Lease."
        )
        assert _results(verbs.mentions("Acme", "rent", "nda")) == []
        assert set(workspace.opened) == set()
        with pytest.raises(EmptyQuestion):
            list(verbs.mentions("Acme", " ", None))
        with pytest.raises(NoSuchMatter):
            list(Verbs(workspace, STRANGER).mentions("Acme", "rent", None))


def test_documents_between_which_a_name_leaves_the_choice_are_told(settings: Settings, tmp_path: Path) -> None:
    with Workspace(settings) as workspace:
        verbs, controller = (
            Verbs(workspace, LOCAL_USER),
            Controller(workspace, LOCAL_USER, Askings(), Arriving(workspace.settings)),
        )
        for name in ("2019 Acme lease.pdf", "2023 Acme lease.pdf", "nda.pdf"):
            verbs.accept("Acme", _file(tmp_path / name, [f"{name}: the monthly rent is $4,200."]))
        question = "What is the rent in the Acme lease?"
        told = _results(verbs.search("Acme", question, None))[0].documents_meant
        assert {each.document for each in told} == {"2019 Acme lease.pdf", "2023 Acme lease.pdf"}
        assert "documents_meant" not in _results(verbs.search("Acme", question, "2019"))[0].line()
        answer = _results(verbs.ask("Acme", question, None))[0]
        assert answer.documents_meant == told
        assert answer.searched is not None
        assert answer.searched.documents == 2

        state = PageState(matter_id=workspace.access.matter(LOCAL_USER, "Acme").id)
        close = controller.documents_meant(state, question)
        assert [(r.id, r.name) for r in close] == [(each.document_id, each.document) for each in told]
        assert controller.documents_meant(replace(state, scope=(close[0].id,)), question) == []
        assert controller.documents_meant(state, "What is the rent?") == []


def test_a_summary_names_what_the_document_refers_to_and_does_not_have(settings: Settings, tmp_path: Path) -> None:
    pages = [
        "1. Rent. The rent of Exhibit C is due under Section 2, and under Section 7 of the Code.",
        "2. Law. Irish law.",
    ]
    with _verbs(settings) as verbs:
        verbs.accept("Acme", _file(tmp_path / "lease.pdf", pages))
        (told,) = _results(verbs.summary("Acme", "lease"))
    assert told.leads_nowhere == (NowhereRow(label="Exhibit C", page=1, page_label="1"),)
    assert "Exhibit C, p.\u00a01" in summary.body("turn", told)


def test_reindex_rebuilds_what_is_found(settings: Settings, lease: Path) -> None:
    with _verbs(settings) as verbs:
        verbs.accept("Acme", lease)
        before = _results(verbs.search("Acme", "rent", None))
        assert [(row.document, row.state) for row in _results(verbs.reindex("Acme"))] == [("lease.pdf", "ready")]
        assert _results(verbs.search("Acme", "rent", None)) == before


def test_lost_indexes_are_rebuilt_at_the_next_use(settings: Settings, lease: Path) -> None:
    with _verbs(settings) as verbs:
        verbs.accept("Acme", lease)
        before = _results(verbs.search("Acme", "rent", None))
    for path in sorted((settings.data_dir / "lexical").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    with _verbs(settings) as verbs:
        assert _results(verbs.search("Acme", "rent", None)) == before


def test_a_stranger_gets_nothing_by_any_verb(settings: Settings, lease: Path) -> None:
    with Workspace(settings) as workspace:
        mine, theirs = Verbs(workspace, LOCAL_USER), Verbs(workspace, STRANGER)
        id_ = mine.accept("Acme", lease)
        matter = next(row.id for row in _results(mine.matters()) if row.name == "Acme")
        assert _results(theirs.matters()) == []
        assert _results(theirs.reindex(None)) == []
        for name in ("Acme", matter):
            for rows in (
                theirs.follow(name, [id_]),
                theirs.search(name, "rent", None),
                theirs.ask(name, "rent", None),
                theirs.remove(name, id_),
                theirs.reindex(name),
                theirs.delete_matter(name),
            ):
                with pytest.raises(NoSuchMatter):
                    list(rows)
            with pytest.raises(Exception, match="matter"):
                theirs.accept("Acme", lease)
        assert len(_results(mine.search("Acme", "rent", None))) > 0


def test_an_answer_comes_as_text_and_then_as_one_result(settings: Settings, lease: Path, engine: FakeEngine) -> None:
    engine.enqueue(Reply(["Irish law: ", '"The laws of Ireland govern this Lease." [1]']))
    with _verbs(settings) as verbs:
        verbs.accept("Acme", lease)
        events = verbs.ask("Acme", "Which law governs the lease?", None)
        *texts, end = [event for event in events if not isinstance(event, Progress)]
    assert [isinstance(text, Text) for text in texts] == [True, True]
    assert isinstance(end, Result)
    assert end.row.citations[0].verified


def test_an_answer_that_nobody_reads_on_is_stopped(settings: Settings, lease: Path, engine: FakeEngine) -> None:
    engine.enqueue(Reply(["word "] * 500, pace=0.05))
    with _verbs(settings) as verbs:
        verbs.accept("Acme", lease)
        rows = verbs.ask("Acme", "Which law governs the lease?", None)
        assert next(row for row in rows if isinstance(row, Text))
        rows.close()  # type: ignore[attr-defined]
    assert engine.hung_up.acquire(timeout=10)


@pytest.mark.parametrize("question", ["", "  \n"])
def test_no_question_no_search(settings: Settings, question: str) -> None:
    with _verbs(settings) as verbs:
        for rows in (verbs.search(SAMPLE_MATTER, question, None), verbs.ask(SAMPLE_MATTER, question, None)):
            with pytest.raises(EmptyQuestion):
                list(rows)


def test_what_cannot_be_taken_in_makes_no_document(settings: Settings, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pdf"
    empty.write_bytes(b"")
    with _verbs(settings) as verbs:
        with pytest.raises(EmptyFile):
            verbs.accept("Acme", empty)
        with pytest.raises(NoSuchFile):
            verbs.accept("Acme", tmp_path / "missing.pdf")
        with pytest.raises(NoSuchFile):
            verbs.accept("Acme", tmp_path)
        assert [row.documents for row in _results(verbs.matters()) if row.name == "Acme"] == [0]


@pytest.mark.parametrize("name", ["Acme", " Acme ", "Müller & Söhne", "2024/17 Acme v. Bolt", "A" * 255])
def test_a_matter_is_found_again_under_the_name_it_was_given(settings: Settings, lease: Path, name: str) -> None:
    with _verbs(settings) as verbs:
        first, second = verbs.accept(name, lease), verbs.accept(name, lease)
        assert first == second
        assert len(_results(verbs.matters())) == 2  # it and the sample


@pytest.mark.skipif(packaged_sample() is None, reason="the sample is not packaged")
def test_the_sample_is_given_once_and_stays_deleted(settings: Settings) -> None:
    with _verbs(settings) as verbs:
        [sample] = _results(verbs.matters())
        assert (sample.name, sample.documents) == (SAMPLE_MATTER, 1)
        assert _results(verbs.delete_matter(SAMPLE_MATTER)) == [DeletedRow(id=sample.id, name=SAMPLE_MATTER)]
    with _verbs(settings) as verbs:
        assert _results(verbs.matters()) == []


def test_what_was_said_in_a_matter_goes_with_it(settings: Settings, lease: Path) -> None:
    with Workspace(settings) as workspace:
        verbs = Verbs(workspace, LOCAL_USER)
        verbs.accept("Acme", lease)
        matter = workspace.access.matter(LOCAL_USER, "Acme")
        begun = workspace.conversations.start(LOCAL_USER, matter, "What is the rent?")
        workspace.conversations.add_turn(
            LOCAL_USER, begun.id, "What is the rent?", read_turn({"answer": "…"}), "complete"
        )
        assert _results(verbs.delete_matter("Acme"))
        with database.reading(workspace._database) as connection:
            assert connection.execute(sa.select(conversations)).all() == []
            assert matter.id not in connection.scalars(sa.select(memberships.c.matter_id)).all()


def test_a_store_that_is_away_is_told(settings: Settings) -> None:
    with pytest.raises(StoreUnavailable):
        Workspace(load_settings(**settings.model_dump() | {"database_url": "postgresql://nobody@127.0.0.1:9/none"}))
