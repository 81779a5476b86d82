"""Right statements in other words than the page's: states, sections, counts of lists, round figures, roles; and beside
each a wrong one of its kind.
"""

import pytest

from retrieval import Passage, pin_cite
from tests.documents import document
from webapp.grounding.check import CheckedSentence, check

TEXT = (
    "CHARTER AGREEMENT\n"
    "This Agreement is between Gull Ferries, Inc., of 9 Wharf Street, Bangor, ME 04401 (“Carrier”), and Otter Tours, "
    "LLC, of Salem, OR 97301 (“Charterer”).\n"
    "Article 12\n"
    "The Charterer shall (i) book the crossings; (ii) collect the fares; and (iii) clean the cabins. The price of the "
    "boat is $4,817,300. The map shall not exceed 300Kb in size.\n"
    "Sections 4, 5 and 11 survive the end of this Agreement. The charter is non-exclusive. The Carrier may sell the "
    "boat, and the Northern Isle’s Traders keep the title. The laws of Quebec govern this Agreement. The crew "
    "gets full pay for a week and half pay for a month. The Charterer may end the charter on March 24, 2028 by giving "
    "the Carrier six months’ prior notice.\n"
)
CHARTER = document(TEXT)
WHOLE = Passage(**pin_cite(CHARTER, CHARTER.span(0, len(TEXT))).where(), n=1, text=TEXT)


def sentence(statement: str) -> CheckedSentence:
    (found,) = check(f"{statement} [1].", [WHOLE], {"d": CHARTER}).sentences
    return found


@pytest.mark.parametrize(
    ("right", "wrong", "missing"),
    [
        ("Gull Ferries has its address in Bangor, Maine", "Gull Ferries has its address in Bangor, Idaho", "Idaho"),
        ("Otter Tours comes from Oregon", "The agreement is under the law of Oregon", "Oregon"),
        ("The duties are set out in Art. 12", "The duties are set out in Art. 13", "Art. 13"),
        ("Some sections survive: 4, 5 and 11", "Some sections survive: 4, 5 and 17", "17"),
        ("Otter Tours has three chores", "Otter Tours has seven chores", "seven"),
        ("The boat's price is about $4.8 million", "The boat's price is about $4.7 million", "$4.7 million"),
        ("The boat's price is $4,817,300", "The boat's price is $4.8 million", "$4.8 million"),
        ("The map has at most 300 kilobytes", "The map has at most 310 kilobytes", "310"),
        ("The crew then gets half pay for a month", "The crew then gets a third of its pay for a month", "a third"),
        ("The title is kept by the NIT", "The title is kept by the NXT", "NXT"),
        ("Gull Ferries may sell the boat to a purchaser", "The licensee may sell the boat", "licensee"),
    ],
)
def test_what_the_page_says_in_another_form_is_not_missing(right: str, wrong: str, missing: str) -> None:
    assert sentence(right).missing == ()
    assert missing in sentence(wrong).missing


@pytest.mark.parametrize(
    ("statement", "state"),
    [
        ("The Charterer must give notice of the end by September 24, 2027", "computed"),
        ("Notice of the end must be given to the Carrier by September 24, 2027", "computed"),
        ("The Carrier must give notice of the end by September 24, 2027", "unsupported"),
    ],
)
def test_a_day_is_computed_for_the_party_that_the_clause_of_its_operands_binds(statement: str, state: str) -> None:
    assert sentence(statement).state == state


@pytest.mark.parametrize("said", ["isn't exclusive", "is not an exclusive one"])
def test_the_denial_of_a_standard_is_its_opposite(said: str) -> None:
    assert sentence(f"The charter {said}").supported
    assert not sentence("The charter is exclusive").supported
