"""The same song, a little different: all of it or some bars, everybody or some instruments. The rest stays as it is."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.chart.band import PHRASE_BARS, ChartBand, by_bars
from pianoroll_vae.models.playing import Ensemble, Latents
from pianoroll_vae.music.bars import BAR_STEPS, STEPS_PER_BEAT
from pianoroll_vae.music.bars import Bars as Notated
from pianoroll_vae.music.meter import steps_of_bars
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.music.phrases import join
from pianoroll_vae.music.revise import notes_that_come, notes_that_leave
from pianoroll_vae.music.sketch import Sketch
from pianoroll_vae.music.take import Take
from pianoroll_vae.stages.ensembles import load_ensemble
from pianoroll_vae.stages.listening import Bars
from pianoroll_vae.stages.output import Written, places, write
from pianoroll_vae.stages.wishes import Wishes, drums_of
from pianoroll_vae.workspace import Workspace

NOISE = 0.4

FOLLOW = 0.5
"""How much of a bar stays where its latent is moved, for bands that write notes."""


def run(
    workspace: Workspace | None, source: Path, wishes: Wishes, bars: Bars | None, outputs: Sequence[Path]
) -> list[Written]:
    """Write variations of the song in the file `source`."""
    where = places(outputs, wishes.count)
    ensemble = load_ensemble(workspace)
    wishes.check(ensemble.band)
    sketch = Sketch.read(source, ensemble.band)
    made = []
    for seed, paths in zip(wishes.seeds(), where, strict=True):
        take, facts = wishes.finish(vary(ensemble, sketch, seed, wishes, bars), sketch.song)
        made.append(write(take, paths, seed, str(source), facts))
    return made


def vary(
    ensemble: Ensemble, sketch: Sketch, seed: int = 0, wishes: Wishes | None = None, bars: Bars | None = None
) -> Take:
    """The sketch with its latents strayed by noise; where only some instruments' noise is named, only they change."""
    wishes = wishes or Wishes()
    usual = 0.0 if wishes.noise else NOISE
    noise = wishes.spread(ensemble.band, usual)
    if isinstance(ensemble, ChartBand):
        song = ensemble.bars_of(sketch.song)
        return rewritten(sketch, song, ensemble.strayed(song, noise, [seed], _stays(sketch, song, bars)))
    latents = ensemble.encode(ensemble.hear(sketch.song))
    chance = np.random.default_rng(seed)
    moved = latents + noise[:, None] * chance.standard_normal(latents.shape, np.float32)
    return changed(ensemble, sketch, latents, moved, wishes, bars)


def changed(
    ensemble: Ensemble, sketch: Sketch, latents: Latents, moved: Latents, wishes: Wishes, bars: Bars | None
) -> Take:
    """The sketch with what changes when the latents of its phrases move; outside of the bars nothing does."""
    if isinstance(ensemble, ChartBand):
        notated, by_bar = ensemble.bars_of(sketch.song), by_bars(moved, PHRASE_BARS)
        moves = (by_bar != by_bars(latents, PHRASE_BARS)).any(2)[: len(notated)]
        stays = _stays(sketch, notated, bars) | ~moves
        return rewritten(sketch, notated, ensemble.rewrite(by_bar[: len(notated)], notated, FOLLOW, stays))
    band, grid, song = ensemble.band, ensemble.steps_per_beat, sketch.song
    threshold = wishes.thresholds(band, ensemble.thresholds)
    before = join(ensemble.decode(latents, threshold))
    after = join(ensemble.decode(moved, threshold))
    first, last = (0, song.steps) if bars is None else steps_of_bars(song, *bars)
    step = np.arange(before.shape[1]) * (song.steps_per_beat / grid)
    elsewhere = (step < first) | (step >= last)
    after[:, elsewhere] = before[:, elsewhere]
    score = sketch.score
    scale = grid / score.ticks_per_beat
    start, end = np.rint(score.start * scale).astype(int), np.rint(score.end * scale).astype(int)
    row = np.where(sketch.chairs < 0, -1, sketch.chairs * PITCHES + score.pitch)
    beat = sketch.beat_of_notes() * song.steps_per_beat
    leaves = notes_that_leave(row, start, end, before, after) & (beat >= first) & (beat < last)
    own = song.regrid(grid).notes
    come = notes_that_come(own, before, after, drums_of(band)).regrid(grid, song.steps_per_beat)
    return Take(replace(song, notes=come.between(first, last).shifted(first)), sketch, ~leaves)


def rewritten(sketch: Sketch, before: Notated, after: Notated) -> Take:
    """The sketch with other notes in those bars of an instrument that differ; all other notes as they are."""
    players = before.instruments
    differs = np.array(
        [not np.array_equal(before.cell(*where), after.cell(*where)) for where in np.ndindex(len(before), players)]
    )
    bar = np.rint(sketch.beat_of_notes() * STEPS_PER_BEAT).astype(int) // BAR_STEPS
    cell = np.clip(bar, 0, len(before) - 1) * players + sketch.chairs
    leaves = (sketch.chairs >= 0) & differs[np.maximum(cell, 0)]
    notes = after.to_notes()
    come = notes[differs[notes.start // BAR_STEPS * players + notes.instrument]]
    song = sketch.song
    new = replace(song, notes=come.regrid(STEPS_PER_BEAT, song.steps_per_beat).between(0, song.steps))
    return Take(new, sketch, ~leaves)


def _stays(sketch: Sketch, song: Notated, bars: Bars | None) -> NDArray[np.bool_]:
    """(bars of 16 sixteenths, instruments): True outside of the song's bars that may change."""
    outside = np.zeros((len(song), song.instruments), np.bool_)
    if bars is not None:
        first, last = steps_of_bars(sketch.song, *bars)
        start = np.arange(len(song)) * BAR_STEPS / STEPS_PER_BEAT * sketch.song.steps_per_beat
        length = BAR_STEPS / STEPS_PER_BEAT * sketch.song.steps_per_beat
        outside[(start < first) | (start + length > last)] = True
    return outside
