"""What must never leave the answer: words of documents and questions, file names, keys.

None is in log, metrics or output.
"""

import asyncio
import json
import logging
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fastapi import FastAPI

from tests.pdfs import make_pdf
from tests.webapp.commands import Pincite, Server
from tests.webapp.embeddings import embeddings
from tests.webapp.fake_engine import FakeEngine, Refusal, Reply
from tests.webapp.serving import running
from tests.webapp.tab import Page
from webapp.answers.generate import TRIES
from webapp.core.errors import RemoteError
from webapp.core.log import close_log, log, open_log, suppress_output, user_error
from webapp.core.settings import load_settings
from webapp.service.commands import Ask, FindMentions, ListDocuments, Search, Summarise

TEXT, NAME, ASKED, WRITTEN = "canarytext", "canaryname", "canaryasked", "canarywritten"
KEY, SECRET, TOKEN, BAD = "canarykey", "canarysecretcanary", "canarytokencanary", "canarybad"
CANARIES = (TEXT, NAME, ASKED, WRITTEN, KEY, SECRET, TOKEN, BAD)
QUOTED = f"cannot take: {TEXT} {ASKED}"
RENT = f"1. Rent. The {TEXT} pays a rent of $4,200 each month under the law of Ireland."


def leaks(told: Mapping[str, str]) -> list[tuple[str, str]]:
    """Where a canary is, and which."""
    return [(place, word) for place, said in told.items() for word in CANARIES if word in said]


def logged(folder: Path) -> str:
    return "".join(path.read_text("utf-8") for path in (folder / "log").iterdir())


def ended(server: Server, folder: Path, **told: str) -> dict[str, str]:
    """Everything that a server has left, once it has ended in good order."""
    server.process.terminate()
    out, err = server.process.communicate(timeout=30)
    return {"log": logged(folder), "output": out, "error": err, **told}


def until_read(server: Server) -> None:
    """Wait until no document of the sample's matter is on its way: a question would wait for them."""
    end = time.monotonic() + 60
    while {row.state for row in server.run(ListDocuments("Sample"))} - {"ready", "failed"}:
        assert time.monotonic() < end
        time.sleep(0.1)


