"""Earlier turns of a conversation (chat history): what a prompt holds of them, and the places that they rest on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from retrieval import Span

HISTORY_SHARE = 0.2  # of the context window; passages matter more than earlier turns


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question with its answer, the query that was searched for it, and the spans of its passages.

    `answer` is empty where nothing was found. `cited` are the spans of its citations. `of_one_document`: one document
    alone was searched.
    """

    question: str
    answer: str
    query: str
    passages: tuple[Span, ...] = ()
    cited: tuple[Span, ...] = ()
    of_one_document: bool = False

    @property
    def document_ids(self) -> tuple[str, ...]:
        """Ids of the documents that the answer cites, or else of its passages."""
        return tuple(dict.fromkeys(span.document_id for span in self.cited or self.passages))


def recent_turns(history: Sequence[Turn], count: Callable[[str], int], budget: int) -> list[Turn]:
    """The latest answered turns that fit into `budget` tokens, in order; none is shortened."""
    turns: list[Turn] = []
    for turn in (turn for turn in reversed(history) if turn.answer):
        budget -= count(turn.question) + count(turn.answer)
        if budget < 0:
            break
        turns.insert(0, turn)
    return turns
