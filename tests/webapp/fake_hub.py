"""A stand-in for the Hugging Face hub on loopback: files by revision, in ranges, which it may break off or mix up."""

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FakeHub:
    """One hub; `files` by their path. What was asked for is in `asked`, with the header `Range`.

    `breaks_after`: bytes of the next response, after which the connection ends. `ignores_ranges`: it sends the whole.
    `sends_on_to`: where a request is redirected to.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    breaks_after: int | None = None
    ignores_ranges: bool = False
    sends_on_to: str = ""

    def __enter__(self) -> "FakeHub":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.hub = self  # type: ignore[attr-defined]
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on standard error."""

    def do_GET(self) -> None:
        hub: FakeHub = self.server.hub  # type: ignore[attr-defined]
        asked = self.headers.get("range", "")
        hub.asked.append((self.path, asked))
        if hub.sends_on_to:
            self._answer(302, b"", location=hub.sends_on_to)
            return
        data = hub.files.get(self.path.replace("/moved", ""))
        if data is None:
            self._answer(404, b"Entry not found")
            return
        start = int(asked.removeprefix("bytes=").rstrip("-") or 0) if asked and not hub.ignores_ranges else 0
        told = {"content-range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start else {}
        self._answer(206 if start else 200, data[start:], **told)

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        hub: FakeHub = self.server.hub  # type: ignore[attr-defined]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        sent, hub.breaks_after = body[: hub.breaks_after], None
        self.wfile.write(sent)
        self.close_connection = len(sent) < len(body)
