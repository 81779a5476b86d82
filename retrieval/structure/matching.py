"""Matches one folded text inside another: the same characters, with gaps that agree, between borders of words.

The one matcher of quotations (`quote_match`) and of phrases (`phrase_search`). They differ in their `Rules` only.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from retrieval.structure.folding import OTHER, Folded, agree, has_dash, joins_words
from retrieval.structure.scripts import is_borderless

_PROBE = 64  # characters that are looked for first: `str.find` takes longer to prepare for more than to compare it
_OTHER_OF_SOUGHT = "!"  # what OTHER is called in the text that is sought: two such gaps are never the same unseen
_BEFORE, _AFTER = 3, 10  # characters beside a match that the patterns of `Rules` see


@dataclass(frozen=True, slots=True)
class Rules:
    """What may not stand beside a match, and whether every space inside it counts.

    A match that begins or ends with a letter or figure has none right beside it. The patterns say what else would make
    it a part of a word (`before_word`, `after_word`), or of a number where its first or last character is a figure.
    """

    before_word: re.Pattern[str]  # each `before` ends with \Z
    before_number: re.Pattern[str]
    after_word: re.Pattern[str] | None
    after_number: re.Pattern[str]
    spaces_count: bool  # else only a space counts that makes another word: "in dependent"


def candidates(page: Folded, sought: Folded) -> Iterator[int]:
    """Yields the offsets in the page's skeleton where the sought text may begin, for `match_at`."""
    probe = sought.skeleton[:_PROBE]
    at = page.skeleton.find(probe)
    while at >= 0:
        yield at
        at = page.skeleton.find(probe, at + 1)


def match_at(page: Folded, at: int, sought: Folded, rules: Rules) -> tuple[int, int] | None:
    """Offsets in the page's text of a match that begins at an offset of its skeleton; None where there is none."""
    if not page.skeleton.startswith(sought.skeleton, at):
        return None
    span = page.span(at, at + len(sought.skeleton))
    matches = span is not None and _stands_alone(page.text, *span, rules) and _gaps_agree(page, at, sought, rules)
    return span if matches else None


def _stands_alone(text: str, start: int, end: int, rules: Rules) -> bool:
    """Whether a span begins and ends at the borders of words and numbers."""
    before, after = text[max(0, start - _BEFORE) : start], text[end : end + _AFTER]
    first, last = text[start], text[end - 1]
    if _is_lettered(first) and (_is_lettered(before[-1:]) or rules.before_word.search(before)):
        return False
    if first.isdigit() and rules.before_number.search(before):
        return False
    if _is_lettered(last) and (_is_lettered(after[:1]) or (rules.after_word and rules.after_word.match(after))):
        return False
    return not (last.isdigit() and rules.after_number.match(after))


def _is_lettered(character: str) -> bool:
    """Whether a character is one of a word or a number that has borders."""
    return character.isalnum() and not is_borderless(character)


def _gaps_agree(page: Folded, at: int, sought: Folded, rules: Rules) -> bool:
    """Whether words end where the page's do, and dashes stand where they stand there.

    Where both have nothing, or both white space, they do: only what differs is looked at.
    """
    ours = sought.kinds[1:].replace(OTHER, _OTHER_OF_SOUGHT)
    theirs = page.kinds[at + 1 : at + 1 + len(ours)]
    return all(_gap_agrees(page, at, sought, position, rules) for position in _different(theirs, ours, 1))


def _different(a: str, b: str, first: int) -> Iterator[int]:
    """Where two strings of one length differ, counted from `first`;
    by halves, for they may have thousands of characters.
    """
    if a == b:
        return
    if len(a) == 1:
        yield first
        return
    half = len(a) // 2
    yield from _different(a[:half], b[:half], first)
    yield from _different(a[half:], b[half:], first + half)


def _gap_agrees(page: Folded, at: int, sought: Folded, position: int, rules: Rules) -> bool:
    theirs, ours = page.gap(at + position), sought.gap(position)
    if not agree(theirs, ours, sought.skeleton, position):
        return False
    before, after = sought.skeleton[position - 1], sought.skeleton[position]
    if is_borderless(before) or is_borderless(after):
        return True
    if rules.spaces_count:
        in_a_word = before.isalnum() and after.isalnum()
        return not in_a_word or has_dash(theirs + ours) or _has_space(theirs) == _has_space(ours)
    if not (before.isalpha() and after.isalpha()):
        return True
    if theirs.isspace() and not ours:
        return not joins_words(sought.word_at(position))
    return not (ours.isspace() and not theirs and joins_words(page.word_at(at + position)))


def _has_space(gap: str) -> bool:
    return any(c.isspace() for c in gap)
