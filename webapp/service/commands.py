"""Commands about documents, questions and matters."""

from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from webapp.core.limits import JobAct, check_selection, without_codes
from webapp.core.metrics import SEARCHES
from webapp.core.results import (
    AcceptedRow,
    AnswerResult,
    ChangeRow,
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
from webapp.core.stream import Event, Progress, Result
from webapp.service.command import Command, FileCommand

if TYPE_CHECKING:
    from webapp.service.caller import Caller
    from webapp.store.roles import Right

HITS = 64


@dataclass(frozen=True)
class Accept(FileCommand[AcceptedRow], name="accept"):
    """Add a file to a matter, which is created if there is none. Raises NoSuchFile and the UnreadableFile family."""

    matter: str

    def run(self, caller: "Caller") -> Iterator[Event[AcceptedRow]]:
        """One result."""
        with self.opened():
            pass  # checked before a matter is created for it
        matter = caller.matter_or_new(self.matter)
        record = caller.workspace.accept(caller.user, matter, self.path, self.name)
        yield Result(AcceptedRow(document_id=record.id))


@dataclass(frozen=True)
class Follow(Command[DocumentRow], name="follow"):
    """Wait until documents can be searched."""

    matter: str
    document_ids: list[str]

    def run(self, caller: "Caller") -> Iterator[Event[DocumentRow]]:
        """Progress, and a result for each document once it is ready or has failed."""
        check_selection(self.document_ids)
        yield from caller.follow(caller.matter(self.matter), set(self.document_ids))


@dataclass(frozen=True)
class Search(Command[HitRow], name="search"):
    """Search for passages that answer a question, best first (BM25 and vectors)."""

    matter: str
    question: str
    document: str | None = None

    def run(self, caller: "Caller") -> Iterator[Event[HitRow]]:
        """A result for each hit, if any. If a name in the question fits several documents, each hit lists them
        (`documents_meant`).
        """
        from retrieval import pin_cite
        from webapp.store.audit import Act

        question = without_codes(self.question)
        matter, scope = caller.scope(self.matter, question, self.document)
        yield from caller.settled(matter, scope)
        SEARCHES.inc()
        searcher, library = caller.workspace.searcher, caller.workspace.library
        results = searcher.search(matter.id, question, scope, HITS)
        records = {record.id: record for record in caller.records(matter)}
        candidates = tuple(NamedRow.of(records[id_]) for id_ in results.route.close if id_ in records)
        visible_hits = [hit for hit in results.hits if hit.chunk.span.document_id in records]
        shown = list(dict.fromkeys(hit.chunk.span.document_id for hit in visible_hits))
        caller.workspace.audit.record_documents(caller.user, Act.SEARCH, shown, matter_id=matter.id)
        for rank, hit in enumerate(visible_hits, start=1):
            span = hit.chunk.span
            same = {chunk.span.document_id for chunk in searcher.same_words(matter.id, hit.chunk, scope)}
            document = library.document(matter.id, span.document_id)
            at = results.where_said(document, span)
            row = HitRow(
                rank=rank,
                **cite_fields(pin_cite(document, span, at=at)),
                start=span.start,
                end=span.end,
                score=round(float(hit.score), 4),
                why=hit.why,
                text=document.slice(span),
                also_in=len(same & records.keys()),
                documents_meant=candidates,
            )
            yield Result(row)


@dataclass(frozen=True)
class FindMentions(Command[MentionRow], name="mentions"):
    """Find every mention of an exact phrase, document by document."""

    matter: str
    phrase: str
    document: str | None = None

    def run(self, caller: "Caller") -> Iterator[Event[MentionRow]]:
        """A result for each mention, if any, and after those of a document one for each place in deleted words.

        Raises SearchIncomplete after the last if a document could not be searched.
        """
        from webapp.service.mentions import LeftOut, Mentions, mention_rows, mentions, search_incomplete

        phrase = without_codes(self.phrase)
        matter, scope = caller.scope(self.matter, phrase, self.document)
        if caller.unfinished(matter, scope):  # else the indexes need not even be opened
            yield from caller.settled(matter, scope)
        left_out = []
        for outcome in mentions(caller.workspace, caller.user, matter.id, phrase, scope):
            if isinstance(outcome, LeftOut):
                left_out.append(outcome)
            elif isinstance(outcome, Mentions):
                for row in mention_rows(outcome, phrase):
                    yield Result(row)
        if left_out:
            raise search_incomplete(left_out)


@dataclass(frozen=True)
class Ask(Command[AnswerResult], name="ask"):
    """Answer a question, with pin cites and checked quotations; kept in a new conversation, or in the caller's last."""

    matter: str
    question: str
    document: str | None = None
    continues: bool = False
    thorough: bool = False

    def prepare(self, caller: "Caller") -> Iterator[Progress]:
        """Wait for the documents in scope, while the language model starts."""
        matter, scope = caller.scope(self.matter, without_codes(self.question), self.document)
        caller.access.check(caller.user, matter.id, "ask")
        caller.workspace.engine_pool.start()
        yield from caller.settled(matter, scope)
        caller.workspace.warm()

    def run(self, caller: "Caller") -> AsyncGenerator[Event[AnswerResult]]:
        """The answer's text as it is written, then one result."""
        from webapp.service.ask import Asked, answer_events  # loads an HTTP client, which few commands need

        question = without_codes(self.question)
        matter, scope = caller.scope(self.matter, question, self.document)
        conversations = caller.workspace.conversations
        conversation = conversations.last(caller.user, matter) if self.continues else None
        if conversation and scope is None:
            scope = None if conversation.scope is None else list(conversation.scope)
        records = {record.id: record for record in caller.records(matter, scope)}
        asked = Asked(question, matter, scope, conversation, self.thorough)
        return answer_events(caller.workspace, caller.user, asked, records)


@dataclass(frozen=True)
class Summarise(Command[SummaryResult], name="summary"):
    """Summarise a document clause by clause, each line with its pin cite."""

    matter: str
    document: str

    def prepare(self, caller: "Caller") -> Iterator[Progress]:
        """Wait for the document."""
        matter, record = caller.document(self.matter, self.document)
        caller.access.check(caller.user, matter.id, "ask")
        yield from caller.settled(matter, [record.id])

    def run(self, caller: "Caller") -> AsyncGenerator[Event[SummaryResult]]:
        """Progress by parts, the text as it is written, then one result."""
        from webapp.service.summarise import summary_events

        _, record = caller.document(self.matter, self.document)
        return summary_events(caller.workspace, caller.user, record)


@dataclass(frozen=True)
class Compare(Command[ChangeRow], name="compare"):
    """Compare two versions of a document clause by clause."""

    matter: str
    old: str
    new: str
    exported: bool = False

    def prepare(self, caller: "Caller") -> Iterator[Progress]:
        """Wait for both documents."""
        matter, old = caller.document(self.matter, self.old)
        _, new = caller.document(self.matter, self.new)
        yield from caller.settled(matter, [old.id, new.id])

    def run(self, caller: "Caller") -> Iterator[Event[ChangeRow]]:
        """A result for each clause that is not the same in both."""
        from webapp.service.compare import changes

        _, old = caller.document(self.matter, self.old)
        _, new = caller.document(self.matter, self.new)
        if self.exported:
            caller.workspace.sharing.check_export(caller.user, old.matter_id, old, new)
        for row in changes(caller.workspace, caller.user, old, new):
            yield Result(row)


@dataclass(frozen=True)
class ListDocuments(Command[DocumentRow], name="documents"):
    """List the documents of a matter, with what each calls itself."""

    matter: str

    def run(self, caller: "Caller") -> Iterator[Event[DocumentRow]]:
        """A result for each document, in the order they came."""
        records = caller.records(caller.matter(self.matter))
        facts = caller.workspace.library.facts_of(records)
        for record in records:
            yield Result(DocumentRow.of(record, facts.get(record.id)))


@dataclass(frozen=True)
class Remove(Command[RemovedRow], name="remove"):
    """Remove a document from a matter."""

    matter: str
    document: str

    def run(self, caller: "Caller") -> Iterator[Event[RemovedRow]]:
        """One result."""
        matter, record = caller.document(self.matter, self.document, "change")
        caller.workspace.remove_document(caller.user, record)
        yield Result(RemovedRow(matter=matter.name, document_id=record.id, document=record.name))


@dataclass(frozen=True)
class Jobs(Command[DocumentRow], name="jobs"):
    """List or change what is still to be ingested of a matter: pause, resume, retry what failed, or cancel it."""

    matter: str
    act: JobAct = "list"
    document: str | None = None

    def run(self, caller: "Caller") -> Iterator[Event[DocumentRow]]:
        """A result for each document that is not ready, as it is then; a cancelled one is removed."""
        right: Right = "read" if self.act == "list" else "change"
        if self.document is None:
            matter, of = caller.matter(self.matter, right), None
        else:
            matter, record = caller.document(self.matter, self.document, right)
            of = record.id
        ingest = caller.workspace.ingest
        if self.act == "cancel":
            for record in caller.records(matter, of and [of]):
                if record.state != "ready":
                    caller.workspace.remove_document(caller.user, record)
                    yield Result(DocumentRow.of(record).model_copy(update={"state": "cancelled"}))
            return
        if self.act != "list":
            {"pause": ingest.pause, "resume": ingest.resume, "retry": ingest.retry}[self.act](matter.id, of)
        for record in caller.records(matter, of and [of]):
            if record.state != "ready":
                yield Result(DocumentRow.of(record))


@dataclass(frozen=True)
class Reindex(Command[DocumentRow], name="reindex"):
    """Rebuild the indexes of one matter, or of all of the user's."""

    matter: str | None = None

    def run(self, caller: "Caller") -> Iterator[Event[DocumentRow]]:
        """Progress, and a result for each document."""
        if self.matter is not None:
            matters = [caller.matter(self.matter, "change")]
        else:
            of_user = caller.access.matters(caller.user)
            matters = [matter for matter in of_user if caller.access.may(caller.user, matter.id, "change")]
        for matter in matters:
            caller.workspace.ingest.reindex(matter.id)
        for matter in matters:
            yield from caller.follow(matter, {record.id for record in caller.records(matter)})


@dataclass(frozen=True)
class ListMatters(Command[MatterRow], name="matters"):
    """List the user's matters."""

    def run(self, caller: "Caller") -> Iterator[Event[MatterRow]]:
        """A result for each matter."""
        for matter in caller.access.matters(caller.user):
            yield Result(MatterRow.of(matter, caller.records(matter)))


@dataclass(frozen=True)
class CreateMatter(Command[MatterRow], name="create_matter"):
    """Create an empty matter. Raises MatterExists."""

    name: str

    def run(self, caller: "Caller") -> Iterator[Event[MatterRow]]:
        """One result."""
        matter = caller.workspace.create_matter(caller.user, self.name)
        yield Result(MatterRow.of(matter, caller.records(matter)))


@dataclass(frozen=True)
class DeleteMatter(Command[DeletedRow], name="delete_matter"):
    """Delete a matter with everything in it."""

    name: str

    def run(self, caller: "Caller") -> Iterator[Event[DeletedRow]]:
        """One result."""
        matter = caller.matter(self.name, "manage")
        caller.workspace.delete_matter(matter, caller.user)
        yield Result(DeletedRow(id=matter.id, name=matter.name))
