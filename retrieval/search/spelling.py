"""Corrects misspelled words of a question: a word that nothing here knows becomes the nearest one of the documents.

A word is misspelled if neither the documents, nor the kinds of clause, nor the search model's vocabulary hold it. It
becomes a word whose stem the documents hold, one change away (a letter added, lost or exchanged, or two swapped), or
two for a long word. Names and other words with capitals are left alone.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property

from retrieval.search.clause_types import clause_types, core
from retrieval.search.embedder import Embedder
from retrieval.search.lexical import Lexical, stems_of

_WORD = re.compile(r"(?<![\w.@/'’-])[^\W\d_]{4,24}+(?![\w@/'’-]|\.\w)")
_ENDINGS = ("s", "es", "d", "ed")  # of a word that is not in a vocabulary of its own
_MOST_WORDS = 4  # of a question that nobody knows; more are another language, or a text
_LONG = 8  # letters, from which two changes are forgiven
_MOST_STEMS = 20_000  # of the documents, with the same first letter, that a word is compared with


class Spelling:
    """Corrects questions to a matter."""

    def __init__(self, lexical: Lexical, embedder: Embedder) -> None:
        self._lexical, self._embedder = lexical, embedder

    def corrections(self, matter_id: str, question: str) -> dict[str, str]:
        """The misspelled words of a question, each with what it is taken for."""
        words = {word.lower(): word for word in _WORD.findall(question) if word.islower() or question.startswith(word)}
        unknown = [word for word in words if self._is_unknown(matter_id, word)] if self._words_known else []
        if len(unknown) > _MOST_WORDS:
            return {}
        near = {word: self._nearest(matter_id, word) for word in unknown}
        return {words[w]: n.capitalize() if words[w][0].isupper() else n for w, n in near.items() if n}

    @cached_property
    def _words_known(self) -> dict[str, list[str]]:
        """The search model's words by their first letters."""
        by_letter = defaultdict(list)
        for word in sorted(self._embedder.vocabulary):
            by_letter[word[0]].append(word)
        return dict(by_letter)

    @cached_property
    def _stems_known(self) -> frozenset[str]:
        texts = (text for kind in clause_types() for text in (*kind.words, *map(core, kind.asks), *kind.samples))
        return frozenset(stem for text in texts for stem in stems_of(text))

    def _is_unknown(self, matter_id: str, word: str) -> bool:
        stems = stems_of(word)
        known = self._embedder.vocabulary
        if any(form in known for form in _forms(word)) or not stems or self._stems_known.issuperset(stems):
            return False
        return not all(self._lexical.held(matter_id, stems).values())

    def _nearest(self, matter_id: str, word: str) -> str:
        """The word with the fewest changes, of these the one that most chunks hold; empty where none is near enough."""
        changes = dict(self._near(matter_id, word))
        stems = {other: stem for other in changes for stem in stems_of(other)[:1]}
        held = self._lexical.held(matter_id, set(stems.values()))
        ranked = sorted((changes[other], -held[stem], other) for other, stem in stems.items() if held[stem])
        return ranked[0][-1] if ranked else ""

    def _near(self, matter_id: str, word: str) -> Iterator[tuple[str, int]]:
        """Words of the model and stems of the documents that are near enough, with the changes to them."""
        most = 2 if len(word) >= _LONG else 1
        stems = self._lexical.stems_with(matter_id, word[0], _MOST_STEMS)
        for other in (*self._words_known.get(word[0], ()), *stems):
            if abs(len(other) - len(word)) <= most and (n := changes_between(word, other, most)) <= most:
                yield other, n


def _forms(word: str) -> Iterator[str]:
    """A word, and what it is a plural or a past of: "bins", "bin"."""
    yield word
    yield from (
        word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending) and len(word) > len(ending) + 2
    )


def respelled(question: str, corrections: Mapping[str, str]) -> str:
    """A question with its corrections."""
    return _WORD.sub(lambda m: corrections.get(m[0], m[0]), question) if corrections else question


def changes_between(a: str, b: str, most: int) -> int:
    """Changes between two words, two letters swapped counting as one (optimal string alignment); `most` + 1 where they
    are more.
    """
    if abs(len(a) - len(b)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
