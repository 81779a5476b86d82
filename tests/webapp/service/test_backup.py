"""Backup while the stores are used, and restore elsewhere: records, answers and evidence, or what is damaged."""

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from retrieval import database, snapshot
from tests.pdfs import make_pdf
from tests.postgres import empty_database
from tests.webapp.commands import Pincite, accept
from tests.webapp.fake_engine import FakeEngine
from webapp.core.errors import BackupFailed, BackupUnusable, LinkExpired, NotAllowed, RestoreRefused, RestoreUnfinished
from webapp.core.results import AnswerResult, BackupRow, DamagedRow, RestoredRow
from webapp.core.settings import Settings, load_settings
from webapp.core.stream import Event, Result
from webapp.service.backup import backup
from webapp.service.backup_manifest import digest_of
from webapp.service.caller import Caller
from webapp.service.commands import Ask, Follow, ListDocuments, ListMatters, Remove, Search
from webapp.service.record_commands import Backup
from webapp.service.restore import restore
from webapp.service.workspace import UNFINISHED_RESTORE, Workspace, address_of_database
from webapp.store.users import LOCAL_USER, User

LEASE = ["1. Rent. The monthly rent is $4,200.", "2. Governing law. The laws of Ireland govern this Lease."]
NDA = ["1. Secrets. Each party keeps the other's secrets for five (5) years."]
QUESTION = "Which law governs this lease?"


def _settings(folder: Path, embeddings_url: str, engine: FakeEngine, **places: str) -> Settings:
    (folder / "data").mkdir()
    return load_settings(
        data_dir=folder / "data", embeddings_url=embeddings_url, llm_url=engine.url, reader_processes=1, **places
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, embeddings_url: str, engine: FakeEngine) -> Settings:
    """A filled data folder, and a backup of it beside it."""
    folder = tmp_path_factory.mktemp("model")
    settings = _settings(folder, embeddings_url, engine)
    _filled(settings, folder)
    _backed_up(settings, folder / "backup")
    return settings


@pytest.fixture
def one_machine(model: Settings, tmp_path: Path) -> Settings:
    """A filled data folder of the test's own."""
    shutil.copytree(model.data_dir, tmp_path / "data")
    return load_settings(**model.model_dump() | {"data_dir": tmp_path / "data"})


@pytest.fixture
def made(model: Settings, tmp_path: Path) -> Path:
    """A backup of the test's own."""
    return Path(shutil.copytree(model.data_dir.parent / "backup", tmp_path / "backup"))


@contextmanager
def _caller(settings: Settings, user: User = LOCAL_USER) -> Iterator[Caller]:
    with Workspace(settings) as workspace:
        yield Caller(workspace, user)


def _rows(events: Iterator[Event[Any]]) -> list[Any]:
    return [event.row for event in events if isinstance(event, Result)]


def _file(path: Path, pages: list[str]) -> Path:
    path.write_bytes(make_pdf(pages))
    return path


def _elsewhere(settings: Settings, name: str, **places: Any) -> Settings:
    folder = settings.data_dir.parent / name
    folder.mkdir()
    return load_settings(
        **settings.model_dump() | {"data_dir": folder, "database_url": None, "files_url": None} | places
    )


def _records(settings: Settings, folder: Path) -> dict[str, list[bytes]]:
    """All rows of all tables, in the form of a backup."""
    engine = database.open_database(address_of_database(settings))
    folder.mkdir(exist_ok=True)
    found = {}
    with snapshot.snapshot(engine) as records:
        for name in records.tables():
            with (folder / name).open("wb") as out:
                records.write(name, out)
            found[name] = sorted((folder / name).read_bytes().splitlines())
    engine.dispose()
    return found


def _filled(settings: Settings, folder: Path) -> tuple[AnswerResult, list[Any]]:
    """A matter with two documents, and an answer of a conversation."""
    (settings.data_dir / "local.key").write_bytes(bytes(range(32)))
    with _caller(settings) as caller:
        ids = [
            accept(caller, "Acme", _file(folder / name, pages))
            for name, pages in (("lease.pdf", LEASE), ("nda.pdf", NDA))
        ]
        list(caller.run(Follow("Acme", ids)))
        [answer] = _rows(caller.run(Ask("Acme", QUESTION)))
        return answer, _rows(caller.run(Search("Acme", QUESTION)))


