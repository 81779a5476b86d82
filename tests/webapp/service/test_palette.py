"""The palette finds by name what its user may go to, and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval import Matter, NoSuchMatter
from tests.webapp.page.pages import ready
from webapp.core.settings import load_settings
from webapp.service.palette import MOST_OF_A_KIND, places
from webapp.service.workspace import Workspace
from webapp.store.users import User

ANN, BEN = User("ann", "Ann"), User("ben", "Ben")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, embeddings_url: str) -> Iterator[Workspace]:
    folder: Path = tmp_path_factory.mktemp("data")
    settings = load_settings(data_dir=folder, access="behind-proxy", embeddings_url=embeddings_url)
    with Workspace(settings) as workspace:
        for user in (ANN, BEN):
            workspace._users.add(user)
        yield workspace


@pytest.fixture(scope="module")
def matter(workspace: Workspace) -> Matter:
    matter = workspace.create_matter(ANN, "Acme")
    workspace.create_matter(ANN, "Private lease matter")
    workspace.sharing.share(ANN, matter.id, BEN.id, "viewer")
    for name in ("Old lease.pdf", "lease.pdf", "notes.txt"):
        ready(workspace, matter, name, f"LEASE AGREEMENT\n\n1. Rent. The rent of {name} is $5.")
    workspace.library.accept(matter.id, "unread lease.txt", b"x")
    for user in (ANN, BEN):
        workspace.conversations.start(user, matter, f"The lease of {user.name}")
    return matter


def _found(workspace: Workspace, user: User, matter: Matter, words: str) -> list[tuple[str, str]]:
    return [(row.kind, row.name) for row in places(workspace, user, matter.id, words)]


def test_names_that_have_all_words_are_found_those_that_begin_with_them_first(
    workspace: Workspace, matter: Matter
) -> None:
    found = _found(workspace, ANN, matter, " LEASE ")
    documents = [name for kind, name in found if kind == "document"]
    assert documents[0] == "lease.pdf"
    assert "unread lease.txt" not in documents
    assert ("matter", "Private lease matter") in found
    assert ("conversation", "The lease of Ann") in found
    assert _found(workspace, ANN, matter, "old lease") == [("document", "Old lease.pdf")]
    assert _found(workspace, ANN, matter, "zebra") == []


def test_another_finds_no_matter_and_no_conversation_that_is_not_theirs(workspace: Workspace, matter: Matter) -> None:
    found = _found(workspace, BEN, matter, "lease")
    assert ("matter", "Private lease matter") not in found
    assert ("conversation", "The lease of Ann") not in found
    assert ("conversation", "The lease of Ben") in found
    with pytest.raises(NoSuchMatter):
        _found(workspace, User("cat", "Cat"), matter, "")


def test_of_many_only_the_first_are_told(workspace: Workspace) -> None:
    matter = workspace.create_matter(ANN, "Many")
    for n in range(MOST_OF_A_KIND + 5):
        workspace.conversations.start(ANN, matter, f"Talk {n}")
    assert len(_found(workspace, ANN, matter, "talk")) == MOST_OF_A_KIND
