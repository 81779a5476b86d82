"""The documents of a matter as the page lists them: a row each, and which of them a question is put to."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from retrieval import MEMBER, DocumentRecord, Facts, Matter, not_read
from webapp.core.urls import changes_url, pdf_url
from webapp.core.wording import notes_on, parties_of, plural
from webapp.page.html.listing import Listing, to_json

_COPY = re.compile(r" \(\d+\)(?=\.\w+\Z|\Z)")  # what tells a further file of one name from the first
_GRAVE = ("leaking_redaction", "hidden_text")
_ROWS_KEPT = 20_000  # rows that are kept as JSON: those of a matter are asked for at each poll of each page
# In which the list is sorted: the value that the script knows, and its name.
_ORDERS = (
    ("added", "As added"),
    ("latest", "Last added"),
    ("title", "By title"),
    ("name", "By file name"),
    ("newest", "Newest first"),
    ("oldest", "Oldest first"),
    ("longest", "Longest first"),
    ("state", "By state"),
)


def shell() -> Markup:
    """The list without its rows, which `documents.js` draws."""
    orders = Markup("").join(Markup('<option value="{}">{}</option>').format(*order) for order in _ORDERS)
    return Markup(
        '<section class="documents-list"><h2 id="documents-heading">Documents <span class="count"></span></h2>'
        '<div class="tools" hidden><input type="search" class="filter" autocomplete="off" maxlength="200" '
        'aria-label="Filter the documents" placeholder="Filter by title, party or name"></div>'
        '<div class="choice" hidden><label><input type="checkbox" class="choose-all" aria-label="Ask all documents">'
        '<span class="chosen"></span></label><select class="sort" aria-label="Order of the documents">{}</select>'
        '<button type="button" class="icon more" aria-label="More for the chosen documents" aria-haspopup="dialog">'
        '<span aria-hidden="true">⋯</span></button></div>'
        '<button type="button" class="quiet these" hidden></button>'
        '<div class="grid" role="grid" aria-labelledby="documents-heading"><div class="documents" role="rowgroup">'
        '</div></div><p class="none">None yet.</p>'
        '<div class="row-menu" popover role="dialog"></div></section>'
    ).format(orders)


def listing(
    matter: Matter | None,
    records: Sequence[DocumentRecord],
    facts: Mapping[str, Facts],
    privileged: Collection[str] = (),
    *,
    may_change: bool = True,
) -> Listing:
    """The documents of a matter, in the order in which they came.

    `privileged`: ids of those that are kept out of exports. `may_change`: they may be removed, paused, and so on.
    """
    earlier = _earlier_versions(records)
    about: dict[str, Any] = {"matter": matter.id if matter else "", "change": may_change}
    if matter:
        about["pdf"] = pdf_url(matter.id, "DOCUMENT")
        about["changes"] = changes_url(matter.id, "EARLIER", "DOCUMENT")
    rows = {}
    for record in records:
        known, before = facts.get(record.id), earlier.get(record.id)
        called = (known.title, tuple(party.name for party in known.parties), known.day) if known else ("", (), None)
        rows[record.id] = _row(record, called, (before.id, before.name) if before else None, record.id in privileged)
    return Listing.of(about, rows)


@lru_cache(maxsize=_ROWS_KEPT)
def _row(
    record: DocumentRecord,
    called: tuple[str, tuple[str, ...], date | None],
    earlier: tuple[str, str] | None,
    is_privileged: bool,
) -> Markup:
    """A document as JSON; what is empty is left out. `called`: its own title, parties and date."""
    title, parties, day = called
    notes = [] if record.outcome == "partly_read" else notes_on(record)  # which says it all
    is_ready = record.state == "ready"
    row = {
        "id": record.id,
        "name": record.name,
        "title": title,
        "parties": parties_of(parties),
        "date": day.isoformat() if day else "",
        "day": f"{day:%B} {day.day}, {day.year}" if day else "",
        "pages": record.pages,
        "page": 0 if is_ready else record.page,
        "state": record.state,
        "told": "" if is_ready else state_of(record),
        "unread": unread(record),
        "noted": _capital(", ".join(dict.fromkeys(word for word, _ in notes))),
        "notes": [text for _, text in notes],
        "grave": any(each.kind in _GRAVE for each in record.warnings) if notes else False,
        "privileged": is_privileged,
        "earlier": earlier[0] if earlier else "",
        "earlier_name": earlier[1] if earlier else "",
        "act": _act(record),
    }
    return to_json({name: value for name, value in row.items() if value})


def scope(matter: Matter, records: Sequence[DocumentRecord], chosen: Sequence[str] | None, reply: int = 0) -> Markup:
    """The scope of questions: a button that names it and leads to the list of documents, and which are chosen.

    `chosen`: their ids, None for all. `reply`: the number of the last choice that the page sent.
    """
    ids = None if chosen is None else set(chosen)
    ready = sum(record.state == "ready" and (ids is None or record.id in ids) for record in records)
    told: dict[str, Any] = {"reply": reply}
    if ids is not None:  # the fewer of the two: a matter may have thousands of documents
        some, others = (
            [each.id for each in records if each.id in ids],
            [each.id for each in records if each.id not in ids],
        )
        told |= {"only": some} if len(some) <= len(others) else {"besides": others}
    return Markup(
        '<button type="button" class="scope" '
        'title="Choose the documents to ask"><span class="label">Asking</span> {} – {:,} of {}</button>'
        "<pre hidden>{}</pre>"
    ).format(matter.name, ready, plural(len(records), "document"), to_json(told))


def state_of(record: DocumentRecord) -> str:
    """State of a document in words: "reading p. 12 of 80"."""
    if record.state == "reading" and record.pages:
        return f"reading p. {record.page} of {record.pages}"
    if record.state == "failed":
        words = "read in part" if record.outcome == "partly_read" else "failed"
        return f"{words}: {record.reason}" if record.reason else words
    return record.state if record.state in ("ready", "paused") else f"{record.state}…"


def unread(record: DocumentRecord) -> str:
    """Which pages of a document that is ready could not be read, or why it has no text."""
    warning = not_read(record.unreadable_pages, record.partly_read_pages) or record.reason
    return warning or "" if record.state == "ready" else ""


def _act(record: DocumentRecord) -> str:
    """What can be done with it: its work is paused, gone on with or tried again, or it is summarised."""
    match record.outcome:
        case "ready":
            return "summary" if len(record.unreadable_pages) < record.pages else ""
        case "partly_read":
            return ""
        case "paused":
            return "resume"
        case "failed":
            return "retry"
    return "pause"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


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
