"""Page images (PNG) with quoted words highlighted, and where each word of a page stands, by pdfium in worker processes.

A span of the canonical text maps to characters of pdfium (`retrieval.char_indexes`), each with a box on the page, or
to words whose boxes were kept when the page was read (`Document.boxes_on`); the boxes of one line are joined. pdfium
is not thread-safe, and a hostile page can take minutes to render, so that it runs in worker processes, which are
killed when they take too long. That costs 2 ms a page (48 ms instead of 46), 0.2 s to start and 35 MB. A process
keeps the documents it rendered last, so that turning a page does not send it a file of 200 MB again. What a process
sends is JSON and image bytes of a limited size: one that a page has taken over can send no object of its own making.
"""

import io
import json
import logging
import math
import os
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from threading import Condition, Lock
from typing import Any

from retrieval import Child
from webapp.core.errors import DocumentNotDrawn, PageImageTooSlow, PageNotShown
from webapp.core.results import Range
from webapp.service.fair_turns import Deadline

# From the request on. A page of the sample takes 0.05 s, 0.5 s at the highest zoom; 41 contracts of CUAD at most 0.2 s.
RENDER_SECONDS = 20.0
LEFT_SECONDS = 1.0  # rendering goes on after the client has left: most pages are done by then, and no process is killed
LOOK_SECONDS = 0.1  # between two checks whether to give up a page
FAILED_PAGES = 3  # of one document, after which none of its pages is tried
FORGIVEN_SECONDS = 600.0  # after which a failure is forgotten: the machine may have been busy
FAILURES_KEPT = 2_000  # failed pages in memory; the oldest is forgotten first
LESS_URGENT = 10  # niceness of the processes, of 19: they never delay an answer
PIXELS_PER_POINT = 1.5  # at zoom 1: an A4 page is 893 x 1263 pixels
LEAST_ZOOM, MOST_ZOOM = 0.25, 4.0
MOST_PIXELS = 24_000_000  # A4 at the highest zoom has 18 million; larger sheets are rendered at a lower zoom
CACHED_BYTES = 48_000_000  # of PNG
HELD_BYTES = 150_000_000  # of PDF, in each process; the document that is being rendered is held whatever its size
# Address space of a process: the libraries take 0.5 GB of it, a file of 200 MiB and an image of MOST_PIXELS 0.6.
DRAWING_MIB = 2048
# Of what a process sends: a line of JSON; and a PNG, which is at most a little larger than its pixels of three bytes.
STATUS_BYTES = 1_000
RESULT_BYTES = 4 * MOST_PIXELS
SIDE = 10_000  # parts of the width and of the height of a page, in which the places of words are told
# Words of a page that are placed; a dense page has 1,200. And characters of one, of which no word has so many.
MOST_WORDS, LONGEST_WORD = 5_000, 200
FILL, EDGE = (255, 226, 110), (190, 130, 0)
STRUCK_FILL, STRUCK_EDGE = (255, 212, 206), (176, 32, 20)

