"""Serves the studio until Ctrl-C."""

import asyncio
import secrets
import socket
import tempfile
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.studio.app import make_app
from pianoroll_vae.studio.folder_lock import lock_folder
from pianoroll_vae.studio.studio import Studio
from pianoroll_vae.workspace import Workspace

LOCAL = "127.0.0.1"
FOLDER = "studio"


@dataclass(frozen=True)
class Address:
    """Where the studio listens; a token is needed where others can reach it."""

    host: str
    port: int
    token: str

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/" + (f"?token={self.token}" if self.token else "")


def session_folder(workspace: Workspace | None, folder: Path | None) -> Path:
    """Where the songs are kept: in `folder`, in the workspace, or in a new temporary folder."""
    if folder is not None:
        return folder.absolute()
    return workspace.root / FOLDER if workspace else Path(tempfile.mkdtemp(prefix="vaemusic-studio-"))


def run(
    workspace: Workspace | None,
    folder: Path | None,
    host: str,
    port: int,
    open_browser: bool,
    on_ready: Callable[[Address, Path], None],
) -> None:
    """Listen on a port, 0 for a free one; `on_ready` receives the address and the folder of the songs."""
    where = session_folder(workspace, folder)
    with _listen(host, port) as listener, lock_folder(where):
        port = int(listener.getsockname()[1])
        address = Address(host, port, "" if host == LOCAL else secrets.token_urlsafe(18))
        studio = Studio(where, workspace.root if workspace else None)
        app = make_app(studio, _hosts(host, port), address.token)
        server = _Server(uvicorn.Config(app, log_level="error", server_header=False, lifespan="on"), studio)
        on_ready(address, where)
        if open_browser:
            webbrowser.open(address.url)
        asyncio.run(server.serve([listener]))


class _Server(uvicorn.Server):
    """Ends the streams of events at Ctrl-C, which would otherwise keep it waiting."""

    def __init__(self, config: uvicorn.Config, studio: Studio) -> None:
        super().__init__(config)
        self.studio = studio

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.studio.close()
        super().handle_exit(sig, frame)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # asyncio sends without delay only where the protocol is named; else replies wait 40 ms for an acknowledgement
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()  # from here on a browser that is opened waits until the studio answers
    except (OSError, OverflowError) as error:
        raise SettingInvalid(
            f"The studio cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error}.",
            "Leave --port out for a free one, and --host for this machine alone.",
        ) from None
    listener.set_inheritable(False)
    return listener


def _hosts(host: str, port: int) -> frozenset[str]:
    """The names by which a browser may call the studio."""
    names = {host, "localhost", LOCAL}
    if host in ("0.0.0.0", "::"):  # every address of this machine: the token alone protects
        names |= {socket.gethostname(), *_own_addresses()}
    return frozenset(f"[{name}]:{port}" if ":" in name else f"{name}:{port}" for name in names)


def _own_addresses() -> set[str]:
    try:
        return {str(entry[4][0]) for entry in socket.getaddrinfo(socket.gethostname(), None)}
    except OSError:
        return set()
