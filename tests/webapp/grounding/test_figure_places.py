import pytest

from webapp.grounding.figure_places import figures_of, misplaced

SOURCE = (
    "Client shall pay sponsorship and advertising fees of $2,644,010 and an exclusivity fee of $661,003.",
    "Expenses of more than $5,000 individually or $20,000 in the aggregate need the prior consent of Aduro.",
    "The minimum is (a) $1,000,000 for the fiscal year beginning April 1, 1999; (b) $2,000,000 for the fiscal year "
    "beginning April 1, 2000; and (c) $3,000,000 for the fiscal year beginning April 1, 2001.",
    "Either party may terminate for cause on thirty (30) days’ notice.",
    "Either party may decline a renewal on sixty (60) days’ notice before the end of the term.",
    "A notice is given one (1) day after deposit with a commercial courier, and five (5) days after certified mailing.",
    "Gold tier 40% 12 months",
    "Silver tier 55% 18 months",
)


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("The exclusivity fee is $661,003.", ()),
        ("The exclusivity fee is $2,644,010.", ("$2,644,010",)),
        ("The exclusivity fee is $2,644,010 and the sponsorship fees are $661,003.", ("$2,644,010", "$661,003")),
        ("The sponsorship fees are $2,644,010 and the exclusivity fee is $661,003.", ()),
        ("Single expenses above $5,000, or $20,000 in the aggregate, need consent.", ()),
        ("Expenses above $20,000 individually or $5,000 in the aggregate need consent.", ("$20,000", "$5,000")),
        ("For the fiscal year that begins on April 1, 2000 the minimum is two million dollars.", ()),
        ("A renewal is declined on 60 days' notice before the end of the term.", ()),
        ("A renewal is declined on 30 days' notice before the end of the term.", ("30 days",)),
        ("A courier's delivery counts as given a day after deposit, certified mail after five days.", ()),
        ("A deposit with a commercial courier gives notice after five days.", ("five days",)),
        ("Silver tier gets 55% after 18 months.", ()),
        ("Silver tier gets 40%.", ("40%",)),
        ("The cap is $9,000.", ()),  # it stands nowhere, which is for others to say
    ],
)
def test_a_figure_that_the_source_gives_for_something_else_is_found(sentence: str, found: tuple[str, ...]) -> None:
    source = [figure for text in SOURCE for figure in figures_of(text)]
    assert misplaced(sentence, source) == found


LISTED = (
    "(a) 40 tons in the first Crop Year (2015)",
    "(b) 55 tons in the following Crop Year (2016)",
    "(c) 70 tons in the following Crop Year (2017)",
    "(d) 85 tons in the following Crop Year (2018)",
    "Mill in Lyon 1st Quarter 2018",
    "Depot in Genoa 3rd Quarter 2018",
    "Store in Porto 2nd Quarter 2019",
)
STEPS = ("Contract Year 1 $700", "Contract Year 2 $800", "Contract Year 3 $900", "Contract Year 4 $950")


@pytest.mark.parametrize(
    ("source", "sentence", "found"),
    [
        (LISTED, "For 2017 it is 70 tons.", ()),
        (LISTED, "For 2017 it is 85 tons.", ("85 tons",)),
        (LISTED, "At least 55 tons are bought in 2015.", ("55 tons",)),
        (LISTED, "The depot in Genoa opens in the third quarter of 2018.", ()),
        (LISTED, "The mill in Lyon opens in the third quarter of 2018.", ("third quarter of 2018",)),
        (STEPS, "In the third contract year it is $900.", ()),
        (STEPS, "In the third year it is $800.", ("$800",)),
        (STEPS, "In year 1 it is $700, and in year 2 $800.", ()),
        (STEPS, "It starts at $700.", ()),
    ],
)
def test_years_and_rows_tell_figures_apart(source: tuple[str, ...], sentence: str, found: tuple[str, ...]) -> None:
    assert misplaced(sentence, [figure for text in source for figure in figures_of(text)]) == found
