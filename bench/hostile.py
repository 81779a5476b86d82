"""Hostile PDFs through `pincite add`: every one ready or failed with a sentence, and nothing left running.

    python -m bench.hostile                                    300 files, the packaged search model
    python -m bench.hostile --files 10000 --embeddings stand-in --page-seconds 3 --document-seconds 10
    python -m bench.hostile --served …                         the same through a running `pincite serve`
    python -m bench.hostile --files 10000 --write FOLDER       only write the files and their manifest

The files come from a seed (bench/hostile_mutators.py): the same seed, the same bytes. They are added in batches, each
to a matter of its own, and what runs is looked at four times a second: memory by process, which documents are under
way, and with --served how long others wait for `/readyz` meanwhile. The seconds of a document are those in which it was
seen under way, so what takes less than a quarter of a second shows as none.

Exit 1 where a document has no result, or failed without a sentence of its own, or where a process is left.
"""

import argparse
import contextlib
import hashlib
import itertools
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from rich.console import Console
from rich.progress import track

from bench.hostile_mutators import WEIGHTS, mutant, mutator_of
from tests.webapp.embeddings import embeddings

LOOK_SECONDS = 0.25
LEFT_SECONDS = 5.0  # a process that is told to end may take so long
STOP_SECONDS = 60.0  # after which a server that was asked to stop is killed
MARK = "PINCITE_BENCH_RUN"  # in the environment of all that we start, so that none is lost whoever its parent is
NO_REASON = re.compile(r"Something went wrong( \(ref \w+\))?\.?")
LIMITS = ("page_seconds", "document_seconds", "reader_mib", "max_characters", "reader_processes")  # settings, if given


@dataclass(frozen=True)
class Hostile:
    """One file, where it lies and what was done to it."""

    path: Path
    mutator: str
    document_id: str


@dataclass
class Seen:
    """What was seen of the processes and documents while the commands ran; MiB and seconds."""

    owner_mib: float = 0
    child_mib: float = 0
    command_mib: float = 0
    children: int = 0
    largest_child_read: tuple[str, ...] = ()  # documents under way about when a child became as large as it ever was
    began: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)  # of others for `/readyz`


@dataclass
class Outcome:
    """What came of all files."""

    files: Sequence[Hostile]
    results: dict[Path, dict[str, object]]
    seen: Seen
    wall: float
    left: list[str]
    stop_seconds: float | None = None
    said: list[str] = field(default_factory=list)

    def faults(self) -> list[str]:
        """What must not be: a line each."""
        none = [f"no result: {file.path.name}" for file in self.files if file.path not in self.results]
        bare = [
            f"failed without a sentence: {path.name}: {row['reason']}"
            for path, row in self.results.items()
            if row["state"] != "ready" and (not row["reason"] or NO_REASON.fullmatch(str(row["reason"])))
        ]
        return none + bare + [f"left running: {command}" for command in self.left]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, add them, print; the exit status."""
    options = _options(arguments)
    only = set(options.only.split(",")) if options.only else set(WEIGHTS)
    if unknown := only - WEIGHTS.keys():
        sys.exit(f"no such mutator: {', '.join(sorted(unknown))}; there are {', '.join(WEIGHTS)}")
    if options.write:
        files = write(options.write, options.files, options.seed, only)
        print(f"{len(files)} files, {sum(f.path.stat().st_size for f in files) / 1e6:.1f} MB, in {options.write}")
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        files = write(folder / "pdf", options.files, options.seed, only)
        outcome = run(files, folder, options)
        (folder / "results.jsonl").write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in outcome.results.values()), "utf-8"
        )
    show(outcome)
    return 1 if outcome.faults() else 0


def write(folder: Path, count: int, seed: int, only: Container[str] = WEIGHTS) -> list[Hostile]:
    """Write the first `count` files of these mutators, and `manifest.jsonl`: file, base, mutator and bytes of each."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    with (folder / "manifest.jsonl").open("w", encoding="utf-8") as manifest:
        mutants = ((number, *mutant(seed, number)) for number in itertools.count() if mutator_of(seed, number) in only)
        some = itertools.islice(mutants, count)
        for number, mutator, base, data in track(some, "files", count, console=Console(stderr=True), transient=True):
            path = folder / f"{mutator}-{number:05}.pdf"
            path.write_bytes(data)
            files.append(Hostile(path, mutator, hashlib.sha256(data).hexdigest()))
            told = {"file": path.name, "base": base or None, "mutator": mutator, "bytes": len(data)}
            manifest.write(json.dumps(told) + "\n")
    return files


