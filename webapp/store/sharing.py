"""People in matters: who is let in and in which role, groups, walls, handing over, and the archive.

Every act is authorised here. The owner of a matter decides who is in it; an administrator who is not in it may take
people out, keep them out and hand it over, but let nobody in, themselves least of all.
"""

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from retrieval import DocumentRecord, Library, Matter, NoSuchMatter, clean_title, database
from webapp.core.errors import (
    AmbiguousMatter,
    AmbiguousPerson,
    BehindWall,
    GroupExists,
    NoHeir,
    NoSuchGroup,
    NoSuchPerson,
    NotAllowed,
    OwnerStays,
    PersonDisabled,
    PrivilegedDocument,
    RoleTooLow,
)
from webapp.core.limits import check_name
from webapp.store.access import Access
from webapp.store.audit import Act, Audit, Transaction
from webapp.store.retention import change_settings
from webapp.store.roles import RANK, Right, Role
from webapp.store.schema import (
    group_matters,
    group_members,
    groups,
    memberships,
    privileged,
    users,
    walls,
)
from webapp.store.users import LOCAL_USER, PROXY, User, Users


@dataclass(frozen=True, slots=True)
class Member:
    """Someone who is in a matter, or kept out of it by a wall (`role` None): by a membership of their own, through
    `groups`, or both.
    """

    user: User
    role: Role | None
    groups: tuple[str, ...] = ()
    by_themselves: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """People who are let into matters together."""

    id: str
    name: str
    people: tuple[User, ...]


