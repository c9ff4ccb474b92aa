"""Reading one file out of a multipart form as it arrives, never whole in memory (RFC 7578)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import AsyncIterator, Sequence

from litestar.exceptions import HTTPException
from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)

from gateway.errors import RequestRefused
from gateway.messages import Value

HEAD = 32
NAME_LIMIT = 150

_SIGNATURES = (
    ("image/png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("image/jpeg", re.compile(rb"\xff\xd8\xff")),
    ("image/gif", re.compile(rb"GIF8[79]a")),
    ("image/webp", re.compile(rb"RIFF....WEBP", re.DOTALL)),
    ("image/heic", re.compile(rb"....ftyp(heic|heix|hevc|mif1)", re.DOTALL)),
    ("application/pdf", re.compile(rb"%PDF-")),
)
"""First bytes of the types we show or vouch for (https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern)."""


class Upload(Value, frozen=True, kw_only=True):
    """A file on its way in: its cleaned name, what it really is, and its bytes."""

    name: str
    mime: str
    chunks: AsyncIterator[bytes]


async def read_upload(content_type: str, stream: AsyncIterator[bytes]) -> Upload:
    """The first file of the form. Raises RequestRefused(400) where there is none or it breaks off."""
    kind, options = parse_options_header(content_type)
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise RequestRefused(400, "send the file as multipart/form-data")
    events = _events(PushMultipartParser(options["boundary"], max_segment_count=16, strict=True), stream)
    async for event in events:
        if isinstance(event, MultipartSegment) and event.filename is not None:
            head, chunks = await _peek(_body(events))
            return Upload(
                name=clean_name(event.filename), mime=real_type(event.content_type or "", head), chunks=chunks
            )
    raise RequestRefused(400, "the form has no file")


def real_type(declared: str, head: bytes) -> str:
    """The MIME type to keep: what the first bytes say; a claim to be an image is believed by bytes only."""
    for mime, signature in _SIGNATURES:
        if signature.match(head):
            return mime
    claimed = declared.partition(";")[0].strip().lower()
    if not re.fullmatch(r"[a-z0-9.+-]+/[a-z0-9.+-]+", claimed) or claimed.startswith("image/"):
        return "application/octet-stream"
    return claimed


def is_taken(mime: str, allowed: Sequence[str]) -> bool:
    """Whether a list such as ``["image/*", "application/pdf"]`` has `mime`."""
    return any(mime == one or (one.endswith("/*") and mime.startswith(one[:-1])) for one in allowed)


def clean_name(name: str) -> str:
    """A file's name without folders and control characters, never empty, not too long."""
    base = re.split(r"[\\/]", name)[-1]
    printable = "".join(letter for letter in base if unicodedata.category(letter) not in ("Cc", "Cf", "Cs"))
    stem, dot, ending = printable.strip(" .").rpartition(".")
    if len(ending) > 10 or not stem:
        return printable.strip(" .")[:NAME_LIMIT] or "file"
    return stem[: NAME_LIMIT - len(ending) - 1] + dot + ending


async def _events(
    parser: PushMultipartParser, stream: AsyncIterator[bytes]
) -> AsyncIterator[MultipartSegment | bytes | None]:
    try:
        async for chunk in stream:
            if chunk and not parser.closed:
                for event in parser.parse(chunk):
                    yield event
        parser.close()
    except MultipartError as error:
        raise RequestRefused(400, f"the form cannot be read: {type(error).__name__}") from None
    except HTTPException:
        raise RequestRefused(400, "the upload broke off") from None


async def _body(events: AsyncIterator[MultipartSegment | bytes | None]) -> AsyncIterator[bytes]:
    async for event in events:
        if not isinstance(event, bytes | bytearray):
            return
        yield bytes(event)


async def _peek(chunks: AsyncIterator[bytes]) -> tuple[bytes, AsyncIterator[bytes]]:
    """The first bytes, and all bytes including them. Raises RequestRefused(400) for an empty file."""
    first: list[bytes] = []
    async for chunk in chunks:
        first.append(chunk)
        if sum(map(len, first)) >= HEAD:
            break
    if not first:
        raise RequestRefused(400, "the file is empty")

    async def whole() -> AsyncIterator[bytes]:
        for chunk in first:
            yield chunk
        async for chunk in chunks:
            yield chunk

    return b"".join(first)[:HEAD], whole()
