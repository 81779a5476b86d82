from retrieval.core.cache import clear_caches, document_cache
from retrieval.core.documents import Document
from tests.documents import document


def test_what_was_made_is_kept_of_the_documents_used_last() -> None:
    made: list[str] = []

    @document_cache(2)
    def size(text: Document) -> int:
        """How long it is."""
        made.append(text.id)
        return len(text.text)

    one, two, three = (document("x" * n, id_=str(n)) for n in (1, 2, 3))
    assert [size(d) for d in (one, two, one, three, one, two)] == [1, 2, 1, 3, 1, 2]
    assert made == ["1", "2", "3", "2"]
    assert size.__doc__ == "How long it is."
    size.cache_clear()
    assert (size(one), made[-1]) == (1, "1")


def test_of_more_text_than_memory_is_for_only_the_last_is_kept() -> None:
    made: list[str] = []

    @document_cache(16, characters=10)
    def note(text: Document) -> None:
        made.append(text.id)

    small, large, huge = document("x" * 4, id_="small"), document("x" * 6, id_="large"), document("x" * 99, id_="huge")
    for each in (small, large, small, large, huge, huge, small):
        note(each)
    assert made == ["small", "large", "huge", "small"]


class Counted(str):
    """A text that counts how often it is compared."""

    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return str.__eq__(self, other)


def test_a_text_that_was_loaded_anew_is_not_compared_with_the_one_before_it_each_time() -> None:
    made: list[str] = []

    @document_cache()
    def note(text: str) -> None:
        made.append(text)

    note(Counted("The rent is $4,200."))
    anew = Counted("The rent is $4,200.")
    for _ in range(100):
        note(anew)
    assert len(made) == 1
    assert Counted.compared < 10


def test_all_caches_are_emptied_together() -> None:
    made: list[str] = []

    @document_cache()
    def note(text: Document) -> None:
        made.append(text.id)

    one = document("x", id_="one")
    note(one)
    clear_caches()
    note(one)
    assert made == ["one", "one"]
