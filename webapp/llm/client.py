"""Streaming client for OpenAI-compatible chat-completions servers (TGI, vLLM, llama.cpp).

It wraps huggingface_hub's `AsyncInferenceClient`, which builds the request and parses the server-sent events.

- Every stream has its own HTTP client. Closing it closes its one connection, which makes the server stop generating; a
  shared pool would also bind the client to one event loop.
- The time-outs are ours. Servers send comment lines to keep a connection open (TGI and llama.cpp do), and each would
  restart a read time-out; here only text counts.
- Differences between servers are in `dialects`; every failure is raised as an `EngineError`.
- Every outcome is recorded in the server's circuit breaker, which `pool` checks before it chooses a server.
"""

import asyncio
import math
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import httpx2
from huggingface_hub import AsyncInferenceClient, ChatCompletionStreamOutput
from huggingface_hub.errors import InferenceTimeoutError, TextGenerationError

from webapp.core.errors import (
    EngineAway,
    EngineEmpty,
    EngineEndless,
    EngineError,
    EngineFault,
    EngineLoading,
    EngineSilent,
    StreamCut,
)
from webapp.llm.chat import Message, StopFilter, TextFilter, digest, merge_roles
from webapp.llm.circuit_breaker import CircuitBreaker
from webapp.llm.dialects import BY_NAME, DIALECTS, INCOMPLETE, OTHER, Dialect, ServerInfo, fault, identify, refusal

if TYPE_CHECKING:
    from webapp.llm.embedded import EmbeddedServer

__all__ = ["Host", "LLMClient", "Message", "Prompt", "ServerInfo", "State", "Timeouts"]

T = TypeVar("T")
State = Literal["ready", "loading", "away"]
Host = Literal["embedded", "this machine", "another machine"]
TEMPERATURE: Final = 0  # greedy on all servers; without it TGI samples


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as it was sent: the SHA-256 of its messages, the server it was sent to, and how it was asked."""

    sha256: str
    server: ServerInfo
    host: Host
    max_tokens: int
    temperature: float = TEMPERATURE


OnPrompt = Callable[[Prompt], None]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Time-outs in seconds: `connect`, `first` text, `silence` between two pieces of text, and `whole` of the text.

    A connection within a network takes milliseconds; 5 s allow for two lost packets. The others are settings.
    """

    connect: float = 5.0
    first: float = 120.0
    silence: float = 30.0
    whole: float = 900.0  # from the first text: 1,000 tokens of a server that writes one a second fit in


_DEFAULT_TIMEOUTS: Final = Timeouts()
# Failures for the circuit breaker. Every other error is a response, so the server is up.
_GONE: Final = (EngineAway, EngineLoading, EngineSilent, StreamCut)
# Characters of a text for each token that was asked for: no text has so many, long words and spaces included. A server
# that goes on past them does not keep to `max_tokens`.
_MOST_OF_A_TOKEN: Final = 16
_PROBE_SECONDS: Final = 5.0  # for /info, /props and /health, which servers answer without the model


