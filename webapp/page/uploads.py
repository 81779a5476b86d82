"""Uploads on their way: where a file lies from its first byte until its page has taken it in, and whose it is.

Gradio keeps uploads in one folder under a path made of their content, and knows no user of theirs. So they are received
here: each into a folder of its own with a name that nobody can guess, registered for the user of the request. Only what
is registered for a user is ever taken in or deleted for them; a path that a client names is looked up here, and never
opened as it stands.
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

from retrieval import clean_name
from webapp.core.errors import NotUploaded, TooManyUploads, TooMuchArriving, UploadMalformed
from webapp.core.limits import FILES_AT_ONCE, check_name
from webapp.core.quotas import GUEST, quota_of
from webapp.core.settings import MIB, Settings

UPLOADS_AT_ONCE = 4  # that one user may have under way; the page sends one for each drop
LYING_OF_ONE = 4 * FILES_AT_ONCE  # files of one user, not taken in yet; each takes room besides its bytes
KEPT_SECONDS = 600  # for an upload that its page never took in: it does so within seconds
MOST_OF_GUESTS = 10 * GUEST.mib * MIB  # of all of them together, on its way at a time
LEAST_FREE = 256 * MIB  # of the disk: below it nothing more is received
_NAME_BYTES = 255  # as file systems take
_DEFAULT_NAME = "document.pdf"  # of a part that names no file

OnBytes = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Upload:
    """One file that came whole: `size` in bytes as sent, `kept` of them, no more than the settings allow."""

    path: Path
    user_id: str
    share_key: str
    name: str
    size: int
    kept: int
    came_at: float

    @property
    def told(self) -> str:
        """Under what a client names it: no path of the server."""
        return f"{self.path.parent.name}/{self.path.name}"


class Arriving:
    """The folder of arrivals of one data folder. For one event loop; `claim` and `drop` may come from other threads."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.data_dir / "arriving"
        guests = settings.access == "demo"
        self.most_together = quota_of(settings).mib * MIB if guests else FILES_AT_ONCE * settings.max_file_mib * MIB
        self._most_of_all = MOST_OF_GUESTS if guests else None
        self._most_kept = settings.max_file_mib * MIB
        self._uploads: dict[str, Upload] = {}
        self._coming: set[_Parts] = set()

    def clear(self) -> None:
        """Empty the folder: what a crash left in it was never taken in. Before anything is received."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def receive(
        self, stream: AsyncIterator[bytes], content_type: str, user_id: str, on_bytes: OnBytes, share_key: str = ""
    ) -> list[Upload]:
        """Take the files of one multipart request, for a user; `on_bytes(name, count)` follows them.

        `share_key`: under what they are counted beside the user themselves, as `Workspace.share_key` gives it.

        Raises UploadMalformed, NameTooLong, TooManyUploads, TooMuchArriving, and what `stream` raises; nothing stays then.
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
                await run_in_threadpool(parts.take, block)
            uploads = parts.whole()
        except BaseException:  # also a client that went away: what came of it is deleted
            parts.discard()
            raise
        finally:
            self._coming.discard(parts)
        self._uploads |= {upload.told: upload for upload in uploads}
        return uploads

    def theirs(self, user_id: str, told: str) -> Upload:
        """The upload that this user names, a regular file where it was put. Raises NotUploaded."""
        upload = self._uploads.get(told)
        if upload is None or upload.user_id != user_id or not self._lies_where_it_was_put(upload):
            raise NotUploaded()
        return upload

    def claim(self, user_id: str, told: str) -> Upload:
        """`theirs`, to be taken in now and then dropped: nobody gets it again. Raises NotUploaded."""
        upload = self.theirs(user_id, told)
        if self._uploads.pop(told, None) is None:  # another event was quicker
            raise NotUploaded()
        return upload

    def drop(self, upload: Upload) -> None:
        """Delete an upload, which has been taken in or never will be."""
        self._uploads.pop(upload.told, None)
        shutil.rmtree(upload.path.parent, ignore_errors=True)

    def sweep(self) -> None:
        """Delete what its page never took in."""
        now = time.monotonic()
        for upload in [each for each in tuple(self._uploads.values()) if now - each.came_at > KEPT_SECONDS]:
            self.drop(upload)

    def _refuse_too_much(self, parts: "_Parts", more: int) -> None:
        """Raise TooMuchArriving where `more` bytes leave too little room for anyone."""
        here: list[Upload | _Parts] = [*tuple(self._uploads.values()), *self._coming]
        if sum(each.user_id == parts.user_id for each in tuple(self._uploads.values())) >= LYING_OF_ONE:
            raise TooMuchArriving()
        theirs = sum(each.kept for each in here if each.user_id == parts.user_id) + more
        shared = sum(each.kept for each in here if each.share_key == parts.share_key) + more
        too_much = theirs > self.most_together + MIB  # one for what the form adds
        if self._most_of_all is not None:
            too_much = (
                too_much or shared > self._most_of_all / 2 or sum(each.kept for each in here) + more > self._most_of_all
            )
        if too_much or shutil.disk_usage(self.folder).free < LEAST_FREE:
            raise TooMuchArriving()

    def _lies_where_it_was_put(self, upload: Upload) -> bool:
        try:
            told = upload.path.lstat()
        except OSError:
            return False
        return stat.S_ISREG(told.st_mode) and upload.path.resolve() == self.folder.resolve() / upload.path.relative_to(
            self.folder
        )


class _Parts:
    """The parts of one multipart body as they come: files are kept, anything else is read past."""

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

    def take(self, block: bytes) -> None:
        """The next bytes of the body. Raises UploadMalformed."""
        try:
            self._parser.write(block)
        except FormParserError as error:
            raise UploadMalformed() from error

    def whole(self) -> list[Upload]:
        """The files, once the body has ended. Raises UploadMalformed for one that was cut."""
        if not self._ended:
            raise UploadMalformed()
        now, whose = time.monotonic(), (self.user_id, self.share_key)
        return [Upload(path, *whose, name, size, path.stat().st_size, now) for path, name, size in self._files]

    def discard(self) -> None:
        """Delete all that came."""
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
        told = options[b"filename"].decode("utf-8", "replace")
        check_name(told)
        name = clean_name(told) or _DEFAULT_NAME
        place = self._folder / secrets.token_hex(16)
        place.mkdir(mode=0o700)
        path = place / _stored_name(name)
        self._files.append((path, name, 0))
        self._out = path.open("xb")

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._out is None:
            return
        kept = min(end - start, max(0, self._most_kept + 1 - self._size))  # one byte more says that it was too large
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
    """A name as the disk takes it: a system that counts characters may have a longer one."""
    suffix = Path(name).suffix
    while len(name.encode()) > _NAME_BYTES:
        name = f"{name.removesuffix(suffix)[:-1]}{suffix}" if name != suffix else suffix[: _NAME_BYTES // 4]
    return name
