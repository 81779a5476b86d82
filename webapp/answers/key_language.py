"""Extracts key language: the clauses of the passages that bear on the question, word for word, with pin cites.

question, passages → sentences by relevance → of each the clause, whole (`whole_clauses`) → a few, best first

It is the answer without a language model, so nothing is generated here: a clause is spans of the canonical text, shown
in the page's own words, the sentence that bears most emphasised. Where structure answers (a section by its number, the
parties, a signature block), the place itself is quoted, whole.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from retrieval import (
    Document,
    Hit,
    PinCite,
    Sentence,
    Span,
    asked_values,
    find_tables,
    fragments,
    note_units,
    outline,
    own_words,
    pin_cite,
    sentences,
    stems_of,
    under_headings,
)
from webapp.answers.whole_clauses import whole_clauses

Relevance = Callable[[str, Sequence[Sentence]], Sequence[float]]
"""Scores sentences for their relevance to a question; 0 or less means not relevant."""

_LONGEST_PLACE = 1_500  # characters of a place that are quoted; a longer one is cut, and " …" says so
_MOST_QUOTED = 6_000  # characters of all places together; the first one is always quoted
_LONGEST_FRAGMENT = 300  # characters of a clause without a sentence that are quoted; more are a table, or a form
_HOLDERS = ("part", "title", "chapter")  # what is below their heading without a sentence is a table, or a form, too
_MOST_DOCUMENTS = 8  # of which clauses are quoted; how many more there are is told
_MOST_BEARING = 3  # sentences of a clause that is quoted in part
_LONGEST_JOINED = 1_500  # characters of a clause that is quoted in part and to which another part of it is joined
_LEAST_INSIDE = 0.5  # share of a sentence that is in the passage; a passage may end inside one


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySentence(PinCite):
    """What is quoted, in the page's own words (white space folded, line ends joined), " … " between its spans.

    Of a clause with `bearing` sentences, the best first, the pin cite is that one's, and `emphasis` is the [start, end)
    of each one's words in the text, unless they are all of it.
    """

    text: str
    bearing: tuple[Span, ...] = ()
    emphasis: tuple[tuple[int, int], ...] = ()

    @property
    def bearing_words(self) -> str:
        """The words of the sentence that bears, or all of them."""
        return " ".join(self.text[start:end] for start, end in self.emphasis) or self.text

    @classmethod
    def of(cls, document: Document, span: Span) -> "KeySentence":
        """A span, quoted whole."""
        return cls(**pin_cite(document, span).where(), text=own_words(document, span))

    @classmethod
    def of_clause(cls, document: Document, *bearing: Span) -> "KeySentence":
        """The clause of bearing sentences, the best first."""
        spans = whole_clauses(document, bearing)
        text = own_words(document, *spans)
        emphasis = sorted(filter(None, (_place_in(document, text, spans, sentence) for sentence in bearing)))
        cite = pin_cite(document, *spans, at=bearing[0].start).where()
        return cls(**cite, text=text, bearing=bearing, emphasis=tuple(emphasis))


def _place_in(document: Document, text: str, spans: Sequence[Span], sentence: Span) -> tuple[int, int] | None:
    """The [start, end) of a sentence in the words of spans; None if it is all of them."""
    words = own_words(document, sentence)
    before = [document.span(s.start, min(s.end, sentence.start)) for s in spans if s.start < sentence.start]
    at = text.find(words, len(own_words(document, *before)))
    return (at, at + len(words)) if at >= 0 and len(words) < len(text) else None


def quote_places(places: Sequence[Span], document_of: Callable[[str], Document]) -> tuple[KeySentence, ...]:
    """Quote places whole, as their pages have them; one that an earlier one holds is left out.

    A long place ends before a clause or an item, else after a sentence or a line, and its text with " …".
    """
    quoted: list[KeySentence] = []
    for place in places:
        document = document_of(place.document_id)
        span = document.stripped(place)  # a page break before it would name the wrong page
        shown = _cut(document, span)
        room = _MOST_QUOTED - sum(len(key.span) for key in quoted)
        if not len(shown) or any(key.span.contains(shown) for key in quoted) or (quoted and len(shown) > room):
            continue
        text = own_words(document, shown) + (" …" if shown.end < span.end else "")
        quoted.append(KeySentence(**pin_cite(document, shown).where(), text=text))
    return tuple(quoted)


def beside(quoted: Sequence[KeySentence], keys: Sequence[KeySentence], most: int) -> tuple[KeySentence, ...]:
    """What is quoted, and after it what none of it holds: `most` together, and the first of each further document."""
    found = list(quoted)
    for key in keys:
        is_new = not any(_overlap(place, key) for place in quoted)
        if is_new and (len(found) < most or all(key.document_id != other.document_id for other in found)):
            found.append(key)
    return tuple(found)


def joined(quoted: Sequence[KeySentence], keys: Sequence[KeySentence]) -> tuple[KeySentence, ...]:
    """What is quoted of one question and of the next: a clause that both have is there once, with both sentences."""
    found = {key.spans: key for key in quoted}
    for key in keys:
        first = found.setdefault(key.spans, key)
        emphasis = tuple(sorted({*first.emphasis, *key.emphasis}))
        found[key.spans] = replace(first, emphasis=emphasis)
    return tuple(found.values())


def _cut(document: Document, span: Span) -> Span:
    """The beginning of a span that is too long, up to a border within the longest that is quoted."""
    if len(span) <= _LONGEST_PLACE:
        return span
    low, high = span.start + _LONGEST_PLACE // 3, span.start + _LONGEST_PLACE
    borders = (
        [clause.span.start for clause in outline(document)],
        [sentence.end for sentence in sentences(document)],
        [at for at in range(low, high) if document.text[at] in "\n\f"],
    )
    end = next((inside[-1] for ends in borders if (inside := [at for at in ends if low < at <= high])), high)
    return document.stripped(document.span(span.start, end))


class KeyLanguage(NamedTuple):
    """The clauses that bear on a question, and the ids of further documents of which some do and are not quoted.

    `lacks`: the kind of value that is asked for, of which none of them has one: they come near and do not answer.
    """

    clauses: tuple[KeySentence, ...] = ()
    further: tuple[str, ...] = ()
    lacks: str = ""


def key_language(
    question: str,
    passages: Sequence[PinCite],
    documents: Mapping[str, Document],
    hits: Sequence[Hit] = (),
    *,
    most: int = 4,
    relevance: Relevance,
) -> KeyLanguage:
    """Select the clauses of the passages whose sentences are most relevant to a question, `most` or one a document.

    Of each document the best clause comes first, the others are in page order. `relevance(question, sentences)` scores
    all at once; each sentence carries the best score of the `hits` that contain it. Sentences scored 0 or less, and
    repeated ones, are left out, and so are clauses without the kind of value that is asked for, where any has it.
    KeyError if the document of a passage is missing.
    """
    sentence_spans = {span for passage in passages for span in _inside(documents[passage.document_id], passage)}
    order = {passage.document_id: i for i, passage in reversed(list(enumerate(passages)))}
    spans = sorted(sentence_spans, key=lambda s: (order[s.document_id], s.start))
    texts = [own_words(documents[s.document_id], s) for s in spans]
    if not texts:
        return KeyLanguage()
    best_first = sorted(hits, key=lambda hit: -hit.score)
    candidates = [
        _candidate(documents[s.document_id], s, text, best_first) for s, text in zip(spans, texts, strict=True)
    ]
    ranked = sorted(zip(spans, texts, relevance(question, candidates), strict=True), key=lambda row: -row[2])
    distinct = {text: span for span, text, score in reversed(ranked) if score > 0}  # each at its highest score
    bearing = [span for span, text, score in ranked if score > 0 and distinct[text] is span]
    every = _clauses(_without_other_rows(question, bearing, documents), documents)
    kinds = asked_values(question)
    holding = [clause for clause in every if all(kind.is_in(clause.text) for kind in kinds)]
    clauses = holding or every
    lacks = next((k.name for k in kinds if not any(k.is_in(c.text) for c in every)), "") if every else ""
    chosen = _chosen(clauses, most)
    quoted = {clause.document_id for clause in chosen}
    further = dict.fromkeys(clause.document_id for clause in clauses if clause.document_id not in quoted)
    best = {clause.document_id: clause for clause in reversed(chosen)}
    ids = list(dict.fromkeys(clause.document_id for clause in chosen))
    chosen.sort(key=lambda c: (ids.index(c.document_id), c is not best[c.document_id], c.span.start))
    return KeyLanguage(tuple(chosen), tuple(further), lacks)


def _without_other_rows(question: str, bearing: Sequence[Span], documents: Mapping[str, Document]) -> list[Span]:
    """Spans without the rows of a table that have fewer of the question's words than another row of it has."""
    asked = set(stems_of(question))
    rows: dict[Span, tuple[Span, ...]] = {}
    for span in bearing:
        document = documents[span.document_id]
        if document.remarks_in(span, "row"):
            rows[span] = next((table for table in find_tables(document) if span in table), ())
    held = {row: len(asked & set(stems_of(documents[row.document_id].slice(row)))) for row in rows}
    most = {table: max(held[row] for row in rows if rows[row] is table) for table in rows.values()}
    return [span for span in bearing if span not in rows or held[span] == most[rows[span]]]


