"""Rewrites sentences of contracts by rule: in other words with the same sense, and with another sense.

Each rewrite takes a sentence and chance, and gives the sentence anew, or None where it does not apply. What keeps the
sense exchanges drafting words for everyday ones, turns active into passive, moves a condition to the other end. What
changes it turns a negation, a modal, an exception, a condition, an order in time, a measure, or exchanges two names.
"""

import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.alterations import another_amount, another_date, another_number, reword

Rewrite = Callable[[str, random.Random], str | None]

HERE = Path(__file__).parent

# Modals and negations: what may be put for what.
_TURNS = [
    (r"\b(shall|must|will|may|can|cannot) not\b", r"\1"),
    (r"\bcannot\b", "can"),
    (r"\b(shall|must|will|can)\b(?! not)", r"\1 not"),
    (r"\bmay\b(?! not)", "may not"),
    (r"\b(is|are|was|were|does|do|has|have) not\b", r"\1"),
    (r"\b(is|are)\b(?! not)", r"\1 not"),
    (r"\b(agrees?|undertakes?) not to\b", r"\1 to"),
    (r"\b(agrees?|undertakes?) to\b", r"\1 not to"),
    (r"\bno\b", "any"),
    (r"\bneither\b", "either"),
    (r"\bnot\b ", ""),
    (r"\b(is|are) (required|obliged) to\b", r"\1 not \2 to"),
    (r"\bhas to\b", "does not have to"),
]
_SHIFTS = [  # an obligation for a permission, and the other way round
    (
        r"\b(?:shall|must|has to|is required to|is obliged to)\b(?! not| be| have)",
        "may|is free to|can, if it wishes,",
    ),
    (r"\b(?:shall|must) be\b", "may be"),
    (
        r"\b(?:may|can|is allowed to|is entitled to|has the right to|is permitted to)\b(?! not)",
        "must|shall|is obliged to|has to",
    ),
    (r"\b(?:shall|must|may) not\b", "need not|is not obliged to|may, if it wishes, not"),
    (r"\b(?:shall|must|will)\b(?! not)", "need not|does not have to|should"),
]
LIMIT = re.compile(
    r",?\s*\(?\b(?:unless|except(?: (?:as|for|that|where|to the extent))?|provided(?:,? however,?)?(?: that)?"
    r"|subject to|if\b|only if|other than|so long as|as long as|until|but only|to the extent"
    r"|without the (?:prior |written )+consent|without (?:the )?(?:prior|express|written)|save (?:for|as)"
    r"|in the event|solely|only)\b[^.;:]*?(?=[.;:]|, (?!and|or)\w|$)",
    re.IGNORECASE,
)
_ADDED_LIMIT = (
    "if the other party agrees|unless the other party objects|but only with written consent|only if the board approves"
    "|during the first year only|except in an emergency|as long as all fees have been paid|but only for internal use"
    "|unless the parties agree otherwise|except to an affiliate|within the United States only|if it gives reasons"
    "|only after a court has ordered it|but only once|except on public holidays|provided it pays a fee"
    "|unless it is insolvent|for a reasonable fee|after thirty days’ notice|even after the Agreement has ended"
).split("|")
_ABSOLUTE = (
    "in all cases|without exception|under any circumstances|in every case|whatever happens|unconditionally"
    "|at any time and for any reason"
).split("|")

