"""A conversation that is taken along: what is in the file, and what of privileged documents is not."""

import json
from collections.abc import Iterator

import pytest

from retrieval import DocumentRecord, Matter
from tests.webapp.embeddings import embeddings
from tests.webapp.page.pages import ready
from webapp.core.errors import NoSuchConversation
from webapp.core.results import ConversationExport, read_turn
from webapp.core.settings import load_settings
from webapp.core.stream import Result
from webapp.exports.conversation import WRITERS, paper_of_export
from webapp.exports.plain_text import to_text
from webapp.service.caller import Caller
from webapp.service.conversation_commands import ExportConversation
from webapp.service.workspace import Workspace
from webapp.store.audit import Act, Wanted
from webapp.store.conversations import Conversation
from webapp.store.users import LOCAL_USER

RENT = "The monthly rent is $4,200."
SECRET = "privileged-sansibar"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("data")
    with embeddings() as url, Workspace(load_settings(data_dir=folder, embeddings_url=url)) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def matter(workspace: Workspace) -> Matter:
    return workspace.create_matter(LOCAL_USER, "Acme")


@pytest.fixture(scope="module")
def lease(workspace: Workspace, matter: Matter) -> DocumentRecord:
    return ready(workspace, matter, "lease.pdf", f"1. Rent. {RENT}")


@pytest.fixture(scope="module")
def memo(workspace: Workspace, matter: Matter) -> DocumentRecord:
    record = ready(workspace, matter, "memo.pdf", f"1. Advice. {SECRET}")
    workspace.sharing.set_privileged(LOCAL_USER, matter.id, record.id, is_privileged=True)
    return record


def cited(record: DocumentRecord, answer: str, history: int = 0) -> dict[str, object]:
    budget = dict.fromkeys("window system passages reserve sent left_out".split(), 1) | {"history": history}
    place = {"document_id": record.id, "document": record.name, "section": "Section 1", "page": 1, "page_label": "1"}
    citation = place | {"n": 1, "quote": "", "verified": True, "spans": [[9, 9 + len(RENT)]]}
    citation["text_version"] = record.text_version
    return {"answer": answer, "found": True, "citations": [citation], "budget": budget}


def begun(workspace: Workspace, matter: Matter, *asked: tuple[str, dict[str, object]]) -> Conversation:
    conversation = workspace.conversations.start(LOCAL_USER, matter, asked[0][0])
    for question, answer in asked:
        workspace.conversations.add_turn(LOCAL_USER, conversation.id, question, read_turn(answer), "complete")
    return conversation


def export(workspace: Workspace, matter: Matter, conversation: str) -> ConversationExport:
    [row] = Caller(workspace, LOCAL_USER).run(ExportConversation(matter.name, conversation))
    assert isinstance(row, Result)
    return ConversationExport.model_validate_json(row.row.line())


def test_a_file_has_the_questions_the_answers_and_where_they_stand(
    workspace: Workspace, matter: Matter, lease: DocumentRecord
) -> None:
    question = "What is the <b>rent</b>?"
    conversation = begun(workspace, matter, (question, cited(lease, "It is $4,200 [1].")))
    row = export(workspace, matter, conversation.id[:8])
    html, text = WRITERS[".html"](row).decode(), WRITERS[".txt"](row).decode()
    assert "What is the &lt;b&gt;rent&lt;/b&gt;?" in html
    assert "<b>rent" not in html
    for written in (html, text):
        assert "It is $4,200" in written
        assert "lease.pdf, Section 1, p. 1" in written
        assert RENT in written  # the words of the citation, read from the document
    assert json.loads(WRITERS[".json"](row))["turns"][0]["question"] == question
    assert WRITERS[".docx"](row).startswith(b"PK")


def test_what_draws_on_a_privileged_document_stays_out_and_what_was_written_with_it_in_the_prompt(
    workspace: Workspace, matter: Matter, lease: DocumentRecord, memo: DocumentRecord
) -> None:
    asked = (
        (f"Is {SECRET} right?", cited(memo, f"{SECRET} says so [1].")),
        ("And the rent?", cited(lease, f"As {SECRET}, $4,200 [1].", history=9)),
        ("What is the rent alone?", cited(lease, "$4,200 [1].")),
    )
    conversation = begun(workspace, matter, *asked)
    row = export(workspace, matter, conversation.id)
    assert [turn.question for turn in row.turns] == ["What is the rent alone?"]
    assert row.left_out == 2
    for form in (".html", ".txt", ".json"):
        written = WRITERS[form](row).decode()
        assert SECRET not in written, form
        assert "memo.pdf" not in written, form
    assert "2 questions left out" in to_text(paper_of_export(row))
    [newest] = workspace.audit.entries(Wanted(act=Act.EXPORT), 1, newest_first=True)
    assert (newest.object, newest.documents) == (conversation.id, (lease.id,))


def test_a_conversation_of_another_matter_is_not_found_in_this_one(
    workspace: Workspace, matter: Matter, lease: DocumentRecord
) -> None:
    conversation = begun(workspace, matter, ("Rent?", cited(lease, "$4,200 [1].")))
    other = workspace.create_matter(LOCAL_USER, "Bolt")
    for id_ in (conversation.id, conversation.id[:8], conversation.id[:5], ""):
        with pytest.raises(NoSuchConversation):
            export(workspace, other, id_)


def test_every_kind_of_turn_is_written(workspace: Workspace, matter: Matter, lease: DocumentRecord) -> None:
    named = {"document_id": lease.id, "document": lease.name}
    searched = {"documents": 1, "pages": 1, "unreadable_pages": 0}
    place = named | {"section": "1", "page": 1, "page_label": "1", "n": 1, "verified": True, "spans": [[9, 13]]}
    line = {"text": "The tenant pays.", "citations": [0], "state": "compared"}
    clause = {"label": "Section 1", "heading": "Rent", "part": "", "lines": [line]}
    summary = named | {"kind": "summary", "found": True, "clauses": [clause], "citations": [place]}
    mentions = {"kind": "mentions", "phrase": "rent", "found": True, "citations": [place | {"quote": "The"}]}
    table = cited(lease, "Found in 1 of 1 document.")
    table["documents"] = [named | {"state": "found", "answer": "yes", "citations": [1], "superseded_by": []}]
    conversation = begun(
        workspace,
        matter,
        ("Summary of lease.pdf", summary | {"searched": searched, "engine": "none", "written": 1}),
        ("rent", mentions | {"searched": searched}),
        ("Which say so?", table),
        ("Stopped?", {"answer": "", "error": "The engine is away.", "hint": "Wait."}),
    )
    text = to_text(paper_of_export(export(workspace, matter, conversation.id)))
    for words in ("Section 1 – Rent", "The tenant pays.", "rent", "lease.pdf", "The engine is away."):
        assert words in text
