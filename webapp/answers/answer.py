"""Answers a question with citations (retrieval-augmented generation); yields events that command line and page render.

(history, question) → reading → query → hits → passages (≤ n tokens) → prompt → text stream → checked citations
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from retrieval import (
    NO_CHANGES,
    Chunk,
    Document,
    DocumentRecord,
    Entailment,
    Hit,
    Library,
    Packed,
    Passage,
    ScopedChanges,
    Searcher,
    Sentence,
    Span,
    pack,
)
from webapp.answers.document_row import DocumentAnswer
from webapp.answers.from_library import Told, from_library
from webapp.answers.generate import AWAY, Delta, Prompted, Terms, Trouble, without_engine, write
from webapp.answers.history import Turn
from webapp.answers.in_force import AmendingClause, amending_clauses, with_amendments
from webapp.answers.key_language import KeyLanguage, KeySentence, Relevance, beside, joined, key_language, quote_places
from webapp.answers.left_blank import left_blank
from webapp.answers.prompt import ANSWER_FORM, Budget, Frame, frame, says_not_there
from webapp.answers.reading import ReadAs, pieces, read_question
from webapp.answers.retrieve import Retrieved, Retriever
from webapp.answers.thorough import ReadSoFar, asks_for_all, asks_for_several, read_on
from webapp.core.cpu_pool import run_on_core
from webapp.core.errors import PartNotFound, PlaceNotThere
from webapp.core.limits import check_question
from webapp.core.results import NO_BUDGET, BudgetRow, CoverageRow
from webapp.core.wording import plural
from webapp.grounding.check import CheckedAnswer, Citation, check, word_for_word
from webapp.llm.pool import Lease

KEY_SENTENCES = 4  # clauses
_FEWEST = 2  # of each part of a question
_MORE_OF_SEVERAL = 3  # clauses, where each answers in part
_BEARS_OF_SEVERAL = 0.7  # of the relevance of the best of these


class Scoring(Protocol):
    """Scores sentences for a question; those below `bears` of the best are 0 or less (`Searcher.relevance`)."""

    def __call__(self, question: str, sentences: Sequence[Sentence], *, bears: float = ...) -> Sequence[float]:
        """Score them."""


Alike = Callable[[Chunk], Sequence[Chunk]]


@dataclass(frozen=True, slots=True)
class Scope:
    """Scope of a search: documents of one matter, all of them ready; `unread` are those in scope that are not.

    `thorough`: what a window leaves out is read in further ones.
    """

    matter_id: str
    records: tuple[DocumentRecord, ...]
    unread: tuple[DocumentRecord, ...] = ()
    thorough: bool = False

    @classmethod
    def of(cls, matter_id: str, records: Iterable[DocumentRecord]) -> "Scope":
        """Scope of these documents, ready or not."""
        records = tuple(records)
        ready = tuple(record for record in records if record.state == "ready")
        return cls(matter_id, ready, tuple(record for record in records if record.state != "ready"))

    @property
    def document_ids(self) -> list[str]:
        """Ids of the documents."""
        return [record.id for record in self.records]


@dataclass(frozen=True, slots=True)
class Searched:
    """What was searched, for which query, and how the question was read.

    `wider`: the first search found nothing, so a second, wider one followed. `close` are the ids of documents that all
    fit a name in the question: one of them may be meant, or all, and all were searched.
    """

    coverage: CoverageRow
    query: str
    read_as: ReadAs = "own"
    wider: bool = False
    close: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Event: the passages for the prompt, and the token budget."""

    passages: tuple[Passage, ...]
    searched: Searched
    budget: BudgetRow


