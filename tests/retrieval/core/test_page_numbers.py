import pytest

from retrieval.core.page_numbers import not_read, numbered_pages


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((3,), "page 3"),
        ((2, 3), "pages 2-3"),
        ((9, 2, 3, 4), "pages 2-4 and 9"),
        ((1, 3, 5), "pages 1, 3 and 5"),
        ((1, 3, 5, 7, 9, 11, *range(20, 1_020)), "pages 1, 3, 5, 7, 9 and 1,001 more"),
    ],
)
def test_pages_are_named_from_first_to_last_and_of_many_stretches_the_rest_is_counted(
    numbers: tuple[int, ...], words: str
) -> None:
    assert numbered_pages(numbers) == words


def test_what_was_not_read_is_a_sentence_or_two() -> None:
    assert not_read((), ()) == ""
    assert not_read((2, 3), ()) == "Pages 2-3 could not be read."
    assert not_read((2,), (1, 4)) == "Page 2 could not be read. Pages 1 and 4 could be read only in part."
