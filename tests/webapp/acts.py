"""What the page can be sent, taken from its own config and table of acts, and how it is sent without a browser."""

from collections.abc import Iterator
from typing import Any

import httpx2

from webapp.page import acts

ACTS = sorted(acts.ACTS)
FIELDS = sorted({name for act in acts.ACTS.values() for name in act.fields})
Json = Any


class Events:
    """The events of the page as one client sees them."""

    def __init__(self, client: httpx2.Client) -> None:
        self.client = client
        config = client.get("/config").json()
        self._kinds = {row["id"]: row["type"] for row in config["components"]}
        self.all: list[Json] = [row for row in config["dependencies"] if row["backend_fn"]]
        [self.load] = [row for row in self.all if row["targets"][0][1] == "load"]

    def kinds(self, event: Json) -> list[str]:
        """Of its inputs."""
        return [self._kinds[input_] for input_ in event["inputs"]]

    def spoken(self) -> Iterator[Json]:
        """Those whose element says something of itself."""
        return (event for event in self.all if any(self._kinds.get(target) == "html" for target, _ in event["targets"]))

    def said(self, event: Json, body: Json, session: str) -> str:
        """What comes of an event, as JSON, or the words of its refusal."""
        told = {"fn_index": event["id"], "session_hash": session, "trigger_id": event["targets"][0][0]} | body
        joined = self.client.post("/gradio_api/queue/join", json=told)
        if joined.status_code != 200:
            assert joined.status_code in (400, 403, 413), joined.text
            return joined.text
        heard = ""
        with self.client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream:
            for line in stream.iter_lines():
                heard += line
                if "process_completed" in line:
                    break
        return heard

    def act(self, event: Json, said: Json, session: str) -> str:
        """What comes of a click on an element that says this."""
        return self.said(event, {"data": [None] * len(event["inputs"]), "event_data": said}, session)
