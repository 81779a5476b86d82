"""`pincite groups` and `pincite users`: groups of people, and the accounts with which they sign in."""

from typing import Annotated

import typer

from webapp.cli.execution import AsJson, Person, run_command

groups = typer.Typer(help="List, create and delete groups of people, and say who is in them.", no_args_is_help=True)
users = typer.Typer(
    help="List, add, disable and enable people who sign in, and set their passwords.", no_args_is_help=True
)
Group = Annotated[str, typer.Argument(help="Name of a group.", show_default=False)]


@groups.command("list")
def groups_list(as_json: AsJson = False) -> None:
    """List the groups, with who is in them."""
    from webapp.service.people_commands import Groups

    run_command(Groups(), as_json)


@groups.command("create")
def groups_create(group: Group, as_json: AsJson = False) -> None:
    """Create an empty group."""
    from webapp.service.people_commands import Groups

    run_command(Groups("create", group), as_json)


@groups.command("delete")
def groups_delete(group: Group, as_json: AsJson = False) -> None:
    """Delete a group; its people are in no matter through it any more."""
    from webapp.service.people_commands import Groups

    run_command(Groups("delete", group), as_json)


@groups.command("add")
def groups_add(group: Group, person: Person, as_json: AsJson = False) -> None:
    """Put someone into a group."""
    from webapp.service.people_commands import Groups

    run_command(Groups("add", group, person), as_json)


@groups.command("remove")
def groups_remove(group: Group, person: Person, as_json: AsJson = False) -> None:
    """Take someone out of a group."""
    from webapp.service.people_commands import Groups

    run_command(Groups("remove", group, person), as_json)


@users.command("list")
def users_list(as_json: AsJson = False) -> None:
    """List the people who have an account, or whom a proxy named."""
    from webapp.service.people_commands import ListUsers

    run_command(ListUsers(), as_json)


@users.command("add")
def users_add(
    email: Annotated[str, typer.Argument(help="E-mail address with which they sign in.", show_default=False)],
    name: Annotated[str, typer.Option(help="Their name; without it the address.", show_default=False)] = "",
    administrator: Annotated[bool, typer.Option("--administrator", help="They may add and disable people.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add a person, and print a link with which they set their password; nothing is sent by e-mail."""
    from webapp.service.people_commands import AddUser

    run_command(AddUser(email, name, administrator), as_json)


@users.command("passwd")
def users_passwd(
    person: Person,
    ask_here: Annotated[bool, typer.Option("--ask", help="Ask for the password here instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print a link with which a person sets a new password, or ask for one here. Their sessions end when it is set."""
    from webapp.service.people_commands import SetPassword

    password = typer.prompt("New password", hide_input=True, confirmation_prompt=True, err=True) if ask_here else None
    run_command(SetPassword(person, password), as_json)


@users.command("disable")
def users_disable(
    person: Person,
    hand_over_to: Annotated[
        str | None, typer.Option(help="Who gets their matters; they leave all others, and all groups.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let a person sign in no longer; their sessions and links end at once."""
    from webapp.service.people_commands import ChangeUser

    run_command(ChangeUser(person, "disable", hand_over_to), as_json)


@users.command("enable")
def users_enable(person: Person, as_json: AsJson = False) -> None:
    """Let a person sign in again who was disabled."""
    from webapp.service.people_commands import ChangeUser

    run_command(ChangeUser(person, "enable"), as_json)
