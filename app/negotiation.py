"""What a caller has and accepts: If-None-Match and Accept-Encoding, read as RFC 9110 says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app.rendering import CODINGS


def is_known(if_none_match: bytes, etag: str) -> bool:
    """Whether an If-None-Match value (its lines joined by commas) names an ETag; weak comparison, RFC 9110 13.1.2."""
    for candidate in if_none_match.decode("latin-1").split(","):
        entity = candidate.strip()
        if entity == "*" or entity.removeprefix("W/") == etag:
            return True
    return False


def choose_coding(accept_encoding: str, available: Iterable[str]) -> str | None:
    """Return the best coding that the caller accepts; None for the plain form.

    Highest q-value first, then our own order. `identity` wins over codings that it is preferred to; when it is
    refused and nothing else fits, the plain form is sent all the same (RFC 9110, 12.5.3).
    """
    weights = weights_of(accept_encoding)
    rest = weights.get("*", 0.0)
    have = set(available)
    best, best_weight = None, 0.0
    for coding in CODINGS:
        weight = weights.get(coding, rest)
        if coding in have and weight > best_weight:
            best, best_weight = coding, weight
    return None if weights.get("identity", 0.0) > best_weight else best


def accepts(weights: Mapping[str, float], coding: str | None) -> bool:
    """Whether a coding may be sent at all; the plain form may be unless it is refused."""
    rest = weights.get("*")
    if coding is None:
        return weights.get("identity", 1.0 if rest is None else rest) > 0.0
    return weights.get(coding, rest or 0.0) > 0.0


def weights_of(accept_encoding: str) -> dict[str, float]:
    """Return the q-value of each coding that an Accept-Encoding header names, in lower case, and of `*`."""
    weights: dict[str, float] = {}
    for part in accept_encoding.split(","):
        name, _, parameters = part.strip().partition(";")
        weights[name.strip().lower()] = _weight(parameters)
    return weights


def _weight(parameters: str) -> float:
    """Return a q-value; a malformed one counts as 1, as it would without."""
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 1.0
    return weight if 0.0 <= weight <= 1.0 else 1.0
