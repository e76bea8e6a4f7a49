"""Goes on from where a song ends, in its tempo and key; the song itself stays in front, untouched."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pianoroll_vae.console import Watch
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.length import Length
from pianoroll_vae.desk.music_options import Wishes
from pianoroll_vae.desk.outputs import Written, places, write
from pianoroll_vae.errors import NothingFound
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.arrangement import Take
from pianoroll_vae.music.phrases import PHRASE_BEATS, end_of_last_bar, last_phrases
from pianoroll_vae.music.source_midi import Sketch
from pianoroll_vae.workspace import Workspace

PHRASES = 16


@dataclass(frozen=True)
class Going:
    """A take that goes on, and the beat at which it does."""

    take: Take
    beat: float


def run(
    workspace: Workspace | None,
    source: Path,
    wishes: Wishes,
    length: Length,
    outputs: Sequence[Path],
    only_new: bool,
    watch: Watch,
) -> list[Written]:
    """Write the song in the file `source` and what follows it; with `only_new`, only what follows."""
    length.check()
    where = places(outputs, wishes.count)
    ensemble = load_ensemble(workspace, watch)
    wishes.check(ensemble.band)
    sketch = Sketch.read(source, ensemble.band)
    # A song that goes on does so in its own key, unless another one is asked for.
    wishes = replace(wishes, key=wishes.key or "auto")
    made = []
    with watch.task("Going on", len(where), "songs") as task:
        for seed, paths in zip(wishes.seeds(), where, strict=True):
            going = go_on(ensemble, sketch, seed, wishes, length, only_new)
            take, facts = wishes.finish(going.take, sketch.song, going.beat)
            made.append(write(take, paths, seed, str(source), facts))
            task.advance()
    return made


def go_on(
    ensemble: Ensemble,
    sketch: Sketch,
    seed: int = 0,
    wishes: Wishes | None = None,
    length: Length | None = None,
    only_new: bool = False,
) -> Going:
    """The sketch and new phrases from the bar line after its last note on; heard are its last 16 beats."""
    wishes, length = wishes or Wishes(), length or Length()
    song = sketch.song
    if not len(song.notes):
        raise NothingFound("There is no note to go on from.", "Name a song in which somebody plays.")
    seam = end_of_last_bar(song)
    beats = length.beats(song, PHRASES, wishes.tempo)
    played = ensemble.go_on(
        [last_phrases(song, seam, ensemble.memory_phrases)],
        math.ceil(beats / PHRASE_BEATS),
        wishes.spread(ensemble.band, 1.0),
        wishes.thresholds(ensemble.band, ensemble.thresholds),
        wishes.heat(ensemble.band),
        [seed],
    )
    grid = song.steps_per_beat
    notes = played[0].regrid(ensemble.steps_per_beat, grid)
    steps = round(beats * grid)
    notes = notes.between(0, steps)
    if only_new:
        _, over, under = song.meters[-1]
        tempo, meters = ((0, song.tempo[-1][1]),), ((0, over, under),)
        new = replace(song, notes=notes, steps=steps, tempo=tempo, meters=meters)
        return Going(Take(new, programs=sketch.programs), 0)
    new = replace(song, notes=notes.shifted(seam), steps=seam + steps)
    return Going(Take(new, sketch, np.ones(len(sketch.score), np.bool_)), seam / grid)
