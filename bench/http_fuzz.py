"""Fuzzer of the HTTP routes with accounts: no request is answered with a fault of the server.

    python -m bench.http_fuzz                          2,000 requests from one seed
    python -m bench.http_fuzz --requests 20000 --seed 7
    python -m bench.http_fuzz --openapi FILE --keep    writes what schemathesis reads, and serves until Ctrl-C

Random bytes, fields that are huge, repeated, unknown or hold what no keyboard types, wrong content types, headers that
are none, ids that are none; with and without a session, and with the form's own token, behind which the fields are
read. A fault is a status of 500 and more, but a 503 with a sentence of its own, and a connection that is closed without
an answer. Exit 1 where there is one.

schemathesis is none of the project's packages. From an environment of its own, with the cookie that `--keep` prints:

    schemathesis run FILE --url URL --header "Cookie: …" --checks not_a_server_error
"""

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote_from_bytes, urlencode

import httpx2
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from tests.pdfs import make_pdf
from tests.webapp.embeddings import embeddings
from tests.webapp.serving import LIKE_A_BROWSER, Running, mount_with_health, running
from webapp.core.settings import load_settings

ROOT, PASSWORD = "root@firm.example", "ferry lantern osprey 7"
UNEXPECTED = re.compile(r"Something went wrong|Internal Server Error")
ATOMS = (
    b"",
    b"a",
    b"\x00",
    b"a\x00b",
    b"\xff\xfe",
    b"\xed\xa0\x80",  # half of a surrogate pair
    "é".encode(),
    "\u202e\u200b\ufeff".encode(),
    "\U0010ffff".encode(),
    b"\r\nSet-Cookie: a=b",
    b"../../etc/passwd",
    b"%00%0d%0a",
    b"' OR 1=1 --",
    b"<script>alert(1)</script>",
    b"{{7*7}}${7*7}",
    b"-1",
    b"9" * 400,
    b"1e999",
    b"nan",
    b"0" * 32,
    b"0" * 64,
    b"x" * 300,
    b"zoe@firm.example",
    ROOT.encode(),
    PASSWORD.encode(),
)
ACTS = (
    "share unshare share-group unshare-group wall lift hand-over archive active privileged public add link disable "
    "enable leave group-create group-delete group-add group-remove"
).split()
KINDS = (
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-16",
    "application/json",
    "multipart/form-data",
    "multipart/form-data; boundary=b",
    "multipart/form-data; boundary=" + "b" * 300,
    "text/plain; charset=\xe9",
    "image/png",
    "",
    ";;;=",
)
ORIGINS = ("null", "http://[", "http://a]b", "https://evil.example", "", "\xe9", "http://127.0.0.1:99999999")
QUERIES = (
    "next set key state code person act document since until before form span version zoom session_hash upload_id"
).split()
ROUND = 500  # requests with one matter
MOST_HUGE = 3_000_000  # bytes, past what a body that is no upload may have


@dataclass(frozen=True)
class Sent:
    """One request."""

    method: str
    path: str
    headers: dict[bytes, bytes]
    body: bytes


@dataclass
class Seen:
    """Answers, by route and status, and the faults with what brought them about."""

    statuses: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    faults: list[tuple[Sent, str]] = field(default_factory=list)
    busy: Counter[str] = field(default_factory=Counter)  # what a 503 said
    slowest: tuple[float, str] = (0.0, "")  # seconds, and the route


@dataclass(frozen=True)
class Target:
    """A route: its path, the fields of its form, and where the form's own token stands."""

    method: str
    path: str
    fields: str = ""
    form_at: str = ""


