"""Reads the stories of a Word file (body, headers, notes, comments, text boxes): paragraphs, tables, numbers, notes.

A paragraph is a line of the text, and so is a row of a table of figures; the cells of other tables are read one after
the other. A paragraph whose mark is deleted or hidden runs on in the next one, as Word shows it.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from statistics import median

from lxml import etree

from retrieval.core.documents import Remark
from retrieval.core.errors import TooMuchText
from retrieval.reading.docx_numbering import Counters, Numbering, formatted
from retrieval.reading.docx_package import W, alternative, inner, is_on, name_of, properties_of, value
from retrieval.reading.docx_paragraphs import CHANGES, LIVE, NoteReference, ParagraphDraft, Runs, Standing, tracked
from retrieval.reading.docx_styles import Styles

CELLS = "\t"  # stands between two cells of a row
_HELD = ("w:customXml", "w:smartTag", *CHANGES)  # may hold paragraphs, rows or cells
_HEADING = re.compile(r"heading \d|title|subtitle|toc heading")
_CONTENTS = re.compile(r"toc \d|table of figures|table of authorities")
_ENTRY = re.compile(r"\t(?=[^\t]*\Z)")  # before the page number of an entry of contents
_LEADER = " ........ "
# A sentence has ended, which needs no remark, or goes on.
_UNDER_WAY = re.compile(
    r"(?:[^\w%]|\b(?:an?|the|of|to|in|by|for|with|from|at|on|and|or|but|that|which|than|shall|will|may|is|are|be))\s*\Z",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"\s*[\"“(\[]*[a-z]")
_LONG_CELL = 120  # characters; where half of the cells have more, a table lays out prose


@dataclass
class WordFile:
    """What all stories of one file share, and what is found out on the way."""

    name: str
    styles: Styles
    numbering: Numbering
    limit: int  # of characters
    on_characters: Callable[[int], None] = lambda _so_far: None
    # By kind: the part that they are in, and each by its id.
    notes: dict[str, tuple[str | None, dict[str, etree._Element]]] = field(default_factory=dict)
    note_format: dict[str, str] = field(default_factory=dict)  # by kind
    comments: dict[str, Remark] = field(default_factory=dict)
    embedded: list[str] = field(default_factory=list)
    unread: bool = False  # whether it shows words that are not in it: a part of another file, a number of a field
    has_two_sides: bool = False  # whether left and right pages have headers of their own
    at_the_end: list[ParagraphDraft] = field(default_factory=list)  # endnotes
    _counts: dict[str, int] = field(default_factory=dict)
    _characters: int = 0

    def spend(self, draft: ParagraphDraft) -> None:
        """Count the characters of a paragraph. Raises TooMuchText."""
        self._characters += draft.length + 1 + sum(len(m.words) for m in draft.remarks)
        if self._characters > self.limit:
            raise TooMuchText(name=self.name, limit=self.limit)
        self.on_characters(self._characters)

    def note_mark(self, kind: str) -> str:
        """The mark of the next footnote or endnote."""
        self._counts[kind] = self._counts.get(kind, 0) + 1
        default = "lowerRoman" if kind == "endnote" else "decimal"
        return formatted(self._counts[kind], self.note_format.get(kind, default))


def read_story(
    file: WordFile, story: etree._Element, part: str | None, *, is_body: bool = False
) -> list[ParagraphDraft]:
    """The lines of a story of a part, in order. Its lists count for themselves; only the body has notes and numbers of
    pages.
    """
    reader = _Story(file, story, part or "", is_body=is_body)
    lines = reader.read(story, LIVE)
    _part_blocks(lines)
    file.embedded += reader.runs.embedded
    file.unread |= reader.runs.unread
    return lines


def _part_blocks(lines: Sequence[ParagraphDraft]) -> None:
    """Remark the paragraphs that no sentence leaves, as they have no end mark and the next is none of their words."""
    shown = [line for line in lines if line.text.strip()]
    for line, below in zip_longest(shown, shown[1:]):
        under_way = _UNDER_WAY.search(line.text) or (below and _GOES_ON.match(below.text))
        if not under_way:
            _remark_block(line)


def _remark_block(line: ParagraphDraft) -> None:
    """Remark a line that no sentence leaves, where no other remark says so."""
    if not any(m.kind in ("column", "row", "footnote") for m in line.remarks):
        line.remarks.append(Remark(0, line.length, "column"))


class _Story:
    def __init__(self, file: WordFile, story: etree._Element, part: str, *, is_body: bool) -> None:
        self._file, self._styles, self._is_body = file, file.styles, is_body
        self.runs = Runs(story, file.styles, file.comments, part=part, page_numbers=is_body)
        self._counters = Counters(file.numbering)
        self._open: ParagraphDraft | None = None  # a paragraph that runs on in the next
        self._numbered_by: etree._Element | None = None  # the paragraph that began it, if it shows words
        self._following: list[ParagraphDraft] = []  # text boxes and notes, after this paragraph or table
        self._tables = 0  # that are open
        self._section = 0
        self._on_white = True

    def read(self, holder: etree._Element, standing: Standing) -> list[ParagraphDraft]:
        """The lines of the paragraphs and tables that something holds."""
        before, self._open, self._numbered_by = (self._open, self._numbered_by), None, None
        lines: list[ParagraphDraft] = []
        self._blocks(holder, lines, standing)
        self._end(lines)
        self._open, self._numbered_by = before
        return lines

    def _blocks(self, holder: etree._Element, lines: list[ParagraphDraft], standing: Standing) -> None:
        for child in holder:
            name = name_of(child)
            if name == "w:p":
                self._paragraph(child, lines, standing)
            elif name == "w:tbl":
                self._end(lines)
                self._tables += 1
                lines += self._table(child, standing)
                self._tables -= 1
            elif name == "w:altChunk":
                self._file.unread = True
            elif (content := _held(name, child)) is not None:
                self._blocks(content, lines, _standing_of(name, child, standing))
            if not self._tables:
                lines += self._following
                self._following = []

    # Paragraphs

    def _paragraph(self, paragraph: etree._Element, lines: list[ParagraphDraft], standing: Standing) -> None:
        style = self._styles.of_paragraph(paragraph)
        draft = self._open or ParagraphDraft(section=self._section)
        if self._open is None and is_on(self._styles.of_paragraphs("pageBreakBefore", paragraph, style)):
            draft.page_starts.append((0, True))
        self.runs.read(paragraph, draft, standing, on_white=self._on_white)
        mark = properties_of(inner(paragraph, "pPr", "rPr"))
        if inner(paragraph, "pPr", "sectPr") is not None:
            self._section += 1
        deleted = mark.get("del", mark.get("moveFrom"))
        if deleted is not None or standing.kind in ("struck", "hidden"):
            draft.write("\n", tracked(deleted, "struck").within(standing))
            self._open = draft
        elif self._styles.is_set("vanish", mark, style) or _is_drop_cap(paragraph):
            self._open = draft
            if draft.length and self._numbered_by is None:
                self._numbered_by = paragraph
        else:
            self._finish(draft, paragraph if self._numbered_by is None else self._numbered_by, lines)

    def _end(self, lines: list[ParagraphDraft]) -> None:
        """Finish a paragraph that has none to run on in."""
        if self._open is not None:
            self._finish(self._open, self._numbered_by, lines)

    def _finish(self, draft: ParagraphDraft, paragraph: etree._Element | None, lines: list[ParagraphDraft]) -> None:
        self._open = self._numbered_by = None
        style = self._styles.of_paragraph(paragraph) if paragraph is not None else ""
        if draft.is_contents or any(_CONTENTS.fullmatch(name) for name in self._styles.names(style)):
            _draw_leader(draft)
        if paragraph is not None:
            self._number(draft, paragraph, style)
        struck = (replace(m, words=m.words.strip("\n")) if m.kind == "struck" else m for m in draft.remarks)
        draft.remarks = [m for m in struck if m.kind != "struck" or m.words.strip()]
        if any(_HEADING.fullmatch(name) for name in self._styles.names(style)) and draft.text.strip():
            _remark_block(draft)
        self._file.spend(draft)
        lines.append(draft)
        on_white, self._on_white = self._on_white, False  # a box may have any ground
        for box, standing in draft.boxes:
            before, self._following = self._following, []
            boxed = self.read(box, standing)
            for line in boxed:
                _remark_block(line)
            self._following = before + boxed + self._following
        self._on_white = on_white
        for reference in draft.notes if self._is_body else ():
            self._note(draft, reference)

    def _number(self, draft: ParagraphDraft, paragraph: etree._Element, style: str) -> None:
        """Put a paragraph's automatic number before its words. One that is struck through counts, and is not shown."""
        place = self._file.numbering.place_of(paragraph, style)
        if place is None:
            return
        number = self._counters.next(*place)
        mark = properties_of(inner(paragraph, "pPr", "rPr"))
        is_struck = self._styles.is_struck(mark, style)
        if number and not is_struck and (draft.text.strip() or not number.startswith(("•", "-", "–", "—"))):
            draft.put_before(number)

    def _note(self, draft: ParagraphDraft, reference: NoteReference) -> None:
        """A note stands apart from the words that bear its mark, which is not in the text."""
        part, notes = self._file.notes.get(reference.kind, (None, {}))
        note = notes.pop(reference.id, None)  # each is shown once
        if note is None:
            return
        lines = [line for line in read_story(self._file, note, part) if line.text.strip() or line.remarks]
        if reference.standing.kind == "struck":
            draft.write("\n".join(line.text for line in lines), reference.standing)
            return
        mark = self._file.note_mark(reference.kind) if reference.is_numbered else ""
        for line in lines:
            if mark and line is lines[0]:
                line.put_before(f"{mark} ")
            line.section = draft.section
            line.remarks.append(Remark(0, line.length, "footnote", detail=mark))
        (self._file.at_the_end if reference.kind == "endnote" else self._following).extend(lines)

    # Tables

    def _table(self, table: etree._Element, standing: Standing) -> list[ParagraphDraft]:
        on_white = self._on_white
        self._on_white &= inner(table, "tblPr", "tblStyle") is None and inner(table, "tblPr", "shd") is None
        rows = [self._cells(row, of_row) for row, of_row in _members(table, "w:tr", standing)]
        self._on_white = on_white
        if not _is_of_figures(table, rows):
            return [line for row in rows for cell in row for line in cell]
        lines = [_joined(row, self._section) for row in rows]
        heads = _count_heads(table, rows)
        words = CELLS.join(" ".join(cell.split()) for cell in lines[heads - 1].text.split(CELLS)) if heads else ""
        for n, line in enumerate(lines):
            if line.text.strip():
                line.remarks.append(Remark(0, line.length, "row", words if n >= heads else ""))
        return lines

    def _cells(self, row: etree._Element, standing: Standing) -> list[list[ParagraphDraft]]:
        cells = []
        for cell, of_cell in _members(row, "w:tc", standing):
            properties = properties_of(inner(cell, "tcPr"))
            goes_on = "vMerge" in properties and value(properties["vMerge"]) in ("", "continue")
            deleted, inserted = properties.get("cellDel"), properties.get("cellIns")
            of_cell = tracked(deleted, "struck").within(tracked(inserted, "inserted").within(of_cell))
            on_white = self._on_white
            self._on_white &= "shd" not in properties
            cells.append([ParagraphDraft(section=self._section)] if goes_on else self.read(cell, of_cell))
            self._on_white = on_white
        return cells


