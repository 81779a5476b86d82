"""Signing in with a password, over HTTP: sessions, one-time links, lock-out, forms, and what a stranger is told."""

import re
import statistics
import threading
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from retrieval.library import database
from tests.webapp.serving import Running, running
from webapp.core.errors import (
    FormExpired,
    LinkExpired,
    SessionEnded,
    TooManyAttempts,
    WrongCredentials,
)
from webapp.core.settings import load_settings
from webapp.core.urls import pdf_url
from webapp.service import administration
from webapp.store.accounts import Account
from webapp.store.audit import Wanted
from webapp.store.passwords import hash_password
from webapp.store.schema import sessions, users
from webapp.store.users import LOCAL_USER
from webapp.web.sign_in_routes import local_path
from webapp.web.sign_in_throttle import FREE_OF_ACCOUNT

PASSWORD, OTHER = "ferry lantern osprey 7", "quarry thimble magpie 9"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    settings = load_settings(data_dir=tmp_path_factory.mktemp("accounts"), access="accounts")
    with running(settings) as server:
        _person(server, "root@firm.example", administrator=True)
        yield server


def _person(server: Running, email: str, *, administrator: bool = False) -> Account:
    accounts = server.workspace.accounts
    account = accounts.add(email, email.split("@")[0].title(), administrator=administrator)
    with database.writing(server.workspace._database) as connection:
        its = sa.update(users).where(users.c.id == account.id)
        connection.execute(its.values(password_hash=_hashed()))
    return accounts.account(account.user)


@cache
def _hashed() -> str:
    return hash_password(PASSWORD)


