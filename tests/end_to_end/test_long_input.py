"""200 kB and 3 MB of words through every door that takes any: refused with a sentence, while others wait for nothing.

The doors are those of the page's own config and of the commands' own routes, so that a new one is tried as well.
"""

import contextlib
import itertools
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import httpx2
import pytest

from tests.clock import allowed, within
from tests.pdfs import make_pdf
from tests.webapp.acts import ACTS, FIELDS, Events
from tests.webapp.commands import Pincite, Server
from tests.webapp.embeddings import embeddings
from webapp.service.command_table import COMMANDS

pytestmark = pytest.mark.alone

SECRET = "s" * 32
SIZES = (200_000, 3_000_000)
HUNG_UP = (httpx2.WriteError, httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.InvalidURL)  # or no client sends it
SLOW_SECONDS = 2.0  # nobody waits so long; 0.05 s where the machine is at rest


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with embeddings() as url:
        settings = {"PINCITE_EMBEDDINGS_URL": url, "PINCITE_ACCESS": "behind-proxy", "PINCITE_PROXY_SECRET": SECRET}
        with Pincite(tmp_path_factory.mktemp("data"), settings).serving() as server:
            server.wait_until_ready()
            yield server


@pytest.fixture
def waited(server: Server) -> Iterator[list[float]]:
    """What somebody else waits for the page and for health, each time."""
    over, waits = threading.Event(), list[float]()

    def watch() -> None:
        with browser(server, "ben") as ben:
            while not over.wait(0.05):
                for path in ("/config", "/readyz"):
                    waits.append(ben.get(path).elapsed.total_seconds())

    watching = threading.Thread(target=watch)
    watching.start()
    yield waits
    over.set()
    watching.join()
    longest = max(waits, default=0)
    assert longest < SLOW_SECONDS or longest < allowed(SLOW_SECONDS)


def test_behind_a_proxy_the_address_has_no_token_and_metrics_are_for_nobody(server: Server) -> None:
    assert "token" not in server.address
    assert server.ask("GET", "/metrics").status_code == 404


def browser(server: Server, name: str) -> httpx2.Client:
    sent = {"X-Forwarded-User": name, "X-Pincite-Proxy-Secret": SECRET, "Sec-Fetch-Site": "same-origin"}
    return httpx2.Client(base_url=server.url, headers=sent, trust_env=False, timeout=30)


@pytest.mark.parametrize("size", SIZES)
def test_every_event_of_the_page(server: Server, waited: list[float], size: int) -> None:
    assert {"scope", "new-matter", "cite"} <= set(ACTS)
    assert {"value", "question", "documents", "turn"} <= set(FIELDS)
    with browser(server, "mallory") as client:
        page, session, words, tried = Events(client), os.urandom(6).hex(), "x y " * (size // 4), 0
        page.said(page.load, {"data": [None]}, session)
        for event in page.all:
            kinds = page.kinds(event)
            for n in (n for n, kind in enumerate(kinds) if kind == "textbox"):
                data = [words if n == at else None for at in range(len(kinds))]
                told = page.said(event, {"data": data}, session)
                assert "8,000" in told or "2 MiB is the limit" in told
                tried += 1
        for event, act in itertools.product(page.spoken(), ACTS):
            told = page.act(
                event, {"do": act, **dict.fromkeys(FIELDS, words[: min(size, 1_000_000) // len(FIELDS)])}, session
            )
            assert "Something went wrong" not in told
            assert "Traceback" not in told
            tried += 1
        assert tried > 150
        assert words[:20] not in page.said(page.load, {"data": [None]}, os.urandom(6).hex()), "nothing of it was kept"


@pytest.mark.parametrize("size", SIZES)
def test_every_route_of_the_commands(server: Server, waited: list[float], size: int) -> None:
    routes = {
        f"/cli/{name}": [field.name for field in fields(kind) if field.name != "path"]
        for name, kind in COMMANDS.items()
    }
    assert {"/cli/ask", "/cli/search", "/cli/create_matter", "/cli/accept"} <= set(routes)
    words = "x y " * (size // 4)
    for path, names in routes.items():
        for field in names:
            if path == "/cli/accept":
                given = {"matter": "Sample", "name": "n.pdf"} | {field: words[:50_000]}
                answer = server.ask("POST", path, params=given, content=make_pdf(["x"]))
            else:
                usual: dict[str, Any] = {
                    "matter": "Sample",
                    "question": "q",
                    "phrase": "p",
                    "document": "s",
                    "name": "n",
                }
                given = {name: usual.get(name, []) for name in names} | {
                    field: [words] if field == "document_ids" else words
                }
                answer = server.ask("POST", path, json=given)
            assert answer.status_code in (200, 413, 422, 431), path
            if answer.status_code == 200:
                assert '"kind": "error"' in answer.text or '"kind":"error"' in answer.text, (
                    path,
                    field,
                    answer.text[:200],
                )
                assert "Something went wrong" not in answer.text


@pytest.mark.parametrize("size", SIZES)
def test_addresses_and_names_of_uploads(server: Server, waited: list[float], size: int) -> None:
    with browser(server, "mallory") as client:
        for name in ("n" * 256, "n" * 4_000):
            refused = client.post("/gradio_api/upload", files={"files": (f"{name}.pdf", make_pdf(["x"]))})
            assert (refused.status_code, "255" in refused.text) == (400, True)
        head = (
            f'--x\r\nContent-Disposition: form-data; name="files"; filename="{"n" * size}.pdf"\r\n\r\n%PDF\r\n--x--\r\n'
        )
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        assert client.post("/gradio_api/upload", content=head, headers=kind).status_code == 400
        with within(10, time.monotonic):
            for path in (f"/{'a' * size}", f"/matters/{'m' * size}/documents/d.pdf", f"/?matter={'m' * size}"):
                with contextlib.suppress(*HUNG_UP):
                    assert client.get(path).status_code in (400, 414, 431)
