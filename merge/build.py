"""Build of a merge: two checkpoints and a recipe become verified folders, in one pass over the tensors.

    recipe → plan → for each block: merge its tensors → write a shard in every format → verify → rename

All files are written to OUT.partial. Its journal records each finished block with its hashes, and an interrupted build
resumes after the last one. OUT is created by one rename after verification.

Importing this module sets the environment variable THP_MEM_ALLOC_ENABLE unless it is set.
"""

import json
import math
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Protocol

import torch
from filelock import FileLock, Timeout

from merge.buffers import BufferPool
from merge.card import write_card
from merge.checkpoint import open_checkpoint, read_tensor
from merge.errors import BuildBusy, NoSpace, NotFiniteWeights, OutputExists, VerificationFailed
from merge.fp8 import QUANTIZATION_CONFIG
from merge.manifest import write_manifest
from merge.parallel import map_in_threads
from merge.plan import BLOCK_BYTES, Plan, make_plan
from merge.recipe import read_recipe
from merge.report import Row, write_report
from merge.serving import serving_config, tokenizer_files
from merge.shards import ShardedModel, write_text
from merge.slerp import combine_, measure, mix
from merge.verify import verify

# With huge pages, allocating a tensor of 100 MB takes half the time. torch reads this at its first allocation.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
# Config, tokenizer, report and card of one folder.
SMALL_FILES_BYTES = 50_000_000
JOURNAL = "journal.jsonl"


class Block(Protocol):
    """Writer of one block in one format."""

    def add(self, name: str, tensor: torch.Tensor) -> dict[str, float]:
        """Store one merged bf16 tensor; returns figures for the report. Thread-safe."""

    def end(self) -> dict[str, str]:
        """Flush; returns {file: SHA-256} of the files that are final."""


class Model(Protocol):
    """Writer of one format's weights."""

    @property
    def bytes(self) -> int:
        """Size of all weights on disk."""

    def begin(self, block: int) -> Block:
        """Start writing a block, from its beginning."""

    def complete(self) -> dict[str, str]:
        """Finish the model; returns {file: SHA-256} of the files that are final only now."""


def build(
    recipe_path: Path,
    out: Path,
    formats: tuple[str, ...] = ("fp8",),
    *,
    gguf_type: str = "q8_0",
    block_bytes: int = BLOCK_BYTES,
    progress: Callable[[int, int], object] = lambda _done, _total: None,
) -> list[Path]:
    """Merge, write and verify; returns the finished folders.

    Calls `progress(done, total)` with bytes of the sources. One format is written into `out` itself, several into its
    subfolders. Raises MergeError.
    """
    recipe = read_recipe(recipe_path)
    plan = make_plan(recipe, open_checkpoint(recipe.base), open_checkpoint(recipe.other), block_bytes)
    with _partial_folder(out) as partial:
        folders = {name: partial / name if len(formats) > 1 else partial for name in formats}
        journal = Journal(partial, _identity(plan, formats, gguf_type))
        resumed_from = len(journal.blocks)
        models = {name: _model(name, folder, plan, gguf_type) for name, folder in folders.items()}
        _check_space(out, sum(model.bytes for model in models.values()) - journal.stored_bytes)
        _merge_blocks(plan, models, journal, progress)
        faults = []
        for name, folder in folders.items():
            new_hashes = journal.hashes(name, since=resumed_from) | models[name].complete()
            _write_small_files(name, folder, plan, journal.rows, journal.hashes(name) | new_hashes)
            faults += verify(folder, (plan.base, plan.other), new_hashes).faults
        if faults:
            raise VerificationFailed(first=faults[0], count=len(faults), partial=partial)
        journal.remove()
        partial.rename(out)
    return [out / folder.relative_to(partial) for folder in folders.values()]


