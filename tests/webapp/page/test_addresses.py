"""Addresses: every state of a page leads to one, and back to the same place."""

from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st

from webapp.page.addresses import address_of, state_of
from webapp.page.state import PageState, Place

IDS = st.text("0123456789abcdef", min_size=1, max_size=64)
NUMBERS = st.integers(0, 10**9 - 1)
RANGES = st.tuples(NUMBERS, NUMBERS).filter(lambda pair: pair[0] < pair[1])
CITATIONS = st.builds(Place, turn_id=IDS, item=NUMBERS, beside=st.none() | NUMBERS)
PAGES = st.builds(
    Place,
    document_id=IDS,
    version=st.none() | st.integers(2, 9999),
    page=st.integers(1, 10**6),
    spans=st.lists(RANGES, max_size=5).map(tuple),
    turn_id=IDS | st.just(""),
)


@given(matter=IDS, conversation=IDS | st.just(""), place=st.none() | CITATIONS | PAGES)
def test_an_address_leads_back_to_what_the_page_shows(matter: str, conversation: str, place: Place | None) -> None:
    state = PageState(matter_id=matter, conversation_id=conversation, place=place)
    address = address_of(state)
    assert address.startswith("/?")
    assert address.isascii()
    assert state_of(dict(parse_qsl(address[2:]))) == state


@given(st.dictionaries(st.sampled_from(["p", "version", "spans", "item", "beside", "document", "turn"]), st.text()))
def test_whatever_stands_in_an_address_is_read_or_left_out(query: dict[str, str]) -> None:
    place = state_of(query).place
    assert place is None or (place.page >= 1 and all(start < end for start, end in place.spans))


def test_an_address_has_no_words_that_were_searched_for() -> None:
    assert "secret" not in address_of(PageState(matter_id="m", place=Place("d", words="secret words")))
