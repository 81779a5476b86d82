"""Documents that the tests write down as text."""

from itertools import accumulate

from retrieval.core.documents import PAGE_BREAK, Document, Page


def document(text: str, *, id_: str = "d", name: str = "Agreement.pdf") -> Document:
    """A document whose pages are what stands between page breaks in `text`."""
    parts = text.split(PAGE_BREAK)
    ends = [end + i for i, end in enumerate(accumulate(len(part) for part in parts))]
    pages = tuple(
        Page(i, str(i), end - len(part), end) for i, (part, end) in enumerate(zip(parts, ends, strict=True), 1)
    )
    return Document(id_, name, text, pages)
