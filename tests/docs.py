"""The parts of the documents that are generated from the code: `make docs` writes them, `test_docs` holds them.

A generated part stands between two comments, `<!-- NAME begins -->` and `<!-- NAME ends -->`;
what is around it is written by hand.
"""

import ast
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import typer

from bench import gpu_memory
from merge.cli import BuiltRow, FaultRow, VerifiedRow
from merge.cli import app as merge_app
from retrieval.search.question_kinds import KINDS
from tests.docker import versions
from tests.engines import met
from tests.test_rooms import MAY_IMPORT, PACKAGES
from webapp.cli.main import app
from webapp.core import marks, results, settings
from webapp.service import commands, conversation_commands, people_commands, record_commands

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


def question_kinds_table() -> str:
    """The kinds of question that structure answers: what is asked for, two ways to ask it, and what it needs."""
    lines = ["| asked for | for example | found where there is |", "|---|---|---|"]
    lines += [f"| {kind.name} | {'<br>'.join(kind.examples[:2])} | {kind.needs} |" for kind in KINDS]
    return "\n".join(lines)


def command_line() -> str:
    """Every command of `pincite`: usage, what it does, arguments and options."""
    root = typer.main.get_command(app)
    return "\n\n".join(_command(root, "pincite", None))


def _command(command: Any, name: str, parent: Any) -> Iterator[str]:
    """A command in Markdown, or the commands of a group; `pincite merge` only hands its arguments on to its own."""
    context = command.context_class(command, info_name=name, parent=parent)
    if context.command_path == "pincite merge":
        command = typer.main.get_command(merge_app)
    if inner_commands := getattr(command, "commands", None):
        for each, inner in inner_commands.items():
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
    if any("--json" in p.opts for p in options):
        objects = " or ".join(f"[`{row.__name__}`](#{row.__name__.lower()})" for row in PRINTED[context.command_path])
        yield f"JSON: {objects}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _argument(parameter: Any) -> str:
    word = (parameter.metavar or parameter.name).upper() + ("..." if parameter.nargs == -1 else "")
    return word if parameter.required else f"[{word}]"


def _left(parameter: Any, context: Any) -> str:
    return str(parameter.get_help_record(context)[0])


def _right(parameter: Any, context: Any) -> str:
    return str(parameter.get_help_record(context)[1])


# What `--json` prints, by command.
PRINTED: dict[str, tuple[type, ...]] = {
    "pincite add": (results.AddedRow,),
    "pincite search": (commands.Search.result(), commands.FindMentions.result()),
    "pincite ask": (commands.Ask.result(),),
    "pincite summary": (commands.Summarise.result(),),
    "pincite compare": (commands.Compare.result(),),
    "pincite documents": (commands.ListDocuments.result(),),
    "pincite remove": (commands.Remove.result(),),
    "pincite jobs": (commands.Jobs.result(),),
    "pincite reindex": (commands.Reindex.result(),),
    **{f"pincite users {name}": (results.UserRow,) for name in ("list", "add", "passwd", "disable", "enable")},
    "pincite backup": (record_commands.Backup.result(),),
    "pincite restore": (results.RestoredRow,),
    "pincite eval": (results.EvaluationRow,),
    "pincite merge build": (BuiltRow,),
    "pincite merge verify": (FaultRow, VerifiedRow),
    "pincite status": (people_commands.Status.result(),),
    "pincite conversations list": (conversation_commands.ListConversations.result(),),
    "pincite conversations rename": (conversation_commands.RenameConversation.result(),),
    "pincite conversations export": (conversation_commands.ExportConversation.result(),),
    "pincite matters list": (commands.ListMatters.result(),),
    "pincite matters create": (commands.CreateMatter.result(),),
    "pincite matters delete": (commands.DeleteMatter.result(),),
    "pincite matters people": (people_commands.ListMembers.result(),),
    "pincite matters share": (people_commands.ChangeMembers.result(),),
    "pincite matters unshare": (people_commands.ChangeMembers.result(),),
    "pincite matters hand-over": (people_commands.ChangeMembers.result(),),
    "pincite matters wall": (people_commands.ChangeMembers.result(),),
    "pincite matters archive": (record_commands.ChangeArchive.result(),),
    "pincite matters privilege": (record_commands.ChangePrivilege.result(),),
    "pincite matters hold": (record_commands.Hold.result(),),
    "pincite matters retain": (record_commands.Retain.result(),),
    "pincite audit": (record_commands.ReadAudit.result(), record_commands.VerifyAudit.result()),
    **{f"pincite model {name}": (results.ModelRow,) for name in ("list", "get", "use")},
    "pincite model test": (results.ModelTestRow,),
    "pincite groups list": (people_commands.Groups.result(),),
    "pincite groups create": (people_commands.Groups.result(),),
    "pincite groups delete": (people_commands.Groups.result(),),
    "pincite groups add": (people_commands.Groups.result(),),
    "pincite groups remove": (people_commands.Groups.result(),),
}
JSON_TYPES: dict[object, str] = {
    str: "string",
    datetime: "string (ISO 8601)",
    int: "integer",
    float: "number",
    bool: "boolean",
    NoneType: "null",
    results.Range: "[start, end]",
    results.Around: "[before, words, after]",
}


