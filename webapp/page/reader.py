"""Reads documents in the evidence panel: pages, the search in one document, its outline, defined terms and notes, and
the citations of a turn.

Ids and offsets come from the page, and are authorised and bounded here at every use.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from markupsafe import Markup

from retrieval import (
    FORMATS,
    Clause,
    Definition,
    Document,
    DocumentNotReady,
    DocumentRecord,
    NoSuchDocument,
    NoSuchText,
    Span,
    each_mention_or_line,
    outline,
    own_words,
    pin_cite,
    uses_of_terms,
)
from webapp.core.errors import NoSuchConversation, TooSlow
from webapp.core.limits import MOST_RANGES, check_question, check_question_length
from webapp.core.results import CiteRow, Item, Range, cite_fields, items
from webapp.core.wording import about_document
from webapp.page.evidence import evidence_of, newest_evidence, page_text
from webapp.page.html import reader
from webapp.page.html.parts import NOTHING
from webapp.page.state import PageState, Place
from webapp.page.updates import Updates
from webapp.service.fair_turns import Deadline
from webapp.service.mentions import MOST_KEPT, SEARCH_SECONDS
from webapp.service.workspace import Workspace
from webapp.store.audit import Act
from webapp.store.conversations import SavedTurn
from webapp.store.users import User

MOST_TEXT = 30_000  # characters of a page without an image
MOST_CLAUSES = 1_500  # of an outline, about 300 kB of HTML
MOST_TERMS, LONGEST_MEANING = 60, 600  # defined terms of one page, and characters of what one means
LONGEST_BEGINNING = 60  # characters of a clause without a heading, in the outline
MOST_PLACES = 60  # of one term on a page
MOST_NOTES = 200  # on one document
_PHYSICAL = re.compile(r"(?:pdf|file)\s+(?:page\s+|p\.\s*)?(\d{1,6})", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:page|part|pp?\.)\s*", re.IGNORECASE)


class Reader:
    """What one user reads in the evidence panel; each method is an act of the page."""

    def __init__(self, workspace: Workspace, user: User) -> None:
        self._workspace, self._user = workspace, user

    # What the panel shows

    def shown(self, state: PageState, turns: Sequence[SavedTurn]) -> Updates:
        """The panel as the state has it; where what it names is gone, the newest evidence of the turns."""
        place = state.place
        try:
            if place and place.document_id:
                return self._page(replace(state, place=None), place)
            if place and place.turn_id:
                return self._citation(state, place, next(turn for turn in turns if turn.id == place.turn_id))
        except (NoSuchDocument, NoSuchText, DocumentNotReady, StopIteration):
            pass
        newest = newest_evidence(self._workspace.library, state.matter_id, turns)
        return {"state": replace(state, place=None), "evidence": newest, "outline": NOTHING}

    def cite(self, state: PageState, turn_id: str, item: int) -> Updates:
        """Show one item of a turn in the evidence panel."""
        return self._record_citation(state, Place(turn_id=turn_id, item=item))

    def beside(self, state: PageState, turn_id: str, item: int, other: int) -> Updates:
        """Show two items of a turn side by side."""
        return self._record_citation(state, Place(turn_id=turn_id, item=item, beside=other))

    def _record_citation(self, state: PageState, place: Place) -> Updates:
        turn = self._turn(state, place)
        self._workspace.audit.record(
            self._user, Act.CITATION, matter_id=state.matter_id, object=turn.id, item=place.item
        )
        return self._citation(state, place, turn)

    def _turn(self, state: PageState, place: Place) -> SavedTurn:
        return self._workspace.conversations.turn(self._user, state.conversation_id, place.turn_id)

    def _citation(self, state: PageState, place: Place, turn: SavedTurn) -> Updates:
        shown = evidence_of(self._workspace.library, state.matter_id, turn, place.item, place.beside)
        return {"state": replace(state, place=place), "evidence": shown, "outline": NOTHING}

    # Reading

    def read(self, state: PageState, place: Place) -> Updates:
        """Open a document at a page; within one the way back to a citation stays.

        Raises WordsTooLong for what was searched for.
        """
        check_question_length(place.words)
        before = state.place
        if before and before.document_id == place.document_id and not place.turn_id:
            place = replace(place, turn_id=before.turn_id, item=before.item, words=place.words or before.words)
        return self._page(state, place)

    def go_to_page(self, state: PageState, document_id: str, version: int | None, name: str) -> Updates:
        """Open the page of a name: what is printed on it, its Bates number, or its number in the file."""
        document = self._document(state, document_id, version)
        number = page_named(document, name)
        place = self._place_in(state, document_id, version)
        if number is None:
            told = f"There is no page “{name.strip()[:60]}” in this document."
            return self._page(state, place, document=document, told=told)
        return self._page(state, replace(place, page=number, spans=(), at=None), document=document)

    async def find(
        self, state: PageState, document_id: str, version: int | None, words: str, found: int | None, page: int
    ) -> Updates:
        """Find exact words in a document: its mention of that number, or the first from a page on."""
        check_question(words)
        workspace, user = self._workspace, self._user
        record = await asyncio.to_thread(workspace.access.record, user, state.matter_id, document_id)

        def search(deadline: Deadline) -> tuple[Document, list[Span]]:
            workspace.audit.record_documents(user, Act.SEARCH, [record.id], matter_id=record.matter_id, exact=True)
            document = self._document(state, document_id, version)
            mentions = each_mention_or_line(document, words, lambda: deadline.given_up or deadline.left < 1)
            return document, list(islice(mentions, MOST_KEPT))

        try:
            document, mentions = await workspace.searches.run(workspace.share_key(user), SEARCH_SECONDS, search)
        except TimeoutError:
            raise TooSlow(seconds=SEARCH_SECONDS) from None
        place = replace(self._place_in(state, document_id, version), words=words)
        told = reader.Found(words, note="" if mentions else "No mention")
        if mentions:
            number = _first_on(document, mentions, page) if found is None else found % len(mentions)
            place, told = _at_mention(document, mentions, number, place), reader.Found(words, number, len(mentions))
        return await asyncio.to_thread(self._page, state, place, document=document, found=told)

    def close(self, state: PageState) -> Updates:
        """Close the document: the newest evidence of the conversation is shown again."""
        conversations = self._workspace.conversations
        turns = conversations.turns(self._user, state.conversation_id) if state.conversation_id else []
        return self.shown(replace(state, place=None), turns)

    # Notes

    def add_note(
        self, state: PageState, document_id: str, version: int | None, spans: tuple[Range, ...], words: str, share: str
    ) -> Updates:
        """Keep a note on a passage of a document."""
        workspace, user = self._workspace, self._user
        record = workspace.access.record(user, state.matter_id, document_id, "ask")
        document = self._document(state, document_id, version)
        start, end = spans[0] if spans else (0, 0)
        start = min(start, len(document.text))
        passage = document.span(start, min(max(end, start), len(document.text)))
        shared = share == "yes" and workspace.has_people
        workspace.add_note(user, record, passage, document.version, words, shared=shared)
        page = document.page_at(passage.start).number
        return self._page(state, replace(self._place_in(state, document_id, version), page=page), document=document)

    def edit_note(self, state: PageState, document_id: str, note_id: str, words: str) -> Updates:
        """Change the words of a note of one's own."""
        record = self._workspace.access.record(self._user, state.matter_id, document_id, "ask")
        self._workspace.change_note(self._user, record, note_id, words)
        return self._page(state, self._place_in(state, document_id, None))

    def delete_note(self, state: PageState, document_id: str, note_id: str) -> Updates:
        """Delete a note of one's own."""
        record = self._workspace.access.record(self._user, state.matter_id, document_id)
        self._workspace.delete_note(self._user, record.matter_id, note_id)
        return self._page(state, self._place_in(state, document_id, None))

    # A page

    def _document(self, state: PageState, document_id: str, version: int | None) -> Document:
        record = self._workspace.access.record(self._user, state.matter_id, document_id)
        return self._workspace.library.document(record.matter_id, record.id, version)

    @staticmethod
    def _place_in(state: PageState, document_id: str, version: int | None) -> Place:
        """Where the user reads a document now, or its beginning."""
        if state.place and state.place.document_id == document_id:
            return state.place
        return Place(document_id, version)

    def _page(
        self,
        state: PageState,
        place: Place,
        *,
        document: Document | None = None,
        found: reader.Found | None = None,
        told: str = "",
    ) -> Updates:
        """The document view at a place; the outline goes with it where another document was shown before."""
        workspace, user = self._workspace, self._user
        record = workspace.access.record(user, state.matter_id, place.document_id)
        document = document or workspace.library.document(record.matter_id, record.id, place.version)
        number = document.page_at(place.at).number if place.at is not None else place.page
        place = replace(place, page=min(max(number, 1), len(document.pages)))
        workspace.audit.record(user, Act.PAGE, matter_id=record.matter_id, object=record.id, page=place.page)
        shown = replace(
            self._shown(record, document, place),
            found=found or (reader.Found(place.words) if place.words else None),
            cited=self._cited(state, place),
            told=told,
        )
        updates: Updates = {"state": replace(state, place=place), "evidence": reader.page(shown)}
        before = state.place
        if before is None or (before.document_id, before.version) != (place.document_id, place.version):
            updates["outline"] = outline_of(document)
        return updates

    def _shown(self, record: DocumentRecord, document: Document, place: Place) -> reader.PageShown:
        workspace, user = self._workspace, self._user
        page = document.pages[place.page - 1]
        span = document.span(page.start, page.end)
        spans = tuple((start, end) for start, end in place.spans if start < page.end and end > page.start)
        has_images = FORMATS[record.format].as_pdf is not None
        cited = [document.span(start, min(end, len(document.text))) for start, end in spans]
        return reader.PageShown(
            record.matter_id,
            _row(document, document.span(page.start, page.start)),
            about_document(workspace.library.facts(record.matter_id, record.id)),
            len(document.pages),
            (page.start, page.end),
            any(each.label for each in document.pages),
            spans=spans,
            at=place.at,
            pieces=() if has_images else page_text(document, page.number, cited, MOST_TEXT),
            terms=tuple(_terms(document, span)),
            notes=tuple(self._notes(record, document, page.number)),
            may_note=workspace.access.may(user, record.matter_id, "ask"),
            sharing=workspace.has_people,
        )

    def _notes(self, record: DocumentRecord, document: Document, number: int) -> Iterator[reader.OnPage]:
        notes = self._workspace.notes.of(self._user, record.matter_id, record.id)
        for note in notes[:MOST_NOTES]:
            is_of_text = note.text_version == document.version
            page = document.page_at(note.span.start).number if is_of_text else 1
            yield reader.OnPage(note, page, is_of_text and page == number)

    def _cited(self, state: PageState, place: Place) -> tuple[str, list[Item], int] | None:
        """The items of the turn from which the reader came; None where there is none."""
        if not place.turn_id:
            return None
        try:
            found = items(self._turn(state, place).answer)
        except NoSuchConversation:
            return None
        return (place.turn_id, found, min(max(place.item, 0), len(found) - 1)) if found else None


