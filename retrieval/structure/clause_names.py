"""Names each clause as a lawyer cites it, so that a name is that of one place: "Schedule 1, paragraph 2.1(a)".

What a clause is called within its own numbering ("2.1(a)") is put behind the exhibit, schedule, attached terms or
article whose numbering it is. Where a document repeats a number within one numbering, the list it stands in is told by
the heading above it, by its page, or by the words that open it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from retrieval.core.documents import Document
from retrieval.structure.clause_lists import Found, Item, heading_above
from retrieval.structure.clause_marks import SMALL_WORDS

_PARAGRAPHS = ("Schedule", "Annex", "Annexure", "Appendix")  # whose numbers are paragraphs; an exhibit has sections
_REGIONS = ("part", "title")
_OPENING_WORDS = 6  # of the sentence that opens a list
_LOOKED_BACK = 8  # lines, for that sentence
_SENTENCE = re.compile(r"[.:;!?][”\")\]]*\s+(?=[A-Z“\"(\[])")
_SENTENCE_END = re.compile(r"[.:;!?][”\")\]]*\s*$")


@dataclass(frozen=True, slots=True)
class Name:
    """A clause's name in its parts: `prefix`, `noun` `core` `tail`; `root` is the clause whose numbering it is of."""

    core: str  # within its numbering: "2.1(a)", "Article IV"
    noun: str = ""  # "Section", "paragraph", "Recital"
    prefix: str = ""  # "Schedule 1"
    tail: str = ""  # " on page 12"
    root: int | None = None

    def __str__(self) -> str:
        noun = self.noun if self.prefix or not self.core[:1].isdigit() or self.noun != "Section" else ""
        own = f"{noun} {self.core}{self.tail}".strip()
        return f"{self.prefix}, {own}" if self.prefix else own


def name_items(document: Document, found: Found) -> list[Name]:
    """The names of the clauses, in order."""
    naming = _Naming(document, found)
    lists: dict[int, list[int]] = {}
    for i, item in enumerate(found.items):
        lists.setdefault(item.list_, []).append(i)
    for members in sorted(lists.values(), key=naming.order):
        naming.name(members)
    return [naming.names[i] for i in range(len(found.items))]


