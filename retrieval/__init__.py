"""A PDF becomes ranked, packed passages. What stands here is all that other rooms may use."""

from retrieval.documents import Document, Page, Span
from retrieval.errors import PinciteError

__all__ = ["Document", "Page", "PinciteError", "Span"]
