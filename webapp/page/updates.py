"""View of the page: computes which parts change, and their HTML. Pure: records and results in, updates out."""

from collections.abc import Collection, Mapping, Sequence
from typing import TypedDict

from markupsafe import Markup

from retrieval import DocumentRecord, Facts, Matter, PinciteError
from webapp.core.errors import NotAllowed
from webapp.core.results import AnswerResult, SummaryResult
from webapp.core.wording import plural
from webapp.page.html import chat, document_table, sidebar, summary
from webapp.page.html.parts import NOTHING
from webapp.page.state import PageState
from webapp.service.caller import DONE
from webapp.service.running import Running, RunningAnswer
from webapp.service.summarise import RunningSummary
from webapp.service.workspace import SAMPLE_MATTER
from webapp.store.conversations import SavedTurn

# Each is answered by one section of the sample; tested with the packaged search model.
EXAMPLES = (
    "Can the customer end the contract without giving a reason?",
    "What happens if the buyer pays late?",
    "How long does a party have to put right a serious breach?",
)

# Seconds between two polls of a page: while documents are being ingested, and otherwise.
OFTEN_SECONDS, SELDOM_SECONDS = 1.0, 5.0


class Updates(TypedDict, total=False):
    """New values of parts of the page, by name; other parts stay unchanged."""

    state: PageState
    health: Markup
    engine: Markup  # which language model writes answers, and the choice of another
    matters: Markup
    documents: Markup
    conversations: Markup
    scope: Markup
    account: Markup  # who is signed in
    notice: Markup
    empty: Markup  # the chat before its first question
    past: Markup  # saved turns
    now: Markup  # the turn that is being written
    evidence: Markup
    question: str
    announcement: str  # for screen readers
    stream: str  # a new value makes the page follow what is being written
    pace: float  # seconds to the next poll
    busy: bool  # whether something is being written


def health_updates(states: Mapping[str, str]) -> Updates:
    """Health of stores, search and language model."""
    return {"health": sidebar.health(states)}


def sidebar_updates(
    state: PageState,
    matter: Matter | None,
    records: Sequence[DocumentRecord],
    conversations: Markup,
    facts: Mapping[str, Facts],
    privileged: Collection[str] = (),
) -> Updates:
    """Documents, conversations and scope; time to the next poll. `facts` are those of the documents, by id.

    `privileged`: ids of the documents that are kept out of exports.
    """
    ready = [record for record in records if record.state == "ready"]
    under_way = any(record.state not in DONE for record in records)
    return {
        "documents": sidebar.documents(records, facts, privileged),
        "conversations": conversations,
        "scope": sidebar.scope(matter, ready, len(records), state.scope) if matter else NOTHING,
        "pace": OFTEN_SECONDS if under_way else SELDOM_SECONDS,
    }


def chat_updates(
    matter: Matter | None,
    records: Sequence[DocumentRecord],
    turns: Sequence[SavedTurn],
    running: Running | None,
    *,
    read_only: bool = False,
    privileged: Collection[str] = (),
) -> Updates:
    """The saved turns and the draft; before the first turn, the empty chat. `read_only`: it is another's; `privileged`:
    ids of the documents that are kept out of copies.
    """
    updates: Updates = {
        "past": chat.past(turns, read_only=read_only, privileged=privileged),
        "now": NOTHING,
        "empty": NOTHING,
        "busy": running is not None,
    }
    if running is not None:
        updates |= draft_updates(running)
    elif not turns and matter is not None:
        updates |= empty_updates(matter, records)
    return updates


def empty_updates(matter: Matter, records: Sequence[DocumentRecord]) -> Updates:
    """The chat before its first question: a part of its own, so that a late poll cannot overwrite an answer."""
    states = [record.state for record in records]
    ready = states.count("ready")
    waiting = len(states) - ready - states.count("failed")
    examples = EXAMPLES if matter.name == SAMPLE_MATTER else ()
    return {"empty": chat.empty(matter.name, examples, ready=ready, waiting=waiting)}


def draft_updates(running: Running) -> Updates:
    """The draft so far."""
    match running:
        case RunningSummary():
            part = (running.part.n, running.part.of, running.part.clauses) if running.part else None
            return {"now": summary.writing(running.question, part, running.so_far, running.draft)}
        case RunningAnswer():
            if (rows := running.rows_so_far) is not None:
                return {"now": document_table.writing(running.question, rows, *running.rows_done)}
            searching = running.found is None
            return {"now": chat.writing(running.question, running.draft, searching=searching, before=running.before)}
    return {}


def choice_updates(question: str, records: Sequence[DocumentRecord]) -> Updates:
    """Choice between the documents that a name in the question may refer to."""
    return {
        "now": chat.choice(question, [(record.id, record.name) for record in records]),
        "announcement": f"This fits {len(records)} documents. Choose which one you mean.",
    }


def edit_updates(state: PageState, turn: SavedTurn) -> Updates:
    """The question of a turn in the question box, for editing."""
    notice = chat.notice("You are editing an earlier question.", "Sending it replaces the answer and what follows.")
    return {"state": state, "question": turn.question, "notice": notice}


def failure_updates(error: PinciteError) -> Updates:
    """Notice of an error, with its sentence and hint. A user who is not allowed in does not see the server's health."""
    updates: Updates = {"notice": chat.notice(str(error), error.hint), "announcement": str(error), "busy": False}
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
