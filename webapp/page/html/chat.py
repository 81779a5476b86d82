"""Turns become the HTML of the chat. Pure: events and answers in, `Markup` out.

Text of documents and of models is `str`, HTML is `Markup`; the two meet in `Markup.format`, which escapes. Nothing here
turns a `str` into `Markup` in any other way, and no link or image is ever made of what a text says.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from markupsafe import Markup

from webapp.core.results import (
    AnswerResult,
    BudgetRow,
    CiteRow,
    KeySentenceRow,
    MentionsResult,
    SameWordsRow,
    SummaryResult,
    TurnResult,
    items,
)
from webapp.core.wording import DOUBT, also_in, cite, coverage, plural, with_others
from webapp.grounding.check import NO_CITATION, NOT_FOUND
from webapp.grounding.markers import CITE, citation_markers
from webapp.page.html import mentions, summary
from webapp.page.html.parts import NOTHING, lines, pin, standing, to_place
from webapp.store.conversations import SavedTurn, State

_INLINE = re.compile(rf"(?P<cite>(?i:{CITE.pattern}))|\*\*(?P<bold>[^*\n]+)\*\*|(?P<doubt>\({re.escape(NOT_FOUND)}\))")
_BULLET = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)])\s+")
_QUOTED = re.compile(r"\s*>\s?")
Mark = Callable[[int, int], Markup]  # of a citation's number and where it stands in the answer
AGAIN = {AnswerResult: "Ask again", SummaryResult: "Summarise again", MentionsResult: "Look again"}
SHARES = (
    ("system", "Instructions"),
    ("history", "Earlier answers"),
    ("question", "Question"),
    ("passages", "Passages"),
    ("reserve", "Room for the answer"),
)


def past(turns: Sequence[SavedTurn]) -> Markup:
    """The conversation so far."""
    return lines(turn_html(turn, last=turn is turns[-1]) for turn in turns)


def turn_html(turn: SavedTurn, *, last: bool = False) -> Markup:
    """A question and what came of it."""
    match turn.answer:
        case SummaryResult() as result:
            shown = _summary(turn, result)
        case MentionsResult() as found:
            shown = mentions.heading(found) + mentions.body(turn.id, found)
        case AnswerResult() as answer:
            shown = _answer(turn, answer)
    return Markup(
        '<article class="turn" data-state="{}" aria-label="Question and answer">{}<div class="answer">{}{}</div>{}'
        "</article>"
    ).format(turn.state, _asked(turn), _notices(turn.answer), shown, _foot(turn, last=last))


def _answer(turn: SavedTurn, answer: AnswerResult) -> Markup:
    parts = (_heading(turn.state, answer), _text(turn.id, answer), _chips(turn.id, answer))
    return lines([*parts, _same_words(turn.id, answer), _further(turn, answer), _several(answer)])


def _summary(turn: SavedTurn, result: SummaryResult) -> Markup:
    stopped = turn.state == "stopped"
    heading = summary.heading(result, stopped=turn.state != "complete")
    return lines([_stopped() if stopped else heading, summary.body(turn.id, result)])


def writing(question: str, draft: str, *, searching: bool, before: int = 0) -> Markup:
    """The answer that is being written, or that has so many `before` it.

    Its text has not been checked yet, and says so.
    """
    stand = "Searching the documents…" if searching else "Reading the passages…" if not draft else "Being written…"
    if before:
        stand = f"{plural(before, 'answer')} before yours"
    note = Markup(
        '<p class="draft-note">Not checked yet. Quotations are compared with their pages when it is finished.</p>'
    )
    return Markup(
        '<article class="turn" data-state="writing"><h3 class="question">{}</h3><div class="answer">'
        '<p class="stand"><span class="pulse" aria-hidden="true"></span>{}</p><div class="written draft">{}</div>{}'
        "</div></article>"
    ).format(question, stand, prose(draft, lambda n, _: Markup("[{}]").format(n)), note if draft else NOTHING)


def choice(question: str, meant: Sequence[tuple[str, str]]) -> Markup:
    """A question that leaves the choice between documents, each by its id and name: which of them, or all."""
    ids = " ".join(id_ for id_, _ in meant)
    buttons = lines(
        Markup(
            '<li><button type="button" class="example" data-do="meant" data-question="{}" data-documents="{}">{}'
            "</button></li>"
        ).format(question, each, name)
        for each, name in [*meant, (ids, "All of them")]
    )
    return Markup(
        '<article class="turn" data-state="choice" aria-label="Question"><h3 class="question">{}</h3>'
        '<div class="answer">'
        '<p class="stand">This fits {} documents. Which one do you mean?</p>'
        '<ul class="choice" aria-label="Documents">{}</ul></div></article>'
    ).format(question, len(meant), buttons)


def notice(error: str, hint: str = "") -> Markup:
    """Something went wrong: its sentence and what to do."""
    shown = Markup(' <span class="hint">{}</span>').format(hint) if hint else NOTHING
    return Markup('<p class="notice"><span aria-hidden="true">!</span> <strong>{}</strong>{}</p>').format(error, shown)


def empty(matter: str, examples: Sequence[str], *, ready: int, waiting: int) -> Markup:
    """The chat before its first question."""
    if not ready:
        words = (
            f"{plural(waiting, 'document')} on the way in. You can ask as soon as one is ready."
            if waiting
            else "Add the first documents of this matter: you can ask as soon as one is ready."
        )
        return Markup('<div class="empty"><h2>{}</h2><p>{}</p></div>').format(matter, words)
    asked = lines(
        Markup(
            '<li><button type="button" class="example" data-do="example" data-question="{q}">{q}</button></li>'
        ).format(q=question)
        for question in examples
    )
    shown = (
        Markup('<ul class="examples" aria-label="Questions to begin with">{}</ul>').format(asked) if asked else NOTHING
    )
    return Markup(
        '<div class="empty"><h2>Ask about {}</h2><p>Every statement is cited to its page, and every quotation is '
        "compared "
        "with it, character by character.</p>{}</div>"
    ).format(matter, shown)


def prose(text: str, mark: Mark, notes: Mapping[int, Markup] = MappingProxyType({})) -> Markup:
    """Paragraphs, lists and block quotations of an answer; `mark` makes what stands for a citation's number.

    `notes` are set after the character before which they are counted: 1 is after the first.
    """
    blocks: list[Markup] = []
    kind, rows, at = "", list[Markup](), 0
    for line in [*text.split("\n"), ""]:
        now = "quote" if _QUOTED.match(line) else "list" if _BULLET.match(line) else ""
        if rows and now != kind:
            wrap = Markup("<blockquote>{}</blockquote>") if kind == "quote" else Markup("<ul>{}</ul>")
            blocks.append(wrap.format(lines(rows)))
            rows = []
        kind = now
        if now:
            begin = (_QUOTED.match(line) or _BULLET.match(line)).end()  # type: ignore[union-attr]
            inner = _inline(line[begin:], at + begin, mark, notes)
            rows.append((Markup("<p>{}</p>") if now == "quote" else Markup("<li>{}</li>")).format(inner))
        elif line.strip():
            blocks.append(Markup("<p>{}</p>").format(_inline(line, at, mark, notes)))
        at += len(line) + 1
    return lines(blocks)


def copied(turn: SavedTurn) -> str:
    """An answer with its pin cites, as plain text for a memo."""
    answer = turn.answer
    if isinstance(answer, SummaryResult):
        return summary.copied(answer)
    if isinstance(answer, MentionsResult):
        return mentions.copied(answer)
    rows = [f"[{row.n}] {with_others(row)}" for row in answer.citations]
    return "\n".join([answer.answer, "", *dict.fromkeys(rows)]).strip()


def _inline(text: str, at: int, mark: Mark, notes: Mapping[int, Markup]) -> Markup:
    """A line, or what is left of it behind a bullet; `at` is where it begins in the answer."""
    out, done = [NOTHING], 0
    for match in _INLINE.finditer(text):
        out.append(_noted(text[done : match.start()], at + done, notes))
        if match["cite"]:
            out += [mark(n, at + match.start()) for _, numbers in citation_markers(match["cite"]) for n in numbers]
        elif match["bold"]:
            out.append(Markup("<strong>{}</strong>").format(match["bold"]))
        else:
            out.append(Markup('<span class="unfound"><span aria-hidden="true">!</span> {}</span>').format(NOT_FOUND))
        out += [note for end, note in notes.items() if at + match.start() < end <= at + match.end()]
        done = match.end()
    return lines([*out, _noted(text[done:], at + done, notes)])


def _noted(text: str, at: int, notes: Mapping[int, Markup]) -> Markup:
    """Plain words, with the notes that are set among or right after them."""
    out, done = [NOTHING], 0
    for end, note in notes.items():
        if at < end <= at + len(text):
            out += [Markup("{}").format(text[done : end - at]), note]
            done = end - at
    return lines([*out, Markup("{}").format(text[done:])])


def _asked(turn: SavedTurn) -> Markup:
    edit = Markup(
        '<button type="button" class="quiet" data-do="edit" data-turn="{}" aria-label="Edit this question">Edit'
        "</button>"
    ).format(turn.id)
    title = f"Every mention of “{turn.question}”" if isinstance(turn.answer, MentionsResult) else turn.question
    return Markup('<header class="asked"><h3 class="question">{}</h3>{}</header>').format(
        title, NOTHING if isinstance(turn.answer, SummaryResult) else edit
    )


def _notices(answer: TurnResult) -> Markup:
    notices = lines(notice(row.error, row.hint) for row in answer.notices)
    return notices + (notice(answer.error, answer.hint) if answer.error else NOTHING)


def _heading(state: State, answer: AnswerResult) -> Markup:
    if state == "stopped":
        return _stopped()
    if state == "complete" and not answer.found:
        return Markup('<p class="stand"><span aria-hidden="true">○</span> Nothing found</p>')
    doubt = Markup('<p class="stand">{}</p>').format(DOUBT) if answer.doubtful else NOTHING
    if answer.is_key_language:
        return doubt + Markup(
            '<p class="stand">Key language: the documents’ own words, in the place of a written answer.</p>'
        )
    return doubt


def _stopped() -> Markup:
    return Markup('<p class="stand"><span aria-hidden="true">■</span> Stopped. This is what had been written.</p>')


def _text(turn_id: str, answer: AnswerResult) -> Markup:
    rows = answer.citations
    if answer.is_key_language:
        told = Markup('<blockquote><p>{}</p></blockquote><p class="from">{}</p>')
        return Markup('<div class="written">{}</div>').format(
            lines(told.format(row.quote, _chip(turn_id, answer, index)) for index, row in enumerate(rows))
        )

    def mark(n: int, at: int) -> Markup:
        """Leads to the place that its own sentence cites."""
        own = next((sentence.citations for sentence in answer.sentences if at < sentence.end), ())
        index = next((i for i in (*own, *range(len(rows))) if rows[i].n == n), None)
        if index is None:
            return Markup('<span class="mark none">[{}]</span>').format(n)
        return to_place(turn_id, index, str(n), f"Show {pin(rows[index])}")

    notes = {sentence.end: _doubt(sentence.doubt) for sentence in answer.sentences if sentence.doubt}
    return Markup('<div class="written">{}</div>').format(prose(answer.answer, mark, notes))


def _doubt(reason: str) -> Markup:
    """After a sentence that its passages do not bear out, and why."""
    if reason == f"a quotation was {NOT_FOUND}":  # the quotation itself says so
        return NOTHING
    words = "no citation" if reason == NO_CITATION else "not confirmed"
    return Markup(' <span class="unfound" title="{}"><span aria-hidden="true">!</span> {}</span>').format(reason, words)


def _chips(turn_id: str, answer: AnswerResult) -> Markup:
    if not answer.citations or answer.is_key_language:  # there each quotation has its own beside it
        return NOTHING
    chips = lines(Markup("<li>{}</li>").format(_chip(turn_id, answer, at)) for at in range(len(answer.citations)))
    return Markup('<ul class="chips" aria-label="Citations">{}</ul>').format(chips)


def _chip(turn_id: str, answer: AnswerResult, index: int) -> Markup:
    row = answer.citations[index]
    kind, icon, words = standing(row)
    return Markup(
        '<button type="button" class="chip {}" data-do="cite" data-turn="{}" data-item="{}" title="{}">'
        '<span class="number">{}</span> <span class="pin">{}</span> '
        '<span class="standing"><span aria-hidden="true">{}</span> {}</span></button>'
    ).format(kind, turn_id, index, cite(row), row.n, _pin(answer, row), icon, words)


def _pin(answer: AnswerResult, row: CiteRow) -> str:
    """Section and page of a place, and its document where the answer shows words of several."""
    shown = {each.document_id for each in (*answer.citations, *answer.key_language)}
    return f"{row.document}, {pin(row)}" if len(shown) > 1 else pin(row)


def _further(turn: SavedTurn, answer: AnswerResult) -> Markup:
    places = enumerate(item.row for item in items(answer))
    found = [(index, row) for index, row in places if isinstance(row, KeySentenceRow)]
    if not found:
        return NOTHING
    rows = lines(
        Markup(
            '<li><span class="words">{}</span> <button type="button" class="mark" data-do="cite" data-turn="{}" '
            'data-item="{}">{}</button></li>'
        ).format(row.text or "the document was removed", turn.id, index, _pin(answer, row))
        for index, row in found
    )
    # Beside an answer that is not whole it is what the reader has: open at once.
    shown = Markup(" open") if answer.notices or turn.state != "complete" else NOTHING
    return Markup(
        '<details class="key"{}><summary>Key language, word for word ({})</summary><ul>{}</ul></details>'
    ).format(shown, len(found), rows)


def _same_words(turn_id: str, answer: AnswerResult) -> Markup:
    """The other documents in which a citation's passage stands word for word: contracts on one form."""
    places: dict[int, list[Markup]] = {}
    for index, item in enumerate(items(answer)):
        if isinstance(item.row, SameWordsRow):
            name = item.row.document
            place = Markup("<li>{}</li>").format(to_place(turn_id, index, name, f"Show {name}"))
            places.setdefault(item.row.citation, []).append(place)
    cited = answer.citations
    return lines(
        Markup('<details class="key"><summary>[{}] {}</summary><ul class="chips">{}{}</ul></details>').format(
            cited[at].n, also_in(cited[at].also_in), lines(shown), _more(cited[at].also_in - len(shown))
        )
        for at, shown in places.items()
    )


