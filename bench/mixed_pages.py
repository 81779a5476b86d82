"""Makes pages of known truth from pages of contracts: their text, pictures of it, both, and what has no words.

`KINDS` has each kind of page with whether its text has all words that it shows (`read`), some (`partly`) or none but a
stamp (`unreadable`). `documents` writes them into PDFs; the same seed gives the same pages.
"""

import functools
import io
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from matplotlib.path import Path as Outline
from matplotlib.textpath import TextPath
from PIL import Image, ImageDraw, ImageFilter
from pypdf import PageObject, PdfReader, PdfWriter, Transformation
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.pathobject import PDFPathObject

READ, PARTLY, UNREADABLE = "read", "partly", "unreadable"

_LEAST_LETTERS = 600  # of a page that others are made from
_DOTS = 110  # per inch of a scan
_STAMPS = (
    "Case {n}:24-cv-01{n}73-ABC-DE   Document {n}8-4   Filed 09/16/24   Page {page} of 12   PageID #: 22{page:02}",
    "ELECTRONICALLY FILED 2/14/2024 10:22 AM, Clerk of the Superior Court, County of {name}, by deputy clerk {n}",
    "03/12/2024 14:0{n}   FROM: {name} LLP 312-555-0188   TO: 312-555-0147   P.{page:03}/012",
    "CONFIDENTIAL - SUBJECT TO PROTECTIVE ORDER   {name}_000{n}4{page:02}",
    "Envelope ID: 7D4B19C2-55AE-4F0B-9A31-0C6E82F1D7B{n}",
)
_PICTURES = (pdfium_c.FPDF_PAGEOBJ_IMAGE, pdfium_c.FPDF_PAGEOBJ_SHADING)
_NAMES = ("FAIRMONT", "KESTREL", "MARLOW", "NORTHGATE", "QUILL")


@dataclass(frozen=True)
class Source:
    """One page of a contract: all it shows is text, drawn upright on a page that begins at zero."""

    path: Path
    index: int

    def page(self) -> PageObject:
        """The page itself."""
        return _reader(self.path).pages[self.index]

    def picture(self, dots: int = _DOTS) -> Image.Image:
        """The page as a scanner sees it: grey, a little askew and blurred."""
        with _opened(self.path) as pdf:
            image: Image.Image = pdf[self.index].render(scale=dots / 72).to_pil().convert("L")
        askew = image.rotate(random.Random(self.index).uniform(-0.4, 0.4), Image.Resampling.BICUBIC, fillcolor=250)
        return askew.filter(ImageFilter.GaussianBlur(0.5))

    def lines(self) -> list[tuple[str, tuple[float, float, float, float]]]:
        """The stretches of its text with left, bottom, right and top."""
        with _opened(self.path) as pdf:
            textpage = pdf[self.index].get_textpage()
            boxes = [textpage.get_rect(i) for i in range(textpage.count_rects())]
            return [(textpage.get_text_bounded(*box), box) for box in boxes]


@dataclass
class Sheet:
    """One page on its way: what is drawn over the `live` page, if that stays.

    `others`: further pages of contracts, for words of another text.
    """

    source: Source
    other: Source
    canvas: Canvas
    random: random.Random
    width: float
    height: float
    page: int  # of its document
    stamps: Sequence[str]  # of its document
    live: bool = False
    scale: float = 1.0  # of the live page, which keeps its upper left corner
    mute: bool = False  # nothing says which characters the glyphs are that are drawn in a font of its own

    def draw(self, image: Image.Image, left: float, bottom: float, width: float, height: float) -> None:
        """Draw an image as JPEG."""
        out = io.BytesIO()
        image.save(out, "JPEG", quality=self.random.choice((45, 60, 75)))
        self.canvas.drawImage(ImageReader(io.BytesIO(out.getvalue())), left, bottom, width, height)

    def stamp(self) -> None:
        """Draw the stamps of the document at the edges of the page."""
        for line, template in enumerate(self.stamps):
            words = template.format(page=self.page, n=len(template) % 9, name=_NAMES[len(template) % 5])
            self.canvas.setFont("Helvetica", 7)
            self.canvas.drawString(30, self.height - 14 if line == 0 else 10 + 9 * line, words)


@functools.lru_cache(maxsize=8)
def _reader(path: Path) -> PdfReader:
    return PdfReader(path)


