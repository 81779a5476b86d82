"""Extracts key language: the sentences of the passages most relevant to the question, word for word, with pin cites.

It is the answer without a language model, and replaces a draft that fails its checks, so nothing is generated here: a
sentence is a span of the canonical text, shown in the page's own words.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from retrieval import Document, Hit, Passage, PinCite, Sentence, Span, own_words, pin_cite, sentences, under_headings

Relevance = Callable[[str, Sequence[Sentence]], Sequence[float]]
"""Scores sentences for their relevance to a question; 0 or less means not relevant."""

_LEAST_INSIDE = 0.5  # share of a sentence that is in the passage; a passage may end inside one


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySentence(PinCite):
    """A sentence with its pin cite, in the page's own words (white space folded, line ends joined)."""

    text: str


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
    every, spans = sentences(document), passage.spans
    first = bisect_right(every, spans[0].start, key=lambda s: s.end)
    last = bisect_left(every, spans[-1].end, key=lambda s: s.start)
    for sentence in every[first:last]:
        overlap = sum(sentence.shared(s) for s in spans)
        if overlap >= _LEAST_INSIDE * len(sentence):
            yield sentence
