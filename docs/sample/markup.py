"""Reads contract.txt, the source of the sample agreement.

How it is marked up. Blank lines part blocks, and a block's lines are joined.
    % ...                       left out
    !cover                      followed by `key: value` lines
    !contents  !body  !signatures  !page  !schedules (its pages are labelled S-1, ...)  !schedule N Title
    # N Title                   article          N.N Heading. Text       section
    = Heading   == Heading      heading inside a part, centred or flush left
    (a) after one space, (i) after two           items
    “Term” ...                  definition
    |: widths in % and <, > for each column; |! header row; | row, with ` / ` where a cell breaks its line
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Block:
    """One paragraph, heading, row or directive of contract.txt. `number` is "4.2", "(a)", "3" or ""."""

    kind: str
    number: str
    text: str


PATTERNS = (
    ("article", re.compile(r"# (?P<number>\d+) (?P<text>.+)")),
    ("part", re.compile(r"== (?P<text>.+)")),
    ("heading", re.compile(r"= (?P<text>.+)")),
    ("item2", re.compile(r"  (?P<number>\([ivx]+\)) (?P<text>.+)")),
    ("item1", re.compile(r" (?P<number>\([a-zA-Z]\)) (?P<text>.+)")),
    ("section", re.compile(r"(?P<number>\d+\.\d+) (?P<text>.+)")),
    ("definition", re.compile(r"(?P<text>“.+)")),
    ("text", re.compile(r"(?P<text>.+)")),
)


def parse(source: str) -> list[Block]:
    """The blocks of contract.txt in order. Only tables and directives keep their line breaks in `text`."""
    lines = "\n".join(line for line in source.splitlines() if not line.startswith("%"))
    blocks = []
    for raw in re.split(r"\n\s*\n", lines.strip("\n")):
        if raw.startswith("|"):
            blocks.append(Block("table", "", raw))
        elif raw.startswith("!schedule "):
            _, number, title = raw.split(" ", 2)
            blocks.append(Block("schedule", number, title))
        elif raw.startswith("!"):
            name, _, rest = raw[1:].partition("\n")
            blocks.append(Block(name, "", rest))
        else:
            indent = raw[: len(raw) - len(raw.lstrip())]
            joined = indent + " ".join(raw.split())
            kind, found = next((k, m) for k, p in PATTERNS if (m := p.fullmatch(joined)))
            blocks.append(Block(kind, found.groupdict().get("number") or "", found["text"]))
    return blocks
