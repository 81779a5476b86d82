"""Calculates dates and amounts that a sentence states and its source does not: date ± period, sums, shares of amounts.

A result is computed only from operands that the sentence names and its sources state, or that stand in the clause that
bears it. Business days are not counted: no document has their holidays.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from retrieval import Span
from webapp.grounding.amount_calculations import derive_quantity
from webapp.grounding.date_calculations import counts_business_days, counts_elsewhere, derive_date, derive_period
from webapp.grounding.exceptions import exceptions
from webapp.grounding.facts import Fact, Key, find_facts
from webapp.grounding.operands import Derived, date_of, quantities, supposed, values_of
from webapp.grounding.operands import Source as Source
from webapp.grounding.periods import shown_exception
from webapp.grounding.quantities import row_values, stated, values
from webapp.grounding.share_bases import is_base
from webapp.grounding.subjects import is_of_these
from webapp.grounding.written_calculations import derive_written, find_written

_LONGEST_CHAIN = 3  # a result may be an operand of the next
BUSINESS_DAYS = "business days are not computed: no document has their holidays"

OTHER_DAY = "its clause counts from something else than the date of the document"


@dataclass(frozen=True, slots=True)
class Computation:
    """A calculation as it is shown, "March 1, 2020 + 18 months = September 1, 2021", and the rule that it counts by.

    `operands` are where its values stand, `result` is the value; `derived` are the facts of the sentence that it
    explains, as written: the result, and operands that stand outside of the bearing clause.
    """

    text: str
    operands: tuple[Span, ...]
    result: str
    rule: str
    derived: tuple[str, ...]


def compute(sentence: str, sources: Sequence[Source], names: Sequence[tuple[int, int]] = ()) -> Computation | None:
    """Derive the facts of a sentence that its sources do not state; None where one of them cannot be derived, or is
    said of something else than its operands are.

    `sentence` has its citation markers blanked out, and names parties at `names`. A sentence whose facts the page
    states all may calculate with those that it names.
    """
    outside = _outside(sentence, sources)
    unknown = _unknown(outside, sources)
    calculable = unknown or outside
    steps = _steps(calculable, sentence, sources)
    if not calculable:
        steps = _steps(_values(sentence), sentence, [replace(source, bearing=()) for source in sources])
    explained = list(_explained(sentence, steps, sources))
    if not steps or any(fact not in steps and fact not in explained for fact in unknown):
        return None
    documents = [source.document for source in sources]
    if not all(
        is_of_these(sentence, fact, _own(step, sentence, sources), documents, names) for fact, step in steps.items()
    ):
        return None
    counted = [(source.document, span) for step in steps.values() for source, span in _amounts_of(step, sources)]
    excepted = [each for document, span in counted for each in exceptions(document, span)]
    if any(each.is_passed_over(values(sentence)) for each in excepted):
        return None
    operands = tuple(dict.fromkeys(span for step in steps.values() for span in step.operands))
    rules = [step.rule for step in steps.values()]
    rules += [f"its clause excepts: “{shown_exception(each.words)}”" for each in excepted[:1]]
    return Computation(
        text="; ".join(dict.fromkeys(step.text for step in steps.values())),
        operands=operands,
        result="; ".join(dict.fromkeys(step.result for step in steps.values())),
        rule="; ".join(dict.fromkeys(rules)),
        derived=tuple(dict.fromkeys(fact.text for fact in (*steps, *explained))),
    )


def _steps(facts: Sequence[Fact], sentence: str, sources: Sequence[Source]) -> dict[Fact, Derived]:
    """Derive facts, one from another where need be."""
    steps: dict[Fact, Derived] = {}
    for _ in range(_LONGEST_CHAIN):
        passed = {day for step in steps.values() for day in step.through}
        for fact in facts:
            if fact not in steps and date_of(fact) not in passed:
                step = _derive(fact, sentence, sources, list(steps.values()))
                steps |= {fact: step} if step else {}
    return steps


def _own(step: Derived, sentence: str, sources: Sequence[Source]) -> list[Span]:
    """The operands that tell what a result is of: the periods of a date, and those in the unit of another result; the
    share, where another clause has the amount that it is of.
    """
    if share := _share_of_base(step, sentence, sources):
        return [share]
    units = {"date": "period"}.get(step.unit[0], step.unit[0])
    same = [span for span in step.operands if any(unit[0] == units for unit in _units_at(span, sources))]
    return same or list(step.operands)


def _amounts_of(step: Derived, sources: Sequence[Source]) -> Iterator[tuple[Source, Span]]:
    """The operands of an amount or a number; what the clause of a date excepts stands in the rule of that date."""
    if step.unit[0] not in ("date", "period"):
        yield from (
            (source, span) for span in step.operands for source in sources if source.document.id == span.document_id
        )


def _share_of_base(step: Derived, sentence: str, sources: Sequence[Source]) -> Span | None:
    """The share of a step that is a share of an amount, if the amount's sentence is another and has what it is of."""
    if step.unit[0] != "amount" or len(step.operands) != 2:
        return None
    for source in sources:
        found = list(quantities(source.document, [s for s in step.operands if s.document_id == source.document.id]))
        shares = [each for each in found if each.unit == ("share",)]
        amounts = [each for each in found if each.unit == step.unit]
        if len(shares) == len(amounts) == 1 and is_base(sentence, source.document, shares[0].span, amounts[0]):
            return shares[0].span
    return None


