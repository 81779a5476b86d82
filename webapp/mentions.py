"""Every mention of a phrase in the documents that a user asks about: by its exact words, without index or model.

For the command line and for the page: `mentions` gives the places of each document, which is all that counting takes, and
`mention_row` what is told of one of them.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from retrieval import Document, DocumentRecord, Span, find_phrase, in_context, section_at
from webapp.limits import check_words
from webapp.metrics import SEARCHES
from webapp.records import User
from webapp.rows import Body
from webapp.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Mentions:
    """Where a phrase stands in one document, in reading order."""

    document: Document  # under the name it has in the matter
    spans: tuple[Span, ...]

    @property
    def pages(self) -> list[int]:
        """The pages on which a mention begins, 1-based, each once and in order."""
        return list(dict.fromkeys(self.document.page_at(span.start).number for span in self.spans))


def mentions(
    workspace: Workspace, user: User, matter: str, phrase: str, document_ids: Collection[str] | None = None
) -> Iterator[Mentions]:
    """The mentions in each ready document of a matter (its name or id) that has any, in the order the documents came.

    In some documents of the matter only, or in all. Raises WordsTooLong, EmptyQuestion, NoSuchMatter and what the stores raise.
    """
    check_words(phrase)
    found = workspace.access.matter(user, matter)
    records = workspace.access.documents(user, found)
    SEARCHES.inc()
    for record in records:
        if record.state == "ready" and (document_ids is None or record.id in document_ids):
            document = workspace.library.document(found.id, record.id)
            if spans := find_phrase(document, phrase):
                yield Mentions(document, spans)


def mention_row(document: Document, span: Span) -> Body:
    """One mention as `pincite search --exact --json` tells it: its pin cite, and the words around it as `text`."""
    page = document.page_at(span.start)
    return {
        "document_id": document.id,
        "document": document.name,
        "start": span.start,
        "end": span.end,
        "page": page.number,
        "page_label": page.label,
        "section": section_at(document, span.start),
        "text": str(in_context(document, span)),
    }


def page_row(phrase: str, records: Collection[DocumentRecord], found: Iterable[Mentions]) -> Body:
    """What a conversation keeps of a search for a phrase: the places as citations. `records` are what was looked through."""
    rows = [mention_row(each.document, span) for each in found for span in each.spans]
    return {
        "kind": "mentions",
        "phrase": phrase,
        "answer": "",
        "found": bool(rows),
        "searched": {
            "documents": len(records),
            "pages": sum(record.pages for record in records),
            "unreadable_pages": sum(len(record.unreadable_pages) for record in records),
        },
        "citations": [
            {name: value for name, value in row.items() if name != "text"}
            | {"n": n, "quote": "", "verified": True, "spans": [[row["start"], row["end"]]]}
            for n, row in enumerate(rows, 1)
        ],
    }
