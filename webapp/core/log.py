"""Structured log: JSON lines in the data folder, without any word of a document or of a question.

Exception messages often quote their input, ours name files and matters, and other libraries may log or print the same.
So the log has the operating system's reasons in full, and of everything else the class or the logger and the places in
the code (`retrieval.trace`). Importing this module configures structlog for the process.
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

LOGGERS = ("pincite", "retrieval", "webapp", "uvicorn")  # messages of these are written; none quotes user text

structlog.configure(
    processors=[structlog.stdlib.add_log_level, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
)
log: structlog.stdlib.BoundLogger = structlog.get_logger("pincite")


def open_log(folder: Path) -> None:
    """Write the log to `folder`/log/pincite.log, rotated; before this call it goes to standard error.

    Adds handlers to the root logger and to LOGGERS, and sends Python's warnings there; `close_log` undoes that.
    """
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
    """Remove the handlers of `open_log` and close the file."""
    logging.captureWarnings(False)
    for name in ("", *LOGGERS):
        logger = logging.getLogger(name)
        for handler in list(logger.handlers):
            if name or isinstance(handler, _WithoutMessage):
                logger.removeHandler(handler)
                handler.close()


@contextlib.contextmanager
def suppress_output() -> Iterator[None]:
    """Discard what is written to standard output and error, and the messages of uncaught exceptions in threads.

    Either may quote user text. The log gets the number of characters, and the trace of the exception. Within the block
    this replaces `sys.stdout`, `sys.stderr`, `threading.excepthook` and `sys.unraisablehook` of the process.
    """
    hooks = threading.excepthook, sys.unraisablehook
    threading.excepthook = lambda failed: _failed(failed.exc_value)
    sys.unraisablehook = lambda failed: _failed(failed.exc_value)
    try:
        with contextlib.redirect_stdout(_Withheld("output")), contextlib.redirect_stderr(_Withheld("error")):
            yield
    finally:
        threading.excepthook, sys.unraisablehook = hooks


def record_error(error: PinciteError) -> None:
    """Count an error that a user is shown; log the status of an LLM server's error, and the trace of a cause."""
    ERRORS.labels(type(error).__name__).inc()
    if isinstance(error, EngineError):
        details = {key: error.values[key] for key in ("status", "kind", "seconds") if key in error.values}
        log.warning("engine", error=type(error).__name__, **details)
    if error.__cause__ is not None:
        log.warning("mapped", error=type(error).__name__, trace=trace(error))


def user_error(error: BaseException) -> PinciteError:
    """Record an exception and return what the user may see: a PinciteError as it is, anything else as Unexpected.

    The log gets the trace of an unexpected exception, and of the foreign exception behind one of ours.
    """
    if isinstance(error, PinciteError):
        record_error(error)
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
    """Replace a record's exception by its trace, which has no messages of foreign exceptions."""
    exc_info = event.pop("exc_info", None)
    if isinstance(exc_info, tuple) and exc_info[1] is not None:
        event["trace"] = trace(exc_info[1])
    return event


class _WithoutMessage(logging.Handler):
    """Handler for other libraries' records: logger, place in the code and trace, without the message."""

    def __init__(self, file: logging.Handler) -> None:
        super().__init__(logging.WARNING)
        self._file = file

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] in LOGGERS:
            return
        anonymous = logging.makeLogRecord(
            {
                "name": record.name,
                "levelname": record.levelname,
                "levelno": record.levelno,
                "msg": f"said something at {record.module}:{record.lineno}",
                "exc_info": record.exc_info,
            }
        )
        self._file.handle(anonymous)


class _Withheld(io.TextIOBase):
    """Text stream that discards what is written and logs its length."""

    def __init__(self, where: str) -> None:
        self._where = where

    def write(self, text: str, /) -> int:
        if text.strip():
            log.warning("printed", where=self._where, characters=len(text))
        return len(text)


def _failed(error: BaseException | None) -> None:
    if error is not None:
        log.error("failed in the background", trace=trace(error))
