import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from retrieval import Document, DocumentRecord, Files, Library, Matter, NoSuchMatter, Passage, database, pin_cite
from retrieval.core.documents import Remark
from retrieval.library.library import MIGRATIONS as LIBRARY_MIGRATIONS
from retrieval.reading.pdf import read_pdf
from tests.pdfs import make_pdf
from webapp.answers.answer import Answer, Searched
from webapp.answers.key_language import KeySentence
from webapp.core.errors import NameTooLong, NoSuchConversation
from webapp.core.results import AnswerResult, BudgetRow, CoverageRow, Quoting, SameWordsRow, items, read_turn
from webapp.grounding.check import check
from webapp.page.evidence import evidence_of
from webapp.page.html.chat import copied, turn_html
from webapp.page.html.evidence import evidence
from webapp.service.ask import page_result
from webapp.store.access import Access
from webapp.store.audit import Audit
from webapp.store.conversations import Conversation, Conversations
from webapp.store.schema import metadata, turns
from webapp.store.sharing import Sharing
from webapp.store.users import MIGRATIONS, VERSION_TABLE, User, Users

ANN, BEN = User("ann", "Ann"), User("ben", "Ben")
RENT = "The monthly rent is four thousand dollars, payable in advance."
LAW = "The laws of Ireland govern this Lease."
DRAFT = 'Rent is due each month: "The monthly rent is four thousand dollars ... in advance." [1] Irish law governs. [2]'


class Records:
    """A library with one document that has been read, and conversations about it."""

    def __init__(self, address: str, folder: Path) -> None:
        self.engine = database.open_database(address)
        self.library = Library(self.engine, Files(folder / "files"))
        self.users = Users(self.engine)
        self.access = Access(self.library, self.users)
        self.audit = Audit(self.engine, folder / "audit.head")
        self.conversations = Conversations(self.engine, self.library, self.access)
        for user in (ANN, BEN):
            self.users.add(user)

    def add(self, matter: Matter) -> DocumentRecord:
        data = make_pdf([f"1. Rent. {RENT}", f"2. Governing law. {LAW}"])
        record = self.library.accept(matter.id, "lease.pdf", data)
        self.library.keep_text(record, read_pdf(data, name="lease.pdf", document_id=record.id))
        read = replace(record, state="ready", pages=2)
        self.library.jobs.save(read)
        return read


@pytest.fixture
def records(database_url: str, tmp_path: Path) -> Iterator[Records]:
    records = Records(database_url, tmp_path)
    yield records
    records.engine.dispose()


@pytest.fixture
def matter(records: Records) -> Matter:
    return records.access.create(ANN, "Acme")


@pytest.fixture
def record(records: Records, matter: Matter) -> DocumentRecord:
    return records.add(matter)


@pytest.fixture
def document(records: Records, matter: Matter, record: DocumentRecord) -> Document:
    return records.library.document(matter.id, record.id)


def _answered(document: Document, record: DocumentRecord) -> AnswerResult:
    """An answer as the page has it: a quotation with an ellipsis, a citation without one, and a key sentence."""
    passages = []
    for n, (sentence, page) in enumerate(((RENT, 1), (LAW, 2)), start=1):
        at = document.text.index(sentence)
        span = document.span(at, at + len(sentence))
        cite = replace(pin_cite(document, span), section=str(n))
        assert cite.page == page
        passages.append(Passage(**cite.where(), n=n, text=sentence))
    checked = check(DRAFT, passages, {document.id: document})
    law = passages[1]
    answer = Answer(
        checked.text,
        found=True,
        searched=Searched(CoverageRow.of([record]), "rent?", wider=False),
        budget=BudgetRow(window=1, system=1, history=1, passages=1, reserve=1, sent=1, left_out=1),
        engine="tgi",
        citations=checked.citations,
        key_language=(KeySentence(**law.where(), text=LAW),),
        checked=checked,
        passages=tuple(passages),
    )
    return page_result(answer, {record.id: record})


