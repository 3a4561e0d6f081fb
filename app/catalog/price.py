"""Price as a statement: what a model costs, or in which way that is not a number.

Rules, with their evidence from 433 real snapshots:

* A rate is a `Decimal` in USD per token, or per unit for `request`, `image` and `web_search`.
* `-1` means dynamic: the price depends on the model that a router picks.
* A missing rate means not applicable; zero says the same there. Only prompt and completion always exist.
* Zero is not free by itself: models that are priced per song, image or second show zero token prices, and
  priced models have read zero for a day.
* Rates carry float noise (`...333` against `...334`), so two rates are the same when they agree to nine digits.
* With windows by UTC hour, the top-level price is only the one of the moment of the fetch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

NO_RATES: Mapping[str, Decimal] = MappingProxyType({})
MINUTES_PER_DAY = 24 * 60
COMPARED_DIGITS = 9
# A priced model that reads zero is not believed for this long: real cases lasted about a day.
ZERO_DOUBT = timedelta(days=3)
# Rates that count something other than tokens.
UNIT_OF_RATE: Mapping[str, str] = MappingProxyType({"request": "request", "image": "image", "web_search": "search"})


class PriceState(StrEnum):
    """In which way a model has a price."""

    FREE = "free"
    PRICED = "priced"
    DYNAMIC = "dynamic"
    PER_UNIT = "per_unit"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PriceOverride:
    """Rates that replace the base rates when every condition given here holds.

    `min_prompt_tokens` is exceeded strictly. `utc_start_minute` and `utc_end_minute` are minutes since
    midnight UTC, half-open, and may wrap midnight. `utc_days` holds weekday names; empty means every day.
    A condition that is None does not apply.
    """

    rates: Mapping[str, Decimal]
    min_prompt_tokens: int | None = None
    utc_start_minute: int | None = None
    utc_end_minute: int | None = None
    utc_days: tuple[str, ...] = ()

    @property
    def is_window(self) -> bool:
        """Whether the clock decides if this applies."""
        return self.utc_start_minute is not None or bool(self.utc_days)

    def minutes(self) -> Iterable[range]:
        """Return the minutes of a day that the window covers, as one or two ranges."""
        if self.utc_start_minute is None or self.utc_end_minute is None:
            return (range(MINUTES_PER_DAY),)
        if self.utc_start_minute < self.utc_end_minute:
            return (range(self.utc_start_minute, self.utc_end_minute),)
        return (range(self.utc_start_minute, MINUTES_PER_DAY), range(self.utc_end_minute))


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs.

    `rates` are USD per token (or per unit, see UNIT_OF_RATE); empty when the state is dynamic or unknown.
    With windows that cover the whole day, `rates` are the dearest of the day, so that an estimate errs
    on the safe side. `overrides` apply in order, later ones win per rate. `zero_since` is set while a
    priced model reads zero and is not yet believed to be free.
    """

    state: PriceState
    rates: Mapping[str, Decimal] = field(default_factory=lambda: NO_RATES)
    overrides: tuple[PriceOverride, ...] = ()
    zero_since: datetime | None = None

    @property
    def tiers(self) -> tuple[PriceOverride, ...]:
        """The overrides that only the size of the prompt decides."""
        return tuple(override for override in self.overrides if not override.is_window)

    @property
    def windows(self) -> tuple[PriceOverride, ...]:
        """The overrides that the UTC hour decides."""
        return tuple(override for override in self.overrides if override.is_window)

    @property
    def prompt_usd_per_token(self) -> Decimal | None:
        """The base input rate; None when there is no number."""
        return self.rates.get("prompt")

    @property
    def completion_usd_per_token(self) -> Decimal | None:
        """The base output rate; None when there is no number."""
        return self.rates.get("completion")


UNKNOWN_PRICE = Price(PriceState.UNKNOWN)


def state_of(
    rates: Mapping[str, Decimal], overrides: tuple[PriceOverride, ...], *, is_free_variant: bool, makes_only_text: bool
) -> PriceState:
    """Decide in which way a model with these rates has a price."""
    if any(rate < 0 for rate in rates.values()):
        return PriceState.DYNAMIC
    if "prompt" not in rates and "completion" not in rates:
        return PriceState.PER_UNIT if any(rates.values()) else PriceState.UNKNOWN
    if rates.get("prompt") or rates.get("completion"):
        return PriceState.PRICED
    if any(rates.values()):
        return PriceState.PER_UNIT
    if any(any(override.rates.values()) for override in overrides):
        return PriceState.PRICED
    if is_free_variant or makes_only_text:
        return PriceState.FREE
    return PriceState.PER_UNIT


