"""Puts what was filled into a form, typed or stamped on the page, or signs it, into its text; remarks notes beside it.

    annotations of the page → places in its text, by their boxes → "Base salary per year: $187,500", "[X] Yes [ ] No"

pdfium's text of a page has none of it, though the page shows it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from retrieval.core.documents import ReadingWarning
from retrieval.reading.annotations import Annotation
from retrieval.reading.char_boxes import boxes_on
from retrieval.reading.page_drafts import Box, PageDraft
from retrieval.reading.struck import named_pages

TICKED, UNTICKED = "[X]", "[ ]"
FAR = 100.0  # points: a label that far to the left is rather the one above, if there is one
NEAR_TICK = 40.0  # points between a tick box and its label
NEAR_ABOVE = 18.0  # points between a box and the label above it
BLANKS = "_…."  # to be filled in
_SENTENCE_END = re.compile(r"[.:;!?][”\"’)\]]*[^\S\n]*\n")
ROW = 6.0  # points: boxes whose tops are as near are read from left to right

_MARKING = {
    pdfium_c.FPDF_ANNOT_HIGHLIGHT,
    pdfium_c.FPDF_ANNOT_UNDERLINE,
    pdfium_c.FPDF_ANNOT_SQUIGGLY,
    pdfium_c.FPDF_ANNOT_STRIKEOUT,
}
_NOTES = _MARKING | {
    pdfium_c.FPDF_ANNOT_TEXT,
    pdfium_c.FPDF_ANNOT_LINE,
    pdfium_c.FPDF_ANNOT_SQUARE,
    pdfium_c.FPDF_ANNOT_CIRCLE,
    pdfium_c.FPDF_ANNOT_POLYGON,
    pdfium_c.FPDF_ANNOT_POLYLINE,
    pdfium_c.FPDF_ANNOT_STAMP,
    pdfium_c.FPDF_ANNOT_CARET,
    pdfium_c.FPDF_ANNOT_INK,
}


@dataclass(frozen=True, slots=True)
class _Entry:
    """What was filled in or typed, with a box for each of its characters."""

    words: str
    kind: Literal["field", "annotation"]
    boxes: Sequence[Box | None]


@dataclass(frozen=True, slots=True)
class _Insertion:
    """An entry to put into a page's text: at which character, and what goes before and after it."""

    at: int
    before: str
    entry: _Entry
    after: str


def read_fields(textpage: pdfium.PdfTextPage, draft: PageDraft, annotations: Sequence[Annotation]) -> None:
    """Put the values of a page's form fields and what was typed on it into its text; remark its notes."""
    typed = [each for each in annotations if _kind_of(each)]
    notes = [each for each in annotations if each.subtype in _NOTES and each.words and not each.is_reply]
    draft.partly |= not all(each.is_whole for each in annotations)
    if not typed and not notes:
        return
    layout = _Layout(draft.text, boxes_on(textpage, draft))
    shown = _squeezed(draft.text)
    for note in notes:
        # Some programs copy the words that are marked, or that a stamp shows, into the note.
        has_copy = note.subtype in _MARKING and _squeezed(note.words) in shown
        if not has_copy and _squeezed(note.words).lower() not in _squeezed(note.shown).lower():
            at = layout.place_of((note.quads or (note.box,))[0])
            draft.remark(at, at, "comment", note.words, note.author)
    rows = sorted(typed, key=lambda each: (-round(each.box[3] / ROW), each.box[0]))
    places = sorted((place for each in rows if (place := layout.insertion(each))), key=lambda place: place.at)
    for place in reversed(places):  # so that places before it stay right, and words at one place keep their order
        before, entry, after = place.before, place.entry, place.after
        boxes = [*[None] * len(before), *entry.boxes, *[None] * len(after)]
        draft.insert(place.at, before + entry.words + after, boxes)
        start = place.at + len(before)
        draft.remark(start, start + len(entry.words), entry.kind)


def warnings_of_fields(drafts: Sequence[PageDraft]) -> Iterator[ReadingWarning]:
    """A sentence for a file with a filled form, and one for a file with notes."""
    filled = [
        draft.number
        for draft in drafts
        for remark in draft.remarks
        if remark.kind == "field" and draft.text[remark.start : remark.end] != UNTICKED
    ]
    if filled:
        yield ReadingWarning(
            None,
            "form",
            f"A form is filled in on {named_pages(filled)}; its values are read as words of the page where they stand.",
        )
    noted = [draft.number for draft in drafts for remark in draft.remarks if remark.kind == "comment"]
    if noted:
        count = "a comment stands" if len(noted) == 1 else f"{len(noted):,} comments stand"
        page = noted[0] if len(set(noted)) == 1 else None
        yield ReadingWarning(
            page, "comments", f"Beside the text {count} on {named_pages(noted)}; comments are not part of the text."
        )


def _kind_of(annotation: Annotation) -> Literal["field", "annotation", None]:
    if annotation.field == "tick" or (annotation.field == "text" and annotation.words):
        return "field"
    is_typed = annotation.subtype == pdfium_c.FPDF_ANNOT_FREETEXT and annotation.words
    return "annotation" if is_typed or annotation.shown else None


