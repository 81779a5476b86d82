"""A comparison as a file: every deleted and inserted word, escaped, in HTML and in Word."""

import io

from docx import Document

from webapp.core.results import ChangeRow, CiteRow
from webapp.exports.redline import names_in, shortened, to_docx, to_html


def cite(section: str, page: int) -> CiteRow:
    return CiteRow.model_validate(
        {"document_id": "a" * 64, "document": "Lease.pdf", "section": section, "page": page, "page_label": str(page)}
        | {"bates": "", "exhibit": "", "lines": "", "recognised": False}
    )


LONG = "The Tenant pays rent. " * 60
ROWS = [
    ChangeRow(
        kind="changed",
        old=cite("Section 4 (Term)", 2),
        new=cite("Section 5 (Term)", 3),
        words=(("equal", LONG), ("delete", "thirty "), ("insert", "<b>sixty</b>\x01\u202e\ufffe "), ("equal", "days.")),
    ),
    ChangeRow(kind="gone", old=cite("Section 9 (Audit)", 4), new=None, words=(("delete", "No audit."),)),
]


def test_the_page_strikes_and_underlines_and_escapes() -> None:
    page = to_html("Lease <2024>.pdf", "Lease.pdf", ROWS, docx="?form=docx")
    assert "<del>thirty </del><ins>&lt;b&gt;sixty&lt;/b&gt;" in page
    assert "Changed: Section 5 (Term)" in page
    assert "1 changed, 1 deleted" in page
    assert "<2024>" not in page
    assert "\u202e" not in page
    assert 'href="?form=docx"' in page


def test_the_word_file_has_the_same_words_and_their_marks() -> None:
    document = Document(io.BytesIO(to_docx("old.pdf", "new.pdf", ROWS)))
    runs = {run.text.strip(): run for paragraph in document.paragraphs for run in paragraph.runs}
    assert runs["thirty"].font.strike
    assert runs["<b>sixty</b>"].font.underline
    assert runs["No audit."].font.strike
    assert "Deleted: Section 9 (Audit)" in [paragraph.text for paragraph in document.paragraphs]


def test_no_files_no_changes() -> None:
    assert "No clause differs." in to_html("a", "b", [])


def test_unchanged_words_far_from_a_change_are_left_out() -> None:
    pieces = list(shortened(ROWS[0]))
    assert [op for op, _ in pieces] == [op for op, _ in ROWS[0].words]
    assert len(pieces[0][1]) < 200
    assert pieces[1:] == list(ROWS[0].words[1:])


def test_a_redline_is_named_after_its_documents_not_after_the_words_that_asked_for_it() -> None:
    assert names_in(ROWS, "lease", "new") == ("Lease.pdf", "Lease.pdf")
    assert names_in(ROWS[1:], "lease", "new") == ("Lease.pdf", "new")
