"""Records which texts are kept of each document, by the version of their converter, and the facts found in each.

A text is recorded before it is stored, so that every file that may be there is known here.
"""

from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from retrieval.core.documents import Document
from retrieval.library.database import reading, writing
from retrieval.library.schema import RECORDS, documents, jobs, texts
from retrieval.structure.facts import FACTS_VERSION, Facts, find_facts, from_json, to_json

_CACHED = 5_000  # documents whose facts are in memory; of most they take some kilobytes
_AT_ONCE = 500  # documents in one query

Key = tuple[str, int]  # of a text: document id and version


class TextRecords:
    """Rows of texts and facts in the library's database, with a cache of facts. Safe to use from several threads."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._cache: OrderedDict[Key, Facts] = OrderedDict()
        self._lock = Lock()

    def add(self, document_id: str, version: int) -> None:
        """Record that a text of this version is kept, unless it is known."""
        self._save(document_id, version, {})

    def keep_facts(self, document: Document, facts: Facts) -> None:
        """Store the facts of a text."""
        self._save(document.id, document.version, {"facts": to_json(facts), "facts_version": FACTS_VERSION})
        self._remember({(document.id, document.version): facts})

    def facts(self, keys: Iterable[Key]) -> dict[Key, Facts]:
        """Look up the facts of texts; those that were never found, or by an older version, are left out."""
        keys = dict.fromkeys(keys)
        with self._lock:
            found = {key: self._cache[key] for key in keys if key in self._cache}
        missing = [key for key in keys if key not in found]
        for start in range(0, len(missing), _AT_ONCE):
            read = self._read({key[0] for key in missing[start : start + _AT_ONCE]})
            self._remember(read)
            found |= {key: facts for key, facts in read.items() if key in keys}
        return found

    def find_now(self, document: Document) -> Facts:
        """Find the facts of a text that has none stored, and keep them in memory."""
        facts = find_facts(document)
        self._remember({(document.id, document.version): facts})
        return facts

    def without_facts(self) -> set[tuple[str, str]]:
        """List the ready documents, by matter and id, whose text has no facts of this version."""
        has = sa.and_(
            texts.c.document_id == documents.c.document_id,
            texts.c.version == documents.c.text_version,
            texts.c.facts_version == FACTS_VERSION,
        )
        query = RECORDS.where(jobs.c.state == "ready", ~sa.exists().where(has))
        with reading(self._engine) as connection:
            return {(row.matter_id, row.document_id) for row in connection.execute(query)}

    def superseded(self) -> list[Key]:
        """List the texts that no document is searched in any more: those older than the one in its indexes."""
        newest = sa.select(documents.c.document_id, sa.func.min(documents.c.text_version).label("version"))
        searched = newest.group_by(documents.c.document_id).subquery()
        older = sa.and_(texts.c.document_id == searched.c.document_id, texts.c.version < searched.c.version)
        with reading(self._engine) as connection:
            rows = connection.execute(sa.select(texts.c.document_id, texts.c.version).join(searched, older))
            return [(row.document_id, row.version) for row in rows]

    def remove(self, document_id: str, version: int) -> None:
        """Remove the record of a text that is no longer kept."""
        with writing(self._engine) as connection:
            connection.execute(sa.delete(texts).where(_row(document_id, version)))
        with self._lock:
            self._cache.pop((document_id, version), None)

    def _save(self, document_id: str, version: int, values: dict[str, Any]) -> None:
        key = {"document_id": document_id, "version": version}
        for _ in range(2):  # another process may insert the row between the two statements
            try:
                with writing(self._engine) as connection:
                    known = connection.scalar(sa.select(sa.exists().where(_row(document_id, version))))
                    if not known:
                        connection.execute(sa.insert(texts).values(key | values))
                    elif values:
                        connection.execute(sa.update(texts).where(_row(document_id, version)).values(values))
                return
            except IntegrityError:
                continue

    def _read(self, document_ids: set[str]) -> dict[Key, Facts]:
        current = sa.and_(texts.c.document_id.in_(document_ids), texts.c.facts_version == FACTS_VERSION)
        with reading(self._engine) as connection:
            rows = connection.execute(sa.select(texts).where(current)).all()
        return {(row.document_id, row.version): from_json(row.document_id, row.facts) for row in rows}

    def _remember(self, facts: dict[Key, Facts]) -> None:
        with self._lock:
            self._cache |= facts
            while len(self._cache) > _CACHED:
                self._cache.popitem(last=False)


def _row(document_id: str, version: int) -> sa.ColumnElement[bool]:
    return sa.and_(texts.c.document_id == document_id, texts.c.version == version)
