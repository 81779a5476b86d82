"""Defines the commands, one class each: parameters, result type, and the generator of events that executes it.

HTTP routes, client and command line are derived from these classes. A client loads them only to send them, so what the
execution needs is imported there.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, ClassVar, Generic, Literal, get_args

from webapp.core.errors import NoSuchFile
from webapp.core.limits import GroupAct, JobAct, MemberAct, check_days, check_selection, without_codes
from webapp.core.metrics import SEARCHES
from webapp.core.results import (
    AcceptedRow,
    AnswerResult,
    AuditRow,
    BackupRow,
    ChangeRow,
    DeletedRow,
    DocumentRow,
    FlagRow,
    GroupRow,
    HitRow,
    KeptRow,
    MatterRow,
    MemberRow,
    MentionRow,
    ModelRow,
    ModelTestRow,
    NamedRow,
    RemovedRow,
    Row,
    SummaryResult,
    UserRow,
    VerificationRow,
    cite_fields,
)
from webapp.core.stream import Event, Progress, Result, T

if TYPE_CHECKING:
    from retrieval import Matter
    from webapp.service.caller import Caller
    from webapp.store.accounts import Account
    from webapp.store.roles import Right

HITS = 64
COMMANDS: "dict[str, type[Command[Row]]]" = {}  # every command by its name


@dataclass(frozen=True)
class Command(ABC, Generic[T]):
    """Base of the commands. The fields are the parameters, as in the JSON request; results are rows of type T."""

    command: ClassVar[str]

    def __init_subclass__(cls, *, name: str = "") -> None:
        """Register a command under its `name`; a class without one is a base of commands."""
        super().__init_subclass__()
        if name:
            cls.command = name
            COMMANDS[name] = cls

    @classmethod
    def result(cls) -> type[T]:
        """The result type."""
        row: type[T] = get_args(cls.__orig_bases__[0])[0]  # type: ignore[attr-defined]
        return row

    def prepare(self, caller: "Caller") -> Iterator[Progress]:  # noqa: ARG002
        """Wait until everything that `run` needs is ready; yields progress. May block."""
        return iter(())

    @abstractmethod
    def run(self, caller: "Caller") -> Iterator[Event[T]] | AsyncGenerator[Event[T]]:
        """Execute the command; yields its events, from a blocking or an asynchronous iterator.

        Closing it ends the work.
        """


@dataclass(frozen=True)
class FileCommand(Command[T]):
    """Base of the commands that take a file.

    Over HTTP the file is the body, and the other fields are query parameters.
    """

    path: Path
    name: str  # of the file, whatever its path

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open the file. Raises NoSuchFile, also for an error while it is read."""
        try:
            with self.path.open("rb") as stream:
                yield stream
        except OSError as error:
            raise NoSuchFile(name=self.path, reason=(error.strerror or str(error)).lower()) from error


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
        from webapp.service.mentions import LeftOut, mention_rows, mentions, search_incomplete

        phrase = without_codes(self.phrase)
        matter, scope = caller.scope(self.matter, phrase, self.document)
        if caller.unfinished(matter, scope):  # else the indexes need not even be opened
            yield from caller.settled(matter, scope)
        left_out = []
        for outcome in mentions(caller.workspace, caller.user, matter.id, phrase, scope):
            if isinstance(outcome, LeftOut):
                left_out.append(outcome)
                continue
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


@dataclass(frozen=True)
class ListMembers(Command[MemberRow], name="members"):
    """List who is in a matter, and whom a wall keeps out of it."""

    matter: str

    def run(self, caller: "Caller") -> Iterator[Event[MemberRow]]:
        """A result for each person, the owner first."""
        for member in caller.workspace.sharing.people(caller.user, self.matter):
            yield Result(MemberRow(name=member.user.name, role=member.role or "kept out", groups=member.groups))


@dataclass(frozen=True)
class ChangeMembers(Command[MemberRow], name="change_members"):
    """Let someone into a matter or take them out of it, hand it over, put up a wall or lift it."""

    matter: str
    act: MemberAct
    who: str
    role: Literal["viewer", "member"] = "member"  # for `share`
    group: bool = False  # for `share` and `unshare`: `who` names a group

    def run(self, caller: "Caller") -> Iterator[Event[MemberRow]]:
        """A result for each person who is in the matter then, or kept out, if the user may still read it."""
        sharing = caller.workspace.sharing
        if self.act == "share":
            share = sharing.share_with_group if self.group else sharing.share
            matter = share(caller.user, self.matter, self.who, self.role)
        else:
            acts = {
                "unshare": sharing.unshare_with_group if self.group else sharing.unshare,
                "hand-over": sharing.hand_over,
                "wall": sharing.wall,
                "lift": sharing.lift_wall,
            }
            matter = acts[self.act](caller.user, self.matter, self.who)
        if caller.access.may(caller.user, matter.id):
            yield from ListMembers(matter.id).run(caller)


