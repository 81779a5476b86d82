"""Finds what a figure of a sentence is said of, "insurance premium" in "The total insurance premium is $81,000", and
whether the clauses of a calculation's operands speak of it: of 18 × $4,500 of a rent clause no premium is computed.

A word of weight counts by its stem and sense. What says only that something is an amount, a time or a total ("the total
cost", "it") is said of anything.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from retrieval import Document, Span, clause_at, find_tables, outline, units
from webapp.grounding.facts import Fact, find_facts, masked
from webapp.grounding.operands import values_of
from webapp.grounding.proper_names import is_role
from webapp.grounding.senses import WORD, labels, senses

_LEAD = 400  # characters before a table or an item that tell what it is of
_LEAST_HELD = 3  # one of so many words of a subject has to be in the clause
_OPENING = 300  # characters of a document, which have its title
_FIGURE, _NAME = "\x01", "\x02"  # what stands for each letter of one
_BREAK = re.compile(r"[;:()–—]|,(?!\d)|\s(?:so|while|whereas|but|if|when|where|because|since)\s", re.IGNORECASE)
_DETERMINERS = frozenset("the a an each every all any both its their his her".split())
_PREPOSITIONS = frozenset(
    "in on at by for from to with without under over per during until till through before after within upon as into "
    "between among against about beyond than plus minus times".split()
)
_PRONOUNS = frozenset("it they he she we you i which who that this these those there what one".split())
_VERBS = frozenset(
    "is are was were be been being must may can could will shall would should has have had does do comes come amounts "
    "amount makes make equals equal ends end expires expire terminates runs lasts continues".split()
)
_BEGINS = _DETERMINERS | _PREPOSITIONS | _PRONOUNS | _VERBS | {"of", "and", "or"}
_TOKEN = re.compile(rf"{_FIGURE}+|{_NAME}+|{WORD.pattern}")
# Words that any figure may be said of.
_ANY = frozenset(
    label
    for word in (
        "total sum whole amount amounts figure number result value price cost costs charge fee payment payments pay "
        "pays paid payable bill money overall full annual annually yearly monthly quarterly weekly daily year years "
        "month months quarter week day days hour hours minute time times period date deadline maximum minimum "
        "average rest remainder remaining remain balance difference increase decrease rise rises share part portion "
        "percent percentage half third installment installments instalment together combined aggregate cumulative "
        "first second next last final initial order deal transaction other others end ends beginning start starts "
        "come comes makes make add adds adding up sums equals equal totals "
        "cap capped limit due owed more less most least extra additional "
        "same only just about almost nearly exactly roughly little over under single consecutive guaranteed "
        "expected required estimated corresponding respective applicable resulting calendar latest earliest must "
        "may can will shall would is are was were be been being has have had not no expire expires expiration "
        "terminate terminates run runs continue continues lasts earlier later unless given give made party parties "
        "company corporation firm side earns earn saves save receives receive gets get spends spend owes bears bear "
        "brings yields yield leaves leave means mean reach reaches reached covers falls fall budget spending "
        "expense expenses earnings saving savings retainer consideration compensation outlay"
    ).split()
    for label in labels(word)
    if not label.startswith("=")
)
# What ends when a contract does: it may be said of any term.
_OF_TERM = frozenset(
    "agreement contract lease term licence license arrangement engagement charter subscription".split()
)
_WHOLE = frozenset(("agreement", "contract"))  # what has all of a document's costs
_OF_THIS = re.compile(
    r"\b(?:under|of|in|to|by|with|from|date\s+of)\s+(?:this|the|such)\s+(?:agreement|contract|lease|licen[cs]e)\b"
    r"|\bthis\s+\w+\s+is\s+(?:made|entered|dated)\b",
    re.IGNORECASE,
)
_RUNS = re.compile(
    r"\b(?:terms?|continues?|remains?|in\s+(?:full\s+force|effect)|lasts?|runs?|expires?|duration|initial\s+period)\b",
    re.IGNORECASE,
)

_Words = tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class _Phrase:
    """The words of weight of a noun phrase, in order; `oblique`: a preposition other than "of" leads to it."""

    words: _Words
    oblique: bool


def is_of_these(
    sentence: str, fact: Fact, operands: Sequence[Span], documents: Sequence[Document], names: Sequence[tuple[int, int]]
) -> bool:
    """Whether the clauses of some operands speak of what a sentence says a figure of: a third of its words at least.

    `names` are where the sentence names parties, which tell nothing. True where it says it of nothing in particular.
    """
    subject = _subject(sentence, fact, names)
    by_id = {document.id: document for document in documents}
    texts = [_context(by_id[span.document_id], span) for span in operands if span.document_id in by_id]
    if not subject or not texts:
        return True
    is_time = any(key[0] in ("date", "month") for key in fact.keys) or any(
        u[0] == "period" for _, u, _ in values_of(fact)
    )
    if is_time and all(word & _OF_TERM for word in subject):
        plain = _OF_THIS.sub(" ", " ".join(texts))
        return bool(_RUNS.search(plain)) or not _OF_TERM.isdisjoint(re.findall(r"[a-z]+", plain.lower()))
    held = senses(" ".join([*texts, *(document.text[:_OPENING] for document in documents)])) | _WHOLE
    return sum(bool(word & held) for word in subject) * _LEAST_HELD >= len(subject)


def _subject(sentence: str, fact: Fact, names: Sequence[tuple[int, int]]) -> _Words:
    """The words of weight of the phrase that a figure is said of; none where it is said of nothing in particular."""
    figures = [(each.start, each.end) for each in find_facts(sentence)]
    plain = masked(sentence, figures)
    for first, last in names:
        plain = f"{plain[:first]}{_NAME * (last - first)}{plain[last:]}"
    start = max((m.end() for m in _BREAK.finditer(plain, 0, fact.start)), default=0)
    end = next((m.start() for m in _BREAK.finditer(plain, fact.end)), len(plain))
    before, after = list(_phrases(plain[start : fact.start])), list(_phrases(plain[fact.start : end]))
    direct = [phrase for phrase in (*before, *after[:1]) if phrase.words and not phrase.oblique]
    if not direct and not before:
        direct = [phrase for phrase in after if phrase.words][:1]
    return direct[0].words if direct else ()


def _phrases(text: str) -> Iterator[_Phrase]:
    """Yield the noun phrases of a text whose figures and names are masked: what a determiner, "of" or a preposition
    begins, or the text itself. After a pronoun, a modal verb, a name, or a figure without a determiner, no noun stands.
    """
    words: list[frozenset[str]] = []
    is_oblique, is_verb, before = False, False, ""
    for token in _TOKEN.finditer(text):
        word = token[0].lower()
        is_masked = word[0] in (_FIGURE, _NAME) or is_role(word)
        if not (is_masked or word in _BEGINS):
            found = labels(token[0]) | (_OF_TERM & {word})
            if found and not is_verb and not found & _ANY:
                words.append(found)
            before = word
            continue
        if words:
            yield _Phrase(tuple(words), is_oblique)
            words = []
        is_verb = word[0] == _NAME or is_role(word) or (word[0] == _FIGURE and before not in _DETERMINERS)
        is_verb = is_verb or word in _PRONOUNS or word in _VERBS
        if word in _PREPOSITIONS:
            is_oblique = True
        elif word in _DETERMINERS and before not in _PREPOSITIONS and before not in ("of", "and", "or"):
            is_oblique = False
        before = word
    if words:
        yield _Phrase(tuple(words), is_oblique)


def _context(document: Document, span: Span) -> str:
    """The words that tell what a figure is of: its sentence, item or row, what leads to that, the heads of its table,
    and the headings of its clause.
    """
    parts = [document.slice(unit.span) for unit in units(document) if unit.span.shared(span)]
    for table in find_tables(document):
        if table[0].start <= span.start < table[-1].end:
            parts.append(document.text[max(0, table[0].start - _LEAD) : table[0].end])
    clauses, i = outline(document), clause_at(document, span.start)
    while i is not None:
        parts.append(clauses[i].heading)
        if (parent := clauses[i].parent) is not None:
            at = clauses[parent].span.start
            parts.append(document.text[at : min(at + _LEAD, clauses[i].span.start)])
        i = parent
    return " ".join(parts)
