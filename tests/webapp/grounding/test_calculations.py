from datetime import date

import pytest

from retrieval import Document, DocumentDate
from retrieval.core.documents import Page
from webapp.grounding.calculations import Source, compute

PREAMBLE = "This Agreement is made as of March 1, 2020 (the “Effective Date”) by Acme Holdings, Inc. and Beta GmbH.\n"


def source(clause: str, beside: str = "") -> Source:
    """A document of which the clause bears the sentence, and `beside` is in the passage too."""
    text = f"{PREAMBLE}{beside}{clause}\n"
    document = Document("d", "Agreement", text, (Page(1, "1", 0, len(text)),))
    start = text.index("March 1, 2020")
    made = DocumentDate("made", date(2020, 3, 1), "March 1, 2020", document.span(start, start + 13))
    at = len(PREAMBLE)
    clause_at = text.index(clause)
    return Source(
        document,
        (document.span(at, len(text)),),
        (document.span(clause_at, clause_at + len(clause)),),
        (made,),
    )


TERM = "The term commences on the Effective Date and continues for eighteen (18) months."
RENEWS = (
    "The initial term begins on January 1, 2021 and continues for three (3) years. It renews for successive terms of "
    "one (1) year each unless either party gives written notice at least sixty (60) days before the end of the "
    "then-current term."
)
FEES = "The fee is $100,000 in the first year, $120,000 in the second year and $140,000 in the third year."
SHARE = "Buyer shall pay a deposit of five percent (5%) of the purchase price of $200,000 on signing."
RENT = "Tenant shall pay rent of $1,500 per month for a term of twelve (12) months."
RISES = "The annual fee is $100,000 and shall increase by three percent (3%) each year."
SERVICES = "Customer shall pay $5,000 for setup, $2,000 for training and $3,500 for support."
DATES = "This Lease begins on January 1, 2020 and ends on December 31, 2022."
UNITS = "Buyer shall buy 500 units at a price of $20 per unit."
CURE = "Licensee shall cure the breach within thirty (30) days after March 15, 2021."
BUSINESS = "Seller shall deliver within ten (10) business days after March 15, 2021."

RIGHT = [
    (TERM, "The agreement ends on September 1, 2021.", "March 1, 2020 + 18 months = September 1, 2021"),
    (TERM, "The term expires 18 months after March 1, 2020, on September 1, 2021.", "= September 1, 2021"),
    (TERM, "March 1, 2020 + 18 months = September 1, 2021", "March 1, 2020 + 18 months = September 1, 2021"),
    (TERM, "The term ends on August 31, 2021.", "March 1, 2020 + 18 months − 1 day = August 31, 2021"),
    (TERM, "The term runs through 31 August 2021.", "August 31, 2021"),
    (TERM, "It ends in September 2021.", "September 1, 2021"),
    (TERM.replace("eighteen (18) months", "two years"), "It ends on March 1, 2022.", "March 1, 2020 + 2 years"),
    (RENEWS, "The initial term ends on December 31, 2023.", "January 1, 2021 + 3 years − 1 day = December 31, 2023"),
    (RENEWS, "The initial term ends on January 1, 2024.", "January 1, 2021 + 3 years = January 1, 2024"),
    (
        RENEWS,
        "Notice of non-renewal must be given by November 1, 2023.",
        "January 1, 2021 + 3 years − 1 day − 60 days = November 1, 2023",
    ),
    (RENEWS, "The last day to give notice is November 2, 2023.", "January 1, 2021 + 3 years − 60 days"),
    (
        RENEWS,
        "The initial term ends on December 31, 2023, so notice must be given by November 1, 2023.",
        "= December 31, 2023; ",
    ),
    (DATES + " " + RENEWS.split(". ")[1], "Notice is due by November 1, 2022.", "December 31, 2022 − 60 days"),
    (CURE, "The breach must be cured by April 14, 2021.", "March 15, 2021 + 30 days = April 14, 2021"),
    (CURE.replace("thirty (30) days", "two weeks"), "It must be cured by March 29, 2021.", "March 15, 2021 + 2 weeks"),
    (
        CURE.replace("thirty (30) days after March 15", "one month after January 31"),
        "It must be cured by February 28, 2021.",
        "January 31, 2021 + 1 month = February 28, 2021",
    ),
    (
        "Acme may exercise the option until the fifth (5th) anniversary of the Effective Date.",
        "The option can be exercised until March 1, 2025.",
        "March 1, 2020 + 5 years = March 1, 2025",
    ),
    ("This Agreement has a term of three years.", "The agreement ends on March 1, 2023.", "March 1, 2020 + 3 years"),
    (
        "Either party may end it on ninety (90) days’ notice before June 30, 2022.",
        "Notice must be given by April 1, 2022.",
        "June 30, 2022 − 90 days = April 1, 2022",
    ),
    (FEES, "The total over the three years is $360,000.", "$100,000 + $120,000 + $140,000 = $360,000"),
    (FEES, "Together the first two years cost $220,000.", "$100,000 + $120,000 = $220,000"),
    (FEES, "In years 2 and 3 the fees total $260,000.", "$120,000 + $140,000"),
    (FEES, "$100,000 plus $140,000 is $240,000.", "$100,000 + $140,000 = $240,000"),
    (FEES, "The fee of the third year is $40,000 more than that of the first year.", "$140,000 − $100,000 = $40,000"),
    (FEES, "From $100,000 to $120,000 the fee rises by $20,000.", "$120,000 − $100,000 = $20,000"),
    (FEES, "From $100,000 to $120,000 the fee rises by 20%.", "($120,000 − $100,000) ÷ $100,000 = 20%"),
    (SHARE, "The deposit is $10,000.", "5% of $200,000 = $10,000"),
    (SHARE, "The deposit is $10,000 (5% of $200,000).", "5% of $200,000 = $10,000"),
    (SHARE, "After the deposit, $190,000 remains to be paid.", "$200,000 − 5% = $190,000"),
    (RENT, "The rent is $18,000 a year.", "$1,500 × 12 = $18,000"),
    (RENT, "Over the term the rent comes to $18,000 in total.", "12 months × $1,500 a month = $18,000"),
    (RENT.replace("twelve (12)", "eighteen (18)"), "Over 18 months the rent is $27,000.", "18 months × $1,500 a month"),
    ("The fee is $120,000 per year, payable monthly.", "That is $10,000 a month.", "$120,000 ÷ 12 = $10,000"),
    (
        "The fee is $100,000 per year, payable monthly.",
        "That is $8,333.33 a month.",
        "$100,000 ÷ 12 = $8,333.33",
    ),
    (RISES, "In the second year the fee is $103,000.", "$100,000 + 3% = $103,000"),
    (RISES, "In the third year the fee is $106,090.", "$100,000 × (1 + 3%)^2 = $106,090"),
    (RISES, "In the second year the fee rises by $3,000.", "3% of $100,000 = $3,000"),
    (SERVICES, "In total Customer pays $10,500.", "$5,000 + $2,000 + $3,500 = $10,500"),
    (SERVICES, "Setup at $5,000 and training at $2,000 together cost $7,000.", "$5,000 + $2,000 = $7,000"),
    (DATES, "The lease lasts three years.", "January 1, 2020 to December 31, 2022 = 3 years"),
    (DATES, "The term is 36 months.", "January 1, 2020 to December 31, 2022 = 36 months"),
    (
        "The option may be exercised from June 1, 2021 to June 30, 2021.",
        "The option can be exercised for 30 days.",
        "June 1, 2021 to June 30, 2021 = 30 days",
    ),
    (UNITS, "The order comes to $10,000 in total.", "500 units × $20 = $10,000"),
    (UNITS, "500 units at $20 each cost $10,000.", "$10,000"),
    ("The parties share the costs: Acme bears 60% and Beta 15%.", "Together they bear 75% of them.", "60% + 15% = 75%"),
    (
        "The initial term is two (2) years, and Licensee may extend it by one (1) year.",
        "With the extension the total term is three years.",
        "2 years + 1 year = 3 years",
    ),
]

