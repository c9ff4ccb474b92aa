"""The settings of alerts to staff who have no desk open: `[alerts]`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from gateway.section import Section


class Alerts(Section, frozen=True, kw_only=True):
    """`[alerts]`: who is told, outside the desk, that a customer waits. Times are minutes."""

    channel: Annotated[
        str, Meta(description="The channel that carries alerts to staff, as `shop_telegram`; empty: there are none.")
    ] = ""
    to: Annotated[
        str,
        Meta(
            description="The address there: a Telegram group's id (`-100…`), a mail address. What is written from it "
            "is nobody's message: it becomes no conversation."
        ),
    ] = ""
    waiting: Annotated[int, Meta(ge=0, description="How long a customer waits for a person until it is told.")] = 5
    calls: Annotated[
        int, Meta(ge=0, description="How long nobody has called after the beginning of a call's window.")
    ] = 5
    pause: Annotated[int, Meta(ge=0, description="How long it is quiet after an alert; what comes up is gathered.")] = 5
    language: Annotated[str, Meta(description="`uk`, `ru` or `en`; empty: the company's.")] = ""
