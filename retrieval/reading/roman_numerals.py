"""Writes roman numerals: the numbers of pages, of items of lists, and of Word's paragraphs."""

_LETTERS = dict(
    zip("m cm d cd c xc l xl x ix v iv i".split(), (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1), strict=True)
)


def roman_numeral(count: int) -> str:
    """A number above zero as a roman numeral in small letters: "iv"."""
    written = ""
    for letters, worth in _LETTERS.items():
        written += letters * (count // worth)
        count %= worth
    return written
