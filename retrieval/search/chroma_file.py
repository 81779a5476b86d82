"""Compacts the SQLite file of embedded Chroma: run as a program of its own on a folder, it prints its segments' ids.

Chroma brings an SQLite of its own. Two of them in one process lose each other's locks on a file, so this never runs in
the process that has Chroma open (sqlite.org/howtocorrupt.html, section 2.2.1).
"""

import sqlite3
import sys
from pathlib import Path

_BUSY_MS = 5_000  # how long it waits for Chroma, which waits as long for it
# Vectors stand in the queue until Chroma has written many of them to its graph. Those of a chunk that was deleted since
# are read by nobody: its deletion stands behind them.
_SUPERSEDED = """
DELETE FROM embeddings_queue WHERE seq_id IN (
    SELECT earlier.seq_id FROM embeddings_queue AS earlier JOIN (
        SELECT topic, id, max(seq_id) AS seq_id FROM embeddings_queue WHERE operation = 3 GROUP BY topic, id
    ) AS deletion ON deletion.topic = earlier.topic AND deletion.id = earlier.id
    WHERE earlier.operation <> 3 AND earlier.seq_id < deletion.seq_id
)
"""


def compact(file: Path) -> list[str]:
    """Overwrite what was deleted; returns the ids of the segments that are left."""
    connection = sqlite3.connect(file, timeout=_BUSY_MS / 1000, isolation_level=None)
    try:
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute(_SUPERSEDED)
        connection.execute("VACUUM")
        return [id_ for (id_,) in connection.execute("SELECT id FROM segments")]
    finally:
        connection.close()


if __name__ == "__main__":
    sys.stdout.write("\n".join(compact(Path(sys.argv[1]))))