class Journal:
    """The finished blocks of a build: a first line that identifies the build, then one JSON line for each block.

    A folder that another build left (another recipe, source, version or format) is emptied.
    """

    def __init__(self, partial: Path, identity: str) -> None:
        self._partial, self._file = partial, partial / JOURNAL
        # Text after the last line end was cut off by a crash; its block was not finished.
        lines = self._file.read_text().split("\n")[:-1] if self._file.exists() else []
        if lines[:1] != [identity]:
            for entry in partial.iterdir():
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
            lines = [identity]
        self.blocks = [json.loads(line) for line in lines[1:]]
        self._file.write_text("\n".join(lines) + "\n")

    @property
    def stored_bytes(self) -> int:
        """Disk space of the weights written so far."""
        return sum(file.stat().st_blocks * 512 for file in self._partial.rglob("model*") if file.is_file())

    @property
    def rows(self) -> list[Row]:
        """The report's rows of the finished blocks."""
        return [Row(**row) for block in self.blocks for row in block["rows"]]

    def hashes(self, format_: str, since: int = 0) -> dict[str, str]:
        """{file: SHA-256} of one format, for the blocks from number `since`."""
        return {file: digest for block in self.blocks[since:] for file, digest in block["hashes"][format_].items()}

    def add(self, rows: list[Row], hashes: dict[str, dict[str, str]]) -> None:
        """Record a finished block, durably."""
        self.blocks.append({"rows": [asdict(row) for row in rows], "hashes": hashes})
        with self._file.open("a") as stream:
            stream.write(json.dumps(self.blocks[-1]) + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    def remove(self) -> None:
        """Delete the journal of a complete build."""
        self._file.unlink()


def _merge_blocks(
    plan: Plan, models: dict[str, Model], journal: Journal, progress: Callable[[int, int], object]
) -> None:
    """Merge the blocks that the journal does not have."""
    total = plan.source_bytes
    done = sum(_source_bytes(plan, row.tensor) for row in journal.rows)
    progress(done, total)
    numbers = range(len(journal.blocks), len(plan.blocks))
    writers = {number: {name: model.begin(number) for name, model in models.items()} for number in numbers}
    buffers = BufferPool()
    # The largest first, so that at the end two threads share small tensors instead of one working on the head alone.
    largest_first = [sorted(block, key=lambda name: -math.prod(block[name])) for block in plan.blocks]
    tensors = [(name, writers[number].values()) for number in numbers for name in largest_first[number]]
    merged_rows = map_in_threads(lambda tensor: _merge_tensor(plan, *tensor, buffers), tensors)

    def end(number: int, rows: list[Row]) -> None:
        journal.add(rows, {name: writer.end() for name, writer in writers[number].items()})

    with ThreadPoolExecutor(1) as executor:  # flushes and hashes a block while the next is merged
        ending: Future[None] | None = None
        for number in numbers:
            rows = {}
            for row in islice(merged_rows, len(plan.blocks[number])):
                rows[row.tensor] = row
                done += _source_bytes(plan, row.tensor)
                progress(done, total)
            if ending:
                ending.result()
            ending = executor.submit(end, number, [rows[name] for name in plan.blocks[number]])
        if ending:
            ending.result()


def _merge_tensor(plan: Plan, name: str, blocks: Iterable[Block], buffers: BufferPool) -> Row:
    shape, dtype = plan.base.shapes[name], getattr(torch, plan.recipe.dtype)
    base_digest, other_digest = sha256(), sha256()
    a = read_tensor(plan.base.stored(name), buffers.tensor("base", shape, dtype), base_digest)
    b = read_tensor(plan.other.stored(name), buffers.tensor("other", shape, dtype), other_digest)
    geometry = measure(a, b)
    if not geometry.is_finite:
        raise NotFiniteWeights(tensor=name, base=plan.base.folder, other=plan.other.folder)
    share = plan.shares[name]
    coefficients = mix(share, geometry.cosine)
    merged = combine_(a, b, coefficients).to(torch.bfloat16)
    figures = [block.add(name, merged) for block in blocks]
    return Row(
        tensor=name,
        shape=list(merged.shape),
        t=share.t,
        cosine=geometry.cosine,
        distance=geometry.distance,
        linear=coefficients.fell_back,
        norm=geometry.norm_of(coefficients),
        base_sha256=base_digest.hexdigest(),
        other_sha256=other_digest.hexdigest(),
        fp8_error=next((f["fp8_error"] for f in figures if "fp8_error" in f), None),
    )


def _source_bytes(plan: Plan, name: str) -> int:
    return sum(tensor.stop - tensor.start for tensor in (plan.base.stored(name), plan.other.stored(name)))


def _model(name: str, folder: Path, plan: Plan, gguf_type: str) -> Model:
    if name == "gguf":
        from merge.gguf_export import GgufModel  # importing gguf takes half a second, and few builds need it

        return GgufModel(folder, plan, gguf_type)
    return ShardedModel(folder, plan.blocks, fp8=name == "fp8")


def _write_small_files(name: str, folder: Path, plan: Plan, rows: list[Row], hashes: dict[str, str]) -> None:
    """Write recipe, config, tokenizer, report and card, then the manifest of all files."""
    write_text(folder / "recipe.yaml", plan.recipe.text)
    if name != "gguf":  # it has config and tokenizer in its header
        quantization = QUANTIZATION_CONFIG if name == "fp8" else None
        config = serving_config(plan.base.config, quantization)
        write_text(folder / "config.json", json.dumps(config, indent=2) + "\n")
        generation = plan.base.folder / "generation_config.json"
        for file, content in tokenizer_files(plan.base.folder).items():
            write_text(folder / file, content)
        if generation.exists():
            write_text(folder / generation.name, generation.read_bytes())
    if name != "fp8":  # if FP8 is built too, the rows have its error
        rows = [replace(row, fp8_error=None) for row in rows]
    write_report(folder, rows)
    write_card(folder, name, plan, rows)
    write_manifest(folder, name, plan, hashes)


@contextmanager
def _partial_folder(out: Path) -> Iterator[Path]:
    """Create and lock OUT.partial; after an error it stays, for the next build to resume."""
    if out.exists():
        raise OutputExists(out=out)
    partial = out.with_name(out.name + ".partial")
    lock = FileLock(out.with_name(out.name + ".lock"))
    try:
        partial.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise BuildBusy(out=out) from error
    try:
        yield partial
    finally:
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)


def _identity(plan: Plan, formats: tuple[str, ...], gguf_type: str) -> str:
    files = sorted({tensor.file for parent in (plan.base, plan.other) for tensor in parent.tensors.values()})
    mtimes = [file.stat().st_mtime_ns for file in files]  # a source may be replaced by one of the same size
    facts = plan.identity() | {"formats": formats, "gguf_type": gguf_type, "touched": mtimes}
    return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _check_space(out: Path, need: int) -> None:
    free = shutil.disk_usage(out.parent).free
    if need + SMALL_FILES_BYTES > free:
        need_gb = (need + SMALL_FILES_BYTES) / 1e9
        raise NoSpace(where=out.parent.resolve(), free=free / 1e9, what=f"building {out.name}", need=need_gb)