def _backed_up(settings: Settings, to: Path) -> BackupRow:
    with _caller(settings) as caller:
        row: BackupRow = _rows(caller.run(Backup(str(to))))[0]
    return row


def _same_records(restored: Settings, source: Settings, folder: Path) -> None:
    """The rows are the same, but that the audit log has one more: that of the restore."""
    after, before = _records(restored, folder / "after"), _records(source, folder / "before")
    audited, audited_before = after.pop("audit"), before.pop("audit")
    assert set(audited_before) < set(audited)
    assert len(audited) == len(audited_before) + 1
    assert after == before


@pytest.mark.parametrize(
    "source", ["one machine", pytest.param("a firm", marks=[pytest.mark.database, pytest.mark.long])]
)
def test_a_restored_backup_has_the_same_records_answers_and_evidence(
    source: str, tmp_path: Path, embeddings_url: str, engine: FakeEngine, request: pytest.FixtureRequest
) -> None:
    places = {}
    if source == "a firm":
        url = empty_database(request.getfixturevalue("postgres"))
        places = {"database_url": url, "files_url": f"file://{tmp_path}/store"}
    settings = _settings(tmp_path, embeddings_url, engine, **places)
    answer, hits = _filled(settings, tmp_path)
    made = _backed_up(settings, tmp_path / "backup")
    assert (made.documents, made.missing) == (3, ())  # with the sample
    other = _elsewhere(settings, "other")
    [row] = _rows(restore(tmp_path / "backup", other))
    assert row == RestoredRow(
        **made.model_dump(exclude={"missing"}),
        restored=True,
        made_at=row.made_at,
        damaged=(),
        missing=(),
        audit_fault="",
    )
    _same_records(other, settings, tmp_path)
    assert (other.data_dir / "local.key").read_bytes() == bytes(range(32))
    with _caller(other) as caller:
        matter = caller.matter("Acme")
        [conversation] = caller.workspace.conversations.all(LOCAL_USER, matter)
        [turn] = caller.workspace.conversations.turns(LOCAL_USER, conversation.id)
        assert [each.quote for each in turn.answer.citations] == [each.quote for each in answer.citations]
        assert _rows(caller.run(Search("Acme", QUESTION))) == hits
        assert caller.workspace.audit.verify().fault == ""
        [again] = _rows(caller.run(Ask("Acme", QUESTION)))
        assert (again.answer, again.citations) == (answer.answer, answer.citations)


@pytest.mark.database
def test_a_backup_of_one_machine_can_be_restored_into_a_firms_database(
    made: Path, model: Settings, tmp_path: Path, postgres: str
) -> None:
    other = _elsewhere(model, str(tmp_path / "other"), database_url=empty_database(postgres))
    [row] = _rows(restore(made, other))
    assert row.restored
    _same_records(other, model, tmp_path)
    with _caller(other) as caller:
        assert [row.name for row in _rows(caller.run(ListMatters()))] == ["Acme", "Sample"]
        caller.workspace.access.create(LOCAL_USER, "New")


def test_sessions_and_links_of_a_backup_do_not_begin_again(one_machine: Settings, tmp_path: Path) -> None:
    with _caller(one_machine) as caller:
        account = caller.workspace.accounts.add("ada@firm.example")
        session, link = caller.workspace.sessions.start(account.user), caller.workspace.accounts.make_link(account)
    _backed_up(one_machine, tmp_path / "with-sessions")
    other = _elsewhere(one_machine, "without-sessions")
    _rows(restore(tmp_path / "with-sessions", other))
    with _caller(other) as caller:
        assert caller.workspace.sessions.user(session) is None
        with pytest.raises(LinkExpired):
            caller.workspace.accounts.of_link(link)


