"""Parses the text of a written answer (a subset of Markdown) into lines: paragraphs, lists, quotations, tables.

Each line is in pieces: words, citations by their positions in the answer, and after each sentence its mark. The page,
what is copied from it and every file that is made of an answer are drawn from these lines. No text of a document or of
a model is ever read as a link, an image or HTML.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Generic, Literal, TypeVar

from webapp.core.places import place_numbers
from webapp.core.results import AnswerResult, CitationRow, SentenceRow
from webapp.grounding.check import NOT_FOUND
from webapp.grounding.markers import CITE, citation_markers, is_table_rule

Kind = Literal["paragraph", "heading", "quote", "bullet", "number", "head", "row", "soft"]
Cell = TypeVar("Cell")
DEEPEST = 5  # levels of nested lists; what is deeper stands at the last
MOST_CELLS = 40  # of a row of a table

_INLINE = re.compile(rf"(?P<cite>(?i:{CITE.pattern}))|\*\*(?P<bold>[^*\n]+)\*\*|(?P<doubt>\({re.escape(NOT_FOUND)}\))")
_ITEM = re.compile(r"([ \t]*)(?:[-*•]|(\d{1,4})[.)])[ \t]+(?=\S)")
_QUOTE = re.compile(r"[ \t]*(?:>[ \t]?)+")
_HEADING = re.compile(r"[ \t]{0,3}#{1,6}[ \t]+(?=\S)")
_BORDER = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a line: words, or citations by their positions in the answer.

    `passages` are numbers of a marker that lead to no citation.
    """

    text: str = ""
    style: Literal["", "bold", "unfound"] = ""
    at: tuple[int, ...] = ()
    passages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, or the part of one that stands in a cell, and the row whose mark stands after it."""

    pieces: tuple[Piece, ...]
    row: SentenceRow | None = None


@dataclass(frozen=True, slots=True)
class Line(Generic[Cell]):
    """A line: `level` and `number` of an item of a list, cells of a row of a table; any other has one cell.

    A `soft` one tells of the answer, as its search does; it is none of the answer.
    """

    kind: Kind
    cells: tuple[Cell, ...]
    level: int = 0
    number: int = 0


WrittenLine = Line[tuple[Said, ...]]


@dataclass(frozen=True)
class Written:
    """A text, its sentences, and the citations of the answer that it is of."""

    text: str
    sentences: Sequence[SentenceRow] = ()
    citations: Sequence[CitationRow] = ()

    @classmethod
    def of(cls, answer: AnswerResult) -> "Written":
        """The text of an answer."""
        return cls(answer.answer, answer.sentences, answer.citations)

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """The number of the place of each citation."""
        return place_numbers(self.citations)

    @cached_property
    def lines(self) -> tuple[WrittenLine, ...]:
        """The lines that say something, in order."""
        return tuple(self._lines())

    def _lines(self) -> Iterator[WrittenLine]:
        at, indents, in_table, rows = 0, list[int](), False, self.text.split("\n")
        for index, text in enumerate(rows):
            start, at = at, at + len(text) + 1
            heads = index + 1 < len(rows) and "|" in text and is_table_rule(rows[index + 1])
            was_table, in_table = in_table, heads or (in_table and "|" in text) or _is_row(text)
            if in_table:
                if not (was_table and is_table_rule(text)):
                    yield Line("head" if heads and not was_table else "row", self._cells(text, start))
                continue
            if not text.strip():
                continue
            if match := _ITEM.match(text):
                width = len(match[1].expandtabs(4))
                while indents and indents[-1] > width:
                    indents.pop()
                if not indents or indents[-1] < width:
                    indents.append(width)
                kind: Kind = "number" if match[2] else "bullet"
                level = min(len(indents), DEEPEST) - 1
                yield self._line(kind, text, match.end(), start, level, int(match[2] or 0))
                continue
            indents.clear()
            if match := _QUOTE.match(text):
                yield self._line("quote", text, match.end(), start)
            elif match := _HEADING.match(text):
                yield self._line("heading", text, match.end(), start)
            else:
                yield self._line("paragraph", text, 0, start)

    def _line(self, kind: Kind, text: str, begin: int, start: int, level: int = 0, number: int = 0) -> WrittenLine:
        end = start + len(text)
        return Line(kind, (self._cell(start + begin, end, end),), level, number)

    def _cells(self, text: str, start: int) -> tuple[tuple[Said, ...], ...]:
        """The cells of a row; a sentence that ends with the row has its mark in the last."""
        borders = [match.start() for match in _BORDER.finditer(text)][:MOST_CELLS]
        if not borders or text[: borders[0]].strip():
            borders.insert(0, -1)
        if len(borders) == 1 or text[borders[-1] + 1 :].strip():
            borders.append(len(text))
        cells = []
        for left, right in pairwise(borders):
            words = text[left + 1 : right]
            begin = left + 1 + len(words) - len(words.lstrip())
            limit = len(text) if right == borders[-1] else right
            cells.append(self._cell(start + begin, start + left + 1 + len(words.rstrip()), start + limit))
        return tuple(cells)

    def _cell(self, start: int, end: int, limit: int) -> tuple[Said, ...]:
        """The sentences of text[start:end]; one that ends before `limit` has its mark here."""
        unbroken = [match.span() for match in _INLINE.finditer(self.text, start, end)]
        out, position = list[Said](), start
        for row in self.sentences[bisect_right(self._ends, start) :]:
            if row.end > limit or position >= end:
                break
            stop = min(next((b for a, b in unbroken if a < row.end < b), row.end), end)
            if stop < end and not self.text[stop:end].strip():
                stop = end
            lead = position + len(self.text[position:stop]) - len(self.text[position:stop].lstrip())
            if lead > position:
                out.append(Said((Piece(self.text[position:lead]),)))
            out.append(Said(tuple(self._pieces(lead, stop)), row))
            position = stop
        if position < end:
            out.append(Said(tuple(self._pieces(position, end))))
        return tuple(out)

    def _pieces(self, start: int, end: int) -> Iterator[Piece]:
        position, markers = start, list(_INLINE.finditer(self.text, start, end))
        cited = iter(self._cited([match for match in markers if match["cite"]]))
        for match in markers:
            if match.start() > position:
                yield Piece(_plain(self.text[position : match.start()]))
            position = match.end()
            if match["cite"]:
                yield next(cited)
            elif match["bold"]:
                yield Piece(_plain(match["bold"]), "bold")
            else:
                yield Piece(NOT_FOUND, "unfound")
        if position < end:
            yield Piece(_plain(self.text[position:end]))

    def _cited(self, markers: Sequence[re.Match[str]]) -> Iterator[Piece]:
        """The citations of the markers of a sentence: its own, each with the first marker of its passage that is left,
        the last of which has the others; where it has none, the first of the passage.
        """
        read = [[n for _, numbers in citation_markers(match["cite"]) for n in numbers] for match in markers]
        left = Counter(n for numbers in read for n in numbers)
        own: dict[int, list[int]] = {}
        if markers:
            at = bisect_right(self._ends, markers[0].start())
            for position in self.sentences[at].at if at < len(self.sentences) else ():
                own.setdefault(self._passage(position), []).append(position)
        for numbers in read:
            positions, nowhere = list[int](), list[int]()
            for n in numbers:
                left[n] -= 1
                if n in own:
                    taken = own[n][: 1 if left[n] else None]
                    own[n] = own[n][len(taken) :] or taken[-1:]
                    positions += taken
                elif n in self._first:
                    positions.append(self._first[n])
                else:
                    nowhere.append(n)
            by_place = {self.numbers[position]: position for position in reversed(positions)}
            yield Piece(at=tuple(by_place[number] for number in sorted(by_place)), passages=tuple(nowhere))

    def _passage(self, position: int) -> int:
        return self.citations[position].n if position < len(self.citations) else 0

    @cached_property
    def _first(self) -> dict[int, int]:
        """The position of the first citation of each passage."""
        return {row.n: at for at, row in reversed(list(enumerate(self.citations)))}

    @cached_property
    def _ends(self) -> list[int]:
        return [row.end for row in self.sentences]


def _is_row(text: str) -> bool:
    """Whether a line is a row of a table by itself: between borders, with one within."""
    words = text.strip()
    return len(words) > 2 and words[0] == words[-1] == "|" and len(_BORDER.findall(words)) > 2


def _plain(text: str) -> str:
    return text.replace("\\|", "|")
