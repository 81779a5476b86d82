"""Page images with the quoted words highlighted, from pdfium's own character boxes.

A span of the canonical text is characters of a page, those are characters of pdfium (`retrieval.char_indexes`), and each
has its box on the page; boxes of one line are joined. pdfium must never run in two threads, and a page can be made so
that drawing it takes minutes: it runs in processes of the viewer's own, each killed when it takes too long. That
costs 2 ms a page (48 ms instead of 46), 0.2 s to start and 35 MB. A process keeps the documents it drew last, so that
turning pages does not send a file of 200 MB each time.
"""

import io
import logging
import math
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from threading import Condition, Lock
from typing import Any

from retrieval import Child
from webapp.core.errors import DocumentNotDrawn, PageNotShown, PageTooSlow
from webapp.service.fair_turns import Turn

# From the request on. A page of the sample takes 0.05 s, and 0.5 s at the greatest zoom; 41 of cuad-dev at most 0.2 s.
RENDER_SECONDS = 20.0
LEFT_SECONDS = 1.0  # that a page is still drawn after who asked has left: most are done by then, and the process stays
LOOK_SECONDS = 0.1  # how soon a page that is given up has ended
FAILED_PAGES = 3  # of one document; the rest of it is not tried any more
FORGIVEN_SECONDS = 600.0  # then it is tried once more: the machine may have been busy
FAILURES_KEPT = 2_000  # pages; the oldest is forgotten
LESS_URGENT = 10  # of 19 steps of niceness: what draws a page never keeps an answer from being written
PIXELS_PER_POINT = 1.5  # at zoom 1: an A4 page is 893 x 1263 pixels
LEAST_ZOOM, MOST_ZOOM = 0.25, 4.0
MOST_PIXELS = 24_000_000  # A4 at the greatest zoom has 18; larger sheets are drawn smaller than asked
CACHED_BYTES = 48_000_000  # of PNG
HELD_BYTES = 150_000_000  # of PDF, in each process; the document that is being drawn is held whatever its size
# Address space of a process: the libraries take 0.5 GB of it, a file of 200 MiB and an image of MOST_PIXELS 0.6.
DRAWING_MIB = 2048
FILL, EDGE = (255, 226, 110), (190, 130, 0)

_log = logging.getLogger(__name__)

