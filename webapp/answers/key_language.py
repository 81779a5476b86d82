"""Key language: the sentences of the passages that bear on the question most, word for word, with their pin cites.

It is shown without any engine, and in the place of a draft that fails its checks, so nothing here writes: a sentence is a
span of the canonical text, and what is shown of it are the page's own words.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from retrieval import (
    Document,
    Hit,
    Passage,
    PinCite,
    Sentence,
    Span,
    flowing_text,
    lines,
    outline,
    own_words,
    pin_cite,
    split_sentences,
    under_headings,
)
from webapp.answers.table_rows import tables

Relevance = Callable[[str, Sequence[Sentence]], Sequence[float]]
"""Scores sentences against a question; 0 or less says that one has nothing to do with it."""

_LEAST_WORDS = 3  # a sentence of fewer is a heading or a fragment
_LEAST_IN_TABLE = 6  # words; a table of fewer is figures
_LEAST_INSIDE = 0.5  # of a sentence, in the passage; a passage may end inside one
_LONGEST_HEADING = 90  # characters
_WORD = re.compile(r"[^\W\d_]{2,}")
_ENDS = re.compile(r"[.;:?!,)\]”\"’][\"”’)]*\s*$")
_NUMBER_FIRST = re.compile(
    r"\s*(?:(?:section|article|clause)\s+)?(?:\d+(?:\.\d+)*[.)]?|\([A-Za-z0-9]{1,5}\)|[IVXLC]+[.)])?[\s.:–-]*",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"\b(?:in|of|to|under|the|and|or|by|with|see|on|this|as|for|section|sections|exhibit)\s*\Z", re.IGNORECASE
)
_SMALL_WORDS = frozenset("a an and as at by for from in into of on or over per the to under upon with without".split())


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySentence(PinCite):
    """One sentence at its pin cite, in the page's own words (white space folded, line ends joined)."""

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
    """The `most` sentences of the passages with the highest relevance.

    The section of the best one comes first, and of one section its sentences in reading order: "Any other assignment is
    void" after what is allowed. `relevance(question, sentences)` scores all at once, told of each the best of the `hits`
    that it stands in. Sentences that it scores 0 or less, and those that say the same as one before them, are left out.
    KeyError where the document of a passage is missing.
    """
    found = {span for passage in passages for span in _inside(documents[passage.document_id], passage)}
    order = {passage.document_id: i for i, passage in reversed(list(enumerate(passages)))}
    spans = sorted(found, key=lambda s: (order[s.document_id], s.start))
    texts = [own_words(documents[s.document_id], s) for s in spans]
    if not texts:
        return ()
    best_first = sorted(hits, key=lambda hit: -hit.score)
    told = [_told(documents[s.document_id], s, text, best_first) for s, text in zip(spans, texts, strict=True)]
    ranked = sorted(zip(spans, texts, relevance(question, told), strict=True), key=lambda row: -row[2])
    chosen = {text: (span, score) for span, text, score in reversed(ranked) if score > 0}
    best = [(span, text, score) for span, text, score in ranked if chosen.get(text, (None,))[0] == span][:most]
    keys = [KeySentence(**pin_cite(documents[span.document_id], span).where(), text=text) for span, text, _ in best]
    sections = list(dict.fromkeys((key.document_id, key.section) for key in keys))
    return tuple(sorted(keys, key=lambda key: (sections.index((key.document_id, key.section)), key.span.start)))


def _told(document: Document, span: Span, text: str, best_first: Sequence[Hit]) -> Sentence:
    score = next((hit.score for hit in best_first if span.shared(hit.chunk.span)), 0.0)
    return Sentence(text, under_headings(document, span.start, text), score)


def _inside(document: Document, passage: Passage) -> Iterator[Span]:
    every, spans = sentences(document), passage.spans
    first = bisect_right(every, spans[0].start, key=lambda s: s.end)
    last = bisect_left(every, spans[-1].end, key=lambda s: s.start)
    for sentence in every[first:last]:
        within = sum(sentence.shared(s) for s in spans)
        if within >= _LEAST_INSIDE * len(sentence):
            yield sentence


@lru_cache(maxsize=16)
def sentences(document: Document) -> tuple[Span, ...]:
    """The sentences of a document: none runs across the beginning of a clause or a heading, and none is a heading alone.

    A table is one. Lines that belong to the page (running headers, page numbers, contents) are no part of any, unless one crosses a page.
    """
    text = flowing_text(document)
    whole = {rows[0].start: rows[-1].end for rows in tables(document)}
    borders, skipped = _borders(document, text, whole)
    out = []
    for start, end in pairwise(borders):
        if start in whole:
            out += [document.span(start, end)] if len(_WORD.findall(text[start:end])) >= _LEAST_IN_TABLE else []
        elif start not in skipped:
            out += [document.span(*s) for s in split_sentences(text, start, end) if _says_something(text[slice(*s)])]
    return tuple(out)


def _borders(document: Document, text: str, whole: Mapping[int, int]) -> tuple[list[int], set[int]]:
    """Offsets that no sentence crosses (where a clause begins, around headings and contents) and those where contents begin.

    None is within a table; `whole` has each one's end by its start.
    """
    borders = {0, len(text)}
    borders |= {
        c.span.start for c in outline(document) if not _GOES_ON.search(text, max(0, c.span.start - 30), c.span.start)
    }
    skipped = set()
    for line in lines(document):
        shown = text[line.start : line.end].strip()
        if shown and (line.noise or _is_heading(shown)):
            borders |= {line.start, line.end}
            if line.noise:
                skipped.add(line.start)
    for start, end in whole.items():
        borders = {at for at in borders if not start < at < end} | {start, end}
    return sorted(borders), skipped


def _is_heading(line: str) -> bool:
    """Whether a line stands above what follows it: short, without an end mark, every word of weight with a capital."""
    rest = line[_NUMBER_FIRST.match(line).end() :]  # type: ignore[union-attr]  # matches the empty string
    if not rest or len(rest) > _LONGEST_HEADING or _ENDS.search(rest.rstrip(".")):
        return False
    words = [w for w in re.findall(r"[^\W\d_][\w'’\-/&]*", rest) if w.lower() not in _SMALL_WORDS]
    capital = sum(w[0].isupper() for w in words) == len(words)
    return bool(words) and capital and (rest.isupper() or (len(words) <= 8 and len(line) < 60))


def _says_something(sentence: str) -> bool:
    rest = sentence[_NUMBER_FIRST.match(sentence).end() :]  # type: ignore[union-attr]  # matches the empty string
    words = _WORD.findall(rest)
    if len(words) < _LEAST_WORDS or re.search(r"\.{4,}|(?:\. ){3,}|_{8,}", sentence):
        return False
    small = sum(w[0].islower() and w not in _SMALL_WORDS for w in words)
    return small >= 2 or (rest.isupper() and rest.rstrip()[-1:] in ".;")
