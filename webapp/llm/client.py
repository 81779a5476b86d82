"""Streaming client for OpenAI-compatible chat-completions servers (TGI, vLLM, llama.cpp).

Requests and server-sent events are made and read here: huggingface_hub's client makes an object of each event, of which
three fields are read, and that took half of the processor time of a stream.

- Every stream has its own HTTP client. Closing it closes its one connection, which makes the server stop generating; a
  shared pool would also bind the client to one event loop.
- The time-outs are ours. Servers send comment lines to keep a connection open (TGI and llama.cpp do), and each would
  restart a read time-out; here only text counts, that of thinking too.
- A model that thinks is asked not to (`thinking`); what it thinks all the same is no part of the text.
- Differences between servers are in `dialects`; every failure is raised as an `EngineError`.
- Every outcome is recorded in the server's circuit breaker, which `pool` checks before it chooses a server.
"""

import asyncio
import json
import math
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import httpx2

from webapp.core.errors import (
    EngineAway,
    EngineEmpty,
    EngineEndless,
    EngineError,
    EngineFault,
    EngineLoading,
    EngineSilent,
    EngineThought,
    StreamCut,
    SwitchRefused,
    ThoughtTooLong,
)
from webapp.llm.chat import Cut, Message, StopFilter, TextFilter, digest, merge_roles
from webapp.llm.circuit_breaker import CircuitBreaker
from webapp.llm.dialects import (
    BY_NAME,
    DIALECTS,
    INCOMPLETE,
    OTHER,
    Dialect,
    ServerInfo,
    fault,
    identify,
    refusal,
    rendered,
)
from webapp.llm.thinking import FIELDS, FIRST_THOUGHTS, Anew, Habits, ThinkingFilter, opens_thinking

if TYPE_CHECKING:
    from webapp.llm.embedded import EmbeddedServer