def test_a_saved_turn_stays_in_the_text_that_it_was_checked_on(
    records: Records, matter: Matter, record: DocumentRecord, document: Document
) -> None:
    conversation = _begun(records, matter)
    shown = _answered(document, record)
    records.conversations.add_turn(ANN, conversation.id, "What is the rent?", shown, "complete")
    newer = replace(document, text=f"(read anew)\n{document.text}", version=2)
    records.library.keep_text(record, newer)
    records.library.jobs.save(replace(record, text_version=2))
    assert records.library.document(matter.id, record.id).text.startswith("(read anew)")
    (turn,) = records.conversations.turns(ANN, conversation.id)
    assert isinstance(turn.answer, AnswerResult)
    assert [row.quote for row in turn.answer.citations] == [row.quote for row in shown.citations]
    assert records.conversations.cite(record.id, 1)
    assert not records.conversations.cite(record.id, 2)
    later = _answered(replace(document, version=2), record)
    records.conversations.add_turn(ANN, conversation.id, "And now?", later, "complete")
    assert records.conversations.cite(record.id, 2)
    turns = records.conversations.turns(ANN, conversation.id)
    opened = [str(evidence_of(records.library, matter.id, turn, 0)) for turn in turns]
    assert "The monthly rent is four thousand dollars" in opened[0]
    assert ["version=2" in html for html in opened] == [False, True]


def test_the_evidence_tells_how_the_words_came_on_the_page(
    records: Records, matter: Matter, record: DocumentRecord, document: Document
) -> None:
    at, law = document.text.index("four thousand dollars"), document.text.index(LAW)
    remarks = (
        Remark(at, at + 21, "field"),
        Remark(at + 5, at + 5, "struck", "or a fee", "Ann, 2024-03-01"),
        Remark(law, law, "comment", "Not of <Delaware>?", "Bob"),
    )
    marked = replace(document, remarks=remarks)
    records.library.keep_text(record, marked)
    conversation = _begun(records, matter)
    records.conversations.add_turn(ANN, conversation.id, "What is the rent?", _answered(marked, record), "complete")
    (turn,) = records.conversations.turns(ANN, conversation.id)
    first, second = (str(evidence_of(records.library, matter.id, turn, at)) for at in (0, 1))
    assert "(form entry)" in first
    notes = "<li>Filled in on the form: four thousand dollars</li><li>Deleted (Ann, 2024-03-01): or a fee</li>"
    assert f'<ul class="noted">{notes}</ul>' in first
    assert "<li>Comment (Bob): Not of &lt;Delaware&gt;?</li>" in second


def _begun(records: Records, matter: Matter, user: User = ANN, title: str = "What is the rent?") -> Conversation:
    return records.conversations.start(user, matter, title)


def test_an_answer_comes_back_as_it_was_shown_with_its_evidence(
    records: Records, matter: Matter, record: DocumentRecord, document: Document
) -> None:
    shown = _answered(document, record)
    begun = _begun(records, matter)
    kept = records.conversations.add_turn(ANN, begun.id, "What is the rent?", shown, "complete")
    [turn] = records.conversations.turns(ANN, begun.id)
    assert (turn.id, turn.question, turn.state, turn.rating) == (kept.id, "What is the rent?", "complete", None)
    assert abs((turn.asked_at - kept.asked_at).total_seconds()) < 1
    assert turn.answer == shown
    assert records.conversations.turn(ANN, begun.id, kept.id) == turn
    with pytest.raises(NoSuchConversation):
        records.conversations.turn(ANN, _begun(records, matter).id, kept.id)  # it is of another conversation
    quoted, plain = turn.answer.citations
    assert quoted.quote == "The monthly rent is four thousand dollars … in advance"
    assert [document.text[start:end] for start, end in quoted.spans] == [
        "The monthly rent is four thousand dollars",
        "in advance",
    ]
    assert (plain.quote, [document.text[start:end] for start, end in plain.spans]) == (None, [LAW])


def test_a_conversation_is_read_in_as_many_statements_however_much_it_cites(
    records: Records, matter: Matter, document: Document, record: DocumentRecord
) -> None:
    statements: list[str] = []
    sa.event.listen(records.engine, "before_cursor_execute", lambda _c, _k, statement, *_: statements.append(statement))
    conversation = records.conversations.start(ANN, matter, "Rent")
    counts = []
    for _ in range(3):
        records.conversations.add_turn(
            ANN, conversation.id, "What is the rent?", _answered(document, record), "complete"
        )
        statements.clear()
        records.conversations.turns(ANN, conversation.id)
        counts.append(len(statements))
    assert counts[0] == counts[1] == counts[2] > 0


