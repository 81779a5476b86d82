"""Finds the words of the cited passages that bear a sentence: its sentences, items and rows, ranked by shared words.

A unit is what `retrieval.units` gives, an item with the words that lead to it. Figures have to stand in the clause or
row that bears a sentence; names may stand anywhere in the document.
"""

import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, takewhile

from retrieval import (
    Document,
    Facts,
    Passage,
    Span,
    clause_at,
    document_cache,
    find_definitions,
    find_facts,
    note_units,
    outline,
    own_words,
    units,
)
from retrieval import (
    Unit as Quotable,
)
from webapp.grounding.facts import Fact, masked
from webapp.grounding.parties import Parties, parties_of
from webapp.grounding.proper_names import Vocabulary, is_role, vocabulary
from webapp.grounding.quantities import stated, values
from webapp.grounding.relations import Relation, relations
from webapp.grounding.senses import WORD, content, senses

_found_facts = document_cache()(find_facts)
_LONGEST_LEAD = 600  # characters of the words that lead to an item
_ENDS_OPEN = re.compile(
    r"(?:[:,—–-]|\b(?:and|or|to|that|of|by|if|when|not|shall|may|will|must|the|following))\s*$", re.IGNORECASE
)
_LONGEST_CLAUSE = 8_000  # characters of a clause of which a passage is a part
_LEAST_BESIDE = 3  # words of weight of a sentence that such a unit has
_BEARS_BESIDE = 0.4  # share of a sentence's words in a unit beside its passages that bears one of its figures
_HEADING = re.compile(
    r"(?:\(?[\w.]{1,8}[.)]?\s+)?(?:[A-Z][\w’'/-]*[,;:]?\s*|(?:and|of|or|to|the|in|for|by)\s+){1,8}\.?"
)
_COMMON = 10  # units that have a common word
_OWN_WORD = 0.5  # what a word counts that the documents do not have
_BEARS_TOO = 0.6  # of the first one's score: a sentence may say what two sentences of a clause say


@document_cache()
def _senses_of(document: Document) -> frozenset[str]:
    return senses(document.text)


@document_cache()
def _holding_in(document: Document) -> tuple[Counter[str], int]:
    """How many of a document's sentences, items and rows have each label, and how many it has."""
    every = [senses(document.slice(unit.span)) for unit in units(document)]
    return Counter(label for own in every for label in own), len(every)


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, item or row of a passage: where it stands, its words, and for an item those that lead to it."""

    span: Span
    words: str
    lead: str
    n: int  # of its passage

    @property
    def text(self) -> str:
        """Its words after those that lead to them."""
        return f"{self.lead} {self.words}".strip()


@dataclass(frozen=True)
class Sources:
    """The units of the passages that a sentence cites."""

    passages: tuple[Passage, ...]
    documents: Mapping[str, Document]
    facts: Mapping[str, Facts]

    @cached_property
    def cited(self) -> tuple[Document, ...]:
        """The documents of the passages."""
        return tuple(self.documents[id_] for id_ in dict.fromkeys(p.document_id for p in self.passages))

    def facts_of(self, document: Document) -> Facts:
        """The facts of a document, found again where they were not given."""
        return self.facts.get(document.id) or _found_facts(document)

    @cached_property
    def parties(self) -> Parties:
        """The table of their parties."""
        return parties_of({document: self.facts_of(document) for document in self.cited})

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words of the documents."""
        return vocabulary("\n".join(document.text for document in self.cited))

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """All of them in order."""
        return tuple(
            u for p in self.passages for span in p.spans for u in _units(self.documents[p.document_id], span, p.n)
        )

    def is_beside(self, fact: Fact, sentence: str) -> bool:
        """Whether a figure of a sentence stands beside the passages: in the rest of the clauses that they are of, in
        words that bear the sentence, or in the definition of a term that it uses.
        """
        said = [word for word in content(sentence) if not any(label[0].isdigit() for label in word)]
        if any(stated(fact, values(meaning)) for meaning in self._meanings(sentence)):
            return True
        for unit in self._beside:
            own = senses(unit.text)
            is_near = (
                sum(bool(word & own) for word in said) >= _LEAST_BESIDE and self._share(said, own) >= _BEARS_BESIDE
            )
            if is_near and stated(fact, values(unit.text)):
                return True
        return False

    def _meanings(self, sentence: str) -> Iterator[str]:
        """What the documents define the terms of a sentence to mean."""
        for document in self.cited:
            for each in find_definitions(document):
                if re.search(rf"(?<!\w){re.escape(each.term)}(?!\w)", sentence):
                    yield own_words(document, each.span)

    @cached_property
    def _beside(self) -> tuple[Unit, ...]:
        """The units of the clauses that the passages are of, the passages' own left out."""
        found: dict[Span, Unit] = {}
        for passage in self.passages:
            document = self.documents[passage.document_id]
            for span in passage.spans:
                for at in (span.start, max(span.start, span.end - 1)):
                    for unit in _units(document, _whole_clause(document, at), passage.n):
                        found.setdefault(unit.span, unit)
        return tuple(unit for at, unit in found.items() if all(at != own.span for own in self.units))

    def ranked(self, sentence: str) -> list[tuple[float, Unit]]:
        """The units with the share of the sentence's words that each has, best first."""
        said = content(sentence)
        shares = [(self._share(said, own), unit) for unit, own in zip(self.units, self._contents, strict=True)]
        return sorted(shares, key=lambda row: -row[0])

    @cached_property
    def relations(self) -> Mapping[Unit, Sequence[Relation]]:
        """Who does what in each unit."""
        return {unit: relations(unit.text, self.parties) for unit in self.units}

    def has(self, word: frozenset[str]) -> bool:
        """Whether a unit has a word, by its labels."""
        return any(label in self._holding for label in word)

    def nearness(self, sentence: str) -> float:
        """The largest share of a sentence's words in a unit, each by how rare it is in the documents, since
        "information" tells little of what a sentence is about; names and roles of parties tell nothing, since a writer
        calls the Recipient "the receiving party".
        """
        named = ((mention.start, mention.end) for mention in self.parties.mentions(sentence))
        rest = masked(sentence, (*named, *((m.start(), m.end()) for m in WORD.finditer(sentence) if is_role(m[0]))))
        said = content(rest)
        weights = [self._rarity(word) for word in said]
        held = (sum(w for word, w in zip(said, weights, strict=True) if word & own) for own in self._contents)
        return max(held, default=0.0) / (sum(weights) or 1.0)

    def _rarity(self, word: frozenset[str]) -> float:
        counts = [_holding_in(document) for document in self.cited]
        most = max(sum(held[label] for held, _ in counts) for label in word)
        number = sum(each for _, each in counts)
        return math.log(1 + (number + 1) / (most + 0.5)) if most else _OWN_WORD

    @cached_property
    def _contents(self) -> list[frozenset[str]]:
        return [senses(unit.text) for unit in self.units]

    @cached_property
    def _holding(self) -> Counter[str]:
        return Counter(label for own in self._contents for label in own)

    def _share(self, said: Sequence[frozenset[str]], own: frozenset[str]) -> float:
        weights = [self._weight(word) for word in said]
        total = sum(weights)
        held = sum(weight for word, weight in zip(said, weights, strict=True) if word & own)
        return held / total if total else 0.0

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset().union(*map(_senses_of, self.cited))

    def _weight(self, word: frozenset[str]) -> float:
        """What a word counts: less the more units have it, and little if the documents do not have it at all, since a
        paraphrase has its own words; that the document has it and the unit has not tells more.
        """
        most = max((self._holding[label] for label in word), default=0) if word & self._known else _COMMON
        return math.log(1 + (len(self.units) + 1) / (most + 0.5))


