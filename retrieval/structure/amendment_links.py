"""Links the amendments of a matter's documents to the agreements that they amend, and to the clauses of these.

An amendment names its agreement by title, date and parties. A document is that agreement where the date is among its
own and the title fits; without a date, where title and parties fit it alone. An agreement of other parties, of another
day or with another title is none, however alike: where nothing fits, the amendment stands alone. So does one that
others made, or that is older than the agreement, whatever it quotes. What an amendment says of an earlier one of the
same agreement is linked to that one, and never to a later one, so that no two amend each other.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from retrieval.core.cache import document_cache
from retrieval.core.documents import Document, Span
from retrieval.structure.amended_places import Target
from retrieval.structure.amending_instruments import LIGHT_WORDS, AmendedAgreement, number_of
from retrieval.structure.amendments import Amendment
from retrieval.structure.clause_lookup import find_clause
from retrieval.structure.clause_marks import PARTS, ordinal
from retrieval.structure.clauses import Clause, clause_at, headings_above, outline
from retrieval.structure.definitions import defined
from retrieval.structure.facts import Facts

_WITHIN = 6_000  # characters; an instrument that begins later amends the document that it is part of, or another
_DATED = 10.0  # a fit from which a date bears a link out
_DAY_ALONE = 0.5  # where neither title nor parties are told: of one document alone
_MOST_COPIES = 8  # of one agreement, each of which is linked
_MOST_PLACES = 200  # in one agreement, of words that are exchanged throughout
_FITS, _CONFLICTS = 0.75, 0.5  # of the words of a title
_ALIKE = 0.35  # of the words of two clauses, one of which takes the other's place
_LIGHT = LIGHT_WORDS | {"contract", "deed", "no", "number"}
_FORMS = frozenset(
    "inc incorporated corp corporation co company llc llp lp ltd limited plc gmbh ag sa nv bv the and of".split()
)


Names = frozenset[frozenset[str]]  # of parties, each as its words


@dataclass(frozen=True, slots=True)
class Link:
    """An amendment, the document that makes it, and the one that it amends."""

    amendment: Amendment
    document_id: str  # of the amendment
    amended_id: str
    earlier: int = 0  # the number of the earlier amendment that it changes; 0 where it changes the agreement


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch of an agreement, the amendment that changes it, and what the amendment calls the stretch."""

    span: Span
    target: Target
    amendment: Amendment

    @property
    def ends(self) -> bool:
        """Whether the words are in force no longer, and not only some of them or with additions."""
        return self.amendment.action in ("deleted", "replaced", "restated") and not self.target.part

    @property
    def restates(self) -> bool:
        """Whether the agreement is restated as a whole, in a document of its own."""
        return self.amendment.action == "restated"


def link_amendments(matter: Mapping[str, Facts]) -> tuple[Link, ...]:
    """The links between the documents of a matter, by their facts; of each agreement in the order of its amendments."""
    parties = {id_: _parties(facts) for id_, facts in matter.items()}
    candidates = _candidates(matter)
    links = _links(matter, parties, candidates)
    for link in links:  # a party that came in by an amendment makes the next one
        parties[link.amended_id] = parties[link.amended_id] | parties[link.document_id]
    by_amended: dict[str, list[Link]] = {}
    every = _links(matter, parties, candidates)
    own = [link for link in every if any(not target.of for target in link.amendment.targets)]
    for link in (*own, *_of_earlier(every)):
        by_amended.setdefault(link.amended_id, []).append(link)
    for restated in [link for own in by_amended.values() for link in _also_restated(own)]:
        by_amended.setdefault(restated.amended_id, []).append(restated)
    ordered = (sorted(own, key=lambda link: _order(link.amendment, own)) for own in by_amended.values())
    return tuple(link for own in ordered for link in own)


def _of_earlier(links: Sequence[Link]) -> Iterator[Link]:
    """Links to the earlier amendments of the same agreement that amendments name: "Section 1 of Amendment No. 1"."""
    by_number: dict[tuple[str, int], list[Link]] = {}
    for link in links:
        by_number.setdefault((link.amended_id, link.amendment.of.number), []).append(link)
    for link in links:
        for number in dict.fromkeys(number_of(target.of) for target in link.amendment.targets if target.of):
            others = by_number.get((link.amended_id, number), []) if number else []
            if len({other.document_id for other in others}) == 1 and others[0].document_id != link.document_id:
                of, its = link.amendment.of, others[0].amendment.of
                if its.made < of.made if its.made and of.made else number < of.number:
                    yield Link(link.amendment, link.document_id, others[0].document_id, number)


