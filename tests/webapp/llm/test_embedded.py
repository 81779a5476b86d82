"""The real llama.cpp server with a model in a file, through the client that speaks to every other engine."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.gguf import make_gguf
from webapp.core.errors import EngineAway, EngineKeyRefused, EngineLoading, PromptTooLong, StreamCut
from webapp.core.settings import load_settings
from webapp.llm import embedded
from webapp.llm.client import LLMClient, Message
from webapp.llm.embedded import EmbeddedServer
from webapp.llm.pool import EnginePool

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
COUNT = [Message("system", "Answer briefly."), Message("user", "Count from one to twenty in words.")]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gguf(tmp_path_factory.mktemp("model") / "noise.gguf")


@pytest.fixture(scope="module")
def running(model: Path) -> Iterator[EmbeddedServer]:
    engine = EmbeddedServer(model)
    engine.start()
    assert engine.wait(60)
    yield engine
    engine.stop()


def client(engine: EmbeddedServer) -> LLMClient:
    url, key = engine.start()
    return LLMClient(url, key, embedded=engine)


async def text_of(
    engine: LLMClient, messages: list[Message], *, max_tokens: int = 24, stop: tuple[str, ...] = ()
) -> str:
    return "".join([piece async for piece in engine.stream(messages, max_tokens=max_tokens, stop=stop)])


def holds_within(seconds: float, condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def is_served(url: str) -> bool:
    address = urlsplit(url)
    with socket.socket() as sock:
        return sock.connect_ex((str(address.hostname), address.port or 0)) == 0


def child_of(engine: EmbeddedServer) -> subprocess.Popen[bytes]:
    child = engine._child
    assert child is not None
    return child


def test_it_is_there_and_says_what_it_is(running: EmbeddedServer) -> None:
    info = asyncio.run(client(running).describe())
    assert (info.dialect, info.window, info.name) == ("llama.cpp", 4096, "embedded noise")
    assert asyncio.run(client(running).state()) == "ready"


def test_it_streams_and_the_same_prompt_gets_the_same_answer(running: EmbeddedServer) -> None:
    async def pieces() -> list[str]:
        return [piece async for piece in client(running).stream(COUNT, max_tokens=24)]

    first = asyncio.run(pieces())
    assert len(first) > 5
    assert "".join(first) == "".join(asyncio.run(pieces()))


def test_it_stops_at_a_stop_string_which_is_not_part_of_the_text(running: EmbeddedServer) -> None:
    whole = asyncio.run(text_of(client(running), COUNT))
    stop = whole[len(whole) // 2 :][:3]
    assert asyncio.run(text_of(client(running), COUNT, stop=(stop,))) == whole[: whole.index(stop)]


def test_a_prompt_beyond_its_window_is_too_long(running: EmbeddedServer) -> None:
    with pytest.raises(PromptTooLong):
        asyncio.run(text_of(client(running), [Message("user", "word " * 1000)]))


def test_two_readers_at_once_get_what_each_would_get_alone(running: EmbeddedServer) -> None:
    other = [Message("user", "Name the days of the week.")]

    async def both() -> list[str]:
        return list(await asyncio.gather(text_of(client(running), COUNT), text_of(client(running), other)))

    together = asyncio.run(both())
    assert together[0][:10] == asyncio.run(text_of(client(running), COUNT))[:10]
    assert together[1][:10] == asyncio.run(text_of(client(running), other))[:10]


def test_closing_a_stream_frees_its_slot(running: EmbeddedServer) -> None:
    async def run() -> None:
        engine = client(running)
        for _ in range(embedded.SLOTS + 1):  # one more than the slots: a slot still writing would keep it waiting
            stream = engine.stream([Message("user", "Write a very long story.")], max_tokens=3000)
            async with asyncio.timeout(20):
                assert await anext(stream)
            await stream.aclose()

    asyncio.run(run())


def test_only_who_has_the_key_is_served_and_no_other_user_can_read_it(running: EmbeddedServer) -> None:
    url, key = running.start()
    with pytest.raises(EngineKeyRefused):
        asyncio.run(text_of(LLMClient(url, "guess"), COUNT))
    for name in ("cmdline", "environ"):
        assert key.encode() not in Path(f"/proc/{child_of(running).pid}/{name}").read_bytes()


def test_a_killed_child_is_restarted_at_the_same_address_and_the_partial_text_is_kept(
    model: Path, tmp_path: Path
) -> None:
    running = EmbeddedServer(model, log=tmp_path / "logs" / "engine.log")
    address = running.start()
    assert running.wait(60)
    engine = client(running)
    got: list[str] = []

    async def killed_in_the_middle() -> None:
        async for piece in engine.stream([Message("user", "Write a very long story.")], max_tokens=3000):
            got.append(piece)
            if len(got) == 3:
                child_of(running).kill()

    with pytest.raises(StreamCut):
        asyncio.run(killed_in_the_middle())
    assert len(got) >= 3
    assert holds_within(10, lambda: running.state == "starting")
    with pytest.raises(EngineLoading):
        asyncio.run(text_of(engine, COUNT))
    assert asyncio.run(engine.state()) == "loading"
    assert running.wait(60)
    assert running.start() == address
    assert asyncio.run(text_of(engine, COUNT))
    running.stop()
    assert (running.state, is_served(address[0])) == ("stopped", False)
    with pytest.raises(EngineAway):
        asyncio.run(text_of(engine, COUNT))


def test_stopping_before_it_is_ready_leaves_nothing_behind_and_it_can_be_started_again(model: Path) -> None:
    engine = EmbeddedServer(model)
    for _ in range(3):
        url, _ = engine.start()
        engine.stop()
        engine.stop()
        assert not is_served(url)
    assert engine.wait(0) is False


@pytest.mark.parametrize("moment", ["while it loads", "when it serves"])
def test_the_child_dies_with_its_parent_even_on_kill_9(model: Path, moment: str) -> None:
    script = (
        "import time\n"
        "from pathlib import Path\n"
        "from webapp.llm.embedded import EmbeddedServer\n"
        f"engine = EmbeddedServer(Path({str(model)!r}))\n"
        "url, key = engine.start()\n"
        "print(url, flush=True)\n"
        f"{'engine.wait(60)' if moment == 'when it serves' else 'time.sleep(0.2)'}\n"
        "print(engine.state, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        url, state = parent.stdout.readline().strip(), parent.stdout.readline().strip()
        assert moment == "while it loads" or (state == "ready" and is_served(url))
        parent.kill()
    time.sleep(1 if moment == "while it loads" else 0)
    assert holds_within(5, lambda: not is_served(url))


def test_the_end_of_its_standard_input_ends_the_child_where_the_kernel_does_not(model: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        task = {"port": free.getsockname()[1], "key": "k", "model": str(model), "parent": os.getpid()}
    child = subprocess.Popen(
        [sys.executable, "-P", embedded.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps(task).encode() + b"\n")
        child.stdin.flush()
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(signal.SIGINT)  # Ctrl-C reaches the whole group: it is not what ends the child
        time.sleep(0.2)
        assert child.poll() is None
        child.stdin.close()
        assert child.wait(timeout=10) == 0


def test_a_child_whose_parent_is_gone_already_ends_at_once() -> None:
    task = {"port": 1, "key": "k", "model": "none", "parent": 1}
    done = subprocess.run(
        [sys.executable, "-P", embedded.__file__], input=json.dumps(task).encode() + b"\n", capture_output=True
    )
    assert done.returncode == 1


def test_a_child_that_never_comes_up_counts_as_failed_and_the_engine_as_away(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"not a model")
    engine = EmbeddedServer(broken)
    url, key = engine.start()
    engine.wait(60)
    assert engine.state == "failed"
    assert asyncio.run(LLMClient(url, key, embedded=engine).state()) == "away"
    engine.stop()


def test_the_pool_serves_the_file_that_the_settings_name(model: Path) -> None:
    pool = EnginePool(load_settings(llm_file=model))
    assert pool.is_configured

    async def states_and_engine() -> tuple[str, str, str]:
        before = await pool.state()
        async with pool.lease() as backend:
            assert backend.client
            return before, await pool.state(), (await backend.client.describe()).name

    assert asyncio.run(states_and_engine()) == ("loading", "ready", "embedded noise")
    pool.stop()


def test_without_a_file_and_an_address_there_is_no_engine() -> None:
    pool = EnginePool(load_settings())
    pool.start()
    assert not pool.is_configured
    assert asyncio.run(pool.state()) == "none"
