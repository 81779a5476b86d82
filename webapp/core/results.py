"""Result types: the JSON of each command, and what a conversation stores of an answer, a summary or a search.

A result is an object with fixed keys in a fixed order. A key that `absent` declares is omitted while it has its
default. The page's turns are the same types with more keys set: spans to highlight, passages, notices. Older versions
stored fewer keys: `LACKED` holds the defaults for these.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple, Self, TypedDict

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from retrieval import PinCite, PinciteError, Span
from webapp.core.marks import MARKS, QUOTED, RECOGNISED, REMOVED, STRUCK, Mark, State, mark_for, promise
from webapp.core.places import place_numbers
from webapp.core.unread_pages import unread_pages

if TYPE_CHECKING:  # a command that goes through a server loads no database
    from retrieval import DocumentRecord, Facts, Matter

Range = tuple[int, int]  # [start, end) of a document's text
MOST_DIGESTS = 100  # of the prompts of one answer; a question to each document sends one for each
Around = tuple[str, str, str]  # the words before a mention, its own, and those after it


def absent(default: Any) -> Any:
    """Declare a field whose key is omitted from the JSON while it has its default value."""
    return Field(default=default, exclude_if=lambda value: value == default)


class Row(BaseModel):
    """Base of the result types: one JSON object with its keys in the order of the fields."""

    model_config = ConfigDict(frozen=True)
    LACKED: ClassVar[Mapping[str, Any]] = {}

    @model_validator(mode="before")
    @classmethod
    def _filled(cls, row: Any) -> Any:
        return {**cls.LACKED, **row} if cls.LACKED and isinstance(row, Mapping) else row

    def line(self) -> str:
        """Serialise the object as one line of JSON."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False)


# Places in documents


class CiteFields(TypedDict):
    """The fields of a `CiteRow`."""

    document_id: str
    document: str
    section: str
    page: int
    page_label: str
    bates: str
    exhibit: str
    lines: str
    recognised: bool
    status: str
    text_version: int


class SpanFields(TypedDict):
    """Position of words in a document's text: start, end, and the spans between."""

    start: int
    end: int
    spans: tuple[Range, ...]


def cite_fields(cite: PinCite) -> CiteFields:
    """Fields of a row for a pin cite."""
    return {
        "document_id": cite.document_id,
        "document": cite.document,
        "section": cite.section,
        "page": cite.page,
        "page_label": cite.page_label,
        "bates": cite.bates,
        "exhibit": cite.exhibit,
        "lines": cite.lines,
        "recognised": cite.recognised,
        "status": cite.status,
        "text_version": cite.text_version,
    }


def span_fields(spans: Sequence[Span]) -> SpanFields:
    """Fields of a row for spans that the page highlights."""
    return {"start": spans[0].start, "end": spans[-1].end, "spans": ranges(spans)}


def ranges(spans: Sequence[Span]) -> tuple[Range, ...]:
    """Convert spans to [start, end) pairs."""
    return tuple((span.start, span.end) for span in spans)


class NamedRow(Row):
    """Id and name of a document. `removed`: it is no longer in the matter.

    `text_version`: of the text that the spans of a row are in; a document that is read again by a newer version has
    another.
    """

    document_id: str
    document: str
    removed: bool = absent(False)
    text_version: int = absent(1)

    @classmethod
    def of(cls, record: "DocumentRecord") -> "NamedRow":
        """Row for a document."""
        return NamedRow(document_id=record.id, document=record.name)


# Of several bases the fields of the last come first: these begin an object.
class _Numbered(Row):
    n: int


class _Section(NamedRow):
    section: str
    page: int
    page_label: str


class _Place(Row):
    bates: str = absent("")
    exhibit: str = absent("")
    lines: str = absent("")
    recognised: bool = absent(False)
    status: str = absent("")


class CiteRow(_Place, _Section):
    """A pin cite; `section` is empty before the first clause.

    `bates` is the number that a production stamped on the page, `exhibit` the exhibit that it belongs to, `lines` are
    the numbered lines of a pleading or transcript. `recognised`: words of it were read from an image. `status`
    tells of words that are no text of the page itself: `field` (filled into a form), `annotation` (typed on the page),
    `inserted` (all of them by a tracked change), `partly_inserted` (some of them), `struck` (deleted, and no longer
    there).
    """


