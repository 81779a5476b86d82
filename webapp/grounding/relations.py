"""Finds who shall, may or must not do what in a text: parties with verbs, modality and polarity (deontic relations).

"Licensee may not assign this Agreement without consent" is one relation: of the Licensee, "must not", "assign". Two
texts are compared relation by relation; what neither words nor their order show is in none.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from webapp.grounding.parties import Mention, Parties
from webapp.grounding.senses import content, labels, senses
from webapp.grounding.signs import (
    ALLOWED,
    BARRED,
    BOUND,
    CAUSES,
    CONTRARY,
    FREES,
    LET,
    LIFTS,
    MODALS,
    NARROWS,
    NO_ONE,
    PARTICLES,
    SUPPOSED,
    TURNED,
    Modality,
    phrases,
    sign,
)

Part = Literal["does", "gets", "has"]

_LY = r"(?!(?:supply|apply|reply|comply|imply|multiply|rely|fly)\b)\w+ly"  # an adverb; "supply" is none
_WORD = re.compile(r"[^\W\d_]+(?:[’'](?!s\b)[^\W\d_]+)?")
_SENTENCE = re.compile(r"(?:[^.;]|[.;](?!\s))+[.;]?")
_MODAL = "|".join(f"(?P<{name.replace(' ', '_')}>{phrases(words)})" for name, words in MODALS)
_MODAL_PATTERN = re.compile(_MODAL, re.IGNORECASE)
_CAUSE_PATTERNS = tuple((modality, re.compile(rf"{phrases(words)}\s+$", re.IGNORECASE)) for modality, words in CAUSES)
_TURNED = re.compile(rf"{phrases(TURNED)}\s+(?:the\s+|a\s+|any\s+)?$", re.IGNORECASE)
_SUPPOSED = re.compile(rf"{phrases(SUPPOSED)}[^,;]*$|[a-z]\s+(?:it|they)\s+$", re.IGNORECASE)
# "No" is of the subject at the beginning of a clause alone, "neither" and "none of" wherever they stand; a comma joins
# what they deny, except in a condition ("if neither party pays, Buyer shall").
_NO = re.compile(
    r"(?:^|[,;:(.)]|\b(?:that|and|but)|(?P<if>\b(?:if|when|where|once|unless|until)))\s*(?:neither|no|nobody|no\s+one)"
    r"\s(?!later|less|more|fewer|longer|earlier)(?P<rest>[^;.]{0,160})$",
    re.IGNORECASE,
)
_NO_ONE = re.compile(
    rf"(?:\b(?P<if>if|when|where|unless|once|until)\s+)?{phrases(NO_ONE)}(?=(?:\s+of)?\s)(?P<rest>[^;:.]{{0,160}})$",
    re.IGNORECASE,
)
_TO_NAME = re.compile(r"(?:\s+(?:of|the|such|any|these|those))*\s*", re.IGNORECASE)
_BOUND = re.compile(rf"(?P<bound>{phrases(BOUND)})|(?P<let>{phrases(LET)})", re.IGNORECASE)
# "Is allowed", of an act; not "authorized in writing by the Buyer", nor "allowed to".
_ALLOWED = re.compile(
    rf"(?:{phrases(ALLOWED)}|(?P<barred>{phrases(BARRED)}))(?!(?:\s+\w+){{0,2}}?\s+(?:by|to|from)\b)", re.IGNORECASE
)
_BOUND_TO: dict[Modality, Modality] = {"may": "may", "must not": "need not", "is not": "need not"}
_DENIED: dict[Modality, Modality] = {"is": "is not", "is not": "is not"}
_BINDS = re.compile(rf"(?:{phrases(BOUND)}|\b(?:has|have|needs?)\s+to)$", re.IGNORECASE)
_LET_TO: dict[Modality, Modality] = {"must not": "must not", "is not": "must not", "need not": "need not"}
_IS = re.compile(rf"\b(?:is|are|was|were)\s+(?:{_LY}\s+|also\s+|then\s+|thereby\s+)*(?=[a-z]{{3}})")
_HEAD = re.compile(r"(?:^|[:–—]|-\s)\s*to\s+(?=be\s)", re.IGNORECASE)  # "INSURANCE: To be paid by the Buyer"
# Where the subject of a verb begins: after these, or after a condition before it.
_CLAUSE = re.compile(r"[;:]|\b(?:that|but|whereas|while)\b", re.IGNORECASE)
_CONDITION = re.compile(
    r"\s*(?:if|when|upon|after|in|unless|where|on|for|subject|under|during|until|before|provided|except|at)\b[^,]*,",
    re.IGNORECASE,
)
_DETERMINER = re.compile(r"\s*(?:(?:the|an?|any|all|each|every|its|their|such|both|no)\s+)*", re.IGNORECASE)
# What one is entitled to, rather than entitled to do.
_NOUN = re.compile(r"\w*(?:[ts]ion|ment|ance|ence|fee|royalty|royaltie|damage|indemnity)s?", re.IGNORECASE)
_NO_THINGS = re.compile(r"\s*no\s", re.IGNORECASE)
_SET_OFF = re.compile(r",[^;]*,")
_AND = re.compile(r"\b(?:and|or)\b", re.IGNORECASE)
_AND_BEFORE = re.compile(r"\b(?:and|or|but)\s+(?:(?:also|then|in\s+addition)\s+)?$", re.IGNORECASE)
_ONLY = re.compile(r"\bonly\s+(?:the\s+)?$", re.IGNORECASE)
_OBLIQUE = re.compile(r"\b(?:by|of|to|with|from|for|between)\s+(?:the\s+)?$", re.IGNORECASE)
_FOR = re.compile(r"\bfor\s*$", re.IGNORECASE)
# Between "neither" and a verb, these show that the verb is another clause's.
_VERB_BETWEEN = re.compile(
    rf"{phrases(' | '.join(words for _, words in MODALS))}|\b(?:is|are|was|were|be|has|have)\b"
    r"|,\s*(?:and|but|then|so|while)\b",
    re.IGNORECASE,
)
# Words after a thing that say more of it: "duties resulting from".
_PARTICIPLE = re.compile(r"\w+(?:ing|ed)\s+(?:by|from|to|in|on|for|with|under|the|a|an|any|such)\b")
_MOST_WORDS = 8  # of things
_THING_WORD = re.compile(r"(?P<join>\s*(?:,\s*(?:(?:and|or)\s+)?|\s(?:and/or|and|or)\s+|/))?[\s-]*(?P<word>[^\W\d_]+)")
_FREES, _LIFTS, _NARROWS = sign(FREES), sign(LIFTS), sign(NARROWS)
_FROM = re.compile(r"\s*(?:from|after|once|only|upon|following)\b", re.IGNORECASE)  # "After the summer the Buyer may"
_BOUNDS = re.compile(r"before|prior\s+to|beyond|past|outside|in\s+excess\s+of", re.IGNORECASE)
_CAUSED = re.compile(r"(?:[’']s?)?(?:\s*,[^,;.]{1,60},)?\s*(?:right\s+)?(?:to|from)\s+", re.IGNORECASE)
# What may stand between a party and its verb.
_BESIDE = re.compile(
    r"(?:\s*\((?:[^()]|\([^()]*\)){0,120}\)|\s*,[^,;.]{1,80},|\s+(?:and|or)\s+(?:its|their|his)\s+\w+"
    r"|\s+(?:and|or)\s+(?:(?:any|all|each|other|such|applicable|its|their)\s+)+(?:[\w’']+\s+){1,7}?"
    r"(?=(?:shall|may|must|will|can)\s)"
    rf"|\s+as\s+\w+\s+as\s+(?:{_LY}\s+)?(?:practicable|possible)"
    rf"|\s+(?:{_LY}|also|then|each|both|all|hereby|thus|further|alone|itself|or|and|hereunder)(?=\s))*\s*",
    re.IGNORECASE,
)
_ADVERB = re.compile(
    rf"(?:\s*,?\s*(?:{_LY}(?:\s+(?:or|and)\s+{_LY})?,?|also|then|thereafter|hereby|not|ever|even|at\s+any\s+time|in\s+turn"
    r"|otherwise|first|be|been|remain|have\s+been"
    r"|(?=,),[^,;.]{1,120},|either\s[^,;.]{1,60},|(?:and|or)\s+(?:in|at|on|upon|with|without|by|for|from|subject)\s[^,;.]{1,120},)"
    r"(?=\s))*\s*",
    re.IGNORECASE,
)
_BE = re.compile(r"\b(?:be|been|is|are|was|were|being|remain)\b", re.IGNORECASE)
# "It is the Buyer that has to pay."
_CLEFT = re.compile(
    r"\bit\s+is\s+(?P<who>(?:[\w.,&’'-]+\s+){1,6}?)(?:that|who|which)\s+(?=(?:has|must|shall|may|will|can|is|bears|pays)\b)",
    re.IGNORECASE,
)
_ONLY_ROLE = re.compile(r"\bonly\s+(?:the\s+|an?\s+)?(?P<who>[\w-]+)\s+$", re.IGNORECASE)
_LISTED = re.compile(
    rf"(?:\s+{phrases(PARTICLES)})?(?:\s*,\s*(?:or|and|nor)?\s*|\s+(?:or|and|nor)\s+|\s*/\s*)(?:(?:otherwise|to|{_LY})\s+)*",
    re.IGNORECASE,
)
# "Assign its rights or delegate its obligations": what stands between two verbs of a list with objects of their own.
_OBJECT_BETWEEN = re.compile(
    r"\s+(?:its|their|the|this|any|all|such|an?)\s(?:[\w’']+\s){1,6}?(?:or|and|nor)\s+(?:to\s+)?"
    r"(?=[a-z]{3,}\s+(?:its|their|the|this|any|all|such)\s)"
)
_TO_OBJECT = re.compile(r"\s+(?:(?:to|the|with|of|from|each|all|any|such|written|prior|notice)\s+){0,3}", re.IGNORECASE)
_TO_ANYONE = re.compile(r"[^;:]{0,80}?\bto\s+(?:the\s+|each\s+)?", re.IGNORECASE)
_BY = re.compile(r"[^;:]{0,60}?\bby\s+(?:the\s+|each\s+|both\s+)?", re.IGNORECASE)
_DONE_BY = re.compile(r"(?P<word>[^\W\d_]+(?:ed|en|de|ld|nt|pt|ne|un|aid|ght|wn))\s+by\s+(?:the\s+)?$", re.IGNORECASE)
_BE_DONE = re.compile(rf"\b(?:be|been)\s+(?:{_LY}\s+)?$", re.IGNORECASE)
_NOT_HAD = re.compile(
    r"(?:\bnot|n[’']t)\s+(?:need|require|have\s+to\s+(?:obtain|seek|get|have))\s+(?:the\s+)?$", re.IGNORECASE
)  # "does not need MD Anderson's consent"
_RIGHT_OF = re.compile(
    r"\s+(?:(?:shall|will)\s+)?(?:have|has|retains?|reserves?)\s+(?:the|a|an)?\s*(?:\w+\s+)?right\s+of\s+(?:(?:prior|written|final)\s+)*"
    r"(?P<word>approval|consent|inspection|review|audit|termination|renewal|election|veto)\b",
    re.IGNORECASE,
)  # "shall have the right of prior written approval"
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
    "within upon after cannot either neither nor both hereto hereof herein hereunder thereof therefor thereto".split()
)
_NO_THING = frozenset(
    "each either neither none any all both one some prior written sole own total other right behalf case exclusive "
    "respective".split()
)


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
    alone: bool = False  # "only the Licensee"
    passive: bool = False
    limited: bool = False
    supposed: bool = False
    rest: frozenset[str] = frozenset()
    excepted: frozenset[str] = frozenset()
    lift: frozenset[str] = frozenset()  # the labels of "before", "beyond": up to there, or from there, it is free
    things: tuple[frozenset[str], ...] = ()  # each word of a thing that one is bound to, or that is allowed
    about: tuple[frozenset[str], ...] = ()  # each word of a passive verb's subject that is no party

    @property
    def is_known(self) -> bool:
        """Whether it says whose it is."""
        return bool(self.parties) or self.of_all


def relations(text: str, parties: Parties) -> list[Relation]:
    """Every relation of a text that its words show, each sentence of it for itself."""
    plain = _CLEFT.sub(r"\g<who>", text)
    return [relation for match in _SENTENCE.finditer(plain) for relation in _of_sentence(match[0], parties)]


def is_same_act(said: Relation, there: Relation) -> bool:
    """Whether two relations are about one act or thing, whoever does or has it."""
    if said.part != there.part:
        return False
    if len(said.things) > 1 or len(there.things) > 1:
        few, many = sorted((said.things, there.things), key=len)
        return bool(few) and all(any(word & other for other in many) for word in few)
    is_so = {said.modality, there.modality} & {"is", "is not"} and not (said.is_known and there.is_known)
    if (is_so or (said.about and there.about)) and not _is_same_subject(said, there):
        return False
    return bool(said.words & there.words)


def _is_same_subject(said: Relation, there: Relation) -> bool:
    """Whether the subjects of two statements of a thing have most of their words in common."""
    if "is" in (said.modality, there.modality) and bool(said.about) != bool(there.about):
        return False
    return sum(any(a & b for b in there.about) for a in said.about) * 2 >= len(said.about) or not there.about


def is_wrong_party(said: Relation, there: Relation, parties: Parties) -> bool:
    """Whether a sentence names another party than its source, one alone where that names all, or all where that names
    some.
    """
    if there.of_all and said.alone:
        return True
    if there.of_all or not said.is_known or not there.is_known:
        return False
    if said.of_all:
        return len(there.parties) == 1 and parties.defined > 1
    return any(all(parties.are_two(a, b) for b in there.parties) for a in said.parties)


def is_contrary(said: Relation, there: Relation) -> bool:
    """Whether modality and polarity exclude each other; what is said under a condition agrees with a denial that has
    an exception.
    """
    both = frozenset((said.modality, there.modality))
    if said.part != "does":
        return False
    if both == {"must not"} and there.limited and not said.limited:  # the sentence bars what the clause excepts
        return len(there.excepted & said.rest) * 2 > len(there.excepted)
    if both not in CONTRARY:
        return False
    if (said.supposed or there.supposed) and both & {"is", "is not"}:
        return False
    if both == {"may", "must"}:  # "shall terminate at the option of any party" is no duty of one
        return (said.is_known and there.is_known) or (said.passive and there.passive)
    if both == {"must not", "need not"}:
        return True
    denied, let = (said, there) if said.modality in ("must not", "need not", "is not") else (there, said)
    if denied.lift & let.rest and not let.limited:  # "before the Starting Date", where it is barred until then
        return True
    return not (denied.limited and (let.limited or let.rest & denied.excepted))


@dataclass(frozen=True, slots=True)
class _Subject:
    """The party or parties that a sentence's clause is about."""

    start: int
    end: int
    first: Mention
    parties: frozenset[int]
    alone: bool = False  # "only the Licensee"

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
    last: _Subject | None = None
    for subject in subjects:
        if (caused := _caused(text, subject)) is not None:
            bound = _BOUND.match(text, _begin(text, caused[1]))
            taken.append((subject.start, bound.end() if bound else caused[1]))
            yield from _done(text, subject, caused[0], (caused[1], caused[1]), subjects)
    for match in _MODAL_PATTERN.finditer(text):
        if not any(start <= match.start() < end for start, end in taken):
            bound = _BOUND.match(text, _begin(text, match.end()))
            taken.append((match.start(), bound.end() if bound else match.end()))
            modality: Modality = match.lastgroup.replace("_", " ")  # type: ignore[union-attr,assignment]
            doer = _before(text, match.start(), subjects)
            is_oblique = doer is None or bool(_OBLIQUE.search(text, 0, doer.start))
            if last and is_oblique and _AND_BEFORE.search(text, 0, match.start()):
                doer = last  # "Seller shall pack the goods and shall insure them"
            last = doer
            yield from _done(text, doer, modality, match.span(), subjects)
    yield from _heads(text, subjects)
    for match in _IS.finditer(text):
        if not any(start <= match.start() < end for start, end in taken):
            yield from _so(text, match, subjects)
    for subject in subjects:
        at = _beside(text, subject.end)
        if _AND.search(text, subject.end, at) and any(end <= subject.start for _, end in taken):
            continue  # "shall pay the Lessor and notify"
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
        alone = bool(own) and bool(_ONLY.search(text, 0, mention.start))
        new = _Subject(mention.start, mention.end, mention, own, alone)
        last = found[-1] if found else None
        if last and last.parties and own - last.parties and not last.first.owns and _is_joined(text, last, new):
            found[-1] = replace(last, end=new.end, parties=last.parties | own)
        else:
            found.append(new)
    return found


