"""Every fault of every kind of engine, through the page's own path:
what the reader sees of it, and what the log says.
"""

import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.webapp import asking
from tests.webapp.asking import logging_workspace
from tests.webapp.fake_engine import (
    BARE_401,
    BUSY,
    LLAMA_TOO_LONG,
    LOADING,
    MALFORMED,
    TEMPLATE,
    TGI_TOO_LONG,
    UNKNOWN_KEY,
    VLLM_TOO_LONG,
    FakeEngine,
    Kind,
    Refusal,
    Reply,
    llama_error,
    vllm_error,
)
from webapp.answers.generate import TRIES
from webapp.core.results import AnswerResult
from webapp.page.html.chat import turn_html
from webapp.service.workspace import Workspace
from webapp.store.conversations import SavedTurn

QUESTION = "Who pays the rent of the lease?"
LEASE = [
    "1. Rent. The tenant pays a rent of $4,200 each month.",
    "2. Law. This lease is governed by the laws of Ireland.",
]
DRAFT = ["The tenant ", "pays “a rent of $4,200” [1]."]
SHOWN = "The tenant pays “a rent of $4,200” [1]."
SPLIT = ["Société: the tenant pays “a rent of $4,200” [1]."]  # é is sent in two chunks


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with logging_workspace(tmp_path_factory.mktemp("faults"), LEASE) as workspace:
        yield workspace


def asked(workspace: Workspace, url: str, patience: float = 30) -> tuple[SavedTurn, list[dict[str, Any]]]:
    waits = {"llm_first_token_seconds": patience, "llm_silence_seconds": patience}
    return asking.asked(workspace, QUESTION, llm_url=url, **waits)


def told(line: dict[str, Any]) -> str:
    return " ".join(str(line[key]) for key in ("error", "status", "kind") if key in line)


def refused_port() -> str:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{sock.getsockname()[1]}"


SIZES = {"prompt": 4000, "answer": 512, "window": 4096}
AWAY = "The language model is not available."
STARTING = "The language model is still starting."
ENGINE_BUSY = "The language model is busy."
KEY = "The language model server rejected the API key."
NOT_ACCEPTED = "The language model server rejected the request."
FAULT = "The language model server failed."
CUT = "The connection to the language model broke off before the answer was complete."
SILENT = "The language model sent nothing for 0 seconds."
FEWER = "The language model accepts less text than it reported, so this answer is based on fewer passages."
TOO_LONG = "The question and its passages are longer than the language model accepts."
NO_ROOM = "The answer breaks off: the language model had no room for more."
LESS_TEXT = f"{FEWER}\n{TOO_LONG}"
VALIDATION = Refusal(422, {"error": TGI_TOO_LONG.format(**SIZES), "error_type": "validation"})
VLLM_LONG = vllm_error(VLLM_TOO_LONG.format(**SIZES), "input_tokens")
LLAMA_LONG = llama_error(LLAMA_TOO_LONG.format(**SIZES), "exceed_context_size_error")
VLLM_400 = vllm_error("temperature must be non-negative, got -1.0.", "temperature")
LLAMA_500 = llama_error("slot failed", "server_error", 500)

