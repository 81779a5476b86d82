"""Renders the turns of a conversation as HTML. Pure: results in, `Markup` out.

Text of documents and of models is `str`, HTML is `Markup`; the two are combined by `Markup.format`, which escapes the
text (XSS). Nothing here turns a `str` into `Markup` in any other way, and no text ever becomes a link or an image.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from markupsafe import Markup

from webapp.core.results import AnswerResult, MentionsResult, SummaryResult, TurnResult
from webapp.core.wording import plural, read_as, still_read
from webapp.page.html import answer, document_table, mentions, summary
from webapp.page.html.foot import NOTHING_AROUND, Around, foot
from webapp.page.html.parts import NOTHING, lines, under_way
from webapp.store.conversations import SavedTurn

NOTICES = 4  # that are shown one by one; of more the rest are folded
_TURNS_KEPT = 500  # turns that are kept as HTML: at the end of each answer its conversation is shown whole


def past(turns: Sequence[SavedTurn], around: Around = NOTHING_AROUND) -> Markup:
    """The saved turns of a conversation."""
    heading = Markup('<h2 class="unseen">Questions and answers</h2>') if turns else NOTHING
    before = replace(around, follow_ups=())  # which stand below the last one alone
    return heading + lines(
        turn_html(turn, around, last=True) if turn is turns[-1] else turn_html(turn, before) for turn in turns
    )


@lru_cache(maxsize=_TURNS_KEPT)
def turn_html(turn: SavedTurn, around: Around = NOTHING_AROUND, *, last: bool = False) -> Markup:
    """A turn: question, and answer, summary or mentions."""
    match turn.answer:
        case SummaryResult() as result:
            content = _summary(turn, result)
        case MentionsResult() as result:
            content = mentions.heading(result) + mentions.body(turn.id, result)
        case AnswerResult() as result:
            content = _answer(turn, result)
    return Markup(
        '<article class="turn" data-state="{}" aria-label="Question and answer">{}<div class="answer">{}{}</div>{}'
        "</article>"
    ).format(
        turn.state,
        _question(turn, read_only=around.read_only),
        _notices(turn.answer),
        content,
        foot(turn, around, last=last),
    )


def _answer(turn: SavedTurn, result: AnswerResult) -> Markup:
    stopped = _stopped() if turn.state == "stopped" else NOTHING
    if result.documents:
        return stopped + document_table.body(turn.id, result)
    return answer.body(turn, result, stopped or answer.heading(turn.state, result))


def _summary(turn: SavedTurn, result: SummaryResult) -> Markup:
    stopped = turn.state == "stopped"
    heading = summary.heading(result, stopped=turn.state != "complete")
    return lines([_stopped() if stopped else heading, summary.body(turn.id, result)])


def writing(question: str, draft: str, *, searching: bool, before: int = 0) -> Markup:
    """An answer that is being written, or queued behind `before` others. Its draft is labelled as not checked."""
    status = (
        "Searching the documents…" if searching else "Reading the passages…" if not draft else "Writing the answer…"
    )
    if before:
        status = f"{plural(before, 'answer')} before yours"
    note = Markup(
        '<p class="draft-note">Not checked yet. Quotations are compared with their pages when it is finished.</p>'
    )
    shown = Markup('<div class="written draft">{}</div>').format(answer.draft(draft))
    return under_way(question, status, shown, note if draft else NOTHING)


def followed(url: str, turn_id: str, so_far: Markup) -> Markup:
    """A turn that is being written, with the address from which the page's script fetches what follows."""
    return Markup('<div data-draft="{}" data-turn="{}">{}</div>').format(url, turn_id, so_far)


def choice(question: str, candidates: Sequence[tuple[str, str]]) -> Markup:
    """Choice between the documents (ids and names) that a name in the question may refer to, or all of them."""
    ids = " ".join(id_ for id_, _ in candidates)
    buttons = lines(
        Markup(
            '<li><button type="button" class="example" data-do="meant" data-question="{}" data-documents="{}">{}'
            "</button></li>"
        ).format(question, each, name)
        for each, name in [*candidates, (ids, "All of them")]
    )
    return Markup(
        '<article class="turn" data-state="choice" aria-label="Question"><h2 class="unseen">Before it is answered</h2>'
        '<h3 class="question">{}</h3>'
        '<div class="answer">'
        '<p class="stand">This fits {} documents. Which one do you mean?</p>'
        '<ul class="choice" aria-label="Documents">{}</ul></div></article>'
    ).format(question, len(candidates), buttons)


