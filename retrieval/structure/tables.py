"""Finds the tables of a document: runs of lines of which each says something of its own, and none goes on in the next.

The canonical text has lines and no tables. A row has a figure, is shorter than a full line of prose, and ends neither
as a sentence nor in the middle of one; three such lines after each other are a table.
"""

import re
from itertools import groupby, pairwise

from retrieval.core.cache import document_cache
from retrieval.core.documents import Document, Span
from retrieval.structure.layout import lines

_LEAST_ROWS = 3
_SHORT, _FULL = 0.85, 0.9  # of a full line: one that is longer than so many of the document's
_UNDER_WAY = re.compile(
    r"(?:[.;:,(“&–—。；：，、-][\"”’)]*|\b(?:the|an?|and|or|of|to|in|by|for|with|under|on|at|than|from|section|article))\Z",
    re.I,
)
_GOES_ON = re.compile(r"\s*[a-z(&]")
_CLAUSE = re.compile(r"(?:(?:section|article)\s+)?(?:\d+(?:\.\d+)+\.?|\d+\.|\([a-z0-9]{1,4}\))\s", re.I)


@document_cache()
def find_tables(document: Document) -> tuple[tuple[Span, ...], ...]:
    """Each table as its rows in order, the line above them first where it may be the heads of the columns."""
    rows = [(document.span(line.start, line.end), line.text.strip()) for line in lines(document) if not line.noise]
    sizes = sorted(len(text) for _, text in rows)
    longest = _SHORT * sizes[int(_FULL * (len(sizes) - 1))] if sizes else 0
    apart = [len(text) < longest and _apart(text, after) for (_, text), (_, after) in pairwise([*rows, (None, "")])]
    found = []
    for is_row, run in groupby(range(len(rows)), key=lambda i: apart[i] and bool(re.search(r"\d", rows[i][1]))):
        run_rows = list(run)
        if is_row and len(run_rows) >= _LEAST_ROWS:
            heads = [i for i in (run_rows[0] - 1,) if i >= 0 and apart[i] and not _GOES_ON.match(rows[i][1])]
            found.append(tuple(rows[i][0] for i in heads + run_rows))
    return tuple(found)


def column_heads(document: Document, at: int) -> str:
    """The heads of the columns of the table that an offset stands in, below them; "" outside of tables and in others.

    A line above the rows is taken for the heads: it has no figure, or it would be a row.
    """
    for heads, *rows in find_tables(document):
        if heads.end <= at < rows[-1].end and not re.search(r"\d", document.slice(heads)):
            return " ".join(document.slice(heads).split())
    return ""


def _apart(line: str, after: str) -> bool:
    """Whether a line neither begins a clause nor ends a sentence nor goes on in the line after it."""
    return not (_CLAUSE.match(line) or _UNDER_WAY.search(line) or _GOES_ON.match(after))
