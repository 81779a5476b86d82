"""Opens the stores, indexes and models of one data folder, each when it is first used, and closes them together.

Opening a workspace opens the database alone, so that `pincite matters list` loads no model. The process that opens it
owns the data folder (`data_folder.claim`).
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from functools import cached_property, partial
from importlib import resources
from pathlib import Path
from threading import Lock, RLock
from typing import TYPE_CHECKING, Self, TypeVar

from retrieval import (
    Bars,
    DocumentRecord,
    Embedder,
    Entailment,
    Files,
    Ingest,
    Lexical,
    Library,
    Limits,
    Matter,
    MatterExists,
    NoSuchDocument,
    NoSuchMatter,
    PinciteError,
    RayCluster,
    Searcher,
    Span,
    Vectors,
    database,
    load_embedder,
    load_entailment,
)
from webapp.core.errors import (
    DemoFull,
    NetworkFull,
    NoSuchPerson,
    NothingToUndo,
    OnHold,
    PagesWaiting,
    RestoreUnfinished,
    SearchesWaiting,
    TextsWaiting,
)
from webapp.core.log import log, user_error
from webapp.core.metrics import IngestCounter
from webapp.core.settings import Settings
from webapp.llm.choice import read_choice
from webapp.llm.embedded import SLOTS
from webapp.service.compaction import Compaction
from webapp.service.fair_turns import FairScheduler
from webapp.service.opening_questions import OpeningQuestions
from webapp.service.page_images import PageRenderer
from webapp.service.question_queue import QuestionQueue
from webapp.store.access import Access
from webapp.store.accounts import Account, Accounts
from webapp.store.audit import SYSTEM, Act, Audit
from webapp.store.conversations import Conversation, Conversations
from webapp.store.guests import MOST_GUESTS, Sweeper
from webapp.store.notes import Note, Notes
from webapp.store.removals import Removal, Removals
from webapp.store.retention import Retention
from webapp.store.sessions import Sessions
from webapp.store.sharing import Sharing
from webapp.store.users import LOCAL_USER, User, Users, operator

if TYPE_CHECKING:
    from webapp.llm.pool import EnginePool
    from webapp.service.models import Models

SAMPLE_MATTER = "Sample"
RETENTION_SECONDS = 3600.0  # between two deletions of what its retention has ended for
REMOVAL_SECONDS = 2.0  # between two deletions of what can no longer be undone
AUDIT_HEAD = "audit.head"  # a file in the data folder, beside the chain in the database
UNFINISHED_RESTORE = "restore-unfinished"  # a file in the data folder while a backup is restored into it

# Requests of one user, waiting ones included. A page shows one image; a few more may be requested before they arrive.
IMAGES_PER_USER = 32
READS_PER_USER = 64  # documents, passages, and the spans to highlight on each image
SEARCHES_PER_USER = 4  # phrase searches; a page sends one at a time
# Threads. Reading is I/O-bound; searching is CPU-bound, and Python's threads share the interpreter.
READS_AT_ONCE, SEARCHES_AT_ONCE = 4, 2
T = TypeVar("T")


class opened_once(cached_property[T]):
    """Thread-safe `cached_property`: computed once, by the first thread that reads it."""

    def __get__(self, workspace: "Workspace", owner: type | None = None) -> T:  # type: ignore[override]
        with workspace.lock:
            return super().__get__(workspace, owner)


class Workspace:
    """The stores, the search and the language models of one data folder. Thread-safe."""

    def __init__(self, settings: Settings, *, background: bool = False, ray: str | None = None) -> None:
        """Open the database. With `background`, `work_in_background` ingests documents, not the commands that wait.
        `ray`: address of a Ray cluster that reads and embeds them.

        Raises StoreUnavailable, DataFolderUnusable, RestoreUnfinished or PackageMissing.
        """
        self.lock = RLock()  # held while a part is opened
        self._closing = ExitStack()  # closes the parts in reverse order of opening
        self._ingest_if_open: Ingest | None = None
        self.fault: PinciteError | None = None  # why the background ingest does not run
        self._background = background
        self._ray = ray
        folder = settings.data_dir
        self.settings = settings
        if (folder / UNFINISHED_RESTORE).exists():
            raise RestoreUnfinished()
        self._database = database.open_database(address_of_database(settings))
        self._closing.callback(self._database.dispose)
        files = Files(place_of_files(settings))
        self._closing.callback(files.close)
        self.library = Library(self._database, files, max_file_mib=settings.max_file_mib)
        self._users = Users(self._database)
        self.accounts = Accounts(self._database)
        self.sessions = Sessions(
            self._database, timedelta(hours=settings.session_idle_hours), timedelta(days=settings.session_days)
        )
        self.audit = Audit(self._database, folder / AUDIT_HEAD)
        demo = settings.access == "demo"
        self.removals = Removals(self._database)
        self.access = Access(self.library, self._users, settings.quota, self.removals)
        self.sharing = Sharing(self._database, self.library, self._users, self.access, self.audit)
        self.retention = Retention(self._database, self.access, self.audit)
        self.conversations = Conversations(self._database, self.library, self.access)
        self.notes = Notes(self._database, self.access)
        self.opening_questions = OpeningQuestions(self.library)
        at_once = settings.page_images_at_once
        self.page_renderer = PageRenderer(at_once)
        self.draws = FairScheduler("draws", at_once, IMAGES_PER_USER, lambda _: PagesWaiting())
        self.reads = FairScheduler("reads", READS_AT_ONCE, READS_PER_USER, lambda _: TextsWaiting())
        self.searches = FairScheduler(
            "searches", SEARCHES_AT_ONCE, SEARCHES_PER_USER, lambda count: SearchesWaiting(count=count)
        )
        self._make_embedder = partial(
            load_embedder, settings.embedding_model, settings.embeddings_url, adapter=settings.embedding_adapter
        )
        self._users_lock = Lock()  # held while a user is added: the first requests of a page arrive at the same time
        self._welcomed: dict[str, str] = {}  # first address of each guest, by user id; "" for other users
        self.access.repair(LOCAL_USER)
        self.welcome(LOCAL_USER)
        self._users.rename(self.operator())
        self.compaction = Compaction(folder, self._compact)
        self._deleting = Lock()  # held while what was removed is deleted
        self._sweepers: list[Sweeper] = []
        if background:
            self._sweepers.append(Sweeper(self.delete_due, RETENTION_SECONDS))
            self._sweepers.append(Sweeper(self._delete_due_removals, REMOVAL_SECONDS))
        if demo and background:
            self._sweepers.append(Sweeper(self.delete_expired_guests))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop all work and close every part. A document that was being ingested is ingested after the next start."""
        for sweeper in self._sweepers:
            sweeper.stop()
        for shares in (self.draws, self.reads, self.searches):
            shares.close()
        self.page_renderer.stop()
        self.compaction.close()
        self._closing.close()

    @opened_once
    def vectors(self) -> Vectors:
        """The vector store (Chroma)."""
        vectors = Vectors(self.settings.chroma_url or self.settings.data_dir / "vectors")
        self._closing.callback(vectors.close)
        return vectors

    @opened_once
    def lexical(self) -> Lexical:
        """The word index (BM25)."""
        lexical = Lexical(self.settings.data_dir / "lexical")
        self._closing.callback(lexical.close)
        return lexical

    @opened_once
    def embedder(self) -> Embedder:
        """The embedding model; one in this process is loaded at its first use."""
        return self._make_embedder()

    @property
    def has_embedder(self) -> bool:
        """Whether the embedding model was opened."""
        return "embedder" in vars(self)

    @opened_once
    def ingest(self) -> Ingest:
        """The ingest of documents into the indexes; opening it repairs what a crash left."""
        settings = self.settings
        limits = Limits(
            pages=settings.max_pages,
            characters=settings.max_characters,
            matter_characters=settings.max_matter_characters,
            page_seconds=settings.page_seconds,
            document_seconds=settings.document_seconds,
            memory_mib=settings.reader_mib,
            ocr=settings.ocr,
            ocr_seconds=settings.ocr_seconds,
            ocr_mib=settings.ocr_mib,
            file_mib=settings.max_file_mib,
        )
        stores = (self.library, self.vectors, self.lexical)
        if self._ray:
            cluster = RayCluster(self._ray, self._make_embedder, limits)
            self._closing.callback(cluster.close)
            ingest = Ingest(*stores, cluster.embedder(self.embedder), workers=cluster, limits=limits)
        else:
            ingest = Ingest(*stores, self.embedder, workers=settings.reader_processes, limits=limits)
        ingest.members_allowed = self.access.allows_in
        ingest.walled = self.has_people
        ingest.repair()
        self.library.drop_old_texts(self._is_cited)
        self._closing.callback(ingest.stop)
        self._ingest_if_open = ingest
        return ingest

    @opened_once
    def searcher(self) -> Searcher:
        """The hybrid search, over repaired indexes."""
        self.ingest.wake()  # opening it repairs the indexes, and documents that the repair queued can be ingested
        return Searcher(self.library, self.vectors, self.lexical, self.embedder, self.entailment)

    @opened_once
    def entailment(self) -> Entailment | None:
        """The model that reads the statements of answers, where the settings name one. Raises EntailmentUnavailable."""
        path = self.settings.entailment_model
        return load_entailment(path) if path else None

    @opened_once
    def engine_pool(self) -> "EnginePool":
        """The pool of language model servers."""
        from webapp.llm.pool import EnginePool  # its HTTP client takes a second to load, and few commands need it

        engine_pool = EnginePool(self.settings, read_choice(self.settings.data_dir))
        self._closing.callback(engine_pool.stop)
        return engine_pool

    @opened_once
    def models(self) -> "Models":
        """The language models to choose from."""
        from webapp.service.models import Models

        return Models(self)

    @opened_once
    def question_queue(self) -> QuestionQueue:
        """The queue of questions."""
        settings = self.settings
        at_once = settings.answers_at_once * len(settings.llm_urls) or SLOTS
        return QuestionQueue(
            at_once, settings.questions_waiting, settings.questions_per_user, settings.questions_per_address
        )

    def wake(self) -> None:
        """Notify the ingest of a new document; one that is not open yet finds it when it is opened."""
        if self._ingest_if_open is not None:
            self._ingest_if_open.wake()

    def work_in_background(self) -> None:
        """Start the background ingest, which runs until `close`; for the server."""
        self.ingest.start(IngestCounter())
        self.compaction.start()

    @contextmanager
    def working(self) -> Iterator["Future[None] | None"]:
        """Ingest waiting documents during the block; yields the work's future, or None with a background ingest."""
        if self._background:
            if self.fault is not None:
                raise self.fault
            self.ingest.wake()
            yield None
            return
        with ThreadPoolExecutor(1, "pincite-work") as pool:
            work = pool.submit(self.ingest.run)
            try:
                yield work
            finally:
                if not work.cancel():  # a cancelled one has not begun; beginning would have cleared the stop flag
                    self.ingest.stop()

    def warm(self) -> None:
        """Load the models that are used within this process. Raises EmbedderUnavailable and EntailmentUnavailable."""
        if self.entailment and self.entailment.bars == Bars():
            log.warning("The card of %s shows no use for it: it reads nothing", self.settings.entailment_model)
        self.embedder.queries(["governing law"])

    def welcome(self, user: User, ends_at: datetime | None = None, address: str = "") -> None:
        """Register a user at their first request, and create their sample matter, once only.

        A guest's account ends at `ends_at`, and counts towards the limit of the address of their first request. Raises
        DemoFull and NetworkFull.
        """
        with self._users_lock:
            if user.id not in self._welcomed:
                if ends_at is not None and not self._users.contains(user):
                    self._check_room(address)
                if self._users.add(user, ends_at):
                    self._give_sample(user)
                self._welcomed[user.id] = address

    def operator(self, account: str = "") -> User:
        """The machine's own user, as whom commands act; where there are others, named by the account that gave one."""
        return operator(account) if self.has_people else LOCAL_USER

    def account_of(self, who: str) -> Account:
        """The account of a person, by e-mail address, name or id. Raises AmbiguousPerson, and NoSuchPerson also for
        the operator of the machine.
        """
        person = self.sharing.person(who)
        if person == LOCAL_USER:
            raise NoSuchPerson(person=who)
        return self.accounts.account(person)

    def password_link(self, token: str) -> str:
        """Address of a one-time link that sets a password."""
        return f"{self.settings.page_url}/set-password?key={token}"

    def record_account_act(self, by: User, of: User, change: str) -> None:
        """Record in the audit log that someone changed an account, before it is done."""
        self.audit.record(by, Act.ACCOUNT, object=of.id, change=change)

    @property
    def has_people(self) -> bool:
        """Whether several people use the workspace, so that there is someone to share a matter with."""
        return self.settings.access not in ("local", "demo")

    def share_key(self, user: User) -> str:
        """Key under which the user's concurrent work is counted (fair scheduling, per-user limits).

        For a guest it is their network address, as a browser that drops its cookie is another guest; for other users,
        and where the settings say that all guests share one address, it is the user's id.
        """
        has_addresses = self.settings.guests_per_address < MOST_GUESTS
        return (has_addresses and self._welcomed.get(user.id)) or user.id

    # What changes the record: checked for holds and told in the audit log, whoever asks for it

    def create_matter(self, user: User, name: str) -> Matter:
        """`Access.create`, recorded; a matter that cannot be is deleted again."""
        try:
            matter = self.access.create(user, name)
        except MatterExists:  # perhaps one that they have just removed
            if not self.delete_removed(user):
                raise
            matter = self.access.create(user, name)
        try:
            self.audit.record(user, Act.CREATE, matter_id=matter.id)
        except PinciteError:
            self.library.delete_matter(matter.id)
            self._users.delete_matter_rows(matter.id)
            raise
        return matter

    def accept(self, user: User, matter: Matter, path: Path, name: str | None = None) -> DocumentRecord:
        """`Access.accept`, recorded: by the document's id, so after it, and before it is answered."""
        record = self.access.accept(user, matter, path, name)
        self.audit.record(user, Act.UPLOAD, matter_id=matter.id, object=record.id)
        return record

    def remove_document(self, user: User, record: DocumentRecord) -> None:
        """Remove a document with the notes on it, recorded; answers that quote it stay with their conversations.

        Raises OnHold.
        """
        self.retention.check(record.matter_id)
        self.audit.record(user, Act.REMOVE, matter_id=record.matter_id, object=record.id)
        with self.compaction.deleting():
            self.ingest.remove(record.matter_id, record.id)
            self.notes.drop(record.matter_id, document_id=record.id)

    def add_note(self, user: User, record: DocumentRecord, at: Span, version: int, words: str, *, shared: bool) -> Note:
        """`Notes.add`, recorded."""
        self.access.check(user, record.matter_id, "ask")
        self.audit.record(user, Act.NOTE, matter_id=record.matter_id, object=record.id, shared=shared)
        return self.notes.add(user, record.matter_id, at, version, words, shared=shared)

    def change_note(self, user: User, record: DocumentRecord, note_id: str, words: str) -> None:
        """`Notes.change`, recorded. Raises OnHold: its former words would go."""
        self.access.check(user, record.matter_id, "ask")
        self.retention.check(record.matter_id)
        note = self.notes.own(user, note_id)
        self.audit.record(user, Act.NOTE, matter_id=record.matter_id, object=record.id, shared=note.shared, edited=True)
        self.notes.change(user, note_id, words)

    def delete_note(self, user: User, matter_id: str, note_id: str) -> None:
        """Delete a note of the user's, recorded. Raises NoSuchNote and OnHold."""
        note = self.notes.own(user, note_id)
        self._record_deletion(user, matter_id, "note", note.id)
        with self.compaction.deleting():
            self.notes.delete(user, note.id)

    def _is_cited(self, document_id: str, version: int) -> bool:
        """Whether a conversation or a note has a place in this text of a document."""
        return self.conversations.cite(document_id, version) or self.notes.cite(document_id, version)

    # Removals that can be undone, recorded when they are ordered

    def order_removal(self, user: User, records: Sequence[DocumentRecord]) -> None:
        """Remove documents of one matter. Raises OnHold."""
        ids = tuple(record.id for record in records)
        if records:
            matter_id = records[0].matter_id
            self.retention.check(matter_id)
            if len(ids) == 1:
                self.audit.record(user, Act.REMOVE, matter_id=matter_id, object=ids[0])
            else:
                self.audit.record_documents(user, Act.REMOVE, ids, matter_id=matter_id)
            self.removals.order(user, matter_id, "document", ids)

    def order_deletion(self, user: User, conversation_id: str) -> None:
        """Delete a conversation of the user. Raises NoSuchConversation and OnHold."""
        conversation = self.conversations.own(user, conversation_id)
        self._record_deletion(user, conversation.matter_id, "conversation", conversation.id)
        self.removals.order(user, conversation.matter_id, "conversation", [conversation.id])

    def order_deletion_of_matter(self, user: User, matter: Matter) -> None:
        """Delete a matter. Raises OnHold."""
        self._record_deletion(user, matter.id, "matter")
        self.removals.order(user, matter.id, "matter", [matter.id])

    def undo(self, user: User, removal_id: str) -> Removal:
        """Show again what the user removed, if they may still remove it.

        Raises NothingToUndo, and what `Access.check` does.
        """
        removal = self.removals.one(user, removal_id)
        if removal.kind == "document":
            self.access.check(user, removal.matter_id, "change")
        if removal.kind == "matter" and removal.matter_id not in self._users.owned_by(user):
            raise NothingToUndo()
        self.audit.record(user, Act.UNDO, matter_id=removal.matter_id, object=removal.ids[0], what=removal.kind)
        self.removals.undo(removal)
        self.wake()
        return removal

    def delete_removed(self, of: User | None = None) -> int:
        """Delete what can no longer be undone, or all that a user has removed. Returns how many removals there were.

        What a hold keeps by now is shown again.
        """
        with self._deleting:
            removals = self.removals.due(of=of)
            for removal in removals:
                for id_ in removal.ids:
                    try:
                        self._delete_removed(removal, id_)
                    except (OnHold, NoSuchDocument, NoSuchMatter) as error:
                        user_error(error)
                    self.removals.done(removal, id_)
            return len(removals)

    def _delete_due_removals(self) -> None:
        if self._ingest_if_open is not None:  # else it is opened by who starts the background work
            self.delete_removed()

    def _delete_removed(self, removal: Removal, id_: str) -> None:
        self.retention.check(removal.matter_id)
        with self.compaction.deleting():
            match removal.kind:
                case "document":
                    self.ingest.remove(removal.matter_id, id_)
                    self.notes.drop(removal.matter_id, document_id=id_)
                case "conversation":
                    self.conversations.drop(removal.matter_id, id_)
                case "matter":
                    self.ingest.delete_matter(id_)
                    self._users.delete_matter_rows(id_)
                    self.page_renderer.forget()

    def share_conversation(self, user: User, conversation_id: str, *, shared: bool) -> None:
        """`Conversations.share`, recorded."""
        conversation = self.conversations.own(user, conversation_id)
        self.audit.record(user, Act.SHARE, matter_id=conversation.matter_id, object=conversation.id, on=shared)
        self.conversations.share(user, conversation.id, shared=shared)

    def delete_turns(self, user: User, conversation: Conversation, turn_id: str) -> None:
        """Delete a turn and those after it, recorded. Raises NoSuchConversation and OnHold."""
        self._record_deletion(user, conversation.matter_id, "turns", turn_id)
        with self.compaction.deleting():
            self.conversations.cut(user, turn_id)

    def _record_deletion(self, user: User, matter_id: str, what: str, id_: str = "", why: str = "order") -> None:
        self.retention.check(matter_id)
        self.audit.record(user, Act.DELETE, matter_id=matter_id, object=id_, what=what, why=why)

    def delete_matter(self, matter: Matter, user: User, why: str = "order") -> None:
        """Delete a matter with its documents and conversations, recorded. Raises OnHold."""
        self._record_deletion(user, matter.id, "matter", why=why)
        with self.compaction.deleting():
            self.ingest.delete_matter(matter.id)
            self._users.delete_matter_rows(matter.id)
        self.page_renderer.forget()

    def _compact(self) -> bool:
        """Overwrite what was deleted; False where some of it is still to be done."""
        is_done = database.compact(self._database)
        ingest = self._ingest_if_open  # else nothing was removed from the indexes
        return (ingest is None or ingest.compact()) and is_done

    def delete_user(self, user: User) -> None:
        """Delete a user with the matters that they own."""
        owned = self._users.owned_by(user)
        for matter in self.access.matters(user):
            if matter.id in owned:
                self.delete_matter(matter, user)
        with self.compaction.deleting():
            self._users.delete(user)
        with self._users_lock:
            self._welcomed.pop(user.id, None)

    def delete_expired_guests(self) -> None:
        """Delete the guests whose hour has ended."""
        for user in self._users.expired_guests():
            self.delete_user(user)
            log.info("guest gone")

    def delete_due(self) -> None:
        """Delete what its retention has ended for; one failure keeps nothing else."""
        for due in self.retention.due():
            try:
                if due.conversations is None:
                    self.delete_matter(self.library.matter(due.matter_id), SYSTEM, "retention")
                for id_ in due.conversations or ():
                    self._record_deletion(SYSTEM, due.matter_id, "conversation", id_, "retention")
                    with self.compaction.deleting():
                        self.conversations.drop(due.matter_id, id_)
                for id_ in due.notes:
                    self._record_deletion(SYSTEM, due.matter_id, "note", id_, "retention")
                if due.notes:
                    with self.compaction.deleting():
                        self.notes.drop(due.matter_id, ids=due.notes)
            except PinciteError as error:  # such as a hold that began meanwhile; tried again at the next sweep
                user_error(error)

    def _check_room(self, address: str) -> None:
        most = self.settings.guests_per_address
        if self._users.count_guests() >= MOST_GUESTS:
            raise DemoFull()
        if list(self._welcomed.values()).count(address) >= most:
            raise NetworkFull(most=most)

    def _give_sample(self, user: User) -> None:
        sample = packaged_sample()
        if sample is None:
            return
        try:
            matter = self.create_matter(user, SAMPLE_MATTER)
        except MatterExists:  # created by the user, or by a start that was killed before it could record it
            matter = self.access.matter(user, SAMPLE_MATTER)
        record = self.library.accept_path(matter.id, sample)
        self.audit.record(user, Act.UPLOAD, matter_id=matter.id, object=record.id)
        self._users.set_sample_made(user)
        self.wake()


def address_of_database(settings: Settings) -> str:
    """The URL of the database: SQLite in the data folder, unless the settings name another."""
    url = settings.database_url
    return url.get_secret_value() if url else f"sqlite:///{settings.data_dir / 'pincite.db'}"


def place_of_files(settings: Settings) -> str | Path:
    """Where the uploaded files are: in the data folder, unless the settings name another place."""
    return settings.files_url or settings.data_dir / "files"


def packaged_sample() -> Path | None:
    """Path of the sample contract, if it is installed with the package."""
    folder = Path(str(resources.files("webapp"))) / "sample"
    return next(iter(sorted(folder.glob("*.pdf"))), None)
