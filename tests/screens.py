"""Pictures of the page in every state, at four widths, light and dark: to be looked at, the best for the README.

python -m tests.screens OUT                all of them, a folder for each width and light
python -m tests.screens OUT "the sample"   some states only
python -m tests.screens OUT further_states all of one file

With a stand-in for the search model, which finds what it finds; SEARCH_MODEL=1 takes the real one, as for the README.
"""

import argparse
import os
import tempfile
from pathlib import Path

from playwright.sync_api import Page, ViewportSize

from tests.webapp.browser import chromium
from tests.webapp.further_states import further_states
from tests.webapp.states import Light, lit, states

SIZES: dict[int, ViewportSize] = {
    1920: {"width": 1920, "height": 1080},
    1440: {"width": 1440, "height": 900},
    768: {"width": 768, "height": 1024},
    390: {"width": 390, "height": 844},
}
LIGHTS: tuple[Light, ...] = ("light", "dark")
AREAS = ("Documents", "Evidence", "Questions")  # of a narrow window; it is left where it was


def main(out: Path, wanted: list[str]) -> None:
    """Take the pictures; prints each state's name."""
    search_model = "SEARCH_MODEL" in os.environ
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        for part in (states, further_states):
            for name, page in part(browser, Path(folder) / part.__name__, search_model=search_model):
                if not wanted or name in wanted or part.__name__ in wanted:
                    print(name, flush=True)
                    take(page, name.replace(" ", "-").replace(",", ""), out)


def take(page: Page, name: str, out: Path) -> None:
    """One state in all sizes and lights; the page is left wide and light."""
    for light in LIGHTS:
        lit(page, light)
        for width in SIZES:
            page.set_viewport_size(SIZES[width])
            page.wait_for_function("[...document.images].every((image) => image.complete)")
            page.wait_for_timeout(150)  # the sheet is laid out anew
            page.screenshot(path=out / f"{width}-{light}" / f"{name}.png")
            closed = page.locator(":popover-open, dialog[open]").count() == 0  # else a click would close it
            has_areas = page.locator("#part-areas").count()
            for area in AREAS if width < 900 and closed and has_areas else ():
                page.get_by_role("button", name=area, exact=True).click()
                page.screenshot(path=out / f"{width}-{light}" / f"{name}-{area.lower()}.png")
    lit(page, "light")
    page.set_viewport_size(SIZES[1440])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder for the pictures, made where there is none")
    parser.add_argument("states", nargs="*", help="some states only")
    options = parser.parse_args()
    main(options.out, options.states)
