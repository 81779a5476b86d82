"""What is copied of a turn as text."""

from datetime import UTC, datetime

from webapp.core.results import TurnResult
from webapp.exports.paper import Origin, paper_of_answer
from webapp.exports.plain_text import to_text
from webapp.store.conversations import SavedTurn


def copied(turn: SavedTurn) -> str:
    return to_text(paper_of_answer(turn, Origin()))


def copied_answer(answer: TurnResult) -> str:
    return copied(SavedTurn("t1", "c1", "Why?", answer, "complete", None, datetime.now(UTC)))