def _clauses(bearing: Sequence[Span], documents: Mapping[str, Document]) -> list[KeySentence]:
    """The clauses of sentences, best first, each once."""
    clauses: list[KeySentence] = []
    for sentence in bearing:
        if any(part.shared(sentence) for clause in clauses for part in clause.spans):
            continue
        document = documents[sentence.document_id]
        clause = KeySentence.of_clause(document, sentence)
        if (other := next((i for i, each in enumerate(clauses) if _overlap(each, clause)), None)) is None:
            clauses.append(clause)
        elif len(clauses[other].bearing) < _MOST_BEARING and len(clauses[other].text) <= _LONGEST_JOINED:
            clauses[other] = KeySentence.of_clause(document, *clauses[other].bearing, sentence)
    return clauses


def _overlap(one: KeySentence, other: KeySentence) -> bool:
    return any(a.shared(b) for a in one.spans for b in other.spans)


def _chosen(clauses: Sequence[KeySentence], most: int) -> list[KeySentence]:
    """The best clause of each document up to a bound, then the next best, `most` in all."""
    first: dict[str, KeySentence] = {}
    for clause in clauses:
        if len(first) < _MOST_DOCUMENTS:
            first.setdefault(clause.document_id, clause)
    others = [clause for clause in clauses if clause not in first.values()]
    chosen = [*first.values(), *others[: max(0, most - len(first))]]
    return sorted(chosen, key=clauses.index)