def test_what_is_kept_of_a_document_are_places_and_no_words(
    records: Records, matter: Matter, record: DocumentRecord, document: Document
) -> None:
    shown = _answered(document, record).model_copy(update={"answer": "(the answer itself)"})
    records.conversations.add_turn(ANN, _begun(records, matter).id, "?", shown, "complete")
    with database.reading(records.engine) as connection:
        kept = json.dumps(connection.scalar(sa.select(turns.c.answer)), ensure_ascii=False)
    assert not any(words in kept for words in ("monthly rent", "in advance", "laws of Ireland"))


def test_an_answer_outlives_its_document_and_says_that_it_was_removed(
    records: Records, matter: Matter, record: DocumentRecord, document: Document
) -> None:
    begun = _begun(records, matter)
    shown = _answered(document, record)
    records.conversations.add_turn(ANN, begun.id, "?", shown, "complete")
    records.library.remove(matter.id, record.id)
    [turn] = records.conversations.turns(ANN, begun.id)
    assert isinstance(turn.answer, AnswerResult)
    assert turn.answer.answer == shown.answer
    for places in (turn.answer.citations, turn.answer.key_language, turn.answer.passages):
        assert [(each.removed, each.document) for each in places] == [(True, "lease.pdf")] * len(places)
    assert (turn.answer.citations[0].quote, turn.answer.key_language[0].text) == (None, None)

    records.add(matter)  # the same file again: the same offsets
    [turn] = records.conversations.turns(ANN, begun.id)
    assert turn.answer.citations[0].quote == shown.citations[0].quote


def test_an_answer_that_was_stopped_is_kept_as_far_as_it_came(records: Records, matter: Matter) -> None:
    begun = _begun(records, matter)
    records.conversations.add_turn(ANN, begun.id, "?", read_turn({"answer": "The rent"}), "stopped")
    [turn] = records.conversations.turns(ANN, begun.id)
    assert (turn.answer, turn.state) == (read_turn({"answer": "The rent"}), "stopped")


def test_turns_are_rated_asked_again_and_in_their_order(records: Records, matter: Matter) -> None:
    begun = _begun(records, matter)
    answer = read_turn({"answer": "…"})
    for question in ("one", "two", "three"):
        records.conversations.add_turn(ANN, begun.id, question, answer, "complete")
    _, second, _ = records.conversations.turns(ANN, begun.id)
    records.conversations.rate(ANN, second.id, -1)
    rated = {turn.question: turn.rating for turn in records.conversations.turns(ANN, begun.id)}
    assert list(rated.items()) == [("one", None), ("two", -1), ("three", None)]
    records.conversations.rate(ANN, second.id, None)
    records.conversations.cut(ANN, second.id)
    records.conversations.add_turn(ANN, begun.id, "two, otherwise", answer, "complete")
    kept = records.conversations.turns(ANN, begun.id)
    assert [(turn.question, turn.rating) for turn in kept] == [("one", None), ("two, otherwise", None)]


def test_turns_that_come_at_once_all_find_their_place(records: Records, matter: Matter) -> None:
    begun = _begun(records, matter)
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda n: records.conversations.add_turn(ANN, begun.id, str(n), read_turn({"answer": ""}), "complete"),
                range(12),
            )
        )
    assert len(records.conversations.turns(ANN, begun.id)) == 12


def test_conversations_are_listed_newest_first_renamed_and_deleted(records: Records, matter: Matter) -> None:
    first, second = _begun(records, matter, title="one"), _begun(records, matter, title=f"  {'long ' * 40}\n")
    assert records.conversations.all(ANN, matter) == [second, first]
    assert len(second.title) <= 80
    assert second.title.endswith("…")
    records.conversations.choose(ANN, first.id, ["d1", "d2"])
    changed = records.conversations.rename(ANN, first.id, " Rent\n\x1b[31m")
    assert (changed.title, changed.scope) == ("Rent", ("d1", "d2"))
    assert records.conversations.rename(ANN, first.id, " \n") == changed  # no words: as it was
    with pytest.raises(NameTooLong):
        records.conversations.rename(ANN, first.id, "x" * 256)
    assert records.conversations.one(ANN, first.id) == changed
    records.conversations.delete(ANN, first.id)
    assert records.conversations.all(ANN, matter) == [second]
    with pytest.raises(NoSuchConversation):
        records.conversations.turns(ANN, first.id)


