"""Finds the places of one document that answer a question of a kind: its clause, its parties, its signatures.

They come from the outline, from the definitions and from the facts that are found when a document is read. A finder
gives nothing where the document has not what it needs.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from itertools import islice

from retrieval.core.documents import Document, Page, Span
from retrieval.search.lexical import OPENING, stems_of
from retrieval.structure.amendments import find_amendments
from retrieval.structure.clauses import Clause, outline
from retrieval.structure.cross_references import find_references
from retrieval.structure.definitions import Definition, find_definitions
from retrieval.structure.facts import Facts
from retrieval.structure.parties import Party
from retrieval.structure.place_names import NotThere, PlaceName, find_named, named_places, not_there
from retrieval.structure.printed_places import find_printed, not_printed, pages_of, printed_places
from retrieval.structure.sentences import sentences

_JUDGES = ("judge", "magistrate", "justice")
_LINES_OF_TITLE = 3  # below a signature, in which the title of who signed stands
_LONGEST_OPENING = 1_500  # characters of a document that are shown as its opening where no preamble was found
_LAST_WORDS = 20_000  # characters at the end of a document in which a letter is closed
_LONGEST_CLOSING = 300  # characters from "Sincerely" to the last line of who signs
_CLOSING = re.compile(
    r"^[ \t]*(?:Sincerely|Respectfully|(?:(?:kind|best|with)[ \t]+)*regards"
    r"|Yours[ \t](?:very[ \t])?(?:truly|sincerely|faithfully)|(?:Very[ \t])?truly[ \t]yours)\b",
    re.MULTILINE | re.IGNORECASE,
)
_NOTICE = re.compile(r"\bnotices?\b|\bcommunications\b", re.IGNORECASE)
_ADDRESS = re.compile(
    r"\b\d{5}\b|\battn\b|\battention:|@\w|\b\d{1,6} [\w. ]{1,30}\b(?:street|avenue|road|drive|lane|boulevard|suite)\b",
    re.IGNORECASE,
)
_MOST_PAGES = 4  # of one number
_MOST_HEADED = 4  # clauses of one topic
_FORM = 4  # letters that forms of one word have in common at the least, and by which they differ at the most
_NO_TOPIC = frozenset(
    stems_of(
        "clause provision section article paragraph term rule language agreement contract document main general key"
    )
)
_SAME_HEADS = tuple(
    set(stems_of(pair)) for pair in ("term duration", "price fee", "price charge", "pay salary", "pay remuneration")
)
_MOST_DEFINITIONS = 3  # of one term
_CLOSE = 0.88  # of the letters of a term, in their order: "Interveining Event"
_DAY = re.compile(  # a day on which something was done
    r"\b(?:made|dated?|entered|effective|executed?|this)\b[^.;]{0,60}?(?:\b\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}\b"
    r"|\b(?:jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]*\b[\s\S]{0,30}?\d{4}\b)",
    re.IGNORECASE,
)
_OF_A_COURT = re.compile(
    r"\bCOURT\b[\s\S]*\b(?:Case|Docket|Civil|Index|Cause|Plaintiffs?|Petitioners?)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Place:
    """A span that answers a question, and what it is: "Section 4.2", "parties", "signatures".

    It is a `guess` where nothing was found and the opening of the document is the likeliest.
    """

    span: Span
    what: str
    guess: bool = False


@dataclass(frozen=True)
class Source:
    """One document to look in; its text is read only where the facts are not enough."""

    facts: Facts
    read: Callable[[], Document]

    @cached_property
    def document(self) -> Document:
        """The document's text."""
        return self.read()


Finder = Callable[[Source, str, "re.Match[str]"], Iterable[Place]]
"""Finds places for a question and the sign that was seen in it, the best first."""


