"""Every act of the page, command and route of a matter, by everyone it could be: who may do it, and what others learn.

The acts, commands and routes are those of the code: a new one has to be given its right here, or the tests fail. What
someone may not is refused; who may not read a matter sees none of its words, and nothing of it is changed.
"""

import asyncio
import gc
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
import sqlalchemy as sa

from retrieval import PinciteError, Span, database
from tests.end_to_end.test_doors import routes_of
from tests.pdfs import make_pdf
from tests.webapp.embeddings import embeddings
from tests.webapp.serving import Running, running, with_drafts
from webapp.core.errors import NotAllowed
from webapp.core.results import read_turn
from webapp.core.settings import Settings, load_settings
from webapp.page.acts import ACTS
from webapp.page.controller import Controller
from webapp.page.state import PageState
from webapp.page.uploads import UploadStore
from webapp.server import make_app
from webapp.service import commands as c
from webapp.service import conversation_commands as conversations
from webapp.service import model_commands as models
from webapp.service import people_commands as people
from webapp.service import record_commands as record
from webapp.service.caller import Caller
from webapp.service.command import Command
from webapp.service.command_table import COMMANDS
from webapp.service.running import RunningAnswers
from webapp.service.startup import Startup
from webapp.store.roles import IN_ARCHIVE, RIGHTS, Right, Role
from webapp.store.schema import OF_MATTERS, turns, users
from webapp.store.users import User

# Building a page leaves event loops of gradio's own behind: they are collected while that is no fault.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

State = Literal["active", "archived", "deleted"]
STATES: tuple[State, ...] = ("active", "archived", "deleted")
# A word that stands in all that is a matter's: its name, documents and conversation.
CANARIES: Mapping[State, str] = {state: f"zanzibar{state}" for state in STATES}
# Who there is, and in which role.
PEOPLE: Mapping[str, Role | None] = {
    "owner": "owner",
    "member": "member",
    "viewer": "viewer",
    "member of a group": "member",
    "stranger": None,
    "former member": None,
    "walled": None,
    "disabled": None,
    "administrator": None,
    "guest": None,
}
# author: the conversation is one's own; log: to manage the matter, or to be an administrator
Needed = Right | Literal["author", "author asks", "log", "administrator", "nothing"]

