"""What is recorded: every act and event of the page, every command and every route either writes the rows that its line
here names, or says why it writes none. A new one without a line fails.
"""

import ast
import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from retrieval import DocumentRecord, Matter, NoSuchMatter, Span
from tests.pdfs import make_pdf
from tests.webapp.commands import ROOT
from tests.webapp.fake_engine import FakeEngine, Reply
from tests.webapp.page.pages import Page, ready
from tests.webapp.serving import Running, running, text_url
from webapp.core.errors import NotAllowed, OnHold
from webapp.core.results import read_turn
from webapp.core.settings import load_settings
from webapp.core.urls import audit_url, changes_url, export_url, page_url, pdf_url, words_url
from webapp.page.acts import ACTS
from webapp.page.controller import Controller
from webapp.page.handlers import Handlers
from webapp.page.state import PageState
from webapp.service.caller import Caller
from webapp.service.command import Command
from webapp.service.command_table import COMMANDS
from webapp.service.commands import (
    Accept,
    Ask,
    Compare,
    CreateMatter,
    DeleteMatter,
    FindMentions,
    Remove,
    Search,
    Summarise,
)
from webapp.service.conversation_commands import ExportConversation
from webapp.service.health import Health
from webapp.service.model_commands import UseModel
from webapp.service.people_commands import AddUser, ChangeMembers, ChangeUser, Groups, SetPassword
from webapp.service.record_commands import Backup, ChangeArchive, ChangePrivilege, Hold, ReadAudit, Retain
from webapp.service.startup import Startup
from webapp.service.workspace import Workspace
from webapp.store.audit import Act, Entry, Wanted
from webapp.store.notes import Note
from webapp.store.users import LOCAL_USER, User

DELETES = (
    "delete-matter",
    "delete",
    "remove",
    "undo",
    "delete-note",
    "again",
    "read-on",
    "delete_matter",
    "archive",
    "change_members",
)
ANSWER = "“The monthly rent is $4,200” [1]."
TEXT = "1. Rent. The monthly rent is $4,200, due on the first day of each month."
QUESTION = "What is the monthly rent?"
ANSWERED = (Act.QUESTION, Act.READ)
REPLACED = (Act.DELETE, *ANSWERED)
NAMES_ALONE = "it shows names and states, no words of a document"
MODELS_ALONE = "it shows language models, and no words of a document are sent to one"
OF_MODELS = {"models", "hide-models", "use-model", "test-model", "fetch-model", "stop-model"}
OWN = "it changes what its user alone sees, and no words are read for it"
WHEN = "it changes when a document is read into the indexes, not what is in the matter or who sees it"

# Of the acts of elements of the page: the rows that each writes, or why it writes none.
PAGE: dict[str, tuple[Act, ...] | str] = {
    "matter": NAMES_ALONE,
    "new-matter": (Act.CREATE,),
    "delete-matter": (Act.DELETE,),
    "open": (Act.CONVERSATION,),
    "new": OWN,
    "share": (Act.SHARE,),
    "delete": (Act.DELETE,),
    "models": MODELS_ALONE,
    "hide-models": OWN,
    "use-model": (Act.SETTINGS,),
    "test-model": MODELS_ALONE,
    "fetch-model": (Act.SETTINGS,),
    "stop-model": MODELS_ALONE,
    "pause": WHEN,
    "resume": WHEN,
    "retry": WHEN,
    "remove": (Act.REMOVE,),
    "privilege": (Act.PRIVILEGE,),
    "undo": (Act.UNDO,),
    "rename": OWN,
    "search": "it lists the titles of conversations, which the page shows anyway",
    "lists": NAMES_ALONE,
    "summary": (Act.SUMMARY,),
    "scope": OWN,
    "only": OWN,
    "example": ANSWERED,
    "find": (Act.SEARCH,),
    "ready": ANSWERED,
    "keep": "it leaves a question as it was",
    "meant": ANSWERED,
    "finished": "it shows what was recorded when it began",
    "again": REPLACED,
    "read-on": REPLACED,
    "alone": ANSWERED,
    "edit": OWN,
    "rate": OWN,
    "cite": (Act.CITATION,),
    "beside": (Act.CITATION,),
    "read-document": (Act.PAGE,),
    "go-to-page": (Act.PAGE,),
    "find-in-document": (Act.SEARCH, Act.PAGE),
    "close-document": "it shows the citation that was shown before",
    "note": (Act.NOTE, Act.PAGE),
    "edit-note": (Act.NOTE, Act.PAGE),
    "delete-note": (Act.DELETE, Act.PAGE),
    "go": (Act.PAGE, Act.CONVERSATION),
}
# They name nothing of another's: of chosen documents, those that are not in the matter are dropped.
NAMES_NOTHING = {
    *("close-document", "new-matter", "new", "scope", "only", "example", "find", "ready", "keep", "meant", "search"),
    *("lists", "undo", "finished", *OF_MODELS),
}
# Of the events of the page.
EVENTS: dict[str, tuple[Act, ...] | str] = {
    "load": (Act.CONVERSATION,),
    "ask": ANSWERED,
    "find": (Act.SEARCH,),
    "act": "its acts are above",
    "stop": "it ends what its user began, which was recorded",
    "upload": (Act.UPLOAD,),
    "look": NAMES_ALONE,
    "has_changed": NAMES_ALONE,
}


