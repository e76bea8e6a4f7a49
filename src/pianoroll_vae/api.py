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
from pianoroll_vae.desk.midi_input import Bars
from pianoroll_vae.desk.music_options import EVERYBODY, Wishes
from pianoroll_vae.desk.outputs import places
from pianoroll_vae.desk.outputs import write as write_take
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.arrangement import Take
from pianoroll_vae.music.band import LPD5, Band
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.music.primer import first_full_segment
from pianoroll_vae.music.song import DEFAULT_TEMPO, Song
from pianoroll_vae.music.source_midi import Sketch
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
    "generate",
    "go_on",
    "groove",
    "interpolate",
    "load",
    "read",
    "reconstruct",
    "sketch_of_rolls",
    "vary",
    "write",
]


def load(folder: str | Path) -> Ensemble:
    """The trained band of a workspace."""
    return load_ensemble(Workspace.find(Path(folder)))


def read(path: str | Path, all_as: str | None = None, band: Band = LPD5) -> Sketch:
    """A MIDI file; `all_as`: the instrument whose part all its notes are."""
    return Sketch.read(Path(path), band, all_as)


def sketch_of_rolls(
    rolls: NDArray[np.uint8], steps_per_beat: int, tempo: float = DEFAULT_TEMPO, band: Band = LPD5
) -> Sketch:
    """Velocities (instruments, steps, 128) as a sketch."""
    return Sketch.of_bytes(midi_bytes(Song.from_rolls(band, rolls, steps_per_beat, tempo=tempo)), band)


def write(take: Take, *paths: str | Path) -> None:
    """Write a take as .mid, .wav, .png or .npz: by the ending of each path."""
    [files] = places([Path(path) for path in paths], 1)
    write_take(take, files, 0, "")


def generate(
    band: Ensemble, primer: Sketch, steps: int = 40, seed: int = 0, form: str | None = None, **wishes: Any
) -> Take:
    """A song of `steps` new phrases that goes on from the fullest phrase of `primer`."""
    heard = first_full_segment(primer.song.regrid(band.steps_per_beat), band.phrase_steps)
    asked = _wishes(band, wishes)
    [song] = generating.compose(band, [heard], [seed], asked, Length(steps=steps), form=form)
    return asked.finish(Take(song, programs=primer.programs), heard)[0]


def go_on(
    band: Ensemble, sketch: Sketch, steps: int = 16, seed: int = 0, only_new: bool = False, **wishes: Any
) -> Take:
    """The sketch untouched and new phrases after it, in its key."""
    asked = _wishes(band, {"key": "auto", **wishes})
    going = continue_song.go_on(band, sketch, seed, asked, Length(steps=steps), only_new)
    return asked.finish(going.take, sketch.song, going.beat)[0]


def accompany(band: Ensemble, sketch: Sketch, keep: Sequence[str] = (), seed: int = 0, **wishes: Any) -> Take:
    """The kept instruments note for note (all that play, where none are named), and new parts for the others."""
    asked = _wishes(band, wishes)
    kept = accompanying.who_stays(sketch, keep, ())
    return asked.finish(accompanying.accompany(band, sketch, kept, seed, asked), sketch.song)[0]


def vary(band: Ensemble, sketch: Sketch, seed: int = 0, bars: Bars | None = None, **wishes: Any) -> Take:
    """The sketch a little different: `noise` for all, or for those who change; (first, last) `bars`, or all."""
    asked = _wishes(band, wishes)
    return asked.finish(varying.vary(band, sketch, seed, asked, bars), sketch.song)[0]


def interpolate(
    band: Ensemble, one: Sketch, other: Sketch, steps: int = 8, linear: bool = False, **wishes: Any
) -> Take:
    """One song of `steps` phrases that morphs from the one into the other."""
    asked = _wishes(band, wishes)
    return asked.finish(interpolating.morph(band, one, other, steps, linear, asked), one.song)[0]


def average(band: Ensemble, sketches: Sequence[Sketch], weights: Sequence[float] = (), **wishes: Any) -> Take:
    """The song in the middle of several."""
    asked = _wishes(band, wishes)
    return asked.finish(averaging.average(band, sketches, weights, asked), sketches[0].song)[0]


def blend(
    band: Ensemble, sketch: Sketch, style: Sketch, amount: float = 0.5, bars: Bars | None = None, **wishes: Any
) -> Take:
    """The sketch with each instrument pulled toward what it plays in `style`."""
    asked = _wishes(band, wishes)
    return asked.finish(blending.blend(band, sketch, style, amount, bars, asked), sketch.song)[0]


def apply(
    band: Ensemble, sketch: Sketch, folder: str | Path, wanted: Mapping[str, float], bars: Bars | None = None
) -> Take:
    """The sketch with more or less of the attributes that the workspace in `folder` has learned: {"density": 1.5}."""
    directions = attributes.load_directions(Workspace.find(Path(folder)), band)
    way = attributes.step(band, directions, [f"{name}={amount}" for name, amount in wanted.items()])
    return attributes.apply(band, sketch, way, bars=bars)


def groove(sketch: Sketch, fill: bool | None = None, amount: float = 1.0, folder: str | Path | None = None) -> Take:
    """The sketch with its drums played, by the drummer of the workspace in `folder` or the one that comes along.

    `fill`: whether the rest of the kit is added (None: where only one or two drums are tapped); `amount`: 0 is stiff.
    """
    drummer = grooving.find_groove(Workspace.find(Path(folder)) if folder else None)
    return grooving.play(drummer, sketch, fill=fill, amount=amount)[0]


def reconstruct(band: Ensemble, sketch: Sketch) -> tuple[Take, tuple[Likeness, ...]]:
    """The sketch as the band hears it, and how much of each instrument comes back."""
    alike, take = reconstructing.reconstruct(band, sketch)
    return take, alike


def _wishes(band: Ensemble, asked: Mapping[str, Any]) -> Wishes:
    """Keywords as wishes, checked: one number is everybody's, names may be any sequence."""
    plain: dict[str, Any] = dict(asked)
    for name in ("noise", "threshold"):
        if isinstance(plain.get(name), int | float):
            plain[name] = {EVERYBODY: float(plain[name])}
    for name in ("mute", "solo"):
        if name in plain:
            plain[name] = _names(plain[name])
    wishes = replace(Wishes(), **plain)
    wishes.check(band.band)
    return wishes


def _names(names: str | Iterable[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