ACT_NEEDS: Mapping[str, Needed] = {
    "matter": "read",
    "open": "read",
    "cite": "read",
    "beside": "read",
    "read-document": "read",
    "go-to-page": "read",
    "find-in-document": "read",
    "close-document": "read",
    "note": "ask",
    "edit-note": "author asks",
    "delete-note": "author",
    "go": "read",
    "only": "read",
    "scope": "read",
    "search": "read",
    "lists": "read",
    "new": "nothing",
    "new-matter": "nothing",
    "example": "ask",
    "find": "ask",
    "ready": "ask",
    "keep": "nothing",
    "meant": "ask",
    "summary": "ask",
    "alone": "ask",
    "share": "author",
    "delete": "author",
    "rename": "author",
    "undo": "author",
    "finished": "read",
    "again": "author asks",
    "read-on": "author asks",
    "edit": "author",
    "rate": "author",
    "models": "administrator",
    "hide-models": "nothing",
    "use-model": "administrator",
    "test-model": "administrator",
    "fetch-model": "administrator",
    "stop-model": "administrator",
    "pause": "change",
    "resume": "change",
    "retry": "change",
    "remove": "change",
    "privilege": "change",
    "delete-matter": "manage",
}
COMMAND_NEEDS: Mapping[str, Needed] = {
    "follow": "read",
    "search": "read",
    "mentions": "read",
    "compare": "read",
    "documents": "read",
    "members": "read",
    "conversations": "read",
    "export_conversation": "read",
    "rename_conversation": "author",
    "summary": "ask",
    "ask": "ask",
    "accept": "change",
    "remove": "change",
    "jobs": "change",
    "reindex": "change",
    "privilege": "change",
    "delete_matter": "manage",
    "change_members": "manage",
    "archive": "manage",
    "hold": "manage",
    "retain": "manage",
    "audit": "log",
    "verify_audit": "administrator",
    "backup": "administrator",
    "users": "administrator",
    "status": "administrator",
    "add_user": "administrator",
    "password": "administrator",
    "change_user": "administrator",
    "models": "administrator",
    "fetch_model": "administrator",
    "use_model": "administrator",
    "test_model": "administrator",
    "matters": "nothing",
    "create_matter": "nothing",
    "groups": "nothing",
}
ROUTE_NEEDS: Mapping[str, Needed] = {
    "GET /matters/{matter_id}/documents/{document_id}/pages/{number}.png": "read",
    "GET /matters/{matter_id}/documents/{document_id}/pages/{number}.json": "read",
    "GET /matters/{matter_id}/documents/{document_id}.pdf": "read",
    "GET /matters/{matter_id}/documents/{document_id}/text": "read",
    "GET /matters/{matter_id}/documents/{document_id}/changes/{other_id}": "read",
    "GET /matters/{matter_id}/palette": "read",
    "GET /matters/{matter_id}/conversations/{conversation_id}/export": "read",
    "GET /matters/{matter_id}/conversations/{conversation_id}/drafts/{turn_id}": "read",
    "GET /matters/{matter_id}/people": "read",
    "POST /matters/{matter_id}/people": "manage",
    "GET /matters/{matter_id}/audit": "log",
    "GET /audit": "administrator",
    "GET /administration": "administrator",
    "POST /administration": "administrator",
    "GET /administration/status": "administrator",
}
# Of the sign-in, which has tests of its own, of health, and gradio's, which test_doors and test_isolation hold.
OTHERS = re.compile(
    r"\w+ /(?:sign-in.*|sign-out|signed-out|set-password|first-administrator|account.*|healthz|readyz|metrics|config/?"
    r"|theme\.css|favicon\.ico|manifest\.json|robots\.txt|static/.*|assets/.*|gradio_api/.*|monitoring.*|login.*"
    r"|logout|token|app_id/?|api/.*|queue/.*|file.*|upload.*|custom_component/.*|svelte/.*|proxy.*|stream/.*|info/?"
    r"|dev/.*|heartbeat/.*|component_server.*|reset/?|deep_link.*|vibe.*|pwa_icon.*|user/?|process_recording.*|\{.*)?"
)


@pytest.fixture(autouse=True, scope="module")
def collected() -> Iterator[None]:
    yield
    gc.collect()


@dataclass(frozen=True)
class There:
    """A server with one matter in each state, and everyone."""

    server: Running
    people: Mapping[str, User]
    ids: Mapping[State, Mapping[str, str]]

    def may(self, who: str, state: State, needs: Needed) -> bool:
        role = PEOPLE[who]
        if needs == "administrator" or (needs == "log" and who == "administrator"):
            return who == "administrator"
        if needs == "nothing":
            return who != "disabled"
        if role is None or state == "deleted":
            return False
        if needs == "log":
            needs = "manage"
        if needs in ("author", "author asks"):
            return who == "owner" and (state == "active" or needs == "author")
        return needs in RIGHTS[role] and (state == "active" or needs in IN_ARCHIVE)

    def kept(self) -> object:
        """All that the record has of the three matters."""
        workspace = self.server.workspace
        ids = [its["matter"] for its in self.ids.values()]
        with database.reading(workspace._database) as connection:
            rows = [
                sorted(map(repr, connection.execute(sa.select(table).where(table.c.matter_id.in_(ids)))))
                for table in OF_MATTERS
            ]
            rows.append(sorted(map(repr, connection.execute(sa.select(turns)))))
        return rows, [workspace.library.documents(its["matter"]) for its in list(self.ids.values())[:2]]


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[There]:
    folder = tmp_path_factory.mktemp("data")
    with embeddings() as url, running(_settings(folder, url), with_drafts) as server:
        people = {name: _person(server, name) for name in PEOPLE}
        with database.writing(server.workspace._database) as connection:
            its = users.c.id == people["administrator"].id
            connection.execute(sa.update(users).where(its).values(administrator=True))
        server.workspace.work_in_background()
        ids: dict[State, Mapping[str, str]] = {state: _matter(server, people, state, folder) for state in STATES}
        workspace = server.workspace
        workspace.sharing.archive(people["owner"], ids["archived"]["matter"], archived=True)
        workspace.delete_matter(workspace.library.matter(ids["deleted"]["matter"]), people["owner"])
        with database.writing(workspace._database) as connection:
            its = users.c.id == people["disabled"].id
            connection.execute(sa.update(users).where(its).values(disabled_at=sa.func.current_timestamp()))
        yield There(server, people, ids)