def _more(count: int) -> Markup:
    return Markup("<li>and {} more</li>").format(f"{count:,}") if count > 0 else NOTHING


def _several(answer: AnswerResult) -> Markup:
    """Where an answer rests on several documents, each can be asked alone."""
    names = {row.document_id: row.document for row in answer.citations if not row.removed}
    if len(names) < 2:
        return NOTHING
    buttons = lines(
        Markup('<button type="button" class="quiet" data-do="only" data-document="{}">{}</button>').format(*pair)
        for pair in names.items()
    )
    return Markup('<p class="several">This rests on {} documents. Ask one alone: {}</p>').format(len(names), buttons)


def _foot(turn: SavedTurn, *, last: bool) -> Markup:
    again = Markup('<button type="button" class="quiet" data-do="again" data-turn="{}">{}</button>').format(
        turn.id, AGAIN[type(turn.answer)]
    )
    rated = lines(
        Markup(
            '<button type="button" class="quiet" data-do="rate" data-turn="{}" data-rating="{}" aria-pressed="{}">{}'
            "</button>"
        ).format(turn.id, value, "true" if turn.rating == value else "false", words)
        for value, words in ((1, "Helpful"), (-1, "Not helpful"))
    )
    return Markup(
        '<footer class="foot">{}<div class="acts"><button type="button" class="quiet" data-copy="{}">Copy with '
        "citations"
        "</button>{}{}</div></footer>"
    ).format(_coverage(turn.answer), copied(turn), again if last else NOTHING, rated)


