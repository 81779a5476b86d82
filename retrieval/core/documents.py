"""Documents, pages, spans and pin cites: what a file becomes is one canonical text, its pages, and spans of it.

Every hit, passage, quotation and highlight is a `Span`. Nothing stores a copy of text beside its span; text, page and
label are looked up in the `Document`.
"""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TypedDict

PAGE_BREAK = "\f"  # stands between two pages of `Document.text`; white space to every reader of it

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

    `readable` is False where the page shows something (a scan, a drawing) but carries no text.
    """

    number: int
    label: str
    start: int
    end: int
    readable: bool = True


@dataclass(frozen=True)
class Document:
    """One file's canonical text and its pages. `text` is made once, by its format's converter, and never edited.

    `version` is that of the converter: a newer one may make another text of the same file, in which spans of this one
    mean nothing.
    """

    id: str
    name: str
    text: str
    pages: tuple[Page, ...]
    version: int = 1

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

    @property
    def unreadable_pages(self) -> tuple[int, ...]:
        """Numbers of the pages that show something but carry no text."""
        return tuple(p.number for p in self.pages if not p.readable)


class Where(TypedDict):
    """The fields of a `PinCite`."""

    document_id: str
    document: str
    section: str
    page: int
    page_label: str
    spans: tuple[Span, ...]
    text_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PinCite:
    """Where words stand: their document by id and name, the section and page to cite, and the spans themselves.

    `spans` are of one document, in reading order, in its text of that version. `section` is empty before the first
    clause.
    """

    document_id: str
    document: str
    section: str
    page: int
    page_label: str
    spans: tuple[Span, ...]
    text_version: int = 1

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
            "spans": self.spans,
            "text_version": self.text_version,
        }
