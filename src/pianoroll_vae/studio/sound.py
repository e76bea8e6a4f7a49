"""The work of the studio's second process: it renders pieces of songs with the synthesizer of `vaemusic render`."""

import io
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from pianoroll_vae.music.band import Band
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.studio.sound_pieces import SongPieces
from pianoroll_vae.studio.worker import SendProgress

HEADROOM = 0.5
"""Pieces are written at this share of the synthesizer's loudness, so that no single part is clipped."""

SILENT = 1e-4
CACHED_BYTES = 64 * 2**20


@dataclass(frozen=True)
class SoundRequest:
    """A piece of a take's lane; `digest` is its name."""

    take: Path
    band: Band
    lane: int
    piece: int
    digest: str


@dataclass
class Sound:
    """Renders pieces; the last ones are kept."""

    cache: OrderedDict[str, bytes] = field(default_factory=OrderedDict)

    def start(self) -> None:
        from pianoroll_vae.listen.audio import default_soundfont

        default_soundfont()

    def call(self, request: SoundRequest, send_progress: SendProgress) -> bytes:
        """A WAV of the piece and the release of its last notes."""
        if request.digest not in self.cache:
            self.cache[request.digest] = render(_pieces(request.take, request.band), request.lane, request.piece)
        self.cache.move_to_end(request.digest)
        while sum(map(len, self.cache.values())) > CACHED_BYTES and len(self.cache) > 1:
            self.cache.popitem(last=False)
        return self.cache[request.digest]


@lru_cache(maxsize=8)
def _pieces(take: Path, band: Band) -> SongPieces:
    return SongPieces(SourceMidi.read(take, band))


def render(pieces: SongPieces, lane: int, piece: int) -> bytes:
    """A WAV; silence at its end is left out."""
    from pianoroll_vae.listen.audio import default_soundfont, synthesise_raw, write_wav

    samples = synthesise_raw(pieces.piece(lane, piece), default_soundfont())
    audible = np.flatnonzero(np.abs(samples).max(0) > SILENT)
    samples = samples[:, : int(audible[-1]) + 1 if len(audible) else 1]
    file = io.BytesIO()
    write_wav(np.clip(samples * HEADROOM, -1, 1), file)
    return file.getvalue()
