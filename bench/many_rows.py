"""How quick the page is with many documents and conversations: until it is there, a filter, a choice, a scroll.

    python -m bench.many_rows --documents 400 --conversations 200
    python -m bench.many_rows --documents 4000 --conversations 200

The rows are written into the database of a server that runs, with titles, parties and dates as contracts have them;
there are no files. The page is driven with Debian's chromium: needs the packages that the tests need. It fails where a
script of the page reports an error.
"""

import argparse
import hashlib
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from playwright.sync_api import Page, expect

from retrieval import FORMATS, Facts, database
from retrieval.core.documents import Span
from retrieval.library.schema import documents, jobs, texts
from retrieval.structure.document_dates import DocumentDate
from retrieval.structure.facts import FACTS_VERSION, to_json
from retrieval.structure.parties import Party
from tests.webapp.browser import chromium, visitor
from tests.webapp.commands import Pincite
from tests.webapp.embeddings import embeddings
from webapp.core.results import NOTHING_FOUND
from webapp.service.commands import CreateMatter
from webapp.store.schema import conversations, turns
from webapp.store.users import LOCAL_USER

MATTER = "Many"
KINDS = ("Supply Agreement", "Lease", "Non-Disclosure Agreement", "License Agreement", "Master Services Agreement")
NAMES = ("Larkspur", "Bramble", "Alder", "Cedar", "Meridian", "Northgate", "Harbour", "Quill", "Sable", "Tamarack")
ENDS = ("Holdings, Inc.", "Foods LLC", "Partners LP", "Systems Ltd.", "Group plc")
AT_ONCE = 500  # rows in one statement
SCROLLS = 60
ROUNDS = 10
# Each gives the milliseconds until the frame that shows what it did.
FRAME = (
    "const frame = (began) => new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(() => "
    "shown(performance.now() - began))));"
)
SCROLL = f"""(to) => {{
  {FRAME}
  const box = document.querySelector('.documents-list .grid');
  const began = performance.now();
  box.scrollTop = to * (box.scrollHeight - box.clientHeight);
  return frame(began);
}}"""
FILTER = f"""(words) => {{
  {FRAME}
  const field = document.querySelector('.documents-list .filter');
  const began = performance.now();
  field.value = words;
  field.dispatchEvent(new Event('input', {{ bubbles: true }}));
  return frame(began);
}}"""


def seed(folder: Path, matter_id: str, documents_: int, conversations_: int) -> None:
    """Write the rows of a matter."""
    engine = database.open_database(f"sqlite:///{folder / 'pincite.db'}")
    with database.writing(engine) as connection:
        for table, rows in (*_documents(matter_id, documents_), *_conversations(matter_id, conversations_)):
            for start in range(0, len(rows), AT_ONCE):
                connection.execute(sa.insert(table), rows[start : start + AT_ONCE])
    engine.dispose()


Rows = tuple[tuple[sa.Table, list[dict[str, object]]], ...]


def _documents(matter_id: str, count: int) -> Rows:
    tables: Rows = ((documents, []), (jobs, []), (texts, []))
    version = FORMATS["PDF"].version
    for n in range(count):
        id_ = hashlib.sha256(str(n).encode()).hexdigest()
        key = {"matter_id": matter_id, "document_id": id_}
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=n)
        name = f"{'Closing set › ' if n % 4 == 0 else ''}{n:04} {NAMES[n % 10]} {KINDS[n % 5]} (executed).pdf"
        where, day = Span(id_, 0, 1), date(2010, 1, 1) + timedelta(days=n * 3 % 5000)
        parties = tuple(Party(f"{NAMES[(n + k) % 10]} {ENDS[(n + k) % 5]}", "", (), where, where) for k in (0, 3))
        facts = Facts(title=KINDS[n % 5], parties=parties, dates=(DocumentDate("made", day, str(day), where),))
        row = {"name": name, "bytes": 90_000, "pages": 3 + n * 7 % 90, "added_at": at, "format": "PDF"}
        row |= {"unreadable_pages": [2] if n % 25 == 0 else [], "text_version": version}
        tables[0][1].append(key | row)
        tables[1][1].append(key | {"state": "ready", "page": 1, "attempts": 0, "queued_at": at})
        found = {"facts": to_json(facts), "facts_version": FACTS_VERSION}
        tables[2][1].append({"document_id": id_, "version": version, **found})
    return tables


