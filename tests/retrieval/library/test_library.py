import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import fsspec
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from retrieval.core.documents import Document, Page
from retrieval.core.errors import (
    DataFolderUnusable,
    DocumentNotReady,
    FileTooLarge,
    MatterExists,
    NoSuchDocument,
    NoSuchMatter,
    PackageMissing,
    StoreUnavailable,
    UnreadableFile,
)
from retrieval.library.database import migrate, open_database, reading, writing
from retrieval.library.files import Arrival, Files
from retrieval.library.jobs import JobLost
from retrieval.library.library import MIGRATIONS, VERSION_TABLE, Library, clean_name
from retrieval.library.schema import DocumentRecord, jobs, metadata
from tests.pdfs import make_pdf

PDF = make_pdf(["Term. Two years."])
OTHER = make_pdf(["Fees. Ten dollars."])


@dataclass(frozen=True)
class Place:
    """Where a library lies: on one machine, or in a firm with PostgreSQL and a file store at a URL."""

    database: str
    files: str

    def open(self) -> Library:
        return Library(open_database(self.database), Files(self.files), max_file_mib=1)

    def kept(self) -> set[str]:
        """The suffixes and ids of all files that are kept."""
        fs, root = fsspec.url_to_fs(self.files)
        return {path.rsplit("/", 1)[1] for path in fs.find(root)}


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Place:
    on_one_machine = database_url.startswith("sqlite")
    return Place(database_url, str(tmp_path / "files") if on_one_machine else f"memory://{uuid.uuid4().hex}")


@pytest.fixture
def library(place: Place) -> Iterator[Library]:
    library = place.open()
    yield library
    library.close()


# Schema


def test_migrations_make_the_tables_that_the_code_declares(place: Place, library: Library) -> None:
    engine = open_database(place.database)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_another_room_has_its_own_chain_in_the_same_database(place: Place, library: Library, tmp_path: Path) -> None:
    (tmp_path / "chain").mkdir()
    (tmp_path / "chain" / "first.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\nrevision = '0001'\ndown_revision = None\n"
        "def upgrade() -> None:\n    op.create_table('guests', sa.Column('id', sa.Integer, primary_key=True))\n"
    )
    engine = open_database(place.database)
    migrate(engine, tmp_path / "chain", "guests_version")
    migrate(engine, tmp_path / "chain", "guests_version")
    migrate(engine, MIGRATIONS, VERSION_TABLE)
    tables = set(sa.inspect(engine).get_table_names())
    engine.dispose()
    assert tables == {*metadata.tables, VERSION_TABLE, "guests", "guests_version"}


def test_a_migration_that_breaks_off_leaves_nothing(place: Place, tmp_path: Path) -> None:
    (tmp_path / "chain").mkdir()
    (tmp_path / "chain" / "first.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\nrevision = '0001'\ndown_revision = None\n"
        "def upgrade() -> None:\n    op.create_table('half', sa.Column('id', sa.Integer))\n"
        "    raise KeyboardInterrupt\n"
    )
    engine = open_database(place.database)
    with pytest.raises(KeyboardInterrupt):
        migrate(engine, tmp_path / "chain", "half_version")
    tables = sa.inspect(engine).get_table_names()
    engine.dispose()
    assert tables == []


