"""The served model on one GPU: FP8 against bf16 by transformers, and the embedder; each figure beside its limit.

    python -m bench.gpu FOLDER [--json OUT.json]     a 7B of random weights: 22 GB in FOLDER, ten minutes at most
    python -m bench.gpu FOLDER --small               the same at a size for the processor, to try it: seconds

Both folders, bf16 and FP8, are written by the writer of `pincite merge` at the shapes of Mistral-7B, and deleted at
the end. transformers loads them; whether its products really multiply float8 is read off the products themselves, as
its usual way is to unpack the weights. The figures are those of transformers run eagerly, not of a server such as
vLLM: for small batches its limit is the processor that launches kernels. So the products of one layer are also
measured alone.

- machine: a copy in memory (bytes read and written) and large products: the two ceilings of all limits below
- products: the seven matrices of a layer, microseconds; limit: their bytes over the copy's speed, or operations
- answers: prompts of 3,584 tokens, then 64 more, for 1, 8 and 32 at once: seconds to the first token, tokens a second,
  memory against the arithmetic of bench.gpu_memory; limit: operations for the prompt, bytes of weights and of what the
  attention keeps for each token
- logits: of the first layers, against float32 on the processor
- embedder: chunks of 200 tokens a second

A part that would end after --seconds is left out, and says so.
"""

import argparse
import json
import math
import shutil
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from bench.gpu_memory import GIB, Model
from bench.merge import MISTRAL_7B
from merge.architecture import expected_shapes
from merge.fp8 import QUANTIZATION_CONFIG
from merge.parallel import map_in_threads
from merge.plan import split_into_blocks
from merge.serving import serving_config
from merge.shards import ShardedModel, write_text

FLOAT8_FROM = (8, 9)  # compute capability: Ada and Hopper multiply float8
LAYERS_OF_LOGITS = 2
TOKENS_OF_A_CHUNK = 200


@dataclass(frozen=True)
class Size:
    """What is run: the model's config, and how much of it."""

    config: dict[str, Any]
    prompt: int
    written: int
    batches: tuple[int, ...]
    square: int  # side of the matrices of the ceiling
    copied: int  # bytes of the copy
    chunks: int
    block_bytes: int = 2_000_000_000

    @property
    def model(self) -> Model:
        """Its arithmetic."""
        names = ("num_hidden_layers", "hidden_size", "intermediate_size", "num_attention_heads", "num_key_value_heads")
        return Model(*(self.config[name] for name in (*names, "vocab_size")))

    @property
    def matrices(self) -> dict[str, tuple[int, int]]:
        """The matrices of one layer, [out, in]."""
        layer = "model.layers.0."
        shapes = expected_shapes(self.config).items()
        return {
            name.split(".")[-2]: (shape[0], shape[1])
            for name, shape in shapes
            if name.startswith(layer) and len(shape) == 2
        }


FULL = Size(
    MISTRAL_7B | {"num_hidden_layers": 32},
    prompt=3584,
    written=64,
    batches=(1, 8, 32),
    square=8192,
    copied=8_000_000_000,
    chunks=20_000,
)
SMALL = Size(
    MISTRAL_7B
    | {
        "num_hidden_layers": 3,
        "hidden_size": 256,
        "intermediate_size": 512,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": 1000,
    },
    prompt=64,
    written=4,
    batches=(1, 2),
    square=256,
    copied=50_000_000,
    chunks=4,
    block_bytes=1_000_000,
)


@dataclass
class Ceilings:
    """What the device does at most, measured: bytes a second of a copy, operations a second of products."""

    bytes: float
    operations: dict[str, float]  # by what is multiplied: float32, bfloat16, float8_e4m3fn

    def limit(self, moved: float, operations: dict[str, float]) -> float:
        """Seconds below which so many bytes and operations cannot be done."""
        return max(moved / self.bytes, sum(count / self.operations[kind] for kind, count in operations.items()))


