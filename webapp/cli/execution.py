"""Executes commands for the command line and prints what they give: rows, and an error as a sentence and a hint.

A command runs in this process if it can own the data folder, else in the server that owns it; both yield the same
events.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

if TYPE_CHECKING:
    from webapp.core.settings import Settings
    from webapp.core.stream import Event, T
    from webapp.service.command import Command


class Run(Protocol):
    """Function that executes a command: `Caller.run` or `Client.run`."""

    def __call__(self, command: "Command[T]") -> "Iterator[Event[T]]":
        """Execute a command; yields its events. Raises the errors that end it."""


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")]
Matter = Annotated[str, typer.Argument(help="Name or id of a matter.", show_default=False)]
Document = Annotated[str, typer.Argument(help="Name of a document, part of its name, or its id.", show_default=False)]
Person = Annotated[str, typer.Argument(help="E-mail address, name or id of a person.", show_default=False)]


def run_command(command: "Command[T]", as_json: bool) -> None:
    """Run a command and print its results."""
    with executor(as_json) as run:
        for _ in print_results(run(command), as_json):
            pass


def print_results(events: "Iterable[Event[T]]", as_json: bool) -> "Iterator[T]":
    """Print the results among these events; yields each after it is printed."""
    from webapp.cli.output import show
    from webapp.cli.terminal import results, show_json

    for row in results(events, as_json=as_json):
        if as_json:
            show_json(row)
        else:
            show(row)
        yield row


@contextmanager
def executor(as_json: bool, ray: str | None = None) -> "Iterator[Run]":
    """Executor of commands: this process, or the server that owns the data folder.

    `ray`: address of a cluster, on which this process alone can read. Errors in the block end the command.
    """
    with error_output(as_json):
        from webapp.core.data_folder import RunningServer, claim, os_account
        from webapp.core.log import open_log
        from webapp.core.settings import load_settings

        settings = load_settings()
        owner = claim(settings.data_dir, wait_seconds=settings.busy_wait_seconds, on_wait=say_waiting)
        open_log(settings.data_dir)
        if isinstance(owner, RunningServer):
            from webapp.cli.client import Client
            from webapp.core.errors import ServerRuns

            if ray:
                raise ServerRuns(work="reading on a cluster", way_out=", or add the files without --ray")
            with closing(Client(owner)) as client:
                yield client.run
            return
        try:
            from webapp.service.caller import Caller
            from webapp.service.workspace import Workspace

            with Workspace(settings, ray=ray) as workspace:
                yield Caller(workspace, workspace.operator(os_account())).run
        finally:
            owner.release()


@contextmanager
def data_folder() -> "Iterator[Settings]":
    """Settings of the data folder, which this process owns during the block. Raises ServerRuns."""
    from webapp.core.data_folder import RunningServer, claim
    from webapp.core.errors import ServerRuns
    from webapp.core.log import open_log
    from webapp.core.settings import load_settings

    settings = load_settings()
    owner = claim(settings.data_dir, wait_seconds=settings.busy_wait_seconds, on_wait=say_waiting)
    if isinstance(owner, RunningServer):
        raise ServerRuns(work="a restore", way_out=", or set PINCITE_DATA_DIR to another folder")
    try:
        open_log(settings.data_dir)
        yield settings
    finally:
        owner.release()


@contextmanager
def error_output(as_json: bool) -> Iterator[None]:
    """Print an error of the block as a sentence and a hint, and exit with code 1."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output, such as `head`, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except Exception as error:  # the one place where a command's error is printed; typer's own are raised again
        if isinstance(error, typer.Exit | typer.Abort | typer.BadParameter):
            raise
        from webapp.cli.terminal import show_error
        from webapp.core.log import user_error

        show_error(user_error(error), as_json=as_json)
        raise typer.Exit(1) from None


def write_file(out: Path, data: bytes) -> None:
    """Write a file that was asked for. Raises NotWritten."""
    from webapp.core.errors import NotWritten

    try:
        out.write_bytes(data)
    except OSError as error:
        raise NotWritten(name=out, reason=(error.strerror or str(error)).lower()) from error


def say_waiting() -> None:
    """Say that another process owns the data folder, and is waited for."""
    from webapp.cli.terminal import say

    say("Waiting for another pincite to finish with this data folder…")
