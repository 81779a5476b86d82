"""A chat-completions server on loopback that behaves as TGI 3.3, vLLM or llama.cpp does, faults included.

It is a real HTTP server: what it sends travels over a socket, and it sees when the other side hangs up. What it
writes is told to it beforehand:

    with FakeEngine("tgi", key="k") as engine:
        engine.enqueue(Reply(["The ", "tenant", " pays."], pace=0.025))
        ...
        assert engine.asked[0]["max_tokens"] == 100
"""

import json
import re
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Kind = Literal["tgi", "vllm", "llama.cpp", "ollama", "lm-studio", "other"]
Fault = Literal["drop", "end", "error line", "too long line", "silence", "abort", "nonsense", "cut"]
Delta = str | dict[str, Any]  # text, or a delta with other fields


@dataclass(frozen=True)
class Reply:
    """What to write, `pace` seconds a piece after `first` seconds; after the pieces the fault, if any, happens.

    "cut": it ends as a text that has used up its tokens.
    """

    pieces: Sequence[Delta] = ("The", " tenant", " pays", ".")
    first: float = 0.0
    pace: float = 0.0
    fault: Fault | None = None
    byte_by_byte: bool = False


@dataclass(frozen=True)
class Refusal:
    """An answer that is no stream: a status and a body, JSON or plain text."""

    status: int
    body: object = ""


# What each kind says, in its own words.
BUSY = Refusal(429, {"error": "Model is overloaded", "error_type": "overloaded"})
LOADING = Refusal(503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}})
BARE_401 = Refusal(401)
MALFORMED = Refusal(422, "Failed to deserialize the JSON body into the target type: top_p: invalid type")
TEMPLATE = Refusal(422, {"error": "Template error: unknown role", "error_type": "template_error"})
TGI_TOO_LONG = (
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= {window}. "
    "Given: {prompt} `inputs` tokens and {answer} `max_new_tokens`"
)
VLLM_TOO_LONG = (
    "This model's maximum context length is {window} tokens. However, your prompt contains at least {prompt} input "
    "tokens, which exceeds this limit even without any output tokens. Please reduce the length of the input prompt. "
    "(parameter=input_tokens, value={prompt})"
)
VLLM_NO_ROOM = "max_tokens must be at least 1, got 0. (parameter=max_tokens, value=0)"
VLLM_TOO_MUCH = (
    "max_tokens={answer} cannot be greater than max_model_len={window}. Please request fewer output tokens. "
    "(parameter=max_tokens, value={answer})"
)
VLLM_STOPS = "1 validation error:\n  {'type': 'too_long', 'loc': 'body.stop'}"
LLAMA_TOO_LONG = "request ({prompt} tokens) exceeds the available context size ({window} tokens), try increasing it"
MODEL = {
    "tgi": "/data/fp8",
    "vllm": "legal/saul-slerp",
    "llama.cpp": "saul.gguf",
    "ollama": "saul:7b",
    "lm-studio": "saul-7b",
    "other": "house-model",
}
UNKNOWN_KEY = {
    "tgi": BARE_401,
    "vllm": Refusal(401, {"error": "Unauthorized"}),
    "llama.cpp": Refusal(401, {"error": {"message": "Invalid API Key", "type": "authentication_error", "code": 401}}),
    "ollama": BARE_401,
    "lm-studio": BARE_401,
    "other": Refusal(403, "forbidden"),
}


def vllm_error(message: str, param: str | None, kind: str = "BadRequestError", status: int = 400) -> Refusal:
    """A refusal in vLLM's form."""
    return Refusal(status, {"error": {"message": message, "type": kind, "param": param, "code": status}})


def llama_error(message: str, kind: str, status: int = 400) -> Refusal:
    """A refusal in llama.cpp's form."""
    return Refusal(status, {"error": {"code": status, "message": message, "type": kind}})


NOT_FOUND = {
    "vllm": Refusal(404, {"detail": "Not Found"}),
    "llama.cpp": llama_error("File Not Found", "not_found_error", 404),
}
GUARDED_BY_VLLM = ("/v1", "/v2", "/inference", "/cohere")  # its key is asked for on these paths alone


