"""What all of the page's HTML is made with: pieces in a row, pin cites, how a citation stands,
a button to its place.
"""

from collections.abc import Iterable

from markupsafe import Markup

from webapp.core import wording
from webapp.core.results import CitationRow, Cited, Paged, Quoting

NOTHING = Markup("")
LONGEST_HEADING = 28  # characters, on a chip

# How a citation stands: its class, its icon, and the same in words.
WORD_FOR_WORD = ("sure", "✓", "word for word")
SUPPORTED = ("sure", "✓", "agrees with the page")
DOUBTFUL = ("doubt", "!", "not confirmed")
REMOVED = ("gone", "–", "document removed")


def lines(parts: Iterable[Markup]) -> Markup:
    """Pieces of HTML one after another."""
    return Markup("").join(parts)


def page(row: Paged) -> str:
    """`wording.page_cite`, with no-break spaces:
    in a narrow window only "(printed 6)" as a whole may go to the next line.
    """
    return wording.page_cite(row).replace(" ", "\u00a0").replace("\u00a0(", " (")


def pin(row: Cited) -> str:
    """Section and page of a place, short enough for a chip: a long heading of the section is left out."""
    section, _, heading = row.section.partition(" (")
    if heading and len(heading) <= LONGEST_HEADING:
        section += f" ({heading}"
    return f"{section}, {page(row)}" if section else page(row)


def standing(row: Quoting) -> tuple[str, str, str]:
    """How far a citation is borne out: class, icon, words."""
    if row.removed:
        return REMOVED
    if isinstance(row, CitationRow) and not row.verified:
        return DOUBTFUL
    return WORD_FOR_WORD if row.words else SUPPORTED


def to_place(turn_id: str, item: int, words: str, label: str) -> Markup:
    """A small button that opens the evidence of a turn at one of its places."""
    return Markup(
        '<button type="button" class="mark" data-do="cite" data-turn="{}" data-item="{}" aria-label="{}">{}</button>'
    ).format(turn_id, item, label, words)
