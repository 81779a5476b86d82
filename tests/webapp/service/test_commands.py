"""The commands: everything that is made of one is there, and a server carries each out as this process does."""

import ast
import hashlib
import inspect
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from pydantic import TypeAdapter

from tests.pdfs import make_pdf
from tests.webapp.commands import ROOT
from tests.webapp.embeddings import embeddings
from tests.webapp.fake_engine import FakeEngine
from webapp.cli.client import Client
from webapp.cli.output import show
from webapp.core.data_folder import RunningServer
from webapp.core.results import AnswerResult, Row, SummaryResult
from webapp.core.settings import Settings, load_settings
from webapp.core.stream import Event, Progress, Result, encoded
from webapp.service.caller import Caller
from webapp.service.command import Command, FileCommand
from webapp.service.command_table import COMMANDS
from webapp.service.commands import (
    Accept,
    Ask,
    Compare,
    CreateMatter,
    DeleteMatter,
    FindMentions,
    Follow,
    Jobs,
    ListDocuments,
    ListMatters,
    Reindex,
    Remove,
    Search,
    Summarise,
)
from webapp.service.conversation_commands import ExportConversation, ListConversations, RenameConversation
from webapp.service.model_commands import FetchModel, ListModels, TestModel, UseModel
from webapp.service.people_commands import (
    AddUser,
    ChangeMembers,
    ChangeUser,
    Groups,
    ListMembers,
    ListUsers,
    SetPassword,
    Status,
)
from webapp.service.record_commands import Backup, ChangeArchive, ChangePrivilege, Hold, ReadAudit, Retain, VerifyAudit
from webapp.service.workspace import Workspace
from webapp.store.users import LOCAL_USER
from webapp.web.command_routes import cli_app

TOKEN = "t" * 43
LEASE = ["1. Rent. The monthly rent is $4,200.", "2. Governing law. The laws of Ireland govern this Lease."]
SHOWN_OTHERWISE = {"accept", "follow"}  # `add` makes one result of both


@contextmanager
def _served(settings: Settings, workspace: Workspace) -> Iterator[Client]:
    app = cli_app(settings, TOKEN, lambda account: Caller(workspace, workspace.operator(account)))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            with closing(Client(RunningServer(url, TOKEN, url))) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(30)


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Caller, Client]]:
    """One workspace, through which commands are run in this process and over HTTP."""
    with embeddings() as url, FakeEngine("tgi") as engine:
        folder = tmp_path_factory.mktemp("data")
        settings = load_settings(data_dir=folder, embeddings_url=url, llm_url=engine.url, max_file_mib=1)
        with Workspace(settings) as workspace, _served(settings, workspace) as client:
            yield Caller(workspace, LOCAL_USER), client


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "lease.pdf"
    path.write_bytes(make_pdf(LEASE))
    return path


# The table


def test_every_class_of_a_command_is_in_the_table() -> None:
    def below(kind: type[Any]) -> Iterator[type[Any]]:
        for each in kind.__subclasses__():
            yield each
            yield from below(each)

    assert {kind for kind in below(Command) if not inspect.isabstract(kind)} == set(COMMANDS.values())


