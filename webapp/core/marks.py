"""The marks of statements: for each state and how it was reached a sign, words that say what was checked, and a style.

The one copy of these words: the page, what is copied from it, the command line and `--json` take them from here. A mark
says no more than was checked. Green (`sure`) is kept for what is quoted exactly or was read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

State = Literal["supported", "compared", "computed", "absent", "aside", "unsupported", "uncited"]
Style = Literal["sure", "part", "doubt", "gone"]  # classes of the page's style sheet


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark: `sign` stands after a statement, `words` say what was checked, `meaning` explains it at length.

    A mark without a sign is not shown.
    """

    sign: str
    words: str
    meaning: str
    style: Style

    @property
    def is_doubt(self) -> bool:
        """Whether it says that the documents do not bear the statement out."""
        return self.style == "doubt"

    def told(self, detail: str = "") -> str:
        """Its words with what they are about: "not confirmed: not in the cited passage: $5"."""
        return f"{self.words}: {detail}" if detail and detail != self.words else self.words


MARKS: Mapping[tuple[str, str], Mark] = {
    ("supported", "quoted"): Mark(
        "✓",
        "word for word on the page",
        "These words stand on the cited page as they are quoted here, compared character by character.",
        "sure",
    ),
    ("supported", "read"): Mark(
        "✓",
        "read: the clause says so",
        "A model that reads holds that the statement follows from the cited clause, and its figures, its names and who "
        "must, may or must not act were compared with it. It can err.",
        "sure",
    ),
    ("computed", ""): Mark(
        "=",
        "computed from the page",
        "The figures it starts from stand in the cited clauses, and the result was computed from them, not by a "
        "language model. Nothing read whether the clause calls for this calculation.",
        "part",
    ),
    ("compared", "recognised"): Mark(
        "≈",
        "recognised text, compare with the image",
        "These words, or those that the statement rests on, were recognised in an image of the page, which can go "
        "wrong: compare them with the image.",
        "part",
    ),
    ("compared", ""): Mark(
        "≈",
        "figures and names compared; meaning not read",
        "Figures and dates of the statement stand in the cited passage, the rest of its clause or the definition of a "
        "term, and its names in the document. Nothing has read whether the clause says what the statement says: read "
        "it.",
        "part",
    ),
    ("compared", "words"): Mark(
        "≈",
        "only words compared; meaning not read",
        "The statement has no figure, date or name to compare. It shares words with the cited passage, and no word was "
        "found that says otherwise. Nothing has read whether the clause says what the statement says: read it.",
        "part",
    ),
    ("absent", ""): Mark(
        "○",
        "says that it is not there",
        "The statement says that the documents do not say something. No page can show that; what was searched stands "
        "below the answer.",
        "gone",
    ),
    ("aside", ""): Mark("", "", "A heading, or words that lead to what follows: it states nothing.", "gone"),
    ("unsupported", ""): Mark(
        "!",
        "not confirmed",
        "A figure, a name, a quotation or the sense of the statement was not found in what it cites. The mark says "
        "what is missing.",
        "doubt",
    ),
    ("uncited", ""): Mark(
        "!", "no citation", "The statement cites no passage: nothing was there to compare it with.", "doubt"
    ),
    ("struck", ""): Mark(
        "–", "deleted text", "These words are struck out: they are no part of what the document says.", "gone"
    ),
    ("removed", ""): Mark("–", "document removed", "The document is no longer in the matter.", "gone"),
}
QUOTED, RECOGNISED = MARKS["supported", "quoted"], MARKS["compared", "recognised"]
STRUCK, REMOVED = MARKS["struck", ""], MARKS["removed", ""]
_BEST_FIRST = tuple(MARKS.values())


def mark_for(state: str, how: str = "") -> Mark:
    """The mark of a state; one that is reached in no way of its own has the same mark however it was reached."""
    return MARKS.get((state, how)) or MARKS[state, ""]


def promise(mark: Mark) -> int:
    """How much a mark promises, among the others: `min` by it finds the weakest."""
    return -_BEST_FIRST.index(mark)


def table() -> str:
    """The table of marks, in Markdown, for the documentation."""
    rows = ["| `state` | `how` | mark | meaning |", "|---|---|---|---|"]
    for (state, how), each in MARKS.items():
        if state in get_args(State):
            rows.append(f"| `{state}` | {f'`{how}`' if how else ''} | {each.sign} {each.words} | {each.meaning} |")
    return "\n".join(rows)
