"""Finds who shall, may or must not do what in a text: parties with verbs, modality and polarity (deontic relations).

"Licensee may not assign this Agreement without consent" is one relation: of the Licensee, "must not", "assign". Two
texts are compared relation by relation; what neither words nor their order show is in none.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from webapp.grounding.parties import Mention, Parties
from webapp.grounding.senses import labels, senses
from webapp.grounding.signs import (
    CAUSES,
    CONTRARY,
    FREES,
    LIFTS,
    MODALS,
    NARROWS,
    SUPPOSED,
    TURNED,
    Modality,
    phrases,
    sign,
)

Part = Literal["does", "gets", "has"]

_WORD = re.compile(r"[^\W\d_]+(?:[’'](?!s\b)[^\W\d_]+)?")
_SENTENCE = re.compile(r"(?:[^.;]|[.;](?!\s))+[.;]?")
_MODAL = "|".join(f"(?P<{name.replace(' ', '_')}>{phrases(words)})" for name, words in MODALS)
_MODAL_PATTERN = re.compile(_MODAL, re.IGNORECASE)
_CAUSE_PATTERNS = tuple((modality, re.compile(rf"{phrases(words)}\s+$", re.IGNORECASE)) for modality, words in CAUSES)
_TURNED = re.compile(rf"{phrases(TURNED)}\s+(?:the\s+|a\s+|any\s+)?$", re.IGNORECASE)
_SUPPOSED = re.compile(rf"{phrases(SUPPOSED)}[^,;]*$|[a-z]\s+(?:it|they)\s+$", re.IGNORECASE)
_NO_ONE = re.compile(
    r"(?:^|[,;:(.]|\b(?:that|and|but|if|when))\s*(?:neither|no|nobody|no\s+one)\s[^,;.]{0,80}$", re.IGNORECASE
)
_FREES, _LIFTS, _NARROWS = sign(FREES), sign(LIFTS), sign(NARROWS)
_CAUSED = re.compile(r"(?:[’']s?)?(?:\s*,[^,;.]{1,60},)?\s*(?:right\s+)?(?:to|from)\s+", re.IGNORECASE)
# What may stand between a party and its verb.
_BESIDE = re.compile(
    r"(?:\s*\([^()]{0,80}\)|\s*,[^,;.]{1,80},|\s+(?:and|or)\s+(?:its|their|his)\s+\w+"
    r"|\s+(?:\w+ly|also|then|each|both|all|hereby|thus|further|alone|itself|or|and|hereunder)(?=\s))*\s*",
    re.IGNORECASE,
)
_ADVERB = re.compile(
    r"(?:\s*,?\s*(?:\w+ly|also|then|thereafter|hereby|not|at\s+any\s+time|in\s+turn|otherwise|first|be|been|have\s+been|(?=,),[^,;.]{1,60},)"
    r"(?=\s))*\s*",
    re.IGNORECASE,
)
_BE = re.compile(r"\b(?:be|been|is|are|was|were|being)\b", re.IGNORECASE)
_LISTED = re.compile(r"(?:\s*,\s*(?:or|and)?\s*|\s+(?:or|and)\s+|\s*/\s*)(?:(?:otherwise|to|\w+ly)\s+)*", re.IGNORECASE)
_TO_OBJECT = re.compile(r"\s+(?:(?:to|the|with|of|from|each|all|any|such|written|prior|notice)\s+){0,3}", re.IGNORECASE)
_TO_ANYONE = re.compile(r"[^;:]{0,80}?\bto\s+(?:the\s+|each\s+)?", re.IGNORECASE)
_BY = re.compile(r"[^;:]{0,60}?\bby\s+(?:the\s+|each\s+|both\s+)?", re.IGNORECASE)
_DONE_BY = re.compile(r"(?P<word>[^\W\d_]+(?:ed|en|de|ld|nt|ept|ne|un))\s+by\s+(?:the\s+)?$", re.IGNORECASE)
_BE_DONE = re.compile(r"\b(?:be|been)\s+(?:\w+ly\s+)?$", re.IGNORECASE)
_OF = re.compile(r"(?P<word>[^\W\d_]+)\s+of\s+(?:the\s+)?$", re.IGNORECASE)
_JOINED = re.compile(r"\s*(?:,|,?\s+and|,?\s+or|/)\s+(?:the\s+|by\s+)*", re.IGNORECASE)
_ITEM = re.compile(r"\s*[:–—-]\s*(?:\([A-Za-z0-9]{1,5}\)\s*)?")  # "shall not: (b) keep animals"
_IS_WHAT = re.compile(
    r"(?:the|an?)\s+(?P<what>(?:[\w-]+\s+){0,5}?[\w-]+?)(?=\s+(?:of|for|to|in|with|that|who|which)\b|[.,;]|$)"
)
_OWNED = 3  # words after "the Licensee's" that it has
_REACH = 50  # characters
_LEAST = 3  # letters of a verb
_MOST_VERBS = 6  # in a list
# Words that are no verbs after a party.
_NO_VERB = frozenset(
    "and or of in to for the a an with by at from on as under that who which whose is are be was were has have had its "
    "their if unless not than any all each no it this such may shall must will can other pursuant against during "
    "within upon after cannot either neither both".split()
)
_NO_THING = frozenset("prior written sole own total other right behalf case exclusive respective".split())


@dataclass(frozen=True, slots=True)
class Relation:
    """One act or thing and whose it is: `parties` are rows of the table; with none of them, all if `of_all`, else
    whoever.

    `limited`: a permission has a condition, or a prohibition an exception; `supposed`: it is part of a condition, or
    tells which thing is meant. `rest` are the senses of the words that follow, `excepted` those of an exception alone.
    """

    part: Part
    words: frozenset[str]  # the senses of the verb, or of the thing
    word: str  # as written
    modality: Modality = "is"
    parties: frozenset[int] = frozenset()
    of_all: bool = False
    name: str = ""  # of the party, as written
    passive: bool = False
    limited: bool = False
    supposed: bool = False
    rest: frozenset[str] = frozenset()
    excepted: frozenset[str] = frozenset()

    @property
    def is_known(self) -> bool:
        """Whether it says whose it is."""
        return bool(self.parties) or self.of_all


def relations(text: str, parties: Parties) -> list[Relation]:
    """Every relation of a text that its words show, each sentence of it for itself."""
    return [relation for match in _SENTENCE.finditer(text) for relation in _of_sentence(match[0], parties)]


def is_same_act(said: Relation, there: Relation) -> bool:
    """Whether two relations are about one act or thing, whoever does or has it."""
    return said.part == there.part and bool(said.words & there.words)


def is_wrong_party(said: Relation, there: Relation, parties: Parties) -> bool:
    """Whether a sentence names another party than its source, or all where that names some."""
    if there.of_all or not said.is_known or not there.is_known:
        return False
    if said.of_all:
        return len(there.parties) == 1 and parties.defined > 1
    return any(all(parties.are_two(a, b) for b in there.parties) for a in said.parties)


def is_contrary(said: Relation, there: Relation) -> bool:
    """Whether modality and polarity exclude each other; a limited permission agrees with a limited prohibition."""
    both = frozenset((said.modality, there.modality))
    if said.part != "does" or both not in CONTRARY:
        return False
    if (said.supposed or there.supposed) and both & {"is", "is not"}:
        return False
    if both == {"may", "must"}:  # "shall terminate at the option of any party" is no duty of one
        return (said.is_known and there.is_known) or (said.passive and there.passive)
    if "must not" in both and both & {"may", "must"}:
        barred, let = (said, there) if said.modality == "must not" else (there, said)
        return not (barred.limited and (let.limited or let.rest & barred.excepted))
    return not (both == {"must", "need not"} and said.limited and there.limited)


@dataclass(frozen=True, slots=True)
class _Subject:
    """The party or parties that a sentence's clause is about."""

    start: int
    end: int
    first: Mention
    parties: frozenset[int]

    @property
    def is_none(self) -> bool:
        """Whether it is no party: "neither party"."""
        return self.first.kind == "none"

    @property
    def of_all(self) -> bool:
        """Whether what is said is said of all of them, or of none."""
        return self.first.kind in ("all", "none")