class _QuotingRow(CiteRow):
    """A pin cite with words of the document under the key `WORDS`.

    They are None if nothing is quoted or the document is gone, and empty if they are not stored: see `without_words`.
    """

    WORDS: ClassVar[str]

    @property
    def words(self) -> str | None:
        """The words of the document."""
        words: str | None = getattr(self, self.WORDS)
        return words

    def with_words(self, words: str | None) -> Self:
        """Copy of the row with these words."""
        return self.model_copy(update={self.WORDS: words})

    @property
    def standing(self) -> Mark:
        """Its mark as far as the row tells: `mark_of` knows the statements that rest on it."""
        if self.removed or self.status == "struck":
            return REMOVED if self.removed else STRUCK
        return RECOGNISED if self.recognised else QUOTED

    def without_words(self) -> Self:
        """Copy of the row as it is stored: without its words, which are read from the document again."""
        return self if self.words is None else self.with_words("")


def quoted() -> Any:
    """Declare a field that holds words of a document: the key is omitted if they are not stored."""
    return Field(exclude_if=lambda value: value == "")


class SupersededRow(CiteRow):
    """A clause that amends what a row quotes.

    `action`: deleted, replaced, added (to it), words_exchanged, extended, amended, or restated (with all of its
    agreement).
    """

    action: str


class AmendmentRow(SupersededRow):
    """An amending clause with the spans of its words."""

    start: int
    end: int
    spans: tuple[Range, ...]


class CitationRow(_QuotingRow, _Numbered):
    """A citation with the number of its passage; `also_in` counts the other documents that contain it word for word.

    `verified`: it has a `quote`, which was compared with the page. Of one without, the sentences that rest on it say
    what was compared.
    """

    WORDS: ClassVar[str] = "quote"
    LACKED: ClassVar[Mapping[str, Any]] = {"quote": "", "bates": "", "exhibit": "", "lines": "", "recognised": False}

    bates: str
    exhibit: str
    lines: str
    recognised: bool

    quote: str | None = quoted()
    verified: bool
    also_in: int = absent(0)
    superseded_by: tuple[SupersededRow, ...] = absent(())
    start: int | None = absent(None)
    end: int | None = absent(None)
    spans: tuple[Range, ...] = absent(())
    around: Around | None = absent(None)

    @property
    def standing(self) -> Mark:
        """Its mark without the statements that rest on it: that of the quotation, if it has one."""
        if self.removed or self.words or self.status == "struck":
            return super().standing
        return mark_for("compared" if self.verified else "unsupported")


class KeySentenceRow(_QuotingRow):
    """A clause of key language; `emphasis` is the [start, end) of the sentences in its text that bear most."""

    WORDS: ClassVar[str] = "text"
    LACKED: ClassVar[Mapping[str, Any]] = {"text": ""}

    start: int
    end: int
    text: str | None = quoted()
    emphasis: tuple[Range, ...] = absent(())
    superseded_by: tuple[SupersededRow, ...] = absent(())
    spans: tuple[Range, ...] = absent(())

    @property
    def pieces(self) -> list[tuple[str, bool]]:
        """The text in pieces, each with whether it is emphasised."""
        text, at, pieces = self.text or "", 0, list[tuple[str, bool]]()
        for start, end in self.emphasis:
            pieces += [(text[at:start], False), (text[start:end], True)]
            at = end
        return [piece for piece in (*pieces, (text[at:], False)) if piece[0]]


class DefinitionRow(_QuotingRow):
    """The definition of a term."""

    WORDS: ClassVar[str] = "text"
    LACKED: ClassVar[Mapping[str, Any]] = {"text": "", "term": ""}

    term: str
    text: str | None = quoted()
    spans: tuple[Range, ...]


Quoting = CitationRow | KeySentenceRow | DefinitionRow  # rows with words of a document


class PassageRow(CiteRow, _Numbered):
    """A passage of the prompt with its number.

    `why` says why one that is no hit was added, what amends it, and the heads of the columns of a table that it begins
    within.
    """

    LACKED: ClassVar[Mapping[str, Any]] = {"why": ""}

    why: str
    start: int
    end: int
    spans: tuple[Range, ...]
    superseded_by: tuple[SupersededRow, ...] = absent(())


class _OfCitation(Row):
    citation: int


class SameWordsRow(NamedRow, _OfCitation):
    """A passage of another document with the same words as a cited one; `citation` is the position of that citation."""

    start: int
    end: int


class SpanRow(CiteRow):
    """A pin cite with the spans of its words."""

    spans: tuple[Range, ...]


Spanned = Quoting | PassageRow | SpanRow | AmendmentRow  # rows with spans to highlight


class _Spanned(NamedRow):
    start: int
    end: int
    page: int
    page_label: str
    section: str


class _Found(_Place, _Spanned):
    pass


class _Ranked(Row):
    rank: int


