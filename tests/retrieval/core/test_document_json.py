"""A document as JSON: what is written is read again, what older versions wrote too, and nothing of another kind."""

import json

import numpy as np
import pytest

from retrieval.core.document_json import from_json, to_json
from retrieval.core.documents import Document, Page, ReadingWarning, Remark

SCAN = Document(
    "d",
    "Guaranty.pdf",
    "due in 30 days",
    (Page(1, "i", 0, 14, True, True, "ABC 000123", "Exhibit B"),),
    2,
    (Remark(0, 14, "recognised", detail="88"), Remark(3, 3, "comment", "why 30?", "J. Doe")),
    (ReadingWarning(None, "redline", "One passage is struck out."),),
    np.array([[0, 3, 720, 700, 800, 712]], np.int32),
)


def test_a_document_is_read_as_it_was_written() -> None:
    read = from_json(json.loads(json.dumps(to_json(SCAN))), document_id="d", name="Guaranty.pdf", version=2)
    assert read == SCAN
    assert read.boxes.tolist() == SCAN.boxes.tolist()


def test_a_text_of_an_older_version_has_pages_of_five_fields_and_nothing_else() -> None:
    body = {"reader": 1, "text": "a", "pages": [[1, "1", 0, 1, True]]}
    assert from_json(body, document_id="d", name="n", version=1) == Document("d", "n", "a", (Page(1, "1", 0, 1),))


@pytest.mark.parametrize(
    "wrong",
    [{"remarks": [[0, 1, "bold", "", ""]]}, {"warnings": [[1, "virus", ""]]}, {"boxes": [1, 2]}, {"pages": [[1]]}],
)
def test_what_is_no_document_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        from_json(to_json(SCAN) | wrong, document_id="d", name="n", version=1)
