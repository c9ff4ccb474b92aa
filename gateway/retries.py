"""When to try again: exponential backoff with jitter, and what each send error asks for. Pure."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from gateway.channels import Idempotency
from gateway.errors import Ambiguous, SendError, Throttled, Unreachable
from gateway.messages import Value

BASE_SECONDS = 1.0
CAP_SECONDS = 300.0
LOOK_SECONDS = 2.0
"""A request that was cut off may still be at work over there: look no sooner whether it arrived."""
DOUBLINGS = 16
"""Far beyond the cap already; a larger power of two is not a number of seconds any more."""


class Fate(StrEnum):
    """What becomes of a delivery after a try that did not succeed."""

    RETRY = "retry"
    FAIL = "fail"
    UNKNOWN = "unknown"


class Verdict(Value, frozen=True, kw_only=True):
    """The fate, and how long to wait before the next try (for RETRY, and for UNKNOWN with `resend`).

    `spent` is false where the try does not count towards the limit; `doubtful` says that this try may
    have arrived.
    """

    fate: Fate
    delay: timedelta = timedelta(0)
    resend: bool = False
    spent: bool = True
    doubtful: bool = False


def backoff(attempt: int, jitter: float) -> timedelta:
    """The wait after try number `attempt` (1, 2, …); `jitter` in 0–1 spreads it over half its length.

    Jitter keeps retrying senders from meeting again
    (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
    """
    ceiling = min(CAP_SECONDS, BASE_SECONDS * 2 ** min(attempt - 1, DOUBLINGS))
    return timedelta(seconds=ceiling * (0.5 + jitter / 2))


def judge(
    error: SendError,
    *,
    attempt: int,
    limit: int,
    resent: bool,
    idempotency: Idempotency,
    resend_unknown: bool,
    jitter: float,
    down: bool = False,
) -> Verdict:
    """What to do after `error` at try number `attempt` of at most `limit`.

    Args:
        resent: whether an earlier try may have arrived. Then even a definite refusal of this one leaves
            the message's fate unknown.
        down: whether the channel as a whole is down. Then no message is to blame, and tries that could be
            repeated anyway do not count.

    A platform's own delay is obeyed and does not use up tries: being throttled is not failing.
    """
    gone = Fate.UNKNOWN if resent else Fate.FAIL
    last = attempt >= limit and not down
    wait = backoff(attempt, jitter)
    match error:
        case Throttled():
            return Verdict(fate=Fate.RETRY, delay=timedelta(seconds=error.retry_after), spent=False)
        case Unreachable():
            return Verdict(fate=gone) if last else Verdict(fate=Fate.RETRY, delay=wait, spent=not down)
        case Ambiguous() if idempotency is not Idempotency.NEITHER:
            if last:
                return Verdict(fate=Fate.UNKNOWN, doubtful=True)
            if idempotency is Idempotency.RECONCILED:
                wait = max(wait, timedelta(seconds=LOOK_SECONDS))
            return Verdict(fate=Fate.RETRY, delay=wait, spent=not down, doubtful=True)
        case Ambiguous():
            again = resend_unknown and not resent
            return Verdict(fate=Fate.UNKNOWN, delay=wait, resend=again, doubtful=True)
        case _:
            return Verdict(fate=gone)
