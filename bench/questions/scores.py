"""Scores of answers against labelled questions: whether the right place is cited, what is not there is refused, and
which documents a question put to all was found in. An answer is an object as `pincite ask --json` prints it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]
Scores = dict[str, bool]  # of one answer; a key that does not apply is left out
OVERLAP = 0.6  # share of the marked words that a quotation holds, if not all of them
NO_SUCH = re.compile(r"\bthere (?:is|are) no\b|\bno such\b", re.IGNORECASE)


def place_scores(label: Json, answer: Json) -> Scores:
    """Scores of one question with a place, or of one that is answered nowhere, or by the library."""
    if label.get("absent"):
        return {"right": not answer["found"] or bool(NO_SUCH.search(answer["answer"]))}
    if says := label.get("says"):
        text = answer["answer"].lower()
        is_said = all(any(_says(text, way) for way in each.split("|")) for each in says)
        return {"right": is_said and not (label.get("cites") is False and answer["citations"])}
    places, citations = label["places"], answer["citations"]
    scores = {
        "right": _reached(label, citations),
        "first": any(holds(citations[:1], place) for place in places),
        "page": _reached(label, citations, on_page),
        "page@1": any(on_page(citations[:1], place) for place in places),
        "shown": _reached(label, [*citations, *answer.get("nearest", ())]),
        "document": any(c["document"] == place["document"] for c in citations for place in places),
    }
    if any(place.get("section") for place in places) and scores["right"]:
        scores["section"] = any(_section(c, p) for c in citations for p in places if holds([c], p))
    return scores


def turn_scores(label: Json, answer: Json) -> Scores:
    """Scores of one turn of a conversation. `scope`: nothing is cited but the document that is spoken of."""
    scores = place_scores(label, answer)
    documents = {citation["document"] for citation in answer["citations"]}
    return {**scores, "scope": documents == {label["scope"]}}


def amendment_scores(label: Json, answer: Json) -> Scores:
    """Scores of a question on an amended document. `right`: what is in force is cited, and what is not is not, or is
    said to be superseded. `old alone`: only what is no longer in force is cited.
    """
    citations = answer["citations"]
    in_force = _reached(label, citations)
    old = [c for c in citations if any(holds([c], place) for place in label.get("superseded", ()))]
    return {
        "right": in_force and all(citation.get("superseded_by") for citation in old),
        "in force": in_force,
        "old alone": bool(old) and not in_force,
    }


@dataclass(frozen=True)
class DocumentCounts:
    """Documents of one question that is put to all, by what the labels and the answer say of them."""

    right: int  # found, and labelled so
    wrong: int  # found, labelled absent
    unlabelled: int  # found, without a label
    labelled: int  # labelled present
    unclear: int
    rows: int
    documents: int

    @classmethod
    def of(cls, label: Json, answer: Json) -> "DocumentCounts":
        """Counts of an answer; one without a row for each document has found what it cites."""
        rows = answer.get("documents") or [
            {"document": name, "state": "found"} for name in {c["document"] for c in answer["citations"]}
        ]
        states = {row["document"]: row["state"] for row in rows}
        found = {name for name, state in states.items() if state == "found"}
        present, absent, unknown = (set(label[key]) for key in ("found", "not_found", "unknown"))
        return cls(
            right=len(found & present),
            wrong=len(found & absent),
            unlabelled=len(found & unknown),
            labelled=len(present),
            unclear=sum(state == "unclear" for state in states.values()),
            rows=len(rows),
            documents=len(present | absent | unknown),
        )


def precision_and_recall(counts: Sequence[DocumentCounts]) -> tuple[float, float, float]:
    """Precision and recall of "found" over questions; and the precision if what has no label counts as absent."""
    right = sum(c.right for c in counts)
    labelled = right + sum(c.wrong for c in counts)
    every = labelled + sum(c.unlabelled for c in counts)
    return _share(right, labelled), _share(right, sum(c.labelled for c in counts)), _share(right, every)


def table(scores: Sequence[tuple[str, Scores]]) -> str:
    """Print the scores by kind: how many answers, and the share of each score."""
    names = list(dict.fromkeys(name for _, each in scores for name in each))
    by_kind: defaultdict[str, list[Scores]] = defaultdict(list)
    for kind, each in scores:
        by_kind[kind].append(each)
    lines = [f"{'kind':20}{'of':>5}" + "".join(f"{name:>11}" for name in names)]
    for kind, group in [*sorted(by_kind.items()), ("all", [each for _, each in scores])]:
        true = Counter(name for each in group for name, value in each.items() if value)
        of = Counter(name for each in group for name in each)
        cells = (f"{true[name] / of[name]:11.3f}" if of[name] else f"{'':11}" for name in names)
        lines.append(f"{kind:20}{len(group):5}" + "".join(cells))
    return "\n".join(lines)


def holds(citations: Sequence[Json], place: Json) -> bool:
    """Whether a citation is on the right page and its quotation holds the marked words, or most of them."""
    return any(on_page([c], place) and _overlaps(_words_of(c), place["words"]) for c in citations)


def on_page(citations: Sequence[Json], place: Json) -> bool:
    """Whether a citation names the right page of the right document."""
    return any(c["document"] == place["document"] and c["page"] in place["pages"] for c in citations)


def _reached(label: Json, citations: Sequence[Json], reaches: Callable[[Sequence[Json], Json], bool] = holds) -> bool:
    need: int = label.get("need", 1)
    return sum(reaches(citations, place) for place in label["places"]) >= need


def _words_of(citation: Json) -> str:
    words: str = citation.get("quote") or citation.get("text") or ""
    return words


def _overlaps(quote: str, marked: str) -> bool:
    letters, wanted = _letters(quote), _letters(marked)
    if wanted in letters or (len(letters) >= 12 and letters in wanted):
        return True
    words, quoted = (Counter(re.findall(r"\w+", text.lower())) for text in (marked, quote))
    return len(words) > 3 and (words & quoted).total() >= OVERLAP * words.total()


def _says(text: str, words: str) -> bool:
    return bool(re.search(rf"\b{re.escape(words.lower())}(?!\d)", text))


def _section(citation: Json, place: Json) -> bool:
    return bool(re.search(rf"(?<![\d.]){re.escape(place.get('section') or '')}(?!\d)", citation["section"]))


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