@dataclass(frozen=True)
class ChangeArchive(Command[FlagRow], name="archive"):
    """Put a matter into the archive, where it is read and not changed, or take it out."""

    matter: str
    archived: bool = True

    def run(self, caller: "Caller") -> Iterator[Event[FlagRow]]:
        """One result."""
        matter = caller.workspace.sharing.archive(caller.user, self.matter, archived=self.archived)
        yield Result(FlagRow(matter=matter.name, archived=self.archived))


@dataclass(frozen=True)
class ChangePrivilege(Command[FlagRow], name="privilege"):
    """Keep a document out of exports as privileged, or let it into them again."""

    matter: str
    document: str
    privileged: bool = True

    def run(self, caller: "Caller") -> Iterator[Event[FlagRow]]:
        """One result."""
        matter, record = caller.document(self.matter, self.document, "change")
        caller.workspace.sharing.set_privileged(caller.user, matter.id, record.id, is_privileged=self.privileged)
        yield Result(FlagRow(matter=matter.name, document=record.name, privileged=self.privileged))


@dataclass(frozen=True)
class Groups(Command[GroupRow], name="groups"):
    """List groups, create or delete one, or put someone into it or take them out."""

    act: GroupAct = "list"
    group: str = ""
    who: str = ""

    def run(self, caller: "Caller") -> Iterator[Event[GroupRow]]:
        """A result for each group, or for the one that was changed."""
        sharing, user = caller.workspace.sharing, caller.user
        if self.act == "list":
            changed = sharing.groups(user)
        elif self.act == "create":
            changed = [sharing.create_group(user, self.group)]
        elif self.act == "delete":
            changed = [sharing.delete_group(user, self.group)]
        else:
            change = {"add": sharing.add_to_group, "remove": sharing.remove_from_group}[self.act]
            changed = [change(user, self.group, self.who)]
        for group in changed:
            people = tuple(person.name for person in group.people)
            yield Result(GroupRow(name=group.name, people=people, deleted=self.act == "delete"))


@dataclass(frozen=True)
class ListUsers(Command[UserRow], name="users"):
    """List the people who have an account, or whom a proxy named."""

    def run(self, caller: "Caller") -> Iterator[Event[UserRow]]:
        """A result for each person, by name."""
        caller.workspace.sharing.check_administrator(caller.user)
        for account in caller.workspace.accounts.all():
            yield Result(_user_row(account))


@dataclass(frozen=True)
class AddUser(Command[UserRow], name="add_user"):
    """Add a person. Raises EmailInvalid and AccountExists."""

    email: str
    name: str = ""
    administrator: bool = False

    def run(self, caller: "Caller") -> Iterator[Event[UserRow]]:
        """One result, with a link that sets a password."""
        from webapp.service import administration

        added = administration.invite(
            caller.workspace, caller.user, self.email, self.name, administrator=self.administrator
        )
        yield Result(_user_row(*added))


@dataclass(frozen=True)
class SetPassword(Command[UserRow], name="password"):
    """Set a person's password, which ends their sessions, or make a one-time link with which they set one."""

    person: str
    password: str | None = field(default=None, repr=False)

    def run(self, caller: "Caller") -> Iterator[Event[UserRow]]:
        """One result, with the link where no password is given."""
        from webapp.service import administration

        if self.password is None:
            yield Result(_user_row(*administration.new_link(caller.workspace, caller.user, self.person)))
        else:
            yield Result(
                _user_row(administration.set_password(caller.workspace, caller.user, self.person, self.password))
            )


@dataclass(frozen=True)
class ChangeUser(Command[UserRow], name="change_user"):
    """Disable a person, whose sessions end and whose matters another may get; or enable them again."""

    person: str
    act: Literal["disable", "enable"]
    hand_over_to: str | None = None

    def run(self, caller: "Caller") -> Iterator[Event[UserRow]]:
        """One result."""
        from webapp.service import administration

        if self.act == "enable":
            yield Result(_user_row(administration.enable(caller.workspace, caller.user, self.person)))
        else:
            heir = self.hand_over_to
            yield Result(_user_row(administration.disable(caller.workspace, caller.user, self.person, heir)))


def _user_row(account: "Account", link: str | None = None) -> UserRow:
    can_sign_in = account.has_password or account.has_identity or account.email is None
    state: Literal["active", "invited", "disabled"] = (
        "disabled" if account.disabled else "active" if can_sign_in else "invited"
    )
    return UserRow(
        id=account.id,
        name=account.name,
        email=account.email,
        administrator=account.administrator,
        state=state,
        link=link,
    )


