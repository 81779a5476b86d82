"""Model card (README.md) of a merge: licence, lineage, recipe, and a summary of the report."""

import re
from pathlib import Path

import yaml

from merge.checkpoint import Checkpoint
from merge.plan import Plan
from merge.report import PLOT, Row
from merge.shards import write_text

# Licences whose works may be passed on under Apache-2.0, with their notices kept.
PERMISSIVE = {"apache-2.0", "mit", "bsd-3-clause", "bsd-2-clause"}
FORMAT_TEXT = {
    "fp8": "FP8 (compressed-tensors `float-quantized`: e4m3 weights with one scale per output row, activations scaled "
    "per token when served, `lm_head` and embeddings in bfloat16). For TGI, vLLM and transformers. Do not pass "
    "`--quantize`: the checkpoint is quantised already.",
    "bf16": "bfloat16 safetensors, the reference the FP8 folder is compared with.",
    "gguf": "GGUF for llama.cpp.",
}


def write_card(folder: Path, format_: str, plan: Plan, rows: list[Row]) -> None:
    """Write README.md into the folder of one format."""
    licences = {parent.ref: licence_of(parent) for parent in (plan.base, plan.other)}
    front = {
        "license": merged_licence(list(licences.values())),
        "base_model": [plan.base.ref.partition("@")[0], plan.other.ref.partition("@")[0]],
        "base_model_relation": "merge",
        "tags": ["merge", plan.recipe.method, format_],
    }
    recipe = plan.recipe.text.decode().rstrip()
    text = f"""---
{yaml.safe_dump(front, sort_keys=False).rstrip()}
---
# {plan.recipe.path.stem}

A merge of two models by {plan.recipe.method}, written as {FORMAT_TEXT[format_]}

## Lineage
| | model | commit | licence |
|---|---|---|---|
| base | {plan.base.ref} | {plan.base.revision or "local folder"} | {licences[plan.base.ref]} |
| other | {plan.other.ref} | {plan.other.revision or "local folder"} | {licences[plan.other.ref]} |

Config and tokenizer are the base's. Hashes of every input tensor and output file: `report.json` and `manifest.json`.

## Recipe
```yaml
{recipe}
```

## Report
{_summary(rows)}

![Where the parents differ, layer by layer]({PLOT})
"""
    write_text(folder / "README.md", text)


def licence_of(parent: Checkpoint) -> str:
    """The licence in the front matter of a model's README.md, or `unknown`."""
    card = parent.folder / "README.md"
    match = re.match(r"---\n(.*?)\n---", card.read_text(errors="replace"), re.DOTALL) if card.exists() else None
    try:
        front = yaml.safe_load(match.group(1)) if match else {}
    except yaml.YAMLError:
        front = {}
    return str(front.get("license", "unknown")) if isinstance(front, dict) else "unknown"


def merged_licence(parents: list[str]) -> str:
    """The licence of the merge: that of both parents, Apache-2.0 if both are permissive,
    else `other`, for a person to decide.
    """
    if len(set(parents)) == 1 and parents[0] != "unknown":
        return parents[0]
    return "apache-2.0" if set(parents) <= PERMISSIVE else "other"


def _summary(rows: list[Row]) -> str:
    far = max(rows, key=lambda row: row.distance)
    lines = [
        f"- {len(rows)} tensors; {sum(row.linear for row in rows)} so nearly parallel that slerp fell back to linear.",
        f"- The parents lie furthest apart in `{far.tensor}`: |other − base| / |base| = {far.distance:.3f}.",
    ]
    errors = [row.fp8_error for row in rows if row.fp8_error is not None]
    if errors:
        mean = sum(errors) / len(errors)
        lines.append(
            f"- FP8 error |dequantised − merged| / |merged|: {mean:.4f} on average, {max(errors):.4f} at most."
        )
    return "\n".join(lines)
