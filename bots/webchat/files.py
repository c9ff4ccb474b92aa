"""Files in a web chat: the visitor's uploads, and what staff sent them."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import File

from bots.webchat.intake import owner_of
from bots.webchat.service import Webchat, count
from bots.webchat.storage import Threads
from bots.webchat.thread import find_identity
from bots.webchat.tokens import Visitor
from bots.webchat.uploads import is_taken, read_upload
from gateway.errors import NotFound, RequestRefused
from gateway.media import PREFIX, kind_of
from gateway.messages import MediaKind, Value
from gateway.storage.media import StoredFile

MIB = 1024 * 1024
FORM_OVERHEAD = 64 * 1024
SHOWN_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What a browser may show in place; everything else is saved, so that no file ever runs as a page of ours."""

AnyRequest = Request[Any, Any, Any]


class UploadedFile(Value, frozen=True, kw_only=True):
    """The answer to an upload: `id` goes into a message's `files`, `url` shows it to this visitor."""

    id: str
    name: str | None
    mime: str | None
    size: int
    kind: MediaKind
    url: str


def file_routes(webchat: Webchat) -> list[HTTPRouteHandler]:
    """`POST files` and `GET files/{id}` of each channel."""

    @post("/channels/{name:str}/files", status_code=201, request_max_body_size=None)
    async def upload(request: AnyRequest, name: FromPath[str]) -> UploadedFile:
        visitor = webchat.visitor(name, request.headers)
        count(webchat.uploads, f"{name}:{visitor.id}")
        file = await _store(webchat, visitor, request)
        return UploadedFile(
            id=file.id,
            name=file.name,
            mime=file.mime,
            size=file.size,
            kind=kind_of(file.mime),
            url=webchat.reader.link(visitor, file.id),
        )

    @get("/channels/{name:str}/files/{file_id:str}")
    async def download(
        request: AnyRequest, name: FromPath[str], file_id: FromPath[str], token: FromQuery[str] = ""
    ) -> File:
        webchat.enter(name, request.headers)
        visitor_id = _holder(webchat, name, file_id, token)
        file = await _visible(webchat, Visitor(channel=name, id=visitor_id, issued_at=0), file_id)
        return _response(webchat, file)

    return [upload, download]


async def _store(webchat: Webchat, visitor: Visitor, request: AnyRequest) -> StoredFile:
    """Raises RequestRefused: 413 too large, 415 a type the channel does not take, 400 no file."""
    settings = webchat.channel(visitor.channel).settings
    limit = min(settings.upload_limit * MIB, webchat.upload_limit)
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit + FORM_OVERHEAD:
        raise RequestRefused(413, f"the file is larger than {limit // MIB} MiB")
    arriving = await read_upload(request.headers.get("content-type", ""), request.stream())
    if not is_taken(arriving.mime, settings.upload_types):
        raise RequestRefused(415, "files of this type are not taken here")
    async with webchat.database.write() as work:
        identity = await work.contacts.meet(visitor.channel, visitor.id, webchat.clock())
    return await webchat.media.save(
        arriving.chunks, name=arriving.name, mime=arriving.mime, owner=owner_of(identity.id), limit=limit
    )


def _holder(webchat: Webchat, channel: str, file_id: str, token: str) -> str:
    """Whose `token` it is: a file's own key (as in our links) or a visitor's token. Raises RequestRefused(401)."""
    if token.startswith("v1."):
        return webchat.tokens.check(channel, token).id
    return webchat.tokens.check_file_key(channel, file_id, token)


async def _visible(webchat: Webchat, visitor: Visitor, file_id: str) -> StoredFile:
    """The file, where it is the visitor's own or was sent to them. Raises NotFound, also for a stranger's."""
    webchat.media.path(file_id)
    async with webchat.database.read() as work:
        file = await work.media.get(file_id)
        identity = await find_identity(work, visitor)
        if identity is None:
            raise NotFound("file")
        threads = Threads(work.connection, visitor.channel)
        if file.owner != owner_of(identity.id) and not await threads.shows_file(visitor.id, f"{PREFIX}{file.id}"):
            raise NotFound("file")
    return file


def _response(webchat: Webchat, file: StoredFile) -> File:
    shown = file.mime in SHOWN_TYPES
    return File(
        path=webchat.media.path(file.id),
        filename=file.name or "file",
        media_type=file.mime if file.mime and shown else "application/octet-stream",
        content_disposition_type="inline" if shown else "attachment",
        headers={
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "private, max-age=86400, immutable",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Referrer-Policy": "no-referrer",
        },
    )
