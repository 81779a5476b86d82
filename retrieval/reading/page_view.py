"""Draws a page in shades of grey and says where its characters stand on the drawing.

pdfium turns and crops a page as its file says; points of the page and pixels of the drawing are mapped through a square
of side 1, so that one page may be drawn at any size.
"""

import math

import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray

from retrieval.reading.char_boxes import placed_characters
from retrieval.reading.page_drafts import PageDraft
from retrieval.reading.writing import Grey

MOST_PIXELS = 16_000_000  # of a drawing; an A4 page at 300 dots an inch has 8.7 million
_FINE = 1_000_000  # steps of the square's side in which pdfium is asked, for it answers in whole ones

Boxes = NDArray[np.float64]
"""float64[n, 4]: left, top, right and bottom as shares of the drawing's width and height."""

_NONE: Boxes = np.zeros((0, 4))


class PageView:
    """One page and its characters, as it looks when the file is opened; fields of forms are drawn only with
    `draw_fields`: their words are known. Its text must still be pdfium's, or be known
    by `PageDraft.order`.
    """

    def __init__(
        self, page: pdfium.PdfPage, textpage: pdfium.PdfTextPage, draft: PageDraft, *, draw_fields: bool = False
    ) -> None:
        self.page = page
        self._draw_fields = draw_fields
        self.textpage = textpage
        self.width, self.height = page.get_size()  # in points, as the page is turned
        self.indexes, boxes = placed_characters(textpage, draft)
        to_square = pdfium.PdfPosConv(page, (0, 0, _FINE, _FINE, 0)).to_bitmap
        start, right, up = (np.array(to_square(x, y)) / _FINE for x, y in ((0, 0), (1000, 0), (0, 1000)))
        self._matrix = np.stack([(right - start) / 1000, (up - start) / 1000])
        self._start = start
        self.boxes = self.to_square(np.array([box or (0, 0, 0, 0) for box in boxes], np.float64).reshape(-1, 4))

    def to_square(self, boxes: NDArray[np.float64]) -> Boxes:
        """Boxes on the drawing, from left, bottom, right and top in points of the page."""
        one, other = (boxes[:, pair] @ self._matrix + self._start for pair in ([0, 1], [2, 3]))
        return np.concatenate([np.minimum(one, other), np.maximum(one, other)], axis=1)

    def to_page(self, boxes: Boxes) -> NDArray[np.float64]:
        """Left, bottom, right and top in points of the page."""
        back = np.linalg.inv(self._matrix)
        one, other = ((boxes[:, pair] - self._start) @ back for pair in ([0, 1], [2, 3]))
        return np.concatenate([np.minimum(one, other), np.maximum(one, other)], axis=1)

    def draw(self, dots_per_inch: float, covered: NDArray[np.bool_], boxes: Boxes = _NONE) -> Grey:
        """Draw the page without the characters that are `covered`, a bool for each, and what lies in `boxes`."""
        scale = min(dots_per_inch / 72, math.sqrt(MOST_PIXELS / max(1, self.width * self.height)))
        bitmap = self.page.render(scale=scale, grayscale=True, may_draw_forms=self._draw_fields)
        image: Grey = np.array(bitmap.to_numpy())
        bitmap.close()
        height, width = image.shape
        boxes = np.concatenate([self.boxes[covered], boxes]) * (width, height, width, height)
        for left, top, right, bottom in np.clip(
            np.rint(boxes + np.array([-1, -1, 1, 1])), 0, (width, height) * 2
        ).astype(int):
            image[top:bottom, left:right] = 255
        return image
