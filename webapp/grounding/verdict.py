"""Judges one sentence against the passages that it cites: facts, calculations, what it says, and what is in force."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from retrieval import ACTIONS, Bars, Change, Entailment, ScopedChanges
from webapp.grounding.calculations import Computation, compute, not_computed
from webapp.grounding.calculations import Source as Operands
from webapp.grounding.comparison import Comparison, compare
from webapp.grounding.evidence import Sources, Unit, bearing_of
from webapp.grounding.facts import find_facts
from webapp.grounding.figure_places import Figure, figures_of, misplaced
from webapp.grounding.operands import date_of
from webapp.grounding.quantities import stated, values
from webapp.grounding.senses import content, senses
from webapp.grounding.signs import PAST, sign
from webapp.grounding.support import Support, support_of, unsupported
from webapp.grounding.written_calculations import miscalculated

How = Literal["", "quoted", "read", "words", "recognised"]
_OF_THE_PAST = sign(PAST)
# What a party that stands before it does: not what is done to it, nor what it is given.
_DOES = re.compile(
    r"[\s,]*(?:must|may|shall|can|will|should|(?:has|have|needs?|is\s+required|is\s+obliged|is\s+entitled)\s+to)\s+"
    r"(?!be\b|receive|get\b|have\s+(?:received|been))",
    re.IGNORECASE,
)
_FIGURES = 2  # of a sentence that may calculate: one of them is the result


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a sentence, and by what it is confirmed if nothing is.

    `missing` are figures and names that its sources do not have; `at` is where in each passage the clause begins that
    bears it, by the passage's number.
    """

    reasons: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    how: How = ""
    computation: Computation | None = None
    at: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Cited:
    """What sentences with the same citations are checked against."""

    sources: Sources
    changes: ScopedChanges
    entailment: Entailment | None = None

    @cached_property
    def _support(self) -> Support:
        return support_of(self.sources)

    @cached_property
    def _figures(self) -> tuple[Figure, ...]:
        return tuple(figure for unit in self.sources.units for figure in figures_of(unit.text))

    def verdict(self, sentence: str, verified: Sequence[tuple[int, int]]) -> Verdict:
        """Judge a sentence without its citation markers; `verified` are ranges of it that are verified quotations."""
        missing = unsupported(sentence, self._support, self.sources.parties, verified)
        ranked = self.sources.ranked(sentence)
        bearing = bearing_of(ranked)
        computation, note = None, ""
        if not verified and (missing or len(find_facts(sentence)) >= _FIGURES):
            operands = self._operands(bearing)
            names = [(mention.start, mention.end) for mention in self.sources.parties.mentions(sentence)]
            computation = compute(sentence, operands, names)
            if computation and self._is_of_another_party(sentence, computation):
                computation = None
            missing = tuple(name for name in missing if computation is None or name not in computation.derived)
            note = not_computed(sentence, operands) if missing else ""
        if missing:
            beside = {f.text for f in find_facts(sentence) if f.text in missing and self.sources.is_beside(f, sentence)}
            missing = tuple(name for name in missing if name not in beside)
            note = note if missing else ""
        elsewhere = () if verified else misplaced(sentence, self._figures)
        if computation:  # a date is counted from one of something else
            dated = {fact.text for fact in find_facts(sentence) if date_of(fact)}
            elsewhere = tuple(figure for figure in elsewhere if figure not in dated)
        calculates = computation is not None
        compared = compare(sentence, self.sources, bearing, calculates=calculates) if not verified else Comparison()
        missing = tuple(dict.fromkeys((*missing, *compared.parties)))
        reasons = [f"not in the cited passage: {', '.join(missing)}"] if missing else []
        if elsewhere := tuple(figure for figure in elsewhere if figure not in missing):
            reasons.append(f"the source gives for something else: {', '.join(elsewhere)}")
        reasons += [note, *miscalculated(sentence), *compared.contradictions, *self._superseded(sentence, bearing)]
        reasons = [reason for reason in reasons if reason]
        how: How = ""
        if not (reasons or verified or computation):
            doubt, how = self._read(sentence, bearing, compared)
            reasons += doubt
        missing = (*missing, *elsewhere)
        computation = None if reasons else computation
        return Verdict(tuple(reasons), missing, how, computation, _places(ranked))

    def _is_of_another_party(self, sentence: str, computation: Computation) -> bool:
        """Whether a sentence has a party do what the sentence of an operand has another do: who must give a notice."""
        parties = self.sources.parties
        ours = [mention.party for mention in parties.mentions(sentence) if _DOES.match(sentence, mention.end)]
        if not ours or ours[0] is None:
            return False
        for unit in self.sources.units:
            if any(span.shared(unit.span) for span in computation.operands):
                acts = [m.party for m in parties.mentions(unit.text) if _DOES.match(unit.text, m.end)]
                theirs = [party for party in acts if party is not None]
                if theirs and all(parties.are_two(ours[0], party) for party in theirs):
                    return True
        return False

    def _read(self, sentence: str, bearing: Sequence[Unit], compared: Comparison) -> tuple[tuple[str, ...], How]:
        """What an entailment model says of a sentence that nothing contradicts: a doubt, or that its clause says so."""
        if self.entailment is None or not bearing or self.entailment.bars == Bars():
            return (), ""
        bars = self.entailment.bars
        [reading] = self.entailment.read([(sentence.strip(), " ".join(unit.text for unit in bearing))])
        if bars.contradicts is not None and reading.contradicts >= bars.contradicts:
            return ("the clause says otherwise, as a model reads it",), ""
        follows = bars.follows is not None and reading.follows >= bars.follows
        return (), "read" if follows and compared.aligned else ""

    def _superseded(self, sentence: str, bearing: Sequence[Unit]) -> Iterator[str]:
        """Say what amends the clause that bears a sentence, unless it cites that too or speaks of the past."""
        if not bearing or _OF_THE_PAST.search(sentence):
            return
        for change in self.changes.of(bearing[0].span):
            cited = any(span.shared(change.amendment.span) for p in self.sources.passages for span in p.spans)
            is_gone = (change.ends and not change.target.new) or self._says_old_words(sentence, change)
            if is_gone and not cited and (cite := self.changes.cite(change)):
                by = f"{cite.document}, {cite.section}".rstrip(", ")
                what = "clause was" if change.ends else "clause had words"
                yield f"its {what} {ACTIONS[change.amendment.action][0]} by {by}"
                return

    def _says_old_words(self, sentence: str, change: Change) -> bool:
        """Whether a sentence says what an amendment took out of its clause, and not what it put there."""
        matter, amendment = self.changes.changes, change.amendment
        if amendment.action != "words_exchanged" or not (matter and amendment.old and amendment.new):
            return False
        old, new = (matter.words(span) for span in (amendment.old, amendment.new))
        return _says(sentence, old) and not _says(sentence, new)

    def _operands(self, bearing: Sequence[Unit]) -> list[Operands]:
        return [
            Operands(
                document,
                tuple(s for p in self.sources.passages if p.document_id == document.id for s in p.spans),
                tuple(unit.span for unit in bearing if unit.span.document_id == document.id),
                self.sources.facts_of(document).dates,
            )
            for document in self.sources.cited
        ]


def _says(sentence: str, words: str) -> bool:
    """Whether a sentence has the figures of some words, or without any most of the words."""
    if facts := find_facts(words):
        keys = values(sentence)
        return all(stated(fact, keys) for fact in facts)
    own, said = content(words), senses(sentence)
    return bool(own) and sum(bool(word & said) for word in own) * 3 >= len(own) * 2


def _places(ranked: Sequence[tuple[float, Unit]]) -> dict[int, int]:
    """Where the unit that has most of a sentence's words begins, in each passage that has any, by its number."""
    found: dict[int, int] = {}
    for share, unit in ranked:
        if share:
            found.setdefault(unit.n, unit.span.start)
    return found
