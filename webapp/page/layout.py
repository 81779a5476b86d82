"""The page: layout and wiring, nothing else. What it shows is made by `desk` and `render`, and styled by `page/`.

Every handler takes the user from its request and hands on ids that `desk` authorises. A handler that is private can
still be called by hand, and `gr.State` belongs to a session whose name the browser makes up: neither is trusted.
"""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import wraps
from importlib import resources
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import FastAPI
from gradio.routes import file_upload_statuses
from markupsafe import Markup
from starlette.routing import Mount

from retrieval import SUFFIXES
from webapp.core.errors import EventMalformed, NotAllowed
from webapp.core.limits import decimal, whole_number
from webapp.core.log import known
from webapp.page.controller import OFTEN_SECONDS, Desk, Desks, Parts, Place
from webapp.page.events import Events
from webapp.page.gradio_guard import Gradio, Sessions
from webapp.page.html import chat as render
from webapp.page.html import evidence as render_evidence
from webapp.page.html import sidebar as render_sidebar
from webapp.page.html.parts import NOTHING
from webapp.page.session_table import CAPACITY
from webapp.page.uploads import KEPT_SECONDS, Arriving, OnBytes
from webapp.service.startup import Opening

SHORT_EVENTS = 200  # that pages may have under way at a time, beside the answers that they follow
PAGE = Path(str(resources.files("webapp"))) / "page" / "static"
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


class Here:
    """Where one page is. What is done on it happens in its order: a question after a step elsewhere is asked there."""

    def __init__(self) -> None:
        self.place = Place()
        self.acting = asyncio.Lock()

    def __deepcopy__(self, _memo: object) -> "Here":
        """Gradio makes a copy of the first value for each page."""
        return Here()


def mount_page(app: FastAPI, opening: Opening) -> None:
    """Put the page at "/". It is there before the models are."""
    # Uploads are clients' papers: they never lie in a folder of all users. What a crash left of them was never taken in.
    arriving = Arriving(opening.settings)
    arriving.clear()
    os.environ["GRADIO_TEMP_DIR"] = str(arriving.folder)
    # Statistics that no page shows: gradio makes them anew, of its last 10,000 events, at the end of each.
    os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(sys.maxsize)
    settings = opening.settings
    told = render_sidebar.demo(framed=bool(settings.framed_by)) if settings.access == "demo" else NOTHING
    answers = settings.answers_at_once * max(1, len(settings.llm_urls)) + settings.questions_waiting
    page = _layout(Desks(opening, arriving), told, answers + SHORT_EVENTS)
    page.state_session_capacity = CAPACITY  # as of what sessions are told, below
    page.has_launched = True  # else gradio, mounted, does not check where a file lies; `sessions` has by then

    async def mount() -> None:  # in a loop: without one gradio makes a new one for each of its locks and closes none
        gr.mount_gradio_app(
            app,
            page,
            path="/",
            show_error=False,
            footer_links=[],
            run_history=False,
            enable_monitoring=False,
            ssr_mode=False,
            # No `max_file_size`: gradio would refuse all files of a drop for one. `Library` tells it of the one, and the
            # gate counts what comes at once.
            max_file_size=None,
            app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
            theme=gr.themes.Base(font=FONT, font_mono=("ui-monospace", "monospace")),
            css_paths=PAGE / "style.css",
            head=f"<script>{(PAGE / 'page.js').read_text('utf-8')}</script>",
        )

    asyncio.run(mount())
    mounted = next(route for route in reversed(app.routes) if isinstance(route, Mount))
    mounted.app = Sessions(mounted.app, opening, arriving, _asked_of(page))


