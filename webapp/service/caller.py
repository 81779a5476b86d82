"""Executes commands for one user in an open workspace: resolves names, and waits for the ingest of documents."""

import asyncio
import time
from collections.abc import AsyncGenerator, Collection, Iterator, Set

from retrieval import DocumentRecord, Matter, MatterExists, NoSuchDocument, NoSuchMatter
from webapp.core.limits import check_question, is_id
from webapp.core.results import DocumentRow
from webapp.core.stream import Event, Progress, Result, T
from webapp.service.command import Command
from webapp.service.workspace import Workspace
from webapp.store.audit import REFUSALS
from webapp.store.roles import Right
from webapp.store.users import User

POLL_SECONDS = 0.1
HEARTBEAT_SECONDS = 10.0  # an event at least this often, so that a client does not take a slow step for a dead server
DONE = ("ready", "failed", "paused")


class Caller:
    """Command executor of one user in a workspace. Names in a command are resolved with the user's access rights."""

    def __init__(self, workspace: Workspace, user: User) -> None:
        self.workspace = workspace
        self.user = user
        self.access = workspace.access

    def run(self, command: Command[T]) -> Iterator[Event[T]]:
        """Execute a command outside an event loop; yields its events.

        Raises the errors that end it; closing it ends the work.
        """
        try:
            yield from command.prepare(self)
            events = command.run(self)
            yield from events if isinstance(events, Iterator) else _in_a_loop(events)
        except REFUSALS as error:
            self.refused(command, error)
            raise

    def refused(self, command: Command[T], error: Exception) -> None:
        """Record that a command asked for what the user may not."""
        matter, document = (str(getattr(command, name, None) or "") for name in ("matter", "document"))
        self.workspace.audit.refused(self.user, error, matter_id=matter, object=document)

    def matter(self, name: str, right: Right = "read") -> Matter:
        """Find a matter by name or id. Raises NoSuchMatter, and what `Access.check` does."""
        return self.access.matter(self.user, name, right)

    def matter_or_new(self, name: str) -> Matter:
        """Find a matter by name or id, or create it."""
        try:
            return self.matter(name)
        except NoSuchMatter:
            try:
                return self.workspace.create_matter(self.user, name)
            except MatterExists:  # another command created it in between
                return self.matter(name)

    def document(self, matter: str, document: str, right: Right = "read") -> tuple[Matter, DocumentRecord]:
        """Find a matter, and a document in it by name, part of the name or id.

        Raises NoSuchMatter, NoSuchDocument, and what `Access.check` does.
        """
        parent = self.matter(matter, right)
        return parent, self.access.document(self.user, parent, document)

    def scope(self, matter: str, words: str, document: str | None) -> tuple[Matter, list[str] | None]:
        """Scope of a search for `words`: the matter and the ids of the documents, None for all. Raises WordsTooLong."""
        check_question(words)
        if document is None:
            return self.matter(matter), None
        parent, record = self.document(matter, document)
        return parent, [record.id]

    def records(self, matter: Matter, document_ids: Collection[str] | None = None) -> list[DocumentRecord]:
        """Records of a matter's documents, all or those with these ids."""
        records = self.access.documents(self.user, matter)
        return [record for record in records if document_ids is None or record.id in document_ids]

    def unfinished(self, matter: Matter, document_ids: Collection[str] | None) -> bool:
        """Whether any of these documents is still being ingested."""
        return any(record.state not in DONE for record in self.records(matter, document_ids))

    def settled(self, matter: Matter, document_ids: Collection[str] | None) -> Iterator[Progress]:
        """Wait until all of these documents are ingested, so that an answer covers them; yields progress."""
        ids = {record.id for record in self.records(matter, document_ids)}
        return (event for event in self.follow(matter, ids) if isinstance(event, Progress))

    def follow(self, matter: Matter, document_ids: Collection[str]) -> Iterator[Progress | Result[DocumentRow]]:
        """Wait until these documents of a matter are ingested, and those that are found within them; yields progress,
        and a result for each as it ends. An archive that was unpacked is gone then, and has none.

        Raises NoSuchDocument, also for one that is removed meanwhile.
        """
        last_states: dict[str, tuple[object, ...]] = {}
        done: dict[str, int] = {}  # with how many names: one more comes with each container that it is found in
        with self.workspace.working() as work:
            waiting = bool(document_ids)
            while waiting:
                present = self._present(matter, set(document_ids))
                waiting = any(record.state not in DONE for record in present)
                for record in present:
                    state = (record.state, record.page, int(time.monotonic() / HEARTBEAT_SECONDS))
                    if done.get(record.id) == len(record.sources):
                        continue
                    if record.state in DONE:
                        done[record.id] = len(record.sources)
                        if record.id in last_states:
                            yield _progress(record)
                        facts = self.workspace.library.facts_of([record])
                        yield Result(DocumentRow.of(record, facts.get(record.id)))
                    elif last_states.get(record.id) != state:
                        last_states[record.id] = state
                        yield _progress(record)
                if work is not None and work.done():
                    work.result()  # raises the error that ended it
                if waiting:
                    time.sleep(POLL_SECONDS)

    def _present(self, matter: Matter, document_ids: Set[str]) -> list[DocumentRecord]:
        """These documents and those that were found within them; of an archive that was unpacked only those are left.

        Raises NoSuchDocument.
        """
        present: list[DocumentRecord] = []
        known: set[str] = set()
        for record in self.records(matter):
            containers = {source.container for source in record.sources}
            known |= {record.id, *containers}
            if record.id in document_ids or containers & document_ids:
                present.append(record)
        for missing_id in document_ids - known:
            raise NoSuchDocument(document=missing_id if is_id(missing_id) else "…")
        return present


def _in_a_loop(events: AsyncGenerator[Event[T]]) -> Iterator[Event[T]]:
    """Run an asynchronous generator of events in an event loop of its own."""
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
