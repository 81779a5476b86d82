"""Finds the sentence of some spans that shares most words with a text:
for the pin cite of words that are no quotation.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from retrieval.core.documents import Document, Span
from retrieval.structure.clauses import outline
from retrieval.structure.sentence_ends import split_sentences

_WORD = re.compile(r"[^\W\d_]{3,}|\d+")
_GRAMMAR = frozenset("the and for any not its may has who are was all this that with".split())
_STEM = 6  # characters of a word that tell it apart: "terminate" and "termination" are one


def where_said(document: Document, spans: Sequence[Span], words: str) -> int:
    """The offset of the sentence of `spans` that shares most with `words`; of their first word where none shares any.

    A word counts less the more of the sentences have it.
    """
    stems_of_words = _stems(words)
    sentences = [sentence for span in spans for sentence in _sentences(document, span)]
    shared = [stems_of_words & _stems(document.slice(sentence)) for sentence in sentences]
    in_how_many = Counter(stem for stems in shared for stem in stems)
    worth = [sum(1 / in_how_many[stem] for stem in stems) for stems in shared]
    return sentences[worth.index(max(worth))].start if sentences else spans[0].start


def _sentences(document: Document, span: Span) -> Iterator[Span]:
    """Those of a span; none runs from one clause into the next."""
    inside = (clause.span.start for clause in outline(document) if span.start < clause.span.start < span.end)
    for start, end in pairwise((span.start, *inside, span.end)):
        yield from (document.span(*at) for at in split_sentences(document.text, start, end))


def _stems(text: str) -> set[str]:
    return {word[:_STEM] for word in _WORD.findall(text.casefold())} - _GRAMMAR
