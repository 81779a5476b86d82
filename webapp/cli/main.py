"""Command-line interface `pincite`. Commands import what they need when they run, so that `--help` is fast."""

import importlib
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from webapp.cli.conversations import conversations
from webapp.cli.execution import (
    AsJson,
    Document,
    Matter,
    Run,
    data_folder,
    error_output,
    executor,
    print_results,
    run_command,
    say_waiting,
    write_file,
)
from webapp.cli.matters import matters
from webapp.cli.models import model
from webapp.cli.people import groups, users
from webapp.core.limits import JobAct

if TYPE_CHECKING:
    from webapp.core.results import AddedRow
    from webapp.core.stream import Event


app = typer.Typer(
    help="Ask contracts and case files; every answer cites document, section and page, and every quotation is checked.",
    epilog="Settings are environment variables (PINCITE_…); docs/settings.md lists them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"pincite {version('pincite')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Ask contracts and case files; every answer cites document, section and page, and every quotation is checked."""


app.add_typer(conversations, name="conversations")
app.add_typer(matters, name="matters")
app.add_typer(groups, name="groups")
app.add_typer(users, name="users")
app.add_typer(model, name="model")

Scope = Literal["document", "all"]
Question = Annotated[
    str,
    typer.Argument(help="Your question, in your own words; without it, or as -, it is read from standard input."),
]
InDocument = Annotated[
    str | None, typer.Option("--document", help="Search only this document: its name, part of its name, or its id.")
]


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of PINCITE_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port, instead of PINCITE_PORT; 0 takes a free one.")] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Start the server; other commands then run through it.

    It prints the address to open, on a line of its own. On your own machine the address ends in a key that lets you in;
    the browser remembers it. With accounts, and while there is no administrator, it prints on a line of its own a link
    that makes one.
    """
    with error_output(as_json=False):
        from webapp.core.settings import load_settings

        options = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
        settings = load_settings(**options)
        from webapp.server import serve as run  # takes seconds, so a bad setting is told first

        stdout = sys.stdout  # which is withheld from everything else while the server runs

        def print_first_link(link: str) -> None:
            print(f"There is no administrator yet. This link makes one:\n{link}", file=stdout, flush=True)

        def print_address(address: str) -> None:
            print(f"pincite is ready to be opened (Ctrl-C stops it):\n{address}", flush=True)
            if open_browser:
                show_page(settings.data_dir, address)

        run(settings, on_wait=say_waiting, on_open=print_address, on_first=print_first_link)


@app.command()
def add(
    matter: Matter,
    files: Annotated[list[Path], typer.Argument(help="Files and folders.", show_default=False)],
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Read them on this Ray cluster, which gets the documents: on a trusted network only.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add files to a matter, which is created if it does not exist, and wait until they can be searched.

    Of a folder all files are added, those of its folders too. What is in a ZIP, attached to a PDF or to a mail becomes
    a document of its own.
    """
    with executor(as_json, ray) as run:
        failures = [row for row in print_results(_add(run, matter, files), as_json) if row.state != "ready"]
    raise typer.Exit(1 if failures else 0)


def _add(run: Run, matter: str, files: list[Path]) -> "Iterator[Event[AddedRow]]":
    """Accept every file first, after which none can be lost; then wait for them. A result names its file."""
    from retrieval import MEMBER, UnreadableFile
    from webapp.core.errors import NoSuchFile, RemoteError
    from webapp.core.results import AddedRow
    from webapp.core.stream import Result
    from webapp.service.commands import Accept, Follow

    paths: dict[str, list[Path]] = {}  # by document id: equal files are one document
    for file, name in _files(files):
        try:
            for acceptance in run(Accept(file, name, matter)):
                if isinstance(acceptance, Result):
                    paths.setdefault(acceptance.row.document_id, []).append(file)
        except (UnreadableFile, NoSuchFile, RemoteError) as error:
            yield Result(AddedRow.refused(_readable(str(file)), f"{error} {error.hint}".strip()))
    told: set[str] = set()
    for event in run(Follow(matter, list(paths))) if paths else ():
        if not isinstance(event, Result):
            yield event
            continue
        named = [_readable(str(file)) for file in paths.get(event.row.document_id, ())]
        for source in event.row.sources:
            within = source.file.partition(MEMBER)[2] or source.file
            named += [f"{_readable(str(file))}{MEMBER}{within}" for file in paths.get(source.container_id or "", ())]
        yield from (Result(AddedRow.of(name, event.row)) for name in named if name not in told)
        told.update(named)


def _files(paths: list[Path]) -> "Iterator[tuple[Path, str]]":
    """The files to add, each with its name; those in a folder are named by their way in it: "Closing set › Lease.pdf".

    Files that are hidden, or the system's own, are left out of a folder.
    """
    from retrieval import MEMBER, is_of_the_system

    for path in paths:
        if not path.is_dir():
            yield path, _readable(path.name)
            continue
        for file in sorted(path.rglob("*")):
            within = file.relative_to(path)
            if file.is_file() and not is_of_the_system(within.as_posix()):
                yield file, MEMBER.join(map(_readable, within.parts))


def _readable(path: str) -> str:
    """A path as text, with a mark for each byte that is not UTF-8: no output and no database takes such bytes."""
    return os.fsencode(path).decode("utf-8", "replace")


@app.command()
def search(
    matter: Matter,
    question: Question = "-",
    document: InDocument = None,
    exact: Annotated[bool, typer.Option("--exact", help="Find every mention of this exact phrase.")] = False,
    as_json: AsJson = False,
) -> None:
    """Search for passages that match a question, best first; with --exact, for every mention of a phrase.

    Without --json the first 200 mentions are listed, and all are counted.
    """
    from webapp.cli.output import show_mentions
    from webapp.cli.terminal import results, say
    from webapp.service.commands import FindMentions, Search

    question = _asked(question)
    mentions = FindMentions(matter, question, document)
    if exact and as_json:
        run_command(mentions, as_json)
        return
    with executor(as_json) as run:
        if exact:
            show_mentions(results(run(mentions), as_json=False))
        elif not sum(1 for _ in print_results(run(Search(matter, question, document)), as_json)):
            say("Nothing was found.")


@app.command()
def ask(
    matter: Matter,
    question: Question = "-",
    document: InDocument = None,
    continues: Annotated[
        bool, typer.Option("--continue", help="Go on with your last conversation in this matter.")
    ] = False,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Read on where passages are left out, in up to six windows.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Answer a question, with pin cites and checked quotations. It is kept as a conversation of the matter."""
    from webapp.service.commands import Ask

    run_command(Ask(matter, _asked(question), document, continues, thorough), as_json)


def _asked(question: str) -> str:
    """The question of the command line; for "-" what standard input has, if that is no terminal."""
    if question != "-":
        return question
    from webapp.core.limits import MAX_QUESTION

    text = "" if sys.stdin.isatty() else sys.stdin.buffer.read(4 * MAX_QUESTION + 4).decode("utf-8", "replace").strip()
    if not text:
        raise typer.BadParameter("give it, or send it to standard input", param_hint="QUESTION")
    return text


@app.command()
def summary(matter: Matter, document: Document, as_json: AsJson = False) -> None:
    """Summarise a document clause by clause, with a pin cite for each line."""
    from webapp.service.commands import Summarise

    run_command(Summarise(matter, document), as_json)


@app.command()
def compare(
    matter: Matter,
    old: Annotated[str, typer.Argument(help="Id or words of the older document.", show_default=False)],
    new: Annotated[str, typer.Argument(help="Id or words of the newer one.", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="Write a redline to this .html or .docx file instead.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare two versions of a document clause by clause: what was changed, moved, added and deleted."""
    from webapp.cli.terminal import results, say
    from webapp.service.commands import Compare

    command = Compare(matter, old, new, exported=out is not None)
    if out is not None:
        suffix = out.suffix.lower()
        if suffix not in (".html", ".docx"):
            raise typer.BadParameter("the file is to end in .html or .docx", param_hint="--out")
        with executor(as_json) as run:
            from webapp.exports.redline import names_in, to_docx, to_html

            rows = list(results(run(command), as_json=as_json))
            names = names_in(rows, old, new)
            data = to_docx(*names, rows) if suffix == ".docx" else to_html(*names, rows).encode()
            write_file(out, data)
        return
    with executor(as_json) as run:
        if not sum(1 for _ in print_results(run(command), as_json)):
            say("No clause differs.")


@app.command()
def documents(matter: Matter, as_json: AsJson = False) -> None:
    """List the documents of a matter: state, pages, and what each calls itself."""
    from webapp.service.commands import ListDocuments

    run_command(ListDocuments(matter), as_json)


@app.command()
def remove(matter: Matter, document: Document, as_json: AsJson = False) -> None:
    """Remove a document from a matter, with its file and its index entries."""
    from webapp.service.commands import Remove

    run_command(Remove(matter, document), as_json)


@app.command()
def jobs(
    matter: Matter,
    act: Annotated[JobAct, typer.Argument(help="What to do with them; cancel removes them.")] = "list",
    document: Annotated[
        str | None, typer.Option(help="Id or words of one document; without it, all that are not ready.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what is still to be ingested of a matter; pause, resume, retry or cancel it."""
    from webapp.service.commands import Jobs

    run_command(Jobs(matter, act, document), as_json)


@app.command()
def reindex(
    matter: Annotated[str | None, typer.Argument(help="Name or id of a matter; without it, all of yours.")] = None,
    as_json: AsJson = False,
) -> None:
    """Rebuild the indexes of one matter, or of all."""
    from webapp.service.commands import Reindex

    run_command(Reindex(matter), as_json)


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.", show_default=False)], as_json: AsJson = False
) -> None:
    """Back up records, files and keys into a folder, also while the server runs.

    Everything of all users is in it, so keep it as safe as the data folder. Indexes are left out: they are made anew.
    """
    from webapp.service.record_commands import Backup

    run_command(Backup(str(folder.absolute())), as_json)


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="The folder of a backup.", show_default=False)],
    check: Annotated[bool, typer.Option("--check", help="Only check the backup; restore nothing.")] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Restore also where files are damaged or missing, without these.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into an empty data folder, after every file in it has been checked.

    What is damaged or missing is named, and nothing is restored then without --partial. No server may run on the data
    folder; the next start makes the indexes anew.
    """
    with error_output(as_json):
        from webapp.service.restore import restore as restored

        if check:
            logging.getLogger().addHandler(logging.NullHandler())  # no data folder, so no log: the sentence is all
            rows = list(print_results(restored(folder, None), as_json))
        else:
            with data_folder() as settings:
                rows = list(print_results(restored(folder, settings, is_partial=partial), as_json))
    if not all((row.restored and not row.audit_fault) or (check and not row.damaged) for row in rows):
        raise typer.Exit(1)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show the state of the server: what is ready, what is under way, disk, and limits with what they count."""
    from webapp.service.people_commands import Status

    run_command(Status(), as_json)


@app.command()
def audit(
    matter: Annotated[
        str | None, typer.Argument(help="Name or id of a matter; without it, all of the log.", show_default=False)
    ] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Verify that no row was changed or removed.")] = False,
    head: Annotated[str, typer.Option(help="Verify against this head too, which an earlier --verify printed.")] = "",
    since: Annotated[str, typer.Option(help="Rows since this date: 2026-11-27, or 2026-11-27T09:30 (UTC).")] = "",
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV, for a spreadsheet.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the audit log: who did what in which matter and when; or verify it.

    With --verify the exit code is 1 where something was changed.
    """
    from webapp.cli.terminal import results
    from webapp.service.record_commands import ReadAudit, VerifyAudit

    with executor(as_json) as run:
        if verify or head:
            faults = [row.fault for row in print_results(run(VerifyAudit(head)), as_json)]
            raise typer.Exit(1 if any(faults) else 0)
        rows = run(ReadAudit(matter, since, csv))
        if csv:
            from webapp.exports.audit_log import to_csv

            for line in to_csv(results(rows, as_json=as_json)):
                sys.stdout.write(line)
            return
        for _ in print_results(rows, as_json):
            pass


@app.command("eval")
def evaluate(
    pdfs: Annotated[Path, typer.Option(help="Folder of PDFs; a document's id is its name without .pdf.")],
    queries: Annotated[Path, typer.Option(help="Questions, one JSON object per line.")],
    out: Annotated[Path, typer.Option(help="Folder for texts.jsonl and results.jsonl.")],
    scope: Annotated[Scope, typer.Option(help="Search each question's own document, or all of them.")] = "document",
    budget: Annotated[int, typer.Option(help="Tokens of passages that would be sent.", min=1)] = 2400,
    as_json: AsJson = False,
) -> None:
    """Evaluate retrieval on your own PDFs and questions, in an index of its own."""
    with error_output(as_json):
        from webapp.cli.evaluation import run

        for _ in print_results(run(pdfs, queries, out, scope=scope, budget=budget, on_wait=say_waiting), as_json):
            pass


class _Merge(TyperCommand):
    """The command that hands its arguments on; what completes them is that which takes them."""

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Complete what `pincite merge` takes."""
        try:
            command: Any = typer.main.get_command(importlib.import_module("merge.cli").app)
        except ModuleNotFoundError:  # the extra is not installed
            return []
        for word in ctx.args:
            command = getattr(command, "commands", {}).get(word, command)
        context = command.context_class(command, info_name=command.name, parent=ctx)
        completed: list[Any] = command.shell_complete(context, incomplete)
        return completed


@app.command(
    cls=_Merge,
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "allow_interspersed_args": False},
)
def merge(context: typer.Context) -> None:
    """Merge two checkpoints into one verified model: FP8, bf16 or GGUF (build, verify)."""
    with error_output(as_json=False):
        from retrieval import ExtraMissing

        try:
            merge_cli = importlib.import_module("merge.cli")
            merge_cli.app(args=context.args, prog_name="pincite merge")
        except ModuleNotFoundError as error:  # no log is open here; the error's sentence says all
            if (error.name or "").startswith("merge.") and error.name != "merge.cli":
                raise  # a module of ours, which no package brings
            raise ExtraMissing(what="Merging", extra="merge") from None


def show_page(folder: Path, address: str) -> None:
    """Open the page in the browser through a private file: other users of the machine can read command lines."""
    import html
    import webbrowser

    page = folder / "open.html"
    page.unlink(missing_ok=True)
    page.touch(mode=0o600)
    to = html.escape(address, quote=True)
    page.write_text(
        f'<!doctype html><meta http-equiv="refresh" content="0;url={to}"><a href="{to}">pincite</a>', "utf-8"
    )
    webbrowser.open(page.as_uri())


def main() -> None:
    """Run the command that the arguments name."""
    app(prog_name="pincite")
