"""Generates an accompaniment: some instruments of a song are kept note for note, and the others are generated to fit.

Where the instrument that leads the band is kept, the others follow it; otherwise it is generated first.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.desk.chart_options import ChartOptions, request_in_meter
from pianoroll_vae.desk.midi_input import open_source
from pianoroll_vae.desk.music_options import Facts, MusicOptions
from pianoroll_vae.desk.outputs import WrittenSong, write
from pianoroll_vae.desk.writing_start import start_writing
from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble, OnPhrases
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.meter import BarRange, main_meter, steps_of_bars
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.music.summary import summarise_parts
from pianoroll_vae.progress import Watch
from pianoroll_vae.workspace import Workspace

MIN_SHARE_OF_BARS = 0.25
"""A new part with notes in fewer of the bars is named in the table: it is easily taken for missing."""


def run(
    workspace: Workspace | None,
    source: Path,
    keep: Sequence[str],
    rewrite: Sequence[str],
    all_as: str | None,
    options: MusicOptions,
    outputs: Sequence[Path],
    watch: Watch,
    bars: BarRange | None = None,
    chart_options: ChartOptions | None = None,
) -> list[WrittenSong]:
    """Write the song in the file `source` with an accompaniment; all_as: the instrument that plays all its notes.
    bars: outside of them, all instruments stay; chart_options: genres, and densities of new parts."""
    where, ensemble = start_writing(workspace, options, outputs, options.count, watch)
    source_midi = open_source(source, ensemble.band, options.salvage, watch, all_as)
    kept = kept_instruments(source_midi, keep, rewrite)
    made = []
    phrases = len(where) * math.ceil(source_midi.song.beats / ensemble.phrase_beats(main_meter(source_midi.song)))
    with watch.task("Accompanying", phrases, "phrases") as task:
        for seed, paths in zip(options.seeds(), where, strict=True):
            arrangement = accompany(ensemble, source_midi, kept, seed, options, task.advance, bars, chart_options)
            arrangement, facts = options.apply(arrangement, source_midi.song, playing=ensemble.band.names)
            facts |= sparse_parts(arrangement, kept, options)
            made.append(write(arrangement, paths, seed, str(source), facts))
    return made


def sparse_parts(arrangement: Arrangement, kept: Sequence[str], options: MusicOptions) -> Facts:
    """A fact that names the new parts with notes in few bars."""
    expected = [name for name in options.solo or arrangement.new.band.names if name not in (*kept, *options.mute)]
    parts = summarise_parts(arrangement.song())
    sparse = [part for part in parts if part.instrument in expected and part.bars_played < MIN_SHARE_OF_BARS]
    texts = [f"{part.instrument} ({part.bars_played:.0%} of the bars)" for part in sparse]
    return {"hardly plays": ", ".join(texts)} if texts else {}


def kept_instruments(source_midi: SourceMidi, keep: Sequence[str], rewrite: Sequence[str]) -> tuple[str, ...]:
    """The instruments that are kept: those in `keep`, or all but those in `rewrite`, silent ones too; else all that
    play."""
    for name in (*keep, *rewrite):
        source_midi.band.index(name)
    if keep and rewrite:
        raise SettingInvalid(
            "--keep and --rewrite cannot be given together.", "Give one of them; the other follows from it."
        )
    others = tuple(name for name in source_midi.band.names if name not in rewrite)
    kept = tuple(keep) or (others if rewrite else source_midi.playing)
    if not set(kept) & set(source_midi.playing):
        raise NothingFound(
            f"There is nothing to accompany: {' and '.join(kept) or 'no instrument'} would be kept, without notes.",
            f"Instruments with notes: {', '.join(source_midi.playing) or 'none'}. Give all notes to one: --as piano.",
        )
    if set(kept) == set(source_midi.band.names):
        raise SettingInvalid(
            "All instruments are kept, so none would be generated.", "Name one to generate anew: --rewrite guitar."
        )
    return kept


def accompany(
    ensemble: Ensemble,
    source_midi: SourceMidi,
    keep: Sequence[str],
    seed: int = 0,
    options: MusicOptions | None = None,
    on_phrases: OnPhrases = lambda count: None,
    bars: BarRange | None = None,
    chart_options: ChartOptions | None = None,
) -> Arrangement:
    """The source MIDI's notes of the instruments in `keep`, and new parts for the others, with `bars` only in these."""
    options = options or MusicOptions()
    band, song = ensemble.band, source_midi.song
    is_kept = [name in keep for name in band.names]
    first, last = (0, song.steps) if bars is None else steps_of_bars(song, *bars)

    def stays(instrument: NDArray[Any], begin: NDArray[Any]) -> NDArray[np.bool_]:
        outside = np.zeros(len(begin), np.bool_) if bars is None else (begin < first) | (begin >= last)
        return np.isin(instrument, np.flatnonzero(is_kept)) | outside

    kept = replace(song, notes=song.notes[stays(song.notes.instrument, song.notes.start)])
    asked = replace(chart_options or ChartOptions(), chords=options.chords)
    request = request_in_meter(asked.load(ensemble), song)
    players = tuple(name for name in options.players(band) if name not in keep)
    density = {name: level for name, level in request.density.items() if name not in keep}
    request = replace(request, players=players, density=density)
    ensemble.check(request)
    notes = ensemble.accompany(kept, is_kept, options.sampling(ensemble), seed, bars, request, on_phrases)
    notes = notes[~np.isin(notes.instrument, np.flatnonzero(is_kept))].regrid(
        ensemble.steps_per_beat, song.steps_per_beat
    )
    new = replace(song, notes=notes.between(first, last).shifted(first))
    begin = np.rint(source_midi.start_beats() * song.steps_per_beat)
    return Arrangement(new, source_midi, stays(source_midi.instrument, begin))
