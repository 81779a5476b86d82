import re
import subprocess
from pathlib import Path

import pytest

from tests.readme import GPU_SERVER, README, ROOT, made_from_code
from webapp.cli.main import app

TEXT = README.read_text("utf-8")
CODE = re.findall(r"```\n.*?```|`pincite [^`]*`|`make [^`]*`|^    [^\n]*$", TEXT, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("file", [README, GPU_SERVER], ids=lambda file: file.stem)
def test_what_is_made_from_the_code_is_as_the_code_has_it(file: Path) -> None:
    assert made_from_code(file) == file.read_text("utf-8"), "run `make readme`"


def test_every_command_is_told() -> None:
    names = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    names |= {group.name for group in app.registered_groups if group.name}
    assert {name for name in names if f"pincite {name}" not in TEXT} == set()


def test_every_command_that_is_told_exists() -> None:
    names = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    names |= {group.name for group in app.registered_groups if group.name}
    assert set(re.findall(r"pincite (\w+)", "".join(CODE))) <= names


@pytest.mark.parametrize("target", sorted(set(re.findall(r"make (\w+)", "\n".join(CODE)))))
def test_every_make_target_that_is_told_exists(target: str) -> None:
    assert subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True).returncode == 0


def test_every_file_that_is_told_exists() -> None:
    told = set(re.findall(r"\]\((?!http)([^)#]+)\)", TEXT))
    assert {path for path in told if not (ROOT / path).exists()} == set()
