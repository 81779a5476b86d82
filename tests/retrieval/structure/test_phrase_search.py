"""Exact phrase search: what is a mention, what is none, and that none is missed."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.core.documents import Document
from retrieval.structure.phrase_search import each_mention, in_context
from tests.clock import within
from tests.documents import document


def _found(text: str | Document, phrase: str) -> list[str]:
    page = document(text) if isinstance(text, str) else text
    return [page.slice(span) for span in each_mention(page, phrase)]


@pytest.mark.parametrize(
    ("text", "phrase", "found"),
    [
        (
            "a change of control, and Change of Control.",
            "change of control",
            ["change of control", "Change of Control"],
        ),
        ("a change\nof   control", "change of control", ["change\nof   control"]),
        ("a change\fof control", "change of control", ["change\fof control"]),
        ("the “Term” means", 'the "Term"', ["the “Term"]),
        ("the “Term” means", "the Term means", ["the “Term” means"]),
        ("is termi\u2010nated early", "terminated", ["termi\u2010nated"]),
        ("is termi-\nnated early", "terminated", ["termi-\nnated"]),
        ("the oﬃcer", "officer", ["oﬃcer"]),
        ("third–party", "third-party", ["third–party"]),
        ("the Licensor’s liability", "licensor's liability", ["Licensor’s liability"]),
        ("the Licensor’s liability", "Licensor", ["Licensor"]),
        ("a non-exclusive licence", "exclusive", ["exclusive"]),  # the borders of a compound are borders of words
        ("a non-\nexclusive licence", "exclusive", ["exclusive"]),
        ("pay $1,000.50 in all", "1,000.50", ["1,000.50"]),
        ("Section 8.2(b) applies", "section 8.2", ["Section 8.2"]),
        ("under Section 8.2 (b)", "Section 8.2(b)", ["Section 8.2 (b)"]),
        ("the [***] fee", "[***]", ["[***]"]),
        ("STRASSE Straße", "straße", ["Straße"]),
        ("the the the", "the the", ["the the", "the the"]),
    ],
)
def test_a_phrase_is_found_however_the_page_sets_it(text: str, phrase: str, found: list[str]) -> None:
    assert _found(text, phrase) == found


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("He may Terminate.", "Term"),
        ("the long midterm", "term"),
        ("is termi\u2010nated early", "termi"),
        ("is termi\u2010nated early", "nated"),
        ("Section 8.21 and 18.2", "8.2"),
        ("Section 8.2.1", "Section 8.2"),
        ("$1,000", "000"),
        ("the therapist", "the rapist"),
        ("no tice", "notice"),
        ("shallnot", "shall not"),
        ("non exclusive", "non-exclusive"),
        ("nonexclusive", "non-exclusive"),
        ("the Licensor's", "s"),
        ("control of change", "change of control"),
        ("anything", ""),
        ("anything", "“”"),
    ],
)
def test_other_words_and_parts_of_words_are_no_mention(text: str, phrase: str) -> None:
    assert _found(text, phrase) == []


RUNNING = "\f".join(
    f"MASTER SUPPLY AGREEMENT\n{words}\nPage {n} of 4"
    for n, words in enumerate(
        [
            "The first page says what the parties want and then comes a change of",
            "control of the Supplier. The second page goes on about notice and about termi\u2010",
            "nated accounts. The third page is about something else that takes some words.",
            "The fourth page names a change of control once more.",
        ],
        1,
    )
)


@pytest.mark.parametrize(
    ("phrase", "pages"),
    [("change of control", [1, 4]), ("terminated accounts", [2]), ("Master Supply Agreement", [1, 2, 3, 4])],
)
def test_running_lines_part_no_phrase_and_hide_none(phrase: str, pages: list[int]) -> None:
    page = document(RUNNING)
    assert [page.page_at(span.start).number for span in each_mention(page, phrase)] == pages


def test_a_mention_is_read_with_the_words_around_it() -> None:
    page = document(RUNNING)
    shown = in_context(page, next(each_mention(page, "change of control")))
    assert shown.words == "change of control"
    assert shown.before == "The first page says what the parties want and then comes a "
    assert shown.after.startswith(" of the Supplier. The second page goes on about notice and about terminated")
    assert shown.after.endswith(" …")
    whole = document("the Term.")
    assert str(in_context(whole, next(each_mention(whole, "term")))) == "the Term."


WORDS = ["change", "of", "control", "the", "Term", "party", "notice"]


@settings(max_examples=200)
@given(st.lists(st.sampled_from(WORDS), min_size=20, max_size=80), st.randoms(use_true_random=False))
def test_no_mention_is_missed_however_lines_and_pages_break(words: list[str], rng: random.Random) -> None:
    text, starts = "", []
    for word in words:
        starts.append(len(text))
        broken = rng.random() < 0.2
        half = rng.randrange(1, len(word))
        word = word[:half] + rng.choice(["\u2010", "\u00ad", "-\n"]) + word[half:] if broken else word
        text += word + rng.choice([" ", "  ", "\n", "\f", "\u00a0"])
    phrase = [w.lower() for w in words[5:7]]
    expected = {starts[i] for i in range(len(words) - 1) if [w.lower() for w in words[i : i + 2]] == phrase}
    page = document(text.rstrip())
    found = list(each_mention(page, " ".join(phrase)))
    assert expected <= {span.start for span in found}
    # A word that stands alone on its line at the edge of each page reads as a running line wherever it stands alone.
    alone = re.compile(r"\f|\n\w+\n")
    assert all(alone.search(page.slice(span)) for span in found if span.start not in expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "phrase", "count"),
    [
        ("a " * 200_000, "a " * 1_999 + "a", 198_001),
        ("a" * 400_000, "a" * 8_000, 0),
        ("term-\nit " * 50_000, "term", 50_000),
        ("".join(f"term-\n{n:b} ".translate({48: "o", 49: "i"}) for n in range(30_000)), "term", 30_000),
        ("\f".join(["word " * 40] * 5_000), "xyz " * 2_000, 0),
        ("\f".join(["a"] * 5_000), "a " * 3_999 + "b", 0),
    ],
    ids=[
        "a phrase of one word",
        "a phrase of one letter",
        "line ends",
        "line ends of many words",
        "pages",
        "short pages",
    ],
)
def test_a_document_made_to_be_slow_takes_as_long_as_its_length(text: str, phrase: str, count: int) -> None:
    """Each took 10 s to minutes when the work grew with places times the length of the phrase or of the text."""
    page = document(text, id_=text[:20] + phrase[:20])
    with within(5):
        assert len(list(each_mention(page, phrase))) == count


def test_a_search_ends_when_its_time_is_over() -> None:
    page, looks = document("“a” " * 20_000, id_="endless"), iter(range(4))
    with pytest.raises(TimeoutError):
        list(each_mention(page, '"a" ' * 500 + '"a"', lambda: next(looks) == 3))
