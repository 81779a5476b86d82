"""Makes of the turns of a conversation what is taken along: lines with marks, and notes with the places they cite.

A paper is the same whatever it becomes: text or HTML for the clipboard, an HTML page, a Word file. It says what was
searched and what was not read, and what is in doubt stays marked.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from webapp.core.marks import MARKS, Mark
from webapp.core.places import citations_by_place
from webapp.core.results import (
    AnswerResult,
    CitationRow,
    CiteRow,
    KeySentenceRow,
    MentionsResult,
    NamedRow,
    SummaryResult,
    TurnResult,
    mark_of,
)
from webapp.core.wording import (
    DOUBT,
    STATES,
    changed_by,
    cite,
    clause_title,
    cut,
    document_answer,
    doubts,
    further_documents,
    how_much_was_read,
    key_language,
    legend,
    mentions_count,
    plural,
    read_as,
    says_more,
    short_cite,
    summary_heading,
    with_others,
    written_by,
)
from webapp.exports.ooxml import clean
from webapp.exports.written import Kind, Line, Said, Written


class Turn(Protocol):
    """A question and what came of it, as `store` keeps it."""

    @property
    def question(self) -> str:
        """The question."""

    @property
    def answer(self) -> TurnResult:
        """What came of it."""

    @property
    def state(self) -> str:
        """Whether it is complete, was stopped, or failed."""

    @property
    def asked_at(self) -> datetime:
        """When it was asked."""


@dataclass(frozen=True, slots=True)
class Run:
    """Words of a line: bold, struck, raised, in the style of a mark, with a link; or the number of a note instead."""

    text: str = ""
    bold: bool = False
    struck: bool = False
    mark: Mark | None = None
    url: str = ""
    note: int = 0
    is_raised: bool = False


Runs = tuple[Run, ...]


def raised(runs: Sequence[Run]) -> list[Run]:
    """Runs whose notes are raised numbers: no space stands before one, and a comma between two."""
    out = list[Run]()
    for run in runs:
        if run.note and out:
            if out[-1].note:
                out.append(Run(",", is_raised=True))
            else:
                out[-1] = replace(out[-1], text=out[-1].text.rstrip(" "))
        out.append(run)
    return out


PaperLine = Line[Runs]


@dataclass(frozen=True, slots=True)
class Note:
    """A place that is cited: its number, its pin cite with what else is known of it, its marks, and its address."""

    number: int
    text: str
    marks: tuple[Mark, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """What is taken along: lines and the notes of their numbers; `title`, and `about`: of what, by whom and when."""

    title: str
    lines: tuple[PaperLine, ...]
    notes: tuple[Note, ...]
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where turns come from: the names of their matter and of who asked, and the address of a place, "" for none."""

    matter: str = ""
    who: str = ""
    url: Callable[[NamedRow], str] = lambda _: ""


NOWHERE = Origin()
LONGEST_QUOTE = 2_000  # characters of what a document says in a row of a table
STOPPED = "Stopped. What follows is incomplete."
LEFT_OUT = "{} left out, with what draws on privileged documents."


def paper_of(turns: Sequence[Turn], origin: Origin = NOWHERE, *, left_out: int = 0) -> Paper:
    """A paper of whole turns, one at least, each with its question; it says how many are left out."""
    lines, notes = list[PaperLine](), list[Note]()
    for turn in turns:
        if len(turns) > 1:
            lines.append(_line("heading", Run(question_of(turn), bold=True)))
        if len(turns) > 1:
            lines.append(_line("soft", Run(asked(turn, Origin(who=origin.who)))))
        part = paper_of_answer(turn, origin, notes_before=len(notes))
        lines += part.lines
        notes += part.notes
    first = turns[0]
    about = asked(first, origin) if len(turns) == 1 else f"{plural(len(turns), 'question')} in {origin.matter}"
    told = [LEFT_OUT.format(plural(left_out, "question"))] if left_out else []
    title = question_of(first) if len(turns) == 1 else f"Questions about {origin.matter}"
    return _clean(Paper(title, tuple(lines), tuple(notes), (about, *told)))


def paper_of_answer(turn: Turn, origin: Origin = NOWHERE, *, notes_before: int = 0) -> Paper:
    """A paper of the answer of a turn alone, as it is copied; its notes are numbered after those before."""
    answer = turn.answer
    made = _Making(origin, notes_before)
    match answer:
        case SummaryResult():
            lines = made.summary(answer)
        case MentionsResult():
            lines = made.mentions(answer)
        case AnswerResult():
            lines = made.answer(answer)
    told = [_line("soft", Run(f"{notice.error} {notice.hint}".strip())) for notice in answer.notices]
    if answer.error:
        told.append(_line("soft", Run(f"{answer.error} {answer.hint}".strip())))
    if turn.state == "stopped":
        told.append(_line("soft", Run(STOPPED)))
    after = [_line("soft", Run(words)) for words in (*legend(answer), *_read(answer))]
    return _clean(Paper(question_of(turn), (*told, *lines, *after), tuple(made.notes)))


