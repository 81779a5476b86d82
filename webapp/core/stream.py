"""Events that a command streams, as NDJSON between the server and the command line.

result    a row of the result, as `--json` prints it
progress  {"label", "state", "done", "total"}: progress of a long step
text      {"text", "anew"}: a piece of the draft of an answer, or its beginning anew
notice    {"error", "hint"}: a warning; the work goes on
error     {"error", "hint"}: the error that ended the work
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from webapp.core.results import NoticeRow, Row

T = TypeVar("T", bound=Row, covariant=True)


class Progress(Row):
    """Progress of a long step; a `total` of 0 is not known yet."""

    label: str
    state: str
    done: int = 0
    total: int = 0


class Text(Row):
    """A piece of the draft (stream delta); `anew`: it replaces what came before, which was thinking."""

    text: str
    anew: bool = False


class Notice(NoticeRow):
    """A warning; the work goes on."""


class Error(NoticeRow):
    """The error that ended the work."""


@dataclass(frozen=True, slots=True)
class Result(Generic[T]):
    """A row of the result."""

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
    """Encode an event as a line of NDJSON."""
    name, row = ("result", event.row) if isinstance(event, Result) else (_NAMES[type(event)], event)
    body = {"kind": name, "body": row.model_dump(mode="json")}
    return json.dumps(body, ensure_ascii=False).encode() + b"\n"


def read_event(line: str, kind: type[T]) -> Event[T]:
    """Decode a line of NDJSON; a result is read as type `kind`.

    Raises ValueError or KeyError for a line that is no event.
    """
    envelope = _Line.model_validate_json(line)
    if envelope.kind == "result":
        return Result(kind.model_validate(envelope.body))
    return _KINDS[envelope.kind].model_validate(envelope.body)