def _is_joined(text: str, one: _Subject, other: _Subject) -> bool:
    """Whether two parties are members of one list; "approved by Wade, Naked shall" is none."""
    if not _JOINED.fullmatch(text, one.end, other.start):
        return False
    is_list = _AND.search(text, one.end, other.start) or _JOINED.match(text, other.end)
    return bool(is_list) or not _OBLIQUE.search(text, 0, one.start)


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
    begin = _begin(text, at[1])
    passive = bool(
        _BE.search(_SET_OFF.sub(" ", text[at[1] : begin])) or (modality in ("is", "is not") and _BE.match(text, at[0]))
    )
    denied, none = _denied(text, at[0], subjects, has_subject=subject is not None)
    subject = subject or none
    if (subject and subject.is_none) or denied:
        modality = _DENIED.get(modality, "must not") if not _BINDS.search(text, *at) else "need not"
    bound = _BOUND.match(text, begin) if passive else None
    if bound:
        modality, passive, begin = _bound(modality, bound), False, bound.end() + 1
    limits = _limits(text[at[1] :], modality)
    if modality == "may" and _FROM.match(text):
        limits = limits._replace(limited=True)
    supposed = bool(_SUPPOSED.search(text, 0, subject.start if subject else at[0]))
    what = _IS_WHAT.match(text, begin) if passive else None
    if what:
        passive = False
    only = _ONLY_ROLE.search(text, 0, at[0]) if subject is None else None
    about = _about(text, at[0]) if passive and subject is None else ()
    act = Relation(
        "does",
        frozenset(),
        "",
        modality,
        passive=passive,
        limited=limits.limited,
        supposed=supposed,
        rest=limits.rest,
        excepted=limits.excepted,
        lift=limits.lift,
        about=about,
        name=only["who"] if only else "",
        alone=bool(only),
    )
    if _FOR.search(text, at[0], begin):  # "is responsible for all costs of transport", "is liable for no damages"
        act = replace(act, modality="need not") if _NO_THINGS.match(text, begin) else act
        yield from (_of(subject, _with(act, thing)) for thing in _things(text, begin, len(text), subjects))
        return
    if passive and subject is None and (allowed := _ALLOWED.match(text, begin)):
        act = replace(act, modality=_allowed(modality, allowed), passive=False, about=())
        yield from (_with(act, thing) for thing in _things(text, _clause_start(text, at[0]), at[0], subjects))
        return
    for word in _WORD.finditer(text, *what.span("what")) if what else _verbs(text, begin):
        words = labels(word[0])
        if not words or any(s.start <= word.start() < s.end for s in subjects):
            continue
        act = replace(act, words=words, word=word[0])
        if modality == "may" and _NOUN.fullmatch(word[0]) and not passive:  # "is entitled to compensation"
            yield _of(subject, replace(act, part="has"))
            continue
        agent = _after(text, word.end(), subjects, (_BY,)) if passive else subject
        target = subject if passive else _after(text, word.end(), subjects, (_TO_OBJECT, _TO_ANYONE))
        yield _of(agent, act)
        if target and target.parties and not target.first.owns:
            yield _of(target, replace(act, part="gets"))


