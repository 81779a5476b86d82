"""Finds a quotation in the document it is said to come from.

A find is a span of the canonical text. What typography and page layout add is forgiven (see `folding`); a word, number,
sign or negation that differs is not. Case counts: "the Term" and "the term" are two things in a contract.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product, takewhile

from retrieval.core.documents import Document, Span
from retrieval.structure.folding import DASHES, DOUBLE_MARKS, HYPHENS, SINGLE_MARKS, Folded, fold, fold_cached
from retrieval.structure.matching import Rules, candidates, match_at
from retrieval.structure.reflow import flowing_text, notes_text

_MOST_FINDS = 2_000  # of one defined term in one document; the nearest of so many is near enough
# Where a quotation may begin in a text. A defined term of 300 dense pages has 2,000; one letter over and over has a
# million.
_MOST_TRIED = 50_000
_MOST_LEFT_OUT = 20_000  # characters for an ellipsis: four dense pages, where two is the most
_MOST_BRACKETS = 3  # altered letters in one quotation
_ALTERED = re.compile(r"\[([A-Za-z])\](?=[a-z])")  # "[t]he" for "The"
# First words whose capital is only a matter of where the quotation begins: none is ever a defined term or another word.
_NEVER_NAMES = frozenset(
    "a after all an and any as at before but by each either every except for from if in it its neither no not nothing "
    "notwithstanding on or other such that the their these they this those to unless until upon when where which with "
    "without".split()
)
_FIRST_WORD = re.compile(rf"[{DOUBLE_MARKS}{SINGLE_MARKS}]?([A-Za-z][a-z]*)\b")
_ELLIPSIS = re.compile(r"\s*\[?\s*(?:…|\.\s?\.\s?\.(?:\s?\.)?)\s*\]?\s*")
# Leaving one of these out turns a sentence round, so an ellipsis may not swallow it.
_TURNS = re.compile(
    r"\b(?:not|no|nor|neither|never|none|cannot|without|unless|except|excluding|only|nothing)\b|n['’]t\b", re.IGNORECASE
)
_HARMLESS = re.compile(r"\bwithout\s+limitation|\bnot\s+limited\s+to|\bwithout\s+limiting", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.?!;]\s")
# A part of a compound is no match ("exclusive" is not in "non-exclusive"), nor is a figure without its sign or unit.
_RULES = Rules(
    before_word=re.compile(rf"\w(?:[{HYPHENS}]\n?|[{SINGLE_MARKS}])\Z"),
    before_number=re.compile(rf"(?:\d[.,:/]|[$€£¥]|(?:\A|[\s(])[{DASHES}])\Z"),
    after_word=re.compile(rf"[{HYPHENS}]\n?\w"),
    after_number=re.compile(r"[.,:/]\d|\s?%|\s(?:hundred|thousand|million|billion|trillion)\b"),
    spaces_count=False,
)


@dataclass(frozen=True, slots=True)
class QuoteMatch:
    """Where a quotation stands. `parts` are its pieces between ellipses; one piece, equal to `span`, without them."""

    span: Span
    parts: tuple[Span, ...]


def find_quote(document: Document, quote: str, near: Span | None = None) -> QuoteMatch | None:
    """The quotation's place in the document, the one nearest to `near` where there are several;
    None if it is not there.

    Tried in this order: as it stands, without a closing full stop or comma that belongs to the quoting sentence, with
    the capital of a first word such as "the" the other way, with the case of letters in brackets restored ("[t]he"),
    and in parts at its ellipses, each of which must be found in order and without a page between them.
    """
    quote = quote.strip()
    for form in _forms(quote):
        found = _nearest(_places(document, form, near), near)
        if found:
            span = document.span(*found)
            return QuoteMatch(span, (span,))
    parts = [part for part in _ELLIPSIS.split(quote) if part]
    if len(parts) == 1 and parts[0] != quote:  # an ellipsis before or after the words leaves out nothing between them
        return find_quote(document, parts[0], near)
    return _find_parts(document, parts, near) if len(parts) > 1 else None


def _forms(quote: str) -> Iterator[str]:
    trimmed = [quote] if quote[-1:] not in ".,;:" else [quote, quote[:-1].rstrip()]
    yield from trimmed
    word = _FIRST_WORD.match(quote)
    if word and word[1].lower() in _NEVER_NAMES:
        at = word.start(1)
        yield from (form[:at] + form[at].swapcase() + form[at + 1 :] for form in trimmed)
    if 0 < len(_ALTERED.findall(quote)) <= _MOST_BRACKETS:
        for form in trimmed:
            pieces = _ALTERED.split(form)
            letters = [(c.swapcase(), c) for c in pieces[1::2]]
            for choice in product(*letters):
                yield "".join(a + b for a, b in zip(pieces[::2], [*choice, ""], strict=True))


def _places(document: Document, quote: str, near: Span | None = None) -> Iterator[tuple[int, int]]:
    """Every place of a quotation: on the text as it is and, where that has none near,
    on the text without running lines and on that of the footnotes.
    """
    folded = fold(quote)
    if not any(c.isalnum() for c in folded.skeleton):
        return
    found = False
    for place in islice(_matches(fold_cached(document.text), folded), _MOST_FINDS):
        found = found or near is None or (near.start < place[1] and place[0] < near.end)
        yield place
    if not found:
        yield from islice(_matches(fold_cached(flowing_text(document)), folded), _MOST_FINDS)
        if document.remarks_of("footnote"):
            yield from islice(_matches(fold_cached(notes_text(document)), folded), _MOST_FINDS)


def _matches(page: Folded, quote: Folded) -> Iterator[tuple[int, int]]:
    for at in islice(candidates(page, quote), _MOST_TRIED):
        span = match_at(page, at, quote, _RULES)
        if span and not _ends_inside_a_number(page.text, span[1]) and (span := _with_edges(page.text, span, quote)):
            yield span


def _ends_inside_a_number(text: str, end: int) -> bool:
    """Whether the mark before `end` is one of a number's: "pay $1." is not in "pay $1.50"."""
    return text[end - 1] in ".,:/" and text[end - 2 : end - 1].isdigit() and text[end : end + 1].isdigit()


