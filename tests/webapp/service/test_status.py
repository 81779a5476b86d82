"""The state of the server as its administrators see it: names and sizes, and no word of a document."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pdfs import make_pdf
from tests.webapp.embeddings import embeddings
from webapp.core.errors import LastAdministrator, NoHeir, NotAllowed
from webapp.core.settings import load_settings
from webapp.core.wording import status_lines
from webapp.service import administration
from webapp.service.status import status
from webapp.service.workspace import Workspace
from webapp.store.audit import Act, Wanted
from webapp.store.users import LOCAL_USER, User


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with embeddings() as url, Workspace(load_settings(data_dir=tmp_path, access="accounts", embeddings_url=url)) as it:
        yield it


def test_the_state_has_what_waits_what_the_disk_holds_and_what_counts_against_the_limits(
    workspace: Workspace, tmp_path: Path
) -> None:
    ada = workspace.accounts.add("ada@firm.example", "Ada").user
    workspace._users.set_sample_made(ada)
    matter = workspace.create_matter(ada, "Acme")
    file = tmp_path / "secret name.pdf"
    file.write_bytes(make_pdf(["zanzibar"]))
    workspace.accept(ada, matter, file)
    row = status(workspace, workspace.operator("root"))
    size = file.stat().st_size
    [queued] = [each for each in row.queue if each.matter_id == matter.id]
    assert (queued.matter, queued.state, queued.documents, queued.bytes) == ("Acme", "waiting", 1, size)
    [held] = [each for each in row.usage if each.email == "ada@firm.example"]
    assert (held.name, held.matters, held.documents, held.bytes) == ("Ada", 1, 1, size)
    assert (row.access, row.engine, row.engines, row.questions_waiting) == ("accounts", "none", 0, 0)
    sizes = {each.part: each.bytes for each in row.disk}
    assert sizes["originals and texts"] >= size
    assert sizes["database"] > 0
    assert row.free_bytes > 0
    told = str(status_lines(row)) + row.line()
    assert "Acme: 1 document waiting, " in told
    assert "secret name" not in told
    assert "zanzibar" not in told
    with pytest.raises(NotAllowed):
        status(workspace, ada)


def test_who_leaves_is_disabled_and_handed_over_or_nothing_of_it_is_done(workspace: Workspace) -> None:
    bob, cy = (workspace.accounts.add(f"{name}@firm.example", name) for name in ("bob", "cy"))
    for account in (bob, cy):
        workspace._users.set_sample_made(account.user)
    matters = [workspace.create_matter(bob.user, name) for name in ("Acme", "Bolt")]
    workspace.sharing.wall(bob.user, matters[1].id, cy.email or "")
    by = workspace.operator("root")
    [last] = workspace.audit.entries(Wanted(), 1, newest_first=True)
    with pytest.raises(NoHeir):
        administration.disable(workspace, by, bob.id, cy.id)
    assert not workspace.accounts.is_disabled(bob.user)
    assert {workspace.access.owner(matter) for matter in matters} == {bob.user}
    assert list(workspace.audit.each(Wanted(after=last.seq))) == []
    workspace.sharing.lift_wall(bob.user, matters[1].id, cy.id)
    assert administration.disable(workspace, by, bob.id, cy.id).disabled
    assert {workspace.access.owner(matter) for matter in matters} == {cy.user}
    rows = list(workspace.audit.each(Wanted(after=last.seq)))[1:]  # after the wall that was lifted
    assert [row.act for row in rows] == [Act.ACCOUNT, Act.ROLE, Act.ROLE, Act.ACCOUNT]
    assert {row.user_name for row in rows} == {"command line (root)"}
    assert workspace.audit.verify().fault == ""


def test_an_administrator_who_is_the_last_stays_with_their_matters(workspace: Workspace) -> None:
    ada = workspace.accounts.add("ada@firm.example", "Ada", administrator=True)
    bea = workspace.accounts.add("bea@firm.example", "Bea")
    matter = workspace.create_matter(ada.user, "Acme")
    with pytest.raises(LastAdministrator):
        administration.disable(workspace, LOCAL_USER, ada.id, bea.id)
    assert workspace.access.owner(matter) == ada.user


@pytest.mark.parametrize(
    ("account", "name"),
    [("root", "command line (root)"), ("", "command line"), ("a b", "command line"), ("x" * 33, "command line")],
)
def test_commands_act_by_the_account_that_gives_them_where_there_are_several_people(
    workspace: Workspace, account: str, name: str
) -> None:
    operator = workspace.operator(account)
    assert (operator, operator.name) == (LOCAL_USER, name)
    assert workspace.sharing.person("local").name == "command line"
    assert workspace.sharing.administers(operator)
    assert workspace.access.quota(operator) is None
    assert operator != User("ada", name)