@dataclass
class Place:
    """A matter of Ann's with two documents and a conversation, which each test may change."""

    workspace: Workspace
    engine: FakeEngine
    matter: Matter
    records: list[DocumentRecord]
    page: Page
    note: Note

    def since(self, last: int) -> list[Entry]:
        return list(self.workspace.audit.each(Wanted(after=last)))

    @property
    def last(self) -> int:
        [newest] = self.workspace.audit.entries(Wanted(), 1, newest_first=True)
        return newest.seq


ANN, BEN = User("ann", "Ann"), User("ben", "Ben")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, engine: FakeEngine, embeddings_url: str) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("data")
    settings = load_settings(
        data_dir=folder, access="behind-proxy", embeddings_url=embeddings_url, llm_url=engine.url, max_file_mib=1
    )
    with Workspace(settings) as workspace:
        for user in (ANN, BEN, LOCAL_USER):
            workspace.welcome(user)
        yield workspace


numbers = iter(range(1000))


def _made(workspace: Workspace, engine: FakeEngine) -> Place:
    number = next(numbers)
    matter = workspace.create_matter(ANN, f"Matter {number}")
    records = [ready(workspace, matter, f"{name}.pdf", f"{TEXT} {name} {number}") for name in ("one", "two")]
    page = Page(workspace, ANN, matter.id)
    engine.enqueue(Reply([ANSWER]))
    page.ask(QUESTION)
    span = Span(records[0].id, 0, 7)
    note = workspace.notes.add(ANN, matter.id, span, records[0].text_version, "Ask for less rent.", shared=False)
    return Place(workspace, engine, matter, records, page, note)


@pytest.fixture(scope="module")
def kept(workspace: Workspace, engine: FakeEngine) -> Place:
    """For what deletes nothing."""
    return _made(workspace, engine)


@pytest.fixture
def fresh(workspace: Workspace, engine: FakeEngine) -> Place:
    """One of its own."""
    return _made(workspace, engine)


@pytest.fixture
def place(request: pytest.FixtureRequest, workspace: Workspace, engine: FakeEngine) -> Place:
    """One of its own for what deletes something of it, else the same for all."""
    name = getattr(request.node, "callspec", None) and request.node.callspec.params.get("name")
    return _made(workspace, engine) if name in DELETES else request.getfixturevalue("kept")


def _acts(entries: list[Entry]) -> tuple[str, ...]:
    """The acts of rows, each once: an answer may be read from passages in several rows."""
    return tuple(dict.fromkeys(entry.act for entry in entries))


def _ids(place: Place, act: str = "") -> dict[str, str]:
    conversation = place.page.state.conversation_id
    return {
        "matter": place.matter.id,
        "value": place.matter.id,
        "conversation": conversation,
        "document": place.records[0].id,
        "documents": place.records[0].id,
        "turn": place.page.turns()[-1].id,
        "question": QUESTION,
        "share": "yes",
        "rating": "1",
        "item": "0",
        "model": "granite-4.1-3b" if act == "fetch-model" else "none",
        "on": "yes",
        "words": "rent",
        "note": place.note.id,
        "address": f"matter={place.matter.id}&conversation={conversation}&document={place.records[0].id}",
    }


