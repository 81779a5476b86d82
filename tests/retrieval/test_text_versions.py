"""Documents that an older version read: read again, while what was cited keeps its text."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from retrieval.core.errors import DocumentNotReady
from retrieval.library.database import writing
from retrieval.library.schema import DocumentRecord, texts
from retrieval.reading.formats import FORMATS
from tests.documents import document
from tests.pdfs import make_pdf
from tests.retrieval.stores import Stores, opened

pytestmark = pytest.mark.slow

LEASE = make_pdf(
    ["LEASE\nThis Lease is made as of March 3, 2020 between Acme Corp. and Bolt LLC.", "1. Rent. It is $4."]
)
OLD = "LEASE of the old converter between Acme Corp. and Bolt LLC.\f1. Rent."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def stores(folder: Path) -> Iterator[Stores]:
    with opened(folder) as stores:
        yield stores


def read_by_an_older_version(stores: Stores) -> DocumentRecord:
    """A ready document whose text another converter made, which was version 1; today's is a later one."""
    matter = stores.library.create_matter("Acme")
    record = stores.library.accept(matter.id, "lease.pdf", LEASE)
    stores.library.keep_text(record, document(OLD, id_=record.id, name=record.name))
    with pytest.MonkeyPatch.context() as before:
        before.setitem(FORMATS, "PDF", replace(FORMATS["PDF"], version=1))
        stores.ingest.run()
    return stores.library.record(matter.id, record.id)


def text(stores: Stores, record: DocumentRecord, version: int | None = None) -> str:
    return stores.library.document(record.matter_id, record.id, version).text


def test_a_document_is_read_again_by_a_newer_converter_and_what_was_cited_keeps_its_text(
    stores: Stores,
) -> None:
    record = read_by_an_older_version(stores)
    assert (record.state, record.text_version, text(stores, record)) == ("ready", 1, OLD)
    assert stores.ingest.repair() == 1
    stores.ingest.run()
    record = stores.library.record(record.matter_id, record.id)
    assert (record.state, record.text_version) == ("ready", FORMATS["PDF"].version)
    assert "It is $4." in text(stores, record)
    assert text(stores, record, 1) == OLD
    assert stores.library.document(record.matter_id, record.id).version == FORMATS["PDF"].version
    assert stores.ingest.repair() == 0


def test_an_older_text_goes_when_nothing_cites_it_or_the_document_goes(stores: Stores, folder: Path) -> None:
    record = read_by_an_older_version(stores)
    stores.library.drop_old_texts(lambda _id, _version: False)  # the one that is searched is no older one
    assert text(stores, record) == OLD
    stores.ingest.repair()
    stores.ingest.run()
    stores.library.drop_old_texts(lambda id_, version: (id_, version) == (record.id, 1))
    assert text(stores, record, 1) == OLD
    stores.library.drop_old_texts(lambda _id, _version: False)
    with pytest.raises(DocumentNotReady):
        text(stores, record, 1)
    stores.library.keep_text(record, document(OLD, id_=record.id))
    stores.ingest.remove(record.matter_id, record.id)
    assert [path.name for path in (folder / "files").rglob(f"{record.id}*")] == []


def test_a_document_whose_bytes_are_gone_stays_as_it_was_read(stores: Stores, folder: Path) -> None:
    record = read_by_an_older_version(stores)
    (folder / "files" / record.id[:2] / f"{record.id}.pdf").unlink()
    assert stores.ingest.repair() == 0
    assert text(stores, record) == OLD


def test_a_document_that_cannot_be_read_any_more_is_searched_as_the_older_version_read_it(
    stores: Stores, folder: Path
) -> None:
    record = read_by_an_older_version(stores)
    (folder / "files" / record.id[:2] / f"{record.id}.pdf").write_bytes(b"%PDF-1.7 damaged")
    assert stores.ingest.repair() == 1
    stores.ingest.run()
    record = stores.library.record(record.matter_id, record.id)
    assert (record.state, record.text_version, record.reason) == ("ready", 1, None)
    assert text(stores, record) == OLD
    assert stores.lexical.document_ids(record.matter_id) == {record.id}
    assert stores.vectors.document_ids(record.matter_id) == {record.id}


def test_facts_of_an_older_version_are_found_again_while_the_document_stays_ready(stores: Stores) -> None:
    matter = stores.library.create_matter("Acme")
    record = stores.library.accept(matter.id, "lease.pdf", LEASE)
    stores.ingest.run()
    facts = stores.library.facts(matter.id, record.id)
    assert [party.name for party in facts.parties] == ["Acme Corp.", "Bolt LLC"]
    with writing(stores.library._engine) as connection:
        connection.execute(sa.update(texts).values(facts_version=0, facts=None))
    assert stores.library.without_facts() == {(matter.id, record.id)}
    assert stores.ingest.repair() == 0  # no document waits
    states: list[str] = []
    stores.ingest.run(lambda changed: states.append(changed.state))
    assert states == []
    assert stores.library.without_facts() == set()
    assert stores.library.facts(matter.id, record.id) == facts