class _Layout:
    """Where the characters of a page's text stand, to find where in it something on the page belongs."""

    def __init__(self, text: str, boxes: Sequence[Box | None]) -> None:
        self._text = text
        places = [at for at, box in enumerate(boxes) if box and not text[at].isspace()]
        self._places = np.array(places, np.int64)
        self._boxes = np.array([boxes[at] for at in places], np.float64).reshape(-1, 4)
        self._height = float(np.median(self._boxes[:, 3] - self._boxes[:, 1])) if places else 10.0

    def insertion(self, annotation: Annotation) -> _Insertion | None:
        """Where what was typed belongs: after the label before it in its line, under the one above it, else before the
        line below it. A tick goes to the label nearest to it, a stamp between paragraphs. None for words that the text
        has there.
        """
        box, kind = annotation.box, _kind_of(annotation)
        words = annotation.shown or annotation.words
        if kind is None or (words and self._has(words, box)):
            return None
        words = words or (TICKED if annotation.is_ticked else UNTICKED)
        entry = _Entry(words, kind, annotation.shown_boxes or [box] * len(words))
        if annotation.subtype == pdfium_c.FPDF_ANNOT_STAMP:
            return self._apart(box, entry)
        left, right = self._beside(box)
        if annotation.field == "tick":
            (before, before_gap), (after, after_gap) = left, right
            if min(before_gap, after_gap) <= NEAR_TICK:
                if after_gap <= before_gap:
                    return _Insertion(after, "", entry, " ")
                return self._after(before, entry)
        above, above_gap = self._above(box)
        if left[1] <= FAR or (left[1] < inf and above_gap > NEAR_ABOVE):
            return self._after(left[0], entry)
        if above_gap <= NEAR_ABOVE:
            return self._under(above, box, entry)
        below = self._places[self._boxes[:, 3] <= box[3]]
        if len(below):
            start = self._text.rfind("\n", 0, int(below.min())) + 1
            return _Insertion(start, "", entry, "\n")
        return _Insertion(len(self._text), "\n" if self._text.strip() else "", entry, "")

    def _apart(self, box: Box, entry: _Entry) -> _Insertion:
        """As lines of its own at the end of a sentence: the nearest to the upper edge of a box."""
        text, ends = self._text, [found.end() for found in _SENTENCE_END.finditer(self._text)]
        starts = np.array([0, *ends, len(text)])
        tops = np.append(self._boxes[:, 3], self._boxes[:, 1].min(initial=0))[np.searchsorted(self._places, starts)]
        at = int(starts[np.abs(tops - box[3]).argmin()])
        before = "\n" if at and text[at - 1] != "\n" else ""
        return _Insertion(at, before, entry, "\n" if at < len(text) else "")

    def place_of(self, box: Box) -> int:
        """The character nearest to a box."""
        if not len(self._places):
            return 0
        x, y = np.clip(self._boxes[:, 0], box[0], box[2]), np.clip(self._boxes[:, 1], box[1], box[3])
        away = np.abs(x - self._boxes[:, 0]) + 3 * np.abs(y - self._boxes[:, 1])  # rather in the same line
        return int(self._places[away.argmin()])

    def _has(self, words: str, box: Box) -> bool:
        """Whether the text has these words within a box: a program drew what was filled in."""
        x, y = (self._boxes[:, 0] + self._boxes[:, 2]) / 2, (self._boxes[:, 1] + self._boxes[:, 3]) / 2
        inside = self._places[(box[0] <= x) & (x <= box[2]) & (box[1] <= y) & (y <= box[3])]
        return _squeezed("".join(self._text[at] for at in inside.tolist())) == _squeezed(words)

    def _beside(self, box: Box) -> tuple[tuple[int, float], tuple[int, float]]:
        """The nearest character to the left of a box and in its first line, and how far; and to the right."""
        top, bottom = box[3], max(box[1], box[3] - 1.6 * self._height)
        low, high = self._boxes[:, 1], self._boxes[:, 3]
        shared = np.minimum(high, top) - np.maximum(low, bottom)
        level = shared >= 0.4 * np.minimum(high - low, top - bottom)
        before, after = box[0] + 2 - self._boxes[:, 2], self._boxes[:, 0] + 2 - box[2]
        return self._nearest(level, before), self._nearest(level, after)

    def _above(self, box: Box) -> tuple[int, float]:
        over = (self._boxes[:, 0] < box[2]) & (self._boxes[:, 2] > box[0])
        return self._nearest(over, self._boxes[:, 1] + 3 - box[3])

    def _nearest(self, among: NDArray[np.bool_], gaps: NDArray[np.float64]) -> tuple[int, float]:
        gaps = np.where(among & (gaps >= 0), gaps, inf)
        if not len(gaps) or gaps.min() == inf:
            return -1, inf
        return int(self._places[gaps.argmin()]), float(gaps.min())

    def _after(self, at: int, entry: _Entry) -> _Insertion:
        """After a character, or the rest of its word; blanks to fill in are none of it."""
        at += 1
        while at < len(self._text) and not self._text[at].isspace() and self._text[at] not in BLANKS:
            at += 1
        is_inside = at < len(self._text) and not self._text[at].isspace()
        return _Insertion(at, " ", entry, " " if is_inside else "")

    def _under(self, at: int, box: Box, entry: _Entry) -> _Insertion:
        """Below the label above: as a line of its own, or after the label where its line has another one."""
        start = self._text.rfind("\n", 0, at) + 1
        end = self._text.find("\n", at)
        end = end if end >= 0 else len(self._text)
        in_line = (self._places >= start) & (self._places < end)
        last = int(self._places[in_line & (self._boxes[:, 0] < box[2])].max())
        if self._text[last + 1 : end].strip():
            return self._after(last, entry)
        return _Insertion(end, "\n", entry, "")


def _squeezed(text: str) -> str:
    return "".join(text.split())