Range = tuple[int, int]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the image, right and bottom exclusive."""


@dataclass(frozen=True, slots=True)
class PageView:
    """What is to be shown of a page (1-based): `text` its canonical text, `ranges` [start, end) of that, to be highlighted.

    Where pdfium does not read `text` on the page any more, nothing is highlighted.
    """

    document_id: str
    page: int
    text: str = ""
    ranges: tuple[Range, ...] = ()
    zoom: float = 1.0


class Viewer:
    """Draws pages, several at a time, each in a process of its own. Safe to use from several threads.

    What took too long for a user, or brought its process down, is not drawn again for them for FORGIVEN_SECONDS: it would only
    take as long again. For them alone: others may have the same document, and a machine that was busy.
    """

    def __init__(self, at_once: int = 2) -> None:
        self._lock = Lock()  # of what follows; never held while a page is drawn
        self._free = [_Drawer() for _ in range(at_once)]
        self._drawers = tuple(self._free)
        self._is_free = Condition(self._lock)
        self._drawn: OrderedDict[PageView, bytes] = OrderedDict()
        self._drawn_bytes = 0
        self._failed: OrderedDict[tuple[str, str, int], _Failure] = OrderedDict()
        self._forgotten = 0  # how many times: what was begun before is not kept
        self._stopped = False

    def image(
        self, view: PageView, name: str, original: Callable[[], bytes], turn: Turn | None = None, key: str = ""
    ) -> bytes:
        """The page as PNG, for the user of this `key`. `original` gives the file where it is needed.

        Raises PageNotShown and what `original` does.
        """
        if kept := self.kept(view):
            return kept
        forgotten = self._forgotten
        png: bytes = self._ask("image", view, name, original, turn or Turn(RENDER_SECONDS), key)
        with self._lock:
            if forgotten == self._forgotten and view not in self._drawn:
                self._drawn[view] = png
                self._drawn_bytes += len(png)
            while self._drawn_bytes > CACHED_BYTES:
                self._drawn_bytes -= len(self._drawn.popitem(last=False)[1])
        return png

    def kept(self, view: PageView) -> bytes | None:
        """The page as PNG where it was drawn lately."""
        with self._lock:
            if view in self._drawn:
                self._drawn.move_to_end(view)
            return self._drawn.get(view)

    def boxes(self, view: PageView, name: str, original: Callable[[], bytes]) -> list[Box]:
        """Where the highlight lies in that image, a box a line. Raises as `image` does."""
        boxes: list[Box] = self._ask("boxes", view, name, original, Turn(RENDER_SECONDS), "")
        return boxes

    def forget(self) -> None:
        """Keep nothing of what was drawn, here or in the processes; waits for no page that is being drawn."""
        with self._lock:
            self._drawn.clear()
            self._drawn_bytes = 0
            self._forgotten += 1
            for drawer in self._free:
                drawer.stop()

    def stop(self) -> None:
        """End the processes, for good. Whoever waits for a page is told at once that it cannot be shown."""
        with self._lock:
            self._stopped = True
            for drawer in self._free:
                drawer.stop()
            self._is_free.notify_all()

    def _ask(self, what: str, view: PageView, name: str, original: Callable[[], bytes], turn: Turn, key: str) -> Any:
        self._check(view, name, key)
        drawer, forgotten = self._take(view, name, turn)
        began = time.monotonic()
        try:
            return drawer.ask(what, view, original, lambda: self._ended(turn, began))
        except _NotDrawn as error:
            _log.warning("page %d of %s was not drawn: %s", view.page, view.document_id, error)
            raise self._noted(view, error, began, key)(page=view.page, document=name) from None
        finally:
            self._give_back(drawer, forgotten)

    def _check(self, view: PageView, name: str, key: str) -> None:
        """Raise for what is known not to be drawn for this user."""
        with self._lock:
            since = time.monotonic() - FORGIVEN_SECONDS
            lately = {
                page: each
                for (whose, id_, page), each in self._failed.items()
                if (whose, id_) == (key, view.document_id) and each.at > since
            }
            if failed := lately.get(view.page):
                raise failed.error(page=view.page, document=name)
            if len(lately) >= FAILED_PAGES:
                raise DocumentNotDrawn(page=view.page, document=name)

    def _noted(self, view: PageView, error: "_NotDrawn", began: float, key: str) -> type[PageNotShown]:
        """The error that a user is told. A page is slow when it had most of the time to itself; who left says nothing of it."""
        slow = error.reason == "too slow" and time.monotonic() - began > RENDER_SECONDS / 2
        if (slow or error.reason == "ended") and not self._stopped:
            with self._lock:
                failure = _Failure(PageTooSlow if slow else PageNotShown, time.monotonic())
                self._failed[key, view.document_id, view.page] = failure
                while len(self._failed) > FAILURES_KEPT:
                    self._failed.popitem(last=False)
        return PageTooSlow if error.reason == "too slow" else PageNotShown

    def _ended(self, turn: Turn, began: float) -> str:
        """Why a page that is being drawn is given up now; "" where it is not."""
        if self._stopped or (turn.given_up and time.monotonic() - began > LEFT_SECONDS):
            return "nobody waits for it"
        return "too slow" if turn.left <= 0 else ""

    def _take(self, view: PageView, name: str, turn: Turn) -> "tuple[_Drawer, int]":
        """A process that is free, rather the one that has the document."""
        with self._is_free:
            if not self._is_free.wait_for(lambda: self._free or self._stopped, max(turn.left, 0)):
                raise PageTooSlow(page=view.page, document=name)
            if self._stopped:
                raise PageNotShown(page=view.page, document=name)
            drawer = next((each for each in self._free if each.drew_last == view.document_id), self._free[-1])
            self._free.remove(drawer)
            return drawer, self._forgotten

    def _give_back(self, drawer: "_Drawer", forgotten: int) -> None:
        with self._is_free:
            if self._stopped or forgotten != self._forgotten:
                drawer.stop()
            self._free.append(drawer)
            self._is_free.notify()


@dataclass(frozen=True, slots=True)
class _Failure:
    """How a page was not drawn, and when."""

    error: type[PageNotShown]
    at: float


class _NotDrawn(Exception):
    """Why not: "too slow", "ended" (the process went down), "nobody waits for it", or what pdfium found."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Drawer:
    """One process that draws, used by one thread at a time."""

    def __init__(self) -> None:
        self._child = Child(_serve, "pincite-viewer", memory_mib=DRAWING_MIB)
        self.drew_last = ""

    def ask(self, what: str, view: PageView, original: Callable[[], bytes], ended: Callable[[], str]) -> Any:
        """What the process answers. `ended` says why it is to be given up, if it is. Raises _NotDrawn."""
        whole = False
        self.drew_last = view.document_id
        try:
            pipe = self._child.pipe()
            pipe.send((what, view))
            while True:
                while not pipe.poll(LOOK_SECONDS):
                    if reason := ended():
                        raise _NotDrawn(reason)
                kind, outcome = pipe.recv()
                if kind == "missing":
                    pipe.send_bytes(original())
                    continue
                whole = True
                if kind == "done":
                    return outcome
                raise _NotDrawn(outcome)
        except (EOFError, OSError) as error:
            raise _NotDrawn("ended") from error
        finally:
            if not whole:
                self.stop()

    def stop(self) -> None:
        """End the process. What is asked for next starts another."""
        self.drew_last = ""
        self._child.stop()


