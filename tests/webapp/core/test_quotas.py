"""How much one user may have: told with the limit, free again when something is deleted,
never passed by two at once.
"""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from retrieval import Files, Library, Matter, MatterExists, database
from tests.pdfs import make_pdf
from webapp.core.errors import GuestLimit, QuotaReached
from webapp.core.quotas import GUEST, TEAM, Quota
from webapp.core.results import read_turn
from webapp.core.settings import load_settings
from webapp.store.access import Access
from webapp.store.conversations import Conversations
from webapp.store.users import LOCAL_USER, User, Users

ANN, BEN = User("ann", "Ann"), User("ben", "Ben")
SMALL = Quota(documents=5, mib=1, matters=3, conversations=4, turns=3)
AT_ONCE = 12  # threads


class Room:
    """Matters, documents and conversations of users who may have little."""

    def __init__(self, address: str, folder: Path) -> None:
        self.engine = database.open_database(address)
        self.folder = folder
        self.library = Library(self.engine, Files(folder / "files"))
        self.users = Users(self.engine)
        self.access = Access(self.library, self.users, SMALL)
        self.conversations = Conversations(self.engine, self.library, self.access)
        for user in (ANN, BEN, LOCAL_USER):
            self.users.add(user)

    def file(self, words: str, size: int = 0) -> Path:
        path = self.folder / f"{words}.pdf"
        path.write_bytes(make_pdf([words]).ljust(size))
        return path

    def kept(self) -> set[str]:
        return {file.stem for file in (self.folder / "files").rglob("*.pdf")}


@pytest.fixture(params=["one machine", pytest.param("a firm", marks=pytest.mark.database)])
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Room]:
    address = f"sqlite:///{tmp_path / 'records.db'}"
    if request.param == "a firm":
        server, name = request.getfixturevalue("postgres"), f"test_{uuid.uuid4().hex}"
        engine = database.open_database(f"{server}/postgres").execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        engine.dispose()
        address = f"{server}/{name}"
    room = Room(address, tmp_path)
    yield room
    room.engine.dispose()


@pytest.fixture
def matter(room: Room) -> Matter:
    return room.access.create(ANN, "Acme")


def _refused(act: Callable[[int], Any]) -> list[int]:
    """Do it so many times at once; the ones that were refused."""

    def one(n: int) -> bool:
        try:
            act(n)
        except QuotaReached:
            return False
        return True

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [n for n, done in enumerate(pool.map(one, range(AT_ONCE))) if not done]


def test_each_kind_of_access_has_its_own(tmp_path: Path) -> None:
    assert load_settings(data_dir=tmp_path).quota == TEAM
    assert load_settings(data_dir=tmp_path, access="behind-proxy").quota == TEAM
    assert load_settings(data_dir=tmp_path, access="demo").quota == GUEST


@pytest.mark.parametrize("access", ["behind-proxy", "demo"])
def test_each_part_is_a_setting(tmp_path: Path, access: str) -> None:
    told = {
        "documents_per_user": 7,
        "mib_per_user": 8,
        "matters_per_user": 9,
        "conversations_per_user": 10,
        "turns_per_conversation": 11,
    }
    quota = load_settings(data_dir=tmp_path, access=access, **told).quota
    assert quota == Quota(7, 8, 9, 10, 11, of_guests=access == "demo")
    some = load_settings(data_dir=tmp_path, access=access, matters_per_user=9).quota
    assert (some.matters, some.documents) == (9, (GUEST if access == "demo" else TEAM).documents)


@pytest.mark.parametrize(
    ("quota", "kind", "sentence", "hint"),
    [
        (TEAM, "documents", "The limit is 20,000 documents per user.", "PINCITE_DOCUMENTS_PER_USER"),
        (TEAM, "mib", "The limit is 100,000 MiB of documents per user.", "PINCITE_MIB_PER_USER"),
        (TEAM, "matters", "The limit is 1,000 matters per user.", "PINCITE_MATTERS_PER_USER"),
        (TEAM, "conversations", "The limit is 20,000 conversations per user.", "PINCITE_CONVERSATIONS_PER_USER"),
        (TEAM, "turns", "The limit is 500 questions in a conversation per user.", "PINCITE_TURNS_PER_CONVERSATION"),
        (GUEST, "documents", "The limit is 20 documents per visitor.", "your own computer"),
        (GUEST, "turns", "The limit is 30 questions in a conversation per visitor.", "your own computer"),
    ],
)
def test_what_is_refused_is_told_with_the_limit_and_what_to_do(
    quota: Quota, kind: Any, sentence: str, hint: str
) -> None:
    most: int = getattr(quota, kind)
    quota.check(kind, most)
    with pytest.raises(GuestLimit if quota.of_guests else QuotaReached) as told:
        quota.check(kind, most + 1)
    assert str(told.value) == sentence
    assert hint in told.value.hint


# Documents


def test_documents_are_counted_over_all_matters_of_a_user_and_of_nobody_else(room: Room, matter: Matter) -> None:
    other, bens = room.access.create(ANN, "Bolt"), room.access.create(BEN, "Bolt")
    for n in range(SMALL.documents):
        room.access.accept(ANN, (matter, other)[n % 2], room.file(str(n)))
    with pytest.raises(QuotaReached, match=r"^The limit is 5 documents per user"):
        room.access.accept(ANN, other, room.file("one more"))
    assert room.access.accept(BEN, bens, room.file("one more"))
    assert len(room.kept()) == SMALL.documents + 1


