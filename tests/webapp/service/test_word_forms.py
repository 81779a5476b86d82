"""The other forms of a phrase: of its last word, by English endings, in lower case, the phrase itself left out."""

import pytest

from webapp.service.word_forms import counter_of_forms

TEXT = "Termination. The parties may terminate it; TERMINATED leases, terminating\nparties, a terminal. Term."


@pytest.mark.parametrize(
    ("phrase", "text", "forms"),
    [
        ("terminate", TEXT, {"termination": 1, "terminated": 1, "terminating": 1}),
        ("Terminated", TEXT, {"termination": 1, "terminate": 1, "terminating": 1}),
        (
            "trade mark",
            "Trade\n Marks, trade mark, trademarks",
            {"trade marks": 1},
        ),
        ("rent", "rented, rents, renting", {"rented": 1, "rents": 1, "renting": 1}),
        ("fee", "fees", {}),  # too short a stem to tell forms by
        ("14.1(a)", "14.1(b)", {}),
        ("条款", "条款条款", {}),
        ("", "words", {}),
        ("x" * 10_000, "words", {}),
    ],
)
def test_forms_are_counted(phrase: str, text: str, forms: dict[str, int]) -> None:
    assert dict(counter_of_forms(phrase)(text)) == forms
