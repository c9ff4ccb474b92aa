"""What becomes of a send that did not succeed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.channels import Idempotency
from gateway.errors import Ambiguous, Rejected, SendError, Throttled, Unreachable
from gateway.retries import BASE_SECONDS, CAP_SECONDS, Fate, Verdict, backoff, judge

KEYED, RECONCILED, NEITHER = Idempotency.KEYED, Idempotency.RECONCILED, Idempotency.NEITHER


def judged(
    error: SendError,
    idempotency: Idempotency = NEITHER,
    *,
    attempt: int = 1,
    resent: bool = False,
    resend_unknown: bool = True,
    down: bool = False,
) -> Verdict:
    return judge(
        error,
        attempt=attempt,
        limit=3,
        resent=resent,
        idempotency=idempotency,
        resend_unknown=resend_unknown,
        jitter=0.0,
        down=down,
    )


@pytest.mark.parametrize("idempotency", Idempotency)
@pytest.mark.parametrize(
    ("error", "attempt", "fate"),
    [
        (Unreachable("refused"), 1, Fate.RETRY),
        (Unreachable("refused"), 2, Fate.RETRY),
        (Unreachable("refused"), 3, Fate.FAIL),
        (Rejected("chat not found"), 1, Fate.FAIL),
        (Throttled("429", retry_after=3), 1, Fate.RETRY),
        (Throttled("429", retry_after=3), 99, Fate.RETRY),
    ],
)
def test_definite_failures_are_the_same_everywhere(
    error: SendError, attempt: int, fate: Fate, idempotency: Idempotency
) -> None:
    assert judged(error, idempotency, attempt=attempt).fate is fate


@pytest.mark.parametrize("idempotency", [KEYED, RECONCILED])
@pytest.mark.parametrize(("attempt", "fate"), [(1, Fate.RETRY), (2, Fate.RETRY), (3, Fate.UNKNOWN)])
def test_an_unknown_fate_is_tried_again_where_a_repeat_is_harmless(
    idempotency: Idempotency, attempt: int, fate: Fate
) -> None:
    verdict = judged(Ambiguous("time-out"), idempotency, attempt=attempt)
    assert (verdict.fate, verdict.resend) == (fate, False)


@pytest.mark.parametrize(
    ("resent", "resend_unknown", "resend"),
    [(False, True, True), (True, True, False), (False, False, False), (True, False, False)],
)
def test_elsewhere_it_is_sent_again_once_and_only_if_the_firm_wants(
    resent: bool, resend_unknown: bool, resend: bool
) -> None:
    verdict = judged(Ambiguous("time-out"), resent=resent, resend_unknown=resend_unknown)
    assert (verdict.fate, verdict.resend) == (Fate.UNKNOWN, resend)


def test_the_platforms_own_delay_is_obeyed_and_costs_no_try() -> None:
    verdict = judged(Throttled("429", retry_after=7.5))
    assert verdict.delay == timedelta(seconds=7.5)
    assert not verdict.spent
    assert judged(Unreachable("refused")).spent


@given(attempt=st.integers(1, 100_000), jitter=st.floats(0, 1))
def test_waits_grow_to_a_cap_and_no_further(attempt: int, jitter: float) -> None:
    wait = backoff(attempt, jitter).total_seconds()
    assert BASE_SECONDS / 2 <= wait <= CAP_SECONDS
    assert wait <= backoff(attempt + 1, jitter).total_seconds()
    assert backoff(attempt, 0.0).total_seconds() * 2 == pytest.approx(backoff(attempt, 1.0).total_seconds())


def test_the_first_waits() -> None:
    assert [backoff(attempt, 1.0).total_seconds() for attempt in (1, 2, 3, 4)] == [1, 2, 4, 8]


@pytest.mark.parametrize("idempotency", Idempotency)
@pytest.mark.parametrize("error", [Rejected("403"), Unreachable("refused")])
def test_what_may_have_arrived_before_is_unknown_even_when_refused_now(
    error: SendError, idempotency: Idempotency
) -> None:
    assert judged(error, idempotency, attempt=3, resent=True).fate is Fate.UNKNOWN
    assert judged(error, idempotency, attempt=3).fate is Fate.FAIL


@pytest.mark.parametrize("idempotency", Idempotency)
def test_only_an_ambiguous_try_leaves_a_doubt(idempotency: Idempotency) -> None:
    assert judged(Ambiguous("time-out"), idempotency).doubtful
    for error in (Rejected("403"), Unreachable("refused"), Throttled("429", retry_after=1)):
        assert not judged(error, idempotency).doubtful


def test_while_the_channel_is_down_no_message_is_to_blame() -> None:
    for error, idempotency in ((Unreachable("refused"), NEITHER), (Ambiguous("502"), KEYED)):
        verdict = judged(error, idempotency, attempt=99, down=True)
        assert (verdict.fate, verdict.spent) == (Fate.RETRY, False)
    assert judged(Rejected("403"), down=True).fate is Fate.FAIL
    assert judged(Ambiguous("502"), resent=True, down=True).fate is Fate.UNKNOWN
