"""Finds amendments: the instructions of an amending instrument, each with what it changes and the words it puts there.

"Section 4.2 is hereby deleted in its entirety and replaced with the following: …" is one instruction: its action, its
targets (Section 4.2), and the new words. They are looked for in amending instruments alone, so that a clause on how an
agreement "may be amended" is none; what stands within the new words of one instruction is no other. An instrument that
restates its agreement is one amendment of the whole.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

from retrieval.core.documents import Document, Span
from retrieval.structure.amending_instruments import AmendedAgreement, Instrument, find_instruments
from retrieval.structure.clause_lookup import PARTS
from retrieval.structure.clauses import outline
from retrieval.structure.cross_references import named_places
from retrieval.structure.reflow import flowing_text
from retrieval.structure.sentences import split_sentences

_MOST_INSTRUCTIONS = 1_000  # of one document
_LONGEST_INSTRUCTION = 3_000  # characters, its new words apart
_LONGEST_NEW = 20_000  # characters of new words: six pages
_LONGEST_WORDS = 400  # characters of words that are exchanged
_MARK = re.compile(
    r"\s*(?:(?:Section|Clause|Article|Paragraph)\s+)?(?P<mark>\d{1,3}(?:\.\d{1,3})*[.)]?|\((?:[a-z]{1,4}|[A-Z]|\d{1,2})\)"
    r"|[a-zA-Z][.)]|[•·–-])(?=\s)"
)

_ADVERB = r"(?:(?:hereby|here\s+by|further|also|accordingly|thereby|forthwith|now|each|both|,)\s+)*"
_TO_BE = r"(?:is|are|shall|will|is\s+to|are\s+to|shall\s+be\s*,?\s+and\s+(?:here\s?by\s+)?(?:is|are))"
_DONE = (
    r"(?:amended|deleted|replaced|restated|modified|revised|varied|supplemented|substituted|removed|omitted|struck"
    r"|stricken|inserted|added|extended|changed|repealed|cancell?ed|corrected|superseded)"
)
_PASSIVE = re.compile(
    rf"\b{_TO_BE}\s*,?\s+{_ADVERB}(?:be\s+{_ADVERB})?{_DONE}\b"
    rf"|\b(?:agree[sd]?|resolved?|directed)\s+that\s(?:[^.;]|\.(?=\d)){{1,200}}?\bbe\s+{_ADVERB}{_DONE}\b",
    re.IGNORECASE,
)
_DO = (
    r"(?:amend|delete|replace|restate|modify|revise|vary|supplement|substitute|remove|omit|strike(?:\s+out)?|insert|add"
    r"|extend|change)"
)
_ACTIVE = re.compile(
    rf"(?:\bhereby\s+|\bagree[sd]?\s+(?:to\s+)?(?:(?:hereby|further|mutually)\s+)*){_DO}s?\b", re.IGNORECASE
)
_IMPERATIVE = re.compile(  # "In clause 4.2 delete …", "Clause 4.2: delete …"
    rf"(?:(?:In|At|From|To|After)\s[^;:“”\"]{{1,80}}?[,:]?\s+|[^;:“”\"]{{1,60}}?\s*[:–—]\s*)?(?:By\s+)?{_DO}\b", re.IGNORECASE
)
_CEASES = re.compile(
    r"\bshall\s+(?:no\s+longer|not\s+(?:any\s+)?(?:longer|further)|cease\s+to)\s+(?:apply|be\s+(?:applicable|of|in)|have)\b"
    r"|\b(?:of|have|has)\s+no\s+(?:further\s+)?(?:force|effect)\b",
    re.IGNORECASE,
)
_SHALL_READ = re.compile(r"\b(?:shall|will|is\s+to|are\s+to|should)\s+(?:now\s+|henceforth\s+|hereafter\s+)?read\b", re.IGNORECASE)
_BY = re.compile(
    r"(?:\bby\s*:?\s*|[,;:]\s*(?:and\s+)?(?:by\s+)?|\band\s+(?:by\s+)?|\([a-z0-9]{1,4}\)\s*(?:by\s+)?|\A\W*)"
    r"(?P<verb>deleting|replacing|inserting|adding|substituting|restating|amending|changing|removing|striking"
    r"|modifying|revising|extending|omitting)\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(  # the second half of "deleting X and replacing it with Y"
    r"\s+(?:out\s+)?(?:it\b|them\b|the\s+same\b|such\b|in\s+(?:its|their|lieu|place|substitution|the\s+place)\b"
    r"|therefor|with\b|(?:the\s+)?following\b|(?:the\s+)?(?:words?\s+|phrase\s+|number\s+|figure\s+)?[“\"‘'][^“”\"]{1,300}"
    r"[”\"’']\s*(?:in\s+(?:its|their|lieu|place)|therefor|instead|thereof)|therefor)",
    re.IGNORECASE,
)
_READS = re.compile(
    r"\breferences?\b(?:[^.;]|\.(?=\d)){1,240}?\b(?:shall|is|are|will|should)\s+(?:hereby\s+|henceforth\s+)?(?:to\s+)?(?:be\s+)?"
    r"(?:hereby\s+|henceforth\s+)?(?P<verb>read|construed|deemed|understood|replaced|changed|amended|refer|mean)\b",
    re.IGNORECASE,
)
_EXTENDED = re.compile(
    r"\b(?P<what>(?:[Ii]nitial\s+|[Rr]enewal\s+|[Cc]urrent\s+)?(?:[Tt]erm|[Tt]ermination\s+[Dd]ate|[Ee]xpir(?:y|ation)\s+[Dd]ate"
    r"|[Mm]aturity\s+[Dd]ate|[Ee]nd\s+[Dd]ate))\b(?:[^.;]|\.(?=\d)){0,120}?\b(?:is|are|shall\s+be|will\s+be|be)\s+(?:hereby\s+|further\s+)*extended\b"
    r"|\b(?:hereby|agree[sd]?\s+to)\s+(?:further\s+)?extend(?:s|ed)?\s+the\s+(?P<object>(?:[Ii]nitial\s+|[Cc]urrent\s+)?[Tt]erm|[Ee]xpir(?:y|ation)\s+[Dd]ate|[Mm]aturity\s+[Dd]ate)\b"
)
_NO_INSTRUCTION = re.compile(
    r"\W*(?:\d[\d.]*\W+|\([a-z]+\)\s*)?(?:[\w ]{0,40}[.:]\s+)?(?:except\b|save\b|other\s+than\b|whereas\b|unless\b|if\b|nothing\b)", re.IGNORECASE
)
_WHOLE = re.compile(
    r"\b(?:the|said|that|this|existing|original)\s+(?:\w+\s+){0,4}?(?:Agreement|Lease|Contract|Deed|Note|Plan|Licen[cs]e)\b"
    r"(?:\s*\([^()]{0,80}\))?[^.;:]{0,60}?\b(?:is|are|shall\s+be|be)\s+(?:hereby\s+)?amended\s+and\s+restated\b"
    r"|\b(?:agree[sd]?|hereby)\s+(?:to\s+)?amend(?:s|ed)?\s+and\s+restate[sd]?\s+the\b",
    re.IGNORECASE,
)
_NEW_PLACE = re.compile(r"\b(?:new|additional)\s+(?:and\s+\w+\s+)?\Z", re.IGNORECASE)
_OF_THIS = re.compile(r"\s*(?:\([^()]{0,80}\)\s*)?(?:of|to|in|hereof)\s+(?:this\s+(?:\w+\s+){0,2}(?:amendment|deed|letter|addendum|variation)|hereof)\b|\s*(?:hereof|hereto|above|below)\b", re.IGNORECASE)
_ANCHOR = re.compile(r"\b(?:after|following|before|preceding|between|immediately\s+\w+|end\s+of|subject\s+to|pursuant\s+to|accordance\s+with|defined\s+in|under|with)\s+(?:the\s+)?(?:\w+\s+)?\Z", re.IGNORECASE)
_PART = re.compile(
    r"\b(?:first|second|third|fourth|fifth|last|final|penultimate|opening|introductory|sixth|seventh|eighth|ninth|tenth|\d{1,2}(?:st|nd|rd|th))\s+(?:full\s+)?(?:sentences?"
    r"|paragraphs?|lines?|proviso|bullet(?:\s+point)?|row|column|clause)\b[^.;:“”\"]{0,60}\Z",
    re.IGNORECASE,
)
_TERM = re.compile(
    r"\b(?:definitions?|defined\s+terms?|terms?|meaning)\s+(?:of\s+)?(?:the\s+)?(?:terms?\s+|word\s+|phrase\s+)?(?:of\s+)?"
    r"[“\"‘']\s*(?P<term>[^“”\"‘’\n]{1,80}?)[,.]?\s*[”\"’']",
    re.IGNORECASE,
)
_ADJUNCT = re.compile(
    r"\W*(?:\d[\d.]*\W+|\([a-z]+\)\s*)?(?:[^.:;]{1,80}:\s+)?(?:(?:consistent\s+with|pursuant\s+to|subject\s+to|in\s+accordance\s+with|notwithstanding|effective|as\s+of"
    r"|as\s+from|with\s+effect|for\s+the\s+avoidance|on\s+and|from|for\s+purposes)\b[^,;:]{0,160},\s*(?:\d{4},\s*)?){1,2}",
    re.IGNORECASE,
)

_QUOTE = r"[“\"‘'](?P<{}>[^“”\"\n]{{1,400}}?)[”\"’']"
_FOLLOWS = re.compile(
    r"\bfollow(?:s|ing)\b[^:“”\"]{0,90}:|\bread\b[^:“”\"]{0,60}(?::|(?=[“\"]))|\b(?:with|by|be)\s*(?::|(?=\s[“\"]))"
    r"|\bfollow(?:s|ing)\b[^.;:“”\"]{0,90}?(?=[“\"])|:\s*(?=[“\"])",
    re.IGNORECASE,
)
_DELETES = re.compile(r"\b(?:delet|remov|omit|str[iu]ck|strik|repeal|cancel)\w*|\bno\s+(?:longer|further)\b|\bcease\s+to\b", re.IGNORECASE)
_REPLACES = re.compile(
    r"\b(?:replac|substitut|restat)\w*|\bin\s+(?:lieu|its\s+place|their\s+place|its\s+stead|place)\b|\b(?:to|shall|will)\s+(?:now\s+)?read\b|\bread\s+as\s+follows"
    r"|\bas\s+follows\b|\bsupersed\w+",
    re.IGNORECASE,
)
_ADDS = re.compile(r"\b(?:add(?:ed|ing|s)?|insert\w*|supplement\w*|to\s+include)\b", re.IGNORECASE)
_EXTENDS = re.compile(r"\bextend\w*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Target:
    """What an instruction changes: a place ("Section 8.2(b)"), a defined term, or neither: the agreement as a whole."""

    kind: str = ""  # "section", "exhibit"; in the singular and small letters
    number: str = ""  # "8.2(b)"
    inside: str = ""  # of which place it is the number: "Article V" in "Article V, Section 2"
    term: str = ""
    new: bool = False  # it is not there before: "a new Section 4.5"
    part: bool = False  # only a part of it, such as its first sentence

    def label(self) -> str:
        """How it is cited: "Section 8.2(b)", "definition of “Term”", "the agreement"."""
        if self.term:
            return f"definition of “{self.term}”"
        place = f"{self.kind.title()} {self.number}" if self.number else "the agreement"
        return f"{self.inside}, {place}" if self.inside else place


WHOLE = Target()


@dataclass(frozen=True, slots=True)
class Amendment:
    """An instruction that changes an agreement.

    `action` is one of deleted, replaced, added, words_exchanged, extended, amended, restated. `span` is the instruction
    with its new words, `lead` the instruction without them. `old` are the words that are taken out where it quotes
    them, `new` those that are put in.
    """

    action: str
    targets: tuple[Target, ...]
    span: Span
    lead: Span
    old: Span | None
    new: Span | None
    of: AmendedAgreement


def find_amendments(document: Document) -> tuple[Amendment, ...]:
    """The amendments that a document makes, in reading order; none for a document that amends nothing. Linear."""
    found: list[Amendment] = []
    for instrument in find_instruments(document):
        own = [] if instrument.restates else list(islice(_instructions(document, instrument), _MOST_INSTRUCTIONS))
        found += own or [_of_the_whole(document, instrument)]
    return tuple(found[:_MOST_INSTRUCTIONS])


def _of_the_whole(document: Document, instrument: Instrument) -> Amendment:
    """An instrument that restates its agreement, or whose instructions are not understood: it amends it somehow."""
    action = "restated" if instrument.restates else "amended"
    heading = instrument.heading
    return Amendment(action, (WHOLE,), heading, heading, None, None, instrument.of)


def _instructions(document: Document, instrument: Instrument) -> Iterator[Amendment]:
    text = flowing_text(document)
    units = _units(document, text, instrument)
    done = instrument.span.start
    context: tuple[Target, ...] = ()  # of a lead-in: "Section 4 is amended as follows: (a) …"
    for i, (start, end) in enumerate(units):
        if start < done:
            continue
        found, context = _read(document, text, units, i, context, instrument)
        for amendment in found:
            done = max(done, amendment.span.end)
            yield amendment


def _units(document: Document, text: str, instrument: Instrument) -> list[tuple[int, int]]:
    """The sentences of an instrument, none across the beginning of a clause or of a line that has a number."""
    start, end = instrument.span.start, instrument.span.end
    clauses = outline(document)
    first = bisect_left(clauses, start, key=lambda c: c.span.start)
    last = bisect_left(clauses, end, key=lambda c: c.span.start)
    marks = [m.end() for m in _LINE_MARK.finditer(text, start, end)]
    borders = sorted({start, end, *marks, *(c.span.start for c in clauses[first:last])})
    units: list[tuple[int, int]] = []
    for a, b in pairwise(borders):
        for x, y in split_sentences(text, a, b):
            pieces = [x, *(x + m.end() for m in re.finditer(r";\s*(?:and\s+)?(?=\([a-z0-9]{1,4}\)\s|\n)", text[x:y])), y]
            units += [(p, q) for p, q in pairwise(pieces) if text[p:q].strip()]
    return _joined(text, units)


_LINE_MARK = re.compile(
    r"\n(?=[^\S\n]*(?:\d{1,2}(?:\.\d{1,2})?[.)]|\([a-z]{1,4}\))\s+[A-Z“\"])"
    r"|(?<=[:;])\s?\n(?=[^\S\n]*\([a-z]{1,4}\)\s)|(?<=; and)\s?\n(?=[^\S\n]*\([a-z]{1,4}\)\s)"
)
_OPEN_MARKS = "“\"‘'"


def _joined(text: str, units: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Units without those that are a number alone, or stop in the middle of a reference: they go on in the next."""
    joined: list[tuple[int, int]] = []
    for start, end in units:
        if joined and end - joined[-1][0] <= _LONGEST_INSTRUCTION and _stops(text, *joined[-1]):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _stops(text: str, start: int, end: int) -> bool:
    """Whether a unit is a number alone, or ends in the middle of a sentence."""
    words = text[start:end] if end - start < 40 else text[end - 12 : end]
    return bool((end - start < 40 and _ALONE.fullmatch(words)) or _OPEN.search(words))