def test_conversations_are_searched_by_title_question_and_answer_of_those_that_one_may_read(
    records: Records, matter: Matter
) -> None:
    kept = records.conversations
    rent, law = _begun(records, matter), _begun(records, matter, title="Law")
    kept.add_turn(ANN, rent.id, "And the deposit?", read_turn({"answer": "Zwei Löhne."}), "complete")
    kept.add_turn(ANN, law.id, "Which courts?", read_turn({"answer": "Those of Ireland.", "query": "venue"}), "stopped")
    records.users.join(BEN, [matter.id])
    bens = _begun(records, matter, BEN, "Ben's rent")
    kept.add_turn(BEN, bens.id, "Who pays?", read_turn({"answer": "The tenant."}), "complete")

    def found(words: str, user: User = ANN) -> list[str]:
        return [each.id for each in kept.search(user, matter, words)]

    assert found("rent") == found("RENT what") == found("deposit LÖHNE rent") == [rent.id]  # no word of Ben's
    assert found("ireland courts") == [law.id]
    assert found("courts deposit") == found("venue") == found("100%") == []  # of two conversations; no text of a turn
    assert found(" ") == [law.id, rent.id]
    kept.share(BEN, bens.id, shared=True)
    assert found("rent") == [bens.id, rent.id]
    assert found("tenant") == [bens.id]
    assert found("deposit", BEN) == []
    records.users.leave(ANN, matter.id)
    with pytest.raises(NoSuchMatter):
        found("rent")


def test_conversations_come_back_after_a_restart(
    records: Records, matter: Matter, database_url: str, tmp_path: Path
) -> None:
    begun = _begun(records, matter)
    again = Records(database_url, tmp_path)
    assert again.conversations.all(ANN, matter) == [begun]
    again.engine.dispose()


@pytest.mark.parametrize("member", [False, True], ids=["a stranger", "another member"])
def test_what_another_said_reads_as_what_was_never_said(records: Records, matter: Matter, member: bool) -> None:
    begun = _begun(records, matter)
    turn = records.conversations.add_turn(ANN, begun.id, "?", read_turn({"answer": "…"}), "complete")
    if member:
        records.users.join(BEN, [matter.id])
    told = set()
    for conversation, turn_id in ((begun.id, turn.id), ("0" * 32, "0" * 32)):
        for ask in (
            lambda id_=conversation: records.conversations.one(BEN, id_),
            lambda id_=conversation: records.conversations.turns(BEN, id_),
            lambda id_=conversation: records.conversations.add_turn(BEN, id_, "?", read_turn({}), "complete"),
            lambda id_=conversation: records.conversations.rename(BEN, id_, "mine"),
            lambda id_=conversation: records.conversations.choose(BEN, id_, None),
            lambda id_=conversation: records.conversations.delete(BEN, id_),
            lambda id_=conversation, turn_id=turn_id: records.conversations.turn(BEN, id_, turn_id),
            lambda id_=turn_id: records.conversations.cut(BEN, id_),
            lambda id_=turn_id: records.conversations.rate(BEN, id_, 1),
        ):
            with pytest.raises(NoSuchConversation) as error:
                ask()
            told.add(str(error.value))
    assert len(told) == 1
    if member:
        assert records.conversations.all(BEN, matter) == []
    else:
        with pytest.raises(NoSuchMatter):
            records.conversations.all(BEN, matter)
        with pytest.raises(NoSuchMatter):
            records.conversations.start(BEN, matter, "mine")
    assert [turn.question for turn in records.conversations.turns(ANN, begun.id)] == ["?"]


def test_who_may_not_see_a_matter_any_more_sees_nothing_of_what_they_said_in_it(
    records: Records, matter: Matter
) -> None:
    begun = _begun(records, matter)
    records.users.leave(ANN, matter.id)
    with pytest.raises(NoSuchConversation):
        records.conversations.turns(ANN, begun.id)


