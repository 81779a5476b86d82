"""Finds rows of figures, of a table or of a clause that lists them ("Year 1: $100,000; Year 2: $120,000"), by label."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from retrieval import Span, units
from webapp.grounding.facts import find_facts
from webapp.grounding.numbers import WORDS, number_value
from webapp.grounding.operands import Quantity, Source, quantities, shown
from webapp.grounding.proper_names import is_plain, stems
from webapp.grounding.quantities import ROW_LABEL, plain_numbers, tables_at

A_YEAR = re.compile(r"(?:19|20)\d\d")
_TOTAL = re.compile(r"\b(?:total|aggregate|sum|overall)\b", re.IGNORECASE)
_FIRST = re.compile(
    rf"\bfirst\s+(?P<n>\d{{1,2}}|{WORDS})\s+(?:\(\d+\)\s+)?(?:\w+\s+)?(?:years|months|quarters|weeks)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its label as written, its number ("3" of "Year 3"; empty where it has none) and its cells of one unit."""

    label: str
    number: str
    cells: tuple[Quantity, ...]

    @property
    def is_total(self) -> bool:
        """Whether it adds others up."""
        return bool(_TOTAL.search(self.label))


def rows(source: Source, unit: tuple[str, ...]) -> Iterator[Row]:
    """Yield the rows that a source has of a unit: of the first table that its passages show, else of its clause."""
    for spans, named in tables_at(source.document, (*source.spans, *source.bearing)):
        found = [row for span in spans if (row := _row(source, span, unit, names_unit=unit in named)).cells]
        if len(found) >= 2:
            yield from found
            return
    yield from _listed(source, unit)


def rows_of_years(source: Source, unit: tuple[str, ...]) -> Iterator[Row]:
    """Yield the items and sentences of the passages that give one year one figure: "(B) 750 units; (2000)"."""
    document = source.document
    for each in units(document):
        if any(span.contains(each.span) for span in (*source.spans, *source.bearing)):
            cells = [q for q in quantities(document, [each.span]) if q.unit == unit]
            years = set(_years(document.slice(each.span)))
            if len(cells) == len(years) == 1:
                year = years.pop()
                yield Row(year, year, tuple(cells))


def _years(text: str) -> list[str]:
    return [fact.text for fact in find_facts(text) if A_YEAR.fullmatch(fact.text)]


def named_rows(all_rows: Sequence[Row], sentence: str) -> list[Row]:
    """The rows that a sentence names: by number ("years 1 to 3", "the first three years"), by year or by label."""
    numbers = {key[1] for fact in find_facts(sentence) for key in fact.keys if key[0] == "ordinal"}
    numbers.update(_years(sentence))
    if first := _FIRST.search(sentence):
        many = int(number_value(first["n"]))
        numbers |= {str(i) for i in range(1, many + 1)}
        numbers.update(sorted(row.number for row in all_rows if A_YEAR.fullmatch(row.number))[:many])
    if by_number := [row for row in all_rows if row.number and row.number in numbers]:
        return by_number
    words = stems(sentence)
    return [row for row in all_rows if (label := _label_stems(row)) and label <= words]


def _label_stems(row: Row) -> set[str]:
    return {stem for stem in stems(row.label) if len(stem) > 2 and not is_plain(stem)}


def _row(source: Source, span: Span, unit: tuple[str, ...], *, names_unit: bool) -> Row:
    """A row of a table; a number without a unit has the unit if the table names it, but for the row's own number."""
    text = source.document.slice(span)
    cells = [q for q in quantities(source.document, [span]) if q.unit == unit]
    label = text[: cells[0].span.start - span.start] if cells else text
    if not cells and names_unit:
        number_at = ROW_LABEL.match(text)
        for at, value in plain_numbers(text, number_at.end() if number_at else 0):
            label = text[: at[0]] if not cells else label
            place = Span(span.document_id, span.start + at[0], span.start + at[1])
            cells.append(Quantity(value, unit, shown(value, unit), place))
    years = set(_years(text))
    number = _number(label) or (years.pop() if len(years) == 1 else "")
    return Row(" ".join(label.split()), number, tuple(cells))


def _number(label: str) -> str:
    """The number of a row: of "Year 3", "third year", or the number that it begins with."""
    ordinals = [key[1] for fact in find_facts(label) for key in fact.keys if key[0] == "ordinal"]
    first = re.match(rf"\s*({A_YEAR.pattern}|\d{{1,3}})\b", label)
    return ordinals[0] if ordinals else first[1] if first else ""


def _listed(source: Source, unit: tuple[str, ...]) -> Iterator[Row]:
    """Yield the rows of a clause that gives each year, or month, its figure, in whichever order."""
    for span in source.bearing:
        text = source.document.slice(span)
        cells = [q for q in quantities(source.document, [span]) if q.unit == unit]
        labels = [fact for fact in find_facts(text) if any(key[0] == "ordinal" and key[2:] for key in fact.keys)]
        if len(cells) >= 2 and len(cells) == len(labels):
            for label, cell in zip(labels, cells, strict=True):
                number = next(key[1] for key in label.keys if key[0] == "ordinal")
                yield Row(label.text, number, (cell,))
