"""Where a contract refers to another place of its own, and which clause of the outline that is.

"Sections 2.1 and 2.3" are two references, "paragraph (c) above" is read from where it stands, "this Section" is the clause
around it. What belongs to something else (Section 409A of the Code, Article 6 of the GDPR, Section 5 of the Master
Agreement, Section 3 thereof) is external and never leads into the contract: in doubt a reference is external. One of the
contract's own that leads nowhere has no target; that is a finding.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from retrieval.clauses import Clause, clause_at, ordinal, outline
from retrieval.documents import PAGE_BREAK, Document, Span
from retrieval.flowing import flowing_text
from retrieval.layout import lines

_TITLE = (
    600  # characters in which a document names itself; an exhibit that begins there is the filing's, not the contract's
)
_HEAD = 8  # characters from the beginning of a clause to its own number, which is no reference
_BESIDE = 120  # characters looked at before and after a reference
_PARTS = "exhibit schedule appendix annex annexure attachment addendum".split()

_KIND = (
    r"(?P<kind>(?:sub-?)?(?:sections?|clauses?|paragraphs?|articles?)|§{1,2}|exhibits?|schedules?|appendix|appendices|annex(?:es|ures?)?"
    r"|attachments?|addend(?:um|a)|secs?\.|arts?\.)"
)
_PAREN = r"\((?:[a-z]{1,2}|[ivxl]{1,5}|\d{1,2})\)"
_NUMBER = rf"(?:\d{{1,4}}(?:\.\d{{1,3}})*[A-Z]?(?:-\d+)?\b(?:\s?{_PAREN})*|{_PAREN}(?:\s?{_PAREN})*|[IVXL]+\b(?:\s?{_PAREN})*|[A-Z](?:-?\d{{1,2}})?\b)"
_MARK = "[“”\"'‘’]?"
_AND = r"\s*(?:,?\s*(?:and/or|and|or|to|through|&)|,|[–-])\s*"
_REFERENCE = re.compile(
    rf"(?<!\w)(?:(?P<this>this\s+){_KIND}(?!\s*{_NUMBER})|{_KIND.replace('kind', 'kinds')}\s*(?P<numbers>{_MARK}{_NUMBER}{_MARK}(?:{_AND}{_MARK}{_NUMBER}{_MARK}(?!\w))*))",
    re.IGNORECASE,
)
_ONE = re.compile(_NUMBER)

_STATUTE = r"(?:Act|Code|Laws?|Statutes?|Regulations?|Rules?|Ordinance|Directive|Treaty|Convention|Constitution|Decree|U\.?S\.?C\.?A?\.?|C\.?F\.?R\.?|Reg\.|Stat\.|GDPR|ERISA)"
_AFTER_STATUTE = re.compile(rf"\b{_STATUTE}(?:\s+of\s+\d{{4}})?(?:,?\s+as\s+amended)?[,\s(]*(?:at\s+)?\Z")
_ASIDE = r"(?:\.[a-z]\b)?\s*(?:\([^()]{0,80}\)\s*|\[[^\[\]]{0,80}\]\s*)?,?\s*"  # "Section 8.2 (Price) of"
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
    rf"(?:the\s+|such\s+|that\s+)?(?P<kind>{'|'.join(_PARTS)}|section|article|clause|paragraph)s?\b", re.IGNORECASE
)
_ITSELF = re.compile(r"the\s+(?:Agreement|Contract|Lease|Deed)\b(?!\s+(?:dated|between|by|for|of|and\s+[A-Z]))")
# After "in" or "to" only what is a document or a law is another's: "Section 8.2 in the event" is not.
_ANOTHER = re.compile(
    rf"(?:(?:the|that|such|its|an?|any|each)\s+(?:certain\s+)?)?(?:[A-Z][\w.&’'-]*\s+(?:and\s+|of\s+|for\s+|to\s+)?){{0,6}}"
    rf"(?:{_STATUTE}|Agreement|Contract|Lease|Indenture|Plan|Deed|Note|Form|Tariff|Charter|Bylaws|Guidelines?|Terms|Conditions|Letter|Policy|SOW|Amendment)\b"
)
_AMENDMENT = re.compile(r"\bamend(?:ment|ing|ed)\b|\baddendum\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reference:
    """A place that the contract names: `target` is its clause; None where it is external, or leads nowhere."""

    span: Span  # of the words that name it
    label: str  # "Section 8.2(b)"
    target: Clause | None
    external: bool


@lru_cache(maxsize=16)
def find_references(document: Document) -> tuple[Reference, ...]:
    """Every reference of a document in reading order; those on contents pages, and headings themselves, are none."""
    text = flowing_text(document)
    noise = [line for line in lines(document) if line.noise]
    noise_starts = [line.start for line in noise]
    heads = {clause.span.start for clause in outline(document)}
    out: list[Reference] = []
    for match in _REFERENCE.finditer(text):
        at = bisect_right(noise_starts, match.start()) - 1
        in_noise = at >= 0 and match.start() < noise[at].end
        line = max(text.rfind("\n", 0, match.start()), text.rfind(PAGE_BREAK, 0, match.start())) + 1
        leading = not text[line : match.start()].strip(" -*_•\t")
        alone = leading and not text[match.end() : max(text.find("\n", match.end()), match.end())].strip()
        if in_noise or alone or (leading and line in heads):  # on a line of its own it heads what follows
            continue
        out += _read(document, text, match)
    return tuple(out)


def _read(document: Document, text: str, match: re.Match[str]) -> Iterator[Reference]:
    if match["this"]:
        around = _around(document, match.start(), match["kind"].lower())
        if around:  # else "this Exhibit" is the filing's word for all of it
            yield Reference(document.span(*match.span()), around.label(), around, external=False)
        return
    kind = _one(match["kinds"])
    inside, external = _belongs(document, text, match)
    stem = ""  # of the number before: in "Sections 2.1(a) and (b)" the second is 2.1(b)
    for i, number in enumerate(_ONE.finditer(text, *match.span("numbers"))):
        start = match.start() if i == 0 else number.start()
        raw = "".join(number[0].split())
        raw = stem + raw if raw.startswith("(") else raw
        stem = raw[: raw.rfind("(")] if "(" in raw else ""
        label = f"{kind.title()} {raw}"
        target = None if external else _resolve(document, match.start(), kind, raw, inside)
        if target is None or not 0 <= start - target.span.start < _HEAD:
            yield Reference(document.span(start, number.end()), label, target, external)


def _one(kind: str) -> str:
    """The kind of place in the singular, as the outline and lawyers call it."""
    kind = kind.lower()
    irregular = {"appendices": "appendix", "annexes": "annex", "addenda": "addendum", "§": "section", "§§": "section"}
    kind = irregular.get(kind, kind).rstrip(".").removesuffix("s")
    return {"sec": "section", "art": "article"}.get(kind, kind)


def _belongs(document: Document, text: str, match: re.Match[str]) -> tuple[Clause | None, bool]:
    """The exhibit or schedule of the contract that a reference says it lies in, and whether it lies in something else."""
    before, end = text[max(0, match.start() - _BESIDE) : match.start()], match.end()
    if _AFTER_STATUTE.search(before) or _THEREOF.match(text, end) or _BEFORE_STATUTE.match(text, end):
        return None, True
    if _SHORT.match(text, end) and match["kinds"][-1] in ".§":
        return None, True
    if match["numbers"].startswith("(") and _RULE.search(before):
        return None, True
    follows = _NEXT.match(text, end)
    if follows and (after := _REFERENCE.match(text, follows.end())) and after["numbers"]:
        return _belongs(document, text, after)
    of = _OF.match(text, end)
    if not of or _THIS.match(of["what"]):
        return None, False
    if _ITSELF.match(of["what"]):
        return None, bool(_AMENDMENT.search(text[:_TITLE]))  # an amendment's "Section 3 of the Agreement" is of another
    if place := _PLACE.match(of["what"]):
        inner = _REFERENCE.match(text, of.start("what") + place.start("kind"))
        if inner and inner["numbers"]:
            nested, external = _belongs(document, text, inner)
            number = _ONE.search(text, *inner.span("numbers"))
            if external or place["kind"].lower() not in _PARTS or number is None:
                return nested, external
            return _resolve(document, match.start(), _one(inner["kinds"]), "".join(number[0].split()), None), False
        return None, of["of"].lower() == "of" and place["kind"].lower() in _PARTS
    return None, of["of"].lower() == "of" or bool(_ANOTHER.match(of["what"]))


def _around(document: Document, at: int, kind: str) -> Clause | None:
    """The clause that "this Section" or "this Article" means: the innermost one of its kind around it."""
    clauses = outline(document)
    chain = [clauses[i] for i in _chain(document, at)]
    if kind in _PARTS:
        return next((c for c in chain if c.number.lower().startswith(kind) and c.span.start > _TITLE), None)
    if kind == "article":
        return next((c for c in reversed(chain) if not _is_part(c)), None)
    if kind == "section":
        return next((c for c in chain if not c.number.endswith(")") and not _is_part(c)), chain[0] if chain else None)
    return chain[0] if chain else None


def _chain(document: Document, at: int) -> list[int]:
    """Indexes of the clauses around an offset, the innermost first."""
    clauses, found = outline(document), []
    i = clause_at(document, at)
    while i is not None:
        found.append(i)
        i = clauses[i].parent
    return found


def _is_part(clause: Clause) -> bool:
    return clause.number.partition(" ")[0].lower() in _PARTS


def _resolve(document: Document, at: int, kind: str, raw: str, inside: Clause | None) -> Clause | None:
    clauses = outline(document)
    if kind in _PARTS:
        wanted = f"{kind} {raw}".lower()
        return next((c for c in clauses if c.number.lower() == wanted), None)
    if raw.startswith("("):
        return _below(document, at, raw)
    number, marks = re.match(r"([^(]*)(.*)", raw).groups()  # type: ignore[union-attr]
    here = inside or _part_around(document, at)
    for part in dict.fromkeys([here, None] if inside is None else [inside]):
        own = [c for i, c in enumerate(clauses) if _part_of(document, i) == part]
        found = [c for c in own if _same(c.number, number, kind)]
        found = found or [c for c in own if c.number.startswith(f"{number}.")][:1]  # no line says 9: it begins at 9.1
        if found:
            top = min(
                found,
                key=lambda c: (
                    not c.number.startswith("Article") if kind == "article" else c.number.startswith("Article"),
                    c.depth,
                ),
            )
            return _marked(document, top, marks)
    return None


def _same(number: str, wanted: str, kind: str) -> bool:
    """Whether a clause has the number that is wanted: "Article IV" is also Article 4, and "3.0" is Section 3."""
    if number.removesuffix(".0") == wanted.removesuffix(".0"):
        return True
    word, _, value = number.partition(" ")
    return (
        word == "Article"
        and kind in ("article", "section", "clause", "paragraph")
        and ordinal(value) == (ordinal(wanted) or -1)
    )


def _marked(document: Document, clause: Clause, marks: str) -> Clause | None:
    """The clause below one under marks such as "(b)(ii)"; the one itself where its running text has them, else None."""
    deepest, rest = clause, marks
    for end in range(len(marks), 0, -1):
        below = next(
            (
                c
                for c in outline(document)
                if c.number == f"{clause.number}{marks[:end]}" and clause.span.contains(c.span)
            ),
            None,
        )
        if below:
            deepest, rest = below, marks[end:]
            break
    held = document.slice(deepest.span)
    return deepest if all(mark in held for mark in re.findall(r"\([^)]+\)", rest)) else None


def _below(document: Document, at: int, marks: str) -> Clause | None:
    """What "paragraph (c)" means where it stands: an item of a clause around it, or else of the running text there."""
    around = [outline(document)[i] for i in _chain(document, at)]
    for clause in around:
        if (found := _marked(document, clause, marks)) not in (None, clause):
            return found
    here = marks[: marks.index(")") + 1]  # once it is the reference itself
    return next((clause for clause in around if document.slice(clause.span).count(here) > 1), None)


@lru_cache(maxsize=16)
def _parts(document: Document) -> tuple[Clause | None, ...]:
    """For each clause the exhibit or schedule that holds it; None for those of the contract itself."""
    held: list[Clause | None] = []
    for clause in outline(document):
        own = clause if _is_part(clause) and clause.span.start > _TITLE else None
        held.append(own or (held[clause.parent] if clause.parent is not None else None))
    return tuple(held)


def _part_of(document: Document, index: int) -> Clause | None:
    return _parts(document)[index]


def _part_around(document: Document, at: int) -> Clause | None:
    chain = _chain(document, at)
    return _part_of(document, chain[0]) if chain else None
