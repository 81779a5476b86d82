"""Reads labelled contracts for training a model that reads: CUAD, ContractNLI and MAUD, as sentences, headings,
questions with their passages, and statements with what they stand to.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rich.progress import track

from retrieval.reading.pdf import read_pdf
from retrieval.structure.clauses import clause_at, outline
from retrieval.structure.facts import find_facts
from retrieval.structure.quote_match import find_quote
from retrieval.structure.reflow import own_words
from retrieval.structure.sentence_ends import split_sentences
from retrieval.structure.sentences import sentences

SHORTEST, LONGEST = 40, 700  # characters of a sentence that is used
_WORDS = re.compile(r"\s+")


@dataclass
class Asked:
    """A question of a kind, the numbers of the sentences that answer it; none where the contract does not."""

    question: str
    kind: str
    right: list[int]


@dataclass
class Stated:
    """A statement, whether it follows (0), is contradicted (1) or not said (2), and the sentences that say so."""

    statement: str
    kind: str
    label: int
    evidence: list[int]


@dataclass
class Contract:
    """A contract as numbered sentences with the heading that each stands under, and its labels.

    `parties`: the names that each party goes by.
    """

    source: str
    name: str
    sentences: list[str]
    headings: list[str]
    parties: list[list[str]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    stated: list[Stated] = field(default_factory=list)


def cuad(folder: Path) -> Iterator[Contract]:
    """The contracts of a folder with `pdf/`, `queries.jsonl` and `absent.jsonl`."""
    by_contract = defaultdict(list)
    for file in ("queries.jsonl", "absent.jsonl"):
        for line in (folder / file).read_text("utf-8").splitlines():
            query = json.loads(line)
            by_contract[query["contract"]].append(query)
    for name in track(sorted(by_contract), "reading contracts"):
        pdf = folder / "pdf" / f"{name}.pdf"
        document = read_pdf(pdf.read_bytes(), name=pdf.name, document_id=name)
        spans = [s for s in sentences(document) if len(s) <= 3 * LONGEST]
        contract = Contract("cuad", name, [own_words(document, s) for s in spans], [])
        clauses = outline(document)
        for span in spans:
            at = clause_at(document, span.start)
            contract.headings.append("" if at is None else clauses[at].heading)
        for party in find_facts(document).parties:
            names = {party.name, party.role, *party.short_forms, re.split(r",|\bInc\b|\bLLC\b|\bLtd\b", party.name)[0]}
            contract.parties.append(sorted({n.strip() for n in names if len(n.strip()) > 1}))
        for query in by_contract[name]:
            found = [m.span for passage in query.get("gold", []) if (m := find_quote(document, passage))]
            right = [i for i, s in enumerate(spans) if any(s.shared(f) > 0.5 * min(len(s), len(f)) for f in found)]
            if right or not query.get("gold"):
                contract.asked.append(Asked(query["question"], query["category"], right))
        yield contract


def contractnli(file: Path) -> Iterator[Contract]:
    """The non-disclosure agreements of ContractNLI's `dev.json`."""
    data = json.loads(file.read_text("utf-8"))
    choices = ["Entailment", "Contradiction", "NotMentioned"]
    for each in data["documents"]:
        texts = [_WORDS.sub(" ", each["text"][a:b]).strip() for a, b in each["spans"]]
        contract = Contract("contractnli", str(each["id"]), texts, [""] * len(texts))
        for key, found in each["annotation_sets"][0]["annotations"].items():
            statement = data["labels"][key]["hypothesis"]
            contract.stated.append(Stated(statement, key, choices.index(found["choice"]), found["spans"]))
        yield contract


def maud(folder: Path) -> Iterator[Contract]:
    """The merger agreements of MAUD, in the form of LegalBench-RAG: `queries.jsonl` and `texts/`."""
    by_text = defaultdict(list)
    for line in (folder / "queries.jsonl").read_text("utf-8").splitlines():
        query = json.loads(line)
        by_text[query["text"]].append(query)
    for name, queries in track(sorted(by_text.items()), "reading merger agreements"):
        text = (folder / "texts" / name).read_text("utf-8")
        spans = [s for s in split_sentences(text) if s[1] - s[0] <= 3 * LONGEST]
        contract = Contract("maud", name, [_WORDS.sub(" ", text[a:b]).strip() for a, b in spans], [""] * len(spans))
        contract.parties = [["Parent"], ["Company"], ["Merger Sub"]]
        for query in queries:
            question = query["query"].split(";")[-1].strip()
            right = [
                i
                for i, (a, b) in enumerate(spans)
                if any(min(b, d) - max(a, c) > 0.5 * min(b - a, d - c) for c, d in query["spans"])
            ]
            if right:
                contract.asked.append(Asked(question, question, right))
        yield contract
