"""One client of the chat-completions route, whoever serves it.

It rides on huggingface_hub's `AsyncInferenceClient`, which builds the request and reads the events. Around it:

- Every stream has an HTTP client of its own. Closing that closes its one connection, which is what makes a server stop
  writing; a shared pool would also tie the engine to one event loop.
- The time-outs are ours. Servers send comment lines to keep a connection open (TGI and llama.cpp do), and each would
  set back a time-out on reading; here only text counts.
- What the servers do differently stands in `dialects`; what can go wrong becomes one of the `EngineError` family.
- Each outcome is noted in the engine's circuit; `writers` looks there before it chooses an engine.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import httpx2
from huggingface_hub import AsyncInferenceClient
from huggingface_hub.errors import InferenceTimeoutError, TextGenerationError

from webapp.core.errors import EngineAway, EngineError, EngineFault, EngineLoading, EngineSilent, StreamCut
from webapp.llm.chat import Ending, Message, fold
from webapp.llm.circuit_breaker import Circuit
from webapp.llm.dialects import BY_NAME, DIALECTS, INCOMPLETE, OTHER, Dialect, EngineInfo, fault, identify, refusal

if TYPE_CHECKING:
    from webapp.llm.bundled import EmbeddedEngine

__all__ = ["Engine", "EngineInfo", "Message", "State", "Timeouts"]

T = TypeVar("T")
State = Literal["ready", "loading", "away"]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: until a connection stands, until the first text, and between one piece and the next.

    A connection within a network stands in milliseconds; 5 s is time for two lost packets. For the others see the
    settings of that name.
    """

    connect: float = 5.0
    first: float = 120.0
    silence: float = 30.0


_DEFAULT_TIMEOUTS: Final = Timeouts()
# What says that it is not there. Every other error is an answer of an engine that is.
_GONE: Final = (EngineAway, EngineLoading, EngineSilent, StreamCut)
_ASKING: Final = 5.0  # seconds for /info, /props and /health: answered without the model, or not at all


