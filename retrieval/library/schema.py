"""SQL schema of the library, and the two values that its rows become.

`migrations/` makes these tables; a test holds the two together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from retrieval.core.documents import ReadingWarning
from retrieval.library.database import CONSTRAINT_NAMES

State = Literal["waiting", "paused", "reading", "indexing", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class Matter:
    """The folder a team works in; `id` is 32 hex digits."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Source:
    """A name under which a file came, and the container that the user added it in: its document id, "" for none.

    `depth`: containers around it, 0 for a file added by itself.
    """

    name: str
    container: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """What is known of a document in one matter.

    `page` is how far its state has come, of `pages` (0 until they are counted); `reason` a sentence for the user when
    it failed or could be read only in part; `bytes` the size of the file; `attempts` how often its converter has died;
    `characters` of its text, 0 until it has been read; `text_version`: of the converter whose text is searched.
    `format` is a row of the table of formats. `sources` are the names under which the same bytes came; the first is
    the one that `name` was made from, which no other document of the matter has. `reading_warnings` are those that are
    stored; `warnings` has what its names tell as well.
    `unreadable_pages` show words and have none in the text, `partly_read_pages` show more than they have;
    `recognised_pages` have words read from an image.
    """

    matter_id: str
    id: str
    name: str
    state: State
    page: int
    pages: int
    unreadable_pages: tuple[int, ...]
    reason: str | None
    bytes: int
    attempts: int = 0
    characters: int = 0
    text_version: int = 1
    partly_read_pages: tuple[int, ...] = ()
    recognised_pages: tuple[int, ...] = ()
    reading_warnings: tuple[ReadingWarning, ...] = ()
    format: str = "PDF"
    sources: tuple[Source, ...] = ()

    @property
    def outcome(self) -> State | Literal["partly_read"]:
        """Its state; `partly_read` for an archive that failed, while some of its files became documents."""
        is_in_part = self.state == "failed" and any(each.kind == "attachments" for each in self.reading_warnings)
        return "partly_read" if is_in_part else self.state

    @property
    def warnings(self) -> tuple[ReadingWarning, ...]:
        """What whoever relies on the document has to know, of its words and of its names."""
        return (*self.reading_warnings, *_of_names(self.name, self.sources))


metadata = sa.MetaData(naming_convention=CONSTRAINT_NAMES)

matters = sa.Table(
    "matters",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("indexed_with", sa.Text),  # versions of what its indexes were made with
    sa.Column("retired", sa.Boolean, nullable=False),  # hidden; its deletion is under way
    sa.Column("namespace", sa.String(64), nullable=False, server_default=sa.text("''")),  # its name is its own in it
    sa.UniqueConstraint("namespace", "name"),
)

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("matter_id", sa.ForeignKey(matters.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("document_id", sa.String(64), primary_key=True, index=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("pages", sa.Integer, nullable=False),
    sa.Column("unreadable_pages", sa.JSON, nullable=False),
    sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("characters", sa.Integer, nullable=False, server_default=sa.text("0")),  # of its text, once it is read
    sa.Column("text_version", sa.Integer, nullable=False, server_default=sa.text("1")),  # of the text in its indexes
    sa.Column("partly_read_pages", sa.JSON(none_as_null=True)),
    sa.Column("recognised_pages", sa.JSON(none_as_null=True)),
    sa.Column("warnings", sa.JSON(none_as_null=True)),  # [[page, kind, text]]
    sa.Column("format", sa.String(16), nullable=False, server_default=sa.text("'PDF'")),
    sa.Column("sources", sa.JSON(none_as_null=True)),  # [[name, container, depth]]
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("matter_id", sa.String(32), primary_key=True),
    sa.Column("document_id", sa.String(64), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("page", sa.Integer, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("owner", sa.String(32)),  # the process that works on it
    sa.Column("lease_until", sa.DateTime(timezone=True)),  # and until when, unless it renews
    sa.ForeignKeyConstraint(
        ["matter_id", "document_id"], [documents.c.matter_id, documents.c.document_id], ondelete="CASCADE"
    ),
    sa.Index("ix_jobs_state", "state", "queued_at"),
)

# The texts that are kept of each blob, one a version of its converter, and the facts that were found in each.
texts = sa.Table(
    "texts",
    metadata,
    sa.Column("document_id", sa.String(64), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("facts_version", sa.Integer, nullable=False, server_default=sa.text("0")),  # 0: none were found yet
    sa.Column("facts", sa.JSON(none_as_null=True)),
)

# Blobs that may be orphans: their files may lie in the store without a document that holds them.
possible_orphans = sa.Table("loose_files", metadata, sa.Column("document_id", sa.String(64), primary_key=True))

RECORDS = (
    sa.select(documents, jobs.c.state, jobs.c.page, jobs.c.attempts, jobs.c.reason)
    .join(jobs)
    .join(matters, documents.c.matter_id == matters.c.id)
    .where(~matters.c.retired)
)


def record_of(row: sa.Row[Any]) -> DocumentRecord:
    """Convert a row of `RECORDS` to its value."""
    return DocumentRecord(
        matter_id=row.matter_id,
        id=row.document_id,
        name=row.name,
        state=row.state,
        page=row.page,
        pages=row.pages,
        unreadable_pages=tuple(row.unreadable_pages),
        reason=row.reason,
        bytes=row.bytes,
        attempts=row.attempts,
        characters=row.characters,
        text_version=row.text_version,
        partly_read_pages=tuple(row.partly_read_pages or ()),
        recognised_pages=tuple(row.recognised_pages or ()),
        reading_warnings=tuple(ReadingWarning(*warning) for warning in row.warnings or ()),
        format=row.format,
        sources=tuple(Source(*source) for source in row.sources or ()) or (Source(row.name),),
    )


def _of_names(name: str, sources: tuple[Source, ...]) -> Iterator[ReadingWarning]:
    """What is to be known of a document's names: another one came under the same, or it came under others too."""
    first = sources[0].name if sources else name
    if first != name:
        yield ReadingWarning(None, "duplicate", f"Another file here is named “{first}”; this one is shown as “{name}”.")
    others = [f"“{other}”" for other in dict.fromkeys(source.name for source in sources) if other not in (first, name)]
    if others:
        which = f"{', '.join(others)} {'is' if len(others) == 1 else 'are'} the same file"
        yield ReadingWarning(None, "duplicate", f"{which}, already there as “{name}”.")


def row_of(table: sa.Table, matter_id: str, document_id: str) -> sa.ColumnElement[bool]:
    """The condition that finds a document's row in `documents` or `jobs`."""
    return sa.and_(table.c.matter_id == matter_id, table.c.document_id == document_id)