def targets(matter_id: str, document_id: str = "0" * 64) -> list[Target]:
    """The routes that are tried: all of our own, and those of the page that take something in."""
    people, documents = f"/matters/{matter_id}/people", f"/matters/{matter_id}/documents"
    posts = (
        ("/sign-in", "email password next", "/sign-in"),
        ("/set-password", "key password again", "/sign-in"),
        ("/first-administrator", "key email name password again", "/sign-in"),
        ("/account/password", "current password again", "/account"),
        (people, "act who role", people),
        ("/administration", "act who email name administrator group to matter", "/administration"),
        ("/gradio_api/upload",),
        ("/gradio_api/queue/join",),
        ("/gradio_api/cancel",),
    )
    gets = (
        *("/sign-in", "/set-password", "/first-administrator", "/account", "/login/callback", "/sign-in/provider"),
        *("/administration", people, "/audit", f"/matters/{matter_id}/audit"),
        *(f"{documents}/{document_id}{end}" for end in (".pdf", "/text", "/pages/1.png", f"/changes/{document_id}")),
        "/gradio_api/upload_progress",
    )
    return [Target("POST", *each) for each in posts] + [Target("GET", path) for path in gets]


def one_of(random: Random, target: Target, token: str) -> Sent:
    """A request to a route; `token` is the one that its form has."""
    headers = {name.encode(): value.encode() for name, value in LIKE_A_BROWSER.items()}
    if random.random() < 0.1:
        headers = {b"Origin": random.choice(ORIGINS).encode("latin-1")}
    headers[b"X-Forwarded-For"] = f"10.{random.randrange(256)}.{random.randrange(256)}.1".encode()
    if random.random() < 0.1:
        headers[b"X-Forwarded-For"] = random.choice([b"\xff", b"1.2.3.4, ::1", b"[", b"," * 50, b"127.0.0.1"])
    if random.random() < 0.1:
        headers[b"Cookie"] = b"pincite_session=" + random.choice([b"\xff\xe9", b'"\\000', b"x" * 3000, b"; =;", b"a"])
    path = target.path
    if random.random() < 0.15:  # an id, or a part of the path, that is none
        parts = path.split("/")
        parts[random.randrange(1, len(parts))] = quote_from_bytes(random.choice(ATOMS))
        path = "/".join(parts)
    if target.method == "GET" or random.random() < 0.2:
        pairs = [(random.choice(QUERIES), random.choice(ATOMS)) for _ in range(random.randrange(5))]
        path += "?" + (urlencode(pairs) if random.random() < 0.9 else "%zz&&=%ff;a")
    if target.method == "GET":
        return Sent("GET", path, headers, b"")
    kind, body = _body(random, target, token)
    headers[b"Content-Type"] = kind.encode("latin-1")
    return Sent("POST", path, headers, body)


def _body(random: Random, target: Target, token: str) -> tuple[str, bytes]:
    """A content type and a body: what the route expects, with values that are bad, or anything else."""
    wrong = random.choice(KINDS)
    draw = random.random()
    if draw < 0.12:
        return wrong, random.randbytes(random.choice([0, 1, 50, 5_000]))
    if draw < 0.15:
        return wrong, b"a=" + b"x" * random.choice([20_000, MOST_HUGE])
    if target.path.endswith("/upload"):
        return _multipart(random)
    if "/gradio_api/" in target.path:
        return "application/json", _event(random)
    names = target.fields.split()
    fields = {name: random.choice(ATOMS) for name in names if random.random() < 0.9} | {"form": token.encode()}
    if "act" in fields and random.random() < 0.9:
        fields["act"] = random.choice(ACTS).encode()
    if "email" in fields and random.random() < 0.5:  # each once, so that none is locked
        fields["email"] = b"%d@firm.example" % random.getrandbits(30)
    if "again" in fields and random.random() < 0.8:
        fields["again"] = fields.get("password", b"")
    pairs = list(fields.items())
    if random.random() < 0.1:
        pairs += random.choices([*pairs, ("x", b""), ("form", b"\xff")], k=random.choice([1, 30]))
    return (wrong if random.random() < 0.1 else KINDS[0]), urlencode(pairs).encode()


