"""A page without a browser: its controller, where it is, and what its parts show."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from markupsafe import Markup

from retrieval import DocumentRecord, Matter
from retrieval.search.indexes import Indexes
from retrieval.structure.chunks import cut
from tests.documents import document
from tests.pdfs import make_pdf
from webapp.core.results import AnswerResult
from webapp.page.acts import read_act
from webapp.page.controller import Controller
from webapp.page.html.listing import Listing
from webapp.page.state import PageState
from webapp.page.updates import Updates, draft_html
from webapp.page.uploads import UploadStore
from webapp.service.running import RunningAnswers
from webapp.service.workspace import SAMPLE_MATTER, Workspace
from webapp.store.conversations import SavedTurn
from webapp.store.users import User


def ready(workspace: Workspace, matter: Matter, name: str, text: str) -> DocumentRecord:
    """A document of a matter that has been read and indexed, without a process that reads it.

    Pages end at form feeds.
    """
    data = text.encode() if name.endswith(".txt") else make_pdf([name])
    record = workspace.library.accept(matter.id, name, data)
    version = workspace.library.converter_version(record)
    read = replace(document(text, id_=record.id, name=name), version=version)
    workspace.library.keep_text(record, read)
    chunks, texts = zip(*cut(read), strict=True)
    vectors = workspace.embedder.passages(texts)
    record = replace(record, state="ready", pages=len(read.pages), page=len(read.pages), characters=len(text))
    record = replace(record, text_version=version)
    indexes = Indexes(workspace.library, workspace.vectors, workspace.lexical, workspace.embedder)
    indexes.put(record, text, chunks, texts, vectors, lambda: None)
    return record


def read_in_name(workspace: Workspace, user: User) -> None:
    """Let the sample of a user count as read, where it matters to no test what its text is."""
    for record in workspace.library.documents(workspace.access.matter(user, SAMPLE_MATTER).id):
        version = workspace.library.converter_version(record)
        workspace.library.keep_text(record, replace(document("1. Rent.", id_=record.id), version=version))
        workspace.library.jobs.save(replace(record, state="ready", pages=1, text_version=version))


class Page:
    """One page of one user."""

    def __init__(
        self, workspace: Workspace, user: User, matter_id: str = "", running: RunningAnswers | None = None
    ) -> None:
        self.workspace, self.user = workspace, user
        self.running = running or RunningAnswers()
        self.uploads = UploadStore(workspace.settings)
        self.controller = Controller(workspace, user, self.running, self.uploads)
        self.shown: Updates = {}
        self.take(self.controller.open(PageState(matter_id=matter_id)))

    @property
    def state(self) -> PageState:
        return self.shown["state"]

    def take(self, updates: Updates) -> Updates:
        """Show what an action gives."""
        self.shown = self.shown | updates
        return updates

    def do(self, name: str, **fields: str) -> Updates:
        """An act of the table, to its end: what is written is followed until it is there."""
        return asyncio.run(self.done(name, **fields))

    def ask(self, question: str) -> Updates:
        return self.do("example", question=question)

    async def begun(self, name: str, **fields: str) -> Updates:
        act, values = read_act({"do": name, **fields})
        return self.take(await act.run(self.controller, self.state, values))

    async def done(self, name: str, **fields: str) -> Updates:
        updates = await self.begun(name, **fields)
        return await self.written() if updates.get("busy") else updates

    async def written(self) -> Updates:
        """Follow what is being written to its end."""
        async for _ in self.drafts():
            pass
        return self.take(await asyncio.to_thread(self.finished))

    async def drafts(self) -> AsyncGenerator[Markup]:
        """What is being written, as it grows."""
        state = self.state
        running = self.controller.followed(state.matter_id, state.conversation_id, state.writing)
        if running is not None:
            async with aclosing(running.follow()) as batches:
                async for _ in batches:
                    yield draft_html(running)

    def finished(self) -> Updates:
        """What is shown once it has ended."""
        return self.controller.finished(self.state, self.state.writing)

    def turns(self) -> list[SavedTurn]:
        return self.workspace.conversations.turns(self.user, self.state.conversation_id)

    def answer(self, position: int = -1) -> AnswerResult:
        """The answer of a turn."""
        result = self.turns()[position].answer
        assert isinstance(result, AnswerResult)
        return result

    def searched(self) -> list[int]:
        """In how many documents each turn looked."""
        return [turn.answer.searched.documents for turn in self.turns() if turn.answer.searched]

    def titles(self) -> list[str]:
        """Of the conversations that the sidebar lists."""
        return [row["title"] for row in rows_of(self.shown["conversations"])][::-1]

    def here(self) -> list[str]:
        """The documents that the sidebar lists."""
        return [row["name"] for row in rows_of(self.shown["documents"])]


def rows_of(listing: Listing | str) -> list[dict[str, Any]]:
    """The rows of a list that the page's script draws."""
    assert isinstance(listing, Listing)
    return [json.loads(row) for _, row in listing.rows]


class Element:
    """An element of a piece of HTML; its text is that of all within."""

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag, self.attributes, self.text = tag, attributes, ""

    @property
    def act(self) -> str | None:
        return self.attributes.get("data-do") or self.attributes.get("data-change")


class _Elements(HTMLParser):
    VOID = ("input", "img", "br", "rect", "progress")

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Element] = []
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: Sequence[Any]) -> None:
        self.all.append(Element(tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self._open.append(self.all[-1])

    def handle_endtag(self, tag: str) -> None:
        while tag not in self.VOID and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data


def elements(html: str, act: str | None = None) -> list[Element]:
    """The elements of a piece of HTML, in order; with `act` those that do it."""
    parser = _Elements()
    parser.feed(html)
    return [each for each in parser.all if act is None or each.act == act]


def words(html: str, tag: str) -> list[str]:
    """The text of each element of a kind."""
    return [each.text for each in elements(html) if each.tag == tag]
