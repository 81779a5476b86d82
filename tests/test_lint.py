"""What ruff has no rule for: how long functions are, that a broad `except` says why on its line, also where it raises,
and how long the lines of scripts and style sheets are.

Ruff holds the rest (pyproject.toml): 6 parameters, a complexity of 12, prints in commands alone,
lines of 120 characters.
"""

import ast
import math
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("retrieval", "webapp", "merge", "tests", "bench")
FILES = sorted(path for folder in FOLDERS if folder != "tests" for path in (ROOT / folder).rglob("*.py"))
LONGEST, USUAL = 80, 45  # lines of a function with its signature and docstring; 19 of 20 are no longer than the second
BROAD = re.compile(r"\s*except(?:\s+\(?.*\b(?:Base)?Exception\b[^:]*)?\s*:")
REASON = re.compile(r"#\s*(?:noqa: BLE001 \()?(?P<why>[^)#]+)")
SUPPRESSED = re.compile(r"suppress\(.*\b(?:Base)?Exception\b")


def lengths(path: Path) -> dict[str, int]:
    """The lines of each function of a file, by where it begins."""
    return {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize("folder", FOLDERS)
def test_functions_fit_on_a_screen(folder: str) -> None:
    found = {name: lines for path in (ROOT / folder).rglob("*.py") for name, lines in lengths(path).items()}
    assert {name: lines for name, lines in found.items() if lines > LONGEST} == {}
    assert sorted(found.values())[math.ceil(0.95 * len(found)) - 1] <= USUAL


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_broad_except_gives_its_reason_on_its_line(path: Path) -> None:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if BROAD.match(line) or SUPPRESSED.search(line):
            reason = REASON.search(line)
            assert reason is not None, f"{path}:{number} gives no reason"
            assert len(reason["why"].split()) >= 2, f"{path}:{number}: {line.strip()}"


def test_lines_of_scripts_and_style_sheets_can_be_read() -> None:
    files = [path for kind in ("*.js", "*.css") for path in (ROOT / "webapp").rglob(kind)]
    assert len(files) > 2
    assert [
        f"{path.name}: {line}" for path in files for line in path.read_text("utf-8").splitlines() if len(line) > 120
    ] == []
