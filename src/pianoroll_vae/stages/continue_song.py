"""Continues a song from its last bar line, in its tempo and key; the song itself is kept unchanged before it.

The new bars have markers and chord symbols in the MIDI file, beside those that the song has.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pianoroll_vae.console import Watch
from pianoroll_vae.desk.chart_options import ChartOptions, chart_in_key, chart_of_length, request_in_meter
from pianoroll_vae.desk.endings import chart_with_ending, end_song
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.key_moves import semitones_beside
from pianoroll_vae.desk.length import Length
from pianoroll_vae.desk.midi_input import open_source
from pianoroll_vae.desk.music_options import MusicOptions, beats_per_bar
from pianoroll_vae.desk.outputs import WrittenSong, output_paths, write
from pianoroll_vae.errors import NothingFound
from pianoroll_vae.models.ensemble import NO_REQUEST, Ensemble, OnPhrases, SongRequest
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.chart_marks import chart_marks
from pianoroll_vae.music.chart_reading import read_chart
from pianoroll_vae.music.key import Key, named_key, resolve_key
from pianoroll_vae.music.meter import steps_of_bars
from pianoroll_vae.music.phrases import PHRASE_BARS, end_of_last_bar, last_phrases
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.music.transposition import transpose_song
from pianoroll_vae.workspace import Workspace

DEFAULT_PHRASES = 16


@dataclass(frozen=True)
class Continuation:
    """A song with its continuation, and the beat at which the continuation begins."""

    arrangement: Arrangement
    beat: float


def run(
    workspace: Workspace | None,
    source: Path,
    options: MusicOptions,
    length: Length,
    outputs: Sequence[Path],
    only_new: bool,
    chart_options: ChartOptions,
    watch: Watch,
    after: int | None = None,
) -> list[WrittenSong]:
    """Write the song in the file `source` and what follows it; with `only_new`, only what follows. after: the bar,
    counted from 1, behind which the song is left out."""
    length.check()
    where = output_paths(outputs, options.count, options.force)
    ensemble = load_ensemble(workspace, watch)
    options.check(ensemble.band)
    request, notices = chart_options.load(ensemble)
    for notice in notices:
        watch.notice(notice)
    source_midi = open_source(source, ensemble.band, options.salvage, watch)
    options = replace(options, key=options.key or "auto")  # by default the key of the song
    made = []
    _, phrases = _length_of(ensemble, source_midi.song, length, options, request)
    with watch.task("Continuing", len(where) * phrases, "phrases") as task:
        for seed, paths in zip(options.seeds(), where, strict=True):
            continuation = continue_(
                ensemble, source_midi, seed, options, length, only_new, request, after, task.advance
            )
            arrangement, facts = options.apply(
                continuation.arrangement,
                source_midi.song,
                continuation.beat,
                ensemble.plays_charts,
                moves="nothing",
            )
            made.append(write(arrangement, paths, seed, str(source), facts))
    return made


def continue_(
    ensemble: Ensemble,
    source_midi: SourceMidi,
    seed: int = 0,
    options: MusicOptions | None = None,
    length: Length | None = None,
    only_new: bool = False,
    request: SongRequest = NO_REQUEST,
    after: int | None = None,
    on_phrases: OnPhrases = lambda count: None,
) -> Continuation:
    """The source MIDI and new phrases from the bar line after its last note, or after the bar `after`; they depend on
    the last phrases before it only."""
    options, length = options or MusicOptions(), length or Length()
    begin = None
    if after is not None:
        _, begin = steps_of_bars(source_midi.song, after, after)
        source_midi = source_midi.before(begin)
    song = source_midi.song
    if not len(song.notes):
        raise NothingFound("The song to continue has no notes.", "Name a song with notes in an instrument of the band.")
    begin = begin or end_of_last_bar(song)
    beats, phrases = _length_of(ensemble, song, length, options, request)
    primer = last_phrases(song, begin, ensemble.memory_phrases, ensemble.reads_meters)
    noise = options.noise_for(ensemble.band, 1.0)
    key = resolve_key(options.key, options.scale, song)
    request = request_in_meter(request, song)
    request, semitones = _in_key(request, song, key if named_key(options.key) else None)
    [chart] = ensemble.write_charts([primer], phrases * PHRASE_BARS, noise, request, [seed])
    bar = beats_per_bar(song, -1)
    if options.ending and chart is not None and request.chart is None:
        chart = chart_with_ending(chart, beats, key and key.transposed(-semitones), bar)
    [notes] = ensemble.continue_(
        [primer],
        phrases,
        noise,
        options.threshold_for(ensemble),
        options.temperature_for(ensemble.band),
        [seed],
        on_phrases,
        request=request,
        charts=[chart],
    )
    grid = song.steps_per_beat
    notes = notes.regrid(ensemble.steps_per_beat, grid)
    steps = round(beats * grid)
    notes = notes.between(0, steps)
    if options.ending:
        notes = end_song(notes, song, beats, chart and chart_of_length(chart, beats), bar)
    notes = transpose_song(replace(song, notes=notes), semitones).notes
    _, over, under = song.meters[-1]
    tempo, meters = ((0, song.tempo[-1][1]),), ((0, over, under),)
    follows = replace(song, notes=notes, steps=steps, tempo=tempo, meters=meters)
    if only_new:
        return Continuation(Arrangement(follows, programs=source_midi.programs), 0)
    new = replace(song, notes=notes.shifted(begin), steps=begin + steps)
    marks = None
    if chart is not None or options.chords is None:
        chart = read_chart(follows) if chart is None else chart.transposed(semitones)
        marks = chart_marks(replace(chart, key=chart.key or key), follows)
        if request.chart is None or options.chords is not None:
            marks = marks.with_new_letters(source_midi.markers)
        marks = marks.shifted(begin)
    kept = np.ones(len(source_midi.score), np.bool_)
    return Continuation(Arrangement(new, source_midi, kept, marks=marks), begin / grid)


def _length_of(
    ensemble: Ensemble, song: Song, length: Length, options: MusicOptions, request: SongRequest
) -> tuple[float, int]:
    """How many beats and phrases follow the song: those asked for, else those of the chart that was given."""
    if request.chart is not None and options.chords is None and length == Length():
        length = Length(steps=math.ceil(request.chart.bars / PHRASE_BARS))
    phrase_beats = ensemble.phrase_beats(song.meters[-1][1:])
    beats = length.beats(song, DEFAULT_PHRASES, options.tempo, phrase_beats)
    return beats, math.ceil(beats / phrase_beats)


def _in_key(request: SongRequest, song: Song, key: Key | None) -> tuple[SongRequest, int]:
    """The request with its chart in a key, and by how many semitones new notes are moved there. What follows a chart is
    not moved: chords that are asked for stay."""
    if key is None or request.strict_chords:
        return request, 0
    if request.chart is not None:
        return replace(request, chart=chart_in_key([request.chart], key)), 0
    return request, semitones_beside(song, key)