@dataclass
class FakeEngine:
    """One server; `url` is its base. Records every chat body in `asked` and its headers in `headers`."""

    kind: Kind = "tgi"
    key: str | None = None
    window: int = 4096
    port: int = 0
    loading: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    probes: list[str] = field(default_factory=list)
    hung_up: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    goes_on: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.thaw()
        self._replies: deque[Reply | Refusal] = deque()
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.engine = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "FakeEngine":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def kill(self) -> None:
        """Go as a process that is killed goes: every connection ends where it is. Another may take the port."""
        self.__exit__()
        for connection in self._server.connections:
            with suppress(OSError):  # it has gone by itself
                connection.shutdown(socket.SHUT_RDWR)

    def freeze(self) -> None:
        """Stand still, with every connection open, until `thaw`."""
        self.goes_on.clear()

    def thaw(self) -> None:
        self.goes_on.set()

    def enqueue(self, *replies: Reply | Refusal) -> "FakeEngine":
        """Say what the next requests get; the default reply when nothing is left."""
        self._replies.extend(replies)
        return self

    def forget(self) -> None:
        """Drop the replies that nobody asked for."""
        self._replies.clear()

    def next_reply(self) -> Reply | Refusal:
        return self._replies.popleft() if self._replies else Reply()

    def rendering(self, path: str) -> object | None:
        """What a POST answers that shows a prompt as the chat template renders it, or None for 404."""
        shown = {
            "count": 9,
            "max_model_len": self.window,
            "token_strs": ["<s>", "[", "INST", "]", "▁?", "▁[", "/", "INST", "]"],
        }
        return shown if (self.kind, path) == ("vllm", "/tokenize") else None

    def reply_to(self, asked: dict[str, Any]) -> Reply | Refusal:
        """What a chat body gets."""
        del asked
        return self.next_reply()

    def told(self, path: str) -> object | None:
        """What a GET answers, or None for 404."""
        model = MODEL[self.kind]
        match self.kind, path:
            case "tgi", "/info":
                return {"model_id": model, "max_input_tokens": self.window - 512, "max_total_tokens": self.window}
            case "tgi", "/v1/models":
                return {"object": "list", "data": [{"id": model, "object": "model", "owned_by": model}]}
            case "vllm", "/v1/models":
                return {"object": "list", "data": [{"id": model, "owned_by": "vllm", "max_model_len": self.window}]}
            case "llama.cpp", "/props":
                return {"default_generation_settings": {"n_ctx": self.window}, "total_slots": 2, "model_alias": model}
            case "ollama", "/api/tags":
                return {"models": [{"name": model, "model": model, "details": {"family": "llama"}}]}
            case "ollama", "/api/ps":
                return {"models": [{"name": model, "model": model, "context_length": self.window}]}
            case "lm-studio", "/api/v0/models":
                row = {"id": model, "type": "llm", "state": "loaded", "max_context_length": 131072}
                return {"data": [{"id": "other"}, row | {"loaded_context_length": self.window}]}
            case (("llama.cpp" | "ollama" | "lm-studio" | "other"), "/v1/models"):
                return {"object": "list", "data": [{"id": model}]}
            case (("tgi" | "vllm" | "llama.cpp"), "/health"):
                return {}
        return None

    def objection(self, asked: dict[str, Any]) -> Refusal | str | None:
        """What this kind has against a chat body: a refusal, or the words of an error line inside a stream."""
        turns, prompt = asked["messages"], prompt_tokens(asked)
        size = {"prompt": prompt, "answer": asked.get("max_tokens", 100), "window": self.window}
        if self.kind == "tgi":
            if asked.get("top_p") == 1.0 or asked.get("presence_penalty") == 0 or len(asked.get("stop", ())) > 4:
                return MALFORMED
            if [turn["role"] for turn in turns] != (["user", "assistant"] * len(turns))[: len(turns)]:
                return TEMPLATE
            return TGI_TOO_LONG.format(**size) if prompt + size["answer"] > self.window else None
        if self.kind == "vllm":
            return self._vllm_objection(asked, size)
        if self.kind == "llama.cpp" and prompt >= self.window:
            return llama_error(LLAMA_TOO_LONG.format(**size), "exceed_context_size_error")
        return None

    def _vllm_objection(self, asked: dict[str, Any], size: dict[str, int]) -> Refusal | None:
        if asked["model"] != MODEL["vllm"]:
            said = f"The model `{asked['model']}` does not exist. Valid aliases: {MODEL['vllm']}."
            return vllm_error(said, "model", "NotFoundError", 404)
        if len(asked.get("stop") or ()) > 4:
            return vllm_error(VLLM_STOPS, "body.stop", "Bad Request")
        if size["answer"] > self.window:
            return vllm_error(VLLM_TOO_MUCH.format(**size), "max_tokens")
        if size["prompt"] > self.window:
            return vllm_error(VLLM_TOO_LONG.format(**size), "input_tokens")
        return vllm_error(VLLM_NO_ROOM, "max_tokens") if size["prompt"] == self.window else None

    def within_window(self, asked: dict[str, Any], reply: Reply) -> Reply:
        """The reply as far as the window has room for it: vLLM and llama.cpp write less than they were asked for."""
        room = self.window - prompt_tokens(asked)
        if self.kind not in ("vllm", "llama.cpp") or len(reply.pieces) <= room:
            return reply
        return replace(reply, pieces=reply.pieces[:room], fault="cut")


