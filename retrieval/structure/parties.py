"""Title, preamble and parties of a contract, with the roles and short forms that its preamble gives them."""

from dataclasses import dataclass

from retrieval.core.documents import Document, Span


@dataclass(frozen=True, slots=True)
class Party:
    """A party: its name, its role ("Supplier") and the other short forms that the document defines for it.

    `where` is the name; `span` the words that introduce it, from its name to its last definition.
    """

    name: str
    role: str
    short_forms: tuple[str, ...]
    where: Span
    span: Span


@dataclass(frozen=True, slots=True)
class Opening:
    """How a document begins: its title, the paragraph that names its parties, the parties, and its recitals."""

    title: str = ""
    title_span: Span | None = None
    preamble: Span | None = None
    parties: tuple[Party, ...] = ()
    recitals: Span | None = None


def find_opening(document: Document) -> Opening:  # noqa: ARG001 (to come)
    """Title, preamble, parties and recitals of a document."""
    return Opening()