class Engine:
    """Writes text. One base URL, with or without `/v1`; may be used from several tasks and event loops."""

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        model: str | None = None,
        *,
        timeouts: Timeouts = _DEFAULT_TIMEOUTS,
        embedded: "EmbeddedEngine | None" = None,
    ) -> None:
        """`embedded` is whoever started the server, when we did: it knows whether a refused port is one that opens."""
        self.url = base_url.rstrip("/").removesuffix("/v1")
        self.api_key = api_key
        self._model = model
        self._timeouts = timeouts
        self._embedded = embedded
        self._info: EngineInfo | None = None
        self.circuit = Circuit()
        self.in_flight = 0  # answers that it was chosen for and that are not done

    async def describe(self) -> EngineInfo:
        """Which dialect it speaks, its model and its window; asked once, and again after an error.

        Raises the `EngineError` family.
        """
        if self._info is None:
            try:
                self._info = await self._ask_who()
            except EngineError as error:
                self._note(error)
                raise
        return self._info

    async def state(self, seconds: float = _ASKING) -> State:
        """Whether it would answer now; one that says nothing for so long is away. Never raises."""
        if self._starting:
            return "loading"
        try:
            async with asyncio.timeout(seconds), self._http() as http:
                answer = await http.get("/health")
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError):
            return "away"
        if answer.status_code < 500:  # a server without /health says 404: it is there
            return "ready"
        return "loading" if answer.status_code == 503 else "away"

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, stop: Sequence[str] = ()
    ) -> AsyncGenerator[str]:
        """Yield the answer piece by piece; the same prompt gets the same answer as far as the engine can (greedy).

        `max_tokens` bounds the answer; `stop` strings (TGI takes four) end it and are never part of it. The text is
        complete when the iterator ends without an error. Closing the iterator, or cancelling the task, closes the
        connection. Raises the `EngineError` family; what was yielded before stays with the caller.
        """
        info = await self.describe()
        dialect = BY_NAME[info.dialect]
        ending = Ending(stop if dialect.keeps_stop else ())
        try:
            async with aclosing(self._pieces(dialect, info.model, messages, max_tokens, stop)) as pieces:
                async for piece in pieces:
                    self.circuit.succeeded()
                    if text := ending.push(piece):
                        yield text
                    if ending.reached:
                        return
        except EngineError as error:
            self._info = None  # another may come back at this address
            self._note(error)
            if text := ending.rest():
                yield text
            raise
        if text := ending.rest():
            yield text

    async def _pieces(
        self, dialect: Dialect, model: str, messages: Sequence[Message], max_tokens: int, stop: Sequence[str]
    ) -> AsyncGenerator[str]:
        """Text as the engine cuts it, until the chunk that says why it ended."""
        clock = asyncio.get_running_loop().time
        first, silence = self._timeouts.first, self._timeouts.silence
        started, writing = clock(), False
        async with self._http(dialect) as http, self._client(http) as client:
            request = client.chat_completion(
                [{"role": turn.role, "content": turn.content} for turn in fold(messages)],
                model=model,
                stream=True,
                max_tokens=max_tokens,
                stop=list(stop) or None,
                # 0 is greedy on all of them; left out, TGI samples. No penalty and no top_p: TGI reads a presence
                # penalty of 0 as a repetition penalty of 2 and refuses a top_p of 1.
                temperature=0,
            )
            chunks = aiter(await self._within(first, first, request, dialect))
            while True:
                # The wait for the first text is one wait: a chunk without text does not start it anew.
                left, limit = (silence, silence) if writing else (started + first - clock(), first)
                chunk = await self._within(left, limit, anext(chunks, None), dialect)
                if chunk is None:
                    raise StreamCut()
                for choice in chunk.choices or ():
                    if text := choice.delta and choice.delta.content:
                        writing = True
                        yield text
                    if choice.finish_reason in INCOMPLETE:
                        raise INCOMPLETE[choice.finish_reason]()
                    if choice.finish_reason:
                        return

    async def _within(self, left: float, limit: float, awaited: Awaitable[T], dialect: Dialect) -> T:
        """Await it for what is `left` of `limit` seconds; what goes wrong becomes one of the `EngineError` family."""
        try:
            async with asyncio.timeout(max(left, 0)):
                return await awaited
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, ValueError) as error:
            raise self._meaning(error, limit, dialect) from error

    def _meaning(self, error: Exception, limit: float, dialect: Dialect) -> EngineError:
        """What an error of httpx2, of huggingface_hub or of the clock says about the engine."""
        if isinstance(error, InferenceTimeoutError) and isinstance(error.__cause__, Exception):
            error = error.__cause__  # huggingface_hub makes all time-outs of httpx2 one
        match error:
            case httpx2.ConnectTimeout():
                return EngineAway()
            case TimeoutError() | httpx2.TimeoutException():
                return EngineSilent(seconds=limit)
            case httpx2.ConnectError():
                return EngineLoading() if self._starting else EngineAway()
            case httpx2.TransportError():
                return StreamCut()
            case TextGenerationError():  # an error line inside the stream
                return fault(dialect, error.args[0])
            case _:
                return EngineFault(kind=type(error).__name__)

    def _note(self, error: EngineError) -> None:
        if isinstance(error, _GONE):
            self.circuit.failed()
        else:
            self.circuit.succeeded()

    @property
    def _starting(self) -> bool:
        return self._embedded is not None and self._embedded.state == "starting"

    async def _ask_who(self) -> EngineInfo:
        """Put each dialect's question until one knows the answer; a server that knows none is an ordinary one."""
        refused: EngineError | None = None
        answer: object = None
        async with self._http() as http:
            for dialect in DIALECTS:
                try:
                    response = await self._within(_ASKING, _ASKING, http.get(dialect.probe), dialect)
                except StreamCut as error:  # hung up instead of answering: going down or coming up
                    raise EngineAway() from error
                if response.status_code in (401, 403):
                    refused = refusal(dialect, response.status_code, response.text)
                elif response.status_code in (502, 503, 504):
                    raise refusal(dialect, response.status_code, response.text)
                answer = _json(response)
                if info := identify(dialect, answer, model=self._model):
                    return self._named(info)
        if refused and answer is None:
            raise refused
        other = identify(OTHER, answer, model=self._model)
        if other is None:  # a row without a window fits any answer
            raise RuntimeError("no dialect takes any answer")
        return self._named(other)

    def _named(self, info: EngineInfo) -> EngineInfo:
        if self._embedded is None:
            return info
        return EngineInfo(info.dialect, info.model, info.window, f"embedded {info.model}")

    def _client(self, http: httpx2.AsyncClient) -> AsyncInferenceClient:
        """huggingface_hub's client over our HTTP client.

        Its own would send the hub token saved on this machine to an engine that needs no key, and would refuse to
        work under HF_HUB_OFFLINE. A header of None is one that it leaves out.
        """
        headers: dict[str, Any] = {"authorization": http.headers.get("authorization"), "user-agent": "pincite"}
        client = AsyncInferenceClient(base_url=self.url, headers=headers, timeout=http.timeout)  # type: ignore[arg-type]
        client._async_client = http
        return client

    def _http(self, dialect: Dialect | None = None) -> httpx2.AsyncClient:
        """A client for one use; given a dialect, it raises what a refusal means, which takes reading its body."""

        async def refuse(response: httpx2.Response) -> None:
            if dialect is not None and not response.is_success:
                await response.aread()
                raise refusal(dialect, response.status_code, response.text)

        hooks: dict[str, list[Callable[..., Any]]] = {"response": [refuse]}
        timeout = httpx2.Timeout(None, connect=self._timeouts.connect)  # for reading see the top of this file
        return httpx2.AsyncClient(**http_options(self.url, self.api_key), timeout=timeout, event_hooks=hooks)


def http_options(url: str, api_key: str | None) -> dict[str, Any]:
    """What every HTTP client for an engine at `url`, with or without `/v1`, is made with."""
    root = url.rstrip("/").removesuffix("/v1")
    return {
        "base_url": root,
        "headers": {"authorization": f"Bearer {api_key}"} if api_key else {},
        # False where there is no TLS to check: reading the certificates takes 40 ms.
        "verify": _certificates() if root.lower().startswith("https://") else False,
        "trust_env": not _on_this_machine(root),  # a proxy of the environment has no business on loopback
    }


@cache
def _certificates() -> ssl.SSLContext:
    return httpx2.create_ssl_context()


def _json(response: httpx2.Response) -> object:
    """The body of a successful answer, or None."""
    try:
        return response.json() if response.is_success else None
    except ValueError:
        return None


def _on_this_machine(url: str) -> bool:
    host = httpx2.URL(url).host
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
