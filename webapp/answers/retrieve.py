"""Searches for a question as it was read: alone or with the question before it, as two halves, or the last passages.

Where a question may lean on the one before it both queries are searched; the joined one wins only if it is better
(`better`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from typing import Literal

from retrieval import Chunk, Hit, Results, Searcher, Span
from webapp.answers.history import Turn
from webapp.answers.reading import Reading, content_words

ReadAs = Literal[
    "own",  # searched as it stands
    "with_last_question",  # joined with the question before it
    "last_question_elsewhere",  # the question before it, asked of other documents
    "two_parts",
    "about_last_answer",
    "greeting",
    "help",
    "library",
    "mentions",
    "summary",
    "each",
    "compare",
]
_EVERYWHERE = re.compile(
    r"\b(?:all|any|each|every|other|which)(?: of)?(?: the| my| our| these| those)?(?: other)? (?:documents?|contracts?"
    r"|agreements?|leases?|files?|deals?)\b|\beverywhere\b|\belsewhere\b|\banywhere\b|\bin all of them\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What was retrieved for a question: the results of each search that counts, and how the question was read.

    There is one search, or one for each half of a two-part question. `document_ids` are the documents searched, and
    `wider` says that a second, wider search followed one that found nothing.
    """

    searches: tuple[Results, ...]
    query: str
    read_as: ReadAs
    document_ids: tuple[str, ...]
    wider: bool

    @property
    def hits(self) -> list[Hit]:
        """The hits of all searches, in turns, so that each half of a question has its best first; none twice."""
        in_turns = chain.from_iterable(zip_longest(*(results.hits for results in self.searches)))
        return list({hit.chunk.span: hit for hit in in_turns if hit}.values())
