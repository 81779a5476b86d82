import random
import re
import time
from functools import cache

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from retrieval.core.documents import Document, Page, Span
from retrieval.structure.quote_match import find_quote
from retrieval.structure.reflow import flowing_text, own_words
from tests.clock import within

TERM = (
    "2.1 Term. The initial term is thirty (30) months from March 1, 2020, and the Licensee shall not pay more than\n"
    "$1,000.50 or 10.5% of Net Sales. “Term” means the non\u2010exclusive period described in Sec\u2010tion 4(b).\n"
    "A third-party office\u00adholder may set off 300 units; the Licensor’s liability is uncapped. The parties' rights "
    "are independent."
)


def document(*pages: str, id_: str = "d") -> Document:
    found, start = [], 0
    for number, text in enumerate(pages, 1):
        found.append(Page(number, str(number), start, start + len(text)))
        start += len(text) + 1
    return Document(id_, "a contract", "\f".join(pages), tuple(found))


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("The initial term is thirty (30) months", "The initial term is thirty (30) months"),
        ("shall not pay more than $1,000.50", "shall not pay more than\n$1,000.50"),  # a line end
        ("the  Licensee\nshall", "the Licensee shall"),
        ("theLicensee shallnot", "the Licensee shall not"),  # dropped spaces
        ("described in Section 4(b)", "described in Sec\u2010tion 4(b)"),  # hyphen at a line end
        ("described in Sec-\ntion 4(b)", "described in Sec\u2010tion 4(b)"),
        ("described in Sec- tion 4(b)", "described in Sec\u2010tion 4(b)"),
        ("non-exclusive period", "non\u2010exclusive period"),
        ("nonexclusive period", "non\u2010exclusive period"),
        ("officeholder may set oﬀ", "office\u00adholder may set off"),  # soft hyphen, ligature
        ('"Term" means', "“Term” means"),  # straight marks
        ("'Term' means", "“Term” means"),  # a quotation inside one
        ("Term means the", "Term” means the"),
        ("the Licensor's liability", "the Licensor’s liability"),
        ("third–party", "third-party"),
        ("[t]he initial term", "The initial term"),
        ("the initial term is", "The initial term is"),  # a first word that is never a defined term
        ("[T]he Licensor’s liability", "the Licensor’s liability"),
        ("liability is uncapped,", "liability is uncapped"),  # the comma is the quoting sentence's
        ("Term", "Term"),
        ("10.5% of Net Sales", "10.5% of Net Sales"),
    ],
)
def test_a_faithful_quotation_is_found_at_its_span(quote: str, found: str) -> None:
    page = document(TERM)
    match = find_quote(page, quote)
    assert match is not None
    assert page.slice(match.span) == found


@pytest.mark.parametrize(
    "quote",
    [
        "the Licensee shall pay more than",  # the negation is gone
        "the Licensor’s liability is not uncapped",
        "the Licensor shall not pay",  # another party
        "The initial term is sixty (60) months",
        "thirty (30) month",  # part of a word
        "The initial terms",  # plural
        "term means the",
        "A Third-party",
        "The term is thirty",  # a word dropped
        "$1.000.50",
        "$1,00050",
        "€1,000.50",
        "105% of Net Sales",
        "10,5%",
        "000.50",
        "1,000",
        "30 units",
        "5% of Net Sales",
        "10.5 of Net",
        "1,000.50 or",  # parts of numbers, a sign left off
        "exclusive period",
        "party office-holder may",  # parts of compounds
        "non exclusive period",
        "third party office",  # the page's own hyphen
        "The parties rights",
        "The party's rights",
        "in dependent",  # a space that makes another word
        "thirty ( 3 0 ) months",
        "",
        "…",
        "—",
    ],
)
def test_what_changes_the_meaning_is_not_found(quote: str) -> None:
    assert find_quote(document(TERM), quote) is None


def test_a_joined_word_that_the_page_writes_as_two_is_another_word() -> None:
    assert find_quote(document("The harm is in direct relation to it."), "is indirect relation") is None
    assert find_quote(document("He may be paid apart from it."), "may be paid a part from") is None


RUNNING = [
    "LICENCE AGREEMENT\nThis is the first page of the agreement and its preamble goes on\nfor a line or two.\nPage 1 "
    "of 4",
    "LICENCE AGREEMENT\nThe Licensee shall pay all\nsums due under this clause within the sum of\n30\nPage 2 of 4",
    "LICENCE AGREEMENT\ninvoices that are undisputed and termi\u2010\nPage 3 of 4",
    "LICENCE AGREEMENT\nnated accounts are closed.\nPage 4 of 4",
]


@pytest.mark.parametrize(
    ("quote", "own"),
    [
        (
            "preamble goes on for a line or two. The Licensee shall",
            "preamble goes on for a line or two. The Licensee shall",
        ),
        ("the sum of 30 invoices that are undisputed", "the sum of 30 invoices that are undisputed"),
        ("undisputed and terminated accounts", "undisputed and terminated accounts"),
    ],
)
def test_running_lines_between_two_pages_are_passed_over(quote: str, own: str) -> None:
    page = document(*RUNNING)
    match = find_quote(page, quote)
    assert match is not None
    assert own_words(page, match.span) == own


def test_a_number_that_stands_alone_is_no_page_number_without_a_series() -> None:
    assert find_quote(document(*RUNNING), "within the sum of invoices that are undisputed") is None


