"""Under which address a guest is counted, and that no client chooses it."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers

from tests.webapp.embeddings import embeddings
from tests.webapp.serving import Running, running
from webapp.answers.answer import Scope
from webapp.core.errors import NetworkWaiting, NotAllowed
from webapp.core.log import close_log, open_log, user_error
from webapp.core.settings import load_settings
from webapp.service.ask import answer_in_turn
from webapp.service.provenance import Provenance
from webapp.service.startup import Startup
from webapp.store.users import LOCAL_USER, User
from webapp.web.authentication import user_of
from webapp.web.client_addresses import NOWHERE, address_of

PROXIES = "10.0.0.1, 10.1.0.0/16, 2001:db8:ffff::/48"
CLIENT = "192.0.2.7"


@dataclass
class Peer:
    host: str


@dataclass
class Asked:
    client: Peer | None
    headers: Headers = field(default_factory=Headers)


def _asked(peer: str | None, *forwarded: str) -> Asked:
    raw = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    return Asked(None if peer is None else Peer(peer), Headers(raw=raw))


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        # Nobody's word counts but a trusted proxy's.
        (CLIENT, (), CLIENT),
        (CLIENT, ("203.0.113.9",), CLIENT),
        (CLIENT, ("10.0.0.1",), CLIENT),
        ("10.0.0.2", ("203.0.113.9",), "10.0.0.2"),  # beside the proxies
        # One proxy, and several.
        ("10.0.0.1", (CLIENT,), CLIENT),
        ("10.0.0.1", (f"{CLIENT}, 10.1.2.3",), CLIENT),
        ("10.0.0.1", (CLIENT, "10.1.2.3"), CLIENT),  # two headers are one
        ("10.0.0.1", (), "10.0.0.1"),
        ("10.0.0.1", ("10.1.2.3, 10.1.2.4",), "10.1.2.3"),  # a proxy itself
        # What the client wrote stands before what the proxy added.
        ("10.0.0.1", (f"203.0.113.9, {CLIENT}",), CLIENT),
        ("10.0.0.1", (f"127.0.0.1, 10.1.2.3, {CLIENT}, 10.1.2.3",), CLIENT),
        ("10.0.0.1", ("203.0.113.9", CLIENT), CLIENT),
        ("10.0.0.1", (f"<script>, {CLIENT}",), CLIENT),
        # What is no address ends the way: the last hop that was one stands for what lies behind it.
        ("10.0.0.1", ("unknown",), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.9, unknown, 10.1.2.3",), "10.1.2.3"),
        ("10.0.0.1", ("203.0.113.9, , 10.1.2.3",), "10.1.2.3"),
        ("10.0.0.1", ("203.0.113.9,",), "10.0.0.1"),
        ("10.0.0.1", ("",), "10.0.0.1"),
        ("10.0.0.1", ("192.0.2.007",), "10.0.0.1"),
        ("10.0.0.1", ("192.0.2.7, 1.2.3",), "10.0.0.1"),
        ("10.0.0.1", ("1" * 60_000,), "10.0.0.1"),
        # With a port, and in brackets.
        ("10.0.0.1", (f"{CLIENT}:50123",), CLIENT),
        ("10.0.0.1", ("[2001:db8:1:2::3]:443",), "2001:db8:1:2::/64"),
        ("10.0.0.1", ("[2001:db8:1:2::3]",), "2001:db8:1:2::/64"),
        ("10.0.0.1", (f"{CLIENT}:50123:1",), "10.0.0.1"),
        # IPv6: a /64 is one, and IPv4 in its clothes is IPv4.
        ("2001:db8:1:2:3:4:5:6", (), "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", (), "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", (), "2001:db8:1:3::/64"),
        ("fe80::1%eth0", (), "fe80::/64"),
        (f"::ffff:{CLIENT}", (), CLIENT),
        ("::ffff:10.0.0.1", (CLIENT,), CLIENT),
        ("2001:db8:ffff:1::1", ("2001:db8:1:2::9",), "2001:db8:1:2::/64"),
        # Without an address.
        (None, (CLIENT,), NOWHERE),
        ("", (CLIENT,), NOWHERE),
        ("testclient", (CLIENT,), NOWHERE),
    ],
)
def test_the_address_is_the_peers_or_what_a_trusted_proxy_added(
    tmp_path: Path, peer: str | None, forwarded: tuple[str, ...], expected: str
) -> None:
    settings = load_settings(data_dir=tmp_path, access="demo", trusted_proxies=PROXIES)
    assert address_of(_asked(peer, *forwarded), settings) == expected


def test_without_a_proxy_that_is_named_no_header_counts(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, access="demo")
    for peer in ("127.0.0.1", "10.0.0.1", "::1"):
        said = address_of(_asked(peer, CLIENT), settings)
        assert said == address_of(_asked(peer), settings) != CLIENT


# Over HTTP


def _who(app: FastAPI, startup: Startup) -> None:
    def who(request: Request) -> JSONResponse:
        try:
            workspace = startup.opened()
            user = user_of(request, workspace)
            return JSONResponse({"id": user.id, "share": workspace.share_key(user)})
        except NotAllowed as error:
            return JSONResponse({"error": str(user_error(error)), "hint": error.hint}, 403)

    app.add_route("/", lambda _: JSONResponse("the page"))
    app.add_route("/who", who)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Running]:
    with embeddings() as url:
        settings = load_settings(
            data_dir=tmp_path,
            access="demo",
            embeddings_url=url,
            reader_processes=1,
            guests_per_address=3,
            questions_per_address=2,
            trusted_proxies="127.0.0.1",
        )
        open_log(tmp_path)
        with running(settings, _who) as server:
            yield server
        close_log()


def _arrive(demo: Running, address: str) -> tuple[httpx2.Client, httpx2.Response]:
    """A new browser at this address, and what it is told: we are the proxy."""
    browser = demo.browser({"X-Forwarded-For": address})
    browser.get("/")
    return browser, browser.get("/who")


def test_one_address_does_not_fill_a_demo(demo: Running) -> None:
    there = [_arrive(demo, CLIENT) for _ in range(3)]
    assert [told.status_code for _, told in there] == [200] * 3
    for said in (CLIENT, f"203.0.113.9, {CLIENT}", f"{CLIENT}:1234"):
        _, told = _arrive(demo, said)
        assert told.status_code == 403
        assert told.json()["error"] == "The limit of 3 visitors from one network is reached."
        assert told.json()["hint"] == "Try again within the hour."
    assert there[0][0].get("/who").status_code == 200  # who is there stays
    assert _arrive(demo, "192.0.2.8")[1].status_code == 200
    for last in range(3):
        assert _arrive(demo, f"2001:db8:1:2::{last}")[1].status_code == 200
    assert _arrive(demo, "2001:db8:1:2:3:4:5:6")[1].status_code == 403
    assert _arrive(demo, "2001:db8:1:3::1")[1].status_code == 200


def test_a_guest_is_counted_where_they_came_from_until_they_go(demo: Running) -> None:
    browser, told = _arrive(demo, CLIENT)
    assert told.json()["share"] == CLIENT
    browser.headers["X-Forwarded-For"] = "203.0.113.9"  # the phone leaves the house
    assert browser.get("/who").json()["share"] == CLIENT
    for _ in range(2):
        _arrive(demo, CLIENT)
    assert _arrive(demo, CLIENT)[1].status_code == 403
    demo.workspace.delete_user(User(told.json()["id"], "Guest"))
    assert _arrive(demo, CLIENT)[1].status_code == 200


def test_guests_of_one_address_share_the_questions_that_an_address_may_have(demo: Running) -> None:
    workspace = demo.workspace
    ann, ben, other = (
        User(_arrive(demo, address)[1].json()["id"], "Guest") for address in (CLIENT, CLIENT, "192.0.2.8")
    )

    async def asked(user: User) -> None:
        scope, provenance = Scope("0" * 32, ()), Provenance(workspace, "0" * 32, "1" * 32)
        await anext(answer_in_turn(workspace, user, "What is the rent?", (), scope, provenance))

    async def test() -> None:
        places = [workspace.question_queue.enter(ann, workspace.share_key(ann)) for _ in range(2)]
        with pytest.raises(
            NetworkWaiting, match="The limit of 2 questions at the same time from one network is reached"
        ):
            await asked(ben)
        places += [workspace.question_queue.enter(other, workspace.share_key(other))]
        for place in places:
            place.leave()

    asyncio.run(test())


def test_an_address_is_neither_kept_nor_logged(demo: Running) -> None:
    for _ in range(4):  # the last is refused
        _arrive(demo, CLIENT)
    folder = demo.workspace.settings.data_dir
    written = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"guest-" in written  # the records are among it
    assert CLIENT.encode() not in written


def test_shares_of_everyone_else_are_their_own(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, access="behind-proxy", user_header="Remote-User")
    with running(settings, _who) as server:
        told = server.browser({"Remote-User": "ann", "X-Forwarded-For": CLIENT}).get("/who").json()
        assert told["share"] == told["id"]
        assert server.workspace.share_key(LOCAL_USER) == LOCAL_USER.id