def named_clauses(source: Source, question: str, _sign: re.Match[str]) -> Iterator[Place]:
    """The sections, articles, exhibits and schedules that a question names, whole."""
    for name in named_places(question)[0]:
        if clause := find_named(source.document, name):
            yield Place(clause.span, clause.label())
        elif name.kind == "recital":
            yield from _recital(source, name)
        else:
            yield from _of_exhibit(source.document, name)


def _of_exhibit(document: Document, name: PlaceName) -> Iterator[Place]:
    """An exhibit that no heading begins (bookmarks, stamps) by its pages, or the section in it."""
    own = pages_of(document, (name.inside or name).label())
    if not own:
        return
    span = document.span(own[0].start, own[-1].end)
    if name.inside is None:
        yield Place(span, name.label())
        return
    inside = (c for c in outline(document) if span.start <= c.span.start < span.end and c.local == name.number)
    yield from (Place(clause.span, name.label()) for clause in islice(inside, 1))


def printed(source: Source, question: str, _sign: re.Match[str]) -> Iterator[Place]:
    """The numbered lines, pages by Bates number or printed number, and pages of an exhibit that a question cites."""
    for place in printed_places(question)[0]:
        yield from (Place(span, str(place)) for span in find_printed(source.document, place))


def absent(source: Source, question: str) -> NotThere | None:
    """Of the places that a question names the first that the document certainly does not have."""
    cited = printed_places(question)[0]
    if gone := next((sentence for place in cited if (sentence := not_printed(source.document, place))), ""):
        return NotThere(gone, None)
    return next((not_ for name in named_places(question)[0] if (not_ := _absent(source.document, name))), None)


def _absent(document: Document, name: PlaceName) -> NotThere | None:
    is_there = find_named(document, name) or any(_of_exhibit(document, name))
    return None if is_there else not_there(document, name)


def _recital(source: Source, name: PlaceName) -> Iterator[Place]:
    recitals = source.facts.recitals
    if recitals is None:
        return
    text = source.document.slice(recitals)
    letter = re.escape(name.number.strip("()"))
    begins = re.search(rf"^[ \t]*\(?{letter}[.)]\s", text, re.MULTILINE | re.IGNORECASE)
    if begins:
        after = re.compile(r"^[ \t]*\(?(?:[A-Z]|\d+)[.)]\s", re.MULTILINE).search(text, begins.end())
        end = recitals.start + (after.start() if after else len(text))
        yield Place(source.document.span(recitals.start + begins.start(), end), name.label())


def headed(source: Source, _question: str, sign: re.Match[str]) -> Iterator[Place]:
    """The clauses under a heading of the topic's words alone, whole; else those whose heading has them all."""
    topic = _topic_words(" ".join(words for words in sign.groupdict().values() if words))
    if not topic:
        return
    found: dict[int, list[Clause]] = {}
    for clause in outline(source.document):
        words = _topic_words(clause.heading)
        if words and all(any(_is_form(word, other) for other in words) for word in topic):
            found.setdefault(len(words) - len(topic), []).append(clause)
    for clause in found.get(min(found, default=0), ())[:_MOST_HEADED]:
        yield Place(clause.span, clause.label(), guess=len(_topic_words(clause.heading)) > len(topic))


def headed_exactly(source: Source, question: str, sign: re.Match[str]) -> Iterator[Place]:
    """The clauses under a heading of the words of a thing alone; none where so many have it that it tells nothing."""
    exact = [place for place in headed(source, question, sign) if not place.guess]
    if len(exact) < _MOST_HEADED:
        yield from exact


def _topic_words(words: str) -> frozenset[str]:
    """The stems of a heading or a topic that tell it from others."""
    stems = frozenset(stems_of(words))
    return (stems - _NO_TOPIC) or stems


def _is_form(one: str, other: str) -> bool:
    """Whether two stems may be forms of one word, "fact" and "factual", or head the same: "term" and "duration".

    What heads a clause of any kind is no form of another word: "term" is none of "termination".
    """
    short, long = sorted((one, other), key=len)
    if one == other or {one, other} in _SAME_HEADS:
        return True
    return short not in _NO_TOPIC and (
        len(short) >= _FORM and long.startswith(short) and len(long) - len(short) <= _FORM
    )