def _clean(paper: Paper) -> Paper:
    """The paper without control characters and turns of direction, which documents and models may write."""
    lines = tuple(
        replace(line, cells=tuple(tuple(replace(run, text=clean(run.text)) for run in cell) for cell in line.cells))
        for line in paper.lines
    )
    notes = tuple(replace(note, text=clean(note.text)) for note in paper.notes)
    return Paper(clean(paper.title), lines, notes, tuple(map(clean, paper.about)))


def answer_text(answer: AnswerResult) -> list[PaperLine]:
    """The lines of the text of an answer alone."""
    return list(_Making(NOWHERE, 0).text(answer))


def question_of(turn: Turn) -> str:
    """The question of a turn; of a search for a phrase what was searched."""
    return f"Every mention of “{turn.question}”" if isinstance(turn.answer, MentionsResult) else turn.question


def asked(turn: Turn, origin: Origin) -> str:
    """Who asked when, in which matter, and who wrote the answer."""
    at = turn.asked_at
    when = f"{at:%B} {at.day}, {at:%Y, %H:%M} UTC"
    by = f"Asked by {origin.who}" if origin.who else "Asked"
    return " · ".join(part for part in (f"{by} on {when}", origin.matter, written_by(turn.answer)) if part)


def _read(answer: TurnResult) -> list[str]:
    """What was searched, and what was not read."""
    return [words for words in how_much_was_read(answer) if words]


def _line(kind: Kind, *runs: Run, level: int = 0, number: int = 0) -> PaperLine:
    return Line(kind, (runs,), level, number)


def _row(kind: Kind, *cells: Runs) -> PaperLine:
    return Line(kind, cells)


