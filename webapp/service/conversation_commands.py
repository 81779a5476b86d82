"""Commands about conversations: list and search, rename, export."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from webapp.core.errors import NoSuchConversation
from webapp.core.limits import check_name
from webapp.core.results import ConversationExport, ConversationRow
from webapp.core.stream import Event, Result
from webapp.service.command import Command

if TYPE_CHECKING:
    from retrieval import Matter
    from webapp.service.caller import Caller

SHORTEST_ID = 6  # characters of the beginning of an id that name a conversation


@dataclass(frozen=True)
class ListConversations(Command[ConversationRow], name="conversations"):
    """List the conversations of a matter that the user may read, or those that have all of some words."""

    matter: str
    words: str = ""

    def run(self, caller: "Caller") -> Iterator[Event[ConversationRow]]:
        """A result for each conversation, newest first."""
        from webapp.service.conversation_export import conversation_row

        matter = caller.matter(self.matter)
        for conversation in caller.workspace.conversations.search(caller.user, matter, self.words):
            yield Result(conversation_row(conversation))


@dataclass(frozen=True)
class RenameConversation(Command[ConversationRow], name="rename_conversation"):
    """Give a conversation of the user's another title."""

    matter: str
    conversation: str
    title: str

    def run(self, caller: "Caller") -> Iterator[Event[ConversationRow]]:
        """One result."""
        from webapp.service.conversation_export import conversation_row

        id_ = _id(caller, caller.matter(self.matter), self.conversation)
        yield Result(conversation_row(caller.workspace.conversations.rename(caller.user, id_, self.title)))


@dataclass(frozen=True)
class ExportConversation(Command[ConversationExport], name="export_conversation"):
    """Export a conversation with its answers and their places; what draws on privileged documents stays out."""

    matter: str
    conversation: str

    def run(self, caller: "Caller") -> Iterator[Event[ConversationExport]]:
        """One result."""
        from webapp.service.conversation_export import exported

        matter = caller.matter(self.matter)
        id_ = _id(caller, matter, self.conversation)
        yield Result(exported(caller.workspace, caller.user, matter, id_))


def _id(caller: "Caller", matter: "Matter", id_or_beginning: str) -> str:
    """The id of the one conversation that the user may read whose id begins so. Raises NoSuchConversation."""
    check_name(id_or_beginning)
    found = [each.id for each in caller.workspace.conversations.all(caller.user, matter)]
    found = [id_ for id_ in found if len(id_or_beginning) >= SHORTEST_ID and id_.startswith(id_or_beginning)]
    if len(found) != 1:
        raise NoSuchConversation()
    return found[0]