def test_what_was_said_goes_with_its_matter_and_with_its_user(records: Records, matter: Matter) -> None:
    begun = _begun(records, matter)
    records.conversations.add_turn(ANN, begun.id, "?", read_turn({"answer": "…"}), "complete")
    records.users.delete_matter_rows(matter.id)
    other = records.access.create(BEN, "Bolt")
    begun = _begun(records, other, BEN)
    records.conversations.add_turn(BEN, begun.id, "?", read_turn({"answer": "…"}), "complete")
    records.users.delete(BEN)
    with database.reading(records.engine) as connection:
        counts = [connection.scalar(sa.select(sa.func.count()).select_from(t)) for t in metadata.sorted_tables]
    left = dict(zip((t.name for t in metadata.sorted_tables), counts, strict=True))
    assert {name: count for name, count in left.items() if count} == {"users": 1}


def test_a_conversation_is_read_by_the_people_of_its_matter_once_it_is_shared_and_changed_by_nobody_else(
    records: Records, matter: Matter, tmp_path: Path
) -> None:
    begun = _begun(records, matter)
    kept = records.conversations.add_turn(ANN, begun.id, "?", read_turn({"answer": "…"}), "complete")
    sharing = Sharing(records.engine, records.library, records.users, records.access, records.audit)
    sharing.share(ANN, matter.id, BEN.id, "viewer")
    with pytest.raises(NoSuchConversation):
        records.conversations.one(BEN, begun.id)
    assert records.conversations.share(ANN, begun.id, shared=True).shared
    [seen] = records.conversations.all(BEN, matter)
    assert (seen.id, seen.author) == (begun.id, "Ann")
    assert [turn.id for turn in records.conversations.turns(BEN, begun.id)] == [kept.id]
    assert records.conversations.turn(BEN, begun.id, kept.id).question == "?"
    for change in (
        lambda: records.conversations.add_turn(BEN, begun.id, "?", read_turn({"answer": "…"}), "complete"),
        lambda: records.conversations.cut(BEN, kept.id),
        lambda: records.conversations.rate(BEN, kept.id, 1),
        lambda: records.conversations.delete(BEN, begun.id),
        lambda: records.conversations.rename(BEN, begun.id, "x"),
        lambda: records.conversations.choose(BEN, begun.id, None),
        lambda: records.conversations.share(BEN, begun.id, shared=False),
    ):
        with pytest.raises(NoSuchConversation):
            change()
    sharing.wall(ANN, matter.id, BEN.id)
    with pytest.raises(NoSuchConversation):
        records.conversations.turns(BEN, begun.id)
    sharing.lift_wall(ANN, matter.id, BEN.id)
    sharing.share(ANN, matter.id, BEN.id, "viewer")
    records.conversations.share(ANN, begun.id, shared=False)
    assert records.conversations.all(BEN, matter) == []


# What older versions kept


class Older(NamedTuple):
    """A row as an older version kept it; what is to be seen of it on the page, its places, and how many are quoted."""

    row: dict[str, Any]
    seen: str
    places: int
    quoted: int


BUDGET = dict.fromkeys("window system history passages reserve sent left_out".split(), 1)
NOTICE = {"error": "The engine is away.", "hint": "Wait."}


