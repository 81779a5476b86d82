"""HTTP routes of the audit log: a page of it and its CSV, of one matter for its owner, of all for administrators.

A matter that the user may not look into this way gives the same 404 as one that does not exist.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from retrieval import NoSuchMatter
from webapp.core.errors import NotAllowed, RequestMalformed, SessionEnded
from webapp.core.limits import is_id
from webapp.core.urls import audit_url
from webapp.exports.audit_log import CSV_TYPE, AuditPage, to_csv, to_html
from webapp.service.audit_log import parse_time, readable, record_reading, row_of, rows
from webapp.service.workspace import Workspace
from webapp.store.audit import Act, Wanted
from webapp.store.users import User
from webapp.web.authentication import user_of
from webapp.web.error_responses import StrictRoute, answered

ROWS = 200  # of one page
_PRIVATE = {"Cache-Control": "no-store"}
_ID = r"^[0-9A-Za-z-]*$"


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Query parameters that say which rows are shown, and how."""

    person: Annotated[str, Query(max_length=64, pattern=_ID)] = ""
    act: Annotated[str, Query(max_length=32, pattern=_ID)] = ""
    document: Annotated[str, Query(max_length=64, pattern=_ID)] = ""
    since: Annotated[str, Query(max_length=32)] = ""
    until: Annotated[str, Query(max_length=32)] = ""
    before: Annotated[str, Query(max_length=18, pattern="^[0-9]*$")] = ""
    form: Literal["html", "csv"] = "html"

    def of(self, wanted: Wanted) -> Wanted:
        """Those of the wanted rows that are chosen; a day at the end is whole. Raises RequestMalformed."""
        return replace(
            wanted,
            user_id=self.person or None,
            act=self.act or None,
            document_id=self.document or None,
            since=parse_time(self.since, "since"),
            until=parse_time(self.until, "until", to_end=True),
            before=int(self.before) if self.before else None,
        )

    @property
    def fields(self) -> dict[str, str]:
        """The parameters of a page by name."""
        fields = ("person", "act", "document", "since", "until", "before")
        return {name: getattr(self, name) for name in fields}


def audit_routes(opened: Callable[[], Workspace]) -> APIRouter:
    """Build the routes; `opened` waits for the stores and raises their errors."""
    router = APIRouter(route_class=StrictRoute)

    @router.get(audit_url())
    async def everything(request: Request, chosen: Annotated[_Chosen, Depends()]) -> Response:
        return await run_in_threadpool(_respond, request, opened, None, chosen)

    @router.get(audit_url("{matter_id}"))
    async def of_matter(request: Request, matter_id: str, chosen: Annotated[_Chosen, Depends()]) -> Response:
        return await run_in_threadpool(_respond, request, opened, matter_id, chosen)

    return router


def _respond(request: Request, opened: Callable[[], Workspace], matter_id: str | None, chosen: _Chosen) -> Response:
    try:
        workspace = opened()
        user = user_of(request, workspace, active=True)
        with workspace.audit.refusals(user, matter_id=matter_id or ""):
            if matter_id is not None and not is_id(matter_id):
                raise NoSuchMatter(matter="…")
            if matter_id is not None and not workspace.sharing.administers(user):
                workspace.access.check(user, matter_id, "manage")  # an id: a name would be looked up next
            wanted = chosen.of(readable(workspace, user, matter_id))
        is_csv = chosen.form == "csv"
        record_reading(workspace, user, wanted, Act.EXPORT if is_csv else Act.LOG)
        if is_csv:
            headers = _PRIVATE | {"Content-Disposition": 'attachment; filename="audit.csv"'}
            return StreamingResponse(to_csv(rows(workspace, wanted)), media_type=CSV_TYPE, headers=headers)
        return HTMLResponse(to_html(_page(workspace, user, wanted, chosen)), headers=_PRIVATE)
    except Exception as error:  # noqa: BLE001 (the one place where an error of these routes is answered, as a sentence)
        statuses = ((NoSuchMatter, 404), (SessionEnded, 401), (NotAllowed, 403), (RequestMalformed, 422))
        return answered(error, statuses)


def _page(workspace: Workspace, user: User, wanted: Wanted, chosen: _Chosen) -> AuditPage:
    """The page of these rows. Documents are named in the matters alone that the user may read."""
    entries = workspace.audit.entries(wanted, ROWS + 1, newest_first=True)
    shown = [row_of(entry) for entry in entries[:ROWS]]
    here = {matter.id: matter for matter in workspace.access.matters(user)}
    told = {row.matter_id for row in shown} & here.keys()
    names = {
        (matter_id, record.id): record.name
        for matter_id in told
        for record in workspace.access.documents(user, here[matter_id])
    }
    matter_id = wanted.matter_id or ""
    name = here[matter_id].name if matter_id in here else next((row.matter for row in shown if row.matter), "")
    return AuditPage(
        rows=shown,
        matter_id=matter_id,
        title=(name or f"Matter {matter_id}") if matter_id else "All matters",
        people=[(person.id, person.name or "nobody") for person in workspace.audit.people(wanted.matter_id)],
        acts=[(act.value, act.words) for act in Act],
        chosen=chosen.fields,
        names=names,
        older=shown[-1].seq if len(entries) > ROWS else None,
    )
