"""How fast to send: token buckets that keep a rate, and the pace of a channel. Pure; times are monotonic seconds."""

from __future__ import annotations

import sys
from collections import OrderedDict, deque

from gateway.channels import Rate

MAX_ADDRESSES = 10_000

CAREFUL_SECONDS = 60.0
"""How long the documented rates are kept after the platform throttled."""

SEVERAL = 3
SOON_SECONDS = 10.0
"""That many addresses throttled within this time mean the channel, not its addresses."""

BOUNDLESS = sys.maxsize


class Bucket:
    """Holds up to `burst` tokens and gains `per_second`; it begins full, or with `tokens`."""

    __slots__ = ("_burst", "_per_second", "_tokens", "_updated")

    def __init__(self, per_second: float, burst: int, now: float, tokens: float | None = None) -> None:
        self._per_second = per_second
        self._burst = burst
        self._tokens = float(burst) if tokens is None else tokens
        self._updated = now

    def delay(self, now: float) -> float:
        """Seconds until a token is there; 0 where one is."""
        self._refill(now)
        return max(0.0, (1.0 - self._tokens) / self._per_second)

    def room(self, now: float) -> int:
        """Whole tokens that are there."""
        self._refill(now)
        return max(0, int(self._tokens))

    def take(self, now: float) -> None:
        """Use a token, going into debt where there is none (the caller waits `delay` first)."""
        self._refill(now)
        self._tokens -= 1.0

    def _refill(self, now: float) -> None:
        gained = max(0.0, now - self._updated) * self._per_second
        self._tokens = min(float(self._burst), self._tokens + gained)
        self._updated = max(now, self._updated)


class Limiter:
    """The buckets of one thing whose rates always hold: one overall, one for each address seen lately."""

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


class _Care:
    """What was throttled: it rests until `resume`, then keeps its rate until `until`, then is free."""

    __slots__ = ("_bucket", "_resume", "until")

    def __init__(self, resume: float, until: float, bucket: Bucket | None) -> None:
        self._resume = resume
        self._bucket = bucket
        self.until = until

    def delay(self, now: float) -> float:
        if now < self._resume:
            return self._resume - now
        return self._bucket.delay(now) if self._bucket and now < self.until else 0.0

    def room(self, now: float) -> int:
        if now < self._resume:
            return 0
        return self._bucket.room(now) if self._bucket and now < self.until else BOUNDLESS

    def take(self, now: float) -> None:
        if self._bucket:
            self._bucket.take(now)


class Pace:
    """The pace of one channel. A platform's documented rates are advice for bulk sends; what it really
    takes it says itself, by throttling:

    - nothing waits while nothing was throttled;
    - an address that was throttled waits as long as the platform said, and then keeps its documented rate
      for a minute;
    - when several addresses were throttled within a short time, the whole channel waits so, and then keeps
      all its documented rates for a minute.

    https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this says what Telegram's
    are; https://core.telegram.org/bots/api#responseparameters how long to wait.
    """

    def __init__(self, rate: Rate | None, *, careful_seconds: float = CAREFUL_SECONDS) -> None:
        self._rate = rate
        self._careful_seconds = careful_seconds
        self._channel: _Care | None = None
        self._addresses: OrderedDict[str, _Care] = OrderedDict()
        self._throttled: deque[tuple[float, str]] = deque()

    def room(self, now: float) -> int:
        """How many sends the channel as a whole takes now."""
        care = self._care_of_channel(now)
        return care.room(now) if care else BOUNDLESS

    def channel_delay(self, now: float) -> float:
        """Seconds until the channel as a whole takes a send."""
        care = self._care_of_channel(now)
        return care.delay(now) if care else 0.0

    def delay(self, address: str, now: float) -> float:
        """Seconds until a send to `address` may begin."""
        care = self._care_of(address, now)
        return max(self.channel_delay(now), care.delay(now) if care else 0.0)

    def take(self, address: str, now: float) -> None:
        """Count a send to `address` that begins."""
        channel, care = self._care_of_channel(now), self._care_of(address, now)
        if channel is not None:
            channel.take(now)
            if care is None:
                care = self._remember(address, _Care(now, channel.until, self._address_bucket(now)))
        if care is not None:
            care.take(now)

    def throttled(self, address: str, retry_after: float, now: float) -> None:
        """The platform refused a send to `address` for `retry_after` seconds."""
        resume = now + max(retry_after, self.delay(address, now))
        self._remember(address, _Care(resume, resume + self._careful_seconds, self._address_bucket(resume, 1.0)))
        self._throttled.append((now, address))
        while self._throttled[0][0] < now - SOON_SECONDS or len(self._throttled) > MAX_ADDRESSES:
            self._throttled.popleft()
        if len({who for _, who in self._throttled}) >= SEVERAL:
            resume = now + max(retry_after, self.channel_delay(now))
            rate = self._rate
            bucket = Bucket(rate.per_second, rate.burst, resume, 1.0) if rate else None
            self._channel = _Care(resume, resume + self._careful_seconds, bucket)

    def _address_bucket(self, now: float, tokens: float | None = None) -> Bucket | None:
        if self._rate is None or self._rate.per_address is None:
            return None
        return Bucket(self._rate.per_address, self._rate.address_burst, now, tokens)

    def _care_of_channel(self, now: float) -> _Care | None:
        if self._channel is not None and now >= self._channel.until:
            self._channel = None
        return self._channel

    def _care_of(self, address: str, now: float) -> _Care | None:
        care = self._addresses.get(address)
        if care is not None and now >= care.until:
            del self._addresses[address]
            return None
        return care

    def _remember(self, address: str, care: _Care) -> _Care:
        self._addresses[address] = care
        self._addresses.move_to_end(address)
        if len(self._addresses) > MAX_ADDRESSES:
            self._addresses.popitem(last=False)
        return care
