"""What was said before: the query a follow-up means, and as much of the history as its share of the window holds."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

HISTORY_SHARE = 0.2  # of the window; passages matter more than what was said before

# Words that point back at something said before, and openings that only go on with it.
_POINTS_BACK = re.compile(
    r"\b(?:it|its|that|this|these|those|they|them|their|he|she|his|her|such|same|there|then|either|both|one|ones|"
    r"above|latter|former|else|instead|otherwise)\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"\s*(?:and|or|but|so|also|then|what about|how about|what if|why|why not|how so|how much|how many|how long|when|"
    r"who|by when|by whom|for how long|since when|until when|in what case|even if|only|except|any exceptions?)\b",
    re.IGNORECASE,
)
_FEW_WORDS = 4  # a question of fewer words of weight than this says too little on its own after "and"
_LIGHT = frozenset(
    [
        "a",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "can",
        "could",
        "do",
        "does",
        "for",
        "from",
        "had",
        "has",
        "have",
        "how",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "may",
        "me",
        "must",
        "need",
        "of",
        "on",
        "or",
        "our",
        "shall",
        "should",
        "so",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "to",
        "under",
        "upon",
        "us",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "whom",
        "whose",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "about",
        "much",
        "many",
        "long",
        "other",
        "same",
        "party",
        "parties",
        "side",
        "agreement",
        "contract",
        "apply",
        "happens",
        "happen",
    ]
)


@dataclass(frozen=True, slots=True)
class Turn:
    """One question with its answer, and the query it was searched by."""

    question: str
    answer: str
    query: str


def standalone(history: Sequence[Turn], question: str) -> str:
    """The query that a question means after what was said: a follow-up is searched together with what it follows."""
    if not history or not _leans_back(question):
        return question
    return f"{history[-1].query} {question}"


def recent(history: Sequence[Turn], count: Callable[[str], int], budget: int) -> list[Turn]:
    """The latest turns that fit `budget` tokens whole, in order."""
    kept: list[Turn] = []
    for turn in reversed(history):
        budget -= count(turn.question) + count(turn.answer)
        if budget < 0:
            break
        kept.insert(0, turn)
    return kept


def _leans_back(question: str) -> bool:
    weighty = [w for w in re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", question.lower()) if w not in _LIGHT]
    if len(weighty) < 2:
        return True
    points_back = bool(_POINTS_BACK.search(question))
    return (points_back or bool(_GOES_ON.match(question))) and len(weighty) < _FEW_WORDS
