"""Audit log: who did what in which matter and when, append-only, in a hash chain that verification walks.

A row holds ids and never words: of a document, of a question, of an account's secrets. It is written before what it
tells of is answered, and where it cannot be written the act is refused. Each row's digest is taken over the row and the
digest of the one before, so that no row is changed, removed or put in without the rest of the chain being made anew;
the newest digest is also kept in a file beside the database, by which missing rows at the end are found.

Guests of a demo are not recorded: what they did is deleted with them.
"""

import hashlib
import json
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from retrieval import DataFolderUnusable, Library, NoSuchDocument, NoSuchMatter, PinciteError, database
from webapp.core.errors import NoSuchConversation, NoSuchNote, NotAllowed
from webapp.core.log import log
from webapp.store.schema import audit
from webapp.store.users import GUEST, User

NOBODY = User("", "")  # who failed to sign in under a name that no account has
SYSTEM = User("system", "pincite")  # what is done on no person's order: retention
# Errors of who asks for what they may not.
REFUSALS = (NotAllowed, NoSuchMatter, NoSuchDocument, NoSuchConversation, NoSuchNote)
BEFORE_FIRST = "0" * 64  # the previous digest of the first row
MOST_DOCUMENTS = 500  # named in one row
_BATCH = 1000  # rows read at once
_LOCK = 0x70696E63697465  # PostgreSQL's advisory lock that a writer holds until its transaction ends
_WORD = re.compile(r"[\w.:@/+-]{0,64}", re.ASCII)  # a word of ours, an id or an address: it has no room for a sentence
_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}")
_HEAD = re.compile(r"(\d{1,18}):([0-9a-f]{64})")

Value = str | int | bool | None | Sequence[str]


class Act(StrEnum):
    """What was done, by its word in the record; `words` are those that are shown."""

    SIGN_IN = "sign-in"
    SIGN_OUT = "sign-out"
    SIGN_IN_FAILED = "sign-in-failed"
    ACCOUNT = "account"
    CREATE = "create"
    UPLOAD = "upload"
    QUESTION = "question"
    SUMMARY = "summary"
    READ = "read"
    SEARCH = "search"
    COMPARE = "compare"
    CONVERSATION = "conversation"
    CITATION = "citation"
    PAGE = "page"
    ORIGINAL = "original"
    COPY = "copy"
    NOTE = "note"
    EXPORT = "export"
    SHARE = "share"
    ROLE = "role"
    GROUP = "group"
    WALL = "wall"
    PRIVILEGE = "privilege"
    REMOVE = "remove"
    DELETE = "delete"
    ARCHIVE = "archive"
    HOLD = "hold"
    RETENTION = "retention"
    SETTINGS = "settings"
    REFUSAL = "refusal"
    LOG = "log"
    BACKUP = "backup"
    RESTORE = "restore"
    UNDO = "undo"

    @property
    def words(self) -> str:
        """The words that are shown, after the name of who did it."""
        return _WORDS[self]


_WORDS: Mapping[Act, str] = {
    Act.SIGN_IN: "signed in",
    Act.SIGN_OUT: "signed out",
    Act.SIGN_IN_FAILED: "failed to sign in",
    Act.ACCOUNT: "changed an account",
    Act.CREATE: "created the matter",
    Act.UPLOAD: "added a document",
    Act.QUESTION: "asked a question",
    Act.SUMMARY: "had a document summarised",
    Act.READ: "read documents",
    Act.SEARCH: "searched",
    Act.COMPARE: "compared two documents",
    Act.CONVERSATION: "opened a conversation",
    Act.CITATION: "opened a citation",
    Act.PAGE: "read a page",
    Act.ORIGINAL: "opened an original",
    Act.COPY: "copied an answer",
    Act.NOTE: "wrote a note on a document",
    Act.EXPORT: "exported",
    Act.SHARE: "shared",
    Act.ROLE: "changed a role",
    Act.GROUP: "changed a group",
    Act.WALL: "changed a wall",
    Act.PRIVILEGE: "changed the privilege of a document",
    Act.REMOVE: "removed a document",
    Act.DELETE: "deleted",
    Act.ARCHIVE: "changed the archive",
    Act.HOLD: "changed the legal hold",
    Act.RETENTION: "changed the retention",
    Act.SETTINGS: "changed a setting",
    Act.REFUSAL: "was refused",
    Act.LOG: "opened this log",
    Act.BACKUP: "made a backup",
    Act.RESTORE: "restored a backup",
    Act.UNDO: "undid a removal",
}


