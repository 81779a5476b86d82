"""Word alignment of a near-verbatim sentence with its passage, to find numbers and names that were exchanged.

That "60 days" or "the Licensee" occurs somewhere in the passage does not make it right where the passage, in otherwise
the same words, has "30 days" or "the Licensor". If most words of a sentence are the passage's, the two are aligned, and
a number or name that differs at one place is reported. A free paraphrase cannot be aligned.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from webapp.grounding.facts import find_facts
from webapp.grounding.parties import Parties
from webapp.grounding.proper_names import ROLES, Vocabulary, is_plain, stem
from webapp.grounding.quantities import stated, values
from webapp.grounding.senses import WORD
from webapp.grounding.signs import TURNED, TURNS, TURNS_BACK, TURNS_NOTHING, phrases, sign

_LEAST_WORDS = 6  # of a sentence; shorter ones match by chance
_LEAST_ALIKE = 0.7  # share of the sentence's words that the passage has in the same order
_LEAST_BESIDE = 4  # matching words on both sides of a difference together, unless it is at an end of the sentence
_LONGEST_PLACE = 8  # words of a difference; a longer one is another statement rather than another word
_LONGEST_NAME = 3  # words
_MORE_WORDS = 5  # that one of them has at a place: "not be obligated to"
_BEFORE = 2  # words of the source before the first one that the sentence has
_SHOWN, _WORDS_SHOWN = 40, 3  # characters and words of a negation
_TURNED = re.compile(rf"{phrases(TURNED)}[^,;:.]{{0,80}}$", re.IGNORECASE)
_TURNS, _TURNS_BACK, _TURNS_NOTHING = sign(TURNS), sign(TURNS_BACK), sign(TURNS_NOTHING)


@dataclass(frozen=True, slots=True)
class _Token:
    """A word, a number or the name of a party at [start, end), and the form by which it is compared."""

    start: int
    end: int
    form: str
    party: int | None = None


def exchanged_words(sentence: str, source: str, words: Vocabulary, parties: Parties) -> Iterator[str]:
    """Yield numbers and names of the sentence where the aligned source has others, as written in the sentence.

    `words` is the vocabulary of the source's document, which tells names from ordinary words; `parties` is its table:
    every name of a party is one token.
    """
    tokens, near, opcodes = _aligned(sentence, source, parties)
    for i, i_end, j, j_end in _differences(opcodes, len(tokens)):
        words_here = sentence[tokens[i].start : tokens[i_end - 1].end]
        words_there = source[near[j].start : near[j_end - 1].end]
        yield from _other_numbers(words_here, words_there)
        yield from _other_parties(sentence, tokens[i:i_end], near[j:j_end], parties)
        named = [any(token.party is not None for token in place) for place in (tokens[i:i_end], near[j:j_end])]
        short = i_end - i <= _LONGEST_NAME and j_end - j <= _LONGEST_NAME
        if short and not named[0] and not re.search(r"\d", words_there):
            yield from _other_names(words_here, words_there, words, is_party=named[1])


def is_near_verbatim(sentence: str, source: str, parties: Parties) -> bool:
    """Whether most words of a sentence are the source's in the same order."""
    return bool(_aligned(sentence, source, parties)[0])


def turned(sentence: str, source: str, parties: Parties) -> tuple[str, bool]:
    """The negation that only the sentence or only the aligned source has, with the words after it, and whether it is
    the source's; "" without one, or if it is turned back ("not … without" is "only … with").
    """
    tokens, near, opcodes = _aligned(sentence, source, parties)
    places = list(_places(opcodes))
    here = [(sentence, tokens[i:i_end]) for i, i_end, _, _ in places if i < i_end]
    there = [(source, near[j:j_end]) for _, _, j, j_end in places if j < j_end]
    ours, theirs = ([words for place in side for words in _turning(*place)] for side in (here, there))
    first = next((j for tag, _, _, j, _ in opcodes if tag == "equal"), 0)
    if near and (before := _TURNED.search(source, 0, near[first].start)):
        theirs.append(" ".join(before[0].split()[: _WORDS_SHOWN + 1]))
    back = sum(len(_TURNS_BACK.findall(text, at[0].start, at[-1].end)) for text, at in here + there)
    if (len(ours) + len(theirs)) % 2 == 0 or back % 2:
        return "", False
    return (theirs or ours)[0], bool(theirs)


def _places(opcodes: Sequence[tuple[str, int, int, int, int]]) -> Iterator[tuple[int, int, int, int]]:
    """Token ranges of all differences between words that match, and of one before the first word that does; not of a
    clause that one of them has besides ("which may not be withheld").
    """
    last = max((n for n, opcode in enumerate(opcodes) if opcode[0] == "equal"), default=0)
    for tag, i, i_end, j, j_end in opcodes[:last]:
        if tag != "equal":
            j = j if i else max(j, j_end - (i_end - i) - _BEFORE)
            if abs((i_end - i) - (j_end - j)) <= _MORE_WORDS:
                yield i, i_end, j, j_end


