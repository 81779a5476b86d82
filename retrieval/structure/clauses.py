"""Parses the clause outline of a contract from the numbers at the beginning of its lines.

Drafting habits differ (ARTICLE II / 2.1 / (a) / (i), "Section 4.", bare "12.", schedules that begin again at 1).
`clause_marks` reads a line's number, `clause_lists` finds the list it belongs to, `clause_names` what it is called.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.core.cache import document_cache
from retrieval.core.documents import Document, PinCite, Span
from retrieval.structure.clause_lists import ROLES, Item, find_items
from retrieval.structure.clause_marks import HEADING_END, Kind, Mark, run_in_heading, stands_alone
from retrieval.structure.clause_names import name_items
from retrieval.structure.layout import lines
from retrieval.structure.signatures import signature_spans
from retrieval.structure.testimony import exchange_at, exchanges

_HOLD_FORMS = ("part", "title")  # of these are the signatures within them: an exhibit's, a schedule's
_LOOKED_AHEAD = 300  # characters after a number in which its heading stands


@dataclass(frozen=True, slots=True)
class Clause:
    """One numbered unit. `span` runs to the next clause that is not below it."""

    number: str  # as it is cited: "8.2(b)", "Article IV", "Schedule 2, paragraph 2.1"; no other clause has it
    heading: str  # may be empty
    span: Span
    parent: int | None  # index in the outline
    depth: int
    kind: Kind
    local: str  # the number within the numbering that it is of: "2.1" in Schedule 2
    root: int | None  # the clause whose numbering that is: the schedule; None for the contract's own

    def label(self) -> str:
        """How a lawyer cites it: "Section 8.2(b)", "Schedule 2, paragraph 2.1", "Article IV"."""
        return f"Section {self.number}" if self.number[:1].isdigit() else self.number


@document_cache()
def outline(document: Document) -> tuple[Clause, ...]:
    """The clauses of a document in reading order; empty where nothing is numbered; "A." of testimony is no number."""
    rows = lines(document)
    if exchanges(document):
        rows = tuple(line for line in rows if exchange_at(document, line.start) is None)
    found = find_items(rows)
    items, names = found.items, name_items(document, found)
    starts = [item.line.start for item in items] + [len(document.text)]
    ends = _ends([item.depth for item in items])
    return tuple(
        Clause(
            number=str(name),
            heading="" if name.noun in ROLES else _heading(document, item, starts[i + 1]),
            span=document.span(item.line.start, starts[ends[i]]),
            parent=item.parent,
            depth=item.depth,
            kind=item.mark.kind,
            local=name.core + name.tail,
            root=name.root,
        )
        for i, (item, name) in enumerate(zip(items, names, strict=True))
    )


def _ends(depths: list[int]) -> list[int]:
    """For each clause the index of the first after it that is not below it, or the number of clauses."""
    ends, open_ = [len(depths)] * len(depths), list[int]()
    for i, depth in enumerate(depths):
        while open_ and depths[open_[-1]] >= depth:
            ends[open_.pop()] = i
        open_.append(i)
    return ends


def _heading(document: Document, item: Item, end: int) -> str:
    """The clause's heading: what stands before the first full stop, or the next line where the number stands alone."""
    line, mark, text = item.line, item.mark, document.text
    if mark.kind == "title":
        return ""
    rest = text[line.start + mark.end : line.end].lstrip(" .:)-–—\t\u00a0").rstrip()
    below = _lines_below(document, line.end, min(end, line.end + _LOOKED_AHEAD))
    if not rest:
        rest, below = (below or [""])[0], below[1:]
    if heading := run_in_heading(rest, goes_on=bool(below)):
        return heading
    following = below[0] if below else next(iter(_lines_below(document, end, end + _LOOKED_AHEAD)), "")
    alone = _may_have_caption(mark) and not HEADING_END.search(rest) and stands_alone(rest, following)
    return " ".join(rest.strip(" .:-–—_").split()) if alone else ""


def _lines_below(document: Document, start: int, end: int) -> list[str]:
    """The lines that begin between two offsets, the first cut where it began before; no foot or head of a page."""
    rows = lines(document)
    found = []
    first = bisect_right(rows, start, key=lambda row: row.end)
    for row in map(rows.__getitem__, range(first, len(rows))):  # a slice would copy all that follows
        if row.start >= end:
            break
        if not row.noise and (words := document.text[max(start, row.start) : min(end, row.end)].strip()):
            found.append(words)
    return found


