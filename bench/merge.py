"""Time and memory of `merge build` at true tensor sizes, beside mergekit followed by an FP8 step.

    python -m bench.merge /path/with/30GB/free [--layers 4] [--against CHECKOUT] [--ours-only]

Makes two synthetic checkpoints of Mistral-7B's shapes (float32 and bfloat16, 4 of 32 layers: 6.8 GB), drops them from
the page cache before each run, and runs each way in a process of its own. The FP8 step is llm-compressor's
model_free_ptq where it is installed, otherwise the same arithmetic in whole-tensor torch operations, shard by shard
(several times faster than it). The two steps hash and verify nothing; what SHA-256 of the sources and the result takes
by itself is measured beside them. With --against, another checkout of this repository builds before and after ours,
and its folder must have the same bytes. Peak memory is the kernel's: ru_maxrss counts mapped file pages, RssAnon
(sampled every 20 ms) does not. Everything it makes is deleted at the end.
"""

import argparse
import importlib.util
import json
import mmap
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

MISTRAL_7B: dict[str, Any] = {
    "architectures": ["MistralForCausalLM"],
    "model_type": "mistral",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 32000,
    "max_position_embeddings": 32768,
    "rms_norm_eps": 1e-5,
    "rope_theta": 1_000_000.0,
    "sliding_window": None,
    "tie_word_embeddings": False,
    "hidden_act": "silu",
    "torch_dtype": "bfloat16",
}
RECIPE = """\
slices:
  - sources:
      - {{model: {other}, layer_range: [0, {layers}]}}
      - {{model: {base}, layer_range: [0, {layers}]}}
merge_method: slerp
base_model: {base}
parameters:
  t:
    - {{filter: self_attn, value: [0, 0.5, 0.3, 0.7, 1]}}
    - {{filter: mlp, value: [1, 0.5, 0.7, 0.3, 0]}}
    - value: 0.5
dtype: bfloat16
"""
# Both parents of the largest tensor, the embeddings, in bf16; the merge is written over one of them.
LARGEST_TENSOR_NEEDS = 2 * 2 * 32000 * 4096
FP8_STEP = """
import json, sys
from pathlib import Path
if sys.argv[3] == "llm-compressor":
    from llmcompressor import model_free_ptq
    model_free_ptq(sys.argv[1], sys.argv[2], scheme="FP8_DYNAMIC", ignore=["lm_head"], max_workers=1, device="cpu")
else:
    import torch
    from safetensors.torch import load_file, save_file
    from merge.architecture import is_linear
    Path(sys.argv[2]).mkdir()
    for shard in sorted(Path(sys.argv[1]).glob("*.safetensors")):
        out = {}
        for name, tensor in load_file(shard).items():
            if is_linear(name):
                scale = out[name + "_scale"] = tensor.abs().amax(1, keepdim=True) / 448
                out[name] = (tensor / scale).clamp_(-448, 448).to(torch.float8_e4m3fn)
            else:
                out[name] = tensor
        save_file(out, Path(sys.argv[2]) / shard.name)
"""
HASHES = """
import hashlib, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
with ThreadPoolExecutor() as pool:
    files = [file.open("rb") for folder in sys.argv[1:] for file in Path(folder).glob("*.safetensors")]
    list(pool.map(lambda file: hashlib.file_digest(file, "sha256"), files))
"""


def make_inputs(folder: Path, layers: int) -> tuple[Path, Path]:
    """A bf16 base and an fp32 other of the same shapes, shards of about 2 GB."""
    import torch

    from merge.checkpoint import INDEX
    from merge.shards import ShardFile, write_text

    config = MISTRAL_7B | {"num_hidden_layers": layers}
    parents = folder / "base-bf16", folder / "other-fp32"
    for seed, (parent, dtype) in enumerate(zip(parents, ("BF16", "F32"), strict=True)):
        parent.mkdir(parents=True)
        generator = torch.Generator().manual_seed(seed)
        weight_map = {}
        for number, block in enumerate(_blocks(config)):
            file = ShardFile(parent / f"model-{number + 1:05d}.safetensors", {n: (dtype, s) for n, s in block.items()})
            for name, shape in block.items():
                values = torch.empty(shape).normal_(0, 0.02, generator=generator)
                file.write(name, values if dtype == "F32" else values.bfloat16())
                weight_map[name] = file.file.name
            file.close()
        write_text(parent / "config.json", json.dumps(config))
        write_text(parent / INDEX, json.dumps({"metadata": {}, "weight_map": weight_map}))
    return parents


def _blocks(config: dict[str, Any]) -> list[dict[str, tuple[int, ...]]]:
    from merge.architecture import expected_shapes
    from merge.plan import split_into_blocks

    return split_into_blocks(expected_shapes(config), 1_000_000_000)


