"""View of the page: computes which parts change, and their HTML. Pure: records and results in, updates out."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

from markupsafe import Markup

from retrieval import DocumentRecord, Matter, PinciteError
from webapp.core.errors import NotAllowed
from webapp.core.results import AnswerResult, SummaryResult
from webapp.core.urls import draft_url
from webapp.core.wording import plural, still_read
from webapp.page.html import chat, document_table, documents, sidebar, start, summary
from webapp.page.html.foot import NOTHING_AROUND, Around
from webapp.page.html.listing import Listing
from webapp.page.html.parts import NOTHING
from webapp.page.state import PageState
from webapp.service.caller import DONE
from webapp.service.running import Running, RunningAnswer
from webapp.service.summarise import RunningSummary
from webapp.store.conversations import SavedTurn

LISTS: tuple[Literal["documents", "conversations"], ...] = ("documents", "conversations")  # the script draws them


class Updates(TypedDict, total=False):
    """New values of parts of the page, by name; other parts stay unchanged."""

    state: PageState
    health: Markup
    models: Markup  # the choice of the language model that writes answers
    matters: Markup
    reading: Markup  # how many of the documents are read, while some are not
    documents: Listing | Markup  # as it is sent: `handlers.changes`
    conversations: Listing | Markup
    lists_anew: bool  # the page asks for its lists whole
    scope: Markup
    undo: Markup  # what was removed and can be shown again
    account: Markup  # who is signed in
    notice: Markup
    engine: Markup  # what writes the answers
    empty: Markup  # the heading of the chat before its first question
    start: Markup  # what one can do, below the question box then
    past: Markup  # saved turns
    now: Markup  # the turn that is being written
    evidence: Markup
    outline: Markup  # of the document that is read
    question: str
    announcement: str  # for screen readers
    busy: bool  # whether something is being written


def health_updates(states: Mapping[str, str], writer: str = "") -> Updates:
    """Health of stores, search and language model; `writer` names the model that writes the answers."""
    return {"health": sidebar.health(states), "engine": start.engine(states.get("engine", "loading"), writer)}


def list_updates(
    state: PageState, matter: Matter | None, records: Sequence[DocumentRecord], listed: Listing, conversations: Listing
) -> Updates:
    """Documents (`listed`), conversations and scope."""
    return {
        "documents": listed,
        "conversations": conversations,
        "scope": documents.scope(matter, records, state.scope, state.reply) if matter else NOTHING,
        "reading": sidebar.reading(records),
    }


def chat_updates(
    matter: Matter | None,
    records: Sequence[DocumentRecord],
    turns: Sequence[SavedTurn],
    running: Running | None,
    around: Around = NOTHING_AROUND,
    examples: Sequence[str] = (),
) -> Updates:
    """The saved turns and the draft; before the first turn, the empty chat with questions to begin with."""
    updates: Updates = {
        "past": chat.past(turns, around),
        "now": NOTHING,
        "empty": NOTHING,
        "start": NOTHING,
        "busy": running is not None,
    }
    if running is not None:
        updates |= draft_updates(running)
    elif not turns and matter is not None:
        updates |= empty_updates(matter, records, examples)
    return updates


def empty_updates(matter: Matter, records: Sequence[DocumentRecord], examples: Sequence[str]) -> Updates:
    """The chat before its first question: a part of its own, so that a late poll cannot overwrite an answer."""
    states = [record.state for record in records]
    ready = states.count("ready")
    waiting = sum(state not in DONE for state in states)
    resting = len(states) - ready - waiting
    documents = [(record.id, record.name) for record in records if record.state == "ready"]
    return {
        "empty": start.heading(matter.name, ready=ready, waiting=waiting, resting=resting),
        "start": start.ways(examples, documents),
    }


def draft_updates(running: Running) -> Updates:
    """The turn that is being written, which the page's script follows from here on."""
    url = draft_url(running.matter_id, running.conversation_id, running.turn_id)
    return {"now": chat.followed(url, running.turn_id, draft_html(running))}


def draft_html(running: Running) -> Markup:
    """The turn that is being written, as far as it is."""
    match running:
        case RunningSummary():
            part = (running.part.n, running.part.of, running.part.clauses) if running.part else None
            return summary.writing(running.question, part, running.so_far, running.draft)
        case RunningAnswer():
            if (rows := running.rows_so_far) is not None:
                return document_table.writing(running.question, rows, *running.rows_done)
            searching = running.found is None
            return chat.writing(running.question, running.draft, searching=searching, before=running.before)
    return NOTHING


def choice_updates(question: str, records: Sequence[DocumentRecord]) -> Updates:
    """Choice between the documents that a name in the question may refer to."""
    return {
        "now": chat.choice(question, [(record.id, record.name) for record in records]),
        "announcement": f"This fits {len(records)} documents. Choose which one you mean.",
    }


def waiting_updates(question: str, ready: int, coming: int) -> Updates:
    """Choice between waiting for the documents that are being read, and asking those that are ready."""
    return {
        "now": chat.waiting(question, ready, coming),
        "announcement": f"{still_read(coming)} Choose whether to wait.",
    }


def edit_updates(state: PageState, turn: SavedTurn) -> Updates:
    """The question of a turn in the question box, for editing."""
    notice = chat.editing()
    return {"state": state, "question": turn.question, "notice": notice}


def failure_updates(error: PinciteError) -> Updates:
    """Notice of an error, with its sentence and hint. A user who is not allowed in does not see the server's health."""
    updates: Updates = {"notice": chat.notice(str(error), error.page_hint), "announcement": str(error), "busy": False}
    return updates | {"health": NOTHING} if isinstance(error, NotAllowed) else updates


def end_announcement(turn: SavedTurn | None) -> str:
    """Announcement of the end of an answer, for screen readers."""
    if turn is None:
        return ""
    is_summary = isinstance(turn.answer, SummaryResult)
    kind = "summary" if is_summary else "answer"
    if turn.state == "stopped":
        return f"The {kind} was stopped."
    if turn.state != "complete":
        return "The summary could not be written." if is_summary else "The question could not be answered."
    if not turn.answer.found:
        return "Nothing was found."
    if isinstance(turn.answer, AnswerResult) and turn.answer.documents:
        return turn.answer.answer
    return f"The {kind} is ready, with {plural(len(turn.answer.citations), 'citation')}."
