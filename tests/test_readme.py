"""The README tells the commands that there are, and no other."""

import re
import subprocess
from pathlib import Path

import pytest

from webapp.cli.main import app

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text("utf-8")
CODE = re.findall(r"```\n.*?```|`pincite [^`]*`|`make [^`]*`|^    [^\n]*$", TEXT, re.DOTALL | re.MULTILINE)
NAMES = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
NAMES |= {group.name for group in app.registered_groups if group.name}


def test_every_command_is_told() -> None:
    assert {name for name in NAMES if f"pincite {name}" not in TEXT} == set()


def test_every_command_that_is_told_exists() -> None:
    assert set(re.findall(r"pincite (\w+)", "".join(CODE))) <= NAMES


@pytest.mark.parametrize("target", sorted(set(re.findall(r"make ([\w-]+)", "\n".join(CODE)))))
def test_every_make_target_that_is_told_exists(target: str) -> None:
    assert subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True).returncode == 0
