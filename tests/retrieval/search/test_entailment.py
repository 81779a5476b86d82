from pathlib import Path

import numpy as np
import pytest

from retrieval.core.errors import EntailmentUnavailable
from retrieval.search.embedder import PACKAGED_NAME
from retrieval.search.entailment import (
    HEADS,
    LENGTH,
    Bars,
    CrossEncoder,
    bars_of,
    load_entailment,
    load_weights,
    pair_tokenizer,
    save_weights,
)

pytestmark = pytest.mark.slow

LINEAGE = {"name": "trial", "model": PACKAGED_NAME}
CLAUSE = "The Supplier shall deliver the goods within thirty (30) days of the order, unless the Buyer agrees otherwise."
PAIRS = [
    ("The Supplier must deliver within 30 days.", CLAUSE),
    ("The Buyer must deliver within 30 days of the order, in all cases and whatever the Supplier says.", CLAUSE),
    ("The Supplier must deliver within 30 days.", "Rent is paid in advance."),
    ("When are goods delivered?", CLAUSE * 30),
]


def untrained(scale: float = 0.05) -> CrossEncoder:
    """The packaged model's layers as they are, with heads by chance."""
    chance = np.random.default_rng(0)
    heads = chance.normal(0, scale, (4, 3 * 384)).astype(np.float32)
    return CrossEncoder({f"{HEADS}.weight": heads, f"{HEADS}.bias": np.zeros(4, np.float32)}, LINEAGE)


def test_a_reading_is_three_probabilities_and_an_answer_is_one() -> None:
    model = untrained()
    for reading in model.read(PAIRS):
        assert reading.follows + reading.contradicts + reading.silent == pytest.approx(1)
        assert min(reading.follows, reading.contradicts, reading.silent) >= 0
    assert all(0 <= answer <= 1 for answer in model.answers(PAIRS))


def test_both_texts_of_a_pair_are_read_and_the_others_of_its_batch_are_not() -> None:
    model = untrained()
    together = model.logits(PAIRS)
    assert len({tuple(row) for row in together.tolist()}) == len(PAIRS)
    for pair, row in zip(PAIRS, together, strict=True):
        assert model.logits([pair])[0].tolist() == pytest.approx(row.tolist(), abs=0.05)
    assert model.read([]) == []


def test_a_clause_that_is_too_long_is_cut_and_the_statement_is_not() -> None:
    statement, clause = PAIRS[0][0], CLAUSE * 30
    whole, cut = pair_tokenizer().encode_batch([(statement, ""), (statement, clause)])
    assert len(cut.ids) == LENGTH
    assert cut.ids[: len(whole.ids) - 1] == whole.ids[:-1]


def test_what_was_trained_comes_back_from_its_file(tmp_path: Path) -> None:
    name = "encoder.layer.0.attention.self.query.weight"
    chance = np.random.default_rng(1)
    weights = {
        name: chance.normal(0, 0.1, (384, 384)).astype(np.float32),
        "encoder.layer.0.attention.self.query.bias": chance.normal(0, 0.1, 384).astype(np.float32),
        f"{HEADS}.weight": chance.normal(0, 0.1, (4, 1152)).astype(np.float32),
        f"{HEADS}.bias": np.zeros(4, np.float32),
    }
    save_weights(tmp_path / "e.npz", weights, LINEAGE)
    back, lineage = load_weights(tmp_path / "e.npz")
    assert lineage == LINEAGE
    assert back.keys() == weights.keys()
    for key, rows in weights.items():
        assert back[key] == pytest.approx(rows, abs=0.002)
    assert (tmp_path / "e.npz").stat().st_size < 200_000  # a byte a weight
    model = load_entailment(tmp_path / "e.npz")
    assert isinstance(model, CrossEncoder)
    assert not np.allclose(model.logits(PAIRS[:1]), untrained().logits(PAIRS[:1]))


@pytest.mark.parametrize(
    ("figures", "bars"),
    [
        ({}, Bars()),
        ({"right": 60, "wrong": 60, "follows": {"bar": 0.8, "right": 0.6, "wrong": 0.1}}, Bars(follows=0.8)),
        ({"right": 60, "wrong": 60, "follows": {"bar": 0.8, "right": 0.4, "wrong": 0.1}}, Bars()),
        ({"right": 60, "wrong": 60, "follows": {"bar": 0.8, "right": 0.6, "wrong": 0.2}}, Bars()),
        ({"right": 20, "wrong": 60, "follows": {"bar": 0.8, "right": 0.6, "wrong": 0.1}}, Bars()),
        ({"right": 60, "wrong": 60, "contradicts": {"bar": 0.7, "right": 0.04, "wrong": 0.3}}, Bars(contradicts=0.7)),
        ({"right": 60, "wrong": 60, "contradicts": {"bar": 0.7, "right": 0.04, "wrong": 0.1}}, Bars()),
    ],
)
def test_readings_count_from_where_the_card_shows_that_they_help(figures: dict[str, object], bars: Bars) -> None:
    assert bars_of(LINEAGE | {"figures": figures}) == bars


def test_a_file_that_is_none_or_is_for_another_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("no")
    heads = {f"{HEADS}.weight": np.zeros((4, 1152), np.float32)}
    save_weights(tmp_path / "other.npz", heads, LINEAGE | {"model": "another"})
    save_weights(tmp_path / "no-heads.npz", {}, LINEAGE)
    for name, sentence in (
        ("text.npz", "“text.npz” is none"),
        ("none.npz", "“none.npz” is none"),
        ("no-heads.npz", "has no heads"),
        ("other.npz", "was trained for another"),
    ):
        with pytest.raises(EntailmentUnavailable, match=sentence):
            load_entailment(tmp_path / name)
