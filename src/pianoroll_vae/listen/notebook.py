"""Shows songs in Jupyter: a piano roll, and a player with the sound in it. Jupyter is not imported."""

from __future__ import annotations

import base64
import struct

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import VaemusicError
from pianoroll_vae.listen.audio import SAMPLE_RATE, Samples, default_soundfont, synthesise
from pianoroll_vae.listen.picture_html import pages_html
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi

Piece = Song | Arrangement | SourceMidi

MAX_SECONDS = 180
"""Of sound in a notebook, which stores all of it: 1.2 MB a minute."""

MU_LAW = 7
"""The number of the format in a WAV."""


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
    """Mono, at a third of the sample rate, in the 8 bits a sample of mu-law (G.711), which browsers play."""
    low_pass = np.sinc(np.arange(-15, 16) / 3) * np.hamming(31)
    mono = np.convolve(samples.mean(0), low_pass / low_pass.sum(), "same")[::3]
    sound = mu_law(mono)
    rate = SAMPLE_RATE // 3
    form = struct.pack("<4sIHHIIHHH", b"fmt ", 18, MU_LAW, 1, rate, rate, 1, 8, 0)
    fact = struct.pack("<4sII", b"fact", 4, len(sound))
    data = struct.pack("<4sI", b"data", len(sound)) + sound + bytes(len(sound) % 2)
    return struct.pack("<4sI4s", b"RIFF", 4 + len(form + fact + data), b"WAVE") + form + fact + data


def mu_law(samples: NDArray[np.floating]) -> bytes:
    """A byte for each sample between -1 and 1: that of the nearest value of G.711."""
    code = ~np.arange(256, dtype=np.uint8)
    size = (((code & 15).astype(np.int64) << 3) + 132 << (code >> 4 & 7)) - 132
    values = np.where(code & 128, -size, size)
    order = np.argsort(values, kind="stable")
    between = (values[order][1:] + values[order][:-1]) / 2
    return order.astype(np.uint8)[np.searchsorted(between, samples * 32767, "right")].tobytes()


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
