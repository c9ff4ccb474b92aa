"""Structured logs: an `action` and ids, never a message text, an address or a secret.

A line of our own is safe by what we pass it. An exception is not: a driver quotes the request it could
not send, a database the row it refused. So a traceback shows where, and of what kind, but what an error
says of itself only where it is ours (see `gateway.errors`) or a mere number.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Iterator
from typing import Any, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from gateway.errors import FrontdeskError
from gateway.tracing import add_followed

_encoder = msgspec.json.Encoder(enc_hook=repr)
_PLAIN = re.compile(r"[\w.,:;/@+*()\[\]{}<>|~!?&%$#^-]+")


def configure(
    log_format: str, *, level: int = logging.INFO, lasting: bool = False, stream: TextIO | None = None
) -> None:
    """Send structlog's and the standard library's records to `stream` (stderr) as text or JSON lines.

    `lasting` promises that nothing will configure logs again, which makes each line cheaper.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        add_followed,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_traceback,
    ]
    target = stream or sys.stderr
    renderer = _renderer(log_format, target)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=lasting,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_first_line_of_asyncio, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    # Libraries below a warning speak of requests and their addresses; ours alone say what happened.
    root.setLevel(logging.WARNING)


def level_of(name: str) -> int:
    """The standard library's number for a setting's `debug`, `info`, `warning` or `error`."""
    return logging.getLevelNamesMapping()[name.upper()]


def _renderer(log_format: str, target: TextIO) -> Processor:
    if log_format == "json":
        return as_json
    if target.isatty():
        # The renderer's own choice of traceback shows local variables: messages, tokens, addresses.
        return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return as_text


# --- one line ----------------------------------------------------------------------------------


def as_json(_logger: WrappedLogger, _method: str, line: EventDict) -> str:
    """One JSON object."""
    return _encoder.encode(line).decode()


def as_text(_logger: WrappedLogger, _method: str, line: EventDict) -> str:
    """`time [level] action id=1 id=2`, with the traceback below."""
    head = f"{line.pop('timestamp', '')} [{line.pop('level', '')}] {line.pop('event', '')}"
    below = line.pop("exception", None)
    words = "".join(f" {name}={_word(value)}" for name, value in line.items())
    return f"{head}{words}\n{below}" if below else f"{head}{words}"


def _word(value: Any) -> str:
    """A value as it stands, quoted where a reader could not tell its end."""
    if type(value) is int:  # most are: ids
        return str(value)
    text = str(value)
    return text if _PLAIN.fullmatch(text) else _encoder.encode(text).decode()


# --- errors ------------------------------------------------------------------------------------


def add_traceback(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """structlog's processor: `exc_info` becomes the text `exception`."""
    given = line.pop("exc_info", None)
    if isinstance(given, tuple):
        given = given[1]
    error = given if isinstance(given, BaseException) else sys.exc_info()[1] if given else None
    if error is not None:
        line["exception"] = "\n".join(_told(error, set()))
    return line


def _told(error: BaseException, told: set[int]) -> Iterator[str]:
    told.add(id(error))
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and id(cause) not in told:
        yield from _told(cause, told)
        yield "and then:"
    yield "Traceback (most recent call last):"
    yield from (entry.rstrip("\n") for entry in traceback.format_tb(error.__traceback__))
    yield _named(error)
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from (f"  {entry}" for entry in _told(part, told))


def _named(error: BaseException) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    if isinstance(error, FrontdeskError):
        return f"{kind}: {error}"
    said = getattr(error, "strerror", None) or getattr(error, "sqlstate", None)
    return f"{kind}: {said}" if said else kind


def _first_line_of_asyncio(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """asyncio's warnings go on with the task and the error it ended with, in the error's own words."""
    record = line.get("_record")
    if record is not None and record.name == "asyncio":
        line["event"] = str(line["event"]).partition("\n")[0]
    return line
