"""Writes a conversation as a file: HTML to read and print, Markdown to go on working with, JSON for programs."""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from markupsafe import Markup

from webapp.core.results import AnswerResult, ConversationExport, ExportedTurn, MentionsResult, SummaryResult
from webapp.core.wording import (
    DOUBT,
    STATES,
    changed_by,
    cite,
    clause_title,
    coverage,
    document_answer,
    document_places,
    doubts,
    emphasised,
    key_language,
    legend,
    marked_text,
    mentions_count,
    mentions_coverage,
    plural,
    provenance_lines,
    read_as,
    summary_coverage,
    summary_heading,
    summary_line,
    with_others,
)

Form = Literal["html", "md", "json"]
MEDIA_TYPES: Mapping[Form, str] = {
    "html": "text/html; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "json": "application/json",
}
Kind = Literal["words", "quote", "item", "heading", "note"]
_STYLE = Markup("""
:root { color-scheme: light dark; --ink: #1d2128; --soft: #5a616c; --paper: #fbfaf8; --line: #dedad2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7e5e0; --soft: #a3a9b3; --paper: #16181c; --line: #353a43; } }
body { color: var(--ink); background: var(--paper); font: 1rem/1.55 Charter, Cambria, Georgia, serif; margin: 0 auto;
  max-width: 50rem; padding: 2rem 1.2rem; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; line-height: 1.3; } h2 { font-size: 1.1rem; margin: 0; } h3 { font-size: 1rem; }
section { border-top: 1px solid var(--line); padding: 0.9rem 0; }
blockquote { margin: 0.5rem 0; padding-left: 0.8rem; border-left: 2px solid var(--line); }
.item { margin: 0.2rem 0 0.2rem 0.8rem; }
.note { color: var(--soft); font: 0.85rem/1.4 system-ui, sans-serif; margin: 0.2rem 0; }
""")
_RATINGS = {1: ", rated helpful", -1: ", rated not helpful", None: ""}
_STATES = {"stopped": "Stopped. What follows is incomplete.", "failed": "Ended by an error."}


def to_html(export: ConversationExport) -> str:
    """One page with every question and what came of it."""
    tags: Mapping[Kind, Markup] = {
        "words": Markup("<p>{}</p>"),
        "quote": Markup("<blockquote>{}</blockquote>"),
        "item": Markup('<p class="item">{}</p>'),
        "heading": Markup("<h3>{}</h3>"),
        "note": Markup('<p class="note">{}</p>'),
    }
    sections = Markup("\n").join(
        Markup("<section><h2>{}</h2>{}</section>").format(
            turn.question, Markup("").join(tags[kind].format(text) for kind, text in _parts(turn))
        )
        for turn in export.turns
    )
    about = Markup("").join(tags["note"].format(line) for line in _about(export))
    return str(
        Markup(
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            '<meta name="viewport" content="width=device-width"><style>{style}</style></head>'
            "<body><h1>{title}</h1>{about}{sections}</body></html>"
        ).format(title=export.conversation.title, style=_STYLE, about=about, sections=sections)
    )


def to_markdown(export: ConversationExport) -> str:
    """The same as Markdown."""
    marks: Mapping[Kind, str] = {"words": "", "quote": "> ", "item": "- ", "heading": "### ", "note": ""}
    out = [f"# {_line(export.conversation.title)}", *_about(export)]
    for turn in export.turns:
        out.append(f"## {_line(turn.question)}")
        out += [marks[kind] + (_line(text) if kind != "words" else text) for kind, text in _parts(turn)]
    return "\n\n".join(out) + "\n"


def to_json(export: ConversationExport) -> str:
    """The same as one JSON object."""
    return export.line() + "\n"


WRITERS: Mapping[Form, Callable[[ConversationExport], str]] = {"html": to_html, "md": to_markdown, "json": to_json}


def _line(text: str) -> str:
    return " ".join(text.split())


def _about(export: ConversationExport) -> Iterator[str]:
    whose = f", a conversation of {export.conversation.author}" if export.conversation.author else ""
    yield f"{export.matter}{whose}; begun {_day(export.conversation.created_at)}, exported {_day(export.exported_at)}."
    if export.left_out:
        yield (
            f"{plural(export.left_out, 'question')} with their answers are left out: they draw on documents that are "
            "kept out of exports as privileged."
        )


def _day(at: str) -> str:
    return f"{at[:16].replace('T', ' ')} UTC"


def _parts(turn: ExportedTurn) -> Iterator[tuple[Kind, str]]:
    """What came of a question, in pieces of a kind each."""
    result = turn.answer
    yield "note", f"{_day(turn.asked_at)}{_RATINGS[turn.rating]}"
    for notice in result.notices:
        yield "note", f"{notice.error} {notice.hint}".strip()
    if result.error:
        yield "note", f"{result.error} {result.hint}".strip()
    elif turn.state in _STATES:
        yield "note", _STATES[turn.state]
    match result:
        case SummaryResult():
            yield from _summary(result)
        case MentionsResult():
            yield from _mentions(result)
        case AnswerResult():
            yield from _answer(result)
    yield from (("note", line) for line in legend(result))
    if not isinstance(result, MentionsResult) and result.made_by:
        yield from (("note", line) for line in provenance_lines(result.made_by))


def _answer(answer: AnswerResult) -> Iterator[tuple[Kind, str]]:
    if how := read_as(answer):
        yield "note", f"{how}."
    if answer.doubtful:
        yield "note", DOUBT
    if words := doubts(answer):
        yield "note", words
    yield from (("words", line) for line in marked_text(answer).splitlines() if line.strip())
    if answer.documents:
        yield from _documents(answer)
    else:
        for row in answer.citations:
            quote = f": “{row.quote}”" if row.quote and row.quote not in answer.answer else ""
            yield "item", f"[{row.n}] {with_others(row)}{quote}"
    further = answer.nearest or answer.further_key_language
    if further:
        yield "heading", key_language(further, nearest=bool(answer.nearest))
    for sentence in further:
        yield "quote", f"“{' '.join(emphasised(sentence).split())}” – {cite(sentence)}"
        yield from (("item", changed_by(row)) for row in sentence.superseded_by)
    if answer.searched and answer.budget and answer.budget.window:
        yield "note", coverage(answer.searched, answer.budget)


def _documents(answer: AnswerResult) -> Iterator[tuple[Kind, str]]:
    by_number = {row.n: row for row in answer.citations}
    for row in answer.documents:
        said = " ".join(part for part in (document_answer(row, by_number), row.reason) if part)
        where = document_places(row, answer, cite)
        told = "; ".join(part for part in (STATES[row.state].lower(), said, where) if part)
        yield "item", f"{row.document}: {told}"


def _summary(summary: SummaryResult) -> Iterator[tuple[Kind, str]]:
    yield "note", summary_heading(summary)
    for clause in summary.clauses:
        yield "heading", clause_title(clause)
        yield from (("item", summary_line(line, summary.citations)) for line in clause.lines)
    yield "note", summary_coverage(summary.searched, len(summary.clauses))


def _mentions(result: MentionsResult) -> Iterator[tuple[Kind, str]]:
    yield "note", mentions_count(result.count, result.documents, result.struck)
    yield from (("item", f"{cite(row)}: {''.join(row.around or ())}") for row in result.citations)
    yield "note", mentions_coverage(result.searched)
