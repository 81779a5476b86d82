"""Turns round Hebrew and Arabic whose letters were drawn from left to right, so that every line came out reversed.

pdfium reads right-to-left text in its order where it is drawn as it should be. Programs that know nothing of it draw
the letters of a line one after the other from the left, and pdfium, which reads from the right, has each word
backwards. Letters that end words only, and the shortest words, tell one from the other.
"""

import re
from collections.abc import Iterator, Sequence

from retrieval.reading.page_drafts import PageDraft

_LETTER = r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]"
_RIGHT_TO_LEFT, _LATIN = re.compile(_LETTER), re.compile(r"[A-Za-z]")
_RUN = re.compile(rf"{_LETTER}(?:[^A-Za-z\n]*{_LETTER})?")
_LINE = re.compile(r"[^\n]+")
_SHORT = "של את על זה כל או עם כי גם אם من في على إلى أن هذا أو عن كل از که است".split()
# Hebrew letters that end a word; the Arabic article, ta marbuta and alef maksura.
_FORWARDS = re.compile(rf"\b(?:{'|'.join(_SHORT)}|[א-ת]+[םןץףך]|ال\w{{2,}}|\w{{2,}}[ةى])\b")
_BACKWARDS = re.compile(rf"\b(?:{'|'.join(word[::-1] for word in _SHORT)}|[םןץףך][א-ת]+|\w{{2,}}لا|[ةى]\w{{2,}})\b")
# What is read from left to right within such a line: figures, and Latin words, of which pdfium turns the order round.
_LEFT_TO_RIGHT = re.compile(r"[$€£₪]?\d+(?:[.,:/]\d+)*%?|[A-Za-z]\w*")
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")


def turn_round(drafts: Sequence[PageDraft]) -> None:
    """Turn round the lines that came out backwards, each by what it says itself, else by the rest of the document."""
    pages = [draft for draft in drafts if _RIGHT_TO_LEFT.search(draft.text)]
    is_backwards = sum(_evidence(draft.text) for draft in pages) < 0
    for draft in pages:
        pieces, turned, done = list[tuple[int, int]](), list(draft.text), 0
        for line in _LINE.finditer(draft.text):
            evidence = _evidence(line[0])
            if _RIGHT_TO_LEFT.search(line[0]) and (evidence < 0 or (is_backwards and not evidence)):
                for start, end in _backwards(line):
                    turned[start:end] = draft.text[start:end].translate(_MIRRORED)
                    pieces += [(done, start), *_from_its_end(draft.text, start, end)]
                    done = end
        if pieces:
            draft.text = "".join(turned)
            draft.reorder([*pieces, (done, len(turned))], separator="")


def _evidence(text: str) -> int:
    """How many words read forwards, less how many read backwards."""
    return len(_FORWARDS.findall(text)) - len(_BACKWARDS.findall(text))


def _backwards(line: re.Match[str]) -> list[tuple[int, int]]:
    """[start, end) of what to turn round of a line: all of it, or of an English one the right-to-left words."""
    if len(_LATIN.findall(line[0])) > len(_RIGHT_TO_LEFT.findall(line[0])):
        return [run.span() for run in _RUN.finditer(line.string, *line.span())]
    return [line.span()]


def _from_its_end(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """[start, end) of characters from the last to the first; figures and Latin words stay as they are."""
    for kept in reversed(list(_LEFT_TO_RIGHT.finditer(text, start, end))):
        yield from ((at, at + 1) for at in range(end - 1, kept.end() - 1, -1))
        yield kept.span()
        end = kept.start()
    yield from ((at, at + 1) for at in range(end - 1, start - 1, -1))
