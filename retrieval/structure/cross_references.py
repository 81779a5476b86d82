"""Finds cross-references: where a contract refers to another place of its own, and which clause of the outline that is.

"Sections 2.1 and 2.3" are two references, "paragraph (c) above" is read from where it stands, "this Section" is the
clause around it. What belongs to something else (Section 409A of the Code, Article 6 of the GDPR, Section 5 of the
Master Agreement, Section 3 thereof) is external and never leads into the contract: in doubt a reference is external.
One of the contract's own that leads nowhere has no target; that is a finding.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from retrieval.core.cache import document_cache
from retrieval.core.documents import PAGE_BREAK, Document, Span
from retrieval.structure.clause_lists import TITLE_LENGTH
from retrieval.structure.clause_lookup import clause_around, find_clause
from retrieval.structure.clause_marks import ITEM, PARTS
from retrieval.structure.clauses import Clause, outline
from retrieval.structure.layout import lines
from retrieval.structure.reflow import flowing_text

_HEAD = 8  # characters from the beginning of a clause to its own number, which is no reference
_BESIDE = 120  # characters looked at before and after a reference
_LINE = 2_000  # characters of a line before and after a reference; in a longer one it stands neither first nor alone
_LONGEST_STEM = 60  # characters of a number that the next one may belong to
_MOST_REFERENCES = 100_000  # of one document; 10,000 pages of contracts have half as many
_MOST_NESTED = 100  # references in a row that each say where the one before it lies

_KIND = (
    r"(?P<kind>(?:sub-?)?(?:sections?|clauses?|paragraphs?|articles?)|§{1,2}|exhibits?|schedules?|appendix|appendices"
    r"|annex(?:es|ures?)?"
    r"|attachments?|addend(?:um|a)|secs?\.|arts?\.)"
)
_NUMBER = (
    rf"(?:\d{{1,4}}(?:\.\d{{1,3}})*[A-Z]?(?:-\d+)?\b(?:\s?{ITEM})*|{ITEM}(?:\s?{ITEM})*|[IVXL]+\b(?:\s?{ITEM})*"
    rf"|[A-Z](?:-?\d{{1,2}})?\b)"
)
_MARK = "[“”\"'‘’]?"
_AND = r"\s*+(?:,?\s*+(?:and/or|and|or|to|through|&)|,|[–-])\s*+"
_REFERENCE = re.compile(
    rf"(?<!\w)(?:(?P<this>this\s+){_KIND}(?!\s*{_NUMBER})|{_KIND.replace('kind', 'kinds')}\s*"
    rf"(?P<numbers>{_MARK}{_NUMBER}{_MARK}(?:{_AND}{_MARK}{_NUMBER}{_MARK}(?!\w))*))",
    re.IGNORECASE,
)
_ONE = re.compile(rf"(?<![^\W\d_]){_NUMBER}")  # and not the D of "3.1 AND 3.2"

_STATUTE = (
    r"(?:Act|Code|Laws?|Statutes?|Regulations?|Rules?|Ordinance|Directive|Treaty|Convention|Constitution|Decree"
    r"|U\.?S\.?C\.?A?\.?|C\.?F\.?R\.?|Reg\.|Stat\.|GDPR|ERISA)"
)
_AFTER_STATUTE = re.compile(rf"\b{_STATUTE}(?:\s+of\s+\d{{4}})?(?:,?\s+as\s+amended)?[,\s(]*(?:at\s+)?\Z")
_ASIDE = r"(?:\.[a-z]\b)?\s*+(?:\([^()]{0,80}\)\s*+|\[[^\[\]]{0,80}\]\s*+)?,?\s*+"  # "Section 8.2 (Price) of"
_THEREOF = re.compile(rf"{_ASIDE}(?:thereof|thereto|thereunder|therein)\b", re.IGNORECASE)
_BEFORE_STATUTE = re.compile(rf",?\s+(?:[A-Z][\w.&’'-]*\s+){{0,4}}{_STATUTE}(?!\w)")
_SHORT = re.compile(r"\s+[A-Z]{2,6}\b")  # "Sec. 2 AMG" is of a law
_RULE = re.compile(r"\bRules?\s+\d[^.;]*\Z")  # "Rule 433 (without reliance on subsection (b))"
_NEXT = re.compile(r",?\s*(?:(?:and|or)\s+)?")  # "Article VIII, Section 1 of the Tariff" is all of it the Tariff's
_OF = re.compile(rf"{_ASIDE}(?P<of>of|under|in|to),?\s+(?P<what>[^.;]{{1,80}})", re.IGNORECASE)
_THIS = re.compile(
    r"(?:this\b|the\s+present\b|hereof\b|(?:the\s+)?main\s+body\b|(?:the|any|each|such)\s+foregoing\b)", re.IGNORECASE
)
_PLACE = re.compile(
    rf"(?:the\s+|such\s+|that\s+)?(?P<kind>{'|'.join(PARTS)}|section|article|clause|paragraph)s?\b", re.IGNORECASE
)
_ITSELF = re.compile(r"the\s+(?:Agreement|Contract|Lease|Deed)\b(?!\s+(?:dated|between|by|for|of|and\s+[A-Z]))")
# After "in" or "to" only what is a document or a law is another's: "Section 8.2 in the event" is not.
_ANOTHER = re.compile(
    rf"(?:(?:the|that|such|its|an?|any|each)\s+(?:certain\s+)?)?"
    rf"(?:[A-Z][\w.&’'-]*\s+(?:and\s+|of\s+|for\s+|to\s+)?){{0,6}}"
    rf"(?:{_STATUTE}|Agreement|Contract|Lease|Indenture|Plan|Deed|Note|Form|Tariff|Charter|Bylaws|Guidelines?|Terms"
    rf"|Conditions|Letter|Policy|SOW|Amendment)\b"
)
_AMENDMENT = re.compile(r"\bamend(?:ment|ing|ed)\b|\baddendum\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reference:
    """A place that the contract names: `target` is its clause; None where it is external, or leads nowhere."""

    span: Span  # of the words that name it
    label: str  # "Section 8.2(b)"
    target: Clause | None
    external: bool


_Known = dict[int, tuple[Clause | None, bool]]


@document_cache()
def find_references(document: Document) -> tuple[Reference, ...]:
    """Every reference of a document in reading order; those on contents pages, and headings themselves, are none."""
    text = flowing_text(document)
    noise = [line for line in lines(document) if line.noise]
    noise_starts = [line.start for line in noise]
    heads = {clause.span.start for clause in outline(document)}
    out: list[Reference] = []
    known: _Known = {}
    for match in _REFERENCE.finditer(text):
        at = bisect_right(noise_starts, match.start()) - 1
        in_noise = at >= 0 and match.start() < noise[at].end
        edge = max(0, match.start() - _LINE)
        line = max(text.rfind("\n", edge, match.start()), text.rfind(PAGE_BREAK, edge, match.start()), edge - 1) + 1
        leading = not text[line : match.start()].strip(" -*_•\t")
        alone = leading and not text[match.end() : match.end() + _LINE].partition("\n")[0].strip()
        if in_noise or alone or (leading and line in heads):  # on a line of its own it heads what follows
            continue
        out += islice(_read(document, text, match, known), _MOST_REFERENCES - len(out))
        if len(out) == _MOST_REFERENCES:
            break
    return tuple(out)


def _read(document: Document, text: str, match: re.Match[str], known: _Known) -> Iterator[Reference]:
    if match["this"]:
        around = clause_around(document, match.start(), match["kind"].lower())
        if around:  # else "this Exhibit" is the filing's word for all of it
            yield Reference(document.span(*match.span()), around.label(), around, external=False)
        return
    inside, external = _belongs(document, text, match, known)
    for kind, raw, start, end in _numbers(match):
        label = f"{kind.title()} {raw}"
        target = None if external else find_clause(document, match.start(), kind, raw, inside)
        if target is None or not 0 <= start - target.span.start < _HEAD:
            yield Reference(document.span(start, end), label, target, external)


def named_places(text: str, start: int, end: int) -> Iterator[tuple[str, str, int, int]]:
    """Every place that words name, whatever it is of: its kind ("section"), its number ("8.2(b)"), start and end."""
    for match in _REFERENCE.finditer(text, start, end):
        if match["numbers"]:
            yield from _numbers(match)


def _numbers(match: re.Match[str]) -> Iterator[tuple[str, str, int, int]]:
    kind = _one(match["kinds"])
    stem = ""  # of the number before: in "Sections 2.1(a) and (b)" the second is 2.1(b)
    for i, number in enumerate(_ONE.finditer(match.string, *match.span("numbers"))):
        raw = "".join(number[0].split())
        raw = stem + raw if raw.startswith("(") else raw
        stem = raw[: raw.rfind("(")][:_LONGEST_STEM] if "(" in raw else ""
        yield kind, raw, match.start() if i == 0 else number.start(), number.end()


def _one(kind: str) -> str:
    """The kind of place in the singular, as the outline and lawyers call it."""
    kind = kind.lower()
    irregular = {"appendices": "appendix", "annexes": "annex", "addenda": "addendum", "§": "section", "§§": "section"}
    kind = irregular.get(kind, kind).rstrip(".").removesuffix("s")
    return {"sec": "section", "art": "article"}.get(kind, kind)


def _belongs(
    document: Document, text: str, match: re.Match[str], known: _Known, nested: int = 0
) -> tuple[Clause | None, bool]:
    """The exhibit or schedule of the contract that a reference says it lies in, and whether it lies in something else.

    `known` keeps it by where the reference begins: each one in a row of them asks the next.
    """
    if nested > _MOST_NESTED:
        return None, True
    if match.start() not in known:
        known[match.start()] = _find_whole(document, text, match, known, nested)
    return known[match.start()]


def _find_whole(
    document: Document, text: str, match: re.Match[str], known: _Known, nested: int
) -> tuple[Clause | None, bool]:
    before, end = text[max(0, match.start() - _BESIDE) : match.start()], match.end()
    if _AFTER_STATUTE.search(before) or _THEREOF.match(text, end) or _BEFORE_STATUTE.match(text, end):
        return None, True
    if _SHORT.match(text, end) and match["kinds"][-1] in ".§":
        return None, True
    if match["numbers"].startswith("(") and _RULE.search(before):
        return None, True
    follows = _NEXT.match(text, end)
    if follows and (after := _REFERENCE.match(text, follows.end())) and after["numbers"]:
        return _belongs(document, text, after, known, nested + 1)
    of = _OF.match(text, end)
    if not of or _THIS.match(of["what"]):
        return None, False
    if _ITSELF.match(of["what"]):
        # An amendment says in its title that it is one, and its "Section 3 of the Agreement" is of another.
        return None, bool(_AMENDMENT.search(text[:TITLE_LENGTH]))
    if place := _PLACE.match(of["what"]):
        inner = _REFERENCE.match(text, of.start("what") + place.start("kind"))
        if inner and inner["numbers"]:
            around, external = _belongs(document, text, inner, known, nested + 1)
            number = _ONE.search(text, *inner.span("numbers"))
            if external or place["kind"].lower() not in PARTS or number is None:
                return around, external
            return find_clause(document, match.start(), _one(inner["kinds"]), "".join(number[0].split()), None), False
        return None, of["of"].lower() == "of" and place["kind"].lower() in PARTS
    return None, of["of"].lower() == "of" or bool(_ANOTHER.match(of["what"]))
