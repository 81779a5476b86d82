"""Turns of a conversation, made without a search."""

from datetime import UTC, datetime
from typing import Any

from webapp.core.results import read_turn
from webapp.store.conversations import SavedTurn

AT = datetime(2026, 11, 27, 9, 5, tzinfo=UTC)
PLACE = {"document_id": "d" * 64, "document": "lease.pdf", "section": "Section 2 (Rent)", "page": 3, "page_label": "1"}
SEARCHED = {"documents": 2, "pages": 14, "unreadable_pages": 2, "unread": "Pages 3-4 of lease.pdf could not be read."}
BUDGET = {"window": 9, "system": 1, "history": 0, "passages": 3, "reserve": 1, "sent": 2, "left_out": 7}


def cited(n: int = 1, quote: str | None = "the rent is $1", **more: Any) -> dict[str, Any]:
    return PLACE | {"n": n, "quote": quote, "verified": True, "start": 5, "end": 9, "spans": [[5, 9]]} | more


def sentence(text: str, whole: str, state: str = "supported", how: str = "quoted", **more: Any) -> dict[str, Any]:
    """The row of a sentence of a text, by its own last words."""
    row = {"text": "", "state": state, "how": how, "citations": [], "end": whole.index(text) + len(text)}
    return row | more


def turn(answer: str = "", question: str = "Why?", state: Any = "complete", **more: Any) -> SavedTurn:
    row = {"answer": answer, "found": True, "searched": SEARCHED, "budget": BUDGET, "engine": "saul"} | more
    return SavedTurn("t" * 32, "c" * 32, question, read_turn(row), state, None, AT)


def mentions(phrase: str, *words: tuple[str, str, str]) -> SavedTurn:
    rows = [cited(quote=each[1], around=each) for each in words]
    row = {"kind": "mentions", "phrase": phrase, "found": True, "count": len(rows), "documents": 1}
    return SavedTurn(
        "t" * 32, "c" * 32, phrase, read_turn(row | {"searched": SEARCHED, "citations": rows}), "complete", None, AT
    )


def documents(*rows: tuple[str, str, str]) -> SavedTurn:
    """A question to all documents: name, state and answer of each; what is found is cited."""
    its = [
        {
            "document_id": f"{n:064}",
            "document": name,
            "state": state,
            "answer": answer,
            "citations": [n] if state == "found" else [],
            "superseded_by": [],
        }
        for n, (name, state, answer) in enumerate(rows, 1)
    ]
    quotes = [
        cited(n, answer, document=name, document_id=f"{n:064}")
        for n, (name, state, answer) in enumerate(rows, 1)
        if state == "found"
    ]
    return turn("Found in some.", documents=its, citations=quotes)
