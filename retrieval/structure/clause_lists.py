"""Puts the numbers of a document into lists, each under the clause that holds it.

A mark is believed when it continues a list that is open, or begins one at its first value; the lists that are open are
a stack, outermost first: exhibits and schedules, attached terms under a heading of their own, chapters, articles,
sections ("8.", "8.2"), items. A "1." inside a section is an item of it where the sections go on after it, and begins
the sections anew where they do not: what comes after decides.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from retrieval.structure.clause_marks import (
    Kind,
    Mark,
    is_title,
    readings,
    run_in_heading,
    stands_alone,
    words_of_weight,
)
from retrieval.structure.layout import Line

TITLE_LENGTH = 600  # characters of a title page; an exhibit that begins in them is the filing's, not the contract's
_MOST_SKIPPED = 3  # a list may miss so many numbers (a page that could not be read, a deleted clause) and still go on
_LOOKED_AHEAD, _SECTIONS_AHEAD = 300, 100  # marks; what goes on after more of them is another list
_HEADING_ABOVE = 25  # lines between the heading of attached terms and their first number: a preamble
_LEAST_RUN = 4  # numbers of a list that begins anew without a heading
_FEW = 3  # numbers before a list that begins anew: parties, points of a cover sheet
_FILING = re.compile(r"Exhibit \d+\.\d+")  # the number under which a contract was filed, above its title
_ROLE_ABOVE = 6  # lines above the first party or recital
_LONGEST_TITLE = 70  # characters
_MOST_RECITALS, _MOST_LEFT_OUT = 30, 200
_TITLE_LINES = 15
_BARE = re.compile(r"\s*(\d{1,2})\s+([A-Z].{2,70})$")
_RECITAL = re.compile(r"[\s.)]*whereas\b", re.IGNORECASE)
_RECITALS = re.compile(
    r"\W*(?:recitals?|whereas|background|witnesseth|w\s?i\s?t\s?n\s?e\s?s\s?s\s?e\s?t\s?h|preliminary statements?"
    r"|preamble)\W*$|.*\bwhereas\s*[:,]\s*$",
    re.IGNORECASE,
)
_PARTIES = re.compile(r"\W*(?:the\s+)?part(?:ies|y)\W*|.*\b(?:between|among|amongst|parties)\W*", re.IGNORECASE)
_AGREED = re.compile(r"\bagree[sd]?\b|\bfollows|\bcovenant", re.IGNORECASE)  # ends the recitals
_PROVEN = 2  # headings without a full stop after their number that stand above their first subsection
_LISTED_WITHIN = 2  # lines between the exhibits of a list
ROLES = ("Party", "Recital")
_SENTENCE_ENDS = (".", ";", "”", '"', ")")
_FILED_AS = ("Exhibit", "Attachment", "Addendum")
_CONTAINERS = ("part", "title", "chapter")
_NO_HEADING = re.compile(
    r"\W*(?:(?:by|name|title|date|dated|its|attest|table|figure|fig|address|attention|attn|tel|fax|e-?mail|witness|signed"
    r"|page|source|note)\b|in witness|/s/|now,? therefore|whereas|witnesseth"
    r"|(?:recitals?|background|(?:agreed )?terms)\W*$|$)|.*(?:_{3,}|\.{4,}|[,;]\s*$|\$|@|\b(?:19|20)\d\d\b"
    r"|\b(?:inc|llc|corp|corporation|ltd|limited|plc|gmbh|n\.?v|s\.?a|l\.?p|co)\b[.,)]*\W*$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Item:
    """A member of a list: the line it begins, its mark, the clause that holds it, and the list's number."""

    line: Line
    mark: Mark
    parent: int | None
    depth: int
    list_: int


@dataclass(slots=True)
class _Open:
    """A list that may go on: the value it has reached, and the clause that holds it."""

    kind: Kind
    value: int
    clause: int
    path: tuple[int, ...]  # (8, 2) for "8.2", (8,) for "8." and "Article VIII", () for "(b)"
    list_: int
    titled: bool


