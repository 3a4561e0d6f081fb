"""The bucket at the admin gate: what one client may do in a minute, and how little memory all of them take."""

from __future__ import annotations

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from app.web.attempts import MAX_CLIENTS, Attempts, client_of
from tests.unit.fakes import FakeClock

PER_MINUTE = 6


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still until it is told otherwise."""
    return FakeClock()


@pytest.fixture
def attempts(clock: FakeClock) -> Attempts:
    """Six knocks a minute."""
    return Attempts(PER_MINUTE, clock)


def test_a_client_has_a_minutes_worth_and_then_waits_for_the_next_one(attempts: Attempts, clock: FakeClock) -> None:
    assert [attempts.knock("192.0.2.1") for _ in range(PER_MINUTE)] == [0.0] * PER_MINUTE
    assert attempts.knock("192.0.2.1") == pytest.approx(10.0)
    clock.advance(timedelta(seconds=4))
    assert attempts.knock("192.0.2.1") == pytest.approx(6.0), "knocking in vain must not make the wait longer"
    clock.advance(timedelta(seconds=6))
    assert attempts.knock("192.0.2.1") == 0.0
    assert attempts.knock("192.0.2.1") > 0
    clock.advance(timedelta(hours=9))
    assert sum(attempts.knock("192.0.2.1") == 0.0 for _ in range(20)) == PER_MINUTE, "waiting saves up no more"


def test_one_client_does_not_use_up_what_another_has(attempts: Attempts) -> None:
    for _ in range(20):
        attempts.knock("192.0.2.1")
    assert attempts.knock("192.0.2.2") == 0.0


def test_setting_the_wall_clock_frees_nobody(attempts: Attempts, clock: FakeClock) -> None:
    for _ in range(PER_MINUTE):
        attempts.knock("192.0.2.1")
    clock.jump(timedelta(days=1))
    assert attempts.knock("192.0.2.1") > 0


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix:", "unix:"),
        ("x" * 9_000, "x" * 64),
    ],
)
def test_a_client_is_an_address_or_the_network_that_one_customer_has(host: str, client: str) -> None:
    assert client_of(host) == client


def test_many_clients_take_bounded_memory(attempts: Attempts) -> None:
    for number in range(3 * MAX_CLIENTS):
        attempts.knock(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(attempts) == MAX_CLIENTS


def test_who_goes_on_knocking_is_not_forgotten_among_many(attempts: Attempts) -> None:
    for _ in range(PER_MINUTE + 1):
        attempts.knock("192.0.2.1")
    for number in range(2 * MAX_CLIENTS):
        attempts.knock(f"10.0.{number >> 8}.{number & 255}")
        if number % 1_000 == 0:
            assert attempts.knock("192.0.2.1") > 0


def test_a_client_that_is_held_back_is_logged_once_until_it_comes_in_again(
    attempts: Attempts, clock: FakeClock
) -> None:
    with capture_logs() as lines:
        for _ in range(60):
            attempts.knock("192.0.2.1")
        assert [line["client"] for line in lines] == ["192.0.2.1"]
        clock.advance(timedelta(seconds=10))
        for _ in range(60):
            attempts.knock("192.0.2.1")
    assert [line["log_level"] for line in lines] == ["warning"] * 2