class Head(NamedTuple):
    """Number and digest of a row of the chain: what is kept elsewhere, as "112:3f…", proves all rows up to it."""

    seq: int
    digest: str

    @classmethod
    def of(cls, text: str) -> "Head":
        """Parse a head. Raises ValueError."""
        match = _HEAD.fullmatch(text.strip())
        if match is None:
            raise ValueError("not the head of an audit log")
        return cls(int(match[1]), match[2])

    def __str__(self) -> str:
        return f"{self.seq}:{self.digest}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the log. User and matter are named as they were then; `object` is the id of what was acted on."""

    seq: int
    at: str  # in UTC, as `_iso` writes it
    user_id: str
    user_name: str
    matter_id: str
    matter_name: str
    act: str
    object: str
    detail: str  # a JSON object
    previous: str
    digest: str

    @property
    def time(self) -> datetime:
        """When it was written."""
        return datetime.fromisoformat(self.at)

    @property
    def details(self) -> dict[str, Any]:
        """The detail, read."""
        read: dict[str, Any] = json.loads(self.detail)
        return read

    @property
    def head(self) -> Head:
        """The head of the chain that ends with it."""
        return Head(self.seq, self.digest)

    @property
    def words(self) -> str:
        """The words that are shown for its act; the act itself where this version knows none."""
        return Act(self.act).words if self.act in _KNOWN else self.act

    @property
    def documents(self) -> tuple[str, ...]:
        """Ids of the documents that it names."""
        return tuple(self.details.get("documents", ()))


