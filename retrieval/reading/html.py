"""Converts HTML: what a browser shows of it as text, without its scripts and styles, and without what it hides.

Paragraphs, list items with their numbers and rows of tables are lines; the cells of a row are parted by tabs. Nothing
that the file names is fetched, and libxml2's HTML parser knows no entities but those of HTML.
"""

import re
from typing import Any

from retrieval.core.documents import Document, ReadingWarning
from retrieval.core.errors import DamagedFile
from retrieval.core.limits import Limits
from retrieval.reading.plain_text import decoded, document_of, unpaged
from retrieval.reading.roman_numerals import roman_numeral

_NEVER_SHOWN = frozenset(
    "script style template head title meta link noscript object embed iframe audio video canvas svg datalist".split()
)
_LINES = frozenset(
    "address article aside body caption center dd details dialog div dt fieldset figcaption figure footer form header "
    "hr legend li main nav option section summary tbody tfoot thead tr".split()
)
_APART = frozenset("h1 h2 h3 h4 h5 h6 p blockquote table pre ol ul dl".split())  # an empty line on either side
_HIDES = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|(?:font-size|opacity)\s*:\s*0+(?:\.0+)?(?![\d.])", re.I
)
_SHOWS = re.compile(r"display\s*:\s*(?!none)\w", re.IGNORECASE)
_WHITE = re.compile(r"(?:white|#fff(?:fff)?)\b", re.IGNORECASE)
_COLOUR = re.compile(r"(?<![\w-])color\s*:\s*([^;]{1,40})", re.IGNORECASE)
_LIST_STYLE = re.compile(r"list-style(?:-type)?\s*:[^;]*?\b(none|decimal|(?:lower|upper)-(?:alpha|latin|roman))", re.I)
_MEDIA = re.compile(r"@[\w-]+[^{};]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SELECTOR = re.compile(r"[a-z][a-z0-9]*|(?:[a-z][a-z0-9]*)?[.#][\w-]+", re.IGNORECASE)
_MOST_STYLES = 300_000  # characters of style sheets that are read
_TYPED = frozenset("text email tel number date url".split())  # inputs that show what is in them
_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w-]{2,30})", re.IGNORECASE)
_DECLARED_WITHIN = 4096  # bytes
_LONGEST_CELL = 400  # characters; the cells of a table that lays out a page are longer
_HIDDEN = (
    "This file has words that a browser does not show; they are not shown or searched here, but anyone can read them "
    "in the file."
)


def read_html(data: bytes, *, name: str, document_id: str, limits: Limits, **_of_pages: object) -> Document:
    """Read an HTML file: the `Converter` of HTML. Raises DamagedFile, UnknownEncoding and what `document_of` does."""
    declared = _DECLARED.search(data[:_DECLARED_WITHIN])
    text, warnings = shown_text(decoded(data, name, declared[1].decode() if declared else None), name)
    return document_of(text, name=name, document_id=document_id, limits=limits, warnings=warnings)


def shown_text(source: str, name: str) -> tuple[str, tuple[ReadingWarning, ...]]:
    """The text that a browser shows of an HTML source, and a warning where it hides words. Raises DamagedFile."""
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(source.encode("utf-8", "replace") or b" ", parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DamagedFile(name=name) from error
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):  # 2,048 levels deep
        raise DamagedFile(name=name)
    if root is None:
        return "", ()
    writer = _Writer(_hiding_selectors(root))
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        if event == "end":
            writer.end(element)
        elif not writer.start(element):
            walk.skip_subtree()
    return unpaged("".join(writer.pieces)), (ReadingWarning(None, "hidden_text", _HIDDEN),) * writer.hides


