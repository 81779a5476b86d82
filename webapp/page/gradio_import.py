"""Imports gradio without the type stubs (`.pyi`) that it would write beside its sources: a third of the import's time.

gradio makes the stub of each of its components anew whenever it is imported, and leaves out a component whose source
is in no file.
"""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def _classes_without_files() -> Iterator[None]:
    """Let `inspect.getfile` say of every class that its source is in no file."""
    getfile = inspect.getfile

    def of_no_class(it: Any) -> str:
        if inspect.isclass(it):
            raise OSError("source code not available")
        return getfile(it)

    inspect.getfile = of_no_class  # type: ignore[assignment]
    try:
        yield
    finally:
        inspect.getfile = getfile


with _classes_without_files():
    import gradio as gr
    from gradio.routes import file_upload_statuses

__all__ = ["file_upload_statuses", "gr"]
