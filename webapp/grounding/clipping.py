"""Finds clipped quotations: words of the page begun right after their "not" or their subject, or ended before "except".

Every word of such a quotation is on the page, and it may say the opposite of its sentence. What the answer says in its
own words beside the quotation counts: in "shall not “assign this Agreement”" nothing is missing. It compares words, and
sees what turns or limits a sentence only where one of the usual words says so; and that a quotation with a modal verb
ends in the middle of its sentence, where a preposition or a relative pronoun stands next.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from retrieval import (
    Document,
    QuoteMatch,
    Span,
    Unit,
    clause_at,
    is_of_note,
    note_units,
    outline,
    own_words,
    units,
)
from webapp.grounding.markers import Quotation, blank_citation_markers

_NEGATION = re.compile(
    r"\b(?:not|no|nor|neither|never|none|nothing|cannot|nobody)\b|n['’]t\b|\bwithout\s*\Z", re.IGNORECASE
)
_LIMIT = re.compile(
    r"\b(?:except(?:ing)?|unless|if|provided(?=,|\s+(?:that|however|further|always|such|any|no|it|they|the)\b)"
    r"|subject\s+to|but|however|only|solely|other\s+than"
    r"|to\s+the\s+extent|(?:so|as)\s+long\s+as|until|in\s+the\s+event|excluding|without|save\s+(?:for|as|that)"
    r"|in\s+no\s+event|(?:up)?on\s+(?:the\s+)?condition|condition(?:ed|al)\s+(?:up)?on|contingent\s+(?:up)?on"
    r"|due\s+to|owing\s+to|because|by\s+reason\s+of|by\s+virtue\s+of|as\s+a\s+(?:result|consequence)\s+of|on\s+account\s+of"
    r"|in\s+(?:the\s+|any\s+|such\s+)?cases?\s+(?:of|that|in\s+which|where)|in\s+case|insofar\s+as"
    r"|in\s+(?:any|each|every|all|those)\s+(?:\w+\s+)?(?:in|to|for)\s+which|where\s+(?:such|the|an?|any|no|there|it|they)\b)\b",
    re.IGNORECASE,
)
# They turn what follows within a few words.
_TURNED_FROM = re.compile(
    r"\b(prohibited|precluded|barred|restrained|refrains?|prevent(?:s|ed)?|restricted|forbidden|disclaims?|waives?"
    r"|releases?|excludes?|fails?|lieu|instead|rather)\b(?:\W+\w+){0,4}\W*\Z",
    re.IGNORECASE,
)
# Before a figure: it is the most, or the least, and not the amount.
_BOUND = re.compile(
    r"\b(?:(?:not\s+(?:to\s+)?)?exceed(?:s|ing)?|up\s+to|at\s+(?:least|most)|(?:less|more|fewer|greater|later|earlier)\s+than"
    r"|maximum(?:\s+of)?|minimum(?:\s+of)?|as\s+much\s+as)\s*\Z",
    re.IGNORECASE,
)
_BOUNDED = re.compile(
    r"\b(?:exceed\w*|up\s+to|at\s+(?:least|most)|(?:less|more|fewer|greater|later|earlier)\s+than|maxim\w+|minim\w+|over"
    r"|under|cap(?:ped|s)?|ceiling|floor|limit(?:ed|s)?|beyond|within|no\s+longer)\b",
    re.IGNORECASE,
)
# They turn and limit nothing.
_HARMLESS = re.compile(
    r"\b(?:not\s+limited\s+to|without\s+(?:limitation|limiting|prejudice)|subject\s+to\s+the\s+(?:following\s+)?(?:terms|provisions|conditions|clauses)\b"
    r"|unless\s+the\s+context\s+(?:otherwise\s+)?requires"
    r"|if\s+any\b|whether\s+or\s+not|no\s+(?:later|earlier|more|less|fewer)\s+than|not\s+(?:later|more|less)\s+than"
    r"|not\s+only|but\s+not\s+limited|as\s+if|even\s+if"
    r"|(?:amounts?|sums?|payments?|fees?|royalt(?:y|ies)|monies|moneys|interest|balance|is|are|be|becomes?|then|and|or|otherwise)"
    r"\s+due\s+to)",
    re.IGNORECASE,
)
# What an answer says instead of "not".
_DENIES = re.compile(
    r"\b(?:prohibit\w*|forbid\w*|forbidden|refrain\w*|prevent\w*|bar(?:s|red)|disclaim\w*|exclud\w*|waive\w*|lacks?"
    r"|free\s+(?:of|from)|restrict\w*|preclud\w*|refus\w*|releas\w*|fail\w*|instead|rather)\b",
    re.IGNORECASE,
)
_FINITE = (
    r"(?:shall|may|must|will|can|cannot|should|would|is|are|was|were|has|have|had|does|do|agrees?|represents?"
    r"|warrants?|acknowledges?|covenants?|undertakes?|grants?|assigns?|waives?|indemnif(?:y|ies))"
)
_HAS_VERB = re.compile(rf"\b{_FINITE}\b", re.IGNORECASE)
_BEGINS_WITH_VERB = re.compile(rf"\W*(?:(?:hereby|also|further|then|thereafter)\s+)?{_FINITE}\b", re.IGNORECASE)
_VERB_BEFORE = re.compile(
    r"\b(?:shall|may|must|will|can|cannot|should|would|does|do|did|be|been|is|are|to|not|never|nor)\W*\Z", re.IGNORECASE
)
_PROVISO = re.compile(r"[,;:.\u037e]\s+(?:and\s+|or\s+)?(?:provided|except|unless|but|however)\b", re.IGNORECASE)
# What limits the words that it stands right after.
_WHEN = re.compile(
    r"\W*(?:prior\s+to|before|after|during|while|when(?:ever)?|where|upon|solely|arising)\b", re.IGNORECASE
)
# A sentence that goes on so is cut off within what its verb is said of: "may assign this lease" (to an affiliate).
_GOES_ON = re.compile(
    r"(?:\s*,?\s*(?:to|for|in|on|of|by|at|with|from|within|upon|under|over|during|against|through|into|between|among|as|per"
    r"|pursuant)|\s*(?:that|which|who|whom|whose))\b(?P<rest>[^,;:.()\u037e]*)",
    re.IGNORECASE,
)
_MODAL = re.compile(r"\b(?:shall|may|must|will|can|cannot|should|would)\b", re.IGNORECASE)
_OF_ITSELF = re.compile(
    r"\W*(?:(?:of|under|in|to|by|with|pursuant\s+to)\s+)?(?:(?:the\s+terms\s+of\s+)?(?:this|the|that)\s+"
    r"(?:agreement|lease|contract|section|article|amendment)|here\w+)\W*\Z",
    re.IGNORECASE,
)
_MARK = re.compile(r"\A\W*(?:\(?[A-Za-z0-9]{1,5}[.)])*\s*\Z")
_LISTED = re.compile(r"\s*(?:[-*•>]|\(?[\da-z]{1,3}[.)])\s")
_MOST_ITEMS = 30  # units that are looked through for the end of a sentence
_LONG = 8  # words of a quotation that says something even if no verb shows it
_NEAR = 3  # words before a bare figure or name in which a negation belongs to it
_SEGMENT = re.compile(r"(?P<ends>[;\u037e])|:\s|\((?:[a-z]{1,2}|[ivx]{1,5}|\d{1,2})\)\s", re.IGNORECASE)
# Before an independent clause with its own subject and verb.
_CLAUSE_BEGINS = re.compile(r"(?:[,;:.\u037e]|\b(?:and|but|or|while|whereas|however,?))\s*\Z", re.IGNORECASE)
_OTHER_CLAUSE = re.compile(rf",?\s+and\s+(?:\w+\W+){{1,6}}?{_FINITE}\b", re.IGNORECASE)
_ENDED = re.compile(r"[.?!][\"”’')\]]*\s*\Z")
_WORD = re.compile(r"[^\W\d_]{2,}")
_SUBJECT_WORDS = 12  # that are looked back for the subject of a verb
_NO_SUBJECT = frozenset(
    "the an and or of to in on by for such this that its their it shall may must will not also hereby be then each any "
    "either both all agreement says states provides contract clause section".split()
)
_SHOWN = 80  # characters of a limit that are named


@dataclass(frozen=True, slots=True)
class Clipping:
    """What a quotation leaves out of its sentence: its negation, its subject, or what limits it.

    `words` are those of the page; `whole` is the sentence, after the lead-in of the list that it is an item of.
    """

    kind: Literal["negation", "subject", "limit"]
    words: str
    whole: tuple[Span, ...]


def clipping(
    document: Document, match: QuoteMatch, before: str = "", after: str = "", later: str = ""
) -> Clipping | None:
    """What is left out right beside a quotation and turns, bears or limits it; None where nothing is.

    `before` and `after` are the answer's own words beside the quotation, in the same sentence; `later` those of the
    sentences after it, which may say how the quotation's goes on.
    """
    place = _place(document, match.span)
    if place is None:
        return None
    lead, left, right = place.lead, place.left, place.right
    said = own_words(document, *match.parts)
    ours = blank_citation_markers(f"{before} … {after}")
    governing = _governing(lead, left, said)
    bare = _is_bare(said, _MARK.sub("", left) or lead)
    words = _negation(governing, bare, said)
    if words and not (_NEGATION.search(ours) or _DENIES.search(ours)):
        return Clipping("negation", words, place.whole)
    if bound := _bound(left, said, ours):
        return Clipping("limit", bound, place.whole)
    if not bare and (subject := _subject(governing, said)) and not _names(ours, subject):
        return Clipping("subject", subject, place.whole)
    if not bare and not _LIMIT.search(_HARMLESS.sub(" ", ours)):
        gaps = (document.text[a.end : b.start] for a, b in pairwise(match.parts))
        for part in (_conditions(lead, left), *gaps, *_following(right)):
            if limit := _LIMIT.search(_plain(part)):
                return Clipping("limit", _shortened(part[limit.start() :]), place.whole)
        if _WHEN.match(right) and not _WHEN.search(after):
            return Clipping("limit", _shortened(right.strip()), place.whole)
    if not bare and (rest := _cut_off(said, right, f"{ours} {later}")):
        return Clipping("limit", _shortened(rest), place.whole)
    return None


def beside(text: str, quote: Quotation, sentence: tuple[int, int]) -> tuple[str, str, str]:
    """The answer's words before and after a quotation in its sentence, and those after it in its paragraph; before an
    item of a list, its lead-in too.
    """
    lead = ""
    for line in reversed(text[: sentence[0]].split("\n")):
        if line.strip() and not _LISTED.match(line):
            lead = line if line.rstrip(" *_").endswith(":") else ""
            break
    before = f"{lead} {text[sentence[0] : quote.start]}"
    return before, text[quote.end : sentence[1]], text[sentence[1] :].partition("\n")[0]


@dataclass(frozen=True, slots=True)
class _Place:
    """A quotation in its sentence: the words before it, after it, and of the lead-in above it."""

    lead: str
    left: str
    right: str
    whole: tuple[Span, ...]


def _place(document: Document, span: Span) -> _Place | None:
    every = note_units(document) if is_of_note(document, span) else units(document)
    begin = bisect_right(every, span.start, key=lambda unit: unit.span.end)
    after = bisect_left(every, span.end, lo=begin, key=lambda unit: unit.span.start)
    if begin >= after or {every[begin].kind, every[after - 1].kind} & {"heading", "row"}:
        return None
    first, last = every[begin], _last(document, every[after - 1 :])
    end = last.span.end
    after_another = (
        begin > 0 and every[begin - 1].kind == "sentence" and _ENDED.search(document.slice(every[begin - 1].span))
    )
    index = clause_at(document, first.span.start)
    opens = index is None or not after_another or every[begin - 1].span.start < outline(document)[index].span.start
    lead = tuple(_lead_in(document, first.span.start)) if opens else ()  # no lead-in leads to an item's second sentence
    sentence = document.span(min(first.span.start, span.start), max(end, span.end))
    return _Place(
        lead=own_words(document, *lead) if lead else "",
        left=_between(document, sentence.start, span.start),
        right=_between(document, span.end, sentence.end),
        whole=(*lead, sentence),
    )


def _last(document: Document, rest: Sequence[Unit]) -> Unit:
    """The unit that ends a sentence: its own, or the last item of its list where that ends in a proviso."""
    end = next((i for i, unit in enumerate(rest[:_MOST_ITEMS]) if _ENDED.search(document.slice(unit.span))), 0)
    further = rest[1 : end + 1]
    if further and all(unit.kind in ("sentence", "line") for unit in further):
        provisos = [unit for unit in further if _PROVISO.search(f", {own_words(document, unit.span)}")]
        if provisos and (provisos[-1] is further[-1] or _PROVISO.match(f", {own_words(document, provisos[-1].span)}")):
            return provisos[-1]
    return rest[0]


def _between(document: Document, start: int, end: int) -> str:
    return own_words(document, document.span(start, end)) if start < end else ""


def _lead_in(document: Document, at: int) -> Iterator[Span]:
    """The last sentence before the first item of each list that the sentence at an offset is in, outermost first,
    where it leaves off for its items: "The Licensee shall not:".
    """
    clauses, index = outline(document), clause_at(document, at)
    found: list[Span] = []
    while index is not None and (parent := clauses[index].parent) is not None:
        first = next(c for c in clauses[parent + 1 : index + 1] if c.parent == parent)
        above = units(document)[max(0, bisect_left(units(document), first.span.start, key=lambda u: u.span.start) - 1)]
        within = clauses[parent].span.start <= above.span.start < min(at, first.span.start)
        if not within or above.kind == "heading" or _ENDED.search(document.slice(above.span)):
            break
        found.append(above.span)
        index = parent
    return reversed(found)


def _governing(lead: str, left: str, said: str) -> str:
    """What of the words before a quotation is said of it: the lead-ins, and the part of its sentence that it stands in;
    nothing of another clause where it is one of its own.
    """
    pieces = [lead]
    begin = 0
    for i, border in enumerate(_SEGMENT.finditer(left)):
        if i == 0 and not border["ends"]:
            pieces.append(left[: border.start()])
        begin = border.end()
    here = left[begin:]
    own = _HAS_VERB.search(said) and not _BEGINS_WITH_VERB.match(said)
    if own and (_CLAUSE_BEGINS.search(left) or _MARK.match(left)):
        return " ".join(piece for piece in (*pieces, here) if "nothing" in piece.lower()).strip()
    return " ".join([*pieces, here]).strip()


def _is_bare(said: str, left: str) -> bool:
    """Whether a quotation is a figure or a name and says nothing by itself: "thirty (30) days"."""
    verb = _HAS_VERB.search(said) or _VERB_BEFORE.search(left)
    return not verb and len(said.split()) < _LONG


def _negation(governing: str, bare: bool, said: str) -> str:
    """The word that turns a quotation, of those before it; empty where none does."""
    plain = _plain(governing)
    if turned := _TURNED_FROM.search(plain):
        return turned[1]
    found = list(_NEGATION.finditer(plain))
    if not found:
        return ""
    last = found[-1]
    near = len(plain[last.end() :].split())
    if bare and (said[:1].isdigit() or near >= _NEAR or (near and last[0].lower() == "not")):
        return "" if near else last[0]
    opening = " ".join(said.split()[:6])
    if _NEGATION.search(_plain(opening)) and "nothing" not in plain.lower():
        return ""  # it has its own
    return last[0]


def _bound(left: str, said: str, ours: str) -> str:
    """The words that make a figure the most or the least, right before a quotation that begins with it."""
    bound = _BOUND.search(left) if re.match(r"\W*(?:US)?[$€£¥]?\d|\w+\s+\(\d", said) else None
    return " ".join(bound[0].split()) if bound and not _BOUNDED.search(ours) else ""


def _conditions(lead: str, left: str) -> str:
    """The words before a quotation that may limit it: of its own part of the sentence, and the lead-ins."""
    borders = list(_SEGMENT.finditer(left))
    head = left[: borders[0].start()] if borders and not borders[0]["ends"] else ""
    return " ".join([lead, head, left[borders[-1].end() :] if borders else left]).strip()


def _following(right: str) -> Iterator[str]:
    """The parts of a sentence after a quotation that may limit it: up to the next clause, and those that begin so."""
    first, *others = re.split(r"[;\u037e]", right)
    other = _OTHER_CLAUSE.search(first)
    yield first[: other.start()] if other else first
    yield from (part for part in others if _LIMIT.match(part.strip(" ,").removeprefix("and ").removeprefix("or ")))
    if proviso := _PROVISO.search(right):
        yield right[proviso.start() :]


def _cut_off(said: str, right: str, ours: str) -> str:
    """The words that belong to the verb of a quotation and stand right after it: to whom, for what, where, how long.
    Empty where it has no modal verb, or the answer says most of them itself.
    """
    goes_on = _GOES_ON.match(right)
    if not goes_on or not _MODAL.search(said) or _OF_ITSELF.match(goes_on[0]):
        return ""
    words = [_root(word) for word in _WORD.findall(goes_on["rest"]) if word.lower() not in _NO_SUBJECT]
    own = {_root(word) for word in _WORD.findall(ours)}
    is_said = words and sum(word in own for word in words) * 2 >= len(words)
    return "" if is_said else right.strip(" ,")


def _subject(governing: str, said: str) -> str:
    """The words that a quotation's first verb is said of, where they are left out; empty where it has them."""
    if not governing or not (_BEGINS_WITH_VERB.match(said) or _VERB_BEFORE.search(governing)):
        return ""
    return " ".join(governing.split()[-_SUBJECT_WORDS:])


def _names(ours: str, subject: str) -> bool:
    """Whether an answer's own words name the subject, or one word of it where none of it has a capital."""
    named = {_root(word) for word in _WORD.findall(ours)}
    theirs = [word for word in _WORD.findall(subject) if word.lower() not in _NO_SUBJECT]
    capital = [word for word in theirs if word[0].isupper()] or theirs
    return not capital or any(_root(word) in named for word in capital)


def _root(word: str) -> str:
    return word.lower()[:6].rstrip("s")


def _plain(text: str) -> str:
    """The text with what turns and limits nothing blanked out, of the same length."""
    return _HARMLESS.sub(lambda m: " " * len(m[0]), text)


def _shortened(words: str) -> str:
    return words if len(words) <= _SHOWN else words[:_SHOWN].rsplit(" ", 1)[0] + " …"
