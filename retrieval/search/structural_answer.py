"""Answers a question from the structure of documents: the places of the kinds of question that they can answer.

The chunks that cover the places come before all others, whatever ranking says. What is not there is told, with what is.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, zip_longest

from retrieval.core.documents import Document, Span
from retrieval.core.errors import DocumentNotReady, NoSuchDocument
from retrieval.search.question_kinds import Sign, folded, kinds_of
from retrieval.search.structural_places import Place, Source, absent, printed
from retrieval.structure.chunks import Chunk
from retrieval.structure.clauses import outline
from retrieval.structure.facts import Facts
from retrieval.structure.place_names import named_places
from retrieval.structure.printed_places import printed_places

_MOST_DOCUMENTS = 8  # that are looked into for one question, those that rank best first
# Characters of a long section that come before the other hits where something in it is asked for; half of a prompt.
_MOST_FIRST = 4_000
_LONGEST_PLACE = 1_500  # characters; of a longer one the clause in it that ranks best is the place
# What a question may say beside the name of a place and still ask for nothing but the place.
_ASKS_FOR_THE_PLACE = frozenset(
    "what does do did is are was were s say says state states provide provides read reads cover covers contain "
    "contains include includes require requires about deal deals with there stand stands written the a an in of on at "
    "under from to and please can could would you i me we us show give tell quote find open see display recite explain "
    "describe summarise summarize summary text wording words content contents full whole entire exactly exact number "
    "this that our my agreement contract lease document it its line lines printed stamped bates exhibit testimony "
    "testify testified deposition dep depo tr transcript".split()
)


@dataclass(frozen=True, slots=True)
class StructuralAnswer:
    """The places that answer a question, best first, the first kind it is of, and what is asked for and not there.

    `near` are places beside what is absent. `whole`: the question asks for the places themselves, not for something in
    them.
    """

    kind: str = ""
    places: tuple[Place, ...] = ()
    absent: str = ""
    near: tuple[Place, ...] = ()
    whole: bool = True

    @property
    def only_places(self) -> bool:
        """Whether nothing but the places is asked for, and none is a guess."""
        return self.whole and bool(self.places) and not any(place.guess for place in self.places)

    def spans(self, scores: Mapping[Chunk, float], document_of: Callable[[str], Document]) -> tuple[Span, ...]:
        """The places to be shown: of a long one in which something is asked for, the clause that ranks best."""
        if self.whole:
            return tuple(place.span for place in self.places)
        return tuple(_narrowed(place.span, scores, document_of) for place in self.places)

    def first(self, chunks_of: Callable[[str], Sequence[Chunk]], scores: Mapping[Chunk, float]) -> dict[Chunk, str]:
        """The chunks that cover the places, each with what it is, in the order in which they come before other hits."""
        found: dict[Chunk, str] = {}
        for place in self.places or self.near:
            for chunk in _covering(chunks_of(place.span.document_id), place.span):
                found.setdefault(chunk, place.what)
        return found if self.whole else {chunk: found[chunk] for chunk in _best(found, scores)}


def answer_by_structure(
    wordings: Sequence[str],
    document_ids: Iterable[str],
    document_of: Callable[[str], Document],
    facts_of: Callable[[str], Facts],
    *,
    named: bool = False,
) -> StructuralAnswer:
    """Find the places in the first documents of some: a question may be of several kinds, "who signed it, and when".

    `wordings` of the question, without the names of documents and with them: "Date of the Agreement" is no document.
    `named`: the question names each of the documents, so that what one of them lacks is told although another has it.
    """
    question = next((asked for asked in map(folded, wordings) if kinds_of(asked)), "")
    signs = kinds_of(question)
    if not signs:
        return StructuralAnswer()
    sources = list(islice(_sources(document_ids, document_of, facts_of), _MOST_DOCUMENTS))
    found = [(sign.kind, place) for sign in signs for place in _by_turns(sign, question, sources)]
    if signs[0].kind.find is printed:  # of "Exhibit B, page 2" the page alone
        found = [(kind, place) for kind, place in found if kind.find is printed] or found
    if not found:
        return _nothing(signs[0], question, sources)
    places: list[Place] = []
    for _, place in found:
        if not any(other.span.contains(place.span) for other in places):
            places.append(place)
    whole = _asks_for_the_place(question) or not any(kind.narrowed for kind, _ in found)
    return StructuralAnswer(found[0][0].name, tuple(places), _missing(question, sources, named=named), whole=whole)


def _sources(
    document_ids: Iterable[str], document_of: Callable[[str], Document], facts_of: Callable[[str], Facts]
) -> Iterator[Source]:
    for id_ in document_ids:
        try:
            facts = facts_of(id_)
        except (NoSuchDocument, DocumentNotReady):  # it went meanwhile, or is read again
            continue
        yield Source(facts, partial(document_of, id_))


def _by_turns(sign: Sign, question: str, sources: Sequence[Source]) -> Iterator[Place]:
    """The first place of each document, then the second of each."""
    found = [sign.kind.find(source, question, sign.match) for source in sources]
    return (place for turn in zip_longest(*found) for place in turn if place)


def _missing(question: str, sources: Sequence[Source], *, named: bool) -> str:
    """What is asked for beside what was found, and is not there; said of one document alone, or of those named."""
    if len(sources) == 1:
        gone = absent(sources[0], question)
        return gone.sentence if gone else ""
    each = [(source.document.name, absent(source, question)) for source in sources if named]
    return " ".join(gone.sentence.replace("this document", name) for name, gone in each if gone)


def _nothing(sign: Sign, question: str, sources: Sequence[Source]) -> StructuralAnswer:
    """What is there instead of a place that no document has; empty where one may have it."""
    gone = [(source, absent(source, question)) for source in sources]
    is_printed = sign.kind.find is printed
    if is_printed:  # a document without numbered lines, or of another production, cannot have it
        gone = [(source, each) for source, each in gone if each]
    found = [(source, each) for source, each in gone if each]
    if not found or len(found) < len(gone):
        return StructuralAnswer()
    near = tuple(Place(each.nearest.span, f"nearest: {each.nearest.label()}") for _, each in found if each.nearest)
    source, first = found[0]
    sentence = first.sentence
    if len(found) > 1:
        whole = "the documents that were searched" if is_printed else f"{len(sources)} documents"
        sentence = f"{sentence.partition(' in this document')[0]} in any of {whole}."
    elif is_printed:  # others may have been searched that have no such places
        sentence = sentence.replace("this document", source.document.name)
    return StructuralAnswer(sign.kind.name, (), sentence, near)


def _asks_for_the_place(question: str) -> bool:
    _, rest = named_places(printed_places(question)[1])
    rest = re.sub(
        r"\b(?:first|last|front|final|closing|opening)?\s*pages?\b\s*[\divxl]*", " ", rest, flags=re.IGNORECASE
    )
    return set(re.findall(r"[a-z]+", rest.lower())) <= _ASKS_FOR_THE_PLACE


def _covering(chunks: Sequence[Chunk], span: Span) -> list[Chunk]:
    """The chunks, of a document's in reading order, that hold words of a span."""
    at = max(0, bisect_right(chunks, span.start, key=lambda c: c.span.start) - 1)
    found = []
    for chunk in chunks[at:]:
        if chunk.span.start >= span.end:
            break
        if chunk.span.shared(span):
            found.append(chunk)
    return found


def _best(chunks: Iterable[Chunk], scores: Mapping[Chunk, float]) -> Iterator[Chunk]:
    """As many chunks as may come before the other hits, the best first."""
    room = _MOST_FIRST
    for chunk in sorted(chunks, key=lambda c: -scores.get(c, 0.0)):
        if room < len(chunk.span) and room < _MOST_FIRST:
            return
        room -= len(chunk.span)
        yield chunk


def _narrowed(span: Span, scores: Mapping[Chunk, float], document_of: Callable[[str], Document]) -> Span:
    """The longest clause of a long span that is short enough to be shown and holds the chunk that ranks best."""
    if len(span) <= _LONGEST_PLACE:
        return span
    inside = [chunk for chunk in scores if span.shared(chunk.span)]
    best = max(inside, key=lambda c: scores[c], default=None)
    if best is None:
        return span
    clauses = [c.span for c in outline(document_of(span.document_id)) if span.contains(c.span)]
    holding = [c for c in clauses if c.shared(best.span) and len(c) <= _LONGEST_PLACE]
    return max(holding, key=lambda c: (c.shared(best.span), len(c)), default=span)
