import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from retrieval.core.errors import EmbedderUnavailable
from retrieval.search.adapter import Adapter, load_adapter, packaged
from retrieval.search.embedder import PACKAGED_NAME, LocalEmbedder
from tests.pdfs import make_pdf

pytestmark = pytest.mark.slow

LINEAGE = {"name": "trial", "model": PACKAGED_NAME}
TURN = np.array([[0, 1], [-1, 0]], np.float32)


def test_vectors_are_moved_and_keep_their_length() -> None:
    adapter = Adapter(TURN, np.eye(2, dtype=np.float32) * 3, LINEAGE)
    vectors = np.array([[1, 0], [0.6, 0.8]], np.float32)
    assert adapter.queries(vectors) == pytest.approx(np.array([[0, 1], [-0.8, 0.6]]))
    assert adapter.passages(vectors) == pytest.approx(vectors)
    assert adapter.queries(vectors[0]) == pytest.approx(np.array([0, 1]))


def test_an_adapter_comes_back_from_its_file(tmp_path: Path) -> None:
    Adapter(TURN, TURN.T, LINEAGE).save(tmp_path / "a.npz")
    back = load_adapter(tmp_path / "a.npz", PACKAGED_NAME)
    assert (back.query == TURN).all()
    assert (back.passage == TURN.T).all()
    assert back.name == "trial"


def test_a_file_that_is_no_adapter_or_one_for_another_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("no")
    Adapter(TURN, TURN, LINEAGE).save(tmp_path / "a.npz")
    for name, model, sentence in (
        ("text.npz", PACKAGED_NAME, "is no adapter"),
        ("none.npz", PACKAGED_NAME, "is no adapter"),
        ("a.npz", "another", f"was trained for {PACKAGED_NAME}, not another"),
    ):
        with pytest.raises(EmbedderUnavailable, match=sentence):
            load_adapter(tmp_path / name, model)


def test_the_packaged_adapter_names_its_labels_and_their_licence() -> None:
    path = packaged(PACKAGED_NAME)
    assert path is not None
    adapter = load_adapter(path, PACKAGED_NAME)
    assert "CC BY 4.0" in adapter.lineage["licence"]
    assert "contracts" in adapter.lineage["labels"]
    assert path.stat().st_size < 2_000_000
    assert adapter.name in LocalEmbedder().version


def test_one_is_trained_on_labels_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "pdf").mkdir()
    with (tmp_path / "queries.jsonl").open("w") as labels:
        for name, thing in (("barge", "barge"), ("crane", "crane")):
            clauses = [
                f"{n}. The {thing} part {n} is painted in colour {n} by the yard. " + "It dries. " * 20 for n in (1, 2)
            ]
            (tmp_path / "pdf" / f"{name}.pdf").write_bytes(make_pdf(["\n".join(clauses)]))
            gold = [f"The {thing} part 2 is painted in colour 2"]
            labels.write(json.dumps({"contract": name, "question": f"Who varnishes the {thing}?", "gold": gold}) + "\n")
    command = [
        sys.executable,
        "-m",
        "bench.train_adapter",
        str(tmp_path),
        str(tmp_path / "mine.npz"),
        "--licence",
        "our own",
    ]
    subprocess.run(command, cwd=Path(__file__).parents[3], check=True, capture_output=True)
    adapter = load_adapter(tmp_path / "mine.npz", PACKAGED_NAME)
    assert adapter.lineage["licence"] == "our own"
    assert adapter.lineage["labels"].startswith("2 questions on 2 contracts")
    assert not np.array_equal(adapter.query, np.eye(384))
    assert adapter.name in LocalEmbedder(adapter=tmp_path / "mine.npz").version


def test_an_adapter_brings_a_question_closer_to_its_clause() -> None:
    adapted, question = LocalEmbedder(), "Can they hand this deal to someone else?"
    clause = "Neither party shall assign its rights or delegate its duties without prior written consent."
    other = "Each party shall keep accurate books and records for three years."
    raw = adapted.queries([question, clause, other])
    moved = adapted.passages([clause, other]) @ adapted.aim(raw[0])
    assert moved[0] - moved[1] > (raw[1] - raw[2]) @ raw[0]
