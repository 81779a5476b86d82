"""Input validation: limits on the length of text, names, lists and numbers from a client,
checked before any other work.

The page, the command routes and the command line share these checks. Normalising, searching or tokenising megabytes of
text would take minutes of CPU time from everyone.
"""

import re
from collections.abc import Collection
from typing import Literal

from webapp.core.errors import (
    DaysInvalid,
    EmptyQuestion,
    EventMalformed,
    NameTooLong,
    NotText,
    TooManyChosen,
    WordsTooLong,
)

MIB = 1 << 20  # bytes
MAX_QUESTION = 8_000  # characters of a question or a phrase: three pages, or half the window of the served model
MAX_NAME = 255  # characters of a matter's or a document's name: the width of the database columns
FILES_AT_ONCE = 40  # files in one upload, each as large as the settings allow
MAX_CHOSEN = 20_000  # documents selected at once: as many as a user may have by default
MOST_DAYS = 36_500  # of retention: a hundred years
JobAct = Literal["list", "pause", "resume", "retry", "cancel"]  # what `jobs` does with documents on their way
MemberAct = Literal["share", "unshare", "hand-over", "wall", "lift"]  # what is done with the people of a matter
GroupAct = Literal["list", "create", "delete", "add", "remove"]  # what `groups` does
MOST_RANGES = 64  # of a text, from a client at once
_DIGITS = 9  # of a number: more than any page, passage or zoom has
_ID = re.compile(r"[0-9A-Za-z]{1,64}")  # matters, conversations and turns have 32 hex digits, documents 64
_RANGE = re.compile(rf"([0-9]{{1,{_DIGITS}}})-([0-9]{{1,{_DIGITS}}})")
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")  # null and lone surrogates: no database stores them, no keyboard types them
# What a terminal or a copied page puts between words: colours, control characters, turns of direction.
_CODES = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]{0,1000}(?:\x07|\x1b\\\\)"
    "|[\x01-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)


def is_text(words: str) -> bool:
    """Whether a database can store these characters."""
    return _NOT_TEXT.search(words) is None


def without_codes(words: str) -> str:
    """A question or a phrase without what is no text in it; what no database stores is left, to be refused."""
    return _CODES.sub("", words)


def check_question_length(words: str) -> None:
    """Check the length of a text that may become a question or a phrase. Raises WordsTooLong."""
    if len(words) > MAX_QUESTION:
        raise WordsTooLong(characters=len(words), limit=MAX_QUESTION)


def check_question(words: str) -> None:
    """Check a question or a phrase. Raises WordsTooLong, EmptyQuestion or NotText."""
    check_question_length(words)
    if _NOT_TEXT.search(words):
        raise NotText()
    if not any(character.isalnum() for character in words):  # "???" has no word to search for
        raise EmptyQuestion()


def check_name(name: str) -> None:
    """Check the name or id of a matter or a document. Raises NameTooLong or NotText."""
    if len(name) > MAX_NAME:
        raise NameTooLong(characters=len(name), limit=MAX_NAME)
    if _NOT_TEXT.search(name):
        raise NotText()


def check_selection(ids: Collection[str]) -> None:
    """Check the number of selected documents (not their ownership). Raises TooManyChosen."""
    if len(ids) > MAX_CHOSEN:
        raise TooManyChosen(count=len(ids), limit=MAX_CHOSEN)


def check_days(days: int | None) -> None:
    """Check a number of days; None is for ever. Raises DaysInvalid."""
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise DaysInvalid(limit=MOST_DAYS)


def is_id(text: str) -> bool:
    """Whether a text has the form of an id; if not, there is no need to look it up."""
    return _ID.fullmatch(text) is not None


def parse_integer(text: str) -> int:
    """Parse an integer from a client; "" is 0. Raises EventMalformed."""
    if not re.fullmatch(rf"-?[0-9]{{0,{_DIGITS}}}", text) or text == "-":
        raise EventMalformed()
    return int(text or 0)


def parse_ranges(text: str) -> tuple[tuple[int, int], ...]:
    """Parse [start, end) of each "START-END" in a text from a client. Raises EventMalformed."""
    parts = text.split()
    matches = [_RANGE.fullmatch(part) for part in parts[:MOST_RANGES]]
    found = [(int(match[1]), int(match[2])) for match in matches if match]
    if len(parts) > MOST_RANGES or len(found) < len(parts) or any(start >= end for start, end in found):
        raise EventMalformed()
    return tuple(found)
