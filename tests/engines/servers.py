"""The real servers as processes: vLLM in an environment of its own, and llama.cpp's server as the app starts it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.caddy import free_port
from tests.webapp.fake_engine import Kind
from webapp.llm import embedded

KEY = "right"
AT_ONCE = embedded.SLOTS  # answers that a server is let write at a time
WINDOW = embedded.WINDOW
START_SECONDS = 900  # vLLM takes 60 to 100 s on two cores that have nothing else to do
# Without a GPU, without a way out, without a word to its makers; and no more memory than the small models need.
VLLM_ENVIRONMENT = {
    "VLLM_TARGET_DEVICE": "cpu",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_API_KEY": KEY,
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
}


@dataclass
class Server:
    """A server that runs."""

    kind: Kind
    url: str
    process: "subprocess.Popen[bytes]"

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON answer to a request with the key. Raises httpx2.HTTPError."""
        headers = {"authorization": f"Bearer {KEY}"}
        response = httpx2.post(self.url + path, json=body, headers=headers, timeout=120, trust_env=False)
        return response.raise_for_status().json()

    def count(self, text: str) -> int:
        """Tokens of a prompt of this one message, the chat template's included."""
        messages = [{"role": "user", "content": text}]
        if self.kind == "vllm":
            return int(self.post("/tokenize", {"messages": messages})["count"])
        prompt = self.post("/apply-template", {"messages": messages})["prompt"]
        asked = {"content": prompt, "add_special": True, "parse_special": True}
        return len(self.post("/tokenize", asked)["tokens"])

    def kill(self) -> None:
        """Kill it with what it started, as a crash does."""
        self._signal(signal.SIGKILL)
        self.process.wait()

    def freeze(self) -> None:
        """Have it stand still, with its connections open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it go on."""
        self._signal(signal.SIGCONT)

    def kill_engine(self) -> None:
        """Kill the process of vLLM that computes, and not the one that speaks HTTP."""
        for folder in Path("/proc").glob("[0-9]*"):
            if _is_engine(folder, self.process.pid):
                os.kill(int(folder.name), signal.SIGKILL)
                return
        raise RuntimeError("vLLM has no engine process")

    def _signal(self, number: signal.Signals) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)


def _is_engine(folder: Path, session: int) -> bool:
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        return int(fields[3]) == session and b"EngineCore" in (folder / "cmdline").read_bytes()
    except OSError:  # it has ended
        return False


@contextmanager
def vllm(program: Path, model: Path, log: Path, *options: str) -> Iterator[Server]:
    """Start `vllm serve`; it is not ready yet. What it prints goes to `log`."""
    port = free_port()
    command: list[str | Path] = [program, "serve", model, "--served-model-name", "merge", *options]
    command += ["--host", "127.0.0.1", "--port", str(port), "--max-model-len", str(WINDOW), "--enforce-eager"]
    command += ["--max-num-seqs", str(AT_ONCE), "--max-logprobs", "-1"]
    with log.open("wb") as written:
        process = subprocess.Popen(
            command, env=os.environ | VLLM_ENVIRONMENT, stdout=written, stderr=written, start_new_session=True
        )
    yield from _until_the_end(Server("vllm", f"http://127.0.0.1:{port}", process))


@contextmanager
def llama_cpp(model: Path) -> Iterator[Server]:
    """Start llama.cpp's server by the app's own script; it is not ready yet."""
    port = free_port()
    command: Sequence[str] = [sys.executable, "-P", embedded.__file__]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    assert process.stdin is not None
    task = {"port": port, "key": KEY, "model": str(model), "parent": os.getpid()}
    process.stdin.write(json.dumps(task).encode() + b"\n")
    process.stdin.flush()
    yield from _until_the_end(Server("llama.cpp", f"http://127.0.0.1:{port}", process))


def _until_the_end(server: Server) -> Iterator[Server]:
    try:
        yield server
    finally:
        server.thaw()
        server.kill()
        if server.process.stdin is not None:
            server.process.stdin.close()


def is_ready(server: Server) -> bool:
    """Whether it answers that it is well. Raises RuntimeError when it has ended."""
    if server.process.poll() is not None:
        raise RuntimeError(f"{server.kind} ended with {server.process.returncode} before it was ready")
    try:
        return httpx2.get(server.url + "/health", timeout=5, trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


def wait(server: Server) -> float:
    """Wait until it is ready; returns the seconds. Raises RuntimeError when it ends, or takes too long."""
    began = time.monotonic()
    while not is_ready(server):
        if time.monotonic() > began + START_SECONDS:
            raise RuntimeError(f"{server.kind} was not ready after {START_SECONDS} s")
        time.sleep(0.2)
    return time.monotonic() - began
