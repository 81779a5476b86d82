"""Finds amending instruments in a document, and the agreement that each of them says it amends.

An instrument is a "First Amendment to …", an "Amendment No. 2", a deed of variation, a side letter, an agreement that
is amended and restated. It is told by its heading, or where it has none by what its first paragraphs say it does. That
an agreement "may be amended by …" makes it none.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice

from retrieval.core.documents import Document, Span
from retrieval.structure.clause_marks import ORDINALS, nth
from retrieval.structure.document_dates import days_in
from retrieval.structure.layout import Line, lines
from retrieval.structure.reflow import flowing_text

_OPENING = 5_000  # characters of an instrument in which it says what it amends
_HEADINGS = 60  # lines of a document among which its own heading stands
_FIRST = 1_500  # characters of an instrument that hold its number and what it calls itself
_MOST_INSTRUMENTS = 50  # of one document
_MOST_LOOKED_AT = 2_000  # lines of a document that may head an instrument
_LONGEST_HEADING = 160  # characters of a line
_LONGEST_TITLE = 140  # characters

ORDINAL = rf"(?:{'|'.join(ORDINALS[:12])}|\d{{1,2}}(?:st|nd|rd|th))"
NUMBER = r"(?:no\.?|number|num\.|nr\.?|#|№)\s*(?P<number>\d{1,3}|[ivx]{1,5}\b|one|two|three|four|five|six)"
NAME = (
    r"(?:amendment|addendum|variation|modification|change\s+order|side\s+letter|amending\s+(?:agreement|deed|letter)"
    r"|supplemental\s+(?:agreement|deed|letter)|(?:deed|agreement|letter)\s+of\s+(?:variation|amendment|modification))"
)
_ENDS_SENTENCE = re.compile(r"[;,]\s*\Z|(?<!\b[A-Z])(?<!\bInc)(?<!\bLtd)(?<!\bCo)(?<!\bCorp)(?<!\b[A-Z][a-z])\.\s*\Z")
_SPEAKS = re.compile(r"amend|variation|addendum|modif|letter|supplemental|change", re.IGNORECASE)
_HEADING = re.compile(
    rf"\W*(?:(?P<ordinal>{ORDINAL})\s+)?(?:(?:omnibus|global|letter|limited|joint)\s+)?{NAME}"
    rf"(?:\s+(?:agreement|deed|letter))?(?:\s*,?\s*(?:{NUMBER}|(?P<plain>\d{{1,2}}|[ivx]{{1,4}}|one|two|three|four|five|six)(?!\w)))?"
    r"(?:\s*[,:–—-]?\s*(?:to|of|and|relating\s+to|in\s+respect\s+of|dated)\b(?P<rest>.*)|\W*)",
    re.IGNORECASE,
)
_KINDS = (
    r"(?:Agreement|Lease|Contract|Deed|Licen[cs]e|Indenture|Note|Plan|Charter|Terms(?:\s+and\s+Conditions)?|Order"
    r"|Statement\s+of\s+Work|Policy|Guarant(?:y|ee)|Memorandum\s+of\s+Understanding)"
)
# "Master Services Agreement – Amendment No. 2", "Lease Amendment"
_TITLE_FIRST = re.compile(
    rf"\W*(?P<rest>(?:\w[\w&/,’'-]*\s+){{0,8}}{_KINDS})\s*[,:–—-]?\s+(?:(?P<ordinal>{ORDINAL})\s+)?amendment"
    rf"(?:\s*{NUMBER})?\W*",
    re.IGNORECASE,
)
_RESTATED = re.compile(rf"\W*(?:(?P<ordinal>{ORDINAL})\s+)?amended\s+(?:and|&)\s+restated\b(?P<rest>.*)", re.IGNORECASE)
_AMENDS = re.compile(
    r"\b(?:(?:is|are|shall\s+be|will\s+be)\s+(?:hereby\s+)?(?:amended|deleted|replaced|modified|varied)|hereby\s+amend"
    r"|(?:agreed?|wish(?:es)?|desires?)\s+(?:to\s+)?(?:\w+\s+)?(?:amend|modify|vary))",
    re.IGNORECASE,
)
# What an instrument without a heading says of itself: "now mutually agree to amend that Agreement as follows".
_SAYS_SO = re.compile(
    r"\b(?:agree[sd]?|hereby)\s+(?:to\s+)?(?:(?:further|mutually|hereby|also)\s+){0,2}(?:amend|modify|vary|supplement)\b"
    r"(?!\s+(?:and|&)\s+restate)[^.;:]{0,160}?\b(?:as\s+follows|as\s+set\s+(?:out|forth))"
    r"|\bThis\s+(?:\w+\s+){0,3}Amendment(?:\s+\w+){0,2}\s*\(\s*[“\"]"
    r"|\(\s*(?:this|the)\s+[“\"](?:\w+\s+){0,2}(?:Amendment|Deed\s+of\s+Variation|Side\s+Letter|Variation)[”\"]\s*\)"
    r"|\b(?:record|confirm|set)s?\s+(?:out\s+|forth\s+)?(?:the\s+|our\s+|certain\s+|agreed\s+){0,3}(?:changes?|amendments?|variations?)\s+to"
    r"\s+(?:the|our|that)\b"
    r"|\bthis\s+(?:side\s+)?letter\b[^.;]{0,200}\b(?:amends?|var(?:y|ies)|modif(?:y|ies)|supplements?)\b",
    re.IGNORECASE,
)
_RESTATES = re.compile(
    r"\b(?:hereby\s+amends?\s+and\s+restates?|(?:this\s+(?:\w+\s+){0,8}?agreement\b[^.;]{0,160}?|which\s+)"
    r"\s(?:hereby\s+)?amends\s+and\s+restates"
    r"|(?:agree[sd]?|wish(?:es)?|desires?)\s+to\s+(?:\w+\s+)?amend\s+and\s+(?:completely\s+|fully\s+)?restate)\b",
    re.IGNORECASE,
)
_OWN_NUMBER = re.compile(rf"\bthis\s+(?:(?P<ordinal>{ORDINAL})\s+)?(?:{NAME})(?:\s+{NUMBER})?", re.IGNORECASE)

_WORD = r"(?!(?:This|THIS)\b)(?:[A-Z][\w&’'./-]*|of|and|for|the|in|to|on|&|-|–)"
_SPACE = r"(?:[^\S\n]{1,20}|[^\S\n]{0,20}\n(?!\s{0,20}\n)[^\S\n]{0,20})"  # no empty line stands within a title
_IN_CAPITALS = _KINDS.upper().replace(r"\S", r"\s")
TITLE = (
    rf"(?<![\w“\"])(?P<title>(?:(?!(?:This|THIS)\b)[A-Z][\w&’'./-]*,?{_SPACE}(?:{_WORD},?{_SPACE}){{0,10}})?"
    rf"(?:{_KINDS}|{_IN_CAPITALS})s?)\b"
)
_TITLE = re.compile(TITLE)
_DATED = re.compile(r"\b(?:dated?|made|entered|effective|executed|signed|commenc\w+)\b", re.IGNORECASE)
_NAMES = re.compile(
    rf"\b(?:parties\s+to|entered\s+into|under|to|amends?|var(?:y|ies)|modif(?:y|ies)|supplements?|refer(?:s|ence)?\s+to"
    rf"|re:?|regarding|concerning)\s+(?:(?:that|this|the|a|an|their|our|certain|above)\s+){{0,3}}{_TITLE.pattern}"
)
_AMENDMENT = re.compile(rf"\b{NAME}\b", re.IGNORECASE)
_AMENDMENT_TO = re.compile(rf"\b{NAME}\b[^.;]{{0,40}}?\b(?:to|of)\s+(?:(?:the|that|certain)\s+)*\Z", re.IGNORECASE)
_DEFINED = re.compile(
    rf"[^.;()]{{0,60}}\(\s*(?:the\s+)?[“\"](?P<title>(?:\w+\s+){{0,4}}{_KINDS})[”\"]\s*\)", re.IGNORECASE
)
_TERM = re.compile(
    r"\(\s*(?:(?:as\s+amended|collectively|together|hereinafter)[^()“”\"]{0,60})?(?:the\s+)?"
    r"[“\"](?P<title>(?:\w+\s+){0,4}\w+)[”\"]"
)
_LAW = re.compile(r"\b(?:Act|Code|Statute|Regulations?|Directive|Ordinance)\Z")
_NUMBERED = re.compile(rf"(?:(?P<ordinal>{ORDINAL})\s+(?:\w+\s+){{0,3}}?)?{NAME}(?:\s+{NUMBER})?", re.IGNORECASE)
_OF = re.compile(r"\bof\s*\Z")  # "the Consulting Agreement of 12 January 2020"
_PLAIN = re.compile(  # "our agreement dated 3 March 2020"
    r"\b(?:our|your|their|the|that|an?|original|existing)\s+(?P<title>agreement|lease|contract|deed|licen[cs]e)\s+"
    r"(?:dated|of|made\s+on|signed\s+on|(?:made|dated)\s+as\s+of)\s+\Z",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"\b(?:as|so|previously)\s+amended\b[^()]*\Z", re.IGNORECASE)  # by an earlier amendment
_SUCCEEDS = re.compile(
    r"\bsuccessors?(?!s?\s+(?:and|or)\s+(?:permitted\s+)?assigns?\b)|\bassignees?\b|\btransferees?\b|\bassign(?:ed|ment)\b"
    r"|\bnovat\w+|\bformerly\b|\b[fn]/?k/?a\b|\bmerge[rd]\b|\bas\s+assigned\b|\b(?:changed|change\s+of)\s+(?:its\s+)?name\b"
    r"|\b(?:acquired|assumed|transferred)\b|\bjoin(?:s|der|ed)\b|\b(?:added|made)\s+(?:as\s+)?a\s+party\b|\bon\s+behalf\s+of\b",
    re.IGNORECASE,
)
_LOOKED_BACK, _NEAR = 340, 90  # characters before a date, for a title, and for the word that makes it one of a document


@dataclass(frozen=True, slots=True)
class AmendedAgreement:
    """The agreement that an instrument amends, as the instrument names it."""

    title: str  # "Manufacturing and Supply Agreement"; empty where the instrument gives none
    day: date | None  # of that agreement
    number: int  # of the instrument among those that amend it: 2 for the "Second Amendment"; 0 where it has none
    made: date | None  # the day of the instrument itself
    span: Span  # the words that name the agreement; the instrument's heading where none do
    succeeded: bool = False  # the instrument says that a party of it took the place of one of that agreement


@dataclass(frozen=True, slots=True)
class Instrument:
    """A stretch of a document that amends an agreement, or restates it as a whole."""

    span: Span
    heading: Span
    restates: bool
    of: AmendedAgreement
    others: tuple[AmendedAgreement, ...] = ()  # that it names beside it, with their dates: it may amend several
    known_as: frozenset[str] = frozenset()  # words of weight of the titles and terms that it has for them

    def owns(self, named: str) -> bool:
        """Whether a document that its words name ("Lease", "Supply Agreement dated …") is one that it amends."""
        if _AMENDMENT.search(named) or _LAW.search(named):
            return False
        days = {each.day for each in (self.of, *self.others) if each.day}
        day = next((day for *_, day in days_in(named) if day), None)
        words = _weighty(_clean_title(named))
        return (not (day and days) or day in days) and (
            not words or not _weighty(self.of.title) or bool(words & self.known_as)
        )


def find_instruments(document: Document) -> tuple[Instrument, ...]:
    """The amending instruments of a document, in reading order; almost always none, or one that is all of it."""
    heads: list[tuple[int, re.Match[str] | None, bool]] = list(_headings(document))
    if not heads or heads[0][0] > _FIRST:
        heads = [*_unheaded(document, heads[0][0] if heads else len(document.text)), *heads]
    ends = [start for start, *_ in heads[1:]] + [len(document.text)] * bool(heads)
    return tuple(
        _instrument(document, start, end, match, restates)
        for (start, match, restates), end in zip(heads, ends, strict=True)
    )


def _headings(document: Document) -> Iterator[tuple[int, re.Match[str] | None, bool]]:
    """Where a heading names an instrument: its start, the match, and whether the agreement is restated."""
    rows = [row for row in lines(document) if not row.noise and len(row.text) <= _LONGEST_HEADING]
    speaking = (at for at, row in enumerate(rows) if _SPEAKS.search(row.text))
    count, last = 0, -_FIRST
    for at in islice(speaking, _MOST_LOOKED_AT):
        row = rows[at]
        own = at < _HEADINGS and row.start < _OPENING
        match, restates = _heading(rows, at)
        if match is None or (restates and (not own or count)) or row.start - last < _FIRST:
            continue
        if (own and not count) or _stands_alone(document, row, match):
            yield row.start, match, restates
            count, last = count + 1, row.start
        if count == _MOST_INSTRUMENTS:
            return


def _heading(rows: list[Line], at: int) -> tuple[re.Match[str] | None, bool]:
    """The match of a line that heads an instrument, with the lines its title runs on to."""
    first = rows[at].text
    if len(first.split()) > 20 or _ENDS_SENTENCE.search(first) or not _is_titled(first):
        return None, False
    title = [first]
    for row in rows[at + 1 : at + 4]:  # "AMENDMENT NO. 2" / "TO MANUFACTURING AND SUPPLY AGREEMENT"
        if (
            not _is_titled(row.text)
            or len(row.text.split()) > 14
            or re.match(r"\W*(?:this|between)\b", row.text, re.IGNORECASE)
        ):
            break
        title.append(row.text)
    whole = " ".join(" ".join(title).split())
    if match := _RESTATED.fullmatch(whole):
        return match, True
    for words in (whole, " ".join(first.split())):
        for pattern in (_HEADING, _TITLE_FIRST):
            if match := pattern.fullmatch(words):
                return match, False
    return None, False


def _is_titled(line: str) -> bool:
    """Whether a line is written as a title is: in capitals, or every word of weight with one."""
    words = [word for word in re.findall(r"[^\W\d_]+", line) if len(word) > 3]
    return bool(line.strip()) and all(word[0].isupper() for word in words) and (bool(words) or "to" in line.lower())


def _stands_alone(document: Document, row: Line, match: re.Match[str]) -> bool:
    """Whether a heading further on heads an instrument: it has a number or names what it amends, and then amends it."""
    groups = match.groupdict()
    if not any(groups.get(name) for name in ("ordinal", "number", "rest")):
        return False
    return bool(_AMENDS.search(document.text, row.end, row.end + _OPENING))


def _unheaded(document: Document, end: int) -> Iterator[tuple[int, None, bool]]:
    """The beginning of a document, where it says that it amends an agreement, or restates one."""
    opening = flowing_text(document)[: min(end, _OPENING)]
    if _SAYS_SO.search(opening):
        yield 0, None, False
    elif _RESTATES.search(opening):
        yield 0, None, True


def _instrument(document: Document, start: int, end: int, match: re.Match[str] | None, restates: bool) -> Instrument:
    text = flowing_text(document)[start : min(end, start + _OPENING)]
    heading = document.span(start, start + len(text.partition("\n")[0]))
    title = _clean_title(match["rest"] or "") if match else ""
    number = _number(match) or _number(_OWN_NUMBER.search(text[:_FIRST]))
    named = _named(text, title)
    (name, (a, b), day), others = (named[0], named[1:]) if named else ((title, (0, len(heading)), None), [])
    made = next(
        (d for at, _, d in days_in(text[:_FIRST]) if d and d != day and not _BEFORE.search(text[:at][-120:])), None
    )
    succeeded = bool(_SUCCEEDS.search(text))
    of = AmendedAgreement(title or name, day, number, made, document.span(start + a, start + b), succeeded)
    beside = tuple(
        AmendedAgreement(other, its_day, number, made, document.span(start + x, start + y), succeeded)
        for other, (x, y), its_day in others
        if its_day and other.lower() != of.title.lower()
    )
    return Instrument(document.span(start, end), heading, restates, of, beside, _known_as(text, (of, *beside)))


def _known_as(text: str, agreements: tuple[AmendedAgreement, ...]) -> frozenset[str]:
    """The words of weight of agreements' titles, and of the terms that are defined for them."""
    known = frozenset(word for each in agreements for word in _weighty(each.title))
    words = known
    for match in _TERM.finditer(text):
        titles = list(_TITLE.finditer(text, max(0, match.start() - _LOOKED_BACK), match.start()))
        weight = _weighty(titles[-1]["title"]) if titles else frozenset[str]()
        words |= _weighty(match["title"]) if not weight or weight & known else frozenset()
    return words


