"""Opens the package of a Word file (DOCX, OOXML, ZIP): its XML parts, and the relations between them.

A package is hostile until it is read: no entity is expanded, nothing is fetched, external relations lead nowhere, and
no more is unpacked than the reader's memory allows, whatever the compression. Nothing is written to disk. Parts are
found by their relations, as Word finds them, and only those that are read are unpacked: never a macro.
"""

import posixpath
import struct
import zipfile
import zlib
from collections.abc import Mapping
from functools import lru_cache
from io import BytesIO

from lxml import etree

from retrieval.core.errors import DamagedFile, EncryptedFile, TooMuchMemory
from retrieval.core.limits import Limits

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PREFIXES = {
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main": "w",
    "http://schemas.openxmlformats.org/markup-compatibility/2006": "mc",
    "http://schemas.openxmlformats.org/drawingml/2006/main": "a",
    "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing": "wp",
    "http://schemas.openxmlformats.org/drawingml/2006/chart": "c",
    "http://schemas.openxmlformats.org/drawingml/2006/diagram": "dgm",
    "http://schemas.openxmlformats.org/officeDocument/2006/math": "m",
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships": "r",
    "http://schemas.microsoft.com/office/word/2010/wordml": "w14",
    "urn:schemas-microsoft-com:vml": "v",
    "urn:schemas-microsoft-com:office:office": "o",
}
_NAMESPACES = {prefix: f"{{{uri}}}" for uri, prefix in _PREFIXES.items()}
# "Strict" files (ISO 29500) have other names for the same namespaces.
_STRICT = {
    b"http://purl.oclc.org/ooxml/wordprocessingml/": b"http://schemas.openxmlformats.org/wordprocessingml/2006/",
    b"http://purl.oclc.org/ooxml/drawingml/": b"http://schemas.openxmlformats.org/drawingml/2006/",
    b"http://purl.oclc.org/ooxml/officeDocument/": b"http://schemas.openxmlformats.org/officeDocument/2006/",
}
Properties = Mapping[str, etree._Element]
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MOST_MEMBERS = 10_000  # a contract with a hundred pictures has some 150
_SHARE = 16  # of the reader's memory may be XML: as a tree it takes up to ten times as much
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError, OSError)


class Package:
    """The parts of one Word file, by name."""

    def __init__(self, data: bytes, *, name: str, limits: Limits) -> None:
        """Raises DamagedFile where there is no main part."""
        self._name, self._memory_mib = name, limits.memory_mib
        if data.startswith(_OLE):  # what Word makes of a file with a password
            raise EncryptedFile(name=name)
        self._pictures_left = self._left = (limits.memory_mib << 20) // _SHARE
        if data.count(b"PK\1\2") > _MOST_MEMBERS:  # of the directory, which is read in one go
            raise DamagedFile(name=name)
        try:
            self._zip = zipfile.ZipFile(BytesIO(data))
        except _BROKEN as error:
            raise DamagedFile(name=name) from error
        self._relations: dict[str, dict[str, tuple[str, str]]] = {}
        self.main = self.related("", "officeDocument") or "word/document.xml"

    def root(self, part: str | None) -> etree._Element | None:
        """The root of a part's XML; None where there is no such part."""
        if part is None or part not in self._zip.NameToInfo:
            return None
        data = self._unpacked(part, self._left)
        self._left -= len(data)
        for strict, usual in _STRICT.items():
            data = data.replace(strict, usual)
        parser = etree.XMLParser(
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        try:
            root = etree.fromstring(data, parser)
        except (etree.XMLSyntaxError, ValueError) as error:
            raise DamagedFile(name=self._name) from error
        if root.getroottree().docinfo.internalDTD is not None:  # no Word file has one, and entities live there
            raise DamagedFile(name=self._name)
        return root

    def picture(self, part: str) -> bytes | None:
        """The bytes of a picture; None where there is no such part, or too much of them in the file."""
        size = self._zip.NameToInfo[part].file_size if part in self._zip.NameToInfo else self._pictures_left
        if size >= self._pictures_left:
            return None
        self._pictures_left -= size
        return self._unpacked(part, size)

    def related(self, part: str, kind: str) -> str | None:
        """The first part that another is related to in this way ("styles", "footnotes")."""
        return next((target for found, target in self._related(part).values() if found == kind), None)

    def target(self, part: str, relation: str) -> str | None:
        """The part that a relation of another leads to, by the relation's id."""
        return self._related(part).get(relation, ("", None))[1]

    def _related(self, part: str) -> dict[str, tuple[str, str]]:
        """What a part is related to: kind and part, by the relation's id."""
        if part not in self._relations:
            folder, file = posixpath.split(part)
            root = self.root(posixpath.join(folder, "_rels", f"{file}.rels"))
            found = {}
            for row in () if root is None else root:
                if row.get("TargetMode") != "External":
                    target = posixpath.normpath(posixpath.join("/", folder, row.get("Target", "")))
                    found[row.get("Id", "")] = posixpath.basename(row.get("Type", "")), target.lstrip("/")
            self._relations[part] = found
        return self._relations[part]

    def _unpacked(self, part: str, most: int) -> bytes:
        try:
            with self._zip.open(part) as member:
                data = member.read(most + 1)
        except RuntimeError as error:  # a password, or a compression of its own
            failure = DamagedFile if isinstance(error, NotImplementedError) else EncryptedFile
            raise failure(name=self._name) from error
        except _BROKEN as error:
            raise DamagedFile(name=self._name) from error
        if len(data) > most:
            raise TooMuchMemory(name=self._name, limit_mib=self._memory_mib)
        return data


@lru_cache(maxsize=4096)
def _short(tag: str) -> str:
    uri, _, name = tag.rpartition("}")
    return f"{_PREFIXES.get(uri[1:], '?')}:{name}"


@lru_cache(maxsize=4096)
def _local(tag: str) -> str:
    return tag.removeprefix(W)


def name_of(element: etree._Element) -> str:
    """An element's name with the usual prefix of its namespace: "w:p"."""
    return _short(str(element.tag))


def inner(element: etree._Element | None, *path: str) -> etree._Element | None:
    """The element at the end of a path of names in the namespace of Word ("pPr", "numPr"); None where there is none."""
    for name in path:
        if element is None:
            return None
        element = next(element.iterchildren(W + name), None)
    return element


def properties_of(element: etree._Element | None) -> Properties:
    """What an element of properties ("w:rPr") has, by name without prefix; empty where there is no such element."""
    return {} if element is None else {_local(child.tag): child for child in element}


def value(element: etree._Element | None, name: str = "val") -> str:
    """An attribute in the namespace of Word; empty where there is none."""
    return "" if element is None else element.get(W + name, "")


def number(element: etree._Element | None, name: str = "val", default: int = 0) -> int:
    """An attribute that is a whole number, of no more than four digits: larger ones stand in no contract."""
    raw = value(element, name).strip()
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= 4 else default


def attribute(element: etree._Element, name: str) -> str:
    """An attribute by its prefixed name: "r:id"; empty where there is none."""
    prefix, _, local = name.partition(":")
    return str(element.get(_NAMESPACES[prefix] + local, ""))


def is_on(element: etree._Element | None) -> bool:
    """Whether a property that is on or off is there and on."""
    return element is not None and value(element) not in ("0", "false", "off", "none")


def alternative(element: etree._Element) -> etree._Element | None:
    """The content to read of `mc:AlternateContent`: the choice, and not the fallback that says the same."""
    return next(iter(element), None)
