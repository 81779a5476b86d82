"""Documents, pages, spans and pin cites: what a file becomes is one canonical text, its pages, and spans of it.

Every hit, passage, quotation and highlight is a `Span`. Nothing stores a copy of text beside its span; text, page and
label are looked up in the `Document`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

PAGE_BREAK = "\f"  # stands between two pages of `Document.text`; white space to every reader of it
BETWEEN_BATES = " / "  # the numbers of a page that was produced more than once

LINE_END_HYPHEN = "\u2010"  # stands where a hyphen ended a line and pdfium joined the two halves


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open range of characters of one document's text."""

    document_id: str
    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"span [{self.start}, {self.end}) is not a range")

    def __len__(self) -> int:
        return self.end - self.start

    def contains(self, other: "Span") -> bool:
        """Whether `other` lies wholly inside this span of the same document."""
        return self.document_id == other.document_id and self.start <= other.start and other.end <= self.end

    def shared(self, other: "Span") -> int:
        """How many characters both hold; 0 where they are of two documents."""
        if self.document_id != other.document_id:
            return 0
        return max(0, min(self.end, other.end) - max(self.start, other.start))


@dataclass(frozen=True, slots=True)
class Page:
    """One physical page: `number` is 1-based, `label` is what is printed or declared for it ("iv", "A-1").

    A file that has no pages has sheets, whose labels are empty: they are places in pincite's view of it, not to cite.

    `readable` is False where the page shows words that are not in the text, and none that are; `partly` where it shows
    some that are not. `bates` is the number that a production stamped on it, `exhibit` the exhibit of a compiled file
    that it belongs to ("Exhibit B"), each empty where there is none.
    """

    number: int
    label: str
    start: int
    end: int
    readable: bool = True
    partly: bool = False
    bates: str = ""
    exhibit: str = ""


RemarkKind = Literal[
    "recognised",  # read from an image; `detail` is the least confidence of its words, as percent
    "field",  # filled into a form
    "annotation",  # typed on the page as an annotation
    "inserted",  # by a tracked change; `detail`: who, when
    "struck",  # words deleted by a redline: `words` has them, the text has spaces there or nothing
    "comment",  # a note beside the page: `words` has it, `detail` whose it is; the text has nothing of it
    "footnote",  # a footnote's words, which stand apart from the text that runs on past them
    "line",  # one numbered line of a pleading or transcript; `detail` is its place ("42:5")
    "column",  # a block that no sentence leaves
    "row",  # of a table; `words` has the headings of its columns
    "hidden",  # words that the page does not show: spaces in the text, and kept nowhere
    "covered",  # the same, under a box that was drawn over them
]

Status = Literal["field", "annotation", "inserted", "partly_inserted", "struck", ""]
"""Of words that are no text of the page itself, by the kinds of remark on them; "" of all others."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What is known of a stretch of the text beside its words; an empty one is a point.

    `words` are words that belong there and are not in the text, `detail` depends on the kind.
    """

    start: int
    end: int
    kind: RemarkKind
    words: str = ""
    detail: str = ""


WarningKind = Literal["hidden_text", "leaking_redaction", "redline", "form", "comments", "attachments", "duplicate"]


@dataclass(frozen=True, slots=True)
class ReadingWarning:
    """Something that whoever relies on a document has to know, as a sentence; `page` is None for all of it."""

    page: int | None
    kind: WarningKind
    text: str


WordBoxes = NDArray[np.int32]
"""int32[words, 6]: start and end in the text, then left, bottom, right and top in tenths of a point; by start.

Kept for the words of pages whose text is not pdfium's (recognised, reordered, with words taken out), and for lines of
struck words, where the text has blanks.
"""


def no_boxes() -> WordBoxes:
    """Boxes of no words."""
    return np.zeros((0, 6), np.int32)


