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