__all__ = ["Anew", "Cut", "Host", "LLMClient", "Message", "Prompt", "ServerInfo", "State", "Timeouts"]

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
_BEGINNING: Final = 40  # characters of a text by which thinking is told from an answer
_CUT: Final = "length"  # finish reason of a text that has used up `max_tokens`, or the window
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
        self._habits: dict[tuple[str, str], Habits] = {}  # by dialect and model
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
        return replace(self._info, thinks=self._habits_of(self._info).thinks)

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
        """Yield the text of a completion piece by piece, decoded greedily (temperature 0), without thinking.

        `on_prompt` is told what is sent, just before.

        An `Anew` among the pieces says that those before it were thinking. `max_tokens` bounds the completion, its
        thinking included, also of a server that does not keep to it; the `stop` strings (TGI and vLLM take four) end it
        and are never yielded. The text is complete when the iterator ends without an error and its last piece is no
        `Cut`: vLLM and llama.cpp write less than `max_tokens` where the window leaves less room. Closing the iterator,
        or cancelling the task, closes the connection, and the server stops generating. Raises EngineError, also after
        some text was yielded.
        """
        info = await self.describe()
        dialect, habits = BY_NAME[info.dialect], self._habits_of(info)
        messages = merge_roles(messages)
        if on_prompt is not None:
            on_prompt(Prompt(digest(messages), info, self.host, max_tokens))
        request = _Request(info.model, messages, max_tokens, tuple(stop))
        text = _AnswerText(habits, stop if dialect.keeps_stop else ())
        try:
            async with aclosing(self._switched(dialect, habits, request)) as pieces:
                async for piece in pieces:
                    self.circuit.record_success()
                    for part in text.push(piece):
                        yield part
                    if text.is_stopped:
                        return
        except EngineError as error:
            self._info = None  # another server may come up at this address
            self._record(error)
            if rest := text.flush(is_broken=True):
                yield rest
            raise
        if dialect.loads_late:
            self._info = None  # its window is known from here on
        if rest := text.flush():
            yield rest
        if text.is_thinking:
            yield Anew()
        text.check(max_tokens)
        if text.is_cut:
            yield Cut()

    def _habits_of(self, info: ServerInfo) -> Habits:
        return self._habits.setdefault((info.dialect, info.model), Habits())

    async def _switched(self, dialect: Dialect, habits: Habits, request: "_Request") -> AsyncGenerator["_Piece"]:
        """Yield the deltas of a stream with thinking switched off; without the switch, if the server refuses it."""
        switch = {} if habits.refuses else dialect.less_thinking if habits.thinks else dialect.no_thinking
        try:
            async with aclosing(self._pieces(dialect, replace(request, switch=switch))) as pieces:
                async for piece in pieces:
                    yield piece
            return
        except SwitchRefused:
            if not switch:
                raise
            habits.refuses = True
        async with aclosing(self._pieces(dialect, request)) as pieces:
            async for piece in pieces:
                yield piece

    async def _pieces(self, dialect: Dialect, request: "_Request") -> AsyncGenerator["_Piece"]:
        """Yield the deltas of the stream, up to the chunk with a finish reason."""
        clock = asyncio.get_running_loop().time
        first, silence = self._timeouts.first, self._timeouts.silence
        started_at, ends_at, has_text = clock(), math.inf, False
        room = request.max_tokens * _MOST_OF_A_TOKEN
        async with self._http(dialect) as http, AsyncExitStack() as stack:
            asked = stack.enter_async_context(http.stream("POST", "/v1/chat/completions", json=request.body))
            response = await self._within(first, first, asked)
            chunks = await stack.enter_async_context(aclosing(_chunks(response, dialect)))
            while True:
                # A chunk without text does not restart the time-out for the first text.
                remaining, limit = (silence, silence) if has_text else (started_at + first - clock(), first)
                chunk = await self._within(remaining, limit, anext(chunks, None))
                if chunk is None:
                    raise StreamCut()
                for piece in _read(chunk):
                    if length := len(piece.text) + len(piece.thinking):
                        ends_at = min(ends_at, clock() + self._timeouts.whole)
                        has_text = True
                        yield piece if length <= room else replace(piece, text=piece.text[: max(room, 0)])
                        room -= length
                        if room < 0 or clock() > ends_at:
                            raise EngineEndless()
                    if piece.finish in INCOMPLETE:
                        raise INCOMPLETE[piece.finish]()
                    if piece.finish:
                        if not length:
                            yield piece
                        return

    async def _within(self, remaining: float, limit: float, awaitable: Awaitable[T]) -> T:
        """Await for the `remaining` seconds of a time-out of `limit` seconds; raise every failure as an EngineError."""
        try:
            async with asyncio.timeout(max(remaining, 0)):
                return await awaitable
        except EngineError:
            raise
        except Exception as error:  # whatever a server sends that is no response: the parsers raise what they like
            raise self._engine_error(error, limit) from error

    def _engine_error(self, error: Exception, limit: float) -> EngineError:
        """Map an error of httpx2, of a parser or of `asyncio.timeout` to an EngineError."""
        match error:
            case httpx2.ConnectTimeout():
                return EngineAway()
            case TimeoutError() | httpx2.TimeoutException():
                return EngineSilent(seconds=limit)
            case httpx2.ConnectError():
                return EngineLoading() if self._starting else EngineAway()
            case httpx2.TransportError():
                return StreamCut()
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
                    response = await self._within(_PROBE_SECONDS, _PROBE_SECONDS, http.get(dialect.probe))
                except StreamCut as error:  # the connection was closed without a response: going down or coming up
                    raise EngineAway() from error
                if response.status_code in (401, 403):
                    key_error = refusal(dialect, response.status_code, response.text)
                elif response.status_code in (502, 503, 504):
                    raise refusal(dialect, response.status_code, response.text)
                body = _json(response)
                if info := identify(dialect, body, model=self._model):
                    await self._look_at_template(http, dialect, info)
                    return self._named(info)
        if key_error and body is None:
            raise key_error
        other = identify(OTHER, body, model=self._model)
        if other is None:  # OTHER has no path to a window, so it matches any body
            raise RuntimeError("the dialect OTHER matched no body")
        return self._named(other)

    def _named(self, info: ServerInfo) -> ServerInfo:
        return replace(info, name=f"embedded {info.model}") if self._embedded else info

    async def _look_at_template(self, http: httpx2.AsyncClient, dialect: Dialect, info: ServerInfo) -> None:
        """Learn from the server's own rendering of a prompt, where it shows one, whether it opens thinking."""
        if dialect.rendering is None:
            return
        path, at = dialect.rendering
        question = {"model": info.model, "messages": [{"role": "user", "content": "?"}], "return_token_strs": True}
        with suppress(EngineError):  # what cannot be learned here is learned from the first answer
            asked = http.post(path, json={**question, **dialect.no_thinking})
            response = await self._within(_PROBE_SECONDS, _PROBE_SECONDS, asked)
            self._habits_of(info).is_opened |= opens_thinking(rendered(_json(response), at))

    def _http(self, dialect: Dialect | None = None) -> httpx2.AsyncClient:
        """An HTTP client for one use; with a dialect, it raises a status other than 2xx as an EngineError."""

        async def raise_for_status(response: httpx2.Response) -> None:
            if dialect is not None and not response.is_success:
                await response.aread()
                raise refusal(dialect, response.status_code, response.text)

        hooks: dict[str, list[Callable[..., Any]]] = {"response": [raise_for_status]}
        timeout = httpx2.Timeout(None, connect=self._timeouts.connect)  # no read time-out: see the module docstring
        return httpx2.AsyncClient(**http_options(self.url, self.api_key), timeout=timeout, event_hooks=hooks)


