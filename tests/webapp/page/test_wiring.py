"""The wiring of the page: which event calls which handler, and what of an update each component gets."""

import asyncio
import gc
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from gradio.server_messages import ProcessCompletedMessage
from markupsafe import Markup

from retrieval import NoSuchMatter
from tests.webapp.page.pages import elements
from webapp.core.errors import NotAllowed
from webapp.page.acts import ACTS, acts_at
from webapp.page.html.dialogs import About
from webapp.page.layout import Components, lay_out
from webapp.page.state import PageState, Tab
from webapp.page.updates import Updates, failure_updates, health_updates
from webapp.page.wiring import UNCHANGED, Wiring

# Building a page leaves event loops of gradio's own behind: they are collected while that is no fault.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True, scope="module")
def collected() -> Iterator[None]:
    yield
    gc.collect()


class Recorded:
    """In the place of the handlers: notes which was called and with what."""

    def __init__(self) -> None:
        self.called: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        async def handler(*given: Any) -> Any:
            self.called.append((name, given))
            return {"announcement": f"{name} was called"}

        return handler


class Wired:
    """A page whose handlers are recorded, and its events as gradio has them."""

    def __init__(self) -> None:
        self.recorded = Recorded()
        self.page, self.components = lay_out(Markup("<p>A demo</p>"), About("1.0"))
        with self.page:
            self.wiring = Wiring(self.components, self.recorded)  # type: ignore[arg-type]
            self.wiring.connect(self.page)
        self.config = self.page.get_config_file()
        ids = {row["id"]: row["props"].get("elem_id") for row in self.config["components"]}
        self.rows = [
            ((ids.get(id_) or id_, event), row) for row in self.config["dependencies"] for id_, event in row["targets"]
        ]
        self.events = {key: row for key, row in self.rows if row["backend_fn"]}

    def call(self, component: object, event: str, *given: object) -> Any:
        """Call what gradio calls for an event."""
        handler: Any = self.page.fns[self.events[component, event]["id"]].fn
        return handler(*given)

    def names(self, rows: list[int]) -> set[str]:
        """The components of these ids, by the names of their parts."""
        named = {component._id: name for name, component in self.components.parts.items()}
        others = {getattr(self.components, name)._id: name for name in ("send", "find", "stop")}
        return {(named | others)[id_] for id_ in rows}


@pytest.fixture(scope="module")
def wired() -> Wired:
    return Wired()


TAB, REQUEST = Tab(), SimpleNamespace()


@pytest.mark.parametrize(
    ("component", "event", "handler"),
    [
        ("send", "click", "ask"),
        ("question", "submit", "ask"),
        ("find", "click", "find"),
    ],
)
def test_what_is_typed_is_asked_or_looked_for(wired: Wired, component: str, event: str, handler: str) -> None:
    row = wired.events[component, event]
    assert row["inputs"] == [wired.components.tab._id, wired.components.parts["question"]._id]
    values = asyncio.run(wired.call(component, event, TAB, "What is the rent?", REQUEST))
    assert wired.recorded.called[-1] == (handler, (TAB, "What is the rent?", REQUEST))
    told = dict(zip(wired.events[component, event]["outputs"], values, strict=True))
    announced = wired.components.parts["announcement"]._id
    assert f"{handler} was called" in told.pop(announced)
    assert set(map(id, told.values())) == {id(UNCHANGED)}


def test_loading_stopping_and_looking(wired: Wired) -> None:
    for component, event, handler in (
        (wired.page._id, "load", "load"),
        ("stop", "click", "stop"),
        ("look", "click", "look"),
        (wired.components.timer._id, "tick", "look"),
    ):
        assert wired.events[component, event]["inputs"] == [wired.components.tab._id]
        asyncio.run(wired.call(component, event, TAB, REQUEST))
        assert wired.recorded.called[-1] == (handler, (TAB, REQUEST))


def test_every_part_takes_the_acts_of_the_table_and_no_other(wired: Wired) -> None:
    wanted = {(f"part-{part}", act.event) for act in ACTS.values() for part in act.parts}
    html = {(name, event) for name, event in wired.events if str(name).startswith("part-")}
    assert html == wanted
    for name, event in html:
        data = {"do": next(iter(acts_at(name.removeprefix("part-"), event)))}
        asyncio.run(wired.call(name, event, TAB, gr.EventData(None, data), REQUEST))
        assert wired.recorded.called[-1] == ("act", (TAB, data, REQUEST))
    asyncio.run(wired.call("part-past", "click", TAB, gr.EventData(None, "no object"), REQUEST))
    assert wired.recorded.called[-1] == ("act", (TAB, {}, REQUEST))


def test_a_click_counts_each_time_and_what_begins_an_answer_once(wired: Wired) -> None:
    modes = {(name, event): row["trigger_mode"] for (name, event), row in wired.events.items()}
    parts = {key for key in modes if str(key[0]).startswith("part-")}
    assert {modes[key] for key in parts if key[1] == "click"} == {"multiple"}
    assert {modes[key] for key in parts if key[1] == "submit"} == {"once"}
    assert modes["send", "click"] == modes["question", "submit"] == "once"


