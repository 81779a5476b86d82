"""What is in force of amended documents: passages, key language and citations, over matters that are read from PDFs."""

import asyncio
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial

import pytest

from retrieval import Packed, Passage, ScopedChanges, Searcher, Span, pack
from retrieval.structure.chunks import chunk
from tests.pdfs import make_pdf
from tests.retrieval.stores import Stores, opened
from tests.retrieval.structure.amendment_pairs import PAIRS
from webapp.answers.answer import Answer, Scope, answer
from webapp.answers.in_force import amending_clauses, with_amendments
from webapp.answers.key_language import KeySentence
from webapp.llm.pool import Backend
from webapp.service.ask import answer_result, page_result

ROOM = 2_400  # tokens


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("in_force")) as stores:
        for name, pair in PAIRS.items():
            matter = stores.library.create_matter(name)
            for file, text in pair.documents.items():
                stores.library.accept(matter.id, file, make_pdf([text]))
        stores.ingest.run()
        yield stores


class Case:
    """A matter of a pair, put to some of its documents."""

    def __init__(self, stores: Stores, name: str, only: str | None = None) -> None:
        self.stores, self.pair = stores, PAIRS[name]
        self.matter = next(m for m in stores.library.matters() if m.name == name)
        self.records = [r for r in stores.library.documents(self.matter.id) if only in (None, r.name)]
        self.searcher = Searcher(stores.library, stores.vectors, stores.lexical, stores.embedder)
        self.scope = Scope(self.matter.id, tuple(self.records))

    @property
    def changes(self) -> ScopedChanges:
        return self.searcher.changes(self.matter.id, self.scope.document_ids)

    def file(self, document_id: str) -> str:
        return self.stores.library.record(self.matter.id, document_id).name

    def place(self, words: str) -> Span:
        """Where words of an agreement stand."""
        for record in self.stores.library.documents(self.matter.id):
            document = self.stores.library.document(self.matter.id, record.id)
            at = document.text.find(words)
            if at >= 0 and not record.name.startswith(("First", "Second", "Amendment", "Deed")):
                return document.span(at, at + len(words))
        raise AssertionError(f"{words} is in no agreement")

    def packed(self, words: str, budget: int = ROOM) -> Packed:
        span = self.place(words)
        document = self.stores.library.document(self.matter.id, span.document_id)
        hits = [each for each in chunk(document) if each.span.shared(span)]
        document_of = partial(self.stores.library.document, self.matter.id)
        return pack(hits, document_of, lambda text: len(text) // 4, budget, self.changes)

    def key(self, words: str) -> tuple[KeySentence, ...]:
        span = self.place(words)
        document = self.stores.library.document(self.matter.id, span.document_id)
        key = KeySentence.of(document, span)
        return with_amendments([key], self.changes, partial(self.stores.library.document, self.matter.id))

    def answer(self, question: str) -> Answer:
        async def run() -> Answer:
            stream = answer(
                question,
                (),
                self.scope,
                library=self.stores.library,
                searcher=self.searcher,
                lease=lambda: nullcontext(Backend(None)),
            )
            *_, last = [event async for event in stream]
            assert isinstance(last, Answer)
            return last

        return asyncio.run(run())


def holding(packed: Packed, words: str) -> Passage:
    return next(passage for passage in packed.passages if words in passage.text)


RESTATED_WITHOUT = ("amended and restated as a whole", "limited to £500,000")  # such a clause
CHANGED = [(name, words) for name, pair in PAIRS.items() for words in pair.changed]
REPLACED = [(name, words) for name, words in CHANGED if (name, words) != RESTATED_WITHOUT]
UNCHANGED = [(name, words) for name, pair in PAIRS.items() for words in pair.unchanged]


@pytest.mark.parametrize(("name", "words"), CHANGED)
def test_of_each_changed_clause_the_amending_clauses_are_told(stores: Stores, name: str, words: str) -> None:
    case = Case(stores, name)
    clauses = amending_clauses([case.place(words)], case.changes)
    found = [(case.file(clause.document_id), clause.action) for own in clauses.values() for clause in own]
    assert found == PAIRS[name].changed[words]


@pytest.mark.parametrize(("name", "words"), UNCHANGED)
def test_nothing_is_told_of_a_clause_that_is_in_force_as_it_stands(stores: Stores, name: str, words: str) -> None:
    case = Case(stores, name)
    assert amending_clauses([case.place(words)], case.changes) == {}
    assert [key.text for key in case.key(words)] == [words]


@pytest.mark.parametrize(("name", "words"), REPLACED)
def test_key_language_has_the_words_in_force_before_those_that_were_changed(
    stores: Stores, name: str, words: str
) -> None:
    case = Case(stores, name)
    first, *_, last = case.key(words)
    assert last.text == words
    assert case.file(first.document_id) == PAIRS[name].changed[words][-1][0]


@pytest.mark.parametrize(("name", "words"), REPLACED)
def test_a_passage_brings_its_amendment_along_and_says_which_is_in_force(stores: Stores, name: str, words: str) -> None:
    case = Case(stores, name)
    packed = case.packed(words)
    file = PAIRS[name].changed[words][-1][0]
    own = [p for p in packed.passages if case.file(p.document_id) == file and p.why.startswith("in force")]
    assert any(holding(packed, words).why.endswith(f"by [{amending.n}]") for amending in own)
    assert sum(len(p.as_sent()) // 4 for p in packed.passages) <= packed.tokens <= ROOM


def test_an_amendment_as_a_hit_brings_the_clause_that_it_amends(stores: Stores) -> None:
    case = Case(stores, "deleted, British")
    record = next(r for r in case.records if r.name == "First Amendment.pdf")
    document = stores.library.document(case.matter.id, record.id)
    document_of = partial(stores.library.document, case.matter.id)
    packed = pack(chunk(document), document_of, lambda text: len(text) // 4, ROOM, case.changes)
    amending, amended = holding(packed, "shall be deleted"), holding(packed, "shall not sell the goods")
    assert amending.why == f"deletes Clause 4 of [{amended.n}]"
    assert amended.why == f"Clause 4 deleted by [{amending.n}]"


def test_an_amendment_that_the_question_is_not_put_to_is_named_and_not_quoted(stores: Stores) -> None:
    case = Case(stores, "deleted, British", only="Supply Agreement.pdf")
    packed = case.packed("shall not sell the goods to any competitor")
    assert {case.file(p.document_id) for p in packed.passages} == {"Supply Agreement.pdf"}
    assert holding(packed, "to any competitor").why == "Clause 4 deleted by First Amendment.pdf, Section 1"
    assert len(case.key("shall not sell the goods to any competitor")) == 1
    clauses = amending_clauses([case.place("to any competitor")], case.changes)
    assert [clause.document for own in clauses.values() for clause in own] == ["First Amendment.pdf"]


def test_an_earlier_amendment_says_that_its_words_were_changed_later(stores: Stores) -> None:
    case = Case(stores, "two amendments in a row")
    packed = case.packed("within thirty (30) days")
    whys = {case.file(p.document_id): p.why for p in packed.passages}
    assert whys["Second Amendment.pdf"].startswith("in force")
    assert whys["First Amendment.pdf"].startswith("changed later")


def test_a_budget_that_holds_no_amendment_names_it(stores: Stores) -> None:
    case, words = Case(stores, "deleted, British"), "shall not sell the goods to any competitor"
    old = [p for p in case.packed(words).passages if case.file(p.document_id) == "Supply Agreement.pdf"]
    packed = case.packed(words, sum(len(p.as_sent()) // 4 for p in old) + 30)
    assert holding(packed, words).why.startswith("Clause 4 deleted by First Amendment.pdf")


@pytest.mark.parametrize(
    ("name", "question", "in_force", "old"),
    [
        ("replaced by the following", "What is the limit of liability of each party?", "£2,000,000", "£500,000"),
        ("deed of variation", "How much is the yearly rent?", "£95,000", "£80,000"),
        ("amended and restated as a whole", "In how many days are invoices due?", "75 days", "thirty (30) days"),
    ],
)
def test_an_answer_says_what_is_in_force(stores: Stores, name: str, question: str, in_force: str, old: str) -> None:
    case = Case(stores, name)
    found = case.answer(question)
    records = {record.id: record for record in stores.library.documents(case.matter.id)}
    rows = answer_result(found, records).citations
    quotes = [row.quote or "" for row in rows]
    assert any(in_force in quote for quote in quotes), quotes
    assert all(
        row.superseded_by for row, quote in zip(rows, quotes, strict=True) if old in quote and in_force not in quote
    )
    page = page_result(found, records)
    named = {amendment.document for row in page.citations for amendment in row.superseded_by}
    assert {row.document for row in page.amendments} >= named


def test_an_amendment_whose_agreement_is_not_there_says_so(stores: Stores) -> None:
    case = Case(stores, "an agreement of other parties")
    record = next(r for r in case.records if r.name == "First Amendment.pdf")
    document_of = partial(stores.library.document, case.matter.id)
    packed = pack(chunk(document_of(record.id)), document_of, lambda text: len(text) // 4, ROOM, case.changes)
    lacking = "amends the SUPPLY AGREEMENT of March 3, 2020, which is not in this matter"
    assert holding(packed, "Clause 3.1 is deleted").why == lacking


def test_links_are_made_again_when_a_document_comes(stores: Stores) -> None:
    matter = stores.library.create_matter("Comes later")
    pair = PAIRS["deleted, British"].documents
    searcher = Searcher(stores.library, stores.vectors, stores.lexical, stores.embedder)
    stores.library.accept(matter.id, "Supply Agreement.pdf", make_pdf([pair["Supply Agreement.pdf"]]))
    stores.ingest.run()
    (record,) = stores.library.documents(matter.id)
    whole = Span(record.id, 0, 10_000)
    assert searcher.changes(matter.id, [record.id]).of(whole) == ()
    stores.library.accept(matter.id, "First Amendment.pdf", make_pdf([pair["First Amendment.pdf"]]))
    stores.ingest.run()
    assert [change.amendment.action for change in searcher.changes(matter.id, [record.id]).of(whole)] == ["deleted"]
