import pytest

from retrieval import Document
from retrieval.core.documents import Page
from webapp.grounding.facts import find_facts
from webapp.grounding.quantities import row_values, stated, values

EQUAL = [
    ("12 months", "a term of one (1) year"),
    ("one year", "twelve (12) months"),
    ("a two-year term", "a period of twenty-four (24) months"),
    ("18 months", "one and one-half (1.5) years"),
    ("18 months", "one and a half years"),
    ("1 1/2 years", "18 months"),
    ("six months", "half a year"),
    ("six months", "two calendar quarters"),
    ("two weeks", "fourteen (14) days"),
    ("one fortnight", "14 days"),
    ("48 hours", "2,880 minutes"),
    ("every three months", "payable quarterly"),
    ("every 6 months", "reviewed semi-annually"),
    ("12 months", "within a year of the sale"),
    ("50%", "one-half (1/2) of the costs"),
    ("half of the costs", "fifty percent (50%) of the costs"),
    ("half the costs", "50% of the costs"),
    ("a quarter of the costs", "25 percent of the costs"),
    ("three quarters of the costs", "75%"),
    ("two-thirds", "66 2/3%"),
    ("66-2/3 percent", "two-thirds (2/3) of the members"),
    ("0.5%", "50 basis points"),
    ("2.5%", "two and one-half percent (2.5%)"),
    ("2½%", "2.5 percent"),
    ("$1.5 million", "$1,500,000"),
    ("$1.5 million", "One Million Five Hundred Thousand Dollars ($1,500,000.00)"),
    ("$0.25", "twenty-five cents"),
    ("eighteen days", "eighteen (18) days"),
    ("18 days", "eighteen days"),
    ("10 to 15 %", "between ten percent (10%) and fifteen percent (15%)"),
    ("between 10 and 15 percent", "10% to 15%"),
    ("$10 to $15 million", "$10,000,000 to $15,000,000"),
    ("$10 to 15 million", "$10,000,000 and $15,000,000"),
    ("20 users", "twenty (20) Permitted Users"),
    ("three stores", "three (3) Franchised Retail Stores"),
    ("the third year", "Contract Year 3"),
    ("year three", "the third (3rd) Lease Year"),
    ("Year 3", "the third anniversary of the Effective Date"),
    ("the second year", "Years 1 to 3"),
    ("years 1-3", "first year $1, second year $2, third year $3"),
    ("the first quarter", "Q1 2021"),
    ("$1,500 per month", "$1,500 a month"),
    ("$1,500 per month", "a monthly fee of $1,500"),
    ("$1,500 per month", "payments of $1,500"),
    ("$1,500", "$1,500 per month"),
    ("$120,000 a year", "$120,000 per annum"),
    ("$5 per unit", "five dollars ($5.00) for each Unit"),
    ("5 p.m.", "17:00"),
    ("12 p.m.", "noon"),
    ("10% per month", "ten percent (10%) per month"),
    ("10% a year", "an annual rate of 10%"),
    ("10% a year", "interest of ten percent (10%)"),
    ("half a minute", "two thirty second commercials"),
    ("half a million dollars", "$500,000"),
    ("Subsection (b)", "deleting subsection (b) thereof"),
    ("the second quarter of 2022", "opening in Q2 2022"),
    ("2nd Quarter 2022", "the second (2nd) calendar quarter of the year 2022"),
    ("the first half of 2022", "H1 2022"),
    ("the second quarter of 2022", "the second quarter of the year, and in the year 2022"),
    ("the second quarter", "in the second quarter of 2022"),
    ("$40 a week", "$40 for every seven (7) days"),
    ("2% for each ten days", "two percent (2%) per 10 days"),
    ("$90 per 12 months", "an annual fee of $90"),
]

