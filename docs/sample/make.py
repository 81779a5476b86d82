"""Builds the sample agreement that ships with pincite: contract.txt becomes webapp/sample/sample-supply-agreement.pdf.

    python docs/sample/make.py [OUT]

markup.py says how contract.txt is marked up. Needs reportlab, which the `dev` group brings.
"""

# mypy: disable-error-code="import-untyped, misc"
# reportlab carries no types; nothing else is switched off.

import io
import re
import sys
from pathlib import Path

from markup import Block, parse
from pages import INK, RULE, SHADE, WIDTH, Agreement, ContentsLine
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY, TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import (
    Flowable,
    HRFlowable,
    KeepTogether,
    NextPageTemplate,
    PageBreak,
    Paragraph,
    Spacer,
    Table,
)

SOURCE = Path(__file__).with_name("contract.txt")
OUT = Path(__file__).parents[2] / "webapp" / "sample" / "sample-supply-agreement.pdf"

BODY = ParagraphStyle(
    "body",
    fontName="Times-Roman",
    fontSize=9.6,
    leading=11.2,
    textColor=INK,
    bulletFontName="Times-Roman",
    bulletFontSize=9.6,
    alignment=TA_JUSTIFY,
    spaceAfter=3.6,
    allowWidows=0,
    allowOrphans=0,
)
SECTION = ParagraphStyle("section", BODY, leftIndent=30, bulletIndent=0)
DEFINITION = ParagraphStyle("definition", BODY, leftIndent=30, spaceAfter=3)
ITEMS = {
    1: ParagraphStyle("item", BODY, leftIndent=54, bulletIndent=32, spaceAfter=3),
    2: ParagraphStyle("subitem", BODY, leftIndent=78, bulletIndent=58, spaceAfter=3),
}
ARTICLE = ParagraphStyle(
    "article",
    BODY,
    fontName="Times-Bold",
    fontSize=10,
    leading=12.5,
    alignment=TA_CENTER,
    spaceBefore=7,
    spaceAfter=5,
    keepWithNext=1,
)
SCHEDULE = ParagraphStyle("schedule", ARTICLE, fontSize=12, leading=15, spaceBefore=12, spaceAfter=8)
HEADING = ParagraphStyle("heading", ARTICLE)
PART = ParagraphStyle("part", BODY, fontName="Times-Bold", spaceBefore=8, keepWithNext=1)
PLAIN = {"definition": DEFINITION, "heading": HEADING, "part": PART, "text": BODY}
CELL = ParagraphStyle("cell", BODY, fontSize=9.5, leading=11.5, alignment=0, spaceAfter=0)
CELL_RIGHT = ParagraphStyle("cell-right", CELL, alignment=TA_RIGHT)


