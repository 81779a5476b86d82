"""The line of questions: first come, first served, a place that is told, bounds that are said."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from webapp.core.errors import NetworkWaiting, QuestionsWaiting, TooManyQuestions
from webapp.service.question_queue import QuestionQueue, QueueTicket
from webapp.store.users import LOCAL_USER, User

ADA, BEN = User("ada", "Ada"), User("ben", "Ben")


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 10))  # a question that is never let in fails its test, and does not hang it


async def wait(place: QueueTicket) -> list[int]:
    return [before async for before in place.turn()]


def test_each_is_told_how_many_are_before_them_and_comes_in_in_the_order_they_came() -> None:
    async def test() -> None:
        line = QuestionQueue(at_once=2, most_waiting=9, per_user=9, per_address=9)
        places = [line.enter(ADA, ADA.id) for _ in range(5)]
        waits = [asyncio.create_task(wait(place)) for place in places]
        await asyncio.sleep(0)
        assert await waits[0] == []
        assert await waits[1] == []
        for place in places:
            await asyncio.sleep(0.01)
            place.leave()
        assert [await task for task in waits] == [[], [], [1], [2, 1], [3, 2, 1]]

    run(test())


def test_who_leaves_the_line_before_their_turn_lets_the_others_move_up() -> None:
    async def test() -> None:
        line = QuestionQueue(at_once=1, most_waiting=9, per_user=9, per_address=9)
        _inside, gone, last = (line.enter(ADA, ADA.id) for _ in range(3))
        waiting = asyncio.create_task(wait(last))
        await asyncio.sleep(0.01)
        gone.leave()
        gone.leave()  # twice is once
        await asyncio.sleep(0.01)
        _inside.leave()
        assert await waiting == [2, 1]

    run(test())


def test_a_line_that_is_full_and_a_user_who_has_enough_are_told_so() -> None:
    async def test() -> None:
        line = QuestionQueue(at_once=1, most_waiting=2, per_user=2, per_address=9)
        first = line.enter(ADA, ADA.id)
        line.enter(ADA, ADA.id)
        with pytest.raises(QuestionsWaiting, match="You already have 2 questions under way"):
            line.enter(ADA, ADA.id)
        line.enter(BEN, BEN.id)
        with pytest.raises(TooManyQuestions, match="Too many questions are waiting: 2"):
            line.enter(BEN, BEN.id)
        first.leave()
        assert line.enter(ADA, ADA.id)

    run(test())


def test_the_local_user_may_ask_as_much_as_fits() -> None:
    async def test() -> None:
        line = QuestionQueue(at_once=1, most_waiting=3, per_user=1, per_address=1)
        for _ in range(4):
            line.enter(LOCAL_USER, LOCAL_USER.id)
        with pytest.raises(TooManyQuestions):
            line.enter(LOCAL_USER, LOCAL_USER.id)

    run(test())


def test_guests_of_one_address_share_what_an_address_may_have() -> None:
    async def test() -> None:
        line = QuestionQueue(at_once=1, most_waiting=9, per_user=2, per_address=3)
        here, elsewhere = "192.0.2.7", "192.0.2.8"
        places = [line.enter(ADA, here), line.enter(ADA, here), line.enter(BEN, here)]
        with pytest.raises(
            NetworkWaiting, match=r"^The limit of 3 questions at the same time from one network is reached"
        ):
            line.enter(BEN, here)
        with pytest.raises(NetworkWaiting):
            line.enter(User("new", "Without a cookie"), here)
        line.enter(User("other", "Other"), elsewhere)
        with pytest.raises(QuestionsWaiting):  # the nearer limit
            line.enter(ADA, here)
        places[2].leave()
        assert line.enter(BEN, here)
        assert line.enter(User("named", "By a proxy"), "named")  # whose key is their own

    run(test())
