"""Renders the sidebar as HTML: matters, documents with their state, conversations, health. Pure, as `chat` is."""

import re
from collections.abc import Collection, Mapping, Sequence

from markupsafe import Markup

from retrieval import MEMBER, DocumentRecord, Facts, Matter, not_read
from webapp.core.urls import changes_url, pdf_url
from webapp.core.wording import about_document, notes_on, plural
from webapp.page.html.parts import NOTHING, about, lines
from webapp.store.conversations import Conversation

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
    "away": "The language model is not available. Questions are answered with key language from the documents.",
    "none": "Answers are quotations, because no writing model is set.",
}
_SIGNS = {"loading": "…", "away": "!", "none": "✓"}
_ICONS = {"waiting": "…", "paused": "‖", "reading": "▸", "indexing": "▸", "ready": "✓", "failed": "!"}


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
        Markup('<a class="people" href="/matters/{}/people">People</a>').format(chosen.id)
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
            'data-confirm="Delete the matter “{}” with all its documents and conversations?">Delete this matter'
            "</button>"
        ).format(chosen.id, chosen.name)
        if chosen
        else NOTHING
    )
    return Markup(
        '<label class="label" for="matter">Matter</label><select id="matter" data-change="matter">{}</select>{}'
        '<details class="more"><summary>New or delete</summary><form data-do="new-matter">'
        '<label class="label" for="new-matter">'
        'Name of a new matter</label><span class="row">'
        '<input id="new-matter" name="value" required maxlength="200" autocomplete="off">'
        '<button type="submit">Create</button></span></form>{}</details>'
    ).format(options, people, delete)


def documents(
    records: Sequence[DocumentRecord], facts: Mapping[str, Facts], privileged: Collection[str] = ()
) -> Markup:
    """List of the documents of a matter with their states, and below each name what the document calls itself.

    `privileged`: ids of those that are kept out of exports.
    """
    if not records:
        return Markup('<h2>Documents</h2><p class="none">None yet.</p>')
    earlier = _earlier_versions(records)
    return Markup('<h2>Documents <span class="count">{}</span></h2><ul class="documents">{}</ul>').format(
        len(records),
        lines(
            _document(record, facts.get(record.id), earlier.get(record.id), is_privileged=record.id in privileged)
            for record in records
        ),
    )


PRIVILEGED = Markup('<span class="privileged">Privileged: kept out of exports</span>')
_COPY = re.compile(r" \(\d+\)(?=\.\w+\Z|\Z)")  # what tells a further file of one name from the first


def _earlier_versions(records: Sequence[DocumentRecord]) -> dict[str, DocumentRecord]:
    """For ready documents, by id, the file of the same name that came last before, if it is ready: "Lease.pdf" of
    "Lease (2).pdf"; of what came in one container also that of another folder.
    """
    last: dict[tuple[str, str], DocumentRecord] = {}
    earlier: dict[str, DocumentRecord] = {}
    for record in records:
        if record.state == "ready":
            parts = _COPY.sub("", record.name).lower().split(MEMBER)
            file = parts[0], parts[-1]
            if file in last:
                earlier[record.id] = last[file]
            last[file] = record
    return earlier


def state_of(record: DocumentRecord) -> str:
    """State of a document in words: "reading p. 12 of 80"."""
    if record.state == "reading" and record.pages:
        return f"reading p. {record.page} of {record.pages}"
    if record.state == "failed":
        words = "read in part" if record.outcome == "partly_read" else "failed"
        return f"{words}: {record.reason}" if record.reason else words
    return record.state if record.state in ("ready", "paused") else f"{record.state}…"


def conversations(known: Sequence[Conversation], chosen: str, *, sharing: bool = False) -> Markup:
    """List of the conversations of a matter, newest first. `sharing`: other people may be in the matter."""
    rows = lines(_conversation_row(each, current=each.id == chosen, sharing=sharing) for each in known)
    content = (
        Markup('<ul class="conversations">{}</ul>').format(rows) if known else Markup('<p class="none">None yet.</p>')
    )
    return Markup(
        '<h2>Conversations</h2><button type="button" class="new" data-do="new">New conversation</button>{}'
    ).format(content)


def _conversation_row(each: Conversation, *, current: bool, sharing: bool) -> Markup:
    opened = Markup('<button type="button" class="open" data-do="open" data-conversation="{}"{}>{}</button>').format(
        each.id, Markup(' aria-current="true"') if current else NOTHING, each.title
    )
    if each.author is not None:
        return Markup('<li>{}<span class="author">{}</span></li>').format(opened, each.author)
    share = Markup(
        '<button type="button" class="quiet" data-do="share" data-conversation="{}" data-share="{}" aria-label="{} '
        'the conversation “{}”">{}</button>'
    ).format(
        each.id,
        "no" if each.shared else "yes",
        "Make private" if each.shared else "Share with this matter",
        each.title,
        "Shared" if each.shared else "Share",
    )
    delete = Markup(
        '<button type="button" class="icon" data-do="delete" data-conversation="{}" aria-label="Delete the '
        'conversation “{}”" data-confirm="Delete this conversation?"><span aria-hidden="true">×</span></button>'
    ).format(each.id, each.title)
    return Markup("<li>{}{}{}</li>").format(opened, share if sharing or each.shared else NOTHING, delete)


