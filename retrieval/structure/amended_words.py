"""Finds the words that an instruction of an amendment takes out and puts in, and where its new words end."""

import re
from collections.abc import Sequence
from itertools import islice

from retrieval.structure.amended_places import TERM, in_quotes
from retrieval.structure.cross_references import named_places

Range = tuple[int, int]

LONGEST_WORDS = 400  # characters of words that are exchanged
_LONGEST_NEW = 20_000  # characters of new words: six pages
_MOST_UNITS = 400  # sentences that new words may have
_LONGEST_HEADING = 120  # characters
_DEEP = 400  # characters of a sentence in which it says what it amends
_OPENING_MARKS = '“"'

_ADVERB = r"(?:(?:hereby|here\s+by|further|also|accordingly|thereby|forthwith|now|each|both|,)\s+)*"
MARK = re.compile(
    r"\s*(?:(?:Section|Clause|Article|Paragraph)\s+)?"
    r"(?P<mark>\d{1,3}(?:\.\d{1,3})*[.)]?|\((?:[a-z]{1,4}|[A-Z]|\d{1,2})\)|[a-zA-Z][.)]|[•·–-])(?=\s)"
)

_SAID = r"(?:(?!(?:and|by|with|for)\b)[\w’'-]+\s+){0,6}"  # "the words", "each reference to"
_Q = r"[“\"‘'][^“”\"\n]{1,400}?[”\"’']"
_VALUE = r"(?:[^“”\".;:]|\.(?=\d)){1,60}?"
_BETWEEN = r"[^“”\"]{0,120}?"
_EXCHANGES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # replacing “x” with “y”; deleting the words “x” and substituting “y”
        rf"\b(?:replac|chang|delet|remov|strik|omit)\w*\s+(?:out\s+)?{_SAID}(?P<old>{_Q}){_BETWEEN}"
        rf"\b(?:with|by|to|replac\w+|substitut\w+|insert\w+|for)\b[^“”\"]{{0,60}}?(?P<new>{_Q})",
        # the words “x” are replaced with “y”; references to “x” shall be read as “y”
        rf"(?P<old>{_Q}){_BETWEEN}\b(?:is|are|shall|be|will)\b[^“”\"]{{0,60}}?"
        r"\b(?:replaced|changed|amended\s+to\s+(?:read|be)|deleted|substituted|read|construed|removed|deemed|understood"
        rf"|refer|mean|struck|omitted)\b{_BETWEEN}(?P<new>{_Q})",
        # substituting “y” for “x”; inserting “y” in place of “x”
        rf"\bsubstitut\w+\s+(?:therein\s+)?{_SAID}(?P<new>{_Q})\s*,?\s*(?:for|in\s+place\s+of|in\s+lieu\s+of)\s+{_SAID}"
        rf"(?P<old>{_Q})",
        rf"\binsert\w*\s+{_SAID}(?P<new>{_Q})[^“”\"]{{0,60}}?\bin\s+(?:place|lieu)\s+of\s+{_SAID}(?P<old>{_Q})",
        # for the words “x” there shall be substituted the words “y”; where it says “x”, it shall now say “y”
        rf"\bfor\s+{_SAID}(?P<old>{_Q})\s*,?\s*(?:there\s+(?:shall|is|are)\s+(?:to\s+)?(?:be\s+)?)?"
        rf"(?:hereby\s+)?substitut\w+\s+{_SAID}(?P<new>{_Q})",
        rf"\b(?:says?|reads?)\s+(?P<old>{_Q})\s*,?\s*[^“”\"]{{0,40}}?\b(?:say|read|be)\s+(?P<new>{_Q})",
        # from “x” to “y”; is changed from EUR 10 to EUR 12
        rf"\bfrom\s+{_SAID}(?P<old>{_Q})\s+to\s+{_SAID}(?P<new>{_Q})",
        r"\b(?:replac|chang|amend|increas|reduc|decreas|extend)\w+\s+[^“”\".;:]{0,120}?\bfrom\s+"
        rf"(?P<old>{_VALUE})\s+to\s+"
        rf"(?P<new>{_VALUE})(?=[.,;]?\s*\Z|,\s(?!\d{{4}})|\s+(?:and|effective|with)\b)",
        # shall be £26,000 a year instead of £24,000
        r"(?:\b(?:be|is|pay)|:)\s+(?P<new>[^“”\".;:]{1,60}?),?\s+(?:instead\s+of|in\s+place\s+of|rather\s+than|and\s+not)\s+"
        r"(?P<old>(?:[^“”\".;:]|\.(?=\d)){1,40})",
        # £41,500 a year (previously £38,000)
        r"(?::|\b(?:be|is))\s+(?P<new>[^“”\".;:()]{1,60}?)\s*\((?:previously|formerly|was|currently|now)\s+(?P<old>[^()]{1,40})\)",
        # references to the Old Site shall be read as references to the New Site
        r"\breferences?\s+(?:in\s+[^.;]{1,80}?\s+)?to\s+(?P<old>[^.;]{1,80}?)\s+(?:shall|is|are|will)\s+"
        r"(?:hereby\s+|henceforth\s+)?(?:to\s+)?(?:be\s+)?(?:read|construed|deemed|understood|replaced|changed|refer|mean)"
        r"\w*\s+(?:as|with|to|by|to\s+be|as\s+(?:a\s+)?references?\s+to)\s+(?:(?:a\s+)?references?\s+to\s+)?"
        r"(?P<new>[^.;]{1,120})",
    )
)
_DONE_TO = r"[^“”\"]{0,80}?\b(?:is|are|shall)\b[^“”\"]{0,40}?"
_TAKEN_OUT = re.compile(
    rf"\b(?:delet|remov|strik|omit)\w*\s+(?:out\s+)?{_SAID}(?P<old>{_Q})"
    rf"|\b(?:words?|phrase|figures?)\s+(?P<old2>{_Q}){_DONE_TO}\b(?:deleted|removed|omitted|struck)\b",
    re.IGNORECASE,
)
_PUT_IN = re.compile(
    rf"\b(?:insert|add)\w*\s+{_SAID}(?P<new>{_Q})"
    rf"|\b(?:words?|phrase|figures?)\s+(?P<new2>{_Q}){_DONE_TO}\b(?:inserted|added)\b",
    re.IGNORECASE,
)

