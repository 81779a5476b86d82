"""Renders summaries as HTML. Pure, as `chat` is."""

import re
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from webapp.core import wording
from webapp.core.results import CitationRow, ClauseRow, LineRow, SummaryResult, marks_of
from webapp.core.wording import cite, summary_coverage
from webapp.grounding.facts import find_facts
from webapp.page.html.parts import NOTHING, folded, legend, lines, page, pin, sign, to_place, under_way

_STRESSED = ("amount", "percent", "date", "month")  # kinds of facts in bold, beside periods
_PERIOD = re.compile(r"(?:business )?(?:day|week|month|quarter|year|hour)$")
MOST_LINES = 60  # of a summary, above which it is folded
_LONG = 480  # characters; a longer line is shown in part until its evidence is opened


def body(turn_id: str, answer: SummaryResult) -> Markup:
    """Clauses of a summary, each line with its pin cite, and the defined terms."""
    shown = Markup('<div class="written summary">{}</div>').format(_all(turn_id, answer))
    is_long = sum(len(clause.lines) for clause in answer.clauses) > MOST_LINES
    return folded(turn_id, shown, is_long=is_long) + legend(marks_of(answer))


def heading(answer: SummaryResult, *, stopped: bool) -> Markup:
    """Sentence that says which lines a language model wrote, and which are quotations."""
    return NOTHING if stopped else Markup('<p class="stand">{}</p>').format(wording.summary_heading(answer))


def coverage(answer: SummaryResult) -> Markup:
    """Coverage of the summary: pages, clauses, unreadable pages."""
    words = summary_coverage(answer.searched, len(answer.clauses))
    return Markup('<p class="coverage">{}</p>').format(words)


def writing(question: str, part: tuple[int, int, str] | None, so_far: SummaryResult, draft: str) -> Markup:
    """A summary that is being written: the current part, the finished clauses, and the draft of the next."""
    if part is None:
        status, bar = "Reading the document…", NOTHING
    else:
        number, of, clauses = part
        status = f"Part {number} of {of}: {clauses}" if of > 1 else f"Selecting from {clauses}…"
        bar = Markup('<progress max="{}" value="{}" aria-label="{}"></progress>').format(of, number - 1, status)
    note = (
        Markup('<p class="draft">{}</p><p class="draft-note">Not checked yet.</p>').format(draft) if draft else NOTHING
    )
    written = Markup('<div class="written summary">{}{}</div>').format(_all("", so_far), note)
    return under_way(question, status, bar, written)


def _all(turn_id: str, answer: SummaryResult) -> Markup:
    return lines([*_clauses(turn_id, answer), _definitions(turn_id, answer), _leads_nowhere(answer)])


def _clauses(turn_id: str, answer: SummaryResult) -> Iterator[Markup]:
    part = ""
    for clause in answer.clauses:
        if clause.part and clause.part != part:
            yield Markup('<h4 class="part">{}</h4>').format(clause.part)
        part = clause.part
        rows = lines(_line(turn_id, line, answer.citations, whole=not clause.label) for line in clause.lines)
        if rows:
            yield Markup('<section class="clause">{}<ul>{}</ul></section>').format(_heading(clause), rows)


def _heading(clause: ClauseRow) -> Markup:
    caps = Markup(' class="caps"') if clause.heading.isupper() else NOTHING
    return Markup('<h4><span class="label">{}</span> <span{}>{}</span></h4>').format(
        clause.label or "Opening", caps, clause.heading
    )


def _line(turn_id: str, line: LineRow, citations: Sequence[CitationRow], *, whole: bool) -> Markup:
    """A line with its citation buttons; `whole`: it is never shortened, as in the opening, which names the parties."""
    rows = [(at, citations[at]) for at in line.citations]
    if not rows:
        return NOTHING
    words = line.text or rows[0][1].quote
    content = _stressed(words) if words else Markup("<em>The document was removed.</em>")
    kind = "words" if line.text is None else "said"
    long = " long" if words and len(words) > _LONG and not whole else ""
    marks = lines(_mark(turn_id, at, row) for at, row in rows) if turn_id else NOTHING
    return Markup('<li><span class="{}{}">{}</span> {} {}</li>').format(kind, long, content, marks, sign(line.standing))


def _mark(turn_id: str, at: int, row: CitationRow) -> Markup:
    section = row.section.partition(" (")[0].removeprefix("Section ")
    number = wording.page_number(row)
    short = f"{section}, {number}" if section and len(section) < 20 else number
    return to_place(turn_id, at, short, f"Show {pin(row)}")


def _stressed(text: str) -> Markup:
    """A line with its amounts, percentages, periods and dates in bold."""
    out, position = [NOTHING], 0
    for fact in find_facts(text):
        if any(key[0] in _STRESSED or (key[0] == "count" and _PERIOD.match(key[-1])) for key in fact.keys):
            plain, bold = text[position : fact.start], text[fact.start : fact.end]
            out.append(Markup("{}<strong>{}</strong>").format(plain, bold))
            position = fact.end
    return lines([*out, Markup("{}").format(text[position:])])


def _definitions(turn_id: str, answer: SummaryResult) -> Markup:
    """The defined terms, each with a button to its definition."""
    rows = answer.definitions
    if not rows or not turn_id:
        return NOTHING
    first = len(answer.citations)
    terms = lines(
        Markup("<li>{}</li>").format(to_place(turn_id, first + i, row.term or page(row), cite(row)))
        for i, row in enumerate(rows)
    )
    return Markup('<details class="key terms"><summary>Defined terms ({})</summary><ul>{}</ul></details>').format(
        len(rows), terms
    )


def _leads_nowhere(answer: SummaryResult) -> Markup:
    """Dangling cross-references of the document."""
    rows = answer.leads_nowhere
    if not rows:
        return NOTHING
    references = lines(Markup("<li>{}, {}</li>").format(row.label, page(row)) for row in rows)
    return Markup(
        '<details class="key nowhere"><summary>References to missing clauses ({})</summary><ul>{}</ul></details>'
    ).format(len(rows), references)
