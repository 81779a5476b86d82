"""Retrieves passages for a question as it was read: alone or with the question before it, as two halves, or the last.

Where a question may lean on the one before it both queries are searched, and the surer one leads. A question that leans
is asked of the documents of the last answer, unless it names others or all.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, zip_longest

from retrieval import Chunk, Hit, Results, Route, Searcher, Span
from webapp.answers.history import Turn
from webapp.answers.reading import ReadAs, Reading, content_words

# Of confidence, to what all documents have, that the last answer's may lack and be asked again: any question, and one
# about "the contract".
_MAY_LACK, _MAY_LACK_IF_MEANT = 0.15, 0.5
LAST_ANSWER = "passage of the last answer"  # why it is there
_EVERYWHERE = re.compile(
    r"\b(?:all|any|each|every|other)(?: of)?(?: the| my| our| these| those)?(?: other)? (?:documents?|contracts?"
    r"|agreements?|leases?|files?|deals?)\b|\b(?:every(?:where|thing)|elsewhere|anywhere)\b"
    r"|\bin (?:all|any) of them\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What was retrieved for a question, and how the question was read.

    `searches`: one, or one for each half of a two-part question; none where the passages are those of the last answer,
    of which `cited` are then the citations. `query` is what was searched in the documents with the ids `document_ids`.
    `wider`: the first search found nothing, so a second, wider one followed. `missed`: the halves of the question for
    which nothing was found, where something was for another. `own`: the words of a question that was joined with the
    one before it, where they say something of their own; `lost`: alone, they are likelier not to be there.
    """

    searches: tuple[Results, ...]
    query: str
    read_as: ReadAs
    document_ids: tuple[str, ...]
    hits: tuple[Hit, ...]
    wider: bool = False
    missed: tuple[str, ...] = ()
    own: str = ""
    lost: bool = False
    cited: tuple[Span, ...] = ()

    @property
    def found(self) -> bool:
        """Whether any search counts as found."""
        return not self.searches or any(results.found for results in self.searches)

    @property
    def doubtful(self) -> bool:
        """Whether it is likelier that the documents do not speak of it."""
        return self.lost or (bool(self.searches) and all(results.doubtful for results in self.searches))

    @property
    def whole(self) -> bool:
        """Whether the hits are all that the documents say."""
        return bool(self.searches) and all(results.whole for results in self.searches)

    @property
    def absent(self) -> str:
        """What was asked for by its place and is not there, as a sentence."""
        return next((results.absent for results in self.searches if results.absent), "")

    @property
    def language(self) -> str:
        """The language of the question, where it is not the English that search reads."""
        return next((results.language for results in self.searches if results.language), "")

    @property
    def translated(self) -> bool:
        """Whether legal terms of a question in another language were searched in English."""
        return any(results.terms for results in self.searches)

    @property
    def close(self) -> tuple[str, ...]:
        """Ids of the documents that all fit a name in the question."""
        return next((results.route.close for results in self.searches if results.route.close), ())


