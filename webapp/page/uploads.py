"""Upload quarantine: receives files of a multipart request, each registered for its user until the page adds it.

Gradio would store uploads in one folder, under a path made from their content, without a user. Here each file gets its
own folder with a random name, and is registered for the user of the request. Only a user's registered uploads can be
added or deleted by them; the handle that a client sends is looked up here, and never opened as a path.
"""

import secrets
import shutil
import stat
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from retrieval import UNNAMED, DiskFull, clean_name, data_folder_error
from webapp.core.errors import NotUploaded, TooManyUploads, TooMuchArriving, UploadMalformed
from webapp.core.limits import FILES_AT_ONCE, MIB, check_name
from webapp.core.quotas import GUEST
from webapp.core.settings import Settings

UPLOADS_AT_ONCE = 4  # requests of one user under way; the page sends one for each drop
LYING_OF_ONE = 4 * FILES_AT_ONCE  # files of one user that wait to be added; each takes room besides its bytes
KEPT_SECONDS = 600  # until an upload that was not added is deleted; a page adds it within seconds
MOST_OF_GUESTS = 10 * GUEST.mib * MIB  # bytes in quarantine of all guests together
LEAST_FREE = 256 * MIB  # bytes of free disk, below which nothing more is received
_NAME_BYTES = 255  # limit of a file name on common file systems

OnBytes = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Upload:
    """One received file: `size` in bytes as sent; `kept`, the bytes stored,
    exceeds the largest allowed size by 1 at most.
    """

    path: Path
    user_id: str
    share_key: str
    name: str
    size: int
    kept: int
    came_at: float

    @property
    def handle(self) -> str:
        """The name by which a client refers to it; not a path of the server."""
        return f"{self.path.parent.name}/{self.path.name}"


class UploadStore:
    """The quarantine folder of one data folder.

    For one event loop; `claim` and `drop` may be called from any thread.
    """

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.data_dir / "arriving"
        guests = settings.access == "demo"
        self.most_together = settings.quota.mib * MIB if guests else FILES_AT_ONCE * settings.max_file_mib * MIB
        self._most_of_all = MOST_OF_GUESTS if guests else None
        self._most_kept = settings.max_file_mib * MIB
        self._uploads: dict[str, Upload] = {}
        self._coming: set[_Parts] = set()

    def clear(self) -> None:
        """Delete what a crash left in the folder; to be called before anything is received."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def receive(
        self, stream: AsyncIterator[bytes], content_type: str, user_id: str, on_bytes: OnBytes, share_key: str = ""
    ) -> list[Upload]:
        """Receive the files of one multipart request for a user; calls `on_bytes(name, count)` as they arrive.

        They also count under `share_key` (`Workspace.share_key`). Raises UploadMalformed, NameTooLong, TooManyUploads,
        TooMuchArriving, DiskFull, and what `stream` raises; then no file is left.
        """
        self.sweep()
        share_key = share_key or user_id
        if sum(parts.user_id == user_id for parts in self._coming) >= UPLOADS_AT_ONCE:
            raise TooManyUploads(count=UPLOADS_AT_ONCE)
        parts = _Parts(self.folder, _boundary(content_type), self._most_kept, on_bytes, user_id, share_key)
        self._coming.add(parts)
        try:
            self._refuse_too_much(parts, 0)
            async for block in stream:
                self._refuse_too_much(parts, len(block))
                await run_in_threadpool(parts.write, block)
            uploads = parts.finish()
        except BaseException as error:  # also when the client disconnects: the files are deleted; raised again
            parts.discard()
            if isinstance(error, OSError):  # of the disk: `stream` raises none
                raise data_folder_error(error) from error
            raise
        finally:
            self._coming.discard(parts)
        self._uploads |= {upload.handle: upload for upload in uploads}
        return uploads

    def theirs(self, user_id: str, handle: str) -> Upload:
        """The user's upload with this handle, still a regular file in its place. Raises NotUploaded."""
        upload = self._uploads.get(handle)
        if upload is None or upload.user_id != user_id or not self._is_in_place(upload):
            raise NotUploaded()
        return upload

    def claim(self, user_id: str, handle: str) -> Upload:
        """Take the user's upload out of the register, to be added and then dropped.

        Raises NotUploaded, also at a second call.
        """
        upload = self.theirs(user_id, handle)
        if self._uploads.pop(handle, None) is None:  # another thread claimed it
            raise NotUploaded()
        return upload

    def drop(self, upload: Upload) -> None:
        """Delete an upload's file and its registration."""
        self._uploads.pop(upload.handle, None)
        shutil.rmtree(upload.path.parent, ignore_errors=True)

    def sweep(self) -> None:
        """Delete uploads older than KEPT_SECONDS."""
        now = time.monotonic()
        for upload in [each for each in tuple(self._uploads.values()) if now - each.came_at > KEPT_SECONDS]:
            self.drop(upload)

    def _refuse_too_much(self, parts: "_Parts", more: int) -> None:
        """Raise TooMuchArriving if `more` bytes of this request exceed a limit of the user or of all guests, and
        DiskFull if they do that of the disk.
        """
        uploads = tuple(self._uploads.values())
        if sum(each.user_id == parts.user_id for each in uploads) >= LYING_OF_ONE:
            raise TooMuchArriving()
        held: list[Upload | _Parts] = [*uploads, *self._coming]
        of_user = sum(each.kept for each in held if each.user_id == parts.user_id) + more
        of_share_key = sum(each.kept for each in held if each.share_key == parts.share_key) + more
        of_all = sum(each.kept for each in held) + more
        too_much = of_user > self.most_together + MIB  # one for the overhead of multipart/form-data
        if self._most_of_all is not None:
            too_much = too_much or of_share_key > self._most_of_all / 2 or of_all > self._most_of_all
        if too_much:
            raise TooMuchArriving()
        if shutil.disk_usage(self.folder).free < LEAST_FREE:
            raise DiskFull()

    def _is_in_place(self, upload: Upload) -> bool:
        """Whether the upload is a regular file at its path, with no symbolic link on the way."""
        try:
            mode = upload.path.lstat().st_mode
        except OSError:
            return False
        expected = self.folder.resolve() / upload.path.relative_to(self.folder)
        return stat.S_ISREG(mode) and upload.path.resolve() == expected


