"""The application: the pages, the JSON API, and the errors of both. The room's README documents the routes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from pianoroll_vae.errors import NothingFound, VaemusicError, WorkspaceBusy
from pianoroll_vae.studio.guard import BodyTooLarge, Guard
from pianoroll_vae.studio.learning_routes import LEARNING_ROUTES
from pianoroll_vae.studio.song_routes import SONG_ROUTES
from pianoroll_vae.studio.studio import Studio
from pianoroll_vae.studio.trial_routes import TRIAL_ROUTES
from pianoroll_vae.studio.worker import WorkStopped

STATIC = Path(__file__).parent / "static"
FRAMED = {"learn": "Learn", "blind": "Blind test"}
"""Titles of the pages that stand in frame.html, by their address and the names of their files."""

Handler = Callable[[Studio, Request], Awaitable[Response]]


async def index(studio: Studio, request: Request) -> Response:
    return FileResponse(STATIC / "index.html")


def framed(name: str) -> Handler:
    async def answer(studio: Studio, request: Request) -> Response:
        page = (STATIC / "frame.html").read_text(encoding="utf-8")
        main = (STATIC / f"{name}.html").read_text(encoding="utf-8")
        return HTMLResponse(page.replace("{name}", name).replace("{title}", FRAMED[name]).replace("{main}", main))

    return answer


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/", index),
    *(("GET", f"/{name}", framed(name)) for name in FRAMED),
    *(*SONG_ROUTES, *TRIAL_ROUTES, *LEARNING_ROUTES),
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
