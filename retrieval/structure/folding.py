"""Normalises text to what a quotation must have in common with its page, with a map back to the original offsets.

White space, dashes and quotation marks differ between a page and a faithful quotation of it (line ends, hyphenation,
typography). They are left out of a *skeleton*, which is searched at the speed of `str.find`; what stood between two of
its characters is the *gap*. A find counts only when every gap of the quotation agrees with that of the page (`agree`),
so that nothing that carries meaning is lost by leaving gaps out: "non-exclusive" is not "non exclusive", "1 0" is not
"10".
"""

import re
import unicodedata
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from retrieval.core.cache import document_cache

HYPHENS = "-\u2010\u2011\u00ad"
DASHES = HYPHENS + "\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
DOUBLE_MARKS = '"“”„‟«»″＂'
SINGLE_MARKS = "'‘’‚‛`´′＇"
NOTHING, WHITE, OTHER = "\0", " ", "?"  # kinds of gaps
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
# What may be left out where it is not an apostrophe inside a word; the plain run comes first because most text is one.
_PIECE = re.compile(
    r"[!#$%&(-,./0-9:;<=>?@A-Z\[\\\]^_a-z{|}~]+"
    rf"|(?<=[^\W_])[{SINGLE_MARKS}](?=[^\W_])"
    rf"|[^\s{re.escape(DASHES)}{DOUBLE_MARKS}{SINGLE_MARKS}{_INVISIBLE}]"
)
_HYPHENATED = re.compile(r"[\u2010\u00ad]\s*|-\s+")  # what a hyphenated line end leaves behind
# Words that come apart into other words: joining or splitting them says something else.
_OTHER_WHEN_JOINED = frozenset(
    (
        "inability inaccessible inaccurate inaction inactive inadequate inadmissible inalienable inapplicable "
        "inappropriate incapable incidental incomplete inconsistent incorrect incurable indefinite independent "
        "indirect ineffective ineligible inequitable informal infrequent inoperable inoperative insecure "
        "insignificant insolvent instead insufficient insured intangible interminable intermittent invalid "
        "involuntary inform indeed income input insight intent intend apart apiece atypical amoral asymmetric around "
        "along another await award abroad notable nothing notwithstanding nobody noone nowhere nonetheless maybe "
        "sometime sometimes everyday anyone altogether already always wherever whatsoever overdue overtake undertake "
        "underwrite undergo outright outlay upright uphold onset therefore forego forbear forgo foreclose"
    ).split()
)


@dataclass(frozen=True)
class Folded:
    """A text, its skeleton, and runs that map one to the other.

    Run r covers skeleton[starts[r] : starts[r + 1]] and text[origins[r] : ends[r]]; the lengths differ only for a
    single character that becomes several (a ligature).
    """

    text: str
    skeleton: str
    starts: Sequence[int]
    origins: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """Offsets in the text of skeleton[start:end]; None when that begins or ends inside a ligature."""
        first, last = self._run(start), self._run(end - 1)
        if self._split(first, start) or self._split(last, end):
            return None
        a = self.origins[first] + start - self.starts[first]
        return a, (self.ends[last] if end == self._next(last) else self.origins[last] + end - self.starts[last])

    def gap(self, position: int) -> str:
        """What stands before skeleton[position]; "" before the first."""
        r = bisect_left(self.starts, position)
        if not 0 < r < len(self.starts) or self.starts[r] != position:
            return ""
        return self.text[self.ends[r - 1] : self.origins[r]]

    @cached_property
    def kinds(self) -> str:
        """For each character of the skeleton what stands before it: NOTHING, WHITE space alone, or OTHER."""
        out = [NOTHING * len(self.skeleton)] if not self.starts else []
        for r, end in enumerate([*self.starts[1:], len(self.skeleton)]):
            gap = self.text[self.ends[r - 1] : self.origins[r]] if r else ""
            out.append(NOTHING if not gap else WHITE if gap.isspace() else OTHER)
            out.append(NOTHING * (end - self.starts[r] - 1))
        return "".join(out)

    def word_at(self, position: int) -> str:
        """The run of letters of the text around one character of the skeleton; "" inside a ligature."""
        place = self.span(position, position + 1)
        if place is None:
            return ""
        start, end = place
        while start > 0 and self.text[start - 1].isalpha():
            start -= 1
        while end < len(self.text) and self.text[end].isalpha():
            end += 1
        return self.text[start:end]

    def _run(self, at: int) -> int:
        return bisect_right(self.starts, at) - 1

    def _next(self, run: int) -> int:
        return self.starts[run + 1] if run + 1 < len(self.starts) else len(self.skeleton)

    def _split(self, run: int, at: int) -> bool:
        expanded = self._next(run) - self.starts[run] != self.ends[run] - self.origins[run]
        return expanded and self.starts[run] < at < self._next(run)


