"""How long what a user types, and what a client names, may be; checked before anything is made of it.

The page, the commands' routes and the command line meet these limits alike, for `access`, `verbs` and `desk` ask here
first: to normalise, search or tokenise a text of megabytes takes minutes that everyone waits for.
"""

import math
import re
from collections.abc import Collection

from webapp.core.errors import EmptyQuestion, EventMalformed, NameTooLong, NotText, TooManyChosen, WordsTooLong

WORDS = 8_000  # characters of a question or a phrase: three pages, and half of the window of the model that is served
NAME = 255  # characters of a matter's or a document's name, as the records hold them
FILES_AT_ONCE = 40  # in one upload, each as large as the settings allow
CHOSEN = 20_000  # documents that are named at once: as many as a user may have unless set otherwise
_DIGITS = 9  # of a number: more than any page, passage or zoom has
_ID = re.compile(r"[0-9A-Za-z]{1,64}")  # 32 hex digits of matters, conversations and turns, 64 of documents
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")  # no database takes them, and no keyboard has them


def check_length(words: str) -> None:
    """Let words pass that may become a question or a phrase. Raises WordsTooLong."""
    if len(words) > WORDS:
        raise WordsTooLong(characters=len(words), limit=WORDS)


def check_words(words: str) -> None:
    """Let a question or a phrase pass. Raises WordsTooLong, EmptyQuestion or NotText."""
    check_length(words)
    if not words.strip():
        raise EmptyQuestion()
    if _NOT_TEXT.search(words):
        raise NotText()


def check_name(name: str) -> None:
    """Let pass what names a matter or a document, or is to be its name; an id is one too. Raises NameTooLong or NotText."""
    if len(name) > NAME:
        raise NameTooLong(characters=len(name), limit=NAME)
    if _NOT_TEXT.search(name):
        raise NotText()


def check_chosen(ids: Collection[str]) -> None:
    """Let a list of documents pass by how many there are; whose they are is asked later. Raises TooManyChosen."""
    if len(ids) > CHOSEN:
        raise TooManyChosen(count=len(ids), limit=CHOSEN)


def is_id(said: str) -> bool:
    """Whether this can be the id of anything: what cannot is not even looked for."""
    return _ID.fullmatch(said) is not None


def whole_number(said: str) -> int:
    """A whole number that a client says, "" being 0. Raises EventMalformed."""
    if not re.fullmatch(rf"-?[0-9]{{0,{_DIGITS}}}", said) or said == "-":
        raise EventMalformed()
    return int(said or 0)


def decimal(said: str) -> float:
    """A number that a client says. Raises EventMalformed, also for what is not finite."""
    try:
        number = float(said) if len(said) <= 2 * _DIGITS else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise EventMalformed()
    return number
