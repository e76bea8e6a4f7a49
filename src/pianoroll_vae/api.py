"""The verbs of the command line in Python: arrays, songs and files in and out, without a workspace of one's own.

    import pianoroll_vae as vae

    band = vae.load("my-workspace")
    take = vae.accompany(band, vae.read("sketch.mid"), keep=["piano"], seed=1)
    vae.write(take, "song.mid", "song.png")
    rolls = take.song().rolls()          # (instruments, steps, 128), uint8 velocities

A *sketch* is a MIDI file or rolls, a *take* what is to be written. Every verb takes the wishes of the command line as
keywords: noise=0.5 or noise={"drums": 0.3}, threshold=, key="A minor", scale=, chords="Am F C G", tempo=,
program={"guitar": 30}, mute=["strings"], solo=.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

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
from pianoroll_vae.stages import accompany as accompanying
from pianoroll_vae.stages import attributes, continue_song
from pianoroll_vae.stages import average as averaging
from pianoroll_vae.stages import blend as blending
from pianoroll_vae.stages import generate as generating
from pianoroll_vae.stages import groove as grooving
from pianoroll_vae.stages import interpolate as interpolating
from pianoroll_vae.stages import reconstruct as reconstructing
from pianoroll_vae.stages import vary as varying
from pianoroll_vae.stages.reconstruct import Likeness
from pianoroll_vae.workspace import Workspace

__all__ = [
    "accompany",
    "apply",
    "average",
    "blend",
    "continue_",
    "generate",
    "groove",
    "interpolate",
    "load",
    "read",
    "reconstruct",
    "source_midi_of_rolls",
    "vary",
    "write",
]


def load(folder: str | Path) -> Ensemble:
    """The trained band of a workspace."""
    return load_ensemble(Workspace.find(Path(folder)))


def read(path: str | Path, all_as: str | None = None, band: Band = LPD5) -> SourceMidi:
    """A MIDI file; `all_as`: the instrument whose part all its notes are."""
    return SourceMidi.read(Path(path), band, all_as)


def source_midi_of_rolls(
    rolls: NDArray[np.uint8], steps_per_beat: int, tempo: float = DEFAULT_TEMPO, band: Band = LPD5
) -> SourceMidi:
    """Velocities (instruments, steps, 128) as a sketch."""
    return SourceMidi.of_bytes(midi_bytes(Song.from_rolls(band, rolls, steps_per_beat, tempo=tempo)), band)


def write(arrangement: Arrangement, *paths: str | Path) -> None:
    """Write a take as .mid, .wav, .png or .npz: by the ending of each path."""
    [files] = output_paths([Path(path) for path in paths], 1)
    write_arrangement(arrangement, files, 0, "")


def generate(
    band: Ensemble, primer: SourceMidi, steps: int = 40, seed: int = 0, form: str | None = None, **options: Any
) -> Arrangement:
    """A song of `steps` new phrases that goes on from the fullest phrase of `primer`."""
    heard = first_full_segment(primer.song.regrid(band.steps_per_beat), band.phrase_steps)
    asked = _wishes(band, options)
    [song] = generating.compose(band, [heard], [seed], asked, Length(steps=steps), form=form)
    return asked.apply(Arrangement(song, programs=primer.programs), heard)[0]


def continue_(
    band: Ensemble, source_midi: SourceMidi, steps: int = 16, seed: int = 0, only_new: bool = False, **options: Any
) -> Arrangement:
    """The sketch untouched and new phrases after it, in its key."""
    asked = _wishes(band, {"key": "auto", **options})
    continuation = continue_song.continue_(band, source_midi, seed, asked, Length(steps=steps), only_new)
    return asked.apply(continuation.arrangement, source_midi.song, continuation.beat)[0]


def accompany(
    band: Ensemble, source_midi: SourceMidi, keep: Sequence[str] = (), seed: int = 0, **options: Any
) -> Arrangement:
    """The kept instruments note for note (all that play, where none are named), and new parts for the others."""
    asked = _wishes(band, options)
    kept = accompanying.kept_instruments(source_midi, keep, ())
    return asked.apply(accompanying.accompany(band, source_midi, kept, seed, asked), source_midi.song)[0]


def vary(
    band: Ensemble, source_midi: SourceMidi, seed: int = 0, bars: BarRange | None = None, **options: Any
) -> Arrangement:
    """The sketch a little different: `noise` for all, or for those who change; (first, last) `bars`, or all."""
    asked = _wishes(band, options)
    return asked.apply(varying.vary(band, source_midi, seed, asked, bars), source_midi.song)[0]


def interpolate(
    band: Ensemble, one: SourceMidi, other: SourceMidi, steps: int = 8, linear: bool = False, **options: Any
) -> Arrangement:
    """One song of `steps` phrases that morphs from the one into the other."""
    asked = _wishes(band, options)
    return asked.apply(interpolating.morph(band, one, other, steps, linear, asked), one.song)[0]


def average(
    band: Ensemble, source_midis: Sequence[SourceMidi], weights: Sequence[float] = (), **options: Any
) -> Arrangement:
    """The song in the middle of several."""
    asked = _wishes(band, options)
    return asked.apply(averaging.average(band, source_midis, weights, asked), source_midis[0].song)[0]


def blend(
    band: Ensemble,
    source_midi: SourceMidi,
    style: SourceMidi,
    amount: float = 0.5,
    bars: BarRange | None = None,
    **options: Any,
) -> Arrangement:
    """The sketch with each instrument pulled toward what it plays in `style`."""
    asked = _wishes(band, options)
    return asked.apply(blending.blend(band, source_midi, style, amount, bars, asked), source_midi.song)[0]


def apply(
    band: Ensemble,
    source_midi: SourceMidi,
    folder: str | Path,
    wanted: Mapping[str, float],
    bars: BarRange | None = None,
) -> Arrangement:
    """The sketch with more or less of the attributes that the workspace in `folder` has learned: {"density": 1.5}."""
    directions = attributes.load_directions(Workspace.find(Path(folder)), band)
    way = attributes.step(band, directions, [f"{name}={amount}" for name, amount in wanted.items()])
    return attributes.apply(band, source_midi, way, bars=bars)


def groove(
    source_midi: SourceMidi, fill: bool | None = None, amount: float = 1.0, folder: str | Path | None = None
) -> Arrangement:
    """The sketch with its drums played, by the drummer of the workspace in `folder` or the one that comes along.

    `fill`: whether the rest of the kit is added (None: where only one or two drums are tapped); `amount`: 0 is stiff.
    """
    drummer = grooving.find_groove(Workspace.find(Path(folder)) if folder else None)
    return grooving.play(drummer, source_midi, fill=fill, amount=amount)[0]


def reconstruct(band: Ensemble, source_midi: SourceMidi) -> tuple[Arrangement, tuple[Likeness, ...]]:
    """The sketch as the band hears it, and how much of each instrument comes back."""
    alike, arrangement = reconstructing.reconstruct(band, source_midi)
    return arrangement, alike


def _wishes(band: Ensemble, asked: Mapping[str, Any]) -> MusicOptions:
    """Keywords as wishes, checked: one number is everybody's, names may be any sequence."""
    plain: dict[str, Any] = dict(asked)
    for name in ("noise", "threshold"):
        if isinstance(plain.get(name), int | float):
            plain[name] = {WHOLE_BAND: float(plain[name])}
    for name in ("mute", "solo"):
        if name in plain:
            plain[name] = _names(plain[name])
    options = replace(MusicOptions(), **plain)
    options.check(band.band)
    return options


def _names(names: str | Iterable[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
