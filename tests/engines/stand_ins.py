"""Stand-ins for the real servers, in the place of which they are put to the same cases."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.engines.cases import CASES, Outcome
from tests.engines.servers import KEY, WINDOW
from tests.webapp.fake_engine import FakeEngine, Kind, Refusal, Reply

KINDS: tuple[Kind, ...] = ("vllm", "llama.cpp")


@dataclass
class Noise(FakeEngine):
    """Writes words until it may write no more, the same ones each time. A word is a token."""

    def count(self, text: str) -> int:
        return len(text.split())

    def reply_to(self, asked: dict[str, Any]) -> Reply | Refusal:
        return Reply([f"word{n} " for n in range(asked["max_tokens"])], pace=0.001, fault="cut")


@contextmanager
def stand_in(kind: Kind) -> Iterator[Noise]:
    """A stand-in of this kind, with the key and the window of the real one."""
    engine = Noise(kind, key=KEY, window=WINDOW)
    with engine:
        yield engine


def differences(record: dict[str, Any]) -> Iterator[str]:
    """What a stand-in does otherwise than the real server did, a line each."""
    for kind in KINDS:
        with stand_in(kind) as server:
            for name, case in CASES.items():
                real, told = Outcome(**record[kind]["rows"][name]), case(server)
                if told != real:
                    yield f"{kind}, {name}: the stand-in gives {told}, the real one {real}"
