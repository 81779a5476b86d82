"""What one reader sees and does on the page: every act, and the parts of the page that change with it.

A part is a name and its new value (`Parts`); `ui` knows which component each belongs to. What the page sends are ids,
and they are authorised here every time they are used: who sends them and where they were kept is no authority.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any
from weakref import WeakValueDictionary

from markupsafe import Markup

from retrieval import Document, DocumentRecord, Matter, PinciteError, find_quote, own_words, pin_cite
from webapp.answers.follow_up import standalone
from webapp.core.errors import NoSuchConversation, TooSlow
from webapp.core.limits import check_chosen, check_words
from webapp.core.log import known
from webapp.core.results import (
    Item,
    MentionsResult,
    SameWordsRow,
    SpanRow,
    SummaryResult,
    cite_fields,
    items,
    ranges,
)
from webapp.core.wording import plural
from webapp.page.html import chat as render
from webapp.page.html import evidence as render_evidence
from webapp.page.html import sidebar as render_sidebar
from webapp.page.html import summary as render_summary
from webapp.page.html.parts import NOTHING, lines
from webapp.page.uploads import Arriving
from webapp.service.fair_turns import Turn
from webapp.service.mentions import MOST_KEPT, SEARCH_SECONDS, mentions, page_result
from webapp.service.running import Asking, Askings, UnderWay, history_of
from webapp.service.startup import Opening
from webapp.service.summarise import Summarising
from webapp.service.workspace import SAMPLE_MATTER, Workspace
from webapp.store.conversations import Conversation, SavedTurn
from webapp.store.users import User
from webapp.web.authentication import Asking as Request
from webapp.web.authentication import user_of

# Each has its answer in one section of the sample; tried with the bundled search model.
EXAMPLES = (
    "Can the customer end the contract without giving a reason?",
    "What happens if the buyer pays late?",
    "How long does a party have to put right a serious breach?",
)

# How often a page looks for what has changed by itself: while its documents come in, and else.
OFTEN_SECONDS, SELDOM_SECONDS = 1.0, 5.0
ACTS_AT_ONCE = 4  # of one user, in all their pages; an answer that is being written is no act
STATES_SECONDS = 1.0  # for which all pages share one look at stores, search and engine

Parts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reader is. `scope` holds for the next conversation; `editing` is the turn that the next question replaces."""

    opened: bool = False
    matter_id: str = ""
    conversation_id: str = ""
    scope: tuple[str, ...] | None = None
    editing: str = ""


class Desks:
    """The page of one process: the workspace once it is open, and the answers under way."""

    def __init__(self, opening: Opening, arriving: Arriving) -> None:
        self._opening = opening
        self._arriving = arriving
        self._states: tuple[float, dict[str, str]] = (0.0, {"stores": "loading"})
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self.askings = Askings()

    @property
    def open(self) -> bool:
        """Whether the records are there."""
        return self._opening.workspace is not None

    def of(self, request: Request) -> "Desk":
        """The desk of whoever sends the request. Raises NotAllowed, and what keeps the workspace from opening."""
        workspace = self._opening.opened()
        return Desk(workspace, user_of(request, workspace.settings, workspace.welcome), self.askings, self._arriving)

    @asynccontextmanager
    async def turn(self, request: Request) -> AsyncIterator["Desk"]:
        """`of`, once fewer than ACTS_AT_ONCE acts of this user are under way: what one does slows their own pages alone."""
        desk = await asyncio.to_thread(self.of, request)
        turns = self._turns.setdefault(desk.share_key, asyncio.Semaphore(ACTS_AT_ONCE))
        async with turns:
            yield desk

    async def states(self) -> dict[str, str]:
        """How stores, search and engine are."""
        if time.monotonic() - self._states[0] > STATES_SECONDS:
            self._states = time.monotonic(), self._states[1]  # who comes meanwhile looks not again
            states = await asyncio.to_thread(self._opening.states)
            workspace = self._opening.workspace
            states["engine"] = await workspace.writers.state() if workspace else "loading"
            self._states = time.monotonic(), states
        return self._states[1]


