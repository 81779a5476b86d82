import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from merge.cli import app
from tests.merge import pico

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def run(*arguments: object) -> tuple[int, list[str], str]:
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    return result.exit_code, result.stdout.splitlines(), result.stderr


def test_build_prints_one_json_object_a_format_and_nothing_else(recipe: Path, tmp_path: Path) -> None:
    code, lines, _ = run("build", recipe, tmp_path / "out", "--format", "fp8", "--format", "bf16", "--json")
    assert code == 0
    said = [json.loads(line) for line in lines]
    assert [line["format"] for line in said] == ["fp8", "bf16"]
    for line in said:
        assert line["bytes"] == sum(file.stat().st_size for file in Path(line["folder"]).iterdir())


def test_one_format_is_written_into_out_itself(recipe: Path, tmp_path: Path) -> None:
    code, lines, _ = run("build", recipe, tmp_path / "out")
    assert (code, len(lines)) == (0, 1)
    assert (tmp_path / "out" / "model.safetensors").exists()


def test_verify_exits_0_and_says_what_it_could_not_check(built: Path) -> None:
    code, lines, _ = run("verify", built / "fp8", "--json")
    assert code == 0
    (summary,) = (json.loads(line) for line in lines)
    assert summary["right"] is True
    assert ["--sources" in text for text in summary["not_checked"]] == [True, False]
    assert "--logits" in summary["not_checked"][1]


def test_verify_exits_1_with_a_line_a_fault(built: Path, parents: tuple[Path, Path]) -> None:
    code, lines, _ = run("verify", built, "--sources", *reversed(parents), "--json")
    said = [json.loads(line) for line in lines]
    assert code == 1
    assert [line["right"] for line in said if "right" in line] == [False, False]
    assert {line["check"] for line in said if "check" in line} >= {"sources", "values"}
    code, lines, _ = run("verify", built / "bf16", "--sources", *reversed(parents))
    assert code == 1
    assert any("the parents are swapped" in line for line in lines)


@pytest.mark.parametrize("as_json", [False, True])
def test_an_error_is_a_sentence_and_a_hint_on_standard_error(as_json: bool, tmp_path: Path) -> None:
    code, lines, stderr = run("verify", tmp_path, *(["--json"] if as_json else []))
    assert (code, lines) == (1, [])
    sentence, hint = json.loads(stderr).values() if as_json else stderr.splitlines()
    assert "is not a finished build" in sentence
    assert "pincite merge build" in hint


@pytest.mark.parametrize(
    "arguments", [["verify"], ["build", "r.yaml"], ["build", "r", "o", "--format", "x"], ["merge"]]
)
def test_wrong_usage_exits_2(arguments: list[str]) -> None:
    assert run(*arguments)[0] == 2


def test_help_loads_none_of_the_heavy_libraries() -> None:
    code = "import sys, merge.cli; print(sorted({'torch', 'transformers', 'mergekit'} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_python_m_merge_works(tmp_path: Path) -> None:
    command, wide = [sys.executable, "-m", "merge", "--help"], os.environ | {"COLUMNS": "80"}
    out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=wide, check=False)
    assert out.returncode == 0
    assert "verify" in out.stdout


def test_the_installed_recipe_is_the_model_cards() -> None:
    from merge.recipe import read_recipe

    recipe = read_recipe(ROOT / "merge" / "recipes" / "saul-mistral-v0.2-7b-slerp.yaml")
    assert (recipe.base, recipe.other) == ("mistralai/Mistral-7B-Instruct-v0.2", "Equall/Saul-Base")
    assert (recipe.layers, recipe.dtype) == (32, "bfloat16")
    assert recipe.data["parameters"] == pico.T