_ALONE = re.compile(  # "4.", "2. The text of Section 2."
    r"\W*(?:\d{1,3}(?:\.\d{1,3})*|\w{1,4})\W*|[^“”\"]*\b(?:Section|Clause|Article|Paragraph)s?\s+\d{1,3}\.\s*"
)
_OPEN = re.compile(r"(?:\b(?:Sections?|Clauses?|Articles?|Paragraphs?|Exhibit|Schedule|of|in|to|and|or|the|by|is|are|hereby|with|No\.)|,)\s*\Z")


def _read(
    document: Document, text: str, units: Sequence[tuple[int, int]], i: int, context: tuple[Target, ...], instrument: Instrument
) -> tuple[list[Amendment], tuple[Target, ...]]:
    """The amendments of a unit, and the targets that the list below it has in common, where it leads in a list."""
    start, end = units[i][0], min(units[i][1], units[i][0] + _LONGEST_INSTRUCTION)
    words = text[start:end]
    mark = _MARK.match(words)
    body = mark.end() if mark else 0
    item = bool(mark and mark["mark"][0] == "(")
    if _NO_INSTRUCTION.match(words):
        return [], context
    if _WHOLE.search(words):
        span = document.span(start, end)
        return [Amendment("restated", (WHOLE,), span, span, None, None, instrument.of)], ()
    if not _instructs(words, body, in_list=bool(context)):
        return [], context if item or not mark else ()
    new = _new_words(text, units, i, start, end)
    lead_end = new[0] if new else end
    if (new is None and words.rstrip().endswith(":")) or (new and _leads_in(text, units, i, new)):
        return [], _targets(text, start, lead_end) or context
    found = list(_operations(document, text, (start, lead_end), new, context, instrument))
    return found, context if item or not mark else ()


