"""Handlers of the page's events: who asks, one action of a tab after another, and errors as notices.

Nothing here knows gradio. A handler that is private can still be called by hand, and a state belongs to a session whose
name the browser makes up: neither is trusted. The user is taken from each request, and the controller authorises ids.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, Protocol
from weakref import WeakValueDictionary

from webapp.core.log import user_error
from webapp.page.acts import read_act
from webapp.page.controller import Controller
from webapp.page.state import PageState, Tab
from webapp.page.updates import Updates, failure_updates, health_updates
from webapp.page.uploads import UploadStore
from webapp.service.health import Health
from webapp.service.running import RunningAnswers
from webapp.service.startup import Startup
from webapp.web.authentication import IncomingRequest, user_of

ACTS_AT_ONCE = 4  # of one user, in all their pages; an answer that is being written is no act


class Request(IncomingRequest, Protocol):
    """A request of the page; gradio's has all of it."""

    @property
    def query_params(self) -> Any:
        """What the page's address says of where it was."""


class ControllerFactory:
    """Makes the controller of whoever sends a request."""

    def __init__(self, opening: Startup, uploads: UploadStore) -> None:
        self._startup, self._uploads = opening, uploads
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._running = RunningAnswers()

    @property
    def ready(self) -> bool:
        """Whether the records are there."""
        return self._startup.workspace is not None

    async def of(self, request: Request) -> Controller:
        """The controller of the request's user. Raises NotAllowed, and what keeps the workspace from opening."""
        return await asyncio.to_thread(self._of, request)

    @asynccontextmanager
    async def turn(self, request: Request) -> AsyncIterator[Controller]:
        """`of`, once fewer than ACTS_AT_ONCE acts of this user are under way:
        what one does slows their own pages alone.
        """
        controller = await self.of(request)
        turns = self._turns.setdefault(controller.share_key, asyncio.Semaphore(ACTS_AT_ONCE))
        async with turns:
            yield controller

    def _of(self, request: Request) -> Controller:
        workspace = self._startup.opened()
        return Controller(
            workspace, user_of(request, workspace.settings, workspace.welcome), self._running, self._uploads
        )


class Handlers:
    """One method per event of the page. What goes wrong is shown, and changes nothing else."""

    def __init__(self, controllers: ControllerFactory, health: Health) -> None:
        self._controllers, self._health = controllers, health

    async def load(self, tab: Tab, request: Request) -> Updates:
        """The page is loaded: its address says where it was."""
        return await self._in_order(tab, lambda _: self._open(request))

    async def ask(self, tab: Tab, question: str, request: Request) -> Updates:
        """The question in the box is sent."""
        return await self._act(tab, request, lambda controller, state: controller.ask(state, question))

    async def find(self, tab: Tab, phrase: str, request: Request) -> Updates:
        """What is in the box is looked for, word for word."""
        return await self._act(tab, request, lambda controller, state: controller.find_mentions(state, phrase))

    async def act(self, tab: Tab, data: Mapping[str, Any], request: Request) -> Updates:
        """An element of the page's HTML did something: `data` names its act, and says what that needs."""

        async def run(controller: Controller, state: PageState) -> Updates:
            act, values = read_act(data)
            return await act.run(controller, state, values)

        return await self._act(tab, request, run)

    async def stop(self, tab: Tab, request: Request) -> Updates:
        """What is being written is to end. In no turn: it must not wait for what slows the page."""

        async def run(state: PageState) -> Updates:
            return await (await self._controllers.of(request)).stop(state)

        return await self._in_order(tab, run)

    async def drafts(self, tab: Tab, request: Request) -> AsyncGenerator[Updates]:
        """What is being written where the page is, as it grows."""
        try:
            controller = await self._controllers.of(request)
            async with aclosing(controller.drafts(tab.state)) as drafts:
                async for updates in drafts:
                    yield updates
        except Exception as error:  # noqa: BLE001 (`finished` meets it too, and shows it)
            user_error(error)

    async def finished(self, tab: Tab, request: Request) -> Updates:
        """What was being written is there."""
        return await self._act(tab, request, lambda controller, state: asyncio.to_thread(controller.finished, state))

    async def upload(self, tab: Tab, names: Sequence[str], request: Request) -> Updates:
        """Files have arrived. In no turn and no order: many take a while, and `uploads` bounds what one user brings."""

        async def run() -> Updates:
            controller = await self._controllers.of(request)
            return await asyncio.to_thread(controller.upload, tab.state, names)

        return await _reported(run())

    async def look(self, tab: Tab, request: Request) -> Updates:
        """What has changed by itself."""
        return await self._in_order(tab, lambda state: self._look(state, request))

    async def tick(self, tab: Tab, request: Request) -> int:
        """A number that is another when something has changed by itself."""
        try:
            return hash(tuple((await self._look(tab.state, request)).values()))
        except Exception as error:  # noqa: BLE001 (a look that fails differs from one that does not)
            return hash(str(user_error(error)))

    async def _open(self, request: Request) -> Updates:
        health = health_updates(await self._health.states())
        if not self._controllers.ready:  # the timer opens it as soon as it can
            return health
        named = dict(request.query_params)
        state = PageState(matter_id=named.get("matter", ""), conversation_id=named.get("conversation", ""))
        async with self._controllers.turn(request) as controller:
            return health | await asyncio.to_thread(controller.open, state)

    async def _look(self, state: PageState, request: Request) -> Updates:
        if not self._controllers.ready or not state.opened:
            return await self._open(request)
        health = health_updates(await self._health.states())
        async with self._controllers.turn(request) as controller:
            return health | await asyncio.to_thread(controller.sidebar, state)

    async def _act(
        self, tab: Tab, request: Request, action: Callable[[Controller, PageState], Awaitable[Updates]]
    ) -> Updates:
        """An action in its user's turn, and in the tab's order."""

        async def run(state: PageState) -> Updates:
            async with self._controllers.turn(request) as controller:
                return await action(controller, state)

        return await self._in_order(tab, run)

    async def _in_order(self, tab: Tab, action: Callable[[PageState], Awaitable[Updates]]) -> Updates:
        """An action on a tab after those that came before it; from then on the tab is in the state it gives."""

        async def run() -> Updates:
            async with tab.lock:
                updates = await action(tab.state)
                tab.state = updates.get("state", tab.state)
            return updates

        return await _reported(run())


async def _reported(action: Awaitable[Updates]) -> Updates:
    """The updates of an action, or the notice of what went wrong in it."""
    try:
        return await action
    except Exception as error:  # noqa: BLE001 (the one place where an action's fault is shown, as a sentence)
        return failure_updates(user_error(error))
