"""Mounts the page on the server's app, behind the guard of gradio's routes, and gives the guard access to gradio."""

import asyncio
import os
import sys

import gradio as gr
from fastapi import FastAPI
from gradio.routes import file_upload_statuses
from starlette.routing import Mount

from webapp.page.acts import script_acts
from webapp.page.events import Events
from webapp.page.gradio_guard import GradioGuard
from webapp.page.handlers import ControllerFactory, Handlers
from webapp.page.html import sidebar
from webapp.page.html.parts import NOTHING
from webapp.page.layout import STATIC, lay_out
from webapp.page.session_table import CAPACITY
from webapp.page.uploads import OnBytes, UploadStore
from webapp.page.wiring import Wiring
from webapp.service.health import Health
from webapp.service.startup import Startup

SHORT_EVENTS = 200  # that pages may have under way at a time, beside the answers that they follow
FONT = ("ui-sans-serif", "system-ui", "sans-serif")


def mount_page(app: FastAPI, opening: Startup) -> None:
    """Put the page at "/". It is there before the models are."""
    # Uploads are clients' papers: they never lie in a folder of all users. What a crash left of them was never taken
    # in.
    uploads = UploadStore(opening.settings)
    uploads.clear()
    os.environ["GRADIO_TEMP_DIR"] = str(uploads.folder)
    # Statistics that no page shows: gradio makes them anew, of its last 10,000 events, at the end of each.
    os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(sys.maxsize)
    page = build_page(opening, uploads)
    asyncio.run(_mount(app, page))
    mounted = next(route for route in reversed(app.routes) if isinstance(route, Mount))
    mounted.app = GradioGuard(mounted.app, opening, uploads, GradioPage(page))


def build_page(opening: Startup, uploads: UploadStore) -> gr.Blocks:
    """The page with its events connected."""
    settings = opening.settings
    notice = sidebar.demo(framed=bool(settings.framed_by)) if settings.access == "demo" else NOTHING
    page, components = lay_out(notice)
    with page:
        Wiring(components, Handlers(ControllerFactory(opening, uploads), Health(opening))).connect(page)
    # Of what pages ask for, gradio does no more than this at a time, an answer that is followed being one.
    answers = settings.answers_at_once * max(1, len(settings.llm_urls)) + settings.questions_waiting
    page.max_threads = answers + SHORT_EVENTS
    page.queue(default_concurrency_limit=None)
    page.state_session_capacity = CAPACITY  # as of what sessions are told, below
    page.has_launched = True  # else gradio, mounted, does not check where a file lies; `GradioGuard` has by then
    return page


async def _mount(app: FastAPI, page: gr.Blocks) -> None:
    """In a loop: without one gradio makes a new one for each of its locks and closes none."""
    script = (STATIC / "page.js").read_text("utf-8")
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
        css_paths=STATIC / "style.css",
        head=f"<script>window.acts = {script_acts()};\n{script}</script>",
    )


class GradioPage:
    """What the guard asks of gradio: the events of the page, its sessions and what they have under way, uploads."""

    def __init__(self, page: gr.Blocks) -> None:
        self.events = Events(page.get_config_file())
        self._queue, self._states = page._queue, page.app.state_holder.session_data
        # It drops the oldest, whoever listens; `session_table` the unheard.
        self._queue.pending_messages_per_session.max_size = CAPACITY

    def knows(self, session: str) -> bool:
        """Whether anything waits to be told to a session."""
        return session in self._queue.pending_messages_per_session

    def under_way(self, session: str) -> int:
        """How many events of a session are not at their end."""
        return len(self._queue.pending_event_ids_session.get(session, ()))

    def forget(self, session: str) -> None:
        """Of what is under way nothing is told any more, and what was told is gone; an upload is followed no more."""
        if session.startswith("upload "):
            file_upload_statuses.stop_tracking(session.removeprefix("upload "))
            file_upload_statuses._signals.pop(session.removeprefix("upload "), None)
            return
        queue = self._queue
        if session not in queue.pending_messages_per_session and session not in queue.pending_event_ids_session:
            return
        for job in (job for jobs in queue.active_jobs for job in jobs or () if job.session_hash == session):
            job.alive = False
        for waiting in queue.event_queue_per_concurrency_id.values():
            for event in [event for event in waiting.queue if event.session_hash == session]:
                waiting.queue.remove(event)
        for event_id in queue.pending_event_ids_session.pop(session, ()):
            queue.event_ids_to_events.pop(event_id, None)
        queue.pending_messages_per_session.pop(session, None)

    def leave(self, session: str) -> None:
        """The session is over: where its page was is forgotten too."""
        self.forget(session)
        self._states.pop(session, None)

    def on_bytes(self, upload_id: str) -> OnBytes:
        """Tell the page of an upload how far it is."""
        if not upload_id:
            return lambda _name, _count: None
        file_upload_statuses.track(upload_id)
        return lambda name, count: file_upload_statuses.append(upload_id, name, bytes(count))

    def on_end(self, upload_id: str) -> None:
        """The upload has ended."""
        if upload_id:
            file_upload_statuses.set_done(upload_id)
