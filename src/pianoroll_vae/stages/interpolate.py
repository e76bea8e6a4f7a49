"""Interpolates between the latents of two songs: one song from the first to the second, or a song for each step."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pianoroll_vae.desk.forecast import announce_long_work
from pianoroll_vae.desk.length import MAX_PHRASES
from pianoroll_vae.desk.midi_input import open_source
from pianoroll_vae.desk.mixing import mixed_arrangement, mixed_length, notice_meters, phrase_steps_of
from pianoroll_vae.desk.music_options import Facts, MusicOptions
from pianoroll_vae.desk.outputs import FORMATS, WrittenSong, write
from pianoroll_vae.desk.writing_start import start_writing
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.measures.agreement import onset_f1
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.progress import Watch
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
    keep_keys: bool = False,
    stepwise: bool = False,
) -> list[WrittenSong]:
    """Write the interpolation from `one` to `other`: one song into files, a song for each step into a folder, as
    `stepwise` asks for."""
    check_steps(steps)
    stepwise = stepwise or all(path.suffix.lower() not in FORMATS for path in outputs)
    where, ensemble = start_writing(workspace, options, outputs, steps if stepwise else 1, watch)
    source_midis = (
        open_source(one, ensemble.band, options.salvage, watch),
        open_source(other, ensemble.band, options.salvage, watch),
    )
    notice_meters(source_midis, watch)
    announce_long_work(watch, [source_midi.song for source_midi in source_midis], len(where))
    made = []
    with watch.task("Interpolating", len(where), "songs") as task:
        songs = interpolate_stepwise if stepwise else _interpolate_once
        for arrangement, paths in zip(
            songs(ensemble, *source_midis, steps, linear, options, keep_keys), where, strict=True
        ):
            finished, facts = options.apply(arrangement, source_midis[0].song)
            facts = {**facts, **nearness(ensemble, arrangement, source_midis, 1 if stepwise else steps, keep_keys)}
            made.append(write(finished, paths, None, f"{one} and {other}", facts))
            task.advance()
    return made


def check_steps(steps: int) -> None:
    """Raise SettingInvalid where there is no room for both songs, or too much."""
    if not 2 <= steps <= MAX_PHRASES:
        raise SettingInvalid(
            f"The steps cannot be {steps}.", f"Give --steps of 2 to {MAX_PHRASES}: the first and the last song count."
        )


def nearness(
    ensemble: Ensemble, arrangement: Arrangement, source_midis: Sequence[SourceMidi], parts: int, keep_keys: bool
) -> Facts:
    """Onset F1 of each of `parts` parts of a song, and what each of the two songs is decoded to there."""
    phrases = max(-(-arrangement.new.steps // phrase_steps_of(ensemble, source_midis[0].song)), 1)
    facts: Facts = {}
    for own, name in enumerate(("like the first", "like the second")):
        weights = np.zeros((2, phrases))
        weights[own] = 1
        end = mixed_arrangement(ensemble, source_midis, weights, MusicOptions(), False, keep_keys).new.notes
        scores = []
        for part in range(parts):
            edges = (arrangement.new.steps * part // parts, arrangement.new.steps * (part + 1) // parts)
            scores.append(onset_f1(arrangement.new.notes.between(*edges), end.between(*edges)))
        facts[name] = " ".join("–" if score is None else f"{score:.2f}" for score in scores)
    return facts


def _interpolate_once(
    ensemble: Ensemble,
    one: SourceMidi,
    other: SourceMidi,
    steps: int,
    linear: bool,
    options: MusicOptions | None,
    keep_keys: bool,
) -> list[Arrangement]:
    return [interpolate(ensemble, one, other, steps, linear, options, keep_keys)]


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
    check_steps(steps)
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
    check_steps(steps)
    arrangements = []
    for t in np.linspace(0, 1, steps):
        length = mixed_length(ensemble, (one.song, other.song), (1 - t, t))
        weights = np.tile([[1 - t], [t]], max(-(-length // phrase_steps_of(ensemble, one.song)), 1))
        own = options or MusicOptions()
        arrangements.append(mixed_arrangement(ensemble, (one, other), weights, own, linear, keep_keys, length))
    return arrangements
