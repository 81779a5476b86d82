import pytest

from tests.webapp.grounding.test_calculations import RENT_TABLE, source
from webapp.grounding.calculations import compute
from webapp.grounding.written_calculations import miscalculated

LICENCE = "Licensee shall pay $1,200 on delivery and a monthly support fee of $150.50."
SEATS = "The plan has (a) 40 seats in Berlin, (b) 65 seats in Oslo and (c) 80 seats in Rome."
HIRE = "Hirer shall pay $80 per week for half a year, and a deposit of 15% of the price of $9,000."
OPTION = "The lease runs for five (5) years and may be extended by another five (5) years."
OWNED = "Upon closing Orion will be 62% owned by the Trust."
SPLIT = "The fee falls due at 35% on signing, 45% on delivery and 20% on acceptance."


@pytest.mark.parametrize(
    ("clause", "sentence", "text"),
    [
        (
            LICENCE,
            "Half a year costs $2,103 ($1,200 plus 6 months at $150.50).",
            "$1,200 + 6 months × $150.50 = $2,103",
        ),
        (LICENCE, "A year of support is $1,806 (12 × $150.50).", "12 × $150.50 = $1,806"),
        (LICENCE, "$1,200 + $150.50 = $1,350.50", "$1,200 + $150.50 = $1,350.50"),
        (SEATS, "The plan has 185 seats (40 + 65 + 80).", "40 seats + 65 seats + 80 seats = 185 seats"),
        (SEATS, "Berlin and Rome have 120 (40 + 80).", "40 + 80 = 120"),
        (SEATS, "Rome has 40 more, since 80 seats − 40 seats = 40 seats.", "80 seats − 40 seats = 40 seats"),
        (HIRE, "The deposit is $1,350 (15% of $9,000).", "15% of $9,000 = $1,350"),
        (HIRE, "Three weeks cost $240 (3 weeks at $80).", "3 weeks × $80 = $240"),
        (OPTION, "With the option it is ten years (5 + 5).", "5 + 5 = 10 years"),
        (OWNED, "The public holds 38% (100% − 62%).", "100% − 62% = 38%"),
        (SPLIT, "By delivery 80% is due (35% + 45%).", "35% + 45% = 80%"),
        (RENT_TABLE, "The first two years cost $252,000 ($120,000 + $132,000).", "$120,000 + $132,000 = $252,000"),
    ],
)
def test_a_calculation_that_a_sentence_writes_is_computed_of_parts_that_the_source_states(
    clause: str, sentence: str, text: str
) -> None:
    computation = compute(sentence, [source(clause)])
    assert computation is not None
    assert computation.text == text
    assert not list(miscalculated(sentence))


@pytest.mark.parametrize(
    ("clause", "sentence"),
    [
        (LICENCE, "Half a year costs $2,203 ($1,200 plus 6 months at $150.50)."),  # it is $2,103
        (LICENCE, "It costs $1,400 ($1,200 + $200)."),  # nothing costs $200
        (SEATS, "The plan has 195 seats (40 + 65 + 80)."),
        (SEATS, "Berlin has 80 seats more than it had (40 + 40 = 80 seats)."),  # one place is one part
        (OPTION.partition(" and ")[0], "With the option it is ten years (5 + 5)."),
        (SPLIT, "By delivery 90% is due (35% + 45%)."),
        (RENT_TABLE, "The first two years cost $276,000 ($132,000 + $144,000)."),  # of years 2 and 3
    ],
)
def test_a_written_calculation_of_other_parts_or_to_another_result_is_not_computed(clause: str, sentence: str) -> None:
    assert compute(sentence, [source(clause)]) is None


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("The plan has 195 seats (40 + 65 + 80).", ["“40 + 65 + 80” is 185 seats, not 195 seats"]),
        ("The deposit is $1,500 (15% of $9,000).", ["“15% of $9,000” is $1,350, not $1,500"]),
        ("35% + 45% is 90%.", ["“35% + 45%” is 80%, not 90%"]),
        ("Each pays a third, $3,333.33 ($10,000 ÷ 3).", []),  # rounded
        ("The fee is 5% (10 – 15% of what is usual).", []),  # a range
        ("It costs $2,400 (2 years at $100).", []),  # a month, perhaps
        ("The price is $500 (20 units, plus $5 for each).", []),
        ("It is due within 30 days (10 of them for cure).", []),
    ],
)
def test_what_a_written_calculation_comes_to_is_said_where_it_is_another_value(sentence: str, said: list[str]) -> None:
    assert list(miscalculated(sentence)) == said
