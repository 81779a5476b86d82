"""Highlights are looked for in the picture: their pixels lie over the ink of the quoted words and over no others."""

import io
import itertools
import os
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops
from reportlab.pdfgen.canvas import Canvas

from retrieval import Child, Document
from retrieval.reading.pdf import read_pdf
from tests.clock import within
from tests.pdfs import annotated, drawn, make_pdf
from tests.retrieval.stores import contract, opened
from webapp.core.errors import PageNotShown
from webapp.service import page_images
from webapp.service.page_images import FILL, STRUCK_EDGE, STRUCK_FILL, Box, PageRenderer, PageView, bounded

pytestmark = pytest.mark.slow

SAMPLE = Path(__file__).parents[3] / "webapp" / "sample" / "sample-supply-agreement.pdf"
LEASE = (
    "1. Rent. The monthly rent is $4,200, payable in advance.\n"
    "2. Governing law. This Lease is governed by the laws of Ireland\n"
    "and by no other law.\n"
)


@pytest.fixture(scope="module")
def renderer() -> Iterator[PageRenderer]:
    renderer = PageRenderer()
    yield renderer
    renderer.stop()


def _read(data: bytes, id_: str) -> Document:
    return read_pdf(data, name="a.pdf", document_id=id_)


def _view(document: Document, words: str, *, page: int = 1, zoom: float = 1.0) -> PageView:
    """The page with these words highlighted; line ends count as spaces."""
    shown = document.pages[page - 1]
    text = document.text[shown.start : shown.end]
    found = re.search(r"\s+".join(map(re.escape, words.split())), text)
    assert found, f"{words!r} is not on the page"
    return PageView(document.id, page, text, (found.span(),), zoom)


def _picture(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def _dark(picture: Image.Image) -> Image.Image:
    return picture.convert("L").point(lambda value: 255 if value < 110 else 0)


def _ink_of(renderer: PageRenderer, words: str, data: bytes) -> Image.Image:
    """What of the page is drawn for these words alone: where it differs from the page with them left out."""
    reader = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    content = reader.pages[0].get_contents()
    assert content is not None
    assert words.encode() in content.get_data()
    content.set_data(content.get_data().replace(words.encode(), b""))
    reader.pages[0][pypdf.generic.NameObject("/Contents")] = reader._add_object(content)
    out = io.BytesIO()
    reader.write(out)
    with_words = _picture(renderer.image(PageView(f"with {hash(data)}", 1), "a", lambda: data))
    without = _picture(renderer.image(PageView(f"without {hash(data)}", 1), "a", out.getvalue))
    return _dark(ImageChops.subtract(without, with_words).point(lambda value: 255 - value))


def _drawn(rotation: int = 0, crop: tuple[int, int, int, int] | None = None) -> bytes:
    """One page; each piece is drawn by itself, so that it can be left out.

    The last one stands at the end of its line.
    """
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(400, 300), pageCompression=0, invariant=1)
    canvas.setFont("Times-Roman", 14)
    for x, y, piece in (
        (40, 250, "Rent. The rent is"),
        (150, 250, "four thousand dollars"),
        (40, 200, "Law. Irish law."),
    ):
        canvas.drawString(x, y, piece)
    canvas.setPageRotation(rotation)
    if crop:
        canvas.setCropBox(crop)
    canvas.save()
    return out.getvalue()


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (20, 150, 390, 290)], ids=["whole", "cropped"])
def test_the_highlight_covers_the_ink_of_the_words_and_of_no_others(
    renderer: PageRenderer, rotation: int, crop: tuple[int, int, int, int] | None
) -> None:
    data = _drawn(rotation, crop)
    document = _read(data, f"drawn {rotation} {crop}")
    view = _view(document, "four thousand dollars")
    [box] = renderer.boxes(view, "a", lambda: data)
    ink = _ink_of(renderer, "four thousand dollars", data).getbbox()
    assert ink is not None
    left, top, right, bottom = ink
    assert box[0] - 1 <= left and box[1] - 1 <= top and right <= box[2] + 1 and bottom <= box[3] + 1  # noqa: PT018
    assert (box[2] - box[0]) * (box[3] - box[1]) < 2 * (right - left) * (bottom - top)  # and little beside it


