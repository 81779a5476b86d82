"""A language model server that copies: its answer is the sentence of the passages that shares most words with the
question, quoted, with the number of its passage; or that the passages do not say.

    python -m bench.copying_engine [--port 8090] [--seconds 1.0]

Prints its address and serves until its standard input ends. It answers as text-generation-inference does, many at once,
each answer after so many seconds. What it shows is what an honest and simple reader makes of what it is given.
"""

import argparse
import json
import re
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from webapp.answers.prompt import NOT_THERE

LEAST_SHARED = 0.34  # of the question's words, for a sentence to answer it
STOP_WORDS = frozenset(
    "a about all an and any are as at be been by can contract contracts agreement agreements did do does each every "
    "for from has have how i in is it its long many me much my no not of on or our shall that the their them there "
    "these they this to under us was we were what when where which who whom why will with would you your".split()
)
WORD = re.compile(r"[a-z0-9]+")
PASSAGE = re.compile(r"^\[(\d+)\].*$", re.MULTILINE)  # its number and pin cite; the text follows


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0.0)
    options = parser.parse_args()
    with StandIn(copied, options.port, options.seconds) as engine:
        print(engine.url, flush=True)
        sys.stdin.read()


class StandIn(ThreadingHTTPServer):
    """A language model server whose answer to a prompt is `answer` of its last message, after so many seconds."""

    def __init__(self, answer: Callable[[str], str], port: int = 0, seconds: float = 0.0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.answer, self.seconds = answer, seconds
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


def copied(prompt: str) -> str:
    """The answer to a prompt of numbered passages and a question after its last `Question:`."""
    passages, _, question = prompt.rpartition("Question:")
    wanted = _words(question)
    best, answer = 0.0, NOT_THERE
    parts = PASSAGE.split(passages)
    for number, text in zip(parts[1::2], parts[2::2], strict=True):
        for sentence in re.split(r"(?<=[.;:])\s+", text):
            shared = len(wanted & _words(sentence)) / max(1, len(wanted))
            if shared > best:
                best, answer = shared, f'"{_without_quotations(sentence)}" [{number}]'
    return answer if best >= LEAST_SHARED else NOT_THERE


def _without_quotations(sentence: str) -> str:
    """The longest part of a sentence between quotation marks, which would end ours."""
    return " ".join(max(re.split('["“”]', sentence), key=len).split())


def _words(text: str) -> set[str]:
    return {word.rstrip("s") for word in WORD.findall(text.lower()) if word not in STOP_WORDS}


class _Handler(BaseHTTPRequestHandler):
    server: StandIn
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        info = {"model_id": "copying", "max_total_tokens": 4096} if self.path == "/info" else {}
        self._send("application/json", json.dumps(info).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        time.sleep(self.server.seconds)
        content = self.server.answer(body["messages"][-1]["content"])
        delta = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": content}, "finish_reason": None}]}
        end = {"choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}]}
        events = [*(f"data: {json.dumps(event)}\n\n" for event in (delta, end)), "data: [DONE]\n\n"]
        self._send("text/event-stream", "".join(events).encode())

    def _send(self, kind: str, data: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    main()
