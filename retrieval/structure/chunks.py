"""Chunks a document for the indexes, along its clauses.

Chunks tile the text: each character belongs to exactly one. Short clauses that follow each other are joined, long ones
are cut between sentences. Sizes are characters; `bench/README.md` says what they were measured on.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Self

from retrieval.core.documents import Document, Span
from retrieval.structure.clauses import clause_at, headings_above, outline
from retrieval.structure.layout import working_text
from retrieval.structure.testimony import exchanges

CHUNKER_VERSION = 7  # raised when the same text would be cut differently; what was indexed before is indexed again

SHORT = 250  # a chunk below this takes in the clause after it
LONG = 900  # a chunk does not grow past this, and a clause longer than this is cut

_DIGITS = 24  # hexadecimal: two of a billion chunks are taken for equal with a likelihood of 1 in 10^11

_SENTENCE_END = re.compile(r"(?<=[.;:?!])[\"”’)]*\s+(?=[\"“‘(\[A-Z0-9])|\n\s*(?=\([a-z0-9]{1,4}\))|\f")
_BORDERS = (_SENTENCE_END, re.compile(r"\n"), re.compile(r"\s+"))


@dataclass(frozen=True, slots=True)
class Chunk:
    """A span, and a digest of what it says: equal where words and headings are, in whatever document."""

    span: Span
    words: str

    @property
    def id(self) -> str:
        """All that it is, as the indexes hold it."""
        return f"{self.span.document_id}:{self.span.start}-{self.span.end}:{self.words}"

    @classmethod
    def of(cls, id_: str) -> Self:
        """The chunk with an id."""
        document_id, offsets, words = id_.split(":")
        start, end = offsets.split("-")
        return cls(Span(document_id, int(start), int(end)), words)


def chunk(document: Document) -> list[Chunk]:
    """The chunks of a document, which tile its text, in order; none for a document without words."""
    return [each for each, _ in cut(document)]


def cut(document: Document) -> Iterator[tuple[Chunk, str]]:
    """Each chunk, in order, with what is embedded and searched for it: the headings above it, then its words.

    Linear in the text, but of seconds for the longest: for a child process.
    """
    if not document.text.strip():
        return
    for start, end in pairwise([0, *_joined(document), len(document.text)]):
        text = under_headings(document, _first_word(document, start, end), working_text(document, start, end))
        digest = sha256(text.encode()).hexdigest()
        yield Chunk(document.span(start, end), digest[:_DIGITS]), text


def under_headings(document: Document, at: int, words: str) -> str:
    """Words that stand at an offset, with the headings above them before: "Term – Renewal: This Agreement …"."""
    index = clause_at(document, at)
    headings = " – ".join(headings_above(document, index)) if index is not None else ""
    return f"{headings}: {words}" if headings else words


def _first_word(document: Document, start: int, end: int) -> int:
    while start < end - 1 and document.text[start].isspace():
        start += 1
    return start


def _joined(document: Document) -> Iterator[int]:
    """Borders between chunks: pieces are joined while they are short and the whole stays within bounds."""
    start = 0
    for piece, following in pairwise([*_pieces(document), (len(document.text), False)]):
        (border, begins_clause), (end, _) = piece, following
        if border > start and (end - start > LONG or (begins_clause and border - start >= SHORT)):
            yield border
            start = border


def _pieces(document: Document) -> Iterator[tuple[int, bool]]:
    """Where each clause, each question of testimony, and each part of one that is too long, begins; the flag tells a
    clause from the others.
    """
    starts = {c.span.start for c in outline(document)}
    asked = {exchange.span.start for exchange in exchanges(document)}
    for a, b in pairwise(sorted({0, *starts, *asked, len(document.text)})):
        yield a, a in starts
        for border in _cuts(document.text, a, b):
            yield border, False


def _cuts(text: str, start: int, end: int) -> Iterator[int]:
    """Borders inside a clause that is too long: after a sentence, else a line, else a word, else anywhere."""
    while end - start > LONG:
        low, high = start + SHORT, start + LONG
        start = next((found for at in _BORDERS if (found := _last(at, text, low, high))), high)
        yield start


def _last(pattern: re.Pattern[str], text: str, low: int, high: int) -> int | None:
    ends = [m.end() for m in pattern.finditer(text, low, high)]
    return ends[-1] if ends else None