def bounded(zoom: float) -> float:
    """A zoom within its bounds, in steps of a hundredth: whatever is asked for, there are not many images of a page."""
    return round(min(max(zoom, LEAST_ZOOM), MOST_ZOOM), 2) if math.isfinite(zoom) else 1.0


# What runs in the process


def _serve(pipe: Connection) -> None:
    import pypdfium2 as pdfium

    os.nice(LESS_URGENT)
    held: OrderedDict[str, Any] = OrderedDict()
    while True:
        what, view = pipe.recv()
        outcome: tuple[str, object]
        try:
            if view.document_id not in held:
                pipe.send(("missing", None))
                data = pipe.recv_bytes()
                held[view.document_id] = pdfium.PdfDocument(data), len(data)
                while len(held) > 1 and sum(size for _, size in held.values()) > HELD_BYTES:
                    held.popitem(last=False)[1][0].close()
            held.move_to_end(view.document_id)
            outcome = ("done", (_image if what == "image" else _boxes)(held[view.document_id][0], view))
        except Exception as error:  # noqa: BLE001 (its message may quote the document)
            outcome = ("failed", type(error).__name__)
        pipe.send(outcome)


def _boxes(pdf: Any, view: PageView) -> list[Box]:
    page = pdf[view.page - 1]
    try:
        _, width, height = _size(page, view.zoom)
        return list(_highlights(page, view, width, height))
    finally:
        page.close()


def _image(pdf: Any, view: PageView) -> bytes:
    from PIL import Image, ImageChops, ImageDraw

    page = pdf[view.page - 1]
    try:
        scale, _, _ = _size(page, view.zoom)
        image = page.render(scale=scale).to_pil().convert("RGB")
        for box in _highlights(page, view, *image.size):
            words = image.crop(box)
            image.paste(
                ImageChops.multiply(words, Image.new("RGB", words.size, FILL)), box
            )  # ink stays as dark as it is
            ImageDraw.Draw(image).rectangle((box[0], box[1], box[2] - 1, box[3] - 1), outline=EDGE)
    finally:
        page.close()
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=3)  # 27 ms and 284 kB where level 6 takes 44 ms and 373 kB
    return out.getvalue()


def _size(page: Any, zoom: float) -> tuple[float, int, int]:
    """Pixels per point, width and height of the image, as pdfium makes it."""
    width, height = page.get_size()
    scale = min(PIXELS_PER_POINT * zoom, math.sqrt(MOST_PIXELS / max(width * height, 1)))
    return scale, math.ceil(width * scale), math.ceil(height * scale)


def _highlights(page: Any, view: PageView, width: int, height: int) -> Iterator[Box]:
    import pypdfium2 as pdfium

    from retrieval import char_indexes, page_text

    textpage = page.get_textpage()
    try:
        if not view.ranges or page_text(textpage) != view.text:
            return
        indexes = char_indexes(textpage)
        # Crop box and rotation are pdfium's to reckon with: it maps points of the page to pixels of the image.
        to_pixels = pdfium.PdfPosConv(page, (0, 0, width, height, 0)).to_bitmap
        for start, end in view.ranges:
            boxes = []
            for index in indexes[start:end]:
                left, bottom, right, top = textpage.get_charbox(index, loose=True)
                if right > left and top > bottom:  # line ends have no size
                    (x, y), (other_x, other_y) = to_pixels(left, top), to_pixels(right, bottom)
                    boxes.append((min(x, other_x), min(y, other_y), max(x, other_x) + 1, max(y, other_y) + 1))
            yield from _inside(_lines(boxes), width, height)
    finally:
        textpage.close()


def _lines(boxes: Sequence[Box]) -> Iterator[Box]:
    """Boxes of characters in reading order, joined line by line, whichever way the lines run."""
    line: Box | None = None
    for before, box in zip([None, *boxes], boxes, strict=False):
        if line is not None and before is not None and _goes_on(before, box):
            line = (min(line[0], box[0]), min(line[1], box[1]), max(line[2], box[2]), max(line[3], box[3]))
        else:
            if line is not None:
                yield line
            line = box
    if line is not None:
        yield line


def _goes_on(before: Box, box: Box) -> bool:
    """Whether a character stands in the line of the one before it: level with it, and not far along the line."""
    for along, across in ((0, 1), (1, 0)):
        thickness = min(before[across + 2] - before[across], box[across + 2] - box[across])
        level = min(before[across + 2], box[across + 2]) - max(before[across], box[across])
        gap = max(before[along], box[along]) - min(before[along + 2], box[along + 2])
        if level > thickness / 2 and gap < 3 * thickness:
            return True
    return False


def _inside(boxes: Iterator[Box], width: int, height: int) -> Iterator[Box]:
    """What of the boxes lies in the image: a crop box may leave words outside."""
    for left, top, right, bottom in boxes:
        box = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
        if box[0] < box[2] and box[1] < box[3]:
            yield box
