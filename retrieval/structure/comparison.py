"""Compares two versions of a document clause by clause (redline): which clauses are new, gone, moved or changed.

A clause counts by its own words, without those of the clauses below it, without its number and without what belongs to
the page, so that another layout or numbering changes nothing. Equal clauses are paired first, then those that are
alike; a pair that is out of the order of the others has moved. Within a pair words are compared by `difflib`. Where an
outline takes a clause apart in one version and not in the other, neighbours are compared as one text.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from itertools import groupby
from typing import Literal

from retrieval.core.documents import Document, Span
from retrieval.structure.clauses import Clause, outline
from retrieval.structure.reflow import own_words
from retrieval.structure.sentences import units

ChangeKind = Literal["same", "changed", "moved", "added", "gone"]
Operation = Literal["equal", "delete", "insert"]

ALIKE = 0.5  # of their words: clauses that are versions of each other
_ALIKE_BY_NAME = 0.2  # the same, of two with one number and heading
_COMPARED = 40  # clauses that are compared with one; those that share most of their rarer words, or its name
_MOST_WORDS = 4_000  # of a clause that are compared in order; a longer one is compared line by line
_WORD = re.compile(r"\w+(?:[’'.,\-/]\w+)*|[^\w\s]")
_NOUN = r"\W*(?:(?:section|clause|article|paragraph|§)\s+)?"
_HYPHEN = re.compile(r"(?<=[^\W_])-\s+(?=[^\W_])")
_LONG_WORD = 9  # characters; of shorter ones a hyphen may make another word ("re-sign")
_ENUMERATOR = re.compile(r"\(?(?:\d{1,3}(?:\.\d{1,3})*|[A-Za-z]|[ivxIVX]{1,5})[.)]{0,2}")
_MARKS = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "’": "'", "‘": "'", "–": "-", "—": "-", "\u2010": "-", "\u00a0": " "}
)


@dataclass(frozen=True)
class Part:
    """A clause's own words in one version, or the words before the first clause; `clause` is None for those."""

    document: Document
    clause: Clause | None
    span: Span

    @cached_property
    def text(self) -> str:
        """Its words as they are read, its number among them."""
        return own_words(self.document, self.span)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Words and marks without the number, quotation marks and dashes in their plain form."""
        return tuple(keys_of(self._without_number))

    @property
    def _without_number(self) -> str:
        if self.clause is None:
            return self.text
        number = self.clause.local.rpartition(" ")[2]
        last = re.escape(re.findall(r"\w+", number)[-1]) if re.search(r"\w", number) else ""
        found = re.match(rf"{_NOUN}(?:[\w.()]*\b)?{last}\b[.):]*\s*", self.text, re.I)
        return self.text[found.end() :] if found and last else self.text

    @cached_property
    def counted(self) -> Counter[str]:
        """Its words in small letters, counted."""
        return Counter(word.lower() for word in self.words if word[0].isalnum())

    @property
    def name(self) -> tuple[str, str]:
        """Number and heading."""
        return (self.clause.number, self.clause.heading.lower()) if self.clause else ("", "")


@dataclass(frozen=True, slots=True)
class ClauseChange:
    """A clause in the old and in the new version; None where it is not there. `kind` "moved" may be changed too."""

    kind: ChangeKind
    old: Part | None
    new: Part | None

    @property
    def is_changed(self) -> bool:
        """Whether its words are not the same in both."""
        return self.old is None or self.new is None or self.old.words != self.new.words

    def words(self) -> list[tuple[Operation, str]]:
        """What was deleted and inserted, word by word, in reading order."""
        old, new = (part.text if part else "" for part in (self.old, self.new))
        return list(word_changes(old, new))


def compare(old: Document, new: Document) -> list[ClauseChange]:
    """The clauses of the new version in order, with those that are gone where they stood."""
    before, after = _parts(old), _parts(new)
    pairs = _paired(before, after)
    in_order = _longest_rising([pairs[i] for i in sorted(pairs)])
    by_new = {j: i for i, j in pairs.items()}
    gone = [i for i in range(len(before)) if i not in pairs]
    out: list[ClauseChange] = []
    shown = 0  # of the gone
    for j, part in enumerate(after):
        i = by_new.get(j)
        if i is None:
            out.append(ClauseChange("added", None, part))
            continue
        if j in in_order:
            while shown < len(gone) and gone[shown] < i:
                out.append(ClauseChange("gone", before[gone[shown]], None))
                shown += 1
        same = before[i].words == part.words
        kind: ChangeKind = "moved" if j not in in_order else "same" if same else "changed"
        out.append(ClauseChange(kind, before[i], part))
    out += [ClauseChange("gone", before[i], None) for i in gone[shown:]]
    return [
        change for same, run in groupby(out, lambda c: c.kind in ("same", "moved")) for change in _settled(run, same)
    ]


def _settled(run: Iterable[ClauseChange], settled: bool) -> Iterator[ClauseChange]:
    """A run of neighbours that seem to differ, compared as one text: what is equal in it is the same wherever the
    outlines part it.
    """
    changes = list(run)
    if settled or len(changes) < 2:
        yield from changes
        return
    old, old_of = _joined(change.old for change in changes)
    new, new_of = _joined(change.new for change in changes)
    if len(old) * len(new) > _MOST_WORDS**2:
        yield from changes
        return
    touched: set[int] = set()
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        begins = old_of[a - 1 : a] != old_of[a : a + 1] or new_of[c - 1 : c] != new_of[c : c + 1]
        enumerated = begins and all(_ENUMERATOR.fullmatch("".join(words)) for words in (old[a:b], new[c:d]) if words)
        if tag != "equal" and not enumerated:
            touched |= {*old_of[a:b], *new_of[c:d]}
    for at, change in enumerate(changes):
        if at in touched:
            yield change
        elif change.new is not None:
            yield ClauseChange("same", change.old, change.new)


def _joined(parts: Iterable[Part | None]) -> tuple[list[str], list[int]]:
    """The words of parts one after another, and for each the position of its part."""
    words = [(word, at) for at, part in enumerate(parts) if part for word in part.words]
    return [word for word, _ in words], [at for _, at in words]


def word_changes(old: str, new: str) -> Iterator[tuple[Operation, str]]:
    """Deletions and insertions that make the new text of the old one, as pieces of both."""
    pattern = _WORD if max(len(old), len(new)) < 8 * _MOST_WORDS else re.compile(r"[^.;]+[.;]?")
    ours, theirs = list(pattern.finditer(old)), list(pattern.finditer(new))
    our_words, their_words = ([match[0].translate(_MARKS) for match in side] for side in (ours, theirs))
    for tag, a, b, c, d in SequenceMatcher(None, our_words, their_words, autojunk=False).get_opcodes():
        if tag == "equal":
            yield "equal", _piece(new, theirs, c, d)
            continue
        if b > a:
            yield "delete", _piece(old, ours, a, b)
        if d > c:
            yield "insert", _piece(new, theirs, c, d)


def keys_of(text: str) -> Iterator[str]:
    """The words and marks of a text by which versions are compared: blanks to fill in left out, quotation marks and
    dashes in their plain form, long words without the hyphen that may be a line end's.
    """
    for match in _WORD.finditer(_HYPHEN.sub("-", text.translate(_MARKS))):
        word = match[0].strip("_")
        if word:
            yield word.replace("-", "") if len(word) > _LONG_WORD else word


def _piece(text: str, words: Sequence[re.Match[str]], first: int, last: int) -> str:
    end = words[last].start() if last < len(words) else len(text)
    return text[words[first].start() : end]


def _parts(document: Document) -> list[Part]:
    """A document's clauses, each by its own words, and what stands before the first; those without words are left out.

    Without clauses its sentences and lines are the parts.
    """
    clauses = outline(document)
    if not clauses:
        return [Part(document, None, unit.span) for unit in units(document)]
    starts = [clause.span.start for clause in clauses]
    spans = [(None, unit.span) for unit in units(document) if unit.span.start < starts[0]]
    ends = [*starts[1:], len(document.text)]
    owned = [(clause, document.span(clause.span.start, end)) for clause, end in zip(clauses, ends, strict=True)]
    parts = [Part(document, clause, span) for clause, span in [*spans, *owned]]
    return [part for part in parts if part.words]


def _paired(before: Sequence[Part], after: Sequence[Part]) -> dict[int, int]:
    """Index of each old part's new version, where it has one."""
    pairs: dict[int, int] = {}
    taken: set[int] = set()

    def pair(i: int, j: int) -> None:
        pairs[i] = j
        taken.add(j)

    # Equal ones in order first, so that two equal clauses do not change places.
    old_words, new_words = ([part.words for part in side] for side in (before, after))
    for block in SequenceMatcher(None, old_words, new_words, autojunk=False).get_matching_blocks():
        for k in range(block.size):
            pair(block.a + k, block.b + k)
    where: dict[tuple[str, ...], list[int]] = {}
    for j, part in enumerate(after):
        if j not in taken:
            where.setdefault(part.words, []).append(j)
    for i, part in enumerate(before):
        if i not in pairs and len(part.words) > 3 and where.get(part.words):
            pair(i, where[part.words].pop(0))
    for i, j in _alike(before, after, pairs, taken):
        if i not in pairs and j not in taken:
            pair(i, j)
    return pairs


