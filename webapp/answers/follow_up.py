"""What was said before: the query a follow-up means, and as much of the history as its share of the window holds."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

HISTORY_SHARE = 0.2  # of the window; passages matter more than what was said before

# Words that point back at something said before, and openings that only go on with it.
_POINTS_BACK = re.compile(
    r"\b(?:it|its|that|this|these|those|they|them|their|he|she|his|her|such|same|there|then|either|both|one|ones|"
    r"above|latter|former|else|instead|otherwise|still|own|even)\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"\s*(?:and|or|but|so|also|then|even|only|except|any exceptions?|what about|how about|what if|why|within|since|until|"
    r"by when|by whom|for how long|how so|in what case)\b",
    re.IGNORECASE,
)
# A question of no more words of weight than this says too little on its own: after nothing, a word that points back, or
# an opening that goes on.
_ALONE, _POINTING, _GOING_ON = 1, 3, 4
_LIGHT = frozenset(
    "a about again agreement all also an and any apply are as at be been but by can contract could did do does even far"
    " for from get give given had happen happens has have how i if in is it its kind late long many may me more much must"
    " need no not of often on only or other our part parties party reason say shall should side so soon still take that"
    " the their them then there these they things this those time to too under up upon us was we were what when where"
    " which who whom whose why will with within would yes you your".split()
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
    words = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", question.lower())
    weighty = [w for w in words if w not in _LIGHT and not w.endswith(("n't", "n’t"))]
    if _GOES_ON.match(question):
        return len(weighty) <= _GOING_ON
    return len(weighty) <= (_POINTING if _POINTS_BACK.search(question) else _ALONE)
