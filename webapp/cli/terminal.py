"""Terminal output: JSON lines, messages, progress bars and live drafts.

Results go to standard output; progress, notices and errors to standard error. Text of documents and of models is not
trusted: control characters (terminal escape sequences) are removed.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from typing import Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as ProgressBars
from rich.text import Text as StyledText

from retrieval import PinciteError
from webapp.core.results import NoticeRow, Row
from webapp.core.stream import Event, Notice, Progress, Result, T, Text

_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: object) -> str:
    """The text as one line: a name with a line break in it cannot forge a line of its own.

    Control characters and those that change the text direction are removed.
    """
    return _CONTROLS.sub("", _BREAKS.sub(" ", str(text)))


def printable_lines(text: str) -> str:
    """The text with each of its lines `printable`."""
    return "\n".join(map(printable, text.split("\n")))


def show_json(row: Row) -> None:
    """Print a row as one line of JSON on standard output."""
    print(row.line(), flush=True)


def show_error(error: PinciteError, *, as_json: bool) -> None:
    """Print the sentence and hint of an error on standard error."""
    show_notice(NoticeRow.of(error), as_json=as_json)


def show_notice(notice: NoticeRow, *, as_json: bool) -> None:
    """Print the sentence and hint of a notice on standard error."""
    if as_json:
        print(notice.line(), file=sys.stderr)
    else:
        print("\n".join(printable(line) for line in (notice.error, notice.hint) if line), file=sys.stderr)


def say(sentence: str) -> None:
    """Print a line on standard error, if that is a terminal."""
    if sys.stderr.isatty():
        print(printable(sentence), file=sys.stderr)


class PlainConsole(Console):
    """Console that raises BrokenPipeError where its reader, such as `head`, has read enough; rich exits with 1."""

    def on_broken_pipe(self) -> None:
        """Raise it."""
        raise BrokenPipeError


class Bars:
    """Progress bars on standard error, one per label, during the block; none if that is no terminal."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._progress: ProgressBars | None = None
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Clear the bars; the next progress draws them again."""
        if self._progress is not None:
            self._progress.stop()
        self._progress, self._tasks = None, {}

    def show(self, progress: Progress) -> None:
        """Draw or update a bar; one that is ready or failed is removed."""
        if not self._stream.isatty() or progress.state == "waiting":
            return
        bars = self._progress or self._start()
        label, state = printable(progress.label), progress.state
        if label not in self._tasks:
            self._tasks[label] = bars.add_task(label, total=None, state=state)
        bars.update(self._tasks[label], completed=progress.done, total=progress.total or None, state=state)
        if state in ("ready", "failed"):
            bars.remove_task(self._tasks.pop(label))

    def _start(self) -> ProgressBars:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[state]}", markup=False),
            TextColumn("{task.completed:.0f}/{task.total}", markup=False),
        )
        self._progress = ProgressBars(*columns, console=Console(file=self._stream), transient=True)
        self._progress.start()
        return self._progress


class Draft:
    """Live display of a draft on a terminal, cleared before the checked answer is printed.

    A draft may contain quotations that are on no page, so it is labelled as not checked, and shown only on a terminal,
    where it can be cleared.
    """

    def __init__(self) -> None:
        self._live: Live | None = None
        self._text = ""

    def show(self, piece: str) -> None:
        """Append a piece and update the display."""
        if not sys.stdout.isatty():
            return
        if self._live is None:
            self._live = Live(console=Console(), transient=True, refresh_per_second=12)
            self._live.start()
        self._text += printable_lines(piece)
        lines = StyledText(self._text).wrap(self._live.console, self._live.console.width)
        room = max(1, self._live.console.height - 3)  # what scrolls off the screen cannot be cleared
        text = StyledText("\n").join([StyledText("Draft, not yet checked:", style="dim"), *lines[-room:]])
        self._live.update(text)

    def clear(self) -> None:
        """Clear the display."""
        if self._live is not None:
            self._live.stop()
        self._live, self._text = None, ""


def results(events: Iterable[Event[T]], *, as_json: bool) -> Iterator[T]:
    """Yield the results among `events`; show the other events: progress as bars, text as a live draft, notices."""
    draft = Draft()
    try:
        with Bars() as bars:
            for event in events:
                if isinstance(event, Progress):
                    bars.show(event)
                    continue
                bars.stop()
                match event:
                    case Text() if not as_json:
                        if event.anew:
                            draft.clear()
                        draft.show(event.text)
                    case Notice():
                        draft.clear()
                        show_notice(event, as_json=as_json)
                    case Result():
                        draft.clear()
                        yield event.row
    finally:
        draft.clear()