def _instructs(words: str, body: int, *, in_list: bool) -> bool:
    """Whether a unit tells how an agreement is changed."""
    rest = words[body:].lstrip()
    return bool(
        _PASSIVE.search(words)
        or _ACTIVE.search(words)
        or _IMPERATIVE.match(rest)
        or _BY.match(rest)
        or _READS.search(words)
        or _SHALL_READ.search(words)
        or _CEASES.search(words)
        or _EXTENDED.search(words)
        or (in_list and _BY.search(words[body:]))
    )


def _operations(
    document: Document,
    text: str,
    lead: tuple[int, int],
    new: tuple[int, int] | None,
    context: tuple[Target, ...],
    instrument: Instrument,
) -> Iterator[Amendment]:
    """The amendments of one instruction: "by deleting X and by replacing Y with Z" are two."""
    start, end = lead
    whole = document.span(start, new[1] if new else end)
    borders = _borders(text, start, end)
    pieces = list(pairwise(borders))
    subject = ()
    if len(pieces) > 1:
        subject, pieces = _targets(text, *pieces[0]), pieces[1:]
    for a, b in pieces:
        targets = _below(subject or context, _targets(text, a, b)) or subject or context
        last = b == end
        yield from _amendment(document, text, (start if len(pieces) == 1 else a, b), targets, new if last else None, whole, instrument)