def _begin(text: str, at: int) -> int:
    """Where the verb of a modal phrase that ends at an offset begins."""
    adverbs = _ADVERB.match(text, at)
    begin = adverbs.end() if adverbs else at
    return item.end() if (item := _ITEM.match(text, begin)) else begin


def _denied(text: str, at: int, subjects: Sequence[_Subject], *, has_subject: bool) -> tuple[bool, _Subject | None]:
    """Whether a verb at an offset has a subject that denies it, and its party: "none of Buyer or its agents shall"."""
    no, match = _NO.search(text, 0, at), _NO_ONE.search(text, 0, at)
    is_no = no is not None and not ("," in no["rest"] and (has_subject or no["if"] or _VERB_BETWEEN.search(no["rest"])))
    if match is None or _VERB_BETWEEN.search(match["rest"]) or (match["if"] and "," in match["rest"]):
        return is_no, None
    first = _TO_NAME.match(text, match.start("rest"), at)
    named = next((s for s in subjects if first and s.start == first.end() and not s.first.owns), None)
    return True, named


def _bound(modality: Modality, bound: re.Match[str]) -> Modality:
    """The modality of "be obligated to" or "be entitled to" after a modal verb: "shall not be obligated to"."""
    if bound["let"]:
        return _LET_TO.get(modality, "may")
    return _BOUND_TO.get(modality, "must")


