"""Handles the page's events: authenticates the user, runs the actions of a tab in order, and shows errors as notices.

Nothing here depends on gradio. A private handler can still be called by a client, and a state belongs to a session
whose id the browser chooses: neither is trusted. The user is taken from each request, and the controller authorises
ids.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any, Protocol, cast
from weakref import WeakValueDictionary

from webapp.core.log import user_error
from webapp.page.acts import asked_for, read_act
from webapp.page.addresses import state_of
from webapp.page.controller import Controller
from webapp.page.html import sidebar
from webapp.page.html.listing import Listing
from webapp.page.state import PageState, Tab
from webapp.page.updates import LISTS, Updates, failure_updates, health_updates
from webapp.page.uploads import UploadStore
from webapp.service.health import Health
from webapp.service.running import RunningAnswers
from webapp.service.startup import Startup
from webapp.store.audit import REFUSALS
from webapp.web.authentication import IncomingRequest, session_cookie, signing_key, user_of
from webapp.web.forms import form_token

ACTS_AT_ONCE = 4  # concurrent acts of one user, in all their pages; writing an answer does not count


class Request(IncomingRequest, Protocol):
    """A request of the page; gradio's request implements it."""

    @property
    def query_params(self) -> Any:
        """Query parameters of the page's address, which name its matter and conversation."""


class ControllerFactory:
    """Creates the controller for the user of a request."""

    def __init__(self, startup: Startup, uploads: UploadStore) -> None:
        self._startup, self._uploads = startup, uploads
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._running = RunningAnswers()

    @property
    def ready(self) -> bool:
        """Whether the workspace is open."""
        return self._startup.workspace is not None

    @cached_property
    def _forms_key(self) -> bytes:
        """Read once: the page asks for the form at each poll."""
        return signing_key(self._startup.settings.data_dir, "forms.key")

    async def of(self, request: Request, *, active: bool = False) -> Controller:
        """Controller for the request's user; `active` as for `user_of`.

        Raises NotAllowed, and the error that prevented opening the workspace.
        """
        return await asyncio.to_thread(self._of, request, active)

    def account(self, request: Request, controller: Controller) -> Updates:
        """With accounts: who is signed in, with the form that signs out, which is made anew with each session."""
        settings = self._startup.settings
        if settings.access != "accounts":
            return {}
        cookie = request.cookies.get(session_cookie(settings), "")
        token = form_token(self._forms_key, cookie)
        return {"account": sidebar.account(controller.user_name, token)}

    @asynccontextmanager
    async def turn(self, request: Request, *, active: bool = False) -> AsyncIterator[Controller]:
        """`of`, once fewer than ACTS_AT_ONCE acts of this user are running: a busy user slows only their own pages."""
        controller = await self.of(request, active=active)
        turns = self._turns.setdefault(controller.share_key, asyncio.Semaphore(ACTS_AT_ONCE))
        async with turns:
            yield controller

    def _of(self, request: Request, active: bool) -> Controller:
        workspace = self._startup.opened()
        return Controller(workspace, user_of(request, workspace, active=active), self._running, self._uploads)


