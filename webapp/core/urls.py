"""Builds the URLs of a document, which `web.document_routes` serves (an image of a page with highlights, the file), of
the audit log, and of a conversation: what is taken along of it, and what is being written in it.
"""

from collections.abc import Iterable, Mapping
from typing import Literal
from urllib.parse import urlencode

from webapp.core.results import Range

DOCUMENTS = "/matters/{matter_id}/documents"
PAGE = "p"  # of a document, in an address: gradio takes a "page" there for one of its own
EXPORT = "/matters/{matter_id}/conversations/{conversation_id}/export"
DRAFT = "/matters/{matter_id}/conversations/{conversation_id}/drafts/{turn_id}"
ExportForm = Literal["docx", "html", "xlsx", "csv", "pdf", "copy"]


def page_url(
    matter_id: str, document_id: str, page: int, spans: Iterable[Range] = (), zoom: float = 1.0, *, version: int = 1
) -> str:
    """URL of the image of a page (1-based) with the spans highlighted; parts of them on other pages are left out.

    Deleted words may stand at a point, which has nothing to highlight.
    `version`: of the text that the spans are in.
    """
    query = [("span", f"{start}-{end}") for start, end in spans if start < end]
    query += [("zoom", f"{zoom:g}")] if zoom != 1.0 else []
    query += [("version", str(version))] if version != 1 else []
    return f"{_url(matter_id, document_id)}/pages/{page}.png" + (f"?{urlencode(query)}" if query else "")


def words_url(matter_id: str, document_id: str, page: int, *, version: int = 1) -> str:
    """URL of where the words of a page stand on its image."""
    query = f"?version={version}" if version != 1 else ""
    return f"{_url(matter_id, document_id)}/pages/{page}.json{query}"


def place_address(
    matter_id: str, document_id: str, page: int = 1, spans: Iterable[Range] = (), *, version: int = 1
) -> str:
    """Address of the page that opens a document at a page, with these spans highlighted: a link to a pin cite."""
    return address({"matter": matter_id, "document": document_id, PAGE: page}, spans, version)


def address(said: Mapping[str, str | int], spans: Iterable[Range] = (), version: int = 1) -> str:
    """Address that opens the page at what is said: matter, conversation, turn and item of it, document and page."""
    query = [(name, str(value)) for name, value in said.items() if value != ""]
    shown = ".".join(f"{start}-{end}" for start, end in spans if start < end)
    query += [("spans", shown)] if shown else []
    query += [("version", str(version))] if version != 1 else []
    return f"/?{urlencode(query)}" if query else "/"


def pdf_url(matter_id: str, document_id: str, page: int | None = None) -> str:
    """URL of the original; browsers open it at `page`."""
    return f"{_url(matter_id, document_id)}.pdf" + (f"#page={page}" if page else "")


def changes_url(matter_id: str, old_id: str, new_id: str) -> str:
    """URL of the comparison of two versions."""
    return f"{_url(matter_id, old_id)}/changes/{new_id}"


def export_url(matter_id: str, conversation_id: str, form: ExportForm, turn_id: str = "", document_id: str = "") -> str:
    """URL of a file of a turn, or of all of a conversation; `pdf` is of a document, with its places highlighted."""
    values = {"form": form, "turn": turn_id, "document": document_id}
    query = urlencode({name: value for name, value in values.items() if value})
    return f"{EXPORT.format(matter_id=matter_id, conversation_id=conversation_id)}?{query}"


def draft_url(matter_id: str, conversation_id: str, turn_id: str) -> str:
    """URL of the stream of a turn that is being written."""
    return DRAFT.format(matter_id=matter_id, conversation_id=conversation_id, turn_id=turn_id)


def audit_url(matter_id: str = "") -> str:
    """URL of the audit log: of a matter, or of all."""
    return f"/matters/{matter_id}/audit" if matter_id else "/audit"


def _url(matter_id: str, document_id: str) -> str:
    return f"{DOCUMENTS.format(matter_id=matter_id)}/{document_id}"
