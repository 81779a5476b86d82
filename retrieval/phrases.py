"""Every mention of a phrase in a document: its words exactly as they stand on the page, wherever on the page they stand.

Exact means the same words with the same borders. White space, hyphenation at line ends, the kind of quotation mark and of
dash, ligatures and capitals do not count (see `folding`), and a mention may run over a line end or on to the next page.
No index and no model has a part in it, so nothing that is on a readable page can be missed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from retrieval.documents import Document, Span
from retrieval.flowing import flowing_text, keeps_hyphen, own_words
from retrieval.folding import SINGLE_MARKS, Folded, agree, fold, has_dash, letters

_AROUND = 120  # characters of context on each side: a line and a half of a page
_EDGE = 1500  # characters before and after a page break in which the halves of a phrase stand, running lines and all
_HYPHEN_BEFORE = re.compile(r"([^\W\d_]+)(?:[\u2010\u00ad]\s*|-[^\S\n]*\n\s*)\Z")
_HYPHEN_AFTER = re.compile(r"(?:[\u2010\u00ad]\s*|-[^\S\n]*\n\s*)([^\W\d_]+)")
_LETTERS_FIRST, _LETTERS_LAST = re.compile(r"[^\W\d_]*"), re.compile(r"[^\W\d_]*\Z")
_BESIDE = 60  # characters looked at beside a border: a long word and a line end
_APOSTROPHE_BEFORE = re.compile(rf"\w[{SINGLE_MARKS}]\Z")
_NUMBER_BEFORE, _NUMBER_AFTER = re.compile(r"\d[.,:]\Z"), re.compile(r"[.,:]\d")


@dataclass(frozen=True, slots=True)
class InContext:
    """A mention as it reads: its own words, and up to a line and a half before and after them, cut between words."""

    before: str
    words: str
    after: str

    def __str__(self) -> str:
        return f"{self.before}{self.words}{self.after}"


def find_phrase(document: Document, phrase: str) -> tuple[Span, ...]:
    """Every mention of `phrase`, in reading order; none where it has no characters that count.

    A page takes about 0.2 ms where the phrase's letters do not occur in the document, and 1 ms where they do.
    """
    sought, bare = _lower(fold(phrase)), _bare(phrase)
    if not sought.skeleton:
        return ()
    found: list[tuple[int, int]] = []
    if bare in _letters(document):
        found += _mentions(document, _folded(document.text), sought)
    if any(_parted(bare, above, below) for above, below in _breaks(document)):
        found += _mentions(document, _folded(flowing_text(document)), sought)
    shortest = dict(sorted(found, reverse=True))  # by its beginning
    return tuple(document.span(start, shortest[start]) for start in sorted(shortest))


def in_context(document: Document, span: Span) -> InContext:
    """A mention with the words around it, as they read: white space folded, running lines left out, "…" where it is cut."""
    text = flowing_text(document)
    start, end = max(0, span.start - _AROUND), min(len(text), span.end + _AROUND)
    if start > 0:  # to the next border of a word
        start = next((i for i in range(start, span.start) if text[i - 1].isspace()), span.start)
    if end < len(text):
        end = next((i for i in range(end, span.end, -1) if text[i].isspace()), span.end)
    before = own_words(document, document.span(start, span.start))
    after = own_words(document, document.span(span.end, end))
    cut = ("… " if start > 0 else "", " …" if end < len(text) else "")
    space = (
        " " if text[span.start - 1 : span.start].isspace() else "",
        " " if text[span.end : span.end + 1].isspace() else "",
    )
    return InContext(cut[0] + before + space[0], own_words(document, span), space[1] + after + cut[1])


@lru_cache(maxsize=256)
def _letters(document: Document) -> str:
    return _bare(document.text)


@lru_cache(maxsize=256)
def _breaks(document: Document) -> tuple[tuple[str, str], ...]:
    """The letters before and after each page break."""
    text, ends = document.text, [page.end for page in document.pages[:-1]]
    return tuple((_bare(text[max(0, end - _EDGE) : end]), _bare(text[end : end + _EDGE])) for end in ends)


def _parted(bare: str, above: str, below: str) -> bool:
    """Whether some beginning of the phrase stands above a page break, and what is left of it below."""
    longest = next(n for n in range(len(bare), -1, -1) if bare[:n] in above)
    return bare[longest:] in below and longest > 0


@lru_cache(maxsize=32)
def _folded(text: str) -> Folded:
    return _lower(fold(text))


def _bare(text: str) -> str:
    return letters(text).lower().replace("ς", "σ")


def _lower(folded: Folded) -> Folded:
    """Without capitals. The length stays: what a skeleton holds has no lower case of several characters."""
    return replace(folded, skeleton=folded.skeleton.lower().replace("ς", "σ"))


def _mentions(document: Document, page: Folded, phrase: Folded) -> Iterator[tuple[int, int]]:
    size = len(phrase.skeleton)
    at = page.skeleton.find(phrase.skeleton)
    while at >= 0:
        span = page.span(at, at + size)
        if span and _same_gaps(page, at, phrase) and _whole_words(document.text, page.text, *span):
            yield span
        at = page.skeleton.find(phrase.skeleton, at + 1)


def _same_gaps(page: Folded, at: int, phrase: Folded) -> bool:
    """Whether the phrase's words end where the page's do, and dashes stand where they stand there."""
    ours, theirs = phrase.inner, page.gaps(at, at + len(phrase.skeleton))
    for position in ours.keys() | theirs.keys():
        a, b = theirs.get(position, ""), ours.get(position, "")
        if not agree(a, b, phrase.skeleton, position):
            return False
        in_a_word = phrase.skeleton[position - 1].isalnum() and phrase.skeleton[position].isalnum()
        if in_a_word and not has_dash(a + b) and _has_space(a) != _has_space(b):
            return False
    return True


def _has_space(gap: str) -> bool:
    return any(c.isspace() for c in gap)


def _whole_words(written: str, text: str, start: int, end: int) -> bool:
    """Whether a span begins and ends at the borders of words and numbers; `written` shows how the document writes a word."""
    before, after = text[max(0, start - _BESIDE) : start], text[end : end + _BESIDE]
    if text[start].isalnum():
        if before[-1:].isalnum() or _APOSTROPHE_BEFORE.search(before):
            return False
        if text[start].isdigit() and _NUMBER_BEFORE.search(before):
            return False
        broken = _HYPHEN_BEFORE.search(before)
        word = _LETTERS_FIRST.match(text, start)
        if broken and word and not keeps_hyphen(written, broken[1], word[0]):
            return False
    if text[end - 1].isalnum():
        if after[:1].isalnum() or (text[end - 1].isdigit() and _NUMBER_AFTER.match(after)):
            return False
        broken = _HYPHEN_AFTER.match(after)
        word = _LETTERS_LAST.search(text[max(0, end - _BESIDE) : end])
        if broken and word and not keeps_hyphen(written, word[0], broken[1]):
            return False
    return True
