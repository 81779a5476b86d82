"""Writes the comparison of two versions as a file: HTML to read and print, DOCX to go on working with.

Deleted words are struck, inserted ones underlined, each in a colour too; unchanged words far from a change are left
out.
"""

import io
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from webapp.core.results import ChangeRow
from webapp.core.wording import change_title, changes_in_all
from webapp.exports.ooxml import clean

MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
_AROUND = 160  # characters of unchanged words that are shown on either side of a change
_STYLE = Markup("""
:root { color-scheme: light dark; --ink: #1d2128; --soft: #5a616c; --paper: #fbfaf8; --gone: #9b1c1c; --new: #22603a;
  --line: #dedad2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7e5e0; --soft: #a3a9b3; --paper: #16181c; --gone: #f2a0a0;
  --new: #8fd0a6; --line: #353a43; } }
body { color: var(--ink); background: var(--paper); font: 1rem/1.55 Charter, Cambria, Georgia, serif; margin: 0 auto;
  max-width: 50rem; padding: 2rem 1.2rem; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; line-height: 1.3; } h2 { font-size: 1rem; margin: 0; }
section { border-top: 1px solid var(--line); padding: 0.9rem 0; break-inside: avoid; }
.where, .all { color: var(--soft); font: 0.85rem/1.4 system-ui, sans-serif; margin: 0.15rem 0; }
del { color: var(--gone); } ins { color: var(--new); text-decoration: underline; }
""")


def names_in(changes: Sequence[ChangeRow], old: str, new: str) -> tuple[str, str]:
    """The names of both documents as the changes have them; else what they were asked by."""
    before = (change.old.document for change in changes if change.old)
    after = (change.new.document for change in changes if change.new)
    return next(before, old), next(after, new)


def to_html(old: str, new: str, rows: Sequence[ChangeRow], docx: str = "") -> str:
    """One page with every change. `docx`: address of the same as a Word file."""
    sections = Markup("\n").join(
        Markup('<section><h2>{}</h2><p class="where">{}</p><p>{}</p></section>').format(
            *change_title(row), Markup("").join(_mark(op, words) for op, words in shortened(row))
        )
        for row in rows
    )
    link = Markup(' · <a href="{}">Word file</a>').format(docx) if docx else ""
    page = Markup(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{old} – {new}: changes</title>'
        '<meta name="viewport" content="width=device-width"><style>{style}</style></head><body><h1>Changes from '
        '{old} to {new}</h1><p class="all">{all}{link}</p>{sections}</body></html>'
    )
    given = {"old": old, "new": new, "all": changes_in_all(rows), "link": link, "sections": sections}
    return str(page.format(style=_STYLE, **given))


def to_docx(old: str, new: str, rows: Sequence[ChangeRow]) -> bytes:
    """The same as a Word file; the marks are formatting, not tracked changes."""
    from docx import Document
    from docx.shared import RGBColor

    colours = {"delete": RGBColor(0x9B, 0x1C, 0x1C), "insert": RGBColor(0x22, 0x60, 0x3A)}
    document = Document()
    document.add_heading(clean(f"Changes from {old} to {new}"), level=1)
    document.add_paragraph(changes_in_all(rows))
    for row in rows:
        title, where = change_title(row)
        document.add_heading(clean(title), level=2)
        document.add_paragraph(clean(where)).style = "Caption"
        paragraph = document.add_paragraph()
        for op, words in shortened(row):
            run = paragraph.add_run(clean(words))
            if op in colours:
                run.font.color.rgb = colours[op]
                run.font.strike, run.font.underline = op == "delete", op == "insert"
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def shortened(row: ChangeRow) -> Iterator[tuple[str, str]]:
    """The words of a change with what is unchanged shortened around it."""
    last = len(row.words) - 1
    for at, (op, words) in enumerate(row.words):
        if op != "equal" or len(words) <= 2 * _AROUND:
            yield op, words
            continue
        head = "" if at == 0 else words[:_AROUND].rsplit(" ", 1)[0]
        tail = "" if at == last else words[-_AROUND:].split(" ", 1)[-1]
        yield "equal", f"{head} … {tail}".strip(" ") + " "


def _mark(op: str, words: str) -> Markup:
    tag = {"delete": "del", "insert": "ins"}.get(op)
    words = clean(words)
    return Markup("<{0}>{1}</{0}>").format(tag, words) if tag else Markup.escape(words)
