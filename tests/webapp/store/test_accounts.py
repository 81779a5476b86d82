"""Accounts and sessions in the record, on SQLite and on PostgreSQL."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from retrieval import database
from webapp.core.errors import AccountExists, EmailInvalid, LastAdministrator, LinkExpired, NoSuchPerson, NotText
from webapp.store.accounts import Account, Accounts, Identity
from webapp.store.passwords import hash_password
from webapp.store.schema import password_links, sessions, users
from webapp.store.sessions import MOST_OF_ONE, Sessions
from webapp.store.users import User, Users

PASSWORD = "ferry lantern osprey 7"


@pytest.fixture
def accounts(engine: sa.Engine) -> Accounts:
    Users(engine)  # which migrates
    return Accounts(engine)


@pytest.fixture
def ada(accounts: Accounts) -> Account:
    return accounts.add(" Ada@Firm.example", "Ada", administrator=True)


def disable(accounts: Accounts, account: Account) -> None:
    with database.writing(accounts._engine) as connection:
        accounts.disable(connection, account)


def _sessions(engine: sa.Engine, **hours: float) -> Sessions:
    return Sessions(engine, timedelta(hours=hours.get("idle", 8)), timedelta(hours=hours.get("lasting", 168)))


def test_an_address_is_one_however_it_is_written_and_is_taken_once(accounts: Accounts, ada: Account) -> None:
    assert ada.email == "ada@firm.example"
    with pytest.raises(AccountExists):
        accounts.add("ADA@firm.example")
    for wrong in (
        "",
        "ada",
        "@firm.example",
        "ada@",
        "a b@firm.example",
        "ada@firm..example",
        "a" * 255 + "@x.example",
    ):
        with pytest.raises(EmailInvalid):
            accounts.add(wrong)
    with pytest.raises(NotText):
        accounts.add("bea@firm.example", "B\0ea")
    assert [each.name for each in accounts.all()] == ["Ada"]


def test_a_password_is_right_only_for_its_account_while_it_may_sign_in(accounts: Accounts, ada: Account) -> None:
    accounts.set_password(ada, PASSWORD)
    found = accounts.check_password("ada@FIRM.example ", PASSWORD)
    assert found == accounts.account(ada.user)
    for email, password in (
        ("ada@firm.example", PASSWORD + " "),
        ("bea@firm.example", PASSWORD),
        ("", ""),
        ("ada@firm.example", ""),
        ("a\0da@firm.example", PASSWORD),
        ("ada@firm.example", "x" * 100_000),
        ("ada@firm.example", "\ud800"),
    ):
        assert accounts.check_password(email, password) is None
    bea = accounts.add("bea@firm.example", administrator=True)
    assert accounts.check_password("bea@firm.example", "") is None  # she has set none
    disable(accounts, ada)
    assert accounts.check_password("ada@firm.example", PASSWORD) is None
    with pytest.raises(LastAdministrator):
        disable(accounts, bea)
    accounts.enable(ada)
    assert accounts.check_password("ada@firm.example", PASSWORD) is not None


def test_a_hash_of_other_parameters_is_made_anew_at_the_next_sign_in(
    engine: sa.Engine, accounts: Accounts, ada: Account
) -> None:
    import argon2

    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)

    def stored() -> str:
        with database.reading(engine) as connection:
            return str(connection.scalar(sa.select(users.c.password_hash)))

    with database.writing(engine) as connection:
        connection.execute(sa.update(users).values(password_hash=weak))
    assert accounts.check_password("ada@firm.example", "wrong") is None
    assert stored() == weak
    assert accounts.check_password("ada@firm.example", PASSWORD) is not None
    assert stored().partition("p=")[0] == hash_password(PASSWORD).partition("p=")[0]


def test_what_opened_an_account_ends_with_a_new_password_and_with_its_disabling(
    engine: sa.Engine, accounts: Accounts, ada: Account
) -> None:
    accounts.add("bea@firm.example", administrator=True)
    live = _sessions(engine)
    ends: tuple[Callable[[], None], ...] = (
        lambda: accounts.set_password(ada, PASSWORD),
        lambda: disable(accounts, ada),
    )
    for end in ends:
        token, link = live.start(ada.user), accounts.make_link(ada)
        assert (live.user(token), accounts.of_link(link)) == (ada.user, accounts.account(ada.user))
        end()
        assert live.user(token) is None
        with pytest.raises(LinkExpired):
            accounts.of_link(link)


def test_a_link_works_for_three_days_and_for_one_of_two_who_use_it(
    engine: sa.Engine, accounts: Accounts, ada: Account
) -> None:
    old = accounts.make_link(ada)
    with database.writing(engine) as connection:
        ends_at = connection.scalar(sa.select(password_links.c.ends_at))
        assert ends_at is not None
        connection.execute(sa.update(password_links).values(ends_at=ends_at - timedelta(days=3)))
    with pytest.raises(LinkExpired):
        accounts.of_link(old)
    link, told = accounts.make_link(ada), []

    def use() -> None:
        try:
            told.append(accounts.use_link(link, PASSWORD).id)
        except LinkExpired:
            told.append("")

    both = [threading.Thread(target=use) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(told) == ["", ada.id]


def test_a_session_ends_when_it_is_idle_and_when_it_is_old(engine: sa.Engine, ada: Account) -> None:
    token = _sessions(engine).start(ada.user)
    assert _sessions(engine).user(token) == ada.user
    assert _sessions(engine, idle=0).user(token) is None
    assert _sessions(engine, lasting=0).user(token) is None
    _sessions(engine, idle=0).start(ada.user)  # what has ended is deleted
    with database.reading(engine) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(sessions)) == 1


def test_of_many_sessions_of_one_person_the_one_that_was_used_longest_ago_ends(engine: sa.Engine, ada: Account) -> None:
    live = _sessions(engine)
    tokens = [live.start(ada.user) for _ in range(MOST_OF_ONE + 1)]
    assert live.user(tokens[0]) is None
    assert live.user(tokens[1]) == live.user(tokens[-1]) == ada.user


def test_an_identity_is_one_person_also_when_two_browsers_bring_it_at_once(accounts: Accounts) -> None:
    identity = Identity("https://login.firm.example", "s-1", "Dan", "dan@firm.example")
    came: list[Account | None] = []
    both = [threading.Thread(target=lambda: came.append(accounts.admit(identity, lambda _: True))) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    [account] = accounts.all()
    assert came == [account, account]
    assert accounts.admit(Identity("https://other.example", "s-1", "Dan", None), lambda _: False) is None


def test_who_is_not_there_is_not_found(accounts: Accounts) -> None:
    with pytest.raises(NoSuchPerson):
        accounts.account(User("nobody", "Nobody"))
    assert not accounts.is_disabled(User("nobody", "Nobody"))


def test_a_name_has_no_characters_that_cannot_be_seen_or_turn_the_line(accounts: Accounts) -> None:
    named = accounts.add("eve@firm.example", "\x1b[2JEve\nSmith \u202egnp")
    assert named.name == "[2JEve Smith gnp"
    assert accounts.add("fay@firm.example", "\u200b").name == "fay@firm.example"
    for address in ("x\x1b[31m@firm.example", "x\u202e@firm.example", "x\u200b@firm.example"):
        with pytest.raises(EmailInvalid):
            accounts.add(address)