_KNOWN = frozenset(act.value for act in Act)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows: of a matter, a person, an act, a document, a time; `before` and `after` a row."""

    matter_id: str | None = None
    user_id: str | None = None
    act: str | None = None
    document_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    after: int | None = None

    def rules(self) -> list[sa.ColumnElement[bool]]:
        """The same for a query."""
        columns = audit.c
        about = self.document_id or ""
        rules = (
            (self.matter_id, columns.matter_id == self.matter_id),
            (self.user_id, columns.user_id == self.user_id),
            (self.act, columns.act == self.act),
            (
                self.document_id,
                sa.or_(columns.object == about, columns.detail.contains(about, autoescape=True)),
            ),
            (self.since, columns.at >= _iso(self.since)),
            (self.until, columns.at < _iso(self.until)),
            (self.before, columns.seq < (self.before or 0)),
            (self.after, columns.seq > (self.after or 0)),
        )
        return [rule for value, rule in rules if value is not None]


@dataclass(frozen=True, slots=True)
class Verification:
    """What a walk along the chain found: `fault` says what is wrong first, at the row `seq`; "" for nothing."""

    rows: int  # that are whole
    head: Head  # the last of them
    seq: int | None = None
    fault: str = ""


class Audit:
    """The audit log of one database. Thread-safe.

    Every method raises StoreUnavailable or DataFolderUnusable when the log cannot be read or written.
    """

    def __init__(self, engine: sa.Engine, head_file: Path) -> None:
        """`head_file` keeps number and digest of the newest row; it is made with the first."""
        self._engine = engine
        self._head_file = _HeadFile(head_file)

    def record(self, user: User, act: Act, *, matter_id: str = "", object: str = "", **detail: Value) -> None:
        """Write a row; to be called before the act is done or answered, so that none is done without a row.

        `detail` has ids and words of ours: ValueError for one that has room for a sentence.
        """
        with self.writing(user, act, matter_id=matter_id, object=object, **detail):
            pass

    @contextmanager
    def writing(
        self, user: User, act: Act, *, matter_id: str = "", object: str = "", **detail: Value
    ) -> Iterator[sa.Connection]:
        """Open a transaction that is committed together with a row, as `record` has it, or not at all."""
        told = _json({name: _value(value) for name, value in detail.items()})
        who = {"user_id": user.id, "user_name": user.name, "matter_id": _word(matter_id)}
        row = who | {"act": act.value, "object": _word(object), "detail": told}
        entry = None
        with database.writing(self._engine) as connection:
            yield connection
            if not user.id.startswith(GUEST):
                entry = _append(connection, row)
        if entry is not None:
            self._head_file.advance(entry, self._digest_of)

    def record_documents(
        self,
        user: User,
        act: Act,
        document_ids: Sequence[str],
        *,
        matter_id: str,
        object: str = "",
        **detail: Value,
    ) -> None:
        """`record` for an act on many documents: in rows of MOST_DOCUMENTS each, and one where there are none."""
        for at in range(0, len(document_ids) or 1, MOST_DOCUMENTS):
            some = document_ids[at : at + MOST_DOCUMENTS]
            self.record(user, act, matter_id=matter_id, object=object, documents=some, **detail)

    def refused(self, user: User, error: Exception, *, matter_id: str = "", object: str = "") -> None:
        """Record a refused access, which is an error of REFUSALS: who asked, for which matter, and for what in it.

        What is no id is left out. Who names what leads nowhere made a slip; that is not recorded.
        """
        named = error.values if isinstance(error, PinciteError) else {}
        asked_for = (matter_id or str(named.get("matter", "")), object or str(named.get("document", "")))
        matter_id, object = (id_ if _ID.fullmatch(id_) else "" for id_ in asked_for)
        if object or isinstance(error, NotAllowed) or (matter_id and not isinstance(error, NoSuchDocument)):
            self.record(user, Act.REFUSAL, matter_id=matter_id, object=object, why=type(error).__name__)

    @contextmanager
    def refusals(self, user: User, *, matter_id: str = "", object: str = "") -> Iterator[None]:
        """Record an access that is refused in the block, and raise it on."""
        try:
            yield
        except REFUSALS as error:
            self.refused(user, error, matter_id=matter_id, object=object)
            raise

    def entries(self, wanted: Wanted, limit: int, *, newest_first: bool = False) -> list[Entry]:
        """The rows that are wanted, at most `limit`."""
        order = audit.c.seq.desc() if newest_first else audit.c.seq
        query = sa.select(audit).where(*wanted.rules()).order_by(order).limit(limit)
        with database.reading(self._engine) as connection:
            return [Entry(*row) for row in connection.execute(query)]

    def each(self, wanted: Wanted) -> Iterator[Entry]:
        """All the rows that are wanted, oldest first, read in batches."""
        while some := self.entries(wanted, _BATCH):
            yield from some
            wanted = replace(wanted, after=some[-1].seq)

    def people(self, matter_id: str | None = None) -> list[User]:
        """Those of whom the log tells, by name; someone renamed is there by each name."""
        query = sa.select(audit.c.user_id, audit.c.user_name).distinct().where(*Wanted(matter_id).rules())
        with database.reading(self._engine) as connection:
            return [User(*row) for row in connection.execute(query.order_by(audit.c.user_name, audit.c.user_id))]

    def matters_called(self, name_or_id: str) -> list[str]:
        """Ids of the matters that the log tells of by this id or name, deleted ones too."""
        is_it = sa.or_(audit.c.matter_id == name_or_id, audit.c.matter_name == name_or_id)
        query = sa.select(audit.c.matter_id).distinct().where(is_it, audit.c.matter_id != "")
        with database.reading(self._engine) as connection:
            return list(connection.scalars(query.order_by(audit.c.matter_id)))

    def verify(self, kept_head: Head | None = None) -> Verification:
        """Walk the chain to the first row that was changed, removed or put in, or to an end that lacks rows.

        `kept_head`: the head that an earlier verification told, kept elsewhere.
        """
        in_file = self._head_file.read()  # before the rows, of which there may be more by then
        heads = [head for head in (in_file, kept_head) if head is not None]
        last = Head(0, BEFORE_FIRST)
        for entry in self.each(Wanted()):
            if fault := _fault(entry, last, heads):
                return Verification(last.seq, last, entry.seq, fault)
            last = entry.head
        if longest := max((head.seq for head in heads if head.seq > last.seq), default=0):
            return Verification(last.seq, last, last.seq + 1, _missing(last.seq + 1, longest))
        if last.seq and in_file is None:
            return Verification(last.seq, last, None, f"{self._head_file.path.name} is missing from the data folder")
        return Verification(last.seq, last)

    def _digest_of(self, seq: int) -> str | None:
        with database.reading(self._engine) as connection:
            return connection.scalar(sa.select(audit.c.digest).where(audit.c.seq == seq))


class _HeadFile:
    """File with the head of the chain. It is only moved along the chain: after a cut the head before it stays.

    Rows of a transaction that ended with a crash may be ahead of it, never behind.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def read(self) -> Head | None:
        """The head; None where there is no file, or none that can be read."""
        try:
            return Head.of(self.path.read_text("ascii"))
        except (OSError, ValueError):
            return None

    def advance(self, entry: Entry, digest_of: Callable[[int], str | None]) -> None:
        """Write the head of a committed row; `digest_of` looks up an earlier row. Raises DataFolderUnusable."""
        with self._lock:
            kept = self.read()
            if kept is None and entry.seq > 1:
                log.warning("audit head missing", seq=entry.seq)
            if kept is not None and kept.seq > entry.seq:  # a later row was faster
                return
            follows = kept is None or kept == Head(entry.seq - 1, entry.previous) or kept == entry.head
            if not follows and kept is not None and digest_of(kept.seq) != kept.digest:
                log.error("audit head does not match", seq=kept.seq)
                return
            self._write(entry.head)

    def _write(self, head: Head) -> None:
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(f"{head.seq:018d}:{head.digest}\n".encode())  # always as long as the one it replaces
        except OSError as error:
            raise DataFolderUnusable(reason=f"{self.path}: {error.strerror}") from error


