"""Table of the acts (actions) of elements in the page's HTML, shared by the page, its guard and its script.

An element names its act as `data-do`, and the values that it needs as further `data-` attributes. The row of an act
holds its handler in the controller, the fields it needs, and the parts of the page that contain such elements. An act
without a row is refused with an error.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import parse_qsl

from webapp.core.errors import EventMalformed, UnknownAct
from webapp.core.limits import parse_integer, parse_ranges
from webapp.core.log import log
from webapp.page.addresses import state_of
from webapp.page.controller import Controller
from webapp.page.reader import Reader
from webapp.page.state import PageState, Place
from webapp.page.updates import Updates

Event = Literal["click", "submit"]  # of gradio: of two concurrent submits one is dropped, of two clicks none
MOST_ADDRESS = 4_000  # characters of the address of a page
ALL = "all"  # instead of the ids of documents


@dataclass(frozen=True, slots=True)
class Act:
    """One row: `handler` is called with a controller, the page's state, and the parsed values of `fields`."""

    handler: Callable[..., Updates | Awaitable[Updates]]
    parts: tuple[str, ...]
    fields: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    event: Event = "click"
    focus: Literal["", "question", "evidence"] = ""  # keyboard focus after the act
    area: Literal["", "chat", "evidence"] = ""  # area that a narrow window shows after the act

    async def run(self, controller: Controller, state: PageState, values: list[Any]) -> Updates:
        """Call the handler. Raises what the controller raises."""
        updates = await asyncio.to_thread(self.handler, controller, state, *values)
        return await updates if isinstance(updates, Awaitable) else updates


def _scope(ids: str) -> list[str] | None:
    return None if ids == ALL else ids.split()


def _optional(text: str) -> int | None:
    return parse_integer(text) if text else None


def _page(text: str) -> int:
    return parse_integer(text) or 1


def _reader(do: Callable[..., Updates | Awaitable[Updates]]) -> Callable[..., Updates | Awaitable[Updates]]:
    """Handler that is a method of the user's `Reader`."""
    return lambda controller, state, *values: do(controller.reader, state, *values)


def _read(controller: Controller, state: PageState, *values: Any) -> Updates:
    return controller.reader.read(state, Place(*values))


def _go(controller: Controller, state: PageState, address: str) -> Updates:
    return controller.go(state, state_of(dict(parse_qsl(address[:MOST_ADDRESS]))))


# In the order of the fields of `Place`.
_PLACE: Mapping[str, Callable[[str], Any]] = {
    "document": str,
    "version": lambda text: parse_integer(text) or None,
    "page": _page,
    "spans": parse_ranges,
    "at": _optional,
    "words": str,
    "turn": str,
    "item": parse_integer,
}
_TEXT = {name: _PLACE[name] for name in ("document", "version")}


