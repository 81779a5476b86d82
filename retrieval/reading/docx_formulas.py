"""Writes a formula of a Word file in one line: (a + b)/365, 10^6, √(x), with the signs of its structure."""

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from lxml import etree

from retrieval.reading.docx_package import attribute

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_SINGLE = re.compile(r"[\w.,%]*")  # what needs no brackets round it

Piece: TypeAlias = "str | etree._Element"
"""A sign, or an element whose runs stand there."""


def _part(formula: etree._Element, name: str) -> Iterator[Piece]:
    """A part of a formula, as it stands."""
    found = next(formula.iterchildren(M + name), None)
    if found is not None:
        yield found


def _group(formula: etree._Element, name: str) -> Iterator[Piece]:
    """A part, in brackets where it is more than a number or a name."""
    for found in _part(formula, name):
        words = "".join(found.itertext()).strip()  # type: ignore[union-attr]
        yield from (found,) if _SINGLE.fullmatch(words) else ("(", found, ")")


def _set(formula: etree._Element, name: str, default: str) -> str:
    """A sign that a formula's properties name, else Word's own."""
    for properties in formula.iterchildren(f"{formula.tag}Pr"):
        for found in properties.iterchildren(M + name):
            return attribute(found, "m:val")[:1]
    return default


def _fraction(formula: etree._Element) -> Iterator[Piece]:
    yield from (*_group(formula, "num"), "/", *_group(formula, "den"))


def _raised(formula: etree._Element) -> Iterator[Piece]:
    yield from (*_group(formula, "e"), *_part(formula, "sub"), "^", *_group(formula, "sup"))


def _root(formula: etree._Element) -> Iterator[Piece]:
    yield from (*_part(formula, "deg"), "√(", *_part(formula, "e"), ")")


def _bracketed(formula: etree._Element) -> Iterator[Piece]:
    yield _set(formula, "begChr", "(")
    for i, part in enumerate(formula.iterchildren(M + "e")):
        yield from (_set(formula, "sepChr", "|"), part) if i else (part,)
    yield _set(formula, "endChr", ")")


def _summed(formula: etree._Element) -> Iterator[Piece]:
    yield from (_set(formula, "chr", "∫"), *_group(formula, "sub"), *_group(formula, "sup"), " ", *_part(formula, "e"))


# By the prefixed name of the element; what is not here is written part by part.
FORMULAS: dict[str, Callable[[etree._Element], Iterator[Piece]]] = {
    "m:f": _fraction,
    "m:sSup": _raised,
    "m:sSubSup": _raised,
    "m:rad": _root,
    "m:d": _bracketed,
    "m:nary": _summed,
}