def _of_sentence(text: str, parties: Parties) -> Iterator[Relation]:
    mentions = [m for m in parties.mentions(text) if not _is_in_name(text, m)]
    subjects = _subjects(text, mentions)
    yield from _had(text, mentions)
    taken: list[tuple[int, int]] = []
    for subject in subjects:
        if (caused := _caused(text, subject)) is not None:
            taken.append((subject.start, caused[1]))
            yield from _done(text, subject, caused[0], (caused[1], caused[1]), subjects)
    for match in _MODAL_PATTERN.finditer(text):
        if not any(start <= match.start() < end for start, end in taken):
            taken.append(match.span())
            modality: Modality = match.lastgroup.replace("_", " ")  # type: ignore[union-attr,assignment]
            yield from _done(text, _before(text, match.start(), subjects), modality, match.span(), subjects)
    for subject in subjects:
        at = _beside(text, subject.end)
        if not subject.first.owns and not any(a <= at < b or a <= subject.start < b for a, b in taken):
            word = _WORD.match(text, at)
            if word and word[0].islower() and word[0] not in _NO_VERB:
                yield from _done(text, subject, "is", (at, at), subjects)


def _is_in_name(text: str, mention: Mention) -> bool:
    """Whether a party's name is part of a longer one: "Bioamber Improvements", "Company Derivative Works"."""
    following = re.match(r"\s+([A-Z][a-z]+)", text[mention.end : mention.end + 40])
    return bool(following) and not _MODAL_PATTERN.match(following[1]) and not mention.owns  # type: ignore[index]


