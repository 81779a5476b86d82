"""Puts a question of everyday English into the words of contracts: "get out of this deal" is to terminate it.

`data/plain_words.tsv` has a row for each way of saying: a pattern of whole words, and what contracts say instead. It is
a second reading, for a question that finds nothing as it stands.
"""

import csv
import re
from functools import lru_cache
from pathlib import Path

_TABLE = Path(__file__).parent / "data" / "plain_words.tsv"
_LONGEST = 1_000  # characters of a question that is put into other words


def in_contract_words(question: str) -> str:
    """A question with its everyday words exchanged for those of contracts; as it is where it has none, or is long."""
    if len(question) > _LONGEST:
        return question
    pattern, legal = _table()
    return pattern.sub(lambda match: legal[match.lastgroup or ""], question)


@lru_cache(maxsize=1)
def _table() -> tuple[re.Pattern[str], dict[str, str]]:
    """All patterns as one, in the order of the table, and by the name of each one's group what contracts say."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    patterns = "|".join(f"(?P<_{n}>{row['plain']})" for n, row in enumerate(rows))
    return re.compile(rf"\b(?:{patterns})\b", re.IGNORECASE), {f"_{n}": row["legal"] for n, row in enumerate(rows)}
