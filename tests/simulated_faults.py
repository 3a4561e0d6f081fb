"""Everything that can go wrong between us and OpenRouter, by name.

Three kinds: a status instead of a list (STATUSES), a list that lies (`distort`, `broken_body`), and a
connection that misbehaves (the rest; the server does those itself).
"""

from __future__ import annotations

import copy
import functools
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from random import Random
from typing import Any

from tests.simulated_catalog import benchmarks

GZIP_BOMB_DECODED_BYTES = 320 * 1024 * 1024


class Fault(StrEnum):
    """One way to misbehave; the words are used on the command line and over `/_control/fault`."""

    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    REQUEST_TIMEOUT = "request_timeout"
    TOO_MANY_REQUESTS = "too_many_requests"
    TOO_MANY_REQUESTS_SECONDS = "too_many_requests_seconds"
    TOO_MANY_REQUESTS_DATE = "too_many_requests_date"
    TOO_MANY_REQUESTS_NEGATIVE = "too_many_requests_negative"
    TOO_MANY_REQUESTS_HUGE = "too_many_requests_huge"
    TOO_MANY_REQUESTS_GARBAGE = "too_many_requests_garbage"
    INTERNAL = "internal"
    BAD_GATEWAY = "bad_gateway"
    UNAVAILABLE = "unavailable"
    GATEWAY_TIMEOUT = "gateway_timeout"

    REDIRECT_SAME_HOST = "redirect_same_host"
    REDIRECT_OTHER_HOST = "redirect_other_host"
    REDIRECT_LOOP = "redirect_loop"

    RESET = "reset"
    REFUSE = "refuse"
    HANG = "hang"
    DRIP = "drip"
    TRUNCATED_WITH_LENGTH = "truncated_with_length"
    TRUNCATED_WITHOUT_LENGTH = "truncated_without_length"
    LENGTH_TOO_LONG = "length_too_long"
    LENGTH_TOO_SHORT = "length_too_short"

    HTML = "html"
    EMPTY_BODY = "empty_body"
    EMPTY_OBJECT = "empty_object"
    EMPTY_LIST = "empty_list"
    NULL_DATA = "null_data"
    NAN = "nan"
    DEEP_NESTING = "deep_nesting"
    GZIP_BOMB = "gzip_bomb"
    GZIP_TRUNCATED = "gzip_truncated"
    NOT_UTF8 = "not_utf8"

    DUPLICATE_IDS = "duplicate_ids"
    BAD_RECORD = "bad_record"
    MANY_BAD_RECORDS = "many_bad_records"
    SHRUNK = "shrunk"
    ALL_ZERO_PRICES = "all_zero_prices"
    BENCHMARK_NOISE = "benchmark_noise"
    FLOAT_NOISE = "float_noise"
    SHUFFLED = "shuffled"
    PAGES = "pages"


STATUSES = {
    Fault.UNAUTHORIZED: 401,
    Fault.FORBIDDEN: 403,
    Fault.NOT_FOUND: 404,
    Fault.REQUEST_TIMEOUT: 408,
    Fault.TOO_MANY_REQUESTS: 429,
    Fault.TOO_MANY_REQUESTS_SECONDS: 429,
    Fault.TOO_MANY_REQUESTS_DATE: 429,
    Fault.TOO_MANY_REQUESTS_NEGATIVE: 429,
    Fault.TOO_MANY_REQUESTS_HUGE: 429,
    Fault.TOO_MANY_REQUESTS_GARBAGE: 429,
    Fault.INTERNAL: 500,
    Fault.BAD_GATEWAY: 502,
    Fault.UNAVAILABLE: 503,
    Fault.GATEWAY_TIMEOUT: 504,
}

BROKEN_BODIES = {
    Fault.HTML: b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>",
    Fault.EMPTY_BODY: b"",
    Fault.EMPTY_OBJECT: b"{}",
    Fault.EMPTY_LIST: b'{"data":[],"total_count":0,"links":{"next":null}}',
    Fault.NULL_DATA: b'{"data":null,"total_count":0,"links":{"next":null}}',
    Fault.DEEP_NESTING: b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}


def retry_after(fault: Fault) -> str | None:
    """Return the Retry-After that comes with a 429; None for none."""
    return {
        Fault.TOO_MANY_REQUESTS_SECONDS: "2",
        # A date has whole seconds only, so that 3 are at least 2.
        Fault.TOO_MANY_REQUESTS_DATE: format_datetime(datetime.now(UTC) + timedelta(seconds=3), usegmt=True),
        Fault.TOO_MANY_REQUESTS_NEGATIVE: "-30",
        Fault.TOO_MANY_REQUESTS_HUGE: "999999999999999999999",
        Fault.TOO_MANY_REQUESTS_GARBAGE: "when the cows come home",
    }.get(fault)


def distort(fault: Fault | None, records: Sequence[Any], random: Random) -> list[Any]:
    """Return the records as a lying upstream would list them; the originals stay as they are."""
    made = list(records)
    match fault:
        case Fault.DUPLICATE_IDS:
            made += [{**record, "name": f"{record['name']} (again)"} for record in made[:3]]
        case Fault.BAD_RECORD if made:
            made[len(made) // 2] = {**made[len(made) // 2], "id": None}
        case Fault.MANY_BAD_RECORDS:
            made[::5] = [
                ({**record, "id": None}, "not an object", {**record, "id": "no slash, many words"})[number % 3]
                for number, record in enumerate(made[::5])
            ]
        case Fault.SHRUNK:
            made = made[::2]
        case Fault.ALL_ZERO_PRICES:
            made = [{**record, "pricing": {"prompt": "0", "completion": "0"}} for record in made]
        case Fault.BENCHMARK_NOISE:
            made = [
                {**record, "benchmarks": benchmarks(random)} if "benchmarks" in record else record for record in made
            ]
        case Fault.FLOAT_NOISE:
            made = [{**record, "pricing": _with_noise(record["pricing"])} for record in made]
        case Fault.SHUFFLED:
            random.shuffle(made)
    return made


def broken_body(fault: Fault, body: bytes) -> bytes | None:
    """Return the bytes that come instead of a good body; None when the fault isn't about the bytes."""
    match fault:
        case Fault.NAN:
            return body.replace(b'"context_length":', b'"context_length":NaN,"was":', 1)
        case Fault.NOT_UTF8:
            return body.replace(b'"name":"', b'"name":"\xff\xfe', 1)
        case _:
            return BROKEN_BODIES.get(fault)


@functools.cache
def gzip_bomb() -> bytes:
    """Return about 330 kB that inflate to 320 MiB of a list's beginning and blanks."""
    compressor = zlib.compressobj(9, wbits=31)
    blanks = b" " * 1024 * 1024
    parts = [compressor.compress(b'{"data":[')]
    parts += [compressor.compress(blanks) for _ in range(GZIP_BOMB_DECODED_BYTES // len(blanks))]
    return b"".join([*parts, compressor.flush()])


def _with_noise(pricing: dict[str, Any]) -> dict[str, Any]:
    """Return the same prices with a last digit that is off by a ten-billionth, as upstream's floats print them."""
    noisy = copy.copy(pricing)
    for key in ("prompt", "completion"):
        if "." in noisy[key]:
            noisy[key] = noisy[key] + "0000000001"
    return noisy
