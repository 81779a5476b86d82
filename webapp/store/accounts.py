"""Accounts: people with an e-mail address, who sign in with a password or by single sign-on; and who is disabled."""

import re
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from retrieval import clean_title, database
from webapp.core.errors import AccountExists, EmailInvalid, LastAdministrator, LinkExpired, NoSuchPerson
from webapp.core.limits import check_name, is_text
from webapp.store import passwords
from webapp.store.schema import identities, password_links, sessions, users
from webapp.store.sessions import new_token, token_hash
from webapp.store.users import LOCAL_USER, User

LINK_TIME = timedelta(days=3)
_EMAIL = re.compile(r"[^@\s,;:<>\"\\]{1,64}@[^@\s,;:<>\"\\.]+(?:\.[^@\s,;:<>\"\\.]+)*")
_LONGEST_EMAIL = 254


@dataclass(frozen=True, slots=True)
class Account:
    """A person; those whom a proxy names have no e-mail address."""

    id: str
    name: str
    email: str | None
    administrator: bool
    disabled: bool
    has_password: bool
    has_identity: bool  # of single sign-on

    @property
    def user(self) -> User:
        """The user that this person is."""
        return User(self.id, self.name)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who someone is at a provider of single sign-on: the subject is unique there; the e-mail address is one that
    it verified, in the form in which it is stored.
    """

    issuer: str
    subject: str
    name: str
    email: str | None


class Accounts:
    """The people of one database. Thread-safe."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def all(self) -> list[Account]:
        """All people, by name: no guests, and not the operator of the machine."""
        query = _ACCOUNTS.where(users.c.ends_at.is_(None), users.c.id != LOCAL_USER.id).order_by(users.c.name)
        with database.reading(self._engine) as connection:
            return [Account(*row) for row in connection.execute(query)]

    def account(self, user: User) -> Account:
        """The account of a user. Raises NoSuchPerson."""
        with database.reading(self._engine) as connection:
            return _one(connection, users.c.id == user.id, user.name)

    def of_email(self, email: str) -> Account | None:
        """The account with this e-mail address, whatever was typed; None where there is none."""
        with database.reading(self._engine) as connection:
            row = connection.execute(_ACCOUNTS.where(users.c.email == _address(email))).one_or_none()
        return Account(*row) if row else None

    def is_disabled(self, user: User) -> bool:
        """Whether someone may no longer come in."""
        query = sa.select(users.c.disabled_at).where(users.c.id == user.id)
        with database.reading(self._engine) as connection:
            return connection.scalar(query) is not None

    def has_administrator(self) -> bool:
        """Whether there is an administrator who may sign in."""
        with database.reading(self._engine) as connection:
            return _has_administrator(connection)

    def add(self, email: str, name: str = "", *, administrator: bool = False) -> Account:
        """Add a person, who sets a password by a link or signs in at the provider. Raises EmailInvalid, AccountExists,
        NameTooLong or NotText.
        """
        row = _new_row(email, name, administrator=administrator)
        with database.writing(self._engine) as connection:
            return _insert(connection, row)

    def add_first_administrator(self, email: str, name: str, password: str) -> Account:
        """Add the first administrator, with a password. Raises LinkExpired where there is one, PasswordRefused, and
        what `add` does.
        """
        row = _new_row(email, name, administrator=True)
        passwords.check_password(password, row["email"], row["name"])
        row["password_hash"] = passwords.hash_password(password)
        with database.writing(self._engine) as connection:
            if _has_administrator(connection):
                raise LinkExpired()
            return _insert(connection, row)

    def check_password(self, email: str, password: str) -> Account | None:
        """The account with this e-mail address and password, that may sign in; None for anything else.

        One query and one hash in every case, so that it takes the same time for known and unknown addresses.
        """
        query = _ACCOUNTS.add_columns(users.c.password_hash).where(users.c.email == _address(email))
        with database.reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        hashed = row.password_hash if row else None
        fits = passwords.matches(password if len(password) <= 2 * passwords.LONGEST else "", hashed)
        if not fits or row is None or row.disabled:
            return None
        if hashed is not None and passwords.is_outdated(hashed):
            with database.writing(self._engine) as connection:
                its = sa.update(users).where(users.c.id == row.id, users.c.password_hash == hashed)
                connection.execute(its.values(password_hash=passwords.hash_password(password)))
        return Account(*row[:-1])

    def set_password(self, account: Account, password: str) -> None:
        """Set a password; every session and link of the account ends. Raises PasswordRefused."""
        hashed = _hash_of(account, password)
        with database.writing(self._engine) as connection:
            _set_hash(connection, account, hashed)

    def make_link(self, account: Account) -> str:
        """Token of a one-time link with which the person sets a password; an earlier one ends."""
        token = new_token()
        row = {"user_id": account.id, "token_hash": token_hash(token), "ends_at": datetime.now(UTC) + LINK_TIME}
        with database.writing(self._engine) as connection:
            connection.execute(sa.delete(password_links).where(password_links.c.user_id == account.id))
            connection.execute(sa.insert(password_links).values(row))
        return token

    def of_link(self, token: str) -> Account:
        """Whose link this is; it stays good. Raises LinkExpired."""
        with database.reading(self._engine) as connection:
            return _of_link(connection, token)

    def use_link(self, token: str, password: str) -> Account:
        """Set the password of the account whose link this is, once. Raises LinkExpired or PasswordRefused."""
        account = self.of_link(token)
        hashed = _hash_of(account, password)
        with database.writing(self._engine) as connection:
            used = sa.delete(password_links).where(password_links.c.token_hash == token_hash(token))
            if connection.execute(used).rowcount != 1:  # another request was first
                raise LinkExpired()
            _set_hash(connection, account, hashed)
        return account

    def admit(self, identity: Identity, admits: Callable[[str | None], bool]) -> Account | None:
        """The account of someone whom the provider signed in; None for one who has none, or is disabled.

        At their first sign-in this is the account with their verified e-mail address that no other identity has, or, if
        `admits` says so of the address, a new one.
        """
        with suppress(sa.exc.IntegrityError, AccountExists):
            if account := self._admit(identity, admits):
                return account
        return self._admit(identity, admits)  # where another browser of theirs was first, its account is seen now

    def _admit(self, identity: Identity, admits: Callable[[str | None], bool]) -> Account | None:
        mine = sa.and_(identities.c.issuer == identity.issuer, identities.c.subject == identity.subject)
        with database.writing(self._engine) as connection:
            user_id = connection.scalar(sa.select(identities.c.user_id).where(mine))
            if user_id is None:
                user_id = _unclaimed(connection, identity.email)
                if user_id is None:
                    if not admits(identity.email) or _is_taken(connection, identity.email):
                        return None
                    user_id = _insert(connection, _row_of(identity)).id
                row = {"issuer": identity.issuer, "subject": identity.subject, "user_id": user_id}
                connection.execute(sa.insert(identities).values(row))
            account = _one(connection, users.c.id == user_id, identity.name)
        return None if account.disabled else account

    @staticmethod
    def disable(connection: sa.Connection, account: Account) -> Account:
        """Let a person in no longer, within the caller's transaction: their sessions and links end.

        Raises LastAdministrator.
        """
        others = users.c.id != account.id
        if account.administrator and not account.disabled and not _has_administrator(connection, others):
            raise LastAdministrator(email=account.email or account.name)
        its = sa.update(users).where(users.c.id == account.id, users.c.disabled_at.is_(None))
        connection.execute(its.values(disabled_at=datetime.now(UTC)))
        _end_access(connection, account)
        return _one(connection, users.c.id == account.id, account.name)

    def enable(self, account: Account) -> Account:
        """Let a person in again."""
        with database.writing(self._engine) as connection:
            connection.execute(sa.update(users).where(users.c.id == account.id).values(disabled_at=None))
            return _one(connection, users.c.id == account.id, account.name)


