"""Report of a merge: figures of each tensor (`report.json`), and a plot of the parents' distance (`parents.png`)."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from merge.architecture import is_linear, layer_of
from merge.shards import write_text

REPORT, PLOT = "report.json", "parents.png"


@dataclass(frozen=True)
class Row:
    """Figures of one tensor.

    `t`: share of the other parent. `cosine` and `distance` (|b-a|/|a|) of the parents. `linear`: slerp fell back to
    linear. `norm` of the merged tensor. `fp8_error`: |dequantised - merged| / |merged|, None if the tensor is not FP8.
    The hashes are of the source's bytes as stored.
    """

    tensor: str
    shape: list[int]
    t: float
    cosine: float
    distance: float
    linear: bool
    norm: float
    base_sha256: str
    other_sha256: str
    fp8_error: float | None = None


def write_report(folder: Path, rows: list[Row]) -> None:
    """Write report.json, one line for each tensor, and parents.png."""
    lines = ",\n".join(json.dumps(asdict(row)) for row in rows)
    write_text(folder / REPORT, f"[\n{lines}\n]\n")
    _plot(folder / PLOT, rows)


def read_report(folder: Path) -> list[Row]:
    """Read the rows of a finished folder, in build order."""
    return [Row(**row) for row in json.loads((folder / REPORT).read_bytes())]


def _plot(file: Path, rows: list[Row]) -> None:
    """Plot the distance of the parents by layer, one line for each kind of matrix."""
    from matplotlib.figure import Figure

    lines: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        if is_linear(row.tensor):
            kind = row.tensor.split(".", 3)[3].removesuffix(".weight")
            lines.setdefault(kind, []).append((layer_of(row.tensor) or 0, row.distance))
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for kind, points in sorted(lines.items()):
        style = "-" if kind.startswith("mlp") else "--"
        axes.plot(*zip(*points, strict=True), style, marker=".", label=kind)
    axes.set(xlabel="layer", ylabel="|other − base| / |base|", title="Where the parents differ", ylim=(0, None))
    axes.grid(alpha=0.3)
    axes.legend(ncols=2, fontsize="small")
    figure.savefig(file, dpi=110, metadata={"Software": None})
    file.chmod(0o644)
