"""Parties of a contract: names from its preamble, with the roles and short forms that are defined there.

A definition belongs to the name before it and never reaches across another definition: in `A ("Supplier"), and B
("Buyer")` the Supplier is A. So the preamble is taken apart at its definitions, and each part holds one name, or
several that share one definition.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from retrieval.core.documents import Document, Span
from retrieval.structure.openings import Opening, opening_text
from retrieval.structure.sentence_ends import split_sentences

_LONGEST_NAME = 140  # characters
_LONGEST_BRACKET = 400
_MOST_PARTIES = 200  # of one document: a cable consortium has ninety
_FULL_LINE = 45  # characters: a name goes on in the next line only where the line is full, or ends in a small word


@dataclass(frozen=True, slots=True)
class Party:
    """A party: its name, its role ("Supplier") and the other short forms that the document defines for it.

    `where` is the name; `span` the words that introduce it, from its name to its last definition.
    """

    name: str
    role: str
    short_forms: tuple[str, ...]
    where: Span
    span: Span


_SUFFIX = (
    r"(?:Inc(?:orporated)?|Corp(?:oration)?|Co|Company|L\.?\s?L\.?\s?C|L\.?\s?L\.?\s?P|L\.?\s?P|P\.?\s?L\.?\s?C|Ltd|Ltda|Limited|N\.?\s?A"
    r"|S\.?\s?A(?:\.?\s?R\.?\s?L)?|S\.?\s?p\.?\s?A|S\.?\s?A\.?\s?S|S\.?\s?r\.?\s?l|GmbH|A\.?G|B\.?\s?V|N\.?\s?V|A/S|AB|Oy|K\.?K|Pty|P\.?\s?C|P\.?\s?A"
    r"|Pte|Sdn\.?\s+Bhd|S\.?E|SP\.?\s*Z\.?\s*O\.?\s*[O0]|Jr|Sr|II|III|IV|M\.?D|Ph\.?D|Esq|DBA|FSB|F\.?S\.?B|S\.?A\.?\s?de\s+C\.?V|R\.?L\.?L\.?P)"
)
_ENDS_IN_SUFFIX = re.compile(rf"(?<![\w.]){_SUFFIX}\.{{0,2}}\Z", re.IGNORECASE)
_WORD = r"(?:[A-Z0-9ÁÉÍÓÚÑÄÖÜØÅ][\w&’'*/.\-\u00ad\u2010]*|[a-z]{1,2}[A-Z][\w’'-]*|&|\+|@[A-Z]\w*)"  # also mPhase, i2
_LINK = r"(?:of|the|for|de|del|la|le|y|e|du|da|do|dos|van|von|der|den|und|et|in|at|on|zu|to|voor|di|–|-|—)"
_IN_BRACKETS = r"\((?:[A-Z][\w .&-]{0,30})\)(?=,?\s+(?:[A-Z]|&))"
_NAME = re.compile(
    rf"(?:{_WORD})(?:\s*,\s*{_WORD}(?=(?:,\s+{_WORD}){{0,4}},?\s+&\s)|\s*,\s*(?=[A-Z])(?i:{_SUFFIX})\b\.?|\s+(?i:plc|llc|inc|ltd|limited|gmbh|d/b/a)\b\.?|\s*{_IN_BRACKETS}|\s+(?:(?:{_LINK}\s+){{1,3}}(?!\d))?{_WORD}|\s+and\s+(?=[A-Z]){_WORD})*+"
)
_SPLIT = re.compile(r"\s+(?:and|AND)\s+|\s+&\s+(?=[A-Z][\w]+\s+(?:Inc|Corp|LLC))")
_TERM = re.compile(
    r"(?<!\w)(?:[“”\"„‟″]|[‘’'`]{1,2})\s*(?P<term>[^“”\"„‟″‘()\n]{1,60}?(?:\n[^“”\"„‟″‘()\n]{1,60}?)?)[\s,.;]*(?:[”“\"″„]|[’'‘]{1,2}(?!\w))"
)
_BARE = re.compile(
    r"\(\s*(?!U\.?\s?[SK]\b|USA\b)(?:(?:here(?:in)?after|herein|each|collectively|together)?[\s,]*(?:(?:referred\s+to|called|known|designated)\s+(?:herein\s+)?(?:as\s+)?)?(?P<lead>the\s+)?)"
    r"(?P<term>[A-Z][\w’&./-]*(?:\s+[A-Z][\w’&./-]*){0,4})\s*\)"
)
_HEREINAFTER = re.compile(
    r"\b(?:here(?:in)?after|herein|(?:collectively\s+)?referred\s+to|called|known|designated|defined)\b[^“”\"„().;]{0,60}?(?=[“”\"„])",
    re.IGNORECASE,
)
_HEREINAFTER_BARE = re.compile(
    r"\b[Hh]ere(?:in)?after\s+(?:referred\s+to\s+as|called|known\s+as)\s+(?:the\s+)?(?P<term>[A-Z][\w’&.-]*(?:\s+[A-Z][\w’&-]*){0,3})"
)
_NO_ROLE = re.compile(
    r"(?:contracting\s+)?part(?:y|ies)|.*\b(?:agreement|amendment|date|contract|lease|deed|addendum|plan|note|territory|products?|services?"
    r"|effective|warrants?|shares|securities|property|premises|amendments|debentures|term|schedules?|commitments?|act|sec|code|project)|signator(?:y|ies)"
    r"|you|your|we|us|our|i|me",
    re.IGNORECASE,
)
# What may stand before the name of the next party.
_JOINED = re.compile(
    r"(?:\s+|[,;.:)\]”\"]+|[–—-]+(?=\s)|(?:and/or|and|And|AND|&|on\s+the\s+(?:one|other|first|second)\s+(?:hand|part)"
    r"|of\s+the\s+(?:one|other|first|second|third)\s+part|as\s+well\s+as|together\s+with|(?:by\s+and\s+)?(?:between|among(?:st)?|BETWEEN|AMONG)"
    r"|the|also|in\s+favou?r\s+of|M(?:r|s|rs)\.?|Dr\.?|Messrs\.?|(?:PARTY|Party|Party\s+of\s+the)\s+(?:[A-D]|\d)\s*[:：])(?=[\s,:;(“\"]|\Z)"
    r"|\((?:\d{1,2}|[a-z]{1,3})\)|\d{1,2}[.)]\s)*+"
)
_LINK_TO_NAME = re.compile(
    r"(?P<number>\(\d{1,2}\)|^\s*\d{1,2}[.)]\s)|(?P<and>\b(?:and|And|AND)\b|&|;|\bhand,|\bpart,|\b[Ii]n\s+favou?r\s+of\b)|(?P<comma>,|(?<=[,;:.)])\n|\bto\b)",
    re.MULTILINE,
)
_SORT = (
    r"(?:corporation|company|partnership|individual|association|bank|trust|entity|body|municipal\w*|person|firm|proprietorship"
    r"|cooperative|organi[sz]ation|institution|university|city|town|county|state|agency|resident|citizen|venture|fund|corp|LLC|division"
    r"|subsidiary|affiliate|foundation|society|institute|hospital|center|limited|nonprofit|charity)"
)
_DESCRIBED = re.compile(  # what tells a name that is followed by it as a party
    rf"\s*,?\s*(?:(?:an?|the)\s+(?:[\w.&’'/-]+\s+){{0,12}}?{_SORT}\b|having\s+(?:its|an?|his|her|their)\b|with\s+(?:its|an?|offices?|principal|his|her"
    r"|registered|address|place)\b|whose\b|organi[sz]ed\b|incorporated\b|duly\b|located\b|residing\b|individually\b|registered\b|existing\b|acting\b"
    r"|on\s+(?:its|his|her|their)\s+own\s+behalf|on\s+behalf\s+of|(?:a/k/a|d/b/a|f/k/a|formerly)\b"
    r"|\([\w\s.:]{0,40}(?:No|number|Reg)\b[\w\s.:/-]{0,40}\)|of\s+(?:\[|\d))",
    re.IGNORECASE,
)
_NEVER = re.compile(
    r"(?:This|These|Whereas|Recitals?|Background|Agreement|Contract|Parties|Party|Each|Both|Collectively|Section|Article|Exhibit|Schedule|Witnesseth|Now|In|It|On|As|By|For|If|Effective|Dated?|January|February"
    r"|March|April|May|June|July|August|September|October|November|December|Delaware|State|Reference|Capitali[sz]ed|Certain|Confidential|Table|Page|Whose|Its|And|Or|Attention|Attn|Address|Tel|Fax|Dear|Re|Source|Portions|Undersigned|Such|An?|Term|Definitions?|Introduction|Execution|Version|Copy|Securities|Common|Stock|Company|Amended|Restated|Wales|Terms?|Amendment|Addendum|Lease|Deed)\b",
    re.IGNORECASE,
)


_AMENDED = re.compile(  # "and amends the Lease dated … between X and Y": these are parties of another document
    r"(?:,\s*)?\b(?:and\s+|which\s+|to\s+)?(?:hereby\s+)?(?:amend|var(?:y|ie)|supplement|restate|modif(?:y|ie))(?:s|ing)?\s+"
    r"(?:(?:the|that|a|an|certain|their|its)\s+){1,3}(?=[A-Z“\"])"
)


def find_parties(document: Document, opening: Opening) -> tuple[Party, ...]:
    """The parties that the preamble names, in order; without a preamble those that the first lines define."""
    text = opening_text(document)
    if opening.preamble is not None:
        amended = _AMENDED.search(text, opening.names_at, opening.preamble.end)
        end = amended.start() if amended else opening.preamble.end
        found = _once([*_named(document, text, opening.names_at, end)])
        if any(party.role or party.short_forms or " " in party.name for party in found):
            return found
    return _once([*_defined(document, text)])


def _once(found: list[Party]) -> tuple[Party, ...]:
    """Each name once, with all of its definitions."""
    merged: dict[str, Party] = {}
    for party in found[:_MOST_PARTIES]:
        key = flat(party.name)
        known = merged.get(key)
        if known is None:
            merged[key] = party
        else:
            forms = [f for f in (party.role, *party.short_forms) if f and f not in (known.role, *known.short_forms)]
            merged[key] = replace(known, role=known.role or party.role, short_forms=(*known.short_forms, *forms))
    return tuple(merged.values())


def flat(name: str) -> str:
    """A name as its letters and digits alone, which are the same however it is written."""
    return re.sub(r"[\W_]+", "", name).lower()


# Definitions


@dataclass(frozen=True, slots=True)
class _Definition:
    """Terms that stand in one bracket, or after "hereinafter": [start, end) of it in the text."""

    terms: tuple[str, ...]
    start: int
    end: int


def _definitions(text: str, start: int, end: int) -> list[_Definition]:
    """The definitions of a stretch in order, those that give no role left out of their terms."""
    found: list[_Definition] = []
    for opens, closes in _brackets(text, start, end):
        inside = text[opens:closes]
        terms = [_clean(m["term"]) for m in _TERM.finditer(inside)]
        bare = None if terms else _BARE.fullmatch(inside)
        if bare and text[opens - 1 : opens].isspace() and (bare["lead"] or not _goes_on(text, closes)):
            terms = [_clean(bare["term"])]
        if terms:
            found.append(_Definition(tuple(t for t in terms if not _NO_ROLE.fullmatch(t)), opens, closes))
    for match in _HEREINAFTER.finditer(text, start, end):
        term = _TERM.match(text, match.end(), end)
        if term and not any(d.start <= match.start() < d.end for d in found):
            terms = [_clean(term["term"])]
            while more := re.compile(r"\s*(?:or|and|,)\s*(?:the\s+)?(?=[“”\"„])").match(text, term.end(), end):
                following = _TERM.match(text, more.end(), end)
                if not following:
                    break
                term = following
                terms.append(_clean(term["term"]))
            found.append(_Definition(tuple(t for t in terms if not _NO_ROLE.fullmatch(t)), match.start(), term.end()))
    for match in _HEREINAFTER_BARE.finditer(text, start, end):
        if not any(d.start <= match.start() < d.end for d in found):
            terms = [_clean(match["term"])]
            found.append(_Definition(tuple(t for t in terms if not _NO_ROLE.fullmatch(t)), match.start(), match.end()))
    return sorted(found, key=lambda definition: definition.start)


def _brackets(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """[start, end) of the outermost brackets of a stretch."""
    depth, opened = 0, 0
    for match in re.compile(r"[()（）\[\]]").finditer(text, start, end):
        if match[0] in "(（[":
            depth += 1
            opened = opened if depth > 1 else match.start()
        elif depth:
            depth -= 1
            if not depth and match.end() - opened <= _LONGEST_BRACKET:
                yield opened, match.end()
        if depth and match.end() - opened > _LONGEST_BRACKET:
            depth = 0


def _goes_on(text: str, at: int) -> bool:
    """Whether a name goes on after a bracket: "Fonterra (USA) Inc."."""
    return bool(re.compile(rf",?\s+(?:{_SUFFIX}\b|[A-Z][a-z]+\s+{_SUFFIX}\b)").match(text, at))


def _clean(raw: str) -> str:
    words = " ".join(raw.replace("\u2010", "-").split()).strip(" ,.;:“”\"'‘’")
    return re.sub(r"^(?:the|an?)\s+(?=\S)", "", words, flags=re.IGNORECASE)


# Names


def _named(document: Document, text: str, start: int, end: int) -> Iterator[Party]:
    """Parties of a preamble from where their names begin: part for part, each up to its definition."""
    at, named = start, False
    for definition in _definitions(text, start, end):
        names = list(_names(text, at, definition.start, first=not named, last=False))
        shared = len(names) > 1 and bool(_SHARED.search(text, definition.start, definition.end))
        for index, name in enumerate(names):
            own = shared or index == len(names) - 1
            yield _party(document, text, name, definition.terms if own else (), definition.end if own else name[1])
        named, at = named or bool(names), definition.end
        if named and _SENTENCE_ENDS.match(text, at):
            return
    found = split_sentences(text, at, end)
    for name in _names(text, at, found[0][1] if found else end, first=not named, last=True):
        yield _party(document, text, name, (), name[1])


# The sentence ends, and with it the list of parties.
_SENTENCE_ENDS = re.compile(r"[”\"]?\s*\.\s+(?!(?:and|AND)\b)(?!\(?\d)")
# One definition of several names.
_SHARED = re.compile(r"\b(?:collectively|together|each|individually|jointly|both|all)\b|\w[sS]\s*[”\"]", re.IGNORECASE)


def _names(text: str, start: int, stop: int, *, first: bool, last: bool) -> Iterator[tuple[int, int]]:
    """[start, end) of the names in the words before a definition.

    `first`: no party was named before, so that the first words are one; `last`: no definition follows.
    """
    at, found = start, False
    if first:
        joined = _JOINED.match(text, start, stop)
        name = _name_at(text, joined.end() if joined else start, stop)
        if name:
            yield from (pieces := _split(text, *name))
            at, found = pieces[-1][1], True
    for link in _LINK_TO_NAME.finditer(text, start, stop):
        if link.start() < at:
            continue
        joined = _JOINED.match(text, link.start(), stop)
        begin = joined.end() if joined and joined.end() > link.start() else link.end()
        name = _name_at(text, begin, stop)
        if name and _is_party(
            text,
            name,
            link,
            direct=not text[start : link.start()].strip(" ,\n"),
            at=None if last else stop,
            found=found,
        ):
            yield from (pieces := _split(text, *name))
            at, found = pieces[-1][1], True


def _is_party(
    text: str, name: tuple[int, int], link: re.Match[str], *, direct: bool, at: int | None, found: bool
) -> bool:
    """Whether the name that a link leads to is a party: by what it is called, how it is described, and what follows.

    `direct`: the link stands right after a definition; `at`: where the definition that follows begins; `found`: a name
    before has it already.
    """
    words = text[slice(*name)]
    if len(words) < 3 or _ADDRESS.search(words):
        return False
    company = bool(_ENDS_IN_SUFFIX.search(words)) and len(words.split()) > 1
    described = bool(_DESCRIBED.match(text, name[1]))
    defined = at is not None and not text[name[1] : at].strip(" ,\n") and not found
    if link["number"] and not found:
        return True
    if link["and"] or link["number"]:
        return company or described or defined or (direct and at is not None and not found)
    return (company and (described or defined or direct)) or (direct and defined)


# A state with its postal code, a suite.
_ADDRESS = re.compile(
    r"\b\d{4,}\b|\A[A-Z]{2}\s+\d{3}|\b(?:Suite|Street|Avenue|Road|Floor|Drive|Boulevard|Building)\b|\A(?:United\s+States|Republic)\b"
)


def _name_at(text: str, at: int, stop: int) -> tuple[int, int] | None:
    """The name that begins at an offset; a blank to be filled in is one too."""
    blank = _BLANK.match(text, at, stop)
    if blank:
        return blank.span()
    match = _NAME.match(text, at, min(stop, at + _LONGEST_NAME + 60))
    if (
        match is None
        or match[0] in ("The", "THE")
        or (
            _NEVER.fullmatch(text[at : match.end()].split()[0].rstrip(",.:;"))
            and not re.match(
                r"(?:The|In|May|March|State|Delaware|June|August|Company|Common|On|By)\s+[A-Z]", text[at : match.end()]
            )
        )
    ):
        return None
    stops = _STOPS.search(text, at, match.end()) or _SEAT.search(text, at, match.end())
    end = _line_cut(text, at, stops.end() if stops else match.end())
    words = text[at:end]
    while re.search(r"(?:\s+(?:and|AND|&|of|the|for)|[,\s])\Z", words):
        words = re.sub(r"(?:\s+(?:and|AND|&|of|the|for)|[,\s]+)\Z", "", words)
    if _WHOLE_WORD.search(words) or not (_ENDS_IN_SUFFIX.search(words) or re.search(r"\b[A-Z]\.\Z", words)):
        words = words.rstrip(".")
    letters = sum(c.isalpha() for c in words)
    return (at, at + len(words)) if letters >= 2 and len(words) <= _LONGEST_NAME else None


_SEAT = re.compile(r"\b(?:Limited|LIMITED|Ltd\.?|LLP|plc|PLC|GmbH|AG)(?=\s+of\s)")  # "Acme Limited of Boston House"
# What is no abbreviation: a full stop after it ends the sentence.
_WHOLE_WORD = re.compile(r"\b(?:LLC|LLP|LP|PLC|plc|GmbH|AG|Limited|Company|Corporation|Incorporated)\.\Z")
_BLANK = re.compile(r"[\[\s]{0,5}[_●•]{2,200}[\]*]?|\[[^\]\n]{0,40}\]")  # to be filled in
# A full stop that ends a sentence, and no abbreviation.
_STOPS = re.compile(
    rf"(?<![\w.])(?!(?i:{_SUFFIX})\.|Bros\.|Messrs\.|Assoc\.|Univ\.)[\w’'-]{{4,}}\.(?=\s)|\b{_SUFFIX}\.(?=\s+\d)"
)


def _line_cut(text: str, at: int, end: int) -> int:
    """Where a name ends that seems to run on into another line: an address stands below a name on a line of its own."""
    breaks = [m.start() for m in re.finditer(r"\n", text[at:end])]
    for offset in breaks:
        line_start = text.rfind("\n", 0, at + offset) + 1
        line = text[line_start : at + offset].strip()
        below = text[at + offset : end].lstrip()
        runs_on = re.search(r"(?:\b(?:and|of|the|for)|[,&])\Z", line) or re.match(
            rf"(?:{_SUFFIX})\b", below, re.IGNORECASE
        )
        if len(line) < _FULL_LINE and not runs_on:
            return at + offset
    return end


def _split(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The names of "A Inc. and B Inc.": "and" parts two where the first ends as a company, or both look like people."""
    for match in _SPLIT.finditer(text, start, end):
        left, right = text[start : match.start()], text[match.end() : end]
        if _ENDS_IN_SUFFIX.search(left) or (
            _ENDS_IN_SUFFIX.search(right) is None and _is_person(left) and _is_person(right)
        ):
            return [(start, match.start()), *_split(text, match.end(), end)]
    return [(start, end)]