def _fields(page: httpx2.Response) -> dict[str, str]:
    """The hidden fields of a page's first form."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))


def _sign_in(browser: httpx2.Client, email: str, password: str = PASSWORD, **more: str) -> httpx2.Response:
    form = _fields(browser.get("/sign-in"))
    return browser.post("/sign-in", data=form | {"email": email, "password": password} | more)


def _signed_in(server: Running, email: str) -> httpx2.Client:
    """A browser in which someone is signed in, without the way there."""
    account = server.workspace.accounts.account(server.workspace.sharing.person(email))
    browser = server.browser()
    browser.cookies.set("pincite_session", server.workspace.sessions.start(account.user), domain="127.0.0.1")
    return browser


def _is_in(browser: httpx2.Client) -> bool:
    """Whether the gate lets a browser through to a route that is not there for anyone."""
    return browser.get(pdf_url("0" * 32, "0" * 64)).status_code != 401


def _account_form(browser: httpx2.Client) -> dict[str, str]:
    return _fields(browser.get("/account"))


# Sessions


def test_who_signs_in_is_let_in_and_led_to_where_they_wanted(server: Running) -> None:
    _person(server, "ada@firm.example")
    browser = server.browser()
    front = browser.get("/?matter=abc")
    assert (front.status_code, front.headers["location"]) == (303, "/sign-in?next=%2F%3Fmatter%3Dabc")
    assert not _is_in(browser)
    page = browser.get(front.headers["location"])
    answer = browser.post("/sign-in", data=_fields(page) | {"email": " Ada@Firm.example ", "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/?matter=abc")
    assert _is_in(browser)
    assert "Ada" in browser.get("/account").text


def test_the_cookie_is_for_this_site_alone_and_only_its_hash_is_stored(server: Running) -> None:
    _person(server, "bea@firm.example")
    answer = _sign_in(server.browser(), "bea@firm.example")
    [cookie] = [each for each in answer.headers.get_list("set-cookie") if each.startswith("pincite_session=")]
    value, *rules = cookie.split("; ")
    assert rules == ["Path=/", f"Max-Age={7 * 86400}", "HttpOnly", "SameSite=Lax"]
    assert re.fullmatch(r"pincite_session=[\w-]{43}", value)  # 256 bits
    with database.reading(server.workspace._database) as connection:
        assert value.partition("=")[2] not in str(connection.execute(sa.select(sessions)).all())


def test_under_https_the_cookie_is_bound_to_the_host(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, access="accounts", public_url="https://pincite.firm.example")
    with running(settings) as server:
        _person(server, "ada@firm.example")
        browser = server.browser()
        page = browser.get("/sign-in")
        visit = page.headers["set-cookie"]
        assert visit.startswith("__Host-pincite_visit=")
        assert visit.endswith("; Secure")
        cookie = visit.partition(";")[0]  # a client over http keeps no such cookie
        form = _fields(page) | {"email": "ada@firm.example", "password": PASSWORD}
        answer = browser.post("/sign-in", data=form, headers={"Cookie": cookie})
        assert any(
            each.startswith("__Host-pincite_session=") and each.endswith("; HttpOnly; SameSite=Lax; Secure")
            for each in answer.headers.get_list("set-cookie")
        )
        assert "max-age" in page.headers["strict-transport-security"]


def test_a_sign_in_starts_a_new_session_and_ends_the_one_before(server: Running) -> None:
    _person(server, "cleo@firm.example")
    browser = _signed_in(server, "cleo@firm.example")
    first = browser.cookies["pincite_session"]
    assert _sign_in(browser, "cleo@firm.example").status_code == 303
    assert browser.cookies["pincite_session"] != first
    assert not _is_in(server.browser({"Cookie": f"pincite_session={first}"}))
    planted = server.browser({"Cookie": "pincite_session=planted"})
    assert not _is_in(planted)


def test_signing_out_ends_the_session_on_the_server(server: Running) -> None:
    _person(server, "dan@firm.example")
    browser, other = _signed_in(server, "dan@firm.example"), _signed_in(server, "dan@firm.example")
    token = browser.cookies["pincite_session"]
    out = browser.post("/sign-out", data=_account_form(browser))
    assert (out.status_code, "You are signed out" in out.text) == (200, True)
    assert out.headers["clear-site-data"] == '"cache"'  # page images that the browser kept
    assert "pincite_session" not in browser.cookies
    assert not _is_in(server.browser({"Cookie": f"pincite_session={token}"}))
    assert _is_in(other)
    other.post("/account/sign-out-everywhere", data=_account_form(other))
    assert not _is_in(other)


@pytest.mark.parametrize(("column", "hours"), [("used_at", 9), ("started_at", 24 * 8)])
def test_a_session_ends_when_it_is_idle_or_old(server: Running, column: str, hours: int) -> None:
    _person(server, f"{column}@firm.example")
    browser = _signed_in(server, f"{column}@firm.example")
    with database.writing(server.workspace._database) as connection:
        past = sa.func.datetime("now", f"-{hours} hours")
        connection.execute(sa.update(sessions).values({column: past}))
    assert not _is_in(browser)


def test_what_an_open_page_asks_by_itself_keeps_no_session(server: Running) -> None:
    account = _person(server, "eve@firm.example")
    sessions_of = server.workspace.sessions
    token = sessions_of.start(account.user)
    with database.writing(server.workspace._database) as connection:
        connection.execute(sa.update(sessions).values(used_at=sa.func.datetime("now", "-7 hours")))
    used = sa.select(sessions.c.used_at).where(sessions.c.user_id == account.id)

    def used_at() -> object:
        with database.reading(server.workspace._database) as connection:
            return connection.scalar(used)

    before = used_at()
    assert sessions_of.user(token) == account.user
    assert used_at() == before
    assert sessions_of.user(token, active=True) == account.user
    assert used_at() != before


def test_who_is_disabled_is_out_at_once_and_cannot_come_back(server: Running) -> None:
    account = _person(server, "finn@firm.example")
    browser = _signed_in(server, "finn@firm.example")
    administration.disable(server.workspace, LOCAL_USER, account.id)
    assert not _is_in(browser)
    refused = _sign_in(server.browser(), "finn@firm.example")
    assert (refused.status_code, WrongCredentials.sentence in refused.text) == (401, True)
    server.workspace.accounts.enable(account)
    assert _is_in(_signed_in(server, "finn@firm.example"))


# Passwords and links


def test_a_changed_password_ends_every_other_session(server: Running) -> None:
    _person(server, "gail@firm.example")
    browser, other = _signed_in(server, "gail@firm.example"), _signed_in(server, "gail@firm.example")
    before = browser.cookies["pincite_session"]
    form = _account_form(browser) | {"current": PASSWORD, "password": OTHER, "again": OTHER}
    assert browser.post("/account/password", data=form | {"current": "wrong"}).status_code == 401
    assert _is_in(other)
    assert browser.post("/account/password", data=form).headers["location"] == "/account?changed"
    assert (_is_in(browser), _is_in(other)) == (True, False)
    assert browser.cookies["pincite_session"] != before
    assert _sign_in(server.browser(), "gail@firm.example").status_code == 401
    assert _sign_in(server.browser(), "gail@firm.example", OTHER).status_code == 303


def test_a_link_sets_a_password_once_and_ends_what_was_open(server: Running) -> None:
    account = _person(server, "hal@firm.example")
    browser, stranger = _signed_in(server, "hal@firm.example"), server.browser()
    first, link = (server.workspace.accounts.make_link(account) for _ in range(2))
    assert stranger.get(f"/set-password?key={first}").status_code == 410  # the later one took its place
    page = stranger.get(f"/set-password?key={link}")
    for password, again, reason in (
        (OTHER, PASSWORD, "not the same"),
        ("short", "short", "too short"),
        ("Password1234", "Password1234", "first that someone would try"),
    ):
        refused = stranger.post("/set-password", data=_fields(page) | {"password": password, "again": again})
        assert (refused.status_code, reason in refused.text) == (422, True)
    assert stranger.post("/set-password", data=_fields(page) | {"password": OTHER, "again": OTHER}).status_code == 303
    assert not _is_in(browser)
    used = stranger.post("/set-password", data=_fields(page) | {"password": PASSWORD, "again": PASSWORD})
    assert (used.status_code, LinkExpired.sentence in used.text) == (410, True)
    assert _sign_in(server.browser(), "hal@firm.example", OTHER).status_code == 303


def test_the_first_administrator_comes_by_the_printed_link_and_nobody_after_them(tmp_path: Path) -> None:
    with running(load_settings(data_dir=tmp_path, access="accounts")) as server:
        path = server.first.address("")
        browser = server.browser()
        assert server.browser().get("/first-administrator?key=wrong").status_code == 410
        page = browser.get(path)
        form = _fields(page) | {"email": "ada@firm.example", "name": "Ada", "password": PASSWORD, "again": PASSWORD}
        assert browser.post("/first-administrator", data=form | {"email": "ada"}).status_code == 422
        assert browser.post("/first-administrator", data=form).status_code == 303
        assert _is_in(browser)
        [account] = server.workspace.accounts.all()
        assert (account.administrator, account.email) == (True, "ada@firm.example")
        late = server.browser()
        assert late.get(path).status_code == 410
        assert late.post("/first-administrator", data=form | {"email": "eve@firm.example"}).status_code == 410
        assert len(server.workspace.accounts.all()) == 1


# What a stranger may try


def test_too_many_failures_lock_an_account_that_exists_and_one_that_does_not_alike(server: Running) -> None:
    _person(server, "ivy@firm.example")
    told = []
    for email in ("ivy@firm.example", "nobody@firm.example"):
        browser = server.browser()
        answers = [_sign_in(browser, email, OTHER) for _ in range(FREE_OF_ACCOUNT + 1)]
        told.append([re.sub(r'value="[^"]*"', "", each.text) for each in answers])
        assert [each.status_code for each in answers] == [401] * FREE_OF_ACCOUNT + [429]
    assert told[0] == told[1]
    locked = _sign_in(server.browser(), "ivy@firm.example")  # with the right password
    assert (locked.status_code, TooManyAttempts.sentence in locked.text) == (429, True)


def test_many_guesses_at_the_same_time_are_counted_like_one_after_another(server: Running) -> None:
    _person(server, "jo@firm.example")
    browsers = [server.browser() for _ in range(12)]
    codes: list[int] = []
    guesses = [
        threading.Thread(target=lambda b=b: codes.append(_sign_in(b, "jo@firm.example", OTHER).status_code))
        for b in browsers
    ]
    for each in guesses:
        each.start()
    for each in guesses:
        each.join()
    assert codes.count(401) == FREE_OF_ACCOUNT
    assert codes.count(429) == len(browsers) - FREE_OF_ACCOUNT


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/account/password", "/account/sign-out-everywhere"])
def test_a_form_counts_only_from_the_browser_that_was_given_it(server: Running, path: str) -> None:
    email = f"csrf{path.replace('/', '-')}@firm.example"
    _person(server, email)
    mine, other = _signed_in(server, email), _signed_in(server, "root@firm.example")
    form = {"email": email, "password": PASSWORD, "again": PASSWORD, "current": PASSWORD}
    theirs = _fields(other.get("/sign-in" if path == "/sign-in" else "/account"))
    mine.get("/sign-in")
    for token in ({}, {"form": ""}, {"form": "0" * 64}, theirs):
        answer = mine.post(path, data=form | token)
        assert (answer.status_code, FormExpired.sentence in answer.text) == (403, True)
    event = mine.post("/gradio_api/queue/join", json={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert event.status_code == 403  # an event of the page has the origin's check, and the guard's
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": ""}):
        token = _fields(mine.get("/sign-in" if path == "/sign-in" else "/account"))
        assert mine.post(path, data=form | token, headers=headers).status_code == 403
    assert _is_in(mine)


def test_a_cookie_that_is_none_of_ours_is_not_sent_back(server: Running) -> None:
    quoted = r'pincite_visit="a\015\012Set-Cookie: pincite_session=planted"'  # which a parser of cookies may decode
    answer = server.browser({"Cookie": quoted}).get("/sign-in")
    [cookie] = answer.headers.get_list("set-cookie")
    assert re.match(r"pincite_visit=[\w-]{43}; ", cookie)


def test_nothing_else_of_the_server_answers_without_a_session(server: Running) -> None:
    browser = server.browser()
    for method, path in (
        ("GET", pdf_url("0" * 32, "0" * 64)),
        ("GET", "/config"),
        ("POST", "/gradio_api/queue/join"),
        ("POST", "/gradio_api/upload"),
        ("GET", "/gradio_api/queue/data"),
        ("POST", "/"),
        ("GET", "/sign-inn"),
    ):
        answer = browser.request(method, path)
        assert answer.status_code == 401, path
        assert answer.json()["error"] == SessionEnded.sentence
    assert browser.get("/account").headers["location"] == "/sign-in?next=/account"
    opened = browser.get("/administration", headers={"Accept": "text/html,*/*"})
    assert opened.headers["location"] == "/sign-in?next=%2Fadministration"


@pytest.mark.parametrize(
    "elsewhere",
    [
        *("//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/\tevil", "evil", ""),
        *("javascript:alert(1)", "/" + "x" * 3000, "/é", "/\r\nSet-Cookie: a=b", "///evil.example", " //evil.example"),
    ],
)
def test_a_sign_in_leads_to_no_other_site(elsewhere: str) -> None:
    assert local_path(elsewhere) == "/"
    assert local_path("/?matter=a%20b&conversation=c") == "/?matter=a%20b&conversation=c"


def test_where_a_form_wants_to_go_is_checked_again(server: Running) -> None:
    answer = _sign_in(server.browser(), "root@firm.example", next="//evil.example")
    assert answer.headers["location"] == "/"


def test_the_pages_run_no_script_and_are_kept_by_nobody(server: Running) -> None:
    browser = _signed_in(server, "root@firm.example")
    for path in ("/sign-in", "/account", "/signed-out", "/set-password?key=x"):
        page = browser.get(path)
        assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
        assert "script-src" not in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        assert "<script" not in page.text
        assert "style=" not in page.text
    style = browser.get("/sign-in/style.css")
    assert "prefers-color-scheme: dark" in style.text
    assert "--doubt-bg" in style.text


@hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.one_of(
        st.binary(max_size=300),
        st.dictionaries(
            st.sampled_from(["form", "email", "password", "next", "key", "again", "name"]), st.text(max_size=60)
        ).map(lambda fields: httpx2.Request("POST", "http://x", data=_encodable(fields)).read()),
    ),
    path=st.sampled_from(["/sign-in", "/sign-out", "/set-password", "/first-administrator", "/account/password"]),
    kind=st.sampled_from(["application/x-www-form-urlencoded", "multipart/form-data", "", "text/plain; charset=x"]),
    cookie=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=";,"), max_size=40),
)
def test_no_form_whatever_it_holds_is_a_fault_of_the_server(
    server: Running, body: bytes, path: str, kind: str, cookie: str
) -> None:
    headers = {"Content-Type": kind, "Cookie": f"pincite_visit={cookie}; pincite_session={cookie}"}
    answer = _fuzzer(server).post(path, content=body, headers=headers)
    assert answer.status_code < 500
    assert _fuzzer(server).get(f"/login/callback?state={cookie}&code={cookie}").status_code == 404


def _encodable(fields: dict[str, str]) -> dict[str, str]:
    return {name: value.encode("utf-8", "replace").decode() for name, value in fields.items()}


def _fuzzer(server: Running) -> httpx2.Client:
    return server.clients[0] if server.clients else server.browser()


# Time


def _seconds(server: Running, email: str) -> float:
    """How long a refusal takes."""
    browser = server.browser()
    form = _fields(browser.get("/sign-in")) | {"email": email, "password": OTHER}
    begins = time.perf_counter()
    assert browser.post("/sign-in", data=form).status_code == 401
    return time.perf_counter() - begins


def _differ(server: Running, tries: int) -> tuple[float, float]:
    """Medians for known and unknown names, taken in turns; each name is tried once, so that none is locked."""
    known, unknown = [], []
    for n in range(tries):
        _person(server, f"known{tries}-{n}@firm.example")
        known.append(_seconds(server, f"known{tries}-{n}@firm.example"))
        unknown.append(_seconds(server, f"unknown{tries}-{n}@firm.example"))
    return statistics.median(known), statistics.median(unknown)


def test_a_refusal_takes_as_long_for_a_name_that_exists_as_for_one_that_does_not(tmp_path: Path) -> None:
    with running(load_settings(data_dir=tmp_path, access="accounts")) as server:
        known, unknown = _differ(server, 7)
    assert min(known, unknown) > 0.01  # a hash was computed in both
    assert max(known, unknown) < 2 * min(known, unknown)


@pytest.mark.long
def test_no_statistics_tell_a_name_that_exists_from_one_that_does_not(tmp_path: Path) -> None:
    with running(load_settings(data_dir=tmp_path, access="accounts")) as server:
        known, unknown = _differ(server, 24)  # of each; their address is locked after fifty
    assert abs(known - unknown) < 0.25 * min(known, unknown)


def test_the_audit_log_tells_of_signing_in_and_holds_no_name_that_was_typed(server: Running) -> None:
    account = _person(server, "kay@firm.example")
    browser = server.browser()
    _sign_in(browser, "kay@firm.example")
    _sign_in(server.browser(), "kay@firm.example", OTHER)
    _sign_in(server.browser(), "secret-typed-here@firm.example")
    browser.post("/sign-out", data=_account_form(browser))
    entries = server.workspace.audit.entries(Wanted(), 10_000)
    assert [each.act for each in entries if each.user_id == account.id] == [
        "sign-in",
        "sign-in-failed",
        "sign-out",
    ]
    assert any((each.act, each.user_id) == ("sign-in-failed", "") for each in entries)
    assert "secret-typed-here" not in str(entries)


def test_a_password_is_in_no_row_as_it_was_typed(server: Running) -> None:
    _person(server, "lou@firm.example")
    with database.reading(server.workspace._database) as connection:
        [hashed] = connection.scalars(sa.select(users.c.password_hash).where(users.c.email == "lou@firm.example"))
    assert hashed.startswith("$argon2id$")
    assert PASSWORD not in hashed
