"""Users and the matters they are members of, in the same database as the library and with migrations of their own.

Matters themselves are the library's; here they are ids.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from retrieval import database
from webapp.store.schema import conversations, memberships, users

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "webapp_version"


@dataclass(frozen=True, slots=True)
class User:
    """Who asks. Every entry takes one; authority comes from the records, never from this value."""

    id: str
    name: str


LOCAL_USER = User("local", "You")  # the one user of PINCITE_ACCESS=local


class Records:
    """Users and memberships. Safe to use from several threads."""

    def __init__(self, engine: sa.Engine) -> None:
        """Bring the tables up to date. Raises StoreUnavailable or DataFolderUnusable."""
        self._engine = engine
        database.migrate(engine, MIGRATIONS, VERSION_TABLE)

    def welcome(self, user: User, ends_at: datetime | None = None) -> bool:
        """Keep `user`, a guest until `ends_at`, and say whether the sample is still to be made for them."""
        with database.writing(self._engine) as connection:
            known = connection.execute(sa.select(users.c.has_had_sample).where(users.c.id == user.id)).one_or_none()
            if known is None:
                new = {"id": user.id, "name": user.name, "has_had_sample": False, "ends_at": ends_at}
                connection.execute(sa.insert(users).values(new))
            return known is None or not known.has_had_sample

    def knows(self, user: User) -> bool:
        """Whether `user` is kept."""
        with database.reading(self._engine) as connection:
            return bool(connection.scalar(sa.select(sa.exists().where(users.c.id == user.id))))

    def guests(self) -> int:
        """How many guests there are, those among them whose time is over."""
        with database.reading(self._engine) as connection:
            return connection.scalar(sa.select(sa.func.count()).where(users.c.ends_at.is_not(None))) or 0

    def guests_over(self) -> list[User]:
        """The guests whose time is over."""
        query = sa.select(users.c.id, users.c.name).where(users.c.ends_at <= datetime.now(UTC))
        with database.reading(self._engine) as connection:
            return [User(row.id, row.name) for row in connection.execute(query)]

    def forget_user(self, user: User) -> None:
        """Delete a user, their memberships and their conversations."""
        with database.writing(self._engine) as connection:
            connection.execute(sa.delete(users).where(users.c.id == user.id))

    def sample_made(self, user: User) -> None:
        """Remember that `user` was given the sample, so that it does not come back once deleted."""
        with database.writing(self._engine) as connection:
            connection.execute(sa.update(users).where(users.c.id == user.id).values(has_had_sample=True))

    def matters_of(self, user: User) -> frozenset[str]:
        """Ids of the matters that `user` is a member of."""
        with database.reading(self._engine) as connection:
            return frozenset(connection.scalars(matters_joined(user)))

    def join(self, user: User, matter_ids: Iterable[str], allows: Callable[[int], None] | None = None) -> None:
        """Make `user` a member of these matters, of which they are none yet.

        `allows` hears in the same transaction of how many they will be one, and raises where these are too many.
        """
        rows = [{"user_id": user.id, "matter_id": matter_id} for matter_id in matter_ids]
        if rows:
            with database.writing(self._engine) as connection:
                if allows is not None:
                    counted = sa.select(sa.func.count()).select_from(memberships)
                    one_at_a_time(connection, user)
                    have = connection.scalar(counted.where(memberships.c.user_id == user.id)) or 0
                    allows(have + len(rows))
                connection.execute(sa.insert(memberships), rows)

    def leave(self, user: User, matter_id: str) -> None:
        """`user` is no member of this matter any more."""
        with database.writing(self._engine) as connection:
            its = sa.and_(memberships.c.user_id == user.id, memberships.c.matter_id == matter_id)
            connection.execute(sa.delete(memberships).where(its))

    def forget_all_but(self, matter_ids: Iterable[str]) -> None:
        """Forget every matter that is none of these."""
        with database.reading(self._engine) as connection:
            known = set(connection.scalars(_IDS)) | set(connection.scalars(sa.select(conversations.c.matter_id)))
        for gone in known - set(matter_ids):
            self.forget_matter(gone)

    def without_members(self, matter_ids: Iterable[str]) -> frozenset[str]:
        """Those of the matters that nobody is a member of."""
        with database.reading(self._engine) as connection:
            return frozenset(matter_ids) - frozenset(connection.scalars(_IDS.distinct()))

    def forget_matter(self, matter_id: str) -> None:
        """Nobody is a member of this matter any more, and what was said in it is deleted."""
        with database.writing(self._engine) as connection:
            for table in (memberships, conversations):
                connection.execute(sa.delete(table).where(table.c.matter_id == matter_id))


_IDS = sa.select(memberships.c.matter_id)


def matters_joined(user: User) -> sa.Select[tuple[str]]:
    """The query for the ids of the matters that `user` is a member of."""
    return _IDS.where(memberships.c.user_id == user.id)


def one_at_a_time(connection: sa.Connection, user: User) -> None:
    """No other transaction passes this for `user` until this one ends: what it counts of theirs stays so.

    On SQLite, where one transaction writes at a time, that is so already.
    """
    query = sa.select(users.c.id).where(users.c.id == user.id)
    connection.execute(query.with_for_update(key_share=True))
