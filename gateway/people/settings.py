"""The settings of one person in several messengers: `[people]`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from gateway.section import Section


class SignedTokens(Section, frozen=True, kw_only=True):
    """`[people.token]`: what your own site or app signs to say who its customer is."""

    key: Annotated[
        str,
        Meta(
            description="Checks the tokens: a secret of 32 bytes or more (HS256), or a public key in PEM (RS256, "
            "ES256). Empty: none are taken. Better by `FRONTDESK_PEOPLE_TOKEN_KEY`."
        ),
    ] = ""
    algorithm: Annotated[
        str, Meta(pattern="^(HS256|RS256|ES256)$", description="How they are signed; no other way is taken.")
    ] = "HS256"
    audience: Annotated[str, Meta(description="The `aud` that tokens must name.")] = "frontdesk"
    leeway: Annotated[
        int, Meta(ge=0, le=300, description="Seconds by which your site's clock may differ from ours.")
    ] = 30
    lifetime: Annotated[
        int, Meta(ge=30, le=86400, description="Seconds that a token may be good for at most; a longer one is refused.")
    ] = 900


class People(Section, frozen=True, kw_only=True):
    """`[people]`: one person in several messengers, and who your own site says they are."""

    other_ways: Annotated[
        bool,
        Meta(
            description="Whether an answer that cannot arrive (blocked, gone, the platform's window is over) goes to "
            "another proven place of the same person."
        ),
    ] = True
    order: Annotated[
        list[str],
        Meta(
            description="Channels in which to try then, best first, by name or kind; others follow, the last used "
            "first."
        ),
    ] = field(default_factory=list)
    token: SignedTokens = field(default_factory=SignedTokens)
    code_channel: Annotated[
        str,
        Meta(description="Channel that carries codes proving a mail address; empty: the first that sends mail."),
    ] = ""
