"""What one client can do to the server with connections and bodies alone, against a server in a process of its own."""

import asyncio
import contextlib
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.types import Message, Receive

import webapp.web.middleware
from tests.clock import within
from tests.webapp.commands import Pincite, Server
from tests.webapp.embeddings import embeddings
from tests.webapp.serving import raw_connection
from webapp.core.settings import load_settings
from webapp.server import most_of_a_peer
from webapp.web.connections import HEAD_SECONDS, MOST_CONNECTIONS, MOST_HEAD, MOST_OF_A_PEER
from webapp.web.middleware import Stalled, limit_body

pytestmark = pytest.mark.slow

MIB = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with embeddings() as url:
        pincite = Pincite(tmp_path_factory.mktemp("data"), {"PINCITE_EMBEDDINGS_URL": url})
        with pincite.serving() as server:
            server.wait_until_ready()
            yield server


def resident(server: Server) -> int:
    """MiB that the server's process holds."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) // 1024


def connected(url: str, *said: bytes) -> socket.socket:
    raw = raw_connection(url, timeout=HEAD_SECONDS + 20)
    for each in said:
        raw.sendall(each)
    return raw


def flood(raw: socket.socket, more: bytes = b"c" * MOST_HEAD) -> None:
    for _ in range(1000):
        raw.sendall(more)


def is_closed(raw: socket.socket) -> bool:
    """Whether the server hangs up (having said something or not)."""
    with raw:
        try:
            while raw.recv(65536):
                pass
        except ConnectionResetError:
            pass
        except TimeoutError:
            return False
        return True


def test_half_open_connections_end_and_keep_nobody_waiting(server: Server) -> None:
    beginnings = (b"", b"G", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"POST /gradio_api/queue/join HTTP/1.1\r\n")
    began = time.monotonic()
    whole = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    held = [connected(server.url, begun) for begun in (*beginnings, whole + b"GET /x") * 40]
    dribbling = connected(server.url, b"GET / HTTP/1.1\r\n")
    for _ in range(10):  # a byte now and then is no request either
        dribbling.sendall(b"X")
        assert server.ask("GET", "/healthz").elapsed.total_seconds() < 2
        time.sleep(0.5)
    assert all(is_closed(raw) for raw in [*held, dribbling])
    assert HEAD_SECONDS - 1 < time.monotonic() - began < HEAD_SECONDS + 15


def test_a_head_without_end_is_cut_off(server: Server) -> None:
    before = resident(server)
    for begun in (b"GET /" + b"a" * 64, b"GET / HTTP/1.1\r\nX: " + b"b" * 64):
        raw = connected(server.url, begun)
        with raw, pytest.raises((BrokenPipeError, ConnectionResetError)):
            flood(raw)
    assert resident(server) - before < 50


@pytest.mark.parametrize("before", ["/healthz", "/gradio_api/heartbeat/abc", "/readyz"])
def test_a_head_without_end_behind_an_answer_that_still_runs_is_cut_off(server: Server, before: str) -> None:
    held = resident(server)
    cookie = "; ".join(f"{name}={value}" for name, value in server.cookies.items())
    first = f"GET {before} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\nGET / HTTP/1.1\r\n".encode()
    for more in (b"a:\r\n" * 16_000, b"X: " + b"b" * 60_000, b"a: b\r\n" * 300):
        raw = connected(server.url, first)
        time.sleep(0.3)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            flood(raw, more)
        assert is_closed(raw)
    assert resident(server) - held < 60


@pytest.mark.parametrize("trailer", [b"X-T: ", b"", b"a: b\r\n"])
def test_what_follows_a_body_without_end_is_cut_off_too(server: Server, trailer: bytes) -> None:
    held = resident(server)
    cookie = "; ".join(f"{name}={value}" for name, value in server.cookies.items())
    head = (
        f"GET /gradio_api/heartbeat/abd HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\nTransfer-Encoding: "
        f"chunked\r\n\r\n"
    )
    raw = connected(server.url, head.encode() + b"0\r\n" + trailer)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        flood(raw, b"a: b\r\n" * 4000 if trailer.endswith(b"\n") else b"a" * MOST_HEAD)
    assert is_closed(raw)
    assert resident(server) - held < 40


def test_what_follows_a_body_is_no_header(tmp_path: Path) -> None:
    settings = {"PINCITE_ACCESS": "behind-proxy", "PINCITE_PROXY_SECRET": "s" * 32}
    head = "GET /matters/x/documents/y.pdf HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    who = "X-Forwarded-User: eve\r\nX-Pincite-Proxy-Secret: " + "s" * 32 + "\r\n"
    with embeddings() as url, Pincite(tmp_path, settings | {"PINCITE_EMBEDDINGS_URL": url}).serving() as server:
        server.wait_until_ready()
        for said, status in (
            (f"{head}{who}\r\n", b"404"),
            (f"{head}\r\n", b"403"),
            (f"{head}Transfer-Encoding: chunked\r\n\r\n0\r\n{who}\r\n", b"403"),
        ):
            with connected(server.url, said.encode()) as raw:
                assert raw.recv(65536).split(b" ")[1] == status


def test_connections_that_wait_make_room_for_those_that_ask(server: Server) -> None:
    whole = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    held = []
    for _ in range(MOST_CONNECTIONS + 50):
        raw = connected(server.url, whole)
        raw.recv(4096)
        held.append(raw)
    assert server.ask("GET", "/healthz").status_code == 200
    for raw in held:
        raw.close()


@pytest.mark.parametrize(
    ("given", "peer", "most"),
    [
        ({"access": "demo"}, "192.0.2.7", MOST_OF_A_PEER),
        ({"access": "demo"}, "2001:db8::1", MOST_OF_A_PEER),
        ({"access": "demo"}, "", MOST_OF_A_PEER),
        ({"access": "demo"}, "127.0.0.1", MOST_CONNECTIONS),
        ({"access": "demo", "trusted_proxies": "192.0.2.0/24"}, "192.0.2.7", MOST_CONNECTIONS),
        ({"access": "demo", "guests_per_address": 100}, "192.0.2.7", MOST_CONNECTIONS),
        ({"access": "behind-proxy"}, "192.0.2.7", MOST_CONNECTIONS),
    ],
)
def test_of_guests_without_a_proxy_one_address_has_its_share(
    tmp_path: Path, given: dict[str, Any], peer: str, most: int
) -> None:
    assert most_of_a_peer(load_settings(data_dir=tmp_path, **given))(peer) == most


def test_more_headers_than_anyone_sends_are_refused(server: Server) -> None:
    head = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"a: b\r\n" * 250 + b"\r\n"
    with connected(server.url, head) as raw:
        assert raw.recv(65536).startswith(b"HTTP/1.1 431 ")


def test_a_second_request_in_the_same_breath_is_answered_and_thirty_are_not(server: Server) -> None:
    one = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with connected(server.url, one * 2) as raw:
        said = b""
        while said.count(b"HTTP/1.1 200") < 2:
            said += raw.recv(65536)
    with connected(server.url, one * 30) as raw:
        assert is_closed(raw)


def test_commands_are_not_on_the_pages_port_and_the_page_not_on_theirs(server: Server) -> None:
    with httpx2.Client(
        trust_env=False, cookies=server.cookies, headers={"Authorization": f"Bearer {server.token}"}
    ) as me:
        assert me.post(f"{server.url}/cli/matters", json={}).status_code == 404
        assert me.get(f"{server.url}/cli/hello").status_code == 404
        for path in ("/", "/config", "/gradio_api/upload", "/healthz", "/matters/x/documents/y.pdf"):
            assert me.get(f"{server.commands}{path}").status_code == 404
    assert server.commands.startswith("http://127.0.0.1:")
    assert server.commands != server.url


def test_without_the_key_not_a_byte_of_a_body_is_read(server: Server) -> None:
    before = resident(server)
    for route in ("matters", "search", "accept?matter=M&name=n.pdf"):
        head = f"POST /cli/{route} HTTP/1.1\r\nHost: x\r\nContent-Length: {1500 * MIB}\r\n\r\n"
        with connected(server.commands, head.encode()) as raw:
            assert raw.recv(65536).startswith(b"HTTP/1.1 401 ")
        with (
            connected(server.commands, head.encode()) as raw,
            contextlib.suppress(BrokenPipeError, ConnectionResetError),
        ):
            flood(raw)  # what is sent all the same is not kept
    assert resident(server) - before < 40


def test_a_body_of_a_command_has_a_limit(server: Server) -> None:
    before = resident(server)
    for body in (b"[" * (60 * MIB), b'{"matter": "' + b"a" * (60 * MIB)):
        refused = server.ask("POST", "/cli/search", content=body)
        assert refused.status_code == 413
    assert resident(server) - before < 100


def test_a_body_that_stops_coming_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never() -> Message:
        await asyncio.sleep(30)
        raise AssertionError

    async def waited(receive: Receive) -> None:
        await receive()

    monkeypatch.setattr(webapp.web.middleware, "BODY_SECONDS", 0.05)
    with pytest.raises(Stalled):
        asyncio.run(waited(limit_body(never, 10)))


@pytest.mark.parametrize("sent", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_the_server_ends_within_ten_seconds_whatever_is_under_way(tmp_path: Path, sent: signal.Signals) -> None:
    with embeddings() as url:
        pincite = Pincite(tmp_path, {"PINCITE_EMBEDDINGS_URL": url})
        with pincite.serving() as server:
            server.wait_until_ready()
            held = [connected(server.url) for _ in range(20)]
            cookie = "; ".join(f"{name}={value}" for name, value in server.cookies.items())
            head = (
                f"POST /gradio_api/upload HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\nContent-Length: 90000\r\n"
            )
            kind = "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
            held += [connected(server.url, (head + kind).encode()) for _ in range(4)]
            threading.Event().wait(0.5)
            with within(10, time.monotonic):
                server.process.send_signal(sent)
                server.process.wait(20)
            for raw in held:
                raw.close()
