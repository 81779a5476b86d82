"""Copies and files of answers over HTTP: for whom, of what, under which name, and what a PDF with highlights shows."""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import unquote

import httpx2
import pypdfium2 as pdfium
import pytest
from PIL import ImageChops
from pypdf import PdfReader, PdfWriter

from retrieval import Document, DocumentRecord, Matter, pin_cite
from retrieval.reading.pdf import read_pdf
from tests.pdfs import make_pdf
from tests.webapp.exports.turns import BUDGET, SEARCHED
from tests.webapp.serving import Running, running
from webapp.core.results import AnswerResult, CitationRow, cite_fields, ranges, read_turn
from webapp.core.settings import load_settings
from webapp.core.urls import ExportForm, export_url
from webapp.store.audit import Act, Wanted
from webapp.store.users import User

SECRET = "s" * 32
QUESTION = 'What is the "rent"?\r\nX-Evil: 1 ../../etc\u202e'
PAGES = ["1. Rent. The monthly rent is $4,200, due on the first day.", "2. Law. Irish law governs this Lease."]


@dataclass
class Place:
    server: Running
    ann: httpx2.Client
    ben: httpx2.Client
    user: User
    matter: Matter
    conversation: str
    record: DocumentRecord
    document: Document
    data: bytes

    def add(self, name: str, data: bytes) -> "Place":
        """The place with another document, and a conversation of its own about it."""
        library = self.server.workspace.library
        record = library.accept(self.matter.id, name, data)
        document = read_pdf(data, name=name, document_id=record.id)
        library.keep_text(record, document)
        record = replace(record, state="ready", pages=len(document.pages))
        library.jobs.save(record)
        conversation = self.server.workspace.conversations.start(self.user, self.matter, "Rent").id
        return replace(self, record=record, document=document, data=data, conversation=conversation)

    def asked(self, *quotes: str) -> str:
        """The id of a turn that quotes these words of the document."""
        text = "\n".join(f"“{quote}” [{n}]" for n, quote in enumerate(quotes, 1))
        rows = []
        for n, quote in enumerate(quotes, 1):
            start = self.document.text.index(quote)
            cite = pin_cite(self.document, self.document.span(start, start + len(quote)))
            row = CitationRow(n=n, **cite_fields(cite), quote=quote, verified=True)
            rows.append(row.model_copy(update={"spans": ranges(cite.spans)}))
        answer = read_turn({"answer": text, "found": True, "searched": SEARCHED, "budget": BUDGET, "engine": "saul"})
        assert isinstance(answer, AnswerResult)
        answer = answer.model_copy(update={"citations": tuple(rows)})
        conversations = self.server.workspace.conversations
        return conversations.add_turn(self.user, self.conversation, QUESTION, answer, "complete").id

    def get(self, form: ExportForm, turn: str = "", document: str = "", who: str = "ann") -> httpx2.Response:
        browser = self.ann if who == "ann" else self.ben
        return browser.get(export_url(self.matter.id, self.conversation, form, turn, document))

    def recorded(self) -> tuple[Act | str, str, object]:
        [row] = self.server.workspace.audit.entries(Wanted(), 1, newest_first=True)
        return row.act, row.object, row.details.get("form")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, embeddings_url: str) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("data")
    settings = load_settings(data_dir=folder, access="behind-proxy", proxy_secret=SECRET, embeddings_url=embeddings_url)
    with running(settings) as server:
        ann, ben = (
            server.browser({"X-Forwarded-User": name, "X-Pincite-Proxy-Secret": SECRET}) for name in ("ann", "ben")
        )
        for browser in (ann, ben):  # who are known from now on
            browser.get("/audit")
        [user] = [person for person in server.workspace.audit.people() if person.name == "ann"]
        matter = server.workspace.create_matter(user, "Acme")
        nothing = DocumentRecord(
            matter_id="", id="", name="", state="ready", page=0, pages=0, unreadable_pages=(), reason=None, bytes=0
        )
        empty = Place(server, ann, ben, user, matter, "", nothing, Document("", "", "", ()), b"")
        yield empty.add("lease.pdf", make_pdf(PAGES))


def test_a_copy_has_both_kinds_and_is_recorded_as_one(place: Place) -> None:
    turn = place.asked("monthly rent is $4,200")
    both = place.get("copy", turn).json()
    assert "“monthly rent is $4,200” [1]" in both["text"]
    link = (
        rf'<a href="http://[^/]+/\?matter={place.matter.id}&amp;document={place.record.id}&amp;p=1&amp;spans=\d+-\d+">'
    )
    assert re.search(link, both["html"])
    assert place.recorded() == (Act.COPY, turn, None)


@pytest.mark.parametrize("form", ["docx", "html", "xlsx", "csv"])
def test_a_file_has_a_name_that_ends_no_header_and_is_recorded(place: Place, form: ExportForm) -> None:
    turn = place.asked("Irish law governs")
    answer = place.get(form, turn)
    assert answer.status_code == 200
    name = answer.headers["content-disposition"]
    assert name.startswith("attachment; ")
    assert unquote(name.rpartition("''")[2]) == f"What is the rent X-Evil 1 .. .. etc.{form}"
    assert "x-evil" not in answer.headers
    assert place.recorded() == (Act.EXPORT, turn, form)
    if form in ("docx", "xlsx"):
        assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None
    else:
        assert "Irish law governs" in answer.text


