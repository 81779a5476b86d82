"""`pincite conversations`: lists, searches, renames and exports the conversations of a matter."""

from pathlib import Path
from typing import Annotated

import typer

from webapp.cli.execution import AsJson, Matter, executor, run_command, write_file

conversations = typer.Typer(help="List, search, rename and export conversations.", no_args_is_help=True)
Conversation = Annotated[
    str, typer.Argument(help="Id of a conversation, or its first six characters.", show_default=False)
]


@conversations.command("list")
def conversations_list(
    matter: Matter,
    search: Annotated[str, typer.Option(help="Those that have all of these words: in title, question or answer.")] = "",
    as_json: AsJson = False,
) -> None:
    """List the conversations of a matter that you may read, newest first."""
    from webapp.service.conversation_commands import ListConversations

    run_command(ListConversations(matter, search), as_json)


@conversations.command("rename")
def conversations_rename(
    matter: Matter,
    conversation: Conversation,
    title: Annotated[str, typer.Argument(help="The new title.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Give a conversation of yours another title."""
    from webapp.service.conversation_commands import RenameConversation

    run_command(RenameConversation(matter, conversation, title), as_json)


@conversations.command("export")
def conversations_export(
    matter: Matter,
    conversation: Conversation,
    out: Annotated[Path | None, typer.Option(help="Write it to this .docx, .html, .txt or .json file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Export a conversation: every question with its answer, citations and marks; print it without --out.

    Questions whose answers draw on privileged documents are left out.
    """
    from webapp.exports.conversation import WRITERS
    from webapp.service.conversation_commands import ExportConversation

    write = WRITERS.get(out.suffix.lower()) if out else None
    if out is not None and write is None:
        raise typer.BadParameter("the file is to end in .docx, .html, .txt or .json", param_hint="--out")
    command = ExportConversation(matter, conversation)
    if out is None or write is None:
        run_command(command, as_json)
        return
    from webapp.cli.terminal import results

    with executor(as_json) as run:
        for export in results(run(command), as_json=as_json):
            write_file(out, write(export))
