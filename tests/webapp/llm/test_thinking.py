"""Models that think before they answer: it is switched off where it can be, and never a part of the text."""

import asyncio
from typing import Any, get_args

import pytest

from tests.webapp.fake_engine import AROUND, FakeEngine, Kind, Refusal, Reply, Shape, ThinkingEngine
from webapp.core.errors import EngineError, EngineThought, StreamCut, ThoughtTooLong
from webapp.llm.client import LLMClient, Message
from webapp.llm.thinking import Anew, ThinkingFilter, opens_thinking

WHOLE = "The tenant pays."
SHAPES: tuple[Shape, ...] = get_args(Shape)


def read(client: LLMClient, max_tokens: int = 400) -> tuple[str, EngineError | None]:
    """The text that is left when the stream has ended, and the error if there was one."""
    text = ""

    async def run() -> None:
        nonlocal text
        async for piece in client.stream([Message("user", "Who pays?")], max_tokens=max_tokens):
            text = "" if isinstance(piece, Anew) else text + piece

    try:
        asyncio.run(run())
    except EngineError as error:
        return text.strip(), error
    return text.strip(), None


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_model_thinks_is_no_part_of_its_text(shape: Shape) -> None:
    with ThinkingEngine("vllm", shape=shape) as server:
        client = LLMClient(server.url)
        assert not asyncio.run(client.describe()).thinks
        assert read(client) == (WHOLE, None)
        assert asyncio.run(client.describe()).thinks, "and is remembered"
        assert read(client) == (WHOLE, None)


@pytest.mark.parametrize("shape", SHAPES)
def test_thinking_that_takes_all_of_the_room_is_named(shape: Shape) -> None:
    with ThinkingEngine("vllm", shape=shape) as server:
        client = LLMClient(server.url)
        for _ in range(2):
            text, error = read(client, max_tokens=30)
            assert (text, type(error)) == ("", EngineThought)
            assert str(error) == "The language model thought for all of its 30 tokens and wrote no answer."
        assert read(client) == (WHOLE, None), "with room there is an answer"


@pytest.mark.parametrize("shape", ["reasoning", "tags", "opened"])
def test_an_answer_that_thinking_left_too_little_room_is_kept_and_told(shape: Shape) -> None:
    with ThinkingEngine("vllm", shape=shape, answer="word " * 200) as server:
        text, error = read(LLMClient(server.url), max_tokens=100)
        assert type(error) is ThoughtTooLong
        assert set(text.split()) == {"word"}
        assert "cut off at 100 tokens" in str(error)


def test_an_answer_that_is_cut_without_any_thinking_is_no_thinking() -> None:
    with FakeEngine("vllm") as server:
        server.enqueue(Reply(["The tenant ", "pays and"], fault="cut"))
        client = LLMClient(server.url)
        assert read(client) == ("The tenant pays and", None)
        assert not asyncio.run(client.describe()).thinks


def test_thinking_that_breaks_off_is_no_text() -> None:
    with ThinkingEngine("vllm", shape="opened") as server:
        client = LLMClient(server.url)
        read(client)
        server.reply_to = lambda _: Reply(["We need ", "to look"], fault="end")  # type: ignore[method-assign, assignment]
        text, error = read(client)
        assert (text, type(error)) == ("", StreamCut)


SWITCHES: dict[Kind, dict[str, Any]] = {
    "vllm": {"chat_template_kwargs": {"enable_thinking": False, "thinking": False}},
    "llama.cpp": {"chat_template_kwargs": {"enable_thinking": False, "thinking": False}},
    "ollama": {"reasoning_effort": "none"},
    "lm-studio": {
        "chat_template_kwargs": {"enable_thinking": False, "thinking": False},
        "reasoning_effort": "none",
    },
    "tgi": {},
}


@pytest.mark.parametrize("kind", SWITCHES)
def test_thinking_is_switched_off_by_what_each_server_takes(kind: Kind) -> None:
    with ThinkingEngine(kind, obeys=True, thoughts=60) as server:
        client = LLMClient(server.url)
        assert read(client, max_tokens=400 if kind == "tgi" else 30) == (WHOLE, None)
        switch = {name: server.asked[0][name] for name in server.asked[0] if name.startswith(("chat_", "reason"))}
        assert switch == SWITCHES[kind]
        assert asyncio.run(client.describe()).thinks == (kind == "tgi")


