"""The settings of how the knowledge base is kept: `[knowledge]`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from gateway.section import Section


class Keeping(Section, frozen=True, kw_only=True):
    """`[knowledge]`: who may publish, and what is looked at before."""

    review: Annotated[
        bool,
        Meta(
            description="Whether an article goes live only when a reviewer (`add-staff --role reviewer`) has signed "
            "what others wrote. Commands, as `import`, publish at once all the same."
        ),
    ] = False
    check_links: Annotated[
        bool,
        Meta(
            description="Whether web addresses in answers and buttons are tried before publishing; the gateway calls "
            "them then, and one that cannot be reached is a warning."
        ),
    ] = False
