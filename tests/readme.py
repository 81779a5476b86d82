"""The parts of README.md and the hosting guide that are made from the code: `make readme` writes them, `test_readme` holds them.

The map is the first line of every file of the rooms; the settings table is `webapp.core.settings`; the table of GPU memory is
`bench.gpu_memory`.
"""

import ast
from pathlib import Path

from bench import gpu_memory
from webapp.core import settings

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
GPU_SERVER = ROOT / "docs" / "hosting" / "gpu-server.md"
ROOMS = ("retrieval", "webapp", "merge")


def room_map() -> str:
    """One list a room: its files, each with the first line of its docstring."""
    return "\n\n".join(f"**{room}/** {_says(ROOT / room / '__init__.py')}\n\n{_files(room)}" for room in ROOMS)


def _files(room: str) -> str:
    files = sorted(path for path in (ROOT / room).rglob("*.py") if not path.stem.startswith("__"))
    return "\n".join(f"- `{path.relative_to(ROOT / room)}` {_says(path)}" for path in files)


def _says(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split("\n")[0]


def made_from_code(file: Path) -> str:
    """The text of README or guide, with its made parts as the code has them."""
    text = file.read_text("utf-8")
    made = {"gpu memory": gpu_memory.table} if file == GPU_SERVER else {"map": room_map, "settings": settings.table}
    for name, make in made.items():
        begins, ends = f"<!-- {name} begins -->", f"<!-- {name} ends -->"
        before, rest = text.split(begins)
        text = f"{before}{begins}\n{make()}\n{ends}{rest.split(ends)[1]}"
    return text


if __name__ == "__main__":
    for each in (README, GPU_SERVER):
        each.write_text(made_from_code(each), "utf-8")
