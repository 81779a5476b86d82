"""Pages on their way into a document: each step of a converter changes a draft, and `assemble` joins them.

Positions in a draft are of its own text. A step may take words out (`blank`: spaces of the same length), put words of
its own in (`insert`) and put the text in another order (`reorder`). The boxes of a page whose text is no longer
pdfium's are kept by word, so that its highlights can be drawn.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from retrieval.core.documents import PAGE_BREAK, Document, Page, ReadingWarning, Remark, RemarkKind, WordBoxes, no_boxes

SHEET = 3_000  # characters of a sheet of what has no pages; a page of a contract has 2,758 (mean of CUAD)
_LONGEST_BLANK = 400
_BLANKS = re.compile(rf" {{{_LONGEST_BLANK + 1},}}")
_WORD = re.compile(r"\S+")
_LINE = re.compile(r"[^\n]+")

Box = tuple[float, float, float, float]
"""Left, bottom, right and top in points of the page, which is not turned."""


@dataclass
class PageDraft:
    """One page as far as it is read. `order` has for each character its index in the text that pdfium gave, below zero
    for one of our own; None while the text is in pdfium's order.
    """

    number: int
    text: str
    label: str = ""
    readable: bool = True
    partly: bool = False
    bates: str = ""
    exhibit: str = ""
    remarks: list[Remark] = field(default_factory=list)
    order: list[int] | None = None
    boxes: WordBoxes = field(default_factory=no_boxes)
    has_gaps: bool = False  # lines with wide gaps in them: it may have columns
    has_notes: bool = False  # smaller type at its end and lines that begin with a mark: it may have footnotes
    is_changed: bool = False  # the text is not pdfium's, character for character
    hidden_words: list[str] = field(default_factory=list)  # until it is known whether another page shows them
    own_boxes: list[Box | None] = field(default_factory=list)  # of own characters: `order` has -2 - i for the ith

    def remark(self, start: int, end: int, kind: RemarkKind, words: str = "", detail: str = "") -> None:
        """Remark a stretch of the text."""
        self.remarks.append(Remark(start, end, kind, words, detail))

    def blank(self, start: int, end: int) -> str:
        """Take words out of the text, and put spaces in their place; returns them. Line ends stay."""
        words = self.text[start:end]
        self.text = self.text[:start] + re.sub(r"[^\n]", " ", words) + self.text[end:]
        self.is_changed = True
        return words

    def insert(self, at: int, text: str, boxes: Sequence[Box | None]) -> None:
        """Put words into the text, with a box for each character: that of its word will do. Remarks after them move."""
        order = self.order if self.order is not None else list(range(len(self.text)))
        own = range(-2 - len(self.own_boxes), -2 - len(self.own_boxes) - len(text), -1)
        self.own_boxes += boxes
        self.text, self.order = self.text[:at] + text + self.text[at:], [*order[:at], *own, *order[at:]]
        moved = [(m.start >= at, m.end > at, m) for m in self.remarks]
        self.remarks = [
            replace(m, start=m.start + starts * len(text), end=m.end + (starts or ends) * len(text))
            for starts, ends, m in moved
        ]
        self.is_changed = True

    def shorten_blanks(self) -> None:
        """Leave out most of each long run of spaces that `blank` made: patterns over a text are slow on such runs.

        Remarks within one move to its beginning.
        """
        cuts = [(run.start() + _LONGEST_BLANK, run.end()) for run in _BLANKS.finditer(self.text)]
        if not cuts:
            return
        order = self.order if self.order is not None else list(range(len(self.text)))
        ends = [0, *(end for _, end in cuts)]
        starts = [*(start for start, _ in cuts), len(self.text)]
        gone = [0, *accumulate(end - start for start, end in cuts)]

        def moved(at: int) -> int:
            i = bisect_right(ends, at) - 1
            return min(at, starts[i]) - gone[i]

        self.text = "".join(self.text[a:b] for a, b in zip(ends, starts, strict=True))
        self.order = [at for a, b in zip(ends, starts, strict=True) for at in order[a:b]]
        self.remarks = [replace(m, start=moved(m.start), end=moved(m.end)) for m in self.remarks]

    def reorder(self, pieces: Sequence[tuple[int, int]], separator: str = "\n") -> None:
        """Put [start, end) pieces of the text in this order, with a separator between two; what is in none is left out.

        Remarks move with the words that they are on; one across a border is cut there.
        """
        order = self.order if self.order is not None else list(range(len(self.text)))
        text, new_order, remarks = "", [], []
        for start, end in pieces:
            if text and not text.endswith(separator):
                text += separator
                new_order += [-1] * len(separator)
            moved = len(text) - start
            for remark in self.remarks:
                first, last = max(remark.start, start), min(remark.end, end)
                if first < last or (remark.start == remark.end and start <= remark.start < end):
                    remarks.append(replace(remark, start=first + moved, end=last + moved))
            text += self.text[start:end]
            new_order += order[start:end]
        self.text, self.order, self.remarks, self.is_changed = text, new_order, remarks, True


def stretches(text: str, chosen: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Stretches of characters that are chosen, over the white space between them."""
    found: list[tuple[int, int]] = []
    is_open = False
    for i, (character, is_chosen) in enumerate(zip(text, chosen.tolist(), strict=True)):
        if character.isspace():
            continue
        if is_chosen:
            start = found.pop()[0] if is_open else i
            found.append((start, i + 1))
        is_open = is_chosen
    return found