_log = logging.getLogger(__name__)

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the image, right and bottom exclusive."""
PlacedWord = tuple[int, int, int, int, int, int]
"""[start, end) of a word in the text of its page, and its left, top, right and bottom in parts of SIDE of the page."""


@dataclass(frozen=True, slots=True)
class PageView:
    """A view of a page (1-based): `text` is its canonical text, `ranges` [start, end) of that are highlighted.

    Nothing is highlighted if pdfium reads another text from the page. Where that is so by design, `boxes` are those of
    the words to highlight instead, in order: left, bottom, right and top in tenths of a point. `struck` are those of
    words that a redline deletes. `words`: where the words of such a page stand, each with its [start, end) before it.
    """

    document_id: str
    page: int
    text: str = ""
    ranges: tuple[Range, ...] = ()
    zoom: float = 1.0
    boxes: tuple[tuple[int, int, int, int], ...] = ()
    struck: tuple[tuple[int, int, int, int], ...] = ()
    format: str = "PDF"  # of the original, which is turned into a PDF to be drawn
    words: tuple[tuple[int, int, int, int, int, int], ...] = ()


class PageRenderer:
    """Renderer with `at_once` worker processes and a cache of images. Thread-safe.

    A page that took too long for a user, or crashed its process, is not rendered again for this user for
    FORGIVEN_SECONDS. For other users of the same document it is: the machine may have been busy.
    """

    def __init__(self, at_once: int = 2) -> None:
        self._lock = Lock()  # for the fields below; never held while a page is rendered
        self._free = [_Drawer() for _ in range(at_once)]
        self._drawers = tuple(self._free)
        self._is_free = Condition(self._lock)
        self._drawn: OrderedDict[PageView, bytes] = OrderedDict()
        self._drawn_bytes = 0
        self._failed: OrderedDict[tuple[str, str, int], _Failure] = OrderedDict()
        self._generation = 0  # incremented by `forget`: images begun in an earlier one are not cached
        self._stopped = False

    def image(
        self, view: PageView, name: str, original: Callable[[], bytes], deadline: Deadline | None = None, key: str = ""
    ) -> bytes:
        """Render a page as PNG for the user `key`; `original` reads the file if a process needs it.

        Raises PageNotShown, and what `original` does.
        """
        if kept := self.kept(view):
            return kept
        generation = self._generation
        png = self._ask("image", view, name, original, deadline or Deadline(RENDER_SECONDS), key)
        with self._lock:
            if generation == self._generation and view not in self._drawn:
                self._drawn[view] = png
                self._drawn_bytes += len(png)
            while self._drawn_bytes > CACHED_BYTES:
                self._drawn_bytes -= len(self._drawn.popitem(last=False)[1])
        return png

    def kept(self, view: PageView) -> bytes | None:
        """The PNG from the cache, or None."""
        with self._lock:
            if view in self._drawn:
                self._drawn.move_to_end(view)
            return self._drawn.get(view)

    def boxes(self, view: PageView, name: str, original: Callable[[], bytes]) -> list[Box]:
        """The boxes of the highlight in that image, one for each line. Raises as `image` does."""
        boxes = json.loads(self._ask("boxes", view, name, original, Deadline(RENDER_SECONDS), ""))
        return [(int(left), int(top), int(right), int(bottom)) for left, top, right, bottom in boxes]

    def words(
        self, view: PageView, name: str, original: Callable[[], bytes], deadline: Deadline, key: str = ""
    ) -> list[PlacedWord]:
        """Where the words of a page stand, in the order of its text. Raises as `image` does."""
        found = json.loads(self._ask("words", view, name, original, deadline, key))
        return [
            (int(a), int(b), int(left), int(top), int(right), int(bottom)) for a, b, left, top, right, bottom in found
        ]

    def forget(self) -> None:
        """Delete cached images, and documents in the processes; pages that are being rendered are not waited for."""
        with self._lock:
            self._drawn.clear()
            self._drawn_bytes = 0
            self._generation += 1
            for drawer in self._free:
                drawer.stop()

    def stop(self) -> None:
        """Stop the processes for good; calls that wait for a page raise PageNotShown at once."""
        with self._lock:
            self._stopped = True
            for drawer in self._free:
                drawer.stop()
            self._is_free.notify_all()

    def _ask(
        self, what: str, view: PageView, name: str, original: Callable[[], bytes], deadline: Deadline, key: str
    ) -> bytes:
        self._check(view, name, key)
        drawer, generation = self._take(view, name, deadline)
        started_at = time.monotonic()
        try:
            return drawer.ask(what, view, original, lambda: self._abort_reason(deadline, started_at))
        except _NotDrawn as error:
            _log.warning("page %d of %s was not drawn: %s", view.page, view.document_id, error)
            raise self._record(view, error, started_at, key)(page=view.page, document=name) from None
        finally:
            self._give_back(drawer, generation)

    def _check(self, view: PageView, name: str, key: str) -> None:
        """Raise if the page, or FAILED_PAGES of its document, failed for this user lately."""
        with self._lock:
            since = time.monotonic() - FORGIVEN_SECONDS
            recent = {
                page: failure
                for (user_key, document_id, page), failure in self._failed.items()
                if (user_key, document_id) == (key, view.document_id) and failure.at > since
            }
            if failure := recent.get(view.page):
                raise failure.error(page=view.page, document=name)
            if len(recent) >= FAILED_PAGES:
                raise DocumentNotDrawn(page=view.page, document=name)

    def _record(self, view: PageView, error: "_NotDrawn", started_at: float, key: str) -> type[PageNotShown]:
        """Remember a failure and return the error to raise.

        A page counts as slow if it had most of the time limit to itself;
        one that a client left says nothing about the page.
        """
        slow = error.reason == "too slow" and time.monotonic() - started_at > RENDER_SECONDS / 2
        if (slow or error.reason in ("ended", "malformed")) and not self._stopped:
            with self._lock:
                failure = _Failure(PageImageTooSlow if slow else PageNotShown, time.monotonic())
                self._failed[key, view.document_id, view.page] = failure
                while len(self._failed) > FAILURES_KEPT:
                    self._failed.popitem(last=False)
        return PageImageTooSlow if error.reason == "too slow" else PageNotShown

    def _abort_reason(self, deadline: Deadline, started_at: float) -> str:
        """Why the rendering of a page should be given up now, or ""."""
        if self._stopped or (deadline.given_up and time.monotonic() - started_at > LEFT_SECONDS):
            return "nobody waits for it"
        return "too slow" if deadline.left <= 0 else ""

    def _take(self, view: PageView, name: str, deadline: Deadline) -> "tuple[_Drawer, int]":
        """Wait for a free process, preferably the one that has the document; return it and the generation."""
        with self._is_free:
            if not self._is_free.wait_for(lambda: self._free or self._stopped, max(deadline.left, 0)):
                raise PageImageTooSlow(page=view.page, document=name)
            if self._stopped:
                raise PageNotShown(page=view.page, document=name)
            drawer = next((each for each in self._free if each.drew_last == view.document_id), self._free[-1])
            self._free.remove(drawer)
            return drawer, self._generation

    def _give_back(self, drawer: "_Drawer", generation: int) -> None:
        with self._is_free:
            if self._stopped or generation != self._generation:
                drawer.stop()
            self._free.append(drawer)
            self._is_free.notify()


@dataclass(frozen=True, slots=True)
class _Failure:
    """Error of a page that was not rendered, and its time on the monotonic clock."""

    error: type[PageNotShown]
    at: float


class _NotDrawn(Exception):
    """A page was not rendered: "too slow", "ended" (the process crashed, or sent too much), "malformed" (it sent
    something else than a result), "nobody waits for it", or pdfium's error class.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Drawer:
    """One worker process, used by one thread at a time."""

    def __init__(self) -> None:
        self._child = Child(_serve, "pincite-page-renderer", memory_mib=DRAWING_MIB)
        self.drew_last = ""

    def ask(self, what: str, view: PageView, original: Callable[[], bytes], abort_reason: Callable[[], str]) -> bytes:
        """Send a request to the process and return its result: a PNG, or boxes or words as JSON.

        Raises _NotDrawn, also with an `abort_reason` that is not "".
        """
        complete = False
        self.drew_last = view.document_id
        try:
            pipe = self._child.pipe()
            pipe.send((what, view))
            status, reason = _status(_message(pipe, STATUS_BYTES, abort_reason))
            if status == "missing":
                pipe.send_bytes(original())
                status, reason = _status(_message(pipe, STATUS_BYTES, abort_reason))
            if status == "done":
                result = _message(pipe, RESULT_BYTES, abort_reason)
                complete = True
                return result
            complete = status == "failed"
            raise _NotDrawn(reason if complete else "malformed")
        except (EOFError, OSError) as error:
            raise _NotDrawn("ended") from error
        finally:
            if not complete:
                self.stop()

    def stop(self) -> None:
        """Stop the process; the next request starts another."""
        self.drew_last = ""
        self._child.stop()