_ACCOUNTS = sa.select(
    users.c.id,
    users.c.name,
    users.c.email,
    users.c.administrator,
    users.c.disabled_at.is_not(None).label("disabled"),
    users.c.password_hash.is_not(None).label("has_password"),
    sa.exists().where(identities.c.user_id == users.c.id).correlate(users).label("has_identity"),
)


def email_of(text: str) -> str:
    """An e-mail address in the form in which it is stored."""
    return text.strip().casefold()


def _address(typed: str) -> str:
    """What was typed as an e-mail address in the form in which one is stored; "" for what cannot be one."""
    return email_of(typed) if len(typed) <= _LONGEST_EMAIL and is_text(typed) else ""


def _new_row(email: str, name: str, *, administrator: bool) -> dict[str, Any]:
    """Row of a new account. Raises EmailInvalid, NameTooLong or NotText."""
    address = email_of(email)
    is_address = len(address) <= _LONGEST_EMAIL and is_text(address) and address.isprintable()
    if not (is_address and _EMAIL.fullmatch(address)):
        raise EmailInvalid(email=email[:_LONGEST_EMAIL])
    check_name(name)
    return {
        "id": uuid.uuid4().hex,
        "name": _shown_name(name) or address,
        "email": address,
        "administrator": administrator,
        "has_had_sample": False,
        "created_at": datetime.now(UTC),
    }


