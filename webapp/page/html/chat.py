"""Renders the turns of a conversation as HTML. Pure: results in, `Markup` out.

Text of documents and of models is `str`, HTML is `Markup`; the two are combined by `Markup.format`, which escapes the
text (XSS). Nothing here turns a `str` into `Markup` in any other way, and no text ever becomes a link or an image.
"""

import re
from collections.abc import Callable, Collection, Sequence

from markupsafe import Markup

from webapp.core.results import (
    AnswerResult,
    BudgetRow,
    CitationRow,
    CiteRow,
    KeySentenceRow,
    MentionsResult,
    SameWordsRow,
    SentenceRow,
    SummaryResult,
    TurnResult,
    items,
    mark_of,
    marks_of,
)
from webapp.core.wording import (
    DOUBT,
    also_in,
    cite,
    coverage,
    doubts,
    further_documents,
    key_language,
    legend,
    marked_text,
    plural,
    read_as,
    says_more,
    still_read,
    with_others,
)
from webapp.grounding.check import NOT_FOUND
from webapp.grounding.markers import CITE, citation_markers
from webapp.page.html import document_table, mentions, provenance, summary
from webapp.page.html.parts import NOTHING, changed_by, lines, pin, sign, standing, to_place, under_way
from webapp.page.html.parts import legend as legend_of_marks
from webapp.store.conversations import SavedTurn, State

_INLINE = re.compile(rf"(?P<cite>(?i:{CITE.pattern}))|\*\*(?P<bold>[^*\n]+)\*\*|(?P<doubt>\({re.escape(NOT_FOUND)}\))")
_BULLET = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)])\s+")
_QUOTED = re.compile(r"\s*>\s?")
ToCitation = Callable[[int, int], Markup]  # of a citation's number and its position in the answer
AGAIN = {AnswerResult: "Ask again", SummaryResult: "Summarise again", MentionsResult: "Search again"}
SHARES = (
    ("system", "Instructions to the model"),
    ("history", "Earlier answers"),
    ("question", "Question"),
    ("passages", "Passages"),
    ("reserve", "Kept for the answer"),
)


def past(turns: Sequence[SavedTurn], *, read_only: bool = False, privileged: Collection[str] = ()) -> Markup:
    """The saved turns of a conversation. `read_only`: another's, which is not changed; `privileged`: ids of the
    documents that are kept out of copies.
    """
    return lines(turn_html(turn, last=turn is turns[-1], read_only=read_only, privileged=privileged) for turn in turns)


def turn_html(
    turn: SavedTurn, *, last: bool = False, read_only: bool = False, privileged: Collection[str] = ()
) -> Markup:
    """A turn: question, and answer, summary or mentions."""
    match turn.answer:
        case SummaryResult() as result:
            content = _summary(turn, result)
        case MentionsResult() as result:
            content = mentions.heading(result) + mentions.body(turn.id, result)
        case AnswerResult() as answer:
            content = _answer(turn, answer)
    return Markup(
        '<article class="turn" data-state="{}" aria-label="Question and answer">{}<div class="answer">{}{}</div>{}'
        "</article>"
    ).format(
        turn.state,
        _question(turn, read_only=read_only),
        _notices(turn.answer),
        content,
        _foot(turn, last=last, read_only=read_only, privileged=privileged),
    )


def _answer(turn: SavedTurn, answer: AnswerResult) -> Markup:
    if answer.documents:
        return lines([_stopped() if turn.state == "stopped" else NOTHING, document_table.body(turn.id, answer)])
    parts = (_heading(turn.state, answer), _text(turn.id, answer), _chips(turn.id, answer))
    below = (_same_words(turn.id, answer), _further(turn, answer), legend_of_marks(marks_of(answer)), _several(answer))
    return lines([*parts, *below])


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
    written = prose(draft, lambda n, _: Markup("[{}]").format(n))
    shown = Markup('<div class="written draft">{}</div>').format(written)
    return under_way(question, status, shown, note if draft else NOTHING)


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
        '<article class="turn" data-state="choice" aria-label="Question"><h3 class="question">{}</h3>'
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
        '<article class="turn" data-state="choice" data-waits="no" aria-label="Question"><h3 class="question">{}</h3>'
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


