"""Shows songs in Jupyter: a piano roll, and a player with the sound in it. Jupyter is not imported."""

from __future__ import annotations

import base64
import io
import wave

import numpy as np

from pianoroll_vae.errors import VaemusicError
from pianoroll_vae.listen.audio import SAMPLE_RATE, Samples, default_soundfont, synthesise
from pianoroll_vae.listen.picture_html import pages_html
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi

Piece = Song | Arrangement | SourceMidi

MAX_SECONDS = 180
"""Of sound in a notebook, which stores all of it: 3.5 MB a minute."""


def png(piece: Piece) -> bytes:
    """The piano roll, as `vaemusic plot` draws it; of a long song its first page."""
    return _pages(piece)[0]


def _pages(piece: Piece) -> list[bytes]:
    from pianoroll_vae.listen.picture import song_sheets  # Matplotlib takes half a second to load

    return song_sheets(_song(piece), piece.chart if isinstance(piece, Arrangement) else None)


def html(piece: Piece) -> str:
    """The piano roll, and below it a player; without a soundfont the reason for its absence."""
    picture = pages_html(_pages(piece))
    try:
        song = _song(piece)
        programs = {} if isinstance(piece, Song) else _programs(piece)
        samples = synthesise(song, default_soundfont(), programs)[:, : MAX_SECONDS * SAMPLE_RATE]
    except VaemusicError as error:
        return f"{picture}<p>{error.message}</p>"
    note = f"<p>The first {MAX_SECONDS // 60} minutes.</p>" if song.seconds > MAX_SECONDS else ""
    return f'{picture}<audio controls src="data:audio/wav;base64,{_base64(_small_wav(samples))}"></audio>{note}'


def _song(piece: Piece) -> Song:
    if isinstance(piece, Song):
        return piece
    return piece.song() if isinstance(piece, Arrangement) else piece.song


def _programs(piece: Arrangement | SourceMidi) -> dict[str, int]:
    return piece.all_programs if isinstance(piece, Arrangement) else piece.programs


def _small_wav(samples: Samples) -> bytes:
    """Mono, at half the sample rate: neighbouring samples are averaged."""
    mono = samples.mean(0)[: samples.shape[1] // 2 * 2].reshape(-1, 2).mean(1)
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE // 2)
        writer.writeframesraw(np.rint(mono * 32767).astype("<i2").tobytes())
    return file.getvalue()


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
