"""Reads a question: its kind, whether it leans on the question before it (ellipsis), and the queries to search for it.

A question stands alone unless it cannot: only one that says nothing of its own is joined with the question before it
at once. Where it might be either, both queries are searched and the better one wins (`retrieve`).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from webapp.answers.history import Turn
from webapp.answers.kinds import COURTESY, PAPER, KindName, kind_of

ReadAs = (
    KindName
    | Literal[
        "own",  # searched as it stands
        "with_last_question",  # joined with the question before it
        "last_question_elsewhere",  # the question before it, asked of other documents
        "of_last_documents",  # searched as it stands in the document of the last answer
        "two_parts",
    ]
)


Leaning = Literal["stands alone", "may lean", "leans"]


@dataclass(frozen=True, slots=True)
class Reading:
    """A question as it was read: its kind, its words without courtesies, and whether it leans on the one before it.

    `sure`: the confidence from which on one that may lean is read alone. `parts`: the halves of a two-part question,
    each a question. `phrase`: that whose mentions are counted. `keeps_documents`: it is asked of the documents of the
    last answer unless it names others.
    """

    kind: KindName
    question: str
    leaning: Leaning = "stands alone"
    sure: float = 0.0
    parts: tuple[str, ...] = ()
    phrase: str = ""
    keeps_documents: bool = False

    @property
    def needs_no_search(self) -> bool:
        """Whether it is answered from the library."""
        return self.kind in ("greeting", "help", "library", "mentions", "summary")


def read_question(question: str, history: Sequence[Turn] = (), documents: int = 1) -> Reading:
    """Read a question in its conversation, with so many documents in scope."""
    asked = _LED_BY_COURTESY.sub("", question).strip() or question
    kind, phrase = kind_of(asked, has_turn=bool(history), documents=documents)
    if kind != "question":
        return Reading(kind, asked, phrase=phrase, keeps_documents=kind in ("summary", "about_last_answer"))
    if parts := two_parts(asked):
        return Reading(kind, asked, parts=parts)
    if not history:
        return Reading(kind, asked)
    lean, sure, points_back = _lean(asked)
    keeps = points_back or (lean == "stands alone" and bool(_THE_CONTRACT.search(asked)))
    return Reading(kind, asked, lean, sure, keeps_documents=keeps)


# Leaning

_LED_BY_COURTESY = re.compile(rf"^\s*(?:{COURTESY}\s*[,.!;:–-]+\s*)+(?=\S*\w.*\w)", re.IGNORECASE)
_BEFORE_PRONOUN = (
    r"(?:is|are|was|were|do|does|did|can|could|will|would|shall|should|may|must|has|have|of|for|after|before|than|with"
    r"|without|about|in|on|to|by|from|under|like|as|if|when|unless|until|and|but|or|even)"
)
# What was said before, in a word. "this agreement" is no such word, nor is the "that" of "the fee that is due"; a bare
# "this" is the document.
_BACK = re.compile(
    rf"\b(?:{_BEFORE_PRONOUN}\s+that(?!\s+(?:\w+\s+)?{PAPER}\b)|that(?=\s*(?:[?,.;!]|$|too\b|anyway\b|happen))"
    rf"|this(?=\s*[?.!]*$)|this\s+(?!(?:is|are|was|to|be|been|can|may|must|shall|will|end|last|run|renew|expire|start"
    rf"|(?:\w+\s+)?(?:{PAPER}|part(?:y|ies)))\b)|(?:these|those)(?!\s+(?:\w+\s+)?(?:{PAPER}|part(?:y|ies))\b)|such"
    r"|(?:the )?same|the (?:former|latter|rest|remainder|others)"
    r"|(?:then|there|otherwise|instead)(?=\s*[?.!]*$)"
    r"|(?:counts?|appl(?:y|ies)|qualif(?:y|ies))(?: too| as well| here)?(?=\s*[?.!]*$))\b",
    re.IGNORECASE,
)
_IT = re.compile(r"\b(?:it|its|he|she|him|his|hers?)\b", re.IGNORECASE)
_THEY = re.compile(r"\b(?:they|them|their|theirs)\b", re.IGNORECASE)
_NAMES_SOMETHING = re.compile(r"\b(?:an?|the|our|any|each|every|no|some(?:one|body)|any(?:one|body))\s", re.IGNORECASE)
_CONTINUES = re.compile(
    r"^\s*(?:and|or|but|so|also|then|even|only|except|unless|what about|how about|what if|same)\b",
    re.IGNORECASE,
)
_ASKS = (
    r"(?:who|whom|whose|what|when|where|which|how|why|is|are|was|were|does|do|did|can|could|may|must|shall|should|will"
    r"|would|has|have)"
)
# A piece of a question: "For which territory?", "How much notice?", "Even to an affiliate?", "And if it is renewed?"
_PIECE = re.compile(
    rf"\s*(?:(?:and|but|or|so)\s+)?(?:(?:even|except|only|unless|if|for|to|in|on|at|after|before|within|with|without"
    rf"|until|since|from|under|by|during|throughout|through|towards?|against|via)\b"
    rf"(?:\s+(?:what|which|whose|whom|how|when)\b)?|(?P<short>how (?:much|many|long|often"
    rf"|far|soon)|any))\b(?!.*\b{_ASKS}\b)",
    re.IGNORECASE,
)
# "And if it is renewed?", "Can they still do so?", "And the customer?"
_GOES_ON = re.compile(
    r"^\s*(?:(?:and|or|but|so|even|what (?:if|about))\s(?!(?:who|which)\b).*\b(?:it|they|he|she)\b"
    r"|(?:and|or|but|also)\s+(?:(?:the"
    r"|our|their|an?)\s+)?"
    r"[\w’'-]+\s*[?.!]*$)|\b(?:it|they|he|she)\s.*\b(?:also|too|still|as well)\b|\b(?:it|they)\s+also\b"
    r"|\b(?:it|that|this)\s+(?:any\s+)?different\b",
    re.IGNORECASE,
)
_THE_CONTRACT = re.compile(r"\b(?:this|that|the(?: same)?) (?:contract|agreement|document|deal)\b", re.IGNORECASE)
# "And what is the notice period?"
_WHOLE = re.compile(r"^\s*(?:and|but|so|also)\s+(?:what|which|who)\s+(?:is|are|was|were)\s+the\s", re.IGNORECASE)
# What every contract has: a question about it says what it is about.
_ITSELF = re.compile(rf"\b(?:{PAPER}|part(?:y|ies))\b", re.IGNORECASE)
# An aspect of what was asked before, which says nothing of its own: "Are there exceptions?"
_ASPECT = re.compile(
    r"\b(?:exceptions?|exclusions?|limits?|limitations?|conditions?|consequences?|requirements?|details?|amounts?"
    r"|deadlines?|penalt(?:y|ies)|reasons?|formalities|procedures?|remed(?:y|ies)|costs?|percentages?|rates?|caps?|steps?|criteria|maximums?"
    r"|minimums?|ceilings?|thresholds?|discounts?|extensions?|sanctions?)\b",
    re.IGNORECASE,
)
_BRIEF = re.compile(rf"^(?!.*\b(?:{PAPER}|part(?:y|ies)|an?|the|our|any|each|every|no)\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign that a question with at most so many content words leans on the one before it.

    `sure`: the confidence from which on such a question is read alone, whatever it finds joined; from labelled
    contracts, of which questions of their own and follow-ups were asked. None: it is always joined. `explained`: it is
    none where the question itself names what the word stands for. `points_back`: it speaks of what was said before, and
    so of its documents.
    """

    pattern: re.Pattern[str]
    most_content: int
    sure: float | None
    explained: bool = False
    points_back: bool = True