class Handlers:
    """Event handlers, one method per event of the page. An error is shown, and changes nothing else."""

    def __init__(self, controllers: ControllerFactory, health: Health) -> None:
        self._controllers, self._health = controllers, health

    async def load(self, tab: Tab, request: Request) -> Updates:
        """Load the page; its address names the matter and conversation."""
        return await self._in_order(tab, lambda _: self._open(request))

    async def ask(self, tab: Tab, question: str, request: Request) -> Updates:
        """Send the question in the question box."""
        return await self._act(tab, request, lambda controller, state: controller.ask(state, question))

    async def find(self, tab: Tab, phrase: str, request: Request) -> Updates:
        """Search for the exact phrase in the question box."""
        return await self._act(tab, request, lambda controller, state: controller.find_mentions(state, phrase))

    async def act(self, tab: Tab, data: Mapping[str, Any], request: Request) -> Updates:
        """Run the act of an element of the page's HTML; `data` holds its name and values."""

        async def run(controller: Controller, state: PageState) -> Updates:
            act, values = read_act(data)
            return await act.run(controller, state, values)

        return await self._act(tab, request, run, asked_for(data))

    async def stop(self, tab: Tab, request: Request) -> Updates:
        """Stop the answer that is being written. Not limited by ACTS_AT_ONCE: it must not wait for slow acts."""

        async def run(state: PageState) -> Updates:
            return await (await self._controllers.of(request, active=True)).stop(state)

        return await self._in_order(tab, run)

    async def upload(self, tab: Tab, names: Sequence[str], request: Request) -> Updates:
        """Add uploaded files. Neither limited nor in order: many files take a while, and `uploads` limits each user."""

        async def run() -> Updates:
            controller = await self._controllers.of(request, active=True)
            return await asyncio.to_thread(controller.upload, tab.state, names)

        return changes(tab, await _reported(run()))

    async def look(self, tab: Tab, request: Request) -> Updates:
        """Refresh what changes without an action: updates of what differs from what the page has."""

        async def run(state: PageState) -> Updates:
            return unsent(tab, await _reported(self._look(state, request)))

        return await self._in_order(tab, run)

    async def has_changed(self, tab: Tab, request: Request) -> bool:
        """Whether `look` has updates."""
        return bool(unsent(tab, await _reported(self._look(tab.state, request))))

    async def _open(self, request: Request) -> Updates:
        health = health_updates(await self._health.states(), self._health.writer())
        if not self._controllers.ready:  # the timer opens the page later
            return health
        query = dict(request.query_params)
        state = state_of(query)
        async with self._controllers.turn(request, active=True) as controller:
            health |= self._controllers.account(request, controller)
            if "last" in query:
                opened = await asyncio.to_thread(controller.open_last, state.matter_id)
            else:
                opened = await asyncio.to_thread(controller.open, state)
            return health | opened | {"lists_anew": True}

    async def _look(self, state: PageState, request: Request) -> Updates:
        if not self._controllers.ready or not state.opened:
            return await self._open(request)
        health = health_updates(await self._health.states(), self._health.writer())
        async with self._controllers.turn(request) as controller:
            health |= self._controllers.account(request, controller)
            return health | await asyncio.to_thread(controller.sidebar, state)

    async def _act(
        self,
        tab: Tab,
        request: Request,
        action: Callable[[Controller, PageState], Awaitable[Updates]],
        about: tuple[str, str] = ("", ""),
    ) -> Updates:
        """Run an action in the user's turn and in the tab's order; `about`: ids of the matter and of what it is about.

        An access that is refused is recorded.
        """

        async def run(state: PageState) -> Updates:
            opened: Updates = {}
            if not state.opened:  # the server was started anew since: the act goes where the page's address says
                opened = await self._open(request)
                state = opened.get("state", state)
            async with self._controllers.turn(request, active=True) as controller:
                try:
                    return opened | await action(controller, state)
                except REFUSALS as error:
                    matter_id, what = about
                    await asyncio.to_thread(controller.refused, error, matter_id or state.matter_id, what)
                    raise

        return await self._in_order(tab, run)

    async def _in_order(self, tab: Tab, action: Callable[[PageState], Awaitable[Updates]]) -> Updates:
        """Run an action on a tab after the earlier ones; the tab then has the state of its updates."""
        async with tab.lock:
            updates = await _reported(action(tab.state))
            tab.state = updates.get("state", tab.state)
            return changes(tab, updates)


def unsent(tab: Tab, updates: Updates) -> Updates:
    """Those of the updates that differ from what the page was sent."""
    if updates.get("lists_anew"):
        return updates
    has = {name: hash(listing) for name, (_, listing) in tab.lists.items()} | tab.sent
    new = {name: value for name, value in updates.items() if has.get(name) != hash(value)}
    return cast(Updates, new)


def changes(tab: Tab, updates: Updates) -> Updates:
    """The updates with of each list only what has changed since the page has had it, as its next version.

    Notes what the page has from here on.
    """
    if updates.pop("lists_anew", False):
        tab.lists.clear()
        tab.sent.clear()
    for name in LISTS:
        listing = updates.pop(name, None)
        version, before = tab.lists.get(name, (0, None))
        if isinstance(listing, Listing) and listing != before:
            tab.lists[name] = version + 1, listing
            updates[name] = listing.sent(version + 1, before)
    tab.sent |= {name: hash(value) for name, value in updates.items() if name not in LISTS}
    return updates


async def _reported(action: Awaitable[Updates]) -> Updates:
    """Updates of an action; an error becomes a notice."""
    try:
        return await action
    except Exception as error:  # noqa: BLE001 (the one place where an action's error is shown, as a sentence)
        return failure_updates(user_error(error))