_FOLLOWS = re.compile(
    r"\bfollow(?:s|ing)\b[^:“”\"]{0,90}:|\bread\b[^:“”\"]{0,60}(?::|(?=[“\"]))|\b(?:with|by|be)\s*(?::|(?=\s[“\"]))"
    r"|\bfollow(?:s|ing)\b[^.;:“”\"]{0,90}?(?=[“\"])|:\s*(?=[“\"])",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"\d[\d.]*(?:\([a-z]{1,4}\))*(?:\s*,\s*\d|\s+and\s+\d|\.?\s*(?:\n|\Z))")  # "8.1, 8.2 and 9"
_MEANS = re.compile(r"\s+(?:shall\s+)?(?:means?|has|have|includes?|refers?)\b")
_ENDS = re.compile(
    r"\bIN\s+WITNESS\b|\b(?:Except|Save)\s+as\s+(?:\w+\s+){0,4}(?:amended|modified|varied)"
    r"|\[?\bRemainder\s+of\s+(?:this\s+)?page|(?<=\n)\s{0,20}By:"
)
_CLOSES = re.compile(
    r"\W*(?:\d[\d.]*\W+)?(?:[A-Z][\w ]{0,40}[.:]\s+)?(?:except\s+as|save\s+as|all\s+(?:the\s+)?other\s+\w+"
    r"|in\s+witness|this\s+(?:\w+\s+){0,2}(?:amendment|deed|letter|addendum)\b|capitali[sz]ed\s+terms"
    r"|the\s+remaining\s+(?:terms|provisions))",
    re.IGNORECASE,
)
_ANOTHER = re.compile(
    rf"\bhereby\s+{_ADVERB}(?:amended|deleted|replaced|restated|modified|revised|varied|inserted|added|extended|changed)\b"
    rf"|\b(?:is|are|shall\s+be|will\s+be)\s+{_ADVERB}"
    r"(?:amended|deleted|replaced|restated|cancell?ed|removed|revoked|eliminated|struck|varied)\b",
    re.IGNORECASE,
)


