"""The pages of the sample agreement: running header and footer, page labels, the lines of the table of contents."""

# mypy: disable-error-code="import-untyped, misc"
# reportlab carries no types; nothing else is switched off.

import io
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import LETTER
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate

MARGIN = 72
WIDTH = LETTER[0] - 2 * MARGIN
INK, RULE, SHADE = HexColor("#111111"), HexColor("#888888"), HexColor("#ECECEC")


class ContentsLine(Flowable):
    """One line of the table of contents: title, leader dots, printed page label; a link to the page."""

    def __init__(self, title: str, label: str) -> None:
        super().__init__()
        self.title, self.label = title, label

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        """The whole width and 19 points of height."""
        self.width = width
        return width, 19

    def draw(self) -> None:
        """Draws the line; the dots fill what the title and the label leave free."""
        font, size = "Times-Roman", 10.5
        left, right = stringWidth(self.title, font, size), stringWidth(self.label, font, size)
        dots = int((self.width - left - right - 12) // stringWidth(" .", font, size))
        self.canv.setFont(font, size)
        self.canv.drawString(0, 5, self.title)
        self.canv.drawRightString(self.width - right - 6, 5, " ." * dots)
        self.canv.drawRightString(self.width, 5, self.label)
        self.canv.linkRect("", self.title, (0, 1, self.width, 17), relative=1, Border="[0 0 0]")


class Agreement(BaseDocTemplate):
    """The document's three parts, each with its own page labels: i, ii; 1, 2, ...; S-1, S-2, ..."""

    def __init__(self, out: io.BytesIO, cover: dict[str, str]) -> None:
        # Not compressed: the bytes then depend on no version of zlib, and the file stays small enough.
        super().__init__(
            out,
            pagesize=LETTER,
            invariant=1,
            pageCompression=0,
            title=cover["title"],
            author=f"{cover['first']} and {cover['second']}",
            subject=cover["subject"],
            leftMargin=MARGIN,
            rightMargin=MARGIN,
        )
        self.cover, self.counts = cover, dict.fromkeys(("front", "body", "schedules"), 0)
        self.labels: dict[str, str] = {}
        frame = Frame(MARGIN, 56, WIDTH, LETTER[1] - 56 - 66, 0, 0, 0, 0)
        parts = [PageTemplate(part, [frame], onPage=self.header, onPageEnd=self.footer) for part in self.counts]
        self.addPageTemplates(parts)

    @property
    def label(self) -> str:
        """The page label printed on the current page."""
        part = self.pageTemplate.id
        count = self.counts[part]
        return {"front": "i" * count, "body": str(count), "schedules": f"S-{count}"}[part]

    def header(self, canvas: Any, _doc: Any) -> None:
        """Starts a page: counts it, declares its label, draws the running header (the cover has none)."""
        part = self.pageTemplate.id
        self.counts[part] += 1
        if self.counts[part] == 1:
            style, prefix = {"front": ("ROMAN_LOWER", None), "body": ("ARABIC", None), "schedules": ("ARABIC", "S-")}[
                part
            ]
            canvas.addPageLabel(canvas.getPageNumber() - 1, style=style, start=1, prefix=prefix)
        if canvas.getPageNumber() == 1:
            return
        canvas.setFont("Times-Italic", 8.5)
        canvas.drawString(MARGIN, LETTER[1] - 48, self.cover["title"])
        canvas.drawRightString(LETTER[0] - MARGIN, LETTER[1] - 48, self.cover["number"])
        canvas.setStrokeColor(RULE)
        canvas.setLineWidth(0.4)
        canvas.line(MARGIN, LETTER[1] - 53, LETTER[0] - MARGIN, LETTER[1] - 53)

    def footer(self, canvas: Any, _doc: Any) -> None:
        """Ends a page with the footer, so that its words come last in the page's text too."""
        if canvas.getPageNumber() == 1:
            return
        canvas.setFont("Times-Italic", 8.5)
        canvas.drawString(MARGIN, 36, "Quillmarsh / Pellworth – Confidential")
        canvas.setFont("Times-Roman", 9)
        canvas.drawRightString(LETTER[0] - MARGIN, 36, f"Page {self.label}")

    def afterFlowable(self, flowable: Flowable) -> None:
        """Notes where each article and schedule starts, for the table of contents and the outline."""
        title = getattr(flowable, "contents_title", None)
        if title:
            self.labels[title] = self.label
            self.canv.bookmarkPage(title)
            self.canv.addOutlineEntry(title, title, 0)