_TAKE_LOCK = sa.select(sa.func.pg_advisory_xact_lock(_LOCK))
_LAST = sa.select(audit.c.seq, audit.c.digest).order_by(audit.c.seq.desc()).limit(1)
_INSERT = sa.insert(audit)


def _append(connection: sa.Connection, row: dict[str, str]) -> Entry:
    """Write a row at the end of the chain; the lock that this takes is held until the transaction ends."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time
        connection.execute(_TAKE_LOCK)
    last = connection.execute(_LAST).one_or_none()
    matter_name = Library.matter_name(connection, row["matter_id"]) if row["matter_id"] else ""
    seq, previous = (last.seq + 1, last.digest) if last else (1, BEFORE_FIRST)
    now = _iso(datetime.now(UTC))
    entry = Entry(seq=seq, at=now, matter_name=matter_name, previous=previous, digest="", **row)
    entry = replace(entry, digest=_digest(entry))
    connection.execute(_INSERT, asdict(entry))
    return entry


def _iso(time: datetime | None) -> str:
    """A time as it is kept: in UTC and always as long, so that its order is that of its characters."""
    return time.astimezone(UTC).isoformat(timespec="microseconds") if time else ""


def _json(values: object) -> str:
    """Canonical JSON: sorted, without spaces, in ASCII."""
    return json.dumps(values, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def _digest(entry: Entry) -> str:
    """SHA-256 of a row in its canonical form: a JSON list of its values but the digest, in the order of the table."""
    return hashlib.sha256(_json(list(astuple(entry))[:-1]).encode()).hexdigest()


def _fault(entry: Entry, last: Head, heads: Sequence[Head]) -> str:
    """What is wrong with a row that is read after the row of `last`; "" for nothing."""
    if not isinstance(entry.seq, int) or entry.seq <= last.seq:  # SQLite keeps anything in any column
        return "the numbers of rows were changed"
    if entry.seq != last.seq + 1:
        return _missing(last.seq + 1, entry.seq - 1)
    if entry.digest != _digest(entry):
        return f"row {entry.seq} was changed"
    if entry.previous != last.digest:
        return f"row {entry.seq} does not follow the row before it: it or that row was put in, or written anew"
    if any(head.seq == entry.seq and head.digest != entry.digest for head in heads):
        return f"row {entry.seq} is another than when its digest was kept: the chain was made anew"
    return ""


def _missing(first: int, last: int) -> str:
    return f"row {first} is missing" if first == last else f"rows {first} to {last} are missing"


def _value(value: Value) -> Value:
    if isinstance(value, str):
        return _word(value)
    return [_word(each) for each in value] if isinstance(value, Sequence) else value


def _word(word: str) -> str:
    if not _WORD.fullmatch(word):
        raise ValueError("the audit log takes ids and words of ours, not a text")  # which is not repeated here
    return word
