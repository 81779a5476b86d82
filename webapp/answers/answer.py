"""A question becomes a checked, cited answer. The pipeline yields events;
the command line and the page make words of them.

(history, question) → query → hits → passages (≤ n tokens) → prompt → text stream → checked citations
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial

from retrieval import Chunk, Document, DocumentRecord, Hit, Library, Packed, Passage, Results, Searcher, Span, pack
from webapp.answers.follow_up import Turn, standalone_query
from webapp.answers.generate import Delta, Prompted, Terms, Trouble, without_engine, write
from webapp.answers.key_language import KeySentence, Relevance, key_language
from webapp.answers.prompt import NOT_THERE, Budget, Frame, frame
from webapp.core.cpu_pool import run_on_core
from webapp.core.limits import check_question
from webapp.core.results import BudgetRow
from webapp.core.wording import plural
from webapp.grounding.check import CheckedAnswer, Citation, check
from webapp.llm.pool import Backend, Lease

__all__ = ["Answer", "Backend", "Delta", "Event", "Found", "Lease", "Scope", "Searched", "Trouble", "Waiting", "answer"]

KEY_SENTENCES = 4
Alike = Callable[[Chunk], Sequence[Chunk]]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to search: some documents of a matter, each ready."""

    matter_id: str
    records: tuple[DocumentRecord, ...]

    @property
    def document_ids(self) -> list[str]:
        """Ids of the documents."""
        return [record.id for record in self.records]


