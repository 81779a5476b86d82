"""Words for results that the page and the command line share: pin cites, counts, what was searched."""

from collections.abc import Mapping
from typing import Any

from webapp.core.stream import Body

DOUBT = "The documents may not speak of this; these are the nearest passages."


def cite(row: Body) -> str:
    """The pin cite of a row: document, section, page, and the page's label where it is another; as much as the row has."""
    return ", ".join(part for part in (row["document"], row.get("section"), "page" in row and page(row)) if part)


def with_others(row: Body) -> str:
    """The pin cite of a citation, and in how many other documents its passage stands."""
    return cite(row) + (f". {also_in(row['also_in'])}." if "also_in" in row else "")


def also_in(documents: int) -> str:
    """In how many other documents a passage stands word for word."""
    return f"This passage stands word for word in {plural(documents, 'other document')}"


def page(row: Mapping[str, Any]) -> str:
    """The page of a row, and what is printed on it where that is another number: "p. 8 (printed 6)"."""
    label = str(row.get("page_label", ""))
    return f"p. {row['page']}" + (f" (printed {label})" if label not in ("", str(row["page"])) else "")


def coverage(answer: dict[str, Any]) -> str:
    """One line: what was searched, what could not be read, what was sent and what was left out."""
    searched, budget = answer["searched"], answer["budget"]
    parts = [f"Searched {plural(searched['documents'], 'document')}, {plural(searched['pages'], 'page')}"]
    if searched["unreadable_pages"]:
        parts.append(f"{plural(searched['unreadable_pages'], 'page')} unreadable")
    parts.append(f"{plural(budget['sent'], 'passage')} sent, {budget['left_out']} left out")
    return "; ".join(parts) + "."


def plural(count: int, word: str) -> str:
    """A count and its word: "1 page", "2 pages"."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
