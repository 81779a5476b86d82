"""Renders the document view as HTML: a page with its tools, an outline, defined terms, notes. Pure, as `chat` is."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from webapp.core.results import CiteRow, Item, PieceOfPage, Range
from webapp.core.urls import page_url, place_address, words_url
from webapp.core.wording import is_pdf, plural
from webapp.page.html.evidence import copy_link, file_link, heading, icon_button, image_sheet, steps, typed_sheet, zooms
from webapp.page.html.parts import NOTHING, about, lines, pin
from webapp.store.notes import LONGEST_NOTE, Note

MOST_HIGHLIGHTS = 64  # on one image


@dataclass(frozen=True, slots=True)
class Term:
    """A defined term that a page uses: what it means, the places on the page, and where it is defined."""

    term: str
    words: str
    places: tuple[Range, ...]
    defined: CiteRow
    span: Range


@dataclass(frozen=True, slots=True)
class Found:
    """What was searched for in a document: which of its mentions is shown, and of how many."""

    words: str
    position: int = 0
    count: int = 0
    note: str = ""  # where there is none, or not all were found


@dataclass(frozen=True, slots=True)
class OnPage:
    """A note, the page that it stands on, and whether that is the page that is shown."""

    note: Note
    page: int
    is_here: bool


@dataclass(frozen=True, slots=True)
class PageShown:
    """A page of a document as it is read: `row` cites the page, `span` is its text, `spans` are highlighted.

    `version`: of the text; `cited` are a turn, its items and the one that the reader came from; `told` answers a number
    that is no page's.
    """

    matter_id: str
    row: CiteRow
    about: str
    pages: int
    span: Range
    has_labels: bool
    spans: tuple[Range, ...] = ()
    at: int | None = None
    pieces: tuple[PieceOfPage, ...] = ()  # where the page has no image
    terms: tuple[Term, ...] = ()
    notes: tuple[OnPage, ...] = ()
    found: Found | None = None
    cited: tuple[str, Sequence[Item], int] | None = None
    told: str = ""
    may_note: bool = True
    sharing: bool = False  # other people may be in the matter


def page(shown: PageShown) -> Markup:
    """The document view at one page."""
    row = shown.row
    noun = "Page" if shown.has_labels else "Part"
    return Markup(
        '<div class="shown reader" data-document="{}"><div class="bar">{}<span class="acts">{}{}</span></div>'
        '<p class="where"><strong>{}</strong></p>{}{}{}{}<p class="links">{}{}</p>{}{}</div>'
    ).format(
        row.document_id,
        heading(f"{noun} {row.page} of {shown.pages}"),
        zooms(),
        icon_button(Markup('data-do="close-document"'), "Close the document", "close", "×"),
        row.document,
        about(shown.about),
        _cited(shown),
        _turning(shown, noun),
        _sheet(shown, noun),
        file_link(shown.matter_id, row.document_id, row.document, None if shown.pieces else row.page),
        copy_link(place_address(shown.matter_id, row.document_id, row.page, shown.spans[:1], version=row.text_version)),
        _terms(shown),
        _notes(shown),
    )


def outline(document_id: str, version: int, clauses: Sequence[tuple[str, int, int, int]], left_out: int) -> Markup:
    """The outline of a document: clauses as (label, depth, offset, page), with a button to each."""
    if not clauses:
        return NOTHING
    rows = lines(
        Markup(
            '<li data-depth="{}"><button type="button" class="open" data-do="read-document" data-document="{}" '
            'data-version="{}" data-page="{}" data-at="{}">{}</button></li>'
        ).format(min(depth, 4), document_id, version, page, offset, label)
        for label, depth, offset, page in clauses
    )
    more = (
        Markup('<p class="none">{} further down are left out.</p>').format(plural(left_out, "clause"))
        if left_out
        else NOTHING
    )
    return Markup(
        '<details class="outline"><summary>Outline <span class="count">{}</span></summary><ul>{}</ul>{}</details>'
    ).format(plural(len(clauses), "clause"), rows, more)


def _read(shown: PageShown, page: int, spans: Sequence[Range] = (), version: int = 0) -> Markup:
    """The act that shows another page, of the same text or of another version of it."""
    turn_id, _, item = shown.cited or ("", (), 0)
    return Markup(
        'data-do="read-document" data-document="{}" data-version="{}" data-page="{}" data-spans="{}" data-turn="{}" '
        'data-item="{}" data-words="{}"'
    ).format(
        shown.row.document_id,
        version or shown.row.text_version,
        page,
        _spans(spans),
        turn_id,
        item,
        shown.found.words if shown.found else "",
    )


def _spans(spans: Sequence[Range]) -> str:
    return " ".join(f"{start}-{end}" for start, end in spans)


def _cited(shown: PageShown) -> Markup:
    """The way back to the citation from which the reader came, and to those beside it."""
    if shown.cited is None:
        return NOTHING
    turn_id, items, at = shown.cited
    return Markup(
        '<p class="cited"><button type="button" class="quiet" data-do="cite" data-turn="{}" data-item="{}">Back to the '
        "citation</button>{}</p>"
    ).format(turn_id, at, steps(turn_id, items, at, ("cited-previous", "cited-next")))


def _turning(shown: PageShown, noun: str) -> Markup:
    """Page turning, and the search in the document."""
    row, number = shown.row, shown.row.page
    label = row.bates or row.page_label or str(number)
    in_file = f"{'PDF' if is_pdf(row.document) else 'file'} page {number} " if label != str(number) else ""
    turns = [
        icon_button(
            _read(shown, page) if 1 <= page <= shown.pages else Markup('aria-disabled="true"'), words, key, icon
        )
        for page, words, key, icon in (
            (number - 1, f"{noun} before", "previous", "‹"),
            (number + 1, f"{noun} after", "next", "›"),
        )
    ]
    return Markup(
        '<div class="tools"><form data-do="go-to-page" data-document="{}" data-version="{}" class="turning">{}'
        '<label><span class="unseen">Go to {}: its number, or what is printed on it</span>'
        '<input name="value" value="{}" maxlength="60" autocomplete="off" data-key-focus="g"></label>'
        '<span class="count">{}of {}</span>{}</form>{}</div>{}'
    ).format(
        row.document_id,
        row.text_version,
        turns[0],
        noun.lower(),
        label,
        in_file,
        shown.pages,
        turns[1],
        _find(shown),
        Markup('<p role="status" class="told">{}</p>').format(shown.told),
    )


def _find(shown: PageShown) -> Markup:
    found = shown.found or Found("")
    step = Markup(
        '<button type="button" class="icon" data-do="find-in-document" data-document="{}" data-version="{}" '
        'data-value="{}" data-found="{}" data-key="{}" aria-label="{}" title="{}"><span aria-hidden="true">{}</span>'
        "</button>"
    )
    steps = [
        step.format(shown.row.document_id, shown.row.text_version, found.words, to, key, words, words, icon)
        for to, key, words, icon in (
            (found.position - 1, "found-before", "Mention before", "↑"),
            (found.position + 1, "found-after", "Next mention", "↓"),
        )
        if found.count > 1
    ]
    count = found.note or (f"{found.position + 1} of {found.count:,}" if found.count else "")
    return Markup(
        '<form class="find" role="search" data-do="find-in-document" data-document="{}" data-version="{}" '
        'data-page="{}"><label><span class="unseen">Find in this document: exact words</span><input type="search" '
        'name="value" value="{}" placeholder="Find exact words" maxlength="300" autocomplete="off" data-key-focus="/">'
        '</label><button type="submit">Find</button><span class="count" role="status">{}</span>{}</form>'
    ).format(shown.row.document_id, shown.row.text_version, shown.row.page, found.words, count, lines(steps))


def _sheet(shown: PageShown, noun: str) -> Markup:
    row = shown.row
    label = f"{noun} {row.page} of {row.document}"
    if shown.pieces:
        return typed_sheet(row.document, shown.pieces, at=shown.at)
    image = page_url(
        shown.matter_id, row.document_id, row.page, shown.spans[:MOST_HIGHLIGHTS], version=row.text_version
    )
    placed = words_url(shown.matter_id, row.document_id, row.page, version=row.text_version)
    # What is scrolled to stands first.
    return image_sheet(image, placed, label, label, shown.spans, at=shown.at)


def _terms(shown: PageShown) -> Markup:
    """The defined terms that stand on the page; the script shows each where the pointer is on it, too."""
    if not shown.terms:
        return NOTHING
    rows = lines(
        Markup(
            '<dt data-places="{}">{} <button type="button" class="quiet" {} aria-label="Where {} is defined: {}">{}'
            "</button></dt><dd>{}</dd>"
        ).format(
            _spans(each.places),
            each.term,
            _read(shown, each.defined.page, [each.span]),
            each.term,
            pin(each.defined),
            pin(each.defined),
            each.words,
        )
        for each in shown.terms
    )
    return Markup(
        '<details class="terms"><summary>Defined terms here <span class="count">{}</span></summary>'
        "<dl>{}</dl></details>"
    ).format(len(shown.terms), rows)


def _notes(shown: PageShown) -> Markup:
    """The notes on the document, those on this page first, and the form for a new one."""
    here = lines(_note(shown, each) for each in shown.notes if each.is_here)
    elsewhere = lines(_note(shown, each) for each in shown.notes if not each.is_here)
    lists = [
        Markup('<ul aria-label="Notes {}">{}</ul>').format(where, rows)
        for where, rows in (("on this page", here), ("on other pages", elsewhere))
        if rows
    ]
    return Markup(
        '<details class="notes"{}><summary>Notes <span class="count">{}</span></summary>{}{}</details>'
    ).format(Markup(" open") if here else NOTHING, len(shown.notes), lines(lists), _note_form(shown))


def _note(shown: PageShown, each: OnPage) -> Markup:
    note = each.note
    whose = note.author or ("You, for this matter" if note.shared else "You")
    span = (note.span.start, note.span.end)
    delete = Markup(
        '<button type="button" class="icon" data-do="delete-note" data-document="{}" data-note="{}" aria-label="Delete '
        'the note “{}”" data-confirm="Delete this note?"><span aria-hidden="true">×</span></button>'
    ).format(note.span.document_id, note.id, note.words[:60])
    edit = Markup(
        '<details class="edit"><summary aria-label="Edit the note “{}”">Edit</summary><form class="changed-note" '
        'data-do="edit-note" data-document="{}" data-note="{}"><textarea name="value" rows="3" maxlength="{}" required '
        'aria-label="The note">{}</textarea><button type="submit">Keep the change</button></form></details>'
    ).format(note.words[:60], note.span.document_id, note.id, LONGEST_NOTE, note.words)
    return Markup(
        '<li data-places="{}"><button type="button" class="quiet" {}>{}{}</button>{}<p class="said">{}</p>{}</li>'
    ).format(
        _spans([span]) if each.is_here else "",
        _read(shown, each.page, [span], note.text_version),
        f"p. {each.page}, " if not each.is_here else "",
        whose,
        NOTHING if note.author else delete,
        note.words,
        NOTHING if note.author or not shown.may_note else edit,
    )


def _note_form(shown: PageShown) -> Markup:
    """The form for a note: on the words that are highlighted or, where none are, on the page. The script puts those in
    their place that are selected.
    """
    if not shown.may_note:
        return NOTHING
    share = (
        Markup('<label class="share"><input type="checkbox" name="share" value="yes"> For all in this matter</label>')
        if shown.sharing
        else NOTHING
    )
    about = "A note on the highlighted words" if shown.spans else "A note on this page"
    return Markup(
        '<form class="note" data-do="note" data-document="{}" data-version="{}" data-spans="{}">'
        '<label><span class="about-note">{}. Select other words to write one on these.</span>'
        '<textarea name="value" rows="3" maxlength="{}" required></textarea></label>{}'
        '<button type="submit">Keep the note</button></form>'
    ).format(
        shown.row.document_id,
        shown.row.text_version,
        _spans(shown.spans[:1] or [shown.span]),
        about,
        LONGEST_NOTE,
        share,
    )