def number_of(named: str) -> int:
    """The number of an amendment that words name: 2 of "Amendment No. 2" and of "Second Amendment"; 0 without one."""
    return _number(_NUMBERED.search(named))


def _number(match: re.Match[str] | None) -> int:
    """The number of an instrument: 2 for "Second", "2nd", "No. 2", "II"; 0 for none."""
    groups = match.groupdict() if match else {}
    return nth(next((groups[name] for name in ("ordinal", "number", "plain") if groups.get(name)), ""))


def _named(text: str, title: str) -> list[tuple[str, tuple[int, int], date | None]]:
    """Title, place and date of each agreement that an instrument names, first the one that its heading names."""
    wanted = _weighty(title)
    found: list[tuple[re.Match[str], int, int, date | None]] = []
    for at, end, day in days_in(text):
        titles = [m for m in _TITLE.finditer(text, max(0, at - _LOOKED_BACK), at) if not _is_own(text, m, at)]
        defined = _DEFINED.match(text, end)  # an agreement for catering services on 6 August 2019 (the “Agreement”)
        if defined and not titles and not _AMENDMENT.search(defined["title"]):
            found.append((defined, defined.start("title"), defined.end("title"), day))
        plain = _PLAIN.search(text, max(0, at - _NEAR), at)
        if plain and not titles and not defined and not _is_own(text, plain, at):
            found.append((plain, plain.start("title"), end, day))
        if titles and (_DATED.search(text, max(0, at - _NEAR), at) or _OF.search(text, max(0, at - 20), at)):
            best = max(titles, key=lambda m: (len(wanted & _weighty(m["title"])), len(m["title"].split()), m.start()))
            found.append((best, best.start("title"), end, day))
    for match in _NAMES.finditer(text):
        if len(match["title"].split()) > 1 and not _is_own(text, match, match.end()):
            found.append((match, *match.span("title"), None))

    def fits(row: tuple[re.Match[str], int, int, date | None]) -> tuple[int, bool, bool, int]:
        match, start, _, day = row
        return len(wanted & _weighty(match["title"])), not _amends(text, match), day is not None, -start

    fitting = [row for row in sorted(found, key=fits, reverse=True) if not wanted or wanted & _weighty(row[0]["title"])]
    return [(_clean_title(match["title"]), (start, end), day) for match, start, end, day in fitting]


