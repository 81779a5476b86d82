"""Sentences that are cut before their end or begin after it, and sentences that are joined over a heading.

    python -m bench.cut FOLDER_OF_PDFS [--show 5] [--sample 200]

Judges by the characters beside a sentence, without the code that splits: words left open that go on in small letters or
after "of the", a bracket that closes in the next one, a last line that is left over. `--sample` prints sentences drawn
at random with what stands before and after each, to be read.
"""

import argparse
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from retrieval import Document, Span, outline, sentences
from retrieval.reading.pdf import read_pdf
from retrieval.structure.reflow import flowing_text
from retrieval.structure.tables import find_tables

_ENDED = re.compile(r"[.?!;:\u037e][\"”’'»)\]*_]*\s*\Z")
_UNDER_WAY = re.compile(
    r"(?:,|\b(?:an?|the|this|that|these|those|such|any|each|every|its|their|his|her|of|to|in|by|for|with|from|at|on|upon"
    r"|under|than|as|between|into|shall|will|may|must|not|no|is|are|be|been|if|unless|which|who|whose|per))\s*\Z",
    re.IGNORECASE,
)
_NO_LEAD_IN = re.compile(r"\b(?:the|an?|this|its|their|each|such|of|section|exhibit)\s*\Z")
_SMALL = re.compile(r"\s*[\"“(\[]?[a-z]{2,}(?![.)])")
_ITEM = re.compile(r"\s*[\"“]?(?:\([A-Za-z0-9]{1,5}\)|[A-Za-z0-9]{1,4}[.)]|\d+(?:\.\d+)*|[-*•·–o])\s")
_LEFT_OVER = re.compile(r"[^.?!;:\n\f]{2,100}[.;\u037e](?=\s)")
_VERB = re.compile(r"\b(?:shall|will|may|must|is|are|has|have|agrees?|means?)\b")
_ABBREVIATED = re.compile(
    r"(?:\b(?:No|Nos|Sec|Art|Mr|Mrs|Ms|Dr|vs?|e\.g|i\.e|St|Messrs|Hon|approx|Ref|cf|Rev)|\b[A-Z][a-z]+ [A-Z])\.\Z"
)
_LETTERED = re.compile(
    r"\b(?:Exhibit|Schedule|Annex|Appendix|Attachment|Party|Class|Series|Form|Serial No|Part) ?[A-Z]?\.?\Z"
)
_PLAIN = re.compile(r"(?:The|This|If|In|Any|All|Each|No|It|Upon|Such|For|To|Neither|Unless|Except|Notwithstanding)\b")
_HEADING_INSIDE = re.compile(
    r"[.;]\s*\n[ \xa0]*(?:(?:ARTICLE|SECTION|EXHIBIT|SCHEDULE)\s+[\dIVX]+\b|[A-Z][A-Z ,&-]{8,60}[ \xa0]*\n)"
)
_TWO = re.compile(
    r"\b[a-z]{4,}\.[”\"]?\s+(?:The|This|If|Any|Each|Such|Upon|Neither|Notwithstanding|In the event)\s[a-z]"
)


def faults(document: Document, found: Sequence[Span]) -> Iterator[tuple[str, Span]]:
    """Each fault of the sentences of a document, by its kind."""
    text = flowing_text(document)
    begins = {clause.span.start for clause in outline(document)}
    tables = {rows[0].start for rows in find_tables(document)}
    for i, span in enumerate(found):
        if span.start in tables:
            continue
        said = text[span.start : span.end]
        before = text[max(0, span.start - 300) : span.start].rstrip()
        after = text[span.end : span.end + 400]
        at = span.end + len(after) - len(after.lstrip())
        if fault := _end(said, after.lstrip(), at in begins):
            yield fault, span
        if _SMALL.match(said) and not _ITEM.match(said) and before and not _ENDED.search(before):
            yield "begins after its beginning", span
        if i + 1 < len(found) and _closes_later(said, text[span.end : found[i + 1].end]):
            yield "bracket closes in the next", span
        if _HEADING_INSIDE.search(said):
            yield "joined over a heading", span
        if _TWO.search(said) and not re.search(r"[“\"]", said):
            yield "two joined", span


def _end(said: str, after: str, begins: bool) -> str:
    """What is wrong with a sentence's end, by what stands after it; empty where nothing is."""
    if not after or _ENDED.search(said):
        whole = not after or begins or _PLAIN.match(after) or _ITEM.match(after) or _LETTERED.search(said)
        return "ends after an abbreviation" if not whole and _ABBREVIATED.search(said) else ""
    if begins or _ITEM.match(after):
        return "ends under way" if _NO_LEAD_IN.search(said) else ""
    if _SMALL.match(after):
        return "goes on in small letters"
    if _UNDER_WAY.search(said):
        return "ends under way"
    over = _LEFT_OVER.match(after)
    prose = _VERB.search(said) and not re.search(r"\bBy:|/s/", said)
    return "last line left over" if over and prose and not _VERB.search(over[0]) else ""


def _closes_later(said: str, following: str) -> bool:
    return said.count("(") > said.count(")") and following.count(")") > following.count("(") and not _ENDED.search(said)


def main() -> None:
    """Print the faults by kind, some of each, and with --sample sentences to read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pdfs", type=Path)
    parser.add_argument("--show", type=int, default=0, help="print so many of each kind")
    parser.add_argument("--sample", type=int, default=0, help="print so many sentences drawn at random")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    documents = [read_pdf(p.read_bytes(), name=p.stem, document_id=p.stem) for p in sorted(args.pdfs.glob("*.pdf"))]
    all_sentences = [(document, span) for document in documents for span in sentences(document)]
    by_kind: dict[str, list[tuple[Document, Span]]] = {}
    for document in documents:
        for kind, span in faults(document, sentences(document)):
            by_kind.setdefault(kind, []).append((document, span))
    for kind, faulty in sorted(by_kind.items()):
        print(f"{kind:28} {len(faulty):6} {len(faulty) / len(all_sentences):7.4f}")
        for document, span in rng.sample(faulty, min(args.show, len(faulty))):
            _print(document, span)
    any_ = len({(d.id, s) for rows in by_kind.values() for d, s in rows})
    contracts = len({d.id for rows in by_kind.values() for d, _ in rows})
    print(f"{'any':28} {any_:6} {any_ / len(all_sentences):7.4f}  of {len(all_sentences)}, in {contracts} contracts")
    for document, span in rng.sample(all_sentences, min(args.sample, len(all_sentences))):
        _print(document, span)


def _print(document: Document, span: Span) -> None:
    text = flowing_text(document)
    before, said, after = (
        re.sub(r"[ \xa0]+", " ", part)
        for part in (text[max(0, span.start - 80) : span.start], text[span.start : span.end], text[span.end :][:120])
    )
    print(f"\n{document.id} {span.start}\n  … {before!r}\n  [[ {said} ]]\n  {after!r} …")


if __name__ == "__main__":
    main()