def marked(text: str) -> str:
    """Escaped for reportlab, with what stands in curly quotes set bold, as defined terms are."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"“([^”]+)”", r"“<b>\1</b>”", escaped)


def heading(block: Block, style: ParagraphStyle) -> Paragraph:
    """The centred heading of an article or a schedule, which the table of contents lists."""
    made = Paragraph(f"{block.kind.upper()} {block.number} – {marked(block.text.upper())}", style)
    made.contents_title = contents_title(block)
    return made


def cover_page(cover: dict[str, str]) -> list[Flowable]:
    """Title, date and parties, centred between two rules."""

    def line(text: str, size: float, font: str = "Times-Roman", after: float = 10) -> Paragraph:
        style = ParagraphStyle(
            "cover", BODY, fontName=font, fontSize=size, leading=size * 1.25, spaceAfter=after, alignment=TA_CENTER
        )
        return Paragraph(marked(text), style)

    rule = HRFlowable(width="70%", thickness=0.8, color=INK, spaceBefore=8, spaceAfter=24)
    return [
        Spacer(1, 90),
        line(cover["dated"], 12, after=46),
        rule,
        line(cover["title"].upper(), 20, "Times-Bold", 12),
        line(cover["subject"], 11.5, "Times-Italic", 22),
        rule,
        line("between", 11, "Times-Italic", 24),
        line(cover["first"], 15, "Times-Bold", 2),
        line(cover["first_role"], 11, after=22),
        line("and", 11, "Times-Italic", 22),
        line(cover["second"], 15, "Times-Bold", 2),
        line(cover["second_role"], 11, after=90),
        line(cover["number"], 11, after=88),
        line(cover["note"], 8.5, "Times-Italic"),
    ]


def contents_title(block: Block) -> str:
    """What the table of contents says for a block, or ""."""
    if block.kind in ("article", "schedule"):
        return f"{block.kind.title()} {block.number} – {block.text}"
    return "Signatures" if block.kind == "signatures" else ""


def contents_page(blocks: list[Block], labels: dict[str, str]) -> list[Flowable]:
    """The table of contents; `labels` is empty on the first of the two passes."""
    titles = [title for block in blocks if (title := contents_title(block))]
    return [Paragraph("TABLE OF CONTENTS", SCHEDULE), *(ContentsLine(t, labels.get(t, "")) for t in titles)]


def table(text: str) -> Flowable:
    """A ruled table from `|` lines, kept on one page; header rows are bold and shaded."""
    first, *rows = text.splitlines()
    *widths, aligns = first.removeprefix("|:").split() if set(first) & set("<>") else (*first[2:].split(), "")
    aligns = aligns.ljust(len(widths), "<")
    shaded = [n for n, row in enumerate(rows) if row.startswith("|!")]
    cells = []
    for n, row in enumerate(rows):
        texts = [c.strip().replace(" / ", "<br/>") for c in row.lstrip("|!").split("|")]
        bold = ("<b>", "</b>") if n in shaded else ("", "")
        styles = [CELL_RIGHT if a == ">" else CELL for a in aligns]
        cells.append([Paragraph(t.join(bold), style) for t, style in zip(texts, styles, strict=True)])
    style = [
        ("GRID", (0, 0), (-1, -1), 0.4, RULE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
        *(("BACKGROUND", (0, n), (-1, n), SHADE) for n in shaded),
    ]
    made = Table(cells, [WIDTH * float(w) / 100 for w in widths], style=style, spaceBefore=4, spaceAfter=8)
    return KeepTogether([made])


def signature_block(block: Block) -> Flowable:
    """Two columns to sign in, kept on one page."""
    opening, names = block.text.splitlines()
    made = Paragraph(marked(opening), BODY)
    made.contents_title = "Signatures"
    rows = [[Paragraph(f"<b>{name.strip()}</b>", CELL) for name in names.split("|")]]
    rows += [[Paragraph(f"{field}: " + "_" * (38 - len(field)), CELL)] * 2 for field in ("By", "Name", "Title", "Date")]
    return KeepTogether([Spacer(1, 8), made, Table(rows, [WIDTH / 2] * 2, [22] + [26] * 4)])


def flowables(block: Block) -> list[Flowable]:
    """What a block of the body or of a schedule is set as."""
    text = marked(block.text)
    match block.kind:
        case "article":
            return [heading(block, ARTICLE)]
        case "schedule":
            return [heading(block, SCHEDULE)]
        case "schedules":
            return [NextPageTemplate("schedules"), PageBreak()]
        case "page":
            return [PageBreak()]
        case "section":
            title, _, rest = text.partition(".")
            return [Paragraph(f"<b>{title}.</b>{rest}", SECTION, bulletText=block.number)]
        case "item1" | "item2":
            return [Paragraph(text, ITEMS[int(block.kind[-1])], bulletText=block.number)]
        case "table":
            return [table(block.text)]
        case "signatures":
            return [signature_block(block)]
        case "definition" | "heading" | "part" | "text":
            return [Paragraph(text, PLAIN[block.kind])]
    raise ValueError(f"contract.txt has a block of the unknown kind {block.kind!r}")


def build(source: str) -> bytes:
    """The PDF of contract.txt, the same bytes for the same source. Two passes: the first finds the page labels."""
    cover, _contents, _body, *blocks = parse(source)
    fields = dict(line.split(": ", 1) for line in cover.text.splitlines())
    labels: dict[str, str] = {}
    for _ in range(2):
        out = io.BytesIO()
        agreement = Agreement(out, fields)
        story = [
            *cover_page(fields),
            PageBreak(),
            *contents_page(blocks, labels),
            NextPageTemplate("body"),
            PageBreak(),
        ]
        for block in blocks:
            story += flowables(block)
        agreement.build(story)
        labels = agreement.labels
    return out.getvalue()


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    target.write_bytes(build(SOURCE.read_text(encoding="utf-8")))
