"""Exports of `retrieval`: the one list of what other packages may import,
read by type checkers and by `__init__.py`.
"""

from retrieval import evaluate as evaluate
from retrieval.core.cache import document_cache as document_cache
from retrieval.core.documents import (
    Document as Document,
    PinCite as PinCite,
    Remark as Remark,
    RemarkKind as RemarkKind,
    Span as Span,
)
from retrieval.core.errors import (
    DataFolderBusy as DataFolderBusy,
    DataFolderUnusable as DataFolderUnusable,
    DiskFull as DiskFull,
    DocumentNotReady as DocumentNotReady,
    ExtraMissing as ExtraMissing,
    MatterExists as MatterExists,
    NoSuchDocument as NoSuchDocument,
    NoSuchMatter as NoSuchMatter,
    NoSuchText as NoSuchText,
    OriginalMissing as OriginalMissing,
    PinciteError as PinciteError,
    UnreadableFile as UnreadableFile,
    data_folder_error as data_folder_error,
    trace as trace,
)
from retrieval.core.limits import Limits as Limits
from retrieval.core.page_numbers import listed as listed, not_read as not_read, numbered_pages as numbered_pages
from retrieval.ingest import Ingest as Ingest
from retrieval.library import database as database, snapshot as snapshot
from retrieval.library.files import Files as Files
from retrieval.library.library import (
    LIBRARY_CHAIN as LIBRARY_CHAIN,
    UNNAMED as UNNAMED,
    Allows as Allows,
    Library as Library,
    clean_name as clean_name,
    clean_title as clean_title,
)
from retrieval.library.schema import DocumentRecord as DocumentRecord, Matter as Matter
from retrieval.ray_cluster import RayCluster as RayCluster
from retrieval.reading.char_boxes import char_indexes as char_indexes
from retrieval.reading.char_boxes import page_text as page_text
from retrieval.reading.child_process import Child as Child
from retrieval.reading.containers import MEMBER as MEMBER, is_of_the_system as is_of_the_system
from retrieval.reading.formats import FORMATS as FORMATS
from retrieval.search.amended_clauses import NO_CHANGES as NO_CHANGES, ScopedChanges as ScopedChanges
from retrieval.search.asked_values import asked_values as asked_values
from retrieval.search.embedder import Embedder as Embedder, load_embedder as load_embedder
from retrieval.search.entailment import (
    Bars as Bars,
    Entailment as Entailment,
    Reading as Reading,
    load_entailment as load_entailment,
)
from retrieval.search.lexical import Lexical as Lexical, stems_of as stems_of
from retrieval.search.packing import Packed as Packed, Passage as Passage, pack as pack
from retrieval.search.routing import Route as Route
from retrieval.search.search import Hit as Hit, Results as Results, Searcher as Searcher, Sentence as Sentence
from retrieval.search.vectors import Vectors as Vectors
from retrieval.structure.amendment_links import Change as Change
from retrieval.structure.amendments import ACTIONS as ACTIONS
from retrieval.structure.chunks import Chunk as Chunk, under_headings as under_headings
from retrieval.structure.clauses import (
    Clause as Clause,
    clause_at as clause_at,
    outline as outline,
    pin_cite as pin_cite,
    signatures_behind as signatures_behind,
)
from retrieval.structure.comparison import (
    ClauseChange as ClauseChange,
    Part as Part,
    compare as compare,
)
from retrieval.structure.cross_references import find_references as find_references
from retrieval.structure.definitions import (
    Definition as Definition,
    definitions_used as definitions_used,
    find_definitions as find_definitions,
    uses_of_terms as uses_of_terms,
)
from retrieval.structure.document_dates import DocumentDate as DocumentDate
from retrieval.structure.facts import Facts as Facts, find_facts as find_facts
from retrieval.structure.parties import Party as Party
from retrieval.structure.phrase_search import each_mention as each_mention, in_context as in_context
from retrieval.structure.printed_places import each_mention_or_line as each_mention_or_line
from retrieval.structure.quote_match import QuoteMatch as QuoteMatch, find_quote as find_quote
from retrieval.structure.reflow import is_of_note as is_of_note, own_spans as own_spans, own_words as own_words
from retrieval.structure.sentence_ends import split_sentences as split_sentences
from retrieval.structure.sentences import (
    Unit as Unit,
    fragments as fragments,
    note_units as note_units,
    sentences as sentences,
    units as units,
)
from retrieval.structure.signatures import Signature as Signature
from retrieval.structure.struck_words import (
    each_struck_mention as each_struck_mention,
    struck_in_context as struck_in_context,
)
from retrieval.structure.tables import find_tables as find_tables
from retrieval.structure.testimony import Exchange as Exchange, exchange_at as exchange_at
