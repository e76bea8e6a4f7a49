"""The routes that learn a band from MIDI files, and choose the band that plays."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pianoroll_vae.studio.fields import Fields, shown_name
from pianoroll_vae.studio.studio import Studio

MAX_EPOCHS = 100


async def learning(studio: Studio, request: Request) -> Response:
    return JSONResponse(studio.learner.state())


async def add_file(studio: Studio, request: Request) -> Response:
    """The body is a MIDI file to learn from."""
    studio.learner.add(shown_name(request.query_params.get("name", "")), await request.body())
    return JSONResponse({"files": len(studio.learner.files)})


async def clear_files(studio: Studio, request: Request) -> Response:
    studio.learner.clear()
    return JSONResponse(studio.learner.state())


async def learn(studio: Studio, request: Request) -> Response:
    studio.learn(Fields.parse(await request.body(), "epochs").integer("epochs", 1, MAX_EPOCHS, 4))
    return JSONResponse(studio.learner.brief(), 202)


async def stop_learning(studio: Studio, request: Request) -> Response:
    studio.learner.stop()
    return JSONResponse(studio.learner.brief())


async def choose_band(studio: Studio, request: Request) -> Response:
    studio.play_with(Fields.parse(await request.body(), "own").flag("own", False))
    return JSONResponse(studio.state())


LEARNING_ROUTES = (
    ("GET", "/api/learning", learning),
    ("POST", "/api/learning", learn),
    ("POST", "/api/learning/stop", stop_learning),
    ("POST", "/api/learning/files", add_file),
    ("POST", "/api/learning/clear", clear_files),
    ("POST", "/api/band", choose_band),
)