@dataclass(frozen=True, slots=True)
class Answer:
    """Last event: the answer. `text` is what the user reads; `checked` is set if that is the draft.

    `doubtful`: passages were found, but the documents probably do not address the question. `nearest`: where nothing is
    found, what comes nearest to the question. `same_words`: for the span of a citation, chunks of other documents, one
    of each, with the same words as its own chunk. `superseded_by`: for the span of a citation, a key sentence or a
    passage the clauses that amend it. `documents`: a row for each, where the question is put to each. `further`: ids of
    documents that key language would quote if it quoted more.
    """

    text: str
    found: bool
    searched: Searched
    budget: BudgetRow
    engine: str
    citations: tuple[Citation, ...] = ()
    key_language: tuple[KeySentence, ...] = ()
    checked: CheckedAnswer | None = None
    passages: tuple[Passage, ...] = ()
    doubtful: bool = False
    nearest: tuple[KeySentence, ...] = ()
    same_words: Mapping[Span, tuple[Chunk, ...]] = field(default_factory=dict)
    superseded_by: Mapping[Span, tuple[AmendingClause, ...]] = field(default_factory=dict)
    documents: tuple[DocumentAnswer, ...] = ()
    further: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Event: the question is queued behind `before` answers."""

    before: int


Event = Waiting | Found | Delta | Trouble | Answer


async def answer(
    question: str, history: Sequence[Turn], scope: Scope, *, library: Library, searcher: Searcher, lease: Lease
) -> AsyncGenerator[Event]:
    """Answer a question about the documents in scope; yields Found (again if a language model accepts less than it
    reported, and after each further window), Deltas and Troubles, and last the Answer.

    Where a search finds nothing, the language model is asked only if all that the documents say is in its prompt.
    Raises WordsTooLong, EmptyQuestion, QuestionTooLong and what the stores raise. If the language model fails, what it
    has written is kept, and key language is added. Closing the iterator closes the language model's stream.
    """
    check_question(question)
    reading = read_question(question, history, len(scope.records))
    document_of = partial(library.document, scope.matter_id)
    retriever = Retriever(searcher, scope.matter_id, tuple(scope.document_ids))
    if reading.needs_no_search:
        records = _only(scope, retriever.documents(reading, history))
        told = await run_on_core(from_library, question, reading, records, document_of)
        yield _told(told, reading.kind, question, records)
        return
    results = await run_on_core(retriever.retrieve, reading, history)
    changes = await run_on_core(searcher.changes, scope.matter_id, scope.document_ids)
    records = _only(scope, results.document_ids)
    coverage = CoverageRow.of(records, scope.unread if len(records) == len(scope.records) else ())
    searched = Searched(coverage, results.query, results.read_as, results.wider, results.close)
    for trouble in _not_there(results):
        yield trouble
    chunks = tuple(hit.chunk for hit in results.hits)
    fit_chunks = partial(_fit, question, history, document_of, changes)
    fit = partial(fit_chunks, chunks)
    prompted = None if results.found or results.whole else await without_engine(fit)
    is_thorough = (results.found or results.whole) and (scope.thorough or asks_for_all(reading.question))
    draft = ""
    if prompted:
        yield _found(prompted, searched)
    else:
        async with aclosing(write(lease, fit, partial(_asks, results, is_thorough=is_thorough))) as events:
            async for event in events:
                if isinstance(event, Prompted):
                    prompted = event
                    yield _found(prompted, searched)
                else:
                    draft = event.after(draft) if isinstance(event, Delta) else draft
                    yield event
    if prompted is None:
        raise RuntimeError("the generation ended before it had a prompt")
    generation = Draft(draft, _found(prompted, searched), results, prompted.engine)
    if is_thorough:
        is_written = prompted.engine not in ("none", AWAY)
        read = ReadSoFar(draft, prompted.packed.passages, 1, prompted.packed.left_out)
        further = read_on(read, chunks, fit_chunks, document_of, lease if is_written else None)
        async with aclosing(further) as windows:
            async for each in windows:
                if isinstance(each, ReadSoFar):
                    generation = generation.joined(each)
                    yield generation.found
                else:
                    yield each
    alike = partial(searcher.same_words, scope.matter_id, document_ids=scope.document_ids)
    end = await run_on_core(finish, generation, document_of, searcher.relevance, alike, changes, searcher.entailment)
    questions = [each.route.question for each in results.searches]
    if blank := await run_on_core(left_blank, questions, end.key_language):
        yield Trouble(blank)
    yield end


def _not_there(results: Retrieved) -> Iterator[Trouble]:
    """What was asked for beside what was found, and is not there."""
    for part in results.missed:
        yield Trouble(PartNotFound(question=part))
    if results.found and results.absent:
        yield Trouble(PlaceNotThere(absent=results.absent))


def _asks(results: Retrieved, packed: Packed, *, is_thorough: bool) -> bool:
    """Whether a language model is asked: where all is read, now or in further windows, however likely it is there."""
    return results.found or (results.whole and (is_thorough or not packed.left_out) and not results.absent)


def _fit(
    question: str,
    history: Sequence[Turn],
    document_of: Callable[[str], Document],
    changes: ScopedChanges,
    chunks: Sequence[Chunk],
    terms: Terms,
) -> tuple[Frame, Packed]:
    """Compute the token budget, and pack chunks into the part for passages."""
    form = ANSWER_FORM.with_room_to_think(terms.thinks)
    prompt_frame = frame(terms.window, history, question, terms.count, terms.template, form=form)
    return prompt_frame, pack(chunks, document_of, terms.count, prompt_frame.budget.passages, changes)


@dataclass(frozen=True, slots=True)
class Draft:
    """The text that a language model wrote of the passages; shown, marked, even if checks fail."""

    text: str
    found: Found
    results: Retrieved
    engine: str

    def joined(self, read: ReadSoFar) -> "Draft":
        """The draft with what further windows added."""
        sent = {"sent": len(read.passages), "left_out": read.left_out, "windows": read.windows}
        found = replace(self.found, passages=read.passages, budget=self.found.budget.model_copy(update=sent))
        return replace(self, text=read.text, found=found)

    @property
    def is_whole(self) -> bool:
        """Whether the passages are all that the documents say."""
        return self.results.whole and not self.found.budget.left_out and bool(self.found.passages)


def finish(
    draft: Draft,
    document_of: Callable[[str], Document],
    relevance: Scoring,
    alike: Alike,
    changes: ScopedChanges = NO_CHANGES,
    entailment: Entailment | None = None,
) -> Answer:
    """Check a draft; returns the answer with citations and key language, which replaces a draft that is not shown.

    Where the search found nothing, or a language model that read all of it, only a draft that is shown is an answer;
    else the key language is what comes nearest.
    """
    passages, results, text = draft.found.passages, draft.results, draft.text.strip()
    documents = {id_: document_of(id_) for id_ in {passage.document_id for passage in passages}}
    most = KEY_SENTENCES * draft.found.budget.windows
    extract = _key_language(results, passages, documents, document_of, relevance, most)
    key = with_amendments(extract.clauses, changes, document_of)
    checked = check(draft.text, passages, documents, changes=changes, entailment=entailment)
    says_nothing = says_not_there(text)
    is_shown = bool(text) and not says_nothing
    is_read = says_nothing and draft.is_whole
    if not is_shown and (is_read or not results.found or not key or extract.lacks):
        return _not_found(draft, key, changes, is_read=is_read, lacks=extract.lacks if results.found else "")
    citations = checked.citations if is_shown else tuple(word_for_word(n, k, k.text) for n, k in enumerate(key, 1))
    return Answer(
        text=checked.text if is_shown else _quotations(key, len(extract.further)),
        found=True,
        searched=draft.found.searched,
        budget=draft.found.budget,
        engine=draft.engine,
        citations=citations,
        key_language=key,
        checked=checked if is_shown else None,
        passages=passages,
        doubtful=results.doubtful,
        same_words=_same_words(citations, key, results.hits, alike),
        superseded_by=amending_clauses((place.span for place in (*citations, *key, *passages)), changes),
        further=() if is_shown else extract.further,
    )


def _key_language(
    results: Retrieved,
    passages: Sequence[Passage],
    documents: Mapping[str, Document],
    document_of: Callable[[str], Document],
    relevance: Scoring,
    most: int,
) -> KeyLanguage:
    """Key language of each search, `most` clauses or one a document, or what the last answer cited.

    `documents` are those of the passages, by id; a place that is quoted whole may be in another.
    """
    clauses = [
        KeySentence.of(documents[span.document_id], span) for span in results.cited if span.document_id in documents
    ]
    further: list[str] = []
    lacks: list[str] = []
    asked = [(question, each) for each in results.searches for question in _asked(each.route.question)]
    most_each = max(_FEWEST, most // max(1, len(asked)))
    for question, each in asked:
        several = asks_for_several(question)
        widely = several or each.doubtful  # the less sure, the more to choose from
        scores: Relevance = partial(relevance, bears=_BEARS_OF_SEVERAL) if widely else relevance
        most = most_each + _MORE_OF_SEVERAL * several
        key = quote_places(each.places, document_of)
        if not (key and each.only_places):
            found = key_language(question, passages, documents, each.hits, most=most, relevance=scores)
            further += found.further
            lacks.append("" if key else found.lacks)
            if results.own:  # its own words choose first: those of the question before it chose the last time
                own = key_language(results.own, passages, documents, each.hits, most=most // 2, relevance=scores)
                key = beside(key, own.clauses, most)
            key = beside(key, found.clauses, most)
        clauses = list(joined(clauses, key))
    quoted = {clause.document_id for clause in clauses}
    left_out = tuple(id_ for id_ in dict.fromkeys(further) if id_ not in quoted)
    return KeyLanguage(tuple(clauses), left_out, lacks[0] if lacks and all(lacks) else "")


def _asked(question: str) -> Sequence[str]:
    """The questions that one puts, of which the search took those that lean on each other together."""
    asked = tuple(pieces(question))
    return asked if len(asked) > 1 else (question,)


def _not_found(
    draft: Draft, nearest: tuple[KeySentence, ...], changes: ScopedChanges, *, is_read: bool, lacks: str = ""
) -> Answer:
    """The answer where nothing is found; doubtful where all is in the passages and no language model read it, and where
    what was found `lacks` the kind of value that is asked for.
    """
    searched, is_whole, results = draft.found.searched, draft.is_whole, draft.results
    how = f"{'read' if is_read else 'compared with the question'} whole" if is_whole else ""
    foreign = "" if is_read else _in_english(results)
    missing = "" if is_read or not lacks else f"Nothing that was found says the {lacks} that is asked for."
    may_be_there = is_whole or bool(foreign or missing)
    other = results.absent or foreign or missing
    return Answer(
        text=f"{other} {searched.coverage.unread}".strip() if other else _coverage(searched.coverage, how),
        found=False,
        searched=searched,
        budget=draft.found.budget,
        engine=draft.engine,
        passages=draft.found.passages,
        doubtful=may_be_there and not is_read and bool(nearest) and not results.absent,
        nearest=nearest,
        superseded_by=amending_clauses((place.span for place in (*nearest, *draft.found.passages)), changes),
    )


def _in_english(results: Retrieved) -> str:
    """What is said to a question in another language that was not answered."""
    if not results.language:
        return ""
    searched = f"; its legal terms were searched: “{results.query}”" if results.translated else ""
    return f"Search reads English, and this question seems to be in {results.language}{searched}. Ask it in English."


def _same_words(
    citations: Sequence[Citation], keys: Sequence[KeySentence], hits: Sequence[Hit], alike: Alike
) -> dict[Span, tuple[Chunk, ...]]:
    """Chunks of other documents with the same words as a citation's chunk, by its span; the hits omit them.

    A clause may be of several chunks: the one that bears counts.
    """
    same = {}
    bearing = {key.span: key.bearing for key in keys}
    for span in {citation.span for citation in citations}:
        cited = next(iter(bearing.get(span, ())), span)
        own = next((hit.chunk for hit in hits if hit.chunk.span.contains(cited)), None)
        if own and (others := {chunk.span.document_id: chunk for chunk in reversed(alike(own))}):
            same[span] = tuple(others.values())
    return same


def _quotations(keys: Sequence[KeySentence], further: int) -> str:
    """Key language as the text of an answer: each clause in quotation marks, with its number, and how many documents
    have more.
    """
    more = [f"… and {plural(further, 'more document')}"] if further else []
    return "\n".join([*(f"“{key.text}” [{n}]" for n, key in enumerate(keys, 1)), *more])


def _only(scope: Scope, document_ids: Sequence[str]) -> list[DocumentRecord]:
    return [record for record in scope.records if record.id in document_ids]


def _told(told: Told, read_as: ReadAs, question: str, records: Sequence[DocumentRecord]) -> Answer:
    """The answer to a question that needed no search."""
    searched = Searched(CoverageRow.of(records), question, read_as)
    return Answer(told.text, told.found, searched, NO_BUDGET, engine="", citations=told.citations)


def _found(prompted: Prompted, searched: Searched) -> Found:
    packed = prompted.packed
    return Found(packed.passages, searched, budget_row(prompted.frame.budget, packed))


def budget_row(budget: Budget, packed: Packed) -> BudgetRow:
    """Row of the budget of a prompt, with the passages that were packed for it."""
    return BudgetRow(
        window=budget.window,
        system=budget.system + budget.template,
        history=budget.history,
        question=budget.question,
        passages=packed.tokens,
        reserve=budget.reserve,
        sent=len(packed.passages),
        left_out=packed.left_out,
    )


def _coverage(searched: CoverageRow, how: str) -> str:
    """What was searched and did not answer: `how` says it where nothing was left out."""
    unreadable, documents = searched.unreadable_pages, plural(searched.documents, "document")
    of = f"{searched.pages - unreadable:,} of " if 0 < unreadable < searched.pages else ""
    coverage = f"{documents}, {of}{plural(searched.pages, 'page')}"
    if unreadable and unreadable == searched.pages:
        return f"Not found. {coverage}: none could be read, so nothing was searched. A page without text may be a scan."
    if how:
        return f"Nothing clearly answers this. {coverage}, {how}. {searched.unread}".strip()
    return f"Not found. {coverage} searched, twice, the second time more widely. {searched.unread}".strip()
