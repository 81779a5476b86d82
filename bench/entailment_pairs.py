"""Makes pairs for training a model that reads: (statement, clause) and (question, clause) with what is right of them.

Statements come from lawyers' labels (ContractNLI, and other wordings of its 17 statements, affirmed and denied), from
statements written for this by reading (`entailment_statements.tsv`), and from sentences of contracts, reworded and
altered by rule (`bench/paraphrases.py`). The statement or the clause is altered, so that neither alone tells the
answer. Questions come from CUAD and MAUD, and from headings: a clause answers its own once that is taken out of it.
"""

import csv
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.labelled_text import Contract
from bench.paraphrases import ALTERATIONS, LIMIT, exchanged, limit_added, paraphrase, same_words

FOLLOWS, CONTRADICTS, SILENT, ANSWERS, NO_ANSWER = 1, 2, 4, 8, 16  # bits: what may be right
WRONG = CONTRADICTS | SILENT
RIGHT_OF = {
    "negation": CONTRADICTS,
    "opposite": CONTRADICTS,
    "figure": CONTRADICTS,
    "modality": WRONG,
    "limit dropped": WRONG,
    "limit added": WRONG,
    "party": WRONG,
}
WRITTEN = 4  # times that a statement written by reading is used, each beside more or less of what stands around it
HERE = Path(__file__).parent
LONGEST = 500  # characters of a clause
_GOOD = re.compile(
    r"^(?:[\d.()a-zA-Z]{1,8} )?[“\"A-Z].*\b(?:shall|will|may|must|is|are|has|agrees?|can)\b.*[.;]$", re.DOTALL
)
_ODD = re.compile(r"\[\*|\*\*|___|\.\.\.|…|Page \d|http|@")
_STEMS = re.compile(r"[a-z]{4,}")


@dataclass(frozen=True)
class Made:
    """A pair, the bits of what may be right of it, and where it comes from: its kind and its contract."""

    text: str
    clause: str
    right: int
    kind: str
    contract: str


@dataclass(frozen=True)
class LeftOut:
    """What a training leaves out to be tried on it."""

    contracts: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()  # of clause, statement, alteration

    def __contains__(self, made: Made) -> bool:
        return made.contract in self.contracts or made.kind.partition(":")[2] in self.kinds


def from_sentences(contract: Contract, count: int, rng: random.Random) -> Iterator[Made]:
    """Up to `count` sentences reworded, reworded and altered, and set beside another sentence."""
    usable = [
        i for i, s in enumerate(contract.sentences) if 50 <= len(s) <= 300 and _GOOD.match(s) and not _ODD.search(s)
    ]
    alterations = dict(ALTERATIONS)
    if len(contract.parties) > 1:
        alterations["party"] = exchanged(contract.parties)
    limits = [m[0] for i in usable for m in LIMIT.finditer(contract.sentences[i]) if 15 < len(m[0]) < 120]
    if limits:
        alterations["limit added"] = lambda s, r: limit_added(s, r, limits)
    stems = {i: set(_STEMS.findall(contract.sentences[i].lower())) for i in usable}
    for at in rng.sample(usable, min(count, len(usable))):
        sentence = contract.sentences[at]
        yield Made(paraphrase(sentence, rng), _clause(contract, at, rng), FOLLOWS, "sentence:reworded", contract.name)
        for kind in rng.sample(sorted(alterations), len(alterations)):
            if found := _altered(contract, at, kind, alterations[kind], rng):
                yield found
                if rng.random() < 0.65:
                    break
        drawn = rng.sample(usable, min(100, len(usable)))
        near = [i for i in drawn if i != at and 0.12 < _alike(stems[i], stems[at]) < 0.55] or [rng.choice(usable)]
        other = max(rng.sample(near, min(4, len(near))), key=lambda i: _alike(stems[i], stems[at]))
        if abs(other - at) > 2 and rng.random() < 0.6:
            statement = paraphrase(contract.sentences[other], rng)
            yield Made(statement, _clause(contract, at, rng), SILENT, "sentence:another", contract.name)


