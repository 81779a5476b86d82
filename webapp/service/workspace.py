"""Everything of one data folder, opened in one place and handed to whoever works with it.

Opening is cheap: the database is opened, and the rest when it is first asked for, so that `pincite matters list` loads
no model. Whoever opens a workspace owns the data folder (`data_folder.claim`).
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import cached_property
from importlib import resources
from pathlib import Path
from threading import Lock, RLock
from typing import TYPE_CHECKING, Self, TypeVar

from retrieval import (
    Embedder,
    Files,
    Ingest,
    Lexical,
    Library,
    Limits,
    Matter,
    MatterExists,
    PinciteError,
    Searcher,
    Vectors,
    database,
    load_embedder,
)
from webapp.core.errors import DemoFull, NetworkFull, PagesWaiting, SearchesWaiting, TextsWaiting
from webapp.core.log import log
from webapp.core.metrics import IngestCounter
from webapp.core.quotas import quota_of
from webapp.core.settings import Settings
from webapp.llm.bundled import SLOTS
from webapp.service.fair_turns import FairScheduler
from webapp.service.page_images import PageRenderer
from webapp.service.question_queue import QuestionQueue
from webapp.store.access import Access
from webapp.store.conversations import Conversations
from webapp.store.guests import MOST_GUESTS, Sweeper
from webapp.store.users import LOCAL_USER, User, Users

if TYPE_CHECKING:
    from webapp.llm.pool import EnginePool

SAMPLE_MATTER = "Sample"

# Of one user, waiting ones included. A page shows one image, and has opened at most a few before they are there.
IMAGES_PER_USER = 32
READS_PER_USER = 64  # documents and passages, and what is to be highlighted on each image
SEARCHES_PER_USER = 4  # for a phrase; a page asks for one at a time
# Threads. Reading waits for the disk or a store; searching takes the processor, which all of Python's threads share.
READS_AT_ONCE, SEARCHES_AT_ONCE = 4, 2
T = TypeVar("T")


class opened_once(cached_property[T]):
    """Thread-safe `cached_property`: made once, whichever thread comes first."""

    def __get__(self, workspace: "Workspace", owner: type | None = None) -> T:  # type: ignore[override]
        with workspace.lock:
            return super().__get__(workspace, owner)


class Workspace:
    """The stores, the search and the engine of one data folder. Safe to use from several threads."""

    def __init__(self, settings: Settings, *, background: bool = False) -> None:
        """Open the records. With `background` documents are taken in by `work_in_background`,
        not by who waits for them.

        Raises StoreUnavailable, DataFolderUnusable or PackageMissing.
        """
        self.lock = RLock()  # held while a part is opened
        self._closing = ExitStack()  # what is to be ended and closed; the last opened first
        self._ingest_if_open: Ingest | None = None
        self.fault: PinciteError | None = None  # what keeps the background from working
        self._background = background
        folder = settings.data_dir
        self.settings = settings
        given = settings.database_url
        address = given.get_secret_value() if given else f"sqlite:///{folder / 'pincite.db'}"
        self._database = database.open_database(address)
        self._closing.callback(self._database.dispose)
        files = Files(settings.files_url or folder / "files")
        self._closing.callback(files.close)
        self.library = Library(self._database, files, max_file_mib=settings.max_file_mib)
        self._users = Users(self._database)
        demo = settings.access == "demo"
        self.access = Access(self.library, self._users, quota_of(settings))
        self.conversations = Conversations(self._database, self.library, self.access)
        at_once = settings.page_images_at_once
        self.page_renderer = PageRenderer(at_once)
        self.draws = FairScheduler("draws", at_once, IMAGES_PER_USER, lambda _: PagesWaiting())
        self.reads = FairScheduler("reads", READS_AT_ONCE, READS_PER_USER, lambda _: TextsWaiting())
        self.searches = FairScheduler(
            "searches", SEARCHES_AT_ONCE, SEARCHES_PER_USER, lambda count: SearchesWaiting(count=count)
        )
        self._door = Lock()  # one user comes in at a time: the first requests of a page come together
        self._welcomed: dict[str, str] = {}  # by user: the address that a guest came from, "" of everyone else
        self.access.repair(LOCAL_USER)
        self.welcome(LOCAL_USER)
        self._sweeper = Sweeper(self.delete_expired_guests) if demo and background else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the work and let go of everything. What was being ingested waits until the next time."""
        if self._sweeper is not None:
            self._sweeper.stop()
        for shares in (self.draws, self.reads, self.searches):
            shares.close()
        self.page_renderer.stop()
        self._closing.close()

    @opened_once
    def vectors(self) -> Vectors:
        """The chunks' vectors."""
        vectors = Vectors(self.settings.chroma_url or self.settings.data_dir / "vectors")
        self._closing.callback(vectors.close)
        return vectors

    @opened_once
    def lexical(self) -> Lexical:
        """The chunks' words."""
        lexical = Lexical(self.settings.data_dir / "lexical")
        self._closing.callback(lexical.close)
        return lexical

    @opened_once
    def embedder(self) -> Embedder:
        """What turns text into vectors; a model in this process loads at its first use."""
        named = self.settings
        return load_embedder(named.embedding_model, named.embeddings_url, adapter=named.embedding_adapter)

    @opened_once
    def ingest(self) -> Ingest:
        """What takes documents into the indexes. What a crash left is put right before anyone gets it."""
        named = self.settings
        limits = Limits(
            pages=named.max_pages,
            characters=named.max_characters,
            matter_characters=named.max_matter_characters,
            page_seconds=named.page_seconds,
            document_seconds=named.document_seconds,
            memory_mib=named.reader_mib,
        )
        stores = (self.library, self.vectors, self.lexical, self.embedder)
        ingest = Ingest(*stores, workers=named.reader_processes, limits=limits)
        ingest.repair()
        self._closing.callback(ingest.stop)
        self._ingest_if_open = ingest
        return ingest

    @opened_once
    def searcher(self) -> Searcher:
        """What finds the places that fit a question, in indexes that agree with the library."""
        self.ingest.wake()  # opening it puts the indexes right, and what that let wait may be begun
        return Searcher(self.library, self.vectors, self.lexical, self.embedder)

    @opened_once
    def engine_pool(self) -> "EnginePool":
        """What writes the answers."""
        from webapp.llm.pool import EnginePool  # the engine's client takes a second to load, and few commands ask

        engine_pool = EnginePool(self.settings)
        self._closing.callback(engine_pool.stop)
        return engine_pool

    @opened_once
    def question_queue(self) -> QuestionQueue:
        """The line of questions."""
        named = self.settings
        at_once = named.answers_at_once * len(named.llm_urls) or SLOTS
        return QuestionQueue(at_once, named.questions_waiting, named.questions_per_user, named.questions_per_address)

    def wake(self) -> None:
        """Say that a document was accepted. An ingest that is not open finds it when it is opened."""
        if self._ingest_if_open is not None:
            self._ingest_if_open.wake()

    def work_in_background(self) -> None:
        """Take in what waits from here on, until `close`: for the server, where no command waits for it."""
        self.ingest.start(IngestCounter())

    @contextmanager
    def working(self) -> Iterator["Future[None] | None"]:
        """Take in what waits, for as long as the block lasts; its outcome, or None where the background does it."""
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
                if not work.cancel():  # else it has not begun, and would clear the sign to stop when it does
                    self.ingest.stop()

    def warm(self) -> None:
        """Load the search model by using it. Raises EmbedderUnavailable."""
        self.embedder.queries(["governing law"])

    def stores_answer(self) -> bool:
        """Whether the database answers now. Raises StoreUnavailable or DataFolderUnusable."""
        self.library.matters()
        return True

    def welcome(self, user: User, ends_at: datetime | None = None, address: str = "") -> None:
        """Know `user` from here on, and give them the sample once: deleted it stays away. Free after the first time.

        A guest is one until `ends_at`, and is counted under the address that they came from first. Raises DemoFull and
        NetworkFull.
        """
        with self._door:
            if user.id not in self._welcomed:
                if ends_at is not None and not self._users.contains(user):
                    self._check_room(address)
                if self._users.add(user, ends_at):
                    self._give_sample(user)
                self._welcomed[user.id] = address

    def share_key(self, user: User) -> str:
        """Under what is counted how much `user` has under way at a time: a guest's address, for a browser that drops
        its cookie is another guest; the user's own id of everyone else, and where the settings say that all guests have
        one address.
        """
        apart = self.settings.guests_per_address < MOST_GUESTS
        return (apart and self._welcomed.get(user.id)) or user.id

    def delete_matter(self, matter: Matter) -> None:
        """Delete a matter with its documents and with what was said in it."""
        self.ingest.delete_matter(matter.id)
        self._users.delete_matter_rows(matter.id)
        self.page_renderer.forget()

    def delete_user(self, user: User) -> None:
        """Delete a guest with every matter of theirs; nobody else is a member of a guest's matters."""
        for matter in self.access.matters(user):
            self.delete_matter(matter)
        self._users.delete(user)
        with self._door:
            self._welcomed.pop(user.id, None)

    def delete_expired_guests(self) -> None:
        """Delete the guests whose hour is over."""
        for user in self._users.expired_guests():
            self.delete_user(user)
            log.info("guest gone")

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
            matter = self.access.create(user, SAMPLE_MATTER)
        except MatterExists:  # made by a start that was killed before it could note so, or by the user
            matter = self.access.matter(user, SAMPLE_MATTER)
        self.library.accept_path(matter.id, sample)
        self._users.set_sample_made(user)
        self.wake()


def packaged_sample() -> Path | None:
    """The sample contract that is installed with the package, if it is."""
    folder = Path(str(resources.files("webapp"))) / "sample"
    return next(iter(sorted(folder.glob("*.pdf"))), None)
