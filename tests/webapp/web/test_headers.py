"""What every response has, whatever it answers, and which methods and bodies no route takes."""

from collections.abc import Iterator

import pytest

from tests.webapp.serving import Running, running
from webapp.core.settings import load_settings
from webapp.core.urls import pdf_url

FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(load_settings(data_dir=tmp_path_factory.mktemp("accounts"), access="accounts")) as server:
        yield server


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/sign-in", 200),
        ("GET", "/sign-in/style.css", 200),
        ("GET", "/", 303),
        ("GET", pdf_url("0" * 32, "0" * 64), 401),
        ("POST", "/sign-in", 403),
        ("GET", "/sign-in/provider", 404),
        ("DELETE", "/sign-in", 405),
        ("GET", "/set-password?key=none", 410),
        ("GET", "/healthz?%00", 404),
    ],
)
def test_every_answer_has_the_security_headers(server: Running, method: str, path: str, status: int) -> None:
    answer = server.browser().request(method, path)
    headers = answer.headers
    assert answer.status_code == status
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert "frame-ancestors '" in headers["content-security-policy"]
    assert not {"server", "x-powered-by", "access-control-allow-origin"} & set(headers)
    if answer.content:
        kind, _, charset = headers["content-type"].partition("; ")
        assert charset == "charset=utf-8" or kind == "application/json"  # which is UTF-8 in any case


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
def test_a_method_that_no_route_has_is_refused(server: Running, method: str) -> None:
    assert server.browser().request(method, "/sign-in").status_code == 405
    assert server.browser().request(method, pdf_url("0" * 32, "0" * 64)).status_code == 401


def test_a_session_in_the_address_or_a_header_is_none(server: Running) -> None:
    person = server.workspace.accounts.add("ann@firm.example")
    token = server.workspace.sessions.start(person.user)
    path = pdf_url("0" * 32, "0" * 64)
    assert server.browser({"Cookie": f"pincite_session={token}"}).get(path).status_code == 404
    assert server.browser().get(f"{path}?pincite_session={token}").status_code == 401
    headers = {"Authorization": f"Bearer {token}", "X-Forwarded-User": "ann@firm.example"}
    assert server.browser(headers).get(path).status_code == 401


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, "form={0}&email=a&email=b"),
        (FORM, "form={0}&form={0}"),
        (FORM, "form={0}" + "&x=" * 20),
        (FORM, "form={0}&email=%ff"),
        (FORM, "form={0}&email=" + "x" * 20_000),
        ("text/plain", "form={0}"),
        ("application/json", '{{"form": "{0}"}}'),
        ("multipart/form-data; boundary=b", '--b\r\nContent-Disposition: form-data; name="form"\r\n\r\n{0}\r\n--b--'),
    ],
)
def test_a_form_has_each_field_once_and_one_content_type(server: Running, kind: str, body: str) -> None:
    browser = server.browser()
    token = browser.get("/sign-in").text.partition('name="form" value="')[2].partition('"')[0]
    wrong = browser.post("/sign-in", content=body.format(token), headers={"Content-Type": kind})
    assert wrong.status_code == 403
    right = browser.post("/sign-in", content=f"form={token}&email=a&password=b", headers={"Content-Type": FORM})
    assert right.status_code in (401, 429)  # read, and no account's