def why_apart(matter: Mapping[str, Facts], document_id: str, amendment: Amendment, opening: str) -> str:
    """Why an amendment of a document that is linked to none changes nothing here, though its agreement is in the
    matter; empty where that is not. `opening`: the first words of the document, which may name others' agreement.
    """
    of, facts, parties = amendment.of, matter[document_id], _parties(matter[document_id])
    named_words = _all_words(opening)
    if named := next((target.of for target in amendment.targets if target.of), ""):
        return f"changes {named}, and nothing here is taken to be changed by it"
    for other, its in matter.items():
        if other != document_id and not _amends(its) and _fit(of, its, 1.0) >= _DATED:
            theirs = _parties(its)
            others = _own_fit(of, parties, theirs) < 0 or _signed_by_others(facts, its)
            if not others and _too_early(of, facts, its, itself=False):
                return "is dated before it, and is not taken to change it"
            if others and theirs and all(name <= named_words for name in theirs):
                return "is made by others than its parties, and is not taken to change it"
    return ""


def _candidates(matter: Mapping[str, Facts]) -> dict[date | None, list[str]]:
    """The documents that may be an agreement that another amends, by each of their days; those without one by None."""
    found: dict[date | None, list[str]] = {}
    for id_, facts in matter.items():
        days: set[date | None] = {each.value for each in facts.dates if each.value}
        for day in () if _amends(facts) else days or {None}:
            found.setdefault(day, []).append(id_)
    return found


def _amends(facts: Facts) -> bool:
    """Whether a document is an amendment itself and restates nothing: it is no agreement that another amends."""
    return any(a.of.span.start <= _WITHIN and a.action != "restated" for a in facts.amendments)


def _links(
    matter: Mapping[str, Facts], parties: Mapping[str, Names], candidates: Mapping[date | None, list[str]]
) -> list[Link]:
    every = list(dict.fromkeys(id_ for of_day in candidates.values() for id_ in of_day))
    links: list[Link] = []
    for id_, facts in matter.items():
        for of in dict.fromkeys(amendment.of for amendment in facts.amendments):
            near = [*candidates.get(of.day, ()), *candidates.get(None, ())] if of.day else every
            deep = of.span.start > _WITHIN  # it stands in the file of its own agreement, or in that of another
            fits = {
                other: _fit(of, matter[other], 1.0 if other == id_ else _own_fit(of, parties[id_], parties[other]))
                for other in near
                if (deep or other != id_)
                and not _too_early(of, facts, matter[other], itself=other == id_)
                and (of.succeeded or other == id_ or not _signed_by_others(facts, matter[other]))
            }
            links += [Link(a, id_, other) for other in _best(fits) for a in facts.amendments if a.of == of]
    return links


def _best(fits: Mapping[str, float]) -> list[str]:
    """The documents that fit best: several where a date bears them out, for they are copies; else one or none."""
    top = max(fits.values(), default=0.0)
    best = [other for other, fit in fits.items() if fit == top]
    return best[:_MOST_COPIES] if top >= _DATED or (top and len(best) == 1) else []


def _order(amendment: Amendment, links: Sequence[Link]) -> tuple[date, int, int]:
    """In the order of their days, else of their numbers: the first without a day stands where its number says."""
    number, made = amendment.of.number, amendment.of.made
    if made is None:
        before = [link.amendment.of for link in links if link.amendment.of.number < number]
        made = max((of.made for of in before if of.made), default=date.min if number else date.max)
    return made, number, amendment.span.start


def _also_restated(links: Sequence[Link]) -> Iterator[Link]:
    """Of the links to one agreement: a restated agreement takes the place of the amendments before it, too."""
    for link in links:
        if link.amendment.action != "restated":
            continue
        for other in {each.document_id: each for each in links}.values():
            earlier = _order(other.amendment, links)[:2] < _order(link.amendment, links)[:2]
            if earlier and other.document_id not in (link.document_id, link.amended_id):
                yield Link(link.amendment, link.document_id, other.document_id)


