"""Facts of a document, found once when it is read: title, parties, dates, recitals, caption, signatures, notices.

They are kept in the record as JSON, spans as [start, end], and are made again where `FACTS_VERSION` has been raised.
"""

from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from retrieval.core.documents import Document, Span
from retrieval.structure.amendments import Amendment, find_amendments
from retrieval.structure.captions import Caption, find_caption
from retrieval.structure.document_dates import DocumentDate, find_dates
from retrieval.structure.letters import CORRESPONDENTS, closing_signature, find_correspondents
from retrieval.structure.mail_heads import find_mail_head
from retrieval.structure.openings import Opening, find_opening
from retrieval.structure.parties import Party, find_parties
from retrieval.structure.printed_places import PrintedRange, printed_ranges
from retrieval.structure.signatures import NoticeAddress, Signature, find_notices, find_signatures, signers

FACTS_VERSION = 12  # raised when the same text would give other facts; those kept before are made again


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
    printed: tuple[PrintedRange, ...] = ()

    @property
    def day(self) -> date | None:
        """The day by which the document is known; None where it names none."""
        return next((each.value for each in self.dates if each.value), None)


def find_facts(document: Document) -> Facts:
    """Find the facts of a document. Linear in its text."""
    opening = find_opening(document)
    caption = find_caption(document)
    if caption:  # what it says was agreed between others introduces no contract
        opening = replace(opening, preamble=None, recitals=None)
    correspondents, sent = find_mail_head(document)
    parties = correspondents or (caption.parties if caption and caption.parties else _parties(document, opening))
    signatures = find_signatures(document, [party.name for party in parties])
    parties = parties or signers(document, signatures)
    signatures = signatures or closing_signature(parties)
    preamble = _preamble(opening, parties)
    is_letter = any(party.role in CORRESPONDENTS for party in parties)
    titled = caption if caption and caption.title else opening
    return Facts(
        title=titled.title,
        title_span=titled.title_span,
        preamble=preamble,
        parties=parties,
        dates=sent
        + find_dates(
            document,
            opening,
            None if caption or is_letter else preamble,
            tuple(signature.span for signature in signatures),
        ),
        recitals=opening.recitals,
        caption=caption,
        signatures=signatures,
        amendments=find_amendments(document),
        notices=find_notices(document),
        printed=printed_ranges(document),
    )


def _parties(document: Document, opening: Opening) -> tuple[Party, ...]:
    """The parties of a contract, or who writes a letter to whom; both of a letter that is a contract."""
    parties = find_parties(document, opening)
    if opening.preamble and parties:
        return parties
    correspondents = find_correspondents(document)
    if not correspondents or "agreement" not in opening.title.lower():
        return correspondents or parties
    names = {party.name.lower() for party in parties}
    return (*(each for each in correspondents if each.name.lower() not in names), *parties)


def _preamble(opening: Opening, parties: tuple[Party, ...]) -> Span | None:
    """The paragraph that names the parties; where none introduces them, from the first of them to the last."""
    if not parties or (opening.preamble and opening.preamble.contains(parties[0].where)):
        return opening.preamble
    first, last = parties[0].span, parties[-1].span
    return Span(first.document_id, first.start, last.end) if last.end >= first.start else first


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
