"""Background tasks that write answers and summaries, at most one per conversation, and save them as turns.

A task belongs to its conversation, not to the tab that asked: a reloaded page finds it still running, a closed tab does
not end it, and Stop works from any tab. What was written until then is saved.
"""

import asyncio
import re
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from retrieval import DocumentRecord, PinciteError
from webapp.answers.answer import Answer, Found, Scope, Waiting
from webapp.answers.document_row import DocumentAnswer
from webapp.answers.each_document import EachQuestion, Row, stopped
from webapp.answers.generate import Delta, Trouble
from webapp.answers.history import Turn
from webapp.core.log import user_error
from webapp.core.results import NOTHING_FOUND, AnswerResult, TurnResult
from webapp.grounding.check import check
from webapp.service.ask import answer_in_turn, page_result
from webapp.service.provenance import Provenance
from webapp.service.workspace import Workspace
from webapp.store.conversations import Conversation, SavedTurn, State
from webapp.store.users import User

BATCH_SECONDS = 0.08  # between two updates of a draft: fast enough to read along, a twelfth of one update per token
_BEGUN = re.compile(r"\n[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]*\Z")  # an item of a list of which there is no word yet
IDLE_SECONDS = 15.0  # after which a follower hears that nothing is new: proxies cut what is silent for a minute
RESTS = 4  # pause, as a multiple of the time to show the last update: with many readers each gets fewer, larger updates


class Running(ABC):
    """Background task that writes one turn of a conversation: its draft so far, and at the end the saved turn."""

    def __init__(self, workspace: Workspace, user: User, conversation: Conversation, question: str) -> None:
        self.question = question
        self.turn_id = uuid.uuid4().hex  # of the turn that it will be
        self.provenance = Provenance(workspace, conversation.matter_id, self.turn_id)
        self.draft = ""
        self.troubles: list[PinciteError] = []
        self.turn: SavedTurn | None = None
        self.error: PinciteError | None = None  # why the turn could not be saved
        self._workspace, self._user, self._conversation = workspace, user, conversation
        self._task: asyncio.Task[None] | None = None
        self._under_way = True

    @property
    @abstractmethod
    def progress(self) -> object:
        """A value that changes with every update."""

    @abstractmethod
    async def _write(self) -> TurnResult:
        """Write the turn; return the result to save."""

    @abstractmethod
    def _partial(self) -> TurnResult:
        """The result to save after a stop or an error."""

    @property
    def conversation_id(self) -> str:
        """Id of the conversation that the turn is saved in."""
        return self._conversation.id

    @property
    def matter_id(self) -> str:
        """Id of the matter that the conversation belongs to."""
        return self._conversation.matter_id

    @property
    def done(self) -> bool:
        """Whether the task has ended."""
        return self._task is not None and self._task.done()

    def start(self) -> None:
        """Start the task; returns at once. Needs a running event loop."""
        self._task = asyncio.create_task(self._run())

    @property
    def _started_task(self) -> asyncio.Task[None]:
        if self._task is None:
            raise RuntimeError("the task has not been started")
        return self._task

    async def stop(self) -> None:
        """Cancel the writing, which closes the language model's stream, and wait until the partial turn is saved."""
        task = self._started_task
        if self._under_way:
            self._under_way = False
            task.cancel()
        await asyncio.wait({task})

    async def follow(self) -> AsyncGenerator[bool]:
        """Yield True after each batch of updates until the task is done, and False after IDLE_SECONDS without any.

        Closing the iterator does not stop the task.
        """
        task = self._started_task
        last_progress: object = None
        pause, yielded_at = BATCH_SECONDS, time.monotonic()
        while not self.done:
            await asyncio.wait({task}, timeout=pause)
            start = time.monotonic()
            is_new = self.progress != last_progress
            if not self.done and (is_new or start - yielded_at > IDLE_SECONDS):
                last_progress = self.progress
                yield is_new
                yielded_at = time.monotonic()
                pause = max(BATCH_SECONDS, RESTS * (yielded_at - start))

    async def _run(self) -> None:
        state: State = "complete"
        result: TurnResult | None = None
        failure: PinciteError | None = None
        try:
            result = await self._write()
        except asyncio.CancelledError:
            state = "stopped"
        except Exception as error:  # noqa: BLE001 (the error is saved with the turn)
            state, failure = "failed", user_error(error)
        self._under_way = False
        save = self._workspace.conversations.add_turn
        try:
            if result is None:
                result = await asyncio.to_thread(self._partial)
            made_by = await asyncio.to_thread(self.provenance.row)
            outcome = result.ended(self.troubles, failure).model_copy(update={"made_by": made_by})
            kept = (self._user, self._conversation.id, self.question, outcome, state)
            self.turn = await asyncio.to_thread(save, *kept, turn_id=self.turn_id)
        except Exception as error:  # noqa: BLE001 (the conversation was deleted meanwhile, or its store is away)
            self.error = user_error(error)