def _conversations(matter_id: str, count: int) -> Rows:
    tables: Rows = ((conversations, []), (turns, []))
    for n in range(count):
        at, id_ = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(hours=n), f"{n:032x}"
        title = f"{n}. Which notice must {NAMES[n % 10]} give before it ends the {KINDS[n % 5]}?"
        row = {"id": id_, "matter_id": matter_id, "user_id": LOCAL_USER.id, "title": title, "created_at": at}
        tables[0][1].append(row)
        turn = {"id": id_, "conversation_id": id_, "position": 1, "asked_at": at, "question": title}
        tables[1][1].append(turn | {"answer": NOTHING_FOUND.model_dump(mode="json"), "state": "complete"})
    return tables


def seconds(do: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.monotonic()
    do()
    return time.monotonic() - began


def told(what: str, values: list[float], unit: str) -> None:
    """One line: the median, and the value that 95 % are not above."""
    ordered = sorted(values)
    p95 = ordered[max(0, -(-len(ordered) * 95 // 100) - 1)]
    print(f"{what}: median {statistics.median(ordered):.3g} {unit}, p95 {p95:.3g} {unit} ({len(ordered)})")


def measure(page: Page, address: str, count: int) -> None:
    """Use the page as a reader does."""
    first = page.locator(".documents [data-state=ready]").first

    def come() -> None:
        page.goto(address)
        expect(first).to_be_visible()

    told("page", [seconds(come) for _ in range(ROUNDS)], "s")
    rows = page.locator(".documents [role=row]").count()
    print(f"rows in the page: {rows}; all elements: {page.evaluate('document.querySelectorAll(`*`).length')}")
    words = [
        "larkspur",
        "larkspur lease",
        "0399",
        "",
        "foods 2010",
        "nothing of the kind",
        "closing",
        "services",
        "",
        "",
    ]
    told("filter", [page.evaluate(FILTER, each) for each in words], "ms")
    told("scroll", [page.evaluate(SCROLL, n * 37 % SCROLLS / SCROLLS) for n in range(SCROLLS)], "ms")
    page.evaluate(SCROLL, 0)
    box, scope, chosen = page.locator(".documents input").nth(2), page.locator(".scope"), []
    for n in range(ROUNDS):

        def tick(n: int = n) -> None:
            box.click()
            expect(scope).to_contain_text(f"– {count - (n + 1) % 2:,} of {count:,}")

        chosen.append(seconds(tick))
    told("choose a document", chosen, "s")
    box = page.locator(".conversations .open")
    opened = []
    for n in range(ROUNDS):
        title = box.nth(n % 5).inner_text()

        def open_(n: int = n, title: str = title) -> None:
            box.nth(n % 5).click()
            expect(page.locator("h3.question")).to_have_text(title)

        opened.append(seconds(open_))
    told("open a conversation", opened, "s")


def main() -> None:
    """Seed, serve and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--conversations", type=int, default=200)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, embeddings() as url, chromium() as browser:
        settings = {"PINCITE_EMBEDDINGS_URL": url}
        with Pincite(Path(folder), settings).serving() as server:
            server.wait_for_the_sample()
            [matter] = server.run(CreateMatter(MATTER))
            seed(Path(folder), matter.id, wanted.documents, wanted.conversations)
            with visitor(browser) as context:
                page = context.new_page()
                page.goto(server.address)
                measure(page, f"{server.url}/?matter={matter.id}", wanted.documents)
    print("script errors: 0")


if __name__ == "__main__":
    main()
