from collections.abc import Iterator
from datetime import date
from fractions import Fraction

import pytest
from dateutil.relativedelta import relativedelta

from retrieval import Document, DocumentDate
from retrieval.core.documents import Page
from webapp.grounding.calculations import OTHER_DAY, Source, compute, not_computed
from webapp.grounding.facts import Fact, find_facts
from webapp.grounding.operands import as_day, date_of, shown, values_of

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
BREAK = "Tenant may terminate this lease on March 24, 2028 by giving Landlord not less than six months’ prior notice."
FEES = "The fee is $100,000 in the first year, $120,000 in the second year and $140,000 in the third year."
SHARE = "Buyer shall pay a deposit of five percent (5%) of the purchase price of $200,000 on signing."
RENT = "Tenant shall pay rent of $1,500 per month for a term of twelve (12) months."
RISES = "The annual fee is $100,000 and shall increase by three percent (3%) each year."
SERVICES = "Customer shall pay $5,000 for setup, $2,000 for training and $3,500 for support."
DATES = "This Lease begins on January 1, 2020 and ends on December 31, 2022."
UNITS = "Buyer shall buy 500 units at a price of $20 per unit."
CURE = "Licensee shall cure the breach within thirty (30) days after March 15, 2021."
DAMAGES = "Each late day costs Provider $750 per day, up to a maximum of $15,000."
PARTS = "Client shall pay $60,000 in five equal annual installments."
ROYALTY = "Licensee shall pay a royalty of 8% of sales."
BALANCE = "The purchase price is $900,000, of which 30% is payable at signing and the balance at closing."
SHARES = "Seller holds 150,000 shares out of 600,000 shares of the Company."
TWICE = "The cap on liability is twice the annual fee of $45,000."
LATE = "Overdue amounts bear interest at 1.5% per month."
MINIMUM = "Buyer shall order at least 40 units per month."
HALF_YEAR = "The charter begins on March 15, 2018 and ends on September 15, 2021."
BUSINESS = "Seller shall deliver within ten (10) business days after March 15, 2021."