def _coverage(answer: TurnResult) -> Markup:
    if isinstance(answer, SummaryResult):
        return summary.coverage(answer)
    if isinstance(answer, MentionsResult):
        return mentions.coverage(answer)
    if answer.searched is None or answer.budget is None:
        return NOTHING
    told = coverage(answer.searched, answer.budget)
    return Markup('<p class="coverage">{}</p>{}').format(told, meter(answer.budget))


def meter(budget: BudgetRow) -> Markup:
    """How the room in front of the engine was shared out: a bar, and the same in words."""
    window = max(budget.window, 1)
    parts = (budget.system, budget.history, budget.question, budget.passages, budget.reserve)
    bars, told, at = [], [], 0.0
    for (name, words), tokens in zip(SHARES, parts, strict=True):
        share = 100 * tokens / window
        bars.append(Markup('<rect class="{}" x="{:.1f}" y="0" width="{:.1f}" height="6"/>').format(name, at, share))
        told.append(f"{words} {share:.0f} %")
        at += share
    told.append(f"Free {max(100 - at, 0):.0f} %")
    keys = lines(
        Markup('<li class="{}">{}</li>').format(name, words)
        for (name, _), words in zip([*SHARES, ("free", "")], told, strict=True)
    )
    return Markup(
        '<details class="room"><summary><svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" '
        'aria-hidden="true">{}</svg>'
        "<span>What was read to answer</span></summary><ul>{}</ul></details>"
    ).format(lines(bars), keys)


def address(matter_id: str, conversation_id: str) -> Markup:
    """Where the page is, for its address: loaded again it comes back there."""
    return Markup('<span id="here" data-matter="{}" data-conversation="{}"></span>').format(matter_id, conversation_id)


def announcement(words: str) -> Markup:
    """What a screen reader is told; the second line is for what the browser itself does."""
    return Markup('<p role="status" class="unseen">{}</p><p role="status" class="unseen" id="spoken"></p>').format(
        words
    )


def areas() -> Markup:
    """The tabs of a narrow window."""
    tabs = (("sidebar", "Documents"), ("chat", "Questions"), ("evidence", "Evidence"))
    return Markup('<h1 class="unseen">pincite</h1><nav class="areas" aria-label="Areas">{}</nav>').format(
        lines(
            Markup('<button type="button" data-area-of="{}" aria-pressed="{}">{}</button>').format(
                area, "true" if area == "chat" else "false", words
            )
            for area, words in tabs
        )
    )