def _first_on(document: Document, mentions: Sequence[Span], page: int) -> int:
    """Number of the first mention from a page on; of the first of all where none follows."""
    start = document.pages[min(max(page, 1), len(document.pages)) - 1].start
    return next((i for i, span in enumerate(mentions) if span.end > start), 0)


def _at_mention(document: Document, mentions: Sequence[Span], number: int, place: Place) -> Place:
    """The page of a mention, with all mentions on it highlighted, that one first."""
    page = document.page_at(mentions[number].start)
    on_page = [span for span in mentions if span.start < page.end and span.end > page.start]
    first, *others = dict.fromkeys([mentions[number], *on_page])
    spans = tuple((span.start, span.end) for span in (first, *others))
    return replace(place, page=page.number, spans=spans[:MOST_RANGES], at=None)


def _row(document: Document, *spans: Span) -> CiteRow:
    return CiteRow(**cite_fields(pin_cite(document, *spans)))


def _terms(document: Document, span: Span) -> Iterator[reader.Term]:
    """The defined terms that a page uses, in its order, each with its first places there."""
    places: dict[Definition, list[Range]] = {}
    for use, definition in uses_of_terms(document, span):
        places.setdefault(definition, []).append((use.start, use.end))
    for definition in islice(places, MOST_TERMS):
        meaning = own_words(document, definition.span)
        words = meaning if len(meaning) <= LONGEST_MEANING else meaning[: LONGEST_MEANING - 1].rstrip() + "…"
        at = definition.where
        yield reader.Term(
            definition.term, words, tuple(places[definition][:MOST_PLACES]), _row(document, at), (at.start, at.end)
        )


