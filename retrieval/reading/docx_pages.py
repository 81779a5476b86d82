"""Puts the lines of a Word file on pages, where Word left marks of its own last pagination in it.

Word marks where a page began when it last showed the file (`w:lastRenderedPageBreak`), beside the breaks that its
author put there. A page's label is the number that its section counts. Without marks the lines are cut into sheets,
which are places in pincite's own view of the file and nothing to cite.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from lxml import etree

from retrieval.core.documents import Remark
from retrieval.reading.docx_numbering import formatted
from retrieval.reading.docx_package import W, inner, name_of, number, value
from retrieval.reading.docx_paragraphs import ParagraphDraft
from retrieval.reading.page_drafts import SHEET, PageDraft

_ON_NEW_PAGE = ("", "nextPage", "oddPage", "evenPage")


def sections_of(body: etree._Element) -> list[etree._Element]:
    """The properties of a body's sections, as they are now."""
    return [section for section in body.iter(W + "sectPr") if name_of(section.getparent()) != "w:sectPrChange"]


def has_marks(body: etree._Element) -> bool:
    """Whether Word left marks of its pages in a body."""
    return next(body.iter(W + "lastRenderedPageBreak"), None) is not None


def paginate(
    lines: Sequence[ParagraphDraft], sections: Sequence[etree._Element], *, paged: bool = True
) -> list[PageDraft]:
    """The pages of lines; sheets of about a page where they are not `paged`."""
    pages = _Pages(sections)
    for line in lines:
        if paged:
            pages.add(line)
        else:
            pages.add_to_sheet(line)
    return pages.finish()


class _Pages:
    """The pages so far; the last is open."""

    def __init__(self, sections: Sequence[etree._Element]) -> None:
        self._sections = sections
        self.drafts: list[PageDraft] = []
        self._parts: list[str] = []
        self._length = 0
        self._section = self._numbered = self._printed = 0
        self._turn()
        self._begun = False  # whether something is on the page; Word marks a page that a command began once more
        self._by_command = False  # whether a command began it

    def add(self, line: ParagraphDraft) -> None:
        """Put a line on the page; the rest of it on the next one where that begins within."""
        if line.section != self._section:
            self._section = line.section
            if self._begun and value(inner(self._of_section(), "type")) in _ON_NEW_PAGE:
                self._turn()
                self._begun, self._by_command = False, True
        text = line.text
        cuts = self._cuts(line, text)
        pieces = [(text[a:b], a) for a, b in pairwise([0, *cuts, len(text)])]
        remarks = _by_piece(line.remarks, cuts)
        for n, (words, start) in enumerate(pieces):
            if n:
                self._turn()
            self._write(words, [replace(m, start=m.start - start, end=m.end - start) for m in remarks[n]])
        if line.is_partly_read:
            self.drafts[-1].partly = self._begun = True

    def add_to_sheet(self, line: ParagraphDraft) -> None:
        """Put a line on the sheet, wherever Word would have it; on the next one where the sheet is full."""
        if self._length + line.length > SHEET and self._length:
            self._turn()
        self.add(replace(line, page_starts=[], section=self._section))

    def _cuts(self, line: ParagraphDraft, text: str) -> list[int]:
        """Where pages begin in a line."""
        cuts, done = [], 0
        for at, by_command in line.page_starts:
            self._begun = self._begun or bool(text[done:at].strip())
            done = at
            if by_command or self._begun:
                cuts.append(at)
                self._begun, self._by_command = False, by_command
        is_space = not line.page_starts and not self._by_command
        self._begun = self._begun or is_space or bool(text[done:].strip())
        return cuts

    def finish(self) -> list[PageDraft]:
        """The pages, each with its text."""
        self._close()
        return self.drafts

    def _write(self, words: str, remarks: Sequence[Remark]) -> None:
        if not words.strip() and not remarks:
            return
        if self._parts:
            self._parts.append("\n")
            self._length += 1
        for m in remarks:
            self.drafts[-1].remark(m.start + self._length, m.end + self._length, m.kind, m.words, m.detail)
        self._parts.append(words)
        self._length += len(words)

    def _turn(self) -> None:
        if self.drafts:
            self._close()
        numbers = inner(self._of_section(), "pgNumType")
        begins = value(numbers, "start") and (not self.drafts or self._section != self._numbered)
        self._printed = number(numbers, "start") if begins else self._printed + 1
        self._numbered = self._section
        self.drafts.append(PageDraft(len(self.drafts) + 1, "", formatted(self._printed, value(numbers, "fmt"))))
        self._parts, self._length = [], 0

    def _close(self) -> None:
        draft = self.drafts[-1]
        draft.text = "".join(self._parts)
        if draft.partly and not any(map(str.isalnum, draft.text)):
            draft.readable = draft.partly = False

    def _of_section(self) -> etree._Element | None:
        return self._sections[self._section] if self._section < len(self._sections) else None


def _by_piece(remarks: Sequence[Remark], cuts: Sequence[int]) -> list[list[Remark]]:
    """The remarks on each piece of a line that is cut, themselves cut there."""
    pieces: list[list[Remark]] = [[] for _ in range(len(cuts) + 1)]
    for m in remarks:
        first = bisect_right(cuts, m.start)
        last = max(first, bisect_left(cuts, m.end))
        for n in range(first, last + 1):
            start = max(m.start, cuts[n - 1]) if n else m.start
            end = min(m.end, cuts[n]) if n < len(cuts) else m.end
            pieces[n].append(replace(m, start=start, end=max(start, end)))
    return pieces
