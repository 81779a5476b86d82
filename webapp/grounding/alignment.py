"""Word alignment of a near-verbatim sentence with its passage, to find numbers and names that were exchanged.

That "60 days" or "the Licensee" occurs somewhere in the passage does not make it right where the passage, in otherwise
the same words, has "30 days" or "the Licensor". If most words of a sentence are the passage's, the two are aligned, and
a number or name that differs at one place is reported. A free paraphrase cannot be aligned.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from webapp.grounding.facts import find_facts
from webapp.grounding.proper_names import ROLES, Vocabulary, is_plain, stem
from webapp.grounding.quantities import stated, values

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:[’'][^\W\d_]+)?")
_LEAST_WORDS = 6  # of a sentence; shorter ones match by chance
_LEAST_ALIKE = 0.7  # share of the sentence's words that the passage has in the same order
_LEAST_BESIDE = 2  # matching words on either side of a difference, unless it is at an end of the sentence
_LONGEST_PLACE = 8  # words of a difference; a longer one is another statement rather than another word
_LONGEST_NAME = 3  # words
_DEFINED_WITHIN = 250  # characters between a party's name and its defined term


def exchanged_words(sentence: str, source: str, words: Vocabulary) -> Iterator[str]:
    """Yield numbers and names of the sentence where the aligned source has others, as written in the sentence.

    `words` is the vocabulary of the source's document, which tells names from ordinary words.
    """
    tokens = list(_TOKEN.finditer(sentence))
    forms = [_form(m[0]) for m in tokens]
    source_tokens = _window(forms, list(_TOKEN.finditer(source)))
    matcher = SequenceMatcher(None, forms, [_form(m[0]) for m in source_tokens], autojunk=False)
    if len(tokens) < _LEAST_WORDS or sum(b.size for b in matcher.get_matching_blocks()) < _LEAST_ALIKE * len(tokens):
        return
    for i, i_end, j, j_end in _differences(matcher.get_opcodes(), len(tokens)):
        words_here = sentence[tokens[i].start() : tokens[i_end - 1].end()]
        words_there = source[source_tokens[j].start() : source_tokens[j_end - 1].end()]
        yield from _other_numbers(words_here, words_there)
        if i_end - i <= _LONGEST_NAME and j_end - j <= _LONGEST_NAME:
            yield from _other_names(words_here, words_there, source, words)


def _window(forms: list[str], source_tokens: list[re.Match[str]]) -> list[re.Match[str]]:
    """The tokens of the source to align with the sentence: those around the longest run of words in common."""
    run = SequenceMatcher(None, forms, [_form(m[0]) for m in source_tokens], autojunk=False).find_longest_match()
    slack = len(forms) // 3 + 3
    return source_tokens[max(0, run.b - run.a - slack) : run.b - run.a + len(forms) + slack]


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
        anchored = all(edge is None or edge[2] - edge[1] >= _LEAST_BESIDE for edge in (previous, following))
        if anchored and i_end - i <= _LONGEST_PLACE and j_end - j <= _LONGEST_PLACE:
            yield i, i_end, j, j_end


def _form(word: str) -> str:
    return word if word[0].isdigit() else stem(word)


def _other_numbers(words_here: str, words_there: str) -> Iterator[str]:
    source_values = values(words_there)
    if source_values:
        yield from (fact.text for fact in find_facts(words_here) if not stated(fact, source_values))


def _other_names(words_here: str, words_there: str, source: str, words: Vocabulary) -> Iterator[str]:
    names, source_names = _names(words_here, words), _names(words_there, words)
    if not names or not source_names or re.search(r"\d", words_there):
        return
    if not {stem(n) for n in names} & {stem(n) for n in source_names}:
        yield from (name for name in names if not any(_same_party(name, other, source) for other in source_names))


def _names(text: str, words: Vocabulary) -> list[str]:
    """Words that name a party or a defined term: roles, and words that the document itself writes with a capital."""
    candidates = [m[0] for m in _TOKEN.finditer(text) if not m[0][0].isdigit() and not is_plain(m[0])]
    return [w for w in candidates if stem(w) in ROLES or (w[0].isupper() and words.names(stem(w)))]


def _same_party(name: str, other: str, source: str) -> bool:
    """Whether the source defines one as the other: 'Acme Holdings, Inc. (the "Licensor")'."""
    for first, second in ((name, other), (other, name)):
        definition = (
            rf"\b{re.escape(first)}\b.{{0,{_DEFINED_WITHIN}}}?[“\"‘']\s*"
            rf"(?:the\s+)?[\w\s]{{0,30}}\b{re.escape(second)}\b"
        )
        if re.search(definition, source, re.IGNORECASE | re.DOTALL):
            return True
    return False
