"""A sentence borne by a clause that an amendment of the matter ended is marked, and says by what it was ended."""

from collections.abc import Iterator

import pytest

from retrieval import Document, Passage, Searcher, pin_cite
from tests.pdfs import make_pdf
from tests.retrieval.stores import Stores, opened
from tests.retrieval.structure.amendment_pairs import PAIRS
from webapp.grounding.check import CheckedSentence, check

NAMES = ("replaced by the following", "two amendments in a row")
AGREEMENT = "Supply Agreement.pdf"


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("superseded")) as stores:
        for name in NAMES:
            matter = stores.library.create_matter(name)
            for file, text in PAIRS[name].documents.items():
                stores.library.accept(matter.id, file, make_pdf([text]))
        stores.ingest.run()
        yield stores


def checked(stores: Stores, name: str, answer: str) -> CheckedSentence:
    """The sentence of an answer that may cite the agreement as [1] and its latest amendment as [2]."""
    matter = next(m for m in stores.library.matters() if m.name == name)
    records = {record.name: record for record in stores.library.documents(matter.id)}
    ids = [records[file].id for file in (AGREEMENT, max(set(records) - {AGREEMENT}))]
    documents = {id_: stores.library.document(matter.id, id_) for id_ in ids}
    passages = [whole(document, n) for n, document in enumerate(documents.values(), 1)]
    searcher = Searcher(stores.library, stores.vectors, stores.lexical, stores.embedder)
    changes = searcher.changes(matter.id, [record.id for record in records.values()])
    [sentence] = check(answer, passages, documents, changes=changes).sentences
    return sentence


def whole(document: Document, n: int) -> Passage:
    cite = pin_cite(document, document.span(0, len(document.text)))
    return Passage(**cite.where(), n=n, text=document.text)


@pytest.mark.parametrize(
    ("name", "answer", "by"),
    [
        (
            "replaced by the following",
            "The liability of each party is limited to £500,000 [1].",
            "its clause was replaced by First Amendment.pdf, Section 1",
        ),
        (
            "two amendments in a row",
            "The Supplier shall not sell the goods to any competitor of the Buyer [1].",
            "its clause was deleted by Second Amendment.pdf, Section 2",
        ),
        (
            "two amendments in a row",
            "The Buyer shall pay each invoice within thirty days [1].",
            "its clause had words changed by First Amendment.pdf, Section 1",
        ),
    ],
)
def test_what_a_clause_said_before_it_was_ended_is_marked(stores: Stores, name: str, answer: str, by: str) -> None:
    found = checked(stores, name, answer)
    assert (found.state, found.reason) == ("unsupported", by)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("replaced by the following", "Originally the liability of each party was limited to £500,000 [1]."),
        ("replaced by the following", "The liability of each party is limited to £500,000 [1][2]."),  # cites both
        ("replaced by the following", "The Buyer shall pay each invoice within thirty (30) days of its date [1]."),
        ("replaced by the following", "The liability of each party is limited to £2,000,000 [2]."),
        ("two amendments in a row", "The Buyer shall pay each invoice that it gets [1]."),  # its number was exchanged
        ("two amendments in a row", "Late sums bear interest at four per cent a year [1]."),
    ],
)
def test_the_past_the_amendment_itself_and_what_is_in_force_are_not(stores: Stores, name: str, answer: str) -> None:
    found = checked(stores, name, answer)
    assert (found.state, found.reason) == ("compared", "")
