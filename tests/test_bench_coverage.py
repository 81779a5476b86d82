from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.coverage import states, table
from bench.mixed_pages import KINDS, PARTLY, READ, UNREADABLE, documents
from retrieval.reading.pdf import read_pdf
from tests.pdfs import make_pdf

pytestmark = pytest.mark.slow

LINE = "the landlord may inspect the premises at any time upon reasonable notice to {n}"


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("contracts")
    for i in range(4):
        pages = ["\n".join(LINE.format(n=f"tenant{i}{page}{line}") for line in range(40)) for page in range(3)]
        (folder / f"contract{i}.pdf").write_bytes(make_pdf(pages))
    return folder


@pytest.fixture(scope="module")
def read(contracts: Path) -> list[tuple[str, str]]:
    """Kind and text of each page of a small lot."""
    return [page for data, kinds in documents(contracts, len(KINDS), 1) for page in _pages(data, kinds)]


def _pages(data: bytes, kinds: list[str]) -> Iterator[tuple[str, str]]:
    document = read_pdf(data, name="mixed", document_id="mixed")
    for kind, page in zip(kinds, document.pages, strict=True):
        yield kind, document.text[page.start : page.end]


def test_a_small_lot_has_each_kind(read: list[tuple[str, str]]) -> None:
    assert Counter(kind for kind, _ in read) == dict.fromkeys(KINDS, 1)


def test_the_words_of_a_contract_are_in_the_text_of_no_page_that_shows_them_in_a_picture(
    read: list[tuple[str, str]],
) -> None:
    for kind, text in read:
        truth = KINDS[kind][1]
        assert ("landlord" in text) == (truth != UNREADABLE and kind not in ("blank", "drawing", "photograph")), kind


def test_the_same_seed_gives_the_same_pages(contracts: Path) -> None:
    lots = [list(documents(contracts, 12, seed)) for seed in (3, 3, 4)]

    assert [kinds for _, kinds in lots[0]] == [kinds for _, kinds in lots[1]]
    assert [kinds for _, kinds in lots[0]] != [kinds for _, kinds in lots[2]]


def test_what_is_taken_for_read_and_shows_more_is_counted() -> None:
    document = read_pdf(make_pdf(["words " * 40, ""]), name="a", document_id="a")
    taken = Counter({("scan", READ): 1, ("scan", UNREADABLE): 3, ("half a scan", PARTLY): 1, ("text", PARTLY): 1})

    assert states(document) == [READ, READ]
    assert "falsely read: 1 of 5 (20.0%)" in table(taken, dict.fromkeys(KINDS, 0.0))
    assert "falsely unreadable: 1 of 1 (100.0%)" in table(taken, dict.fromkeys(KINDS, 0.0))
