"""Finds the bearing sentence of each of the first hits, nearest in meaning to the question, and ranks them by it too.

A chunk of several sentences lies between them in meaning; the one that answers lies nearer. Only hits that rank close
to the first are read, so that a search embeds five sentences and seldom more than thirteen.
"""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from retrieval.core.documents import Document, Span
from retrieval.core.errors import NoSuchDocument
from retrieval.search.embedder import Embedder, UnitVectors
from retrieval.search.lexical import stems_of
from retrieval.structure.chunks import Chunk, under_headings
from retrieval.structure.reflow import own_words
from retrieval.structure.sentences import fragments, note_units, sentences

# More of them, and further behind, change no figure on labelled contracts.
_MOST_READ = 4
_CLOSE = 0.25  # of the first one's score
_BEARING = 0.5  # weight of a hit's bearing sentence, by its cosine, beside the score of the hit
_COVERED = 0.1  # weight of the question's words that a sentence has, beside its cosine, for which one bears
_REMEMBERED = 8192  # sentences with their vectors: 13 MB, the passages of some eighty answers


class Bearing(NamedTuple):
    """The sentence of a chunk that is nearest to a question, its vector, float32[dim], and its cosine with that."""

    span: Span
    vector: NDArray[np.float32]
    cosine: float


class SentenceVectors:
    """Vectors of sentences; those of late are remembered. Safe to use from several threads.

    The passages of one answer hold a hundred, a second's work for two cores, and other questions find the same ones.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._remembered: dict[str, NDArray[np.float32]] = {}
        self._lock = threading.Lock()

    def of(self, texts: Sequence[str]) -> UnitVectors:
        """Embed sentences under their headings, float32[len(texts), dimension]."""
        with self._lock:
            known = {text: self._remembered[text] for text in texts if text in self._remembered}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known |= zip(new, self._embedder.passages(new), strict=True)
        with self._lock:
            for text in texts:
                self._remembered.pop(text, None)
                self._remembered[text] = known[text]  # now the last to be forgotten
            while len(self._remembered) > _REMEMBERED:
                del self._remembered[next(iter(self._remembered))]
        return np.stack([known[text] for text in texts])


def close_to_first(ranked: Sequence[Chunk], scores: Mapping[Chunk, float]) -> list[Chunk]:
    """The chunks whose sentences are worth reading."""
    return [chunk for chunk in ranked[:_MOST_READ] if scores[chunk] >= scores[ranked[0]] - _CLOSE]


def bearing_sentences(
    chunks: Sequence[Chunk],
    document_of: Callable[[str], Document],
    vectors: SentenceVectors,
    aim: NDArray[np.float32],
    stems: Collection[str],
) -> dict[Chunk, Bearing]:
    """The bearing sentence of each chunk that has any; `aim` and `stems` are the question's, as for chunks."""
    found = [(chunk, span, text) for chunk in chunks for span, text in _sentences(document_of, chunk.span)]
    if not found:
        return {}
    asked = frozenset(stems)
    rows = vectors.of([text for _, _, text in found])
    cosines = rows @ aim
    bearing: dict[Chunk, tuple[float, Bearing]] = {}
    for (chunk, span, text), vector, cosine in zip(found, rows, cosines, strict=True):
        covered = len(asked.intersection(stems_of(text))) / (len(asked) or 1)
        relevance = float(cosine) + _COVERED * covered
        if chunk not in bearing or relevance > bearing[chunk][0]:
            bearing[chunk] = relevance, Bearing(span, vector, float(cosine))
    return {chunk: best for chunk, (_, best) in bearing.items()}


def by_bearing(
    ranked: Sequence[Chunk], scores: Mapping[Chunk, float], read: Sequence[Chunk], bearing: Mapping[Chunk, Bearing]
) -> dict[Chunk, float]:
    """The ranked chunks, those that were read in their new order, with the scores that stood at these ranks.

    A chunk without a sentence, such as a cover, counts as the least of those that have one.
    """
    least = min((each.cosine for each in bearing.values()), default=0.0)
    cosines = {chunk: bearing[chunk].cosine if chunk in bearing else least for chunk in read}
    order = [*sorted(read, key=lambda c: -scores[c] - _BEARING * cosines[c]), *ranked[len(read) :]]
    return dict(zip(order, (scores[chunk] for chunk in ranked), strict=True))


def _sentences(document_of: Callable[[str], Document], span: Span) -> list[tuple[Span, str]]:
    """What may bear in a chunk, each with its words under their headings: the sentences whose middle lies in it, and
    fragments of clauses ("3. Term. Two years."). None where the document goes meanwhile.
    """
    try:
        document = document_of(span.document_id)
    except NoSuchDocument:
        return []
    every = (*sentences(document), *(unit.span for unit in note_units(document)))
    own = [s for s in every if span.start <= (s.start + s.end) // 2 < span.end]
    said = [*own, *(words for _, words in fragments(document, span, own))]
    return [(s, under_headings(document, s.start, own_words(document, s))) for s in said]
