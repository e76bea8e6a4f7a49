"""Openings that a band has written itself, kept beside its networks: what songs start from where no dataset is."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from pianoroll_vae.errors import ArtifactDamaged
from pianoroll_vae.models.checkpoint import read_header, read_tensors, write_tensors
from pianoroll_vae.music.band import find_band
from pianoroll_vae.music.bars import BAR_STEPS, NOTE_COLUMNS, STEPS_PER_BEAT, Bars
from pianoroll_vae.music.song import Song

MOST = 4096
"""Openings, and notes in each: more is no file of ours."""


def save_openings(path: Path, songs: Sequence[Song]) -> None:
    """Write songs of one band, on a grid of sixteenths and of as many bars each."""
    bars = [_bars(song) for song in songs]
    tensors = {
        "notes": torch.from_numpy(np.concatenate([part.notes for part in bars])),
        "counts": torch.from_numpy(np.stack([np.diff(part.first) for part in bars])),
        "tempo": torch.tensor([song.tempo[0][1] for song in songs]),
    }
    shape = {name: list(tensor.shape) for name, tensor in tensors.items()}
    write_tensors(path, {"kind": "openings", "band": songs[0].band.name, "shape": shape}, tensors)


def load_openings(path: Path) -> list[Song]:
    """What `save_openings` wrote."""
    header = read_header(path)
    try:
        band = find_band(header["band"])
        (notes, columns), (count, cells), (tempi,) = (header["shape"][name] for name in ("notes", "counts", "tempo"))
        if not (0 < count == tempi <= MOST and columns == NOTE_COLUMNS and 0 <= notes <= count * MOST):
            raise ValueError("sizes that cannot be")
    except (KeyError, TypeError, ValueError) as reason:
        raise ArtifactDamaged(f"{path} holds no openings ({reason}).", "Install the package again.") from None
    tensors = read_tensors(path, {"notes": (notes, columns), "counts": (count, cells), "tempo": (tempi,)})
    ends = np.cumsum(tensors["counts"].numpy().ravel())
    if cells % len(band) or (len(ends) and ends[-1] != notes) or int(tensors["counts"].min()) < 0:
        raise ArtifactDamaged(f"{path} holds torn openings.", "Install the package again.")
    pieces = np.split(tensors["notes"].numpy(), ends[:-1])
    songs = []
    for opening, tempo in enumerate(tensors["tempo"].tolist()):
        bars = Bars.of_cells(pieces[opening * cells : (opening + 1) * cells], len(band))
        steps = len(bars) * BAR_STEPS
        name = f"opening {opening + 1} of the bundled model"
        songs.append(Song(band, bars.to_notes(), steps, STEPS_PER_BEAT, ((0, tempo),), name=name))
    return songs


def _bars(song: Song) -> Bars:
    return Bars.of(song.notes, song.steps, np.array([chair.is_drum for chair in song.band]))
