"""Ingests the files within a file: those of a ZIP, a PDF portfolio or a mail become documents of the same matter."""

from collections.abc import Sequence

from retrieval.core.documents import ReadingWarning
from retrieval.core.errors import (
    DataFolderUnusable,
    NoneRead,
    NoPages,
    NoSuchDocument,
    NoSuchMatter,
    NotAllRead,
    PinciteError,
    StoreUnavailable,
    UnsupportedFormat,
)
from retrieval.ingest_workers import Converter
from retrieval.library.library import Allows, Library
from retrieval.library.schema import DocumentRecord
from retrieval.reading.containers import MEMBER, Member
from retrieval.reading.formats import FORMATS

MOST_NAMED = 100  # files that were not read, in one sentence
_NOT_OF_THE_FILE = (StoreUnavailable, DataFolderUnusable, NoSuchMatter, NoSuchDocument)


def take_members(
    library: Library, record: DocumentRecord, data: bytes, converter: Converter, allows: Allows | None
) -> tuple[ReadingWarning, ...]:
    """Accept the files within a file, of these bytes, as documents of its matter; returns a warning that names those
    not read.

    `allows` is asked about each. Raises NotAllRead for a file that is no document itself and has one that was not read,
    NoneRead where none was, NoPages where it has none at all, and what `unpack` of the converter does.
    """
    row = FORMATS[record.format]
    if row.members is None or not row.may_have_members(data):
        return ()
    unread: list[str] = []
    taken = 0

    def on_member(member: Member) -> None:
        nonlocal taken
        reason = member.reason
        try:
            if member.data is not None:
                library.accept_member(record, member.path, member.data, allows)
                taken += 1
                return
        except _NOT_OF_THE_FILE:
            raise
        except UnsupportedFormat:
            reason = "it is of a kind that is not read"
        except PinciteError as error:  # of this file alone, a quota that is used up among them
            reason = str(error).rstrip(".")
        unread.append(f"“{MEMBER.join(member.path)}” ({reason})")

    converter.unpack(data, name=record.name, document_id=record.id, on_member=on_member)
    if row.convert is None and unread:
        if not taken:
            raise NoneRead(name=record.name, files=_not_read(unread))
        raise NotAllRead(name=record.name, files=_not_read(unread))
    if row.convert is None and not taken:
        raise NoPages(name=record.name)
    text = f"In “{record.name}” {_not_read(unread)}"
    return (ReadingWarning(None, "attachments", text),) if unread else ()


def _not_read(files: Sequence[str]) -> str:
    more = f" and {len(files) - MOST_NAMED:,} more" if len(files) > MOST_NAMED else ""
    which = "1 file was" if len(files) == 1 else f"{len(files):,} files were"
    return f"{which} not read: {', '.join(files[:MOST_NAMED])}{more}."