class RunningAnswer(Running):
    """Background task that writes one answer."""

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
        self.thorough = False  # whether passages that are left out are read in further windows
        self.before = 0  # answers ahead of it in the queue
        self.found: Found | None = None
        self._asked: EachQuestion | None = None  # where the question is put to each document
        self._rows: dict[str, DocumentAnswer] = {}  # by document id
        self._history, self._records = history, records

    @property
    def progress(self) -> object:
        """A value that changes with every update."""
        return self.before, len(self.draft), self.found is not None, len(self.troubles), tuple(self._rows.values())

    @property
    def rows_so_far(self) -> AnswerResult | None:
        """The rows that are there, and the others as not read; None if the question is not put to each document."""
        return self._result(stopped(self._rows, self._asked)) if self._asked else None

    @property
    def rows_done(self) -> tuple[int, int]:
        """How many of the documents have a row."""
        return len(self._rows), len(self._asked.records) if self._asked else 0

    def _partial(self) -> AnswerResult:
        """The draft so far, checked: a quotation that is not on its page is not shown as one."""
        if rows := self.rows_so_far:
            return rows
        if self.found is None:
            return NOTHING_FOUND.model_copy(update={"answer": self.draft, "query": self.question})
        library, matter_id, found = self._workspace.library, self._conversation.matter_id, self.found
        documents = {p.document_id: library.document(matter_id, p.document_id) for p in found.passages}
        checked = check(_BEGUN.sub("", self.draft), found.passages, documents)
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
        scope = replace(Scope.of(self._conversation.matter_id, self._records), thorough=self.thorough)
        events = answer_in_turn(self._workspace, self._user, self.question, self._history, scope, self.provenance)
        result: AnswerResult | None = None
        async with aclosing(events):
            async for event in events:
                self.before = event.before if isinstance(event, Waiting) else 0
                match event:
                    case Found():
                        self.found = event
                    case EachQuestion():
                        self._asked = event
                    case Row():
                        self._rows[event.answer.record.id] = event.answer
                    case Delta():
                        self.draft = event.after(self.draft)
                    case Trouble():
                        self.troubles.append(event.error)
                    case Answer():
                        result = self._result(event)
        if result is None:
            raise RuntimeError("the events ended before the answer")
        return result


class RunningAnswers:
    """Registry of the running tasks of one process, by conversation. For one event loop."""

    def __init__(self) -> None:
        self._tasks: dict[str, Running] = {}

    def of(self, conversation_id: str | None) -> Running | None:
        """The running task of a conversation, if there is one."""
        task = self.last(conversation_id)
        return task if task and not task.done else None

    def last(self, conversation_id: str | None) -> Running | None:
        """The last task of a conversation, also a finished one; those are dropped when the next task begins."""
        return self._tasks.get(conversation_id or "")

    async def begin(self, task: Running) -> None:
        """Start a task in its conversation; one that still runs there is stopped first."""
        self._tasks = {id_: each for id_, each in self._tasks.items() if not each.done}
        if previous := self.of(task.conversation_id):
            await previous.stop()
        self._tasks[task.conversation_id] = task
        task.start()