def test_a_model_that_thinks_all_the_same_is_asked_to_think_little() -> None:
    with ThinkingEngine("vllm") as server:
        client = LLMClient(server.url)
        read(client)
        read(client)
        assert "reasoning_effort" not in server.asked[0]
        assert server.asked[1]["reasoning_effort"] == "low"


def test_a_server_that_refuses_the_switch_is_asked_without_it_from_then_on() -> None:
    with ThinkingEngine("other", refuses=True) as server:
        client = LLMClient(server.url)
        assert read(client) == (WHOLE, None)
        assert read(client) == (WHOLE, None)
        assert ["chat_template_kwargs" in asked for asked in server.asked] == [True, False, False]


def test_a_refusal_for_another_reason_is_not_taken_for_one_of_the_switch() -> None:
    with FakeEngine("other") as server:
        server.enqueue(Refusal(400, {"error": {"message": "bad stop"}}))
        text, error = read(LLMClient(server.url))
        assert (text, str(error)) == ("", "The language model server rejected the request.")
        assert len(server.asked) == 1


@pytest.mark.parametrize("kind", ["vllm", "tgi"])
def test_a_server_that_shows_its_prompt_tells_that_the_text_begins_with_thinking(kind: Kind) -> None:
    with ThinkingEngine(kind, shape="opened", shows=True) as server:
        pieces: list[str] = []

        async def run() -> None:
            async for piece in LLMClient(server.url).stream([Message("user", "Who pays?")], max_tokens=400):
                pieces.append(piece)

        asyncio.run(run())
        assert "".join(pieces).strip() == WHOLE
        assert not any(isinstance(piece, Anew) for piece in pieces), "not a word of it was shown"


def test_a_server_that_takes_thinking_out_itself_is_not_waited_for() -> None:
    with ThinkingEngine("vllm", shape="reasoning", shows=True) as server:
        server.rendering = lambda _: {"token_strs": ["<think>"]}  # type: ignore[method-assign, assignment]
        pieces: list[str] = []

        async def run() -> None:
            async for piece in LLMClient(server.url).stream([Message("user", "Who pays?")], max_tokens=400):
                pieces.append(piece)

        asyncio.run(run())
        assert len(pieces) == 3, "they come one by one"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("around", [*AROUND.values(), ("<|channel|>final<|message|>", "<|return|>")])
def test_a_tag_is_found_in_whatever_pieces_it_comes(around: tuple[str, str], size: int) -> None:
    thought = "" if "final" in around[0] else "Need to check [1]."
    closing = "" if "final" in around[0] else around[1]
    whole = f"{around[0]}{thought}{closing}“The tenant pays” [1]. A < B"
    taken, text = ThinkingFilter(), ""
    for at in range(0, len(whole), size):
        for piece in taken.push(whole[at : at + size]):
            text = "" if isinstance(piece, Anew) else text + piece
    assert text + taken.flush(is_cut=False) == "“The tenant pays” [1]. A < B"
    assert taken.seen == bool(thought)


@pytest.mark.parametrize(
    "text",
    [
        "  The fee is < 5 and [TH is no tag",
        "analysis of the fee",
        "<think>\n\n</think>\n\nNo.",
        "Here is my",
        "<",
        "[THIN",
    ],
)
def test_of_a_text_without_thinking_nothing_is_lost(text: str) -> None:
    for is_opened in (False, True):
        taken = ThinkingFilter(is_opened=is_opened)
        told = "".join([*taken.push(text), taken.flush(is_cut=False)])
        assert (told, taken.seen) == (text.removeprefix("<think>\n\n</think>\n\n"), False)


def test_a_prompt_that_closes_its_thinking_opens_none() -> None:
    assert opens_thinking("<|im_start|>assistant\n<think>\n")
    assert opens_thinking("[/INST][THINK]")
    assert not opens_thinking("<|im_start|>assistant\n<think>\n\n</think>\n\n")
    assert not opens_thinking("")
