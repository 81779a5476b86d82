"""What servers of language models are put through, real ones and stand-ins alike: what the reader and the log get."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from tests.engines.servers import AT_ONCE, KEY, WINDOW
from tests.webapp.fake_engine import Kind
from webapp.core.errors import AnswerCut, EngineError
from webapp.llm.client import Cut, LLMClient, Message, Timeouts
from webapp.llm.tokenizer import token_counter

SHORT, LONG = 24, 1500  # tokens of an answer; the second is not finished before it is broken off
ANSWERED, PARTLY = "the answer", "what was written so far"
QUESTION = "Who pays the rent?"
THOUGHT, ANSWER = "We look at passage one", "The tenant pays rent every month."  # of the model that thinks
TIMEOUTS = Timeouts(first=240, silence=60)  # for small models on processors that others use too
FROZEN_SECONDS = 2.0
STOPPED_SECONDS = 60.0  # within which a place is free again that a reader has left


class Met(Protocol):
    """A server that the cases are put to."""

    kind: Kind
    url: str

    def count(self, text: str) -> int: ...
    def kill(self) -> None: ...
    def freeze(self) -> None: ...
    def thaw(self) -> None: ...


@dataclass(frozen=True)
class Outcome:
    """What the reader is given or told, and what the log says: class of the error, HTTP status, kind."""

    reader: str
    log: str = ""


def client(server: Met, key: str | None = KEY, model: str | None = None, timeouts: Timeouts = TIMEOUTS) -> LLMClient:
    return LLMClient(server.url, key, model, timeouts=timeouts)


async def read(
    engine: LLMClient,
    prompt: str = QUESTION,
    *,
    max_tokens: int = SHORT,
    stop: Sequence[str] = (),
    begun: Callable[[], object] | None = None,
) -> tuple[list[str], EngineError | None]:
    """The pieces of an answer and the error that ended it, if any; `begun` is called once there are two pieces."""
    pieces: list[str] = []
    try:
        async with aclosing(engine.stream([Message("user", prompt)], max_tokens=max_tokens, stop=stop)) as stream:
            async for piece in stream:
                pieces.append(piece)
                if begun is not None and len(pieces) == 2:
                    await asyncio.to_thread(begun)
    except EngineError as error:
        return pieces, error
    return pieces, None


def outcome(pieces: Sequence[str], error: EngineError | None) -> Outcome:
    given = [ANSWERED if error is None else PARTLY] if "".join(pieces).strip() else []
    if error is None:
        return Outcome(" ".join(given))
    log = " ".join(str(part) for part in (type(error).__name__, *_details(error)))
    return Outcome("; ".join([*given, f"“{error}”"]), log)


def _details(error: EngineError) -> Iterator[object]:
    """What `record_error` writes into the log beside the class."""
    yield from (error.values[key] for key in ("status", "kind") if key in error.values)


def ask(engine: LLMClient, prompt: str = QUESTION, *, max_tokens: int = SHORT) -> Outcome:
    return outcome(*asyncio.run(read(engine, prompt, max_tokens=max_tokens)))


# --- the cases, in the order in which a server meets them


def question(server: Met) -> Outcome:
    """Several pieces, so that it streams, and the same once more: it decodes greedily."""
    first, second = (asyncio.run(read(client(server))) for _ in range(2))
    assert first == second
    assert len(first[0]) > 2
    info = asyncio.run(client(server).describe())
    assert (info.dialect, info.window) == (server.kind, WINDOW)
    return outcome(*first)


def filling(server: Met, tokens: int) -> str:
    """A prompt of so many tokens, the chat template's included."""
    prompt = "rent" + " rent" * (tokens - server.count("rent"))
    assert server.count(prompt) == tokens
    return prompt


def full_window(server: Met) -> Outcome:
    return ask(client(server), filling(server, WINDOW - SHORT))


def one_token_more(server: Met) -> Outcome:
    """It is not refused: what does not fit is left out of the answer, and only the finish reason tells."""
    pieces, error = asyncio.run(read(client(server), filling(server, WINDOW - 1)))
    assert isinstance(pieces[-1], Cut)
    assert len([piece for piece in pieces if piece]) <= 1 < SHORT
    told = outcome(pieces, error)
    return Outcome(f"{PARTLY}; “{AnswerCut()}”", told.log) if error is None else told


def whole_window(server: Met) -> Outcome:
    return ask(client(server), filling(server, WINDOW))


def no_room(server: Met) -> Outcome:
    return ask(client(server), filling(server, WINDOW + 100))


def wrong_key(server: Met) -> Outcome:
    return ask(client(server, "wrong"))


def no_key(server: Met) -> Outcome:
    return ask(client(server, None))


