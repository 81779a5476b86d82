"""Turns become the HTML of the chat. Pure: events and answers in, `Markup` out.

Text of documents and of models is `str`, HTML is `Markup`; the two meet in `Markup.format`, which escapes. Nothing here
turns a `str` into `Markup` in any other way, and no link or image is ever made of what a text says.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from markupsafe import Markup

from webapp.core.stream import Body
from webapp.core.wording import DOUBT, also_in, cite, coverage, plural, with_others
from webapp.grounding.check import NO_CITATION, NOT_FOUND
from webapp.grounding.markers import CITE, cites
from webapp.page.html import mentions as render_mentions
from webapp.page.html import summary as render_summary
from webapp.page.html.parts import NOTHING, lines, pin, standing, to_place
from webapp.store.conversations import SavedTurn

_INLINE = re.compile(rf"(?P<cite>(?i:{CITE.pattern}))|\*\*(?P<bold>[^*\n]+)\*\*|(?P<doubt>\({re.escape(NOT_FOUND)}\))")
_BULLET = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)])\s+")
_QUOTED = re.compile(r"\s*>\s?")
Mark = Callable[[int, int], Markup]  # of a citation's number and where it stands in the answer
AGAIN = {"summary": "Summarise again", "mentions": "Look again"}
SHARES = (
    ("system", "Instructions"),
    ("history", "Earlier answers"),
    ("question", "Question"),
    ("passages", "Passages"),
    ("reserve", "Room for the answer"),
)


@dataclass(frozen=True, slots=True)
class Item:
    """One place that an answer rests on, as the evidence shows it: which kind, and its row."""

    kind: str
    row: Body


def items(answer: Body) -> list[Item]:
    """All places of an answer: what it cites, further key language, what was read for it, and where else its words stand."""
    cited = {row.get("quote") for row in answer.get("citations", ())}
    further = [row for row in answer.get("key_language", ()) if row.get("text") not in cited]
    numbers = [row["n"] for row in answer.get("citations", ())]
    kinds = (
        ("Mention" if is_mentions(answer) else "Citation", answer.get("citations", ())),
        ("Key language", further),
        ("Definition", answer.get("definitions", ())),
        ("Passage", answer.get("passages", ())),
        *((f"Same words as [{numbers[row['citation']]}],", [row]) for row in answer.get("same_words", ())),
    )
    return [Item(kind, row) for kind, rows in kinds for row in rows]


def past(turns: Sequence[SavedTurn]) -> Markup:
    """The conversation so far."""
    return lines(turn_html(turn, last=turn is turns[-1]) for turn in turns)


def turn_html(turn: SavedTurn, *, last: bool = False) -> Markup:
    """A question and what came of it."""
    match turn.answer.get("kind"):
        case "summary":
            shown = _summary(turn)
        case "mentions":
            shown = render_mentions.heading(turn.answer) + render_mentions.body(turn.id, turn.answer)
        case _:
            shown = _answer(turn)
    return Markup(
        '<article class="turn" data-state="{}" aria-label="Question and answer">{}<div class="answer">{}{}</div>{}</article>'
    ).format(turn.state, _asked(turn), _notices(turn.answer), shown, _foot(turn, last=last))


def is_summary(answer: Body) -> bool:
    """Whether a turn is the summary of a document and no answer."""
    return answer.get("kind") == "summary"


def is_mentions(answer: Body) -> bool:
    """Whether a turn lists every mention of a phrase and is no answer."""
    return answer.get("kind") == "mentions"


def _answer(turn: SavedTurn) -> Markup:
    return lines([_heading(turn), _text(turn), _chips(turn), _same_words(turn), _further(turn), _several(turn.answer)])


def _summary(turn: SavedTurn) -> Markup:
    stopped = turn.state == "stopped"
    heading = render_summary.heading(turn.answer, stopped=turn.state != "complete")
    return lines([_stopped() if stopped else heading, render_summary.body(turn.id, turn.answer)])


def writing(question: str, draft: str, *, searching: bool, before: int = 0) -> Markup:
    """The answer that is being written, or that has so many `before` it. Its text has not been checked yet, and says so."""
    stand = "Searching the documents…" if searching else "Reading the passages…" if not draft else "Being written…"
    if before:
        stand = f"{plural(before, 'answer')} before yours"
    note = Markup(
        '<p class="draft-note">Not checked yet. Quotations are compared with their pages when it is finished.</p>'
    )
    return Markup(
        '<article class="turn" data-state="writing"><h3 class="question">{}</h3><div class="answer">'
        '<p class="stand"><span class="pulse" aria-hidden="true"></span>{}</p><div class="written draft">{}</div>{}</div></article>'
    ).format(question, stand, prose(draft, lambda n, _: Markup("[{}]").format(n)), note if draft else NOTHING)


def choice(question: str, meant: Sequence[tuple[str, str]]) -> Markup:
    """A question that leaves the choice between documents, each by its id and name: which of them, or all."""
    ids = " ".join(id_ for id_, _ in meant)
    buttons = lines(
        Markup(
            '<li><button type="button" class="example" data-do="meant" data-on="submit" data-question="{}" data-documents="{}">{}</button></li>'
        ).format(question, each, name)
        for each, name in [*meant, (ids, "All of them")]
    )
    return Markup(
        '<article class="turn" data-state="choice" aria-label="Question"><h3 class="question">{}</h3><div class="answer">'
        '<p class="stand">This fits {} documents. Which one do you mean?</p><ul class="choice" aria-label="Documents">{}</ul></div></article>'
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
            '<li><button type="button" class="example" data-do="example" data-on="submit" data-question="{q}">{q}</button></li>'
        ).format(q=question)
        for question in examples
    )
    shown = (
        Markup('<ul class="examples" aria-label="Questions to begin with">{}</ul>').format(asked) if asked else NOTHING
    )
    return Markup(
        '<div class="empty"><h2>Ask about {}</h2><p>Every statement is cited to its page, and every quotation is compared '
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
    if is_summary(turn.answer):
        return render_summary.copied(turn.answer)
    if is_mentions(turn.answer):
        return render_mentions.copied(turn.answer)
    rows = [f"[{row['n']}] {with_others(row)}" for row in turn.answer.get("citations", ())]
    return "\n".join([turn.answer.get("answer", ""), "", *dict.fromkeys(rows)]).strip()


def _inline(text: str, at: int, mark: Mark, notes: Mapping[int, Markup]) -> Markup:
    """A line, or what is left of it behind a bullet; `at` is where it begins in the answer."""
    out, done = [NOTHING], 0
    for match in _INLINE.finditer(text):
        out.append(_noted(text[done : match.start()], at + done, notes))
        if match["cite"]:
            out += [mark(n, at + match.start()) for _, numbers in cites(match["cite"]) for n in numbers]
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
        '<button type="button" class="quiet" data-do="edit" data-turn="{}" aria-label="Edit this question">Edit</button>'
    ).format(turn.id)
    title = f"Every mention of “{turn.question}”" if is_mentions(turn.answer) else turn.question
    return Markup('<header class="asked"><h3 class="question">{}</h3>{}</header>').format(
        title, NOTHING if is_summary(turn.answer) else edit
    )


def _notices(answer: Body) -> Markup:
    told = [*answer.get("notices", ()), *([answer] if answer.get("error") else [])]
    return lines(notice(row["error"], row.get("hint", "")) for row in told)


def _heading(turn: SavedTurn) -> Markup:
    if turn.state == "stopped":
        return _stopped()
    if turn.state == "complete" and not turn.answer.get("found"):
        return Markup('<p class="stand"><span aria-hidden="true">○</span> Nothing found</p>')
    doubt = Markup('<p class="stand">{}</p>').format(DOUBT) if turn.answer.get("doubtful") else NOTHING
    if _is_key_language(turn.answer):
        return doubt + Markup(
            '<p class="stand">Key language: the documents’ own words, in the place of a written answer.</p>'
        )
    return doubt


def _stopped() -> Markup:
    return Markup('<p class="stand"><span aria-hidden="true">■</span> Stopped. This is what had been written.</p>')


def _is_key_language(answer: Body) -> bool:
    quoted = [row.get("text") for row in answer.get("key_language", ())]
    return any(quoted) and [row.get("quote") for row in answer.get("citations", ())] == quoted


def _text(turn: SavedTurn) -> Markup:
    rows, sentences = turn.answer.get("citations", ()), turn.answer.get("sentences", ())
    if _is_key_language(turn.answer):
        told = Markup('<blockquote><p>{}</p></blockquote><p class="from">{}</p>')
        return Markup('<div class="written">{}</div>').format(
            lines(told.format(row["quote"], _chip(turn, index)) for index, row in enumerate(rows))
        )

    def mark(n: int, at: int) -> Markup:
        """Leads to the place that its own sentence cites."""
        own = next((each["citations"] for each in sentences if at < each["end"]), ())
        index = next((i for i in (*own, *range(len(rows))) if rows[i]["n"] == n), None)
        if index is None:
            return Markup('<span class="mark none">[{}]</span>').format(n)
        return to_place(turn.id, index, str(n), f"Show {pin(rows[index])}")

    notes = {each["end"]: _doubt(each["doubt"]) for each in sentences if each["doubt"]}
    return Markup('<div class="written">{}</div>').format(prose(turn.answer.get("answer", ""), mark, notes))


def _doubt(reason: str) -> Markup:
    """After a sentence that its passages do not bear out, and why."""
    if reason == f"a quotation was {NOT_FOUND}":  # the quotation itself says so
        return NOTHING
    words = "no citation" if reason == NO_CITATION else "not confirmed"
    return Markup(' <span class="unfound" title="{}"><span aria-hidden="true">!</span> {}</span>').format(reason, words)


def _chips(turn: SavedTurn) -> Markup:
    rows = turn.answer.get("citations", ())
    if not rows or _is_key_language(turn.answer):  # there each quotation has its own beside it
        return NOTHING
    chips = lines(Markup("<li>{}</li>").format(_chip(turn, index)) for index in range(len(rows)))
    return Markup('<ul class="chips" aria-label="Citations">{}</ul>').format(chips)


def _chip(turn: SavedTurn, index: int) -> Markup:
    row = turn.answer["citations"][index]
    kind, icon, words = standing(row)
    return Markup(
        '<button type="button" class="chip {}" data-do="cite" data-turn="{}" data-item="{}" title="{}">'
        '<span class="number">{}</span> <span class="pin">{}</span> '
        '<span class="standing"><span aria-hidden="true">{}</span> {}</span></button>'
    ).format(kind, turn.id, index, cite(row), row.get("n", ""), _pin(turn.answer, row), icon, words)


def _pin(answer: Body, row: Body) -> str:
    """Section and page of a place, and its document where the answer shows words of several."""
    shown = {each["document_id"] for part in ("citations", "key_language") for each in answer.get(part, ())}
    return f"{row['document']}, {pin(row)}" if len(shown) > 1 else pin(row)


def _further(turn: SavedTurn) -> Markup:
    found = [(index, item.row) for index, item in enumerate(items(turn.answer)) if item.kind == "Key language"]
    if not found:
        return NOTHING
    rows = lines(
        Markup(
            '<li><span class="words">{}</span> <button type="button" class="mark" data-do="cite" data-turn="{}" data-item="{}">{}</button></li>'
        ).format(row.get("text") or "the document was removed", turn.id, index, _pin(turn.answer, row))
        for index, row in found
    )
    # Beside an answer that is not whole it is what the reader has: open at once.
    shown = Markup(" open") if turn.answer.get("notices") or turn.state != "complete" else NOTHING
    return Markup(
        '<details class="key"{}><summary>Key language, word for word ({})</summary><ul>{}</ul></details>'
    ).format(shown, len(found), rows)


def _same_words(turn: SavedTurn) -> Markup:
    """The other documents in which a citation's passage stands word for word: contracts on one form."""
    places: dict[int, list[Markup]] = {}
    for index, item in enumerate(items(turn.answer)):
        if "citation" in item.row:
            name = item.row["document"]
            place = Markup("<li>{}</li>").format(to_place(turn.id, index, name, f"Show {name}"))
            places.setdefault(item.row["citation"], []).append(place)
    cited = turn.answer.get("citations", ())
    return lines(
        Markup('<details class="key"><summary>[{}] {}</summary><ul class="chips">{}{}</ul></details>').format(
            cited[at]["n"], also_in(cited[at]["also_in"]), lines(shown), _more(cited[at]["also_in"] - len(shown))
        )
        for at, shown in places.items()
    )


