"""Acts: the table of what an element of the page's HTML can do, which the page, its guard and its script share.

An element names its act as `data-do` and says what the act needs as further `data-` attributes. The row of an act says
what the controller does, which of the element's words it needs, and in which parts of the page such elements stand.
What has no row is refused: an element or a form of that name does nothing, and is told so.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from webapp.core.errors import EventMalformed, UnknownAct
from webapp.core.limits import parse_decimal, parse_integer
from webapp.core.log import log
from webapp.page.controller import Controller
from webapp.page.state import PageState
from webapp.page.updates import Updates

Event = Literal["click", "submit"]  # of gradio: a submit that comes twice at a time is taken once, a click twice
ALL = "all"  # in the place of the ids of documents


@dataclass(frozen=True, slots=True)
class Act:
    """One row: `handler` is called with a controller, the page's state, and the values of `fields`,
    each by its parser.
    """

    handler: Callable[..., Updates | Awaitable[Updates]]
    parts: tuple[str, ...]
    fields: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    event: Event = "click"
    focus: Literal["", "question", "evidence"] = ""  # where the keyboard goes on
    area: Literal["", "chat", "evidence"] = ""  # what a narrow window shows then

    async def run(self, controller: Controller, state: PageState, values: list[Any]) -> Updates:
        """Do it. Raises what the controller raises."""
        done = await asyncio.to_thread(self.handler, controller, state, *values)
        return await done if isinstance(done, Awaitable) else done


def _scope(ids: str) -> list[str] | None:
    return None if ids == ALL else ids.split()


def _zoom(said: str) -> float:
    return parse_decimal(said or "1")


ACTS: Mapping[str, Act] = MappingProxyType(
    {
        "matter": Act(Controller.open_matter, ("matters",), {"value": str}),
        "new-matter": Act(Controller.create_matter, ("matters",), {"value": str}, "submit"),
        "delete-matter": Act(Controller.delete_matter, ("matters",), {"matter": str}),
        "open": Act(Controller.open_conversation, ("conversations",), {"conversation": str}),
        "new": Act(Controller.new_conversation, ("conversations",), focus="question"),
        "delete": Act(Controller.delete_conversation, ("conversations",), {"conversation": str}),
        "remove": Act(Controller.remove_document, ("documents",), {"document": str}),
        "summary": Act(
            Controller.summarise, ("documents",), {"document": str}, "submit", focus="question", area="chat"
        ),
        "scope": Act(Controller.choose_documents, ("scope",), {"documents": _scope}),
        "all": Act(Controller.choose_documents, ("scope",)),
        "only": Act(Controller.choose_documents, ("past",), {"document": str.split}),
        "example": Act(Controller.ask, ("empty",), {"question": str}, "submit", focus="question"),
        "meant": Act(Controller.ask, ("now",), {"question": str, "documents": str.split}, "submit", focus="question"),
        "again": Act(Controller.ask_again, ("past",), {"turn": str}, "submit", focus="question"),
        "edit": Act(Controller.edit_question, ("past",), {"turn": str}, focus="question"),
        "rate": Act(Controller.rate, ("past",), {"turn": str, "rating": parse_integer}),
        "cite": Act(
            Controller.show_evidence,
            ("past", "evidence"),
            {"turn": str, "item": parse_integer, "zoom": _zoom},
            focus="evidence",
            area="evidence",
        ),
    }
)


def acts_at(part: str, event: str) -> frozenset[str]:
    """The acts of the elements in a part of the page that come as this event."""
    return frozenset(name for name, act in ACTS.items() if part in act.parts and act.event == event)


def element_id(part: str) -> str:
    """The id of the element that holds a part of the page."""
    return f"part-{part}"


def part_of(element_id: str) -> str:
    """The part of the page that an element holds."""
    return element_id.removeprefix("part-")


def find_act(name: str, among: Collection[str] = frozenset(ACTS)) -> Act:
    """The row of an act that is one of `among`. Raises UnknownAct."""
    if name not in among:
        log.warning("unknown act")  # not which: a name that a client makes up may say anything
        raise UnknownAct()
    return ACTS[name]


def read_act(data: Mapping[str, Any]) -> tuple[Act, list[Any]]:
    """The act that an element names, and the values it needs; a field that is missing is "".

    Raises UnknownAct, and EventMalformed for a value that is none.
    """
    act = find_act(_text(data, "do"))
    return act, [parse(_text(data, name)) for name, parse in act.fields.items()]


def _text(data: Mapping[str, Any], name: str) -> str:
    said = data.get(name) or ""
    if not isinstance(said, str):
        raise EventMalformed()
    return said


def script_acts() -> str:
    """The table as the page's script has it: a JSON object with event, focus and area of each act."""
    rows = {name: {"event": act.event, "focus": act.focus, "area": act.area} for name, act in ACTS.items()}
    return json.dumps(rows)