class HitRow(_Found, _Ranked):
    """A hit of `search`; `documents_meant` lists the documents that a name in the question may refer to, if several."""

    score: float
    why: str
    text: str
    also_in: int = absent(0)
    documents_meant: tuple[NamedRow, ...] = absent(())


class MentionRow(_Found):
    """A mention of a phrase, with its context."""

    text: str


class NowhereRow(Row):
    """A dangling cross-reference: a clause that the document refers to but does not contain, and its first mention."""

    label: str
    page: int
    page_label: str


Cited = CiteRow | HitRow | MentionRow  # rows with a pin cite
Paged = Cited | NowhereRow  # rows with a page


# Answers, summaries, mentions


class CoverageRow(Row):
    """Search coverage: documents, pages, pages that could not be read, and pages that were read only in part.

    `unread` names these pages and the documents that were not searched, in sentences.
    """

    LACKED: ClassVar[Mapping[str, Any]] = {"partly_read_pages": 0}

    documents: int
    pages: int
    unreadable_pages: int
    partly_read_pages: int
    unread: str = absent("")

    @classmethod
    def of(cls, records: Sequence["DocumentRecord"], unread: Sequence["DocumentRecord"] = ()) -> "CoverageRow":
        """Coverage of these documents; others of the same scope are `unread`."""
        return CoverageRow(
            documents=len(records),
            pages=sum(record.pages for record in records),
            unreadable_pages=sum(len(record.unreadable_pages) for record in records),
            partly_read_pages=sum(len(record.partly_read_pages) for record in records),
            unread=unread_pages((*records, *unread)),
        )


class BudgetRow(Row):
    """Token budget of the prompt: how the context window is shared out; `sent` and `left_out` count passages.

    Of several `windows` of a thorough reading it is that of the first, and the passages are those of all.

    The tokens of the question appear on the page only.
    """

    window: int
    system: int
    history: int
    question: int = absent(0)
    passages: int
    reserve: int
    sent: int
    left_out: int
    windows: int = absent(1)

    @property
    def prompt(self) -> int:
        """Tokens of the prompt."""
        return self.system + self.history + self.question + self.passages


NO_BUDGET = BudgetRow(window=0, system=0, history=0, passages=0, reserve=0, sent=0, left_out=0)  # of no prompt


class NoticeRow(Row):
    """A message: a sentence, and a hint what to do."""

    error: str
    hint: str

    @classmethod
    def of(cls, error: PinciteError) -> Self:
        """Message of an error."""
        return cls(error=str(error), hint=error.hint)


class PromptsRow(Row):
    """The prompts that one language model got for an answer, and how it was asked.

    `engine` is the kind of its server (tgi, vllm, llama.cpp, other), `model` what that calls its model, `host` where it
    is. `sent` prompts in all; `sha256` are the digests of the first MOST_DIGESTS, in the order in which they were sent,
    each of the JSON list of the roles and contents of its messages.
    """

    engine: str
    model: str
    host: Literal["embedded", "this machine", "another machine"]
    window: int
    max_tokens: int
    temperature: float
    sent: int
    sha256: tuple[str, ...]


class ProvenanceRow(Row):
    """What an answer was made by: the version of pincite, what the index was made with, and the prompts that were sent.

    With the passages, whose spans and versions of the text are kept with them, it can be made again and compared.
    """

    pincite: str
    index: str
    second_opinion: bool
    prompts: tuple[PromptsRow, ...]


class SentenceRow(Row):
    """A sentence of a checked answer, what the checks know of it, and the numbers of its citations.

    `supported`: it is a quotation that is on the page (`how`: quoted), or something read it and the clause (`read`).
    `computed`: a date or sum that was computed from the page; `computation` shows it. `compared`: its figures stand in
    what it cites and its names in the document, or it has neither (`how`: words); nothing read its meaning. Or it is
    `supported` by words that were recognised in an image (`how`: recognised). `absent`:
    it says that something is not there. `aside`: it claims nothing. `unsupported`: `missing` stand in no passage that
    it cites, or `doubt` says what else is wrong. `uncited`: it claims something and cites nothing. `mark` says this in
    words. `end` is its end in the answer, and `at` are the positions of its citations among those of the answer.
    """

    text: str
    state: State
    how: str = absent("")
    citations: tuple[int, ...]
    missing: tuple[str, ...] = absent(())
    doubt: str = absent("")
    computation: str = absent("")
    mark: str = absent("")
    end: int = absent(0)
    at: tuple[int, ...] = absent(())

    @property
    def standing(self) -> Mark:
        """Its mark."""
        return mark_for(self.state, self.how)

    @property
    def told(self) -> str:
        """The words of its mark, with what is missing or how it was computed."""
        return self.standing.told(self.computation or self.doubt)

    @model_validator(mode="before")
    @classmethod
    def _of_earlier_version(cls, row: Any) -> Any:
        """Earlier versions stored the end, the positions of the citations, and the doubt."""
        if isinstance(row, Mapping) and "state" not in row:
            states = {"": "compared", "no citation": "uncited"}
            state = states.get(row.get("doubt", ""), "unsupported")
            return {**row, "text": "", "state": state, "citations": (), "at": row.get("citations", ())}
        return row


