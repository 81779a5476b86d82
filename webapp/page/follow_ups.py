"""Finds what to read on after an answer: the headings of clauses that the cited ones refer to, or stand beside.

Only headings that stand in the document are offered; nothing is made up.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from retrieval import Clause, Document, Library, PinciteError, clause_at, find_references, outline
from webapp.core.results import AnswerResult, CitationRow
from webapp.page.html.foot import FollowUp
from webapp.store.conversations import SavedTurn

MOST = 3
LONGEST_HEADING = 70  # characters; what is longer is a sentence that was taken for a heading
_MOST_CITED = 4  # places whose clauses are looked at
_MOST_REFERENCES = 20  # in one clause
_LONGEST = 300_000  # characters of a document whose references are looked for: finding them takes half a second, once


def follow_ups(library: Library, matter_id: str, turns: Sequence[SavedTurn]) -> list[FollowUp]:
    """Questions to go on with after the last of these turns; none where it cites nothing that is read."""
    answer = turns[-1].answer if turns else None
    if not isinstance(answer, AnswerResult) or answer.documents or not answer.found:
        return []
    cited = [row for row in answer.citations if not row.removed and row.spans][:_MOST_CITED]
    several = len({row.document_id for row in cited}) > 1 or (answer.searched and answer.searched.documents > 1)
    found: dict[str, FollowUp] = {}
    with suppress(PinciteError, ValueError):  # a document was removed meanwhile, or reads otherwise
        known = {row.section for row in answer.citations}
        for row in cited:
            document = library.document(matter_id, row.document_id, row.text_version)
            for clause in _near(document, row):
                words = f"{clause.label()} {clause.heading}"
                if not any(section.startswith(f"{clause.label()} (") or section == clause.label() for section in known):
                    of = f" of {document.name}" if several else ""
                    question = f"What does {clause.label()} ({clause.heading}){of} say?"
                    found.setdefault(words, FollowUp(words + (f" ({document.name})" if several else ""), question))
                if len(found) == MOST:
                    return list(found.values())
    return list(found.values())


def _near(document: Document, row: CitationRow) -> Iterator[Clause]:
    """Clauses with a heading that the cited clause refers to, then the next ones, then the one before."""
    clauses = outline(document)
    at = clause_at(document, row.spans[0][0])
    while at is not None and not clauses[at].heading and clauses[at].parent is not None:
        at = clauses[at].parent
    if at is None:
        return
    span = clauses[at].span
    references = find_references(document) if len(document.text) <= _LONGEST else ()
    its = [each for each in references if span.start <= each.span.start < span.end]
    targets = [each.target for each in its[:_MOST_REFERENCES] if each.target is not None]
    siblings = [i for i, clause in enumerate(clauses) if clause.parent == clauses[at].parent]
    here = siblings.index(at)
    beside = [clauses[i] for i in (*siblings[here + 1 : here + 3], *siblings[max(0, here - 1) : here])]
    for clause in (*targets, *beside):
        if clause.heading and len(clause.heading) <= LONGEST_HEADING and clause.span.start != span.start:
            yield clause
