"""Finds the questions and answers of testimony: each question with its answer, as they are quoted and cited together.

A transcript has a line that begins with "Q." for a question and one with "A." for its answer; what counsel says between
the two ("MR. VOSS: Objection.") belongs to them.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from retrieval.core.cache import document_cache
from retrieval.core.documents import Document, Span
from retrieval.structure.layout import Line, lines

_QUESTION = re.compile(r"\s*(?:Q(?:[.:]|\s(?=\s*[A-Z“\"]))|Question:|QUESTION[.:])\s*(?=\S)")
_ANSWER = re.compile(r"\s*(?:A(?:[.:]|\s(?=\s*[A-Z“\"]))|Answer:|ANSWER[.:]|THE WITNESS:)\s*(?=\S)")
# What is no part of an answer: a recess, the next examination, the end of the session, the reporter's certificate.
_ENDS = re.compile(
    r"\s*(?:\((?!.*\?)|(?:(?:CROSS|DIRECT|REDIRECT|RECROSS)\W|(?:FURTHER )?(?:RE|CROSS-|DIRECT )?EXAMINATION\b"
    r"|BY M(?:R|S|RS)\b|(?:AFTERNOON|MORNING|EVENING) SESSION|CERTIFICATE\b|REPORTER['’]S\b|(?:STATE|COUNTY) OF\b))"
)
_SPEAKER = re.compile(r"\s*[A-Z][A-Z.'’ ]{2,30}:")
MOST_TOGETHER = 1_200  # characters of a question and its answer that are one; of a longer answer each sentence counts
_LEAST = 2  # questions with an answer; a list may have one item Q and one A
_MOST_ASKED = 3  # questions before one answer: an objection, and the question again


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question with its answer; `answer` is where this begins."""

    span: Span
    answer: int


@document_cache()
def exchanges(document: Document) -> tuple[Exchange, ...]:
    """The questions of testimony with their answers, in order; none of a document that is no testimony."""
    found = [
        Exchange(document.stripped(document.span(start, end)), answer)
        for start, answer, end in _answered(line for line in lines(document) if not line.noise)
    ]
    return tuple(found) if len(found) >= _LEAST else ()


def _answered(rows: Iterable[Line]) -> Iterator[tuple[int, int, int]]:
    """Where each question begins that is answered, where its answer begins, and where this ends."""
    start = answer = None
    end = asked = 0
    objected = False  # somebody else has spoken since the question
    for row in rows:
        is_question = bool(_QUESTION.match(row.text))
        if start is not None and answer is not None and (is_question or _ENDS.match(row.text)):
            yield start, answer, end
            start = answer = None
        if is_question:
            again = start is not None and objected and asked < _MOST_ASKED
            start, asked, objected = (start, asked + 1, False) if again else (row.start, 1, False)
        elif answer is None and _ENDS.match(row.text):
            start = None
        elif start is not None and answer is None and _ANSWER.match(row.text):
            answer = row.start
        objected = objected or bool(_SPEAKER.match(row.text))
        end = row.end
    if start is not None and answer is not None:
        yield start, answer, end


def exchange_at(document: Document, offset: int) -> Exchange | None:
    """The question and answer that hold the character at an offset."""
    every = exchanges(document)
    i = bisect_right(every, offset, key=lambda exchange: exchange.span.start) - 1
    return every[i] if i >= 0 and offset < every[i].span.end else None