class LineRow(Row):
    """A line of a summary; if `text` is None, the line is the quotation of its citation.

    `state` and `how` of a written line are those of its weakest sentence, as in `SentenceRow`.
    """

    text: str | None
    citations: tuple[int, ...]
    state: State
    how: str = absent("")

    @model_validator(mode="before")
    @classmethod
    def _of_earlier_version(cls, row: Any) -> Any:
        """Earlier versions stored no state: a written line was compared with its clause, another is a quotation."""
        if isinstance(row, Mapping) and "state" not in row:
            state, how = ("supported", "quoted") if row.get("text") is None else ("compared", "")
            return {**row, "state": state, "how": how}
        return row

    @property
    def standing(self) -> Mark:
        """Its mark."""
        return mark_for(self.state, self.how)


class ClauseRow(Row):
    """A clause of a summary: its label, its heading, and the schedule it belongs to."""

    label: str
    heading: str
    part: str
    lines: tuple[LineRow, ...]


DocumentState = Literal["found", "not_found", "unclear", "not_read", "failed"]


class DocumentAnswerRow(NamedRow):
    """The answer of one document to a question that is put to each.

    `found`: there is a clause, and `answer` says yes, no or the value. `not_found`: there is none. `unclear`: what was
    found may not answer. `not_read`: it could not be read, or not yet. `failed`: the language model gave out. `reason`
    says why. `title` is what the document calls itself. `citations` are numbers; `superseded_by` are the clauses that
    amend the cited one. `sentence` is what a language model wrote of it, the sentence that the check is least sure of,
    whether the row rests on that or on the search; `mark` is that of what the row rests on, in words: of the sentence,
    or of the words that are quoted.
    """

    state: DocumentState
    answer: str
    citations: tuple[int, ...]
    superseded_by: tuple[SupersededRow, ...]
    reason: str = absent("")
    title: str = absent("")
    sentence: SentenceRow | SkipJsonSchema[None] = absent(None)
    mark: str = absent("")

    @property
    def doubted(self) -> SentenceRow | None:
        """What was written, where it is in doubt; the row then rests on the search."""
        return self.sentence if self.sentence and self.sentence.standing.is_doubt else None


class _TurnRow(Row):
    """Base of the turns of a conversation: notices, and the error that ended it."""

    PLACES: ClassVar[tuple[str, ...]]

    notices: tuple[NoticeRow, ...] = absent(())
    error: str = absent("")
    hint: str = absent("")

    @property
    def statements(self) -> list[tuple[Mark, tuple[int, ...]]]:
        """The mark of each statement, and the positions of the citations that it rests on."""
        return []

    @property
    def document_ids(self) -> set[str]:
        """Ids of the documents that it has places in."""
        return {place.document_id for part in self.PLACES for place in getattr(self, part)}

    def ended(self, notices: Sequence[PinciteError], error: PinciteError | None = None) -> Self:
        """Copy of the turn with its notices, each once, and the error that ended it."""
        end = {"error": str(error), "hint": error.page_hint} if error else {}
        return self.model_copy(update={"notices": tuple(dict.fromkeys(map(NoticeRow.of, notices))), **end})

    def with_places(self, change: Callable[[NamedRow], NamedRow]) -> Self:
        """Copy of the turn with `change` applied to each row that names a document."""
        return self.model_copy(update={part: tuple(map(change, getattr(self, part))) for part in self.PLACES})


