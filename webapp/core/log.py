"""The log: one JSON object a line in the data folder, and never a word of a document or of a question.

Messages of exceptions often quote what they choked on, ours name files and matters, and so may what other libraries
log or print. So only the reasons of the operating system are written; of all else the log has the class, or the
logger, and the places in the code (`retrieval.trace`).
"""

import contextlib
import io
import logging
import secrets
import sys
import threading
from collections.abc import Iterator, MutableMapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog

from retrieval import PinciteError, trace
from webapp.core.errors import EngineError, Unexpected
from webapp.core.metrics import ERRORS

LOG_BYTES, LOG_FILES = 5_000_000, 3

LOGGERS = ("pincite", "retrieval", "webapp", "uvicorn")  # whose messages are written; each is known to quote nothing

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
    others = _WithoutMessage(handler)
    logging.getLogger().addHandler(others)
    logging.captureWarnings(True)


def close_log() -> None:
    """Let go of the log file."""
    logging.captureWarnings(False)
    for name in ("", *LOGGERS):
        logger = logging.getLogger(name)
        for handler in list(logger.handlers):
            if name or isinstance(handler, _WithoutMessage):
                logger.removeHandler(handler)
                handler.close()


@contextlib.contextmanager
def nothing_printed() -> Iterator[None]:
    """What libraries print, and what Python prints of a thread that failed, stays off standard output and error.

    It may quote anything. The log says that something was printed, and of a thread where it failed.
    """
    hooks = threading.excepthook, sys.unraisablehook
    threading.excepthook = lambda failed: _failed(failed.exc_value)
    sys.unraisablehook = lambda failed: _failed(failed.exc_value)
    try:
        with contextlib.redirect_stdout(_Withheld("output")), contextlib.redirect_stderr(_Withheld("error")):
            yield
    finally:
        threading.excepthook, sys.unraisablehook = hooks


def noted(error: PinciteError) -> None:
    """Count an error that a user is told of, and log what an engine's means for whoever runs it."""
    ERRORS.labels(type(error).__name__).inc()
    if isinstance(error, EngineError):
        known_of_it = {key: error.values[key] for key in ("status", "kind", "seconds") if key in error.values}
        log.warning("engine", error=type(error).__name__, **known_of_it)
    if error.__cause__ is not None:
        log.warning("mapped", error=type(error).__name__, trace=trace(error))


def known(error: BaseException) -> PinciteError:
    """`error` as the user may see it: itself when it is of our tree, else Unexpected.

    The log gets the trace of what nobody foresaw, and of the foreign exception behind one of ours.
    """
    if isinstance(error, PinciteError):
        noted(error)
        return error
    ref = secrets.token_hex(3)
    ERRORS.labels("Unexpected").inc()
    log.error("unexpected", ref=ref, trace=trace(error))
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
        event["trace"] = trace(raised[1])
    return event


class _WithoutMessage(logging.Handler):
    """What other libraries log: who spoke and where, and where an exception came from, but not a word of it."""

    def __init__(self, file: logging.Handler) -> None:
        super().__init__(logging.WARNING)
        self._file = file

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] in LOGGERS:
            return
        said = logging.makeLogRecord(
            {
                "name": record.name,
                "levelname": record.levelname,
                "levelno": record.levelno,
                "msg": f"said something at {record.module}:{record.lineno}",
                "exc_info": record.exc_info,
            }
        )
        self._file.handle(said)


class _Withheld(io.TextIOBase):
    """Takes text and forgets it."""

    def __init__(self, where: str) -> None:
        self._where = where

    def write(self, text: str, /) -> int:
        if text.strip():
            log.warning("printed", where=self._where, characters=len(text))
        return len(text)


def _failed(error: BaseException | None) -> None:
    if error is not None:
        log.error("failed in the background", trace=trace(error))
