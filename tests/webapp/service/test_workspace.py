"""The commands in this process, on real stores,
with vectors from a small server and an engine that says what it is told.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa

from retrieval.core.errors import EmptyFile, NoSuchDocument, NoSuchMatter, PinciteError, StoreUnavailable
from retrieval.library import database
from tests.pdfs import make_pdf
from tests.retrieval.reading.test_containers import zipped
from tests.webapp.commands import accept
from tests.webapp.fake_engine import FakeEngine, Reply
from webapp.cli.main import _add
from webapp.core.errors import AmbiguousDocument, EmptyQuestion, NoSuchFile
from webapp.core.results import DeletedRow, DocumentRow, NowhereRow, SourceRow, read_turn
from webapp.core.settings import Settings, load_settings
from webapp.core.stream import Event, Progress, Result, T, Text
from webapp.page.controller import Controller
from webapp.page.html import summary
from webapp.page.state import PageState
from webapp.page.uploads import UploadStore
from webapp.service.caller import Caller
from webapp.service.commands import (
    Ask,
    DeleteMatter,
    FindMentions,
    Follow,
    ListMatters,
    Reindex,
    Remove,
    Search,
    Summarise,
)
from webapp.service.running import RunningAnswers
from webapp.service.workspace import SAMPLE_MATTER, Workspace, opened_once, packaged_sample
from webapp.store.schema import conversations, memberships
from webapp.store.users import LOCAL_USER, User

STRANGER = User("stranger", "Stranger")
LEASE = ["1. Rent. The monthly rent is $4,200.", "2. Governing law. The laws of Ireland govern this Lease."]
NDA = ["1. Secrets. Each party keeps the other's secrets for five (5) years."]


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
def _caller(settings: Settings, user: User = LOCAL_USER) -> Iterator[Caller]:
    with Workspace(settings) as workspace:
        yield Caller(workspace, user)


def _results(events: Iterator[Event[T]]) -> list[T]:
    return [event.row for event in events if isinstance(event, Result)]


def test_a_file_is_accepted_followed_found_and_removed(settings: Settings, lease: Path) -> None:
    with _caller(settings) as caller:
        id_ = accept(caller, "Acme", lease)
        *_, last = caller.run(Follow("Acme", [id_]))
        assert last == Result(
            DocumentRow(
                document_id=id_,
                document="lease.pdf",
                title="",
                parties=(),
                date=None,
                state="ready",
                pages=2,
                unreadable_pages=(),
                partly_read_pages=(),
                recognised_pages=(),
                warnings=(),
                sources=(SourceRow(file="lease.pdf", container_id=None),),
                reason=None,
            )
        )
        hit = _results(caller.run(Search("Acme", "Which law governs this lease?")))[0]
        assert (hit.rank, hit.document_id, hit.document) == (1, id_, "lease.pdf")
        assert "laws of Ireland" in hit.text
        assert _results(caller.run(Remove("Acme", "lease")))[0].document_id == id_
        assert _results(caller.run(Search("Acme", "Which law governs this lease?"))) == []


def test_a_folder_is_added_with_what_is_within_its_files(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "given"
    (folder / "sub").mkdir(parents=True)
    lease = _file(folder / "sub" / "lease.pdf", LEASE).read_bytes()
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "model.xlsx").write_bytes(b"x")
    (folder / "again.pdf").write_bytes(lease)
    (folder / "set.zip").write_bytes(
        zipped({"lease.pdf": lease, "note.txt": b"The key is under the mat.", "b.bin": b"x"})
    )
    with _caller(settings) as caller:
        rows = {row.file: row for row in _results(_add(caller.run, "Acme", [folder]))}
        assert {file.removeprefix(f"{folder}/"): row.state for file, row in rows.items()} == {
            "again.pdf": "ready",
            "model.xlsx": "failed",
            "set.zip": "partly_read",
            "set.zip › lease.pdf": "ready",
            "set.zip › note.txt": "ready",
            "sub/lease.pdf": "ready",
        }
        assert "sheets" in (rows[f"{folder}/model.xlsx"].reason or "")
        assert "b.bin" in (rows[f"{folder}/set.zip"].reason or "")
        copied = rows[f"{folder}/sub/lease.pdf"]
        assert copied.document == "again.pdf"
        assert "“sub › lease.pdf”" in copied.warnings[0].text
        assert rows[f"{folder}/set.zip › note.txt"].document == "set › note.txt"


def test_a_file_within_a_file_counts_in_the_quota_of_its_user(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "set.zip").write_bytes(zipped({f"{n}.txt": f"Words {n}".encode() for n in range(3)}))
    full = settings.model_copy(update={"access": "behind-proxy", "documents_per_user": 2})
    ann = User("ann", "Ann")
    with Workspace(full) as workspace:
        workspace.welcome(ann)
        caller = Caller(workspace, ann)
        have = len(caller.records(caller.matter(SAMPLE_MATTER))) if packaged_sample() else 0
        rows = {row.document: row for row in _results(_add(caller.run, "Acme", [tmp_path / "set.zip"]))}
        assert sum(row.state == "ready" for row in rows.values()) == 1 - have
        assert "limit" in (rows["set.zip"].reason or "")


def test_a_part_is_opened_once_whichever_thread_comes_first(settings: Settings) -> None:
    together = Barrier(8, timeout=30)

    def opened(workspace: Workspace) -> int:
        together.wait()
        return id(workspace.searcher)

    with Workspace(settings) as workspace, ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(opened, [workspace] * 8))) == 1


def test_a_workspace_closes_what_it_opened(settings: Settings) -> None:
    with Workspace(settings) as workspace:
        vectors = workspace.vectors
        assert workspace.searcher is workspace.searcher
    with pytest.raises(PinciteError):
        vectors.document_ids("0" * 32)


OPTIMISED = """
import sys
from pathlib import Path
from threading import Barrier
from webapp.core.settings import load_settings
from webapp.service.workspace import Workspace