DIFFERENT = [
    ("12 months", "12 years"),
    ("one month", "30 days"),
    ("one day", "24 hours"),
    ("30 days", "30 business days"),
    ("30 business days", "thirty (30) days"),
    ("13 months", "one year"),
    ("three weeks", "14 days"),
    ("half of the costs", "40% of the costs"),
    ("a third of the costs", "33% of the costs"),
    ("5%", "50 basis points"),
    ("$1.5 million", "$1,500"),
    ("$15 million", "$10 to 15 thousand"),
    ("20 users", "twenty-five (25) Permitted Users"),
    ("20 users", "twenty (20) Permitted Stores"),
    ("the third year", "the fourth year"),
    ("the third year", "the third month"),
    ("Year 4", "Years 1 to 3"),
    ("Q2", "the first quarter"),
    ("$1,500 per year", "$1,500 per month"),
    ("$1,500 per year", "a monthly fee of $1,500"),
    ("$5 per share", "$5 for each Unit"),
    ("5 p.m.", "5 a.m."),
    ("18 months", "two and one-half years"),
    ("10 days", "ten (25) days"),
    ("10% per month", "ten percent (10%) per annum"),
    ("30 seconds", "30 minutes"),
    ("the second quarter of 2022", "Q2 2023 and Q3 2022"),
    ("the first half of 2022", "the second half of 2022, and the first half of 2023"),
    ("$40 a day", "$40 for every seven (7) days"),
    ("2% for each ten days", "two percent (2%) per 15 days"),
    ("$90 per month", "$90 per 30 days"),
]


def missing(sentence: str, source: str) -> list[str]:
    keys = values(source)
    return [fact.text for fact in find_facts(sentence) if not stated(fact, keys)]


@pytest.mark.parametrize(("sentence", "source"), EQUAL)
def test_equal_quantities_are_stated_in_whatever_unit_and_form(sentence: str, source: str) -> None:
    assert find_facts(sentence)
    assert missing(sentence, source) == []


@pytest.mark.parametrize(("sentence", "source"), DIFFERENT)
def test_quantities_that_are_not_equal_are_not_stated(sentence: str, source: str) -> None:
    assert missing(sentence, source)


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("one and one-half percent (1.5%)", ["one and one-half percent", "1.5%"]),
        ("a third party pays", []),
        ("half-year accounts", ["half-year"]),
        ("each month 5 days are free", ["5 days"]),
        ("in the year 2020", ["2020"]),
        ("on the 15th day of each month", ["15th"]),
        ("Years 1 to 3", ["Years 1 to 3"] * 3),
    ],
)
def test_facts_are_found_whole_and_no_more(text: str, facts: list[str]) -> None:
    assert [fact.text for fact in find_facts(text)] == facts


TABLE = "\n".join(
    (
        "This Lease is made between Alder Estates, Inc. as the landlord and Birch Books LLC as the tenant of the shop.",
        "The Tenant shall pay the rent of each year, and may end this Lease in it on the notice that is given:",
        "Lease Year Annual Rent ($) Notice (days)",
        "1 100,000 30",
        "2 120,000 45",
        "3 140,000 60",
        "4 150,000 75",
        "The Tenant shall pay the rent of a year in equal parts on the first of each month, without any deduction.",
    )
)


@pytest.mark.parametrize(
    ("sentence", "missed"),
    [
        ("In the third year the rent is $140,000.", []),
        ("In Year 3 notice is 60 days.", []),
        ("In the third year the rent is $120,000.", ["$120,000"]),
        ("In the second year notice is 60 days.", ["second"]),
        ("In the third year the rent is €140,000.", ["€140,000"]),
    ],
)
def test_a_number_of_a_row_has_the_units_of_its_table_and_the_row_its_own_number(
    sentence: str, missed: list[str]
) -> None:
    document = Document("d", "Lease", TABLE, (Page(1, "1", 0, len(TABLE)),))
    start = TABLE.index("3 140,000")
    keys = row_values(document, [document.span(start, start + len("3 140,000 60"))])
    assert [fact.text for fact in find_facts(sentence) if not stated(fact, keys)] == missed