def _more(count: int) -> Markup:
    return Markup("<li>and {} more</li>").format(f"{count:,}") if count > 0 else NOTHING


def _several(answer: Body) -> Markup:
    """Where an answer rests on several documents, each can be asked alone."""
    names = {row["document_id"]: row["document"] for row in answer.get("citations", ()) if not row.get("removed")}
    if len(names) < 2:
        return NOTHING
    buttons = lines(
        Markup('<button type="button" class="quiet" data-do="only" data-document="{}">{}</button>').format(*pair)
        for pair in names.items()
    )
    return Markup('<p class="several">This rests on {} documents. Ask one alone: {}</p>').format(len(names), buttons)


def _foot(turn: SavedTurn, *, last: bool) -> Markup:
    again = Markup(
        '<button type="button" class="quiet" data-do="again" data-on="submit" data-turn="{}">{}</button>'
    ).format(turn.id, AGAIN.get(turn.answer.get("kind", ""), "Ask again"))
    rated = lines(
        Markup(
            '<button type="button" class="quiet" data-do="rate" data-turn="{}" data-rating="{}" aria-pressed="{}">{}</button>'
        ).format(turn.id, value, "true" if turn.rating == value else "false", words)
        for value, words in ((1, "Helpful"), (-1, "Not helpful"))
    )
    return Markup(
        '<footer class="foot">{}<div class="acts"><button type="button" class="quiet" data-copy="{}">Copy with citations'
        "</button>{}{}</div></footer>"
    ).format(_coverage(turn.answer), copied(turn), again if last else NOTHING, rated)