@dataclass(frozen=True, slots=True)
class Found:
    """Every clause in reading order, and what some of their lists are."""

    rows: list[Line]  # those that are words of the contract
    items: list[Item]
    marks: list[list[Mark]]  # of each line
    run_on: frozenset[int]  # lists that go on through articles or chapters: "Article II, 4."
    roles: dict[int, str]  # lists before the sections: "Party", "Recital"


def find_items(all_lines: Sequence[Line]) -> Found:
    """The clauses of a document's lines."""
    lists = _Lists(all_lines)
    for i in lists.marked:
        lists.place(i)
    return Found(lists.rows, lists.items, lists.marks, frozenset(lists.run_on), lists.roles)


def _is_headed(item: tuple[Line, Mark]) -> bool:
    """Whether a number has a heading after it on its line."""
    line, mark = item
    heading = run_in_heading(line.text[mark.end :].strip(" .:)-–—\t\u00a0"))
    return any(len(word) > 2 for word in words_of_weight(heading)) and not _NO_HEADING.match(heading)


def _above(rows: Sequence[Line]) -> list[str]:
    """The line above each; empty at the top of a page, where a sentence seldom goes on with a number."""
    return ["" if i == 0 or rows[i - 1].page != row.page else rows[i - 1].text for i, row in enumerate(rows)]


def heading_above(rows: Sequence[Line], marks: Sequence[Sequence[Mark]], row: int, *, near: int) -> int | None:
    """The line of the nearest heading without a number above a line, at most `near` above; None if a clause is nearer.

    One that is not in capitals stands directly above.
    """
    for i in range(row - 1, max(-1, row - 1 - near), -1):
        if marks[i]:
            return None
        text = rows[i].text.strip()
        if row - i > 2 and not text.isupper():
            continue
        if (
            len(text) <= _LONGEST_TITLE
            and is_title(text)
            and any(len(word) > 2 for word in words_of_weight(text))
            and not _NO_HEADING.match(text)
        ):
            return i
    return None


