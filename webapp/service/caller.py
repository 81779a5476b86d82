"""Execution of commands for one user in an open workspace:
resolves names, and waits for documents that are being read.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Collection, Iterator

from retrieval import DocumentRecord, Matter, MatterExists, NoSuchDocument, NoSuchMatter
from webapp.core.limits import check_question, is_id
from webapp.core.results import DocumentRow
from webapp.core.stream import Event, Progress, Result, T
from webapp.service.commands import Command
from webapp.service.workspace import Workspace
from webapp.store.users import User

POLL_SECONDS = 0.1
HEARTBEAT_SECONDS = 10.0  # an event at least this often, so that a slow step is not taken for a dead server
DONE = ("ready", "failed")


class Caller:
    """A user in a workspace. Whatever a command names is resolved through `access`, in their name."""

    def __init__(self, workspace: Workspace, user: User) -> None:
        self.workspace = workspace
        self.user = user
        self.access = workspace.access

    def run(self, command: Command[T]) -> Iterator[Event[T]]:
        """The events of a command, for who has no event loop.

        Raises the errors that end it; closing it ends the work.
        """
        yield from command.prepare(self)
        events = command.run(self)
        yield from events if isinstance(events, Iterator) else _in_a_loop(events)

    def matter(self, name: str) -> Matter:
        """The matter of a name or an id. Raises NoSuchMatter."""
        return self.access.matter(self.user, name)

    def matter_or_new(self, name: str) -> Matter:
        """The same, made where there is none."""
        try:
            return self.matter(name)
        except NoSuchMatter:
            try:
                return self.access.create(self.user, name)
            except MatterExists:  # another command made it in between
                return self.matter(name)

    def document(self, matter: str, document: str) -> tuple[Matter, DocumentRecord]:
        """A matter, and the document in it that its name, a part of it or its id names. Raises NoSuchDocument."""
        found = self.matter(matter)
        return found, self.access.document(self.user, found, document)

    def scope(self, matter: str, words: str, document: str | None) -> tuple[Matter, list[str] | None]:
        """The matter in which words are looked for, and the ids of the documents; None for all. Raises WordsTooLong."""
        check_question(words)
        if document is None:
            return self.matter(matter), None
        found, record = self.document(matter, document)
        return found, [record.id]

    def records(self, matter: Matter, document_ids: Collection[str] | None = None) -> list[DocumentRecord]:
        """The documents of a matter, or these of them."""
        records = self.access.documents(self.user, matter)
        return [record for record in records if document_ids is None or record.id in document_ids]

    def unfinished(self, matter: Matter, document_ids: Collection[str] | None) -> bool:
        """Whether some of these documents are on their way in."""
        return any(record.state not in DONE for record in self.records(matter, document_ids))

    def settled(self, matter: Matter, document_ids: Collection[str] | None) -> Iterator[Progress]:
        """Progress until none of these documents is on its way in, so that an answer speaks of all of them."""
        ids = {record.id for record in self.records(matter, document_ids)}
        return (event for event in self.follow(matter, ids) if isinstance(event, Progress))

    def follow(self, matter: Matter, document_ids: Collection[str]) -> Iterator[Progress | Result[DocumentRow]]:
        """Progress of these documents of a matter until none is on its way in, and a result for each as it ends.

        Raises NoSuchDocument, also for one that is removed meanwhile.
        """
        told: dict[str, tuple[object, ...]] = {}
        waiting = set(document_ids)
        with self.workspace.working() as work:
            while waiting:
                for record in self._present(matter, waiting):
                    state = (record.state, record.page, int(time.monotonic() / HEARTBEAT_SECONDS))
                    if record.state in DONE:
                        waiting.discard(record.id)
                        if record.id in told:
                            yield _progress(record)
                        yield Result(DocumentRow.of(record))
                    elif told.get(record.id) != state:
                        told[record.id] = state
                        yield _progress(record)
                if work is not None and work.done():
                    work.result()  # raises what stopped it
                if waiting:
                    time.sleep(POLL_SECONDS)

    def _present(self, matter: Matter, document_ids: Collection[str]) -> list[DocumentRecord]:
        records = self.records(matter, document_ids)
        for gone in set(document_ids) - {record.id for record in records}:
            raise NoSuchDocument(document=gone if is_id(gone) else "…")
        return records


def _in_a_loop(events: AsyncGenerator[Event[T]]) -> Iterator[Event[T]]:
    """Events that need an event loop, for who has none."""
    with asyncio.Runner() as runner:
        try:
            while True:
                yield runner.run(anext(events))
        except StopAsyncIteration:
            return
        finally:
            runner.run(events.aclose())


def _progress(record: DocumentRecord) -> Progress:
    return Progress(label=record.name, state=record.state, done=record.page, total=record.pages)
