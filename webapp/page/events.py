"""Validates events before they reach gradio: builds a new body from an allow-list of inputs and fields.

Gradio acts on whatever in an event looks like a file to it, in any input: it reads, copies, fetches or deletes what the
client names. So no body of a client reaches it. Each input has a rule by its kind, taken from the page's own config; an
input that can hold a file has one only where FILE_EVENTS names its event, and an input without a rule is refused. Of an
element's data only its act, which must belong to its part of the page, and the fields of that act are forwarded.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.core.errors import EventMalformed
from webapp.core.limits import check_question_length, without_codes
from webapp.page.acts import acts_at, find_act, part_of
from webapp.page.uploads import Upload

# Components and events of the page that accept files. A new one is refused until it is listed here, and fails a test.
FILE_EVENTS = frozenset({("upload", "upload")})
SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")  # gradio uses 10 or 11 letters and digits
_MOST_FIELD = 1_400_000  # characters in a field of an element; the ids of 20,000 documents are 1,300,000

FindUpload = Callable[[str], Upload]
"""Finds the user's upload by its path; raises NotUploaded."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the page: the kind of each input, whether it accepts files, and the acts that its element may name.

    `acts` is None if its element sends no data.
    """

    inputs: tuple[str, ...]
    takes_files: bool
    acts: frozenset[str] | None


class Events:
    """Allow-list of the events of a page, by gradio's number of each."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """`config` is gradio's `/config`."""
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
        """Rule for an input of an event; None if there is none, so that the event is refused."""
        event = self._events[number]
        kind = event.inputs[position]
        if kind == "file" and not event.takes_files:
            return None
        return _RULES.get(kind)

    def cleaned(self, body: Mapping[str, Any], find_upload: FindUpload) -> bytes:
        """Build the event for gradio.

        Raises EventMalformed, and NotUploaded for a file that is not the user's upload.
        """
        number = body.get("fn_index")
        if not isinstance(number, int) or isinstance(number, bool) or number not in self._events:
            raise EventMalformed()
        event, data = self._events[number], body.get("data")
        if not isinstance(data, list) or len(data) != len(event.inputs):
            raise EventMalformed()
        values = []
        for position, value in enumerate(data):
            rule = self.rule(number, position)
            if rule is None:
                raise EventMalformed()
            values.append(rule(value, find_upload))
        trigger = body.get("trigger_id")
        clean_body = {
            "data": values,
            "fn_index": number,
            "session_hash": session_of(body),
            "trigger_id": trigger if isinstance(trigger, int) else None,
            "event_data": None if event.acts is None else _act(body.get("event_data"), event.acts),
        }
        return json.dumps(clean_body).encode()


Rule = Callable[[Any, FindUpload], Any]


def parsed(body: bytes) -> dict[str, Any]:
    """Parse an event's body. Raises EventMalformed."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise EventMalformed() from error
    if not isinstance(value, dict):
        raise EventMalformed()
    return value


def session_of(body: Mapping[str, Any]) -> str:
    """Session id of an event. Raises EventMalformed if it has none."""
    session = body.get("session_hash")
    if not isinstance(session, str) or not SESSION.fullmatch(session):
        raise EventMalformed()
    return session


def _nothing(value: Any, _find_upload: FindUpload) -> None:
    """Accept no value: the state of a page is kept on the server, and a browser sends none."""
    if value is not None:
        raise EventMalformed()


def _text(value: Any, _find_upload: FindUpload) -> str:
    if value is not None and not isinstance(value, str):
        raise EventMalformed()
    if value:
        check_question_length(value)  # before it is held in gradio's queue
    return without_codes(value or "")


def _files(value: Any, find_upload: FindUpload) -> list[dict[str, Any]] | None:
    """Describe the user's own uploads anew: of the browser's description of a file only its path is used."""
    if value is None:
        return None
    rows = value if isinstance(value, list) else [value]
    files = []
    for row in rows:
        path = row.get("path") if isinstance(row, dict) else None
        if not isinstance(path, str):
            raise EventMalformed()
        upload = find_upload(path)
        description = {"path": str(upload.path), "orig_name": upload.name, "size": upload.size}
        files.append(description | {"meta": {"_type": "gradio.FileData"}})
    return files


_RULES: Mapping[str, Rule] = {"state": _nothing, "textbox": _text, "file": _files}


def _acts(targets: Sequence[tuple[str, str]]) -> frozenset[str] | None:
    """Acts of these parts of the page and events; None if there is no such part."""
    return frozenset().union(*(acts_at(part_of(id_), event) for id_, event in targets)) if targets else None


def _act(data: Any, acts: Collection[str]) -> dict[str, str]:
    """Keep the act that an element names and the fields of that act; drop all else.

    Raises UnknownAct if there is no such act in this part of the page.
    """
    if not isinstance(data, dict) or not isinstance(name := data.get("do"), str):
        raise EventMalformed()
    act = find_act(name, acts)
    fields = {field: data[field] for field in ("do", *act.fields) if field in data}
    for value in fields.values():
        if not isinstance(value, str) or len(value) > _MOST_FIELD:
            raise EventMalformed()
    return fields
