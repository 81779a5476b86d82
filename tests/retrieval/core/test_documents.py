import pytest

from retrieval.core.documents import Span
from retrieval.core.errors import PinciteError
from tests.documents import document

TWO_PAGES = document("first page\fsecond page")


def test_a_page_break_belongs_to_the_page_before_it() -> None:
    numbers = [TWO_PAGES.page_at(offset).number for offset in (0, 9, 10, 11, 21)]
    assert numbers == [1, 1, 1, 2, 2]


def test_text_is_derived_from_the_span() -> None:
    assert TWO_PAGES.slice(TWO_PAGES.span(11, 17)) == "second"


@pytest.mark.parametrize(
    ("start", "end", "stripped"), [(0, 10, (0, 10)), (5, 18, (6, 17)), (10, 18, (11, 17)), (10, 11, (11, 11))]
)
def test_a_span_is_stripped_of_the_white_space_at_its_ends(start: int, end: int, stripped: tuple[int, int]) -> None:
    assert TWO_PAGES.stripped(TWO_PAGES.span(start, end)) == TWO_PAGES.span(*stripped)


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (4, 3)])
def test_a_span_that_is_no_range_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="is not a range"):
        Span("d", start, end)


def test_a_span_past_the_text_or_of_another_document_is_refused() -> None:
    with pytest.raises(ValueError, match="past the text's 22 characters"):
        TWO_PAGES.span(0, 23)
    with pytest.raises(ValueError, match="asked of document d"):
        TWO_PAGES.slice(Span("other", 0, 3))


def every_error() -> list[type[PinciteError]]:
    import retrieval.core.errors  # noqa: F401
    import webapp.core.errors  # noqa: F401

    found, rest = [], [PinciteError]
    while rest:
        found += (below := rest.pop().__subclasses__())
        rest += below
    return found


@pytest.mark.parametrize("error", every_error())
def test_every_error_has_a_sentence_for_the_user(error: type[PinciteError]) -> None:
    assert error.sentence.rstrip("”").endswith((".", "?", "}"))
    assert error.__doc__