def test_every_act_and_event_of_the_page_has_a_line() -> None:
    assert set(PAGE) == set(ACTS)
    assert set(EVENTS) == {name for name in vars(Handlers) if not name.startswith("_")}


@pytest.mark.parametrize("name", ACTS)
def test_an_act_of_the_page_writes_its_rows(place: Place, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    ids, user = _ids(place, name), LOCAL_USER if name in OF_MODELS else ANN
    fields = {field: ids[field] for field in ACTS[name].fields if field in ids}
    if name == "new-matter":
        fields["value"] = f"New {next(numbers)}"
    if name in ("pause", "resume", "retry"):
        place.workspace.library.accept(place.matter.id, "three.pdf", make_pdf(["three"]))
    if name == "undo":
        place.page.do("remove", document=place.records[0].id)
        fields["removal"] = place.workspace.removals.of(ANN)[0].id
    last = place.last
    place.engine.enqueue(Reply([ANSWER]))
    page = Page(place.workspace, user)
    page.take(page.controller.whole_page(place.page.state if user == ANN else page.state))
    page.do(name, **fields)
    if (work := place.workspace.models.work) is not None:
        work.wait(20)
    place.engine.next_reply()  # where the act asks nothing, it is left
    told, rows = PAGE[name], place.since(last)
    assert _acts(rows) == (told if isinstance(told, tuple) else ())
    assert {entry.user_id for entry in rows} <= {user.id}
    if name not in ("new-matter", *OF_MODELS):
        assert {(entry.matter_id, entry.matter_name) for entry in rows} <= {(place.matter.id, place.matter.name)}
    assert QUESTION not in str(rows)
    assert ".pdf" not in str(rows)


def test_an_answer_is_recorded_by_the_id_of_its_turn_and_the_documents_that_were_read(fresh: Place) -> None:
    turn = fresh.page.turns()[-1]
    rows = fresh.workspace.audit.each(Wanted(fresh.matter.id))
    asked, read, *_ = [entry for entry in rows if entry.object == turn.id]
    assert (asked.act, read.act) == ANSWERED
    assert set(read.documents) == {record.id for record in fresh.records}


def _served(place: Place, tab_user: User) -> Handlers:
    """Handlers of the page for one user."""

    class Controllers:
        ready = True

        async def of(self, _: object, *, active: bool = False) -> Any:
            return Controller(place.workspace, tab_user, place.page.running, place.page.uploads)

        def turn(self, request: object, *, active: bool = False) -> Any:
            from contextlib import asynccontextmanager

            @asynccontextmanager
            async def turn() -> Any:
                yield await self.of(request)

            return turn()

    startup = Startup(place.workspace.settings)
    startup.workspace = place.workspace
    return Handlers(Controllers(), Health(startup))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(set(ACTS) - NAMES_NOTHING))
def test_an_act_on_what_is_anothers_is_recorded_as_refused(place: Place, name: str) -> None:
    from webapp.page.state import Tab

    handlers, tab = _served(place, BEN), Tab()
    tab.state = PageState(opened=True)
    fields = {field: _ids(place)[field] for field in ACTS[name].fields if field in _ids(place)}
    last = place.last
    asyncio.run(handlers.act(tab, {"do": name, **fields}, None))  # type: ignore[arg-type]
    rows = [entry for entry in place.since(last) if entry.act == Act.REFUSAL]
    assert [entry.user_id for entry in rows] == ["ben"]
    assert {rows[0].matter_id, rows[0].object} & set(_ids(place).values())


def test_a_page_that_is_opened_is_recorded_and_one_that_is_anothers_as_refused(place: Place) -> None:
    state = place.page.state
    last = place.last
    Page(place.workspace, ANN).controller.open(state)
    assert _acts(place.since(last)) == EVENTS["load"]
    for foreign in (PageState(matter_id=place.matter.id), PageState(conversation_id=state.conversation_id)):
        last = place.last
        Controller(place.workspace, BEN, place.page.running, place.page.uploads).open(foreign)
        [row] = place.since(last)
        assert (row.act, row.user_id) == (Act.REFUSAL, "ben")