class _Parts:
    """Incremental parser of one multipart body: writes its files to disk, ignores other parts."""

    def __init__(
        self, folder: Path, boundary: bytes, most_kept: int, on_bytes: OnBytes, user_id: str, share_key: str
    ) -> None:
        self.user_id, self.share_key = user_id, share_key
        self.kept = 0  # bytes
        self._folder = folder
        self._most_kept = most_kept
        self._on_bytes = on_bytes
        self._files: list[tuple[Path, str, int]] = []
        self._header, self._value, self._disposition = b"", b"", b""
        self._out: BinaryIO | None = None
        self._size = 0
        self._ended = False
        callbacks = {
            "on_part_begin": self._part_begins,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._header_ends,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._on_data,
            "on_part_end": self._part_ends,
            "on_end": self._on_end,
        }
        try:
            self._parser = MultipartParser(boundary, callbacks)  # type: ignore[arg-type]
        except FormParserError as error:
            raise UploadMalformed() from error

    def write(self, block: bytes) -> None:
        """Parse the next bytes of the body. Raises UploadMalformed, NameTooLong or TooManyUploads."""
        try:
            self._parser.write(block)
        except FormParserError as error:
            raise UploadMalformed() from error

    def finish(self) -> list[Upload]:
        """Return the files, at the end of the body. Raises UploadMalformed if it is truncated."""
        if not self._ended:
            raise UploadMalformed()
        now, owner = time.monotonic(), (self.user_id, self.share_key)
        return [Upload(path, *owner, name, size, path.stat().st_size, now) for path, name, size in self._files]

    def discard(self) -> None:
        """Delete the files received so far."""
        if self._out is not None:
            self._out.close()
        for path, _, _ in self._files:
            shutil.rmtree(path.parent, ignore_errors=True)

    def _part_begins(self) -> None:
        self._header, self._value, self._disposition, self._size = b"", b"", b"", 0

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_ends(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header, self._value = b"", b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._disposition)
        if options.get(b"name") != b"files" or b"filename" not in options:
            return
        if len(self._files) >= FILES_AT_ONCE:
            raise TooManyUploads(count=FILES_AT_ONCE)
        sent_name = options[b"filename"].decode("utf-8", "replace")
        check_name(sent_name)
        name = clean_name(sent_name) or UNNAMED
        folder = self._folder / secrets.token_hex(16)
        folder.mkdir(mode=0o700)
        path = folder / _stored_name(name)
        self._files.append((path, name, 0))
        self._out = path.open("xb")

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._out is None:
            return
        kept = min(
            end - start, max(0, self._most_kept + 1 - self._size)
        )  # the one byte more shows that it is too large
        self._out.write(data[start : start + kept])
        self.kept += kept
        self._size += end - start
        self._on_bytes(self._files[-1][1], end - start)

    def _part_ends(self) -> None:
        if self._out is not None:
            self._out.close()
            self._out = None
            path, name, _ = self._files[-1]
            self._files[-1] = (path, name, self._size)

    def _on_end(self) -> None:
        self._ended = True


def _boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise UploadMalformed()
    return options[b"boundary"]


def _stored_name(name: str) -> str:
    """The name shortened to _NAME_BYTES bytes of UTF-8, with its suffix;
    a client's file system may count characters.
    """
    suffix = Path(name).suffix
    while len(name.encode()) > _NAME_BYTES:
        name = f"{name.removesuffix(suffix)[:-1]}{suffix}" if name != suffix else suffix[: _NAME_BYTES // 4]
    return name
