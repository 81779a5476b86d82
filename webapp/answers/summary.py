"""Summarises a document clause by clause, with citations; yields events that command line and page render.

document → clauses → parts (≤ n tokens) → prompt → text → checked sentences → lines, each with its pin cite

Without a language model, and where its text for a clause fails the checks, the clause's own statements are shown.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from retrieval import Document, Passage
from webapp.answers.generate import Delta, Trouble
from webapp.answers.prompt import JOINTS, THINKING_SHARE, without_chat_markers
from webapp.answers.statements import Group, Statement, essence, groups
from webapp.core.errors import Congested, EngineError, EngineThought
from webapp.core.marks import State
from webapp.grounding.check import CheckedAnswer, Citation, check, word_for_word
from webapp.grounding.markers import CITE
from webapp.llm.chat import Message
from webapp.llm.pool import Backend, Lease
from webapp.llm.tokenizer import token_counter

RESERVE_SHARE = 0.25  # of the window, for the text of one part: a third of the room that its clauses take
NO_ENGINE = "a summary was to be written without a language model"
_WIDEST_NUMBER = 888  # the tokens of a passage are counted with a number of three digits
_LONG = 1200  # characters of a clause with lines of its own; a longer clause is split between its sections
_LIST_MARK = re.compile(r"^\s*(?:[-*•]|\d{1,3}[.)])\s+")

SYSTEM = """You summarise the clauses of a contract. Use only the numbered clauses below.
- For each clause write one or two short sentences: who must or may do what, by when, and for how much.
- Begin a new line for each clause and end each sentence with the clause's number in square brackets, like [2].
- Quote the decisive words exactly as they stand, in double quotation marks.
- Copy names, numbers, amounts and dates exactly. Add nothing."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a summary.

    `text` was written by the language model and passed the checks; None if the line is a quotation. `states` are those
    of its sentences, each with how it was reached.
    """

    text: str | None
    citations: tuple[Citation, ...]
    states: tuple[tuple[State, str], ...] = (("supported", "quoted"),)


@dataclass(frozen=True, slots=True)
class SummaryClause:
    """One clause of the summary: label, heading, schedule, lines, and the definitions in it."""

    label: str
    heading: str
    part: str
    lines: tuple[Line, ...]
    definitions: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """Event: part `n` of `of` begins; `clauses` names the clauses in it."""

    n: int
    of: int
    clauses: str  # "Sections 4–6"


@dataclass(frozen=True, slots=True)
class Lines:
    """Event: a part is finished, with these clauses."""

    clauses: tuple[SummaryClause, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """Last event: the summary. `written` lines are the language model's, the others quotations."""

    document: Document
    clauses: tuple[SummaryClause, ...]
    engine: str
    written: int


Event = Part | Delta | Trouble | Lines | Summary


async def summary(document: Document, lease: Lease | None) -> AsyncGenerator[Event]:
    """Summarise a document; yields a Part, Deltas and Lines for each part, at most one Trouble, last the Summary.

    `lease` leases a language model for one part; None if none is to be used. If it fails, every clause is summarised
    all the same. Closing the iterator closes the language model's stream.
    """
    best = await asyncio.to_thread(essence, document)
    name, parts, reserve = "none", [[_Piece(group, group.statements) for group in best]], 0
    if lease is not None:
        try:
            async with lease() as backend:
                name, parts, reserve = await _parts(document, backend)
        except (EngineError, Congested) as error:
            lease = None
            yield Trouble(error)

    all_clauses: list[SummaryClause] = []
    number, has_thought = 0, False
    while number < len(parts):
        pieces, number = parts[number], number + 1
        yield Part(number, len(parts), clause_range([piece.group for piece in pieces]))
        draft = ""
        if lease is not None and (passages := [piece.passage for piece in pieces if piece.passage]):
            try:
                async with aclosing(_draft(lease, passages, reserve)) as stream:
                    async for delta in stream:
                        draft = delta.after(draft)
                        yield delta
            except (EngineError, Congested) as error:  # what it has written of this part may still pass the checks
                if isinstance(error, EngineThought) and not (has_thought or all_clauses):
                    has_thought, number = True, 0  # once more from the beginning, with room to think
                    async with lease() as backend:
                        name, parts, reserve = await _parts(document, backend)
                    continue
                lease = None
                yield Trouble(error)
        clauses = await asyncio.to_thread(_checked_clauses, draft, pieces, best, document)
        all_clauses += clauses
        yield Lines(clauses)
    clauses = joined(all_clauses)
    written = sum(line.text is not None for clause in clauses for line in clause.lines)
    yield Summary(document, clauses, name, written)


async def _draft(lease: Lease, passages: Sequence[Passage], reserve: int) -> AsyncGenerator[Delta]:
    async with lease() as backend, aclosing(backend.stream(_messages(passages), max_tokens=reserve)) as stream:
        async for piece in stream:
            yield Delta.of(piece)


def clause_range(clauses: Sequence[Group]) -> str:
    """Label of a run of clauses: "Sections 4–6", "Article 12 – Schedule 2"."""
    labels = list(dict.fromkeys(group.label for group in clauses if group.label))
    if len(labels) < 2:
        return labels[0] if labels else "the opening"
    (word, _, first), (last_word, _, last) = labels[0].partition(" "), labels[-1].partition(" ")
    return f"{word}s {first}–{last}" if word == last_word else f"{labels[0]} – {labels[-1]}"


