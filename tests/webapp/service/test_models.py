"""Language models to choose from: found, listed, fetched, broken off, resumed, refused, tested, used; by whom."""

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gguf import make_gguf
from tests.webapp.fake_engine import FakeEngine, Reply, ThinkingEngine
from tests.webapp.fake_hub import FakeHub
from tests.webapp.llm.test_downloads import DATA, MODEL
from tests.webapp.page.pages import Page, elements
from webapp.core.errors import (
    EngineAway,
    ModelDamaged,
    ModelNotFetched,
    ModelsBusy,
    ModelUnusable,
    NoModelChosen,
    NoSuchModel,
    NotAllowed,
)
from webapp.core.results import ModelRow, ModelTestRow, Row
from webapp.core.settings import load_settings
from webapp.core.stream import Event, Result
from webapp.llm.choice import Choice, keep_choice, read_choice
from webapp.llm.pool import EnginePool
from webapp.service.caller import Caller
from webapp.service.model_commands import FetchModel, ListModels, TestModel, UseModel
from webapp.service.models import Models, Work
from webapp.service.workspace import Workspace
from webapp.store.audit import Act, Wanted
from webapp.store.users import LOCAL_USER, User

RIGHT = ["“within forty-five (45) days ", "after it receives the invoice” [1]"]
BEN = User("ben", "Ben")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with FakeHub({MODEL.path: DATA}) as hub:
        yield hub


@pytest.fixture
def ollama() -> Iterator[FakeEngine]:
    with FakeEngine("ollama", window=8192) as server:
        yield server


@pytest.fixture
def workspace(tmp_path: Path, hub: FakeHub, ollama: FakeEngine) -> Iterator[Workspace]:
    with Workspace(load_settings(data_dir=tmp_path)) as workspace:
        workspace.models = Models(workspace, hub=hub.url, ports=[ollama.port], downloads=[MODEL])
        yield workspace


def rows(workspace: Workspace) -> list[tuple[str, str, bool]]:
    return [(row.name, row.kind, row.in_use) for row in workspace.models.offered(LOCAL_USER)]


def run(workspace: Workspace, command: ListModels | FetchModel | UseModel | TestModel) -> list[Event[Row]]:
    return list(Caller(workspace, LOCAL_USER).run(command))


def test_a_local_server_is_found_used_at_once_and_after_the_next_start(
    workspace: Workspace, ollama: FakeEngine, tmp_path: Path
) -> None:
    assert rows(workspace) == [("ollama/saul:7b", "server", False), ("small", "download", False)]
    assert asyncio.run(workspace.engine_pool.state()) == "none"
    [used] = run(workspace, UseModel("ollama/saul:7b"))
    assert isinstance(used, Result)
    assert used.row == ModelRow(name="ollama/saul:7b", kind="server", server="Ollama", window=8192, in_use=True)
    assert asyncio.run(workspace.engine_pool.state()) == "ready"
    assert [entry.act for entry in workspace.audit.each(Wanted())][-1] == Act.SETTINGS
    ollama.enqueue(Reply(RIGHT))
    [_, tested] = run(workspace, TestModel())
    assert isinstance(tested, Result)
    row = tested.row
    assert isinstance(row, ModelTestRow)
    assert (row.engine, row.window, row.right, row.cited) == ("ollama saul:7b", 8192, True, True)
    assert row.answer == "".join(RIGHT)
    assert ollama.asked[-1]["model"] == "saul:7b"
    after = EnginePool(load_settings(data_dir=tmp_path), read_choice(tmp_path))
    assert asyncio.run(after.state()) == "ready"
    run(workspace, UseModel("none"))
    assert rows(workspace)[0] == ("ollama/saul:7b", "server", False)
    assert asyncio.run(workspace.engine_pool.state()) == "none"
    with pytest.raises(NoModelChosen):
        run(workspace, TestModel())


