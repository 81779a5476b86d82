"""Compares two documents of a matter, clause by clause, as two versions of one."""

from collections.abc import Iterator

from retrieval import ClauseChange, DocumentRecord, Part, compare, outline, pin_cite
from webapp.core.errors import TooLongToCompare
from webapp.core.results import ChangeRow, CiteRow, cite_fields
from webapp.service.workspace import Workspace
from webapp.store.audit import Act
from webapp.store.users import User

MOST_CHARACTERS = 3_000_000  # of a document: a thousand pages; comparing takes some seconds then
MOST_CLAUSES = 5_000


def changes(
    workspace: Workspace, user: User, old: DocumentRecord, new: DocumentRecord, act: Act = Act.COMPARE, **detail: str
) -> Iterator[ChangeRow]:
    """Every clause that is not the same, in the order of the new version; recorded as the user's `act`.

    Raises DocumentNotReady, and TooLongToCompare.
    """
    workspace.audit.record(user, act, matter_id=old.matter_id, documents=[old.id, new.id], **detail)
    before, after = (workspace.library.document(record.matter_id, record.id) for record in (old, new))
    for document in (before, after):
        if len(document.text) > MOST_CHARACTERS or len(outline(document)) > MOST_CLAUSES:
            raise TooLongToCompare(document=document.name)
    for change in compare(before, after):
        if change.kind != "same":
            yield _row(change)


def _row(change: ClauseChange) -> ChangeRow:
    return ChangeRow(kind=change.kind, old=_place(change.old), new=_place(change.new), words=tuple(change.words()))


def _place(part: Part | None) -> CiteRow | None:
    if part is None:
        return None
    return CiteRow(**cite_fields(pin_cite(part.document, part.document.stripped(part.span))))
