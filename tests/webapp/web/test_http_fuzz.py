"""Requests that no browser would send, to every route of our own: none is answered with a fault of the server."""

from pathlib import Path
from random import Random

import httpx2
import pytest

from bench.http_fuzz import ROOT, accounts, fuzz, is_fault, session_of


def test_no_request_whatever_it_holds_is_a_fault_of_the_server(tmp_path: Path) -> None:
    with accounts(tmp_path / "data", lambda *_: None) as server:
        root = session_of(server, ROOT, administrator=True)
        seen = fuzz(server, root, tmp_path, Random(18), 240)
    assert seen.faults == []
    statuses = {status for *_, status in seen.statuses}
    assert statuses >= {200, 303, 401, 403, 404, 410, 413, 422}  # it came through the doors, and to the fields


@pytest.mark.parametrize(
    ("status", "text", "fault"),
    [
        (500, "Internal Server Error", True),
        (502, "", True),
        (503, "", True),
        (503, '{"error": "Something went wrong (ref 1a2b3c)."}', True),
        (422, "Something went wrong (ref 1a2b3c).", True),
        (503, '{"error": "“small.pdf” cannot be searched yet: it is waiting."}', False),
        (404, "There is nothing here.", False),
    ],
)
def test_a_fault_is_seen(status: int, text: str, fault: bool) -> None:
    assert is_fault(httpx2.Response(status, text=text)) is fault