class LLMClient:
    """Client of one server. `base_url` may end in `/v1`. Usable from several tasks and event loops."""

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        model: str | None = None,
        *,
        timeouts: Timeouts = _DEFAULT_TIMEOUTS,
        embedded: "EmbeddedServer | None" = None,
    ) -> None:
        """`embedded`: the supervisor of the embedded server, which knows that a refused connection means "starting"."""
        self.url = base_url.rstrip("/").removesuffix("/v1")
        self.api_key = api_key
        self._model = model
        self._timeouts = timeouts
        self._embedded = embedded
        self._info: ServerInfo | None = None
        self.circuit = CircuitBreaker()
        self.in_flight = 0  # leases of the pool that are not over

    async def describe(self) -> ServerInfo:
        """Return the server's dialect, model and context window; probed once, and again after an error.

        Raises EngineError.
        """
        if self._info is None:
            try:
                self._info = await self._probe()
            except EngineError as error:
                self._record(error)
                raise
        return self._info

    @property
    def name(self) -> str:
        """Name of the model, once the server has described itself; "" before."""
        return self._info.name if self._info else ""

    async def state(self, seconds: float = _PROBE_SECONDS) -> State:
        """Health check: "ready", "loading", or "away" after `seconds` without a response. Never raises."""
        if self._starting:
            return "loading"
        try:
            async with asyncio.timeout(seconds), self._http() as http:
                response = await http.get("/health")
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError):
            return "away"
        if response.status_code < 500:  # a server without /health responds 404: it is up
            return "ready"
        return "loading" if response.status_code == 503 else "away"

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        stop: Sequence[str] = (),
        on_prompt: OnPrompt | None = None,
    ) -> AsyncGenerator[str]:
        """Yield the text of a completion piece by piece, decoded greedily (temperature 0).

        `on_prompt` is told what is sent, just before.

        `max_tokens` bounds the completion, also of a server that does not keep to it; the `stop` strings (TGI takes
        four) end it and are never yielded. The text is complete when the iterator ends without an error. Closing the
        iterator, or cancelling the task, closes the connection, and the server stops generating. Raises EngineError,
        also after some text was yielded.
        """
        info = await self.describe()
        dialect = BY_NAME[info.dialect]
        messages = merge_roles(messages)
        if on_prompt is not None:
            on_prompt(Prompt(digest(messages), info, self.host, max_tokens))
        text_filter, stop_filter = TextFilter(), StopFilter(stop if dialect.keeps_stop else ())
        is_empty = True
        try:
            async with aclosing(self._pieces(dialect, info.model, messages, max_tokens, stop)) as pieces:
                async for piece in pieces:
                    self.circuit.record_success()
                    is_empty = is_empty and not piece.strip()
                    if text := stop_filter.push(text_filter.push(piece)):
                        yield text
                    if stop_filter.stopped:
                        return
        except EngineError as error:
            self._info = None  # another server may come up at this address
            self._record(error)
            if text := stop_filter.push(text_filter.flush()) + stop_filter.flush():
                yield text
            raise
        if text := stop_filter.push(text_filter.flush()) + stop_filter.flush():
            yield text
        if is_empty:
            raise EngineEmpty()

    async def _pieces(
        self, dialect: Dialect, model: str, messages: Sequence[Message], max_tokens: int, stop: Sequence[str]
    ) -> AsyncGenerator[str]:
        """Yield the text deltas of the stream, up to the chunk with a finish reason."""
        clock = asyncio.get_running_loop().time
        first, silence = self._timeouts.first, self._timeouts.silence
        started_at, ends_at, has_text = clock(), math.inf, False
        room = max_tokens * _MOST_OF_A_TOKEN
        async with self._http(dialect) as http, self._client(http) as client:
            request = client.chat_completion(
                [{"role": message.role, "content": message.content} for message in messages],
                model=model,
                stream=True,
                max_tokens=max_tokens,
                stop=list(stop) or None,
                # No penalty and no top_p: TGI takes a presence penalty of 0 for a repetition penalty of 2 and rejects a
                # top_p of 1.
                temperature=TEMPERATURE,
            )
            chunks = aiter(await self._within(first, first, request, dialect))
            while True:
                # A chunk without text does not restart the time-out for the first text.
                remaining, limit = (silence, silence) if has_text else (started_at + first - clock(), first)
                chunk = await self._within(remaining, limit, anext(chunks, None), dialect)
                if chunk is None:
                    raise StreamCut()
                for text, finish_reason in _read(chunk):
                    if text:
                        ends_at = min(ends_at, clock() + self._timeouts.whole)
                        has_text = True
                        yield text[:room]
                        room -= len(text)
                        if room < 0 or clock() > ends_at:
                            raise EngineEndless()
                    if finish_reason in INCOMPLETE:
                        raise INCOMPLETE[finish_reason]()
                    if finish_reason:
                        return

    async def _within(self, remaining: float, limit: float, awaitable: Awaitable[T], dialect: Dialect) -> T:
        """Await for the `remaining` seconds of a time-out of `limit` seconds; raise every failure as an EngineError."""
        try:
            async with asyncio.timeout(max(remaining, 0)):
                return await awaitable
        except EngineError:
            raise
        except Exception as error:  # whatever a server sends that is no response: the parsers raise what they like
            raise self._engine_error(error, limit, dialect) from error

    def _engine_error(self, error: Exception, limit: float, dialect: Dialect) -> EngineError:
        """Map an error of httpx2, of huggingface_hub or of `asyncio.timeout` to an EngineError."""
        if isinstance(error, InferenceTimeoutError) and isinstance(error.__cause__, Exception):
            error = error.__cause__  # huggingface_hub turns all time-outs of httpx2 into one class
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

    def _record(self, error: EngineError) -> None:
        if isinstance(error, _GONE):
            self.circuit.record_failure()
        else:
            self.circuit.record_success()

    @property
    def host(self) -> Host:
        """Where the server is, as far as may be told: its address may hold a password."""
        if self._embedded is not None:
            return "embedded"
        return "this machine" if _on_this_machine(self.url) else "another machine"

    @property
    def _starting(self) -> bool:
        return self._embedded is not None and self._embedded.state == "starting"

    async def _probe(self) -> ServerInfo:
        """Send each dialect's probe until one matches the response; if none does, the dialect is OTHER."""
        key_error: EngineError | None = None
        body: object = None
        async with self._http() as http:
            for dialect in DIALECTS:
                try:
                    response = await self._within(_PROBE_SECONDS, _PROBE_SECONDS, http.get(dialect.probe), dialect)
                except StreamCut as error:  # the connection was closed without a response: going down or coming up
                    raise EngineAway() from error
                if response.status_code in (401, 403):
                    key_error = refusal(dialect, response.status_code, response.text)
                elif response.status_code in (502, 503, 504):
                    raise refusal(dialect, response.status_code, response.text)
                body = _json(response)
                if info := identify(dialect, body, model=self._model):
                    return self._named(info)
        if key_error and body is None:
            raise key_error
        other = identify(OTHER, body, model=self._model)
        if other is None:  # OTHER has no path to a window, so it matches any body
            raise RuntimeError("the dialect OTHER matched no body")
        return self._named(other)

    def _named(self, info: ServerInfo) -> ServerInfo:
        if self._embedded is None:
            return info
        return replace(info, name=f"embedded {info.model}")

    def _client(self, http: httpx2.AsyncClient) -> AsyncInferenceClient:
        """huggingface_hub's client on top of our HTTP client.

        With its own HTTP client it would send the hub token saved on this machine to a server that needs no key, and
        would fail under HF_HUB_OFFLINE. It omits headers that are None.
        """
        headers: dict[str, Any] = {"authorization": http.headers.get("authorization"), "user-agent": "pincite"}
        client = AsyncInferenceClient(base_url=self.url, headers=headers, timeout=http.timeout)  # type: ignore[arg-type]
        client._async_client = http
        return client

    def _http(self, dialect: Dialect | None = None) -> httpx2.AsyncClient:
        """An HTTP client for one use; with a dialect, it raises a status other than 2xx as an EngineError."""

        async def raise_for_status(response: httpx2.Response) -> None:
            if dialect is not None and not response.is_success:
                await response.aread()
                raise refusal(dialect, response.status_code, response.text)

        hooks: dict[str, list[Callable[..., Any]]] = {"response": [raise_for_status]}
        timeout = httpx2.Timeout(None, connect=self._timeouts.connect)  # no read time-out: see the module docstring
        return httpx2.AsyncClient(**http_options(self.url, self.api_key), timeout=timeout, event_hooks=hooks)


