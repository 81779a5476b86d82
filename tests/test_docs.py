"""The documents: generated parts are as the code has them,
and every page is found from the README by links that hold.
"""

import re
from pathlib import Path

import pytest

from tests.docs import DOCS, GENERATED, ROOT, generated

PAGES = sorted(
    [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "bench" / "README.md", *(ROOT / ".github").rglob("*.md")]
)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _links(page: Path) -> list[tuple[Path, str]]:
    """Where the links of a page lead in this repository: the file, and the heading or nothing."""
    parts = [link.partition("#") for link in LINK.findall(page.read_text("utf-8"))]
    return [((page.parent / path).resolve() if path else page, anchor) for path, _, anchor in parts]


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("file", GENERATED, ids=_name)
def test_what_is_generated_is_as_the_code_has_it(file: Path) -> None:
    assert generated(file) == file.read_text("utf-8"), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    for target, anchor in _links(page):
        assert target.exists(), f"{target} is not there"
        assert not anchor or anchor in _anchors(target), f"{target} has no heading #{anchor}"


def test_every_page_is_found_from_the_readme() -> None:
    found, left = set[Path](), [ROOT / "README.md"]
    while left:
        page = left.pop()
        found.add(page)
        left += [target for target, _ in _links(page) if target.suffix == ".md" and target not in found]
    assert [_name(page) for page in PAGES if page not in found and ".github" not in page.parts] == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_nothing_points_outside_the_repository(page: Path) -> None:
    for target, _ in _links(page):
        assert target.is_relative_to(ROOT)
    assert "../shared" not in page.read_text("utf-8")


def test_every_test_that_a_document_names_is_there() -> None:
    named = {name for page in PAGES for name in re.findall(r"(?<!::)\btest_\w+", page.read_text("utf-8"))}
    assert named - {path.stem for path in (ROOT / "tests").rglob("test_*.py")} == set()


def test_every_function_of_a_test_that_a_document_names_is_there() -> None:
    named = {pair for page in PAGES for pair in re.findall(r"\b(test_\w+\.py)::(test_\w+)", page.read_text("utf-8"))}
    there = {
        (path.name, name)
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", path.read_text("utf-8"), re.MULTILINE)
    }
    assert named - there == set()
    assert named
