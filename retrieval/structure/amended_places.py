"""Finds what an instruction of an amendment changes: numbered places, defined terms, or the agreement as a whole."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from retrieval.structure.amending_instruments import NAME, NUMBER, ORDINAL, TITLE, number_of
from retrieval.structure.clause_marks import PARTS
from retrieval.structure.cross_references import named_places

_NEAR = 100  # characters before a number in which the words stand that say what it is to the instruction
_MOST_BETWEEN = 30  # numbers that "11.1 to 11.3" may stand for
_OUTER = frozenset(["article", *PARTS])
_LINKS = frozenset(["", ",", "and", "or", "to", "through", "&", ", and", ", or", "–", "-"])
_NEW = re.compile(r"\b(?:new|additional)\s+(?:and\s+\w+\s+)?\Z", re.IGNORECASE)
_OF_THIS = re.compile(
    r"\s*(?:\([^()]{0,80}\)\s*)?(?:(?:of|to|in)\s+(?:this|the)\s+(?:\w+\s+){0,2}(?:amendment|addendum|variation)\b"
    r"|(?:of|to|in)\s+this\s+(?:\w+\s+){0,2}(?:deed|letter)\b"
    r"|hereof\b|hereto\b|above\b|below\b)",
    re.IGNORECASE,
)
# "of Amendment No. 2", "of the Master Lease dated …", "of the Bankruptcy Code": the document that a place belongs to.
_AMENDING = (
    rf"(?:{ORDINAL}\s+)?(?:(?-i:(?!This\b|In\b)[A-Z])\w+\s+){{0,3}}?{NAME}(?:\s+{NUMBER.replace('?P<number>', '?:')})?"
)
_OF_AMENDMENT = re.compile(
    rf"\s*(?:\([^()]{{0,80}}\)\s*)?,?\s*(?:of|to|in|under)\s+(?:(?:the|that|said|such|certain)\s+){{0,2}}(?P<of>{_AMENDING})(?!\w)",
    re.IGNORECASE,
)
_OF_ANOTHER = re.compile(
    rf"\s*(?:\([^()]{{0,80}}\)\s*)?,?\s*(?:of|under)\s+(?:(?:the|that|said|such|certain|their)\s+){{0,2}}"
    rf"(?P<of>(?:[A-Z][\w.&’'-]*\s+){{0,6}}(?:Act|Code|Statute|Regulations?|Directive|Ordinance)\b"
    rf"|{TITLE.replace('?P<title>', '?:')})"
)
_DATED = re.compile(r",?\s+(?:dated|of|made)\s+(?:as\s+of\s+)?[^;:()]{0,24}?\d{4}")
_IN_AMENDMENT = re.compile(  # "In Amendment No. 2, Section 1"
    rf"(?:\A\W*(?:\d[\d.]*\W+)?|\b[Ii]n\s+)(?:the\s+)?(?P<of>{_AMENDING})(?:[’']s|,)?\s+\Z", re.IGNORECASE
)
# What stands before a place that only says where the change goes, or is mentioned.
_BESIDE = re.compile(
    r"\b(?:after|following|before|preceding|between|immediately\s+\w+|end\s+of|subject\s+to|pursuant\s+to"
    r"|accordance\s+with|defined\s+in|under|with)\s+(?:the\s+)?(?:\w+\s+)?\Z",
    re.IGNORECASE,
)
_PART = re.compile(
    r"\b(?:first|second|third|fourth|fifth|last|final|penultimate|opening|introductory|sixth|seventh|eighth|ninth"
    r"|tenth|\d{1,2}(?:st|nd|rd|th))\s+(?:full\s+)?(?:sentences?|paragraphs?|lines?|proviso|bullet(?:\s+point)?|row"
    r"|column|clause)\b[^.;:“”\"]{0,60}\Z",
    re.IGNORECASE,
)
TERM = re.compile(
    r"\b(?:definitions?|defined\s+terms?|terms?|meaning)\s+(?:of\s+)?(?:the\s+)?(?:terms?\s+|word\s+|phrase\s+)?(?:of\s+)?"
    r"[“\"‘']\s*(?P<term>[^“”\"‘’\n]{1,80}?)[,.]?\s*[”\"’']",
    re.IGNORECASE,
)
_HEADING = re.compile(r"(?:\s+(?:of|to)\s+the\s+(?:\w+\s+){0,4}\w+)?\s*\((?P<heading>[A-Z][^()“”\"]{2,60})\)")
# "The following clauses are deleted: 8.1, 8.2 and 9"
_FOLLOWING = re.compile(
    r"\bfollowing\s+(?P<kind>section|clause|article|paragraph)s\b[^:;]{0,60}:\s*"
    r"(?P<numbers>\d[\d.]*(?:\([a-z]{1,4}\))*(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+)\d[\d.]*(?:\([a-z]{1,4}\))*)*)",
    re.IGNORECASE,
)
# The second number of "Sections 5.1 (Price) and 5.2 (Invoicing)".
_HEADED = re.compile(
    r"\s*\([^()\d][^()]{0,60}\)\s*(?:,?\s*(?:and|or|to|through|&)|,)\s*"
    r"(?P<number>\d{1,3}(?:\.\d{1,3})*(?:\([a-z]{1,4}\))*)(?=\s*\()"
)


@dataclass(frozen=True, slots=True)
class Target:
    """What an instruction changes: a place ("Section 8.2(b)"), a defined term, or neither: the agreement as a whole."""

    kind: str = ""  # "section", "exhibit"; in the singular and small letters
    number: str = ""  # "8.2(b)"
    inside: str = ""  # the place that the number counts in: "Article V" of "Article V, Section 2"
    heading: str = ""  # as the instruction gives it: "Section 5.1 (Price)"
    term: str = ""
    new: bool = False  # it is not there before: "a new Section 4.5"
    part: bool = False  # only a part of it is meant, such as its first sentence
    of: str = ""  # the document that it is a place of, where the words say one: "Amendment No. 2"

    def label(self) -> str:
        """How it is cited: "Section 8.2(b)", "definition of “Term”", "the agreement"."""
        if self.term:
            return f"definition of “{self.term}”"
        place = f"{self.kind.title()} {self.number}" if self.number else "the agreement"
        place = f"{self.inside}, {place}" if self.inside else place
        return f"{place} of {self.of}" if self.of else place


WHOLE = Target()


def in_quotes(words: str, at: int) -> bool:
    """Whether a position is between quotation marks."""
    before = words[:at]
    return before.count("“") > before.count("”") or before.count('"') % 2 == 1


def named_targets(words: str, start: int, end: int, *, mentioned: bool = True) -> tuple[Target, ...]:
    """The terms whose definition words[start:end] name, else the places; those only mentioned where no other is,
    unless these do not count.
    """
    terms = [" ".join(m["term"].split()) for m in TERM.finditer(words, start, end)]
    if terms:
        return tuple(Target(term=term) for term in dict.fromkeys(terms))
    places: list[tuple[bool, Target]] = []
    beside, last, listed = False, -1, 0
    for kind, number, a, b in _places(words, start, end):
        of = _document_of(words, a, b)
        if (_OF_THIS.match(words, b) and not number_of(of)) or in_quotes(words, a):
            continue
        link = " ".join(words[last:a].split()) if 0 <= last <= a else "."
        before = places[-1][1] if places else WHOLE
        last = b
        if places and (one := _one_place(before, kind, number, link)):
            places[-1] = (beside, one)
        elif places and link in _LINKS:  # a list
            numbers = [*_between(before.number, number, link), number]
            places += [(beside, replace(before, kind=kind, number=n, heading="")) for n in numbers]
        else:
            near = words[max(0, a - _NEAR) : a]
            new = bool(_NEW.search(near))
            beside = bool(_BESIDE.search(near)) and not new
            heading = _HEADING.match(words, b)
            titled = heading["heading"] if heading else ""
            places.append((beside, Target(kind, number, heading=titled, new=new, part=bool(_PART.search(near)))))
            listed = len(places) - 1
        if of:  # "Sections 1 and 2 of Amendment No. 2" are both of it
            places[listed:] = [(rank, replace(each, of=each.of or of)) for rank, each in places[listed:]]
    only_beside = mentioned and all(rank for rank, _ in places)
    return tuple(dict.fromkeys(target for rank, target in places if rank == only_beside))


def _document_of(words: str, start: int, end: int) -> str:
    """The document that the place words[start:end] is said to be of, with its date; empty where none is named."""
    match = _OF_AMENDMENT.match(words, end) or _OF_ANOTHER.match(words, end)
    if match:
        dated = _DATED.match(words, match.end())
        return " ".join((match["of"] + (dated[0] if dated else "")).split())
    before = _IN_AMENDMENT.search(words[max(0, start - _NEAR) : start])
    return " ".join(before["of"].split()) if before else ""


def _places(words: str, start: int, end: int) -> Iterator[tuple[str, str, int, int]]:
    for listed in _FOLLOWING.finditer(words, start, end):
        for each in re.finditer(r"\d[\d.]*(?:\([a-z]+\))*", listed["numbers"]):
            at = listed.start("numbers") + each.start()
            yield listed["kind"].lower(), each[0].rstrip("."), at, at + len(each[0])
    for kind, number, a, b in named_places(words, start, end):
        yield kind, number, a, b
        at = b
        while match := _HEADED.match(words, at, end):
            at = match.end()
            yield kind, match["number"], at, at


def _one_place(before: Target, kind: str, number: str, link: str) -> Target | None:
    """The one place that two numbers name:
    "Article V, Section 2", "Section 2 of Article V", "paragraph (b) of Section 6".
    """
    if link == "of" and before.number.startswith("("):
        return replace(before, kind=kind, number=number + before.number)
    if link == "of" and kind != before.kind:
        return replace(before, inside=f"{kind.title()} {number}")
    if link in ("", ",") and before.kind in _OUTER and kind not in _OUTER:
        return replace(before, kind=kind, number=number, inside=f"{before.kind.title()} {before.number}")
    return None


def _between(first: str, last: str, link: str) -> list[str]:
    """The numbers between those of "11.1 to 11.3": 11.2."""
    a, b = re.fullmatch(r"(.*?)(\d{1,3})", first), re.fullmatch(r"(.*?)(\d{1,3})", last)
    if link not in ("to", "through", "–", "-") or not (a and b) or a[1] != b[1]:
        return []
    between = range(int(a[2]) + 1, int(b[2]))
    return [f"{a[1]}{n}" for n in between] if len(between) <= _MOST_BETWEEN else []


def below(subject: tuple[Target, ...], targets: tuple[Target, ...]) -> tuple[Target, ...]:
    """Targets under their subject: "subsection (b) thereof" is its (b), and what lies elsewhere is only mentioned."""
    stem = subject[0] if subject else WHOLE
    if not stem.number:
        return targets
    whole = [
        replace(t, kind=stem.kind, number=stem.number + t.number, of=stem.of) if t.number.startswith("(") else t
        for t in targets
    ]
    inside = re.compile(rf"{re.escape(stem.number)}(?:[.(].*)?")
    return tuple(t for t in whole if t.new or t.term or inside.fullmatch(t.number))
