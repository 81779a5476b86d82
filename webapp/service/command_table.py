"""Table of all commands by their names, from which their routes are made."""

from types import MappingProxyType, ModuleType

from webapp.core.results import Row
from webapp.service import commands, conversation_commands, model_commands, people_commands, record_commands
from webapp.service.command import Command


def _of(module: ModuleType) -> dict[str, type[Command[Row]]]:
    """The commands that a module defines."""
    kinds = (kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Command))
    return {kind.command: kind for kind in kinds if "command" in vars(kind)}


MODULES = (commands, conversation_commands, people_commands, record_commands, model_commands)
COMMANDS = MappingProxyType({name: kind for module in MODULES for name, kind in _of(module).items()})