def _coverage(answer: Body) -> Markup:
    if is_summary(answer):
        return render_summary.coverage(answer)
    if is_mentions(answer):
        return render_mentions.coverage(answer)
    if "searched" not in answer or "budget" not in answer:
        return NOTHING
    return Markup('<p class="coverage">{}</p>{}').format(coverage(answer), meter(answer["budget"]))


def meter(budget: Mapping[str, int]) -> Markup:
    """How the room in front of the engine was shared out: a bar, and the same in words."""
    window = max(budget.get("window", 0), 1)
    bars, told, at = [], [], 0.0
    for name, words in SHARES:
        share = 100 * budget.get(name, 0) / window
        bars.append(Markup('<rect class="{}" x="{:.1f}" y="0" width="{:.1f}" height="6"/>').format(name, at, share))
        told.append(f"{words} {share:.0f} %")
        at += share
    told.append(f"Free {max(100 - at, 0):.0f} %")
    keys = lines(
        Markup('<li class="{}">{}</li>').format(name, words)
        for (name, _), words in zip([*SHARES, ("free", "")], told, strict=True)
    )
    return Markup(
        '<details class="room"><summary><svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">{}</svg>'
        "<span>What was read to answer</span></summary><ul>{}</ul></details>"
    ).format(lines(bars), keys)


def address(matter_id: str, conversation_id: str) -> Markup:
    """Where the page is, for its address: loaded again it comes back there."""
    return Markup('<span id="here" data-matter="{}" data-conversation="{}"></span>').format(matter_id, conversation_id)


def said(words: str) -> Markup:
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
