"""Command-line interface `pincite`. Commands import what they need when they run, so that `--help` is fast.

A command of `service.commands` runs in this process if it can own the data folder, else in the server that owns it;
both yield the same events.
"""

import importlib
import logging
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

import typer
from typer.core import TyperCommand

from webapp.core.limits import JobAct

if TYPE_CHECKING:
    from webapp.core.results import AddedRow
    from webapp.core.settings import Settings
    from webapp.core.stream import Event, T
    from webapp.service.commands import Command

    class Run(Protocol):
        """Function that executes a command: `Caller.run` or `Client.run`."""

        def __call__(self, command: Command[T]) -> Iterator[Event[T]]:
            """Execute a command; yields its events. Raises the errors that end it."""


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


matters = typer.Typer(help="List, create and delete matters.", no_args_is_help=True)
app.add_typer(matters, name="matters")
groups = typer.Typer(help="List, create and delete groups of people, and say who is in them.", no_args_is_help=True)
app.add_typer(groups, name="groups")
users = typer.Typer(
    help="List, add, disable and enable people who sign in, and set their passwords.", no_args_is_help=True
)
app.add_typer(users, name="users")
model = typer.Typer(help="List, fetch, choose and test the language model that writes answers.", no_args_is_help=True)
app.add_typer(model, name="model")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")]
Matter = Annotated[str, typer.Argument(help="Name or id of a matter.", show_default=False)]
Document = Annotated[str, typer.Argument(help="Name of a document, part of its name, or its id.", show_default=False)]
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
    with _error_output(as_json=False):
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

        run(settings, on_wait=_say_waiting, on_open=print_address, on_first=print_first_link)


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
    with _executor(as_json, ray) as run:
        failures = [row for row in _print_results(_add(run, matter, files), as_json) if row.state != "ready"]
    raise typer.Exit(1 if failures else 0)


def _add(run: "Run", matter: str, files: list[Path]) -> "Iterator[Event[AddedRow]]":
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
        _run(mentions, as_json)
        return
    with _executor(as_json) as run:
        if exact:
            show_mentions(results(run(mentions), as_json=False))
        elif not sum(1 for _ in _print_results(run(Search(matter, question, document)), as_json)):
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

    _run(Ask(matter, _asked(question), document, continues, thorough), as_json)


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

    _run(Summarise(matter, document), as_json)


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
        with _executor(as_json) as run:
            from webapp.exports.redline import names_in, to_docx, to_html

            rows = list(results(run(command), as_json=as_json))
            names = names_in(rows, old, new)
            data = to_docx(*names, rows) if suffix == ".docx" else to_html(*names, rows).encode()
            _write(out, data)
        return
    with _executor(as_json) as run:
        if not sum(1 for _ in _print_results(run(command), as_json)):
            say("No clause differs.")


@app.command()
def documents(matter: Matter, as_json: AsJson = False) -> None:
    """List the documents of a matter: state, pages, and what each calls itself."""
    from webapp.service.commands import ListDocuments

    _run(ListDocuments(matter), as_json)


@app.command()
def remove(matter: Matter, document: Document, as_json: AsJson = False) -> None:
    """Remove a document from a matter, with its file and its index entries."""
    from webapp.service.commands import Remove

    _run(Remove(matter, document), as_json)


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

    _run(Jobs(matter, act, document), as_json)


@app.command()
def reindex(
    matter: Annotated[str | None, typer.Argument(help="Name or id of a matter; without it, all of yours.")] = None,
    as_json: AsJson = False,
) -> None:
    """Rebuild the indexes of one matter, or of all."""
    from webapp.service.commands import Reindex

    _run(Reindex(matter), as_json)


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.", show_default=False)], as_json: AsJson = False
) -> None:
    """Back up records, files and keys into a folder, also while the server runs.

    Everything of all users is in it, so keep it as safe as the data folder. Indexes are left out: they are made anew.
    """
    from webapp.service.commands import Backup

    _run(Backup(str(folder.absolute())), as_json)


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
    with _error_output(as_json):
        from webapp.service.restore import restore as restored

        if check:
            logging.getLogger().addHandler(logging.NullHandler())  # no data folder, so no log: the sentence is all
            rows = list(_print_results(restored(folder, None), as_json))
        else:
            with _data_folder() as settings:
                rows = list(_print_results(restored(folder, settings, is_partial=partial), as_json))
    if not all((row.restored and not row.audit_fault) or (check and not row.damaged) for row in rows):
        raise typer.Exit(1)


