"""Reads a Word paragraph's runs as the text that a reader sees: insertions, deletions, fields, symbols, pictures.

The text is as it stands once every tracked change is accepted. What is deleted, struck through or hidden is no part of
it and becomes a remark.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from lxml import etree

from retrieval.core.documents import Remark, RemarkKind
from retrieval.reading.docx_formulas import FORMULAS
from retrieval.reading.docx_package import (
    Properties,
    W,
    alternative,
    attribute,
    inner,
    is_on,
    name_of,
    number,
    properties_of,
    value,
)
from retrieval.reading.docx_styles import Styles
from retrieval.reading.docx_symbols import readable_symbols, symbol
from retrieval.reading.plain_text import UNSEEN

CHANGES: dict[str, Literal["inserted", "struck"]] = {
    "w:ins": "inserted",
    "w:moveTo": "inserted",
    "w:del": "struck",
    "w:moveFrom": "struck",
}
# What holds runs, beside insertions and deletions.
_HOLDERS = {"w:hyperlink", "w:smartTag", "w:customXml", "w:dir", "w:bdo", "w:sdtContent", "w:rubyBase"}
_NOTES = {"w:footnoteReference": "footnote", "w:endnoteReference": "endnote"}
# Elements that show a picture, and what relates to it; a chart and a diagram are drawn by Word.
_PICTURES = {"a:blip": "r:embed", "c:chart": "r:id", "dgm:relIds": "r:dm", "v:imagedata": "r:id"}
_FIXED = {"w:tab": "\t", "w:ptab": "\t", "w:cr": "\n", "w:noBreakHyphen": "-"}
_WHITE = str.maketrans(
    dict.fromkeys("\n\r\v\f\x85\u2028\u2029\u00a0\u202f", " ") | dict.fromkeys(map(chr, UNSEEN)) | {"\u2011": "-"}
)
_LONGEST_CODE, _LONGEST_NAME = 200, 80  # characters of a field's code, of an author's name
_EMU_PER_POINT = 12_700
_SIZE = re.compile(r"(?:^|;)\s*(width|height)\s*:\s*([\d.]{1,8})\s*(pt|in|cm|mm|px)?")
_POINTS = {"pt": 1.0, "in": 72.0, "cm": 28.35, "mm": 2.835, "px": 0.75, None: 1.0}
_TINIEST = 2  # half points; letters of this size or less are there to be overlooked
_COUNTED = ("LISTNUM", "AUTONUM", "AUTONUMLGL", "AUTONUMOUT")  # Word counts them, and keeps no result
_PAGE_NUMBERS = ("PAGE", "NUMPAGES", "SECTIONPAGES")


class Standing(NamedTuple):
    """Whether words are live, and whose change they are: "AUTHOR, DATE"."""

    kind: Literal["live", "inserted", "struck", "hidden"] = "live"
    detail: str = ""

    def within(self, outer: "Standing") -> "Standing":
        """How words of this standing stand inside of others: what is deleted or hidden stays so."""
        return outer if outer.kind in ("struck", "hidden") or self.kind == "live" else self


LIVE = Standing()


def tracked(change: etree._Element | None, kind: Literal["inserted", "struck"]) -> Standing:
    """The standing of words in a tracked change; live where there is none."""
    if change is None:
        return LIVE
    author, day = plain_name(value(change, "author")) or "unknown", plain_name(value(change, "date")[:10])
    return Standing(kind, f"{author}, {day}" if day else author)


def plain_name(raw: str) -> str:
    """A name that a file gives, in one short line."""
    return " ".join("".join(c if c.isprintable() else " " for c in raw[: 4 * _LONGEST_NAME]).split())[:_LONGEST_NAME]


class NoteReference(NamedTuple):
    """Where a footnote or endnote is referred to, and how the words there stand. One with a mark of its own (an
    asterisk) takes none of the numbers.
    """

    kind: str
    id: str
    standing: Standing
    is_numbered: bool


@dataclass
class ParagraphDraft:
    """A paragraph, or row of a table, on its way to being a line of the text."""

    parts: list[str] = field(default_factory=list)
    length: int = 0
    remarks: list[Remark] = field(default_factory=list)
    page_starts: list[tuple[int, bool]] = field(default_factory=list)  # where, and whether by command
    boxes: list[tuple[etree._Element, Standing]] = field(default_factory=list)  # text boxes that are anchored in it
    notes: list[NoteReference] = field(default_factory=list)
    pictures: list[tuple[str, str, float]] = field(default_factory=list)  # part, relation, area in square points
    is_partly_read: bool = False  # whether it shows words that are not in it
    is_contents: bool = False
    section: int = 0

    @property
    def text(self) -> str:
        """The words so far."""
        return "".join(self.parts)

    def write(self, words: str, standing: Standing) -> None:
        """Add words at the end, in the text where they are live, else as a remark."""
        if not words:
            return
        at = self.length
        if standing.kind in ("live", "inserted"):
            self.parts.append(words)
            self.length += len(words)
        if standing.kind == "inserted":
            self._remark(at, self.length, "inserted", "", standing.detail)
        elif standing.kind == "struck":
            self._remark(at, at, "struck", words, standing.detail)
        elif standing.kind == "hidden" and not words.isspace():
            self._remark(at, at, "hidden")

    def _remark(self, start: int, end: int, kind: RemarkKind, words: str = "", detail: str = "") -> None:
        last = self.remarks[-1] if self.remarks else None
        if last and (last.kind, last.detail, last.end) == (kind, detail, start):
            self.remarks[-1] = replace(last, end=end, words=last.words + words)
        else:
            self.remarks.append(Remark(start, end, kind, words, detail))

    def put_before(self, words: str) -> None:
        """Put words before all others."""
        self.remarks = [replace(m, start=m.start + len(words), end=m.end + len(words)) for m in self.remarks]
        self.page_starts = [(at + len(words) if at else 0, by_command) for at, by_command in self.page_starts]
        self.parts.insert(0, words)
        self.length += len(words)

    def add(self, other: "ParagraphDraft", separator: str) -> None:
        """Add another after a separator; pages that begin inside it begin where this one ends."""
        self.write(separator, LIVE)
        at = self.length
        self.parts += other.parts
        self.length += other.length
        self.remarks += [replace(m, start=m.start + at, end=m.end + at) for m in other.remarks]
        self.pictures += other.pictures
        self.is_partly_read |= other.is_partly_read


@dataclass
class _Field:
    """A field that is open: its code, and whether its result has begun. `choice` is what was chosen from a list,
    which stands at `start` where no result does.
    """

    code: str = ""
    has_result: bool = False
    choice: str = ""
    start: int = 0

    @property
    def kind(self) -> str:
        return next(iter(self.code.split()), "").upper()


class Runs:
    """Reads the runs of one story: body, header, note, comment or text box."""

    def __init__(
        self, story: etree._Element, styles: Styles, comments: dict[str, Remark], *, part: str, page_numbers: bool
    ) -> None:
        """`comments` are points by their ids; `part` is the one that the story is in; without `page_numbers` the
        results of their fields are left out.
        """
        self._styles, self._comments, self._part, self._page_numbers = styles, comments, part, page_numbers
        self._fields = _matched_fields(story)
        self._open: list[_Field] = []
        self._commented: set[str] = set()
        self.embedded: list[str] = []  # programs of the objects that are embedded
        self.unread = False  # whether it shows words that are not in it

    def read(
        self, paragraph: etree._Element, draft: ParagraphDraft, standing: Standing, *, on_white: bool = False
    ) -> None:
        """Add a paragraph's words to a draft. `on_white`: what it stands in has no other ground."""
        self._draft, self._style = draft, self._styles.of_paragraph(paragraph)
        self._on_white = on_white and not _has_ground(self._styles.of_paragraphs("shd", paragraph, self._style))
        self._walk(paragraph, standing)
        draft.is_contents |= any(field.kind == "TOC" for field in self._open)

    def _walk(self, holder: etree._Element, standing: Standing) -> None:
        for child in holder:
            name = name_of(child)
            if name in ("w:r", "m:r"):
                self._run(child, standing)
            elif kind := CHANGES.get(name):
                self._walk(child, tracked(child, kind).within(standing))
            elif name == "mc:AlternateContent":
                if (chosen := alternative(child)) is not None:
                    self._walk(chosen, standing)
            elif pieces := FORMULAS.get(name):
                for piece in pieces(child):
                    if isinstance(piece, str):
                        self._write(piece, standing)
                    else:
                        self._walk(piece, standing)
            elif name in _HOLDERS or (name.startswith("m:") and not name.endswith("Pr")):
                self._walk(child, standing)
            elif handle := _HANDLERS.get(name):
                handle(self, child, standing)

    def _simple_field(self, element: etree._Element, standing: Standing) -> None:
        if self._shows(value(element, "instr")):
            self._walk(element, standing)

    def _subdocument(self, _element: etree._Element, _standing: Standing) -> None:
        self.unread = True

    def _control(self, control: etree._Element, standing: Standing) -> None:
        """A content control: a box to tick, or what it holds."""
        box = next(control.iterfind("w:sdtPr/w14:checkbox", _PREFIXED), None)
        content = inner(control, "sdtContent")
        if box is not None:
            checked = next(box.iterfind("w14:checked", _PREFIXED), None)
            is_checked = checked is not None and attribute(checked, "w14:val") in ("1", "true", "on")
            self._write("[X]" if is_checked else "[ ]", standing)
        elif content is not None:
            self._walk(content, standing)

    def _run(self, run: etree._Element, standing: Standing) -> None:
        properties = properties_of(inner(run, "rPr"))
        standing = self._formatted(properties, standing)
        fonts = properties.get("rFonts")
        self._font = value(fonts, "ascii") or value(fonts, "hAnsi")
        is_mark = False
        for child in run:
            name = name_of(child)
            if name in ("w:t", "m:t"):
                if not is_mark:
                    self._write(self._plain(child), standing)
            elif name in _NOTES:
                is_mark = value(child, "customMarkFollows") in ("1", "true", "on")  # and stands next to the reference
                if self._is_shown() and standing.kind != "hidden":
                    self._draft.notes.append(NoteReference(_NOTES[name], value(child, "id"), standing, not is_mark))
            else:
                self._other(name, child, standing)

    def _other(self, name: str, child: etree._Element, standing: Standing) -> None:
        if name in _FIXED:
            self._write(_FIXED[name], standing)
        elif name == "mc:AlternateContent":
            chosen = alternative(child)
            for each in () if chosen is None else chosen:
                self._other(name_of(each), each, standing)
        elif handle := _HANDLERS.get(name):
            handle(self, child, standing)

    def _deleted(self, element: etree._Element, standing: Standing) -> None:
        self._write(self._plain(element), Standing("struck").within(standing))

    def _page_mark(self, _element: etree._Element, _standing: Standing) -> None:
        self._draft.page_starts.append((self._draft.length, False))

    def _symbol(self, element: etree._Element, standing: Standing) -> None:
        raw = value(element, "char")[:4]
        if re.fullmatch(r"[0-9A-Fa-f]{2,4}", raw):
            self._write(symbol(int(raw, 16), value(element, "font")), standing)

    def _ruby(self, element: etree._Element, standing: Standing) -> None:
        """Words with their pronunciation above them, which is left out."""
        base = inner(element, "rubyBase")
        if base is not None:
            self._walk(base, standing)

    def _formatted(self, properties: Properties, standing: Standing) -> Standing:
        """The standing of a run's words by its formatting: hidden, or struck through."""
        if self._styles.is_set("vanish", properties, self._style) or self._is_invisible(properties):
            return Standing("hidden")
        if self._styles.is_struck(properties, self._style):
            return Standing("struck").within(standing)
        return standing

    def _is_invisible(self, properties: Properties) -> bool:
        """Whether letters are white on white, or too small to be seen."""
        size, colour = (value(self._styles.of_runs(name, properties, self._style)) for name in ("sz", "color"))
        if size.isascii() and size.isdigit() and int(size[:6]) <= _TINIEST:
            return True
        if not self._on_white or colour.upper() != "FFFFFF":
            return False
        return "highlight" not in properties and not _has_ground(self._styles.of_runs("shd", properties, self._style))

    def _plain(self, element: etree._Element) -> str:
        text = element.text or ""
        if "\n" in text and not text.strip():
            return ""  # of a file that was indented
        return readable_symbols(text.translate(_WHITE), self._font)

    def _write(self, words: str, standing: Standing) -> None:
        if self._is_shown():
            self._draft.write(words, standing)

    def _break(self, element: etree._Element, standing: Standing) -> None:
        if value(element, "type") == "page":
            if self._is_shown() and standing.kind in ("live", "inserted"):
                self._draft.page_starts.append((self._draft.length, True))
        else:
            self._write("\n", standing)

    def _comment(self, element: etree._Element, _standing: Standing) -> None:
        """A comment stands where its words begin; where it stands alone, where its mark does."""
        id_ = value(element, "id")
        if id_ in self._comments and id_ not in self._commented:
            self._commented.add(id_)
            at = self._draft.length
            self._draft.remarks.append(replace(self._comments[id_], start=at, end=at))

    # Fields

    def _field(self, element: etree._Element, standing: Standing) -> None:
        if element not in self._fields:
            return
        kind = value(element, "fldCharType")
        if kind == "begin":
            box = inner(element, "ffData", "checkBox")
            if box is not None:
                checked = inner(box, "checked")
                is_checked = is_on(checked if checked is not None else inner(box, "default"))
                self._write("[X]" if is_checked else "[ ]", standing)
            self._open.append(_Field(choice=_choice(inner(element, "ffData", "ddList")), start=self._draft.length))
        elif kind == "separate":
            self._open[-1].has_result = True
        else:
            closed = self._open.pop()
            if closed.choice and closed.start == self._draft.length:
                self._write(closed.choice, standing)
            self.unread |= not closed.has_result and closed.kind in _COUNTED and self._is_shown()

    def _code(self, element: etree._Element, _standing: Standing) -> None:
        if self._open and not self._open[-1].has_result:
            self._open[-1].code = (self._open[-1].code + (element.text or ""))[:_LONGEST_CODE]

    def _is_shown(self) -> bool:
        """Whether words that stand here are shown: no code of a field, no page number that is not wanted."""
        return all(field.has_result and self._shows(field.code) for field in self._open)

    def _shows(self, code: str) -> bool:
        return self._page_numbers or _Field(code).kind not in _PAGE_NUMBERS

    # Drawings

    def _drawing(self, drawing: etree._Element, standing: Standing) -> None:
        """Text boxes, word art, pictures and embedded objects."""
        if not self._is_shown() or standing.kind in ("struck", "hidden"):
            return
        area, pictures = 0.0, []
        for part in _parts(drawing):
            name = name_of(part)
            if name == "w:txbxContent":
                self._draft.boxes.append((part, standing))
            elif name == "wp:extent":
                width, height = (float(raw) if (raw := part.get(key, "")).isdigit() else 0.0 for key in ("cx", "cy"))
                area = max(area, width * height / _EMU_PER_POINT**2)
            elif name == "v:textpath":
                self._write(plain_name(part.get("string", "")), standing)
            elif name in ("v:shape", "v:rect"):
                area = max(area, _area(part.get("style", "")))
            elif name == "o:OLEObject":
                self.embedded.append(plain_name(part.get("ProgID", "")) or "an object")
            elif relation := _PICTURES.get(name):
                pictures.append(attribute(part, relation))
        self._draft.pictures += [(self._part, relation, area) for relation in pictures]