def _opened(path: Path) -> pdfium.PdfDocument:
    return pdfium.PdfDocument(path)


def sources(folder: Path, wanted: int, seed: int) -> list[Source]:
    """Pages of the contracts of a folder that show text alone, in an order of the seed's."""
    paths = sorted(folder.glob("*.pdf"))
    found = []
    for path in random.Random(seed).sample(paths, len(paths)):
        with _opened(path) as pdf:
            found += [Source(path, index) for index, page in enumerate(pdf) if _is_plain(page)][:20]
        if len(found) > 2 * wanted:
            break
    return random.Random(seed).sample(found, min(wanted, len(found)))


def _is_plain(page: pdfium.PdfPage) -> bool:
    width, height = page.get_size()
    if page.get_rotation() or page.get_mediabox() != (0, 0, width, height):
        return False
    if any(o.type in _PICTURES for o in page.get_objects(max_depth=5)):
        return False
    words: str = page.get_textpage().get_text_bounded()
    return sum(c.isalnum() for c in words) >= _LEAST_LETTERS


# Pages whose text has all words that they show


def text(sheet: Sheet) -> None:
    """The page as it is."""
    sheet.live = True


def stamped_text(sheet: Sheet) -> None:
    """The page with the stamps of its document."""
    sheet.live = True
    sheet.stamp()


def text_with_logo(sheet: Sheet) -> None:
    """A picture of shapes in the head of the page."""
    text(sheet)
    image = Image.new("RGB", (300, 120), "white")
    pen = ImageDraw.Draw(image)
    pen.ellipse((10, 10, 110, 110), fill=(20, 60, 120))
    pen.polygon([(150, 100), (200, 15), (280, 110)], fill=(200, 80, 30))
    sheet.draw(image, 40, sheet.height - 60, 110, 44)


def text_with_signatures(sheet: Sheet) -> None:
    """Two pictures of handwriting in its foot."""
    text(sheet)
    for left in (80, 330):
        image = Image.new("L", (400, 130), 255)
        wave = sheet.random.uniform(2, 4)
        curve = [(10 + 4 * i, 65 + 45 * math.sin(i / wave) * math.cos(i / (2.3 * wave))) for i in range(95)]
        ImageDraw.Draw(image).line(curve, fill=30, width=4)
        sheet.draw(image, left, 26, 150, 48)


def text_with_seal(sheet: Sheet) -> None:
    """A drawn seal across the words."""
    text(sheet)
    sheet.canvas.setStrokeColorRGB(0.6, 0.1, 0.1)
    left, bottom = sheet.width * 0.7, sheet.height * 0.2
    for radius in (52, 47, 20):
        sheet.canvas.circle(left, bottom, radius)
    for i in range(36):
        turn = i * math.pi / 18
        sheet.canvas.line(left + 24 * math.cos(turn), bottom + 24 * math.sin(turn), left + 44 * math.cos(turn), bottom)


def text_with_watermark(sheet: Sheet) -> None:
    """A pale shape over the page as a picture with transparency, and a word across it as text."""
    text(sheet)
    image = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((20, 20, 280, 280), outline=(120, 120, 160, 60), width=30)
    sheet.canvas.drawImage(ImageReader(image), sheet.width / 4, sheet.height / 3, 300, 300, mask="auto")
    sheet.canvas.saveState()
    sheet.canvas.setFillColorRGB(0.8, 0.8, 0.8, 0.5)
    sheet.canvas.translate(sheet.width / 3, sheet.height / 3)
    sheet.canvas.rotate(45)
    sheet.canvas.setFont("Helvetica-Bold", 70)
    sheet.canvas.drawString(0, 0, "DRAFT")
    sheet.canvas.restoreState()


def text_with_drawing(sheet: Sheet) -> None:
    """The page at half its size, over a drawing of lines and circles."""
    text(sheet)
    sheet.scale = 0.55
    _draw_plan(sheet, sheet.height * 0.4)