def json_objects() -> str:
    """Every object that `--json` prints, and those inside of them: keys and their types."""
    rows = list(dict.fromkeys(row for printed in PRINTED.values() for row in printed))
    for row in rows:  # grows while it is read
        held = dict.fromkeys(inner for _, type_, _ in _keys(row) for inner in _inner(type_))
        rows += [inner for inner in held if inner not in rows]
    return "\n\n".join(_object(row) for row in sorted(rows, key=lambda row: row.__name__))


def _keys(row: type) -> Iterator[tuple[str, Any, bool]]:
    """Key, type of the value, and whether the key may be left out."""
    types, fields = get_type_hints(row), getattr(row, "model_fields", {})  # a TypedDict has no fields
    for key in fields or types:
        yield key, types[key], key in fields and fields[key].exclude_if is not None


def _inner(type_: Any) -> Iterator[type]:
    """The objects that a type has inside."""
    if isinstance(type_, type) and issubclass(type_, results.Row):
        yield type_
    for argument in get_args(type_):
        yield from _inner(argument)


def _object(row: type) -> str:
    keys = ", ".join(f"`{key}{'?' if may_lack else ''}` {_json_type(type_)}" for key, type_, may_lack in _keys(row))
    sentence = (row.__doc__ or "").split("\n\n")[0].replace("\n    ", " ").replace("None", "null")
    return f"### {row.__name__}\n\n{sentence}\n\n{keys}"


def _json_type(type_: Any) -> str:
    """A type in the words of JSON."""
    arguments = get_args(type_)
    if type_ in JSON_TYPES:
        return JSON_TYPES[type_]
    if get_origin(type_) is Literal:
        return " or ".join(f"`{json.dumps(value)}`" for value in arguments)
    if get_origin(type_) in (tuple, list):
        return f"array of {_json_type(arguments[0])}"
    if get_origin(type_) is dict:
        return f"object of {_json_type(arguments[1])} by name"
    if arguments:  # a union
        return " or ".join(map(_json_type, arguments))
    return f"[`{type_.__name__}`](#{type_.__name__.lower()})"


GENERATED: dict[Path, dict[str, Callable[[], str]]] = {
    DOCS / "architecture.md": {"directions": directions, "map": file_map},
    DOCS / "cli.md": {"marks": marks.table, "commands": command_line, "json": json_objects},
    DOCS / "engines.md": {"met": met.table, "figures": met.figures},
    DOCS / "hosting" / "gpu-server.md": {
        "engines": versions.engines,
        "gpu memory": gpu_memory.table,
        "advisories": versions.advisories,
    },
    DOCS / "retrieval.md": {"question kinds": question_kinds_table},
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
