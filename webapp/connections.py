"""Connections that keep nobody waiting: the head of a request has to come within seconds and fit in a few pages.

uvicorn waits for the head of a request for as long as a client likes, and its faster parser takes one of any size: a
thousand clients that send a byte now and then would hold every connection there is. Bodies have their own limits
(`gate.limited`); connections between two requests end with uvicorn's `timeout_keep_alive`.
"""

import asyncio
from typing import Any

try:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as Protocol
except ImportError:  # httptools is a faster parser, where there is one for the platform
    from uvicorn.protocols.http.h11_impl import H11Protocol as Protocol  # type: ignore[assignment]

HEAD_SECONDS = 20.0  # from the first moment to the end of a request's head; a slow telephone needs two
MOST_HEAD = 64 * 1024  # bytes, as h11 and most proxies have it; ours are below 4 kB
MOST_CONNECTIONS = 2_000  # open at a time; an open page has two or three
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Impatient(Protocol):
    """uvicorn's protocol, which closes a connection whose request does not come."""

    _late: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """A client is there; now it has to ask for something."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Bytes of a request."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:  # its head is whole, and it is being answered
            self._head_came()
            return
        self._head_bytes += len(data)
        if self._head_bytes > MOST_HEAD:
            self.transport.write(_TOO_LARGE)
            self._close()
        elif self._late is None:
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._head_came()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        self._late = self.loop.call_later(HEAD_SECONDS, self._close)

    def _head_came(self) -> None:
        self._head_bytes = 0
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _close(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