def _multipart(random: Random) -> tuple[str, bytes]:
    parts = [
        b'--b\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\nContent-Type: %s\r\n\r\n%s\r\n'
        % (random.choice([b"files", b"", b"\x00"]), random.choice(ATOMS), random.choice(ATOMS), random.randbytes(40))
        for _ in range(random.choice([0, 1, 2, 60]))
    ]
    end = random.choice([b"--b--\r\n", b"--b--", b"", b"--c--", b"--b\r\n\r\n\r\n\r\n"])
    return "multipart/form-data; boundary=b", b"".join(parts) + end


def _event(random: Random) -> bytes:
    """A JSON body like those of the page's events, or none."""

    def value(depth: int = 0) -> Any:
        kind = random.randrange(9 if depth < 3 else 6)
        simple: tuple[Any, ...] = (None, True, -1, 10**30, 1e308, random.choice(ATOMS).decode("latin-1"))
        if kind < len(simple):
            return simple[kind]
        if kind == 6:
            return [value(depth + 1) for _ in range(random.randrange(4))]
        return {random.choice(("path", "url", "data", "meta", "\x00")): value(depth + 1) for _ in range(3)}

    if random.random() < 0.1:
        return random.choice([b"[" * 5_000, b"{", b"\xff\xfe", b'{"a":1,"a":2}', b"1e999", b'"\\ud800"', b"NaN"])
    body = {
        "data": random.choice([[value()], value(), []]),
        "fn_index": random.choice([0, 1, 2, -1, 999, "0", None, 1e9]),
        "session_hash": random.choice(["fuzzed", "", "\x00", "a/b", 7, None]),
        "event_id": value(),
        "event_data": value(),
        "trigger_id": random.choice([1, -1, "x", None]),
    }
    for name in random.sample(sorted(body), random.randrange(2)):
        del body[name]
    return json.dumps(body).encode()


def is_fault(answer: httpx2.Response) -> bool:
    """Whether an answer is a fault of the server: 500 and more, but a 503 that says why."""
    says_why = answer.status_code == 503 and answer.text and not UNEXPECTED.search(answer.text)
    return bool(UNEXPECTED.search(answer.text)) or (answer.status_code >= 500 and not says_why)


def send(browsers: list[tuple[str, httpx2.Client]], of: list[Target], random: Random, count: int) -> Seen:
    """Send `count` requests to the routes in turn, each by one of the browsers: who it is, and the browser."""
    seen = Seen()
    for _, browser in browsers:
        browser.headers.pop("Sec-Fetch-Site", None)  # a request has it, or an Origin
    for n in range(count):
        target = of[n % len(of)]
        who, browser = random.choice(browsers)
        form = browser.get(target.form_at).text if target.form_at else ""
        found = re.search(r'name="form" value="(\w+)"', form)
        sent = one_of(random, target, found[1] if found else "")
        begins = time.perf_counter()
        try:
            answer = browser.request(sent.method, sent.path, content=sent.body, headers=sent.headers)
        except httpx2.HTTPError as error:
            seen.faults.append((sent, type(error).__name__))
            continue
        seen.slowest = max(seen.slowest, (time.perf_counter() - begins, target.path))
        seen.statuses[who, f"{target.method} {target.path}", answer.status_code] += 1
        if answer.status_code == 503:
            seen.busy[answer.text[:200]] += 1
        if is_fault(answer):
            seen.faults.append((sent, f"{answer.status_code} {answer.text[:200]}"))
    return seen


def session_of(server: Running, email: str, *, administrator: bool = False) -> httpx2.Client:
    """A browser in which a new person is signed in."""
    account = server.workspace.accounts.add(email, email.split("@")[0], administrator=administrator)
    server.workspace.accounts.set_password(account, PASSWORD)
    browser = server.browser()
    browser.cookies.set("pincite_session", server.workspace.sessions.start(account.user), domain="127.0.0.1")
    return browser


@contextmanager
def accounts(folder: Path, extend: Callable[..., object] = mount_with_health) -> Iterator[Running]:
    """The app with accounts and its page; any address is believed, so that no lock ends the search for faults."""
    with embeddings() as url:
        settings = load_settings(
            data_dir=folder,
            access="accounts",
            embeddings_url=url,
            reader_processes=1,
            trusted_proxies="127.0.0.1",
            max_file_mib=1,
        )
        with running(settings, extend) as server:
            yield server


