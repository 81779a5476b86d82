"""Finds every mention of a phrase in a document: its exact words, wherever on a page they stand.

Exact means the same words with the same borders. White space, hyphenation at line ends, the kind of quotation mark and
of dash, ligatures and capitals do not count (see `folding`), and a mention may run over a line end or on to the next
page. No index and no model has a part in it, so nothing that is on a readable page can be missed.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from heapq import merge
from itertools import accumulate, pairwise

from retrieval.core.cache import document_cache
from retrieval.core.documents import Document, Page, Span
from retrieval.structure.folding import SINGLE_MARKS, Folded, fold, letters
from retrieval.structure.matching import Rules, candidates, match_at
from retrieval.structure.reflow import flow_of, flowing_text, keeps_hyphen, notes_text, readable
from retrieval.structure.scripts import is_borderless

_AROUND = 120  # characters of context on each side: a line and a half of a page
_EDGE = 1500  # characters before and after a page break in which the halves of a phrase stand, running lines and all
# Places between two looks at the clock: of 20 ms each where a phrase of thousands of marks meets a text of them.
_LOOK_EVERY = 16
_HYPHEN_BEFORE = re.compile(r"([^\W\d_]+)(?:[\u2010\u00ad]\s*|-[^\S\n]*\n\s*)\Z")
_HYPHEN_AFTER = re.compile(r"(?:[\u2010\u00ad]\s*|-[^\S\n]*\n\s*)([^\W\d_]+)")
_BREAKING = "-\u2010\u00ad"  # what such a line end has before its white space
_LETTERS_FIRST, _LETTERS_LAST = re.compile(r"[^\W\d_]*"), re.compile(r"[^\W\d_]*\Z")
_BESIDE = 60  # characters looked at beside a border: a long word and a line end
# A part of a compound is a mention: a hyphen is a border of words here.
_RULES = Rules(
    before_word=re.compile(rf"\w[{SINGLE_MARKS}]\Z"),
    before_number=re.compile(r"\d[.,:]\Z"),
    after_word=None,
    after_number=re.compile(r"[.,:]\d"),
    spaces_count=True,
)


@dataclass(frozen=True, slots=True)
class InContext:
    """A mention as it reads: its own words, and up to a line and a half before and after them, cut between words."""

    before: str
    words: str
    after: str

    def __str__(self) -> str:
        return f"{self.before}{self.words}{self.after}"


def each_mention(document: Document, phrase: str, over: Callable[[], bool] | None = None) -> Iterator[Span]:
    """Find every mention of `phrase`, in reading order; none where it has no characters that count.

    A page takes about 0.2 ms where the phrase's letters do not occur in the document, and 1 ms where they do. Raises
    TimeoutError once `over` says that time is over.
    """
    folded, bare = _lower(fold(phrase)), _bare(phrase)
    if not folded.skeleton:
        return
    passes = []
    if bare in _letters(document):
        passes.append(_mentions(document, _folded(document.text), folded, over))
    if _runs_over_a_break(document, bare):
        passes.append(_mentions(document, _folded(flowing_text(document)), folded, over))
        if document.remarks_of("footnote"):
            passes.append(_mentions(document, _folded(notes_text(document)), folded, over))
    last = -1
    for start, end in merge(*passes):  # of two that begin together the shorter comes first
        if start > last:
            yield document.span(start, end)
        last = start


def in_context(document: Document, span: Span) -> InContext:
    """A mention with the words around it, as they read:
    white space folded, running lines left out, "…" where it is cut.
    """
    text = flow_of(document, span)
    start, end = max(0, span.start - _AROUND), min(len(text), span.end + _AROUND)
    if start > 0:  # to the next border of a word
        start = next((i for i in range(start, span.start) if _is_border(text[i - 1])), span.start)
    if end < len(text):
        end = next((i for i in range(end, span.end, -1) if _is_border(text[i])), span.end)
    before, words, after = (readable(document, text[a:b]) for a, b in pairwise((start, span.start, span.end, end)))
    cut = ("… " if start > 0 else "", " …" if end < len(text) else "")
    space = (
        " " if text[span.start - 1 : span.start].isspace() else "",
        " " if text[span.end : span.end + 1].isspace() else "",
    )
    return InContext(cut[0] + before + space[0], words, space[1] + after + cut[1])


def mentions_in(document: Document, text: str, phrase: str) -> Iterator[tuple[int, int]]:
    """Find every mention of `phrase` in a text beside that of a document; yields [start, end) of it."""
    folded = _lower(fold(phrase))
    if folded.skeleton and _bare(phrase) in _bare(text):
        yield from _mentions(document, _lower(fold(text)), folded, None)


def cut_before(words: str) -> str:
    """The last words of what stands before a mention."""
    return words if len(words) <= _AROUND else "… " + words[-_AROUND:].partition(" ")[2]


def cut_after(words: str) -> str:
    """The first words of what stands after a mention."""
    return words if len(words) <= _AROUND else words[:_AROUND].rpartition(" ")[0] + " …"


def _is_border(character: str) -> bool:
    """Whether words end before or after a character."""
    return character.isspace() or is_borderless(character)


@document_cache()
def _letters(document: Document) -> str:
    return _bare(document.text)


@document_cache()
def _breaks(document: Document) -> tuple[tuple[int, int, int], ...]:
    """For each page break where in `_letters` the text beside it begins, where the break is,
    and where that text ends.
    """
    text = document.text
    beside = [
        (max(0, _end_of_body(document, page) - _EDGE), page.end, min(page.end + _EDGE, len(text)))
        for page in document.pages[:-1]
    ]
    cuts = sorted({0, *(cut for cuts in beside for cut in cuts)})
    sizes = (len(_bare(text[a:b])) for a, b in pairwise(cuts))
    at = dict(zip(cuts, accumulate(sizes, initial=0), strict=True))
    return tuple((at[start], at[middle], at[end]) for start, middle, end in beside)


def _end_of_body(document: Document, page: Page) -> int:
    """Where the footnotes of a page begin, or where it ends."""
    notes = document.remarks_in(document.span(page.start, page.end), "footnote")
    return notes[0].start if notes else page.end


def _runs_over_a_break(document: Document, bare: str) -> bool:
    text = _letters(document)
    return any(_parted(bare, text[start:middle], text[middle:end]) for start, middle, end in _breaks(document))


def _parted(bare: str, above: str, below: str) -> bool:
    """Whether some beginning of the phrase stands above a page break, and what is left of it below."""
    least, most = 0, min(len(bare), len(above))
    while least < most:  # what begins with a beginning that is not there is not there either
        middle = (least + most + 1) // 2
        least, most = (middle, most) if bare[:middle] in above else (least, middle - 1)
    return least > 0 and bare[least:] in below


@document_cache()
def _folded(text: str) -> Folded:
    return _lower(fold(text))


def _bare(text: str) -> str:
    return letters(text).lower().replace("ς", "σ")


def _lower(folded: Folded) -> Folded:
    """Without capitals. The length stays: what a skeleton holds has no lower case of several characters."""
    return replace(folded, skeleton=folded.skeleton.lower().replace("ς", "σ"))


def _mentions(
    document: Document, page: Folded, phrase: Folded, over: Callable[[], bool] | None
) -> Iterator[tuple[int, int]]:
    for tried, at in enumerate(candidates(page, phrase), 1):
        span = match_at(page, at, phrase, _RULES)
        if span and not _halves_a_word(document.text, page.text, *span):
            yield span
        if over is not None and tried % _LOOK_EVERY == 0 and over():
            raise TimeoutError


def _halves_a_word(written: str, text: str, start: int, end: int) -> bool:
    """Whether a span begins or ends in the middle of a word that a line end hyphenates.

    `written` shows how the document writes a word.
    """
    before, after = text[max(0, start - _BESIDE) : start], text[end : end + _BESIDE]
    if text[start].isalnum() and before.rstrip()[-1:] in _BREAKING and (broken := _HYPHEN_BEFORE.search(before)):
        word = _LETTERS_FIRST.match(text, start)
        if word and not keeps_hyphen(written, broken[1], word[0]):
            return True
    if text[end - 1].isalnum() and (broken := _HYPHEN_AFTER.match(after)):
        word = _LETTERS_LAST.search(text[max(0, end - _BESIDE) : end])
        if word and not keeps_hyphen(written, word[0], broken[1]):
            return True
    return False
