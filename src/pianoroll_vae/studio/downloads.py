"""The work of the studio's third process: it writes a take in the formats in which it can be taken away."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pianoroll_vae.desk.outputs import FORMATS
from pianoroll_vae.errors import NothingFound
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.studio.song_view import SongView
from pianoroll_vae.studio.worker import SendProgress

MEDIA_TYPES = {
    ".mid": "audio/midi",
    ".wav": "audio/wav",
    ".png": "image/png",
    ".chart": "text/plain; charset=utf-8",
    ".zip": "application/zip",
}
WHOLE = "song"
SONG_MIDI = f"{WHOLE}.mid"
"""The take itself."""


@dataclass(frozen=True)
class FileRequest:
    """`name`: song.mid, piano.wav and so on, of `file_names`."""

    take: Path
    own_chart: bool
    band: Band
    name: str


@dataclass(frozen=True)
class Downloads:
    def start(self) -> None: ...

    def call(self, request: FileRequest, send_progress: SendProgress) -> bytes:
        """The bytes of a file."""
        view = SongView(SourceMidi.read(request.take, request.band), request.own_chart)
        if request.name == f"{WHOLE}.zip":
            return _zip(view, request.take)
        return _file(view, request.name)


def file_names(source_midi: SourceMidi) -> list[str]:
    """All files of a take but the ZIP, which has them all."""
    alone = [f"{name}{suffix}" for name in source_midi.playing for suffix in (".mid", ".wav")]
    return [SONG_MIDI, f"{WHOLE}.wav", f"{WHOLE}.png", f"{WHOLE}.chart", *alone]


def _file(view: SongView, name: str) -> bytes:
    part, suffix = Path(name).stem, Path(name).suffix
    if name not in file_names(view.source_midi):
        raise NothingFound("There is no such file.", f"Files of this take: {', '.join(file_names(view.source_midi))}.")
    write: Callable[[Arrangement], bytes] = FORMATS[suffix]
    return write(_arrangement(view, None if part == WHOLE else part))


def _arrangement(view: SongView, part: str | None) -> Arrangement:
    """The take as it is, or one instrument of it."""
    source = view.source_midi
    keep = np.ones(len(source.score), np.bool_)
    if part is not None:
        keep = source.instrument == source.band.index(part)
    return Arrangement(replace(source.song, notes=Notes.empty()), source, keep, chart=view.chart)


def _zip(view: SongView, take: Path) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in file_names(view.source_midi):
            content = take.read_bytes() if name == SONG_MIDI else _file(view, name)
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()
