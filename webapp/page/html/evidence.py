"""Renders the evidence panel as HTML: page image with highlights, pin cite, passage as text. Pure, as `chat` is."""

from collections.abc import Sequence

from markupsafe import Markup, escape

from webapp.core.results import Item, PassageRow, PieceOfPage, SameWordsRow, Spanned
from webapp.core.urls import page_url, pdf_url
from webapp.core.wording import cite, is_pdf
from webapp.page.html.parts import NOTHING, about, lines, pin, standing

ZOOMS = (0.75, 1.0, 1.5, 2.0, 3.0)


def nothing_chosen() -> Markup:
    """Evidence panel before a citation is chosen."""
    return Markup(
        '<h2 id="evidence-heading" tabindex="-1" aria-live="polite">Evidence</h2><p class="none" data-nothing>Choose '
        "a citation to see its words on the page.</p>"
    )


def evidence(matter_id: str, turn_id: str, items: Sequence[Item], at: int, words: str, zoom: float) -> Markup:
    """Evidence panel for the item of a turn at that position. `words` are its words; empty if the document is gone."""
    item = items[at]
    same_kind = [index for index, other in enumerate(items) if other.kind == item.kind]
    position = same_kind.index(at)
    if item.row.removed or isinstance(item.row, SameWordsRow):
        body = _removed()
    else:
        body = _page_text(matter_id, item, zoom) if item.page_text else _page(matter_id, item.row, words, zoom)
    return Markup(
        '<div class="bar"><h2 id="evidence-heading" tabindex="-1" aria-live="polite">{} {} of {}</h2>'
        '<span class="acts">{}{}{}{}</span></div>'
        '<p class="where"><strong>{}</strong> {}</p>{}{}{}{}'
    ).format(
        item.kind,
        position + 1,
        len(same_kind),
        _to(turn_id, same_kind[position - 1] if position else None, zoom, "Previous", "previous", "‹"),
        _to(turn_id, same_kind[position + 1] if position + 1 < len(same_kind) else None, zoom, "Next", "next", "›"),
        _to(turn_id, at, _step(zoom, -1), "Smaller", "smaller", "−"),
        _to(turn_id, at, _step(zoom, +1), "Larger", "larger", "+"),
        cite(item.row),
        standing(item.mark) if item.mark else NOTHING,
        about(item.about),
        _notes(item.notes),
        body,
        _passages(turn_id, items, at, zoom),
    )


def _page(matter_id: str, row: Spanned, words: str, zoom: float) -> Markup:
    image = page_url(matter_id, row.document_id, row.page, row.spans, zoom, version=row.text_version)
    text = Markup('<section class="words"><h3>As text</h3><blockquote>{}</blockquote></section>').format(words)
    return Markup(
        '<p class="links"><a href="{}" target="_blank" rel="noopener">{}</a></p>'
        '<div class="sheet" tabindex="0" role="region" aria-label="Page {} of {}"><img src="{}" alt="Page {}, with the '
        'cited words highlighted" '
        'data-zoom="{:g}"><p class="broken">This page cannot be shown as an image. Open the file instead.</p></div>{}'
    ).format(
        pdf_url(matter_id, row.document_id, row.page),
        "Open the PDF at this page" if is_pdf(row.document) else "Open the file",
        row.page,
        row.document,
        image,
        row.page,
        zoom,
        text if words else NOTHING,  # a page without text
    )


def _page_text(matter_id: str, item: Item, zoom: float) -> Markup:
    """The page of a file that has no page images, as text with the cited words marked."""
    pieces = [_piece(each) for each in item.page_text]
    return Markup(
        '<p class="links"><a href="{}" target="_blank" rel="noopener">Open the file</a></p>'
        '<div class="sheet" tabindex="0" role="region" aria-label="Text of {}"><div class="typed" data-zoom="{:g}">{}'
        "</div></div>"
    ).format(pdf_url(matter_id, item.row.document_id), item.row.document, zoom, Markup("").join(pieces))


def _piece(piece: PieceOfPage) -> Markup:
    text = Markup("<mark>{}</mark>").format(piece.text) if piece.is_cited else escape(piece.text)
    return Markup("<del>{}</del>").format(text) if piece.is_struck else text


def _notes(notes: Sequence[str]) -> Markup:
    """What is known of the words beside them: filled in on a form, deleted, a comment."""
    if not notes:
        return NOTHING
    return Markup('<ul class="noted">{}</ul>').format(lines(Markup("<li>{}</li>").format(note) for note in notes))


def _removed() -> Markup:
    return Markup('<p class="none">This document was removed from the matter. Its page cannot be shown.</p>')


def _passages(turn_id: str, items: Sequence[Item], at: int, zoom: float) -> Markup:
    all_rows = enumerate(item.row for item in items)
    passages = [(index, row) for index, row in all_rows if isinstance(row, PassageRow)]
    if not passages:
        return NOTHING
    rows = lines(
        Markup(
            '<li><button type="button" class="open" data-do="cite" data-turn="{}" data-item="{}" data-zoom="{:g}"{}>{} '
            "{}, {}{}</button></li>"
        ).format(
            turn_id,
            index,
            zoom,
            Markup(' aria-current="true"') if index == at else NOTHING,
            row.n,
            row.document,
            pin(row),
            f" ({row.why})" if row.why else NOTHING,
        )
        for index, row in passages
    )
    return Markup('<section class="read"><h3>Passages read</h3><ul>{}</ul></section>').format(rows)


def _step(zoom: float, by: int) -> float | None:
    at = min(range(len(ZOOMS)), key=lambda index: abs(ZOOMS[index] - zoom)) + by
    return ZOOMS[at] if 0 <= at < len(ZOOMS) else None


def _to(turn_id: str, item: int | None, zoom: float | None, words: str, key: str, icon: str) -> Markup:
    """Button to another item or zoom. A disabled one keeps the keyboard focus, and does nothing."""
    act = Markup('data-do="cite" data-turn="{}" data-item="{}" data-zoom="{}"').format(turn_id, item, zoom)
    disabled = item is None or zoom is None
    return Markup(
        '<button type="button" class="icon" {} data-key="{}" aria-label="{}" title="{}"><span aria-hidden="true">{}'
        "</span></button>"
    ).format(Markup('aria-disabled="true"') if disabled else act, key, words, words, icon)
