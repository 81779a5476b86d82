"""HTTP routes of what is taken along of a conversation: copies, a Word memo, a web page, tables, PDFs with highlights.

The user has to be able to read the matter and the conversation; what they may not gives the same 404 as what does not
exist. An answer that cites a privileged document is not taken along. Every copy and file is recorded before it is sent.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from retrieval import NoSuchDocument, NoSuchMatter, OriginalMissing
from webapp.core.errors import (
    Congested,
    NoSuchConversation,
    NotAllowed,
    NotAnnotated,
    PrivilegedDocument,
    SessionEnded,
    TooMuchToExport,
    TooSlow,
)
from webapp.core.limits import is_id
from webapp.core.results import CitationRow, CiteRow, KeySentenceRow, NamedRow
from webapp.core.urls import EXPORT, ExportForm, place_address
from webapp.core.wording import how_much_was_read
from webapp.exports import memo, table
from webapp.exports.ooxml import clean
from webapp.exports.paper import Origin, Paper, paper_of, paper_of_answer, question_of
from webapp.exports.plain_text import to_text
from webapp.exports.rich_text import to_fragment, to_page
from webapp.service.annotated_pdf import annotate, highlights_of
from webapp.service.conversation_export import may_leave
from webapp.service.fair_turns import Deadline
from webapp.service.workspace import Workspace
from webapp.store.audit import Act
from webapp.store.conversations import Conversation, SavedTurn
from webapp.store.users import User
from webapp.web.authentication import user_of
from webapp.web.downloads import disposition
from webapp.web.error_responses import StrictRoute, answered

EXPORT_SECONDS = 60.0
MOST_PLACES = 20_000  # of one file: a Word file of 30 MB
LONGEST_NAME = 70  # characters of a file's name
_HEADERS = {"Cache-Control": "no-store"}
_ID = r"^[0-9A-Za-z]*$"


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Query parameters: the form, one turn instead of all, and for `pdf` the document."""

    form: Annotated[ExportForm, Query()] = "docx"
    turn: Annotated[str, Query(max_length=64, pattern=_ID)] = ""
    document: Annotated[str, Query(max_length=64, pattern=_ID)] = ""


def export_routes(opened: Callable[[], Workspace]) -> APIRouter:
    """Build the routes; `opened` waits for the stores and raises their errors."""
    router = APIRouter(route_class=StrictRoute)

    @router.get(EXPORT)
    async def export(
        request: Request, matter_id: str, conversation_id: str, chosen: Annotated[_Chosen, Depends()]
    ) -> Response:
        return await _respond(request, opened, (matter_id, conversation_id), chosen)

    return router


@dataclass(frozen=True, slots=True)
class _Source:
    """What is taken along, after authorisation: turns, and how many are left out as privileged."""

    workspace: Workspace
    user: User
    matter_id: str
    turns: Sequence[SavedTurn]
    left_out: int
    origin: Origin
    about: str  # id of the turn or of the conversation

    @property
    def turn(self) -> SavedTurn:
        """The one turn, or the first."""
        return self.turns[0]


async def _respond(
    request: Request, opened: Callable[[], Workspace], ids: tuple[str, str], chosen: _Chosen
) -> Response:
    try:
        source = await run_in_threadpool(_authorised, request, opened, ids, chosen)
        workspace, key = source.workspace, source.workspace.share_key(source.user)
        try:
            return await workspace.reads.run(key, EXPORT_SECONDS, lambda deadline: _made(source, chosen, deadline))
        except TimeoutError:
            raise TooSlow(seconds=EXPORT_SECONDS) from None
    except Exception as error:  # noqa: BLE001 (the one place where an error of these routes is answered, as a sentence)
        return answered(error, _STATUS)


_STATUS = (
    (SessionEnded, 401),
    (NotAllowed, 403),
    (PrivilegedDocument, 403),
    (NoSuchMatter, 404),
    (NoSuchConversation, 404),
    (NoSuchDocument, 404),
    (OriginalMissing, 410),
    (TooMuchToExport, 422),
    (NotAnnotated, 422),
    (TooSlow, 503),
    (Congested, 429),
)


def _authorised(request: Request, opened: Callable[[], Workspace], ids: tuple[str, str], chosen: _Chosen) -> _Source:
    matter_id, conversation_id = ids
    workspace = opened()
    user = user_of(request, workspace, active=True)
    with workspace.audit.refusals(user, matter_id=matter_id, object=conversation_id):
        if not is_id(matter_id):
            raise NoSuchConversation()
        matter = workspace.access.matter_by_id(user, matter_id)
        conversation = workspace.conversations.one(user, conversation_id)
        if conversation.matter_id != matter.id:
            raise NoSuchConversation()
        turns, left_out = _chosen_turns(workspace, user, conversation, chosen.turn)
    places = sum(len(getattr(turn.answer, part)) for turn in turns for part in turn.answer.PLACES)
    if places > MOST_PLACES:
        raise TooMuchToExport(places=places, limit=MOST_PLACES)
    base = (workspace.settings.public_url or str(request.base_url)).rstrip("/")
    who = conversation.author or (user.name if workspace.has_people else "")  # else there is one, who has no name
    origin = Origin(matter.name, who, _address(base, matter.id))
    return _Source(workspace, user, matter.id, turns, left_out, origin, chosen.turn or conversation.id)


