"""Addresses of the page: what a tab shows as the query of a URL, and back.

A reload, Back and Forward, and a link that was copied lead to the same place. An address names ids and offsets, never
words, and says nothing of whether what it names exists.
"""

from collections.abc import Mapping

from webapp.core.errors import EventMalformed
from webapp.core.limits import parse_integer, parse_ranges
from webapp.core.urls import PAGE, address
from webapp.page.state import PageState, Place


def address_of(state: PageState) -> str:
    """The address of what a page shows."""
    said: dict[str, str | int] = {"matter": state.matter_id, "conversation": state.conversation_id}
    place = state.place
    if place is None:
        return address(said)
    if place.document_id:
        said |= {"document": place.document_id, PAGE: place.page}
    if place.turn_id:
        said |= {"turn": place.turn_id, "item": place.item}
    if place.beside is not None:
        said["beside"] = place.beside
    return address(said, place.spans, place.version or 1)


def state_of(query: Mapping[str, str]) -> PageState:
    """What an address names; a part of it that is malformed is as if it were not there."""
    place = Place(
        query.get("document", ""),
        _number(query, "version") or None,
        _number(query, PAGE) or 1,
        _spans(query.get("spans", "")),
        turn_id=query.get("turn", ""),
        item=_number(query, "item"),
        beside=_number(query, "beside") if "beside" in query else None,
    )
    named = place if place.document_id or place.turn_id else None
    return PageState(matter_id=query.get("matter", ""), conversation_id=query.get("conversation", ""), place=named)


def _number(query: Mapping[str, str], name: str) -> int:
    try:
        return max(parse_integer(query.get(name, "")), 0)
    except EventMalformed:
        return 0


def _spans(text: str) -> tuple[tuple[int, int], ...]:
    try:
        return parse_ranges(text.replace(".", " "))
    except EventMalformed:
        return ()
