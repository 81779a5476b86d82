"""Every mention of a phrase as the HTML of the chat: how many, on which pages, each leading to its place.

Pure, as `chat` is.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from markupsafe import Markup

from webapp.core.results import CitationRow, MentionsResult
from webapp.core.wording import cite, plural
from webapp.page.html.parts import NOTHING, lines, page, pin, to_place

MOST_LINES = 200  # mentions that are shown with the words around them; of more, a button for each page

_LEADERS = re.compile(r"(?:\s*\.){4,}")  # the dots of a table of contents

Numbered = Sequence[tuple[int, CitationRow]]


def heading(answer: MentionsResult) -> Markup:
    """How many there are."""
    if not answer.citations:
        words = (
            f"Nowhere in {plural(answer.searched.documents, 'document')}: these words do not stand there as they are "
            f"written here."
        )
        return Markup('<p class="stand"><span aria-hidden="true">○</span> {}</p>').format(words)
    told = f"{plural(answer.count, 'mention')} in {plural(answer.documents, 'document')}."
    if answer.count > len(answer.citations):
        told += f" Only the first {len(answer.citations):,} are listed here; ask fewer documents for the others."
    return Markup('<p class="stand">{}</p>').format(told)


def body(turn_id: str, answer: MentionsResult) -> Markup:
    """Document by document: the pages, and each mention as it reads."""
    whole = len(answer.citations) <= MOST_LINES
    return Markup('<div class="mentions">{}</div>').format(
        lines(_document(turn_id, rows, whole=whole) for rows in _by_document(answer))
    )


def coverage(answer: MentionsResult) -> Markup:
    """What was looked through."""
    searched = answer.searched
    told = f"Looked through every word of {plural(searched.documents, 'document')}, {plural(searched.pages, 'page')}"
    if searched.unreadable_pages:
        told += f"; {plural(searched.unreadable_pages, 'page')} unreadable: not looked through"
    return Markup('<p class="coverage">{}.</p>').format(told)


def copied(answer: MentionsResult) -> str:
    """The list as plain text for a memo."""
    found = [f"{cite(row)}: {''.join(row.around or ())}" for row in answer.citations]
    first = f", the first {len(found):,} of them" if answer.count > len(found) else ""
    return "\n".join([f"“{answer.phrase}”: {plural(answer.count, 'mention')}{first}", *found])


def _by_document(answer: MentionsResult) -> Iterator[Numbered]:
    numbered = enumerate(answer.citations)
    for _, rows in groupby(numbered, key=lambda row: row[1].document_id):
        yield list(rows)


def _document(turn_id: str, rows: Numbered, *, whole: bool) -> Markup:
    first = rows[0][1]
    pages = dict.fromkeys(page(row) for _, row in rows)
    shown = lines(_line(turn_id, *row) for row in rows) if whole else _pages(turn_id, rows)
    return Markup('<section><h4>{} <span class="count">{} on {}</span></h4><ul class="{}">{}</ul></section>').format(
        first.document,
        plural(len(rows), "mention"),
        plural(len(pages), "page"),
        "lines" if whole else "pages",
        shown,
    )


def _line(turn_id: str, at: int, row: CitationRow) -> Markup:
    """A mention with the words around it."""
    before, words, after = row.around or ("", "", "")
    told = (
        Markup('<span class="words">{}<mark>{}</mark>{}</span>').format(
            _LEADERS.sub(" …", before), words, _LEADERS.sub(" …", after)
        )
        if words
        else Markup("<em>The document was removed.</em>")
    )
    return Markup("<li>{} {}</li>").format(to_place(turn_id, at, pin(row), f"Show {pin(row)}"), told)


def _pages(turn_id: str, rows: Numbered) -> Markup:
    """A button for each page; Next and Previous in the evidence lead through all of them."""
    buttons = [NOTHING]
    for words, here in groupby(rows, key=lambda row: page(row[1])):
        first, *more = here
        shown = f"{words} ({1 + len(more)})" if more else words
        buttons.append(Markup("<li>{}</li>").format(to_place(turn_id, first[0], shown, f"Show {shown}")))
    return lines(buttons)
