"""Reads the audit log for those who may: the owner of a matter for it, administrators for all, which has no content."""

from collections.abc import Iterator
from datetime import UTC, datetime

from retrieval import NoSuchMatter
from webapp.core.errors import AmbiguousMatter, NotAllowed, RequestMalformed
from webapp.core.results import AuditRow, VerificationRow
from webapp.service.workspace import Workspace
from webapp.store.audit import Act, Entry, Head, Wanted
from webapp.store.users import User


def readable(workspace: Workspace, user: User, matter: str | None) -> Wanted:
    """The rows that the user may read: of a matter by its name or id, of a deleted one too, or all.

    Raises NoSuchMatter, AmbiguousMatter and NotAllowed.
    """
    is_administrator = workspace.sharing.administers(user)
    if matter is None:
        if not is_administrator:
            raise NotAllowed()
        return Wanted()
    try:
        return Wanted(workspace.access.matter(user, matter, "manage").id)
    except (NoSuchMatter, NotAllowed):
        if not is_administrator:
            raise
    found = workspace.audit.matters_called(matter)
    if len(found) > 1:
        raise AmbiguousMatter(matter=matter, ids=", ".join(found))
    for matter_id in found:
        return Wanted(matter_id)
    raise NoSuchMatter(matter=matter)


def record_reading(workspace: Workspace, user: User, wanted: Wanted, act: Act = Act.LOG) -> None:
    """Record that the log is read, or exported."""
    what = {"what": "log"} if act is Act.EXPORT else {}
    workspace.audit.record(user, act, matter_id=wanted.matter_id or "", **what)


def rows(workspace: Workspace, wanted: Wanted) -> Iterator[AuditRow]:
    """The rows, oldest first."""
    return (row_of(entry) for entry in workspace.audit.each(wanted))


def row_of(entry: Entry) -> AuditRow:
    """The result type of a row."""
    return AuditRow(
        seq=entry.seq,
        at=entry.at,
        user_id=entry.user_id,
        user=entry.user_name,
        matter_id=entry.matter_id,
        matter=entry.matter_name,
        act=entry.act,
        told=entry.words,
        object=entry.object,
        detail=_detail(entry),
        previous=entry.previous,
        digest=entry.digest,
    )


def _detail(entry: Entry) -> dict[str, str | int | bool | tuple[str, ...] | None]:
    """The detail of a row; one that was changed to be none is shown as it is."""
    try:
        return {**entry.details}
    except (TypeError, ValueError):
        return {"unreadable": str(entry.detail)}


def verify(workspace: Workspace, user: User, kept_head: str = "") -> VerificationRow:
    """Verify the log. Raises NotAllowed, and RequestMalformed for a head that is none."""
    readable(workspace, user, None)
    try:
        head = Head.of(kept_head) if kept_head else None
    except ValueError:
        raise RequestMalformed(part="head") from None
    found = workspace.audit.verify(head)
    return VerificationRow(rows=found.rows, head=str(found.head), fault=found.fault)


def parse_time(text: str, part: str) -> datetime | None:
    """A date, or date and time, of UTC where it names no zone; None for "". Raises RequestMalformed."""
    try:
        time = datetime.fromisoformat(text) if text else None
    except ValueError:
        raise RequestMalformed(part=part) from None
    return time.replace(tzinfo=UTC) if time and time.tzinfo is None else time