def _held(name: str, element: etree._Element) -> etree._Element | None:
    """What holds the paragraphs, rows or cells inside of an element that is none of them."""
    if name == "w:sdt":
        return inner(element, "sdtContent")
    if name == "mc:AlternateContent":
        return alternative(element)
    return element if name in _HELD else None


def _standing_of(name: str, element: etree._Element, standing: Standing) -> Standing:
    kind = CHANGES.get(name)
    return tracked(element, kind).within(standing) if kind else standing


def _members(holder: etree._Element, kind: str, standing: Standing) -> Iterator[tuple[etree._Element, Standing]]:
    """The rows of a table, or the cells of a row, each with the standing of its words."""
    for child in holder:
        name = name_of(child)
        if name == kind:
            properties = properties_of(inner(child, "trPr"))
            change = tracked(properties.get("del"), "struck").within(tracked(properties.get("ins"), "inserted"))
            yield child, Standing("hidden") if is_on(properties.get("hidden")) else change.within(standing)
        elif (content := _held(name, child)) is not None:
            yield from _members(content, kind, _standing_of(name, child, standing))


def _is_of_figures(table: etree._Element, rows: list[list[list[ParagraphDraft]]]) -> bool:
    """Whether rows are what a table is read by: cells of few words side by side, most of one paragraph, none with a
    table of its own.
    """
    if next(table.iterfind(f".//{W}tc//{W}tbl"), None) is not None or all(len(row) < 2 for row in rows):
        return False
    cells = [[line.length for line in cell if line.length] for row in rows for cell in row]
    filled = [cell for cell in cells if cell]
    return bool(filled) and (
        sum(len(cell) > 1 for cell in filled) <= len(filled) / 4
        and (len(rows) > 1 or all(len(cell) == 1 for cell in filled))
        and median(sum(cell) for cell in filled) <= _LONG_CELL
    )


