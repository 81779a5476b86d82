"""One server for all of these, on a folder of its own; commands run as processes and go through it."""

import json
import os
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.pdfs import make_pdf
from tests.webapp.commands import Pincite, Server
from tests.webapp.embeddings import embeddings
from tests.webapp.fake_engine import BUSY, FakeEngine, Reply
from tests.webapp.serving import raw_connection
from webapp.answers.generate import TRIES

pytestmark = pytest.mark.slow

LEASE = ["1. Rent. The monthly rent is $4,200.", "2. Governing law. This Lease is governed by the laws of Ireland."]
ROUTES = ("follow", "search", "mentions", "ask", "remove", "reindex", "matters", "create_matter", "delete_matter")


@pytest.fixture(scope="module")
def engine() -> Iterator[FakeEngine]:
    with FakeEngine("tgi", key="k") as engine:
        yield engine


@pytest.fixture(scope="module")
def settings(engine: FakeEngine) -> Iterator[dict[str, str]]:
    with embeddings() as url:
        yield {
            "PINCITE_EMBEDDINGS_URL": url,
            "PINCITE_LLM_URL": engine.url,
            "PINCITE_LLM_API_KEY": "k",
            "PINCITE_MAX_FILE_MIB": "1",
        }


@pytest.fixture(scope="module")
def pincite(tmp_path_factory: pytest.TempPathFactory, settings: dict[str, str]) -> Pincite:
    return Pincite(tmp_path_factory.mktemp("data"), settings)


@pytest.fixture(scope="module")
def server(pincite: Pincite) -> Iterator[Server]:
    with pincite.serving() as server:
        yield server


