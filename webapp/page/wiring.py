"""Connects the events of gradio's components to the handlers, and the handlers' updates to the components."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import RootModel

from webapp.page.acts import ACTS, acts_at
from webapp.page.addresses import address_of
from webapp.page.gradio_import import gr
from webapp.page.handlers import Handlers
from webapp.page.html import chat
from webapp.page.layout import Components
from webapp.page.state import Tab
from webapp.page.updates import Updates

Values = dict[Any, Any]  # components with their new values, in gradio's format


class _Unchanged(RootModel[dict[str, str]]):
    """What gradio sends of an output that does not change.

    Of `gr.skip()` gradio makes the output's component anew before it sends the same: for thirty outputs an event, that
    was a third of the samples in a profile of the page (2026-11-27). It takes this for a value, and sends it as it is.
    """


UNCHANGED = _Unchanged({"__type__": "update"})
# No `postprocess`: each value, which is ready to be shown, would pass through another thread.
EVENT: Mapping[str, Any] = {
    "api_visibility": "private",
    "show_progress": "hidden",
    "concurrency_limit": None,
    "postprocess": False,
}
# Else gradio drops a click on a list while it handles an earlier one: "New conversation" right after opening another.
EVERY_EVENT: Mapping[str, Any] = {**EVENT, "trigger_mode": "multiple"}


class Wiring:
    """Connects the events of one page."""

    def __init__(self, components: Components, handlers: Handlers) -> None:
        self._components, self._handlers = components, handlers
        self._outputs = [*components.parts.values(), components.send, components.stop]

    def connect(self, page: gr.Blocks) -> None:
        """Connect every event; called while `page` is laid out."""
        components, handlers = self._components, self._handlers
        page.load(self._plain(handlers.load), components.tab, self._outputs, **EVENT)
        self._connect_composer()
        self._connect_acts()
        components.look.click(self._plain(handlers.look), components.tab, self._outputs, **EVENT)
        components.timer.tick(self._plain(handlers.look), components.tab, self._outputs, **EVENT)

    def _connect_composer(self) -> None:
        components, handlers = self._components, self._handlers
        question = components.parts["question"]
        typed = [components.tab, question]
        components.send.click(self._typed(handlers.ask), typed, self._outputs, **EVENT)
        question.submit(self._typed(handlers.ask), typed, self._outputs, **EVENT)
        components.find.click(self._typed(handlers.find), typed, self._outputs, **EVENT)
        components.stop.click(self._plain(handlers.stop), components.tab, self._outputs, **EVENT)
        # No `preprocess`: gradio would leave an empty file for each, and refuse a whole drop because of one name.
        uploaded = components.upload.upload(
            self._upload, [components.tab, components.upload], self._outputs, preprocess=False, **EVENT
        )
        uploaded.then(lambda: None, None, components.upload, **EVENT)

    def _connect_acts(self) -> None:
        for name in sorted({part for act in ACTS.values() for part in act.parts}):
            part = self._components.parts[name]
            if acts_at(name, "click"):
                part.click(self._act, self._components.tab, self._outputs, **EVERY_EVENT)
            if acts_at(name, "submit"):
                part.submit(self._act, self._components.tab, self._outputs, **EVENT)

    # Adapters for each kind of event: gradio passes the request and the event's data by the types of the parameters.

    def _plain(self, handler: Callable[[Tab, gr.Request], Awaitable[Updates]]) -> Callable[..., Awaitable[list[Any]]]:
        async def handle(tab: Tab, request: gr.Request) -> list[Any]:
            return self.outputs(await handler(tab, request))

        return handle

    def _typed(
        self, handler: Callable[[Tab, str, gr.Request], Awaitable[Updates]]
    ) -> Callable[..., Awaitable[list[Any]]]:
        async def handle(tab: Tab, text: str, request: gr.Request) -> list[Any]:
            return self.outputs(await handler(tab, text, request))

        return handle

    async def _act(self, tab: Tab, event: gr.EventData, request: gr.Request) -> list[Any]:
        data = event._data if isinstance(event._data, dict) else {}
        return self.outputs(await self._handlers.act(tab, data, request))

    async def _upload(self, tab: Tab, files: list[dict[str, Any]] | None, request: gr.Request) -> list[Any]:
        # `uploads` identifies an upload by the last two parts of its path.
        names = ["/".join(Path(file["path"]).parts[-2:]) for file in files or ()]
        return self.outputs(await self._handlers.upload(tab, names, request))

    def outputs(self, updates: Updates) -> list[Any]:
        """What an event gives for each of its outputs."""
        values = self.values(updates)
        return [values.get(component, UNCHANGED) for component in self._outputs]

    def values(self, updates: Updates) -> Values:
        """Convert updates to gradio's format: each component that changes, with its new value."""
        parts, components = self._components.parts, self._components
        values: Values = {}
        for name, value in updates.items():
            match name:
                case "busy":
                    busy = updates["busy"]
                    values |= {components.send: gr.update(visible=not busy), components.stop: gr.update(visible=busy)}
                case "state":
                    state = updates["state"]
                    values[parts["address"]] = str(
                        chat.address(state.matter_id, state.conversation_id, address_of(state))
                    )
                case "announcement":
                    values[parts[name]] = str(chat.announcement(updates["announcement"]))
                case "documents" | "conversations":
                    values[parts[f"{name}-rows"]] = str(value)
                case "question":
                    values[parts[name]] = value
                case _:
                    values[parts[name]] = str(value)
        return values
