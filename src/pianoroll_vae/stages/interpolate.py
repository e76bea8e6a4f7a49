"""Morphs one song into another: as one song that goes over from the first to the second, or as a song for each step."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pianoroll_vae.console import Watch
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.mixing import SOURCE_PHRASE_STEPS, decode_arrangement, interpolate_latents, repeat_phrases
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
    """Write the way from `one` to `other`: into files as one song, into a folder as a song for each step."""
    if steps < 2:
        raise SettingInvalid("A way has a beginning and an end.", "Give --steps of 2 or more.")
    apart = all(path.suffix.lower() not in FORMATS for path in outputs)
    where = output_paths(outputs, steps if apart else 1)
    ensemble = load_ensemble(workspace, watch)
    options.check(ensemble.band)
    source_midis = SourceMidi.read(one, ensemble.band), SourceMidi.read(other, ensemble.band)
    made = []
    with watch.task("Morphing", len(where), "songs") as task:
        takes = (
            step_by_step(ensemble, *source_midis, steps, linear, options)
            if apart
            else [morph(ensemble, *source_midis, steps, linear, options)]
        )
        for arrangement, paths in zip(takes, where, strict=True):
            finished, facts = options.apply(arrangement, source_midis[0].song)
            made.append(write(finished, paths, None, f"{one} and {other}", facts))
            task.advance()
    return made


def morph(
    ensemble: Ensemble,
    one: SourceMidi,
    other: SourceMidi,
    steps: int = 8,
    linear: bool = False,
    options: MusicOptions | None = None,
) -> Arrangement:
    """One song of `steps` phrases: its first is the first song's, its last the second's, as the band hears them."""
    a, b = (repeat_phrases(ensemble.encode(ensemble.to_phrases(each.song)), steps) for each in (one, other))
    latents = interpolate_latents(a, b, np.linspace(0, 1, steps, dtype=np.float32), linear)
    return decode_arrangement(ensemble, latents, (one, other), options or MusicOptions())


def step_by_step(
    ensemble: Ensemble,
    one: SourceMidi,
    other: SourceMidi,
    steps: int = 8,
    linear: bool = False,
    options: MusicOptions | None = None,
) -> list[Arrangement]:
    """A song for each step of the way; its length goes from that of the one to that of the other."""
    a, b = (ensemble.encode(ensemble.to_phrases(source_midi.song)) for source_midi in (one, other))
    begin, end = one.song.steps, other.song.steps
    takes = []
    for t in np.linspace(0, 1, steps):
        length = round((1 - t) * begin + t * end)
        phrases = max(-(-length // SOURCE_PHRASE_STEPS), 1)
        position = np.full(phrases, t, np.float32)
        latents = interpolate_latents(repeat_phrases(a, phrases), repeat_phrases(b, phrases), position, linear)
        takes.append(decode_arrangement(ensemble, latents, (one, other), options or MusicOptions(), length))
    return takes
