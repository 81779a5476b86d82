"""Hits become passages: as many as the token budget holds, touching ones joined, best first.

budget ≥ Σ tokens(passage as sent), and what is left is less than any passage left out would need
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache

from retrieval.chunks import Chunk
from retrieval.clauses import section_at
from retrieval.documents import Document, Span
from retrieval.layout import working_text

_WIDEST_NUMBER = 88  # what a passage costs is counted under a number of two digits, and stays true under one of one


@dataclass(frozen=True, slots=True)
class Passage:
    """What is put before the model under a number, with the pin cite of its first word.

    `text` is the words of `spans` (in order, of one document) as they are sent: white space folded, running headers and
    page numbers left out.
    """

    n: int
    document_id: str
    document: str
    spans: tuple[Span, ...]
    section: str
    page: int
    page_label: str
    text: str

    def as_sent(self) -> str:
        """The passage as the prompt holds it, its number and pin cite first."""
        return f"{heading(self.n, self.document, self.section, self.page_label)}\n{self.text}\n"


@dataclass(frozen=True, slots=True)
class Packed:
    """What fits: `tokens` is the sum over passages as sent, `left_out` the number of hits that did not fit."""

    passages: tuple[Passage, ...]
    tokens: int
    left_out: int


def heading(n: int, document: str, section: str, page_label: str) -> str:
    """The line above a passage: "[3] Supply Agreement, Section 8.2(b) (Price), page 12"."""
    return f"[{n}] " + ", ".join(part for part in (document, section, f"page {page_label}") if part)


def pack(
    chunks: Iterable[Chunk], document_of: Callable[[str], Document], count: Callable[[str], int], budget: int
) -> Packed:
    """Fill `budget` tokens with chunks in rank order; one that does not fit is passed over for the next that does.

    `count` gives the tokens of a text as the engine counts them. A chunk that touches one already taken joins it.
    """
    document_of = cache(document_of)
    runs: list[tuple[Span, int]] = []  # what is taken, in rank order, each with its tokens
    left_out = 0
    for chunk in chunks:
        document = document_of(chunk.span.document_id)
        touching = [run for run in runs if _touch(run[0], chunk.span)]
        whole = _union([chunk.span, *(span for span, _ in touching)])
        cost = _cost(document, whole, count)
        if sum(c for _, c in runs) - sum(c for _, c in touching) + cost > budget:
            left_out += 1
            continue
        at = runs.index(touching[0]) if touching else len(runs)
        runs[at:at] = [(whole, cost)]
        runs = [run for run in runs if run not in touching]
    passages = tuple(_passage(document_of(span.document_id), span, n) for n, (span, _) in enumerate(runs, 1))
    return Packed(passages, sum(cost for _, cost in runs), left_out)


def _touch(a: Span, b: Span) -> bool:
    return a.document_id == b.document_id and a.start <= b.end and b.start <= a.end


def _union(spans: list[Span]) -> Span:
    return replace(spans[0], start=min(s.start for s in spans), end=max(s.end for s in spans))


def _cost(document: Document, span: Span, count: Callable[[str], int]) -> int:
    """Tokens of a passage as sent, or of the page's own words where those are more (headers are left out of a passage)."""
    passage = _passage(document, span, _WIDEST_NUMBER)
    raw = replace(passage, text=" ".join(document.slice(span).split()))
    return max(count(passage.as_sent()), count(raw.as_sent()))


def _passage(document: Document, span: Span, n: int) -> Passage:
    start = span.start + len(document.slice(span)) - len(document.slice(span).lstrip())
    page = document.page_at(start)
    text = working_text(document, span.start, span.end)
    return Passage(n, document.id, document.name, (span,), section_at(document, start), page.number, page.label, text)