def _borders(text: str, start: int, end: int) -> list[int]:
    """Where the operations of an instruction begin, after its subject; [start, end] where it is one."""
    words, cuts = text[start:end], list[int]()
    deleting = False
    for match in _BY.finditer(words):
        goes_on = deleting and _GOES_ON.match(words, match.end())
        if not goes_on and not _in_quotes(words, match.start("verb")):
            cuts.append(start + match.start("verb"))
            deleting = bool(_DELETES.match(match["verb"]))
    if not cuts:
        passive = [m for m in _PASSIVE.finditer(words) if not _in_quotes(words, m.start())]
        for before, match in pairwise(passive):
            if places := list(named_places(words, before.end(), match.start())):
                cuts.append(start + places[0][2])
        return [start, start, *cuts, end] if cuts else [start, end]
    return [start, *cuts, end]


def _in_quotes(words: str, at: int) -> bool:
    before = words[:at]
    return before.count("“") > before.count("”") or before.count('"') % 2 == 1


def _below(subject: tuple[Target, ...], targets: tuple[Target, ...]) -> tuple[Target, ...]:
    """Targets under their subject: "subsection (b) thereof" is its (b), and what lies elsewhere is only mentioned."""
    stem = subject[0] if subject else WHOLE
    if not stem.number:
        return targets
    whole = [
        replace(t, kind=stem.kind, number=stem.number + t.number) if t.number.startswith("(") else t for t in targets
    ]
    inside = rf"{re.escape(stem.number)}(?:[.(].*)?"
    return tuple(t for t in whole if t.new or t.term or re.fullmatch(inside, t.number))