def _alike(
    before: Sequence[Part], after: Sequence[Part], pairs: dict[int, int], taken: set[int]
) -> Iterable[tuple[int, int]]:
    """Pairs of what is left that are versions of each other, the most alike first."""
    left = [j for j in range(len(after)) if j not in taken]
    common: Counter[str] = Counter(word for j in left for word in after[j].counted)
    rare: dict[str, list[int]] = {}
    namesakes: dict[tuple[str, str], list[int]] = {}
    for j in left:
        namesakes.setdefault(after[j].name, []).append(j)
        for word in after[j].counted:
            rare.setdefault(word, []).append(j)
    scored: list[tuple[float, int, int]] = []
    for i, part in enumerate(before):
        if i in pairs:
            continue
        shared: Counter[int] = Counter()
        for word in part.counted:
            if common[word] <= max(5, len(left) // 4):
                shared.update(rare.get(word, ()))
        named = namesakes.get(part.name, [])
        if len(named) > _COMPARED:  # a name that so many have, or the lack of one, tells none from the others
            named = []
        for j in dict.fromkeys([*named, *(j for j, _ in shared.most_common(_COMPARED))]):
            score = _share(part.counted, after[j].counted)
            if score >= (_ALIKE_BY_NAME if j in named else ALIKE):
                scored.append((-score - 0.2 * (j in named), i, j))
    return ((i, j) for _, i, j in sorted(scored))


def _share(one: Counter[str], other: Counter[str]) -> float:
    """Share of the words of two parts that both have (Dice's coefficient)."""
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 0.0


def _longest_rising(numbers: Sequence[int]) -> set[int]:
    """The members of a longest rising subsequence: what kept its order."""
    ends: list[int] = []
    before: list[int | None] = []
    last: list[int] = []  # index of the end of the best run of each length
    for at, number in enumerate(numbers):
        length = bisect_left(ends, number)
        before.append(last[length - 1] if length else None)
        if length == len(ends):
            ends.append(number)
            last.append(at)
        else:
            ends[length], last[length] = number, at
    kept: set[int] = set()
    at_: int | None = last[-1] if last else None
    while at_ is not None:
        kept.add(numbers[at_])
        at_ = before[at_]
    return kept
