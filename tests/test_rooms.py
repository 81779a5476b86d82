"""The rooms: what each may import, in one table, held by reading every import."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

import retrieval

ROOT = Path(__file__).parents[1]
PACKAGES = ("retrieval", "webapp", "merge")
EXPORTED: list[str] = vars(retrieval)["__all__"]  # made from the stub, which has no such name
FILES = [
    path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py*")) if path.suffix in (".py", ".pyi")
]

# A room may import itself and the rooms named here, all of which stand above it: there is no way round in a circle.
# Beside these every room of `webapp` may import what `retrieval` exports. A room's sentence is the docstring of its
# `__init__.py`.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "retrieval/core": (),
    "retrieval/structure": ("retrieval/core",),
    "retrieval/reading": ("retrieval/core", "retrieval/structure"),
    "retrieval/library": ("retrieval/core", "retrieval/structure", "retrieval/reading"),
    "retrieval/search": ("retrieval/core", "retrieval/structure", "retrieval/reading", "retrieval/library"),
    "retrieval": (
        "retrieval/core",
        "retrieval/structure",
        "retrieval/reading",
        "retrieval/library",
        "retrieval/search",
    ),
    "webapp/core": (),
    "webapp/grounding": (),
    "webapp/llm": ("webapp/core",),
    "webapp/store": ("webapp/core",),
    "webapp/answers": ("webapp/core", "webapp/grounding", "webapp/llm"),
    "webapp/service": ("webapp/core", "webapp/grounding", "webapp/llm", "webapp/store", "webapp/answers"),
    "webapp/exports": ("webapp/core", "webapp/grounding"),
    "webapp/web": ("webapp/core", "webapp/store", "webapp/service", "webapp/exports"),
    "webapp/page/html": ("webapp/core", "webapp/grounding", "webapp/store", "webapp/exports"),
    "webapp/page": (
        "webapp/core",
        "webapp/grounding",
        "webapp/store",
        "webapp/answers",
        "webapp/service",
        "webapp/web",
        "webapp/page/html",
    ),
    "webapp/server.py": ("webapp/core", "webapp/store", "webapp/service", "webapp/web", "webapp/page"),
    "webapp/cli": ("webapp/core", "webapp/exports", "webapp/llm", "webapp/store", "webapp/service", "webapp/server.py"),
    "webapp": ("webapp/cli",),
    "merge": (),
}

WRITES_TEXT = {"huggingface_hub", "llama_cpp", "openai", "text_generation", "vllm", "xllamacpp"}
FORBIDDEN = {
    "retrieval": {"webapp", "merge", "gradio", "fastapi", "uvicorn", "typer", "rich", *WRITES_TEXT},
    "webapp": {"merge"},
    "merge": {"retrieval", "webapp", "gradio", "chromadb", "tantivy"},
}
# A heavy library is imported only in the files or rooms listed here, so that few change with it.
HOMES = {
    "chromadb": {"retrieval/search/vectors.py"},
    "tantivy": {"retrieval/search/lexical.py"},
    "sentence_transformers": {"retrieval/search/embedder.py"},
    "pypdf": {"retrieval/reading", "webapp/service/annotated_pdf.py"},
    "pypdfium2": {"retrieval/reading", "webapp/service/page_images.py", "webapp/service/annotated_pdf.py"},
    "cv2": {"retrieval/reading/recognition.py", "retrieval/reading/writing.py"},
    "onnxruntime": {"retrieval/reading/recognition.py"},
    "gradio": {"webapp/page/gradio_import.py"},
    "xllamacpp": {"webapp/llm/embedded.py"},
    "mistral_common": {"webapp/llm/tokenizer.py"},
    "huggingface_hub": {"merge/hub.py"},
    "uvicorn": {"webapp/server.py", "webapp/web/connections.py"},
}
# The one import that no table allows, written as a string: `pincite merge` hands its arguments on to another package.
BY_NAME = {"webapp/cli/main.py": ("merge.cli", None)}
OURS = re.compile(rf"(?:{'|'.join(PACKAGES)})(?:\.\w+)+")  # a string that is the dotted name of a module of ours
DRAWERS = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}
# What `pincite --help` must not wait for.
HEAVY = set(
    "PIL alembic chromadb cv2 docx fastapi huggingface_hub httpx2 lxml numpy onnxruntime pydantic_settings "
    "pypdfium2 ray retrieval.library.library sentence_transformers sqlalchemy structlog tantivy torch "
    "transformers uvicorn merge.cli".split()
)


def room_of(module: str) -> str:
    """The room of a module by its dotted name: the folder that holds it, or the module itself where it has a row."""
    path = PurePosixPath(module.replace(".", "/"))
    return next(room for at in (path, *path.parents) for room in (f"{at}.py", str(at)) if room in MAY_IMPORT)


def imports(path: Path) -> Iterator[tuple[str, str | None]]:
    """Module and name of every import of a file, wherever it stands: `from a.b import c` is ("a.b", "c").

    The dotted name of a module of ours in a string counts as an import, and so does any name given to `import_module`.
    """
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports relatively"
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and OURS.fullmatch(node.value):
            yield node.value, None
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            # `retrieval/__init__.py` takes its names from the stub, which is read as every file is.
            if node.args and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value), None
            else:
                assert _where(path) == "retrieval/__init__.py", f"{path} imports what no reader can tell"


def against_the_table(module: str, imported: str, name: str | None = None) -> str | None:
    """Why `module` may not import `name` from `imported`; None where it may."""
    package = imported.split(".")[0]
    own = module.split(".")[0]
    if package in FORBIDDEN[own]:
        return f"{own} may not import {package}"
    if package not in PACKAGES:
        return None
    if own == "webapp" and package == "retrieval":
        return None if imported == "retrieval" and name in EXPORTED else f"{imported} is inside of retrieval"
    # `from webapp.core import log` names a module, `from webapp.core.log import noted` what is in one.
    room, from_room = room_of(module), room_of(f"{imported}.{name}" if name else imported)
    return None if from_room in (room, *MAY_IMPORT[room]) else f"{room} may not import {from_room}"


def _where(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _module(path: Path) -> str:
    return _where(path.with_suffix("")).removesuffix("/__init__").replace("/", ".")


@pytest.mark.parametrize("path", FILES, ids=_where)
def test_a_file_imports_only_what_its_room_may(path: Path) -> None:
    found = set(imports(path)) - {BY_NAME.get(_where(path))}
    assert [why for imported, name in found if (why := against_the_table(_module(path), imported, name))] == []
    roots = {imported.split(".")[0] for imported, _ in found}
    at = _where(path), _where(path.parent)
    assert not {root for root in roots if root in HOMES and HOMES[root].isdisjoint(at)}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_forbidden_import_of_any_room_is_seen(room: str) -> None:
    """A file of each room that imports from one it may not, as if it stood there."""
    package = room.split("/")[0]
    module = room.removesuffix(".py").replace("/", ".") + ("" if room.endswith(".py") else ".some_file")
    for other in MAY_IMPORT:
        if other.startswith(package) and other not in (room, *MAY_IMPORT[room]):
            assert against_the_table(module, other.removesuffix(".py").replace("/", "."), "anything"), other
    for outside in FORBIDDEN[package]:
        assert against_the_table(module, outside)
    if package == "webapp":
        assert against_the_table(module, "retrieval.search.search", "Searcher")
        assert against_the_table(module, "retrieval", "Document") is None


def test_the_rooms_stand_in_one_direction() -> None:
    rooms = list(MAY_IMPORT)
    assert [
        (room, other) for room in rooms for other in MAY_IMPORT[room] if rooms.index(other) > rooms.index(room)
    ] == []


def test_every_folder_is_a_room_and_says_what_it_is_for() -> None:
    folders = {_where(path.parent) for path in FILES if path.parent.name != "migrations"}
    assert folders == {room for room in MAY_IMPORT if not room.endswith(".py")}
    for folder in folders:
        sentence = ast.get_docstring(ast.parse((ROOT / folder / "__init__.py").read_text("utf-8")))
        assert sentence
        assert len(sentence.split("\n")[0]) <= 120


def test_everything_that_retrieval_exports_is_there() -> None:
    assert [name for name in EXPORTED if not hasattr(retrieval, name)] == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('import_module("tantivy")', "tantivy"),
        ('importlib.import_module("retrieval.ingest")', "retrieval.ingest"),
        ('__import__("merge.cli")', "merge.cli"),
        ('NAME = "webapp.page.layout"', "webapp.page.layout"),
    ],
)
def test_an_import_by_a_string_is_read(tmp_path: Path, line: str, found: str) -> None:
    path = tmp_path / "file.py"
    path.write_text(line, "utf-8")
    assert set(imports(path)) == {(found, None)}


def test_only_the_command_line_knows_merge_and_only_by_name() -> None:
    assert {_where(path): ("merge.cli", None) for path in FILES if ("merge.cli", None) in imports(path)} == BY_NAME


def test_no_file_is_a_drawer() -> None:
    assert [_where(path) for path in FILES if path.stem in DRAWERS] == []


def test_help_loads_nothing_heavy() -> None:
    ask = (
        "import sys\nfrom webapp.cli.main import app\ntry: app(['--help'])\nexcept SystemExit: print('\\n', "
        "*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "matters" in done.stdout
    assert set(done.stdout.splitlines()[-1].split()) & HEAVY == set()