@pytest.mark.long
def test_a_backup_under_load_is_of_one_moment(one_machine: Settings, tmp_path: Path) -> None:
    """While documents come in, are removed, and questions are asked, each document in the backup is whole."""
    with _caller(one_machine) as caller:
        library, made = caller.workspace.library, list[BackupRow]()
        with _load(caller, tmp_path) as failures:
            for n in range(4):
                made += _rows(caller.run(Backup(str(tmp_path / f"backup{n}"))))
                list(caller.run(Ask("Acme", QUESTION)))
        assert failures == []
        live = {record.id for matter in library.matters() for record in library.documents(matter.id)}
        assert {path.stem for path in (one_machine.data_dir / "files").rglob("*.pdf")} == live
    assert [row.missing for row in made] == [()] * 4
    for n, row in enumerate(made):
        other = _elsewhere(one_machine, f"other{n}")
        [restored] = _rows(restore(Path(row.folder), other))
        assert restored.restored
        assert restored.audit_fault == ""
        with _caller(other) as caller:
            library = caller.workspace.library
            records = library.documents(caller.matter("Traffic").id)
            assert [library.original(record.matter_id, record.id) for record in records]


@contextmanager
def _load(caller: Caller, folder: Path) -> Iterator[list[Exception]]:
    """Documents come into a matter and go out of it, as fast as they can, until the block ends; yields what failed."""
    ended, failures = threading.Event(), list[Exception]()

    def until_the_end(act: Callable[[int], None]) -> None:
        try:
            for n in count():
                if ended.is_set():
                    return
                act(n)
        except Exception as error:
            failures.append(error)

    def come(n: int) -> None:
        accept(caller, "Traffic", _file(folder / f"{n}.pdf", [f"1. Rent. The rent of lot {n} is ${n}00."]))

    def go(_: int) -> None:
        records = caller.workspace.library.documents(caller.matter("Traffic").id)
        if len(records) > 5:
            list(caller.run(Remove("Traffic", records[0].id)))

    for n in range(1_000, 1_005):
        come(n)
    threads = [threading.Thread(target=until_the_end, args=(act,)) for act in (come, go)]
    for thread in threads:
        thread.start()
    try:
        yield failures
    finally:
        ended.set()
        for thread in threads:
            thread.join()


# Damage


def _flip(path: Path, at: int = 100) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_damage_is_named_by_document_and_only_the_rest_is_restored(made: Path, one_machine: Settings) -> None:
    with _caller(one_machine) as caller:
        lease, nda = (row.document_id for row in _rows(caller.run(ListDocuments("Acme"))))
    _flip(made / "files" / lease[:2] / f"{lease}.pdf")
    [text] = (made / "files" / nda[:2]).glob(f"{nda}*.text.json.gz")
    text.unlink()
    damaged = (
        DamagedRow(file=f"files/{lease[:2]}/{lease}.pdf", documents=("lease.pdf",), state="damaged"),
        DamagedRow(file=text.relative_to(made).as_posix(), documents=("nda.pdf",), state="missing"),
    )
    other = _elsewhere(one_machine, "other")
    for settings in (None, other):
        [row] = _rows(restore(made, settings))
        assert (row.restored, sorted(row.damaged, key=lambda each: each.documents)) == (False, list(damaged))
    assert list(other.data_dir.iterdir()) == []
    [row] = _rows(restore(made, other, is_partial=True))
    assert (row.restored, len(row.damaged)) == (True, 2)
    with _caller(other) as caller:
        hits = _rows(caller.run(Search("Acme", "secrets")))  # the text that was lost is read again
        assert hits[0].document == "nda.pdf"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda made: (made / "manifest.json").unlink(), "it has no manifest.json"),
        (lambda made: os.truncate(made / "manifest.json", 900), "its manifest.json is damaged"),
        (lambda made: _flip(made / "manifest.json", -20), "its manifest.json is damaged"),
        (lambda made: _flip(made / "manifest.json", 40), "its manifest.json is damaged"),
        (lambda made: _flip(made / "records" / "documents.jsonl"), r"\(records/documents.jsonl\)"),
        (lambda made: (made / "records" / "turns.jsonl").unlink(), r"\(records/turns.jsonl\)"),
    ],
)
def test_damage_of_manifest_or_records_is_named_and_nothing_is_restored(
    made: Path, one_machine: Settings, damage: Any, reason: str
) -> None:
    damage(made)
    other = _elsewhere(one_machine, "other")
    with pytest.raises(BackupUnusable, match=reason):
        list(restore(made, other, is_partial=True))
    assert list(other.data_dir.iterdir()) == []


