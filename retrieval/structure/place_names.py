"""Reads the places that a question names ("Articles 4 to 6", "paragraph 3 of Schedule 2") and finds their clauses.

A contract's own references are `cross_references`; a question stands outside of the document, is written in any case,
with abbreviations and ranges, and may name what is not there: then the last that is there can be said.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from retrieval.core.documents import Document
from retrieval.structure.clause_lookup import find_clause
from retrieval.structure.clause_marks import ITEM, NUMERALS, ORDINALS, PARTS, ordinal
from retrieval.structure.clauses import Clause, outline

_MOST_PLACES = 24  # of one question
_BEFORE = 80  # characters before a place in which the law stands that it is of
_WIDEST_RANGE = 20  # numbers of "Sections 4 to 24" that are looked up
# "What does 8.1 say?": a number with dots that stands for the place itself.
_DOTTED = r"\d{1,3}(?:\.\d{1,3}){1,3}(?:\([a-z0-9]{1,4}\))*\s*(?:\b(?:say|provide|mean|require|state|cover)|[?.]*\Z)"
_BARE = rf"(?:\A|(?<=\bdoes )|(?<=\bread )|(?<=\bread me )|(?<=\bshow me )|(?<=\bquote ))(?={_DOTTED})"
_KINDS = {  # what a place may be called, and the pattern of it
    "section": rf"(?:sub-?)?sections?|§{{1,2}}|secs?\.?|ss?\.(?=\s?\d)|{_BARE}",
    "clause": r"(?:sub-?)?clauses?|cls?\.?(?=\s?\d)",
    "paragraph": r"(?:sub-?)?paragraphs?|paras?\.?|¶{1,2}",
    "article": r"articles?|arts?\.?(?=\s?[\dIVX])",
    "chapter": r"chapters?",
    "part": r"parts?",
    "exhibit": r"exhibits?",
    "schedule": r"schedules?",
    "appendix": r"appendix|appendices",
    "annex": r"annex(?:es)?",
    "annexure": r"annexures?",
    "attachment": r"attachments?",
    "addendum": r"addend(?:um|a)",
    "recital": r"recitals?",
}
_HEADED = (*PARTS, "part", "chapter", "recital")  # places whose headings name their kind
_TOP = re.compile(r"(?:Article )?(?:\d{1,3}(?:\.0)?|[IVXL]+)")  # a number of the outermost level
_OUTER_FIRST = (*PARTS, "part", "chapter", "article", "section", "clause")
_NUMERALS, _ORDINALS = NUMERALS[:15], ORDINALS[:10]
_LOWER_ROMAN = r"(?:ii|iii|iv|vi{0,3}|ix|xi{0,3}|xiv|xv|xvi{0,3}|xix|xx)"
_NUMBER = (
    rf"(?:\d{{1,24}}(?:\.\d{{1,3}})*(?-i:[A-Z])?(?:-\d+)?(?!\w)(?:\s?{ITEM})*|{ITEM}(?:\s?{ITEM})*"
    rf"|(?:(?-i:[IVXL]+)|{_LOWER_ROMAN})\b(?!['’]|\s+(?:am|can|do|have|may|must|need|should|want|will)\b)(?:\s?{ITEM})*"
    rf"|(?:{'|'.join(_NUMERALS)})\b|(?-i:[A-HJ-Z]|I(?=-?\d))(?:-?\d{{1,2}})?\b(?!['’])|[b-hj-z]\b(?!['’])"
    r"|a(?=\s*(?:[?.,;:)]|\Z)|\s+(?:and|or|to|&)\s+[a-z]\b))"
)
_AND = r"\s*+(?P<and>,?\s*+(?:and/or|and|or|&)|,)\s*+"
_TO = r"\s*+(?:to|through|thru|until|[–—-])\s*+"
_MARK = "[“”\"'‘’]?"
_PLACE = re.compile(
    rf"(?<![\w.])(?:(?P<nth>{'|'.join(_ORDINALS)})\s+(?P<noun>exhibit|schedule|appendix|annex|annexure|attachment|article)\b"
    rf"|(?:{'|'.join(f'(?P<{kind}>{pattern})' for kind, pattern in _KINDS.items())})"
    rf"(?:\s+|(?<=[§¶.])|(?=\()|(?={_DOTTED}))(?:numbers?\s+|nos?\.?\s*)?(?P<numbers>{_MARK}{_NUMBER}{_MARK}"
    rf"(?:(?:{_AND.replace('P<and>', ':')}|{_TO}){_MARK}{_NUMBER}{_MARK}(?!\w))*))",
    re.IGNORECASE,
)
_ONE = re.compile(rf"(?P<to>{_TO})?(?:{_AND})?{_MARK}(?P<number>{_NUMBER})", re.IGNORECASE)
_INSIDE = re.compile(r",?\s+(?:of|in|to|under|from|at)\s+(?:the\s+)?", re.IGNORECASE)
_BESIDE = re.compile(r"\s*,?\s*")
_LAW = (
    r"(?:Act|Code|Laws?|Statutes?|Regulations?|Rules?|Ordinance|Directive|Treaty|Convention|Constitution|U\.?S\.?C\.?A?"
    r"|C\.?F\.?R|GDPR|ERISA|UCC)(?!\w)"
)
_OF_A_LAW = re.compile(rf",?\s+(?:(?:of|under|in)\s+)?(?:the\s+)?(?:[A-Z][\w.&’'-]*\s+){{0,6}}{_LAW}")
_AFTER_A_LAW = re.compile(rf"\b{_LAW}\.?(?:\s+of\s+\d{{4}})?[,\s(]*\Z")


@dataclass(frozen=True, slots=True)
class PlaceName:
    """A place as a question names it: its kind ("section", "exhibit"), its number, and the place that it lies in."""

    kind: str
    number: str
    inside: "PlaceName | None" = None

    def label(self) -> str:
        """How it is cited: "Section 7.2(b)", "Exhibit B", "Schedule 2, paragraph 3"."""
        number = self.number.upper() if self.kind in (*_HEADED, "article") else self.number
        return f"{self.inside.label()}, {self.kind} {number}" if self.inside else f"{self.kind.title()} {number}"


def first_place(question: str) -> re.Match[str] | None:
    """The first place that a question names, other than one of a law."""
    return next((m for m in _PLACE.finditer(question) if not _is_of_a_law(question, m)), None)


def named_places(question: str) -> tuple[tuple[PlaceName, ...], str]:
    """The places that a question names, in its order, and the question without them. Those of laws are left out."""
    matches = [m for m in _PLACE.finditer(question) if not _is_of_a_law(question, m)]
    places: list[PlaceName] = []
    i = 0
    while i < len(matches):
        names = list(_numbers(matches[i]))
        after = matches[i + 1] if i + 1 < len(matches) else None
        if after and (other := list(_numbers(after))):
            between = question[matches[i].end() : after.start()]
            if _INSIDE.fullmatch(between) and _is_outer(other[0], names[0]):
                names = [replace(name, inside=other[0]) for name in names]
                i += 1
            elif _BESIDE.fullmatch(between) and _is_outer(names[-1], other[0]):
                names = [replace(name, inside=names[-1]) for name in other]
                i += 1
        places += names
        i += 1
    return tuple(dict.fromkeys(places))[:_MOST_PLACES], _PLACE.sub(" ", question)


def _is_outer(outer: PlaceName, inner: PlaceName) -> bool:
    ranks = [_OUTER_FIRST.index(n.kind) if n.kind in _OUTER_FIRST else len(_OUTER_FIRST) for n in (outer, inner)]
    return ranks[0] < ranks[1]


def _is_of_a_law(question: str, match: re.Match[str]) -> bool:
    before = question[max(0, match.start() - _BEFORE) : match.start()]
    return bool(_OF_A_LAW.match(question, match.end()) or _AFTER_A_LAW.search(before))


def _numbers(match: re.Match[str]) -> Iterator[PlaceName]:
    """Each place of one mention: "Sections 4 to 6 and 9" are four, "Sections 2.1(a) and (b)" two."""
    if match["nth"]:
        yield PlaceName(match["noun"].lower(), str(_ORDINALS.index(match["nth"].lower()) + 1))
        return
    kind = next(kind for kind in _KINDS if match[kind] is not None)
    before = ""
    for one in _ONE.finditer(match["numbers"]):
        raw = "".join(one["number"].split())
        number = str(ordinal(raw)) if raw.lower() in _NUMERALS else raw
        if number.startswith("(") and "(" in before:
            number = before[: before.rfind("(")] + number
        between = _between(before, number) if one["to"] else ()
        yield from (PlaceName(kind, n) for n in (*between, number))
        before = number


def _between(first: str, last: str) -> Sequence[str]:
    """The numbers between the ends of a range: 5 between 4 and 6, 2.2 between 2.1 and 2.3, B between A and C."""
    stem, _, a = first.rpartition(".")
    other, _, b = last.rpartition(".")
    lead = f"{stem}." if stem else ""
    if a.isdigit() and b.isdigit() and (stem == other or not other):
        return [f"{lead}{n}" for n in range(int(a) + 1, int(b))][:_WIDEST_RANGE]
    if len(first) == len(last) == 1 and first.isalpha() and last.isalpha():
        return [chr(n) for n in range(ord(first.upper()) + 1, ord(last.upper()))][:_WIDEST_RANGE]
    return ()


def find_named(document: Document, name: PlaceName) -> Clause | None:
    """The clause of the outline that a name means; None where there is none."""
    outer = find_named(document, name.inside) if name.inside else None
    if name.inside and outer is None:
        return None
    if name.kind in _HEADED:
        exact = find_clause(document, 0, name.kind, name.number, None) if name.kind in PARTS and not outer else None
        return exact or _headed(document, name, outer)
    at = outer.span.start if outer else 0
    for number in dict.fromkeys((name.number, str(ordinal(name.number) or name.number))):  # "Section II" is 2
        if found := find_clause(document, at, name.kind, number, outer):
            return found
    return _below(document, name, outer) if outer else _in_a_part(document, name.number)


def _headed(document: Document, name: PlaceName, outer: Clause | None) -> Clause | None:
    """A schedule, chapter or recital by its letter or number, as either writes it: "Schedule One" is "SCHEDULE 1"."""
    asked, value = name.number.strip("()").lower(), ordinal(name.number)
    for clause in outline(document):
        word, _, number = clause.number.rpartition(", ")[2].partition(" ")
        number = number.strip("()")
        is_number = number.lower() == asked or (value and ordinal(number) == value)
        if is_number and word.lower() == name.kind and (outer is None or outer.span.contains(clause.span)):
            return clause
    return None


def _below(document: Document, name: PlaceName, outer: Clause) -> Clause | None:
    """A clause that lies in another and whose number goes on from that one's: "paragraph (b) of Section 4" is 4(b)."""
    own = outer.local.rpartition(" ")[2]
    joined = {name.number, f"({name.number})"}
    joined |= {f"{stem}{each}" for stem in (own, f"{own}.", f"{ordinal(own)}.") for each in list(joined)}
    inside = (c for c in outline(document) if outer.span.contains(c.span) and c is not outer)
    return next((c for c in inside if c.local.removeprefix("Article ") in joined), None)


