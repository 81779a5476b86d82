"""The commands' verbs through the server that owns the data folder: the events of `verbs.Verbs`, over loopback.

Events come as lines of JSON while the work goes on. A file is sent as its bytes, so that it is opened with the rights of
the person who named it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2

from webapp.core.data_folder import Served
from webapp.core.errors import NoSuchFile, ServerGone, Told
from webapp.core.limits import check_name
from webapp.core.results import (
    AcceptedRow,
    AnswerResult,
    DeletedRow,
    DocumentRow,
    HitRow,
    MatterRow,
    MentionRow,
    RemovedRow,
    SummaryResult,
)
from webapp.core.stream import Error, Event, Result, T, read_event

CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 300.0  # between two rows; work that takes longer says every few seconds where it stands


class Remote:
    """The verbs of one server. Every method raises Told for an error told there, ServerGone when it stops half way."""

    def __init__(self, served: Served) -> None:
        self._client = served.client(httpx2.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def accept(self, matter: str, path: Path) -> str:
        """Send a file into a matter, made where there is none; its document's id. Raises NoSuchFile and NameTooLong too."""
        check_name(matter)  # both stand in the address, which no server takes at any length
        check_name(path.name)
        try:
            with path.open("rb") as stream:
                size = {"Content-Length": str(path.stat().st_size)}
                asked = {"matter": matter, "name": path.name}
                events = list(self._events("/cli/accept", AcceptedRow, params=asked, content=stream, headers=size))
        except OSError as error:
            raise NoSuchFile(name=path, reason=error.strerror or error) from error
        [accepted] = (event.row for event in events if isinstance(event, Result))
        return accepted.document_id

    def follow(self, matter: str, document_ids: list[str]) -> Iterator[Event[DocumentRow]]:
        """Progress of these documents, and a result for each once it is ready or has failed."""
        return self._ask("follow", DocumentRow, matter=matter, document_ids=document_ids)

    def search(self, matter: str, question: str, document: str | None) -> Iterator[Event[HitRow]]:
        """A result for each hit."""
        return self._ask("search", HitRow, matter=matter, question=question, document=document)

    def mentions(self, matter: str, phrase: str, document: str | None) -> Iterator[Event[MentionRow]]:
        """A result for each mention."""
        return self._ask("mentions", MentionRow, matter=matter, phrase=phrase, document=document)

    def ask(self, matter: str, question: str, document: str | None) -> Iterator[Event[AnswerResult]]:
        """The answer's text as it is written, then one result."""
        return self._ask("ask", AnswerResult, matter=matter, question=question, document=document)

    def summary(self, matter: str, document: str) -> Iterator[Event[SummaryResult]]:
        """Progress part by part, the text as it is written, then one result."""
        return self._ask("summary", SummaryResult, matter=matter, document=document)

    def remove(self, matter: str, document: str) -> Iterator[Event[RemovedRow]]:
        """One result."""
        return self._ask("remove", RemovedRow, matter=matter, document=document)

    def reindex(self, matter: str | None) -> Iterator[Event[DocumentRow]]:
        """Progress, and a result for each document."""
        return self._ask("reindex", DocumentRow, matter=matter)

    def matters(self) -> Iterator[Event[MatterRow]]:
        """A result for each matter."""
        return self._ask("matters", MatterRow)

    def create_matter(self, name: str) -> Iterator[Event[MatterRow]]:
        """One result."""
        return self._ask("create_matter", MatterRow, name=name)

    def delete_matter(self, name: str) -> Iterator[Event[DeletedRow]]:
        """One result."""
        return self._ask("delete_matter", DeletedRow, name=name)

    def _ask(self, verb: str, kind: type[T], **arguments: Any) -> Iterator[Event[T]]:
        return self._events(f"/cli/{verb}", kind, json=arguments)

    def _events(self, path: str, kind: type[T], **request: Any) -> Iterator[Event[T]]:
        try:
            with self._client.stream("POST", path, **request) as answer:
                if answer.status_code != 200:
                    raise ServerGone()
                for line in answer.iter_lines():
                    event = read_event(line, kind)
                    if isinstance(event, Error):
                        raise Told(sentence=event.error, hint=event.hint)
                    yield event
        except (httpx2.HTTPError, ValueError, KeyError) as error:
            raise ServerGone() from error
