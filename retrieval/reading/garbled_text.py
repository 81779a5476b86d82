"""Finds garbled text: words of a font whose table of characters (ToUnicode) is wrong, as one that is a code off.

    letters of the page → how far from those of any language → the same for each font → characters of garbled ones

Such a text has letters and words, and means nothing. What gives it away is how often each letter occurs: the divergence
from the mean of four languages is below 0.5 bits for texts in Latin letters, and above 0.8 where other letters stand
for them. Of 2,564 pages of contracts with 200 letters 29 have more than 0.2 bits and none 0.75.
"""

import ctypes

import numpy as np
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from retrieval.reading.page_view import PageView

LEAST_LETTERS = 200  # of a page; of fewer the divergence says little
MOST_CHARACTERS = 50_000  # of a page; one of close print has 8,000
_OF_A_FONT = 100
_SIGN = 0.2  # bits: of a page where one font of several may be garbled
_GARBLED = 0.75  # bits, of many letters
_ONE = 0.6  # of the letters: they are all the same one
_FEW = 18.0  # bits that few letters diverge by chance, for each of them: (26 - 1) / (2 n ln 2)
_ASCII = 0.8  # of all letters: Vietnamese has fewer
# a to z, per mille: mean of English, French, German and Spanish
_EXPECTED = np.array(
    [85, 17, 33, 46, 142, 15, 20, 31, 71, 5, 6, 45, 28, 76, 62, 20, 7, 67, 74, 68, 41, 13, 12, 3, 9, 6], np.float64
)
_EXPECTED /= _EXPECTED.sum()


def may_be_garbled(text: str) -> bool:
    """Whether a page may have a garbled text."""
    return LEAST_LETTERS <= len(text) <= MOST_CHARACTERS and _divergence(text, LEAST_LETTERS) >= _SIGN


def garbled(view: PageView, text: str) -> NDArray[np.bool_]:
    """For each character of a page's text whether it is of a garbled font."""
    fonts = np.array([_font_of(view, index) for index in view.indexes], np.uint64)
    found = np.zeros(len(text), bool)
    letters = np.array([*text])
    for font in set(fonts.tolist()) - {0}:
        its = fonts == font
        words = "".join(letters[its].tolist())
        found |= its & is_garbled(words)
    return found


def is_garbled(words: str) -> bool:
    """Whether the words of a font are garbled; those of few letters are not. A word that a list repeats counts once."""
    letters = _letters(words)
    if letters.max() >= _ONE * max(int(letters.sum()), _OF_A_FONT):
        return True
    different = " ".join(set(words.split()))
    return _divergence(different, _OF_A_FONT) >= _GARBLED + _FEW / max(len(different), 1)


def _letters(text: str) -> NDArray[np.int64]:
    """How often each letter of the alphabet occurs, in lower and upper case."""
    counts = np.bincount(np.frombuffer(text.encode("latin-1", "replace"), np.uint8), minlength=256)
    return counts[ord("A") : ord("Z") + 1] + counts[ord("a") : ord("z") + 1]


def _divergence(text: str, least: int) -> float:
    """The Kullback-Leibler divergence of a text's letters from those of languages, in bits; 0 for fewer than `least`
    letters, or where many are none of the alphabet's 26.
    """
    letters = _letters(text)
    count = int(letters.sum())
    if count < least:
        return 0.0
    shares = letters / count
    some = shares > 0
    bits = float((shares[some] * np.log2(shares[some] / _EXPECTED[some])).sum())
    return bits if bits < _SIGN or count >= _ASCII * sum(map(str.isalpha, text)) else 0.0


def _font_of(view: PageView, index: int) -> int:
    """The address of a character's font; 0 for one that no text of the page draws."""
    text_object = pdfium_c.FPDFText_GetTextObject(view.textpage, index) if index >= 0 else None
    font = pdfium_c.FPDFTextObj_GetFont(text_object) if text_object else None
    return ctypes.addressof(font.contents) if font else 0
