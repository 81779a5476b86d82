"""Renders the page's dialogs as HTML: help, about, how to set a model, and the question before what is not undone.

They are rendered once, when the page is laid out: an update would close the one that is open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from markupsafe import Markup

from webapp.core.marks import MARKS
from webapp.page.html.parts import lines, standing

# Our own file, and no text of a document.
MARK = Markup((files("webapp") / "page" / "static" / "mark.svg").read_text("utf-8").strip())  # noqa: S704


@dataclass(frozen=True, slots=True)
class About:
    """What the page says of the program: `leaves` are hosts outside this machine, each with what goes there.

    `is_local`: the page and the program are on one machine.
    """

    version: str
    is_local: bool = True
    leaves: Sequence[tuple[str, str]] = ()


def brand() -> Markup:
    """The name, with its mark."""
    mark = MARK.replace("<svg ", Markup('<svg aria-hidden="true" '), 1)
    return Markup('<p class="brand">{}pincite</p>').format(mark)


def links() -> Markup:
    """Buttons that open help and about."""
    return Markup(
        '<p class="about-links"><button type="button" class="quiet" data-dialog="help">Help</button>'
        '<button type="button" class="quiet" data-dialog="about">About</button></p>'
    )


def dialogs(about: About) -> Markup:
    """All dialogs; the page's script opens them."""
    return lines([_help(), _about(about), _model(), _confirm()])


def _dialog(name: str, title: str, content: Markup) -> Markup:
    return Markup(
        '<dialog id="dialog-{name}" class="dialog" aria-labelledby="dialog-{name}-title">'
        '<h2 id="dialog-{name}-title" tabindex="-1" autofocus>{}</h2>{}<p class="ends">'
        '<button type="button" class="primary" data-close>Close</button></p></dialog>'
    ).format(title, content, name=name)


def _help() -> Markup:
    shown = {mark.sign: mark for mark in reversed(list(MARKS.values())) if mark.sign}
    marks = lines(Markup("<dt>{}</dt><dd>{}</dd>").format(standing(mark), mark.meaning) for mark in shown.values())
    keys = (
        (("Enter",), "ask"),
        (("Shift Enter",), "begin a new line"),
        (("Alt Page Down", "Alt Page Up"), "go to the next or the previous citation"),
        (("+", "−"), "enlarge or reduce the page, within the evidence"),
        (("Esc",), "go back from the evidence to the answer"),
        (("↑", "↓"), "go through a list; left and right through what a row offers"),
        (("Space", "Shift Space"), "choose a document to ask, or all up to it"),
        (("F2",), "rename a conversation"),
        (("Delete", "Ctrl Z"), "remove a document or a conversation, or take that back, in its list"),
    )
    rows = lines(
        Markup("<dt>{}</dt><dd>{}</dd>").format(
            Markup(" or ").join(Markup("<kbd>{}</kbd>").format(key) for key in names), words
        )
        for names, words in keys
    )
    things = (
        ("Ask", "A question in your own words. Each statement of the answer names section and page."),
        ("Every mention", "Exact words, in every document you ask. No model takes part in it."),
        ("Summarise", "A document’s key terms, clause by clause, each with its page."),
        ("Which documents", "Those that are ticked in the list; the line below the question counts them."),
    )
    return _dialog(
        "help",
        "Help",
        Markup(
            "<p>Add the documents of a matter, then ask. A click on a citation shows its words, highlighted on their "
            "page.</p><dl>{}</dl><h3>Marks</h3><dl class='long'>{}</dl><h3>Keys</h3><dl>{}</dl>"
        ).format(lines(Markup("<dt>{}</dt><dd>{}</dd>").format(*each) for each in things), marks, rows),
    )


def _about(about: About) -> Markup:
    place = "this computer" if about.is_local else "the server that shows you this page"
    if about.leaves:
        rows = lines(Markup("<dt>{}</dt><dd>{}.</dd>").format(*each) for each in about.leaves)
        leaves = Markup("<p>Documents, questions and answers are kept on {}, except for what goes to:</p><dl>{}</dl>")
        leaves = leaves.format(place, rows)
    else:
        leaves = Markup("<p>Nothing. Documents, questions and answers stay on {}.</p>").format(place)
    return _dialog(
        "about",
        "About pincite",
        Markup(
            "<p>Answers questions about contracts and case files, and cites the page for every statement.</p>"
            "<dl><dt>Version</dt><dd>{}</dd><dt>Licence</dt><dd>Apache License 2.0</dd></dl>"
            "<h3>What leaves {}</h3>{}<p>The page itself asks no other site for anything.</p>"
            "<p>pincite finds and quotes; it gives no legal advice. Read the cited page before you rely on it.</p>"
        ).format(about.version, place, leaves),
    )


def _model() -> Markup:
    """What those are told who may not choose a model themselves."""
    return _dialog(
        "model",
        "Use a better model",
        Markup(
            "<p>Without a writing model an answer is the documents’ own words: the clauses that bear on the question, "
            "whole and with their pages. With one it is written in sentences, and each of them is checked.</p>"
            "<p>Your administrator chooses one, in the side bar, or sets the address of a model server in the setting "
            "<code>PINCITE_LLM_URL</code>. What the passages say is sent to that address and nowhere else.</p>"
        ),
    )


def _confirm() -> Markup:
    return Markup(
        '<dialog id="dialog-confirm" class="dialog" role="alertdialog" aria-labelledby="dialog-confirm-words">'
        '<p id="dialog-confirm-words"></p><p class="ends"><button type="button" data-close>Cancel</button>'
        '<button type="button" class="grave" data-confirmed>Delete</button></p></dialog>'
    )
