"""Renders the palette as HTML: an empty dialog, which the page's script fills with what can be done and gone to."""

from markupsafe import Markup


def dialog() -> Markup:
    """The palette, closed. What it lists is a choice of places and of acts that the page offers elsewhere."""
    return Markup(
        '<dialog id="palette" aria-label="Go to, or do"><input type="text" role="combobox" aria-expanded="true" '
        'aria-controls="palette-list" aria-autocomplete="list" aria-label="Go to, or do" autocomplete="off" '
        'spellcheck="false" maxlength="200" placeholder="Go to a document, clause, conversation, matter, or do…">'
        '<ul id="palette-list" role="listbox" aria-label="Places and acts"></ul>'
        '<p class="hint"><span aria-hidden="true">↑ ↓ choose, Enter opens, Escape closes</span></p>'
        '<p role="status" class="unseen"></p></dialog>'
    )
