"""Manifest of a finished folder (`manifest.json`): sources, versions, and the SHA-256 of every output file.

It has no times or machine names: the same sources, recipe and versions give the same bytes. The hashes of the source
tensors, taken as they were read, are in report.json, whose own hash the manifest has.
"""

import json
from pathlib import Path
from typing import Any

from merge.errors import NotABuild
from merge.plan import Plan
from merge.shards import file_sha256, write_text

MANIFEST = "manifest.json"
FORMATS = ("fp8", "bf16", "gguf")
WEIGHTS = (".safetensors", ".gguf")


def write_manifest(folder: Path, format_: str, plan: Plan, weights: dict[str, str]) -> None:
    """Write the manifest of all files of `folder`; `weights` are the {file: SHA-256} known already."""
    files = {}
    for file in sorted(folder.iterdir()):
        if file.is_file() and file.name not in (MANIFEST, "journal.jsonl"):
            sha256 = weights.get(file.name) or file_sha256(file)
            files[file.name] = {"bytes": file.stat().st_size, "sha256": sha256}
    manifest = {"format": format_, **plan.identity(), "input_tensors": "report.json", "outputs": files}
    write_text(folder / MANIFEST, json.dumps(manifest, indent=2) + "\n")


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a build. Raises NotABuild."""
    if not (folder / MANIFEST).exists():
        raise NotABuild(folder=folder, reason=f"it has no {MANIFEST}")
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        if manifest["format"] in FORMATS and isinstance(manifest["outputs"], dict):
            return dict(manifest)
    except (ValueError, KeyError, TypeError) as error:
        raise NotABuild(folder=folder, reason=f"its {MANIFEST} cannot be read") from error
    raise NotABuild(folder=folder, reason=f"its {MANIFEST} names no known format")
