"""The document view without a browser: pages, search, outline, terms, notes, links that lead nowhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval import DocumentRecord, Matter, NoSuchDocument, NoSuchMatter
from retrieval.core.documents import PAGE_BREAK, Document
from retrieval.core.documents import Page as DocumentPage
from tests.webapp.page.pages import Page, elements, ready, words
from webapp.core.errors import EmptyQuestion, EventMalformed, NoSuchNote, WordsTooLong
from webapp.core.settings import load_settings
from webapp.page.controller import GONE
from webapp.page.reader import MOST_CLAUSES, page_named
from webapp.page.state import PageState, Place
from webapp.service.workspace import Workspace
from webapp.store.users import User

ANN, BEN = User("ann", "Ann"), User("ben", "Ben")
LEASE = PAGE_BREAK.join(
    [
        '1. Definitions. In this Lease "Rent" means the sum of $4,200 a month.',
        "2. Payment. The Rent is due on the first day. <script>alert(1)</script> No other Rent is due.",
        "3. Termination. Either party may end this Lease on the first day of a month.",
    ]
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, embeddings_url: str) -> Iterator[Workspace]:
    settings = load_settings(
        data_dir=tmp_path_factory.mktemp("data"), access="behind-proxy", embeddings_url=embeddings_url
    )
    with Workspace(settings) as workspace:
        for user in (ANN, BEN):
            workspace.welcome(user)
        yield workspace


@pytest.fixture(scope="module")
def matter(workspace: Workspace) -> Matter:
    matter = workspace.create_matter(ANN, "Acme")
    workspace.sharing.share(ANN, matter.id, BEN.id, "viewer")
    return matter


@pytest.fixture(scope="module")
def lease(workspace: Workspace, matter: Matter) -> DocumentRecord:
    return ready(workspace, matter, "lease.pdf", LEASE)


@pytest.fixture
def page(workspace: Workspace, matter: Matter) -> Page:
    return Page(workspace, ANN, matter.id)


def heading(page: Page) -> str:
    return words(page.shown["evidence"], "h2")[0]


def button(page: Page, key: str) -> dict[str, str]:
    """The fields of the button of a key."""
    [found] = [each for each in elements(page.shown["evidence"]) if each.attributes.get("data-key") == key]
    return {name[5:]: value for name, value in found.attributes.items() if name.startswith("data-")}


def press(page: Page, key: str) -> None:
    said = button(page, key)
    page.do(said.pop("do"), **{name: value for name, value in said.items() if name != "key"})


def test_a_document_opens_and_its_pages_are_turned(page: Page, lease: DocumentRecord) -> None:
    page.do("read-document", document=lease.id)
    assert heading(page) == "Page 1 of 3"
    assert f"/{lease.id}/pages/1.png" in page.shown["evidence"]
    assert 'aria-disabled="true" data-key="previous"' in page.shown["evidence"]
    press(page, "next")
    press(page, "next")
    assert heading(page) == "Page 3 of 3"
    assert 'aria-disabled="true" data-key="next"' in page.shown["evidence"]
    page.do("read-document", document=lease.id, page="999")
    assert heading(page) == "Page 3 of 3"
    page.do("close-document")
    assert "Choose a citation" in page.shown["evidence"]


def test_the_outline_comes_with_the_document_and_not_with_each_page(page: Page, lease: DocumentRecord) -> None:
    opened = page.do("read-document", document=lease.id)
    clauses = elements(opened["outline"], "read-document")
    assert [each.text for each in clauses] == ["1 Definitions", "2 Payment", "3 Termination"]
    turned = page.do("read-document", document=lease.id, at=clauses[2].attributes["data-at"])
    assert "outline" not in turned
    assert heading(page) == "Page 3 of 3"


def test_an_outline_of_too_many_clauses_leaves_out_those_further_down(workspace: Workspace, matter: Matter) -> None:
    long = "\n".join(f"{n}. Clause {n}.\n(a) one thing;\n(b) another thing." for n in range(1, 700))
    record = ready(workspace, matter, "long.txt", long)
    page = Page(workspace, ANN, matter.id)
    outline = page.do("read-document", document=record.id)["outline"]
    assert len(elements(outline, "read-document")) == 699 < MOST_CLAUSES
    assert "1,398 clauses further down are left out." in outline


def _document(*pages: tuple[str, str]) -> Document:
    made = [DocumentPage(n, label, n, n, bates=bates) for n, (label, bates) in enumerate(pages, 1)]
    return Document("d", "d.pdf", " " * 99, tuple(made))


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("i", 1),
        ("II", 2),
        ("1", 3),
        ("p. 1", 3),
        ("page 2", 4),
        ("PDF page 2", 2),
        ("file p. 1", 1),
        ("5", 5),
        ("acme 000103", 3),
        ("ACME000104", 4),
        ("6", None),
        ("0", None),
        ("-1", None),
        ("", None),
        ("٣", None),
        ("A-7", None),
        ("9" * 5_000, None),
    ],
)
def test_a_page_is_found_by_what_is_printed_on_it_its_bates_number_or_its_number(name: str, number: int | None) -> None:
    of = _document(("i", "ACME000101"), ("ii", "ACME000102"), ("1", "ACME 000103"), ("2", "ACME-000104"), ("", ""))
    assert page_named(of, name) == number


def test_a_page_that_is_not_there_is_told_and_the_page_stays(page: Page, lease: DocumentRecord) -> None:
    page.do("read-document", document=lease.id, page="2")
    page.do("go-to-page", document=lease.id, value="<b>7")
    assert heading(page) == "Page 2 of 3"
    assert "There is no page “&lt;b&gt;7” in this document." in page.shown["evidence"]
    page.do("go-to-page", document=lease.id, value="3")
    assert heading(page) == "Page 3 of 3"


def test_exact_words_are_found_from_the_page_on_and_walked_in_a_circle(page: Page, lease: DocumentRecord) -> None:
    page.do("find-in-document", document=lease.id, value="FIRST  day", page="3")
    assert (heading(page), "2 of 2" in page.shown["evidence"]) == ("Page 3 of 3", True)
    start = LEASE.index("first day", LEASE.index("3. Term"))
    assert f"span={start}-{start + 9}" in page.shown["evidence"]
    press(page, "found-after")
    assert (heading(page), "1 of 2" in page.shown["evidence"]) == ("Page 2 of 3", True)
    press(page, "found-before")
    assert heading(page) == "Page 3 of 3"
    page.do("find-in-document", document=lease.id, value="<i>zebra", page="1")
    assert "No mention" in page.shown["evidence"]
    assert 'value="&lt;i&gt;zebra"' in page.shown["evidence"]
    for phrase, error in (("", EmptyQuestion), ("x" * 9_000, WordsTooLong)):
        with pytest.raises(error):
            page.do("find-in-document", document=lease.id, value=phrase)


def test_the_mention_that_is_meant_comes_first_of_those_on_its_page(page: Page, lease: DocumentRecord) -> None:
    page.do("find-in-document", document=lease.id, value="Rent", found="2")
    [sheet] = [each for each in elements(page.shown["evidence"]) if each.attributes.get("class") == "sheet"]
    first, second = sheet.attributes["data-spans"].split()
    assert int(first.split("-")[0]) > int(second.split("-")[0]) > LEASE.index("2. Payment")


def test_defined_terms_of_a_page_are_explained_with_their_places_and_where_they_are_defined(
    page: Page, lease: DocumentRecord
) -> None:
    page.do("read-document", document=lease.id, page="2")
    [term] = [each for each in elements(page.shown["evidence"]) if each.tag == "dt"]
    assert term.text.startswith("Rent ")
    starts = [match.start() for match in re.finditer("Rent", LEASE) if match.start() > LEASE.index("2. Payment")]
    assert term.attributes["data-places"] == " ".join(f"{start}-{start + 4}" for start in starts)
    assert "the sum of $4,200 a month" in words(page.shown["evidence"], "dd")[0]
    [back] = [each for each in elements(page.shown["evidence"], "read-document") if "Section 1" in each.text]
    assert back.attributes["data-page"] == "1"


def test_a_file_without_page_images_is_read_as_text_by_the_same_tools(workspace: Workspace, matter: Matter) -> None:
    record = ready(workspace, matter, "note.txt", LEASE)
    page = Page(workspace, ANN, matter.id)
    page.do("find-in-document", document=record.id, value="alert(1)", page="1")
    html = page.shown["evidence"]
    assert words(html, "mark") == ["alert(1)"]
    assert "<img" not in html
    assert "<script>" not in html
    pieces = [each for each in elements(html) if "data-from" in each.attributes]
    for piece in pieces:
        start = int(piece.attributes["data-from"])
        assert LEASE[start : start + len(piece.text)] == piece.text


def test_a_note_stands_beside_its_passage_for_whom_it_was_written(
    workspace: Workspace, matter: Matter, lease: DocumentRecord
) -> None:
    ann, ben = Page(workspace, ANN, matter.id), Page(workspace, BEN, matter.id)
    start = LEASE.index("No other Rent")
    at = f"{start}-{start + 13}"
    ann.do("note", document=lease.id, spans=at, value="Mine <b>alone</b>", share="")
    assert heading(ann) == "Page 2 of 3"
    assert f'<li data-places="{at}">' in ann.shown["evidence"]
    assert "Mine &lt;b&gt;alone&lt;/b&gt;" in ann.shown["evidence"]
    ann.do("note", document=lease.id, spans="0-4", value="For all", share="yes")
    ben.do("read-document", document=lease.id, page="2")
    assert "Mine" not in ben.shown["evidence"]
    assert "For all" in ben.shown["evidence"]
    [mine, shared] = workspace.notes.of(ANN, matter.id, lease.id)[::-1]
    for act in ("delete-note", "edit-note"):
        assert act not in ben.shown["evidence"]
        with pytest.raises(NoSuchNote):
            ben.do(act, document=lease.id, note=shared.id, value="Not by Ben")
    ann.do("edit-note", document=lease.id, note=shared.id, value="For all <i>of us</i>")
    ben.do("read-document", document=lease.id, page="1")
    assert "For all &lt;i&gt;of us&lt;/i&gt;" in ben.shown["evidence"]
    for note in (mine, shared):
        ann.do("delete-note", document=lease.id, note=note.id)
    assert workspace.notes.of(ANN, matter.id, lease.id) == []


@pytest.mark.parametrize("spans", ["999999-999999999", "0-999999999", ""])
def test_a_note_on_what_is_not_in_the_text_is_kept_within_it(
    workspace: Workspace, matter: Matter, lease: DocumentRecord, spans: str
) -> None:
    page = Page(workspace, ANN, matter.id)
    page.do("note", document=lease.id, spans=spans, value="Where?")
    [note] = workspace.notes.of(ANN, matter.id, lease.id)
    assert 0 <= note.span.start <= note.span.end <= len(LEASE)
    page.do("delete-note", document=lease.id, note=note.id)


def test_a_note_on_an_earlier_text_leads_to_that_text(
    workspace: Workspace, matter: Matter, lease: DocumentRecord
) -> None:
    from retrieval import Span

    note = workspace.notes.add(ANN, matter.id, Span(lease.id, 0, 5), 77, "Of the old text", shared=False)
    page = Page(workspace, ANN, matter.id)
    page.do("read-document", document=lease.id)
    [row] = [each for each in elements(page.shown["evidence"], "read-document") if "You" in each.text]
    assert row.attributes["data-version"] == "77"
    assert '<li data-places="">' in page.shown["evidence"]
    workspace.notes.delete(ANN, note.id)


# Addresses


def test_a_link_opens_its_document_at_its_page(workspace: Workspace, matter: Matter, lease: DocumentRecord) -> None:
    page = Page(workspace, ANN)
    page.do("go", address=f"matter={matter.id}&document={lease.id}&p=2&spans=80-84")
    assert heading(page) == "Page 2 of 3"
    assert "span=80-84" in page.shown["evidence"]
    assert elements(page.shown["outline"], "read-document")
    assert page.shown["notice"] == ""


def test_a_dead_link_and_a_forbidden_one_say_the_same_and_nothing_of_what_exists(
    workspace: Workspace, matter: Matter, lease: DocumentRecord
) -> None:
    of_ann = workspace.create_matter(ANN, "Anns secret")
    other = ready(workspace, of_ann, "secret.pdf", "1. Secret. Words.")
    none = "0" * 32
    ben = Page(workspace, BEN, matter.id)
    told = set()
    for address in (
        f"matter={of_ann.id}",
        f"matter={none}",
        f"matter={of_ann.id}&document={other.id}",
        f"matter={matter.id}&document={other.id}",
        f"matter={matter.id}&document={'0' * 64}",
        f"matter={matter.id}&conversation={none}",
        f"matter={matter.id}&turn={none}",
        "matter=<script>&document=..%2F..%2Fetc",
    ):
        shown = ben.do("go", address=address)
        told_of = str({**shown, "matters": ""}).lower()
        assert "secret" not in told_of, address
        told.add(shown["notice"])
    assert len(told) == 1
    assert GONE[0] in told.pop()


def test_the_last_matter_is_opened_quietly_and_one_that_is_gone_as_if_there_were_none(
    workspace: Workspace, matter: Matter
) -> None:
    ann = Page(workspace, ANN).controller
    assert ann.open_last(matter.id)["state"].matter_id == matter.id
    for gone in ("0" * 32, "", "<x>"):
        opened = ann.open_last(gone)
        assert opened["notice"] == ""
        assert opened["state"].matter_id in {each.id for each in workspace.access.matters(ANN)}


def test_a_document_that_is_removed_while_it_is_read_gives_way_to_the_evidence(
    workspace: Workspace, matter: Matter
) -> None:
    record = ready(workspace, matter, "gone.pdf", "1. Gone. Soon.")
    page = Page(workspace, ANN, matter.id)
    page.do("read-document", document=record.id)
    page.do("remove", document=record.id)
    assert "Choose a citation" in page.shown["evidence"]
    assert page.state.place is None
    with pytest.raises(NoSuchDocument):
        page.do("read-document", document=record.id)


def test_a_question_does_not_close_the_document_that_is_read(page: Page, lease: DocumentRecord) -> None:
    page.do("read-document", document=lease.id, page="2")
    page.do("new-matter", value=f"Elsewhere {id(page)}")
    assert "Choose a citation" in page.shown["evidence"]  # it is another matter's
    page.do("go", address=f"matter={lease.matter_id}&document={lease.id}&p=2")
    page.take(page.finished())
    assert heading(page) == "Page 2 of 3"


def test_nobody_reads_a_document_of_a_matter_that_they_are_not_in(
    workspace: Workspace, lease: DocumentRecord, tmp_path: Path
) -> None:
    cat = User("cat", "Cat")
    workspace.welcome(cat)
    page = Page(workspace, cat)
    state = PageState(opened=True, matter_id=lease.matter_id)
    with pytest.raises(NoSuchMatter):
        page.controller.reader.read(state, Place(lease.id))
    with pytest.raises(EventMalformed):
        page.do("read-document", document=lease.id, spans="9-4")
