"""Finds amendments: the instructions of an amending instrument, each with what it changes and the words it puts there.

"Section 4.2 is hereby deleted in its entirety and replaced with the following: …" is one instruction: its action, its
targets (Section 4.2), and the new words. They are looked for in amending instruments alone, so that a clause on how an
agreement "may be amended" is none; what stands within the new words of one instruction is no other. An instrument that
restates its agreement is one amendment of the whole.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

from retrieval.core.documents import Document, Span
from retrieval.structure.amended_places import WHOLE, Target, below, in_quotes, named_targets
from retrieval.structure.amended_words import LONGEST_WORDS, MARK, Range, exchanged_words, new_words
from retrieval.structure.amending_instruments import AmendedAgreement, Instrument, find_instruments, number_of
from retrieval.structure.clauses import outline
from retrieval.structure.cross_references import named_places
from retrieval.structure.reflow import flowing_text
from retrieval.structure.sentence_ends import split_sentences

_MOST_INSTRUCTIONS = 1_000  # of one document
_LONGEST_INSTRUCTION = 3_000  # characters, its new words apart
_SHORT = 40  # characters of a unit that may be a number alone

_IN = r"(?:[^.;]|\.(?=\d))"  # within a sentence
_ADVERB = (
    r"(?:(?:hereby|here\s+by|further|also|accordingly|thereby|forthwith|now|each|both|deemed(?:\s+to\s+be)?|,)\s+)*"
)
_TO_BE = r"(?:is|are|shall|will|is\s+to|are\s+to|shall\s+be\s*,?\s+and\s+(?:here\s?by\s+)?(?:is|are))"
_DONE = (
    r"(?:amended|deleted|replaced|restated|modified|revised|varied|supplemented|substituted|removed|omitted|struck"
    r"|stricken|inserted|added|extended|changed|repealed|cancell?ed|corrected|superseded|increased|reduced|decreased"
    r"|raised|lowered|eliminated|rescinded|revoked)"
)
_PASSIVE = re.compile(
    rf"\b{_TO_BE}\s*,?\s+{_ADVERB}(?:be\s+{_ADVERB})?{_DONE}\b"
    rf"|\b(?:agree[sd]?|resolved?|directed)\s+that\s{_IN}{{1,200}}?\bbe\s+{_ADVERB}{_DONE}\b",
    re.IGNORECASE,
)
_DO = (
    r"(?:amend|delete|replace|restate|modify|revise|vary|supplement|substitute|remove|omit|strike(?:\s+out)?|insert|add"
    r"|extend|change|eliminate)"
)
_ACTIVE = re.compile(
    rf"(?:\bhereby\s+|\bagree[sd]?\s+(?:to\s+)?(?:(?:hereby|further|mutually)\s+)*){_DO}s?\b", re.IGNORECASE
)
_IMPERATIVE = re.compile(  # "In clause 4.2 delete …", "Clause 4.2: delete …"
    r"(?:(?:In|At|From|To|After)\s[^;:“”\"]{1,80}?[,:]?\s+|[^;:“”\"]{1,60}?\s*[:–—]\s*)?"
    rf"(?:By\s+)?{_DO}\b",
    re.IGNORECASE,
)
_CAPTIONED = re.compile(  # "Clause 3 (Salary): £41,500 a year (previously £38,000)"
    r"(?:clause|section|article|paragraph)\s+\d[\d.]{0,8}\s*(?:\([^()]{0,60}\))?\s*:\s", re.IGNORECASE
)
_UNCHANGED = re.compile(r"\b(?:remains?|continues?|unchanged|unaffected|stays?)\b", re.IGNORECASE)
_CEASES = re.compile(
    r"\bno\s+longer\s+appl(?:y|ies)\b|\bshall\s+(?:no\s+longer|not\s+(?:any\s+)?(?:longer|further)|cease\s+to)\s+(?:apply|be\s+(?:applicable|of|in)|have)\b"
    r"|\b(?:of|have|has)\s+no\s+(?:further\s+)?(?:force|effect)\b|\bnull\s+and\s+void\b"
    r"|\bshall\s+not\s+apply\b",
    re.IGNORECASE,
)
_SHALL_READ = re.compile(
    r"\b(?:shall|will|is\s+to|are\s+to|should)\s+(?:now\s+|henceforth\s+|hereafter\s+)?(?:read|say)\b", re.IGNORECASE
)
_SHALL_BE = re.compile(  # "The price in clause 3 shall be £91.50"
    rf"(?:\b(?:in|of|under)\s+(?:the\s+)?|\A\W*(?:\d[\d.]*\W+)?)(?:clause|section|paragraph|article|schedule|exhibit)s?\s+[\dA-Z]{_IN}{{0,80}}?"
    r"\b(?:(?:shall|will)\s+(?:now\s+|henceforth\s+)?(?:be|mean|include|become)|becomes|is\s+now)\b(?!\s+(?:subject|governed|in\s+addition|deemed|effective|binding|construed|interpreted))",
    re.IGNORECASE,
)
_READ_AS = re.compile(
    rf"\breferences?\b{_IN}{{1,240}}?\b(?:shall|is|are|will|should)\s+(?:hereby\s+|henceforth\s+)?(?:to\s+)?(?:be\s+)?"
    r"(?:hereby\s+|henceforth\s+)?(?:read|construed|deemed|understood|replaced|changed|amended|refer|mean)\b",
    re.IGNORECASE,
)
_DATE = r"(?:(?:initial|renewal|current)\s+)?(?:term|(?:termination|expir(?:y|ation)|maturity|end)\s+date)"
_EXTENDED = re.compile(
    rf"\b(?P<what>{_DATE})\b{_IN}{{0,120}}?\b(?:is|are|shall\s+be|will\s+be|be)\s+(?:hereby\s+|further\s+)*extended\b"
    rf"|\b(?:hereby|agree[sd]?\s+to)\s+(?:further\s+)?extend(?:s|ed)?\s+the\s+(?P<object>{_DATE})\b",
    re.IGNORECASE,
)
_BY = re.compile(  # where an operation of several begins: "is amended by deleting … and by replacing …"
    r"(?:\bby\s*:?\s*|[,;:]\s*(?:and\s+)?(?:by\s+)?|\band\s+(?:by\s+)?|\([a-z0-9]{1,4}\)\s*(?:by\s+)?|\A\W*)"
    r"(?P<verb>deleting|replacing|inserting|adding|substituting|restating|amending|changing|removing|striking"
    r"|modifying|revising|extending|omitting)\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(  # and where it does not: "deleting X and replacing it with Y" is one
    r"\s+(?:out\s+)?(?:it\b|them\b|the\s+same\b|such\b|in\s+(?:its|their|lieu|place|substitution|the\s+place)\b"
    r"|therefor|with\b|(?:the\s+)?following\b|(?:the\s+)?(?:(?!and\b)[a-z]+\s+){0,3}[“\"‘'][^“”\"]{1,300}"
    r"[”\"’']\s*(?:in\s+(?:its|their|lieu|place)|therefor|instead|thereof))",
    re.IGNORECASE,
)
_RESTATES = re.compile(
    r"\b(?:the|said|that|this|existing|original)\s+(?:\w+\s+){0,4}?(?:Agreement|Lease|Contract|Deed|Note|Plan|Licen[cs]e)\b"
    r"(?:\s*\([^()]{0,80}\))?[^.;:]{0,60}?\b(?:is|are|shall\s+be|be)\s+(?:hereby\s+)?amended\s+and\s+restated\b"
    r"|\b(?:agree[sd]?|hereby)\s+(?:to\s+)?amend(?:s|ed)?\s+and\s+restate[sd]?\s+the\b",
    re.IGNORECASE,
)
_NO_INSTRUCTION = re.compile(
    r"\W*(?:\d[\d.]*\W+|\([a-z]+\)\s*)?(?:[\w ]{0,40}[.:]\s+)?(?:except|save|other\s+than|whereas|unless|if|nothing)\b",
    re.IGNORECASE,
)
_ADJUNCT = re.compile(  # "Subject to the terms of this Amendment, the Territory listed in Section 2 is …"
    r"\W*(?:\d[\d.]*\W+|\([a-z]+\)\s*)?(?:[^.:;]{1,80}:\s+)?(?:(?:consistent\s+with|pursuant\s+to|subject\s+to"
    r"|in\s+accordance\s+with|notwithstanding|effective|as\s+of|as\s+from|with\s+effect|for\s+the\s+avoidance|on\s+and"
    r"|from|for\s+purposes)\b[^,;:]{0,160},\s*(?:\d{4},\s*)?){1,2}",
    re.IGNORECASE,
)
_NAMED_MARK = re.compile(r"\s*(?:Section|Clause|Article|Paragraph)\s", re.IGNORECASE)
_DELETES = re.compile(
    r"\b(?:delet|remov|omit|str[iu]ck|strik|repeal|cancel|eliminat|rescind|revok)\w*|\bno\s+(?:longer|further)\b|\bcease\s+to\b|\bnull\s+and\s+void\b",
    re.IGNORECASE,
)
_REPLACES = re.compile(
    r"\b(?P<sure>replac|substitut)\w*|\brestat\w*|\bin\s+(?:lieu|place|(?:its|their)\s+(?:place|stead))\b"
    r"|\b(?:to|shall|will)\s+(?:now\s+)?read\b|\bread\s+as\s+follows|\bas\s+follows\b|\bsupersed\w+",
    re.IGNORECASE,
)
_ADDS = re.compile(r"\b(?:add(?:ed|ing|s)?|insert\w*|supplement\w*|to\s+include)\b", re.IGNORECASE)
_EXTENDS = re.compile(r"\bextend\w*", re.IGNORECASE)

_ITEM = r"(?:\([a-z]{1,4}\)|\d{1,2}(?:\.\d{1,2}){1,3})\s"
_LINE_MARK = re.compile(
    r"\n(?=[^\S\n]{0,40}(?:\d{1,2}(?:\.\d{1,2})?[.)]|\([a-z]{1,4}\))\s+[A-Z“\"])"
    r"|(?<=:)\s{0,6}\n(?=\s{0,6}[A-Z])"
    rf"|(?<=[:;])\s?\n(?=[^\S\n]{{0,40}}{_ITEM})|(?<=; and)\s?\n(?=[^\S\n]{{0,40}}{_ITEM})"
)
_NEXT_ITEM = re.compile(r";\s{0,4}(?:and\s+)?(?=\([a-z0-9]{1,4}\)\s|\n)")
_ALONE = re.compile(  # "4.", "2. The text of Section 2."
    r"\W*(?:\d{1,3}(?:\.\d{1,3})*|\w{1,4})\W*|[^“”\"]*\b(?:Section|Clause|Article|Paragraph)s?\s+\d{1,3}\.\s*"
)
_OPEN = re.compile(
    r"(?:\b(?:Sections?|Clauses?|Articles?|Paragraphs?|Exhibit|Schedule|of|in|to|and|or|the|by|is|are|hereby|with|No\.)|,)"
    r"\s*\Z"
)
_LIST_GOES_ON = re.compile(r";\s*(?:and|or)\s*\Z")
_LISTED = re.compile(r"\s*(?:\(?[aAi1]\)|\d{1,2}(?:\.\d{1,2}){1,3}\s|[•·–-]|by\s|delet|insert)", re.IGNORECASE)


# Each action as it is said: what was done to the clause "by" the amendment, and what the amendment does to it.
ACTIONS: Mapping[str, tuple[str, str]] = {
    "deleted": ("deleted", "deletes"),
    "replaced": ("replaced", "replaces"),
    "added": ("added to", "adds to"),
    "words_exchanged": ("changed", "changes"),
    "extended": ("extended", "extends"),
    "amended": ("amended", "amends"),
    "restated": ("restated", "restates"),
}


@dataclass(frozen=True, slots=True)
class Amendment:
    """An instruction that changes an agreement.

    `action` is one of `ACTIONS`. `span` is the instruction with its new words, `lead` the instruction without them.
    `old` are the words that it takes out, where it quotes them, and `new` those that it puts in.
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
        reader = _Reader(document, flowing_text(document), instrument, _units(document, instrument))
        own = [] if instrument.restates else list(islice(reader.amendments(), _MOST_INSTRUCTIONS))
        found += own or [_of_the_whole(instrument)]
    return tuple(found[:_MOST_INSTRUCTIONS])