class AnswerResult(_TurnRow):
    """An answer. `searched` and `budget` are None only in a turn that ended before the search.

    `doubtful`: the documents probably do not address the question. `nearest`: where nothing is found, what comes
    nearest. `same_words`: at most MOST_PLACES of a passage. `query` is what was searched, and `read_as` how the
    question was read. `documents`: a row for each document in scope, where the question is put to each. `sentences` are
    those of a written answer. The page has in addition the passages, and the amendments of what is quoted.
    """

    PLACES: ClassVar[tuple[str, ...]] = (
        "citations",
        "key_language",
        "nearest",
        "passages",
        "same_words",
        "amendments",
        "documents",
        "further_documents",
    )
    LACKED: ClassVar[Mapping[str, Any]] = {
        "answer": "",
        "found": False,
        "citations": (),
        "key_language": (),
        "searched": None,
        "budget": None,
        "engine": "",
        "query": "",
        "read_as": "own",
    }

    answer: str
    found: bool
    query: str
    read_as: str
    citations: tuple[CitationRow, ...]
    key_language: tuple[KeySentenceRow, ...]
    searched: CoverageRow | SkipJsonSchema[None]
    budget: BudgetRow | SkipJsonSchema[None]
    engine: str
    doubtful: bool = absent(False)
    nearest: tuple[KeySentenceRow, ...] = absent(())
    same_words: tuple[SameWordsRow, ...] = absent(())
    documents_meant: tuple[NamedRow, ...] = absent(())
    further_documents: tuple[NamedRow, ...] = absent(())
    documents: tuple[DocumentAnswerRow, ...] = absent(())
    sentences: tuple[SentenceRow, ...] = absent(())
    passages: tuple[PassageRow, ...] = absent(())
    amendments: tuple[AmendmentRow, ...] = absent(())
    made_by: ProvenanceRow | SkipJsonSchema[None] = absent(None)

    @property
    def statements(self) -> list[tuple[Mark, tuple[int, ...]]]:
        """The mark of each sentence, those that rows show too, and the positions of its citations."""
        of_rows = [row.sentence for row in self.documents if row.sentence and (row.sentence.at or row.doubted)]
        return [(sentence.standing, sentence.at) for sentence in (*self.sentences, *of_rows)]

    @property
    def is_uncited(self) -> bool:
        """Whether a written answer claims something, and no sentence of it has a citation."""
        claims = any(sentence.state in ("uncited", "unsupported") for sentence in self.sentences)
        return claims and not self.citations

    @property
    def is_key_language(self) -> bool:
        """Whether the answer consists of key language, and nothing was written."""
        sentences = [sentence.text for sentence in self.key_language]
        return not self.sentences and any(sentences) and [citation.quote for citation in self.citations] == sentences

    @property
    def further_key_language(self) -> list[KeySentenceRow]:
        """The key language that no citation quotes."""
        quotes = {citation.quote for citation in self.citations}
        return [sentence for sentence in self.key_language if sentence.text not in quotes]


class SummaryResult(_TurnRow):
    """A summary of a document.

    A line names its citations by position; `written` counts the lines a language model wrote.
    """

    PLACES: ClassVar[tuple[str, ...]] = ("citations", "definitions")
    LACKED: ClassVar[Mapping[str, Any]] = {"definitions": (), "leads_nowhere": ()}

    kind: Literal["summary"] = "summary"
    document_id: str
    document: str
    answer: Literal[""] = ""
    found: bool
    clauses: tuple[ClauseRow, ...]
    citations: tuple[CitationRow, ...]
    definitions: tuple[DefinitionRow, ...]
    searched: CoverageRow
    engine: str
    written: int
    leads_nowhere: tuple[NowhereRow, ...]
    made_by: ProvenanceRow | SkipJsonSchema[None] = absent(None)

    @property
    def statements(self) -> list[tuple[Mark, tuple[int, ...]]]:
        """The mark of each line, and the positions of its citations."""
        return [(line.standing, line.citations) for clause in self.clauses for line in clause.lines]


class FormRow(Row):
    """Another form of a phrase that was searched for, and how often it occurs."""

    words: str
    count: int


class MentionsResult(_TurnRow):
    """Every mention of a phrase: `count` of them in so many `documents`; the first are `citations`.

    Further citations are of deleted words, in `struck` places; these are not counted as mentions.
    `left_out` are the documents that could not be searched, `forms` other forms of the phrase in those that were.
    """

    PLACES: ClassVar[tuple[str, ...]] = ("citations",)

    kind: Literal["mentions"] = "mentions"
    phrase: str
    answer: Literal[""] = ""
    found: bool
    count: int
    documents: int
    searched: CoverageRow
    citations: tuple[CitationRow, ...]
    struck: int = absent(0)
    forms: tuple[FormRow, ...] = absent(())
    left_out: tuple[NamedRow, ...] = absent(())

    @model_validator(mode="before")
    @classmethod
    def _counted(cls, row: Any) -> Any:
        """Add the counts that earlier versions did not store; they stored every mention."""
        if isinstance(row, Mapping) and "count" not in row:
            mentions = row["citations"]
            return {"count": len(mentions), "documents": len({each["document_id"] for each in mentions}), **row}
        return row


