"""Reads a question: its kind, whether it leans on the question before it (ellipsis), and the queries to search for it.

A question stands alone unless it cannot: only where it says next to nothing of its own is it joined with the one before
it, and where it might do either, both queries are searched and the better one wins (`answer`). `KINDS` is the table of
the kinds of question that are not searched, or not as they stand.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from webapp.answers.history import Turn

KindName = Literal[
    "question",
    "greeting",
    "help",
    "library",
    "mentions",
    "about_last_answer",
    "summary",
    "each",
    "compare",
]
ReadAs = Literal[
    "own",  # searched as it stands
    "with_last_question",  # joined with the question before it
    "last_question_elsewhere",  # the question before it, asked of other documents
    "two_parts",
    "greeting",
    "help",
    "library",
    "mentions",
    "about_last_answer",
    "summary",
    "each",
    "compare",
]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of question: signs of it, signs against it, and whether it needs a turn before it.

    `examples` are read as this kind, `counterexamples` are not; a test walks them.
    """

    name: KindName
    signs: re.Pattern[str]
    unless: re.Pattern[str] | None = None
    needs_turn: bool = False
    examples: tuple[str, ...] = ()
    counterexamples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """A query to search, and whether it leans on the question before it."""

    text: str
    leans: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """A question as it was read.

    `queries`: one, or two that compete, that of the question alone first. `parts`: the halves of a two-part question,
    each a question. `phrase`: that whose mentions are counted. `keeps_documents`: it is asked of the documents of the
    last answer unless it names others.
    """

    kind: KindName
    queries: tuple[Query, ...]
    parts: tuple[str, ...] = ()
    phrase: str = ""
    keeps_documents: bool = False


KINDS: tuple[Kind, ...] = ()


def read_question(question: str, history: Sequence[Turn] = ()) -> Reading:
    """Read a question in its conversation."""
    del history
    return Reading("question", (Query(question),))
