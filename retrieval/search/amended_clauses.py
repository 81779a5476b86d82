"""Tells which clauses of a matter's documents other documents of the matter amend, and what is in force instead.

The links follow from the facts of the documents, which are found when a document is read; they are made again where the
documents of a matter have changed. What an amendment changes is looked for in the text of an agreement only once a
passage of it is asked about.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock

from retrieval.core.documents import Document, PinCite, Span
from retrieval.core.errors import PinciteError
from retrieval.library.library import Library
from retrieval.structure.amending_instruments import AmendedAgreement
from retrieval.structure.amendment_links import (
    Change,
    Link,
    changes_at,
    changes_in,
    counterpart,
    link_amendments,
    why_apart,
)
from retrieval.structure.amendments import Amendment
from retrieval.structure.clauses import pin_cite
from retrieval.structure.facts import Facts

_MATTERS = 64  # whose links are remembered
_OPENING = 6_000  # characters of an amendment in which it names the parties of its agreement
_LONGEST = 1_500  # characters of an instruction and its new words that are shown beside what it changes


@dataclass
class MatterChanges:
    """What the documents of one matter change in each other."""

    library: Library
    matter_id: str
    links: tuple[Link, ...]
    alone: Mapping[str, tuple[Amendment, ...]]  # by document those that amend none of the matter
    facts: Mapping[str, Facts]  # by document
    _changes: dict[str, tuple[Change, ...]] = field(default_factory=dict)

    @cached_property
    def _by_amended(self) -> dict[str, list[Link]]:
        found: dict[str, list[Link]] = {}
        for link in self.links:
            found.setdefault(link.amended_id, []).append(link)
        return found

    @cached_property
    def _by_amending(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for link in self.links:
            if link.amended_id not in found.setdefault(link.document_id, []):
                found[link.document_id].append(link.amended_id)
        return found

    def of(self, span: Span) -> tuple[Change, ...]:
        """What changes a span, in the order in which it was changed; of an amendment's own words what changed them."""
        changes = (*changes_at(self._in(span.document_id), span), *self._later(span))
        return tuple(replace(change, span=span) if change.restates else change for change in changes)

    def by(self, span: Span) -> tuple[Change, ...]:
        """What the amendments within a span change, in the documents that they amend."""
        found: list[Change] = []
        for amended in self._by_amending.get(span.document_id, ()):
            found += [c for c in self._in(amended) if c.amendment.span.shared(span) and not c.restates]
        return tuple(found)

    def lacking(self, span: Span) -> AmendedAgreement | None:
        """The agreement that an amendment within a span amends, where it is not in the matter."""
        return next((a.of for a in self.alone.get(span.document_id, ()) if a.span.shared(span)), None)

    def apart(self, span: Span) -> str:
        """Why an amendment within a span is taken to change no document of the matter; empty where its agreement is
        not in the matter, or it changes one.
        """
        document = self.document(span.document_id)
        own = [a for a in self.alone.get(span.document_id, ()) if a.span.shared(span)]
        if document is None or not own:
            return ""
        opening = document.text[:_OPENING]
        return next((why for a in own if (why := why_apart(self.facts, span.document_id, a, opening))), "")

    def words(self, span: Span) -> str:
        """The words of a span; empty where its document was removed meanwhile."""
        document = self.document(span.document_id)
        return document.slice(span) if document else ""

    def document(self, document_id: str) -> Document | None:
        """A document of the matter; None where it was removed meanwhile, or waits to be read again."""
        try:
            return self.library.document(self.matter_id, document_id)
        except PinciteError:
            return None

    def _in(self, document_id: str) -> tuple[Change, ...]:
        if document_id not in self._by_amended:
            return ()
        if document_id not in self._changes:
            document = self.document(document_id)
            links = self._by_amended[document_id]
            self._changes[document_id] = changes_in(document, links, self.words) if document else ()
        return self._changes[document_id]

    def _later(self, span: Span) -> list[Change]:
        """What a later amendment of the same agreement makes of the words that an amendment within a span put there."""
        found: dict[object, Change] = {}
        for change in self.by(span):
            every = self._in(change.span.document_id)
            for later in every[every.index(change) + 1 :]:
                other = not later.amendment.span.shared(span)
                ends = later.ends and not later.restates and later.span.contains(change.span)
                if other and (ends or self._takes_out(later, change)):
                    found.setdefault(later.amendment, later)
        return list(found.values())

    def _takes_out(self, later: Change, change: Change) -> bool:
        """Whether an amendment exchanges words that the one before it put there."""
        old, new = later.amendment.old, change.amendment.new
        if later.amendment.action != "words_exchanged" or not (old and new and later.span.shared(change.span)):
            return False
        return _plain(self.words(old)) in _plain(self.words(new))


