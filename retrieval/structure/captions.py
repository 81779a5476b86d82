"""Caption of a court paper: court, case number, parties and counsel."""

from dataclasses import dataclass

from retrieval.core.documents import Document, Span


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption. `parties` are names with what they are ("Acme Corp.", "Plaintiff"); `counsel` those who appear."""

    court: str
    case_number: str
    parties: tuple[tuple[str, str], ...]
    counsel: tuple[str, ...]
    span: Span


def find_caption(document: Document) -> Caption | None:  # noqa: ARG001 (to come)
    """The caption of a document; None for one that is no court paper."""
    return None
