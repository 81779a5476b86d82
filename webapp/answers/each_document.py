"""Puts a question to every document in scope, or to those it compares; yields a row for each, and last the answer.

question → what it asks of one document → for each document: its facts, where they answer
                                           or hits → state by their confidence → the clause that bears most
                                           or, with a language model: a window → text → checked citations

No document is left out in silence: one that could not be read, or whose window failed, has a row that says so.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Protocol, TypeVar

from retrieval import (
    Document,
    DocumentRecord,
    Library,
    NoSuchDocument,
    Packed,
    PinciteError,
    Results,
    Route,
    Searcher,
    Span,
    pack,
    pin_cite,
)
from webapp.answers.answer import Answer, Scope, Searched, budget_row
from webapp.answers.document_row import DocumentAnswer, cut_short, few_words, not_found, written_words
from webapp.answers.each_facts import FactAsked, day_of, fact_asked, from_facts, picked
from webapp.answers.each_signs import (
    BELONGS,
    COMPARE,
    COMPARE_ALL,
    EACH,
    asked_of_one,
    compared,
    compares_kinds,
    names_several,
)
from webapp.answers.generate import AWAY, Delta, Prompted, Terms, Trouble, write
from webapp.answers.in_force import amending_clauses
from webapp.answers.key_language import KeySentence, key_language
from webapp.answers.prompt import EACH_FORM, Frame, frame, says_not_there
from webapp.core.cpu_pool import run_on_core
from webapp.core.errors import Congested, EngineError
from webapp.core.limits import check_question
from webapp.core.results import NO_BUDGET, BudgetRow, CoverageRow, DocumentState
from webapp.core.wording import plural
from webapp.grounding.check import CheckedAnswer, Citation, check, claims, word_for_word
from webapp.grounding.senses import content, senses
from webapp.llm.pool import Lease

AT_ONCE = 8  # windows of one question; a server of one GPU writes as many without slowing down much
SEARCHES_AT_ONCE = 2  # documents searched at once without a language model, and the fewest with one
MOST_PACKED = 24  # hits of a document that are packed: a window holds a dozen, and to count their tokens takes time
# Confidence of a search that stands whatever a language model makes of it: 98 % of the labelled documents above it had
# the clause, 60 % of those from EVEN to here.
SURE = 0.8
NEAR_THE_TOP = 3  # hits; where the search doubts, what a language model quotes must stand in one of these
NOT_AMENDED: Mapping[Span, Collection[object]] = MappingProxyType({})
_JOINS = re.compile(r"\b(?:and|or|vs|versus)\b", re.IGNORECASE)  # two names, if there are any
T = TypeVar("T")
R = TypeVar("R")


class Place(Protocol):
    """A place of the question queue."""

    def leave(self) -> None:
        """Give it back."""


@dataclass(frozen=True, slots=True)
class Windows:
    """How windows are written: `lease` leases a language model for one.

    `borrow` takes a place for one more at the same time, None while others wait for theirs.
    """

    lease: Lease
    borrow: Callable[[], Place | None]


@dataclass(frozen=True, slots=True)
class Row:
    """Event: the row of one document; `done` of `of` are there. A later one for the same document replaces it."""

    answer: DocumentAnswer
    done: int
    of: int


@dataclass(frozen=True, slots=True)
class EachQuestion:
    """Event: a question is put to each of these documents, and this is what it asks of one.

    `compares`: it names them to compare something that each is taken to have.
    """

    question: str
    of_one: str
    records: tuple[DocumentRecord, ...]
    compares: bool = False


def put_to_each(question: str, scope: Scope, searcher: Searcher) -> EachQuestion | None:
    """The documents that a question is put to one by one; None if it is put to all together, as most are.

    A name says which documents are meant where it belongs to them ("the Acme leases") or where they are compared; else
    it may be what is looked for in them.
    """
    in_scope = sorted((*scope.records, *scope.unread), key=lambda record: record.name.casefold())
    records = {record.id: record for record in in_scope}
    is_each, is_compared = EACH.in_question(question), COMPARE.in_question(question)
    if len(records) < 2 or not (is_each or is_compared or _JOINS.search(question)):
        return None
    of_one = asked_of_one(question)
    if is_each and (fact := fact_asked(question, of_one)) and fact.name:  # the name is looked for in the facts of each
        return EachQuestion(question, of_one, tuple(records.values()))
    route = searcher.route(scope.matter_id, question, scope.document_ids)
    if is_compared and len(route.document_ids or ()) == 1:  # the other may be named by its party: "Acme's cap"
        route = _and_by_party(route, searcher.route(scope.matter_id, route.question, scope.document_ids))
    named = [records[id_] for id_ in route.document_ids or () if id_ in records]
    if len(named) > 1 and not route.close and (is_compared or names_several(route.question)):
        return EachQuestion(question, compared(route.question), tuple(named), compares=True)
    if compares_kinds(question):
        return EachQuestion(question, compared(question), tuple(records.values()))
    if COMPARE_ALL.in_question(question) and not named:
        return EachQuestion(question, compared(question), tuple(records.values()))
    if not is_each:
        return None
    if named and BELONGS.search(question):
        return EachQuestion(question, asked_of_one(route.question), tuple(named))
    if _is_of_one(route, question):
        return None
    return EachQuestion(question, of_one, tuple(records.values()))


def _and_by_party(route: Route, other: Route) -> Route:
    """A route with the documents that what it leaves of the question names, and without these names."""
    if not other.document_ids or other.close:
        return route
    names = "|".join(map(re.escape, sorted(other.names, key=len, reverse=True)))
    bare = re.sub(rf"(?<!\w)(?:{names})(?!\w)", "contract", other.question)
    return replace(other, document_ids=(*(route.document_ids or ()), *other.document_ids), question=bare)


def _is_of_one(route: Route, question: str) -> bool:
    """Whether a question names a single document as a document, and so speaks of others within it."""
    return len(route.document_ids or ()) == 1 and route.question != question


async def each_document(
    asked: EachQuestion, scope: Scope, *, library: Library, searcher: Searcher, windows: Windows | None
) -> AsyncGenerator[EachQuestion | Row | Trouble | Answer]:
    """Ask each document; yields EachQuestion, a Row for each as it is there, at most one Trouble, and last the Answer.

    `windows` is None without a language model. A document whose window failed is asked again at the end. Raises what
    the stores raise, QuestionTooLong, and the errors of `check_question`. Closing the iterator closes all windows.
    """
    check_question(asked.question)
    yield asked
    facts = await run_on_core(library.facts_of, asked.records)
    each = _Each(asked, scope.matter_id, library, searcher, windows)
    rows: dict[str, DocumentAnswer] = {}
    failures: list[PinciteError] = []
    records, of = list(asked.records), len(asked.records)
    for _ in range(2):
        async with aclosing(in_parallel(records, each.row, windows)) as outcomes:
            async for outcome in outcomes:
                id_ = outcome.row.record.id
                rows[id_] = replace(outcome.row, title=facts[id_].title if id_ in facts else "")
                failures += [outcome.failure] if outcome.failure else []
                yield Row(rows[id_], len(rows), of)
        records = [record for record in records if rows[record.id].state == "failed"]
    if records:
        yield Trouble(failures[-1])
    answer = answer_of([rows[record.id] for record in asked.records], asked, each.budget, each.engine)
    changes = await run_on_core(searcher.changes, scope.matter_id, scope.document_ids)
    cited = [citation.span for citation in answer.citations]
    amending = await run_on_core(amending_clauses, cited, changes)
    rows_now = tuple(as_amended(row, amending) for row in answer.documents)
    text = " ".join(part for part in (each.pick(rows_now), counts(rows_now, amending)) if part)
    yield replace(answer, text=text, documents=rows_now, superseded_by=amending)


def stopped(rows: Mapping[str, DocumentAnswer], asked: EachQuestion) -> Answer:
    """The answer of the rows that are there; the other documents were not read."""
    reason = "The answer was stopped before this document was read."
    every = [rows.get(record.id) or DocumentAnswer(record, "not_read", reason=reason) for record in asked.records]
    return answer_of(every, asked, NO_BUDGET, "")


def answer_of(rows: Sequence[DocumentAnswer], asked: EachQuestion, budget: BudgetRow, engine: str) -> Answer:
    """The answer that rows make: their counts in a sentence, and their citations numbered through."""
    numbered, n = [], 1
    for row in rows:
        numbered.append(row.numbered(n))
        n += len(row.citations)
    return Answer(
        text=counts(rows),
        found=any(row.state in ("found", "unclear") for row in rows),
        searched=Searched(CoverageRow.of(asked.records), asked.of_one, "each"),
        budget=budget,
        engine=engine,
        citations=tuple(citation for row in numbered for citation in row.citations),
        documents=tuple(numbered),
    )


def as_amended(row: DocumentAnswer, amending: Mapping[Span, Collection[object]]) -> DocumentAnswer:
    """A row without its yes or no where a clause that was amended since says it: it shows the clause's words."""
    cited = next((c for c in row.citations if amending.get(c.span)), None)
    if cited is None or row.answer not in ("yes", "no"):
        return row
    return replace(row, answer=cut_short(cited.quote or ""))