def test_an_upload_is_named_as_it_is_known_and_the_box_is_empty_again(wired: Wired) -> None:
    files = [{"path": "/data/arriving/0123abcd/lease.pdf", "orig_name": "other.pdf"}]
    asyncio.run(wired.call("upload", "upload", TAB, files, REQUEST))
    assert wired.recorded.called[-1] == ("upload", (TAB, ["0123abcd/lease.pdf"], REQUEST))
    asyncio.run(wired.call("upload", "upload", TAB, None, REQUEST))
    assert wired.recorded.called[-1] == ("upload", (TAB, [], REQUEST))
    taken = wired.events["upload", "upload"]
    [emptied] = [row for row in wired.config["dependencies"] if row["trigger_after"] == taken["id"]]
    assert emptied["outputs"] == [wired.components.upload._id]
    assert wired.page.fns[emptied["id"]].fn() is None  # type: ignore[misc]


def test_every_event_may_change_every_part(wired: Wired) -> None:
    everything = set(wired.components.parts) | {"send", "stop"}
    for key, row in wired.events.items():
        if row["trigger_after"] is None:
            assert wired.names(row["outputs"]) == everything, key


def test_nothing_is_an_endpoint_of_the_api(wired: Wired) -> None:
    assert {row["api_visibility"] for row in wired.config["dependencies"]} == {"private"}


def test_updates_become_the_values_of_their_components(wired: Wired) -> None:
    components: Components = wired.components
    parts = components.parts
    updates: Updates = {
        "state": PageState(matter_id="m1", conversation_id="c1", scope=("d",)),
        "past": Markup("<p>past</p>"),
        "notice": Markup(""),
        "question": "<b>as it is</b>",
        "announcement": "<Done>",
        "busy": True,
    }
    values = wired.wiring.values(updates)
    assert values[parts["past"]] == "<p>past</p>"
    assert type(values[parts["past"]]) is str
    assert values[parts["question"]] == "<b>as it is</b>"
    assert "&lt;Done&gt;" in values[parts["announcement"]]
    assert values[parts["notice"]] == ""
    address, _ = elements(values[parts["address"]])
    assert (address.attributes["data-matter"], address.attributes["data-conversation"]) == ("m1", "c1")
    assert (values[components.send]["visible"], values[components.stop]["visible"]) == (False, True)
    values = wired.wiring.values({"busy": False})
    assert values == {components.send: gr.update(visible=True), components.stop: gr.update(visible=False)}


def test_the_notice_of_a_demo_stands_above_everything_that_can_be_added(wired: Wired) -> None:
    order = [row["props"].get("elem_id") for row in wired.config["components"]]
    brand = wired.components.parts["brand"]
    assert "A demo" in brand.value
    assert order.index("part-brand") < order.index("upload")


def test_each_page_has_a_state_of_its_own() -> None:
    import copy

    first = Tab()
    first.state = PageState(matter_id="m1")
    second = copy.deepcopy(first)
    assert second.state == PageState()
    assert second.lock is not first.lock


# What is shown


@pytest.mark.parametrize(
    ("states", "kind", "words"),
    [
        ({"stores": "ready", "embedder": "ready", "engine": "ready"}, "ready", "Ready"),
        ({"stores": "loading"}, "loading", "Opening the database"),
        ({"stores": "away", "embedder": "away", "engine": "away"}, "away", "The database"),
        ({"stores": "ready", "embedder": "loading", "engine": "away"}, "loading", "Search"),
        ({"stores": "ready", "embedder": "away", "engine": "ready"}, "away", "Search"),
        ({"stores": "ready", "embedder": "ready", "engine": "loading"}, "loading", "The language model"),
        ({"stores": "ready", "embedder": "ready", "engine": "away"}, "away", "The language model"),
        ({"stores": "ready", "embedder": "ready", "engine": "none"}, "none", "Ready"),
    ],
)
def test_how_things_stand_is_shown_worst_first(states: dict[str, str], kind: str, words: str) -> None:
    [shown] = [each for each in elements(health_updates(states)["health"]) if each.tag == "p"]
    assert shown.attributes["data-state"] == kind
    assert words in shown.text


def test_an_error_is_a_notice_and_only_who_is_not_let_in_is_told_nothing_of_the_server() -> None:
    error = NoSuchMatter(matter="Acme")
    updates = failure_updates(error)
    assert str(error) in updates["notice"].unescape()
    assert error.page_hint in updates["notice"].unescape()
    assert updates["announcement"] == str(error)
    assert updates["busy"] is False
    assert "health" not in updates
    assert failure_updates(NotAllowed())["health"] == ""


def test_an_act_that_changes_nothing_of_the_page_is_told_as_that(wired: Wired) -> None:
    assert wired.wiring.outputs({}) == [UNCHANGED] * len(wired.events["send", "click"]["outputs"])
    sent = ProcessCompletedMessage(output={"data": [UNCHANGED]}, success=True).model_dump()
    assert sent["output"] == {"data": [{"__type__": "update"}]} == {"data": [gr.skip()]}
