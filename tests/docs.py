"""The parts of the documents that are generated from the code: `make docs` writes them, `test_docs` holds them.

A generated part stands between two comments, `<!-- NAME begins -->` and `<!-- NAME ends -->`;
what is around it is written by hand.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer

from bench import gpu_memory
from merge.cli import app as merge_app
from tests.test_rooms import MAY_IMPORT, PACKAGES
from webapp.cli.main import app
from webapp.core import settings

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
ORDER = list(MAY_IMPORT)


def file_map() -> str:
    """A list of every room's files, each with the first paragraph of its docstring."""
    folders = {path.parent for package in PACKAGES for path in (ROOT / package).rglob("__init__.py")}
    rooms = sorted((room for room in folders if room.name != "migrations"), key=_place)
    return "\n\n".join(
        f"**{_name(room)}/** {_first_paragraph(room / '__init__.py')}\n\n{_files(room)}" for room in rooms
    )


def _place(room: Path) -> tuple[int, int, str]:
    """Packages in their order; in each its own files first, then its rooms in the order of the table of directions."""
    name = _name(room)
    place = -1 if name in PACKAGES else ORDER.index(name) if name in ORDER else len(ORDER)
    return PACKAGES.index(name.split("/")[0]), place, name


def _name(room: Path) -> str:
    return room.relative_to(ROOT).as_posix()


def _files(room: Path) -> str:
    files = sorted(path for path in room.glob("*.py") if not path.stem.startswith("__"))
    return "\n".join(f"- `{path.name}` {_first_paragraph(path)}" for path in files)


def _first_paragraph(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return docstring.split("\n\n")[0].replace("\n", " ")


def directions() -> str:
    """The table of rooms: what each is for, and what it may import, as `tests/test_rooms.py` holds it."""
    lines = ["| room | what it does | may import |", "|---|---|---|"]
    for room, imports in MAY_IMPORT.items():
        path = ROOT / room if room.endswith(".py") else ROOT / room / "__init__.py"
        beside = ("`retrieval`'s exports",) if room.startswith("webapp") else ()
        may = ", ".join((*beside, *(f"`{each}`" for each in imports))) or "nothing of ours"
        lines.append(f"| `{room}` | {_first_paragraph(path)} | {may} |")
    return "\n".join(lines)


def commands() -> str:
    """Every command of `pincite`: usage, what it does, arguments and options."""
    root = typer.main.get_command(app)
    return "\n\n".join(_command(root, "pincite", None))


def _command(command: Any, name: str, parent: Any) -> Iterator[str]:
    """A command in Markdown, or the commands of a group; `pincite merge` only hands its arguments on to its own."""
    context = command.context_class(command, info_name=name, parent=parent)
    if context.command_path == "pincite merge":
        command = typer.main.get_command(merge_app)
    if commands := getattr(command, "commands", None):
        for each, inner in commands.items():
            yield from _command(inner, each, context)
        return
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    needed = [_left(p, context) for p in options if p.required]
    words = [*map(_argument, arguments), *needed, *(["[OPTIONS]"] if len(needed) < len(options) else [])]
    yield f"## `{context.command_path}`"
    yield f"    {context.command_path} {' '.join(words)}"
    yield str(command.help)
    rows = [(_argument(p), _right(p, context).removesuffix("  [required]")) for p in arguments]
    rows += [(_left(p, context), _right(p, context)) for p in options]
    cells = [f"| `{_cell(left)}` | {_cell(right)} |" for left, right in rows]
    yield "\n".join(["| argument or option | meaning |", "|---|---|", *cells])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _argument(parameter: Any) -> str:
    word = (parameter.metavar or parameter.name).upper() + ("..." if parameter.nargs == -1 else "")
    return word if parameter.required else f"[{word}]"


def _left(parameter: Any, context: Any) -> str:
    return str(parameter.get_help_record(context)[0])


def _right(parameter: Any, context: Any) -> str:
    return str(parameter.get_help_record(context)[1])


GENERATED: dict[Path, dict[str, Callable[[], str]]] = {
    DOCS / "architecture.md": {"directions": directions, "map": file_map},
    DOCS / "cli.md": {"commands": commands},
    DOCS / "hosting" / "gpu-server.md": {"gpu memory": gpu_memory.table},
    DOCS / "settings.md": {"settings": settings.table},
}


def generated(file: Path) -> str:
    """The text of a document, with its generated parts as the code has them."""
    text = file.read_text("utf-8")
    for name, make in GENERATED[file].items():
        begins, ends = f"<!-- {name} begins -->", f"<!-- {name} ends -->"
        before, rest = text.split(begins)
        text = f"{before}{begins}\n{make()}\n{ends}{rest.split(ends)[1]}"
    return text


if __name__ == "__main__":
    for each in GENERATED:
        each.write_text(generated(each), "utf-8")