def _message(pipe: Connection, most_bytes: int, abort_reason: Callable[[], str]) -> bytes:
    """Wait for the next message. Raises _NotDrawn with an `abort_reason`, EOFError, and OSError if it is too long."""
    while not pipe.poll(LOOK_SECONDS):
        if reason := abort_reason():
            raise _NotDrawn(reason)
    return pipe.recv_bytes(most_bytes)


def _status(message: bytes) -> tuple[str, str]:
    """Status of a request, and why it failed. Raises _NotDrawn."""
    try:
        status, reason = json.loads(message)
    except (ValueError, TypeError, RecursionError) as error:
        raise _NotDrawn("malformed") from error
    return str(status), str(reason)


def bounded(zoom: float) -> float:
    """Clamp a zoom to [LEAST_ZOOM, MOST_ZOOM] and round it to hundredths,
    which limits the number of images of a page.
    """
    return round(min(max(zoom, LEAST_ZOOM), MOST_ZOOM), 2) if math.isfinite(zoom) else 1.0


# What runs in the process


def _serve(pipe: Connection) -> None:
    import pypdfium2 as pdfium

    os.nice(LESS_URGENT)
    logging.getLogger("pypdfium2").setLevel(logging.ERROR)  # it warns of every XFA form
    held: OrderedDict[str, Any] = OrderedDict()
    while True:
        what, view = pipe.recv()
        try:
            if view.document_id not in held:
                _send_status(pipe, "missing")
                data = pipe.recv_bytes()
                pdf = pdfium.PdfDocument(as_pdf(data, view.format))
                pdf.init_forms()  # else what was filled into a form is not drawn
                held[view.document_id] = pdf, len(data)
                while len(held) > 1 and sum(size for _, size in held.values()) > HELD_BYTES:
                    held.popitem(last=False)[1][0].close()
            held.move_to_end(view.document_id)
            pdf, _ = held[view.document_id]
            result = _RESULTS[what](pdf, view)
        except Exception as error:  # noqa: BLE001 (its message may quote the document)
            _send_status(pipe, "failed", type(error).__name__)
        else:
            _send_status(pipe, "done")
            pipe.send_bytes(result)