def text_with_chart(sheet: Sheet) -> None:
    """The page at half its size, over a chart of bars whose words are text."""
    text(sheet)
    sheet.scale = 0.55
    sheet.canvas.setFont("Helvetica", 8)
    for i in range(12):
        sheet.canvas.setFillColorRGB(0.2, 0.3, 0.1 * (i % 8))
        sheet.canvas.rect(70 + 38 * i, 60, 25, sheet.random.uniform(20, sheet.height * 0.3), fill=1)
        sheet.canvas.setFillColorRGB(0, 0, 0)
        sheet.canvas.drawString(70 + 38 * i, 48, f"Q{i % 4 + 1}")


def text_with_photograph(sheet: Sheet) -> None:
    """The page at half its size, over a picture of light and shade."""
    text(sheet)
    sheet.scale = 0.55
    sheet.draw(_photograph(sheet.random), 60, 40, sheet.width - 120, sheet.height * 0.38)


def text_on_paper(sheet: Sheet) -> None:
    """A picture of paper under the whole page."""
    text(sheet)
    size = (int(sheet.width / 4), int(sheet.height / 4))
    paper = Image.frombytes("L", size, bytes(sheet.random.choices(range(228, 250), k=size[0] * size[1])))
    sheet.draw(paper, 0, 0, sheet.width, sheet.height)


def text_with_rules(sheet: Sheet) -> None:
    """Rules under the lines and a pale box, as of a table or a form."""
    text(sheet)
    sheet.canvas.setLineWidth(0.4)
    for _, (_, bottom, _, _) in sheet.source.lines():
        sheet.canvas.line(50, bottom - 2, sheet.width - 50, bottom - 2)
    for column in range(5):
        sheet.canvas.line(50 + 120 * column, 60, 50 + 120 * column, 704)
    sheet.canvas.setFillColorRGB(0.9, 0.9, 0.6, 0.3)
    sheet.canvas.rect(50, 60, sheet.width - 100, 56, stroke=0, fill=1)


def photograph(sheet: Sheet) -> None:
    """A picture of light and shade that fills the page."""
    sheet.draw(_photograph(sheet.random), 0, 0, sheet.width, sheet.height)


def drawing(sheet: Sheet) -> None:
    """A drawing without words."""
    _draw_plan(sheet, sheet.height - 60)


def blank(sheet: Sheet) -> None:
    """Nothing at all."""


def scan_with_layer(sheet: Sheet) -> None:
    """A scan with its words as invisible text over it."""
    scan(sheet)
    _layer(sheet, sheet.source.lines())


def _layer(sheet: Sheet, lines: Sequence[tuple[str, tuple[float, float, float, float]]]) -> None:
    for words, (left, bottom, right, top) in lines:
        plain = words.encode("cp1252", "ignore").decode("cp1252").replace("\r", " ").replace("\n", " ")
        size = max(4.0, (top - bottom) * 1.1)
        width = sheet.canvas.stringWidth(plain, "Times-Roman", size)
        if not plain.strip() or not width:
            continue
        line = sheet.canvas.beginText(left, bottom)
        line.setFont("Times-Roman", size)
        line.setHorizScale(100 * (right - left) / width)
        line.setTextRenderMode(3)
        line.textOut(plain)
        sheet.canvas.drawText(line)


def _draw_plan(sheet: Sheet, top: float) -> None:
    draw = sheet.random
    sheet.canvas.setLineWidth(0.5)
    for _ in range(250):
        x, y = draw.uniform(60, sheet.width - 100), draw.uniform(40, max(41, top - 40))
        sheet.canvas.line(x, y, *draw.choice(((x + draw.uniform(10, 90), y), (x, y + draw.uniform(10, 40)))))
    for _ in range(25):
        sheet.canvas.circle(
            draw.uniform(90, sheet.width - 120), draw.uniform(50, max(51, top - 40)), draw.uniform(3, 30)
        )


def _photograph(numbers: random.Random) -> Image.Image:
    image = Image.new("L", (480, 360), 150)
    pen = ImageDraw.Draw(image)
    for _ in range(40):
        x, y, size = numbers.randint(-50, 450), numbers.randint(-50, 330), numbers.randint(40, 160)
        pen.ellipse((x, y, x + size, y + size), fill=numbers.randint(20, 240))
    return image.filter(ImageFilter.GaussianBlur(7))


# Pages whose words are in a picture, but for stamps


def scan(sheet: Sheet) -> None:
    """The page as one image."""
    sheet.draw(sheet.source.picture(), 0, 0, sheet.width, sheet.height)


