"""Document retrieval: reads PDFs, indexes them, and searches for passages. The public names are those in
`__init__.pyi`.

A name is imported from its module when it is first used (lazy loading), so that `pincite --help` loads no library.
"""

import ast
import os
from importlib import import_module
from pathlib import Path

# Set before numpy is loaded. Its products are small here, a hundred vectors by one: a second BLAS thread makes them
# slower, and then spins for a while in case of more work. With many users that was a quarter of the CPU time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

_STUB = ast.parse(Path(__file__).with_suffix(".pyi").read_text("utf-8"))
_HOMES = {
    alias.name: node.module
    for node in _STUB.body
    if isinstance(node, ast.ImportFrom) and node.module
    for alias in node.names
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(_HOMES[name])
    value = vars(home)[name] if name in vars(home) else import_module(f"{_HOMES[name]}.{name}")
    globals()[name] = value
    return value