def waiting(question: str, ready: int, coming: int) -> Markup:
    """Choice between asking the documents that are ready, and waiting for those that are being read: then the page's
    script asks by the first button, which is not in sight while none is ready.
    """
    verb = "is" if ready == 1 else "are"
    return Markup(
        '<article class="turn" data-state="choice" data-waits="no" aria-label="Question">'
        '<h2 class="unseen">Before it is answered</h2>'
        '<h3 class="question">{}</h3>'
        '<div class="answer"><p class="stand">{}</p><ul class="choice"><li{}><button type="button" class="example" '
        'data-do="ready" data-question="{}">Ask the {:,} that {} ready</button></li><li><button type="button" '
        'class="example" data-wait aria-pressed="false">Wait, and ask as soon as all are read</button></li></ul></div>'
        "</article>"
    ).format(
        question,
        still_read(coming),
        NOTHING if ready else Markup(" hidden"),
        question,
        ready,
        verb,
    )


def editing() -> Markup:
    """Notice that an earlier question is edited, with a way back."""
    return Markup(
        '<p class="notice"><strong>You are editing an earlier question.</strong> <span class="hint">Sending it '
        "replaces its answer and all that follows.</span> "
        '<button type="button" class="quiet" data-do="keep">Cancel</button></p>'
    )


def notice(error: str, hint: str = "") -> Markup:
    """Notice of an error, with its sentence and hint."""
    end = Markup(' <span class="hint">{}</span>').format(hint) if hint else NOTHING
    return Markup('<p class="notice"><span aria-hidden="true">!</span> <strong>{}</strong>{}</p>').format(error, end)


def notices(told: Sequence[tuple[str, str]]) -> Markup:
    """Several errors, each with its hint: the first as notices, of many the others folded."""
    shown = told if len(told) <= NOTICES + 1 else told[:NOTICES]
    more = lines(Markup("<p><strong>{}</strong> {}</p>").format(*each) for each in told[len(shown) :])
    if more:
        words = f"{len(told) - len(shown)} more"
        more = Markup('<details class="notice"><summary>{}</summary>{}</details>').format(words, more)
    return lines(notice(*each) for each in shown) + more


def _question(turn: SavedTurn, *, read_only: bool) -> Markup:
    edit = Markup(
        '<button type="button" class="quiet" data-do="edit" data-turn="{}" aria-label="Edit this question">Edit'
        "</button>"
    ).format(turn.id)
    title = f"Every mention of “{turn.question}”" if isinstance(turn.answer, MentionsResult) else turn.question
    return Markup('<header class="asked"><h3 class="question">{}</h3>{}</header>{}').format(
        title, NOTHING if read_only or isinstance(turn.answer, SummaryResult) else edit, _read_as(turn)
    )


def _read_as(turn: SavedTurn) -> Markup:
    """How the question was read, and a button that asks it on its own."""
    how = read_as(turn.answer) if isinstance(turn.answer, AnswerResult) else ""
    if not how or not isinstance(turn.answer, AnswerResult):
        return NOTHING
    button = Markup(
        ' <button type="button" class="quiet" data-do="alone" data-turn="{}">Search it on its own</button>'
    ).format(turn.id)
    return Markup('<p class="read-as">{}.{}</p>').format(how, NOTHING if turn.answer.read_as == "two_parts" else button)


def _notices(result: TurnResult) -> Markup:
    notices = lines(notice(row.error, row.hint) for row in result.notices)
    return notices + (notice(result.error, result.hint) if result.error else NOTHING)


def _stopped() -> Markup:
    return Markup('<p class="stand"><span aria-hidden="true">■</span> Stopped. What follows is incomplete.</p>')


def address(matter_id: str, conversation_id: str, here: str) -> Markup:
    """What the page shows, for its address, so that a reload restores it; and the button by which the page's script
    goes back and forward.
    """
    return Markup(
        '<span id="here" data-matter="{}" data-conversation="{}" data-address="{}"></span>'
        '<button type="button" id="go" data-do="go" data-address="" hidden></button>'
    ).format(matter_id, conversation_id, here)


def announcement(words: str) -> Markup:
    """Announcement for screen readers; the second line is for the page's script."""
    return Markup('<p role="status" class="unseen">{}</p><p role="status" class="unseen" id="spoken"></p>').format(
        words
    )


def areas() -> Markup:
    """The tabs of a narrow window."""
    tabs = (("sidebar", "Documents"), ("chat", "Questions"), ("evidence", "Evidence"))
    return Markup(
        '<a class="skip" href="#question" data-skip="question">Skip to the question</a>'
        '<a class="skip" href="#evidence" data-skip="evidence">Skip to the evidence</a>'
        '<h1 class="unseen">pincite</h1><nav class="areas" aria-label="Areas">{}</nav>'
    ).format(
        lines(
            Markup('<button type="button" data-area-of="{}" aria-pressed="{}">{}</button>').format(
                area, "true" if area == "chat" else "false", words
            )
            for area, words in tabs
        )
    )


def evidence_toggle() -> Markup:
    """Button that shows the evidence beside the chat, and puts it away; in sight once there is some."""
    return Markup(
        '<button type="button" class="quiet fold" data-fold aria-controls="evidence" aria-expanded="false">Evidence'
        '<span aria-hidden="true" class="sign"></span></button>'
    )
