"""Renders the sidebar as HTML, but for its lists: matters, health, who is signed in. Pure, as `chat` is."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from retrieval import DocumentRecord, Matter
from webapp.page.html.parts import NOTHING, lines

# Messages about stores, search and language model, by state; there is none for "ready".
_SEARCH = {
    "loading": "Search is starting. Answers will follow in a moment.",
    "away": "Search is unavailable. Retrying…",
}
_STORES = {
    "loading": "Opening the database…",
    "away": "The database is unavailable. Retrying…",
}
_ENGINE = {
    "loading": "The language model is starting.",
    "away": "The language model is not available.",
    "none": "Ready",  # the line below the question box says the rest
}
_SIGNS = {"loading": "…", "away": "!", "none": "✓"}


def health(states: Mapping[str, str]) -> Markup:
    """Health of the server in one line: the first problem, or "Ready"; without a language model it is ready, too."""
    for part, messages in (("stores", _STORES), ("embedder", _SEARCH), ("engine", _ENGINE)):
        if message := messages.get(states.get(part, "")):
            state = states[part]
            return Markup('<p class="health" data-state="{}"><span aria-hidden="true">{}</span> {}</p>').format(
                state, _SIGNS[state], message
            )
    return Markup('<p class="health" data-state="ready"><span aria-hidden="true">✓</span> Ready</p>')


def demo(*, framed: bool) -> Markup:
    """Notice to guests of the demo. `framed`: the page may be shown in a frame of another site."""
    tab = (
        Markup(' <a class="framed-only" href="/" target="_blank" rel="noopener">Open it in a tab of its own</a>')
        if framed
        else NOTHING
    )
    return Markup(
        '<p class="demo"><strong>This is a demo on someone else’s server.</strong> Only you can see what you add; '
        "it is deleted after an hour. Do not add confidential documents.{}</p>"
    ).format(tab)


def account(name: str, token: str) -> Markup:
    """Who is signed in, with a link to their account and the form that signs out; `token` is the form's."""
    return Markup(
        '<div class="account"><span class="name">{}</span> <a class="quiet" href="/account">Account</a>'
        '<form method="post" action="/sign-out"><input type="hidden" name="form" value="{}">'
        '<button type="submit" class="quiet">Sign out</button></form></div>'
    ).format(name, token)


def matters(known: Sequence[Matter], chosen: Matter | None, *, sharing: bool = False) -> Markup:
    """Selection of the matter, a form for a new one, and a button to delete the open one.

    `sharing`: with a link to its people.
    """
    people = (
        Markup('<a class="people quiet" href="/matters/{}/people">People</a>').format(chosen.id)
        if sharing and chosen
        else NOTHING
    )
    options = lines(
        Markup('<option value="{}"{}>{}</option>').format(
            matter.id, Markup(" selected") if chosen and matter.id == chosen.id else NOTHING, matter.name
        )
        for matter in known
    )
    delete = (
        Markup(
            '<button type="button" class="quiet" data-do="delete-matter" data-matter="{}" '
            'aria-label="Delete this matter">Delete</button>'
        ).format(chosen.id)
        if chosen
        else NOTHING
    )
    return Markup(
        '<label class="label" for="matter">Matter</label><select id="matter" data-change="matter">{}</select>'
        '<div class="matter-acts"><details class="more"><summary>New matter</summary><form data-do="new-matter">'
        '<label class="label" for="new-matter">Name of the matter</label><span class="row">'
        '<input id="new-matter" name="value" required maxlength="200" autocomplete="off">'
        '<button type="submit">Create</button></span></form></details>{}{}</div>'
    ).format(options, people, delete)


def folder() -> Markup:
    """The button that adds a whole folder, and the field that the browser asks for one; `folders.js` sends it."""
    return Markup(
        '<p class="folder-entry"><button type="button" class="quiet" data-folder>Add a folder</button>'
        '<input type="file" data-folder webkitdirectory multiple hidden aria-hidden="true" tabindex="-1"></p>'
    )


def reading(records: Sequence[DocumentRecord]) -> Markup:
    """How many of the documents are read, while some are not."""
    coming = sum(record.state in ("waiting", "reading", "indexing") for record in records)
    if not coming:
        return NOTHING
    done = len(records) - coming
    words = f"{done:,} of {len(records):,} read"
    return Markup('<p class="reading">{}</p><progress max="{}" value="{}" aria-label="{}"></progress>').format(
        words, len(records), done, words
    )
