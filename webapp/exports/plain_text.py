"""Writes a paper as plain text: for the clipboard, beside HTML, and for the terminal."""

from collections.abc import Sequence

from webapp.exports.paper import Paper, PaperLine, Run


def to_text(paper: Paper) -> str:
    """The lines, and after those of the answer the notes; above them what it is about, where it tells that.

    Cells of a table have a tab between them.
    """
    lines = list(paper.lines)
    tail = next((i for i in range(len(lines), 0, -1) if lines[i - 1].kind != "soft"), 0)
    notes = [f"[{note.number}] {note.text}" for note in paper.notes]
    about = "\n".join((paper.title, *paper.about)) if paper.about else ""
    parts = [about, text_of(lines[:tail]), "\n".join(dict.fromkeys(notes)), text_of(lines[tail:])]
    return "\n\n".join(part for part in parts if part.strip())


def text_of(lines: Sequence[PaperLine], bold: str = "") -> str:
    """Lines as text; between paragraphs, and around lists and tables, a line is left empty. `bold` stands around bold
    words.
    """
    out = list[str]()
    for before, line in zip([None, *lines], lines, strict=False):
        if before is not None and (_BLOCKS[line.kind] != _BLOCKS[before.kind] or line.kind in ("paragraph", "heading")):
            out.append("")
        out.append(_line(line, bold))
    return "\n".join(out)


_BLOCKS = {"bullet": 1, "number": 1, "head": 2, "row": 2, "paragraph": 3, "quote": 3, "heading": 1, "soft": 4}


def _line(line: PaperLine, bold: str) -> str:
    if line.kind in ("head", "row"):
        return "\t".join(" ".join(_runs(cell, bold).split()) for cell in line.cells)
    sign = {"bullet": "- ", "number": f"{line.number}. "}.get(line.kind, "")
    return "   " * line.level + sign + _runs(line.cells[0], bold)


def _runs(runs: Sequence[Run], bold: str) -> str:
    return "".join(_words(run, bold if run.bold else "") for run in runs).rstrip()


def _words(run: Run, around: str) -> str:
    return f"[{run.note}]" if run.note else f"{around}{run.text}{around}"