def _candidate(document: Document, span: Span, text: str, best_first: Sequence[Hit]) -> Sentence:
    score = next((hit.score for hit in best_first if span.shared(hit.chunk.span)), 0.0)
    heads = next((own_words(document, rows[0]) for rows in find_tables(document) if span in rows[1:]), "")
    return Sentence(text, under_headings(document, span.start, f"{heads} {text}".strip()), score)


def _inside(document: Document, passage: PinCite) -> Iterator[Span]:
    """The sentences that are in a passage, each row of a table, and the fragments under a heading that are short enough
    to be quoted.
    """
    every, spans = sentences(document), passage.spans
    first = bisect_right(every, spans[0].start, key=lambda s: s.end)
    last = bisect_left(every, spans[-1].end, key=lambda s: s.start)
    short = [
        words
        for clause, words in fragments(document, document.span(spans[0].start, spans[-1].end), every)
        if clause.heading and clause.kind not in _HOLDERS and len(words) <= _LONGEST_FRAGMENT
    ]
    tables = {rows[0].start: rows for rows in find_tables(document)}
    read = [part for words in every[first:last] for part in tables.get(words.start, (words,))]
    read += [unit.span for unit in note_units(document) if unit.kind == "sentence"]
    for words in (*read, *short):
        overlap = sum(words.shared(s) for s in spans)
        if overlap >= _LEAST_INSIDE * len(words):
            yield words
