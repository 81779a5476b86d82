"""A font that says the wrong letters is seen by how often they occur; ordinary text of any language is not."""

from collections.abc import Sequence

import pytest

from retrieval.core.documents import Document
from retrieval.reading.garbled_text import is_garbled, may_be_garbled
from retrieval.reading.pdf import read_pdf
from tests.retrieval.reading.test_ocr_layer import reading
from tests.scans import raw_pdf, stream

LINES = [
    "1. Delivery. The Seller delivers the goods to the Buyer within ten days of",
    "the order at the warehouse of the Buyer. The Buyer pays within a month.",
    "2. Price. The price of the goods is four hundred euros for each pallet,",
    "without taxes. The Seller may raise it by a notice in writing of a month.",
]
SHIFTED = "1 beginbfrange <21> <7D> <0022> endbfrange"
ALL_ONE = "\n".join(["93 beginbfchar", *(f"<{code:02X}> <0078>" for code in range(0x21, 0x7E)), "endbfchar"])


def page(to_unicode: str, lines: Sequence[str] = LINES, *, other_lines: int = 0) -> bytes:
    """Lines in a font with this table of characters, the last ones in another font."""
    fonts = ["G"] * (len(lines) - other_lines) + ["T"] * other_lines
    rows = enumerate(zip(fonts, lines, strict=True))
    shown = "\n".join(f"BT /{font} 11 Tf 72 {740 - 20 * k} Td ({line}) Tj ET" for k, (font, line) in rows)
    table = f"begincmap 1 begincodespacerange <00> <FF> endcodespacerange\n{to_unicode}\nendcmap"
    return raw_pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /G 5 0 R /T 6 0 R >> >> >>",
        stream(shown.encode()),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 7 0 R >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        stream(table.encode()),
    )


def read(data: bytes, words: str | None = None) -> Document:
    recognise = None if words is None else reading(words)
    return read_pdf(data, name="a.pdf", document_id="a", recognise=recognise)


@pytest.mark.parametrize("to_unicode", [SHIFTED, ALL_ONE], ids=["shifted", "all one"])
def test_garbled_text_is_recognised_or_its_page_named(to_unicode: str) -> None:
    words = "\n".join(LINES)
    document = read(page(to_unicode), words)
    assert document.text == words
    assert document.recognised_pages == (1,)
    named = read(page(to_unicode))
    assert named.unreadable_pages == (1,)
    assert not named.text.strip()


def test_only_the_garbled_font_of_a_page_is_recognised() -> None:
    document = read(page(SHIFTED, other_lines=1), "\n".join(LINES[:3]))
    assert [line.strip() for line in document.text.split("\n")] == LINES
    assert document.text[document.remarks_of("recognised")[-1].end :].strip() == LINES[3]


def test_text_that_recognition_confirms_stands() -> None:
    codes = ["".join(chr(ord(c) + 1) if "a" <= c < "z" else c for c in line) for line in LINES]
    odd = "\n".join(codes)
    assert may_be_garbled(odd)
    document = read(page("", codes, other_lines=len(codes)), odd)
    assert (document.text, document.remarks) == (odd, ())


@pytest.mark.parametrize(
    "text",
    [
        "Umowa wchodzi w życie z dniem podpisania i obowiązuje przez okres trzech lat, chyba że zostanie przedłużona. "
        "Strony uzgadniają sześciomiesięczny okres wypowiedzenia na koniec roku kalendarzowego, na piśmie.",
        "Hợp đồng có hiệu lực kể từ ngày ký và có thời hạn ba năm, trừ khi được gia hạn. Các bên thỏa thuận thời hạn "
        "báo trước sáu tháng tính đến cuối năm dương lịch, và việc chấm dứt phải được lập thành văn bản gửi bên kia.",
        "Sopimus tulee voimaan allekirjoituspäivänä ja on voimassa kolme vuotta, ellei sitä jatketa. Osapuolet sopivat "
        "kuuden kuukauden irtisanomisajasta kalenterivuoden loppuun, ja irtisanominen on tehtävä kirjallisesti.",
        "EXHIBIT A PRICES\n" + "\n".join(f"{k:04} PALLET {k * 17 % 97}.{k:02} USD" for k in range(60)),
    ],
    ids=["Polish", "Vietnamese", "Finnish", "price list"],
)
def test_ordinary_text_is_no_garbled_font(text: str) -> None:
    assert not is_garbled(text)