def test_sqlite_keeps_foreign_keys_and_readers_apart_from_writers(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/pincite.db")
    Library(engine, Files(tmp_path / "files"))
    with writing(engine) as writer:
        writer.execute(
            sa.text("INSERT INTO matters (id, name, created_at, retired) VALUES ('m', 'm', '2026-01-01', 0)")
        )
        with reading(engine) as reader:
            assert reader.scalar(sa.text("PRAGMA journal_mode")) == "wal"
            assert reader.scalar(sa.text("PRAGMA foreign_keys")) == 1
            assert reader.scalar(sa.text("SELECT count(*) FROM matters")) == 0
    engine.dispose()


# Documents


def test_an_accepted_file_waits_and_is_there_after_another_start(place: Place, library: Library) -> None:
    matter = library.create_matter("Acme")
    record = library.accept(matter.id, "lease.pdf", PDF)
    assert (record.name, record.state, record.page, record.pages, record.bytes) == (
        "lease.pdf",
        "waiting",
        0,
        0,
        len(PDF),
    )
    later = place.open()
    assert later.documents(matter.id) == [record]
    assert later.original(matter.id, record.id) == PDF
    later.close()


def test_the_same_file_twice_in_a_matter_is_one_document(place: Place, library: Library) -> None:
    matter = library.create_matter("Acme")
    first = library.accept(matter.id, "lease.pdf", PDF)
    assert library.accept(matter.id, "lease.pdf", PDF) == first
    again = library.accept(matter.id, "copy of lease.pdf", PDF)
    assert (again.id, again.name, library.documents(matter.id)) == (first.id, "lease.pdf", [again])
    assert [(each.kind, each.text) for each in again.warnings] == [
        ("duplicate", "“copy of lease.pdf” is the same file, already there as “lease.pdf”.")
    ]
    assert len(place.kept()) == 1


def test_a_failed_document_waits_again_when_it_comes_again(library: Library) -> None:
    matter = library.create_matter("Acme")
    library.accept(matter.id, "lease.pdf", PDF)
    claimed = library.jobs.claim()
    assert claimed is not None
    library.jobs.save(replace(claimed, state="failed", reason="the disk was full", attempts=3))
    again = library.accept(matter.id, "lease.pdf", PDF)
    assert (again.state, again.reason, again.attempts) == ("waiting", None, 0)


def test_a_file_in_two_matters_is_kept_once_until_the_last_lets_go(place: Place, library: Library) -> None:
    one, two = library.create_matter("One"), library.create_matter("Two")
    record = library.accept(one.id, "a.pdf", PDF)
    assert library.accept(two.id, "b.pdf", PDF).id == record.id
    library.keep_text(record, _document(record.id, "a.pdf"))
    assert len(place.kept()) == 2
    library.remove(one.id, record.id)
    assert len(place.kept()) == 2
    assert library.document(two.id, record.id).name == "b.pdf"
    with pytest.raises(NoSuchDocument):
        library.document(one.id, record.id)
    library.delete_matter(two.id)
    assert place.kept() == set()


def test_text_comes_back_as_it_was_read(place: Place, library: Library) -> None:
    matter = library.create_matter("Acme")
    record = library.accept(matter.id, "lease.pdf", PDF)
    with pytest.raises(DocumentNotReady, match="waiting"):
        library.document(matter.id, record.id)
    read = _document(record.id, "lease.pdf")
    library.keep_text(record, read)
    later = place.open()
    assert later.document(matter.id, record.id) == read
    later.close()


def test_text_of_a_document_that_was_removed_meanwhile_is_not_kept(place: Place, library: Library) -> None:
    matter = library.create_matter("Acme")
    record = library.accept(matter.id, "lease.pdf", PDF)
    library.remove(matter.id, record.id)
    with pytest.raises(NoSuchDocument):
        library.keep_text(record, _document(record.id, "lease.pdf"))
    assert place.kept() == set()


def test_a_crash_between_bytes_and_row_leaves_a_file_that_is_swept(place: Place) -> None:
    class Stopping(Files):
        def keep(self, arrival: Arrival, key: str) -> None:
            super().keep(arrival, key)
            raise KeyboardInterrupt

    before = place.open()
    matter = before.create_matter("Acme")
    held = before.accept(matter.id, "held.pdf", OTHER)
    before.close()
    stopping = Library(open_database(place.database), Stopping(place.files))
    for data in (PDF, OTHER):
        with pytest.raises(KeyboardInterrupt):
            stopping.accept(matter.id if data == PDF else stopping.create_matter("Two").id, "x.pdf", data)
    stopping.close()
    assert len(place.kept()) == 2
    after = place.open()
    after.sweep()
    after.close()
    assert place.kept() == {f"{held.id}.pdf"}


def test_files_of_another_database_are_never_swept(place: Place, library: Library, tmp_path: Path) -> None:
    record = library.accept(library.create_matter("Acme").id, "lease.pdf", PDF)
    moved = Library(open_database(f"sqlite:///{tmp_path}/new.db"), Files(place.files))
    moved.sweep()
    moved.close()
    assert place.kept() == {f"{record.id}.pdf"}


def test_many_uploads_at_once_are_each_kept(place: Place, library: Library) -> None:
    matters = [library.create_matter(f"Matter {n}") for n in range(3)]
    files = [make_pdf([f"Agreement {n}"]) for n in range(6)]
    work = [(m.id, f"{n}.pdf", data) for m in matters for n, data in enumerate(files)] * 2
    with ThreadPoolExecutor(8) as pool:
        records = list(pool.map(lambda args: library.accept(*args), work))
    assert len({(r.matter_id, r.id) for r in records}) == 18
    assert all(len(library.documents(m.id)) == 6 for m in matters)
    assert len(place.kept()) == 6


def accepted(library: Library, namespace: str, count: int) -> list[str]:
    """Documents of a matter of a user's."""
    matter = library.create_matter(namespace, namespace=namespace)
    files = [make_pdf([f"{namespace} {n}"]) for n in range(count)]
    return [library.accept(matter.id, f"{n}.pdf", data).id for n, data in enumerate(files)]


def claim(library: Library, of: int) -> DocumentRecord:
    claimed = library.jobs.claim(of)
    assert claimed is not None
    return claimed


def test_a_single_worker_takes_turns_between_users(library: Library) -> None:
    many, few, one = (accepted(library, name, count) for name, count in (("many", 4), ("few", 2), ("one", 1)))
    taken = []
    while record := library.jobs.claim(1):
        taken.append(record.id)
        library.jobs.save(replace(record, state="ready"))
    assert taken == [many[0], few[0], one[0], many[1], few[1], many[2], many[3]]


def test_no_user_has_all_workers_where_there_are_others(library: Library) -> None:
    many = accepted(library, "many", 4)
    assert {claim(library, 3).id for _ in range(3)} == set(many[:3])  # alone with the library: all of them
    library.jobs.put_back()
    one = accepted(library, "one", 1)
    held = [claim(library, 3), claim(library, 3), claim(library, 3)]
    assert one[0] in {record.id for record in held}
    assert library.jobs.claim(3) is None
    library.jobs.save(replace(next(r for r in held if r.id == one[0]), state="ready"))
    assert library.jobs.claim(3) is None  # the third waits for someone else
    library.jobs.save(replace(next(r for r in held if r.id != one[0]), state="ready"))
    assert claim(library, 3).id in many


def test_what_is_given_back_waits_behind_the_others(library: Library) -> None:
    first, second = accepted(library, "one", 2)
    record = claim(library, 2)
    assert record.id == first
    library.jobs.give_back(record)
    assert [claim(library, 2).id, claim(library, 2).id] == [second, first]


def test_what_a_process_lost_goes_to_another_and_what_it_renews_does_not(place: Place, library: Library) -> None:
    lost, kept = (claim(library, 2) for _ in accepted(library, "one", 2))
    other = place.open()  # a process beside this one
    try:
        assert other.jobs.claim(2) is None
        _end_leases(place)
        library.jobs.save(kept)
        assert claim(other, 2).id == lost.id
        with pytest.raises(JobLost):
            library.jobs.save(lost)
        _end_leases(place)
        library.jobs.renew()
        other.jobs.renew()
        assert other.jobs.claim(2) is None
    finally:
        other.close()


def _end_leases(place: Place) -> None:
    engine = open_database(place.database)
    with writing(engine) as connection:
        connection.execute(sa.update(jobs).values(lease_until=datetime.now(UTC) - timedelta(seconds=1)))
    engine.dispose()


def test_what_is_paused_is_not_worked_on_until_it_is_resumed(library: Library) -> None:
    first, second = accepted(library, "one", 2)
    record = claim(library, 2)
    matter_id = record.matter_id
    assert library.jobs.pause(matter_id, first) == 1
    with pytest.raises(JobLost):
        library.jobs.save(replace(record, page=3))
    library.jobs.give_back(record)
    assert library.record(matter_id, first).state == "paused"
    assert library.jobs.pause(matter_id) == 1
    assert (library.jobs.claim(2), library.jobs.at_work()) == (None, 0)
    assert library.jobs.resume(matter_id) == 2
    assert {claim(library, 2).id, claim(library, 2).id} == {first, second}


def test_only_what_failed_is_retried(library: Library) -> None:
    first, second = accepted(library, "one", 2)
    record = claim(library, 2)
    library.jobs.save(replace(record, state="failed", reason="it is damaged"))
    assert library.jobs.retry(record.matter_id) == 1
    tried = library.record(record.matter_id, first)
    assert (tried.state, tried.reason) == ("waiting", None)
    assert {claim(library, 2).id, claim(library, 2).id} == {first, second}


def test_only_what_is_as_it_was_seen_is_tried_again(library: Library) -> None:
    accepted(library, "one", 1)
    record = claim(library, 2)
    library.jobs.try_again(replace(record, state="ready"))
    assert library.record(record.matter_id, record.id).state == "reading"


def test_a_job_is_claimed_once_and_the_oldest_first(library: Library) -> None:
    matter = library.create_matter("Acme")
    accepted = [library.accept(matter.id, f"{n}.pdf", make_pdf([str(n)])).id for n in range(12)]
    with ThreadPoolExecutor(4) as pool:
        claimed = [record for record in pool.map(lambda _: library.jobs.claim(), range(16)) if record]
    assert sorted(r.id for r in claimed) == sorted(accepted)
    assert {r.state for r in claimed} == {"reading"}
    library.jobs.put_back()
    assert library.jobs.at_work() == 12


# Matters


def test_a_matter_has_one_name_and_the_name_one_matter(library: Library) -> None:
    acme = library.create_matter("Acme")
    with pytest.raises(MatterExists, match="Acme"):
        library.create_matter("Acme")
    assert library.matters() == [acme]
    assert library.matter(acme.id) == acme
    with pytest.raises(NoSuchMatter):
        library.matter("nothing")


def test_a_retired_matter_is_gone_for_everyone(place: Place, library: Library) -> None:
    acme = library.create_matter("Acme")
    record = library.accept(acme.id, "lease.pdf", PDF)
    library.retire_matter(acme.id)
    for ask in (library.matter, library.documents, library.retire_matter):
        with pytest.raises(NoSuchMatter):
            ask(acme.id)
    with pytest.raises(NoSuchMatter):
        library.accept(acme.id, "other.pdf", OTHER)
    with pytest.raises(NoSuchDocument):
        library.original(acme.id, record.id)
    assert library.jobs.claim() is None
    assert library.create_matter("Acme").id != acme.id
    assert library.retired_matters() == [acme.id]
    library.delete_matter(acme.id)
    assert library.retired_matters() == []
    assert place.kept() == set()


# Names and sizes


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("lease.pdf", "lease.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\y.pdf", "y.pdf"),
        ("/tmp/a b  c.pdf", "a b c.pdf"),
        ("a\x00b\x1b[31m\nc.pdf", "ab[31m c.pdf"),
        ("exe.\u202efdp", "exe.fdp"),
        ("Vertrag \u201eMu\u0308ller\u201c.pdf", "Vertrag \u201eM\u00fcller\u201c.pdf"),
        ("not-utf8-\udcff.pdf", "not-utf8-.pdf"),
        ("..", ""),
        (". .", ""),
        ("folder/", ""),
        ("", ""),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
        ("x" * 255, "x" * 255),
    ],
)
def test_a_name_is_the_last_part_of_its_path_and_can_be_seen(given: str, kept: str) -> None:
    assert clean_name(given) == kept