@pytest.fixture(scope="module")
def lease(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "lease.pdf"
    path.write_bytes(make_pdf(LEASE))
    return path


def test_the_port_answers_before_the_models_are_loaded(server: Server) -> None:
    assert server.ask("GET", "/healthz").status_code == 200
    server.wait_until_ready()
    states = server.ask("GET", "/readyz").json()
    assert states == {"stores": "ready", "embedder": "ready", "engine": "ready"}


def test_the_front_is_the_page(server: Server) -> None:
    front = server.ask("GET", "/")
    assert front.headers["content-type"].startswith("text/html")
    assert '"title":"pincite"' in front.text


def test_evidence_comes_from_the_document_routes_behind_the_middleware(server: Server) -> None:
    matter = json.loads(server.ask("POST", "/cli/matters", json={}).text.splitlines()[0])["body"]["id"]
    rows = server.ask("POST", "/cli/reindex", json={"matter": matter}).text.splitlines()
    document = json.loads(rows[-1])["body"]["document_id"]
    for path, kind in (("/pages/3.png?span=3000-3100", "image/png"), (".pdf", "application/pdf")):
        shown = server.ask("GET", f"/matters/{matter}/documents/{document}{path}")
        assert (shown.status_code, shown.headers["content-type"]) == (200, kind)
        assert shown.headers["content-security-policy"].startswith("default-src 'self'; ")
    assert server.ask("GET", f"/matters/{matter}/documents/{'0' * 64}.pdf").status_code == 404
    elsewhere = {"Authorization": "", "Host": "evil.example"}
    assert httpx2.get(server.url, headers=elsewhere, trust_env=False).status_code == 421
    assert "content-security-policy" in server.ask("GET", "/").headers


@pytest.mark.parametrize("token", [b"-", b"wrong", "ä".encode()])
def test_no_command_without_the_token(server: Server, token: bytes) -> None:
    for route in ROUTES:
        assert server.ask("POST", f"/cli/{route}", token, json={}).status_code == 401
    assert server.ask("POST", "/cli/accept", token, params={"matter": "M", "name": "n"}).status_code == 401
    assert server.ask("GET", "/cli/hello", token).status_code == 401


def test_no_page_describes_the_routes(server: Server) -> None:
    assert {server.ask("GET", path).status_code for path in ("/docs", "/redoc", "/openapi.json")} == {404}


def test_a_second_server_on_the_folder_is_refused(pincite: Pincite, server: Server) -> None:
    second = pincite("serve")
    assert (second.code, second.err.splitlines()[0]) == (1, f"pincite is already running at {server.address}.")


def test_commands_go_through_the_server_and_give_the_rows_of_design(
    pincite: Pincite, server: Server, lease: Path, tmp_path: Path
) -> None:
    scan = tmp_path / os.fsdecode(b"n\xf6t.pdf")  # not UTF-8
    scan.write_text("no PDF")
    added = pincite("add", "Acme", str(lease), str(scan), str(tmp_path / "missing.pdf"), "--json")
    assert added.code == 1
    keys = "file document_id document state pages unreadable_pages partly_read_pages recognised_pages warnings reason"
    assert all(list(row) == keys.split() for row in added.rows)
    by_file = {Path(row["file"]).name: row for row in added.rows}
    assert (by_file["lease.pdf"]["state"], by_file["lease.pdf"]["pages"], by_file["lease.pdf"]["reason"]) == (
        "ready",
        2,
        None,
    )
    assert [by_file[name]["state"] for name in ("n\ufffdt.pdf", "missing.pdf")] == ["failed", "failed"]
    assert "not a PDF" in by_file["n\ufffdt.pdf"]["reason"]

    found = pincite("search", "Acme", "Which law governs?", "--json")
    assert found.code == 0
    keys = "rank document_id document text_version start end page page_label section score why text"
    assert list(found.rows[0]) == keys.split()
    assert "laws of Ireland" in found.rows[0]["text"]
    assert found.rows[0]["start"] == 0  # it begins in another clause than the one that says it
    assert (found.rows[0]["page"], found.rows[0]["section"]) == (2, "Section 2 (Governing law)")
    assert [row["rank"] for row in found.rows] == list(range(1, len(found.rows) + 1))

    exact = pincite("search", "Acme", "the laws  of IRELAND", "--exact", "--document", "lease", "--json")
    assert (exact.code, len(exact.rows)) == (0, 1)
    assert list(exact.rows[0]) == "document_id document text_version start end page page_label section text".split()
    assert (exact.rows[0]["page"], exact.rows[0]["section"]) == (2, "Section 2 (Governing law)")
    assert "1 mention in 1 document." in pincite("search", "Acme", "laws of Ireland", "--exact").out

    again = pincite("add", "Acme", str(lease), "--json")
    assert (again.code, again.rows[0]["document_id"]) == (0, by_file["lease.pdf"]["document_id"])

    rebuilt = pincite("reindex", "Acme", "--json")
    assert [(row["document"], row["state"]) for row in rebuilt.rows] == [("lease.pdf", "ready")]

    removed = pincite("remove", "Acme", "lease", "--json")
    assert (removed.code, removed.rows[0]["document"]) == (0, "lease.pdf")
    assert pincite("search", "Acme", "Which law governs?", "--json").rows == []


QUOTING = 'Irish law: "This Lease is governed by the laws of Ireland." [1]'


def test_ask_gives_the_object_of_design(pincite: Pincite, server: Server, engine: FakeEngine, lease: Path) -> None:
    assert pincite("add", "Asked", str(lease)).code == 0
    engine.enqueue(Reply([QUOTING]))
    outcome = pincite("ask", "Asked", "Which law governs the lease?", "--json")
    assert outcome.code == 0
    [answer] = outcome.rows
    assert list(answer) == [
        "answer",
        "found",
        "query",
        "read_as",
        "citations",
        "key_language",
        "searched",
        "budget",
        "engine",
        "sentences",
        "made_by",
    ]
    assert (answer["found"], answer["engine"]) == (True, "tgi")
    assert (answer["query"], answer["read_as"]) == ("Which law governs the lease?", "own")
    assert "laws of Ireland" in answer["answer"]
    citation = answer["citations"][0]
    assert (
        list(citation)
        == "n document_id document text_version section page page_label bates exhibit lines recognised "
        "quote verified".split()
    )
    assert (citation["document"], citation["page"], citation["verified"]) == ("lease.pdf", 2, True)
    assert answer["searched"] == {"documents": 1, "pages": 2, "unreadable_pages": 0, "partly_read_pages": 0}
    assert list(answer["budget"]) == "window system history passages reserve sent left_out".split()


def test_ask_shows_people_the_answer_its_citations_and_what_was_searched(
    pincite: Pincite, server: Server, engine: FakeEngine
) -> None:
    engine.enqueue(Reply([QUOTING]))
    shown = pincite("ask", "Asked", "Which law governs the lease?", "--document", "lease").out
    assert "This Lease is governed by the laws of Ireland." in shown
    assert "[1] lease.pdf" in shown
    assert "Searched 1 document, 2 pages" in shown


def test_an_engine_that_is_busy_is_a_notice_and_key_language_is_there(
    pincite: Pincite, server: Server, engine: FakeEngine
) -> None:
    engine.enqueue(*[BUSY] * TRIES)
    outcome = pincite("ask", "Asked", "Which law governs the lease?", "--json")
    assert outcome.code == 0
    assert outcome.error["error"] == "The language model is busy."
    assert any("laws of Ireland" in sentence["text"] for sentence in outcome.rows[0]["key_language"])


def test_who_stops_asking_stops_the_engine(pincite: Pincite, server: Server, engine: FakeEngine) -> None:
    engine.enqueue(Reply(["word "] * 500, pace=0.05))
    before = len(engine.asked)
    with pincite.start("ask", "Asked", "Which law governs the lease?") as asked:
        while len(engine.asked) == before:
            assert asked.poll() is None
            time.sleep(0.05)
        asked.kill()
    assert engine.hung_up.acquire(timeout=10)


def test_nothing_found_is_an_answer(pincite: Pincite, server: Server) -> None:
    assert pincite("matters", "create", "Empty").code == 0
    outcome = pincite("search", "Empty", "Which law governs?")
    assert (outcome.code, outcome.out) == (0, "")


def test_matters_are_made_listed_and_deleted(pincite: Pincite, server: Server) -> None:
    made = pincite("matters", "create", "Zeta", "--json").rows[0]
    assert made == {"id": made["id"], "name": "Zeta", "documents": 0, "pages": 0}
    assert made in pincite("matters", "list", "--json").rows
    assert pincite("matters", "create", "Zeta", "--json").error["error"] == "There is already a matter “Zeta”."
    assert pincite("matters", "delete", "Zeta", "--yes", "--json").rows == [
        {"id": made["id"], "name": "Zeta", "deleted": True}
    ]
    assert made not in pincite("matters", "list", "--json").rows


def test_an_error_of_the_server_is_told_as_one_of_our_own(pincite: Pincite, server: Server) -> None:
    outcome = pincite("search", "Nowhere", "rent?", "--json")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.error == {
        "error": "There is no matter “Nowhere”.",
        "hint": "`pincite matters list` shows the matters you can use.",
    }


def test_a_file_over_the_limit_is_refused_naming_the_limit(pincite: Pincite, server: Server, tmp_path: Path) -> None:
    large = tmp_path / "large.pdf"
    large.write_bytes(b"%PDF-1.7\n" + bytes(3 << 20))
    outcome = pincite("add", "Acme", str(large), "--json")
    assert (outcome.code, outcome.rows[0]["reason"]) == (
        1,
        "“large.pdf” is 3 MiB; the limit is 1 MiB. Split the file, or raise PINCITE_MAX_FILE_MIB.",
    )
    assert list(pincite.folder.glob("arriving-*")) == []


def test_a_client_that_sends_nonsense_gets_no_trace(server: Server) -> None:
    for body in (b"", b"[]", b'{"matter": 1}', b"\xff"):
        answer = server.ask("POST", "/cli/search", content=body)
        assert answer.status_code in (400, 422)
        assert "Traceback" not in answer.text


@pytest.mark.parametrize("path", ["/gradio_api/upload", "/gradio_api/queue/join", "/cli/accept?matter=M&name=n.pdf"])
def test_who_hangs_up_in_the_middle_of_an_upload_is_one_line_in_the_log(
    pincite: Pincite, server: Server, path: str
) -> None:
    at, log = server.commands if path.startswith("/cli/") else server.url, pincite.folder / "log" / "pincite.log"
    host, cookies = at.removeprefix("http://"), "; ".join(f"{name}={value}" for name, value in server.cookies.items())
    before = log.read_text()
    with raw_connection(at) as raw:
        raw.sendall(
            f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 900000\r\nAuthorization: Bearer "
            f"{server.token}\r\n"
            f"Cookie: {cookies}\r\n"
            'Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\nContent-Disposition: form-data; name="files"; '
            'filename="lease.pdf"\r\n\r\n%PDF-1.7 zanzibar'.encode()
        )
    deadline = time.monotonic() + 30
    while (said := log.read_text()[len(before) :]) == "" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [json.loads(line)["event"] for line in said.splitlines()] == ["request broken off"]


def test_what_is_unexpected_has_a_reference_and_the_log_has_no_words_of_ours(pincite: Pincite, server: Server) -> None:
    pincite("search", "Sample", "zanzibar heliotrope", "--json")
    log = (pincite.folder / "log" / "pincite.log").read_text()
    assert json.loads(log.splitlines()[0])["event"] == "serving"
    assert "zanzibar" not in log
    assert server.token not in log


def test_files_are_those_of_their_user_alone(pincite: Pincite, server: Server) -> None:
    loose = [path for path in pincite.folder.rglob("*") if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert [path.name for path in loose] == []


def test_a_stop_in_good_order_leaves_nothing_behind_and_a_killed_server_is_noticed(
    pincite: Pincite, server: Server
) -> None:
    told = pincite.folder / "server.json"
    server.process.terminate()  # the last of the tests that share it
    assert server.process.wait(30) == 0
    assert not told.exists()
    with pincite.serving() as another:
        another.process.kill()
        another.process.wait()
    assert told.exists()
    assert pincite("matters", "list").code == 0
    assert not told.exists()


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        outcome = Pincite(tmp_path, {"PINCITE_PORT": port})("serve")
    assert outcome.code == 1
    assert outcome.err.startswith(f"The setting PINCITE_PORT cannot be used: 127.0.0.1:{port} cannot be listened on")


@pytest.mark.long
def test_a_server_whose_search_model_is_away_says_so_and_takes_files_all_the_same(tmp_path: Path, lease: Path) -> None:
    pincite = Pincite(tmp_path, {"PINCITE_EMBEDDINGS_URL": "http://127.0.0.1:9"})
    with pincite.serving() as server:
        while server.ask("GET", "/readyz").json()["embedder"] != "away":
            assert server.process.poll() is None
            time.sleep(0.1)
        assert server.ask("GET", "/healthz").status_code == 200
        assert server.ask("GET", "/readyz").status_code == 503
        outcome = pincite("add", "Acme", str(lease), "--json")
        assert (outcome.code, outcome.error["error"]) == (
            1,
            "The search model cannot be used: its server does not answer as it should.",
        )
        acme = next(row for row in pincite("matters", "list", "--json").rows if row["name"] == "Acme")
        assert acme["documents"] == 1


def until_connected(url: str, seconds: float = 60) -> None:
    """Wait until a client has a connection to a server of this machine."""
    port, end = f":{urlsplit(url).port:04X}", time.monotonic() + seconds
    while time.monotonic() < end:
        rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()]
        if any(row[1].endswith(port) and row[3] == "01" for row in rows):  # established
            return
        time.sleep(0.1)
    raise AssertionError("nobody has connected")


def test_a_command_whose_server_dies_says_so(tmp_path: Path) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    pincite = Pincite(tmp_path, {"PINCITE_EMBEDDINGS_URL": f"http://127.0.0.1:{silent.getsockname()[1]}"})
    with silent, pincite.serving() as server:
        asked = pincite.start(
            "search", "Sample", "price", "--json"
        )  # waits for the sample, which waits for its vectors
        until_connected(server.commands)
        time.sleep(1)
        server.process.kill()
        _, err = asked.communicate(timeout=60)
    assert asked.returncode == 1
    assert json.loads(err)["error"] == "pincite stopped before this was finished."
