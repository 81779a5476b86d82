"""Extracts key language: the sentences of the passages most relevant to the question, word for word, with pin cites.

It is the answer without a language model, so nothing is generated here: a
sentence is a span of the canonical text, shown in the page's own words. Where structure answers (a section by its
number, the parties, a signature block), the place itself is quoted, whole.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from retrieval import (
    Document,
    Hit,
    Passage,
    PinCite,
    Sentence,
    Span,
    fragments,
    outline,
    own_words,
    pin_cite,
    sentences,
    under_headings,
)

Relevance = Callable[[str, Sequence[Sentence]], Sequence[float]]
"""Scores sentences for their relevance to a question; 0 or less means not relevant."""

_LONGEST_PLACE = 1_500  # characters of a place that are quoted; a longer one is cut, and " …" says so
_MOST_QUOTED = 6_000  # characters of all places together; the first one is always quoted
_LONGEST_FRAGMENT = 300  # characters of a clause without a sentence that are quoted; more are a table, or a form
_HOLDERS = ("part", "title", "chapter")  # what is below their heading without a sentence is a table, or a form, too
_LEAST_INSIDE = 0.5  # share of a sentence that is in the passage; a passage may end inside one


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySentence(PinCite):
    """A sentence with its pin cite, in the page's own words (white space folded, line ends joined)."""

    text: str

    @classmethod
    def of(cls, document: Document, span: Span) -> "KeySentence":
        """A span, quoted whole."""
        return cls(**pin_cite(document, span).where(), text=own_words(document, span))


def quote_places(places: Sequence[Span], document_of: Callable[[str], Document]) -> tuple[KeySentence, ...]:
    """Quote places whole, as their pages have them; one that an earlier one holds is left out.

    A long place ends before a clause or an item, else after a sentence or a line, and its text with " …".
    """
    quoted: list[KeySentence] = []
    for place in places:
        document = document_of(place.document_id)
        span = _words_of(document, place)
        shown = _cut(document, span)
        room = _MOST_QUOTED - sum(len(key.span) for key in quoted)
        if not len(shown) or any(key.span.contains(shown) for key in quoted) or (quoted and len(shown) > room):
            continue
        text = own_words(document, shown) + (" …" if shown.end < span.end else "")
        quoted.append(KeySentence(**pin_cite(document, shown).where(), text=text))
    return tuple(quoted)


def beside(quoted: Sequence[KeySentence], keys: Sequence[KeySentence], most: int) -> tuple[KeySentence, ...]:
    """Quoted places, and after them key sentences that none of them holds, together no more than `most` if they fit."""
    others = [key for key in keys if not any(place.span.shared(key.span) for place in quoted)]
    return (*quoted, *others[: max(0, most - len(quoted))])


def _words_of(document: Document, span: Span) -> Span:
    """A span without the white space at its ends: a page break before it would name the wrong page."""
    text = document.slice(span)
    return document.span(span.start + len(text) - len(text.lstrip()), span.end - len(text) + len(text.rstrip()))


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
    return _words_of(document, document.span(span.start, end))


def key_language(
    question: str,
    passages: Sequence[Passage],
    documents: Mapping[str, Document],
    hits: Sequence[Hit] = (),
    *,
    most: int = 4,
    relevance: Relevance,
) -> tuple[KeySentence, ...]:
    """Select the `most` most relevant sentences of the passages.

    The section of the best one comes first, and the sentences of a section are in reading order: "Any other assignment
    is void" after what is allowed. `relevance(question, sentences)` scores all at once; each sentence carries the best
    score of the `hits` that contain it. Sentences scored 0 or less, and repeated ones, are left out. KeyError if the
    document of a passage is missing.
    """
    sentence_spans = {span for passage in passages for span in _inside(documents[passage.document_id], passage)}
    order = {passage.document_id: i for i, passage in reversed(list(enumerate(passages)))}
    spans = sorted(sentence_spans, key=lambda s: (order[s.document_id], s.start))
    texts = [own_words(documents[s.document_id], s) for s in spans]
    if not texts:
        return ()
    best_first = sorted(hits, key=lambda hit: -hit.score)
    candidates = [
        _candidate(documents[s.document_id], s, text, best_first) for s, text in zip(spans, texts, strict=True)
    ]
    ranked = sorted(zip(spans, texts, relevance(question, candidates), strict=True), key=lambda row: -row[2])
    best: dict[str, Span] = {}  # by text, each at its highest score
    for span, text, score in ranked:
        if score > 0 and len(best) < most:
            best.setdefault(text, span)
    keys = [
        KeySentence(**pin_cite(documents[span.document_id], span).where(), text=text) for text, span in best.items()
    ]
    sections = list(dict.fromkeys((key.document_id, key.section) for key in keys))
    return tuple(sorted(keys, key=lambda key: (sections.index((key.document_id, key.section)), key.span.start)))


def _candidate(document: Document, span: Span, text: str, best_first: Sequence[Hit]) -> Sentence:
    score = next((hit.score for hit in best_first if span.shared(hit.chunk.span)), 0.0)
    return Sentence(text, under_headings(document, span.start, text), score)


def _inside(document: Document, passage: Passage) -> Iterator[Span]:
    """The sentences that are in a passage, and the fragments under a heading that are short enough to be quoted."""
    every, spans = sentences(document), passage.spans
    first = bisect_right(every, spans[0].start, key=lambda s: s.end)
    last = bisect_left(every, spans[-1].end, key=lambda s: s.start)
    short = [
        words
        for clause, words in fragments(document, document.span(spans[0].start, spans[-1].end), every)
        if clause.heading and clause.kind not in _HOLDERS and len(words) <= _LONGEST_FRAGMENT
    ]
    for words in (*every[first:last], *short):
        overlap = sum(words.shared(s) for s in spans)
        if overlap >= _LEAST_INSIDE * len(words):
            yield words
