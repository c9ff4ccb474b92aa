"""The settings of a web chat channel: one table `[channels.NAME]` with `kind = "webchat"`."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta, field

from gateway.settings import LANGUAGES, Section

EVERY_ORIGIN = "*"
UPLOAD_TYPES = (
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/heic",
    "audio/*",
    "video/*",
    "text/plain",
    "text/csv",
    "application/pdf",
    "application/zip",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)


class WebchatSettings(Section, frozen=True, kw_only=True):
    """How one widget looks and who may embed it. Texts are given by language: uk, ru, en."""

    allowed_origins: Annotated[
        list[str],
        Meta(
            description="Sites that may embed the widget, as `https://shop.example`; empty: only pages of this "
            'gateway itself; `["*"]`: any site.'
        ),
    ] = field(default_factory=list)
    title: Annotated[
        dict[str, str], Meta(description="Heading of the widget in each language; empty: the firm's name.")
    ] = field(default_factory=dict)
    greeting: Annotated[
        dict[str, str], Meta(description="First words of the widget in each language; empty: our own.")
    ] = field(default_factory=dict)
    color: Annotated[
        str, Meta(pattern="^#[0-9a-fA-F]{6}$", description="The firm's colour; text on it is black or white by itself.")
    ] = "#0b6b5d"
    upload_types: Annotated[
        list[str], Meta(description="MIME types customers may send, `image/*` for a family; empty: no files.")
    ] = field(default_factory=lambda: list(UPLOAD_TYPES))
    upload_limit: Annotated[
        int, Meta(ge=1, le=1024, description="Largest file in MiB; the gateway's own `upload_limit` holds as well.")
    ] = 10

    page: Annotated[
        str,
        Meta(
            pattern="^$|^https?://[^#\\s]+$",
            description="A page of your site with the widget, to which links lead back from other messengers; empty: "
            "the gateway's own page.",
        ),
    ] = ""

    def __post_init__(self) -> None:
        """Raises ValueError, which msgspec reports as the field's fault."""
        for origin in self.allowed_origins:
            if not is_origin(origin):
                raise ValueError(f"allowed_origins: {origin!r} is not an origin; say for example https://shop.example")
        for name, texts in (("title", self.title), ("greeting", self.greeting)):
            for language in texts:
                if language not in LANGUAGES:
                    raise ValueError(f"{name}: {language!r} is not one of {', '.join(LANGUAGES)}")


def is_origin(text: str) -> bool:
    """Whether `text` is `*` or a bare scheme://host[:port] (RFC 6454, 6.2)."""
    parts = urlsplit(text)
    bare = f"{parts.scheme}://{parts.netloc}"
    return text == EVERY_ORIGIN or (parts.scheme in ("http", "https") and bool(parts.hostname) and bare == text.lower())
