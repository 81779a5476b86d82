"""A question becomes ranked hits: its words in tantivy, its meaning in Chroma, the two joined."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from retrieval.chunks import Chunk, indexed_text
from retrieval.embedder import Embedder
from retrieval.fusion import fuse
from retrieval.lexical import Lexical
from retrieval.library import Library
from retrieval.vectors import Vectors

CANDIDATES = 256  # chunks asked of each store; a contract of 100 pages has about 500
WORDS = 0.3  # weight of words against meaning; flat between .2 and .4 on labelled contracts
_LOOKED_INTO = 8  # hits whose words are compared with the question's for confidence
_COVERED = 0.2  # weight of the question's words that a hit has, beside its cosine
_SPEAKS_OF_IT = 0.32  # confidence from here on counts as found; see bench/README.md for what it refuses


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk, its score in [0, 1] within this search, and why it was found: "words", "meaning" or both."""

    chunk: Chunk
    score: float
    why: str


@dataclass(frozen=True, slots=True)
class Results:
    """Hits in rank order. `confidence` in [-1, 1] is higher where the documents do speak of what was asked."""

    hits: tuple[Hit, ...]
    confidence: float

    @property
    def found(self) -> bool:
        """Whether what was found is likely to speak of what was asked."""
        return self.confidence >= _SPEAKS_OF_IT


class Searcher:
    """Searches one matter's chunks."""

    def __init__(self, library: Library, vectors: Vectors, lexical: Lexical, embedder: Embedder) -> None:
        self._library, self._vectors, self._lexical, self._embedder = library, vectors, lexical, embedder

    def search(
        self,
        matter_id: str,
        question: str,
        document_ids: Collection[str] | None = None,
        limit: int = 64,
        *,
        wide: bool = False,
    ) -> Results:
        """The best `limit` chunks for a question, in some documents of the matter or in all."""
        vector = self._embedder.queries([question])[0]
        meaning = self._vectors.query(matter_id, vector, document_ids, CANDIDATES)
        words = self._lexical.query(matter_id, [(question, 1.0)], document_ids, CANDIDATES)
        scores = fuse(words, meaning, WORDS)
        best = sorted(scores, key=lambda c: (-scores[c], c.span))[:limit]
        hits = tuple(Hit(c, scores[c], _why(c in words, c in meaning)) for c in best)
        nearest = max(meaning.values(), default=0.0)
        return Results(hits, (nearest + _COVERED * self._covered(matter_id, question, hits)) / (1 + _COVERED))

    def _covered(self, matter_id: str, question: str, hits: Sequence[Hit]) -> float:
        """The greatest share of the question's words that one hit has, in [0, 1], rarer words counting more."""
        weights = self._lexical.rarity(matter_id, self._lexical.stems(question))
        if not weights:
            return 0.0
        best = 0.0
        for hit in hits[:_LOOKED_INTO]:
            document = self._library.document(matter_id, hit.chunk.span.document_id)
            there = set(self._lexical.stems(indexed_text(document, hit.chunk)))
            best = max(best, sum(w for stem, w in weights.items() if stem in there))
        return best / sum(weights.values())

    def relevance(self, question: str, sentences: Sequence[str]) -> list[float]:
        """How well each sentence speaks of the question, higher is better; comparable within one call."""
        if not sentences:
            return []
        meaning = self._embedder.passages(sentences) @ self._embedder.queries([question])[0]
        asked = set(self._lexical.stems(question))
        words = [len(asked & set(self._lexical.stems(s))) / (len(asked) or 1) for s in sentences]
        return [float(m) + _COVERED * w for m, w in zip(meaning, words, strict=True)]


def _why(by_words: bool, by_meaning: bool) -> str:
    return "words and meaning" if by_words and by_meaning else "words" if by_words else "meaning"
