"""The one client of the chat route, against servers that behave as TGI, vLLM and llama.cpp do."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.webapp.fake_engine import (
    BARE_401,
    BUSY,
    LOADING,
    MALFORMED,
    MODEL,
    TEMPLATE,
    VLLM_NO_ROOM,
    FakeEngine,
    Kind,
    Refusal,
    Reply,
    vllm_error,
)
from webapp.core.errors import (
    EngineAway,
    EngineBusy,
    EngineEmpty,
    EngineEndless,
    EngineError,
    EngineFault,
    EngineKeyRefused,
    EngineLoading,
    EngineRefused,
    EngineSilent,
    PromptTooLong,
    StreamCut,
)
from webapp.llm import dialects
from webapp.llm.chat import StopFilter, digest, merge_roles
from webapp.llm.client import Cut, LLMClient, Message, Prompt, ServerInfo, Timeouts

KINDS: list[Kind] = ["tgi", "vllm", "llama.cpp", "other"]
QUICK = Timeouts(connect=0.4, first=0.4, silence=0.4)
WHOLE = "The tenant pays."
ASK = [Message("system", "Answer from the passages."), Message("user", "Who pays?")]


def read(
    engine: LLMClient, messages: Sequence[Message] = ASK, *, max_tokens: int = 100, stop: Sequence[str] = ()
) -> tuple[str, EngineError | None]:
    """What a caller has in hand at the end: the text, and the error if there was one."""
    text: list[str] = []

    async def run() -> None:
        async for piece in engine.stream(messages, max_tokens=max_tokens, stop=stop):
            text.append(piece)

    try:
        asyncio.run(run())
    except EngineError as error:
        return "".join(text), error
    return "".join(text), None


def unused_url() -> str:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{sock.getsockname()[1]}"


# --- what can go wrong: the server, what it does, what the caller keeps, the error

FAULTS: list[tuple[Kind, Reply | Refusal, str, type[EngineError] | None]] = [
    ("tgi", Reply(), WHOLE, None),
    ("vllm", Reply(), WHOLE, None),
    ("llama.cpp", Reply(), WHOLE, None),
    ("other", Reply(), WHOLE, None),
    # HTTP 200, then trouble inside the stream
    ("tgi", Reply(fault="error line"), WHOLE, EngineFault),
    ("vllm", Reply(fault="error line"), WHOLE, EngineFault),
    ("tgi", Reply(pieces=(), fault="too long line"), "", PromptTooLong),
    ("tgi", Reply(fault="drop"), WHOLE, StreamCut),
    ("tgi", Reply(fault="end"), WHOLE, StreamCut),
    ("vllm", Reply(fault="abort"), WHOLE, StreamCut),
    ("llama.cpp", Reply(fault="nonsense"), WHOLE, EngineFault),
    ("tgi", Reply(fault="silence"), WHOLE, EngineSilent),
    ("llama.cpp", Reply(pieces=(), fault="silence"), "", EngineSilent),
    # refused before the stream
    ("tgi", BUSY, "", EngineBusy),
    ("tgi", BARE_401, "", EngineKeyRefused),
    ("tgi", TEMPLATE, "", EngineRefused),
    ("tgi", MALFORMED, "", EngineRefused),
    ("tgi", Refusal(422, "`inputs` must have less than 3584 tokens. Given: 4000"), "", PromptTooLong),
    ("vllm", Refusal(400, {"object": "error", "message": "maximum context length is 4096"}), "", PromptTooLong),
    ("vllm", vllm_error(VLLM_NO_ROOM, "max_tokens"), "", PromptTooLong),
    ("vllm", vllm_error("bad stop", "body.stop", "Bad Request"), "", EngineRefused),
    ("other", Refusal(400, {"error": {"code": "context_length_exceeded"}}), "", PromptTooLong),
    ("other", Refusal(413), "", PromptTooLong),
    ("other", Refusal(302, "moved"), "", EngineRefused),
    ("llama.cpp", LOADING, "", EngineLoading),
    ("vllm", Refusal(500, "Internal Server Error"), "", EngineFault),
    ("tgi", Refusal(502, "<html>Bad Gateway</html>"), "", EngineAway),
]


@pytest.mark.parametrize(("kind", "reply", "kept", "error"), FAULTS)
def test_each_fault_has_its_own_error_and_the_text_before_it_is_kept(
    kind: Kind, reply: Reply | Refusal, kept: str, error: type[EngineError] | None
) -> None:
    with FakeEngine(kind) as server:
        server.enqueue(reply)
        text, raised = read(LLMClient(server.url, timeouts=QUICK))
        assert (text, type(raised) if raised else None) == (kept, error)
        assert read(LLMClient(server.url)) == (WHOLE, None), "the next question is answered"


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_key_is_told_apart_and_the_right_one_is_sent(kind: Kind) -> None:
    with FakeEngine(kind, key="right") as server:
        text, raised = read(LLMClient(server.url, "wrong"))
        assert (text, type(raised)) == ("", EngineKeyRefused)
        assert read(LLMClient(server.url, "right")) == (WHOLE, None)


@pytest.mark.parametrize("kind", ["tgi", "vllm", "llama.cpp"])
def test_a_prompt_beyond_the_window_is_too_long_in_every_dialect(kind: Kind) -> None:
    with FakeEngine(kind, window=200) as server:
        _, raised = read(LLMClient(server.url), [Message("user", "word " * 300)])
        assert type(raised) is PromptTooLong


def test_nothing_at_the_address_is_away() -> None:
    engine = LLMClient(unused_url())
    text, raised = read(engine)
    assert (text, type(raised)) == ("", EngineAway)
    assert asyncio.run(engine.state()) == "away"


def test_an_address_that_takes_no_connection_is_away_after_the_time_out() -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for waiting in (first, second):  # the queue is full: no further connection stands
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        _, raised = read(LLMClient(f"http://127.0.0.1:{full.getsockname()[1]}", timeouts=QUICK))
        assert type(raised) is EngineAway


def test_comments_that_keep_a_connection_open_do_not_count_as_text() -> None:
    with FakeEngine("tgi") as server:
        server.enqueue(Reply(first=30))
        _, raised = read(LLMClient(server.url, timeouts=Timeouts(first=0.5)))
        assert type(raised) is EngineSilent
        assert server.hung_up.acquire(timeout=30)


def test_a_slow_first_text_and_slow_pieces_are_waited_for() -> None:
    with FakeEngine("llama.cpp") as server:
        server.enqueue(Reply(first=0.6, pace=0.15))
        assert read(LLMClient(server.url, timeouts=Timeouts(first=2, silence=0.4))) == (WHOLE, None)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "bare"),
        ("plain words\n", "text"),
        ('{"error": "The tenant pays", "error_type": "validation"}', "validation"),
        ('{"error": {"message": "The tenant pays", "type": "BadRequestError", "code": 400}}', "BadRequestError"),
        ('{"error": {"code": "context_length_exceeded"}}', "context_length_exceeded"),
        ('{"object": "error", "message": "The tenant pays", "type": "invalid_request_error"}', "invalid_request_error"),
        ('{"detail": [{"msg": "The tenant pays", "input": "The tenant pays"}]}', "json"),
        ('{"error_type": "the tenant pays"}', "json"),
        ("[]", "json"),
    ],
)
def test_of_a_refusal_only_its_kind_is_kept_because_its_words_may_quote_the_prompt(body: str, said: str) -> None:
    assert dialects.kind(body) == said


# --- stopping


@pytest.mark.parametrize("way", ["close", "cancel"])
def test_stopping_closes_the_connection_so_that_the_engine_stops_writing(way: str) -> None:
    async def run(engine: LLMClient) -> str:
        got = ""
        stream = engine.stream(ASK, max_tokens=100)
        if way == "close":
            async for piece in stream:
                got += piece
                break
            await stream.aclose()
            return got

        async def consume() -> None:
            nonlocal got
            async for piece in stream:
                got += piece

        task = asyncio.create_task(consume())
        while not got:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return got

    with FakeEngine("tgi") as server:
        server.enqueue(Reply(pieces=["word "] * 1000, pace=0.2))
        assert asyncio.run(run(LLMClient(server.url))).startswith("word ")
        assert server.hung_up.acquire(timeout=30)


def test_stopping_one_stream_leaves_the_others_alone() -> None:
    async def run(engine: LLMClient) -> str:
        await engine.describe()
        first, second = (engine.stream(ASK, max_tokens=100) for _ in range(2))
        assert await anext(first) == "word "
        await first.aclose()
        return "".join([piece async for piece in second])

    with FakeEngine("tgi") as server:
        server.enqueue(Reply(pieces=["word "] * 1000, pace=0.1), Reply(pace=0.1))
        assert asyncio.run(run(LLMClient(server.url))) == WHOLE


@pytest.mark.parametrize(
    ("kind", "pieces", "stop", "text"),
    [
        ("tgi", ["It ends.", "\n", "\nQuestion: next"], ["\n\nQuestion:"], "It ends."),
        ("tgi", ["It ends.", "\n", "\nQ2"], ["\n\nQuestion:"], "It ends.\n\nQ2"),
        ("tgi", ["a</", "s> b"], ["</s>", "s>"], "a"),
        ("tgi", ["ends here", "STOP and more"], ["STOP"], "ends here"),
        ("vllm", ["It ends.", "\n\nQuestion: next"], ["\n\nQuestion:"], "It ends."),
        ("other", ["It ends.", "\n\nQuestion: next"], ["\n\nQuestion:"], "It ends."),
    ],
)
def test_a_stop_string_is_never_part_of_the_text(kind: Kind, pieces: list[str], stop: list[str], text: str) -> None:
    with FakeEngine(kind) as server:
        server.enqueue(Reply(pieces))
        assert read(LLMClient(server.url), stop=stop) == (text, None)


def test_text_held_back_for_a_stop_string_is_not_lost_when_the_stream_is_cut() -> None:
    with FakeEngine("tgi") as server:
        server.enqueue(Reply(["It ends.\n"], fault="drop"))
        text, raised = read(LLMClient(server.url), stop=["\n\nQuestion:"])
        assert (text, type(raised)) == ("It ends.\n", StreamCut)


def test_only_what_may_begin_a_stop_string_is_held_back() -> None:
    stop_filter = StopFilter(["###"])
    assert [stop_filter.push(piece) for piece in ("a#", "#b", "##")] == ["a", "##b", ""]
    assert stop_filter.flush() == "##"


def test_a_character_split_over_two_chunks_arrives_whole() -> None:
    with FakeEngine("tgi") as server:
        server.enqueue(Reply(["§ 8.2(b) – ", "“Société” ", "\u00a0€"], byte_by_byte=True))
        assert read(LLMClient(server.url)) == ("§ 8.2(b) – “Société” \u00a0€", None)


# --- what is sent


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("s u", ["user: s|u"]),
        ("u a u", ["user: u", "assistant: a", "user: u"]),
        ("s s u a u", ["user: s|s|u", "assistant: a", "user: u"]),
        ("u u a a u", ["user: u|u", "assistant: a|a", "user: u"]),
        ("u a s u", ["user: s|u", "assistant: a", "user: u"]),
        ("s", ["user: s"]),
        ("", []),
    ],
)
def test_turns_are_folded_so_that_every_template_takes_them(before: str, after: list[str]) -> None:
    roles = {"s": "system", "u": "user", "a": "assistant"}
    messages = [Message(roles[letter], letter) for letter in before.split()]  # type: ignore[arg-type]
    assert [f"{turn.role}: {'|'.join(turn.content.split())}" for turn in merge_roles(messages)] == after


def test_a_request_holds_what_every_server_takes_and_nothing_that_one_misreads() -> None:
    with FakeEngine("tgi") as server:
        read(LLMClient(server.url, "k"), max_tokens=77, stop=["\n\n"])
        read(LLMClient(server.url))
        assert server.asked[0] == {
            "model": "tgi",
            "messages": [{"role": "user", "content": "Answer from the passages.\n\nWho pays?"}],
            "stream": True,
            "max_tokens": 77,
            "stop": ["\n\n"],
            "temperature": 0,
        }
        assert "stop" not in server.asked[1]
        assert server.headers[0]["authorization"] == "Bearer k"
        assert server.headers[0]["user-agent"] == "pincite"


def test_the_environment_does_not_come_between_pincite_and_its_engine(tmp_path: Path) -> None:
    """A saved hub token used to be sent to engines without a key, and HF_HUB_OFFLINE to forbid them."""
    script = (
        "import asyncio, sys\n"
        "from webapp.llm.client import LLMClient, Message\n"
        "async def main():\n"
        "    async for text in LLMClient(sys.argv[1]).stream([Message('user', 'Who pays?')], max_tokens=9):\n"
        "        print(text, end='')\n"
        "asyncio.run(main())\n"
    )
    settings = {"HF_HUB_OFFLINE": "1", "HF_TOKEN": "hf_secret", "HTTP_PROXY": unused_url(), "HF_HOME": str(tmp_path)}
    with FakeEngine("tgi") as server:
        done = subprocess.run(
            [sys.executable, "-c", script, server.url],
            cwd=Path(__file__).parents[3],
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == WHOLE
        assert "authorization" not in server.headers[0]


# --- who it is

SAYS = {
    "tgi": ServerInfo("tgi", "tgi", 4096, "tgi", "fp8"),
    "vllm": ServerInfo("vllm", "legal/saul-slerp", 4096, "vllm saul-slerp", "legal/saul-slerp"),
    "llama.cpp": ServerInfo("llama.cpp", "saul.gguf", 4096, "llama.cpp saul.gguf", "saul.gguf"),
    "other": ServerInfo("other", "house-model", 4096, "other house-model", "house-model"),
}


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_dialect_the_model_and_the_window_are_found(kind: Kind, suffix: str) -> None:
    with FakeEngine(kind) as server:
        engine = LLMClient(server.url + suffix)
        assert asyncio.run(engine.describe()) == SAYS[kind]
        assert read(engine) == (WHOLE, None)
        assert server.asked[0]["model"] == SAYS[kind].model


def test_what_is_sent_is_told_with_its_digest_and_without_the_address() -> None:
    told: list[Prompt] = []
    with FakeEngine("vllm") as server:
        engine = LLMClient(server.url.replace("//", "//ann:secret@"))

        async def ask() -> None:
            async for _ in engine.stream(ASK, max_tokens=7, on_prompt=told.append):
                pass

        asyncio.run(ask())
        sent = [Message(each["role"], each["content"]) for each in server.asked[0]["messages"]]
    assert told == [Prompt(digest(sent), SAYS["vllm"], "this machine", 7, server.asked[0]["temperature"])]
    assert "secret" not in repr(told)
    assert LLMClient("https://models.firm.example").host == "another machine"


def test_the_window_is_the_one_that_the_server_says() -> None:
    for kind in ("tgi", "vllm", "llama.cpp"):
        with FakeEngine(kind, window=16384) as server:
            assert asyncio.run(LLMClient(server.url).describe()).window == 16384


def test_a_model_that_is_set_is_asked_for_except_of_tgi_which_has_one_name() -> None:
    for kind, model in (("vllm", MODEL["vllm"]), ("other", "mine"), ("tgi", "tgi")):
        with FakeEngine(kind) as server:  # type: ignore[arg-type]
            assert read(LLMClient(server.url, model=model if kind != "tgi" else "mine")) == (WHOLE, None)
            assert server.asked[0]["model"] == model


def test_it_is_asked_once_and_again_after_an_error() -> None:
    with FakeEngine("tgi") as server:
        engine = LLMClient(server.url)
        read(engine)
        read(engine)
        assert server.probes == ["/info"]
        server.enqueue(Reply(fault="drop"))
        read(engine)
        server.kind, server.window = "vllm", 8192  # another server came up at the address
        assert read(engine) == (WHOLE, None)
        assert asyncio.run(engine.describe()).window == 8192


def test_its_state_is_told() -> None:
    for kind in KINDS:
        with FakeEngine(kind, key="k") as server:
            assert asyncio.run(LLMClient(server.url).state()) == "ready"
    with FakeEngine("llama.cpp", loading=True) as server:
        assert asyncio.run(LLMClient(server.url).state()) == "loading"
        text, raised = read(LLMClient(server.url))
        assert (text, type(raised)) == ("", EngineLoading)


def test_many_readers_at_once_get_their_answers() -> None:
    async def one(engine: LLMClient) -> str:
        return "".join([piece async for piece in engine.stream(ASK, max_tokens=100)])

    async def run(engine: LLMClient) -> list[str]:
        return await asyncio.gather(*(one(engine) for _ in range(30)))

    with FakeEngine("tgi") as server:
        server.enqueue(*(Reply(pace=0.05) for _ in range(30)))
        assert asyncio.run(run(LLMClient(server.url))) == [WHOLE] * 30


def test_a_server_that_does_not_end_is_cut_off_and_its_text_stands() -> None:
    with FakeEngine() as server:
        server.enqueue(Reply(pieces=("and so on ",) * 500))
        text, raised = read(LLMClient(server.url), max_tokens=20)
        assert isinstance(raised, EngineEndless)
        assert 20 * 16 <= len(text) < 20 * 16 + 20
        server.enqueue(Reply(pieces=("and so on ",) * 500, pace=0.02))
        text, raised = read(LLMClient(server.url, timeouts=Timeouts(whole=0.3)), max_tokens=1000)
        assert isinstance(raised, EngineEndless)
        assert text.startswith("and so on and so on")
        server.enqueue(Reply(pieces=("x" * 15,) * 20))
        assert read(LLMClient(server.url), max_tokens=20) == ("x" * 300, None)


def test_an_error_says_that_text_is_kept_only_where_there_is_some() -> None:
    for error in (EngineSilent(seconds=3), StreamCut(), EngineEndless()):
        assert error.hint.startswith("The text received so far is kept. ")
        assert error.without_text().hint == error.hint.removeprefix("The text received so far is kept. ")
        assert str(error.without_text()) == str(error)
    assert EngineAway().without_text().hint == EngineAway().hint


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_that_had_no_room_for_more_says_so_by_its_last_piece(kind: Kind) -> None:
    async def pieces(engine: LLMClient) -> list[str]:
        return [piece async for piece in engine.stream(ASK, max_tokens=100)]

    with FakeEngine(kind) as server:
        server.enqueue(Reply(fault="cut"), Reply())
        cut, whole = (asyncio.run(pieces(LLMClient(server.url))) for _ in range(2))
    assert "".join(cut) == "".join(whole) == WHOLE
    assert [isinstance(piece, Cut) for piece in cut] == [False] * (len(cut) - 1) + [True]
    assert not any(isinstance(piece, Cut) for piece in whole)


def test_a_piece_of_any_size_is_cut_to_the_limit() -> None:
    with FakeEngine() as server:
        server.enqueue(Reply(pieces=("y" * 50_000,)))
        text, raised = read(LLMClient(server.url), max_tokens=20)
        assert (len(text), type(raised)) == (20 * 16, EngineEndless)


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (("Rent\ud800 is", " due"), "Rent\ufffd is due"),
        (("Rent \ud83d", "\udcb6 is due"), "Rent 💶 is due"),
        (("Rent \udcb6 is due\ud83d",), "Rent \ufffd is due\ufffd"),
        (("Re\x00nt\x1b is\u202e due\n",), "Rent is due\n"),
    ],
)
def test_what_is_no_text_is_replaced_and_nothing_is_lost(pieces: tuple[str, ...], text: str) -> None:
    lines = [json.dumps({"choices": [{"delta": {"content": piece}}]}) for piece in pieces]
    end = json.dumps({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    assert asyncio.run(_of_raw(*lines, end)) == (text, None)


@pytest.mark.parametrize("pieces", [(), ("",), (" \n", "  ")])
def test_an_answer_without_a_word_is_named(pieces: tuple[str, ...]) -> None:
    with FakeEngine() as server:
        server.enqueue(Reply(pieces=pieces))
        assert isinstance(read(LLMClient(server.url))[1], EngineEmpty)


@pytest.mark.parametrize("line", ["[" * 100_000, "5", '{"choices": 7}', '{"choices": [{"delta": {"content": [1]}}]}'])
def test_what_no_parser_reads_is_a_fault_of_the_engine(line: str) -> None:
    assert isinstance(asyncio.run(_of_raw(line))[1], EngineError)


async def _of_raw(*lines: str) -> tuple[str, EngineError | None]:
    """What is read of a server that sends these events."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        status = "200 OK" if b"POST" in head else "404 Not Found"
        writer.write(f"HTTP/1.1 {status}\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n".encode())
        writer.write("".join(f"data: {line}\n\n" for line in lines if b"POST" in head).encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        client = LLMClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        text = ""
        try:
            async for piece in client.stream(ASK, max_tokens=10):
                text += piece
        except EngineError as error:
            return text, error
    return text, None


def test_of_ollama_with_no_model_loaded_the_first_that_it_lists_is_asked() -> None:
    with FakeEngine("ollama") as server:
        told = server.told
        server.told = lambda path: {"models": []} if path == "/api/ps" else told(path)  # type: ignore[method-assign]
        assert read(LLMClient(server.url)) == (WHOLE, None)
        assert server.asked[0]["model"] == MODEL["ollama"]
        info = asyncio.run(LLMClient(server.url, model="saul:7b").describe())
        assert (info.dialect, info.window) == ("ollama", 4096)
