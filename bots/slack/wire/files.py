"""What a file of ours is called in Slack: the same at each try, for a file alone is known again by it."""

from __future__ import annotations

import re

from gateway.messages import Media, MediaKind, clean_text

_UNSAFE = re.compile(r"[\x00-\x1f\x7f\"\\/]")
_FALLBACKS = {
    MediaKind.IMAGE: "photo.jpg",
    MediaKind.VIDEO: "video.mp4",
    MediaKind.AUDIO: "audio.mp3",
    MediaKind.VOICE: "voice.ogg",
    MediaKind.STICKER: "sticker.webp",
    MediaKind.FILE: "file.bin",
}


def file_name(media: Media) -> str:
    """The name the customer will see."""
    return _UNSAFE.sub("_", clean_text(media.name or "")).strip() or _FALLBACKS[media.kind]