class Sharing:
    """Who is in which matter. Thread-safe.

    `who` is the e-mail address, name or id of a person. Every method raises NoSuchMatter, AmbiguousMatter and
    NotAllowed (RoleTooLow) for a matter in which the acting user may not do it, and NoSuchPerson or AmbiguousPerson for
    `who`.
    """

    def __init__(self, engine: sa.Engine, library: Library, users_: Users, access: Access, audit: Audit) -> None:
        self._engine, self._library, self._users, self._access = engine, library, users_, access
        self._audit = audit

    def administers(self, user: User) -> bool:
        """Whether the user is an administrator; the owner of the machine is one."""
        query = sa.select(users.c.administrator).where(users.c.id == user.id, users.c.disabled_at.is_(None))
        with database.reading(self._engine) as connection:
            return user == LOCAL_USER or bool(connection.scalar(query))

    def check_administrator(self, user: User) -> None:
        """Check that the user is an administrator. Raises NotAllowed."""
        if not self.administers(user):
            raise NotAllowed()

    def person(self, who: str) -> User:
        """Find a person by e-mail address, id or name. Raises NoSuchPerson or AmbiguousPerson.

        An address is nobody's name, for people may call themselves what they like, but for those whom a proxy named.
        """
        check_name(who)
        named = users.c.name == who.strip()
        if "@" in who:
            named = sa.and_(named, users.c.id.startswith(PROXY))
        with database.reading(self._engine) as connection:
            for condition in (users.c.email == who.strip().casefold(), users.c.id == who, named):
                found = connection.execute(
                    sa.select(users.c.id, users.c.name).where(condition, users.c.ends_at.is_(None))
                ).all()
                if len(found) > 1:
                    raise AmbiguousPerson(person=who)
                for row in found:
                    return User(row.id, row.name)
        raise NoSuchPerson(person=who)

    def told_apart(self, people: Iterable[User]) -> dict[str, str]:
        """Their names by id; those that several of them have, with the name by which each signs in."""
        everyone = {person.id: person.name for person in people}
        counts = Counter(map(str.casefold, everyone.values()))
        alike = [id_ for id_, name in everyone.items() if counts[name.casefold()] > 1]
        query = sa.select(users.c.id, users.c.email).where(users.c.id.in_(alike))
        with database.reading(self._engine) as connection:
            emails = {row.id: row.email for row in connection.execute(query)} if alike else {}
        return everyone | {id_: f"{everyone[id_]} ({emails.get(id_) or id_})" for id_ in alike}

    def matters_told_apart(self, known: Iterable[Matter]) -> dict[str, str]:
        """The names of matters by id; those that several of them have, with the owner of each."""
        names = {matter.id: matter.name for matter in known}
        counts = Counter(map(str.casefold, names.values()))
        alike = {id_ for id_, name in names.items() if counts[name.casefold()] > 1}
        owners = {id_: owner for id_ in alike if (owner := self._users.owner_of(id_))}
        called = self.told_apart(owners.values())
        return names | {id_: f"{names[id_]} – {called[owner.id]}" for id_, owner in owners.items()}

    # The people of a matter

    def people(self, user: User, name_or_id: str) -> list[Member]:
        """The people of a matter, its owner first, then those whom a wall keeps out. Needs the right to read it."""
        return self._people(self._matter(user, name_or_id, "read").id)

    def share(self, user: User, name_or_id: str, who: str, role: Role) -> Matter:
        """Let someone in, or change their role. Raises BehindWall, and OwnerStays for the owner's."""
        matter = self._matter(user, name_or_id, "manage")
        person = self.person(who)
        with self._changing(user, Act.ROLE, matter, person.id, role=role) as connection:
            self._check_no_owner(connection, matter, person)
            if connection.scalar(_wall(matter, person)):
                raise BehindWall(person=person.name)
            _set_membership(connection, matter.id, person, role)
        return matter

    def unshare(self, user: User, name_or_id: str, who: str) -> Matter:
        """Take a membership away; someone may also leave by themselves. Raises OwnerStays for the owner."""
        person = self.person(who)
        matter = self._matter(user, name_or_id, "read" if person == user else "manage", administrators=True)
        allowed = person == user or self.administers(user)
        with self._changing(user, Act.ROLE, matter, person.id, allowed=allowed, role="none") as connection:
            self._check_no_owner(connection, matter, person)
            connection.execute(sa.delete(memberships).where(_membership(matter.id, person)))
        return matter

    def hand_over(self, user: User, name_or_id: str, who: str) -> Matter:
        """Make someone else the owner; who owned it becomes a member. "Acme" becomes "Acme (2)" for who has an Acme.

        Raises BehindWall, PersonDisabled, and NotAllowed for an administrator who would take it themselves.
        """
        matter = self._matter(user, name_or_id, "manage", administrators=True)
        person = self.person(who)
        if person == user and self._users.role(user, matter.id) != "owner":
            raise NotAllowed()
        with self._changing(
            user, Act.ROLE, matter, person.id, allowed=self.administers(user), role="owner"
        ) as connection:
            if connection.scalar(_wall(matter, person)):
                raise BehindWall(person=person.name)
            if connection.scalar(sa.select(users.c.disabled_at).where(users.c.id == person.id)) is not None:
                raise PersonDisabled(person=person.name)
            self._make_owner(connection, matter.id, person)
        return matter

    def leave_all(self, transaction: Transaction, user: User, leaving: User, heir: User) -> None:
        """Hand over every matter that someone owns, and take them out of all others and all groups: they leave.

        Within the caller's transaction, so that all of it is done or nothing. For administrators. Raises NoHeir for an
        heir who cannot take all of them over: behind a wall, disabled, the one who leaves, or the administrator.
        """
        self.check_administrator(user)
        connection = transaction.connection
        own = sa.and_(memberships.c.user_id == leaving.id, memberships.c.role == "owner")
        owned = sa.select(memberships.c.matter_id).where(own).order_by(memberships.c.matter_id)
        matter_ids = connection.scalars(owned.with_for_update()).all()
        walled = sa.exists().where(walls.c.user_id == heir.id, walls.c.matter_id.in_(matter_ids))
        disabled = sa.exists().where(users.c.id == heir.id, users.c.disabled_at.is_not(None))
        if heir in (user, leaving) or connection.scalar(sa.select(sa.or_(walled, disabled))):
            raise NoHeir(person=heir.name)
        for matter_id in matter_ids:
            self._make_owner(connection, matter_id, heir)
            transaction.tell(user, Act.ROLE, matter_id=matter_id, object=heir.id, role="owner")
        for table in (memberships, group_members):
            connection.execute(sa.delete(table).where(table.c.user_id == leaving.id))
        transaction.tell(user, Act.ACCOUNT, object=leaving.id, change="leaves-all")

    def _make_owner(self, connection: sa.Connection, matter_id: str, person: User) -> None:
        """Make someone the owner; who owned it becomes a member."""
        self._library.rehouse(connection, matter_id, person.id)
        own = sa.and_(memberships.c.matter_id == matter_id, memberships.c.role == "owner")
        connection.execute(sa.update(memberships).where(own).values(role="member"))
        _set_membership(connection, matter_id, person, "owner")

    # Walls

    def wall(self, user: User, name_or_id: str, who: str) -> Matter:
        """Keep someone out of a matter, whatever group they are in. Raises OwnerStays for its owner."""
        matter = self._matter(user, name_or_id, "manage", administrators=True)
        person = self.person(who)
        with self._changing(user, Act.WALL, matter, person.id, allowed=self.administers(user), on=True) as connection:
            self._check_no_owner(connection, matter, person)
            connection.execute(sa.delete(memberships).where(_membership(matter.id, person)))
            if not connection.scalar(_wall(matter, person)):
                connection.execute(sa.insert(walls).values(matter_id=matter.id, user_id=person.id))
        return matter

    def lift_wall(self, user: User, name_or_id: str, who: str) -> Matter:
        """Take a wall away; who is in a group of the matter may read it again. For its owner alone."""
        matter = self._matter(user, name_or_id, "manage")
        person = self.person(who)
        its = sa.and_(walls.c.matter_id == matter.id, walls.c.user_id == person.id)
        with self._changing(user, Act.WALL, matter, person.id, on=False) as connection:
            connection.execute(sa.delete(walls).where(its))
        return matter

    # Groups

    def groups(self, user: User) -> list[Group]:
        """The groups, by name: all for an administrator, else those that the user is in."""
        every = self._groups()
        return every if self.administers(user) else [group for group in every if user in group.people]

    def group(self, name: str) -> Group:
        """Find a group by name or id. Raises NoSuchGroup."""
        check_name(name)
        for group in self._groups():
            if clean_title(name) == group.name or name == group.id:
                return group
        raise NoSuchGroup(group=name)

    def _groups(self) -> list[Group]:
        query = (
            sa.select(groups.c.id, groups.c.name, users.c.id.label("user_id"), users.c.name.label("user_name"))
            .outerjoin(group_members, group_members.c.group_id == groups.c.id)
            .outerjoin(users, users.c.id == group_members.c.user_id)
            .order_by(groups.c.name, users.c.name)
        )
        people: dict[tuple[str, str], list[User]] = {}
        with database.reading(self._engine) as connection:
            for row in connection.execute(query):
                its = people.setdefault((row.id, row.name), [])
                if row.user_id is not None:
                    its.append(User(row.user_id, row.user_name))
        return [Group(id_, name, tuple(members)) for (id_, name), members in people.items()]

    def groups_in(self, user: User, name_or_id: str) -> list[tuple[str, Role]]:
        """The groups that are let into a matter, by name, each with its role."""
        matter = self._matter(user, name_or_id, "read")
        query = sa.select(groups.c.name, group_matters.c.role).join(group_matters).order_by(groups.c.name)
        with database.reading(self._engine) as connection:
            rows = connection.execute(query.where(group_matters.c.matter_id == matter.id)).all()
        return [(row.name, row.role) for row in rows]

    def create_group(self, user: User, name: str) -> Group:
        """Create an empty group. For administrators. Raises GroupExists."""
        self.check_administrator(user)
        check_name(name)
        group = Group(uuid.uuid4().hex, clean_title(name) or "Group", ())
        try:
            with self._audit.writing(user, Act.GROUP, object=group.id, change="created") as connection:
                connection.execute(sa.insert(groups).values(id=group.id, name=group.name))
        except IntegrityError as error:
            raise GroupExists(group=group.name) from error
        return group

    def delete_group(self, user: User, name: str) -> Group:
        """Delete a group; nobody is in a matter through it any more. For administrators. Raises NoSuchGroup."""
        self.check_administrator(user)
        group = self.group(name)
        with self._audit.writing(user, Act.GROUP, object=group.id, change="deleted") as connection:
            connection.execute(sa.delete(groups).where(groups.c.id == group.id))
        return group

    def add_to_group(self, user: User, name: str, who: str) -> Group:
        """Put someone into a group. For administrators, who put others there and not themselves. Raises NoSuchGroup."""
        self.check_administrator(user)
        group, person = self.group(name), self.person(who)
        if person == user:
            raise NotAllowed()
        with self._audit.writing(user, Act.GROUP, object=group.id, change="added", person=person.id) as connection:
            if person not in group.people:
                connection.execute(sa.insert(group_members).values(group_id=group.id, user_id=person.id))
        return self.group(group.id)

    def remove_from_group(self, user: User, name: str, who: str) -> Group:
        """Take someone out of a group. For administrators. Raises NoSuchGroup."""
        self.check_administrator(user)
        group, person = self.group(name), self.person(who)
        its = sa.and_(group_members.c.group_id == group.id, group_members.c.user_id == person.id)
        with self._audit.writing(user, Act.GROUP, object=group.id, change="removed", person=person.id) as connection:
            connection.execute(sa.delete(group_members).where(its))
        return self.group(group.id)

    def share_with_group(self, user: User, name_or_id: str, group_name: str, role: Role) -> Matter:
        """Let a group in, or change its role. Raises NoSuchGroup."""
        matter, group = self._matter(user, name_or_id, "manage"), self.group(group_name)
        with self._changing(user, Act.ROLE, matter, group.id, role=role) as connection:
            connection.execute(sa.delete(group_matters).where(_of_group(matter, group)))
            row = {"group_id": group.id, "matter_id": matter.id, "role": role}
            connection.execute(sa.insert(group_matters).values(row))
        return matter

    def unshare_with_group(self, user: User, name_or_id: str, group_name: str) -> Matter:
        """Let a group in no longer. Raises NoSuchGroup."""
        matter = self._matter(user, name_or_id, "manage", administrators=True)
        group = self.group(group_name)
        with self._changing(
            user, Act.ROLE, matter, group.id, allowed=self.administers(user), role="none"
        ) as connection:
            connection.execute(sa.delete(group_matters).where(_of_group(matter, group)))
        return matter

    # What is set of a matter

    def archive(self, user: User, name_or_id: str, *, archived: bool) -> Matter:
        """Put a matter into the archive, where it is read and not changed, or take it out."""
        matter = self._matter(user, name_or_id, "manage")
        with self._changing(user, Act.ARCHIVE, matter, on=archived) as connection:
            change_settings(connection, matter.id, archived=archived)
        return matter

    def set_privileged(self, user: User, matter_id: str, document_id: str, *, is_privileged: bool) -> None:
        """Keep a document out of exports, or let it into them again. Raises NoSuchDocument."""
        record = self._access.record(user, matter_id, document_id, "change")
        its = sa.and_(privileged.c.matter_id == record.matter_id, privileged.c.document_id == record.id)
        with self._audit.writing(
            user, Act.PRIVILEGE, matter_id=record.matter_id, object=record.id, on=is_privileged
        ) as connection:
            connection.execute(sa.delete(privileged).where(its))
            if is_privileged:
                connection.execute(sa.insert(privileged).values(matter_id=record.matter_id, document_id=record.id))

    def privileged_in(self, user: User, matter_id: str) -> frozenset[str]:
        """Ids of the documents of a matter that are kept out of exports."""
        self._access.check(user, matter_id)
        query = sa.select(privileged.c.document_id).where(privileged.c.matter_id == matter_id)
        with database.reading(self._engine) as connection:
            return frozenset(connection.scalars(query))

    def check_export(self, user: User, matter_id: str, *records: DocumentRecord) -> None:
        """Check that these documents of a matter may leave in an export.

        Raises PrivilegedDocument, and what `Access.check` does.
        """
        kept_back = self.privileged_in(user, matter_id)
        for record in records:
            if record.id in kept_back:
                raise PrivilegedDocument(document=record.name)

    # Lookups and checks

    @contextmanager
    def _changing(
        self, user: User, act: Act, matter: Matter, about: str = "", *, allowed: bool = False, **detail: str | bool
    ) -> Iterator[sa.Connection]:
        """The transaction of a change of a matter, in which the owner's right is checked once more, unless the change
        is `allowed` without it: the matter may have been handed over since it was looked up.
        """
        owner = sa.and_(memberships.c.matter_id == matter.id, memberships.c.role == "owner")
        with self._audit.writing(user, act, matter_id=matter.id, object=about, **detail) as connection:
            connection.execute(sa.select(memberships.c.user_id).where(owner).with_for_update())  # one at a time
            if not allowed and self._users.role_in(connection, user, matter.id) != "owner":
                raise RoleTooLow()
            yield connection

    def _matter(self, user: User, name_or_id: str, right: Right, *, administrators: bool = False) -> Matter:
        """The matter, if the user has the right in it; where `administrators` may act as well, any for them."""
        try:
            return self._access.matter(user, name_or_id, right)
        except (NoSuchMatter, NotAllowed):
            if not (administrators and self.administers(user)):
                raise
        name = clean_title(name_or_id)
        found = [matter for matter in self._library.matters() if name_or_id == matter.id or name == matter.name]
        if len(found) > 1:
            raise AmbiguousMatter(matter=name, ids=", ".join(matter.id for matter in found))
        for matter in found:
            return matter
        raise NoSuchMatter(matter=name_or_id)

    def _check_no_owner(self, connection: sa.Connection, matter: Matter, person: User) -> None:
        owned = sa.select(memberships.c.role).where(_membership(matter.id, person))
        if connection.scalar(owned) == "owner":
            raise OwnerStays(person=person.name)

    def _people(self, matter_id: str) -> list[Member]:
        own = (
            sa.select(users.c.id, users.c.name, memberships.c.role, sa.literal(None).label("through"))
            .join(memberships, memberships.c.user_id == users.c.id)
            .where(memberships.c.matter_id == matter_id)
        )
        through = (
            sa.select(users.c.id, users.c.name, group_matters.c.role, groups.c.name.label("through"))
            .join(group_members, group_members.c.user_id == users.c.id)
            .join(groups, groups.c.id == group_members.c.group_id)
            .join(group_matters, group_matters.c.group_id == groups.c.id)
            .where(group_matters.c.matter_id == matter_id)
        )
        walled = sa.select(users.c.id, users.c.name).join(walls).where(walls.c.matter_id == matter_id)
        with database.reading(self._engine) as connection:
            rows = [*connection.execute(own), *connection.execute(through)]
            kept_out = {User(row.id, row.name) for row in connection.execute(walled)}
        found = {User(row.id, row.name) for row in rows} | kept_out
        members = [_member(user, [row for row in rows if row.id == user.id], kept_out) for user in found]
        return sorted(members, key=lambda member: (-RANK.get(member.role or "", -1), member.user.name, member.user.id))


def _member(user: User, rows: Collection[sa.Row[tuple[str, ...]]], kept_out: Collection[User]) -> Member:
    through = tuple(sorted({row.through for row in rows if row.through}))
    role = None if user in kept_out else max((row.role for row in rows), key=RANK.__getitem__)
    return Member(user, role, through, by_themselves=any(row.through is None for row in rows))


def _membership(matter_id: str, person: User) -> sa.ColumnElement[bool]:
    return sa.and_(memberships.c.matter_id == matter_id, memberships.c.user_id == person.id)


def _set_membership(connection: sa.Connection, matter_id: str, person: User, role: Role) -> None:
    connection.execute(sa.delete(memberships).where(_membership(matter_id, person)))
    connection.execute(sa.insert(memberships).values(user_id=person.id, matter_id=matter_id, role=role))


def _wall(matter: Matter, person: User) -> sa.Select[tuple[bool]]:
    return sa.select(sa.exists().where(walls.c.matter_id == matter.id, walls.c.user_id == person.id))


def _of_group(matter: Matter, group: Group) -> sa.ColumnElement[bool]:
    return sa.and_(group_matters.c.matter_id == matter.id, group_matters.c.group_id == group.id)
