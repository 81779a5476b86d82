"""Who is let in as whom, over HTTP: guests of a demo, users that a proxy names, the user of this machine."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio
import httpx2
import pytest
import sqlalchemy as sa
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from retrieval.library import database
from tests.pdfs import make_pdf
from tests.webapp.embeddings import embeddings
from tests.webapp.serving import Running, running, text_url
from webapp.core.errors import GuestGone, GuestLimit, NoSuchConversation, NotAllowed
from webapp.core.log import user_error
from webapp.core.quotas import GUEST
from webapp.core.results import read_turn
from webapp.core.settings import load_settings
from webapp.core.urls import page_url, pdf_url
from webapp.service import administration
from webapp.service import workspace as workspace_file
from webapp.service.startup import Startup
from webapp.store.schema import metadata, users
from webapp.store.users import LOCAL_USER, User
from webapp.web.authentication import GUEST_COOKIE, GUEST_SECONDS, Guest, guest_key, user_of

SECRET = "a secret of the proxy's"


def _user_of(request: Any, server: Running) -> User:
    return user_of(request, server.workspace)


def _asking(app: FastAPI, startup: Startup) -> None:
    """Routes that say who asks, and show what only that user may see."""

    def answered(answer: Any) -> Any:
        def route(request: Request) -> JSONResponse:
            try:
                workspace = startup.opened()
                user = user_of(request, workspace)
                assert user_of(gradio.Request(request), workspace) == user  # as a handler of the page gets it
                return JSONResponse(answer(request, workspace, user))
            except (NotAllowed, NoSuchConversation) as error:
                return JSONResponse({"error": str(user_error(error))}, 403 if isinstance(error, NotAllowed) else 404)

        return route

    def who(request: Request, workspace: Any, user: User) -> dict[str, Any]:
        matters = {
            matter.name: [matter.id, *(record.id for record in workspace.access.documents(user, matter))]
            for matter in workspace.access.matters(user)
        }
        return {"id": user.id, "name": user.name, "matters": matters, "peer": request.client and request.client.host}

    def begin(_: Request, workspace: Any, user: User) -> dict[str, str]:
        begun = workspace.conversations.start(user, workspace.access.matters(user)[0], "What is the rent?")
        turn = workspace.conversations.add_turn(
            user, begun.id, "What is the rent?", read_turn({"answer": "…"}), "complete"
        )
        return {"conversation": begun.id, "turn": turn.id}

    def read(request: Request, workspace: Any, user: User) -> list[str]:
        return [turn.question for turn in workspace.conversations.turns(user, request.path_params["id"])]

    app.add_route("/", lambda _: JSONResponse("the page"))
    app.add_route("/who", answered(who))
    app.add_route("/begin", answered(begin), methods=["POST"])
    app.add_route("/said/{id}", answered(read))


# Guests of a demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with embeddings() as url:
        settings = load_settings(
            data_dir=tmp_path_factory.mktemp("demo"), access="demo", embeddings_url=url, reader_processes=1
        )
        with running(settings, _asking) as server:
            yield server


def _arrive(demo: Running) -> tuple[httpx2.Client, dict[str, Any]]:
    browser = demo.browser()
    browser.get("/")
    told: dict[str, Any] = browser.get("/who").json()
    return browser, told


def test_each_browser_is_a_user_with_a_sample_of_its_own(demo: Running) -> None:
    (ann, first), (_, second) = _arrive(demo), _arrive(demo)
    assert first["id"] != second["id"]
    assert list(first["matters"]) == list(second["matters"]) == ["Sample"]
    assert first["matters"]["Sample"][0] != second["matters"]["Sample"][0]
    assert ann.get("/who").json() == first


def test_two_guests_may_call_their_matters_the_same(demo: Running) -> None:
    for _ in range(2):
        _, told = _arrive(demo)
        assert demo.workspace.access.create(User(told["id"], "Guest"), "Acme")


def test_nothing_of_one_guest_is_reached_by_another(demo: Running) -> None:
    ann, hers = _arrive(demo)
    ben, his = _arrive(demo)
    access = demo.workspace.access
    acme = access.create(User(hers["id"], "Guest"), "Acme")
    path = demo.workspace.settings.data_dir / "lease.pdf"
    path.write_bytes(make_pdf(["1. Rent. The rent is $4,200."]))
    record = access.accept(User(hers["id"], "Guest"), acme, path)
    sample, document = hers["matters"]["Sample"]
    said = ann.post("/begin").json()["conversation"]
    nowhere = ben.get(pdf_url("0" * 32, "0" * 64))
    for matter_id, document_id in (
        (acme.id, record.id),
        (sample, document),  # a document that he has too, in her matter
        (his["matters"]["Sample"][0], record.id),  # his matter, her document
    ):
        urls = (
            page_url(matter_id, document_id, 1),
            page_url(matter_id, document_id, 1, [(0, 5)]),
            pdf_url(matter_id, document_id),
            text_url(matter_id, document_id, [(0, 5)]),
        )
        for url in urls:
            refused = ben.get(url)
            assert (refused.status_code, refused.content) == (404, nowhere.content)
            assert ben.head(url).status_code in (404, 405)
    assert ben.get(f"/said/{said}").status_code == 404
    assert (ann.get(pdf_url(acme.id, record.id)).status_code, ann.get(f"/said/{said}").json()) == (
        200,
        ["What is the rent?"],
    )
    assert set(ben.get("/who").json()["matters"]) == {"Sample"}


def test_the_matters_of_the_operator_are_not_the_guests(demo: Running) -> None:
    mine = demo.workspace.access.create(LOCAL_USER, "Operator's")
    _, told = _arrive(demo)
    assert mine.id not in [ids[0] for ids in told["matters"].values()]


def test_the_cookie_is_for_this_site_alone_and_out_of_reach_of_scripts(demo: Running) -> None:
    browser = demo.browser()
    [cookie] = browser.get("/").headers.get_list("set-cookie")
    assert cookie.startswith(f"{GUEST_COOKIE}=")
    assert cookie.split("; ")[1:] == ["Path=/", f"Max-Age={GUEST_SECONDS}", "HttpOnly", "SameSite=Lax"]
    assert browser.get("/").headers.get_list("set-cookie") == []  # it is kept
    encrypted = demo.browser({"X-Forwarded-Proto": "https"}).get("/").headers["set-cookie"]
    assert encrypted.endswith("; Secure")


def test_a_demo_that_other_sites_may_show_has_a_cookie_that_works_inside_their_pages(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, access="demo", framed_by="https://one.example,https://two.example")
    with running(settings, _asking) as demo:
        plain, encrypted = demo.browser().get("/"), demo.browser({"X-Forwarded-Proto": "https"}).get("/")
        assert plain.headers["set-cookie"].endswith("; HttpOnly; SameSite=Lax")
        assert encrypted.headers["set-cookie"].endswith("; HttpOnly; SameSite=None; Secure; Partitioned")
        policy = plain.headers["content-security-policy"]
        assert policy.endswith("; frame-ancestors 'self' https://one.example https://two.example")
        assert "x-frame-options" not in plain.headers
        elsewhere = demo.browser({"Sec-Fetch-Site": "cross-site"}).post("/begin")
        assert elsewhere.status_code == 403  # the cookie comes along; what another site sends does not count


def test_a_demo_is_shown_in_no_other_page_unless_a_site_is_named(demo: Running) -> None:
    answer = demo.browser().get("/")
    assert answer.headers["content-security-policy"].endswith("; frame-ancestors 'self'")
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"


def test_no_cookie_no_guest(demo: Running) -> None:
    before = _counts(demo)["users"]
    browser = demo.browser()
    assert browser.get("/who").status_code == 403
    assert browser.get(pdf_url("0" * 32, "0" * 64)).status_code == 403
    for _ in range(3):  # nor is one made for whoever only looks
        demo.browser().get("/")
    assert _counts(demo)["users"] == before


def _forged(guest: Guest, key: bytes) -> dict[str, str]:
    good = guest.cookie(key)
    id_, since, signature = good.split(".")
    other = Guest.arriving()
    return {
        "another's id": f"{other.id}.{since}.{signature}",
        "a longer stay": f"{id_}.{int(since) + 1}.{signature}",
        "no signature": f"{id_}.{since}.",
        "a cut signature": good[:-1],
        "another key": guest.cookie(b"k" * 32),
        "an empty key": guest.cookie(b""),
        "the hour is over": Guest(guest.id, int(time.time()) - GUEST_SECONDS).cookie(key),
        "moved border": f"{id_}.{since[:1]}.{since[1:]}.{signature}",
        "nothing": "",
        "dots": "...",
        "a name": "local",
        "no number": f"{id_}.now.{signature}",
    }


@pytest.mark.parametrize("forgery", list(_forged(Guest.arriving(), b"")))
def test_a_forged_cookie_is_no_guest(demo: Running, forgery: str) -> None:
    key = guest_key(demo.workspace.settings.data_dir)
    value = _forged(Guest.arriving(), key)[forgery]
    browser = demo.browser({"Cookie": f"{GUEST_COOKIE}={value}"})
    refused = browser.get("/who")
    assert (refused.status_code, refused.json()["error"]) == (403, GuestGone.sentence)
    assert "set-cookie" in browser.get("/").headers


def test_headers_name_nobody_in_a_demo(demo: Running) -> None:
    browser = demo.browser({"X-Forwarded-User": "ann", "X-Forwarded-For": "127.0.0.1"})
    assert browser.get("/who").status_code == 403


def test_a_guest_has_an_allowance(demo: Running, tmp_path: Path) -> None:
    _, told = _arrive(demo)
    guest, access = User(told["id"], "Guest"), demo.workspace.access
    matters = [access.create(guest, f"M{n}") for n in range(GUEST.matters - 1)]
    with pytest.raises(GuestLimit, match=f"{GUEST.matters} matters"):
        access.create(guest, "one more")
    large = tmp_path / "large.pdf"
    with large.open("wb") as opened:
        opened.write(b"%PDF-1.7\n")
        opened.truncate(GUEST.mib << 20)  # with the sample that is more
    with pytest.raises(GuestLimit, match=f"{GUEST.mib} MiB"):
        access.accept(guest, matters[0], large)
    for n in range(GUEST.documents - 1):  # the sample is one
        file = tmp_path / f"{n}.pdf"
        file.write_bytes(make_pdf([str(n)]))
        access.accept(guest, matters[n % 2], file)
    other = tmp_path / "other.pdf"
    other.write_bytes(make_pdf(["one more"]))
    with pytest.raises(GuestLimit, match=f"{GUEST.documents} documents"):
        access.accept(guest, matters[0], other)
    assert access.create(LOCAL_USER, "as many as they like")


def test_a_demo_that_is_full_says_so(demo: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    known_browser, _ = _arrive(demo)
    monkeypatch.setattr(workspace_file, "MOST_GUESTS", 1)
    late = demo.browser()
    late.get("/")
    assert (late.get("/who").status_code, known_browser.get("/who").status_code) == (403, 200)


def test_when_the_hour_is_over_all_of_it_is_deleted_and_nothing_of_others(tmp_path: Path) -> None:
    with embeddings() as url:
        settings = load_settings(data_dir=tmp_path, access="demo", embeddings_url=url, reader_processes=1)
        with running(settings, _asking) as demo:
            _come_and_go(demo)


def _come_and_go(demo: Running) -> None:
    ann, hers = _arrive(demo)
    _, his = _arrive(demo)
    workspace, guest = demo.workspace, User(hers["id"], "Guest")
    acme = workspace.access.create(guest, "Acme")
    data = make_pdf(["only hers"])
    path = workspace.settings.data_dir / "hers.pdf"
    path.write_bytes(data)
    record = workspace.access.accept(guest, acme, path)
    workspace.ingest.run()
    ann.post("/begin")
    assert ann.get(page_url(acme.id, record.id, 1)).status_code == 200

    def kept() -> set[str]:
        return {file.name for file in (workspace.settings.data_dir / "files").rglob(f"{record.id}*")}

    assert kept() == {f"{record.id}.pdf", f"{record.id}.{workspace.library.converter_version(record)}.text.json.gz"}

    with database.writing(workspace._database) as connection:
        gone = sa.update(users).where(users.c.id == guest.id)
        connection.execute(gone.values(ends_at=sa.func.datetime("now", "-1 second")))
    assert {acme.id} <= {matter.id for matter in workspace.library.matters()}
    workspace.delete_expired_guests()
    assert kept() == set()
    assert workspace.page_renderer._drawn == {}
    assert not {acme.id, hers["matters"]["Sample"][0]} & {matter.id for matter in workspace.library.matters()}
    assert workspace.vectors.document_ids(acme.id) == workspace.lexical.document_ids(acme.id) == set()
    with database.reading(workspace._database) as connection:
        for table in metadata.sorted_tables:
            column = table.c["user_id" if "user_id" in table.c else "id" if "id" in table.c else "matter_id"]
            assert connection.execute(sa.select(table).where(column == guest.id)).first() is None
    assert demo.workspace.access.matters(User(his["id"], "Guest"))[0].id == his["matters"]["Sample"][0]


def _counts(server: Running) -> dict[str, int]:
    with database.reading(server.workspace._database) as connection:
        return {
            t.name: connection.scalar(sa.select(sa.func.count()).select_from(t)) or 0 for t in metadata.sorted_tables
        }


# Users that a proxy names


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    settings = load_settings(data_dir=tmp_path_factory.mktemp("proxied"), access="behind-proxy", proxy_secret=SECRET)
    with running(settings, _asking) as server:
        yield server


def _through(server: Running, *headers: tuple[str, str]) -> httpx2.Response:
    sent = [(name.encode(), value.encode()) for name, value in headers]
    with httpx2.Client(base_url=server.url, trust_env=False) as client:
        return client.get("/who", headers=sent)


def test_the_proxy_names_the_user(proxied: Running) -> None:
    told = [
        _through(proxied, ("X-Pincite-Proxy-Secret", SECRET), ("X-Forwarded-User", name)).json()
        for name in ("ann@firm.example", "Jörg", "ann@firm.example", "local")
    ]
    ann, joerg, again, local = told
    assert (ann["name"], joerg["name"]) == ("ann@firm.example", "Jörg")
    assert ann == again
    assert len({ann["id"], joerg["id"], local["id"], LOCAL_USER.id}) == 4  # no name is another kind of user's id
    assert ann["matters"]["Sample"][0] != joerg["matters"]["Sample"][0]


def test_a_person_who_is_disabled_is_refused_though_the_proxy_names_them(proxied: Running) -> None:
    headers = (("X-Pincite-Proxy-Secret", SECRET), ("X-Forwarded-User", "gone@firm.example"))
    assert _through(proxied, *headers).status_code == 200
    accounts, account = proxied.workspace.accounts, proxied.workspace.account_of("gone@firm.example")
    administration.disable(proxied.workspace, LOCAL_USER, account.id)
    assert _through(proxied, *headers).status_code == 403
    accounts.enable(account)
    assert _through(proxied, *headers).status_code == 200


GOOD, USER = ("X-Pincite-Proxy-Secret", SECRET), ("X-Forwarded-User", "ann")


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [GOOD],
        [USER],
        [("X-Pincite-Proxy-Secret", "wrong"), USER],
        [("X-Pincite-Proxy-Secret", ""), USER],
        [GOOD, ("X-Pincite-Proxy-Secret", "wrong"), USER],
        [GOOD, USER, ("X-Forwarded-User", "ben")],  # the client's own beside the proxy's
        [GOOD, ("x-forwarded-user", "ben"), USER],
        [GOOD, ("X-Forwarded-User", "")],
        [GOOD, ("X-Forwarded-User", "a\tb")],
        [GOOD, ("X-Forwarded-User", "a" * 256)],
        [GOOD, ("X_Forwarded_User", "ann")],
        [USER, ("X-Forwarded-For", "127.0.0.1"), ("X-Real-IP", "127.0.0.1"), ("Forwarded", "for=127.0.0.1")],
        [USER, ("Cookie", f"{GUEST_COOKIE}={Guest.arriving().cookie(b'')}")],
    ],
    ids=str,
)
def test_whom_the_proxy_did_not_name_is_nobody(proxied: Running, headers: list[tuple[str, str]]) -> None:
    assert _through(proxied, *headers).status_code == 403


def test_without_a_secret_only_this_machine_may_name_a_user(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, access="behind-proxy", user_header="Remote-User")
    with running(settings, _asking) as server:
        named = _through(server, ("Remote-User", "ann"), ("X-Forwarded-For", "10.1.2.3")).json()
        assert (named["name"], named["peer"]) == ("ann", "127.0.0.1")  # the peer is who connected, whatever it says
        assert _through(server, ("X-Forwarded-User", "ann")).status_code == 403
        asked = _Asked(headers={"Remote-User": "ann"})
        assert _user_of(asked, server).name == "ann"
        for peer in ("10.1.2.3", "", "testclient", "::ffff:10.1.2.3"):
            with pytest.raises(NotAllowed):
                _user_of(_Asked(peer, {"Remote-User": "ann", "X-Forwarded-For": "127.0.0.1"}), server)
        asked.client = None  # a socket without an address
        with pytest.raises(NotAllowed):
            _user_of(asked, server)


# The user of this machine


def test_on_this_machine_whoever_asks_is_its_user_and_nobody_else_is(tmp_path: Path) -> None:
    with running(load_settings(data_dir=tmp_path), _asking) as server:
        assert server.browser().get("/who").json()["id"] == LOCAL_USER.id
        assert "set-cookie" not in server.browser().get("/").headers
        with pytest.raises(NotAllowed):
            _user_of(_Asked("10.1.2.3", {"X-Forwarded-User": "local"}), server)


@dataclass
class _Peer:
    host: str


@dataclass
class _Asked:
    """A request from elsewhere, which a test on loopback cannot send."""

    peer: str = "127.0.0.1"
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    client: _Peer | None = None

    def __post_init__(self) -> None:
        self.client = _Peer(self.peer)