def _turning(text: str, place: Sequence[_Token]) -> list[str]:
    """The negations among tokens of a text, each with the words after it."""
    idle = [match.span() for match in _TURNS_NOTHING.finditer(text)]
    found = _TURNS.finditer(text, place[0].start, place[-1].end)
    turns = [m for m in found if not any(start <= m.start() < end for start, end in idle)]
    return [" ".join(text[m.start() : m.end() + _SHOWN].split()[:_WORDS_SHOWN]) for m in turns]


@lru_cache(maxsize=256)
def _aligned(
    sentence: str, source: str, parties: Parties
) -> tuple[Sequence[_Token], Sequence[_Token], Sequence[tuple[str, int, int, int, int]]]:
    """The tokens of a sentence and of the part of the source that is aligned with it, and how they differ; nothing of a
    sentence that is not near-verbatim.
    """
    tokens, every = _tokens(sentence, parties), _tokens(source, parties)
    forms = [token.form for token in tokens]
    if len(tokens) < _LEAST_WORDS:
        return (), (), ()
    near = _window(forms, every)
    matcher = SequenceMatcher(None, forms, [token.form for token in near], autojunk=False)
    if sum(b.size for b in matcher.get_matching_blocks()) < _LEAST_ALIKE * len(tokens):
        return (), (), ()
    return tokens, near, matcher.get_opcodes()


@lru_cache(maxsize=64)  # a source is aligned with each sentence that cites it
def _tokens(text: str, parties: Parties) -> tuple[_Token, ...]:
    """The words of a text in order; a party is one token, whatever it is called."""
    found: list[_Token] = []
    at = 0
    for mention in (m for m in parties.mentions(text) if m.party is not None):
        found += (_word(m) for m in WORD.finditer(text, at, mention.start))
        found.append(_Token(mention.start, mention.end, f"<{mention.party}>", mention.party))
        at = mention.end
    return (*found, *map(_word, WORD.finditer(text, at)))


def _word(match: re.Match[str]) -> _Token:
    return _Token(match.start(), match.end(), match[0] if match[0][0].isdigit() else stem(match[0]))


def _window(forms: Sequence[str], source: Sequence[_Token]) -> Sequence[_Token]:
    """The tokens of the source to align with the sentence: those around the longest run of words in common."""
    run = SequenceMatcher(None, forms, [token.form for token in source], autojunk=False).find_longest_match()
    slack = len(forms) // 3 + 3
    return source[max(0, run.b - run.a - slack) : run.b - run.a + len(forms) + slack]


def _differences(opcodes: Sequence[tuple[str, int, int, int, int]], size: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield token ranges of sentence and source where a few words replace a few others, between words that match."""
    neighbours = zip([None, *opcodes], opcodes, [*opcodes[1:], None], strict=False)
    for previous, (tag, i, i_end, j, j_end), following in neighbours:
        if tag != "replace":
            continue
        if i == 0:  # the source begins earlier than the sentence: compare as many words
            j = max(j, j_end - (i_end - i) - 1)
        if i_end == size:
            j_end = min(j_end, j + (i_end - i) + 1)
        beside = [edge[2] - edge[1] for edge in (previous, following) if edge is not None and edge[0] == "equal"]
        anchored = sum(beside) >= _LEAST_BESIDE or None in (previous, following)
        if anchored and i_end - i <= _LONGEST_PLACE and j_end - j <= _LONGEST_PLACE:
            yield i, i_end, j, j_end


def _other_numbers(words_here: str, words_there: str) -> Iterator[str]:
    source_values = values(words_there)
    for fact in find_facts(words_here) if source_values else ():
        # A difference is cut at words: its first number may have lost the sign before it.
        if not stated(fact, source_values) and not values(fact.text) & source_values:
            yield fact.text


def _other_parties(sentence: str, here: Sequence[_Token], there: Sequence[_Token], parties: Parties) -> Iterator[str]:
    """The parties of a place in the sentence if those at its place in the source are others."""
    rows = {token.party for token in there if token.party is not None}
    for token in here:
        if token.party is not None and rows and all(parties.are_two(token.party, row) for row in rows):
            yield sentence[token.start : token.end]


def _other_names(words_here: str, words_there: str, words: Vocabulary, *, is_party: bool) -> Iterator[str]:
    """Names of a place in the sentence that the source does not have there; where it names a party, all capitalised
    words are names.
    """
    source_names = _names(words_there, words)
    names = _names(words_here, words) or (_capitalised(words_here) if is_party else [])
    if names and (source_names or is_party) and not {stem(n) for n in names} & {stem(n) for n in source_names}:
        yield from names


def _names(text: str, words: Vocabulary) -> list[str]:
    """Words that name a party or a defined term: roles, and words that the document itself writes with a capital."""
    candidates = [m[0] for m in WORD.finditer(text) if not m[0][0].isdigit() and not is_plain(m[0])]
    return [w for w in candidates if stem(w) in ROLES or (w[0].isupper() and words.names(stem(w)))]


def _capitalised(text: str) -> list[str]:
    return [m[0] for m in WORD.finditer(text) if m[0][0].isupper() and not is_plain(m[0])]