def pages(source: Source, _question: str, sign: re.Match[str]) -> Iterator[Place]:
    """The text of a page by its printed or physical number, or of the first or the last page."""
    every = source.document.pages
    which = sign.groupdict()
    if which.get("edge"):
        page = every[0] if which["edge"].lower() in ("first", "front", "opening") else every[-1]
        yield from _page(source.document, page)
        return
    wanted = which.get("page", "")
    labelled = [p for p in every if p.label.lower() == wanted.lower()]  # several, where each exhibit is numbered anew
    for page in labelled[:_MOST_PAGES] or [p for p in every if str(p.number) == wanted]:
        yield from _page(source.document, page)


def _page(document: Document, page: Page) -> Iterator[Place]:
    if document.text[page.start : page.end].strip():
        yield Place(document.span(page.start, page.end), f"page {page.label}")


def definitions(source: Source, _question: str, sign: re.Match[str]) -> Iterator[Place]:
    """The definition of the term that is asked for; where it only points to a section, that section after it."""
    exact = bool(sign.groupdict().get("exactly"))
    term = sign["exactly"] if exact else sign["term"]
    every = find_definitions(source.document)
    found = [d for d in every if _is_term(d.term, term, exact)]
    if not (found or exact):  # "Company Material Adverse Effect" where its last words are asked for
        found = [d for d in every if _folded(d.term).endswith(f" {_folded(term)}")]
    if not (found or exact):  # a slip of the pen
        close = get_close_matches(_folded(term), {_folded(d.term) for d in every}, 1, _CLOSE)
        found = [d for d in every if _folded(d.term) in close]
    found.sort(key=lambda d: d.points)  # those that say what it means first
    for definition in found[:_MOST_DEFINITIONS]:
        yield Place(definition.span, f"definition of “{definition.term}”")
    for definition in found[:_MOST_DEFINITIONS] if found and found[0].points else ():
        yield from _pointed_to(source.document, definition)


def _pointed_to(document: Document, definition: Definition) -> Iterator[Place]:
    for reference in find_references(document):
        if definition.span.contains(reference.span) and reference.target:
            yield Place(reference.target.span, f"{reference.target.label()}, where “{definition.term}” is defined")


def _is_term(term: str, asked: str, exact: bool) -> bool:
    return term == " ".join(asked.split()) if exact else _folded(term) == _folded(asked)


def _folded(term: str) -> str:
    """A term as it is compared: small letters, no marks, no article, singular."""
    words = re.findall(r"\w+", term.casefold().replace("’s", "").replace("'s", ""))
    words = words[1:] if words[:1] in (["a"], ["an"], ["the"]) else words
    return " ".join(words).removesuffix("s")


def parties(source: Source, _question: str, _sign: re.Match[str]) -> Iterator[Place]:
    """The preamble that names the parties, or the caption; else the opening of the document."""
    facts = source.facts
    if facts.caption and not facts.parties:
        yield Place(facts.caption.span, "caption")
    elif facts.preamble:
        yield Place(facts.preamble, "parties")
        outside = [p for p in facts.parties if not facts.preamble.shared(p.span)]
        yield from (Place(party.span, "parties") for party in outside)
    else:
        begins = min((party.span.start for party in facts.parties), default=OPENING)
        if begins >= OPENING:  # who signs, at the end: a letter says in its opening who writes to whom
            yield from _opening(source.document)
        yield from (Place(party.span, "parties") for party in facts.parties)


