"""What a command tells while it works and when it is done: one object, one line, whoever does the work.

result    a row of the answer, as `--json` prints it
progress  {"label", "state", "done", "total"}: where long work stands
text      {"text"}: a piece of an answer that is being written
notice    {"error", "hint"}: something the person should know; the work goes on
error     {"error", "hint"}: the work ended here
"""

import json
from dataclasses import dataclass
from typing import Any, Literal

from retrieval import PinciteError

Kind = Literal["result", "progress", "text", "notice", "error"]
Body = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One line between the server and the command line."""

    kind: Kind
    body: Body

    def line(self) -> bytes:
        """A line of NDJSON."""
        return json.dumps({"kind": self.kind, "body": self.body}, ensure_ascii=False).encode() + b"\n"


def read_row(line: str) -> Row:
    """The row of a line. Raises ValueError or KeyError for a line that is none."""
    told = json.loads(line)
    return Row(told["kind"], told["body"])


def result(**body: Any) -> Row:
    """A row of the answer."""
    return Row("result", body)


def progress(label: str, state: str, done: int = 0, total: int = 0) -> Row:
    """Where long work stands; a `total` of 0 is not known yet."""
    return Row("progress", {"label": label, "state": state, "done": done, "total": total})


def fault(error: PinciteError, kind: Literal["notice", "error"] = "error") -> Row:
    """An error as a row: its sentence and its hint."""
    return Row(kind, {"error": str(error), "hint": error.hint})
