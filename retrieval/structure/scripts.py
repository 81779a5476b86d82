"""Knows the scripts that are written without spaces between words: Chinese and Japanese, Thai, Lao, Khmer, Burmese.

In them every character is a border of words, and a line end says nothing. Korean has spaces, but its particles are
written on to the word before them, and its lines break within words: a word is found there as in Chinese.
"""

import re

_JOINED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\uff00-\uff9f\U00020000-\U000323af"
)
_HANGUL = "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff\uffa0-\uffdc"
STOPS = "。！？"  # end a sentence, and no space follows
_BORDERLESS = re.compile(f"[{_JOINED}{_HANGUL}]")
_RUN = re.compile(rf"[{_JOINED}{_HANGUL}]+")
# Not after a stop, nor before "第三条" (Article 3), which begins a paragraph.
_LINE_END = re.compile(rf"(?<=[{_JOINED}])(?<![{STOPS}；：])\s*[\n\f]\s*(?=[{_JOINED}])(?!第)")


def is_borderless(character: str) -> bool:
    """Whether a character is of a script in which words have no borders."""
    return bool(_BORDERLESS.match(character))


def count_borderless(text: str) -> int:
    """How many characters of a text are of such scripts."""
    return sum(map(len, _RUN.findall(text)))


def without_line_ends(text: str) -> str:
    """A text without the line ends within words of scripts that have no spaces."""
    return _LINE_END.sub("", text)


def spaced(text: str) -> str:
    """A text with spaces between the pairs of characters of such scripts, for an index of words:
    two that follow each other are one word, as in "ab bc cd".
    """
    return _RUN.sub(lambda run: f" {' '.join(_pairs(run[0]))} ", text)


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]
