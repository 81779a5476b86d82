"""The guides promise what the code has: settings, services and files that they name are there,
and their sizes are arithmetic.
"""

import math
import re
from pathlib import Path

import pytest

from bench.gpu_memory import GIB, MISTRAL, WINDOW, card, needed
from merge.architecture import expected_shapes
from tests.docker.compose import document
from tests.docs import ROOT
from webapp.core.settings import PREFIX, Settings

GUIDES = sorted((ROOT / "docs").rglob("*.md"))
ELSEWHERE = {"PINCITE_MODELS", "PINCITE_PUBLISH", "PINCITE_SITE"}  # read by docker/compose.yaml alone

CONFIG = {
    "architectures": ["MistralForCausalLM"],
    "model_type": "mistral",
    "hidden_size": MISTRAL.hidden,
    "intermediate_size": MISTRAL.intermediate,
    "num_hidden_layers": MISTRAL.layers,
    "num_attention_heads": MISTRAL.heads,
    "num_key_value_heads": MISTRAL.kv_heads,
    "vocab_size": MISTRAL.vocabulary,
    "tie_word_embeddings": False,
}


def test_the_weights_are_those_of_the_merge_tensor_by_tensor() -> None:
    sizes = {
        name: math.prod(shape) + 2 * shape[0] if name.endswith("_proj.weight") else 2 * math.prod(shape)
        for name, shape in expected_shapes(CONFIG).items()
    }
    assert MISTRAL.weights() == sum(sizes.values())
    assert round(MISTRAL.weights() / 1e9, 2) == 7.51


def test_what_is_kept_of_a_reader_is_as_the_guide_says() -> None:
    assert MISTRAL.kept(1, bytes_each=2) == 32 * 2 * 8 * 128 * 2 == 128 * 1024
    assert MISTRAL.kept(WINDOW, bytes_each=2) == 2 * MISTRAL.kept(WINDOW, bytes_each=1) == GIB // 2


def test_a_card_holds_what_the_table_says_and_the_next_smaller_one_does_not() -> None:
    assert (card(needed(8, bytes_each=2)), card(needed(16, bytes_each=2)), card(1000)) == (
        "16 GB",
        "24 GB",
        "more than one",
    )


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_what_a_guide_names_is_there(guide: Path) -> None:
    text = guide.read_text("utf-8")
    named = set(re.findall(r"\bPINCITE_[A-Z_]+[A-Z]\b", text))
    assert {name.removeprefix(PREFIX).lower() for name in named - ELSEWHERE} <= set(Settings.model_fields)
    files = re.findall(r"`((?:docker|bench|merge|retrieval|webapp)/[\w./-]+)[^`]*`", text)
    assert [file for file in files if not (ROOT / file).exists() and file != "docker/.env"] == []
    targets = set(re.findall(r"`make ([\w-]+)`", text))
    assert targets <= set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_the_profiles_of_the_gpu_server_are_those_of_compose() -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/hosting/gpu-server.md").read_text("utf-8"), re.MULTILINE))
    profiles = {profile for service in document()["services"].values() for profile in service.get("profiles", ())}
    assert told == profiles - {"merge"}