def _read(chunk: ChatCompletionStreamOutput) -> list[tuple[str, str]]:
    """The text and the finish reason of each choice of a chunk, whose parser checks no types. Raises EngineFault."""
    try:
        read = [((each.delta and each.delta.content) or "", each.finish_reason or "") for each in chunk.choices or ()]
    except (AttributeError, TypeError) as error:
        raise EngineFault(kind=type(error).__name__) from error
    if not all(isinstance(value, str) for pair in read for value in pair):
        raise EngineFault(kind="TypeError")
    return read


def http_options(url: str, api_key: str | None) -> dict[str, Any]:
    """Keyword arguments of an httpx2 client for the server at `url`, with or without `/v1`."""
    root = url.rstrip("/").removesuffix("/v1")
    return {
        "base_url": root,
        "headers": {"authorization": f"Bearer {api_key}"} if api_key else {},
        # Without TLS there is nothing to verify, and loading the certificates takes 40 ms.
        "verify": _certificates() if root.lower().startswith("https://") else False,
        "trust_env": not _on_this_machine(root),  # no proxy of the environment for loopback
    }


@cache
def _certificates() -> ssl.SSLContext:
    return httpx2.create_ssl_context()


def _json(response: httpx2.Response) -> object:
    """The JSON body of a 2xx response, else None."""
    try:
        return response.json() if response.is_success else None
    except (ValueError, RecursionError):
        return None


def _on_this_machine(url: str) -> bool:
    host = httpx2.URL(url).host
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
