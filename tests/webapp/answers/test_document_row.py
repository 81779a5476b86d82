"""Yes, no or the value of one document, from the sentence that bears on the question."""

import pytest

from webapp.answers.document_row import few_words, written_words
from webapp.answers.each_signs import asked_of_one
from webapp.core.wording import LONGEST_CELL

CONSENT = "Neither party may assign this Agreement without the consent of the other."
POST = "Neither party may assign this Agreement."
BOTH = "Tenant may sublet the premises; Tenant shall not sublet the garage."


@pytest.mark.parametrize(
    ("question", "sentence", "answer"),
    [
        ("Which of my contracts allow assignment?", CONSENT, CONSENT),  # an exception is no plain answer
        ("Which of my contracts allow assignment without consent?", POST, POST),  # nor is a condition asked for
        ("Which of my contracts allow assignment?", POST, "no"),
        ("How many of the leases allow subletting?", "Tenant may sublet the premises.", "yes"),
        ("How many of the leases allow subletting?", "Tenant shall not sublet the premises.", "no"),
        ("How many of the leases allow subletting?", BOTH, BOTH),
        ("Which agreements contain a non-compete?", "Distributor shall not sell competing products.", "yes"),
        ("Does any contract require insurance?", "Vendor shall maintain insurance.", "yes"),
        ("Does any contract require insurance?", "Vendor is not required to insure.", "no"),
        ("Do any of the leases include a cap?", "There is no cap on liability.", "There is no cap on liability."),
        (
            "What is the governing law of each agreement?",
            "The laws of the State of New York apply.",
            "New York",
        ),
        ("What is the governing law of each agreement?", "This Lease is subject to English law.", "English"),
        (
            "What is the governing law of each agreement?",
            "Governing Law. Ohio law governs it.",
            "Governing Law. Ohio law governs it.",
        ),
        ("What is the governing law of each agreement?", "Choice of Law; Venue", "Choice of Law; Venue"),
        ("What is the governing law of each NDA?", "Applicable Law: it is governed by Delaware law.", "Delaware"),
        ("Which of my contracts have a governing law of New York?", "The laws of the State of New York apply.", "yes"),
        ("Which of my contracts have a governing law of New York?", "The laws of Singapore apply.", "no"),
        ("Which of my contracts are governed by Ohio law?", "The laws of Kansas govern it.", "no"),
        ("Which of my contracts have a governing law of Denmark?", "Danish law applies.", "Danish law applies."),
        (
            "Which licences include an exclusive licence?",
            "A non-exclusive licence is granted.",
            "A non-exclusive licence is granted.",
        ),
        (
            "Which leases have a personal guarantee?",
            "A guarantee of a bank is given.",
            "A guarantee of a bank is given.",
        ),
        ("List the notice period for every lease.", "Either party may end it by ninety days' notice.", "ninety days"),
        ("What is the cap on liability in each contract?", "It shall not exceed $5,000,000 in all.", "$5,000,000"),
        ("When does each agreement expire?", "This agreement ends on December 31, 2024.", "December 31, 2024"),
        ("What is the royalty rate of each licence agreement?", "Licensee pays a royalty of 5%.", "5%"),
        ("What is the notice period of each lease?", "30 days, or 60 days.", "30 days, or 60 days."),  # two values
    ],
)
def test_few_words_only_where_they_are_plain(question: str, sentence: str, answer: str) -> None:
    assert few_words(question, asked_of_one(question), sentence) == answer


def test_a_long_sentence_is_cut_between_words() -> None:
    words = few_words("Which of my leases cap rent?", "cap rent", "The rent is capped as follows. " * 40)
    assert len(words) <= LONGEST_CELL + 2
    assert words.endswith(" …")


@pytest.mark.parametrize(
    ("question", "text", "quote", "answer"),
    [
        ("Which of my leases allow subletting?", "Yes. “Tenant may sublet” [1].", "Tenant may sublet", "yes"),
        ("Which of my leases allow subletting?", "No: “Tenant shall not” [1].", "Tenant shall not", "no"),
        ("What is the notice period of each?", "The notice period is 30 days: “30 days” [2].", "30 days", "30 days"),
        ("Which of my leases allow subletting?", "“Tenant may sublet.” [1]", "Tenant may sublet.", "yes"),
        ("What is the term of each lease?", "No later than 3 years: “3 years” [1].", "3 years", "3 years"),
    ],
)
def test_what_a_language_model_wrote_in_few_words(question: str, text: str, quote: str, answer: str) -> None:
    assert written_words(question, asked_of_one(question), text, quote) == answer