def _settings(folder: Path, embeddings_url: str) -> Settings:
    return load_settings(data_dir=folder, access="accounts", embeddings_url=embeddings_url)


def _person(server: Running, name: str) -> User:
    user = User("guest-1" if name == "guest" else name.replace(" ", "-"), name)
    server.workspace._users.add(user)
    server.workspace._users.set_sample_made(user)
    return user


def _matter(server: Running, people: Mapping[str, User], state: State, folder: Path) -> Mapping[str, str]:
    """A matter with a document, a shared conversation, and everyone let in who is to be."""
    workspace, owner = server.workspace, people["owner"]
    matter = workspace.create_matter(owner, f"Matter {CANARIES[state]}")
    file = folder / f"{state}.pdf"
    file.write_bytes(make_pdf([f"1. Fee. The {CANARIES[state]} fee is $77,777."]))
    record = workspace.accept(owner, matter, file, f"{CANARIES[state]}.pdf")
    end = time.monotonic() + 60
    while workspace.library.record(matter.id, record.id).state != "ready":
        workspace.wake()
        assert time.monotonic() < end
        time.sleep(0.05)
    sharing = workspace.sharing
    group = sharing.create_group(people["administrator"], f"Group {state}")
    for name in ("member of a group", "walled"):
        sharing.add_to_group(people["administrator"], group.id, people[name].id)
    sharing.share_with_group(owner, matter.id, group.id, "member")
    for name, role in (("member", "member"), ("viewer", "viewer"), ("former member", "member"), ("disabled", "member")):
        sharing.share(owner, matter.id, people[name].id, role)  # type: ignore[arg-type]
    sharing.unshare(owner, matter.id, people["former member"].id)
    sharing.wall(owner, matter.id, people["walled"].id)
    conversation = workspace.conversations.start(owner, matter, f"About {CANARIES[state]}")
    answer = read_turn({"answer": f"The {CANARIES[state]} fee is $77,777.", "found": True})
    turn = workspace.conversations.add_turn(owner, conversation.id, f"What of {CANARIES[state]}?", answer, "complete")
    workspace.conversations.share(owner, conversation.id, shared=True)
    span, about = Span(record.id, 0, 6), f"About {CANARIES[state]}"
    note = workspace.notes.add(owner, matter.id, span, record.text_version, about, shared=True)
    ids = {"matter": matter.id, "document": record.id, "conversation": conversation.id, "turn": turn.id}
    return ids | {"note": note.id, "address": f"matter={matter.id}&document={record.id}"}


def _value(name: str, ids: Mapping[str, str], parse: Callable[[str], Any]) -> Any:
    other = {"value": ids["matter"], "documents": [ids["document"]], "question": "What is the fee?", "rating": 1}
    more = {
        "item": 0,
        "other": 0,
        "page": 1,
        "spans": (),
        "share": "no",
        "words": "fee",
        "how": "",
        "reply": 0,
        "on": "yes",
        "model": "none",
    }
    if name in ("version", "at", "found"):
        return None
    if name == "document":
        return parse(ids["document"])
    return ids.get(name) or other.get(name) or more.get(name, "0" * 32)


