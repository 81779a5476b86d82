import io
import time
from collections.abc import Callable, Iterator

import pytest
from pypdf import PdfWriter

from retrieval.core.errors import EmptyFile, FileTooLarge, UnreadableFile, UnsupportedFormat
from retrieval.core.limits import Limits
from retrieval.library.schema import DocumentRecord
from tests.pdfs import drawings, make_pdf
from tests.retrieval.rooms import Room, contract, opened

pytestmark = pytest.mark.slow

GOOD = make_pdf(contract(1))


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with opened(tmp_path_factory.mktemp("bad") / "data", limits=Limits(pages=5_000)) as room:
        yield room


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
        (lambda: b"PK\x03\x04 a Word file", UnsupportedFormat, "“x.pdf” is not a PDF."),
        (lambda: b" " * 1024 + GOOD, UnsupportedFormat, "“x.pdf” is not a PDF."),
        (lambda: b"%PDF-1.7\n" + bytes(201 << 20), FileTooLarge, "“x.pdf” is 201 MiB; the limit is 200 MiB."),
    ],
    ids=["empty", "not a PDF", "header too late", "too large"],
)
def test_what_cannot_be_a_document_is_refused_at_the_door(
    room: Room, make: Callable[[], bytes], error: type[UnreadableFile], sentence: str
) -> None:
    matter = room.library.create_matter(f"Matter {len(room.library.matters())}")
    with pytest.raises(error) as raised:
        room.library.accept(matter.id, "../x.pdf", make())
    assert str(raised.value) == sentence
    assert raised.value.hint
    assert room.library.documents(matter.id) == []


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
    room: Room, make: Callable[[], bytes], reason: str
) -> None:
    record = _ingested(room, make())
    assert record.state == "failed"
    assert record.reason is not None
    assert record.reason.startswith(reason)
    assert len(record.reason) > len(reason) + 20
    assert room.vectors.document_ids(record.matter_id) == set()


@pytest.mark.parametrize(
    ("data", "pages", "unreadable", "reason"),
    [
        (GOOD, 3, (), None),
        (b"junk before\n" + GOOD, 3, (), None),
        (make_pdf([""]), 1, (), "“x.pdf” has no text that can be searched; it may be a scan."),
        (drawings(2), 2, (1, 2), "“x.pdf” has no text that can be searched; it may be a scan."),
    ],
    ids=["good", "junk before the header", "blank", "nothing but pictures"],
)
def test_what_can_be_read_is_ready_and_tells_what_it_lacks(
    room: Room, data: bytes, pages: int, unreadable: tuple[int, ...], reason: str | None
) -> None:
    record = _ingested(room, data)
    assert (record.state, record.pages, record.unreadable_pages) == ("ready", pages, unreadable)
    assert record.reason == reason
    assert room.ingest.repair() == 0


def test_5000_pages_are_read_with_progress(room: Room, record_property: Callable[[str, object], None]) -> None:
    data = make_pdf([f"{n}.1 Fees. The Licensee shall pay {n} dollars." for n in range(5_000)])
    matter = room.library.create_matter("Long")
    record = room.library.accept(matter.id, "long.pdf", data)
    seen: list[DocumentRecord] = []
    began = time.monotonic()
    room.ingest.run(seen.append)
    record_property("seconds", round(time.monotonic() - began, 1))
    assert room.library.record(matter.id, record.id).state == "ready"
    assert seen[-1].page == seen[-1].pages == 5_000
    assert any(1 < r.page < r.pages == 5_000 for r in seen if r.state == "reading")


def _ingested(room: Room, data: bytes) -> DocumentRecord:
    """The record of `data` as the only document of a new matter, when the work is done."""
    matter = room.library.create_matter(f"Matter {len(room.library.matters())}")
    record = room.library.accept(matter.id, "x.pdf", data)
    room.ingest.run()
    return room.library.record(matter.id, record.id)
