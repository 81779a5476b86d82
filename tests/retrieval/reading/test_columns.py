"""Pages with columns are read column by column, whatever the order of their content; other pages stay as they are."""

import pytest

from retrieval.reading.pdf import read_pdf
from tests.placed import Placed, placed_pdf, row_by_row, wrapped

LIABILITY = (
    "12. Limitation of liability. The Carrier's liability for loss of or damage to the goods is limited to two dollars "
    "per kilogram of gross weight of the goods lost or damaged unless the Shipper declares a higher value in writing "
    "on the face of the waybill and pays the additional charge."
)
SUIT = (
    "14. Time for suit. The Carrier is discharged from all liability unless suit is brought within nine months after "
    "delivery of the goods or the date when the goods should have been delivered, and the Merchant has given notice "
    "of the loss to the Carrier in writing at the port of discharge."
)
LAW = (
    "16. Law. These conditions are governed by the law of England and the courts of London have exclusive jurisdiction "
    "over any dispute that arises from them, whether the claim is made in contract or in tort, and whoever brings it."
)


def text_of(*page: Placed) -> str:
    return read_pdf(placed_pdf(page), name="x.pdf", document_id="x").text


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("gutter", [10, 24])
def test_two_columns_are_read_one_after_the_other(gutter: float) -> None:
    columns = [wrapped(LIABILITY, 220), wrapped(SUIT, 220)]
    assert flat(text_of(*row_by_row(columns, [60, 280 + gutter], 700))) == f"{LIABILITY} {SUIT}"


def test_three_columns_are_read_one_after_the_other() -> None:
    columns = [wrapped(text, 150, 8) for text in (LIABILITY, SUIT, LAW)]
    assert flat(text_of(*row_by_row(columns, [50, 220, 390], 700, 8))) == f"{LIABILITY} {SUIT} {LAW}"


def test_a_longer_column_goes_on_before_the_other_one_begins() -> None:
    longer = [wrapped(f"{LIABILITY} {LAW}", 220), wrapped(SUIT, 220)]
    assert flat(text_of(*row_by_row(longer, [60, 300], 700))) == f"{LIABILITY} {LAW} {SUIT}"


def test_headings_and_paragraphs_between_columns_stay_between_them() -> None:
    first = row_by_row([wrapped(LIABILITY, 220), wrapped(SUIT, 220)], [60, 300], 700)
    second = row_by_row([wrapped(LAW, 220), wrapped(SUIT, 220)], [60, 300], 500)
    head, between = (
        "STANDARD CONDITIONS OF CARRIAGE",
        "The conditions below apply to carriage by sea alone, and to no other.",
    )
    page = [Placed(180, 740, head), *first, Placed(60, 540, between + " " + between), *second]
    assert flat(text_of(*page)) == f"{head} {LIABILITY} {SUIT} {between} {between} {LAW} {SUIT}"


def test_a_word_hyphenated_at_the_end_of_a_column_goes_on_in_its_column() -> None:
    left = [
        "The Carrier is liable for the loss of goods in",
        "the hold of the vessel, but not for dam-",
        "age to goods",
    ]
    left += ["that were carried on deck at the risk of the", "shipper, who is told so in the bill of lading."]
    right = ["The Merchant pays freight on delivery and is", "liable for demurrage and for any ship-", "ment of the"]
    right += ["goods beyond the time that was agreed for", "the loading and the discharge of the goods."]
    text = text_of(*row_by_row([left, right], [60, 300], 700)).replace("\u2010\n", "").replace("-\n", "")
    assert "not for damage to goods that" in flat(text)
    assert "any shipment of the goods" in flat(text)


def test_words_keep_their_places_on_the_page() -> None:
    columns = [wrapped(LIABILITY, 220), wrapped(SUIT, 220)]
    document = read_pdf(placed_pdf(row_by_row(columns, [60, 300], 700)), name="x.pdf", document_id="x")
    boxes = {document.text[start:end]: left for start, end, left, *_ in document.boxes_on(document.pages[0])}
    assert boxes["Limitation"] < 2800
    assert boxes["months"] > 2900


TABLE = [
    ("Document review, per page", "$0.85", "$1.40"),
    ("Certified translation, per word of the original", "$0.19", "$0.31"),
    ("Remote deposition hosting, per hour", "$145.00", "n/a"),
    ("Storage of exhibits in the warehouse, per box", "$6.50", "$6.50"),
    ("Late payment charge", "1.5% per month", "1.5% per month"),
    ("Travel time of an interpreter, per hour", "$80.00", "$95.00"),
]
SIGNATURES = [
    ("ACME HOLDINGS, INC.", "BETA SERVICES LLC"),
    ("By: ____________________", "By: ____________________"),
    ("Name: Jane Q. Archer", "Name: Robert Stone"),
    ("Title: Chief Executive Officer", "Title: Managing Member"),
    ("Date: 4 May 2021", "Date: 5 May 2021"),
    ("Address: 1 Main Street, Dover", "Address: 2 High Street, Salem"),
]
MEANINGS = [
    ("Affiliate", "any person that controls, is controlled by or is under common"),
    ("Business Day", "a day on which banks are open in the city of New York for"),
    ("Closing", "the completion of the sale and purchase of the shares under"),
    ("Confidential Information", "any information that a party has marked as such in writing"),
    ("Losses", "any and all damages, costs, expenses and liabilities that are"),
]


@pytest.mark.parametrize("rows", [TABLE, SIGNATURES, MEANINGS])
def test_tables_and_signature_blocks_are_read_row_by_row(rows: list[tuple[str, ...]]) -> None:
    columns = list(map(list, zip(*rows, strict=True)))
    page = row_by_row(columns, [60, 300, 430][: len(columns)], 700)
    assert flat(text_of(*page)) == " ".join(cell for row in rows for cell in row)


def test_columns_that_are_written_one_after_the_other_stay_so() -> None:
    columns = [wrapped(LIABILITY, 220), wrapped(SUIT, 220)]
    page = [p for x in (60, 300) for p in row_by_row(columns, [60, 300], 700) if p.x == x]
    document = read_pdf(placed_pdf(page), name="x.pdf", document_id="x")
    assert flat(document.text) == f"{LIABILITY} {SUIT}"
    assert not len(document.boxes)
