"""The table of acts: page, guard and script have the same, and what is in no row is refused."""

import json
import re
from pathlib import Path

import pytest

import webapp.page
from webapp.core.errors import EventMalformed, UnknownAct
from webapp.page.acts import ACTS, acts_at, find_act, read_act, script_acts
from webapp.page.events import Events
from webapp.page.layout import STATIC

HTML = "\n".join(path.read_text("utf-8") for path in (Path(webapp.page.__path__[0]) / "html").glob("*.py"))
SCRIPTS = "\n".join(path.read_text("utf-8") for path in STATIC.glob("*.js"))
NAMED = re.compile(r"(?:data-(?:do|change)=\"?|\bdo: '|dataset\.do === ')([\w-]+)")


def named(text: str) -> set[str]:
    return set(NAMED.findall(text))


def test_every_act_that_an_element_names_has_a_row_and_every_row_an_element() -> None:
    assert named(HTML) | named(SCRIPTS) == set(ACTS)


def test_every_act_that_the_script_names_has_a_row() -> None:
    assert named(SCRIPTS)
    assert named(SCRIPTS) <= set(ACTS)


def test_the_script_has_the_table() -> None:
    told = json.loads(script_acts())
    assert set(told) == set(ACTS)
    assert told["cite"] == {"event": "click", "focus": "evidence", "area": "evidence"}
    assert told["summary"] == {"event": "submit", "focus": "question", "area": "chat"}
    assert "</script" not in script_acts()


def test_an_act_is_read_with_what_it_needs_and_nothing_else() -> None:
    def read(**said: str) -> list[object]:
        return read_act({**said, "do": said.pop("act")})[1]

    assert read(act="rate", turn="t", rating="-1", zoom="x") == ["t", -1]
    assert read(act="cite", turn="t", item="2", zoom="1.5") == ["t", 2]
    assert read(act="cite", turn="t") == ["t", 0]
    assert read(act="read-document", document="d", spans="4-9") == ["d", None, 1, ((4, 9),), None, "", "", 0]
    assert read(act="scope", documents="a b") == [["a", "b"], "", 0]
    assert read(act="scope", documents="all", how="add", reply="3") == [None, "add", 3]
    assert read(act="scope", documents="") == [[], "", 0]
    assert read(act="meant", question="q", documents="a b") == ["q", ["a", "b"]]
    assert read(act="new", turn="t") == []


@pytest.mark.parametrize("name", ["", "unknown", "Rate", "rate "])
def test_an_act_without_a_row_is_an_error(name: str) -> None:
    with pytest.raises(UnknownAct, match=r"^This page has no action of that name\.$"):
        find_act(name)
    with pytest.raises(UnknownAct):
        read_act({"do": name})


@pytest.mark.parametrize("said", [{"turn": {"path": "x"}}, {"turn": 7}, {"rating": ["1"]}])
def test_a_field_that_is_no_text_is_an_error(said: dict[str, object]) -> None:
    with pytest.raises(EventMalformed):
        read_act({"do": "rate", "turn": "t", "rating": "1"} | said)


def test_acts_are_of_their_part_of_the_page_and_event() -> None:
    assert acts_at("conversations", "click") == {"open", "new", "share", "delete", "rename", "search", "lists"}
    assert acts_at("past", "submit") == {"again", "alone", "read-on", "find"}
    assert acts_at("brand", "click") == set()


CONFIG = {
    "components": [
        {"id": 1, "type": "html", "props": {"elem_id": "part-past"}},
        {"id": 2, "type": "state", "props": {}},
        {"id": 3, "type": "html", "props": {"elem_id": "part-brand"}},
    ],
    "dependencies": [
        {"id": 0, "inputs": [2], "targets": [[1, "click"]], "backend_fn": True},
        {"id": 1, "inputs": [2], "targets": [[1, "submit"]], "backend_fn": True},
        {"id": 2, "inputs": [2], "targets": [[3, "click"]], "backend_fn": True},
        {"id": 3, "inputs": [2], "targets": [[2, "change"]], "backend_fn": True},
    ],
}


def cleaned(number: int, said: object) -> object:
    body = {"data": [None], "fn_index": number, "session_hash": "s", "event_data": said}

    def theirs(_path: str) -> object:
        raise AssertionError("no event here takes files")

    return json.loads(Events(CONFIG).cleaned(body, theirs))["event_data"]  # type: ignore[arg-type]


def test_of_what_an_element_says_only_its_act_and_that_acts_fields_go_on() -> None:
    said = {"do": "rate", "turn": "t", "rating": "1", "key": "next", "confirm": "Sure?", "path": "/etc/passwd"}
    assert cleaned(0, said) == {"do": "rate", "turn": "t", "rating": "1"}
    assert cleaned(3, said) is None, "a state says nothing of itself"


@pytest.mark.parametrize(
    ("number", "act"), [(0, "again"), (1, "rate"), (0, "new"), (2, "rate"), (0, "unknown"), (1, ""), (2, "")]
)
def test_an_act_that_does_not_stand_there_is_refused_at_the_door(number: int, act: str) -> None:
    with pytest.raises(UnknownAct):
        cleaned(number, {"do": act, "turn": "t", "rating": "1"})


@pytest.mark.parametrize("said", [None, [], "rate", {"turn": "t"}, {"do": ["rate"]}, {"do": {"path": "x"}}])
def test_what_names_no_act_is_refused_at_the_door(said: object) -> None:
    with pytest.raises(EventMalformed):
        cleaned(0, said)


@pytest.mark.parametrize("value", [{"path": "/etc/passwd"}, ["t"], 1, None, True, "x" * 1_400_001])
def test_a_field_that_is_no_text_or_too_long_is_refused_at_the_door(value: object) -> None:
    with pytest.raises(EventMalformed):
        cleaned(0, {"do": "rate", "turn": value, "rating": "1"})