_CONDITION = (
    "if|in the event that|in the event of|in case of|upon|unless|where|when|within|after|before|prior to|following"
    "|during|except as|except for|subject to|notwithstanding"
)
_CONDITION_FIRST = re.compile(
    rf"^(?P<condition>(?:{'|'.join(w.capitalize() for w in _CONDITION.split('|'))})\b[^,;]{{8,160}}), "
    r"(?P<main>[A-Z“\"a-z][^;]{20,}?)(?P<end>[.;]?)$"
)
_CONDITION_LAST = re.compile(
    rf"^(?P<main>[A-Z][^;,]{{20,200}}?),? (?P<condition>(?:{_CONDITION})\b [^;,]{{8,160}}?)(?P<end>[.;]?)$"
)
_PREPOSITION = (
    "in|on|to|for|with|within|upon|from|under|at|unless|except|if|prior|before|after|during|until|pursuant|without"
    "|through"
)
_ACTIVE = re.compile(
    r"^(?P<who>(?:Each |Either |Neither |The |the )?[A-Z][\w’&-]*(?: (?:of |and |or |the )?[A-Z][\w’&-]*){0,5}"
    r"|(?:Each|Either|Neither) party) (?P<modal>shall|will|must|may)(?P<no> not)? "
    r"(?:also |promptly |hereby |immediately )?(?P<verb>[a-z]+) "
    rf"(?P<what>(?:the|a|an|any|all|its|such|each|no|this)\b"
    rf"(?: (?!(?:{_PREPOSITION}|by|as|that|which|not|is|are)\b)[\w’“”\"-]+){{1,8}})"
    rf"(?P<rest>(?: (?:{_PREPOSITION})\b.*)?)(?P<end>[.;]?)$"
)
_IRREGULAR = dict(
    pair.split("=")
    for pair in (
        "pay=paid give=given make=made keep=kept hold=held take=taken sell=sold buy=bought bear=borne bring=brought "
        "send=sent set=set get=got do=done have=had choose=chosen withdraw=withdrawn undertake=undertaken begin=begun "
        "find=found show=shown meet=met lend=lent spend=spent build=built put=put submit=submitted write=written "
        "permit=permitted transfer=transferred refer=referred incur=incurred cancel=cancelled control=controlled "
        "forego=foregone forgo=forgone leave=left lose=lost tell=told seek=sought lead=led read=read hire=hired"
    ).split()
)
_NO_PASSIVE = frozenset(
    "be have become remain continue commence expire begin end act comply survive inure include consist apply".split()
)
_FRAMES = (
    "The contract says that {}|The Agreement provides that {}|Under this clause, {}|According to the contract, {}"
    "|It is agreed that {}|In short, {}|Yes: {}|The parties agreed that {}|As the clause puts it, {}|Here {}|Yes, {}"
    "|The clause states that {}"
).split("|")
_IS_SOMEONE = re.compile(r"(?:[A-Z][\w’&.-]*|party|parties|it|they|who) $")
_SMALL_FIRST = re.compile(  # words that begin a sentence, and are no name
    rf"(?:The|This|At|On|Each|Either|Neither|Any|All|No|Such|Its|A|An|It|Nothing|(?i:{_CONDITION}))\b"
)
_NUMBER = re.compile(r"^\W*(?:(?:Section|Article)\s+)?(?:\d+(?:\.\d+)*\.?|\([a-z0-9]{1,4}\)|[a-z]\.|[A-Z]\.)\s+(?=\S)")
_TWO_PARTS = re.compile(
    r"^(.{40,260}?)(?:;(?: and)?|, and) (?=(?:[A-Z][\w’]*|the \w+|it|they|each|such|shall|will|may)\b)(.*)$"
)
_LIMITLESS_BRACKETS = re.compile(r"\s*\((?![^)]*(?:except|unless|only|not|other than|provided|subject))[^()]{2,80}\)")


def _rows(file: str) -> list[list[str]]:
    """Rows of words, of which the first is what stands in a sentence and the others are what may be put for it."""
    return [line.split("|") for line in (HERE / file).read_text("utf-8").splitlines()]


_SAME = [
    (re.compile(rf"\b{re.escape(row[0])}\b", re.IGNORECASE), row[1:])
    for row in sorted(_rows("words_of_one_sense.txt"), key=lambda row: -len(row[0]))
]
_OPPOSITE = [(re.compile(rf"\b{re.escape(row[0])}\b"), row[1:]) for row in _rows("words_of_another_sense.txt")]


# The same sense ------------------------------------------------------------------------------------------------------


