"""Parts the halves of a pleading's caption: the parties' names on the left, the case number and the title on the right.

A column of ")", ":", "§" or "|" stands between them. It is no word of either half, and is left out of the text.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import pypdfium2 as pdfium

from retrieval.reading.char_boxes import Word, char_boxes, pieces_of, rows_of, words_of
from retrieval.reading.page_drafts import PageDraft

_PAGES = 3  # of a file, in which its caption begins
_MARK = re.compile(r"(?<!\S)[):§|](?!\S)")
_LEAST_MARKS, _MOST_MARKS = 4, 200
_SAME_X = 4.0  # points
_STEP = 4.0  # heights of a line from one mark to the next, at most
_LITIGANT = re.compile(
    r"\b(?:plaintiff|defendant|petitioner|respondent|claimant|debtor|appell(?:ant|ee)|in re)", re.IGNORECASE
)


def part_captions(pdf: pdfium.PdfDocument, drafts: Sequence[PageDraft]) -> None:
    """Put the left half of a caption before its right half."""
    for draft in drafts[:_PAGES]:
        if _LEAST_MARKS <= len(_MARK.findall(draft.text)) <= _MOST_MARKS and _LITIGANT.search(draft.text):
            _part(draft, list(words_of(draft.text, char_boxes(pdf, draft))))


def _part(draft: PageDraft, words: list[Word]) -> None:
    marks = _column(words)
    if not marks:
        return
    height, x = marks[0].height, marks[0].left
    top, bottom = marks[0].middle + height / 2, marks[-1].middle - height / 2
    half = [word for word in words if bottom <= word.middle <= top and word not in marks]
    left, right = [word for word in half if word.right <= x + 1], [word for word in half if word.left >= x]
    if not (left and right) or len(left) + len(right) < len(half):
        return
    parted = [*_by_lines(left), *_by_lines(right)]
    first = min(word.start for word in half)
    inside = {word.start for word in (*half, *marks)}
    before = [word for word in words if word.start < first and word.start not in inside]
    after = [word for word in words if word.start > first and word.start not in inside]
    draft.reorder(list(pieces_of(draft.text, words, [*before, *parted, *after])))


def _column(words: Sequence[Word]) -> list[Word]:
    """The longest run of marks of one kind that stand below each other, top down; empty where there is none."""
    by_place: dict[tuple[str, int], list[Word]] = defaultdict(list)
    for word in words:
        if _MARK.fullmatch(word.text):
            by_place[word.text, round(word.left / _SAME_X)].append(word)
    columns = sorted(by_place.values(), key=len)
    marks = sorted(columns[-1], key=lambda word: -word.middle) if columns else []
    even = all(one.middle - other.middle <= _STEP * one.height for one, other in pairwise(marks))
    return marks if len(marks) >= _LEAST_MARKS and even else []


def _by_lines(words: Sequence[Word]) -> list[Word]:
    """Words line by line, as they stand below each other."""
    return [word for row in rows_of(words) for word in sorted(row, key=lambda word: word.left)]
