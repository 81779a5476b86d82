"""What to read on after an answer: real headings of clauses near what it cites."""

from typing import Any, cast

from retrieval import Document, Library, NoSuchDocument
from tests.documents import document
from tests.webapp.exports.turns import cited, turn
from webapp.core.results import CoverageRow
from webapp.page.follow_ups import follow_ups
from webapp.page.html.foot import FollowUp
from webapp.store.conversations import SavedTurn

TEXT = """SUPPLY AGREEMENT
9. Term and Termination
9.1 Term. The term is five years.
9.2 Notice. Either party may end it by notice, with the effects that Section 12.1 names.
9.3 Effect of termination. All licences end.
9.4 The parties shall meet every year to speak about it.
12. General
12.1 Survival. Sections that by their nature go on survive.
12.2 Law. Irish law governs.
"""


class Texts:
    """A library of one document."""

    def __init__(self, text: str = TEXT) -> None:
        self._document = document(text)

    def document(self, matter_id: str, document_id: str, version: int) -> Document:
        if document_id != "d" * 64:
            raise NoSuchDocument(document="…")
        return self._document


def found(turns: list[SavedTurn], text: str = TEXT) -> list[FollowUp]:
    return follow_ups(cast(Library, Texts(text)), "m", turns)


def asked(words: str, *, is_found: bool = True) -> SavedTurn:
    at = TEXT.index(words)
    span: dict[str, Any] = {
        "start": at,
        "end": at + len(words),
        "spans": [[at, at + len(words)]],
        "section": "Section 9.2 (Notice)",
    }
    row = cited(quote=words, **span)
    searched = {"documents": 1, "pages": 1, "unreadable_pages": 0}
    return turn("It is [1].", citations=[row], searched=searched, found=is_found)


def test_what_the_cited_clause_refers_to_comes_first_then_its_neighbours() -> None:
    offered = found([asked("Either party may end it by notice")])
    assert [each.words for each in offered] == [
        "Section 12.1 Survival",
        "Section 9.3 Effect of termination",
        "Section 9.1 Term",
    ]
    assert offered[1].question == "What does Section 9.3 (Effect of termination) say?"
    assert all(each.words.partition(" ")[2].partition(" ")[2] in TEXT for each in offered), "headings of the document"


def test_nothing_is_offered_where_nothing_is_cited_or_it_is_gone() -> None:
    assert found([]) == []
    assert found([turn("Hello.", citations=[])]) == []
    assert found([turn("It is [1].", citations=[cited(document_id="e" * 64)])]) == []
    assert found([asked("Either party", is_found=False)]) == []
    assert found([asked("Either party may end it")], "No number and no heading stands here." * 20) == []


def test_of_several_documents_the_question_names_its_own() -> None:
    one = asked("Either party may end it by notice")
    searched = CoverageRow(documents=2, pages=2, unreadable_pages=0, partly_read_pages=0)
    several = one.answer.model_copy(update={"searched": searched})
    [first, *_] = found([SavedTurn("t", "c", "?", several, "complete", None, one.asked_at)])
    assert first.question == "What does Section 12.1 (Survival) of Agreement.pdf say?"
    assert first.words == "Section 12.1 Survival (Agreement.pdf)"
