"""Language models to choose from: those of local servers, files, and downloads; uses, fetches and tests one.

For the owner of the machine and for administrators. A model is chosen by its name in the list; only a command takes the
path of a file. No address comes from a user.
"""

import asyncio
import re
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import aclosing, closing
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from retrieval import PinciteError
from webapp.answers.generate import Delta
from webapp.answers.prompt import SYSTEM, THINKING_SHARE, question_line
from webapp.core.errors import EngineThought, ModelsBusy, ModelUnusable, NoModelChosen, NoSuchModel
from webapp.core.log import log, user_error
from webapp.core.results import ModelRow, ModelTestRow
from webapp.core.settings import model_file
from webapp.core.stream import Progress
from webapp.llm.chat import Message
from webapp.llm.choice import Choice, keep_choice, overriding, read_choice
from webapp.llm.downloads import DOWNLOADS, Download, fetch, hub_of
from webapp.llm.local_servers import PORTS, LocalModel, local_models
from webapp.service.workspace import Workspace
from webapp.store.audit import Act
from webapp.store.users import User

if TYPE_CHECKING:
    from webapp.llm.pool import EnginePool

MOST_FILES = 200
MOST_TOKENS = 120  # of the sample answer
START_SECONDS = 120.0  # for a model in a file to be loaded: 5 GB from a disk
FOUND_SECONDS = 3.0  # between two looks for local servers, however many pages are open
LONGEST_NAME = 1_000  # characters of the name or path of a model
NONE = "none"  # the name under which the choice is taken back
QUESTION = "When must the Customer pay an invoice?"
_RIGHT = re.compile(r"\b45\b|forty[- ]five", re.IGNORECASE)
_PASSAGE = (
    "[1] Sample Agreement, Section 4.2 Payment\nThe Customer shall pay each undisputed invoice within forty-five (45) "
    "days after it receives the invoice, by bank transfer. Late amounts bear interest at one percent a month."
)
_MESSAGES = (Message("system", SYSTEM), Message("user", f"{_PASSAGE}\n{question_line(QUESTION)}"))


