"""Generates the draft: leases a language model server, packs the passages for it, streams its text, retries early
failures.

After the first word there is no retry: the user reads it already, and another server would write something else.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from typing import Literal, Self

from retrieval import Packed, PinciteError
from webapp.answers.prompt import Frame, without_chat_markers
from webapp.core.cpu_pool import run_on_core
from webapp.core.errors import (
    AnswerCut,
    EngineAway,
    EngineBusy,
    EngineError,
    EngineLoading,
    EngineThought,
    PassagesOmitted,
    PromptTooLong,
    QuestionTooLong,
    StreamCut,
)
from webapp.core.metrics import RETRIES
from webapp.llm.client import Anew, Cut
from webapp.llm.pool import Backend, Lease
from webapp.llm.tokenizer import MISTRAL, Template, TokenCounter, mistral, token_counter

AWAY = "away"  # name of a language model that is configured and was not reached
TRIES = 3
PAUSE_SECONDS = 0.25  # before the second attempt, doubled before the third, with up to 50 % jitter
# Errors worth a retry: transient, or specific to one server. Time-outs are not (the user has waited enough), and
# neither are faults and rejected requests, which would recur.
_TRANSIENT = (EngineAway, EngineLoading, EngineBusy, StreamCut)
_SMALLER = 0.7  # of the window, if a server counts more tokens than we do; Llama's, Qwen's and Mistral's differ less


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of a language model: name, context window in tokens, token counter, chat template; whether it thinks."""

    name: str
    window: int
    count: TokenCounter
    template: Template
    thinks: bool = False


@dataclass(frozen=True, slots=True)
class Prompted:
    """Event: a prompt packed for a language model; a later one replaces it."""

    frame: Frame
    packed: Packed
    engine: str


@dataclass(frozen=True, slots=True)
class Delta:
    """Event: a piece of the draft (stream delta); the checked answer replaces the draft. `anew`: what came before was
    no draft, but thinking.
    """

    text: str
    anew: bool = False

    @classmethod
    def of(cls, piece: str) -> Self:
        """The event of a piece of a completion."""
        return cls("", anew=True) if isinstance(piece, Anew) else cls(piece)

    def after(self, draft: str) -> str:
        """The draft with this piece."""
        return self.text if self.anew else draft + self.text


@dataclass(frozen=True, slots=True)
class Trouble:
    """Event: an error that does not end the answer."""

    error: PinciteError


Fit = Callable[[Terms], tuple[Frame, Packed]]
Asks = Callable[[Packed], bool]
"""Whether a language model is asked about what was packed for it."""


async def write(lease: Lease, fit: Fit, asks: Asks) -> AsyncGenerator[Prompted | Delta | Trouble]:
    """Generate a draft; yields a Prompted, then Deltas, and last, if no server completes it, a Trouble: of AnswerCut
    where one had no room for more.

    `fit` packs the prompt for the terms of a language model. Where `asks` refuses what was packed, the Prompted is all.
    Raises QuestionTooLong.
    """
    attempts = _Attempts()
    error: EngineError | None = None
    while True:
        async with AsyncExitStack() as stack:
            try:
                backend = await stack.enter_async_context(lease())
            except EngineError as unavailable:  # no server is available; waiting would not help
                error = error or unavailable
                break
            try:
                async with aclosing(_attempt(backend, fit, asks, attempts)) as events:
                    async for event in events:
                        yield event
                return
            except QuestionTooLong:
                if not attempts.smaller:  # else it fits the window that the server reported, but not the smaller one
                    raise
                error = PromptTooLong()
                break
            except EngineError as failure:
                error = failure
        step = attempts.after(error)
        if step == "smaller":
            yield Trouble(PassagesOmitted())
        elif step == "again":
            RETRIES.inc()
            jitter = random.uniform(1, 1.5)  # noqa: S311  # nosec B311 (spreads retries, no secret)
            await asyncio.sleep(PAUSE_SECONDS * 2 ** (attempts.count - 1) * jitter)
        elif step == "give up":
            break
    if not attempts.prompted:
        yield replace(await without_engine(fit), engine=AWAY)
    yield Trouble(error if attempts.begun else error.without_text())


Step = Literal["again", "at once", "smaller", "give up"]


@dataclass(slots=True)
class _Attempts:
    """Retry state of a draft."""

    count: int = 0
    prompted: bool = False  # a prompt has been packed
    begun: bool = False  # a word has been written
    smaller: bool = False  # the context window is assumed to be smaller than the server reported
    thought: bool = False  # the answer was asked for once more, with room to think

    def after(self, error: EngineError) -> Step:
        """The next step after a failed attempt."""
        self.count += 1
        if self.begun:
            return "give up"
        if isinstance(error, EngineThought) and not self.thought:
            self.thought = True
            return "at once"
        if isinstance(error, PromptTooLong) and not self.smaller:
            self.smaller = True
            return "smaller"
        return "again" if isinstance(error, _TRANSIENT) and self.count < TRIES else "give up"


async def _attempt(
    backend: Backend, fit: Fit, asks: Asks, attempts: _Attempts
) -> AsyncGenerator[Prompted | Delta | Trouble]:
    """Make one attempt: yields a Prompted for this server, then its text, and a Trouble where that breaks off.

    Raises EngineError and QuestionTooLong.
    """
    terms = await _terms(backend)
    terms = replace(terms, window=int(terms.window * _SMALLER)) if attempts.smaller else terms
    frame, packed = await run_on_core(fit, terms)
    attempts.prompted = True
    yield Prompted(frame, packed, terms.name)
    if backend.client is None or not packed.passages or not asks(packed):
        return
    messages, reserve = frame.messages(packed.passages), frame.budget.reserve
    async with aclosing(backend.stream(messages, max_tokens=reserve)) as deltas:
        async for delta in deltas:
            attempts.begun = not isinstance(delta, Anew)
            yield Trouble(AnswerCut()) if isinstance(delta, Cut) else Delta.of(delta)


async def without_engine(fit: Fit) -> Prompted:
    """Pack the passages without a language model, by the default window and tokenizer."""
    frame, packed = await run_on_core(fit, _default_terms())
    return Prompted(frame, packed, "none")


async def _terms(backend: Backend) -> Terms:
    if backend.client is None:
        return _default_terms()
    info = await backend.client.describe()
    count, template = token_counter(info, backend.client.url, backend.client.api_key, backend.tokenizer)
    return Terms(info.name, info.window, lambda text: count(without_chat_markers(text)), template, info.thinks)


def _default_terms() -> Terms:
    return Terms("none", 4096, mistral(), MISTRAL)
