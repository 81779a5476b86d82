"""The way in with `local`: a token in the address that is printed, a cookie from then on, and nothing without it."""

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, expect

from tests.webapp.browser import READY, needs_chromium, visitor
from tests.webapp.commands import Pincite, Server
from tests.webapp.embeddings import embeddings
from webapp.web.authentication import LocalLogin

ELSEWHERE = "This page opens from the address that pincite printed"


@dataclass(frozen=True)
class Restarted:
    """A server that runs on a folder where another ran before."""

    pincite: Pincite
    server: Server
    before: Server


@pytest.fixture(scope="module")
def restarted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restarted]:
    with embeddings() as url:
        pincite = Pincite(tmp_path_factory.mktemp("data"), {"PINCITE_EMBEDDINGS_URL": url})
        elsewhere = Pincite(pincite.folder, pincite.settings | {"PINCITE_HOST": "0.0.0.0", "PINCITE_PORT": "1"})
        with elsewhere.serving("--port", "0", "--host", "localhost") as before:
            pass
        with pincite.serving() as server:
            yield Restarted(pincite, server, before)


@pytest.fixture(scope="module")
def server(restarted: Restarted) -> Server:
    return restarted.server


def client(server: Server, **cookies: str) -> httpx2.Client:
    return httpx2.Client(base_url=server.url, trust_env=False, cookies=cookies)


def test_every_route_but_health_is_closed_to_who_brings_no_token(server: Server) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{43}", server.address)
    name, value = next(iter(server.cookies.items()))
    for cookies in ({}, {name: "0" * 64}, {name: ""}, {"pincite_000000000000": value}, {name: "%C3%A4"}):
        with client(server) as stranger:
            stranger.headers["Cookie"] = "; ".join(f"{n}={v}" for n, v in cookies.items())
            for path in (
                "/",
                "/config",
                "/theme.css",
                "/metrics",
                "/gradio_api/queue/data?session_hash=a",
                "/cli/hello",
            ):
                refused = stranger.get(path)
                assert (refused.status_code, ELSEWHERE in refused.text) == (403, True), path
                assert refused.headers["cache-control"] == "no-store"
                assert "set-cookie" not in refused.headers
                assert value not in refused.text
            assert stranger.post("/gradio_api/upload", files={"files": b"x"}).status_code == 403
            assert [stranger.get(path).status_code for path in ("/healthz",)] == [200]
            assert stranger.get("/readyz").status_code in (200, 503)
    with client(server) as guessing:
        for token in ("", "x", server.token, "é" * 43):
            assert guessing.get("/", params={"token": token}).status_code == 403


def test_metrics_are_for_the_one_user(server: Server) -> None:
    assert server.ask("GET", "/metrics").status_code == 200


def test_the_token_becomes_a_cookie_by_a_redirect_to_the_address_without_it(restarted: Restarted) -> None:
    server = restarted.server
    token = server.address.partition("=")[2]
    with client(server) as reader:
        led = reader.get("/", params={"matter": "a b", "token": token, "conversation": "c"})
        assert (led.status_code, led.headers["location"]) == (303, "/?matter=a+b&conversation=c")
        assert led.headers["referrer-policy"] == "no-referrer"
        kept = led.headers["set-cookie"]
        assert re.fullmatch(r"pincite_\w{12}=[0-9a-f]{64}; Path=/; Max-Age=\d+; HttpOnly; SameSite=Lax", kept)
        assert reader.get("/").status_code == 200
        assert reader.get("/", params={"token": "of an earlier start"}).headers["location"] == "/"
        for path in ("//evil.example/", "/config"):  # it leads nowhere but to the page
            assert reader.get(f"{path}?token={token}").headers.get("location", "/") == "/"
    log = (restarted.pincite.folder / "log" / "pincite.log").read_text()
    assert token not in log
    assert next(iter(server.cookies.values())) not in log
    assert token not in " ".join(server.process.args)  # type: ignore[arg-type]


def test_a_restart_changes_the_token_and_closes_no_page(restarted: Restarted) -> None:
    first, second = restarted.before, restarted.server
    assert first.address.partition("=")[2] != second.address.partition("=")[2]
    with client(second, **first.cookies) as reader:
        assert reader.get("/").status_code == 200
    with client(second) as late:
        assert late.get("/", params={"token": first.address.partition("=")[2]}).status_code == 403


def test_two_servers_on_one_machine_do_not_overwrite_each_others_cookie(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = LocalLogin(tmp_path / "a"), LocalLogin(tmp_path / "b")
    assert one.cookies.keys() != other.cookies.keys()
    assert one.admits(one.cookies | other.cookies)
    assert not one.admits(other.cookies)
    assert stat.S_IMODE((tmp_path / "a" / "local.key").stat().st_mode) == 0o600


def test_who_starts_it_twice_is_told_the_address(restarted: Restarted) -> None:
    again = restarted.pincite("serve")
    assert (again.code, restarted.server.address in again.err) == (1, True)


def test_port_and_host_can_be_said_on_the_command_line(restarted: Restarted, tmp_path: Path) -> None:
    assert re.match(r"http://(127\.0\.0\.1|\[::1\]):\d\d+/", restarted.before.address)
    refused = Pincite(tmp_path)("serve", "--host", "0.0.0.0")
    assert (refused.code, "other machines can reach" in refused.err) == (1, True)


@needs_chromium
def test_in_a_browser(browser: Browser, server: Server) -> None:
    with visitor(browser) as stranger:
        page = stranger.new_page()
        page.goto(server.url)
        expect(page.get_by_role("heading")).to_have_text(ELSEWHERE)
    with visitor(browser) as reader:
        page = reader.new_page()
        page.goto(server.address)
        expect(page.locator(READY)).to_be_visible()
        assert "token" not in page.url
        assert "token" not in page.evaluate("performance.getEntriesByType('navigation')[0].name")
        other = reader.new_page()
        other.goto(server.url)
        expect(other.locator(READY)).to_be_visible()
