"""The page without a browser: what gradio's script and `drafts.js` do, over HTTP,
for many readers at once and for what nobody clicks.
"""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2

SELDOM_SECONDS = 10.0  # between two looks, as in `looks.js`
Message = dict[str, Any]
_DRAFT = re.compile(r'data-draft=\\"(?P<address>[^"\\]+)\\" data-turn=\\"(?P<turn>\w+)')


class Page:
    """One tab: joins gradio's queue with events, listens to its session, and comes back where a state has changed."""

    def __init__(self, address: str, headers: Mapping[str, str] | None = None) -> None:
        """`address` as `pincite serve` prints it: with the token that lets its reader in, where there is one."""
        self._address = address
        sent = {"sec-fetch-site": "same-origin", **(headers or {})}
        self._http = httpx2.AsyncClient(
            base_url=address.partition("/?")[0], headers=sent, timeout=None, trust_env=False
        )
        self._session = os.urandom(8).hex()
        self._heard: dict[str, asyncio.Queue[Message]] = {}
        self._listening: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None

    async def open(self) -> str:
        """Load the page, and look for changes from then on; what it shows, as JSON."""
        await self._http.get(self._address)  # its cookie comes with it
        config = (await self._http.get("/config")).json()
        self._ids = {part["props"].get("elem_id"): part["id"] for part in config["components"]}
        backed = [row for row in config["dependencies"] if row["backend_fn"]]
        self._acts = {(target[0], target[1]): row for row in backed for target in row["targets"]}
        (load,) = [row for (_, event), row in self._acts.items() if event == "load"]
        shown = json.dumps([message async for message in self._do(load)])
        self._looking = asyncio.create_task(self._looks())
        return shown

    async def ask(self, question: str) -> AsyncIterator[str]:
        """Each change of the page, as JSON, until the answer is kept. Raises RuntimeError where it is refused."""
        draft = None
        async for message in self.do("send", "click", question):
            if message["msg"] == "process_completed" and not message.get("success"):
                raise RuntimeError("the handler failed")
            said = json.dumps(message.get("output"))
            if 'class=\\"notice' in said:
                raise RuntimeError("a notice: " + said.split('class=\\"notice', 1)[1][:100])
            draft = _DRAFT.search(said) or draft
            yield said
        if draft is None:
            raise RuntimeError("no answer is being written")
        async for html in self.follow(draft["address"]):
            yield html
        async for message in self.do("part-now", "click", said={"do": "finished", "turn": draft["turn"]}):
            yield json.dumps(message.get("output"))

    async def follow(self, address: str) -> AsyncIterator[str]:
        """The turn that is being written, as HTML, each time that it has grown, to its end."""
        html, event = "", ""
        async with self._http.stream("GET", address) as stream:
            if stream.status_code != 200:
                raise RuntimeError(f"status {stream.status_code}")
            async for line in stream.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    event = value
                elif name == "data" and event == "end":
                    return
                elif name == "data":
                    told = json.loads(value)
                    kept = html.encode("utf-16-le", "surrogatepass")[: 2 * told["keep"]]
                    html = kept.decode("utf-16-le", "surrogatepass") + told["html"]
                    yield html
        raise RuntimeError("the stream ended before the turn")

    async def upload(self, name: str, content: bytes) -> list[Message]:
        """Drop a file."""
        sent = await self._http.post("/gradio_api/upload", files={"files": (name, content, "application/pdf")})
        file = {"path": sent.json()[0], "orig_name": name, "meta": {"_type": "gradio.FileData"}}
        return [message async for message in self.do("upload", "upload", [file])]

    async def do(
        self, part: str, event: str, *given: object, said: Mapping[str, str] | None = None
    ) -> AsyncIterator[Message]:
        """The messages of an event of a part of the page, `said` being what a click tells,
        and of what follows from it.
        """
        async for message in self._do(self._acts[self._ids[part], event], *given, said=said):
            yield message

    async def close(self) -> None:
        """Leave the page."""
        for task in (self._looking, self._listening):
            if task is not None:
                task.cancel()
        await self._http.aclose()

    async def _do(
        self, act: dict[str, Any], *given: object, said: Mapping[str, str] | None = None
    ) -> AsyncIterator[Message]:
        changed = list[int]()
        async for message in self._one(act, *given, said=said):
            changed += (message.get("output") or {}).get("changed_state_ids") or ()
            yield message
        for state in changed:
            if (state, "change") in self._acts:
                async for message in self._do(self._acts[state, "change"]):
                    yield message

    async def _one(self, act: dict[str, Any], *given: object, said: Mapping[str, str] | None) -> AsyncIterator[Message]:
        data = [None, *given][: len(act["inputs"])]
        data += [None] * (len(act["inputs"]) - len(data))
        body = {"data": data, "event_data": said, "fn_index": act["id"], "session_hash": self._session}
        joined = await self._http.post("/gradio_api/queue/join", json=body | {"trigger_id": act["targets"][0][0]})
        event = joined.json()["event_id"]
        inbox = self._heard.setdefault(event, asyncio.Queue())
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen())
        while True:
            message = await inbox.get()
            yield message
            if message["msg"] == "process_completed":
                del self._heard[event]
                return

    async def _listen(self) -> None:
        """The session's stream: it ends when nothing of it is under way."""
        while self._heard:
            where = f"/gradio_api/queue/data?session_hash={self._session}"
            async with self._http.stream("GET", where) as stream:
                async for line in stream.aiter_lines():
                    if line.startswith("data:"):
                        message = json.loads(line[5:])
                        if event := message.get("event_id"):
                            self._heard.setdefault(event, asyncio.Queue()).put_nowait(message)

    async def _looks(self) -> None:
        """As the page's script, where nothing is under way."""
        while True:
            await asyncio.sleep(SELDOM_SECONDS)
            if (await self._http.get(f"/looks/{self._session}")).json()["changed"]:
                async for _ in self.do("look", "click"):
                    pass
