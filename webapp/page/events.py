"""What of an event goes on to gradio: a new body, made of what each of the event's inputs may hold and of nothing else.

Gradio acts on whatever in an event looks like a file to it, in any input: it reads, copies, fetches or deletes what the
client names. So no body of a client reaches it. Each input has a rule by its kind, taken from the page's own config; an
input that can hold a file has one only where FILE_EVENTS names its event, and what has no rule is refused. What an
element says of itself is an act of its part of the page, and the fields that the table of acts gives that; all else is
left out.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.core.errors import EventMalformed
from webapp.core.limits import check_question_length
from webapp.page.acts import acts_at, find_act, part_of
from webapp.page.uploads import Upload

# Component and event of the page that take files in. A new one is refused until it stands here, and fails a test.
FILE_EVENTS = frozenset({("upload", "upload")})
SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")  # gradio makes 10 or 11 letters and digits
_MOST_FIELD = 1_400_000  # characters of what an element says of itself; the ids of 20,000 documents are 1,300,000

Theirs = Callable[[str], Upload]
"""The user's upload at a path; raises NotUploaded."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the page: the kind of each input, whether it takes files, and the acts that its element may name.

    `acts` is None where the element says nothing of itself.
    """

    inputs: tuple[str, ...]
    takes_files: bool
    acts: frozenset[str] | None


class Events:
    """The events of a page, by the number under which gradio calls them."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """`config`: what gradio gives a browser as `/config`."""
        kinds = {row["id"]: row["type"] for row in config["components"]}
        names = {row["id"]: row["props"].get("elem_id") for row in config["components"]}
        self._events = {
            row["id"]: Event(
                inputs=tuple(kinds[id_] for id_ in row["inputs"]),
                takes_files=any((names.get(id_), event) in FILE_EVENTS for id_, event in row["targets"]),
                acts=_acts([(names[id_] or "", event) for id_, event in row["targets"] if kinds.get(id_) == "html"]),
            )
            for row in config["dependencies"]
            if row["backend_fn"]
        }

    def rule(self, number: int, position: int) -> "Rule | None":
        """What an input of an event may hold; None where there is no rule, so that it is refused."""
        event = self._events[number]
        kind = event.inputs[position]
        if kind == "file" and not event.takes_files:
            return None
        return _RULES.get(kind)

    def without_rule(self) -> list[tuple[int, int]]:
        """Event and position of each input that nothing may be sent to; none in a page that works."""
        inputs = ((number, position) for number, event in self._events.items() for position in range(len(event.inputs)))
        return [(number, position) for number, position in inputs if self.rule(number, position) is None]

    def cleaned(self, told: Mapping[str, Any], theirs: Theirs) -> bytes:
        """The event as gradio gets it.

        Raises EventMalformed, and NotUploaded for a file that is not the user's upload.
        """
        number = told.get("fn_index")
        if not isinstance(number, int) or isinstance(number, bool) or number not in self._events:
            raise EventMalformed()
        event, data = self._events[number], told.get("data")
        if not isinstance(data, list) or len(data) != len(event.inputs):
            raise EventMalformed()
        values = []
        for position, value in enumerate(data):
            rule = self.rule(number, position)
            if rule is None:
                raise EventMalformed()
            values.append(rule(value, theirs))
        trigger = told.get("trigger_id")
        kept = {
            "data": values,
            "fn_index": number,
            "session_hash": session_of(told),
            "trigger_id": trigger if isinstance(trigger, int) else None,
            "event_data": None if event.acts is None else _act(told.get("event_data"), event.acts),
        }
        return json.dumps(kept).encode()


Rule = Callable[[Any, Theirs], Any]


def parsed(body: bytes) -> dict[str, Any]:
    """An event's body as an object. Raises EventMalformed."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise EventMalformed() from error
    if not isinstance(told, dict):
        raise EventMalformed()
    return told


def session_of(told: Mapping[str, Any]) -> str:
    """The session that an event names. Raises EventMalformed where it names none."""
    session = told.get("session_hash")
    if not isinstance(session, str) or not SESSION.fullmatch(session):
        raise EventMalformed()
    return session


def _nothing(value: Any, _theirs: Theirs) -> None:
    """The state of a page is the server's: a browser has none to send."""
    if value is not None:
        raise EventMalformed()


def _text(value: Any, _theirs: Theirs) -> str:
    if value is not None and not isinstance(value, str):
        raise EventMalformed()
    if value:
        check_question_length(value)  # before it waits in a line and is kept there
    return value or ""


def _files(value: Any, theirs: Theirs) -> list[dict[str, Any]] | None:
    """The user's own uploads, told anew: of what the browser says of a file only its path is looked at."""
    if value is None:
        return None
    rows = value if isinstance(value, list) else [value]
    files = []
    for row in rows:
        path = row.get("path") if isinstance(row, dict) else None
        if not isinstance(path, str):
            raise EventMalformed()
        upload = theirs(path)
        told = {"path": str(upload.path), "orig_name": upload.name, "size": upload.size}
        files.append(told | {"meta": {"_type": "gradio.FileData"}})
    return files


_RULES: Mapping[str, Rule] = {"state": _nothing, "textbox": _text, "file": _files}


def _acts(targets: Sequence[tuple[str, str]]) -> frozenset[str] | None:
    """The acts of these parts of the page and their events; None where there is no such part."""
    return frozenset().union(*(acts_at(part_of(id_), event) for id_, event in targets)) if targets else None


def _act(data: Any, acts: Collection[str]) -> dict[str, str]:
    """The act that an element names and what that needs; of all else that it says nothing goes on.

    Raises UnknownAct where there is no such act, or not in this part of the page.
    """
    if not isinstance(data, dict) or not isinstance(name := data.get("do"), str):
        raise EventMalformed()
    act = find_act(name, acts)
    kept = {field: data[field] for field in ("do", *act.fields) if field in data}
    for value in kept.values():
        if not isinstance(value, str) or len(value) > _MOST_FIELD:
            raise EventMalformed()
    return kept
