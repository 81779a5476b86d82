"""Finds by name what the palette can go to: matters of the user, and documents and conversations of one matter."""

from collections.abc import Iterable, Iterator

from webapp.core.results import Row
from webapp.service.workspace import Workspace
from webapp.store.users import User

MOST_OF_A_KIND = 12
_TITLE = 80  # characters


class PlaceRow(Row):
    """A place that the palette goes to: its kind, its name, what tells it from others, and its id."""

    kind: str
    name: str
    note: str
    id: str


def places(workspace: Workspace, user: User, matter_id: str, words: str) -> Iterator[PlaceRow]:
    """The documents and conversations of a matter, and the user's matters, whose names have all of these words.

    Raises NoSuchMatter.
    """
    matter = workspace.access.matter_by_id(user, matter_id)
    records = workspace.access.documents(user, matter)
    facts = workspace.library.facts_of(records)
    titles = {record.id: facts[record.id].title[:_TITLE] if record.id in facts else "" for record in records}
    ready = (PlaceRow(kind="document", name=r.name, note=titles[r.id], id=r.id) for r in records if r.state == "ready")
    known = workspace.conversations.all(user, matter)
    talks = (PlaceRow(kind="conversation", name=each.title, note=each.author or "", id=each.id) for each in known)
    matters = (PlaceRow(kind="matter", name=each.name, note="", id=each.id) for each in workspace.access.matters(user))
    for of_kind in (ready, talks, matters):
        yield from _matching(of_kind, words.casefold().split())


def _matching(rows: Iterable[PlaceRow], words: list[str]) -> list[PlaceRow]:
    """Rows that have all words; those whose names begin with the first of them come first."""
    fitting = [row for row in rows if all(word in f"{row.name} {row.note}".casefold() for word in words)]
    fitting.sort(key=lambda row: not (words and row.name.casefold().startswith(words[0])))
    return fitting[:MOST_OF_A_KIND]
