"""Searches a matter for a question: BM25 over its words, nearest vectors to its meaning, and the two rankings fused."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from retrieval.core.documents import Document, Span
from retrieval.library.library import Library
from retrieval.search.amended_clauses import AmendedClauses, ScopedChanges
from retrieval.search.asked_values import asked_values
from retrieval.search.bearing_sentences import SentenceVectors, bearing_sentences, by_bearing, close_to_first
from retrieval.search.clause_types import Match, TypeMatcher, core, weighted_stems
from retrieval.search.confidence import EVEN, Signs, weights
from retrieval.search.embedder import Embedder
from retrieval.search.entailment import Entailment
from retrieval.search.fusion import fuse
from retrieval.search.languages import foreign_language
from retrieval.search.legal_terms import legal_terms
from retrieval.search.lexical import Lexical, stems_of
from retrieval.search.routing import Route, Router
from retrieval.search.spelling import Spelling, respelled
from retrieval.search.structural_answer import answer_by_structure
from retrieval.search.vectors import Vectors
from retrieval.structure.best_sentence import where_said
from retrieval.structure.chunks import Chunk

CANDIDATES = 256  # chunks asked of each store; a contract of 100 pages has about 500
_DEEPEST = 4096  # chunks asked of each store where most say the same as others: contracts on one form
# Shares of words against meaning and of a kind of clause against the question itself; flat around these on labelled
# contracts (bench/README.md).
WORDS = 0.3
WORDS_WITH_TYPE = 0.4
TYPE_SHARE = 0.6
NEIGHBOUR = 0.1  # weight of the chunk before and of the one after beside a chunk's own score
_LOOKED_INTO = 8  # hits whose words are compared with those searched for, for confidence
_COVERED = 0.2  # weight of the question's words that a sentence has, beside its cosine
_BEST_HIT = 0.3  # weight of the score of the hit that a sentence stands in, beside the same cosine
_LACKS = 0.1  # that a sentence loses which has no value of the kind that is asked for: no amount where "how much" is
BEARS = 0.8  # of the best sentence's relevance; a sentence below that is beside the point


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk, its score in [0, 1] within this search, and why it was found:
    by its words, its meaning or both, and the kinds of clause asked for.

    `bearing` is its sentence that bears most on the question, for the first hits.
    """

    chunk: Chunk
    score: float
    why: str
    bearing: Span | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """Hits in rank order, and the signs of whether they speak of what was asked.

    `route` says which documents the question names; where it names any, the hits are of these alone. `wide` is what the
    search was asked to be. `whole`: the hits are all that the documents say. `kind` is the kind of question that the
    documents' structure answers, `places` the spans that do, best first: their chunks come first among the hits.
    `only_places`: nothing but them is asked for. `absent` says what was asked for and is not there: "There is no
    Section 14 in this document; the last is Section 12." `language` is that of a question that is not in English, which
    is what search reads, `terms` its legal terms in English, which were searched in its place where it has any.
    `corrections`: its misspelled words, each with what was searched for; `route.question` has
    them corrected.
    """

    hits: tuple[Hit, ...]
    signs: Signs
    route: Route
    wide: bool
    whole: bool = False
    kind: str = ""
    places: tuple[Span, ...] = ()
    only_places: bool = False
    language: str = ""
    terms: str = ""
    corrections: Mapping[str, str] = field(default_factory=dict)
    absent: str = ""

    def as_searched(self, query: str) -> str:
        """A query as it was searched: misspelled words corrected, or its terms in English."""
        return self.terms or respelled(query, self.corrections)

    def where_said(self, document: Document, span: Span) -> int:
        """The offset in a span at which it says what was asked, for its pin cite: of the place that answers, else of
        the sentence of a hit that bears most on the question, else of the one most like it.
        """
        bearing = (hit.bearing for hit in self.hits if hit.bearing and hit.chunk.span.shared(span))
        place = next((each for each in (*self.places, *bearing) if each.shared(span)), None)
        if place is None:
            return where_said(document, (span,), self.route.question)
        return document.stripped(document.span(max(place.start, span.start), span.end)).start

    @property
    def confidence(self) -> float:
        """In [0, 1]: the likelihood that the documents speak of what was asked, where they do as often as not."""
        return weights().confidence(self.signs) if self.hits else 0.0

    @property
    def found(self) -> bool:
        """Whether it counts as found: of what is there 1 in 20 does not.

        A wide search, a second chance, must be surer. What structure answers is found, and what it knows to be absent
        is not.
        """
        if self.places or self.absent:
            return bool(self.places)
        return self.confidence >= (EVEN if self.wide else weights().threshold)

    @property
    def doubtful(self) -> bool:
        """Whether it is likelier that the documents do not speak of it."""
        return (self.confidence < EVEN or bool(self.language)) and not self.places


