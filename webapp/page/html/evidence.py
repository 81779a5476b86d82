"""Renders the evidence panel as HTML: page image with highlights, pin cite, passage as text. Pure, as `chat` is.

All that the panel shows begins alike, so that the heading keeps the keyboard focus when gradio patches one into the
other.
"""

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

from webapp.core.results import Item, PassageRow, PieceOfPage, Range, SameWordsRow, Spanned
from webapp.core.urls import page_url, pdf_url, place_address, words_url
from webapp.core.wording import cite, is_pdf
from webapp.page.html.parts import NOTHING, about, lines, pin, standing


def nothing_chosen() -> Markup:
    """Evidence panel before a citation is chosen."""
    return Markup(
        '<div class="shown"><div class="bar">{}</div><p class="none" data-nothing>Choose a citation to see its words '
        "on the page, or a document to read it.</p></div>"
    ).format(heading("Evidence"))


def heading(words: str) -> Markup:
    """Heading of the panel, which is read out when it changes."""
    return Markup('<h2 id="evidence-heading" tabindex="-1" aria-live="polite">{}</h2>').format(words)


def evidence(matter_id: str, turn_id: str, items: Sequence[Item], at: int, words: str) -> Markup:
    """Evidence panel for the item of a turn at that position. `words` are its words; empty if the document is gone."""
    item = items[at]
    return Markup('<div class="shown"><div class="bar">{}<span class="acts">{}{}</span></div>{}{}{}</div>').format(
        heading(_name(items, at)),
        steps(turn_id, items, at),
        zooms(),
        _source(matter_id, turn_id, item, at, words),
        _beside(turn_id, items, at),
        _passages(turn_id, items, at),
    )


def side_by_side(
    matter_id: str, turn_id: str, items: Sequence[Item], at: tuple[int, int], words: tuple[str, str]
) -> Markup:
    """Two items of a turn beside one another, on a narrow window one below the other."""
    sources = lines(
        Markup('<section class="source"><h3>{}</h3>{}</section>').format(
            _name(items, each), _source(matter_id, turn_id, items[each], each, own)
        )
        for each, own in zip(at, words, strict=True)
    )
    return Markup(
        '<div class="shown"><div class="bar">{}<span class="acts">{}<button type="button" class="quiet" data-do="cite" '
        'data-turn="{}" data-item="{}">Show one</button></span></div><div class="pair">{}</div></div>'
    ).format(heading(" and ".join(_name(items, each) for each in at)), zooms(), turn_id, at[0], sources)


def _name(items: Sequence[Item], at: int) -> str:
    same_kind = _same_kind(items, at)
    return f"{items[at].kind} {same_kind.index(at) + 1} of {len(same_kind)}"


def _same_kind(items: Sequence[Item], at: int) -> list[int]:
    return [index for index, other in enumerate(items) if other.kind == items[at].kind]


def steps(turn_id: str, items: Sequence[Item], at: int, keys: tuple[str, str] = ("previous", "next")) -> Markup:
    """Buttons to the previous and the next item of the same kind; `keys` name them for the keyboard."""
    same_kind = _same_kind(items, at)
    position = same_kind.index(at)
    previous = same_kind[position - 1] if position else None
    following = same_kind[position + 1] if position + 1 < len(same_kind) else None
    before = _to(turn_id, previous, "Previous citation", keys[0], "‹")
    return before + _to(turn_id, following, "Next citation", keys[1], "›")


def zooms() -> Markup:
    """Buttons that change how large pages are shown, in this window alone."""
    return lines(
        Markup(
            '<button type="button" class="icon" data-zoom-by="{}" data-key="{}" aria-label="{}" title="{}">'
            '<span aria-hidden="true">{}</span></button>'
        ).format(by, key, words, words, icon)
        for by, key, words, icon in (
            ("-1", "smaller", "Smaller", "−"),
            ("1", "larger", "Larger", "+"),
            ("0", "fit", "Fit the width", "↔"),
        )
    )


def _source(matter_id: str, turn_id: str, item: Item, at: int, words: str) -> Markup:
    """Where the words of an item stand, and their page."""
    if item.row.removed or isinstance(item.row, SameWordsRow):
        body = _removed()
    else:
        body = _links(matter_id, turn_id, item, item.row, at) + _body(matter_id, item, item.row, words, at)
    return Markup('<p class="where"><strong>{}</strong> {}</p>{}{}{}').format(
        cite(item.row), standing(item.mark) if item.mark else NOTHING, about(item.about), _notes(item.notes), body
    )


def _links(matter_id: str, turn_id: str, item: Item, row: Spanned, at: int) -> Markup:
    """Ways on from a citation: the pages around it, the file, a link to the place."""
    spans = " ".join(f"{start}-{end}" for start, end in row.spans)
    turns = lines(
        Markup(
            '<button type="button" class="quiet" data-do="read-document" data-document="{}" data-version="{}" '
            'data-page="{}" data-spans="{}" data-turn="{}" data-item="{}">{}</button>'
        ).format(row.document_id, row.text_version, page, on_page, turn_id, at, words)
        for page, on_page, words in (
            (row.page - 1, "", "Page before"),
            (row.page, spans, "Read the document"),
            (row.page + 1, "", "Page after"),
        )
        if 1 <= page <= item.pages
    )
    return Markup('<p class="links">{}{}{}</p>').format(
        turns,
        file_link(matter_id, row.document_id, row.document, None if item.page_text else row.page),
        copy_link(place_address(matter_id, row.document_id, row.page, row.spans, version=row.text_version)),
    )


