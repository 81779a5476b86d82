"""Every handler and route that takes an id, with the ids of another: nothing of theirs is seen, changed or deleted.

The events, what their elements may say and the routes are taken from the page's config, its code and the app, so that a
new one is tried as well.
"""

import gc
import hashlib
import itertools
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.test_doors import routes_of
from tests.pdfs import make_pdf
from tests.webapp.acts import ACTS, FIELDS, Events
from tests.webapp.embeddings import embeddings
from tests.webapp.serving import Running, mount_with_health, running
from webapp.core.results import read_turn
from webapp.core.settings import load_settings
from webapp.server import make_app
from webapp.service.startup import Startup
from webapp.store.users import User

SECRET = "s" * 32
CANARY = "zanzibar"  # stands in what is ann's alone

# Building a page leaves event loops of gradio's own behind: they are collected while that is no fault.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True, scope="module")
def collected() -> Iterator[None]:
    yield
    gc.collect()


@dataclass(frozen=True)
class Hers:
    """What belongs to ann."""

    server: Running
    user: User
    ids: dict[str, str]

    def state(self) -> object:
        """All of it, as the stores have it."""
        workspace = self.server.workspace
        conversations = [
            (each, workspace.conversations.turns(self.user, each.id))
            for matter in workspace.access.matters(self.user)
            for each in workspace.conversations.all(self.user, matter)
        ]
        documents = [workspace.library.documents(matter.id) for matter in workspace.access.matters(self.user)]
        return conversations, documents, workspace.access.matters(self.user)


@pytest.fixture(scope="module")
def hers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hers]:
    folder: Path = tmp_path_factory.mktemp("data")
    with embeddings() as url:
        settings = load_settings(data_dir=folder, access="behind-proxy", proxy_secret=SECRET, embeddings_url=url)
        with running(settings, mount_with_health) as server:
            workspace = server.workspace
            ann = named(server, "ann")
            matter = workspace.access.create(ann, f"Matter {CANARY}")
            (folder / "a.pdf").write_bytes(make_pdf([f"1. Fee. The {CANARY} fee is $77,777."]))
            record = workspace.access.accept(ann, matter, folder / "a.pdf", f"{CANARY}.pdf")
            workspace.work_in_background()
            end = time.monotonic() + 60
            while workspace.library.record(matter.id, record.id).state != "ready":
                assert time.monotonic() < end
                time.sleep(0.05)
            conversation = workspace.conversations.start(ann, matter, f"About {CANARY}")
            answer = read_turn({"answer": f"The {CANARY} fee.", "found": True})
            turn = workspace.conversations.add_turn(ann, conversation.id, f"What of {CANARY}?", answer, "complete")
            ids = {"matter": matter.id, "document": record.id, "conversation": conversation.id, "turn": turn.id}
            yield Hers(server, ann, ids)


def visitor(server: Running, name: str) -> Events:
    return Events(server.browser({"X-Forwarded-User": name, "X-Pincite-Proxy-Secret": SECRET}))


def named(server: Running, name: str) -> User:
    """The user of that name, whom the records know from their first request on."""
    page = visitor(server, name)
    page.said(page.load, {"data": [None]}, f"{name}s")
    return User(f"proxy-{hashlib.sha256(name.encode()).hexdigest()[:32]}", name)


def test_no_act_of_the_page_does_anything_with_anothers_ids(hers: Hers) -> None:
    before = hers.state()
    mallory = visitor(hers.server, "mallory")
    mallory.said(mallory.load, {"data": [None]}, "mallorys")
    tellings: list[dict[str, str]] = [dict.fromkeys(FIELDS, id_) for id_ in hers.ids.values()]
    tellings.append({**dict.fromkeys(FIELDS, "1"), **{name: id_ for name, id_ in hers.ids.items() if name in FIELDS}})
    tried = 0
    for event, act, telling in itertools.product(mallory.spoken(), ACTS, tellings):
        said = mallory.act(event, {**telling, "do": act}, "mallorys")
        assert CANARY not in said, (act, telling)
        assert "77,777" not in said
        tried += 1
    assert tried > 800
    assert hers.state() == before


def test_no_address_of_the_page_opens_what_is_anothers(hers: Hers) -> None:
    mallory = visitor(hers.server, "mallory")
    for n, asked in enumerate([{"matter": hers.ids["matter"]}, {"conversation": hers.ids["conversation"]}, hers.ids]):
        mallory.client.params = asked
        said = mallory.said(mallory.load, {"data": [None]}, f"mallory{n}")
        assert CANARY not in said


def test_no_route_shows_what_is_anothers(hers: Hers, tmp_path: Path) -> None:
    app = make_app(Startup(load_settings(data_dir=tmp_path, access="demo")))
    filled = {
        "matter_id": hers.ids["matter"],
        "document_id": hers.ids["document"],
        "number": "1",
        "session_hash": "anns",
    }
    mallory = visitor(hers.server, "mallory").client
    tried = {}
    for route in sorted(set(routes_of(app.routes))):
        method, path = route.split(" ")
        url = re.sub(r"\{(\w+)(:\w+)?\}", lambda name: filled.get(name[1], hers.ids["document"]), path)
        if "{" in path:
            answer: Any = mallory.request(method, url, params={"span": "0-9", "session_hash": "anns"})
            tried[route] = answer.status_code
            assert CANARY.encode() not in answer.content
            assert b"%PDF" not in answer.content
            assert b"\x89PNG" not in answer.content
    assert len(tried) > 20
    assert {route: code for route, code in tried.items() if "/matters/" in route and code != 404} == {}
    assert set(tried.values()) <= {403, 404}
