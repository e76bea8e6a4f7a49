"""The verbs of the command line in Python, typed: MIDI files, arrays and arrangements in and out.

    import pianoroll_vae as vae

    ensemble = vae.load("my-workspace")
    arrangement = vae.accompany(ensemble, vae.read("sketch.mid"), keep=["piano"], seed=1)
    vae.write(arrangement, "song.mid", "song.png")
    rolls = arrangement.song().rolls()          # (instruments, steps, 128), uint8 velocities

A `SourceMidi` is a MIDI file read, an `Arrangement` a song ready to be written. Every verb takes the options of the
command line as keywords, with the same defaults:

    noise, threshold, temperature   one number, or numbers by instrument: {"drums": 0.3}
    key, scale, outside, chords     "A minor" or "auto", "blues", "move" or "drop" notes outside, "Am F C G"
    tempo, program, mute, solo      beats a minute, {"guitar": 30}, names of instruments
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.length import Length
from pianoroll_vae.desk.music_options import WHOLE_BAND, MusicOptions
from pianoroll_vae.desk.outputs import output_paths
from pianoroll_vae.desk.outputs import write as write_arrangement
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import LPD5, Band
from pianoroll_vae.music.meter import BarRange
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.music.primer import first_full_segment
from pianoroll_vae.music.song import DEFAULT_TEMPO, Song
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.stages import accompany as accompany_stage
from pianoroll_vae.stages import attributes as attributes_stage
from pianoroll_vae.stages import average as average_stage
from pianoroll_vae.stages import blend as blend_stage
from pianoroll_vae.stages import continue_song as continue_stage
from pianoroll_vae.stages import generate as generate_stage
from pianoroll_vae.stages import groove as groove_stage
from pianoroll_vae.stages import interpolate as interpolate_stage
from pianoroll_vae.stages import reconstruct as reconstruct_stage
from pianoroll_vae.stages import vary as vary_stage
from pianoroll_vae.stages.reconstruct import ReconstructionScore
from pianoroll_vae.workspace import Workspace

__all__ = [
    "accompany",
    "apply_attributes",
    "average",
    "blend",
    "continue_",
    "from_rolls",
    "generate",
    "groove",
    "interpolate",
    "load",
    "read",
    "reconstruct",
    "vary",
    "write",
]

ByInstrument = float | Mapping[str, float]
"""One number for all instruments, or numbers by name; instruments not named keep the default."""

Outside = Literal["move", "drop"]
"""What happens to new notes outside of the key."""


def load(folder: str | Path) -> Ensemble:
    """The trained band of a workspace, or the bundled one where nothing is trained: `vae.load("my-workspace")`."""
    return load_ensemble(Workspace.find(Path(folder)))


def read(path: str | Path, all_as: str | None = None, band: Band = LPD5) -> SourceMidi:
    """A MIDI file; `all_as`: the instrument that plays all its notes: `vae.read("tune.mid", all_as="piano")`."""
    return SourceMidi.read(Path(path), band, all_as)


def from_rolls(
    rolls: NDArray[np.uint8], steps_per_beat: int, tempo: float = DEFAULT_TEMPO, band: Band = LPD5
) -> SourceMidi:
    """Velocities (instruments, steps, 128), 0 where silent, as a source MIDI: `vae.from_rolls(rolls, 4, tempo=90)`."""
    return SourceMidi.of_bytes(midi_bytes(Song.from_rolls(band, rolls, steps_per_beat, tempo=tempo)), band)


def write(arrangement: Arrangement, *paths: str | Path) -> None:
    """Write an arrangement as .mid, .wav, .png or .npz, by each path's ending: `vae.write(song, "a.mid", "a.png")`."""
    [files] = output_paths([Path(path) for path in paths], 1)
    write_arrangement(arrangement, files, 0, "")


def generate(
    ensemble: Ensemble,
    primer: SourceMidi,
    steps: int = 40,
    seed: int = 0,
    form: str | None = None,
    *,
    noise: ByInstrument | None = None,
    threshold: ByInstrument | None = None,
    temperature: ByInstrument | None = None,
    key: str | None = None,
    scale: str | None = None,
    outside: Outside = "move",
    chords: str | None = None,
    tempo: float | None = None,
    program: Mapping[str, int] | None = None,
    mute: str | Sequence[str] = (),
    solo: str | Sequence[str] = (),
) -> Arrangement:
    """A new song: the first phrase of `primer` in which the most instruments play, and `steps` phrases of 16 beats.

    Its grid is the ensemble's: `generate(...).song().rolls()` is (instruments, (1 + steps) · phrase_steps, 128).
    Example: `vae.generate(ensemble, vae.read("a.mid"), steps=8, noise=0.5, form="AABA", key="auto")`
    """
    start = first_full_segment(primer.song.regrid(ensemble.steps_per_beat), ensemble.phrase_steps)
    options = _options(ensemble, noise, threshold, temperature, key, scale, outside, chords, tempo, program, mute, solo)
    [song] = generate_stage.compose(ensemble, [start], [seed], options, Length(steps=steps), form=form)
    return options.apply(Arrangement(song, programs=primer.programs), start)[0]


