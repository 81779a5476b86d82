"""Commands about language models: those that there are, and fetching, choosing and testing one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from webapp.core.results import ModelRow, ModelTestRow
from webapp.core.stream import Event, Progress, Result
from webapp.service.command import Command

if TYPE_CHECKING:
    from webapp.service.caller import Caller


@dataclass(frozen=True)
class ListModels(Command[ModelRow], name="models"):
    """List the language models of this machine, and those that can be fetched."""

    def run(self, caller: "Caller") -> Iterator[Event[ModelRow]]:
        """A result for each model, first those that can be used at once."""
        yield from map(Result, caller.workspace.models.offered(caller.user))


@dataclass(frozen=True)
class FetchModel(Command[ModelRow], name="fetch_model"):
    """Fetch a language model of the fixed list, from where an earlier attempt broke off; compares its digest."""

    model: str

    def run(self, caller: "Caller") -> Iterator[Event[ModelRow]]:
        """Progress in megabytes, then one result: the file."""
        models = caller.workspace.models
        yield from models.fetch(caller.user, self.model)
        yield Result(models.fetched(self.model))


@dataclass(frozen=True)
class UseModel(Command[ModelRow], name="use_model"):
    """Have answers written by a language model of the list, or by one in a file; "none" takes the choice back."""

    model: str

    def run(self, caller: "Caller") -> Iterator[Event[ModelRow]]:
        """One result."""
        yield Result(caller.workspace.models.use(caller.user, self.model, may_be_path=True))


@dataclass(frozen=True)
class TestModel(Command[ModelTestRow], name="test_model"):
    """Ask a language model, or without a name the one in use, a question about a passage of ours."""

    __test__: ClassVar[bool] = False  # it is no test of pytest
    model: str = ""

    def run(self, caller: "Caller") -> Iterator[Event[ModelTestRow]]:
        """Progress, then one result."""
        yield Progress(label=self.model or "The language model", state="answering")
        yield Result(caller.workspace.models.test(caller.user, self.model, may_be_path=True))
