"""Counts the other forms of a phrase's last word: a search for "terminate" is exact, and tells of "terminated".

By English endings, which is enough to offer them; each form that is offered is searched for exactly in its turn.
"""

import re
from collections import Counter
from collections.abc import Callable

MOST_FORMS = 6  # offered of one search
_LONGEST = 200  # characters of a phrase that has forms
_STEM = 4  # letters that two forms share at least
# Long endings first, so that "obligations" loses all of its own.
_ENDINGS = (
    *("ations", "ation", "ments", "ment", "ably", "able", "ings", "ing", "ions", "ion", "ers", "er", "ors", "or"),
    *("ies", "ied", "als", "al", "ed", "es", "ly", "e", "s", "y"),
)


def counter_of_forms(phrase: str) -> Callable[[str], "Counter[str]"]:
    """A function that counts, in a text, the forms of the phrase other than itself; in lower case."""
    words = phrase.lower().split()
    last = words[-1] if words and len(phrase) <= _LONGEST else ""
    stem = next(
        (last.removesuffix(end) for end in _ENDINGS if last.endswith(end) and len(last) - len(end) >= _STEM), last
    )
    if len(stem) < _STEM or not re.fullmatch("[a-z]+", last):
        return lambda _text: Counter()
    before = "".join(re.escape(word) + r"\s+" for word in words[:-1])
    pattern = re.compile(rf"\b{before}{stem}(?:{'|'.join(_ENDINGS)})?\b", re.IGNORECASE)
    itself = " ".join(words)

    def count(text: str) -> "Counter[str]":
        found = Counter(" ".join(match[0].lower().split()) for match in pattern.finditer(text))
        del found[itself]
        return found

    return count
