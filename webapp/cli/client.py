"""HTTP client of the server that owns the data folder: executes the same commands as `Caller`, and yields the same
events.

Events arrive as NDJSON during the work. A file is uploaded as bytes, so that it is opened with the rights of the person
who runs the command.
"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import httpx2

from webapp.core.data_folder import RunningServer
from webapp.core.errors import NotText, RemoteError, ServerGone
from webapp.core.limits import check_name
from webapp.core.stream import Error, Event, T, read_event
from webapp.service.command import Command, FileCommand

CONNECT_SECONDS = 5.0
BLOCK = 1 << 16  # bytes of a file that are sent at a time
SILENCE_SECONDS = 300.0  # read time-out between two events; long work sends progress every few seconds


class Client:
    """HTTP client of one server."""

    def __init__(self, server: RunningServer) -> None:
        self._client = server.client(httpx2.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def run(self, command: Command[T]) -> Iterator[Event[T]]:
        """Execute a command on the server; yields its events. Raises RemoteError for an error of the command,
        ServerGone if the server stops half way.

        For a command with a file also NoSuchFile, and NameTooLong: its other fields are in the URL, whose length is
        limited.
        """
        if not isinstance(command, FileCommand):
            yield from self._events(command, json=asdict(command))
            return
        parameters = asdict(command)
        del parameters["path"]
        for value in parameters.values():
            check_name(value)
        with command.opened() as stream:
            # In chunks: a pipe has no length, and a file may grow while it is sent.
            blocks = iter(lambda: stream.read(BLOCK), b"")
            yield from self._events(command, params=parameters, content=blocks)

    def _events(self, command: Command[T], **request: Any) -> Iterator[Event[T]]:
        try:
            with self._client.stream("POST", f"/cli/{command.command}", **request) as response:
                if response.status_code != 200:
                    raise ServerGone()
                for line in response.iter_lines():
                    event = read_event(line, command.result())
                    if isinstance(event, Error):
                        raise RemoteError(sentence=event.error, hint=event.hint)
                    yield event
        except UnicodeEncodeError as error:  # a lone surrogate, from a command line that is not UTF-8
            raise NotText() from error
        except (httpx2.HTTPError, ValueError, KeyError) as error:
            raise ServerGone() from error
