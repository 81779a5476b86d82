"""State of a page: the matter and conversation it shows, and the lock that keeps its actions in order."""

import asyncio
from dataclasses import dataclass

from webapp.core.results import Range
from webapp.page.html.listing import Listing


@dataclass(frozen=True, slots=True)
class Place:
    """What the evidence panel shows because the user asked for it: an item of a turn, another one `beside` it, or a
    page of a document; the item is then the one from which the reader came.

    `version`: of the document's text, None for the one that is searched. `spans` are highlighted, the first of them, or
    the offset `at`, is scrolled to; `words` were searched for.
    """

    document_id: str = ""
    version: int | None = None
    page: int = 1
    spans: tuple[Range, ...] = ()
    at: int | None = None
    words: str = ""
    turn_id: str = ""
    item: int = 0
    beside: int | None = None


@dataclass(frozen=True, slots=True)
class PageState:
    """State of a page.

    `scope` applies to the next conversation; `editing` is the turn that the next question replaces; `reply` is the
    number of the last choice of documents that the page has sent; `place` is what the evidence panel shows, None for
    the newest citation; `choosing`: the choice of a language model is open; `writing` is the turn in progress.
    """

    opened: bool = False
    matter_id: str = ""
    conversation_id: str = ""
    scope: tuple[str, ...] | None = None
    editing: str = ""
    reply: int = 0
    place: Place | None = None
    choosing: bool = False
    writing: str = ""


class Tab:
    """One open page (browser tab).

    Its actions run in order: a question after a navigation is asked in the new place. `lists` are those that the page
    has, by name, each with its version; `sent` holds hashes of the other parts as they were last sent.
    """

    def __init__(self) -> None:
        self.state = PageState()
        self.lock = asyncio.Lock()
        self.lists: dict[str, tuple[int, Listing]] = {}
        self.sent: dict[str, int] = {}

    def __deepcopy__(self, _memo: object) -> "Tab":
        """Create a new tab: gradio copies the initial value for each page."""
        return Tab()
