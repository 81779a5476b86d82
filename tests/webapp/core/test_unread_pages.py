from dataclasses import replace
from typing import Any

from retrieval import DocumentRecord
from webapp.core.unread_pages import unread_pages


def record(name: str, **values: Any) -> DocumentRecord:
    plain = DocumentRecord("m", name, name, "ready", 9, 9, (), None, 9)
    return replace(plain, **values)


def test_pages_that_were_not_read_are_named_with_their_documents() -> None:
    records = [record("Guaranty.pdf", unreadable_pages=(2, 3), partly_read_pages=(1,)), record("Letter.pdf")]
    assert unread_pages(records) == (
        "Pages 2-3 of Guaranty.pdf could not be read. Page 1 of Guaranty.pdf could be read only in part."
    )
    assert unread_pages([record("Letter.pdf")]) == ""


def test_of_many_documents_the_first_are_named() -> None:
    scans = [record(f"{n}.pdf", unreadable_pages=(n,)) for n in range(1, 9)]
    assert unread_pages(scans[:2]) == "Page 1 of 1.pdf and page 2 of 2.pdf could not be read."
    assert unread_pages(scans) == (
        "Page 1 of 1.pdf, page 2 of 2.pdf, page 3 of 3.pdf and 5 more documents could not be read."
    )


def test_documents_that_failed_or_wait_are_named_as_a_whole() -> None:
    records = [record("form.pdf", state="failed"), record("a.pdf", state="reading"), record("b.pdf", state="waiting")]
    assert unread_pages(records) == "form.pdf could not be read. a.pdf and b.pdf could not be searched yet."