class Desk:
    """One reader's page."""

    def __init__(self, workspace: Workspace, user: User, askings: Askings, arriving: Arriving) -> None:
        self._workspace, self._user, self._askings, self._arriving = workspace, user, askings, arriving
        self._access, self._conversations = workspace.access, workspace.conversations

    @property
    def share_key(self) -> str:
        """Under what their acts are counted."""
        return self._workspace.share_key(self._user)

    # What is seen

    def all(self, place: Place) -> Parts:
        """Everything; where the place names something that is not there any more, what comes next to it."""
        mine = self._access.matters(self._user)
        matter = _matter(place, mine)
        conversation = self._conversation(place)
        if conversation is not None and matter is not None and conversation.matter_id != matter.id:
            matter = self._access.matter(self._user, conversation.matter_id)
        place = replace(
            place,
            opened=True,
            matter_id=matter.id if matter else "",
            conversation_id=conversation.id if conversation else "",
            scope=conversation.scope if conversation else place.scope,
            editing="",
        )
        turns = self._conversations.turns(self._user, conversation.id) if conversation else []
        records = self._records(matter)
        parts = self._sidebar(place, matter, records) | self._talk(place, matter, records, turns)
        parts |= {"place": place, "matters": render_sidebar.matters(mine, matter), "notice": NOTHING}
        return parts | self._evidence_of(place, turns) | {"busy": self._askings.of(place.conversation_id) is not None}

    def at(self, place: Place) -> Parts:
        """Everything at a place that the reader comes to; what is being written there is followed from now on."""
        parts = self.all(place)
        return parts | {"following": _new() if parts["busy"] else ""}

    def kept(self, place: Place) -> Parts:
        """Everything, after something was written in the conversation. Raises what kept it from being kept."""
        writing = self._askings.last(place.conversation_id)
        if writing is not None and writing.error is not None:
            raise writing.error
        parts = self.all(place)
        if writing is None:
            turns = self._conversations.turns(self._user, place.conversation_id) if place.conversation_id else []
            return parts | {"said": _said(turns[-1] if turns else None)}
        return parts | {"said": _said(writing.turn)}

    def sidebar(self, place: Place) -> Parts:
        """What changes by itself: the documents on their way in."""
        matter = _matter(place, self._access.matters(self._user))
        records = self._records(matter)
        parts = self._sidebar(place, matter, records)
        if matter is not None and not place.conversation_id:
            parts |= _empty(matter, records)
        return parts

    def meant(self, place: Place, question: str) -> list[DocumentRecord]:
        """The documents between which a question leaves the choice, likeliest first; none where it is clear.

        For what is asked in the conversation, in its scope. Needs no model.
        """
        matter = self._access.matter(self._user, place.matter_id)
        conversation = self._conversation(place)
        turns = self._conversations.turns(self._user, conversation.id) if conversation else []
        records = {r.id: r for r in self._asked(matter, conversation.scope if conversation else place.scope)}
        query = standalone(history_of(turns), question)
        close = self._workspace.searcher.route(matter.id, query, list(records)).close
        return [records[id_] for id_ in close]

    # What is done

    def upload(self, place: Place, uploads: Sequence[str]) -> Parts:
        """Take these uploads of the user into the matter; reading goes on without the page."""
        refused = []
        for told in uploads:
            try:
                upload = self._arriving.claim(self._user.id, told)
                try:
                    matter = self._access.matter(self._user, place.matter_id)
                    self._workspace.library.check_size(upload.name, upload.size)
                    self._access.accept(self._user, matter, upload.path, upload.name)
                finally:
                    self._arriving.drop(upload)
            except PinciteError as error:
                refused.append(render.notice(str(known(error)), error.hint))
        self._workspace.wake()
        return self.sidebar(place) | {"notice": lines(refused)}

    def remove(self, place: Place, document_id: str) -> Parts:
        """Take a document out of the matter."""
        record = self._access.record(self._user, place.matter_id, document_id)
        self._workspace.ingest.remove(record.matter_id, record.id)
        return self.all(place)

    def make_matter(self, name: str) -> Parts:
        """Make a matter and go there."""
        return self.at(Place(matter_id=self._access.create(self._user, name).id))

    def delete_matter(self, matter_id: str) -> Parts:
        """Delete a matter with everything in it."""
        self._access.check(self._user, matter_id)
        self._workspace.delete_matter(self._access.matter(self._user, matter_id))
        return self.at(Place())

    def delete(self, place: Place, conversation_id: str) -> Parts:
        """Delete a conversation."""
        self._conversations.delete(self._user, conversation_id)
        return self.at(place)

    def choose(self, place: Place, scope: Sequence[str] | None) -> Parts:
        """Ask these documents from now on; None asks all of them."""
        check_chosen(scope or ())
        matter = _matter(place, self._access.matters(self._user))
        records = self._records(matter)
        said = set(scope or ())  # kept is only what is there: else each conversation could hold a list of anything
        chosen = None if scope is None else tuple(record.id for record in records if record.id in said)
        conversation = self._conversation(place)
        if conversation is not None:
            self._conversations.change(self._user, conversation.id, title=conversation.title, scope=chosen)
        place = replace(place, scope=chosen)
        return self._sidebar(place, matter, records) | {"place": place}

    def rate(self, place: Place, turn_id: str, rating: int) -> Parts:
        """Keep what the reader thinks of an answer; the same once more takes it back."""
        turn = self._turn(place, turn_id)
        self._conversations.rate(self._user, turn.id, None if turn.rating == rating else 1 if rating > 0 else -1)
        return {"past": render.past(self._conversations.turns(self._user, place.conversation_id))}

    def edit(self, place: Place, turn_id: str) -> Parts:
        """Put a question back into the box; sending it replaces the turn and what came after it."""
        turn = self._turn(place, turn_id)
        words = render.notice(
            "You are editing an earlier question.", "Sending it replaces the answer and what follows."
        )
        return {"place": replace(place, editing=turn.id), "question": turn.question, "notice": words}

    def show(self, place: Place, turn_id: str, item: int, zoom: float) -> Parts:
        """The evidence of an answer, a newer or an older one."""
        turns = self._conversations.turns(self._user, place.conversation_id)
        turn = next((turn for turn in turns if turn.id == turn_id), None)
        if turn is None:
            raise NoSuchConversation()
        return {"evidence": self._evidence(place.matter_id, turn, item, zoom)}

    async def ask(self, place: Place, question: str, *, again: str = "", about: Sequence[str] = ()) -> Parts:
        """Ask, in the conversation or in a new one; or, where the question leaves the choice between documents, show them.

        `again` is a turn that the new one replaces. `about` are the documents that the reader chose: one is asked from
        now on, several leave the scope as it is.
        """
        check_words(question)
        check_chosen(about)
        replaced = again or place.editing
        if not replaced:
            await asyncio.to_thread(self._conversations.check_room, self._user, place.conversation_id)
        if not again and not about and (meant := await asyncio.to_thread(self.meant, place, question)):
            chosen = render.choice(question, [(record.id, record.name) for record in meant])
            return {"now": chosen, "said": f"This fits {len(meant)} documents. Choose which one you mean."}
        if len(about) == 1:
            place = (await asyncio.to_thread(self.choose, place, about))["place"]

        def prepare() -> Asking:
            matter, conversation = self._into(place, question, replaced)
            turns = self._conversations.turns(self._user, conversation.id)
            records = self._asked(matter, conversation.scope)
            return Asking(self._workspace, self._user, conversation, question, history_of(turns), records)

        return await self._begin(place, await asyncio.to_thread(prepare), "Searching the documents.")

    async def summarise(self, place: Place, document_id: str, *, again: str = "") -> Parts:
        """Summarise a document, in the conversation or in a new one."""

        def prepare() -> Summarising:
            record = self._access.record(self._user, place.matter_id, document_id)
            _, conversation = self._into(place, f"Summary of {record.name}", again)
            return Summarising(self._workspace, self._user, conversation, record)

        return await self._begin(place, await asyncio.to_thread(prepare), "Summarising the document.")

    async def find(self, place: Place, phrase: str, *, again: str = "") -> Parts:
        """Every mention of exactly these words, as a turn of the conversation or of a new one. Needs no model.

        Looked for in the user's turn; a search that does not get it in time, or that is one too many, changes nothing.
        """
        check_words(phrase)

        replaced = again or place.editing
        workspace, user = self._workspace, self._user

        def prepare() -> tuple[Matter, list[DocumentRecord]]:
            if replaced:
                self._turn(place, replaced)
            matter, conversation = self._access.matter(user, place.matter_id), self._conversation(place)
            return matter, self._asked(matter, conversation.scope if conversation else place.scope)

        matter, records = await asyncio.to_thread(prepare)

        def look(turn: Turn) -> MentionsResult:
            ids = {record.id for record in records}
            found = mentions(workspace, user, matter.id, phrase, ids, turn=turn, most=MOST_KEPT)
            return page_result(phrase, records, found)

        try:
            result = await workspace.searches.run(workspace.share_key(user), SEARCH_SECONDS, look)
        except TimeoutError:
            raise TooSlow(seconds=SEARCH_SECONDS) from None

        def keep() -> Parts:
            _, conversation = self._into(place, f"Every mention of “{phrase}”", replaced)
            self._conversations.add_turn(user, conversation.id, phrase, result, "complete")
            told = f"{plural(result.count, 'mention')} found."
            return self.all(replace(place, conversation_id=conversation.id)) | {"question": "", "said": told}

        return await asyncio.to_thread(keep)

    async def again(self, place: Place, turn_id: str) -> Parts:
        """Ask a turn's question anew, or make its summary anew; the new turn takes its place."""
        turn = await asyncio.to_thread(self._turn, place, turn_id)
        if isinstance(turn.answer, SummaryResult):
            return await self.summarise(place, turn.answer.document_id, again=turn.id)
        if isinstance(turn.answer, MentionsResult):
            return await self.find(place, turn.question, again=turn.id)
        return await self.ask(place, turn.question, again=turn.id)

    async def follow(self, place: Place) -> AsyncGenerator[Parts]:
        """What is being written in a conversation, batch by batch to its end; `kept` shows it from then on."""
        conversation = await asyncio.to_thread(self._conversations.one, self._user, place.conversation_id)
        if writing := self._askings.of(conversation.id):
            async for _ in writing.follow():
                yield _draft(writing)

    async def stop(self, place: Place) -> None:
        """Stop the answer that is being written; whoever follows it sees what is kept of it."""
        conversation = await asyncio.to_thread(self._conversations.one, self._user, place.conversation_id)
        if asking := self._askings.of(conversation.id):
            await asking.stop()

    async def _begin(self, place: Place, writing: UnderWay, said: str) -> Parts:
        await self._askings.begin(writing)
        begun = await asyncio.to_thread(self.all, replace(place, conversation_id=writing.conversation_id))
        return begun | {"question": "", "busy": True, "following": _new(), "said": said} | _draft(writing)

    def _into(self, place: Place, title: str, replaced: str) -> tuple[Matter, Conversation]:
        """The conversation that a new turn goes to, made where there is none; a replaced turn and what follows it go."""
        turn = self._turn(place, replaced) if replaced else None
        matter = self._access.matter(self._user, place.matter_id)
        conversation = self._conversation(place) or self._conversations.start(self._user, matter, title, place.scope)
        if turn is not None:
            self._conversations.cut(self._user, turn.id)
        else:
            self._conversations.check_room(self._user, conversation.id)
        return matter, conversation

    # What it is made of

    def _conversation(self, place: Place) -> Conversation | None:
        with suppress(NoSuchConversation):
            if place.conversation_id:
                return self._conversations.one(self._user, place.conversation_id)
        return None

    def _turn(self, place: Place, turn_id: str) -> SavedTurn:
        for turn in self._conversations.turns(self._user, place.conversation_id):
            if turn.id == turn_id:
                return turn
        raise NoSuchConversation()

    def _asked(self, matter: Matter, scope: Sequence[str] | None) -> list[DocumentRecord]:
        records = self._access.documents(self._user, matter)
        chosen = None if scope is None else set(scope)
        return [r for r in records if r.state == "ready" and (chosen is None or r.id in chosen)]

    def _records(self, matter: Matter | None) -> list[DocumentRecord]:
        return self._access.documents(self._user, matter) if matter else []

    def _sidebar(self, place: Place, matter: Matter | None, records: Sequence[DocumentRecord]) -> Parts:
        said = self._conversations.all(self._user, matter) if matter else []
        ready = [record for record in records if record.state == "ready"]
        scope = render_sidebar.scope(matter, ready, len(records), place.scope) if matter else NOTHING
        return {
            "documents": render_sidebar.documents(records),
            "conversations": render_sidebar.conversations(said, place.conversation_id),
            "scope": scope,
            "pace": OFTEN_SECONDS if any(r.state not in ("ready", "failed") for r in records) else SELDOM_SECONDS,
        }

    def _talk(
        self, place: Place, matter: Matter | None, records: Sequence[DocumentRecord], turns: Sequence[SavedTurn]
    ) -> Parts:
        asking = self._askings.of(place.conversation_id)
        now = _draft(asking)["now"] if asking else NOTHING
        said = {"past": render.past(turns), "now": now}
        return said | ({"empty": NOTHING} if turns or asking or matter is None else _empty(matter, records))

    def _evidence_of(self, place: Place, turns: Sequence[SavedTurn]) -> Parts:
        """The evidence of the newest answer that has any."""
        for turn in reversed(turns):
            if items(turn.answer):
                return {"evidence": self._evidence(place.matter_id, turn, 0, 1.0)}
        return {"evidence": render_evidence.nothing_chosen()}

    def _evidence(self, matter_id: str, turn: SavedTurn, item: int, zoom: float) -> Markup:
        shown = items(turn.answer)
        if not shown:
            return render_evidence.nothing_chosen()
        at = min(max(item, 0), len(shown) - 1)
        row = shown[at].row
        words = ""
        with suppress(PinciteError, ValueError):  # it was removed, or came back and is not read yet or reads otherwise
            document = self._workspace.library.document(matter_id, row.document_id)
            if isinstance(row, SameWordsRow):
                row = _said_there(document, row, turn.answer.citations[row.citation].quote)
                shown[at] = Item(shown[at].kind, row)
            words = own_words(document, *(document.span(*span) for span in row.spans))
        return render_evidence.evidence(matter_id, turn.id, shown, at, words, zoom)