@dataclass
class _Making:
    """The lines of one answer, and its notes."""

    origin: Origin
    before: int

    def __post_init__(self) -> None:
        self.notes: list[Note] = []

    def answer(self, answer: AnswerResult) -> Iterator[PaperLine]:
        """The lines of an answer to a question."""
        if how := read_as(answer):
            yield _line("soft", Run(f"{how}."))
        if answer.documents:
            yield _line("paragraph", Run(answer.answer))
            yield from self._documents(answer)
            return
        if answer.doubtful:
            yield _line("soft", Run(DOUBT))
        if words := doubts(answer):
            yield _line("paragraph", Run(words, mark=MARKS["unsupported", ""]))
        self._note_places(answer)
        if answer.is_key_language:
            yield _line("soft", Run(f"{key_language(answer.key_language)}:"))
        cited = set[int]()
        for line in self.text(answer):
            cited |= {run.note for cell in line.cells for run in cell}
            yield line
        uncited = [note.number for note in self.notes if note.number not in cited]
        if uncited:
            yield _line("soft", Run("Also cited: "), *(Run(note=number) for number in uncited))
        if answer.nearest:
            yield _line("soft", Run(f"{key_language(answer.nearest, nearest=True)}:"))
            for each in answer.nearest:
                pin = Run(f" ({cite(each)})", url=self._url(each))
                yield _line("quote", *_emphasised(each), pin)

    def text(self, answer: AnswerResult) -> Iterator[PaperLine]:
        """The text of an answer: what was written, or the key language that stands for it."""
        written = Written.of(answer)
        if not answer.is_key_language:
            for line in written.lines:
                cells = tuple(self._runs(cell, written.numbers) for cell in line.cells)
                yield Line(line.kind, cells, line.level, line.number)
            return
        for row, number in zip(answer.key_language, written.numbers, strict=True):
            yield _line("quote", *_emphasised(row), Run(" "), Run(note=self.before + number))
        if more := further_documents(answer):
            yield _line("paragraph", Run(more))

    def _note_places(self, answer: AnswerResult) -> None:
        for number, positions in citations_by_place(answer.citations):
            rows = [answer.citations[at] for at in positions]
            marks = tuple(dict.fromkeys(mark_of(answer, at) for at in positions))
            quotes = dict.fromkeys(row.quote for row in rows if row.quote and row.quote not in answer.answer)
            words = "".join(f" “{cut(' '.join(quote.split()))}”" for quote in quotes)
            cited = with_others(rows)
            text = f"{cited}{'' if cited.endswith('.') or not words else ':'}{words}"
            self.notes.append(Note(self.before + number, text, marks, self._url(rows[0])))

    def _runs(self, cell: Sequence[Said], numbers: Sequence[int]) -> Runs:
        runs = list[Run]()
        for said in cell:
            mark = said.row.standing if said.row else None
            for piece in said.pieces:
                if piece.text:
                    is_unfound = piece.style == "unfound"
                    words = f"({piece.text})" if is_unfound else piece.text
                    doubt = MARKS["unsupported", ""] if is_unfound else None
                    runs.append(Run(words, bold=piece.style == "bold", mark=doubt))
                runs += [Run(note=self.before + numbers[at]) for at in piece.at]
                runs += [Run(f"[passage {n}]") for n in piece.passages]
            if said.row is not None and mark is not None and mark.sign:
                told = f" ({mark.sign} {said.row.told})" if says_more(said.row) else f" {mark.sign}"
                runs.append(Run(told, mark=mark))
        return tuple(runs)

    def _documents(self, answer: AnswerResult) -> Iterator[PaperLine]:
        """A row for each document."""
        is_amended = any(row.superseded_by for row in answer.documents)
        heads = ("Document", "State", "Answer", "Where", *(("Amended by",) if is_amended else ()))
        yield _row("head", *((Run(head),) for head in heads))
        by_number = {row.n: row for row in answer.citations}
        at_number: dict[int, list[int]] = {}
        for at, row in enumerate(answer.citations):
            at_number.setdefault(row.n, []).append(at)
        for document in answer.documents:
            words = document_answer(document, by_number, LONGEST_QUOTE)
            said = [Run(words)] if words else []
            said += [Run(f"{' ' if words else ''}({document.reason})")] if document.reason else []
            if doubt := document.doubted:
                said.append(Run(f" ({doubt.standing.sign} {doubt.told})", mark=doubt.standing))
            places = [at for n in document.citations for at in at_number.get(n, ())]
            cells: list[Runs] = [(Run(document.document),), (Run(STATES[document.state]),), tuple(said)]
            cells.append(tuple(run for at in places for run in self._place(answer, at)))
            if is_amended:
                cells.append((Run("; ".join(changed_by(each) for each in document.superseded_by)),))
            yield _row("row", *cells)

    def _place(self, answer: AnswerResult, at: int) -> Iterator[Run]:
        row, mark = answer.citations[at], mark_of(answer, at)
        yield Run(short_cite(row) or row.document, url=self._url(row))
        yield Run(f" {mark.sign} ", mark=mark)

    def summary(self, answer: SummaryResult) -> Iterator[PaperLine]:
        """The lines of a summary, clause by clause."""
        yield _line("soft", Run(answer.document))
        yield _line("soft", Run(summary_heading(answer)))
        part = ""
        for clause in answer.clauses:
            if clause.part and clause.part != part:
                yield _line("heading", Run(clause.part))
            part = clause.part
            if clause.lines:
                yield _line("heading", Run(clause_title(clause)))
            for each in clause.lines:
                rows = [answer.citations[at] for at in each.citations]
                quoted = rows[0].quote if rows else ""
                runs = [Run(each.text or (f"“{quoted}”" if quoted else "The document was removed."))]
                pins = dict.fromkeys((short_cite(row), self._url(row)) for row in rows)
                for i, (pin, url) in enumerate(pins):
                    runs += [Run("; " if i else " ("), Run(pin, url=url)]
                runs += [Run(") "), Run(each.standing.sign, mark=each.standing)]
                yield _line("bullet", *runs)

    def mentions(self, answer: MentionsResult) -> Iterator[PaperLine]:
        """The lines of a search for a phrase."""
        rows = answer.citations
        limit = f" The first {len(rows):,} are listed." if answer.count + answer.struck > len(rows) else ""
        counted = mentions_count(answer.count, answer.documents, answer.struck)
        yield _line("paragraph", Run(f"“{answer.phrase}”: {counted}{limit}"))
        for row in rows:
            before, words, after = row.around or ("", "", "")
            pin = Run(f"{cite(row)}: ", url=self._url(row))
            yield _line("bullet", pin, Run(before), Run(words, bold=True, struck=row.status == "struck"), Run(after))

    def _url(self, row: CiteRow) -> str:
        return "" if row.removed else self.origin.url(row)


def _emphasised(row: KeySentenceRow | CitationRow) -> Iterator[Run]:
    pieces = row.pieces if isinstance(row, KeySentenceRow) else [(row.quote or "", False)]
    if not any(text for text, _ in pieces):
        yield Run("The document was removed.")
        return
    yield Run("“")
    for text, bears in pieces:
        yield Run(text, bold=bears)
    yield Run("”")
