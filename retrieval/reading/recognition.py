"""Recognises the words of an image (OCR) with PP-OCRv6 small, whose weights lie in the wheel of `rapidocr`.

    image → lines (detection at 110 dots an inch) → upright → characters of each line with their places → words by gaps

The package itself is not imported, only its two networks are run: it would fetch other weights from a hub where its
own were missing. Detection takes most of the time and finds lines as well at half the resolution that reading them
needs. `bench/recognition.py` measures both the errors and the seconds.
"""

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.reading.line_order import in_order
from retrieval.reading.word_gaps import margins, words

Grey = NDArray[np.uint8]
"""uint8[height, width]: 0 is black."""

Quad = NDArray[np.float32]
"""float32[4, 2]: the corners of a line in pixels, x and y, from its first character's top left on clockwise."""

DOTS_PER_INCH = 200  # of the images that are given
THREADS = max(1, min(4, (os.cpu_count() or 1) // 2))  # of one process; ingest has two at work
LEAST_CONFIDENCE = 0.5  # of a line; one below has not been read
_SURE = 0.9  # of the lines of a sample that stand upright, and whose letters are whole
_SAMPLE = 4  # longest lines, that tell which way an image is turned
_DETECTED_PIXELS = 1_130_000  # in which lines are looked for: a letter page at 110 dots an inch
_LINE_HEIGHT = 48  # pixels, as the network reads them
_PITCH = 14.5  # pixels of a character, of which lines of wide ones are read faster, and with fewer errors
_NARROWEST = 0.6  # of a line's width
_LATIN = 0.8  # of the characters, where lines are narrowed
_MOST_LINES = 1_500  # of one image
_WIDEST = 3_200  # pixels of a line of that height; a longer one is narrowed
_COLUMN = 8  # pixels of a line for each column of the network's answer
_PIXELS_AT_ONCE = 48 * 1_600  # of lines in one batch; a larger one no longer fits the cache


@dataclass(frozen=True, slots=True)
class ReadWord:
    """One word: its box in pixels of the image (left, top, right, bottom) and how sure it is, 0 to 1."""

    text: str
    box: tuple[float, float, float, float]
    confidence: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read in an image: its rows of words in reading order, and how large the lines were that could not be
    read, in pixels.
    """

    rows: tuple[tuple[ReadWord, ...], ...]
    unread: float


@dataclass(frozen=True, slots=True)
class _Line:
    """One line as it was found; no words where nothing could be read."""

    words: tuple[ReadWord, ...]
    corners: Quad
    confidence: float


class Recogniser:
    """The two networks, loaded when they are first used."""

    def read(self, image: Grey) -> Reading:
        """Read an image, whichever way it is turned."""
        quads = sorted(self._detect(image), key=_length, reverse=True)
        turns, lines = self._upright(image, quads)
        upright = np.ascontiguousarray(np.rot90(image, turns))
        quads = [_turned(quad, image, turns) for quad in quads]
        if lines and _confidence(lines) < _SURE:
            bolder = _bolder(upright)
            again = self._read(bolder, quads[:_SAMPLE])
            if _confidence(again) > _confidence(lines):
                upright, lines = bolder, again
        lines = [*lines, *self._read(upright, quads[_SAMPLE:], _narrowed(lines))]
        read = [line for line in lines if line.confidence >= LEAST_CONFIDENCE and line.words]
        rows = in_order([line.corners for line in read])
        in_rows = [[word for i in row for word in read[i].words] for row in rows]
        unread = sum(_area(line.corners) for line in lines if line.confidence < LEAST_CONFIDENCE)
        return Reading(tuple(tuple(_turned_back(w, image, turns) for w in row) for row in in_rows), unread)

    def _upright(self, image: Grey, quads: Sequence[Quad]) -> tuple[int, list[_Line]]:
        """By how many quarters the image has to be turned to the left, so that its lines can be read, and the longest
        lines, which tell it; the longest stand first.
        """
        level = sum(wide - high for wide, high in map(_sides, quads))
        best: tuple[float, int, list[_Line]] | None = None
        for turns in (0, 2) if level >= 0 else (1, 3):
            lines = self._read(np.rot90(image, turns), [_turned(quad, image, turns) for quad in quads[:_SAMPLE]])
            confidence = _confidence(lines) if lines else 1.0
            if best is None or confidence > best[0]:
                best = confidence, turns, lines
            if confidence >= _SURE:
                break
        return best[1:] if best else (0, [])

    @cached_property
    def _detector(self) -> Any:
        return _session("PP-OCRv6_det_small.onnx")

    @cached_property
    def _reader(self) -> Any:
        return _session("PP-OCRv6_rec_small.onnx")

    @cached_property
    def _characters(self) -> list[str]:
        return ["", *self._reader.get_modelmeta().custom_metadata_map["character"].splitlines(), " "]

    def _detect(self, image: Grey) -> list[Quad]:
        """The corners of the lines of an image."""
        import cv2

        height, width = image.shape
        scale = min(1.0, math.sqrt(_DETECTED_PIXELS / (height * width)))
        rows, columns = (max(32, 32 * round(side * scale / 32)) for side in (height, width))
        small = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)
        tensor = np.repeat((small.astype(np.float32) / 127.5 - 1)[None, None], 3, axis=1)
        (answer,) = self._detector.run(None, {self._detector.get_inputs()[0].name: tensor})
        certain = answer[0, 0]
        mask = cv2.dilate((certain > 0.3).astype(np.uint8), np.ones((2, 2), np.uint8))
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        quads = []
        for contour in contours[:_MOST_LINES]:
            (x, y), (w, h), angle = cv2.minAreaRect(contour)
            if min(w, h) < 3 or _mean_within(certain, contour) < 0.5:
                continue
            grown = 1.6 * w * h / (w + h)  # the network marks the core of a line: on each side so much of it is missing
            corners = np.asarray(cv2.boxPoints(((x, y), (w + grown, h + grown), angle)), np.float32)
            quads.append(_from_the_top_left(corners) * np.array([width / columns, height / rows], np.float32))
        return quads

    def _read(self, image: Grey, quads: Sequence[Quad], narrowed: float = 1.0) -> list[_Line]:
        crops = [_cut_out(image, quad, narrowed) for quad in quads]
        by_width = sorted(range(len(crops)), key=lambda i: crops[i].shape[1])
        lines: list[_Line] = []
        for batch in _batches(by_width, crops):
            width = max(crops[i].shape[1] for i in batch)
            tensor = np.zeros((len(batch), 3, _LINE_HEIGHT, width), np.float32)
            for row, i in enumerate(batch):
                tensor[row, :, :, : crops[i].shape[1]] = crops[i] / 127.5 - 1
            (answer,) = self._reader.run(None, {self._reader.get_inputs()[0].name: tensor})
            for certain, i in zip(answer, batch, strict=True):
                lines.append(self._line(certain, quads[i], crops[i], width))
        return lines

    def _line(self, certain: NDArray[np.float32], quad: Quad, crop: Grey, padded: int) -> _Line:
        """Greedy decoding of CTC: a character is where the most likely one changes."""
        best = certain.argmax(axis=1)
        changes = np.flatnonzero(np.diff(best, prepend=-1, append=-1))  # the last is the end
        is_printed = best[changes[:-1]] > 0
        begins, ends = changes[:-1][is_printed], changes[1:][is_printed]
        characters = [self._characters[best[at]] for at in begins]
        sure = [float(certain[at, best[at]]) for at in begins]
        middles = np.clip((begins + ends) / 2 * (padded / len(best)), 0, crop.shape[1])
        at = _inset(quad, *margins(crop))
        found = []
        for span in words(crop, characters, middles):
            box = _box(at, span.left / crop.shape[1], span.right / crop.shape[1])
            confidence = min(sure[span.first : span.last])
            found.append(ReadWord("".join(characters[span.first : span.last]), box, confidence))
        return _Line(tuple(found), quad, float(np.mean(sure)) if sure else 0.0)


def _session(file: str) -> Any:
    import onnxruntime

    spec = find_spec("rapidocr")  # finds the package, runs nothing of it
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("rapidocr", name="rapidocr")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
    options.log_severity_level = 4
    path = Path(spec.submodule_search_locations[0]) / "models" / file
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _mean_within(certain: NDArray[np.float32], contour: Any) -> float:
    import cv2

    x, y, w, h = cv2.boundingRect(contour)
    inside = np.zeros((h, w), np.uint8)
    cv2.drawContours(inside, [contour - np.array([x, y])], 0, 1, -1)
    return float(cv2.mean(certain[y : y + h, x : x + w], inside)[0])


def _turned(quad: Quad, image: Grey, turns: int) -> Quad:
    """The corners of a line in the image that is turned to the left by so many quarters."""
    height, width = image.shape
    for _ in range(turns):
        quad = np.stack([quad[:, 1], width - quad[:, 0]], axis=1)
        height, width = width, height
    return _from_the_top_left(quad)


def _turned_back(word: ReadWord, image: Grey, turns: int) -> ReadWord:
    left, top, right, bottom = word.box
    height, width = image.shape if turns % 2 == 0 else image.shape[::-1]  # of the turned image
    for _ in range(turns):
        left, top, right, bottom = height - bottom, left, height - top, right
        height, width = width, height
    return ReadWord(word.text, (left, top, right, bottom), word.confidence)


def _sides(corners: Quad) -> tuple[float, float]:
    """The width and the height of a line."""
    return float(np.linalg.norm(corners[1] - corners[0])), float(np.linalg.norm(corners[3] - corners[0]))


def _length(corners: Quad) -> float:
    return max(_sides(corners))


def _area(corners: Quad) -> float:
    return math.prod(_sides(corners))


def _from_the_top_left(corners: Quad) -> Quad:
    """Order corners: top left, top right, bottom right, bottom left."""
    by_x = corners[np.argsort(corners[:, 0])]
    left, right = by_x[:2], by_x[2:]
    (top_left, bottom_left), (top_right, bottom_right) = left[np.argsort(left[:, 1])], right[np.argsort(right[:, 1])]
    return np.array([top_left, top_right, bottom_right, bottom_left], np.float32)


def _confidence(lines: Sequence[_Line]) -> float:
    return float(np.mean([line.confidence for line in lines]))


def _bolder(image: Grey) -> Grey:
    """An image with broken letters whole, as those of a fax are: strokes thicker by a pixel, and soft."""
    import cv2

    return np.asarray(cv2.GaussianBlur(cv2.erode(image, np.ones((2, 2), np.uint8)), (0, 0), 1.0), np.uint8)


def _narrowed(lines: Sequence[_Line]) -> float:
    """The share of their width to which lines are narrowed, by the pitch of those that were read; of scripts with wide
    characters, as Chinese, no line is.
    """
    text = "".join(word.text + " " for line in lines for word in line.words)
    if sum(map(str.isascii, text)) < _LATIN * len(text):
        return 1.0
    widths = sum(_LINE_HEIGHT * wide / max(1.0, high) for wide, high in (_sides(line.corners) for line in lines))
    return min(1.0, max(_NARROWEST, _PITCH * len(text) / max(1.0, widths)))


def _cut_out(image: Grey, quad: Quad, narrowed: float) -> Grey:
    """A line by itself, level and of the height that the network reads."""
    import cv2

    wide = max(1.0, float(np.linalg.norm(quad[1] - quad[0])), float(np.linalg.norm(quad[2] - quad[3])))
    high = max(1.0, float(np.linalg.norm(quad[3] - quad[0])), float(np.linalg.norm(quad[2] - quad[1])))
    width = min(_WIDEST, max(_COLUMN, math.ceil(narrowed * _LINE_HEIGHT * wide / high)))
    target = np.array([[0, 0], [width, 0], [width, _LINE_HEIGHT], [0, _LINE_HEIGHT]], np.float32)
    warp = cv2.getPerspectiveTransform(quad, target)
    size = width, _LINE_HEIGHT
    line = cv2.warpPerspective(image, warp, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(line, np.uint8)


def _batches(by_width: Sequence[int], crops: Sequence[Grey]) -> Iterator[list[int]]:
    batch: list[int] = []
    for i in by_width:
        if batch and (len(batch) + 1) * crops[i].size > _PIXELS_AT_ONCE:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _inset(quad: Quad, above: float, below: float) -> Quad:
    """The corners of a line without shares of its height."""
    top_left, top_right, bottom_right, bottom_left = quad
    left, right = bottom_left - top_left, bottom_right - top_right
    inset = [
        top_left + above * left,
        top_right + above * right,
        bottom_right - below * right,
        bottom_left - below * left,
    ]
    return np.asarray(inset, np.float32)


def _box(quad: Quad, start: float, end: float) -> tuple[float, float, float, float]:
    top_left, top_right, bottom_right, bottom_left = quad
    points = [
        top_left + (top_right - top_left) * start,
        top_left + (top_right - top_left) * end,
        bottom_left + (bottom_right - bottom_left) * start,
        bottom_left + (bottom_right - bottom_left) * end,
    ]
    low, high = np.min(points, axis=0), np.max(points, axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
