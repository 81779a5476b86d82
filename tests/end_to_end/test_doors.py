"""Every route there is, and who may pass: an app without a browser, so that it can be asked for anything.

The table is complete: a route that a library or we add is refused, or it fails the first test until it stands here.
"""

import gc
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import httpx2
import pytest

from bench.http_fuzz import Target, send
from tests.pdfs import make_pdf
from tests.webapp.embeddings import embeddings
from tests.webapp.serving import Running, mount_with_health, raw_connection, running
from webapp.core.settings import load_settings
from webapp.page.gradio_guard import MOST_EVENTS
from webapp.page.session_table import MOST_OF_ONE, MOST_STREAMS
from webapp.server import make_app
from webapp.service.startup import Startup
from webapp.web.authentication import GUEST_COOKIE

# Building the page leaves event loops of gradio's own behind.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

# Of our own: what someone gets who is nobody, and a guest who names what is another's.
OURS = {
    "GET /healthz": (200, 200),
    "GET /readyz": (200, 200),
    "GET /metrics": (404, 404),
    "GET /matters/{matter_id}/documents/{document_id}/pages/{number}.png": (403, 404),
    "GET /matters/{matter_id}/documents/{document_id}/pages/{number}.json": (403, 404),
    "GET /matters/{matter_id}/documents/{document_id}.pdf": (403, 404),
    "GET /matters/{matter_id}/documents/{document_id}/text": (403, 404),
    "GET /matters/{matter_id}/documents/{document_id}/changes/{other_id}": (403, 404),
    "GET /matters/{matter_id}/palette": (403, 404),
    "GET /matters/{matter_id}/conversations/{conversation_id}/export": (403, 404),
    "GET /matters/{matter_id}/conversations/{conversation_id}/drafts/{turn_id}": (403, 404),
    "GET /matters/{matter_id}/audit": (403, 404),
    "GET /audit": (403, 403),
}
# Of gradio's: the empty page and what it is drawn with, the same for everyone; then what belongs to a session.
SAME_FOR_ALL = {
    "GET /",
    "HEAD /",
    "GET /config",
    "GET /config/",
    "GET /theme.css",
    "GET /favicon.ico",
    "GET /manifest.json",
    "GET /robots.txt",
    "GET /gradio_api/app_id",
    "GET /gradio_api/app_id/",
    "GET /static/{path:path}",
    "GET /assets/{path:path}",
}
OWNED = {
    "POST /gradio_api/queue/join",
    "GET /gradio_api/queue/data",
    "GET /gradio_api/heartbeat/{session_hash}",
    "POST /gradio_api/cancel",
    "POST /gradio_api/upload",
    "GET /gradio_api/upload_progress",
}
FILLED = {"number": "1", "matter_id": "0" * 32, "document_id": "0" * 64, "conversation_id": "0" * 32}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    patch = pytest.MonkeyPatch()
    patch.setenv("GRADIO_TEMP_DIR", "")  # the page sets it; put back afterwards
    with embeddings() as url:
        settings = load_settings(
            data_dir=tmp_path_factory.mktemp("demo"),
            access="demo",
            embeddings_url=url,
            reader_processes=1,
            guests_per_address=99,
        )
        with running(settings, mount_with_health) as server:
            yield server
    patch.undo()
    gc.collect()


def routes_of(routes: Any, prefix: str = "") -> Iterator[str]:
    """ "METHOD /path" of every route, also of those that are mounted or included."""
    for route in routes:
        if hasattr(route, "original_router"):
            yield from routes_of(route.original_router.routes, prefix + route.include_context.prefix)
        elif getattr(route, "routes", None) or hasattr(route, "_base_app"):
            yield from routes_of(route.routes, prefix + route.path)
        else:
            yield from (f"{method} {prefix}{route.path}" for method in sorted(route.methods))


