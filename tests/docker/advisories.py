"""Versions of the images we run that are known to be bad, and which of them a compose file or a Dockerfile would bring.

Added to when one becomes known, never taken from: a version that was left for a reason must not come back.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.version import Version

_VERSION = re.compile(r"(?:^|-)[vb]?(\d+(?:\.\d+)*)(?=-|$)")


@dataclass(frozen=True)
class Advisory:
    """What is bad in which versions of an image, by the last part of its name;
    builds of llama.cpp count as versions.
    """

    product: str
    bad: str  # as pip writes ranges
    id: str
    what: str
    only_with: str | None = None  # the variable without which it cannot happen


ADVISORIES = (
    Advisory("vllm-openai", ">=0.3.0,<0.22.0", "CVE-2026-48746", "answers without its key to a forged Host header"),
    Advisory("vllm-openai", ">=0.10.1,<0.14.0", "CVE-2026-22807", "runs code that a model's config names"),
    Advisory("vllm-openai", "<0.19.0", "CVE-2026-34756", "one request can use up the memory"),
    Advisory("vllm-openai", "<0.30.0", "CVE-2026-105757", "a request for structured output can end the server"),
    Advisory("vllm-openai", ">=0.19.0,<0.32.0", "CVE-2026-115911", "a request's chat template can hold up all others"),
    Advisory("vllm-openai", "<0.33.0", "GHSA-5r3c-5x4v-8gjh", "mended in 0.33.0, as reported; its text was not read"),
    Advisory(
        "text-generation-inference", "<3.3.7", "CVE-2026-0599", "fetches an image of any size that a prompt names"
    ),
    Advisory("llama.cpp", ">=7492,<=9060", "CVE-2026-43631", "a request while the server falls asleep can run code"),
    Advisory("llama.cpp", ">=8227,<11393", "CVE-2026-107183", "a request's chat parser can write into freed memory"),
    Advisory("llama.cpp", "<12405", "CVE-2026-134540", "a request's grammar triggers are not checked"),
    Advisory("text-embeddings-inference", "<=1.9.4", "CVE-2026-108857", "writes its key into its log", "API_KEY"),
    Advisory("caddy", ">=2.10.0,<2.11.2", "CVE-2026-30851", "forward_auth lets a client's own headers through"),
    Advisory("caddy", "<2.11.5", "CVE-2026-55458", "headers meant for one hop go on to the client"),
)


def version(image: str) -> Version:
    """The version in an image's tag: of `v0.33.0-cu129` 0.33.0, of `server-cuda-b12464` 12464, of `cpu-1.9.4` 1.9.4."""
    tag = image.rpartition(":")[2]
    found: list[str] = _VERSION.findall(tag)
    if not found:
        raise ValueError(f"no version in {image}")
    return Version(found[-1])


def against(image: str, environment: Mapping[str, str] | None = None) -> list[Advisory]:
    """The advisories that hold for an image which is run with these variables."""
    product = image.rpartition("/")[2].partition(":")[0]
    return [
        each
        for each in ADVISORIES
        if each.product == product
        and version(image) in SpecifierSet(each.bad)
        and (each.only_with is None or each.only_with in (environment or {}))
    ]