def _may_have_caption(mark: Mark) -> bool:
    """Whether a heading in small letters may follow a mark: an article's, a section's, a schedule's; not an item's."""
    return mark.kind in ("article", "chapter", "part", "number")


def clause_at(document: Document, offset: int) -> int | None:
    """Index in the outline of the innermost clause that holds `offset`; None before the first clause."""
    clauses = outline(document)
    i = bisect_right(clauses, offset, key=lambda c: c.span.start) - 1
    while i >= 0 and clauses[i].span.end <= offset:
        i = -1 if (parent := clauses[i].parent) is None else parent
    return i if i >= 0 else None


def signatures_behind(document: Document, index: int | None) -> Sequence[Span]:
    """The signature blocks that end a clause, which the outline takes for a part of it: the last of its numbering.

    Those before the first clause where `index` is None. An exhibit's or a schedule's own are of it.
    """
    spans, clauses = signature_spans(document), outline(document)
    if index is None:
        return [span for span in spans if not clauses or span.start < clauses[0].span.start]
    clause = clauses[index]
    is_last = index + 1 == len(clauses) or clauses[index + 1].kind in _HOLD_FORMS
    if clause.kind in _HOLD_FORMS or not is_last:
        return ()
    return [span for span in spans if clause.span.start < span.start < clause.span.end]


def section_at(document: Document, offset: int) -> str:
    """The pin cite's section: "Section 8.2(b) (Indemnification by the Licensor)", "Footnote 3", or "Signatures"; empty
    before the first clause, and behind the signatures.
    """
    if document.remarks_in(document.span(offset, offset), "footnote"):
        marks = (note.detail for note in reversed(document.remarks_of("footnote")) if note.start <= offset)
        return f"Footnote {next(filter(None, marks), '')}".strip()
    i = clause_at(document, offset)
    signed = next((span for span in reversed(signatures_behind(document, i)) if span.start <= offset), None)
    if signed:
        return "Signatures" if offset < signed.end else ""
    if i is None:
        return ""
    clause = outline(document)[i]
    heading = next(reversed(headings_above(document, i)), "")
    return f"{clause.label()} ({heading})" if heading else clause.label()


def pin_cite(document: Document, *spans: Span, at: int | None = None) -> PinCite:
    """The pin cite of spans of a document: with the section and page of their first character, or of the one `at`."""
    at = spans[0].start if at is None else at
    page = document.page_at(at)
    return PinCite(
        document_id=document.id,
        document=document.name,
        section=section_at(document, at),
        page=page.number,
        page_label=page.label,
        spans=spans,
        text_version=document.version,
        bates=page.bates,
        exhibit=page.exhibit,
        lines=numbered_lines(document, spans),
        recognised=any(document.is_recognised(span) for span in spans),
        status=document.status_of(spans),
    )


def numbered_lines(document: Document, spans: Sequence[Span]) -> str:
    """The numbered lines of a pleading or transcript that spans stand on, as they are cited: "42:5-9", "42:25-43:2".

    Those of a file that has no pages are its paragraphs: "¶ 12", "¶¶ 12-14".
    """
    places = [remark.detail for span in spans for remark in document.remarks_in(span, "line")]
    if not places:
        return "" if document.page_at(spans[0].start).label else _paragraphs(document, spans)
    (page, first), (last_page, last) = places[0].rsplit(":", 1), places[-1].rsplit(":", 1)
    if places[0] == places[-1]:
        return places[0]
    return f"{page}:{first}-{last}" if page == last_page else f"{places[0]}-{places[-1]}"


def _paragraphs(document: Document, spans: Sequence[Span]) -> str:
    """The paragraphs that spans stand on, counted from the first: the lines of the text that are not empty."""
    rows = lines(document)
    at = spans[0].start, max(spans[0].start, spans[-1].end - 1)
    first, last = (max(1, bisect_right(rows, offset, key=lambda row: row.start)) for offset in at)
    return f"¶ {first}" if first == last else f"¶¶ {first}-{last}"


def headings_above(document: Document, index: int) -> list[str]:
    """Headings on the way from the outermost clause down to this one, empty ones left out."""
    clauses, path = outline(document), []
    at: int | None = index
    while at is not None:
        if clauses[at].heading:
            path.append(clauses[at].heading)
        at = clauses[at].parent
    return path[::-1]
