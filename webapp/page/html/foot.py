"""Renders what stands below a turn: who wrote it, what was searched, copies and files of it, what to ask next.

Pure, as `chat` is.
"""

from dataclasses import dataclass

from markupsafe import Markup

from webapp.core.results import AnswerResult, BudgetRow, MentionsResult, SummaryResult, TurnResult
from webapp.core.urls import ExportForm, export_url
from webapp.core.wording import coverage, is_pdf, plural, written_by
from webapp.page.html import mentions, provenance, summary
from webapp.page.html.parts import NOTHING, lines
from webapp.store.conversations import SavedTurn

AGAIN = {AnswerResult: "Ask again", SummaryResult: "Summarise again", MentionsResult: "Search again"}
SHARES = (
    ("system", "Instructions to the model"),
    ("history", "Earlier answers"),
    ("question", "Question"),
    ("passages", "Passages"),
    ("reserve", "Kept for the answer"),
)
MOST_PDFS = 8  # of an answer, each with its places highlighted


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A question to go on with: the heading of a clause, and the question that is asked when it is chosen."""

    words: str
    question: str


@dataclass(frozen=True, slots=True)
class Around:
    """What is known around the turns of a conversation.

    `read_only`: it is another's, which is not changed; `privileged`: ids of the documents that are kept out of copies;
    `follow_ups`: questions to go on with after the last turn.
    """

    matter_id: str = ""
    read_only: bool = False
    privileged: frozenset[str] = frozenset()
    follow_ups: tuple[FollowUp, ...] = ()


NOTHING_AROUND = Around()


def foot(turn: SavedTurn, around: Around, *, last: bool) -> Markup:
    """What stands below a turn; `last`: of its conversation."""
    again = Markup('<button type="button" class="quiet" data-do="again" data-turn="{}">{}</button>').format(
        turn.id, AGAIN[type(turn.answer)]
    )
    ratings = lines(
        Markup(
            '<button type="button" class="quiet" data-do="rate" data-turn="{}" data-rating="{}" aria-pressed="{}">{}'
            "</button>"
        ).format(turn.id, value, "true" if turn.rating == value else "false", words)
        for value, words in ((1, "Helpful"), (-1, "Not helpful"))
    )
    changes = NOTHING if around.read_only else lines([_read_on(turn) + again if last else NOTHING, ratings])
    return Markup('<footer class="foot">{}{}<div class="acts">{}{}</div>{}</footer>').format(
        _by(turn.answer),
        _coverage(turn.answer) + _made_by(turn.answer),
        _taken_along(turn, around, last=last),
        changes,
        _follow_ups(around) if last and not around.read_only else NOTHING,
    )


def _by(answer: TurnResult) -> Markup:
    words = written_by(answer)
    return Markup('<p class="by">{}.</p>').format(words) if words else NOTHING


def _taken_along(turn: SavedTurn, around: Around, *, last: bool) -> Markup:
    """Buttons that copy a turn, and links to files of it, unless it has words of a privileged document."""
    if turn.answer.document_ids & set(around.privileged):
        return Markup('<span class="privileged">Cites a privileged document: not for copying</span>')
    if not around.matter_id:
        return NOTHING
    copies = lines(
        Markup('<button type="button" class="quiet" data-copy-from="{}" data-copy-as="{}">{}</button>').format(
            export_url(around.matter_id, turn.conversation_id, "copy", turn.id), kind, words
        )
        for kind, words in (("html", "Copy for Word"), ("text", "Copy as text"))
    )
    return copies + Markup(
        '<details class="take"><summary class="quiet">Download</summary><ul>{}</ul></details>'
    ).format(_files(turn, around, last=last))


def _files(turn: SavedTurn, around: Around, *, last: bool) -> Markup:
    matter_id, conversation_id, answer = around.matter_id, turn.conversation_id, turn.answer
    link = Markup('<li><a href="{}" download>{}</a></li>')

    def to(form: ExportForm, words: str, turn_id: str = turn.id, document_id: str = "") -> Markup:
        return link.format(export_url(matter_id, conversation_id, form, turn_id, document_id), words)

    rows = [to("docx", "Word memo with footnotes"), to("html", "Web page")]
    if not isinstance(answer, SummaryResult):
        is_table = isinstance(answer, MentionsResult) or answer.documents
        what = "Table" if is_table else "Cited places"
        rows += [to("xlsx", f"{what} for Excel"), to("csv", f"{what} as CSV")]
    cited = {row.document_id: row.document for row in answer.citations if not row.removed and is_pdf(row.document)}
    for document_id, name in list(cited.items())[:MOST_PDFS]:
        rows.append(to("pdf", f"{name}, with its places highlighted", document_id=document_id))
    if last:
        rows.append(to("docx", "The whole conversation as a memo", turn_id=""))
        rows.append(Markup('<li><button type="button" data-print>Print the conversation</button></li>'))
    return lines(rows)


def _read_on(turn: SavedTurn) -> Markup:
    """Button to read the passages that an answer left out, unless they were read as far as they are."""
    budget = turn.answer.budget if isinstance(turn.answer, AnswerResult) and not turn.answer.documents else None
    if turn.state != "complete" or budget is None or not budget.left_out or budget.windows > 1:
        return NOTHING
    words = f"Read the other {plural(budget.left_out, 'passage')} too"
    return Markup('<button type="button" class="quiet" data-do="read-on" data-turn="{}">{}</button>').format(
        turn.id, words
    )


def _follow_ups(around: Around) -> Markup:
    """Buttons with the headings of clauses near those that are cited; each asks about its clause."""
    if not around.follow_ups:
        return NOTHING
    buttons = lines(
        Markup(
            '<li><button type="button" class="example" data-do="example" data-question="{}">{}</button></li>'
        ).format(each.question, each.words)
        for each in around.follow_ups
    )
    return Markup('<div class="follow"><p class="label">Read on in the document</p><ul>{}</ul></div>').format(buttons)


def _coverage(answer: TurnResult) -> Markup:
    if isinstance(answer, SummaryResult):
        return summary.coverage(answer)
    if isinstance(answer, MentionsResult):
        return mentions.coverage(answer)
    if answer.searched is None or answer.budget is None or not answer.budget.window:
        return NOTHING
    words = coverage(answer.searched, answer.budget)
    return Markup('<p class="coverage">{}</p>{}').format(words, meter(answer.budget))


def _made_by(answer: TurnResult) -> Markup:
    return NOTHING if isinstance(answer, MentionsResult) else provenance.made_by(answer.made_by)


def meter(budget: BudgetRow) -> Markup:
    """Token budget of the prompt: one line in words, and on demand its shares, with a bar chart of them."""
    window = max(budget.window, 1)
    parts = (budget.system, budget.history, budget.question, budget.passages, budget.reserve)
    bars, labels, at = [], [], 0.0
    for (name, words), tokens in zip(SHARES, parts, strict=True):
        share = 100 * tokens / window
        bars.append(
            Markup('<rect class="share-{}" x="{:.1f}" y="0" width="{:.1f}" height="6"/>').format(name, at, share)
        )
        labels.append(f"{words} {share:.0f} %")
        at += share
    labels.append(f"Free {max(100 - at, 0):.0f} %")
    keys = lines(
        Markup('<li class="share-{}">{}</li>').format(name, words)
        for (name, _), words in zip([*SHARES, ("free", "")], labels, strict=True)
    )
    return Markup(
        '<details class="room"><summary>This took {:.0f} % of what can be read at once</summary>'
        '<svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">{}</svg>'
        "<ul>{}</ul></details>"
    ).format(min(at, 100), lines(bars), keys)
