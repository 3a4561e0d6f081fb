"""How often one client may knock at a gate: a token bucket for each, in bounded memory.

Every knock counts, with a right token, a wrong one or none, and is counted before the token is looked at: whoever
guesses learns nothing once the bucket is empty.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

import structlog

from app.clock import Clock

# Some 250 bytes each. Who has more addresses than this is stopped by the length of the token, not by a count.
MAX_CLIENTS: Final = 4_096
# The least that a provider hands to one customer, who may use any address of it.
_IPV6_PREFIX: Final = 64
_SECONDS_PER_MINUTE: Final = 60.0
log = structlog.get_logger("gate")


@dataclass(slots=True)
class _Bucket:
    """What one client has left; `is_told` says that its being held back was logged."""

    left: float
    at: float
    is_told: bool = False


class Attempts:
    """Counts knocks by client; a client is an IPv4 address or the /64 network of an IPv6 address."""

    def __init__(self, per_minute: int, clock: Clock, gate: str = "admin") -> None:
        self._gate = gate
        self._most = float(per_minute)
        self._per_second = per_minute / _SECONDS_PER_MINUTE
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def knock(self, host: str) -> float:
        """Count one knock; returns for how many seconds the client has to wait, 0 when it may go on."""
        client = client_of(host)
        now = self._clock.monotonic()
        bucket = self._buckets.get(client)
        if bucket is None:
            bucket = self._buckets[client] = _Bucket(self._most, now)
            if len(self._buckets) > MAX_CLIENTS:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(client)
        bucket.left = min(self._most, bucket.left + max(0.0, now - bucket.at) * self._per_second)
        bucket.at = now
        if bucket.left >= 1.0:
            bucket.left -= 1.0
            bucket.is_told = False
            return 0.0
        if not bucket.is_told:
            bucket.is_told = True
            log.warning("a client knocks too often and is held back", gate=self._gate, client=client)
        return (1.0 - bucket.left) / self._per_second


def client_of(host: str) -> str:
    """Return under which name an address is counted."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        # A socket file has no address, and a proxy may pass on any text.
        return host[:64]
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network((address, _IPV6_PREFIX), strict=False))
    return str(address)
