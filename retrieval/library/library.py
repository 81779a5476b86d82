"""Keeps the record that everything else is rebuilt from: matters, their documents, and the jobs on them.

An accepted file survives a crash: its bytes are on the disk before its row is, and its row before `accept` returns.
Bytes and text are kept once, however many matters hold them, and go when the last one lets go (`blobs`).
"""

import io
import logging
import re
import unicodedata
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import astuple
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from retrieval.core.documents import Document
from retrieval.core.errors import (
    DocumentNotReady,
    FileTooLarge,
    MatterExists,
    NoSuchDocument,
    NoSuchMatter,
    NoSuchText,
    OriginalMissing,
    TooDeep,
    UnreadableFile,
)
from retrieval.core.limits import MIB
from retrieval.library.blobs import BlobStore, mark_orphans
from retrieval.library.database import migrate, reading, writing
from retrieval.library.files import Arrival, Files
from retrieval.library.jobs import Jobs
from retrieval.library.schema import (
    RECORDS,
    DocumentRecord,
    Matter,
    Source,
    documents,
    jobs,
    matters,
    record_of,
    row_of,
)
from retrieval.library.snapshot import Chain, Snapshot, snapshot
from retrieval.library.text_records import TextRecords
from retrieval.reading.containers import DEPTH, MEMBER
from retrieval.reading.formats import FORMATS, SUFFIXES, format_of, without_suffix
from retrieval.structure.facts import Facts

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "library_version"
LIBRARY_CHAIN = Chain(MIGRATIONS, VERSION_TABLE)
NAME_LENGTH = 255  # characters
MOST_SOURCES = 20  # names that are kept of the same bytes
UNNAMED = f"document{SUFFIXES[0]}"  # the name of a file that has none

_log = logging.getLogger(__name__)

_MATTERS = sa.select(matters).where(~matters.c.retired)
Allows = Callable[[sa.Connection, int], None]  # raises where a document of so many bytes is one too many