WRONG = [
    (TERM, "The agreement ends on October 1, 2021."),
    (TERM, "The agreement ends on September 1, 2022."),
    (TERM, "The agreement ends on September 2, 2021."),
    (TERM, "The term expires 12 months after March 1, 2020, on March 1, 2021."),
    (TERM, "The term expires 18 months after April 1, 2020, on October 1, 2021."),
    (RENEWS, "The initial term ends on January 1, 2022."),
    (RENEWS, "The initial term ends on December 31, 2022."),
    (RENEWS, "Notice of non-renewal must be given by December 1, 2023."),
    (RENEWS, "Notice of non-renewal must be given by January 1, 2024."),
    (CURE, "The breach must be cured by April 15, 2021."),
    (CURE, "The breach must be cured by April 13, 2021."),
    (CURE, "The breach must be cured by February 13, 2021."),
    (FEES, "The total over the three years is $340,000."),
    (FEES, "Together the first two years cost $240,000."),
    (FEES, "In years 2 and 3 the fees total $240,000."),
    (FEES, "The fee of the third year is $20,000 more than that of the first year."),
    (FEES, "The fee is $360,000."),  # nothing says that it is a total
    (FEES, "From $100,000 to $120,000 the fee rises by 17%."),
    (SHARE, "The deposit is $20,000."),
    (SHARE, "The deposit is €10,000."),
    (RENT, "The rent is $15,000 a year."),
    (RENT, "Over the term the rent comes to $1,800 in total."),
    (RISES, "In the third year the fee is $106,000."),
    (RISES, "In the third year the fee is $103,000."),
    (SERVICES, "In total Customer pays $10,000."),
    (SERVICES, "Setup at $5,000 and training at $2,000 together cost $8,500."),
    (DATES, "The lease lasts four years."),
    (DATES, "The term is 35 months."),
    (UNITS, "The order comes to $20,000 in total."),
    (BUSINESS, "Delivery is due by March 25, 2021."),
    (BUSINESS, "Delivery is due by March 29, 2021."),
]


@pytest.mark.parametrize(("clause", "sentence", "text"), RIGHT)
def test_what_follows_from_operands_is_computed_and_shown(clause: str, sentence: str, text: str) -> None:
    cited = source(clause)
    computation = compute(sentence, [cited])
    assert computation is not None
    assert text in computation.text
    assert computation.rule
    places = [*cited.spans, *(day.span for day in cited.dates)]
    assert all(any(place.contains(operand) for place in places) for operand in computation.operands)


@pytest.mark.parametrize(("clause", "sentence"), WRONG)
def test_what_does_not_follow_is_not_computed(clause: str, sentence: str) -> None:
    assert compute(sentence, [source(clause)]) is None
