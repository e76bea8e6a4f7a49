"""The routes of blind comparisons."""

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pianoroll_vae.studio.fields import Fields
from pianoroll_vae.studio.song_routes import sound_response
from pianoroll_vae.studio.studio import Studio
from pianoroll_vae.studio.trials import SAME, SIDES, score

PLAYED = ("ticks_per_beat", "ticks", "seconds", "tempo", "meters", "bars", "lanes", "pieces", "written")
"""What a page needs of a song to play it."""


async def trials(studio: Studio, request: Request) -> Response:
    votes = studio.trials.votes()
    return JSONResponse({"votes": [asdict(vote) for vote in votes], "score": score(votes)})


async def begin_trial(studio: Studio, request: Request) -> Response:
    Fields.parse(await request.body())
    return JSONResponse(studio.compare(), 202)


async def trial_song(studio: Studio, request: Request) -> Response:
    """Without what would show which song it is."""
    content = studio.trial_view(request.path_params["trial"], request.path_params["side"]).content
    return JSONResponse({name: content[name] for name in PLAYED})


async def trial_piece(studio: Studio, request: Request) -> Response:
    number, side = request.path_params["trial"], request.path_params["side"]
    view = studio.trial_view(number, side)
    return await sound_response(studio, request, view, studio.trials.path(number, side))


async def vote(studio: Studio, request: Request) -> Response:
    fields = Fields.parse(await request.body(), "better", "real")
    better, guess = fields.choice("better", (*SIDES, SAME)), fields.choice("real", SIDES)
    return JSONResponse(asdict(studio.trials.vote(request.path_params["trial"], better, guess)))


TRIAL_ROUTES = (
    ("GET", "/api/trials", trials),
    ("POST", "/api/trials", begin_trial),
    ("GET", "/api/trials/{trial:int}/{side}", trial_song),
    ("GET", "/api/trials/{trial:int}/{side}/sound/{lane:int}/{piece:int}", trial_piece),
    ("POST", "/api/trials/{trial:int}/vote", vote),
)
