"""Answers that are being written, one in a conversation, whoever is looking.

An answer belongs to its conversation and not to the tab that asked: a page that is loaded again finds it going on, a
closed tab does not lose it, and stop ends it from wherever it is pressed. What was written until then is kept.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from retrieval import DocumentRecord, PinciteError
from webapp.answer import Answer, Delta, Found, Scope, Trouble, Waiting
from webapp.answering import in_turn, page_row
from webapp.citations import check
from webapp.conversation import Turn
from webapp.conversations import Conversation, SavedTurn, State
from webapp.log import known
from webapp.records import User
from webapp.rows import Body
from webapp.workspace import Workspace

BATCH_SECONDS = 0.08  # between two looks at a draft: fast enough to read along, a twelfth of the updates of each token


class Asking:
    """One answer under way: what there is of it so far, and in the end the turn that is kept."""

    def __init__(self, workspace: Workspace, user: User, conversation: Conversation, question: str) -> None:
        self.question = question
        self.before = 0  # how many answers come before it
        self.draft = ""
        self.found: Found | None = None
        self.troubles: list[PinciteError] = []
        self.turn: SavedTurn | None = None
        self.error: PinciteError | None = None  # what kept the turn from being kept
        self._workspace, self._user, self._conversation = workspace, user, conversation
        self._task: asyncio.Task[None] | None = None
        self._writing = True

    @property
    def done(self) -> bool:
        """Whether nothing more will come."""
        return self._task is not None and self._task.done()

    def start(self, history: Sequence[Turn], records: Sequence[DocumentRecord]) -> None:
        """Begin; returns at once. Needs a running event loop."""
        self._task = asyncio.create_task(self._run(history, records))

    async def stop(self) -> None:
        """End the writing, which closes the engine's stream, and wait until what there is has been kept."""
        assert self._task is not None
        if self._writing:
            self._writing = False
            self._task.cancel()
        await asyncio.wait({self._task})

    async def follow(self) -> AsyncGenerator[None]:
        """A tick for each batch of news, until it is done. Who stops following does not stop the answer."""
        assert self._task is not None
        seen: object = None
        while not self.done:
            await asyncio.wait({self._task}, timeout=BATCH_SECONDS)
            stand = self.before, len(self.draft), self.found is not None, len(self.troubles)
            if stand != seen and not self.done:
                seen = stand
                yield

    async def _run(self, history: Sequence[Turn], records: Sequence[DocumentRecord]) -> None:
        state: State = "complete"
        row: Body = {}
        try:
            row = await self._write(history, {record.id: record for record in records})
        except asyncio.CancelledError:
            state = "stopped"
        except Exception as error:
            state = "failed"
            row = {"error": str(told := known(error)), "hint": told.hint}
        self._writing = False
        if self.found and "searched" not in row:
            row = await asyncio.to_thread(self._partial, self.found, records) | row
        row = {"answer": self.draft, **row, "notices": [_told(error) for error in self.troubles]}
        row["query"] = self.found.searched.query if self.found else self.question
        keep = self._workspace.conversations.add_turn
        try:
            self.turn = await asyncio.to_thread(keep, self._user, self._conversation.id, self.question, row, state)
        except Exception as error:  # the conversation was deleted meanwhile, or its store is away
            self.error = known(error)

    def _partial(self, found: Found, records: Sequence[DocumentRecord]) -> Body:
        """What had been written, checked as far as it goes: a quotation that is not on its page is not shown as one."""
        library, matter_id = self._workspace.library, self._conversation.matter_id
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
        return page_row(partial, {record.id: record for record in records})

    async def _write(self, history: Sequence[Turn], records: dict[str, DocumentRecord]) -> Body:
        scope = Scope(self._conversation.matter_id, tuple(records.values()))
        events = in_turn(self._workspace, self._user, self.question, history, scope)
        row: Body = {}
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
                        row = page_row(event, records)
        return row


class Askings:
    """The answers under way in one process, by conversation. For one event loop."""

    def __init__(self) -> None:
        self._askings: dict[str, Asking] = {}

    def of(self, conversation_id: str | None) -> Asking | None:
        """The answer that is being written in a conversation."""
        asking = self._askings.get(conversation_id or "")
        return asking if asking and not asking.done else None

    async def begin(
        self,
        workspace: Workspace,
        user: User,
        conversation: Conversation,
        question: str,
        history: Sequence[Turn],
        records: Sequence[DocumentRecord],
    ) -> Asking:
        """Ask in a conversation; an answer that is still being written there is stopped first."""
        self._askings = {id_: asking for id_, asking in self._askings.items() if not asking.done}
        if before := self.of(conversation.id):
            await before.stop()
        asking = self._askings[conversation.id] = Asking(workspace, user, conversation, question)
        asking.start(history, records)
        return asking


def history_of(turns: Sequence[SavedTurn]) -> list[Turn]:
    """What was said before, as a follow-up is to understand it: whole answers only."""
    return [
        Turn(turn.question, turn.answer["answer"], turn.answer.get("query", turn.question))
        for turn in turns
        if turn.state == "complete" and turn.answer.get("found")
    ]


def _told(error: PinciteError) -> dict[str, Any]:
    return {"error": str(error), "hint": error.hint}
