import multiprocessing
import threading
import time
from collections.abc import Iterator

import pytest

from retrieval.core.errors import EncryptedFile, UnreadableFile
from retrieval.reading.converter_process import ConverterDied, ConverterProcess
from tests.pdfs import make_pdf
from tests.retrieval.stores import contract

PDF = make_pdf(contract(1))
LONG = make_pdf([page * 12 for page in contract(2, pages=300)])


@pytest.fixture
def converter() -> Iterator[ConverterProcess]:
    converter = ConverterProcess()
    yield converter
    converter.stop()
    assert multiprocessing.active_children() == []


def read(converter: ConverterProcess, data: bytes, seen: list[tuple[int, int]] | None = None) -> int:
    pages = [] if seen is None else seen
    read = converter.convert(data, name="x.pdf", document_id="x", on_page=lambda page, of: pages.append((page, of)))
    return len(read.document.pages)


def test_one_process_reads_one_document_after_another_and_counts_the_pages(converter: ConverterProcess) -> None:
    seen: list[tuple[int, int]] = []
    assert read(converter, PDF, seen) == 3
    (process,) = multiprocessing.active_children()
    assert read(converter, PDF, seen) == 3
    assert multiprocessing.active_children() == [process]
    assert seen == [(1, 3), (2, 3), (3, 3)] * 2


def test_what_the_file_lacks_is_raised_here_and_the_process_lives_on(converter: ConverterProcess) -> None:
    with pytest.raises(UnreadableFile, match=r"“x\.pdf” is damaged or incomplete"):
        read(converter, b"%PDF-1.7\n")
    (process,) = multiprocessing.active_children()
    assert read(converter, PDF) == 3
    assert multiprocessing.active_children() == [process]


def test_what_the_follower_raises_ends_the_reading(converter: ConverterProcess) -> None:
    def refuse(page: int, pages: int) -> None:
        raise EncryptedFile(name="y.pdf")

    with pytest.raises(EncryptedFile, match=r"y\.pdf"):
        converter.convert(LONG, name="x.pdf", document_id="x", on_page=refuse)
    assert multiprocessing.active_children() == []
    assert read(converter, PDF) == 3


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_process_that_dies_at_any_moment_is_told_and_another_takes_its_place(
    converter: ConverterProcess, delay: float
) -> None:
    def kill() -> None:
        time.sleep(delay)
        while not done.is_set():
            converter.interrupt()
            time.sleep(0.001)

    def read_on() -> None:
        while killer.is_alive():
            read(converter, LONG)

    done = threading.Event()
    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with pytest.raises(ConverterDied):
            read_on()
    finally:
        done.set()
        killer.join()
    assert read(converter, PDF) == 3
