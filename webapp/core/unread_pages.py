"""Says what of documents was not searched: pages that could not be read, or only in part, and whole documents."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from retrieval import listed, numbered_pages

if TYPE_CHECKING:  # a command that goes through a server loads no database
    from retrieval import DocumentRecord

_MOST_NAMED = 3  # documents of a sentence; the others are counted


def unread_pages(records: Sequence["DocumentRecord"]) -> str:
    """Sentences that name the pages which could not be read, or only in part, with their documents, and the documents
    that failed or still wait; "" where all was read.
    """
    ready = [record for record in records if record.state == "ready"]
    unreadable = [(record.unreadable_pages, record.name) for record in ready if record.unreadable_pages]
    in_part = [(record.partly_read_pages, record.name) for record in ready if record.partly_read_pages]
    failed = [record for record in records if record.state == "failed"]
    archives = [record.name for record in failed if record.format == "ZIP"]  # of most, some of the files were read
    waiting = [record.name for record in records if record.state not in ("ready", "failed")]
    sentences = (
        _sentence(_of_documents(unreadable), "could not be read"),
        _sentence(_of_documents(in_part), "could be read only in part"),
        _sentence([record.name for record in failed if record.format != "ZIP"], "could not be read"),
        _sentence(archives, "could not be read whole"),
        _sentence(waiting, "could not be searched yet"),
    )
    return " ".join(filter(None, sentences))


def _of_documents(pages: Sequence[tuple[Sequence[int], str]]) -> list[str]:
    """The pages of each document; the first ones begin a sentence."""
    told = [f"{numbered_pages(numbers)} of {name}" for numbers, name in pages]
    return [each[:1].upper() + each[1:] if at == 0 else each for at, each in enumerate(told)]


def _sentence(subjects: Sequence[str], verb: str) -> str:
    """A sentence about pages or documents; of many the first are named."""
    if not subjects:
        return ""
    named, more = list(subjects[:_MOST_NAMED]), len(subjects) - _MOST_NAMED
    if more > 0:
        named.append(f"{more:,} more document{'s' if more > 1 else ''}")
    return f"{listed(named)} {verb}."
