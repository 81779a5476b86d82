"""What is removed in the page: gone for everyone at once, shown again by Undo, and deleted once its time is over."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from retrieval import Matter, NoSuchDocument, NoSuchMatter, database
from tests.pdfs import make_pdf
from tests.webapp.page.pages import Page, ready
from webapp.core.errors import NothingToUndo, OnHold, RoleTooLow
from webapp.core.settings import Settings, load_settings
from webapp.service.workspace import Workspace
from webapp.store.schema import removals
from webapp.store.users import User

ANN, BEN = User("ann", "Ann"), User("ben", "Ben")
TEXT = "1. Rent. The rent is $4,200."


@pytest.fixture
def settings(tmp_path: Path, embeddings_url: str) -> Settings:
    return load_settings(data_dir=tmp_path, access="behind-proxy", embeddings_url=embeddings_url)


@pytest.fixture
def workspace(settings: Settings) -> Iterator[Workspace]:
    with Workspace(settings) as workspace:
        workspace._users.add(ANN)
        workspace._users.add(BEN)
        yield workspace


@pytest.fixture
def acme(workspace: Workspace) -> Matter:
    matter = workspace.create_matter(ANN, "Acme")
    for name in ("one", "two"):
        ready(workspace, matter, f"{name}.pdf", f"{TEXT} {name}")
    return matter


def end_the_time(workspace: Workspace) -> None:
    with database.writing(workspace._database) as connection:
        connection.execute(sa.update(removals).values(due_at=datetime(2020, 1, 1, tzinfo=UTC)))


def test_a_document_that_is_removed_is_gone_for_everyone_and_is_there_again_after_undo(
    workspace: Workspace, acme: Matter
) -> None:
    workspace.sharing.share(ANN, acme.id, BEN.id, "member")
    ann, ben = Page(workspace, ANN, acme.id), Page(workspace, BEN, acme.id)
    one, two = workspace.access.documents(ANN, acme)
    ann.do("remove", document=f"{one.id} {two.id}")
    assert ann.here() == []
    ben.take(ben.controller.sidebar(ben.state))
    assert ben.here() == []
    with pytest.raises(NoSuchDocument):
        workspace.access.record(BEN, acme.id, one.id)
    assert "2 documents removed" in ann.shown["undo"]
    assert ben.shown["undo"] == "", "who did not remove it cannot undo it"
    [removal] = workspace.removals.of(ANN)
    with pytest.raises(NothingToUndo):
        ben.do("undo", removal=removal.id)
    assert workspace.delete_removed() == 0, "its time is not over"
    ann.do("undo", removal=removal.id)
    assert ann.here() == ["one.pdf", "two.pdf"]
    assert ann.shown["undo"] == ""
    assert one.id in workspace.lexical.document_ids(acme.id)
    with pytest.raises(NothingToUndo):
        ann.do("undo", removal=removal.id)


def test_who_may_no_longer_remove_may_not_undo(workspace: Workspace, acme: Matter) -> None:
    workspace.sharing.share(ANN, acme.id, BEN.id, "member")
    ben = Page(workspace, BEN, acme.id)
    ben.do("remove", document=workspace.access.documents(BEN, acme)[0].id)
    [removal] = workspace.removals.of(BEN)
    workspace.sharing.share(ANN, acme.id, BEN.id, "viewer")
    with pytest.raises(RoleTooLow):
        ben.do("undo", removal=removal.id)
    workspace.sharing.unshare(ANN, acme.id, BEN.id)
    with pytest.raises(NoSuchMatter):
        ben.do("undo", removal=removal.id)


def test_when_the_time_is_over_it_is_deleted_even_by_the_process_that_starts_next(
    workspace: Workspace, acme: Matter, settings: Settings
) -> None:
    page = Page(workspace, ANN, acme.id)
    one, _ = workspace.access.documents(ANN, acme)
    page.do("remove", document=one.id)
    [removal] = workspace.removals.of(ANN)
    workspace.close()  # as a kill leaves it: a row in the database
    with Workspace(settings) as again:
        assert [record.name for record in again.access.documents(ANN, acme)] == ["two.pdf"]
        end_the_time(again)
        assert again.delete_removed() == 1
        assert [record.name for record in again.library.documents(acme.id)] == ["two.pdf"]
        assert again.lexical.document_ids(acme.id) == {record.id for record in again.library.documents(acme.id)}
        assert again.delete_removed() == 0
        with pytest.raises(NothingToUndo):
            again.undo(ANN, removal.id)


def test_a_removal_that_a_kill_broke_off_is_finished(workspace: Workspace, acme: Matter) -> None:
    one, _ = workspace.access.documents(ANN, acme)
    workspace.order_removal(ANN, [one])
    end_the_time(workspace)
    workspace.removals.due()  # begun
    workspace.ingest.remove(acme.id, one.id)  # and broken off before it was noted
    assert workspace.delete_removed() == 1
    with database.reading(workspace._database) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(removals)) == 0


def test_under_a_hold_nothing_is_removed_and_what_was_is_there_again(workspace: Workspace, acme: Matter) -> None:
    one, two = workspace.access.documents(ANN, acme)
    workspace.order_removal(ANN, [one])
    workspace.retention.hold(ANN, acme.id, hold=True)
    with pytest.raises(OnHold):
        workspace.order_removal(ANN, [two])
    end_the_time(workspace)
    workspace.delete_removed()
    assert workspace.access.documents(ANN, acme) == [one, two]


def test_a_document_that_is_added_again_stays(workspace: Workspace, acme: Matter, tmp_path: Path) -> None:
    file = tmp_path / "three.pdf"
    file.write_bytes(make_pdf(["three"]))
    record = workspace.accept(ANN, acme, file)
    workspace.order_removal(ANN, [record])
    assert workspace.accept(ANN, acme, file).id == record.id
    end_the_time(workspace)
    assert workspace.delete_removed() == 0
    assert record.id in {each.id for each in workspace.access.documents(ANN, acme)}


def test_a_conversation_and_a_matter_are_deleted_and_shown_again(workspace: Workspace, acme: Matter) -> None:
    page = Page(workspace, ANN, acme.id)
    conversation = workspace.conversations.start(ANN, acme, "What is the rent?")
    page.do("open", conversation=conversation.id)
    page.do("delete", conversation=conversation.id)
    assert (page.titles(), page.state.conversation_id) == ([], "")
    [removal] = workspace.removals.of(ANN)
    page.do("undo", removal=removal.id)
    assert page.titles() == ["What is the rent?"]
    page.do("delete-matter", matter=acme.id)
    assert acme not in workspace.access.matters(ANN)
    assert "Matter “Acme” deleted" in page.shown["undo"]
    [removal] = workspace.removals.of(ANN)
    page.do("undo", removal=removal.id)
    assert page.state.matter_id == acme.id
    assert page.here() == ["one.pdf", "two.pdf"]
    page.do("delete", conversation=conversation.id)
    page.do("delete-matter", matter=acme.id)
    made = workspace.create_matter(ANN, "Acme")  # the name is free at once: what was deleted goes now
    assert [matter.id for matter in workspace.library.matters() if matter.name == "Acme"] == [made.id]
    assert workspace.removals.of(ANN) == []


def test_of_removals_each_has_its_own_undo(workspace: Workspace, acme: Matter) -> None:
    one, two = workspace.access.documents(ANN, acme)
    workspace.order_removal(ANN, [one])
    workspace.order_removal(ANN, [one, two])  # the first is removed already
    newest, oldest = workspace.removals.of(ANN)
    assert (newest.ids, oldest.ids) == ((two.id,), (one.id,))
    assert workspace.undo(ANN, newest.id) == replace(newest)
    assert [record.id for record in workspace.access.documents(ANN, acme)] == [two.id]
