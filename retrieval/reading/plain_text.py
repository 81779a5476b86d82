"""Converts text files, and cuts any text that has no pages into sheets: UTF-8, UTF-16 or Windows-1252 → `Document`.

A form feed ends a page, and so does the last of the numbered lines on a page of a transcript. A text without them is
cut at the ends of paragraphs into sheets of about a page, which are places in pincite's own view of it: they have no
label, for the file has no pages that anyone could turn to.
"""

import codecs
import re
from collections.abc import Iterator
from itertools import pairwise

from retrieval.core.documents import PAGE_BREAK, Document, ReadingWarning, Remark
from retrieval.core.errors import NoPages, TooManyPages, TooMuchText, UnknownEncoding
from retrieval.core.limits import Limits
from retrieval.reading.margin_numbers import typed_margin_numbers
from retrieval.reading.page_drafts import SHEET, PageDraft, assemble
from retrieval.reading.printed_pages import place_lines
from retrieval.reading.typed_pages import typed_pages

_BOMS = {
    codecs.BOM_UTF32_LE: "utf-32",  # which begins as that of UTF-16 does
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_MOST_FOREIGN = 0.3  # of the letters: what is more than that is not Windows-1252 but an encoding of other scripts
# Soft hyphens, spaces of no width, marks of direction, and tags: letters that nothing shows, in which words are hidden.
UNSEEN = (
    0xAD,
    0x200B,
    0x200E,
    0x200F,
    *range(0x202A, 0x202F),
    *range(0x2060, 0x206A),
    0xFEFF,
    *range(0xE0000, 0xE0080),
)
_CONTROL = {c: " " for c in (*range(0x20), *range(0x7F, 0xA0)) if chr(c) not in "\t\n\f"} | {
    **dict.fromkeys((*UNSEEN, 0xFFFE, 0xFFFF), ""),
    **dict.fromkeys((0x2028, 0x2029), "\n"),
}


def read_text(data: bytes, *, name: str, document_id: str, limits: Limits, **_of_pages: object) -> Document:
    """Read a text file: the `Converter` of TXT. Raises UnknownEncoding and what `document_of` does."""
    text = clean(decoded(data, name)).strip(PAGE_BREAK)
    return document_of(text, name=name, document_id=document_id, limits=limits)


def is_plausible(head: bytes) -> bool:
    """Whether the first bytes of a file can be those of a text: no null but in UTF-16 and UTF-32, few controls."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)):
        return True
    controls = sum(head.count(c) for c in range(0x20) if c not in b"\t\n\r\f\x1b")
    return b"\0" not in head and controls <= len(head) // 200


def decoded(data: bytes, name: str, encoding: str | None = None) -> str:
    """The text of bytes: in the `encoding` that they are said to have, if they are; else by their mark, in UTF-8 or
    Windows-1252.

    Raises UnknownEncoding.
    """
    marked = next((encoding for bom, encoding in _BOMS.items() if data.startswith(bom)), None)
    if marked:
        return data.decode(marked, "replace")
    for each in filter(None, (encoding, "utf-8")):
        try:
            return data.decode(each)
        except (LookupError, UnicodeError):
            pass
    text = data.decode("cp1252", "replace")
    letters = sum(map(str.isalpha, text))
    if sum(c.isalpha() and not c.isascii() for c in text) > _MOST_FOREIGN * letters:
        raise UnknownEncoding(name=name)
    return text


def clean(text: str) -> str:
    """A text with "\\n" for every line end, and without the characters that nobody sees."""
    text = re.sub("\r\n?|\x0b|\x85", "\n", text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return text.translate(_CONTROL)


def unpaged(text: str) -> str:
    """A clean text of a file that has no pages: without page breaks, and without what is empty around it."""
    return clean(text).replace(PAGE_BREAK, " ").strip("\n ")


def document_of(
    text: str,
    *,
    name: str,
    document_id: str,
    limits: Limits,
    remarks: tuple[Remark, ...] = (),
    warnings: tuple[ReadingWarning, ...] = (),
) -> Document:
    """Make a document of a clean text and its remarks. Raises NoPages, TooMuchText and TooManyPages."""
    if not text.strip():
        raise NoPages(name=name)
    if len(text) > limits.characters:
        raise TooMuchText(name=name, limit=limits.characters)
    own_pages = list(_pages(text))
    drafts, at = [], 0
    for number, (start, end) in enumerate(own_pages or _sheets(text), 1):
        draft = PageDraft(number, text[start:end])
        while at < len(remarks) and remarks[at].start < end:
            remark = remarks[at]
            first, last = max(remark.start, start), min(remark.end, end)
            draft.remark(first - start, last - start, remark.kind, remark.words, remark.detail)
            if remark.end > end:  # it goes on on the next page
                break
            at += 1
        drafts.append(draft)
    if len(drafts) > limits.pages:
        raise TooManyPages(name=name, pages=len(drafts), limit=limits.pages)
    if own_pages:
        typed_margin_numbers(drafts)
        place_lines(drafts)
    return assemble(drafts, document_id=document_id, name=name, warnings=warnings, paged=bool(own_pages))


def _pages(text: str) -> Iterator[tuple[int, int]]:
    """[start, end) of the pages that a text has: between its form feeds, or of a transcript."""
    starts = [m.end() for m in re.finditer(PAGE_BREAK, text)] or typed_pages(text)
    if starts:
        yield from ((start, end - 1) for start, end in pairwise([0, *starts, len(text) + 1]))


def _sheets(text: str) -> Iterator[tuple[int, int]]:
    """[start, end) of the sheets that a text without pages is cut into."""
    start = 0
    while len(text) - start > SHEET:
        end = _sheet_end(text, start)
        yield start, end
        start = end + text[end].isspace()
    yield start, len(text)


def _sheet_end(text: str, start: int) -> int:
    """Where a sheet ends that begins at `start`: at the last end of a paragraph, else of a line, else of a word."""
    for border in ("\n\n", "\n", " "):
        end = text.rfind(border, start + SHEET // 2, start + SHEET)
        if end >= 0:
            return end
    return start + SHEET
