"""HTTP protocol of uvicorn with limits against slow clients (Slowloris): on the time, size and number of request heads.

uvicorn waits without limit for the head of a request, and its parser accepts one of any size, also while the last
response is still being sent. A thousand clients that send a byte now and then would hold every connection, and one that
sends headers without end would take all the memory. Here each head has a time-out and a maximum size, and one pipelined
request may wait at a time (no current browser or proxy sends more). Bodies have their own limits
(`middleware.limited`); idle connections end with uvicorn's `timeout_keep_alive`.
"""

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 20.0  # from the start of the connection or request to the end of its head; a slow phone needs two
MOST_HEAD = 64 * 1024  # bytes of a head, a common limit of proxies; ours are below 4 kB
MOST_HEADERS = 200  # of one request; browsers send twenty, a proxy adds ten. Each takes far more memory than its bytes
MOST_UNREAD = 128 << 20  # bytes of a body after its response, which are read so that the client gets the response
MOST_CONNECTIONS = 2_000  # open at the same time; an open page has two or three
MOST_OF_A_PEER = 200  # connections of one address, where there is no proxy in front
SPARE = 100  # connections kept free by closing idle ones
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's httptools protocol that closes connections which exceed the limits above."""

    _timer: asyncio.TimerHandle | None = None  # closes the connection if the head does not arrive
    _in_head = True  # of a request, or before the first
    _head_bytes = 0
    _headers = 0
    _unread = 0
    _framing_bytes = 0  # received since the last piece of a body: chunk sizes and trailers
    idle_since = 0.0  # on the loop's clock

    # Functions from a peer's address to the maximum number of its connections.
    shares: ClassVar[tuple[Callable[[str], int], ...]] = ()

    def connection_made(self, transport: Any) -> None:
        """Start the timer of the first request head; close idle connections if there are too many."""
        super().connection_made(transport)
        self.idle_since = self.loop.time()
        self._make_room()
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        """Parse bytes of a request and check the limits."""
        if self.transport.is_closing():
            return
        self.idle_since = self.loop.time()
        self._framing_bytes += len(data)
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
        elif self.cycle is not None and self.cycle.response_complete:
            self._unread += len(data)
        if self._head_bytes > MOST_HEAD or self._headers > MOST_HEADERS:
            self._refuse()
        elif self._unread > MOST_UNREAD or (not self._in_head and not self._unread and self._framing_bytes > MOST_HEAD):
            self._close()

    def on_body(self, body: bytes) -> None:
        """Pass on a piece of a body; the bytes between and after the pieces are limited like a head."""
        self._framing_bytes = 0
        super().on_body(body)

    def on_message_begin(self) -> None:
        """Start the timer of a request's head; close the connection if another request is waiting already."""
        if self.pipeline:
            self._close()
        self._in_head, self._head_bytes, self._headers, self._unread = True, 0, 0, 0
        self._start_timer()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header and pass it on; trailers after a body are counted and dropped."""
        self._headers += 1
        if self._in_head and self._headers <= MOST_HEADERS:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Stop the timer and hand on the request, or refuse one with too many headers."""
        self._stop_timer()
        self._framing_bytes = 0
        if self._headers > MOST_HEADERS:
            self._refuse()
        elif not self.transport.is_closing():
            super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer of a connection that has ended."""
        self._stop_timer()
        super().connection_lost(exc)

    def _make_room(self) -> None:
        """Close this connection if its peer has too many; close the idlest ones if there are too many in all."""
        peer = self.client[0] if self.client else ""
        others = [each for each in self.connections if isinstance(each, LimitedProtocol) and each is not self]
        of_peer = sum(each.client is not None and each.client[0] == peer for each in others)
        if any(of_peer >= most(peer) for most in self.shares):
            self._close()
        elif len(others) >= MOST_CONNECTIONS - SPARE:
            idle = [each for each in others if each.is_idle()]
            for each in sorted(idle, key=lambda each: each.idle_since)[:SPARE]:
                each._close()

    def is_idle(self) -> bool:
        """Whether no response is being sent."""
        return self.cycle is None or self.cycle.response_complete

    def _start_timer(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._close)

    def _stop_timer(self) -> None:
        self._in_head, self._head_bytes = False, 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
        self._close()

    def _close(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


def connections_of(most: Callable[[str], int]) -> type[LimitedProtocol]:
    """Subclass of `LimitedProtocol` that limits the connections of each address to `most(address)`."""
    return type("Ours", (LimitedProtocol,), {"shares": (most,)})
