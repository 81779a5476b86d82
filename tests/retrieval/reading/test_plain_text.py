"""Text files: their encodings, their pages, and what is none."""

from collections.abc import Callable

import pytest

from retrieval.core.documents import Document, Remark
from retrieval.core.errors import NoPages, TooManyPages, TooMuchText, UnknownEncoding
from retrieval.core.limits import Limits
from retrieval.reading.markdown import read_markdown
from retrieval.reading.page_drafts import SHEET
from retrieval.reading.plain_text import document_of, is_plausible, read_text

WORDS = "Café “rent” is £5."


def read(data: bytes, limits: Limits | None = None, convert: Callable[..., Document] = read_text) -> Document:
    return convert(data, name="x.txt", document_id="d", limits=limits or Limits())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_a_text_is_read_in_the_encoding_that_it_has(encoding: str) -> None:
    assert read(WORDS.encode(encoding)).text == WORDS


def test_a_text_in_another_encoding_is_refused_and_not_misread() -> None:
    with pytest.raises(UnknownEncoding) as raised:
        read("Договор аренды".encode("cp1251"))
    assert "UTF-8" in raised.value.hint


def test_line_ends_are_one_character_and_what_nobody_sees_is_left_out() -> None:
    assert read(b"a\r\nb\rc\x0bd\xe2\x80\x8be\x00").text == "a\nb\nc\nde "
    assert read("12\u00ad \u202apence\u202c\U000e0073\U000e0061\U000e0079".encode()).text == "12 pence"


def test_form_feeds_are_pages_and_a_text_without_them_has_none_to_cite() -> None:
    printed = read(b"one\ftwo\f")
    assert [(printed.text[p.start : p.end], p.label) for p in printed.pages] == [("one", "1"), ("two", "2")]
    assert [p.label for p in read(b"one").pages] == [""]


@pytest.mark.parametrize(
    "text", ["A paragraph of words.\n\n" * 700, "line\n" * 3_000, "word " * 3_000, "x" * 10_000], ids=len
)
def test_a_long_text_is_cut_into_sheets_and_nothing_of_it_is_lost(text: str) -> None:
    document = read(text.encode())
    sheets = [document.text[p.start : p.end] for p in document.pages]
    assert len(sheets) > 3
    assert max(map(len, sheets)) <= SHEET
    assert "".join(document.text.split()) == "".join(text.split())
    assert all(sheet.endswith(".") for sheet in sheets[:-1]) or "." not in text


def test_remarks_move_with_their_words_and_are_cut_at_the_border_of_a_sheet() -> None:
    text = "x" * SHEET + "y" * SHEET
    document = document_of(
        text, name="x", document_id="d", limits=Limits(), remarks=(Remark(SHEET - 2, SHEET + 2, "inserted"),)
    )
    assert [document.text[m.start : m.end] for m in document.remarks] == ["xx", "yy"]


@pytest.mark.parametrize(
    ("data", "limits", "error"),
    [
        (b" \n\t", Limits(), NoPages),
        (b"words", Limits(characters=4), TooMuchText),
        (b"a\fb\fc", Limits(pages=2), TooManyPages),
    ],
)
def test_what_is_over_a_limit_or_empty_is_refused(data: bytes, limits: Limits, error: type[Exception]) -> None:
    with pytest.raises(error):
        read(data, limits)


@pytest.mark.parametrize(
    ("head", "plausible"),
    [(b"words", True), (WORDS.encode("utf-16"), True), (b"wor\0ds", False), (bytes(range(1, 32)) * 9, False)],
)
def test_bytes_that_cannot_be_a_text_are_told(head: bytes, plausible: bool) -> None:
    assert is_plausible(head) is plausible


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("# Terms #", "Terms"),
        ("A fee of £______ on ____ days' notice.", "A fee of £______ on ____ days' notice."),
        ("[***] and [***], **[***]** too", "[***] and [***], [***] too"),
        ("[**Amount**], [_Name_] and ***bold** italic*", "[Amount], [Name] and bold italic"),
        ('The **monthly** rent is _due_ on [the 1st](http://x.y/z "t").', "The monthly rent is due on the 1st."),
        ("snake_case_name and 2 * 3 * 4 and 5*6*7", "snake_case_name and 2 * 3 * 4 and 5*6*7"),
        ("| Fee | Amount |\n|-----|:-----:|\n| Setup | $5 |", "Fee\tAmount\nSetup\t$5"),
        ("- [ ] pay\n* sign\n1. first", "• pay\n• sign\n1. first"),
        ("> quoted\n\n---\n```\n# code\n```", "quoted\n\n# code"),
        ("a <!-- hidden --> b \\*c\\*", "a  b *c*"),
        ("![a plan](x.png) `code`", "a plan code"),
    ],
)
def test_markdown_is_read_without_its_marks(source: str, words: str) -> None:
    assert read(source.encode(), convert=read_markdown).text == words
