"""What `/api/v1` answers where it does not do what was asked, as its schema tells programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Reference, SecurityScheme

from gateway.messages import Value


class Refusal(Value, frozen=True, kw_only=True):
    """Why not: the HTTP status once more, and a sentence that names the field and the remedy."""

    status: int
    detail: str


BEARER = "bearer"
SECURITY = [{BEARER: list[str]()}]
"""What every call needs (OpenAPI 3.1, Security Requirement Object)."""
SCHEMES: dict[str, SecurityScheme | Reference] = {
    BEARER: SecurityScheme(type="http", scheme="bearer", description="The gateway's `api_token`, as Bearer token.")
}

_REASONS: Mapping[int, str] = {
    400: "A field is missing or wrong; `detail` names it.",
    401: "The bearer token is missing or wrong, or the gateway has no `api_token`.",
    404: "No published article has this id.",
    413: "The body is too large.",
    500: "Something went wrong on our side; the log has it under X-Request-Id.",
    503: "The database does not answer; try again.",
}
_EVERYWHERE = (400, 401, 500, 503)


def refusals(*more: int, unchanged: bool = False) -> dict[int, ResponseSpec]:
    """What a handler may be answered with beside its own: what every one may, `more`, and 304 where `unchanged`
    answers cost nothing."""
    told: dict[int, ResponseSpec] = {
        status: ResponseSpec(Refusal, generate_examples=False, description=_REASONS[status])
        for status in _in_order((*_EVERYWHERE, *more))
    }
    if unchanged:
        told[304] = ResponseSpec(None, description="Nothing has changed since what If-None-Match or -Since names.")
    return told


def _in_order(statuses: Sequence[int]) -> list[int]:
    return sorted(set(statuses))
