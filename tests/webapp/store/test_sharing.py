"""Who lets whom into a matter: members, groups, walls, handing over, leaving, the archive."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from retrieval import Files, Library, Matter, MatterExists, NoSuchMatter, PinciteError, database
from webapp.core.errors import (
    AmbiguousPerson,
    BehindWall,
    GroupExists,
    NoHeir,
    NoSuchGroup,
    NoSuchPerson,
    NotAllowed,
    OwnerStays,
    PersonDisabled,
    RoleTooLow,
)
from webapp.store.access import Access
from webapp.store.audit import Audit, Wanted
from webapp.store.schema import users
from webapp.store.sharing import Sharing
from webapp.store.users import User, Users

ANN, BEN, CLEO, ADMIN = (User(name.lower(), name) for name in ("Ann", "Ben", "Cleo", "Admin"))


@pytest.fixture
def sharing(engine: sa.Engine, tmp_path: Path) -> Sharing:
    library, records = Library(engine, Files(tmp_path / "files")), Users(engine)
    for user in (ANN, BEN, CLEO, ADMIN):
        records.add(user)
    with database.writing(engine) as connection:
        connection.execute(sa.update(users).where(users.c.id == ADMIN.id).values(administrator=True))
        connection.execute(sa.update(users).where(users.c.id == BEN.id).values(email="ben@firm.example"))
    return Sharing(engine, library, records, Access(library, records), Audit(engine, tmp_path / "audit.head"))


@pytest.fixture
def access(sharing: Sharing) -> Access:
    return sharing._access


@pytest.fixture
def matter(access: Access) -> Matter:
    return access.create(ANN, "Acme")


def leave(sharing: Sharing, user: User, leaving: User, heir: User) -> None:
    with sharing._audit.transaction() as transaction:
        sharing.leave_all(transaction, user, leaving, heir)


def _roles(sharing: Sharing, matter: Matter) -> dict[str, str | None]:
    return {member.user.name: member.role for member in sharing.people(ANN, matter.id)}


def test_whoever_is_let_in_is_in_and_is_taken_out_again(sharing: Sharing, access: Access, matter: Matter) -> None:
    sharing.share(ANN, "Acme", "Ben@firm.example ", "member")
    sharing.share(ANN, "Acme", "Cleo", "viewer")
    assert _roles(sharing, matter) == {"Ann": "owner", "Ben": "member", "Cleo": "viewer"}
    sharing.share(ANN, "Acme", "Cleo", "member")
    assert _roles(sharing, matter)["Cleo"] == "member"
    sharing.unshare(ANN, "Acme", "Ben")
    assert access.matters(BEN) == []


def test_someone_leaves_by_themselves(sharing: Sharing, access: Access, matter: Matter) -> None:
    sharing.share(ANN, "Acme", "Ben", "viewer")
    sharing.unshare(BEN, "Acme", "Ben")
    assert access.matters(BEN) == []


ACTS: dict[str, Callable[[Sharing, User, str], object]] = {
    "share": lambda s, user, matter: s.share(user, matter, "Cleo", "viewer"),
    "share with a group": lambda s, user, matter: s.share_with_group(user, matter, "Litigation", "viewer"),
    "lift a wall": lambda s, user, matter: s.lift_wall(user, matter, "Cleo"),
    "archive": lambda s, user, matter: s.archive(user, matter, archived=True),
    "unshare": lambda s, user, matter: s.unshare(user, matter, "Cleo"),
    "unshare with a group": lambda s, user, matter: s.unshare_with_group(user, matter, "Litigation"),
    "wall": lambda s, user, matter: s.wall(user, matter, "Cleo"),
    "hand over": lambda s, user, matter: s.hand_over(user, matter, "Cleo"),
}
OF_ADMINISTRATORS = {"unshare", "unshare with a group", "wall", "hand over"}


@pytest.mark.parametrize("act", ACTS)
def test_only_the_owner_decides_and_an_administrator_lets_nobody_in(sharing: Sharing, matter: Matter, act: str) -> None:
    sharing.create_group(ADMIN, "Litigation")
    run = ACTS[act]
    with pytest.raises(NoSuchMatter):
        run(sharing, BEN, matter.id)
    for role in ("viewer", "member"):
        sharing.share(ANN, matter.id, "Ben", role)
        with pytest.raises(RoleTooLow):
            run(sharing, BEN, matter.id)
    if act in OF_ADMINISTRATORS:
        sharing.share(ANN, matter.id, "Admin", "viewer")
        with pytest.raises(NotAllowed):
            sharing.hand_over(ADMIN, matter.id, "Admin")
        sharing.unshare(ANN, matter.id, "Admin")
        run(sharing, ADMIN, matter.id)
        with pytest.raises(NotAllowed):
            sharing.hand_over(ADMIN, matter.id, "Admin")
    else:
        with pytest.raises(NoSuchMatter):
            run(sharing, ADMIN, matter.id)
        run(sharing, ANN, matter.id)
    assert "Admin" not in _roles(sharing, matter)


def test_a_wall_ends_a_membership_and_stands_before_a_new_one(sharing: Sharing, access: Access, matter: Matter) -> None:
    sharing.create_group(ADMIN, "Litigation")
    sharing.add_to_group(ADMIN, "Litigation", "Ben")
    sharing.share_with_group(ANN, "Acme", "Litigation", "member")
    sharing.share(ANN, "Acme", "Ben", "viewer")
    [_, ben] = sharing.people(ANN, matter.id)
    assert (ben.role, ben.groups) == ("member", ("Litigation",))
    sharing.wall(ANN, "Acme", "Ben")
    assert access.matters(BEN) == []
    assert _roles(sharing, matter) == {"Ann": "owner", "Ben": None}
    with pytest.raises(BehindWall):
        sharing.share(ANN, "Acme", "Ben", "viewer")
    with pytest.raises(BehindWall):
        sharing.hand_over(ANN, "Acme", "Ben")
    sharing.lift_wall(ANN, "Acme", "Ben")
    assert access.may(BEN, matter.id, "change")
    sharing.remove_from_group(ADMIN, "Litigation", "Ben")
    assert access.matters(BEN) == []


def test_the_owner_stays_until_the_matter_is_handed_over(sharing: Sharing, access: Access, matter: Matter) -> None:
    for act in (sharing.unshare, sharing.wall):
        with pytest.raises(OwnerStays):
            act(ANN, "Acme", "Ann")
    with pytest.raises(OwnerStays):
        sharing.share(ANN, "Acme", "Ann", "viewer")
    sharing.hand_over(ANN, "Acme", "Ben")
    assert _roles(sharing, matter) == {"Ben": "owner", "Ann": "member"}
    with pytest.raises(RoleTooLow):
        sharing.hand_over(ANN, "Acme", "Ann")
    assert access.create(ANN, "Acme").id != matter.id, "the name is free where it was"
    with pytest.raises(MatterExists):
        access.create(BEN, "Acme")


def test_a_matter_handed_to_someone_who_has_one_of_its_name_gets_another(
    sharing: Sharing, access: Access, matter: Matter
) -> None:
    own = access.create(BEN, "Acme")
    sharing.hand_over(ANN, matter.id, "Ben")
    assert {each.id: each.name for each in access.matters(BEN)} == {own.id: "Acme", matter.id: "Acme (2)"}


def test_a_matter_is_not_handed_to_someone_who_may_no_longer_sign_in(
    sharing: Sharing, access: Access, matter: Matter, engine: sa.Engine
) -> None:
    with database.writing(engine) as connection:
        connection.execute(sa.update(users).where(users.c.id == BEN.id).values(disabled_at=sa.func.current_timestamp()))
    with pytest.raises(PersonDisabled):
        sharing.hand_over(ANN, matter.id, "Ben")
    assert access.owner(matter) == ANN


def test_who_leaves_the_firm_leaves_their_matters_to_another(sharing: Sharing, access: Access, matter: Matter) -> None:
    theirs = access.create(BEN, "Bolt")
    sharing.share(ANN, "Acme", "Ben", "member")
    with pytest.raises(NotAllowed):
        leave(sharing, BEN, BEN, CLEO)
    leave(sharing, ADMIN, BEN, CLEO)
    assert (access.matters(BEN), access.matters(CLEO)) == ([], [theirs])


def test_groups_are_made_by_administrators_and_seen_by_who_is_in_them(sharing: Sharing) -> None:
    with pytest.raises(NotAllowed):
        sharing.create_group(ANN, "Litigation")
    group = sharing.create_group(ADMIN, "Litigation")
    with pytest.raises(GroupExists):
        sharing.create_group(ADMIN, " Litigation ")
    sharing.add_to_group(ADMIN, group.id, "Ben")
    sharing.add_to_group(ADMIN, group.id, "Ben")
    assert [[person.name for person in each.people] for each in sharing.groups(BEN)] == [["Ben"]]
    assert sharing.groups(ANN) == []
    sharing.delete_group(ADMIN, "Litigation")
    with pytest.raises(NoSuchGroup):
        sharing.add_to_group(ADMIN, group.id, "Ben")


@pytest.mark.parametrize(("who", "refused"), [("Dan", NoSuchPerson), ("", NoSuchPerson), ("Eve", AmbiguousPerson)])
def test_a_name_that_is_nobodys_or_several_peoples_is_told(
    sharing: Sharing, matter: Matter, who: str, refused: type[PinciteError]
) -> None:
    for id_ in ("eve1", "eve2"):
        sharing._users.add(User(id_, "Eve"))
    with pytest.raises(refused):
        sharing.share(ANN, matter.id, who, "viewer")


def test_an_address_is_the_name_of_nobody_but_whom_a_proxy_names(sharing: Sharing, matter: Matter) -> None:
    sharing._users.add(User("mallory", "cfo@firm.example"))
    with pytest.raises(NoSuchPerson):
        sharing.share(ANN, matter.id, "cfo@firm.example", "member")
    sharing._users.add(User("proxy-1", "dan@firm.example"))
    sharing.share(ANN, matter.id, "dan@firm.example", "member")
    assert _roles(sharing, matter)["dan@firm.example"] == "member"


def test_an_administrator_puts_others_into_a_group_and_not_themselves(
    sharing: Sharing, access: Access, matter: Matter
) -> None:
    sharing.create_group(ADMIN, "Litigation")
    sharing.share_with_group(ANN, matter.id, "Litigation", "viewer")
    with pytest.raises(NotAllowed):
        sharing.add_to_group(ADMIN, "Litigation", "Admin")
    assert access.matters(ADMIN) == []


def test_of_two_who_are_handed_a_matter_at_once_one_gets_it(sharing: Sharing, matter: Matter) -> None:
    def hand_over(who: str) -> bool:
        with suppress(RoleTooLow):
            return bool(sharing.hand_over(ANN, matter.id, who))
        return False

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(hand_over, ("Ben", "Cleo"))) == 1
    assert list(_roles(sharing, matter).values()) == ["owner", "member"]


def test_nobody_follows_who_cannot(sharing: Sharing, access: Access, matter: Matter) -> None:
    sharing.wall(ANN, matter.id, "Cleo")
    other = access.create(ANN, "Bolt")
    for heir in (ANN, ADMIN, CLEO):
        with pytest.raises(NoHeir):
            leave(sharing, ADMIN, ANN, heir)
    assert {access.owner(matter), access.owner(other)} == {ANN}  # of two matters, with a wall in the way of one
    assert [entry.act for entry in sharing._audit.each(Wanted())][-1] == "wall"
    leave(sharing, ADMIN, ANN, BEN)
    assert {access.owner(matter), access.owner(other)} == {BEN}


def test_people_and_matters_of_one_name_are_told_apart(sharing: Sharing, access: Access, matter: Matter) -> None:
    with database.writing(sharing._engine) as connection:
        its = sa.update(users).where(users.c.id.in_([BEN.id, CLEO.id])).values(name="Sam")
        connection.execute(its)
        connection.execute(sa.update(users).where(users.c.id == BEN.id).values(email="ben@firm.example"))
    people = [User(BEN.id, "Sam"), User(CLEO.id, "sam"), ANN]
    assert sharing.told_apart(people) == {"ben": "Sam (ben@firm.example)", "cleo": "sam (cleo)", "ann": "Ann"}
    theirs = access.create(BEN, matter.name)
    alone = access.create(BEN, "Bolt")
    labels = sharing.matters_told_apart([matter, theirs, alone])
    assert list(labels.values()) == ["Acme – Ann", "Acme – Sam", "Bolt"]


def test_a_privileged_document_is_noted_until_it_is_not(sharing: Sharing, access: Access, matter: Matter) -> None:
    record = access._library.accept(matter.id, "memo.txt", b"Privileged and confidential.")
    for _ in range(2):
        sharing.set_privileged(ANN, matter.id, record.id, is_privileged=True)
    sharing.share(ANN, matter.id, "Ben", "viewer")
    assert sharing.privileged_in(BEN, matter.id) == {record.id}
    with pytest.raises(RoleTooLow):
        sharing.set_privileged(BEN, matter.id, record.id, is_privileged=False)
    sharing.set_privileged(ANN, matter.id, record.id, is_privileged=False)
    assert sharing.privileged_in(ANN, matter.id) == frozenset()
