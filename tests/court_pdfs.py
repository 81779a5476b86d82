"""Court papers, transcripts and productions that the tests make for themselves."""

import io
from collections.abc import Sequence
from typing import Any

from reportlab.lib.pagesizes import letter
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = letter
PLEADING = [
    [
        "ARDEN VALE LLP",
        "Attorneys for Plaintiff",
        "",
        "COMPLAINT FOR BREACH OF CONTRACT",
        "1. Plaintiff Norrland Storage LLC alleges that on or about",
        "March 3, 2021 the parties entered into a written warehouse lease",
        "for the premises at 4500 Terminal Road.",
        "2. Defendant remained in possession for seven months after the",
        "Lease expired, and Plaintiff has been damaged in the amount of",
    ],
    [
        "$315,000, together with interest at the legal rate.",
        "3. Plaintiff has performed all conditions, covenants, and promises",
        "required on its part to be performed in accordance with the terms of",
        "the Lease.",
    ],
]
TESTIMONY = [
    [
        "Q. Did you review the maintenance log?",
        "A. Yes, I did.",
        "Q. What did the log show for brake",
        "number four?",
        "A. It showed that the pads had been",
        "reported worn on June 3.",
        "Q. Who told the night",
    ],
    [
        "foreman of it?",
        "A. Nobody told him.",
        "Q. Did anybody replace the pads before",
        "the accident?",
        "MR. VANCE: Objection.",
        "Q. You can answer.",
        "A. No. The order was put on hold by the",
        "purchasing department.",
    ],
    [
        "Q. How fast was the truck going when",
        "it left the yard?",
        "A. Forty.",
        "(Recess from 10:14 to 10:31.)",
        "Q. And the limit is what?",
        "A. Fifteen.",
    ],
]


