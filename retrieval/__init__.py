"""A PDF becomes ranked, packed passages. What stands here is all that other rooms may use.

A name is fetched from its file when it is first asked for: `pincite --help` loads none of the libraries.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrieval import evaluate
    from retrieval.core.documents import Document, Page, PinCite, Span
    from retrieval.core.errors import (
        DataFolderBusy,
        DataFolderUnusable,
        FileTooLarge,
        MatterExists,
        NoSuchDocument,
        NoSuchMatter,
        OriginalMissing,
        PinciteError,
        UnreadableFile,
        trace,
    )
    from retrieval.core.limits import Limits
    from retrieval.ingest import Ingest
    from retrieval.library import database
    from retrieval.library.files import Files
    from retrieval.library.library import Library, clean_name
    from retrieval.library.schema import DocumentRecord, Matter
    from retrieval.reading.child_process import Child
    from retrieval.reading.pdf import char_indexes, page_text
    from retrieval.search.embedder import Embedder, load_embedder
    from retrieval.search.lexical import Lexical
    from retrieval.search.packing import Packed, Passage, pack
    from retrieval.search.routing import Route
    from retrieval.search.search import Hit, Results, Searcher, Sentence
    from retrieval.search.vectors import Vectors
    from retrieval.structure import folding
    from retrieval.structure.best_sentence import where_said
    from retrieval.structure.chunks import Chunk, under_headings
    from retrieval.structure.clauses import Clause, outline, pin_cite, section_at
    from retrieval.structure.cross_references import Reference, find_references
    from retrieval.structure.definitions import Definition, find_definitions
    from retrieval.structure.layout import lines
    from retrieval.structure.phrase_search import InContext, each_mention, find_phrase, in_context
    from retrieval.structure.reflow import flowing_text, own_spans, own_words
    from retrieval.structure.sentences import split_sentences

# For numpy, as it is loaded. Its products are small here, a hundred vectors by one: a second thread of its BLAS makes them
# slower, and then spins for a while in case of another. With many readers that was a quarter of the processor's time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__all__ = [
    "Child",
    "Chunk",
    "Clause",
    "DataFolderBusy",
    "DataFolderUnusable",
    "Definition",
    "Document",
    "DocumentRecord",
    "Embedder",
    "FileTooLarge",
    "Files",
    "Hit",
    "InContext",
    "Ingest",
    "Lexical",
    "Library",
    "Limits",
    "Matter",
    "MatterExists",
    "NoSuchDocument",
    "NoSuchMatter",
    "OriginalMissing",
    "Packed",
    "Page",
    "Passage",
    "PinCite",
    "PinciteError",
    "Reference",
    "Results",
    "Route",
    "Searcher",
    "Sentence",
    "Span",
    "UnreadableFile",
    "Vectors",
    "char_indexes",
    "clean_name",
    "database",
    "each_mention",
    "evaluate",
    "find_definitions",
    "find_phrase",
    "find_references",
    "flowing_text",
    "folding",
    "in_context",
    "lines",
    "load_embedder",
    "outline",
    "own_spans",
    "own_words",
    "pack",
    "page_text",
    "pin_cite",
    "section_at",
    "split_sentences",
    "trace",
    "under_headings",
    "where_said",
]

_FILES = {
    "reading.child_process": "Child",
    "structure.chunks": "Chunk under_headings",
    "structure.clauses": "Clause outline pin_cite section_at",
    "structure.definitions": "Definition find_definitions",
    "core.documents": "Document Page PinCite Span",
    "search.embedder": "Embedder load_embedder",
    "core.errors": "DataFolderBusy DataFolderUnusable FileTooLarge MatterExists"
    " NoSuchDocument NoSuchMatter OriginalMissing PinciteError UnreadableFile trace",
    "library.files": "Files",
    "structure.reflow": "flowing_text own_spans own_words",
    "ingest": "Ingest",
    "structure.layout": "lines",
    "search.lexical": "Lexical",
    "core.limits": "Limits",
    "library.library": "Library clean_name",
    "search.packing": "Packed Passage pack",
    "reading.pdf": "char_indexes page_text",
    "structure.best_sentence": "where_said",
    "structure.phrase_search": "InContext each_mention find_phrase in_context",
    "search.routing": "Route",
    "structure.cross_references": "Reference find_references",
    "search.search": "Hit Results Searcher Sentence",
    "structure.sentences": "split_sentences",
    "library.schema": "DocumentRecord Matter",
    "search.vectors": "Vectors",
}
_MODULES = {"database": "library.database", "evaluate": "evaluate", "folding": "structure.folding"}
_HOMES = {name: file for file, names in _FILES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f"retrieval.{_MODULES[name]}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"retrieval.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
