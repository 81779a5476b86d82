"""Every event of the page × every place in it × every file that a client could name, as one user against all others.

    python -m tests.webapp.forgeries local|behind-proxy|demo FOLDER [N]

Of the forgeries, one in N (1 unless given); those where the page takes files are tried whatever N is.

Run in a network namespace of its own (`test_forgeries` makes one): what a server would fetch goes nowhere. The events
and their inputs are those of the mounted page's own config. Prints a JSON object: what was tried, and whatever was
wrong.
"""

import hashlib
import itertools
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from retrieval import DocumentRecord
from tests.pdfs import make_pdf
from tests.webapp.acts import FIELDS
from tests.webapp.embeddings import embeddings
from tests.webapp.serving import Running, mount_with_health, running
from webapp.core.settings import load_settings
from webapp.page import acts
from webapp.page.acts import acts_at, part_of

OUTSIDE = "100.64.0.1"  # of a provider's own network: gradio takes it for a public address
SECRET = "s" * 32
FLAGS: tuple[dict[str, Any], ...] = ({}, {"is_stream": True}, {"url": f"http://{OUTSIDE}/lease.pdf"})
FLAGGED = ("another's", "server path", "stored original", "http", "link")  # what a flag would have read or deleted
SLOW_SECONDS = 3.0  # nobody may wait so long meanwhile; refusing takes milliseconds
Json = Any


def main(access: str, folder: Path, one_in: int = 1) -> Json:
    """Try all of it; what was tried and what was wrong."""
    given: dict[str, Any] = {"data_dir": folder / "data", "access": access, "reader_processes": 1}
    if access == "behind-proxy":
        given["proxy_secret"] = SECRET
    with embeddings() as url, outside() as visits:
        settings = load_settings(**given, embeddings_url=url)
        with running(settings, mount_with_health) as server:
            server.workspace.work_in_background()
            return Attack(server, access, folder, visits, one_in).run()


