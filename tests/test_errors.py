"""Every error that is raised is given each value that its sentence and its hint name:
a forgotten one would be a KeyError.
"""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from string import Formatter

import pytest

from merge.errors import MergeError
from retrieval import PinciteError

ROOT = Path(__file__).parents[1]
FILES = [path for package in ("retrieval", "webapp", "merge") for path in sorted((ROOT / package).rglob("*.py"))]
TREES = ("retrieval.core.errors", "webapp.core.errors", "merge.errors")
Told = type[PinciteError] | type[MergeError]


def errors_of(tree: ast.Module) -> dict[str, Told]:
    """The errors that a file imports, by the names it has for them."""
    imported = {
        alias.asname or alias.name: getattr(import_module(node.module), alias.name, None)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in ("retrieval", *TREES)
        for alias in node.names
    }
    return {
        name: kind
        for name, kind in imported.items()
        if isinstance(kind, type) and issubclass(kind, PinciteError | MergeError)
    }


def made(tree: ast.Module) -> Iterator[tuple[int, Told, set[str] | None]]:
    """Line, class and values of each error that is made; None where a mapping gives the values."""
    errors = errors_of(tree)
    called = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in errors:
            called.add(node.func)
            names = [keyword.arg for keyword in node.keywords]
            yield node.lineno, errors[node.func.id], None if None in names else {name for name in names if name}
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name) and node.exc.id in errors:
            yield node.lineno, errors[node.exc.id], set()


def named(kind: Told) -> set[str]:
    """The values that an error's sentence and hint name."""
    return {
        name
        for text in (kind.sentence, kind.hint_text, getattr(kind, "page_hint_text", None) or "")
        for _, name, _, _ in Formatter().parse(text)
        if name
    }


def forgotten(source: str) -> list[str]:
    return [
        f"line {line}: {kind.__name__} without {', '.join(sorted(named(kind) - given))}"
        for line, kind, given in made(ast.parse(source))
        if given is not None and not named(kind) <= given
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_value_of_an_error_is_forgotten(path: Path) -> None:
    assert forgotten(path.read_text("utf-8")) == []


def test_a_forgotten_value_is_seen() -> None:
    head = "from retrieval import NoSuchMatter\nfrom webapp.core.errors import QuotaReached as Q\n"
    assert forgotten(f"{head}raise NoSuchMatter()") == ["line 3: NoSuchMatter without matter"]
    assert forgotten(f"{head}raise NoSuchMatter") == ["line 3: NoSuchMatter without matter"]
    assert forgotten(f"{head}error = Q(most=3)") == ["line 3: QuotaReached without setting, what"]
    assert forgotten(f"{head}raise NoSuchMatter(matter='m')\nraise Q(**values)") == []


def test_errors_are_made_where_this_sees_it() -> None:
    """By a name of their own; those that are made by a variable name no value."""
    trees = [ast.parse(path.read_text("utf-8")) for path in FILES]
    seen = {kind for tree in trees for _, kind, _ in made(tree)}
    kinds = {
        kind
        for module in TREES
        for kind in vars(import_module(module)).values()
        if isinstance(kind, type) and issubclass(kind, PinciteError | MergeError)
    }
    assert {kind.__name__ for kind in kinds - seen if named(kind) and not kind.__subclasses__()} == set()
    names = {kind.__name__ for kind in kinds}
    calls = [node.func for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert [call.attr for call in calls if isinstance(call, ast.Attribute) and call.attr in names] == []


@pytest.mark.parametrize("root", [PinciteError, MergeError])
def test_the_two_trees_tell_alike(root: Told) -> None:
    """`merge` imports nothing of the others, so its root is one of its own."""
    kind = type("Demo", (root,), {"sentence": "{name} has {count:,} pages.", "hint_text": "Split {name}."})
    error = kind(name="“a”", count=1234)
    assert (str(error), error.hint, error.values) == (
        "“a” has 1,234 pages.",
        "Split “a”.",
        {"name": "“a”", "count": 1234},
    )
    assert root().hint == ""


def test_no_hint_of_the_page_names_a_command() -> None:
    kinds = [kind for module in TREES[:2] for kind in vars(import_module(module)).values() if isinstance(kind, type)]
    errors = [kind for kind in kinds if issubclass(kind, PinciteError)]
    assert len(errors) > 100
    for kind in errors:
        hint = kind.hint_text if kind.page_hint_text is None else kind.page_hint_text
        assert "`" not in hint, kind.__name__
