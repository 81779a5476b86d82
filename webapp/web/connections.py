"""Connections that keep nobody waiting: the head of a request has to come within seconds and fit in a few pages.

uvicorn waits for the head of a request for as long as a client likes, and its parser takes one of any size, also while the
answer to the last request is still on its way: a thousand clients that send a byte now and then would hold every connection
there is, and one that sends headers without end all the memory. Here every head is counted and timed, and of requests that
come before the last one is answered one may wait (no browser and no proxy of today sends more). Bodies have their own
limits (`gate.limited`); connections between two requests end with uvicorn's `timeout_keep_alive`.
"""

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 20.0  # from the first moment to the end of a request's head; a slow telephone needs two
MOST_HEAD = 64 * 1024  # bytes, as most proxies have it; ours are below 4 kB
MOST_HEADERS = 200  # of one request; browsers send twenty, a proxy adds ten. Each takes far more memory than its bytes
MOST_UNREAD = 128 << 20  # bytes of a body that has its answer already: its sender is heard out, to read why
MOST_CONNECTIONS = 2_000  # open at a time; an open page has two or three
MOST_OF_A_PEER = 200  # of one address, where no proxy stands before
SPARE = 100  # places that are kept free of connections that wait for their next request
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Impatient(HttpToolsProtocol):
    """uvicorn's protocol, which closes a connection whose request does not come."""

    _late: asyncio.TimerHandle | None = None
    _in_head = True  # of a request, or before the first
    _head_bytes = 0
    _headers = 0
    _unread = 0
    _bodiless = 0
    idle_since = 0.0  # of the loop's clock; while nothing is asked or answered

    # How many connections one address may have, where that is said.
    shares: ClassVar[tuple[Callable[[str], int], ...]] = ()

    def connection_made(self, transport: Any) -> None:
        """A client is there; now it has to ask for something."""
        super().connection_made(transport)
        self.idle_since = self.loop.time()
        self._make_room()
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Bytes of a request."""
        if self.transport.is_closing():
            return
        self.idle_since = self.loop.time()
        self._bodiless += len(data)
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
        elif self.cycle is not None and self.cycle.response_complete:
            self._unread += len(data)
        if self._head_bytes > MOST_HEAD or self._headers > MOST_HEADERS:
            self._refuse()
        elif self._unread > MOST_UNREAD or (not self._in_head and not self._unread and self._bodiless > MOST_HEAD):
            self._close()

    def on_body(self, body: bytes) -> None:
        """Some of a body; what comes between its pieces and after it is counted as a head is."""
        self._bodiless = 0
        super().on_body(body)

    def on_message_begin(self) -> None:
        """The first byte of a request; it may come a moment before the end of the last answer is noted here."""
        if self.pipeline:
            self._close()
        self._in_head, self._head_bytes, self._headers, self._unread = True, 0, 0, 0
        self._wait_for_head()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header of a request. What follows a body is none: who asks, and for what, is said before it."""
        self._headers += 1
        if self._in_head and self._headers <= MOST_HEADERS:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head of a request is whole."""
        self._head_came()
        self._bodiless = 0
        if self._headers > MOST_HEADERS:
            self._refuse()
        elif not self.transport.is_closing():
            super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._head_came()
        super().connection_lost(exc)

    def _make_room(self) -> None:
        """Close what waits for nothing where places are short, and this one where its peer has more than its share."""
        peer = self.client[0] if self.client else ""
        others = [each for each in self.connections if isinstance(each, Impatient) and each is not self]
        of_peer = sum(each.client is not None and each.client[0] == peer for each in others)
        if any(of_peer >= most(peer) for most in self.shares):
            self._close()
        elif len(others) >= MOST_CONNECTIONS - SPARE:
            idle = [each for each in others if each.is_idle()]
            for each in sorted(idle, key=lambda each: each.idle_since)[:SPARE]:
                each._close()

    def is_idle(self) -> bool:
        """Whether nothing is being answered here."""
        return self.cycle is None or self.cycle.response_complete

    def _wait_for_head(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(HEAD_SECONDS, self._close)

    def _head_came(self) -> None:
        self._in_head, self._head_bytes = False, 0
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _refuse(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
        self._close()

    def _close(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


def connections_of(most: Callable[[str], int]) -> type[Impatient]:
    """`Impatient` with a number of connections for each peer's address."""
    return type("Ours", (Impatient,), {"shares": (most,)})