@contextmanager
def outside() -> Iterator[list[int]]:
    """Two ports of a host outside; the list grows with each connection."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "address", "add", f"{OUTSIDE}/32", "dev", "lo"], check=True)
    visits: list[int] = []

    def listen(port: int) -> None:
        with socket.create_server((OUTSIDE, port)) as there:
            while True:
                connection, _ = there.accept()
                visits.append(port)
                connection.close()

    for port in (80, 443):
        threading.Thread(target=listen, args=(port,), daemon=True).start()
    yield visits


class Attack:
    """One server, its users, and what belongs to whom."""

    def __init__(self, server: Running, access: str, folder: Path, visits: list[int], one_in: int) -> None:
        self.server, self.access, self.visits, self.one_in = server, access, visits, one_in
        self.data = server.workspace.settings.data_dir
        self.numbers, self.chance = itertools.count(), random.Random(1)
        self.mine: list[int] = []
        self.wrong: list[str] = []
        self.tried = {"refused": 0, "taken in": 0}
        self.me, self.other = self.user("mallory"), self.user("ann")
        self.nobody = server.browser(let_in=False)
        config = self.me.get("/config").json()
        self.events = [row for row in config["dependencies"] if row["backend_fn"]]
        self.kinds = {row["id"]: row["type"] for row in config["components"]}
        self.names = {row["id"]: row["props"].get("elem_id") for row in config["components"]}
        [self.load] = [row for row in self.events if row["targets"][0][1] == "load"]
        [self.take] = [row for row in self.events if row["targets"][0][1] == "upload"]
        self.canary = folder / "canary.pdf"
        self.canary.write_bytes(make_pdf(["The canary sings at noon."]))
        self.slowest = 0.0
        self.over = threading.Event()

    def user(self, name: str) -> httpx2.Client:
        browser = self.server.browser({"X-Forwarded-User": name} if self.access == "behind-proxy" else None)
        if self.access == "behind-proxy":
            browser.headers["X-Pincite-Proxy-Secret"] = SECRET
        browser.get("/")
        return browser

    def run(self) -> Json:
        self.do(self.other, self.load, [None], session="anns")
        self.do(self.other, self.take, [None, [file(self.uploaded(self.other, "anns.pdf"))]], session="anns")
        [hers] = wait_for(lambda: [record for record in self.documents() if record.name == "anns.pdf"])
        original = self.data / "files" / hers.id[:2] / f"{hers.id}.pdf"
        links = self.data / "arriving" / "0123456789abcdef0123456789abcdef"
        links.mkdir()
        (links / "link.pdf").symlink_to(self.canary)
        paths = {
            "another's": self.uploaded(self.other, "hers.pdf"),
            "server path": str(self.canary),
            "stored original": str(original),
            "key": str(next(iter([*self.data.glob("*.key"), self.data / "pincite.db"]))),
            "/dev/zero": "/dev/zero",
            "environ": "/proc/self/environ",
            "http": f"http://{OUTSIDE}/lease.pdf",
            "https": f"https://{OUTSIDE}/lease.pdf",
            "link": str(links / "link.pdf"),
            "link, as an upload is named": "0123456789abcdef0123456789abcdef/link.pdf",
            "above": f"{links}/../../guests.key",
            "own, then a link": self.own_replaced_by_a_link(),
        }
        if self.access == "local":  # there is nobody else: what is not registered for the one user is nobody's
            del paths["another's"]
        kept = {Path(path): digest(Path(path)) for name, path in paths.items() if "/dev" not in path and is_file(path)}
        watch = threading.Thread(target=self.watch)
        watch.start()
        for caller, browser in (("user", self.me), ("nobody", self.nobody)):
            for name, path in paths.items():
                for flags in FLAGS if name in FLAGGED and caller == "user" else FLAGS[:1]:
                    self.everywhere(browser, f"{caller}, {name}, {flags}", file(path, **flags))
        for flags in (
            {},
            {"is_stream": True},
            {"url": f"http://{OUTSIDE}/x.pdf"},
            {"orig_name": "../../x"},
            {"size": -1},
        ):
            self.own(flags)
        self.over.set()
        watch.join()
        self.check(kept)
        return {"tried": self.tried, "wrong": self.wrong, "slowest": round(self.slowest, 2)}

    def everywhere(self, browser: httpx2.Client, what: str, forged: Json) -> None:
        """A file in each place of each event where the page sends something, and where it sends nothing."""
        for event in self.events:
            empty: list[Json] = [None] * len(event["inputs"])
            for shape in (forged, [forged]):
                places = [[*empty[:n], shape, *empty[n + 1 :]] for n in range(len(empty))]
                for data in [*places, [*empty, shape]]:
                    self.refused(browser, event, {"data": data}, what)
                self.refused(browser, event, {"data": empty, "event_data": {"files": shape}}, what)
                self.refused(browser, event, {"data": empty, "event_data": shape}, what)
                said = dict.fromkeys(FIELDS, shape) | {"do": self.act_of(event)}
                self.refused(browser, event, {"data": empty, "event_data": said}, what)

    def act_of(self, event: Json) -> str:
        """An act that needs something said and that the event's element may name; any where it says nothing."""
        places = ((part_of(self.names.get(id_) or ""), kind) for id_, kind in event["targets"])
        return min((act for at in places for act in acts_at(*at) if acts.ACTS[act].fields), default="cite")

    def refused(self, browser: httpx2.Client, event: Json, body: Json, what: str) -> None:
        if event is not self.take and self.chance.randrange(self.one_in):
            return
        answer = self.join(browser, event, body)
        is_html = any(self.kinds.get(id_) == "html" for id_, _ in event["targets"])
        if "event_data" in body and answer.status_code == 200 and not is_html:
            self.hear(browser, answer)  # an event whose element says nothing: what was sent along is left out
        elif not 400 <= answer.status_code < 500:
            self.wrong.append(f"{answer.status_code} for {event['targets']} {body}: {what}")
            self.hear(browser, answer)
        self.tried["refused"] += 1

    def own(self, flags: Json) -> None:
        """One's own upload: refused everywhere but in the one place that takes files, where it is taken in once."""
        self.mine.append(next(self.numbers))
        mine = file(self.uploaded(self.me, f"mine{self.mine[-1]}.pdf"), **flags)
        for event in self.events:
            empty: list[Json] = [None] * len(event["inputs"])
            for n in range(len(empty)):
                if (event, n) != (self.take, 1):
                    self.refused(self.me, event, {"data": [*empty[:n], mine, *empty[n + 1 :]]}, "own, elsewhere")
        self.do(self.me, self.load, [None], session="own")
        said = self.do(self.me, self.take, [None, [mine]], session="own")
        again = self.join(self.me, self.take, {"data": [None, [mine]]}, session="own")
        if 'class=\\"notice' in said or "process_completed" not in said or again.status_code != 403:
            self.wrong.append(f"own upload with {flags}: {said[-300:]}, again {again.status_code}")
        self.tried["taken in"] += 1

    def own_replaced_by_a_link(self) -> str:
        told = self.uploaded(self.me, "swapped.pdf")
        path = self.data / "arriving" / told
        path.unlink()
        path.symlink_to(self.canary)
        return told

    def check(self, kept: dict[Path, str]) -> None:
        """Nothing was copied, deleted, fetched, taken in or frozen."""
        for path, before in kept.items():
            if not path.is_file() or digest(path) != before:
                self.wrong.append(f"{path} was changed or deleted")
        copies = [path for path in (self.data / "arriving").rglob("*") if path.is_file() and path.suffix != ".pdf"]
        copies += (self.data / "arriving").rglob("environ*")
        if copies:
            self.wrong.append(f"copied: {copies}")
        if self.visits:
            self.wrong.append(f"fetched from outside: {self.visits}")
        if self.slowest > SLOW_SECONDS:
            self.wrong.append(f"others waited {self.slowest:.1f} s")
        names = {record.name for record in self.documents()}
        if not names >= {f"mine{n}.pdf" for n in self.mine}:
            self.wrong.append(f"not taken in: {names}")
        strange = {name for name in names if name.startswith(("canary", "link", "swapped", "hers", "environ", "zero"))}
        if strange:
            self.wrong.append(f"taken in: {strange}")

    def watch(self) -> None:
        """What somebody else waits for meanwhile."""
        browser = self.user("ben")
        while not self.over.wait(0.1):
            began = time.monotonic()
            browser.get("/config")
            self.slowest = max(self.slowest, time.monotonic() - began)

    def documents(self) -> list[DocumentRecord]:
        library = self.server.workspace.library
        return [record for matter in library.matters() for record in library.documents(matter.id)]

    def uploaded(self, browser: httpx2.Client, name: str) -> str:
        pages = make_pdf([f"Confidential {name} {next(self.numbers)}."])
        [path] = browser.post("/gradio_api/upload", files={"files": (name, pages)}).json()
        return str(path)

    def join(self, browser: httpx2.Client, event: Json, body: Json, session: str = "") -> httpx2.Response:
        session = session or os.urandom(8).hex()
        told = {"fn_index": event["id"], "session_hash": session, "trigger_id": event["targets"][0][0]}
        browser.headers["X-Session"] = told["session_hash"]
        return browser.post("/gradio_api/queue/join", json=told | body)

    def do(self, browser: httpx2.Client, event: Json, data: list[Json], session: str = "") -> str:
        return self.hear(browser, self.join(browser, event, {"data": data}, session))

    def hear(self, browser: httpx2.Client, joined: httpx2.Response) -> str:
        if joined.status_code != 200:
            return joined.text
        where = {"session_hash": browser.headers["X-Session"]}
        said = ""
        with browser.stream("GET", "/gradio_api/queue/data", params=where) as stream:
            for line in stream.iter_lines():
                said += line
                if "process_completed" in line:
                    break
        return said


def file(path: str, **flags: Json) -> Json:
    return {"path": path, "orig_name": "lease.pdf", "size": 9, "meta": {"_type": "gradio.FileData"}} | flags


def is_file(path: str) -> bool:
    return Path(path).is_file()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if "/proc/" not in str(path) else ""


def wait_for(found: Any) -> Any:
    end = time.monotonic() + 30
    while not (there := found()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return there


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1)))
    sys.stdout.flush()
    os._exit(0)  # threads that listen outside
