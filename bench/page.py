"""How long the page takes to come up, and whether it stays usable while many contracts come in.

    python -m bench.page start               a fresh data folder, then the same folder once more
    python -m bench.page load --pdfs DIR     twenty contracts dropped at once, questions asked meanwhile

Both start `pincite serve` as it is delivered (the packaged search model, no language model) and drive it with Debian's
chromium, so they need the packages that the tests need.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.webapp.browser import READY, ask, chromium, go_to_a_new_matter, visitor

LONG = 300_000.0  # milliseconds; what takes longer has failed
QUESTIONS = (
    "Which law governs this agreement?",
    "Who may terminate, and with what notice?",
    "Is liability limited, and to what amount?",
    "May the agreement be assigned?",
)
# The tasks that kept the page from answering a click or a wheel for more than 50 ms.
WATCH = """() => {
  window.tasks = [];
  const keep = (list) => window.tasks.push(...list.getEntries().map((task) => task.duration));
  new PerformanceObserver(keep).observe({ type: 'longtask' });
}"""
# From a scroll of the list of documents to the frame that shows it, in milliseconds.
SCROLL = """() => new Promise((shown) => {
  const began = performance.now(), bar = document.querySelector('.documents-list .grid');
  bar.scrollTop = bar.scrollTop ? 0 : bar.scrollHeight;
  requestAnimationFrame(() => requestAnimationFrame(() => shown(performance.now() - began)));
})"""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """`pincite serve` on a data folder, from the moment its port is open: its address."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PINCITE_")}
    settings = {"PINCITE_DATA_DIR": str(folder), "PINCITE_PORT": "0"}
    command = [sys.executable, "-m", "webapp", "serve"]
    with subprocess.Popen(command, env=clean | settings, stdout=subprocess.PIPE, text=True) as app:
        assert app.stdout is not None
        try:
            app.stdout.readline()
            yield app.stdout.readline().strip()
        finally:
            app.terminate()


def start(browser: Browser) -> None:
    """Seconds from the command to the page, to ready, to the first word of the first answer; then once more."""
    with tempfile.TemporaryDirectory() as folder:
        for which in ("first start", "second start"):
            began = time.monotonic()
            with serving(Path(folder)) as url, visitor(browser) as context:
                context.set_default_timeout(LONG)
                page = context.new_page()
                page.goto(url)
                expect(page.locator(".scope")).to_be_visible(timeout=LONG)
                shown = time.monotonic() - began
                expect(page.locator(READY)).to_be_visible(timeout=LONG)
                if which == "second start":
                    page.get_by_role("button", name="New conversation").click()
                expect(page.locator(".example").first).to_be_visible(timeout=LONG)
                ready = time.monotonic() - began
                page.locator(".example").first.click()
                word = first_word(page)
                print(f"{which}: page {shown:.1f} s, ready {ready:.1f} s, first word {word:.1f} s after the click")


def first_word(page: Page) -> float:
    """Seconds until there is text of the answer that was just asked for; it may be there whole."""
    began = time.monotonic()
    page.locator(".draft:not(:empty), #part-past .turn").first.wait_for(timeout=LONG)
    return time.monotonic() - began


@dataclass
class Felt:
    """What a reader felt, in seconds and milliseconds."""

    first_words: list[float] = field(default_factory=list)
    clicks: list[float] = field(default_factory=list)
    scrolls: list[float] = field(default_factory=list)


def load(browser: Browser, pdfs: list[Path]) -> None:
    """Drop the files into a new matter; ask and click until all are read, then ask as often on a machine at rest."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as url, visitor(browser) as context:
        context.set_default_timeout(LONG)
        page = context.new_page()
        page.goto(url)
        expect(page.locator(".example").first).to_be_visible(timeout=LONG)
        go_to_a_new_matter(page, "Twenty")
        page.evaluate(WATCH)
        began = time.monotonic()
        page.locator("#upload input[type=file]").set_input_files(pdfs)
        listed = page.locator(".documents [role=row]")
        expect(listed).to_have_count(len(pdfs), timeout=LONG)
        print(f"{len(pdfs)} files listed after {time.monotonic() - began:.1f} s")
        expect(page.locator(".documents [data-state=ready]").first).to_be_visible(timeout=LONG)
        print(f"the first is ready after {time.monotonic() - began:.1f} s")
        meanwhile = Felt()
        while page.locator(".documents :is([data-state=ready], [data-state=failed])").count() < len(pdfs):
            use(page, meanwhile)
        print(f"all are ready after {time.monotonic() - began:.1f} s or less")
        tell("meanwhile", meanwhile, page.evaluate("window.tasks.splice(0)"))
        after = Felt()
        for _ in meanwhile.first_words:
            use(page, after)
        tell("at rest  ", after, page.evaluate("window.tasks"))


def use(page: Page, felt: Felt) -> None:
    """Start a conversation, ask, scroll while the answer comes, and open the conversation once more."""
    began = time.monotonic()
    page.get_by_role("button", name="New conversation").click()
    page.locator(".empty").wait_for()
    felt.clicks.append(time.monotonic() - began)
    ask(page, QUESTIONS[len(felt.first_words) % len(QUESTIONS)])
    felt.first_words.append(first_word(page))
    until = time.monotonic() + LONG / 1000
    while page.locator("#stop").is_visible():
        if time.monotonic() > until:
            raise TimeoutError("the answer did not end")
        felt.scrolls.append(page.evaluate(SCROLL))
        page.wait_for_timeout(250)
    began = time.monotonic()
    page.locator(".conversations .open").last.click()
    page.locator(".conversations [role=row]:last-child [aria-current]").wait_for()
    felt.clicks.append(time.monotonic() - began)


def tell(when: str, felt: Felt, tasks: list[float]) -> None:
    """One line."""
    print(
        f"{when}: {len(felt.first_words)} questions, first word {_middle_and_most(felt.first_words)} s; "
        f"click on a conversation {_middle_and_most(felt.clicks)} s; scroll {_middle_and_most(felt.scrolls)} ms; "
        f"{len(tasks)} tasks over 50 ms, the longest {max(tasks, default=0):.0f} ms"
    )


def _middle_and_most(values: list[float]) -> str:
    return f"p50 {statistics.median(values):.2f}, most {max(values):.2f}" if values else "none"


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="what", required=True)
    kinds.add_parser("start")
    loaded = kinds.add_parser("load")
    loaded.add_argument("--pdfs", type=Path, required=True)
    loaded.add_argument("--count", type=int, default=20)
    options = parser.parse_args()
    print(f"load average before: {os.getloadavg()[0]:.1f}")
    with chromium() as browser:
        if options.what == "start":
            start(browser)
        else:
            load(browser, sorted(options.pdfs.glob("*.pdf"))[: options.count])


if __name__ == "__main__":
    main()