def as_pdf(data: bytes, format_name: str) -> bytes:
    """An original as the PDF that is drawn. Raises ValueError for a format that has no page images."""
    from retrieval import FORMATS

    drawn = FORMATS[format_name].as_pdf
    if drawn is None:
        raise ValueError(f"{format_name} has no page images")
    return drawn(data)


def _send_status(pipe: Connection, status: str, reason: str = "") -> None:
    pipe.send_bytes(json.dumps([status, reason]).encode())


def _boxes(pdf: Any, view: PageView) -> bytes:
    page = pdf[view.page - 1]
    try:
        _, width, height = _size(page, view.zoom)
        return json.dumps(list(_highlights(page, view, width, height))).encode()
    finally:
        page.close()


def _words(pdf: Any, view: PageView) -> bytes:
    page = pdf[view.page - 1]
    try:
        kept = [(start, end, [[edge / 10 for edge in box]]) for start, end, *box in view.words]
        placed: list[PlacedWord] = []
        for start, end, boxes in islice(kept or _words_of_pdfium(page, view.text), MOST_WORDS):
            found = list(_inside(_in_pixels(page, boxes, SIDE, SIDE), SIDE, SIDE))
            if found:
                lefts, tops, rights, bottoms = zip(*found, strict=True)
                placed.append((start, end, int(min(lefts)), int(min(tops)), int(max(rights)), int(max(bottoms))))
        return json.dumps(placed).encode()
    finally:
        page.close()


def _words_of_pdfium(page: Any, text: str) -> Iterator[tuple[int, int, list[Any]]]:
    """[start, end) of each word of a page and the boxes of its characters; none where pdfium reads another text."""
    from retrieval import char_indexes, page_text

    textpage = page.get_textpage()
    try:
        if page_text(textpage) == text:
            indexes = char_indexes(textpage)
            for word in _WORD.finditer(text):
                places = indexes[word.start() : word.end()]
                yield *word.span(), [textpage.get_charbox(index, loose=True) for index in places]
    finally:
        textpage.close()


# A hyphen that ended a line ends a word: its other half stands in another line.
_WORD = re.compile(rf"[^\s\u2010]{{0,{LONGEST_WORD}}}\u2010|[^\s\u2010]{{1,{LONGEST_WORD}}}")


def _image(pdf: Any, view: PageView) -> bytes:
    from PIL import Image, ImageChops, ImageDraw

    page = pdf[view.page - 1]
    try:
        scale, _, _ = _size(page, view.zoom)
        image = page.render(scale=scale).to_pil().convert("RGB")
        draw = ImageDraw.Draw(image)
        marks = [
            *((box, FILL, EDGE) for box in _highlights(page, view, *image.size)),
            *((box, STRUCK_FILL, STRUCK_EDGE) for box in _struck(page, view, *image.size)),
        ]
        for box, fill, edge in marks:
            words = image.crop(box)
            # Multiplied, so that ink stays as dark as it is.
            image.paste(ImageChops.multiply(words, Image.new("RGB", words.size, fill)), box)
            draw.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), outline=edge)
    finally:
        page.close()
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=3)  # 27 ms and 284 kB where level 6 takes 44 ms and 373 kB
    return out.getvalue()


