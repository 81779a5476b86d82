"""`pincite matters`: lists, creates and deletes matters, and changes who is in them and how long they are kept."""

import sys
from typing import Annotated, Literal

import typer

from webapp.cli.execution import AsJson, Document, Matter, Person, run_command

matters = typer.Typer(help="List, create and delete matters.", no_args_is_help=True)
Who = Annotated[str, typer.Argument(help="A person, or with --group a group.", show_default=False)]
IsGroup = Annotated[bool, typer.Option("--group", help="Not a person, but a group.")]


@matters.command("list")
def matters_list(as_json: AsJson = False) -> None:
    """List your matters."""
    from webapp.service.commands import ListMatters

    run_command(ListMatters(), as_json)


@matters.command("create")
def matters_create(
    name: Annotated[str, typer.Argument(help="Name of the new matter.", show_default=False)], as_json: AsJson = False
) -> None:
    """Create an empty matter."""
    from webapp.service.commands import CreateMatter

    run_command(CreateMatter(name), as_json)


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
    run_command(DeleteMatter(matter), as_json)


@matters.command("people")
def matters_people(matter: Matter, as_json: AsJson = False) -> None:
    """List who is in a matter, in which role, and whom a wall keeps out."""
    from webapp.service.people_commands import ListMembers

    run_command(ListMembers(matter), as_json)


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
    from webapp.service.people_commands import ChangeMembers

    run_command(ChangeMembers(matter, "share", who, role, group), as_json)


@matters.command("unshare")
def matters_unshare(matter: Matter, who: Who, group: IsGroup = False, as_json: AsJson = False) -> None:
    """Take a person or a group out of a matter."""
    from webapp.service.people_commands import ChangeMembers

    run_command(ChangeMembers(matter, "unshare", who, group=group), as_json)


@matters.command("hand-over")
def matters_hand_over(matter: Matter, person: Person, as_json: AsJson = False) -> None:
    """Make someone else the owner of a matter."""
    from webapp.service.people_commands import ChangeMembers

    run_command(ChangeMembers(matter, "hand-over", person), as_json)


@matters.command("wall")
def matters_wall(
    matter: Matter,
    person: Person,
    lift: Annotated[bool, typer.Option("--lift", help="Take the wall away again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Keep someone out of a matter, whatever group they are in."""
    from webapp.service.people_commands import ChangeMembers

    run_command(ChangeMembers(matter, "lift" if lift else "wall", person), as_json)


@matters.command("archive")
def matters_archive(
    matter: Matter,
    undo: Annotated[bool, typer.Option("--undo", help="Take it out of the archive again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put a matter into the archive: it is read, and no longer changed or asked."""
    from webapp.service.record_commands import ChangeArchive

    run_command(ChangeArchive(matter, not undo), as_json)


@matters.command("privilege")
def matters_privilege(
    matter: Matter,
    document: Document,
    undo: Annotated[bool, typer.Option("--undo", help="Let it into exports again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Keep a document out of exports as privileged."""
    from webapp.service.record_commands import ChangePrivilege

    run_command(ChangePrivilege(matter, document, not undo), as_json)


@matters.command("hold")
def matters_hold(
    matter: Matter,
    state: Annotated[Literal["on", "off"], typer.Argument(help="Whether nothing of it may be deleted.")],
    as_json: AsJson = False,
) -> None:
    """Put a matter on legal hold, under which nothing of it is deleted, or end the hold."""
    from webapp.service.record_commands import Hold

    run_command(Hold(matter, state == "on"), as_json)


@matters.command("retain")
def matters_retain(
    matter: Matter,
    days: Annotated[str, typer.Argument(help="Number of days, or none for no end.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Set after how many days conversations of a matter are deleted, and in the archive all of it."""
    from webapp.service.record_commands import Retain

    if days != "none" and not days.isdecimal():
        raise typer.BadParameter("give a number of days, or none", param_hint="DAYS")
    run_command(Retain(matter, None if days == "none" else int(days[:9])), as_json)