def prose(text: str, mark: ToCitation, sentences: Sequence[SentenceRow] = ()) -> Markup:
    """Render the text of an answer (a subset of Markdown), and after each of these sentences of it the sentence's mark.

    `mark` renders a citation's number.
    """
    blocks: list[Markup] = []
    kind, rows, at = "", list[Markup](), 0
    for line in [*text.split("\n"), ""]:
        line_kind = "quote" if _QUOTED.match(line) else "list" if _BULLET.match(line) else ""
        if rows and line_kind != kind:
            wrap = Markup("<blockquote>{}</blockquote>") if kind == "quote" else Markup("<ul>{}</ul>")
            blocks.append(wrap.format(lines(rows)))
            rows = []
        kind = line_kind
        if kind:
            begin = (_QUOTED.match(line) or _BULLET.match(line)).end()  # type: ignore[union-attr]
            inner = _inline(line[begin:], at + begin, mark, sentences)
            rows.append((Markup("<p>{}</p>") if kind == "quote" else Markup("<li>{}</li>")).format(inner))
        elif line.strip():
            blocks.append(Markup("<p>{}</p>").format(_inline(line, at, mark, sentences)))
        at += len(line) + 1
    return lines(blocks)


def copied(turn: SavedTurn) -> str:
    """A turn with its pin cites, as plain text for the clipboard."""
    answer = turn.answer
    if isinstance(answer, SummaryResult):
        return summary.copied(answer)
    if isinstance(answer, MentionsResult):
        return mentions.copied(answer)
    if answer.documents:
        return document_table.copied(answer)
    above = [doubts(answer) or (f"{key_language(answer.key_language)}:" if answer.is_key_language else ""), ""]
    rows = [f"[{row.n}] {with_others(row)}" for row in answer.citations]
    return "\n".join([*above, marked_text(answer), "", *dict.fromkeys(rows), "", *legend(answer)]).strip()


def _inline(text: str, at: int, mark: ToCitation, sentences: Sequence[SentenceRow]) -> Markup:
    """Render a line, without its bullet, sentence by sentence; `at` is its start in the answer."""
    unbroken = [(match.start(), match.end()) for match in _INLINE.finditer(text)]
    out, position = [NOTHING], 0
    for row in sentences:
        if position + at < row.end <= at + len(text):
            end = next((b for a, b in unbroken if a < row.end - at < b), row.end - at)
            lead = position + len(text[position:end]) - len(text[position:end].lstrip())
            out += [Markup("{}").format(text[position:lead]), _marked(_pieces(text[lead:end], at + lead, mark), row)]
            position = end
    return lines([*out, _pieces(text[position:], at + position, mark)])


def _marked(words: Markup, row: SentenceRow) -> Markup:
    """A sentence with its mark; one in doubt is marked as a whole."""
    if row.standing.is_doubt:
        words = Markup('<span class="said doubt">{}</span>').format(words)
    if says_more(row):
        return Markup("{} {}").format(words, standing(row.standing, row.told))
    return Markup("{} {}").format(words, sign(row.standing)) if row.standing.sign else words


def _pieces(text: str, at: int, mark: ToCitation) -> Markup:
    """Render a piece of a line: citation numbers, bold words and quotations that were not found."""
    out, position = [NOTHING], 0
    for match in _INLINE.finditer(text):
        out.append(Markup("{}").format(text[position : match.start()]))
        if match["cite"]:
            out += [mark(n, at + match.start()) for _, numbers in citation_markers(match["cite"]) for n in numbers]
        elif match["bold"]:
            out.append(Markup("<strong>{}</strong>").format(match["bold"]))
        else:
            out.append(Markup('<span class="unfound"><span aria-hidden="true">!</span> {}</span>').format(NOT_FOUND))
        position = match.end()
    return lines([*out, Markup("{}").format(text[position:])])


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