def _subjects(text: str, mentions: Sequence[Mention]) -> list[_Subject]:
    """The mentions of a sentence, those that "and" or a comma joins as one: "Wade and Naked"."""
    found: list[_Subject] = []
    for mention in mentions:
        own = frozenset() if mention.party is None else frozenset((mention.party,))
        new = _Subject(mention.start, mention.end, mention, own)
        last = found[-1] if found else None
        if last and last.parties and own and not last.first.owns and _JOINED.fullmatch(text, last.end, mention.start):
            found[-1] = replace(last, end=new.end, parties=last.parties | own)
        else:
            found.append(new)
    return found


def _beside(text: str, at: int) -> int:
    match = _BESIDE.match(text, at)
    return match.end() if match else at


def _before(text: str, at: int, subjects: Sequence[_Subject]) -> _Subject | None:
    """The party whose verb begins at an offset: the last one before it, with nothing but words beside it between."""
    last = next((subject for subject in reversed(subjects) if subject.end <= at), None)
    return last if last and not last.first.owns and _beside(text, last.end) >= at else None


def _caused(text: str, subject: _Subject) -> tuple[Modality, int] | None:
    """What another lets a party do or keeps it from, and where its verb begins: "allows the Client to audit"."""
    if _TURNED.search(text, 0, subject.start):
        return "must not", subject.end
    follows = _CAUSED.match(text, subject.end)
    if follows is None:
        return None
    before = re.sub(r"\b(?:the|each|any)\s+$", "", text[: subject.start], flags=re.IGNORECASE)
    return next(((modality, follows.end()) for modality, pattern in _CAUSE_PATTERNS if pattern.search(before)), None)


