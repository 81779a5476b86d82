"""Sender and addressee of a letter, from its address block, its salutation and its signature."""

import re

from retrieval.core.documents import Document, Span
from retrieval.structure.document_dates import days_in
from retrieval.structure.openings import opening_text
from retrieval.structure.parties import Party
from retrieval.structure.signatures import Signature

CORRESPONDENTS = _SENDER, _ADDRESSEE = "Sender", "Addressee"
_WITHIN = 5_000  # characters in which the salutation of a letter stands
_BLOCK_LINES = 8  # of an addressee's address
_SALUTATION = re.compile(
    r"^[^\S\n]*(?:Dear\s+[^\n]{2,60}[:,]|(?:Ladies\s+(?:and|&)\s+)?Gentlemen\s*:|To\s+Whom\s+It\s+May\s+Concern\b)",
    re.MULTILINE | re.IGNORECASE,
)
_CLOSING = re.compile(
    r"^[^\S\n]*(?:(?:Very\s+)?(?:truly|sincerely|respectfully)(?:\s+yours)?|Yours\s+(?:very\s+)?(?:truly|sincerely|faithfully)|(?:Kind|Best)\s+regards"
    r"|Sincerely(?:\s+yours)?)\s*,?[^\S\n]*$",
    re.MULTILINE | re.IGNORECASE,
)
_NO_NAME = re.compile(
    r"\d{3,}|@|\b(?:Re|VIA|By\s+(?:e-?mail|courier|hand|fax)|Street|Avenue|Suite|Road|Floor|Drive|Box|Attention|Attn|Confidential|Telephone|Tel|Fax|Exhibit|Agreement"
    r"|Certified|Mail|Page|Subject)\b\s*[:.]?",
    re.IGNORECASE,
)
_SIGNED = re.compile(r"(?:By\s*:?|/s/|[_\s]+|Name\s*:)+", re.IGNORECASE)
_NAME = re.compile(
    r"(?:[A-Z][\w.&,’'()-]*|and|of|the|for|de|van|&)(?:\s+(?:[A-Z][\w.&,’'()-]*|and|of|the|for|de|van|&)){0,11}"
)


def find_correspondents(document: Document) -> tuple[Party, ...]:
    """Sender and addressee of a letter; empty for a document that is none."""
    text = opening_text(document)[:_WITHIN]
    salutation = _SALUTATION.search(text)
    if salutation is None:
        return ()
    days = days_in(text, 0, salutation.start())
    addressee = _first_name(text, days[0][1] if days else 0, salutation.start())
    sender = _signer(document, salutation.end()) or (_first_name(text, 0, days[0][0]) if days else None)
    found = ((sender, document.text, _SENDER), (addressee, text, _ADDRESSEE))
    return tuple(_party(document, where, said, role) for where, said, role in found if where)


def closing_signature(parties: tuple[Party, ...]) -> tuple[Signature, ...]:
    """The signature of a letter whose sender stands below its closing words, without "By:"."""
    places = {party.role: party.where.start for party in parties}
    return tuple(
        Signature("", party.name, "", party.span)
        for party in parties
        if party.role == _SENDER and party.where.start > places.get(_ADDRESSEE, 0)
    )


def _first_name(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The first line between two offsets that may be a name, of the last lines before the end."""
    rows = [m for m in re.compile(r"[^\n]+").finditer(text, start, end) if m[0].strip()]
    for row in rows[-_BLOCK_LINES:]:
        words = row[0].strip()
        if _NAME.fullmatch(words.rstrip(",")) and not _NO_NAME.search(words):
            at = row.start() + row[0].index(words)
            return at, at + len(words.rstrip(","))
    return None


def _signer(document: Document, after: int) -> tuple[int, int] | None:
    """The name below the closing words of a letter."""
    closing = _CLOSING.search(document.text, after)
    if closing is None:
        return None
    for row in list(re.compile(r"[^\n]+").finditer(document.text, closing.end(), closing.end() + 400))[:6]:
        mark = _SIGNED.match(row[0])
        words = row[0][mark.end() if mark else 0 :].strip().rstrip(",")
        if len(words) > 2 and _NAME.fullmatch(words):
            at = row.start() + row[0].index(words)
            return at, at + len(words)
    return None


def _party(document: Document, where: tuple[int, int], said: str, role: str) -> Party:
    span: Span = document.span(*where)
    return Party(" ".join(said[slice(*where)].split()), role, (), span, span)
