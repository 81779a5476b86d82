"""Converts image files (JPEG, PNG, TIFF): each picture becomes a page of a PDF, which is read as every scan is.

`as_pdf` gives the renderer the same pages, so that word boxes fit. A JPEG goes in as it stands and is turned by its
page; other pictures go in as pixels, those of one bit as such. How large a page is follows from the dots per inch that
the file declares, where a scanner may have meant them.
"""

import io
import itertools
import struct
import sys
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator

from PIL import Image, ImageOps, TiffImagePlugin

from retrieval.core.documents import Document
from retrieval.core.errors import DamagedFile, ImageTooLarge, TooManyPages
from retrieval.core.limits import Limits
from retrieval.reading.coverage import Recognise
from retrieval.reading.pdf import read_pdf

MOST_PIXELS = Image.MAX_IMAGE_PIXELS or 89_478_485  # of one picture; A2 at 300 dots an inch has 35 million
MOST_BYTES = 512 << 20  # of the PDF; 1,000 fax pages take 50 MiB
_LEAST_DOTS, _MOST_DOTS = 90, 1200  # per inch: what else is declared is no scanner's
_USUAL_SIDE = 11.0  # inches of the longer side of a picture that declares nothing
_LEAST_SIDE = 4.0  # inches of the shorter side, if it has dots enough: a long picture of a screen is no thin strip
_SCREEN_DOTS = 72.0  # per inch, of a small one
_ORIENTATION = 0x0112  # EXIF's tag
_TURNS = {1: 0, 3: 180, 6: 90, 8: 270}  # degrees to the right; the other four are mirrored
_FORMATS = ("JPEG", "PNG", "TIFF")

_Page = tuple[tuple[float, float], int, str, bytes]
"""Width and height in points, degrees to turn to the right, the image's dictionary, and its bytes."""


def is_jpeg(head: bytes) -> bool:
    """Whether the first bytes of a file are those of a JPEG."""
    return head.startswith(b"\xff\xd8\xff")


def is_png(head: bytes) -> bool:
    """Whether the first bytes of a file are those of a PNG."""
    return head.startswith(b"\x89PNG\r\n\x1a\n")


def is_tiff(head: bytes) -> bool:
    """Whether the first bytes of a file are those of a TIFF."""
    return head.startswith((b"II*\0", b"MM\0*"))


def read_image(
    data: bytes,
    *,
    name: str,
    document_id: str,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    on_page: Callable[[int, int], None] | None = None,
    recognise: Recognise | None = None,
) -> Document:
    """Read an image file into a `Document`: the `Converter` of images.

    Raises DamagedFile, ImageTooLarge and TooManyPages.
    """
    tell = on_page or (lambda _page, _pages: None)
    pdf = as_pdf(data, name=name, most_pages=limits.pages, on_picture=lambda: tell(0, 1))
    return read_pdf(pdf, name=name, document_id=document_id, limits=limits, on_page=on_page, recognise=recognise)


def as_pdf(
    data: bytes, *, name: str = "", most_pages: int = sys.maxsize, on_picture: Callable[[], None] = lambda: None
) -> bytes:
    """The pictures of an image file as the pages of a PDF; `on_picture` is called after each."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged tags
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                return _pdf(_pages(image, data, name, most_pages), on_picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLarge(name=name, limit=MOST_PIXELS) from error
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, IndexError, struct.error, zlib.error) as error:
        raise DamagedFile(name=name) from error  # what Pillow raises of one


def _pages(image: Image.Image, data: bytes, name: str, most_pages: int) -> Iterator[_Page]:
    yield _page(image, data)
    if not isinstance(image, TiffImagePlugin.TiffImageFile):  # others have no pages, but frames
        return
    for number in itertools.count(1):
        try:
            image.seek(number)
        except EOFError:
            return
        if number >= most_pages:
            raise TooManyPages(name=name, pages=number + 1, limit=most_pages)
        yield _page(image, data)


def _pdf(pages: Iterable[_Page], on_picture: Callable[[], None]) -> bytes:
    objects: list[bytes] = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    kids: list[int] = []
    length = 0
    for (width, height), turned, dictionary, pixels in pages:
        first = len(objects) + 1
        kids.append(first)
        length += len(pixels)
        if length > MOST_BYTES:
            raise MemoryError
        drawing = f"{width:.2f} 0 0 {height:.2f} 0 0 cm /I Do".encode()
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width:.2f} {height:.2f}] /Rotate {turned} "
            f"/Resources << /XObject << /I {first + 2} 0 R >> >> /Contents {first + 1} 0 R >>".encode(),
            b"<< /Length %d >>\nstream\n%b\nendstream" % (len(drawing), drawing),
            b"<< /Type /XObject /Subtype /Image %b /Length %d >>\nstream\n%b\nendstream"
            % (dictionary.encode(), len(pixels), pixels),
        ]
        on_picture()
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] >>".encode()
    return _file(objects)


def _page(image: Image.Image, data: bytes) -> _Page:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise Image.DecompressionBombError
    turned = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    if image.format in ("JPEG", "MPO") and image.mode in ("L", "RGB") and turned is not None:
        image.load()  # a damaged one is told here
        return _size(image), turned, _dictionary(image, "DCTDecode"), data
    size = _size(image)
    upright = ImageOps.exif_transpose(image)
    if upright.size != image.size:
        size = size[::-1]
    plain = _plain(upright)
    return size, 0, _dictionary(plain, "FlateDecode"), zlib.compress(plain.tobytes(), 1)


def _dictionary(image: Image.Image, coding: str) -> str:
    color, bits = {"1": ("DeviceGray", 1), "L": ("DeviceGray", 8), "RGB": ("DeviceRGB", 8)}[image.mode]
    return (
        f"/Width {image.width} /Height {image.height} /ColorSpace /{color} /BitsPerComponent {bits} /Filter /{coding}"
    )


def _plain(image: Image.Image) -> Image.Image:
    """A picture in shades of grey or in colours, without palette or transparency: on white paper."""
    if image.mode in ("1", "L", "RGB"):
        return image
    if image.mode.startswith("I"):  # 16 bits of grey
        return image.convert("F").point(lambda shade: shade / 257 + 0).convert("L")
    if image.has_transparency_data:
        colours = image.convert("RGBA")
        paper = Image.new("RGBA", colours.size, "white")
        return Image.alpha_composite(paper, colours).convert("RGB")
    return image.convert("RGB")


def _size(image: Image.Image) -> tuple[float, float]:
    """Width and height of a page in points."""
    try:
        across, down = (float(dots) for dots in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        across = down = 0.0
    if not (_LEAST_DOTS <= across <= _MOST_DOTS and _LEAST_DOTS <= down <= _MOST_DOTS):
        across = down = max(_SCREEN_DOTS, min(max(image.size) / _USUAL_SIDE, min(image.size) / _LEAST_SIDE))
    return 72 * image.width / across, 72 * image.height / down


def _file(objects: list[bytes]) -> bytes:
    """A PDF of numbered objects (ISO 32000-1, 7.5)."""
    out = io.BytesIO(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    out.seek(0, io.SEEK_END)
    starts = []
    for number, each in enumerate(objects, 1):
        starts.append(out.tell())
        out.write(b"%d 0 obj\n%b\nendobj\n" % (number, each))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % start for start in starts))
    out.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table))
    return out.getvalue()
