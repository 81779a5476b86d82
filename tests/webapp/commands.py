"""`pincite` as a person runs it: a process of its own, on a data folder of the test's own;
and files taken in without one.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from webapp.cli.client import Client
from webapp.core.data_folder import RunningServer
from webapp.core.stream import Result, T
from webapp.service.caller import Caller
from webapp.service.command import Command
from webapp.service.commands import Accept, Follow, ListDocuments

ROOT = Path(__file__).parents[2]
SERVER_SECONDS = 120


def accept(caller: Caller, matter: str, file: Path, name: str | None = None) -> str:
    """The id of the document that a file becomes in a matter."""
    [accepted] = (
        event.row for event in caller.run(Accept(file, name or file.name, matter)) if isinstance(event, Result)
    )
    return accepted.document_id


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
    def serving(self, *options: str) -> Iterator["Server"]:
        """A server, with its port open; its models may still be loading."""
        with self.start("serve", *options) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == "pincite is ready to be opened (Ctrl-C stops it):\n"
                address = process.stdout.readline().strip()
                told = json.loads((self.folder / "server.json").read_text())
                assert told["page"] == address
                cookies = let_in(address)
                yield Server(process, address, told["url"], told["token"], cookies)
            finally:
                process.kill()


def let_in(address: str) -> dict[str, str]:
    """The cookies of a browser that opened the printed address; none where the address has no token."""
    with httpx2.Client(trust_env=False, timeout=SERVER_SECONDS) as client:
        if "?token=" in address:
            assert client.get(address).status_code == 303
        return dict(client.cookies)


@dataclass(frozen=True)
class Server:
    """A running server: the address it printed, where it takes commands and with which token,
    and a browser's cookies.
    """

    process: "subprocess.Popen[str]"
    address: str
    commands: str
    token: str
    cookies: dict[str, str]

    @property
    def url(self) -> str:
        return self.address.partition("/?")[0]

    def ask(self, method: str, path: str, token: bytes | None = None, **request: Any) -> httpx2.Response:
        """A request to the page's port as its reader sends it, or to the commands' port where it is for that."""
        headers = {b"Authorization": b"Bearer " + (self.token.encode() if token is None else token)}
        at = self.commands if path.startswith("/cli/") else self.url
        with httpx2.Client(base_url=at, trust_env=False, timeout=SERVER_SECONDS, cookies=self.cookies) as client:
            return client.request(method, path, headers=headers, **request)

    def run(self, command: Command[T]) -> list[T]:
        """The results of a command, asked for as the command line asks for it."""
        with closing(Client(RunningServer(self.commands, self.token, self.address))) as client:
            return [event.row for event in client.run(command) if isinstance(event, Result)]

    def add(self, matter: str, *files: Path) -> None:
        """Add files to a matter, and wait until they have been read."""
        ids = [row.document_id for file in files for row in self.run(Accept(file, file.name, matter))]
        self.run(Follow(matter, ids))

    def wait_for_the_sample(self) -> None:
        """Until it can be asked: a page that asks earlier is told that it could not be searched yet."""
        self.wait_until_ready()
        end = time.monotonic() + SERVER_SECONDS
        while {row.state for row in self.run(ListDocuments("Sample"))} != {"ready"}:
            assert time.monotonic() < end, "the sample did not become ready"
            time.sleep(0.1)

    def wait_until_ready(self) -> None:
        end = time.monotonic() + SERVER_SECONDS
        while self.ask("GET", "/readyz").status_code != 200:
            assert time.monotonic() < end, "the server did not become ready"
            time.sleep(0.2)
