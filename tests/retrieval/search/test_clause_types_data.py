"""The shape of retrieval/search/data/clause_types.yaml: what the code that matches questions may rely on."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

import retrieval

FILE = Path(retrieval.__file__).parent / "search" / "data" / "clause_types.yaml"
TYPES: list[dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
AT_LEAST = {"asks": 8, "words": 6, "samples": 3}


def _folded(text: str) -> str:
    """A question as a matcher sees it: punctuation and case do not tell two apart."""
    return re.sub(r"\W+", " ", text).strip().casefold()


def _repeated(texts: list[str]) -> list[str]:
    return [text for text, times in Counter(map(_folded, texts)).items() if times > 1]


def test_the_file_stays_small_enough_to_read_and_embed_at_startup() -> None:
    assert FILE.stat().st_size <= 250_000
    assert len(TYPES) >= 90


def test_every_name_is_used_once() -> None:
    assert _repeated([entry["name"] for entry in TYPES]) == []


def test_no_question_belongs_to_two_types() -> None:
    assert _repeated([ask for entry in TYPES for ask in entry["asks"]]) == []


@pytest.mark.parametrize("entry", TYPES, ids=lambda entry: entry["name"])
def test_an_entry_has_enough_of_everything_and_only_text(entry: dict[str, Any]) -> None:
    assert list(entry) == ["name", *AT_LEAST]
    for field, least in AT_LEAST.items():
        texts = entry[field]
        assert len(texts) >= least, field
        assert all(isinstance(text, str) and text == text.strip() and text for text in texts), field
        assert _repeated(texts) == [], field


@pytest.mark.parametrize("entry", TYPES, ids=lambda entry: entry["name"])
def test_no_word_list_holds_a_word_that_stands_in_every_clause(entry: dict[str, Any]) -> None:
    everywhere = {"agreement", "this agreement", "party", "parties", "contract", "shall", "term", "hereby", "section"}
    assert everywhere.isdisjoint(map(_folded, entry["words"]))


@pytest.mark.parametrize("entry", TYPES, ids=lambda entry: entry["name"])
def test_a_sample_is_a_sentence_that_the_embedder_reads_whole(entry: dict[str, Any]) -> None:
    assert all(15 <= len(sample.split()) <= 45 for sample in entry["samples"])
