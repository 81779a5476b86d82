"""Every mention of a phrase in the documents that a user asks about: by its exact words, without index or model.

For the command line and for the page: `mentions` gives the places of each document, which is all that counting takes,
and `mention_row` what is told of one of them. For the page a search has a time, and what a conversation keeps of it a
bound.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from retrieval import Document, DocumentRecord, Span, each_mention, in_context, pin_cite
from webapp.core.errors import SearchIncomplete
from webapp.core.limits import check_question
from webapp.core.log import user_error
from webapp.core.metrics import SEARCHES
from webapp.core.results import (
    CitationRow,
    CoverageRow,
    MentionRow,
    MentionsResult,
    NamedRow,
    NoticeRow,
    cite_fields,
    span_fields,
)
from webapp.core.wording import plural
from webapp.service.fair_turns import Deadline
from webapp.service.workspace import Workspace
from webapp.store.users import User

MOST_KEPT = 2_000  # places that a conversation keeps of one search; of more than 200 a page shows the pages alone
SEARCH_SECONDS = 120.0  # from the click on: 100,000 pages without the phrase, or 20,000 with it
DOCUMENT_SECONDS = 10.0  # an ordinary one of 1,000 pages takes 1 s
_MARGIN_SECONDS = 5.0  # before a search's time is over no further place is looked for, so that what was found is kept
_NAMES = 5  # documents that a sentence names; of more their number


@dataclass(frozen=True, slots=True)
class Mentions:
    """Where a phrase stands in one document, in reading order."""

    document: Document  # under the name it has in the matter
    spans: tuple[Span, ...]
    count: int  # of all places, those that are not in `spans` included


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A document that could not be looked through: it took too long, or its text could not be had."""

    record: DocumentRecord


def mentions(
    workspace: Workspace,
    user: User,
    matter: str,
    phrase: str,
    document_ids: Collection[str] | None = None,
    *,
    turn: Deadline | None = None,
) -> Iterator[Mentions | LeftOut]:
    """The mentions in each ready document of a matter (its name or id) that has any, in the order the documents came.

    In some documents of the matter only, or in all. With `turn` no longer than that, and than DOCUMENT_SECONDS in one
    document; of more than MOST_KEPT places the further ones are then only counted. Raises WordsTooLong, EmptyQuestion,
    NoSuchMatter and what the stores raise when they are asked for the list of documents; what fails in one document
    leaves out that one.
    """
    check_question(phrase)
    found = workspace.access.matter(user, matter)
    records = workspace.access.documents(user, found)
    SEARCHES.inc()
    kept = 0
    for record in records:
        if record.state != "ready" or (document_ids is not None and record.id not in document_ids):
            continue
        try:
            over = _over(turn) if turn else None
            if over is not None and over():
                raise TimeoutError
            document = workspace.library.document(found.id, record.id)
            spans = each_mention(document, phrase, over)
            first = tuple(islice(spans, MOST_KEPT - kept if turn else None))
            count = len(first) + sum(1 for _ in spans)
        except TimeoutError:
            yield LeftOut(record)
        except Exception as error:  # noqa: BLE001 (whatever is wrong with one document, the others are looked through)
            user_error(error)
            yield LeftOut(record)
        else:
            kept += len(first)
            if count:
                yield Mentions(document, first, count)


def not_looked_through(left_out: Sequence[LeftOut]) -> SearchIncomplete:
    """The error that names them."""
    names = [f"“{each.record.name}”" for each in left_out[:_NAMES]]
    more = len(left_out) - len(names)
    listed = ", ".join(names)
    return SearchIncomplete(documents=f"{listed} and {plural(more, 'further document')}" if more else listed)


def _over(turn: Deadline) -> Callable[[], bool]:
    by = time.monotonic() + DOCUMENT_SECONDS
    return lambda: turn.given_up or turn.left < _MARGIN_SECONDS or time.monotonic() > by


def mention_row(document: Document, span: Span) -> MentionRow:
    """One mention as `pincite search --exact --json` gives it: its pin cite, and the words around it as `text`."""
    cite, text = pin_cite(document, span), str(in_context(document, span))
    return MentionRow(**cite_fields(cite), start=span.start, end=span.end, text=text)


def page_result(
    phrase: str, records: Collection[DocumentRecord], found: Iterable[Mentions | LeftOut]
) -> MentionsResult:
    """What a conversation keeps of a search for a phrase: the places as citations. `records` are what was asked for."""
    citations: list[CitationRow] = []
    left_out: list[LeftOut] = []
    count = documents = 0
    for each in found:
        if isinstance(each, LeftOut):
            left_out.append(each)
        else:
            citations += [_citation(n, each.document, span) for n, span in enumerate(each.spans, len(citations) + 1)]
            count += each.count
            documents += 1
    without = {each.record.id for each in left_out}
    return MentionsResult(
        phrase=phrase,
        found=count > 0,
        count=count,
        documents=documents,
        searched=CoverageRow.of([record for record in records if record.id not in without]),
        citations=tuple(citations),
        left_out=tuple(NamedRow.of(each.record) for each in left_out),
        notices=(NoticeRow.of(not_looked_through(left_out)),) if left_out else (),
    )


def _citation(n: int, document: Document, span: Span) -> CitationRow:
    cite = pin_cite(document, span)
    return CitationRow(n=n, **cite_fields(cite), quote="", verified=True, **span_fields(cite.spans))