def openapi_of(app: FastAPI) -> Mapping[str, Any]:
    """The description of the app's own routes, which the app itself publishes nowhere, with the fields of the forms."""
    told: dict[str, Any] = get_openapi(title="pincite", version="0", routes=app.routes)
    for target in targets("{matter_id}"):
        if target.fields:
            names = ["form", *target.fields.split()]
            schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": names}
            body = {"required": True, "content": {KINDS[0]: {"schema": schema}}}
            told["paths"][target.path]["post"]["requestBody"] = body
    return told


def main() -> int:
    """Fuzz, print what was answered; the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--openapi", type=Path, help="write the description of the routes here")
    parser.add_argument("--keep", action="store_true", help="send nothing; serve until Ctrl-C")
    options = parser.parse_args()

    def extend(app: FastAPI, *more: Any) -> None:
        if options.openapi:
            options.openapi.write_text(json.dumps(openapi_of(app)))
        mount_with_health(app, *more)

    with tempfile.TemporaryDirectory() as folder, accounts(Path(folder), extend) as server:
        root = session_of(server, ROOT, administrator=True)
        if options.keep:
            return _keep(server, root)
        return _print(fuzz(server, root, Path(folder), Random(options.seed), options.requests))


def fuzz(server: Running, root: httpx2.Client, folder: Path, random: Random, count: int) -> Seen:
    """Send `count` requests as an administrator (`root`), as a member of a matter and as nobody."""
    workspace, seen = server.workspace, Seen()
    owner = workspace.sharing.person(ROOT)
    member = session_of(server, "ann@firm.example")
    zoe = workspace.accounts.add("zoe@firm.example", "Zoe")
    browsers = [("administrator", root), ("administrator", root), ("member", member), ("nobody", server.browser())]
    pdf = folder / "small.pdf"
    pdf.write_bytes(make_pdf(["Either party may terminate on thirty days' notice."]))
    for begins in range(0, count, ROUND):  # what was handed over, archived or disabled is there again
        matter = workspace.access.create(owner, f"Fuzz {begins}")
        workspace.sharing.share(owner, matter.id, "ann@firm.example", "member")
        workspace.accounts.enable(zoe)
        document = workspace.accept(owner, matter, pdf, pdf.name)
        more = send(browsers, targets(matter.id, document.id), random, min(ROUND, count - begins))
        for (who, route, status), times in more.statuses.items():
            seen.statuses[who, route.replace(matter.id, "ID").replace(document.id, "ID"), status] += times
        seen.faults += more.faults
        seen.busy += more.busy
        seen.slowest = max(seen.slowest, more.slowest)
    return seen


def _keep(server: Running, root: httpx2.Client) -> int:
    matter = server.workspace.access.create(server.workspace.sharing.person(ROOT), "Fuzz")
    print(f"{server.url}\npincite_session={root.cookies['pincite_session']}\nmatter {matter.id}", flush=True)
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        return 0


def _print(seen: Seen) -> int:
    routes = sorted({(route, who) for who, route, _ in seen.statuses})
    for route, who in routes:
        here = {status: count for (w, r, status), count in sorted(seen.statuses.items()) if (w, r) == (who, route)}
        print(f"{route:60.60} {who:14}", " ".join(f"{status}:{count}" for status, count in here.items()))
    by_status = Counter[int]()
    for (*_, status), count in seen.statuses.items():
        by_status[status] += count
    print(
        f"{by_status.total()} requests:", dict(sorted(by_status.items())), "slowest {:.2f} s: {}".format(*seen.slowest)
    )
    for said, count in seen.busy.most_common(20):
        print(f"503 {count} times: {said}")
    for sent, told in seen.faults[:20]:
        print("FAULT", told, sent.method, sent.path[:200], sent.headers, sent.body[:300], file=sys.stderr)
    print(f"{len(seen.faults)} faults")
    return 1 if seen.faults else 0


if __name__ == "__main__":
    sys.exit(main())