def test_every_act_command_and_route_has_its_right(tmp_path: Path) -> None:
    app = make_app(Startup(load_settings(data_dir=tmp_path, access="accounts")))
    ours = {route for route in routes_of(app.routes) if not OTHERS.fullmatch(route)}
    assert ours - {"GET /", "HEAD /", "GET /sign-in/style.css"} == set(ROUTE_NEEDS)
    assert set(ACT_NEEDS) == set(ACTS)
    assert set(COMMAND_NEEDS) == set(COMMANDS)


@pytest.mark.parametrize("act", sorted(ACT_NEEDS))
def test_an_act_of_the_page_is_done_by_whoever_may_and_by_nobody_else(there: There, act: str) -> None:
    before, tried = there.kept(), 0
    workspace = there.server.workspace
    for who, user in there.people.items():
        for state in STATES:
            if ACT_NEEDS[act] == "nothing" or there.may(who, state, ACT_NEEDS[act]):
                continue
            ids = there.ids[state]
            controller = Controller(workspace, user, RunningAnswers(), UploadStore(workspace.settings))
            row = ACTS[act]
            values = [
                ids["conversation"] if act == "open" else _value(name, ids, parse) for name, parse in row.fields.items()
            ]
            page = PageState(opened=True, matter_id=ids["matter"], conversation_id=ids["conversation"])
            told = _told(lambda row=row, c=controller, p=page, v=values: asyncio.run(row.run(c, p, v)))  # type: ignore[misc]
            if not there.may(who, state, "read"):
                assert CANARIES[state] not in told, (who, state)
            else:
                assert told.startswith("refused"), (who, state, told[:300])
            tried += 1
    assert tried > 5 or ACT_NEEDS[act] == "nothing"
    assert there.kept() == before


def _told(do: Callable[[], object]) -> str:
    try:
        return repr(do())
    except PinciteError as error:
        return f"refused: {error} {error.hint}"


def _commands(ids: Mapping[str, str], file: Path) -> Mapping[str, Command[Any]]:
    matter, document = ids["matter"], ids["document"]
    made: tuple[Command[Any], ...] = (
        c.Follow(matter, [document]),
        c.Search(matter, "What is the fee?"),
        c.FindMentions(matter, "fee"),
        c.Compare(matter, document, document),
        c.ListDocuments(matter),
        people.ListMembers(matter),
        conversations.ListConversations(matter, "fee"),
        conversations.ExportConversation(matter, ids["conversation"]),
        conversations.RenameConversation(matter, ids["conversation"], "Mine"),
        c.Summarise(matter, document),
        c.Ask(matter, "What is the fee?"),
        c.Accept(file, "new.pdf", matter),
        c.Remove(matter, document),
        c.Jobs(matter, "pause"),
        c.Reindex(matter),
        record.ChangePrivilege(matter, document),
        c.DeleteMatter(matter),
        people.ChangeMembers(matter, "share", "stranger"),
        record.ChangeArchive(matter, False),
        record.Hold(matter, True),
        record.Retain(matter, 1),
        record.ReadAudit(matter),
        record.VerifyAudit(),
        record.Backup(str(file.parent / "backup")),
        people.ListUsers(),
        people.Status(),
        people.AddUser("new@firm.example"),
        people.SetPassword("viewer"),
        people.ChangeUser("viewer", "disable"),
        models.ListModels(),
        models.FetchModel("granite-4.1-3b"),
        models.UseModel("none"),
        models.TestModel(),
        c.ListMatters(),
        c.CreateMatter("New"),
        people.Groups(),
    )
    return {command.command: command for command in made}