def party(source: Source, _question: str, sign: re.Match[str]) -> Iterator[Place]:
    """The words that introduce the party that a question names by its role, its name or a short form of it."""
    asked = next(words for name, words in sign.groupdict().items() if name.startswith("party") and words)
    named = _parties_named(source.facts.parties, asked)
    yield from (Place(each.span, f"parties: {each.role or each.name}") for each in named)
    if not named:
        defined = [d for d in find_definitions(source.document) if _folded(d.term) == _folded(asked) and not d.leads]
        yield from (Place(d.span, f"definition of “{d.term}”") for d in defined[:1] if d.where.start < OPENING)


def _parties_named(every: Sequence[Party], asked: str) -> list[Party]:
    """The parties that words name: by a whole role or short form, or by a name that begins so."""
    words = _folded(asked)
    exact = [p for p in every if words in {_folded(n) for n in (p.role, p.name, *p.short_forms) if n}]
    return exact or [p for p in every if words and f"{_folded(p.name)} ".startswith(f"{words} ")]


def _of_party(every: Sequence[Party], question: str, party_of: str) -> bool:
    """Whether a block is that of a party which a question names by its role, name or short form."""
    asked = f" {_folded(question)} "
    block = _folded(party_of)
    for each in every:
        names = [folded for n in (each.name, each.role, *each.short_forms) if n and (folded := _folded(n))]
        short = _folded(each.name).split()[:1]
        if any(f" {n} " in asked for n in (*names, *short)) and any(n and (n in block or block in n) for n in names):
            return True
    words = block.split()
    return bool(words) and f" {words[0]} " in asked


def dates(source: Source, question: str, _sign: re.Match[str]) -> Iterator[Place]:
    """The dates of the document itself: the kind that is asked for first; else the opening, where it has a date."""
    wanted = _kinds_of_date(question)
    known = sorted(source.facts.dates, key=lambda d: wanted.index(d.kind) if d.kind in wanted else len(wanted))
    seen: set[Span] = set()
    for each in known:
        span = _sentence_around(source.document, each.span)
        if span not in seen:
            seen.add(span)
            yield Place(span, "date")
    if not known:
        yield from (p for p in _opening(source.document) if _DAY.search(source.document.slice(p.span)))


def _sentence_around(document: Document, span: Span) -> Span:
    """The sentence that words stand in; the line where it is none: "Dated: June 8, 2010"."""
    every = sentences(document)
    at = bisect_right(every, span.start, key=lambda s: s.end)
    if at < len(every) and every[at].contains(span):
        return every[at]
    text = document.text
    start = max(text.rfind(mark, 0, span.start) for mark in "\n\f") + 1
    ends = [end for mark in "\n\f" if (end := text.find(mark, span.end)) >= 0]
    return document.span(start, min(ends, default=len(text)))


def _kinds_of_date(question: str) -> tuple[str, ...]:
    """Kinds of date in the order in which they answer a question."""
    if re.search(r"\b(?:effect|effective|force|binding|bind|apply|applies|begin|start|commence)", question, re.I):
        return ("effective", "made", "dated", "signed", "letter", "filed")
    if re.search(r"\b(?:sign|signed|executed?|execution|signature)\b", question, re.I):
        return ("signed", "made", "dated", "effective", "letter", "filed")
    if re.search(r"\b(?:filed|entered)\b", question, re.I):
        return ("filed", "made", "dated", "letter", "effective", "signed")
    return ("made", "dated", "letter", "effective", "filed", "signed")


def signatures(source: Source, question: str, sign: re.Match[str]) -> Iterator[Place]:
    """The signature blocks, those of the party that is named first; of a person who is named, that person's.

    Where none was found, what follows the last words of a letter.
    """
    every = source.facts.signatures
    if signer := sign.groupdict().get("signer"):
        every = tuple(s for s in every if s.name and _folded(s.name).split()[-1] in _folded(signer).split())
    of_party = [s for s in every if s.party and _of_party(source.facts.parties, question, s.party)]
    for each in (*of_party, *(s for s in every if s not in of_party)):
        yield Place(each.span, "signatures")
    if not source.facts.signatures:
        yield from _closing(source.document)


