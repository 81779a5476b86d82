"""Exact phrase search: finds every mention of a phrase in the documents of a matter, without index or model.

`mentions` yields the spans of each document, which is enough for counting; `mention_row` adds pin cite and context to
one of them. On the page a search has a time limit, and a conversation saves a limited number of its mentions.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from retrieval import (
    Document,
    DocumentRecord,
    PinCite,
    Span,
    each_mention_or_line,
    each_struck_mention,
    in_context,
    pin_cite,
    struck_in_context,
)
from webapp.core.errors import SearchIncomplete
from webapp.core.limits import check_question
from webapp.core.log import user_error
from webapp.core.metrics import SEARCHES
from webapp.core.results import (
    CitationRow,
    CoverageRow,
    FormRow,
    MentionRow,
    MentionsResult,
    NamedRow,
    NoticeRow,
    cite_fields,
    span_fields,
)
from webapp.core.wording import plural
from webapp.service.fair_turns import Deadline
from webapp.service.word_forms import MOST_FORMS, counter_of_forms
from webapp.service.workspace import Workspace
from webapp.store.audit import Act
from webapp.store.users import User

MOST_KEPT = (
    2_000  # mentions that a conversation saves of one search; of more than 200 the page lists page numbers alone
)
SEARCH_SECONDS = 120.0  # from the click on: 100,000 pages without the phrase, or 20,000 with it
DOCUMENT_SECONDS = 10.0  # an ordinary one of 1,000 pages takes 1 s
_MARGIN_SECONDS = 5.0  # the search ends so long before its time limit, so that what was found can be saved
_NAMES = 5  # documents that a sentence names; further ones are counted


@dataclass(frozen=True, slots=True)
class Mentions:
    """The mentions of a phrase in one document, in reading order; `struck` are places where deleted words have it."""

    document: Document  # under the name it has in the matter
    spans: tuple[Span, ...]
    count: int  # of all mentions, those that are not in `spans` included
    struck: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A document that could not be searched: it took too long, or its text could not be loaded."""

    record: DocumentRecord


@dataclass(frozen=True, slots=True)
class OtherForms:
    """How often each other form of the phrase occurs in the documents that were searched."""

    counts: "Counter[str]"


def mentions(
    workspace: Workspace,
    user: User,
    matter: str,
    phrase: str,
    document_ids: Collection[str] | None = None,
    *,
    deadline: Deadline | None = None,
) -> "Iterator[Mentions | LeftOut | OtherForms]":
    """Find a phrase in each ready document of a matter (by name or id); yields those with a mention, in order.

    `document_ids` limits the search to these documents. `deadline` limits its time, to DOCUMENT_SECONDS in one
    document; past MOST_KEPT mentions further ones are then only counted, and the other forms of the phrase come last.
    Raises WordsTooLong, EmptyQuestion,
    NoSuchMatter and what the stores raise when the documents are listed; an error in one document leaves out that
    document.
    """
    check_question(phrase)
    scope = workspace.access.matter(user, matter)
    records = workspace.access.documents(user, scope)
    records = [r for r in records if r.state == "ready" and (document_ids is None or r.id in document_ids)]
    workspace.audit.record_documents(
        user, Act.SEARCH, [record.id for record in records], matter_id=scope.id, exact=True
    )
    SEARCHES.inc()
    total, forms, forms_in = 0, Counter[str](), counter_of_forms(phrase)
    for record in records:
        try:
            is_over = _time_limit(deadline) if deadline else None
            if is_over is not None and is_over():
                raise TimeoutError
            document = workspace.library.document(scope.id, record.id)
            spans = each_mention_or_line(document, phrase, is_over)
            first = tuple(islice(spans, MOST_KEPT - total if deadline else None))
            count = len(first) + sum(1 for _ in spans)
            room = max(0, MOST_KEPT - total - len(first)) if deadline else None
            struck = tuple(islice(each_struck_mention(document, phrase), room))
        except TimeoutError:
            yield LeftOut(record)
        except Exception as error:  # noqa: BLE001 (an error in one document must not end the search of the others)
            user_error(error)
            yield LeftOut(record)
        else:
            total += len(first) + len(struck)
            if deadline:
                forms.update(forms_in(document.text))
            if count or struck:
                yield Mentions(document, first, count, struck)
    if forms:
        yield OtherForms(forms)


def search_incomplete(left_out: Sequence[LeftOut]) -> SearchIncomplete:
    """The error that names the documents that could not be searched."""
    names = [f"“{each.record.name}”" for each in left_out[:_NAMES]]
    more = len(left_out) - len(names)
    documents = ", ".join(names)
    return SearchIncomplete(documents=f"{documents} and {plural(more, 'further document')}" if more else documents)


def _time_limit(deadline: Deadline) -> Callable[[], bool]:
    """Whether the search of one document that begins now has to end."""
    by = time.monotonic() + DOCUMENT_SECONDS
    return lambda: deadline.given_up or deadline.left < _MARGIN_SECONDS or time.monotonic() > by


def mention_rows(found: Mentions, phrase: str) -> Iterator[MentionRow]:
    """Each mention as `pincite search --exact --json` prints it: its pin cite, and its context as `text`."""
    for span in found.spans:
        cite, text = pin_cite(found.document, span), str(in_context(found.document, span))
        yield MentionRow(**cite_fields(cite), start=span.start, end=span.end, text=text)
    for span in found.struck:
        cite, text = _struck(found.document, span), str(struck_in_context(found.document, span, phrase))
        yield MentionRow(**cite_fields(cite), start=span.start, end=span.end, text=text)


def _struck(document: Document, span: Span) -> PinCite:
    return replace(pin_cite(document, span), status="struck")


def page_result(
    phrase: str,
    records: Collection[DocumentRecord],
    outcomes: "Iterable[Mentions | LeftOut | OtherForms]",
) -> MentionsResult:
    """Result of a phrase search as a conversation saves it: mentions as citations.

    `records` are the documents in scope, also those that are not ready, which are not searched.
    """
    citations: list[CitationRow] = []
    left_out: list[LeftOut] = []
    forms = Counter[str]()
    count = documents = struck = 0
    for each in outcomes:
        if isinstance(each, LeftOut):
            left_out.append(each)
        elif isinstance(each, OtherForms):
            forms = each.counts
        else:
            cites = [pin_cite(each.document, span) for span in each.spans]
            cites += [_struck(each.document, span) for span in each.struck]
            citations += [_citation(n, cite) for n, cite in enumerate(cites, len(citations) + 1)]
            count += each.count
            struck += len(each.struck)
            documents += each.count > 0
    left_out_ids = {each.record.id for each in left_out}
    searched = [record for record in records if record.state == "ready" and record.id not in left_out_ids]
    return MentionsResult(
        phrase=phrase,
        found=count + struck > 0,
        count=count,
        documents=documents,
        searched=CoverageRow.of(searched, [record for record in records if record.state != "ready"]),
        citations=tuple(citations),
        struck=struck,
        forms=tuple(FormRow(words=words, count=n) for words, n in forms.most_common(MOST_FORMS)),
        left_out=tuple(NamedRow.of(each.record) for each in left_out),
        notices=(NoticeRow.of(search_incomplete(left_out)),) if left_out else (),
    )


def _citation(n: int, cite: PinCite) -> CitationRow:
    is_live = cite.status != "struck"
    return CitationRow(n=n, **cite_fields(cite), quote="", verified=is_live, **span_fields(cite.spans))
