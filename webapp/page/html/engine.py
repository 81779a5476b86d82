"""Renders the choice of the language model that writes answers as HTML. Pure, as `chat` is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from webapp.core.results import ModelRow, ModelTestRow
from webapp.core.stream import Progress
from webapp.core.wording import model_facts, model_verdict
from webapp.page.html.parts import NOTHING, lines


@dataclass(frozen=True, slots=True)
class Doing:
    """A model that is fetched or tested: how far it is, and what came of it."""

    kind: Literal["fetch", "test"]
    name: str
    is_over: bool
    progress: Progress | None = None
    test: ModelTestRow | None = None
    error: str = ""


def entry(in_use: str) -> Markup:
    """The button that opens the choice; what writes the answers is said below the question box."""
    return Markup('<p class="model-entry"><button type="button" data-do="models">{}</button></p>').format(
        "Change the model" if in_use else "Choose a model"
    )


def choice(rows: Sequence[ModelRow], doing: Doing | None) -> Markup:
    """The models to choose from, and what is being done with one."""
    of_setting = next((row for row in rows if row.kind == "setting"), None)
    here = [row for row in rows if row.kind in ("server", "file")]
    fetchable = [row for row in rows if row.kind == "download"]
    is_busy = doing is not None and not doing.is_over
    return Markup(
        '<section class="models" aria-label="Language model"><div class="row"><h2>What writes the answers</h2>'
        '<button type="button" class="icon" data-do="hide-models" aria-label="Close the choice of a language model">'
        '<span aria-hidden="true">×</span></button></div>{}{}<h3>On this machine</h3>{}<h3>To fetch</h3>'
        '<p class="aside">From huggingface.co, once. No document leaves this machine, then or later.</p>{}</section>'
    ).format(
        _setting(of_setting, any(row.in_use for row in here)),
        _doing(doing),
        _here(here, is_busy=is_busy, can_be_chosen=of_setting is None),
        _list(fetchable, lambda row: _fetch(row, is_busy=is_busy)),
    )


def _setting(row: ModelRow | None, is_chosen: bool) -> Markup:
    if row is not None:
        words = Markup("<code>{}</code> is set where pincite was started, and comes before any choice here.")
        return Markup('<p class="aside">{}</p>').format(words.format(row.name))
    if is_chosen:
        return Markup(
            '<p class="aside"><button type="button" class="quiet" data-do="use-model" data-model="none">'
            "Quote the documents instead</button></p>"
        )
    return Markup('<p class="aside">At the moment answers quote the documents.</p>')


def _here(rows: Sequence[ModelRow], *, is_busy: bool, can_be_chosen: bool) -> Markup:
    again = Markup('<button type="button" class="quiet" data-do="models">Look again</button>')
    if not rows:
        return Markup(
            '<p class="none">Neither a server (Ollama, LM Studio, llama.cpp, vLLM) nor a file was found. {}</p>'
        ).format(again)
    return _list(rows, lambda row: _use(row, is_busy=is_busy, can_be_chosen=can_be_chosen)) + again


def _list(rows: Sequence[ModelRow], buttons: Callable[[ModelRow], Markup]) -> Markup:
    return Markup('<ul class="models">{}</ul>').format(
        lines(
            Markup('<li><span class="name">{}</span><span class="about">{}</span>{}</li>').format(
                row.name, ", ".join(model_facts(row)), buttons(row)
            )
            for row in rows
        )
    )


def _use(row: ModelRow, *, is_busy: bool, can_be_chosen: bool) -> Markup:
    if row.note:
        return NOTHING
    used = Markup('<strong class="state">In use</strong>') if row.in_use else NOTHING
    use = _button("use-model", row.name, "Use", f"Use {row.name}") if can_be_chosen and not row.in_use else NOTHING
    test = NOTHING if is_busy else _button("test-model", row.name, "Test", f"Test {row.name}")
    return Markup('<span class="row">{}{}{}</span>').format(used, use, test)


def _fetch(row: ModelRow, *, is_busy: bool) -> Markup:
    return NOTHING if is_busy else _button("fetch-model", row.name, "Fetch", f"Fetch {row.title}")


_BUTTONS = {
    "use-model": Markup('<button type="button" data-do="use-model" data-model="{}" aria-label="{}">{}</button>'),
    "test-model": Markup('<button type="button" data-do="test-model" data-model="{}" aria-label="{}">{}</button>'),
    "fetch-model": Markup('<button type="button" data-do="fetch-model" data-model="{}" aria-label="{}">{}</button>'),
}


def _button(act: str, model: str, words: str, label: str) -> Markup:
    return _BUTTONS[act].format(model, label, words)


def _doing(doing: Doing | None) -> Markup:
    """What is done with a model, or came of it."""
    if doing is None:
        return NOTHING
    if doing.error:
        return Markup('<p class="doing" data-state="failed" role="status">{}</p>').format(doing.error)
    if doing.test is not None:
        return _tested(doing.test)
    if doing.is_over:
        words = "is here, and can be used" if doing.kind == "fetch" and _is_whole(doing) else "was stopped"
        return Markup('<p class="doing" role="status">{} {}.</p>').format(doing.name, words)
    stop = Markup('<button type="button" class="quiet" data-do="stop-model">Stop</button>')
    if doing.progress is None:
        words = "Asking a sample question…" if doing.kind == "test" else "Beginning…"
        return Markup('<p class="doing" role="status">{}: {} {}</p>').format(doing.name, words, stop)
    done = doing.progress
    return Markup(
        '<div class="doing"><span>{}: {} {:,} of {:,} MB</span><progress max="{}" value="{}" aria-label="{}">'
        "</progress>{}</div>"
    ).format(done.label, done.state, done.done, done.total, done.total, done.done, f"{done.label}: {done.state}", stop)


def _is_whole(doing: Doing) -> bool:
    return doing.progress is not None and doing.progress.state == "ready"


def _tested(row: ModelTestRow) -> Markup:
    thinks = ", thinks before it answers" if row.thinks else ""
    return Markup(
        '<div class="doing" role="status"><p>{}: a window of {:,} tokens{}. First word after {:.1f} s, the whole after '
        "{:.1f} s. <strong>{}</strong></p><blockquote><p>{}</p><p>{}</p></blockquote></div>"
    ).format(
        row.engine,
        row.window,
        thinks,
        row.first_seconds,
        row.seconds,
        model_verdict(row),
        row.question,
        row.answer,
    )
