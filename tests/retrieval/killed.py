"""What the test of kill -9 kills: takes a dozen contracts into a data folder and says each step on standard output.

python -m tests.retrieval.killed FOLDER
"""

import os
import sys
from pathlib import Path

CONTRACTS = 12
PAGES = 6


def main(folder: Path) -> None:
    # Here, and not above: each reading process imports this file again.
    from tests.pdfs import make_pdf
    from tests.retrieval.stores import contract, opened

    with opened(folder) as stores:
        stores.ingest.repair()
        known = [m for m in stores.library.matters() if m.name == "Dozen"]
        matter = known[0] if known else stores.library.create_matter("Dozen")
        stores.ingest.start(lambda record: say(record.state, record.id))
        for n in range(CONTRACTS):
            record = stores.library.accept(matter.id, f"{n}.pdf", make_pdf(contract(n, PAGES)))
            say("accepted", record.id)
            stores.ingest.wake()
        stores.ingest.stop()
        stores.ingest.run(lambda record: say(record.state, record.id))


def say(step: str, document_id: str) -> None:
    os.write(1, f"{step} {document_id}\n".encode())  # whole lines, also from several threads


if __name__ == "__main__":
    main(Path(sys.argv[1]))
