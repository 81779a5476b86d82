"""Questions to begin with: each is on a heading, or a party, that its document has."""

from collections.abc import Sequence
from typing import cast

from retrieval import Document, DocumentRecord, Facts, Library, find_facts
from tests.documents import document
from webapp.service.opening_questions import MOST, OpeningQuestions

LEASE = """LEASE AGREEMENT
This Lease is made on March 1, 2024 between Alder Ltd. ("Landlord") and Bramble Inc. ("Tenant").
1. Term. The term is ten years.
2. Rent. The rent is $5.
3. Governing Law. Irish law governs.
4. Termination. Either party may end it.
"""
LICENCE = "1. Fees. The fee is $5.\n2. Termination of the Licence. It ends.\n2.1 Insurance. There is none."
LETTER = "Dear Ada,\nnothing of this is numbered.\nBen"


class Texts:
    """A library of texts, by the names of the files; what is read of it is counted."""

    def __init__(self, **texts: str) -> None:
        named = enumerate(texts.items())
        self.texts = {f"{n:064x}": document(text, id_=f"{n:064x}", name=f"{name}.pdf") for n, (name, text) in named}
        self.read: list[str] = []
        self.questions = OpeningQuestions(cast(Library, self))

    def asked(self, *, pages: int = 1) -> list[str]:
        return self.questions.of(
            [DocumentRecord("m", id_, each.name, "ready", 1, pages, (), None, 9) for id_, each in self.texts.items()]
        )

    def text(self, record: DocumentRecord) -> Document | None:
        self.read.append(record.id)
        return self.texts[record.id] if self.texts[record.id].text else None

    def facts_of(self, records: Sequence[DocumentRecord]) -> dict[str, Facts]:
        return {each.id: find_facts(self.texts[each.id]) for each in records}


def test_the_questions_of_one_document_are_on_its_clauses_and_call_it_by_its_title() -> None:
    assert Texts(lease=LEASE).asked() == [
        "How can the Lease Agreement be terminated?",
        "What is the rent under the Lease Agreement?",
        "Which law governs the Lease Agreement?",
    ]
    assert Texts(licence=LICENCE).asked() == [
        "How can the document be terminated?",
        "What has to be paid under the document, and when?",
        "Which insurance does the document require?",
    ]


def test_several_documents_are_asked_in_turn_by_their_files_and_not_the_same() -> None:
    texts = Texts(lease=LEASE, licence=LICENCE, letter=LETTER, gone="")
    assert texts.asked() == [
        "How can lease.pdf be terminated?",
        "What has to be paid under licence.pdf, and when?",
        "What is the rent under lease.pdf?",
    ]
    one = [DocumentRecord("m", f"{0:064x}", "lease.pdf", "ready", 1, 1, (), None, 9)]
    assert len(texts.questions.of(one)) == MOST


def test_what_has_no_clause_and_no_party_asks_nothing_and_each_text_is_read_once() -> None:
    assert Texts(letter="nothing of this is numbered").asked() == []
    assert Texts(gone="").asked() == []
    assert Texts().asked() == []
    texts = Texts(lease=LEASE)
    assert texts.asked() == texts.asked()
    assert len(texts.read) == 1
    assert Texts(lease=LEASE).asked(pages=9_000) == []  # taking it apart would take seconds
