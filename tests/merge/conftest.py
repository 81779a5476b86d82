"""Two parents of one family and a sound build of them, made once."""

import os
import warnings
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
with warnings.catch_warnings():
    # Third-party modules that warn while they are imported; once imported they are quiet.
    warnings.simplefilter("ignore")
    import mergekit.merge  # noqa: F401
    import transformers  # noqa: F401

import torch

from merge.build import build
from merge.checkpoint import Checkpoint, open_checkpoint
from tests.merge import pico

# Pico weights are 500 kB in bf16: several shards of every model.
BLOCK_BYTES = 150_000


@pytest.fixture(scope="session")
def parents(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A bf16 base and an fp32 other, in two and three shards."""
    folder = tmp_path_factory.mktemp("parents")
    base = pico.make_model(folder / "base", seed=1)
    return base, pico.make_model(folder / "other", seed=2, dtype=torch.float32, shards=3)


@pytest.fixture(scope="session")
def opened(parents: tuple[Path, Path]) -> tuple[Checkpoint, Checkpoint]:
    return open_checkpoint(str(parents[0])), open_checkpoint(str(parents[1]))


@pytest.fixture
def recipe(parents: tuple[Path, Path], tmp_path: Path) -> Path:
    return pico.write_recipe(tmp_path / "recipe.yaml", *parents)


@pytest.fixture(scope="session")
def built(parents: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """OUT with fp8/ and bf16/. Not to be written to: copy it."""
    folder = tmp_path_factory.mktemp("built")
    recipe = pico.write_recipe(folder / "recipe.yaml", *parents)
    build(recipe, folder / "out", ("fp8", "bf16"), block_bytes=BLOCK_BYTES)
    return folder / "out"