def test_no_part_of_a_name_reaches_the_file_store(place: Place, library: Library) -> None:
    matter = library.create_matter("Acme")
    record = library.accept(matter.id, "../../../escape.pdf", PDF)
    nameless = library.accept(matter.id, "..", OTHER)
    assert (record.name, nameless.name) == ("escape.pdf", "document.pdf")
    assert place.kept() == {f"{record.id}.pdf", f"{nameless.id}.pdf"}


def test_a_file_over_the_limit_is_refused_before_it_is_read(library: Library, tmp_path: Path) -> None:
    matter = library.create_matter("Acme")
    with (tmp_path / "huge.pdf").open("wb") as out:
        out.write(PDF)
        out.truncate(300 << 20)
    assert str(FileTooLarge(name="a.pdf", size_mib=12345.5, limit_mib=200)).startswith("“a.pdf” is 12345.5 MiB;")
    with pytest.raises(FileTooLarge, match=r"“huge\.pdf” is 300 MiB; the limit is 1 MiB"):
        library.accept_path(matter.id, tmp_path / "huge.pdf")
    with pytest.raises(FileTooLarge):
        library.accept(matter.id, "huge.pdf", PDF + bytes(1 << 20))
    assert library.documents(matter.id) == []


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no endless file here")
def test_a_file_without_a_size_is_cut_off_at_the_limit(library: Library) -> None:
    with pytest.raises(FileTooLarge):
        library.accept_path(library.create_matter("Acme").id, Path("/dev/zero"))


