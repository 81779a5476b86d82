"""Deleted words are found as exactly as live ones, and never among them."""

import pytest

from retrieval.core.documents import Document, Remark
from retrieval.structure.phrase_search import each_mention
from retrieval.structure.struck_words import each_struck_mention, struck_in_context
from tests.documents import document

OLD = "thirty (30) days"
TEXT = f"2. Notice on {' ' * len(OLD)} one hundred eighty (180) days.\n3. Law. Ohio law governs.\n"


def redline(*struck: Remark) -> Document:
    plain = document(TEXT)
    return Document(plain.id, plain.name, plain.text, plain.pages, remarks=struck)


AT = TEXT.index("on ") + 3
END = len(TEXT) - 1
PAGE = redline(
    Remark(AT, AT + len(OLD), "struck", OLD),
    Remark(END, END, "struck", "4. Exclusivity. Licensee shall not li-\ncense"),
    Remark(END, END, "struck", "competing software."),
)


@pytest.mark.parametrize(
    ("phrase", "places"),
    [
        ("thirty (30) days", [(AT, AT + len(OLD))]),
        ("THIRTY", [(AT, AT + len(OLD))]),
        ("hirty", []),
        ("license competing software", [(END, END)]),
        ("Ohio", []),
        ("", []),
    ],
)
def test_a_phrase_is_found_in_deleted_words(phrase: str, places: list[tuple[int, int]]) -> None:
    assert [(span.start, span.end) for span in each_struck_mention(PAGE, phrase)] == places


def test_deleted_words_are_no_mention() -> None:
    assert list(each_mention(PAGE, "thirty")) == []
    assert list(each_struck_mention(document(TEXT), "thirty")) == []


def test_deleted_words_are_shown_between_the_live_ones() -> None:
    (span,) = each_struck_mention(PAGE, "thirty (30)")
    shown = struck_in_context(PAGE, span, "thirty (30)")
    assert shown is not None
    assert (shown.before, shown.words) == ("2. Notice on ", "thirty (30)")
    assert shown.after.startswith(" days one hundred eighty (180) days. 3. Law.")
    assert struck_in_context(PAGE, span, "Ohio") is None


def test_of_a_long_deleted_clause_the_words_around_are_shown() -> None:
    page = redline(Remark(END, END, "struck", f"{'before ' * 90}Exclusivity{' after' * 90}"))
    (span,) = each_struck_mention(page, "exclusivity")
    shown = str(struck_in_context(page, span, "exclusivity"))
    assert shown.startswith("… before before")
    assert " Exclusivity after" in shown
    assert shown.endswith("after …")
    assert len(shown) < 300


def test_a_remark_at_a_point_is_found_at_its_place() -> None:
    assert [m.start for m in PAGE.remarks_in(PAGE.span(END, END), "struck")] == [END, END]
    assert [m.words for m in PAGE.remarks_in(PAGE.span(AT, AT + 3), "struck")] == [OLD]
