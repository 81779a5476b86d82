"""Who may do what in a matter: by role, through groups, behind a wall, in an archive."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from retrieval import Files, Library, Matter, NoSuchMatter, database
from tests.pdfs import make_pdf
from webapp.core.errors import AmbiguousMatter, MatterArchived, QuotaReached, RoleTooLow
from webapp.core.quotas import TEAM, Quota
from webapp.store.access import Access
from webapp.store.roles import RIGHTS, Right
from webapp.store.schema import group_matters, group_members, groups, matter_settings, memberships, users, walls
from webapp.store.users import User, Users

ANN, BEN = User("ann", "Ann"), User("ben", "Ben")
EVERY: tuple[Right, ...] = ("read", "ask", "change", "manage")
Insert = Callable[..., None]


@pytest.fixture
def access(engine: sa.Engine, tmp_path: Path) -> Access:
    library, records = Library(engine, Files(tmp_path / "files")), Users(engine)
    for user in (ANN, BEN):
        records.add(user)
    return Access(library, records)


@pytest.fixture
def matter(access: Access) -> Matter:
    return access.create(ANN, "Acme")


@pytest.fixture
def insert(engine: sa.Engine) -> Insert:
    def insert(table: sa.Table, **values: object) -> None:
        with database.writing(engine) as connection:
            connection.execute(sa.insert(table).values(values))

    return insert


def _rights(access: Access, user: User, matter: Matter) -> set[Right]:
    return {right for right in EVERY if access.may(user, matter.id, right)}


@pytest.mark.parametrize("role", sorted(RIGHTS))
@pytest.mark.parametrize("through_group", [False, True])
def test_a_role_gives_its_rights_and_no_others(
    access: Access, matter: Matter, insert: Insert, role: str, through_group: bool
) -> None:
    if through_group:
        insert(groups, id="g", name="Litigation")
        insert(group_members, group_id="g", user_id=BEN.id)
        insert(group_matters, group_id="g", matter_id=matter.id, role=role)
    else:
        insert(memberships, user_id=BEN.id, matter_id=matter.id, role=role)
    assert _rights(access, BEN, matter) == RIGHTS[role]  # type: ignore[index]
    for right in set(EVERY) - _rights(access, BEN, matter):
        with pytest.raises(RoleTooLow):
            access.check(BEN, matter.id, right)


def test_of_two_ways_into_a_matter_the_higher_role_counts(access: Access, matter: Matter, insert: Insert) -> None:
    insert(memberships, user_id=BEN.id, matter_id=matter.id, role="viewer")
    insert(groups, id="g", name="Litigation")
    insert(group_members, group_id="g", user_id=BEN.id)
    insert(group_matters, group_id="g", matter_id=matter.id, role="member")
    assert access.may(BEN, matter.id, "change")
    assert [found.name for found in access.matters(BEN)] == ["Acme"]


@pytest.mark.parametrize("way", ["membership", "group"])
def test_a_wall_keeps_out_whichever_way_leads_in(access: Access, matter: Matter, insert: Insert, way: str) -> None:
    if way == "membership":
        insert(memberships, user_id=BEN.id, matter_id=matter.id, role="member")
    else:
        insert(groups, id="g", name="Litigation")
        insert(group_members, group_id="g", user_id=BEN.id)
        insert(group_matters, group_id="g", matter_id=matter.id, role="member")
    assert access.matters(BEN) == [matter]
    insert(walls, matter_id=matter.id, user_id=BEN.id)
    assert access.matters(BEN) == []
    told = []
    for asked in (matter.id, "0" * 32):
        with pytest.raises(NoSuchMatter) as error:
            access.check(BEN, asked)
        told.append(str(error.value).replace(asked, "…"))
    assert len(set(told)) == 1


def test_a_disabled_person_sees_nothing(access: Access, matter: Matter, engine: sa.Engine) -> None:
    with database.writing(engine) as connection:
        connection.execute(sa.update(users).where(users.c.id == ANN.id).values(disabled_at=sa.func.current_timestamp()))
    assert access.matters(ANN) == []
    assert _rights(access, ANN, matter) == set()


def test_an_archived_matter_is_read_and_managed_and_nothing_else(
    access: Access, matter: Matter, insert: Insert, tmp_path: Path
) -> None:
    insert(matter_settings, matter_id=matter.id, archived=True)
    assert _rights(access, ANN, matter) == {"read", "manage"}
    (tmp_path / "lease.pdf").write_bytes(make_pdf(["one"]))
    with pytest.raises(MatterArchived):
        access.accept(ANN, matter, tmp_path / "lease.pdf")


def test_a_name_that_two_matters_have_means_ones_own_or_is_asked_back(
    access: Access, matter: Matter, insert: Insert
) -> None:
    insert(memberships, user_id=BEN.id, matter_id=matter.id, role="member")
    assert access.matter(BEN, "Acme") == matter
    own = access.create(BEN, "Acme")
    assert access.matter(BEN, "Acme") == own
    assert access.matter(BEN, matter.id) == matter
    cleo = User("cleo", "Cleo")
    access._users.add(cleo)
    for other in (matter, own):
        insert(memberships, user_id=cleo.id, matter_id=other.id, role="viewer")
    with pytest.raises(AmbiguousMatter):
        access.matter(cleo, "Acme")


def test_what_a_member_adds_counts_against_the_owner(
    engine: sa.Engine, access: Access, matter: Matter, insert: Insert, tmp_path: Path
) -> None:
    insert(memberships, user_id=BEN.id, matter_id=matter.id, role="member")
    one = Quota(documents=1, mib=9, matters=TEAM.matters, conversations=9, turns=9)
    tight = Access(access._library, access._users, one)
    for words in ("one", "two"):
        (tmp_path / f"{words}.pdf").write_bytes(make_pdf([words]))
    tight.accept(BEN, matter, tmp_path / "one.pdf")
    with pytest.raises(QuotaReached):
        tight.accept(ANN, matter, tmp_path / "two.pdf")
    own = tight.create(BEN, "Own")
    assert tight.accept(BEN, own, tmp_path / "two.pdf").name == "two.pdf"