_RESULTS: Mapping[str, Callable[[Any, PageView], bytes]] = {"image": _image, "boxes": _boxes, "words": _words}


def _size(page: Any, zoom: float) -> tuple[float, int, int]:
    """Pixels per point, and the width and height in pixels of the image that pdfium makes."""
    width, height = page.get_size()
    scale = min(PIXELS_PER_POINT * zoom, math.sqrt(MOST_PIXELS / max(width * height, 1)))
    return scale, math.ceil(width * scale), math.ceil(height * scale)


def _highlights(page: Any, view: PageView, width: int, height: int) -> Iterator[Box]:
    for stretch in _boxes_on_the_page(page, view):
        # Between words, a gap is wider where words were taken out, as struck ones are.
        boxes = list(_in_pixels(page, stretch, width, height))
        yield from _inside(_lines(boxes, most_gap=0.8 if view.boxes else 3), width, height)


def _struck(page: Any, view: PageView, width: int, height: int) -> Iterator[Box]:
    boxes = [tuple(edge / 10 for edge in box) for box in view.struck]
    return _inside(_in_pixels(page, boxes, width, height), width, height)


def _in_pixels(page: Any, boxes: Sequence[tuple[float, ...]], width: int, height: int) -> Iterator[Box]:
    import pypdfium2 as pdfium

    # pdfium maps points of the page to pixels of the image, with regard to crop box and rotation.
    to_pixels = pdfium.PdfPosConv(page, (0, 0, width, height, 0)).to_bitmap
    for left, bottom, right, top in boxes:
        if right > left and top > bottom:  # line ends have no size
            (x, y), (other_x, other_y) = to_pixels(left, top), to_pixels(right, bottom)
            yield min(x, other_x), min(y, other_y), max(x, other_x) + 1, max(y, other_y) + 1


def _boxes_on_the_page(page: Any, view: PageView) -> Iterator[list[tuple[float, ...]]]:
    """The boxes to highlight, stretch by stretch, as left, bottom, right and top in points."""
    from retrieval import char_indexes, page_text

    if view.boxes:
        yield [tuple(edge / 10 for edge in box) for box in view.boxes]
        return
    textpage = page.get_textpage()
    try:
        if view.ranges and page_text(textpage) == view.text:
            indexes = char_indexes(textpage)
            for start, end in view.ranges:
                yield [textpage.get_charbox(index, loose=True) for index in indexes[start:end]]
    finally:
        textpage.close()


def _lines(boxes: Sequence[Box], most_gap: float) -> Iterator[Box]:
    """Join the boxes of characters or words, given in reading order, to one box for each line, of those that are not
    further apart than `most_gap` of its height; lines may run in any direction.
    """
    line: Box | None = None
    for previous, box in zip([None, *boxes], boxes, strict=False):
        if line is not None and previous is not None and _is_same_line(previous, box, most_gap):
            line = (min(line[0], box[0]), min(line[1], box[1]), max(line[2], box[2]), max(line[3], box[3]))
        else:
            if line is not None:
                yield line
            line = box
    if line is not None:
        yield line


def _is_same_line(previous: Box, box: Box, most_gap: float) -> bool:
    """Whether a character is in the line of the previous one: level with it, and not far along the line."""
    for along, across in ((0, 1), (1, 0)):
        thickness = min(previous[across + 2] - previous[across], box[across + 2] - box[across])
        overlap = min(previous[across + 2], box[across + 2]) - max(previous[across], box[across])
        gap = max(previous[along], box[along]) - min(previous[along + 2], box[along + 2])
        if overlap > thickness / 2 and gap < most_gap * thickness:
            return True
    return False


def _inside(boxes: Iterator[Box], width: int, height: int) -> Iterator[Box]:
    """Clip the boxes to the image: a crop box may leave words outside."""
    for left, top, right, bottom in boxes:
        box = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
        if box[0] < box[2] and box[1] < box[3]:
            yield box