def outline_of(document: Document) -> Markup:
    """The outline of a document; of one with too many clauses those further up."""
    clauses = outline(document)
    counts = Counter(clause.depth for clause in clauses)
    deepest, so_far = 0, 0
    for depth in sorted(counts):
        so_far += counts[depth]
        if so_far > MOST_CLAUSES and depth > 0:
            break
        deepest = depth
    shown = [clause for clause in clauses if clause.depth <= deepest][:MOST_CLAUSES]
    rows = [
        (
            f"{clause.number} {clause.heading or _beginning(document, clause)}".strip(),
            clause.depth,
            clause.span.start,
            document.page_at(clause.span.start).number,
        )
        for clause in shown
    ]
    return reader.outline(document.id, document.version, rows, len(clauses) - len(shown))


def _beginning(document: Document, clause: Clause) -> str:
    """The first words of a clause that has no heading, behind its number."""
    end = min(clause.span.end, clause.span.start + LONGEST_BEGINNING)
    words = document.text[clause.span.start : end].split()[1:]
    return " ".join(words) if end == clause.span.end else " ".join(words[:-1]) + "…"


def page_named(document: Document, name: str) -> int | None:
    """Number of the page that a name means: what is printed on it, its Bates number, or its number in the file."""
    name = name.strip()
    if physical := _PHYSICAL.fullmatch(name):
        return _within(document, physical[1])
    key = _NUMBERED.sub("", name, count=1).strip().casefold()
    plain = re.sub(r"[^0-9a-z]", "", key)
    by_label = (page.number for page in document.pages if key and page.label.casefold() == key)
    by_bates = (page.number for page in document.pages if plain and _plain(page.bates) == plain)
    return next(by_label, None) or next(by_bates, None) or _within(document, key)


def _plain(bates: str) -> str:
    return re.sub(r"[^0-9a-z]", "", bates.casefold())


def _within(document: Document, number: str) -> int | None:
    found = int(number) if re.fullmatch(r"[0-9]{1,6}", number) else 0
    return found if 1 <= found <= len(document.pages) else None