def test_a_search_and_an_upload_of_the_page_are_recorded(fresh: Place, tmp_path: Path) -> None:
    last = fresh.last
    asyncio.run(fresh.page.controller.find_mentions(fresh.page.state, "rent"))
    [row] = fresh.since(last)
    assert (row.act, set(row.documents)) == (Act.SEARCH, {record.id for record in fresh.records})
    file = tmp_path / "four.pdf"
    file.write_bytes(make_pdf(["four"]))
    last = fresh.last
    added = fresh.workspace.accept(ANN, fresh.matter, file)
    assert [(row.act, row.object) for row in fresh.since(last)] == [(Act.UPLOAD, added.id)]


def test_under_a_hold_nothing_of_the_matter_is_deleted(fresh: Place) -> None:
    workspace, page = fresh.workspace, fresh.page
    workspace.retention.hold(ANN, fresh.matter.id, hold=True)
    conversation = workspace.conversations.own(ANN, page.state.conversation_id)
    last = fresh.last
    deletions: tuple[Callable[[], object], ...] = (
        lambda: page.do("delete-matter", matter=fresh.matter.id),
        lambda: page.do("delete", conversation=conversation.id),
        lambda: page.do("remove", document=fresh.records[0].id),
        lambda: page.do("delete-note", document=fresh.records[0].id, note=fresh.note.id),
        lambda: page.do("again", turn=page.turns()[-1].id),
        lambda: workspace.conversations.delete(ANN, conversation.id),
        lambda: workspace.conversations.cut(ANN, page.turns()[-1].id),
        lambda: workspace.conversations.drop(fresh.matter.id, conversation.id),
        lambda: list(Caller(workspace, ANN).run(Remove(fresh.matter.id, "one"))),
        lambda: list(Caller(workspace, ANN).run(DeleteMatter(fresh.matter.id))),
    )
    for delete in deletions:
        with pytest.raises(OnHold, match="on legal hold"):
            delete()
    assert fresh.since(last) == []
    assert len(page.turns()) == 1
    workspace.retention.hold(ANN, fresh.matter.id, hold=False)
    page.do("remove", document=fresh.records[0].id)


# Commands

Sample = Callable[[Place, Path], Command[Any]]
RECORDED: dict[str, tuple[Sample, tuple[Act, ...]]] = {
    "accept": (lambda p, file: Accept(file, "file.pdf", p.matter.id), (Act.UPLOAD,)),
    "search": (lambda p, _: Search(p.matter.id, "rent"), (Act.SEARCH,)),
    "mentions": (lambda p, _: FindMentions(p.matter.id, "rent"), (Act.SEARCH,)),
    "ask": (lambda p, _: Ask(p.matter.id, QUESTION), ANSWERED),
    "summary": (lambda p, _: Summarise(p.matter.id, "one"), (Act.SUMMARY,)),
    "compare": (lambda p, _: Compare(p.matter.id, "one", "two"), (Act.COMPARE,)),
    "remove": (lambda p, _: Remove(p.matter.id, "one"), (Act.REMOVE,)),
    "create_matter": (lambda p, _: CreateMatter(f"New {next(numbers)}"), (Act.CREATE,)),
    "delete_matter": (lambda p, _: DeleteMatter(p.matter.id), (Act.DELETE,)),
    "change_members": (lambda p, _: ChangeMembers(p.matter.id, "share", "ben"), (Act.ROLE,)),
    "archive": (lambda p, _: ChangeArchive(p.matter.id), (Act.ARCHIVE,)),
    "privilege": (lambda p, _: ChangePrivilege(p.matter.id, "one"), (Act.PRIVILEGE,)),
    "groups": (lambda p, _: Groups("create", f"Group {next(numbers)}"), (Act.GROUP,)),
    "export_conversation": (
        lambda p, _: ExportConversation(p.matter.id, p.page.state.conversation_id),
        (Act.EXPORT,),
    ),
    "hold": (lambda p, _: Hold(p.matter.id, False), (Act.HOLD,)),
    "retain": (lambda p, _: Retain(p.matter.id, 30), (Act.RETENTION,)),
    "audit": (lambda p, _: ReadAudit(p.matter.id), (Act.LOG,)),
    "add_user": (lambda *_: AddUser(f"person{next(numbers)}@firm.example"), (Act.ACCOUNT,)),
    "password": (lambda *_: SetPassword("ben"), (Act.ACCOUNT,)),
    "change_user": (lambda *_: ChangeUser("ben", "enable"), (Act.ACCOUNT,)),
    "backup": (lambda _, file: Backup(str(file.parent / "backup")), (Act.BACKUP,)),
    "use_model": (lambda *_: UseModel("none"), (Act.SETTINGS,)),
}
NOT_RECORDED: dict[str, str] = {
    "follow": "it waits for what was recorded when it was added",
    "documents": NAMES_ALONE,
    "jobs": WHEN + "; what it cancels is recorded as a removed document",
    "reindex": WHEN,
    "matters": NAMES_ALONE,
    "members": NAMES_ALONE,
    "conversations": "it shows titles; of what it searches no word",
    "rename_conversation": OWN,
    "users": NAMES_ALONE,
    "status": NAMES_ALONE,
    "models": MODELS_ALONE,
    "test_model": MODELS_ALONE,
    "fetch_model": "it is recorded as what the page does is, and needs the hub",
    "verify_audit": "it shows whether the log is whole, and no row of it",
}