TurnResult = AnswerResult | SummaryResult | MentionsResult
_KINDS: Mapping[object, type[TurnResult]] = {"summary": SummaryResult, "mentions": MentionsResult}


def read_turn(row: Mapping[str, Any]) -> TurnResult:
    """Parse a stored turn of this version or an older one."""
    return _KINDS.get(row.get("kind"), AnswerResult).model_validate(row)


def _read(turn: Any) -> Any:
    return read_turn(turn) if isinstance(turn, Mapping) else turn


class ConversationRow(Row):
    """A conversation of a matter. `author`: whose it is, if it is another's, who shared it."""

    id: str
    title: str
    created_at: str
    shared: bool
    author: str | None = absent(None)


class ExportedTurn(Row):
    """A question of a conversation, and what came of it."""

    id: str
    asked_at: datetime
    question: str
    state: Literal["complete", "stopped", "failed"]
    rating: Literal[1, -1] | None
    answer: Annotated[TurnResult, BeforeValidator(_read)]


class ConversationExport(Row):
    """A conversation to be taken along. `left_out`: turns that draw on privileged documents, which are not in it."""

    matter: str
    conversation: ConversationRow
    exported_at: datetime
    left_out: int
    turns: tuple[ExportedTurn, ...]


NOTHING_FOUND = AnswerResult.model_validate({})  # of a question that ended before the search


def mark_of(result: TurnResult, at: int) -> Mark:
    """Mark of the citation at a position: of its quotation, or the weakest of the statements that rest on it."""
    return _weakest(result.citations[at], [mark for mark, positions in result.statements if at in positions])


def _weakest(row: CitationRow, resting: Sequence[Mark]) -> Mark:
    return row.standing if row.removed or row.words else min(resting, key=promise, default=row.standing)


def _marks_of_citations(result: TurnResult) -> list[Mark]:
    """The mark of each citation, with one look at the statements: a long summary has a thousand of both."""
    resting: dict[int, list[Mark]] = {}
    for mark, positions in result.statements:
        for at in positions:
            resting.setdefault(at, []).append(mark)
    return [_weakest(row, resting.get(at, ())) for at, row in enumerate(result.citations)]


def marks_of(result: TurnResult) -> list[Mark]:
    """The marks that a turn shows, each once, in the order of their table."""
    shown = [mark for mark, _ in result.statements] + _marks_of_citations(result)
    return [mark for mark in MARKS.values() if mark.sign and mark in shown]


