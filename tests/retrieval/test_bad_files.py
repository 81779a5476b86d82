import io
import time
from collections.abc import Callable, Iterator

import pytest
from pypdf import PdfWriter

from retrieval.core.errors import DamagedFile, EmptyFile, FileTooLarge, UnreadableFile, UnsupportedFormat
from retrieval.core.limits import Limits
from retrieval.library.schema import DocumentRecord
from tests.pdfs import make_pdf
from tests.retrieval.stores import Stores, contract, opened
from tests.scans import scanned

pytestmark = pytest.mark.slow

GOOD = make_pdf(contract(1))


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("bad") / "data", limits=Limits(pages=5_000, ocr=False)) as stores:
        yield stores


def _written(writer: PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def encrypted() -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(GOOD))
    writer.encrypt("secret", algorithm="RC4-128")  # AES would need another package, here and in no other place
    return _written(writer)


def without_pages() -> bytes:
    return _written(PdfWriter())


@pytest.mark.parametrize(
    ("make", "error", "sentence"),
    [
        (lambda: b"", EmptyFile, "“x.pdf” is empty."),
        (lambda: b"\x7fELF no document", UnsupportedFormat, "“x.pdf” is not a PDF, "),
        (lambda: b"PK\x03\x04 a Word file", DamagedFile, "“x.pdf” is damaged or incomplete."),
        (lambda: b" " * 1024 + GOOD, UnsupportedFormat, "“x.pdf” is not a PDF, "),
        (lambda: b"%PDF-1.7\n" + bytes(201 << 20), FileTooLarge, "“x.pdf” is 201 MiB; the limit is 200 MiB."),
    ],
    ids=["empty", "not a PDF", "a cut-off ZIP", "header too late", "too large"],
)
def test_what_cannot_be_a_document_is_refused_at_the_door(
    stores: Stores, make: Callable[[], bytes], error: type[UnreadableFile], sentence: str
) -> None:
    matter = stores.library.create_matter(f"Matter {len(stores.library.matters())}")
    with pytest.raises(error) as raised:
        stores.library.accept(matter.id, "../x.pdf", make())
    assert str(raised.value).startswith(sentence)
    assert raised.value.hint
    assert stores.library.documents(matter.id) == []


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: GOOD[: len(GOOD) // 2], "“x.pdf” is damaged or incomplete."),
        (lambda: b"%PDF-1.7\nand nothing more", "“x.pdf” is damaged or incomplete."),
        (encrypted, "“x.pdf” is protected by a password."),
        (without_pages, "“x.pdf” has no pages."),
        (lambda: make_pdf([""] * 5_001), "“x.pdf” has 5001 pages; the limit is 5000."),
    ],
    ids=["truncated", "header alone", "encrypted", "no pages", "too many pages"],
)
def test_what_cannot_be_read_fails_with_a_sentence_and_a_hint(
    stores: Stores, make: Callable[[], bytes], reason: str
) -> None:
    record = _ingested(stores, make())
    assert record.state == "failed"
    assert record.reason is not None
    assert record.reason.startswith(reason)
    assert len(record.reason) > len(reason) + 20
    assert stores.vectors.document_ids(record.matter_id) == set()


@pytest.mark.parametrize(
    ("data", "pages", "unreadable", "reason"),
    [
        (GOOD, 3, (), None),
        (b"junk before\n" + GOOD, 3, (), None),
        (make_pdf([""]), 1, (), "“x.pdf” has no text that can be searched; it may be a scan."),
        (scanned(*contract(1)[:2]), 2, (1, 2), "“x.pdf” has no text that can be searched; it may be a scan."),
    ],
    ids=["good", "junk before the header", "blank", "nothing but pictures"],
)
def test_what_can_be_read_is_ready_and_tells_what_it_lacks(
    stores: Stores, data: bytes, pages: int, unreadable: tuple[int, ...], reason: str | None
) -> None:
    record = _ingested(stores, data)
    assert (record.state, record.pages, record.unreadable_pages) == ("ready", pages, unreadable)
    assert record.reason == reason
    assert stores.ingest.repair() == 0


def test_5000_pages_are_read_with_progress(stores: Stores, record_property: Callable[[str, object], None]) -> None:
    data = make_pdf([f"{n}.1 Fees. The Licensee shall pay {n} dollars." for n in range(5_000)])
    matter = stores.library.create_matter("Long")
    record = stores.library.accept(matter.id, "long.pdf", data)
    seen: list[DocumentRecord] = []
    began = time.monotonic()
    stores.ingest.run(seen.append)
    record_property("seconds", round(time.monotonic() - began, 1))
    assert stores.library.record(matter.id, record.id).state == "ready"
    assert seen[-1].page == seen[-1].pages == 5_000
    assert any(1 < r.page < r.pages == 5_000 for r in seen if r.state == "reading")


def _ingested(stores: Stores, data: bytes) -> DocumentRecord:
    """The record of `data` as the only document of a new matter, when the work is done."""
    matter = stores.library.create_matter(f"Matter {len(stores.library.matters())}")
    record = stores.library.accept(matter.id, "x.pdf", data)
    stores.ingest.run()
    return stores.library.record(matter.id, record.id)
