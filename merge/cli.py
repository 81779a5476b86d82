"""Command line of `pincite merge`: build and verify."""

import gc
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypedDict

import typer

app = typer.Typer(
    help="Merge two checkpoints into the served model, and verify the result.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a bug shows a plain traceback, not a page of boxes
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")]


class BuiltRow(TypedDict):
    """A finished folder of a format."""

    format: str
    folder: str
    bytes: int
    verified: bool


class FaultRow(TypedDict):
    """A fault of a folder: what was checked, where, and what is wrong."""

    folder: str
    check: str
    where: str
    what: str


class VerifiedRow(TypedDict):
    """The verdict on a folder, after its faults; a measured figure is one more key, a number."""

    folder: str
    right: bool
    not_checked: list[str]


class Format(StrEnum):
    """Formats that a build can write."""

    fp8 = "fp8"
    bf16 = "bf16"
    gguf = "gguf"


class GgufType(StrEnum):
    """Types of the matrices in a GGUF."""

    q8_0 = "q8_0"
    f16 = "f16"


@app.command()
def build(
    recipe: Annotated[Path, typer.Argument(help="mergekit YAML; merge/recipes/ has that of the served model.")],
    out: Annotated[Path, typer.Argument(help="The folder to create; it appears when it is complete and verified.")],
    format_: Annotated[
        list[Format] | None, typer.Option("--format", help="Can be given several times. [default: fp8]")
    ] = None,
    gguf_type: Annotated[GgufType, typer.Option(help="Only for --format gguf.")] = GgufType.q8_0,
    as_json: Json = False,
) -> None:
    """Merge two checkpoints by RECIPE into OUT. Interrupted, the same command resumes after the last shard."""
    formats = tuple(dict.fromkeys(f.value for f in format_ or [Format.fp8]))
    with _errors(as_json):
        from merge.build import build as run

        with _progress(visible=not as_json) as progress:
            folders = run(recipe, out, formats, gguf_type=gguf_type.value, progress=progress)
    for name, folder in zip(formats, folders, strict=True):
        size = sum(file.stat().st_size for file in folder.iterdir())
        line: BuiltRow = {"format": name, "folder": str(folder), "bytes": size, "verified": True}
        typer.echo(json.dumps(line) if as_json else f"{folder}: {name}, {size / 1e9:.2f} GB, verified")


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that `build` made.")],
    sources: Annotated[
        tuple[str, str] | None, typer.Option(metavar="BASE OTHER", help="Folders or hub ids; recomputes samples.")
    ] = None,
    logits: Annotated[
        Path | None, typer.Option(metavar="BF16_DIR", help="Compare next-token logits with this bf16 merge.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Verify a build: exit 0 if there is no fault, else 1 with a line for each fault."""
    with _errors(as_json):
        from merge.checkpoint import open_checkpoint
        from merge.verify import build_folders, check_logits
        from merge.verify import verify as run

        parents = (open_checkpoint(sources[0]), open_checkpoint(sources[1])) if sources else None
        results = [run(each, parents) for each in build_folders(folder)]
        for result in results:
            check_logits(result, logits)
    for result in results:
        for fault in result.faults:
            line: FaultRow = {
                "folder": str(result.folder),
                "check": fault.check,
                "where": fault.where,
                "what": fault.what,
            }
            typer.echo(json.dumps(line) if as_json else str(fault))
        verdict: VerifiedRow = {
            "folder": str(result.folder),
            "right": not result.faults,
            "not_checked": result.unchecked,
        }
        if as_json:
            typer.echo(json.dumps({**verdict, **result.figures}))
        else:
            for missing in result.unchecked:
                typer.echo(missing)
            figures = ", ".join(f"{key} {value:.4g}" for key, value in result.figures.items())
            state = "right" if not result.faults else f"{len(result.faults)} faults"
            typer.echo(f"{result.folder} ({result.format}): {state}{'; ' if figures else ''}{figures}")
    if any(result.faults for result in results):
        raise typer.Exit(1)


@contextmanager
def _errors(as_json: bool) -> Iterator[None]:
    """Print a MergeError as a sentence and a hint on standard error, and exit 1. Disables garbage collection."""
    # mergekit imports transformers, and with it a million objects that live as long as the process: collections that
    # scan them take a quarter of the start-up time.
    gc.disable()
    from merge.errors import MergeError

    try:
        yield
    except MergeError as error:
        text = {"error": str(error), "hint": error.hint}
        print(json.dumps(text) if as_json else f"{text['error']}\n{text['hint']}", file=sys.stderr)
        raise typer.Exit(1) from error
    finally:
        gc.freeze()  # else the interpreter scans them when it exits, which takes a second


@contextmanager
def _progress(*, visible: bool) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on a terminal, updated by the function that is yielded: `progress(done, total)`, in bytes."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    console = Console(stderr=True)
    columns = (TextColumn("merging"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not (visible and console.is_terminal)) as bar:
        task = bar.add_task("merging", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
