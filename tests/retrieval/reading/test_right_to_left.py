"""Hebrew and Arabic come out in reading order, whichever side their letters were drawn from."""

import pytest

from retrieval.reading.pdf import read_pdf
from tests.placed import any_script_pdf

HEBREW = "השוכר ישלם דמי שכירות (חודשיים) של 5,000 שקל לחודש"
ARABIC = "يدفع المستأجر الإيجار (شهريا) في أول كل شهر عن 1,200 دينار"
PLAIN = "שכר דירה"  # has no letter that tells


def read(*lines: str) -> list[str]:
    return read_pdf(any_script_pdf(lines), name="x.pdf", document_id="x").text.split("\n")


def seen_from_the_right(line: str, number: str) -> str:
    """A line as it is drawn from the left where it is drawn as it should be."""
    before, after = line.split(number)
    mirrored = str.maketrans("()", ")(")
    return after[::-1].translate(mirrored) + number + before[::-1].translate(mirrored)


@pytest.mark.parametrize(("line", "number"), [(HEBREW, "5,000"), (ARABIC, "1,200")])
def test_a_line_reads_from_its_first_word_on_whichever_way_it_was_drawn(line: str, number: str) -> None:
    assert read(line) == [line]
    assert read(seen_from_the_right(line, number)) == [line]


def test_a_line_that_tells_nothing_goes_with_the_others() -> None:
    assert read(HEBREW, PLAIN) == [HEBREW, PLAIN]
    assert read(seen_from_the_right(HEBREW, "5,000"), PLAIN[::-1]) == [HEBREW, PLAIN]


def test_words_within_an_english_line_are_turned_round_alone() -> None:
    assert read("The word השוכרים means the tenant.") == ["The word השוכרים means the tenant."]
    assert read("שכירות של Acme Ltd. בתל אביב עם אחרים") == ["שכירות של Acme Ltd. בתל אביב עם אחרים"]


def test_each_word_keeps_its_place_on_the_page() -> None:
    document = read_pdf(any_script_pdf([HEBREW]), name="x.pdf", document_id="x")
    lefts = [left for _, _, left, *_ in document.boxes_on(document.pages[0])]
    assert lefts == sorted(lefts)
    assert len(lefts) == len(HEBREW.split())
