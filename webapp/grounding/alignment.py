"""Sees what a near-verbatim sentence has put in the place of something else.

That "60 days" or "the Licensee" stands somewhere in the passage does not make it right where the passage, in the same
words, has "30 days" or "the Licensor". Where most of a sentence is the passage's own wording, the two are laid side by
side, and a number or name that differs at one place is reported. A free paraphrase has no such place to look at.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from webapp.grounding.facts import find_facts, implied
from webapp.grounding.proper_names import ROLES, Vocabulary, is_plain, stem

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:[’'][^\W\d_]+)?")
_LEAST_WORDS = 6  # shorter sentences are alike by chance
_LEAST_ALIKE = 0.7  # of the sentence's words, in order, in the passage
_LEAST_BESIDE = 2  # words alike on either side of the place, where the sentence has any
_LONGEST_PLACE = 8  # words; more is another sentence rather than another word
_LONGEST_NAME = 3
_DEFINED_WITHIN = 250  # characters between a party's name and its defined name


def exchanged(sentence: str, source: str, words: Vocabulary) -> Iterator[str]:
    """Numbers and names of the sentence at places where the source, otherwise worded alike, has others; as written."""
    ours = list(_TOKEN.finditer(sentence))
    forms = [_form(m[0]) for m in ours]
    theirs = _beside(forms, list(_TOKEN.finditer(source)))
    matcher = SequenceMatcher(None, forms, [_form(m[0]) for m in theirs], autojunk=False)
    if len(ours) < _LEAST_WORDS or sum(b.size for b in matcher.get_matching_blocks()) < _LEAST_ALIKE * len(ours):
        return
    for i, i_end, j, j_end in _places(matcher.get_opcodes(), len(ours)):
        here = sentence[ours[i].start() : ours[i_end - 1].end()]
        there = source[theirs[j].start() : theirs[j_end - 1].end()]
        yield from _other_numbers(here, there)
        if i_end - i <= _LONGEST_NAME and j_end - j <= _LONGEST_NAME:
            yield from _other_names(here, there, source, words)


def _beside(forms: list[str], theirs: list[re.Match[str]]) -> list[re.Match[str]]:
    """The stretch of the source to lay beside the sentence: around the longest run of words that they share."""
    run = SequenceMatcher(None, forms, [_form(m[0]) for m in theirs], autojunk=False).find_longest_match()
    slack = len(forms) // 3 + 3
    return theirs[max(0, run.b - run.a - slack) : run.b - run.a + len(forms) + slack]


def _places(opcodes: Sequence[tuple[str, int, int, int, int]], size: int) -> Iterator[tuple[int, int, int, int]]:
    """Where a few words stand for a few others, between words that are alike; token ranges of the sentence and the source."""
    for before, (tag, i, i_end, j, j_end), after in zip([None, *opcodes], opcodes, [*opcodes[1:], None], strict=False):
        if tag != "replace":
            continue
        if i == 0:  # the source goes back further than the sentence: look at as much of it
            j = max(j, j_end - (i_end - i) - 1)
        if i_end == size:
            j_end = min(j_end, j + (i_end - i) + 1)
        held = all(edge is None or edge[2] - edge[1] >= _LEAST_BESIDE for edge in (before, after))
        if held and i_end - i <= _LONGEST_PLACE and j_end - j <= _LONGEST_PLACE:
            yield i, i_end, j, j_end


def _form(word: str) -> str:
    return word if word[0].isdigit() else stem(word)


def _other_numbers(here: str, there: str) -> Iterator[str]:
    stated = {key for fact in find_facts(there) for key in implied(fact.keys)}
    if stated:
        for fact in find_facts(here):
            if not stated & set(implied(fact.keys)):
                yield fact.text


def _other_names(here: str, there: str, source: str, words: Vocabulary) -> Iterator[str]:
    ours, theirs = _names(here, words), _names(there, words)
    if theirs and ours and not re.search(r"\d", there) and not {stem(n) for n in ours} & {stem(n) for n in theirs}:
        yield from (name for name in ours if not any(_same_party(name, other, source) for other in theirs))


def _names(text: str, words: Vocabulary) -> list[str]:
    """Words that name a party or a defined term here: roles, and what the document itself writes with a capital."""
    found = [m[0] for m in _TOKEN.finditer(text) if not m[0][0].isdigit() and not is_plain(m[0])]
    return [w for w in found if stem(w) in ROLES or (w[0].isupper() and words.names(stem(w)))]


def _same_party(name: str, other: str, source: str) -> bool:
    """Whether one is defined as the other: 'Acme Holdings, Inc. (the "Licensor")'."""
    for first, second in ((name, other), (other, name)):
        defined = rf"\b{re.escape(first)}\b.{{0,{_DEFINED_WITHIN}}}?[“\"‘']\s*(?:the\s+)?[\w\s]{{0,30}}\b{re.escape(second)}\b"
        if re.search(defined, source, re.IGNORECASE | re.DOTALL):
            return True
    return False