def _fit(of: AmendedAgreement, its: Facts, parties: float) -> float:
    """How well a document is the agreement that an amendment names; 0 where it is not."""
    title = _title_fit(of.title, its.title)
    days = {each.value for each in its.dates if each.value}
    if title < 0 or (of.day and days and of.day not in days) or parties < 0:
        return 0.0
    restated = ("restated" in of.title.lower()) == ("restated" in its.title.lower())
    if of.day and of.day in days and (title > 0 or parties > 0):
        return _DATED + title + max(parties, 0) + restated / 4
    if title == 1 and parties == 1:
        return title + parties + restated / 4
    return _DAY_ALONE if of.day and of.day in days else 0.0


def _title_fit(named: str, title: str) -> float:
    """1 where a title has the words of another, 0.5 where these have its own, 0 where either says nothing, else -1."""
    wanted, words = _words(named) - _LIGHT, _words(title) - _LIGHT
    if not wanted or not words:
        return 0.0
    share = len(wanted & words) / len(wanted)
    if share >= _FITS:
        return 1.0
    return 0.5 if words <= wanted else 0.0 if share >= _CONFLICTS else -1.0


def _parties_fit(ours: Names, theirs: Names) -> float:
    """1 where two documents have their parties in common, 0.5 for one of two, 0 where either names none, else -1."""
    if not ours or not theirs:
        return 0.0
    shared = sum(any(a <= b or b <= a for b in ours) for a in theirs)
    return -1.0 if not shared else 1.0 if shared >= min(2, len(ours), len(theirs)) else 0.5


def _own_fit(of: AmendedAgreement, ours: Names, theirs: Names) -> float:
    """How the parties of an amendment fit those of its agreement: one of them alone is enough only beside another that
    is said to have taken a place.
    """
    fit = _parties_fit(ours, theirs)
    return -1.0 if fit == 0.5 and not of.succeeded else fit


def _signed_by_others(ours: Facts, its: Facts) -> bool:
    """Whether an amendment is signed for companies none of which is a party of its agreement, or signs that."""
    signers = {_words(each.party) - _FORMS for each in ours.signatures} - {frozenset[str]()}
    called = (name for party in its.parties for name in (party.name, party.role, *party.short_forms))
    known = {_words(name) - _FORMS for name in (*called, *(each.party for each in its.signatures))} - {frozenset[str]()}
    return bool(signers and known) and not any(a <= b or b <= a for a in signers for b in known)


def _too_early(of: AmendedAgreement, ours: Facts, its: Facts, *, itself: bool) -> bool:
    """Whether all days of an amendment lie before those of a document, so that it cannot amend it."""
    own = {day for day in (of.made, *(() if itself else (each.value for each in ours.dates))) if day}
    days = {each.value for each in its.dates if each.value}
    return bool(own and days) and max(own) < min(days)


def _parties(facts: Facts) -> Names:
    names = (_words(party.name) - _FORMS for party in facts.parties)
    return frozenset(name for name in names if name)


def _all_words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W_]+", text.lower()))


_words = lru_cache(maxsize=16_384)(_all_words)  # of titles, names and headings: short, and asked for again and again


# What an amendment changes in its agreement


def changes_in(document: Document, links: Iterable[Link], words_of: Callable[[Span], str]) -> tuple[Change, ...]:
    """What these links, all to this document, change in it, in their order.

    `words_of` gives the words of a span of the document that amends it.
    """
    found: list[Change] = []
    for link in links:
        amendment = link.amendment
        old = words_of(amendment.old) if amendment.old and amendment.action == "words_exchanged" else ""
        for target in (t for t in amendment.targets if (number_of(t.of) == link.earlier if t.of else not link.earlier)):
            found += [Change(span, target, amendment) for span in _stretches(document, target, old, amendment.action)]
    return tuple(found)


def _stretches(document: Document, target: Target, old: str, action: str) -> list[Span]:
    if target.term:
        return _term(document, target.term)
    whole = document.span(0, len(document.text))
    if target.number:
        clause = clause_of(document, target)
        return (_mentions(document, old, clause.span) or [clause.span]) if clause else []
    if action == "words_exchanged":
        return _mentions(document, old, whole)
    return [whole] if action in ("restated", "amended") else []


