"""Base of the commands, one class each: parameters, result type, and the generator of events that executes it.

HTTP routes, client and command line are derived from these classes. A client loads them only to send them, so what the
execution needs is imported there.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, ClassVar, Generic, get_args

from webapp.core.errors import NoSuchFile
from webapp.core.stream import Event, Progress, T

if TYPE_CHECKING:
    from webapp.service.caller import Caller


@dataclass(frozen=True)
class Command(ABC, Generic[T]):
    """Base of the commands. The fields are the parameters, as in the JSON request; results are rows of type T."""

    command: ClassVar[str]

    def __init_subclass__(cls, *, name: str = "") -> None:
        """Name a command; a class without a `name` is a base of commands."""
        super().__init_subclass__()
        if name:
            cls.command = name

    @classmethod
    def result(cls) -> type[T]:
        """The result type."""
        row: type[T] = get_args(cls.__orig_bases__[0])[0]  # type: ignore[attr-defined]
        return row

    def prepare(self, caller: "Caller") -> Iterator[Progress]:  # noqa: ARG002
        """Wait until everything that `run` needs is ready; yields progress. May block."""
        return iter(())

    @abstractmethod
    def run(self, caller: "Caller") -> Iterator[Event[T]] | AsyncGenerator[Event[T]]:
        """Execute the command; yields its events, from a blocking or an asynchronous iterator.

        Closing it ends the work.
        """


@dataclass(frozen=True)
class FileCommand(Command[T]):
    """Base of the commands that take a file.

    Over HTTP the file is the body, and the other fields are query parameters.
    """

    path: Path
    name: str  # of the file, whatever its path

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open the file. Raises NoSuchFile, also for an error while it is read."""
        try:
            with self.path.open("rb") as stream:
                yield stream
        except OSError as error:
            raise NoSuchFile(name=self.path, reason=(error.strerror or str(error)).lower()) from error