@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_command_takes_and_gives_has_a_schema(name: str) -> None:
    kind = COMMANDS[name]
    taken, given = TypeAdapter(kind).json_schema(), kind.result().model_json_schema(mode="serialization")
    assert set(taken["properties"]) == {field.name for field in fields(kind)}
    assert taken["description"] == kind.__doc__
    assert set(given["properties"]) == set(kind.result().model_fields)
    assert "Any" not in str(given)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_run_by_the_command_line_and_its_results_can_be_read(name: str) -> None:
    trees = [ast.parse(file.read_text("utf-8")) for file in (ROOT / "webapp" / "cli").glob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    made = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
    kind = COMMANDS[name]
    assert kind.__name__ in made
    assert name in SHOWN_OTHERWISE or show.dispatch(kind.result()) is not show.dispatch(Row)


CLIENT = "import sys, webapp.cli.client, webapp.service.command_table; print(*sys.modules)"


def test_a_client_loads_nothing_that_executes_a_command() -> None:
    told = subprocess.run([sys.executable, "-c", CLIENT], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(told.stdout.split())
    assert "webapp.service.people_commands" in loaded
    assert (
        loaded & {"alembic", "chromadb", "fastapi", "sqlalchemy", "tantivy", "uvicorn", "webapp.service.workspace"}
        == set()
    )


def test_the_command_line_shows_no_result_of_an_unknown_type() -> None:
    with pytest.raises(TypeError, match="Row has no way"):
        show(Row())


# Through a server and without


SAMPLES: tuple[Callable[[Path], Command[Any]], ...] = (
    lambda file: Accept(file, "lease.pdf", "Acme"),
    lambda file: Accept(file, "n" * 256, "Acme"),
    lambda file: Accept(file, "lease.pdf", "m" * 256),
    lambda file: Accept(file, "lease\udcff.pdf", "Acme"),
    lambda file: Accept(file.parent, "lease.pdf", "Acme"),
    lambda file: Accept(file.parent / "missing.pdf", "missing.pdf", "Acme"),
    lambda _: Follow("Acme", []),
    lambda _: Follow("Acme", ["0" * 64]),
    lambda _: Search("Acme", "Which law governs this lease?"),
    lambda _: Search("Acme", "Which law governs this lease?", "lease"),
    lambda _: Search("Acme", "Which law governs this lease?", "charter"),
    lambda _: Search("Acme", " "),
    lambda _: Search("Acme", "rent \udcff"),
    lambda _: FindMentions("Acme", "rent"),
    lambda _: FindMentions("Acme", "x" * 8_001),
    lambda _: Ask("Acme", "Which law governs this lease?"),
    lambda _: Ask("Nowhere", "Which law governs this lease?"),
    lambda _: Summarise("Acme", "lease"),
    lambda _: Summarise("Acme", "charter"),
    lambda _: Compare("Acme", "lease", "lease"),
    lambda _: Compare("Acme", "lease", "charter"),
    lambda _: Remove("Acme", "charter"),
    lambda _: Jobs("Acme"),
    lambda _: Jobs("Acme", "retry", "lease"),
    lambda _: Jobs("Nowhere", "pause"),
    lambda _: Reindex("Acme"),
    lambda _: Reindex("Nowhere"),
    lambda _: ListDocuments("Acme"),
    lambda _: ListDocuments("Nowhere"),
    lambda _: ListMatters(),
    lambda _: CreateMatter("Acme"),
    lambda _: DeleteMatter("Nowhere"),
    lambda _: ListUsers(),
    lambda _: AddUser("no address"),
    lambda _: SetPassword("nobody"),
    lambda _: ChangeUser("nobody", "disable"),
    lambda _: ListMembers("Acme"),
    lambda _: ListConversations("Acme", "law"),
    lambda _: RenameConversation("Acme", "0" * 32, "Law"),
    lambda _: ExportConversation("Acme", "0" * 32),
    lambda _: Status(),
    lambda _: ListMembers("Nowhere"),
    lambda _: ChangeMembers("Acme", "share", "Nobody"),
    lambda _: ChangeMembers("Acme", "unshare", "local"),
    lambda _: ChangeArchive("Acme", False),
    lambda _: ChangePrivilege("Acme", "lease", False),
    lambda _: Groups(),
    lambda _: Groups("add", "Nobodies", "local"),
    lambda file: Backup(str(file)),
    lambda _: Hold("Acme", False),
    lambda _: Retain("Acme"),
    lambda _: Retain("Acme", 0),
    lambda _: ReadAudit("Nowhere"),
    lambda _: VerifyAudit("no head"),
    lambda _: ListModels(),
    lambda _: FetchModel("no such model"),
    lambda _: UseModel("no such model"),
    lambda _: TestModel("no such model"),
)


def test_every_command_is_among_the_samples(file: Path) -> None:
    assert {type(sample(file)) for sample in SAMPLES} == set(COMMANDS.values())


def test_a_server_takes_a_file_that_has_no_length(doors: tuple[Caller, Client]) -> None:
    _, client = doors
    read, write = os.pipe()
    data = make_pdf(["Words that come through a pipe."])
    os.write(write, data)
    os.close(write)
    try:
        [accepted] = client.run(Accept(Path(f"/dev/fd/{read}"), "piped.pdf", "Pipes"))
    finally:
        os.close(read)
    assert isinstance(accepted, Result)
    assert accepted.row.document_id == hashlib.sha256(data).hexdigest()


@pytest.mark.slow
@pytest.mark.parametrize("sample", SAMPLES, ids=range(len(SAMPLES)))
def test_a_server_gives_the_events_and_the_errors_that_this_process_gives(
    doors: tuple[Caller, Client], file: Path, sample: Callable[[Path], Command[Any]]
) -> None:
    here, there = doors
    list(here.run(Accept(file, "lease.pdf", "Acme")))
    list(here.run(Search("Acme", "rent")))  # it is read and indexed
    assert _outcome(there.run(sample(file))) == _outcome(here.run(sample(file)))


def _outcome(events: Iterator[Event[Row]]) -> tuple[list[bytes], str, str]:
    """Events without progress and without sizes on disk, which change by the second; and the error that ends them."""
    told: list[bytes] = []
    try:
        for event in events:
            if not isinstance(event, Progress):
                told.append(re.sub(rb'bytes": \d+', b'bytes": 0', encoded(event)))
    except Exception as error:  # compared as it is told
        return told, str(error), getattr(error, "hint", type(error).__name__)
    return told, "", ""


def test_what_a_server_changes_is_changed(doors: tuple[Caller, Client], file: Path) -> None:
    here, there = doors
    [made] = _rows(there.run(CreateMatter("Zeta")))
    assert made in _rows(here.run(ListMatters()))
    [accepted] = _rows(there.run(Accept(file, "other name.pdf", "Zeta")))
    [document] = _rows(there.run(Follow("Zeta", [accepted.document_id])))
    assert (document.document, document.state, document.pages) == ("other name.pdf", "ready", 2)
    [removed] = _rows(there.run(Remove("Zeta", "other")))
    assert removed.document_id == accepted.document_id
    assert [deleted.name for deleted in _rows(there.run(DeleteMatter("Zeta")))] == ["Zeta"]
    assert made not in _rows(here.run(ListMatters()))


def test_people_are_added_disabled_and_enabled_by_command(doors: tuple[Caller, Client]) -> None:
    here, there = doors
    [added] = _rows(there.run(AddUser("Ann@firm.example", "Ann", administrator=True)))
    assert (added.email, added.state, added.administrator) == ("ann@firm.example", "invited", True)
    page, _, key = added.link.partition("/set-password?key=")
    assert page == here.workspace.settings.page_url
    here.workspace.accounts.use_link(key, "ferry lantern osprey 7")
    [ben] = _rows(there.run(AddUser("ben@firm.example")))
    [reset] = _rows(there.run(SetPassword("ben@firm.example", "quarry thimble magpie 9")))
    assert (reset.state, reset.link, reset.name) == ("active", None, "ben@firm.example")
    [disabled] = _rows(there.run(ChangeUser(ben.id, "disable", hand_over_to="Ann")))
    assert disabled.state == "disabled"
    [enabled] = _rows(there.run(ChangeUser("ben@firm.example", "enable")))
    assert enabled.state == "active"
    assert [row.name for row in _rows(there.run(ListUsers()))] == ["Ann", "ben@firm.example"]
    for command, why in (
        (ChangeUser("Ann", "disable"), "only administrator"),
        (ChangeUser("local", "disable"), "nobody"),
        (SetPassword("Ann", "short"), "too short"),
        (ChangeUser("ben@firm.example", "disable", hand_over_to="zoe"), "zoe"),
    ):
        assert why in _outcome(there.run(command))[1]
    [still] = [row for row in _rows(here.run(ListUsers())) if row.id == ben.id]
    assert still.state == "active"


@pytest.mark.slow
@pytest.mark.parametrize("asked", [Ask("New", "Which law governs this lease?"), Summarise("New", "lease")])
def test_a_server_waits_for_the_document_as_this_process_does(
    doors: tuple[Caller, Client], file: Path, asked: Command[AnswerResult | SummaryResult]
) -> None:
    for run in (door.run for door in doors):
        list(run(Accept(file, "lease.pdf", "New")))
        events = list(run(asked))
        assert isinstance(events[0], Progress)
        assert [row.searched.pages for row in _rows(iter(events))] == [2]
        list(run(DeleteMatter("New")))


def _rows(events: Iterator[Event[Any]]) -> list[Any]:
    return [event.row for event in events if isinstance(event, Result)]


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_no_such_command_is_answered_with_what_is_wrong_and_not_with_its_words(
    doors: tuple[Caller, Client], name: str
) -> None:
    _, there = doors
    kind = COMMANDS[name]
    if issubclass(kind, FileCommand):
        answers = [there._client.post(f"/cli/{name}", params={"zanzibar": "x"}, content=b"%PDF")]
    else:
        bodies = (b"", b"[]", b"\xff", b'{"matter": 1, "name": 1, "zanzibar": "\\ud800"}')
        answers = [there._client.post(f"/cli/{name}", content=body) for body in bodies]
    for answer in answers:
        assert answer.status_code == 422
        assert "zanzibar" not in answer.text


def test_the_address_of_a_file_names_none_of_the_servers(doors: tuple[Caller, Client], file: Path) -> None:
    _, there = doors
    sent = {"matter": "Acme", "name": "sent.pdf", "path": str(file)}
    answer = there._client.post("/cli/accept", params=sent, content=b"no PDF")
    assert "is not a PDF" in answer.text


def test_without_the_token_nothing_is_there(doors: tuple[Caller, Client]) -> None:
    _, there = doors
    for path in ("/cli/hello", *(f"/cli/{name}" for name in COMMANDS), "/openapi.json"):
        assert httpx2.post(str(there._client.base_url.join(path)), trust_env=False).status_code == 401