def test_a_model_is_fetched_broken_off_gone_on_with_and_listed_as_a_file(workspace: Workspace, hub: FakeHub) -> None:
    hub.breaks_after = 1_000_000
    with pytest.raises(ModelNotFetched):
        run(workspace, FetchModel("small"))
    *progress, got = run(workspace, FetchModel("small"))
    assert isinstance(got, Result)
    assert got.row == ModelRow(name="small.gguf", kind="file", bytes=len(DATA), licence="MIT")
    assert progress
    assert hub.asked[1][1].startswith("bytes=")
    assert rows(workspace) == [("ollama/saul:7b", "server", False), ("small.gguf", "file", False)]
    folder = workspace.settings.models_folder
    assert hashlib.sha256((folder / "small.gguf").read_bytes()).hexdigest() == MODEL.sha256
    workspace.models.use(LOCAL_USER, "small")
    assert read_choice(workspace.settings.data_dir) == Choice("small.gguf", file=str(folder / "small.gguf"))


def test_a_wrong_digest_is_refused_and_nothing_is_left(workspace: Workspace, hub: FakeHub) -> None:
    hub.files[MODEL.path] = DATA[:-1] + b"?"
    with pytest.raises(ModelDamaged):
        run(workspace, FetchModel("small"))
    assert not list(workspace.settings.models_folder.glob("*small.gguf*[!k]"))


