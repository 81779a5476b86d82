"""Users and the matters they are members of, in the same database as the library and with migrations of their own.

Matters themselves are the library's; here they are ids. Nothing is asked of a database by any other file of this room.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from retrieval import database

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "webapp_version"

_metadata = sa.MetaData()
users = sa.Table(
    "users",
    _metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("has_had_sample", sa.Boolean, nullable=False),
)
memberships = sa.Table(
    "memberships",
    _metadata,
    sa.Column("user_id", sa.String(64), primary_key=True),
    sa.Column("matter_id", sa.String(32), primary_key=True, index=True),
)


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

    def welcome(self, user: User) -> bool:
        """Keep `user`, and say whether the sample is still to be made for them."""
        with database.writing(self._engine) as connection:
            known = connection.execute(sa.select(users.c.has_had_sample).where(users.c.id == user.id)).one_or_none()
            if known is None:
                connection.execute(sa.insert(users).values(id=user.id, name=user.name, has_had_sample=False))
            return known is None or not known.has_had_sample

    def sample_made(self, user: User) -> None:
        """Remember that `user` was given the sample, so that it does not come back once deleted."""
        with database.writing(self._engine) as connection:
            connection.execute(sa.update(users).where(users.c.id == user.id).values(has_had_sample=True))

    def matters_of(self, user: User) -> frozenset[str]:
        """Ids of the matters that `user` is a member of."""
        with database.reading(self._engine) as connection:
            return frozenset(connection.scalars(_IDS.where(memberships.c.user_id == user.id)))

    def join(self, user: User, matter_ids: Iterable[str]) -> None:
        """Make `user` a member of these matters, of which they are none yet."""
        rows = [{"user_id": user.id, "matter_id": matter_id} for matter_id in matter_ids]
        if rows:
            with database.writing(self._engine) as connection:
                connection.execute(sa.insert(memberships), rows)

    def without_members(self, matter_ids: Iterable[str]) -> frozenset[str]:
        """Those of the matters that nobody is a member of."""
        with database.reading(self._engine) as connection:
            return frozenset(matter_ids) - frozenset(connection.scalars(_IDS.distinct()))

    def forget_matter(self, matter_id: str) -> None:
        """Nobody is a member of this matter any more."""
        with database.writing(self._engine) as connection:
            connection.execute(sa.delete(memberships).where(memberships.c.matter_id == matter_id))


_IDS = sa.select(memberships.c.matter_id)
