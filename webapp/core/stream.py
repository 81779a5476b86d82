"""Events a command streams, as NDJSON between the server and the command line: progress, text, notice, error, result.

result    a row of the answer, as `--json` prints it
progress  {"label", "state", "done", "total"}: where long work stands
text      {"text"}: a piece of an answer that is being written
notice    {"error", "hint"}: something the person should know; the work goes on
error     {"error", "hint"}: the work ended here
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from webapp.core.results import NoticeRow, Row

T = TypeVar("T", bound=Row, covariant=True)


class Progress(Row):
    """Where long work stands; a `total` of 0 is not known yet."""

    label: str
    state: str
    done: int = 0
    total: int = 0


class Text(Row):
    """A piece of the draft, as it is written."""

    text: str


class Notice(NoticeRow):
    """Something the person should know; the work goes on."""


class Error(NoticeRow):
    """The work ended here."""


@dataclass(frozen=True, slots=True)
class Result(Generic[T]):
    """A row of the answer."""

    row: T


Event = Progress | Text | Notice | Error | Result[T]


class _Line(Row):
    kind: str
    body: dict[str, Any]


_KINDS: Mapping[str, type[Progress | Text | Notice | Error]] = {
    "progress": Progress,
    "text": Text,
    "notice": Notice,
    "error": Error,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def encoded(event: Event[Row]) -> bytes:
    """A line of NDJSON."""
    name, row = ("result", event.row) if isinstance(event, Result) else (_NAMES[type(event)], event)
    body = {"kind": name, "body": row.model_dump(mode="json")}
    return json.dumps(body, ensure_ascii=False).encode() + b"\n"


def read_event(line: str, kind: type[T]) -> Event[T]:
    """The event of a line, its result of a `kind`. Raises ValueError or KeyError for a line that is none."""
    told = _Line.model_validate_json(line)
    if told.kind == "result":
        return Result(kind.model_validate(told.body))
    return _KINDS[told.kind].model_validate(told.body)