def _in_a_part(document: Document, number: str) -> Clause | None:
    """A clause that has the number in a schedule, where the contract itself has none of it."""
    return next((c for c in outline(document) if c.local == number and number[0] != "("), None)


@dataclass(frozen=True, slots=True)
class NotThere:
    """A place that a document does not have: what to say of it, and the clause nearest to it."""

    sentence: str
    nearest: Clause | None


def not_there(document: Document, name: PlaceName) -> NotThere | None:
    """Say that a place is not there, and which is the last; None where an outline may have missed it.

    It is said only of numbers past the last one, of a document that has numbers and does not write this one anywhere.
    """
    if name.inside or name.kind in ("recital", "part", "chapter") or _is_written(document, name):
        return None
    if name.kind in PARTS:
        parts = [c for c in outline(document) if c.kind == "part" and c.local.lower().startswith(f"{name.kind} ")]
        last = f"; the last is {parts[-1].label()}" if parts else ""
        return NotThere(f"There is no {name.label()} in this document{last}.", parts[-1] if parts else None)
    above, value = _above(name.number)
    around = find_clause(document, 0, name.kind, above, None) if above else None
    if above and around is None:
        return not_there(document, replace(name, number=above))
    last_one = _last(document, around, name.kind)
    if last_one is None or not value or value <= _value(last_one):
        return None
    of = f" of {_called(around, name)}" if around else ""
    last = f"the last{of} is {_called(last_one, name)}"
    return NotThere(f"There is no {name.label()} in this document; {last}.", around or last_one)