@matters.command("list")
def matters_list(as_json: AsJson = False) -> None:
    """List your matters."""
    from webapp.service.commands import ListMatters

    _run(ListMatters(), as_json)


@matters.command("create")
def matters_create(
    name: Annotated[str, typer.Argument(help="Name of the new matter.", show_default=False)], as_json: AsJson = False
) -> None:
    """Create an empty matter."""
    from webapp.service.commands import CreateMatter

    _run(CreateMatter(name), as_json)


@matters.command("delete")
def matters_delete(
    matter: Matter,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a matter and every document in it."""
    from webapp.service.commands import DeleteMatter

    if not yes:
        if not sys.stdin.isatty():
            raise typer.BadParameter("deleting a matter needs --yes when standard input is not a terminal")
        typer.confirm(f"Delete the matter “{matter}” and every document in it?", abort=True, err=True)
    _run(DeleteMatter(matter), as_json)


Person = Annotated[str, typer.Argument(help="E-mail address, name or id of a person.", show_default=False)]
Group = Annotated[str, typer.Argument(help="Name of a group.", show_default=False)]
Who = Annotated[str, typer.Argument(help="A person, or with --group a group.", show_default=False)]
IsGroup = Annotated[bool, typer.Option("--group", help="Not a person, but a group.")]


@matters.command("people")
def matters_people(matter: Matter, as_json: AsJson = False) -> None:
    """List who is in a matter, in which role, and whom a wall keeps out."""
    from webapp.service.commands import ListMembers

    _run(ListMembers(matter), as_json)


@matters.command("share")
def matters_share(
    matter: Matter,
    who: Who,
    role: Annotated[
        Literal["viewer", "member"], typer.Option(help="A viewer reads and asks; a member adds and removes documents.")
    ] = "member",
    group: IsGroup = False,
    as_json: AsJson = False,
) -> None:
    """Let a person or a group into a matter, or change their role."""
    from webapp.service.commands import ChangeMembers

    _run(ChangeMembers(matter, "share", who, role, group), as_json)


@matters.command("unshare")
def matters_unshare(matter: Matter, who: Who, group: IsGroup = False, as_json: AsJson = False) -> None:
    """Take a person or a group out of a matter."""
    from webapp.service.commands import ChangeMembers

    _run(ChangeMembers(matter, "unshare", who, group=group), as_json)


@matters.command("hand-over")
def matters_hand_over(matter: Matter, person: Person, as_json: AsJson = False) -> None:
    """Make someone else the owner of a matter."""
    from webapp.service.commands import ChangeMembers

    _run(ChangeMembers(matter, "hand-over", person), as_json)


@matters.command("wall")
def matters_wall(
    matter: Matter,
    person: Person,
    lift: Annotated[bool, typer.Option("--lift", help="Take the wall away again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Keep someone out of a matter, whatever group they are in."""
    from webapp.service.commands import ChangeMembers

    _run(ChangeMembers(matter, "lift" if lift else "wall", person), as_json)


@matters.command("archive")
def matters_archive(
    matter: Matter,
    undo: Annotated[bool, typer.Option("--undo", help="Take it out of the archive again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put a matter into the archive: it is read, and no longer changed or asked."""
    from webapp.service.commands import ChangeArchive

    _run(ChangeArchive(matter, not undo), as_json)


@matters.command("privilege")
def matters_privilege(
    matter: Matter,
    document: Document,
    undo: Annotated[bool, typer.Option("--undo", help="Let it into exports again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Keep a document out of exports as privileged."""
    from webapp.service.commands import ChangePrivilege

    _run(ChangePrivilege(matter, document, not undo), as_json)


@groups.command("list")
def groups_list(as_json: AsJson = False) -> None:
    """List the groups, with who is in them."""
    from webapp.service.commands import Groups

    _run(Groups(), as_json)


@groups.command("create")
def groups_create(group: Group, as_json: AsJson = False) -> None:
    """Create an empty group."""
    from webapp.service.commands import Groups

    _run(Groups("create", group), as_json)


@groups.command("delete")
def groups_delete(group: Group, as_json: AsJson = False) -> None:
    """Delete a group; its people are in no matter through it any more."""
    from webapp.service.commands import Groups

    _run(Groups("delete", group), as_json)


@groups.command("add")
def groups_add(group: Group, person: Person, as_json: AsJson = False) -> None:
    """Put someone into a group."""
    from webapp.service.commands import Groups

    _run(Groups("add", group, person), as_json)


@groups.command("remove")
def groups_remove(group: Group, person: Person, as_json: AsJson = False) -> None:
    """Take someone out of a group."""
    from webapp.service.commands import Groups

    _run(Groups("remove", group, person), as_json)


@users.command("list")
def users_list(as_json: AsJson = False) -> None:
    """List the people who have an account, or whom a proxy named."""
    from webapp.service.commands import ListUsers

    _run(ListUsers(), as_json)


@users.command("add")
def users_add(
    email: Annotated[str, typer.Argument(help="E-mail address with which they sign in.", show_default=False)],
    name: Annotated[str, typer.Option(help="Their name; without it the address.", show_default=False)] = "",
    administrator: Annotated[bool, typer.Option("--administrator", help="They may add and disable people.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add a person, and print a link with which they set their password; nothing is sent by e-mail."""
    from webapp.service.commands import AddUser

    _run(AddUser(email, name, administrator), as_json)


@users.command("passwd")
def users_passwd(
    person: Person,
    ask_here: Annotated[bool, typer.Option("--ask", help="Ask for the password here instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print a link with which a person sets a new password, or ask for one here. Their sessions end when it is set."""
    from webapp.service.commands import SetPassword

    password = typer.prompt("New password", hide_input=True, confirmation_prompt=True, err=True) if ask_here else None
    _run(SetPassword(person, password), as_json)


@users.command("disable")
def users_disable(
    person: Person,
    hand_over_to: Annotated[
        str | None, typer.Option(help="Who gets their matters; they leave all others, and all groups.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let a person sign in no longer; their sessions and links end at once."""
    from webapp.service.commands import ChangeUser

    _run(ChangeUser(person, "disable", hand_over_to), as_json)


@users.command("enable")
def users_enable(person: Person, as_json: AsJson = False) -> None:
    """Let a person sign in again who was disabled."""
    from webapp.service.commands import ChangeUser

    _run(ChangeUser(person, "enable"), as_json)


@matters.command("hold")
def matters_hold(
    matter: Matter,
    state: Annotated[Literal["on", "off"], typer.Argument(help="Whether nothing of it may be deleted.")],
    as_json: AsJson = False,
) -> None:
    """Put a matter on legal hold, under which nothing of it is deleted, or end the hold."""
    from webapp.service.commands import Hold

    _run(Hold(matter, state == "on"), as_json)


@matters.command("retain")
def matters_retain(
    matter: Matter,
    days: Annotated[str, typer.Argument(help="Number of days, or none for no end.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Set after how many days conversations of a matter are deleted, and in the archive all of it."""
    from webapp.service.commands import Retain

    if days != "none" and not days.isdecimal():
        raise typer.BadParameter("give a number of days, or none", param_hint="DAYS")
    _run(Retain(matter, None if days == "none" else int(days[:9])), as_json)


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
    from webapp.service.commands import ReadAudit, VerifyAudit

    with _executor(as_json) as run:
        if verify or head:
            faults = [row.fault for row in _print_results(run(VerifyAudit(head)), as_json)]
            raise typer.Exit(1 if any(faults) else 0)
        rows = run(ReadAudit(matter, since, csv))
        if csv:
            from webapp.exports.audit_log import to_csv

            for line in to_csv(results(rows, as_json=as_json)):
                sys.stdout.write(line)
            return
        for _ in _print_results(rows, as_json):
            pass


ModelName = Annotated[str, typer.Argument(help="Name of a model, as `list` has it.", show_default=False)]


@model.command("list")
def model_list(as_json: AsJson = False) -> None:
    """List the language models of this machine, the one in use, and those that can be fetched.

    Servers are looked for on this machine alone: Ollama, LM Studio, llama.cpp and vLLM at their usual ports. Files are
    those of PINCITE_MODELS_DIR.
    """
    from webapp.service.commands import ListModels

    _run(ListModels(), as_json)


@model.command("get")
def model_get(name: ModelName, as_json: AsJson = False) -> None:
    """Fetch a model of a fixed list from the Hugging Face hub, and compare its SHA-256.

    What breaks off goes on where it stopped. The model is used after `pincite model use`.
    """
    from webapp.service.commands import FetchModel

    _run(FetchModel(name), as_json)


@model.command("use")
def model_use(
    name: Annotated[
        str, typer.Argument(help="Name of a model, path of a GGUF file, or none for no model.", show_default=False)
    ],
    as_json: AsJson = False,
) -> None:
    """Choose the language model that writes answers, from now on and after the next start.

    PINCITE_LLM_URL and PINCITE_LLM_FILE come before the choice.
    """
    from webapp.service.commands import UseModel

    _run(UseModel(_model_name(name)), as_json)


@model.command("test")
def model_test(
    name: Annotated[
        str, typer.Argument(help="Name of a model, or path of a GGUF file; without it, the one in use.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Ask a language model a sample question: its window, its answer, and the seconds that it takes.

    The passage is one of ours; no document is sent.
    """
    from webapp.service.commands import TestModel

    _run(TestModel(_model_name(name)), as_json)


def _model_name(name: str) -> str:
    """The name of a model; a path is made whole, since a server has another folder."""
    return str(Path(name).absolute()) if name and (name.endswith(".gguf") and Path(name).is_file()) else name


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
    with _error_output(as_json):
        from webapp.cli.evaluation import run

        for _ in _print_results(run(pdfs, queries, out, scope=scope, budget=budget, on_wait=_say_waiting), as_json):
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
    with _error_output(as_json=False):
        from retrieval import ExtraMissing

        try:
            merge_cli = importlib.import_module("merge.cli")
            merge_cli.app(args=context.args, prog_name="pincite merge")
        except ModuleNotFoundError as error:  # no log is open here; the error's sentence says all
            if (error.name or "").startswith("merge.") and error.name != "merge.cli":
                raise  # a module of ours, which no package brings
            raise ExtraMissing(what="Merging", extra="merge") from None


def _run(command: "Command[T]", as_json: bool) -> None:
    """Run a command and print its results."""
    with _executor(as_json) as run:
        for _ in _print_results(run(command), as_json):
            pass


def _print_results(events: "Iterable[Event[T]]", as_json: bool) -> "Iterator[T]":
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
def _executor(as_json: bool, ray: str | None = None) -> "Iterator[Run]":
    """Executor of commands: this process, or the server that owns the data folder.

    `ray`: address of a cluster, on which this process alone can read. Errors in the block end the command.
    """
    with _error_output(as_json):
        from webapp.core.data_folder import RunningServer, claim
        from webapp.core.log import open_log
        from webapp.core.settings import load_settings

        settings = load_settings()
        owner = claim(settings.data_dir, wait_seconds=settings.busy_wait_seconds, on_wait=_say_waiting)
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
            from webapp.store.users import LOCAL_USER

            with Workspace(settings, ray=ray) as workspace:
                yield Caller(workspace, LOCAL_USER).run
        finally:
            owner.release()


@contextmanager
def _data_folder() -> "Iterator[Settings]":
    """Settings of the data folder, which this process owns during the block. Raises ServerRuns."""
    from webapp.core.data_folder import RunningServer, claim
    from webapp.core.errors import ServerRuns
    from webapp.core.log import open_log
    from webapp.core.settings import load_settings

    settings = load_settings()
    owner = claim(settings.data_dir, wait_seconds=settings.busy_wait_seconds, on_wait=_say_waiting)
    if isinstance(owner, RunningServer):
        raise ServerRuns(work="a restore", way_out=", or set PINCITE_DATA_DIR to another folder")
    try:
        open_log(settings.data_dir)
        yield settings
    finally:
        owner.release()


@contextmanager
def _error_output(as_json: bool) -> Iterator[None]:
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


def _write(out: Path, data: bytes) -> None:
    """Write a file that was asked for. Raises NotWritten."""
    from webapp.core.errors import NotWritten

    try:
        out.write_bytes(data)
    except OSError as error:
        raise NotWritten(name=out, reason=(error.strerror or str(error)).lower()) from error


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


def _say_waiting() -> None:
    from webapp.cli.terminal import say

    say("Waiting for another pincite to finish with this data folder…")


def main() -> None:
    """Run the command that the arguments name."""
    app(prog_name="pincite")