def test_every_command_has_a_line() -> None:
    assert {*RECORDED, *NOT_RECORDED} == set(COMMANDS)


@pytest.mark.parametrize("name", RECORDED)
def test_a_command_writes_its_rows_and_is_recorded_as_refused_to_who_may_not(
    place: Place, name: str, tmp_path: Path
) -> None:
    file = tmp_path / "file.pdf"
    file.write_bytes(make_pdf([f"file of {name}"]))
    sample, told = RECORDED[name]
    command = sample(place, file)
    asks_for_it = getattr(command, "matter", None) or isinstance(command, DeleteMatter)
    if asks_for_it and name != "accept":  # which makes a matter of that name
        last = place.last
        with pytest.raises((NoSuchMatter, NotAllowed)):
            list(Caller(place.workspace, BEN).run(command))
        refused = [entry for entry in place.since(last) if entry.act == Act.REFUSAL]
        assert [(entry.user_id, entry.matter_id) for entry in refused] == [("ben", place.matter.id)]
    last = place.last
    user = ANN if asks_for_it or name == "create_matter" else LOCAL_USER  # the owner of the machine administers it
    list(Caller(place.workspace, user).run(command))
    rows = place.since(last)
    assert _acts(rows) == told
    assert {entry.user_id for entry in rows} == {user.id}
    assert "rent" not in str(rows)


# Routes

SIGNING_IN = "sign-in, its failure, sign-out and passwords are recorded, as test_sign_in shows; the forms are not"
SHARING = "Sharing records a change in one transaction with it, and accounts are recorded before they are changed"
ADDS = set("get post put patch delete route api_route websocket mount add_route add_api_route".split())
ROUTES: dict[str, tuple[Act, ...] | str] = {
    "document_routes: '/{document_id}/pages/{number}.png'": (Act.PAGE,),
    "document_routes: '/{document_id}/pages/{number}.json'": (Act.PAGE,),
    "document_routes: '/{document_id}.pdf'": (Act.ORIGINAL,),
    "document_routes: '/{document_id}/changes/{other_id}'": (Act.COMPARE,),
    "document_routes: '/{document_id}/text'": (Act.PAGE,),
    "palette_routes: '/matters/{matter_id}/palette'": NAMES_ALONE,
    "export_routes: EXPORT": (Act.EXPORT,),
    "draft_stream: DRAFT": "it shows what was recorded when it began; who may not is told by test_draft_stream",
    "audit_routes: audit_url('{matter_id}')": (Act.LOG,),
    "audit_routes: audit_url()": "told by test_audit_routes",
    "health: '/healthz'": "it tells nothing of any user",
    "health: '/readyz'": "it tells nothing of any user",
    "health: '/metrics'": "it tells nothing of any user",
    "command_routes: '/cli/hello'": "it tells nothing",
    "command_routes: path_of(name)": "the commands are above",
    **{
        f"sign_in_routes: {route}": SIGNING_IN
        for route in (
            "GET '/sign-in'",
            "POST '/sign-in'",
            "GET '/sign-in/provider'",
            "GET CALLBACK",
            "POST '/sign-out'",
            "GET '/signed-out'",
            "GET '/set-password'",
            "POST '/set-password'",
            "GET '/first-administrator'",
            "POST '/first-administrator'",
            "GET '/account'",
            "POST '/account/password'",
            "POST '/account/sign-out-everywhere'",
        )
    },
    "forms: STYLE_PATH": "it tells nothing",
    "people_routes: GET MATTER_PEOPLE": NAMES_ALONE,
    "people_routes: POST MATTER_PEOPLE": SHARING,
    "people_routes: GET ADMINISTRATION": NAMES_ALONE,
    "people_routes: POST ADMINISTRATION": SHARING,
    "people_routes: GET STATUS": NAMES_ALONE,
}
SECRET = "s" * 32