def _notices(answer: TurnResult) -> Markup:
    notices = lines(notice(row.error, row.hint) for row in answer.notices)
    return notices + (notice(answer.error, answer.hint) if answer.error else NOTHING)


def _heading(state: State, answer: AnswerResult) -> Markup:
    if state == "stopped":
        return _stopped()
    if state == "complete" and not (answer.found or answer.doubtful):
        return Markup('<p class="stand"><span aria-hidden="true">○</span> Nothing found</p>')
    doubt = Markup('<p class="stand">{}</p>').format(DOUBT) if answer.doubtful else NOTHING
    if words := doubts(answer):
        doubt += Markup('<p class="stand doubt"><span aria-hidden="true">!</span> {}</p>').format(words)
    if answer.is_key_language:
        return doubt + Markup(
            '<p class="stand">Key language: the documents’ own words, instead of a written answer.</p>'
        )
    return doubt


def _stopped() -> Markup:
    return Markup('<p class="stand"><span aria-hidden="true">■</span> Stopped. What follows is incomplete.</p>')


def _text(turn_id: str, answer: AnswerResult) -> Markup:
    rows = answer.citations
    if answer.is_key_language:
        quotation = Markup('<blockquote><p>{}</p></blockquote><p class="from">{}</p>')
        return Markup('<div class="written">{}</div>').format(
            lines(
                quotation.format(_emphasised(key), _chip(turn_id, answer, index)) + _changed(turn_id, answer, row)
                for index, (row, key) in enumerate(zip(rows, answer.key_language, strict=True))
            )
            + (Markup("<p>{}</p>").format(more) if (more := further_documents(answer)) else NOTHING)
        )

    def mark(n: int, at: int) -> Markup:
        """Button to the citation of the sentence that contains the marker."""
        own = next((sentence.at for sentence in answer.sentences if at < sentence.end), ())
        index = next((i for i in (*own, *range(len(rows))) if rows[i].n == n), None)
        if index is None:
            return Markup('<span class="mark none">[{}]</span>').format(n)
        return to_place(turn_id, index, str(n), f"Show {pin(rows[index])}")

    return Markup('<div class="written">{}</div>').format(prose(answer.answer, mark, answer.sentences))


def _emphasised(row: KeySentenceRow) -> Markup:
    """Words of key language, the sentence that bears most emphasised."""
    return lines(
        Markup("<strong>{}</strong>").format(piece) if bears else Markup("{}").format(piece)
        for piece, bears in row.pieces
    )


def _chips(turn_id: str, answer: AnswerResult) -> Markup:
    if not answer.citations or answer.is_key_language:  # key language has a chip beside each quotation
        return NOTHING
    chips = lines(
        Markup("<li>{}{}</li>").format(_chip(turn_id, answer, at), _changed(turn_id, answer, row))
        for at, row in enumerate(answer.citations)
    )
    return Markup('<ul class="chips" aria-label="Citations">{}</ul>').format(chips)


def _changed(turn_id: str, answer: AnswerResult, row: CitationRow | KeySentenceRow) -> Markup:
    """Lines that say which clauses amend what is quoted, each with a button to it."""
    return lines(changed_by(turn_id, answer, amendment) for amendment in row.superseded_by)


def _chip(turn_id: str, answer: AnswerResult, index: int) -> Markup:
    row = answer.citations[index]
    return Markup(
        '<button type="button" class="chip" data-do="cite" data-turn="{}" data-item="{}" title="{}">'
        '<span class="number">{}</span> <span class="pin">{}</span> {}</button>'
    ).format(turn_id, index, cite(row), row.n, _pin(answer, row), standing(mark_of(answer, index)))


def _pin(answer: AnswerResult, row: CiteRow) -> str:
    """Section and page of a row, and its document if several were searched or are cited."""
    documents = {each.document_id for each in (*answer.citations, *answer.key_language, *answer.nearest)}
    several = len(documents) > 1 or (answer.searched is not None and answer.searched.documents > 1)
    return f"{row.document}, {pin(row)}" if several else pin(row)


