import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.search.fusion import fuse

SCORES = st.dictionaries(st.sampled_from("abcdef"), st.floats(-100, 100))


@pytest.mark.parametrize(
    ("words", "vectors", "weight", "fused"),
    [
        ({"a": 4.0, "b": 2.0}, {"a": 0.1, "b": 0.9}, 0.5, {"a": 0.5, "b": 0.5}),
        ({"a": 4.0, "b": 2.0}, {"a": 0.1, "b": 0.9}, 1.0, {"a": 1.0, "b": 0.0}),
        ({}, {"a": 0.5, "b": 0.7, "c": 0.9}, 0.25, {"a": 0.0, "b": 0.375, "c": 0.75}),
        ({"a": 3.0}, {"b": 0.2}, 0.4, {"a": 0.4, "b": 0.6}),
        ({}, {}, 0.5, {}),
    ],
)
def test_scores_are_brought_to_one_scale_and_added(
    words: dict[str, float], vectors: dict[str, float], weight: float, fused: dict[str, float]
) -> None:
    assert fuse(words, vectors, weight) == pytest.approx(fused)


@given(SCORES, SCORES, st.floats(0, 1))
def test_every_item_of_either_ranking_gets_a_score_within_bounds(
    words: dict[str, float], vectors: dict[str, float], weight: float
) -> None:
    fused = fuse(words, vectors, weight)
    assert fused.keys() == words.keys() | vectors.keys()
    assert all(0 <= score <= 1 + 1e-9 for score in fused.values())
