"""The folder where an upload lies until its page has taken it in.

Gradio deletes there what came whole and was never taken in. Of what broke off on its way it knows nothing: a guest who
begins again and again would fill the disk, and a client's paper would lie there until the next start.
"""

import time
from contextlib import suppress
from pathlib import Path

from webapp.quotas import GUEST
from webapp.settings import MIB, Settings

BROKEN_OFF_SECONDS = 3600  # since it last grew: what is on its way in a drop of many large files waits for the rest
MOST_OF_GUESTS = 10 * GUEST.mib * MIB  # of all of them together, on its way at a time


class Arriving:
    """The folder of one data folder."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.data_dir / "arriving"
        self._most = MOST_OF_GUESTS if settings.access == "demo" else None

    def takes_more(self) -> bool:
        """Delete what has broken off; whether more may come after that."""
        left = 0
        for file in self.folder.rglob("*"):
            with suppress(OSError):  # taken in meanwhile
                left += self._kept(file)
        return self._most is None or left < self._most

    def _kept(self, file: Path) -> int:
        """The bytes of a file that stays; 0 for a folder, and for a file that went."""
        is_of_an_upload = file.parent == self.folder  # what came whole has a folder of its own
        if is_of_an_upload and file.is_file() and time.time() - file.stat().st_mtime > BROKEN_OFF_SECONDS:
            file.unlink()
            return 0
        return file.stat().st_size if file.is_file() else 0
