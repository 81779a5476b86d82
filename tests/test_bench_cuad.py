"""The labelled folder that is made from CUAD's release, and the scores: on a release of two contracts made here."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import cuad, score
from tests.pdfs import make_pdf

LEASE = ["1. Parties. This Lease is between Larkspur and Bramble.", "2. Law. The laws of Ohio govern this Lease."]
LOAN = ["1. Loan. Acorn lends Birch ten dollars.", "2. Cap. No party owes more than ten dollars."]
LAW, CAP = "Governing Law", "Cap On Liability"


def label(contract: str, category: str, *passages: str) -> dict[str, Any]:
    question = f'Highlight the parts of this contract related to "{category}". Details: What about {category.lower()}?'
    answers = [{"text": passage, "answer_start": 0} for passage in passages]
    return {"id": f"{contract}__{category}", "question": question, "answers": answers, "is_impossible": not passages}


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """CUAD_v1.json and full_contract_pdf/ as the archive has them;
    a file's name differs from its title in its marks.
    """
    folder = tmp_path / "CUAD_v1" / "full_contract_pdf" / "Part_I" / "Lease"
    folder.mkdir(parents=True)
    (folder / "ACME, INC - LEASE.PDF").write_bytes(make_pdf(LEASE))
    (folder / "BIRCH-LOAN.pdf").write_bytes(make_pdf(LOAN))
    contracts = {
        "ACME_INC-LEASE": [
            label("ACME_INC-LEASE", "Document Name", "Lease"),
            label("ACME_INC-LEASE", "Parties", "Larkspur", "Bramble", "Landlord"),
            label("ACME_INC-LEASE", LAW, "The laws of Ohio\ngovern this Lease."),
            label("ACME_INC-LEASE", CAP),
        ],
        "BIRCH-LOAN": [label("BIRCH-LOAN", LAW), label("BIRCH-LOAN", CAP, "No party owes more than ten dollars.")],
    }
    data = [{"title": name, "paragraphs": [{"context": "", "qas": labels}]} for name, labels in contracts.items()]
    (tmp_path / "CUAD_v1" / "CUAD_v1.json").write_text(json.dumps({"version": "aok_v1.0", "data": data}))
    return tmp_path / "CUAD_v1"


def run(monkeypatch: pytest.MonkeyPatch, module: Any, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["bench", *map(str, arguments)])
    status: int = module.main()
    return status


@pytest.fixture
def labels(release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    wordings = tmp_path / "wordings.tsv"
    wordings.write_text(f"{CAP}\tpara1\tWhat is the most that one owes?\n")
    assert run(monkeypatch, cuad, release, tmp_path / "labels", "--all", "--wordings", wordings) == 0
    return tmp_path / "labels"


def test_what_lawyers_marked_becomes_a_question_with_its_pages(labels: Path) -> None:
    law, *others = score.read(labels / "queries.jsonl")
    lease = cuad.id_of("ACME_INC-LEASE")
    assert law == {
        "id": f"{lease}/{LAW}/plain",
        "contract": lease,
        "category": LAW,
        "view": "plain",
        "question": "What about governing law?",
        "title": "Lease between Larkspur and Bramble",
        "gold": ["The laws of Ohio\ngovern this Lease."],
        "gold_pages": [2],
    }
    assert [(row["category"], row["view"], row["gold_pages"]) for row in others] == [
        (CAP, "plain", [2]),
        (CAP, "para1", [2]),
    ]
    assert {row["id"] for row in score.read(labels / "contracts.jsonl")} == {
        path.stem for path in (labels / "pdf").iterdir()
    }


def test_what_is_not_marked_becomes_a_question_that_has_no_answer(labels: Path) -> None:
    absent = score.read(labels / "absent.jsonl")
    assert {(row["category"], row["view"]) for row in absent} == {(CAP, "plain"), (CAP, "para1"), (LAW, "plain")}
    assert all("gold" not in row for row in absent)


def test_a_contract_without_its_pdf_is_named(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    next(release.rglob("BIRCH-LOAN.pdf")).unlink()
    assert run(monkeypatch, cuad, release, tmp_path / "labels", "--all") == 1
    assert capsys.readouterr().err == "no PDF for BIRCH-LOAN\n"


TEXT = "The laws of Ohio govern this Lease. Bramble pays the rent."
QUERY = {
    "id": "q",
    "contract": "lease",
    "gold": ["The laws of Ohio\ngovern this Lease."],
    "gold_pages": [2],
    "view": "plain",
}
ALL = {"contract": "lease", "start": 0, "end": 35}
RENT = {"contract": "lease", "start": 36, "end": 58}
LOANS = {"contract": "loan", "start": 0, "end": 35}


@pytest.mark.parametrize(
    ("hits", "context", "expected"),
    [
        (
            [ALL | {"page": 2}],
            [ALL],
            {"answerable": 1, "R@8": 1, "P@1": 1, "hit@1": 1, "page@1": 1, "route@1": 1, "foreign@8": 0},
        ),
        ([ALL | {"page": 1}], [ALL | {"end": 20}], {"answerable": 0, "R@8": 1, "page@1": 0}),
        (
            [RENT | {"page": 2}, ALL | {"page": 2}],
            [RENT],
            {"answerable": 0, "hit@1": 0, "P@1": 0, "page@1": 1, "R@8": 1},
        ),
        ([LOANS | {"page": 2}], [LOANS], {"answerable": 0, "page@1": 0, "route@1": 0, "foreign@8": 1, "R@8": 0}),
        ([], [], {"answerable": 0, "R@64": 0, "foreign@8": 1}),
    ],
    ids=["right", "cut off", "second", "another contract", "nothing"],
)
def test_figures_of_one_question(hits: list[Any], context: list[Any], expected: dict[str, float]) -> None:
    figures = score.figures_of(QUERY, {"hits": hits, "context": context}, score.fold(TEXT))
    assert {name: figures[name] for name in expected} == expected


def test_a_question_without_a_result_counts_as_zero() -> None:
    figures = score.figures_of(QUERY, None, score.fold(TEXT))
    assert {name for name, value in figures.items() if value} == {"foreign@8"}


def test_the_interval_holds_the_mean_and_auroc_counts_ties_as_half() -> None:
    low, high = score.interval([1, 1, 0, 1], ["a", "b", "c", "d"])
    assert 0 <= low < 0.75 < high <= 1
    assert score.auroc([0.9, 0.5], [0.5, 0.1]) == (1 + 1 + 0.5 + 1) / 4
