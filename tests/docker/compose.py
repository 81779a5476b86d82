"""docker/compose.yaml as Compose sees it: variables put in, anchors followed, the services of some profiles."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker" / "compose.yaml"
ENGINES = {"gpu": "vllm", "tgi": "tgi", "small": "llama-cuda", "cpu": "llama"}  # by profile

Service = dict[str, Any]

_VARIABLE = re.compile(r"\$(?:\$|\{(\w+)(?::-([^}]*))?\})")


def document(variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The whole file, with `variables` as docker/.env would have them."""
    filled: dict[str, Any] = _filled(yaml.safe_load(FILE.read_text("utf-8")), variables or {})
    return filled


def services(profiles: Collection[str] = (), variables: Mapping[str, str] | None = None) -> dict[str, Service]:
    """The services that these profiles start, by name."""
    everything: dict[str, Service] = document(variables)["services"]
    return {
        name: service
        for name, service in everything.items()
        if not service.get("profiles") or set(service["profiles"]) & set(profiles)
    }


def environment(service: Service, variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Its variables. One without a value comes from docker/.env, or is none."""
    told = {name: (variables or {}).get(name) if value is None else value for name, value in _named(service)}
    return {name: value for name, value in told.items() if value is not None}


def secrets(service: Service) -> dict[str, str]:
    """Where each secret lies in the container's /run/secrets, by its source."""
    given = [{"source": each} if isinstance(each, str) else each for each in service.get("secrets", [])]
    return {each["source"]: each.get("target", each["source"]) for each in given}


def _named(service: Service) -> list[tuple[str, str | None]]:
    return list(service.get("environment", {}).items())


def _filled(part: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(part, dict):
        return {key: _filled(value, variables) for key, value in part.items()}
    if isinstance(part, list):
        return [_filled(each, variables) for each in part]
    if isinstance(part, str):
        return _VARIABLE.sub(lambda found: "$" if found[1] is None else variables.get(found[1]) or found[2] or "", part)
    return part
