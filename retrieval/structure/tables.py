"""Finds the tables of a document: those that its reader found, and runs of lines of which each says something of its
own, and none goes on in the next.

Where the reader saw how cells stand on the page, "row" remarks have the rows. Elsewhere the text has lines and no
tables. There a row has a figure, is shorter than a full line of prose, and ends neither as a sentence nor in the middle
of one; three such lines after each other are a table.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from retrieval.core.cache import document_cache
from retrieval.core.documents import Document, Remark, Span
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
    read = list(_remarked(document))
    parted = [table for table in _of_lines(document) if not document.remarks_in(_whole(document, table), "row")]
    return tuple(sorted(read + parted, key=lambda table: table[0]))


def _whole(document: Document, table: Sequence[Span]) -> Span:
    return document.span(table[0].start, table[-1].end)


def _remarked(document: Document) -> Iterator[tuple[Span, ...]]:
    """The tables whose rows are remarked: they follow each other, the one of the heads first."""
    tables: list[list[Remark]] = []
    for row in document.remarks_of("row"):
        last = tables[-1][-1] if tables else None
        if last is None or document.text[last.end : row.start].strip() or (last.words and not row.words):
            tables.append([])
        tables[-1].append(row)
    for table in tables:
        yield tuple(document.span(each.start, each.end) for each in table)


def _of_lines(document: Document) -> Iterator[tuple[Span, ...]]:
    """The tables that lines of the text are."""
    rows = [(document.span(line.start, line.end), line.text.strip()) for line in lines(document) if not line.noise]
    sizes = sorted(len(text) for _, text in rows)
    longest = _SHORT * sizes[int(_FULL * (len(sizes) - 1))] if sizes else 0
    apart = [len(text) < longest and _apart(text, after) for (_, text), (_, after) in pairwise([*rows, (None, "")])]
    for is_row, run in groupby(range(len(rows)), key=lambda i: apart[i] and bool(re.search(r"\d", rows[i][1]))):
        run_rows = list(run)
        if is_row and len(run_rows) >= _LEAST_ROWS:
            heads = [i for i in (run_rows[0] - 1,) if i >= 0 and apart[i] and not _GOES_ON.match(rows[i][1])]
            yield tuple(rows[i][0] for i in heads + run_rows)


def column_heads(document: Document, at: int) -> str:
    """The heads of the columns of the table that an offset stands in, below them; "" outside of tables and in others.

    Those that the reader found are parted by "|". Elsewhere a line above the rows is taken for the heads: it has no
    figure, or it would be a row.
    """
    for row in document.remarks_in(document.span(at, at), "row"):
        return " | ".join(row.words.split("\t"))
    for heads, *rows in find_tables(document):
        if heads.end <= at < rows[-1].end and not re.search(r"\d", document.slice(heads)):
            return " ".join(document.slice(heads).split())
    return ""


def _apart(line: str, after: str) -> bool:
    """Whether a line neither begins a clause nor ends a sentence nor goes on in the line after it."""
    return not (_CLAUSE.match(line) or _UNDER_WAY.search(line) or _GOES_ON.match(after))