def test_what_is_not_there_cannot_be_used(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(NoSuchModel):
        workspace.models.use(LOCAL_USER, "ollama/other")
    with pytest.raises(ModelUnusable, match="has to be fetched first, by `pincite model get small`"):
        workspace.models.use(LOCAL_USER, "small")
    with pytest.raises(NoSuchModel):
        run(workspace, FetchModel("../../etc/passwd"))
    text = tmp_path / "text.gguf"
    text.write_text("no model")
    with pytest.raises(ModelUnusable, match="is no language model in GGUF"):
        run(workspace, UseModel(str(text)))
    assert read_choice(tmp_path) is None


def test_a_path_is_taken_by_the_command_alone(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "elsewhere" / "mine.gguf"
    file.parent.mkdir()
    file.write_bytes(DATA)
    page = Page(workspace, LOCAL_USER)
    for act in ("use-model", "fetch-model"):
        with pytest.raises(NoSuchModel):
            page.do(act, model=str(file))
    page.do("test-model", model=str(file))
    work = workspace.models.work
    assert work
    work.wait(20)
    assert isinstance(work.error, NoSuchModel)
    [used] = run(workspace, UseModel(str(file)))
    assert isinstance(used, Result)
    assert isinstance(used.row, ModelRow)
    assert (used.row.name, used.row.in_use) == ("mine.gguf", True)
    assert rows(workspace)[0] == ("mine.gguf", "file", True)


def test_the_environment_comes_before_a_choice_and_says_so(tmp_path: Path, ollama: FakeEngine) -> None:
    with Workspace(load_settings(data_dir=tmp_path, llm_url="http://127.0.0.1:1")) as workspace:
        workspace.models = Models(workspace, ports=[ollama.port], downloads=[])
        row = workspace.models.use(LOCAL_USER, "ollama/saul:7b")
        assert (row.in_use, row.note) == (False, "PINCITE_LLM_URL is set, and comes before it")
        setting, _ = workspace.models.offered(LOCAL_USER)
        assert (setting.name, setting.kind, setting.in_use) == ("PINCITE_LLM_URL", "setting", True)
        with pytest.raises(EngineAway):
            run(workspace, TestModel())
        page = Page(workspace, LOCAL_USER)
        page.do("models")
        assert "is set where pincite was started" in page.shown["models"]
        assert "use-model" not in page.shown["models"]


def test_a_choice_that_is_no_address_of_this_machine_is_none(tmp_path: Path) -> None:
    for choice in (Choice("x", "http://10.0.0.7:8080", "m"), Choice("x"), Choice("x", "file:///etc/passwd")):
        keep_choice(tmp_path, choice)
        assert read_choice(tmp_path) is None
    for text in ("", "[]", '{"name": 1, "file": 2}', '{"name": "x", "more": 1}', "[" * 5000):
        (tmp_path / "model.json").write_text(text)
        assert read_choice(tmp_path) is None
    keep_choice(tmp_path, None)
    assert not any(tmp_path.iterdir())


def test_only_an_administrator_chooses_a_model(workspace: Workspace) -> None:
    workspace.welcome(BEN)
    page = Page(workspace, BEN)
    assert page.shown["models"] == ""
    for act, fields in (
        ("models", {}),
        ("use-model", {"model": "ollama/saul:7b"}),
        ("test-model", {"model": "ollama/saul:7b"}),
        ("fetch-model", {"model": "small"}),
        ("stop-model", {}),
    ):
        with pytest.raises(NotAllowed):
            page.do(act, **fields)
    assert page.do("hide-models")["models"] == ""
    assert read_choice(workspace.settings.data_dir) is None


def buttons(page: Page) -> list[str]:
    return [
        f"{each.attributes['data-do']} {each.attributes.get('data-model', '')}".strip()
        for each in elements(page.shown["models"])
        if "data-do" in each.attributes
    ]


def ended(workspace: Workspace) -> Work:
    work = workspace.models.work
    assert work
    work.wait(20)
    assert work.is_over
    return work


def test_on_the_page_a_model_is_fetched_used_and_tested(workspace: Workspace, hub: FakeHub, ollama: FakeEngine) -> None:
    page = Page(workspace, LOCAL_USER)
    assert buttons(page) == ["models"]
    page.do("models")
    offered = ["use-model ollama/saul:7b", "test-model ollama/saul:7b", "models", "fetch-model small"]
    assert buttons(page) == ["hide-models", *offered]
    page.do("fetch-model", model="small")
    ended(workspace)
    page.take(page.controller.sidebar(page.state))
    assert "small is here, and can be used." in page.shown["models"]
    assert "use-model small.gguf" in buttons(page)
    page.do("use-model", model="ollama/saul:7b")
    assert "In use" in page.shown["models"]
    assert "use-model none" in buttons(page)
    ollama.enqueue(Reply(["Within 45 <days> "]))
    page.do("test-model", model="ollama/saul:7b")
    ended(workspace)
    page.take(page.controller.sidebar(page.state))
    assert "The answer is right, but cites no passage." in page.shown["models"]
    assert "a window of 8,192 tokens" in page.shown["models"]
    assert "Within 45 &lt;days&gt;" in page.shown["models"]
    page.do("hide-models")
    assert "Change the model" in page.shown["models"]
    assert buttons(page) == ["models"]


def test_what_goes_wrong_is_told_on_the_page(workspace: Workspace, hub: FakeHub) -> None:
    page = Page(workspace, LOCAL_USER)
    page.do("models")
    hub.breaks_after = 100
    page.do("fetch-model", model="small")
    ended(workspace)
    page.take(page.controller.sidebar(page.state))
    assert "it goes on where it stopped" in page.shown["models"]


def test_one_thing_is_done_at_a_time_and_can_be_stopped(workspace: Workspace, ollama: FakeEngine) -> None:
    ollama.enqueue(Reply(RIGHT, first=1))
    page = Page(workspace, LOCAL_USER)
    page.do("models")
    page.do("test-model", model="ollama/saul:7b")
    assert "Asking a sample question" in page.shown["models"]
    assert buttons(page) == ["hide-models", "stop-model", "use-model ollama/saul:7b", "models"]
    with pytest.raises(ModelsBusy):
        page.do("fetch-model", model="small")
    page.do("stop-model")
    ended(workspace)


def test_a_model_that_thinks_is_tested_with_room_for_it(workspace: Workspace, hub: FakeHub) -> None:
    with ThinkingEngine("vllm", thoughts=500, answer="In 45 days [1].") as server:
        workspace.models = Models(workspace, hub=hub.url, ports=[server.port], downloads=[])
        [_, tested] = run(workspace, TestModel("vllm/legal/saul-slerp"))
        assert isinstance(tested, Result)
        assert isinstance(tested.row, ModelTestRow)
        assert (tested.row.thinks, tested.row.right) == (True, True)


@pytest.mark.slow
def test_a_model_in_a_file_is_tested_and_used_by_the_embedded_server(workspace: Workspace) -> None:
    folder = workspace.settings.models_folder
    folder.mkdir()
    make_gguf(folder / "noise.gguf")
    [_, tested] = run(workspace, TestModel("noise.gguf"))
    assert isinstance(tested, Result)
    assert isinstance(tested.row, ModelTestRow)
    assert (tested.row.engine, tested.row.window, tested.row.right) == ("embedded noise", 4096, False)
    pool = workspace.engine_pool
    pool.start()
    run(workspace, UseModel("noise.gguf"))
    pool.wait(60)
    assert asyncio.run(pool.state()) == "ready"
    run(workspace, UseModel("none"))
    assert asyncio.run(pool.state()) == "none"