def _closing(document: Document) -> Iterator[Place]:
    end = len(document.text)
    closings = list(_CLOSING.finditer(document.text, max(0, end - _LAST_WORDS)))
    if closings:
        start = closings[-1].start()
        yield Place(document.span(start, min(end, start + _LONGEST_CLOSING)), "signatures", guess=True)


def notices(source: Source, question: str, _sign: re.Match[str]) -> Iterator[Place]:
    """The addresses for notices, those of the party that is named first; else the clause on notices that has one."""
    every = source.facts.notices
    of_party = [n for n in every if _of_party(source.facts.parties, question, n.party)]
    for each in (*of_party, *(n for n in every if n not in of_party)):
        yield Place(each.span, "address for notices")
    for clause in () if every else outline(source.document):
        if _NOTICE.search(clause.heading) and _ADDRESS.search(source.document.slice(clause.span)):
            yield Place(clause.span, clause.label(), guess=True)
            return


def changes(source: Source, _question: str, _sign: re.Match[str]) -> Iterator[Place]:
    """What a document changes of another: its instructions, each once, in their order."""
    for span in dict.fromkeys(amendment.span for amendment in find_amendments(source.document)):
        yield Place(span, "change")


def recitals(source: Source, _question: str, _sign: re.Match[str]) -> Iterator[Place]:
    """The recitals."""
    if source.facts.recitals:
        yield Place(source.facts.recitals, "recitals")


def title(source: Source, _question: str, _sign: re.Match[str]) -> Iterator[Place]:
    """The title, with the preamble after it; else the opening."""
    if source.facts.title_span:
        yield Place(source.facts.title_span, "title")
        if source.facts.preamble:
            yield Place(source.facts.preamble, "parties")
    else:
        yield from _opening(source.document)


def caption(source: Source, question: str, _sign: re.Match[str]) -> Iterator[Place]:
    """The caption of a court paper, where it says what is asked for; else the opening of one. A judge, where they sign,
    too.
    """
    found = source.facts.caption
    asked = re.search(r"\b(?:judge|magistrate|justice|bar|counsel|attorneys?|lawyers?|represents?)\b", question, re.I)
    where = [Place(found.span, "caption")] if found else list(_opening(source.document))
    for place in where:
        words = source.document.slice(place.span)
        if (found or _OF_A_COURT.search(words)) and (asked is None or _says(words, asked[0])):
            yield place
    if asked and asked[0].lower() in _JUDGES:
        yield from _signed_by_a_judge(source, asked[0])


def _signed_by_a_judge(source: Source, asked: str) -> Iterator[Place]:
    """The signatures with the title of a judge, which stands in the lines below."""
    text = source.document.text
    for signature in source.facts.signatures:
        end = signature.span.end
        for _ in range(_LINES_OF_TITLE):
            end = min((at for c in "\n\f" if (at := text.find(c, end + 1)) >= 0), default=len(text))
        words = source.document.span(signature.span.start, end)
        if _says(source.document.slice(words), asked):
            yield Place(source.document.stripped(words), "signature of the judge")


def _says(caption_text: str, asked: str) -> bool:
    judges = r"\bjudge\b|\bhon(?:\.|orable)\b|\bjustice\b|\bmagistrate\b"
    counsel = r"\bcounsel\b|\battorneys?\b|\besq\b|\bbar\b|\blaw\b"
    pattern = judges if asked.lower() in _JUDGES else counsel
    return bool(re.search(pattern, caption_text, re.IGNORECASE))


def _opening(document: Document) -> Iterator[Place]:
    """How a document begins: its first characters, to the end of a line."""
    text = document.text
    start = len(text) - len(text.lstrip())
    end = min(len(text), start + _LONGEST_OPENING)
    cut = text.rfind("\n", start, end)
    if text.strip():
        yield Place(document.span(start, cut if cut > start and end < len(text) else end), "opening", guess=True)