class _Naming:
    def __init__(self, document: Document, found: Found) -> None:
        self.document, self.rows, self.items, self.run_on = document, found.rows, found.items, found.run_on
        self._roles, self._marks = found.roles, found.marks
        self.names: dict[int, Name] = {}
        self._used: set[str] = set()
        self._row = {row.start: i for i, row in enumerate(self.rows)}
        at_root = Counter(i.list_ for i in self.items if i.mark.kind == "number" and i.parent is None)
        self._restarts = self._restarting()
        self._main = max(at_root, key=lambda list_: at_root[list_]) if at_root else None  # the contract's own sections

    def name(self, members: Sequence[int]) -> None:
        """Name the members of a list, whose parents have their names."""
        for names in self._candidates(members):
            told = [str(name) for name in names]
            if self._used.isdisjoint(told) and len(set(told)) == len(told):
                break
        else:
            names = self._plain(members)
        for i, name in zip(members, names, strict=True):
            self.names[i] = name
            self._used.add(str(name))

    def _candidates(self, members: Sequence[int]) -> Iterator[list[Name]]:
        plain = self._plain(members)
        yield plain
        pages = [f" on page {self.document.page_at(self.items[i].line.start).label}" for i in members]
        first = self.items[members[0]]
        row = self._row[first.line.start]
        heading = heading_above(self.rows, self._marks, row, near=3)
        if heading is not None:
            title = as_title(self.rows[heading].text)
            yield [replace(name, tail=f"{name.tail} under “{title}”") for name in plain]
        opening = self._opening(first)
        if opening and first.mark.kind not in ("number", "article", "part", "title", "chapter"):
            yield [replace(name, tail=f"{name.tail} under “{opening}”") for name in plain]
        paged = [replace(name, tail=name.tail + page) for name, page in zip(plain, pages, strict=True)]
        yield paged
        yield [replace(name, tail=f"{name.tail} under “{opening}”") for name in paged]

    def _opening(self, first: Item) -> str:
        """The first words of the sentence that opens a list."""
        row = self._row[first.line.start]
        start = row
        while start > max(0, row - _LOOKED_BACK) and (
            start == row or not (self._marks[start] or _SENTENCE_END.search(self.rows[start - 1].text))
        ):
            start -= 1
        if start == row:
            return ""
        mark = self._marks[start][0].end if self._marks[start] else 0
        text = " ".join(" ".join([self.rows[start].text[mark:], *(r.text for r in self.rows[start + 1 : row])]).split())
        text = text.rstrip(" :;,.—-")
        starts = [m.end() for m in _SENTENCE.finditer(text)]
        words = text[starts[-1] if starts else 0 :].split()
        opening = " ".join(words[:_OPENING_WORDS]).strip(" .,:;“”\"'")
        return opening if re.search(r"[^\W\d_]{3}", opening) else ""

    def _plain(self, members: Sequence[int]) -> list[Name]:
        list_ = self.items[members[0]].list_
        role = self._roles.get(list_, "") if list_ != self._main else ""
        return [self._own(i, role) for i in members]

    def order(self, members: Sequence[int]) -> tuple[bool, int]:
        """The contract's own sections have the first choice of names; else the list that comes first."""
        top = members[0]
        while (above := self.items[top].parent) is not None:
            top = above
        return self.items[top].list_ != self._main, members[0]

    def _own(self, i: int, role: str) -> Name:
        item = self.items[i]
        mark, parent = item.mark, item.parent
        if mark.kind == "title":
            return replace(self._within(i), core=as_title(mark.text), noun="")
        if mark.kind in ("part", "chapter", "article"):
            return replace(self._within(i), core=mark.text, noun="")
        if role:
            return Name(mark.text, role)
        if mark.kind in ("number", "lettered"):
            return self._section(i)
        above = self.names[parent] if parent is not None else None
        text = mark.text if mark.text.startswith("(") else f"({mark.text})"
        if above is not None and self.items[parent].mark.kind not in ("part", "title", "chapter"):  # type: ignore[index]
            return replace(above, core=above.core + text)
        within = self._within(i)
        noun = "paragraph" if within.prefix else "Paragraph" if mark.text.startswith("(") else "Section"
        return replace(within, core=mark.text, noun=noun)

    def _section(self, i: int) -> Name:
        item = self.items[i]
        article = self._above(i, "article")
        within = self._within(i)
        outer = self._outer_item(i)
        if outer is not None:
            return Name(item.mark.text, "Section", str(self.names[outer]), root=outer)
        noun = within.noun if item.mark.kind == "number" else "paragraph" if within.prefix else "Section"
        if article is None or item.mark.kind != "number":
            return replace(within, core=item.mark.text, noun=noun)
        top = i
        while self.items[top].parent != article:
            top = self.items[top].parent  # type: ignore[assignment]
        numbers = self.items[top]
        own = self.items[article].mark.path == numbers.mark.path[:1] and len(numbers.mark.path) > 1
        if own or numbers.list_ in self.run_on or len(numbers.mark.path) > 1:
            return replace(within, core=item.mark.text, noun=noun)
        of = self.names[article]
        if numbers.mark.word or top != i:
            return Name(item.mark.text, "Section" if numbers.mark.word else "paragraph", str(of), root=article)
        return replace(of, core=f"{of.core}({item.mark.text})")

    def _outer_item(self, i: int) -> int | None:
        """The item of an outermost list that sections stand in: "II", whose sections begin at 1 again."""
        at = self.items[i].parent
        while at is not None and self.items[at].mark.kind == "number":
            at = self.items[at].parent
        inner = at is not None and self.items[at].mark.kind not in ("part", "title", "chapter", "article", "lettered")
        return at if inner else None

    def _above(self, i: int, kind: str) -> int | None:
        at = self.items[i].parent
        while at is not None and self.items[at].mark.kind != kind:
            at = self.items[at].parent
        return at

    def _restarting(self) -> set[tuple[int | None, str]]:
        """Where chapters begin their articles, or sections, at 1 again: the exhibit that they are in, and the kind."""
        lists: dict[tuple[int | None, str], set[int]] = {}
        for item in self.items:
            parent, kind = item.parent, item.mark.kind
            if parent is not None and self.items[parent].mark.kind == "chapter" and kind in ("article", "number"):
                lists.setdefault((self._container(parent, _REGIONS), kind), set()).add(item.list_)
        return {at for at, found in lists.items() if len(found) > 1}

    def _container(self, i: int, kinds: Sequence[str]) -> int | None:
        at = self.items[i].parent
        while at is not None and self.items[at].mark.kind not in kinds:
            at = self.items[at].parent
        return at

    def _within(self, i: int) -> Name:
        """The name, without its own number, of what lies in an exhibit, a schedule or attached terms."""
        region = chapter = self._container(i, _REGIONS)
        kind = "article" if self.items[i].mark.kind == "article" or self._above(i, "article") is not None else "number"
        if self.items[i].mark.kind != "chapter" and (region, kind) in self._restarts:
            chapter = self._container(i, (*_REGIONS, "chapter"))
        noun = "Section"
        if region is not None and self.items[region].mark.text.startswith(_PARAGRAPHS):
            noun = "paragraph" if self.items[region].mark.kind == "part" else noun
        return Name("", noun, str(self.names[chapter]) if chapter is not None else "", root=chapter)


def as_title(text: str) -> str:
    """A heading as a name: "TERMS AND CONDITIONS" is "Terms and Conditions"."""
    words = " ".join(text.split()).strip(" .:–—-").split()
    if any(word.islower() or (word[:1].isupper() and word[1:].islower()) for word in words):
        return " ".join(words)
    return " ".join(w.lower() if w.lower() in SMALL_WORDS and i else w.capitalize() for i, w in enumerate(words))