@dataclass(frozen=True)
class Hold(Command[KeptRow], name="hold"):
    """Put a matter on legal hold, under which nothing of it is deleted, or end the hold."""

    matter: str
    hold: bool = True

    def run(self, caller: "Caller") -> Iterator[Event[KeptRow]]:
        """One result."""
        retention = caller.workspace.retention
        yield Result(_kept(caller, retention.hold(caller.user, self.matter, hold=self.hold)))


@dataclass(frozen=True)
class Retain(Command[KeptRow], name="retain"):
    """Set after how many days conversations of a matter are deleted, and in the archive all of it; None for no end."""

    matter: str
    days: int | None = None

    def run(self, caller: "Caller") -> Iterator[Event[KeptRow]]:
        """One result."""
        check_days(self.days)
        yield Result(_kept(caller, caller.workspace.retention.retain(caller.user, self.matter, self.days)))


def _kept(caller: "Caller", matter: "Matter") -> KeptRow:
    kept = caller.workspace.retention.of(matter.id)
    return KeptRow(matter=matter.name, retention_days=kept.days, legal_hold=kept.hold)


@dataclass(frozen=True)
class ReadAudit(Command[AuditRow], name="audit"):
    """List the audit log of a matter, or all of it: who did what and when, since a date."""

    matter: str | None = None
    since: str = ""
    exported: bool = False

    def run(self, caller: "Caller") -> Iterator[Event[AuditRow]]:
        """A result for each row, oldest first."""
        from webapp.service import audit_log
        from webapp.store.audit import Act

        wanted = replace(
            audit_log.readable(caller.workspace, caller.user, self.matter),
            since=audit_log.parse_time(self.since, "since"),
        )
        audit_log.record_reading(caller.workspace, caller.user, wanted, Act.EXPORT if self.exported else Act.LOG)
        yield from map(Result, audit_log.rows(caller.workspace, wanted))


@dataclass(frozen=True)
class VerifyAudit(Command[VerificationRow], name="verify_audit"):
    """Verify the chain of the audit log, and against a head of it that was kept elsewhere."""

    head: str = ""

    def run(self, caller: "Caller") -> Iterator[Event[VerificationRow]]:
        """One result."""
        from webapp.service import audit_log

        yield Result(audit_log.verify(caller.workspace, caller.user, self.head))


@dataclass(frozen=True)
class Backup(Command[BackupRow], name="backup"):
    """Back up the records, files and keys of all users into a new folder on this machine. Raises BackupFailed."""

    folder: str

    def run(self, caller: "Caller") -> Iterator[Event[BackupRow]]:
        """Progress, then one result."""
        from webapp.service.backup import backup
        from webapp.store.audit import Act

        caller.workspace.sharing.check_administrator(caller.user)
        caller.workspace.audit.record(caller.user, Act.BACKUP)
        return backup(caller.workspace.library, caller.workspace.settings, Path(self.folder))


@dataclass(frozen=True)
class ListModels(Command[ModelRow], name="models"):
    """List the language models of this machine, and those that can be fetched."""

    def run(self, caller: "Caller") -> Iterator[Event[ModelRow]]:
        """A result for each model, first those that can be used at once."""
        yield from map(Result, caller.workspace.models.offered(caller.user))


@dataclass(frozen=True)
class FetchModel(Command[ModelRow], name="fetch_model"):
    """Fetch a language model of the fixed list, from where an earlier attempt broke off; compares its digest."""

    model: str

    def run(self, caller: "Caller") -> Iterator[Event[ModelRow]]:
        """Progress in megabytes, then one result: the file."""
        models = caller.workspace.models
        yield from models.fetch(caller.user, self.model)
        yield Result(models.fetched(self.model))


@dataclass(frozen=True)
class UseModel(Command[ModelRow], name="use_model"):
    """Have answers written by a language model of the list, or by one in a file; "none" takes the choice back."""

    model: str

    def run(self, caller: "Caller") -> Iterator[Event[ModelRow]]:
        """One result."""
        yield Result(caller.workspace.models.use(caller.user, self.model, may_be_path=True))


@dataclass(frozen=True)
class TestModel(Command[ModelTestRow], name="test_model"):
    """Ask a language model, or without a name the one in use, a question about a passage of ours."""

    __test__: ClassVar[bool] = False  # it is no test of pytest
    model: str = ""

    def run(self, caller: "Caller") -> Iterator[Event[ModelTestRow]]:
        """Progress, then one result."""
        yield Progress(label=self.model or "The language model", state="answering")
        yield Result(caller.workspace.models.test(caller.user, self.model, may_be_path=True))
