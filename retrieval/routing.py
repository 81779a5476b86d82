"""Which documents a question names, and the question without their name.

A title drags cover pages to the top of a search, so it is taken out: "Consider the Distributor Agreement between A and
B; who may terminate?" is searched as "who may terminate?" in that one contract. A name is believed when a document's file
name or opening has nearly all of its words, rare ones counting more.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from retrieval.lexical import Lexical

_ASKED = 8  # documents looked at for a name
_NEARLY_ALL = 0.75  # of a name's words by their rarity
_CLOSE = 0.97  # of the best score; documents as close as that are both meant

_LEADING = re.compile(
    r"\s*(?:consider|regarding|concerning|re:?|as (?:to|for)|with (?:respect|regard) to)\s+(?P<name>.+?)\s*[;:]\s+(?P<rest>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_WITHIN = re.compile(
    r"\b(?:in|under|of|from|for|does|do|is|has)\s+(?:the|our|this)?\s*"
    r"(?P<name>(?:[A-Z0-9][\w&.,'’-]*\s+(?:(?:of|and|the|for|&)\s+)*)+"
    r"(?:[A-Z][\w.'’-]*|agreement|contract|lease|licen[cs]e|amendment|deed|letter|note|plan)\b)"
)
_SECTION = re.compile(r"\b(?:Section|Article|Clause|Schedule|Exhibit|Annex|Appendix)\s+[\dIVXA-Z]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Route:
    """The documents a question means (None: it names none) and what it asks of them."""

    document_ids: tuple[str, ...] | None
    question: str


def route(lexical: Lexical, matter_id: str, question: str, document_ids: Collection[str] | None) -> Route:
    """Find the documents that a question names among those in scope; several where their names are equally close."""
    if leading := _LEADING.fullmatch(question):
        named = _named(lexical, matter_id, leading["name"], document_ids, sure=True)
        if named:
            return Route(named, leading["rest"])
    for within in _WITHIN.finditer(question):
        if _SECTION.match(within["name"]):
            continue
        named = _named(lexical, matter_id, within["name"], document_ids, sure=False)
        if named:
            rest = f"{question[: within.start('name')]}contract{question[within.end('name') :]}"
            return Route(named, rest)
    return Route(None, question)


def _named(
    lexical: Lexical, matter_id: str, name: str, document_ids: Collection[str] | None, *, sure: bool
) -> tuple[str, ...]:
    """The documents of a name; `sure` when the question's form says that it is one."""
    stems = set(lexical.stems(name))
    found = lexical.documents(matter_id, stems, document_ids, _ASKED)
    if not found:
        return ()
    best = max(found.values())
    if not sure and not _covers(lexical, matter_id, stems, next(id_ for id_, s in found.items() if s == best)):
        return ()
    return tuple(id_ for id_, score in found.items() if score >= _CLOSE * best)


def _covers(lexical: Lexical, matter_id: str, stems: set[str], document_id: str) -> bool:
    weights = lexical.rarity(matter_id, stems, "openings")
    held = sum(w for stem, w in weights.items() if lexical.documents(matter_id, [stem], [document_id], 1))
    return held >= _NEARLY_ALL * sum(weights.values())
