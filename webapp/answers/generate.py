"""Generates the draft: leases an engine, packs the passages for it and streams its text;
retries what fails before the first word.

After the first word nothing is tried again: a reader has it before their eyes,
and another engine would write otherwise.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from typing import Literal

from retrieval import Packed, PinciteError
from webapp.answers.prompt import Frame, without_chat_markers
from webapp.core.cpu_pool import run_on_core
from webapp.core.errors import (
    EngineAway,
    EngineBusy,
    EngineError,
    EngineLoading,
    PassagesOmitted,
    PromptTooLong,
    QuestionTooLong,
    StreamCut,
)
from webapp.core.metrics import RETRIES
from webapp.llm.pool import Backend, Lease
from webapp.llm.tokenizer import MISTRAL, Template, TokenCounter, mistral, token_counter

TRIES = 3
PAUSE_SECONDS = 0.25  # before the second try, twice that before the third, each up to half as long again
# Over in a moment, or not of another engine. A silent one has kept the reader waiting long enough, and what one
# engine calls a fault or a bad request it will call so again.
_PASSING = (EngineAway, EngineLoading, EngineBusy, StreamCut)
_SMALLER = 0.7  # of the window, when an engine counts more tokens than we do; Llama's, Qwen's and Mistral's differ less


@dataclass(frozen=True, slots=True)
class Terms:
    """What an engine reads: its name, the tokens of its window, how they are counted, and what its template adds."""

    name: str
    window: int
    count: TokenCounter
    template: Template
    most_passages: int | None = None


@dataclass(frozen=True, slots=True)
class Prompted:
    """A prompt packed for an engine under its terms; another one takes its place when it is packed again."""

    frame: Frame
    packed: Packed
    engine: str
    trusted: bool


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the draft as it is written; the checked answer takes the draft's place."""

    text: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something failed on the way; the answer goes on without it."""

    error: PinciteError


Fit = Callable[[Terms], tuple[Frame, Packed]]


async def write(lease: Lease, fit: Fit) -> AsyncGenerator[Prompted | Delta | Trouble]:
    """A Prompted, then the draft; of an engine that does not write, the Trouble that says why, after a Prompted.

    `fit` packs for an engine's terms. Raises QuestionTooLong.
    """
    tries = _Tries()
    error: EngineError | None = None
    while True:
        async with AsyncExitStack() as stack:
            try:
                backend = await stack.enter_async_context(lease())
            except EngineError as away:  # known to be away: nobody waits to be told so again
                error = error or away
                break
            try:
                async with aclosing(_try(backend, fit, tries)) as events:
                    async for event in events:
                        yield event
                return
            except QuestionTooLong:
                if not tries.smaller:  # else it fits what the engine said, and not what it takes
                    raise
                error = PromptTooLong()
                break
            except EngineError as failed:
                error = failed
        step = tries.after(error)
        if step == "smaller":
            yield Trouble(PassagesOmitted())
        elif step == "again":
            RETRIES.inc()
            spread = random.uniform(1, 1.5)  # noqa: S311  # nosec B311 (parts those who try again, no secret)
            await asyncio.sleep(PAUSE_SECONDS * 2 ** (tries.count - 1) * spread)
        else:
            break
    if not tries.prompted:
        yield await without_engine(fit)
    yield Trouble(error)


Step = Literal["again", "smaller", "give up"]


@dataclass(slots=True)
class _Tries:
    """The state of a draft over its tries."""

    count: int = 0
    prompted: bool = False  # a prompt has been packed
    begun: bool = False  # a word has been written
    smaller: bool = False  # the engine's window is taken to be smaller than it says

    def after(self, error: EngineError) -> Step:
        """What follows a try that failed."""
        self.count += 1
        if self.begun:
            return "give up"
        if isinstance(error, PromptTooLong) and not self.smaller:
            self.smaller = True
            return "smaller"
        return "again" if isinstance(error, _PASSING) and self.count < TRIES else "give up"


async def _try(backend: Backend, fit: Fit, tries: _Tries) -> AsyncGenerator[Prompted | Delta]:
    """One try: a Prompted for this engine, then what it writes. Raises EngineError and QuestionTooLong."""
    terms = await _terms(backend)
    terms = replace(terms, window=int(terms.window * _SMALLER)) if tries.smaller else terms
    frame, packed = await run_on_core(fit, terms)
    tries.prompted = True
    yield Prompted(frame, packed, terms.name, backend.trusted)
    if backend.client is None or not packed.passages:
        return
    messages, reserve = frame.messages(packed.passages), frame.budget.reserve
    async with aclosing(backend.client.stream(messages, max_tokens=reserve)) as deltas:
        async for delta in deltas:
            tries.begun = True
            yield Delta(delta)


async def without_engine(fit: Fit) -> Prompted:
    """Packed as for the model that pincite is built around."""
    frame, packed = await run_on_core(fit, _no_terms())
    return Prompted(frame, packed, "none", True)


async def _terms(backend: Backend) -> Terms:
    if backend.client is None:
        return _no_terms()
    info = await backend.client.describe()
    count, template = token_counter(info, backend.client.url, backend.client.api_key, backend.tokenizer)
    return Terms(
        info.name, info.window, lambda text: count(without_chat_markers(text)), template, backend.most_passages
    )


def _no_terms() -> Terms:
    return Terms("none", 4096, mistral(), MISTRAL)