def forget(folder: Path) -> None:
    """Drop a folder's files from the page cache, so that every run reads from the disk."""
    os.sync()
    for file in folder.rglob("*.safetensors"):
        descriptor = os.open(file, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def measured(command: list[str], root: Path = ROOT) -> dict[str, float]:
    """Run a command; seconds, CPU seconds, those of all else on the machine meanwhile,
    and peaks of its memory in GB.
    """
    started, busy = time.monotonic(), _busy_seconds()
    environment = os.environ | {"PYTHONPATH": str(root)}
    process = subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    anonymous = 0
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        anonymous = max(anonymous, _anonymous_kib(process.pid))
        time.sleep(0.02)
    seconds, cpu_seconds = time.monotonic() - started, usage.ru_utime + usage.ru_stime
    if status:
        sys.exit((process.stderr.read() if process.stderr else b"").decode()[-3000:])
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1),
        "cpu_seconds_of_others": round(_busy_seconds() - busy - cpu_seconds, 1),
        "peak_rss_gb": round(usage.ru_maxrss * 1024 / 1e9, 2),
        "peak_anonymous_gb": round(anonymous * 1024 / 1e9, 2),
    }


def _busy_seconds() -> float:
    """Processor time of the machine so far, without idling and waiting for the disk."""
    user, nice, system, _, _, *interrupts = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:8])
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


def _anonymous_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("RssAnon")), 0)


def disk_bandwidth(folder: Path, probe: Path) -> tuple[float, float]:
    """(read, write) in bytes a second of a cold GB in pieces of 16 MiB, the latter with fsync.

    Of each the faster of through the page cache and past it.
    """
    size, scratch = 60 * (1 << 24), folder / "bandwidth.tmp"
    buffer = mmap.mmap(-1, 1 << 24)  # at the start of a page, as transfers past the cache need
    buffer.write(os.urandom(1 << 24))
    reads, writes = [], []
    for flag in (0, os.O_DIRECT):
        forget(folder)
        descriptor = os.open(probe, os.O_RDONLY | flag)
        started = time.monotonic()
        for at in range(0, size, 1 << 24):
            os.preadv(descriptor, [buffer], at)
        reads.append(size / (time.monotonic() - started))
        os.close(descriptor)
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | flag)
        started = time.monotonic()
        for at in range(0, size, 1 << 24):
            os.pwritev(descriptor, [buffer], at)
        os.fsync(descriptor)
        writes.append(size / (time.monotonic() - started))
        os.close(descriptor)
        scratch.unlink()
    return max(reads), max(writes)


def build(work: Path, name: str, root: Path = ROOT) -> dict[str, float]:
    """One build from cold sources, by the checkout `root`."""
    forget(work)
    return measured([sys.executable, "-m", "merge", "build", str(work / "recipe.yaml"), str(work / name)], root)


def main() -> None:
    """Print one JSON object a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--ours-only", action="store_true")
    arguments = parser.parse_args()
    work = arguments.folder / "merge-bench"
    work.mkdir(parents=True)
    try:
        base, other = make_inputs(work, arguments.layers)
        recipe = work / "recipe.yaml"
        recipe.write_text(RECIPE.format(base=base, other=other, layers=arguments.layers))
        size = sum(file.stat().st_size for parent in (base, other) for file in parent.glob("*.safetensors"))
        read, write = disk_bandwidth(work, next(other.glob("*.safetensors")))
        print(json.dumps({"source_gb": size / 1e9, "disk_read_gb_s": read / 1e9, "disk_write_gb_s": write / 1e9}))

        if arguments.against:
            print(json.dumps({"run": "build, the other checkout", **build(work, "before", arguments.against)}))
        ours = build(work, "ours")
        out = sum(file.stat().st_size for file in (work / "ours").glob("*.safetensors"))
        print(json.dumps({"run": "merge build (verified)", **ours, "gb_s": round(size / 1e9 / ours["seconds"], 2)}))
        if arguments.against:
            for file in sorted((work / "ours").iterdir()):
                if file.read_bytes() != (work / "before" / file.name).read_bytes():
                    sys.exit(f"{file.name} has other bytes than the other checkout's")
            shutil.rmtree(work / "before")
            print(json.dumps({"run": "build, the other checkout", **build(work, "before", arguments.against)}))
        limit = max(size / read, out / write)
        print(json.dumps({"limit_seconds": round(limit, 1), "over_limit": round(ours["seconds"] / limit, 2)}))
        if arguments.ours_only:
            return

        forget(work)
        options = ["--no-copy-tokenizer", "--out-shard-size", "2B"]
        mergekit = [sys.executable, "-c", "from mergekit.scripts.run_yaml import main; main()", str(recipe)]
        first = measured([*mergekit, str(work / "merged"), *options])
        print(json.dumps({"run": "mergekit-yaml", **first}))
        quantiser = "llm-compressor" if importlib.util.find_spec("llmcompressor") else "plain"
        second = measured([sys.executable, "-c", FP8_STEP, str(work / "merged"), str(work / "quantised"), quantiser])
        print(json.dumps({"run": f"FP8 step ({quantiser})", **second}))
        forget(base)
        forget(other)
        third = measured([sys.executable, "-c", HASHES, str(base), str(other), str(work / "quantised")])
        print(json.dumps({"run": "hashes", **third}))

        two = first["seconds"] + second["seconds"]
        summary = {
            "times_faster": round(two / ours["seconds"], 2),
            "times_faster_than_the_two_and_hashes": round((two + third["seconds"]) / ours["seconds"], 2),
            "largest_tensor_needs_gb": round(LARGEST_TENSOR_NEEDS / 1e9, 2),
            "above_it_gb": round(ours["peak_rss_gb"] - LARGEST_TENSOR_NEEDS / 1e9, 2),
        }
        print(json.dumps(summary))
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