class Models:
    """The language models of one workspace. Thread-safe."""

    def __init__(
        self,
        workspace: Workspace,
        *,
        hub: str | None = None,
        ports: Sequence[int] = PORTS,
        downloads: Sequence[Download] = DOWNLOADS,
    ) -> None:
        """`hub`, `ports` and `downloads` may be those of stand-ins."""
        self._workspace, self._settings = workspace, workspace.settings
        self._hub, self._ports, self._downloads = hub or hub_of(), ports, downloads
        self._lock = threading.Lock()
        self._work: Work | None = None
        self._found: tuple[float, list[LocalModel]] | None = None  # when servers were looked for, and what was found

    def check(self, user: User) -> None:
        """Check that a user may choose the model. Raises NotAllowed."""
        self._workspace.sharing.check_administrator(user)

    def offered(self, user: User) -> list[ModelRow]:
        """The models, first those that can be used at once. Raises NotAllowed."""
        self.check(user)
        return self._rows()

    @property
    def in_use(self) -> str:
        """Name of the model that is chosen, or of the setting that names one; "" where answers quote the documents."""
        chosen = read_choice(self._settings.data_dir)
        return overriding(self._settings) or (chosen.name if chosen else "")

    def use(self, user: User, name: str, *, may_be_path: bool = False) -> ModelRow:
        """Have answers written by a model from now on, and after the next start; by none with NONE. Recorded.

        Raises NotAllowed, NoSuchModel and ModelUnusable.
        """
        self.check(user)
        choice = None if name == NONE else self._choice(name, may_be_path=may_be_path)
        self._workspace.audit.record(user, Act.SETTINGS, change="model")
        try:
            keep_choice(self._settings.data_dir, choice)
        except OSError as error:
            raise ModelUnusable(model=name, reason="the choice cannot be kept in the data folder") from error
        self._workspace.engine_pool.use(choice)
        over = overriding(self._settings)
        note = f"{over} is set, and comes before it" if over else ""
        if choice is None:
            return ModelRow(name=NONE, kind="none", note=note)
        [row] = [row for row in self._rows() if row.name == choice.name] or [ModelRow(name=choice.name, kind="file")]
        return row.model_copy(update={"note": note or row.note})

    def fetch(self, user: User, name: str) -> Generator[Progress]:
        """Fetch a model of the list of downloads; yields progress. Recorded. Closing the iterator stops it.

        Raises NotAllowed, NoSuchModel, and as it goes what `downloads.fetch` raises.
        """
        self.check(user)
        model = self._download(name)
        self._workspace.audit.record(user, Act.SETTINGS, change="model-fetched")
        return fetch(model, self._settings.models_folder, self._hub)

    def fetched(self, name: str) -> ModelRow:
        """The file that a download has become."""
        file = self._download(name).file
        return next((row for row in self._rows() if row.name == file), ModelRow(name=file, kind="file"))

    def begin_fetching(self, user: User, name: str) -> None:
        """`fetch` in the background. Raises ModelsBusy while something else is done there."""
        with self._lock:
            self._check_idle()
            self._work = Work("fetch", name, self.fetch(user, name))

    def begin_testing(self, user: User, name: str) -> None:
        """`test` in the background. Raises ModelsBusy while something else is done there."""

        def steps() -> Generator[ModelTestRow]:
            yield self.test(user, name)

        self.check(user)
        with self._lock:
            self._check_idle()
            self._work = Work("test", name, steps())

    def stop(self, user: User) -> None:
        """Stop what is done in the background; what has arrived of a download is kept."""
        self.check(user)
        with self._lock:
            if self._work is not None:
                self._work.stop()

    @property
    def work(self) -> "Work | None":
        """What is done in the background, or was done last."""
        return self._work

    def _check_idle(self) -> None:
        if self._work is not None and not self._work.is_over:
            raise ModelsBusy()

    def test(self, user: User, name: str = "", *, may_be_path: bool = False) -> ModelTestRow:
        """Ask a model, or the one in use, a question about a passage of ours. Raises NotAllowed, NoSuchModel,
        ModelUnusable and EngineError.
        """
        self.check(user)
        if not name:
            return asyncio.run(_asked(self._workspace.engine_pool))
        from webapp.llm.pool import EnginePool

        no_model = self._settings.model_copy(update={"llm_url": None, "llm_file": None})
        pool = EnginePool(no_model, self._choice(name, may_be_path=may_be_path))
        try:
            pool.start()
            pool.wait(START_SECONDS)
            return asyncio.run(_asked(pool))
        finally:
            pool.stop()

    def _rows(self) -> list[ModelRow]:
        chosen, over = read_choice(self._settings.data_dir), overriding(self._settings)
        in_use = chosen.name if chosen and not over else ""
        files, licences = self._files(), {each.file: each.licence for each in self._downloads}
        rows = [_server_row(model, in_use) for model in self._servers()]
        rows += [_file_row(path, in_use, licences.get(path.name, "")) for path in files]
        if chosen and chosen.name not in {row.name for row in rows}:
            rows.insert(0, _elsewhere(chosen, in_use))
        there = {path.name for path in files}
        rows += [_download_row(each, self._hub) for each in self._downloads if each.file not in there]
        if over:
            rows.insert(0, ModelRow(name=over, kind="setting", in_use=True, note="set, and comes before any choice"))
        return rows

    def _servers(self) -> list[LocalModel]:
        """The models of local servers, looked for at most every FOUND_SECONDS."""
        if self._found is None or time.monotonic() - self._found[0] > FOUND_SECONDS:
            self._found = time.monotonic(), local_models(self._ports)
        return self._found[1]

    def _files(self) -> list[Path]:
        """The GGUF files of the folder of models; of one in several files the first."""
        try:
            found = sorted(path for path in self._settings.models_folder.glob("[!.]*.gguf") if path.is_file())
        except OSError as error:
            log.warning("models folder", trace=str(error.errno))
            return []
        return [path for path in found if "-of-" not in path.stem or "-00001-of-" in path.stem][:MOST_FILES]

    def _download(self, name: str) -> Download:
        model = next((each for each in self._downloads if name in (each.name, f"get/{each.name}")), None)
        if model is None:
            raise _no_such(name)
        return model

    def _choice(self, name: str, *, may_be_path: bool) -> Choice:
        """What a name of the list stands for, or a path. Raises NoSuchModel and ModelUnusable."""
        if len(name) > LONGEST_NAME:
            raise _no_such(name)
        files = {path.name: path for path in self._files()}
        files |= {each.name: files[each.file] for each in self._downloads if each.file in files}
        if name in files:
            return _checked(files[name])
        if any(name == each.name for each in self._downloads):
            raise ModelUnusable(model=name, reason=f"it has to be fetched first, by `pincite model get {name}`")
        if may_be_path and (_is_file(name) or name.endswith(".gguf")):
            return _checked(Path(name))
        found = next((model for model in local_models(self._ports) if model.name == name), None)
        if found is None:
            raise _no_such(name)
        if found.needs_key:
            raise ModelUnusable(
                model=name, reason="it asks for a key, which PINCITE_LLM_URL and PINCITE_LLM_API_KEY give"
            )
        return Choice(found.name, found.url, found.model)