def _is_person(words: str) -> bool:
    return bool(re.fullmatch(r"(?:[A-Z][\w’'-]+|[A-Z]\.)(?:\s+(?:[A-Z][\w’'-]+|[A-Z]\.)){1,3}", words))


def _party(document: Document, text: str, at: tuple[int, int], terms: tuple[str, ...], until: int) -> Party:
    start, end = at
    name = " ".join(text[start:end].replace("\u2010", "-").split())
    if not re.search(r"[^\W\d_]", name):  # a blank: the role is all that is known
        name = terms[0] if terms else "______"
    roles = [term for term in terms if not _is_short_form(term, name)]
    role = roles[0] if roles else ""
    forms = tuple(dict.fromkeys(term for term in terms if term != role))
    return Party(name, role, forms, document.span(start, end), document.span(start, max(until, end)))


def _is_short_form(term: str, name: str) -> bool:
    """Whether a term is made of its name: one of its words, or its first letters."""
    words = re.findall(r"[^\W_]+", name.lower())
    own = re.findall(r"[^\W_]+", term.lower())
    letters = "".join(word[0] for word in words)
    flat = "".join(own)
    return bool(own) and (
        all(word in words for word in own)
        or flat in "".join(words)
        or (len(flat) <= 6 and (flat in letters or (_in_order(flat, "".join(words)) and term.isupper())))
    )


