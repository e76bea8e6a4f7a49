"""The routes of the studio: the page, its JSON API, and the stream of events. The room's README documents them."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from pianoroll_vae.errors import NothingFound, SettingInvalid, VaemusicError, WorkspaceBusy
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.studio.downloads import MEDIA_TYPES
from pianoroll_vae.studio.edits import parse_edit
from pianoroll_vae.studio.fields import Fields
from pianoroll_vae.studio.guard import BodyTooLarge, Guard
from pianoroll_vae.studio.session import Channel, Draft
from pianoroll_vae.studio.studio import Studio
from pianoroll_vae.studio.verb_requests import JOB_FIELDS, MAX_TAKES, WITHOUT_SOURCE, Setting, parse_verb
from pianoroll_vae.studio.worker import WorkStopped

STATIC = Path(__file__).parent / "static"
MAX_TAKE_NUMBER = 10**6
FOREVER = {"cache-control": "private, max-age=31536000, immutable"}

Handler = Callable[[Studio, Request], Awaitable[Response]]


async def page(studio: Studio, request: Request) -> Response:
    return FileResponse(STATIC / "index.html")


async def state(studio: Studio, request: Request) -> Response:
    return JSONResponse(studio.state())


async def events(studio: Studio, request: Request) -> Response:
    return StreamingResponse(studio.events.listen(), media_type="text/event-stream")


async def song(studio: Studio, request: Request) -> Response:
    number = _number(request, "take")
    studio.session.take(number)
    return JSONResponse({"take": number, **studio.view(number).content})


async def piece(studio: Studio, request: Request) -> Response:
    sound = await studio.render(_number(request, "take"), _number(request, "lane"), _number(request, "piece"))
    return Response(sound, media_type="audio/wav", headers=FOREVER if "digest" in request.query_params else None)


async def write(studio: Studio, request: Request) -> Response:
    fields = Fields.parse(await request.body(), *JOB_FIELDS)
    studio.require_idle()
    verb = parse_verb(fields, Setting(studio.band.names, studio.genres, studio.session))
    source = None
    if fields.text("verb") not in WITHOUT_SOURCE:
        source = fields.integer("take", 1, MAX_TAKE_NUMBER)
    seed = fields.integer("seed", 0, 2**31 - 1 - MAX_TAKES) if "seed" in fields else None
    return JSONResponse(studio.write(verb, source, seed, fields.integer("count", 1, MAX_TAKES, 1)), 202)


async def cancel(studio: Studio, request: Request) -> Response:
    studio.cancel()
    return JSONResponse(studio.state())


async def go_to(studio: Studio, request: Request) -> Response:
    fields = Fields.parse(await request.body(), "take")
    studio.session.go_to(fields.integer("take", 1, MAX_TAKE_NUMBER))
    return _changed(studio)


async def undo(studio: Studio, request: Request) -> Response:
    studio.session.undo()
    return _changed(studio)


async def redo(studio: Studio, request: Request) -> Response:
    studio.session.redo()
    return _changed(studio)


async def mixer(studio: Studio, request: Request) -> Response:
    names = (*studio.band.names, "others")
    fields = Fields.parse(await request.body(), *names)
    changed = {}
    for name in names:
        if name in fields:
            channel = fields.mapping(name, "mute", "solo", "locked", "volume")
            old = studio.session.mixer.get(name, Channel())
            changed[name] = Channel(
                channel.flag("mute", old.mute),
                channel.flag("solo", old.solo),
                channel.flag("locked", old.locked),
                channel.number("volume", 0, 1, old.volume),
            )
    studio.session.set_mixer(changed)
    return _changed(studio)


async def edit(studio: Studio, request: Request) -> Response:
    fields = Fields.parse(await request.body(), "take", "remove", "add", "programs")
    take = studio.session.take(fields.integer("take", 1, MAX_TAKE_NUMBER))
    remove, add, programs = parse_edit(fields, studio.band.names)
    if not (remove or add or programs):
        raise SettingInvalid("The edit changes nothing.", "Give remove, add or programs.")
    studio.edit(take, remove, add, programs)
    return _changed(studio)


async def download(studio: Studio, request: Request) -> Response:
    name: str = request.path_params["name"]
    content = await studio.download(_number(request, "take"), name)
    return Response(
        content, media_type=MEDIA_TYPES.get(Path(name).suffix), headers={"content-disposition": "attachment"}
    )


async def drop(studio: Studio, request: Request) -> Response:
    """The body is a MIDI file; `name` in the address is only shown."""
    body = await request.body()
    name = _shown(request.query_params.get("name", ""))
    source = SourceMidi.from_bytes(body, studio.band, source=name or "The file")
    if not len(source.score):
        raise NothingFound(f"{name or 'The file'} has no notes.", "Drop a MIDI file with notes.")
    studio.session.add([body], [Draft(f"Dropped: {name or 'a file'}", "")])
    return _changed(studio)


def _shown(name: str) -> str:
    """A file's name on one line, without control characters."""
    return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in name)).strip()[:80]


def _changed(studio: Studio) -> Response:
    studio.changed()
    return JSONResponse(studio.state())


def _number(request: Request, name: str) -> int:
    value: int = request.path_params[name]
    return value


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/", page),
    ("GET", "/api/state", state),
    ("GET", "/api/events", events),
    ("GET", "/api/takes/{take:int}", song),
    ("GET", "/api/takes/{take:int}/sound/{lane:int}/{piece:int}", piece),
    ("GET", "/api/takes/{take:int}/files/{name}", download),
    ("POST", "/api/jobs", write),
    ("POST", "/api/cancel", cancel),
    ("POST", "/api/current", go_to),
    ("POST", "/api/undo", undo),
    ("POST", "/api/redo", redo),
    ("POST", "/api/mixer", mixer),
    ("POST", "/api/edit", edit),
    ("POST", "/api/drop", drop),
)


def make_app(studio: Studio, hosts: frozenset[str], token: str = "") -> Starlette:
    """The application; see `Guard` for hosts and token."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await studio.start()
        yield
        studio.close()

    routes = [Route(path, _endpoint(studio, handler), methods=[method]) for method, path, handler in ROUTES]
    return Starlette(
        routes=[*routes, Mount("/static", StaticFiles(directory=STATIC))],
        middleware=[Middleware(Guard, hosts=hosts, token=token)],
        exception_handlers={HTTPException: _http_error},
        lifespan=lifespan,
    )


def _endpoint(studio: Studio, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return await handler(studio, request)
        except VaemusicError as error:
            return _refusal(_status(error), error.message, error.hint)
        except BodyTooLarge:
            return _refusal(413, "The request is too large.", "A song has at most 8 MB.")
        except ClientDisconnect:
            return Response(status_code=400)

    return answer


def _status(error: VaemusicError) -> int:
    if isinstance(error, WorkspaceBusy | WorkStopped):
        return 409
    return 404 if isinstance(error, NothingFound) else 400


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _refusal(error.status_code, error.detail, "The studio's README lists the addresses.")


def _refusal(status: int, message: str, hint: str) -> JSONResponse:
    content: dict[str, Any] = {"error": message, "hint": hint}
    return JSONResponse(content, status)
