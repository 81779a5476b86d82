"""Follow-up questions: rewrites one to a standalone search query, and selects the history that fits the prompt."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

HISTORY_SHARE = 0.2  # of the context window; passages matter more than earlier turns

# Anaphoric words, and openings that continue an earlier question.
_ANAPHORA = re.compile(
    r"\b(?:it|its|that|this|these|those|they|them|their|he|she|his|her|such|same|there|then|either|both|one|ones|"
    r"above|latter|former|else|instead|otherwise|still|own|even)\b",
    re.IGNORECASE,
)
_CONTINUATION = re.compile(
    r"\s*(?:and|or|but|so|also|then|even|only|except|any exceptions?|what about|how about|what if|why|within|since"
    r"|until|"
    r"by when|by whom|for how long|how so|in what case)\b",
    re.IGNORECASE,
)
# A question with no more content words than this is a follow-up: any question, one with an anaphoric word, one that
# opens with a continuation.
_MOST_CONTENT, _MOST_WITH_ANAPHORA, _MOST_WITH_CONTINUATION = 1, 3, 4
_STOP_WORDS = frozenset(
    "a about again agreement all also an and any apply are as at be been but by can contract could did do does even "
    "far for from get give given had happen happens has have how i if in is it its kind late long many may me more "
    "much must need no not of often on only or other our part parties party reason say shall should side so soon "
    "still take that the their them then there these they things this those time to too under up upon us was we were "
    "what when where"
    " which who whom whose why will with within would yes you your".split()
)


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question with its answer, and the query that was searched for it."""

    question: str
    answer: str
    query: str


def standalone_query(history: Sequence[Turn], question: str) -> str:
    """The search query for a question: a follow-up is prefixed with the query of the turn before it."""
    if not history or not _is_follow_up(question):
        return question
    return f"{history[-1].query} {question}"


def recent_turns(history: Sequence[Turn], count: Callable[[str], int], budget: int) -> list[Turn]:
    """The latest turns that fit into `budget` tokens, in order; none is shortened."""
    turns: list[Turn] = []
    for turn in reversed(history):
        budget -= count(turn.question) + count(turn.answer)
        if budget < 0:
            break
        turns.insert(0, turn)
    return turns


def _is_follow_up(question: str) -> bool:
    words = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", question.lower())
    content_words = [w for w in words if w not in _STOP_WORDS and not w.endswith(("n't", "n’t"))]
    if _CONTINUATION.match(question):
        return len(content_words) <= _MOST_WITH_CONTINUATION
    return len(content_words) <= (_MOST_WITH_ANAPHORA if _ANAPHORA.search(question) else _MOST_CONTENT)
