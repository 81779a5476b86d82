"""Packs XML into an Office file (OOXML: DOCX, XLSX), and writes text as XML without what XML cannot hold."""

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from xml.sax.saxutils import escape

from webapp.core.limits import without_codes

DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_CORE = "application/vnd.openxmlformats-package.core-properties+xml"
_NO_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OLDEST = (1980, 1, 1, 0, 0, 0)  # of a ZIP: the same file is the same bytes whenever it is made


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a package: its path, its type, its XML, and the targets that it has links to, from rId1."""

    path: str
    media_type: str
    xml: str
    links: Sequence[str] = ()
    parts: Sequence[tuple[str, str]] = ()  # kind and path, from its folder, of other parts that it uses


@dataclass(frozen=True, slots=True)
class Properties:
    """What a file says of itself."""

    title: str
    creator: str
    created: datetime


def clean(text: str) -> str:
    """Text without control characters, turns of direction, and what else no XML holds."""
    return _NO_XML.sub("", without_codes(text.replace("\x0c", "\n").replace("\x0b", "\n").replace("\r", "")))


def xml_text(text: str) -> str:
    """Text within an element."""
    return escape(clean(text))


def xml_attribute(text: str) -> str:
    """Text within quotation marks."""
    return escape(clean(text), {'"': "&quot;", "\n": " ", "\t": " "})


def resource(name: str) -> str:
    """The text of a part that is the same in every file: styles, settings."""
    return (resources.files("webapp") / "exports" / name).read_text("utf-8")


def package(main: str, parts: Sequence[Part], properties: Properties) -> bytes:
    """The bytes of a file whose main part has the path `main`."""
    files = {
        "[Content_Types].xml": _types(parts),
        "_rels/.rels": _relationships(
            [
                (f"{_OFFICE}/officeDocument", main, False),
                (f"{_PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml", False),
            ]
        ),
        "docProps/core.xml": _core(properties),
    }
    for part in parts:
        files[part.path] = DECLARATION + part.xml
        if part.links or part.parts:
            folder, _, name = part.path.rpartition("/")
            links = [(f"{_OFFICE}/hyperlink", target, True) for target in part.links]
            links += [(f"{_OFFICE}/{kind}", target, False) for kind, target in part.parts]
            files[f"{folder}/_rels/{name}.rels"] = _relationships(links)
    return _zip(files)


def _zip(files: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path, _OLDEST), text.encode(), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _types(parts: Sequence[Part]) -> str:
    overrides = "".join(f'<Override PartName="/{part.path}" ContentType="{part.media_type}"/>' for part in parts)
    return (
        f'{DECLARATION}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}'
        f'<Override PartName="/docProps/core.xml" ContentType="{_CORE}"/></Types>'
    )


def _relationships(links: Sequence[tuple[str, str, bool]]) -> str:
    outside = ' TargetMode="External"'
    rows = "".join(
        f'<Relationship Id="rId{n}" Type="{kind}" Target="{xml_attribute(target)}"{outside if is_external else ""}/>'
        for n, (kind, target, is_external) in enumerate(links, 1)
    )
    return f'{DECLARATION}<Relationships xmlns="{_PACKAGE}/relationships">{rows}</Relationships>'


def _core(properties: Properties) -> str:
    created = f"{properties.created.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return (
        f'{DECLARATION}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{xml_text(properties.title)}</dc:title><dc:creator>{xml_text(properties.creator)}</dc:creator>"
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{created}</dcterms:created></cp:coreProperties>'
    )
