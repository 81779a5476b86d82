"""Table of all commands by their names, from which their routes are made."""

from types import MappingProxyType, ModuleType

from webapp.core.results import Row
from webapp.service import commands, model_commands, people_commands, record_commands
from webapp.service.command import Command


def _of(module: ModuleType) -> dict[str, type[Command[Row]]]:
    """The commands that a module defines."""
    kinds = (kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Command))
    return {kind.command: kind for kind in kinds if "command" in vars(kind)}


COMMANDS = MappingProxyType(_of(commands) | _of(people_commands) | _of(record_commands) | _of(model_commands))