def stamped_scan(sheet: Sheet) -> None:
    """The page as one image, with the stamps of its document."""
    scan(sheet)
    sheet.stamp()


def scan_with_furniture(sheet: Sheet) -> None:
    """The page as one image under a running head, over a foot and a page number."""
    scan(sheet)
    sheet.canvas.setFont("Times-Italic", 9)
    sheet.canvas.drawCentredString(sheet.width / 2, sheet.height - 24, "Master Services Agreement, execution version")
    sheet.canvas.drawCentredString(sheet.width / 2, 22, f"Page {sheet.page} of 12")
    sheet.canvas.drawString(40, 22, "Error! Unknown document property name.")


def scan_in_strips(sheet: Sheet) -> None:
    """The page in up to forty strips, with the stamps of its document."""
    _tiled(sheet, 1, sheet.random.randint(8, 40))
    sheet.stamp()


def scan_in_tiles(sheet: Sheet) -> None:
    """The page in many tiles, with the stamps of its document."""
    _tiled(sheet, sheet.random.randint(3, 6), sheet.random.randint(4, 9))
    sheet.stamp()


def scan_in_forms(sheet: Sheet) -> None:
    """The page as one image inside of form XObjects inside of one another."""
    depth = sheet.random.randint(1, 5)
    name = f"page{sheet.page}"
    sheet.canvas.beginForm(f"{name}-0")
    scan(sheet)
    sheet.canvas.endForm()
    for level in range(depth):
        sheet.canvas.beginForm(f"{name}-{level + 1}")
        sheet.canvas.doForm(f"{name}-{level}")
        sheet.canvas.endForm()
    sheet.canvas.doForm(f"{name}-{depth}")
    sheet.stamp()


def fax(sheet: Sheet) -> None:
    """The page in black and white alone, under a line of the machine that sent it."""
    image = sheet.source.picture().point(lambda grey: 255 * (grey > 140)).convert("1")
    sheet.canvas.drawImage(ImageReader(image), 0, 0, sheet.width, sheet.height)
    sheet.canvas.setFont("Courier", 8)
    sheet.canvas.drawString(30, sheet.height - 14, f"12/03/2024  FROM: MARLOW  TO: 312-555-0147  P.{sheet.page:03}/012")


def small_scan(sheet: Sheet) -> None:
    """The page as an image of part of the sheet, with stamps."""
    share = sheet.random.uniform(0.55, 0.85)
    width, height = sheet.width * share, sheet.height * share
    sheet.draw(sheet.source.picture(), (sheet.width - width) / 2, (sheet.height - height) / 2, width, height)
    sheet.stamp()


