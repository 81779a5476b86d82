import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from retrieval.core.errors import DataFolderBusy, StoreUnavailable
from webapp.core.errors import Unexpected
from webapp.core.log import close_log, log, open_log, user_error


@pytest.fixture
def lines(tmp_path: Path) -> Iterator["Lines"]:
    open_log(tmp_path)
    yield Lines(tmp_path / "log" / "pincite.log")
    close_log()


class Lines:
    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._path.read_text("utf-8").splitlines()]


def _raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        raise error from cause
    except Exception as raised:
        return raised


def test_what_nobody_foresaw_gets_a_reference_that_finds_its_trace(lines: "Lines") -> None:
    told = user_error(_raised(ValueError("the Tenant shall pay")))
    assert isinstance(told, Unexpected)
    [line] = lines()
    assert str(told) == f"Something went wrong (ref {line['ref']})."
    assert line["trace"][0] == "builtins.ValueError"
    assert line["trace"][1].startswith("  test_log.py:")


def test_no_word_of_a_document_gets_into_the_log(lines: "Lines") -> None:
    user_error(_raised(ValueError("the Tenant shall pay"), KeyError("monthly rent")))
    try:
        raise ValueError("the Landlord may enter")
    except ValueError:
        logging.getLogger("retrieval.reading.pdf").exception("reading failed")
    text = json.dumps(lines())
    assert "reading failed" in text
    assert not [word for word in ("Tenant", "rent", "Landlord") if word in text]


def test_what_the_operating_system_said_is_kept(lines: "Lines") -> None:
    user_error(_raised(OSError(28, "No space left on device")))
    assert lines()[0]["trace"][0] == "builtins.OSError: No space left on device"


def test_our_own_errors_pass_and_what_is_behind_them_is_logged(lines: "Lines") -> None:
    busy, away = DataFolderBusy(), _raised(StoreUnavailable(store="database"), ConnectionRefusedError(111, "refused"))
    assert user_error(busy) is busy
    assert user_error(away) is away
    [line] = lines()
    assert line["error"] == "StoreUnavailable"
    assert "builtins.ConnectionRefusedError: Connection refused" in line["trace"]


def test_lines_are_json_with_level_and_time(lines: "Lines") -> None:
    log.info("serving", url="http://127.0.0.1:7860")
    logging.getLogger("uvicorn.error").warning("closing %s", "slowly")
    assert [(line["event"], line["level"]) for line in lines()] == [("serving", "info"), ("closing slowly", "warning")]
    assert all("timestamp" in line for line in lines())
