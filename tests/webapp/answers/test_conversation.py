"""What a question of a conversation is asked of, and how it is read: three small contracts with real stores."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace

import pytest

from retrieval import Searcher
from retrieval.search.embedder import LocalEmbedder
from tests.pdfs import make_pdf
from tests.retrieval.stores import Stores, opened
from tests.webapp.fake_engine import FakeEngine, Reply
from webapp.answers.answer import Answer, Event, Scope, answer
from webapp.answers.generate import Trouble
from webapp.answers.history import Turn
from webapp.core.errors import PartNotFound, PlaceNotThere
from webapp.llm.client import LLMClient
from webapp.llm.pool import Backend

CONTRACTS = {
    "alder-lease.pdf": """LEASE AGREEMENT
This Lease is made between Alder Estates Inc. (the “Landlord”) and Bright Bakery LLC (the “Tenant”).
1. Rent
Tenant shall pay rent of $4,200 a month, in advance on the first day of each month.
Rent that is paid late bears interest at eight percent a year.
2. Assignment
Tenant shall not assign this Lease without the prior written consent of Landlord.
3. Insurance
Tenant shall carry liability insurance of at least $1,000,000 for each occurrence.
4. Governing Law
This Lease is governed by the laws of the State of Ohio.""",
    "cedar-supply.pdf": """SUPPLY AGREEMENT
This Agreement is made between Cedar Metals Corp. (the “Supplier”) and Dune Motors Inc. (the “Buyer”).
1. Orders
Buyer shall order at least 500 castings in each calendar year.
2. Assignment
Neither party may assign this Agreement, except to an affiliate that assumes it in writing.
3. Termination
Either party may terminate this Agreement on ninety days' written notice.
4. Governing Law
This Agreement is governed by the laws of the State of Texas.""",
    "elm-license.pdf": """SOFTWARE LICENSE AGREEMENT