class Sentence(NamedTuple):
    """A sentence that may answer a question: its words, these under their headings (`under_headings`),
    and the score of its hit.
    """

    words: str
    in_context: str
    hit_score: float


class Searcher:
    """Searches one matter's chunks."""

    def __init__(
        self,
        library: Library,
        vectors: Vectors,
        lexical: Lexical,
        embedder: Embedder,
        entailment: Entailment | None = None,
    ) -> None:
        """`entailment`: reads the statements of answers; nothing is searched with it."""
        self.entailment = entailment
        self._library, self._vectors, self._lexical, self._embedder = library, vectors, lexical, embedder
        self._sentence_vectors = SentenceVectors(embedder)
        self._amended = AmendedClauses(library)
        self._spelling = Spelling(lexical, embedder)

    @cached_property
    def _types(self) -> TypeMatcher:
        return TypeMatcher(self._embedder, self._lexical.folder)

    def search(
        self,
        matter_id: str,
        question: str,
        document_ids: Collection[str] | None = None,
        limit: int = 64,
        *,
        wide: bool = False,
        own: str = "",
    ) -> Results:
        """Find the best `limit` chunks for a question, in some documents of the matter or in all.

        A question that names a document is asked of that one. What a better hit says in another document, word for
        word, is left out: what only one of many contracts on one form says would be the last (`same_words` has the
        others). A `wide` search leaves the kinds of clause aside and asks for the question's own words and meaning
        alone. `own` is the part of the question that is asked now, where the question before it stands in front: only
        that part says whether structure answers.
        """
        route = self.route(matter_id, question, document_ids)
        language = foreign_language(route.question)
        corrections = {} if language else self._spelling.corrections(matter_id, route.question)
        terms = legal_terms(route.question, language)
        route = replace(route, question=terms or respelled(route.question, corrections))
        document_ids = route.document_ids or document_ids
        asked = core(route.question)
        vector = self._embedder.queries([asked])[0]
        stems = stems_of(asked)
        matches = [] if wide else self._types.match(asked, vector)
        drafting = [(stems_of(" ".join(m.type.words)), m.weight) for m in matches]
        query_stems = weighted_stems(stems, drafting)
        aim = self._embedder.aim(joined(vector, matches))
        for depth in (CANDIDATES, _DEEPEST):
            words = self._lexical.query(matter_id, query_stems, document_ids, depth)
            meaning = self._vectors.query(matter_id, aim, document_ids, depth)
            if len({chunk.words for chunk in (*words, *meaning)}) >= limit or max(len(words), len(meaning)) < depth:
                break
        fused = fuse(words, meaning, WORDS_WITH_TYPE if matches else WORDS)
        scores = beside_neighbours(fused)
        ranked = list(islice(_once(sorted(scores, key=lambda c: (-scores[c], c.span))), limit))
        read = close_to_first(ranked, scores)
        document_of = partial(self._library.document, matter_id)
        bearing = bearing_sentences(read, document_of, self._sentence_vectors, aim, stems)
        best = by_bearing(ranked, scores, read, bearing)
        kinds = ", ".join(m.type.name for m in matches)
        in_order = dict.fromkeys((*(c.span.document_id for c in best), *(document_ids or ())))
        structure = answer_by_structure(
            (own,) if own else (route.question, question),
            in_order,
            document_of,
            partial(self._library.facts, matter_id),
            named=bool(route.document_ids and not route.close),
        )
        first = structure.first(partial(self._lexical.chunks_of, matter_id), scores)
        hits = tuple(
            Hit(c, 1.0, first[c])
            if c in first
            else Hit(c, best[c], _why(c in words, c in meaning, kinds), bearing[c].span if c in bearing else None)
            for c in islice(_once(dict.fromkeys((*first, *best))), limit)
        )
        signs = Signs(
            nearest=max((*meaning.values(), *(each.cosine for each in bearing.values())), default=0.0),
            sought=self._lexical.share(matter_id, query_stems, ranked[:_LOOKED_INTO]),
            agreement=max(fused.values(), default=0.0),
            typical=self._types.typicality(matches, np.array([each.vector for each in bearing.values()])),
        )
        is_whole = len(meaning) < CANDIDATES and len(hits) < limit  # every chunk has a place among the nearest vectors
        return Results(
            hits,
            signs,
            route,
            wide,
            is_whole,
            kind=structure.kind,
            places=structure.spans(scores, document_of),
            only_places=structure.only_places,
            absent=structure.absent,
            language=language,
            terms=terms,
            corrections=corrections,
        )

    def route(self, matter_id: str, question: str, document_ids: Collection[str] | None = None) -> Route:
        """Find the documents that a question names, and those between which it leaves the choice; needs no model."""
        return Router(self._library, self._lexical, matter_id, document_ids).route(question)

    def changes(self, matter_id: str, document_ids: Collection[str]) -> ScopedChanges:
        """What amendments in a matter change, for a question that is put to some of its documents. Needs no model.

        Raises NoSuchMatter and StoreUnavailable.
        """
        return ScopedChanges(self._amended.of_matter(matter_id), document_ids)

    def same_words(self, matter_id: str, chunk: Chunk, document_ids: Collection[str] | None = None) -> list[Chunk]:
        """Find chunks of other documents, of some or of all, that say the same word for word; in reading order."""
        return self._lexical.same_words(matter_id, chunk, document_ids)

    def relevance(self, question: str, sentences: Sequence[Sentence], *, bears: float = BEARS) -> list[float]:
        """Score how much each sentence bears on the question, comparable within one call; 0 or less if it hardly does:
        below `bears` of the best.

        A sentence alone seldom says what it is about: its headings and the hit that it stands in do.
        """
        if not sentences:
            return []
        asked = core(question)
        vector = self._embedder.queries([asked])[0]
        aim = self._embedder.aim(joined(vector, self._types.match(asked, vector)))
        meaning = self._sentence_vectors.of([s.in_context for s in sentences]) @ aim
        kinds = asked_values(question)
        lacking = [not all(kind.is_in(s.words) for kind in kinds) for s in sentences]
        stems = set(stems_of(asked))
        words = [len(stems & set(stems_of(s.words))) / (len(stems) or 1) for s in sentences]
        scores = [
            float(m) + _COVERED * w + _BEST_HIT * s.hit_score - _LACKS * lacks
            for m, w, s, lacks in zip(meaning, words, sentences, lacking, strict=True)
        ]
        least = bears * max(scores)
        return [score - least for score in scores]