_SIGNS = (
    Sign(_BACK, 3, None),
    Sign(_GOES_ON, 4, None),
    Sign(_CONTINUES, 4, 0.95),
    Sign(_IT, 3, 0.9, explained=True),
    Sign(_THEY, 2, 0.5, explained=True, points_back=False),
    Sign(_ASPECT, 1, 0.9, points_back=False),
    Sign(_BRIEF, 1, 0.9, points_back=False),
)
_MOST_CONTENT, _MOST_WITH_CONTINUATION = 1, 4  # content words of a piece of a question
_LEAST_WHOLE = 2
_STOP_WORDS = frozenset(
    (
        "a about after again agreement agreements all also an and any anybody anyone apply are as at be been before "
        "being but by can contract contracts could deal did do does document each else even ever every far for from "
        "get give given got had happen happens has have how i if in is it its just kind less long many may me might "
        "more most much must my need no not of often on once one only or other our over own part parties party "
        "please reason same say says shall should side sides so some somebody someone soon still take tell than "
        "that the their them then there these they thing things this those time to too under up upon us was we were "
        "what when where which while who whom whose why will with within would yes you your"
    ).split()
)


def leaning(question: str) -> Leaning:
    """Whether a question leans on the one before it, by its words alone."""
    return _lean(question)[0]