def scope(matter: Matter, ready: Sequence[DocumentRecord], of: int, chosen: Sequence[str] | None) -> Markup:
    """Scope of questions: a button that names it, and a list of documents to select."""
    ids = {record.id for record in ready}
    count = len(ids if chosen is None else ids & set(chosen))
    checked = None if chosen is None else set(chosen)
    boxes = lines(
        Markup(
            '<li><label><input type="checkbox" data-change="scope" value="{}"{}> <span>{}</span></label></li>'
        ).format(record.id, Markup(" checked") if checked is None or record.id in checked else NOTHING, record.name)
        for record in ready
    )
    return Markup(
        '<h2 class="unseen">Questions and answers</h2><button type="button" class="scope" popovertarget="scope-list" '
        'aria-haspopup="dialog"><span class="label">Asking</span> {} – {} of {}'
        '<span aria-hidden="true"> ▾</span></button><div id="scope-list" popover role="dialog" aria-label="Documents '
        'to ask">'
        '<h2>Documents to ask</h2><p><button type="button" class="quiet" data-do="all">Ask all of them</button></p>'
        "<ul>{}</ul>"
        '<p><button type="button" popovertarget="scope-list" popovertargetaction="hide">Done</button></p></div>'
    ).format(matter.name, count, plural(of, "document"), boxes)


def _changes(record: DocumentRecord, earlier: DocumentRecord | None) -> Markup:
    """Link to what changed since an earlier version."""
    if earlier is None:
        return NOTHING
    return Markup('<a class="quiet changes" href="{}" target="_blank">Changes from {}</a>').format(
        changes_url(record.matter_id, earlier.id, record.id), earlier.name
    )


def _document(
    record: DocumentRecord, facts: Facts | None, earlier: DocumentRecord | None, *, is_privileged: bool
) -> Markup:
    under_way = record.state in ("reading", "indexing") and record.pages
    bar = (
        Markup('<progress max="{}" value="{}" aria-label="{}"></progress>').format(
            record.pages, record.page, f"{record.name}: {state_of(record)}"
        )
        if under_way
        else NOTHING
    )
    return Markup(
        '<li data-state="{}" data-name="{}"><div class="what"><span class="name">{}</span>{}<span class="state">'
        '<span aria-hidden="true">{}'
        '</span> {}{}</span>{}{}{}</div><div class="acts"><a class="icon" href="{}" download="{}" aria-label="Download '
        '{}">'
        '<span aria-hidden="true">↓</span></a><button type="button" class="icon" data-do="remove" data-document="{}" '
        'aria-label="Remove {}" '
        'data-confirm="Remove “{}” from this matter?"><span aria-hidden="true">×</span></button></div></li>'
    ).format(
        record.state,
        record.name,
        record.name,
        about(about_document(facts)) + (PRIVILEGED if is_privileged else NOTHING),
        _ICONS[record.state],
        state_of(record),
        f", {plural(record.pages, 'page')}" if record.state == "ready" else "",
        bar,
        _unread(record) + _notes(record),
        (_work(record) or _summarise(record)) + _changes(record, earlier),
        pdf_url(record.matter_id, record.id),
        record.name,
        record.name,
        record.id,
        record.name,
        record.name,
    )


def _work(record: DocumentRecord) -> Markup:
    """Button that pauses a document on its way, goes on with it, or tries it again."""
    if record.outcome in ("ready", "partly_read"):
        return NOTHING
    named = {"document": record.id, "name": record.name}
    if record.state == "paused":
        return Markup(
            '<button type="button" class="quiet" data-do="resume" data-document="{document}" '
            'aria-label="Go on with {name}">Go on</button>'
        ).format(**named)
    if record.state == "failed":
        return Markup(
            '<button type="button" class="quiet" data-do="retry" data-document="{document}" '
            'aria-label="Try {name} again">Try again</button>'
        ).format(**named)
    return Markup(
        '<button type="button" class="quiet" data-do="pause" data-document="{document}" '
        'aria-label="Pause {name}">Pause</button>'
    ).format(**named)


def _summarise(record: DocumentRecord) -> Markup:
    if record.state != "ready" or len(record.unreadable_pages) == record.pages:
        return NOTHING
    return Markup(
        '<button type="button" class="quiet" data-do="summary" data-document="{}" aria-label="Summarise {}">'
        "Summarise</button>"
    ).format(record.id, record.name)


def _unread(record: DocumentRecord) -> Markup:
    """Which pages of a document that is ready could not be read, or why it has no text."""
    warning = not_read(record.unreadable_pages, record.partly_read_pages) or record.reason
    if record.state != "ready" or not warning:
        return NOTHING
    return Markup('<span class="unread"><span aria-hidden="true">!</span> {}</span>').format(warning)


def _notes(record: DocumentRecord) -> Markup:
    """What else has to be known of a document: in a word each, and in a sentence when it is opened."""
    notes = notes_on(record)
    if not notes or record.outcome == "partly_read":  # which says it all
        return NOTHING
    words = ", ".join(dict.fromkeys(word for word, _ in notes))
    is_grave = any(each.kind in ("leaking_redaction", "hidden_text") for each in record.warnings)
    sentences = lines(Markup("<li>{}</li>").format(text) for _, text in notes)
    return Markup('<details class="noted{}"><summary>{}</summary><ul>{}</ul></details>').format(
        " doubt" if is_grave else "", words[:1].upper() + words[1:], sentences
    )