class _Writer:
    """Writes the elements of a page as lines; `hides` once an element with words was left out that is not shown."""

    def __init__(self, hiding: frozenset[str]) -> None:
        self.pieces: list[str] = []
        self.hides = False
        self._hiding = hiding
        self._gap = ""  # what goes before the next word: nothing, a space, a tab or line ends
        self._shown: list[bool] = []  # of each element around
        self._kept_white = 0  # elements around that keep their white space
        self._backgrounds = 0  # elements around that have a colour of their own
        self._cells = 0  # short cells of a table around, in which paragraphs are no lines
        self._lists: list[tuple[str, int]] = []  # of the lists around: the style of their numbers, and the next one

    def start(self, element: Any) -> bool:
        """Begin an element; False where nothing of it is shown."""
        tag = str(element.tag).lower()
        shown = not (tag in _NEVER_SHOWN or (tag == "option" and element.get("selected") is None))
        if shown and self._is_hidden(element, tag):
            self.hides = self.hides or any(text.strip() for text in element.itertext())
            shown = False
        self._shown.append(shown)
        if shown:
            self._count(element, tag, 1)
            self._open(element, tag)
            self._write(element.text)
        return shown

    def end(self, element: Any) -> None:
        """End an element, and write what follows it."""
        tag = str(element.tag).lower()
        if self._shown.pop():
            self._count(element, tag, -1)
            if tag in ("ol", "ul") and self._lists:
                self._lists.pop()
            self._break(tag)
        self._write(element.tail)

    def _count(self, element: Any, tag: str, by: int) -> None:
        self._kept_white += by * (tag in ("pre", "textarea"))
        self._backgrounds += by * _has_background(element)
        self._cells += by * (tag in ("td", "th") and _is_short(element))

    def _open(self, element: Any, tag: str) -> None:
        """What stands before an element: a line end, the tab between two cells, the number of an item."""
        if tag in ("td", "th"):
            if element.getprevious() is not None:
                self._gap = "\t" if _is_short(element) and "\n" not in self._gap else self._gap or "\n"
            return
        self._break(tag)
        if tag in ("ol", "ul"):
            style = element.get("type") or _of_style(_LIST_STYLE, element) or "1"
            self._lists.append((style if tag == "ol" else "", _number(element.get("start"), 1)))
        elif tag == "li":
            self._write(self._marker(element))
        elif tag == "br":
            self._gap = (
                " " if self._cells else "\n\n" if self._gap == "\n" else self._gap if "\n" in self._gap else "\n"
            )
        elif tag == "input" and element.get("type", "text").lower() in _TYPED:
            self._write(f" {element.get('value', '')} ")

    def _break(self, tag: str) -> None:
        lines = 2 if tag in _APART else 1 if tag in _LINES else 0
        if tag in ("ol", "ul") and self._lists:  # a list in another
            lines = 1
        if self._cells and lines:
            self._gap = self._gap or " "
        elif lines and self._gap.count("\n") < lines:
            self._gap = "\n" * lines

    def _marker(self, element: Any) -> str:
        if not self._lists or not self._lists[-1][0]:
            return "• "
        style, following = self._lists[-1]
        number = _number(element.get("value"), following)
        self._lists[-1] = style, number + 1
        return "" if style == "none" else f"{_numeral(number, style)}. "

    def _write(self, text: str | None) -> None:
        if not text:
            return
        if self._kept_white:
            self.pieces += [self._gap if self.pieces else "", text]
            self._gap = ""
            return
        words = text.split()
        if words:
            if text[0].isspace():
                self._gap = self._gap or " "
            self.pieces += [self._gap if self.pieces else "", " ".join(words)]
            self._gap = ""
        if text[-1].isspace():
            self._gap = self._gap or " "

    def _is_hidden(self, element: Any, tag: str) -> bool:
        style = element.get("style") or ""
        if element.get("hidden") is not None or _HIDES.search(style):
            return True
        if tag == "input" and element.get("type", "").lower() == "hidden":
            return True
        colour = element.get("color") or (found[1].strip() if (found := _COLOUR.search(style)) else "")
        if _WHITE.match(colour) and not self._backgrounds and not _has_background(element):
            return True
        if not self._hiding or _SHOWS.search(style):
            return False
        marks = [f".{each}" for each in (element.get("class") or "").split()[:50]]
        marks += [f"#{element.get('id')}"] if element.get("id") else []
        return any(mark in self._hiding for mark in (tag, *marks, *(tag + mark for mark in marks)))


def _hiding_selectors(root: Any) -> frozenset[str]:
    """The selectors of a page's own style sheets, of one tag, class or id, whose elements are not shown."""
    sheets = "".join(style.text or "" for style in root.iter("style"))[:_MOST_STYLES]
    found: set[str] = set()
    for selectors, declarations in _RULE.findall(_MEDIA.sub("", sheets)):
        if _HIDES.search(declarations):
            found.update(each.strip() for each in selectors.split(",") if _SELECTOR.fullmatch(each.strip()))
    return frozenset(found)


def _has_background(element: Any) -> bool:
    return element.get("bgcolor") is not None or "background" in (element.get("style") or "")


def _is_short(cell: Any) -> bool:
    """Whether a cell is one of a table of figures and words, and not a part of the page's layout."""
    if next(cell.iter("table", "ul", "ol", "h1", "h2", "h3"), None) is not None:
        return False
    size = 0
    for text in cell.itertext():
        size += len(text)
        if size > _LONGEST_CELL:
            return False
    return True


def _of_style(pattern: re.Pattern[str], element: Any) -> str:
    found = pattern.search(element.get("style") or "")
    return found[1].lower() if found else ""


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and re.fullmatch(r"-?[0-9]{1,6}", text.strip()) else otherwise


def _numeral(number: int, style: str) -> str:
    """A number in the style of a list: "3", "c", "C", "iii" or "III"."""
    kind = {"lower-alpha": "a", "lower-latin": "a", "upper-alpha": "A", "upper-latin": "A"}.get(style, style)
    kind = {"lower-roman": "i", "upper-roman": "I"}.get(kind, kind)
    if kind in ("a", "A") and 1 <= number <= 26 * 27:
        high, low = divmod(number - 1, 26)
        letters = (chr(96 + high) if high else "") + chr(97 + low)
        return letters if kind == "a" else letters.upper()
    if kind in ("i", "I") and 1 <= number < 4_000:
        return roman_numeral(number) if kind == "i" else roman_numeral(number).upper()
    return str(number)