def clause_of(document: Document, target: Target) -> Clause | None:
    """The clause that a target names; for a new one that which it is added to; None where there is none."""
    number = target.number
    if target.new:  # "a new Section 4.5" is added to 4
        number = re.sub(r"(?:\.\d+|\([^()]*\)|(?<=\d)[A-Z])\Z", "", number)
        if number == target.number:
            return None
    if target.inside:
        kind, _, around = target.inside.partition(" ")
        container = find_clause(document, 0, kind.lower(), around, None)
        if container is None:
            return None
        return find_clause(document, 0, target.kind, number, container) or _inside(document, container, number)
    found = find_clause(document, 0, target.kind, number, None)
    if target.heading and not (found and _words(found.heading) & _words(target.heading)):
        headed = [c for c in outline(document) if _words(c.heading) == _words(target.heading)]
        found = headed[0] if len(headed) == 1 else found
    if found:
        return found
    first, _, rest = number.partition(".")  # "3.2" where the outline has Article 3, and its 2
    article = find_clause(document, 0, "article", first, None) if rest and target.kind not in PARTS else None
    return _inside(document, article, rest) if article else None


def _inside(document: Document, container: Clause, number: str) -> Clause | None:
    """The clause of a number right below another: the 2 of Article V, whether it is cited 2, 5.2 or Article V(2)."""
    marks = re.findall(r"[^().\s]+", number)
    clauses = outline(document)
    at: int | None = next((i for i, clause in enumerate(clauses) if clause == container), None)
    for mark in marks:
        below = (i for i, clause in enumerate(clauses) if clause.parent == at and _last_mark(clause) == mark.lower())
        at = next(below, None)
        if at is None:
            return None
    return clauses[at] if at is not None and marks else None


def _last_mark(clause: Clause) -> str:
    """The last mark of a clause's number in small letters: "2" of "5.2" and of "Article II", "b" of "8.2(b)"."""
    mark = re.findall(r"[^().,\s]+", clause.local)[-1].lower()
    return str(ordinal(mark)) if clause.kind == "article" and ordinal(mark) else mark


def _term(document: Document, term: str) -> list[Span]:
    """Where a term is defined; else the clause that it heads ("Term")."""
    known = {name.lower(): definition for name, definition in defined(document).items()}
    if definition := known.get(term.lower()):
        clause = clause_at(document, definition.span.start)
        heads = [outline(document)[clause]] if clause is not None else []
        headed = [c.span for c in heads if c.heading.lower() == term.lower()]
        return headed or [definition.span]
    return [c.span for c in outline(document) if term.lower() in c.heading.lower().split(" and ")][:1]


def _mentions(document: Document, old: str, within: Span) -> list[Span]:
    """The clauses around words that are taken out, as far as these stand in a stretch of the document."""
    words = old.strip(" “”\"‘’',.").split()
    if not words:
        return []
    clauses = outline(document)
    pattern = re.compile(r"(?<!\w)" + r"\s+".join(map(re.escape, words)) + r"(?!\w)", re.IGNORECASE)
    found: dict[Span, None] = {}
    for match in pattern.finditer(document.text, within.start, within.end):
        at = clause_at(document, match.start())
        found[clauses[at].span if at is not None else document.span(*match.span())] = None
        if len(found) == _MOST_PLACES:
            break
    return list(found)


def changes_at(changes: Sequence[Change], span: Span) -> tuple[Change, ...]:
    """Those of a document's changes that concern a span of it; of one amendment the first."""
    found: dict[Amendment, Change] = {}
    for change in changes:
        if change.span.shared(span):
            found.setdefault(change.amendment, change)
    return tuple(found.values())


def counterpart(document: Document, span: Span, restated: Document) -> Span | None:
    """The clause of a restated agreement that takes the place of one of the agreement before: that with the heading
    that it stands under, else the one with most words in common. None where it has none.
    """
    at = clause_at(document, span.start)
    if at is None:
        return None
    heading = next(reversed(headings_above(document, at)), "")
    same = [c.span for c in outline(restated) if heading and _words(c.heading) == _words(heading)]
    if len(same) == 1:
        return same[0]
    own = _all_words(document.slice(span)) - _LIGHT
    shares = {its: _share(own, words) for its, words in _words_of_clauses(restated).items()}
    best = max(shares, key=lambda each: shares[each], default=None)
    return best if best and shares[best] >= _ALIKE else None


@document_cache(4)
def _words_of_clauses(document: Document) -> dict[Span, frozenset[str]]:
    """The words of each clause, by its span."""
    return {clause.span: _all_words(document.slice(clause.span)) - _LIGHT for clause in outline(document)}


def _share(ours: frozenset[str], theirs: frozenset[str]) -> float:
    return len(ours & theirs) / (len(ours | theirs) or 1)