def _guest(demo: Running) -> httpx2.Client:
    browser = demo.browser()
    browser.get("/")
    return browser


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_every_route_refuses_whom_it_does_not_know(demo: Running) -> None:
    app = make_app(Startup(demo.workspace.settings))
    routes = set(routes_of(app.routes))
    assert len(routes) > 60
    assert routes >= OWNED | set(OURS) | SAME_FOR_ALL - {"GET /gradio_api/app_id/", "GET /config/"}
    nobody, guest = demo.browser(), _guest(demo)
    wrong = {}
    for route in sorted(routes - SAME_FOR_ALL - OWNED):
        if route.endswith(("/healthz", "/readyz")):
            continue  # of the whole app, which this server is not
        method, path = route.split(" ")
        url = re.sub(r"\{(\w+)(:\w+)?\}", lambda name: FILLED.get(name[1], "x"), path)
        got = tuple(browser.request(method, url).status_code for browser in (nobody, guest))
        if got != OURS.get(route, (404, 404)):
            wrong[route] = got
    assert wrong == {}


def test_what_is_the_same_for_all_names_nothing_of_anyone(demo: Running) -> None:
    guest = _guest(demo)
    guest.post("/gradio_api/upload", files={"files": ("secret.pdf", make_pdf(["secret"]))})
    for route in sorted(SAME_FOR_ALL - {"HEAD /"}):
        said = demo.browser().get(re.sub(r"\{.*\}", "x", route.split(" ")[1])).text
        assert "secret" not in said
        assert str(demo.workspace.settings.data_dir) not in said


def test_a_session_belongs_to_whoever_used_it_first(demo: Running) -> None:
    ann, ben, nobody = _guest(demo), _guest(demo), demo.browser()
    event: dict[str, Any] = {"data": [None], "fn_index": 0, "event_id": "e", "session_hash": "anns"}
    assert ann.post("/gradio_api/cancel", json=event).status_code == 200
    twice = json.dumps(event | {"session_hash": "bens"})[:-1] + ', "session_hash": "anns"}'
    for browser in (ben, nobody):
        refused = [
            browser.get("/gradio_api/queue/data", params={"session_hash": "anns"}),
            browser.get("/gradio_api/heartbeat/anns"),
            browser.get("/looks/anns"),
            browser.post("/gradio_api/queue/join", json=event),
            browser.post("/gradio_api/cancel", json=event),
            browser.post("/gradio_api/cancel", content=twice, headers={"Content-Type": "application/json"}),
            browser.post("/gradio_api/cancel", content=json.dumps(event).encode("utf-16")),
        ]
        assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert ann.post("/gradio_api/queue/join", json=event).status_code != 403


def test_a_page_is_told_whether_it_has_changed_until_it_is_dropped(demo: Running) -> None:
    ann = _guest(demo)
    event: dict[str, Any] = {"data": [None], "fn_index": 0, "session_hash": "looking"}
    assert ann.get("/looks/looking").status_code == 404
    assert [ann.get(f"/looks/{name}").status_code for name in ("a" * 65, "a%20b", "a/b", "")] == [400, 400, 404, 404]
    assert ann.post("/looks/looking").status_code == 400
    ann.post("/gradio_api/queue/join", json=event)
    until(lambda: ann.get("/looks/looking").status_code == 200)
    until(lambda: ann.get("/looks/looking").json() == {"changed": False})
    for n in range(MOST_OF_ONE):
        ann.post("/gradio_api/cancel", json=event | {"session_hash": f"page{n}", "event_id": "e"})
    assert ann.get("/looks/looking").status_code == 404


def test_only_a_user_uploads_and_nobody_else_sees_how_far_it_is(demo: Running) -> None:
    ann, ben = _guest(demo), _guest(demo)
    file = {"files": ("secret.pdf", make_pdf(["secret"]))}
    [path] = ann.post("/gradio_api/upload", params={"upload_id": "anns"}, files=file).json()
    for asked in ("upload_id=anns", "upload_id=anns&session_hash=bens", "session_hash=bens&upload_id=anns"):
        assert ben.get(f"/gradio_api/upload_progress?{asked}").status_code == 403
    for asked in (
        "upload_id=bens&upload_id=anns",
        "session_hash=bens",
        f"upload_id={'b' * 65}",
        "upload_id=",
        "upload_id=a/b",
    ):
        assert ben.get(f"/gradio_api/upload_progress?{asked}").status_code == 400
    assert ben.post("/gradio_api/upload", params={"upload_id": "b" * 65}, files=file).status_code == 400
    assert str(demo.workspace.settings.data_dir) not in path
    assert demo.browser().post("/gradio_api/upload", files=file).status_code == 403
    forged = demo.browser({"Cookie": f"{GUEST_COOKIE}={'0' * 32}.1.{'0' * 64}"})
    assert forged.post("/gradio_api/upload", files=file).status_code == 403
    for browser in (ann, ben):  # not even whoever brought it: the page's own routes show it, once it is taken in
        for door in (
            f"/gradio_api/file={path}",
            f"/file={path}",
            f"/gradio_api/file/{path}",
            f"/gradio_api//file={path}",
        ):
            assert browser.get(door).status_code == 404


