"""Answers and summaries that are being written, one in a conversation, whoever is looking.

An answer belongs to its conversation and not to the tab that asked: a page that is loaded again finds it going on, a
closed tab does not lose it, and stop ends it from wherever it is pressed. What was written until then is kept.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from retrieval import DocumentRecord, PinciteError
from webapp.answers.answer import Answer, Delta, Found, Scope, Trouble, Waiting
from webapp.answers.follow_up import Turn
from webapp.core.log import user_error
from webapp.core.results import NOTHING_FOUND, AnswerResult, TurnResult
from webapp.grounding.check import check
from webapp.service.ask import answer_in_turn, page_result
from webapp.service.workspace import Workspace
from webapp.store.conversations import Conversation, SavedTurn, State
from webapp.store.users import User

BATCH_SECONDS = 0.08  # between two looks at a draft: fast enough to read along, a twelfth of the updates of each token
RESTS = 4  # times as long as showing the last look took: with many readers each gets fewer, larger looks


class Running(ABC):
    """Something that is being written in a conversation: what there is of it so far,
    and in the end the turn that is kept.
    """

    def __init__(self, workspace: Workspace, user: User, conversation: Conversation, question: str) -> None:
        self.question = question
        self.draft = ""
        self.troubles: list[PinciteError] = []
        self.turn: SavedTurn | None = None
        self.error: PinciteError | None = None  # what kept the turn from being kept
        self._workspace, self._user, self._conversation = workspace, user, conversation
        self._task: asyncio.Task[None] | None = None
        self._under_way = True

    @property
    @abstractmethod
    def stand(self) -> object:
        """What changes with every piece of news."""

    @abstractmethod
    async def _write(self) -> TurnResult:
        """Write it; the result to keep."""

    @abstractmethod
    def _partial(self) -> TurnResult:
        """What there is when it was stopped or went wrong."""

    @property
    def conversation_id(self) -> str:
        """Where it is kept."""
        return self._conversation.id

    @property
    def done(self) -> bool:
        """Whether nothing more will come."""
        return self._task is not None and self._task.done()

    def start(self) -> None:
        """Begin; returns at once. Needs a running event loop."""
        self._task = asyncio.create_task(self._run())

    @property
    def _begun(self) -> asyncio.Task[None]:
        if self._task is None:
            raise RuntimeError("it has not begun")
        return self._task

    async def stop(self) -> None:
        """End the writing, which closes the engine's stream, and wait until what there is has been kept."""
        task = self._begun
        if self._under_way:
            self._under_way = False
            task.cancel()
        await asyncio.wait({task})

    async def follow(self) -> AsyncGenerator[None]:
        """A tick for each batch of news, until it is done. Who stops following does not stop the writing."""
        task = self._begun
        seen: object = None
        pause = BATCH_SECONDS
        while not self.done:
            await asyncio.wait({task}, timeout=pause)
            if self.stand != seen and not self.done:
                seen = self.stand
                began = time.monotonic()
                yield
                pause = max(BATCH_SECONDS, RESTS * (time.monotonic() - began))

    async def _run(self) -> None:
        state: State = "complete"
        result: TurnResult | None = None
        failure: PinciteError | None = None
        try:
            result = await self._write()
        except asyncio.CancelledError:
            state = "stopped"
        except Exception as error:  # noqa: BLE001 (what went wrong is kept as the turn's end)
            state, failure = "failed", user_error(error)
        self._under_way = False
        if result is None:
            result = await asyncio.to_thread(self._partial)
        kept = result.ended(self.troubles, failure)
        keep = self._workspace.conversations.add_turn
        try:
            self.turn = await asyncio.to_thread(keep, self._user, self._conversation.id, self.question, kept, state)
        except Exception as error:  # noqa: BLE001 (the conversation was deleted meanwhile, or its store is away)
            self.error = user_error(error)


class RunningAnswer(Running):
    """One answer under way."""

    def __init__(
        self,
        workspace: Workspace,
        user: User,
        conversation: Conversation,
        question: str,
        history: Sequence[Turn],
        records: Sequence[DocumentRecord],
    ) -> None:
        super().__init__(workspace, user, conversation, question)
        self.before = 0  # how many answers come before it
        self.found: Found | None = None
        self._history, self._records = history, records

    @property
    def stand(self) -> object:
        """What changes with every piece of news."""
        return self.before, len(self.draft), self.found is not None, len(self.troubles)

    def _partial(self) -> AnswerResult:
        """What had been written, checked as far as it goes: a quotation that is not on its page is not shown as one."""
        if self.found is None:
            return NOTHING_FOUND.model_copy(update={"answer": self.draft, "query": self.question})
        library, matter_id, found = self._workspace.library, self._conversation.matter_id, self.found
        documents = {p.document_id: library.document(matter_id, p.document_id) for p in found.passages}
        checked = check(self.draft, found.passages, documents)
        partial = Answer(
            text=checked.text,
            found=True,
            searched=found.searched,
            budget=found.budget,
            engine="",
            citations=checked.citations,
            checked=checked,
            passages=found.passages,
        )
        return self._result(partial)

    def _result(self, answer: Answer) -> AnswerResult:
        return page_result(answer, {record.id: record for record in self._records})

    async def _write(self) -> AnswerResult:
        scope = Scope(self._conversation.matter_id, tuple(self._records))
        events = answer_in_turn(self._workspace, self._user, self.question, self._history, scope)
        result: AnswerResult | None = None
        async with aclosing(events):
            async for event in events:
                self.before = event.before if isinstance(event, Waiting) else 0
                match event:
                    case Found():
                        self.found = event
                    case Delta():
                        self.draft += event.text
                    case Trouble():
                        self.troubles.append(event.error)
                    case Answer():
                        result = self._result(event)
        if result is None:
            raise RuntimeError("the events ended before the answer")
        return result


class RunningAnswers:
    """The answers and summaries under way in one process, by conversation. For one event loop."""

    def __init__(self) -> None:
        self._writings: dict[str, Running] = {}

    def of(self, conversation_id: str | None) -> Running | None:
        """What is being written in a conversation."""
        writing = self.last(conversation_id)
        return writing if writing and not writing.done else None

    def last(self, conversation_id: str | None) -> Running | None:
        """What is or was being written in a conversation; what is over is forgotten when something else begins."""
        return self._writings.get(conversation_id or "")

    async def begin(self, writing: Running) -> None:
        """Begin in its conversation; what is still being written there is stopped first."""
        self._writings = {id_: each for id_, each in self._writings.items() if not each.done}
        if before := self.of(writing.conversation_id):
            await before.stop()
        self._writings[writing.conversation_id] = writing
        writing.start()


def history_of(turns: Sequence[SavedTurn]) -> list[Turn]:
    """What was said before, as a follow-up is to understand it: whole answers only."""
    return [
        Turn(turn.question, answer.answer, answer.query or turn.question)
        for turn in turns
        if isinstance(answer := turn.answer, AnswerResult)
        if turn.state == "complete" and answer.found and answer.answer
    ]
