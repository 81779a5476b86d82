"""An act that is sent again because its answer was lost is done once."""

import asyncio

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from webapp.page.sent_acts import SentActs


class Server:
    """Counts what reaches it, and answers after `wait`."""

    def __init__(self, *statuses: int) -> None:
        self.done = 0
        self._statuses = list(statuses)
        self.wait = asyncio.Event()
        self.wait.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.wait.wait()
        self.done += 1
        status = self._statuses.pop(0) if self._statuses else 200
        await PlainTextResponse(f"answer {self.done}", status)(scope, receive, send)


async def answered(acts: SentActs, session: str, number: str, server: Server, user_id: str = "ann") -> str:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    await acts.once(session, user_id, number, server)(scope, receive, send)
    return b"".join(message.get("body", b"") for message in sent).decode()


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        ([("a", "1"), ("a", "1"), ("a", "1")], ["answer 1", "answer 1", "answer 1"]),
        ([("a", "1"), ("a", "2")], ["answer 1", "answer 2"]),
        ([("a", "1"), ("b", "1")], ["answer 1", "answer 2"]),
        ([("a", ""), ("a", "")], ["answer 1", "answer 2"]),
        ([("a", "x" * 99), ("a", "x" * 99)], ["answer 1", "answer 2"]),
    ],
)
def test_an_act_under_the_same_number_of_the_same_session_is_done_once(
    sent: list[tuple[str, str]], answers: list[str]
) -> None:
    async def all_of_them() -> list[str]:
        acts, server = SentActs(), Server()
        return [await answered(acts, session, number, server) for session, number in sent]

    assert asyncio.run(all_of_them()) == answers


def test_one_that_is_still_under_way_is_waited_for() -> None:
    async def both() -> tuple[list[str], int]:
        acts, server = SentActs(), Server()
        server.wait.clear()
        first = asyncio.create_task(answered(acts, "a", "1", server))
        again = asyncio.create_task(answered(acts, "a", "1", server))
        await asyncio.sleep(0)
        server.wait.set()
        return [await first, await again], server.done

    assert asyncio.run(both()) == (["answer 1", "answer 1"], 1)


def test_one_that_was_refused_is_done_when_it_is_sent_again() -> None:
    async def all_of_them() -> list[str]:
        acts, server = SentActs(), Server(503)
        return [await answered(acts, "a", "1", server) for _ in range(3)]

    assert asyncio.run(all_of_them()) == ["answer 1", "answer 2", "answer 2"]


def test_one_whose_outcome_was_dropped_is_done_again() -> None:
    async def both() -> list[str]:
        acts, server = SentActs(), Server()
        first = await answered(acts, "a", "1", server)
        acts.forget("a")
        return [first, await answered(acts, "a", "1", server)]

    assert asyncio.run(both()) == ["answer 1", "answer 2"]


@pytest.mark.parametrize(("first", "second"), [("ann", "ben"), ("", "ben")])
def test_nobody_is_given_the_answer_to_anothers_act(first: str, second: str) -> None:
    async def both() -> list[str]:
        acts, server = SentActs(), Server()
        return [await answered(acts, "a", "1", server, user_id) for user_id in (first, second)]

    assert asyncio.run(both()) == ["answer 1", "answer 2"]