def _heads(text: str, subjects: Sequence[_Subject]) -> Iterator[Relation]:
    """What an infinitive after a heading says has to be done."""
    for match in _HEAD.finditer(text):
        yield from _done(text, None, "must", (match.end(), match.end()), subjects)


def _so(text: str, at: re.Match[str], subjects: Sequence[_Subject]) -> Iterator[Relation]:
    """What a thing is; of a party, which one it is: "Owner is the sole provider"."""
    party = next((s for s in subjects if s.end == at.start() - 1 and not _OBLIQUE.search(text, 0, s.start)), None)
    if party and not party.first.owns and _IS_WHAT.match(text, at.end()):
        yield from _done(text, party, "is", at.span(), subjects)
    if not any(s.end == at.start() - 1 and not _OBLIQUE.search(text, 0, s.start) for s in subjects):
        yield from _done(text, None, "is", at.span(), subjects)


def _allowed(modality: Modality, allowed: re.Match[str]) -> Modality:
    """Whether an act that is "allowed" or "not prohibited" may be done."""
    return "may" if (modality in ("must not", "is not", "need not")) == bool(allowed["barred"]) else "must not"


def _about(text: str, at: int) -> tuple[frozenset[str], ...]:
    """The words of the subject of a verb at an offset, each by its labels."""
    return tuple(content(text[_clause_start(text, at) : at]))


