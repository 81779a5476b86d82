"""Formats results as text for the page and the command line: pin cites, counts, search coverage."""

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

DOUBT = "The documents may not address this. These are the closest passages."


def cite(row: Cited | NamedRow) -> str:
    """Pin cite of a row: document, section, page and a differing page label, as far as the row has them."""
    return ", ".join(part for part in (row.document, short_cite(row)) if part)


def short_cite(row: Paged | NamedRow) -> str:
    """Pin cite of a row without the document."""
    if isinstance(row, CiteRow | HitRow | MentionRow):
        return f"{row.section}, {page_cite(row)}" if row.section else page_cite(row)
    return page_cite(row) if isinstance(row, NowhereRow) else ""


def with_others(row: CitationRow) -> str:
    """Pin cite of a citation, and the number of other documents that contain its passage."""
    return cite(row) + (f". {also_in(row.also_in)}." if row.also_in else "")


def also_in(documents: int) -> str:
    """Sentence (without full stop) that says how many other documents contain a passage word for word."""
    return f"The same passage appears word for word in {plural(documents, 'other document')}"


def page_cite(row: Paged) -> str:
    """Page of a row, with the printed page number where it differs: "p. 8 (printed 6)"."""
    printed = row.page_label not in ("", str(row.page))
    return f"p. {row.page}" + (f" (printed {row.page_label})" if printed else "")


def coverage(searched: CoverageRow, budget: BudgetRow) -> str:
    """Search coverage in one line: documents and pages, unreadable pages, passages sent and left out."""
    parts = [f"Searched {plural(searched.documents, 'document')}, {plural(searched.pages, 'page')}"]
    if searched.unreadable_pages:
        parts.append(f"{plural(searched.unreadable_pages, 'page')} unreadable")
    parts.append(f"{plural(budget.sent, 'passage')} sent, {budget.left_out} left out")
    return "; ".join(parts) + "."


def plural(count: int, word: str) -> str:
    """A count with its noun: "1 page", "2 pages"."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
