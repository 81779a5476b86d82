"""Verification of a finished folder, from its files alone.

Checks files against the manifest, tensors against config and report, config and tokenizer for `serving_faults`; with
the sources also recomputes sampled tensors. It uses nothing that the build has in memory.
"""

import stat
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from merge.checkpoint import Checkpoint, read_config
from merge.errors import CheckpointError, NotABuild, RecipeError
from merge.inspection import Finding, gguf_tensor_faults, tensor_faults
from merge.logits import WORST_ERROR, compare
from merge.manifest import FORMATS, MANIFEST, WEIGHTS, read_manifest
from merge.parallel import map_in_threads, run_in_thread
from merge.plan import Plan, make_plan
from merge.recipe import Recipe, read_recipe
from merge.recompute import recompute
from merge.report import Row, read_report
from merge.schedule import Schedule
from merge.serving_faults import config_faults, gguf_faults, tokenizer_faults
from merge.shards import file_sha256
from merge.weights import GgufWeights, open_weights

# e4m3 has steps of 1/16 to 1/8: matrices of normally distributed values have an error of 0.027. Twice that is not
# rounding.
WORST_FP8_ERROR = 0.05
WITHOUT_SOURCES = "not checked without --sources BASE OTHER: the values of the tensors, the base's config and tokenizer"
WITHOUT_LOGITS = "not checked without --logits BF16_DIR: the next-token logits"


@dataclass(frozen=True)
class Fault:
    """One fault: the check that found it, the file or tensor, and what is wrong."""

    check: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass
class Verification:
    """Result for one folder: faults, checks that were not made (`unchecked`, as sentences) and figures."""

    folder: Path
    format: str
    faults: list[Fault] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def add(self, check: str, findings: Iterable[Finding]) -> None:
        """Add (where, what) pairs as faults of one check."""
        self.faults += [Fault(check, where, what) for where, what in findings]


def build_folders(folder: Path) -> list[Path]:
    """The folders of a build: the folder itself, or its fp8/, bf16/ and gguf/. Raises NotABuild."""
    if not folder.is_dir():
        raise NotABuild(folder=folder, reason="there is no such folder")
    return [folder / name for name in FORMATS if (folder / name / MANIFEST).exists()] or [folder]


def verify(
    folder: Path, parents: tuple[Checkpoint, Checkpoint] | None = None, hashed: Container[str] = ()
) -> Verification:
    """Make all checks of one finished folder; those against the sources only if `parents` (base, other) are given.

    `hashed` names files whose hashes are not checked, because the caller has just read them from the disk. Raises
    NotABuild without a manifest, ParentsDiffer or RecipeError if the sources do not fit.
    """
    manifest = read_manifest(folder)
    result = Verification(folder, manifest["format"])
    result.add("files", _file_faults(folder, manifest, hashed))
    try:
        recipe, rows = read_recipe(folder / "recipe.yaml"), read_report(folder)
        weights = open_weights(folder, result.format)
        config = {} if result.format == "gguf" else read_config(folder)
    except (RecipeError, CheckpointError, OSError, ValueError, TypeError, KeyError, IndexError) as error:
        result.add("files", [(folder.name, f"it cannot be read ({error})")])
        return result
    base = parents[0] if parents else None
    plan = make_plan(recipe, *parents) if parents else None
    recomputed = run_in_thread(lambda: list(recompute(plan, weights))) if plan else None
    if isinstance(weights, GgufWeights):
        result.add("config", gguf_faults(weights, base))
        result.add("tensors", gguf_tensor_faults(weights, rows))
    else:
        result.add("config", config_faults(config, result.format, base))
        result.add("tokenizer", tokenizer_faults(folder, base))
        result.add("tensors", tensor_faults(weights, config, rows))
    result.add("report", _report_faults(recipe, rows))
    errors = [row.fp8_error for row in rows if row.fp8_error is not None]
    if errors:
        result.figures |= {"fp8_error_mean": sum(errors) / len(errors), "fp8_error_max": max(errors)}
    if plan is None or recomputed is None:
        result.unchecked.append(WITHOUT_SOURCES)
        return result
    result.add("sources", _source_faults(manifest, plan))
    result.figures["tensors_recomputed"] = len(recomputed.result())
    result.add("values", [(name, what) for name, what in recomputed.result() if what is not None])
    return result


def _file_faults(folder: Path, manifest: dict[str, Any], hashed: Container[str]) -> Iterable[Finding]:
    for name in manifest["outputs"]:
        file = folder / name
        if not file.is_file():
            yield name, "it is missing, and the manifest lists it"
            continue
        mode = stat.S_IMODE(file.stat().st_mode)
        if not mode & stat.S_IROTH:
            yield name, f"only its owner can read it (mode {mode:04o}), a container cannot"
    present = [name for name in manifest["outputs"] if (folder / name).is_file() and name not in hashed]
    for name, found in zip(present, map_in_threads(lambda name: file_sha256(folder / name), present), strict=True):
        if found != manifest["outputs"][name]["sha256"]:
            yield name, "its SHA-256 is not the manifest's: it was changed after the build"
    for file in sorted(folder.iterdir()):
        if file.suffix in WEIGHTS and file.name not in manifest["outputs"]:
            yield file.name, "weights that the manifest does not list"


def _report_faults(recipe: Recipe, rows: list[Row]) -> Iterable[Finding]:
    layers = sum(row.tensor.endswith("input_layernorm.weight") for row in rows)
    schedule = Schedule(recipe, layers)
    for row in rows:
        t = schedule.share(row.tensor).t
        if abs(t - row.t) > 1e-9:
            yield row.tensor, f"the report says t = {row.t:.4g}, the recipe {t:.4g}"
        if row.fp8_error is not None and not row.fp8_error <= WORST_FP8_ERROR:
            yield row.tensor, f"its FP8 error is {row.fp8_error:.3f}; up to {WORST_FP8_ERROR} is rounding"


def _source_faults(manifest: dict[str, Any], plan: Plan) -> Iterable[Finding]:
    for role, parent in (("base", plan.base), ("other", plan.other)):
        source, identity = manifest["sources"][role], parent.identity()
        for key in ("config_sha256", "files"):
            if source[key] != identity[key]:
                yield MANIFEST, f"the {role} model was {source['model']}, whose {key} differs from {parent.folder}"


def check_logits(result: Verification, bf16: Path | None) -> None:
    """Compare an FP8 folder's logits with those of its bf16 merge, if that is given. Raises NotABuild."""
    if result.format != "fp8":
        return
    if bf16 is None:
        result.unchecked.append(WITHOUT_LOGITS)
        return
    if result.faults:
        result.unchecked.append("logits were not compared: the folder has other faults")
        return
    if read_manifest(bf16)["format"] != "bf16":
        raise NotABuild(folder=bf16, reason="--logits requires the bf16 folder of the same recipe")
    figures = compare(result.folder, bf16)
    result.figures |= figures
    if not figures["logits_error"] <= WORST_ERROR:
        what = f"the error of its logits against bf16 is {figures['logits_error']:.2f}; up to {WORST_ERROR} is rounding"
        result.add("logits", [(result.folder.name, what)])
