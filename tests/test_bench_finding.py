"""The questions of `bench.finding`: their labels are true of the documents written for them, and the scores count."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest

from bench.copying_engine import copied
from bench.questions import documents, scores
from webapp.answers.prompt import NOT_THERE

QUESTIONS = Path(documents.__file__).parent
PLACE: dict[str, Any] = {"document": "lease.pdf", "words": "the tenant shall pay rent of $900 a month", "pages": [2]}


def labels(name: str) -> Iterator[dict[str, Any]]:
    for half in ("open", "blind"):
        for line in (QUESTIONS / f"{name}.{half}.jsonl").read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def places() -> Iterator[dict[str, Any]]:
    for name in ("places", "conversations", "amendments"):
        for label in labels(name):
            for turn in label.get("turns", [label]):
                yield from [*turn["places"], *turn.get("superseded", ())]


def letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def test_marked_words_stand_on_their_page() -> None:
    pages = {}
    for name in documents.names():
        pdf = pdfium.PdfDocument(documents.pdf(name))
        pages[f"{name}.pdf"] = [letters(pdf[at].get_textpage().get_text_range()) for at in range(len(pdf))]
    written = [place for place in places() if place["document"] in pages]
    assert len(written) > 400
    for place in written:
        text = "".join(pages[place["document"]][number - 1] for number in place["pages"])
        assert letters(place["words"]) in text, place


def test_every_kind_has_fifteen_questions() -> None:
    found = list(labels("places"))
    assert len({label["id"] for label in found}) == len(found) >= 300
    assert min(Counter(label["kind"] for label in found).values()) >= 15
    assert len({place["document"] for place in places()}) >= 30
    assert [len(talk["turns"]) for talk in labels("conversations")] == [4] * 40
    assert len({label["matter"] for label in labels("amendments")}) == 10
    for label in labels("every_document"):
        assert len({*label["found"], *label["not_found"], *label["unknown"]}) == 60


def citation(quote: str, page: int = 2, document: str = "lease.pdf", **more: object) -> dict[str, Any]:
    return {"document": document, "page": page, "section": "Section 4.1", "quote": quote, **more}


def answer(*citations: dict[str, Any], found: bool = True, text: str = "", **more: object) -> dict[str, Any]:
    return {"answer": text, "found": found, "citations": list(citations), **more}


@pytest.mark.parametrize(
    ("quote", "page", "right"),
    [
        ("4.1 Rent. The Tenant shall pay rent\nof $900 a month, in advance.", 2, True),
        ("shall pay rent of $900", 2, True),
        ("The Tenant shall pay rent of $900 a month", 3, False),
        ("The Landlord shall repair the roof.", 2, False),
        ("", 2, False),
    ],
)
def test_a_place_is_cited_by_its_words_on_its_page(quote: str, page: int, right: bool) -> None:
    label = {"places": [PLACE]}
    assert scores.place_scores(label, answer(citation(quote, page)))["right"] is right


def test_the_nearest_is_shown_and_not_cited() -> None:
    nearest = citation("The tenant shall pay rent of $900 a month") | {"quote": None}
    nearest["text"] = "The tenant shall pay rent of $900 a month"
    marks = scores.place_scores({"places": [PLACE]}, answer(found=False, nearest=[nearest]))
    assert (marks["right"], marks["shown"]) == (False, True)


def test_all_places_that_are_needed_count() -> None:
    other = PLACE | {"words": "the deposit is $1,800"}
    both = {"places": [PLACE, other], "need": 2}
    one = answer(citation(PLACE["words"]))
    two = answer(citation(PLACE["words"]), citation("The deposit is $1,800."))
    assert not scores.place_scores(both, one)["right"]
    assert scores.place_scores(both, two)["right"]


def test_absent_is_right_when_refused() -> None:
    label = {"places": [], "absent": True}
    assert scores.place_scores(label, answer(found=False))["right"]
    assert scores.place_scores(label, answer(text="There is no Section 14; the last is Section 12."))["right"]
    assert not scores.place_scores(label, answer(citation("Pets are allowed.")))["right"]


def test_what_the_library_says_needs_no_citation() -> None:
    label = {"places": [], "says": ["12|twelve"], "cites": False}
    assert scores.place_scores(label, answer(text="12 documents, 34 pages."))["right"]
    assert not scores.place_scores(label, answer(text="120 documents"))["right"]
    assert not scores.place_scores(label, answer(citation("within 12 days"), text="“within 12 days” [1]"))["right"]


def test_an_old_clause_counts_only_when_said_to_be_superseded() -> None:
    new, old = PLACE | {"document": "amendment.pdf"}, PLACE
    label = {"places": [new], "superseded": [old]}
    amended, original = citation(PLACE["words"], document="amendment.pdf"), citation(PLACE["words"])
    assert scores.amendment_scores(label, answer(amended)) == {"right": True, "in force": True, "old alone": False}
    assert not scores.amendment_scores(label, answer(amended, original))["right"]
    assert scores.amendment_scores(label, answer(amended, original | {"superseded_by": [{}]}))["right"]
    assert scores.amendment_scores(label, answer(original))["old alone"]


def test_a_turn_keeps_to_the_document_that_is_spoken_of() -> None:
    label = {"places": [PLACE], "scope": "lease.pdf"}
    assert scores.turn_scores(label, answer(citation(PLACE["words"])))["scope"]
    assert not scores.turn_scores(label, answer(citation(PLACE["words"]), citation("x", document="loan.pdf")))["scope"]


def test_precision_and_recall_of_found() -> None:
    label = {"found": ["a", "b"], "not_found": ["c"], "unknown": ["d"]}
    states = {"a": "found", "b": "unclear", "c": "found", "d": "found"}
    rows = [{"document": name, "state": state} for name, state in states.items()]
    counts = scores.DocumentCounts.of(label, answer(documents=rows))
    assert (counts.rows, counts.documents, counts.unclear) == (4, 4, 1)
    assert scores.precision_and_recall([counts]) == pytest.approx((1 / 2, 1 / 2, 1 / 3))
    cited_alone = scores.DocumentCounts.of(label, answer(citation("", document="a")))
    assert scores.precision_and_recall([cited_alone]) == (1.0, 0.5, 1.0)


def test_the_table_has_a_share_for_each_kind() -> None:
    text = scores.table([("lease", {"right": True}), ("lease", {"right": False}), ("loan", {"right": True})])
    assert [line.split() for line in text.splitlines()] == [
        ["kind", "of", "right"],
        ["lease", "2", "0.500"],
        ["loan", "1", "1.000"],
        ["all", "3", "0.667"],
    ]


def test_the_copying_engine_quotes_the_sentence_that_answers() -> None:
    passages = (
        "[1] lease.pdf, Section 2, p. 1\nThe term is seven years. The roof leaks.\n"
        "[2] lease.pdf, Section 3, p. 1\nRent is $900."
    )
    assert copied(f"{passages}\nQuestion: How long is the term?") == '"The term is seven years." [1]'
    assert copied(f"{passages}\nQuestion: Who insures the harvest?") == NOT_THERE
    nested = "[1] p. 1\nSection 2 is replaced by “Rent is $950.”"
    assert copied(f"{nested}\nQuestion: What replaced section 2?") == '"Section 2 is replaced by" [1]'
