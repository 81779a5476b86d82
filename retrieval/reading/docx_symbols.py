"""Reads the characters of symbol fonts (Wingdings, Symbol) and the boxes of forms as plain text: "[X]", "•", "≥"."""

import re

_CHECKED, _EMPTY = "[X]", "[ ]"
_BOXES = str.maketrans({"☒": _CHECKED, "☑": _CHECKED, "🗹": _CHECKED, "🗷": _CHECKED, "☐": _EMPTY})
# Symbol fonts have their characters at U+F000 and above.
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_WINGDINGS = {
    0x6C: "•", 0x6E: "▪", 0x6F: _EMPTY, 0x71: _EMPTY, 0x72: _EMPTY, 0x75: "◆", 0x76: "❖", 0x78: _CHECKED, 0x9F: "•",
    0xA7: "▪", 0xA8: _EMPTY, 0xD8: "➢", 0xE0: "→", 0xDF: "←", 0xF0: "⇨", 0xFB: "✗", 0xFC: "✓", 0xFD: _CHECKED,
    0xFE: _CHECKED,
}  # fmt: skip
_SYMBOL = {
    0x2D: "−", 0xA2: "′", 0xA3: "≤", 0xA5: "∞", 0xB0: "°", 0xB1: "±", 0xB2: "″", 0xB3: "≥", 0xB4: "×", 0xB7: "•",
    0xB8: "÷", 0xB9: "≠", 0xBB: "≈", 0xBC: "…", 0xD2: "®", 0xD3: "©", 0xD4: "™", 0xD7: "·", 0xE2: "®", 0xE3: "©",
    0xE4: "™", 0xE5: "∑", 0xAE: "→", 0xAC: "←", 0xDE: "⇒",
    **dict(zip(range(0x61, 0x7B), "αβχδεφγηιϕκλμνοπθρστυϖωξψζ", strict=True)),
    **dict(zip(range(0x41, 0x5B), "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ", strict=True)),
}  # fmt: skip
UNKNOWN = "\ufffd"  # a character that the page shows and that cannot be told


def symbol(code: int, font: str) -> str:
    """The character that a symbol font shows for a code."""
    low = code & 0xFF
    if font.lower().startswith("wingdings"):
        return _WINGDINGS.get(low, UNKNOWN)
    if font.lower().startswith("symbol"):
        return _SYMBOL.get(low, chr(low) if 0x20 <= low < 0x7F else UNKNOWN)
    return UNKNOWN if 0xE000 <= code <= 0xF8FF or code < 0x20 or 0xD800 <= code < 0xE000 else chr(code)


def readable_symbols(text: str, font: str = "Symbol") -> str:
    """Text with the characters of symbol fonts and the boxes of forms in plain characters."""
    if text.isascii():
        return text
    return _PRIVATE.sub(lambda m: symbol(ord(m[0]), font), text.translate(_BOXES))
