from pathlib import Path

import pytest

from merge.errors import BadRecipeValue, MissingRecipeKey, RecipeError, UnknownKey, UnreadableRecipe, UnsupportedFeature
from merge.recipe import read_recipe

GOOD = """\
slices:
  - sources:
      - model: b
        layer_range: [0, 3]
      - model: a
        layer_range: [0, 3]
merge_method: slerp
base_model: a
parameters:
  t:
    - filter: mlp
      value: [0, 1e-1, 1]
    - value: 0.5
dtype: bfloat16
"""
# (what to replace, by what) → error, line, words of the sentence
BAD: dict[str, tuple[str, str, type[RecipeError], int, str]] = {
    "a typing mistake": ("merge_method", "merge_metod", UnknownKey, 7, "merge_metod"),
    "a key in a source": (
        "        layer_range: [0, 3]\n      - model: a",
        "        layers: 3\n      - model: a",
        UnknownKey,
        4,
        "layers",
    ),
    "a parameter": ("  t:", "  tt:", UnknownKey, 10, "tt"),
    "t in a source": ("  - model: a\n", "  - model: a\n        parameters: {t: 1}\n", UnknownKey, 6, "“t”"),
    "method": ("slerp", "ties", UnsupportedFeature, 7, "merge_method: ties"),
    "no dtype": ("dtype: bfloat16\n", "", MissingRecipeKey, 1, "dtype"),
    "dtype": ("bfloat16", "int8", BadRecipeValue, 14, "int8"),
    "no base": ("base_model: a\n", "", MissingRecipeKey, 1, "base_model"),
    "a third as base": ("base_model: a", "base_model: c", BadRecipeValue, 8, "cannot be c"),
    "part of the layers": (
        "model: b\n        layer_range: [0, 3]",
        "model: b\n        layer_range: [1, 3]",
        UnsupportedFeature,
        4,
        "[1, 3]",
    ),
    "ranges that differ": (
        "model: a\n        layer_range: [0, 3]",
        "model: a\n        layer_range: [0, 2]",
        UnsupportedFeature,
        6,
        "[0, 2]",
    ),
    "tokenizer of another": (
        "dtype:",
        "tokenizer_source: union\ndtype:",
        UnsupportedFeature,
        14,
        "tokenizer_source: union",
    ),
    "chat_template": ("dtype:", "chat_template: auto\ndtype:", UnsupportedFeature, 14, "chat_template"),
    "modules": ("slices:", "modules: {}\nslices:", UnsupportedFeature, 1, "modules"),
    "a LoRA": ("model: b", "model: b+lora", UnsupportedFeature, 3, "b+lora"),
    "one model": ("model: b", "model: a", UnsupportedFeature, 1, "1 different models"),
    "three models": (
        "      - model: a\n",
        "      - {model: c, layer_range: [0, 3]}\n      - model: a\n",
        UnsupportedFeature,
        1,
        "3 different models",
    ),
    "a word as t": ("value: 0.5", "value: half", BadRecipeValue, 10, "“t”"),
    "not YAML": ("slices:", "slices: [", UnreadableRecipe, 0, "line"),
    "slices and models": ("dtype:", "models: []\ndtype:", MissingRecipeKey, 1, "slices or models"),
}


def test_the_good_recipe_is_read(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(GOOD)
    recipe = read_recipe(tmp_path / "r.yaml")
    assert (recipe.base, recipe.other, recipe.layers, recipe.method) == ("a", "b", 3, "slerp")


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_is_named_with_its_line(name: str, tmp_path: Path) -> None:
    old, new, error, line, words = BAD[name]
    assert old in GOOD
    (tmp_path / "r.yaml").write_text(GOOD.replace(old, new, 1))
    with pytest.raises(error) as caught:
        read_recipe(tmp_path / "r.yaml")
    assert words in str(caught.value)
    assert caught.value.hint
    if line:
        assert f"line {line}:" in str(caught.value)


def test_a_recipe_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableRecipe, match="No such file"):
        read_recipe(tmp_path / "r.yaml")
