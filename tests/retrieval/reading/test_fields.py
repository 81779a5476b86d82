"""What was filled in or typed on a page is read where it stands; notes are kept beside the text."""

import pytest

from retrieval.core.documents import Document
from retrieval.core.errors import DynamicForm
from retrieval.reading.annotations import MOST_CHARACTERS
from retrieval.reading.pdf import read_pdf
from tests.hostile import one_page
from tests.pdfs import SHOWS_PICTURE, annotated, make_pdf


def read(data: bytes) -> Document:
    return read_pdf(data, name="a.pdf", document_id="a")


def field(rect: str, value: str = "", more: str = "", *, kind: str = "Tx", name: str = "a") -> str:
    return f"/Subtype /Widget /FT /{kind} /T ({name}{rect}) /V ({value}) /Rect [{rect}] /DA (/Helv 10 Tf 0 g) {more}"


def tick(rect: str, *, on: bool) -> str:
    state = "Yes" if on else "Off"
    states = "/AP << /N << /Yes 6 0 R /Off 6 0 R >> >>"
    return f"/Subtype /Widget /FT /Btn /T (t{rect}) /V /{state} /AS /{state} /Rect [{rect}] {states}"


FORMS = {
    "after its label": (
        [(72, 700, "Base salary:"), (72, 680, "Start:")],
        [field("150 696 300 712", "$187,500"), field("150 676 300 692", "1 May 2025")],
        "Base salary: $187,500\nStart: 1 May 2025",
    ),
    "within a line": (
        [(72, 700, "The sum of"), (220, 700, "dollars is due.")],
        [field("130 696 215 712", "500")],
        "The sum of 500 dollars is due.",
    ),
    "two beside each other": (
        [(72, 700, "Address:")],
        [field("220 696 415 712", "London"), field("130 696 215 712", "1 High St")],
        "Address: 1 High St London",
    ),
    "under its label": (
        [(72, 700, "Name"), (72, 640, "The tenant signs below.")],
        [field("72 675 250 695", "Ann Lee")],
        "Name\nAnn Lee\nThe tenant signs below.",
    ),
    "under labels in one line": (
        [(72, 700, "Name"), (300, 700, "Born"), (72, 640, "The tenant signs below.")],
        [field("72 675 250 695", "Ann Lee"), field("300 675 450 695", "1 May 1980")],
        "Name Ann Lee Born\n1 May 1980\nThe tenant signs below.",
    ),
    "on a line of blanks": (
        [(72, 700, "Name: ____________ Date: ________")],
        [field("107 696 170 712", "Ann"), field("206 696 260 712", "May")],
        "Name: Ann ____________ Date: May ________",
    ),
    "several lines": (
        [(72, 700, "Remarks:"), (72, 500, "End.")],
        [field("130 560 500 712", "Line one\\rLine two", "/Ff 4096")],
        "Remarks: Line one\nLine two\nEnd.",
    ),
    "a choice": (
        [(72, 700, "State:")],
        [field("130 696 300 712", "ny", "/Ff 131072 /Opt [[(ca) (California)] [(ny) (New York)]]", kind="Ch")],
        "State: New York",
    ),
    "ticks before labels": (
        [(90, 700, "Full time"), (190, 700, "Part time")],
        [tick("72 698 84 710", on=True), tick("172 698 184 710", on=False)],
        "[X] Full time [ ] Part time",
    ),
    "ticks after labels": (
        [(72, 700, "Yes"), (140, 700, "No")],
        [tick("94 698 106 710", on=False), tick("158 698 170 710", on=True)],
        "Yes [ ] No [X]",
    ),
    "without any words": ([], [field("72 696 215 712", "Ann Lee")], "Ann Lee"),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_value_is_read_where_it_stands_in_the_form(name: str) -> None:
    lines, fields, text = FORMS[name]
    document = read(annotated(lines, fields))
    assert document.text == text
    assert {m.kind for m in document.remarks} == {"field"}
    assert [w.kind for w in document.warnings] == ["form"]


def test_a_value_has_the_box_of_its_field_and_other_words_keep_theirs() -> None:
    document = read(annotated([(72, 700, "Salary:")], [field("150 696 300 712", "$187,500 a year")]))
    (remark,) = document.remarks
    assert document.text[remark.start : remark.end] == "$187,500 a year"
    boxes = {document.text[start:end]: box for start, end, *box in document.boxes.tolist()}
    assert boxes["$187,500"] == [1500, 6960, 3000, 7120]
    assert boxes["Salary:"][0] == 720


@pytest.mark.parametrize(
    "annotation",
    [
        field("130 696 300 712"),
        field("130 696 300 712", "SECRET", "/F 2"),
        field("130 696 300 712", "SECRET", "/Ff 8192"),
        field("130 696 300 712", "", "/Ff 65536 /MK << /CA (Print) >>", kind="Btn"),
        "/Subtype /Widget /FT /Sig /T (s) /Rect [130 696 300 712]",
        "/Subtype /FreeText /Contents (SECRET) /Rect [130 696 300 712] /F 2",
    ],
    ids=["empty", "hidden", "password", "button", "signature", "hidden text"],
)
def test_what_nobody_filled_in_or_sees_is_not_read(annotation: str) -> None:
    document = read(annotated([(72, 700, "Name:")], [annotation]))
    assert document.text == "Name:"
    assert (document.remarks, document.warnings) == ((), ())


def test_an_empty_form_has_its_boxes_to_tick_and_is_not_called_filled_in() -> None:
    document = read(annotated([(90, 700, "Full time")], [tick("72 698 84 710", on=False)]))
    assert document.text == "[ ] Full time"
    assert document.warnings == ()


def test_a_value_that_a_program_drew_as_well_is_read_once() -> None:
    lines = [(72, 700, "Name:"), (130, 700, "Ann Lee")]
    assert read(annotated(lines, [field("128 696 300 712", "Ann Lee")])).text == "Name: Ann Lee"


def test_text_typed_on_the_page_is_read_and_notes_are_comments_of_their_authors() -> None:
    document = read(
        annotated(
            [(72, 700, "Rent is due monthly."), (72, 680, "The lease ends in May.")],
            [
                "/Subtype /FreeText /Contents (agreed RC) /Rect [200 696 300 712] /DA (/Helv 11 Tf 0 g)",
                "/Subtype /Text /Contents (ask Bob) /T (Ann Lee) /Rect [200 678 220 698]",
                "/Subtype /Popup /Contents (ask Bob) /Rect [300 678 420 698]",
                "/Subtype /Text /Contents (Accepted set by Ann) /StateModel (Review) /Rect [200 678 220 698]",
                "/Subtype /Highlight /Contents (due monthly) /Rect [95 698 170 710] "
                "/QuadPoints [95 710 170 710 95 698 170 698]",
            ],
        )
    )
    assert document.text == "Rent is due monthly. agreed RC\nThe lease ends in May."
    typed, note = document.remarks
    assert (typed.kind, document.text[typed.start : typed.end]) == ("annotation", "agreed RC")
    assert (note.kind, note.words, note.detail) == ("comment", "ask Bob", "Ann Lee")
    assert document.text[note.start : note.start + 1] != "a"
    assert document.text.index("The lease") <= note.start == note.end
    assert [(w.page, w.kind) for w in document.warnings] == [(1, "comments")]
    assert "a comment stands on page 1" in document.warnings[0].text


def test_a_page_whose_annotation_is_too_long_to_read_is_read_in_part() -> None:
    long = f"/Subtype /FreeText /Contents ({'a' * (MOST_CHARACTERS + 1)}) /Rect [200 696 300 712]"
    document = read(annotated([(72, 700, "Rent is due.")], [long]))
    assert document.text == "Rent is due."
    assert document.partly_read_pages == (1,)


def test_a_form_that_only_another_program_shows_is_refused_with_a_way_out() -> None:
    wait = b"BT /F1 11 Tf 72 700 Td (Please wait... Your viewer cannot display this document.) Tj ET"
    font, fonts = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", b"/Font << /F1 6 0 R >>"
    form = b"/AcroForm << /Fields [] /XFA [(datasets) 5 0 R] >> /NeedsRendering true"
    with pytest.raises(DynamicForm, match=r"“a\.pdf” is a dynamic XFA form") as refused:
        read(one_page(wait, fonts, {5: b"null", 6: font}, catalog=form))
    assert "print it to a new PDF" in refused.value.hint


def test_a_static_xfa_form_is_read_by_its_fields() -> None:
    data = annotated([(72, 700, "Claim:")], [field("130 696 300 712", "31,006.10")], catalog="/XFA [(datasets) 6 0 R]")
    assert read(data).text == "Claim: 31,006.10"


def test_a_page_without_annotations_has_nothing_put_in() -> None:
    assert read(make_pdf(["Please wait for the form."])).text == "Please wait for the form."


SIGNED = "BT /F1 9 Tf 2 30 Td (Digitally signed by Ann Lee) Tj 0 -14 Td (3 March 2024) Tj ET"
SIGNATURE = f"/Subtype /Widget /FT /Sig /T (s) /Rect [100 600 300 650] {SHOWS_PICTURE}"
STAMP = f"/Subtype /Stamp /Rect [300 684 500 734] {SHOWS_PICTURE}"


def test_the_words_of_a_signature_stand_after_its_label() -> None:
    document = read(annotated([(72, 640, "By:"), (72, 560, "The tenant signs here.")], [SIGNATURE], picture=SIGNED))
    assert document.text == "By: Digitally signed by Ann Lee\n3 March 2024\nThe tenant signs here."
    assert document.status_of([document.span(4, 40)]) == "annotation"
    word = document.boxes[[document.text[row[0] : row[1]] == "Ann" for row in document.boxes.tolist()]][0]
    assert 620 < word[3] / 10 < word[5] / 10 < 642


def test_the_words_of_a_stamp_are_in_no_sentence_and_a_note_that_repeats_them_is_none() -> None:
    lines = [
        (72, 750, "1. The rent is due on"),
        (72, 736, "the first day."),
        (72, 722, "2. It is paid in"),
        (72, 708, "euros."),
    ]
    picture = "BT /F1 12 Tf 2 20 Td (APPROVED) Tj ET BT 3 Tr /F1 12 Tf 90 20 Td (secret) Tj ET"
    document = read(annotated(lines, [f"{STAMP} /Contents (Approved) /T (Ann)", STAMP + " /F 2"], picture=picture))
    assert document.text == "1. The rent is due on\nthe first day.\nAPPROVED\n2. It is paid in\neuros."
    assert [(m.kind, m.words) for m in document.remarks] == [("annotation", "")]