class OlderRows:
    """Rows of one document as older versions kept them."""

    def __init__(self, document: Document) -> None:
        rent, law = (document.text.index(words) for words in (RENT, LAW))
        self.at_law = {"start": law, "end": law + len(LAW), "spans": [[law, law + len(LAW)]]}
        self.at_rent = {"start": rent, "end": rent + len(RENT), "spans": [[rent, rent + len(RENT)]]}
        self.named = {"document_id": document.id, "document": "lease.pdf"}
        self.pin = {**self.named, "section": "Section 2 (Governing law)", "page": 2, "page_label": "2"}
        self.searched = {"documents": 1, "pages": 2, "unreadable_pages": 0}

    def all(self) -> dict[str, Older]:
        """By what there was to say of them."""
        return {**self.answers(), **self.without_an_answer(), **self.summaries(), **self.mentions()}

    def answers(self) -> dict[str, Older]:
        """Answers, with what each version added."""
        passages = [{"n": 1, **self.pin, **self.at_law}, {"n": 2, **self.pin, **self.at_rent}]
        citations = [
            {"n": 1, **self.pin, "verified": True, **self.at_law},
            {"n": 2, **self.pin, "quote": None, "verified": True, **self.at_rent},
        ]
        bare = {
            "answer": "It is Irish law [1]. Rent is due [2].",
            "found": True,
            "citations": citations,
            "key_language": [{**self.pin, **self.at_law}, {**self.pin, **self.at_rent}],
            "searched": self.searched,
            "budget": BUDGET,
            "engine": "tgi",
        }
        answer = bare | {"passages": passages}
        reasoned = [each | {"why": "referred to in [1]"} for each in passages]
        said = {"end": 20, "citations": [0], "doubt": "no citation"}
        same = {"citation": 0, **self.named, "section": "Section 2", "page": 2, **self.at_law}
        shared = {"citations": [each | {"also_in": 1} for each in citations], "same_words": [same]}
        repeated = "The same passage appears word for word in 1 other document"
        told, chosen = answer | {"query": "law?", "notices": [NOTICE]}, {"documents_meant": [], "doubtful": False}
        meant = {"doubtful": True, "documents_meant": [self.named]}
        return {
            "the first answers": Older(answer, "Irish law", 5, 2),
            "with a query and notices": Older(told, "The engine is away.", 5, 2),
            "with nothing to choose and no doubt": Older(answer | chosen, "Irish law", 5, 2),
            "with sentences and reasons": Older(
                bare | {"passages": reasoned, "sentences": [said]}, "no citation", 5, 2
            ),
            "with the same words, their sections and spans": Older(bare | shared, repeated, 4, 2),
            "doubtful, between documents": Older(bare | meant, "may not address", 3, 2),
        }

    def without_an_answer(self) -> dict[str, Older]:
        """What was kept where there was nothing to answer from."""
        failed = {"answer": "", "query": "?", "error": "The documents cannot be reached.", "hint": "", "notices": []}
        nothing: dict[str, Any] = {"answer": "Not found.", "found": False, "query": "?", "engine": "none"}
        nothing |= {"citations": [], "key_language": [], "passages": [], "notices": []}
        return {
            "nothing found": Older(nothing | {"searched": self.searched, "budget": BUDGET}, "Nothing found", 0, 0),
            "failed before anything was found": Older(failed, "The documents cannot be reached.", 0, 0),
        }

    def summaries(self) -> dict[str, Older]:
        """Summaries, with what each version added."""
        law, rent = {"spans": self.at_law["spans"]}, {"spans": self.at_rent["spans"]}
        lines = [{"text": None, "citations": [0]}, {"text": "Rent is due.", "citations": [1]}]
        summary = {
            "kind": "summary",
            **self.named,
            "answer": "",
            "found": True,
            "clauses": [{"label": "Section 2", "heading": "Governing law", "part": "", "lines": lines}],
            "citations": [
                {"n": 1, **self.pin, "verified": True, **law},
                {"n": 2, **self.pin, "quote": None, "verified": True, **rent},
            ],
            "definitions": [{**self.pin, **rent}],
            "searched": self.searched,
            "engine": "tgi",
            "written": 1,
        }
        terms: dict[str, Any] = {"definitions": [{**self.pin, **rent, "term": "Rent"}], "notices": []}
        terms["leads_nowhere"] = [{"label": "Exhibit C", "page": 1, "page_label": "1"}]
        stopped = summary | {"clauses": [], "citations": [], "notices": []}
        return {
            "a summary without its terms": Older(summary, "Rent is due.", 3, 2),
            "a summary with its terms": Older(summary | terms, "Exhibit C", 3, 2),
            "a summary that was stopped": Older(stopped, "Nothing to summarise", 1, 1),
        }

    def mentions(self) -> dict[str, Older]:
        """Every mention of a phrase, before and after they were counted."""
        mentions = {
            "kind": "mentions",
            "phrase": "laws of Ireland",
            "answer": "",
            "found": True,
            "searched": self.searched,
            "citations": [{**self.pin, **self.at_law, "n": 1, "verified": True}],
        }
        counted = mentions | {"count": 7, "documents": 3, "left_out": [self.named], "notices": [NOTICE]}
        return {
            "mentions that nobody counted": Older(mentions, "1 mention in 1 document.", 1, 1),
            "mentions that were counted": Older(counted, "7 mentions in 3 documents.", 1, 1),
        }


