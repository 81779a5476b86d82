"""The proxy's own configuration, in a real Caddy, before a server that says what reached it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest

from tests.caddy import caddy, formatted, free_port, hashed
from tests.docker.compose import ROOT

SECRET = "a secret that only the proxy and pincite know"


class _Echo(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        told: dict[str, list[str]] = {}
        for name, value in self.headers.items():
            told.setdefault(name.lower(), []).append(value)
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("proxy")
    (folder / "logins").write_text(f"ann {hashed('right')}\nben {hashed('his')}\n")
    (folder / "proxy_secret").write_text(SECRET + "\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as upstream:
        threading.Thread(target=upstream.serve_forever, daemon=True).start()
        port, health = free_port(), free_port()
        text = (ROOT / "docker" / "Caddyfile").read_text()
        text = text.replace("/run/secrets", str(folder)).replace("127.0.0.1:7861", f"127.0.0.1:{health}")
        given = {"PINCITE_SITE": f"http://:{port}", "PINCITE_UPSTREAM": f"127.0.0.1:{upstream.server_port}"}
        with caddy(folder, text, port, **given):
            assert httpx2.get(f"http://127.0.0.1:{health}/", trust_env=False).status_code == 200
            yield f"http://127.0.0.1:{port}"
        upstream.shutdown()


@pytest.mark.parametrize("login", [None, ("ann", "wrong"), ("ann", ""), ("eve", "right"), ("ben", "right")])
def test_without_a_login_nothing_gets_through(door: str, login: tuple[str, str] | None) -> None:
    answer = httpx2.get(door, auth=login, trust_env=False)
    assert (answer.status_code, answer.headers["www-authenticate"][:5]) == (401, "Basic")


def test_the_user_is_the_one_who_logged_in_whatever_the_request_says(door: str) -> None:
    forged = [(name, "eve") for name in ("X-Forwarded-User", "X-Pincite-Proxy-Secret", "x-forwarded-user")]
    reached = httpx2.get(door, auth=("ann", "right"), headers=forged, trust_env=False).json()
    assert reached["x-forwarded-user"] == ["ann"]
    assert reached["x-pincite-proxy-secret"] == [SECRET]


def test_the_password_goes_no_further_and_the_address_stays(door: str) -> None:
    reached = httpx2.get(door, auth=("ann", "right"), trust_env=False).json()
    assert "authorization" not in reached
    assert reached["host"] == [door.removeprefix("http://")]  # pincite compares it with who sends


def test_what_the_file_is_read_with_is_what_caddy_writes() -> None:
    text = (ROOT / "docker" / "Caddyfile").read_text()
    assert formatted(text) == text
