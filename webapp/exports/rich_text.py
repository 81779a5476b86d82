"""Writes a paper as HTML: a piece of it for the clipboard, as Word takes it, and a page to read and print."""

from collections.abc import Sequence

from markupsafe import Markup

from webapp.core.wording import marks_in_words
from webapp.exports.paper import Note, Paper, Run, raised
from webapp.exports.written_html import to_html as lines_to_html

_COLOURS = {"doubt": "#8a4600", "sure": "#22603a", "part": "#444b57", "gone": "#5a616c"}  # by the style of a mark
_TABLE = Markup(
    '<table border="1" cellspacing="0" cellpadding="5" style="border-collapse:collapse">{}<tbody>{}</tbody></table>'
)
_STYLE = Markup("""
:root { color-scheme: light; }
body { color: #1d2128; background: #fff; font: 11pt/1.5 Charter, Cambria, Georgia, serif; margin: 0 auto;
  max-width: 46rem; padding: 2rem 1.2rem; overflow-wrap: anywhere; }
h1 { font-size: 1.35rem; line-height: 1.3; margin: 0 0 0.4rem; } h4 { margin: 1.2rem 0 0.3rem; }
blockquote { margin: 0.6rem 0; padding-left: 0.9rem; border-left: 3px solid #dedad2; }
.soft, footer { color: #5a616c; font: 0.85rem/1.45 system-ui, sans-serif; margin: 0.3rem 0; }
footer { border-top: 1px solid #dedad2; padding-top: 0.6rem; margin-top: 1.2rem; } footer p { margin: 0.15rem 0; }
table { font-size: 0.92rem; } th, td { text-align: left; vertical-align: top; } tr { break-inside: avoid; }
a { color: #1f4e79; } del { color: #5a616c; }
@media print { a { color: inherit; text-decoration: none; } body { padding: 0; max-width: none; } }
""")


def to_fragment(paper: Paper) -> str:
    """The lines and the notes, for the clipboard."""
    lines = list(paper.lines)
    tail = next((i for i in range(len(lines), 0, -1) if lines[i - 1].kind != "soft"), 0)
    parts = [
        lines_to_html(lines[:tail], _runs, _TABLE),
        Markup("").join(map(_note, paper.notes)),
        lines_to_html(lines[tail:], _runs, _TABLE),
    ]
    return str(Markup("").join(parts))


def to_page(paper: Paper) -> str:
    """A whole page."""
    page = Markup(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width"><style>{style}</style></head><body><h1>{title}</h1>'
        "{about}<main>{lines}</main><footer>{notes}</footer></body></html>"
    )
    return str(
        page.format(
            title=paper.title,
            style=_STYLE,
            about=Markup("").join(Markup('<p class="soft">{}</p>').format(words) for words in paper.about),
            lines=lines_to_html(paper.lines, _runs, _TABLE),
            notes=Markup("").join(map(_note, paper.notes)),
        )
    )


def _runs(runs: Sequence[Run]) -> Markup:
    return Markup("").join(map(_run, raised(runs)))


def _run(run: Run) -> Markup:
    if run.note:
        return Markup("<sup>{}</sup>").format(run.note)
    if run.is_raised:
        return Markup("<sup>{}</sup>").format(run.text)
    words = Markup.escape(run.text)
    for tag, is_so in (("b", run.bold), ("del", run.struck)):
        words = Markup("<{0}>{1}</{0}>").format(tag, words) if is_so and run.text else words
    if run.mark is not None and run.text.strip():
        words = Markup('<span style="color:{}">{}</span>').format(_COLOURS[run.mark.style], words)
    return Markup('<a href="{}">{}</a>').format(run.url, words) if run.url else words


def _note(note: Note) -> Markup:
    cite = Markup('<a href="{}">{}</a>').format(note.url, note.text) if note.url else Markup.escape(note.text)
    words = marks_in_words(note.marks)
    return Markup("<p>[{}] {}{}</p>").format(note.number, cite, f" ({words})" if words else "")