def _units_at(span: Span, sources: Sequence[Source]) -> Iterator[tuple[str, ...]]:
    source = next(source for source in sources if source.document.id == span.document_id)
    for fact in find_facts(source.document.slice(span)):
        yield from (unit for _, unit, _ in values_of(fact))


def _explained(sentence: str, steps: Mapping[Fact, Derived], sources: Sequence[Source]) -> Iterator[Fact]:
    """Yield facts of a sentence beside its results that a calculation accounts for: operands that stand outside of the
    bearing clause, what was supposed, and dates that were counted on the way.
    """
    keys = frozenset(key for step in steps.values() for span in step.operands for key in _values_at(span, sources))
    through = {day for step in steps.values() for day in step.through}
    free = [*supposed(sentence), *(fact for step in steps.values() for fact in step.explains)]
    for fact in find_facts(sentence):
        if fact not in steps and (stated(fact, keys) or date_of(fact) in through or fact in free):
            yield fact


def not_computed(sentence: str, sources: Sequence[Source]) -> str:
    """Why a date of the sentence was not computed, in words for its reader; empty where nothing is to be said."""
    unknown = _unknown(_outside(sentence, sources), sources)
    dated = any(key[0] in ("date", "month") for fact in unknown for key in fact.keys)
    if dated and counts_business_days(sentence, sources):
        return BUSINESS_DAYS
    return OTHER_DAY if dated and counts_elsewhere(sentence, sources) else ""


def _unknown(outside: Sequence[Fact], sources: Sequence[Source]) -> list[Fact]:
    """Those of the facts outside of the bearing clause that no passage states."""
    cited = frozenset(key for source in sources for key in _stated_in(source, source.spans))
    dates = {("date", day.value.isoformat()) for source in sources for day in source.dates if day.value}
    return [f for f in outside if not stated(f, cited) and not f.keys & dates]


def _outside(sentence: str, sources: Sequence[Source]) -> list[Fact]:
    """The facts that the bearing clause does not state, and that are not supposed."""
    bearing = frozenset(key for source in sources for key in _stated_in(source, source.bearing))
    free = supposed(sentence)
    return [fact for fact in _values(sentence) if fact not in free and not stated(fact, bearing)]


def _values(sentence: str) -> list[Fact]:
    """The facts of a sentence that have a value and a unit, are dates, or results of a calculation that it writes."""
    written = [each.result for each in find_written(sentence)]
    return [
        fact
        for fact in find_facts(sentence)
        if any(key[0] in ("date", "month") for key in fact.keys)
        or fact in written
        or any(unit != ("number",) for _, unit, _ in values_of(fact))
    ]


def _derive(fact: Fact, sentence: str, sources: Sequence[Source], known: Sequence[Derived]) -> Derived | None:
    if any(key[0] in ("date", "month") for key in fact.keys):
        return derive_date(fact, sentence, sources, known)
    if any(written.result.keys == fact.keys for written in find_written(sentence)):
        return derive_written(fact, sentence, sources)
    return derive_period(fact, sentence, sources) or derive_quantity(fact, sentence, sources, known)


def _stated_in(source: Source, spans: Sequence[Span]) -> frozenset[Key]:
    texts = [values(source.document.slice(span)) for span in spans]
    return frozenset().union(*texts, row_values(source.document, spans))


def _values_at(span: Span, sources: Sequence[Source]) -> frozenset[Key]:
    source = next(source for source in sources if source.document.id == span.document_id)
    return values(source.document.slice(span))
