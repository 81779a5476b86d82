"""Puts recognised words into a page's text: each line where the fewest lines of the page stand on its wrong side."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.core.documents import LINE_END_HYPHEN
from retrieval.reading.page_drafts import Box, PageDraft
from retrieval.reading.page_view import Boxes, PageView
from retrieval.reading.recognition import ReadWord

_LINE = re.compile(r"[^\n]*\S[^\n]*")
_HYPHENATED = re.compile(r"[^\W\d_]-$")

Row = tuple[tuple[ReadWord, ...], Boxes]
"""Words of a line, and their boxes on the drawing."""


def put_in(draft: PageDraft, view: PageView, rows: Sequence[Row]) -> None:
    """Insert recognised lines, which are in reading order, into the text, and remark them."""
    starts, lines = _lines(draft.text, view.boxes)
    places = [_place(lines, boxes) for _, boxes in rows]
    for place in sorted(set(places), reverse=True):  # from the end, so that the starts before stay
        here = [row for row, at in zip(rows, places, strict=True) if at == place]
        at = starts[place] if place < len(starts) else len(draft.text)
        text, boxes, spans = _joined(here, view)
        before = "\n" if at and draft.text[at - 1] != "\n" else ""
        after = "\n" if at < len(draft.text) else ""
        draft.insert(at, before + text + after, [None] * len(before) + boxes + [None] * len(after))
        for start, end, confidence in spans:
            first = at + len(before)
            draft.remark(first + start, first + end, "recognised", detail=f"{100 * confidence:.0f}")


def lines_of(text: str, boxes: Boxes, chosen: NDArray[np.bool_]) -> Boxes:
    """The box of each line of a text that has a chosen character."""
    return _lines(text, boxes * chosen[:, None])[1] if chosen.any() else np.zeros((0, 4))


def _lines(text: str, boxes: Boxes) -> tuple[list[int], Boxes]:
    """The start of each line of a text, and its box on the drawing."""
    starts, found = [], []
    for line in _LINE.finditer(text):
        of_line = boxes[line.start() : line.end()]
        of_line = of_line[of_line[:, 0] < of_line[:, 2]]
        if len(of_line):
            starts.append(line.start())
            found.append([*of_line[:, :2].min(axis=0), *of_line[:, 2:].max(axis=0)])
    return starts, np.array(found, np.float64).reshape(-1, 4)


def _place(lines: Boxes, words: Boxes) -> int:
    """Before which line of the page a recognised one belongs: of those beside which it stands, or of all."""
    if not len(lines):
        return 0
    left, right = words[:, 0].min(), words[:, 2].max()
    middle = (words[:, 1].min() + words[:, 3].max()) / 2
    above = lines[:, [1, 3]].mean(axis=1) < middle
    beside = (lines[:, 0] < right) & (lines[:, 2] > left)
    if not beside.any():
        beside[:] = True
    # For each place the lines before it that are below, and those behind it that are above.
    wrong = np.concatenate([[0], np.cumsum(beside & ~above)]) + np.concatenate(
        [np.cumsum((beside & above)[::-1])[::-1], [0]]
    )
    return int(wrong.argmin())


def _joined(rows: Sequence[Row], view: PageView) -> tuple[str, list[Box | None], list[tuple[int, int, float]]]:
    """Lines as one text, with a box for each character, and where each line stands with its least confidence.

    A word that a hyphen parts at a line's end is joined as pdfium joins it.
    """
    text = ""
    boxes: list[Box | None] = []
    spans: list[tuple[int, int, float]] = []
    for words, on_drawing in rows:
        if text:
            hyphenated = _HYPHENATED.search(text) and words[0].text[:1].islower()
            text, boxes = (text[:-1] + LINE_END_HYPHEN, boxes) if hyphenated else (text + "\n", [*boxes, None])
        start = len(text)
        for word, box in zip(words, _points(view.to_page(on_drawing)), strict=True):
            text, boxes = (text + " ", [*boxes, None]) if len(text) > start else (text, boxes)
            text += word.text
            boxes += [box] * len(word.text)
        spans.append((start, len(text), min(word.confidence for word in words)))
    return text, boxes, spans


def _points(boxes: NDArray[np.float64]) -> list[Box]:
    return [(float(left), float(bottom), float(right), float(top)) for left, bottom, right, top in boxes]
