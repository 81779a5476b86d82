"""Reads on in further windows of the same size where the first leaves passages out, and joins what was verified.

first window → passages left out → window → text → sentences that pass their checks → … → one text

For questions whose answer is spread: lists, "all obligations", both ends of a reference. Of a further window only
sentences that cite and pass their checks are kept, and none twice.
"""

import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from retrieval import Chunk, Document, Packed, Passage, Span
from webapp.answers.generate import Delta, Prompted, Terms, Trouble, without_engine, write
from webapp.answers.prompt import Frame, says_not_there
from webapp.core.cpu_pool import run_on_core
from webapp.core.errors import AnswerCut
from webapp.grounding.check import CheckedSentence, check
from webapp.grounding.markers import blank_citation_markers
from webapp.llm.pool import Lease

MOST_WINDOWS = 6  # for one question: all 64 hits of a search, and half a minute of an engine
_TAKEN = 0.5  # of a hit's characters in a passage, from which on it has been read

ASKS_FOR_ALL = re.compile(
    r"\b(?:list|name|give|show|find|identify|state|enumerate|what\s+are)\s+(?:me\s+|us\s+)?(?:all|every|each)\b"
    r"|\b(?:all|every|each)(?:\s+of)?(?:\s+(?:the|my|our|its|their|this|these|those))?(?:\s+[\w’'-]+){0,2}?\s+"
    r"(?:obligations?|dut(?:y|ies)|rights?|deadlines?|dates?|fees?|payments?|amounts?|conditions?|exceptions?"
    r"|restrictions?|grounds?|covenants?|warrant(?:y|ies)|representations?|definitions?|sections?|clauses?|provisions?"
    r"|remed(?:y|ies)|approvals?|consents?|deliverables?|periods?|events?|cases?|circumstances|references?)\b"
    r"|\b(?:complete|full|exhaustive)\s+(?:list|overview|set)\b|\beverything\s+(?:that|the|about|on)\b",
    re.IGNORECASE,
)


def asks_for_all(question: str) -> bool:
    """Whether a question asks for everything of its kind: "List all obligations of the Supplier"."""
    return bool(ASKS_FOR_ALL.search(question))


_SEVERAL = re.compile(
    r"\b(?:in (?:what|which) (?:ways|cases|circumstances|events|situations)"
    r"|(?:on|under) (?:what|which) (?:grounds|conditions|circumstances)"
    r"|(?:what|which) (?:are )?(?:all )?(?:the |its |their )?(?:\w+ )?(?:obligations|duties|payments|conditions|grounds"
    r"|reasons|fees|charges|remedies|restrictions|exceptions|deadlines|requirements|costs|events|consequences|covenants)"
    r"|how (?:can|may|could) (?:[\w’'-]+ ){1,4}(?:end|terminate|cancel|get out|leave))\b",
    re.IGNORECASE,
)


def asks_for_several(question: str) -> bool:
    """Whether several clauses answer a question, each in part: "On what grounds can they terminate?"."""
    return asks_for_all(question) or bool(_SEVERAL.search(question))


FitRest = Callable[[Sequence[Chunk], Terms], tuple[Frame, Packed]]
"""Packs chunks into a prompt for the terms of a language model."""


@dataclass(frozen=True, slots=True)
class ReadSoFar:
    """Event: what was read: the text, the passages of all windows, the number of these, the hits left out."""

    text: str
    passages: tuple[Passage, ...]
    windows: int
    left_out: int


async def read_on(
    first: ReadSoFar, chunks: Sequence[Chunk], fit: FitRest, document_of: Callable[[str], Document], lease: Lease | None
) -> AsyncGenerator[ReadSoFar | Delta | Trouble]:
    """Read the chunks that the first window left out; yields a ReadSoFar after each window, and its Deltas before.

    `lease` is None where no language model is asked: then the passages alone are joined. If one fails, what was read
    stays. Raises QuestionTooLong.
    """
    read = first
    while read.windows < MOST_WINDOWS and (rest := _left_out(chunks, read.passages)):
        packing = _Numbered(fit, rest, len(read.passages))
        prompted, draft, trouble = None, "", None
        if lease is None:
            prompted = await without_engine(packing)
        else:
            yield Delta("\n")
            async with aclosing(write(lease, packing, lambda packed: bool(packed.passages))) as events:
                async for event in events:
                    match event:
                        case Prompted():
                            prompted = event
                        case Delta():
                            draft = event.after(draft)
                            yield event
                        case Trouble() if isinstance(event.error, AnswerCut):
                            yield event
                        case Trouble():
                            trouble = event
        if prompted is None or not prompted.packed.passages:
            return
        kept = await run_on_core(_verified, draft, prompted.packed.passages, read, document_of)
        passages = (*read.passages, *prompted.packed.passages)
        text = "\n".join([*([] if _says_nothing(read.text) and kept else [read.text]), *kept])
        read = ReadSoFar(text, passages, read.windows + 1, len(_left_out(chunks, passages)))
        yield read
        if trouble is not None:
            yield trouble
            return


@dataclass(frozen=True, slots=True)
class _Numbered:
    """Packs what is left out, its passages numbered after those that have been read."""

    fit: FitRest
    rest: Sequence[Chunk]
    after: int

    def __call__(self, terms: Terms) -> tuple[Frame, Packed]:
        frame, packed = self.fit(self.rest, terms)
        passages = tuple(replace(passage, n=passage.n + self.after) for passage in packed.passages)
        return frame, replace(packed, passages=passages)


def _left_out(chunks: Sequence[Chunk], passages: Sequence[Passage]) -> list[Chunk]:
    """The chunks of which passages hold less than half."""
    spans = [span for passage in passages for span in passage.spans]
    return [c for c in chunks if sum(c.span.shared(span) for span in spans) < _TAKEN * len(c.span)]


def _verified(
    draft: str, passages: Sequence[Passage], read: ReadSoFar, document_of: Callable[[str], Document]
) -> list[str]:
    """Sentences of a draft that cite and pass their checks, and say or quote nothing that was said or quoted before."""
    documents = {id_: document_of(id_) for id_ in {passage.document_id for passage in (*read.passages, *passages)}}
    before = check(read.text, read.passages, documents).sentences
    said, quoted = {_plain(sentence) for sentence in before}, [span for each in before for span in _quoted(each)]
    kept = []
    for sentence in check(draft, passages, documents).sentences:
        spans = _quoted(sentence)
        is_new = _plain(sentence) not in said and not any(span.shared(other) for span in spans for other in quoted)
        if sentence.supported and sentence.cites and is_new:
            kept.append(sentence.text.strip())
            said.add(_plain(sentence))
            quoted += spans
    return kept


def _quoted(sentence: CheckedSentence) -> list[Span]:
    return [part for quote in sentence.quotes if quote.match for part in quote.match.parts]


def _plain(sentence: CheckedSentence) -> str:
    return " ".join(re.findall(r"\w+", blank_citation_markers(sentence.text).lower()))


def _says_nothing(text: str) -> bool:
    return says_not_there(text) or not text.strip().rstrip(".")
