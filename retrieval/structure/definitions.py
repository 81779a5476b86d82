"""The terms that a contract defines, and where: found by the ways in which lawyers write definitions, quoted or not.

A term in quotation marks is judged by what stands beside it: a verb after it ("X" means …), the bracket it closes
(each, an "X"), words that name (hereinafter "X"), the list it begins an item of. A title in quotation marks has none of
these. A term without marks must begin a sentence that says what it means, stand before a colon in a clause of
definitions, or be an abbreviation of the words before its bracket; a contract that never puts marks into brackets may
have any capitalised words in them: (the Works).
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from retrieval.core.cache import document_cache
from retrieval.core.documents import Document, Span
from retrieval.structure.clauses import clause_at, headings_above, outline
from retrieval.structure.reflow import flowing_text
from retrieval.structure.sentence_ends import split_sentences

_BESIDE = 160  # characters looked at on each side of a term
_LONGEST_DEFINITION = 1_500  # characters
_MOST_WORDS = 10  # of a term
_MOST_DEFINITIONS = 5_000  # of one document; the longest credit agreements have some hundred
_MOST_QUOTED = 50_000  # words in quotation marks that are looked at; 10,000 pages have as many
_LONGEST_JOIN = 80  # characters between two terms of one definition: ", and collectively together as the "
# In how much of a document the uses of a term in brackets without marks are counted, and for how many such terms.
_COUNTED_BESIDE, _MOST_COUNTED = 1_000_000, 2_000
_NUMBER_WIDTH = 12  # characters before a term at the beginning of its line: its number and its mark

_QUOTED = re.compile(
    r"[“\"„‟″ʺ]\s*+(?P<term>[^“”\"„‟″ʺ\f]{1,80}?)[\s,.;:]*+[”\"“″ʺ]|(?<![\w’'])[‘']"
    r"(?P<single>(?:the\s+)?[A-Z][^‘’']{1,40}?|[a-z][^‘’'\n]{1,60}?(?=[’']\s+means?\b))[,.]?[’'](?!\w)"
)
# Between "X" or the "Y".
_JOINED = re.compile(
    r"\s*+\)?\s*+(?:,?\s*+(?:and/or|or|and)|,|/)?\s*+(?:(?:collectively|together),?\s*+)?(?:as\s++)?"
    r"(?:the\s++|each\s++|an?\s++)?"
)
_VERB = re.compile(
    # "X", as used in this Section 2, means; "X" with respect to a Person shall mean
    r"(?:\s*+\))?(?:(?:\s*+,)?\s++(?:as|for|in|when|with|and|or)\s[^.;“”\"]{1,120}?)?(?:\s*+,)?\s*+(?:[:–—-]\s*+)?"
    r"(?:(?:shall|will|must)\s+)?(?:each\s+|collectively\s+|also\s+)?"
    r"(?:means?\b|refers?\s+to\b|denotes?\b|represents?\b|(?:has|have|bears?)\s+the\s+(?:respective\s+)?meanings?\b"
    r"|(?:is|are|be)\s+(?:hereby\s+|used\s+)?(?:defined|in\s+its)\b)",
    re.IGNORECASE,
)
_IS = re.compile(r"\s+(?:(?:shall|will)\s+)?(?:(?:is|are|be)\s+(?!not\b)|includes?,?\s)", re.IGNORECASE)
_NUMBER = r"(?:(?:Section\s+)?\d{1,3}(?:\.\d{1,3})*[.)]?|\(?(?:[a-z]{1,4}|[A-Z]|\d{1,2})[.)]|[•·–-])"
_BEGINS = re.compile(rf"(?:\A|[\n\f.;:,])\s*(?:{_NUMBER}\s*)?(?:(?:an?|the)\s+(?:(?:terms?|words?)\s+)?)?\Z")
_WORD_FOR_TERM = re.compile(
    r"\b(?:terms?|purposes\s+of\s+[^.;]{4,60},|used\s+herein,?)\s+(?:the\s+|an?\s+)?\Z", re.IGNORECASE
)

_LEAD = (
    r"(?:each|an?|the|this|these|such|that|it|of|collectively|together|individually|severally|jointly|both|either"
    r"|plural"
    r"|here(?:in)?after|herein|sometimes|also|or|and|as|respectively|(?:(?:be(?:ing)?|is|are)\s*)?"
    r"(?:referred\s+to|called|known|designated))"
)
_LEADS = re.compile(rf"(?:\A|[,;/]|\b{_LEAD})\s*\Z", re.IGNORECASE)
_NO_LEAD = re.compile(
    r"\b(?:e\.g|i\.e|entitled|titled|marked|captioned|label+ed|as\s+(?:such\s+terms?|that\s+term|defined))\b",
    re.IGNORECASE,
)
_NAMES = re.compile(
    r"(?:\bhere(?:in)?after(?:\s+called)?|\bherein\s+called|\bcollectively|\b(?:referred\s+to|known|designated|called"
    r"|defined)\b[^.;“”\"()]{0,50}\bas)\b"
    r",?\s*(?:collectively,?\s*)?(?:(?:the|an?)\s+)?\Z",
    re.IGNORECASE,
)

_CAPITAL = r"[A-Z](?:[\w&’'®™/-]|\.(?=\w))*(?:\(s\))?"
_BARE = rf"{_CAPITAL}(?:\s++(?:of|and|or|for|to|the|in|by|with|/|&|{_CAPITAL})){{0,7}}"
_BARE_MEANS = re.compile(
    rf"(?:^|[.;:)”\"]\s)\s{{0,50}}+\(?(?:{_NUMBER}\s++)?(?P<term>{_BARE}?)"
    rf"(?P<verb>(?:\s*+[–—:-])?\s++(?:in\s+relation\s+to\s[^.;]{{3,60}},\s+)?"
    r"(?:(?:(?:shall|will)\s+)?(?:means?|have\s+the\s+meanings?|be\s+(?:as\s+)?defined)|has\s+the\s+meanings?"
    r"|(?:is|are)\s+defined\s+as)\b)",
    re.MULTILINE,
)
_BARE_BRACKET = re.compile(rf"\((?P<lead>(?:{_LEAD},?\s++)*)(?P<term>{_BARE})\s*+\)")
# "Business Day: a day other than a Saturday", a line of a clause of definitions.
_BARE_COLON = re.compile(rf"^[ \t]*(?P<term>{_BARE}):[ \t]+(?=[a-z(])", re.MULTILINE)
_SHORT = re.compile(r"\((?:the\s+)?(?P<term>[A-Z][A-Z&]{1,7})\)")
_WORDS_BEFORE = 12  # words before an abbreviation, among which its letters begin those of a name
_SMALL = frozenset("a an and for in of on or the to with".split())
_NEVER = frozenset(
    "it he she they we you this that these those which what who there such each any all no nothing none the a an if "
    "in as and or section article clause paragraph exhibit schedule by either neither for however where whereas "
    "herein hereof hereto hereunder hereby include includes including".split()
)
_DEFINITIONS = re.compile(r"\b(?:definitions?|defined\s+terms|interpretation)\b", re.IGNORECASE)
_POINTS = re.compile(
    r"\bmeanings?\s+(?:as\s+)?(?:set\s+forth|given|ascribed|assigned|specified|provided|stated|set\s+out)"
    r"|\bdefined\s+in\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Definition:
    """A term, where it is defined, and the words that define it: the sentence, or the item of a list."""

    term: str  # white space folded, without marks
    where: Span  # of the term
    span: Span
    leads: bool  # the meaning follows the term; else it stands before the bracket or the name
    points: bool  # it only says where the meaning is: "has the meaning set forth in Section 3.3"


@document_cache()
def find_definitions(document: Document) -> tuple[Definition, ...]:
    """Every definition of a document in reading order;
    a term may have several ("as set forth in Section 3.3", and there).
    """
    text = flowing_text(document)
    found: dict[int, tuple[int, bool]] = {}  # by a term's start its end, and whether the meaning stands after it
    taken = bytearray(len(text))  # characters that are part of a term
    for start, end, follows in chain(_marked(document, text), _unmarked(text), _before_colons(document, text)):
        if not taken[start] and _may_be_term(text[start:end]):
            found[start] = (end, follows)
            taken[start:end] = b"\1" * (end - start)
        if len(found) == _MOST_DEFINITIONS:
            break
    starts = sorted(start for start, (_, follows) in found.items() if follows)
    out = []
    for start, (end, follows) in sorted(found.items()):
        span = _meaning(document, text, start, end, starts) if follows else _sentence(document, text, start)
        points = follows and bool(_POINTS.search(text, end, min(span.end, end + _BESIDE)))
        out.append(Definition(_clean(text[start:end]), document.span(start, end), span, follows, points))
    return tuple(out)


def defined(document: Document) -> dict[str, Definition]:
    """Each term with the definition that says most: one that does not point elsewhere, then the first."""
    best: dict[str, Definition] = {}
    for definition in find_definitions(document):
        known = best.get(definition.term)
        if known is None or (known.points and not definition.points):
            best[definition.term] = definition
    return best


def definitions_used(document: Document, span: Span) -> list[Definition]:
    """The definitions of the terms that a passage uses, in the order in which they appear;
    its own definitions left out.

    A term is used where its very words stand, capitals and all, alone or in the plural; of two that fit the longer one.
    """
    used = dict.fromkeys(definition for _, definition in uses_of_terms(document, span))
    return [definition for definition in used if not span.contains(definition.where)]


def uses_of_terms(document: Document, span: Span) -> Iterator[tuple[Span, Definition]]:
    """Each place where a passage uses a defined term, its own definition included, with the definition."""
    written = _written(document)
    pattern = _uses(document)
    if pattern is None:
        return
    for m in pattern.finditer(document.text, span.start, span.end):
        yield document.span(*m.span("term")), written[_clean(m["term"])]


@document_cache()
def _written(document: Document) -> dict[str, Definition]:
    """The definitions by each form in which their term is used."""
    return {form: definition for term, definition in defined(document).items() for form in _forms(term)}


@document_cache()
def _uses(document: Document) -> re.Pattern[str] | None:
    forms = sorted(_written(document), key=len, reverse=True)
    any_of = "|".join(r"\s+".join(map(re.escape, form.split())) for form in forms)
    return re.compile(rf"(?<!\w)(?P<term>{any_of})(?:e?s)?(?!\w)") if forms else None


def _forms(term: str) -> set[str]:
    """A term as it is used: one that is defined in capitals may be written without, "CONTENT" as "Content"."""
    return {term, term.title()} if term.isupper() and len(term) > 4 else {term}


def _marked(document: Document, text: str) -> Iterator[tuple[int, int, bool]]:
    """Terms in quotation marks: start, end, and whether what they mean follows them."""
    joined_to: tuple[int, bool] | None = None  # where the definition before ended: "X" or "Y" are two terms of one
    matches = list(islice(_QUOTED.finditer(text), _MOST_QUOTED))
    for i, match in enumerate(matches):
        last = match
        for other in matches[i + 1 : i + 6]:  # the verb stands after the last of several
            if not _joined(text, last.end(), other.start()):
                break
            last = other
        follows = _how(document, text, match, last.end())
        if follows is None and joined_to and _joined(text, joined_to[0], match.start()):
            follows = joined_to[1]
        joined_to = None if follows is None else (match.end(), follows)
        if follows is not None:
            yield (*match.span("term" if match["term"] else "single"), follows)


def _joined(text: str, end: int, start: int) -> bool:
    """Whether what stands between two quoted terms makes them two of one definition."""
    return start - end <= _LONGEST_JOIN and bool(_JOINED.fullmatch(text, end, start))


def _how(document: Document, text: str, match: re.Match[str], end: int) -> bool | None:
    """Whether the meaning of a quoted term follows it (True) or stands before it (False);
    None where it is no definition.
    """
    before = text[max(0, match.start() - _BESIDE) : match.start()]
    if _VERB.match(text, end):
        return True
    bracket = max(before.rfind("("), before.rfind("["))
    if bracket > max(before.rfind(")"), before.rfind("]")):
        lead = before[bracket + 1 :]
        return False if _LEADS.search(lead) and not _NO_LEAD.search(lead) else None
    if text[match.start() + 1 : match.start() + 2] == "(" or _NAMES.search(before):
        return False
    if not _BEGINS.search(before):
        return True if _WORD_FOR_TERM.search(before) and _IS.match(text, end) else None
    return True if _IS.match(text, end) or _in_definitions(document, match.start()) else None


def _in_definitions(document: Document, at: int) -> bool:
    clause = clause_at(document, at)
    return clause is not None and any(_DEFINITIONS.search(h) for h in headings_above(document, clause))


def _unmarked(text: str) -> Iterator[tuple[int, int, bool]]:
    """Terms without marks: before a verb, and in brackets."""
    for match in _BARE_MEANS.finditer(text):
        above, _, line = match["term"].rpartition("\n")
        whole = line if _DEFINITIONS.search(above) else match["term"]  # a heading is no part of the term below it
        for part in re.finditer(r"[^/]+", whole):  # "Royalty / Royalties"
            at = match.end("term") - len(whole) + part.start()
            yield (at, at + len(part[0]), True)
    for match in _SHORT.finditer(text):
        if _abbreviates(match["term"], text[max(0, match.start() - _BESIDE) : match.start()]):
            yield (*match.span("term"), False)
    in_marks = len(re.findall(r"\([^()“”\"]{0,40}[“\"]", text))
    bare = [m for m in islice(_BARE_BRACKET.finditer(text), _MOST_COUNTED) if _is_used(m, text)]
    if in_marks < len(bare):
        for match in bare:
            yield (*match.span("term"), False)


def _before_colons(document: Document, text: str) -> Iterator[tuple[int, int, bool]]:
    """Terms before a colon at the beginning of a line, in a clause of definitions."""
    for match in islice(_BARE_COLON.finditer(text), _MOST_COUNTED):
        if _in_definitions(document, match.start("term")):
            yield (*match.span("term"), True)


def _is_used(match: re.Match[str], text: str) -> bool:
    """Whether the term of a bracket stands elsewhere too: once where a word leads to it, else twice."""
    nearby = (max(0, match.start() - _COUNTED_BESIDE), match.end() + _COUNTED_BESIDE)
    return text.count(match["term"], *nearby) > (1 if match["lead"].strip() else 2)


def _abbreviates(short: str, before: str) -> bool:
    """Whether the letters of an abbreviation begin words before it, in order."""
    words = re.findall(r"[^\W_]+|&", before)[-_WORDS_BEFORE:]
    every, weighty = ("".join(w[0].upper() for w in ws) for ws in (words, [w for w in words if w not in _SMALL]))
    return short in every or short in weighty


def _may_be_term(raw: str) -> bool:
    term = _clean(raw)
    words = term.lower().split()
    if len(term) < 2 or len(words) > _MOST_WORDS or not any(c.isalpha() for c in term):
        return False
    return words[-1] not in _SMALL and (len(words) > 1 or term.lower() not in _NEVER)


def _clean(raw: str) -> str:
    words = " ".join(raw.split()).strip(" ,.;:(")
    words = re.sub(r"\s*\([A-Z][^()]*\)?\s*$", "", words)  # "Maximum Daily Quantity (MDQ)"
    return re.sub(r"(?i)^(?:the|an?)\s+(?=\S)|[®™]|\(s\)$", "", words)


def _meaning(document: Document, text: str, start: int, end: int, starts: Sequence[int]) -> Span:
    """From the term to the end of its item: to the next term of the list,
    or to the end of the clause or of the sentence.
    """
    after = starts[bisect_right(starts, end)] if starts and starts[-1] > end else len(text)
    clause = clause_at(document, start)
    whole = outline(document)[clause].span if clause is not None else document.span(0, len(text))
    limit = min(after, whole.end, start + _LONGEST_DEFINITION)
    sentences = split_sentences(text, start, limit)
    first = text.rfind("\n", 0, start) + 1
    begin = first if start - first <= _NUMBER_WIDTH else start - (text[start - 1] in "“\"„‟‘'")
    stop = sentences[0][1] if sentences else limit
    return document.span(begin, max(stop, end))


def _sentence(document: Document, text: str, at: int) -> Span:
    """The sentence around a bracket."""
    clause = clause_at(document, at)
    whole = outline(document)[clause].span if clause is not None else document.span(0, len(text))
    begin, limit = max(whole.start, at - _LONGEST_DEFINITION), min(whole.end, at + _LONGEST_DEFINITION)
    for start, end in split_sentences(text, begin, limit):
        if start <= at < end:
            return document.span(start, end)
    return document.span(begin, limit)