def _joined(row: list[list[ParagraphDraft]], section: int) -> ParagraphDraft:
    """The cells of a row as one line."""
    line = ParagraphDraft(section=section)
    separator = CELLS if any(paragraph.length for cell in row for paragraph in cell) else ""  # or all is deleted
    for n, cell in enumerate(row):
        has_words = False
        for i, paragraph in enumerate(cell):
            between = separator if n and not i else " " if has_words and paragraph.length else ""
            line.add(_on_one_line(paragraph), between)
            has_words |= bool(paragraph.length)
        if n and not cell:
            line.write(separator, LIVE)
    starts = max(([at for p in cell for at in p.page_starts] for cell in row), key=len, default=[])
    first = bool(row and row[0] and any(at == 0 for at, _ in row[0][0].page_starts))
    line.page_starts = [(0 if first and not i else line.length, by_command) for i, (_, by_command) in enumerate(starts)]
    return line


def _on_one_line(paragraph: ParagraphDraft) -> ParagraphDraft:
    """A paragraph of a cell without line ends and tabs, which stand between rows and cells."""
    paragraph.parts = [paragraph.text.replace("\n", " ").replace("\t", " ")]
    return paragraph


def _count_heads(table: etree._Element, rows: list[list[list[ParagraphDraft]]]) -> int:
    """How many rows head the columns: those that are marked so, else a first one without figures above some."""
    marked = 0
    for row, _ in _members(table, "w:tr", LIVE):
        if not is_on(inner(row, "trPr", "tblHeader")):
            break
        marked += 1
    if marked or len(rows) < 2:
        return marked if marked < len(rows) else 0
    first, *others = ["\t".join(line.text for cell in row for line in cell) for row in rows]
    has_all = len(rows[0]) > 1 and all(any(line.text.strip() for line in cell) for cell in rows[0])
    return int(has_all and not re.search(r"\d", first) and all(re.search(r"\d", other) for other in others))


def _draw_leader(draft: ParagraphDraft) -> None:
    """Draw the dots before the page number of an entry of contents, which Word draws for a tab."""
    draft.is_contents = True
    match = _ENTRY.search(text := draft.text)
    if match and not draft.remarks:
        draft.parts = [text[: match.start()], _LEADER, text[match.end() :]]
        draft.length = sum(map(len, draft.parts))


def _is_drop_cap(paragraph: etree._Element) -> bool:
    """Whether a paragraph is the large first letter of the next one."""
    return value(inner(paragraph, "pPr", "framePr"), "dropCap") in ("drop", "margin")
