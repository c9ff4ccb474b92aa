"""The settings of a signed HTTP channel: one table `[channels.NAME]` with `kind = "http"`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from bots.http.signing import BadSecret, read_secrets
from gateway.messages import MediaKind
from gateway.settings import Section


class HttpSettings(Section, frozen=True, kw_only=True):
    """How a firm's own app or site is reached, and what it can show. Times are seconds, sizes are bytes."""

    url: Annotated[
        str, Meta(pattern=r"^https?://\S+$", description="Where your app takes what we say: each message is one POST.")
    ]
    secret: Annotated[
        str,
        Meta(
            min_length=1,
            description="Signs both ways, `whsec_` and 24–64 bytes in base64. While it changes give both, separated "
            "by a blank: either is taken, and what we send is signed with both.",
        ),
    ]
    tolerance: Annotated[
        int, Meta(ge=1, le=3600, description="How far a request's timestamp may be from our clock.")
    ] = 300
    text_limit: Annotated[int, Meta(ge=100, le=100_000, description="Longest text your app shows, in characters.")] = (
        20_000
    )
    markup: Annotated[
        str,
        Meta(
            pattern="^(plain|markdown)$",
            description="`markdown` where your app shows `**bold**`, `[links](https://…)` and `- lists`; else `plain`.",
        ),
    ] = "markdown"
    buttons: Annotated[int, Meta(ge=0, le=50, description="Choices your app shows as buttons; 0: a numbered list.")] = (
        10
    )
    button_label_limit: Annotated[int, Meta(ge=10, le=1000, description="Longest label of a button.")] = 120
    url_buttons: Annotated[bool, Meta(description="Whether a button may open a link.")] = True
    ask_buttons: Annotated[
        bool, Meta(description="Whether your app can ask for the customer's phone or place by a button.")
    ] = False
    media: Annotated[
        list[MediaKind], Meta(description="Files your app shows: image, video, audio, voice, sticker, file.")
    ] = field(default_factory=lambda: list(MediaKind))
    media_limit: Annotated[
        int,
        Meta(ge=1, le=50 * 1024 * 1024, description="Largest file that is sent to your app; larger ones are named."),
    ] = 5 * 1024 * 1024
    location: Annotated[bool, Meta(description="Whether your app shows a place on a map.")] = True
    edits: Annotated[bool, Meta(description="Whether your app can change a message that is already shown.")] = False
    typing: Annotated[bool, Meta(description="Whether your app is told that somebody is writing.")] = False
    per_second: Annotated[
        float, Meta(ge=0, description="Messages a second your app takes; 0: no limit but its own 429.")
    ] = 0.0
    connect_timeout: Annotated[float, Meta(gt=0, description="How long connecting may take.")] = 5.0
    call_timeout: Annotated[float, Meta(gt=0, description="How long your app may take to answer.")] = 15.0
    download_limit: Annotated[int, Meta(ge=1, description="Largest customer's file that is fetched from its URL.")] = (
        20 * 1024 * 1024
    )
    private_media: Annotated[
        bool,
        Meta(description="Whether customers' files may be fetched from private addresses, as of a server beside us."),
    ] = False

    def __post_init__(self) -> None:
        """Raises ValueError, which msgspec reports as the field's fault."""
        try:
            read_secrets(self.secret)
        except BadSecret as error:
            raise ValueError(f"secret: {error}") from None