@pytest.mark.parametrize(("left", "reason"), [(0, "walls.jsonl is empty"), (1, "table walls has 0 rows instead of 1")])
def test_walls_that_were_emptied_and_signed_again_are_named(
    made: Path, one_machine: Settings, left: int, reason: str
) -> None:
    file = made / "records" / "walls.jsonl"
    columns = file.read_bytes().splitlines(keepends=True)[:left]
    file.write_bytes(b"".join(columns))
    body = json.loads((made / "manifest.json").read_text())
    del body["sha256"]
    body["tables"]["walls"] = 1
    [entry] = [entry for entry in body["files"] if entry["path"] == "records/walls.jsonl"]
    entry["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    (made / "manifest.json").write_text(json.dumps(body | {"sha256": digest_of(body)}))
    with pytest.raises(BackupUnusable, match=reason):
        list(restore(made, _elsewhere(one_machine, "other")))


def test_a_manifest_that_leads_out_of_its_folder_is_refused(made: Path, one_machine: Settings) -> None:
    body = json.loads((made / "manifest.json").read_text())
    del body["sha256"]
    body["files"][-1]["path"] = "files/../../escape.pdf"
    (made / "manifest.json").write_text(json.dumps(body | {"sha256": digest_of(body)}))
    with pytest.raises(BackupUnusable, match=r"manifest\.json is damaged"):
        list(restore(made, _elsewhere(one_machine, "other")))


def test_a_document_whose_file_was_lost_before_is_named_and_the_rest_is_backed_up(
    one_machine: Settings, tmp_path: Path
) -> None:
    [lost] = [row.document_id for row in _documents(one_machine) if row.document == "nda.pdf"]
    (one_machine.data_dir / "files" / lost[:2] / f"{lost}.pdf").write_bytes(b"%PDF overwritten")
    expected = (DamagedRow(file=f"files/{lost[:2]}/{lost}.pdf", documents=("nda.pdf",), state="missing"),)
    assert _backed_up(one_machine, tmp_path / "backup").missing == expected
    [row] = _rows(restore(tmp_path / "backup", _elsewhere(one_machine, "other")))
    assert (row.restored, row.damaged, row.missing) == (True, (), expected)


def _documents(settings: Settings) -> list[Any]:
    with _caller(settings) as caller:
        return _rows(caller.run(ListDocuments("Acme")))


# Broken off


def test_a_backup_that_is_broken_off_leaves_nothing(made: Path, one_machine: Settings, tmp_path: Path) -> None:
    with _caller(one_machine) as caller:
        events: Any = backup(caller.workspace.library, one_machine, tmp_path / "half")
        for _ in range(5):
            next(events)
        assert (tmp_path / "half" / "records").exists()
        events.close()
        assert not (tmp_path / "half").exists()
        for folder, reason in (
            (made, "it is not empty"),
            (made / "manifest.json", "file exists"),
            (one_machine.data_dir / "backup", "it lies in the data folder"),
        ):
            with pytest.raises(BackupFailed, match=reason):
                list(caller.run(Backup(str(folder))))
        [removed] = _rows(caller.run(Remove("Acme", "nda")))  # and files go again
        assert not list((one_machine.data_dir / "files").rglob(f"{removed.document_id}*"))


def test_a_full_disk_ends_a_backup_with_a_sentence(one_machine: Settings, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    with _caller(one_machine) as caller:
        events = backup(caller.workspace.library, one_machine, tmp_path / "full")
        next(events)
        (tmp_path / "full" / "records" / "users.jsonl").symlink_to("/dev/full")
        with pytest.raises(BackupFailed, match="cannot be written"):
            list(events)
    assert list((tmp_path / "full").iterdir()) == []


def test_a_restore_that_is_broken_off_is_no_library_and_can_be_begun_anew(made: Path, one_machine: Settings) -> None:
    other = _elsewhere(one_machine, "other")
    events: Any = restore(made, other)
    for event in events:
        if getattr(event, "state", "") == "records":
            break
    events.close()
    assert (other.data_dir / UNFINISHED_RESTORE).exists()
    with pytest.raises(RestoreUnfinished), Workspace(other):
        pass
    [row] = _rows(restore(made, other))
    assert row.restored
    with _caller(other) as caller:
        assert len(_rows(caller.run(ListMatters()))) == 2


def test_only_an_empty_data_folder_is_restored_into(made: Path, one_machine: Settings) -> None:
    before = {path: path.read_bytes() for path in one_machine.data_dir.rglob("*") if path.is_file()}
    with pytest.raises(RestoreRefused, match="is not empty"):
        list(restore(made, one_machine))
    assert {path: path.read_bytes() for path in one_machine.data_dir.rglob("*") if path.is_file()} == before
    other = _elsewhere(one_machine, "other", database_url=f"sqlite:///{one_machine.data_dir / 'pincite.db'}")
    with pytest.raises(RestoreRefused, match="The database is not empty"):
        list(restore(made, other))


def test_a_backup_of_a_version_that_is_not_known_is_refused(made: Path, one_machine: Settings) -> None:
    body = json.loads((made / "manifest.json").read_text())
    del body["sha256"]
    body["revisions"]["library_version"] = "9999"
    (made / "manifest.json").write_text(json.dumps(body | {"sha256": digest_of(body)}))
    other = _elsewhere(one_machine, "other")
    with pytest.raises(BackupUnusable, match="not those of this version"):
        list(restore(made, other))


# Who, and through a server


def test_only_the_user_of_this_machine_backs_up(one_machine: Settings, tmp_path: Path) -> None:
    with _caller(one_machine, User("ann", "Ann")) as caller, pytest.raises(NotAllowed):
        list(caller.run(Backup(str(tmp_path / "backup"))))


def test_the_manifest_says_what_the_server_ran_with_and_no_secret(
    one_machine: Settings, tmp_path: Path, engine: FakeEngine
) -> None:
    url = engine.url.replace("http://", "http://me:s3cret@")
    settings = load_settings(**one_machine.model_dump() | {"llm_url": url, "llm_api_key": "key-s3cret", "max_pages": 7})
    _backed_up(settings, tmp_path / "backup")
    text = (tmp_path / "backup" / "manifest.json").read_text()
    assert "s3cret" not in text
    told = json.loads(text)["settings"]
    assert (told["PINCITE_MAX_PAGES"], told["PINCITE_LLM_URL"]) == ("7", engine.url.replace("http://", "http://…@"))


@pytest.mark.long
def test_a_running_server_is_backed_up_and_is_never_restored_into(tmp_path: Path, embeddings_url: str) -> None:
    pincite = Pincite(tmp_path / "data", {"PINCITE_EMBEDDINGS_URL": embeddings_url})
    with pincite.serving() as server:
        server.wait_until_ready()
        assert pincite("matters", "create", "Acme").code == 0
        made = pincite("backup", str(tmp_path / "backup"), "--json")
        assert (made.code, made.rows[0]["documents"]) == (0, 1)
        refused = pincite("restore", str(tmp_path / "backup"), "--json")
        assert (refused.code, refused.error["error"]) == (
            1,
            "The server is running, and a restore needs its data folder.",
        )
        assert pincite("restore", str(tmp_path / "backup"), "--check").code == 0
    other = Pincite(tmp_path / "other", {"PINCITE_EMBEDDINGS_URL": embeddings_url})
    restored = other("restore", str(tmp_path / "backup"), "--json")
    assert (restored.code, restored.rows[0]["restored"]) == (0, True)
    assert "Acme" in other("matters", "list").out
    _flip(next((tmp_path / "backup" / "files").rglob("*.pdf")))
    assert Pincite(tmp_path / "third")("restore", str(tmp_path / "backup")).code == 1
