"""Tells which clauses of a matter's documents other documents of the matter amend, and which amendments these are.

The links follow from the facts of the documents, which are found when a document is read; they are made again where the
documents of a matter have changed. What an amendment changes is looked for in the text of an agreement only once a
passage of it is asked about.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock

from retrieval.core.documents import Document, Span
from retrieval.core.errors import PinciteError
from retrieval.library.library import Library
from retrieval.structure.amendment_links import Change, Link, changes_at, changes_in, link_amendments
from retrieval.structure.facts import Facts

_MATTERS = 64  # whose links are remembered


@dataclass
class MatterChanges:
    """What the documents of one matter change in each other."""

    library: Library
    matter_id: str
    links: tuple[Link, ...]
    _changes: dict[str, tuple[Change, ...]] = field(default_factory=dict)

    @cached_property
    def _by_amended(self) -> dict[str, list[Link]]:
        found: dict[str, list[Link]] = {}
        for link in self.links:
            found.setdefault(link.amended_id, []).append(link)
        return found

    @cached_property
    def _by_amending(self) -> dict[str, list[Link]]:
        found: dict[str, list[Link]] = {}
        for link in self.links:
            found.setdefault(link.document_id, []).append(link)
        return found

    def of(self, span: Span) -> tuple[Change, ...]:
        """What changes a span, in the order in which it was changed; of an amendment's own words what changed them."""
        own = changes_at(self._in(span.document_id), span) if span.document_id in self._by_amended else ()
        return (*own, *self._later(span))

    def by(self, span: Span) -> tuple[Change, ...]:
        """What the amendments within a span change, in the documents that they amend."""
        found: list[Change] = []
        for amended in dict.fromkeys(link.amended_id for link in self._by_amending.get(span.document_id, ())):
            found += [
                c for c in self._in(amended) if c.amendment.span.shared(span) and c.amendment.action != "restated"
            ]
        return tuple(found)

    def _in(self, document_id: str) -> tuple[Change, ...]:
        if document_id not in self._changes:
            document = self._document(document_id)
            links = self._by_amended.get(document_id, [])
            self._changes[document_id] = changes_in(document, links, self._words) if document else ()
        return self._changes[document_id]

    def _later(self, span: Span) -> list[Change]:
        """What a later amendment of the same agreement makes of the words that an amendment within a span put there."""
        found: dict[object, Change] = {}
        for change in self.by(span):
            every = self._in(change.span.document_id)
            for later in every[every.index(change) + 1 :]:
                other = later.amendment.span.document_id != span.document_id
                ends = later.ends and later.span.contains(change.span)
                if other and (ends or self._takes_out(later, change)):
                    found.setdefault(later.amendment, later)
        return list(found.values())

    def _takes_out(self, later: Change, change: Change) -> bool:
        """Whether an amendment exchanges words that the one before it put there."""
        old, new = later.amendment.old, change.amendment.new
        if later.amendment.action != "words_exchanged" or not (old and new and later.span.shared(change.span)):
            return False
        return _plain(self._words(old)) in _plain(self._words(new))

    def _words(self, span: Span) -> str:
        document = self._document(span.document_id)
        return document.slice(span) if document else ""

    def _document(self, document_id: str) -> Document | None:
        try:
            return self.library.document(self.matter_id, document_id)
        except PinciteError:  # removed meanwhile, or waiting to be read again
            return None


class AmendedClauses:
    """Finds the changes within each matter, and remembers the links while a matter's documents stay the same."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._known: dict[str, tuple[tuple[str, ...], MatterChanges]] = {}
        self._lock = Lock()

    def of_matter(self, matter_id: str) -> MatterChanges:
        """What the documents of a matter that are ready change in each other. Raises NoSuchMatter."""
        ready = tuple(record.id for record in self._library.documents(matter_id) if record.state == "ready")
        with self._lock:
            known = self._known.get(matter_id)
        if known and known[0] == ready:
            return known[1]
        changes = MatterChanges(self._library, matter_id, link_amendments(self._all_facts(matter_id, ready)))
        with self._lock:
            self._known.pop(matter_id, None)
            self._known[matter_id] = (ready, changes)
            while len(self._known) > _MATTERS:
                del self._known[next(iter(self._known))]
        return changes

    def _all_facts(self, matter_id: str, document_ids: Sequence[str]) -> dict[str, Facts]:
        found: dict[str, Facts] = {}
        for id_ in document_ids:
            try:
                found[id_] = self._library.facts(matter_id, id_)
            except PinciteError:
                continue
        return found


def _plain(words: str) -> str:
    return " ".join(words.split()).strip(" “”\"‘’',.").lower()
