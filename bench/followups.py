"""How often a follow-up finds the page that the same question written out in full finds.

    python -m bench.followups [CONVERSATIONS.jsonl --pdf CONTRACT.pdf]

Fifty two-turn conversations about the sample contract unless others are given: {"first", "followup", "full", "section",
"page", "passage"} a line. The follow-up is searched as `answer` searches it. Prints how often the right page is that of
the first hit, of one of the first three, and how often the passage is among what would be sent (2,400 tokens). Exit 1
where a follow-up finds the page less than .9 times as often as the full question.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from retrieval import Files, Ingest, Lexical, Library, Searcher, Vectors, database, load_embedder, pack
from retrieval.structure.best_sentence import where_said
from webapp.answers.history import Turn
from webapp.answers.reading import read_question
from webapp.answers.retrieve import Retriever
from webapp.llm.tokenizer import mistral
from webapp.service.workspace import packaged_sample

CONVERSATIONS = Path(__file__).parent.parent / "docs" / "sample" / "followups.jsonl"
BOUND = 0.9
BUDGET = 2400  # tokens


def main() -> int:
    """Ask both forms of every second question and compare; the exit status."""
    options = _options()
    rows = [json.loads(line) for line in options.conversations.read_text(encoding="utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        library = Library(database.open_database(f"sqlite:///{at / 'pincite.db'}"), Files(at / "files"))
        vectors, lexical, embedder = Vectors(at / "vectors"), Lexical(at / "words"), load_embedder()
        matter = library.create_matter("Bench")
        record = library.accept_path(matter.id, options.pdf)
        Ingest(library, vectors, lexical, embedder).run()
        document = library.document(matter.id, record.id)
        retriever = Retriever(Searcher(library, vectors, lexical, embedder), matter.id, (record.id,))

        def found(question: str, row: dict[str, object], *before: str) -> tuple[bool, bool, bool]:
            history = [Turn(each, "", each) for each in before]
            hits = retriever.retrieve(read_question(question, history), history).hits
            places = [where_said(document, (hit.chunk.span,), question) for hit in hits]
            pages = [document.page_at(place).number for place in places]
            packed = pack((hit.chunk for hit in hits), lambda _: document, mistral(), BUDGET)
            wanted = " ".join(str(row["passage"]).split())
            sent = any(wanted in " ".join(document.slice(s).split()) for p in packed.passages for s in p.spans)
            return pages[0] == row["page"], row["page"] in pages[:3], sent

        full = [found(row["full"], row) for row in rows]
        short = [found(row["followup"], row, row["first"]) for row in rows]
        alone = [found(row["followup"], row) for row in rows]
        vectors.close()
    print(f"{len(rows)} conversations      page of hit 1   of hits 1-3   passage sent")
    for name, figures in (("full question", full), ("follow-up", short), ("follow-up searched alone", alone)):
        print(f"{name:26}" + "".join(f"{sum(column) / len(rows):14.2f}" for column in zip(*figures, strict=True)))
    for row, a, b in zip(rows, full, short, strict=True):
        if a[0] and not b[0]:
            print(f"  lost: {row['first']} / {row['followup']}")
    return int(sum(b[0] for b in short) < BOUND * sum(a[0] for a in full))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("conversations", type=Path, nargs="?", default=CONVERSATIONS)
    parser.add_argument("--pdf", type=Path, default=packaged_sample())
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