class Work:
    """A download or a test in the background: how far it is, and what came of it."""

    def __init__(
        self, kind: Literal["fetch", "test"], name: str, steps: Generator[Progress] | Generator[ModelTestRow]
    ) -> None:
        self.kind, self.name = kind, name
        self.step: Progress | ModelTestRow | None = None
        self.error: PinciteError | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(steps,), name=f"pincite-{kind}", daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether it has ended, well or not."""
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Have it end at its next step."""
        self._stopping.set()

    def wait(self, seconds: float) -> None:
        """Wait for its end."""
        self._thread.join(seconds)

    def _run(self, steps: Generator[Progress] | Generator[ModelTestRow]) -> None:
        try:
            with closing(steps):
                for self.step in steps:
                    if self._stopping.is_set():
                        break
        except Exception as error:  # noqa: BLE001 (it is shown on the page)
            self.error = user_error(error)


def _no_such(name: str) -> NoSuchModel:
    return NoSuchModel(model=name if len(name) <= LONGEST_NAME else "…")


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except OSError:  # a part of it is longer than the file system has names
        return False


def _checked(file: Path) -> Choice:
    """The choice of a file that can be served. Raises ModelUnusable."""
    try:
        model_file(file)
    except (ValueError, OSError) as error:
        reason = str(error) if isinstance(error, ValueError) else "it cannot be opened"
        raise ModelUnusable(model=file.name, reason=reason) from error
    return Choice(file.name, file=str(file.absolute()))


async def _asked(pool: "EnginePool") -> ModelTestRow:
    """Ask the model of a pool the sample question; once more with room to think, where that took all of it."""
    async with pool.lease() as backend:
        client = backend.client
        if client is None:
            raise NoModelChosen()
        for is_last in (False, True):
            info = await client.describe()
            tokens = MOST_TOKENS + (int(info.window * THINKING_SHARE) if info.thinks else 0)
            text, start, first = "", time.monotonic(), 0.0
            try:
                async with aclosing(client.stream(_MESSAGES, max_tokens=tokens)) as pieces:
                    async for piece in pieces:
                        text = Delta.of(piece).after(text)
                        first = first or time.monotonic() - start
                break
            except EngineThought:
                if is_last:
                    raise
        return ModelTestRow(
            engine=info.name,
            window=info.window,
            thinks=(await client.describe()).thinks,
            first_seconds=round(first, 2),
            seconds=round(time.monotonic() - start, 2),
            question=QUESTION,
            answer=text.strip(),
            right=bool(_RIGHT.search(text)),
            cited="[1]" in text,
        )


def _elsewhere(chosen: Choice, in_use: str) -> ModelRow:
    """The row of a chosen model that is not among those found: a file elsewhere, or what is not there any more."""
    path = Path(chosen.file)
    if chosen.file and path.is_file():
        return _file_row(path, in_use)
    kind: Literal["file", "server"] = "file" if chosen.file else "server"
    return ModelRow(name=chosen.name, kind=kind, in_use=chosen.name == in_use, note="it is not there at the moment")


def _server_row(model: LocalModel, in_use: str) -> ModelRow:
    note = "it needs a key" if model.needs_key else ""
    return ModelRow(
        name=model.name,
        kind="server",
        server=model.server,
        window=model.window,
        bytes=model.bytes,
        in_use=model.name == in_use,
        note=note,
    )


def _file_row(path: Path, in_use: str, licence: str = "") -> ModelRow:
    size = path.stat().st_size
    return ModelRow(name=path.name, kind="file", bytes=size, licence=licence, in_use=path.name == in_use)


def _download_row(model: Download, hub: str) -> ModelRow:
    return ModelRow(
        name=model.name,
        kind="download",
        title=model.title,
        bytes=model.bytes,
        window=model.window,
        licence=model.licence,
        url=f"{hub}{model.path}",
        sha256=model.sha256,
    )
