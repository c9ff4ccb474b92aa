"""Token buckets: how long a send must wait so that a channel and an address keep their rates. Pure."""

from __future__ import annotations

from collections import OrderedDict

from gateway.channels import Rate

MAX_ADDRESSES = 10_000


class Bucket:
    """Holds up to `burst` tokens and gains `per_second`; times are monotonic seconds."""

    __slots__ = ("_burst", "_per_second", "_tokens", "_updated")

    def __init__(self, per_second: float, burst: int, now: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._tokens = float(burst)
        self._updated = now

    def delay(self, now: float) -> float:
        """Seconds until a token is there; 0 where one is."""
        self._refill(now)
        return max(0.0, (1.0 - self._tokens) / self._per_second)

    def take(self, now: float) -> None:
        """Use a token, going into debt where there is none (the caller waits `delay` first)."""
        self._refill(now)
        self._tokens -= 1.0

    def _refill(self, now: float) -> None:
        gained = max(0.0, now - self._updated) * self._per_second
        self._tokens = min(float(self._burst), self._tokens + gained)
        self._updated = max(now, self._updated)


class Limiter:
    """The buckets of one channel: one overall, one for each address seen lately."""

    def __init__(self, rate: Rate | None, now: float) -> None:
        self._rate = rate
        self._overall = Bucket(rate.per_second, rate.burst, now) if rate else None
        self._addresses: OrderedDict[str, Bucket] = OrderedDict()

    def delay(self, address: str, now: float) -> float:
        """Seconds to wait before a send to `address`."""
        if self._overall is None:
            return 0.0
        bucket = self._bucket(address, now)
        return max(self._overall.delay(now), bucket.delay(now) if bucket else 0.0)

    def take(self, address: str, now: float) -> None:
        """Count a send to `address`."""
        if self._overall is None:
            return
        self._overall.take(now)
        bucket = self._bucket(address, now)
        if bucket:
            bucket.take(now)

    def _bucket(self, address: str, now: float) -> Bucket | None:
        if self._rate is None or self._rate.per_address is None:
            return None
        bucket = self._addresses.get(address)
        if bucket is None:
            bucket = self._addresses[address] = Bucket(self._rate.per_address, self._rate.address_burst, now)
            if len(self._addresses) > MAX_ADDRESSES:
                self._addresses.popitem(last=False)
        self._addresses.move_to_end(address)
        return bucket