def fold(text: str) -> Folded:
    """Reduce a text to its skeleton. Linear: about 0.2 s for 300 dense pages, so it is done once a document."""
    parts: list[str] = []
    # Arrays take a fifth of the memory of lists: a text made of single marks has as many runs as characters.
    starts, origins, ends = array("q"), array("q"), array("q")
    size = 0
    for match in _PIECE.finditer(text):
        part = match[0]
        if len(part) == 1 and not (part.isascii() and part != "'" and part != "`"):
            part = _plain(part)
            if not part:
                continue
        parts.append(part)
        starts.append(size)
        origins.append(match.start())
        ends.append(match.end())
        size += len(part)
    return Folded(text, "".join(parts), starts, origins, ends)


fold_cached = document_cache(32)(fold)  # for texts of documents: the same few are asked again and again


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    """A character by its parts: ligatures and wide forms opened, accents beside their letter, all apostrophes alike.

    Raised and lowered figures and fractions stay as they are: 10² is not 102.
    """
    if character in SINGLE_MARKS:
        return "'"
    if unicodedata.decomposition(character).startswith(("<super>", "<sub>", "<fraction>")):
        return character
    return "".join(unicodedata.normalize("NFKD", character).split())


class _Letters(dict[int, str | None]):
    """Translates a text to its skeleton, apostrophes left out too."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        gap = character.isspace() or character in DASHES + DOUBLE_MARKS + SINGLE_MARKS + _INVISIBLE
        self[code] = None if gap else _plain(character)
        return self[code]


_LETTERS = _Letters()


def letters(text: str) -> str:
    """A skeleton without apostrophes and without the way back: a third of the time that `fold` takes."""
    return text.translate(_LETTERS)


def agree(page: str, quote: str, skeleton: str, at: int) -> bool:
    """Whether the gap of a page and that of a quotation, both before skeleton[at], say the same."""
    if page == quote or (page.isspace() and quote.isspace()):
        return True
    if not _marks_agree(page, quote):
        return False
    page, quote = page.translate(_UNMARKED), quote.translate(_UNMARKED)
    page_dash, quote_dash = has_dash(page), has_dash(quote)
    if page_dash and quote_dash:
        return True
    if page_dash or quote_dash:
        dash, other = (page, quote) if page_dash else (quote, page)
        letters = skeleton[at - 1].isalpha() and skeleton[at].isalpha()
        return not other and letters and bool(_HYPHENATED.fullmatch(dash))
    return bool(page) == bool(quote) or not _NUMBER_RUNS_ON.match(skeleton[max(0, at - 2) : at + 4].rjust(6))


def has_dash(gap: str) -> bool:
    """Whether a dash or hyphen of any kind stands in a gap."""
    return any(c in DASHES for c in gap)


def joins_words(word: str) -> bool:
    """Whether a word that the other text writes as two is one whose halves would say something else."""
    return word.lower() in _OTHER_WHEN_JOINED


_UNMARKED = dict.fromkeys(map(ord, DOUBLE_MARKS + SINGLE_MARKS + _INVISIBLE))
# Two characters before a gap and four after it, where a space makes one number two: "1 0", "1. 5", "1, 000" (not "1,
# 2020").
_NUMBER_RUNS_ON = re.compile(r".\d\d|\d[.:/]\d|\d,\d{3}(?!\d)")


def _marks_agree(page: str, quote: str) -> bool:
    """Double marks may be single in the quotation, or missing; a single one (a plural's apostrophe) may not."""
    ours = [c for c in quote if c in DOUBLE_MARKS + SINGLE_MARKS]
    theirs = [c for c in page if c in DOUBLE_MARKS + SINGLE_MARKS]
    return len(ours) == len(theirs) or not any(c in SINGLE_MARKS for c in ours + theirs)
