"""Logs: one event is one line, whatever upstream or a caller writes into it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
import structlog

from app.logs import configure_logs

EVIL = "x\r\n2026-01-01T00:00:00Z [critical] forged line\x1b[2J\x00\x9b31m\u2028\u202egone\x85"
Style = Literal["text", "json"]
Configure = Callable[[Style], None]


@pytest.fixture
def configure() -> Iterator[Configure]:
    """Configure logging for one test and put everything back."""
    root = logging.getLogger()
    before, level = root.handlers, root.level
    quieted = {name: logging.getLogger(name).level for name in ("httpx", "httpcore", "uvicorn.error", "uvicorn.access")}
    yield lambda style: configure_logs("info", style)
    root.handlers = before
    root.setLevel(level)
    for name, earlier in quieted.items():
        logging.getLogger(name).setLevel(earlier)
    structlog.reset_defaults()


def assert_harmless(text: str) -> None:
    controls = [letter for letter in text.replace("\n", "") if ord(letter) < 0x20 or 0x7F <= ord(letter) < 0xA0]
    assert controls == []
    assert not set(text) & set("\u2028\u2029\u202e")


def log_everywhere(value: Any) -> None:
    """Put a value into every place that an event has."""
    structlog.get_logger("test").warning("event", value=value)
    structlog.get_logger("test").warning(value if isinstance(value, str) else repr(value))
    structlog.get_logger("test").warning("event", nested={"list": [value], "tuple": (value,)})
    logging.getLogger("library").warning("foreign %s", value)
    logging.getLogger("library").warning("foreign", extra={"detail": value})


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_value_can_not_forge_a_line(configure: Configure, capsys: pytest.CaptureFixture[str], style: Style) -> None:
    configure(style)
    log_everywhere(EVIL)
    written = capsys.readouterr().err
    assert len(written.splitlines()) == written.count("\n") == 5
    assert_harmless(written)


@pytest.mark.parametrize("style", ["text", "json"])
def test_an_error_as_a_value_can_not_forge_a_line(
    configure: Configure, capsys: pytest.CaptureFixture[str], style: Style
) -> None:
    configure(style)
    structlog.get_logger("test").warning("event", error=ValueError(EVIL))
    written = capsys.readouterr().err
    assert written.count("\n") == len(written.splitlines()) == 1
    assert_harmless(written)


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize("logger", ["structlog", "library"])
def test_a_traceback_can_not_forge_a_line(
    configure: Configure, capsys: pytest.CaptureFixture[str], style: Style, logger: str
) -> None:
    """A traceback has lines of its own; each but the first is indented, so that none looks like an event."""
    configure(style)
    try:
        raise ValueError(EVIL)
    except ValueError:
        if logger == "structlog":
            structlog.get_logger("test").exception("it broke")
        else:
            logging.getLogger("library").exception("it broke")
    written = capsys.readouterr().err
    assert "ValueError" in written
    assert_harmless(written)
    first, *others = written.splitlines()
    assert "it broke" in first
    assert all(line.startswith(" ") for line in others)
    assert not others or style == "text"


def test_json_lines_are_json_with_level_time_and_fields(
    configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("json")
    structlog.get_logger("test").info("served", models=421)
    entry = json.loads(capsys.readouterr().err)
    assert (entry["event"], entry["level"], entry["models"]) == ("served", "info", 421)
    assert entry["timestamp"].endswith("Z")


def test_text_lines_hold_level_event_and_fields(configure: Configure, capsys: pytest.CaptureFixture[str]) -> None:
    configure("text")
    structlog.get_logger("test").info("served", models=421)
    written = capsys.readouterr().err
    assert "[info" in written
    assert "served" in written
    assert "models=421" in written
    assert "\x1b" not in written, "no colours where nobody sees them"


def test_a_text_value_that_holds_fields_is_quoted(configure: Configure, capsys: pytest.CaptureFixture[str]) -> None:
    configure("text")
    structlog.get_logger("test").info("served", path="/x outcome=updated")
    assert "path='/x outcome=updated'" in capsys.readouterr().err


def test_events_below_the_level_are_not_written(configure: Configure, capsys: pytest.CaptureFixture[str]) -> None:
    configure("text")
    structlog.get_logger("test").debug("too fine")
    logging.getLogger("library").debug("too fine")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["httpx", "httpcore", "uvicorn.error", "uvicorn.access"])
def test_libraries_that_write_a_line_per_request_are_held_back(
    configure: Configure, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Their lines could hold a URL or a header."""
    configure("text")
    logging.getLogger(name).info("HTTP Request: GET https://example.org?key=secret")
    assert capsys.readouterr().err == ""


def test_configuring_twice_writes_once(configure: Configure, capsys: pytest.CaptureFixture[str]) -> None:
    configure("text")
    configure("json")
    structlog.get_logger("test").info("once")
    assert capsys.readouterr().err.count("once") == 1