@dataclass(frozen=True, slots=True)
class Retriever:
    """Searches the documents of one matter that are in scope."""

    searcher: Searcher
    matter_id: str
    document_ids: tuple[str, ...]

    def retrieve(self, reading: Reading, history: Sequence[Turn]) -> Retrieved:
        """Retrieve passages for a question in its conversation."""
        last = history[-1] if history else None
        if last and reading.kind == "about_last_answer" and (again := self._again(last)):
            return again
        if reading.parts:
            return self._parts(reading)
        if last is None:
            return self._rather(reading.question, "own")
        return self._in_conversation(reading, last)

    def documents(self, reading: Reading, history: Sequence[Turn]) -> tuple[str, ...]:
        """The documents that a question is about which needs no search: those it names, the last answer's, or all."""
        keeps = reading.keeps_documents and not _EVERYWHERE.search(reading.question)
        before = history[-1].document_ids if history and keeps else ()
        kept = tuple(id_ for id_ in before if id_ in self.document_ids)
        return self._named(reading.question) or kept or self.document_ids

    def _one(self, query: str, read_as: ReadAs, document_ids: tuple[str, ...], own: str = "") -> Retrieved:
        """Search for one query, of which `own` is asked now; if that finds nothing relevant, search wider once."""
        search = partial(self.searcher.search, self.matter_id, query, document_ids, own=own)
        results, wider = search(), False
        if not (results.found or results.absent):
            results, wider = search(wide=True), True
        ids = results.route.document_ids or document_ids
        return Retrieved((results,), results.as_searched(query), read_as, ids, results.hits, wider)

    def _parts(self, reading: Reading) -> Retrieved:
        """Search for each half of a question: a document that one half names is asked for the other, too, unless it is
        found much more surely elsewhere. A half that is but another name asks what the half before it does.
        """
        whole = reading.question
        named = [self._named(part) for part in reading.parts]
        meant = self._route(whole).meant
        parts: list[Retrieved] = []
        asked = ""
        for part, ids in zip(reading.parts, named, strict=True):
            bare = self._without_name(part) if ids else part
            is_name = bool(ids and asked) and not content_words(bare)
            asked = asked if is_name else bare
            others = () if ids else tuple(id_ for of_part in named for id_ in of_part)
            half = asked if is_name else part
            parts.append(self._one(half, "two_parts", ids) if ids else self._rather(half, "two_parts", others or meant))
        found = any(part.found for part in parts)
        return Retrieved(
            tuple(results for part in parts for results in part.searches),
            whole,
            "two_parts",
            tuple(dict.fromkeys(id_ for part in parts for id_ in part.document_ids)),
            _in_turns([part.hits for part in parts]),
            all(part.wider for part in parts),
            tuple(part.query for part in parts if found and not part.found),
        )

    def _rather(self, query: str, read_as: ReadAs, ids: tuple[str, ...] | None = None) -> Retrieved:
        """Search in the documents that a question probably means, if any, unless others say it far more surely.

        `ids`: those that are meant; None for those that the search finds to be.
        """
        everywhere = self._one(query, read_as, self.document_ids)
        (in_all,) = everywhere.searches
        meant = in_all.route.meant if ids is None else ids
        if not meant or len(meant) == len(self.document_ids):
            return everywhere
        here = self._one(query, read_as, meant)
        (in_these,) = here.searches
        stays = in_these.found and in_these.confidence >= in_all.confidence - _MAY_LACK_IF_MEANT
        return here if stays else everywhere

    def _in_conversation(self, reading: Reading, last: Turn) -> Retrieved:
        own = reading.question
        before = tuple(id_ for id_ in last.document_ids if id_ in self.document_ids)
        route = self._route(own)
        named = (route.document_ids or ()) if len(self.document_ids) > 1 else ()
        meant = () if named or _EVERYWHERE.search(own) else route.meant
        if meant and not set(meant) <= set(before):  # it speaks of a party to another one
            return self._rather(own, "own", meant)
        before = meant or before
        if named or not before or _EVERYWHERE.search(own):
            before = named or self.document_ids
        alone = (
            partial(self._one, own, "own", self.document_ids) if named else partial(self._alone, reading, last, before)
        )
        if reading.leaning == "stands alone":
            return alone()
        asked_before = self._without_name(last.query) if named or _EVERYWHERE.search(own) else last.query
        if named and not content_words(self._without_name(own)):
            return self._one(asked_before, "last_question_elsewhere", before)
        asks = own if reading.leaning == "may lean" else ""  # a mere piece is of the kind that was asked before
        joined = self._one(f"{asked_before} {own}", "with_last_question", before, asks)
        joined = replace(joined, own=own if content_words(own) else "")
        return joined if reading.leaning == "leans" else self._surer(reading, alone(), joined)

    def _surer(self, reading: Reading, alone: Retrieved, joined: Retrieved) -> Retrieved:
        """Of a question alone and with the one before it, the surer reading; its hits come first, in turns."""
        results = alone.searches[0]
        is_sure = results.confidence >= reading.sure or bool(results.places or results.absent)
        if not alone.wider and (is_sure or joined.wider):
            return replace(alone, hits=_in_turns([alone.hits, joined.hits]))
        lost = bool(joined.own) and alone.doubtful  # what was asked before may be all that is found
        return replace(joined, hits=_in_turns([joined.hits, alone.hits]), lost=lost)

    def _alone(self, reading: Reading, last: Turn, before: tuple[str, ...]) -> Retrieved:
        """Search for a question as it stands, in all documents or in those of the last answer.

        Where the last question was asked of one document, so is the next one, if that speaks of it about as surely.
        """
        query, may_lean = reading.question, reading.leaning == "may lean"
        if len(before) == len(self.document_ids) or not (may_lean or last.of_one_document):
            return self._one(query, "own", self.document_ids)
        here = self._one(query, "of_last_documents", before)
        if may_lean and reading.keeps_documents:
            return here
        everywhere = self._one(query, "own", self.document_ids)
        (in_last,), (in_all,) = here.searches, everywhere.searches
        may_lack = _MAY_LACK_IF_MEANT if reading.keeps_documents else _MAY_LACK
        is_as_sure = in_last.confidence >= in_all.confidence - may_lack
        return here if in_last.found and (is_as_sure or in_last.only_places) else everywhere

    def _named(self, question: str) -> tuple[str, ...]:
        return self._route(question).document_ids or ()

    def _without_name(self, question: str) -> str:
        return self._route(question).question

    def _route(self, question: str) -> Route:
        return self.searcher.route(self.matter_id, question, self.document_ids)

    def _again(self, last: Turn) -> Retrieved | None:
        """The passages of the last answer, or its citations where it was put together of several, as far as their
        documents are still in scope.
        """
        spans = [span for span in last.passages or last.cited if span.document_id in self.document_ids]
        hits = tuple(Hit(Chunk(span, ""), 1.0, LAST_ANSWER) for span in spans)
        cited = tuple(span for span in last.cited if span.document_id in self.document_ids)
        ids = tuple(dict.fromkeys(span.document_id for span in spans))
        return Retrieved((), last.query, "about_last_answer", ids, hits, cited=cited) if hits else None


def _in_turns(ranked: Sequence[Sequence[Hit]]) -> tuple[Hit, ...]:
    """The hits of several searches in turns, so that each has its best first; none twice."""
    in_turns = chain.from_iterable(zip_longest(*ranked))
    return tuple({hit.chunk.span: hit for hit in in_turns if hit}.values())
