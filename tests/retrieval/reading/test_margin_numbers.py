"""Margin numbers are taken out of the text, and each line keeps its place: pleadings, transcripts, condensed sheets."""

import re

import pytest
from pypdfium2 import PdfDocument
from reportlab.pdfgen.canvas import Canvas

from retrieval import Document, Limits, each_mention, own_words, pin_cite, sentences
from retrieval.reading.margin_numbers import margin_numbers
from retrieval.reading.page_drafts import PageDraft
from retrieval.reading.pdf import read_pdf
from retrieval.reading.plain_text import read_text
from retrieval.structure.captions import find_caption
from tests.court_pdfs import PLEADING, TESTIMONY, captioned, condensed, court_pdf, numbered_pages, pleading, transcript


def read(data: bytes) -> Document:
    return read_pdf(data, name="x.pdf", document_id="x")


def place(document: Document, words: str) -> str:
    (span,) = each_mention(document, words)
    return pin_cite(document, span).lines


@pytest.mark.parametrize("numbers", ["first", "last", "right"])
def test_the_lines_of_a_pleading_are_places_and_their_numbers_no_words(numbers: str) -> None:
    document = read(pleading(numbers=numbers))
    assert not re.search(r"^\s*(?:1[1-9]|2[0-8])\s*$", document.text, re.MULTILINE)
    assert place(document, "entered into a written warehouse lease") == "1:6"
    assert place(document, "Norrland Storage LLC alleges that on or about March 3, 2021 the parties") == "1:5-6"
    assert place(document, "damaged in the amount of $315,000, together") == "1:9-2:1"


def test_a_sentence_over_a_page_break_has_no_footer_stamp_or_number_in_it() -> None:
    document = read(pleading())
    said = [own_words(document, span) for span in sentences(document)]
    assert any(
        each.endswith("damaged in the amount of $315,000, together with interest at the legal rate.") for each in said
    )
    assert not any("COMPLAINT 2" in each or "01261" in each for each in said)


@pytest.mark.parametrize("shift", [-4.0, 3.0, 10.0, 11.5])
def test_lines_that_stand_beside_their_numbers_by_half_a_line_have_each_its_own(shift: float) -> None:
    document = read(pleading(shift=shift))
    places = [remark.detail for remark in document.remarks_of("line") if remark.detail.startswith("1:")]
    assert places == [f"1:{n}" for n, line in enumerate(PLEADING[0], 1) if line]


def test_two_lines_to_a_number_share_it() -> None:
    document = read(pleading(single=True))
    places = [int(remark.detail[2:]) for remark in document.remarks_of("line") if remark.detail.startswith("1:")]
    assert places == sorted(places)
    assert len(places) == 8
    assert 4 <= len(set(places)) <= 5


def test_the_firms_name_in_the_margin_stands_in_no_sentence() -> None:
    document = read(pleading(firm=True))
    assert "HARROW LLP" in document.text
    assert place(document, "ARDEN VALE LLP Attorneys for Plaintiff COMPLAINT FOR BREACH") == "1:1-4"


@pytest.mark.parametrize(("corner", "turned"), [(True, False), (False, False), (True, True)])
def test_a_transcript_is_cited_by_its_own_pages(corner: bool, turned: bool) -> None:
    document = read(transcript(corner=corner, turned=turned))
    assert [page.label for page in document.pages] == ["41", "42", "43"]
    assert place(document, "on hold by the purchasing department") == "42:7-8"
    assert place(document, "Who told the night foreman of it?") == "41:7-42:1"


def test_time_stamps_are_no_words_and_times_that_are_spoken_of_are() -> None:
    document = read(transcript(times=True))
    assert "10:07:07" not in document.text
    assert place(document, "Recess from 10:14 to 10:31") == "43:4"


def test_a_single_page_of_testimony_is_numbered() -> None:
    document = read(transcript(TESTIMONY[1:2], first=57))
    assert place(document, "the order was put on hold by the purchasing") == "57:7-8"


@pytest.mark.parametrize("across", [True, False])
@pytest.mark.parametrize("by_row", [True, False])
def test_a_condensed_sheet_is_four_pages_in_reading_order(across: bool, by_row: bool) -> None:
    document = read(condensed([*TESTIMONY, ["Q. Thank you.", "A. You are", "welcome."]], across=across, by_row=by_row))
    assert place(document, "it showed that the pads had been reported worn") == "41:5-6"
    assert place(document, "Who told the night foreman of it?") == "41:7-42:1"
    assert place(document, "Fifteen. Q. Thank you.") == "43:6-44:1"
    order = [remark.detail for remark in document.remarks_of("line")]
    assert order == sorted(order, key=lambda detail: [int(part) for part in detail.split(":")])
    assert len(document.boxes)  # its highlights are drawn from these


@pytest.mark.parametrize("across", [True, False])
@pytest.mark.parametrize("first", [1, 41])
@pytest.mark.parametrize("rows", [1, 2])
def test_sheets_go_on_in_the_order_of_their_pages(rows: int, first: int, across: bool) -> None:
    pages = [[f"Q. Was it gate {n}", f"that was open on day {n}?", "A. No."] for n in range(7)]
    document = read(condensed(pages, first=first, across=across, rows=rows))
    places = [remark.detail for remark in document.remarks_of("line")]
    assert places == [f"{first + page}:{line}" for page in range(7) for line in (1, 2, 3)]
    assert place(document, "Was it gate 4 that was open on day 4?") == f"{first + 4}:1-2"