def _called(clause: Clause, name: PlaceName) -> str:
    """The label of a clause, a section being called what the question calls it: "Clause 12"."""
    return clause.label().replace("Section ", f"{name.kind.title()} ", 1) if name.kind != "article" else clause.label()


def _above(number: str) -> tuple[str, int]:
    """The number of the place above one, and the value of its own last part: "7.9" is the ninth below "7"."""
    if match := re.fullmatch(r"(.*)\((\w+)\)", number):
        raw = match[2]
        return match[1], ordinal(raw) if raw.isdigit() else ord(raw[0].lower()) - 96 if len(raw) == 1 else 0
    above, _, last = number.rpartition(".")
    return above, ordinal(last)


def _value(clause: Clause) -> int:
    return _above(clause.local.removeprefix("Article ").removesuffix(".0"))[1]


def _last(document: Document, around: Clause | None, kind: str) -> Clause | None:
    """The last clause of a document's own numbering, articles where they are asked for; or directly below a clause."""
    clauses = outline(document)
    if around is None:
        own = [c for c in clauses if c.root is None and _TOP.fullmatch(c.local)]
        of_kind = [c for c in own if (c.kind == "article") == (kind == "article")]
        return max(of_kind or own, key=_value, default=None)
    index = clauses.index(around)
    return max((c for c in clauses if c.parent == index), key=_value, default=None)


def _is_written(document: Document, name: PlaceName) -> bool:
    """Whether a document writes a number as that of a place, alone or in a list, or at the beginning of a line."""
    number = re.escape(name.number)
    if name.kind in PARTS:
        return bool(re.search(rf"\b{name.kind}s?\b[^.;]{{0,30}}\b{number}\b", document.text, re.IGNORECASE))
    others = r"(?:[\w.()]{1,12}(?:,\s*|\s+(?:and|or|to|through)\s+)){0,6}"
    listed = rf"(?:section|clause|article|paragraph|§)s?\s*{others}{number}(?![\w.(])"
    begins = rf"^[ \t]*{number}(?:\.0)?[.):]?[ \t]+[A-Z“\"]"
    return bool(re.search(listed, document.text, re.I) or re.search(begins, document.text, re.M))
