"""Mounts the gradio page on the server's app, behind the guard of gradio's routes, and gives the guard access to
gradio.
"""

import asyncio
import os
import re
import sys
from importlib.metadata import version
from urllib.parse import quote

from fastapi import FastAPI
from starlette.requests import Request
from starlette.routing import Mount

from webapp.core.hosts import what_leaves
from webapp.core.settings import Settings
from webapp.page.acts import script_acts
from webapp.page.draft_stream import draft_routes
from webapp.page.events import Events
from webapp.page.gradio_guard import GradioGuard
from webapp.page.gradio_import import file_upload_statuses, gr
from webapp.page.handlers import ControllerFactory, Handlers
from webapp.page.html import sidebar
from webapp.page.html.dialogs import MARK, About
from webapp.page.html.parts import NOTHING
from webapp.page.layout import SCRIPTS, STATIC, STYLES, lay_out
from webapp.page.session_table import CAPACITY
from webapp.page.state import Tab
from webapp.page.uploads import OnBytes, UploadStore
from webapp.page.wiring import Wiring
from webapp.service.health import Health
from webapp.service.startup import Startup

EVENTS_AT_ONCE = 200  # of gradio, of all pages; none waits for an answer
FONT = ("ui-sans-serif", "system-ui", "sans-serif")
# The paper's colour in light and in dark, before the style sheets are there.
PAPER = tuple(re.findall(r"--paper: (#\w+)", (STATIC / "tokens.css").read_text("utf-8")))


def mount_page(app: FastAPI, startup: Startup, health: Health) -> None:
    """Mount the page at "/". It is served before the models are loaded."""
    # Uploads are confidential: they are never stored in a folder that all users can read. Those that a crash left were
    # never added to a matter.
    uploads = UploadStore(startup.settings)
    uploads.clear()
    os.environ["GRADIO_TEMP_DIR"] = str(uploads.folder)
    # Statistics that no page shows: gradio computes them, of its last 10,000 events, at the end of each event.
    os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(sys.maxsize)
    controllers = ControllerFactory(startup, uploads)
    app.include_router(draft_routes(controllers))
    handlers = Handlers(controllers, health)
    page = build_page(startup.settings, handlers)
    asyncio.run(_mount(app, page))
    mount = next(route for route in reversed(app.routes) if isinstance(route, Mount))
    mount.app = GradioGuard(mount.app, startup, uploads, GradioPage(page, handlers))


def build_page(settings: Settings, handlers: Handlers) -> gr.Blocks:
    """Create the page and connect its events."""
    notice = sidebar.demo(framed=bool(settings.framed_by)) if settings.access == "demo" else NOTHING
    page, components = lay_out(notice, about(settings))
    with page:
        Wiring(components, handlers).connect(page)
    page.max_threads = EVENTS_AT_ONCE
    page.queue(default_concurrency_limit=None)
    page.state_session_capacity = CAPACITY  # as for pending messages, below
    page.has_launched = True  # else gradio, when mounted, does not check the path of a file; `GradioGuard` has by then
    return page


def about(settings: Settings) -> About:
    """What the page says of the program, by its settings."""
    return About(version("pincite"), is_local=settings.access == "local", leaves=what_leaves(settings))


async def _mount(app: FastAPI, page: gr.Blocks) -> None:
    """Mount the page within an event loop: without one gradio creates one for each of its locks and closes none."""
    script = "\n".join((STATIC / name).read_text("utf-8") for name in SCRIPTS)
    icon = f'<link rel="icon" type="image/svg+xml" href="data:image/svg+xml,{quote(MARK)}">'
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        show_error=False,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        # No `max_file_size`: gradio would refuse all files of a drop because of one. `Library` refuses that one, and
        # `SecurityMiddleware` limits the whole request.
        max_file_size=None,
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
        favicon_path=STATIC / "favicon.ico",
        theme=gr.themes.Base(font=FONT, font_mono=("ui-monospace", "monospace")).set(
            body_background_fill=PAPER[0], body_background_fill_dark=PAPER[1]
        ),
        css_paths=[STATIC / name for name in STYLES],
        head=f"{icon}<script>window.acts = {script_acts()};\n{script}</script>",
    )


class GradioPage:
    """Adapter to gradio's internals for the guard: events of the page, sessions with their tab and their running
    events, uploads.
    """

    def __init__(self, page: gr.Blocks, handlers: Handlers) -> None:
        self.events = Events(page.get_config_file())
        self._handlers = handlers
        [self._tab] = [id_ for id_, block in page.blocks.items() if isinstance(getattr(block, "value", None), Tab)]
        # Of the app that is mounted: `page.app` is another one, which gradio has made before.
        self._queue, self._states = page._queue, page.state_holder.session_data
        # It drops the oldest session, even one that is listening; `session_table` drops those that are not.
        self._queue.pending_messages_per_session.max_size = CAPACITY

    def knows(self, session: str) -> bool:
        """Whether a session has a message queue."""
        return session in self._queue.pending_messages_per_session

    async def look(self, session: str, request: Request) -> bool | None:
        """`Handlers.has_changed` of the page of a session; None where no event of it has been handled."""
        state = self._states.get(session)
        if state is None or self._tab not in state:
            return None
        return await self._handlers.has_changed(state[self._tab], request)

    def under_way(self, session: str) -> int:
        """Number of unfinished events of a session."""
        return len(self._queue.pending_event_ids_session.get(session, ()))

    def forget(self, session: str) -> None:
        """Cancel the events of a session and drop its messages; for an upload, stop tracking its progress."""
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

    def end(self, session: str) -> None:
        """End a session: drop its events and its state."""
        self.forget(session)
        self._states.pop(session, None)

    def on_bytes(self, upload_id: str) -> OnBytes:
        """Callback that reports the progress of an upload to the page."""
        if not upload_id:
            return lambda _name, _count: None
        file_upload_statuses.track(upload_id)
        return lambda name, count: file_upload_statuses.append(upload_id, name, bytes(count))

    def on_end(self, upload_id: str) -> None:
        """Report the end of an upload to the page."""
        if upload_id:
            file_upload_statuses.set_done(upload_id)
