"""Compares what a sentence says with the clause that bears it: parties, modality and polarity, standards, limits.

It finds contradictions that words show, and tells whether a paraphrase is covered: every word of weight, party, figure,
modal verb and limit of the sentence has its counterpart in the bearing clause, and no limit of the clause is left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from webapp.grounding.evidence import Sources, Unit, content
from webapp.grounding.parties import Parties
from webapp.grounding.relations import Relation, is_contrary, is_same_act, is_wrong_party, relations
from webapp.grounding.signs import LIMITS, NEGATIONS, OPPOSITES, STRONG, Modality, sign

_OPPOSITES = tuple((sign(a), sign(b)) for one, other in OPPOSITES for a, b in ((one, other), (other, one)))
_LIMITS, _NEGATIONS, _STRONG = sign(LIMITS), sign(NEGATIONS), sign(STRONG)
_SAYS: dict[Modality, str] = {
    "must": "has to be done",
    "may": "may be done",
    "must not": "must not be done",
    "need not": "need not be done",
    "is": "is so",
    "is not": "is not so",
}
_LEAST_COVERED = 0.8  # share of the words of a sentence that the bearing clause has, for a paraphrase that is covered
_NOISE = 0.15  # a sentence of which the cited passages have a smaller share of the words has nothing to do with them
_LEAST_WORDS = 4  # of weight, of a sentence that can be noise


@dataclass(frozen=True, slots=True)
class Comparison:
    """What contradicts a sentence, in words for its reader; `parties` are those that it names wrongly.

    `covered`: all of it is in the clause that bears it, and nothing contradicts it.
    """

    contradictions: tuple[str, ...] = ()
    parties: tuple[str, ...] = ()
    covered: bool = False


def compare(sentence: str, sources: Sources) -> Comparison:
    """Compare a sentence, without its citation markers, with the units that bear it."""
    parties = sources.parties
    bearing = sources.bearing(sentence)
    if not bearing:
        return Comparison(("nothing in the cited passage says this",) if len(content(sentence)) >= _LEAST_WORDS else ())
    said = relations(sentence, parties)
    there = [relations(unit.text, parties) for unit in sources.units]
    near = [r for unit, found in zip(sources.units, there, strict=True) if unit in bearing for r in found]
    every = [r for found in there for r in found]
    conflicts = [(s, t) for s in said if (t := _conflict(s, near, every, parties))]
    wrong = tuple(dict.fromkeys(s.name for s, t in conflicts if is_wrong_party(s, t, parties)))
    reasons = [_reason(s, t, parties) for s, t in conflicts]
    reasons += _standards(sentence, bearing, sources)
    if _share(sentence, sources) < _NOISE and len(content(sentence)) >= _LEAST_WORDS:
        reasons.append("the cited passage does not say this")
    covered = not reasons and _is_covered(sentence, said, bearing, near, parties)
    return Comparison(tuple(dict.fromkeys(reasons)), wrong, covered)


def _conflict(said: Relation, near: Sequence[Relation], every: Sequence[Relation], parties: Parties) -> Relation | None:
    """The relation of the bearing units that contradicts one of the sentence; None where one agrees with it."""
    acts = [t for t in near if is_same_act(said, t)]
    if any(_agree(said, t, parties) for t in acts):
        return None
    if any(_agree(said, t, parties) and t.is_known and said.is_known for t in every if is_same_act(said, t)):
        return None
    return acts[0] if acts else None


def _agree(said: Relation, there: Relation, parties: Parties) -> bool:
    return not is_wrong_party(said, there, parties) and not is_contrary(said, there)


def _reason(said: Relation, there: Relation, parties: Parties) -> str:
    if is_wrong_party(said, there, parties):
        return f"the clause says “{there.word}” of {there.name}, not of {said.name}"
    return f"the clause says of “{there.word}” that it {_SAYS[there.modality]}"


def _standards(sentence: str, bearing: Sequence[Unit], sources: Sources) -> Iterator[str]:
    """Standards of the sentence where the bearing units have the opposite one alone."""
    near = " ".join(unit.text for unit in bearing)
    every = " ".join(unit.text for unit in sources.units)
    for own, other in _OPPOSITES:
        mine, theirs = own.search(sentence), other.search(near)
        if mine and theirs and not other.search(sentence) and not own.search(every):
            yield f"the clause says “{theirs[0]}”, not “{mine[0]}”"


def _share(sentence: str, sources: Sources) -> float:
    words = content(sentence)
    held = frozenset().union(*(label for unit in sources.units for label in content(unit.text)))
    return sum(bool(word & held) for word in words) / len(words) if words else 1.0


def _is_covered(
    sentence: str, said: Sequence[Relation], bearing: Sequence[Unit], near: Sequence[Relation], parties: Parties
) -> bool:
    text = " ".join(unit.text for unit in bearing)
    words, held = content(sentence), frozenset().union(*content(text))
    share = sum(bool(word & held) for word in words) / len(words) if words else 0.0
    if share < _LEAST_COVERED:
        return False
    if not all(any(is_same_act(s, t) and _agree(s, t, parties) for t in near) for s in said if s.part != "has"):
        return False
    if bool(_NEGATIONS.search(sentence)) != bool(_NEGATIONS.search(text)):
        return False
    if bool(_LIMITS.search(sentence)) < bool(_LIMITS.search(bearing[0].text)):
        return False
    lower = text.lower()
    return all(match[0].lower() in lower for match in _STRONG.finditer(sentence))