def _done(
    text: str, subject: _Subject | None, modality: Modality, at: tuple[int, int], subjects: Sequence[_Subject]
) -> Iterator[Relation]:
    """The relations of one modal phrase, at [start, end): who does what its verbs say, and whom it is done to."""
    adverbs = _ADVERB.match(text, at[1])
    begin = adverbs.end() if adverbs else at[1]
    begin = item.end() if (item := _ITEM.match(text, begin)) else begin
    passive = bool(_BE.search(text, at[1], begin) or (modality == "is not" and _BE.match(text, at[0])))
    if (subject and subject.is_none) or _NO_ONE.search(text, 0, at[0]):
        modality = "is not" if modality in ("is", "is not") else "must not"
    limited, rest, excepted = _limits(text[at[1] :], modality)
    supposed = bool(_SUPPOSED.search(text, 0, subject.start if subject else at[0]))
    what = _IS_WHAT.match(text, begin) if passive else None
    if what:
        passive = False
    for word in _WORD.finditer(text, *what.span("what")) if what else _verbs(text, begin):
        words = labels(word[0])
        if not words or any(s.start <= word.start() < s.end for s in subjects):
            continue
        act = Relation(
            "does",
            words,
            word[0],
            modality,
            passive=passive,
            limited=limited,
            supposed=supposed,
            rest=rest,
            excepted=excepted,
        )
        agent = _after(text, word.end(), subjects, (_BY,)) if passive else subject
        target = subject if passive else _after(text, word.end(), subjects, (_TO_OBJECT, _TO_ANYONE))
        yield _of(agent, act)
        if target and target.parties and not target.first.owns:
            yield _of(target, replace(act, part="gets"))


def _limits(rest: str, modality: Modality) -> tuple[bool, frozenset[str], frozenset[str]]:
    """Whether the words after a modal verb limit it, their senses if nothing frees of a limit, and those that stand in
    an exception alone.
    """
    following = senses(rest) if not _FREES.search(rest) else frozenset()
    if modality in ("must not", "is not", "need not"):
        lifted = _LIFTS.search(rest)
        excepted = senses(rest[lifted.end() :]) - senses(rest[: lifted.start()]) if lifted else frozenset()
        return bool(lifted), following, excepted
    return bool(_NARROWS.search(rest)) and not _FREES.search(rest), following, frozenset()


def _of(subject: _Subject | None, act: Relation) -> Relation:
    if subject is None:
        return act
    return replace(act, parties=subject.parties, of_all=subject.of_all, name=subject.first.text)


def _verbs(text: str, at: int) -> Iterator[re.Match[str]]:
    """The verbs from an offset: one, or several that a list joins ("assign, sublicense or otherwise transfer")."""
    for _ in range(_MOST_VERBS):
        word = _WORD.match(text, at)
        if word is None or word[0].lower() in _NO_VERB:
            return
        if len(word[0]) >= _LEAST:
            yield word
        listed = _LISTED.match(text, word.end())
        if listed is None:
            return
        at = listed.end()


def _after(text: str, at: int, subjects: Sequence[_Subject], leads: Sequence[re.Pattern[str]]) -> _Subject | None:
    """The first party after a verb to which the words between lead."""
    following = next((subject for subject in subjects if subject.start >= at), None)
    if following and any(lead.fullmatch(text, at, following.start) for lead in leads):
        return following
    return None


def _had(text: str, mentions: Sequence[Mention]) -> Iterator[Relation]:
    """What parties have ("the Licensee's liability", "the liability of the Licensee") or did ("made by Licensee")."""
    for mention in mentions:
        if mention.party is None:
            continue
        owner = frozenset((mention.party,))
        if (by := _DONE_BY.search(text, 0, mention.start)) and not _BE_DONE.search(text, 0, by.start()):
            yield Relation("does", labels(by["word"]), by["word"], parties=owner, name=mention.text, passive=True)
        things = []
        if mention.owns:
            things = _owned(text, mention.end)
        elif match := _OF.search(text, 0, mention.start):
            things = [match["word"]]
        for thing in things:
            if (words := labels(thing)) and thing.lower() not in _NO_THING:
                yield Relation("has", words, thing, parties=owner, name=mention.text)


def _owned(text: str, at: int) -> list[str]:
    """The words of what a party owns, from where its name ends: "’s business records"."""
    found: list[str] = []
    for word in _WORD.finditer(text, at + 2, at + _REACH):
        if word[0].lower() in _NO_VERB or len(found) == _OWNED or re.search(r"[,;:()]", text[at : word.start()]):
            break
        found.append(word[0])
    return found
