"""Many readers at once: what pincite adds to the time to the first word, whether anyone fails, and its memory.

    python -m bench.load                                     50 readers by the command line's route, two minutes
    python -m bench.load --by page                           the same by the page's own events, ticks included
    python -m bench.load --readers 200 --seconds 60          more than are written for at once: the queue fills

Three processes on one machine: `pincite serve` on a data folder of its own, an engine that writes 40 tokens a second
for each reader (bench/load_engine.py), and the readers. Each asks again as soon as its answer is there, unless it is to
`--think`; each question has a word of its own and its answer must have that one and no other's. Exit 1 where a reader
got an error, another's word or no answer. Before they ask, what their pages take of the processor at rest is measured.

Readers who ask again at once (closed loop) take all that is there: what they see is how many answers a second there
are. With `--think 20` they come as people do.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
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

import httpx2

from bench.load_engine import FIRST_SECONDS
from tests.webapp.tab import SELDOM_SECONDS, Page

WORD = re.compile(r"Za(\d{6})")
QUESTIONS = (
    "Can the customer end the contract without giving a reason? Zq{:06}",
    "What happens if the buyer pays late? Zq{:06}",
    "How long does a party have to put right a serious breach? Zq{:06}",
    "Which law governs this agreement? Zq{:06}",
)
READ = json.dumps('"state":"ready"').strip('"')  # a document that is ready, as the page's events hold it
SECRET = "bench-bench-bench-bench"
USERS = 8  # of the page, in turn; each has a sample of its own that must be read first
ANSWER_SECONDS = 300  # after which an answer counts as lost
REST_SECONDS = 10
MARKUP = re.compile(r"<[^>]*>|\\.")


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
    url, commands, token = await _ready(folder)
    numbers, seen = itertools.count(), Seen()
    readers: list[_Cli | Page] = []
    if options.by == "page":
        await _samples(url)
        pages = [Page(url, _as(n % USERS)) for n in range(options.readers)]
        await asyncio.gather(*(page.open() for page in pages))
        readers += pages
    else:
        readers += [_Cli(commands, token) for _ in range(options.readers)]
    await asyncio.sleep(SELDOM_SECONDS)  # each page has looked once
    rest = _cpu(app)
    await asyncio.sleep(REST_SECONDS)
    rest = (_cpu(app) - rest) / REST_SECONDS
    memory = [_mib(app)]
    began, end = time.monotonic(), time.monotonic() + options.seconds
    cpu = _cpu(app)
    tasks = [asyncio.create_task(_read(reader, numbers, seen, end, options.think)) for reader in readers]
    await asyncio.sleep(options.seconds / 2)
    memory.append(_mib(app))
    await asyncio.gather(*tasks)
    seconds = time.monotonic() - began
    memory.append(_mib(app))
    cpu = _cpu(app) - cpu
    for reader in readers:
        await reader.close()
    _print(options, seen, seconds, memory)
    print(
        f"processor: {cpu / seconds:.2f} cores, {cpu / max(1, len(seen.first)):.3f} s an answer; {rest:.2f} cores at "
        f"rest"
    )
    return 1 if seen.faults or not seen.first else 0


async def _read(reader: "_Cli | Page", numbers: "itertools.count[int]", seen: Seen, end: float, think: float) -> None:
    """One reader until the time is over; an answer that has begun is read to its end."""
    mine = set[str]()  # a conversation shows its reader's earlier answers too
    await asyncio.sleep(random.uniform(0, think))  # nobody begins on a signal
    while time.monotonic() < end:
        number = next(numbers)
        mine.add(f"{number:06}")
        question = QUESTIONS[number % len(QUESTIONS)].format(number)
        asked, first, waited, words, said = time.monotonic(), None, False, set[str](), ""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                async for said in reader.ask(question):
                    waited = waited or "before yours" in said
                    new = set(WORD.findall(said)) - (mine - {f"{number:06}"})
                    if new and first is None:
                        first = time.monotonic() - asked
                    words |= new
        except Exception as error:  # noqa: BLE001 (whatever a reader met is counted by its name)
            seen.faults[type(error).__name__ + ": " + str(error)[:100]] += 1
            continue
        seen.waited += waited
        if words != {f"{number:06}"}:
            last = " ".join(MARKUP.sub(" ", said).split())[-200:]
            seen.faults[f"no answer, at the end: {last}" if not words else "another's text"] += 1
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


def _as(user: int) -> dict[str, str]:
    return {"X-Forwarded-User": f"reader-{user}", "X-Pincite-Proxy-Secret": SECRET}


async def _ready(folder: Path) -> tuple[str, str, str]:
    """The page's address, the commands', and their token, once stores and search model are there."""
    while not (folder / "server.json").exists():
        await asyncio.sleep(0.1)
    told = json.loads((folder / "server.json").read_text())
    async with httpx2.AsyncClient(trust_env=False, timeout=None) as http:
        while (await http.get(f"{told['page']}/readyz")).status_code != 200:
            await asyncio.sleep(0.2)
        http.headers["authorization"] = f"Bearer {told['token']}"
        question = {"matter": "Sample", "question": "Which law governs? Zq999999"}
        await http.post(
            f"{told['url']}/cli/ask", json=question, timeout=120
        )  # everything is loaded, the sample is read
    return told["page"], told["url"], told["token"]


async def _samples(url: str) -> None:
    """Let each user of the page come in, and wait until their samples are read."""
    for user in range(USERS):
        read = False
        while not read:
            page = Page(url, _as(user))
            read = READ in await page.open()
            await page.close()
            await asyncio.sleep(0.5)


def _mib(pid: int) -> float:
    return int(re.findall(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[0]) / 1024


def _cpu(pid: int) -> float:
    """Seconds of processor time so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _print(options: argparse.Namespace, seen: Seen, seconds: float, memory: list[float]) -> None:
    print(f"{options.readers} readers by {options.by}, {seconds:.0f} s, load average {os.getloadavg()[0]:.1f}")
    print(f"answers {len(seen.first)}, {len(seen.first) / seconds:.1f} a second; waited in the queue {seen.waited}")
    print(f"faults {dict(seen.faults) or 'none'}")
    if len(seen.first) > 1:
        added = sorted(first - FIRST_SECONDS for first in seen.first)
        hundredths = statistics.quantiles(added, n=100)
        print(
            f"added to the first word: p50 {hundredths[49]:.2f} s, p95 {hundredths[94]:.2f} s, most {added[-1]:.2f} s"
        )
        print(f"whole answer: p50 {statistics.median(seen.whole):.1f} s")
    print(f"memory of the app: {memory[0]:.0f}, {memory[1]:.0f}, {memory[2]:.0f} MiB")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--by", choices=("cli", "page"), default="cli")
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--think", type=float, default=0, help="seconds between an answer and the next question")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
