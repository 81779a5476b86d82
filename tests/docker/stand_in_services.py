"""What docker/compose.yaml starts, as processes of this machine: the stand-in for Docker runs it.

    python -m tests.docker.stand_in_services PROFILE…        with STAND_IN and PINCITE_SECRETS; until SIGTERM

The app and the proxy are real, by compose's settings and secrets but for ports and folders. The engine is told what to
write, search is a server that hashes words, Chroma is in the app's process, and nothing is locked down.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2

from tests.caddy import caddy, free_port
from tests.docker.compose import ENGINES, ROOT, environment, secrets, services
from tests.webapp.browser import SAMPLE
from tests.webapp.embeddings import embeddings
from tests.webapp.fake_engine import FakeEngine, Kind, Reply

KINDS: dict[str, Kind] = {"vllm": "vllm", "tgi": "tgi", "llama": "llama.cpp", "llama-cuda": "llama.cpp"}
KEPT = Path(os.environ["STAND_IN"])


def serve(profiles: list[str]) -> None:
    """Engine, app and proxy of these profiles, until SIGTERM."""
    started = services(profiles)
    [engine_service] = set(started) & set(ENGINES.values())
    given = Path(os.environ["PINCITE_SECRETS"])
    secrets_folder = KEPT / "secrets"
    secrets_folder.mkdir()
    for source, target in secrets(started["app"]).items():
        (secrets_folder / target).write_bytes((given / source).read_bytes())
    door, port, health = free_port(), free_port(), free_port()
    configuration = (ROOT / "docker" / "Caddyfile").read_text()
    configuration = configuration.replace("/run/secrets", str(given)).replace("127.0.0.1:7861", f"127.0.0.1:{health}")
    site = {"PINCITE_SITE": f"http://:{door}", "PINCITE_UPSTREAM": f"127.0.0.1:{port}"}
    with (
        FakeEngine(KINDS[engine_service], key=(given / "engine_key").read_text()) as engine,
        embeddings() as embeddings_url,
        caddy(KEPT, configuration, door, **site),
    ):
        engine.enqueue(Reply([SAMPLE]))
        told = environment(started["app"]) | {
            "PINCITE_HOST": "127.0.0.1",
            "PINCITE_PORT": str(port),
            "PINCITE_SECRETS_DIR": str(secrets_folder),
            "PINCITE_DATA_DIR": str(KEPT / "data"),
            "PINCITE_LLM_URL": engine.url,
            "PINCITE_EMBEDDINGS_URL": embeddings_url,
        }
        del told["PINCITE_CHROMA_URL"]
        with subprocess.Popen([sys.executable, "-m", "webapp", "serve"], env=os.environ | told) as app:
            signal.signal(signal.SIGTERM, lambda *_: app.terminate())
            while not _ready(port):
                if app.poll() is not None:
                    sys.exit("The app ended.")
                time.sleep(0.2)
            (KEPT / "half").write_text(json.dumps({"pid": os.getpid(), "port": door, "environment": told}))
            (KEPT / "half").rename(KEPT / "told")
            app.wait()
        (KEPT / "asked").write_text(str(sum("messages" in each for each in engine.asked)))


def _ready(port: int) -> bool:
    try:
        return httpx2.Client(trust_env=False).get(f"http://127.0.0.1:{port}/readyz").status_code == 200
    except httpx2.ConnectError:
        return False


if __name__ == "__main__":
    serve(sys.argv[1:])
