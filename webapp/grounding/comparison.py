"""Compares what a sentence says with the clause that bears it: parties, modality and polarity, standards, limits.

It finds contradictions that words show, in near-verbatim sentences and in paraphrases; that nothing contradicts a
sentence does not confirm it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from webapp.grounding.alignment import is_near_verbatim, turned
from webapp.grounding.evidence import Sources, Unit
from webapp.grounding.figures import bounded_otherwise
from webapp.grounding.overstatements import overstated
from webapp.grounding.parties import Parties
from webapp.grounding.relations import Relation, is_contrary, is_same_act, is_wrong_party, relations
from webapp.grounding.signs import LIMITS, NEGATIONS, OPPOSITES, STRONG, Modality, sign

_OPPOSITES = tuple((sign(a), sign(b)) for one, other in OPPOSITES for a, b in ((one, other), (other, one)))
_LIMITS, _NEGATIONS, _STRONG = sign(LIMITS), sign(NEGATIONS), sign(STRONG)
# What stands before a word that is denied: "isn't exclusive", "no manager can sign a contract alone".
_DENIED = re.compile(
    r"(?:\b(?:not|never|neither|no|nobody|none|cannot)|n[’']t)\s(?:(?!\b(?:and|but|or|unless|except|if|only)\b)[^.,;:]){0,80}$",
    re.IGNORECASE,
)
_SAYS: dict[Modality, str] = {
    "must": "has to be done",
    "may": "may be done",
    "must not": "must not be done",
    "need not": "need not be done",
    "is": "is so",
    "is not": "is not so",
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What contradicts a sentence, in words for its reader; `parties` are those that it names wrongly.

    `aligned`: nothing contradicts it, its parties, negations and strong words are in the clause that bears it, and it
    leaves out no limit of that. This alone does not confirm it: of 391 statements, 12 had every word of weight in
    the clause besides, and 4 of these were wrong.
    """

    contradictions: tuple[str, ...] = ()
    parties: tuple[str, ...] = ()
    aligned: bool = False


def compare(sentence: str, sources: Sources, bearing: Sequence[Unit], *, calculates: bool = False) -> Comparison:
    """Compare a sentence, without its citation markers, with the units that bear it.

    One that `calculates` may give per year what its clause gives per month.
    """
    parties = sources.parties
    if not bearing:
        return Comparison()
    said = relations(sentence, parties)
    near = [r for unit, found in sources.relations.items() if unit in bearing for r in found]
    every = [r for found in sources.relations.values() for r in found]
    conflicts = [(s, t) for s in said if (t := _conflict(s, near, every, parties))]
    wrong = tuple(dict.fromkeys(s.name for s, t in conflicts if is_wrong_party(s, t, parties) and not t.of_all))
    reasons = [_reason(s, t, parties) for s, t in conflicts]
    if not reasons:
        reasons += _turned(sentence, bearing, parties)
    reasons += _standards(sentence, bearing, sources)
    every_text = [unit.text for unit in sources.units]
    reasons += bounded_otherwise(sentence, every_text)
    if not reasons:
        reasons += overstated(sentence, [unit.text for unit in bearing], every_text, calculates=calculates)
    aligned = _is_aligned(sentence, bearing, bool(reasons), parties)
    return Comparison(tuple(dict.fromkeys(reasons)), wrong, aligned)


def _conflict(said: Relation, near: Sequence[Relation], every: Sequence[Relation], parties: Parties) -> Relation | None:
    """The relation of the bearing units that contradicts one of the sentence; None where one agrees with it."""
    acts = _acts(said, near)
    if any(_agree(said, t, parties) for t in acts) or _agree_each(said, acts, parties):
        return None
    if any(_agree(said, t, parties) and t.is_known and said.is_known for t in _acts(said, every)):
        return None
    return max(acts, key=lambda t: (t.is_known, t.modality not in ("is", "is not")), default=None)


def _agree_each(said: Relation, acts: Sequence[Relation], parties: Parties) -> bool:
    """Whether a source says of each of several parties what a sentence says of them together."""
    each = [replace(said, parties=frozenset((party,))) for party in said.parties]
    return len(each) > 1 and all(any(_agree(one, t, parties) for t in acts) for one in each)


def _acts(said: Relation, there: Sequence[Relation]) -> list[Relation]:
    """The relations about one act with a sentence's, those that say whether it may or must be done where there are
    any: of "may not be assigned or delegated by Affiliate" the last words alone do not say that this is done.
    """
    acts = [t for t in there if is_same_act(said, t)]
    strong = [t for t in acts if t.modality not in ("is", "is not")]
    return strong if strong and said.modality not in ("is", "is not") else acts


def _agree(said: Relation, there: Relation, parties: Parties) -> bool:
    return not is_wrong_party(said, there, parties) and not is_contrary(said, there)


def _reason(said: Relation, there: Relation, parties: Parties) -> str:
    if is_wrong_party(said, there, parties):
        alone = "only " if said.alone and there.of_all else ""
        return f"the clause says “{there.word}” of {there.name}, not of {alone}{said.name}"
    return f"the clause says of “{there.word}” that it {_SAYS[there.modality]}"


def _turned(sentence: str, bearing: Sequence[Unit], parties: Parties) -> Iterator[str]:
    """A negation by which a near-verbatim sentence differs from every bearing unit that it is near to."""
    found = [turned(sentence, unit.text, parties) for unit in bearing if is_near_verbatim(sentence, unit.text, parties)]
    if found and all(words for words, _ in found):
        words, is_theirs = found[0]
        yield f"the clause says “{words}”" if is_theirs else f"the clause does not say “{words}”"


def _standards(sentence: str, bearing: Sequence[Unit], sources: Sources) -> Iterator[str]:
    """Standards of the sentence where the bearing units have the opposite one alone."""
    near = " ".join(unit.text for unit in bearing)
    every = " ".join(unit.text for unit in sources.units)
    for own, other in _OPPOSITES:
        mine, theirs = own.search(sentence), other.search(near)
        if (
            mine
            and theirs
            and not _DENIED.search(sentence, 0, mine.start())
            and not other.search(sentence)
            and not own.search(every)
        ):
            yield f"the clause says “{theirs[0]}”, not “{mine[0]}”"


def _is_aligned(sentence: str, bearing: Sequence[Unit], conflicts: bool, parties: Parties) -> bool:
    """Whether the sentence names no party, negation or word that claims more which the bearing units lack, and leaves
    out no limit of the first of them.
    """
    text = " ".join(unit.text for unit in bearing)
    rows, own = ({m.party for m in parties.mentions(t) if m.party is not None} for t in (text, sentence))
    if conflicts or not own <= rows:
        return False
    if _NEGATIONS.search(sentence) and not _NEGATIONS.search(text):
        return False
    if _LIMITS.search(bearing[0].text) and not _LIMITS.search(sentence):
        return False
    lower = text.lower()
    return all(match[0].lower() in lower for match in _STRONG.finditer(sentence))
