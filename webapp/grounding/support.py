"""Fact check of a sentence against the passages it cites: finds numbers and sections that they do not state, and names
that their documents do not have.

It compares words and values. It detects that "60 days" is nowhere in the passage and, in a near-verbatim sentence, that
it replaces another number or party (see `alignment`). What a paraphrase says of them is compared in `comparison`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from retrieval import Document, Passage, definitions_used, own_words
from webapp.grounding.alignment import exchanged_words
from webapp.grounding.evidence import Sources
from webapp.grounding.facts import Fact, Key, find_facts, masked, section_mark
from webapp.grounding.numbers import format_number, number_value
from webapp.grounding.parties import Parties
from webapp.grounding.proper_names import Vocabulary, missing_names, stems
from webapp.grounding.quantities import nearly_equal, row_values, stated, values

_NUMBERED_LINE = re.compile(r"(?m)^[\s•*_-]*(\d+(?:\.\d+)+|\d+(?=[.)]))((?:\s?\([a-z0-9]{1,4}\))*)")
_MARK = re.compile(r"\([A-Za-z0-9]{1,5}\)")
_SMALL_COUNTS = frozenset("2 3 4 5 6 7 8 9 10".split())
# "There are two conditions": a count of the answer's writer, which the contract does not state.
_COUNTED = re.compile(
    r"[\s\w-]{0,20}?\b(?:part(?:y|ies)|conditions?|exceptions?|cases?|ways?|reasons?|things?|requirements?|obligations?"
    r"|provisions?|clauses?|sections?"
    r"|passages?|documents?|contracts?|agreements?|situations?|circumstances|parts?|steps?|options?|grounds?|points?"
    r"|types?|kinds?|categories|events?)\b",
    re.IGNORECASE,
)
_OF_THEM = re.compile(r"\b(?:the|these|those|all|them)\s+$", re.IGNORECASE)  # "one of the two"
# "three months (90 days)", "72 hours (about three days)".
_THAT_IS = re.compile(
    r"[^.;]{0,60},\s*(?:that\s+is|i\.e\.,?|or)\s+", re.IGNORECASE
)  # "three months before the end, that is 90 days"
_ALSO_SAID = re.compile(r"[’']?\s*\(\s*(?:(?:or|i\.e\.,?|about|approximately|roughly|=)\s*)*", re.IGNORECASE)

_OF_LISTS = ("installment", "person", "time")  # what a list counts, of the units of figures
_COUNTS = re.compile(r"\s+(?:[a-z]+\s+)?[a-z]+s\b|(?=[;:,.])")  # "three duties"
# "The first term" is the initial one; "four times a year" is quarterly.
_A_TERM = re.compile(r"\s+(?:term|period)\b", re.IGNORECASE)
_INITIAL = re.compile(r"\b(?:initial|original|primary)\b", re.IGNORECASE)
_TIMES = re.compile(
    r"(?:twice|two\s+times|four\s+times|twelve\s+times)(?=\s+(?:a|each|every|per)\s+year\b)", re.IGNORECASE
)
_OFTEN = {
    "twice": re.compile(r"\bsemi[-‐\s]?annual|\bhalf[-‐\s]yearly", re.IGNORECASE),
    "two": re.compile(r"\bsemi[-‐\s]?annual|\bhalf[-‐\s]yearly", re.IGNORECASE),
    "four": re.compile(r"\bquarterly|\b(?:each|every|per)\s+(?:\w+\s+)?quarter", re.IGNORECASE),
    "twelve": re.compile(r"\bmonthly|\b(?:each|every|per)\s+(?:\w+\s+)?month", re.IGNORECASE),
}
_OF_SECTIONS = re.compile(r"\b(?:sections?|articles?|clauses?|paragraphs?)\b[^.;]*$", re.IGNORECASE)
_ABOUT = re.compile(
    r"\b(?:about|approximately|roughly|around|some|nearly|almost|circa|over|more than)\s+$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Support:
    """What one passage, or several together, state."""

    keys: frozenset[Key]
    lists: frozenset[str]  # how many items each of its lists has
    marks: frozenset[str]  # every "(b)", for section numbers composed of a heading's number and a mark
    vocabulary: Vocabulary  # of the whole documents: names may stand anywhere in them
    names: frozenset[str]  # stems of what they are called
    text: str  # without headers and footers, for `alignment`


def support_of(sources: Sources) -> Support:
    """Collect the facts and words of passages, their sections, pages and document names,
    and their documents' vocabulary.
    """
    keys: set[Key] = set()
    texts: list[str] = []
    pages: list[str] = []
    for passage in sources.passages:
        document = sources.documents[passage.document_id]
        raw = "\n".join(document.slice(span) for span in passage.spans)
        keys.update(_of_place(passage, document))
        keys.update(_numbered(raw))
        keys.update(
            key for fact in find_facts(raw) for key in fact.keys if key[0] == "section"
        )  # "Article 34", a heading
        keys |= row_values(document, passage.spans)
        texts += _beyond(sources, passage, document)
        pages.append(own_words(document, *passage.spans))
        texts += [pages[-1], passage.text, passage.section, _called(passage)]
    for text in texts:
        keys |= values(text)
    return Support(
        keys=frozenset(keys),
        lists=frozenset(map(str, _lengths(_MARK.findall(" ".join(pages))))),
        marks=frozenset(_MARK.findall("\n".join(texts))),
        vocabulary=sources.vocabulary,
        names=stems(" ".join(map(_called, sources.passages))),
        text="\n".join(pages),
    )


def _beyond(sources: Sources, passage: Passage, document: Document) -> Iterator[str]:
    """What counts beside a passage: the dates by which its document is known, and definitions of terms that it uses."""
    facts = sources.facts_of(document)
    yield from (document.slice(each.span) for each in facts.dates)
    for span in passage.spans:
        yield from (own_words(document, definition.span) for definition in definitions_used(document, span))


def _called(passage: Passage) -> str:
    return re.sub(r"[_\W]+", " ", passage.document)


def unsupported(
    sentence: str, source: Support, parties: Parties, verified: Sequence[tuple[int, int]] = ()
) -> tuple[str, ...]:
    """Facts of the sentence that the source does not state and names that its document has not, as written, without
    repetition.

    `verified` are ranges of the sentence that are verified quotations; facts in them are not checked again.
    """
    facts = find_facts(sentence)
    known = [f for f in facts if _within(f, verified) or is_own_count(f, sentence) or _states(source, f)]
    known += [f for f in facts if f not in known and _is_said(f, sentence, source)]
    unknown = [f for f in facts if f not in known]
    absent = [f.text for f in unknown if not _is_said_again(f, sentence, known)]
    rest = masked(sentence, ((fact.start, fact.end) for fact in facts))
    rest = masked(rest, (*verified, *((m.start, m.end) for m in parties.mentions(rest))))
    absent += missing_names(rest, source.vocabulary.words | source.names, source.vocabulary)
    if not verified:
        absent += exchanged_words(sentence, source.text, source.vocabulary, parties)
    return tuple(dict.fromkeys(absent))


def _within(fact: Fact, ranges: Sequence[tuple[int, int]]) -> bool:
    return any(start <= fact.start and fact.end <= end for start, end in ranges)


def _is_said_again(fact: Fact, sentence: str, known: Sequence[Fact]) -> bool:
    """Whether a fact is a period that stands beside the same in another unit, in brackets, which the source has."""
    pairs = (sorted((fact, other), key=lambda each: each.start) for other in known if nearly_equal(fact, other))
    return any(
        _ALSO_SAID.fullmatch(sentence, one.end, two.start) or _THAT_IS.fullmatch(sentence, one.end, two.start)
        for one, two in pairs
        if one.end <= two.start
    )


def is_own_count(fact: Fact, sentence: str) -> bool:
    """Whether a small number without a unit is the answer's own count or numbering, not a figure of the contract."""
    (kind, number, *_), *more = sorted(fact.keys)
    if more or kind not in ("number", "ordinal"):
        return False
    if kind == "ordinal":
        return number in ("1", "2") and not re.match(
            r"\s+(?:anniversary|day|month|year|quarter|amendment|renewal|term)", sentence[fact.end :]
        )
    if number == "1" and not fact.text.isdigit():
        return True
    if sentence[: fact.start].endswith("(") and sentence[fact.end :].startswith(")") and fact.text.isdigit():
        return f"({int(fact.text) - 1})" in sentence or (number == "1" and "(2)" in sentence)
    if number not in _SMALL_COUNTS or not fact.text.isalpha():
        return False
    return bool(_COUNTED.match(sentence, fact.end) or _OF_THEM.search(sentence, 0, fact.start))


