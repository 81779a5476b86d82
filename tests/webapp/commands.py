"""`pincite` as a person runs it: a process of its own, on a data folder of the test's own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).parents[2]
SERVER_SECONDS = 60


@dataclass(frozen=True)
class Outcome:
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> dict[str, str]:
        told: dict[str, str] = json.loads(self.err)
        return told


@dataclass(frozen=True)
class Pincite:
    """The command on one data folder."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PINCITE_")}
        return clean | {"PINCITE_DATA_DIR": str(self.folder), "PINCITE_PORT": "0"} | self.settings

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "webapp", *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True
        )

    def __call__(self, *arguments: str) -> Outcome:
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=120)
        return Outcome(process.returncode, out, err)

    @contextmanager
    def serving(self) -> Iterator["Server"]:
        """A server, with its port open; its models may still be loading."""
        with self.start("serve") as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline().startswith("pincite is at http://127.0.0.1:")
                yield Server(process, **json.loads((self.folder / "server.json").read_text()))
            finally:
                process.kill()


@dataclass(frozen=True)
class Server:
    """A running server, its address and its token."""

    process: "subprocess.Popen[str]"
    url: str
    token: str

    def ask(self, method: str, path: str, token: bytes | None = None, **request: Any) -> httpx2.Response:
        headers = {b"Authorization": b"Bearer " + (self.token.encode() if token is None else token)}
        with httpx2.Client(base_url=self.url, trust_env=False, timeout=SERVER_SECONDS) as client:
            return client.request(method, path, headers=headers, **request)

    def wait_until_ready(self) -> None:
        end = time.monotonic() + SERVER_SECONDS
        while self.ask("GET", "/readyz").status_code != 200:
            assert time.monotonic() < end, "the server did not become ready"
            time.sleep(0.2)
