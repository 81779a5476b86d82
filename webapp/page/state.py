"""State of a page: which matter and conversation it shows, and the lock that keeps its actions in their order."""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageState:
    """What a page shows.

    `scope` holds for the next conversation; `editing` is the turn that the next question replaces.
    """

    opened: bool = False
    matter_id: str = ""
    conversation_id: str = ""
    scope: tuple[str, ...] | None = None
    editing: str = ""


class Tab:
    """One open page. Its actions happen in their order: a question after a step elsewhere is asked there."""

    def __init__(self) -> None:
        self.state = PageState()
        self.lock = asyncio.Lock()

    def __deepcopy__(self, _memo: object) -> "Tab":
        """Gradio makes a copy of the first value for each page."""
        return Tab()
