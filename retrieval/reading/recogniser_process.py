"""Recognises images in a process of its own (OCR): what an image does to it leaves the document standing.

The converter asks, and its owner brokers: a converter may start no process, and lives on when this one is ended for its
limits. A page of a scan takes seconds and some 0.4 GB (1.2 GB of address space), of which 0.1 GB are the weights.

    converter  ["image", height, width], pixels →  owner  →  this process
    converter  ←  [[[[word, left, top, right, bottom, confidence], …], …], unread], or null  ←  this process
"""

import json
import logging
from collections.abc import Callable
from multiprocessing.connection import Connection
from time import monotonic

import numpy as np

from retrieval.core.limits import Limits
from retrieval.reading.child_process import Child, how_it_ended
from retrieval.reading.recognition import Grey, Reading, ReadWord, Recogniser

MOST_PIXELS = 16_000_000  # of an image; a letter page at 200 dots an inch has 3.7 million
_ANSWER_BYTES = 8 << 20  # 50,000 words
_FAILURES = 3  # within one document, after which none of its images is read
_LOOK_S = 0.5  # between two looks whether the work is to end
_NOTHING = b"null"

_log = logging.getLogger(__name__)


class RecogniserProcess:
    """One process, started when it is first needed and kept until `stop`; for the owner of a converter."""

    def __init__(self, limits: Limits, go_on: Callable[[], None]) -> None:
        """`go_on` is called every half second; what it raises ends the work."""
        self._seconds = limits.ocr_seconds
        self._go_on = go_on
        self._child = Child(serve, "pincite-recogniser", memory_mib=limits.ocr_mib)

    def read(self, height: int, width: int, pixels: bytes) -> bytes:
        """The answer to an image: JSON, "null" where the process ended or took longer than `Limits.ocr_seconds`."""
        answer = None
        try:
            pipe = self._child.pipe()
            pipe.send_bytes(json.dumps([height, width]).encode())
            pipe.send_bytes(pixels)
            answer = self._answer(pipe)
        except (EOFError, OSError):
            _log.warning("an image was not recognised: %s", how_it_ended(self._child.exit_code()))
        finally:
            if answer is None:
                self._child.stop()
        return _NOTHING if answer is None else answer

    def interrupt(self) -> None:
        """End the process under a `read` in another thread, which then returns."""
        self._child.kill()

    def stop(self) -> None:
        """End the process. The next `read` starts another."""
        self._child.stop()

    def _answer(self, pipe: Connection) -> bytes | None:
        ends = monotonic() + self._seconds
        while not pipe.poll(_LOOK_S):
            self._go_on()
            if monotonic() >= ends:
                _log.warning("an image was not recognised within %g s", self._seconds)
                return None
        return pipe.recv_bytes(_ANSWER_BYTES)


class AskedRecogniser:
    """The recognition of one document's images as its converter sees it: asked for through the pipe to its owner."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._failures = 0

    def __call__(self, image: Grey) -> Reading | None:
        """What is read in an image; None where that failed, and after `_FAILURES` of them."""
        if self._failures >= _FAILURES or image.size > MOST_PIXELS:
            return None
        self._pipe.send_bytes(json.dumps(["image", *image.shape]).encode())
        self._pipe.send_bytes(np.ascontiguousarray(image).data.cast("B"))
        answer = json.loads(self._pipe.recv_bytes(_ANSWER_BYTES))
        if answer is None:
            self._failures += 1
            return None
        rows, unread = answer
        return Reading(
            tuple(
                tuple(
                    ReadWord(str(text), (float(x), float(y), float(x2), float(y2)), float(sure))
                    for text, x, y, x2, y2, sure in row
                )
                for row in rows
            ),
            float(unread),
        )


def serve(pipe: Connection) -> None:
    """Recognise one image after another until the pipe ends."""
    recogniser = Recogniser()
    while True:
        height, width = json.loads(pipe.recv_bytes())
        image = np.frombuffer(pipe.recv_bytes(), np.uint8).reshape(height, width)
        try:
            reading = recogniser.read(image)
        except Exception as error:  # noqa: BLE001 (no memory, or whatever else an image does to the libraries)
            _log.warning("an image was not recognised: %s", type(error).__name__)
            pipe.send_bytes(_NOTHING)
            continue
        rows = [[[word.text, *word.box, word.confidence] for word in row] for row in reading.rows]
        pipe.send_bytes(json.dumps([rows, reading.unread], ensure_ascii=False).encode())
