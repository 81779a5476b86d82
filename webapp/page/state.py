"""State of a page: the matter and conversation it shows, and the lock that keeps its actions in order."""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageState:
    """State of a page.

    `scope` applies to the next conversation; `editing` is the turn that the next question replaces; `choosing`: the
    choice of a language model is open.
    """

    opened: bool = False
    matter_id: str = ""
    conversation_id: str = ""
    scope: tuple[str, ...] | None = None
    editing: str = ""
    choosing: bool = False


class Tab:
    """One open page (browser tab).

    Its actions run in order: a question after a navigation is asked in the new place.
    """

    def __init__(self) -> None:
        self.state = PageState()
        self.lock = asyncio.Lock()

    def __deepcopy__(self, _memo: object) -> "Tab":
        """Create a new tab: gradio copies the initial value for each page."""
        return Tab()