def test_no_upload_or_event_whatever_it_holds_is_a_fault_of_the_server(demo: Running) -> None:
    routes = [Target("POST", f"/gradio_api/{each}") for each in ("upload", "queue/join", "cancel")]
    seen = send([("guest", _guest(demo))], routes, Random(18), 150)
    assert seen.faults == []
    assert ("guest", "POST /gradio_api/upload", 200) in seen.statuses


@pytest.mark.parametrize(
    "path",
    [
        "/static/../../../../../etc/passwd",
        "/assets/..%2f..%2f..%2f..%2fetc/passwd",
        "/static/%2e%2e/%2e%2e/app.py",
        "/gradio_api/../gradio_api/file=/etc/passwd",
        "/gradio_api/file=../guests.key",
        "/gradio_api/%66ile=/etc/passwd",
        "/GRADIO_API/file=/etc/passwd",
        "/gradio_api/queue/data/../../file=/etc/passwd",
        "/matters/../../guests.key/documents/x.pdf",
        "/matters/%2e%2e/documents/%2e%2e%2fguests.key.pdf",
        "/gradio_api/proxy=http://127.0.0.1:1/",
        "//evil.example/",
        "/static//etc/passwd",
        "/assets/C:/x",
    ],
)
def test_no_path_leads_out_of_where_it_belongs(demo: Running, path: str) -> None:
    host = demo.url.removeprefix("http://")
    cookie = _guest(demo).get("/").request.headers.get("cookie", "")
    with raw_connection(demo.url) as raw:  # as it stands: a client would tidy it first
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n".encode())
        said = b"".join(iter(lambda: raw.recv(65536), b""))
    assert said.split(b" ")[1] in (b"404", b"403", b"400"), said[:200]
    assert b"root:" not in said


def test_a_page_of_another_site_can_send_nothing(demo: Running) -> None:
    guest = _guest(demo)
    event = {"data": [None], "fn_index": 0, "session_hash": "mine"}
    for elsewhere in (
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"},  # another port of this machine
        {"Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"},
    ):
        assert guest.post("/gradio_api/queue/join", json=event, headers=elsewhere).status_code == 403
        assert guest.post("/gradio_api/upload", files={"files": b"x"}, headers=elsewhere).status_code == 403
    for answer in (guest.get("/", headers={"Origin": "http://evil.example"}), guest.get("/config")):
        assert "access-control-allow-origin" not in answer.headers


def test_a_body_that_is_too_large_is_refused_before_it_is_kept(demo: Running) -> None:
    guest = _guest(demo)
    before = sum(file.stat().st_size for file in (demo.workspace.settings.data_dir / "arriving").rglob("*.*"))
    too_large = {"files": ("large.pdf", b"%PDF-1.7\n" + bytes(52 << 20))}
    refused = guest.post("/gradio_api/upload", files=too_large)
    assert (refused.status_code, refused.text) == (413, "The upload is too large: 50 MiB can be added at once.")
    assert guest.post("/gradio_api/queue/join", content=b"[" * (17 << 20)).status_code == 413
    after = sum(file.stat().st_size for file in (demo.workspace.settings.data_dir / "arriving").rglob("*.*"))
    assert after == before


def test_an_upload_that_breaks_off_leaves_nothing(demo: Running) -> None:
    guest, arriving = _guest(demo), demo.workspace.settings.data_dir / "arriving"
    before = set(arriving.iterdir())
    host = demo.url.removeprefix("http://")
    cookie = "; ".join(f"{name}={value}" for name, value in guest.cookies.items())
    with raw_connection(demo.url) as raw:
        raw.sendall(
            f"POST /gradio_api/upload HTTP/1.1\r\nHost: {host}\r\nContent-Length: 900000\r\nCookie: {cookie}\r\n"
            'Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\nContent-Disposition: form-data; name="files"; '
            'filename="lease.pdf"\r\n\r\n%PDF-1.7 zanzibar'.encode()
        )
        until(lambda: set(arriving.iterdir()) != before)
    until(lambda: set(arriving.iterdir()) == before)