def test_flowing_text_keeps_every_offset() -> None:
    page = document(*RUNNING)
    text = flowing_text(page)
    assert len(text) == len(page.text)
    assert all(a == b or b == " " for a, b in zip(page.text, text, strict=True))


@pytest.mark.parametrize(
    ("quote", "parts"),
    [
        ("The initial term … Net Sales", None),  # "shall not" would be left out of the sentence
        ("The initial term is … March 1, 2020", ["The initial term is", "March 1, 2020"]),
        ("[t]he initial term ... from March 1, 2020", ["The initial term", "from March 1, 2020"]),
        ("from March 1, 2020 … The initial term", None),  # order
        ("The initial term … from April 1, 2020", None),
        ("shall … pay", None),  # single words
        ("… from March 1, 2020 …", ["from March 1, 2020"]),
    ],
)
def test_an_ellipsis_may_leave_out_words_but_not_turn_the_sense(quote: str, parts: list[str] | None) -> None:
    page = document(TERM)
    match = find_quote(page, quote)
    assert (match and [page.slice(p) for p in match.parts]) == parts


def test_an_ellipsis_reaches_to_the_next_page_and_no_further() -> None:
    page = document("The first part is here.", "The second part is there.", "The third part is nowhere.")
    assert find_quote(page, "The first part … The second part")
    assert find_quote(page, "The first part … The third part") is None


def test_the_find_nearest_to_the_cited_passage_is_taken() -> None:
    page = document("the Term ends. " * 50)
    near = page.span(300, 320)
    match = find_quote(page, "the Term ends", near)
    assert match is not None
    assert near.start - 20 <= match.span.start <= near.end


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("termi\u2010nated early", "terminated early"),
        ("a non\u2010exclusive and exclusive licence", "a non-exclusive and exclusive licence"),
        ("a pass\u2010through; it will pass and go through", "a pass-through; it will pass and go through"),
        ("self\u2010help is self-help", "self-help is self-help"),
        ("2019\u20102020", "2019-2020"),
        ("over   two\nlines", "over two lines"),
    ],
)
def test_own_words_join_line_ends_as_the_document_writes_the_word(text: str, shown: str) -> None:
    page = document(text)
    assert own_words(page, page.span(0, len(text))) == shown


@cache
def long_document() -> Document:
    words = (
        "the Licensee shall not pay any fee for an officer who may file a claim against it under clause 4 of this "
        "Agreement".split()
    )
    rng = random.Random(3)
    names = [f"{a}{b}" for a in ("Al", "Ber", "Cor", "Dun") for b in ("bor", "efin", "ington", "wick", "affle")]
    lines = [
        " ".join(rng.choice(words) if rng.random() < 0.6 else rng.choice(names) for _ in range(12)) for _ in range(300)
    ]
    return document(*("\n".join(lines[i : i + 20]) for i in range(0, 300, 20)))


@st.composite
def quotations(draw: st.DrawFn) -> tuple[str, Span]:
    page = long_document()
    places = [m.span() for m in re.finditer(r"\S+", page.text)]
    first = draw(st.integers(0, len(places) - 20))
    last = first + draw(st.integers(4, 18))
    return page.text[places[first][0] : places[last][1]], page.span(places[first][0], places[last][1])


@settings(max_examples=150)
@given(quotations(), st.randoms(use_true_random=False))
def test_true_words_set_in_another_way_are_found_at_their_span(taken: tuple[str, Span], rng: random.Random) -> None:
    quote, span = taken
    quote = re.sub(r"\s", lambda _: rng.choice([" ", "\n", "\u00a0", "  "]), quote)
    quote = re.sub(r"(?<=[a-z]{3})(?=[a-z]{3})", lambda _: rng.choice(["", "", "-\n", "\u00ad", "\u2010"]), quote)
    quote = quote.replace("ffi", "ﬃ").replace("fi", "ﬁ").replace("ff", "ﬀ")
    match = find_quote(long_document(), quote, near=span)
    assert match is not None
    assert match.span == span


@settings(max_examples=150)
@given(quotations(), st.randoms(use_true_random=False))
def test_one_word_put_for_another_is_never_found(taken: tuple[str, Span], rng: random.Random) -> None:
    words = taken[0].split()
    at = rng.randrange(len(words))
    new = rng.choice(["shall", "not", "any", "no", "Albor", "Corwick", "may", "4", "5", "fees", "Licensor"])
    changed = " ".join([*words[:at], new, *words[at + 1 :]])
    assume(changed not in " ".join(long_document().text.split()))
    assert find_quote(long_document(), changed) is None


def test_a_long_document_takes_milliseconds_once_it_is_folded() -> None:
    page = document(
        *[
            f"Clause {i}. " + "The Supplier delivers the Goods on the agreed date at its own cost. " * 40
            for i in range(300)
        ]
    )
    find_quote(page, "Clause 1.")
    began = time.perf_counter()
    for i in range(20):
        assert find_quote(page, f"Clause {i * 14}. The Supplier delivers")
    assert (time.perf_counter() - began) / 20 < 0.05  # measured 0.002


@pytest.mark.parametrize(
    ("text", "quote"),
    [("a" * 600_000, "a" * 4_000), ("a " * 200_000, "a a … a a … a b"), ("a " * 200_000, "a a … " * 30 + "a b")],
    ids=["one letter", "an ellipsis", "many ellipses"],
)
def test_a_quotation_that_fits_everywhere_and_nowhere_is_given_up_soon(text: str, quote: str) -> None:
    """Each took 10 s to minutes, of a thread that all answers share."""
    page = document(text)
    with within(3):
        assert find_quote(page, quote) is None
