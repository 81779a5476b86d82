"""How much one user may have: told with the limit, free again when something is deleted,
never passed by two at once.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

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


class Records:
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


@pytest.fixture
def records(database_url: str, tmp_path: Path) -> Iterator[Records]:
    records = Records(database_url, tmp_path)
    yield records
    records.engine.dispose()


@pytest.fixture
def matter(records: Records) -> Matter:
    return records.access.create(ANN, "Acme")


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


def test_documents_are_counted_over_all_matters_of_a_user_and_of_nobody_else(records: Records, matter: Matter) -> None:
    other, bens = records.access.create(ANN, "Bolt"), records.access.create(BEN, "Bolt")
    for n in range(SMALL.documents):
        records.access.accept(ANN, (matter, other)[n % 2], records.file(str(n)))
    with pytest.raises(QuotaReached, match=r"^The limit is 5 documents per user"):
        records.access.accept(ANN, other, records.file("one more"))
    assert records.access.accept(BEN, bens, records.file("one more"))
    assert len(records.kept()) == SMALL.documents + 1


def test_what_is_there_already_does_not_count_again_and_what_is_removed_is_free(
    records: Records, matter: Matter
) -> None:
    first, *_ = [records.access.accept(ANN, matter, records.file(str(n))) for n in range(SMALL.documents)]
    assert records.access.accept(ANN, matter, records.file("0"), "again.pdf").id == first.id
    records.library.remove(matter.id, first.id)
    assert records.access.accept(ANN, matter, records.file("one more"))
    with pytest.raises(QuotaReached):
        records.access.accept(ANN, matter, records.file("0"))
    records.library.delete_matter(matter.id)
    records.users.delete_matter_rows(matter.id)
    again = records.access.create(ANN, "Acme")
    for n in range(SMALL.documents):
        records.access.accept(ANN, again, records.file(str(n)))


def test_bytes_are_counted_too(records: Records, matter: Matter) -> None:
    half = SMALL.mib << 19
    records.access.accept(ANN, matter, records.file("one", half))
    records.access.accept(ANN, matter, records.file("two", half))  # exactly as much as there may be
    with pytest.raises(QuotaReached, match=r"^The limit is 1 MiB of documents per user"):
        records.access.accept(ANN, matter, records.file("three"))
    assert len(records.kept()) == 2


def test_documents_that_come_at_once_do_not_pass_together_and_leave_nothing(records: Records, matter: Matter) -> None:
    files = [records.file(str(n)) for n in range(AT_ONCE)]
    refused = _refused(lambda n: records.access.accept(ANN, matter, files[n]))
    kept = {record.id for record in records.library.documents(matter.id)}
    assert (len(refused), len(kept)) == (AT_ONCE - SMALL.documents, SMALL.documents)
    assert records.kept() == kept


# Matters


def test_matters_are_counted_and_free_again(records: Records, matter: Matter) -> None:
    for name in ("Bolt", "Corp"):
        records.access.create(ANN, name)
    with pytest.raises(QuotaReached, match=r"^The limit is 3 matters per user"):
        records.access.create(ANN, "Dent")
    with pytest.raises(MatterExists):  # the nearer reason
        records.access.create(ANN, "Acme")
    assert records.access.create(BEN, "Acme")
    records.library.delete_matter(matter.id)
    records.users.delete_matter_rows(matter.id)
    assert records.access.create(ANN, "Dent")


def test_matters_that_are_made_at_once_do_not_pass_together(records: Records) -> None:
    refused = _refused(lambda n: records.access.create(ANN, f"M{n}"))
    assert (len(refused), len(records.access.matters(ANN))) == (AT_ONCE - SMALL.matters, SMALL.matters)
    assert len(records.users.matters_of(ANN)) == SMALL.matters


# Conversations


def test_conversations_are_counted_over_all_matters_and_free_again(records: Records, matter: Matter) -> None:
    other = records.access.create(ANN, "Bolt")
    begun = [records.conversations.start(ANN, (matter, other)[n % 2], "Rent?") for n in range(SMALL.conversations)]
    with pytest.raises(QuotaReached, match=r"^The limit is 4 conversations per user"):
        records.conversations.start(ANN, matter, "Rent?")
    records.conversations.delete(ANN, begun[0].id)
    assert records.conversations.start(ANN, matter, "Rent?")


def test_conversations_that_begin_at_once_do_not_pass_together(records: Records, matter: Matter) -> None:
    refused = _refused(lambda _: records.conversations.start(ANN, matter, "Rent?"))
    have = len(records.conversations.all(ANN, matter))
    assert (len(refused), have) == (AT_ONCE - SMALL.conversations, SMALL.conversations)


def test_turns_of_a_conversation_are_counted_and_one_that_is_replaced_is_free(records: Records, matter: Matter) -> None:
    begun = records.conversations.start(ANN, matter, "Rent?")
    kept = []
    for _ in range(SMALL.turns):
        records.conversations.check_room(ANN, begun.id)
        kept.append(records.conversations.add_turn(ANN, begun.id, "Rent?", read_turn({"answer": "…"}), "complete"))
    with pytest.raises(QuotaReached, match=r"^The limit is 3 questions in a conversation per user"):
        records.conversations.check_room(ANN, begun.id)
    with pytest.raises(QuotaReached):
        records.conversations.add_turn(ANN, begun.id, "Rent?", read_turn({"answer": "…"}), "complete")
    records.conversations.check_room(BEN, begun.id)  # it is not his, and how full it is he is not told
    records.conversations.cut(ANN, kept[-1].id)
    records.conversations.check_room(ANN, begun.id)


def test_turns_that_are_kept_at_once_do_not_pass_together(records: Records, matter: Matter) -> None:
    begun = records.conversations.start(ANN, matter, "Rent?")
    refused = _refused(
        lambda _: records.conversations.add_turn(ANN, begun.id, "Rent?", read_turn({"answer": "…"}), "complete")
    )
    have = len(records.conversations.turns(ANN, begun.id))
    assert (len(refused), have) == (AT_ONCE - SMALL.turns, SMALL.turns)


# The local user


def test_the_user_of_this_machine_has_no_limits(records: Records) -> None:
    matters = [records.access.create(LOCAL_USER, f"M{n}") for n in range(SMALL.matters + 1)]
    for n in range(SMALL.documents + 1):
        records.access.accept(LOCAL_USER, matters[0], records.file(str(n), SMALL.mib << 20))
    begun = [records.conversations.start(LOCAL_USER, matters[0], "Rent?") for _ in range(SMALL.conversations + 1)]
    for _ in range(SMALL.turns + 1):
        records.conversations.add_turn(LOCAL_USER, begun[0].id, "Rent?", read_turn({"answer": "…"}), "complete")