def _said_there(document: Document, row: SameWordsRow, quote: str | None) -> SpanRow:
    """The place of a quotation in a passage that says the same as the quoted one; of the passage without one."""
    passage = document.span(row.start, row.end)
    match = find_quote(document, quote, passage) if quote else None
    cite = pin_cite(document, *(match.parts if match else (passage,)))
    return SpanRow(**cite_fields(cite), spans=ranges(cite.spans))


def _matter(place: Place, mine: Sequence[Matter]) -> Matter | None:
    """The matter of a place; where it is not there any more, the sample or another."""
    there = (matter for matter in mine if matter.id == place.matter_id)
    sample = (matter for matter in mine if matter.name == SAMPLE_MATTER)
    return next(chain(there, sample, mine), None)


def _empty(matter: Matter, records: Sequence[DocumentRecord]) -> Parts:
    """The chat before its first question: a part of its own, for a look that comes late must wipe no answer away."""
    states = [record.state for record in records]
    ready = states.count("ready")
    waiting = len(states) - ready - states.count("failed")
    examples = EXAMPLES if matter.name == SAMPLE_MATTER else ()
    return {"empty": render.empty(matter.name, examples, ready=ready, waiting=waiting)}


def _new() -> str:
    """A value that differs from the last: what is followed anew is followed again, though it is the same."""
    return uuid.uuid4().hex


def _draft(writing: UnderWay) -> Parts:
    match writing:
        case Summarising():
            part = (writing.part.n, writing.part.of, writing.part.clauses) if writing.part else None
            return {"now": render_summary.writing(writing.question, part, writing.so_far, writing.draft)}
        case Asking():
            searching = writing.found is None
            return {"now": render.writing(writing.question, writing.draft, searching=searching, before=writing.before)}
    return {}


def _said(turn: SavedTurn | None) -> str:
    """What a screen reader is told of the end of an answer."""
    if turn is None:
        return ""
    if turn.state != "complete":
        return "The answer was stopped." if turn.state == "stopped" else "The question could not be answered."
    if not turn.answer.found:
        return "Nothing was found."
    count = len(turn.answer.citations)
    if isinstance(turn.answer, SummaryResult):
        return f"The summary is there, with {count} citation{'' if count == 1 else 's'}."
    return f"The answer is there, with {count} citation{'' if count == 1 else 's'}."