def test_what_is_there_already_does_not_count_again_and_what_is_removed_is_free(room: Room, matter: Matter) -> None:
    first, *_ = [room.access.accept(ANN, matter, room.file(str(n))) for n in range(SMALL.documents)]
    assert room.access.accept(ANN, matter, room.file("0"), "again.pdf") == first
    room.library.remove(matter.id, first.id)
    assert room.access.accept(ANN, matter, room.file("one more"))
    with pytest.raises(QuotaReached):
        room.access.accept(ANN, matter, room.file("0"))
    room.library.delete_matter(matter.id)
    room.users.delete_matter_rows(matter.id)
    again = room.access.create(ANN, "Acme")
    for n in range(SMALL.documents):
        room.access.accept(ANN, again, room.file(str(n)))


def test_bytes_are_counted_too(room: Room, matter: Matter) -> None:
    half = SMALL.mib << 19
    room.access.accept(ANN, matter, room.file("one", half))
    room.access.accept(ANN, matter, room.file("two", half))  # exactly as much as there may be
    with pytest.raises(QuotaReached, match=r"^The limit is 1 MiB of documents per user"):
        room.access.accept(ANN, matter, room.file("three"))
    assert len(room.kept()) == 2


def test_documents_that_come_at_once_do_not_pass_together_and_leave_nothing(room: Room, matter: Matter) -> None:
    files = [room.file(str(n)) for n in range(AT_ONCE)]
    refused = _refused(lambda n: room.access.accept(ANN, matter, files[n]))
    kept = {record.id for record in room.library.documents(matter.id)}
    assert (len(refused), len(kept)) == (AT_ONCE - SMALL.documents, SMALL.documents)
    assert room.kept() == kept


# Matters


def test_matters_are_counted_and_free_again(room: Room, matter: Matter) -> None:
    for name in ("Bolt", "Corp"):
        room.access.create(ANN, name)
    with pytest.raises(QuotaReached, match=r"^The limit is 3 matters per user"):
        room.access.create(ANN, "Dent")
    with pytest.raises(MatterExists):  # the nearer reason
        room.access.create(ANN, "Acme")
    assert room.access.create(BEN, "Acme")
    room.library.delete_matter(matter.id)
    room.users.delete_matter_rows(matter.id)
    assert room.access.create(ANN, "Dent")


def test_matters_that_are_made_at_once_do_not_pass_together(room: Room) -> None:
    refused = _refused(lambda n: room.access.create(ANN, f"M{n}"))
    assert (len(refused), len(room.access.matters(ANN))) == (AT_ONCE - SMALL.matters, SMALL.matters)
    assert len(room.users.matters_of(ANN)) == SMALL.matters


# Conversations


def test_conversations_are_counted_over_all_matters_and_free_again(room: Room, matter: Matter) -> None:
    other = room.access.create(ANN, "Bolt")
    begun = [room.conversations.start(ANN, (matter, other)[n % 2], "Rent?") for n in range(SMALL.conversations)]
    with pytest.raises(QuotaReached, match=r"^The limit is 4 conversations per user"):
        room.conversations.start(ANN, matter, "Rent?")
    room.conversations.delete(ANN, begun[0].id)
    assert room.conversations.start(ANN, matter, "Rent?")


def test_conversations_that_begin_at_once_do_not_pass_together(room: Room, matter: Matter) -> None:
    refused = _refused(lambda _: room.conversations.start(ANN, matter, "Rent?"))
    have = len(room.conversations.all(ANN, matter))
    assert (len(refused), have) == (AT_ONCE - SMALL.conversations, SMALL.conversations)


def test_turns_of_a_conversation_are_counted_and_one_that_is_replaced_is_free(room: Room, matter: Matter) -> None:
    begun = room.conversations.start(ANN, matter, "Rent?")
    kept = []
    for _ in range(SMALL.turns):
        room.conversations.check_room(ANN, begun.id)
        kept.append(room.conversations.add_turn(ANN, begun.id, "Rent?", read_turn({"answer": "…"}), "complete"))
    with pytest.raises(QuotaReached, match=r"^The limit is 3 questions in a conversation per user"):
        room.conversations.check_room(ANN, begun.id)
    with pytest.raises(QuotaReached):
        room.conversations.add_turn(ANN, begun.id, "Rent?", read_turn({"answer": "…"}), "complete")
    room.conversations.check_room(BEN, begun.id)  # it is not his, and how full it is he is not told
    room.conversations.cut(ANN, kept[-1].id)
    room.conversations.check_room(ANN, begun.id)


def test_turns_that_are_kept_at_once_do_not_pass_together(room: Room, matter: Matter) -> None:
    begun = room.conversations.start(ANN, matter, "Rent?")
    refused = _refused(
        lambda _: room.conversations.add_turn(ANN, begun.id, "Rent?", read_turn({"answer": "…"}), "complete")
    )
    have = len(room.conversations.turns(ANN, begun.id))
    assert (len(refused), have) == (AT_ONCE - SMALL.turns, SMALL.turns)


# The local user


def test_the_user_of_this_machine_has_no_limits(room: Room) -> None:
    matters = [room.access.create(LOCAL_USER, f"M{n}") for n in range(SMALL.matters + 1)]
    for n in range(SMALL.documents + 1):
        room.access.accept(LOCAL_USER, matters[0], room.file(str(n), SMALL.mib << 20))
    begun = [room.conversations.start(LOCAL_USER, matters[0], "Rent?") for _ in range(SMALL.conversations + 1)]
    for _ in range(SMALL.turns + 1):
        room.conversations.add_turn(LOCAL_USER, begun[0].id, "Rent?", read_turn({"answer": "…"}), "complete")
