"""The routes of the studio that read, write and change songs. The room's README documents them."""

import json
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.studio.downloads import MEDIA_TYPES
from pianoroll_vae.studio.edits import parse_edit
from pianoroll_vae.studio.fields import Fields, shown_name
from pianoroll_vae.studio.real_songs import DROPPED
from pianoroll_vae.studio.session import Channel, Draft
from pianoroll_vae.studio.song_view import SongView
from pianoroll_vae.studio.studio import Studio
from pianoroll_vae.studio.verb_requests import JOB_FIELDS, MAX_TAKES, WITHOUT_SOURCE, RequestContext, parse_verb

MAX_TAKE_NUMBER = 10**6
FOREVER = {"cache-control": "private, max-age=31536000, immutable"}


async def state(studio: Studio, request: Request) -> Response:
    return JSONResponse(studio.state())


async def events(studio: Studio, request: Request) -> Response:
    return StreamingResponse(studio.events.listen(), media_type="text/event-stream")


async def song(studio: Studio, request: Request) -> Response:
    number = request.path_params["take"]
    studio.session.take(number)
    return _song_response(studio.view(number), number)


async def piece(studio: Studio, request: Request) -> Response:
    take = request.path_params["take"]
    return await sound_response(studio, request, studio.view(take), studio.session.path(take))


async def beginning(studio: Studio, request: Request) -> Response:
    _, view = studio.beginning()
    return _song_response(view, None)


def _song_response(view: SongView, take: int | None) -> Response:
    head = json.dumps({"take": take}).removesuffix("}").encode()
    return Response(head + b"," + view.encoded.removeprefix(b"{"), media_type="application/json")


async def beginning_piece(studio: Studio, request: Request) -> Response:
    path, view = studio.beginning()
    return await sound_response(studio, request, view, path)


async def sound_response(studio: Studio, request: Request, view: SongView, path: Path) -> Response:
    sound = await studio.render(view, path, request.path_params["lane"], request.path_params["piece"])
    return Response(sound, media_type="audio/wav", headers=FOREVER if "digest" in request.query_params else None)


async def write(studio: Studio, request: Request) -> Response:
    fields = Fields.parse(await request.body(), *JOB_FIELDS)
    studio.require_idle()
    attributes = {line.name: line.instruments for line in studio.attributes}
    verb = parse_verb(fields, RequestContext(studio.band.names, studio.genres, studio.session, attributes))
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
    fields = Fields.parse(await request.body(), "take", "remove", "add", "velocities", "programs")
    take = studio.session.take(fields.integer("take", 1, MAX_TAKE_NUMBER))
    wanted = parse_edit(fields, studio.band.names)
    if not wanted.label:
        raise SettingInvalid("The edit changes nothing.", "Give remove, add, velocities or programs.")
    studio.edit(take, wanted)
    return _changed(studio)


async def download(studio: Studio, request: Request) -> Response:
    name: str = request.path_params["name"]
    content = await studio.download(request.path_params["take"], name)
    return Response(
        content, media_type=MEDIA_TYPES.get(Path(name).suffix), headers={"content-disposition": "attachment"}
    )


async def drop(studio: Studio, request: Request) -> Response:
    """The body is a MIDI file; `name` in the address is only shown."""
    body = await request.body()
    name = shown_name(request.query_params.get("name", ""))
    source = SourceMidi.from_bytes(body, studio.band, source=name or "The file")
    if not len(source.score):
        raise NothingFound(f"{name or 'The file'} has no notes.", "Drop a MIDI file with notes.")
    studio.session.add([body], [Draft(f"{DROPPED}{name or 'a file'}", "")])
    return _changed(studio)


def _changed(studio: Studio) -> Response:
    studio.changed()
    return JSONResponse(studio.state())


SONG_ROUTES = (
    ("GET", "/api/state", state),
    ("GET", "/api/events", events),
    ("GET", "/api/takes/{take:int}", song),
    ("GET", "/api/takes/{take:int}/sound/{lane:int}/{piece:int}", piece),
    ("GET", "/api/takes/{take:int}/files/{name}", download),
    ("GET", "/api/beginning", beginning),
    ("GET", "/api/beginning/sound/{lane:int}/{piece:int}", beginning_piece),
    ("POST", "/api/jobs", write),
    ("POST", "/api/cancel", cancel),
    ("POST", "/api/current", go_to),
    ("POST", "/api/undo", undo),
    ("POST", "/api/redo", redo),
    ("POST", "/api/mixer", mixer),
    ("POST", "/api/edit", edit),
    ("POST", "/api/drop", drop),
)
