from retrieval.structure.layout import lines, working_text
from tests.documents import document


def noise(text: str) -> list[str]:
    return [line.text.strip() for line in lines(document(text)) if line.noise]


def body(page: int) -> str:
    return "\n".join(f"words of the contract, line {n}{'abcdefgh'[page]}, go on" for n in "abcdefgh")


BODY = body(0)


def test_a_header_that_every_page_carries_belongs_to_the_page() -> None:
    pages = [f"Supply Agreement – Confidential\n{body(n)}\nPage {n} of 4" for n in range(1, 5)]
    assert noise("\f".join(pages)) == [
        line for n in range(1, 5) for line in ("Supply Agreement – Confidential", f"Page {n} of 4")
    ]


def test_a_filing_stamp_at_the_foot_of_a_page_belongs_to_the_page() -> None:
    assert noise(f"{BODY}\nSource: ACME CORP, 8-K, 1/2/2020") == ["Source: ACME CORP, 8-K, 1/2/2020"]


def test_a_clause_number_on_a_line_of_its_own_is_kept() -> None:
    assert noise(f"{BODY}\n7.\nPayment\n{BODY}") == []
    assert noise(f"{BODY}\n7.") == []


def test_a_contents_page_is_left_out_and_the_clauses_after_it_are_not() -> None:
    contents = "TABLE OF CONTENTS\n1. Definitions 1\n2. Supply 2\n3. Price 4\n4. Term 7\n5. Liability 9"
    text = f"{contents}\f1. Definitions\n{BODY}\n2. Supply\n{BODY}"
    assert noise(text) == contents.split("\n")


def test_working_text_joins_what_a_page_break_parts() -> None:
    last = "the Supplier shall de\u2010liver"
    text = "\f".join(f"ACME – Confidential\n{body(n)}\n{last if n == 1 else n}\n{n}" for n in range(1, 5))
    start, end = text.index(last), text.index("words", text.index("\f")) + len("words")
    assert working_text(document(text), start, end) == "the Supplier shall de-liver words"