def counts(rows: Sequence[DocumentAnswer], amending: Mapping[Span, Collection[object]] = NOT_AMENDED) -> str:
    """Number of rows by state: "Found in 12 of 60 documents (yes in 9, no in 3); not found in 45; unclear in 3.".

    `amending`: for the span of a citation what amends it since; how many rows cite such a clause is told.
    """
    of = plural(len(rows), "document")
    number = {state: sum(row.state == state for row in rows) for state in WORDS}
    said = [(word, sum(row.state == "found" and row.answer == word for row in rows)) for word in ("yes", "no")]
    how = f" ({', '.join(f'{word} in {n}' for word, n in said if n)})" if any(n for _, n in said) else ""
    since = sum(row.state == "found" and any(amending.get(c.span) for c in row.citations) for row in rows)
    how += f", {since} of them by a clause that was amended since" if since else ""
    others = [f"{words} {n}" for state, words in WORDS.items() if state != "found" and (n := number[state])]
    return "; ".join([f"Found in {number['found']} of {of}{how}", *others]) + "."


WORDS: dict[DocumentState, str] = {
    "found": "found in",
    "not_found": "not found in",
    "unclear": "unclear in",
    "not_read": "not read:",
    "failed": "failed in",
}
DOUBT = "It may not address this."
NOT_SEEN = "The language model found nothing, the search did."
NOT_CONFIRMED = "What the language model wrote is not confirmed by the passages."
NOT_OF_QUESTION = "What the language model wrote does not speak of the question."
CLAUSE_INSTEAD = "This is the clause that the search found."
LEAST_OF_QUESTION = 3  # one of so many of a question's words has to be in what is written
# Words of a question that say nothing of what is asked.
_OF_ANY = senses("agreement contract document lease party clause provision section say state provide mention contain")


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The row of a document, and the error of its window if that failed."""

    row: DocumentAnswer
    failure: PinciteError | None = None


class _Each:
    """Asks one document after another."""

    def __init__(
        self, asked: EachQuestion, matter_id: str, library: Library, searcher: Searcher, windows: Windows | None
    ) -> None:
        self.engine = "none"
        self.budget = NO_BUDGET  # of the last window, with the passages of all
        self._asked, self._matter_id, self._windows = asked, matter_id, windows
        self._library, self._searcher = library, searcher
        self._fact = fact_asked(asked.question, asked.of_one)
        self._days: dict[str, date] = {}
        if self._fact:
            self.engine = ""  # none is asked, whether there is one or not

    async def row(self, record: DocumentRecord) -> _Outcome:
        """The row of a document. Raises QuestionTooLong and StoreUnavailable."""
        if reason := _unread(record):
            return _Outcome(DocumentAnswer(record, "not_read", reason=reason))
        try:
            if self._fact:
                return _Outcome(await run_on_core(self._by_facts, record, self._fact))
            results = await run_on_core(self._search, record)
            if self._windows is None:
                return _Outcome(await run_on_core(self._by_search, record, results))
            return await self._by_window(record, results, self._windows.lease)
        except NoSuchDocument:
            return _Outcome(DocumentAnswer(record, "not_read", reason="It was removed meanwhile."))

    def _by_facts(self, record: DocumentRecord, asked: FactAsked) -> DocumentAnswer:
        """The row as the facts of the document have it."""
        facts = self._library.facts(self._matter_id, record.id)
        if asked.fact == "date" and (day := day_of(asked, facts)):
            self._days[record.id] = day
        return from_facts(asked, record, facts, self._document(record.id))

    def pick(self, rows: Sequence[DocumentAnswer]) -> str:
        """Which document is the one that the question picks by its date; "" where it picks none."""
        return picked(self._fact, rows, self._days) if self._fact else ""

    def _search(self, record: DocumentRecord) -> Results:
        return self._searcher.search(self._matter_id, self._asked.of_one, [record.id])

    def _by_search(self, record: DocumentRecord, results: Results) -> DocumentAnswer:
        """The row as the confidence of the search has it, with the clause of the best hits that bears most."""
        if not results.hits or not (results.found or self._asked.compares):
            return not_found(record)
        clause = self._clause(record, results)
        if clause is None:
            return not_found(record)
        citation = word_for_word(1, clause, clause.text)
        if results.doubtful:
            return DocumentAnswer(record, "unclear", citations=(citation,), reason=DOUBT)
        words = few_words(self._asked.question, self._asked.of_one, clause.bearing_words, clause.section)
        return DocumentAnswer(record, "found", words, (citation,))

    def _clause(self, record: DocumentRecord, results: Results) -> KeySentence | None:
        """The place that answers by structure, else the clause of the best hits that bears most on the question."""
        document = self._document(record.id)
        if results.only_places:
            return KeySentence.of(document, results.places[0])
        bearing = [hit.chunk.span for hit in results.hits if hit.bearing]
        read = list(results.places[:1]) or bearing or [hit.chunk.span for hit in results.hits[:1]]
        places = [pin_cite(document, span) for span in read]
        relevance = self._searcher.relevance
        key = key_language(self._asked.of_one, places, {record.id: document}, results.hits, most=1, relevance=relevance)
        return next(iter(key.clauses), None) or (KeySentence.of(document, read[0]) if read else None)

    def _best(self, record: DocumentRecord, results: Results) -> Citation | None:
        clause = self._clause(record, results)
        return word_for_word(1, clause, clause.text) if clause else None

    async def _by_window(self, record: DocumentRecord, results: Results, lease: Lease) -> _Outcome:
        """The row as a language model has it; where most was left out and the search found nothing it is not asked."""
        if not results.found and not results.whole:
            return _Outcome(not_found(record))

        def asks(packed: Packed) -> bool:
            return results.found or not packed.left_out

        draft, prompted, error = "", None, None
        async with aclosing(write(lease, partial(self._fit, results), asks)) as events:
            async for event in events:
                match event:
                    case Prompted():
                        prompted, draft = event, ""
                    case Delta():
                        draft = event.after(draft)
                    case Trouble() if isinstance(event.error, EngineError | Congested):
                        error = event.error
        if prompted is None:
            raise RuntimeError("the window ended before it had a prompt")
        if error is None and not asks(prompted.packed):
            return _Outcome(not_found(record))
        if self.engine in ("none", AWAY):
            self.engine = prompted.engine
        self._note(prompted)
        if error is not None and not (draft and prompted.packed.passages):
            best = await run_on_core(self._best, record, results)
            cited = (best,) if best else ()
            return _Outcome(DocumentAnswer(record, "failed", citations=cited, reason=str(error)), error)
        row = await run_on_core(self._checked, record, results, prompted.packed, draft)
        if error is not None:
            return _Outcome(replace(row, state="failed", answer="", reason=str(error)), error)
        return _Outcome(row)

    def _fit(self, results: Results, terms: Terms) -> tuple[Frame, Packed]:
        form = EACH_FORM.with_room_to_think(terms.thinks)
        prompt = frame(terms.window, (), self._asked.question, terms.count, terms.template, form=form)
        hits = results.hits if results.whole else results.hits[:MOST_PACKED]
        packed = pack((hit.chunk for hit in hits), self._document, terms.count, prompt.budget.passages)
        return prompt, replace(packed, left_out=packed.left_out + len(results.hits) - len(hits))

    def _checked(self, record: DocumentRecord, results: Results, packed: Packed, draft: str) -> DocumentAnswer:
        """The row of a draft: found where every sentence of it passes its checks, and it speaks of the question."""
        text = draft.strip()
        if not text:  # it did not answer; that is not an answer that there is nothing
            return self._by_search(record, results)
        checked = check(text, packed.passages, {record.id: self._document(record.id)})
        return replace(self._judged(record, results, text, checked), checked=checked)

    def _judged(self, record: DocumentRecord, results: Results, text: str, checked: CheckedAnswer) -> DocumentAnswer:
        citations = tuple(sorted(checked.citations, key=lambda c: c.quote is None))[:1]
        says_nothing = _says_nothing(text, checked)
        doubt = "" if checked.supported and citations else NOT_CONFIRMED
        doubt = doubt or ("" if self._speaks_of_it(record, results, text, checked) else NOT_OF_QUESTION)
        if (says_nothing or doubt) and results.confidence >= SURE:
            return replace(self._by_search(record, results), reason="" if says_nothing else f"{doubt} {CLAUSE_INSTEAD}")
        if says_nothing:
            is_likely = results.found and not results.doubtful
            return self._doubtful(record, results, NOT_SEEN) if is_likely else not_found(record)
        if doubt:
            return self._doubtful(record, results, doubt)
        if results.doubtful and not any(h.chunk.span.shared(citations[0].span) for h in results.hits[:NEAR_THE_TOP]):
            return DocumentAnswer(record, "unclear", citations=citations, reason=DOUBT)
        at = citations[0]
        words = written_words(self._asked.question, self._asked.of_one, text, at.quote or "", at.section)
        return DocumentAnswer(record, "found", words, citations)

    def _speaks_of_it(self, record: DocumentRecord, results: Results, text: str, checked: CheckedAnswer) -> bool:
        """Whether what was written has words of the question, in itself, its quotation or its clause's heading; or is
        borne by the clause that the search holds to bear most on it.
        """
        asked = [word for word in content(self._asked.of_one) if not word & _OF_ANY]
        cited = (f"{citation.section} {citation.quote or ''}" for citation in checked.citations)
        said = senses(" ".join((text, *cited)))
        if sum(bool(word & said) for word in asked) * LEAST_OF_QUESTION >= len(asked):
            return True
        clause = self._clause(record, results) if results.hits else None
        places = [at for sentence in checked.sentences for at in sentence.at.values()]
        return clause is not None and any(clause.span.start <= at < clause.span.end for at in places)

    def _doubtful(self, record: DocumentRecord, results: Results, reason: str) -> DocumentAnswer:
        best = self._best(record, results)
        return DocumentAnswer(record, "unclear", citations=(best,) if best else (), reason=reason)

    def _document(self, document_id: str) -> Document:
        return self._library.document(self._matter_id, document_id)

    def _note(self, prompted: Prompted) -> None:
        row = budget_row(prompted.frame.budget, prompted.packed)
        of_all = {"sent": self.budget.sent + row.sent, "left_out": self.budget.left_out + row.left_out}
        self.budget = row.model_copy(update=of_all)


def _unread(record: DocumentRecord) -> str:
    """Why a document cannot be asked, in a sentence; "" if it can."""
    if record.state == "failed":
        return record.reason or "It could not be read."
    if record.state != "ready":
        return "It is not ready yet."
    if record.pages and len(record.unreadable_pages) == record.pages:
        return "None of its pages has text; it may be a scan."
    return ""


def _says_nothing(text: str, checked: CheckedAnswer) -> bool:
    """Whether a draft says that its passages do not answer, and nothing else."""
    return says_not_there(text) or not (
        checked.citations or any(claims(sentence.text) for sentence in checked.sentences)
    )


async def in_parallel(
    items: Collection[T], work: Callable[[T], Awaitable[R]], windows: Windows | None
) -> AsyncGenerator[R]:
    """Results of `work` on each item, as they come: as many at once as the question queue has places to spare.

    Closing the iterator, or an error, cancels what is under way.
    """
    waiting = list(reversed(items if isinstance(items, list) else list(items)))
    under_way: dict[asyncio.Future[R], Place | None] = {}
    try:
        while waiting or under_way:
            while waiting and len(under_way) < (AT_ONCE if windows else SEARCHES_AT_ONCE):
                place = windows.borrow() if windows and None in under_way.values() else None
                if windows and place is None and None in under_way.values():
                    break
                under_way[asyncio.ensure_future(work(waiting.pop()))] = place
            done, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if (place := under_way.pop(task)) is not None:
                    place.leave()
                yield task.result()
    finally:
        for task, place in under_way.items():
            task.cancel()
            if place is not None:
                place.leave()
        await asyncio.gather(*under_way, return_exceptions=True)
