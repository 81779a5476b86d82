"""Translates the legal terms of a question in German, French or Spanish into the English ones that search reads.

`data/legal_terms.tsv` has a row a term. A form stands for a whole word; `résili-` also for all that begins with it,
`-vertrag` for all that ends so, as German compounds do. Where several match, the longest does. What is no term is left
out: the words are searched, nothing is translated, and whoever asks is told which words they were.
"""

import csv
import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

_TABLE = Path(__file__).parent / "data" / "legal_terms.tsv"
_ASKS = " …"  # ends the English of a row that asks and says nothing of its own: "how long …"
_LEAST_BARE = 4  # letters, from which on a form is known without its accents, too: "durée", but not "où"
_LONGEST = 1_000  # letters of a question that are looked at
_NUMBER = re.compile(r"\d[\w.,]*")


class _Form(NamedTuple):
    """A form of a term: what it looks like, its letters, and what it is in English; `asks` where it says nothing."""

    pattern: re.Pattern[str]
    letters: int
    english: str
    asks: bool


def legal_terms(question: str, language: str) -> str:
    """The legal terms of a question in English, in its own order: "how long term" of "Wie lange ist die Laufzeit?".

    Empty where it has none, or for a language that the table does not have.
    """
    words = question[:_LONGEST].casefold().replace("’", "'")
    found: dict[int, str] = {match.start(): match[0] for match in _NUMBER.finditer(words)}
    is_asked = True
    for form in _forms().get(language, ()):
        for match in list(form.pattern.finditer(words)):
            found[match.start()] = form.english
            is_asked = is_asked and form.asks
            words = f"{words[: match.start()]}{' ' * len(match[0])}{words[match.end() :]}"
    return "" if is_asked else " ".join(dict.fromkeys(found[at] for at in sorted(found)))


@lru_cache(maxsize=1)
def _forms() -> dict[str, tuple[_Form, ...]]:
    """The forms of each language, the longest first."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {
        language.capitalize(): tuple(
            sorted(
                (
                    _Form(_pattern(form), len(form.strip("-")), row["english"].removesuffix(_ASKS), _asks(row))
                    for row in rows
                    for form in row[language].split("|")
                ),
                key=lambda form: -form.letters,
            )
        )
        for language in rows[0]
        if language != "english"
    }


def _asks(row: dict[str, str]) -> bool:
    return row["english"].endswith(_ASKS)


def _pattern(form: str) -> re.Pattern[str]:
    letters = form.strip("-")
    spelt = [letters, _without_accents(letters)] if len(letters) >= _LEAST_BARE else [letters]
    start = r"(?<!\w)" + (r"\w{0,40}" if form.startswith("-") else "")
    end = (r"\w{0,40}" if form.endswith("-") else "") + ("" if letters.endswith("'") else r"(?!\w)")
    return re.compile(rf"{start}(?:{'|'.join(map(re.escape, dict.fromkeys(spelt)))}){end}")


def _without_accents(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