def _is_said(fact: Fact, sentence: str, source: Support) -> bool:
    """Whether a source has a figure in another form: a number of a section, a count of its list, a round number."""
    numbers = {key[1] for key in fact.keys if key[0] == "number" or (key[0] == "count" and key[2] in _OF_LISTS)}
    before = sentence[: fact.start]
    if _OF_SECTIONS.search(before) and any(("section", number, "section") in source.keys for number in numbers):
        return True
    if ("ordinal", "1") in {key[:2] for key in fact.keys} and source.vocabulary.knows("first"):
        return True
    if fact.text.lower() == "first" and _A_TERM.match(sentence, fact.end) and _INITIAL.search(source.text):
        return True
    if (often := _TIMES.match(sentence, fact.start)) and _OFTEN[often[0].split()[0].lower()].search(source.text):
        return True
    if numbers & source.lists and fact.text.split()[0].isalpha() and _COUNTS.match(sentence, fact.end):
        return True
    return bool(_ABOUT.search(before)) and _is_rounded(fact, source.keys)


def _is_rounded(fact: Fact, keys: frozenset[Key]) -> bool:
    """Whether a source has an amount or a share that a round one stands for: "about $9.35 million" for $9,349,000."""
    for kind, number, *unit in fact.keys:
        if kind != "amount" or "≠" in number:
            continue
        digits = len(number.replace(".", "").strip("0"))
        exact = [
            Decimal(key[1]) for key in keys if key[0] == kind and "≠" not in key[1] and key[2:3] == tuple(unit[:1])
        ]
        if digits > 1 and any(Decimal(f"{each:.{digits}g}") == Decimal(number) for each in exact):
            return True
    return False