def run(files: Sequence[Hostile], folder: Path, options: argparse.Namespace) -> Outcome:
    """Add the files, by commands that own the data folder or through a server; watch until nothing runs."""
    mark, data, seen = os.urandom(8).hex(), folder / "data", Seen()
    data.mkdir()
    with contextlib.ExitStack() as stack:
        settings = {"PINCITE_DATA_DIR": str(data), "PINCITE_PORT": "0", MARK: mark}
        if options.embeddings == "stand-in":
            settings["PINCITE_EMBEDDINGS_URL"] = stack.enter_context(embeddings())
        for name in LIMITS:
            if (value := getattr(options, name)) is not None:
                settings[f"PINCITE_{name.upper()}"] = str(value)
        environment = os.environ | settings
        server = _served(environment, data, stack) if options.served else None
        outcome = Outcome(files, {}, seen, 0, [])
        began = time.monotonic()
        with _watched(seen, mark, data, server):
            _add(files, folder, environment, options, outcome)
        outcome.wall = time.monotonic() - began
        if server is not None:
            outcome.stop_seconds = _stop(server)
        outcome.left = _left(mark)
    return outcome


def _add(
    files: Sequence[Hostile], folder: Path, environment: dict[str, str], options: argparse.Namespace, outcome: Outcome
) -> None:
    deadline = time.monotonic() + options.seconds
    batches = range(0, len(files), options.batch)
    for begin in track(batches, "batches", console=Console(stderr=True), transient=True):
        some = [str(file.path) for file in files[begin : begin + options.batch]]
        command = [sys.executable, "-m", "webapp", "add", f"Hostile {begin}", *some, "--json"]
        told, said = folder / "told", folder / "said"
        with told.open("w") as out, said.open("w") as err:
            adding = subprocess.Popen(command, env=environment, stdout=out, stderr=err, stdin=subprocess.DEVNULL)
            status: int | str
            try:
                status = adding.wait(max(1.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                status = "stopped by the bench: it had its time"
                adding.terminate()
                _ended(adding)
        rows = [json.loads(line) for line in told.read_text("utf-8").splitlines()]
        outcome.results |= {Path(row["file"]): row for row in rows}
        words = said.read_text("utf-8", "replace").strip()[-500:]
        if words or len(rows) < len(some):
            outcome.said.append(f"batch {begin}: {len(rows)} results of {len(some)}, status {status}: {words}")
        if time.monotonic() > deadline:
            return


def _served(environment: dict[str, str], data: Path, stack: contextlib.ExitStack) -> "_Server":
    process = subprocess.Popen(
        [sys.executable, "-m", "webapp", "serve"], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    stack.callback(_ended, process)
    while not (data / "server.json").exists():
        if process.poll() is not None:
            sys.exit("the server did not start")
        time.sleep(0.1)
    url = json.loads((data / "server.json").read_text("utf-8"))["page"].partition("/?")[0]
    http = stack.enter_context(httpx2.Client(base_url=url, trust_env=False, timeout=60))
    while http.get("/readyz").status_code != 200:
        time.sleep(0.2)
    return _Server(process, http)


@dataclass(frozen=True)
class _Server:
    process: subprocess.Popen[bytes]
    http: httpx2.Client

    def wait(self) -> float:
        """How long somebody else waits for an answer now."""
        began = time.monotonic()
        with contextlib.suppress(httpx2.HTTPError):
            self.http.get("/readyz")
        return time.monotonic() - began


def _stop(server: _Server) -> float:
    """Ask the server to stop; the seconds it takes."""
    began = time.monotonic()
    server.process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.process.wait(STOP_SECONDS)
    return time.monotonic() - began


def _ended(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(LEFT_SECONDS)
    process.kill()
    process.wait()


# Watching


@contextlib.contextmanager
def _watched(seen: Seen, mark: str, data: Path, server: _Server | None) -> Iterator[None]:
    """Look at processes and documents until the block ends; in a second thread, how long others wait."""
    over = threading.Event()

    def watch() -> None:
        before = set[str]()
        while not over.wait(LOOK_SECONDS):
            under_way = _under_way(data)
            _note_time(seen, under_way)
            _note_memory(seen, _processes(mark), under_way | before, server.process.pid if server else None)
            before = under_way
        _note_time(seen, set())

    def wait() -> None:
        while server is not None and not over.wait(2 * LOOK_SECONDS):
            seen.waits.append(server.wait())

    threads = [threading.Thread(target=watch), threading.Thread(target=wait)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _note_time(seen: Seen, under_way: set[str]) -> None:
    now = time.monotonic()
    for document in under_way - seen.began.keys():
        seen.began[document] = now
    for document in seen.began.keys() - under_way:
        seen.seconds[document] = seen.seconds.get(document, 0) + now - seen.began.pop(document)


def _note_memory(seen: Seen, processes: dict[int, str], under_way: set[str], server: int | None) -> None:
    children = 0
    for pid, command in processes.items():
        mib = _peak_mib(pid)
        if pid == server or (server is None and "-m webapp" in command):
            seen.owner_mib = max(seen.owner_mib, mib)
        elif "-m webapp" in command:
            seen.command_mib = max(seen.command_mib, mib)
        else:
            children += 1
            if mib > seen.child_mib:
                seen.child_mib, seen.largest_child_read = mib, tuple(sorted(under_way))
    seen.children = max(seen.children, children)


def _under_way(data: Path) -> set[str]:
    """Ids of the documents that are being read or indexed, as the records have it."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_records(data)) as records:
        rows = records.execute("SELECT document_id FROM jobs WHERE state IN ('reading', 'indexing')")
        return {row[0] for row in rows}
    return set()


def _records(data: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{data / 'pincite.db'}?mode=ro", uri=True, timeout=1)


def _processes(mark: str) -> dict[int, str]:
    """Every process that carries the mark: id and command line."""
    wanted, found = f"{MARK}={mark}".encode(), {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):  # it ended, or is another user's
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                    found[int(folder.name)] = command.decode("utf-8", "replace").strip()
    return found


def _peak_mib(pid: int) -> float:
    """The most memory that the process has had, also between two looks."""
    with contextlib.suppress(OSError):
        if told := re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()):
            return int(told[1]) / 1024
    return 0.0


def _left(mark: str) -> list[str]:
    """Command lines of what still runs once it had time to end. The bench ends them."""
    deadline = time.monotonic() + LEFT_SECONDS
    while (left := _processes(mark)) and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return [f"{pid} {command[:100]}" for pid, command in left.items()]


# Telling


def show(outcome: Outcome) -> None:
    """Print counts by mutator and by reason, times and memory, and what must not be."""
    seen, files = outcome.seen, outcome.files
    states = Counter(_state(outcome, file) for file in files)
    name = {file.document_id: file.path.name for file in files}
    print(f"{len(files)} files in {outcome.wall:.0f} s, {len(files) / outcome.wall:.1f} a second: ", end="")
    print(", ".join(f"{count} {state}" for state, count in states.most_common()))
    print(f"greatest memory: owner {seen.owner_mib:.0f} MiB, child {seen.child_mib:.0f} MiB", end="")
    print(f" (about {', '.join(name.get(d, d) for d in seen.largest_child_read) or 'nothing under way'})")
    print(f"processes beside the owner and its commands: at most {seen.children}; left: {len(outcome.left)}")
    if seen.waits:
        waits = sorted(seen.waits)
        told = " s, ".join(
            f"{word} {waits[int(at * (len(waits) - 1))]:.2f}" for word, at in (("p50", 0.5), ("p95", 0.95), ("most", 1))
        )
        print(f"others waited for /readyz: {told} s; the server stopped in {outcome.stop_seconds or 0:.1f} s")
    slowest = sorted(((seconds, name[d]) for d, seconds in seen.seconds.items() if d in name), reverse=True)[:5]
    print("slowest: " + ", ".join(f"{file} {seconds:.1f} s" for seconds, file in slowest))
    print("\n| mutator | files | ready | failed | no result | slowest, s |\n|---|---|---|---|---|---|")
    for mutator in sorted({file.mutator for file in files}):
        mine = [file for file in files if file.mutator == mutator]
        count = Counter(_state(outcome, file) for file in mine)
        slow = max(seen.seconds.get(file.document_id, 0) for file in mine)
        print(f"| {mutator} | {len(mine)} | {count['ready']} | {count['failed']} | {count['no result']} | {slow:.1f} |")
    print("\n| what was said | files |\n|---|---|")
    reasons = Counter(f"{row['state']}: {_general(row['reason'])}" for row in outcome.results.values())
    for reason, number in reasons.most_common():
        print(f"| {reason} | {number} |")
    print("\n" + "\n".join([*outcome.said, *outcome.faults()[:200]] or ["nothing that must not be"]))


def _state(outcome: Outcome, file: Hostile) -> str:
    return str(outcome.results[file.path]["state"]) if file.path in outcome.results else "no result"


def _general(reason: object) -> str:
    """A sentence without its file and its numbers."""
    told = re.sub(r"“[^”]*”", "“…”", str(reason or "nothing to say"))
    told = re.sub(r"\(ref \w+\)", "(ref …)", told)
    return re.sub(r"\b\d+([.,]\d+)*", "N", told)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=300, help="how many (300)")
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--only", metavar="MUTATORS", help="files of these alone, with commas between them")
    parser.add_argument("--batch", type=int, default=500, help="files to a command and to a matter (500)")
    parser.add_argument("--served", action="store_true", help="through a running `pincite serve`")
    parser.add_argument("--embeddings", choices=("packaged", "stand-in"), default="packaged", help="the search model")
    parser.add_argument("--seconds", type=float, default=7200, help="for all commands together; then they are stopped")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="only write the files")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep files, data folder and results here")
    for name in LIMITS:
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, metavar="N", help=f"PINCITE_{name.upper()} of the commands and the server")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
