"""The prompt and its arithmetic.

    passages ≤ window − template − system − history − question − reserve

Every term is counted with the engine's tokenizer; `reserve` is kept for the answer. Nothing here shortens a text:
`conversation` drops old turns and `retrieval`'s packing leaves passages out.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from retrieval import Passage
from webapp.answers.follow_up import HISTORY_SHARE, Turn, recent
from webapp.core.errors import QuestionTooLong
from webapp.llm.chat import Message
from webapp.llm.tokenizer import Template

RESERVE_SHARE = 0.125  # of the window for the answer: 512 of 4,096 tokens
LEAST_PASSAGES = 0.25  # of the window; a question that leaves less is refused
_JOINTS = 8  # tokens: the empty lines where texts are joined, and borders at which a tokenizer splits them otherwise
NOT_THERE = "The passages do not say."

SYSTEM = f"""You answer questions about contracts. Use only the numbered passages below.
- After each statement write the number of the passage it rests on in square brackets, like [2].
- Quote the decisive words exactly as they stand, in double quotation marks.
- Copy names, numbers, amounts and dates exactly.
- Be brief. If the passages do not answer the question, write: {NOT_THERE}"""


_TURN_MARKS = re.compile(
    r"<\|[a-z0-9_]+\|>|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]|</?s>|<</?SYS>>|<(?:start|end)_of_turn>",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Budget:
    """Tokens of the engine's window and what each part takes of it; `passages` is what is left for them."""

    window: int
    template: int
    system: int
    history: int
    question: int
    reserve: int

    @property
    def passages(self) -> int:
        """Tokens left for passages."""
        taken = self.template + self.system + self.history + self.question + self.reserve
        return self.window - taken


@dataclass(frozen=True, slots=True)
class Frame:
    """All of a prompt but its passages, which are packed into `budget.passages` tokens."""

    turns: tuple[Turn, ...]
    question: str
    budget: Budget

    def messages(self, passages: Sequence[Passage]) -> list[Message]:
        """The prompt as turns of a chat."""
        turns = [
            message
            for turn in self.turns
            for message in (Message("user", turn.question), Message("assistant", turn.answer))
        ]
        shown = "\n".join(passage.as_sent() for passage in passages)
        said = [Message("system", SYSTEM), *turns, Message("user", f"{shown}\n{asked(self.question)}")]
        return [Message(message.role, harmless(message.content)) for message in said]


def frame(
    window: int, history: Sequence[Turn], question: str, count: Callable[[str], int], template: Template
) -> Frame:
    """Share out a window of tokens among the parts of a prompt.

    Raises QuestionTooLong when the question leaves too little for passages.
    """
    turns = tuple(recent(history, count, int(window * HISTORY_SHARE)))
    budget = Budget(
        window=window,
        template=template.overhead(1 + 2 * len(turns)) + _JOINTS,
        system=count(SYSTEM),
        history=sum(count(t.question) + count(t.answer) for t in turns),
        question=count(asked(question)),
        reserve=int(window * RESERVE_SHARE),
    )
    if budget.passages < window * LEAST_PASSAGES:
        raise QuestionTooLong(tokens=budget.question)
    return Frame(turns, question, budget)


def harmless(text: str) -> str:
    """The text without the marks by which chat templates tell turns apart: a document must not be able to end ours."""
    return _TURN_MARKS.sub(lambda mark: f"{mark[0][0]} {mark[0][1:]}", text)


def asked(question: str) -> str:
    """The question as the prompt puts it."""
    return f"Question: {question}"