class PieceOfPage(NamedTuple):
    """A piece of the text of a page: whether it is cited, whether it was struck and is shown where it stood, and where
    it begins in the document's text (None for what is not in it).
    """

    text: str
    is_cited: bool
    is_struck: bool = False
    start: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the evidence panel: its kind, its row, its mark, what its document calls itself, and notes on it.

    `page_text`, where its page has no image: the text of the page in pieces. `pages` is how many its document has.
    """

    kind: str
    row: Spanned | SameWordsRow
    mark: Mark | None = None
    about: str = ""
    notes: tuple[str, ...] = ()
    page_text: tuple[PieceOfPage, ...] = ()
    pages: int = 0


def items(result: TurnResult) -> list[Item]:
    """Items of a turn for the evidence panel: citations, key language, passages, same words in other documents."""
    cited = list(zip(result.citations, _marks_of_citations(result), strict=True))
    match result:
        case MentionsResult():
            return [Item("Mention", row, mark) for row, mark in cited]
        case SummaryResult():
            citations = [Item("Citation", row, mark) for row, mark in cited]
            return citations + [Item("Definition", row, row.standing) for row in result.definitions]
    numbers = place_numbers(result.citations)
    return [
        *(Item("Citation", row, mark) for row, mark in cited),
        *(Item("Key language", row, row.standing) for row in result.further_key_language),
        *(Item("Nearest", row, row.standing) for row in result.nearest),
        *(Item("Passage", row) for row in result.passages),
        *(Item(f"Same words as [{numbers[row.citation]}],", row) for row in result.same_words),
        *(Item("Amendment", row) for row in result.amendments),
    ]


# Documents, matters, measurements


class AcceptedRow(Row):
    """A file that was accepted."""

    document_id: str


class WarningRow(Row):
    """Something that whoever relies on a document has to know, as a sentence; `page` is null for all of it.

    Kinds: hidden_text, leaking_redaction, redline, form, comments, attachments, duplicate.
    """

    page: int | None
    kind: str
    text: str


class _Outcome(Row):
    state: str
    pages: int
    unreadable_pages: tuple[int, ...]
    partly_read_pages: tuple[int, ...]
    recognised_pages: tuple[int, ...]
    warnings: tuple[WarningRow, ...]
    reason: str | None


class SourceRow(Row):
    """A name under which a file came, and the document that the user added it in; null where it came by itself."""

    file: str
    container_id: str | None


class _Document(Row):
    document_id: str
    document: str


class _Titled(Row):
    title: str
    parties: tuple[str, ...]
    date: str | None


class DocumentRow(_Outcome, _Titled, _Document):
    """Outcome of the ingest of a document: ready, or failed and why; an archive of which some files were not read, and
    are named, is `partly_read`.

    `unreadable_pages` show words and have none in the text, `partly_read_pages` show more than the text has;
    `recognised_pages` have words that were read from an image. `warnings` say what else has to be known.
    `sources` are the names under which it came; another document of the matter may have had the name before.
    `title`, the names of its `parties` and its `date` (ISO 8601) are as the document gives them; empty or null where it
    does not, or is not read yet.
    """

    sources: tuple[SourceRow, ...]

    @classmethod
    def of(cls, record: "DocumentRecord", facts: "Facts | None" = None) -> "DocumentRow":
        """Row for a document, with its facts where they were found."""
        day = facts.day if facts else None
        return DocumentRow(
            title=facts.title if facts else "",
            parties=tuple(party.name for party in facts.parties) if facts else (),
            date=day.isoformat() if day else None,
            document_id=record.id,
            document=record.name,
            state=record.outcome,
            pages=record.pages,
            unreadable_pages=record.unreadable_pages,
            partly_read_pages=record.partly_read_pages,
            recognised_pages=record.recognised_pages,
            warnings=tuple(WarningRow(page=each.page, kind=each.kind, text=each.text) for each in record.warnings),
            reason=record.reason,
            sources=tuple(SourceRow(file=each.name, container_id=each.container or None) for each in record.sources),
        )


class _File(Row):
    file: str
    document_id: str | None
    document: str | None


class AddedRow(_Outcome, _File):
    """Outcome of a file of `add`, or of one within it ("set.zip › lease.pdf"); a rejected one has no document.

    `document` is the name that it has in the matter.
    """

    @classmethod
    def of(cls, file: str, document: DocumentRow) -> "AddedRow":
        """Row for a file and its document."""
        return AddedRow(file=file, **document.model_dump(include=set(AddedRow.model_fields)))

    @classmethod
    def refused(cls, file: str, reason: str) -> "AddedRow":
        """Row for a rejected file."""
        return AddedRow(
            file=file,
            document_id=None,
            document=None,
            state="failed",
            pages=0,
            unreadable_pages=(),
            partly_read_pages=(),
            recognised_pages=(),
            warnings=(),
            reason=reason,
        )


class RemovedRow(Row):
    """A document that was removed from a matter."""

    matter: str
    document_id: str
    document: str
    removed: Literal[True] = True


class ChangeRow(Row):
    """A clause that two versions of a document do not have alike: `changed`, `moved`, `added` or `gone`.

    `old` and `new` say where it stands in each, None where it does not; `words` are its words in both, as pairs of an
    operation (equal, delete, insert) and a text.
    """

    kind: str
    old: CiteRow | None
    new: CiteRow | None
    words: tuple[tuple[str, str], ...]


class MatterRow(Row):
    """A matter, with the number of its documents and pages. `label`: its name and owner, where others have its name."""

    id: str
    name: str
    documents: int
    pages: int
    label: str = absent("")

    @classmethod
    def of(cls, matter: "Matter", records: "Sequence[DocumentRecord]") -> "MatterRow":
        """Row for a matter with these documents."""
        pages = sum(record.pages for record in records)
        return MatterRow(id=matter.id, name=matter.name, documents=len(records), pages=pages)


class DeletedRow(Row):
    """A matter that was deleted."""

    id: str
    name: str
    deleted: Literal[True] = True


class MemberRow(Row):
    """Someone who is in a matter: their role, and the groups that let them in; or whom a wall keeps out of it."""

    name: str
    role: Literal["owner", "member", "viewer", "kept out"]
    groups: tuple[str, ...] = ()


class UserRow(Row):
    """A person: whether they may sign in, and after `users add` and `passwd` the one-time link that sets a password."""

    id: str
    name: str
    email: str | None
    administrator: bool
    state: Literal["active", "invited", "disabled"]
    link: str | None = absent(None)


class FlagRow(Row):
    """Whether a matter is archived, or a document of it kept out of exports, after it was changed."""

    matter: str
    document: str | None = None
    archived: bool | None = None
    privileged: bool | None = None


class KeptRow(Row):
    """How long a matter is kept: days of retention, and whether a legal hold keeps all of it."""

    matter: str
    retention_days: int | None = None
    legal_hold: bool = False


class AuditRow(Row):
    """A row of the audit log: who did what in which matter and when, by ids.

    `user` and `matter` are the names as they were then; `object` is the id of what was acted on: a document, a turn, a
    conversation, a person, a group.
    """

    seq: int
    at: str
    user_id: str
    user: str
    matter_id: str
    matter: str
    act: str
    told: str
    object: str
    detail: dict[str, str | int | bool | tuple[str, ...] | None]
    previous: str
    digest: str


class VerificationRow(Row):
    """What a verification of the audit log found.

    `rows` are whole, up to `head`; `fault` says what is wrong first, "" for nothing.
    """

    rows: int
    head: str
    fault: str


class DiskRow(Row):
    """A part of the data folder, and its bytes."""

    part: str
    bytes: int


class QueueRow(Row):
    """Documents of a matter in a state in which they are not ready: how many, and their bytes."""

    matter_id: str
    matter: str
    state: str
    documents: int
    bytes: int


class UsageRow(Row):
    """What someone's own matters hold, which counts against their quota."""

    name: str
    email: str | None
    matters: int
    documents: int
    bytes: int