@pytest.mark.parametrize("by_row", [True, False])
@pytest.mark.parametrize("mark", [")", ":", "§"])
def test_the_halves_of_a_caption_are_not_mixed(mark: str, by_row: bool) -> None:
    document = read(captioned(mark, by_row=by_row))
    assert (
        place(document, "NORRLAND STORAGE LLC, a company of Delaware, Plaintiff, v. ORRIN LTD., Defendant.") == "1:3-8"
    )
    assert place(document, "COMPLAINT FOR BREACH OF CONTRACT AND FOR DAMAGES JURY DEMANDED") == "1:4-8"
    assert place(document, "entered into a written warehouse lease for the premises") == "1:10-11"
    caption = find_caption(document)
    assert caption
    assert caption.title == "COMPLAINT FOR BREACH OF CONTRACT AND FOR DAMAGES JURY DEMANDED"
    assert [party.name for party in caption.parties] == ["NORRLAND STORAGE LLC", "ORRIN LTD."]
    assert len(document.boxes)


def test_a_numbered_list_of_a_contract_keeps_its_numbers() -> None:
    def draw_table(canvas: Canvas) -> None:
        for page in range(2):
            for n in range(1, 26):
                canvas.drawString(72, 760 - 27 * n, str(n))
                canvas.drawString(110, 760 - 27 * n, f"Valve of type {chr(64 + n)}, {page} in stock")
            canvas.showPage()

    items = "\n".join(f"{n} The Tenant keeps room {chr(96 + n)} clean.\nwhatever it costs." for n in range(1, 16))
    for data in (court_pdf(draw_table), numbered_pages(["1", "2", "3"], bodies=[items, items, items])):
        document = read(data)
        assert not document.remarks_of("line")
        assert re.search(r"^12\b", document.text, re.MULTILINE)


def test_words_of_our_own_on_a_page_are_numbered_too() -> None:
    draft = PageDraft(1, "")
    for n in range(1, 26):
        said = "goes on here" if n % 2 else "The gate"
        top = 780 - 28 * n
        boxes = [(80, top, 92, top + 10)] * len(str(n)) + [None] + [(120, top + n % 3, 300, top + 10)] * len(said)
        draft.insert(len(draft.text), f"{n} {said}\n", [*boxes, None])
    pdf = PdfDocument(transcript(TESTIMONY[:1]))
    margin_numbers(pdf, [draft])
    pdf.close()
    assert [remark.detail for remark in draft.remarks] == [f":{n}" for n in range(1, 26)]
    assert not re.search(r"\d", draft.text)


@pytest.mark.parametrize("feeds", [True, False])
@pytest.mark.parametrize("above", [True, False])
def test_a_typed_transcript_has_pages_and_lines(feeds: bool, above: bool) -> None:
    def typed(number: int, page: list[str]) -> str:
        numbered = [f"{n:8}     {page[n - 1] if n <= len(page) else ''}".rstrip() for n in range(1, 26)]
        head = [f"{number:>60}", ""]
        return "\n\n".join([*head, *numbered] if above else [*numbered, *head])

    pages = [typed(n, page) for n, page in enumerate(TESTIMONY, 24)]  # a page 26 after line 25
    text = ("\f" if feeds else "\n").join(["DEPOSITION OF L. MARCHANT\nMay 3, 2024", *pages])
    document = read_text(text.encode(), name="x.txt", document_id="x", limits=Limits())
    assert place(document, "on hold by the purchasing department") == "25:7-8"
    assert place(document, "Who told the night foreman of it?") == "24:7-25:1"
    assert [page.label for page in document.pages][1:] == ["24", "25", "26"]


@pytest.mark.parametrize("between", ["\f", "\n"])
@pytest.mark.parametrize("spacing", ["\n", "\n\n"])
def test_a_typed_transcript_of_few_lines_has_no_numbers_in_its_sentences(spacing: str, between: str) -> None:
    pages = [
        ["Q. Did you see", "the log on June 3?", "A. Yes, I saw it"],
        ["on the desk.", "Q. Who put it there?", "A. Nobody knows."],
        ["Q. Was it the foreman", "who left it?", "A. No."],
    ]
    text = between.join(
        f"{number:>40}\n" + spacing.join(f"   {n}  {line}" for n, line in enumerate(page, 1))
        for number, page in enumerate(pages, 41)
    )
    document = read_text(text.encode(), name="x.txt", document_id="x", limits=Limits())
    assert place(document, "A. Yes, I saw it on the desk.") == "41:3-42:1"
    assert [own_words(document, span) for span in sentences(document)] == [
        "Q. Did you see the log on June 3? A. Yes, I saw it on the desk.",
        "Q. Who put it there? A. Nobody knows.",
        "Q. Was it the foreman who left it? A. No.",
    ]


def test_a_typed_list_is_no_transcript() -> None:
    text = "\n".join(f"{n} boxes of nails" for n in range(1, 30)) + "\n\nThe end.\n" + "words that go on here\n" * 400
    document = read_text(text.encode(), name="x.txt", document_id="x", limits=Limits())
    assert document.text.replace("\f", "\n") == text
    assert not document.remarks


def test_short_questions_and_answers_are_testimony() -> None:
    said = ["Q. Who called you?", "A. Mr. Hollis himself."] * 12
    document = read(transcript([said, [*said, "Q. Who is Lena Ortiz?"]]))
    assert place(document, "Who is Lena Ortiz") == "42:25"
