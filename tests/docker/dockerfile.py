"""The Dockerfiles as steps."""

import io
from pathlib import Path
from typing import Any

from dockerfile_parse import DockerfileParser

from tests.docker.compose import ROOT

FILES = sorted((ROOT / "docker").glob("*.Dockerfile"))


def steps(file: Path) -> list[dict[str, Any]]:
    """Its instructions in order, each with "instruction" and "value"."""
    parser = DockerfileParser(fileobj=io.BytesIO(file.read_bytes()))
    return [step for step in parser.structure if step["instruction"] != "COMMENT"]


def stages(file: Path) -> list[list[dict[str, Any]]]:
    """Its instructions stage by stage, each stage beginning with its FROM."""
    found: list[list[dict[str, Any]]] = []
    for step in steps(file):
        if step["instruction"] == "FROM":
            found.append([])
        found[-1].append(step)
    return found
