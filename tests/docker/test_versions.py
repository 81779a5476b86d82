"""Versions of what others made: none that is known to be bad, each written once, and the guide tells the same."""

import re

import pytest

from tests.docker.advisories import ADVISORIES, against, version
from tests.docker.compose import ENGINES, ROOT, document, environment
from tests.docker.dockerfile import FILES, steps

GUIDE = ROOT / "docs" / "hosting" / "gpu-server.md"
SERVICES = document()["services"]
NOT_OURS = {name: service["image"] for name, service in SERVICES.items() if "build" not in service}
BASES = {step["value"].split()[0]: file.name for file in FILES for step in steps(file) if step["instruction"] == "FROM"}


@pytest.mark.parametrize("name", NOT_OURS)
def test_no_image_of_compose_is_a_version_known_to_be_bad(name: str) -> None:
    assert against(NOT_OURS[name], environment(SERVICES[name])) == []


@pytest.mark.parametrize("image", BASES)
def test_nothing_is_built_on_a_version_known_to_be_bad(image: str) -> None:
    assert against(image) == []


@pytest.mark.parametrize(
    ("image", "known"),
    [
        ("vllm/vllm-openai:v0.11.0", "CVE-2026-48746"),
        ("vllm/vllm-openai:v0.21.0-cu129", "CVE-2026-48746"),
        ("vllm/vllm-openai:v0.31.0", "CVE-2026-115911"),
        ("ghcr.io/huggingface/text-generation-inference:3.3.5", "CVE-2026-0599"),
        ("ghcr.io/ggml-org/llama.cpp:server-b11206", "CVE-2026-107183"),
        ("ghcr.io/ggml-org/llama.cpp:server-cuda13-b12404", "CVE-2026-134540"),
        ("caddy:2.11.4-alpine", "CVE-2026-55458"),
    ],
)
def test_a_version_that_was_left_does_not_come_back(image: str, known: str) -> None:
    assert known in [each.id for each in against(image)]


def test_an_advisory_that_wants_a_variable_holds_only_with_it() -> None:
    image = NOT_OURS["embeddings"]
    assert [each.id for each in against(image, {"API_KEY": "k"})] == ["CVE-2026-108857"]
    assert against(image, {"PORT": "80"}) == []


def test_every_advisory_is_of_an_image_that_is_run() -> None:
    run = {image.rpartition("/")[2].partition(":")[0] for image in [*NOT_OURS.values(), *BASES]}
    assert {each.product for each in ADVISORIES} <= run
    assert len({each.id for each in ADVISORIES}) == len(ADVISORIES)


def test_a_version_is_named_in_one_place() -> None:
    told = {str(version(image)) for image in NOT_OURS.values()}
    named = re.compile("|".join(rf"(?<![\d.]){re.escape(each)}(?![\d.]*\d)" for each in told))
    guide = GUIDE.read_text("utf-8")
    for name in ("engines", "advisories"):  # these are made from it
        guide = re.sub(rf"<!-- {name} begins -->.*<!-- {name} ends -->", "", guide, flags=re.DOTALL)
    elsewhere = [
        path
        for folder in ("docs", "docker")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".md", ".sh", ".Dockerfile")
    ]
    texts = {path: guide if path == GUIDE else path.read_text("utf-8") for path in elsewhere}
    assert len(texts) > 10
    assert {path.name: named.findall(text) for path, text in texts.items() if named.search(text)} == {}


def test_both_builds_of_llama_cpp_are_the_same() -> None:
    assert version(NOT_OURS["llama"]) == version(NOT_OURS["llama-cuda"])


def test_the_guide_has_a_row_for_each_engine_that_wants_a_card() -> None:
    text = GUIDE.read_text("utf-8")
    for profile, name in ENGINES.items():
        on_gpu = "devices" in str(SERVICES[name]["deploy"])
        assert ("x-needs" in SERVICES[name]) == on_gpu == (f"\n| {profile} | `" in text)
