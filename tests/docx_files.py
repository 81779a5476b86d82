"""Word files that the tests write, part by part: what a test is about is the XML that Word would have written."""

import re
import zipfile
from collections.abc import Mapping
from io import BytesIO
from xml.sax.saxutils import escape

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
NAMESPACES = (
    f'xmlns:w="{WORD}" xmlns:r="{RELATIONS}"'
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    ' xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'
    ' xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
    ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    ' xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    ' xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
)


def run(text: str, properties: str = "") -> str:
    """A run of words."""
    kept = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{kept}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def inserted(*runs: str, by: str = "A. Lawyer", day: str = "2024-03-01") -> str:
    """Runs that a tracked change puts in."""
    return f'<w:ins w:id="1" w:author="{by}" w:date="{day}T10:00:00Z">{_runs(runs)}</w:ins>'


def deleted(text: str, by: str = "A. Lawyer", day: str = "2024-03-01") -> str:
    """Words that a tracked change takes out."""
    words = f'<w:r><w:delText xml:space="preserve">{escape(text)}</w:delText></w:r>'
    return f'<w:del w:id="2" w:author="{by}" w:date="{day}T10:00:00Z">{words}</w:del>'


def paragraph(
    *runs: str, style: str = "", number: tuple[int, int] | None = None, mark: str = "", more: str = ""
) -> str:
    """A paragraph of runs, or of words. `number`: a list and a level; `mark`: properties of its mark."""
    properties = "".join(
        (
            f'<w:pStyle w:val="{style}"/>' if style else "",
            f'<w:numPr><w:ilvl w:val="{number[1]}"/><w:numId w:val="{number[0]}"/></w:numPr>' if number else "",
            more,
            f"<w:rPr>{mark}</w:rPr>" if mark else "",
        )
    )
    return f"<w:p><w:pPr>{properties}</w:pPr>{_runs(runs)}</w:p>"


def cell(*paragraphs: str, properties: str = "") -> str:
    """A cell of a table, of paragraphs or words."""
    inside = "".join(each if each.startswith("<w:") else paragraph(each) for each in paragraphs)
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inside}</w:tc>"


def row(*cells: str, properties: str = "") -> str:
    """A row of cells, or of words."""
    inside = "".join(each if each.startswith("<w:") else cell(each) for each in cells)
    return f"<w:tr><w:trPr>{properties}</w:trPr>{inside}</w:tr>"


def table(*rows: str, properties: str = "") -> str:
    """A table of rows."""
    return f"<w:tbl><w:tblPr>{properties}</w:tblPr>{''.join(rows)}</w:tbl>"


def style(id_: str, inside: str, *, kind: str = "paragraph", name: str = "") -> str:
    """A style."""
    return f'<w:style w:type="{kind}" w:styleId="{id_}"><w:name w:val="{name or id_}"/>{inside}</w:style>'


def in_list(number: int, at: int = 0) -> str:
    """Properties of a style whose paragraphs a list numbers; list 0 takes the number away."""
    return f'<w:pPr><w:numPr><w:ilvl w:val="{at}"/><w:numId w:val="{number}"/></w:numPr></w:pPr>'


def field(code: str, result: str = "", *, inside: str = "") -> str:
    """A field with its code, and its result as Word showed it last."""
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
    shown = f"{mark.format('separate')}{inside or run(result)}" if result or inside else ""
    return f"{mark.format('begin')}<w:r><w:instrText>{code}</w:instrText></w:r>{shown}{mark.format('end')}"


def level(at: int, text: str, form: str = "decimal", start: int = 1, more: str = "") -> str:
    """One level of a list."""
    counted = f'<w:start w:val="{start}"/><w:numFmt w:val="{form}"/>'
    return f'<w:lvl w:ilvl="{at}">{counted}{more}<w:lvlText w:val="{text}"/></w:lvl>'


def numbering(*lists: str, instances: Mapping[int, str] | None = None, more: str = "") -> str:
    """Lists of levels; each has one instance of its number from 1 on, beside those of `instances` (XML by number)."""
    abstract = "".join(
        f'<w:abstractNum w:abstractNumId="{n}">{levels}</w:abstractNum>' for n, levels in enumerate(lists, 1)
    )
    own = dict.fromkeys(range(1, len(lists) + 1), "")
    nums = "".join(
        f'<w:num w:numId="{n}">{inside or _list(n)}</w:num>' for n, inside in {**own, **(instances or {})}.items()
    )
    return abstract + more + nums


def _list(n: int) -> str:
    return f'<w:abstractNumId w:val="{n}"/>'


def _runs(runs: tuple[str, ...]) -> str:
    return "".join(each if each.startswith("<") else run(each) for each in runs)


def docx(
    *body: str,
    parts: Mapping[str, str] | None = None,
    pages: int | None = None,
    pictures: Mapping[str, bytes] | None = None,
) -> bytes:
    """A Word file. `parts` has the inside of further parts by their kind: "styles", "numbering", "footnotes",
    "header1"; `pages` is how many it says that it has; `pictures` are related to its body by their names.
    """
    inside = "".join(each if each.startswith("<") else paragraph(each) for each in body)
    relations, members = "", {"word/document.xml": f"<w:document {NAMESPACES}><w:body>{inside}</w:body></w:document>"}
    for name, content in (parts or {}).items():
        kind = name.rstrip("0123456789")
        root = {"header": "hdr", "footer": "ftr"}.get(kind, kind)
        members[f"word/{name}.xml"] = f"<w:{root} {NAMESPACES}>{content}</w:{root}>"
        relations += f'<Relationship Id="{name}" Type="{RELATIONS}/{kind}" Target="{name}.xml"/>'
    for name in pictures or {}:
        relations += f'<Relationship Id="{name}" Type="{RELATIONS}/image" Target="media/{name}"/>'
    members["word/_rels/document.xml.rels"] = f'<Relationships xmlns="{_PACKAGE}">{relations}</Relationships>'
    top = f'<Relationship Id="a" Type="{RELATIONS}/officeDocument" Target="word/document.xml"/>'
    if pages is not None:
        members["docProps/app.xml"] = f"<Properties><Pages>{pages}</Pages></Properties>"
        top += f'<Relationship Id="b" Type="{RELATIONS}/extended-properties" Target="docProps/app.xml"/>'
    members["_rels/.rels"] = f'<Relationships xmlns="{_PACKAGE}">{top}</Relationships>'
    members["[Content_Types].xml"] = _content_types(members)
    media = {f"word/media/{name}": data for name, data in (pictures or {}).items()}
    return packed({**{name: text.encode() for name, text in members.items()}, **media})


def _content_types(members: Mapping[str, str]) -> str:
    made = "application/vnd.openxmlformats-"
    overrides = ""
    for name in members:
        kind = re.sub(r"\d*\.xml\Z", ".main" if name.endswith("document.xml") else "", name.removeprefix("word/"))
        if name.startswith("word/") and not name.endswith(".rels"):
            type_ = f"{made}officedocument.wordprocessingml.{kind}+xml"
            overrides += f'<Override PartName="/{name}" ContentType="{type_}"/>'
    return (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        f'<Default Extension="rels" ContentType="{made}package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )


def packed(members: Mapping[str, bytes]) -> bytes:
    """A ZIP of members."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()
