"""Reads the head of a mail: who wrote it to whom and when, from its first lines ("From:", "To:", "Date:")."""

import re
from collections.abc import Iterator
from email.utils import getaddresses
from itertools import islice

from retrieval.core.documents import Document
from retrieval.structure.document_dates import DocumentDate, days_in
from retrieval.structure.letters import CORRESPONDENTS
from retrieval.structure.parties import Party

_MOST_LINES, _LONGEST_LINE = 12, 5_000  # of a head; characters of a line
_MOST_ADDRESSEES = 20
_FIELD = re.compile(r"[^\S\n]*(From|To|Date|Sent):[^\S\n]*(\S[^\n]*)")


def find_mail_head(document: Document) -> tuple[tuple[Party, ...], tuple[DocumentDate, ...]]:
    """The sender and the addressees of a mail, and the day on which it was sent; nothing of another document."""
    fields = _fields(document)
    if "From" not in fields:
        return (), ()
    sender, addressee = CORRESPONDENTS
    parties = [*_people(document, fields["From"], sender), *_people(document, fields.get("To", (0, 0)), addressee)]
    start, end = fields.get("Date") or fields.get("Sent") or (0, 0)
    days = days_in(document.text, start, end)[:1]
    dates = (DocumentDate("letter", day, document.text[a:b], document.span(a, b)) for a, b, day in days)
    return tuple(parties), tuple(dates)


def _fields(document: Document) -> dict[str, tuple[int, int]]:
    """Where the value of each field of the head stands; nothing where the first line is none of a mail's."""
    found: dict[str, tuple[int, int]] = {}
    head = document.text[: _MOST_LINES * _LONGEST_LINE]
    for line in islice(re.finditer(r"[^\n]+", head), _MOST_LINES):
        field = _FIELD.match(head, line.start(), min(line.end(), line.start() + _LONGEST_LINE))
        if not found and (field is None or field[1] != "From"):
            return {}
        if field:
            found.setdefault(field[1], field.span(2))
    return found


def _people(document: Document, where: tuple[int, int], role: str) -> Iterator[Party]:
    """The people in the value of a field, each by name, or by address where it has none."""
    value = document.text[slice(*where)]
    for name, address in getaddresses([value])[:_MOST_ADDRESSEES]:
        said = name or address
        if said and (at := value.find(said)) >= 0:
            span = document.span(where[0] + at, where[0] + at + len(said))
            yield Party(said, role, (), span, span)