def faint_scan(sheet: Sheet) -> None:
    """The page as one image, grey on grey, with stamps."""
    image = sheet.source.picture().point(lambda grey: 150 + grey * 80 // 255)
    sheet.draw(image, 0, 0, sheet.width, sheet.height)
    sheet.stamp()


def negative_scan(sheet: Sheet) -> None:
    """The page as one image, white on black, with stamps below it."""
    image = sheet.source.picture().point(lambda grey: 255 - grey)
    sheet.draw(image, 0, 40, sheet.width, sheet.height - 60)
    sheet.stamp()


def crooked_scan(sheet: Sheet) -> None:
    """The page as one coloured image, turned by some degrees, with a dark border and stamps."""
    turned = sheet.source.picture().rotate(sheet.random.uniform(2, 4), Image.Resampling.BICUBIC, fillcolor=40)
    sheet.draw(turned.convert("RGB"), 0, 0, sheet.width, sheet.height)
    sheet.stamp()


def mute_words(sheet: Sheet) -> None:
    """Lines of the page in a font that does not say which characters its glyphs are."""
    _muted(sheet, sheet.height - 72, 24)
    sheet.stamp()


def outlined_words(sheet: Sheet) -> None:
    """Lines of the page as outlines of letters: what shows words is neither text nor an image."""
    _outlined(sheet, sheet.height - 72, 24)
    sheet.stamp()


def _tiled(sheet: Sheet, across: int, down: int) -> None:
    image = sheet.source.picture()
    width, height = sheet.width / across, sheet.height / down
    for i in range(across):
        for k in range(down):
            cut = (image.width * i // across, image.height * k // down)
            end = (image.width * (i + 1) // across, image.height * (k + 1) // down)
            sheet.draw(image.crop((*cut, *end)), i * width, sheet.height - (k + 1) * height, width, height)


def _words_of_other(sheet: Sheet, lines: int) -> list[str]:
    words = " ".join(text for text, _ in sheet.other.lines()).replace("$", "S").split()
    return [" ".join(words[10 * line : 10 * line + 10])[:85] for line in range(min(lines, len(words) // 10))]


def _muted(sheet: Sheet, top: float, lines: int) -> None:
    sheet.mute = True
    pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf", asciiReadable=False))
    sheet.canvas.setFont("Vera", 9)
    for line, words in enumerate(_words_of_other(sheet, lines)):
        sheet.canvas.drawString(72, top - 16 * line, words)


def _outlined(sheet: Sheet, top: float, lines: int) -> None:
    sheet.canvas.setFillColorRGB(0, 0, 0)
    for line, shown in enumerate(_words_of_other(sheet, lines)):
        path = sheet.canvas.beginPath()
        _trace(path, TextPath((72, top - 16 * line), shown, size=10))
        sheet.canvas.drawPath(path, stroke=0, fill=1)


def _trace(path: PDFPathObject, outline: Outline) -> None:
    at = (0.0, 0.0)
    for points, code in outline.iter_segments():
        if code == Outline.MOVETO:
            path.moveTo(*points)
        elif code == Outline.LINETO:
            path.lineTo(*points)
        elif code == Outline.CURVE3:
            bend, end = points[:2], points[2:]
            thirds = [at[i] + 2 / 3 * (bend[i] - at[i]) for i in (0, 1)]
            thirds += [end[i] + 2 / 3 * (bend[i] - end[i]) for i in (0, 1)]
            path.curveTo(*thirds, *end)
        elif code == Outline.CURVE4:
            path.curveTo(*points)
        elif code == Outline.CLOSEPOLY:
            path.close()
            continue
        at = (float(points[-2]), float(points[-1]))


# Pages with words in their text, and others in a picture


def half_scan(sheet: Sheet) -> None:
    """The page made smaller, over a picture of a part of another page."""
    sheet.live = True
    sheet.scale = sheet.random.uniform(0.5, 0.7)
    _part_of_other(sheet, 1 - sheet.scale - 0.03)


def half_scan_in_strips(sheet: Sheet) -> None:
    """The same, the picture in six strips."""
    sheet.live = True
    sheet.scale = 0.55
    image = _middle(sheet.other, 0.4)
    bottom = sheet.height * 0.42
    for i in range(6):
        strip = image.crop((0, image.height * i // 6, image.width, image.height * (i + 1) // 6))
        sheet.draw(strip, 0, bottom - sheet.height * 0.4 / 6 * (i + 1), sheet.width, sheet.height * 0.4 / 6)


def picture_of_words(sheet: Sheet) -> None:
    """The page made smaller, over a picture of a few lines."""
    sheet.live = True
    sheet.scale = 0.8
    _part_of_other(sheet, 0.14)


def scan_with_half_its_layer(sheet: Sheet) -> None:
    """A scan that has half of its words alone as invisible text."""
    scan(sheet)
    lines = sheet.source.lines()
    letters = [sum(c.isalnum() for c in words) for words, _ in lines]
    _layer(sheet, [line for i, line in enumerate(lines) if 2 * sum(letters[: i + 1]) <= sum(letters)])


def half_mute(sheet: Sheet) -> None:
    """The page made smaller, over lines whose glyphs do not say which characters they are."""
    sheet.live = True
    sheet.scale = 0.6
    _muted(sheet, sheet.height * 0.36, 12)


def half_outlined(sheet: Sheet) -> None:
    """The page made smaller, over lines of outlines."""
    sheet.live = True
    sheet.scale = 0.6
    _outlined(sheet, sheet.height * 0.36, 12)


def _part_of_other(sheet: Sheet, share: float) -> None:
    sheet.draw(_middle(sheet.other, share), 0, 20, sheet.width, sheet.height * share)


def _middle(source: Source, share: float) -> Image.Image:
    """The band of a page that has most ink, of that share of its height."""
    image = source.picture()
    rows = image.resize((1, image.height), Image.Resampling.BOX).tobytes()
    height = int(image.height * share)
    start = min(range(0, image.height - height, 10), key=lambda row: sum(rows[row : row + height]))
    return image.crop((0, start, image.width, start + height))


Make = Callable[[Sheet], None]
KINDS: dict[str, tuple[Make, str, int]] = {  # how it is made, what is true of it, and how often
    "text": (text, READ, 14),
    "text with stamps": (stamped_text, READ, 8),
    "text with a logo": (text_with_logo, READ, 5),
    "text with signatures": (text_with_signatures, READ, 5),
    "text with a seal": (text_with_seal, READ, 4),
    "text with a watermark": (text_with_watermark, READ, 4),
    "text with a drawing": (text_with_drawing, READ, 4),
    "text with a chart": (text_with_chart, READ, 4),
    "text with a photograph": (text_with_photograph, READ, 2),
    "text on paper": (text_on_paper, READ, 4),
    "text with rules": (text_with_rules, READ, 4),
    "photograph": (photograph, READ, 2),
    "drawing": (drawing, READ, 3),
    "blank": (blank, READ, 3),
    "scan with its text": (scan_with_layer, READ, 4),
    "scan": (scan, UNREADABLE, 5),
    "scan with stamps": (stamped_scan, UNREADABLE, 6),
    "scan with head and foot": (scan_with_furniture, UNREADABLE, 4),
    "scan in strips": (scan_in_strips, UNREADABLE, 4),
    "scan in tiles": (scan_in_tiles, UNREADABLE, 3),
    "scan in forms": (scan_in_forms, UNREADABLE, 3),
    "fax": (fax, UNREADABLE, 3),
    "small scan": (small_scan, UNREADABLE, 3),
    "faint scan": (faint_scan, UNREADABLE, 2),
    "negative scan": (negative_scan, UNREADABLE, 2),
    "crooked scan": (crooked_scan, UNREADABLE, 3),
    "mute words": (mute_words, UNREADABLE, 2),
    "outlined words": (outlined_words, UNREADABLE, 2),
    "half a scan": (half_scan, PARTLY, 5),
    "half a scan in strips": (half_scan_in_strips, PARTLY, 3),
    "picture of words": (picture_of_words, PARTLY, 4),
    "scan with half its text": (scan_with_half_its_layer, PARTLY, 3),
    "half mute": (half_mute, PARTLY, 2),
    "half outlined": (half_outlined, PARTLY, 2),
}


def documents(folder: Path, pages: int, seed: int) -> Iterator[tuple[bytes, list[str]]]:
    """PDFs of up to twelve pages, each with the kinds of its pages; `pages` of them in all, each kind once first."""
    numbers = random.Random(seed)
    found = sources(folder, max(pages // 3, 40), seed)
    lot = [kind for kind, (_, _, often) in KINDS.items() for _ in range(often)]
    kinds = [*KINDS, *(lot * (pages // len(lot) + 1))][:pages]
    numbers.shuffle(kinds)
    while kinds:
        own = [kinds.pop() for _ in range(min(len(kinds), numbers.randint(1, 12)))]
        yield _document(own, found, numbers), own


def _document(kinds: Sequence[str], found: Sequence[Source], numbers: random.Random) -> bytes:
    stamps = numbers.sample(_STAMPS, numbers.randint(1, 3))
    writer = PdfWriter()
    for number, kind in enumerate(kinds, 1):
        source, other = numbers.sample(found, 2)
        box = source.page().mediabox
        out = io.BytesIO()
        size = (float(box.width), float(box.height))
        canvas = Canvas(out, pagesize=size, invariant=1)
        sheet = Sheet(source, other, canvas, numbers, *size, page=number, stamps=stamps)
        KINDS[kind][0](sheet)
        canvas.showPage()
        canvas.save()
        page = writer.add_blank_page(*size)
        drawn = PdfReader(io.BytesIO(out.getvalue())).pages[0]
        if sheet.mute:
            for font in drawn["/Resources"]["/Font"].values():  # type: ignore[index]
                font.get_object().pop("/ToUnicode", None)
        if sheet.live:
            place = Transformation().scale(sheet.scale).translate(0, size[1] * (1 - sheet.scale))
            page.merge_transformed_page(source.page(), place)
        page.merge_page(drawn, over=kind != "text on paper")
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()
