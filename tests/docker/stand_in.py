"""Docker for docker/smoke.sh where there is none: its commands; what they start is in `stand_in_services`.

    python -m tests.docker.stand_in ARGUMENTS…        with STAND_IN, a folder to keep things in

Commands that smoke.sh, start.sh and login.sh do not use are refused.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from tests.caddy import CADDY
from tests.docker.compose import services

KEPT = Path(os.environ["STAND_IN"])
UP_SECONDS = 180


def main(arguments: list[str]) -> None:
    """Do what `docker ARGUMENTS` would."""
    with (KEPT / "calls").open("a") as calls:
        calls.write(" ".join(arguments).split("\n")[0] + "\n")
    match [word for word in arguments if word not in ("--profile", "*")]:
        case ["compose", "version"] | ["compose", "build", *_] | ["compose", "ps", *_] | ["compose", "logs", *_]:
            pass
        case ["compose", "config", "--quiet"]:
            check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
            subprocess.run([*check, "compose.yaml"], check=True, stdout=subprocess.DEVNULL)
        case ["compose", "config", "--images"]:
            print("\n".join(service["image"] for service in services(_profiles()).values()))
        case ["compose", "up", "--detach"]:
            _up()
        case ["compose", "up", "--detach", "--wait", *_]:
            pass
        case ["compose", "port", "proxy", "7860"]:
            print(f"127.0.0.1:{_told()['port']}")
        case ["compose", "exec", "-T", "app", command, *rest]:
            os.execvpe(command, [command, *rest], os.environ | _told()["environment"])
        case ["compose", "down", *_]:
            if (KEPT / "told").exists():
                os.kill(_told()["pid"], signal.SIGTERM)
        case ["run", *_, "caddy", "hash-password"] if CADDY:
            os.execv(CADDY, [CADDY, "hash-password", "--bcrypt-cost", "4"])
        case ["ps", *_]:
            print(f"127.0.0.1:{_told()['port']}->7860/tcp\n8000/tcp")
        case ["network", "inspect", "--format", "{{.Internal}}", name]:
            networks = yaml.safe_load(Path("compose.yaml").read_text())["networks"]
            print(str(networks[name.partition("_")[2]].get("internal", False)).lower())
        case _:
            sys.exit(f"docker {' '.join(arguments)} is not known here")


def _profiles() -> list[str]:
    lines = Path(".env").read_text().splitlines()
    return next(line for line in lines if line.startswith("COMPOSE_PROFILES=")).partition("=")[2].split(",")


def _told() -> dict[str, Any]:
    told: dict[str, Any] = json.loads((KEPT / "told").read_text())
    return told


def _up() -> None:
    """Start the services and come back when all of them answer."""
    with (KEPT / "log").open("w") as log:
        command = [sys.executable, "-m", "tests.docker.stand_in_services", *_profiles()]
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    end = time.monotonic() + UP_SECONDS
    while not (KEPT / "told").exists():
        if server.poll() is not None or time.monotonic() > end:
            server.terminate()
            sys.exit((KEPT / "log").read_text())
        time.sleep(0.2)


if __name__ == "__main__":
    main(sys.argv[1:])