def test_the_picture_is_coloured_in_the_boxes_and_nowhere_else_and_its_ink_stays(renderer: PageRenderer) -> None:
    data = make_pdf([LEASE])
    document = _read(data, "lease")
    view = _view(document, "governed by the laws of Ireland and by no other law")
    boxes = renderer.boxes(view, "a", lambda: data)
    assert len(boxes) == 2  # a box a line
    plain = _picture(renderer.image(PageView(document.id, 1), "a", lambda: data))
    shown = _picture(renderer.image(view, "a", lambda: data))
    assert shown.size == plain.size == (893, 1263)
    changed = ImageChops.difference(plain, shown).convert("L").point(lambda value: 255 if value else 0)
    inside = Image.new("L", plain.size)
    for left, top, right, bottom in boxes:
        inside.paste(255, (left, top, right, bottom))
        assert shown.getpixel((left + 2, top + 2)) == FILL
    assert ImageChops.subtract(changed, inside).getbbox() is None
    assert ImageChops.subtract(_dark(plain), _dark(shown)).getbbox() is None


def test_boxes_are_those_of_pdfium_for_the_same_characters_of_the_sample(renderer: PageRenderer) -> None:
    """On every page: the box of each line is the hull of its words' boxes as pdfium's search finds the words."""
    data = SAMPLE.read_bytes()
    document = _read(data, "sample")
    for page in document.pages[2:]:
        text = document.text[page.start : page.end]
        line = max(text.split("\n"), key=len)
        start = text.index(line)
        [box, *more] = renderer.boxes(
            PageView("sample", page.number, text, ((start, start + len(line)),)), "s", lambda: data
        )
        assert more == []
        expected = _searched(data, page.number, line)
        assert all(abs(ours - theirs) <= 6 for ours, theirs in zip(box, expected, strict=True)), (page.number, line)


def _searched(data: bytes, number: int, line: str) -> Box:
    """pdfium's own answer, by its search and its rectangles, which know nothing of our offsets."""
    import pypdfium2

    with pypdfium2.PdfDocument(data) as pdf:
        page = pdf[number - 1]
        text = page.get_textpage()
        at, count = text.search(line).get_next()
        rects = [text.get_rect(i) for i in range(text.count_rects(at, count))]
        height = page.get_height()
        left, bottom = min(r[0] for r in rects), min(r[1] for r in rects)
        right, top = max(r[2] for r in rects), max(r[3] for r in rects)
        text.close()
        page.close()
    low, high = (height - top) * 1.5, (height - bottom) * 1.5
    return int(left * 1.5), int(low), int(right * 1.5), int(high)


@pytest.mark.parametrize(
    "annotation",
    [
        "/Subtype /Widget /FT /Tx /T (a) /V (Robin Castellane) /Rect [100 690 300 710] /DA (/Helv 11 Tf 0 g)",
        "/Subtype /FreeText /Contents (Robin Castellane) /Rect [100 690 300 710] /DA (/Helv 11 Tf 0 g)",
    ],
    ids=["field", "free text"],
)
def test_what_was_filled_in_or_typed_on_a_page_is_drawn_and_highlighted_where_it_stands(
    renderer: PageRenderer, annotation: str
) -> None:
    data = annotated([(50, 700, "Name:")], [annotation])
    document = _read(data, annotation)
    words = document.boxes[1:]  # after the label
    view = PageView(document.id, 1, document.text, boxes=tuple((a, b, c, d) for _, _, a, b, c, d in words.tolist()))
    [box] = renderer.boxes(view, "a", lambda: data)
    assert _dark(_picture(renderer.image(PageView(document.id, 1), "a", lambda: data)).crop(box)).getbbox()
    left, top, right, bottom = (edge / 1.5 for edge in box)
    assert (round(left), round(792 - bottom), round(right), round(792 - top)) == pytest.approx(
        (100, 690, 300, 710), abs=1
    )


