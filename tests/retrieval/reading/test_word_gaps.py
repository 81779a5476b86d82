"""Words of a recognised line, parted and placed by the gaps of its ink."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from retrieval.reading.word_gaps import words

FONT = ImageFont.load_default(28)


def drawn(text: str, *, rule: bool = False, noise: float = 0) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """A line, and the middle of each of its characters."""
    image = Image.new("L", (int(FONT.getlength(text)) + 20, 48), 255)
    draw = ImageDraw.Draw(image)
    draw.text((10, 8), text, fill=0, font=FONT)
    if rule:
        draw.line((0, 40, image.width, 40), fill=0, width=2)
    ends = np.array([10 + FONT.getlength(text[:n]) for n in range(len(text) + 1)])
    grain = np.random.default_rng(1).normal(0, noise, (48, image.width))
    return np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8), (ends[1:] + ends[:-1]) / 2


def read(text: str, missed: str, *, rule: bool = False, noise: float = 0) -> str:
    """The words of a line whose spaces were recognised but for those before some words."""
    line, middles = drawn(text, rule=rule, noise=noise)
    kept = [i for i in range(len(text)) if not (text[i] == " " and text.startswith(tuple(missed.split()), i + 1))]
    characters = [text[i] for i in kept]
    return " ".join("".join(characters[s.first : s.last]) for s in words(line, characters, middles[kept]))


@pytest.mark.parametrize(("rule", "noise"), [(False, 0), (True, 0), (False, 20)])
def test_a_space_that_was_not_recognised_is_seen_in_the_ink(rule: bool, noise: float) -> None:
    text = "rent, on the first day; of (b) each month. Tenant pays"
    assert read(text, "on of Tenant", rule=rule, noise=noise) == text


@pytest.mark.parametrize(
    "text", ["the rent of $10,500.00 per month (b)(i) is", "the U.S. rent of AVAVA is Lessee's, not 1.25"]
)
def test_no_word_is_parted_where_there_is_no_space(text: str) -> None:
    assert read(text, "") == text


def test_without_known_spaces_nothing_is_parted() -> None:
    assert read("the rent, first", "first") == "the rent,first"


def test_edges_are_those_of_the_ink() -> None:
    text = "rent on the first day"
    line, middles = drawn(text)
    at = 0
    for span, word in zip(words(line, text, middles + 4), text.split(), strict=True):  # recognition errs by some pixels
        at = text.index(word, at)
        ink = FONT.getbbox(word)
        left = 10 + FONT.getlength(text[:at])
        assert (span.left, span.right) == pytest.approx((left + ink[0], left + ink[2]), abs=2.5)


def test_a_line_without_ink_or_characters_has_no_edges() -> None:
    blank = np.full((48, 100), 255, np.uint8)
    assert words(blank, "", np.zeros(0)) == []
    assert [(s.first, s.last) for s in words(blank, "ab", np.array([30.0, 60.0]))] == [(0, 2)]
