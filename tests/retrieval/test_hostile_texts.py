"""No text makes a function cost its length squared: these run in the server when a question is answered.

Each text here took minutes, or for ever, in one of them: white space, marks or names without end.
"""

import re
import time
from collections.abc import Callable
from itertools import islice

import pytest

from retrieval.core.documents import Document
from retrieval.search.related_passages import extras
from retrieval.structure.chunks import cut
from retrieval.structure.clauses import outline
from retrieval.structure.cross_references import find_references
from retrieval.structure.definitions import find_definitions
from retrieval.structure.folding import fold
from retrieval.structure.layout import lines
from retrieval.structure.reflow import flowing_text, own_words
from retrieval.structure.sentence_ends import split_sentences
from tests.documents import document

pytestmark = pytest.mark.slow

N = 100_000  # characters: thirty pages
SECONDS = 5.0  # the slowest takes 0.8 on a laptop, and what grows with the square is far above it

TEXTS = {
    "numbers in one line": "1.1." * (N // 4),
    "numbers": "1.1.1.1\n" * (N // 8),
    "one line": "a" * N,
    "short lines": "a\n" * (N // 2),
    "empty lines": "\n" * N + "x",
    "full stops": "1\n" * 6 + "." * N + "a\n" + "b\n" * 6,
    "questions": "?!" * (N // 2) + "a",
    "deep numbering": "ARTICLE I A\n1. Go\n1.1 B\n(a) x\n(i) y\n(A) z\n(I) q\n(1) r\na) s\ni) t\n" * (N // 66),
    "leaders": ("." * 80 + "a\n") * (N // 82),
    "numbers that begin again": "1. Aa\n2. Bb\nTERMS\n1. Cc\n(a) x\n1. Dd\n" * (N // 36),
    "contents": "1. Alfa beta\n2. Gamma delta\n" * (N // 28),
    "articles": "ARTICLE I Aa\nas Article 1 is\n" * (N // 30),
    "clauses and references": "\n".join(f"{i % 900 + 1}. Aa\nas Section {i % 999 + 1} is" for i in range(N // 26)),
    "one clause, many references": "1. Foo\n" + "as Section 1(z) x " * (N // 18),
    "paragraphs": "1. Foo\n" + "as paragraph (z) x " * (N // 18),
    "a reference of a reference": "Section 1 " * (N // 10),
    "a reference and spaces": "Section 1" + " " * N + "x",
    "a reference of brackets": "Section 1" + "(a)" * (N // 3),
    "a list of brackets": "Section 1" + "(b)(c), " * (N // 8),
    "abbreviations": "Inc. " * (N // 5),
    "quotations": "“A” " * (N // 4),
    "a quotation and spaces": "“Aa”" + " " * N + "x",
    "an open quotation": "“" + " " * N + "b",
    "terms": "\n".join(f"“T{i}” means x;" for i in range(N // 18)),
    "terms without marks": "\n".join(f"Term{i} means x." for i in range(N // 17)),
    "terms in brackets": "\n".join(f"(the Wor{i})" for i in range(N // 13)),
    "a name and spaces": "Aa" + " " * N + "x",
    "short names": "Aa Bb (AB) " * (N // 11),
    "words that lead to a term": "(" + "called  " * (N // 8) + "1)",
    "hyphens": "ab-\n" * (N // 4),
    "soft hyphens": "a\u00ad b" * (N // 4),
    "accents": "e" + "\u0301" * N,
}


def _own_words(text: Document) -> object:
    return own_words(text, *(chunk.span for chunk, _ in islice(cut(text), 20)))


def _extras(text: Document) -> object:
    middle = [chunk.span for chunk, _ in islice(cut(text), 50, 60)]
    return list(extras(middle, lambda _: text))


@pytest.mark.parametrize("name", TEXTS)
def test_no_text_takes_longer_than_it_is_long(name: str) -> None:
    text = document(TEXTS[name], id_=name)
    functions: list[Callable[[Document], object]] = [
        lines,
        outline,
        flowing_text,
        find_definitions,
        find_references,
        _own_words,
        _extras,
        lambda d: list(cut(d)),
        lambda d: fold(d.text),
        lambda d: split_sentences(d.text),
    ]
    took = []
    for function in functions:
        began = time.process_time()
        function(text)
        took.append(time.process_time() - began)
    assert max(took) < SECONDS, dict(zip(map(str, functions), took, strict=True))


def test_the_bounds_are_beyond_what_contracts_have() -> None:
    text = "\n".join(f"{i}. “Term {i}” means the thing of Section {i}." for i in range(1, 900))
    assert len(find_definitions(document(text))) == len(re.findall("means", text)) == 899