def test_a_highlight_leaves_out_words_that_were_struck_between_its_own_and_these_are_marked_as_deleted(
    renderer: PageRenderer,
) -> None:
    data = drawn(lambda c: (c.drawString(72, 700, "a term of six ten years"), c.line(115, 703, 129, 703)))
    document = _read(data, "struck")
    assert document.text.split() == "a term of ten years".split()
    rows = document.boxes.tolist()
    live = tuple((a, b, c, d) for start, end, a, b, c, d in rows if document.text[start:end].strip())
    struck = tuple((a, b, c, d) for start, end, a, b, c, d in rows if document.text[start:end].isspace())
    view = PageView(document.id, 1, boxes=live, struck=struck)
    first, second = renderer.boxes(view, "a", lambda: data)
    assert first[2] < 1.5 * 117 < 1.5 * 128 < second[0]
    picture = _picture(renderer.image(view, "a", lambda: data))
    colours = {color for _, color in picture.crop((first[2], first[1], second[0], first[3])).getcolors(9999) or ()}
    assert {STRUCK_FILL, STRUCK_EDGE} <= colours
    assert FILL not in colours


@pytest.mark.parametrize("zoom", [0.5, 2.0])
def test_boxes_grow_with_the_picture(renderer: PageRenderer, zoom: float) -> None:
    data = make_pdf([LEASE])
    document = _read(data, "lease")
    [plain] = renderer.boxes(_view(document, "monthly rent"), "a", lambda: data)
    [zoomed] = renderer.boxes(_view(document, "monthly rent", zoom=zoom), "a", lambda: data)
    assert all(abs(there - here * zoom) <= 2 * zoom + 1 for here, there in zip(plain, zoomed, strict=True))


def test_nothing_is_highlighted_where_the_page_reads_otherwise_than_it_did(renderer: PageRenderer) -> None:
    data = make_pdf([LEASE])
    assert renderer.boxes(PageView("lease", 1, LEASE + "more", ((0, 9),)), "a", lambda: data) == []


@given(st.floats())
def test_every_zoom_is_brought_within_bounds(zoom: float) -> None:
    assert 0.25 <= bounded(zoom) <= 4
    assert bounded(bounded(zoom)) == bounded(zoom)


def test_a_page_as_large_as_a_hall_is_drawn_smaller(renderer: PageRenderer) -> None:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(14_400, 14_400))
    canvas.drawString(100, 100, "plan")
    canvas.save()
    width, height = _picture(renderer.image(PageView("plan", 1, zoom=4.0), "a", out.getvalue)).size
    assert width * height < 25_000_000


@pytest.mark.parametrize(("data", "page"), [(b"%PDF-1.7 cut", 1), (make_pdf(["one"]), 2), (make_pdf(["one"]), 0)])
def test_what_cannot_be_drawn_is_told_and_the_next_page_is_drawn(
    renderer: PageRenderer, data: bytes, page: int
) -> None:
    with pytest.raises(PageNotShown, match="cannot be shown"):
        renderer.image(PageView(f"bad {len(data)}", page), "a", lambda: data)
    assert renderer.image(PageView("good", 1), "a", lambda: make_pdf(["good"]))


def test_a_page_that_takes_too_long_is_given_up_and_its_process_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    renderer = PageRenderer()
    renderer.image(PageView("good", 1), "a", lambda: make_pdf(["good"]))
    process = renderer._drawers[-1]._child._process
    assert process is not None
    monkeypatch.setattr(page_images, "RENDER_SECONDS", 0.3)
    out = io.BytesIO()
    canvas = Canvas(out)
    for n in range(60_000):
        canvas.setFillAlpha(0.5)
        canvas.circle(300, 300 + n % 50, 280, fill=1)
    canvas.save()
    with within(5, time.monotonic), pytest.raises(PageNotShown):
        renderer.image(PageView("slow", 1, zoom=4.0), "a", out.getvalue)
    assert not process.is_alive()
    monkeypatch.undo()
    assert renderer.image(PageView("good again", 1), "a", lambda: make_pdf(["good"]))
    renderer.stop()