@dataclass
class Served:
    server: Running
    ann: httpx2.Client
    ben: httpx2.Client
    matter: Matter
    records: list[DocumentRecord]
    conversation: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, embeddings_url: str) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    settings = load_settings(data_dir=folder, access="behind-proxy", proxy_secret=SECRET, embeddings_url=embeddings_url)
    with running(settings) as server:
        ann, ben = (
            server.browser({"X-Forwarded-User": name, "X-Pincite-Proxy-Secret": SECRET}) for name in ("ann", "ben")
        )
        for browser in (ann, ben):  # who may not see all of it, and are known from now on
            assert browser.get(audit_url()).status_code == 403
        workspace = server.workspace
        [who] = [user for user in workspace.audit.people() if user.name == "ann"]
        matter = workspace.create_matter(who, "Acme")
        records = [ready(workspace, matter, f"{name}.pdf", f"{TEXT} {name}") for name in ("one", "two")]
        conversation = workspace.conversations.start(who, matter, "Rent")
        answer = read_turn({"answer": "It is due.", "found": True})
        workspace.conversations.add_turn(who, conversation.id, "Is it due?", answer, "complete")
        yield Served(server, ann, ben, matter, records, conversation.id)


def _addresses(served: Served) -> dict[str, str]:
    one, two = (record.id for record in served.records)
    return {
        "document_routes: '/{document_id}/pages/{number}.png'": page_url(served.matter.id, one, 1),
        "document_routes: '/{document_id}/pages/{number}.json'": words_url(served.matter.id, one, 1),
        "document_routes: '/{document_id}.pdf'": pdf_url(served.matter.id, one),
        "document_routes: '/{document_id}/changes/{other_id}'": changes_url(served.matter.id, one, two),
        "document_routes: '/{document_id}/text'": text_url(served.matter.id, one, [(0, 5)]),
        "export_routes: EXPORT": export_url(served.matter.id, served.conversation, "docx"),
        "audit_routes: audit_url('{matter_id}')": audit_url(served.matter.id),
    }


def _routes() -> Iterator[str]:
    """Every route of the server, by the words of its source: a call that adds one, or a line in a list of them."""
    for file in sorted((ROOT / "webapp").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name("router" | "app"), attr=added), args=[path, *_]):
                    if added in ADDS and ast.unparse(path) != "path":
                        yield f"{file.stem}: {ast.unparse(path)}"
                case ast.Tuple(elts=[ast.Constant("GET" | "POST" | "PUT" | "DELETE" as method), path, ast.Attribute()]):
                    yield f"{file.stem}: {method} {ast.unparse(path)}"


def test_every_route_has_a_line() -> None:
    assert set(_routes()) == set(ROUTES)


@pytest.mark.parametrize("path", [path for path, told in ROUTES.items() if isinstance(told, tuple)])
def test_a_route_writes_its_rows_and_is_recorded_as_refused_to_who_may_not(served: Served, path: str) -> None:
    log, address = served.server.workspace.audit, _addresses(served)[path]
    [newest] = log.entries(Wanted(), 1, newest_first=True)
    assert served.ann.get(address).status_code == 200
    rows = list(log.each(Wanted(after=newest.seq)))
    assert _acts(rows) == ROUTES[path]
    assert {(row.user_name, row.matter_id) for row in rows} == {("ann", served.matter.id)}
    assert served.ben.get(address).status_code == 404
    [row] = log.each(Wanted(after=rows[-1].seq))
    assert (row.act, row.user_name, row.matter_id) == (Act.REFUSAL, "ben", served.matter.id)


def test_a_page_that_the_browser_has_is_not_recorded_again(served: Served) -> None:
    address = page_url(served.matter.id, served.records[0].id, 1)
    tag = served.ann.get(address).headers["ETag"]
    log = served.server.workspace.audit
    before = len(list(log.each(Wanted())))
    assert served.ann.get(address, headers={"If-None-Match": tag}).status_code == 304
    assert len(list(log.each(Wanted()))) == before
