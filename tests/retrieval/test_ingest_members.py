"""Files within files: each becomes a document of the matter, or is named where it does not."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa

from retrieval.core.errors import MatterFull
from retrieval.library.schema import DocumentRecord, Matter
from retrieval.reading.containers import DEPTH
from tests.docx_files import docx, paragraph, run
from tests.mail_files import eml
from tests.pdfs import make_pdf
from tests.retrieval.reading.test_containers import portfolio, zipped
from tests.retrieval.stores import Stores, opened

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("data")) as stores:
        yield stores


@pytest.fixture
def matter(stores: Stores, request: pytest.FixtureRequest) -> Matter:
    return stores.library.create_matter(request.node.name)


def taken_in(stores: Stores, matter: Matter, files: Mapping[str, bytes]) -> dict[str, DocumentRecord]:
    """The documents of a matter by name, once these files are ingested."""
    for name, data in files.items():
        stores.library.accept(matter.id, name, data)
    stores.ingest.run()
    return {record.name: record for record in stores.library.documents(matter.id)}


def test_an_archive_becomes_its_files_and_is_gone(stores: Stores, matter: Matter) -> None:
    files = {"Closing set/01 Lease.pdf": make_pdf(["Lease"]), "Closing set/a/Note.txt": b"Note", ".DS_Store": b"x"}
    found = taken_in(stores, matter, {"Closing set.zip": zipped(files)})
    assert sorted(found) == ["Closing set › 01 Lease.pdf", "Closing set › a › Note.txt"]
    assert {record.state for record in found.values()} == {"ready"}
    lease = found["Closing set › 01 Lease.pdf"]
    assert stores.library.original(matter.id, lease.id) == make_pdf(["Lease"])
    assert lease.sources[0].container
    assert taken_in(stores, matter, {"Closing set.zip": zipped(files)}) == found, "a second time they are there"


def test_an_archive_with_files_that_are_not_read_stays_and_names_them(stores: Stores, matter: Matter) -> None:
    found = taken_in(stores, matter, {"set.zip": zipped({"a.txt": b"Words", "b.xlsx": b"x", "c.txt": b""})})
    outcomes = {name: record.outcome for name, record in found.items()}
    assert outcomes == {"set.zip": "partly_read", "set › a.txt": "ready"}
    assert found["set.zip"].reason == (
        "In “set.zip” 2 files were not read: “b.xlsx” (it is of a kind that is not read), “c.txt” (“set › c.txt” is "
        "empty). Its other files are documents of the matter."
    )


def test_an_archive_without_files_is_refused(stores: Stores, matter: Matter) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.mkdir("empty")
    assert taken_in(stores, matter, {"set.zip": out.getvalue()})["set.zip"].state == "failed"


def test_an_archive_of_which_no_file_is_read_has_failed(stores: Stores, matter: Matter) -> None:
    found = taken_in(stores, matter, {"set.zip": zipped({"b.xlsx": b"x"})})["set.zip"]
    assert found.outcome == "failed"
    assert (found.reason or "").endswith("(it is of a kind that is not read). It has no other files.")


def test_the_files_of_a_portfolio_are_documents_beside_its_cover(stores: Stores, matter: Matter) -> None:
    files = {"02 Escrow Agreement.pdf": make_pdf(["ESCROW"]), "model.xlsx": b"x"}
    found = taken_in(stores, matter, {"Closing set.pdf": portfolio(files)})
    assert set(found) == {"Closing set.pdf", "Closing set › 02 Escrow Agreement.pdf"}
    [warning] = found["Closing set.pdf"].warnings
    assert (warning.kind, "“model.xlsx”" in warning.text) == ("attachments", True)
    stores.ingest.reindex(matter.id)
    stores.ingest.run()
    assert list(stores.library.record(matter.id, found["Closing set.pdf"].id).warnings) == [warning]


def test_what_a_word_file_tells_of_the_files_in_it_is_told_once_however_often_it_is_indexed(
    stores: Stores, matter: Matter
) -> None:
    embedded = '<w:r><w:object><o:OLEObject ProgID="Excel.Sheet.12"/></w:object></w:r>'
    found = taken_in(stores, matter, {"Fees.docx": docx(paragraph(embedded, run("Fees.")))})
    [warning] = found["Fees.docx"].warnings
    for _ in range(2):
        stores.ingest.reindex(matter.id)
        stores.ingest.run()
    assert list(stores.library.record(matter.id, found["Fees.docx"].id).warnings) == [warning]


def test_files_are_taken_out_in_every_matter_although_the_text_is_known(stores: Stores, matter: Matter) -> None:
    mail = eml("Known words", files={"known.txt": b"Attached words"}).as_bytes()
    taken_in(stores, stores.library.create_matter("another"), {"known.eml": mail})
    assert set(taken_in(stores, matter, {"known.eml": mail})) == {"known.eml", "known › known.txt"}


def test_containers_in_containers_are_opened_down_to_a_depth_and_no_further(stores: Stores, matter: Matter) -> None:
    data = zipped({"deep.txt": b"Innermost"})
    for level in range(DEPTH):
        data = zipped({f"{level}.zip": data})
    found = taken_in(stores, matter, {"set.zip": data})
    assert [record.state for record in found.values()] == ["failed"]
    [innermost] = found.values()
    assert innermost.reason is not None
    assert "lies in more than" in innermost.reason


def test_a_mail_in_an_archive_brings_its_attachment_under_the_archive(stores: Stores, matter: Matter) -> None:
    mail = eml("See attached", files={"lease.pdf": make_pdf(["Lease of a mail"])}).as_bytes()
    archive = stores.library.accept(matter.id, "set.zip", zipped({"in/mail.eml": mail}))
    found = taken_in(stores, matter, {})
    assert set(found) == {"set › in › mail.eml", "set › in › mail › lease.pdf"}
    assert {record.sources[0].container for record in found.values()} == {archive.id}


def test_a_file_that_is_there_under_another_name_is_told(stores: Stores, matter: Matter) -> None:
    found = taken_in(stores, matter, {"Lease.pdf": make_pdf(["L"]), "set.zip": zipped({"Copy.pdf": make_pdf(["L"])})})
    [(name, record)] = found.items()
    assert name == "Lease.pdf"
    assert [each.text for each in record.warnings] == [
        "“set › Copy.pdf” is the same file, already there as “Lease.pdf”."
    ]


def test_files_of_one_name_are_told_apart(stores: Stores, matter: Matter) -> None:
    for name, text in (("Lease.pdf", "2026"), ("Lease.pdf", "2028"), ("Lease.pdf", "2030"), ("LEASE.PDF", "2032")):
        stores.library.accept(matter.id, name, make_pdf([text]))
    found = taken_in(stores, matter, {})
    assert sorted(found) == ["LEASE (4).PDF", "Lease (2).pdf", "Lease (3).pdf", "Lease.pdf"]
    [warning] = found["Lease (2).pdf"].warnings
    assert warning.text == "Another file here is named “Lease.pdf”; this one is shown as “Lease (2).pdf”."


def test_what_is_found_within_a_file_counts_in_the_quota(stores: Stores, matter: Matter) -> None:
    def allows(connection: sa.Connection, _size: int) -> None:
        if stores.library.held(connection, sa.select(sa.literal(matter.id)))[0] >= 2:
            raise MatterFull(name="it", limit=2)

    stores.ingest.members_allowed = lambda _matter_id: allows
    try:
        found = taken_in(stores, matter, {"set.zip": zipped({"a.txt": b"One", "b.txt": b"Two"})})
    finally:
        stores.ingest.members_allowed = lambda _matter_id: None
    assert sorted(found) == ["set › a.txt", "set.zip"]
    assert "b.txt" in (found["set.zip"].reason or "")


def test_a_trap_among_files_stops_none_of_the_others(tmp_path: Path, stores: Stores, matter: Matter) -> None:
    files = {"../../evil.txt": b"Evil words", "bomb.txt": bytes(30 << 20), "good.txt": b"Good words"}
    found = taken_in(stores, matter, {"set.zip": zipped(files)})
    assert {name for name, record in found.items() if record.state == "ready"} == {"set › evil.txt", "set › good.txt"}
    assert "bomb.txt" in (found["set.zip"].reason or "")
    assert not list(tmp_path.rglob("evil*"))