def other_model(server: Met) -> Outcome:
    return ask(client(server, model="another"))


def stop_string(server: Met) -> Outcome:
    """It ends the text, and no part of it is left, wherever it falls in tokens."""
    whole = "".join(asyncio.run(read(client(server)))[0])
    stop = whole[len(whole) // 2 :][:4]
    pieces, error = asyncio.run(read(client(server), stop=[stop]))
    assert "".join(pieces) == whole[: whole.index(stop)]
    return outcome(pieces, error)


def more_at_once(server: Met) -> Outcome:
    """Twice as many as it answers at a time, and one: the others wait."""

    async def run() -> list[tuple[list[str], EngineError | None]]:
        engine = client(server)
        return list(await asyncio.gather(*(read(engine, f"{QUESTION} {n}") for n in range(2 * AT_ONCE + 1))))

    [each] = {outcome(*told) for told in asyncio.run(run())}
    return each


def reader_stops(server: Met) -> Outcome:
    """As often as it has places, and once more: each place is free again, long before the text would have ended."""

    async def run() -> Outcome:
        engine = client(server)
        for _ in range(AT_ONCE + 1):
            async with asyncio.timeout(STOPPED_SECONDS):
                async with aclosing(engine.stream([Message("user", QUESTION)], max_tokens=3 * LONG // 2)) as stream:
                    await anext(stream)
        async with asyncio.timeout(STOPPED_SECONDS):
            return outcome(*await read(engine))

    return asyncio.run(run())


def stands_still(server: Met) -> Outcome:
    waits = Timeouts(first=TIMEOUTS.first, silence=FROZEN_SECONDS)
    told = asyncio.run(read(client(server, timeouts=waits), max_tokens=LONG, begun=server.freeze))
    server.thaw()
    assert ask(client(server)) == Outcome(ANSWERED), "it is asked again when it goes on"
    return outcome(*told)


def killed(server: Met) -> Outcome:
    return outcome(*asyncio.run(read(client(server), max_tokens=LONG, begun=server.kill)))


def gone(server: Met) -> Outcome:
    return ask(client(server))


CASES: dict[str, Callable[[Met], Outcome]] = {
    "a question": question,
    "a prompt that leaves room for its answer to the last token": full_window,
    "a prompt that leaves room for one token of it": one_token_more,
    "a prompt that leaves no room": whole_window,
    "a prompt longer than the window": no_room,
    "a wrong key": wrong_key,
    "no key": no_key,
    "a model that is not served": other_model,
    "a stop string": stop_string,
    "more questions than it answers at a time": more_at_once,
    "readers who stop": reader_stops,
    "it stands still in the middle": stands_still,
    "it is killed in the middle": killed,
    "it is gone": gone,
}
LOADING = "while it loads"
ENGINE_KILLED = "the process that computes is killed in the middle"
THINKING = "a model that thinks, with a reasoning parser"

# --- what only real servers are put to


class Real(Met, Protocol):
    """A server that is a process."""

    def kill_engine(self) -> None: ...


def loading(server: Met) -> Outcome:
    """What is told from its start until it is ready, where that is one thing."""
    told: list[Outcome] = []
    while (each := ask(client(server), max_tokens=1)).log:
        told += [each] if each not in told else []
        time.sleep(0.02)
    return Outcome(" or ".join(each.reader for each in told), " or ".join(each.log for each in told))


def engine_killed(server: Real) -> Outcome:
    return outcome(*asyncio.run(read(client(server), max_tokens=LONG, begun=server.kill_engine)))


def thinking(server: Met) -> Outcome:
    """The answer comes without the thought, also where the server does not switch that off; and it is noted."""
    engine = client(server)
    pieces, error = asyncio.run(read(engine, max_tokens=100))
    assert "".join(pieces).strip() == ANSWER
    assert asyncio.run(engine.describe()).thinks
    return outcome(pieces, error)


TEXTS = (
    "Who pays the rent?",
    "The Borrower shall, upon not less than ten days’ prior notice, prepay the Loans (Section 2.1(b)).",
    "[1] § 8.2(b) – “Société” \u00a0€ 4.200,00",
    "line\nline\n\n  indented\ttab",
    "rent " * 500,
)


def token_counts(server: Met) -> tuple[int, int]:
    """By how many tokens, fewest and most, what the app counts for a prompt is above what the server makes of it."""
    info = asyncio.run(client(server).describe())
    count, template = token_counter(info, server.url, KEY, None)
    above = [count(text) + template.overhead(1) - server.count(text) for text in TEXTS]
    assert min(above) >= 0, "a prompt that is counted as fitting would not fit"
    return min(above), max(above)
