"""Exports a conversation: its questions and answers as a result that `exports` writes to a file.

What draws on a privileged document is left out, and so is what was written with that in its prompt.
"""

from collections.abc import Collection
from datetime import UTC, datetime

from retrieval import Matter
from webapp.core.errors import NoSuchConversation
from webapp.core.results import AnswerResult, ConversationExport, ConversationRow, ExportedTurn
from webapp.service.workspace import Workspace
from webapp.store.audit import Act
from webapp.store.conversations import Conversation, SavedTurn, title_of
from webapp.store.users import User

LEFT_OUT = "Conversation"  # the title of one whose title is a question that is left out


def exported(workspace: Workspace, user: User, matter: Matter, conversation_id: str) -> ConversationExport:
    """A conversation of a matter that the user may read, to be taken along; recorded. Raises NoSuchConversation."""
    conversation = workspace.conversations.one(user, conversation_id)
    if conversation.matter_id != matter.id:
        raise NoSuchConversation()
    turns = workspace.conversations.turns(user, conversation.id)
    kept = may_leave(turns, workspace.sharing.privileged_in(user, matter.id))
    documents = list(dict.fromkeys(id_ for turn in kept for id_ in turn.answer.document_ids))
    workspace.audit.record_documents(
        user, Act.EXPORT, documents, matter_id=matter.id, object=conversation.id, what="conversation"
    )
    left_out = [turn for turn in turns if turn not in kept]
    is_left_out = any(conversation.title == title_of(turn.question) for turn in left_out)
    row = conversation_row(conversation)
    return ConversationExport(
        matter=matter.name,
        conversation=row.model_copy(update={"title": LEFT_OUT}) if is_left_out else row,
        exported_at=datetime.now(UTC),
        left_out=len(left_out),
        turns=tuple(
            ExportedTurn(
                id=turn.id,
                asked_at=turn.asked_at,
                question=turn.question,
                state=turn.state,
                rating=turn.rating,
                answer=turn.answer,
            )
            for turn in kept
        ),
    )


def conversation_row(conversation: Conversation) -> ConversationRow:
    """Row for a conversation."""
    return ConversationRow(
        id=conversation.id,
        title=conversation.title,
        created_at=conversation.created_at.isoformat(timespec="seconds"),
        shared=conversation.shared,
        author=conversation.author,
    )


def may_leave(turns: Collection[SavedTurn], privileged: Collection[str]) -> list[SavedTurn]:
    """The turns that have nothing of a privileged document: no place in one, and no earlier such turn in the prompt."""
    kept: list[SavedTurn] = []
    for number, turn in enumerate(turns):
        budget = turn.answer.budget if isinstance(turn.answer, AnswerResult) else None
        read_earlier = budget is not None and budget.history > 0
        may_leave = not turn.answer.document_ids & set(privileged)
        if may_leave and not (read_earlier and len(kept) < number):
            kept.append(turn)
    return kept