@dataclass(frozen=True)
class Document:
    """One file's canonical text and its pages. `text` is made once, by its format's converter, and never edited.

    `version` is that of the converter: a newer one may make another text of the same file, in which spans of this one
    mean nothing. `remarks` are in the order of the text.
    """

    id: str
    name: str
    text: str
    pages: tuple[Page, ...]
    version: int = 1
    remarks: tuple[Remark, ...] = ()
    warnings: tuple[ReadingWarning, ...] = ()
    boxes: WordBoxes = field(default_factory=no_boxes, compare=False, repr=False)

    # What is derived from a document is cached under it, and a text of megabytes hashes slowly.
    def __hash__(self) -> int:
        return hash((self.id, len(self.text)))

    @cached_property
    def _page_starts(self) -> list[int]:
        return [p.start for p in self.pages]

    def span(self, start: int, end: int) -> Span:
        """A span of this document. Raises ValueError when it leaves the text."""
        if end > len(self.text):
            raise ValueError(f"span end {end} is past the text's {len(self.text)} characters")
        return Span(self.id, start, end)

    def slice(self, span: Span) -> str:
        """The text of `span`. Raises ValueError for a span of another document."""
        if span.document_id != self.id:
            raise ValueError(f"span of document {span.document_id} asked of document {self.id}")
        return self.text[span.start : span.end]

    def stripped(self, span: Span) -> Span:
        """A span without the white space at its ends; of white space alone its end is left."""
        words = self.slice(span)
        start = span.end - len(words.lstrip())
        return self.span(start, max(start, span.start + len(words.rstrip())))

    def page_at(self, offset: int) -> Page:
        """The page that holds the character at `offset`; a page break belongs to the page before it."""
        return self.pages[max(0, bisect_right(self._page_starts, offset) - 1)]

    @cached_property
    def _remarks_by_kind(self) -> dict[RemarkKind, list[Remark]]:
        by_kind: dict[RemarkKind, list[Remark]] = {}
        for remark in self.remarks:
            by_kind.setdefault(remark.kind, []).append(remark)
        return by_kind

    def remarks_of(self, *kinds: RemarkKind) -> tuple[Remark, ...]:
        """The remarks of these kinds, in the order of the text."""
        found = [remark for kind in kinds for remark in self._remarks_by_kind.get(kind, ())]
        return tuple(found if len(kinds) == 1 else sorted(found, key=lambda m: (m.start, m.end)))

    def remarks_in(self, span: Span, *kinds: RemarkKind) -> tuple[Remark, ...]:
        """The remarks of these kinds that share a character with a span, or are a point in it or at its start."""
        found, end = [], max(span.end, span.start + 1)
        for kind in kinds:
            of_kind: Sequence[Remark] = self._remarks_by_kind.get(kind, ())  # they do not overlap
            first = bisect_left(of_kind, span.start, key=lambda m: m.end)
            for remark in map(of_kind.__getitem__, range(first, len(of_kind))):  # a slice would copy all that follows
                if remark.start >= end:
                    break
                if remark.end > span.start or remark.start == remark.end:
                    found.append(remark)
        return tuple(found)

    def is_recognised(self, span: Span) -> bool:
        """Whether words of a span were read from an image."""
        return bool(self.remarks_in(span, "recognised"))

    def status_of(self, spans: Sequence[Span]) -> Status:
        """How words of spans came on the page, if not as text of it: filled in, typed on it, inserted; else ""."""
        kinds: tuple[Literal["field", "annotation"], ...] = ("field", "annotation")
        for kind in kinds:
            if any(self.remarks_in(span, kind) for span in spans):
                return kind
        inserted = [self.remarks_in(span, "inserted") for span in spans]
        if not any(inserted):
            return ""
        is_all = all(self._is_all_in(span, of_span) for span, of_span in zip(spans, inserted, strict=True))
        return "inserted" if is_all else "partly_inserted"

    def _is_all_in(self, span: Span, remarks: Sequence[Remark]) -> bool:
        """Whether the remarks leave no letter or figure of a span."""
        at = span.start
        for remark in remarks:
            if any(map(str.isalnum, self.text[at : remark.start])):
                return False
            at = max(at, remark.end)
        return not any(map(str.isalnum, self.text[at : span.end]))

    def boxes_on(self, page: Page) -> WordBoxes:
        """The boxes of a page's words; none where its text is pdfium's, which has their boxes."""
        first, last = np.searchsorted(self.boxes[:, 0], (page.start, page.end))
        return self.boxes[first:last]

    @property
    def unreadable_pages(self) -> tuple[int, ...]:
        """Numbers of the pages that show words but carry no text."""
        return tuple(p.number for p in self.pages if not p.readable)

    @property
    def partly_read_pages(self) -> tuple[int, ...]:
        """Numbers of the pages that show more words than their text has."""
        return tuple(p.number for p in self.pages if p.readable and p.partly)

    @property
    def recognised_pages(self) -> tuple[int, ...]:
        """Numbers of the pages that have words read from an image."""
        return tuple(sorted({self.page_at(remark.start).number for remark in self.remarks_of("recognised")}))


class Where(TypedDict):
    """The fields of a `PinCite`."""

    document_id: str
    document: str
    section: str
    page: int
    page_label: str
    bates: str
    exhibit: str
    lines: str
    recognised: bool
    status: str
    spans: tuple[Span, ...]
    text_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PinCite:
    """Where words stand: their document by id and name, the section and page to cite, and the spans themselves.

    `spans` are of one document, in reading order, in its text of that version. `section` is empty before the first
    clause, `bates`, `exhibit` and the numbered `lines` ("42:5-9") where there are none. `recognised`: words of it were
    read from an image. `status` tells of words of it that are no text of the page itself (`Document.status_of`).
    """

    document_id: str
    document: str
    section: str
    page: int
    page_label: str
    spans: tuple[Span, ...]
    text_version: int = 1
    bates: str = ""
    exhibit: str = ""
    lines: str = ""
    recognised: bool = False
    status: str = ""

    @property
    def span(self) -> Span:
        """From the first character to the last, whatever lies between the spans included."""
        first, last = self.spans[0], self.spans[-1]
        return first if first is last else Span(first.document_id, first.start, last.end)

    def where(self) -> Where:
        """The pin cite alone, for something else that has the same one."""
        return {
            "document_id": self.document_id,
            "document": self.document,
            "section": self.section,
            "page": self.page,
            "page_label": self.page_label,
            "bates": self.bates,
            "exhibit": self.exhibit,
            "lines": self.lines,
            "recognised": self.recognised,
            "status": self.status,
            "spans": self.spans,
            "text_version": self.text_version,
        }
