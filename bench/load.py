"""Many readers at once: what pincite adds to the time to the first word, whether anyone fails, and its memory.

    python -m bench.load                                     50 readers by the command line's route, two minutes
    python -m bench.load --by page                           the same by the page's own events, ticks included
    python -m bench.load --readers 200 --seconds 60          more than are written for at once: the line holds

Three processes on one machine: `pincite serve` on a data folder of its own, an engine that writes 40 tokens a second
for each reader (bench/load_engine.py), and the readers. Each asks again as soon as its answer is there, unless it is to
`--think`; each question has a word of its own and its answer must have that one and no other's. Exit 1 where a reader
got an error, another's word or no answer.
"""

import argparse
import asyncio
import itertools
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from bench.load_engine import FIRST_SECONDS
from webapp.desk import SELDOM_SECONDS

WORD = re.compile(r"Za(\d{6})")
QUESTIONS = (
    "Can the customer end the contract without giving a reason? Zq{:06}",
    "What happens if the buyer pays late? Zq{:06}",
    "How long does a party have to put right a serious breach? Zq{:06}",
    "Which law governs this agreement? Zq{:06}",
)
READ = json.dumps('<li data-state="ready"').strip('"')  # a document that is ready, as the page's events hold it
SECRET = "bench-bench-bench-bench"
USERS = 8  # of the page, in turn; each has a sample of its own that must be read first
ANSWER_SECONDS = 300  # after which an answer counts as lost


@dataclass
class Seen:
    """What the readers saw."""

    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    waited: int = 0
    faults: Counter[str] = field(default_factory=Counter)


def main() -> int:
    """Start all, ask, print; the exit status."""
    options = _options()
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, "-m", "bench.load_engine"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as engine,
    ):
        assert engine.stdout is not None
        app = subprocess.Popen(
            [sys.executable, "-m", "webapp", "serve"],
            env=os.environ | _settings(Path(folder), engine.stdout.readline().strip()),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends us ends all three
        try:
            return asyncio.run(_run(options, Path(folder), app.pid))
        finally:
            app.terminate()
            app.wait()
            engine.kill()


def _settings(folder: Path, engine: str) -> dict[str, str]:
    return {
        "PINCITE_DATA_DIR": str(folder),
        "PINCITE_PORT": "0",
        "PINCITE_LLM_URL": engine,
        "PINCITE_ACCESS": "behind-proxy",
        "PINCITE_PROXY_SECRET": SECRET,
        "PINCITE_QUESTIONS_PER_USER": "100",
    }


async def _run(options: argparse.Namespace, folder: Path, app: int) -> int:
    url, token = await _ready(folder)
    numbers, seen = itertools.count(), Seen()
    readers = [_Cli(url, token) if options.by == "cli" else _Page(url, n % USERS) for n in range(options.readers)]
    if options.by == "page":
        await _samples(url)
        await asyncio.gather(*(reader.open() for reader in readers))
    memory = [_mib(app)]
    began, end = time.monotonic(), time.monotonic() + options.seconds
    cpu = _cpu(app)
    tasks = [asyncio.create_task(_read(reader, numbers, seen, end, options.think)) for reader in readers]
    await asyncio.sleep(options.seconds / 2)
    memory.append(_mib(app))
    await asyncio.gather(*tasks)
    seconds = time.monotonic() - began
    memory.append(_mib(app))
    cpu = (_cpu(app) - cpu) / seconds
    for reader in readers:
        await reader.close()
    _print(options, seen, seconds, memory, cpu)
    return 1 if seen.faults or not seen.first else 0


async def _read(reader: "_Cli | _Page", numbers: "itertools.count[int]", seen: Seen, end: float, think: float) -> None:
    """One reader until the time is over; an answer that has begun is read to its end."""
    mine = set[str]()  # a conversation shows its reader's earlier answers too
    while time.monotonic() < end:
        number = next(numbers)
        mine.add(f"{number:06}")
        question = QUESTIONS[number % len(QUESTIONS)].format(number)
        asked, first, waited, words = time.monotonic(), None, False, set[str]()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                async for said in reader.ask(question):
                    waited = waited or "before yours" in said
                    new = set(WORD.findall(said)) - (mine - {f"{number:06}"})
                    if new and first is None:
                        first = time.monotonic() - asked
                    words |= new
        except Exception as error:
            seen.faults[type(error).__name__ + ": " + str(error)[:100]] += 1
            continue
        seen.waited += waited
        if words != {f"{number:06}"}:
            seen.faults["no answer" if not words else "another's text"] += 1
        elif first is not None:
            seen.first.append(first)
            seen.whole.append(time.monotonic() - asked)
        await asyncio.sleep(think)


class _Cli:
    """Asks as `pincite ask` does."""

    def __init__(self, url: str, token: str) -> None:
        self._http = httpx2.AsyncClient(
            base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=None, trust_env=False
        )

    async def ask(self, question: str) -> AsyncIterator[str]:
        """Each row of the answer."""
        asked = {"matter": "Sample", "question": question}
        async with self._http.stream("POST", "/cli/ask", json=asked) as answer:
            if answer.status_code != 200:
                raise RuntimeError(f"status {answer.status_code}")
            async for line in answer.aiter_lines():
                row = json.loads(line)
                if row["kind"] in ("error", "notice"):
                    raise RuntimeError(row["body"]["error"])
                yield line

    async def close(self) -> None:
        """Hang up."""
        await self._http.aclose()


class _Page:
    """Does what the page's own script does: joins the queue with an event, and listens to its session."""

    def __init__(self, url: str, user: int) -> None:
        headers = _as(user) | {"sec-fetch-site": "same-origin"}
        self._http = httpx2.AsyncClient(base_url=url, headers=headers, timeout=None, trust_env=False)
        self._session = os.urandom(8).hex()
        self._heard: dict[str, asyncio.Queue[dict[str, Any]]] = {}
        self._listening: asyncio.Task[None] | None = None
        self._ticking: asyncio.Task[None] | None = None

    async def open(self) -> bool:
        """Load the page, and tick from then on; whether its sample has been read."""
        config = (await self._http.get("/config")).json()
        ids = {part["props"].get("elem_id"): part["id"] for part in config["components"]}
        self._acts = {
            (target[0], target[1]): row for row in config["dependencies"] for target in row["targets"] if target
        }
        self._send = self._acts[ids["send"], "click"]
        (load,) = [row for (_, event), row in self._acts.items() if event == "load"]
        (self._tick,) = [row for (_, event), row in self._acts.items() if event == "tick"]
        seen = [json.dumps(message) async for message in self._do(load)]
        self._ticking = asyncio.create_task(self._ticks())
        return any(READ in said for said in seen)

    async def ask(self, question: str) -> AsyncIterator[str]:
        """Each change of the page until the answer is kept."""
        async for message in self._do(self._send, question):
            if message["msg"] == "process_completed" and not message.get("success"):
                raise RuntimeError("the handler failed")
            said = json.dumps(message.get("output"))
            if 'class=\\"notice' in said:
                raise RuntimeError("a notice: " + said.split('class=\\"notice')[1][:100])
            yield said

    async def _do(self, act: dict[str, Any], *given: object) -> AsyncIterator[dict[str, Any]]:
        """The messages of an event, and of those that the states it changes bring about, one after another."""
        changed = list[int]()
        async for message in self._one(act, *given):
            changed += (message.get("output") or {}).get("changed_state_ids") or ()
            yield message
        for state in changed:
            if (state, "change") in self._acts:
                async for message in self._do(self._acts[state, "change"]):
                    yield message

    async def _one(self, act: dict[str, Any], *given: object) -> AsyncIterator[dict[str, Any]]:
        data = [None, *given][: len(act["inputs"])]
        data += [None] * (len(act["inputs"]) - len(data))
        body = {"data": data, "event_data": None, "fn_index": act["id"], "session_hash": self._session}
        joined = await self._http.post("/gradio_api/queue/join", json=body | {"trigger_id": None})
        event = joined.json()["event_id"]
        inbox = self._heard.setdefault(event, asyncio.Queue())
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen())
        while True:
            message = await inbox.get()
            yield message
            if message["msg"] == "process_completed":
                del self._heard[event]
                return

    async def _listen(self) -> None:
        """The session's stream: it ends when nothing of it is under way."""
        while self._heard:
            where = f"/gradio_api/queue/data?session_hash={self._session}"
            async with self._http.stream("GET", where) as stream:
                async for line in stream.aiter_lines():
                    if line.startswith("data:"):
                        message = json.loads(line[5:])
                        if event := message.get("event_id"):
                            self._heard.setdefault(event, asyncio.Queue()).put_nowait(message)

    async def _ticks(self) -> None:
        while True:
            await asyncio.sleep(SELDOM_SECONDS)
            async for _ in self._do(self._tick):
                pass

    async def close(self) -> None:
        """Leave the page."""
        for task in (self._ticking, self._listening):
            if task is not None:
                task.cancel()
        await self._http.aclose()


