"""What the commands do, for one user, in a workspace that this process owns; `remote` has the same verbs elsewhere.

Every verb resolves what it is asked for through `access`, and yields events (`rows`): progress while it works, then
results as `--json` prints them.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path

from retrieval import DocumentRecord, Matter, MatterExists, NoSuchDocument, NoSuchMatter, pin_cite, where_said
from webapp.core.errors import NoSuchFile
from webapp.core.limits import check_chosen, check_words, is_id
from webapp.core.metrics import SEARCHES
from webapp.core.results import (
    AnswerResult,
    DeletedRow,
    DocumentRow,
    HitRow,
    MatterRow,
    MentionRow,
    NamedRow,
    RemovedRow,
    SummaryResult,
    cite_fields,
)
from webapp.core.stream import Event, Progress, Result, T
from webapp.service.mentions import LeftOut, mention_row, mentions, not_looked_through
from webapp.service.workspace import Workspace
from webapp.store.users import User

POLL_SECONDS = 0.1
HEARTBEAT_SECONDS = 10.0  # a row at least this often, so that a slow step is not taken for a dead server
HITS = 64
DONE = ("ready", "failed")


class Verbs:
    """The commands of one user."""

    def __init__(self, workspace: Workspace, user: User) -> None:
        self._workspace = workspace
        self._user = user
        self._access = workspace.access

    def accept(self, matter: str, path: Path, name: str | None = None) -> str:
        """Take a file into a matter, made where there is none; its document's id.

        Raises NoSuchFile, the UnreadableFile family, and what the stores raise.
        """
        try:
            path.open("rb").close()
        except OSError as error:
            raise NoSuchFile(name=path, reason=(error.strerror or str(error)).lower()) from error
        return self._access.accept(self._user, self._matter_or_new(matter), path, name).id

    def follow(self, matter: str, document_ids: list[str]) -> Iterator[Event[DocumentRow]]:
        """Progress of these documents, and a result for each once it is ready or has failed."""
        check_chosen(document_ids)
        found = self._access.matter(self._user, matter)
        yield from self._until_done(found, set(document_ids))

    def search(self, matter: str, question: str, document: str | None) -> Iterator[Event[HitRow]]:
        """A result for each hit, best first; none where nothing fits. Where the question leaves a choice between documents,
        each names them (`documents_meant`).
        """
        found, scope = self._scope(matter, question, document)
        yield from self._settled(found, scope)
        SEARCHES.inc()
        results = self._workspace.searcher.search(found.id, question, scope, HITS)
        mine = {record.id: record for record in self._access.documents(self._user, found)}
        close = tuple(NamedRow.of(mine[id_]) for id_ in results.route.close if id_ in mine)
        allowed = (hit for hit in results.hits if hit.chunk.span.document_id in mine)
        for rank, hit in enumerate(allowed, start=1):
            span = hit.chunk.span
            same = self._workspace.searcher.same_words(found.id, hit.chunk, scope)
            others = {chunk.span.document_id for chunk in same} & mine.keys()
            source = self._workspace.library.document(found.id, span.document_id)
            at = where_said(source, (span,), results.route.question)
            row = HitRow(
                rank=rank,
                **cite_fields(pin_cite(source, span, at=at)),
                start=span.start,
                end=span.end,
                score=round(float(hit.score), 4),
                why=hit.why,
                text=source.slice(span),
                also_in=len(others),
                documents_meant=close,
            )
            yield Result(row)

    def mentions(self, matter: str, phrase: str, document: str | None) -> Iterator[Event[MentionRow]]:
        """A result for each place where exactly this phrase stands, document by document; none where it is nowhere.

        Raises NotLookedThrough after the last one, where that is not all.
        """
        found, scope = self._scope(matter, phrase, document)
        records = [r for r in self._access.documents(self._user, found) if scope is None or r.id in scope]
        if waiting := {r.id for r in records if r.state not in DONE}:  # else the indexes need not even be opened
            yield from self._arriving(found, waiting)
        left_out = []
        for each in mentions(self._workspace, self._user, found.id, phrase, scope):
            if isinstance(each, LeftOut):
                left_out.append(each)
                continue
            for span in each.spans:
                yield Result(mention_row(each.document, span))
        if left_out:
            raise not_looked_through(left_out)

    def ask(self, matter: str, question: str, document: str | None) -> Iterator[Event[AnswerResult]]:
        """The answer's text as it is written, then one result."""
        yield from self.before_ask(matter, question, document)
        yield from _in_a_loop(self.answer(matter, question, document))

    def before_ask(self, matter: str, question: str, document: str | None) -> Iterator[Progress]:
        """Progress until what is to be searched has been taken in, while the engine starts."""
        scope = self._scope(matter, question, document)
        self._workspace.writers.start()
        yield from self._settled(*scope)
        self._workspace.warm()

    async def answer(self, matter: str, question: str, document: str | None) -> AsyncGenerator[Event[AnswerResult]]:
        """`ask` for who has an event loop already; closing the iterator closes the engine's stream."""
        from webapp.service.ask import answer_rows  # loads the engine's client, which no other verb needs

        found, document_ids = self._scope(matter, question, document)
        ready = {
            record.id: record
            for record in self._access.documents(self._user, found)
            if record.state == "ready" and (document_ids is None or record.id in document_ids)
        }
        async with aclosing(answer_rows(self._workspace, self._user, found.id, question, ready)) as rows:
            async for row in rows:
                yield row

    def summary(self, matter: str, document: str) -> Iterator[Event[SummaryResult]]:
        """Progress part by part, the text as it is written, then one result."""
        yield from self.before_summary(matter, document)
        yield from _in_a_loop(self.summarise(matter, document))

    def before_summary(self, matter: str, document: str) -> Iterator[Progress]:
        """Progress until the document has been taken in."""
        found = self._access.matter(self._user, matter)
        yield from self._settled(found, [self._access.document(self._user, found, document).id])

    async def summarise(self, matter: str, document: str) -> AsyncGenerator[Event[SummaryResult]]:
        """`summary` for who has an event loop already; closing the iterator closes the engine's stream."""
        from webapp.service.summarise import summary_rows

        found = self._access.matter(self._user, matter)
        record = self._access.document(self._user, found, document)
        async with aclosing(summary_rows(self._workspace, self._user, record)) as rows:
            async for row in rows:
                yield row

    def remove(self, matter: str, document: str) -> Iterator[Event[RemovedRow]]:
        """Take a document out of a matter; one result."""
        found = self._access.matter(self._user, matter)
        record = self._access.document(self._user, found, document)
        self._workspace.ingest.remove(found.id, record.id)
        yield Result(RemovedRow(matter=found.name, document_id=record.id, document=record.name))

    def reindex(self, matter: str | None) -> Iterator[Event[DocumentRow]]:
        """Build the indexes of one matter, or of all of the user's, anew; a result for each document."""
        access = self._access
        chosen = [access.matter(self._user, matter)] if matter is not None else access.matters(self._user)
        for each in chosen:
            self._workspace.ingest.reindex(each.id)
        for each in chosen:
            yield from self._until_done(each, {r.id for r in access.documents(self._user, each)})

    def matters(self) -> Iterator[Event[MatterRow]]:
        """A result for each matter of the user."""
        for matter in self._access.matters(self._user):
            yield self._row(matter)

    def create_matter(self, name: str) -> Iterator[Event[MatterRow]]:
        """Make an empty matter; one result. Raises MatterExists."""
        yield self._row(self._access.create(self._user, name))

    def delete_matter(self, name: str) -> Iterator[Event[DeletedRow]]:
        """Delete a matter with everything in it; one result."""
        matter = self._access.matter(self._user, name)
        self._workspace.delete_matter(matter)
        yield Result(DeletedRow(id=matter.id, name=matter.name))

    def _matter_or_new(self, name: str) -> Matter:
        try:
            return self._access.matter(self._user, name)
        except NoSuchMatter:
            try:
                return self._access.create(self._user, name)
            except MatterExists:  # another command made it in between
                return self._access.matter(self._user, name)

    def _scope(self, matter: str, question: str, document: str | None) -> tuple[Matter, list[str] | None]:
        check_words(question)
        found = self._access.matter(self._user, matter)
        if document is None:
            return found, None
        return found, [self._access.document(self._user, found, document).id]

    def _settled(self, matter: Matter, document_ids: list[str] | None) -> Iterator[Progress]:
        """Wait for what is on its way into the scope of a question, so that the answer speaks of all of it."""
        records = self._access.documents(self._user, matter)
        chosen = {r.id for r in records if document_ids is None or r.id in document_ids}
        yield from self._arriving(matter, chosen)

    def _arriving(self, matter: Matter, document_ids: set[str]) -> Iterator[Progress]:
        """Progress of these documents of a matter until none is under way."""
        for event in self._until_done(matter, document_ids):
            if isinstance(event, Progress):
                yield event

    def _until_done(self, matter: Matter, document_ids: set[str]) -> Iterator[Progress | Result[DocumentRow]]:
        """Progress of these documents of a matter until none is under way, and a result for each as it ends."""
        told: dict[str, tuple[object, ...]] = {}
        with self._workspace.working() as work:
            while document_ids:
                records = {r.id: r for r in self._access.documents(self._user, matter)}
                for gone in document_ids - records.keys():
                    raise NoSuchDocument(document=gone if is_id(gone) else "…")
                for record in [records[id_] for id_ in records if id_ in document_ids]:
                    stand = (record.state, record.page, int(time.monotonic() / HEARTBEAT_SECONDS))
                    if record.state in DONE:
                        document_ids.discard(record.id)
                        if record.id in told:
                            yield _progress(record)
                        yield Result(DocumentRow.of(record))
                    elif told.get(record.id) != stand:
                        told[record.id] = stand
                        yield _progress(record)
                if work is not None and work.done():
                    work.result()  # raises what stopped it
                if document_ids:
                    time.sleep(POLL_SECONDS)

    def _row(self, matter: Matter) -> Result[MatterRow]:
        records = self._access.documents(self._user, matter)
        pages = sum(record.pages for record in records)
        return Result(MatterRow(id=matter.id, name=matter.name, documents=len(records), pages=pages))


def _in_a_loop(rows: AsyncGenerator[Event[T]]) -> Iterator[Event[T]]:
    """Rows that need an event loop, for who has none."""
    with asyncio.Runner() as runner:
        try:
            while True:
                yield runner.run(anext(rows))
        except StopAsyncIteration:
            return
        finally:
            runner.run(rows.aclose())


def _progress(record: DocumentRecord) -> Progress:
    return Progress(label=record.name, state=record.state, done=record.page, total=record.pages)
