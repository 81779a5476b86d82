"""Writes a conversation that a command exports as a file: a Word memo, a page of HTML, text, or JSON for programs."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from webapp.core.results import ConversationExport
from webapp.core.wording import plural
from webapp.exports import memo
from webapp.exports.paper import LEFT_OUT, Origin, Paper, paper_of
from webapp.exports.plain_text import to_text
from webapp.exports.rich_text import to_page


def paper_of_export(export: ConversationExport) -> Paper:
    """The paper of a conversation; it says how many questions are left out."""
    if not export.turns:
        return Paper(export.conversation.title, (), (), (LEFT_OUT.format(plural(export.left_out, "question")),))
    origin = Origin(export.matter, export.conversation.author or "")
    return replace(paper_of(export.turns, origin, left_out=export.left_out), title=export.conversation.title)


def _to_docx(export: ConversationExport) -> bytes:
    asked = [turn.asked_at for turn in export.turns]
    who = export.conversation.author or ""
    return memo.to_docx(paper_of_export(export), who=who, at=asked[0] if asked else export.exported_at)


WRITERS: Mapping[str, Callable[[ConversationExport], bytes]] = {
    ".docx": _to_docx,
    ".html": lambda export: to_page(paper_of_export(export)).encode(),
    ".txt": lambda export: f"{to_text(paper_of_export(export))}\n".encode(),
    ".json": lambda export: f"{export.line()}\n".encode(),
}
