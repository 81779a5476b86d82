"""View of the page: which of its parts change, and to what HTML. Pure: records and results in, updates out."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from markupsafe import Markup

from retrieval import DocumentRecord, Matter, PinciteError
from webapp.core.errors import NotAllowed
from webapp.core.results import SummaryResult
from webapp.page.html import chat, sidebar, summary
from webapp.page.html.parts import NOTHING
from webapp.page.state import PageState
from webapp.service.running import Running, RunningAnswer
from webapp.service.summarise import RunningSummary
from webapp.service.workspace import SAMPLE_MATTER
from webapp.store.conversations import Conversation, SavedTurn

# Each has its answer in one section of the sample; tried with the bundled search model.
EXAMPLES = (
    "Can the customer end the contract without giving a reason?",
    "What happens if the buyer pays late?",
    "How long does a party have to put right a serious breach?",
)

# How often a page looks for what has changed by itself: while its documents come in, and else.
OFTEN_SECONDS, SELDOM_SECONDS = 1.0, 5.0


class Updates(TypedDict, total=False):
    """New values of parts of the page, by name; a part that is not named stays as it is."""

    state: PageState
    health: Markup
    matters: Markup
    documents: Markup
    conversations: Markup
    scope: Markup
    notice: Markup
    empty: Markup  # the chat before its first question
    past: Markup  # the turns that are kept
    now: Markup  # the turn that is being written
    evidence: Markup
    question: str
    announcement: str  # what a screen reader is told
    stream: str  # a new value begins to follow what is being written
    pace: float  # seconds to the next look for what has changed by itself
    busy: bool  # whether something is being written


def health_updates(states: Mapping[str, str]) -> Updates:
    """How stores, search and engine are."""
    return {"health": sidebar.health(states)}


def sidebar_updates(
    state: PageState,
    matter: Matter | None,
    records: Sequence[DocumentRecord],
    conversations: Sequence[Conversation],
) -> Updates:
    """Documents, conversations and what is asked; how soon to look again."""
    ready = [record for record in records if record.state == "ready"]
    under_way = any(record.state not in ("ready", "failed") for record in records)
    return {
        "documents": sidebar.documents(records),
        "conversations": sidebar.conversations(conversations, state.conversation_id),
        "scope": sidebar.scope(matter, ready, len(records), state.scope) if matter else NOTHING,
        "pace": OFTEN_SECONDS if under_way else SELDOM_SECONDS,
    }


def chat_updates(
    matter: Matter | None, records: Sequence[DocumentRecord], turns: Sequence[SavedTurn], running: Running | None
) -> Updates:
    """The turns so far, and what is being written; before the first of them, the empty chat."""
    updates: Updates = {"past": chat.past(turns), "now": NOTHING, "empty": NOTHING, "busy": running is not None}
    if running is not None:
        updates |= draft_updates(running)
    elif not turns and matter is not None:
        updates |= empty_updates(matter, records)
    return updates


def empty_updates(matter: Matter, records: Sequence[DocumentRecord]) -> Updates:
    """The chat before its first question: a part of its own, for a look that comes late must wipe no answer away."""
    states = [record.state for record in records]
    ready = states.count("ready")
    waiting = len(states) - ready - states.count("failed")
    examples = EXAMPLES if matter.name == SAMPLE_MATTER else ()
    return {"empty": chat.empty(matter.name, examples, ready=ready, waiting=waiting)}


def draft_updates(running: Running) -> Updates:
    """What is being written, as far as it is."""
    match running:
        case RunningSummary():
            part = (running.part.n, running.part.of, running.part.clauses) if running.part else None
            return {"now": summary.writing(running.question, part, running.so_far, running.draft)}
        case RunningAnswer():
            searching = running.found is None
            return {"now": chat.writing(running.question, running.draft, searching=searching, before=running.before)}
    return {}


def choice_updates(question: str, records: Sequence[DocumentRecord]) -> Updates:
    """The documents between which a question leaves the choice."""
    return {
        "now": chat.choice(question, [(record.id, record.name) for record in records]),
        "announcement": f"This fits {len(records)} documents. Choose which one you mean.",
    }


def edit_updates(state: PageState, turn: SavedTurn) -> Updates:
    """The question of a turn in the box, to be sent again."""
    notice = chat.notice("You are editing an earlier question.", "Sending it replaces the answer and what follows.")
    return {"state": state, "question": turn.question, "notice": notice}


def failure_updates(error: PinciteError) -> Updates:
    """An error's sentence and hint. Who is not allowed in is told nothing of how the server is."""
    updates: Updates = {"notice": chat.notice(str(error), error.hint), "announcement": str(error), "busy": False}
    return updates | {"health": NOTHING} if isinstance(error, NotAllowed) else updates


def end_announcement(turn: SavedTurn | None) -> str:
    """What a screen reader is told of the end of an answer."""
    if turn is None:
        return ""
    if turn.state != "complete":
        return "The answer was stopped." if turn.state == "stopped" else "The question could not be answered."
    if not turn.answer.found:
        return "Nothing was found."
    count = len(turn.answer.citations)
    citations = f"{count} citation{'' if count == 1 else 's'}"
    what = "summary" if isinstance(turn.answer, SummaryResult) else "answer"
    return f"The {what} is there, with {citations}."
