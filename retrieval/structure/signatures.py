"""Signature blocks and notice addresses of a document."""

from dataclasses import dataclass

from retrieval.core.documents import Document, Span


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature block: for which party, the name and the title of who signs; each empty where it is not there."""

    party: str
    name: str
    title: str
    span: Span


@dataclass(frozen=True, slots=True)
class NoticeAddress:
    """Where notices to a party go."""

    party: str
    span: Span


def find_signatures(document: Document) -> tuple[Signature, ...]:  # noqa: ARG001 (to come)
    """The signature blocks of a document, in order."""
    return ()


def find_notices(document: Document) -> tuple[NoticeAddress, ...]:  # noqa: ARG001 (to come)
    """The notice addresses of a document, in order."""
    return ()
