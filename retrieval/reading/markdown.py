"""Converts Markdown: its words without its marks, so that a quotation reads as the page does that is made of it."""

import re

from retrieval.core.documents import PAGE_BREAK, Document
from retrieval.core.limits import Limits
from retrieval.reading.plain_text import clean, decoded, document_of

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_FENCE = re.compile(r"\s{0,3}(?:```|~~~)")
_RULE = re.compile(r"\s{0,3}(?:(?:[-*_]\s*){3,}|=+\s*)\Z")
_TABLE_RULE = re.compile(r"\s*\|?(?:\s*:?-+:?\s*\|)*\s*:?-+:?\s*\|?\s*\Z")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(.*?)(?:\s+#+)?\s*\Z")
_QUOTED = re.compile(r"\s{0,3}(?:>\s?)+")
_BULLET = re.compile(r"(\s*)[*+-]\s+(?:\[[ xX]\]\s+)?")
_LINK = re.compile(r"!?\[([^\[\]\n]{0,2000})\](?:\([^()\s]{0,2000}(?:\s+\"[^\"\n]{0,500}\")?\)|\[[^\[\]\n]{0,200}\])")
# Not blanks to fill in ("£______") nor what was taken out ("[***]").
_EMPHASIS = re.compile(
    r"(?<![\w\\])(\*{1,3}(?!\**\])|_{1,3}(?!_)|~~|`+)(?=\S)([^\n]{1,2000}?)(?<![\s\\\[])\1(?!\w|(?<=\*{3})\])"
)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_LONGEST = 20_000  # characters of a line whose marks are looked for


def read_markdown(data: bytes, *, name: str, document_id: str, limits: Limits, **_of_pages: object) -> Document:
    """Read a Markdown file: the `Converter` of MD. Raises UnknownEncoding and what `document_of` does."""
    text = without_marks(clean(decoded(data, name)).replace(PAGE_BREAK, " "))
    return document_of(text, name=name, document_id=document_id, limits=limits)


def without_marks(source: str) -> str:
    """The words of a Markdown source: headings, emphasis, links and cells without their marks; code as it stands."""
    lines: list[str] = []
    in_code = False
    for line in _COMMENT.sub("", source).split("\n"):
        if _FENCE.match(line):
            in_code = not in_code
        elif in_code or len(line) > _LONGEST:
            lines.append(line)
        elif not (_RULE.match(line) or ("-" in line and _TABLE_RULE.match(line))):
            lines.append(_words(line))
    return "\n".join(lines).strip("\n ")


def _words(line: str) -> str:
    line = _QUOTED.sub("", line, count=1)
    if heading := _HEADING.match(line):
        line = heading[1]
    line = _BULLET.sub(r"\1• ", line, count=1) if _BULLET.match(line) else line
    if line.count("|") > 1 and line.strip().startswith("|"):
        line = "\t".join(cell.strip() for cell in line.strip().strip("|").split("|"))
    line = _LINK.sub(r"\1", line)
    for _ in range(2):  # bold in italics
        line = _EMPHASIS.sub(r"\2", line)
    return _ESCAPED.sub(r"\1", line)