def _clause_start(text: str, at: int) -> int:
    start = max((match.end() for match in _CLAUSE.finditer(text, 0, at)), default=0)
    condition = _CONDITION.match(text, start, at)
    return condition.end() if condition else start


def _things(text: str, at: int, end: int, subjects: Sequence[_Subject]) -> list[list[str]]:
    """The words of each thing of a list from an offset: "customs taxes or duties", "the costs of transport"."""
    found: list[list[str]] = [[]]
    at = _DETERMINER.match(text, at).end()  # type: ignore[union-attr]
    while (match := _THING_WORD.match(text, at, end)) and sum(map(len, found)) < _MOST_WORDS:
        word = match["word"].lower()
        if (word in _NO_VERB and word != "of") or any(s.start <= match.start("word") < s.end for s in subjects):
            break
        if found[-1] and _PARTICIPLE.match(text, match.start("word"), end):
            break
        if match["join"]:
            found.append([])
        at = match.end()
        if word != "of":
            found[-1].append(match["word"])
        else:
            at = _DETERMINER.match(text, at + 1).end()  # type: ignore[union-attr]
    return [thing for thing in found if thing]


def _with(act: Relation, thing: Sequence[str]) -> Relation:
    """A relation about a thing; of one word, it may be compared with a verb."""
    words = [found for word in thing if (found := labels(word))]
    return replace(act, words=frozenset().union(*words), word=" ".join(thing), things=tuple(words))


