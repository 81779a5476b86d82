"""Prompt and token budget of a question.

    passages ≤ window − template − system − history − question − reserve

Every term is counted with the model's tokenizer; `reserve` is kept for the answer. Nothing here shortens a text:
`history` drops old turns, and `retrieval`'s packing omits passages.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from retrieval import Passage
from webapp.answers.history import HISTORY_SHARE, Turn, recent_turns
from webapp.core.errors import QuestionTooLong
from webapp.llm.chat import Message
from webapp.llm.tokenizer import Template

RESERVE_SHARE = 0.125  # of the window, for the answer: 512 of 4,096 tokens
THINKING_SHARE = 0.375  # of the window, for the thinking of a model that cannot do without: 1,536 of 4,096 tokens
LEAST_PASSAGES = 0.25  # of the window; a question that leaves less for passages is refused
JOINTS = 8  # tokens: empty lines between joined texts, and tokens that fall differently at their borders
NOT_THERE = "The passages do not say."

SYSTEM = f"""You answer questions about contracts. Use only the numbered passages below.
- Answer in the language of the question, each of its parts; a yes-no question with Yes or No first.
- After each statement write the number of the passage it rests on in square brackets, like [2].
- Quote the decisive words exactly as they stand, in double quotation marks.
- Copy names, numbers, amounts and dates exactly. Show a calculation with what it starts from.
- Of several documents write a line each. Where one passage amends another, say what is in force.
- Be brief. If the passages do not answer the question, write: {NOT_THERE}"""

EACH_SYSTEM = f"""A question is put to several contracts, one at a time. Answer it for one of them.
- Use only the numbered passages below; all of them are of this one contract.
- Begin with Yes, with No, or with the value that is asked for: an amount, a period, a date or a name.
- Then quote the decisive words exactly as they stand, in double quotation marks, and after them the number of their
  passage in square brackets, like [2].
- Write one sentence or two. If the passages do not answer the question, write: {NOT_THERE}"""


_CHAT_MARKERS = re.compile(
    r"<\|[a-z0-9_]+\|>|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]|</?s>|<</?SYS>>"
    r"|<(?:start|end)_of_turn>",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a prompt: its instructions, and the share of the window that is reserved for the answer."""

    system: str
    reserve_share: float

    def with_room_to_think(self, thinks: bool) -> "Form":
        """The form for a model that thinks before it answers, or does not."""
        return replace(self, reserve_share=self.reserve_share + THINKING_SHARE) if thinks else self


ANSWER_FORM = Form(SYSTEM, RESERVE_SHARE)
EACH_FORM = Form(EACH_SYSTEM, RESERVE_SHARE / 2)


@dataclass(frozen=True, slots=True)
class Budget:
    """Token counts of the context window and of each part of the prompt."""

    window: int
    template: int
    system: int
    history: int
    question: int
    reserve: int

    @property
    def passages(self) -> int:
        """Tokens left for passages."""
        return self.window - (self.template + self.system + self.history + self.question + self.reserve)


@dataclass(frozen=True, slots=True)
class Frame:
    """A prompt without its passages, which may take `budget.passages` tokens."""

    turns: tuple[Turn, ...]
    question: str
    budget: Budget
    form: Form = ANSWER_FORM

    def messages(self, passages: Sequence[Passage]) -> list[Message]:
        """The prompt as chat messages."""
        turns = [
            message
            for turn in self.turns
            for message in (Message("user", turn.question), Message("assistant", turn.answer))
        ]
        sources = "\n".join(passage.as_sent() for passage in passages)
        messages = [
            Message("system", self.form.system),
            *turns,
            Message("user", f"{sources}\n{question_line(self.question)}"),
        ]
        return [Message(message.role, without_chat_markers(message.content)) for message in messages]


def frame(
    window: int,
    history: Sequence[Turn],
    question: str,
    count: Callable[[str], int],
    template: Template,
    *,
    form: Form = ANSWER_FORM,
) -> Frame:
    """Divide a context window of `window` tokens among the parts of a prompt; `count` counts tokens.

    Raises QuestionTooLong if the question leaves less than LEAST_PASSAGES for passages.
    """
    turns = tuple(recent_turns(history, count, int(window * HISTORY_SHARE)))
    budget = Budget(
        window=window,
        template=template.overhead(1 + 2 * len(turns)) + JOINTS,
        system=count(form.system),
        history=sum(count(t.question) + count(t.answer) for t in turns),
        question=count(question_line(question)),
        reserve=int(window * form.reserve_share),
    )
    if budget.passages < window * LEAST_PASSAGES:
        raise QuestionTooLong(tokens=budget.question)
    return Frame(turns, question, budget, form)


def without_chat_markers(text: str) -> str:
    """Break up the special tokens of chat templates, so that a document cannot end our message (prompt injection)."""
    return _CHAT_MARKERS.sub(lambda marker: f"{marker[0][0]} {marker[0][1:]}", text)


def says_not_there(draft: str) -> bool:
    """Whether a draft says that its passages do not answer, and nothing else."""
    return draft.strip().rstrip(".") == NOT_THERE.rstrip(".")


def question_line(question: str) -> str:
    """The question as it stands in the prompt."""
    return f"Question: {question}"
