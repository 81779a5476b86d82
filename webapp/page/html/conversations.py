"""The conversations of a matter as the page lists them: a row each, which the script draws."""

from collections.abc import Collection, Sequence

from markupsafe import Markup

from webapp.page.html.listing import Listing, to_json
from webapp.store.conversations import Conversation


def shell() -> Markup:
    """The list without its rows, which `conversations.js` draws."""
    return Markup(
        '<section class="conversations-list"><h2 id="conversations-heading">Conversations <span class="count"></span>'
        '</h2><button type="button" class="new" data-do="new">New conversation</button>'
        '<div class="tools" hidden><input type="search" class="filter" autocomplete="off" maxlength="200" '
        'aria-label="Search the conversations" placeholder="Search the conversations"></div>'
        '<div class="grid" role="grid" aria-labelledby="conversations-heading">'
        '<div class="conversations" role="rowgroup"></div></div><p class="none">None yet.</p>'
        '<div class="row-menu" popover role="dialog"></div></section>'
    )


def listing(
    known: Sequence[Conversation], chosen: str, *, sharing: bool = False, found: tuple[str, Collection[str]] = ("", ())
) -> Listing:
    """The conversations of a matter, which come newest first, oldest first; `chosen` is shown.

    `sharing`: other people may be in the matter. `found`: words that were searched for, and the ids of what has them.
    """
    about = {"chosen": chosen, "sharing": sharing, "words": found[0], "found": sorted(found[1])}
    return Listing.of(about, {each.id: _row(each) for each in reversed(known)})


def _row(each: Conversation) -> Markup:
    row = {
        "id": each.id,
        "title": each.title,
        "at": each.created_at.isoformat(timespec="seconds"),
        "shared": each.shared,
        "author": each.author or "",
    }
    return to_json({name: value for name, value in row.items() if value})
