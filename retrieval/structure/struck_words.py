"""Finds a phrase in words that a redline deletes: they are in no text, and can be found as deleted ones.

What is struck without a live word between is one stretch. It has its place in the text (a point, or the blanks in the
words' stead), and its words beside it.
"""

from collections.abc import Iterator

from retrieval.core.cache import document_cache
from retrieval.core.documents import Document, Remark, Span
from retrieval.structure.phrase_search import InContext, cut_after, cut_before, in_context, mentions_in


def each_struck_mention(document: Document, phrase: str) -> Iterator[Span]:
    """Find the stretches of struck words that have a phrase, as exactly as `each_mention`; yields their places."""
    for span, words in _stretches(document).items():
        if any(mentions_in(document, words, phrase)):
            yield span


def struck_in_context(document: Document, span: Span, phrase: str) -> InContext | None:
    """A phrase in the struck words at a place, with the words around it, live ones too; None where it is not there."""
    words = _stretches(document).get(span, "")
    found = next(mentions_in(document, words, phrase), None)
    if found is None:
        return None
    live = in_context(document, span)
    before, after = " ".join(words[: found[0]].split()), " ".join(words[found[1] :].split())
    return InContext(
        cut_before(f"{live.before.strip()} {before}".strip()) + " ",
        " ".join(words[slice(*found)].split()),
        " " + cut_after(f"{after} {live.after.strip()}".strip()),
    )


@document_cache()
def _stretches(document: Document) -> dict[Span, str]:
    """The words of each stretch by its place; where several lie at one point they are one."""
    stretches: list[list[Remark]] = []
    for remark in document.remarks_of("struck"):
        end = stretches[-1][-1].end if stretches else -1
        if end >= 0 and not document.text[end : remark.start].strip():
            stretches[-1].append(remark)
        else:
            stretches.append([remark])
    return {
        document.span(each[0].start, max(remark.end for remark in each)): " ".join(remark.words for remark in each)
        for each in stretches
    }