def _altered(
    contract: Contract, at: int, kind: str, alter: Callable[[str, random.Random], str | None], rng: random.Random
) -> Made | None:
    sentence = contract.sentences[at]
    if rng.random() < 0.45:  # the clause is altered; what the statement says was never written
        new = alter(sentence, rng)
        if new is None or new == sentence:
            return None
        if rng.random() < 0.3:  # both are, and agree
            clause = _clause(contract, at, rng).replace(sentence, new)
            return Made(paraphrase(new, rng), clause, FOLLOWS, "sentence:reworded", contract.name)
        if kind == "limit dropped":  # the statement has a limit that the clause has not
            return Made(paraphrase(sentence, rng), new, WRONG, f"altered:{kind}", contract.name)
        clause = _clause(contract, at, rng).replace(sentence, new)
        return Made(paraphrase(sentence, rng), clause, RIGHT_OF[kind], f"altered:{kind}", contract.name)
    if rng.random() < 0.5:
        new = alter(sentence, rng)
        statement = None if new is None or new == sentence else same_words(new, rng)
    else:
        base = paraphrase(sentence, rng)
        new = alter(base, rng)
        statement = None if new is None or new == base else new
    if statement is None:
        return None
    return Made(statement, _clause(contract, at, rng), RIGHT_OF[kind], f"altered:{kind}", contract.name)


def from_questions(contract: Contract, share: float, rng: random.Random) -> Iterator[Made]:
    """Each question with a sentence that answers it and two that do not, of which one is near."""
    for asked in contract.asked:
        stems = set(_STEMS.findall(asked.question.lower()))
        apart = [i for i in range(len(contract.sentences)) if min((abs(i - r) for r in asked.right), default=9) > 2]
        if not apart or rng.random() > share:
            continue
        if asked.right:
            at = rng.choice(asked.right)
            yield Made(asked.question, _clause(contract, at, rng), ANSWERS, f"question:{asked.kind}", contract.name)
        drawn = rng.sample(apart, min(40, len(apart)))
        near = max(drawn, key=lambda i: len(stems & set(_STEMS.findall(contract.sentences[i].lower()))))
        for at in {near, rng.choice(drawn)}:
            yield Made(asked.question, _clause(contract, at, rng), NO_ANSWER, f"question:{asked.kind}", contract.name)


def from_headings(contract: Contract, count: int, rng: random.Random) -> Iterator[Made]:
    """Headings as questions: the sentences below answer theirs, and not another's."""
    places = [i for i, h in enumerate(contract.headings) if 4 < len(h) < 60 and len(contract.sentences[i]) > 60]
    for at in rng.sample(places, min(count, len(places))):
        heading = contract.headings[at]
        clause = re.sub(re.escape(heading), "", _clause(contract, at, rng), flags=re.IGNORECASE).strip(" .:–-")
        asked = _as_question(heading, rng)
        yield Made(asked, clause, ANSWERS, "question:heading", contract.name)
        others = [
            contract.headings[i]
            for i in places
            if _alike(set(heading.lower().split()), set(contract.headings[i].lower().split())) == 0
        ]
        if others:
            yield Made(_as_question(rng.choice(others), rng), clause, NO_ANSWER, "question:heading", contract.name)


def _as_question(heading: str, rng: random.Random) -> str:
    words = heading.strip(" .:").lower() if rng.random() < 0.5 else heading.strip(" .:")
    frames = [
        "{}",
        "{}?",
        "What does the contract say about {}?",
        "What is agreed on {}?",
        "Tell me about {}.",
        "Is there a clause on {}?",
    ]
    return rng.choice(frames).format(words)