class Library:
    """Matters and documents in a database and a file store. Safe to use from several threads.

    Every method raises StoreUnavailable or DataFolderUnusable when either cannot be used.
    """

    def __init__(self, engine: sa.Engine, files: Files, *, max_file_mib: int = 200) -> None:
        """Bring the tables up to date."""
        self._engine = engine
        self._files = files
        self._blobs = BlobStore(engine, files)
        self._max_file_mib = max_file_mib
        self._text_records = TextRecords(engine)
        self.jobs = Jobs(engine)
        migrate(engine, MIGRATIONS, VERSION_TABLE)

    def close(self) -> None:
        """Close the database's connections and the file store."""
        self._engine.dispose()
        self._files.close()

    # Matters

    def matters(self) -> list[Matter]:
        """List all matters, by name."""
        with reading(self._engine) as connection:
            rows = connection.execute(_MATTERS.order_by(matters.c.name)).all()
        return [Matter(row.id, row.name) for row in rows]

    def matter(self, matter_id: str) -> Matter:
        """Find a matter. Raises NoSuchMatter."""
        with reading(self._engine) as connection:
            row = connection.execute(_MATTERS.where(matters.c.id == matter_id)).one_or_none()
        if row is None:
            raise NoSuchMatter(matter=matter_id)
        return Matter(row.id, row.name)

    def create_matter(self, name: str, *, namespace: str = "", matter_id: str | None = None) -> Matter:
        """Create an empty matter; its name is its own within the namespace. Raises MatterExists.

        `matter_id` is for who notes the id elsewhere first: 32 hex digits that no matter has.
        """
        matter = Matter(matter_id or uuid.uuid4().hex, clean_title(name) or "Matter")
        which = {"id": matter.id, "name": matter.name, "namespace": namespace}
        row = which | {"created_at": datetime.now(UTC), "retired": False}
        try:
            with writing(self._engine) as connection:
                connection.execute(sa.insert(matters).values(row))
        except IntegrityError as error:
            raise MatterExists(matter=matter.name) from error
        return matter

    def rehouse(self, connection: sa.Connection, matter_id: str, namespace: str) -> None:
        """Move a matter into another namespace, within the caller's transaction; "Acme" becomes "Acme (2)" where that
        name is taken there.

        Raises NoSuchMatter.
        """
        row = connection.execute(_MATTERS.where(matters.c.id == matter_id)).one_or_none()
        if row is None:
            raise NoSuchMatter(matter=matter_id)
        others = sa.and_(matters.c.namespace == namespace, matters.c.id != matter_id)
        taken = set(connection.scalars(sa.select(matters.c.name).where(others)))
        names = (row.name if n == 1 else f"{row.name[: NAME_LENGTH - 9]} ({n})" for n in count(1))
        values = {"namespace": namespace, "name": next(name for name in names if name not in taken)}
        connection.execute(sa.update(matters).where(matters.c.id == matter_id).values(values))

    def retire_matter(self, matter_id: str) -> None:
        """Hide a matter for good and free its name; `delete_matter` does the rest, now or after a crash.

        Raises NoSuchMatter.
        """
        self.matter(matter_id)
        with writing(self._engine) as connection:
            hidden = {"retired": True, "name": matter_id}
            connection.execute(sa.update(matters).where(matters.c.id == matter_id).values(hidden))

    def retired_matters(self) -> list[str]:
        """List the ids of the matters that are hidden and not yet deleted."""
        with reading(self._engine) as connection:
            return list(connection.scalars(sa.select(matters.c.id).where(matters.c.retired)))

    def delete_matter(self, matter_id: str) -> None:
        """Delete a matter, its documents, and the files that no other matter holds.

        Raises NoSuchMatter. Knows nothing of the indexes: `Ingest.delete_matter` takes it out of those too.
        """
        its_documents = sa.select(documents.c.document_id).where(documents.c.matter_id == matter_id)
        with writing(self._engine) as connection:
            held = list(connection.scalars(its_documents))
            mark_orphans(connection, held)
            if not connection.execute(sa.delete(matters).where(matters.c.id == matter_id)).rowcount:
                raise NoSuchMatter(matter=matter_id)
        self._blobs.sweep(held)

    # Documents

    def accept(self, matter_id: str, name: str, data: bytes) -> DocumentRecord:
        """Add a file to a matter, durably; reading it is `Ingest`'s work.

        The same bytes in the same matter are the same document: its record is returned, and a failed one waits again.
        Raises NoSuchMatter, EmptyFile, UnsupportedFormat or FileTooLarge.
        """
        return self._accept(matter_id, Source(clean_name(name) or UNNAMED), io.BytesIO(data), len(data))

    def accept_path(
        self, matter_id: str, path: Path, name: str | None = None, allows: Allows | None = None
    ) -> DocumentRecord:
        """`accept` for a file on the disk: its size is checked first, and it is never in memory whole.

        `name` is the file's own unless said. `allows` is asked about what is not there yet: before its bytes are kept,
        and again in the transaction that keeps the document. Raises what `accept` and `allows` do, and UnreadableFile
        when it cannot be opened.
        """
        name = clean_name(name or path.name) or UNNAMED
        try:
            with path.open("rb") as stream:
                return self._accept(matter_id, Source(name), stream, path.stat().st_size, allows)
        except OSError as error:
            raise UnreadableFile(name=name) from error

    def accept_member(
        self, container: DocumentRecord, path: Sequence[str], data: bytes, allows: Allows | None = None
    ) -> DocumentRecord:
        """`accept` for a file within another document of the matter, named "Closing set › 02 Escrow Agreement.pdf".

        `path`: its folders and name in there. Raises what `accept` and `allows` do, and TooDeep.
        """
        outermost = container.sources[0]
        name = member_name(container.name, path)
        if outermost.depth >= DEPTH:
            raise TooDeep(name=name, depth=DEPTH)
        source = Source(name, outermost.container or container.id, outermost.depth + 1)
        return self._accept(container.matter_id, source, io.BytesIO(data), len(data), allows)

    def documents(self, matter_id: str) -> list[DocumentRecord]:
        """List the documents of a matter in the order they came. Raises NoSuchMatter."""
        self.matter(matter_id)
        query = RECORDS.where(documents.c.matter_id == matter_id)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(documents.c.added_at, documents.c.document_id)).all()
        return [record_of(row) for row in rows]

    def record(self, matter_id: str, document_id: str) -> DocumentRecord:
        """Find a document's record. Raises NoSuchDocument."""
        found = self._find(matter_id, document_id)
        if found is None:
            raise NoSuchDocument(document=document_id)
        return found

    def document(self, matter_id: str, document_id: str, version: int | None = None) -> Document:
        """Read the canonical text of a document. Raises NoSuchDocument, NoSuchText, and DocumentNotReady.

        `version`: of an older text that is kept for citations; else it is the text that is searched. One whose text was
        lost waits to be read again.
        """
        record = self.record(matter_id, document_id)
        document = self.text(record, version)
        if document is None and version not in (None, record.text_version):
            raise NoSuchText(document=record.name, version=version)
        if document is None and record.state == "ready":
            _log.warning("the text of %s is gone; it is read again", record.id)
            self.jobs.try_again(record)
            raise DocumentNotReady(document=record.name, state="waiting")
        if document is None:
            raise DocumentNotReady(document=record.name, state=record.state)
        return document

    def facts(self, matter_id: str, document_id: str) -> Facts:
        """Look up title, parties, dates and signatures of a document. Raises as `document` does."""
        record = self.record(matter_id, document_id)
        known = self._text_records.facts([(record.id, record.text_version)])
        if known:
            return next(iter(known.values()))
        return self._text_records.find_now(self.document(matter_id, document_id))

    def facts_of(self, records: Sequence[DocumentRecord]) -> dict[str, Facts]:
        """Look up the stored facts of several documents, by id; a document that has none is left out."""
        found = self._text_records.facts((record.id, record.text_version) for record in records)
        return {document_id: facts for (document_id, _), facts in found.items()}

    def original(self, matter_id: str, document_id: str) -> bytes:
        """Read the file as it was accepted. Raises NoSuchDocument, or OriginalMissing if the store has it no more."""
        record = self.record(matter_id, document_id)
        data = self._blobs.original(document_id)
        if data is None:
            raise OriginalMissing(name=record.name)
        return data

    def open_original(self, matter_id: str, document_id: str) -> BinaryIO:
        """Open the file as it was accepted, to be sent piece by piece. Raises as `original` does."""
        record = self.record(matter_id, document_id)
        file = self._blobs.open_original(document_id)
        if file is None:
            raise OriginalMissing(name=record.name)
        return file

    def remove(self, matter_id: str, document_id: str) -> None:
        """Remove a document from a matter, and delete its files when no other matter holds them.

        Raises NoSuchDocument. Knows nothing of the indexes: `Ingest.remove` takes it out of those too.
        """
        with writing(self._engine) as connection:
            if not connection.execute(sa.delete(documents).where(row_of(documents, matter_id, document_id))).rowcount:
                raise NoSuchDocument(document=document_id)
            mark_orphans(connection, [document_id])
        self._blobs.sweep([document_id])

    @staticmethod
    def held(connection: sa.Connection, matter_ids: sa.Select[tuple[str]]) -> tuple[int, int]:
        """Count the documents of the matters of this query and their bytes together, as a transaction sees them."""
        counted = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(documents.c.bytes), 0))
        count, size = connection.execute(counted.where(documents.c.matter_id.in_(matter_ids))).one()
        return count, int(size)  # PostgreSQL adds integers up to a decimal

    def sizes(self) -> list[tuple[Matter, int, int]]:
        """Every matter with the number of its documents and their bytes, by name."""
        its = documents.c.matter_id == matters.c.id
        query = (
            sa.select(
                matters.c.id, matters.c.name, sa.func.count(documents.c.document_id), sa.func.sum(documents.c.bytes)
            )
            .outerjoin(documents, its)
            .where(~matters.c.retired)
            .group_by(matters.c.id, matters.c.name)
            .order_by(matters.c.name, matters.c.id)
        )
        with reading(self._engine) as connection:
            return [(Matter(id_, name), count, int(size or 0)) for id_, name, count, size in connection.execute(query)]

    def queued(self) -> list[tuple[Matter, str, int, int]]:
        """By matter and state, how many documents are not ready, and their bytes."""
        its = sa.and_(documents.c.matter_id == jobs.c.matter_id, documents.c.document_id == jobs.c.document_id)
        query = (
            sa.select(matters.c.id, matters.c.name, jobs.c.state, sa.func.count(), sa.func.sum(documents.c.bytes))
            .join(documents, documents.c.matter_id == matters.c.id)
            .join(jobs, its)
            .where(~matters.c.retired, jobs.c.state != "ready")
            .group_by(matters.c.id, matters.c.name, jobs.c.state)
            .order_by(matters.c.name, matters.c.id, jobs.c.state)
        )
        with reading(self._engine) as connection:
            return [(Matter(id_, name), *rest) for id_, name, *rest in connection.execute(query)]

    @staticmethod
    def matter_name(connection: sa.Connection, matter_id: str) -> str:
        """The name of a matter, as a transaction sees it; "" where there is none."""
        return connection.scalar(_MATTERS.with_only_columns(matters.c.name).where(matters.c.id == matter_id)) or ""

    # For a backup

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Open a snapshot of the database: of all its tables, not of the library's alone."""
        with snapshot(self._engine) as opened:
            yield opened

    def files_kept(self) -> AbstractContextManager[None]:
        """Delete no file while the block runs: what a snapshot of it names can be copied. Documents go as always."""
        return self._blobs.kept()

    def open_file(self, key: str) -> BinaryIO | None:
        """Open a file of a snapshot; None where it is gone or cannot be read."""
        return self._files.open(key)

    # For `Ingest`

    def text(self, record: DocumentRecord, version: int | None = None) -> Document | None:
        """Read the canonical text where this content has been read before, in this matter or another.

        The one that is searched, or that of a `version` of the converter.
        """
        return self._blobs.texts.read(record.id, record.name, record.text_version if version is None else version)

    def text_to_index(self, record: DocumentRecord) -> Document | None:
        """Read the text that the converter of this version made; where the bytes are gone, the one that is searched."""
        newest = self.text(record, FORMATS[record.format].version)
        return self.text(record) if newest is None and not self._blobs.has(record.id) else newest

    def converter_version(self, record: DocumentRecord) -> int:
        """The version by which a document would be read now; that of its text where its bytes are gone."""
        return FORMATS[record.format].version if self._blobs.has(record.id) else record.text_version

    def keep_text(self, record: DocumentRecord, document: Document) -> None:
        """Store the text that the converter of its format made.

        Raises NoSuchDocument when the document has been removed meanwhile.
        """
        with self._blobs.locked(record.id):
            self.record(record.matter_id, record.id)
            self._text_records.add(record.id, document.version)
            self._blobs.texts.write(document)

    def keep_facts(self, record: DocumentRecord, document: Document, facts: Facts) -> None:
        """Store the facts that were found in a text. Raises NoSuchDocument when the document has been removed."""
        with self._blobs.locked(record.id):
            self.record(record.matter_id, record.id)
            self._text_records.keep_facts(document, facts)

    def without_facts(self) -> set[tuple[str, str]]:
        """List the ready documents, by matter and id, whose facts were never found, or by an older version."""
        return self._text_records.without_facts()

    def drop_old_texts(self, is_cited: Callable[[str, int], bool]) -> None:
        """Delete the texts of older converters; those stay that `is_cited` says of, by document id and version."""
        for document_id, version in self._text_records.superseded():
            if not self._blobs.is_kept and not is_cited(document_id, version):
                with self._blobs.locked(document_id):
                    self._blobs.texts.delete(document_id, version)
                    self._text_records.remove(document_id, version)

    def characters(self, matter_id: str, besides: str) -> int:
        """Count the characters of a matter's documents, `besides` one of them."""
        others = sa.and_(documents.c.matter_id == matter_id, documents.c.document_id != besides)
        with reading(self._engine) as connection:
            return connection.scalar(sa.select(sa.func.sum(documents.c.characters)).where(others)) or 0

    def indexed_with(self, matter_id: str) -> str | None:
        """With which versions of chunker and search model a matter's indexes were made; None before the first."""
        with reading(self._engine) as connection:
            return connection.scalar(sa.select(matters.c.indexed_with).where(matters.c.id == matter_id))

    def set_indexed_with(self, matter_id: str, versions: str) -> None:
        """Store the versions that a matter's indexes are made with from now on."""
        with writing(self._engine) as connection:
            connection.execute(sa.update(matters).where(matters.c.id == matter_id).values(indexed_with=versions))

    def sweep(self) -> None:
        """Delete what a crash left half received or without a document. Only for who owns the data folder."""
        self._files.clear_arrivals()
        self._blobs.sweep()

    def _accept(
        self, matter_id: str, source: Source, stream: BinaryIO, size: int, allows: Allows | None = None
    ) -> DocumentRecord:
        self.check_size(source.name, size)
        self.matter(matter_id)
        with self._files.receive(stream, self._max_file_mib * MIB) as arrival:
            self.check_size(source.name, arrival.size)
            with arrival.path.open("rb") as file:
                found = format_of(file, source.name)  # raises for what cannot become a document
            with self._blobs.locked(arrival.sha256):
                known = self._find(matter_id, arrival.sha256)
                if known is None:
                    self._keep(matter_id, source, arrival, found.name, allows or _anything)
                else:
                    self._keep_source(known, source)
                    if known.state == "failed":
                        self.jobs.try_again(known)
        return self.record(matter_id, arrival.sha256)

    def _keep(self, matter_id: str, source: Source, arrival: Arrival, format_name: str, allows: Allows) -> None:
        with reading(self._engine) as connection:  # what is refused here leaves no bytes
            allows(connection, arrival.size)
        now = datetime.now(UTC)
        which = {"matter_id": matter_id, "document_id": arrival.sha256}
        document = {"bytes": arrival.size, "pages": 0, "unreadable_pages": [], "added_at": now, "format": format_name}
        job = {"state": "waiting", "page": 0, "attempts": 0, "queued_at": now}
        try:
            with self._blobs.storing(arrival) as connection:
                allows(connection, arrival.size)
                names = {"name": _free_name(connection, matter_id, source.name), "sources": [astuple(source)]}
                connection.execute(sa.insert(documents).values(which | document | names))
                connection.execute(sa.insert(jobs).values(which | job))
        except IntegrityError as error:  # the matter was deleted meanwhile
            raise NoSuchMatter(matter=matter_id) from error

    def _keep_source(self, known: DocumentRecord, source: Source) -> None:
        """Store a further name under which the bytes of a document came."""
        same = {(each.name, each.container) for each in known.sources}
        if (source.name, source.container) in same or len(same) >= MOST_SOURCES:
            return
        sources = [astuple(each) for each in (*known.sources, source)]
        with writing(self._engine) as connection:
            which = row_of(documents, known.matter_id, known.id)
            connection.execute(sa.update(documents).where(which).values(sources=sources))

    def _find(self, matter_id: str, document_id: str) -> DocumentRecord | None:
        with reading(self._engine) as connection:
            row = connection.execute(RECORDS.where(row_of(documents, matter_id, document_id))).one_or_none()
        return record_of(row) if row else None

    def check_size(self, name: str, size: int) -> None:
        """Raise FileTooLarge for more bytes than a file may have."""
        if size > self._max_file_mib * MIB:
            raise FileTooLarge(name=name, size_mib=round(size / MIB, 3), limit_mib=self._max_file_mib)


