"""Interpolates between the latents of two songs: one song from the first to the second, or a song for each step."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pianoroll_vae.console import Watch
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.midi_input import open_source
from pianoroll_vae.desk.mixing import SOURCE_PHRASE_STEPS, mixed_arrangement
from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.desk.outputs import FORMATS, WrittenSong, output_paths, write
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.workspace import Workspace


def run(
    workspace: Workspace | None,
    one: Path,
    other: Path,
    options: MusicOptions,
    steps: int,
    linear: bool,
    outputs: Sequence[Path],
    watch: Watch,
) -> list[WrittenSong]:
    """Write the interpolation from `one` to `other`: one song for files, a song for each step for a folder."""
    if steps < 2:
        raise SettingInvalid(f"The steps cannot be {steps}.", "Give --steps of 2 or more: the first and the last song.")
    stepwise = all(path.suffix.lower() not in FORMATS for path in outputs)
    where = output_paths(outputs, steps if stepwise else 1, options.force)
    ensemble = load_ensemble(workspace, watch)
    options.check(ensemble.band)
    source_midis = (
        open_source(one, ensemble.band, options.salvage, watch),
        open_source(other, ensemble.band, options.salvage, watch),
    )
    made = []
    with watch.task("Interpolating", len(where), "songs") as task:
        arrangements = (
            interpolate_stepwise(ensemble, *source_midis, steps, linear, options)
            if stepwise
            else [interpolate(ensemble, *source_midis, steps, linear, options)]
        )
        for arrangement, paths in zip(arrangements, where, strict=True):
            finished, facts = options.apply(arrangement, source_midis[0].song)
            made.append(write(finished, paths, None, f"{one} and {other}", facts))
            task.advance()
    return made


def interpolate(
    ensemble: Ensemble,
    one: SourceMidi,
    other: SourceMidi,
    steps: int = 8,
    linear: bool = False,
    options: MusicOptions | None = None,
    keep_keys: bool = False,
) -> Arrangement:
    """One song of `steps` phrases: the first is decoded from latents of `one`, the last from latents of `other`."""
    position = np.linspace(0, 1, steps)
    weights = np.stack([1 - position, position])
    return mixed_arrangement(ensemble, (one, other), weights, options or MusicOptions(), linear, keep_keys)


def interpolate_stepwise(
    ensemble: Ensemble,
    one: SourceMidi,
    other: SourceMidi,
    steps: int = 8,
    linear: bool = False,
    options: MusicOptions | None = None,
    keep_keys: bool = False,
) -> list[Arrangement]:
    """A song for each of `steps` positions from `one` to `other`; lengths are interpolated too."""
    begin, end = one.song.steps, other.song.steps
    arrangements = []
    for t in np.linspace(0, 1, steps):
        length = round((1 - t) * begin + t * end)
        weights = np.tile([[1 - t], [t]], max(-(-length // SOURCE_PHRASE_STEPS), 1))
        own = options or MusicOptions()
        arrangements.append(mixed_arrangement(ensemble, (one, other), weights, own, linear, keep_keys, length))
    return arrangements
