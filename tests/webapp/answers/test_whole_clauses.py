"""What is quoted with a bearing sentence: its clause whole, and of a long one what leads in to it and limits it."""

from dataclasses import replace

import pytest

from retrieval import Document, Span, own_words
from retrieval.core.documents import Remark
from tests.documents import document
from webapp.answers.whole_clauses import whole_clauses

FILLING = "The parties record here that they have read this paragraph with care and have taken advice on it. "
LICENCE = f"""LICENCE
1. Grant. {FILLING * 8}The Licensee may copy the Work. {FILLING * 8}In no event shall copies exceed ninety. {FILLING}
2. Duties. The Licensee shall:
(a) keep records. {FILLING * 8}
(b) pay a royalty of 5%;
(c) file reports. {FILLING * 8}Notwithstanding the foregoing, small firms need not report.
3. Sale. The Licensee may sell the Work to:
(a) schools;
(b) libraries; and
(c) shops, provided that each is licensed.
4. Cap. Notwithstanding Section 2(b), no royalty is due on gifts.
5. Gifts. Gifts are free. Each gift is recorded.
IN WITNESS WHEREOF the parties have signed this licence.
By: /s/ Ann Archer
"""


def span_of(found: Document, words: str) -> Span:
    start = found.text.index(words)
    return found.span(start, start + len(words))


def quoted(text: str, *bearing: str) -> str:
    found = document(text)
    return own_words(found, *whole_clauses(found, [span_of(found, words) for words in bearing]))


@pytest.mark.parametrize("bearing", ["Gifts are free.", "Each gift is recorded."])
def test_a_short_clause_is_quoted_whole_without_the_signatures_below_it(bearing: str) -> None:
    assert quoted(LICENCE, bearing) == "5. Gifts. Gifts are free. Each gift is recorded."


@pytest.mark.parametrize(
    "close",
    [
        "Signed by the parties on 9 March 2021:\nFor Acme Limited\nJoan Parsley",
        "SIGNED for and on behalf of ACME LIMITED\nJoan Parsley",
        "Executed in two originals.\nJoan Parsley",
        "_______________\nJoan Parsley",
        "Signed: ____________\nJoan Parsley\nfor Acme Limited",
        "Signatures\nJoan Parsley",
        "\f_______________\nJoan Parsley",
    ],
)
def test_signatures_that_no_testimonium_leads_in_are_not_quoted_with_the_last_clause(close: str) -> None:
    text = f"1. Rent. The rent is $900.\n2. Gifts. Gifts are free. A gift of ____ is\nsigned by both.\n{close}\n"
    assert quoted(text, "Gifts are free.") == "2. Gifts. Gifts are free. A gift of ____ is signed by both."


def test_words_behind_the_signatures_are_quoted_without_them_and_the_clause_before_them() -> None:
    lease = (
        "20. Rent. Rent is due monthly.\n21. Law. Ohio law governs this lease.\nQUARRY HOLDINGS, LP\nBy: /s/ Al Frey\n"
        "Al Frey, Vice President\nGUARANTY\nThe undersigned guarantees the duties of the tenant.\n/s/ Ann Archer\n"
    )
    guaranty = quoted(lease, "The undersigned guarantees the duties of the tenant.")
    assert guaranty == "GUARANTY The undersigned guarantees the duties of the tenant."
    assert quoted(lease, "Ohio law governs this lease.").endswith("Ohio law governs this lease.")


def test_a_sentence_about_what_is_signed_ends_no_clause() -> None:
    text = "1. Notices. Notices are\nSigned copies, and\nSignatures are made by hand.\n2. Law. English."
    assert quoted(text, "Notices are").endswith("made by hand.")


def test_a_blank_to_fill_in_does_not_end_a_clause() -> None:
    text = "1. Notices. Notices are in writing. They are sent to\n________\nor to another address.\n2. Law. English."
    assert quoted(text, "Notices are in writing.").endswith("or to another address.")


@pytest.mark.parametrize("bearing", ["The Licensee may sell the Work to:", "(b) libraries; and"])
def test_an_item_is_quoted_with_its_lead_in_and_a_lead_in_with_its_items(bearing: str) -> None:
    assert quoted(LICENCE, bearing) == " ".join(LICENCE.splitlines()[6:10])