def _chosen_turns(
    workspace: Workspace, user: User, conversation: Conversation, turn_id: str
) -> tuple[list[SavedTurn], int]:
    """The turn with this id, or all that may leave, and how many are left out since they draw on a privileged document.

    Raises NoSuchConversation, and PrivilegedDocument where none is left.
    """
    every = workspace.conversations.turns(user, conversation.id)
    kept_back = workspace.sharing.privileged_in(user, conversation.matter_id)
    wanted = [turn for turn in every if turn_id in ("", turn.id)]
    if not wanted:
        raise NoSuchConversation()
    kept = [turn for turn in may_leave(every, kept_back) if turn in wanted]
    if not kept:
        places = (place for turn in every for part in turn.answer.PLACES for place in getattr(turn.answer, part))
        raise PrivilegedDocument(document=next(place.document for place in places if place.document_id in kept_back))
    return kept, len(wanted) - len(kept)


def _address(base: str, matter_id: str) -> Callable[[NamedRow], str]:
    """The address of a place on this server; "" where this server is only reached at no address."""
    is_reached = bool(urlsplit(base).netloc)

    def address(row: NamedRow) -> str:
        if not is_reached or not isinstance(row, CiteRow):
            return ""
        spans = row.spans if isinstance(row, CitationRow | KeySentenceRow) else ()
        return base + place_address(matter_id, row.document_id, row.page, spans, version=row.text_version)

    return address


def _made(source: _Source, chosen: _Chosen, deadline: Deadline) -> Response:
    """The copy or the file, recorded."""
    turn, form = source.turn, chosen.form
    if form == "copy":
        paper = paper_of_answer(turn, source.origin)
        _record(source, Act.COPY)
        return JSONResponse({"text": to_text(paper), "html": to_fragment(paper)}, headers=_HEADERS)
    name = question_of(turn)
    if form == "pdf":
        data, media_type = _highlighted(source, chosen.document, deadline), "application/pdf"
        name = f"Cited places - {name}"
    elif form in ("xlsx", "csv"):
        rows = table.table_of(turn, source.origin)
        if form == "csv":
            data, media_type = table.to_csv(rows).encode(), table.CSV_TYPE
        else:
            data = table.to_xlsx(rows, title=name, who=source.origin.who, at=turn.asked_at)
            media_type = table.XLSX_TYPE
    else:
        paper = paper_of(source.turns, source.origin, left_out=source.left_out)
        name = paper.title
        data, media_type = _document(paper, source, turn, form)
    _record(source, Act.EXPORT, form=form)
    return Response(data, media_type=media_type, headers=_HEADERS | {"Content-Disposition": _disposition(name, form)})


def _document(paper: Paper, source: _Source, turn: SavedTurn, form: str) -> tuple[bytes, str]:
    if form == "html":
        return to_page(paper).encode(), "text/html; charset=utf-8"
    return memo.to_docx(paper, who=source.origin.who, at=turn.asked_at), memo.MEDIA_TYPE


def _record(source: _Source, act: Act, **detail: str) -> None:
    source.workspace.audit.record(source.user, act, matter_id=source.matter_id, object=source.about, **detail)


def _disposition(name: str, form: str) -> str:
    words = re.sub(r'[\\/:*?"<>|\s]+', " ", clean(name)).strip(" .")[:LONGEST_NAME].strip(" .") or "answer"
    return disposition(f"{words}.{form}")


def _highlighted(source: _Source, document_id: str, deadline: Deadline) -> bytes:
    """A PDF that the turn cites, with its places highlighted. Raises NoSuchDocument and NotAnnotated."""
    workspace, turn = source.workspace, source.turn
    record = workspace.access.record(source.user, source.matter_id, document_id)
    if record.format != "PDF":
        raise NotAnnotated(document=record.name, reason="it is no PDF")
    highlights = highlights_of(workspace.library, record, turn.answer)
    if not highlights:
        raise NoSuchDocument(document="…")
    told = [question_of(turn), *how_much_was_read(turn.answer), f"{len(highlights)} places are highlighted."]
    original = workspace.library.original(record.matter_id, record.id)
    return annotate(original, highlights, clean("\n".join(told)), record.name, deadline)