def _in_order(letters: str, word: str) -> bool:
    """Whether letters stand in a word in their order, the first of them first."""
    rest = iter(word)
    return word[:1] == letters[:1] and all(letter in rest for letter in letters)


# Without a preamble


_ROLE_LINE = re.compile(
    r"^\s*(?:The\s+|THE\s+)?(?P<role>(?:Party|PARTY)\s+[A-Z]\b|[A-Za-z]+(?:[oe]r|OR|ER|ee|EE|ant|ANT|ent|ENT|any|ANY|lord|LORD)(?:/[\w-]+)?)\s*[:：]\s*(?P<name>[^\n:]{3,100}?)\s*$",
    re.MULTILINE,
)


def _defined(document: Document, text: str) -> Iterator[Party]:
    """Parties where no sentence introduces them: companies that the first lines define, or lines "Buyer: Acme Inc."."""
    for match in _ROLE_LINE.finditer(text, 0, 4_000):
        if re.search(r"[A-Z]\w+\s+\w|[_]{3}", match["name"]):
            yield _party(document, text, match.span("name"), (match["role"].title(),), match.end("name"))
    at = 0
    for definition in _definitions(text, 0, _FIRST_WORDS):
        if definition.terms and (name := _company_before(text, at, definition.start)):
            yield _party(document, text, name, definition.terms, definition.end)
        at = definition.end


def _company_before(text: str, start: int, stop: int) -> tuple[int, int] | None:
    """The company that stands right before a definition, or is described between it and the definition."""
    at, found = max(start, stop - 300), None
    while begins := _NAME_BEGINS.search(text, at, stop):
        name = _name_at(text, begins.start(), stop)
        at = name[1] if name else begins.end()
        if name and _ENDS_IN_SUFFIX.search(text[slice(*name)]) and len(text[slice(*name)].split()) > 1:
            alone = not text[name[1] : stop].strip(" ,\n")
            found = name if alone or _DESCRIBED.match(text, name[1]) else found
    return found


_FIRST_WORDS = 6_000  # characters in which a company may be defined that no sentence introduces
_NAME_BEGINS = re.compile(r"(?<![\w’'.-])[A-Z][\w.’'-]*")