def _plain(words: str) -> str:
    return " ".join(words.split()).strip(" “”\"‘’',.").lower()


@dataclass(frozen=True)
class ScopedChanges:
    """What changes the documents that a question is put to: quoted from these alone, and told by name from others."""

    changes: MatterChanges | None
    document_ids: Collection[str]

    def of(self, span: Span) -> tuple[Change, ...]:
        """What changes a span, in the order in which it was changed."""
        return self.changes.of(span) if self.changes else ()

    def by(self, span: Span) -> tuple[Change, ...]:
        """What the amendments within a span change."""
        return self.changes.by(span) if self.changes else ()

    def lacking(self, span: Span) -> AmendedAgreement | None:
        """The agreement that an amendment within a span amends, where it is not in the matter."""
        return self.changes.lacking(span) if self.changes else None

    def apart(self, span: Span) -> str:
        """Why an amendment within a span is taken to change no document of the matter, where its agreement is there."""
        return self.changes.apart(span) if self.changes else ""

    def may_quote(self, span: Span) -> bool:
        """Whether words of a span's document may be shown."""
        return span.document_id in self.document_ids

    def in_force(self, change: Change) -> Span | None:
        """The words that a change puts into force: the instruction with its new words, as many as are shown beside
        others; of a restated agreement the clause that takes the place of the changed one. None where it has gone.
        """
        span = change.amendment.span
        document = self._document(span)
        if document is None:
            return None
        if change.restates:
            amended = self._document(change.span)
            return counterpart(amended, change.span, document) if amended else None
        if len(span) <= _LONGEST:
            return span
        end = document.text.rfind(" ", span.start, span.start + _LONGEST)
        return replace(span, end=max(end, change.amendment.lead.start + 1))

    def cite(self, change: Change) -> PinCite | None:
        """The pin cite of the amending clause; None where its document has gone."""
        document = self._document(change.amendment.span)
        span = (self.in_force(change) if change.restates else None) or change.amendment.lead
        return pin_cite(document, span) if document else None

    def _document(self, span: Span) -> Document | None:
        return self.changes.document(span.document_id) if self.changes else None


NO_CHANGES = ScopedChanges(None, ())


class AmendedClauses:
    """Finds the changes within each matter, and remembers the links while a matter's documents stay the same."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._known: OrderedDict[str, tuple[object, MatterChanges]] = OrderedDict()
        self._lock = Lock()

    def of_matter(self, matter_id: str) -> MatterChanges:
        """What the documents of a matter that are ready change in each other. Raises NoSuchMatter."""
        ready = [record for record in self._library.documents(matter_id) if record.state == "ready"]
        facts = self._library.facts_of(ready)
        state = tuple((record.id, record.text_version, record.id in facts) for record in ready)
        with self._lock:
            known = self._known.get(matter_id)
        if known and known[0] == state:
            return known[1]
        links = link_amendments(facts)
        linked = {link.amendment for link in links}
        alone = {id_: tuple(a for a in each.amendments if a not in linked) for id_, each in facts.items()}
        changes = MatterChanges(self._library, matter_id, links, alone, facts)
        with self._lock:
            self._known[matter_id] = state, changes
            self._known.move_to_end(matter_id)
            while len(self._known) > _MATTERS:
                self._known.popitem(last=False)
        return changes