def exchanged_words(words: str) -> tuple[Range | None, Range | None]:
    """Where an instruction quotes the words that it takes out, and those that it puts in."""
    terms = [match.span("term") for match in TERM.finditer(words)]
    for pattern in _EXCHANGES:
        match = pattern.search(words)
        if match and not any(match.start("old") <= a and b <= match.end("old") for a, b in terms):
            return match.span("old"), match.span("new")
    out, put = _TAKEN_OUT.search(words), _PUT_IN.search(words)
    if out and TERM.search(words, max(0, out.start() - 30), out.end()):  # the definition goes, and not the words
        out = None
    old = out.span("old" if out["old"] else "old2") if out else None
    new = put.span("new" if put["new"] else "new2") if put else None
    return old, new


def new_words(text: str, units: Sequence[Range], i: int, end: int) -> Range | None:
    """Where the new words of instruction i stand: in quotation marks, or below it up to the next one.

    `units` are the sentences of the instrument; the instruction is read up to `end`.
    """
    start = units[i][0]
    follows = next(
        (m for m in _FOLLOWS.finditer(text, start, end) if not in_quotes(text[start:end], m.start() - start)), None
    )
    if follows is None:
        return None
    begin = follows.end()
    while begin < len(text) and text[begin].isspace():
        begin += 1
    limit = _next(text, units, i)
    if begin >= limit or _NUMBERS.match(text, begin):
        return None
    if text[begin] in _OPENING_MARKS:
        closed = _closed(text, begin, limit)
        if not _MEANS.match(text, closed):  # else “Territory” means …
            return begin, closed
    if ending := _ENDS.search(text, begin, limit):
        limit = ending.start()
    below = begin >= end - 1 and i + 1 < len(units)
    whole = begin + len(text[begin:limit].rstrip())
    return (begin, whole) if whole > begin and (below or follows[0].rstrip().endswith(":")) else None


def _closed(text: str, begin: int, limit: int) -> int:
    """The end of words in quotation marks, which may hold others: where they close, else the last mark to `limit`."""
    mark = '"'
    if text[begin] == "“":
        depth, mark = 0, "”"
        for match in re.finditer(r"[“”]", text[begin : begin + _LONGEST_NEW]):
            depth += 1 if match[0] == "“" else -1
            if depth == 0:
                return begin + match.end()
    last = text.rfind(mark, begin + 1, limit)
    return last + 1 if last > 0 else begin + len(text[begin:limit].rstrip())


def _next(text: str, units: Sequence[Range], i: int) -> int:
    """Where an instrument goes on after the new words of an instruction: at the next one, or at its closing."""
    start, end = units[i]
    own = [MARK.match(text, start)]
    if i and units[i - 1][1] - units[i - 1][0] < _LONGEST_HEADING:  # "1. Term." / "Section 4.1 of the Agreement is …"
        own.append(MARK.match(text, units[i - 1][0]))
    following = {mark for match in own if match for mark in _after(match["mark"])}
    for j, (a, b) in enumerate(units[i + 1 : i + 1 + _MOST_UNITS], i + 1):
        if a - end > _LONGEST_NEW:
            break
        mark = MARK.match(text, a)
        if (mark and mark["mark"] in following) or _CLOSES.match(text, a):
            return a
        deep = min(b, a + _DEEP)
        named = TERM.search(text, a, deep) or any(islice(named_places(text, a, deep), 1))
        if named and _ANOTHER.search(text, a, deep):
            heading = j > i + 1 and _is_heading(text[slice(*units[j - 1])])
            return units[j - 1][0] if heading else a
    return min(units[min(len(units) - 1, i + _MOST_UNITS)][1], end + _LONGEST_NEW)


def _is_heading(words: str) -> bool:
    """Whether a unit is the heading of the instruction below it: "4. AMENDMENT OF TERMINATION PROVISIONS."."""
    mark = MARK.match(words)
    rest = words[mark.end() :] if mark else ""
    return bool(rest) and len(words) < _LONGEST_HEADING and not re.search(r"\b[a-z]{5,}", rest)


def _after(mark: str) -> tuple[str, ...]:
    """The marks that follow one: "5." after "4.", "(c)" after "(b)"."""
    digits = re.search(r"(\d+)(\D*)\Z", mark)
    if digits:
        up = f"{mark[: digits.start(1)]}{int(digits[1]) + 1}{digits[2]}"
        outer = re.match(r"(\d+)\.\d", mark)
        return (up, f"{int(outer[1]) + 1}.", f"{int(outer[1]) + 1}") if outer else (up,)
    letter = re.search(r"[a-yA-Y]", mark)
    return (mark.replace(letter[0], chr(ord(letter[0]) + 1)),) if letter and len(mark.strip("().")) == 1 else ()
