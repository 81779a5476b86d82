"""Links between the documents of a matter: which agreement an amendment amends, and which of its clauses."""

from collections.abc import Mapping

import pytest

from retrieval.core.documents import Document
from retrieval.structure.amendment_links import Change, changes_at, changes_in, link_amendments, why_apart
from retrieval.structure.facts import find_facts
from tests.documents import document
from tests.retrieval.structure.amendment_pairs import PAIRS


def _changes(documents: Mapping[str, Document]) -> dict[str, tuple[Change, ...]]:
    links = link_amendments({name: find_facts(each) for name, each in documents.items()})
    return {
        name: changes_in(
            each,
            [link for link in links if link.amended_id == name],
            lambda span: documents[span.document_id].slice(span),
        )
        for name, each in documents.items()
    }


def _what_changes(words: str, documents: Mapping[str, Document], agreement: str) -> list[tuple[str, str]]:
    text = documents[agreement]
    at = text.text.index(words)
    found = changes_at(_changes(documents)[agreement], text.span(at, at + len(words)))
    return [(change.amendment.span.document_id, change.amendment.action) for change in found]


def _agreement(words: str, documents: Mapping[str, Document]) -> str:
    """The agreement that holds the words: amendments quote them."""
    return next(n for n, d in documents.items() if words in d.text and "Amendment" not in n and "Deed" not in n)


@pytest.mark.parametrize("name", PAIRS)
def test_which_clause_is_in_force(name: str) -> None:
    pair = PAIRS[name]
    documents = {each: document(text, id_=each, name=each) for each, text in pair.documents.items()}
    changed = {words: _what_changes(words, documents, _agreement(words, documents)) for words in pair.changed}
    assert changed == pair.changed
    assert [w for w in pair.unchanged if _what_changes(w, documents, _agreement(w, documents))] == []


def test_an_amendment_of_an_earlier_one_is_linked_to_it_and_never_to_a_later_one() -> None:
    pair = PAIRS["amendments that amend each other"]
    documents = {each: document(text, id_=each, name=each) for each, text in pair.documents.items()}
    first, second = "First Amendment.pdf", "Second Amendment.pdf"
    assert _what_changes("Clause 2 of Amendment No. 2 is", documents, first) == [(second, "deleted")]
    assert _changes(documents)[second] == ()


@pytest.mark.parametrize(
    ("pair", "why"),
    [
        ("strangers who name the agreement and its parties", "is made by others than its parties"),
        ("an amendment that is older than the agreement", "is dated before it"),
        ("an agreement of other parties", ""),  # the agreement is another
    ],
)
def test_why_an_amendment_stands_alone_is_told(pair: str, why: str) -> None:
    texts = PAIRS[pair].documents
    facts = {each: find_facts(document(text, id_=each, name=each)) for each, text in texts.items()}
    assert link_amendments(facts) == ()
    (amendment,) = facts["First Amendment.pdf"].amendments
    told = why_apart(facts, "First Amendment.pdf", amendment, texts["First Amendment.pdf"])
    assert told.startswith(why)
    assert bool(told) == bool(why)
