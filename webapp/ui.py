"""The page: layout and wiring, nothing else. What it shows is made by `desk` and `render`, and styled by `page/`.

Every handler takes the user from its request and hands on ids that `desk` authorises. A handler that is private can
still be called by hand, and `gr.State` belongs to a session whose name the browser makes up: neither is trusted.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator, Callable
from functools import wraps
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from fastapi import FastAPI
from markupsafe import Markup
from starlette.routing import Mount

from webapp import render, render_evidence, render_sidebar
from webapp.desk import Desk, Desks, Parts, Place
from webapp.log import known
from webapp.render_pins import NOTHING
from webapp.sessions import Sessions

if TYPE_CHECKING:
    from webapp.server import Opening

TICK_SECONDS = 1.0  # how often a page looks for documents that have come further
KEPT_SECONDS = 600  # for an upload that its page never took in
PAGE = Path(str(resources.files("webapp"))) / "page"
FONT = ("ui-sans-serif", "system-ui", "sans-serif")

# In each piece of HTML: a click, a choice or a form becomes an event with what the element says of itself.
ACTS = """
const tell = (from, more) => trigger(from.dataset.on || 'click', {...from.dataset, ...more});
element.addEventListener('click', (event) => {
  const from = event.target.closest('[data-do]');
  if (!from || from.tagName === 'FORM') return;
  if (!from.dataset.confirm || window.confirm(from.dataset.confirm)) tell(from, {});
});
element.addEventListener('change', (event) => {
  const from = event.target;
  if (!from.dataset.change) return;
  const boxes = [...element.querySelectorAll('input[type=checkbox]')];
  trigger('click', {do: from.dataset.change, value: from.value,
                    all: boxes.every((box) => box.checked) ? 'yes' : '',
                    values: boxes.filter((box) => box.checked).map((box) => box.value).join(' ')});
});
element.addEventListener('submit', (event) => {
  event.preventDefault();
  tell(event.target, {value: new FormData(event.target).get('value')});
});
"""


def mount_page(app: FastAPI, opening: "Opening") -> None:
    """Put the page at "/". It is there before the models are."""
    # Uploads are clients' papers: they never lie in a folder of all users. What a crash left of them was never taken in.
    arriving = opening.settings.data_dir / "arriving"
    shutil.rmtree(arriving, ignore_errors=True)
    os.environ["GRADIO_TEMP_DIR"] = str(arriving)
    settings = opening.settings
    told = render_sidebar.demo(framed=bool(settings.framed_by)) if settings.access == "demo" else NOTHING
    page = _layout(Desks(opening), told)
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        show_error=False,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        max_file_size=f"{opening.settings.max_file_mib}mb",
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
        theme=gr.themes.Base(font=FONT, font_mono=("ui-monospace", "monospace")),
        css_paths=PAGE / "style.css",
        head=f"<script>{(PAGE / 'page.js').read_text('utf-8')}</script>",
    )
    mounted = next(route for route in reversed(app.routes) if isinstance(route, Mount))
    mounted.app = Sessions(mounted.app, opening)


def _layout(desks: Desks, told: Markup) -> gr.Blocks:
    """`told` stands above everything that can be added."""
    page: gr.Blocks
    with gr.Blocks(
        title="pincite", analytics_enabled=False, delete_cache=(KEPT_SECONDS, KEPT_SECONDS), fill_width=True
    ) as page:
        parts: dict[str, Any] = {"place": gr.State(Place())}
        _html(parts, "areas", render.areas())
        with gr.Row(elem_id="desk"):
            with gr.Column(elem_id="sidebar"):
                _html(parts, "brand", Markup('<p class="brand">pincite</p>') + told)
                _html(parts, "health", render_sidebar.health({"stores": "loading"}))
                _html(parts, "matters")
                files = gr.File(
                    label="Add PDFs",
                    show_label=False,
                    file_count="multiple",
                    file_types=[".pdf"],
                    height=110,
                    elem_id="upload",
                )
                _html(parts, "documents")
                _html(parts, "conversations")
            with gr.Column(elem_id="chat"):
                _html(parts, "scope")
                _html(parts, "notice")
                with gr.Column(elem_id="talk"):
                    _html(parts, "empty")
                    _html(parts, "past")
                    _html(parts, "now")
                with gr.Row(elem_id="composer"):
                    parts["question"] = gr.Textbox(
                        label="Question",
                        placeholder="Ask about these documents",
                        lines=1,
                        max_lines=8,
                        max_length=8000,
                        container=False,
                        scale=1,
                        elem_id="question",
                    )
                    send = gr.Button("Ask", variant="primary", scale=0, elem_id="send")
                    find = gr.Button("Every mention", scale=0, elem_id="find")
                    stop = gr.Button("Stop", variant="stop", scale=0, visible=False, elem_id="stop")
            with gr.Column(elem_id="evidence"):
                _html(parts, "evidence", render_evidence.nothing_chosen())
        _html(parts, "said", render.said(""))
        _html(parts, "address")
        timer = gr.Timer(TICK_SECONDS)
        _wire(page, desks, parts, files, send, find, stop, timer)
    return page


def _html(parts: dict[str, Any], name: str, value: str = "") -> None:
    parts[name] = gr.HTML(str(value), elem_id=f"part-{name}", js_on_load=ACTS, apply_default_css=False)


def _wire(
    page: gr.Blocks,
    desks: Desks,
    parts: dict[str, Any],
    files: gr.File,
    send: gr.Button,
    find: gr.Button,
    stop: gr.Button,
    timer: gr.Timer,
) -> None:
    def shown(changed: Parts) -> dict[Any, Any]:
        """Parts as gradio takes them: each component with its new value."""
        out: dict[Any, Any] = {}
        for name, value in changed.items():
            match name:
                case "busy":
                    out |= {send: gr.update(visible=not value), stop: gr.update(visible=value)}
                case "place" | "question":
                    out[parts[name]] = value
                case "said":
                    out[parts[name]] = str(render.said(value))
                case _:
                    out[parts[name]] = str(value)
        if "place" in changed:
            out[parts["address"]] = str(render.address(changed["place"].matter_id, changed["place"].conversation_id))
        return out

    def told(error: Exception) -> dict[Any, Any]:
        mapped = known(error)
        return shown({"notice": render.notice(str(mapped), mapped.hint), "said": str(mapped)})

    def streaming(act: Callable[..., AsyncGenerator[Parts]]) -> Callable[..., AsyncGenerator[dict[Any, Any]]]:
        @wraps(act)
        async def handler(*given: Any) -> AsyncGenerator[dict[Any, Any]]:
            try:
                async for changed in act(*given):
                    yield shown(changed)
            except Exception as error:
                yield told(error) | shown({"busy": False})

        return handler

    @streaming
    async def ask(place: Place, question: str, request: gr.Request) -> AsyncGenerator[Parts]:
        desk = await asyncio.to_thread(desks.of, request)
        async for changed in desk.ask(place, question):
            yield changed

    @streaming
    async def look(place: Place, phrase: str, request: gr.Request) -> AsyncGenerator[Parts]:
        desk = await asyncio.to_thread(desks.of, request)
        async for changed in desk.find(place, phrase):
            yield changed

    @streaming
    async def write(place: Place, event: gr.EventData, request: gr.Request) -> AsyncGenerator[Parts]:
        """What a click asks for and takes a while: an example, the documents meant, a turn once more, a summary."""
        desk = await asyncio.to_thread(desks.of, request)
        match _said(event, "do"):
            case "again":
                written = desk.again(place, _said(event, "turn"))
            case "summary":
                written = desk.summarise(place, _said(event, "document"))
            case _:
                written = desk.ask(place, _said(event, "question"), about=_said(event, "documents").split())
        async for changed in written:
            yield changed

    @streaming
    async def opened(_: Place, request: gr.Request) -> AsyncGenerator[Parts]:
        """The page is loaded: its address says where it was."""
        yield {"health": render_sidebar.health(await desks.states())}
        if not desks.open:  # the timer opens it as soon as it can
            return
        wanted = dict(request.query_params)
        at = Place(matter_id=wanted.get("matter", ""), conversation_id=wanted.get("conversation", ""))
        desk = await asyncio.to_thread(desks.of, request)
        began = await asyncio.to_thread(desk.all, at)
        yield began
        async for changed in desk.follow(began["place"]):
            yield changed

    async def tick(place: Place, before: int, request: gr.Request) -> AsyncGenerator[dict[Any, Any]]:
        """What has changed since the last look; `before` is what it came to then."""
        if desks.open and not place.opened:
            async for changed in opened(place, request):
                yield changed
            return
        try:
            now: Parts = {"health": render_sidebar.health(await desks.states())}
            if desks.open:
                desk = await asyncio.to_thread(desks.of, request)
                now |= await asyncio.to_thread(desk.sidebar, place)
            sum_ = hash(tuple(now.values()))
            yield {seen: sum_} | (shown(now) if sum_ != before else {})
        except Exception as error:
            yield told(error)

    @streaming
    async def act(place: Place, event: gr.EventData, request: gr.Request) -> AsyncGenerator[Parts]:
        desk = await asyncio.to_thread(desks.of, request)
        yield await asyncio.to_thread(_do, desk, place, event)

    @streaming
    async def go(place: Place, event: gr.EventData, request: gr.Request) -> AsyncGenerator[Parts]:
        """Where another conversation or matter is opened, an answer that is being written there is followed."""
        desk = await asyncio.to_thread(desks.of, request)
        began = await asyncio.to_thread(_do, desk, place, event)
        yield began | ({"question": ""} if place.editing else {})
        async for changed in desk.follow(began.get("place", place)):
            yield changed

    @streaming
    async def take(place: Place, paths: list[str] | None, request: gr.Request) -> AsyncGenerator[Parts]:
        desk = await asyncio.to_thread(desks.of, request)
        yield await asyncio.to_thread(desk.upload, place, paths or [])

    @streaming
    async def end(place: Place, request: gr.Request) -> AsyncGenerator[Parts]:
        desk = await asyncio.to_thread(desks.of, request)
        await desk.stop(place)
        yield {"busy": False}

    place, seen = parts["place"], gr.State(0)
    outputs = [*parts.values(), send, stop]
    how: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
    following = [
        page.load(opened, place, outputs, **how),
        send.click(ask, [place, parts["question"]], outputs, **how),
        parts["question"].submit(ask, [place, parts["question"]], outputs, **how),
        find.click(look, [place, parts["question"]], outputs, **how),
        parts["past"].submit(write, place, outputs, **how),
        parts["now"].submit(write, place, outputs, **how),
        parts["empty"].submit(write, place, outputs, **how),
        parts["documents"].submit(write, place, outputs, **how),
    ]
    for name in ("matters", "conversations"):  # who goes elsewhere stops looking; the answer goes on
        parts[name].click(go, place, outputs, cancels=following, **how)
        parts[name].submit(go, place, outputs, cancels=following, **how)
    for name in ("documents", "scope", "past", "evidence"):
        parts[name].click(act, place, outputs, **how)
    files.upload(take, [place, files], outputs, **how).then(lambda: None, None, files, **how)
    stop.click(end, place, outputs, **how)
    timer.tick(tick, [place, seen], [*outputs, seen], **how)


def _do(desk: Desk, place: Place, event: gr.EventData) -> Parts:
    """The act that a click or a form names."""
    match _said(event, "do"):
        case "matter":
            return desk.all(Place(matter_id=_said(event, "value")))
        case "new-matter":
            return desk.make_matter(_said(event, "value"))
        case "delete-matter":
            return desk.delete_matter(_said(event, "matter"))
        case "open":
            return desk.all(Place(matter_id=place.matter_id, conversation_id=_said(event, "conversation")))
        case "new":
            return desk.all(Place(matter_id=place.matter_id))
        case "delete":
            return desk.delete(place, _said(event, "conversation"))
        case "remove":
            return desk.remove(place, _said(event, "document"))
        case "scope":
            return desk.choose(place, None if _said(event, "all") else _said(event, "values").split())
        case "all":
            return desk.choose(place, None)
        case "only":
            return desk.choose(place, [_said(event, "document")])
        case "rate":
            return desk.rate(place, _said(event, "turn"), int(_said(event, "rating")))
        case "edit":
            return desk.edit(place, _said(event, "turn"))
        case "cite":
            zoom = float(_said(event, "zoom") or 1)
            return desk.show(place, _said(event, "turn"), int(_said(event, "item")), zoom)
    return {}


def _said(event: gr.EventData, name: str) -> str:
    """What the page says under a name; whatever it is, it is text."""
    said = event._data if isinstance(event._data, dict) else {}
    return str(said.get(name) or "")