def same_words(sentence: str, rng: random.Random, share: float = 0.5) -> str:
    """Words for words of the same sense, each with probability `share`."""
    taken: list[tuple[int, int, str]] = []
    for pattern, words in _SAME:
        for m in pattern.finditer(sentence):
            if rng.random() > share or any(m.start() < b and a < m.end() for a, b, _ in taken):
                continue
            new, end = rng.choice(words), m.end()
            if new.endswith("+ing"):
                verb = re.match(r" ([a-z]+)\b", sentence[end:])
                if not verb or verb[1] in ("be", "have"):
                    continue
                new, end = new.removesuffix("+ing") + gerund(verb[1]), end + verb.end()
            elif words[0] == "can" and not _IS_SOMEONE.search(sentence[: m.start()]):
                new = rng.choice(["can", "might", "may"])
            elif words[0] in ("must not", "must", "can", "may") and re.match(r" (?:\w+ly )?be\b", sentence[end:]):
                new = rng.choice([w for w in words if " " not in w or w.endswith("not")])
            if m[0][0].isupper():
                new = new[0].upper() + new[1:]
            taken.append((m.start(), end, new))
    for start, end, new in sorted(taken, reverse=True):
        sentence = sentence[:start] + new + sentence[end:]
    return sentence


def condition_moved(sentence: str) -> str | None:
    """A condition moves to the other end of its sentence."""
    if m := _CONDITION_FIRST.match(sentence):
        return f"{_upper(m['main'])} {_lower(m['condition'])}{m['end']}"
    if m := _CONDITION_LAST.match(sentence):
        return f"{_upper(m['condition'])}, {_lower(m['main'])}{m['end']}"
    return None


def passive(sentence: str) -> str | None:
    """Who shall do something: what shall be done by them."""
    m = _ACTIVE.match(sentence)
    if not m or m["verb"] in _NO_PASSIVE:
        return None
    who = m["who"]
    no = m["no"] or ""
    if who.startswith("Neither"):
        who, no = "either" + who[7:], " not"
    by = f" by {_lower(who)}"
    return f"{_upper(m['what'])} {m['modal']}{no} be {participle(m['verb'])}{by}{m['rest']}{m['end']}"


def framed(sentence: str, rng: random.Random) -> str:
    """An answer's opening before the sentence."""
    return rng.choice(_FRAMES).format(_lower(sentence)) if sentence[:1].isupper() else sentence


def brackets_dropped(sentence: str) -> str | None:
    """What stands in brackets is left out where it limits nothing."""
    short = _LIMITLESS_BRACKETS.sub("", sentence)
    return None if short == sentence else short


def first_part(sentence: str) -> str | None:
    """The first of two statements that "and" or a semicolon joins, where nothing after it limits it."""
    m = _TWO_PARTS.match(sentence)
    if not m or LIMIT.search(m[2]) or re.search(r"\b(?:either|neither|both|following)\b|:", m[1], re.IGNORECASE):
        return None
    return m[1].rstrip(",") + "."


def paraphrase(sentence: str, rng: random.Random) -> str:
    """The sentence in other words, by several rewrites at once."""
    now = _without_number(sentence)
    if rng.random() < 0.4:
        now = first_part(now) or now
    if rng.random() < 0.5:
        now = brackets_dropped(now) or now
    if rng.random() < 0.5:
        now = passive(now) or now
    if rng.random() < 0.4:
        now = condition_moved(now) or now
    if rng.random() < 0.5:
        now = reword(now, rng)
    now = same_words(now, rng, rng.choice([0.0, 0.3, 0.6, 0.9]))
    if rng.random() < 0.2:
        now = framed(now, rng)
    return now


# Another sense -------------------------------------------------------------------------------------------------------


def negated(sentence: str, rng: random.Random) -> str | None:
    """A negation is put in or taken out."""
    for pattern, new in rng.sample(_TURNS, len(_TURNS)):
        places = list(re.finditer(pattern, sentence))
        if places:
            place = rng.choice(places)
            return sentence[: place.start()] + place.expand(new) + sentence[place.end() :]
    return None