This Agreement is made between Elm Software Ltd. (“Licensor”) and Fjord Shipping AS (“Licensee”).
1. Grant
Licensor grants Licensee a non-exclusive license to use the software on ten vessels.
2. Confidential Information
Each party shall keep the other's information secret for five years.
3. Governing Law
This Agreement is governed by the laws of Norway.""",
}


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("conversation"), LocalEmbedder()) as stores:
        yield stores


@pytest.fixture(scope="module")
def scope(stores: Stores) -> Scope:
    matter = stores.library.create_matter("Three")
    for name, text in CONTRACTS.items():
        stores.library.accept(matter.id, name, make_pdf([text]))
    stores.ingest.run()
    return Scope(matter.id, tuple(stores.library.documents(matter.id)))


class Conversation:
    """Asks one question after another, as the page does."""

    def __init__(self, stores: Stores, scope: Scope, backend: Backend | None = None) -> None:
        self._stores, self._scope, self._backend = stores, scope, backend or Backend(None)
        self._searcher = Searcher(stores.library, stores.vectors, stores.lexical, stores.embedder)
        self.turns: list[Turn] = []
        self.events: Sequence[Event] = ()

    def ask(self, question: str) -> Answer:
        self.events = asyncio.run(self._events(question))
        end = self.events[-1]
        assert isinstance(end, Answer)
        passages = tuple(span for passage in end.passages for span in passage.spans)
        cited = tuple(span for citation in end.citations for span in citation.spans)
        alone = end.searched.coverage.documents == 1
        self.turns.append(
            Turn(question, end.text if end.found else "", end.searched.query, passages, cited, of_one_document=alone)
        )
        return end

    async def _events(self, question: str) -> list[Event]:
        stream = answer(
            question,
            tuple(self.turns),
            self._scope,
            library=self._stores.library,
            searcher=self._searcher,
            lease=lambda: nullcontext(self._backend),
        )
        return [event async for event in stream]


@pytest.fixture
def talk(stores: Stores, scope: Scope) -> Conversation:
    return Conversation(stores, scope)


def documents(end: Answer) -> set[str]:
    return {citation.document for citation in end.citations}


def first_quote(end: Answer) -> str:
    return end.citations[0].quote or ""


def test_a_question_that_stands_alone_is_searched_as_it_stands(talk: Conversation) -> None:
    talk.ask("What rent is due under the Alder lease?")
    end = talk.ask("How many castings must Dune Motors order in each year?")
    assert end.searched.query == "How many castings must Dune Motors order in each year?"
    assert "500 castings" in first_quote(end)


def test_after_a_question_about_one_document_the_next_is_asked_of_it_if_it_speaks_of_it(talk: Conversation) -> None:
    talk.ask("What rent is due under the Alder lease?")
    end = talk.ask("Which law governs the contract?")
    assert (end.searched.read_as, end.searched.coverage.documents) == ("of_last_documents", 1)
    assert "Ohio" in first_quote(end)
    end = talk.ask("On how many vessels may the software be used?")
    assert (end.searched.read_as, end.searched.coverage.documents) == ("own", 3)
    assert "ten vessels" in first_quote(end)


def test_a_follow_up_keeps_the_documents_of_the_last_answer(talk: Conversation) -> None:
    talk.ask("What rent is due under the Alder lease?")
    end = talk.ask("And if it is paid late?")
    assert end.searched.read_as == "with_last_question"
    assert documents(end) == {"alder-lease.pdf"}
    assert any("eight percent" in (citation.quote or "") for citation in end.citations)


def test_a_follow_up_of_which_nothing_is_found_but_what_was_asked_before_is_doubtful(talk: Conversation) -> None:
    before = talk.ask("Who are the parties to the Elm license?")
    assert "Fjord Shipping AS" in first_quote(before)
    assert not before.doubtful
    end = talk.ask("And which arbitrator decides it?")  # which is not there, while the parties still are
    assert end.doubtful or not end.found


def test_a_mere_piece_is_of_the_kind_that_was_asked_before(talk: Conversation) -> None:
    talk.ask("Who are the parties to the Elm license?")
    end = talk.ask("And of the Cedar supply agreement?")
    assert "Dune Motors Inc." in first_quote(end)


def test_a_change_of_document_asks_the_last_question_of_the_other(talk: Conversation) -> None:
    talk.ask("Which law governs the Alder lease?")
    end = talk.ask("And in the Cedar supply agreement?")
    assert end.searched.read_as == "last_question_elsewhere"
    assert documents(end) == {"cedar-supply.pdf"}
    assert "Texas" in first_quote(end)
    end = talk.ask("What about the Elm license?")
    assert "Norway" in first_quote(end)


@pytest.mark.parametrize(
    ("first", "questions", "document", "words"),
    [
        ("Which law governs the Alder lease?", ["What about Section 2 of the Cedar supply agreement?"], 1, "affiliate"),
        ("Which law governs the Alder lease?", ["What does Section 2 of the supply agreement say?"], 1, "affiliate"),
        ("Which law governs the supply agreement?", ["And of the lease?"], 0, "Ohio"),
        ("Which law governs the supply agreement?", ["And the license?"], 2, "Norway"),
        ("Who are the parties to the supply agreement?", ["And its law?", "And of the lease?"], 0, "Ohio"),
        (
            "Which law governs the supply agreement?",
            ["Does it expire?", "How much rent is due under the lease?"],
            0,
            "$4,200",
        ),
        ("Which law governs the lease?", ["Who are the parties to elm-license.pdf?"], 2, "Fjord Shipping"),
    ],
)
def test_a_document_that_is_named_wins_over_that_of_the_last_answer(
    talk: Conversation, first: str, questions: list[str], document: int, words: str
) -> None:
    talk.ask(first)
    for question in questions:
        end = talk.ask(question)
    assert documents(end) == {list(CONTRACTS)[document]}
    assert end.searched.read_as != "of_last_documents"
    assert words in " ".join(citation.quote or "" for citation in end.citations)


@pytest.mark.parametrize(
    "question", ["Translate your last answer into German", "Why did you say that?", "Shorter please"]
)
def test_a_request_about_an_answer_that_has_citations_alone_is_of_them(talk: Conversation, question: str) -> None:
    """As the answer to a question that was put to each document is: it has rows instead of passages."""
    before = talk.ask("Which law governs the contracts?")
    talk.turns[-1] = replace(talk.turns[-1], passages=())
    end = talk.ask(question)
    assert (end.found, end.searched.read_as) == (True, "about_last_answer")
    assert [citation.quote for citation in end.citations] == [citation.quote for citation in before.citations]


def test_all_documents_are_asked_where_the_follow_up_says_so(talk: Conversation) -> None:
    talk.ask("Which law governs the Alder lease?")
    end = talk.ask("And in the other contracts?")
    assert end.searched.coverage.documents == 3


def test_a_request_about_the_last_answer_goes_to_the_engine_with_its_passages(stores: Stores, scope: Scope) -> None:
    with FakeEngine("tgi") as server:
        talk = Conversation(stores, scope, Backend(LLMClient(server.url)))
        server.enqueue(
            Reply(["Ohio law: “governed by the laws of the State of Ohio” [1]."]), Reply(["Recht von Ohio [1]."])
        )
        before = talk.ask("Which law governs the Alder lease?")
        end = talk.ask("Translate it into German")
        messages = server.asked[-1]["messages"]
    assert end.searched.read_as == "about_last_answer"
    assert messages[-1]["content"].endswith("Question: Translate it into German")
    assert [passage.span for passage in end.passages] == [passage.span for passage in before.passages]
    assert any("Ohio law" in message["content"] for message in messages if message["role"] == "assistant")
    assert end.text == "Recht von Ohio [1]."


def test_without_an_engine_the_last_citations_are_shown_again(talk: Conversation) -> None:
    before = talk.ask("Which law governs the Alder lease?")
    end = talk.ask("Are you sure?")
    assert (end.found, end.searched.read_as) == (True, "about_last_answer")
    assert [citation.quote for citation in end.citations] == [citation.quote for citation in before.citations]


def test_the_halves_of_a_question_are_both_answered(talk: Conversation) -> None:
    end = talk.ask("Which law governs the Alder lease and what insurance must the tenant carry?")
    assert end.searched.read_as == "two_parts"
    quotes = " ".join(citation.quote or "" for citation in end.citations)
    assert "Ohio" in quotes
    assert "$1,000,000" in quotes
    passages = " ".join(passage.text for passage in end.passages)
    assert "Ohio" in passages
    assert "$1,000,000" in passages


def test_a_half_for_which_nothing_is_found_is_named(talk: Conversation) -> None:
    end = talk.ask("Which law governs the Elm license and who sings the Easter anthem in the cathedral choir?")
    missed = [event.error for event in talk.events if isinstance(event, Trouble)]
    assert end.found
    assert [type(error) for error in missed] == [PartNotFound]
    assert "Easter anthem" in str(missed[0])


@pytest.mark.parametrize(
    ("question", "absent"),
    [
        (
            "What do Section 4 of the lease and of the Elm license say?",
            "There is no Section 4 in elm-license.pdf; the last is Section 3.",
        ),
        (
            "What do Sections 2 and 19 of the lease say?",
            "There is no Section 19 in this document; the last is Section 4.",
        ),
    ],
)
def test_a_place_that_is_not_there_is_told_beside_what_is(talk: Conversation, question: str, absent: str) -> None:
    end = talk.ask(question)
    told = [event.error for event in talk.events if isinstance(event, Trouble)]
    assert end.found
    assert [type(error) for error in told] == [PlaceNotThere]
    assert absent in str(told[0])


@pytest.mark.parametrize(
    ("deposit", "told"),
    [
        ("£__________", ["An amount is left blank in lease.pdf, Section 2 (Deposit)."]),
        ("£[***]", ["An amount is taken out in lease.pdf, Section 2 (Deposit)."]),
        ("£900", []),
    ],
)
def test_a_blank_in_place_of_what_is_asked_is_told_beside_its_clause(
    stores: Stores, deposit: str, told: list[str]
) -> None:
    matter = stores.library.create_matter(f"Deposit {deposit}")
    lease = make_pdf(
        [
            "1. Rent\nThe Tenant pays a yearly rent of £48,000 in advance.\n"
            f"2. Deposit\nThe Tenant shall pay the Landlord a deposit of {deposit} as security for its obligations.\n"
            "3. Insurance\nThe Landlord insures the Premises for not less than £750,000."
        ]
    )
    stores.library.accept(matter.id, "lease.pdf", lease)
    stores.ingest.run()
    talk = Conversation(stores, Scope(matter.id, tuple(stores.library.documents(matter.id))))
    end = talk.ask("How much is the deposit?")
    assert f"a deposit of {deposit} as security" in end.text
    assert [str(event.error) for event in talk.events if isinstance(event, Trouble)] == told


@pytest.mark.parametrize(
    ("question", "read_as", "words"),
    [
        ("Hello!", "greeting", "Hello. Ask about the 3 documents here"),
        ("Thank you", "greeting", "You are welcome."),
        ("What can you do?", "help", "Ask about 3 documents, 3 pages in your own words"),
        ("How many documents are there?", "library", "3 documents, 3 pages:\n- alder-lease.pdf, 1 page"),
        ("How many pages does the Alder lease have?", "library", "1 document, 1 page:\n- alder-lease.pdf, 1 page"),
        ("How often is Ohio mentioned?", "mentions", "“Ohio”: 1 mention in 1 document.\n- alder-lease.pdf: 1 mention"),
        ("Find every mention of “Mars”", "mentions", "“Mars” is mentioned nowhere in 3 documents, 3 pages."),
    ],
)
def test_what_needs_no_search_is_told_from_the_library(
    talk: Conversation, question: str, read_as: str, words: str
) -> None:
    end = talk.ask(question)
    assert (end.searched.read_as, end.passages, end.budget.window) == (read_as, (), 0)
    assert end.text.startswith(words)
    assert len(end.citations) == (1 if words.startswith("“Ohio”") else 0)


def test_a_document_in_short_is_its_main_statements_with_their_places(talk: Conversation) -> None:
    end = talk.ask("What is the Alder lease about?")
    assert end.searched.read_as == "summary"
    assert documents(end) == {"alder-lease.pdf"}
    assert all(citation.verified and f"“{citation.quote}” [{citation.n}]" in end.text for citation in end.citations)
    assert "$4,200" in end.text
    several = talk.ask("Please summarise everything")
    assert documents(several) == set(CONTRACTS)