ACTS: Mapping[str, Act] = MappingProxyType(
    {
        "matter": Act(Controller.open_matter, ("matters", "palette"), {"value": str}),
        "new-matter": Act(Controller.create_matter, ("matters",), {"value": str}, "submit"),
        "delete-matter": Act(Controller.delete_matter, ("matters",), {"matter": str}),
        "open": Act(Controller.open_conversation, ("conversations", "palette"), {"conversation": str}, area="chat"),
        "new": Act(Controller.new_conversation, ("conversations",), focus="question", area="chat"),
        "share": Act(Controller.share_conversation, ("conversations",), {"conversation": str, "share": str}),
        "delete": Act(Controller.delete_conversation, ("conversations",), {"conversation": str}),
        "models": Act(Controller.show_models, ("models",)),
        "hide-models": Act(Controller.hide_models, ("models",)),
        "use-model": Act(Controller.use_model, ("models",), {"model": str}),
        "test-model": Act(Controller.test_model, ("models",), {"model": str}),
        "fetch-model": Act(Controller.fetch_model, ("models",), {"model": str}),
        "stop-model": Act(Controller.stop_model, ("models",)),
        "rename": Act(Controller.rename_conversation, ("conversations",), {"conversation": str, "value": str}),
        "search": Act(Controller.search_conversations, ("conversations",), {"words": str}),
        "lists": Act(Controller.lists, ("documents", "conversations")),
        "undo": Act(Controller.undo, ("undo",), {"removal": str}),
        "pause": Act(Controller.pause_documents, ("documents",), {"document": str.split}),
        "resume": Act(Controller.resume_documents, ("documents",), {"document": str.split}),
        "retry": Act(Controller.retry_documents, ("documents",), {"document": str.split}),
        "remove": Act(Controller.remove_documents, ("documents",), {"document": str.split}),
        "privilege": Act(Controller.set_privilege, ("documents",), {"document": str.split, "on": str}),
        "summary": Act(
            Controller.summarise, ("documents", "start"), {"document": str}, "submit", focus="question", area="chat"
        ),
        "scope": Act(
            Controller.choose_documents, ("documents",), {"documents": _scope, "how": str, "reply": parse_integer}
        ),
        "only": Act(Controller.choose_documents, ("past",), {"document": str.split}),
        "example": Act(Controller.ask, ("start", "past"), {"question": str}, "submit", focus="question"),
        "find": Act(Controller.find_mentions, ("start", "past"), {"question": str}, "submit", focus="question"),
        "meant": Act(Controller.ask, ("now",), {"question": str, "documents": str.split}, "submit", focus="question"),
        "ready": Act(Controller.ask_the_ready, ("now",), {"question": str}, "submit", focus="question"),
        "finished": Act(Controller.finished, ("now",), {"turn": str}),
        "again": Act(Controller.ask_again, ("past",), {"turn": str}, "submit", focus="question"),
        "read-on": Act(Controller.read_on, ("past",), {"turn": str}, "submit", focus="question"),
        "alone": Act(Controller.ask_alone, ("past",), {"turn": str}, "submit", focus="question"),
        "edit": Act(Controller.edit_question, ("past",), {"turn": str}, focus="question"),
        "keep": Act(Controller.cancel_edit, ("notice",), focus="question"),
        "rate": Act(Controller.rate, ("past",), {"turn": str, "rating": parse_integer}),
        "cite": Act(
            _reader(Reader.cite),
            ("past", "evidence"),
            {"turn": str, "item": parse_integer},
            focus="evidence",
            area="evidence",
        ),
        "beside": Act(
            _reader(Reader.beside),
            ("evidence",),
            {"turn": str, "item": parse_integer, "other": parse_integer},
            focus="evidence",
        ),
        "read-document": Act(
            _read, ("documents", "evidence", "outline", "palette"), _PLACE, focus="evidence", area="evidence"
        ),
        "go-to-page": Act(_reader(Reader.go_to_page), ("evidence",), {**_TEXT, "value": str}),
        "find-in-document": Act(
            _reader(Reader.find), ("evidence",), {**_TEXT, "value": str, "found": _optional, "page": _page}
        ),
        "close-document": Act(_reader(Reader.close), ("evidence",)),
        "note": Act(
            _reader(Reader.add_note),
            ("evidence",),
            {**_TEXT, "spans": parse_ranges, "value": str, "share": str},
            "submit",
        ),
        "edit-note": Act(
            _reader(Reader.edit_note), ("evidence",), {"document": str, "note": str, "value": str}, "submit"
        ),
        "delete-note": Act(_reader(Reader.delete_note), ("evidence",), {"document": str, "note": str}),
        "go": Act(_go, ("address",), {"address": str}),
    }
)


def acts_at(part: str, event: str) -> frozenset[str]:
    """Names of the acts in a part of the page that are sent as this event."""
    return frozenset(name for name, act in ACTS.items() if part in act.parts and act.event == event)


def element_id(part: str) -> str:
    """Id of the element that contains a part of the page."""
    return f"part-{part}"


def part_of(element_id: str) -> str:
    """Part of the page that an element contains."""
    return element_id.removeprefix("part-")


def find_act(name: str, among: Collection[str] = frozenset(ACTS)) -> Act:
    """Look up the row of an act that is one of `among`. Raises UnknownAct."""
    if name not in among:
        log.warning("unknown act")  # without its name: a client may have put anything there
        raise UnknownAct()
    return ACTS[name]


def read_act(data: Mapping[str, Any]) -> tuple[Act, list[Any]]:
    """Parse the data of an element into its act and the act's values; a missing field is "".

    Raises UnknownAct, and EventMalformed for a malformed value.
    """
    act = find_act(_text(data, "do"))
    return act, [parse(_text(data, name)) for name, parse in act.fields.items()]


def asked_for(data: Mapping[str, Any]) -> tuple[str, str]:
    """The ids in the data of an element: of a matter, and of what else it is about; "" where it has none."""
    ids = {name: data[name] for name in ("matter", "value", *_ABOUT) if isinstance(data.get(name), str)}
    matter_id = ids.get("matter") or (ids.get("value", "") if data.get("do") == "matter" else "")
    return matter_id, next((ids[name].split()[0] for name in _ABOUT if ids.get(name, "").split()), "")


_ABOUT = ("note", "document", "turn", "conversation", "removal")


def _text(data: Mapping[str, Any], name: str) -> str:
    text = data.get(name) or ""
    if not isinstance(text, str):
        raise EventMalformed()
    return text


def script_acts() -> str:
    """The table for the page's script: a JSON object with event, focus and area of each act."""
    rows = {name: {"event": act.event, "focus": act.focus, "area": act.area} for name, act in ACTS.items()}
    return json.dumps(rows)