def _with_edges(text: str, span: tuple[int, int], quote: Folded) -> tuple[int, int] | None:
    """The span with the marks and dashes at the quotation's own ends;
    None where it has a dash that the page has not.
    """
    start, end = span
    lead, tail = quote.text[: quote.origins[0]], quote.text[quote.ends[-1] :]
    for mark in reversed("".join(lead.split())):
        at = next((i for i in range(start - 1, -1, -1) if not text[i].isspace()), -1)
        if at >= 0 and _same_mark(text[at], mark):
            start = at
        elif mark in DASHES:
            return None
    for mark in "".join(tail.split()):
        at = next((i for i in range(end, len(text)) if not text[i].isspace()), len(text))
        if at < len(text) and _same_mark(text[at], mark):
            end = at + 1
        elif mark in DASHES:
            return None
    return start, end


def _same_mark(a: str, b: str) -> bool:
    marks = DOUBLE_MARKS + SINGLE_MARKS
    return (a in marks and b in marks) or (a in DASHES and b in DASHES)


def _nearest(places: Iterator[tuple[int, int]], near: Span | None) -> tuple[int, int] | None:
    if near is None:
        return next(places, None)
    return min(places, key=lambda p: max(near.start - p[0], p[1] - near.end, 0), default=None)


def _find_parts(document: Document, parts: list[str], near: Span | None) -> QuoteMatch | None:
    """Parts of a quotation between ellipses, of two words at least each, in order on one page or on two that follow."""
    if any(len(part.split()) < 2 for part in parts):
        return None
    first = next((places for form in _forms(parts[0]) if (places := list(_places(document, form)))), [])
    further = [sorted(place for form in _forms(part) for place in _places(document, form)) for part in parts[1:]]
    chains = (chain for place in first if (chain := _chain(document, place, further)))
    if near is None:
        best = next(chains, None)
    else:
        best = min(chains, key=lambda c: max(near.start - c[0][0], c[-1][1] - near.end, 0), default=None)
    if best is None:
        return None
    return QuoteMatch(document.span(best[0][0], best[-1][1]), tuple(document.span(*place) for place in best))


def _chain(
    document: Document, place: tuple[int, int], further: list[list[tuple[int, int]]]
) -> list[tuple[int, int]] | None:
    """The places of the parts that follow the one at `place`, each out of those of its part, which are in order.

    None where one is missing or what is left out turns the sense.
    """
    chain = [place]
    limit = document.pages[min(document.page_at(place[0]).number, len(document.pages) - 1)].end
    for places in further:
        after = chain[-1][1]
        follows = islice(places, bisect_left(places, (after, 0)), None)
        found = next((p for p in takewhile(lambda p: p[0] <= limit, follows) if p[1] <= limit), None)
        if found is None or found[0] - after > _MOST_LEFT_OUT or _turns(document.text[after : found[0]]):
            return None
        chain.append(found)
    return chain


def _turns(left_out: str) -> bool:
    """Whether words left out change the sense of what stands beside them: in the sentence before or the one after."""
    ends = [m.end() for m in _SENTENCE_END.finditer(left_out)]
    beside = left_out if not ends else left_out[: ends[0]] + left_out[ends[-1] :]
    return bool(_TURNS.search(_HARMLESS.sub("", beside)))