Shape = Literal[
    "reasoning_content", "reasoning", "parts", "tags", "opened", "THINK", "harmony", "words of harmony", "granite"
]
AROUND: dict[Shape, tuple[str, str]] = {  # thinking, where it stands in the text
    "tags": ("<think>", "</think>\n\n"),
    "opened": ("", "</think>\n\n"),  # the opening tag is at the end of the prompt
    "THINK": ("[THINK]", "[/THINK]"),
    "harmony": ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    "words of harmony": ("analysis", "assistantfinal"),
    "granite": ("Here is my thought process:", "Here is my response:"),
}


THOUGHT = "We need to look at the passages. Passage 1 says something. Let me check again.".split()


def prompt_tokens(asked: dict[str, Any]) -> int:
    """Tokens of the prompt of a chat body: a word is one."""
    return sum(len(turn["content"].split()) for turn in asked["messages"])


@dataclass
class ThinkingEngine(FakeEngine):
    """Thinks before it answers, as its `shape` has it, `thoughts` tokens long and within `max_tokens`.

    `obeys`: not where the request says so. `refuses`: a request that says so. `shows`: its rendering of a prompt.
    """

    shape: Shape = "reasoning"
    thoughts: int = 60
    answer: str = "The tenant pays."
    obeys: bool = False
    refuses: bool = False
    shows: bool = False

    def reply_to(self, asked: dict[str, Any]) -> Reply | Refusal:
        switch = asked.get("chat_template_kwargs") or {}
        is_off = switch.get("enable_thinking") is False or asked.get("reasoning_effort") == "none"
        if self.refuses and ("chat_template_kwargs" in asked or "reasoning_effort" in asked):
            return Refusal(400, {"error": {"message": "Unrecognized request argument supplied: chat_template_kwargs"}})
        passages = asked["messages"][-1]["content"]
        answer = [word + " " for word in (copied(passages) if "\nQuestion: " in passages else self.answer).split()]
        if self.obeys and is_off:
            return Reply(answer)
        thought = [f"{word} " for word in (THOUGHT * self.thoughts)[: self.thoughts]]
        deltas: list[Delta] = []
        if self.shape in AROUND:
            first, last = AROUND[self.shape]
            text = first + "".join(thought) + last
            size = max(1, len(text) // max(1, self.thoughts))
            deltas += [text[at : at + size] for at in range(0, len(text), size)]
        elif self.shape == "parts":
            deltas += [{"content": [{"type": "thinking", "thinking": [{"type": "text", "text": w}]}]} for w in thought]
            answer = [{"content": [{"type": "text", "text": word}]} for word in answer]  # type: ignore[misc]
        else:
            deltas += [{self.shape: word} for word in thought]
        deltas += answer
        most = asked.get("max_tokens", 512)
        return Reply(deltas[:most], fault="cut") if len(deltas) > most else Reply(deltas)

    def rendering(self, path: str) -> object | None:
        if not self.shows:
            return None
        prompt = "<s>[INST]?[/INST]" + ("<think>\n" if self.shape == "opened" else "")
        return {"/tokenize": {"token_strs": [*prompt]}, "/chat_tokenize": {"templated_text": prompt}}.get(path)


@dataclass
class CopyingEngine(FakeEngine):
    """Quotes the sentence of the passages that shares most words with the question; says so where none shares two.

    `pace` and `first` are those of its replies. It refuses a prompt with one of the words of `breaks` as a server does
    that is overloaded, so many times as `refusals` says.
    """

    pace: float = 0.0
    first: float = 0.0
    breaks: str = ""
    refusals: int = 1_000_000

    def reply_to(self, asked: dict[str, Any]) -> Reply | Refusal:
        prompt = asked["messages"][-1]["content"]
        if self.breaks and self.breaks in prompt and self.refusals > 0:
            self.refusals -= 1
            return BUSY
        return Reply([word + " " for word in copied(prompt).split(" ")], first=self.first, pace=self.pace)


def copied(prompt: str) -> str:
    """The bearing sentence of a prompt, in quotation marks, with the number of its passage."""
    sources, _, question = prompt.rpartition("\nQuestion: ")
    wanted = {stem(word) for word in re.findall(r"[a-z]{4,}", question.lower())} - ASIDE
    best, words = (1, ""), "The passages do not say."
    for passage in re.split(r"\n(?=\[\d+\] )", sources):
        number = re.match(r"\[(\d+)\]", passage)
        if number is None:
            continue
        for sentence in re.split(r"(?<=[.;:])\s+|\n", passage.partition("\n")[2]):
            shared = len(wanted & {stem(word) for word in re.findall(r"[a-z]{4,}", sentence.lower())})
            if shared > best[0]:
                best, words = (shared, sentence), f"“{sentence.strip()}” [{number[1]}]"
    return words


def stem(word: str) -> str:
    return word[:6]


ASIDE = {
    stem(word) for word in "which what does have with each contract contracts agreement agreements their them".split()
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    engine: FakeEngine

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.connections: list[socket.socket] = []

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.connections.append(connection)
        return connection, address


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on standard error."""

    def do_GET(self) -> None:
        engine = self.server.engine
        engine.probes.append(self.path)
        if engine.loading:
            return self._refuse(LOADING)
        if not self._is_open() and not self._has_key():
            return self._refuse(UNKNOWN_KEY[engine.kind])
        told, unknown = engine.told(self.path), NOT_FOUND.get(engine.kind, Refusal(404, {"error": "Not Found"}))
        return self._refuse(unknown if told is None else Refusal(200, told))

    def do_POST(self) -> None:
        engine = self.server.engine
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == "/tokenize" and engine.kind == "llama.cpp":  # a word a token
            if not self._has_key():
                return self._refuse(UNKNOWN_KEY[engine.kind])
            return self._refuse(Refusal(200, {"tokens": list(range(len(asked["content"].split())))}))
        if self.path != "/v1/chat/completions":
            shown = engine.rendering(self.path)
            if shown is not None and not asked.keys() & {"prompt", "messages", "inputs"}:
                return self._refuse(Refusal(400))
            return self._refuse(Refusal(404) if shown is None else Refusal(200, shown))
        engine.asked.append(asked)
        engine.headers.append({name.lower(): value for name, value in self.headers.items()})
        if engine.loading:
            return self._refuse(LOADING)
        if not self._has_key():
            return self._refuse(UNKNOWN_KEY[engine.kind])
        objection, reply = engine.objection(asked), engine.reply_to(asked)
        if isinstance(objection, Refusal):
            return self._refuse(objection)
        if isinstance(reply, Refusal):
            return self._refuse(reply)
        try:
            self._stream(engine.within_window(asked, reply), asked.get("stop") or [], objection)
        except OSError:
            engine.hung_up.release()
            self.close_connection = True
        return None

    def _is_open(self) -> bool:
        """Whether a path needs no key."""
        kind = self.server.engine.kind
        return kind == "tgi" or self.path == "/health" or (kind == "vllm" and not self.path.startswith(GUARDED_BY_VLLM))

    def _has_key(self) -> bool:
        key = self.server.engine.key
        return key is None or self.headers["authorization"] == f"Bearer {key}"

    def _refuse(self, refusal: Refusal) -> None:
        plain = refusal.body if isinstance(refusal.body, str) else None
        body = (json.dumps(refusal.body) if plain is None else plain).encode()
        self.send_response(refusal.status)
        self.send_header("content-type", "application/json" if plain is None else "text/plain")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, reply: Reply, stop: list[str], objection: str | None) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        if objection is not None:
            self._end(self._error(objection))
            return
        if self.server.engine.kind != "tgi":
            first = "" if self.server.engine.kind == "vllm" else None
            self._send(self._event({"role": "assistant", "content": first}))  # a chunk of its own for the role
        self._pause(reply.first)
        pieces, stopped = self._until(reply.pieces, stop)
        deltas = [{"content": piece} if isinstance(piece, str) else piece for piece in pieces]
        # vLLM ends a text in the chunk of its last piece, the others in one of its own.
        ends_itself = self.server.engine.kind == "vllm" and reply.fault in (None, "cut") and not reply.byte_by_byte
        last = deltas.pop() if deltas and ends_itself else {}
        for delta in deltas:
            self._send(self._event(delta), byte_by_byte=reply.byte_by_byte)
            self._pause(reply.pace)
        self._finish(reply.fault, last, is_stopped=stopped)

    def _finish(self, fault: Fault | None, last: dict[str, Any], *, is_stopped: bool) -> None:
        match fault:
            case "drop":
                self.wfile.write(b"40\r\ndata: {")  # sixty-four bytes announced, seven sent
                self.close_connection = True
            case "end":
                self._end(b"")
            case "error line":
                self._end(self._error("CUDA error: out of memory"))
            case "too long line":
                self._end(self._error(TGI_TOO_LONG.format(prompt=4000, answer=512, window=4096)))
            case "silence":
                self._hold()
            case "abort":
                self._end(self._event({}, finish="abort"))
            case "nonsense":
                self._end(b"data: {half an object\n\n")
            case "cut":
                self._end(self._event(last, finish="length") + b"data: [DONE]\n\n")
            case None:
                tgi = "stop_sequence" if is_stopped else "stop"
                finish = tgi if self.server.engine.kind == "tgi" else "stop"
                self._end(self._event(last or {"content": ""}, finish=finish) + b"data: [DONE]\n\n")

    def _until(self, deltas: Sequence[Delta], stop: list[str]) -> tuple[Iterator[Delta], bool]:
        """The pieces up to a stop string: TGI sends the whole piece that completes it, the others cut it out."""
        pieces = [delta for delta in deltas if isinstance(delta, str)]
        if len(pieces) < len(deltas):
            return iter(deltas), False
        text = "".join(pieces)
        ends = [at for word in stop if (at := text.find(word)) >= 0]
        if not ends:
            return iter(pieces), False
        if self.server.engine.kind in ("vllm", "llama.cpp"):
            return iter([text[: min(ends)]]), True
        sent, kept = 0, []
        for piece in pieces:
            kept.append(piece)
            sent += len(piece)
            if any(word in text[:sent] for word in stop):
                break
        return iter(kept), True

    def _event(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        tgi = self.server.engine.kind == "tgi"
        if tgi:
            delta = {"role": "assistant", **delta}  # on every chunk
        chunk = {
            "id": "" if tgi else "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": MODEL[self.server.engine.kind],
            "system_fingerprint": "3.3.7-native" if tgi else None,
            "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
        }
        return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()

    def _error(self, words: str) -> bytes:
        error: dict[str, Any] = {"message": words, "http_status_code": 422}
        if self.server.engine.kind != "tgi":
            error = {"message": words, "type": "InternalServerError", "code": 500}
        return f"data: {json.dumps({'error': error})}\n\n".encode()

    def _send(self, data: bytes, *, byte_by_byte: bool = False) -> None:
        self.server.engine.goes_on.wait()
        for part in [data[i : i + 1] for i in range(len(data))] if byte_by_byte else [data]:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.flush()

    def _end(self, data: bytes) -> None:
        if data:
            self._send(data)
        self.wfile.write(b"0\r\n\r\n")

    def _pause(self, seconds: float) -> None:
        """Wait, and see at once when the other side hangs up. Keeps the connection open with comments, as TGI does."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._look(min(left, 0.1))
            self._send(b":\n\n")

    def _hold(self) -> None:
        while True:
            self._pause(60)

    def _look(self, seconds: float) -> None:
        readable, _, _ = select.select([self.connection], [], [], seconds)
        if readable and not self.connection.recv(1, socket.MSG_PEEK):
            raise ConnectionResetError
