"""What too many connections are answered with: the log tells of it once a minute, however many come."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from structlog.testing import capture_logs

from app.web.overload import Overload
from tests.unit.fakes import FakeClock

pytestmark = pytest.mark.anyio


async def test_the_log_tells_of_it_once_a_minute() -> None:
    clock = FakeClock()
    transport = httpx.ASGITransport(Overload(clock, 10))
    async with httpx.AsyncClient(transport=transport, base_url="http://registry.example") as client:
        with capture_logs() as logged:
            for _ in range(3):
                assert (await client.get("/models")).status_code == 503
            clock.advance(timedelta(seconds=61))
            await client.get("/models")
    warning = {"event": "too many connections; new ones get 503", "log_level": "warning", "limit_concurrency": 10}
    assert logged == [warning, warning]
