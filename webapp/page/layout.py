"""Layout of the page: creates its gradio components. `updates` builds their content, `wiring` connects their events."""

from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from markupsafe import Markup

from webapp.core.limits import MAX_QUESTION
from webapp.page.acts import element_id
from webapp.page.gradio_import import gr
from webapp.page.html import chat, conversations, dialogs, documents, evidence, palette, sidebar
from webapp.page.html.dialogs import About
from webapp.page.html.parts import NOTHING
from webapp.page.state import Tab
from webapp.page.updates import health_updates
from webapp.page.uploads import KEPT_SECONDS

STATIC = Path(str(resources.files("webapp"))) / "page" / "static"
PART_JS = (STATIC / "part.js").read_text("utf-8")
# In the order in which they are loaded: a later sheet overrides an earlier one.
STYLES = (
    "tokens.css",
    "frame.css",
    "start.css",
    "sidebar.css",
    "lists.css",
    "chat.css",
    "answers.css",
    "evidence.css",
    "reader.css",
    "palette.css",
    "dialogs.css",
    "engine.css",
    "narrow.css",
    "print.css",
)
SECONDS_BETWEEN_LOOKS = 300.0  # of Gradio's timer, should `looks.js` not be able to look
SCRIPTS = (
    "frame.js",
    "server.js",
    "looks.js",
    "folders.js",
    "page.js",
    "drafts.js",
    "lists.js",
    "documents.js",
    "conversations.js",
    "answers.js",
    "copy.js",
    "reader.js",
    "addresses.js",
    "palette.js",
)


@dataclass
class Components:
    """The components of the page: `parts` by their names in `Updates`, and the others."""

    tab: gr.State
    parts: dict[str, Any] = field(default_factory=dict)
    upload: gr.File = field(init=False)
    send: gr.Button = field(init=False)
    find: gr.Button = field(init=False)
    stop: gr.Button = field(init=False)
    look: gr.Button = field(init=False)
    timer: gr.Timer = field(init=False)

    def html(self, name: str, value: Markup = NOTHING) -> None:
        """Add a part that shows HTML."""
        self.parts[name] = gr.HTML(str(value), elem_id=element_id(name), js_on_load=PART_JS, apply_default_css=False)


def lay_out(notice: Markup, about: About) -> tuple[gr.Blocks, Components]:
    """Create the page and its components. `notice` is shown above the upload, `about` in a dialog."""
    page: gr.Blocks
    with gr.Blocks(
        title="pincite", analytics_enabled=False, delete_cache=(KEPT_SECONDS, KEPT_SECONDS), fill_width=True
    ) as page:
        components = Components(gr.State(Tab()))
        components.html("areas", chat.areas())
        with gr.Row(elem_id="columns"):
            with gr.Column(elem_id="sidebar"):
                _sidebar(components, notice)
            with gr.Column(elem_id="chat"):
                _chat(components)
            with gr.Column(elem_id="evidence"):
                components.html("outline")
                components.html("evidence", evidence.nothing_chosen())
        components.html("announcement", chat.announcement(""))
        components.html("dialogs", dialogs.dialogs(about))
        components.html("address")
        components.html("palette", palette.dialog())
        components.look = gr.Button("Look", visible="hidden", elem_id="look")  # the page's script clicks it
        components.timer = gr.Timer(SECONDS_BETWEEN_LOOKS)
    return page, components


def _sidebar(components: Components, notice: Markup) -> None:
    components.html("brand", dialogs.brand() + notice)
    components.html("health", health_updates({"stores": "loading"})["health"])
    components.html("models")
    components.html("matters")
    components.upload = gr.File(
        label="Add files: PDF, Word, mail, text, ZIP",
        show_label=False,
        file_count="multiple",
        height=64,
        elem_id="upload",
    )
    components.html("folder", sidebar.folder())
    components.html("reading")
    for name, shell in (("documents", documents.shell()), ("conversations", conversations.shell())):
        components.html(name, shell)
        components.html(f"{name}-rows")
    components.html("undo")
    components.html("account")
    components.html("links", dialogs.links())


def _chat(components: Components) -> None:
    components.html("fold", chat.evidence_toggle())
    with gr.Column(elem_id="talk"):
        components.html("empty")
        components.html("past")
        components.html("now")
    components.html("notice")
    with gr.Column(elem_id="composer"):
        components.parts["question"] = gr.Textbox(
            label="Question",
            placeholder="Ask a question, or enter words to find",
            lines=1,
            max_lines=8,
            max_length=MAX_QUESTION,
            container=False,
            elem_id="question",
        )
        with gr.Row(elem_id="composer-acts"):
            components.html("scope")
            components.find = gr.Button("Every mention", scale=0, elem_id="find")
            components.send = gr.Button("Ask", variant="primary", scale=0, elem_id="send")
            components.stop = gr.Button("Stop", variant="stop", scale=0, visible=False, elem_id="stop")
    components.html("engine")
    components.html("start")
