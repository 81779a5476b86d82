"""Answers without a search: greetings, questions about the library, mentions of a phrase, and a document in short.

Each is one fixed form, filled from the records and texts of the documents in scope.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from retrieval import Document, DocumentRecord, Span, each_mention, each_struck_mention, own_words, pin_cite
from webapp.answers.key_language import KeySentence
from webapp.answers.reading import Reading
from webapp.answers.statements import Group, Statement, groups
from webapp.core.unread_pages import unread_pages
from webapp.core.wording import plural
from webapp.grounding.check import Citation, word_for_word

MOST_LISTED = 50  # documents; further ones are counted
MOST_CITED = 50  # mentions
MOST_IN_SHORT = 5  # documents of which a question without a name is told in short
LINES, LINES_OF_SEVERAL = 16, 3  # statements of a document in short
_MENTION_SECONDS = 60.0
_LONGEST_CLAUSE = 600  # characters of a clause that is quoted whole for its statement
_RULES = 1.5  # worth of the first statement of a clause, which has its rule, beside that of the others
_LONG = 400  # characters; of a clause's statements a shorter one is preferred
_THANKS = re.compile(r"thank|thx|cheers|great|perfect|helpful|excellent", re.IGNORECASE)

DocumentOf = Callable[[str], Document]


@dataclass(frozen=True, slots=True)
class Told:
    """An answer without a search: its text, whether there was anything to tell, and its citations."""

    text: str
    found: bool = True
    citations: tuple[Citation, ...] = ()


def from_library(question: str, reading: Reading, records: Sequence[DocumentRecord], document_of: DocumentOf) -> Told:
    """Answer a question of a kind that needs no search (`Reading.needs_no_search`) about these documents."""
    match reading.kind:
        case "greeting":
            return Told(_greeting(question, records))
        case "help":
            return Told(_help(records))
        case "library":
            return Told(_documents(records))
        case "mentions":
            return _mentions(reading.phrase, records, document_of)
    return _in_short(records, document_of)


def _greeting(question: str, records: Sequence[DocumentRecord]) -> str:
    if _THANKS.search(question):
        return "You are welcome."
    return f"Hello. Ask about the {plural(len(records), 'document')} here; each answer is cited to its page."


def _help(records: Sequence[DocumentRecord]) -> str:
    return (
        f"Ask about {_extent(records)} in your own words: what a clause says, who must do what and by when, which "
        "documents say so, or for one of them in short. Every statement is cited to its page, and every quotation is "
        "compared with it."
    )


def _documents(records: Sequence[DocumentRecord]) -> str:
    if not records:
        return "No document can be searched here yet."
    rows = [f"- {record.name}, {plural(record.pages, 'page')}" for record in records[:MOST_LISTED]]
    more = len(records) - len(rows)
    return "\n".join([f"{_extent(records)}:", *rows, *([f"- and {plural(more, 'further document')}"] if more else [])])


def _extent(records: Sequence[DocumentRecord]) -> str:
    return f"{plural(len(records), 'document')}, {plural(sum(record.pages for record in records), 'page')}"


def _mentions(phrase: str, records: Sequence[DocumentRecord], document_of: DocumentOf) -> Told:
    """Count every mention of a phrase; the first are cited."""
    by = time.monotonic() + _MENTION_SECONDS
    citations: list[Citation] = []
    counts: dict[str, int] = {}
    skipped = struck = 0
    for record in records:
        document = document_of(record.id)
        try:
            spans = each_mention(document, phrase, lambda: time.monotonic() > by)
            first = list(islice(spans, MOST_CITED - len(citations)))
            count = len(first) + sum(1 for _ in spans)
            struck += sum(1 for _ in each_struck_mention(document, phrase))
        except TimeoutError:
            skipped += 1
            continue
        if count:
            counts[record.name] = counts.get(record.name, 0) + count
        citations += [_mention(n, document, span) for n, span in enumerate(first, len(citations) + 1)]
    beside = f" {plural(struck, 'place')} in deleted text {'has' if struck == 1 else 'have'} it." if struck else ""
    beside += f" {plural(skipped, 'document')} could not be searched in time." if skipped else ""
    if not counts:
        unread = unread_pages(records)
        nowhere = f"“{phrase}” is mentioned nowhere in {_extent(records)}.{beside} {unread}".strip()
        return Told(nowhere, found=False)
    most_first = sorted(counts.items(), key=lambda row: -row[1])
    rows = [f"- {name}: {plural(count, 'mention')}" for name, count in most_first[:MOST_LISTED]]
    whole = f"{plural(sum(counts.values()), 'mention')} in {plural(len(counts), 'document')}"
    return Told("\n".join([f"“{phrase}”: {whole}.{beside}", *rows]), citations=tuple(citations))


def _mention(n: int, document: Document, span: Span) -> Citation:
    return word_for_word(n, pin_cite(document, span), own_words(document, span))


def _in_short(records: Sequence[DocumentRecord], document_of: DocumentOf) -> Told:
    """Tell one or a few documents in short: the statement that matters most in each of their main clauses, quoted."""
    most = LINES if len(records) == 1 else LINES_OF_SEVERAL
    lines: list[str] = []
    citations: list[Citation] = []
    for record in records[:MOST_IN_SHORT]:
        document = document_of(record.id)
        chosen = list(main_statements(document, most))
        lines.append(
            f"**{record.name}**, {plural(record.pages, 'page')}" + ("" if chosen else ": no text to summarise")
        )
        for group, statement in chosen:
            words = _with_its_clause(document, statement)
            if any(words.span.shared(citation.span) for citation in citations):
                continue
            citations.append(word_for_word(len(citations) + 1, words, words.text))
            head = group.heading or group.label
            lines.append(f"- {f'{head}: ' if head else ''}“{words.text}” [{len(citations)}]")
    more = len(records) - MOST_IN_SHORT
    if more > 0:
        lines.append(f"{plural(more, 'further document')} not told here. Name one, or choose it, to have it in short.")
    return Told("\n".join(lines), bool(citations), tuple(citations))


def main_statements(document: Document, most: int) -> Iterator[tuple[Group, Statement]]:
    """The statements that matter most, in reading order: the opening's, one of each main clause, then further ones."""
    told = [group for group in groups(document) if group.statements]
    ruling = {group.statements[0].span for group in told}
    terms = {each.span for group in told for each in group.definitions}

    def weight(statement: Statement) -> tuple[bool, bool, float]:
        worth = statement.worth + _RULES * (statement.span in ruling)
        return statement.span not in terms, len(statement.text) <= _LONG, worth

    ruled = [group for group in told if any(each.span not in terms for each in group.statements)]
    best = [(group, max(group.statements, key=weight)) for group in ruled or told]
    first = {each.span for _, each in best}
    others = [(group, each) for group in told for each in group.statements if each.span not in first]
    by_worth = [sorted(rows, key=lambda row: -row[1].worth) for rows in (best[1:], others)]
    chosen = {statement.span for _, statement in [*best[:1], *by_worth[0], *by_worth[1]][:most]}
    yield from ((group, each) for group in told for each in group.statements if each.span in chosen)


def _with_its_clause(document: Document, statement: Statement) -> Statement | KeySentence:
    """The clause of a statement where it is short, with what limits it; else the statement."""
    clause = KeySentence.of_clause(document, statement.span)
    return clause if len(clause.text) <= _LONGEST_CLAUSE else statement
