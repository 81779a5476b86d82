"""The design tokens: every text on every background it stands on, and every border of a control, by its contrast."""

import re

import pytest

from webapp.page.layout import SCRIPTS, STATIC, STYLES

TOKENS = (STATIC / "tokens.css").read_text("utf-8")
SURFACES = ("paper", "rail", "card", "hover")
TEXT = 4.5  # WCAG 2.2, 1.4.3
CONTROL = 3.0  # 1.4.11
# A text with the backgrounds that are its own, beside the surfaces.
PAIRS = [
    *((text, surface) for text in ("ink", "soft", "mark") for surface in SURFACES),
    *((text, surface) for text in ("sure", "doubt", "bad", "part") for surface in ("paper", "rail", "card")),
    *((text, f"{text}-bg") for text in ("mark", "sure", "doubt", "bad", "part")),
    *(("ink", background) for background in ("doubt-bg", "bad-bg", "mark-bg", "hit", "part-bg")),
    *(("soft", background) for background in ("doubt-bg", "mark-bg")),
    *(("on-mark", background) for background in ("mark", "mark-deep")),
]


def palettes() -> dict[str, dict[str, str]]:
    """The colours of light and of dark, by their names."""
    found: dict[str, dict[str, str]] = {}
    for name, selector in (("light", ":root"), ("dark", ".dark")):
        block = re.search(rf"^{re.escape(selector)} \{{(.*?)^\}}", TOKENS, re.MULTILINE | re.DOTALL)
        assert block
        found[name] = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block[1]))
    return found


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (WCAG 2.2)."""

    def luminance(colour: str) -> float:
        parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("light", ["light", "dark"])
def test_every_text_and_every_border_of_a_control_is_seen(light: str) -> None:
    colours = palettes()[light]
    weak = {f"{a} on {b}": round(r, 2) for a, b in PAIRS if (r := contrast(colours[a], colours[b])) < TEXT}
    weak |= {
        f"edge on {surface}": round(r, 2)
        for surface in ("paper", "rail", "card")
        if (r := contrast(colours["edge"], colours[surface])) < CONTROL
    }
    assert weak == {}


def test_both_lights_have_the_same_colours_and_no_sheet_names_a_token_that_is_not_there() -> None:
    light, dark = palettes().values()
    assert set(light) == set(dark)
    named = {name for sheet in STYLES for name in re.findall(r"var\(--([\w-]+)", (STATIC / sheet).read_text("utf-8"))}
    made = {name for sheet in STYLES for name in re.findall(r"--([\w-]+):", (STATIC / sheet).read_text("utf-8"))}
    made |= {
        name for script in SCRIPTS for name in re.findall(r"setProperty\('--([\w-]+)'", (STATIC / script).read_text())
    }
    assert named - made == set()