def test_of_a_long_clause_sentences_around_the_bearing_one_are_quoted_and_those_that_limit_it() -> None:
    words = quoted(LICENCE, "The Licensee may copy the Work.")
    assert words.count(FILLING.strip()) == 6
    assert words.endswith(f"{FILLING.strip()} … In no event shall copies exceed ninety.")


def test_an_item_of_a_long_list_has_its_lead_in_and_what_limits_the_list_or_names_the_item() -> None:
    assert quoted(LICENCE, "(b) pay a royalty of 5%;") == (
        "2. Duties. The Licensee shall: … (b) pay a royalty of 5%; … Notwithstanding the foregoing, small firms need "
        "not report. … 4. Cap. Notwithstanding Section 2(b), no royalty is due on gifts."
    )


def test_two_sentences_of_one_clause_are_quoted_in_page_order() -> None:
    words = quoted(LICENCE, "In no event shall copies exceed ninety.", "The Licensee may copy the Work.")
    assert words.index("may copy") < words.index("exceed ninety")
    assert words.count("may copy") == words.count("exceed ninety") == 1


def test_words_above_the_first_clause_are_quoted_with_their_neighbours_and_not_with_all_of_them() -> None:
    letter = f"Dear Sir,\n{FILLING * 4}\nWe offer you $900.\n{FILLING * 4}\n"
    words = quoted(letter, "We offer you $900.")
    assert words.count(FILLING.strip()) == 6
    assert "Dear" not in words


def figures(years: int) -> str:
    prose = f"1. Fees. {FILLING}\n" + f"{FILLING}\n" * (years // 5)
    rows = "\n".join(f"Year {n}  ${n}00  {n}0 users" for n in range(1, years + 1))
    return f"{prose}Year  Fee  Users\n{rows}\n"


def test_a_table_in_a_short_clause_is_quoted_with_it_and_of_a_long_one_the_row_with_its_heads() -> None:
    assert quoted(figures(8), "Year 3  $300  30 users") == " ".join(figures(8).split())
    assert quoted(figures(90), "Year 3  $300  30 users") == "Year Fee Users … Year 3 $300 30 users"


CARE = """\
2.1 Standard.
(a) The Trustee acts with care, except that
(i) no Trustee is liable for an error of judgment; and
(ii) the Trustee need not advance more than $5,000 of its own funds.
(b) The Trustee may rely on an opinion of counsel.
3. Notices. Notices are given in writing.
"""


def test_an_item_that_is_a_statement_of_its_own_is_quoted_without_those_beside_it() -> None:
    words = quoted(CARE, "(ii) the Trustee need not advance more than $5,000 of its own funds.")
    assert words.endswith("(ii) the Trustee need not advance more than $5,000 of its own funds.")
    assert "acts with care, except that" in words
    assert "error of judgment" not in words
    with_proviso = CARE.replace("own funds.", "own funds; provided that in each case it acts in good faith.")
    assert "error of judgment" in quoted(with_proviso, "(i) no Trustee is liable for an error of judgment; and")


TABLE = """\
3. Fees. The fees are these, and no others are payable by the Client.
Service Standard Expedited
Review, per page $0.85 $1.40
Translation, per word $0.19 $0.31
The Standard rate applies unless the Client asks for the Expedited rate.
"""


def test_a_row_is_quoted_with_the_heads_of_its_columns_and_a_sentence_without_the_table() -> None:
    heads, *rows = TABLE.splitlines()[1:4]
    remarks = [Remark(TABLE.index(heads), TABLE.index(heads) + len(heads), "row")]
    remarks += [Remark(TABLE.index(r), TABLE.index(r) + len(r), "row", "Service\tStandard\tExpedited") for r in rows]
    read = replace(document(TABLE), remarks=tuple(remarks))
    spans = [read.span(remark.start, remark.end) for remark in remarks]
    assert whole_clauses(read, [spans[2]]) == (spans[0], spans[2])
    last = TABLE.splitlines()[4]
    sentence = read.span(TABLE.index(last), TABLE.index(last) + len(last))
    assert own_words(read, *whole_clauses(read, [sentence])) == last