def file_link(matter_id: str, document_id: str, document: str, page: int | None) -> Markup:
    """Link to the original; of a PDF at its `page`, which is None for a file that has no page images."""
    words = "Open the PDF at this page" if page and is_pdf(document) else "Open the file"
    address = pdf_url(matter_id, document_id, page)
    return Markup('<a href="{}" target="_blank" rel="noopener">{}</a>').format(address, words)


def copy_link(address: str) -> Markup:
    """Button that copies a link to a place, which the page's script makes of its address."""
    return Markup(
        '<button type="button" class="quiet" data-link="{}" title="A link to this place, for those who may read the '
        'matter">Copy link</button>'
    ).format(address)


def _body(matter_id: str, item: Item, row: Spanned, words: str, at: int) -> Markup:
    if item.page_text:
        return typed_sheet(row.document, item.page_text)
    image = page_url(matter_id, row.document_id, row.page, row.spans, version=row.text_version)
    placed = words_url(matter_id, row.document_id, row.page, version=row.text_version)
    text = Markup('<section class="words"><h3>As text</h3><blockquote>{}</blockquote></section>').format(words)
    alt = f"Page {row.page}, with the cited words highlighted"
    label = f"Page {row.page} of {row.document}, source {at + 1}"  # two sources may stand on one page
    sheet = image_sheet(image, placed, label, alt, row.spans)
    return sheet + (text if words else NOTHING)  # a page without text


def image_sheet(
    image: str, words: str, label: str, alt: str, spans: Iterable[Range] = (), *, at: int | None = None
) -> Markup:
    """The image of a page. The script lays its words over it, from the URL `words`, and scrolls to the first of the
    spans or to the offset `at`.
    """
    return Markup(
        '<div class="sheet" tabindex="0" role="region" aria-label="{}" data-words="{}" data-spans="{}" data-at="{}">'
        '<div class="paper"><img src="{}" alt="{}"></div>'
        '<p class="broken">This page cannot be shown as an image. Open the file instead.</p></div>'
    ).format(
        label,
        words,
        " ".join(f"{start}-{end}" for start, end in spans if start < end),
        "" if at is None else at,
        image,
        alt,
    )


def typed_sheet(document: str, pieces: Sequence[PieceOfPage], *, at: int | None = None) -> Markup:
    """The page of a file that has no page images, as text with the cited words marked."""
    return Markup(
        '<div class="sheet" tabindex="0" role="region" aria-label="Text of {}" data-at="{}"><div class="typed">{}</div>'
        "</div>"
    ).format(document, "" if at is None else at, lines(map(_piece, pieces)))


def _piece(piece: PieceOfPage) -> Markup:
    """Of what stands in the document's text, with its offset there."""
    if piece.is_struck:
        return Markup("<del>{}</del>").format(_marked(piece))
    return Markup('<span data-from="{}">{}</span>').format("" if piece.start is None else piece.start, _marked(piece))


def _marked(piece: PieceOfPage) -> Markup:
    return Markup("<mark>{}</mark>").format(piece.text) if piece.is_cited else escape(piece.text)


def _notes(notes: Sequence[str]) -> Markup:
    """What is known of the words beside them: filled in on a form, deleted, a comment."""
    if not notes:
        return NOTHING
    return Markup('<ul class="noted">{}</ul>').format(lines(Markup("<li>{}</li>").format(note) for note in notes))


def _removed() -> Markup:
    return Markup('<p class="none">This document was removed from the matter. Its page cannot be shown.</p>')


def _beside(turn_id: str, items: Sequence[Item], at: int) -> Markup:
    """The other places of a turn, each to be put beside the one that is shown."""
    others = [(index, each.row) for index, each in enumerate(items) if index != at and not each.row.removed]
    if not others:
        return NOTHING
    rows = lines(
        Markup(
            '<li><button type="button" class="open" data-do="beside" data-turn="{}" data-item="{}" data-other="{}">{}: '
            "{}</button></li>"
        ).format(turn_id, at, index, _name(items, index), cite(row))
        for index, row in others[:MOST_BESIDE]
    )
    return Markup(
        '<details class="beside"><summary>Put another source beside it</summary><ul>{}</ul></details>'
    ).format(rows)


MOST_BESIDE = 60  # places that are offered


def _passages(turn_id: str, items: Sequence[Item], at: int) -> Markup:
    all_rows = enumerate(item.row for item in items)
    passages = [(index, row) for index, row in all_rows if isinstance(row, PassageRow)]
    if not passages:
        return NOTHING
    rows = lines(
        Markup(
            '<li><button type="button" class="open" data-do="cite" data-turn="{}" data-item="{}"{}>{}, '
            "{}{}</button></li>"
        ).format(
            turn_id,
            index,
            Markup(' aria-current="true"') if index == at else NOTHING,
            row.document,
            pin(row),
            f" ({row.why})" if row.why else NOTHING,
        )
        for index, row in passages
    )
    return Markup('<section class="read"><h3>Passages read</h3><ul>{}</ul></section>').format(rows)


def _to(turn_id: str, item: int | None, words: str, key: str, icon: str) -> Markup:
    """Button to another item. A disabled one keeps the keyboard focus, and does nothing."""
    act = Markup('data-do="cite" data-turn="{}" data-item="{}"').format(turn_id, item)
    return icon_button(Markup('aria-disabled="true"') if item is None else act, words, key, icon)


def icon_button(act: Markup, words: str, key: str, icon: str) -> Markup:
    """A button with a sign, named by words; `key` names it for the keyboard."""
    return Markup(
        '<button type="button" class="icon" {} data-key="{}" aria-label="{}" title="{}"><span aria-hidden="true">{}'
        "</span></button>"
    ).format(act, key, words, words, icon)