class QuotaRow(Row):
    """The limits of one user: of matters, documents, MiB and conversations, and of questions in one conversation."""

    matters: int
    documents: int
    mib: int
    conversations: int
    turns: int


class StatusRow(Row):
    """State of the server: what is ready, what is under way, what the disk holds, and limits with what they count.

    `stores`, `embedder` and `engine` are ready, loading or away; the search model may be not opened, and there may be
    no language model. `engines`: configured servers. `compacting`: what was deleted is still to be overwritten.
    """

    pincite: str
    access: str
    stores: str
    embedder: str
    engine: str
    engines: int
    questions_running: int
    questions_waiting: int
    compacting: bool
    queue: tuple[QueueRow, ...]
    disk: tuple[DiskRow, ...]
    free_bytes: int
    quota: QuotaRow
    usage: tuple[UsageRow, ...]


class GroupRow(Row):
    """A group of people, by their names; `deleted` when it no longer exists."""

    name: str
    people: tuple[str, ...]
    deleted: bool = False


DamageState = Literal["missing", "damaged"]


class BackupRow(Row):
    """A backup that was made. `missing`: files that the data folder itself no longer had, or had damaged."""

    folder: str
    documents: int
    records: int
    files: int
    bytes: int
    missing: tuple["DamagedRow", ...]


class ModelRow(Row):
    """A language model: of a server of this machine, in a file, or one that can be fetched; "none" for no model, and
    "setting" for one that the environment names, which comes before any choice.

    `window`: tokens, null where they are not known before it is loaded; of a download those that it was made for.
    """

    name: str
    kind: Literal["server", "file", "download", "none", "setting"]
    in_use: bool = False
    window: int | None = None
    bytes: int | None = None
    title: str = absent("")
    server: str = absent("")
    licence: str = absent("")
    url: str = absent("")
    sha256: str = absent("")
    note: str = absent("")


class ModelTestRow(Row):
    """What a language model answered to a sample question, in how many seconds to the first word and in all."""

    engine: str
    window: int
    thinks: bool
    first_seconds: float
    seconds: float
    question: str
    answer: str
    right: bool
    cited: bool


class DamagedRow(Row):
    """A file of a backup that is missing or damaged, with the names of the documents that it belongs to."""

    file: str
    documents: tuple[str, ...]
    state: DamageState


class RestoredRow(Row):
    """What `restore` found in a backup, and whether it is restored.

    `missing`: files that were never in it; `audit_fault`: what is wrong with the restored audit log's chain, or "".
    """

    folder: str
    restored: bool
    made_at: str
    documents: int
    records: int
    files: int
    bytes: int
    damaged: tuple[DamagedRow, ...]
    missing: tuple[DamagedRow, ...]
    audit_fault: str


class EvaluationRow(Row):
    """Metrics of `eval`; None for a metric without any measurement."""

    scope: Literal["document", "all"]
    contracts: int
    queries: int
    failed: tuple[str, ...]
    found: int
    seconds_p50: float | None
    seconds_p95: float | None
    tokens_p50: int | None
    tokens_max: int | None
    confidence: dict[str, float | None]
    with_pages: int
    first_page: float | None
    any_page: float | None
