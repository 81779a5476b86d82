"""Facts of a document, found once when it is read: title, parties, dates, recitals, caption, signatures, notices.

They are kept in the record as JSON, spans as [start, end], and are made again where `FACTS_VERSION` has been raised.
"""

from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from retrieval.core.documents import Document, Span
from retrieval.structure.amendments import Amendment, find_amendments
from retrieval.structure.captions import Caption, find_caption
from retrieval.structure.document_dates import DocumentDate, find_dates
from retrieval.structure.openings import find_opening
from retrieval.structure.parties import Party, find_parties
from retrieval.structure.signatures import NoticeAddress, Signature, find_notices, find_signatures

FACTS_VERSION = 2  # raised when the same text would give other facts; those kept before are made again


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a document as a whole, each with the span where it stands; empty where it was not found."""

    title: str = ""
    title_span: Span | None = None
    preamble: Span | None = None
    parties: tuple[Party, ...] = ()
    dates: tuple[DocumentDate, ...] = ()
    recitals: Span | None = None
    caption: Caption | None = None
    signatures: tuple[Signature, ...] = ()
    notices: tuple[NoticeAddress, ...] = ()
    amendments: tuple[Amendment, ...] = ()

    @property
    def day(self) -> date | None:
        """The day by which the document is known; None where it names none."""
        return next((each.value for each in self.dates if each.value), None)


def find_facts(document: Document) -> Facts:
    """Find the facts of a document. Linear in its text."""
    opening = find_opening(document)
    parties = find_parties(document, opening)
    signatures = find_signatures(document, [party.name for party in parties])
    return Facts(
        title=opening.title,
        title_span=opening.title_span,
        preamble=opening.preamble,
        parties=parties,
        dates=find_dates(document, opening, tuple(signature.span for signature in signatures)),
        recitals=opening.recitals,
        caption=find_caption(document),
        signatures=signatures,
        amendments=find_amendments(document),
        notices=find_notices(document),
    )


def to_json(facts: Facts) -> dict[str, Any]:
    """Facts as they are kept, spans without their document."""
    kept: dict[str, Any] = _encoded(facts)
    return kept


def from_json(document_id: str, kept: dict[str, Any]) -> Facts:
    """Facts of a document as `to_json` gave them. Raises ValueError, TypeError or LookupError for anything else."""
    facts: Facts = _decoded(Facts, kept, document_id)
    return facts


def _encoded(value: Any) -> Any:
    match value:
        case Span():
            return [value.start, value.end]
        case date():
            return value.isoformat()
        case tuple():
            return [_encoded(each) for each in value]
        case _ if is_dataclass(value):
            return {field.name: _encoded(getattr(value, field.name)) for field in fields(value)}
    return value


def _decoded(kind: Any, value: Any, document_id: str) -> Any:
    if value is None:
        return None
    if get_origin(kind) is UnionType:  # a type or None
        kind = get_args(kind)[0]
    if get_origin(kind) is tuple:
        kinds = get_args(kind)[:1] * len(value) if get_args(kind)[-1] is Ellipsis else get_args(kind)
        return tuple(_decoded(each, part, document_id) for each, part in zip(kinds, value, strict=True))
    if kind is Span:
        start, end = map(int, value)
        return Span(document_id, start, end)
    if kind is str:
        return str(value)
    if kind is date:
        return date.fromisoformat(value)
    if is_dataclass(kind):
        return kind(**{name: _decoded(of, value[name], document_id) for name, of in get_type_hints(kind).items()})  # type: ignore[operator]
    return value