def bearing_of(ranked: Sequence[tuple[float, Unit]]) -> tuple[Unit, ...]:
    """The units that bear a sentence: the one that has most of its words, and those that have nearly as many."""
    ranked = [row for row in ranked if not _HEADING.fullmatch(row[1].words.strip())] or list(ranked)
    most = ranked[0][0] if ranked else 0.0
    return tuple(unit for share, unit in ranked if share >= _BEARS_TOO * most) if most else ()


def _units(document: Document, span: Span, n: int) -> Iterator[Unit]:
    for unit in chain(_between(units(document), span), _between(note_units(document), span)):
        start, end = max(unit.span.start, span.start), min(unit.span.end, span.end)
        if start < end and document.text[start:end].strip():
            at = document.span(start, end)
            yield Unit(at, own_words(document, at), "" if unit.kind == "row" else _lead_in(document, start), n)


def _whole_clause(document: Document, at: int) -> Span:
    """The span of the outermost clause at an offset that is not long."""
    clauses, i = outline(document), clause_at(document, at)
    whole = document.span(at, at)
    while i is not None and len(clauses[i].span) <= _LONGEST_CLAUSE:
        whole, i = clauses[i].span, clauses[i].parent
    return whole


def _between(every: Sequence[Quotable], span: Span) -> Iterator[Quotable]:
    """The units that share a character with a span, of some in order."""
    first = bisect_left(every, span.start, key=lambda unit: unit.span.end)
    return takewhile(lambda unit: unit.span.start < span.end, every[first:])


def _lead_in(document: Document, at: int) -> str:
    """The words of the clauses above that lead to an item: "The Licensee shall not:" before "(b) sublicense it"."""
    clauses, i = outline(document), clause_at(document, at)
    words: list[str] = []
    while i is not None and (parent := clauses[i].parent) is not None:
        child = next(c for c in clauses[parent + 1 :] if c.parent == parent)
        lead = own_words(document, document.span(clauses[parent].span.start, child.span.start))
        if not _ENDS_OPEN.search(lead) or len(lead) > _LONGEST_LEAD:
            break
        words.insert(0, lead)
        i = parent
    return " ".join(words)