@dataclass
class Clock:
    """Times on the device, and the time there is."""

    device: torch.device
    seconds: float
    started: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        """Seconds until the run has to be over."""
        return self.started + self.seconds - time.monotonic()

    def wait(self) -> float:
        """Wait for the device; the time now."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    def median(self, work: Callable[[], object], repeats: int = 5) -> float:
        """Seconds of `work`, the median of some runs after one."""
        work()
        times = []
        for _ in range(repeats):
            begun = self.wait()
            work()
            times.append(self.wait() - begun)
        return statistics.median(times)


def ceilings(size: Size, clock: Clock) -> Ceilings:
    """Measure both."""
    device = clock.device
    source = torch.empty(size.copied // 8, dtype=torch.float32, device=device).normal_()
    target = torch.empty_like(source)
    copy = 2 * source.nbytes / clock.median(lambda: target.copy_(source))
    n = size.square
    a, b = (torch.empty(n, n, device=device).normal_().bfloat16() for _ in range(2))
    x, y = a.float(), b.float()
    operations = {
        "float32": 2 * n**3 / clock.median(lambda: x @ y),
        "bfloat16": 2 * n**3 / clock.median(lambda: a @ b),
    }
    if multiplies_float8(device):
        operations["float8_e4m3fn"] = 2 * n**3 / clock.median(float8_product(a, b))
    return Ceilings(copy, operations)


def multiplies_float8(device: torch.device) -> bool:
    """Whether the device has products of float8."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= FLOAT8_FROM


def float8_product(rows: torch.Tensor, weight: torch.Tensor) -> Callable[[], torch.Tensor]:
    """The product of two matrices in float8, rows [n, in] and weight [out, in], as transformers calls it."""
    from transformers.integrations.compressed_tensors import _scaled_mm_rowwise, quantize_fp8_per_row

    (x, x_scale), (w, w_scale) = quantize_fp8_per_row(rows), quantize_fp8_per_row(weight)
    return lambda: _scaled_mm_rowwise(x, w.t(), x_scale[:, None], w_scale[None], torch.bfloat16)


def make_models(folder: Path, size: Size, device: torch.device) -> dict[str, Path]:
    """Write bf16 and FP8 of the same random weights, tensor by tensor, by the merge's own writer."""
    shapes = expected_shapes(size.config)
    blocks = split_into_blocks(shapes, size.block_bytes)
    folders = {"bf16": folder / "bf16", "fp8": folder / "fp8"}
    models = {name: ShardedModel(each, blocks, fp8=name == "fp8") for name, each in folders.items()}
    generator = torch.Generator(device).manual_seed(0)
    for number, block in enumerate(blocks):
        shards = [model.begin(number) for model in models.values()]

        # Made one after the other, so that the weights are the same each time; written two at a time.
        def tensors(block: dict[str, tuple[int, ...]] = block) -> Iterator[tuple[str, torch.Tensor]]:
            for name, shape in block.items():
                values = torch.empty(shape, device=device).normal_(0, 0.02, generator=generator)
                yield name, (values + 1 if len(shape) == 1 else values).bfloat16().cpu()

        def write(made: tuple[str, torch.Tensor], shards: list[Any] = shards) -> None:
            for shard in shards:
                shard.add(*made)

        for _ in map_in_threads(write, tensors()):
            pass
        for shard in shards:
            shard.end()
    for name, model in models.items():
        model.complete()
        config = serving_config(size.config, QUANTIZATION_CONFIG if name == "fp8" else None)
        write_text(folders[name] / "config.json", json.dumps(config))
    return folders


def load(folder: Path, device: torch.device, *, layers: int | None = None, exact: bool = False) -> Any:
    """A folder as transformers loads it: FP8 kept for its products where it can, or `exact`, unpacked to float32."""
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.utils.quantization_config import CompressedTensorsConfig

    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    if layers:
        config.num_hidden_layers = layers
    options: dict[str, Any] = {"dtype": torch.float32 if exact else torch.bfloat16}
    if folder.name == "fp8":
        options["quantization_config"] = CompressedTensorsConfig(dequantize=exact, use_optimized_inference=not exact)
    with warnings.catch_warnings():
        # That the folder says how it is quantised as well, and that its own word counts but for how it is run.
        warnings.filterwarnings("ignore", "You passed `quantization_config`")
        model = AutoModelForCausalLM.from_pretrained(
            folder, config=config, device_map={"": device}, local_files_only=True, **options
        )
    return model.requires_grad_(False)


