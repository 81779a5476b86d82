"""Pages on their way into a document: words taken out, put in another order, remarked on, and joined."""

import numpy as np

from retrieval.core.documents import Remark
from retrieval.reading.page_drafts import PageDraft, assemble, boxes_of_words


def test_words_taken_out_leave_every_offset_as_it_was() -> None:
    draft = PageDraft(1, "due in 30\n60 days")
    assert draft.blank(7, 12) == "30\n60"
    assert draft.text == "due in   \n   days"
    assert draft.is_changed


def test_remarks_move_with_their_words_and_a_piece_in_no_list_is_left_out() -> None:
    draft = PageDraft(1, "left A right B gutter left C")
    draft.remark(5, 6, "line", detail="1:1")
    draft.remark(7, 14, "column")
    draft.reorder([(0, 7), (22, 28), (7, 15)])
    assert draft.text == "left A \nleft C\nright B "
    assert draft.order is not None
    assert [i for i in draft.order if i >= 0] == [*range(7), *range(22, 28), *range(7, 15)]
    assert draft.remarks == [Remark(5, 6, "line", detail="1:1"), Remark(15, 22, "column")]


def test_boxes_of_characters_become_those_of_words() -> None:
    boxes = boxes_of_words("ab c", [(1, 2, 3, 4), (3, 2, 5, 4.5), None, None])
    assert boxes.tolist() == [[0, 2, 10, 20, 50, 45]]


def test_joined_pages_have_their_remarks_and_boxes_at_their_place_in_the_text() -> None:
    first = PageDraft(1, "one", label="i", bates="AB 1")
    second = PageDraft(2, "two", exhibit="Exhibit A", partly=True)
    second.remark(0, 3, "recognised", detail="91")
    second.boxes = np.array([[0, 3, 1, 2, 3, 4]], np.int32)
    document = assemble([first, second], document_id="d", name="n")
    assert document.text == "one\ftwo"
    assert [page.label for page in document.pages] == ["i", "2"]
    assert (document.pages[0].bates, document.pages[1].exhibit) == ("AB 1", "Exhibit A")
    assert document.boxes_on(document.pages[1]).tolist() == [[4, 7, 1, 2, 3, 4]]
    assert len(document.boxes_on(document.pages[0])) == 0
    assert document.remarks_in(document.span(5, 6), "recognised") == (Remark(4, 7, "recognised", detail="91"),)
    assert document.remarks_in(document.span(0, 3), "recognised") == ()
    assert (document.partly_read_pages, document.recognised_pages) == ((2,), (2,))


def test_long_blanks_are_shortened_and_remarks_stay_with_their_words() -> None:
    draft = PageDraft(1, "before " + "x" * 2_000 + " after")
    draft.blank(7, 2_007)
    draft.remark(7, 2_007, "hidden")
    draft.remark(1_000, 1_000, "comment", "why?")
    draft.remark(2_008, 2_013, "field")
    draft.shorten_blanks()
    assert draft.text.split() == ["before", "after"]
    assert len(draft.text) < 500
    hidden, comment, field = draft.remarks
    assert draft.text[: hidden.start] == "before "
    assert draft.text[hidden.end :].strip() == "after"
    assert hidden.start < comment.start == comment.end <= hidden.end
    assert draft.text[field.start : field.end] == "after"
    assert draft.order is not None
    assert draft.order[-5:] == list(range(2_008, 2_013))