def _shown_name(name: str) -> str:
    """A name in one line, without characters that cannot be seen or turn it; "" where nothing of it can be read."""
    cleaned = clean_title(name)
    return cleaned if any(map(str.isalnum, cleaned)) else ""


def _row_of(identity: Identity) -> dict[str, Any]:
    """Row of a new account for someone whom the provider signed in."""
    name = _shown_name(identity.name)
    row: dict[str, Any] = {"id": uuid.uuid4().hex, "administrator": False, "has_had_sample": False}
    return row | {"name": name[:200] or identity.email or "…", "email": identity.email, "created_at": datetime.now(UTC)}


def _insert(connection: sa.Connection, row: dict[str, Any]) -> Account:
    """Insert a person. Raises AccountExists."""
    if _is_taken(connection, row["email"]):
        raise AccountExists(email=row["email"])
    try:
        connection.execute(sa.insert(users).values(row))
    except sa.exc.IntegrityError as error:  # another transaction was first
        raise AccountExists(email=row["email"]) from error
    return _one(connection, users.c.id == row["id"], str(row["name"]))


def _is_taken(connection: sa.Connection, email: object) -> bool:
    """Whether an account has this e-mail address."""
    return email is not None and bool(connection.scalar(sa.select(sa.exists().where(users.c.email == email))))


def _one(connection: sa.Connection, which: sa.ColumnElement[bool], named: str) -> Account:
    """The one account of a condition. Raises NoSuchPerson."""
    row = connection.execute(_ACCOUNTS.where(which)).one_or_none()
    if row is None:
        raise NoSuchPerson(person=named)
    return Account(*row)


def _has_administrator(connection: sa.Connection, *which: sa.ColumnElement[bool]) -> bool:
    query = sa.exists().where(users.c.administrator, users.c.disabled_at.is_(None), *which)
    return bool(connection.scalar(sa.select(query)))


def _of_link(connection: sa.Connection, token: str) -> Account:
    its = sa.and_(password_links.c.token_hash == token_hash(token), password_links.c.ends_at > datetime.now(UTC))
    row = connection.execute(
        _ACCOUNTS.join(password_links, password_links.c.user_id == users.c.id).where(its)
    ).one_or_none()
    if row is None or row.disabled:
        raise LinkExpired()
    return Account(*row)


def _unclaimed(connection: sa.Connection, email: str | None) -> str | None:
    """Id of the account with a verified e-mail address, unless another identity has it already."""
    if email is None:
        return None
    claimed = sa.exists().where(identities.c.user_id == users.c.id)
    return connection.scalar(sa.select(users.c.id).where(users.c.email == email, ~claimed))


def _hash_of(account: Account, password: str) -> str:
    """The hash of a new password. Raises PasswordRefused."""
    passwords.check_password(password, account.email or "", account.name)
    return passwords.hash_password(password)


def _set_hash(connection: sa.Connection, account: Account, hashed: str) -> None:
    connection.execute(sa.update(users).where(users.c.id == account.id).values(password_hash=hashed))
    _end_access(connection, account)


def _end_access(connection: sa.Connection, account: Account) -> None:
    """End the sessions and links of a person."""
    connection.execute(sa.delete(sessions).where(sessions.c.user_id == account.id))
    connection.execute(sa.delete(password_links).where(password_links.c.user_id == account.id))
