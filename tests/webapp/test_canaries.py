"""What must never leave the answer: words of documents and questions, file names, keys. None is in log, metrics or output."""

import json
import logging
import threading
from pathlib import Path

import pytest

from tests.pdfs import make_pdf
from tests.webapp.commands import Pincite
from tests.webapp.embeddings import embeddings
from tests.webapp.fake_engine import FakeEngine, Refusal, Reply
from webapp.log import close_log, known, log, nothing_printed, open_log
from webapp.writing import TRIES

TEXT, NAME, ASKED, WRITTEN = "canarytext", "canaryname", "canaryasked", "canarywritten"
KEY, SECRET, TOKEN, BAD = "canarykey", "canarysecretcanary", "canarytokencanary", "canarybad"
CANARIES = (TEXT, NAME, ASKED, WRITTEN, KEY, SECRET, TOKEN, BAD)
QUOTED = f"cannot take: {TEXT} {ASKED}"


def test_no_word_of_a_document_a_question_or_a_secret_is_in_log_metrics_or_output(tmp_path: Path) -> None:
    good, bad = tmp_path / f"{NAME}.pdf", tmp_path / f"{BAD}.pdf"
    good.write_bytes(make_pdf([f"1. Rent. The {TEXT} pays a rent of $4,200 each month under the law of Ireland."]))
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
        pincite = Pincite(folder, settings)
        with pincite.serving() as server:
            server.wait_until_ready()
            pincite("add", "Acme", str(good), str(bad), "--json")
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
                assert pincite("ask", "Acme", question, "--json").code == 0
            pincite("ask", "Acme", question, "--document", BAD, "--json")
            pincite("search", ASKED, ASKED)
            server.ask("POST", "/cli/search", content=ASKED.encode())
            server.ask("GET", f"/matters/{ASKED}/documents/{NAME}.pdf")
            broken = {"data": [ASKED, ASKED], "fn_index": 1, "session_hash": ASKED, "event_data": ASKED}
            for body in (broken, broken | {"fn_index": 2}, {"data": ASKED}):
                server.ask("POST", "/gradio_api/queue/join", json=body)
            assert server.ask("GET", "/metrics", b"wrong").status_code == 401
            metrics = server.ask("GET", "/metrics", TOKEN.encode()).text
            server.process.terminate()
            out, err = server.process.communicate(timeout=30)
    log_text = "".join(path.read_text("utf-8") for path in (folder / "log").iterdir())
    assert 'pincite_answers_total{outcome="written"}' in metrics
    assert 'pincite_ingest_documents_total{state="failed"} 1.0' in metrics
    assert '"EngineRefused"' in log_text
    for place, said in {"log": log_text, "metrics": metrics, "output": out, "error": err}.items():
        assert [word for word in CANARIES if word in said] == [], place


def test_what_libraries_log_print_or_fail_with_is_known_without_its_words(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    open_log(tmp_path)
    try:
        with nothing_printed():
            for name in ("httpx", "httpx2", "chromadb", "sqlalchemy.engine", "gradio", "asyncio", "uvicorn.error"):
                try:
                    raise ValueError(TEXT)
                except ValueError as error:
                    logger = logging.getLogger(name)
                    logger.error("failed" if name.startswith("uvicorn") else TEXT, exc_info=True)
                    known(error)
            print(TEXT)
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


def test_without_a_token_metrics_are_for_the_one_local_user(tmp_path: Path) -> None:
    for access, status in (("local", 200), ("demo", 404)):
        with Pincite(tmp_path / access, {"PINCITE_ACCESS": access}).serving() as server:
            assert server.ask("GET", "/metrics").status_code == status
