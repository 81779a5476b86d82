"""An engine that is killed in the middle of answers and started again: every partial answer is kept and marked, and the
next question is answered by the same app."""

import asyncio
from pathlib import Path

from retrieval import DocumentRecord
from tests.gguf import make_gguf
from tests.pdfs import make_pdf
from tests.webapp.embeddings import embeddings
from webapp.core.results import AnswerResult
from webapp.core.settings import load_settings
from webapp.llm.embedded import EmbeddedServer
from webapp.service.running import RunningAnswer, RunningAnswers
from webapp.service.workspace import Workspace
from webapp.store.conversations import SavedTurn
from webapp.store.users import LOCAL_USER

LEASE = ["1. Rent. The tenant pays a rent of $4,200 each month. The rent is due on the first day of each month."]
READERS = 2  # as many as the server writes for at once
NO_ROOM = "The answer breaks off: the language model had no room for more."
CUT = "The connection to the language model broke off before the answer was complete."


def test_partial_answers_are_kept_and_marked_and_the_next_question_works_without_a_restart(tmp_path: Path) -> None:
    """llama.cpp's own server as an engine by address: real text over HTTP, a real kill -9, the same port again."""
    engine = EmbeddedServer(make_gguf(tmp_path / "noise.gguf"))
    url, key = engine.start()
    assert engine.wait(60)
    with embeddings() as vectors:
        settings = load_settings(data_dir=tmp_path, embeddings_url=vectors, llm_url=url, llm_api_key=key)
        with Workspace(settings) as workspace:
            (tmp_path / "lease.pdf").write_bytes(make_pdf(LEASE))
            matter = workspace.access.create(LOCAL_USER, "Lease")
            workspace.access.accept(LOCAL_USER, matter, tmp_path / "lease.pdf")
            workspace.ingest.run()
            records = workspace.access.documents(LOCAL_USER, matter)
            answers = RunningAnswers()

            async def ask(question: str, records: list[DocumentRecord]) -> RunningAnswer:
                conversation = workspace.conversations.start(LOCAL_USER, matter, question)
                running = RunningAnswer(workspace, LOCAL_USER, conversation, question, [], records)
                await answers.begin(running)
                return running

            async def end(running: RunningAnswer) -> SavedTurn:
                async for _ in running.follow():
                    pass
                assert running.turn is not None
                return running.turn

            async def run() -> tuple[list[str], list[SavedTurn], SavedTurn]:
                writing = [await ask(f"What is the rent, number {n}?", records) for n in range(READERS)]
                while not all(answer.draft for answer in writing):
                    await asyncio.sleep(0.01)
                    assert not any(answer.done for answer in writing)
                assert engine._child is not None
                engine._child.kill()
                cut = [await end(answer) for answer in writing]
                assert await asyncio.to_thread(engine.wait, 60)
                await asyncio.sleep(2.1)  # the pause of a circuit that two cuts have opened
                return [answer.draft for answer in writing], cut, await end(await ask("When is the rent due?", records))

            drafts, cut, after = asyncio.run(run())
    engine.stop()
    for draft, turn in zip(drafts, cut, strict=True):
        assert [row.error for row in turn.answer.notices] == [CUT]
        assert turn.answer.answer.split()[:1] == draft.split()[:1]
        assert isinstance(turn.answer, AnswerResult)
        assert turn.answer.key_language
    assert isinstance(after.answer, AnswerResult)
    assert [row.error for row in after.answer.notices] == [NO_ROOM], "the noise never ends by itself"
    assert after.answer.engine.startswith("llama.cpp")
