"""Renders the mentions of a phrase as HTML: counts, pages, and each mention in context. Pure, as `chat` is."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from markupsafe import Markup

from webapp.core.results import CitationRow, MentionsResult
from webapp.core.wording import cite, mentions_count, mentions_coverage, page_number, plural
from webapp.page.html.parts import NOTHING, lines, page, pin, to_place

MOST_LINES = 200  # mentions shown in context; for more, there is a button for each page

_LEADERS = re.compile(r"(?:\s*\.){4,}")  # the dots of a table of contents

Numbered = Sequence[tuple[int, CitationRow]]


def heading(answer: MentionsResult) -> Markup:
    """Number of mentions and documents."""
    if not answer.citations:
        words = f"No mention of this exact phrase in {plural(answer.searched.documents, 'document')}."
        return Markup('<p class="stand"><span aria-hidden="true">○</span> {}</p>{}').format(words, _forms(answer))
    words = mentions_count(answer.count, answer.documents, answer.struck)
    if answer.count + answer.struck > len(answer.citations):
        words += f" Only the first {len(answer.citations):,} are listed; select fewer documents to see the others."
    return Markup('<p class="stand">{}</p>{}').format(words, _forms(answer))


def _forms(answer: MentionsResult) -> Markup:
    """That the words are exact, and other forms of them that are there, each with a button that finds it."""
    buttons = lines(
        Markup(' <button type="button" class="quiet" data-do="find" data-question="{}">{} ({:,})</button>').format(
            row.words, row.words, row.count
        )
        for row in answer.forms
    )
    more = Markup(" Other forms that occur:{}").format(buttons) if buttons else NOTHING
    return Markup('<p class="hint forms">These exact words only, in capitals or not.{}</p>').format(more)


def body(turn_id: str, answer: MentionsResult) -> Markup:
    """List of mentions, document by document."""
    whole = len(answer.citations) <= MOST_LINES
    return Markup('<div class="mentions">{}</div>').format(
        lines(_document(turn_id, rows, whole=whole) for rows in _by_document(answer))
    )


def coverage(answer: MentionsResult) -> Markup:
    """Search coverage."""
    return Markup('<p class="coverage">{}</p>').format(mentions_coverage(answer.searched))


def copied(answer: MentionsResult) -> str:
    """The mentions as plain text for the clipboard."""
    rows = [f"{cite(row)}: {''.join(row.around or ())}" for row in answer.citations]
    limit = f", the first {len(rows):,} of them" if answer.count + answer.struck > len(rows) else ""
    deleted = f", {plural(answer.struck, 'place')} in deleted text" if answer.struck else ""
    return "\n".join([f"“{answer.phrase}”: {plural(answer.count, 'mention')}{deleted}{limit}", *rows])


def _by_document(answer: MentionsResult) -> Iterator[Numbered]:
    numbered = enumerate(answer.citations)
    for _, rows in groupby(numbered, key=lambda row: row[1].document_id):
        yield list(rows)


def _document(turn_id: str, rows: Numbered, *, whole: bool) -> Markup:
    first = rows[0][1]
    live = [row for _, row in rows if row.status != "struck"]
    pages = dict.fromkeys(page_number(row) for row in live)
    counts = f"{plural(len(live), 'mention')} on {plural(len(pages), 'page')}" if live else "only in deleted text"
    content = lines(_line(turn_id, *row) for row in rows) if whole else _pages(turn_id, rows)
    return Markup('<section><h4>{} <span class="count">{}</span></h4><ul class="{}">{}</ul></section>').format(
        first.document,
        counts,
        "lines" if whole else "pages",
        content,
    )


def _line(turn_id: str, at: int, row: CitationRow) -> Markup:
    """A mention in context."""
    before, words, after = row.around or ("", "", "")
    marked = Markup("<mark>{}</mark>").format(words)
    marked = Markup("<del>{}</del>").format(marked) if row.status == "struck" else marked
    context = (
        Markup('<span class="words">{}{}{}</span>').format(
            _LEADERS.sub(" …", before), marked, _LEADERS.sub(" …", after)
        )
        if words
        else Markup("<em>The document was removed.</em>")
    )
    return Markup("<li>{} {}</li>").format(to_place(turn_id, at, pin(row), f"Show {pin(row)}"), context)


def _pages(turn_id: str, rows: Numbered) -> Markup:
    """A button for each page; Next and Previous in the evidence panel go through all mentions."""
    buttons = [NOTHING]
    for words, mentions in groupby(rows, key=lambda row: page(row[1])):
        first, *more = mentions
        label = f"{words} ({1 + len(more)})" if more else words
        buttons.append(Markup("<li>{}</li>").format(to_place(turn_id, first[0], label, f"Show {label}")))
    return lines(buttons)
