"""Renders the chat before its first question, and what stands below the question box, as HTML. Pure, as `chat` is."""

from collections.abc import Sequence

from markupsafe import Markup

from webapp.core.wording import plural
from webapp.page.html.parts import NOTHING, lines

# Exact words that most contracts have, to try "Every mention" with.
PHRASES = ("change of control", "governing law")
MOST_TO_SUMMARISE = 3


def heading(matter: str, *, ready: int, waiting: int, resting: int = 0) -> Markup:
    """What the matter can be asked, above the question box; `resting`: documents that are paused or failed."""
    if ready:
        title = f"Ask about {matter}"
        words = "Every statement is cited to its page, and every quotation is compared with it, character by character."
    elif waiting:
        title = matter
        words = f"Reading {plural(waiting, 'document')}. You can ask as soon as one is ready."
    elif resting:
        title = matter
        words = "No document is ready. The list of documents says why, and what can be done."
    else:
        title = matter
        words = "Add the first documents of this matter. You can ask as soon as one is ready."
    return Markup('<div class="empty"><h2>{}</h2><p>{}</p></div>').format(title, words)


def ways(examples: Sequence[str], documents: Sequence[tuple[str, str]]) -> Markup:
    """The three things that one can do, below the question box; `documents`: ids and names of those that are ready."""
    if not documents:
        return Markup(
            '<div class="add"><button type="button" class="primary" data-add>Add files</button> '
            '<button type="button" data-folder>Add a folder</button> '
            "<span>PDF, Word, mail, text and ZIP files, or images</span></div>"
        )
    questions = lines(_example(Markup('data-do="example" data-question="{}"').format(q), q) for q in examples)
    phrases = lines(_example(Markup('data-do="find" data-question="{}"').format(q), f"“{q}”") for q in PHRASES)
    summaries = lines(
        _example(Markup('data-do="summary" data-document="{}"').format(id_), name)
        for id_, name in documents[:MOST_TO_SUMMARISE]
    )
    asked = Markup('<ul aria-label="Example questions">{}</ul>').format(questions) if examples else NOTHING
    return Markup(
        '<div class="ways"><section><h3>Ask</h3><p>A question in your own words. The answer cites section and page.'
        "</p>{}</section><section><h3>Every mention</h3><p>Exact words, wherever they stand.</p>"
        '<ul aria-label="Words to find">{}</ul></section><section><h3>Summarise</h3><p>A document’s key terms, clause '
        'by clause.</p><ul aria-label="Documents to summarise">{}</ul></section></div>'
    ).format(asked, phrases, summaries)


def engine(state: str, writer: str) -> Markup:
    """What writes the answers, by the engine's state: `writer` names it and where it runs, "" where that is unknown."""
    better = Markup(' <button type="button" class="quiet" data-dialog="model">Use a better model</button>')
    match state:
        case "none":
            words = "Answers are quotations because no writing model is set."
        case "away":
            words = "The writing model cannot be reached. Until it is back, answers are quotations."
        case "loading":
            words = "The writing model is starting. Until it is ready, answers are quotations."
        case _:
            words = f"Answers are written by {writer or 'a language model'}. Then each statement is checked."
    return Markup('<p class="engine">{}{}</p>').format(words, better if state == "none" else NOTHING)


def _example(act: Markup, words: str) -> Markup:
    return Markup('<li><button type="button" class="example" {}>{}</button></li>').format(act, words)