def court_pdf(draw: Any, *, size: tuple[float, float] = letter) -> bytes:
    """What `draw` draws on a canvas, as a PDF."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=size, invariant=1)
    draw(canvas)
    canvas.save()
    return out.getvalue()


def pleading(*, shift: float = 0.0, numbers: str = "first", firm: bool = False, single: bool = False) -> bytes:
    """Pleading paper: 28 numbers beside each page's lines, double rule, a court's stamp above, page and title below.

    `shift`: points by which the lines stand below their numbers. `numbers`: drawn "first", "last", or beside their
    lines on the "right". `firm`: its name stands in the margin, amid the drawing of the lines. `single`: two lines to a
    number.
    """
    pitch, top = 23.0, HEIGHT - 83

    def draw_column(canvas: Canvas) -> None:
        for n in range(28):
            canvas.drawRightString(WIDTH - 30 if numbers == "right" else 60, top - pitch * n, str(n + 1))

    def draw(canvas: Canvas) -> None:
        for number, page in enumerate(PLEADING, 1):
            canvas.setFont("Courier", 10)
            for x in (70, 73):
                canvas.line(x, 20, x, HEIGHT - 20)
            canvas.drawString(90, HEIGHT - 40, f"Case 2:24-cv-01261-ABC Document 40 Filed 10/04/24 Page {number} of 9")
            if numbers == "first":
                draw_column(canvas)
            for n, line in enumerate(page):
                canvas.drawString(90, top - pitch * n / (2 if single else 1) - shift, line)
                if firm and n == 2:
                    canvas.setFont("Courier", 5)
                    canvas.drawString(8, HEIGHT / 2, "HARROW LLP")
                    canvas.setFont("Courier", 10)
            if numbers != "first":
                draw_column(canvas)
            canvas.drawCentredString(WIDTH / 2, 40, str(number))
            canvas.drawCentredString(WIDTH / 2, 28, "COMPLAINT")
            canvas.showPage()

    return court_pdf(draw)


def transcript(
    pages: Sequence[Sequence[str]] = TESTIMONY,
    *,
    first: int = 41,
    times: bool = False,
    corner: bool = True,
    turned: bool = False,
) -> bytes:
    """A transcript of 25 lines a page in a reporter's frame, numbered above or below; `times` stand before the numbers.

    `turned`: drawn on its side, and the page turned by a quarter, as it comes from scanners and printers.
    """

    def draw(canvas: Canvas) -> None:
        for number, page in enumerate(pages, first):
            if turned:
                canvas.setPageRotation(90)
                canvas.translate(HEIGHT, 0)
                canvas.rotate(90)
            canvas.setFont("Courier", 12)
            canvas.rect(80, 60, 460, 680)
            if corner:
                canvas.drawRightString(530, 750, str(number))
            for n in range(1, 26):
                y = 750 - 26 * n
                if times:
                    canvas.drawString(20, y, f"10:{n:02}:07")
                canvas.drawString(90, y, f"{n:2}   {page[n - 1] if n <= len(page) else ''}")
            canvas.drawString(90, 46, "Harrow Reporting (555) 555-0100")
            if not corner:
                canvas.drawString(290, 30, f"Page {number}")
            canvas.showPage()

    return court_pdf(draw, size=(HEIGHT, WIDTH) if turned else letter)


def condensed(
    pages: Sequence[Sequence[str]] = TESTIMONY,
    *,
    first: int = 41,
    across: bool = False,
    by_row: bool = False,
    rows: int = 2,
) -> bytes:
    """Sheets of transcript pages in two columns, one column after the other or `across`.

    `by_row`: drawn line by line over the sheet. `rows`: 2 for four pages a sheet, 1 for two.
    """
    in_all = 2 * rows

    def draw_sheet(canvas: Canvas, at: int) -> None:
        canvas.setFont("Courier", 7)
        canvas.drawCentredString(WIDTH / 2, 770, "DEPOSITION OF L. MARCHANT")
        drawn: list[tuple[float, int, str]] = []
        for i, page in enumerate(pages[at : at + in_all]):
            column, row = (i % 2, i // 2) if across else (i // rows, i % rows)
            x, top = 40 + 280 * column, 750 - 720 // rows * row
            drawn.append((top, x + 200, f"Page {first + at + i}"))
            drawn += [(top - 26 / rows * n, x, f"{n:2} {page[n - 1] if n <= len(page) else ''}") for n in range(1, 26)]
        for y, x, text in sorted(drawn, key=lambda row: (-row[0], row[1])) if by_row else drawn:
            canvas.drawString(x, y, text)
        last = first + min(at + in_all, len(pages)) - 1
        canvas.drawCentredString(WIDTH / 2, 20, f"{11 + at // in_all} (Pages {first + at} - {last})")
        canvas.showPage()

    def draw(canvas: Canvas) -> None:
        for at in range(0, len(pages), in_all):
            draw_sheet(canvas, at)

    return court_pdf(draw)


def captioned(mark: str, *, by_row: bool) -> bytes:
    """A pleading's first page: a column of marks between the parties' names and the number and title of the case."""
    pitch, top = 23.0, HEIGHT - 83
    left = [
        "NORRLAND STORAGE LLC, a",
        "company of Delaware,",
        "    Plaintiff,",
        "  v.",
        "ORRIN LTD.,",
        "    Defendant.",
    ]
    right = ["Case No. 2:24-cv-01261", "COMPLAINT FOR BREACH", "OF CONTRACT AND FOR", "DAMAGES", "", "JURY DEMANDED"]

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Courier", 10)
        lines = ["UNITED STATES DISTRICT COURT", "CENTRAL DISTRICT OF CALIFORNIA", *6 * [""], *PLEADING[0][4:]]
        for n in range(28):
            canvas.drawRightString(60, top - pitch * n, str(n + 1))
        for n, line in enumerate(lines[:2]):
            canvas.drawString(90, top - pitch * n, line)
        halves = [
            (x, top - pitch * n, words)
            for x, half in ((90, left), (320, 6 * [mark]), (340, right))
            for n, words in enumerate(half, 2)
        ]
        for x, y, words in sorted(halves, key=lambda word: (-word[1], word[0])) if by_row else halves:
            canvas.drawString(x, y, words)
        for n, line in enumerate(lines[8:], 8):
            canvas.drawString(90, top - pitch * n, line)

    return court_pdf(draw)


def numbered_pages(
    labels: Sequence[str], *, bodies: Sequence[str] = (), top: bool = False, running: str = "", corners: bool = False
) -> bytes:
    """Pages with a number printed above or below, in alternating `corners`; `running`: words beside it."""

    def draw(canvas: Canvas) -> None:
        for i, label in enumerate(labels):
            body = bodies[i] if bodies else f"Words of page number {'abcdefghijklmnop'[i % 16]}, which go on here."
            for n, line in enumerate(body.split("\n")):
                canvas.drawString(72, 680 - 14 * n, line)
            y = 750 if top else 40
            words = f"{label} {running}".strip() if corners and i % 2 else f"{running} {label}".strip()
            if corners and i % 2:
                canvas.drawString(72, y, words)
            else:
                canvas.drawRightString(540, y, words)
            canvas.showPage()

    return court_pdf(draw)
