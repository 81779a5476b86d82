"""Result types: what each command gives as JSON, and what a conversation keeps of an answer, a summary or a search.

A result is an object with fixed keys in a fixed order. A key that `absent` declares is left out where there is nothing
to say under it. The page's turns are the same types with more of these keys filled in: spans to highlight, the passages
that were read, notices. Older versions kept less: `LACKED` is what is read in the place of what they did not keep.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypedDict

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from retrieval import PinCite, PinciteError
from retrieval import Span as DocumentSpan

if TYPE_CHECKING:  # a command that goes through a server loads no database
    from retrieval import DocumentRecord, Matter

Span = tuple[int, int]  # [start, end) of a document's text
Around = tuple[str, str, str]  # the words before a mention, its own, and those after it


def absent(default: Any) -> Any:
    """A field whose key is left out of the JSON while it has its default value."""
    return Field(default=default, exclude_if=lambda value: value == default)


class Row(BaseModel):
    """One JSON object; its keys stand in the order of the fields."""

    model_config = ConfigDict(frozen=True)
    LACKED: ClassVar[Mapping[str, Any]] = {}

    @model_validator(mode="before")
    @classmethod
    def _filled(cls, row: Any) -> Any:
        return {**cls.LACKED, **row} if cls.LACKED and isinstance(row, Mapping) else row

    def line(self) -> str:
        """The object as JSON on one line."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False)


# Places in documents


class CiteFields(TypedDict):
    """The fields of a `CiteRow`."""

    document_id: str
    document: str
    section: str
    page: int
    page_label: str


class SpanFields(TypedDict):
    """Where words stand in a document's text: from the first character to the last, and the spans between."""

    start: int
    end: int
    spans: tuple[Span, ...]


def cite_fields(cite: PinCite) -> CiteFields:
    """What every row says of a pin cite."""
    return {
        "document_id": cite.document_id,
        "document": cite.document,
        "section": cite.section,
        "page": cite.page,
        "page_label": cite.page_label,
    }


def span_fields(spans: Sequence[DocumentSpan]) -> SpanFields:
    """What a row says of spans, for the page to highlight them."""
    return {"start": spans[0].start, "end": spans[-1].end, "spans": ranges(spans)}


def ranges(spans: Sequence[DocumentSpan]) -> tuple[Span, ...]:
    """Spans as [start, end) pairs."""
    return tuple((span.start, span.end) for span in spans)


class NamedRow(Row):
    """A document. `removed`: it is in the matter no more."""

    document_id: str
    document: str
    removed: bool = absent(False)

    @classmethod
    def of(cls, record: "DocumentRecord") -> "NamedRow":
        """The document of a record."""
        return NamedRow(document_id=record.id, document=record.name)


class CiteRow(NamedRow):
    """A pin cite; `section` is empty before the first clause."""

    section: str
    page: int
    page_label: str


class _QuotingRow(CiteRow):
    """A pin cite with words of the document under the key `WORDS`.

    They are None where nothing is quoted or the document is gone, and empty where they are not kept:
    see `without_words`.
    """

    WORDS: ClassVar[str]

    @property
    def words(self) -> str | None:
        """The words of the document."""
        words: str | None = getattr(self, self.WORDS)
        return words

    def with_words(self, words: str | None) -> Self:
        """The row with these words."""
        return self.model_copy(update={self.WORDS: words})

    def without_words(self) -> Self:
        """The row as it is kept: its words are read from the document again."""
        return self if self.words is None else self.with_words("")


def quoted() -> Any:
    """A field that holds words of a document: the key is left out where they are not kept."""
    return Field(exclude_if=lambda value: value == "")


# Of several bases the fields of the last come first: these begin an object.
class _Numbered(Row):
    n: int


class CitationRow(_QuotingRow, _Numbered):
    """A citation under the number of its passage; `also_in`: in how many other documents that stands word for word."""

    WORDS: ClassVar[str] = "quote"
    LACKED: ClassVar[Mapping[str, Any]] = {"quote": ""}

    quote: str | None = quoted()
    verified: bool
    also_in: int = absent(0)
    start: int | None = absent(None)
    end: int | None = absent(None)
    spans: tuple[Span, ...] = absent(())
    around: Around | None = absent(None)


class KeySentenceRow(_QuotingRow):
    """A sentence of key language."""

    WORDS: ClassVar[str] = "text"
    LACKED: ClassVar[Mapping[str, Any]] = {"text": ""}

    start: int
    end: int
    text: str | None = quoted()
    spans: tuple[Span, ...] = absent(())


class DefinitionRow(_QuotingRow):
    """The definition of a term."""

    WORDS: ClassVar[str] = "text"
    LACKED: ClassVar[Mapping[str, Any]] = {"text": "", "term": ""}

    term: str
    text: str | None = quoted()
    spans: tuple[Span, ...]


