"""Retention and legal hold: what is deleted when its days are over, and what a hold keeps."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from retrieval import Matter, NoSuchMatter, database
from tests.pdfs import make_pdf
from webapp.core.errors import DaysInvalid, RoleTooLow
from webapp.core.results import NOTHING_FOUND
from webapp.core.settings import load_settings
from webapp.service.caller import Caller
from webapp.service.record_commands import Retain
from webapp.service.workspace import Workspace
from webapp.store.audit import Act, Wanted
from webapp.store.schema import conversations, matter_settings, turns
from webapp.store.users import User

ANN, BEN = User("ann", "Ann"), User("ben", "Ben")


@pytest.fixture
def workspace(tmp_path: Path, embeddings_url: str) -> Iterator[Workspace]:
    settings = load_settings(data_dir=tmp_path, access="behind-proxy", embeddings_url=embeddings_url)
    with Workspace(settings) as workspace:
        workspace._users.add(ANN)
        workspace._users.add(BEN)
        yield workspace


@pytest.fixture
def matter(workspace: Workspace) -> Matter:
    return workspace.create_matter(ANN, "Acme")


def _conversation(workspace: Workspace, matter: Matter, user: User, days: int, *, asked: bool = True) -> str:
    """A conversation that was last gone on with so many days ago."""
    begun = workspace.conversations.start(user, matter, f"{days} days")
    then = datetime.now(UTC) - timedelta(days=days)
    if asked:
        workspace.conversations.add_turn(user, begun.id, "?", NOTHING_FOUND, "complete")
    with database.writing(workspace._database) as connection:
        its = sa.update(conversations).where(conversations.c.id == begun.id)
        connection.execute(its.values(created_at=then - timedelta(days=1000) if asked else then))
        connection.execute(sa.update(turns).where(turns.c.conversation_id == begun.id).values(asked_at=then))
    return begun.id


def _here(workspace: Workspace, matter: Matter, user: User = ANN) -> set[str]:
    return {each.id for each in workspace.conversations.all(user, matter)}


def test_conversations_are_deleted_days_after_their_last_turn_whoever_asked(
    workspace: Workspace, matter: Matter
) -> None:
    workspace.sharing.share(ANN, matter.id, BEN.id, "viewer")
    old = [_conversation(workspace, matter, ANN, 31), _conversation(workspace, matter, ANN, 31, asked=False)]
    of_ben = _conversation(workspace, matter, BEN, 40)
    new = _conversation(workspace, matter, ANN, 29)
    elsewhere = workspace.create_matter(ANN, "Bolt")
    kept = _conversation(workspace, elsewhere, ANN, 4000)
    workspace.delete_due()
    assert _here(workspace, matter) == {*old, new}
    workspace.retention.retain(ANN, "Acme", 30)
    workspace.delete_due()
    assert _here(workspace, matter) == {new}
    assert _here(workspace, matter, BEN) == set()
    assert _here(workspace, elsewhere) == {kept}
    rows = list(workspace.audit.each(Wanted(act=Act.DELETE)))
    assert {row.object for row in rows} == {*old, of_ben}
    assert {(row.user_id, row.details["why"], row.details["what"]) for row in rows} == {
        ("system", "retention", "conversation")
    }


def test_a_hold_keeps_all_until_it_ends(workspace: Workspace, matter: Matter) -> None:
    old = _conversation(workspace, matter, ANN, 31)
    workspace.retention.retain(ANN, "Acme", 30)
    workspace.retention.hold(ANN, "Acme", hold=True)
    workspace.delete_due()
    assert _here(workspace, matter) == {old}
    workspace.retention.hold(ANN, "Acme", hold=False)
    workspace.delete_due()
    assert _here(workspace, matter) == set()


def test_an_archived_matter_is_deleted_whole_days_after_it_was_archived(workspace: Workspace, matter: Matter) -> None:
    workspace.library.accept(matter.id, "lease.pdf", make_pdf(["one"]))
    workspace.retention.retain(ANN, "Acme", 30)
    workspace.sharing.archive(ANN, "Acme", archived=True)
    workspace.delete_due()
    workspace.sharing.archive(ANN, "Acme", archived=False)
    workspace.delete_due()
    workspace.sharing.archive(ANN, "Acme", archived=True)
    workspace.delete_due()
    since = datetime.now(UTC)
    assert list(workspace.retention.due(since + timedelta(days=29))) == []
    [due] = workspace.retention.due(since + timedelta(days=31))
    assert (due.matter_id, due.conversations) == (matter.id, None)
    with database.writing(workspace._database) as connection:
        connection.execute(sa.update(matter_settings).values(archived_at=since - timedelta(days=31)))
    workspace.delete_due()
    with pytest.raises(NoSuchMatter):
        workspace.library.matter(matter.id)
    [row] = workspace.audit.each(Wanted(matter.id, act=Act.DELETE))
    assert (row.user_id, row.matter_name, row.details["what"]) == ("system", "Acme", "matter")
    with database.reading(workspace._database) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(matter_settings)) == 0


def test_the_owner_alone_sets_them(workspace: Workspace, matter: Matter) -> None:
    workspace.sharing.share(ANN, matter.id, BEN.id, "member")
    changes: tuple[Callable[[User], Matter], ...] = (
        lambda user: workspace.retention.retain(user, matter.id, 30),
        lambda user: workspace.retention.hold(user, matter.id, hold=True),
    )
    for change in changes:
        with pytest.raises(RoleTooLow):
            change(BEN)
        with pytest.raises(NoSuchMatter):
            change(User("cleo", "Cleo"))
    assert workspace.retention.of(matter.id).days is None
    assert not workspace.retention.of(matter.id).hold
    for days in (0, -1, 36_501):
        with pytest.raises(DaysInvalid):
            list(Caller(workspace, ANN).run(Retain("Acme", days)))