def box_around(boxes: Iterable[Box | None]) -> Box | None:
    """The box round some boxes; None round none."""
    sized = [box for box in boxes if box]
    if not sized:
        return None
    lefts, bottoms, rights, tops = zip(*sized, strict=True)
    return min(lefts), min(bottoms), max(rights), max(tops)


def boxes_of_words(text: str, boxes: Sequence[Box | None], remarks: Iterable[Remark] = ()) -> WordBoxes:
    """Boxes of the words of a text, and of each line of its struck words, which are blanks in it, from those of its
    characters (left, bottom, right, top in points, or None).
    """
    stretches_of_words = [word.span() for word in _WORD.finditer(text)]
    for remark in remarks:
        if remark.kind == "struck":
            stretches_of_words += [line.span() for line in _LINE.finditer(text, remark.start, remark.end)]
    rows = []
    for start, end in sorted(stretches_of_words):
        if box := box_around(boxes[start:end]):
            rows.append([start, end, *(10 * side for side in box)])
    return np.rint(np.array(rows)).astype(np.int32) if rows else no_boxes()


def assemble(
    drafts: Sequence[PageDraft],
    *,
    document_id: str,
    name: str,
    warnings: Sequence[ReadingWarning] = (),
    paged: bool = True,
) -> Document:
    """Join the pages to a document. Those of a file that is not `paged` have no label: nobody can cite them."""
    pages: list[Page] = []
    remarks: list[Remark] = []
    boxes: list[WordBoxes] = []
    start = 0
    for draft in drafts:
        end = start + len(draft.text)
        kept = draft.readable, draft.partly, draft.bates, draft.exhibit
        label = (draft.label or str(draft.number)) if paged else ""
        pages.append(Page(draft.number, label, start, end, *kept))
        remarks += [replace(m, start=m.start + start, end=m.end + start) for m in draft.remarks]
        boxes.append(draft.boxes + np.array([start, start, 0, 0, 0, 0], np.int32))
        start = end + len(PAGE_BREAK)
    return Document(
        document_id,
        name,
        PAGE_BREAK.join(draft.text for draft in drafts),
        tuple(pages),
        remarks=tuple(sorted(remarks, key=lambda m: (m.start, m.end))),
        warnings=tuple(warnings),
        boxes=np.concatenate(boxes) if boxes else no_boxes(),
    )