@dataclass(frozen=True, slots=True)
class _Request:
    """What a completion is asked for; `switch`: the fields that switch thinking off."""

    model: str
    messages: Sequence[Message]
    max_tokens: int
    stop: tuple[str, ...]
    switch: Mapping[str, Any] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        """The body of the request: what every server takes.

        No penalty and no top_p: TGI takes a presence penalty of 0 for a repetition penalty of 2 and rejects a top_p of
        1.
        """
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": message.role, "content": message.content} for message in self.messages],
            "stream": True,
            "max_tokens": self.max_tokens,
            "temperature": TEMPERATURE,
        }
        return body | ({"stop": list(self.stop)} if self.stop else {}) | dict(self.switch)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A delta: text, thinking that the server tells apart from it, and the finish reason of the last one."""

    text: str
    thinking: str
    finish: str


class _AnswerText:
    """The text of an answer from the deltas of its stream: characters made text, thinking and stop strings taken out.

    What it learns of the model's habits it notes in them.
    """

    def __init__(self, habits: Habits, stop: Sequence[str]) -> None:
        self._habits, self._stop = habits, stop
        self._characters, self._thinking = TextFilter(), ThinkingFilter(is_opened=habits.is_opened)
        self._stops = StopFilter(stop)
        self._text = ""  # its beginning
        self._finish = ""

    @property
    def is_stopped(self) -> bool:
        """Whether a stop string has ended it."""
        return self._stops.stopped

    @property
    def is_cut(self) -> bool:
        """Whether there was no room for more of it."""
        return self._finish == _CUT

    @property
    def is_thinking(self) -> bool:
        """Whether all of it is thinking that the prompt opened, and that was cut off before it ended."""
        return self.is_cut and not self._thinking.seen and FIRST_THOUGHTS.match(self._text) is not None

    def push(self, piece: _Piece) -> Iterator[str]:
        """Yield the text of a delta, and Anew where what was yielded before was thinking."""
        self._finish = piece.finish or self._finish
        parts = [self._thinking.report()] if piece.thinking.strip() else []
        for part in (*parts, *self._thinking.push(self._characters.push(piece.text))):
            if isinstance(part, Anew):
                self._stops, self._text = StopFilter(self._stop), ""
                self._habits.is_opened = True
                yield part
            elif text := self._shown(part):
                yield text
        self._habits.thinks = self._habits.thinks or self._thinking.seen

    def flush(self, *, is_broken: bool = False) -> str:
        """The text that was held back, at the end of the stream, or where it broke off."""
        rest = list(self._thinking.push(self._characters.flush()))
        rest.append(self._thinking.flush(is_cut=is_broken or self.is_cut))
        self._habits.thinks = self._habits.thinks or self._thinking.seen
        return self._shown("".join(rest)) + self._stops.flush()

    def check(self, tokens: int) -> None:
        """Check that there is an answer, and that thinking has left it the room that it needed."""
        if self.is_thinking:
            self._habits.thinks = self._habits.is_opened = True
            raise EngineThought(tokens=tokens)
        if not self._text:
            raise EngineThought(tokens=tokens) if self._thinking.seen else EngineEmpty()
        if self._thinking.seen and self.is_cut:
            raise ThoughtTooLong(tokens=tokens)

    def _shown(self, text: str) -> str:
        if len(self._text) < _BEGINNING:
            self._text = (self._text + text).lstrip()[:_BEGINNING]
        return self._stops.push(text)


async def _chunks(response: httpx2.Response, dialect: Dialect) -> AsyncGenerator[Any]:
    """Yield the JSON of each server-sent event up to "[DONE]"; comments, which keep a connection open, are left out.

    Raises the EngineError of an error event, ValueError or RecursionError where an event is no JSON, and what httpx2
    raises.
    """
    rest = b""
    async for data in response.aiter_bytes():
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if not line.startswith(b"data:"):
                continue
            told = line[len(b"data:") :].strip()
            if told == b"[DONE]":
                return
            chunk = json.loads(told)
            if isinstance(chunk, dict) and chunk.get("error") is not None:
                raise fault(dialect, chunk["error"])
            yield chunk


def _read(chunk: Any) -> list[_Piece]:
    """What a chunk, whose parser checks no types, has of each choice. Raises EngineFault."""
    try:
        return [_piece(each) for each in chunk.get("choices") or ()]
    except (AttributeError, TypeError) as error:
        raise EngineFault(kind=type(error).__name__) from error


def _piece(choice: Any) -> _Piece:
    """The delta of a choice, whose content may be a list of parts, as Mistral's own servers send it."""
    delta = choice.get("delta") or {}
    content, finish = delta.get("content") or "", choice.get("finish_reason") or ""
    thinking = [delta.get(name) or "" for name in FIELDS]
    if isinstance(content, list):
        thinking.append("…" if any(part.get("type") == "thinking" for part in content) else "")
        content = "".join(part.get("text") or "" for part in content if part.get("type") == "text")
    if not all(isinstance(value, str) for value in (content, finish, *thinking)):
        raise TypeError("a delta is text")
    return _Piece(content, next(filter(None, thinking), ""), finish)


def http_options(url: str, api_key: str | None) -> dict[str, Any]:
    """Keyword arguments of an httpx2 client for the server at `url`, with or without `/v1`."""
    root = url.rstrip("/").removesuffix("/v1")
    return {
        "base_url": root,
        "headers": {"user-agent": "pincite"} | ({"authorization": f"Bearer {api_key}"} if api_key else {}),
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