@dataclass(frozen=True, slots=True)
class Searched:
    """What was searched: how many documents and pages, how many of these cannot be read, and by which words.

    `wider` says that a first search found nothing and a second, wider one was made. `close` are the ids of documents
    that all fit a name in the question: one of them may be meant, or all, and all were searched.
    """

    documents: int
    pages: int
    unreadable_pages: int
    query: str
    wider: bool
    close: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What goes before the engine, and how the window is shared out."""

    passages: tuple[Passage, ...]
    searched: Searched
    budget: BudgetRow


@dataclass(frozen=True, slots=True)
class Answer:
    """The end. `text` is what the reader gets; `checked` the draft sentence by sentence where it is shown.

    `doubtful`: it was found, but it is likelier that the documents do not speak of what was asked. `same_words`: for
    the span of a citation, the chunks of other documents, one of each, that say word for word what its own says.
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
    same_words: Mapping[Span, tuple[Chunk, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The question waits for its turn; so many answers are before it."""

    before: int


Event = Waiting | Found | Delta | Trouble | Answer


async def answer(
    question: str, history: Sequence[Turn], scope: Scope, *, library: Library, searcher: Searcher, lease: Lease
) -> AsyncGenerator[Event]:
    """Answer a question about the documents in scope: Found (again where an engine takes less than it said), Deltas and
    Troubles, and last the Answer.

    Raises WordsTooLong, EmptyQuestion, QuestionTooLong and what the stores raise. Whatever happens to the engine, what
    it had written stays and key language is there. Closing the iterator closes the engine's stream.
    """
    check_question(question)
    query = standalone_query(history, question)
    results, wider = await run_on_core(_search, searcher, scope, query)
    searched = _searched(scope, query, results, wider)

    document_of = partial(library.document, scope.matter_id)
    fit = partial(_fit, question, history, results, document_of)
    prompted = None if results.found else await without_engine(fit)
    draft = ""
    if prompted:
        yield _found(prompted, searched)
    else:
        async with aclosing(write(lease, fit)) as writing:
            async for event in writing:
                match event:
                    case Prompted():
                        prompted = event
                        yield _found(prompted, searched)
                    case Delta():
                        draft += event.text
                        yield event
                    case Trouble():
                        yield event
    if prompted is None:
        raise RuntimeError("the writing ended before it had a prompt")
    found = _found(prompted, searched)
    if not results.found or not found.passages:
        yield Answer(
            text=_not_found(searched),
            found=False,
            searched=searched,
            budget=found.budget,
            engine=prompted.engine,
            passages=found.passages,
        )
        return
    written = Draft(draft, found, results, prompted.engine, prompted.trusted)
    alike = partial(searcher.same_words, scope.matter_id, document_ids=scope.document_ids)
    yield await run_on_core(finish, written, document_of, searcher.relevance, alike)


def _search(searcher: Searcher, scope: Scope, query: str) -> tuple[Results, bool]:
    """Search; where that finds nothing that speaks of the question, search wider once."""
    results = searcher.search(scope.matter_id, query, scope.document_ids)
    if results.found:
        return results, False
    return searcher.search(scope.matter_id, query, scope.document_ids, wide=True), True


def _fit(
    question: str,
    history: Sequence[Turn],
    results: Results,
    document_of: Callable[[str], Document],
    terms: Terms,
) -> tuple[Frame, Packed]:
    """Share out the window and pack what was found into the part for passages."""
    shared = frame(terms.window, history, question, terms.count, terms.template)
    room = min(shared.budget.passages, terms.most_passages or shared.budget.passages)
    return shared, pack((hit.chunk for hit in results.hits), document_of, terms.count, room)


@dataclass(frozen=True, slots=True)
class Draft:
    """What an engine wrote of what was found; a `trusted` one's may stand with its marks where it fails its checks."""

    text: str
    found: Found
    results: Results
    engine: str
    trusted: bool


def finish(draft: Draft, document_of: Callable[[str], Document], relevance: Relevance, alike: Alike) -> Answer:
    """The draft with its citations; key language beside it, and in its place where the draft may not stand."""
    passages, hits, written = draft.found.passages, draft.results.hits, draft.text.strip()
    documents = {id_: document_of(id_) for id_ in {passage.document_id for passage in passages}}
    query = draft.found.searched.query
    key = key_language(query, passages, documents, hits, most=KEY_SENTENCES, relevance=relevance)
    checked = check(draft.text, passages, documents)
    says_nothing = not written or written.rstrip(".") == NOT_THERE.rstrip(".")
    quotes_rightly = checked.supported and any(citation.quote for citation in checked.citations)
    stands = not says_nothing and (draft.trusted or quotes_rightly)
    citations = checked.citations if stands else tuple(_cite(n, sentence) for n, sentence in enumerate(key, 1))
    return Answer(
        text=checked.text if stands else _quoted(key),
        found=stands or bool(key),
        searched=draft.found.searched,
        budget=draft.found.budget,
        engine=draft.engine,
        citations=citations,
        key_language=key,
        checked=checked if stands else None,
        passages=passages,
        doubtful=draft.results.doubtful,
        same_words=_same_words(citations, hits, alike),
    )


def _same_words(citations: Sequence[Citation], hits: Sequence[Hit], alike: Alike) -> dict[Span, tuple[Chunk, ...]]:
    """For the spans of citations, where else their chunks stand word for word: the search left those places out."""
    same = {}
    for span in {citation.span for citation in citations}:
        own = next((hit.chunk for hit in hits if hit.chunk.span.contains(span)), None)
        if own and (others := {chunk.span.document_id: chunk for chunk in reversed(alike(own))}):
            same[span] = tuple(others.values())
    return same


def _cite(n: int, key: KeySentence) -> Citation:
    """A sentence of key language as a citation: it was taken from the page, so it is verified."""
    return Citation(**key.where(), n=n, quote=key.text, verified=True)


def _quoted(keys: Sequence[KeySentence]) -> str:
    """Key language as an answer: each sentence in quotation marks, with its number."""
    return "\n".join(f"“{key.text}” [{n}]" for n, key in enumerate(keys, 1))


def _searched(scope: Scope, query: str, results: Results, wider: bool) -> Searched:
    meant = results.route.document_ids
    records = [record for record in scope.records if meant is None or record.id in meant]
    pages, unreadable = sum(r.pages for r in records), sum(len(r.unreadable_pages) for r in records)
    return Searched(len(records), pages, unreadable, query, wider, results.route.close)


def _found(prompted: Prompted, searched: Searched) -> Found:
    packed = prompted.packed
    return Found(packed.passages, searched, _shares(prompted.frame.budget, packed))


def _shares(budget: Budget, packed: Packed) -> BudgetRow:
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


def _not_found(searched: Searched) -> str:
    where = f"{plural(searched.documents, 'document')}, {plural(searched.pages, 'page')}"
    unreadable = searched.unreadable_pages
    if unreadable and unreadable == searched.pages:
        return f"Not found. {where}: none could be read, so nothing was searched. A page without text may be a scan."
    told = f" {plural(unreadable, 'page')} could not be read." if unreadable else ""
    return f"Not found. {where} searched, twice, the second time more widely.{told}"
