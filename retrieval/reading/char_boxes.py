"""Finds the boxes of a page's characters and words: where each of them stands on the page.

pdfium has a box for each character, but a page has some thousand. So they are fetched only for pages where something
says that the places of words matter.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from ctypes import c_int, c_void_p
from dataclasses import dataclass

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from retrieval.core.documents import LINE_END_HYPHEN
from retrieval.reading.direct_calls import address, direct
from retrieval.reading.page_drafts import Box, PageDraft, box_around

# pdfium reports a hyphen that ended a line as U+FFFE (older builds: U+0002). The rest are characters that no page
# shows.
_SAME_LENGTH = {0xFFFE: LINE_END_HYPHEN, 0x02: LINE_END_HYPHEN, 0x00: " ", 0xFFFF: " ", 0x0C: " ", 0x0B: " ", 0x85: " "}
_CONTROL = {c: " " for c in range(0x20) if c not in (0x09, 0x0A, 0x0D)} | {0x2028: " ", 0x2029: " "} | _SAME_LENGTH
_ANY_CONTROL = re.compile(f"[{''.join(map(chr, _CONTROL))}]")
# A hyphen that ended a line ends a word: the other half of it stands in another line.
_WORD = re.compile(rf"[^\s{LINE_END_HYPHEN}]*{LINE_END_HYPHEN}|[^\s{LINE_END_HYPHEN}]+")


_index_of_unit = direct(pdfium_c.FPDFText_GetCharIndexFromTextIndex, c_int, c_void_p, c_int)
_loose_box = direct(pdfium_c.FPDFText_GetLooseCharBox, c_int, c_void_p, c_int, c_void_p)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a draft's text, from `start` on, and its box."""

    start: int
    text: str
    left: float
    bottom: float
    right: float
    top: float

    @property
    def end(self) -> int:
        """Where it ends in the text."""
        return self.start + len(self.text)

    @property
    def box(self) -> Box:
        """Its box."""
        return self.left, self.bottom, self.right, self.top

    @property
    def height(self) -> float:
        """From the bottom to the top of its box: a little more than the size of its type."""
        return self.top - self.bottom

    @property
    def middle(self) -> float:
        """How high on the page the middle of its box is."""
        return (self.bottom + self.top) / 2


def page_text(textpage: pdfium.PdfTextPage) -> str:
    """Canonical text of one page: what `Document.text` holds between two page breaks."""
    raw: str = textpage.get_text_range().encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if _ANY_CONTROL.search(raw):  # to look for one takes a tenth of the time
        raw = raw.translate(_CONTROL)
    return raw.replace("\r\n", "\n").replace("\r", "\n")


def char_indexes(textpage: pdfium.PdfTextPage) -> list[int]:
    """For each character of `page_text` its index among pdfium's, under which pdfium has its box."""
    raw = textpage.get_text_range(errors="surrogatepass")
    codes = np.frombuffer(raw.encode("utf-32-le", "surrogatepass"), np.uint32)
    if not len(codes):
        return []
    units = np.cumsum(1 + (codes > 0xFFFF)) - 1 - (codes > 0xFFFF)  # of UTF-16, in which pdfium counts its text
    is_kept = (codes < 0xD800) | (codes > 0xDFFF)  # `page_text` leaves lone halves out
    is_kept[1:] &= (codes[:-1] != 0x0D) | (codes[1:] != 0x0A)
    found: list[int] = _indexes_of_units(textpage, int(units[-1]) + 1)[units[is_kept]].tolist()
    return found


def _indexes_of_units(textpage: pdfium.PdfTextPage, count: int) -> NDArray[np.int64]:
    """The index among pdfium's characters of each unit of the text. Some characters have no unit; so the indexes run
    ahead of the units more and more, and between two that are as far ahead all are.
    """
    ahead = np.zeros(count, np.int64)
    of_text = address(textpage.raw)
    stack = [(0, count - 1, _index_of_unit(of_text, 0), _index_of_unit(of_text, count - 1) - count + 1)]
    while stack:
        first, last, least, most = stack.pop()
        if least == most or last - first < 2:
            ahead[first:last], ahead[last] = least, most
            continue
        middle = (first + last) // 2
        between = _index_of_unit(of_text, middle) - middle
        stack += [(first, middle, least, between), (middle, last, between, most)]
    return ahead + np.arange(count)


def placed_characters(textpage: pdfium.PdfTextPage, draft: PageDraft) -> tuple[list[int], list[Box | None]]:
    """For each character of a draft's text its index among pdfium's, -1 for one of our own; and its box if any."""
    of_page = char_indexes(textpage)
    order = draft.order if draft.order is not None else range(len(draft.text))
    own = [None, *draft.own_boxes]
    indexes = [of_page[i] if i >= 0 else -1 for i in order]
    of_ink = _loose_boxes(textpage, indexes)
    boxes = [
        own[-1 - i] if i < 0 else box if index >= 0 else None
        for i, index, box in zip(order, indexes, of_ink, strict=True)
    ]
    return indexes, boxes


def _loose_boxes(textpage: pdfium.PdfTextPage, indexes: Sequence[int]) -> list[Box]:
    """The boxes of characters by their indexes among pdfium's, as high as their line; any box for an index below 0."""
    boxes = np.zeros((len(indexes), 4), np.float32)
    of_text, at = address(textpage.raw), boxes.ctypes.data
    for index in indexes:
        if index >= 0 and not _loose_box(of_text, index, at):
            raise pdfium.PdfiumError("no box of a character")
        at += boxes.strides[0]
    found: list[Box] = list(map(tuple, boxes[:, [0, 3, 2, 1]].tolist()))  # pdfium has left, top, right, bottom
    return found


def boxes_on(textpage: pdfium.PdfTextPage, draft: PageDraft) -> list[Box | None]:
    """The box of each character of a draft's text; None for one that has no size."""
    _, boxes = placed_characters(textpage, draft)
    return [box if box and box[0] < box[2] and box[1] < box[3] else None for box in boxes]


def char_boxes(pdf: pdfium.PdfDocument, draft: PageDraft) -> list[Box | None]:
    """The same once the page is closed: it is opened and read again."""
    page = pdf[draft.number - 1]
    textpage = page.get_textpage()
    try:
        return boxes_on(textpage, draft)
    finally:
        textpage.close()
        page.close()


def words_of(text: str, boxes: Sequence[Box | None]) -> Iterator[Word]:
    """The words of a text that have a box, in its order."""
    for word in _WORD.finditer(text):
        if box := box_around(boxes[word.start() : word.end()]):
            yield Word(word.start(), word[0], *box)


def rows_of(words: Iterable[Word]) -> Iterator[list[Word]]:
    """Words that are level, row by row from the top of the page; in a row in their order."""
    row: list[Word] = []
    for word in sorted(words, key=lambda word: -word.middle):
        if row and row[0].middle - word.middle > row[0].height / 2:
            yield row
            row = []
        row.append(word)
    if row:
        yield row


def pieces_of(text: str, words: Sequence[Word], in_order: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """[start, end) of what can be moved as one, in the new order; characters without a box go with the word before."""
    starts = [0, *(word.start for word in words[1:]), len(text)]
    position = {word.start: i for i, word in enumerate(words)}
    places = [position[word.start] for word in in_order]
    first = 0
    for i, place in enumerate(places):
        if i + 1 == len(places) or places[i + 1] != place + 1:
            piece = text[starts[places[first]] : starts[place + 1]]
            yield starts[places[first]], starts[places[first]] + len(piece.rstrip())
            first = i + 1
