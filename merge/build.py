"""Two checkpoints and a recipe become verified folders, in one pass and in little memory.

    recipe → plan → for each block: tensors at their share → shards of every format → verify → the folder gets its name

Everything grows under OUT.partial. A finished block is written down there with its hashes; an interrupted build goes
on from the last one. OUT appears in one rename, after verification.
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

from merge.card import write_card
from merge.checkpoint import open_checkpoint, read_tensor
from merge.errors import BuildBusy, NoSpace, NotFiniteWeights, OutputExists, VerificationFailed
from merge.fp8 import QUANTIZATION_CONFIG
from merge.manifest import write_manifest
from merge.plan import BLOCK_BYTES, Plan, make_plan
from merge.recipe import read_recipe
from merge.report import Row, write_report
from merge.scratch import Scratch
from merge.serving import serving_config, tokenizer_files
from merge.shards import ShardedModel, write_text
from merge.slerp import combine_, measure, mix
from merge.threads import in_threads
from merge.verify import verify

# Fresh tensors of 100 MB come in half the time from huge pages. torch reads this at its first allocation.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
# Config, tokenizer, report and card beside the weights.
SMALL_FILES_BYTES = 50_000_000
JOURNAL = "journal.jsonl"


class Block(Protocol):
    """Where the merged tensors of one block and format go."""

    def add(self, name: str, tensor: torch.Tensor) -> dict[str, float]:
        """Store one merged bf16 tensor, from any thread; returns figures for the report."""

    def end(self) -> dict[str, str]:
        """Flush; returns {file: SHA-256} of the files that are final."""


class Model(Protocol):
    """The files of one format."""

    @property
    def bytes(self) -> int:
        """What it will take on the disk."""

    def begin(self, block: int) -> Block:
        """Start a block anew."""

    def complete(self) -> dict[str, str]:
        """Finish the model; returns {file: SHA-256} of the files that only now are final."""


def build(
    recipe_path: Path,
    out: Path,
    formats: tuple[str, ...] = ("fp8",),
    *,
    gguf_type: str = "q8_0",
    block_bytes: int = BLOCK_BYTES,
    started: Callable[[int], object] = int,
    advanced: Callable[[int], object] = int,
) -> list[Path]:
    """Merge, write and verify; returns the finished folders.

    `started` is told how many source bytes there are and `advanced` how many more are done. One format is written
    into `out` itself, several into folders of it. Raises MergeError.
    """
    recipe = read_recipe(recipe_path)
    plan = make_plan(recipe, open_checkpoint(recipe.base), open_checkpoint(recipe.other), block_bytes)
    started(plan.source_bytes)
    with _partial(out) as partial:
        folders = {name: partial / name if len(formats) > 1 else partial for name in formats}
        journal = Journal(partial, _identity(plan, formats, gguf_type))
        gone_on_from = len(journal.blocks)
        models = {name: _model(name, folder, plan, gguf_type) for name, folder in folders.items()}
        _check_space(out, sum(model.bytes for model in models.values()) - journal.held)
        _merge_blocks(plan, models, journal, advanced)
        faults = []
        for name, folder in folders.items():
            hashed = journal.hashes(name, since=gone_on_from) | models[name].complete()
            _write_beside(name, folder, plan, journal.rows, journal.hashes(name) | hashed)
            faults += verify(folder, (plan.base, plan.other), hashed).faults
        if faults:
            raise VerificationFailed(first=faults[0], count=len(faults), partial=partial)
        journal.remove()
        partial.rename(out)
    return [out / folder.relative_to(partial) for folder in folders.values()]


class Journal:
    """What is finished already: one JSON line a block, behind a first line that says of which build.

    A folder left by another build (a changed recipe, source, version or format) is cleared.
    """

    def __init__(self, partial: Path, identity: str) -> None:
        self._partial, self._file = partial, partial / JOURNAL
        # What follows the last line end was cut short by a crash: a block that was not finished.
        lines = self._file.read_text().split("\n")[:-1] if self._file.exists() else []
        if lines[:1] != [identity]:
            for entry in partial.iterdir():
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
            lines = [identity]
        self.blocks = [json.loads(line) for line in lines[1:]]
        self._file.write_text("\n".join(lines) + "\n")

    @property
    def held(self) -> int:
        """Bytes of the weights that are on the disk already."""
        return sum(file.stat().st_blocks * 512 for file in self._partial.rglob("model*") if file.is_file())

    @property
    def rows(self) -> list[Row]:
        """Of all tensors."""
        return [Row(**row) for block in self.blocks for row in block["rows"]]

    def hashes(self, format_: str, since: int = 0) -> dict[str, str]:
        """{file: SHA-256} of the files of one format, of the blocks from number `since`."""
        return {file: digest for block in self.blocks[since:] for file, digest in block["hashes"][format_].items()}

    def add(self, rows: list[Row], hashes: dict[str, dict[str, str]]) -> None:
        """Record one finished block."""
        self.blocks.append({"rows": [asdict(row) for row in rows], "hashes": hashes})
        with self._file.open("a") as stream:
            stream.write(json.dumps(self.blocks[-1]) + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    def remove(self) -> None:
        """The build is complete."""
        self._file.unlink()


def _merge_blocks(plan: Plan, models: dict[str, Model], journal: Journal, advanced: Callable[[int], object]) -> None:
    """Merge what the journal does not hold."""
    for block in journal.blocks:
        for row in block["rows"]:
            advanced(_source_bytes(plan, row["tensor"]))
    numbers = range(len(journal.blocks), len(plan.blocks))
    begun = {number: {name: model.begin(number) for name, model in models.items()} for number in numbers}
    scratch = Scratch()
    # The largest first: at the end of the last block two threads then wait for a norm, and not one for the head.
    largest_first = [sorted(block, key=lambda name: -math.prod(block[name])) for block in plan.blocks]
    tensors = [(name, begun[number].values()) for number in numbers for name in largest_first[number]]
    merged = in_threads(lambda tensor: _merge_tensor(plan, *tensor, scratch), tensors)

    def end(number: int, rows: list[Row]) -> None:
        journal.add(rows, {name: block.end() for name, block in begun[number].items()})

    with ThreadPoolExecutor(1) as beside:  # a block is flushed and hashed while the next is merged
        ended: Future[None] | None = None
        for number in numbers:
            rows = {}
            for row in islice(merged, len(plan.blocks[number])):
                rows[row.tensor] = row
                advanced(_source_bytes(plan, row.tensor))
            if ended:
                ended.result()
            ended = beside.submit(end, number, [rows[name] for name in plan.blocks[number]])
        if ended:
            ended.result()


def _merge_tensor(plan: Plan, name: str, blocks: Iterable[Block], scratch: Scratch) -> Row:
    shape, dtype = plan.base.shapes[name], getattr(torch, plan.recipe.dtype)
    base_digest, other_digest = sha256(), sha256()
    a = read_tensor(plan.base.stored(name), scratch.tensor("base", shape, dtype), base_digest)
    b = read_tensor(plan.other.stored(name), scratch.tensor("other", shape, dtype), other_digest)
    geometry = measure(a, b)
    if not geometry.is_finite:
        raise NotFiniteWeights(tensor=name, base=plan.base.folder, other=plan.other.folder)
    share = plan.shares[name]
    how = mix(share, geometry.cosine)
    merged = combine_(a, b, how).to(torch.bfloat16)
    figures = [block.add(name, merged) for block in blocks]
    return Row(
        tensor=name,
        shape=list(merged.shape),
        t=share.t,
        cosine=geometry.cosine,
        distance=geometry.distance,
        linear=how.fell_back,
        norm=geometry.norm_of(how),
        base_sha256=base_digest.hexdigest(),
        other_sha256=other_digest.hexdigest(),
        fp8_error=next((f["fp8_error"] for f in figures if "fp8_error" in f), None),
    )


def _source_bytes(plan: Plan, name: str) -> int:
    return sum(tensor.stop - tensor.start for tensor in (plan.base.stored(name), plan.other.stored(name)))


def _model(name: str, folder: Path, plan: Plan, gguf_type: str) -> Model:
    if name == "gguf":
        from merge.gguf_export import GgufModel  # its package takes half a second, and most builds are not for it

        return GgufModel(folder, plan, gguf_type)
    return ShardedModel(folder, plan.blocks, fp8=name == "fp8")


def _write_beside(name: str, folder: Path, plan: Plan, rows: list[Row], hashes: dict[str, str]) -> None:
    """Everything but the weights: recipe, config, tokenizer, report, card, and last the manifest of it all."""
    write_text(folder / "recipe.yaml", plan.recipe.text)
    if name != "gguf":  # which carries both in its own header
        quantization = QUANTIZATION_CONFIG if name == "fp8" else None
        config = serving_config(plan.base.config, quantization)
        write_text(folder / "config.json", json.dumps(config, indent=2) + "\n")
        generation = plan.base.folder / "generation_config.json"
        for file, content in tokenizer_files(plan.base.folder).items():
            write_text(folder / file, content)
        if generation.exists():
            write_text(folder / generation.name, generation.read_bytes())
    if name != "fp8":  # built beside FP8, these rows carry its error
        rows = [replace(row, fp8_error=None) for row in rows]
    write_report(folder, rows)
    write_card(folder, name, plan, rows)
    write_manifest(folder, name, plan, hashes)


@contextmanager
def _partial(out: Path) -> Iterator[Path]:
    """OUT.partial, held by this process alone. It stays after an error, for the next try to go on from."""
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
    touched = [file.stat().st_mtime_ns for file in files]  # a source replaced by one of the same size
    facts = plan.identity() | {"formats": formats, "gguf_type": gguf_type, "touched": touched}
    return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _check_space(out: Path, need: int) -> None:
    free = shutil.disk_usage(out.parent).free
    if need + SMALL_FILES_BYTES > free:
        need_gb = (need + SMALL_FILES_BYTES) / 1e9
        raise NoSpace(where=out.parent.resolve(), free=free / 1e9, what=f"building {out.name}", need=need_gb)
