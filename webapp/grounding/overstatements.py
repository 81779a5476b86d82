"""Finds what a sentence overstates or puts otherwise: limits denied, exceptions taken in, other frequencies and places.

"Under any circumstances", where the clause has an exception; "including drop shipments", where it says "other than";
every quarter for every year; days from the date of an invoice for days from its receipt.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from webapp.grounding.facts import Fact, find_facts
from webapp.grounding.quantities import stated, values
from webapp.grounding.senses import content, senses
from webapp.grounding.signs import ANCHORS, EXCEPTS, FREQUENCIES, OVERSTATED, STATES, TAKES_IN, sign

_OVERSTATED = tuple((sign(own), sign(limit)) for own, limit in OVERSTATED)
_FREQUENCIES = {name: sign(words) for name, words in FREQUENCIES}
_ANCHORS = tuple((name, sign(words)) for name, words in ANCHORS)
_EXCEPTS, _TAKES_IN = sign(EXCEPTS), sign(TAKES_IN)
_CONCEDED = re.compile(
    r"(?:\b(?:(?:even\s+)?though|although|despite|regardless\s+of|rather\s+than|instead\s+of|and\s+not)\b|^\W*while\b|,\s+not\b)"
    r"[^,;.]*",
    re.IGNORECASE,
)
_STATE = re.compile(rf"\b(?:{'|'.join(STATES)})\b")
_PERIOD_FROM = re.compile(
    r"\b(?:days?|weeks?|months?)\b(?:[’']s?)?(?:\s+notice)?\s*,?\s*(?:(?:of|after|from|following|upon|since)\s+)+"
    r"(?:the\s+|its\s+|their\s+|each\s+|an?\s+|such\s+|which\s+)?(?P<from>(?:\w+\s+){0,3}?\w+)",
    re.IGNORECASE,
)
_NOTICE = r"[’']?(?:\s+(?:prior\s+)?(?:written\s+)?notice)?\s*"
_SIDES = (
    ("before", re.compile(_NOTICE + r"(?:prior\s+to|before|in\s+advance\s+of|ahead\s+of|preceding)\b", re.IGNORECASE)),
    ("after", re.compile(_NOTICE + r"(?:after|following|from|of\s+(?:receipt|receiving))\b", re.IGNORECASE)),
)
_FIRST = 3  # words of weight after "including"
_EXCEPTED = 80  # characters after "other than"
_PREVAILS = re.compile(
    r"(?:\b(?:the|this|such|of)\s+|,\s*)(?P<what>(?:(?!the\b|this\b|such\b|of\b)[\w’'-]+\s+){1,4}?)"
    r"(?:(?:shall|will|must)\s+(?:control|govern)|(?:(?:shall|will|must)\s+)?(?:prevails?|takes?\s+precedence))\b",
    re.IGNORECASE,
)
_BESIDE_NAMES = frozenset("said and the this these terms provisions such always".split())
_DENIED = re.compile(r"(?:\b(?:not|never|neither|nor|no)|n[’']t)\s+(?:\w+\s+)?$", re.IGNORECASE)


def overstated(sentence: str, near: Sequence[str], every: Sequence[str], *, calculates: bool) -> Iterator[str]:
    """Say how the texts that bear a sentence limit what it states without limits, or state otherwise how often,
    from when or where; `every` are all texts of the passages that it cites.
    """
    clause, whole = " ".join(near), " ".join(every)
    yield from _limits_denied(sentence, clause, whole)
    yield from _exceptions(sentence, near)
    if not calculates:
        yield from _frequencies(sentence, near)
    yield from _anchors(sentence, clause)
    yield from _sides(sentence, near)
    yield from _states(sentence, clause)
    yield from _prevailing(sentence, clause)


def _limits_denied(sentence: str, clause: str, whole: str) -> Iterator[str]:
    for own, limit in _OVERSTATED:
        mine, theirs = own.search(sentence), limit.search(clause)
        if mine and theirs and not _DENIED.search(sentence, 0, mine.start()) and not own.search(whole):
            yield f"the clause says “{theirs[0]}”, not “{mine[0]}”"
            return


def _exceptions(sentence: str, near: Sequence[str]) -> Iterator[str]:
    """What a clause excepts, and the sentence takes in with as many words."""
    taken = [
        (match[0], words)
        for match in _TAKES_IN.finditer(sentence)
        if not _DENIED.search(sentence, 0, match.start())
        and (words := content(sentence[match.end() : match.end() + _EXCEPTED])[:_FIRST])
    ]
    if not taken or _EXCEPTS.search(sentence):
        return
    for text in near:
        for match in _EXCEPTS.finditer(text):
            excepted = senses(re.split(r"[;,.]", text[match.end() : match.end() + _EXCEPTED])[0])
            for mine, words in taken:
                if words[0] & excepted and sum(bool(word & excepted) for word in words) * 2 > len(words):
                    yield f"the clause says “{match[0]}”, not “{mine}”"
                    return


def _frequencies(sentence: str, near: Sequence[str]) -> Iterator[str]:
    mine = _held(sentence)
    theirs = _held(near[0]) if near else {}
    if len(mine) == 1 and theirs and not mine.keys() & _held(" ".join(near)).keys():
        yield f"the clause says “{next(iter(theirs.values()))}”, not “{next(iter(mine.values()))}”"


def _held(text: str) -> dict[str, str]:
    """The frequencies of a text, each with its words."""
    return {name: match[0] for name, words in _FREQUENCIES.items() if (match := words.search(text))}


def _anchors(sentence: str, clause: str) -> Iterator[str]:
    """From what another day a period runs."""
    mine, theirs = (dict(_anchored(text)) for text in (sentence, clause))
    if len(mine) == 1 and theirs and not mine.keys() & theirs.keys():
        yield f"the clause counts from “{next(iter(theirs.values()))}”, not from “{next(iter(mine.values()))}”"


def _anchored(text: str) -> Iterator[tuple[str, str]]:
    for match in _PERIOD_FROM.finditer(text):
        found = ((name, words.match(text, match.start("from"))) for name, words in _ANCHORS)
        yield from islice(((name, anchor[0]) for name, anchor in found if anchor), 1)


def _sides(sentence: str, near: Sequence[str]) -> Iterator[str]:
    """The side of an event on which a period lies: "ninety days after", where the clause says "prior to"."""
    mine = list(_placed(sentence))
    theirs = [placed for text in near for placed in _placed(text)] if mine else []
    for fact, side, _ in mine:
        same = {other: words for each, other, words in theirs if stated(fact, values(each.text))}
        if same and side not in same:
            yield f"the clause says “{next(iter(same.values()))}”"


def _placed(text: str) -> Iterator[tuple[Fact, str, str]]:
    """The periods of a text that lie before or after something, each with its side and its words."""
    for fact in find_facts(text):
        for side, words in _SIDES:
            if match := words.match(text, fact.end):
                yield fact, side, f"{fact.text}{match[0]}"


def _prevailing(sentence: str, clause: str) -> Iterator[str]:
    """What prevails in a conflict: another of those that the clause names."""
    mine, theirs = ([words for m in _PREVAILS.finditer(text) if (words := _subject(m))] for text in (sentence, clause))
    if len(mine) == 1 and len(theirs) == 1 and not mine[0] & theirs[0]:
        rest = _PREVAILS.sub(" ", clause).lower()
        if all(re.search(rf"\b{word}\b", rest) for word in mine[0]):
            yield f"the clause says that it is the {' '.join(sorted(theirs[0]))} that prevails"


def _subject(match: re.Match[str]) -> frozenset[str]:
    """The words of what prevails, the nouns next to the verb."""
    return frozenset(re.findall(r"[^\W\d_]{3,}", match["what"].lower())) - _BESIDE_NAMES


def _states(sentence: str, clause: str) -> Iterator[str]:
    """A state or country of the sentence alone, where the clause has others; what the sentence concedes or rules out
    ("although both are Colorado companies") is not what it says of the clause.
    """
    mine, theirs = set(_STATE.findall(_CONCEDED.sub(" ", sentence))), set(_STATE.findall(clause))
    if theirs and (other := sorted(mine - theirs)):
        yield f"the clause says {', '.join(sorted(theirs))}, not {other[0]}"