def _as(user: int) -> dict[str, str]:
    return {"X-Forwarded-User": f"reader-{user}", "X-Pincite-Proxy-Secret": SECRET}


async def _ready(folder: Path) -> tuple[str, str]:
    """Address and token, once stores and search model are there."""
    while not (folder / "server.json").exists():
        await asyncio.sleep(0.1)
    told = json.loads((folder / "server.json").read_text())
    async with httpx2.AsyncClient(base_url=told["url"], trust_env=False) as http:
        while (await http.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.2)
        http.headers["authorization"] = f"Bearer {told['token']}"
        question = {"matter": "Sample", "question": "Which law governs? Zq999999"}
        await http.post("/cli/ask", json=question, timeout=120)  # everything is loaded, the sample is read
    return told["url"], told["token"]


async def _samples(url: str) -> None:
    """Let each user of the page come in, and wait until their samples are read."""
    for user in range(USERS):
        page = _Page(url, user)
        while not await page.open():
            await page.close()
            await asyncio.sleep(0.5)
            page = _Page(url, user)
        await page.close()


def _mib(pid: int) -> float:
    return int(re.findall(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[0]) / 1024


def _cpu(pid: int) -> float:
    """Seconds of processor time so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _print(options: argparse.Namespace, seen: Seen, seconds: float, memory: list[float], cpu: float) -> None:
    print(f"{options.readers} readers by {options.by}, {seconds:.0f} s, load average {os.getloadavg()[0]:.1f}")
    print(f"answers {len(seen.first)}, {len(seen.first) / seconds:.1f} a second; waited in line {seen.waited}")
    print(f"faults {dict(seen.faults) or 'none'}")
    if len(seen.first) > 1:
        added = sorted(first - FIRST_SECONDS for first in seen.first)
        hundredths = statistics.quantiles(added, n=100)
        print(
            f"added to the first word: p50 {hundredths[49]:.2f} s, p95 {hundredths[94]:.2f} s, most {added[-1]:.2f} s"
        )
        print(f"whole answer: p50 {statistics.median(seen.whole):.1f} s")
    print(f"memory of the app: {memory[0]:.0f}, {memory[1]:.0f}, {memory[2]:.0f} MiB; processor {cpu:.2f} cores")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--by", choices=("cli", "page"), default="cli")
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--think", type=float, default=0, help="seconds between an answer and the next question")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
