"""What was removed and can still be undone, as HTML."""

from collections.abc import Sequence

from markupsafe import Markup

from webapp.core.wording import plural
from webapp.page.html.parts import NOTHING, lines


def undoable(removals: Sequence[tuple[str, str, int, str]]) -> Markup:
    """A line for each removal: its id, the kind of what was removed, how many, and the name of one."""
    if not removals:
        return NOTHING
    rows = lines(
        Markup('<p><span>{}</span> <button type="button" data-do="undo" data-removal="{}">Undo</button></p>').format(
            _told(kind, count, name), id_
        )
        for id_, kind, count, name in removals
    )
    return Markup('<div class="undo" role="status">{}</div>').format(rows)


def _told(kind: str, count: int, name: str) -> str:
    if kind == "document":
        return f"“{name}” removed" if name else f"{plural(count, 'document')} removed"
    return f"Matter “{name}” deleted" if kind == "matter" else "Conversation deleted"