@dataclass(frozen=True)
class Loaded:
    """A model on the device, and what its layers multiply: bfloat16 or float8_e4m3fn."""

    name: str
    model: Any
    multiplies: str


def multiplied(model: Any) -> dict[str, int]:
    """What the products of one token multiply: {dtypes: count}, as the operations themselves are given it."""
    from torch.utils._python_dispatch import TorchDispatchMode

    found: dict[str, int] = {}

    class Products(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __torch_dispatch__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if "mm" in func.overloadpacket.__name__ or "linear" in func.overloadpacket.__name__:
                pair = [each.dtype for each in args if isinstance(each, torch.Tensor) and each.dim() > 1][:2]
                kind = " x ".join(str(dtype).removeprefix("torch.") for dtype in pair)
                found[kind] = found.get(kind, 0) + 1
            return func(*args, **(kwargs or {}))

    tokens = torch.zeros(1, 2, dtype=torch.long, device=model.device)
    with torch.no_grad():
        model(tokens)  # the usual way of compressed-tensors unpacks the weights at the first call
        with Products():  # type: ignore[no-untyped-call]
            model(tokens)
    return found


def products(size: Size, peak: Ceilings, clock: Clock) -> list[dict[str, Any]]:
    """The matrices of a layer alone, one after the other, in bf16 and where there is such a thing in float8."""
    rows, device = [], clock.device
    for count in (*size.batches, size.prompt):
        work: dict[str, list[Callable[[], torch.Tensor]]] = {"bfloat16": []}
        for out, into in size.matrices.values():
            x = torch.empty(count, into, device=device).normal_().bfloat16()
            weight = torch.empty(out, into, device=device).normal_(0, 0.02).bfloat16()
            work["bfloat16"].append(lambda x=x, weight=weight: x @ weight.t())  # type: ignore[misc]
            if multiplies_float8(device):
                work.setdefault("float8_e4m3fn", []).append(float8_product(x, weight))
        values = sum(out * into for out, into in size.matrices.values())
        for kind, each in work.items():
            seconds = clock.median(lambda each=each: [product() for product in each], 20)  # type: ignore[misc]
            limit = peak.limit(values * getattr(torch, kind).itemsize, {kind: 2 * values * count})
            rows.append({"tokens": count, "multiplies": kind, "us": seconds * 1e6, "share_of_limit": limit / seconds})
    return rows


def answers(loaded: Loaded, size: Size, peak: Ceilings, clock: Clock, batch: int) -> dict[str, Any]:
    """Prompts for so many readers at once, then one token after the other."""
    model, name, device, arithmetic = loaded.model, loaded.name, clock.device, size.model
    row: dict[str, Any] = {"model": name, "batch": batch}
    tokens = torch.randint(size.config["vocab_size"], (batch, size.prompt), device=device)
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    try:
        with torch.no_grad():
            begun = clock.wait()
            model(tokens, use_cache=True, logits_to_keep=1)
            warm = clock.wait() - begun
            # A prompt of many readers takes seconds: it is run once more, a short one three times.
            first = statistics.median(_prompt(model, tokens, clock)[0] for _ in range(1 if warm > 2 else 3))
            _, cache, token = _prompt(model, tokens, clock)
            times = []
            for _ in range(size.written):
                begun = clock.wait()
                found = model(token, past_key_values=cache, use_cache=True)
                token = found.logits[:, -1:].argmax(-1)
                times.append(clock.wait() - begun)
    except torch.OutOfMemoryError:
        return row | {"left_out": "more memory than the card has"}
    each = statistics.median(times)
    linear = arithmetic.layers * sum(out * into for out, into in size.matrices.values())
    head = arithmetic.vocabulary * arithmetic.hidden
    kept = batch * arithmetic.kept(size.prompt + size.written // 2, bytes_each=2)
    weights = arithmetic.weights() if name == "fp8" else 2 * (linear + 2 * head)
    attention = 2 * batch * arithmetic.layers * arithmetic.hidden * size.prompt**2  # half of all pairs, two products
    prompt_limit = peak.limit(weights, {loaded.multiplies: 2 * linear * batch * size.prompt, "bfloat16": attention})
    # One row of the embeddings is read of all.
    token_limit = peak.limit(
        weights - 2 * head + kept, {loaded.multiplies: 2 * linear * batch, "bfloat16": 2 * head * batch}
    )
    row |= {
        "first_token_s": first,
        "first_token_share_of_limit": prompt_limit / first,
        "tokens_per_s": batch / each,
        "tokens_share_of_limit": token_limit / each,
        "kept_gib": sum(tensor.nbytes for tensor in _kept(cache)) / GIB,
        "kept_gib_by_arithmetic": batch * arithmetic.kept(size.prompt + size.written, bytes_each=2) / GIB,
    }
    if device.type == "cuda":
        row["peak_gib"] = torch.cuda.max_memory_allocated() / GIB
    return row


def _prompt(model: Any, tokens: torch.Tensor, clock: Clock) -> tuple[float, Any, torch.Tensor]:
    """Seconds to the first token, what the attention keeps, and that token."""
    begun = clock.wait()
    found = model(tokens, use_cache=True, logits_to_keep=1)
    token = found.logits[:, -1:].argmax(-1)
    return clock.wait() - begun, found.past_key_values, token


def _kept(cache: Any) -> Iterator[torch.Tensor]:
    for layer in cache.layers:
        yield from (layer.keys, layer.values)


def logits(folders: dict[str, Path], device: torch.device) -> dict[str, Any]:
    """The first layers of both folders on the device, against FP8 unpacked to float32, and bf16, on the processor."""
    generator = torch.Generator().manual_seed(1)
    found = {}
    for name, folder in folders.items():
        exact, here = (
            load(folder, where, layers=LAYERS_OF_LOGITS, exact=where.type == "cpu" and precise)
            for where, precise in ((torch.device("cpu"), True), (device, False))
        )
        tokens = torch.randint(exact.config.vocab_size, (4, 24), generator=generator)
        with torch.no_grad():
            expected = exact(tokens).logits.float()
            got = here(tokens.to(device)).logits.float().cpu()
        found[name] = {
            "error": float((got - expected).norm() / expected.norm()),
            "same_best": float((got.argmax(-1) == expected.argmax(-1)).float().mean()),
        }
        assert math.isfinite(found[name]["error"]), f"{name}: logits that are no numbers"
    return {"layers": LAYERS_OF_LOGITS, **found}


def embedder(size: Size, peak: Ceilings) -> dict[str, Any]:
    """Chunks a second of the packaged search model, of random words of its vocabulary."""
    import random

    from retrieval.core.errors import EmbedderUnavailable
    from retrieval.search.embedder import LocalEmbedder

    try:
        model = LocalEmbedder()
        words, seeded = sorted(model.vocabulary), random.Random(0)
    except EmbedderUnavailable as missing:
        return {"left_out": str(missing)}
    texts = [" ".join(seeded.choices(words, k=TOKENS_OF_A_CHUNK - 2)) for _ in range(size.chunks)]
    model.passages(texts[: max(1, size.chunks // 10)])
    begun = time.perf_counter()
    model.passages(texts)
    seconds = time.perf_counter() - begun
    inner: Any = model._model[0].auto_model
    weights = sum(each.numel() for each in inner.encoder.parameters())
    attention = 4 * inner.config.num_hidden_layers * inner.config.hidden_size * TOKENS_OF_A_CHUNK
    operations = size.chunks * TOKENS_OF_A_CHUNK * (2 * weights + attention)
    return {
        "chunks": size.chunks,
        "tokens_each": TOKENS_OF_A_CHUNK,
        "chunks_per_s": size.chunks / seconds,
        "share_of_limit": peak.limit(0, {"float32": operations}) / seconds,
    }


def measure(folder: Path, size: Size, clock: Clock) -> Iterator[tuple[str, Any]]:
    """Every part in turn, as (name, what was found)."""
    import compressed_tensors
    import transformers

    # Of a part of the layers it would warn at length.
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    device = clock.device
    peak = ceilings(size, clock)
    yield (
        "machine",
        {
            "device": torch.cuda.get_device_name() if device.type == "cuda" else "processor",
            "capability": list(torch.cuda.get_device_capability()) if device.type == "cuda" else None,
            "versions": {each.__name__: each.__version__ for each in (torch, transformers, compressed_tensors)},
            **asdict(peak),
        },
    )
    yield "products", products(size, peak, clock)
    begun = clock.wait()
    folders = make_models(folder, size, device)
    sizes = {name: sum(f.stat().st_size for f in each.glob("*.safetensors")) for name, each in folders.items()}
    yield "written", {"seconds": clock.wait() - begun, "bytes": sizes, "fp8_by_arithmetic": size.model.weights()}
    yield "logits", logits(folders, device)
    for name, each in folders.items():
        if clock.left < clock.seconds / 6:
            yield f"loaded {name}", {"left_out": f"{clock.left:.0f} s were left"}
            continue
        begun = clock.wait()
        before = torch.cuda.memory_allocated() if device.type == "cuda" else 0
        model = load(each, device)
        loaded: dict[str, Any] = {"seconds": clock.wait() - begun, "multiplies": multiplied(model)}
        if device.type == "cuda":
            loaded["gib"] = (torch.cuda.memory_allocated() - before) / GIB
            loaded["gib_by_arithmetic"] = (size.model.weights() if name == "fp8" else sizes[name]) / GIB
        kind = "bfloat16"
        if name == "fp8":
            linear = size.model.layers * len(size.matrices)
            if loaded["multiplies"].get("float8_e4m3fn x float8_e4m3fn") == linear:
                kind = "float8_e4m3fn"
            unpacked = "the weights are unpacked, bfloat16 is multiplied"
            loaded["path"] = "float8 is multiplied" if kind == "float8_e4m3fn" else unpacked
            loaded["as_it_should"] = (kind == "float8_e4m3fn") == multiplies_float8(device)
        yield f"loaded {name}", loaded
        for batch in size.batches:
            if clock.left < clock.seconds / 10:
                yield "answers", {"model": name, "batch": batch, "left_out": f"{clock.left:.0f} s were left"}
            else:
                yield "answers", answers(Loaded(name, model, kind), size, peak, clock, batch)
        del model
    yield "embedder", embedder(size, peak)


def text(name: str, found: Any) -> str:
    """One line of the table for each row."""
    rows = found if isinstance(found, list) else [found]
    return "\n".join(f"{name:<12}" + "  ".join(f"{key} {_short(value)}" for key, value in row.items()) for row in rows)


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if value < 1000 else f"{value:,.0f}" if value < 1e7 else f"{value:.2e}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_short(each)}" for key, each in value.items()) + "}"
    return str(value)


def run(folder: Path, size: Size, seconds: float) -> dict[str, Any]:
    """Measure and print every part; {name: what was found, of several a list}."""
    clock = Clock(torch.device("cuda" if torch.cuda.is_available() else "cpu"), seconds)
    work = folder / "gpu-bench"
    work.mkdir(parents=True)
    report: dict[str, Any] = {}
    try:
        for name, found in measure(work, size, clock):
            print(text(name, found), flush=True)
            if name == "answers":
                report.setdefault(name, []).append(found)
            else:
                report[name] = found
    finally:
        shutil.rmtree(work)
    report["seconds"] = seconds - clock.left
    print(text("in all", {"seconds": report["seconds"]}))
    return report


def main() -> None:
    """Print a line for each figure; write all to a file if one is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    report = run(arguments.folder, SMALL if arguments.small else FULL, arguments.seconds)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    if not report["loaded fp8"].get("as_it_should", True):
        sys.exit("This device multiplies float8, and transformers unpacked the weights: its figures are bfloat16's.")


if __name__ == "__main__":
    main()