def _of_the_whole(instrument: Instrument) -> Amendment:
    """An instrument that restates its agreement; or that amends it in ways which are not understood."""
    action = "restated" if instrument.restates else "amended"
    return Amendment(action, (WHOLE,), instrument.heading, instrument.heading, None, None, instrument.of)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the units of an instrument, one after the other."""

    document: Document
    text: str
    instrument: Instrument
    units: Sequence[Range]

    def amendments(self) -> Iterator[Amendment]:
        done = 0
        context: tuple[Target, ...] = ()  # of a list: "Section 4 is amended as follows: (a) …"
        for i, (start, _) in enumerate(self.units):
            if start < done:  # within the new words of an instruction
                continue
            found, context = self._unit(i, context)
            for amendment in found:
                done = max(done, amendment.span.end)
                yield amendment

    def _unit(self, i: int, context: tuple[Target, ...]) -> tuple[list[Amendment], tuple[Target, ...]]:
        """The amendments of a unit, and what the list that it belongs to or leads in has in common."""
        start, end = self.units[i][0], min(self.units[i][1], self.units[i][0] + _LONGEST_INSTRUCTION)
        words = self.text[start:end]
        mark = MARK.match(words)
        if mark and mark["mark"][0] != "(":
            context = ()
        if _NO_INSTRUCTION.match(words):
            return [], context
        restates = _RESTATES.search(words)
        if restates and not named_targets(words, 0, restates.end()):
            span = self.document.span(start, end)
            return [Amendment("restated", (WHOLE,), span, span, None, None, self.instrument.of)], ()
        body = words[mark.end() if mark else 0 :].lstrip()
        if not _instructs(words, body, in_list=bool(context)):
            return [], context
        new = new_words(self.text, self.units, i, end)
        lead = (start, new[0] if new else end)
        if (new is None and words.rstrip().endswith(":")) or (new and self._is_list(i, new[0])):
            return [], targets_of(self.text, *lead) or context
        return list(self._operations(lead, new, context)), context

    def _is_list(self, i: int, begin: int) -> bool:
        """Whether what follows a colon is a list of instructions, and no new words."""
        at = bisect_right(self.units, begin, key=lambda unit: unit[0]) - 1
        words = self.text[max(self.units[at][0], begin) : min(self.units[at][1], begin + 600)]
        mark = MARK.match(words)
        body = words[mark.end() if mark else 0 :].lstrip()
        gerund = _BY.match(f"by {body.removeprefix('by ')}")
        return (
            i + 1 < len(self.units)
            and bool(_LISTED.match(words))
            and bool(_PASSIVE.search(words) or _IMPERATIVE.match(body) or gerund)
        )

    def _operations(self, lead: Range, new: Range | None, context: tuple[Target, ...]) -> Iterator[Amendment]:
        """The amendments of one instruction: "by deleting X and by replacing Y with Z" are two."""
        pieces = list(pairwise(_borders(self.text, *lead)))
        subject: tuple[Target, ...] = ()
        if len(pieces) > 1:
            subject, pieces = targets_of(self.text, *pieces[0]), pieces[1:]
        whole = self.document.span(lead[0], new[1] if new else lead[1])
        for a, b in pieces:
            common = subject or context
            targets = self._owned(below(common, targets_of(self.text, a, b)) or common)
            piece = (lead[0] if len(pieces) == 1 else a, b)
            if amendment := self._operation(piece, targets, new if b == lead[1] else None):
                yield replace(amendment, span=whole)

    def _operation(self, piece: Range, targets: tuple[Target, ...], new: Range | None) -> Amendment | None:
        words = self.text[slice(*piece)]
        runs_on = new is not None and not words.rstrip().endswith(":")  # "replaced with “sixty (60) days”"
        quoted = runs_on and new is not None and new[1] - new[0] <= LONGEST_WORDS and self.text[new[0]] in "“\"‘'"
        old, put = exchanged_words(self.text[piece[0] : new[1]] if quoted and new else words)
        extended = _EXTENDED.search(words)
        if extended and not (old and put):
            targets += (Target(term=" ".join((extended["what"] or extended["object"]).split())),)
        if not targets and not (old and put):
            return None
        action = "words_exchanged" if old else _action(words, targets, has_new=bool(new or put))
        inserted = (piece[0] + put[0], piece[0] + put[1]) if put else new
        return Amendment(
            action,
            targets or (WHOLE,),
            span=self.document.span(*piece),
            lead=self.document.span(*piece),
            old=self.document.span(piece[0] + old[0], piece[0] + old[1]) if old else None,
            new=self.document.span(*inserted) if inserted else None,
            of=self._of(words),
        )

    def _owned(self, targets: tuple[Target, ...]) -> tuple[Target, ...]:
        """Targets that are told to be of the agreement as its own, those of the instrument itself left out."""
        of = self.instrument.of
        itself = [t for t in targets if t.of and (n := number_of(t.of)) and n == of.number]
        return tuple(
            replace(t, of="") if t.of and self.instrument.owns(t.of) else t for t in targets if t not in itself
        )

    def _of(self, words: str) -> AmendedAgreement:
        """The agreement that an instruction is on, where its instrument amends several."""
        named = [each for each in (self.instrument.of, *self.instrument.others) if each.title]
        lead = " ".join(words.lower().split())
        return next((each for each in named if each.title.lower() in lead), self.instrument.of)


def _units(document: Document, instrument: Instrument) -> list[Range]:
    """The sentences of an instrument, none across the beginning of a clause or of a line that has a number."""
    text, start, end = flowing_text(document), instrument.span.start, instrument.span.end
    clauses = outline(document)
    first = bisect_left(clauses, start, key=lambda c: c.span.start)
    last = bisect_left(clauses, end, key=lambda c: c.span.start)
    marks = [m.end() for m in _LINE_MARK.finditer(text, start, end)]
    units: list[Range] = []
    for a, b in pairwise(sorted({start, end, *marks, *(c.span.start for c in clauses[first:last])})):
        for x, y in split_sentences(text, a, b):
            pieces = [x, *(m.end() for m in _NEXT_ITEM.finditer(text, x, y)), y]
            units += [(p, q) for p, q in pairwise(pieces) if text[p:q].strip()]
    joined: list[Range] = []
    for p, q in units:
        if joined and q - joined[-1][0] <= _LONGEST_INSTRUCTION and _stops(text, *joined[-1]):
            joined[-1] = (joined[-1][0], q)
        else:
            joined.append((p, q))
    return joined


def _stops(text: str, start: int, end: int) -> bool:
    """Whether a unit is a number alone, or ends in the middle of a sentence."""
    if _LIST_GOES_ON.search(text, max(start, end - 12), end):
        return False
    short = end - start < _SHORT
    return bool((short and _ALONE.fullmatch(text[start:end])) or _OPEN.search(text, max(start, end - 12), end))


def _instructs(words: str, rest: str, *, in_list: bool) -> bool:
    """Whether a unit tells how an agreement is changed; `rest` is what stands after its number."""
    sought = (_PASSIVE, _ACTIVE, _READ_AS, _SHALL_READ, _SHALL_BE, _CEASES, _EXTENDED)
    return bool(
        any(pattern.search(words) for pattern in sought)
        or _IMPERATIVE.match(rest)
        or _BY.match(rest)
        or (in_list and _BY.search(rest))
        or (_CAPTIONED.match(rest) and not _UNCHANGED.search(rest))
    )


def _borders(text: str, start: int, end: int) -> list[int]:
    """Where the operations of an instruction begin, after its subject; [start, end] where it is one."""
    words, cuts, deleting = text[start:end], list[int](), False
    for match in _BY.finditer(words):
        goes_on = deleting and _GOES_ON.match(words, match.end())
        if not goes_on and not in_quotes(words, match.start("verb")):
            cuts.append(start + match.start("verb"))
            deleting = bool(_DELETES.match(match["verb"]))
    if cuts:
        return [start, *cuts, end]
    passive = [m for m in _PASSIVE.finditer(words) if not in_quotes(words, m.start())]
    for before, match in pairwise(passive):
        if places := list(named_places(words, before.end(), match.start())):
            cuts.append(start + places[0][2])
    return [start, start, *cuts, end] if cuts else [start, end]


def _is_place(words: str, mark: re.Match[str]) -> bool:
    """Whether the mark of a unit is what it amends ("Section 4.2 is …"), not its own ("Section 1. Section 4.2 …")."""
    if not _NAMED_MARK.match(words):
        return False
    rest = words[mark.end() :].lstrip()
    headed = mark["mark"].endswith(".") or rest[:1].isupper()
    return not (headed and any(named_places(rest, 0, len(rest))))


def _action(words: str, targets: Sequence[Target], *, has_new: bool) -> str:
    deletes, replaces, adds = _DELETES.search(words), _REPLACES.search(words), _ADDS.search(words)
    if adds and not deletes and targets and all(t.new for t in targets):
        return "added"
    in_part = bool(targets) and all(t.part for t in targets)  # its first sentence is deleted: the clause is amended
    if replaces and (has_new or deletes or replaces["sure"]):
        return "amended" if in_part else "replaced"
    if deletes:
        return "amended" if in_part else "deleted"
    return "added" if adds else "extended" if _EXTENDS.search(words) else "amended"


def targets_of(text: str, start: int, end: int) -> tuple[Target, ...]:
    """What the words of an instruction name as changed: before its verb, else after it."""
    words = text[start:end]
    mark, adjunct = MARK.match(words), _ADJUNCT.match(words)
    begin = adjunct.end() if adjunct else mark.end() if mark and not _is_place(words, mark) else 0
    verbs = (
        pattern.search(words, begin) for pattern in (_PASSIVE, _READ_AS, _SHALL_READ, _SHALL_BE, _CEASES, _EXTENDED)
    )
    verb = next((found for found in verbs if found), None)
    if verb is None:
        return named_targets(words, begin, len(words))
    stretches = [(begin, verb.end()), (verb.end(), len(words)), (begin, len(words)), (0, begin)]
    if _EXTENDED.match(words, verb.start()):
        stretches = stretches[1:]
    for mentioned in (False, True):  # "after clause 12.2 there shall be inserted a new clause 12.3"
        for stretch in stretches:
            if found := named_targets(words[: stretch[1]], *stretch, mentioned=mentioned):
                put_in = stretch[1] == verb.end() and re.search(r"(?:added|inserted)\Z", verb[0], re.IGNORECASE)
                new = bool(put_in) and not mentioned  # "Section 4.15 set forth below is added"
                return tuple(replace(t, new=t.new or (new and bool(t.number))) for t in found)
    return ()
