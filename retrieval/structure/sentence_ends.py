"""Finds where sentences end: not after "Inc.", "No. 5", "e.g." or a heading's number, nor inside a quotation."""

import re
from bisect import bisect_left
from collections.abc import Sequence

from retrieval.structure.scripts import STOPS

# A full stop after one of these ends a sentence only when the next word plainly begins one.
_ABBREVIATIONS = frozenset(
    (
        "inc corp ltd co llc lp llp plc hon sec secs art arts ex exh cl par para paras pp pg st jr sr al etc approx "
        "dept est fig vol rev stat reg regs app supp ch pt ed jan feb mar apr jun jul aug sept sep oct nov dec bros "
        "assn natl intl cir ave blvd rd bldg rm attn tel ref encl misc max min avg incl excl "
        "pte pty pvt sdn bhd cia cie hwy pkwy ste sq ft"
    ).split()
)
_NEVER_LAST = frozenset("eg ie cf viz v vs mr mrs ms messrs dr prof".split())
_BEGINNERS = frozenset(
    (
        "The This These Those That If In Each Such Any No Neither Either Both All It Its They Their There Upon Unless "
        "Notwithstanding However Subject For As At By On Except Without To Where When While Until Under After Before "
        "During Nothing Every He She We Our You Your A An Also Further Furthermore Moreover Accordingly Therefore "
        "Thus Pursuant With Within Provided Should But And Or Yes"
    ).split()
)
# A citation: it belongs to the sentence before it.
_NUMBERS = (
    r"(?:[\[［【]\s*(?:passages?\s*)?|[(（]\s*passages?\s*)\d+(?:\s*(?:[,;，、–-]|and|&)\s*\d+)*\s*(?:†[^\]］】\n]{0,40})?"
    r"[\]］】)）]"
)
_END = re.compile(
    rf"(?<![.?!])[.?!]++[\"”’'»)\]*_]*(?:\s*{_NUMBERS}[.,;]?)*(?=\s|$)|[{STOPS}]+[”’」』）]*", re.IGNORECASE
)
_NAMED_BY_LETTER = re.compile(
    r"\b(?:exhibit|schedule|annex|appendix|attachment|party|class|series)\s+[A-Z]\Z", re.IGNORECASE
)
_LOOKED_BACK = 400  # characters: an abbreviation, or a whole number with its "Section"
_LAST_WORD = re.compile(r"([\w.’'&-]+)$")
# What stands before a blank of dots to fill in, and not before a leader of a table of contents.
BLANK_IS_NEXT = re.compile(r"(?:\b(?:an?|the|of|on|in|at|by|to|for|than|with|from|is)|[$€£¥])\s*\Z", re.IGNORECASE)
_NUMBERED = re.compile(
    r"\W*(?:(?:section|article|clause|paragraph|sec|art)\W{0,2}\s*)?(?:\d+(?:\.\d+)*|[IVXLC]+|[A-Za-z])\W*",
    re.IGNORECASE,
)


def split_sentences(
    text: str, start: int = 0, end: int | None = None, whole: Sequence[tuple[int, int]] = ()
) -> list[tuple[int, int]]:
    """Sentences of text[start:end] as half-open offsets without surrounding white space; line ends are white space.

    No sentence ends inside one of the ranges of `whole` (quotations, in order). Citations after a full stop, as in
    "days. [1]", belong to the sentence before them.
    """
    end = len(text) if end is None else end
    found, begin = [], start
    for match in _END.finditer(text, start, end):
        last = bisect_left(whole, (match.start(),)) - 1  # that begins before it
        inside = last >= 0 and match.end() < whole[last][1]
        before = text[max(begin, match.start() - _LOOKED_BACK) : match.start()]
        if not inside and is_end(before, match[0], text[match.end() : min(end, match.end() + 80)].lstrip()):
            found.append((begin, match.end()))
            begin = match.end()
    found.append((begin, end))
    return [trimmed for a, b in found if (trimmed := trim(text, a, b))]


def trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The offsets of text[start:end] without the white space around it; None where there is nothing else."""
    piece = text[start:end]
    if not piece.strip():
        return None
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


def is_end(before: str, mark: str, after: str) -> bool:
    """Whether the mark between `before` (the end of the sentence so far) and `after` (what follows,
    without white space) ends it.
    """
    if not after or mark[0] in f"?!{STOPS}":
        return True
    if after[0].islower() or not before.strip():
        return False
    if mark.startswith("....") and BLANK_IS_NEXT.search(before):
        return False  # "day of ........ 2020"
    if _NUMBERED.fullmatch(before):
        return False  # "8.2. Termination" and "1. The Licensee" go on
    word = _LAST_WORD.search(before)
    last = word[1].lower() if word else ""
    first = re.match(r"\W*(\w*)", after)
    plain = first is not None and first[1] in _BEGINNERS
    if _NAMED_BY_LETTER.search(before):
        return True
    if last in ("no", "nos") and len(before.split()) > 1:
        return not after[:1].isdigit() and plain
    if last in ("no", "nos"):
        return not after[:1].isdigit()
    if last.replace(".", "") in _NEVER_LAST:
        return False
    if last.replace(".", "") in _ABBREVIATIONS or re.fullmatch(r"(?:[a-z]\.)*[a-z]", last):
        return plain
    return True
