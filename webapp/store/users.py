"""Users and the matters that they are in, in the library's database, with their own migrations.

Matters have their tables in `retrieval.library`; here they are ids.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from retrieval import database, snapshot
from webapp.store.roles import RANK, Role, matter_ids_of, owned_by, roles_of
from webapp.store.schema import OF_MATTERS, matter_settings, memberships, users

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "webapp_version"
CHAIN = snapshot.Chain(MIGRATIONS, VERSION_TABLE)
PROXY = "proxy-"  # the ids of people whom a proxy names begin so
GUEST = "guest-"  # the ids of the guests of a demo begin so


@dataclass(frozen=True, slots=True)
class User:
    """The user of a request, told by the id alone. What they may do is looked up, never taken from this value."""

    id: str
    name: str = field(compare=False)


LOCAL_USER = User("local", "You")  # the machine's own, as whom commands act: the one user of PINCITE_ACCESS=local
_ACCOUNT = re.compile(r"[\w.@+-]{1,32}", re.ASCII)


def operator(account: str) -> User:
    """The machine's own user among others, by the account of the operating system that gave the command."""
    of = f" ({account})" if _ACCOUNT.fullmatch(account) else ""
    return User(LOCAL_USER.id, f"command line{of}")


class Users:
    """Users and memberships in the database. Thread-safe."""

    def __init__(self, engine: sa.Engine) -> None:
        """Migrate the tables to the current schema. Raises StoreUnavailable or DataFolderUnusable."""
        self._engine = engine
        database.migrate(engine, MIGRATIONS, VERSION_TABLE)

    def add(self, user: User, ends_at: datetime | None = None) -> bool:
        """Add `user` if they are new, as a guest until `ends_at`;
        return whether the sample matter is still to be made.
        """
        with database.writing(self._engine) as connection:
            row = connection.execute(sa.select(users.c.has_had_sample).where(users.c.id == user.id)).one_or_none()
            if row is None:
                new = {"id": user.id, "name": user.name, "has_had_sample": False, "ends_at": ends_at}
                connection.execute(sa.insert(users).values(new))
            return row is None or not row.has_had_sample

    def rename(self, user: User) -> None:
        """Give a user the name that they have from now on."""
        its = sa.and_(users.c.id == user.id, users.c.name != user.name)
        with database.writing(self._engine) as connection:
            connection.execute(sa.update(users).where(its).values(name=user.name))

    def contains(self, user: User) -> bool:
        """Whether `user` is in the database."""
        with database.reading(self._engine) as connection:
            return bool(connection.scalar(sa.select(sa.exists().where(users.c.id == user.id))))

    def count_guests(self) -> int:
        """The number of guests, expired ones included."""
        with database.reading(self._engine) as connection:
            return connection.scalar(sa.select(sa.func.count()).where(users.c.ends_at.is_not(None))) or 0

    def expired_guests(self) -> list[User]:
        """The guests whose session has expired."""
        query = sa.select(users.c.id, users.c.name).where(users.c.ends_at <= datetime.now(UTC))
        with database.reading(self._engine) as connection:
            return [User(row.id, row.name) for row in connection.execute(query)]

    def delete(self, user: User) -> None:
        """Delete a user, their memberships and their conversations."""
        with database.writing(self._engine) as connection:
            connection.execute(sa.delete(users).where(users.c.id == user.id))

    def set_sample_made(self, user: User) -> None:
        """Record that the user got the sample matter, so that it is not made again once deleted."""
        with database.writing(self._engine) as connection:
            connection.execute(sa.update(users).where(users.c.id == user.id).values(has_had_sample=True))

    def matters_of(self, user: User) -> frozenset[str]:
        """Ids of the matters that `user` may read."""
        with database.reading(self._engine) as connection:
            return frozenset(connection.scalars(_matters(), {"user": user.id}))

    def owned_by(self, user: User) -> frozenset[str]:
        """Ids of the matters that `user` owns."""
        with database.reading(self._engine) as connection:
            return frozenset(connection.scalars(owned_by(user.id)))

    def role(self, user: User, matter_id: str) -> Role | None:
        """The user's role in a matter, the highest of those that they have; None if they may not see it."""
        with database.reading(self._engine) as connection:
            return self.role_in(connection, user, matter_id)

    @staticmethod
    def role_in(connection: sa.Connection, user: User, matter_id: str) -> Role | None:
        """`role`, as a transaction sees it."""
        roles = connection.scalars(_roles_in(), {"user": user.id, "matter": matter_id}).all()
        return max(roles, key=RANK.__getitem__, default=None)

    def owner_of(self, matter_id: str) -> User | None:
        """The user who owns a matter."""
        query = sa.select(users.c.id, users.c.name).join(memberships, memberships.c.user_id == users.c.id)
        its = query.where(memberships.c.matter_id == matter_id, memberships.c.role == "owner")
        with database.reading(self._engine) as connection:
            row = connection.execute(its.limit(1)).one_or_none()
        return User(row.id, row.name) if row else None

    def is_archived(self, matter_id: str) -> bool:
        """Whether a matter is archived."""
        query = sa.select(matter_settings.c.archived).where(matter_settings.c.matter_id == matter_id)
        with database.reading(self._engine) as connection:
            return bool(connection.scalar(query))

    def join(self, user: User, matter_ids: Iterable[str], allows: Callable[[int], None] | None = None) -> None:
        """Make the user the owner of these matters, of none of which they may be a member yet.

        `allows` is called in the same transaction with the number of matters that they own then; it raises to refuse
        them.
        """
        rows = [{"user_id": user.id, "matter_id": matter_id, "role": "owner"} for matter_id in matter_ids]
        if rows:
            with database.writing(self._engine) as connection:
                if allows is not None:
                    lock_user(connection, user)
                    have = connection.scalar(sa.select(sa.func.count()).select_from(owned_by(user.id).subquery())) or 0
                    allows(have + len(rows))
                connection.execute(sa.insert(memberships), rows)

    def leave(self, user: User, matter_id: str) -> None:
        """Delete the user's membership of a matter."""
        with database.writing(self._engine) as connection:
            its = sa.and_(memberships.c.user_id == user.id, memberships.c.matter_id == matter_id)
            connection.execute(sa.delete(memberships).where(its))

    def delete_all_but(self, matter_ids: Iterable[str]) -> None:
        """Delete the rows of every matter but these."""
        with database.reading(self._engine) as connection:
            of_matters = sa.union(*(sa.select(table.c.matter_id) for table in OF_MATTERS))
            stored = set(connection.scalars(of_matters))
        for matter_id in stored - set(matter_ids):
            self.delete_matter_rows(matter_id)

    def without_members(self, matter_ids: Iterable[str]) -> frozenset[str]:
        """Those of the matters that have no member."""
        with database.reading(self._engine) as connection:
            return frozenset(matter_ids) - frozenset(connection.scalars(_IDS.distinct()))

    def delete_matter_rows(self, matter_id: str) -> None:
        """Delete what is kept here of a matter: who is in it, its settings, its conversations and notes."""
        with database.writing(self._engine) as connection:
            for table in OF_MATTERS:
                connection.execute(sa.delete(table).where(table.c.matter_id == matter_id))


_IDS = sa.select(memberships.c.matter_id)


@cache
def _matters() -> sa.Select[tuple[str]]:
    """The query for the ids of the matters that a `user` may read, made once."""
    return matter_ids_of(sa.bindparam("user", type_=sa.String))


@cache
def _roles_in() -> sa.Select[Any]:
    """The query for the roles of a `user` in a `matter`, made once: each act of the page asks several times."""
    ways = roles_of(sa.bindparam("user", type_=sa.String)).subquery()
    return sa.select(ways.c.role).where(ways.c.matter_id == sa.bindparam("matter", type_=sa.String))


def lock_user(connection: sa.Connection, user: User) -> None:
    """Lock the user's row until the transaction ends (SELECT … FOR NO KEY UPDATE),
    so that a quota is checked by one at a time.

    On SQLite, which allows one writing transaction at a time, this locks nothing further.
    """
    query = sa.select(users.c.id).where(users.c.id == user.id)
    connection.execute(query.with_for_update(key_share=True))
