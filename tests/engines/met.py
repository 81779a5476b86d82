"""What the real servers did when they were last met, as `check` recorded it, as tables for docs/engines.md."""

import json
from pathlib import Path
from typing import Any

RECORD = Path(__file__).with_name("met.json")
SERVERS = {"vllm": "vLLM", "llama.cpp": "llama.cpp"}


def recorded() -> dict[str, Any]:
    """The record."""
    record: dict[str, Any] = json.loads(RECORD.read_text("utf-8"))
    return record


def table() -> str:
    """The cases, and what the reader is given and the log says."""
    record = recorded()
    rows = {kind: record[kind]["rows"] for kind in SERVERS}
    lines = ["| what happens | the reader gets | the log has |", "|---|---|---|"]
    for case in dict.fromkeys(case for kind in SERVERS for case in rows[kind]):
        told = {name: rows[kind][case] for kind, name in SERVERS.items() if case in rows[kind]}
        reader = _joined({name: row["reader"] for name, row in told.items()})
        log = _joined({name: f"`{row['log']}`" if row["log"] else "" for name, row in told.items()})
        lines.append(f"| {case} | {reader} | {log} |")
    return "\n".join(lines)


def _joined(cells: dict[str, str]) -> str:
    """One text for all servers, or one for each."""
    if len(cells) == len(SERVERS) and len(set(cells.values())) == 1:
        return next(iter(cells.values()))
    return "<br>".join(f"{name}: {text}" for name, text in cells.items() if text)


def figures() -> str:
    """Versions, token counts and logits."""
    record = recorded()
    versions = ", ".join(f"{name} {record[kind]['version']}" for kind, name in SERVERS.items())
    lines = [f"Met on {record['date']}: {versions} (its version in xllamacpp), on a processor without a GPU.", ""]
    lines += ["| a prompt's tokens, counted above those of | fewest | most |", "|---|---|---|"]
    for kind, name in SERVERS.items():
        fewest, most = record[kind]["tokens"]
        lines.append(f"| {name} | {fewest} | {most} |")
    lines += ["", "| next-token logits | relative error | same best token | KL divergence, nats |", "|---|---|---|---|"]
    for name, row in record["vllm"]["logits"].items():
        share = f"{row['logits_same_best']:.0%}"
        lines.append(f"| {name} | {row['logits_error']:.3f} | {share} | {row['logits_kl']:.4f} |")
    return "\n".join(lines)
