"""Embedded LLM server: llama.cpp's HTTP server with a GGUF of the user's choice, supervised as a child process.

It is a child process so that a crash in native code does not end the page, and so that the same client and errors serve
as for any other server.

- It listens on loopback only, with a random API key that is passed over standard input, where no other user can read
  it.
- URL and key stay the same for the life of an `EmbeddedServer`, also across restarts: the parent keeps the port bound
  with SO_REUSEPORT, and never listens on it, so that no other program takes it while no child runs.
- It never outlives its parent. Its standard input is a pipe from the parent, and it exits when the pipe closes. On
  Linux the kernel also kills it (PR_SET_PDEATHSIG), in case it is busy in native code.

Run as a script, this file is the child; it imports nothing of pincite.
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
from pathlib import Path
from typing import IO, Final, Literal

WINDOW: Final = 4096  # tokens, as the served merge has; the KV cache of a model of 7B takes 0.5 GiB of each
SLOTS: Final = 2  # so that a second question, or `pincite ask` beside the page, need not wait for the first
PROMPT_CACHE_MIB: Final = 256  # llama.cpp's default is 8 GiB

_FIRST_DELAY: Final = 0.2  # seconds before a restart; doubles with each restart until a child stays up
_LONGEST_DELAY: Final = 60.0
_STAYS_UP: Final = 30.0  # seconds of uptime after which the delay is reset
_GIVEN_UP: Final = 4  # failed starts in a row until the state is "failed"; restarts go on

State = Literal["stopped", "starting", "ready", "failed"]


class EmbeddedServer:
    """Supervisor of the child process: starts it, restarts it when it dies, stops it. Thread-safe."""

    def __init__(self, model: Path, log: Path | None = None) -> None:
        """`model` is a GGUF file. `log` receives llama.cpp's error output, which holds no prompts; without it that
        output is discarded.
        """
        self.state: State = "stopped"
        self._model = model
        self._log = log
        self._key = secrets.token_urlsafe(32)
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._port: socket.socket | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._supervisor: threading.Thread | None = None
        self._stopping = threading.Event()

    def start(self) -> tuple[str, str]:
        """Start the server and return its base URL and API key without waiting for it (`wait`).

        Further calls return the same. Raises OSError when there is no free port.
        """
        with self._lock:
            if self._port is None:
                self._port = _reserve_port()
                self._stopping = threading.Event()
                self.state = "starting"
                # One thread starts every child and outlives them all: PR_SET_PDEATHSIG is sent when the thread ends
                # that created the child, not when the process does.
                self._supervisor = threading.Thread(
                    target=self._supervise, args=(self._stopping,), name="embedded-server", daemon=True
                )
                self._supervisor.start()
            return f"http://127.0.0.1:{self._port.getsockname()[1]}", self._key

    def wait(self, seconds: float) -> bool:
        """Wait up to `seconds` until the start succeeds or fails; return whether the server is ready."""
        with self._changed:
            self._changed.wait_for(lambda: self.state != "starting", timeout=seconds)
            return self.state == "ready"

    def stop(self) -> None:
        """Kill the child, which has no state to save, and release the port."""
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

    def _supervise(self, stopping: threading.Event) -> None:
        delay, failures = _FIRST_DELAY, 0
        while True:
            started_at = time.monotonic()
            came_up = self._run_child(stopping)
            if stopping.is_set():
                return
            if came_up and time.monotonic() - started_at > _STAYS_UP:
                delay, failures = _FIRST_DELAY, 0
            elif not came_up:
                failures += 1
            self._set_state("failed" if failures >= _GIVEN_UP else "starting", stopping)
            stopping.wait(delay)
            delay = min(2 * delay, _LONGEST_DELAY)

    def _run_child(self, stopping: threading.Event) -> bool:
        """Start a child and wait until it exits; return whether it was ready in between."""
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
            ready_line = b""
            try:
                task = {"port": port, "key": self._key, "model": str(self._model), "parent": os.getpid()}
                child.stdin.write(json.dumps(task).encode() + b"\n")
                ready_line = child.stdout.readline()  # empty when the child died
            except OSError:  # it died before it read its task
                child.kill()
            if ready_line:
                self._set_state("ready", stopping)
            child.wait()
        return bool(ready_line)

    def _set_state(self, state: State, stopping: threading.Event) -> None:
        with self._changed:
            if not stopping.is_set():  # set under the same lock: a stopped server stays "stopped"
                self.state = state
                self._changed.notify_all()


def _reserve_port() -> socket.socket:
    bound = socket.socket()
    if hasattr(socket, "SO_REUSEPORT"):
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind(("127.0.0.1", 0))
    return bound


def _spawn(log: Path | None) -> subprocess.Popen[bytes]:
    # -P keeps this folder off sys.path, where its modules would shadow others of the same name.
    command = [sys.executable, "-P", str(Path(__file__))]
    # By default OpenMP's threads spin while they wait. On an idle machine of two cores that gave 60 tokens/s of a small
    # model instead of 30; while search used the same cores it gave 1 to 8 instead of 14 to 21.
    environment = {"OMP_WAIT_POLICY": "passive", **os.environ}
    with contextlib.ExitStack() as files:
        errors: IO[bytes] | int = subprocess.DEVNULL
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
            errors = files.enter_context(log.open("ab"))
        return subprocess.Popen(  # noqa: S603  # nosec B603 (a fixed command, no word of a client in it)
            command, bufsize=0, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        )


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies (Linux); exit if it is dead already."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _serve_as_child() -> None:
    """Run llama.cpp's server until standard input closes; write "ready" to standard output once it is up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which may be in the middle of an answer
    task = json.loads(sys.stdin.readline())
    _die_with(task["parent"])
    parent_pipe = os.dup(1)
    os.dup2(2, 1)  # what llama.cpp prints goes to standard error

    import xllamacpp
    from joblib import cpu_count

    params = xllamacpp.CommonParams()
    params.model.path = task["model"]
    params.model_alias = {Path(task["model"]).stem}
    params.hostnames = ["127.0.0.1"]
    params.port = task["port"]
    params.reuse_port = True
    params.api_keys = [task["key"]]
    params.n_parallel = SLOTS
    params.n_ctx = WINDOW * SLOTS
    params.fit_params = False  # use these sizes, whatever memory is free
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = cpu_count(only_physical_cores=True)
    params.ui = params.endpoint_slots = False
    params.verbosity = 1  # errors
    server = xllamacpp.Server(params)
    os.write(parent_pipe, b"ready\n")
    while sys.stdin.read(1):
        pass
    del server
    os._exit(0)


if __name__ == "__main__":
    _serve_as_child()