RIGHT = [
    (DAMAGES, "Ten days cost $7,500.", "10 days × $750 a day = $7,500"),
    (DAMAGES, "The maximum is reached after 20 days.", "$15,000 ÷ $750 a day = 20 days"),
    (PARTS, "Each installment is $12,000.", "$60,000 ÷ 5 = $12,000"),
    (PARTS, "After two installments $36,000 remains unpaid.", "$60,000 × 3 ÷ 5 = $36,000"),
    (ROYALTY, "On sales of $2,000,000 the royalty is $160,000.", "8% of $2,000,000 = $160,000"),
    (BALANCE, "At signing $270,000 is payable.", "30% of $900,000 = $270,000"),
    (BALANCE, "At closing $630,000 remains to be paid.", "$900,000 − 30% = $630,000"),
    (BALANCE, "70% of the price is due at closing.", "100% − 30% = 70%"),
    (SHARES, "Seller holds 25% of the shares.", "150,000 shares ÷ 600,000 shares = 25%"),
    (SHARES, "The others hold 450,000 shares.", "600,000 shares − 150,000 shares = 450,000 shares"),
    (TWICE, "Liability is capped at $90,000.", "2 × $45,000 = $90,000"),
    (LATE, "The interest is 18% per year.", "1.5% × 12 = 18%"),
    (MINIMUM, "In a year Buyer must order at least 480 units.", "40 units × 12 = 480 units"),
    (HALF_YEAR, "The charter lasts three years and six months.", "March 15, 2018 to September 15, 2021"),
    (SERVICES, "Setup and support together cost $8,500.", "$5,000 + $3,500 = $8,500"),
    (SERVICES, "Setup costs $3,000 more than training.", "$5,000 − $2,000 = $3,000"),
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
    (
        "Customer may end it by one hundred eighty (180) days’ notice that takes effect on or after March 1, 2027.",
        "180 days before March 1, 2027 is September 2, 2026.",
        "March 1, 2027 − 180 days = September 2, 2026",
    ),
    (
        "Customer may end it by one hundred eighty (180) days’ notice that takes effect on or after March 1, 2027.",
        "To end it on March 1, 2027, notice must be given by September 2, 2026.",
        "March 1, 2027 − 180 days = September 2, 2026",
    ),
    (BREAK, "The last day to give a break notice is September 24, 2027.", "March 24, 2028 − 6 months"),
    (
        "This Agreement enters into force on January 1, 2024 and shall remain in force for a period of four years.",
        "The agreement is in force until December 31, 2027.",
        "January 1, 2024 + 4 years − 1 day",
    ),
    (
        "This Agreement continues for two years from its date.",
        "It continues until February 28, 2022.",
        "+ 2 years − 1 day",
    ),
    ("Monthly fee: EUR 64,000.", "The monthly fee adds up to EUR 768,000 a year.", "€64,000 × 12 = €768,000"),
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
    (BREAK, "The last day to give a break notice is September 24, 2028."),
    ("The invoice is payable within two years from its date.", "It is payable until February 28, 2022."),
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


def altered(fact: Fact) -> Iterator[str]:
    """Other values of a fact that is a date or has a unit, near ones and far ones; of a date none that is a day off."""
    if day := date_of(fact):
        apart = [relativedelta(days=30), relativedelta(months=1), relativedelta(years=1), relativedelta(days=2)]
        yield from (as_day(value) for each in apart for value in (day + each, day - each))
        return
    for value, unit, _ in values_of(fact):
        if unit != ("number",):
            yield from (shown(value * Fraction(times), unit) for times in ("2", "1.1", "0.9", "10", "0.5", "1.01"))


@pytest.mark.parametrize(("clause", "sentence", "text"), RIGHT)
def test_no_calculation_holds_with_another_value(clause: str, sentence: str, text: str) -> None:
    cited = source(clause)
    right = compute(sentence, [cited])
    assert right is not None
    assert text in right.text
    for fact in find_facts(sentence):
        for value in altered(fact) if fact.text in right.derived else ():
            wrong = f"{sentence[: fact.start]}{value}{sentence[fact.end :]}"
            assert compute(wrong, [cited]) is None, wrong


@pytest.mark.parametrize(
    ("clause", "sentence", "is_computed"),
    [
        (RENT, "The total insurance premium is $18,000 (12 × $1,500).", False),
        (RENT, "Tenant pays $18,000 in insurance premiums in total.", False),
        (RENT, "Over the term the cost of the insurance comes to $18,000.", False),
        (RENT, "$18,000 is the insurance premium for the term.", False),
        (RENT, "The total rent is $18,000 (12 × $1,500).", True),
        (RENT, "Over the term of the lease the total cost is $18,000.", True),
        (RENT, "$18,000 is the rent for the whole term.", True),
        (UNITS, "The total price is $10,000.", True),
        (UNITS, "The licence fee comes to $10,000 in total.", False),
        (UNITS, "The storage charges come to $10,000 in total.", False),
        (LATE, "The commission is 18% per year.", False),
        (TERM, "The warranty ends on September 1, 2021.", False),
        (TERM, "The licence ends on September 1, 2021.", True),
        ("The warranty period is one year from the Effective Date.", "The agreement ends on March 1, 2021.", False),
        ("The warranty period is one year from the Effective Date.", "The warranty ends on March 1, 2021.", True),
    ],
)
def test_a_result_is_computed_only_of_what_the_clause_of_its_operands_speaks_of(
    clause: str, sentence: str, is_computed: bool
) -> None:
    assert (compute(sentence, [source(clause)]) is not None) is is_computed


@pytest.mark.parametrize(
    ("clause", "excepts"),
    [
        (
            f"{TERM[:-1]} from the Effective Date, unless terminated earlier under Section 7.",
            "unless terminated earlier",
        ),
        (f"Unless sooner terminated as provided in Article 9, the {TERM[4:]}", "Unless sooner terminated as provided"),
        (
            f"{TERM[:-1]} thereafter, subject to earlier termination as provided herein.",
            "subject to earlier termination",
        ),
        (f"{TERM[:-1]} or until earlier terminated by either party.", "or until earlier terminated"),
    ],
)
def test_an_end_is_computed_though_a_term_may_end_earlier_and_that_is_said(clause: str, excepts: str) -> None:
    said = "The agreement ends on September 1, 2021"
    for sentence in (f"{said}.", f"{said}, 18 months after March 1, 2020, unless it is terminated earlier."):
        computation = compute(sentence, [source(clause)])
        assert computation is not None
        assert f"its clause excepts: “{excepts}" in computation.rule


def test_a_term_that_runs_through_a_day_ends_on_it() -> None:
    assert compute("The term runs through August 31, 2021.", [source(TERM)])
    assert compute("The term runs through September 1, 2021.", [source(TERM)]) is None


@pytest.mark.parametrize(
    ("day", "period", "end"),
    [
        ("January 31, 2021", "one month", "February 28, 2021"),
        ("January 31, 2024", "one month", "February 29, 2024"),
        ("February 29, 2024", "one year", "February 28, 2025"),
        ("August 31, 2021", "six months", "February 28, 2022"),
        ("December 31, 2021", "two weeks", "January 14, 2022"),
        ("March 1, 2020", "one and a half years", "September 1, 2021"),
        ("November 30, 2021", "90 days", "February 28, 2022"),
    ],
)
def test_months_are_counted_by_the_calendar_and_end_with_a_shorter_one(day: str, period: str, end: str) -> None:
    computation = compute(f"It is due on {end}.", [source(f"It is due {period} after {day}.")])
    assert computation is not None
    assert computation.result == end


@pytest.mark.parametrize(
    ("sentence", "is_named"),
    [
        ("Delivery is due by March 29, 2021.", True),
        ("Delivery is due by March 29, 2021, ten business days after March 15, 2021.", True),
        ("Delivery is due within ten business days after March 15, 2021.", False),
    ],
)
def test_business_days_are_named_as_not_computed(sentence: str, is_named: bool) -> None:
    assert bool(not_computed(sentence, [source(BUSINESS)])) is is_named


LOAN = "The Lender shall make a loan in the principal amount of $8,400,000 (the “Loan”)."
FEE = "The Borrower shall pay an origination fee equal to 0.75% of the principal amount of the Loan."
CAPPED = FEE.replace("equal to", "of up to")


@pytest.mark.parametrize(
    ("clause", "beside", "sentence", "is_computed"),
    [
        (FEE, LOAN, "The origination fee is $63,000.", True),
        (FEE, LOAN, "The origination fee is $63,000 (0.75% of $8,400,000).", True),
        (FEE, LOAN, "The guaranty is $63,000.", False),
        (FEE, "The guaranty of the Loan is limited to $2,500,000.", "The origination fee is $18,750.", False),
        (FEE, f"{LOAN[:-1]} and another of $100.", "The origination fee is $63,000.", False),
        (CAPPED, LOAN, "The origination fee is at most $63,000.", True),
        (CAPPED, LOAN, "The origination fee is $63,000.", False),
    ],
)
def test_a_share_is_of_the_amount_that_another_clause_has_of_what_it_is_of(
    clause: str, beside: str, sentence: str, is_computed: bool
) -> None:
    assert (compute(sentence, [source(clause, f"{beside}\n")]) is not None) is is_computed


def test_operands_may_stand_in_another_cited_passage_where_the_sentence_names_them() -> None:
    beside = source(TERM, "The option period is twenty-four (24) months.\n")
    assert compute("24 months after March 1, 2020 is March 1, 2022.", [beside])
    assert compute("It ends on March 1, 2022.", [beside]) is None


@pytest.mark.parametrize(
    ("sentence", "is_computed"),
    [
        ("If the breach is notified on May 3, 2021, it must be cured by June 2, 2021.", True),
        ("The breach was notified on May 3, 2021 and must be cured by June 2, 2021.", False),
        ("If the breach is notified on May 3, 2021, it must be cured by June 3, 2021.", False),
    ],
)
def test_a_date_may_be_supposed_but_not_invented(sentence: str, is_computed: bool) -> None:
    clause = "Licensee shall cure the breach within thirty (30) days after it is notified."
    assert (compute(sentence, [source(clause)]) is not None) is is_computed


RENT_TABLE = "\n".join(
    (
        "The Tenant shall pay as rent for the premises what this table says for each year of the term of this Lease:",
        "Lease Year Annual Rent Monthly Rent",
        "1 $120,000 $10,000",
        "2 $132,000 $11,000",
        "3 $144,000 $12,000",
        "4 $150,000 $12,500",
        "The Tenant shall pay the rent of a month in advance on the first of it, without deduction or set-off.",
    )
)


@pytest.mark.parametrize(
    ("sentence", "text"),
    [
        ("The rent of the first three years is $396,000 in total.", "$120,000 + $132,000 + $144,000"),
        ("In years 2 and 3 together the rent is $276,000.", "$132,000 + $144,000"),
        ("The total for all years is $546,000.", "$120,000 + $132,000 + $144,000 + $150,000"),
        ("From year 1 to year 2 the monthly rent rises by $1,000.", "$11,000 − $10,000"),
        ("The total for all years is $540,000.", ""),
        ("The rent of the first three years is $420,000 in total.", ""),
    ],
)
def test_cells_are_added_by_the_rows_that_the_sentence_names(sentence: str, text: str) -> None:
    computation = compute(sentence, [source(RENT_TABLE)])
    assert (computation.text.partition(" = ")[0] if computation else "") == text


HOLDS = "The Trust shall hold 400,000 shares of the twelve million five hundred thousand (12,500,000) shares issued."
GROWS = "The order is for 3,200 units, subject to an increase to 3,680 units."
LASTS = "The licence starts on May 2, 2016 and expires on May 20, 2021."
KEEPS = "Alder keeps 72% of the proceeds."


@pytest.mark.parametrize(
    ("clause", "sentence", "text"),
    [
        (
            HOLDS,
            "The Trust has 400,000 of 12,500,000 shares, which is 3.2%.",
            "400,000 shares ÷ 12,500,000 shares = 3.2%",
        ),
        (HOLDS, "The Trust has 400,000 of 12,500,000 shares, which is 4.2%.", ""),
        (GROWS, "It can grow by 480 units, from 3,200 to 3,680.", "3,680 units − 3,200 units = 480 units"),
        (GROWS, "It can grow by 580 units, from 3,200 to 3,680.", ""),
        (KEEPS, "Alder keeps 72%, and the rest is 28%.", "100% − 72% = 28%"),
        (KEEPS, "Alder keeps 72%, and the rest is 38%.", ""),
        (KEEPS, "Alder keeps 28%.", ""),
        (LASTS, "From May 2, 2016 to May 20, 2021 it lasts a little over five years.", "≈ 5 years"),
        (LASTS, "From May 2, 2016 to May 20, 2021 it lasts five years.", ""),
        (LASTS, "From May 2, 2016 to May 20, 2021 it lasts almost five years.", ""),
        (LASTS, "From May 2, 2016 to May 20, 2021 it lasts about six years.", ""),
    ],
)
def test_shares_of_a_whole_increases_rests_and_round_lengths_are_computed(
    clause: str, sentence: str, text: str
) -> None:
    computation = compute(sentence, [source(clause)])
    assert (computation is not None) is bool(text)
    assert computation is None or text in computation.text


@pytest.mark.parametrize(
    ("clause", "is_own"),
    [
        ("The term is two years.", True),
        ("This Agreement shall commence upon execution and continue for two years.", True),
        ("This Lease starts on the day of its signing and continues for two years.", True),
        ("It continues for two years after the Effective Date.", True),
        ("The term is two years. A renewal term begins on expiry of the term.", True),
        ("The term is two years and shall commence on the day on which the first boiler is installed.", False),
        ("The term is two years. The term shall begin upon the opening of the plant.", False),
        ("This Agreement continues for two years from the first delivery.", False),
    ],
)
def test_a_term_runs_from_the_date_of_its_document_unless_it_begins_otherwise(clause: str, is_own: bool) -> None:
    named = "It runs for two years from March 1, 2020 and ends on March 1, 2022."
    for sentence in ("It ends on March 1, 2022.", named):
        assert (compute(sentence, [source(clause)]) is not None) is is_own
    assert (not_computed(named, [source(clause)]) == OTHER_DAY) is not is_own


def test_a_term_that_begins_otherwise_may_be_supposed_to_begin_on_a_day() -> None:
    clause = "The term is two years and shall commence on the day on which the first boiler is installed."
    assert compute("If the boiler is installed on June 3, 2020, it ends on June 3, 2022.", [source(clause)])


CROPS = (
    "The Buyer takes:\n(a) 40 tons in the first Crop Year; (2015)\n(b) 55 tons in the next; (2016)\n(c) 70 tons; (2017)"
)


@pytest.mark.parametrize(
    ("sentence", "text"),
    [
        ("In 2015 and 2017 together it takes 110 tons.", "40 tons + 70 tons = 110 tons"),
        ("Over the first two crop years it takes 95 tons in total.", "40 tons + 55 tons = 95 tons"),
        ("Over the first two crop years it takes 95 tons (40 + 55).", "40 tons + 55 tons = 95 tons"),
        ("Over the first two crop years it takes 125 tons (55 + 70).", ""),
        ("In 2015 and 2017 together it takes 95 tons.", ""),
    ],
)
def test_items_are_added_by_the_years_that_the_sentence_names(sentence: str, text: str) -> None:
    computation = compute(sentence, [source(CROPS)])
    assert (computation.text if computation else "") == text


THREE = "Ash receives 45%, Birch 35% and Cedar 20% of the proceeds."
TWO = "Ash receives 45% and Birch 55% of the proceeds."
WHOLE_YEARS = "The licence starts on May 1, 2011 and expires on April 30, 2016."
PRICES = "The price is $2,000 in the first year and $2,500 in the second year."
ENDS = "The lease begins on May 1, 2011 and expires on April 30, 2016. Notice is due 90 days before expiration."
STAGES = "The order is for 3,200 units, then for 3,680 units, then for 4,400 units."


@pytest.mark.parametrize(
    ("clause", "sentence", "is_computed"),
    [
        # The rest of a whole is nobody's where there are three parts.
        (THREE, "Ash receives 45%, so the remaining 55% is Birch's.", False),
        (THREE, "Cedar receives 20%, and the rest, 80%, goes to Ash.", False),
        (THREE, "Ash receives 45%, so 55% (100% − 45%) is Birch's.", False),
        (TWO.partition(" and ")[0] + ".", "Ash receives 45%, and the remaining 55% is another's.", True),
        # A round length is whole years or months, the nearest, and on the side that is said.
        (LASTS, "From May 2, 2016 to May 20, 2021 it lasts about 61 months.", True),
        (LASTS, "From May 2, 2016 to May 20, 2021 it lasts just over 60 months.", False),
        (LASTS, "From May 2, 2016 to May 20, 2021 it lasts about 59 months.", False),
        (LASTS, "From May 2, 2016 to May 20, 2021 it lasts about 1,800 days.", False),
        (LASTS, "From May 2, 2016 to May 20, 2021 it lasts about 5.1 years.", False),
        (WHOLE_YEARS, "From May 1, 2011 to April 30, 2016 it lasts five years.", True),
        (WHOLE_YEARS, "From May 1, 2011 to April 30, 2016 it lasts a little over five years.", False),
        (WHOLE_YEARS, "From May 1, 2011 to April 30, 2016 it lasts almost 61 months.", False),
        # A change is of the amount before it.
        (PRICES, "The price increases from $2,000 to $2,500, which is 25%.", True),
        (PRICES, "The price increases from $2,000 to $2,500, which is 20%.", False),
        # Notice is counted back from the end alone.
        (ENDS, "Notice is due by January 31, 2016, 90 days before April 30, 2016.", True),
        (ENDS, "Notice is due by January 31, 2011, 90 days before May 1, 2011.", False),
        # A number has the unit of another only beside it.
        (STAGES, "It grows by 480 units, from 3,200 to 3,680.", True),
        (STAGES, "By line 3,200 of page 3,680 it is 480 units more.", False),
    ],
)
def test_what_nearly_follows_is_not_computed(clause: str, sentence: str, is_computed: bool) -> None:
    assert (compute(sentence, [source(clause)]) is not None) is is_computed


@pytest.mark.parametrize(
    ("clause", "wrong", "right"),
    [
        (
            "Tenant shall pay rent of $1,500 per month for a term of twelve (12) months, except that no rent is due "
            "for the first two months of the term.",
            "The total rent over the term is $18,000.",
            "Except for the first two months, twelve months at $1,500 per month come to $18,000.",
        ),
        (
            "Tenant shall pay rent of $1,500 per month for a term of twelve (12) months. No rent is due for the first "
            "two months.",
            "The rent for the term of twelve months is $18,000 in all.",
            "Except for the first two months, twelve months at $1,500 per month come to $18,000.",
        ),
        (
            "Customer shall pay $5,000 for setup, $2,000 for training and $3,500 for support, provided that the fee "
            "for support is waived for the first three months.",
            "Setup and support together cost $8,500.",
            "Setup and support together cost $8,500, the fee for support being waived for the first three months.",
        ),
    ],
)
def test_an_amount_of_which_the_clause_takes_a_part_out_is_not_computed_unless_that_is_said(
    clause: str, wrong: str, right: str
) -> None:
    assert compute(wrong, [source(clause)]) is None
    computation = compute(right, [source(clause)])
    assert computation is not None
    assert "its clause excepts: “" in computation.rule


def test_what_a_clause_excepts_without_a_figure_is_told_with_the_amount() -> None:
    clause = RENT.replace("months.", "months, except as the parties agree otherwise.")
    computation = compute("The total rent over the term is $18,000.", [source(clause)])
    assert computation is not None
    assert computation.rule.endswith("its clause excepts: “except as the parties agree otherwise”")
