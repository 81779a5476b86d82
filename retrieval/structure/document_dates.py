"""Dates of a document: of the day as of which it is made, on which it takes effect, is signed, sent or filed."""

from dataclasses import dataclass
from datetime import date

from retrieval.core.documents import Document, Span


@dataclass(frozen=True, slots=True)
class DocumentDate:
    """A date of the document itself. `kind`: made, effective, dated, signed, letter or filed.

    `value` is None where the words name no day: "as of the date last written below", "______ 2020".
    """

    kind: str
    value: date | None
    text: str
    span: Span


def find_dates(document: Document) -> tuple[DocumentDate, ...]:  # noqa: ARG001 (to come)
    """The dates of a document, the one that it is known by first."""
    return ()
