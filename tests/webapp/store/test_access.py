from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from retrieval import Files, Library, MatterExists, NoSuchDocument, NoSuchMatter, database
from tests.pdfs import make_pdf
from webapp.core.errors import AmbiguousDocument
from webapp.store.access import Access
from webapp.store.users import User, Users

ANN, BEN = User("ann", "Ann"), User("ben", "Ben")


@pytest.fixture
def library(database_url: str, tmp_path: Path) -> Iterator[Library]:
    engine = database.open_database(database_url)
    yield Library(engine, Files(tmp_path / "files"))
    engine.dispose()


@pytest.fixture
def records(database_url: str) -> Iterator[Users]:
    engine = database.open_database(database_url)
    records = Users(engine)
    for user in (ANN, BEN):
        records.add(user)
    yield records
    engine.dispose()


@pytest.fixture
def access(library: Library, records: Users) -> Access:
    return Access(library, records)


def test_a_user_sees_their_own_matters_and_no_others(access: Access) -> None:
    access.create(ANN, "Zeta")
    access.create(ANN, "Acme")
    access.create(BEN, "Bolt")
    assert [matter.name for matter in access.matters(ANN)] == ["Acme", "Zeta"]
    assert [matter.name for matter in access.matters(BEN)] == ["Bolt"]


def test_a_matter_is_found_by_name_and_by_id(access: Access) -> None:
    made = access.create(ANN, "Acme")
    assert access.matter(ANN, "Acme") == access.matter(ANN, made.id) == made


def test_a_matter_that_is_called_by_the_id_of_another_is_not_taken_for_it(access: Access) -> None:
    made, hers = access.create(ANN, "Acme"), access.create(BEN, "Bolt")
    own = access.create(ANN, made.id)
    assert access.matter(ANN, made.id) == access.matter_by_id(ANN, made.id) == made
    assert access.matter(ANN, own.id) == own
    access.create(ANN, hers.id)
    with pytest.raises(NoSuchMatter):
        access.matter_by_id(ANN, hers.id)


@pytest.mark.parametrize("name", ["M/S Acme & Co", "Deal 2024/2025", "a\\b", "[link](http://x) <b>"])
def test_a_matter_has_the_whole_name_it_was_given_and_no_part_of_it_leads_to_it(access: Access, name: str) -> None:
    made = access.create(ANN, name)
    assert (made.name, access.matter(ANN, name)) == (name, made)
    with pytest.raises(NoSuchMatter):
        access.matter(ANN, name.replace("\\", "/").rpartition("/")[2])
    with pytest.raises(NoSuchMatter):
        access.matter(ANN, f"elsewhere/{name}")


def test_what_is_forbidden_reads_as_what_does_not_exist(access: Access) -> None:
    made = access.create(BEN, "Bolt")
    told = []
    for asked in ("Bolt", made.id, "Nothing"):
        with pytest.raises(NoSuchMatter) as error:
            access.matter(ANN, asked)
        told.append((str(error.value).replace(asked, "…"), error.value.hint))
    assert len(set(told)) == 1


def test_documents_are_shown_to_members_alone(access: Access, library: Library) -> None:
    matter = access.create(BEN, "Bolt")
    library.accept(matter.id, "lease.pdf", make_pdf(["one"]))
    assert [record.name for record in access.documents(BEN, matter)] == ["lease.pdf"]
    with pytest.raises(NoSuchMatter):
        access.documents(ANN, matter)
    with pytest.raises(NoSuchMatter):
        access.document(ANN, matter, "lease.pdf")


def test_a_matter_that_a_crash_left_without_members_is_adopted_and_no_other(access: Access, library: Library) -> None:
    access.create(BEN, "Bolt")
    library.create_matter("Orphan")
    access.repair(ANN)
    access.repair(ANN)
    assert [matter.name for matter in access.matters(ANN)] == ["Orphan"]


def test_nobody_is_let_into_a_matter_that_was_forgotten(access: Access, records: Users) -> None:
    matter = access.create(ANN, "Acme")
    records.delete_matter_rows(matter.id)
    with pytest.raises(NoSuchMatter):
        access.matter(ANN, "Acme")


