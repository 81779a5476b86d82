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

_LEAST_WORDS = 6  # of a sentence; shorter ones match by chance
_LEAST_ALIKE = 0.7  # share of the sentence's words that the passage has in the same order
_LEAST_BESIDE = 4  # matching words on both sides of a difference together, unless it is at an end of the sentence
_LONGEST_PLACE = 8  # words of a difference; a longer one is another statement rather than another word
_LONGEST_NAME = 3  # words


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
    tokens, every = _tokens(sentence, parties), _tokens(source, parties)
    forms = [token.form for token in tokens]
    if len(tokens) < _LEAST_WORDS:
        return
    near = _window(forms, every)
    matcher = SequenceMatcher(None, forms, [token.form for token in near], autojunk=False)
    if sum(b.size for b in matcher.get_matching_blocks()) < _LEAST_ALIKE * len(tokens):
        return
    for i, i_end, j, j_end in _differences(matcher.get_opcodes(), len(tokens)):
        words_here = sentence[tokens[i].start : tokens[i_end - 1].end]
        words_there = source[near[j].start : near[j_end - 1].end]
        yield from _other_numbers(words_here, words_there)
        yield from _other_parties(sentence, tokens[i:i_end], near[j:j_end], parties)
        named = [any(token.party is not None for token in place) for place in (tokens[i:i_end], near[j:j_end])]
        short = i_end - i <= _LONGEST_NAME and j_end - j <= _LONGEST_NAME
        if short and not named[0] and not re.search(r"\d", words_there):
            yield from _other_names(words_here, words_there, words, is_party=named[1])


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
