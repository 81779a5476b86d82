"""Renders an answer to a question as HTML: its text with a mark after each sentence, its places, what comes nearest.

Pure, as `chat` is. Places are numbered as `core.places` does it, one number a place.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from markupsafe import Markup

from webapp.core.places import citations_by_place, place_numbers
from webapp.core.results import (
    AnswerResult,
    CitationRow,
    CiteRow,
    KeySentenceRow,
    SameWordsRow,
    SentenceRow,
    items,
    mark_of,
    marks_of,
)
from webapp.core.wording import (
    DOUBT,
    also_in,
    cite,
    doubts,
    further_documents,
    key_language,
    says_more,
)
from webapp.exports.written import Piece, Said, Written
from webapp.exports.written_html import to_html
from webapp.page.html.parts import NOTHING, changed_by, folded, legend, lines, pin, sign, standing, to_place
from webapp.store.conversations import SavedTurn, State

LONG = 3_500  # characters of an answer, above which it is folded
_CLOSING = ".,;:!?)]”’"  # what stays on one line with the citations before it, of which there are at most so many
_MOST_TIED = 3
ToPlace = Callable[[Piece], Markup]  # draws the citations of a marker


def body(turn: SavedTurn, answer: AnswerResult, heading: Markup) -> Markup:
    """Heading, text, and what is listed below it."""
    size = max(len(answer.answer), sum(len(row.text or "") for row in answer.key_language))
    parts = (heading, folded(turn.id, _text(turn.id, answer), is_long=size > LONG), _chips(turn.id, answer))
    below = (_same_words(turn.id, answer), _further(turn, answer), legend(marks_of(answer)), _several(answer))
    return lines([*parts, *below])


def heading(state: State, answer: AnswerResult) -> Markup:
    """What stands above an answer: that nothing was found, what is in doubt, that nothing was written."""
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


def draft(text: str) -> Markup:
    """A text that is being written, nothing of which is checked."""
    return prose(Written(text), lambda piece: lines(Markup("[{}]").format(n) for n in piece.passages))


def prose(written: Written, to_places: ToPlace) -> Markup:
    """The text of an answer, after each of its sentences the sentence's mark; `to_places` draws its citations."""
    return to_html(written.lines, lambda cell: lines(_said(said, to_places) for said in cell))


def _said(said: Said, to_places: ToPlace) -> Markup:
    """A sentence with its mark; one in doubt is marked as a whole."""
    words = lines(_pieces(said.pieces, to_places))
    row = said.row
    if row is None:
        return words
    if row.standing.is_doubt:
        words = Markup('<span class="said doubt">{}</span>').format(words)
    return Markup("{}{}").format(words, mark) if (mark := _mark(row)) else words


def _mark(row: SentenceRow) -> Markup:
    """The mark of a sentence as it stands after it."""
    if says_more(row):
        return Markup(" {}").format(standing(row.standing, row.told))
    return Markup("\u00a0{}").format(sign(row.standing)) if row.standing.sign else NOTHING


def _pieces(pieces: Sequence[Piece], to_places: ToPlace) -> Iterator[Markup]:
    """The pieces of a sentence; no line ends between a citation and the full stop after it."""
    closing = ""
    for piece, after in zip(pieces, (*pieces[1:], Piece()), strict=True):
        drawn = _piece(replace(piece, text=piece.text.removeprefix(closing)), to_places)
        is_tied = 0 < len(piece.at) <= _MOST_TIED
        closing = after.text[: len(after.text) - len(after.text.lstrip(_CLOSING))] if is_tied else ""
        yield Markup('<span class="tied">{}{}</span>').format(drawn, closing) if closing else drawn


def _piece(piece: Piece, to_places: ToPlace) -> Markup:
    """Words, citation numbers, or a note on a quotation that was not found."""
    if not piece.text:
        return to_places(piece)
    if piece.style == "bold":
        return Markup("<strong>{}</strong>").format(piece.text)
    if piece.style == "unfound":
        return Markup('<span class="unfound"><span aria-hidden="true">!</span> {}</span>').format(piece.text)
    return Markup.escape(piece.text)


def _text(turn_id: str, answer: AnswerResult) -> Markup:
    rows = answer.citations
    if answer.is_key_language:
        quotation = Markup('<blockquote><p>{}</p></blockquote><p class="from">{}</p>')
        quoted = lines(
            quotation.format(_emphasised(key), _chip(turn_id, answer, number, [at])) + _changed(turn_id, answer, [row])
            for at, (number, row, key) in enumerate(zip(place_numbers(rows), rows, answer.key_language, strict=True))
        )
        more = further_documents(answer)
        rest = Markup("<p>{}</p>").format(more) if more else NOTHING
        return Markup('<div class="written">{}{}</div>').format(quoted, rest)
    written = Written.of(answer)

    def to_places(piece: Piece) -> Markup:
        """Buttons to the places of a marker; the number of a passage that the answer does not cite leads nowhere."""
        places = [to_place(turn_id, at, str(written.numbers[at]), f"Show {pin(rows[at])}") for at in piece.at]
        nowhere = [Markup('<span class="mark none">[passage {}]</span>').format(n) for n in piece.passages]
        return lines([*places, *nowhere])

    return Markup('<div class="written">{}</div>').format(prose(written, to_places))


def _emphasised(row: KeySentenceRow) -> Markup:
    """Words of key language, the sentence that bears most emphasised."""
    return lines(
        Markup("<strong>{}</strong>").format(piece) if bears else Markup("{}").format(piece)
        for piece, bears in row.pieces
    )


def _chips(turn_id: str, answer: AnswerResult) -> Markup:
    """A button for each place."""
    if not answer.citations or answer.is_key_language:  # key language has a chip beside each quotation
        return NOTHING
    chips = lines(
        Markup("<li>{}{}</li>").format(
            _chip(turn_id, answer, number, positions),
            _changed(turn_id, answer, [answer.citations[at] for at in positions]),
        )
        for number, positions in citations_by_place(answer.citations)
    )
    return Markup('<ul class="chips" aria-label="Citations">{}</ul>').format(chips)


def _changed(turn_id: str, answer: AnswerResult, rows: Sequence[CitationRow | KeySentenceRow]) -> Markup:
    """Lines that say which clauses amend what is quoted, each with a button to it."""
    changes = dict.fromkeys(amendment for row in rows for amendment in row.superseded_by)
    return lines(changed_by(turn_id, answer, amendment) for amendment in changes)


def _chip(turn_id: str, answer: AnswerResult, number: int, positions: Sequence[int]) -> Markup:
    """Button to a place: its number, its pin cite, and its mark; of several marks, the signs."""
    row = answer.citations[positions[0]]
    marks = list(dict.fromkeys(mark_of(answer, at) for at in positions))
    drawn = standing(marks[0]) if len(marks) == 1 else lines(map(sign, marks))
    return Markup(
        '<button type="button" class="chip" data-do="cite" data-turn="{}" data-item="{}" title="{}">'
        '<span class="number">{}</span> <span class="pin">{}</span> {}</button>'
    ).format(turn_id, positions[0], cite(row), number, _pin(answer, row), drawn)


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
            _changed(turn.id, answer, [row]),
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
    rows, numbers = answer.citations, place_numbers(answer.citations)
    return lines(
        Markup('<details class="key"><summary>[{}] {}</summary><ul class="chips">{}{}</ul></details>').format(
            numbers[at], also_in(rows[at].also_in), lines(group), _more(rows[at].also_in - len(group))
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
