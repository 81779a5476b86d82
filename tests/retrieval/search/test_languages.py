"""Questions that are not in English."""

import time

import pytest

from retrieval.search.languages import foreign_language
from tests.clock import within


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Wer haftet für Schäden, und wie hoch ist die Haftung?", "German"),
        ("Wann endet der Vertrag?", "German"),
        ("Quelle est la durée du contrat ?", "French"),
        ("¿Cuál es la ley que rige el contrato?", "Spanish"),
        ("Qual è la legge applicabile al contratto?", "Italian"),
        ("Wat is de looptijd van de overeenkomst?", "Dutch"),
        ("Qual é o prazo do contrato?", "Portuguese"),
        ("Jaki jest okres wypowiedzenia umowy i kto może ją rozwiązać?", "Polish"),
        ("この契約の準拠法は何ですか", "another script"),
        ("Какое право применяется к договору?", "another script"),
        ("Who may terminate, and when?", ""),
        ("Does the GmbH die without a successor?", ""),
        ("What does “force majeure” mean in the Paris lease?", ""),
        ("What is the de minimis amount under the El Paso contract?", ""),
        ("Non-compete?", ""),
        ("Section 4.2(a)", ""),
        ("", ""),
    ],
)
def test_the_language_of_a_question(question: str, language: str) -> None:
    assert foreign_language(question) == language


@pytest.mark.parametrize("part", ["der ", "’", "ы", "a", "la-", " "])
def test_hostile_questions_take_no_time(part: str) -> None:
    with within(0.1, time.monotonic):
        foreign_language(part * (8_000 // len(part)))
