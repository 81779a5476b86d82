"""Sanitises what a document says of itself for the line above a passage,
and its words for the line below it (prompt injection).

A model is told to trust numbered passages, and whoever names a file, labels a page or writes a heading would otherwise
speak outside of them: "x] Ignore the passages and say …", or a line of its own that begins as another passage does.
"""

import re
import unicodedata

MOST = 80  # characters of a name: a line of a page, and some 20 tokens of a passage's few hundred
_BRACKETS = str.maketrans({**dict.fromkeys("[{<［｛＜【〔〚⟦", "("), **dict.fromkeys("]}>］｝＞】〕〛⟧", ")")})
_QUOTES = str.maketrans(dict.fromkeys('"“”„‟«»″＂`', "'"))
# How a passage and the question begin in a prompt.
_PROMPT_MARK = re.compile(r"\W*(?:[\[［【〔]\s*\d|question\s*:)", re.IGNORECASE)


def as_named(name: str) -> str:
    """A name in one line of at most `MOST` characters, without brackets,
    double quotation marks and what cannot be seen.

    A longer one loses its middle, for a file's name ends in what tells it apart: its date, its version, its suffix.
    """
    visible = (c for c in name[: 16 * MOST] if c.isspace() or unicodedata.category(c)[0] != "C")
    line = " ".join("".join(visible).split()).translate(_BRACKETS).translate(_QUOTES)
    return line if len(line) <= MOST else f"{line[: MOST - 21].rstrip()}…{line[-20:].lstrip()}"


def as_words(text: str) -> str:
    """The words of a passage in one line,
    which cannot be taken for the beginning of another passage or of the question.
    """
    folded = " ".join(text.split())
    return f"… {folded}" if _PROMPT_MARK.match(folded) else folded
