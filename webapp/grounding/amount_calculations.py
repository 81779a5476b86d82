"""Calculates amounts, counts, shares and lengths of time: sums, differences, shares, products and rates of others.

The words of the sentence name the operation ("total", "5% of", "per year"). Its operands are those that the sentence
names, else the rows that it names, else all that the bearing clause has of their kind.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from retrieval import Document, Span
from webapp.grounding.clause_calculations import clause_results, places_in
from webapp.grounding.facts import Fact, find_facts
from webapp.grounding.operands import Derived, Quantity, Result, Source, quantities, shown, supposed, values_of
from webapp.grounding.quantities import PERIODS
from webapp.grounding.rows import Row, named_rows, rows, rows_of_years
from webapp.grounding.share_bases import base_among

_SUM = re.compile(
    r"\b(?:total\w*|whole|entire|sum|together|combined|altogether|aggregate|in\s+all|overall|plus|add(?:s|ed|ing)?|both)\b|\+",
    re.IGNORECASE,
)
_DIFFERENCE = re.compile(
    r"\b(?:differ\w*|more|less|fewer|remain\w*|balance|net|minus|exceed\w*|higher|lower|increas\w*|ris(?:e|es|ing)|grow\w*"
    r"|decreas\w*|drop\w*|fall\w*|reduc\w*|left|gap|longer|shorter|after)\b|[−–]|\s-\s",
    re.IGNORECASE,
)
_REST = re.compile(r"\b(?:remain\w*|rest|balance|others?|left)\b|\b100\s?%", re.IGNORECASE)
_SHARES_UNIT = re.compile(r"\s+(?:of|to)\s+(?:(?:the|all)\s+)?", re.IGNORECASE)
_GROWS = re.compile(
    r"\b(?:increas\w*|ris(?:e|es|ing)|escalat\w*|grow\w*|step\w*|higher|plus|compound\w*)\b", re.IGNORECASE
)
_SHRINKS = re.compile(
    r"\b(?:remain\w*|balance|rest|reduc\w*|discount\w*|less|decreas\w*|lower|net|after|minus|off)\b", re.IGNORECASE
)
_YEARLY = re.compile(
    r"\b(?:annual\w*|yearly|(?:each|every|per|a)\s+(?:\w+\s+)?year|per\s+annum|anniversary)\b", re.IGNORECASE
)
_OF_WHICH = re.compile(r"\bof\s+(?:which\s+(?:the\s+)?|[^.;,$€£]{0,40}[$€£][\d,.]+,\s+)\Z", re.IGNORECASE)
_BOUNDED = re.compile(
    r"\b(?:exceed\w*|maximum|minimum|up\s+to|cap(?:ped)?|at\s+least|no\s+(?:more|less)|greater|lesser|higher|lower|floor)\b",
    re.IGNORECASE,
)
_SHARE_OF = re.compile(r"\s*(?:\([^()]{0,20}\)\s*)?of\b", re.IGNORECASE)
_CHANGES_BY = re.compile(
    r"\b(?:increas|escalat|rais|reduc|decreas|discount|ris)\w*\s+(?:\w+\s+){0,4}?(?:by|of|at)\s+\Z", re.IGNORECASE
)
_MOST_YEARS = 99
_TIMES = re.compile(
    r"\b(?:each|per|every|times|multipl\w*|instal?lments?|payments?|over|for|during|total\w*|altogether|in\s+all|annual\w*"
    r"|year\w*|quarter\w*|month\w*|costs?|comes?|worth|amounts?|makes?|makes|charged|at)\b|[×*/]|\sx\s",
    re.IGNORECASE,
)
IN_A = {("month", "year"): 12, ("quarter", "year"): 4, ("month", "quarter"): 3}
_LASTS = {unit: PERIODS[unit] for unit in ("minute", "hour", "day", "week", "month", "quarter", "year")}
_MEANS_UNIT = {
    "year": re.compile(r"\b(?:annual\w*|yearly|years?|annum)\b", re.IGNORECASE),
    "quarter": re.compile(r"\bquarter\w*\b", re.IGNORECASE),
    "month": re.compile(r"\bmonth\w*\b", re.IGNORECASE),
}
_CENTS = 2  # digits
_LEAST_ROUNDED = 100  # a smaller amount is not rounded to whole ones


@dataclass(frozen=True, slots=True)
class _Operands:
    """What can enter a calculation whose result has `unit`: named by the sentence, or of the bearing clause."""

    document: Document
    sentence: str
    unit: tuple[str, ...]
    named: tuple[Quantity, ...]
    bearing: tuple[Quantity, ...]
    everywhere: tuple[Quantity, ...]  # of the source
    bearing_text: str
    table: tuple[Row, ...]

    def of(self, unit: tuple[str, ...]) -> tuple[Quantity, ...]:
        """Those of a unit that the sentence names, else those of the bearing clause."""
        return tuple(q for q in self.named if q.unit == unit) or tuple(q for q in self.bearing if q.unit == unit)

    def rate(self) -> Quantity | None:
        """The one amount of the bearing clause that is for a unit, "$750 per day", where the sentence names none."""
        rates = {(q.value, q.per): q for q in self.bearing if q.unit == self.unit and q.per}
        is_named = any(q.unit == self.unit for q in self.named)
        return next(iter(rates.values())) if len(rates) == 1 and not is_named else None

    def only(self, unit: tuple[str, ...]) -> Quantity | None:
        """The one of a unit; None where there are none or more."""
        found = self.of(unit)
        return found[0] if len({(q.value, q.per) for q in found}) == 1 else None


def derive_quantity(fact: Fact, sentence: str, sources: Sequence[Source], known: Sequence[Derived]) -> Derived | None:
    """Derive an amount, count, share or period of a sentence; `known` are what its other ones were derived by."""
    for value, unit, per in values_of(fact):
        for source in sources:
            operands = _operands(fact, unit, sentence, source, known)
            for result, text, used, rule in _results(operands, per):
                rounded = rounding(result, value, unit)
                if rounded is None:
                    continue
                shown_value = shown(value, unit, fact)
                spans = tuple(_spans(used, known))
                rule = f"{rule}{rounded}"
                explains = tuple(explained(sentence, used))
                return Derived(f"{text} = {shown_value}", spans, shown_value, rule, value, unit, explains=explains)
    return None


def explained(sentence: str, used: Sequence[Quantity]) -> Iterator[Fact]:
    """Yield facts of a sentence that stand nowhere else: what is measured or supposed, and how many rows are added."""
    assumed = [(q.value, q.unit) for q in used if not len(q.span)]
    for fact in find_facts(sentence):
        years = {(Fraction(key[1]), ("ordinal", key[2])) for key in fact.keys if key[0] == "ordinal" and len(key) > 2}
        rows_added = any(key[0] == "count" and key[1] == str(len(used)) and key[2] in _LASTS for key in fact.keys)
        if rows_added or years & set(assumed) or any((value, unit) in assumed for value, unit, _ in values_of(fact)):
            yield fact


def _spans(used: Sequence[Quantity], known: Sequence[Derived]) -> Iterator[Span]:
    """Yield where operands stand: of a derived one where its own operands do, of a supposed one nowhere."""
    for operand in dict.fromkeys(used):
        derived = next((each for each in known if each.result == operand.shown), None)
        yield from derived.operands if derived else ((operand.span,) if len(operand.span) else ())


def _operands(fact: Fact, unit: tuple[str, ...], sentence: str, source: Source, known: Sequence[Derived]) -> _Operands:
    document = source.document
    nowhere = Span(document.id, 0, 0)
    table = tuple(rows(source, unit)) or tuple(named_rows(list(rows_of_years(source, unit)), sentence))
    everywhere = [*quantities(document, source.bearing), *quantities(document, source.spans)]
    everywhere += [cell for row in table for cell in row.cells]
    everywhere += [Quantity(d.value, d.unit, d.result, nowhere) for d in known if not isinstance(d.value, date)]
    rates = {q.per for q in everywhere if q.per}
    bearing_text = " ".join(map(document.slice, source.bearing))
    rates |= {unit for unit in ("month", "quarter") if _says_rate(bearing_text, unit)}
    free = supposed(sentence)
    units = {u for each in find_facts(sentence) for _, u, _ in values_of(each) if u[0] == "count"}
    named = []
    for other in find_facts(sentence):
        values = list(values_of(other))
        if set(values) & set(values_of(fact)):  # the result, said once more
            continue
        if [u for _, u, _ in values] == [("number",)] and _is_joined(other, sentence):
            values += [(values[0][0], u, "") for u in sorted(units)]
        match = next((q for q in everywhere if (q.value, q.unit) in [(v, u) for v, u, _ in values]), None)
        if match is None and values and (other in free or is_measured(other, rates)):  # "100 hours at €500 per hour"
            value, kind, _ = values[0]
            match = Quantity(value, kind, shown(value, kind, other), nowhere)
        if match:
            named.append(match)
    bearing = tuple(_once(document.text, list(quantities(document, source.bearing))))
    return _Operands(
        document=document,
        sentence=sentence,
        unit=unit,
        named=tuple(named),
        bearing=bearing,
        everywhere=tuple(q for q in everywhere if len(q.span)),
        bearing_text=bearing_text,
        table=table,
    )


def _is_joined(number: Fact, sentence: str) -> bool:
    """Whether a number is one of two that share a unit: "750,000 of 10,000,000 shares", "from 3,200 to 3,680"."""
    spans = [(fact.start, fact.end) for fact in find_facts(sentence)]
    return any(
        _SHARES_UNIT.fullmatch(sentence, min(end, number.end), max(start, number.start))
        for start, end in spans
        if end <= number.start or start >= number.end
    )


def is_measured(fact: Fact, rates: set[str]) -> bool:
    """Whether a fact counts what an amount is for: hours, where something costs so much per hour, or years, where it
    costs so much per month.
    """
    units = {unit for (small, large) in IN_A for unit in (small, large) if {small, large} & rates} | rates
    return any(key[0] == "count" and key[2] in units for key in fact.keys)


def _once(text: str, found: Sequence[Quantity]) -> Iterator[Quantity]:
    """Yield quantities, those that are written twice ("five thousand dollars ($5,000)") once."""
    before: Quantity | None = None
    for each in found:
        if before and (before.value, before.unit) == (each.value, each.unit):
            between = text[before.span.end : each.span.start]
            if "(" in between and len(between) < 8:
                continue
        before = each
        yield each


def _results(operands: _Operands, per: str) -> Iterator[Result]:
    """Yield what each operation that the sentence speaks of comes to."""
    text = operands.bearing_text
    yield from clause_results(
        operands.sentence, text, operands.unit, operands.bearing, places_in(text, operands.bearing)
    )
    yield from _shares(operands)
    yield from _products(operands, per)
    if _SUM.search(operands.sentence):
        yield from _sums(operands)
    if _DIFFERENCE.search(operands.sentence):
        yield from _differences(operands)
    if operands.unit == ("share",):
        yield from _ratios(operands)
        yield from _part_of_one(operands)
        yield from _share_rates(operands, per)
        yield from _rest(operands)
    if operands.unit[0] in ("count", "number"):
        yield from _numbers(operands)


def _shares(operands: _Operands) -> Iterator[Result]:
    """Yield shares of an amount, and the amount with a share added or taken away: once, or once a year."""
    whole = operands.only(operands.unit)
    if operands.unit == ("share",):
        return
    if whole is None:
        yield from _share_elsewhere(operands)
        return
    if not len(whole.span) and _BOUNDED.search(operands.bearing_text):  # a supposed amount may be beyond the bound
        return
    named = any(q.unit == ("share",) for q in operands.named)
    shares = operands.of(("share",))
    if not named and (len(shares) != 1 or not _says_share_of(operands, shares[0])):
        return
    for share in shares:
        used = (share, whole)
        yield whole.value * share.value, f"{share.shown} of {whole.shown}", used, "a share of the amount"
        for sign, cue in ((1, _GROWS), (-1, _SHRINKS)):
            if cue.search(operands.sentence) or cue.search(operands.bearing_text):
                yield _changed(operands, whole, share, sign)


def _share_elsewhere(operands: _Operands) -> Iterator[Result]:
    """Yield a share of the bearing clause of the amount that another clause has of what the share is of."""
    shares = operands.of(("share",))
    amounts = [each for each in operands.everywhere if each.unit == operands.unit]
    if len({share.value for share in shares}) == 1 and not any(q.unit == operands.unit for q in operands.bearing):
        [share, *_] = shares
        if whole := base_among(operands.sentence, [operands.document], share, amounts):
            yield whole.value * share.value, f"{share.shown} of {whole.shown}", (share, whole), "a share of the amount"


def _changed(operands: _Operands, whole: Quantity, share: Quantity, sign: int) -> Result:
    """What an amount is with a share added or taken away; in the year that the sentence names, where it is yearly."""
    mark = "+" if sign > 0 else "−"
    years = {
        int(key[1]) for f in find_facts(operands.sentence) for key in f.keys if key[0] == "ordinal" and len(key) > 2
    }
    times = max(years) - 1 if years and _YEARLY.search(operands.bearing_text) else 1
    result = whole.value * (1 + sign * share.value) ** min(max(times, 0), _MOST_YEARS)
    nowhere = Span(whole.span.document_id, 0, 0)
    named = tuple(Quantity(Fraction(year), ("ordinal", "year"), f"year {year}", nowhere) for year in sorted(years)[-1:])
    if times == 1:
        return (
            result,
            f"{whole.shown} {mark} {share.shown}",
            (whole, share, *named),
            "the share is of the amount before it",
        )
    rule = "the first change is in year 2, and each is of the amount of the year before"
    return result, f"{whole.shown} × (1 {mark} {share.shown})^{times}", (whole, share, *named), rule


def _says_share_of(operands: _Operands, share: Quantity) -> bool:
    """Whether the bearing clause says of a share what it is of ("5% of"), or that something changes by it."""
    text = operands.bearing_text
    written = [fact for fact in find_facts(text) if share.value in {value for value, _, _ in values_of(fact)}]
    return any(
        _SHARE_OF.match(text, fact.end)
        or _CHANGES_BY.search(text[: fact.start])
        or _OF_WHICH.search(text[: fact.start])
        for fact in written
    )


def _products(operands: _Operands, per: str) -> Iterator[Result]:
    """Yield an amount times a number or in so many parts, for a time at its rate, or at the rate of another unit."""
    one = operands.only(operands.unit) or operands.rate()
    if operands.unit[0] not in ("amount", "count") or one is None or not _TIMES.search(operands.sentence):
        return
    if operands.unit[0] == "count":
        yield from _at_rate(operands, one, per)
        return
    named = [q for q in operands.named if q.unit[0] in ("count", "number") and q.value]
    counted = operands.only(("count", one.per)) if one.per else None
    for number in dict.fromkeys((*named, *([counted] if counted else []))):
        used = (number, one)
        yield number.value * one.value, f"{number.shown} × {one.shown}", used, "the number times the amount"
        if number in named:
            yield one.value / number.value, f"{one.shown} ÷ {number.shown}", used, "the amount in so many parts"
    yield from _at_rate(operands, one, per)


def _at_rate(operands: _Operands, one: Quantity, per: str) -> Iterator[Result]:
    """Yield what an amount per month, say, is per year, or for a time that the sentence or its clause names."""
    rate = one.per or next((u for u in ("month", "quarter") if _says_rate(operands.bearing_text, u)), "")
    to = per or next((u for u in ("year", "quarter", "month") if _MEANS_UNIT[u].search(operands.sentence)), "")
    for (small, large), many in IN_A.items():
        rule = f"a {large} has {many} {small}s"
        if rate == small and to == large:
            yield one.value * many, f"{one.shown} × {many}", (one,), rule
        if one.per == large and to == small:
            yield one.value / many, f"{one.shown} ÷ {many}", (one,), rule
    times, base = _LASTS.get(rate, (1, ""))
    time = operands.only(("period", base))
    tops = [q.value for q in operands.bearing if q.unit == one.unit and q.value != one.value]
    if time and tops and _BOUNDED.search(operands.bearing_text) and one.value * time.value / times > max(tops):
        return
    if time and time.value != times:
        text = f"{time.shown} × {one.shown} a {rate}"
        yield one.value * time.value / times, text, (time, one), f"the amount for each {rate}"


def _share_rates(operands: _Operands, per: str) -> Iterator[Result]:
    """Yield what a share per month, say, is per year, without interest on interest."""
    one = operands.only(("share",))
    to = per or next((u for u in ("year", "quarter") if _MEANS_UNIT[u].search(operands.sentence)), "")
    many = IN_A.get((one.per, to)) if one else None
    if one and many and len(one.span):
        yield one.value * many, f"{one.shown} × {many}", (one,), f"a {to} has {many} {one.per}s; not compounded"


def _says_rate(text: str, unit: str) -> bool:
    return bool(re.search(rf"\b{unit}ly\b|\b(?:per|each|every)\s+(?:\w+\s+)?{unit}\b", text, re.IGNORECASE))


def _sums(operands: _Operands) -> Iterator[Result]:
    for parts in _parts(operands, all_of=True):
        text = " + ".join(q.shown for q in parts)
        yield sum((q.value for q in parts), Fraction(0)), text, parts, "all of them added"


def _differences(operands: _Operands) -> Iterator[Result]:
    for parts in _parts(operands, all_of=False):
        first, *others = sorted(parts, key=lambda q: -q.value)
        if len(parts) == 2 or parts in (operands.named,):
            text = " − ".join(q.shown for q in (first, *others))
            yield first.value - sum(q.value for q in others), text, parts, "the smaller taken from the larger"


def _parts(operands: _Operands, *, all_of: bool) -> Iterator[tuple[Quantity, ...]]:
    """Yield what can be added or taken from each other: what the sentence names, or the cells of rows that it names.

    Without either it is the whole table, a column each, or all that the bearing clause has.
    """
    named = tuple(q for q in operands.named if q.unit == operands.unit)
    if operands.unit == ("number",):  # a year, a section, a number of the answer's own
        return
    if len(named) >= 2:
        yield named
        return
    chosen = named_rows(operands.table, operands.sentence)
    if all_of and not chosen:
        chosen = [row for row in operands.table if not row.is_total]
    columns = {len(row.cells) for row in chosen}
    if len(chosen) >= 2 and len(columns) == 1:
        for column in range(columns.pop()):
            yield tuple(row.cells[column] for row in chosen)
    bearing = tuple(q for q in operands.bearing if q.unit == operands.unit)
    if not operands.table and len(bearing) >= 2 and (not named or (all_of and named[0] in bearing)):
        yield bearing


def _ratios(operands: _Operands) -> Iterator[Result]:
    """Yield the share that one amount is of another, and by which one is more than another."""
    for unit in sorted({q.unit for q in operands.named if q.unit[0] in ("amount", "count")}):
        two = [q for q in operands.named if q.unit == unit]
        if len(two) == 2 and all(q.value for q in two):
            for part, whole in (two, two[::-1]):
                used = (part, whole)
                yield part.value / whole.value, f"{part.shown} ÷ {whole.shown}", used, "the part of the whole"
                if _DIFFERENCE.search(operands.sentence) and _is_before(whole, part, operands.sentence):
                    text = f"({part.shown} − {whole.shown}) ÷ {whole.shown}"
                    yield abs(part.value - whole.value) / whole.value, text, used, "the change, of the amount before it"


def _part_of_one(operands: _Operands) -> Iterator[Result]:
    """Yield the share that an amount of the bearing clause is of the one that the sentence names: "half of it"."""
    named = {(q.value, q.unit): q for q in operands.named if q.unit[0] == "amount"}
    if len(named) == 1:
        [whole] = named.values()
        for part in operands.bearing:
            if part.unit == whole.unit and 0 < part.value < whole.value and not part.per:
                yield part.value / whole.value, f"{part.shown} ÷ {whole.shown}", (part, whole), "the part of the whole"


def _is_before(one: Quantity, other: Quantity, sentence: str) -> bool:
    """Whether an amount may be the one before a change: the smaller of an increase, the larger of a decrease."""
    rises, falls = (bool(words.search(sentence)) for words in (_GROWS, _SHRINKS))
    return rises == falls or (one.value < other.value) is rises


def _rest(operands: _Operands) -> Iterator[Result]:
    """Yield what one share, which the sentence names, leaves of the whole."""
    shares = [q for q in operands.named if q.unit == ("share",) and q.value < 1]
    if not shares and _REST.search(operands.bearing_text):
        shares = [q for q in operands.bearing if q.unit == ("share",) and q.value < 1]
        cue = True
    else:
        cue = bool(_REST.search(operands.sentence))
    stated = len({share.value for share in shares}) == 1 and len(shares[0].span)
    if stated and is_parted_in_two(shares[0].value, operands.everywhere) and cue:
        yield 1 - shares[0].value, f"100% − {shares[0].shown}", (shares[0],), "the rest of the whole"


def is_parted_in_two(share: Fraction, everywhere: Sequence[Quantity]) -> bool:
    """Whether a source gives no shares but one and what it leaves of the whole: of three none has all the rest."""
    return {q.value for q in everywhere if q.unit == ("share",)} <= {share, 1 - share, Fraction(1)}


def _numbers(operands: _Operands) -> Iterator[Result]:
    """Yield how many times one amount is another: four installments of $37,500 of $150,000."""
    two = [q for q in operands.named if q.unit[0] == "amount"]
    if not two and operands.unit == ("count", "time"):  # "the aggregate is three times the cover per occurrence"
        two = [q for q in operands.bearing if q.unit[0] == "amount"]
    if len(two) == 2 and two[0].unit == two[1].unit and all(q.value for q in two):
        one, whole = sorted(two, key=lambda q: q.value)
        yield whole.value / one.value, f"{whole.shown} ÷ {one.shown}", (whole, one), "how many times the amount"


def rounding(result: Fraction, value: Fraction, unit: tuple[str, ...]) -> str | None:
    """How a result was rounded to a value, as an addition to its rule; None where the value is another."""
    if result == value:
        return ""
    if unit[0] == "amount":
        if round(result, _CENTS) == value:
            return "; rounded to the cent"
        if value >= _LEAST_ROUNDED and round(result) == value and result.denominator > 1:
            return "; rounded to the whole"
    if unit == ("share",):
        for places in (2, 1):
            if (value * 100 * 10**places).denominator == 1 and round(result * 100, places) == value * 100:
                return f"; rounded to {places} decimal{'s' if places > 1 else ''}"
    return None