def continue_(
    ensemble: Ensemble,
    source_midi: SourceMidi,
    steps: int = 16,
    seed: int = 0,
    only_new: bool = False,
    *,
    noise: ByInstrument | None = None,
    threshold: ByInstrument | None = None,
    temperature: ByInstrument | None = None,
    key: str = "auto",
    scale: str | None = None,
    outside: Outside = "move",
    chords: str | None = None,
    tempo: float | None = None,
    program: Mapping[str, int] | None = None,
    mute: str | Sequence[str] = (),
    solo: str | Sequence[str] = (),
) -> Arrangement:
    """The source MIDI, unchanged, and `steps` new phrases of 16 beats after it; with `only_new`, these alone.

    Rolls are (instruments, steps of 1/24 beat, 128). Example: `vae.continue_(ensemble, vae.read("a.mid"), steps=4)`
    """
    options = _options(ensemble, noise, threshold, temperature, key, scale, outside, chords, tempo, program, mute, solo)
    continuation = continue_stage.continue_(ensemble, source_midi, seed, options, Length(steps=steps), only_new)
    return options.apply(continuation.arrangement, source_midi.song, continuation.beat)[0]


def accompany(
    ensemble: Ensemble,
    source_midi: SourceMidi,
    keep: Sequence[str] = (),
    seed: int = 0,
    *,
    noise: ByInstrument | None = None,
    threshold: ByInstrument | None = None,
    temperature: ByInstrument | None = None,
    key: str | None = None,
    scale: str | None = None,
    outside: Outside = "move",
    chords: str | None = None,
    tempo: float | None = None,
    program: Mapping[str, int] | None = None,
    mute: str | Sequence[str] = (),
    solo: str | Sequence[str] = (),
) -> Arrangement:
    """The instruments in `keep` note for note (by default all that play), and new parts for the others.

    Rolls are as long as the source's: (instruments, steps of 1/24 beat, 128).
    Example: `vae.accompany(ensemble, vae.read("a.mid"), keep=["piano"], noise={"drums": 0.3})`
    """
    kept = accompany_stage.kept_instruments(source_midi, keep, ())
    options = _options(ensemble, noise, threshold, temperature, key, scale, outside, chords, tempo, program, mute, solo)
    arrangement = accompany_stage.accompany(ensemble, source_midi, kept, seed, options)
    return options.apply(arrangement, source_midi.song)[0]


def vary(
    ensemble: Ensemble,
    source_midi: SourceMidi,
    seed: int = 0,
    bars: BarRange | None = None,
    *,
    noise: ByInstrument | None = None,
    threshold: ByInstrument | None = None,
    temperature: ByInstrument | None = None,
    key: str | None = None,
    scale: str | None = None,
    outside: Outside = "move",
    chords: str | None = None,
    tempo: float | None = None,
    program: Mapping[str, int] | None = None,
    mute: str | Sequence[str] = (),
    solo: str | Sequence[str] = (),
) -> Arrangement:
    """The source MIDI with `noise` added to its latents: 0.4 by default, or for the named instruments only.

    bars: (first, last) from 1; the others stay. Rolls are (instruments, steps of 1/24 beat, 128), as the source's.
    Example: `vae.vary(ensemble, vae.read("a.mid"), noise={"guitar": 0.4}, bars=(9, 16))`
    """
    options = _options(ensemble, noise, threshold, temperature, key, scale, outside, chords, tempo, program, mute, solo)
    return options.apply(vary_stage.vary(ensemble, source_midi, seed, options, bars), source_midi.song)[0]


def interpolate(
    ensemble: Ensemble,
    one: SourceMidi,
    other: SourceMidi,
    steps: int = 8,
    linear: bool = False,
    *,
    threshold: ByInstrument | None = None,
    key: str | None = None,
    scale: str | None = None,
    outside: Outside = "move",
    chords: str | None = None,
    tempo: float | None = None,
    program: Mapping[str, int] | None = None,
    mute: str | Sequence[str] = (),
    solo: str | Sequence[str] = (),
) -> Arrangement:
    """A song of `steps` phrases of 16 beats whose latents go from those of `one` to those of `other`.

    On the great circle between them, or on a straight line. Rolls are (instruments, steps · 384, 128).
    Example: `vae.interpolate(ensemble, vae.read("a.mid"), vae.read("b.mid"), steps=8)`
    """
    options = _options(ensemble, None, threshold, None, key, scale, outside, chords, tempo, program, mute, solo)
    return options.apply(interpolate_stage.interpolate(ensemble, one, other, steps, linear, options), one.song)[0]