def from_statements(
    contract: Contract, variants: dict[str, list[tuple[str, int]]], rng: random.Random
) -> Iterator[Made]:
    """ContractNLI's statements, and other wordings, affirmed and denied, with evidence and with what is near."""
    evidence = {stated.kind: set(stated.evidence) for stated in contract.stated}
    for stated in contract.stated:
        kind = f"statement:{stated.kind}"
        wordings = [(stated.statement, 1), *rng.sample(variants[stated.kind], 3)]
        for wording, sign in wordings:
            text = same_words(wording, rng, 0.3) if rng.random() < 0.5 else wording
            if stated.label < 2 and stated.evidence:
                at = rng.choice(stated.evidence)
                follows = (stated.label == 0) == (sign > 0)
                # One of several pieces of evidence may not do alone.
                clause = _clause(contract, at, rng) if len(stated.evidence) == 1 else _joined(contract, stated.evidence)
                yield Made(text, clause, FOLLOWS if follows else CONTRADICTS, kind, contract.name)
            stems = set(_STEMS.findall(text.lower()))
            apart = [i for i, s in enumerate(contract.sentences) if i not in evidence[stated.kind] and len(s) > 40]
            near = sorted(apart, key=lambda i: -_alike(stems, set(_STEMS.findall(contract.sentences[i].lower()))))[:6]
            if rng.random() < (0.9 if stated.label == 2 else 0.35):
                yield Made(text, contract.sentences[rng.choice(near)], SILENT, kind, contract.name)


def variants_of(file: Path = HERE / "contractnli_statements.tsv") -> dict[str, list[tuple[str, int]]]:
    """Other wordings of ContractNLI's statements: +1 affirmed, -1 denied."""
    found: dict[str, list[tuple[str, int]]] = {}
    for key, sign, statement in _rows(file):
        found.setdefault(key, []).append((statement, 1 if sign == "+" else -1))
    return found


def _clause(contract: Contract, at: int, rng: random.Random) -> str:
    """A sentence, often with what stands before or after it."""
    first = at - rng.choice([0, 0, 0, 0, 1, 1])
    last = at + rng.choice([0, 0, 0, 0, 1, 1])
    sentences = contract.sentences
    while first < at and sum(map(len, sentences[max(first, 0) : at + 1])) > LONGEST:
        first += 1
    text = " ".join(sentences[max(first, 0) : last + 1])
    return (sentences[at] if len(text) > LONGEST and first < at else text)[:LONGEST]


def _joined(contract: Contract, numbers: Sequence[int]) -> str:
    return " ".join(contract.sentences[i] for i in numbers)[:LONGEST]


def _alike(one: set[str], other: set[str]) -> float:
    return len(one & other) / (len(one | other) or 1)


def from_written(
    contract: Contract, written: Sequence[tuple[str, str, int, str]], rng: random.Random
) -> Iterator[Made]:
    """Statements that were written by reading a clause, set beside it and beside another sentence."""
    for name, words, right, statement in written:
        if name != contract.name:
            continue
        at = next((i for i, s in enumerate(contract.sentences) if s.startswith(words)), None)
        if at is None:
            continue
        kind = f"written:{'right' if right == FOLLOWS else 'wrong'}"
        for _ in range(WRITTEN):
            text = same_words(statement, rng, 0.2) if rng.random() < 0.3 else statement
            yield Made(text, _clause(contract, at, rng), right, kind, name)
        stems = set(_STEMS.findall(statement.lower()))
        apart = [i for i, s in enumerate(contract.sentences) if abs(i - at) > 2 and len(s) > 50]
        if apart and rng.random() < 0.7:
            near = sorted(apart, key=lambda i: -_alike(stems, set(_STEMS.findall(contract.sentences[i].lower()))))[:4]
            yield Made(statement, contract.sentences[rng.choice(near)], SILENT, "written:another", name)


def written_of(file: Path = HERE / "entailment_statements.tsv") -> list[tuple[str, str, int, str]]:
    """The statements that were written by reading: contract, the clause's first words, what is right, the statement."""
    return [(name, words, FOLLOWS if sign == "+" else WRONG, text) for name, words, sign, text in _rows(file)]


def _rows(file: Path) -> list[list[str]]:
    return list(csv.reader(file.read_text("utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