OLDER = tuple(OlderRows(Document("d", "lease.pdf", f"{RENT}\n{LAW}", ())).all())


@pytest.mark.parametrize("version", OLDER)
@pytest.mark.parametrize("gone", [False, True], ids=["its document is there", "its document is gone"])
def test_a_conversation_that_an_older_version_kept_opens(
    records: Records, matter: Matter, record: DocumentRecord, document: Document, version: str, gone: bool
) -> None:
    row, seen, places, quoted = OlderRows(document).all()[version]
    begun = _begun(records, matter)
    with database.writing(records.engine) as connection:
        kept = {"id": "0" * 32, "conversation_id": begun.id, "position": 1, "question": "?", "answer": row}
        connection.execute(sa.insert(turns).values(kept | {"state": "complete", "asked_at": begun.created_at}))
    if gone:
        records.library.remove(matter.id, record.id)
    [turn] = records.conversations.turns(ANN, begun.id)
    assert seen in turn_html(turn, last=True).replace("\u00a0", " ")
    assert copied(turn) is not None
    shown = items(turn.answer)
    assert gone or len(shown) == places
    for at, item in enumerate(shown):
        html = evidence("m", turn.id, shown, at, "")
        assert "lease.pdf" in html
        assert ("was removed" in html) == (gone or isinstance(item.row, SameWordsRow))
    words = [item.row.words for item in shown if isinstance(item.row, Quoting) and item.row.words]
    assert len(words) == (0 if gone else quoted)
    assert set(words) <= {RENT, LAW}

    again = turn.answer.with_places(lambda place: place.model_copy(update={"removed": False}))
    records.conversations.add_turn(ANN, begun.id, "?", again, "complete")
    assert [each.answer for each in records.conversations.turns(ANN, begun.id)][1] == turn.answer


# Schema


def test_migrations_make_the_tables_that_the_code_declares(records: Records) -> None:
    with records.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        ours = set(metadata.tables)
        difference = compare_metadata(context, metadata)
    assert [each for each in difference if _table(each) in ours] == []


def _table(difference: Any) -> str:
    first = difference[0]
    if isinstance(first, tuple):
        return str(first[2])
    return str(getattr(difference[1], "name", "")) if first.endswith("table") else str(difference[1].table.name)


def test_a_folder_of_the_first_version_keeps_its_users_matters_and_documents(database_url: str, tmp_path: Path) -> None:
    """Both packages' tables as they were, with rows, brought up to date; SQLite makes one of them anew."""
    engine = database.open_database(database_url)
    for folder, table in ((LIBRARY_MIGRATIONS, "library_version"), (MIGRATIONS, VERSION_TABLE)):
        with database.rebuilding(engine) as connection:
            database.upgrade(connection, folder, table, "0001")
    with database.writing(engine) as connection:
        for row in (
            "INSERT INTO matters (id, name, created_at, retired) VALUES ('m', 'Acme', '2026-01-01', FALSE)",
            "INSERT INTO documents VALUES ('m', 'd', 'lease.pdf', 1, 2, '[]', '2026-01-01')",
            "INSERT INTO jobs VALUES ('m', 'd', 'ready', 2, 0, NULL, '2026-01-01')",
            "INSERT INTO users VALUES ('ann', 'Ann', TRUE)",
            "INSERT INTO memberships VALUES ('ann', 'm')",
        ):
            connection.exec_driver_sql(row)
    engine.dispose()
    records = Records(database_url, tmp_path)
    [matter] = records.access.matters(ANN)
    assert (matter, [record.name for record in records.access.documents(ANN, matter)]) == (
        Matter("m", "Acme"),
        ["lease.pdf"],
    )
    assert _begun(records, matter) == records.conversations.all(ANN, matter)[0]
    assert records.access.create(BEN, "Acme").id != "m"
    with pytest.raises(Exception, match="already a matter"):
        records.access.create(ANN, "Acme")
    with database.writing(records.engine) as connection:  # references are minded again
        connection.exec_driver_sql("DELETE FROM matters WHERE id = 'm'")
        assert connection.exec_driver_sql("SELECT count(*) FROM documents").scalar() == 0
    records.engine.dispose()
