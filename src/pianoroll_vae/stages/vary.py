"""Varies a song, or some of its bars and instruments, by adding noise to its latents."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from pianoroll_vae.desk.chart_options import ChartOptions, request_in_meter
from pianoroll_vae.desk.forecast import announce_long_work
from pianoroll_vae.desk.key_moves import KeyMove, what_moves
from pianoroll_vae.desk.midi_input import open_source
from pianoroll_vae.desk.music_options import WHOLE_BAND, MusicOptions
from pianoroll_vae.desk.outputs import WrittenSong, write
from pianoroll_vae.desk.writing_start import start_writing
from pianoroll_vae.models.ensemble import Ensemble, Sampling
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.meter import BarRange, steps_of_bars
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.progress import Watch
from pianoroll_vae.workspace import Workspace

NOISE = 0.4


def run(
    workspace: Workspace | None,
    source: Path,
    options: MusicOptions,
    bars: BarRange | None,
    outputs: Sequence[Path],
    watch: Watch,
) -> list[WrittenSong]:
    """Write variations of the song in the file `source`."""
    where, ensemble = start_writing(workspace, options, outputs, options.count, watch)
    source_midi = open_source(source, ensemble.band, options.salvage, watch)
    announce_long_work(watch, [source_midi.song], len(where))
    made: list[WrittenSong] = []
    with watch.task("Varying", len(where), "songs") as task:
        for seed, paths in zip(options.seeds(), where, strict=True):
            arrangement = vary(ensemble, source_midi, seed, options, bars)
            if not made and (silence := why_unchanged(arrangement, _sampling(ensemble, options).noise, bars)):
                watch.notice(f"{source}: {silence}")
            if source_midi.playing and not len(arrangement.song().notes):
                watch.notice(f"{source}: with seed {seed} no note is left. Another --seed or less --noise leaves some.")
            arrangement, facts = options.apply(arrangement, source_midi.song, moves=moves(options, bars))
            made.append(write(arrangement, paths, seed, str(source), facts))
            task.advance()
    return made


def moves(options: MusicOptions, bars: BarRange | None) -> KeyMove:
    """A key moves the whole song where nothing of it must stay."""
    return what_moves(bars is None and set(options.noise) <= {WHOLE_BAND})


def why_unchanged(arrangement: Arrangement, noise: ArrayLike, bars: BarRange | None) -> str:
    """Why a variation is the song itself, where no instrument that may change plays in these bars; else nothing."""
    if arrangement.source_midi is None or len(arrangement.new.notes) or not arrangement.keep.all():
        return ""
    song = arrangement.source_midi.song
    changes = np.broadcast_to(np.asarray(noise) > 0, len(song.band))
    first, last = (0, song.steps) if bars is None else steps_of_bars(song, *bars)
    begun = (song.notes.start >= first) & (song.notes.start < last)
    if not changes.any() or changes[song.notes.instrument[begun]].any():
        return ""
    names = [name for name, may in zip(song.band.names, changes, strict=True) if may]
    what = "no note" if changes.all() else f"no note of {' or '.join(names)}"
    where = "the song" if bars is None else f"bar {bars[0]}" if bars[0] == bars[1] else f"bars {bars[0]} to {bars[1]}"
    return f"{what} begins in {where}, so noise changes nothing. vaemusic accompany writes new parts."


def vary(
    ensemble: Ensemble,
    source_midi: SourceMidi,
    seed: int = 0,
    options: MusicOptions | None = None,
    bars: BarRange | None = None,
) -> Arrangement:
    """The source MIDI with noise added to its latents; where noise is given by instrument, only these change."""
    options = options or MusicOptions()
    request = request_in_meter(ChartOptions(chords=options.chords).load(ensemble), source_midi.song)
    return ensemble.vary(source_midi, _sampling(ensemble, options), seed, bars, request)


def _sampling(ensemble: Ensemble, options: MusicOptions) -> Sampling:
    """With the noise of the options; where it is given by instrument, none for the others."""
    return options.sampling(ensemble, noise=0.0 if options.noise else NOISE)
