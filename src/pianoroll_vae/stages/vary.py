"""The same song, a little different: all of it or some bars, everybody or some instruments. The rest stays as it is."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.console import Watch
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.midi_input import Bars
from pianoroll_vae.desk.music_options import MusicOptions, drums_of
from pianoroll_vae.desk.outputs import Written, places, write
from pianoroll_vae.models.arranger.play.band import ArrangerBand
from pianoroll_vae.models.arranger.play.bar_latents import by_bars
from pianoroll_vae.models.ensemble import Ensemble, Latents
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.bars import BAR_STEPS, LENGTHS, STEPS_PER_BEAT
from pianoroll_vae.music.bars import Bars as Notated
from pianoroll_vae.music.meter import steps_of_bars
from pianoroll_vae.music.notes import PITCHES, round_steps
from pianoroll_vae.music.phrases import join
from pianoroll_vae.music.roll_changes import notes_that_come, notes_that_leave
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.workspace import Workspace

NOISE = 0.4

FOLLOW = 0.5
"""How much of a bar stays where its latent is moved, for bands that write notes."""


def run(
    workspace: Workspace | None,
    source: Path,
    options: MusicOptions,
    bars: Bars | None,
    outputs: Sequence[Path],
    watch: Watch,
) -> list[Written]:
    """Write variations of the song in the file `source`."""
    where = places(outputs, options.count)
    ensemble = load_ensemble(workspace, watch)
    options.check(ensemble.band)
    source_midi = SourceMidi.read(source, ensemble.band)
    made = []
    with watch.task("Varying", len(where), "songs") as task:
        for seed, paths in zip(options.seeds(), where, strict=True):
            arrangement, facts = options.finish(vary(ensemble, source_midi, seed, options, bars), source_midi.song)
            made.append(write(arrangement, paths, seed, str(source), facts))
            task.advance()
    return made


def vary(
    ensemble: Ensemble,
    source_midi: SourceMidi,
    seed: int = 0,
    options: MusicOptions | None = None,
    bars: Bars | None = None,
) -> Arrangement:
    """The sketch with its latents strayed by noise; where only some instruments' noise is named, only they change."""
    options = options or MusicOptions()
    usual = 0.0 if options.noise else NOISE
    noise = options.spread(ensemble.band, usual)
    if isinstance(ensemble, ArrangerBand):
        song = ensemble.bars_of(source_midi.song)
        return rewritten(
            source_midi, song, ensemble.strayed(song, noise, [seed], _stays(source_midi, song, bars)), bars
        )
    latents = ensemble.encode(ensemble.hear(source_midi.song))
    rng = np.random.default_rng(seed)
    moved = latents + noise[:, None] * rng.standard_normal(latents.shape, np.float32)
    return changed(ensemble, source_midi, latents, moved, options, bars)


def changed(
    ensemble: Ensemble,
    source_midi: SourceMidi,
    latents: Latents,
    moved: Latents,
    options: MusicOptions,
    bars: Bars | None,
) -> Arrangement:
    """The sketch with what changes when the latents of its phrases move; outside of the bars nothing does."""
    if isinstance(ensemble, ArrangerBand):
        notated, by_bar = ensemble.bars_of(source_midi.song), by_bars(moved)
        moves = (by_bar != by_bars(latents)).any(2)[: len(notated)]
        stays = _stays(source_midi, notated, bars) | ~moves
        return rewritten(source_midi, notated, ensemble.rewrite(by_bar[: len(notated)], notated, FOLLOW, stays), bars)
    band, grid, song = ensemble.band, ensemble.steps_per_beat, source_midi.song
    threshold = options.thresholds(band, ensemble.thresholds)
    before = join(ensemble.decode(latents, threshold))
    after = join(ensemble.decode(moved, threshold))
    first, last = (0, song.steps) if bars is None else steps_of_bars(song, *bars)
    step = np.arange(before.shape[1]) * (song.steps_per_beat / grid)
    elsewhere = (step < first) | (step >= last)
    after[:, elsewhere] = before[:, elsewhere]
    score = source_midi.score
    scale = grid / score.ticks_per_beat
    start, end = np.rint(score.start * scale).astype(int), np.rint(score.end * scale).astype(int)
    row = np.where(source_midi.chairs < 0, -1, source_midi.chairs * PITCHES + score.pitch)
    beat = source_midi.beat_of_notes() * song.steps_per_beat
    leaves = notes_that_leave(row, start, end, before, after) & (beat >= first) & (beat < last)
    own = song.regrid(grid).notes
    come = notes_that_come(own, before, after, drums_of(band)).regrid(grid, song.steps_per_beat)
    return Arrangement(replace(song, notes=come.between(first, last).shifted(first)), source_midi, ~leaves)


def rewritten(source_midi: SourceMidi, before: Notated, after: Notated, bars: Bars | None = None) -> Arrangement:
    """The sketch without the notes that only `before` has, and with those that only `after` has; all other notes, and
    those outside of the song's `bars`, as they are."""
    song, players = source_midi.song, before.instruments
    (old_places, old), (new_places, new) = (_named(each) for each in (before, after))
    first, last = (0, song.steps) if bars is None else steps_of_bars(song, *bars)
    grid = song.steps_per_beat / STEPS_PER_BEAT
    # As the band has heard them: first on the sketch's grid, then on the band's.
    begin = round_steps(round_steps(source_midi.beat_of_notes() * song.steps_per_beat) / grid)
    place = (begin * players + source_midi.chairs) * PITCHES + source_midi.score.pitch
    leaves = (source_midi.chairs >= 0) & np.isin(place, old_places[~np.isin(old, new)])
    leaves &= (begin * grid >= first) & (begin * grid < last)
    notes = after.to_notes()
    come = np.isin((notes.start * players + notes.instrument) * PITCHES + notes.pitch, new_places[~np.isin(new, old)])
    come &= (notes.start * grid >= first) & (notes.start * grid < last)
    return Arrangement(
        replace(song, notes=notes[come].regrid(STEPS_PER_BEAT, song.steps_per_beat).between(0, last)),
        source_midi,
        ~leaves,
    )


def _named(bars: Notated) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(notes,) each: a number for step, instrument and pitch, and one for these and the length."""
    cell = np.repeat(np.arange(len(bars.source)), np.diff(bars.first))
    step = cell // bars.instruments * BAR_STEPS + bars.notes[:, 0]
    place = (step * bars.instruments + cell % bars.instruments) * PITCHES + bars.notes[:, 1]
    return place, place * len(LENGTHS) + bars.notes[:, 2]


def _stays(source_midi: SourceMidi, song: Notated, bars: Bars | None) -> NDArray[np.bool_]:
    """(bars of 16 sixteenths, instruments): True where nothing of them lies in the song's bars that may change."""
    outside = np.zeros((len(song), song.instruments), np.bool_)
    if bars is not None:
        first, last = steps_of_bars(source_midi.song, *bars)
        length = BAR_STEPS / STEPS_PER_BEAT * source_midi.song.steps_per_beat
        start = np.arange(len(song)) * length
        outside[(start + length <= first) | (start >= last)] = True
    return outside