def _is_own(text: str, match: re.Match[str], end: int) -> bool:
    """Whether a title and its date, which ends at `end`, are those of an instrument, and not of what it amends."""
    start = match.start("title")
    if re.search(r"\bthis\s+(?:\w+\s+){0,3}\Z", text[max(0, start - 50) : start], re.IGNORECASE):
        return True
    if _AMENDMENT.search(match["title"]) or match["title"].lower().startswith("this "):
        return True
    if re.search(r"\bthis\b", text[match.end("title") : end], re.IGNORECASE):  # "This Amendment is made on …"
        return True
    return _amends(text, match) and not re.match(r"\s+(?:dated|made|entered)\b", text[match.end("title") : end])


def _amends(text: str, match: re.Match[str]) -> bool:
    """Whether a title follows "Amendment No. 2 to the"."""
    start = match.start("title")
    return bool(_AMENDMENT_TO.search(text, max(0, start - 60), start))


def _clean_title(raw: str) -> str:
    """A title as it is cited: to its last word for a kind of document, and without "the"; empty without such a word."""
    words = re.split(r"[(“\"]|\b(?:dated|between|by\s+and)\b", " ".join(raw.split()), maxsplit=1, flags=re.IGNORECASE)[
        0
    ]
    words = re.sub(
        r"^(?:to\s+|of\s+)?(?:(?:the|that|certain|a|an)\s+)*", "", words[:_LONGEST_TITLE], flags=re.IGNORECASE
    )
    kinds = list(re.finditer(rf"\b{_KINDS}s?\b", words, re.IGNORECASE))
    return words[: kinds[-1].end()].strip(" ,.;:–—-_*") if kinds else ""


LIGHT_WORDS = frozenset(  # of a title, which tell no agreement from another
    "principal original existing main the a an of and or for to in on by with agreement amended restated".split()
)


def _weighty(title: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W_]+", title.lower())) - LIGHT_WORDS