@pytest.mark.parametrize("unwanted", ["object", "object for an image", "too much", "too much for an image", "status"])
def test_no_object_of_the_process_s_own_making_is_taken(unwanted: str, tmp_path: Path) -> None:
    renderer = PageRenderer(1)
    child = renderer._drawers[0]._child = Child(SENDS[unwanted], "sends")
    made = tmp_path / "made"
    view = PageView(str(made), 1)
    if unwanted == "object for an image":  # its bytes, of which nothing was made
        assert renderer.image(view, "a", bytes).startswith(b"\x80")
    else:
        with pytest.raises(PageNotShown):
            renderer.image(view, "a", bytes)
        assert child._process is None
        assert list(renderer._failed) == [("", str(made), 1)]
    assert not made.exists()
    renderer.stop()


class _Hostile:
    """An object that makes a file where it is unpickled."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[str, int]]:
        return os.open, (self._path, os.O_CREAT)


def _send_an_object(pipe: Connection) -> None:
    _, view = pipe.recv()
    pipe.send(_Hostile(view.document_id))
    pipe.recv()


def _send_an_object_for_an_image(pipe: Connection) -> None:
    _, view = pipe.recv()
    pipe.send_bytes(b'["done", ""]')
    pipe.send(_Hostile(view.document_id))
    pipe.recv()


def _send_too_much(pipe: Connection) -> None:
    pipe.recv()
    pipe.send_bytes(b" " * (page_images.STATUS_BYTES + 1))
    pipe.recv()


def _send_too_much_for_an_image(pipe: Connection) -> None:
    pipe.recv()
    pipe.send_bytes(b'["done", ""]')
    pipe.send_bytes(b" " * (page_images.RESULT_BYTES + 1))
    pipe.recv()


def _send_another_status(pipe: Connection) -> None:
    pipe.recv()
    pipe.send_bytes(b'["missing", ""]')
    pipe.recv_bytes()
    pipe.send_bytes(b'["missing", ""]')
    pipe.recv()


SENDS = {
    "object": _send_an_object,
    "object for an image": _send_an_object_for_an_image,
    "too much": _send_too_much,
    "too much for an image": _send_too_much_for_an_image,
    "status": _send_another_status,
}


def test_a_page_is_drawn_once_and_its_file_sent_once() -> None:
    renderer, sent, data = PageRenderer(), [], make_pdf(["one", "two"])

    def original() -> bytes:
        sent.append(1)
        return data

    first = renderer.image(PageView("d", 1), "a", original)
    renderer.image(PageView("d", 2), "a", original)
    process = renderer._drawers[-1]._child._process
    assert process is not None
    process.kill()
    assert renderer.image(PageView("d", 1), "a", original) is first
    assert len(sent) == 1
    renderer.stop()


@pytest.mark.long
def test_pages_are_drawn_from_many_threads_while_documents_are_read(tmp_path: Path, renderer: PageRenderer) -> None:
    files = {n: make_pdf(contract(n, pages=6)) for n in range(8)}
    with opened(tmp_path) as stores, ThreadPoolExecutor(6) as pool:
        matter = stores.library.create_matter("Acme")
        for n, data in files.items():
            stores.library.accept(matter.id, f"{n}.pdf", data)
        reading = pool.submit(stores.ingest.run)
        drawn = [
            pool.submit(renderer.image, PageView(f"busy {n}", page), "a", partial(files.__getitem__, n))
            for page, n in itertools.product(range(1, 7), files)
        ]
        assert all(picture.result(60).startswith(b"\x89PNG") for picture in drawn)
        reading.result(60)
        assert {record.state for record in stores.library.documents(matter.id)} == {"ready"}
