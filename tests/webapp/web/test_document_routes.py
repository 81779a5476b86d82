"""Pages, originals and passages over HTTP, for the one user of a machine."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from urllib.parse import quote

import httpx2
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse
from PIL import Image, ImageChops

from retrieval import Document
from retrieval.reading.pdf import read_pdf
from tests.pdfs import drawn, make_pdf
from tests.webapp.serving import Running, running, text_url
from webapp.core.settings import load_settings
from webapp.core.urls import changes_url, page_url, pdf_url, words_url
from webapp.service.page_images import STRUCK_FILL
from webapp.store.users import LOCAL_USER

NAME = 'Rent "Ä"; x=1 租.pdf'
PAGES = ["1. Rent. The monthly rent is $4,200.", "2. Law. Irish law governs\nthis Lease <img src=//x.example/y>."]


@dataclass(frozen=True)
class Place:
    server: Running
    browser: httpx2.Client
    matter: str
    document: Document

    def span(self, words: str) -> tuple[int, int]:
        start = self.document.text.index(words)
        return start, start + len(words)

    def add(self, name: str, data: bytes) -> "Place":
        """The place with another document."""
        library = self.server.workspace.library
        record = library.accept(self.matter, name, data)
        document = read_pdf(data, name=name, document_id=record.id)
        library.keep_text(record, document)
        library.jobs.save(replace(record, state="ready", pages=len(document.pages)))
        return replace(self, document=document)

    def image(self, page: int, *spans: tuple[int, int]) -> bytes:
        response = self.browser.get(page_url(self.matter, self.document.id, page, spans))
        assert response.status_code == 200
        return response.content


def _reading(app: FastAPI, _: object) -> None:
    """A route that reads its body to the end."""

    async def read(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(await request.body())))

    app.add_route("/read", read, methods=["POST"])
    app.add_route("/up", lambda _: PlainTextResponse("up"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("data")
    with running(load_settings(data_dir=folder), _reading) as server:
        matter = server.workspace.access.create(LOCAL_USER, "Acme")
        nothing = Document("", "", "", ())
        yield Place(server, server.browser(), matter.id, nothing).add(NAME, make_pdf(PAGES))


def _picture(response: httpx2.Response) -> Image.Image:
    assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
    return Image.open(io.BytesIO(response.content)).convert("RGB")


def test_a_page_comes_with_its_words_highlighted(place: Place) -> None:
    plain = _picture(place.browser.get(page_url(place.matter, place.document.id, 2)))
    shown = _picture(place.browser.get(page_url(place.matter, place.document.id, 2, [place.span("Irish law")])))
    changed = ImageChops.difference(plain, shown).getbbox()
    assert changed is not None
    left, top, right, bottom = changed
    assert 108 < left < right < 300  # of 893 pixels: after "2. Law. " on the first line
    assert 85 < top < bottom < 135


def test_of_a_span_over_two_pages_each_page_shows_its_own_part(place: Place) -> None:
    span = [(place.span("$4,200.")[0], place.span("2. Law.")[1])]
    for number in (1, 2):
        plain = _picture(place.browser.get(page_url(place.matter, place.document.id, number)))
        shown = _picture(place.browser.get(page_url(place.matter, place.document.id, number, span)))
        assert ImageChops.difference(plain, shown).getbbox()


def test_of_a_quotation_over_two_pages_the_running_lines_between_are_not_highlighted(place: Place) -> None:
    own = [
        "The rent is due\non the first day",
        "of each month, and\nno later",
        "Irish law\ngoverns",
        "Notices are\ngiven by letter",
    ]
    place = place.add(
        "running.pdf", make_pdf([f"ACME – LEASE\n{words}\nPage {i} of 4" for i, words in enumerate(own, 1)])
    )
    quotation = place.span("on the first day")[0], place.span("of each month")[1]
    assert place.image(1, quotation) == place.image(1, place.span("on the first day"))
    assert place.image(2, quotation) == place.image(2, place.span("of each month"))
    # Whoever looks for a running line itself is shown it.
    assert place.image(2, place.span("Page 2 of 4")) != place.image(2)


def test_struck_words_are_marked_as_deleted_where_they_are_cited_or_stand_between_cited_ones(place: Place) -> None:
    data = drawn(lambda c: (c.drawString(72, 700, "Live GONE words"), c.line(94, 703, 127, 703)))
    place = place.add("redline.pdf", data)
    [struck] = place.document.remarks_of("struck")
    red = (140, 190, 200, 220)  # round the struck word, in pixels
    around, deleted, live = (
        {color for _, color in Image.open(io.BytesIO(place.image(1, span))).crop(red).getcolors(9_999) or ()}
        for span in ((0, len(place.document.text)), (struck.start, struck.end), place.span("words"))
    )
    assert [STRUCK_FILL in colours for colours in (around, deleted, live)] == [True, True, False]


def test_where_the_words_of_a_page_stand_comes_with_its_text(place: Place) -> None:
    response = place.browser.get(words_url(place.matter, place.document.id, 2))
    assert (response.status_code, response.headers["cache-control"]) == (200, "private, no-cache")
    told = response.json()
    page = place.document.pages[1]
    assert (told["start"], told["text"]) == (page.start, place.document.text[page.start : page.end])
    words = {told["text"][start:end]: box for start, end, *box in told["words"]}
    assert list(words) == told["text"].split()
    left, top, right, bottom = words["Irish"]  # in ten-thousandths of the page: after "2. Law. " on the first line
    assert 1_200 < left < right < 2_200
    assert 600 < top < bottom < 1_100
    assert words["this"][1] > bottom - 50


def test_the_words_of_a_page_whose_text_is_not_pdfiums_stand_where_they_were_found(place: Place) -> None:
    data = drawn(lambda c: (c.drawString(72, 700, "Live GONE words"), c.line(94, 703, 127, 703)))
    redline = place.add("struck.pdf", data)
    told = place.browser.get(words_url(place.matter, redline.document.id, 1)).json()
    words = [told["text"][start:end] for start, end, *_ in told["words"]]
    assert words == ["Live", "words"]


@pytest.mark.parametrize("page", [0, 3, 10**9])
def test_a_page_that_is_not_there_has_no_words(place: Place, page: int) -> None:
    assert place.browser.get(words_url(place.matter, place.document.id, page)).status_code == 404


def test_zoom_is_bounded(place: Place) -> None:
    asked = (page_url(place.matter, place.document.id, 1, zoom=zoom) for zoom in (1.0, 0.5, 0.0001, 1e9, float("nan")))
    widths = [_picture(place.browser.get(url)).width for url in asked]
    assert widths == [893, 447, 224, 3572, 893]


def test_an_image_is_private_and_is_not_sent_twice(place: Place) -> None:
    first = place.browser.get(page_url(place.matter, place.document.id, 1))
    assert first.headers["cache-control"] == "private, no-cache"
    again = place.browser.get(first.request.url, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = page_url(place.matter, place.document.id, 1, [place.span("monthly rent")])
    assert place.browser.get(other, headers={"If-None-Match": first.headers["etag"]}).status_code == 200


def test_the_original_opens_in_the_browser_under_its_name(place: Place) -> None:
    assert pdf_url(place.matter, place.document.id, 2).endswith(".pdf#page=2")
    response = place.browser.get(pdf_url(place.matter, place.document.id, 2))
    assert (response.status_code, response.headers["content-type"]) == (200, "application/pdf")
    assert response.content == make_pdf(PAGES)
    disposition = response.headers["content-disposition"]
    assert disposition.startswith('inline; filename="')
    assert disposition.endswith(f"filename*=UTF-8''{quote(NAME, safe='')}")
    assert disposition.isascii()
    assert disposition.count('"') == 2


@pytest.mark.parametrize(
    ("name", "data", "media_type", "shown"),
    [
        ("note.txt", b"words", "text/plain; charset=utf-8", True),
        ("page.html", b"<script>alert(1)</script><p>words", "text/html; charset=utf-8", False),
        ("note.md", b"# words", "text/markdown; charset=utf-8", False),
        ("mail.eml", b"Subject: x\n\nwords", "message/rfc822", False),
    ],
)
def test_an_original_is_shown_by_the_browser_only_where_nothing_in_it_runs(
    place: Place, name: str, data: bytes, media_type: str, shown: bool
) -> None:
    record = place.server.workspace.library.accept(place.matter, name, data)
    response = place.browser.get(pdf_url(place.matter, record.id))
    assert (response.content, response.headers["content-type"]) == (data, media_type)
    assert response.headers["content-disposition"].startswith("inline;" if shown else "attachment;")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "script-src" in response.headers["content-security-policy"]
    image = place.browser.get(page_url(place.matter, record.id, 1))
    assert (image.status_code, image.json()["error"]) == (404, f"Page 1 of “{name}” cannot be shown.")


def test_a_passage_comes_as_text_and_as_nothing_else(place: Place) -> None:
    span = place.span("Irish law governs\nthis Lease <img src=//x.example/y>.")
    response = place.browser.get(text_url(place.matter, place.document.id, [span]))
    assert response.text == "Irish law governs this Lease <img src=//x.example/y>."
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("span", ["", "5", "-1-4", "4-4", "9-4", "1-2-3", "a-b", "1e3-2e3", "٣-٤", "1-9999999999"])
def test_a_span_that_is_none_is_refused(place: Place, span: str) -> None:
    for url in (page_url(place.matter, place.document.id, 1), text_url(place.matter, place.document.id, [])):
        assert place.browser.get(url.rstrip("?"), params={"span": span}).status_code == 422


@pytest.mark.parametrize(
    "params",
    [{"span": "9-4"}, {"version": "-1"}, {"version": "abc"}, {"version": "1e9"}, {"span": "1-2", "version": "0"}],
)
def test_a_malformed_request_is_told_in_a_sentence_with_a_hint_and_without_its_value(
    place: Place, params: dict[str, str]
) -> None:
    url = text_url(place.matter, place.document.id, []).rstrip("?")
    response = place.browser.get(url, params=params)
    assert response.status_code == 422
    name = "version" if "version" in params else "span"
    assert response.json() == {
        "error": f"The part “{name}” of this request is not of its form.",
        "hint": "Use the addresses that the page gives, unchanged.",
    }


def test_a_version_of_which_there_is_no_text_is_not_found(place: Place) -> None:
    url = text_url(place.matter, place.document.id, []).rstrip("?")
    response = place.browser.get(url, params={"span": "1-2", "version": "9999"})
    assert response.status_code == 404
    assert response.json()["error"].startswith("There is no text of version 9999 of “")


def test_more_spans_than_a_page_can_need_are_refused(place: Place) -> None:
    url = page_url(place.matter, place.document.id, 1, [(n, n + 1) for n in range(65)])
    assert place.browser.get(url).status_code == 422


def test_a_span_past_the_end_is_cut(place: Place) -> None:
    start, _ = place.span("this Lease")
    response = place.browser.get(text_url(place.matter, place.document.id, [(start, 10**8)]))
    assert response.text.startswith("this Lease")
    assert place.browser.get(text_url(place.matter, place.document.id, [(10**8, 10**8 + 1)])).text == ""


def test_many_times_the_same_characters_are_the_same_characters(place: Place) -> None:
    start, end = place.span("Irish law governs")
    url = text_url(place.matter, place.document.id, [(start, end)] * 30 + [(start, end - 4), (start + 2, end)])
    assert place.browser.get(url).text == "Irish law governs"


@pytest.mark.parametrize("number", [0, 3, 10**6, -1])
def test_a_page_that_is_not_there_is_told(place: Place, number: int) -> None:
    assert place.browser.get(page_url(place.matter, place.document.id, number)).status_code in (404, 422)


TRICKS = (
    "../../../../etc/passwd",
    "..%2F..%2F..%2Fetc%2Fpasswd",
    "%2e%2e/%2e%2e/pincite.db",
    "..",
    "%00",
    "a" * 5000,
    "%ff",
    "pincite.db",
    "files",
    "*",
    "' OR 1=1 --",
    "con",
)


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick[:20])
def test_no_name_reaches_a_file(place: Place, trick: str) -> None:
    real = f"/matters/{place.matter}/documents/{place.document.id}"
    for path in (
        f"/matters/{trick}/documents/{place.document.id}.pdf",
        f"/matters/{place.matter}/documents/{trick}.pdf",
        f"/matters/{place.matter}/documents/{trick}/pages/1.png",
        f"{real}/pages/{trick}.png",
        f"{real}/{trick}",
        f"/matters/{place.matter}/documents/{place.document.id[:12]}.pdf",  # the start of an id is not an id
        f"/matters/Acme/documents/{place.document.id}.pdf",  # nor is a name
    ):
        response = place.browser.get(path)
        assert response.status_code in (404, 422), path
        assert b"root:" not in response.content


def test_unknown_and_malformed_ids_get_the_same_answer(place: Place) -> None:
    answers = [
        place.browser.get(f"/matters/{matter}/documents/{document}.pdf")
        for matter, document in (("0" * 32, place.document.id), (place.matter, "0" * 64), ("x", "y"))
    ]
    assert {(a.status_code, a.content, a.headers["cache-control"]) for a in answers} == {
        (404, answers[0].content, "no-store")
    }


def test_a_removed_document_is_not_shown_from_memory(place: Place) -> None:
    library, data = place.server.workspace.library, make_pdf(["gone soon"])
    record = library.accept(place.matter, "gone.pdf", data)
    url = page_url(place.matter, record.id, 1)
    shown = place.browser.get(url)  # also before it has been read
    assert shown.status_code == 200
    library.remove(place.matter, record.id)
    assert place.browser.get(url).status_code == 404
    assert place.browser.get(url, headers={"If-None-Match": shown.headers["etag"]}).status_code == 404


def test_what_cannot_be_drawn_is_told_as_a_sentence(place: Place) -> None:
    library = place.server.workspace.library
    record = library.accept(place.matter, "cut.pdf", b"%PDF-1.7 cut")
    answer = place.browser.get(page_url(place.matter, record.id, 1))
    assert (answer.status_code, answer.json()["error"]) == (404, "Page 1 of “cut.pdf” cannot be shown.")


# The middleware


@pytest.mark.parametrize("path", ["/", "/up", "/nowhere", "page", "pdf"])
def test_every_answer_carries_the_policy(place: Place, path: str) -> None:
    real = {"page": page_url(place.matter, place.document.id, 1), "pdf": pdf_url(place.matter, place.document.id)}
    headers = place.browser.get(real.get(path, path)).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'self'"
    assert policy["object-src"] == "'none'"
    allowed = {source for sources in policy.values() for source in sources.split()}
    assert allowed <= {"'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"}  # no host
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", "", "[::1", "10.0.0.1"]
)
def test_another_name_for_this_machine_is_refused(place: Place, host: str) -> None:
    """A page elsewhere may make its own name lead here, and would then be of the same origin."""
    for path in ("/", pdf_url(place.matter, place.document.id)):
        assert place.browser.get(path, headers={"Host": host}).status_code in (400, 421)


@pytest.mark.parametrize("host", ["localhost", "localhost:7860", "127.0.0.1", "[::1]:7860"])
def test_this_machines_own_names_are_taken(place: Place, host: str) -> None:
    assert place.browser.get("/up", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},  # another port of this machine
        {"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"},
    ],
)
def test_another_site_cannot_send_anything(place: Place, headers: dict[str, str]) -> None:
    assert place.browser.post("/gradio_api/queue/join", headers=headers, content=b"{}").status_code == 403


def test_an_older_browser_is_known_by_its_origin(place: Place) -> None:
    with httpx2.Client(base_url=place.server.url, trust_env=False, cookies=place.browser.cookies) as older:
        assert older.post("/nowhere", headers={"Origin": "https://evil.example"}).status_code == 403
        assert older.post("/nowhere", headers={"Origin": place.server.url}).status_code == 404
        assert older.post("/nowhere", headers={"Origin": "null"}).status_code == 403
        assert older.post("/nowhere", headers={"Origin": "http://["}).status_code == 403  # no address at all


def test_a_body_that_is_too_large_is_not_taken(place: Place) -> None:
    assert place.browser.post("/nowhere", content=b"x" * (17 << 20)).status_code == 413
    blocks = (b"x" * (1 << 20) for _ in range(17))  # sent without telling how much it is
    assert place.browser.post("/read", content=blocks).status_code == 413
    assert place.browser.post("/read", content=b"x" * 1_000_000).text == "1000000"


def test_the_log_knows_no_words_of_what_was_looked_at(place: Place, tmp_path: Path) -> None:
    log = place.server.workspace.settings.data_dir / "log" / "pincite.log"
    assert not log.exists() or "monthly" not in log.read_text()


def test_two_versions_are_compared_and_only_of_a_matter_of_the_user(place: Place) -> None:
    new = place.add("Lease 2.pdf", make_pdf([PAGES[0].replace("$4,200", "$5,000"), PAGES[1]]))
    page = place.browser.get(changes_url(place.matter, place.document.id, new.document.id))
    assert page.status_code == 200
    assert "<del>4,200</del><ins>5,000</ins>" in page.text
    assert "script" not in page.text
    word = place.browser.get(changes_url(place.matter, place.document.id, new.document.id) + "?form=docx")
    assert (word.status_code, word.content[:2]) == (200, b"PK")
    named = f"Changes from {PurePath(place.document.name).stem}.docx"
    assert quote(named, safe="") in word.headers["content-disposition"]
    stranger = changes_url(place.matter, place.document.id, "f" * 64)
    assert place.browser.get(stranger).status_code == 404