def test_a_file_from_the_disk_keeps_its_name_unless_told(library: Library, tmp_path: Path) -> None:
    matter = library.create_matter("Acme")
    (tmp_path / "a.pdf").write_bytes(PDF)
    assert library.accept_path(matter.id, tmp_path / "a.pdf").name == "a.pdf"
    (tmp_path / "upload123").write_bytes(OTHER)
    assert library.accept_path(matter.id, tmp_path / "upload123", "b.pdf").name == "b.pdf"
    for path in (tmp_path / "nothing.pdf", tmp_path):
        with pytest.raises(UnreadableFile):
            library.accept_path(matter.id, path)


def test_the_least_recent_texts_leave_memory_and_come_back_from_the_store(library: Library) -> None:
    matter = library.create_matter("Acme")
    texts = [str(n) * 11_000_000 for n in range(6)]  # 66 million characters, more than is kept in memory
    records = [library.accept(matter.id, f"{n}.pdf", make_pdf([str(n)])) for n in range(6)]
    for record, text in zip(records, texts, strict=True):
        library.keep_text(record, Document(record.id, record.name, text, (Page(1, "1", 0, len(text)),)))
    assert all(library.document(matter.id, r.id).text == text for r, text in zip(records, texts, strict=True))


# What cannot be reached