def _amendment(
    document: Document,
    text: str,
    piece: tuple[int, int],
    targets: tuple[Target, ...],
    new: tuple[int, int] | None,
    whole: Span,
    instrument: Instrument,
) -> Iterator[Amendment]:
    words = text[slice(*piece)]
    short = bool(new) and new[1] - new[0] <= _LONGEST_WORDS and text[new[0]] in _OPEN_MARKS
    old, put = _exchanged(text[piece[0] : new[1]] if short else words)
    extended = _EXTENDED.search(words)
    if extended and not (old and put):
        targets += (Target(term=" ".join((extended["what"] or extended["object"]).split())),)
    if not targets and not (old and put):
        return
    action = "words_exchanged" if old else _action(words, targets, has_new=bool(new or put))
    old_span = document.span(piece[0] + old[0], piece[0] + old[1]) if old else None
    new_span = document.span(*new) if new and not put else None
    if put:
        new_span = document.span(piece[0] + put[0], piece[0] + put[1])
    lead = document.span(*piece)
    yield Amendment(action, targets or (WHOLE,), whole, lead, old_span, new_span, instrument.of)


def _action(words: str, targets: Sequence[Target], *, has_new: bool) -> str:
    deletes, replaces = _DELETES.search(words), _REPLACES.search(words)
    if replaces and (has_new or deletes or "replac" in replaces[0].lower() or "substitut" in replaces[0].lower()):
        if _ADDS.search(words) and not deletes and all(t.new for t in targets):
            return "added"
        return "replaced"
    if deletes:
        return "amended" if all(t.part for t in targets) and targets else "deleted"
    if _ADDS.search(words):
        return "added"
    return "extended" if _EXTENDS.search(words) else "amended"


