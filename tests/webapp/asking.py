"""A question on the page as its reader asks it, and what the log gets meanwhile."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.pdfs import make_pdf
from tests.webapp.embeddings import embeddings
from webapp.core.log import close_log, open_log
from webapp.core.settings import load_settings
from webapp.llm.pool import EnginePool
from webapp.service.running import RunningAnswer, RunningAnswers
from webapp.service.workspace import Workspace
from webapp.store.conversations import SavedTurn
from webapp.store.users import LOCAL_USER

MATTER = "Lease"


@contextmanager
def logging_workspace(folder: Path, pages: Sequence[str]) -> Iterator[Workspace]:
    """A workspace with a document of these pages in the matter MATTER, which writes its log."""
    with embeddings() as url, Workspace(load_settings(data_dir=folder, embeddings_url=url)) as workspace:
        matter = workspace.access.create(LOCAL_USER, MATTER)
        pdf = folder / "lease.pdf"
        pdf.write_bytes(make_pdf(list(pages)))
        workspace.access.accept(LOCAL_USER, matter, pdf)
        workspace.ingest.run()
        open_log(folder)
        yield workspace
        close_log()


def asked(workspace: Workspace, question: str, **engine: Any) -> tuple[SavedTurn, list[dict[str, Any]]]:
    """A question on the page with the language model of these settings: the turn that is kept, and what the log got."""
    workspace.engine_pool = EnginePool(load_settings(data_dir=workspace.settings.data_dir, **engine))
    log = workspace.settings.data_dir / "log" / "pincite.log"
    before = log.read_text("utf-8") if log.exists() else ""

    async def run() -> SavedTurn:
        matter = workspace.access.matter(LOCAL_USER, MATTER)
        records = workspace.access.documents(LOCAL_USER, matter)
        conversation = workspace.conversations.start(LOCAL_USER, matter, question)
        running = RunningAnswer(workspace, LOCAL_USER, conversation, question, [], records)
        await RunningAnswers().begin(running)
        async for _ in running.follow():
            pass
        assert running.turn is not None
        return running.turn

    turn = asyncio.run(run())
    after = log.read_text("utf-8") if log.exists() else ""
    lines = [json.loads(line) for line in after.removeprefix(before).splitlines()]
    return turn, [line for line in lines if line["event"] == "engine"]