def test_a_user_has_only_so_many_streams_and_another_is_not_held_up(demo: Running) -> None:
    guest, other = _guest(demo), _guest(demo)
    cookie = "; ".join(f"{name}={value}" for name, value in guest.cookies.items())
    held, said = [], []
    for n in range(MOST_STREAMS + 3):
        raw = raw_connection(demo.url, timeout=10)
        raw.sendall(
            f"GET /gradio_api/heartbeat/h{n} HTTP/1.1\r\nHost: {demo.url[7:]}\r\nCookie: {cookie}\r\n\r\n".encode()
        )
        said.append(raw.recv(4096).split(b" ")[1])
        held.append(raw)
    assert said == [b"200"] * MOST_STREAMS + [b"429"] * 3
    event = {"data": [None], "fn_index": 0, "session_hash": "unhindered"}
    assert other.post("/gradio_api/queue/join", json=event).status_code == 200
    for raw in held:
        raw.close()

    def again() -> bool:
        with guest.stream("GET", "/gradio_api/heartbeat/again") as stream:
            return stream.status_code == 200

    until(again)


def test_no_page_elsewhere_is_told_that_it_may_read(demo: Running) -> None:
    for origin in ("http://evil.example", "http://127.0.0.1:5000", "http://localhost:1", "null"):
        for path in ("/", "/config", "/theme.css", "/gradio_api/app_id", "/static/js/x.js"):
            answer = _guest(demo).get(path, headers={"Origin": origin})
            assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert _guest(demo).get("/config").headers["cache-control"] == "no-store"
    assert _guest(demo).get(f"/static/{'a' * 5_000}").status_code == 404


@pytest.mark.parametrize("session", ["", None, 7, "a" * 65, "../x", "a b", ["x"]])
def test_a_session_without_a_name_is_told_so(demo: Running, session: Any) -> None:
    guest = _guest(demo)
    event = {"data": [None], "fn_index": 0, "event_id": "e", "session_hash": session}
    for door in ("queue/join", "cancel"):
        refused = guest.post(f"/gradio_api/{door}", json=event)
        assert (refused.status_code, refused.text) == (400, "This request is not valid. Reload the page.")
    unknown = guest.get("/gradio_api/queue/data", params={"session_hash": str(session or "")[:80]})
    assert unknown.status_code == (404 if session == 7 else 400)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"1" * 10_000,
        b'{"session_hash": "wrong"}',
        b'{"session_hash": "wrong", "data": [null], "fn_index": 999999}',
        b'{"session_hash": "wrong", "data": [], "fn_index": 0}',
        b'{"session_hash": "wrong", "data": [null], "fn_index": true}',
        b'{"session_hash": "wrong", "data": "x", "fn_index": 0}',
        b'{"session_hash": "wrong", "data": [null], "fn_index": "0"}',
        b'{"session_hash": "wrong", "data": [null, 1], "fn_index": 0}',
    ],
)
def test_an_event_that_the_page_never_sends_is_refused(demo: Running, body: bytes) -> None:
    body = body.replace(b"wrong", os.urandom(6).hex().encode())
    refused = _guest(demo).post("/gradio_api/queue/join", content=body, headers={"Content-Type": "application/json"})
    assert refused.status_code == 400
    assert refused.text == "This request is not valid. Reload the page."


def test_one_user_has_only_so_many_events_under_way(demo: Running) -> None:
    guest, other = _guest(demo), _guest(demo)
    said = []
    for n in range(MOST_EVENTS + 20):  # nobody listens to what comes of them
        event = {"data": [None], "fn_index": 0, "session_hash": f"many{n % 40}"}
        said.append(guest.post("/gradio_api/queue/join", json=event).status_code)
    assert said[:MOST_EVENTS] == [200] * MOST_EVENTS
    assert said[-1] == 429
    told = other.post("/gradio_api/queue/join", json=event | {"session_hash": "others"})
    assert told.status_code == 200, told.text
