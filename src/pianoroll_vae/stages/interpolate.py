"""Morphs one song into another: as one song that goes over from the first to the second, or as a song for each step."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pianoroll_vae.console import Watch
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.mixing import PHRASE_STEPS, again, as_take, between
from pianoroll_vae.desk.music_options import Wishes
from pianoroll_vae.desk.outputs import FORMATS, Written, places, write
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.arrangement import Take
from pianoroll_vae.music.source_midi import Sketch
from pianoroll_vae.workspace import Workspace


def run(
    workspace: Workspace | None,
    one: Path,
    other: Path,
    wishes: Wishes,
    steps: int,
    linear: bool,
    outputs: Sequence[Path],
    watch: Watch,
) -> list[Written]:
    """Write the way from `one` to `other`: into files as one song, into a folder as a song for each step."""
    if steps < 2:
        raise SettingInvalid("A way has a beginning and an end.", "Give --steps of 2 or more.")
    apart = all(path.suffix.lower() not in FORMATS for path in outputs)
    where = places(outputs, steps if apart else 1)
    ensemble = load_ensemble(workspace, watch)
    wishes.check(ensemble.band)
    sketches = Sketch.read(one, ensemble.band), Sketch.read(other, ensemble.band)
    made = []
    with watch.task("Morphing", len(where), "songs") as task:
        takes = (
            step_by_step(ensemble, *sketches, steps, linear, wishes)
            if apart
            else [morph(ensemble, *sketches, steps, linear, wishes)]
        )
        for take, paths in zip(takes, where, strict=True):
            finished, facts = wishes.finish(take, sketches[0].song)
            made.append(write(finished, paths, None, f"{one} and {other}", facts))
            task.advance()
    return made


def morph(
    ensemble: Ensemble, one: Sketch, other: Sketch, steps: int = 8, linear: bool = False, wishes: Wishes | None = None
) -> Take:
    """One song of `steps` phrases: its first is the first song's, its last the second's, as the band hears them."""
    a, b = (again(ensemble.encode(ensemble.hear(sketch.song)), steps) for sketch in (one, other))
    latents = between(a, b, np.linspace(0, 1, steps, dtype=np.float32), linear)
    return as_take(ensemble, latents, (one, other), wishes or Wishes())


def step_by_step(
    ensemble: Ensemble, one: Sketch, other: Sketch, steps: int = 8, linear: bool = False, wishes: Wishes | None = None
) -> list[Take]:
    """A song for each step of the way; its length goes from that of the one to that of the other."""
    a, b = (ensemble.encode(ensemble.hear(sketch.song)) for sketch in (one, other))
    begin, end = one.song.steps, other.song.steps
    takes = []
    for t in np.linspace(0, 1, steps):
        length = round((1 - t) * begin + t * end)
        phrases = max(-(-length // PHRASE_STEPS), 1)
        latents = between(again(a, phrases), again(b, phrases), np.full(phrases, t, np.float32), linear)
        takes.append(as_take(ensemble, latents, (one, other), wishes or Wishes(), length))
    return takes