# the engine, what it does at every try, the text that is kept, the notice above it, the log's lines
TABLE: list[tuple[Kind, Reply | Refusal | str, str, str, list[str]]] = [
    ("tgi", Reply(DRAFT), SHOWN, "", []),
    ("vllm", Reply(DRAFT), SHOWN, "", []),
    ("llama.cpp", Reply(DRAFT), SHOWN, "", []),
    ("tgi", Reply(SPLIT, byte_by_byte=True), SPLIT[0], "", []),
    # it ends where it has no room for more
    ("llama.cpp", Reply(DRAFT, fault="cut"), SHOWN, NO_ROOM, []),
    # HTTP 200, then an error line
    ("tgi", Reply(DRAFT, fault="error line"), SHOWN, FAULT, ["EngineFault 200 json"]),
    ("vllm", Reply(DRAFT, fault="error line"), SHOWN, FAULT, ["EngineFault 200 InternalServerError"]),
    ("llama.cpp", Reply(DRAFT, fault="error line"), SHOWN, FAULT, ["EngineFault 200 InternalServerError"]),
    ("tgi", Reply((), fault="too long line"), "", LESS_TEXT, ["PassagesOmitted", "PromptTooLong 200 json"]),
    # cut in both ways, and cut off by the engine itself
    ("tgi", Reply(DRAFT, fault="drop"), SHOWN, CUT, ["StreamCut"]),
    ("tgi", Reply(DRAFT, fault="end"), SHOWN, CUT, ["StreamCut"]),
    ("tgi", Reply((), fault="drop"), "", CUT, ["StreamCut"]),
    ("vllm", Reply(DRAFT, fault="abort"), SHOWN, CUT, ["StreamCut"]),
    ("llama.cpp", Reply(DRAFT, fault="nonsense"), SHOWN, FAULT, ["EngineFault JSONDecodeError"]),
    # silence
    ("tgi", Reply(DRAFT, fault="silence"), SHOWN, SILENT, ["EngineSilent"]),
    ("llama.cpp", Reply((), fault="silence"), "", SILENT, ["EngineSilent"]),
    # refused before the stream
    ("tgi", BUSY, "", ENGINE_BUSY, ["EngineBusy 429 overloaded"]),
    ("tgi", TEMPLATE, "", NOT_ACCEPTED, ["EngineRefused 422 template_error"]),
    ("tgi", MALFORMED, "", NOT_ACCEPTED, ["EngineRefused 422 text"]),
    ("vllm", VLLM_400, "", NOT_ACCEPTED, ["EngineRefused 400 BadRequestError"]),
    ("llama.cpp", LLAMA_500, "", FAULT, ["EngineFault 500 server_error"]),
    ("tgi", BARE_401, "", KEY, ["EngineKeyRefused 401 bare"]),
    ("vllm", UNKNOWN_KEY["vllm"], "", KEY, ["EngineKeyRefused 401 json"]),
    ("llama.cpp", UNKNOWN_KEY["llama.cpp"], "", KEY, ["EngineKeyRefused 401 authentication_error"]),
    ("tgi", VALIDATION, "", LESS_TEXT, ["PassagesOmitted", "PromptTooLong 422 validation"]),
    ("vllm", VLLM_LONG, "", LESS_TEXT, ["PassagesOmitted", "PromptTooLong 400 BadRequestError"]),
    ("llama.cpp", LLAMA_LONG, "", LESS_TEXT, ["PassagesOmitted", "PromptTooLong 400 exceed_context_size_error"]),
    # while it loads
    ("tgi", "refused", "", AWAY, ["EngineAway"]),
    ("vllm", "refused", "", AWAY, ["EngineAway"]),
    ("llama.cpp", LOADING, "", STARTING, ["EngineLoading 503 unavailable_error"]),
    ("tgi", Refusal(502, "<html>Bad Gateway</html>"), "", AWAY, ["EngineAway 502 text"]),
]


@pytest.mark.parametrize(("kind", "does", "kept", "notice", "lines"), TABLE)
def test_a_fault_is_told_in_one_sentence_what_was_written_stays_and_the_log_knows_its_kind(
    workspace: Workspace, kind: Kind, does: Reply | Refusal | str, kept: str, notice: str, lines: list[str]
) -> None:
    if isinstance(does, str):
        turn, log = asked(workspace, refused_port())
    else:
        with FakeEngine(kind) as engine:
            engine.enqueue(*[does] * TRIES)
            is_silent = isinstance(does, Reply) and does.fault == "silence"
            turn, log = asked(workspace, engine.url, 0.4 if is_silent else 30)
    assert turn.state == "complete"
    assert "\n".join(row.error for row in turn.answer.notices) == notice
    assert kept in turn.answer.answer
    page = re.sub(r"<[^>]+>", " ", turn_html(turn)).replace("&#39;", "'")
    assert all(sentence in page for sentence in notice.splitlines())
    if not kept:  # the documents' own words take the place of what was not written
        assert isinstance(turn.answer, AnswerResult)
        assert turn.answer.key_language
        assert "Key language" in page
    assert [told(line) for line in log] == lines
    assert "tenant" not in json.dumps(log)


def test_a_prompt_that_the_engine_finds_too_long_is_packed_again_into_less_and_the_reader_is_told(
    workspace: Workspace,
) -> None:
    with FakeEngine("tgi") as engine:
        engine.enqueue(VALIDATION, Reply(DRAFT))
        turn, log = asked(workspace, engine.url)
    assert [row.error for row in turn.answer.notices] == [FEWER]
    assert turn.answer.answer == SHOWN
    assert isinstance(turn.answer, AnswerResult)
    assert turn.answer.budget
    assert turn.answer.budget.window == int(4096 * 0.7)
    assert [told(line) for line in log] == ["PassagesOmitted"]


@pytest.mark.parametrize("does", [BUSY, LOADING, Reply((), fault="drop")])
def test_what_passes_before_the_first_word_is_tried_again_and_the_reader_sees_only_the_answer(
    workspace: Workspace, does: Reply | Refusal
) -> None:
    with FakeEngine("llama.cpp") as engine:
        engine.enqueue(does, Reply(DRAFT))
        turn, log = asked(workspace, engine.url)
        assert len(engine.asked) == 2
    assert (turn.answer.answer, turn.answer.notices, log) == (SHOWN, (), [])


def test_after_the_first_word_nothing_is_tried_again(workspace: Workspace) -> None:
    with FakeEngine("tgi") as engine:
        engine.enqueue(Reply(DRAFT, fault="drop"))
        asked(workspace, engine.url)
        assert len(engine.asked) == 1
