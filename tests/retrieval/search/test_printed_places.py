"""Searches for what a question cites by what is printed: the document and the place are found without ranking."""

from collections.abc import Iterator

import pytest

from retrieval import find_facts, own_words, pin_cite
from retrieval.reading.pdf import read_pdf
from retrieval.search.search import Results, Searcher
from retrieval.search.structural_answer import answer_by_structure
from tests.court_pdfs import TESTIMONY, numbered_pages, transcript
from tests.retrieval.stores import Stores, opened

FILES = {
    "Transcript 1.pdf": transcript(),
    "Ostrander Dep.pdf": transcript([page[:3] for page in reversed(TESTIMONY)], first=41),
    "Mail 1.pdf": numbered_pages(["ABC-00000071", "ABC-00000072"], bodies=["Use the old valves.", "They are cheaper."]),
    "Mail 2.pdf": numbered_pages(["ABC-00000073", "ABC-00000074"], bodies=["The valves failed.", "Use them anyway."]),
}


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("printed")) as stores:
        matter = stores.library.create_matter("Case")
        for name, data in FILES.items():
            stores.library.accept(matter.id, name, data)
        stores.ingest.run()
        yield stores


def search(stores: Stores, question: str) -> Results:
    (matter,) = stores.library.matters()
    return Searcher(stores.library, stores.vectors, stores.lexical, stores.embedder).search(matter.id, question)


def cited(stores: Stores, results: Results) -> list[tuple[str, str, str]]:
    (matter,) = stores.library.matters()
    found = []
    for span in results.places:
        document = stores.library.document(matter.id, span.document_id)
        cite = pin_cite(document, document.stripped(span))
        found.append((cite.document, cite.lines or cite.bates, own_words(document, span)))
    return found


def test_a_bates_number_is_found_in_whatever_document_has_it(stores: Stores) -> None:
    results = search(stores, "What does ABC-00000074 say?")
    assert cited(stores, results) == [("Mail 2.pdf", "ABC-00000074", "Use them anyway. ABC-00000074")]
    assert results.only_places
    assert len(cited(stores, search(stores, "ABC-00000072 to ABC-00000073"))) == 2


def test_a_deposition_is_told_by_the_name_in_the_cite(stores: Stores) -> None:
    ((name, lines, words),) = cited(stores, search(stores, "What was said at Ostrander Dep. 41:1-3?"))
    assert (name, lines) == ("Ostrander Dep.pdf", "41:1-3")
    assert words == "Q. How fast was the truck going when it left the yard? A. Forty."


def test_lines_that_no_name_tells_are_those_of_every_transcript(stores: Stores) -> None:
    assert {name for name, _, _ in cited(stores, search(stores, "at 43:1-2"))} == {
        "Transcript 1.pdf",
        "Ostrander Dep.pdf",
    }


def test_a_number_that_no_document_has_is_told(stores: Stores) -> None:
    results = search(stores, "What does ABC-00000999 say?")
    assert not results.found
    assert results.absent.startswith("There is no ABC-00000999 in ")


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("What does Exhibit 2 say?", "LEASE 1. Term. Ten years are agreed."),
        ("What does Section 2 of Exhibit 2 say?", "2. Rent. The rent is nine dollars."),
        ("Exhibit 1, page 1", "WORK 1. Term. One year is agreed."),
    ],
)
def test_exhibits_that_are_stamped_are_places(question: str, says: str) -> None:
    work = "WORK\n1. Term. One year is agreed.\n2. Fee. The fee is a dollar."
    lease = "LEASE\n1. Term. Ten years are agreed.\n2. Rent. The rent is nine dollars."
    stamps = ["EXHIBIT 1 PAGE 1", "EXHIBIT 1 PAGE 2", "EXHIBIT 2 PAGE 3", "EXHIBIT 2 PAGE 4"]
    data = numbered_pages(stamps, bodies=[work, "Signed by all of them.", lease, "Signed by both of them."])
    document = read_pdf(data, name="x.pdf", document_id="x")
    found = answer_by_structure([question], ["x"], lambda _: document, lambda _: find_facts(document))
    assert own_words(document, found.places[0].span).startswith(says)
    assert not found.absent
