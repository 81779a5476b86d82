"""Numbers the places that an answer cites: one number a place, and the same one wherever the place is cited again.

A place is a pin cite: a document, a section and a page. In an answer of the language model, and in `--json`, "[2]" is
the number of a passage, of which an answer may cite several places, and two passages may hold one place.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webapp.core.results import CitationRow

_PIN = ("document_id", "exhibit", "section", "page", "page_label", "bates", "lines", "status")


def place_numbers(citations: "Sequence[CitationRow]") -> tuple[int, ...]:
    """The number of the place of each citation, from 1, in the order in which the places are first cited."""
    known: dict[tuple[object, ...], int] = {}
    return tuple(known.setdefault(tuple(getattr(row, name) for name in _PIN), len(known) + 1) for row in citations)


def citations_by_place(citations: "Sequence[CitationRow]") -> list[tuple[int, list[int]]]:
    """Each place in order: its number, and the positions of its citations."""
    places: dict[int, list[int]] = {}
    for at, number in enumerate(place_numbers(citations)):
        places.setdefault(number, []).append(at)
    return list(places.items())
