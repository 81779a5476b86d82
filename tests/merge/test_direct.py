"""Reads and writes past the page cache: the same bytes at every place and length, whatever the file system offers."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from merge.direct import BLOCK, LARGE, PIECE, FileEnded, pieces, write_at

# (first byte, length): from the beginning of a block and not, of whole blocks and not, of one piece and of several.
SPANS = [
    (0, 0),
    (0, 1),
    (7, 100),
    (BLOCK - 1, 2),
    (BLOCK, BLOCK),
    (0, LARGE),
    (8, LARGE + 5),
    (BLOCK + 3, LARGE + 2 * BLOCK),
    (0, PIECE),
    (1, PIECE),
    (2 * BLOCK, 2 * PIECE + BLOCK),
    (136, 2 * PIECE + LARGE + 77),
]


@pytest.fixture(scope="module", params=["/dev/shm", "/var/tmp"])
def folder(request: pytest.FixtureRequest) -> Iterator[Path]:
    if not Path(request.param).is_dir():
        pytest.skip(f"{request.param} is not on this system")
    with tempfile.TemporaryDirectory(dir=request.param) as name:
        yield Path(name)


@pytest.fixture(scope="module")
def data() -> bytes:
    return os.urandom(136 + 2 * PIECE + LARGE + 77)


def forget(file: Path) -> None:
    if hasattr(os, "posix_fadvise"):
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read(file: Path, start: int, stop: int) -> bytes:
    return b"".join(piece.numpy().tobytes() for piece in pieces(file, start, stop))


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize(("start", "length"), SPANS)
def test_what_is_read_is_what_the_file_holds(
    folder: Path, data: bytes, start: int, length: int, *, cached: bool
) -> None:
    file = folder / "read"
    if not file.exists():
        file.write_bytes(data)
    if not cached:
        forget(file)
    assert read(file, start, start + length) == data[start : start + length]


@pytest.mark.parametrize(("start", "length"), SPANS)
def test_what_is_written_changes_nothing_beside_it(folder: Path, data: bytes, start: int, length: int) -> None:
    file = folder / "written"
    before = bytes(start + length + 5000)
    file.write_bytes(before)
    write_at(file, memoryview(data)[:length], start)
    forget(file)
    assert file.read_bytes() == before[:start] + data[:length] + before[start + length :]


def test_each_piece_holds_until_the_next_but_one(folder: Path, data: bytes) -> None:
    file = folder / "pieces"
    file.write_bytes(data)
    forget(file)
    previous: tuple[torch.Tensor, bytes] | None = None
    for piece in pieces(file, 0, len(data)):
        assert len(piece) <= PIECE
        if previous:
            assert previous[0].numpy().tobytes() == previous[1]
            break
        previous = piece, piece.numpy().tobytes()


@pytest.mark.parametrize("length", [100, LARGE, PIECE + 1])
def test_a_file_that_ends_too_early_is_told(folder: Path, data: bytes, length: int) -> None:
    file = folder / "short"
    file.write_bytes(data[: length - 1])
    forget(file)
    with pytest.raises(FileEnded):
        read(file, 0, length)