_HANDLERS: dict[str, Callable[[Runs, etree._Element, Standing], None]] = {
    "w:sdt": Runs._control,
    "w:fldSimple": Runs._simple_field,
    "w:subDoc": Runs._subdocument,
    "w:commentRangeStart": Runs._comment,
    "w:delText": Runs._deleted,
    "w:br": Runs._break,
    "w:lastRenderedPageBreak": Runs._page_mark,
    "w:sym": Runs._symbol,
    "w:fldChar": Runs._field,
    "w:instrText": Runs._code,
    "w:commentReference": Runs._comment,
    "w:ruby": Runs._ruby,
    "w:drawing": Runs._drawing,
    "w:pict": Runs._drawing,
    "w:object": Runs._drawing,
}
_PREFIXED = {"w": W[1:-1], "w14": "http://schemas.microsoft.com/office/word/2010/wordml"}


def _has_ground(shading: etree._Element | None) -> bool:
    """Whether a shading is of another colour than the page's."""
    return shading is not None and (
        value(shading, "fill").upper() not in ("", "AUTO", "FFFFFF") or value(shading) not in ("", "clear", "nil")
    )


def _matched_fields(story: etree._Element) -> set[etree._Element]:
    """The marks of fields that both begin and end: no other may keep words out of the text."""
    matched: set[etree._Element] = set()
    open_: list[list[etree._Element]] = []
    for mark in story.iter(W + "fldChar"):
        kind = value(mark, "fldCharType")
        if kind == "begin":
            open_.append([mark])
        elif open_ and kind in ("separate", "end"):
            open_[-1].append(mark)
            if kind == "end":
                matched.update(open_.pop())
    return matched


def _choice(box: etree._Element | None) -> str:
    """The entry that is chosen in a list of a form; empty where there is none."""
    if box is None:
        return ""
    entries = [value(entry) for entry in box.iterchildren(W + "listEntry")]
    chosen = inner(box, "result")
    at = number(chosen if chosen is not None else inner(box, "default"))
    return plain_name(entries[at]) if at < len(entries) else ""


def _parts(drawing: etree._Element) -> Iterator[etree._Element]:
    """The elements of a drawing in order, without those inside of text boxes and of fallbacks."""
    waiting = [drawing]
    while waiting:
        element = waiting.pop()
        yield element
        name = name_of(element)
        if name == "mc:AlternateContent":
            chosen = alternative(element)
            waiting += [chosen] if chosen is not None else []
        elif name != "w:txbxContent":
            waiting += reversed(element)


def _area(style: str) -> float:
    """The area of a shape by its style, in square points."""
    sizes = {side: float(size) * _POINTS[unit or None] for side, size, unit in _SIZE.findall(style) if _is_float(size)}
    return sizes.get("width", 0.0) * sizes.get("height", 0.0)


def _is_float(raw: str) -> bool:
    return raw.count(".") <= 1 and raw != "."