@pytest.mark.parametrize("name", sorted(COMMAND_NEEDS))
def test_a_command_is_done_by_whoever_may_and_by_nobody_else(there: There, tmp_path: Path, name: str) -> None:
    (tmp_path / "new.pdf").write_bytes(make_pdf(["new"]))
    before, tried = there.kept(), 0
    for who, user in there.people.items():
        for state in STATES:
            if COMMAND_NEEDS[name] == "nothing" or there.may(who, state, COMMAND_NEEDS[name]):
                continue
            if name == "accept" and not there.may(who, state, "read"):
                continue  # it makes a matter of one's own of this name
            caller, command = (
                Caller(there.server.workspace, user),
                _commands(there.ids[state], tmp_path / "new.pdf")[name],
            )
            told = _told(lambda caller=caller, command=command: list(caller.run(command)))  # type: ignore[misc]
            assert told.startswith("refused"), (who, state, told[:300])
            if not there.may(who, state, "read"):
                assert CANARIES[state] not in told, (who, state)
            tried += 1
    assert tried > 3 or COMMAND_NEEDS[name] == "nothing"
    assert there.kept() == before


@pytest.mark.parametrize("name", ["matters", "groups", "documents", "search", "conversations", "export_conversation"])
def test_what_a_command_lists_is_of_those_who_may_read_it(there: There, tmp_path: Path, name: str) -> None:
    for who, user in there.people.items():
        command = _commands(there.ids["active"], tmp_path / "new.pdf")[name]
        told = _told(lambda user=user, command=command: list(Caller(there.server.workspace, user).run(command)))  # type: ignore[misc]
        if name != "groups":
            assert (CANARIES["active"] in told) == there.may(who, "active", "read"), who


@pytest.mark.parametrize("route", sorted(ROUTE_NEEDS))
def test_a_route_answers_whoever_may_and_nobody_else(there: There, route: str) -> None:
    before = there.kept()
    method, path = route.split(" ")
    needs = ROUTE_NEEDS[route]
    for who in (*there.people, "nobody"):
        browser = there.server.browser()
        if who != "nobody":
            token = there.server.workspace.sessions.start(there.people[who])
            browser.cookies.set("pincite_session", token)
        for state in STATES:
            ids = there.ids[state]
            filled = {"matter_id": ids["matter"], "document_id": ids["document"], "other_id": ids["document"]}
            filled["conversation_id"] = ids["conversation"]
            url = re.sub(r"\{(\w+)\}", lambda name, filled=filled: filled.get(name[1], "1"), path)  # type: ignore[misc]
            form = {"act": "share", "who": "stranger"} if method == "POST" else None
            answer = browser.request(method, url, params={"span": "0-9"} if method == "GET" else None, data=form)
            if who != "nobody" and there.may(who, state, needs):
                assert answer.status_code in (200, 403 if method == "POST" else 200), (who, state, answer.text[:300])
                continue
            assert answer.status_code in (303, 401, 403, 404), (who, state, answer.status_code)
            assert CANARIES[state].encode() not in answer.content, (who, state)
            assert not answer.content.startswith((b"%PDF", b"\x89PNG")), (who, state)
    assert there.kept() == before


def test_what_is_forbidden_reads_as_what_does_not_exist(there: There) -> None:
    """By its words; the deleted matter is one that does not exist."""
    browser = there.server.browser()
    browser.cookies.set("pincite_session", there.server.workspace.sessions.start(there.people["walled"]))
    told = set()
    for ids in (there.ids["active"], there.ids["archived"], there.ids["deleted"]):
        for path in ("people", "audit", f"documents/{ids['document']}/text?span=0-9"):
            answer = browser.get(f"/matters/{ids['matter']}/{path}")
            told.add(
                (path[:9], answer.status_code, answer.text.replace(ids["matter"], "…").replace(ids["document"], "…"))
            )
    assert len(told) == 3


def test_nobody_is_refused_with_more_than_a_sentence(there: There) -> None:
    with pytest.raises(NotAllowed) as error:
        list(Caller(there.server.workspace, there.people["stranger"]).run(record.VerifyAudit()))
    assert str(error.value) == "You do not have access to this."
