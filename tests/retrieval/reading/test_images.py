"""Image files as documents: what of them becomes a page, how large it is, and what is refused."""

import io
from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image

from retrieval.core.errors import DamagedFile, ImageTooLarge, TooManyPages
from retrieval.core.limits import Limits
from retrieval.reading.images import as_pdf, is_jpeg, is_png, is_tiff, read_image
from tests.scans import photograph, picture

RENT = "Tenant shall pay rent of $10,500 per month\non the first day of each month."


def written(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def page(data: bytes, number: int = 0) -> Image.Image:
    """What the PDF of an image file shows, a pixel for a point."""
    pdf = pdfium.PdfDocument(as_pdf(data))
    image: Image.Image = pdf[number].render().to_pil().convert("RGB")
    pdf.close()
    return image


def exif(orientation: int) -> Image.Exif:
    found = Image.Exif()
    found[0x0112] = orientation
    return found


RED_ON_THE_LEFT = Image.fromarray(
    np.hstack([np.full((60, 40, 3), (200, 0, 0)), np.full((60, 40, 3), 255)]).astype("u1")
)
CLEAR = RED_ON_THE_LEFT.convert("RGBA")
CLEAR.putalpha(Image.fromarray(np.hstack([np.full((60, 40), 255), np.zeros((60, 40))]).astype("u1")))


@pytest.mark.parametrize(
    ("data", "recognises"),
    [
        (written(RED_ON_THE_LEFT, "JPEG", quality=95), is_jpeg),
        (written(RED_ON_THE_LEFT.convert("CMYK"), "JPEG", quality=95), is_jpeg),
        (written(RED_ON_THE_LEFT, "PNG"), is_png),
        (written(RED_ON_THE_LEFT.quantize(4), "PNG"), is_png),
        (written(CLEAR, "PNG"), is_png),
        (written(RED_ON_THE_LEFT, "TIFF", compression="tiff_lzw"), is_tiff),
        (written(RED_ON_THE_LEFT.rotate(90, expand=True), "JPEG", quality=95, exif=exif(6)), is_jpeg),
        (
            written(RED_ON_THE_LEFT.transpose(Image.Transpose.FLIP_LEFT_RIGHT), "JPEG", quality=95, exif=exif(2)),
            is_jpeg,
        ),
    ],
    ids=["JPEG", "CMYK", "PNG", "palette", "transparent", "TIFF", "turned by its tag", "mirrored by its tag"],
)
def test_a_picture_is_shown_as_it_is(data: bytes, recognises: Any) -> None:
    assert recognises(data[:1024])
    shown = page(data)
    assert shown.size == (80, 60)
    left, right = np.array(shown)[30, 20].astype(int), np.array(shown)[30, 60].astype(int)
    assert abs(left - (200, 0, 0)).max() < 16
    assert abs(right - (255, 255, 255)).max() < 16


def test_shades_of_16_bits_and_one_bit_are_shown() -> None:
    deep = Image.fromarray(np.repeat(np.linspace(0, 65535, 80).astype(np.uint16)[None], 60, axis=0))
    shown = np.array(page(written(deep, "PNG")))[30, :, 0].astype(int)
    assert shown[0] < 10
    assert shown[79] > 245
    assert abs(shown[40] - 128) < 12
    bits = Image.fromarray(np.tile([[0, 255]], (60, 40)).astype("u1")).convert("1")
    assert len(as_pdf(written(bits, "TIFF"))) < 1500


@pytest.mark.parametrize(
    ("size", "dots", "points"),
    [
        ((1700, 2200), (200, 200), (612, 792)),
        ((1728, 1100), (204, 98), (609.88, 808.16)),
        ((1170, 2532), (72, 72), (365.97, 792)),
        ((1700, 2200), None, (612, 792)),
        ((100, 50), (1, 1), (100, 50)),
        ((800, 8000), None, (288, 2880)),
    ],
    ids=["scanner", "fax", "screen", "nothing declared", "nonsense declared", "a long screen"],
)
def test_the_size_of_a_page_follows_from_what_a_scanner_declares(
    size: tuple[int, int], dots: tuple[int, int] | None, points: tuple[float, float]
) -> None:
    declared = {"dpi": dots} if dots else {}
    pdf = pdfium.PdfDocument(as_pdf(written(Image.new("L", size, 255), "TIFF", **declared)))
    assert pdf[0].get_size() == pytest.approx(points, abs=1.5)
    pdf.close()


def test_each_picture_of_a_tiff_is_a_page_and_is_counted() -> None:
    pages = [picture(RENT), Image.new("L", (100, 50), 255), photograph()]
    data = written(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    seen: list[tuple[int, int]] = []
    document = read_image(data, name="x.tif", document_id="x", on_page=lambda *at: seen.append(at))
    assert len(document.pages) == 3
    assert document.unreadable_pages == (1,)
    assert seen[-4:] == [(0, 3), (1, 3), (2, 3), (3, 3)]
    with pytest.raises(TooManyPages):
        read_image(data, name="x.tif", document_id="x", limits=Limits(pages=2))


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff",
        written(photograph(), "JPEG")[:4000],
        written(photograph(), "PNG")[:4000],
        b"II*\0\xff\xff\xff\xff",
    ],
    ids=["nothing", "JPEG", "PNG", "TIFF"],
)
def test_a_damaged_picture_is_refused(data: bytes) -> None:
    with pytest.raises(DamagedFile):
        read_image(data, name="x", document_id="x")


def test_a_picture_that_grows_out_of_all_measure_is_refused() -> None:
    data = written(Image.new("1", (12_000, 12_000)), "PNG")
    assert len(data) < 50_000
    with pytest.raises(ImageTooLarge, match="more than 89,478,485 pixels"):
        read_image(data, name="x", document_id="x")
