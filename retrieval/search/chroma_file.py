"""Compacts the files of embedded Chroma: run as a program of its own on its SQLite file, it prints its segments' ids.

Chroma brings an SQLite of its own. Two of them in one process lose each other's locks on a file, so this never runs in
the process that has Chroma open (sqlite.org/howtocorrupt.html, section 2.2.1).
"""

import os
import sqlite3
import struct
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

# Chroma's header of a graph: format, and offset, most elements, elements, bytes of an element.
_HEADER = struct.Struct("<I4Q")
_FORMAT = 1
_STEP = 1 << 20  # bytes written at a time


def blank(graph: Path) -> None:
    """Overwrite the room for further elements in a graph's files with zeros.

    Chroma writes it as it finds it in memory, where vectors and words of anything may have stood, until the first
    elements come. A graph whose header is not as expected stays as it is.
    """
    vectors, lengths, header = (graph / name for name in ("data_level0.bin", "length.bin", "header.bin"))
    try:
        version, _, _, count, size = _HEADER.unpack_from(header.read_bytes())
    except (OSError, struct.error):  # none was written yet
        return
    for path, each in ((vectors, size), (lengths, 4)):
        room = path.stat().st_size - count * each
        if version == _FORMAT and room > 0:
            with path.open("r+b") as file:
                file.seek(count * each)
                for at in range(0, room, _STEP):
                    file.write(bytes(min(_STEP, room - at)))
                file.flush()
                os.fsync(file.fileno())


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
    chroma = Path(sys.argv[1])
    sys.stdout.write("\n".join(compact(chroma)))
    for folder in chroma.parent.iterdir():
        if folder.is_dir():
            blank(folder)
