"""Which models are let in at all: the operator's filters, each counted by name."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase

from app.catalog.model import LifecycleState, Model
from app.catalog.price import PriceState


@dataclass(frozen=True, slots=True)
class Door:
    """The filters; the defaults let everything in.

    Globs match whole ids or authors. Price ceilings are USD per million tokens and hold back only models whose
    price is a number above them.
    """

    require_price: bool = False
    drop_deprecated: bool = False
    drop_variants: tuple[str, ...] = ()
    keep_variants: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    allow_authors: tuple[str, ...] = ()
    deny_authors: tuple[str, ...] = ()
    max_prompt_usd_per_million: Decimal | None = None
    max_completion_usd_per_million: Decimal | None = None
    min_context_tokens: int | None = None

    def held_back_by(self, model: Model) -> str | None:
        """Return the setting that keeps a model out; None when it may come in."""
        for setting, holds in (
            ("FILTER_ALLOW", bool(self.allow) and not _matches(model.id, self.allow)),
            ("FILTER_DENY", _matches(model.id, self.deny)),
            ("FILTER_ALLOW_AUTHORS", bool(self.allow_authors) and not _matches(model.author, self.allow_authors)),
            ("FILTER_DENY_AUTHORS", _matches(model.author, self.deny_authors)),
            ("FILTER_DROP_VARIANTS", self._drops_variant(model.variant)),
            (
                "FILTER_DROP_DEPRECATED",
                self.drop_deprecated and model.lifecycle.state is LifecycleState.DEPRECATED,
            ),
            (
                "FILTER_REQUIRE_PRICE",
                self.require_price and model.price.state not in {PriceState.PRICED, PriceState.FREE},
            ),
            (
                "FILTER_MAX_PROMPT_PRICE",
                _above(model.price.prompt_usd_per_token, self.max_prompt_usd_per_million),
            ),
            (
                "FILTER_MAX_COMPLETION_PRICE",
                _above(model.price.completion_usd_per_token, self.max_completion_usd_per_million),
            ),
            (
                "FILTER_MIN_CONTEXT",
                self.min_context_tokens is not None and (model.context_tokens or 0) < self.min_context_tokens,
            ),
        ):
            if holds:
                return setting
        return None

    def _drops_variant(self, variant: str | None) -> bool:
        if variant is None or variant in self.keep_variants:
            return False
        return "*" in self.drop_variants or variant in self.drop_variants


OPEN_DOOR = Door()


def _matches(text: str, globs: tuple[str, ...]) -> bool:
    return any(fnmatchcase(text, glob) for glob in globs)


def _above(usd_per_token: Decimal | None, limit_usd_per_million: Decimal | None) -> bool:
    return (
        usd_per_token is not None
        and limit_usd_per_million is not None
        and usd_per_token.scaleb(6) > limit_usd_per_million
    )