Quoting = CitationRow | KeySentenceRow | DefinitionRow  # what has words of a document


class PassageRow(CiteRow, _Numbered):
    """A passage that was put before the engine under a number; `why` it is there beside the hits."""

    LACKED: ClassVar[Mapping[str, Any]] = {"why": ""}

    why: str
    start: int
    end: int
    spans: tuple[Span, ...]


class _OfCitation(Row):
    citation: int


class SameWordsRow(NamedRow, _OfCitation):
    """A passage of another document that says the same as one that is cited; `citation` is the position of that."""

    start: int
    end: int


class SpanRow(CiteRow):
    """A pin cite and the spans of its words."""

    spans: tuple[Span, ...]


Spanned = Quoting | PassageRow | SpanRow  # what has spans to highlight


class _Found(NamedRow):
    start: int
    end: int
    page: int
    page_label: str
    section: str


class _Ranked(Row):
    rank: int


class HitRow(_Found, _Ranked):
    """A hit of `search`; `documents_meant`: between which documents the question leaves the choice."""

    score: float
    why: str
    text: str
    also_in: int = absent(0)
    documents_meant: tuple[NamedRow, ...] = absent(())


class MentionRow(_Found):
    """A place where a phrase stands, with the words around it."""

    text: str


class NowhereRow(Row):
    """A place that a document refers to as its own and does not have; where it is first named."""

    label: str
    page: int
    page_label: str


Cited = CiteRow | HitRow | MentionRow  # what has a pin cite
Paged = Cited | NowhereRow  # what has a page


# Answers, summaries, mentions


class CoverageRow(Row):
    """What was searched."""

    documents: int
    pages: int
    unreadable_pages: int

    @classmethod
    def of(cls, records: Sequence["DocumentRecord"]) -> "CoverageRow":
        """Coverage of these documents."""
        pages, unreadable = sum(r.pages for r in records), sum(len(r.unreadable_pages) for r in records)
        return CoverageRow(documents=len(records), pages=pages, unreadable_pages=unreadable)


class BudgetRow(Row):
    """How the engine's window is shared out, in tokens; `sent` and `left_out` count passages.

    The tokens of the question are told on the page alone.
    """

    window: int
    system: int
    history: int
    question: int = absent(0)
    passages: int
    reserve: int
    sent: int
    left_out: int

    @property
    def prompt(self) -> int:
        """Tokens of the prompt."""
        return self.system + self.history + self.question + self.passages


class NoticeRow(Row):
    """Something to know: a sentence, and what to do."""

    error: str
    hint: str

    @classmethod
    def of(cls, error: PinciteError) -> Self:
        """What an error says."""
        return cls(error=str(error), hint=error.hint)


class SentenceRow(Row):
    """A sentence of a checked answer: where it ends, the positions of its citations,
    and why it is in doubt, if it is.
    """

    end: int
    citations: tuple[int, ...]
    doubt: str


class LineRow(Row):
    """A line of a summary; `text` is None where the quotation of its citation is the line."""

    text: str | None
    citations: tuple[int, ...]


class ClauseRow(Row):
    """A clause of a summary: how it is cited, its heading, and the schedule it stands in."""

    label: str
    heading: str
    part: str
    lines: tuple[LineRow, ...]


class _TurnRow(Row):
    """What every turn of a conversation may say: notices on the way, and the error that ended it."""

    PLACES: ClassVar[tuple[str, ...]]

    notices: tuple[NoticeRow, ...] = absent(())
    error: str = absent("")
    hint: str = absent("")

    def ended(self, notices: Sequence[PinciteError], error: PinciteError | None = None) -> Self:
        """The turn with what went wrong on the way, and what ended it."""
        end = {"error": str(error), "hint": error.hint} if error else {}
        return self.model_copy(update={"notices": tuple(map(NoticeRow.of, notices)), **end})

    def with_places(self, change: Callable[[NamedRow], NamedRow]) -> Self:
        """The turn with each of its places changed."""
        return self.model_copy(update={part: tuple(map(change, getattr(self, part))) for part in self.PLACES})


class AnswerResult(_TurnRow):
    """An answer. `searched` and `budget` are None only in a turn that ended before anything was found.

    `doubtful`: likelier than not the documents do not speak of the question. `same_words`: at most MOST_PLACES of a
    passage. The page has beside this the sentences of a checked answer, the passages, and by which words was searched.
    """

    PLACES: ClassVar[tuple[str, ...]] = ("citations", "key_language", "passages", "same_words")
    LACKED: ClassVar[Mapping[str, Any]] = {
        "answer": "",
        "found": False,
        "citations": (),
        "key_language": (),
        "searched": None,
        "budget": None,
        "engine": "",
    }

    answer: str
    found: bool
    citations: tuple[CitationRow, ...]
    key_language: tuple[KeySentenceRow, ...]
    searched: CoverageRow | SkipJsonSchema[None]
    budget: BudgetRow | SkipJsonSchema[None]
    engine: str
    doubtful: bool = absent(False)
    same_words: tuple[SameWordsRow, ...] = absent(())
    documents_meant: tuple[NamedRow, ...] = absent(())
    sentences: tuple[SentenceRow, ...] = absent(())
    passages: tuple[PassageRow, ...] = absent(())
    query: str = absent("")

    @property
    def is_key_language(self) -> bool:
        """Whether the documents' own words stand in the place of a written answer."""
        sentences = [sentence.text for sentence in self.key_language]
        return any(sentences) and [citation.quote for citation in self.citations] == sentences


