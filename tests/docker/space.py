"""The Space as it runs: its folder laid out, `app.py` as a user who can write to one temporary folder only,
a question asked.

    python -m tests.docker.space [SCREENSHOT]

does it in an environment made anew from the Space's own requirements (some minutes, 2 GB; as root on Linux), and shows
the page in Debian's chromium. `test_space` does it in the environment that the tests run in.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from playwright.sync_api import expect

from tests.caddy import free_port
from tests.docker.compose import ROOT
from tests.webapp.browser import ask, chromium, visitor

FOLDER = ROOT / "docker" / "space"
READONLY = ROOT / "tests" / "docker" / "readonly.sh"
USER = 10001  # readonly.sh's
READY_SECONDS = 120
QUESTION = "Can the customer end the contract without giving a reason?"
WORDS = "one hundred eighty (180) days"


@contextmanager
def bundled() -> Iterator[Path]:
    """The folder that is uploaded, where every user can read it."""
    with tempfile.TemporaryDirectory(prefix="pincite-space-") as folder:
        Path(folder).chmod(0o755)
        subprocess.run([FOLDER / "bundle.sh", f"{folder}/space"], check=True)
        yield Path(folder) / "space"


@contextmanager
def started(space: Path, python: str | Path, **environment: str) -> Iterator[str]:
    """`app.py` by this Python, as a Space starts it but on a free port; its address once it is ready.

    Raises RuntimeError, with what it printed, when it ends or is not ready in time.
    """
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="pincite-only-") as writable, tempfile.TemporaryFile("w+") as said:
        known = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "TMPDIR": writable,
            "HOME": "/nowhere",
            "PINCITE_PORT": str(port),
        }
        command: list[str | Path] = [READONLY, "/", writable, python, space / "app.py"]
        process = subprocess.Popen(command, env=known | environment, stdout=said, stderr=said)
        try:
            _wait(process, f"http://127.0.0.1:{port}")
            assert Path(f"/proc/{process.pid}").stat().st_uid == USER
            yield f"http://127.0.0.1:{port}"
        except RuntimeError as error:
            said.seek(0)
            raise RuntimeError(f"{error}\n{said.read()}") from None
        finally:
            process.terminate()
            process.wait(30)


def answered(url: str, screenshot: Path | None = None) -> str:
    """The page in a browser: its notice, a question, the answer's words once a citation or key language is shown."""
    with chromium() as browser, visitor(browser) as context:
        page = context.new_page()
        page.goto(url)
        expect(page.locator(".brand")).to_have_text("pincite")
        expect(page.locator(".demo")).to_contain_text("someone else’s server")
        expect(page.locator(".documents [data-state=ready]")).to_have_count(1, timeout=60_000)
        ask(page, QUESTION)
        expect(page.locator("#part-past .turn")).to_contain_text(WORDS, timeout=60_000)
        page.locator("#part-past [data-do=cite]").first.click()
        expect(page.locator("#evidence .sheet img")).to_be_visible()
        if screenshot is not None:
            page.wait_for_timeout(1000)
            page.screenshot(path=screenshot)
        return page.locator("#part-past .turn").inner_text()


def _wait(process: "subprocess.Popen[bytes]", url: str) -> None:
    end = time.monotonic() + READY_SECONDS
    with httpx2.Client(base_url=url, trust_env=False) as client:
        while time.monotonic() < end:
            if process.poll() is not None:
                raise RuntimeError(f"app.py ended with {process.returncode}")
            try:
                if client.get("/readyz").status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.2)
    raise RuntimeError("app.py was not ready in time")


def main() -> None:
    """Make the environment, start, ask, tell."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pincite-clean-") as folder, bundled() as space:
        Path(folder).chmod(0o755)
        base = next(file for file in (Path("/usr/bin/python3.11"), Path(sys.executable)) if file.exists())
        subprocess.run([base, "-m", "venv", folder], check=True)
        python = Path(folder) / "bin" / "python"
        install: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "-r", space / "requirements.txt"]
        subprocess.run(install, check=True, env=os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"})
        print(f"installed in {time.monotonic() - began:.0f} s")
        with started(space, python) as url:
            print(answered(url, Path(sys.argv[1]) if len(sys.argv) > 1 else None))
    print("PASSED")


if __name__ == "__main__":
    main()