def _lengths(marks: Sequence[str]) -> Iterator[int]:
    """How many items each list has, by its marks: 3 for "(a) … (b) … (c)"."""
    for series in ("abcdefghijkl", [str(i) for i in range(1, 13)], "i ii iii iv v vi vii viii ix x xi xii".split()):
        last = 0
        for mark in marks:
            place = series.index(mark[1:-1].lower()) + 1 if mark[1:-1].lower() in series else 0
            if place == last + 1:
                last = place
            elif place == 1:
                if last > 1:
                    yield last
                last = 1
        if last > 1:
            yield last


def _states(source: Support, fact: Fact) -> bool:
    if stated(fact, source.keys):
        return True
    return any(key[0] == "section" and _is_composed(source, key) for key in fact.keys)


def _is_composed(source: Support, key: Key) -> bool:
    """Whether the source has the parts of a section number: "8.2" and "(b)" for "8.2(b)"."""
    base, marks = key[1].split("(", 1)[0], _MARK.findall(key[1])
    return (
        bool(marks)
        and (not base or (key[0], base, key[2]) in source.keys)
        and all(mark in source.marks for mark in marks)
    )


def _of_place(passage: Passage, document: Document) -> Iterator[Key]:
    """Yield the keys of a passage's pages, of its section and of the sections above that."""
    for span in passage.spans:
        first_page, last_page = document.page_at(span.start), document.page_at(max(span.start, span.end - 1))
        for number in range(first_page.number, last_page.number + 1):
            yield from (("page", str(number)), ("page", document.pages[number - 1].label))
    for fact in find_facts(passage.section):
        for key in fact.keys:
            if key[0] == "section":
                parts = re.findall(r"\([^)]*\)|[^.(]+", key[1])
                for i in range(1, len(parts) + 1):
                    above = key[1][: _length(key[1], parts[:i])]
                    yield ("section", above, key[2])


def _length(mark: str, parts: Sequence[str]) -> int:
    """Length of the first parts of a section number such as "8.2(b)", the full stops between them included."""
    at = 0
    for part in parts:
        at = mark.index(part, at) + len(part)
    return at


def _numbered(raw: str) -> Iterator[Key]:
    """Yield the numbers of clauses that begin in canonical text, as section numbers and as plain numbers ("8.2")."""
    for match in _NUMBERED_LINE.finditer(raw):
        if match[1].count(".") < 2:
            yield ("number", format_number(number_value(match[1])))
        yield ("section", section_mark(match[1]), "section")
        yield ("section", section_mark(match[1] + match[2]), "section")
