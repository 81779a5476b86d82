"""HTTP client of the server that owns the data folder:
runs the same commands as `Caller` does, and yields the same events.

Events arrive as NDJSON while the work goes on. A file is sent as its bytes, so that it is opened with the rights of the
person who named it.
"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import httpx2

from webapp.core.data_folder import RunningServer
from webapp.core.errors import NotText, RemoteError, ServerGone
from webapp.core.limits import check_name
from webapp.core.stream import Error, Event, T, read_event
from webapp.service.commands import Command, FileCommand

CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 300.0  # between two events; work that takes longer says every few seconds where it stands


class Client:
    """HTTP client of one server."""

    def __init__(self, served: RunningServer) -> None:
        self._client = served.client(httpx2.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def run(self, command: Command[T]) -> Iterator[Event[T]]:
        """The events of a command. Raises RemoteError for an error told there,
        ServerGone when the server stops half way.

        Of a file also NoSuchFile, and NameTooLong: its words stand in the address, which no server takes at any length.
        """
        if not isinstance(command, FileCommand):
            yield from self._events(command, json=asdict(command))
            return
        words = asdict(command)
        del words["path"]
        for word in words.values():
            check_name(word)
        with command.opened() as stream:
            size = {"Content-Length": str(command.path.stat().st_size)}
            yield from self._events(command, params=words, content=stream, headers=size)

    def _events(self, command: Command[T], **request: Any) -> Iterator[Event[T]]:
        try:
            with self._client.stream("POST", f"/cli/{command.command}", **request) as answer:
                if answer.status_code != 200:
                    raise ServerGone()
                for line in answer.iter_lines():
                    event = read_event(line, command.result())
                    if isinstance(event, Error):
                        raise RemoteError(sentence=event.error, hint=event.hint)
                    yield event
        except UnicodeEncodeError as error:  # half of a pair, as a command line that is not UTF-8 holds it
            raise NotText() from error
        except (httpx2.HTTPError, ValueError, KeyError) as error:
            raise ServerGone() from error
