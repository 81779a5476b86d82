"""A text-embeddings-inference server that hashes words: the commands' tests need vectors, not a model."""

import json
import re
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DIMENSION = 64


def vector(text: str) -> list[float]:
    """float[DIMENSION] of length 1: each word counts in the place that its checksum names."""
    places = [zlib.crc32(word.encode()) % DIMENSION for word in re.findall(r"\w+", text.lower())] or [0]
    counts = [places.count(place) for place in range(DIMENSION)]
    length = sum(count * count for count in counts) ** 0.5
    return [count / length for count in counts]


class _Routes(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer({"model_id": "words"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer([vector(text) for text in body["inputs"]])

    def log_message(self, *_: object) -> None: ...

    def _answer(self, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def embeddings(begin: threading.Event | None = None) -> Iterator[str]:
    """Its address, while it runs. Until `begin`, if there is one, it takes every call and answers none."""

    def serve() -> None:
        if begin is not None:
            begin.wait()
        server.serve_forever()

    with ThreadingHTTPServer(("127.0.0.1", 0), _Routes) as server:
        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            if begin is not None:
                begin.set()
            server.shutdown()