def _asked_of(page: gr.Blocks) -> Gradio:
    queue, states = page._queue, page.app.state_holder.session_data
    queue.pending_messages_per_session.max_size = (
        CAPACITY  # it drops the oldest, whoever listens; `session_table` the unheard
    )

    def under_way(session: str) -> int:
        return len(queue.pending_event_ids_session.get(session, ()))

    def on_bytes(upload_id: str) -> OnBytes:
        """Tell the page of an upload how far it is."""
        if not upload_id:
            return lambda _name, _count: None
        file_upload_statuses.track(upload_id)
        return lambda name, count: file_upload_statuses.append(upload_id, name, bytes(count))

    def on_end(upload_id: str) -> None:
        if upload_id:
            file_upload_statuses.set_done(upload_id)

    def knows(session: str) -> bool:
        return session in queue.pending_messages_per_session

    def forget(session: str) -> None:
        """Of what is under way nothing is told any more, and what was told is gone; an upload is followed no more."""
        if session.startswith("upload "):
            file_upload_statuses.stop_tracking(session.removeprefix("upload "))
            file_upload_statuses._signals.pop(session.removeprefix("upload "), None)
            return
        if session not in queue.pending_messages_per_session and session not in queue.pending_event_ids_session:
            return
        for jobs in filter(None, queue.active_jobs):
            for job in jobs:
                if job.session_hash == session:
                    job.alive = False
        for waiting in queue.event_queue_per_concurrency_id.values():
            for event in [event for event in waiting.queue if event.session_hash == session]:
                waiting.queue.remove(event)
        for event_id in queue.pending_event_ids_session.pop(session, ()):
            queue.event_ids_to_events.pop(event_id, None)
        queue.pending_messages_per_session.pop(session, None)

    def leave(session: str) -> None:
        """The session is over: where its page was is forgotten too."""
        forget(session)
        states.pop(session, None)

    return Gradio(Events(page.get_config_file()), knows, under_way, forget, leave, on_bytes, on_end)


