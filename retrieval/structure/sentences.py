"""Segments a document into what may be quoted: sentences, headings, rows of tables, and the lines that are none."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from retrieval.core.cache import document_cache
from retrieval.core.documents import Document, Span
from retrieval.structure.clause_marks import SMALL_WORDS, is_title
from retrieval.structure.clauses import Clause, outline
from retrieval.structure.reflow import flowing_text, notes_text, own_words
from retrieval.structure.scripts import count_borderless
from retrieval.structure.sentence_borders import find_borders, without_number
from retrieval.structure.sentence_ends import split_sentences, trim
from retrieval.structure.tables import find_tables
from retrieval.structure.testimony import MOST_TOGETHER, exchanges

_LEAST_WORDS = 3  # a sentence of fewer is a heading or a fragment
_LEAST_BORDERLESS = 6  # characters of a sentence in a script without borders between words
_LEAST_IN_TABLE = 6  # words; a table of fewer is figures
_STOPPED = re.compile(r"[.;\u037e]\s*[\n\f]")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_RULED = re.compile(r"\.{4,}|(?:\. ){3,}|_{8,}")  # a line to sign on, a leader, or a blank to fill in
_RULE = re.compile(r"^[^\S\n]*(?:_{8,}+|\.{8,}+)[^\S\n]*$", re.MULTILINE)  # above footnotes, below a signature
_STOPPED_AFTER_WORDS = re.compile(r"[^\W\d_][\W_]{0,60}[.;]\Z")

Kind = Literal["sentence", "heading", "row", "line"]


@dataclass(frozen=True, slots=True)
class Unit:
    """Words that may be quoted as they stand.

    A `line` is neither a sentence nor a heading: a caption, a party, a signature, an address. A `row` is one of a
    table.
    """

    span: Span
    kind: Kind


@document_cache()
def units(document: Document) -> tuple[Unit, ...]:
    """The words of a document in order, each in one unit; none runs across the beginning of a clause or a heading.

    A question of testimony and its answer are one, unless that is long.

    Lines that belong to the page (running headers, page numbers, contents) are no part of any, unless one crosses a
    page.
    """
    text, tables = flowing_text(document), {rows[0].start: rows for rows in find_tables(document)}
    asked = exchanges(document)
    testimony = {each.span.start: each.span.end for each in asked if len(each.span) <= MOST_TOGETHER}
    answers = {each.answer for each in asked if len(each.span) > MOST_TOGETHER}
    whole = {start: rows[-1].end for start, rows in tables.items()} | testimony
    borders = find_borders(document, text, whole)
    found: list[tuple[tuple[int, int] | None, Kind]] = []
    for start, end in pairwise(sorted({0, len(text)} | borders.headings | borders.skipped | borders.others | answers)):
        if start in tables:
            found += [(trim(text, row.start, row.end), "row") for row in tables[start]]
        elif start in testimony:
            found.append((trim(text, start, end), "sentence"))
        elif start in borders.headings:
            found.append((trim(text, start, end), "heading"))
        elif start not in borders.skipped:
            pieces = split_sentences(text, start, end)
            found += [(at, "sentence" if _says_something(text[slice(*at)]) else "line") for at in pieces]
    return tuple(Unit(document.span(*at), kind) for at, kind in found if at)


@document_cache()
def sentences(document: Document) -> tuple[Span, ...]:
    """The sentences of a document, none a heading alone; a table is one."""
    out = [unit.span for unit in units(document) if unit.kind == "sentence"]
    whole = (document.span(rows[0].start, rows[-1].end) for rows in find_tables(document))
    out += [table for table in whole if len(_LETTERS.findall(document.slice(table))) >= _LEAST_IN_TABLE]
    return tuple(sorted(out))


@document_cache()
def note_units(document: Document) -> tuple[Unit, ...]:
    """The words of the footnotes of a document, in order; a sentence may go on in one of the next page."""
    if not (notes := document.remarks_of("footnote")):
        return ()
    text = notes_text(document)
    starts = [note.start for i, note in enumerate(notes) if note.detail or not i]
    ends = [*(notes[i].end for i, note in enumerate(notes[1:]) if note.detail), *(note.end for note in notes[-1:])]
    pieces = (at for start, end in zip(starts, ends, strict=True) for at in split_sentences(text, start, end))
    return tuple(Unit(document.span(*at), "sentence" if _says_something(text[slice(*at)]) else "line") for at in pieces)


def fragments(document: Document, within: Span, every: Sequence[Span]) -> Iterator[tuple[Clause, Span]]:
    """The clauses that begin in a part and have no sentence, or end a line in a full stop before their first, with
    these words: "3. Term. Two years." `every`: the sentences that count, in order.

    A clause that has no more than its heading is none of them.
    """
    text, clauses = document.text, outline(document)
    first, last = (bisect_left(clauses, at, key=lambda c: c.span.start) for at in (within.start, within.end))
    begun = {clause.span.start: clause for clause in clauses[first:last]}
    for (start, clause), end in zip(begun.items(), [*begun, within.end][1:], strict=True):
        at = bisect_right(every, start, key=lambda s: s.end)
        sentence = every[at].start if at < len(every) else len(text)
        said = trim(text, start, min(sentence, end)) if sentence > start else None
        if said is None or (sentence < end and not _STOPPED.match(text, said[1] - 1, sentence)):
            continue
        if not _is_alone(clause.heading, own_words(document, span := document.span(*said))):
            yield clause, span


def _is_alone(heading: str, words: str) -> bool:
    """Whether a clause's words are its heading alone, which says nothing: "8. Late payment", "9. Term; Renewal"."""
    at = words.casefold().find(heading.casefold()) if heading else -1
    after = words[at + len(heading) :].strip()
    return at >= 0 and (not after.strip(" .:;–—-") or (after[0] == ";" and is_title(after)))


def _says_something(sentence: str) -> bool:
    rest = without_number(sentence)
    words = _LETTERS.findall(rest)
    if count_borderless(rest) >= _LEAST_BORDERLESS:
        return True
    if len(words) < _LEAST_WORDS:
        return False
    small = sum(w[0] == w[0].upper().lower() and w not in SMALL_WORDS for w in words)
    if _RULED.search(sentence) and (_RULE.search(sentence) or not _STOPPED_AFTER_WORDS.search(rest)):
        return False
    return small >= 2 or (rest.isupper() and rest.rstrip()[-1:] in ".;\u037e")
