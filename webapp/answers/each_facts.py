"""Answers for one document from its facts: its date, who signed it, its parties, its title.

"Which of my contracts are signed by Marta Quill?" asks for what is known of a document as a whole, and no clause says
it; a search for the words finds clauses on signing. A question that asks for more than the fact is left to the search.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from retrieval import Document, DocumentRecord, Facts, Span, own_words, pin_cite
from webapp.answers.document_row import DocumentAnswer, not_found
from webapp.grounding.check import word_for_word

MOST_CITED = 6  # parties or signatures of one document
_KIND = r"(?:(?P<kind>effective|signing|execution|signature|agreement|contract)\s+)?"
_MADE = r"(?:made|signed|dated|executed|entered\s+into|concluded)"
_BE = r"(?:(?:is|are|was|were|has\s+been|have\s+been)\s+)?"
_NAME = r"(?P<name>(?-i:[A-Z])[^?]*?)"
_EARLIEST, _LATEST = r"earliest|oldest", r"latest|newest|most\s+recent|youngest"


@dataclass(frozen=True, slots=True)
class FactAsked:
    """A fact that a question asks of each document: of whom (`name`), or which document has the first or last date."""

    fact: Literal["date", "signatures", "parties", "title"]
    name: str = ""
    pick: Literal["", "earliest", "latest"] = ""
    kind: str = ""  # of date


def _whole(*forms: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{form})" for form in forms), re.IGNORECASE)


_DATE = _whole(rf"(?:what\s+(?:is|are)\s+)?(?:the\s+|its\s+|their\s+)?{_KIND}dates?(?:\s+of)?")
_WHEN = _whole(rf"(?:when\s+)?{_BE}(?:they\s+|it\s+)?(?:all\s+|both\s+)?{_MADE}")
_ASKS_WHEN = re.compile(r"\b(?:when|(?:what|which|on\s+what)\s+(?:date|day))\b", re.IGNORECASE)
_PICKS = (
    _whole(rf"(?:which\s+)?(?:(?:is|are|was|has|have|bears?)\s+)?(?:the\s+)?(?P<pick>{_EARLIEST}|{_LATEST})"),
    _whole(
        rf"(?:which\s+)?(?:(?:has|have|bears?|carries|is|with)\s+)?(?:the\s+)?(?P<pick>{_EARLIEST}|{_LATEST}|first|last)\s+"
        rf"{_KIND}date"
    ),
    _whole(rf"{_BE}{_MADE}\s+(?:the\s+)?(?P<pick>first|last|earliest|latest|most\s+recently)"),
)
_SIGNED_BY = (
    _whole(rf"{_BE}(?:signed|executed|countersigned)\s+by\s+{_NAME}"),
    _whole(rf"bears?\s+{_NAME}[’']s\s+signature"),
)
_WHO_SIGNED = _whole(
    r"who\s+(?:has\s+|have\s+)?(?:signed|executed)(?:\s+(?:it|(?:each|every|all)(?:\s+[\w’'-]+){0,4}))?",
    r"(?:who\s+(?:is|are)\s+)?(?:the\s+)?signator(?:y|ies)",
)
_PARTY = (
    _whole(
        rf"(?:in\s+)?(?:(?:is|are|was|were)\s+)?{_NAME}\s+(?:is\s+|are\s+)?(?:a\s+|one\s+of\s+the\s+)?part(?:y|ies)(?:\s+to)?"
    ),
    _whole(rf"(?:ha(?:s|ve)|names?|lists?|includes?|with)\s+{_NAME}\s+as\s+(?:a\s+|one\s+of\s+the\s+)?part(?:y|ies)"),
    _whole(rf"{_BE}(?:{_MADE}\s+)?(?:with|between)\s+{_NAME}"),
)
_PARTIES = _whole(
    r"(?:(?:who|what)\s+(?:is|are)\s+)?(?:the\s+)?(?:names\s+of\s+(?:the\s+)?)?"
    r"(?:contracting\s+)?part(?:y|ies)(?:\s+to)?"
)
_TITLE = _whole(r"(?:what\s+(?:is|are)\s+)?(?:the\s+)?titles?(?:\s+of)?")
_CONDITION = re.compile(
    r",|\b(?:if|that|which|who|when|where|before|after|until|since|on|without|because|but|or|not)\b", re.IGNORECASE
)


def fact_asked(question: str, of_one: str) -> FactAsked | None:
    """The fact that a question asks of each document, and nothing else; `of_one` is what it asks of one."""
    asked = " ".join(of_one.split()).strip(" ?.!")
    for pattern in _PICKS:
        if found := pattern.fullmatch(asked):
            is_first = re.fullmatch(rf"{_EARLIEST}|first", found["pick"], re.IGNORECASE)
            return FactAsked("date", pick="earliest" if is_first else "latest", kind=_kind_of(found))
    if found := _DATE.fullmatch(asked):
        return FactAsked("date", kind=_kind_of(found))
    if _WHEN.fullmatch(asked) and _ASKS_WHEN.search(question):
        return FactAsked("date", kind="signed" if "signed" in asked.lower() else "")
    if _WHO_SIGNED.fullmatch(asked):
        return FactAsked("signatures")
    if _PARTIES.fullmatch(asked):
        return FactAsked("parties")
    if _TITLE.fullmatch(asked):
        return FactAsked("title")
    facts: tuple[tuple[Literal["signatures", "parties"], Iterable[re.Pattern[str]]], ...] = (
        ("signatures", _SIGNED_BY),
        ("parties", _PARTY),
    )
    for fact, patterns in facts:
        for pattern in patterns:
            found = pattern.fullmatch(asked)
            name = next((each for each in found.groups() if each), "") if found else ""
            if name and not _CONDITION.search(name):
                return FactAsked(fact, name)
    return None


def _kind_of(found: re.Match[str]) -> str:
    kind = (found.groupdict().get("kind") or "").lower()
    return {"signing": "signed", "execution": "signed", "signature": "signed", "effective": "effective"}.get(kind, "")


def from_facts(asked: FactAsked, record: DocumentRecord, facts: Facts, document: Document) -> DocumentAnswer:
    """The row of a document as its facts have it; where they have nothing of it, the reason says so."""
    answer, spans, reason = _FINDERS[asked.fact](asked, facts)
    if not answer:
        return not_found(record, reason)
    cited = [
        word_for_word(n, pin_cite(document, span), own_words(document, span))
        for n, span in enumerate(dict.fromkeys(spans[:MOST_CITED]), 1)
    ]
    return DocumentAnswer(record, "found", answer, tuple(cited))


_Found = tuple[str, list[Span], str]  # the answer, where it stands, and why there is none


def day_of(asked: FactAsked, facts: Facts) -> date | None:
    """The date of a document, of the kind that is asked for if it has one."""
    dated = [each for each in facts.dates if each.value]
    return next((d.value for d in dated if d.kind == asked.kind), dated[0].value if dated else None)


def _date(asked: FactAsked, facts: Facts) -> _Found:
    day = day_of(asked, facts)
    if day is None:
        return "", [], "No date of its own was found in it."
    return written(day), [each.span for each in facts.dates if each.value == day][:1], ""


def _signatures(asked: FactAsked, facts: Facts) -> _Found:
    if not facts.signatures:
        return "", [], "No signature was found in it."
    names = list(dict.fromkeys(each.name or each.party for each in facts.signatures))
    said = ", ".join(name for name in names if name)
    if not asked.name:
        spans = [each.span for each in facts.signatures]
        return said, spans, "" if said else "Its signatures bear no name that could be read."
    spans = [s.span for s in facts.signatures if _is_person(asked.name, s.name) or is_named(asked.name, [s.party])]
    return ("yes" if spans else ""), spans, f"Its signatures are of {said}." if said else "Its signatures bear no name."


def _parties(asked: FactAsked, facts: Facts) -> _Found:
    if not facts.parties:
        return "", [], "No parties were found in it."
    said = ", ".join(party.name for party in facts.parties)
    if not asked.name:
        return said, [party.span for party in facts.parties], ""
    spans: list[Span] = []
    for names in ([asked.name], re.split(r"\s+and\s+", asked.name)):
        found = [[p.span for p in facts.parties if is_named(name, [p.name, *p.short_forms])] for name in names]
        if all(found):
            spans = [span for each in found for span in each]
            break
    return ("yes" if spans else ""), spans, f"Its parties are {said}."


def _title(_: FactAsked, facts: Facts) -> _Found:
    spans = [facts.title_span] if facts.title_span else []
    return facts.title, spans, "No title was found in it."


_FINDERS: Mapping[str, Callable[[FactAsked, Facts], _Found]] = {
    "date": _date,
    "signatures": _signatures,
    "parties": _parties,
    "title": _title,
}
_FORMS = frozenset(
    "inc incorporated corp corporation co company llc llp lp plc ltd limited gmbh ag sa sarl bv nv pty the".split()
)


def is_named(asked: str, names: Iterable[str]) -> bool:
    """Whether words name a company by its name, its beginning or a short form; its legal form need not be there."""
    words = _words(asked)
    return bool(words) and any(_words(name)[: len(words)] == words for name in names)


def _is_person(asked: str, name: str) -> bool:
    words = _words(asked)
    return bool(words) and set(words) <= set(_words(name))


def _words(name: str) -> list[str]:
    plain = re.sub(r"\.(?=\w)|[’']", "", name.casefold())
    return [word for word in re.findall(r"\w+", plain) if word not in _FORMS]


def written(day: date) -> str:
    """A day as an answer says it."""
    return f"{day:%B} {day.day}, {day.year}"


def picked(asked: FactAsked, rows: Sequence[DocumentAnswer], days: Mapping[str, date]) -> str:
    """Which document has the earliest or the latest date, in a sentence; "" where that is not asked."""
    if not asked.pick or not days:
        return ""
    day = (min if asked.pick == "earliest" else max)(days.values())
    names = " and ".join(f"“{row.record.name}”" for row in rows if days.get(row.record.id) == day)
    return f"The {asked.pick} date is {written(day)}: {names}."
