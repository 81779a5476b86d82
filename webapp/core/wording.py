"""Words for results that the page and the command line share: pin cites, counts, what was searched."""

from webapp.core.results import (
    BudgetRow,
    CitationRow,
    Cited,
    CiteRow,
    CoverageRow,
    HitRow,
    MentionRow,
    NamedRow,
    NowhereRow,
    Paged,
)

DOUBT = "The documents may not speak of this; these are the nearest passages."


def cite(row: Cited | NamedRow) -> str:
    """The pin cite of a row: document, section, page, and the page's label where it is another;
    as much as the row has.
    """
    return ", ".join(part for part in (row.document, short_cite(row)) if part)


def short_cite(row: Paged | NamedRow) -> str:
    """The same without the document."""
    if isinstance(row, CiteRow | HitRow | MentionRow):
        return f"{row.section}, {page_cite(row)}" if row.section else page_cite(row)
    return page_cite(row) if isinstance(row, NowhereRow) else ""


def with_others(row: CitationRow) -> str:
    """The pin cite of a citation, and in how many other documents its passage stands."""
    return cite(row) + (f". {also_in(row.also_in)}." if row.also_in else "")


def also_in(documents: int) -> str:
    """In how many other documents a passage stands word for word."""
    return f"This passage stands word for word in {plural(documents, 'other document')}"


def page_cite(row: Paged) -> str:
    """The page of a row, and what is printed on it where that is another number: "p. 8 (printed 6)"."""
    printed = row.page_label not in ("", str(row.page))
    return f"p. {row.page}" + (f" (printed {row.page_label})" if printed else "")


def coverage(searched: CoverageRow, budget: BudgetRow) -> str:
    """One line: what was searched, what could not be read, what was sent and what was left out."""
    parts = [f"Searched {plural(searched.documents, 'document')}, {plural(searched.pages, 'page')}"]
    if searched.unreadable_pages:
        parts.append(f"{plural(searched.unreadable_pages, 'page')} unreadable")
    parts.append(f"{plural(budget.sent, 'passage')} sent, {budget.left_out} left out")
    return "; ".join(parts) + "."


def plural(count: int, word: str) -> str:
    """A count and its word: "1 page", "2 pages"."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
