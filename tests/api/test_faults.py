"""Every way in which OpenRouter can fail: the last good catalog stays, byte by byte, and the outcome is named."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.outcome import Trigger
from app.sources.protocol import Failure
from tests.api.catalog import CATALOG, UNPRICED
from tests.api.service import Service, SteeredClock, assert_problem, serving
from tests.simulator import Fault, make_record

pytestmark = pytest.mark.anyio

HARMLESS = {Fault.SHUFFLED, Fault.BENCHMARK_NOISE, Fault.FLOAT_NOISE, Fault.PAGES, Fault.REDIRECT_SAME_HOST}
# The records that can be read are good; those that can't are named.
BEARABLE = {Fault.DUPLICATE_IDS, Fault.BAD_RECORD}
REFUSED = {Fault.MANY_BAD_RECORDS, Fault.SHRUNK, Fault.ALL_ZERO_PRICES}
FAILING = set(Fault) - HARMLESS - BEARABLE - REFUSED
# The others take until the deadline.
QUICK_TO_FAIL = FAILING - {Fault.HANG, Fault.DRIP, Fault.LENGTH_TOO_LONG} | REFUSED


@pytest.fixture(scope="module")
def clock() -> SteeredClock:
    return SteeredClock()


@pytest.fixture(scope="module")
async def good(tmp_path_factory: pytest.TempPathFactory, clock: SteeredClock) -> AsyncIterator[Service]:
    """A service whose upstream turns bad, again and again; slow answers are given up soon."""
    folder = tmp_path_factory.mktemp("data")
    # The simulator's noise needs a price to sit on.
    catalog = [record for record in CATALOG if record["id"] != UNPRICED]
    limits: dict[str, Any] = {"fetch_deadline_seconds": 1, "fetch_max_decoded_bytes": 4_000_000}
    async with serving(folder, catalog=catalog, clock=clock, **limits) as running:
        yield running


@pytest.fixture
async def victim(good: Service) -> AsyncIterator[Service]:
    """The same service, upstream behaving again afterwards, and asked, so that no failures add up."""
    yield good
    good.simulator.behave()
    assert (await good.refresh()).status_code == 200


async def etags(service: Service) -> list[str]:
    return [(await service.get(target)).headers["ETag"] for target in ("/models", "/models/openrouter")]


@pytest.mark.parametrize("fault", sorted(REFUSED | {Fault.RESET, Fault.TRUNCATED_WITH_LENGTH, Fault.GZIP_TRUNCATED}))
async def test_a_bad_answer_with_an_etag_does_not_stand_for_the_good_one_that_has_it(
    victim: Service, fault: Fault
) -> None:
    """What is committed is the validator of what is served, not of what came last."""
    simulator, known = victim.simulator, list(victim.simulator.catalog)
    simulator.has_etags = True
    for _ in range(2):
        assert (await victim.refresh()).json()["outcome"] == "unchanged"
    served = simulator.requests[-1].headers["if-none-match"]
    simulator.catalog = [*known, make_record(f"acme/after-{fault}")]
    simulator.misbehave(fault, times=1)
    assert (await victim.refresh()).json()["outcome"] in {"failed", "refused"}
    assert (await victim.refresh()).json()["outcome"] == "updated"
    assert {request.headers.get("if-none-match") for request in simulator.requests[-2:]} == {served}
    assert (await victim.refresh()).json()["outcome"] == "unchanged"
    assert simulator.requests[-1].headers["if-none-match"] != served
    simulator.catalog, simulator.has_etags = known, False
    await victim.refresh()


@pytest.mark.parametrize("fault", sorted(FAILING))
async def test_a_failing_upstream_leaves_everything_as_it_was(victim: Service, fault: Fault) -> None:
    before, body = await etags(victim), (await victim.get("/models")).content
    victim.simulator.misbehave(fault)
    response = await victim.refresh()
    document = assert_problem(response, 502, "refresh-failed")
    assert document["outcome"] == "failed"
    assert document["kind"] in set(Failure)
    assert document["reason"].rstrip(".") in document["detail"]
    assert document["detail"].endswith("The last good catalog stays.")
    assert await etags(victim) == before
    assert (await victim.get("/models")).content == body
    newest = (await victim.read("/status"))["outcomes"][0]
    assert (newest["outcome"], newest["kind"]) == ("failed", document["kind"])
    assert_tried_again_soon(victim)


def assert_tried_again_soon(service: Service) -> None:
    """The next try is due after the back-off of as many failures as there were, at most an hour."""
    serving = service.app.state.serving
    period, clock = serving.timetable.period, serving.clock
    assert period.failures > 0
    seconds = (period.due_at - clock.now()).total_seconds()
    assert 0.75 * min(3_600, 60 * 2 ** (period.failures - 1)) < seconds <= 3_600


@pytest.mark.parametrize("fault", sorted(QUICK_TO_FAIL))
async def test_a_scheduled_refresh_fails_as_one_by_hand_does(
    victim: Service, clock: SteeredClock, fault: Fault
) -> None:
    before = await etags(victim)
    victim.simulator.misbehave(fault)
    # Due, and not so late that readers are told of a stale catalog.
    clock.advance(hours=1.1)
    outcome = await victim.app.state.serving.refresher.refresh(Trigger.SCHEDULE)
    assert outcome.result == ("refused" if fault in REFUSED else "failed")
    assert outcome.reason
    assert await etags(victim) == before
    newest = (await victim.read("/status"))["outcomes"][0]
    assert (newest["outcome"], newest["trigger"]) == (outcome.result, "schedule")
    assert_tried_again_soon(victim)


@pytest.mark.parametrize("fault", sorted(REFUSED))
async def test_an_implausible_catalog_is_refused_and_nothing_changes(victim: Service, fault: Fault) -> None:
    before = await etags(victim)
    victim.simulator.misbehave(fault)
    response = await victim.refresh()
    assert response.status_code == 200
    outcome = response.json()
    assert outcome["outcome"] == "refused"
    assert outcome["refusals"]
    assert await etags(victim) == before
    assert (await victim.read("/status"))["upstream"]["last_error"]["kind"] == "refused"
    assert_tried_again_soon(victim)


@pytest.mark.parametrize("fault", sorted(HARMLESS))
async def test_noise_is_no_change(victim: Service, fault: Fault) -> None:
    before = await etags(victim)
    victim.simulator.misbehave(fault)
    outcome = (await victim.refresh()).json()
    assert outcome["outcome"] == "unchanged"
    assert await etags(victim) == before


@pytest.mark.parametrize("fault", sorted(BEARABLE))
async def test_a_bad_record_is_named_and_the_others_stay(fresh: Service, fault: Fault) -> None:
    before = await fresh.ids("/models")
    fresh.simulator.misbehave(fault)
    outcome = (await fresh.refresh()).json()
    assert outcome["outcome"] in {"updated", "unchanged"}
    assert outcome["counts"]["quarantined"] >= 1
    assert len(await fresh.ids("/models")) >= len(before) - 1
    status = await fresh.read("/status")
    assert status["status"] == "ok"
    assert status["outcomes"][0]["counts"] == outcome["counts"]


async def test_after_any_failure_the_next_good_answer_is_taken(victim: Service) -> None:
    victim.simulator.misbehave(Fault.RESET, times=1)
    assert (await victim.refresh()).status_code == 502
    assert (await victim.refresh()).json()["outcome"] == "unchanged"
    assert (await victim.read("/status"))["upstream"]["state"] == "valid"