def _lean(question: str) -> tuple[Leaning, float, bool]:
    """Whether a question leans; if it may, from what confidence on it stands alone, and whether it points back."""
    content, piece = len(content_words(question)), _PIECE.match(question)
    if piece and content <= (_MOST_CONTENT if piece["short"] else _MOST_WITH_CONTINUATION):
        return "leans", 0, True
    itself = bool(_ITSELF.search(question))
    if _WHOLE.match(question) and content >= _LEAST_WHOLE and not _BACK.search(question):
        return "stands alone", 0, False
    for sign in _SIGNS:
        if sign.pattern.search(question) and not (sign.explained and _explained(sign.pattern, question)):
            if content <= sign.most_content:
                may_stand = sign.sure is not None and (content or itself)
                return ("may lean" if may_stand else "leans"), sign.sure or 0, sign.points_back
            break
    if content or itself:
        return "stands alone", 0, False
    return "leans", 0, True


def _explained(pronoun: re.Pattern[str], question: str) -> bool:
    """Whether a pronoun stands in a question that names something before it."""
    found = pronoun.search(question)
    return bool(found and _NAMES_SOMETHING.search(question[: found.start()]))


def content_words(question: str) -> list[str]:
    """The words of a question that say what it is about."""
    words = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", question.lower())
    return [word for word in words if word not in _STOP_WORDS and not word.endswith(("n't", "n’t"))]


# Two parts

_ASKS_ANEW = rf"(?:{_ASKS}|(?:under|by|for|to|in|on|at|from)\s+(?:wh\w+|how))"
_SECOND_QUESTION = re.compile(
    rf"(?:\s*[?;]\s+(?:and\s+|also,?\s+)?|\s*,?\s+and(?:\s+also)?\s+)(?={_ASKS_ANEW}\b)"
    r"|\s*[?;]\s+(?=and\s+(?:the|our|their|its)\s)",
    re.IGNORECASE,
)
# "What are the notice period and the governing law?", "Tell me the term, the rent and the deposit."
_THING = r"(?:the|our|their|its)\s+(?:[\w’'-]+\s*){1,5}?"
_THINGS = re.compile(
    r"^(?P<asks>(?:what|who)\s+(?:is|are|was|were)|(?:please\s+)?(?:tell|give|show)\s+me|(?:please\s+)?(?:state|name|list))\s+"
    rf"(?P<things>{_THING}(?:,\s*{_THING})*,?\s*\b(?:and|as\s+well\s+as)\s+(?:(?:what|who)\s+(?:is|are)\s+)?{_THING})\W*$",
    re.IGNORECASE,
)
_BETWEEN_THINGS = re.compile(
    r"\s*,?\s+(?:and|as\s+well\s+as)\s+(?:(?:what|who)\s+(?:is|are)\s+)?|\s*,\s*", re.IGNORECASE
)
# "And the delivery time?" after "What is the price?"
_ONE_MORE = re.compile(rf"^\W*and\s+(?P<thing>{_THING})\W*$", re.IGNORECASE)
_ASKS_WHAT_IS = re.compile(r"^(?P<asks>(?:what|who)\s+(?:is|are|was|were))\s+(?:the|our|their|its)\b", re.IGNORECASE)


def two_parts(question: str) -> tuple[str, ...]:
    """The parts of a question of two or more, each a question that stands alone; empty for any other.

    A piece that leans on the one before it belongs to that part.
    """
    parts: list[str] = []
    for piece in pieces(question):
        if parts and leaning(piece) != "stands alone":
            parts[-1] = f"{parts[-1]} {piece}"
        else:
            parts.append(piece)
    return tuple(parts) if len(parts) > 1 and leaning(parts[0]) == "stands alone" else ()


def pieces(question: str) -> Iterator[str]:
    """The questions that one question puts, as they stand: a later one may lean on the first, "by when?"."""
    if things := _THINGS.match(question.strip()):
        for thing in _BETWEEN_THINGS.split(things["things"].strip()):
            is_asked = things["asks"].lower().startswith("wh")
            yield f"{things['asks'] if is_asked else 'What are' if thing.endswith('s') else 'What is'} {thing}?"
        return
    asked = _ASKS_WHAT_IS.match(question.strip())
    for piece in _SECOND_QUESTION.split(question.strip()):
        if asked and (more := _ONE_MORE.match(piece)):
            yield f"{asked['asks']} {more['thing'].strip()}?"
        else:
            yield piece if piece.endswith("?") else f"{piece.rstrip(' .')}?"
