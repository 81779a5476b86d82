"""Make the folder of labelled contracts that the other benches take, from the public release of CUAD.

    python -m bench.cuad CUAD_V1 LABELS [--all] [--wordings WORDINGS.tsv] [--absent 600]

CUAD_V1 is the unpacked archive of the Contract Understanding Atticus Dataset v1 (The Atticus Project, CC BY 4.0):
`CUAD_v1.json` and `full_contract_pdf/`. LABELS gets

    pdf/ID.pdf        the contracts: the 160 of `cuad.tsv`, on which the figures in docs/ were taken, or --all
    contracts.jsonl   {"id", "file", "title", "cuad_name", "pages"}
    queries.jsonl     {"id", "contract", "category", "view", "question", "title", "gold", "gold_pages"}
    absent.jsonl      {"id", "contract", "category", "view", "question"} of clauses that a contract does not have

`title` is the document's name and its first two parties, as CUAD marks them; `gold` are the passages that lawyers
marked, and `gold_pages` where they stand in the PDF. The question is CUAD's own ("Details: …") in the view `plain`.
WORDINGS.tsv has others: category, view and question in a line, with tabs between them.
"""

import argparse
import csv
import hashlib
import json
import re
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from bench.score import Folded, fold
from retrieval import Document
from retrieval.evaluate import write_rows
from retrieval.reading.pdf import read_pdf

CONTRACTS = Path(__file__).with_suffix(".tsv")
# Names and dates of the contract itself are no clauses; of the last two no figure in docs/ was taken.
LEFT_OUT = {
    "Document Name",
    "Parties",
    "Agreement Date",
    "Effective Date",
    "Source Code Escrow",
    "Liquidated Damages",
}
_SLUG = 48  # characters of a contract's name in its id
Row = dict[str, Any]


class Label(NamedTuple):
    """What CUAD says of one kind of clause in one contract."""

    category: str
    question: str
    passages: list[str]


class Contract(NamedTuple):
    """One contract of the release."""

    name: str
    labels: list[Label]

    def passages(self, category: str) -> list[str]:
        """What is marked for a kind of clause."""
        return [passage for label in self.labels if label.category == category for passage in label.passages]

    @property
    def title(self) -> str:
        """Its name and its first two parties."""
        name = next(iter(self.passages("Document Name")), self.name)
        parties = list(dict.fromkeys(self.passages("Parties")))[:2]
        return f"{name} between {' and '.join(parties)}" if parties else name


def contracts_of(release: Path) -> Iterator[Contract]:
    """The contracts of `CUAD_v1.json`, which has the form of SQuAD 2."""
    for row in json.loads((release / "CUAD_v1.json").read_text("utf-8"))["data"]:
        labels = [
            Label(
                qa["id"].rpartition("__")[2],
                qa["question"].rpartition("Details:")[2].strip(),
                list(dict.fromkeys(answer["text"] for answer in qa["answers"])),
            )
            for paragraph in row["paragraphs"]
            for qa in paragraph["qas"]
        ]
        yield Contract(row["title"].strip(), labels)


def pdfs_of(release: Path) -> dict[str, Path]:
    """The PDFs by the letters and digits of their names: CUAD's titles and file names differ in the rest."""
    files = (path for path in (release / "full_contract_pdf").rglob("*") if path.suffix.lower() == ".pdf")
    return {fold(path.stem).text: path for path in files}


def id_of(name: str) -> str:
    """A file name for a contract: the beginning of its name, and a digest of all of it."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", name)[:_SLUG].strip("-")
    return f"{slug}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def pages_of(passage: str, document: Document, text: Folded) -> list[int]:
    """The pages on which a passage begins, counted from 1."""
    return sorted({document.page_at(int(text.offsets[place.start])).number for place in text.places(passage)})


def wordings_of(path: Path | None) -> dict[str, list[tuple[str, str]]]:
    """View and question for each kind of clause, beside CUAD's own."""
    wordings = defaultdict(list)
    if path is not None:
        with path.open(encoding="utf-8", newline="") as file:
            for category, view, question in csv.reader(file, delimiter="\t"):
                wordings[category].append((view, question))
    return wordings


def rows_of(
    id_: str, contract: Contract, wordings: dict[str, list[tuple[str, str]]], document: Document
) -> Iterator[Row]:
    """A row for every kind of clause and wording; without `gold` where the contract has no such clause."""
    text = fold(document.text)
    for label in contract.labels:
        if label.category in LEFT_OUT:
            continue
        pages = sorted({page for passage in label.passages for page in pages_of(passage, document, text)})
        marked = {"title": contract.title, "gold": label.passages, "gold_pages": pages} if label.passages else {}
        for view, question in [("plain", label.question), *wordings[label.category]]:
            named = {"id": f"{id_}/{label.category}/{view}", "contract": id_, "category": label.category, "view": view}
            yield named | {"question": question} | marked


def main() -> int:
    """Make the folder; exit 1 when a contract of the list is not in the release."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("release", type=Path, metavar="CUAD_V1")
    parser.add_argument("labels", type=Path)
    parser.add_argument("--all", action="store_true", help="every contract of the release")
    parser.add_argument("--wordings", type=Path)
    parser.add_argument("--absent", type=int, default=600, help="questions about clauses that are not there, at most")
    options = parser.parse_args()
    with CONTRACTS.open(encoding="utf-8", newline="") as file:
        ids = {row["cuad_name"]: row["id"] for row in csv.DictReader(file, delimiter="\t")}
    files, wordings = pdfs_of(options.release), wordings_of(options.wordings)
    (options.labels / "pdf").mkdir(parents=True, exist_ok=True)
    contracts: list[Row] = []
    rows: list[Row] = []
    lost = []
    for contract in contracts_of(options.release):
        if not options.all and contract.name not in ids:
            continue
        file_ = files.get(fold(contract.name).text)
        if file_ is None:
            lost.append(contract.name)
            continue
        id_ = ids.get(contract.name) or id_of(contract.name)
        target = options.labels / "pdf" / f"{id_}.pdf"
        shutil.copyfile(file_, target)
        document = read_pdf(target.read_bytes(), name=target.name, document_id=id_)
        contracts.append(
            {
                "id": id_,
                "file": f"pdf/{id_}.pdf",
                "title": contract.title,
                "cuad_name": contract.name,
                "pages": len(document.pages),
            }
        )
        rows += rows_of(id_, contract, wordings, document)
    write_rows(options.labels / "contracts.jsonl", contracts)
    write_rows(options.labels / "queries.jsonl", (row for row in rows if "gold" in row))
    absent = [row for row in rows if "gold" not in row]
    absent.sort(key=lambda row: hashlib.sha256(row["id"].encode()).digest())  # a sample that is the same each time
    write_rows(options.labels / "absent.jsonl", absent[: options.absent])
    print(
        f"{len(contracts)} contracts, {sum('gold' in row for row in rows)} questions, "
        f"{min(len(absent), options.absent)} absent"
    )
    for name in lost:
        print(f"no PDF for {name}", file=sys.stderr)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
