"""Whether the documents speak of what was asked: on the sample contract, of which each question says so."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.search.confidence import EVEN, Signs, weights
from retrieval.search.embedder import LocalEmbedder
from retrieval.search.search import Results, Searcher
from tests.retrieval.stores import opened

ROOT = Path(__file__).parents[3]
QUESTIONS = [
    json.loads(line) for line in (ROOT / "docs" / "sample" / "questions.jsonl").read_text("utf-8").splitlines()
]
THERE = [q["question"] for q in QUESTIONS if q["section"]]
ABSENT = [q["question"] for q in QUESTIONS if not q["section"]]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Results]]:
    with opened(tmp_path_factory.mktemp("confidence"), LocalEmbedder()) as stores:
        matter = stores.library.create_matter("Sample")
        stores.library.accept_path(matter.id, ROOT / "webapp" / "sample" / "sample-supply-agreement.pdf")
        stores.ingest.run()
        searcher = Searcher(stores.library, stores.vectors, stores.lexical, stores.embedder)
        yield {question: searcher.search(matter.id, question) for question in THERE + ABSENT}


def test_nothing_that_is_there_is_refused_or_doubted(searched: dict[str, Results]) -> None:
    assert [question for question in THERE if not searched[question].found or searched[question].doubtful] == []


def test_half_of_what_is_not_there_is_refused_or_doubted(searched: dict[str, Results]) -> None:
    doubted = [question for question in ABSENT if searched[question].doubtful]
    assert len(doubted) >= len(ABSENT) / 2
    assert "Is there a parent company guarantee behind the supplier?" in doubted


def test_each_sign_speaks_for_it() -> None:
    few, many = Signs(0.2, 0.1, 0.6, -0.1), Signs(0.6, 0.4, 1.0, 0.1)
    confidence = weights().confidence
    assert confidence(few) < weights().threshold < EVEN < confidence(many)
    for name, value in many._asdict().items():
        assert confidence(few._replace(**{name: value})) > confidence(few)
