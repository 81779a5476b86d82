"""The parts of README.md that are made from the code: `make readme` writes them, `test_readme` holds them.

The map is the first line of every file of the rooms; the settings table is `webapp.settings`.
"""

import ast
from pathlib import Path

from webapp import settings

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
ROOMS = ("retrieval", "webapp", "merge")


def room_map() -> str:
    """One list a room: its files, each with the first line of its docstring."""
    return "\n\n".join(f"**{room}/** {_says(ROOT / room / '__init__.py')}\n\n{_files(room)}" for room in ROOMS)


def _files(room: str) -> str:
    files = sorted(path for path in (ROOT / room).glob("*.py") if not path.stem.startswith("__"))
    return "\n".join(f"- `{path.name}` {_says(path)}" for path in files)


def _says(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split("\n")[0]


def made_from_code(text: str) -> str:
    """`text` with the map and the settings table as the code has them."""
    for name, part in (("map", room_map()), ("settings", settings.table())):
        begins, ends = f"<!-- {name} begins -->", f"<!-- {name} ends -->"
        before, rest = text.split(begins)
        text = f"{before}{begins}\n{part}\n{ends}{rest.split(ends)[1]}"
    return text


if __name__ == "__main__":
    README.write_text(made_from_code(README.read_text("utf-8")), "utf-8")