def _free_name(connection: sa.Connection, matter_id: str, name: str) -> str:
    """The name, or, where another document of the matter has it, "Lease (2).pdf"; letter case makes no difference."""
    connection.execute(sa.select(matters.c.id).where(matters.c.id == matter_id).with_for_update())  # one at a time
    stem, suffix = Path(name).stem, Path(name).suffix
    begins = sa.func.lower(documents.c.name).startswith(stem.lower(), autoescape=True)
    query = sa.select(documents.c.name).where(documents.c.matter_id == matter_id, begins)
    taken = {each.casefold() for each in connection.scalars(query)}
    candidates = (f"{stem[: NAME_LENGTH - len(suffix) - 9]} ({n}){suffix}" for n in count(2))
    return next(each for each in chain([name], candidates) if each.casefold() not in taken)


def _anything(_connection: sa.Connection, _size: int) -> None:
    """Allow it."""


def member_name(container: str, path: Sequence[str]) -> str:
    """The name of a file within another: "Closing set › 02 Escrow Agreement.pdf"."""
    stem = without_suffix(container)
    parts = [part for part in map(clean_title, path) if part]
    if len(parts) > 1 and parts[0] == stem:  # a folder that was packed whole
        parts = parts[1:]
    return clean_title(MEMBER.join([stem, *(parts or [UNNAMED])]))


_UNSEEN = {"Cc", "Cs", "Zl", "Zp"}  # controls, halves of surrogate pairs (a name that is not UTF-8), line separators
_TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}  # "fdp.exe" shown as "exe.pdf"


def clean_name(name: str) -> str:
    """The last part of a path of any system, as a file's name: see `clean_title`."""
    return clean_title(re.split(r"[/\\]", name)[-1])


def clean_title(name: str) -> str:
    """A name without characters that cannot be seen, its white space folded; may be empty.

    At most 255 characters: a longer name loses the end of its stem, not its suffix.
    """
    folded = " ".join(unicodedata.normalize("NFC", name).split())
    seen = [
        c for c in folded if unicodedata.category(c) not in _UNSEEN and unicodedata.bidirectional(c) not in _TURNING
    ]
    short = "".join(seen[:-8][: NAME_LENGTH - 8] + seen[-8:]).strip()
    return short if short.strip(". ") else ""
