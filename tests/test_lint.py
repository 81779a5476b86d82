"""What ruff has no rule for: a broad `except` says why on its line, also where it raises again."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(path for room in ("retrieval", "webapp", "merge", "bench") for path in (ROOT / room).rglob("*.py"))
BROAD = re.compile(r"\s*except(?:\s+\(?.*\b(?:Base)?Exception\b[^:]*)?\s*:")
REASON = re.compile(r"#\s*(?:noqa: BLE001 \()?(?P<why>[^)#]+)")
SUPPRESSED = re.compile(r"suppress\(.*\b(?:Base)?Exception\b")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_broad_except_gives_its_reason_on_its_line(path: Path) -> None:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if BROAD.match(line) or SUPPRESSED.search(line):
            reason = REASON.search(line)
            assert reason is not None, f"{path}:{number} gives no reason"
            assert len(reason["why"].split()) >= 2, f"{path}:{number}: {line.strip()}"
