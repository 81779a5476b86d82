"""Legal terms of questions in German, French and Spanish, in the English that search reads."""

import pytest

from retrieval.search.legal_terms import legal_terms
from tests.clock import within


@pytest.mark.parametrize(
    ("question", "language", "terms"),
    [
        ("Welches Recht ist anwendbar?", "German", "governing law"),
        ("Wie hoch ist das Grundgehalt?", "German", "how much base salary"),
        ("Gilt eine Kündigungsfrist von 30 Tagen?", "German", "notice of termination 30"),
        ("Quelle est la durée du bail ?", "French", "term lease"),
        ("Quelle est la duree du bail ?", "French", "term lease"),
        ("Jusqu’à quand le locataire peut-il sous-louer ?", "French", "until when tenant may sublet"),
        ("¿Puede el inquilino subarrendar?", "Spanish", "may tenant sublet"),
        ("¿Cuánto tiempo dura la confidencialidad?", "Spanish", "how long term confidentiality"),
        ("Wie singt der Chor und wo ist die Orgel?", "German", ""),
        ("Qual è il prezzo della merce?", "Italian", ""),
        ("Who may terminate?", "", ""),
    ],
)
def test_the_legal_terms_of_a_question_in_english(question: str, language: str, terms: str) -> None:
    assert legal_terms(question, language) == terms


@pytest.mark.parametrize("language", ["German", "French", "Spanish"])
def test_hostile_questions_take_no_time(language: str) -> None:
    legal_terms("", language)  # loads the table
    with within(0.5):
        legal_terms("vertragsvertragslaufzeit" * 1_000, language)
        legal_terms("durée ley der " * 1_000, language)
