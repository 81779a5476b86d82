"""Uploads on their way: what is kept of them, whose they are, and when they go."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from webapp.core.errors import NameTooLong, NotUploaded, TooManyUploads, TooMuchArriving, UploadMalformed
from webapp.core.limits import FILES_AT_ONCE
from webapp.core.settings import load_settings
from webapp.page.uploads import KEPT_SECONDS, UPLOADS_AT_ONCE, Upload, UploadStore

TYPE = "multipart/form-data; boundary=x"
PDF = b"%PDF-1.7\n"


@pytest.fixture
def upload_store(tmp_path: Path) -> UploadStore:
    room = UploadStore(load_settings(data_dir=tmp_path, max_file_mib=1))
    room.clear()
    return room


def part(content: bytes, name: str = "lease.pdf", field: str = "files") -> bytes:
    head = f'--x\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
    return head.encode() + content + b"\r\n"


END = b"--x--\r\n"


async def _blocks(*blocks: bytes) -> AsyncIterator[bytes]:
    for block in blocks:
        yield block


def received(room: UploadStore, *blocks: bytes, user: str = "ann", kind: str = TYPE, told: Any = None) -> list[Upload]:
    return asyncio.run(room.receive(_blocks(*blocks), kind, user, told or (lambda _name, _count: None)))


def left(room: UploadStore) -> list[str]:
    return sorted(str(path.relative_to(room.folder)) for path in room.folder.rglob("*"))


def test_a_file_lies_under_a_path_of_its_own_and_is_followed(upload_store: UploadStore) -> None:
    told: list[tuple[str, int]] = []
    body = part(PDF) + part(PDF) + END
    one, other = received(
        upload_store, *(body[n : n + 7] for n in range(0, len(body), 7)), told=lambda *t: told.append(t)
    )
    assert (one.name, one.size, one.path.read_bytes()) == ("lease.pdf", len(PDF), PDF)
    assert one.path != other.path, "the same bytes under the same name are two uploads"
    assert sum(count for _, count in told) == 2 * len(PDF)


def test_only_its_user_gets_it_and_only_once(upload_store: UploadStore) -> None:
    [upload] = received(upload_store, part(PDF) + END)
    path = upload.handle
    assert str(upload_store.folder) not in path
    for user, wrong in (
        ("ben", path),
        ("", path),
        ("ann", path + "/"),
        ("ann", f"{path[:-3]}x"),
        ("ann", "/dev/zero"),
        ("ann", str(upload.path)),
    ):
        with pytest.raises(NotUploaded):
            upload_store.claim(user, wrong)
    assert upload_store.claim("ann", path) == upload
    with pytest.raises(NotUploaded):
        upload_store.claim("ann", path)
    upload_store.drop(upload)
    assert left(upload_store) == []


def test_a_link_in_its_place_is_not_it(upload_store: UploadStore, tmp_path: Path) -> None:
    canary = tmp_path / "canary.pdf"
    canary.write_bytes(PDF)
    [upload] = received(upload_store, part(PDF) + END)
    upload.path.unlink()
    upload.path.symlink_to(canary)
    with pytest.raises(NotUploaded):
        upload_store.claim("ann", upload.handle)
    upload_store.drop(upload)
    assert canary.exists()
    [upload] = received(upload_store, part(PDF) + END)
    folder = upload.path.parent
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotUploaded):
        upload_store.claim("ann", upload.handle)


def test_of_a_file_that_is_too_large_little_is_kept_and_its_size_is_known(upload_store: UploadStore) -> None:
    mib = 1 << 20
    [upload] = received(upload_store, part(PDF + bytes(3 * mib))[:-2], b"\r\n" + END)
    assert upload.size == len(PDF) + 3 * mib
    assert upload.path.stat().st_size == mib + 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        part(PDF),
        part(PDF)[:-9],
        b"nonsense",
        END[:-4],
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="' + b"a" * 200_000 + b'"\r\n\r\n',
        b"--x\r\n" + b"A: b\r\n" * 100_000,
    ],
    ids=range(7),
)
def test_what_is_no_whole_upload_leaves_nothing(upload_store: UploadStore, body: bytes) -> None:
    with pytest.raises(UploadMalformed):
        received(upload_store, body)
    assert left(upload_store) == []
    received(upload_store, part(PDF) + END)  # and holds nobody's place


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "multipart/form-data", "multipart/form-data; boundary=" + "x" * 9999]
)
def test_a_body_of_another_kind_is_no_upload(upload_store: UploadStore, kind: str) -> None:
    with pytest.raises(UploadMalformed):
        received(upload_store, part(PDF) + END, kind=kind)


def test_fields_that_are_no_files_take_no_room(upload_store: UploadStore) -> None:
    text = b'--x\r\nContent-Disposition: form-data; name="files"\r\n\r\n' + b"a" * 5_000_000 + b"\r\n"
    assert received(upload_store, text, part(PDF, field="other"), END) == []
    assert left(upload_store) == []


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("lease.pdf", "lease.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\\\x\\\\lease.pdf", "lease.pdf"),
        ("..", "document.pdf"),
        ("", "document.pdf"),
        ("é" * 251 + ".pdf", "é" * 251 + ".pdf"),
        ("a." + "b" * 253, None),
        ("\u202efdp.exe", "fdp.exe"),
    ],
)
def test_a_name_is_a_name_and_no_path(upload_store: UploadStore, told: str, kept: str | None) -> None:
    [upload] = received(upload_store, part(PDF, name=told) + END)
    assert upload.path.parent.parent == upload_store.folder
    assert kept is None or upload.name == kept
    assert len(upload.path.name.encode()) <= 255


def test_a_name_that_no_disk_has_is_refused_with_the_limit(upload_store: UploadStore) -> None:
    with pytest.raises(NameTooLong, match=r"256 characters.*255"):
        received(upload_store, part(PDF, name="n" * 252 + ".pdf") + END)
    assert left(upload_store) == []


def test_one_upload_has_only_so_many_files(upload_store: UploadStore) -> None:
    with pytest.raises(TooManyUploads):
        received(upload_store, part(PDF) * (FILES_AT_ONCE + 1) + END)
    assert left(upload_store) == []


def test_one_user_has_only_so_many_uploads_at_a_time_and_another_is_not_held_up(upload_store: UploadStore) -> None:
    async def many() -> tuple[list[Any], list[Upload]]:
        gate = asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield part(PDF)
            await gate.wait()
            yield END

        mine = [asyncio.create_task(upload_store.receive(slow(), TYPE, "ann", lambda *_: None)) for _ in range(9)]
        await asyncio.sleep(0.05)
        others = await upload_store.receive(_blocks(part(PDF) + END), TYPE, "ben", lambda *_: None)
        gate.set()
        return await asyncio.gather(*mine, return_exceptions=True), others

    came, others = asyncio.run(many())
    assert len(others) == 1
    assert sum(isinstance(each, list) for each in came) == UPLOADS_AT_ONCE
    assert all(isinstance(each, list | TooManyUploads) for each in came)


def test_what_is_never_taken_in_is_bounded_and_goes(upload_store: UploadStore, monkeypatch: pytest.MonkeyPatch) -> None:
    large = part(PDF + bytes((1 << 20) - 100))
    assert upload_store.most_together == FILES_AT_ONCE << 20
    for _ in range(2):
        received(upload_store, large * (FILES_AT_ONCE // 2) + END)
    with pytest.raises(TooMuchArriving):
        received(upload_store, large * 2 + END)
    received(upload_store, large + END, user="ben")
    assert len(left(upload_store)) == 2 * (FILES_AT_ONCE + 1)
    later = time.monotonic() + KEPT_SECONDS + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    upload_store.sweep()
    assert left(upload_store) == []
    received(upload_store, large * 2 + END)


def test_guests_together_fill_only_so_much(tmp_path: Path) -> None:
    room = UploadStore(load_settings(data_dir=tmp_path, access="demo", max_file_mib=50))
    room.clear()
    block = bytes(1 << 20)
    opening, closing = part(PDF)[:-2], b"\r\n" + END
    for n in range(10):
        received(room, opening, *[block] * 49, closing, user=f"guest-{n}")
    with pytest.raises(TooMuchArriving):
        received(room, opening, *[block] * 49, closing, user="guest-10")
    with pytest.raises(TooMuchArriving):
        received(room, opening, *[block] * 52, closing, user="guest-0")


def test_guests_of_one_address_fill_half_of_that(tmp_path: Path) -> None:
    room = UploadStore(load_settings(data_dir=tmp_path, access="demo", max_file_mib=50))
    room.clear()
    body = (part(PDF)[:-2], *[bytes(1 << 20)] * 49, b"\r\n" + END)

    def received_at(address: str, user: str) -> None:
        asyncio.run(room.receive(_blocks(*body), TYPE, user, lambda *_: None, address))

    for n in range(5):
        received_at("192.0.2.7", f"guest-{n}")
    with pytest.raises(TooMuchArriving):
        received_at("192.0.2.7", "guest-5")
    received_at("192.0.2.8", "guest-6")
