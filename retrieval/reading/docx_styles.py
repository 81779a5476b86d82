"""Resolves the styles of a Word file: what a paragraph or run is given by its style, and by the styles below that."""

from collections.abc import Iterator
from functools import cached_property

from lxml import etree

from retrieval.reading.docx_package import Properties, W, inner, is_on, value

_DEEPEST = 32  # styles below each other; a style may name itself as its basis


class Styles:
    """The styles of one file by id."""

    def __init__(self, root: etree._Element | None) -> None:
        self._styles: dict[str, etree._Element] = {}
        self._found: dict[tuple[str, str, str], etree._Element | None] = {}  # properties of styles
        for style in () if root is None else root.iterfind(W + "style"):
            self._styles.setdefault(value(style, "styleId"), style)

    @cached_property
    def default(self) -> str:
        """The id of the style of a paragraph that names none."""
        for id_, style in self._styles.items():
            if value(style, "type") == "paragraph" and value(style, "default") in ("1", "true", "on"):
                return id_
        return ""

    def of_paragraph(self, paragraph: etree._Element) -> str:
        """The id of a paragraph's style."""
        return value(inner(paragraph, "pPr", "pStyle")) or self.default

    def name(self, id_: str) -> str:
        """A style's name in small letters ("heading 1", "toc 2"), the same in every language of Word."""
        return value(inner(self._styles.get(id_), "name")).lower()

    def chain(self, id_: str) -> Iterator[etree._Element]:
        """A style and those that it is based on, nearest first."""
        for _ in range(_DEEPEST):
            style = self._styles.get(id_)
            if style is None:
                return
            yield style
            id_ = value(inner(style, "basedOn"))

    def names(self, id_: str) -> Iterator[str]:
        """The names of a style and of those that it is based on."""
        return (value(inner(style, "name")).lower() for style in self.chain(id_))

    def is_set(self, name: str, properties: Properties, style: str) -> bool:
        """Whether a property that is on or off ("vanish", "strike") holds for a run, or for a paragraph's mark, by its
        own properties, else by one of its style and that of its paragraph (ISO 29500-1, 17.7.3).
        """
        by_paragraph = is_on(self._inherited("rPr", name, style))
        if name in properties:
            return is_on(properties[name])
        return by_paragraph != is_on(self._inherited("rPr", name, value(properties.get("rStyle"))))

    def is_struck(self, properties: Properties, style: str) -> bool:
        """Whether a run, or a paragraph's mark, is struck through, once or twice."""
        return any(self.is_set(name, properties, style) for name in ("strike", "dstrike"))

    def of_runs(self, name: str, properties: Properties, style: str) -> etree._Element | None:
        """A property of a run: its own, else that of its style, else that of its paragraph's style."""
        found = properties.get(name)
        if found is None:
            found = self._inherited("rPr", name, value(properties.get("rStyle")))
        return self._inherited("rPr", name, style) if found is None else found

    def of_paragraphs(self, name: str, paragraph: etree._Element, style: str) -> etree._Element | None:
        """A property of a paragraph: its own, else that of its style."""
        own = inner(paragraph, "pPr", name)
        return self._inherited("pPr", name, style) if own is None else own

    def _inherited(self, kind: str, name: str, id_: str) -> etree._Element | None:
        key = kind, name, id_
        if id_ and key not in self._found:
            found = (inner(style, kind, name) for style in self.chain(id_))
            self._found[key] = next((element for element in found if element is not None), None)
        return self._found[key] if id_ else None
