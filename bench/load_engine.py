"""An engine that writes for many at once and thinks little: TGI's answers to the routes that pincite asks, on loopback.

    python -m bench.load_engine

Prints its address and serves until its standard input ends. To a question with the word Zq000042 it writes an answer
with the word Za000042, 40 tokens a second for each reader, the first after 0.3 seconds.
"""

import asyncio
import json
import re
import sys

FIRST_SECONDS = 0.3
PER_SECOND = 40
TOKENS = 120
ASKED = re.compile(r"Zq(\d{6})")
FILLER = (
    "The agreement says so in the passage that is cited here, and nothing in the others says otherwise [1]. ".split(" ")
)


def main() -> None:
    """Serve."""
    asyncio.run(_serve())


async def _serve() -> None:
    server = await asyncio.start_server(_connection, "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.to_thread(sys.stdin.read)


async def _connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while request := await reader.readline():
            length = 0
            while (line := await reader.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            body = await reader.readexactly(length)
            if request.startswith(b"POST"):
                await _write(json.loads(body), writer)
            else:
                told = {"model_id": "load", "max_total_tokens": 4096} if b"/info" in request else {}
                data = json.dumps(told).encode()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
                writer.write(b"content-length: %d\r\n\r\n%s" % (len(data), data))
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass  # whoever asked went away
    finally:
        writer.close()


async def _write(asked: dict[str, object], writer: asyncio.StreamWriter) -> None:
    clock = asyncio.get_running_loop().time
    began = clock() + FIRST_SECONDS
    number = (ASKED.findall(json.dumps(asked)) or ["000000"])[-1]
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
    for n in range(TOKENS):
        await asyncio.sleep(max(0.0, began + n / PER_SECOND - clock()))
        word = f"Za{number}" if n % 20 == 0 else FILLER[n % len(FILLER)]
        _chunk(writer, {"role": "assistant", "content": f"{word} "}, None)
        await writer.drain()
    _chunk(writer, {"role": "assistant", "content": ""}, "stop")
    writer.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")


def _chunk(writer: asyncio.StreamWriter, delta: dict[str, str], finish: str | None) -> None:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    told = {"id": "", "object": "chat.completion.chunk", "created": 1, "model": "load", "choices": [choice]}
    data = f"data: {json.dumps(told)}\n\n".encode()
    writer.write(b"%x\r\n%s\r\n" % (len(data), data))


if __name__ == "__main__":
    main()