def _further(turn: SavedTurn, answer: AnswerResult) -> Markup:
    all_rows = enumerate(item.row for item in items(answer))
    sentences = [(index, row) for index, row in all_rows if isinstance(row, KeySentenceRow)]
    if not sentences:
        return NOTHING
    rows = lines(
        Markup(
            '<li><span class="words">{}</span> <button type="button" class="mark" data-do="cite" data-turn="{}" '
            'data-item="{}">{}</button>{}</li>'
        ).format(
            _emphasised(row) or "the document was removed",
            turn.id,
            index,
            _pin(answer, row),
            _changed(turn.id, answer, row),
        )
        for index, row in sentences
    )
    # With an incomplete answer, or none, it is what the user has, so it is open.
    is_open = Markup(" open") if answer.nearest or answer.notices or turn.state != "complete" else NOTHING
    return Markup('<details class="key"{}><summary>{} ({})</summary><ul>{}</ul></details>').format(
        is_open, key_language([row for _, row in sentences], nearest=bool(answer.nearest)), len(sentences), rows
    )


def _same_words(turn_id: str, answer: AnswerResult) -> Markup:
    """Other documents that contain a citation's passage word for word, such as contracts on one form."""
    buttons: dict[int, list[Markup]] = {}
    for index, item in enumerate(items(answer)):
        if isinstance(item.row, SameWordsRow):
            name = item.row.document
            button = Markup("<li>{}</li>").format(to_place(turn_id, index, name, f"Show {name}"))
            buttons.setdefault(item.row.citation, []).append(button)
    rows = answer.citations
    return lines(
        Markup('<details class="key"><summary>[{}] {}</summary><ul class="chips">{}{}</ul></details>').format(
            rows[at].n, also_in(rows[at].also_in), lines(group), _more(rows[at].also_in - len(group))
        )
        for at, group in buttons.items()
    )


def _more(count: int) -> Markup:
    return Markup("<li>and {} more</li>").format(f"{count:,}") if count > 0 else NOTHING


def _several(answer: AnswerResult) -> Markup:
    """Buttons to ask one of the documents alone, if an answer cites several."""
    names = {row.document_id: row.document for row in answer.citations if not row.removed}
    if len(names) < 2:
        return NOTHING
    buttons = lines(
        Markup('<button type="button" class="quiet" data-do="only" data-document="{}">{}</button>').format(*pair)
        for pair in names.items()
    )
    return Markup('<p class="several">This answer cites {} documents. Ask only one of them: {}</p>').format(
        len(names), buttons
    )


def _foot(turn: SavedTurn, *, last: bool, read_only: bool, privileged: Collection[str]) -> Markup:
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
    changes = NOTHING if read_only else lines([_read_on(turn) + again if last else NOTHING, ratings])
    return Markup('<footer class="foot">{}<div class="acts">{}{}</div></footer>').format(
        _coverage(turn.answer) + _made_by(turn.answer), _copy(turn, privileged), changes
    )


def _copy(turn: SavedTurn, privileged: Collection[str]) -> Markup:
    """Button that copies a turn, unless it has words of a privileged document."""
    places = (place for part in turn.answer.PLACES for place in getattr(turn.answer, part))
    if any(place.document_id in privileged for place in places):
        return Markup('<span class="privileged">Cites a privileged document: not for copying</span>')
    return Markup(
        '<button type="button" class="quiet" data-do="copy" data-turn="{}" data-copy="{}">Copy with citations</button>'
    ).format(turn.id, copied(turn))


def _read_on(turn: SavedTurn) -> Markup:
    """Button to read the passages that an answer left out, unless they were read as far as they are."""
    budget = turn.answer.budget if isinstance(turn.answer, AnswerResult) and not turn.answer.documents else None
    if turn.state != "complete" or budget is None or not budget.left_out or budget.windows > 1:
        return NOTHING
    words = f"Read the other {plural(budget.left_out, 'passage')} too"
    return Markup('<button type="button" class="quiet" data-do="read-on" data-turn="{}">{}</button>').format(
        turn.id, words
    )


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