@contextmanager
def a_store_that_fails_and_quotes() -> Iterator[str]:
    """An HTTP server whose every answer is an error with what it was sent."""

    class Routes(BaseHTTPRequestHandler):
        def _fail(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode("utf-8", "replace")
            body = json.dumps({"error": "InternalError", "message": f"{QUOTED} {sent}"}).encode()
            self.send_response(500)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = _fail

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Routes) as store:
        threading.Thread(target=store.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{store.server_port}"
        store.shutdown()


def test_what_looks_for_canaries_finds_one(tmp_path: Path) -> None:
    open_log(tmp_path)
    try:
        log.info("started")
        assert leaks({"log": logged(tmp_path)}) == []
        log.info("asked", question=f"What of the {ASKED}?")
        assert leaks({"log": logged(tmp_path)}) == [("log", ASKED)]
    finally:
        close_log()


def test_no_word_of_a_document_a_question_or_a_secret_is_in_log_metrics_or_output(tmp_path: Path) -> None:
    good, bad = tmp_path / f"{NAME}.pdf", tmp_path / f"{BAD}.pdf"
    good.write_bytes(make_pdf([RENT]))
    bad.write_bytes(b"%PDF-1.7\n" + BAD.encode())
    folder = tmp_path / "data"
    with FakeEngine("vllm", key=KEY) as engine, embeddings() as url:
        settings = {
            "PINCITE_EMBEDDINGS_URL": url,
            "PINCITE_LLM_URL": engine.url,
            "PINCITE_LLM_API_KEY": KEY,
            "PINCITE_ACCESS": "behind-proxy",
            "PINCITE_PROXY_SECRET": SECRET,
            "PINCITE_METRICS_TOKEN": TOKEN,
        }
        with Pincite(folder, settings).serving() as server:
            server.wait_until_ready()
            server.add("Acme", good, bad)
            question = f"What rent does the {TEXT} pay, {ASKED}?"
            quoting = {"error": {"message": QUOTED, "type": QUOTED, "code": 400, "input": QUOTED}}
            for replies in (
                [Reply([f"The {WRITTEN} pays “a rent of $4,200” [1]."])],
                [Refusal(400, quoting)],
                [Refusal(422, QUOTED)] * TRIES,
                [Refusal(500, f"<html>{QUOTED}</html>")],
                [Reply([WRITTEN], fault="nonsense")],
                [Reply([WRITTEN], fault="drop")],
            ):
                engine.enqueue(*replies)
                assert server.run(Ask("Acme", question))
            assert server.run(FindMentions("Acme", f"{TEXT} pays"))
            with suppress(RemoteError):
                server.run(Ask("Acme", question, BAD))
            with suppress(RemoteError):
                server.run(FindMentions("Acme", f"{TEXT} {ASKED}", BAD))
            with pytest.raises(RemoteError):
                server.run(Search(ASKED, ASKED))
            for replies in ([Reply([f"The {WRITTEN} pays “a rent of $4,200” [1]."])], [Refusal(400, quoting)] * TRIES):
                engine.enqueue(*replies)
                assert server.run(Summarise("Acme", NAME))
            server.ask("POST", "/cli/search", content=ASKED.encode())
            server.ask("GET", f"/matters/{ASKED}/documents/{NAME}.pdf")
            broken = {"data": [ASKED, ASKED], "fn_index": 1, "session_hash": ASKED, "event_data": ASKED}
            for body in (broken, broken | {"fn_index": 2}, {"data": ASKED}):
                server.ask("POST", "/gradio_api/queue/join", json=body)
            assert server.ask("GET", "/metrics", b"wrong").status_code == 401
            metrics = server.ask("GET", "/metrics", TOKEN.encode()).text
            told = ended(server, folder, metrics=metrics)
    assert 'pincite_answers_total{outcome="written"}' in metrics
    assert 'pincite_summaries_total{outcome="own words"}' in metrics
    assert 'pincite_ingest_documents_total{state="failed"} 1.0' in metrics
    assert '"EngineRefused"' in told["log"]
    assert leaks(told) == []


@pytest.mark.long
def test_no_word_of_what_the_page_sends_is_told_not_even_when_the_records_fail(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with FakeEngine("tgi") as engine, embeddings() as url:
        settings = {"PINCITE_EMBEDDINGS_URL": url, "PINCITE_LLM_URL": engine.url}
        with Pincite(folder, settings).serving() as server:
            server.wait_until_ready()
            (lease := tmp_path / f"{NAME}.pdf").write_bytes(make_pdf([RENT]))
            server.add("Sample", lease)

            async def visit() -> list[str]:
                page = Page(server.address)
                await page.open()
                await page.upload(f"{NAME} {TEXT}.pdf", make_pdf([RENT, RENT]))
                await page.upload(f"{BAD}.txt", BAD.encode())
                await asyncio.to_thread(until_read, server)
                engine.enqueue(Reply([f"The {WRITTEN} pays “a rent of $4,200” [1]."]))
                shown = [said async for said in page.ask(f"What rent does the {TEXT} pay, {ASKED}?")]
                with sqlite3.connect(folder / "pincite.db") as records:
                    records.execute("ALTER TABLE conversations RENAME TO gone")
                records.close()
                refused = [m async for m in page.do("send", "click", f"And the {ASKED}?")]
                made = page.do("part-matters", "submit", said={"do": "new-matter", "value": ASKED})
                refused += [m async for m in made]
                await page.close()
                return [*shown, json.dumps(refused)]

            *shown, refused = asyncio.run(visit())
            assert WRITTEN in "".join(shown)
            assert refused.count("notice") == 2, refused
            told = ended(server, folder, metrics=server.ask("GET", "/metrics").text)
    assert '"DataFolderUnusable"' in told["log"]
    assert leaks(told) == []


def test_no_word_that_a_vector_store_quotes_back_is_told(tmp_path: Path) -> None:
    folder, lease = tmp_path / "data", tmp_path / f"{NAME}.pdf"
    lease.write_bytes(make_pdf([RENT]))
    with a_store_that_fails_and_quotes() as store, embeddings() as url:
        pincite = Pincite(folder, {"PINCITE_EMBEDDINGS_URL": url, "PINCITE_CHROMA_URL": store})
        assert pincite("add", "Acme", str(lease), "--json").code == 1
        assert pincite("ask", "Acme", f"What does the {TEXT} pay, {ASKED}?", "--json").code == 1
        told = {"log": logged(folder)}
    assert '"StoreUnavailable"' in told["log"]
    assert leaks(told) == []


def test_no_word_of_a_route_that_crashes_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def extend(app: FastAPI, _: object) -> None:
        @app.get("/crash")
        def crash(of: str) -> None:
            raise ValueError(f"{QUOTED} {of}")

    open_log(tmp_path)
    try:
        with suppress_output(), running(load_settings(data_dir=tmp_path), extend) as there:
            answer = there.browser().get("/crash", params={"of": NAME})
    finally:
        close_log()
    out, err = capfd.readouterr()
    told = {"log": logged(tmp_path), "output": out, "error": err, "answer": answer.text}
    assert (answer.status_code, "ValueError" in told["log"]) == (500, True), told["log"]
    assert leaks(told) == []


def test_what_libraries_log_print_or_fail_with_is_known_without_its_words(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    open_log(tmp_path)
    try:
        with suppress_output():
            for name in ("httpx", "httpx2", "chromadb", "sqlalchemy.engine", "gradio", "asyncio", "uvicorn.error"):
                try:
                    raise ValueError(TEXT)
                except ValueError as error:
                    logger = logging.getLogger(name)
                    logger.error("failed" if name.startswith("uvicorn") else TEXT, exc_info=True)
                    user_error(error)
            print(TEXT)  # noqa: T201 (what a library might do)
            thread = threading.Thread(target=lambda: int(TEXT))
            thread.start()
            thread.join()
        log.info("end")
    finally:
        close_log()
    lines = [json.loads(line) for line in (tmp_path / "log" / "pincite.log").read_text("utf-8").splitlines()]
    assert TEXT not in json.dumps(lines)
    assert {"httpx", "chromadb", "asyncio"} <= {line.get("logger") for line in lines}
    assert [line["event"] for line in lines][-3:] == ["printed", "failed in the background", "end"]
    assert TEXT not in "".join(capfd.readouterr())