def test_a_store_that_cannot_be_used_says_which(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="The database cannot be reached"):
        Library(open_database("postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=2"), Files(tmp_path))
    with pytest.raises(DataFolderUnusable, match="unable to open"):
        Library(open_database(f"sqlite:///{tmp_path}/no/such/folder/x.db"), Files(tmp_path))
    for address in ("", "no address", "oracle://x", "nonsense://x"):
        with pytest.raises((StoreUnavailable, PackageMissing)):
            open_database(address)
    (tmp_path / "a file").write_bytes(b"")
    with pytest.raises(DataFolderUnusable):
        Files(tmp_path / "a file" / "files")
    with pytest.raises(StoreUnavailable, match="file store"):
        Files("nonsense://bucket")


@pytest.mark.skipif(find_spec("s3fs") is not None, reason="s3fs is installed")
def test_a_file_store_whose_driver_is_missing_says_what_to_install() -> None:
    with pytest.raises(PackageMissing, match="s3fs"):
        Files("s3://bucket/prefix")


def _document(document_id: str, name: str) -> Document:
    text = "Term. \U0001d400 “Two” years.\f\fFees."
    return Document(document_id, name, text, (Page(1, "i", 0, 20), Page(2, "ii", 21, 21, False), Page(3, "1", 22, 27)))