@dataclass(frozen=True, slots=True)
class _Piece:
    """A run of statements of one clause, and its passage in the prompt; None if it is not sent."""

    group: Group
    statements: tuple[Statement, ...]
    passage: Passage | None = None


async def _parts(document: Document, backend: Backend) -> tuple[str, list[list[_Piece]], int]:
    """The language model's name, the clauses in parts that fit its window, and the tokens reserved for its text."""
    client = backend.client
    if client is None:
        raise RuntimeError(NO_ENGINE)
    info = await client.describe()
    count, template = token_counter(info, client.url, client.api_key, backend.tokenizer)
    reserve = int(info.window * (RESERVE_SHARE + (THINKING_SHARE if info.thinks else 0)))
    room = info.window - reserve - template.overhead(2) - JOINTS

    def split() -> list[list[_Piece]]:
        return _split(document, lambda text: count(without_chat_markers(text)), room - count(SYSTEM))

    return info.name, await asyncio.to_thread(split), reserve


def _split(document: Document, count: Callable[[str], int], room: int) -> list[list[_Piece]]:
    """Split the clauses of a document into parts of at most `room` tokens.

    Definitions are not sent, nor is a run of statements that is longer than a part: they are quoted.
    """
    parts: list[list[_Piece]] = [[]]
    left, n = room, 0
    for group in groups(document):
        if group.definitions:
            parts[-1].append(_Piece(group, group.definitions))
        for run in _runs([s for s in group.statements if s not in group.definitions]):
            n += 1
            passage = _passage(document, run, n)
            cost = count(replace(passage, n=_WIDEST_NUMBER).as_sent())
            if left < cost <= room:
                parts.append([])
                left = room
            parts[-1].append(_Piece(group, run, passage if cost <= room else None))
            left -= cost if cost <= room else 0
    return [part for part in parts if part]


def _runs(statements: Sequence[Statement]) -> Iterator[tuple[Statement, ...]]:
    """Split statements into runs: past _LONG characters before a new section, past twice that before any statement."""
    run: list[Statement] = []
    for statement in statements:
        length = sum(len(s.text) for s in run) + len(statement.text)
        if run and ((length > _LONG and statement.section != run[-1].section) or length > 2 * _LONG):
            yield tuple(run)
            run = []
        run.append(statement)
    if run:
        yield tuple(run)


def _passage(document: Document, run: Sequence[Statement], n: int) -> Passage:
    span = document.span(run[0].span.start, run[-1].span.end)
    return Passage(**replace(run[0], spans=(span,)).where(), n=n, text=" ".join(s.text for s in run))


def _messages(passages: Sequence[Passage]) -> list[Message]:
    prompt = "\n".join(passage.as_sent() for passage in passages)
    return [
        Message("system", SYSTEM),
        Message("user", f"{without_chat_markers(prompt)}\nSummarise each numbered clause."),
    ]


def _checked_clauses(
    draft: str, pieces: Sequence[_Piece], best: Sequence[Group], document: Document
) -> tuple[SummaryClause, ...]:
    """Clauses of a part: the language model's text where it passes the checks, else the clause's own statements."""
    passages = [piece.passage for piece in pieces if piece.passage]
    documents = {document.id: document}
    sentences: dict[int, list[str]] = {}
    for sentence in check(draft, passages, documents).sentences:
        for n in sentence.cites[:1]:
            sentences.setdefault(n, []).append(_LIST_MARK.sub("", sentence.text))
    chosen = {s.span for group in best for s in group.statements}
    clauses = []
    for piece in pieces:
        checked = (
            check(" ".join(sentences.get(piece.passage.n, ())), [piece.passage], documents) if piece.passage else None
        )
        quotations = (_verbatim(statement) for statement in piece.statements if statement.span in chosen)
        lines: tuple[Line, ...] = (_written(checked),) if checked and _is_supported(checked) else tuple(quotations)
        group = piece.group
        clauses.append(SummaryClause(group.label, group.heading, group.part, lines, group.definitions))
    return joined(clauses)


def _is_supported(checked: CheckedAnswer) -> bool:
    """Whether the text for a clause may be shown: it is not empty, and every sentence passed."""
    return bool(checked.sentences) and checked.supported


def _written(checked: CheckedAnswer) -> Line:
    states = tuple((sentence.state, sentence.how) for sentence in checked.sentences)
    return Line(" ".join(CITE.sub("", checked.text).split()).replace(" .", "."), checked.citations, states)


def _verbatim(statement: Statement) -> Line:
    cited = (word_for_word(1, statement, statement.text),)
    return Line(None, cited, (("compared", "recognised"),)) if statement.recognised else Line(None, cited)


def joined(clauses: Sequence[SummaryClause]) -> tuple[SummaryClause, ...]:
    """Merge the pieces of clauses that were split over two parts, and drop clauses without lines and definitions."""
    out: list[SummaryClause] = []
    for clause in clauses:
        if out and (out[-1].part, out[-1].label, out[-1].heading) == (clause.part, clause.label, clause.heading):
            out[-1] = replace(out[-1], lines=out[-1].lines + clause.lines)
        else:
            out.append(clause)
    return tuple(clause for clause in out if clause.lines or clause.definitions)
