"""Judges one sentence against the passages that it cites: facts, calculations, what it says, and what is in force."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from retrieval import ScopedChanges
from webapp.grounding.calculations import Computation, compute, not_computed
from webapp.grounding.calculations import Source as Operands
from webapp.grounding.comparison import Comparison, compare
from webapp.grounding.evidence import Sources, Unit
from webapp.grounding.facts import find_facts
from webapp.grounding.support import Support, support_of, unsupported

How = Literal["", "quoted", "read"]
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

    @cached_property
    def _support(self) -> Support:
        return support_of(self.sources)

    def verdict(self, sentence: str, verified: Sequence[tuple[int, int]]) -> Verdict:
        """Judge a sentence without its citation markers; `verified` are ranges of it that are verified quotations."""
        missing = unsupported(sentence, self._support, self.sources.parties, verified)
        bearing = self.sources.bearing(sentence)
        computation, note = None, ""
        if not verified and (missing or len(find_facts(sentence)) >= _FIGURES):
            operands = self._operands(bearing)
            computation = compute(sentence, operands)
            missing = tuple(name for name in missing if computation is None or name not in computation.derived)
            note = not_computed(sentence, operands) if missing else ""
        compared = compare(sentence, self.sources) if not verified else Comparison()
        missing = tuple(dict.fromkeys((*missing, *compared.parties)))
        reasons = [f"not in the cited passage: {', '.join(missing)}"] if missing else []
        reasons += [note, *compared.contradictions]
        how: How = "read" if compared.covered and not computation else ""
        reasons = [reason for reason in reasons if reason]
        return Verdict(
            tuple(reasons), missing, "" if reasons else how, None if reasons else computation, self._places(sentence)
        )

    def _places(self, sentence: str) -> dict[int, int]:
        found: dict[int, int] = {}
        for share, unit in self.sources.ranked(sentence):
            if share:
                found.setdefault(unit.n, unit.span.start)
        return found

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