def average(
    ensemble: Ensemble,
    source_midis: Sequence[SourceMidi],
    weights: Sequence[float] = (),
    *,
    threshold: ByInstrument | None = None,
    key: str | None = None,
    scale: str | None = None,
    outside: Outside = "move",
    chords: str | None = None,
    tempo: float | None = None,
    program: Mapping[str, int] | None = None,
    mute: str | Sequence[str] = (),
    solo: str | Sequence[str] = (),
) -> Arrangement:
    """The song decoded from the mean of the songs' latents, phrase by phrase; weights: one a song, by default equal.

    Rolls are (instruments, steps of 1/24 beat, 128), as long as the songs on average.
    Example: `vae.average(ensemble, [vae.read("a.mid"), vae.read("b.mid")], weights=[2, 1])`
    """
    options = _options(ensemble, None, threshold, None, key, scale, outside, chords, tempo, program, mute, solo)
    return options.apply(average_stage.average(ensemble, source_midis, weights, options), source_midis[0].song)[0]


def blend(
    ensemble: Ensemble,
    source_midi: SourceMidi,
    style: SourceMidi,
    amount: float = 0.5,
    bars: BarRange | None = None,
    *,
    threshold: ByInstrument | None = None,
    key: str | None = None,
    scale: str | None = None,
    outside: Outside = "move",
    chords: str | None = None,
    tempo: float | None = None,
    program: Mapping[str, int] | None = None,
    mute: str | Sequence[str] = (),
    solo: str | Sequence[str] = (),
) -> Arrangement:
    """The source MIDI with each instrument's latents moved toward the nearest of the same instrument in `style`.

    amount: 0 (nothing changes) to 1. Rolls are as long as the source's: (instruments, steps of 1/24 beat, 128).
    Example: `vae.blend(ensemble, vae.read("a.mid"), vae.read("style.mid"), amount=0.7, bars=(3, 6))`
    """
    options = _options(ensemble, None, threshold, None, key, scale, outside, chords, tempo, program, mute, solo)
    return options.apply(blend_stage.blend(ensemble, source_midi, style, amount, bars, options), source_midi.song)[0]


def apply_attributes(
    ensemble: Ensemble,
    source_midi: SourceMidi,
    folder: str | Path,
    amounts: Mapping[str, float],
    bars: BarRange | None = None,
    *,
    threshold: ByInstrument | None = None,
    key: str | None = None,
    scale: str | None = None,
    outside: Outside = "move",
    chords: str | None = None,
    tempo: float | None = None,
    program: Mapping[str, int] | None = None,
    mute: str | Sequence[str] = (),
    solo: str | Sequence[str] = (),
) -> Arrangement:
    """The source MIDI with more or less of the attributes learned in the workspace `folder`, in standard deviations.

    Rolls are as long as the source's: (instruments, steps of 1/24 beat, 128).
    Example: `vae.apply_attributes(ensemble, vae.read("a.mid"), "my-workspace", {"density": 1.5, "drums.density": -1})`
    """
    directions = attributes_stage.load_directions(Workspace.find(Path(folder)), ensemble)
    step = attributes_stage.latent_step(ensemble, directions, [f"{name}={amount}" for name, amount in amounts.items()])
    options = _options(ensemble, None, threshold, None, key, scale, outside, chords, tempo, program, mute, solo)
    return options.apply(attributes_stage.apply(ensemble, source_midi, step, options, bars), source_midi.song)[0]


def groove(
    source_midi: SourceMidi, fill: bool | None = None, amount: float = 1.0, folder: str | Path | None = None
) -> Arrangement:
    """The source MIDI with its drums in a drummer's velocities and timing; `folder`: a workspace with a groove model.

    fill: whether drums are added (None: where only one or two are played); amount: 0 (on the grid) to 2, 1 as learned.
    Example: `vae.groove(vae.read("taps.mid"), fill=True)`
    """
    drummer = groove_stage.find_groove(Workspace.find(Path(folder)) if folder else None)
    return groove_stage.play(drummer, source_midi, fill=fill, amount=amount)[0]


def reconstruct(ensemble: Ensemble, source_midi: SourceMidi) -> tuple[Arrangement, tuple[ReconstructionScore, ...]]:
    """The source MIDI encoded and decoded, and for each instrument how many of its cells come back.

    Example: `arrangement, scores = vae.reconstruct(ensemble, vae.read("a.mid"))`
    """
    scores, arrangement = reconstruct_stage.reconstruct(ensemble, source_midi)
    return arrangement, scores


def _options(
    ensemble: Ensemble,
    noise: ByInstrument | None,
    threshold: ByInstrument | None,
    temperature: ByInstrument | None,
    key: str | None,
    scale: str | None,
    outside: Outside,
    chords: str | None,
    tempo: float | None,
    program: Mapping[str, int] | None,
    mute: str | Sequence[str],
    solo: str | Sequence[str],
) -> MusicOptions:
    """The keywords of a verb as options, checked against the band."""
    options = MusicOptions(
        _by_instrument(noise),
        _by_instrument(threshold),
        _by_instrument(temperature),
        key,
        scale,
        outside,
        chords,
        tempo,
        dict(program or {}),
        _names(mute),
        _names(solo),
    )
    options.check(ensemble.band)
    return options


def _by_instrument(values: ByInstrument | None) -> dict[str, float]:
    if values is None:
        return {}
    return dict(values) if isinstance(values, Mapping) else {WHOLE_BAND: float(values)}


def _names(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