_SAID = r"(?:(?:of|the|all|any|each|such|following|word|words|phrase|phrases|number|numbers|figure|figures|term|terms|name|expression|sum|amount|date|percentage|reference|references|to|in|every)\s+)*"
_Q = r"[“\"‘'][^“”\"\n]{1,400}?[”\"’']"
_EXCHANGES = [
    re.compile(rf"\b(?:replac\w+|chang\w+|delet\w+|remov\w+|strik\w+|omit\w*)\s+(?:out\s+)?{_SAID}(?P<old>{_Q})[^“”\"]{{0,120}}?\b(?:with|by|to|replac\w+|substitut\w+|insert\w+|for)\b[^“”\"]{{0,60}}?(?P<new>{_Q})", re.IGNORECASE),
    re.compile(rf"(?P<old>{_Q})[^“”\"]{{0,120}}?\b(?:is|are|shall|be|will)\b[^“”\"]{{0,60}}?\b(?:replaced|changed|amended\s+to\s+(?:read|be)|deleted|substituted|read|construed|removed|deemed|understood|refer|mean|struck|omitted)\b[^“”\"]{{0,120}}?(?P<new>{_Q})", re.IGNORECASE),
    re.compile(rf"\bsubstitut\w+\s+(?:therein\s+)?{_SAID}(?P<new>{_Q})\s*,?\s*(?:for|in\s+place\s+of|in\s+lieu\s+of)\s+{_SAID}(?P<old>{_Q})", re.IGNORECASE),
    re.compile(rf"\binsert\w*\s+{_SAID}(?P<new>{_Q})[^“”\"]{{0,60}}?\bin\s+(?:place|lieu)\s+of\s+{_SAID}(?P<old>{_Q})", re.IGNORECASE),
    re.compile(rf"\bfrom\s+{_SAID}(?P<old>{_Q})\s+to\s+{_SAID}(?P<new>{_Q})", re.IGNORECASE),
    re.compile(r"\b(?:replac|chang|amend|increas|reduc|decreas|extend)\w+\s+[^“”\".;:]{0,120}?\bfrom\s+(?P<old>[^“”\".;:]{1,60}?)\s+to\s+(?P<new>[^“”\";:]{1,60}?)(?=[.,;]?\s*\Z|,\s|\s+(?:and|effective|with)\b)", re.IGNORECASE),
    re.compile(r"\breferences?\s+(?:in\s+[^.;]{1,80}?\s+)?to\s+(?P<old>[^.;]{1,80}?)\s+(?:(?:shall|is|are|will)\s+(?:hereby\s+|henceforth\s+)?(?:to\s+)?(?:be\s+)?(?:read|construed|deemed|understood|replaced|changed|refer|mean)\w*)\s+(?:as|with|to|by|to\s+be|as\s+(?:a\s+)?references?\s+to)\s+(?:(?:a\s+)?references?\s+to\s+)?(?P<new>[^.;]{1,120})", re.IGNORECASE),
]
_TAKEN_OUT = re.compile(rf"\b(?:delet\w+|remov\w+|strik\w+|omit\w*)\s+(?:out\s+)?{_SAID}(?P<old>{_Q})|\b(?:words?|phrase|figures?)\s+(?P<old2>{_Q})[^“”\"]{{0,80}}?\b(?:is|are|shall)\b[^“”\"]{{0,40}}?\b(?:deleted|removed|omitted|struck)\b", re.IGNORECASE)
_PUT_IN = re.compile(rf"\b(?:insert|add)\w*\s+{_SAID}(?P<new>{_Q})|\b(?:words?|phrase|figures?)\s+(?P<new2>{_Q})[^“”\"]{{0,80}}?\b(?:is|are|shall)\b[^“”\"]{{0,40}}?\b(?:inserted|added)\b", re.IGNORECASE)


def _exchanged(words: str) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """Places of the words that an instruction takes out and puts in, as far as it quotes them."""
    terms = [match.span("term") for match in _TERM.finditer(words)]
    for pattern in _EXCHANGES:
        match = pattern.search(words)
        if match and not any(match.start("old") <= a and b <= match.end("old") for a, b in terms):
            return match.span("old"), match.span("new")
    out, put = _TAKEN_OUT.search(words), _PUT_IN.search(words)
    old = (out.span("old") if out["old"] else out.span("old2")) if out and not _TERM.search(words, max(0, out.start() - 30), out.end()) else None
    new = (put.span("new") if put["new"] else put.span("new2")) if put else None
    return old, new


def _targets(text: str, start: int, end: int) -> tuple[Target, ...]:
    """What the words of an instruction name as changed: before its verb, else after it."""
    words = text[start:end]
    adjunct = _ADJUNCT.match(words)
    begin = adjunct.end() if adjunct else (m.end() if (m := _MARK.match(words)) and not _MARK_IS_PLACE.match(words) else 0)
    verbs = (pattern.search(words, begin) for pattern in (_PASSIVE, _READS, _SHALL_READ, _CEASES, _EXTENDED))
    verb = next((found for found in verbs if found), None)
    at = verb.end() if verb else begin
    if verb and not _EXTENDED.match(words, verb.start()) and (found := _named(words, begin, verb.end())):
        put_in = re.search(r"(?:added|inserted)\Z", verb[0], re.IGNORECASE)  # "Section 4.15 set forth below is added"
        return tuple(replace(t, new=True) if put_in and t.number else t for t in found)
    return _named(words, at, len(words)) or (_named(words, 0, begin) if verb else ())


_MARK_IS_PLACE = re.compile(r"\s*(?:Section|Clause|Article|Paragraph)\s", re.IGNORECASE)


