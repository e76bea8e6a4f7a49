"""Files of openings: phrases that a band generated, from which songs start where there is no dataset."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import ArtifactDamaged, SettingInvalid
from pianoroll_vae.models.files import read_arrays, read_header, write_arrays
from pianoroll_vae.music.band import find_band
from pianoroll_vae.music.bars import LENGTHS, NOTE_COLUMNS, VELOCITIES, Bars
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.music.resolution import SIXTEENTHS_PER_BAR, SIXTEENTHS_PER_BEAT
from pianoroll_vae.music.song import MAX_TEMPO, MIN_TEMPO, Song

MAX_OPENINGS = MAX_OPENING_NOTES = 4096
"""Notes in each opening; larger files are refused."""

REINSTALL = "Install the package again."


def save_openings(path: Path, songs: Sequence[Song]) -> None:
    """Write songs of one band, all with sixteenth steps and the same number of bars."""
    bars = [_bars(song) for song in songs]
    arrays = {
        "notes": np.concatenate([part.notes for part in bars]),
        "counts": np.stack([np.diff(part.first) for part in bars]),
        "tempo": np.array([song.tempo[0][1] for song in songs], np.float32),
    }
    shape = {name: list(array.shape) for name, array in arrays.items()}
    write_arrays(path, {"kind": "openings", "band": songs[0].band.name, "shape": shape}, arrays)


def load_openings(path: Path) -> list[Song]:
    """The inverse of `save_openings`."""
    header = read_header(path)
    try:
        band = find_band(header["band"])
        (notes, columns), (count, cells), (tempi,) = (header["shape"][name] for name in ("notes", "counts", "tempo"))
        if header["kind"] != "openings" or columns != NOTE_COLUMNS or cells < 1 or cells % len(band):
            raise ValueError("it has other contents")
        if not (0 < count == tempi <= MAX_OPENINGS and 0 <= notes <= count * MAX_OPENING_NOTES):
            raise ValueError("impossible sizes")
    except (KeyError, TypeError, ValueError, SettingInvalid) as reason:
        raise ArtifactDamaged(f"{path} holds no openings ({reason}).", REINSTALL) from None
    arrays = read_arrays(path, {"notes": (notes, columns), "counts": (count, cells), "tempo": (tempi,)})
    columns, counts, tempo = (arrays[name] for name in ("notes", "counts", "tempo"))
    if not _is_valid(columns, counts, tempo):
        raise ArtifactDamaged(f"{path} holds damaged openings.", REINSTALL)
    pieces = np.split(columns, np.cumsum(counts.ravel())[:-1])
    songs = []
    for opening, beats in enumerate(tempo.tolist()):
        bars = Bars.from_cells(pieces[opening * cells : (opening + 1) * cells], len(band))
        steps = len(bars) * SIXTEENTHS_PER_BAR
        name = f"opening {opening + 1} of the bundled model"
        songs.append(
            Song(band, bars.to_notes().between(0, steps), steps, SIXTEENTHS_PER_BEAT, ((0, beats),), name=name)
        )
    return songs


def _is_valid(notes: NDArray[Any], counts: NDArray[Any], tempo: NDArray[Any]) -> bool:
    """Whether notes (notes, NOTE_COLUMNS), note counts of cells and tempi are in range."""
    if [part.dtype.name for part in (notes, counts, tempo)] != ["uint8", "int64", "float32"]:
        return False
    if not ((counts >= 0) & (counts <= len(notes))).all() or counts.sum() != len(notes):
        return False
    within = notes < (SIXTEENTHS_PER_BAR, PITCHES, len(LENGTHS), VELOCITIES)
    return bool(within.all() and ((tempo >= MIN_TEMPO) & (tempo <= MAX_TEMPO)).all())


def _bars(song: Song) -> Bars:
    return Bars.of(song.notes, song.steps, np.array([instrument.is_drum for instrument in song.band]))
