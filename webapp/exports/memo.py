"""Writes a paper as a Word file (DOCX): a memo with footnotes.

A place that is cited is a footnote, and where it is cited again its number is a cross-reference to that footnote
(NOTEREF), so that Word keeps one number a place however the memo is edited. Numbers of lists are the answer's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from webapp.core.wording import marks_in_words
from webapp.exports.ooxml import Part, Properties, package, resource, xml_text
from webapp.exports.paper import Note, Paper, PaperLine, Run, raised

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_PART = "application/vnd.openxmlformats-officedocument.wordprocessingml.{}+xml"
_NAMES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
_COLOURS = {"doubt": "8A4600", "sure": "22603A", "part": "444B57", "gone": "5A616C"}  # by the style of a mark
_STYLES = {"heading": "Heading2", "quote": "Quote", "soft": "Soft", "bullet": "Item", "number": "Item"}
_INDENT = 420  # twentieths of a point: of an item, and of each level
_PAGE_WIDTH = 9070  # of an A4 page within its margins


def to_docx(paper: Paper, *, who: str, at: datetime) -> bytes:
    """The memo; `who` asked, `at` is when."""
    body, notes = _Text(), {note.number: note for note in paper.notes}
    lines = _paragraph(body, "Title", (Run(paper.title),))
    lines += "".join(_paragraph(body, "Soft", (Run(words),)) for words in paper.about)
    for is_table, group in groupby(paper.lines, key=lambda line: line.kind in ("head", "row")):
        rows = list(group)
        lines += _table(body, rows) if is_table else "".join(_line(body, line) for line in rows)
    foot = _Text()
    footnotes = "".join(_footnote(foot, at, notes[number]) for number, at in body.notes.items())
    document = (
        f'<w:document {_NAMES}><w:body>{lines}<w:sectPr><w:footerReference w:type="default" '
        f'r:id="rId{len(body.links) + 3}"/><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1418" w:right="1418" '
        'w:bottom="1418" w:left="1418" w:header="709" w:footer="709" w:gutter="0"/></w:sectPr></w:body></w:document>'
    )
    uses = [(name, f"{name}.xml") for name in ("styles", "footnotes", "footer", "settings")]
    notes_xml = resource("word_footnotes.xml").replace("</w:footnotes>", f"{footnotes}</w:footnotes>")
    parts = (
        Part("word/document.xml", _PART.format("document.main"), document, tuple(body.links), uses),
        Part("word/footnotes.xml", _PART.format("footnotes"), notes_xml, tuple(foot.links)),
        *(
            Part(f"word/{name}.xml", _PART.format(name), resource(f"word_{name}.xml"))
            for name in ("styles", "settings", "footer")
        ),
    )
    return package("word/document.xml", parts, Properties(paper.title, who or "pincite", at))


@dataclass
class _Text:
    """A part with text: the targets of its links, and its footnotes by the numbers of the paper, from 1."""

    links: dict[str, int] = field(default_factory=dict)
    notes: dict[int, int] = field(default_factory=dict)

    def link(self, url: str) -> str:
        """Id of the link to an address."""
        return f"rId{self.links.setdefault(url, len(self.links) + 1)}"


def _line(part: _Text, line: PaperLine) -> str:
    runs = line.cells[0]
    if line.kind not in ("bullet", "number"):
        return _paragraph(part, _STYLES.get(line.kind, "Normal"), runs)
    sign = "•\t" if line.kind == "bullet" else f"{line.number}.\t"
    left = _INDENT * (line.level + 1)
    indent = f'<w:ind w:left="{left}" w:hanging="{_INDENT}"/>'
    return _paragraph(part, "Item", (Run(sign), *runs), indent)


def _paragraph(part: _Text, style: str, runs: Sequence[Run], more: str = "") -> str:
    inner = "".join(_run(part, run) for run in raised(runs))
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{more}</w:pPr>{inner}</w:p>'


def _run(part: _Text, run: Run) -> str:
    if run.note:
        return _reference(part, run.note)
    if not run.text:
        return ""
    properties = ("<w:b/>" if run.bold else "") + ("<w:strike/>" if run.struck else "")
    if run.url:
        properties = '<w:rStyle w:val="Hyperlink"/>' + properties
    if run.mark is not None:
        properties += f'<w:color w:val="{_COLOURS[run.mark.style]}"/>'
    if run.is_raised:
        properties += '<w:vertAlign w:val="superscript"/>'
    words = f"<w:r><w:rPr>{properties}</w:rPr>{_words(run.text)}</w:r>"
    return f'<w:hyperlink r:id="{part.link(run.url)}">{words}</w:hyperlink>' if run.url else words


def _words(text: str) -> str:
    """Text of a run: line ends and tabs are elements of their own."""
    inner = xml_text(text)
    for character, tag in (("\n", "<w:br/>"), ("\t", "<w:tab/>")):
        inner = inner.replace(character, f'</w:t>{tag}<w:t xml:space="preserve">')
    return f'<w:t xml:space="preserve">{inner}</w:t>'


def _reference(part: _Text, number: int) -> str:
    style = '<w:rPr><w:rStyle w:val="FootnoteReference"/></w:rPr>'
    if number not in part.notes:
        at = part.notes[number] = len(part.notes) + 1
        reference = f'<w:r>{style}<w:footnoteReference w:id="{at}"/></w:r>'
        return f'<w:bookmarkStart w:id="{at}" w:name="_Ref{at:08}"/>{reference}<w:bookmarkEnd w:id="{at}"/>'
    at = part.notes[number]
    kinds = ("begin", "separate", "end")
    begin, separate, end = (f'<w:r>{style}<w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in kinds)
    field_ = f'<w:r>{style}<w:instrText xml:space="preserve"> NOTEREF _Ref{at:08} \\f \\h </w:instrText></w:r>'
    return f"{begin}{field_}{separate}<w:r>{style}<w:t>{at}</w:t></w:r>{end}"


def _footnote(part: _Text, at: int, note: Note) -> str:
    words = marks_in_words(note.marks)
    runs = (Run(" "), Run(note.text, url=note.url), Run(f" ({words})" if words else ""))
    inner = "".join(_run(part, run) for run in runs)
    mark = '<w:r><w:rPr><w:rStyle w:val="FootnoteReference"/></w:rPr><w:footnoteRef/></w:r>'
    return (
        f'<w:footnote w:id="{at}"><w:p><w:pPr><w:pStyle w:val="FootnoteText"/></w:pPr>{mark}{inner}</w:p></w:footnote>'
    )


def _table(part: _Text, rows: Sequence[PaperLine]) -> str:
    columns = max(len(row.cells) for row in rows)
    width = _PAGE_WIDTH // columns
    grid = f'<w:gridCol w:w="{width}"/>' * columns
    return (
        '<w:tbl><w:tblPr><w:tblStyle w:val="Grid"/><w:tblW w:w="5000" w:type="pct"/></w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>{''.join(_row(part, row, columns) for row in rows)}</w:tbl>"
        '<w:p><w:pPr><w:pStyle w:val="Soft"/></w:pPr></w:p>'
    )


def _row(part: _Text, row: PaperLine, columns: int) -> str:
    is_head = row.kind == "head"
    cells = [*row.cells, *[()] * (columns - len(row.cells))]
    if is_head:
        cells = [tuple(Run(run.text, bold=True, note=run.note) for run in cell) for cell in cells]
    drawn = "".join(f"<w:tc>{_paragraph(part, 'Cell', cell)}</w:tc>" for cell in cells)
    return f"<w:tr><w:trPr><w:cantSplit/>{'<w:tblHeader/>' if is_head else ''}</w:trPr>{drawn}</w:tr>"