def tier_rates(price: Price) -> list[tuple[int, Mapping[str, Decimal]]]:
    """Return each threshold in prompt tokens with all rates that hold just above it; the last tier that holds wins."""
    thresholds = sorted({tier.min_prompt_tokens for tier in price.tiers if tier.min_prompt_tokens})
    found: list[tuple[int, Mapping[str, Decimal]]] = []
    for threshold in thresholds:
        rates = dict(price.rates)
        for tier in price.tiers:
            if (tier.min_prompt_tokens or 0) <= threshold:
                rates.update(tier.rates)
        found.append((threshold, rates))
    return found


def same_rate(left: Decimal | None, right: Decimal | None) -> bool:
    """Whether two rates are the same but for float noise; absent equals zero."""
    a, b = left or Decimal(0), right or Decimal(0)
    if a == b:
        return True
    return abs(a - b) <= max(abs(a), abs(b)).scaleb(-COMPARED_DIGITS + 1)


def same_rates(left: Mapping[str, Decimal], right: Mapping[str, Decimal]) -> bool:
    """Whether two rate cards are the same but for float noise; an absent rate equals zero."""
    return all(same_rate(left.get(key), right.get(key)) for key in left.keys() | right.keys())


def same_override(left: PriceOverride, right: PriceOverride) -> bool:
    """Whether two overrides have the same conditions and the same rates."""
    return (
        left.min_prompt_tokens == right.min_prompt_tokens
        and left.utc_start_minute == right.utc_start_minute
        and left.utc_end_minute == right.utc_end_minute
        and left.utc_days == right.utc_days
        and same_rates(left.rates, right.rates)
    )


def same_overrides(left: tuple[PriceOverride, ...], right: tuple[PriceOverride, ...]) -> bool:
    """Whether two lists of overrides say the same, in the same order."""
    return len(left) == len(right) and all(same_override(a, b) for a, b in zip(left, right, strict=True))


def same_price(left: Price, right: Price) -> bool:
    """Whether two prices say the same; float noise and absent against zero do not count."""
    return (
        left.state == right.state
        and same_rates(left.rates, right.rates)
        and same_overrides(left.overrides, right.overrides)
    )


def covers_the_day(windows: Iterable[PriceOverride]) -> bool:
    """Whether the windows leave no minute of any day to the base rates."""
    covered = bytearray(MINUTES_PER_DAY)
    for window in windows:
        if window.utc_days or window.min_prompt_tokens is not None:
            continue
        for minutes in window.minutes():
            covered[minutes.start : minutes.stop] = b"\x01" * len(minutes)
    return all(covered)


def dearest_of(windows: Iterable[PriceOverride]) -> Mapping[str, Decimal]:
    """Return each rate's highest value over the windows."""
    dearest: dict[str, Decimal] = {}
    for window in windows:
        for key, rate in window.rates.items():
            dearest[key] = max(rate, dearest.get(key, rate))
    return dearest


def settle_windows(price: Price, last_good: Price | None) -> Price:
    """Take the moment of the fetch out of a price with windows by UTC hour.

    Upstream's top-level rates are the ones of the window that was open at the fetch. When the windows
    cover the day, the base becomes their dearest rates. When they leave gaps and the rates fetched are
    those of a window, the base that was last seen outside of one is kept.
    """
    windows = price.windows
    if not windows:
        return price
    if covers_the_day(windows):
        return replace(price, rates=MappingProxyType({**price.rates, **dearest_of(windows)}))
    fetched_inside = any(
        window.rates and all(same_rate(price.rates.get(key), rate) for key, rate in window.rates.items())
        for window in windows
    )
    if not fetched_inside or last_good is None or not same_overrides(last_good.windows, windows):
        return price
    keys = {key for window in windows for key in window.rates}
    kept = {key: rate for key, rate in last_good.rates.items() if key in keys}
    return replace(price, rates=MappingProxyType({**price.rates, **kept}))


def settle_zero(price: Price, last_good: Price | None, *, is_free_variant: bool, now: datetime) -> Price:
    """Hold a sudden zero back: a model that was priced is not free because one refresh reads zero.

    For ZERO_DOUBT the state is unknown and `zero_since` says since when; then the zero is believed.
    """
    if price.state is not PriceState.FREE or is_free_variant or last_good is None:
        return price
    if last_good.state is PriceState.PRICED:
        return Price(PriceState.UNKNOWN, zero_since=now)
    if last_good.zero_since is not None and now - last_good.zero_since < ZERO_DOUBT:
        return Price(PriceState.UNKNOWN, zero_since=last_good.zero_since)
    return price
