"""Dates of a document: of the day as of which it is made, on which it takes effect, is signed, sent or filed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice

from retrieval.core.documents import Document, Span
from retrieval.structure.clause_marks import ORDINALS
from retrieval.structure.openings import Opening, opening_text

_ON_COVER = 3_000  # characters in which a date that stands alone is the document's own
_AFTER_NAMES = 300  # characters after the last party in which a contract without a preamble is dated
_DATED_WITHIN = 1_500  # characters of a preamble
_AFTER_KIND = 120  # characters between "made", "dated" or "effective" and the day


@dataclass(frozen=True, slots=True)
class DocumentDate:
    """A date of the document itself. `kind`: made, dated, effective, letter, filed or signed.

    `value` is None where the words name no day: "November ___, 2006".
    """

    kind: str
    value: date | None
    text: str
    span: Span


_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = r"(?P<month>(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.?(?![a-z])|" + "|".join(_MONTHS) + ")"
_ORDINALS = {word: number for number, word in enumerate(ORDINALS, 1)}
_BLANK = r"[_●•*][_●•* ]{0,30}|\[[^\]\n]{0,12}\]"
_DAY = rf"(?P<day>\d{{1,2}}(?:\s?(?:st|nd|rd|th))?\b|{'|'.join(sorted(_ORDINALS, key=len, reverse=True))})"
_DAY_OR_BLANK = rf"(?:{_DAY}|(?P<blank>{_BLANK}))"
_YEAR = r"(?P<year>(?:1[89]|20)\d\d)(?!\d)"
_YEAR_OR_BLANK = rf"(?:{_YEAR}|(?P<no_year>{_BLANK}|20\s?_{{1,12}}))"
_FORMS = (
    re.compile(rf"\b{_MONTH}\s*{_DAY_OR_BLANK}\s*,?\s*(?:in\s+the\s+year\s+)?{_YEAR_OR_BLANK}", re.IGNORECASE),
    re.compile(
        rf"(?<![\w.,/-]){_DAY_OR_BLANK}\s*(?:day\s+)?(?:of\s+)?{_MONTH}\s*,?\s*(?:in\s+the\s+year\s+|of\s+)?{_YEAR_OR_BLANK}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?<![\d./-]){_YEAR}(?P<mark>[-/.])(?P<number>0?[1-9]|1[0-2])(?P=mark)(?P<day>0?[1-9]|[12]\d|3[01])(?![\d/-])"
    ),
    re.compile(
        r"(?<![\d./-])(?P<number>0?[1-9]|1[0-2])(?P<mark>[-/])(?P<day>0?[1-9]|[12]\d|3[01])(?P=mark)(?P<year>(?:1[89]|20)?\d\d)(?![\d/-])"
    ),
)


def days_in(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int, date | None]]:
    """Each day that a text names: start, end and the day; None where it is left blank ("November ___, 2006").

    Of 3/4/2020 the month is taken to stand first, as in the United States.
    """
    found: dict[int, tuple[int, int, date | None]] = {}
    taken: list[tuple[int, int]] = []
    for form in _FORMS:
        for match in form.finditer(text, start, len(text) if end is None else end):
            if not any(a < match.end() and match.start() < b for a, b in taken):
                named = match.groupdict()
                day = _day(named)
                if day is None and not (named.get("blank") or named.get("no_year")):
                    continue
                found[match.start()] = (match.start(), match.end(), day)
                taken.append(match.span())
    return [found[at] for at in sorted(found)]


def _day(named: dict[str, str | None]) -> date | None:
    """The day that the groups of a form name; None for a blank, and for a day that is none (February 30)."""
    day, year = named.get("day"), named.get("year")
    if not day or not year:
        return None
    month = int(named["number"] or 0) if named.get("number") else _month(named["month"] or "")
    number = _ORDINALS.get(re.sub(r"\s+", "-", day.lower())) or int(re.match(r"\d+", day)[0])  # type: ignore[index]
    whole = int(year) if len(year) == 4 else int(year) + (2000 if int(year) < 70 else 1900)
    try:
        return date(whole, month, number)
    except ValueError:
        return None


def _month(word: str) -> int:
    return next(number for number, name in enumerate(_MONTHS, 1) if name.startswith(word.lower().rstrip(".")[:3]))


# Words before a day that say what it is to the document; the last of them counts.
_SAYS = re.compile(
    r"\b(?:(?P<effective>effective(?:ness)?|commencement\s+date|takes?\s+effect)|(?P<made>made|entered\s+into|concluded|executed)"
    r"|(?P<dated>dated?))\b",
    re.IGNORECASE,
)
_JUST_A_DAY = re.compile(r"\b(?:as\s+of|on|this|between|agreement)\b(?:\s+the)?[\s,:]*\Z", re.IGNORECASE)
_SIGNED = re.compile(
    r"(?:^|\b)(?:date[d:]?(?:\s+(?:signed|of\s+signature))?|signed(?:\s+on)?)\s*[:.]?\s*[_/\s]*\Z", re.IGNORECASE
)
_FILED = re.compile(r"\b(?:filed|entered\s+on\s+docket|e-?filed)\b[^\n]{0,20}\Z", re.IGNORECASE)


def find_dates(
    document: Document, opening: Opening, preamble: Span | None = None, blocks: tuple[Span, ...] = ()
) -> tuple[DocumentDate, ...]:
    """The dates of a document, the one that it is known by first.

    `preamble`: where its parties are named, also where no sentence introduces them; `blocks`: its signature blocks.
    """
    text = opening_text(document)
    stated = opening
    if opening.preamble is None and preamble is not None and preamble.end < len(text):
        end = min(len(text), preamble.end + _AFTER_NAMES)
        stated = replace(opening, preamble=document.span(preamble.start, end), names_at=end)
    found = [*_of_preamble(document, text, stated), *_of_cover(document, text, opening)]
    if opening.preamble is None:  # a letter bears its date above what it dates
        found.sort(key=lambda each: each.kind != "letter")
    found += _of_signatures(document, blocks)
    found += _of_closing(document, opening.preamble.end if opening.preamble else 0)
    if not any(each.value for each in found):
        found += _of_witness(document)
    return tuple({each.span: each for each in reversed(found)}.values())[::-1]


def _of_preamble(document: Document, text: str, opening: Opening) -> Iterator[DocumentDate]:
    start, end = _statement(text, opening)
    days = days_in(text, start, end)
    for index, (a, b, day) in enumerate(days):
        before = text[max(start, days[index - 1][1] if index else start) : a]
        kind = _kind(before)
        after_names = opening.preamble is not None and a > opening.names_at
        after_names = after_names and kind != "effective" and not _THIS_DAY.search(before)
        made_later = index + 1 < len(days) and _kind(text[b : days[index + 1][0]]) == "made"
        of_amended = made_later and _OF_AMENDED.search(before)
        if kind and not after_names and not of_amended and not _OF_ANOTHER.search(before):
            yield DocumentDate(kind, day, _said(text, a, b), document.span(a, b))


def _statement(text: str, opening: Opening) -> tuple[int, int]:
    """[start, end) of the words that date a document: its preamble, or "This Agreement is made as of …"."""
    if opening.preamble is not None:
        return opening.preamble.start, min(opening.preamble.end, opening.preamble.start + _DATED_WITHIN)
    match = _IS_MADE.search(text)
    return (match.start(), min(len(text), match.end() + _DATED_WITHIN // 2)) if match else (0, 0)


_IS_MADE = re.compile(
    r"^\W*(?:this|the)\s[^.;]{0,150}?\b(?:agreement|contract|lease|deed|amendment|letter|note|order|plan)\b"
    r"(?:\s+no\.)?[^.;]{0,80}?\b(?:made|dated|entered|effective)\b",
    re.IGNORECASE | re.MULTILINE,
)
# A day that another document has, or a person.
_OF_ANOTHER = re.compile(
    r"\b(?:amends?|varies|restates?|supplements?|that\s+certain|reference\s+is\s+made|pursuant\s+to|as\s+amended|under\s+the|between\s+the\s+parties\s+dated|expir\w+|until|through|terminat\w+|born)\b[^;]*\Z",
    re.IGNORECASE,
)

# "This Amendment to the Lease dated …, is made on …": the first day is of what is amended.
_OF_AMENDED = re.compile(
    r"\b(?:amendment|addendum|variation|supplement)\b[^;]{0,20}\s(?:to|of)\s[^;]*\Z", re.IGNORECASE
)


def _kind(before: str) -> str:
    """What a day is to its document by the words before it; empty where they do not say."""
    near = before[before.rfind(";") + 1 :][-_AFTER_KIND:]
    said = [match.lastgroup or "" for match in _SAYS.finditer(near)]
    return said[-1] if said else ("made" if _JUST_A_DAY.search(near) else "")


_THIS_DAY = re.compile(r"\bthis(?:\s+the)?\s*\Z")
_ENTERED = re.compile(r"\W*(?:ENTERED|Entered|SO\s+ORDERED|Executed)\b")  # at the end of a paper, however short
_RUNS_ON = re.compile(
    r"(?:\b(?:on|of|by|until|till|and|or|from|to|in|the|dated|before|after|about|than|through)|,)\s*\Z"
)


def _of_cover(document: Document, text: str, opening: Opening) -> Iterator[DocumentDate]:
    """Days that stand alone in a line of the first page, or after "Dated", "Effective Date:", "Filed"."""
    limit = min(len(text), _ON_COVER, opening.preamble.start if opening.preamble else len(text))
    for a, b, day in days_in(text, 0, limit):
        line = text[text.rfind("\n", 0, a) + 1 : a]
        if not line.strip() and _RUNS_ON.search(text, max(0, a - len(line) - 40), a - len(line)):
            continue  # a sentence that is wrapped before it
        if _ENTERED.match(line):
            continue
        rest = text[b : (text.find("\n", b) + 1 or len(text)) - 1]
        if _FILED.search(line):
            yield DocumentDate("filed", day, _said(text, a, b), document.span(a, b))
        elif re.fullmatch(r"[\s.,:)]*", rest) and len(line.strip()) <= 40 and not _OF_ANOTHER.search(line):
            kind = "effective" if re.search(r"effective", line, re.IGNORECASE) else "dated"
            is_letter = not line.strip() and re.search(
                r"^\s*(?:Dear\b|Ladies\s+and|Gentlemen|To\s+whom|Re:)", text[b : b + 1_500], re.MULTILINE
            )
            yield DocumentDate("letter" if is_letter else kind, day, _said(text, a, b), document.span(a, b))


def _of_closing(document: Document, after: int) -> Iterator[DocumentDate]:
    """Days that a line begins with at the end of a paper: "Dated: September 3, 2024", "ENTERED this 27th day of …"."""
    for match in islice(_CLOSES.finditer(document.text, max(after, len(document.text) // 3)), _MOST_CLOSINGS):
        for a, b, day in days_in(document.text, match.end(), min(len(document.text), match.end() + 60))[:1]:
            if day and a - match.end() < 4:
                yield DocumentDate("signed", day, _said(document.text, a, b), document.span(a, b))


_MOST_CLOSINGS = 200
_CLOSES = re.compile(
    r"^[^\w\n]{0,40}(?:(?:SIGNED|Signed|EXECUTED|Executed)\s+(?:and|as|at|by|for|in)\b[^.;\n]{0,80}?(?=[\s,]on\s)"
    r"|(?:ENTERED|Entered|DATED|Dated|SO\s+ORDERED|SIGNED|Signed|EXECUTED|Executed)\b)"
    r"[\s,:]*(?:on\s+)?(?:this\s+)?(?:the\s+)?",
    re.MULTILINE,
)


def _of_witness(document: Document) -> Iterator[DocumentDate]:
    """The day of "IN WITNESS WHEREOF, … as of July 6, 2020", of a document that has no other."""
    witness = _WITNESS.search(document.text)
    if witness:
        for a, b, day in days_in(document.text, witness.end(), min(len(document.text), witness.end() + _AFTER_WITNESS))[
            :1
        ]:
            yield DocumentDate("made", day, _said(document.text, a, b), document.span(a, b))


_AFTER_WITNESS = 400  # characters
_WITNESS = re.compile(r"\bin\s+(?:witness|evidence|testimony)\s+whereof\b", re.IGNORECASE)


def _of_signatures(document: Document, blocks: tuple[Span, ...]) -> Iterator[DocumentDate]:
    """Days beside the signatures: "Date: March 31, 1998"."""
    for block in blocks:
        for a, b, day in days_in(document.text, block.start, min(len(document.text), block.end + 80)):
            before = document.text[max(0, a - 40) : a]
            line_end = document.text.find("\n", b)
            labelled = line_end > 0 and re.compile(r"\s*Date\b").match(document.text, line_end)
            if (_SIGNED.search(before[before.rfind("\n") + 1 :]) or labelled) and day:
                yield DocumentDate("signed", day, _said(document.text, a, b), document.span(a, b))


def _said(text: str, start: int, end: int) -> str:
    return " ".join(text[start:end].split())
