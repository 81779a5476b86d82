"""Messages that the tests make for themselves: EML by the standard library, MSG (Outlook) byte by byte."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage

Tree = Mapping[str, "bytes | Tree"]
_SECTOR = 512
_CUTOFF = 4096  # a smaller stream lies in sectors of 64 bytes, which are a stream of their own
_NONE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def eml(
    words: str = "", *, html: str = "", files: Mapping[str, bytes] | None = None, forwarded: EmailMessage | None = None
) -> EmailMessage:
    """A message with these bodies, files and a message in it."""
    message = EmailMessage()
    message["From"] = "Ann Reed <ann@example.com>"
    message["To"] = "Ben Cole <ben@example.com>"
    message["Date"] = "Tue, 12 Mar 2024 10:00:00 +0000"
    message["Subject"] = "Côté lease"
    message.set_content(words)
    if html:
        message.add_alternative(html, subtype="html")
    for name, data in (files or {}).items():
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    if forwarded is not None:
        message.add_attachment(forwarded)
    return message


def msg(words: str, *, files: Mapping[str, bytes] | None = None, inner: str = "") -> bytes:
    """A message of Outlook with files, and with a message in it that says `inner`."""
    tree = _message("Berth", words, 32)
    for number, (name, data) in enumerate((files or {}).items()):
        tree[f"__attach_version1.0_#{number:08X}"] = _attachment(name, 1) | {"__substg1.0_37010102": data}
    if inner:
        attached = _attachment("Inner", 5) | {"__substg1.0_3701000D": _message("Inner", inner, 24)}
        tree["__attach_version1.0_#00000063"] = attached
    return ole(tree)


def _message(subject: str, words: str, head: int) -> dict[str, "bytes | Tree"]:
    strings = {0x0037: subject, 0x1000: words, 0x0C1A: "Ann Reed", 0x5D01: "ann@example.com", 0x0E04: "Ben Cole"}
    return _strings(strings, bytes(head))


def _attachment(name: str, method: int) -> dict[str, "bytes | Tree"]:
    entries = bytes(8) + struct.pack("<HHIII", 0x0003, 0x3705, 6, method, 0)
    if method == 1:
        entries += struct.pack("<HHIII", 0x0102, 0x3701, 6, 0, 0)
    return _strings({0x3707: name}, entries)


def _strings(strings: Mapping[int, str], entries: bytes) -> dict[str, "bytes | Tree"]:
    tree: dict[str, bytes | Tree] = {}
    for number, text in strings.items():
        data = text.encode("utf-16-le")
        tree[f"__substg1.0_{number:04X}001F"] = data
        entries += struct.pack("<HHIII", 0x001F, number, 6, len(data) + 2, 0)
    return {"__properties_version1.0": entries} | tree


@dataclass
class _Entry:
    """A stream (kind 2), storage (1) or the root (5) in the directory, with its first child and its next neighbour."""

    name: str
    kind: int
    data: bytes
    child: int = _NONE
    right: int = _NONE


class _Sectors:
    """Sectors of one size, and the table of which follows which."""

    def __init__(self, size: int) -> None:
        self.size, self.data, self.following = size, bytearray(), list[int]()

    def store(self, data: bytes) -> int:
        """The first sector of data; the mark of an end for none."""
        count = -(-len(data) // self.size)
        start = len(self.following)
        self.data += data.ljust(count * self.size, b"\0")
        self.following += [*range(start + 1, start + count), _END][: count or 0]
        return start if count else _END


def ole(tree: Tree) -> bytes:
    """An OLE file (MS-CFB) of these streams and storages."""
    entries: list[_Entry] = []
    _add("Root Entry", tree, entries, 5)
    sectors, small = _Sectors(_SECTOR), _Sectors(64)
    starts = []
    for entry in entries:
        starts.append((small if len(entry.data) < _CUTOFF else sectors).store(entry.data))
    starts[0] = sectors.store(bytes(small.data))
    small_table = sectors.store(_table(small.following))
    rows = b""
    for entry, start in zip(entries, starts, strict=True):
        encoded = entry.name.encode("utf-16-le")
        size = len(small.data) if entry.kind == 5 else len(entry.data)
        neighbours = _NONE, entry.right, entry.child
        rows += struct.pack("<64sHBB3I16sI2QIQ", encoded, len(encoded) + 2, entry.kind, 1, *neighbours, b"", 0, 0, 0,
                            start, size)  # fmt: skip
    directory = sectors.store(rows)
    count = 1
    while count * (_SECTOR // 4) < len(sectors.following) + count:
        count += 1
    first = len(sectors.following)
    table = _table([*sectors.following, *[_FAT] * count]).ljust(count * _SECTOR, b"\xff")
    small_count = -(-4 * len(small.following) // _SECTOR)
    head = struct.pack("<8s16sHHHHH6sIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, b"",
                       0, count, directory, 0, _CUTOFF, small_table, small_count, _END, 0)  # fmt: skip
    return (head + _table(list(range(first, first + count)))).ljust(_SECTOR, b"\xff") + bytes(sectors.data) + table


def _table(following: list[int]) -> bytes:
    return struct.pack(f"<{len(following)}I", *following)


def _add(name: str, content: "bytes | Tree", entries: list[_Entry], kind: int) -> int:
    at = len(entries)
    entries.append(_Entry(name, kind, content if isinstance(content, bytes) else b""))
    if not isinstance(content, bytes):
        previous = _NONE
        for each, inner in content.items():
            index = _add(each, inner, entries, 2 if isinstance(inner, bytes) else 1)
            if previous == _NONE:
                entries[at].child = index
            else:
                entries[previous].right = index
            previous = index
    return at
