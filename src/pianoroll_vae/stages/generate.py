"""Makes songs: a primer, phrase after phrase of the trained band, a MIDI file. Knows nothing of how networks play."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pianoroll_vae.config import GenerateSettings
from pianoroll_vae.console import Watch
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.models.recipe import Grid
from pianoroll_vae.music.midi import write_midi
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import MAX_TEMPO, MIN_TEMPO, Song
from pianoroll_vae.music.summary import Part, count_bars, describe_parts
from pianoroll_vae.stages.primers import MIDI_SUFFIXES, find_primers
from pianoroll_vae.workspace import CONDITIONAL, MELODY, VAE, Workspace

LARGEST_SEED = 2**31 - 1
SONGS_AT_ONCE = 16
"""Songs played side by side: enough to keep the cores busy, few enough to fit in any memory."""


@dataclass(frozen=True)
class MadeSong:
    """A song that has been written."""

    path: Path
    seed: int
    primer: str
    bars: int
    seconds: float
    parts: tuple[Part, ...]

    def as_dict(self) -> dict[str, Any]:
        parts = {part.instrument: _part_as_dict(part) for part in self.parts}
        return {
            "path": str(self.path),
            "seed": self.seed,
            "primer": self.primer,
            "bars": self.bars,
            "seconds": round(self.seconds, 2),
            "instruments": parts,
        }


def run(
    workspace: Workspace, settings: GenerateSettings, output: Path, count: int, only_new: bool, watch: Watch
) -> list[MadeSong]:
    """Write `count` songs: one to the file `output`, several as numbered files into the folder `output`."""
    _check(settings, count)
    paths = _paths(output, count)
    ensemble = Ensemble.load(*(workspace.require(artifact) for artifact in (VAE, MELODY, CONDITIONAL)))
    first_seed = random.SystemRandom().randrange(LARGEST_SEED) if settings.seed is None else settings.seed
    seeds = [(first_seed + i) % LARGEST_SEED for i in range(count)]
    primers = find_primers(workspace, settings.primer, seeds, ensemble.band, ensemble.recipe.grid)
    made = []
    with watch.task("Playing", count * settings.steps, "phrases") as task:
        for begin in range(0, count, SONGS_AT_ONCE):
            group = slice(begin, begin + SONGS_AT_ONCE)
            songs = compose(ensemble, primers[group], seeds[group], settings, only_new, task.advance)
            for path, seed, primer, song in zip(paths[group], seeds[group], primers[group], songs, strict=True):
                write_midi(song, path)
                made.append(MadeSong(path, seed, primer.name, count_bars(song), song.seconds, describe_parts(song)))
    return made


def compose(
    ensemble: Ensemble,
    primers: list[Song],
    seeds: list[int],
    settings: GenerateSettings,
    only_new: bool = False,
    phrases_done: Callable[[int], None] = lambda n: None,
) -> list[Song]:
    """Songs that go on from their primers for `settings.steps` phrases, in the primer's tempo unless one is set."""
    grid = ensemble.recipe.grid
    heard = np.stack([_as_heard(primer, grid) for primer in primers])
    played = ensemble.play(
        heard, settings.steps, settings.noise, settings.threshold, seeds, lambda: phrases_done(len(primers))
    )
    drums = np.array([instrument.is_drum for instrument in ensemble.band])
    songs = []
    for primer, seed, rolls in zip(primers, seeds, played, strict=True):
        new = Notes.from_performance(rolls[:, grid.segment_steps :], drums)
        steps = settings.steps * grid.segment_steps
        tempo = primer.tempo if settings.tempo is None else ((0, settings.tempo),)
        if only_new:
            tempo = ((0, tempo[-1][1]),)
        else:
            new = Notes.concatenate([primer.notes, new.shifted(primer.steps)])
            steps += primer.steps
        songs.append(replace(primer, notes=new, steps=steps, tempo=tempo, meters=((0, 4, 4),), name=f"vaemusic {seed}"))
    return songs


def _as_heard(primer: Song, grid: Grid) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """(instruments, steps, 128) as the recipe's datasets hold them."""
    rolls = primer.rolls()
    return rolls if grid.velocities else (rolls > 0).astype(np.uint8)


def _paths(output: Path, count: int) -> list[Path]:
    is_file = output.suffix.lower() in MIDI_SUFFIXES and not output.is_dir()
    if is_file and count > 1:
        raise SettingInvalid(f"{count} songs do not fit into one file {output}.", "Name a folder: -o songs/")
    if is_file:
        return [output]
    width = len(str(count))
    return [output / f"song_{i + 1:0{width}}.mid" for i in range(count)]


def _check(settings: GenerateSettings, count: int) -> None:
    if settings.steps < 1 or count < 1:
        raise SettingInvalid("There is no song of less than one step.", "Give --steps and --count of 1 or more.")
    if not (math.isfinite(settings.noise) and settings.noise >= 0):
        raise SettingInvalid(f"The noise cannot be {settings.noise}.", "Give a number from 0; 1.0 is the usual one.")
    if settings.threshold is not None and not 0 < settings.threshold <= 1:
        raise SettingInvalid(f"The threshold cannot be {settings.threshold}.", "Give a number above 0, at most 1.")
    if settings.tempo is not None and not MIN_TEMPO <= settings.tempo <= MAX_TEMPO:
        raise SettingInvalid(
            f"The tempo cannot be {settings.tempo}.", f"Give {MIN_TEMPO:g} to {MAX_TEMPO:g} beats a minute."
        )
    if settings.seed is not None and not 0 <= settings.seed <= LARGEST_SEED:
        raise SettingInvalid(f"The seed cannot be {settings.seed}.", f"Give a whole number from 0 to {LARGEST_SEED}.")


def _part_as_dict(part: Part) -> dict[str, Any]:
    return {
        "notes": part.notes,
        "bars_played": round(part.bars_played, 4),
        "lowest": part.lowest,
        "highest": part.highest,
    }