class _Limits(NamedTuple):
    """Whether the words after a modal verb limit it, their senses if nothing frees of a limit, those that stand in an
    exception alone, and what bars it up to a time or a bound, or from it.
    """

    limited: bool
    rest: frozenset[str]
    excepted: frozenset[str] = frozenset()
    lift: frozenset[str] = frozenset()


def _limits(rest: str, modality: Modality) -> _Limits:
    following = senses(rest) if not _FREES.search(rest) else frozenset()
    if modality in ("must not", "is not", "need not"):
        lifted = _LIFTS.search(rest)
        if lifted is None:
            return _Limits(False, following)
        excepted = senses(rest[lifted.end() :]) - senses(rest[: lifted.start()])
        return _Limits(True, following, excepted, senses(lifted[0]) if _BOUNDS.fullmatch(lifted[0]) else frozenset())
    return _Limits(bool(_NARROWS.search(rest)) and not _FREES.search(rest), following)


def _of(subject: _Subject | None, act: Relation) -> Relation:
    if subject is None:
        return act
    return replace(act, parties=subject.parties, of_all=subject.of_all, name=subject.first.text, alone=subject.alone)


def _verbs(text: str, at: int) -> Iterator[re.Match[str]]:
    """The verbs from an offset: one, or several that a list joins ("assign, sublicense or otherwise transfer")."""
    for _ in range(_MOST_VERBS):
        word = _WORD.match(text, at)
        if word is None or word[0].lower() in _NO_VERB:
            return
        if len(word[0]) >= _LEAST:
            yield word
        listed = _OBJECT_BETWEEN.match(text, word.end()) or _LISTED.match(text, word.end())
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
        if _NOT_HAD.search(text, 0, mention.start):
            continue
        owner = frozenset((mention.party,))
        if (by := _DONE_BY.search(text, 0, mention.start)) and not _BE_DONE.search(text, 0, by.start()):
            yield Relation("does", labels(by["word"]), by["word"], parties=owner, name=mention.text, passive=True)
        things = []
        if right := _RIGHT_OF.match(text, mention.end):
            things = [right["word"]]
        elif mention.owns:
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
