"""Finds somebody else's OCR layer: words that a page has for searching, under or over the image that shows them.

Such a layer is written invisibly (text render mode 3, ISO 32000-1, 9.3.6). It is recognised text too, of unknown worth:
one whose words are no words is bad, and is recognised anew.
"""

import re

import numpy as np
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from retrieval.reading.page_view import PageView

_INVISIBLE = pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE
_WORD = re.compile(r"\S+")
_CORE = re.compile(r"[^\W_](?:.*[^\W_])?")
_ORDINALS_AND_UNITS = re.compile(r"(?i)\d+(?:st|nd|rd|th|s|k|m|x|am|pm|[a-h])|[a-z]{1,3}-?\d+|\d+[-–/.,:]\w{1,4}")
_CONFUSED = re.compile(
    r"[A-Za-z][015|$!][A-Za-z]|[A-Za-z]{2,}[015]+(?=[A-Za-z]|$)|[$\d][\d,.]*[lIOoSB][\d,.OlI]*|[a-z]{2,}II?\b"
)
_COMMON = frozenset(
    "a all an and any as at be by for from has have in is it its may no not of on or other shall such that the this to "
    "under upon was which will with de la le les des et en du el los las que y der die und das von".split()
)
_FEW = 48  # words: of fewer it says nothing how many of them are common
_MIXED_SHARE = 0.02  # of words that are confused with digits
_SHORT = 3  # letters of a word that stands in many lines
_COMMON_SHARE = 0.08  # of words that every text has many of; contracts have 0.35


def invisible(view: PageView) -> NDArray[np.bool_]:
    """For each character whether it is written invisibly."""
    modes: dict[int, bool] = {}
    found = np.zeros(len(view.indexes), bool)
    for i, index in enumerate(view.indexes):
        if index >= 0 and (text_object := pdfium_c.FPDFText_GetTextObject(view.textpage, index)):
            address = pdfium_c.ctypes.addressof(text_object.contents)
            if address not in modes:
                modes[address] = pdfium_c.FPDFTextObj_GetTextRenderMode(text_object) == _INVISIBLE
            found[i] = modes[address]
    return found


def long_words(text: str) -> list[str]:
    """The words of a text by which a line is known from another: in lower case, without the shortest."""
    return [core[0].lower() for word in _WORD.findall(text) if (core := _CORE.search(word)) and len(core[0]) > _SHORT]


def is_implausible(text: str) -> bool:
    """Whether words are not such as anybody writes: letters and digits in one, and hardly a common word."""
    words = [core[0] for word in _WORD.findall(text) if (core := _CORE.search(word))]
    if not words:
        return False
    mixed = sum(bool(_CONFUSED.search(word)) and not _ORDINALS_AND_UNITS.fullmatch(word) for word in words)
    if mixed >= 2 and mixed >= _MIXED_SHARE * len(words):
        return True
    latin = sum(c.isascii() and c.isalpha() for c in text) > 0.5 * sum(c.isalpha() for c in text)
    common = sum(word.lower() in _COMMON for word in words)
    return latin and len(words) >= _FEW and common < _COMMON_SHARE * len(words)


def has_common_words(text: str) -> bool:
    """Whether words are such as every text has many of."""
    words = [core[0] for word in _WORD.findall(text) if (core := _CORE.search(word))]
    return sum(word.lower() in _COMMON for word in words) > 2 * _COMMON_SHARE * len(words)