class _Lists:
    """The stack of open lists, and what has been found so far."""

    def __init__(self, all_lines: Sequence[Line]) -> None:
        above = dict(zip((row.start for row in all_lines), _above(all_lines), strict=True))
        self.rows = [row for row in all_lines if not row.noise]
        self.marks = [readings(row.text, above[row.start]) for row in self.rows]
        self._add_bare_numbers()
        self._forget_lists_of_parts()
        self.marked = [i for i, marks in enumerate(self.marks) if marks]
        self.sections = [i for i in self.marked if self.marks[i][0].kind in ("number", "article", "chapter", "part")]
        self.row_of = {row.start: i for i, row in enumerate(self.rows)}
        self.items: list[Item] = []
        self.run_on: set[int] = set()
        self.roles: dict[int, str] = {}
        self._stack: list[_Open] = []
        self._lists = 0
        self._parts: set[str] = set()
        self._articles: _Open | None = None  # the last article of this numbering, open or not
        self._numbers: _Open | None = None  # the last section of the article or chapter before
        self._begun = False  # whether sections have begun
        self._held: set[int] = set()  # lists of items below which numbers stood

    def _add_bare_numbers(self) -> None:
        """Read "7 HOURS OF WORK" above "7.1" as the heading that it is; and where a document has several of these in
        capitals, also "8 NOTICES" above mere words, in its turn.
        """
        found = [
            (i, match, self.rows[i + 1].text.lstrip().startswith(f"{match[1]}.1"))
            for i, row in enumerate(self.rows[:-1])
            if not self.marks[i] and (match := _BARE.match(row.text)) and is_title(match[2])
        ]
        in_capitals = sum(match[2].isupper() for _, match, is_proven in found if is_proven) >= _PROVEN
        last = 0
        for i, match, is_proven in found:
            value = int(match[1])
            if is_proven or (in_capitals and match[2].isupper() and value == last + 1):
                self.marks[i] = [Mark("number", value, match[1], match.end(1), (value,), titled=True)]
                last = value

    def _forget_lists_of_parts(self) -> None:
        """Take out the exhibits that are only listed ("Attachment A - Notices"): beside others, and headed later."""
        parts = [(i, marks[0].text) for i, marks in enumerate(self.marks) if marks and marks[0].kind == "part"]
        last = {text: i for i, text in parts}
        pages = [self.rows[i].page for i, _ in parts]
        apart = [
            n
            for n in range(1, len(parts))
            if parts[n][0] - parts[n - 1][0] > _LISTED_WITHIN or pages[n] != pages[n - 1]
        ]
        for start, end in pairwise([0, *apart, len(parts)]):
            listed = parts[start:end]
            if len({text for _, text in listed}) > 1 and sum(last[text] > listed[-1][0] for _, text in listed) > 1:
                for i, _ in listed:
                    self.marks[i] = []

    def place(self, row: int) -> None:
        """Take in the mark of a line, if it continues a list or begins one."""
        marks = self.marks[row]
        if marks[0].kind == "number" and not marks[0].titled:
            alone = stands_alone(self.rows[row].text[marks[0].end :].lstrip(" .:)-–—\t"), self._below(row))
            marks = [replace(marks[0], titled=True)] if alone else marks
        chosen = self._continued(row, marks, 1) or self._continued(row, marks, _MOST_SKIPPED)
        if chosen:
            mark, depth = chosen
            self._push(row, mark, depth, self._stack[depth].list_)
        elif not any(self._begin(row, mark) for mark in marks):
            self._go_on_after_gap(row, marks[0])

    def _go_on_after_gap(self, row: int, mark: Mark) -> None:
        """Take in a section whose number is far ahead of the last one's: "5. Fee." after "1. Space.".

        Both have headings, and no number between the two follows: else it is quoted, or a figure.
        """
        sections = self._sections(self._base())
        if not sections or mark.kind != "number" or mark.runs_on or not self._begins_line(row, mark):
            return
        last = self._stack[sections[0]]
        if not len(mark.path) == len(last.path) == 1 or mark.value <= last.value:
            return
        headed = all(_is_headed(item) for item in ((self.rows[row], mark), self._line_of(last)))
        if headed and not self._comes_later(row, range(last.value + 1, mark.value)):
            self._push(row, mark, sections[0], last.list_)

    def _line_of(self, open_: _Open) -> tuple[Line, Mark]:
        item = self.items[open_.clause]
        return item.line, item.mark

    def _begins_line(self, row: int, mark: Mark) -> bool:
        """Whether a number does not go on with the line above, nor is announced by it ("as follows:")."""
        above = self.rows[row - 1] if row else None
        words = above.text.rstrip() if above and above.page == self.rows[row].page else ""
        return not words.endswith(":") and (mark.titled or not words or words.endswith(_SENTENCE_ENDS))

    def _comes_later(self, row: int, numbers: range) -> bool:
        """Whether one of some numbers begins a section after a line, before the next exhibit or article."""
        for following in self._sections_ahead(row):
            if following.kind in ("part", "article"):
                return False
            if following.kind == "number" and following.path[0] in numbers:
                return True
        return False

    def _below(self, row: int) -> str:
        return self.rows[row + 1].text if row + 1 < len(self.rows) else ""

    def _push(self, row: int, mark: Mark, depth: int, list_: int | None = None) -> bool:
        if mark.kind in ("part", "title"):
            self._articles = self._numbers = None
        elif mark.kind in ("chapter", "article"):
            inner = (o for o in self._stack[depth:] if o.kind == "number")
            self._numbers = next(inner, self._numbers if mark.kind == "article" or not self._stack[depth:] else None)
        if list_ is None:
            list_, self._lists = self._lists, self._lists + 1
            if depth == 0 and mark.kind not in ("part", "title", "chapter", "article", "lettered"):
                self._note_role(row, mark, list_)
        del self._stack[depth:]
        opened = _Open(mark.kind, mark.value, len(self.items), mark.path, list_, mark.titled)
        if mark.kind == "article":
            self._articles = opened
        parent = self._stack[depth - 1].clause if depth else None
        if mark.kind in ("number", "run") and depth:
            self._held.add(self._stack[depth - 1].list_)
        self._stack.append(opened)
        self.items.append(Item(self.rows[row], mark, parent, depth, list_))
        return True

    def _note_role(self, row: int, mark: Mark, list_: int) -> None:
        """Keep what a list before the first section is, by the words above it: the parties, or recitals."""
        if self._begun or mark.word or len(mark.path) > 1:
            return
        if role := self._role(row, mark):
            self.roles[list_] = role
        else:
            self._begun = mark.kind == "number"

    def _role(self, row: int, mark: Mark) -> str:
        for i in range(row, max(-1, row - 1 - _ROLE_ABOVE), -1):
            text = self.rows[i].text if i < row else self.rows[i].text[mark.end :]
            if i < row and (_AGREED.search(text) or self.marks[i]):
                return ""
            if (_RECITAL if i == row else _RECITALS).match(text):
                return "Recital"
            if i < row and _PARTIES.fullmatch(text):
                return "Party"
        return ""

    def _base(self) -> int:
        """How many of the open lists are exhibits, attached terms and chapters."""
        return next((d for d, o in enumerate(self._stack) if o.kind not in _CONTAINERS), len(self._stack))

    def _continued(self, row: int, marks: Sequence[Mark], skip: int) -> tuple[Mark, int] | None:
        """The reading that goes on with an open list, the innermost list first."""
        found = [
            (mark, depth)
            for depth in range(len(self._stack) - 1, -1, -1)
            for mark in marks
            if (same := self._same_list(mark, self._stack[depth]))
            and 0 < same.value - self._stack[depth].value <= self._most_skipped(depth, skip)
        ]
        if not found:
            return None
        mark, depth = found[0]
        if self._stack[depth].kind == "run" and len(found) > 1 and self._is_outer(row, mark, depth, found[-1][1]):
            mark, depth = found[-1]
        return (replace(mark, kind="run", path=()) if self._stack[depth].kind == "run" else mark), depth

    def _most_skipped(self, depth: int, skip: int) -> int:
        """An excerpt may leave out most of the recitals."""
        return _MOST_LEFT_OUT if skip > 1 and self._stack[depth].list_ in self.roles else skip

    def _is_outer(self, row: int, mark: Mark, inner: int, outer: int) -> bool:
        """Whether a number that goes on both with sections and with the items inside the last is a section: "3.1" comes
        after it before the next of the last section, or it alone has a heading.
        """
        for following in self._sections_ahead(row):
            if following.kind in ("part", "article"):
                break
            if following.kind == "number" and following.path[0] in (mark.value, mark.value - 1):
                if len(following.path) > 1:
                    return following.path[0] == mark.value
            elif following.kind == "number":
                break
        title = is_title(self.rows[row].text[mark.end :])
        return mark.titled and title and not self._stack[inner].titled and self._stack[outer].titled

    @staticmethod
    def _same_list(mark: Mark, open_: _Open) -> Mark | None:
        if open_.kind in _CONTAINERS or open_.kind in ("article", "lettered"):
            return None
        if mark.kind == "number":
            bare = len(mark.path) == 1
            return mark if bare and (len(open_.path) == 1 or (open_.kind == "run" and not mark.word)) else None
        return mark if mark.kind == open_.kind else None

    def _begin(self, row: int, mark: Mark) -> bool:
        match mark.kind:
            case "part":
                return self._begin_part(row, mark)
            case "chapter":
                return self._begin_chapter(row, mark)
            case "article":
                return self._begin_article(row, mark)
            case "number":
                return self._begin_number(row, mark)
            case "lettered":
                return self._begin_lettered(row, mark)
        kinds = [o.kind for o in self._stack]
        if mark.value != 1:
            return False
        first = self.roles.get(self._stack[0].list_) if self._stack else None
        if first and (self._role(row, mark) or (first == "Party" and mark.kind in ("paren-A", "letter-A"))):
            self._push(row, mark, 0)  # recitals after the parties
            self.roles.setdefault(self._stack[0].list_, "Recital")
            return True
        return self._push(row, mark, kinds.index(mark.kind) if mark.kind in kinds else len(kinds))

    def _begin_part(self, row: int, mark: Mark) -> bool:
        word = mark.text.partition(" ")[0]
        open_ = [self.items[o.clause].mark.text for o in self._stack if o.kind == "part"]
        if mark.text in open_ and not self._is_another(row, self._stack[open_.index(mark.text)].clause):
            return False
        if not self.items and _FILING.fullmatch(mark.text):
            return False
        if not self.items and self._filed_as(row, word):  # holds no numbering of its own: the document is it
            self._push(row, mark, 0)
            self._stack.clear()
            return True
        nested = len(open_) > 1 and open_[1].startswith(word) and self._stack[1].value + 1 == mark.value
        if open_ and (mark.text in self._parts or (nested and self._stack[0].value + 1 != mark.value)):
            return self._push(row, mark, 1)
        self._parts.add(mark.text)
        return self._push(row, mark, 0)

    def _is_another(self, row: int, part: int) -> bool:
        """Whether an exhibit of an open exhibit's number is one of its own, and not the head of its next page."""
        own, below = self.items[part].line, self._below(row)
        first = self._below(self.row_of[own.start])
        headed = all(text.isupper() and is_title(text) for text in (first, below)) and below.split() != first.split()
        return headed and self.rows[row].page == self.rows[row - 1].page

    def _filed_as(self, row: int, word: str) -> bool:
        """Whether an exhibit on the title page is the document itself: no other of its kind follows."""
        if word not in _FILED_AS or self.rows[row].start > TITLE_LENGTH:
            return False
        later = (self.marks[i][0] for i in self.marked if i > row)
        return not any(mark.kind == "part" and mark.text.startswith(word) for mark in later)

    def _begin_chapter(self, row: int, mark: Mark) -> bool:
        word = mark.text.partition(" ")[0]
        for depth, open_ in enumerate(self._stack):
            if open_.kind == "chapter" and self.items[open_.clause].mark.text.startswith(word):
                goes_on = open_.value < mark.value <= open_.value + _MOST_SKIPPED
                return (goes_on or mark.value == 1) and self._push(row, mark, depth, open_.list_ if goes_on else None)
        if mark.value != 1 and not (mark.titled and not self._stack[self._base() :]):
            return False
        return self._push(row, mark, self._base())

    def _begin_article(self, row: int, mark: Mark) -> bool:
        depth, last = self._base(), self._articles
        if last is None:
            inside = any(o.path for o in self._stack[depth:])
            return (mark.value == 1 or (mark.titled and not inside)) and self._push(row, mark, depth)
        ahead = mark.value - last.value
        if 0 < ahead <= _MOST_SKIPPED or (ahead > 0 and mark.titled and not mark.runs_on):
            if last.clause < (self._stack[depth - 1].clause if depth else 0):  # in the chapter before
                self.run_on.add(last.list_)
            return self._push(row, mark, depth, last.list_)
        if mark.value != 1 or not mark.titled or mark.runs_on:
            return False
        chapter = depth and self._stack[depth - 1].kind == "chapter" and self._stack[depth - 1].clause > last.clause
        return self._push(row, mark, depth if chapter else self._under_heading(row))

    def _begin_lettered(self, row: int, mark: Mark) -> bool:
        base = self._base()
        for depth in range(len(self._stack) - 1, base - 1, -1):
            open_ = self._stack[depth]
            if open_.kind == "lettered":
                if mark.path[:-1] == open_.path[: len(mark.path) - 1] and open_.path < mark.path:
                    if len(mark.path) == len(open_.path):
                        return self._push(row, mark, depth, open_.list_)
                    if len(mark.path) > len(open_.path):
                        return self._push(row, mark, depth + 1)
                elif mark.path[1:] == (1,) * len(mark.path[1:]) and mark.path[0] == open_.path[0] + 1:
                    return self._push(row, mark, depth, open_.list_)
        first = set(mark.path[1:]) <= {0, 1} and not any(o.kind in ("number", "lettered") for o in self._stack[base:])
        return first and self._push(row, mark, base)

    def _begin_number(self, row: int, mark: Mark) -> bool:
        """A section that no open list of sections has next: below one, after a gap, or the first of its list."""
        base = self._base()
        if len(mark.path) > 1 or not self._sections(base):
            found = self._section_depth(mark, base)
            if found is not None:
                return self._push(row, mark, *found)
        if set(mark.path) <= {0, 1}:
            return self._begin_sections(row, mark, base)
        if not self.items and self._begins_excerpt(row, mark):
            return self._push(row, mark, base)
        if len(mark.path) == 1 and not any(o.path for o in self._stack[base:]) and (mark.titled or mark.word):
            return self._push(row, mark, base if self._ended(row, base) else len(self._stack))
        return self._begin_gap(row, mark, base)

    def _sections(self, base: int) -> list[int]:
        return [d for d in range(base, len(self._stack)) if self._stack[d].kind == "number"]

    def _section_depth(self, mark: Mark, base: int) -> tuple[int, int | None] | None:
        """Where "8.2" belongs, and in which list: under 8, after 8.1, or (where no line says 8) after 7.9."""
        numeric = [d for d in range(base, len(self._stack)) if self._stack[d].kind in ("number", "article")]
        if len(mark.path) == 1:
            last = self._numbers
            if last is None or not 0 < mark.value - last.value <= _MOST_SKIPPED or mark.value == 1:
                return None
            self.run_on.add(last.list_)
            return base + len(numeric[:1]), last.list_
        for depth in reversed(numeric):
            open_ = self._stack[depth]
            if open_.path == mark.path[: len(open_.path)] and len(open_.path) < len(mark.path):
                return depth + 1, None
            if open_.path[:-1] == mark.path[:-1] and len(open_.path) == len(mark.path):
                return (depth, open_.list_) if open_.path < mark.path else None
        if not numeric:
            return (base, None) if mark.value <= 1 and mark.path[0] > 1 else None
        top = self._stack[numeric[0]]
        ahead = mark.path[0] - top.path[0]
        if 0 < ahead <= _MOST_SKIPPED and mark.path[1] <= 1 + int(len(top.path) == 1):
            return numeric[0], top.list_ if top.kind == "number" else None
        return None

    def _begins_excerpt(self, row: int, mark: Mark) -> bool:
        """Whether the first number of all begins the sections of an excerpt: "4.2 Payment. …" below a title.

        It has a heading, stands below one or below a sentence that has ended, and no number before it comes later.
        """
        above = self.rows[row - 1].text.strip() if row else ""
        return (
            len(mark.path) > 1
            and not mark.runs_on
            and _is_headed((self.rows[row], mark))
            and (is_title(above) or above.endswith(_SENTENCE_ENDS))
            and not self._comes_later(row, range(1, mark.path[0]))
        )

    def _begin_gap(self, row: int, mark: Mark, base: int) -> bool:
        """A "6." after 5.4, where no line said 5."""
        sections = self._sections(base)
        if len(mark.path) > 1 or not sections:
            return False
        top = self._stack[sections[0]]
        if len(top.path) == 1 or not 0 < mark.value - top.path[0] <= _MOST_SKIPPED:
            return False
        return self._push(row, mark, sections[0], top.list_)

    def _begin_sections(self, row: int, mark: Mark, base: int) -> bool:
        """The first of a list of numbers: of sections, or of items in a section that goes on after them."""
        item = replace(mark, kind="run", path=())
        sections, bare = self._sections(base), len(mark.path) == 1 and not mark.word
        if not sections:
            article = base < len(self._stack) and self._stack[base].kind == "article"
            if article:
                inside = len(self._stack) > base + 1 and bare
                return self._push(row, item if inside else mark, len(self._stack) if inside else base + 1)
            if self._ended(row, base):
                return self._push(row, mark, base)
            return self._push(row, item if bare else mark, len(self._stack))
        runs = [d for d in range(base, len(self._stack)) if self._stack[d].kind == "run"]
        outer = self._stack[sections[0]]
        if bare and (self._goes_on(row, outer) or not self._begins_anew(row, mark, outer)):
            inside = not runs or any(self._is_next(row, o) for o in self._stack[runs[-1] + 1 :])
            return self._push(row, item, len(self._stack) if inside else runs[-1])
        titled = mark.titled and len(mark.path) == 1
        if not bare and not titled and heading_above(self.rows, self.marks, row, near=_HEADING_ABOVE) is None:
            return False
        under_article = self._stack[base].kind == "article"
        return self._push(row, mark, sections[0] if under_article else self._under_heading(row))

    def _ended(self, row: int, base: int) -> bool:
        """Whether the outermost list of items, parties or recitals, is over where sections begin."""
        if base == len(self._stack):
            return True
        outer = self._stack[base]
        if outer.list_ in self.roles:
            return True
        return outer.list_ not in self._held and not self._is_next(row, outer)

    def _is_next(self, row: int, open_: _Open) -> bool:
        """Whether the next mark of an open list's kind goes on with it."""
        for i in self._ahead(row):
            for mark in self.marks[i]:
                if mark.kind == "part":
                    return False
                if mark.kind == open_.kind == "lettered":
                    return open_.path < mark.path
                if mark.kind == open_.kind:
                    return open_.value < mark.value <= open_.value + _MOST_SKIPPED
        return False

    def _ahead(self, row: int) -> Iterator[int]:
        at = bisect_right(self.marked, row)
        return iter(self.marked[at : at + _LOOKED_AHEAD])

    def _sections_ahead(self, row: int) -> Iterator[Mark]:
        at = bisect_right(self.sections, row)
        return (self.marks[i][0] for i in self.sections[at : at + _SECTIONS_AHEAD])

    def _goes_on(self, row: int, outer: _Open) -> bool:
        """Whether sections go on after the numbers that begin here: after 1, 2, 3 comes the 5 that follows 4."""
        reached, following = 1, outer.path[0] + 1
        for mark in self._sections_ahead(row):
            if mark.kind != "number":
                return False
            first = mark.path[0]
            if len(mark.path) > 1:
                if first == reached != outer.path[0]:
                    return False
                if first in (outer.path[0], following) and first != reached:
                    return True
            elif first == reached + 1:
                reached = first
            elif first == 1:
                reached = 1
            elif 0 <= first - following < _MOST_SKIPPED:
                return True
        return False

    def _begins_anew(self, row: int, mark: Mark, outer: _Open) -> bool:
        """Whether a "1." after which the open sections do not go on is the first of other sections."""
        if outer.list_ in self.roles and outer.value <= _MOST_RECITALS:
            return True
        if any(self._is_next(row, o) for o in self._stack if o.clause > outer.clause and o.kind != "number"):
            return False
        above = self.rows[row - 1].text.rstrip() if row else ""
        opened = above.endswith((":", ",")) and not _AGREED.search(above)
        if not opened and heading_above(self.rows, self.marks, row, near=_HEADING_ABOVE) is not None:
            return True
        reached = 1
        for following in self._sections_ahead(row):
            if following.kind == "part":
                break
            if following.kind == "number" and following.path == (reached + 1,):
                reached += 1
            elif following.kind == "number" and len(following.path) > 1 and following.path[0] == reached:
                return True
        return (
            not opened
            and mark.titled
            and (reached >= _LEAST_RUN or (outer.path[0] <= _FEW and reached > outer.path[0]))
        )

    def _is_own_title(self, row: int) -> bool:
        """Whether a heading is the document's own, which stands on its first page, too."""
        title = self.rows[row].text.split()
        return any(other.text.split() == title for other in self.rows[: min(row, _TITLE_LINES)])

    def _under_heading(self, row: int) -> int:
        """The depth of numbers that begin anew, under the heading above them where they have one: attached terms."""
        depth = sum(o.kind == "part" for o in self._stack)
        heading = heading_above(self.rows, self.marks, row, near=_HEADING_ABOVE)
        sections = self._sections(self._base())
        first = bool(sections) and self._stack[sections[0]].list_ in self.roles
        if heading is None or first or self._is_own_title(heading):
            return depth + int(len(self._stack) > depth and self._stack[depth].kind == "title")
        line = self.rows[heading]
        self._push(heading, Mark("title", 0, " ".join(line.text.split()).strip(" .:"), len(line.text)), depth)
        return depth + 1