def modal_shifted(sentence: str, rng: random.Random) -> str | None:
    """A duty for a permission, or the other way round."""
    for pattern, new in rng.sample(_SHIFTS, len(_SHIFTS)):
        places = list(re.finditer(pattern, sentence))
        if places:
            place = rng.choice(places)
            return sentence[: place.start()] + rng.choice(new.split("|")) + sentence[place.end() :]
    return None


def opposite(sentence: str, rng: random.Random) -> str | None:
    """A word becomes its opposite."""
    places = [(m, words) for pattern, words in _OPPOSITE for m in pattern.finditer(sentence)]
    if not places:
        return None
    m, words = rng.choice(places)
    return sentence[: m.start()] + rng.choice(words) + sentence[m.end() :]


def limit_dropped(sentence: str, rng: random.Random) -> str | None:
    """An exception, a condition or a proviso is left out, or denied."""
    places = [m for m in LIMIT.finditer(sentence) if len(m[0]) > 8 and len(sentence) - len(m[0]) > 40]
    if not places:
        return None
    m = rng.choice(places)
    rest = sentence[: m.start()] + sentence[m.end() :]
    if rng.random() < 0.4:
        rest = f"{rest.rstrip('.; ')} {rng.choice(_ABSOLUTE)}."
    return _upper(rest.lstrip(" ,"))


def limit_added(sentence: str, rng: random.Random, limits: Sequence[str] = ()) -> str | None:
    """A condition or exception that stands nowhere, or in another sentence, is put at the end."""
    if len(sentence) > 350:
        return None
    limit = rng.choice(limits if limits and rng.random() < 0.7 else _ADDED_LIMIT)
    return None if limit in sentence else f"{sentence.rstrip('.; ')}, {limit.strip(' ,.;')}."


def figure_changed(sentence: str, rng: random.Random) -> str | None:
    """A number, an amount or a date becomes another."""
    ways = [another_number, another_amount, another_date]
    for way in rng.sample(ways, len(ways)):
        if new := way(sentence, rng):
            return new
    return None


def exchanged(parties: Sequence[Sequence[str]]) -> Rewrite:
    """Two parties change places, or one stands where the other did."""

    def alter(sentence: str, rng: random.Random) -> str | None:
        names = {name: i for i, each in enumerate(parties) for name in each}
        if len(parties) < 2 or not names:
            return None
        pattern = re.compile(r"\b(?:" + "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True)) + r")\b")
        here = list(pattern.finditer(sentence))
        if not here:
            return None
        which = [names[m[0]] for m in here]
        first = which[0]
        other = rng.choice([i for i in which if i != first] or [i for i in range(len(parties)) if i != first])
        one = rng.random() < 0.25
        turned = {first: other, other: first}
        only = rng.randrange(len(here)) if one else -1
        for at in reversed(range(len(here))):
            if which[at] in turned and (not one or at == only):
                m, new = here[at], turned[which[at]]
                there = [x[0] for x, i in zip(here, which, strict=True) if i == new]
                name = there[0] if there else rng.choice(list(parties[new]))
                sentence = sentence[: m.start()] + name + sentence[m.end() :]
        return sentence

    return alter


ALTERATIONS: dict[str, Rewrite] = {
    "negation": negated,
    "modality": modal_shifted,
    "opposite": opposite,
    "limit dropped": limit_dropped,
    "limit added": limit_added,
    "figure": figure_changed,
}


def gerund(verb: str) -> str:
    """The form in -ing."""
    if verb.endswith("e") and not verb.endswith(("ee", "ye", "oe")):
        return verb[:-1] + "ing"
    if re.fullmatch(r"[^aeiou]*[aeiou][bdgmnprt]", verb) or verb in (
        "submit",
        "permit",
        "transfer",
        "refer",
        "incur",
        "forget",
    ):
        return verb + verb[-1] + "ing"
    return verb + "ing"


def participle(verb: str) -> str:
    """The past participle."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return verb[:-1] + "ied"
    return verb + "ed"


def _without_number(sentence: str) -> str:
    return _NUMBER.sub("", sentence)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower(text: str) -> str:
    """Small first letter where the word is none of a name."""
    return text[:1].lower() + text[1:] if _SMALL_FIRST.match(text) else text
