"""Sessions of people who signed in: a random token in a cookie, of which only the SHA-256 is stored.

A session ends when it was idle for too long or is too old, at sign-out, when a password is set and when an account is
disabled.
"""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from retrieval import database
from webapp.store.schema import sessions, users
from webapp.store.users import User

MOST_OF_ONE = 50  # sessions of one person; beyond it the one that was used longest ago ends
TOUCH_SECONDS = 60  # an act within this time after the last that was recorded is not recorded
_TOKEN_BYTES = 32


def new_token() -> str:
    """A random token of 256 bits."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def token_hash(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


class Sessions:
    """The sessions of one database. Thread-safe."""

    def __init__(self, engine: sa.Engine, idle: timedelta, lasting: timedelta) -> None:
        """A session ends after the time `idle` without an act, and after `lasting` in any case."""
        self._engine, self._idle, self._lasting = engine, idle, lasting

    def start(self, user: User, id_token: str | None = None) -> str:
        """Start a session; returns its token. `id_token`: what single sign-on gave, to sign out there as well."""
        token, now = new_token(), datetime.now(UTC)
        row = {"token_hash": token_hash(token), "user_id": user.id, "started_at": now, "used_at": now}
        mine = sa.select(sessions.c.token_hash).where(sessions.c.user_id == user.id)
        newest = mine.order_by(sessions.c.used_at.desc()).limit(MOST_OF_ONE)
        with database.writing(self._engine) as connection:
            connection.execute(sa.delete(sessions).where(~self._is_live(now)))
            connection.execute(sa.insert(sessions).values(row | {"id_token": id_token}))
            kept = set(connection.scalars(newest))
            excess = sa.and_(sessions.c.user_id == user.id, sessions.c.token_hash.not_in(kept))
            connection.execute(sa.delete(sessions).where(excess))
        return token

    def user(self, token: str, *, active: bool = False) -> User | None:
        """The person whose session this is; None where there is none, or no longer.

        `active`: the request is an act of the person, and not one that an open page sends by itself.
        """
        now, hashed = datetime.now(UTC), token_hash(token)
        query = (
            sa.select(users.c.id, users.c.name, sessions.c.used_at)
            .join(users, users.c.id == sessions.c.user_id)
            .where(sessions.c.token_hash == hashed, self._is_live(now), users.c.disabled_at.is_(None))
        )
        with database.reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        used_at = row.used_at if row.used_at.tzinfo else row.used_at.replace(tzinfo=UTC)  # SQLite keeps no zone
        if active and now - used_at > timedelta(seconds=TOUCH_SECONDS):
            with database.writing(self._engine) as connection:
                its = sa.update(sessions).where(sessions.c.token_hash == hashed)
                connection.execute(its.values(used_at=now))
        return User(row.id, row.name)

    def end(self, token: str) -> str | None:
        """End a session; returns the id token of its single sign-on."""
        its = sessions.c.token_hash == token_hash(token)
        with database.writing(self._engine) as connection:
            id_token = connection.scalar(sa.select(sessions.c.id_token).where(its))
            connection.execute(sa.delete(sessions).where(its))
        return id_token

    def end_all(self, user: User) -> None:
        """End every session of a person."""
        with database.writing(self._engine) as connection:
            connection.execute(sa.delete(sessions).where(sessions.c.user_id == user.id))

    def _is_live(self, now: datetime) -> sa.ColumnElement[bool]:
        return sa.and_(sessions.c.used_at > now - self._idle, sessions.c.started_at > now - self._lasting)