def test_a_conversation_is_taken_along_as_a_whole(place: Place) -> None:
    place = place.add("whole.pdf", make_pdf(PAGES))
    place.asked("monthly rent")
    place.asked("Irish law")
    page = place.get("html").text
    assert "monthly rent" in page
    assert "Irish law" in page
    assert place.recorded() == (Act.EXPORT, place.conversation, "html")


def test_of_a_pdf_the_bytes_stay_and_the_cited_words_are_highlighted_with_their_pin_cites(place: Place) -> None:
    turn = place.asked("monthly rent is $4,200", "Irish law")
    answer = place.get("pdf", turn, place.record.id)
    assert answer.headers["content-type"] == "application/pdf"
    data = answer.content
    assert data.startswith(place.data)
    reader = PdfReader(io.BytesIO(data))
    first, second = ([each.get_object() for each in page.annotations or ()] for page in reader.pages)
    assert [a["/Subtype"] for a in first] == ["/Highlight", "/Text"]
    assert first[0]["/Contents"] == "[1] lease.pdf, Section 1 (Rent), p. 1 (✓ word for word on the page)"
    assert second[0]["/Contents"] == "[2] lease.pdf, Section 2 (Law), p. 2 (✓ word for word on the page)"
    assert "2 pages unreadable" in first[1]["/Contents"]
    assert "Pages 3-4 of lease.pdf could not be read." in first[1]["/Contents"]
    textpage = pdfium.PdfDocument(data)[0].get_textpage()
    left, bottom, right, top = (float(edge) for edge in first[0]["/Rect"])
    assert textpage.get_text_bounded(left, bottom, right, top).strip() == "monthly rent is $4,200"
    xs = [float(x) for x in first[0]["/QuadPoints"]]
    assert (min(xs[::2]), max(xs[::2])) == pytest.approx((left, right), abs=0.1)


def test_what_is_highlighted_is_seen_in_a_page_that_is_turned_and_cropped(place: Place) -> None:
    writer = PdfWriter(clone_from=io.BytesIO(make_pdf(PAGES)))
    page = writer.pages[0].rotate(90)
    page.cropbox.lower_left, page.cropbox.upper_right = (40, 500), (500, 800)
    out = io.BytesIO()
    writer.write(out)
    place = place.add("turned.pdf", out.getvalue())
    data = place.get("pdf", place.asked("monthly rent"), place.record.id).content
    rendered = pdfium.PdfDocument(data)[0].render(scale=2, may_draw_forms=False).to_pil().convert("RGB")
    red, _, blue = rendered.split()
    box = ImageChops.subtract(red, blue).point(lambda level: 255 * (level > 60)).getbbox()
    assert box is not None
    assert box[2] - box[0] < 40 < box[3] - box[1], "the line runs down the page: it is no wider than a line is high"


def test_a_pdf_that_cannot_be_highlighted_says_why(place: Place) -> None:
    writer = PdfWriter(clone_from=io.BytesIO(make_pdf(PAGES)))
    writer.encrypt("", "owner", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    locked = place.add("locked.pdf", out.getvalue())
    answer = locked.get("pdf", locked.asked("monthly rent"), locked.record.id)
    assert (answer.status_code, answer.json()["error"]) == (
        422,
        "The places in “locked.pdf” cannot be highlighted: it is protected.",
    )
    uncited = place.get("pdf", place.asked("monthly rent"), locked.record.id)
    assert uncited.status_code == 404


def test_an_answer_that_cites_a_privileged_document_stays(place: Place) -> None:
    place = place.add("secret.pdf", make_pdf(["1. Secret. The secret sum is $7."]))
    turn = place.asked("secret sum is $7")
    sharing = place.server.workspace.sharing
    sharing.set_privileged(place.user, place.matter.id, place.record.id, is_privileged=True)
    forms: tuple[ExportForm, ...] = ("copy", "docx", "html", "csv", "xlsx", "pdf")
    for form in forms:
        answer = place.get(form, turn, place.record.id)
        assert answer.status_code == 403, form
        assert answer.json()["error"] == "“secret.pdf” is privileged: it is kept out of exports."
    assert place.get("html").status_code == 403
    lease = make_pdf(["1. Rent. The rent of the lease is $9."])
    other = replace(place.add("other.pdf", lease), conversation=place.conversation)
    other.asked("rent of the lease")
    answer = other.get("html")
    assert "1 question left out, with what draws on privileged documents." in answer.text
    assert "rent of the lease" in answer.text
    assert "$7" not in answer.text


def test_what_a_reader_may_not_see_reads_as_what_does_not_exist(place: Place) -> None:
    turn = place.asked("monthly rent")
    told = {
        (answer.status_code, answer.text)
        for answer in (
            place.get("docx", turn, who="ben"),
            place.get("docx", "0" * 32),
            replace(place, conversation="0" * 32).get("docx"),
        )
    }
    assert {status for status, _ in told} == {404}
    assert not any("rent" in text for _, text in told)
    others = place.server.workspace.create_matter(place.user, "Other")
    assert replace(place, matter=others).get("docx", turn).status_code == 404
