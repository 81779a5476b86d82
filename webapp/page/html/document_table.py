"""Renders the rows of a question that is put to every document, as a table. Pure, as `chat` is."""

from collections.abc import Mapping

from markupsafe import Markup

from webapp.core.results import AnswerResult, CitationRow, DocumentAnswerRow, mark_of, marks_of
from webapp.core.wording import STATES, cite, document_answer
from webapp.page.html import parts
from webapp.page.html.parts import NOTHING, about, changed_by, folded, lines, pin, sign, to_place, under_way

_KINDS = {"found": ("part", "●"), "not_found": ("gone", "○"), "unclear": ("doubt", "?")}  # CSS class and icon
_OTHER = ("doubt", "!")
MOST_ROWS = 15  # above which a table is folded


def body(turn_id: str, answer: AnswerResult) -> Markup:
    """The counts, a filter by them, and a table with a row for each document."""
    table = folded(turn_id, _table(turn_id, answer), is_long=len(answer.documents) > MOST_ROWS)
    return Markup('<div class="written"><p>{}</p></div>{}{}{}').format(
        answer.answer, _filter(turn_id, answer), table, parts.legend(marks_of(answer))
    )


def _filter(turn_id: str, answer: AnswerResult) -> Markup:
    """Buttons that show the documents of one state, with how many there are; none where all have one."""
    counts = {state: sum(row.state == state for row in answer.documents) for state in STATES}
    there = [(state, count) for state, count in counts.items() if count]
    if len(there) < 2:
        return NOTHING
    shown = [("all", NOTHING, "All", len(answer.documents))]
    for state, count in there:
        kind, icon = _KINDS.get(state, _OTHER)
        drawn = Markup('<span class="sign {}" aria-hidden="true">{}</span> ').format(kind, icon)
        shown.append((state, drawn, STATES[state], count))
    buttons = lines(
        Markup(
            '<button type="button" data-filter="{}" data-of="{}" aria-pressed="{}">{}{} <span class="count">{}</span>'
            "</button>"
        ).format(state, turn_id, "true" if state == "all" else "false", drawn, words, f"{count:,}")
        for state, drawn, words, count in shown
    )
    return Markup('<div class="filter" role="group" aria-label="Documents shown">{}</div>').format(buttons)


def writing(question: str, so_far: AnswerResult, done: int, of: int) -> Markup:
    """The table while its rows come in: those that are not there yet are left out."""
    status = f"Document {min(done + 1, of)} of {of}"
    shown = [row for row in so_far.documents if row.state != "not_read"]
    table = _table("", so_far.model_copy(update={"documents": tuple(shown)})) if shown else NOTHING
    bar = Markup('<progress max="{}" value="{}" aria-label="{}"></progress>').format(of, done, status)
    return under_way(question, status, bar, table)


def _table(turn_id: str, answer: AnswerResult) -> Markup:
    position = {row.n: at for at, row in enumerate(answer.citations)}
    amended = any(row.superseded_by for row in answer.documents)
    titles = ("Document", "Answer", "Where", *(("Amended by",) if amended else ()))
    head = lines(Markup('<th scope="col">{}</th>').format(title) for title in titles)
    rows = lines(_row(turn_id, row, answer, position, amended=amended) for row in answer.documents)
    return Markup(
        '<div class="each" role="region" tabindex="0" aria-label="Answer of each document" data-turn="{}" '
        'data-show="all"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format(turn_id, head, rows)


def _row(
    turn_id: str, row: DocumentAnswerRow, answer: AnswerResult, position: Mapping[int, int], *, amended: bool
) -> Markup:
    cited = [(position[n], answer.citations[position[n]]) for n in row.citations if n in position]
    gone = Markup(" <em>(removed)</em>") if row.removed else NOTHING
    name = Markup('<th scope="row" data-title="Document">{}{}{}</th>').format(row.document, gone, about(row.title))
    cells = [name, _answer(row, [citation for _, citation in cited]), _where(turn_id, answer, cited)]
    if amended:
        places = lines(changed_by(turn_id, answer, amendment) for amendment in row.superseded_by)
        cells.append(Markup('<td data-title="Amended by">{}</td>').format(places))
    return Markup('<tr data-state="{}">{}</tr>').format(row.state, lines(cells))


def _answer(row: DocumentAnswerRow, cited: list[CitationRow]) -> Markup:
    kind, icon = _KINDS.get(row.state, _OTHER)
    state = Markup('<span class="standing {}"><span aria-hidden="true">{}</span> {}</span>').format(
        kind, icon, STATES[row.state]
    )
    words = document_answer(row, {citation.n: citation for citation in cited})
    said = Markup(' <span class="words">{}</span>').format(words) if words else NOTHING
    reason = Markup('<span class="hint">{}</span>').format(row.reason) if row.reason else NOTHING
    doubt = NOTHING
    if written := row.doubted:
        doubt = Markup('<span class="hint">{} {}</span>').format(sign(written.standing), written.told)
    return Markup('<td data-title="Answer">{}{}{}{}</td>').format(state, said, reason, doubt)


def _where(turn_id: str, answer: AnswerResult, cited: list[tuple[int, CitationRow]]) -> Markup:
    places = lines(
        Markup("{} {}").format(
            to_place(turn_id, at, pin(row), f"Show {cite(row)}")
            if turn_id
            else Markup('<span class="mark">{}</span>').format(pin(row)),
            sign(mark_of(answer, at)),
        )
        for at, row in cited
    )
    return Markup('<td data-title="Where">{}</td>').format(places)