def _named(words: str, start: int, end: int) -> tuple[Target, ...]:
    terms = [" ".join(m["term"].split()) for m in _TERM.finditer(words, start, end)]
    if terms:
        return tuple(Target(term=term) for term in dict.fromkeys(terms))
    places: list[tuple[bool, Target]] = []
    anchored, last = False, -1
    for kind, number, a, b in _places(words, start, end):
        if _OF_THIS.match(words, b) or _in_quotes(words, a):
            continue
        link = " ".join(words[last:a].split()) if 0 <= last <= a else "."
        before = places[-1][1] if places else WHOLE
        last = b
        if places and (joined := _one_place(before, kind, number, link)):
            places[-1] = (anchored, joined)
            continue
        if places and link in _LINKS:  # one list
            places += [(anchored, replace(before, number=n)) for n in _between(before.number, number, link)]
            places.append((anchored, replace(before, kind=kind, number=number)))
            continue
        near = words[max(0, a - 60) : a]
        new = bool(_NEW_PLACE.search(near))
        anchored = bool(_ANCHOR.search(near)) and not new
        part = bool(_PART.search(words[max(0, a - 100) : a]))
        places.append((anchored, Target(kind, number, new=new, part=part)))
    least = min((rank for rank, _ in places), default=False)
    return tuple(dict.fromkeys(target for rank, target in places if rank == least))


def _one_place(before: Target, kind: str, number: str, link: str) -> Target | None:
    """The one place that two numbers name: "Article V, Section 2", "Section 2 of Article V", "paragraph (b) of Section 6"."""
    if link == "of" and before.number.startswith("("):
        return replace(before, kind=kind, number=number + before.number)
    if link == "of" and kind != before.kind:
        return replace(before, inside=f"{kind.title()} {number}")
    if link in ("", ",") and before.kind in _OUTER and kind not in _OUTER:
        return replace(before, kind=kind, number=number, inside=f"{before.kind.title()} {before.number}")
    return None


_OUTER = frozenset(["article", *PARTS])
_LINKS = frozenset(["", ",", "and", "or", "to", "through", "&", ", and", ", or", "–", "-"])
_HEADED = re.compile(r"\s*\([^()\d][^()]{0,60}\)\s*(?P<link>,?\s*(?:and|or|to|through|&)|,)\s*(?P<number>\d{1,3}(?:\.\d{1,3})*(?:\([a-z]{1,4}\))*)(?=\s*\()")


def _places(words: str, start: int, end: int) -> Iterator[tuple[str, str, int, int]]:
    """The places that words name, also the second of "Sections 5.1 (Price) and 5.2 (Invoicing)"."""
    for kind, number, a, b in named_places(words, start, end):
        yield kind, number, a, b
        while match := _HEADED.match(words, b, end):
            b = match.end()
            yield kind, match["number"], b, b


def _between(first: str, last: str, link: str) -> list[str]:
    """The numbers between those of "11.1 to 11.3": 11.2."""
    a, b = re.fullmatch(r"(.*?)(\d{1,3})", first), re.fullmatch(r"(.*?)(\d{1,3})", last)
    if link not in ("to", "through", "–", "-") or not (a and b) or a[1] != b[1] or int(b[2]) - int(a[2]) > 30:
        return []
    return [f"{a[1]}{n}" for n in range(int(a[2]) + 1, int(b[2]))]


def _new_words(text: str, units: Sequence[tuple[int, int]], i: int, start: int, end: int) -> tuple[int, int] | None:
    """Where the new words of an instruction stand: in quotation marks, or below it up to the next one."""
    follows = next((m for m in _FOLLOWS.finditer(text, start, end) if not _in_quotes(text[start : m.start()], m.start() - start)), None)
    if follows is None:
        return None
    begin = follows.end()
    while begin < len(text) and text[begin].isspace():
        begin += 1
    limit = _next(text, units, i)
    if begin >= limit:
        return None
    if text[begin] in "“\"":
        closed = _closed(text, begin, limit)
        if not re.match(r"\s+(?:shall\s+)?(?:means?|has|have|includes?|refers?)\b", text[closed : closed + 30]):
            return begin, closed  # else “Territory” means …
    if ending := _ENDING.search(text, begin, limit):
        limit = ending.start()
    if begin >= end - 1 and i + 1 < len(units):  # below the lead-in
        return begin, max(begin, _stripped(text, begin, limit))
    return (begin, _stripped(text, begin, limit)) if follows[0].rstrip().endswith(":") else None


def _stripped(text: str, start: int, end: int) -> int:
    return start + len(text[start:end].rstrip())


