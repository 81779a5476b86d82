"""Proper names of answers are found on the page however their apostrophes are written."""

import pytest

from retrieval import Passage, pin_cite
from tests.documents import document
from webapp.grounding.check import check

PAGES = {
    "’": 'This lease is between D’Arcy Marine, Inc. ("D’Arcy") and Tom O’Hara ("Tenant").\n1. Rent. D’Arcy receives '
    "$900 a month from the Tenant, as Lloyd’s Register and M’Banga Shipping have advised the Tenant’s agent.\n"
}
PAGES["'"] = PAGES["’"].replace("’", "'")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("written", PAGES)
@pytest.mark.parametrize(
    ("statement", "missing"),
    [
        ("D'Arcy receives $900 a month from Tom O'Hara", ()),
        ("The advice to the Tenant's agent came from M'Banga Shipping and Lloyd's Register", ()),
        ("The advice to the Tenant's agent came from M'Bunga Shipping", ("M'Bunga Shipping",)),
        ("In a month $900 goes from O'Hare to D'Arcy", ("O'Hare",)),
    ],
)
def test_straight_and_curly_apostrophes_are_the_same_in_names(
    page: str, written: str, statement: str, missing: tuple[str, ...]
) -> None:
    lease = document(PAGES[page])
    whole = pin_cite(lease, lease.span(0, len(lease.text)))
    passage = Passage(**whole.where(), n=1, text=lease.text)
    (sentence,) = check(f"{statement.replace(chr(39), written)} [1].", [passage], {"d": lease}).sentences
    assert sentence.missing == tuple(name.replace("'", written) for name in missing)
    assert sentence.supported == (not missing)
