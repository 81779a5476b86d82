"""Packs hits into passages: as many as the token budget holds, best first, each of one clause; then related passages.

Hits that touch are one run, whose clauses follow each other: the passages of a run name the document once, and a page
where it is another. So much costs less than what a heading in full would for each.

budget ≥ Σ tokens(passage as sent), and what is left is less than any passage left out would need
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate

from retrieval.core.cache import document_cache
from retrieval.core.documents import Document, PinCite, Span
from retrieval.search.amended_clauses import NO_CHANGES, ScopedChanges
from retrieval.search.prompt_text import as_named, as_words
from retrieval.search.related_passages import Extra, amendments, extras, standing
from retrieval.structure.chunks import Chunk
from retrieval.structure.cited_units import unit_cited, units_of
from retrieval.structure.clauses import pin_cite
from retrieval.structure.layout import working_text
from retrieval.structure.tables import column_heads

# Tokens that are kept for extras while there are hits to pack, and the most that extras take where hits leave more.
# What is left without a share is 35 tokens, which hold none; on 40 labelled contracts a share of 120 cost nothing of
# the answerable questions at 2,400 tokens (+0.1 points, -0.5 to +0.7), one of 200 cost 0.5 (0.1 to 0.9). A budget below
# the least is for hits.
_SHARE, _MOST, _LEAST_BUDGET = 120, 300, 1_600
_AMENDMENTS = 0.25  # of the budget, at most, that amendments of the hits take from further hits
# What a passage costs is counted under a number of two digits, and stays true under one of one; of three, if need be.
_WIDEST_NUMBER, _WIDEST_OF_MANY, _MOST_OF_TWO_DIGITS = 88, 888, 99
_SMALLEST = 20  # tokens of the smallest extra
_MOST_KNOWN = 4_096  # passages of a document whose tokens are kept, about a megabyte


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage(PinCite):
    """Passage of the prompt under a number, with the pin cite of its first word.

    `text` is the words of `spans` as they are sent: white space folded, running headers and page numbers left out.
    """

    n: int
    text: str
    # It is there beside the hits: "referred to in [2]"; what a hit is to them: "replaced by [4]"; the heads of the
    # columns, where it begins within a table.
    why: str = ""
    follows: bool = False  # the passage before it is of the same document, which it need not name again
    goes_on: bool = False  # it begins where the passage before it ends: its own words name its clause
    turns: bool = True  # it begins on another page than that

    def as_sent(self) -> str:
        """The passage as the prompt holds it, its number and pin cite first."""
        document = "" if self.follows else self.document
        section = self.section.partition(" (")[0] if self.goes_on else self.section
        page = self.page_label if self.turns else ""
        return f"{heading(self.n, document, section, page, self.why)}\n{as_words(self.text)}\n"


@dataclass(frozen=True, slots=True)
class Packed:
    """Packed passages, hits before extras: `tokens` is the sum over passages as sent,
    `left_out` the number of hits that did not fit.
    """

    passages: tuple[Passage, ...]
    tokens: int
    left_out: int


def heading(n: int, document: str, section: str, page_label: str, why: str = "") -> str:
    """The line above a passage: "[3] Supply Agreement, Section 8.2(b) (Price), page 12", and why it is there.

    What the document says of itself stands in it as a name and no more (`prompt_text`); `why` is ours.
    """
    page = f"page {as_named(page_label)}" if page_label else ""
    parts = (as_named(document), as_named(section), page, why)
    return f"[{n}] " + ", ".join(part for part in parts if part)


def pack(
    chunks: Iterable[Chunk],
    document_of: Callable[[str], Document],
    count: Callable[[str], int],
    budget: int,
    changes: ScopedChanges = NO_CHANGES,
) -> Packed:
    """Fill `budget` tokens with chunks in rank order; one that does not fit is passed over for the next that does.

    `count` gives the tokens of a text as the model's tokenizer counts them. A chunk that touches one already taken
    joins its run. A share of the budget goes to extras: definitions of terms that the passages use, and sections they
    are subject to. Where all chunks are of one document it is named once, which leaves room for another passage. Of
    `changes` come the amendments of what was found: they have a share of their own, and the passages say which is in
    force.
    """
    document_of, spans = cache(document_of), [chunk.span for chunk in chunks]
    sources = {span.document_id for span in spans}
    alone = len(sources) == 1

    named = count(f", {as_named(document_of(*sources).name)}") if alone else 0
    budget -= named
    widest = _widest(spans, document_of, count, budget)

    @cache
    def one(place: _Place) -> int:
        # The longest that it may say: an amendment is named by its document or by the number of a passage.
        span = place.span
        notes = max(standing(span, changes), standing(span, changes, lambda _: widest), key=len)
        return _cost(document_of(span.document_id), replace(place, standing=notes), count, widest)

    @cache
    def cost(span: Span, why: str) -> int:
        follows = alone and span.document_id in sources
        return sum(map(one, _places(document_of(span.document_id), span, why, follows=follows)))

    def clauses() -> list[Span]:
        return [unit for span, _ in runs for unit in units_of(document_of(span.document_id), span)]

    share = _SHARE if budget >= _LEAST_BUDGET else 0
    most = _MOST if share else 0
    runs, rest = _fill([], spans, cost, budget - share)
    if wanted := _tokens(_that_fit(amendments(clauses(), changes), cost, int(_AMENDMENTS * budget))):
        runs, rest = _fill([], spans, cost, budget - share - wanted)
        most += wanted
    related = extras(clauses(), document_of, changes) if most else ()
    beside = _that_fit(related, cost, min(most, budget - _tokens(runs)))
    while True:  # what the extras leave goes to hits, and an extra that these hold leaves more
        runs, rest = _fill(runs, rest, cost, budget - _tokens(beside))
        uncovered = [(extra, c) for extra, c in beside if not any(span.contains(extra.span) for span, _ in runs)]
        if len(uncovered) == len(beside):
            break
        beside = uncovered
    if alone:  # a document that is named once is named before others
        beside.sort(key=lambda row: row[0].span.document_id not in sources)
    places = [place for span, _ in runs for place in _places(document_of(span.document_id), span, "")]
    numbers = {extra: next(n for n, p in enumerate(places, 1) if p.span.shared(extra.passage)) for extra, _ in beside}
    places += [_Place(extra.span, extra.why(numbers[extra])) for extra, _ in beside]
    passages = tuple(_numbered(places, document_of, changes, alone=alone))
    tokens = _tokens(runs) + _tokens(beside)
    return Packed(passages, tokens + named if passages else 0, len(rest))


@dataclass(frozen=True, slots=True)
class _Place:
    """What will be a passage: a span, why it is there beside the hits, what it is to amendments (`standing`), and what
    its heading can leave out.
    """

    span: Span
    why: str
    standing: str = ""
    follows: bool = False
    goes_on: bool = False
    turns: bool = True


def _places(document: Document, span: Span, why: str, *, follows: bool = False) -> list[_Place]:
    """The passages of a run, one for each clause; of what is there beside the hits, one."""
    if why:
        return [_Place(span, why, follows=follows)]
    first, *units = units_of(document, span)
    places, page = [_Place(first, "", follows=follows)], _page(document, first)
    for unit in units:
        before, page = page, _page(document, unit)
        places.append(_Place(unit, "", follows=True, goes_on=True, turns=page != before))
    return places


def _widest(
    spans: Iterable[Span], document_of: Callable[[str], Document], count: Callable[[str], int], budget: int
) -> int:
    """The number under which passages are counted: of three digits where so many of the smallest would fit."""
    places = [
        _Place(unit, "", follows=True, goes_on=True, turns=False)
        for span in spans
        for unit in units_of(document_of(span.document_id), span)
    ]
    if len(places) + _MOST // _SMALLEST <= _MOST_OF_TWO_DIGITS:
        return _WIDEST_NUMBER
    smallest = sorted(_cost(document_of(p.span.document_id), p, count, _WIDEST_NUMBER) for p in places)
    most = sum(total <= budget for total in accumulate(smallest)) + _MOST // _SMALLEST
    return _WIDEST_OF_MANY if most > _MOST_OF_TWO_DIGITS else _WIDEST_NUMBER


def _page(document: Document, span: Span) -> int:
    return document.page_at(document.stripped(span).start).number


def _numbered(
    places: Sequence[_Place], document_of: Callable[[str], Document], changes: ScopedChanges, *, alone: bool
) -> Iterator[Passage]:
    """The passages of places, each with why it is there and what it is to amendments among the others."""
    for n, place in enumerate(places, 1):

        def number_of(other: Span, own: int = n) -> int | None:
            return next((i for i, each in enumerate(places, 1) if i != own and each.span.shared(other)), None)

        named = alone and n > 1 and place.span.document_id == places[0].span.document_id
        notes = standing(place.span, changes, number_of)
        shown = replace(place, standing=notes, follows=place.follows or named)
        yield _passage(document_of(place.span.document_id), shown, n)


def _fill(
    runs: Sequence[tuple[Span, int]], spans: Iterable[Span], cost: Callable[[Span, str], int], budget: int
) -> tuple[list[tuple[Span, int]], list[Span]]:
    """`runs` (in rank order, each with its tokens) with the spans that fit besides, and the spans that do not."""
    runs, rest = list(runs), []
    for span in spans:
        touching = [run for run in runs if _touch(run[0], span)]
        whole = _union([span, *(s for s, _ in touching)])
        if _tokens(runs) - _tokens(touching) + cost(whole, "") > budget:
            rest.append(span)
            continue
        at = runs.index(touching[0]) if touching else len(runs)
        runs[at:at] = [(whole, cost(whole, ""))]
        runs = [run for run in runs if run not in touching]
    return runs, rest


def _that_fit(related: Iterable[Extra], cost: Callable[[Span, str], int], room: int) -> list[tuple[Extra, int]]:
    """The extras that fit into `room` tokens, each with its tokens, those of the best passages first."""
    found: list[tuple[Extra, int]] = []
    for extra in related:
        tokens = cost(extra.span, extra.why(_WIDEST_NUMBER))
        if _tokens(found) + tokens <= room:
            found.append((extra, tokens))
    return found


def _tokens(counted: Iterable[tuple[object, int]]) -> int:
    return sum(tokens for _, tokens in counted)


def _touch(a: Span, b: Span) -> bool:
    return a.document_id == b.document_id and a.start <= b.end and b.start <= a.end


def _union(spans: list[Span]) -> Span:
    return replace(spans[0], start=min(s.start for s in spans), end=max(s.end for s in spans))


def _cost(document: Document, place: _Place, count: Callable[[str], int], widest: int) -> int:
    """Tokens of a passage as sent, or of the page's own words where those are more (headers are left out
    of a passage).
    """
    known, key = _known_costs(document), (count, place, widest)
    tokens = known.get(key)
    if tokens is None:
        passage = _passage(document, place, widest)
        raw = replace(passage, text=" ".join(document.slice(place.span).split()))
        tokens = max(count(passage.as_sent()), count(raw.as_sent()))
        if len(known) >= _MOST_KNOWN:
            known.clear()
        known[key] = tokens
    return tokens


@document_cache()
def _known_costs(_document: Document) -> "dict[tuple[Callable[[str], int], _Place, int], int]":
    """What passages of a document cost that were counted for earlier questions."""
    return {}


def _passage(document: Document, place: _Place, n: int) -> Passage:
    span, at = place.span, document.stripped(place.span).start
    cite = pin_cite(document, span, at=at).where()
    if not place.why:
        cite["section"] = unit_cited(document, span, at)
    columns = column_heads(document, at)
    notes = (place.why, place.standing, f"columns: {as_named(columns)}" if columns else "")
    return Passage(
        **cite,
        n=n,
        text=working_text(document, span.start, span.end),
        why="; ".join(note for note in notes if note),
        follows=place.follows,
        goes_on=place.goes_on,
        turns=place.turns,
    )
