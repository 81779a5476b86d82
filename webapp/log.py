"""The log: one JSON object a line in the data folder, and never a word of a document or of a question.

Messages of foreign exceptions often quote what they choked on, so only those of the operating system and our own are
written; of every other exception the log has its class and the places in the code.
"""

import logging
import secrets
import traceback
from collections.abc import MutableMapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog

from retrieval import PinciteError
from webapp.errors import Unexpected

LOG_BYTES, LOG_FILES = 5_000_000, 3

LOGGERS = ("pincite", "retrieval", "webapp", "uvicorn")  # other libraries' messages may quote documents: not taken

structlog.configure(
    processors=[structlog.stdlib.add_log_level, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
)
log: structlog.stdlib.BoundLogger = structlog.get_logger("pincite")


def open_log(folder: Path) -> None:
    """Write the log to `folder`/log/pincite.log from here on; until then it goes to standard error."""
    (folder / "log").mkdir(mode=0o700, exist_ok=True)
    file = folder / "log" / "pincite.log"
    handler = RotatingFileHandler(file, maxBytes=LOG_BYTES, backupCount=LOG_FILES, delay=True, encoding="utf-8")
    handler.setFormatter(_lines())
    close_log()
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False


def close_log() -> None:
    """Let go of the log file."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
            handler.close()


def known(error: BaseException) -> PinciteError:
    """`error` as the user may see it: itself when it is of our tree, else Unexpected.

    The log gets the trace of what nobody foresaw, and of the foreign exception behind one of ours.
    """
    if isinstance(error, PinciteError):
        if error.__cause__ is not None:
            log.warning("mapped", error=type(error).__name__, trace=_trace(error))
        return error
    ref = secrets.token_hex(3)
    log.error("unexpected", ref=ref, trace=_trace(error))
    return Unexpected(ref=ref)


def _lines() -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.TimeStamper(fmt="iso"),
            _without_messages,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )


def _without_messages(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A trace that came with a record, without what foreign exceptions say."""
    raised = event.pop("exc_info", None)
    if isinstance(raised, tuple) and raised[1] is not None:
        event["trace"] = _trace(raised[1])
    return event


def _trace(error: BaseException) -> list[str]:
    lines: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        lines.append(f"{type(cause).__module__}.{type(cause).__qualname__}{_message(cause)}")
        frames = traceback.extract_tb(cause.__traceback__)
        lines += [f"  {Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        cause = cause.__cause__ or cause.__context__
    return lines


def _message(error: BaseException) -> str:
    if isinstance(error, PinciteError | ImportError):
        return f": {error}"
    return f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
