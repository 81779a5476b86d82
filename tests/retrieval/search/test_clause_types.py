from pathlib import Path

import numpy as np
import pytest

from retrieval.search.clause_types import DATA, TypeMatcher, clause_types, core, file_name, make_vectors, weighted_stems
from retrieval.search.embedder import LocalEmbedder
from tests.retrieval.stores import HashingEmbedder


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("What is the governing law for this contract?", "What is the governing law"),
        ("Is there a non-compete clause in this agreement?", "non-compete"),
        (
            "Does this contract include any revenue or profit-sharing arrangements?",
            "revenue or profit-sharing arrangements",
        ),
        ("Can they hand this deal to someone else?", "Can they hand to someone else"),
        ("Who pays?", "Who pays"),
        ("Is there a clause?", "Is there a clause?"),
    ],
)
def test_the_words_that_every_question_has_are_set_aside(question: str, asked: str) -> None:
    assert core(question) == asked


@pytest.fixture(scope="module")
def minilm() -> LocalEmbedder:
    return LocalEmbedder()


@pytest.fixture(scope="module")
def matcher(minilm: LocalEmbedder, tmp_path_factory: pytest.TempPathFactory) -> TypeMatcher:
    return TypeMatcher(minilm, tmp_path_factory.mktemp("types"))


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("What if the other company is bought by a rival of ours?", "Change of control"),
        ("Do we have to keep what they tell us to ourselves?", "Confidentiality"),
        ("Are we excused if a flood or a war keeps us from delivering?", "Force majeure"),
        ("How quickly do invoices have to be settled?", "Payment terms and invoicing"),
        ("If one term is struck down by a court, does the remainder survive?", "Severability"),
    ],
)
def test_a_question_finds_its_kind_of_clause_in_other_words(
    minilm: LocalEmbedder, matcher: TypeMatcher, question: str, kind: str
) -> None:
    asked = core(question)
    matches = matcher.match(asked, minilm.queries([asked])[0])
    assert kind in [m.type.name for m in matches]
    assert sum(m.weight for m in matches) == pytest.approx(1)


@pytest.mark.slow
def test_each_kind_is_found_by_its_name(minilm: LocalEmbedder, matcher: TypeMatcher) -> None:
    asked = {t.name: core(t.name) for t in clause_types()}
    found = {
        name: [m.type.name for m in matcher.match(text, minilm.queries([text])[0])] for name, text in asked.items()
    }
    assert [name for name in found if name not in found[name]] == []


def test_what_a_question_means_is_told_by_its_words_too(minilm: LocalEmbedder, matcher: TypeMatcher) -> None:
    asked = "What cover must each side carry"
    (meant,) = minilm.queries([asked])
    assert [m.type.name for m in matcher.match(asked, meant)] == ["Insurance"]
    assert len(matcher.match("", meant)) > 1


def test_a_question_about_nothing_in_contracts_has_no_kind(minilm: LocalEmbedder, matcher: TypeMatcher) -> None:
    asked = "Which bird sings at night"
    assert matcher.match(asked, minilm.queries([asked])[0]) == []


def test_the_packaged_vectors_are_those_of_the_list(minilm: LocalEmbedder) -> None:
    with np.load(DATA / file_name(minilm.name)) as kept:
        assert len(kept["named"]) == len(clause_types())
        assert len(kept["asks"]) == sum(len(t.asks) for t in clause_types())
        assert len(kept["samples"]) == sum(len(t.samples) for t in clause_types())
        some = clause_types()[7].samples
        at = sum(len(t.samples) for t in clause_types()[:7])
        fresh = minilm.queries(some)
        assert np.abs(kept["samples"][at : at + len(some)] - fresh).max() < 0.02  # float16, perhaps bfloat16


def test_vectors_of_another_model_are_made_once(tmp_path: Path) -> None:
    embedder = HashingEmbedder()
    TypeMatcher(embedder, tmp_path)
    (made,) = tmp_path.iterdir()
    assert made.name == file_name("hashing")
    before = made.stat().st_mtime_ns
    TypeMatcher(embedder, tmp_path)
    assert made.stat().st_mtime_ns == before
    assert make_vectors(embedder)["asks"].shape[1] == embedder.dimension


def test_the_words_of_a_kind_join_the_questions_own_by_its_weight() -> None:
    assert weighted_stems(["law", "law"], [(["govern", "law"], 0.75), (["govern"], 0.25)]) == {
        "law": 2.75,
        "govern": 1.0,
    }
