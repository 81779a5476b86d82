"""The language model that was chosen on the page or by `pincite model use`, kept in the data folder.

A model that the environment names (`PINCITE_LLM_URL`, `PINCITE_LLM_FILE`) comes before it.
"""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from webapp.core.settings import Settings, is_loopback

FILE = "model.json"  # in the data folder


@dataclass(frozen=True, slots=True)
class Choice:
    """A model of a server on this machine, by `url` and `model`, or one in a `file`; `name` as lists have it."""

    name: str
    url: str = ""
    model: str = ""
    file: str = ""


def read_choice(folder: Path) -> Choice | None:
    """The choice that is kept in a data folder; None where there is none, or none that can be used."""
    with suppress(OSError, ValueError, TypeError, RecursionError):
        choice = Choice(**json.loads((folder / FILE).read_text("utf-8")))
        is_text = all(isinstance(value, str) for value in asdict(choice).values())
        if is_text and (choice.file or is_loopback(urlsplit(choice.url).hostname or "")):
            return choice
    return None


def keep_choice(folder: Path, choice: Choice | None) -> None:
    """Keep a choice in a data folder, or forget the one that is there. Raises OSError."""
    if choice is None:
        (folder / FILE).unlink(missing_ok=True)
        return
    draft = folder / f"{FILE}.new"
    draft.write_text(json.dumps(asdict(choice)), "utf-8")
    draft.replace(folder / FILE)


def overriding(settings: Settings) -> str:
    """The setting of the environment that names a model, which comes before any choice; "" if none does."""
    return "PINCITE_LLM_URL" if settings.llm_urls else "PINCITE_LLM_FILE" if settings.llm_file else ""
