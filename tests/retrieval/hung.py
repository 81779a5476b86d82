"""What the test of a killed owner kills: a reading process is at work on a page that never ends, and its id is said.

python -m tests.retrieval.hung drawing|matching
"""

import os
import re
import sys
import time
from multiprocessing.connection import Connection

from retrieval.reading.child_process import Child


def main(how: str) -> None:
    child = Child(hang, "hung")
    pipe = child.pipe()
    pipe.send(how)
    os.write(1, f"{pipe.recv()}\n".encode())
    time.sleep(60)


def hang(pipe: Connection) -> None:
    """Do for ever what a file may make a process do: in pdfium, or in a regular expression that lets no thread run."""
    from retrieval.reading.pdf import read_pdf
    from tests.hostile import form_that_draws_itself

    how = pipe.recv()
    pipe.send(os.getpid())
    if how == "matching":
        re.fullmatch(r"(a+)+", "a" * 60 + "b")
    else:
        read_pdf(form_that_draws_itself(), name="x.pdf", document_id="x")


if __name__ == "__main__":
    main(sys.argv[1])
