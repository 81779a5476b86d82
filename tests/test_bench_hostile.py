import io
import json
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from bench import hostile
from bench.hostile_drafts import DRAFTS, incremental
from bench.hostile_mutators import LARGEST, WEIGHTS, mutant
from retrieval.reading.pdf import read_pdf

pytestmark = pytest.mark.slow

LOT = 60


@pytest.mark.parametrize("name", DRAFTS)
def test_a_base_is_sound_however_it_is_written(name: str) -> None:
    draft = DRAFTS[name]()
    texts = [
        read_pdf(data, name=name, document_id=name).text
        for data in (draft.written(), draft.packed(), incremental(draft))
    ]

    assert texts[0] == texts[1] == texts[2]
    assert bool(texts[0]) == (name != "image")


def test_the_same_seed_gives_the_same_bytes() -> None:
    lot = [mutant(1, number) for number in range(LOT)]

    assert lot == [mutant(1, number) for number in range(LOT)]
    assert lot != [mutant(2, number) for number in range(LOT)]


def test_the_first_files_have_every_mutator_and_none_is_large() -> None:
    lot = [mutant(1, number) for number in range(LOT)]

    assert {mutator for mutator, _, _ in lot} == set(WEIGHTS)
    assert max(len(data) for _, _, data in lot) <= LARGEST


def test_the_manifest_names_each_file(tmp_path: Path) -> None:
    files = hostile.write(tmp_path, LOT, seed=1)

    told = [json.loads(line) for line in (tmp_path / "manifest.jsonl").read_text().splitlines()]
    assert [row["file"] for row in told] == [file.path.name for file in files]
    assert all(file.mutator in file.path.name for file in files)
    assert [row["bytes"] for row in told] == [file.path.stat().st_size for file in files]


def test_each_of_a_lot_is_ready_or_failed_with_a_sentence_and_nothing_is_left() -> None:
    """The first sixty files, which have every mutator, as `python -m bench.hostile` adds them."""
    given = ["--files", str(LOT), "--embeddings", "stand-in", "--seconds", "120"]
    limits = ["--page-seconds", "1", "--document-seconds", "3", "--reader-mib", "700", "--max-characters", "200000"]

    with redirect_stdout(io.StringIO()) as told:
        status = hostile.main([*given, *limits])

    assert status == 0, told.getvalue()
    assert "nothing that must not be" in told.getvalue()


def test_what_must_not_be_is_told() -> None:
    files = [hostile.Hostile(Path(f"{name}.pdf"), "cut_end", name) for name in ("lost", "bare", "none", "told", "read")]
    reasons = {
        "bare": ("failed", "Something went wrong (ref a1b2c3)."),
        "none": ("failed", None),
        "told": ("failed", "“told.pdf” is empty."),
        "read": ("ready", None),
    }
    results: dict[Path, dict[str, object]] = {
        Path(f"{name}.pdf"): {"state": state, "reason": reason} for name, (state, reason) in reasons.items()
    }

    faults = hostile.Outcome(files, results, hostile.Seen(), 1.0, ["77 python -m webapp serve"]).faults()

    assert [fault.split(":")[:2] for fault in faults] == [
        ["no result", " lost.pdf"],
        ["failed without a sentence", " bare.pdf"],
        ["failed without a sentence", " none.pdf"],
        ["left running", " 77 python -m webapp serve"],
    ]
