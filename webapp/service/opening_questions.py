"""Finds questions to begin with in a matter: each is about a clause that one of its documents has, or about a party.

Nothing is made up: a question stands here only where the heading that it is about stands in the document.
"""

import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import islice

from retrieval import Document, DocumentRecord, Facts, Library, outline

# Each is answered by one section of the sample; tested with the packaged search model.
OF_THE_SAMPLE = (
    "Can the customer end the contract without giving a reason?",
    "What happens if the buyer pays late?",
    "How long does a party have to put right a serious breach?",
)
MOST = 3  # questions
_LOOKED_AT = 3  # documents
_MOST_PAGES = 150  # of a document that is looked at: the outline of one takes .1 s, once
_KEPT = 2_000  # documents whose questions are remembered: the page asks at each poll
_LONGEST_NAME, _LONGEST_HEADING = 60, 60  # characters
# What the heading of a clause is about, and the question that it answers; the first are asked most.
_ABOUT = tuple(
    (re.compile(heading, re.IGNORECASE), question)
    for heading, question in (
        (r"\bterminat(?:e|ion)\b", "How can {} be terminated?"),
        (r"\b(?:base |minimum |annual )?rent\b", "What is the rent under {}?"),
        (r"\bpayments?\b|\bfees?\b|\bpurchase price\b", "What has to be paid under {}, and when?"),
        (r"\blimitations? (?:of|on) liabilit", "How is liability limited under {}?"),
        (r"\brenew(?:al|als)?\b", "How is {} renewed?"),
        (r"\bassign(?:ment|ability)\b", "May {} be assigned?"),
        (r"\bconfidential", "What has to be kept confidential under {}?"),
        (r"\bindemni", "Who indemnifies whom under {}?"),
        (r"\bwarrant(?:y|ies)\b", "What is warranted under {}?"),
        (r"\binsurance\b", "Which insurance does {} require?"),
        (r"\b(?:governing|applicable) law\b|\bchoice of law\b", "Which law governs {}?"),
        (r"\bnotices?\b", "Where are notices under {} to be sent?"),
    )
)


class OpeningQuestions:
    """The questions of the documents of one library; those of a document are found once. Thread-safe."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._known: OrderedDict[tuple[str, int], tuple[str, ...]] = OrderedDict()  # by content and version of its text

    def of(self, ready: Sequence[DocumentRecord]) -> list[str]:
        """Questions that these documents answer, at most MOST: of several documents one each, of one document all."""
        looked_at = [record for record in ready if record.pages and record.pages <= _MOST_PAGES][:_LOOKED_AT]
        facts = self._library.facts_of(looked_at)
        found = []
        for record in looked_at:
            questions = [*self._asked_of(record)]
            if record.id in facts and facts[record.id].parties:
                questions.append("Who are the parties to {}?")
            found.append((called(record, facts.get(record.id), alone=len(ready) == 1), questions))
        return list(islice(_in_turn(found), MOST))

    def _asked_of(self, record: DocumentRecord) -> tuple[str, ...]:
        """The questions of a document; none of one whose text is gone, which a mere look does not have read again."""
        key = (record.id, record.text_version)
        questions = self._known.get(key)
        if questions is None:
            document = self._library.text(record)
            if document is None:
                return ()
            questions = self._known[key] = _find(document)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return questions


def _find(document: Document) -> tuple[str, ...]:
    headings = [
        clause.heading
        for clause in outline(document)
        if clause.heading and clause.depth < 2 and len(clause.heading) <= _LONGEST_HEADING
    ]
    return tuple(question for about, question in _ABOUT if any(about.search(heading) for heading in headings))


def called(record: DocumentRecord, facts: Facts | None, *, alone: bool) -> str:
    """How a question names a document: the only one by its title, one of several by the name of its file."""
    title = " ".join((facts.title if facts else "").split())
    if alone and title and len(title) <= _LONGEST_NAME:
        return f"the {title.title() if title.isupper() else title}"
    return record.name if not alone and len(record.name) <= _LONGEST_NAME else "the document"


def _in_turn(found: Sequence[tuple[str, Sequence[str]]]) -> Iterator[str]:
    """The first question of each document, then the second of each; none is asked in the same words of two."""
    used: set[str] = set()
    left = [(name, list(questions)) for name, questions in found]
    while any(questions for _, questions in left):
        for name, questions in left:
            fresh = next((each for each in questions if each not in used), None)
            if fresh is None:
                questions.clear()
                continue
            questions.remove(fresh)
            used.add(fresh)
            yield fresh.format(name)