def _layout(desks: Desks, told: Markup, most: int) -> gr.Blocks:
    """`told` stands above everything that can be added; `most` is what pages may have under way at a time."""
    page: gr.Blocks
    with gr.Blocks(
        title="pincite", analytics_enabled=False, delete_cache=(KEPT_SECONDS, KEPT_SECONDS), fill_width=True
    ) as page:
        here = gr.State(Here())
        parts: dict[str, Any] = {"following": gr.State("")}
        _html({}, "areas", render.areas())
        with gr.Row(elem_id="desk"):
            with gr.Column(elem_id="sidebar"):
                _html({}, "brand", Markup('<p class="brand">pincite</p>') + told)
                _html(parts, "health", render_sidebar.health({"stores": "loading"}))
                _html(parts, "matters")
                files = gr.File(
                    label="Add PDFs",
                    show_label=False,
                    file_count="multiple",
                    file_types=list(SUFFIXES),
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
        parts["pace"] = gr.Timer(OFTEN_SECONDS)
        _wire(page, desks, here, parts, files, send, find, stop)
    # Of what pages ask for, gradio does no more than this at a time, an answer that is followed being one.
    page.max_threads = most
    page.queue(default_concurrency_limit=None)
    return page


def _html(parts: dict[str, Any], name: str, value: str = "") -> None:
    parts[name] = gr.HTML(str(value), elem_id=f"part-{name}", js_on_load=ACTS, apply_default_css=False)


def _wire(
    page: gr.Blocks,
    desks: Desks,
    here: gr.State,
    parts: dict[str, Any],
    files: gr.File,
    send: gr.Button,
    find: gr.Button,
    stop: gr.Button,
) -> None:
    def shown(changed: Parts) -> dict[Any, Any]:
        """Parts as gradio takes them: each component with its new value."""
        out: dict[Any, Any] = {}
        for name, value in changed.items():
            match name:
                case "busy":
                    out |= {send: gr.update(visible=not value), stop: gr.update(visible=value)}
                case "place":
                    out[parts["address"]] = str(render.address(value.matter_id, value.conversation_id))
                case "following" | "pace" | "question":
                    out[parts[name]] = value
                case "said":
                    out[parts[name]] = str(render.said(value))
                case _:
                    out[parts[name]] = str(value)
        return out

    def told(error: Exception) -> dict[Any, Any]:
        mapped = known(error)
        nothing_is_theirs: Parts = {"health": NOTHING} if isinstance(mapped, NotAllowed) else {}
        return shown(nothing_is_theirs | {"notice": render.notice(str(mapped), mapped.hint), "said": str(mapped)})

    def telling(act: Callable[..., Awaitable[Parts]]) -> Callable[..., Awaitable[dict[Any, Any]]]:
        @wraps(act)
        async def handler(*given: Any) -> dict[Any, Any]:
            try:
                return shown(await act(*given))
            except Exception as error:  # noqa: BLE001 (the one place where an act's fault is told, as a sentence)
                return told(error) | shown({"busy": False})

        return handler

    def showing(act: Callable[..., Awaitable[Parts]]) -> Callable[..., Awaitable[dict[Any, Any]]]:
        @wraps(act)
        async def in_its_turn(here: Here, *given: Any) -> Parts:
            async with here.acting:
                changed = await act(here.place, *given)
                here.place = changed.get("place", here.place)
            return changed

        return telling(in_its_turn)

    @showing
    async def ask(place: Place, question: str, request: gr.Request) -> Parts:
        async with desks.turn(request) as desk:
            return await desk.ask(place, question)

    @showing
    async def mentions(place: Place, phrase: str, request: gr.Request) -> Parts:
        async with desks.turn(request) as desk:
            return await desk.find(place, phrase)

    @showing
    async def write(place: Place, event: gr.EventData, request: gr.Request) -> Parts:
        """What a click asks for and takes a while: an example, the documents meant, a turn once more, a summary."""
        async with desks.turn(request) as desk:
            match _said(event, "do"):
                case "again":
                    return await desk.again(place, _said(event, "turn"))
                case "summary":
                    return await desk.summarise(place, _said(event, "document"))
                case _:
                    return await desk.ask(place, _said(event, "question"), about=_said(event, "documents").split())

    async def draft(here: Here, following: str, request: gr.Request) -> AsyncGenerator[dict[Any, Any]]:
        """What is being written where the reader is, as it grows; then that it is over."""
        if not following:
            return
        try:
            desk = await asyncio.to_thread(desks.of, request)
            async for changed in desk.follow(here.place):
                yield shown(changed)
        except Exception as error:  # noqa: BLE001 (`kept` meets it too, and tells it)
            known(error)  # `kept` meets it too, and tells it
        yield {over: following}

    @showing
    async def kept(place: Place, request: gr.Request) -> Parts:
        async with desks.turn(request) as desk:
            return await asyncio.to_thread(desk.kept, place)

    async def opened(_: Place, request: gr.Request) -> Parts:
        """The page is loaded: its address says where it was."""
        health: Parts = {"health": render_sidebar.health(await desks.states())}
        if not desks.open:  # the timer opens it as soon as it can
            return health
        wanted = dict(request.query_params)
        at = Place(matter_id=wanted.get("matter", ""), conversation_id=wanted.get("conversation", ""))
        async with desks.turn(request) as desk:
            return health | await asyncio.to_thread(desk.at, at)

    async def look(place: Place, request: gr.Request) -> Parts:
        """What may have changed by itself."""
        if not desks.open or not place.opened:
            return await opened(place, request)
        health: Parts = {"health": render_sidebar.health(await desks.states())}
        async with desks.turn(request) as desk:
            return health | await asyncio.to_thread(desk.sidebar, place)

    async def tick(here: Here, request: gr.Request) -> int:
        """A number that is another when something has changed."""
        try:
            return hash(tuple((await look(here.place, request)).values()))
        except Exception as error:  # noqa: BLE001 (a look that fails differs from one that does not)
            return hash(str(known(error)))

    @showing
    async def act(place: Place, event: gr.EventData, request: gr.Request) -> Parts:
        async with desks.turn(request) as desk:
            return await asyncio.to_thread(_do, desk, place, event)

    @showing
    async def go(place: Place, event: gr.EventData, request: gr.Request) -> Parts:
        """Another conversation or matter is opened: what was being edited here stays as it was."""
        async with desks.turn(request) as desk:
            return await asyncio.to_thread(_do, desk, place, event) | ({"question": ""} if place.editing else {})

    @telling  # many files take a while, and nothing waits for them
    async def take(here: Here, files: list[dict[str, Any]] | None, request: gr.Request) -> Parts:
        desk = await asyncio.to_thread(desks.of, request)  # in no turn: `arriving` bounds what one user brings
        return await asyncio.to_thread(desk.upload, here.place, [_told(file["path"]) for file in files or ()])

    @showing
    async def end(place: Place, request: gr.Request) -> Parts:
        desk = await asyncio.to_thread(desks.of, request)
        await desk.stop(place)
        return {"busy": False}

    following, pace = parts["following"], parts["pace"]
    # A state that changes has the browser come back. So an event that comes often has few outputs: of each output gradio
    # makes the component anew, changed or not: with all of them one look at a draft took 11 ms of the processor, and takes 0.1.
    seen, over = gr.State(0), gr.State("")
    outputs = [*parts.values(), send, stop]
    # No `postprocess`: each value, text that is ready to be shown, would take a way through another thread.
    how: dict[str, Any] = {
        "api_visibility": "private",
        "show_progress": "hidden",
        "concurrency_limit": None,
        "postprocess": False,
    }
    # Else gradio drops a click on a list while it is at an earlier one: "New conversation" right after another was opened.
    each: dict[str, Any] = how | {"trigger_mode": "multiple"}
    page.load(showing(opened), here, outputs, **how)
    send.click(ask, [here, parts["question"]], outputs, **how)
    parts["question"].submit(ask, [here, parts["question"]], outputs, **how)
    find.click(mentions, [here, parts["question"]], outputs, **how)
    for name in ("past", "now", "empty", "documents"):
        parts[name].submit(write, here, outputs, **how)
    drafts = following.change(draft, [here, following], [parts["now"], over], **each)
    over.change(kept, here, outputs, **each)
    for name in ("matters", "conversations"):  # who goes elsewhere stops looking; the answer goes on
        parts[name].click(go, here, outputs, cancels=drafts, **each)
        parts[name].submit(go, here, outputs, cancels=drafts, **each)
    for name in ("documents", "scope", "past", "evidence"):
        parts[name].click(act, here, outputs, **each)
    # No `preprocess`: gradio would leave an empty file of its own for each, and refuse a whole drop for one name.
    files.upload(take, [here, files], outputs, preprocess=False, **how).then(lambda: None, None, files, **how)
    stop.click(end, here, outputs, **how)
    pace.tick(tick, here, seen, **how)
    seen.change(showing(look), here, outputs, **how)


def _do(desk: Desk, place: Place, event: gr.EventData) -> Parts:
    """The act that a click or a form names."""
    match _said(event, "do"):
        case "matter":
            return desk.at(Place(matter_id=_said(event, "value")))
        case "new-matter":
            return desk.make_matter(_said(event, "value"))
        case "delete-matter":
            return desk.delete_matter(_said(event, "matter"))
        case "open":
            return desk.at(Place(matter_id=place.matter_id, conversation_id=_said(event, "conversation")))
        case "new":
            return desk.at(Place(matter_id=place.matter_id))
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
            return desk.rate(place, _said(event, "turn"), whole_number(_said(event, "rating")))
        case "edit":
            return desk.edit(place, _said(event, "turn"))
        case "cite":
            zoom = decimal(_said(event, "zoom") or "1")
            return desk.show(place, _said(event, "turn"), whole_number(_said(event, "item")), zoom)
    raise EventMalformed()


def _told(path: str) -> str:
    """Under what `arriving` knows an upload that gradio has under its path."""
    return "/".join(Path(path).parts[-2:])


def _said(event: gr.EventData, name: str) -> str:
    """What the page says under a name; whatever it is, it is text."""
    said = event._data if isinstance(event._data, dict) else {}
    return str(said.get(name) or "")