def test_a_name_that_is_taken_is_told(access: Access) -> None:
    access.create(ANN, "Acme")
    with pytest.raises(MatterExists):
        access.create(ANN, "Acme")


def test_a_name_is_taken_among_ones_own_matters_alone(access: Access) -> None:
    """A name that was refused would tell one user what another calls a matter."""
    assert access.create(ANN, "Acme").id != access.create(BEN, "Acme").id
    assert [matter.name for matter in access.matters(BEN)] == ["Acme"]


def test_two_commands_of_one_user_make_one_matter_of_a_name(access: Access) -> None:
    def make(_: int) -> bool:
        try:
            access.create(ANN, "Acme")
        except MatterExists:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(make, range(8))) == 1
    assert len(access.matters(ANN)) == 1


def test_a_matter_that_could_not_be_made_leaves_no_membership(access: Access, records: Users, library: Library) -> None:
    library.create_matter("Acme", namespace=ANN.id)
    with pytest.raises(MatterExists):
        access.create(ANN, "Acme")
    assert records.matters_of(ANN) == frozenset()


def test_what_a_crash_left_of_a_matter_is_forgotten(access: Access, records: Users, library: Library) -> None:
    kept = access.create(ANN, "Acme")
    records.join(ANN, ["0" * 32])  # noted, and then the matter was not made
    access.repair(BEN)
    assert records.matters_of(ANN) == {kept.id}


def test_files_are_taken_into_ones_own_matters_alone(access: Access, tmp_path: Path) -> None:
    matter = access.create(ANN, "Acme")
    file = tmp_path / "lease.pdf"
    file.write_bytes(make_pdf(["one"]))
    record = access.accept(ANN, matter, file)
    assert access.record(ANN, matter.id, record.id) == record
    for forbidden in (
        lambda: access.accept(BEN, matter, file),
        lambda: access.record(BEN, matter.id, record.id),
        lambda: access.check(BEN, matter.id),
    ):
        with pytest.raises(NoSuchMatter):
            forbidden()


NAMES = ("Acme lease.pdf", "Acme lease 2.pdf", "Bolt NDA.pdf", "lease.pdf")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("lease.pdf", "lease.pdf"),  # the whole name, though others hold it too
        ("bolt", "Bolt NDA.pdf"),
        ("lease 2", "Acme lease 2.pdf"),
        ("acme", AmbiguousDocument),
        ("LEASE", AmbiguousDocument),
        ("charter", NoSuchDocument),
        ("", NoSuchDocument),
        (" ", NoSuchDocument),
    ],
)
def test_a_document_is_named_by_its_name_or_a_part_of_it(
    access: Access, library: Library, asked: str, expected: str | type[Exception]
) -> None:
    matter = access.create(ANN, "Acme")
    for name in NAMES:
        library.accept(matter.id, name, make_pdf([name]))
    if isinstance(expected, str):
        assert access.document(ANN, matter, asked).name == expected
        return
    with pytest.raises(expected):
        access.document(ANN, matter, asked)


def test_a_document_is_named_by_the_start_of_its_id(access: Access, library: Library) -> None:
    matter = access.create(ANN, "Acme")
    record = library.accept(matter.id, "lease.pdf", make_pdf(["one"]))
    library.accept(matter.id, "other.pdf", make_pdf(["two"]))
    for asked in (record.id, record.id[:12], record.id[:12].upper()):
        assert access.document(ANN, matter, asked) == record
    with pytest.raises(NoSuchDocument):
        access.document(ANN, matter, record.id[:3] + "zz")


def test_two_documents_of_one_name_are_told_apart(access: Access, library: Library) -> None:
    matter = access.create(ANN, "Acme")
    ids = [library.accept(matter.id, "lease.pdf", make_pdf([page])).id for page in ("one", "two")]
    assert [access.document(ANN, matter, name).id for name in ("lease.pdf", "lease (2).pdf")] == ids
    with pytest.raises(AmbiguousDocument) as told:
        access.document(ANN, matter, "lease")
    assert all(id_[:12] in str(told.value) for id_ in ids)


def test_the_sample_is_owed_until_it_was_made(records: Users) -> None:
    assert records.add(ANN)
    assert records.add(ANN)
    records.set_sample_made(ANN)
    assert not records.add(ANN)
    assert records.add(BEN)
