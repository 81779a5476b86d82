"""Controller of the page: one method per user action; each returns the updates of the page's parts.

The page sends ids, which are authorised here at every use, whoever sends them and wherever they were stored.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain

from markupsafe import Markup

from retrieval import (
    MEMBER,
    DocumentRecord,
    Matter,
    NoSuchDocument,
    NoSuchMatter,
    PinciteError,
    is_of_the_system,
)
from webapp.answers.answer import Scope
from webapp.answers.each_document import put_to_each
from webapp.core.errors import NoSuchConversation, NothingChosen, NothingToAsk, StillReading, TooSlow
from webapp.core.limits import check_question, check_selection, is_id
from webapp.core.log import user_error
from webapp.core.results import MentionsResult, ModelTestRow, SummaryResult
from webapp.core.stream import Progress
from webapp.core.wording import already_there, plural, still_read
from webapp.page.follow_ups import follow_ups
from webapp.page.html import chat, conversations, documents, engine, sidebar, undo
from webapp.page.html.foot import Around
from webapp.page.html.listing import Listing
from webapp.page.html.parts import NOTHING
from webapp.page.reader import Reader
from webapp.page.state import PageState
from webapp.page.updates import (
    Updates,
    chat_updates,
    choice_updates,
    draft_updates,
    edit_updates,
    empty_updates,
    end_announcement,
    failure_updates,
    list_updates,
    waiting_updates,
)
from webapp.page.uploads import UploadStore
from webapp.service.ask import history_of
from webapp.service.caller import DONE
from webapp.service.fair_turns import Deadline
from webapp.service.mentions import SEARCH_SECONDS, mentions, page_result
from webapp.service.models import Work
from webapp.service.opening_questions import OF_THE_SAMPLE
from webapp.service.running import Running, RunningAnswer, RunningAnswers
from webapp.service.summarise import RunningSummary
from webapp.service.workspace import SAMPLE_MATTER, Workspace
from webapp.store.audit import Act
from webapp.store.conversations import Conversation, SavedTurn
from webapp.store.users import User

UNDOABLE = 3  # removals that are shown
# Of what is not there and of what is another's, for neither is told from the other.
GONE = (
    "What this link leads to is not there any more, or it is not open to you.",
    "Ask whoever sent it, or choose from the list.",
)


class Controller:
    """The actions of one user."""

    def __init__(self, workspace: Workspace, user: User, running: RunningAnswers, uploads: UploadStore) -> None:
        self._workspace, self._user, self._running, self._uploads = workspace, user, running, uploads
        self._access, self._conversations = workspace.access, workspace.conversations
        self.reader = Reader(workspace, user)

    @property
    def share_key(self) -> str:
        """Key under which the user's concurrent work is counted."""
        return self._workspace.share_key(self._user)

    @property
    def user_name(self) -> str:
        """The user's name."""
        return self._user.name

    # The whole page

    def whole_page(self, state: PageState) -> Updates:
        """Updates of all parts; if the state names something that no longer exists, another takes its place."""
        matters = self._access.matters(self._user)
        matter = _matter(state, matters)
        conversation = self._conversation(state)
        if conversation is not None and matter is not None and conversation.matter_id != matter.id:
            matter = self._access.matter_by_id(self._user, conversation.matter_id)
        running = self._running.of(conversation.id) if conversation else None
        state = replace(
            state,
            opened=True,
            matter_id=matter.id if matter else "",
            conversation_id=conversation.id if conversation else "",
            scope=conversation.scope if conversation else state.scope,
            editing="",
            writing=running.turn_id if running else "",
        )
        turns = self._conversations.turns(self._user, conversation.id) if conversation else []
        records = self._records(matter)
        labels = self._workspace.sharing.matters_told_apart(matters)
        matters = [replace(each, name=labels[each.id]) for each in matters]
        chooser = sidebar.matters(matters, matter, sharing=self._workspace.has_people)
        updates: Updates = {"state": state, "matters": chooser, "notice": NOTHING, "models": self._choice(state)}
        privileged = self._privileged(state.matter_id)
        updates |= self._sidebar(state, matter, records, privileged)
        around = self._around(state, conversation, turns, privileged)
        examples = () if turns else self._examples(state, matter, records)
        updates |= chat_updates(matter, records, turns, running, around, examples)
        return updates | self.reader.shown(state, turns)

    def open(self, state: PageState) -> Updates:
        """Open the page in a state.

        Where something that it names is gone, or not for this user, the page says so, and the same of both.
        """
        updates = self.whole_page(state)
        if self._record_opening(state, updates["state"]):
            updates |= {"notice": chat.notice(*GONE), "announcement": GONE[0]}
        return updates

    def open_last(self, matter_id: str) -> Updates:
        """Open the matter that this browser showed last, or another where it is gone or not this user's."""
        is_theirs = self._access.may(self._user, matter_id)
        return self.open(PageState(matter_id=matter_id if is_theirs else ""))

    def _record_opening(self, wanted: PageState, shown: PageState) -> bool:
        """Record that the conversation of a page is read, or that the page is shown instead of what was asked for.

        Whether it is.
        """
        if shown.conversation_id:
            self._record(Act.CONVERSATION, shown.matter_id, shown.conversation_id)
        elsewhere = wanted.matter_id if wanted.matter_id != shown.matter_id else ""
        unseen = wanted.conversation_id if wanted.conversation_id != shown.conversation_id else ""
        unread = wanted.place if wanted.place and not shown.place else None
        if (elsewhere and not shown.conversation_id) or unseen:
            self.refused(NoSuchConversation() if unseen else NoSuchMatter(matter="…"), elsewhere, unseen)
        elif unread and unread.document_id:
            self.refused(NoSuchDocument(document="…"), wanted.matter_id, unread.document_id)
        elif not unread:
            return False
        return True

    def refused(self, error: Exception, matter_id: str, asked_for: str = "") -> None:
        """Record that the user asked for what they may not."""
        self._workspace.audit.refused(self._user, error, matter_id=matter_id, object=asked_for)

    def _record(self, act: Act, matter_id: str, about: str, **detail: int) -> None:
        self._workspace.audit.record(self._user, act, matter_id=matter_id, object=about, **detail)

    def finished(self, state: PageState, turn_id: str) -> Updates:
        """Updates of all parts after the turn that the page shows as being written has ended; of another, none."""
        if not turn_id or turn_id != state.writing:
            return {}
        last = self._running.last(state.conversation_id)
        its = last if last is not None and last.turn_id == turn_id else None
        if its is not None and not its.done:
            return {}
        if its is not None and its.error is not None:  # it could not be saved: the page keeps its draft
            return failure_updates(its.error) | {"state": replace(state, writing="")}
        is_reading = state.place is not None and state.place.document_id  # whom the new evidence must not interrupt
        updates = self.whole_page(state if is_reading else replace(state, place=None))
        if its is not None:
            turn = its.turn
        else:
            turns = self._conversations.turns(self._user, state.conversation_id) if state.conversation_id else []
            turn = turns[-1] if turns else None
        return updates | {"announcement": end_announcement(turn)}

    def sidebar(self, state: PageState) -> Updates:
        """Updates of what changes without an action: documents that are being ingested, an answer that has ended."""
        if state.writing and (finished := self.finished(state, state.writing)):
            return finished
        matter = _matter(state, self._access.matters(self._user))
        records = self._records(matter)
        updates = self._sidebar(state, matter, records, self._privileged(matter.id if matter else ""))
        if state.choosing:
            updates |= self._models(state)
        if matter is not None and not state.conversation_id:
            updates |= empty_updates(matter, records, self._examples(state, matter, records))
        return updates

    # Matters and conversations

    def go(self, state: PageState, to: PageState) -> Updates:
        """Go to what an address names: back, forward, or a link to another place of the page."""
        return self._go(state, to)

    def open_matter(self, state: PageState, matter_id: str) -> Updates:
        """Open a matter."""
        return self._go(state, PageState(matter_id=matter_id))

    def create_matter(self, state: PageState, name: str) -> Updates:
        """Create a matter and open it."""
        return self._go(state, PageState(matter_id=self._workspace.create_matter(self._user, name).id))

    def delete_matter(self, state: PageState, matter_id: str) -> Updates:
        """Delete a matter with everything in it, which can be undone for a while."""
        matter = self._access.matter_by_id(self._user, matter_id, "manage")
        self._workspace.order_deletion_of_matter(self._user, matter)
        return self._go(state, PageState())

    def open_conversation(self, state: PageState, conversation_id: str) -> Updates:
        """Open a conversation."""
        return self._go(state, PageState(matter_id=state.matter_id, conversation_id=conversation_id))

    def new_conversation(self, state: PageState) -> Updates:
        """Open an empty conversation, which the next question creates."""
        return self._go(state, PageState(matter_id=state.matter_id))

    def delete_conversation(self, state: PageState, conversation_id: str) -> Updates:
        """Delete a conversation, which can be undone for a while."""
        self._workspace.order_deletion(self._user, conversation_id)
        is_shown = conversation_id == state.conversation_id
        return self._go(state, replace(state, conversation_id="") if is_shown else state)

    def share_conversation(self, state: PageState, conversation_id: str, share: str) -> Updates:
        """Share a conversation with the people of its matter (`share` "yes"), or no longer."""
        self._workspace.share_conversation(self._user, conversation_id, shared=share == "yes")
        return self.sidebar(state)

    def rename_conversation(self, state: PageState, conversation_id: str, title: str) -> Updates:
        """Give a conversation of the user another title."""
        self._conversations.rename(self._user, conversation_id, title)
        return self.sidebar(state)

    def search_conversations(self, state: PageState, words: str) -> Updates:
        """Find the conversations of the matter whose questions and answers have these words."""
        matter = self._access.matter_by_id(self._user, state.matter_id)
        found = self._conversations.search(self._user, matter, words)
        return {"conversations": self._listed_conversations(matter, state, (words, [each.id for each in found]))}

    def lists(self, state: PageState) -> Updates:
        """All rows of the lists, for a page that has missed some."""
        return self.sidebar(state) | {"lists_anew": True}

    def undo(self, state: PageState, removal_id: str) -> Updates:
        """Show again what the user removed."""
        removal = self._workspace.undo(self._user, removal_id)
        if removal.kind == "matter":
            return self._go(state, PageState(matter_id=removal.matter_id))
        return self.whole_page(state)

    def _go(self, state: PageState, to: PageState) -> Updates:
        """Navigate to another state; an edit of a question is abandoned."""
        updates = self.open(to)
        return updates | {"question": ""} if state.editing else updates

    # The language model

    def show_models(self, state: PageState) -> Updates:
        """Show the language models to choose from."""
        self._workspace.models.check(self._user)
        return self._models(replace(state, choosing=True))

    def hide_models(self, state: PageState) -> Updates:
        """Close the choice of a language model."""
        return self._models(replace(state, choosing=False))

    def use_model(self, state: PageState, name: str) -> Updates:
        """Have answers written by a model of the list; a path is no name of it."""
        self._workspace.models.use(self._user, name)
        return self._models(state)

    def test_model(self, state: PageState, name: str) -> Updates:
        """Begin to ask a model of the list a sample question."""
        self._workspace.models.begin_testing(self._user, name)
        return self._models(state)

    def fetch_model(self, state: PageState, name: str) -> Updates:
        """Begin to fetch a model of the list."""
        self._workspace.models.begin_fetching(self._user, name)
        return self._models(state)

    def stop_model(self, state: PageState) -> Updates:
        """Stop fetching or testing a model."""
        self._workspace.models.stop(self._user)
        return self._models(state)

    def _models(self, state: PageState) -> Updates:
        return {"state": state, "models": self._choice(state)}

    def _choice(self, state: PageState) -> Markup:
        """Which language model writes, and the choice of another if it is open; nothing for who may not choose."""
        workspace = self._workspace
        if not workspace.sharing.administers(self._user):
            return NOTHING
        models = workspace.models
        if not state.choosing:
            return engine.entry(models.in_use)
        return engine.choice(models.offered(self._user), _doing(models.work))

    # Documents

    def upload(self, state: PageState, names: Sequence[str]) -> Updates:
        """Add these uploads of the user to the matter; they are ingested in the background."""
        refused, there = [], []
        for name in names:
            try:
                there += self._accept(state, name)
            except PinciteError as error:
                refused.append((str(user_error(error)), error.page_hint))
        self._workspace.wake()
        told = chat.notices(refused) + (chat.notice(already_there(there)) if there else NOTHING)
        return self.sidebar(state) | {"notice": told}

    def _accept(self, state: PageState, name: str) -> list[tuple[str, str]]:
        """Add an upload to the matter; its name and that of the document that it is, where that is there already."""
        upload = self._uploads.claim(self._user.id, name)
        try:
            if MEMBER in upload.name and is_of_the_system(upload.name.replace(MEMBER, "/")):
                return []  # it came with its folder, and nobody chose it
            with self._workspace.audit.refusals(self._user, matter_id=state.matter_id):
                matter = self._access.matter_by_id(self._user, state.matter_id)
                self._workspace.library.check_size(upload.name, upload.size)
                before = {record.id for record in self._records(matter) if record.state != "failed"}
                record = self._workspace.accept(self._user, matter, upload.path, upload.name)
        finally:
            self._uploads.drop(upload)
        return [(upload.name, record.name)] if record.id in before else []

    def pause_documents(self, state: PageState, ids: Sequence[str]) -> Updates:
        """Pause the ingest of documents."""
        for record in self._to_change(state, ids):
            self._workspace.ingest.pause(record.matter_id, record.id)
        return self.sidebar(state)

    def resume_documents(self, state: PageState, ids: Sequence[str]) -> Updates:
        """Go on with documents that were paused."""
        for record in self._to_change(state, ids):
            self._workspace.ingest.resume(record.matter_id, record.id)
        return self.sidebar(state)

    def retry_documents(self, state: PageState, ids: Sequence[str]) -> Updates:
        """Try documents again that could not be read."""
        for record in self._to_change(state, ids):
            self._workspace.ingest.retry(record.matter_id, record.id)
        return self.sidebar(state)

    def remove_documents(self, state: PageState, ids: Sequence[str]) -> Updates:
        """Remove documents from the matter, which can be undone for a while."""
        self._workspace.order_removal(self._user, self._to_change(state, ids))
        return self.whole_page(state)

    def set_privilege(self, state: PageState, ids: Sequence[str], on: str) -> Updates:
        """Keep documents out of exports (`on` "yes"), or let them in again."""
        for record in self._to_change(state, ids):
            self._workspace.sharing.set_privileged(self._user, record.matter_id, record.id, is_privileged=on == "yes")
        return self.whole_page(state)

    def _to_change(self, state: PageState, ids: Sequence[str]) -> list[DocumentRecord]:
        """Documents of the matter that the user may change. Raises NoSuchDocument, and what `Access.check` does."""
        check_selection(ids)
        if len(ids) == 1:
            return [self._access.record(self._user, state.matter_id, ids[0], "change")]
        matter = self._access.matter_by_id(self._user, state.matter_id, "change")
        records = {record.id: record for record in self._access.documents(self._user, matter)}
        if unknown := next((id_ for id_ in ids if id_ not in records), None):
            raise NoSuchDocument(document=unknown if is_id(unknown) else "…")
        return [records[id_] for id_ in dict.fromkeys(ids)]

    def choose_documents(
        self, state: PageState, ids: Sequence[str] | None = None, how: str = "", reply: int = 0
    ) -> Updates:
        """Limit the scope of the conversation to these documents, `how` "add" or "drop" them; None asks all of them.

        `reply` numbers the choice for the page, which may have sent further ones since.
        """
        check_selection(ids or ())
        matter = _matter(state, self._access.matters(self._user))
        records = self._records(matter)
        wanted = None if ids is None else set(ids)
        conversation = self._own_conversation(state)
        if wanted is not None and how in ("add", "drop"):
            before = conversation.scope if conversation else state.scope
            known = {record.id for record in records} if before is None else set(before)
            wanted = known | wanted if how == "add" else known - wanted
        # Only ids that exist are stored: else a conversation could hold a list of anything.
        chosen = tuple(record.id for record in records if wanted is None or record.id in wanted)
        scope = None if wanted is None or (how == "add" and len(chosen) == len(records)) else chosen
        if conversation is not None:
            self._conversations.choose(self._user, conversation.id, scope)
        state = replace(state, scope=scope, reply=reply)
        return {"state": state, "scope": documents.scope(matter, records, scope, reply) if matter else NOTHING}

    # Turns

    def rate(self, state: PageState, turn_id: str, rating: int) -> Updates:
        """Save the user's rating of an answer; the same rating again withdraws it."""
        turn = self._turn(state, turn_id)
        self._conversations.rate(self._user, turn.id, None if turn.rating == rating else 1 if rating > 0 else -1)
        turns = self._conversations.turns(self._user, state.conversation_id)
        around = self._around(state, self._conversation(state), turns, self._privileged(state.matter_id))
        return {"past": chat.past(turns, around)}

    def edit_question(self, state: PageState, turn_id: str) -> Updates:
        """Put a question into the question box for editing; sending it replaces the turn and all later ones."""
        turn = self._turn(state, turn_id)
        self._conversations.own(self._user, turn.conversation_id)
        return edit_updates(replace(state, editing=turn.id), turn)

    def cancel_edit(self, state: PageState) -> Updates:
        """Leave a question as it was that was put into the question box for editing."""
        return {"state": replace(state, editing=""), "question": "", "notice": NOTHING}

    # Questions, summaries, searches

    async def ask(
        self,
        state: PageState,
        question: str,
        about: Sequence[str] = (),
        *,
        replaced_id: str = "",
        without_waiting: bool = False,
    ) -> Updates:
        """Ask a question in the conversation or a new one; if it may mean several documents, let the user choose.

        `replaced_id` is a turn that the new one replaces. `about` are the documents that the user chose: one becomes
        the scope, several leave the scope unchanged. While documents are being read the user chooses, too, whether to
        wait for them, unless `without_waiting`. Raises NothingToAsk.
        """
        check_question(question)
        check_selection(about)
        replaced = replaced_id or state.editing
        if not replaced:
            await asyncio.to_thread(self._conversations.check_room, self._user, state.conversation_id)
        if not about:
            ready, coming = await asyncio.to_thread(self._ready_and_coming, state)
            if coming and not (ready and without_waiting):
                return waiting_updates(question, ready, coming)
        if not replaced_id and not about:
            candidates = await asyncio.to_thread(self.documents_meant, state, question)
            if candidates:
                return choice_updates(question, candidates)
        if len(about) == 1:
            state = (await asyncio.to_thread(self.choose_documents, state, about))["state"]
        answer = await asyncio.to_thread(self._new_answer, state, question, replaced)
        return await self._begin(state, answer, "Searching the documents.", replaced)

    async def ask_the_ready(self, state: PageState, question: str) -> Updates:
        """`ask`, of the documents that are ready, while others are being read."""
        return await self.ask(state, question, without_waiting=True)

    def _ready_and_coming(self, state: PageState) -> tuple[int, int]:
        """How many documents in scope are ready, and how many are still to be read. Raises NothingToAsk."""
        matter = self._access.matter_by_id(self._user, state.matter_id)
        records = self._in_scope(matter, self._conversation(state), state)
        ready, coming = len(_ready(records)), len(_coming(records))
        if not (ready or coming):
            raise NothingToAsk()
        return ready, coming

    def documents_meant(self, state: PageState, question: str) -> list[DocumentRecord]:
        """Documents in scope that a name in the question may refer to, likeliest first; empty if it is clear.

        Needs no model.
        """
        matter = self._access.matter_by_id(self._user, state.matter_id)
        conversation = self._conversation(state)
        in_scope = self._in_scope(matter, conversation, state)
        if put_to_each(question, Scope.of(matter.id, in_scope), self._workspace.searcher):
            return []  # each of them has a row
        records = {record.id: record for record in _ready(in_scope)}
        close = self._workspace.searcher.route(matter.id, question, list(records)).close
        return [records[id_] for id_ in close]

    async def summarise(self, state: PageState, document_id: str, *, replaced_id: str = "") -> Updates:
        """Summarise a document, in the conversation or in a new one."""
        summary = await asyncio.to_thread(self._new_summary, state, document_id, replaced_id)
        return await self._begin(state, summary, "Summarising the document.", replaced_id)

    async def find_mentions(self, state: PageState, phrase: str, *, replaced_id: str = "") -> Updates:
        """Search for every mention of an exact phrase, as a turn of the conversation or of a new one. Needs no model.

        The search waits for the user's turn; one that does not get it in time, or is one too many, changes nothing.
        """
        check_question(phrase)
        replaced = replaced_id or state.editing
        workspace, user = self._workspace, self._user

        def prepare() -> tuple[Matter, list[DocumentRecord]]:
            if replaced:
                self._turn(state, replaced)
            matter = self._access.matter_by_id(user, state.matter_id)
            records = self._in_scope(matter, self._conversation(state), state)
            if not _ready(records):
                coming = len(_coming(records))
                raise StillReading(told=still_read(coming)) if coming else NothingToAsk()
            return matter, records

        matter, records = await asyncio.to_thread(prepare)

        def search(deadline: Deadline) -> MentionsResult:
            ids = {record.id for record in records}
            outcomes = mentions(workspace, user, matter.id, phrase, ids, deadline=deadline)
            return page_result(phrase, records, outcomes)

        try:
            result = await workspace.searches.run(workspace.share_key(user), SEARCH_SECONDS, search)
        except TimeoutError:
            raise TooSlow(seconds=SEARCH_SECONDS) from None
        return await asyncio.to_thread(self._keep_mentions, state, phrase, result, replaced)

    async def ask_again(self, state: PageState, turn_id: str) -> Updates:
        """Repeat a turn's question, summary or search; the new turn replaces it."""
        turn = await asyncio.to_thread(self._turn, state, turn_id)
        if isinstance(turn.answer, SummaryResult):
            return await self.summarise(state, turn.answer.document_id, replaced_id=turn.id)
        if isinstance(turn.answer, MentionsResult):
            return await self.find_mentions(state, turn.question, replaced_id=turn.id)
        return await self.ask(state, turn.question, replaced_id=turn.id)

    async def ask_alone(self, state: PageState, turn_id: str) -> Updates:
        """Ask the question of a turn again, as a new turn that knows nothing of what was said before."""
        turn = await asyncio.to_thread(self._turn, state, turn_id)
        await asyncio.to_thread(self._conversations.check_room, self._user, state.conversation_id)
        answer = await asyncio.to_thread(self._new_answer, replace(state, editing=""), turn.question, "", alone=True)
        return await self._begin(state, answer, "Searching the documents.")

    async def read_on(self, state: PageState, turn_id: str) -> Updates:
        """Repeat a turn's question, and read the passages that its answer left out; the new turn replaces it."""
        turn = await asyncio.to_thread(self._turn, state, turn_id)
        answer = await asyncio.to_thread(self._new_answer, state, turn.question, turn.id)
        answer.thorough = True
        return await self._begin(state, answer, "Reading the other passages too.", turn.id)

    def followed(self, matter_id: str, conversation_id: str, turn_id: str) -> Running | None:
        """The turn that is being written in a conversation; None where it is not, or not any more.

        Raises NoSuchConversation for one that the user may not read.
        """
        conversation = self._conversations.one(self._user, conversation_id)
        if conversation.matter_id != matter_id:
            raise NoSuchConversation()
        running = self._running.of(conversation.id)
        return running if running and running.turn_id == turn_id else None

    async def stop(self, state: PageState) -> Updates:
        """Stop the answer or summary that is being written; what was written is saved."""
        conversation = await asyncio.to_thread(self._own_conversation, state)
        if conversation is None:
            raise NoSuchConversation()
        if running := self._running.of(conversation.id):
            await running.stop()
        return {"busy": False}

    def _new_answer(self, state: PageState, question: str, replaced: str, *, alone: bool = False) -> RunningAnswer:
        matter, conversation = self._turn_goes_to(state, question, replaced)
        turns = [] if alone else self._conversations.turns(self._user, conversation.id)
        records = self._in_scope(matter, conversation, state)
        return RunningAnswer(self._workspace, self._user, conversation, question, history_of(turns), records)

    def _new_summary(self, state: PageState, document_id: str, replaced: str) -> RunningSummary:
        record = self._access.record(self._user, state.matter_id, document_id)
        _, conversation = self._turn_goes_to(state, f"Summary of {record.name}", replaced)
        return RunningSummary(self._workspace, self._user, conversation, record)

    def _keep_mentions(self, state: PageState, phrase: str, result: MentionsResult, replaced: str) -> Updates:
        _, conversation = self._turn_goes_to(state, f"Every mention of “{phrase}”", replaced)
        self._conversations.add_turn(self._user, conversation.id, phrase, result, "complete")
        updates = self.whole_page(replace(state, conversation_id=conversation.id))
        return updates | {"question": "", "announcement": f"{plural(result.count, 'mention')} found."}

    async def _begin(self, state: PageState, running: Running, announcement: str, replaced: str = "") -> Updates:
        """Start writing a turn, and show that; its conversation anew only where it is not as the page shows it."""
        is_other = bool(replaced or self._running.of(running.conversation_id))  # that one is stopped, and saved
        is_other = is_other or state.conversation_id not in ("", running.conversation_id)
        await self._running.begin(running)
        state = replace(state, conversation_id=running.conversation_id)
        start: Updates = {"question": "", "busy": True, "announcement": announcement}
        if is_other:
            updates = await asyncio.to_thread(self.whole_page, state)
            return updates | start | draft_updates(running)
        state = replace(state, editing="", writing=running.turn_id)
        matter = await asyncio.to_thread(self._access.matter_by_id, self._user, state.matter_id)
        start |= {"conversations": await asyncio.to_thread(self._listed_conversations, matter, state)}
        start |= {"state": state, "notice": NOTHING, "empty": NOTHING, "start": NOTHING}
        return start | draft_updates(running)

    def _turn_goes_to(self, state: PageState, title: str, replaced: str) -> tuple[Matter, Conversation]:
        """Conversation for a new turn, created if there is none or it is another's; a replaced turn and all later ones
        are deleted.
        """
        turn = self._turn(state, replaced) if replaced else None
        matter = self._access.matter_by_id(self._user, state.matter_id, "ask")
        conversation = self._own_conversation(state)
        if conversation is None:
            if turn is not None:
                raise NoSuchConversation()
            conversation = self._conversations.start(self._user, matter, title, state.scope)
        if turn is not None:
            self._workspace.delete_turns(self._user, conversation, turn.id)
        else:
            self._conversations.check_room(self._user, conversation.id)
        return matter, conversation

    # Lookups by the ids in the state

    def _conversation(self, state: PageState) -> Conversation | None:
        with suppress(NoSuchConversation):
            if state.conversation_id:
                return self._conversations.one(self._user, state.conversation_id)
        return None

    def _own_conversation(self, state: PageState) -> Conversation | None:
        conversation = self._conversation(state)
        return conversation if conversation and conversation.author is None else None

    def _turn(self, state: PageState, turn_id: str) -> SavedTurn:
        return self._conversations.turn(self._user, state.conversation_id, turn_id)

    def _in_scope(self, matter: Matter, conversation: Conversation | None, state: PageState) -> list[DocumentRecord]:
        """Documents in the scope, ready or not: the conversation's, or before its first question the state's.

        Raises NothingChosen.
        """
        scope = conversation.scope if conversation else state.scope
        records = self._access.documents(self._user, matter)
        if scope is None:
            return records
        ids = set(scope)
        chosen = [record for record in records if record.id in ids]
        if records and not chosen:
            raise NothingChosen()
        return chosen

    def _examples(self, state: PageState, matter: Matter | None, records: Sequence[DocumentRecord]) -> Sequence[str]:
        """Questions to begin with: those of the sample, or what the documents that are asked answer."""
        if matter is not None and matter.name == SAMPLE_MATTER:
            return OF_THE_SAMPLE
        chosen = [record for record in records if state.scope is None or record.id in state.scope]
        return self._workspace.opening_questions.of(_ready(chosen))

    def _records(self, matter: Matter | None) -> list[DocumentRecord]:
        return self._access.documents(self._user, matter) if matter else []

    def _sidebar(
        self,
        state: PageState,
        matter: Matter | None,
        records: Sequence[DocumentRecord],
        privileged: frozenset[str],
    ) -> Updates:
        facts = self._workspace.library.facts_of(records)
        may_change = matter is not None and self._access.may(self._user, matter.id, "change")
        listed = documents.listing(matter, records, facts, privileged, may_change=may_change)
        updates = list_updates(state, matter, records, listed, self._listed_conversations(matter, state))
        return updates | {"undo": self._undoable()}

    def _listed_conversations(
        self, matter: Matter | None, state: PageState, found: tuple[str, Sequence[str]] = ("", ())
    ) -> Listing:
        known = self._conversations.all(self._user, matter) if matter else []
        return conversations.listing(known, state.conversation_id, sharing=self._workspace.has_people, found=found)

    def _undoable(self) -> Markup:
        """What the user has removed and can show again, in words."""
        library = self._workspace.library
        told = []
        for removal in self._workspace.removals.of(self._user)[:UNDOABLE]:
            with suppress(NoSuchDocument, NoSuchMatter):
                name = ""
                if removal.kind == "matter":
                    name = library.matter(removal.matter_id).name
                elif removal.kind == "document" and len(removal.ids) == 1:
                    name = library.record(removal.matter_id, removal.ids[0]).name
                told.append((removal.id, removal.kind, len(removal.ids), name))
        return undo.undoable(told)

    def _around(
        self,
        state: PageState,
        conversation: Conversation | None,
        turns: Sequence[SavedTurn],
        privileged: frozenset[str],
    ) -> Around:
        """What is known around the turns of a conversation."""
        is_anothers = bool(conversation and conversation.author)
        further = [] if is_anothers else follow_ups(self._workspace.library, state.matter_id, turns)
        return Around(state.matter_id, is_anothers, privileged, tuple(further))

    def _privileged(self, matter_id: str) -> frozenset[str]:
        """Ids of the documents of a matter that are kept out of exports."""
        return self._workspace.sharing.privileged_in(self._user, matter_id) if matter_id else frozenset()


def _ready(records: Sequence[DocumentRecord]) -> list[DocumentRecord]:
    return [record for record in records if record.state == "ready"]


def _coming(records: Sequence[DocumentRecord]) -> list[DocumentRecord]:
    return [record for record in records if record.state not in DONE]


def _matter(state: PageState, matters: Sequence[Matter]) -> Matter | None:
    """The matter of a state; if it no longer exists, the sample or another."""
    current = (matter for matter in matters if matter.id == state.matter_id)
    sample = (matter for matter in matters if matter.name == SAMPLE_MATTER)
    return next(chain(current, sample, matters), None)


def _doing(work: Work | None) -> engine.Doing | None:
    """What is done in the background, as it is shown."""
    if work is None:
        return None
    step = work.step
    return engine.Doing(
        work.kind,
        work.name,
        is_over=work.is_over,
        progress=step if isinstance(step, Progress) else None,
        test=step if isinstance(step, ModelTestRow) else None,
        error=f"{work.error} {work.error.hint}" if work.error else "",
    )
