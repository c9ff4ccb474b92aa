"""Logs say what happened and to which id, and never what was said."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import msgspec
import pytest
import structlog

from gateway.logs import configure
from gateway.storage.engine import Database


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Logging is the process's own: put it back."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    structlog.configure(**before)
    root.handlers = handlers
    root.setLevel(level)


def fail(text: str) -> None:
    token = f"token-{text}"
    raise ValueError(len(token))


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_traceback_shows_no_variables(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure(log_format)
    spoken = "my parcel"
    try:
        fail(spoken.upper())
    except ValueError:
        structlog.get_logger().exception("turn_failed", inbox=7)
    said = capsys.readouterr().err
    assert "turn_failed" in said
    assert "ValueError" in said
    assert "MY PARCEL" not in said


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    structlog.get_logger().info("signed_in", staff=1)
    logging.getLogger("some.library").warning("two\nlines")
    first, second = [msgspec.json.decode(line) for line in capsys.readouterr().err.splitlines()]
    assert (first["event"], first["staff"], first["level"]) == ("signed_in", 1, "info")
    assert second["event"] == "two\nlines"


def test_libraries_are_heard_from_a_warning_on(capsys: pytest.CaptureFixture[str]) -> None:
    configure("text")
    logging.getLogger("httpx").info("GET https://api.telegram.org/bot123:secret/getMe")
    assert capsys.readouterr().err == ""


async def test_a_database_error_does_not_quote_what_was_to_be_stored(database: Database) -> None:
    async def store() -> None:
        async with database.write() as work:
            await work.timers.set("ring", "spoken words", None)  # type: ignore[arg-type]

    with pytest.raises(Exception) as caught:  # noqa: PT011 — each database has its own
        await store()
    assert "spoken words" not in str(caught.value)