def _closed(text: str, begin: int, limit: int) -> int:
    """The end of words in quotation marks, which may hold others: where they close, else the last mark before `limit`."""
    if text[begin] == "“":
        depth = 0
        for match in re.finditer(r"[“”]", text[begin : begin + _LONGEST_NEW]):
            depth += 1 if match[0] == "“" else -1
            if depth == 0:
                return begin + match.end()
        mark = "”"
    else:
        mark = '"'
    last = text.rfind(mark, begin + 1, limit)
    return last + 1 if last > 0 else _stripped(text, begin, limit)


_ENDING = re.compile(r"\bIN\s+WITNESS\b|\b(?:Except|Save)\s+as\s+(?:\w+\s+){0,4}(?:amended|modified|varied)|\[?\bRemainder\s+of\s+(?:this\s+)?page|(?<=\n)\s*By:")
_CLOSING = re.compile(
    r"\W*(?:\d[\d.]*\W+)?(?:[A-Z][\w ]{0,40}[.:]\s+)?(?:except\s+as|save\s+as|all\s+other\s+(?:terms|provisions)|in\s+witness|this\s+(?:\w+\s+){0,2}(?:amendment|deed|letter|addendum)\b"
    r"|capitali[sz]ed\s+terms|the\s+remaining\s+(?:terms|provisions))",
    re.IGNORECASE,
)


_ANOTHER = re.compile(
    rf"\bhereby\s+{_ADVERB}{_DONE}\b|\b(?:is|are|shall\s+be|will\s+be)\s+{_ADVERB}(?:amended|deleted|replaced|restated)\b",
    re.IGNORECASE,
)


def _next(text: str, units: Sequence[tuple[int, int]], i: int) -> int:
    """Where the instrument goes on after the new words of an instruction: at the next one, or at its closing."""
    start, end = units[i]
    own = _MARK.match(text, start)
    following = _after(own["mark"]) if own else ()
    for j, (a, b) in enumerate(units[i + 1 : i + 1 + 400], i + 1):
        if a - end > _LONGEST_NEW:
            return end + _LONGEST_NEW
        mark = _MARK.match(text, a)
        if (mark and mark["mark"] in following) or _CLOSING.match(text, a):
            return a
        if _ANOTHER.search(text, a, min(b, a + 400)) and any(islice(named_places(text, a, min(b, a + 400)), 1)):
            heading = j > i + 1 and _is_heading(text[slice(*units[j - 1])])
            return units[j - 1][0] if heading else a
    last = units[min(len(units) - 1, i + 400)][1]
    return min(last, end + _LONGEST_NEW)


def _is_heading(words: str) -> bool:
    """Whether a unit is the heading of the instruction below it: "4. AMENDMENT OF TERMINATION PROVISIONS."."""
    mark = _MARK.match(words)
    rest = words[mark.end() :] if mark else ""
    return bool(rest) and len(words) < 120 and not re.search(r"\b[a-z]{5,}", rest)


def _after(mark: str) -> tuple[str, ...]:
    """The marks that follow one: "5." after "4.", "(c)" after "(b)"."""
    digits = re.search(r"(\d+)(\D*)\Z", mark)
    if digits:
        up = f"{mark[: digits.start(1)]}{int(digits[1]) + 1}{digits[2]}"
        outer = re.match(r"(\d+)\.\d", mark)
        return (up, f"{int(outer[1]) + 1}.", f"{int(outer[1]) + 1}") if outer else (up,)
    letter = re.search(r"[a-yA-Y]", mark)
    return (mark.replace(letter[0], chr(ord(letter[0]) + 1)),) if letter and len(mark.strip("().")) == 1 else ()


def _leads_in(text: str, units: Sequence[tuple[int, int]], i: int, new: tuple[int, int]) -> bool:
    """Whether what follows the colon is a list of instructions, and no new words."""
    if text[new[0]] in "“\"" or i + 1 >= len(units):
        return False
    at = bisect_right(units, new[0], key=lambda unit: unit[0]) - 1
    a, b = max(units[at][0], new[0]), min(units[at][1], new[0] + 600)
    words = text[a:b]
    mark = _MARK.match(words)
    body = mark.end() if mark else 0
    return bool(mark and mark["mark"][0] in "(abcAi•·–-" or words.lower().startswith(("by ", "delet", "insert"))) and bool(
        _PASSIVE.search(words) or _IMPERATIVE.match(words[body:].lstrip()) or _BY.match(words[body:].lstrip()) or _BY.match("by " + words[body:].lstrip()) and _BY.match("by " + words[body:].lstrip()).end() < 25
    )