assert False, "python -O leaves assertions out"
with Workspace(load_settings(data_dir=Path(sys.argv[1]))) as workspace:
    workspace.searcher
    print("ingest" in vars(workspace))
"""


@pytest.mark.long
@pytest.mark.slow
def test_a_search_has_the_indexes_put_right_under_python_O_too(settings: Settings) -> None:
    command = [sys.executable, "-O", "-c", OPTIMISED, str(settings.data_dir)]
    here = os.environ | {"PINCITE_EMBEDDINGS_URL": settings.embeddings_url or ""}
    told = subprocess.run(command, env=here, capture_output=True, text=True, check=True)
    assert told.stdout == "True\n"


def test_a_search_waits_for_what_was_accepted_and_not_yet_taken_in(settings: Settings, lease: Path) -> None:
    with _caller(settings) as caller:
        accept(caller, "Acme", lease)
    with _caller(settings) as caller:
        rows = list(caller.run(Search("Acme", "rent")))
    assert isinstance(rows[0], Progress)
    assert isinstance(rows[-1], Result)


def test_only_the_asked_document_is_searched(settings: Settings, lease: Path, tmp_path: Path) -> None:
    nda = _file(tmp_path / "nda.pdf", NDA)
    with _caller(settings) as caller:
        for file in (lease, nda):
            accept(caller, "Acme", file)
        assert {hit.document for hit in _results(caller.run(Search("Acme", "rent secrets")))} == {
            "lease.pdf",
            "nda.pdf",
        }
        assert {hit.document for hit in _results(caller.run(Search("Acme", "rent secrets", "nda")))} == {"nda.pdf"}
        with pytest.raises(AmbiguousDocument):
            list(caller.run(Search("Acme", "rent", ".pdf")))
        with pytest.raises(NoSuchDocument):
            list(caller.run(Search("Acme", "rent", "charter")))


def test_every_mention_is_listed_without_index_or_model(settings: Settings, lease: Path, tmp_path: Path) -> None:
    nda = _file(tmp_path / "nda.pdf", NDA)
    with _caller(settings) as caller:
        for file in (lease, nda):
            accept(caller, "Acme", file)
        list(caller.run(FindMentions("Acme", "rent")))  # what was accepted is read first
    with Workspace(settings) as workspace:
        caller = Caller(workspace, LOCAL_USER)
        rows = _results(caller.run(FindMentions("Acme", "rent")))
        assert [(row.document, row.page, row.section) for row in rows] == [
            ("lease.pdf", 1, "Section 1 (Rent)"),
            ("lease.pdf", 1, "Section 1 (Rent)"),
        ]
        assert (
            rows[1].text
            == "1. Rent. The monthly rent is $4,200. 2. Governing law. The laws of Ireland govern this Lease."
        )
        assert _results(caller.run(FindMentions("Acme", "rent", "nda"))) == []
        parts = {name for name, part in vars(Workspace).items() if isinstance(part, opened_once)}
        assert {"embedder", "vectors", "lexical", "searcher"} <= parts
        assert parts & vars(workspace).keys() == set()
        with pytest.raises(EmptyQuestion):
            list(caller.run(FindMentions("Acme", " ")))
        with pytest.raises(NoSuchMatter):
            list(Caller(workspace, STRANGER).run(FindMentions("Acme", "rent")))


def test_documents_between_which_a_name_leaves_the_choice_are_told(settings: Settings, tmp_path: Path) -> None:
    with Workspace(settings) as workspace:
        caller, controller = (
            Caller(workspace, LOCAL_USER),
            Controller(workspace, LOCAL_USER, RunningAnswers(), UploadStore(workspace.settings)),
        )
        for name in ("2019 Acme lease.pdf", "2023 Acme lease.pdf", "nda.pdf"):
            accept(caller, "Acme", _file(tmp_path / name, [f"{name}: the monthly rent is $4,200."]))
        question = "What is the rent in the Acme lease?"
        told = _results(caller.run(Search("Acme", question)))[0].documents_meant
        assert {each.document for each in told} == {"2019 Acme lease.pdf", "2023 Acme lease.pdf"}
        assert "documents_meant" not in _results(caller.run(Search("Acme", question, "2019")))[0].line()
        answer = _results(caller.run(Ask("Acme", question)))[0]
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
    with _caller(settings) as caller:
        accept(caller, "Acme", _file(tmp_path / "lease.pdf", pages))
        (told,) = _results(caller.run(Summarise("Acme", "lease")))
    assert told.leads_nowhere == (NowhereRow(label="Exhibit C", page=1, page_label="1"),)
    assert "Exhibit C, p.\u00a01" in summary.body("turn", told)


def test_reindex_rebuilds_what_is_found(settings: Settings, lease: Path) -> None:
    with _caller(settings) as caller:
        accept(caller, "Acme", lease)
        before = _results(caller.run(Search("Acme", "rent")))
        assert [(row.document, row.state) for row in _results(caller.run(Reindex("Acme")))] == [("lease.pdf", "ready")]
        assert _results(caller.run(Search("Acme", "rent"))) == before


def test_lost_indexes_are_rebuilt_at_the_next_use(settings: Settings, lease: Path) -> None:
    with _caller(settings) as caller:
        accept(caller, "Acme", lease)
        before = _results(caller.run(Search("Acme", "rent")))
    for path in sorted((settings.data_dir / "lexical").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    with _caller(settings) as caller:
        assert _results(caller.run(Search("Acme", "rent"))) == before


def test_a_stranger_gets_nothing_by_any_command(settings: Settings, lease: Path) -> None:
    with Workspace(settings) as workspace:
        mine, theirs = Caller(workspace, LOCAL_USER), Caller(workspace, STRANGER)
        id_ = accept(mine, "Acme", lease)
        matter = next(row.id for row in _results(mine.run(ListMatters())) if row.name == "Acme")
        assert _results(theirs.run(ListMatters())) == []
        assert _results(theirs.run(Reindex())) == []
        for name in ("Acme", matter):
            for rows in (
                theirs.run(Follow(name, [id_])),
                theirs.run(Search(name, "rent")),
                theirs.run(Ask(name, "rent")),
                theirs.run(Remove(name, id_)),
                theirs.run(Reindex(name)),
                theirs.run(DeleteMatter(name)),
            ):
                with pytest.raises(NoSuchMatter):
                    list(rows)
            with pytest.raises(Exception, match="matter"):
                accept(theirs, "Acme", lease)
        assert len(_results(mine.run(Search("Acme", "rent")))) > 0


def test_an_answer_comes_as_text_and_then_as_one_result(settings: Settings, lease: Path, engine: FakeEngine) -> None:
    engine.enqueue(Reply(["Irish law: ", '"The laws of Ireland govern this Lease." [1]']))
    with _caller(settings) as caller:
        accept(caller, "Acme", lease)
        events = caller.run(Ask("Acme", "Which law governs the lease?"))
        *texts, end = [event for event in events if not isinstance(event, Progress)]
    assert [isinstance(text, Text) for text in texts] == [True, True]
    assert isinstance(end, Result)
    assert end.row.citations[0].verified


def test_an_answer_that_nobody_reads_on_is_stopped(settings: Settings, lease: Path, engine: FakeEngine) -> None:
    engine.enqueue(Reply(["word "] * 500, pace=0.05))
    with _caller(settings) as caller:
        accept(caller, "Acme", lease)
        rows = caller.run(Ask("Acme", "Which law governs the lease?"))
        assert next(row for row in rows if isinstance(row, Text))
        rows.close()  # type: ignore[attr-defined]
    assert engine.hung_up.acquire(timeout=10)


@pytest.mark.parametrize("question", ["", "  \n"])
def test_no_question_no_search(settings: Settings, question: str) -> None:
    with _caller(settings) as caller:
        for rows in (caller.run(Search(SAMPLE_MATTER, question)), caller.run(Ask(SAMPLE_MATTER, question))):
            with pytest.raises(EmptyQuestion):
                list(rows)


def test_what_cannot_be_taken_in_makes_no_document(settings: Settings, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pdf"
    empty.write_bytes(b"")
    with _caller(settings) as caller:
        with pytest.raises(EmptyFile):
            accept(caller, "Acme", empty)
        with pytest.raises(NoSuchFile):
            accept(caller, "Acme", tmp_path / "missing.pdf")
        with pytest.raises(NoSuchFile):
            accept(caller, "Acme", tmp_path)
        assert [row.documents for row in _results(caller.run(ListMatters())) if row.name == "Acme"] == [0]


@pytest.mark.parametrize("name", ["Acme", " Acme ", "Müller & Söhne", "2024/17 Acme v. Bolt", "A" * 255])
def test_a_matter_is_found_again_under_the_name_it_was_given(settings: Settings, lease: Path, name: str) -> None:
    with _caller(settings) as caller:
        first, second = accept(caller, name, lease), accept(caller, name, lease)
        assert first == second
        assert len(_results(caller.run(ListMatters()))) == 2  # it and the sample


@pytest.mark.skipif(packaged_sample() is None, reason="the sample is not packaged")
def test_the_sample_is_given_once_and_stays_deleted(settings: Settings) -> None:
    with _caller(settings) as caller:
        [sample] = _results(caller.run(ListMatters()))
        assert (sample.name, sample.documents) == (SAMPLE_MATTER, 1)
        assert _results(caller.run(DeleteMatter(SAMPLE_MATTER))) == [DeletedRow(id=sample.id, name=SAMPLE_MATTER)]
    with _caller(settings) as caller:
        assert _results(caller.run(ListMatters())) == []


def test_what_was_said_in_a_matter_goes_with_it(settings: Settings, lease: Path) -> None:
    with Workspace(settings) as workspace:
        caller = Caller(workspace, LOCAL_USER)
        accept(caller, "Acme", lease)
        matter = workspace.access.matter(LOCAL_USER, "Acme")
        begun = workspace.conversations.start(LOCAL_USER, matter, "What is the rent?")
        workspace.conversations.add_turn(
            LOCAL_USER, begun.id, "What is the rent?", read_turn({"answer": "…"}), "complete"
        )
        assert _results(caller.run(DeleteMatter("Acme")))
        with database.reading(workspace._database) as connection:
            assert connection.execute(sa.select(conversations)).all() == []
            assert matter.id not in connection.scalars(sa.select(memberships.c.matter_id)).all()


def test_a_store_that_is_away_is_told(settings: Settings) -> None:
    with pytest.raises(StoreUnavailable):
        Workspace(load_settings(**settings.model_dump() | {"database_url": "postgresql://nobody@127.0.0.1:9/none"}))