def _once(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """The chunks without those that say the same as one before them in another document."""
    sources: dict[str, str] = {}
    for chunk in chunks:
        if sources.setdefault(chunk.words, chunk.span.document_id) == chunk.span.document_id:
            yield chunk


def beside_neighbours(scores: Mapping[Chunk, float]) -> dict[Chunk, float]:
    """The scores, in [0, 1], each with a share of those of the chunks that touch it:
    what answers a question stands together.
    """
    from_start = {(c.span.document_id, c.span.start): score for c, score in scores.items()}
    to_end = {(c.span.document_id, c.span.end): score for c, score in scores.items()}

    def with_those_of_its_neighbours(chunk: Chunk, score: float) -> float:
        id_, start, end = chunk.span.document_id, chunk.span.start, chunk.span.end
        around = to_end.get((id_, start), 0.0) + from_start.get((id_, end), 0.0)
        return (score + NEIGHBOUR * around) / (1 + 2 * NEIGHBOUR)

    return {chunk: with_those_of_its_neighbours(chunk, score) for chunk, score in scores.items()}


def joined(vector: NDArray[np.float32], matches: Sequence[Match]) -> NDArray[np.float32]:
    """The question's vector moved towards what clauses of its kinds say, float32[dim] of length 1."""
    if not matches:
        return vector
    typical = sum((m.weight * m.vector for m in matches), np.zeros_like(vector))
    joined = (1 - TYPE_SHARE) * vector + TYPE_SHARE * typical
    return np.asarray(joined / np.linalg.norm(joined), np.float32)


def _why(by_words: bool, by_meaning: bool, kinds: str) -> str:
    how = "words and meaning" if by_words and by_meaning else "words" if by_words else "meaning"
    return f"{how} ({kinds})" if kinds else how
