"""Takes files out of ZIP archives: each becomes a document of its own, or is named as not read, with the reason.

Whatever has files within it (mail, PDF portfolios) gives its files as `Member`s too. An archive is hostile until it
has been read: its members are counted, their sizes are measured while they are unpacked and not believed, and a path
is only ever a name. No file is written here.
"""

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from retrieval.core.errors import DamagedFile
from retrieval.core.limits import MIB, Limits

T = TypeVar("T")
MOST_MEMBERS = 5_000
MOST_BYTES = 2048 * MIB  # of all members of one file together
MOST_RATIO = 200  # of unpacked to packed bytes of a member: text packs 5 to 1, a table of zeros 1,000 to 1
RATIO_FROM = 1 * MIB  # below which a member may be packed as it likes
DEPTH = 4  # of containers in containers: a ZIP in a mail in a ZIP is three
TOO_LARGE = "it is larger than the limit"
MEMBER = " › "  # between the names of a container and of a file within it
_BLOCK = 1 << 18  # bytes unpacked at a time
_ENCRYPTED, _SAYS_UTF8 = 0x1, 0x800  # flags of a member
_LONGEST_PATH, _DEEPEST_PATH = 1_000, 12  # characters; folders
# What the systems put beside the files of their users.
_OF_THE_SYSTEM = re.compile(
    r"(?:\A|/)(?:\.(?!\.?(?:/|\Z))[^/]*|__MACOSX|Thumbs\.db|desktop\.ini|~\$[^/]*)(?:/|\Z)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Member:
    """A file within another: its folders and name, and its bytes; or None, and the reason why it is not read."""

    path: tuple[str, ...]
    data: bytes | None
    reason: str = ""


def is_of_the_system(path: str) -> bool:
    """Whether a file is hidden or one of the operating system's (.DS_Store, Thumbs.db), which nobody wants read."""
    return bool(_OF_THE_SYSTEM.search(path))


def path_parts(path: str) -> tuple[str, ...]:
    """Folders and name of a path from an archive, as names alone: without roots, drives, "." and ".."."""
    parts = re.split(r"[/\\]", path[-_LONGEST_PATH:])
    named = [part for part in parts if part.strip(". ") and not re.fullmatch(r"[A-Za-z]:", part)]
    return tuple(named[-_DEEPEST_PATH:]) or ("unnamed",)


def zip_members(data: bytes, limits: Limits, below: str = "") -> Iterator[Member]:
    """The files of a ZIP archive, in its order; only those `below` a folder, where one is named. Raises DamagedFile."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DamagedFile(name="") from error
    files = [info for info in archive.infolist() if not info.is_dir() and info.filename.startswith(below)]
    infos = [info for info in files if not is_of_the_system(_name(info))]
    left = f"{len(infos) - MOST_MEMBERS:,} more files"
    yield from bounded(infos, lambda info, most: _unpacked(archive, info, most), limits, left, "an archive")


def bounded(
    files: Iterable[T], member: Callable[[T, int], Member], limits: Limits, left: str, container: str
) -> Iterator[Member]:
    """Files as members, as far as their number and their bytes are within the limits.

    `member` makes one of a file of no more than so many bytes; `left` names those beyond the number.
    """
    budget = MOST_BYTES
    for number, file in enumerate(files):
        if number == MOST_MEMBERS:
            yield Member((left,), None, f"only the first {MOST_MEMBERS:,} of {container} are read")
            return
        taken = member(file, min(limits.file_mib * MIB, budget))
        budget -= len(taken.data or b"")
        yield taken


def _name(info: zipfile.ZipInfo) -> str:
    """The path of a member; many write UTF-8 and do not say so, which is then read as the code page of MS-DOS."""
    try:
        return info.filename if info.flag_bits & _SAYS_UTF8 else info.filename.encode("cp437").decode()
    except UnicodeError:
        return info.filename


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> Member:
    path = path_parts(_name(info))
    if stat.S_ISLNK(info.external_attr >> 16):
        return Member(path, None, "it is only a link to another file")
    if info.flag_bits & _ENCRYPTED:
        return Member(path, None, "it is protected by a password")
    out = io.BytesIO()
    try:
        with archive.open(info) as stream:
            while block := stream.read(_BLOCK):
                size = out.tell() + len(block)
                if size > most:
                    return Member(path, None, TOO_LARGE)
                if size > max(RATIO_FROM, MOST_RATIO * info.compress_size):
                    return Member(path, None, "it is packed too tightly for a document, as a trap is")
                out.write(block)
    except NotImplementedError:
        return Member(path, None, "it is packed in a way that is not known")
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError):
        return Member(path, None, "it is damaged")
    return Member(path, out.getvalue())
