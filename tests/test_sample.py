"""The sample agreement that ships with the program, and the questions that are asked of it."""

import json
import re
import runpy
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "docs" / "sample"
PDF = ROOT / "webapp" / "sample" / "sample-supply-agreement.pdf"
LABELS = ["i", "ii", "1", "2", "3", "4", "5", "6", "7", "8", "S-1", "S-2"]

BLOCKS = runpy.run_path(str(SAMPLE / "markup.py"))["parse"]((SAMPLE / "contract.txt").read_text(encoding="utf-8"))
TEXT = "\n".join(f"{b.number} {b.text}" for b in BLOCKS)


def rows(name: str) -> list[dict[str, Any]]:
    lines = (SAMPLE / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


ANSWERED = [r for r in rows("questions.jsonl") if r["section"]]
ABSENT = [r for r in rows("questions.jsonl") if not r["section"]]
FOLLOWUPS = rows("followups.jsonl")


@pytest.fixture(scope="module")
def pages() -> list[tuple[str, str]]:
    """The printed label and the text of each page, white space folded."""
    with pypdfium2.PdfDocument(PDF) as pdf:
        found = []
        for n, page in enumerate(pdf):
            text = page.get_textpage()
            found.append((pdf.get_page_label(n), " ".join(text.get_text_range().split())))
            text.close()
            page.close()
    return found


@pytest.fixture(scope="module")
def sections() -> dict[str, str]:
    """What contract.txt says under each number: "4.2", "4.2(a)", "7.2(a)(i)", "Article 4", "Schedule 2, Part A"."""
    found: dict[str, str] = {}
    open_numbers: list[str] = []
    for b in BLOCKS:
        text = b.text
        if b.kind == "table":
            cells = [line.lstrip("|!").replace("|", " ").replace(" / ", " ") for line in b.text.splitlines()[1:]]
            text = " ".join(" ".join(cells).split())
        if b.kind in ("article", "schedule"):
            open_numbers = [f"{b.kind.title()} {b.number}"]
        elif b.kind == "part":
            open_numbers = [open_numbers[0], f"{open_numbers[0]}, {text.split(' –')[0]}"]
        elif b.kind == "section":
            open_numbers = [open_numbers[0], b.number]
        elif b.kind.startswith("item") and open_numbers:
            depth = 1 + int(b.kind[-1])
            open_numbers = [*open_numbers[:depth], open_numbers[depth - 1] + b.number]
        for number in open_numbers:
            found[number] = f"{found.get(number, '')} {b.number} {text}".strip()
    return found


def test_the_shipped_file_is_what_the_build_writes_byte_for_byte(tmp_path: Path) -> None:
    out = tmp_path / "built.pdf"
    subprocess.run([sys.executable, SAMPLE / "make.py", out], check=True)
    assert out.read_bytes() == PDF.read_bytes(), "run: python docs/sample/make.py"


def test_it_is_small_and_its_printed_page_numbers_are_its_page_labels(pages: list[tuple[str, str]]) -> None:
    assert PDF.stat().st_size < 150_000
    assert [label for label, _ in pages] == LABELS
    for label, text in pages[1:]:
        assert text.endswith(f"Confidential Page {label}")
        assert text.startswith("Master Supply and License Agreement Contract No. QP-2025-014")


def test_its_text_is_clean(pages: list[tuple[str, str]]) -> None:
    allowed = set("–“”’")
    for label, text in pages:
        assert {c for c in text if not (c.isascii() and c.isprintable())} <= allowed, label


def test_the_table_of_contents_names_the_page_where_each_part_starts(pages: list[tuple[str, str]]) -> None:
    lines = re.findall(r"((?:Article|Schedule) \d+) – ([^.]+?)(?: \.)+ (\S+)", pages[1][1])
    assert len(lines) == 19 + 3
    for part, title, label in lines:
        heading = f"{part} – {title}".upper()
        assert [at for at, text in pages if heading in text] == [label]


@pytest.mark.parametrize("row", [*ANSWERED, *FOLLOWUPS], ids=lambda r: r.get("full", r.get("question")))
def test_every_listed_passage_stands_on_its_page_and_in_its_section(
    row: dict[str, Any], pages: list[tuple[str, str]], sections: dict[str, str]
) -> None:
    label, text = pages[row["page"] - 1]
    assert row["passage"] in text
    assert row.get("page_label", label) == label
    item = sections[row["section"]]
    opening = sections[row["section"].split("(")[0]].split(" (a) ")[0]
    assert row["passage"] in f"{opening} {item}"
    # A passage may begin with the words that lead into an item, but must reach the item itself.
    assert row["passage"] not in opening or opening.startswith(item[:20])


def test_the_lists_are_complete() -> None:
    assert (len(ANSWERED), len(ABSENT), len(FOLLOWUPS)) == (30, 6, 50)
    everything = [*(r["question"] for r in ANSWERED + ABSENT), *(r["full"] for r in FOLLOWUPS)]
    assert len(set(everything)) == len(everything)


@pytest.mark.parametrize(
    "word", ["escrow", "guarant", "discount", r"first\s+refusal", r"\btrain", "disparag", "reputation"]
)
def test_nothing_is_said_about_what_the_absent_questions_ask(word: str) -> None:
    assert len(ABSENT) == 6
    assert not re.search(word, TEXT, re.IGNORECASE)


def test_every_cross_reference_resolves(sections: dict[str, str]) -> None:
    cited = set(re.findall(r"Section (\d+\.\d+(?:\([a-z]+\))*)", TEXT))
    cited |= set(re.findall(r"(?:Article|Schedule) \d+", TEXT))
    cited |= {f"{of}, {part}" for part, of in re.findall(r"(Part [A-Z]) of (Schedule \d+)", TEXT)}
    for listed in re.findall(r"(Articles|Sections) ([\d., ]+(?: and [\d.]+)?)", TEXT):
        cited |= {
            ("Article " if listed[0] == "Articles" else "") + n.strip(".") for n in re.findall(r"[\d.]+", listed[1])
        }
    assert len(cited) > 50
    assert sorted(cited - set(sections)) == []


def test_sections_and_items_are_numbered_without_gaps(sections: dict[str, str]) -> None:
    numbers = [tuple(map(int, n.split("."))) for n in sections if re.fullmatch(r"\d+\.\d+", n)]
    for (article, section), after in pairwise(numbers):
        assert after in {(article, section + 1), (article + 1, 1)}
    letters = [n for n in sections if re.fullmatch(r"\d+\.\d+\([b-z]\)", n)]
    assert [n for n in letters if f"{n[:-2]}{chr(ord(n[-2]) - 1)})" not in sections] == []


def test_every_defined_term_is_defined_once_and_used() -> None:
    terms = re.findall(r"“([A-Z][^”]+)” (?:means|has)", TEXT) + re.findall(
        r"(?:the|this|each a|a) “([A-Z][^”]+)”", TEXT
    )
    assert len(terms) >= 30
    for term in set(terms) - {"Including"}:
        assert len(re.findall(rf"\b{term}(?:s|es)?\b", TEXT)) >= 2, term
    assert sorted(t for t in set(terms) if terms.count(t) > 1) == ["Force Majeure Event"]  # 1.1 points to 16.1


def spelled(n: int) -> str:
    # fmt: off
    small = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
             "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
    # fmt: on
    tens = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
    for unit, name in ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred")):
        if n >= unit:
            rest = f" {spelled(n % unit)}" if n % unit else ""
            return f"{spelled(n // unit)} {name}{rest}"
    if n < 20:
        return small[n]
    return tens[n // 10 - 2] + (f"-{small[n % 10]}" if n % 10 else "")


def test_amounts_in_words_equal_the_amounts_in_figures() -> None:
    pairs = re.findall(r"([A-Za-z-]+(?: [a-z-]+){0,5}) \((\$?)([\d,]+)(%?)\)", TEXT.split("therefore agree")[1])
    assert len(pairs) > 50
    for words, dollar, digits, percent in pairs:
        unit = " dollars" if dollar else " percent" if percent else ""
        assert words.lower().endswith(spelled(int(digits.replace(",", ""))) + unit), (words, digits)


def test_the_minimum_purchases_add_up(sections: dict[str, str]) -> None:
    amounts = [int(a.replace(",", "")) for a in re.findall(r"\$([\d,]+)", sections["Schedule 3"])]
    *years, total = amounts[:6]
    assert sum(years) == total
    bought, shortfall, payment, minimum, threshold = amounts[6:]
    assert (minimum - bought, shortfall * 35 // 100, minimum * 75 // 100) == (shortfall, payment, threshold)
    assert minimum == years[1]
