"""A sentence that denies a limit of its clause, takes in what that excepts, or gives another frequency, start, side or
state, is marked; the same with the clause's own is not.
"""

import pytest

from retrieval import Passage, pin_cite
from tests.documents import document
from webapp.grounding.check import CheckedSentence, check
from webapp.grounding.overstatements import overstated

TEXT = (
    "MOORING AGREEMENT\n"
    "This Agreement is between Teal Marinas, Inc. (“Owner”), and Skua Yachts LLC (“Tenant”).\n"
    "1. Tenant may not sublet the berth without the prior written consent of Owner.\n"
    "2. Owner may cancel the season ticket ten days after it has given Tenant written notice of a default.\n"
    "3. The surcharge is payable so long as the crane is in service.\n"
    "4. Other than winter lifts, all lifts are made at the north quay by the harbour crew.\n"
    "5. The dues are adjusted annually in proportion to the price index.\n"
    "6. Bills for electricity are payable within 20 days of receipt.\n"
    "7. Tenant shall give a notice of departure 45 days prior to the end of the summer.\n"
    "8. The laws of Oregon govern this Agreement, and the rules of the Hague Convention are excluded.\n"
    "9. Owner may not raise the deposit before the second season. Neither party shall sell its rights or delegate "
    "its tasks to a stranger.\n"
    "10. The cap on damages shall not apply to fuel spills.\n"
    "11. Tenant shall not, without a permit, directly or indirectly, lease or lend the pontoon.\n"
    "12. Owner is the sole supplier of diesel to the berth. Owner shall ship the spare buoys to the chandlery.\n"
    "13. Either party may leave the association on a month’s notice, and Owner shall in no event be liable for theft.\n"
    "14. The initial term is three years. The harbour committee meets quarterly.\n"
    "15. Owner shall help the divers of Tenant and shall store the lines. The wash is limited to 40 litres a day.\n"
    "16. If the house rules and the tariff conflict, the tariff shall control. Tenant may leave the quay at any time "
    "prior to the first of May. The guarantee of Tenant is unconditional. Owner shall have the right of prior written "
    "approval over all repairs by Tenant. If no answer is given within a week, the repair shall be deemed refused.\n"
    "17. Marina Day means the second Saturday of June, on which the slipway is open for 9 hours.\n"
)
MOORING = document(TEXT)


def passage(first: int, last: int) -> Passage:
    start, end = TEXT.index(f"\n{first}. ") + 1, TEXT.index(f"\n{last + 1}. ") if last < 17 else len(TEXT)
    span = MOORING.span(start, end)
    return Passage(**pin_cite(MOORING, span).where(), n=1, text=MOORING.slice(span))


def sentence(statement: str, where: Passage) -> CheckedSentence:
    (found,) = check(f"{statement} [1].", [where], {"d": MOORING}).sentences
    return found


@pytest.mark.parametrize(
    ("clause", "right", "wrong"),
    [
        (16, "In a conflict with the house rules the tariff prevails", "In a conflict the house rules take precedence"),
        (16, "Tenant may leave the quay at any time before the first of May", "Tenant may leave the quay at any time"),
        (16, "The guarantee of Tenant is unconditional", "The guarantee of Tenant is conditional"),
        (16, "Tenant needs Owner's approval for its repairs", "Owner needs Tenant's approval for its repairs"),
        (
            16,
            "If no answer is given, the repair is deemed refused",
            "The repair is not deemed refused without an answer",
        ),
        (1, "The tenant needs written consent to sublet the berth", "Tenant may not sublet the berth in any case"),
        (1, "Without consent the tenant cannot sublet", "The tenant can sublet the berth on its own"),
        (2, "The ticket may be cancelled ten days after notice", "The ticket may be cancelled without any notice"),
        (
            3,
            "The surcharge is due while the crane is in service",
            "The surcharge is due whether or not the crane works",
        ),
        (
            4,
            "Apart from winter lifts, lifts are made at the quay",
            "Lifts, including winter lifts, are made at the quay",
        ),
        (5, "Once a year the dues follow the price index", "Every month the dues follow the price index"),
        (
            6,
            "Bills are to be paid within 20 days after they are received",
            "Bills are payable within 20 days of their date",
        ),
        (7, "Notice is given 45 days before the summer ends", "Notice is given 45 days after the summer has ended"),
        (8, "Oregon law governs the agreement", "Michigan law governs the agreement"),
        (8, "Oregon law governs, without the Hague rules", "Oregon law governs, including the Hague Convention"),
        (
            9,
            "From the second season on Owner may raise the deposit",
            "Owner may raise the deposit before the second season",
        ),
        (9, "No party may delegate its tasks to a stranger", "A party may delegate its tasks to a stranger"),
        (10, "Fuel spills are not under the cap on damages", "The cap also applies to fuel spills"),
        (
            11,
            "The tenant may not lend the pontoon without a permit",
            "Owner must not lend the pontoon without a permit",
        ),
        (12, "Diesel is supplied by Owner alone", "Tenant is the sole supplier of diesel to the berth"),
        (12, "It is Owner that has to send the buoys", "It is Tenant that has to send the buoys to the chandlery"),
        (13, "Both parties may leave the association", "Only the lessee may leave the association"),
        (13, "Each party can leave the association", "Neither party may ever leave the association"),
        (13, "Owner is liable for no theft", "Owner is liable for theft"),
        (15, "Owner has to store the lines", "Tenant has to store the lines"),
        (15, "The wash takes at most 40 litres a day", "The wash takes at least 40 litres a day"),
    ],
)
def test_what_a_sentence_overstates_or_turns_is_marked(clause: int, right: str, wrong: str) -> None:
    assert sentence(right, passage(clause, clause)).reason == ""
    assert sentence(wrong, passage(clause, clause)).reason != ""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("The first term is three years", "The second term is three years"),
        ("The harbour committee meets four times a year", "The harbour committee meets twice a year"),
    ],
)
def test_the_first_term_is_the_initial_one_and_four_times_a_year_quarterly(right: str, wrong: str) -> None:
    assert sentence(right, passage(14, 14)).reason == ""
    assert sentence(wrong, passage(14, 14)).reason != ""


@pytest.mark.parametrize(
    ("said", "is_other"),
    [
        ("Although both are companies of Texas, the laws of Oregon govern.", False),
        ("The laws of Oregon govern, not those of Texas.", False),
        ("While the buyer sits in Texas, Oregon law applies.", False),
        ("The laws of Texas govern.", True),
        ("Although the seller sits in Oregon, the laws of Texas govern.", True),
    ],
)
def test_a_state_that_is_conceded_or_ruled_out_is_not_said_of_the_clause(said: str, is_other: bool) -> None:
    clause = ["The laws of Oregon govern this Agreement."]
    assert list(overstated(said, clause, clause, calculates=False)) == (
        ["the clause says Oregon, not Texas"] if is_other else []
    )


def test_a_figure_may_stand_in_the_definition_of_a_term_that_the_sentence_uses() -> None:
    assert sentence("On Marina Day the harbour crew works for 9 hours at the quay", passage(4, 4)).missing == ()
    assert sentence("In winter the harbour crew works for 9 hours at the quay", passage(4, 4)).missing == ("9 hours",)
