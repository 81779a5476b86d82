"""The audit log: every row is there once and in order, and what is done to the record behind its back is found."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from retrieval import Files, Library, NoSuchMatter, PinciteError, database
from webapp.core.errors import NoSuchConversation, RoleTooLow
from webapp.store.audit import BEFORE_FIRST, MOST_DOCUMENTS, Act, Audit, Head, Wanted
from webapp.store.schema import audit as table
from webapp.store.users import GUEST, User, Users

ANN, BEN = User("ann", "Ann"), User("ben", "Ben Ó Súilleabháin")
ID, DOCUMENT = "a" * 32, "d" * 64


@pytest.fixture
def log(engine: sa.Engine, tmp_path: Path) -> Audit:
    Library(engine, Files(tmp_path / "files"))
    Users(engine)
    return Audit(engine, tmp_path / "audit.head")


def _wrote(log: Audit, count: int = 5) -> Audit:
    for page in range(count):
        log.record(ANN, Act.PAGE, matter_id=ID, object=DOCUMENT, page=page)
    return log


def _tampered(engine: sa.Engine, *statements: sa.Executable) -> None:
    with database.writing(engine) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_row_says_who_did_what_where_and_when(log: Audit, engine: sa.Engine, tmp_path: Path) -> None:
    matter = Library(engine, Files(tmp_path / "files")).create_matter("Äcme v. Bolt")
    before = datetime.now(UTC)
    log.record(BEN, Act.SHARE, matter_id=matter.id, object="ann", role="viewer", places=[DOCUMENT], on=True, n=3)
    [entry] = log.each(Wanted())
    assert (entry.user_id, entry.user_name, entry.words) == ("ben", BEN.name, "shared")
    assert (entry.matter_id, entry.matter_name, entry.object) == (matter.id, "Äcme v. Bolt", "ann")
    assert entry.details == {"role": "viewer", "places": [DOCUMENT], "on": True, "n": 3}
    assert before <= entry.time <= datetime.now(UTC)
    assert (entry.seq, entry.previous) == (1, BEFORE_FIRST)
    assert log.verify().fault == ""


def test_a_deleted_matter_is_still_told_by_its_name(log: Audit, engine: sa.Engine, tmp_path: Path) -> None:
    library = Library(engine, Files(tmp_path / "files"))
    matter = library.create_matter("Acme")
    log.record(ANN, Act.DELETE, matter_id=matter.id)
    library.delete_matter(matter.id)
    log.record(BEN, Act.REFUSAL, matter_id=matter.id)
    assert [entry.matter_name for entry in log.each(Wanted(matter.id))] == ["Acme", ""]


@pytest.mark.parametrize("text", ["What is the rent?", "Lease.pdf of Acme", "x" * 65, "two\nlines", "a;b"])
def test_no_row_has_room_for_a_sentence(log: Audit, text: str) -> None:
    for values in ({"object": text}, {"matter_id": text}, {"why": text}, {"documents": [text]}):
        with pytest.raises(ValueError, match="takes ids") as error:
            log.record(ANN, Act.QUESTION, **values)
        assert text not in str(error.value)
    assert list(log.each(Wanted())) == []


def test_rows_of_many_threads_are_one_chain(log: Audit) -> None:
    threads = [threading.Thread(target=_wrote, args=(log, 6)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.seq for entry in log.each(Wanted())] == list(range(1, 37))
    found = log.verify()
    assert (found.rows, found.fault) == (36, "")


def test_many_documents_are_all_named_in_rows_that_stay_small(log: Audit) -> None:
    ids = [f"{number:064x}" for number in range(MOST_DOCUMENTS + 1)]
    log.record_documents(ANN, Act.READ, ids, matter_id=ID, object="b" * 32)
    rows = list(log.each(Wanted()))
    assert [len(row.documents) for row in rows] == [MOST_DOCUMENTS, 1]
    assert [id_ for row in rows for id_ in row.documents] == ids
    assert [row.seq for row in log.each(Wanted(document_id=ids[-1]))] == [2]


def test_guests_are_not_recorded(log: Audit) -> None:
    log.record(User(f"{GUEST}1", "Guest"), Act.UPLOAD, matter_id=ID)
    assert list(log.each(Wanted())) == []


def test_rows_are_found_by_person_act_matter_and_time(log: Audit) -> None:
    log.record(ANN, Act.SIGN_IN)
    log.record(BEN, Act.PAGE, matter_id=ID, object=DOCUMENT)
    log.record(ANN, Act.PAGE, matter_id=ID, object=DOCUMENT)
    times = [entry.time for entry in log.each(Wanted())]

    def found(wanted: Wanted) -> list[int]:
        return [entry.seq for entry in log.each(wanted)]

    assert found(Wanted(user_id="ann")) == [1, 3]
    assert found(Wanted(act="page")) == [2, 3]
    assert found(Wanted(matter_id=ID, user_id="ann")) == [3]
    assert found(Wanted(since=times[1])) == [2, 3]
    assert found(Wanted(until=times[1])) == [1]
    assert found(Wanted(since=times[2] + timedelta(seconds=1))) == []
    assert [entry.seq for entry in log.entries(Wanted(before=3), 1, newest_first=True)] == [2]
    assert log.people() == [ANN, BEN]
    assert log.people("f" * 32) == []


_CHANGES: dict[str, Callable[[], tuple[sa.Executable, ...]]] = {
    "who": lambda: (sa.update(table).where(table.c.seq == 3).values(user_id="ben"),),
    "when": lambda: (sa.update(table).where(table.c.seq == 3).values(at="2020-01-01T00:00:00.000000+00:00"),),
    "what": lambda: (sa.update(table).where(table.c.seq == 3).values(detail="{"),),
    "its digest": lambda: (sa.update(table).where(table.c.seq == 3).values(digest="0" * 64),),
    "removed": lambda: (sa.delete(table).where(table.c.seq == 3),),
    "exchanged": lambda: tuple(
        sa.update(table).where(table.c.seq == a).values(seq=b) for a, b in ((3, 99), (4, 3), (99, 4))
    ),
}


@pytest.mark.parametrize("change", _CHANGES)
def test_the_first_row_that_was_changed_is_named(log: Audit, engine: sa.Engine, change: str) -> None:
    _wrote(log)
    _tampered(engine, *_CHANGES[change]())
    found = log.verify()
    assert found.rows == 2
    assert "3" in found.fault


def test_a_row_that_is_put_in_with_a_digest_of_its_own_is_found(log: Audit, engine: sa.Engine) -> None:
    _wrote(log)
    entries = list(log.each(Wanted()))
    forged = replace(entries[2], user_id="ben")
    from webapp.store.audit import _digest  # the forger knows how digests are made

    _tampered(engine, sa.update(table).where(table.c.seq == 3).values(user_id="ben", digest=_digest(forged)))
    found = log.verify()
    assert (found.seq, found.rows) == (4, 3)
    assert "does not follow" in found.fault


def test_a_cut_end_is_found_by_the_head_in_the_file_and_stays_found(log: Audit, engine: sa.Engine) -> None:
    _wrote(log)
    _tampered(engine, sa.delete(table).where(table.c.seq > 3))
    assert log.verify().fault == "rows 4 to 5 are missing"
    _wrote(log, 4)  # rows 4 to 7: the head of the old row 5 is not overwritten by a row that does not follow it
    found = log.verify()
    assert found.seq == 5
    assert "made anew" in found.fault


def test_a_chain_made_anew_with_its_file_is_found_by_a_head_that_was_kept_elsewhere(
    log: Audit, engine: sa.Engine, tmp_path: Path
) -> None:
    kept = _wrote(log).verify().head
    _tampered(engine, sa.delete(table))
    (tmp_path / "audit.head").unlink()
    _wrote(log, 7)
    assert log.verify().fault == ""
    assert log.verify(kept).seq == 5
    assert log.verify(Head.of(str(kept))).fault == log.verify(kept).fault


def test_a_missing_file_of_the_head_is_told(log: Audit, tmp_path: Path) -> None:
    _wrote(log)
    file = tmp_path / "audit.head"
    assert file.stat().st_mode & 0o777 == 0o600
    file.unlink()
    assert "audit.head" in log.verify().fault
    head = str(_wrote(log).verify().head)  # what is written next hides nothing of it
    assert "audit.head" in log.verify().fault
    file.write_text(head)
    assert _wrote(log).verify().fault == ""


def test_a_refused_access_is_recorded_by_ids_alone(log: Audit) -> None:
    refused: tuple[tuple[PinciteError, dict[str, str], tuple[str, str, str] | None], ...] = (
        (NoSuchMatter(matter="What a name"), {}, None),
        (NoSuchMatter(matter=ID), {"object": DOCUMENT}, (ID, DOCUMENT, "NoSuchMatter")),
        (NoSuchMatter(matter="…"), {"matter_id": "../../etc"}, None),
        (NoSuchConversation(), {"object": ID}, ("", ID, "NoSuchConversation")),
        (RoleTooLow(), {"matter_id": ID, "object": "the lease"}, (ID, "", "RoleTooLow")),
    )
    for error, ids, _ in refused:
        with pytest.raises(type(error)), log.refusals(ANN, **ids):
            raise error
    rows = [(row.matter_id, row.object, row.details["why"]) for row in log.each(Wanted(act=Act.REFUSAL))]
    assert rows == [row for _, _, row in refused if row]


def test_where_the_log_cannot_be_written_the_writer_is_told(tmp_path: Path) -> None:
    nowhere = database.open_database("postgresql://postgres@127.0.0.1:1/none")
    with pytest.raises(PinciteError) as error:
        Audit(nowhere, tmp_path / "audit.head").record(ANN, Act.PAGE, matter_id=ID)
    assert type(error.value).__name__ == "StoreUnavailable"
    assert not (tmp_path / "audit.head").exists()