class SummaryResult(_TurnRow):
    """A summary of a document. A line names its citations by their position; `written` lines are an engine's words."""

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


class MentionsResult(_TurnRow):
    """Every mention of a phrase: `count` places in so many `documents`, of which the first are `citations`.

    `left_out` are the documents that could not be looked through.
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
    left_out: tuple[NamedRow, ...] = absent(())

    @model_validator(mode="before")
    @classmethod
    def _counted(cls, row: Any) -> Any:
        """A search of an earlier version kept all places, and counted none."""
        if isinstance(row, Mapping) and "count" not in row:
            places = row["citations"]
            return {"count": len(places), "documents": len({each["document_id"] for each in places}), **row}
        return row


TurnResult = AnswerResult | SummaryResult | MentionsResult
_KINDS: Mapping[object, type[TurnResult]] = {"summary": SummaryResult, "mentions": MentionsResult}


def read_turn(row: Mapping[str, Any]) -> TurnResult:
    """A turn as it was kept, by this version or an older one."""
    return _KINDS.get(row.get("kind"), AnswerResult).model_validate(row)


NOTHING_FOUND = AnswerResult.model_validate({})  # of a question that ended before anything was found


@dataclass(frozen=True, slots=True)
class Item:
    """One place that an answer rests on, as the evidence shows it: which kind, and its row."""

    kind: str
    row: Spanned | SameWordsRow


def items(result: TurnResult) -> list[Item]:
    """All places of a turn: what it cites, further key language, what was read for it,
    and where else its words stand.
    """
    match result:
        case MentionsResult():
            return [Item("Mention", row) for row in result.citations]
        case SummaryResult():
            cited = [Item("Citation", row) for row in result.citations]
            return cited + [Item("Definition", row) for row in result.definitions]
    quotes = {row.quote for row in result.citations}
    return [
        *(Item("Citation", row) for row in result.citations),
        *(Item("Key language", row) for row in result.key_language if row.text not in quotes),
        *(Item("Passage", row) for row in result.passages),
        *(Item(f"Same words as [{result.citations[row.citation].n}],", row) for row in result.same_words),
    ]


# Documents, matters, measurements


class AcceptedRow(Row):
    """A file that was taken in."""

    document_id: str


class _Outcome(Row):
    state: str
    pages: int
    unreadable_pages: tuple[int, ...]
    reason: str | None


class _Document(Row):
    document_id: str
    document: str


class DocumentRow(_Outcome, _Document):
    """A document that is ready or has failed, and why."""

    @classmethod
    def of(cls, record: "DocumentRecord") -> "DocumentRow":
        """What became of a document."""
        return DocumentRow(
            document_id=record.id,
            document=record.name,
            state=record.state,
            pages=record.pages,
            unreadable_pages=record.unreadable_pages,
            reason=record.reason,
        )


class _File(Row):
    file: str
    document_id: str | None


class AddedRow(_Outcome, _File):
    """What became of a file of `add`; one that was refused has no document."""

    @classmethod
    def of(cls, file: str, document: DocumentRow) -> "AddedRow":
        """What became of a file's document."""
        return AddedRow(file=file, **document.model_dump(exclude={"document"}))

    @classmethod
    def refused(cls, file: str, reason: str) -> "AddedRow":
        """A file that was not taken in."""
        return AddedRow(file=file, document_id=None, state="failed", pages=0, unreadable_pages=(), reason=reason)


class RemovedRow(Row):
    """A document that was taken out of a matter."""

    matter: str
    document_id: str
    document: str
    removed: Literal[True] = True


class MatterRow(Row):
    """A matter."""

    id: str
    name: str
    documents: int
    pages: int

    @classmethod
    def of(cls, matter: "Matter", records: "Sequence[DocumentRecord]") -> "MatterRow":
        """A matter with these documents."""
        pages = sum(record.pages for record in records)
        return MatterRow(id=matter.id, name=matter.name, documents=len(records), pages=pages)


class DeletedRow(Row):
    """A matter that was deleted."""

    id: str
    name: str
    deleted: Literal[True] = True


class EvaluationRow(Row):
    """What `eval` measured. A figure that nothing was measured for is None."""

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
